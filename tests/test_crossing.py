"""A line through a value: letters are read through it, and it holds the receipt all the same."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from benchmarks.receipts import plain
from pipeline.domain import Word
from pipeline.sandbox.scanner.crossing import is_crossed_out
from pipeline.sandbox.scanner.tesseract import ocr_fault
from tests.receipt_damage import damaged
from tests.receipt_material import ReceiptFacts, receipt_pdf
from tests.receipt_tricks import BILL, crossed_out, drawn
from tests.test_pale import decided

FACTS = ReceiptFacts()
needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


def is_held(picture: Image.Image) -> bool:
    receipt = decided(plain(picture))
    return receipt is None or bool(receipt.unclear or receipt.across)


@needs_tesseract
@pytest.mark.parametrize("value", ["number", "amount", "day", "reference"])
def test_a_scan_of_a_crossed_out_value_waits(value: str) -> None:
    assert is_held(damaged(drawn(FACTS, value, crossed_out), "clean 200 dpi", 7))


@needs_tesseract
@pytest.mark.parametrize("axis", ["clean 200 dpi", "blur", "jpeg"])
def test_a_receipt_on_which_nothing_is_crossed_out_does_not(axis: str) -> None:
    assert not is_held(damaged(receipt_pdf(BILL, FACTS), axis, 7))


@pytest.mark.parametrize("rise", [-5, 0, 5])
def test_a_hand_draws_no_level_line(rise: int) -> None:
    page = Image.new("L", (300, 60), "white")
    pen = ImageDraw.Draw(page)
    for at in range(11):
        pen.rectangle((20 + 14 * at, 20, 27 + 14 * at, 40), outline=0, width=2)
    word = Word("10000000146", 20, 20, 167, 40)
    assert not is_crossed_out(page, word)
    pen.line((16, 30 - rise, 172, 30 + rise), fill=60, width=2)
    assert is_crossed_out(page, word)


def test_a_rule_below_or_above_crosses_nothing_out() -> None:
    page = Image.new("L", (300, 60), "white")
    pen = ImageDraw.Draw(page)
    for at in range(11):
        pen.rectangle((20 + 14 * at, 20, 27 + 14 * at, 40), outline=0, width=2)
    pen.line((0, 42, 300, 42), fill=0, width=2)
    pen.line((0, 17, 300, 17), fill=0, width=2)
    assert not is_crossed_out(page, Word("10000000146", 20, 20, 167, 40))
