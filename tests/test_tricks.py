"""Every way to make a receipt's text say what its bank did not print, and each value that decides.

Each way, each value and each place is always played, and all of them with each other by `pytest --whole`,
which `make drill` calls.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Attachment, Receipt
from pipeline.judging.read import read
from pipeline.policy.checks import Verdict, only_known
from pipeline.sandbox.scanner.pdfs import read_pdf
from pipeline.sandbox.scanner.tesseract import ocr_fault
from tests.pdf_editing import appended
from tests.products import crossed
from tests.receipt_material import (
    LAYOUTS,
    PLAIN,
    ReceiptFacts,
    _draw,
    font_file,
    invented_facts,
    print_pages,
    receipt_pdf,
    varied_style,
)
from tests.receipt_tricks import (
    BILL,
    DRAWN,
    FLYER,
    MORE,
    PAPER,
    Trick,
    covering,
    drawn,
    values_of,
    with_note,
)

POLICY = demo_policy()
HARMLESS = next(rule.wants for rule in POLICY.rules if rule.path == "receipt/across")
FACTS = ReceiptFacts()
needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")

VALUES = values_of(FACTS)


@cache
def receipt_of(pdf: bytes) -> Receipt | None:
    transcript = read_pdf(pdf, "d", POLICY.clues)
    found = read([(Attachment("a.pdf", "application/pdf", pdf, "d"), transcript)], POLICY.patterns).receipts
    return found[0] if len(found) == 1 and not transcript.problem else None


def is_believed(pdf: bytes) -> bool:
    """Tells whether a receipt is read, by its text layer, with nothing that would hold it."""
    receipt = receipt_of(pdf)
    if receipt is None or receipt.suspicions:
        return False
    return only_known(receipt.across, HARMLESS) is Verdict.PASSES


def named(case: object) -> str:
    return str(getattr(case, "__name__", case))


# --- tricks ------------------------------------------------------------------------------------------


@needs_tesseract
@pytest.mark.parametrize(("trick", "value"), crossed(DRAWN, [*VALUES], rounds=2), ids=named)
def test_no_trick_makes_a_value(trick: Trick, value: str) -> None:
    # Of what is always played, each trick and each value is on the first page and behind two others.
    is_behind = (DRAWN.index(trick) - [*VALUES].index(value)) % len(VALUES) >= len(VALUES) / 2
    pdf = drawn(FACTS, value, trick, before=2 * is_behind)
    receipt = receipt_of(pdf)
    fields = {"rail": "rail", "payee": "payee", "number": "identity_number", "amount": "amount"}
    field = {**fields, "day": "paid_on", "reference": "reference"}[value]
    assert not is_believed(pdf) or getattr(receipt, field) in (None, "EFT")


@needs_tesseract
@pytest.mark.parametrize("trick", MORE, ids=named)
def test_nor_does_one_of_the_hostile_set(trick: Trick) -> None:
    # All of them times all values are for the benchmark.
    field = random.Random(trick.__name__).choice(("identity_number", "amount", "paid_on", "reference"))
    pdf = drawn(FACTS, {"identity_number": "number", "paid_on": "day"}.get(field, field), trick)
    assert not is_believed(pdf) or getattr(receipt_of(pdf), field) is None


@needs_tesseract
@pytest.mark.parametrize("value", [value for value in VALUES if value != "rail"])
def test_the_same_value_in_plain_print_is_believed(value: str) -> None:
    pdf = drawn(FACTS, value, lambda canvas, y, text: canvas.drawString(240, y, text))
    assert is_believed(pdf)


@needs_tesseract
@pytest.mark.parametrize(
    ("value", "pages_before"), crossed(["number", "amount", "day", "reference", "rail"], [0, 2])
)
def test_a_picture_over_a_value_is_noticed_on_any_page(value: str, pages_before: int) -> None:
    pdf = print_pages((*[FLYER] * pages_before, LAYOUTS[BILL](FACTS)))
    shown = {"number": "19784521306", "amount": "500,00", "day": "01.02.2023"}
    told = VALUES[value][1].split()[0]
    edited = covering(pdf, pages_before, told, shown.get(value, "FAST 2024"))
    assert not is_believed(edited)


@needs_tesseract
@pytest.mark.parametrize("value", ["number", "amount", "day", "reference"])
def test_a_note_is_nobodys_print(value: str) -> None:
    pdf = with_note(FACTS, value)
    receipt = receipt_of(pdf)
    assert receipt is not None
    assert "typed_on" in receipt.suspicions


@needs_tesseract
def test_a_later_revision_is_known() -> None:
    first = receipt_pdf(BILL, ReceiptFacts(amount=FACTS.amount - 280))
    revised = appended(first, receipt_pdf(BILL, FACTS))
    receipt = receipt_of(revised)
    assert receipt is not None
    assert receipt.amount == FACTS.amount
    assert "later_revision" in receipt.suspicions
    # A bank's own update that changes nothing on the page, as a signature does.
    assert is_believed(appended(first, first))


# --- honest files ----------------------------------------------------------------------------------


def with_links(canvas: Canvas) -> None:
    canvas.linkURL("https://www.example.org/", (50, 50, 200, 70))
    canvas.bookmarkPage("dekont")
    canvas.addOutlineEntry("Dekont", "dekont")
    canvas.setTitle("Dekont")
    canvas.setAuthor("Banka")


def with_crop(canvas: Canvas) -> None:
    canvas.setCropBox((20, 20, 575, 822))


def with_barcode(canvas: Canvas) -> None:
    for at in range(60):
        canvas.rect(300 + 3 * at, 100, 1 + at % 2, 40, stroke=0, fill=1)


def blended(canvas: Canvas) -> None:
    """Draws a red word that nobody sees who looks in greys, for it is burnt into an all but white ground."""
    word = Image.new("RGB", (600, 120), "white")
    font = ImageFont.truetype(str(font_file("arial")), 90)
    ImageDraw.Draw(word).text((60, 10), "İPTAL", fill="red", font=font)
    canvas.saveState()
    canvas.setFillGray(0.996)
    canvas.rect(120, 40, 200, 40, stroke=0, fill=1)
    canvas.setBlendMode("ColorBurn")
    canvas.drawImage(ImageReader(word), 120, 40, 200, 40)
    canvas.restoreState()


def with_bank_across(canvas: Canvas) -> None:
    canvas.saveState()
    canvas.translate(200, 250)
    canvas.rotate(35)
    canvas.setFillGray(0.85)
    canvas.setFont("sans-bold", 60)
    canvas.drawString(0, 0, "VAKIFBANK")
    canvas.restoreState()


def on_a_page(more: Callable[[Canvas], None]) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=PAPER, invariant=1)
    _draw(canvas, LAYOUTS[BILL](FACTS), PLAIN)
    more(canvas)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


@needs_tesseract
@pytest.mark.parametrize("more", [with_links, with_crop, with_barcode, with_bank_across])
def test_what_banks_do_disturbs_nothing(more: Callable[[Canvas], None]) -> None:
    assert is_believed(on_a_page(more))


@needs_tesseract
def test_what_only_its_colours_show_is_heard() -> None:
    receipt = receipt_of(on_a_page(blended))
    assert receipt
    assert receipt.across == ("İPTAL",)


@needs_tesseract
@pytest.mark.parametrize(
    ("word", "turn"), crossed(["İPTAL", "İPTAL EDİLDİ", "ÖRNEKTİR", "İ P T A L"], [15, 45, -30, 90])
)
def test_what_stands_across_is_heard(word: str, turn: int) -> None:
    def across(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.translate(120, 560)
        canvas.rotate(turn)
        canvas.setFillGray(0.8)
        canvas.setFont("sans-bold", 40)
        canvas.drawString(0, 0, word)
        canvas.restoreState()

    receipt = receipt_of(on_a_page(across))
    # One that lies level is a line of the page, and the meaning's matter, not the reader's.
    assert receipt is None or receipt.across


@needs_tesseract
@pytest.mark.parametrize("layout", LAYOUTS)
def test_honest_receipts_of_every_bank_are_believed(layout: str) -> None:
    for seed in (1, 5):
        assert is_believed(receipt_pdf(layout, invented_facts(layout, seed), varied_style(seed)))
