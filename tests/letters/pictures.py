"""Receipts as the picture formats of telephones and copiers, and one that somebody has painted over."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.letters import IPHONE, Letters, list_mail, writes
from tests.letters.receipts import BILL, CARD, form_print, paid, receipt_mail
from tests.mails import Envelope, at, attached, mail, mixed, plain
from tests.people import Person, person
from tests.receipt_damage import corrected_with_white, picture_bytes, rasterised
from tests.receipt_material import LAYOUTS, print_pages, receipt_pdf

_SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def conversation(who: Person, picture: bytes, mime: str, name: str) -> dict[str, bytes]:
    """The list, and a week later the picture from a telephone."""
    words = "Dekont ektedir.\n\niPhone'umdan gönderildi\n"
    return {
        "1-list": list_mail(who, at("2024-05-13", "11:05")),
        "2-receipt": mail(
            Envelope(writes(who, IPHONE), "Dekont", at("2024-05-21", "19:12")),
            mixed(plain(words), attached(picture, mime, name)),
        ),
    }


def receipt_as_heic() -> dict[str, bytes]:
    """The list, then the receipt as an iPhone keeps its pictures: HEIC."""
    picture = (_SAMPLES / "receipt.heic").read_bytes()
    return conversation(person("Ayşe Karaağaçlı"), picture, "image/heic", "IMG_0412.HEIC")


def receipt_as_webp() -> dict[str, bytes]:
    """The list, then a screenshot that went through a messenger: WebP."""
    who = person("Hacer Bağcıvanlı")
    page = rasterised(receipt_pdf(CARD, paid(who, "2024-05-20T21:14:09", 90, rail="sanal pos")), 130)
    return conversation(who, picture_bytes(page, "WEBP", quality=80), "image/webp", "ekran.webp")


def receipt_as_mpo() -> dict[str, bytes]:
    """The list, then a telephone's picture with its own preview inside: MPO under the name .jpg."""
    who = person("Ümit Gündoğmuş")
    page = rasterised(receipt_pdf(BILL, paid(who, "2024-05-20T12:44:09", 91)), 200)
    preview = page.resize((page.width // 4, page.height // 4), Image.Resampling.BOX)
    picture = picture_bytes(page, "MPO", save_all=True, append_images=[preview], quality=70)
    return conversation(who, picture, "image/jpeg", "20240521_191033.jpg")


def receipt_and_form_as_tiff() -> dict[str, bytes]:
    """The list, then receipt and signed form as the two pages of a copier's TIFF, in greys."""
    who = person("Nihat Özdoğruer")
    slip = LAYOUTS[BILL](paid(who, "2024-05-20T09:30:41", 92))
    pages = [rasterised(print_pages((printed,)), 150).convert("L") for printed in (slip, form_print(who))]
    first, second = (page.quantize(16).convert("L") for page in pages)
    tiff = picture_bytes(first, "TIFF", save_all=True, append_images=[second], compression="tiff_lzw")
    return conversation(who, tiff, "image/tiff", "SCAN0042.tif")


def painted_over() -> dict[str, bytes]:
    """The list, then the bank's PDF on which another amount was pasted over the printed one."""
    who = person("Tuğba Demirağaç")
    honest = receipt_pdf(BILL, paid(who, "2024-05-20T15:20:55", 93))
    pdf = corrected_with_white(honest, "780,00", "300,00")
    return {
        "1-list": list_mail(who, at("2024-05-14", "09:41")),
        "2-receipt": receipt_mail(
            who, at("2024-05-22", "08:15"), corrected_with_white(pdf, "780,00", "300,00")
        ),
    }


LETTERS: Letters = {
    "accepted/receipt-as-heic": receipt_as_heic,
    "accepted/receipt-as-webp": receipt_as_webp,
    "accepted/receipt-as-mpo": receipt_as_mpo,
    "accepted/receipt-and-form-as-tiff": receipt_and_form_as_tiff,
    "held/painted-over": painted_over,
}
