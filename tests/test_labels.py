"""Labels that one look at a page left out are taken from another, and never a value with them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PIL import Image, ImageDraw, ImageFont

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Word
from pipeline.papers.strength import strength, text_words
from pipeline.sandbox.scanner.labels import lacking, with_labels_of
from pipeline.sandbox.scanner.second_opinion import labels_seen_otherwise, words_seen_otherwise
from pipeline.sandbox.scanner.stamps import stamps_across
from pipeline.sandbox.scanner.tesseract import ocr_fault
from tests.receipt_material import font_file

CLUES = demo_policy().clues
HAVALE = """T. GARANTİ BANKASI A.Ş.
DEKONT HAVALE
SIRA NO: 2024349899537342
İŞLEM TARİHİ 2024-05-27-10.48.29
BORÇLU ADI AYŞE KARAAĞAÇLI
BORÇLU TCKN 10000000146
ALACAKLI ADI ÖRNEK DERNEĞİ
ALACAKLI IBAN TR93 0001 2009 4570 0044 0000 04
TUTAR 780,00 TL
MASRAF 12,80 TL
AÇIKLAMA AYŞE KARAAĞAÇLI 10000000146 3 Yıllık NES bedeli
"""
needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


def without(label: str) -> tuple[Word, ...]:
    """The same page, on which one word was left out, and nothing else is moved."""
    words = text_words(HAVALE)
    assert sum(word.text == label for word in words) == 1
    return tuple(word for word in words if word.text != label)


def lacks(words: tuple[Word, ...]) -> frozenset[str]:
    return lacking(words, strength(words, CLUES.terms), CLUES)


def test_a_label_that_was_left_out_comes_from_another_look() -> None:
    whole = text_words(HAVALE)
    assert not lacks(whole)
    # The charge below the amount has lost its label, and would be a second amount.
    assert lacks(without("MASRAF")) == {"amount"}
    found = with_labels_of(without("MASRAF"), lacks(without("MASRAF")), [without("TUTAR"), whole], CLUES)
    assert not lacks(found)
    assert sorted(word.text for word in found) == sorted(word.text for word in whole)


def test_what_lacks_nothing_stays_as_it_was_read() -> None:
    misread = text_words(HAVALE.replace("SIRA NO", "SIPA NU"))
    assert with_labels_of(misread, lacks(misread), [text_words(HAVALE)], CLUES) == misread


def test_what_one_look_has_seen_another_does_not_unsee() -> None:
    """A pale word behind the amount makes it unclear, and no look that has left it out makes it clear."""
    seen = text_words(HAVALE.replace("780,00 TL", "780,00 TL İADE"))
    assert "amount" in lacks(seen)
    assert with_labels_of(seen, lacks(seen), [text_words(HAVALE)], CLUES) == seen


@pytest.mark.parametrize(
    "otherwise",
    [
        HAVALE.replace("MASRAF 12,80", "MASRAF 12,80 TUTAR 1.080,00"),
        HAVALE.replace("780,00", "1.080,00").replace("MASRAF 12,80", "MASRAF 12,80 TUTAR 1.080,00"),
        HAVALE.replace("MASRAF 12,80 TL", "12,80 TL"),
    ],
)
def test_no_value_comes_with_a_label(otherwise: str) -> None:
    found = with_labels_of(without("MASRAF"), lacks(without("MASRAF")), [text_words(otherwise)], CLUES)
    told = {proof.values for proof in strength(found, CLUES.terms).proofs if proof.kind == "amount"}
    assert told == {p.values for p in strength(without("MASRAF"), CLUES.terms).proofs if p.kind == "amount"}


# --- the other engine, before a line ---------------------------------------------------------------

LINES = (
    ("GÖNDEREN IBAN", "TR93 0001 2009 4570 0044 0000 04"),
    ("TUTAR", "780,00 TL"),
    ("MASRAF", "12,80 TL"),
)


def page_and_values(lines: Sequence[tuple[str, str]]) -> tuple[Image.Image, list[Word]]:
    """A page with labels and values, and its words without all labels but the first."""
    page = Image.new("L", (1200, 90 * len(lines) + 60), "white")
    font, pen = ImageFont.truetype(str(font_file("arial")), 32), ImageDraw.Draw(page)
    words: list[Word] = []
    for row, (label, value) in enumerate(lines):
        top = 40 + 90 * row
        for x, text in ((40, label), (420, value)):
            pen.text((x, top), text, fill=0, font=font)
            if row == 0 or x > 40:
                words.append(Word(text, x, top + 6, x + pen.textlength(text, font), top + 34))
    return page, words


def test_the_other_engine_reads_the_labels_that_were_left_out() -> None:
    page, words = page_and_values(LINES)
    labels = labels_seen_otherwise(page, words)
    assert [word.text for word in labels] == ["TUTAR", "MASRAF"]
    seen = words_seen_otherwise(page, words, whole=False)
    assert seen
    assert all(label.x1 < min(w.x0 for w in seen if abs(w.top - label.top) < 20) for label in labels)


def test_where_nothing_stands_before_a_line_nothing_is_read() -> None:
    page, words = page_and_values((LINES[0], ("", "780,00 TL"), ("", "12,80 TL")))
    assert labels_seen_otherwise(page, words) == ()


# --- print that was overlooked, and stamps ----------------------------------------------------------


def across(texts: Sequence[tuple[str, int, int]], turn: float) -> tuple[str, ...]:
    """What is told of large words laid over a page of small ones that are all known, turned together."""
    page = Image.new("L", (1600, 2200), "white")
    small, large = (ImageFont.truetype(str(font_file("sans-bold")), size) for size in (30, 60))
    pen, words = ImageDraw.Draw(page), []
    for row, line in enumerate(HAVALE.splitlines()):
        top = 300 + 120 * row
        pen.text((100, top), line, fill=0, font=small)
        words.append(Word(line, 100, top, 100 + pen.textlength(line, small), top + 36))
    layer = Image.new("L", page.size, 255)
    for text, x, y in texts:
        ImageDraw.Draw(layer).text((x, y), text, fill=0, font=large)
    layer = layer.rotate(turn, Image.Resampling.BICUBIC, center=(1000, 600), fillcolor=255)
    page.paste(0, mask=layer.point([255 - level for level in range(256)]))
    return stamps_across(page, words, CLUES, lambda: 10.0)


@needs_tesseract
def test_words_of_the_form_that_were_overlooked_are_no_stamp() -> None:
    # One above the other, and not straight: together they climb.
    assert across([("Referans", 950, 540), ("Alıcı Banka", 1100, 640)], 0) == ()


@needs_tesseract
@pytest.mark.parametrize("text", ["İPTAL EDİLDİ", "ÖRNEKTİR", "Referans İPTAL", "Referans"])
@pytest.mark.parametrize("turn", [8, 25])
def test_a_stamp_is_heard_whatever_else_it_says(text: str, turn: float) -> None:
    assert across([(text, 850, 600)], turn)


def test_one_word_of_a_form_may_be_what_is_left_of_anything() -> None:
    assert CLUES.is_print("Alıcı Banka")
    assert not CLUES.is_print("Banka")
    assert not CLUES.is_print("Banka İPTAL")
    assert not CLUES.is_print("Banka iade")
