"""ocr: picture of a page → words with boxes, by trying one way of looking after another.

Every way of looking is a `Hypothesis` with a name. The first is the plain one; others follow only while
the evidence is weak (`pipeline.evidence_strength`), the most promising first, within a time budget.
Confidence orders the attempts and decides nothing.
"""

from __future__ import annotations

import io
import math
import os
import resource
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from PIL import Image, ImageChops, ImageFilter, ImageStat

from pipeline.adapters.scanner.likeness import likeness
from pipeline.domain import Page, Word
from pipeline.evidence_strength import (
    Strength,
    agreeing,
    contested,
    doubted,
    lines_of,
    patched,
    rests_on,
    strength,
)

LANGUAGE = "tur"
# Processor time. A page takes tesseract about half a second, but on grain it can run for ever.
ATTEMPT_SECONDS = 5.0
PAGE_SECONDS = 12.0
FILE_SECONDS = 18.0
# How much longer than its processor time an attempt may take by the clock on a busy machine.
PATIENCE = 4
MAX_ATTEMPTS = 9
# 300 dpi on A4 is 8.7 million; beyond that only the time grows.
MAX_OCR_PIXELS = 10_000_000
# So many looks at a page of black and white alone must see the same payment before it may be accepted.
_FAX_LOOKS = 3
# Median difference, of 255 grey levels, between neighbouring points of bare paper.
_GRAIN = 6
# tesseract's own confidence, at and above which a first look may do.
_SURE = 80
# Share of the best reading's clear words with which a reading counts as one of the whole page.
_WHOLE = 0.85
# How far from black to paper a point may lie that is still print and no stamp.
_BLEACH = 0.6
# Difference of grey levels below which there is nothing to read.
_CONTRAST = 24
# Median height of a word in pixels, below which tesseract confuses letters.
_SMALL_LETTERS = 16


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
    `height` is the median height of a word, `read_by` the name of the hypothesis or hypotheses. A reading
    is not `sure` when values without check digits rest on words that tesseract itself doubts.
    """

    hypothesis: Hypothesis
    words: tuple[Word, ...]
    evidence: Strength
    good: int = 0
    wide: int = 0
    height: float = 0.0
    read_by: str = ""
    sure: bool = True

    @property
    def legible(self) -> bool:
        """Tells whether the page was looked at the right way up."""
        return self.evidence.labels >= 4 or (self.good >= 6 and self.good * 5 >= len(self.words))

    @property
    def rank(self) -> tuple[int, ...]:
        """Orders the readings of one page, the best highest."""
        return (int(self.legible), *self.evidence.rank, self.good)


@dataclass(frozen=True, slots=True)
class Measures:
    """What can be seen on a picture without reading: no ink, grain, coloured ink, no greys, size."""

    blank: bool
    grainy: bool
    coloured: bool
    bilevel: bool
    pixels: int


@dataclass(frozen=True, slots=True)
class PageReading:
    """What came of one page: whether it was the right way up, contradicts itself, or ran out of time."""

    page: Page
    legible: bool = False
    contested: bool = False
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class FileReading:
    """What came of all pages of one file, in the terms of a `Transcript`."""

    pages: tuple[Page, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()


# --- the ladder --------------------------------------------------------------------------------


def read_pages(
    pictures: Iterable[tuple[int, Image.Image]], amounts: tuple[str, ...], seconds: float = FILE_SECONDS
) -> FileReading:
    """Reads numbered pictures of pages one after another; raises OcrUnavailable.

    Problems: "illegible" where no page could be read, "took_too_long" where the time ran out on one.
    Note: "two_readings" where two ways of looking hold different values.
    """
    until = _spent() + seconds
    pages: list[PageReading] = []
    for number, picture in pictures:
        left = min(PAGE_SECONDS, until - _spent())
        if left <= 0:
            return _of_file(pages, "took_too_long")
        pages.append(read_page(picture, number, amounts, left))
    return _of_file(pages, "")


def _of_file(pages: Sequence[PageReading], problem: str) -> FileReading:
    if any(page.interrupted for page in pages):
        problem = "took_too_long"
    elif not problem and not any(page.legible for page in pages):
        problem = "illegible"
    notes = ("two_readings",) if any(page.contested for page in pages) else ()
    return FileReading(tuple(page.page for page in pages), problem, notes)


def read_page(picture: Image.Image, number: int, amounts: tuple[str, ...], seconds: float) -> PageReading:
    """Reads one page within the seconds; raises OcrUnavailable.

    The boxes are in pixels of the picture turned by the `rotate` and `level` that `Page.read_by` names.
    """
    until = _spent() + seconds
    measures = measured(picture)
    readings: list[Reading] = []
    failed: list[Hypothesis] = []
    best: Reading | None = None
    while (
        not measures.blank and len(readings) + len(failed) < MAX_ATTEMPTS and (left := until - _spent()) > 0
    ):
        hypothesis = next_hypothesis(measures, best, readings, failed)
        if hypothesis is None:
            break
        reading = look(picture, hypothesis, amounts, min(left, ATTEMPT_SECONDS))
        if reading is None:
            failed.append(hypothesis)
            continue
        readings.append(reading)
        best = strongest(readings, amounts)
    if best is None:
        page = Page(number, picture.width, picture.height, (), Hypothesis().name)
        return PageReading(page, interrupted=bool(failed))
    words = tuple(word for line in lines_of(best.words) for word in line)
    width, height = upright_size(picture, best.hypothesis)
    upright = prepared(picture, Hypothesis(rotate=best.hypothesis.rotate))
    return PageReading(
        Page(number, width, height, words, best.read_by, likeness(upright)),
        legible=best.legible,
        contested=is_contested(measures, best, readings),
    )


def strongest(readings: Sequence[Reading], amounts: tuple[str, ...]) -> Reading:
    """Chooses the strongest reading and takes over what only others of the same turn could prove."""
    best = max(readings, key=lambda r: _standing(r, readings))
    rivals = [r for r in _rivals(best, readings) if r is not best]
    words = patched(best.words, [r.words for r in rivals], amounts)
    if words == best.words:
        return best
    helpers = [r for r in rivals if not set(r.words).isdisjoint(set(words) - set(best.words))]
    read_by = " + ".join(r.read_by for r in (best, *helpers))
    return replace(best, words=words, evidence=strength(words, amounts), read_by=read_by)


def is_contested(measures: Measures, best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether the readings of a page speak against a value that the best one holds."""
    rivals = [r.evidence for r in _rivals(best, readings)]
    if measures.bilevel and best.evidence.is_acceptable and doubted(best.evidence, rivals):
        # Without greys a 6 may look like an 8 to most looks: one that sees it otherwise is enough.
        return True
    return contested(best.evidence, rivals)


