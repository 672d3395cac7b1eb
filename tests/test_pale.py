"""Pale print beside dark: what people read on a scan holds the page, though no look at all of it sees it."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from benchmarks.receipts import by_layouts, plain
from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Receipt
from pipeline.sandbox.scanner import ocr
from pipeline.sandbox.scanner.pale import _grounds, signs_left
from pipeline.sandbox.scanner.tesseract import ocr_fault
from tests.e_dekont import code, code_text
from tests.receipt_damage import damaged
from tests.receipt_material import LAYOUTS, PLAIN, ReceiptFacts, _draw, font_file
from tests.receipt_tricks import BILL, PAPER

CLUES = demo_policy().clues
pytestmark = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


def scan(text: str, grey: float, axis: str = "clean 150 dpi", size: int = 9) -> Image.Image:
    """A scanned receipt that says something more at its foot, in some shade of grey."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=PAPER, invariant=1)
    _draw(canvas, LAYOUTS[BILL](ReceiptFacts()), PLAIN)
    canvas.setFillGray(grey)
    canvas.setFont("sans", size)
    canvas.drawString(60, 90, text)
    canvas.showPage()
    canvas.save()
    return plain(damaged(stream.getvalue(), axis, 7))


def decided(picture: Image.Image) -> Receipt | None:
    reading = ocr.read_pages([(1, picture)], CLUES)
    return by_layouts(CLUES)(reading)


@pytest.mark.parametrize("grey", [0.0, 0.5, 0.7, 0.85])
@pytest.mark.parametrize("text", ["İPTAL EDİLDİ", "İade edilmiştir."])
def test_whatever_its_shade_a_sign_holds_a_scan(text: str, grey: float) -> None:
    receipt = decided(scan(text, grey))
    assert receipt is None or receipt.unclear


@pytest.mark.parametrize("axis", ["jpeg", "phone"])
def test_so_it_does_on_worse_pictures(axis: str) -> None:
    receipt = decided(scan("İPTAL EDİLDİ", 0.6, axis, 12))
    assert receipt is None or receipt.unclear


@pytest.mark.parametrize("ground", ["black", (150, 150, 150), (170, 30, 30)])
@pytest.mark.parametrize(("text", "is_held"), [("İPTAL EDİLDİ", True), ("banka.example", False)])
def test_white_letters_on_a_ground_of_their_own_are_read(text: str, is_held: bool, ground: object) -> None:
    picture = scan("x", 1.0).convert("RGB")
    pen, font = ImageDraw.Draw(picture), ImageFont.truetype(str(font_file("sans-bold")), 22)
    pen.rectangle((150, 1500, 520, 1560), fill=ground)  # type: ignore[arg-type]
    pen.text((170, 1515), text, fill="white", font=font)
    receipt = decided(picture)
    assert (receipt is None or bool(receipt.unclear)) is is_held


@pytest.mark.parametrize(
    ("ground", "ink", "size"), [((200, 120, 120), (140, 160, 90), 32), ((224,) * 3, (150,) * 3, 21)]
)
def test_small_letters_and_letters_as_dark_as_their_ground_are_read(
    ground: tuple[int, ...], ink: tuple[int, ...], size: int
) -> None:
    picture = scan("x", 1.0, "clean 200 dpi").convert("RGB")
    pen, font = ImageDraw.Draw(picture), ImageFont.truetype(str(font_file("sans-bold")), size)
    pen.rectangle((200, 2000, 640, 2080), fill=ground)
    pen.text((226, 2020), "İade edilmiştir", fill=ink, font=font)
    receipt = decided(picture)
    assert receipt is None or receipt.unclear


def test_a_code_beside_them_takes_no_letters_their_colour() -> None:
    picture = scan("x", 1.0, "clean 200 dpi").convert("RGB")
    pen, font = ImageDraw.Draw(picture), ImageFont.truetype(str(font_file("sans-bold")), 32)
    pen.rectangle((200, 2000, 640, 2080), fill=(200, 120, 120))
    pen.text((226, 2020), "İade edilmiştir", fill=(140, 157, 90), font=font)
    picture.paste(code(code_text(ReceiptFacts()), 6), (1200, 1700))
    receipt = decided(picture)
    assert receipt is None or receipt.unclear


@pytest.mark.parametrize("axis", ["clean 150 dpi", "noise", "phone"])
def test_other_pale_print_disturbs_nothing(axis: str) -> None:
    receipt = decided(scan("www.banka.example", 0.7, axis))
    assert receipt is not None
    assert not receipt.unclear


def test_the_table_around_a_photographed_sheet_is_no_ground() -> None:
    picture = Image.new("L", (900, 1200), 60)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((100, 120, 800, 1080), fill=250)
    assert not _grounds(picture.point([255 if level < 128 else 0 for level in range(256)]))
    pen.rectangle((200, 300, 500, 360), fill=40)
    assert _grounds(picture.point([255 if level < 128 else 0 for level in range(256)]))


def test_what_nobody_had_the_time_to_look_at_is_told() -> None:
    page = Image.new("L", (800, 400), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(str(font_file("sans")), 30)
    pen.text((60, 60), "İPTAL EDİLDİ", fill=150, font=font)
    assert signs_left(page, (), CLUES, lambda: 5.0) == ("İPTAL EDİLDİ",)
    assert signs_left(page, (), CLUES, lambda: 0.0) == ("",)
    # Bare paper needs no look.
    assert signs_left(Image.new("L", (800, 400), 255), (), CLUES, lambda: 0.0) == ()
