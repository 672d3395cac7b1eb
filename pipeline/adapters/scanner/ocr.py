"""ocr: picture of a page → words with boxes, by trying one way of looking after another.

Every way of looking is a `Hypothesis` with a name. The first is the plain one; others follow only while
the evidence is weak (`pipeline.evidence_strength`), the most promising first, within a time budget.
Confidence orders the attempts and decides nothing.
"""

from __future__ import annotations

import io
import math
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from PIL import Image, ImageChops, ImageFilter, ImageStat

from pipeline.domain import Page, Word
from pipeline.evidence_strength import Strength, contradictory, strength

LANGUAGE = "tur"
# A page takes tesseract about half a second, but on grain it can run for ever.
ATTEMPT_SECONDS = 5.0
PAGE_SECONDS = 12.0
MAX_ATTEMPTS = 9
# 300 dpi on A4 is 8.7 million; beyond that only the time grows.
MAX_OCR_PIXELS = 10_000_000


class OcrUnavailable(Exception):
    """Says that tesseract, or its Turkish data, is not installed."""


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
class Reading:
    """What one hypothesis made of a page, in pixels of the picture as given, set upright.

    `good` counts words of four letters or more that tesseract is sure of, `wide` those wider than high,
    `tilt` is the slope of the printed lines in degrees, `height` the median height of a word.
    """

    hypothesis: Hypothesis
    words: tuple[Word, ...]
    evidence: Strength
    good: int = 0
    wide: int = 0
    tilt: float = 0.0
    height: float = 0.0

    @property
    def legible(self) -> bool:
        """Tells whether the page was looked at the right way up."""
        return self.evidence.labels >= 4 or (self.good >= 6 and self.good * 5 >= len(self.words))

    @property
    def rank(self) -> tuple[int, ...]:
        """Orders the readings of one page, the best highest."""
        return (int(self.legible), *self.evidence.rank, self.good)


# --- tesseract ---------------------------------------------------------------------------------