def _standing(reading: Reading, readings: Sequence[Reading]) -> tuple[int, ...]:
    legible, proved, *others = reading.rank
    # Who overlooks whole lines has nothing that is broken.
    whole = all(reading.good >= _WHOLE * rival.good for rival in readings)
    return (legible, whole, proved, _supporters(reading, readings), *others)


def _supporters(reading: Reading, readings: Sequence[Reading]) -> int:
    return sum(r.legible and not contested(reading.evidence, (r.evidence,)) for r in readings)


def _rivals(best: Reading, readings: Sequence[Reading]) -> list[Reading]:
    return [r for r in readings if r.legible and r.hypothesis.rotate == best.hypothesis.rotate]


def next_hypothesis(
    measures: Measures, best: Reading | None, readings: Sequence[Reading], failed: Sequence[Hypothesis]
) -> Hypothesis | None:
    """Decides what to try next, or that it is enough."""
    first = Hypothesis(soft=1.1 if measures.grainy or measures.bilevel else 0.0)
    tried = {replace(h, level=0.0) for h in (*(r.hypothesis for r in readings), *failed)}
    if best is None:
        plan = [first, replace(first, soft=2.0), replace(first, soft=1.1, scale=0.5)]
    elif not best.legible:
        plan = [replace(first, rotate=turn) for turn in _turns(readings[0])]
        plan += [_in_rows(best), *_looks(measures, best)[:4]]
    elif not best.evidence.is_receipt_like:
        plan = [_in_rows(best)]
    elif _is_enough(measures, best, readings):
        return None
    else:
        plan = _looks(measures, best)
    return next((h for h in plan if replace(h, level=0.0) not in tried), None)


def _turns(first: Reading) -> tuple[int, ...]:
    # Upside down, lines are still lines; on its side, a page shows hardly any.
    return (180, 90, 270) if first.wide >= 15 else (90, 270, 180)


def _is_enough(measures: Measures, best: Reading, readings: Sequence[Reading]) -> bool:
    rivals = [r.evidence for r in _rivals(best, readings)]
    if measures.bilevel and len(rivals) < (_FAX_LOOKS if best.evidence.is_acceptable else 2):
        return False
    if contested(best.evidence, rivals):
        return False
    others = [r for r in rivals if agreeing(best.evidence, r)]
    # What two ways of looking leave unproved, without a label that promises it, is not on the page.
    confirmed = len(others) >= 2 and not best.evidence.broken
    return confirmed or (best.evidence.consistent and best.sure)


def _in_rows(best: Reading) -> Hypothesis:
    # One block of rows is how a ruled form shows its headings; receipts are read worse so.
    return Hypothesis(rotate=best.hypothesis.rotate, level=best.hypothesis.level, psm=6)


