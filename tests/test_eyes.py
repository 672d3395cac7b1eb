"""The words of a text layer against the picture of their page: a part of what is seen confirms nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.domain import Word
from pipeline.sandbox.scanner.eyes import Sight, sight_of
from tests.receipt_material import font_file

_DOTS = 4
_SIZE = 12


def seen(line: str, said: str, at: str) -> bool:
    """Draws a line, says that `said` stands where `at` is seen, and tells whether the looks confirm it."""
    font = ImageFont.truetype(str(font_file("arial")), _SIZE * _DOTS)
    picture = Image.new("L", (560 * _DOTS, 120 * _DOTS), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((40 * _DOTS, 50 * _DOTS), line, fill="black", font=font)
    draw.text((40 * _DOTS, 20 * _DOTS), "VAKIFBANK KURUM TAHSİLAT DEKONTU", fill="black", font=font)
    begin = 40 + draw.textlength(line[: line.index(at)], font=font) / _DOTS
    width = draw.textlength(at, font=font) / _DOTS
    word = Word(said, begin, 50, begin + width, 50 + _SIZE)
    sight = sight_of(picture, 1 / _DOTS, [word], frozenset({word}), lambda: 60.0)
    return not sight.unlike and not sight.unchecked


@pytest.mark.parametrize(
    ("line", "said", "at"),
    [
        ("TUTAR 780,00 TL", "780,00", "780,00"),
        ("TARİH 10.06.2024 12:30", "10.06.2024", "10.06.2024"),
        ("ONAY KODU: BIYQQ6", "BIYQQ6", "BIYQQ6"),
        ("KART 4543 60** **** 1234", "60**", "60**"),
        ("İŞLEM NO:2024000078015838", "NO:2024000078015838", "NO:2024000078015838"),
    ],
)
def test_what_is_printed_is_confirmed(line: str, said: str, at: str) -> None:
    assert seen(line, said, at)


@pytest.mark.parametrize(
    ("line", "said", "at"),
    [
        ("TUTAR 1.780,00 TL", "780,00", "780,00"),
        ("TUTAR 780,005 TL", "780,00", "780,00"),
        ("TUTAR 500,00 TL", "780,00", "500,00"),
        ("İŞLEM NO 92024000078015838", "2024000078015838", "2024000078015838"),
        ("TARİH 10.06.2024", "10.06.2022", "10.06.2024"),
        ("ONAY KODU: BIYQQ6", "BIYQQ7", "BIYQQ6"),
        ("ONAY KODU: PYW52T", "PYW53T", "PYW52T"),
        ("ONAY KODU: PYW52T", "PYW5T", "PYW52T"),
        ("TUTARI1780,00TL", "TUTARI780,00TL", "TUTARI1780,00TL"),
        ("NO12024000078015838", "NO2024000078015838", "NO12024000078015838"),
    ],
)
def test_a_part_of_what_is_printed_or_another_value_is_not(line: str, said: str, at: str) -> None:
    assert not seen(line, said, at)


# --- what a page shows besides its words --------------------------------------------------------


def sight_with(more: Callable[[ImageDraw.ImageDraw], None]) -> Sight:
    """Looks at a page with one word on it, and what `more` draws beside it, in points."""
    picture = Image.new("L", (595 * _DOTS // 2, 300 * _DOTS // 2), "white")
    draw = ImageDraw.Draw(picture)
    dots = _DOTS // 2
    font = ImageFont.truetype(str(font_file("arial")), _SIZE * dots)
    draw.text((40 * dots, 20 * dots), "780,00", fill="black", font=font)
    more(draw)
    word = Word("780,00", 40, 20, 40 + draw.textlength("780,00", font=font) / dots, 20 + _SIZE)
    return sight_of(picture, 1 / dots, [word], frozenset({word}), lambda: 60.0)


def rules(draw: ImageDraw.ImageDraw) -> None:
    for y in (10, 80, 120, 200):
        draw.line((20, y, 1100, y), fill=90, width=3)
    for x in (20, 600, 1100):
        draw.line((x, 10, x, 400), fill="black", width=2)


def test_words_and_rules_explain_a_page() -> None:
    sight = sight_with(rules)
    assert sight == Sight(is_explained=True)


@pytest.mark.parametrize("shade", [0, 120, 215])
def test_what_is_no_word_of_the_text_layer_is_found_and_read(shade: int) -> None:
    def stamp(draw: ImageDraw.ImageDraw) -> None:
        rules(draw)
        draw.text((200, 300), "GEÇERSİZDİR", fill=shade, font=ImageFont.truetype(str(font_file("arial")), 60))

    sight = sight_with(stamp)
    assert not sight.is_explained
    assert [word.text for word in sight.besides] == ["GEÇERSİZDİR"]


@pytest.mark.parametrize("size", [14, 40])
def test_a_full_stop_more_than_words_and_rules_is_noticed(size: int) -> None:
    assert not sight_with(
        lambda draw: draw.ellipse((500, 300, 500 + size, 300 + size), fill=200)
    ).is_explained


def test_words_as_high_as_the_page_cost_no_slip() -> None:
    picture = Image.new("L", (1600, 2200), "white")
    tall = [Word(f"{n:03}", n, n, 500 + n, 700 + n) for n in range(300)]
    sight = sight_of(picture, 0.4, tall, frozenset(tall), lambda: 60.0)
    assert sight.unlike == frozenset(tall)


@pytest.mark.parametrize("word", ["KOPYA", "SAHTE", "REFUNDED", "SPECIMEN", "İADE", "VOID", "ASKIDA"])
@pytest.mark.parametrize("size", [16, 40, 66])
def test_a_word_is_read_however_large_it_stands_beside_the_print(word: str, size: int) -> None:
    def stamp(draw: ImageDraw.ImageDraw) -> None:
        font = ImageFont.truetype(str(font_file("sans-bold")), size * _DOTS // 2)
        draw.text((60, 170), word, fill="#bbbbbb", font=font)
        # A logo elsewhere on the page must not keep anybody from looking.
        draw.ellipse((1000, 20, 1080, 100), outline="black", width=8)

    assert word in " ".join(told.text for told in sight_with(stamp).besides)