@cache
def ocr_languages() -> tuple[str, ...]:
    """Names the languages tesseract has data for; empty where tesseract is not installed."""
    try:
        done = subprocess.run(
            ["tesseract", "--list-langs"], capture_output=True, timeout=10, check=True, env=_environment()
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(done.stdout.decode("utf-8", "replace").split("\n")[1:-1])


def _environment() -> dict[str, str]:
    # tesseract's own threads cost five times what they bring on a page.
    return {**os.environ, "OMP_THREAD_LIMIT": "1"}


def _tesseract(picture: Image.Image, hypothesis: Hypothesis, seconds: float) -> str:
    """Runs tesseract on a grey picture and returns its table; empty when killed for taking too long."""
    if LANGUAGE not in ocr_languages():
        raise OcrUnavailable
    command = ["tesseract", "stdin", "stdout", "-l", LANGUAGE, "--psm", str(hypothesis.psm)]
    command += ["-c", f"thresholding_method={hypothesis.threshold}", "tsv"]
    stream = io.BytesIO()
    picture.save(stream, "PPM")
    try:
        done = subprocess.run(
            command, input=stream.getvalue(), capture_output=True, timeout=seconds, env=_environment()
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class _Seen:
    """One word as tesseract saw it: its line, its box in pixels of the picture it was given."""

    line: tuple[str, str, str]
    word: Word
    confidence: float


def _seen(table: str) -> list[_Seen]:
    rows = (line.split("\t") for line in table.splitlines()[1:])
    return [
        _Seen((row[2], row[3], row[4]), _word(row[11].strip(), *map(float, row[6:10])), float(row[10]))
        for row in rows
        # Rules and dust are read as dashes and bars, and would join what does not belong together.
        if len(row) == 12 and row[0] == "5" and any(ch.isalnum() or ch == "*" for ch in row[11])
    ]


def _word(text: str, left: float, top: float, width: float, height: float) -> Word:
    return Word(text, left, top, left + width, top + height)


# --- one look ----------------------------------------------------------------------------------


def look(
    picture: Image.Image, hypothesis: Hypothesis, amounts: tuple[str, ...], seconds: float
) -> Reading | None:
    """Reads a page by one hypothesis, or not at all within the seconds; raises OcrUnavailable."""
    table = _tesseract(prepared(picture, hypothesis), hypothesis, seconds)
    if not table:
        return None
    seen = _seen(table)
    height = statistics.median(s.word.bottom - s.word.top for s in seen) if seen else 0.0
    # A frame or a table's rule is sometimes read as one letter as high as the page.
    seen = [s for s in seen if s.word.bottom - s.word.top <= 6 * height]
    tilt = _tilt(seen)
    turned = upright_size(picture, hypothesis)
    words = tuple(_levelled(_scaled(s.word, 1 / hypothesis.scale), tilt, turned) for s in seen)
    letters = [s for s in seen if len(s.word.text) >= 4 and s.word.text.isalpha() and s.confidence >= 60]
    return Reading(
        hypothesis=replace(hypothesis, level=hypothesis.level + tilt),
        words=words,
        evidence=strength(words, amounts),
        good=len(letters),
        wide=sum(w.x1 - w.x0 > 2 * (w.bottom - w.top) for w in words),
        tilt=tilt,
        height=height / hypothesis.scale,
    )


def upright_size(picture: Image.Image, hypothesis: Hypothesis) -> tuple[int, int]:
    """Gives width and height of a picture once it is set upright."""
    return picture.size if hypothesis.rotate % 180 == 0 else (picture.height, picture.width)


def prepared(picture: Image.Image, hypothesis: Hypothesis) -> Image.Image:
    """Makes the grey picture that tesseract is shown under a hypothesis."""
    grey = _INKS[hypothesis.ink](picture)
    if hypothesis.rotate:
        grey = grey.transpose(_TURNS[hypothesis.rotate])
    if hypothesis.level:
        grey = grey.rotate(hypothesis.level, Image.Resampling.BICUBIC, fillcolor=_paper(grey))
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
    return picture.convert("L")


def _dark(picture: Image.Image) -> Image.Image:
    """Keeps only what is dark in every colour, which bleaches stamps and leaves black print."""
    if picture.mode != "RGB":
        return _grey(picture)
    red, green, blue = picture.split()
    return ImageChops.lighter(red, ImageChops.lighter(green, blue))


def _flat(picture: Image.Image) -> Image.Image:
    """Lifts shadows: what remains is how much darker each point is than the paper around it."""
    grey = _grey(picture)
    small = grey.resize((max(1, grey.width // 8), max(1, grey.height // 8)), Image.Resampling.BOX)
    paper = small.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(4))
    ink = ImageChops.subtract(paper.resize(grey.size, Image.Resampling.BILINEAR), grey)
    darkest = max(1, ink.getextrema()[1])
    return ink.point([255 - min(255, v * 255 // darkest) for v in range(256)])


_INKS = {"grey": _grey, "dark": _dark, "flat": _flat}


def _paper(grey: Image.Image) -> int:
    return int(ImageStat.Stat(grey).median[0])


def _tilt(seen: Sequence[_Seen]) -> float:
    """Measures the slope of the printed lines in degrees, clockwise positive; 0 where it is tiny."""
    lines: dict[tuple[str, str, str], list[Word]] = {}
    for s in seen:
        lines.setdefault(s.line, []).append(s.word)
    slopes: list[float] = []
    for words in lines.values():
        first, last = words[0], words[-1]
        run = (last.x0 + last.x1 - first.x0 - first.x1) / 2
        rise = (last.top + last.bottom - first.top - first.bottom) / 2
        if run > 5 * (first.bottom - first.top):
            slopes.append(math.degrees(math.atan2(rise, run)))
    tilt = round(statistics.median(slopes), 1) if len(slopes) >= 3 else 0.0
    return tilt if 0.3 <= abs(tilt) <= 15 else 0.0


def _scaled(word: Word, factor: float) -> Word:
    return Word(word.text, *(round(v * factor, 1) for v in (word.x0, word.top, word.x1, word.bottom)))


def _levelled(word: Word, tilt: float, size: tuple[int, int]) -> Word:
    """Moves a word to where it stands once the page is turned back by its tilt around the middle."""
    if not tilt:
        return word
    sine, cosine = math.sin(math.radians(-tilt)), math.cos(math.radians(-tilt))
    x, y = (word.x0 + word.x1 - size[0]) / 2, (word.top + word.bottom - size[1]) / 2
    dx = x * cosine - y * sine - x
    dy = x * sine + y * cosine - y
    moved = (word.x0 + dx, word.top + dy, word.x1 + dx, word.bottom + dy)
    return Word(word.text, *(round(v, 1) for v in moved))
