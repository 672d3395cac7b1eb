"""Receipts whose PDF was written on, changed or wrapped up, or only looks odd; and a stamp across one."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from tests.letters import Letters, list_mail
from tests.letters.pictures import conversation
from tests.letters.receipts import BILL, paid, receipt_mail
from tests.mails import at
from tests.pdf_editing import appended, in_a_portfolio, noted
from tests.people import Person, person
from tests.receipt_damage import picture_bytes, rasterised
from tests.receipt_material import A4, LAYOUTS, PLAIN, Print, ReceiptFacts, _draw, print_pages, receipt_pdf

FLYER = Print("Kampanya", "Konut kredisinde yeni dönem", (("Başvuru", "şubelerimizde"),))
STUB = Print(
    "Please wait...",
    "If this message is not eventually replaced by the proper contents of the document,",
    (("your PDF viewer may not be able to display this type of document.", ""),),
)


def talk(who: Person, pdf: bytes) -> dict[str, bytes]:
    """The list, and a week later the receipt."""
    return {
        "1-list": list_mail(who, at("2024-05-13", "11:05")),
        "2-receipt": receipt_mail(who, at("2024-05-21", "08:15"), pdf),
    }


def facts_of(who: Person, number: int) -> ReceiptFacts:
    return paid(who, "2024-05-20T12:44:09", number)


def drawn(facts: ReceiptFacts, more: Callable[[Canvas], None]) -> bytes:
    """The bank's print with something more on its page."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    _draw(canvas, LAYOUTS[BILL](facts), PLAIN)
    more(canvas)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def receipt_with_a_link() -> dict[str, bytes]:
    """The list, then a PDF with a hyperlink and a CropBox, as banks make them."""
    who = person("Ümit Gündoğmuş")

    def more(canvas: Canvas) -> None:
        canvas.linkURL("https://www.example.org/", (50, 50, 200, 70))
        canvas.setCropBox((20, 20, 575, 822))

    return talk(who, drawn(facts_of(who, 121), more))


def number_typed_on() -> dict[str, bytes]:
    """The list, then a receipt without a number, which its payer has typed onto it as a note."""
    who = person("Hacer Bağcıvanlı")
    bare = receipt_pdf(BILL, replace(facts_of(who, 122), identity_number=""))
    return talk(who, noted(bare, f"T.C. KIMLIK NO {who.identity_number}", 50, 420))


def changed_later() -> dict[str, bytes]:
    """The list, then a PDF whose first revision tells of another amount."""
    who = person("Tuğba Demirağaç")
    facts = facts_of(who, 123)
    first = receipt_pdf(BILL, replace(facts, amount=Decimal("500.00")))
    return talk(who, appended(first, receipt_pdf(BILL, facts)))


def cancelled_across() -> dict[str, bytes]:
    """The list, then a receipt with a pale word right across it: cancelled."""
    who = person("Nihat Özdoğruer")

    def more(canvas: Canvas) -> None:
        canvas.translate(180, 300)
        canvas.rotate(45)
        canvas.setFillGray(0.75)
        canvas.setFont("sans-bold", 70)
        canvas.drawString(0, 0, "İPTAL")

    return talk(who, drawn(facts_of(who, 124), more))


def advertisement_first() -> dict[str, bytes]:
    """The list, then a PDF whose first page is the bank's advertisement."""
    who = person("Ümit Gündoğmuş")
    return talk(who, print_pages((FLYER, LAYOUTS[BILL](facts_of(who, 125)))))


def receipt_in_a_portfolio() -> dict[str, bytes]:
    """The list, then a PDF portfolio with the receipt in it."""
    who = person("Hacer Bağcıvanlı")
    cover = Print("Bu belge bir PDF portföyüdür.", "En iyi görünüm için uygun bir programla açınız.", ())
    slip = receipt_pdf(BILL, facts_of(who, 126))
    return talk(who, in_a_portfolio(print_pages((cover,)), "dekont.pdf", slip))


def form_of_one_program() -> dict[str, bytes]:
    """The list, then an XFA form: all that other programs see of it is a page that says to wait."""
    return talk(person("Tuğba Demirağaç"), print_pages((STUB,)))


def saved_with_its_headers() -> dict[str, bytes]:
    """The list, then a download that was saved with what the server said before it."""
    who = person("Nihat Özdoğruer")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nSet-Cookie: x=" + b"a" * 1200 + b"\r\n\r\n"
    return talk(who, head + receipt_pdf(BILL, facts_of(who, 127)))


def stamped_as_cancelled() -> dict[str, bytes]:
    """The list, then a picture of a receipt that bears a red stamp: cancelled."""
    who = person("Ümit Gündoğmuş")
    page = rasterised(receipt_pdf(BILL, facts_of(who, 128)), 150)
    stamp = Image.new("L", (760, 140), 0)
    ImageDraw.Draw(stamp).text((20, 20), "İPTAL EDİLDİ", 230, ImageFont.truetype("DejaVuSans-Bold.ttf", 88))
    stamp = stamp.rotate(25, Image.Resampling.BICUBIC, expand=True)
    page.paste(Image.new("RGB", stamp.size, "#c81e1e"), (180, 760), stamp)
    return conversation(who, picture_bytes(page, "JPEG", quality=85), "image/jpeg", "IMG_0042.jpg")


def receipt_as_jp2() -> dict[str, bytes]:
    """The list, then the receipt as a scanner of the archive keeps its pages: JPEG 2000."""
    who = person("Hacer Bağcıvanlı")
    page = rasterised(receipt_pdf(BILL, facts_of(who, 129)), 150).convert("L")
    return conversation(who, picture_bytes(page, "JPEG2000"), "image/jp2", "dekont.jp2")


LETTERS: Letters = {
    "accepted/receipt-with-a-link": receipt_with_a_link,
    "held/number-typed-on": number_typed_on,
    "held/changed-later": changed_later,
    "held/cancelled-across": cancelled_across,
    "accepted/advertisement-first": advertisement_first,
    "accepted/receipt-in-a-portfolio": receipt_in_a_portfolio,
    "returned/form-of-one-program": form_of_one_program,
    "accepted/saved-with-its-headers": saved_with_its_headers,
    "held/stamped-as-cancelled": stamped_as_cancelled,
    "accepted/receipt-as-jp2": receipt_as_jp2,
}
