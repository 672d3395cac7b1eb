"""leftover: picture of a page, words of its text layer → what it shows besides them, if anything.

A page of a bank's own shows its words, rules between them, perhaps a logo. Where nothing is left once words
and rules are covered there is nothing to look for: no stamp, no word that is drawn or part of a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from pipeline.domain import Word
from pipeline.sandbox.scanner.preparation import paper, wipe

# Grey levels, of 255, by which a point differs from the paper where anybody sees something.
_INK = 12
# How far beside its box, as a share of its height, a word's accents and tails are still its own.
_BESIDE = 0.25
# Rules are no thicker than so many pixels, and run over this share of what is printed.
_THICKEST_RULE = 5
_LONG = 0.2
_MARGIN = 12
# Letters of headings are so high, in pixels; the dot of an İ stands no further above its stem.
_LARGE, _LINE_GAP = 20, 14

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Leftover:
    """The part of a grey picture that shows more than words, these covered, and where it lies in pixels."""

    picture: Image.Image
    x0: int
    top: int


def leftover(picture: Image.Image, words: Sequence[Word]) -> Leftover | None:
    """Finds what a page shows besides its words, whose boxes are in pixels; None where there is nothing."""
    grey = picture if picture.mode == "L" else picture.convert("L")
    bare = grey.copy()
    ground = paper(grey)
    wipe(bare, words, ground, _BESIDE)
    ink = bare.point([255 if abs(level - ground) >= _INK else 0 for level in range(256)])
    box = ink.getbbox() and without_rules(ink).getbbox()
    if not box:
        return None
    left, top = max(0, box[0] - _MARGIN), max(0, box[1] - _MARGIN)
    right, bottom = min(bare.width, box[2] + _MARGIN), min(bare.height, box[3] + _MARGIN)
    return Leftover(bare.crop((left, top, right, bottom)), left, top)


def large_parts(left_over: Leftover) -> list[Box]:
    """Gives the parts that are as high as headings and stand apart from the rest, the widest first."""
    picture = left_over.picture
    ground = paper(picture)
    ink = without_rules(picture.point([255 if abs(level - ground) >= _INK else 0 for level in range(256)]))
    found: list[Box] = []
    for top, bottom in _runs(ink.getprojection()[1], _LINE_GAP):
        across = ink.crop((0, top, ink.width, bottom)).getprojection()[0]
        # Between the words of a line there is less than a line's height.
        for left, right in _runs(across, bottom - top) if bottom - top >= _LARGE else ():
            around = left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN
            found.append((max(0, around[0]), max(0, around[1]), *around[2:]))
    return sorted(found, key=lambda part: part[0] - part[2])


def _runs(filled: Sequence[int], gap: int) -> list[tuple[int, int]]:
    """Gives where ink begins and ends, gaps up to so many lines of points left out."""
    runs: list[tuple[int, int]] = []
    for at in (at for at, is_filled in enumerate(filled) if is_filled):
        if runs and at - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], at + 1)
        else:
            runs.append((at, at + 1))
    return runs


def without_rules(ink: Image.Image) -> Image.Image:
    """Wipes lines of points that are full over a good part of the page, where few lie side by side."""
    rows = ink.resize((1, ink.height), Image.Resampling.BOX).tobytes()
    bare = ink.copy()
    pen = ImageDraw.Draw(bare)
    for first, last in _thin(rows):
        pen.rectangle((0, first, ink.width, last), fill=0)
    if bare.getbbox():
        # Lying down: upright, columns take four times as long to add up as rows.
        lying = ink.transpose(Image.Transpose.TRANSPOSE)
        columns = lying.resize((1, ink.width), Image.Resampling.BOX).tobytes()
        for first, last in _thin(columns):
            pen.rectangle((first, 0, last, ink.height), fill=0)
    return bare


def _thin(shares: bytes) -> list[tuple[int, int]]:
    """Gives first and last of the runs of lines that are full enough, and few enough, for a rule."""
    runs: list[tuple[int, int]] = []
    for at, share in enumerate(shares):
        if share < 255 * _LONG:
            continue
        if runs and runs[-1][1] == at - 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return [run for run in runs if run[1] - run[0] < _THICKEST_RULE]
