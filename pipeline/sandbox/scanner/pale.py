"""pale: what a picture of a page shows besides the words that were read → signs against a payment.

One threshold parts the ink of a page from its paper, and beside dark print pale letters count as paper: no
look at the page sees them. Once what was read is covered, whatever people tell from paper is shown as ink.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence

from PIL import Image, ImageFilter, ImageOps, ImageStat

from pipeline.domain import Word
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.leftover import without_rules
from pipeline.sandbox.scanner.preparation import Hypothesis, paper, prepared, wipe
from pipeline.sandbox.scanner.stamps import groups
from pipeline.sandbox.scanner.tesseract import seen_in, table_of

LOOK_SECONDS = 2.0
# Grey levels, of 255, by which a point is darker than the paper where people begin to tell it from ink, and
# where nobody would call it paper.
_PAPER, _INK = 8, 32
# Median height of a word in pixels with which letters are told well enough.
_LETTERS = 16
# Share of the ink of most words that one in usual print has.
_USUAL = 0.75
# Blur radius in pixels that takes grain for no ink.
_SOFT = 0.8
# Grey level of what is shown below which it is print, and how much white is set around it.
_PRINT, _MARGIN = 128, 20
# Pixels across all of which no stroke of a letter is ink: what is, is a ground. An odd number.
_THICK = 9
# Pixels across a cell in which such grounds are gathered, how wide one is, and how many are looked at.
_CELL, _LEAST, _MOST_GROUNDS = 6, 3, 3
# How much larger than the rest a ground is looked at, and how sure one is of a word on it: most have none.
_ENLARGED, _SURE = 2.0, 40.0
# Pixels of a ground above which it is looked at no larger than the rest.
_MOST_PIXELS = 300_000
# How far beside its box, as a share of its height, a word's ink goes: more would hide what touches it.
_BESIDE = 0.15

Box = tuple[int, int, int, int]


def signs_left(
    page: Image.Image, words: Sequence[Word], clues: Clues, left: Callable[[], float]
) -> tuple[str, ...]:
    """Reads what is left of an upright page whose words are known, for signs against a payment.

    "" for what nobody had the time to look at. Raises OcrUnavailable.
    """
    factor = _reduction(words)
    bare = prepared(_resized(page.convert("L"), factor), Hypothesis(ink="flat", soft=_SOFT))
    usual = _dark(bare, words, factor)
    wipe(bare, usual, 255, _BESIDE, factor)
    grain = _grain(bare.histogram())
    rest = bare.point([_shown(255 - level - grain) for level in range(256)])
    ink = without_rules(rest.point([255 if level < _PRINT else 0 for level in range(256)]))
    looks = [(rest.crop(ink.getbbox()), 11, 0.0)] if ink.getbbox() else []
    # Letters on a ground of their own, paler or darker than it, are told once nothing else is there.
    if grounds := _grounds(ink):
        bands = [_without(band, usual) for band in page.split()]
        for ground in grounds:
            part = _enlarged(_clearest([band.crop(_scaled(ground, 1 / factor)) for band in bands]), factor)
            looks += [(part, 6, _SURE), (ImageOps.invert(part), 6, _SURE)]
    found: list[str] = []
    for part, psm, sure in looks:
        seen = ImageOps.expand(part, _MARGIN, fill=255)
        table = table_of(seen, psm, 0, min(LOOK_SECONDS, left())) if left() > 0 else None
        if table is None:
            return (*found, "")
        found += [line for line in _lines(table, sure) if clues.is_unfinished(line)]
    return tuple(dict.fromkeys(found))


def _grounds(ink: Image.Image) -> list[Box]:
    """Finds where ink is laid on thicker than any stroke of a letter, the largest places first."""
    # A mean is full where all of it is; Pillow's filter for the least takes twenty times as long.
    full = ink.filter(ImageFilter.BoxBlur(_THICK // 2)).point([0] * 255 + [255])
    thick = full.reduce(_CELL)
    filled = {(at % thick.width, at // thick.width) for at, share in enumerate(thick.tobytes()) if share}
    found: list[Box] = []
    for cells in groups(filled):
        xs, ys = [x for x, _ in cells], [y for _, y in cells]
        wide, high = max(xs) + 1 - min(xs), max(ys) + 1 - min(ys)
        # What lies around the page, as a table does on a photograph, bears none of the page's letters.
        is_frame = 2 * wide * high > thick.width * thick.height and 2 * len(cells) < wide * high
        if _CELL * wide >= _LEAST * (_CELL + _THICK) and not is_frame:
            corner = _CELL * min(xs), _CELL * min(ys)
            found.append((*corner, corner[0] + _CELL * wide, corner[1] + _CELL * high))
    return sorted(found, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))[:_MOST_GROUNDS]


def _reduction(words: Sequence[Word]) -> float:
    """Tells how much smaller letters may be: pale ones are no smaller than others."""
    height = statistics.median(word.bottom - word.top for word in words) if words else 0.0
    return _LETTERS / max(height, _LETTERS)


def _resized(page: Image.Image, factor: float) -> Image.Image:
    size = max(1, round(page.width * factor)), max(1, round(page.height * factor))
    return page.resize(size, Image.Resampling.BOX if factor <= 1 else Image.Resampling.BICUBIC)


def _scaled(box: Box, factor: float) -> Box:
    left, top, right, bottom = (round(edge * factor) for edge in box)
    return left, top, right, bottom


def _without(band: Image.Image, words: Sequence[Word]) -> Image.Image:
    clear = band.copy()
    wipe(clear, words, paper(band), _BESIDE)
    return clear


def _clearest(bands: Sequence[Image.Image]) -> Image.Image:
    """Gives the one of some colours in which most is to be seen: letters may be as dark as their ground."""
    return ImageOps.autocontrast(max(bands, key=lambda band: ImageStat.Stat(band).stddev[0]))


def _enlarged(part: Image.Image, factor: float) -> Image.Image:
    """Gives a part as large as the rest is looked at, or larger where it is small, as on badges."""
    most = math.sqrt(_MOST_PIXELS / (part.width * part.height))
    return _resized(part, max(factor, min(_ENLARGED * factor, most)))


def _dark(flat: Image.Image, words: Sequence[Word], factor: float) -> list[Word]:
    """Picks the words in usual print: of paler ones a look may have read a letter here and there."""
    ink = {word: 255 - _darkest(flat, word.scaled(factor)) for word in words}
    usual = statistics.median(ink.values()) if ink else 0.0
    return [word for word, darkest in ink.items() if darkest >= _USUAL * usual]


def _darkest(flat: Image.Image, word: Word) -> int:
    box = flat.crop((round(word.x0), round(word.top), round(word.x1) + 1, round(word.bottom) + 1))
    return ImageStat.Stat(box).extrema[0][0]


def _grain(levels: Sequence[int]) -> int:
    """Gives the ink that bare paper has of its own: its median, and four deviations around it."""
    middle = _median(levels)
    apart = [0] * 256
    for level, count in enumerate(levels):
        apart[abs(level - middle)] += count
    return 255 - middle + round(4 * 1.48 * _median(apart))


def _median(levels: Sequence[int]) -> int:
    half, seen = sum(levels) / 2, 0
    for level, count in enumerate(levels):
        seen += count
        if seen >= half:
            return level
    return 255


def _shown(ink: int) -> int:
    """Gives the grey in which ink is shown that is so much darker than paper and its grain."""
    return 255 - round(255 * min(1.0, max(0.0, (ink - _PAPER) / (_INK - _PAPER))))


def _lines(table: str, sure: float) -> Iterator[str]:
    lines: dict[tuple[str, str, str], list[str]] = {}
    for seen in (seen for seen in seen_in(table) if seen.confidence >= sure):
        lines.setdefault(seen.line, []).append(seen.word.text)
    return (" ".join(texts) for texts in lines.values())
