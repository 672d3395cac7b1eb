"""preparation: how tesseract is shown a page: turned, levelled, bleached, softened or enlarged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from pipeline.domain import Word

# Median difference between neighbouring points of bare paper, as a share of that between ink and paper.
_GRAIN = 0.023
# How far from black to paper a point may lie that is still print and no stamp.
_BLEACH = 0.6
# Difference of grey levels below which there is nothing to read.
_CONTRAST = 24
# Difference of grey levels between lighter and darker parts of a picture that lies partly in the shadow.
_SHADOW = 60


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way of looking at a page, named as it goes into `Page.read_by`.

    `rotate` is the clockwise quarter turn that sets the page upright, `level` the small clockwise angle
    after it. `ink` is "grey", "dark" (coloured ink, such as a stamp's, is bleached) or "flat" (shadows
    are lifted). `soft` is a blur radius in pixels, `threshold` and `psm` are tesseract's own modes.

    >>> Hypothesis(rotate=90, soft=0.8, scale=1.5).name
    'ocr rotate=90 soft=0.8 scale=1.5 psm=11'
    """

    rotate: int = 0
    level: float = 0.0
    ink: str = "grey"
    soft: float = 0.0
    scale: float = 1.0
    threshold: int = 0
    psm: int = 11

    @property
    def name(self) -> str:
        steps = [f"rotate={self.rotate}"] * bool(self.rotate)
        steps += [f"level={self.level:g}"] * bool(self.level)
        steps += [f"ink={self.ink}"] * (self.ink != "grey")
        steps += [f"soft={self.soft:g}"] * bool(self.soft)
        steps += [f"scale={self.scale:g}"] * (self.scale != 1.0)
        steps += [f"threshold={self.threshold}"] * bool(self.threshold)
        return " ".join(("ocr", *steps, f"psm={self.psm}"))


@dataclass(frozen=True, slots=True)
class Measures:
    """What can be seen on a picture without reading: no ink, grain, coloured ink, no greys, shadows, size."""

    blank: bool
    grainy: bool
    coloured: bool
    bilevel: bool
    shaded: bool
    pixels: int


def measured(picture: Image.Image) -> Measures:
    """Measures a picture on a small part and a small copy of it."""
    width, height = picture.size
    grey = _grey(picture)
    part = grey.crop((width // 4, height // 4, width // 4 + 500, height // 4 + 500))
    grain = ImageChops.difference(part, part.filter(ImageFilter.GaussianBlur(1)))
    levels, tiles = grey.histogram(), grey.reduce(32).histogram()
    darkest, brightest = (next(v for v in order if levels[v]) for order in (range(256), range(255, -1, -1)))
    coloured = False
    if picture.mode == "RGB":
        _hue, saturation, value = picture.reduce(4).convert("HSV").split()
        ink = ImageChops.multiply(saturation, ImageChops.invert(value)).histogram()
        share = sum(ink[24:]) / max(1, sum(ink))
        coloured = 0.001 < share < 0.3
    return Measures(
        blank=brightest - darkest < _CONTRAST,
        grainy=ImageStat.Stat(grain).median[0] >= max(2, _GRAIN * (brightest - darkest)),
        coloured=coloured,
        bilevel=sum(1 for count in levels if count) <= 2,
        shaded=_level(tiles, 0.9) - _level(tiles, 0.1) > _SHADOW,
        pixels=width * height,
    )


def upright_size(picture: Image.Image, hypothesis: Hypothesis) -> tuple[int, int]:
    """Gives width and height of a picture once it is set upright."""
    return picture.size if hypothesis.rotate % 180 == 0 else (picture.height, picture.width)


def prepared(picture: Image.Image, hypothesis: Hypothesis) -> Image.Image:
    """Makes the grey picture that tesseract is shown under a hypothesis."""
    return sized(upright(picture, hypothesis), hypothesis)


def upright(picture: Image.Image, hypothesis: Hypothesis) -> Image.Image:
    """Makes the grey picture of a page, turned and level as a hypothesis has it."""
    return turned(_INKS[hypothesis.ink](picture), hypothesis)


def turned(picture: Image.Image, hypothesis: Hypothesis) -> Image.Image:
    """Turns and levels a picture as a hypothesis has it, and keeps its colours."""
    if hypothesis.rotate:
        picture = picture.transpose(_TURNS[hypothesis.rotate])
    if hypothesis.level:
        fill = tuple(int(level) for level in ImageStat.Stat(picture).median)
        picture = picture.rotate(hypothesis.level, Image.Resampling.BICUBIC, fillcolor=fill)
    return picture


def sized(grey: Image.Image, hypothesis: Hypothesis) -> Image.Image:
    """Softens and scales a grey picture as a hypothesis has it."""
    if hypothesis.soft:
        grey = grey.filter(ImageFilter.GaussianBlur(hypothesis.soft))
    if hypothesis.scale != 1.0:
        width, height = grey.size
        size = max(1, round(width * hypothesis.scale)), max(1, round(height * hypothesis.scale))
        grey = grey.resize(size, Image.Resampling.BICUBIC)
    return grey


_TURNS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def _grey(picture: Image.Image) -> Image.Image:
    return picture if picture.mode == "L" else picture.convert("L")


def _dark(picture: Image.Image) -> Image.Image:
    """Keeps only what is dark in every colour, which bleaches stamps and leaves black print."""
    if picture.mode != "RGB":
        return _grey(picture)
    red, green, blue = picture.split()
    lightest = ImageChops.lighter(red, ImageChops.lighter(green, blue))
    levels = lightest.histogram()
    black = _level(levels, 0.003)
    white = max(black + 1.0, black + _BLEACH * (_level(levels, 0.5) - black))
    return lightest.point(
        [round(255 * max(0.0, min(1.0, (v - black) / (white - black)))) for v in range(256)]
    )


def _level(levels: Sequence[int], share: float) -> int:
    """Gives the grey level below which that share of the points lies."""
    wanted, seen = share * sum(levels), 0
    for level, count in enumerate(levels):
        seen += count
        if seen > wanted:
            return level
    return 255


def _flat(picture: Image.Image) -> Image.Image:
    """Lifts shadows: what remains is how much darker each point is than the paper around it."""
    grey = _grey(picture)
    small = grey.resize((max(1, grey.width // 8), max(1, grey.height // 8)), Image.Resampling.BOX)
    paper = small.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(4))
    ink = ImageChops.subtract(paper.resize(grey.size, Image.Resampling.BILINEAR), grey)
    darkest = max(v for v, count in enumerate(ink.histogram()) if count or not v) or 1
    return ink.point([255 - min(255, v * 255 // darkest) for v in range(256)])


_INKS = {"grey": _grey, "dark": _dark, "flat": _flat}


def paper(grey: Image.Image) -> int:
    """Gives the grey level of the paper, which is most of a page."""
    return int(ImageStat.Stat(grey).median[0])


def wipe(picture: Image.Image, words: Iterable[Word], colour: int, beside: float, scale: float = 1.0) -> None:
    """Paints over words in a grey picture that is so much smaller, and so far beside them, in heights."""
    pen = ImageDraw.Draw(picture)
    for word in words:
        rim = beside * (word.bottom - word.top)
        corners = (word.x0 - rim, word.top - rim, word.x1 + rim, word.bottom + rim)
        pen.rectangle([scale * corner for corner in corners], fill=colour)