def _looks(measures: Measures, best: Reading) -> list[Hypothesis]:
    given = best.hypothesis
    plain = Hypothesis(rotate=given.rotate, level=given.level, ink=given.ink)
    soft = 1.1 if measures.grainy or measures.bilevel else 0.8
    looks = [replace(plain, ink="dark")] * measures.coloured
    if measures.bilevel:
        # Rougher looks err elsewhere, which finer ones do together.
        looks += [replace(plain, soft=1.1, scale=0.75), replace(plain, soft=1.6)]
    if best.height < _SMALL_LETTERS:
        looks += [replace(plain, scale=_scale(2.0, measures.pixels))]
    looks += [
        replace(plain, soft=soft, scale=_scale(1.5, measures.pixels)),
        replace(plain, soft=soft, threshold=2),
        replace(plain, soft=soft, psm=3),
        replace(plain, ink="flat"),
    ]
    return looks


def _scale(wanted: float, pixels: int) -> float:
    return max(1.0, min(wanted, round(math.sqrt(2 * MAX_OCR_PIXELS / pixels), 2)))


def measured(picture: Image.Image) -> Measures:
    """Measures a picture on a small part and a small copy of it."""
    width, height = picture.size
    part = picture.crop((width // 4, height // 4, width // 4 + 800, height // 4 + 800)).convert("L")
    grain = ImageChops.difference(part, part.filter(ImageFilter.GaussianBlur(1)))
    colours = picture.resize((max(1, width // 4), max(1, height // 4)), Image.Resampling.BOX)
    darkest, brightest = cast(tuple[int, int], picture.convert("L").getextrema())
    coloured = False
    if picture.mode == "RGB":
        _hue, saturation, value = colours.convert("HSV").split()
        ink = ImageChops.multiply(saturation, ImageChops.invert(value)).histogram()
        share = sum(ink[24:]) / max(1, sum(ink))
        coloured = 0.001 < share < 0.3
    return Measures(
        blank=brightest - darkest < _CONTRAST,
        grainy=ImageStat.Stat(grain).median[0] >= _GRAIN,
        coloured=coloured,
        bilevel=sum(1 for count in part.histogram() if count) <= 2,
        pixels=width * height,
    )


# --- tesseract ---------------------------------------------------------------------------------


def ocr_languages() -> tuple[str, ...]:
    """Names the languages tesseract has data for; empty where tesseract is not installed."""
    try:
        done = subprocess.run(
            ["tesseract", "--list-langs"], capture_output=True, timeout=10, check=True, env=_environment()
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(done.stdout.decode("utf-8", "replace").splitlines()[1:])


def _environment() -> dict[str, str]:
    # tesseract's own threads cost five times what they bring on a page.
    return {**os.environ, "OMP_THREAD_LIMIT": "1"}


def _tesseract(picture: Image.Image, hypothesis: Hypothesis, seconds: float) -> str | None:
    """Runs tesseract on a grey picture and returns its table; None when it was killed or died.

    Raises OcrUnavailable where it cannot be started or has no Turkish data.
    """
    command = ["tesseract", "stdin", "stdout", "-l", LANGUAGE, "--psm", str(hypothesis.psm)]
    command += ["-c", f"thresholding_method={hypothesis.threshold}", "tsv"]
    stream = io.BytesIO()
    picture.save(stream, "PPM")
    limit = max(1, math.ceil(seconds))

    def only_so_long() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))

    try:
        done = subprocess.run(
            command,
            input=stream.getvalue(),
            capture_output=True,
            # Processor time is the measure; the clock only ends what waits for something.
            timeout=seconds * PATIENCE,
            env=_environment(),
            preexec_fn=only_so_long,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise OcrUnavailable from error
    if done.returncode > 0:
        raise OcrUnavailable
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _spent() -> float:
    """Gives the processor seconds of this process and its children, which other work does not stretch."""
    return sum(os.times()[:4])


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
    if table is None:
        return None
    seen = _seen(table)
    height = statistics.median(s.word.bottom - s.word.top for s in seen) if seen else 0.0
    # A frame or a table's rule is sometimes read as one letter as high as the page.
    seen = [s for s in seen if s.word.bottom - s.word.top <= 6 * height]
    tilt = _tilt(seen)
    turned = upright_size(picture, hypothesis)
    words = tuple(_levelled(_scaled(s.word, 1 / hypothesis.scale), tilt, turned) for s in seen)
    evidence = strength(words, amounts)
    doubtful = [w for w, s in zip(words, seen, strict=True) if s.confidence < _SURE]
    letters = [s for s in seen if len(s.word.text) >= 4 and s.word.text.isalpha() and s.confidence >= 60]
    found = replace(hypothesis, level=round(hypothesis.level + tilt, 1))
    return Reading(
        hypothesis=found,
        words=words,
        evidence=evidence,
        sure=not rests_on(evidence, doubtful),
        good=len(letters),
        wide=sum(w.x1 - w.x0 > 2 * (w.bottom - w.top) for w in words),
        height=height / hypothesis.scale,
        read_by=found.name,
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
    return tilt if 0.5 <= abs(tilt) <= 15 else 0.0


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
