"""stamps: what is stamped, or printed aslant, across the picture of a page, where lines of words do not go.

Strong ink that no word explains is gathered into patches; each is turned until it lies level, and read.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageFilter

from pipeline.domain import Word
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.preparation import Hypothesis, paper, prepared, wipe
from pipeline.sandbox.scanner.tesseract import table_of

LOOK_SECONDS = 2.0
# Pixels of the longer side on which ink is looked for: print is thin there, and a stamp's letters are not.
_SIDE = 900
_INK = 35
_CELL = 12
_MOST_PATCHES = 3
_FEWEST_CELLS = 6
# Share of the longer side below which a patch is a logo's or a smudge's.
_SHORTEST = 0.09
# How much longer than wide a patch of one line is, and from which slope in degrees on it stands aslant.
_LINE = 1.8
_SLANT = 4.0
# How much higher than most a word is that no line of print holds.
_HIGH = 1.8
# How far beside its box, as a share of its height, a word's ink goes.
_BESIDE = 0.15
_TURNS = (0.0, 20.0, -20.0, 40.0, -40.0)
_SURE, _VERY_SURE = 40.0, 60.0

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Patch:
    """Where ink lies together, in pixels of the page, how it climbs in degrees, and how stretched it is."""

    box: Box
    climb: float
    stretch: float


def stamps_across(
    page: Image.Image,
    words: Sequence[Word],
    clues: Clues,
    left: Callable[[], float],
) -> tuple[str, ...]:
    """Reads what stands across a grey, upright page whose words are known; "" for what nobody can read.

    What stands level is only told where it says that a payment is unfinished: headings and pictures of
    advertisements do so everywhere. Words of the form that were overlooked lie level, though the patch that
    they make together may climb. Raises OcrUnavailable.
    """
    found: list[str] = []
    words = _of_print(words)
    patches = _patches(page, words)
    if not patches:
        return ()
    cover, clear = paper(page), page.copy()
    wipe(clear, words, cover, _BESIDE)
    for patch in patches:
        if left() <= 0:
            return (*found, "")
        crop = _cut_out(clear, patch)
        text, climb = _read(crop, patch, cover)
        is_aslant = _SLANT <= abs(climb) <= 90 - _SLANT
        if clues.is_unfinished(text):
            found.append(text)
        elif text and is_aslant:
            level = _text_of(crop, _SURE)
            if len(level) < len(text) or not clues.is_print(level):
                found.append(text)
        elif is_aslant and patch.stretch >= _LINE:
            found.append("")
    return tuple(dict.fromkeys(found))


def _of_print(words: Sequence[Word]) -> list[Word]:
    # A letter of a stamp is read as a word as high as the stamp.
    usual = statistics.median(word.bottom - word.top for word in words) if words else 0.0
    return [word for word in words if word.bottom - word.top <= _HIGH * usual]


# --- patches of ink ----------------------------------------------------------------------------


def _patches(page: Image.Image, words: Sequence[Word]) -> list[_Patch]:
    if not words:
        return []
    shrink = min(1.0, _SIDE / max(page.size))
    size = max(1, round(page.width * shrink)), max(1, round(page.height * shrink))
    ink = prepared(page.resize(size, Image.Resampling.BOX), Hypothesis(ink="flat")).point(
        [255 if 255 - level >= _INK else 0 for level in range(256)]
    )
    wipe(ink, words, 0, _BESIDE, shrink)
    # Print, rules and pens are too thin to be left after this.
    thick = ink.filter(ImageFilter.MinFilter(3))
    cells = thick.resize((-(-size[0] // _CELL), -(-size[1] // _CELL)), Image.Resampling.BOX)
    filled = {
        (at % cells.width, at // cells.width) for at, share in enumerate(cells.tobytes()) if share >= 16
    }
    patches = [_patch(group, shrink) for group in groups(filled) if len(group) >= _FEWEST_CELLS]
    told = [p for p in patches if _is_among(p.box, words) and _length(p.box) >= _SHORTEST * max(page.size)]
    return sorted(told, key=lambda p: -_length(p.box))[:_MOST_PATCHES]


def groups(cells: set[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Gathers cells that lie no more than one apart, as the letters of a word do."""
    waiting = set(cells)
    while waiting:
        group = [waiting.pop()]
        for x, y in group:
            near = {(x + dx, y + dy) for dx in range(-2, 3) for dy in range(-2, 3)} & waiting
            waiting -= near
            group += near
        yield group


def _patch(cells: Sequence[tuple[int, int]], shrink: float) -> _Patch:
    xs, ys = [x for x, _ in cells], [y for _, y in cells]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    wide = sum((v - x) ** 2 for v in xs) / len(xs)
    high = sum((v - y) ** 2 for v in ys) / len(ys)
    both = sum((a - x) * (b - y) for a, b in cells) / len(xs)
    turn = 0.5 * math.atan2(2 * both, wide - high)
    spread = math.hypot(wide - high, 2 * both)
    stretch = math.sqrt((wide + high + spread) / max(0.2, wide + high - spread))
    unit = _CELL / shrink
    box = tuple(round(v * unit) for v in (min(xs) - 1, min(ys) - 1, max(xs) + 2, max(ys) + 2))
    return _Patch((box[0], box[1], box[2], box[3]), -math.degrees(turn), stretch)


def _length(box: Box) -> float:
    return math.hypot(box[2] - box[0], box[3] - box[1])


def _is_among(box: Box, words: Sequence[Word]) -> bool:
    """Tells whether a patch lies on the printed part of a page, or above or below it: not on the table."""
    left, right = min(w.x0 for w in words), max(w.x1 for w in words)
    top, bottom = min(w.top for w in words), max(w.bottom for w in words)
    wide, high = right - left, bottom - top
    middle = (box[0] + box[2]) / 2
    return left <= middle <= right + 0.1 * wide and top - high <= box[1] and box[3] <= bottom + high


# --- what they say -----------------------------------------------------------------------------


def _cut_out(page: Image.Image, patch: _Patch) -> Image.Image:
    """Cuts a patch out of a page, in a size at which letters are read."""
    left, top, right, bottom = patch.box
    crop = page.crop((max(0, left), max(0, top), min(page.width, right), min(page.height, bottom)))
    shrink = min(2.0, _SIDE / max(crop.size))
    return crop.resize((max(1, round(crop.width * shrink)), max(1, round(crop.height * shrink))))


def _read(crop: Image.Image, patch: _Patch, cover: int) -> tuple[str, float]:
    """Reads a patch the way it lies best, and tells how it climbs then."""
    is_line = patch.stretch >= _LINE
    best = ("", patch.climb if is_line else 0.0)
    for climb in (patch.climb, 0.0) if is_line else _TURNS:
        turned = crop.rotate(-climb, Image.Resampling.BICUBIC, expand=True, fillcolor=cover)
        text = _text_of(turned, _SURE if is_line else _VERY_SURE)
        if len(text) > len(best[0]):
            best = (text, climb)
        if is_line and text:
            break
    return best


def _text_of(picture: Image.Image, sure: float) -> str:
    told: list[str] = []
    for line in (table_of(picture, 6, 0, LOOK_SECONDS) or "").splitlines():
        row = line.split("\t")
        letters = "".join(ch for ch in row[11] if ch.isalpha()) if len(row) == 12 and row[0] == "5" else ""
        if len(letters) >= 3 and float(row[10]) >= sure:
            told.append(letters)
    return " ".join(told)
