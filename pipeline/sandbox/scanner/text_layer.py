"""text layer: the letters that a PDF gives for one page → words, what stands across them, and who hides.

A text layer says what it likes: letters may be white, behind a picture, on a layer that is switched off or
too small for any eye. Which of them anybody sees is found by drawing the page with its letters and without.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from pdfplumber.page import Page as PlumbedPage
from pdfplumber.utils.text import dedupe_chars, extract_words
from PIL import Image, ImageChops

from pipeline.domain import Word

# Share of the letter size that parts two words: a fixed gap in points glues small print together.
_WORD_GAP = 0.2
# Zero-width and direction marks: they part, join and turn what stands there without being seen.
_UNSEEN_MARKS = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SLANT = 3.0
# How many times larger than most print a word is that lies over others as a watermark does.
_LARGE = 2.2
_INK_DPI = 110
# Grey levels, of 255, by which a letter has to change the page for anybody to see it.
_CLEAR = 40
# Points, below which print is for nobody to read.
_SMALLEST = 3.5
_DEPTH = 15
_FAR_AWAY = 100_000

_Letter = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TextLayer:
    """The words of one page in points from its top left, those of them that hide, and what stands across."""

    words: tuple[Word, ...]
    hidden: frozenset[Word]
    across: tuple[str, ...]


Ink = tuple[Image.Image, float]


def text_layer(plumbed: PlumbedPage, ink: Ink | None) -> TextLayer:
    """Reads the letters of one page; `ink` as `ink_of` gives it, or None where nothing is to be hidden."""
    left, top, right, bottom = paper_of(plumbed)
    # Banks print bold by printing twice; without this every such letter is read twice.
    slanted, straight = _parted(dedupe_chars(_Letters(filter(_is_told, plumbed.chars))))
    covered = _overprinted(straight)
    words: list[Word] = []
    hidden: set[Word] = set()
    for told in extract_words(straight, x_tolerance_ratio=_WORD_GAP, return_chars=True):
        word = _word(told, left, top)
        # What lies beside the paper is seen by nobody.
        inside = 0 <= (word.x0 + word.x1) / 2 <= right - left and 0 <= (word.top + word.bottom) / 2 <= (
            bottom - top
        )
        if not inside or not word.text:
            continue
        words.append(word)
        if ink and any(id_of(c) in covered or not _is_seen(c, left, top, ink) for c in told["chars"]):
            hidden.add(word)
    large = _large_over_others(words)
    across = [*_slanted_texts(slanted), *(word.text for word in large), *_spaced_texts(words)]
    return TextLayer(
        tuple(word for word in words if word not in large),
        frozenset(hidden - set(large)),
        tuple(dict.fromkeys(across)),
    )


def paper_of(plumbed: PlumbedPage) -> tuple[float, float, float, float]:
    """Gives what of a page is shown: left, top, right and bottom, as pdfplumber counts."""
    media, crop = plumbed.mediabox, plumbed.cropbox
    return max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])


def _is_told(letter: _Letter) -> bool:
    return bool(_UNSEEN_MARKS.sub("", letter["text"]))


class _Letters(list[_Letter]):
    """Letters that know their places: to put them in order again, each would be compared with all others."""

    def __init__(self, letters: Iterable[_Letter]) -> None:
        super().__init__(letters)
        self._places = {id(letter): at for at, letter in enumerate(self)}

    def index(self, letter: _Letter, *_: Any) -> int:
        return self._places[id(letter)]


def _word(told: Mapping[str, Any], left: float, top: float) -> Word:
    return Word(
        _UNSEEN_MARKS.sub("", told["text"]),
        float(told["x0"] - left),
        float(told["top"] - top),
        float(told["x1"] - left),
        float(told["bottom"] - top),
    )


# --- what anybody sees -------------------------------------------------------------------------


def ink_of(shown: pdfium.PdfPage, bare: pdfium.PdfPage) -> Ink:
    """Draws what the letters of a page change about it, and how many points of it a point of paper has.

    `bare` is the same page of another copy of the document, which is spoiled by it.
    """
    for text in bare.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT], max_depth=_DEPTH):
        # Not made invisible: some fonts draw their letters themselves, and do not ask.
        pdfium_c.FPDFPageObj_Transform(text.raw, 1, 0, 0, 1, _FAR_AWAY, _FAR_AWAY)
    scale = _INK_DPI / 72
    width, height = shown.get_size()
    scale = min(scale, math.sqrt(4_000_000 / max(1.0, width * height)))
    pictures = [
        page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB") for page in (shown, bare)
    ]
    return ImageChops.difference(*pictures), scale


def _is_seen(letter: _Letter, left: float, top: float, ink: Ink) -> bool:
    if not letter["text"].strip() or not letter["text"].isprintable():
        return True
    if letter["bottom"] - letter["top"] < _SMALLEST:
        return False
    picture, scale = ink
    x0, x1 = (letter["x0"] - left) * scale, (letter["x1"] - left) * scale
    side = (x1 - x0) / 8
    box = (
        max(0, math.floor(x0 + side)),
        max(0, math.floor((letter["top"] - top) * scale)),
        min(picture.width, math.ceil(x1 - side)),
        min(picture.height, math.ceil((letter["bottom"] - top) * scale)),
    )
    if box[0] >= box[2] or box[1] >= box[3]:
        return False
    # Ink of one colour alone is ink.
    channels = cast(Sequence[tuple[int, int]], picture.crop(box).getextrema())
    return max(most for _, most in channels) >= _CLEAR


def id_of(letter: _Letter) -> tuple[str, float, float]:
    """Names one letter of a page by what it is and where."""
    return letter["text"], round(float(letter["x0"]), 2), round(float(letter["top"]), 2)


def _overprinted(letters: Sequence[_Letter]) -> frozenset[tuple[str, float, float]]:
    """Finds letters that stand on top of other ones: one of the two is not what is seen there."""
    rows: dict[int, list[_Letter]] = {}
    for letter in letters:
        if letter["text"].isalnum():
            rows.setdefault(round((letter["top"] + letter["bottom"]) / 12), []).append(letter)
    found: set[tuple[str, float, float]] = set()
    for number, row in rows.items():
        near = sorted((*row, *rows.get(number + 1, ())), key=lambda c: c["x0"])
        for at, one in enumerate(near):
            for other in near[at + 1 : at + 6]:
                if _is_over(one, other):
                    found |= {id_of(one), id_of(other)}
    return frozenset(found)


def _is_over(one: _Letter, other: _Letter) -> bool:
    across = min(one["x1"], other["x1"]) - max(one["x0"], other["x0"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    narrow = min(one["x1"] - one["x0"], other["x1"] - other["x0"])
    low = min(one["bottom"] - one["top"], other["bottom"] - other["top"])
    high = max(one["bottom"] - one["top"], other["bottom"] - other["top"])
    # A watermark lies over everything, and hides nothing.
    return bool(across > 0.55 * narrow and down > 0.55 * low and high < _LARGE * low)


# --- what stands across ------------------------------------------------------------------------


def _angle(letter: _Letter) -> float:
    a, b = letter["matrix"][:2]
    return math.degrees(math.atan2(b, a))


def _is_slanted(letter: _Letter) -> bool:
    return bool(abs(_angle(letter)) > _SLANT)


def _parted(letters: Iterable[_Letter]) -> tuple[list[_Letter], list[_Letter]]:
    slanted: list[_Letter] = []
    straight: list[_Letter] = []
    for letter in letters:
        (slanted if _is_slanted(letter) else straight).append(letter)
    return slanted, straight


def _slanted_texts(letters: Sequence[_Letter]) -> Iterator[str]:
    """Sets letters that climb or fall in lines of their own, as the one who turns the page reads them."""
    lines: dict[tuple[int, int], list[tuple[float, float, _Letter]]] = {}
    for letter in letters:
        turn = math.radians(_angle(letter))
        x, y = letter["matrix"][4:6]
        along, above = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
        size = max(1.0, float(letter["size"]))
        near = next(
            (k for k in lines if k[0] == round(math.degrees(turn)) and abs(k[1] - above) < size / 2), None
        )
        lines.setdefault(near or (round(math.degrees(turn)), round(above)), []).append((along, size, letter))
    for line in lines.values():
        text = "".join(letter["text"] for _, _, letter in sorted(line, key=lambda told: told[0]))
        if any(ch.isalnum() for ch in text):
            yield " ".join(_UNSEEN_MARKS.sub("", text).split())


def _large_over_others(words: Sequence[Word]) -> tuple[Word, ...]:
    if not words:
        return ()
    usual = statistics.median(word.bottom - word.top for word in words)
    large = [word for word in words if word.bottom - word.top > _LARGE * usual]
    return tuple(word for word in large if any(_touch(word, other) for other in words if other not in large))


def _touch(one: Word, other: Word) -> bool:
    return min(one.x1, other.x1) > max(one.x0, other.x0) and min(one.bottom, other.bottom) > max(
        one.top, other.top
    )


def _spaced_texts(words: Sequence[Word]) -> Iterator[str]:
    """Finds words that are set with gaps between their letters, which make a word of each."""
    row: list[Word] = []
    for word in (*sorted(words, key=lambda w: (round(w.top), w.x0)), None):
        goes_on = (
            word is not None
            and len(word.text) == 1
            and word.text.isalpha()
            and (not row or abs(word.top - row[-1].top) < 2 < word.x1 - row[-1].x1)
        )
        if goes_on and word is not None:
            row.append(word)
            continue
        if len(row) >= 4:
            yield "".join(w.text for w in row)
        row = []
