"""pale: what a picture of a page shows besides the words that were read → signs against a payment.

One threshold parts the ink of a page from its paper, and beside dark print pale letters count as paper: no
look at the page sees them. Once what was read is covered, whatever people tell from paper is shown as ink.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from PIL import Image, ImageFilter, ImageOps, ImageStat

from pipeline.domain import Word
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.leftover import without_rules
from pipeline.sandbox.scanner.preparation import Hypothesis, prepared, wipe
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
# Pixels across all of which no stroke of a letter is ink: what is, is a ground.
_THICK = 9
# Pixels across a cell in which such grounds are gathered, how wide one is, and how many are looked at.
_CELL, _LEAST, _MOST_GROUNDS = 6, 3, 3
# How far beside its box, as a share of its height, a word's ink goes: more would hide what touches it.
_BESIDE = 0.15


def signs_left(
    page: Image.Image, words: Sequence[Word], clues: Clues, left: Callable[[], float]
) -> tuple[str, ...]:
    """Reads what is left of a grey, upright page whose words are known, for signs against a payment.

    "" for what nobody had the time to look at. Raises OcrUnavailable.
    """
    page, words = _smaller(page, words)
    bare = prepared(page, Hypothesis(ink="flat", soft=_SOFT))
    wipe(bare, _dark(bare, words), 255, _BESIDE)
    grain = _grain(bare.histogram())
    rest = bare.point([_shown(255 - level - grain) for level in range(256)])
    ink = without_rules(rest.point([255 if level < _PRINT else 0 for level in range(256)]))
    looks = [(rest.crop(ink.getbbox()), 11)] if ink.getbbox() else []
    # Letters on a ground of their own, paler or darker than it, are told once nothing else is there.
    for ground in _grounds(ink):
        looks += [(bare.crop(ground), 6), (ImageOps.invert(bare.crop(ground)), 6)]
    found: list[str] = []
    for part, psm in looks:
        seen = ImageOps.expand(part, _MARGIN, fill=255)
        table = table_of(seen, psm, 0, min(LOOK_SECONDS, left())) if left() > 0 else None
        if table is None:
            return (*found, "")
        found += [line for line in _lines(table) if clues.is_unfinished(line)]
    return tuple(dict.fromkeys(found))


def _grounds(ink: Image.Image) -> list[tuple[int, int, int, int]]:
    """Finds where ink is laid on thicker than any stroke of a letter, the largest places first."""
    thick = ink.filter(ImageFilter.MinFilter(_THICK)).reduce(_CELL)
    filled = {(at % thick.width, at // thick.width) for at, share in enumerate(thick.tobytes()) if share}
    boxes = []
    for cells in groups(filled):
        xs, ys = [x for x, _ in cells], [y for _, y in cells]
        boxes.append((_CELL * min(xs), _CELL * min(ys), _CELL * (max(xs) + 1), _CELL * (max(ys) + 1)))
    large = [box for box in boxes if box[2] - box[0] >= _LEAST * (_CELL + _THICK)]
    return sorted(large, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))[:_MOST_GROUNDS]


def _smaller(page: Image.Image, words: Sequence[Word]) -> tuple[Image.Image, Sequence[Word]]:
    """Gives a page and its words no larger than letters need be: pale ones are no smaller than others."""
    height = statistics.median(word.bottom - word.top for word in words) if words else 0.0
    factor = _LETTERS / max(height, _LETTERS)
    size = round(page.width * factor), round(page.height * factor)
    return page.resize(size, Image.Resampling.BOX), [
        Word(w.text, w.x0 * factor, w.top * factor, w.x1 * factor, w.bottom * factor) for w in words
    ]


def _dark(flat: Image.Image, words: Sequence[Word]) -> list[Word]:
    """Picks the words in usual print: of paler ones a look may have read a letter here and there."""
    ink = {word: 255 - _darkest(flat, word) for word in words}
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


def _lines(table: str) -> Iterator[str]:
    lines: dict[tuple[str, str, str], list[str]] = {}
    for seen in seen_in(table):
        lines.setdefault(seen.line, []).append(seen.word.text)
    return (" ".join(texts) for texts in lines.values())
