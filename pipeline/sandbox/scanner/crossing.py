"""crossing: a word on a picture → whether a line was drawn through it, which letters are read through."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image, ImageChops

from pipeline.domain import Word
from pipeline.sandbox.scanner.preparation import paper

# A line through a word goes through all of it, between its upper and its lower quarter, where a rule above or
# below it does not. A letter or two may have a stroke of their own there.
_BAND, _ALL, _FEWEST_LETTERS, _FEWEST_ON_SCANS = 0.25, 0.97, 3, 5
# Share of the difference between the ground and the word's darkest point from which on a point is ink.
_INK = 0.4
# How much a hand's line rises from end to end, in heights of the word, and by which steps one looks.
_STEEPEST, _STEP = 0.6, 0.1


def crossed_out(page: Image.Image, words: Iterable[Word]) -> bool:
    """Tells whether a line runs through a number, an amount or a day on a scan.

    In a short word blur fills the gaps between letters.
    """
    numbers = (w for w in words if len(w.text) >= _FEWEST_ON_SCANS and any(ch.isdigit() for ch in w.text))
    return any(is_crossed_out(page, word) for word in numbers)


def is_crossed_out(picture: Image.Image, word: Word) -> bool:
    """Tells whether a line runs through a word, whose box is in pixels of a level picture.

    Between letters there is no ink otherwise, at whatever height.
    """
    if len(word.text) < _FEWEST_LETTERS:
        return False
    high = word.bottom - word.top
    strip = _part(picture, word, 0, 0)
    ground = paper(_part(picture, word, high, high / 2))
    if strip.width < _FEWEST_LETTERS or strip.height < _FEWEST_LETTERS:
        return False
    darkest = max(abs(level - ground) for level, count in enumerate(strip.histogram()) if count)
    ink = strip.point([255 if abs(level - ground) > _INK * darkest else 0 for level in range(256)])
    if not _has_ink_throughout(ink):
        return False
    steps = round(_STEEPEST / _STEP)
    return any(_has_full_row(ink, at * _STEP * high) for at in range(-steps, steps + 1))


def _part(picture: Image.Image, word: Word, beside: float, above: float) -> Image.Image:
    corners = (word.x0 - beside, word.top - above, word.x1 + beside, word.bottom + above)
    left, top, right, bottom = map(round, corners)
    return picture.crop((left, top, max(left, right), max(top, bottom))).convert("L")


def _has_ink_throughout(ink: Image.Image) -> bool:
    """Tells whether there is ink, at whatever height, all along: most words have gaps, and no line then."""
    columns = ink.resize((ink.width, 1), Image.Resampling.BOX).tobytes()
    # Of a point of ink in a column as high as this nothing would be left in the mean.
    return ink.height > 255 or columns.count(0) <= (1 - _ALL) * ink.width


def _has_full_row(ink: Image.Image, rise: float) -> bool:
    level = ink
    if rise:
        slope = rise / ink.width
        turned = (1, 0, 0, slope, 1, -rise / 2)
        level = ink.transform(ink.size, Image.Transform.AFFINE, turned, Image.Resampling.NEAREST)
    # A hand trembles: what is ink in one of two rows is.
    level = ImageChops.lighter(level, ImageChops.offset(level, 0, 1))
    rows = level.resize((1, level.height), Image.Resampling.BOX).tobytes()
    rim = round(_BAND * level.height)
    return any(share >= 255 * _ALL for share in rows[rim : level.height - rim])
