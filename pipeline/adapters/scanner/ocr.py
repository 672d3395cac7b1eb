"""ocr: picture of a page → words with boxes, by trying one way of looking after another.

Every way of looking is a `Hypothesis` with a name. The first is the plain one; others follow only while
the evidence is weak (`pipeline.evidence_strength`), the most promising first, within a time budget.
Amounts and dates have no check digits: they are believed when a glance at their lines, or another look,
has seen the same.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from pipeline.adapters.scanner.likeness import likeness
from pipeline.adapters.scanner.preparation import (
    Hypothesis,
    Measures,
    measured,
    paper,
    prepared,
    sized,
    upright,
    upright_size,
)
from pipeline.adapters.scanner.tesseract import table_of
from pipeline.clues import Clues
from pipeline.domain import Page, Word
from pipeline.evidence_strength import (
    Strength,
    agreeing,
    contested,
    doubted,
    is_said,
    lines_of,
    patched,
    rests_on_one,
    strength,
    value_of,
)

# Processor time. A page takes tesseract about a quarter of a second, but on grain it can run for ever.
ATTEMPT_SECONDS = 5.0
PAGE_SECONDS = 12.0
FILE_SECONDS = 18.0
MAX_ATTEMPTS = 9
# 300 dpi on A4 is 8.7 million; beyond that only the time grows.
MAX_OCR_PIXELS = 10_000_000
# So many looks at a page of black and white alone must see the same payment before it may be accepted.
_FAX_LOOKS = 3
# So many looks are given to a page on which nothing is doubtful, and yet something is missing.
_PATIENT_LOOKS = 4
# Share of the best reading's clear words with which a reading counts as one of the whole page.
_WHOLE = 0.85
# How much smaller a picture is made to look at it more roughly.
_ROUGH = 0.75
# Blur radius in pixels that makes a second look at clean print differ from the first.
_SOFT = 0.8
# Median height of a word in pixels, below which tesseract confuses letters.
_SMALL_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """What one hypothesis made of a page, in pixels of the picture as given, set upright.

    `good` counts words of four letters or more that tesseract is sure of, `wide` those wider than high,
    `height` is the median height of a word, `read_by` the name of the hypothesis or hypotheses. `lacks`
    names the fields that the page's layout asks for in vain, or "layout" where none of those known fits.
    """

    hypothesis: Hypothesis
    words: tuple[Word, ...]
    evidence: Strength
    good: int = 0
    wide: int = 0
    height: float = 0.0
    read_by: str = ""
    lacks: frozenset[str] = frozenset()

    @property
    def legible(self) -> bool:
        """Tells whether the page was looked at the right way up."""
        return self.evidence.labels >= 4 or (self.good >= 6 and self.good * 5 >= len(self.words))

    @property
    def rank(self) -> tuple[int, ...]:
        """Orders the readings of one page, the best highest."""
        return (int(self.legible), *self.evidence.rank, self.good)


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
    pictures: Iterable[tuple[int, Image.Image]], clues: Clues, seconds: float = FILE_SECONDS
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
        pages.append(read_page(picture, number, clues, left))
    return _of_file(pages, "")


def _of_file(pages: Sequence[PageReading], problem: str) -> FileReading:
    if any(page.interrupted for page in pages):
        problem = "took_too_long"
    elif not problem and not any(page.legible for page in pages):
        problem = "illegible"
    notes = ("two_readings",) if any(page.contested for page in pages) else ()
    return FileReading(tuple(page.page for page in pages), problem, notes)


def read_page(picture: Image.Image, number: int, clues: Clues, seconds: float) -> PageReading:
    """Reads one page within the seconds; raises OcrUnavailable.

    The boxes are in pixels of the picture turned by the `rotate` and `level` that `Page.read_by` names.
    """
    until = _spent() + seconds
    measures = measured(picture)
    if not measures.coloured:
        picture = picture.convert("L")
    readings: list[Reading] = []
    failed: list[Hypothesis] = []
    best: Reading | None = None
    is_confirmed = False
    while (
        not measures.blank and len(readings) + len(failed) < MAX_ATTEMPTS and (left := until - _spent()) > 0
    ):
        hypothesis = next_hypothesis(measures, best, readings, failed)
        if hypothesis is None:
            break
        if best and is_worth_a_glance(measures, best, readings):
            is_confirmed = glance(picture, best, other_scale(best, readings), left)
            if is_confirmed:
                break
        reading = look(picture, hypothesis, clues, min(left, ATTEMPT_SECONDS))
        if reading is None:
            failed.append(hypothesis)
            continue
        readings.append(reading)
        best = strongest(readings, clues)
    if best is None:
        page = Page(number, picture.width, picture.height, (), Hypothesis().name)
        return PageReading(page, interrupted=bool(failed))
    words = tuple(word for line in lines_of(best.words) for word in line)
    width, height = upright_size(picture, best.hypothesis)
    looks = likeness(upright(picture, Hypothesis(rotate=best.hypothesis.rotate)))
    is_doubtful = not is_confirmed and is_contested(measures, best, readings)
    if not is_confirmed and not is_doubtful and is_in_question(best, readings):
        is_doubtful = not glance(picture, best, other_scale(best, readings), ATTEMPT_SECONDS)
    return PageReading(
        Page(number, width, height, words, best.read_by, looks),
        legible=best.legible,
        contested=is_doubtful,
    )


def strongest(readings: Sequence[Reading], clues: Clues) -> Reading:
    """Chooses the strongest reading and takes over what only others of the same turn could prove."""
    best = max(readings, key=lambda r: _standing(r, readings))
    rivals = [r for r in _rivals(best, readings) if r is not best]
    words = patched(best.words, [r.words for r in rivals], clues.amounts)
    if words == best.words:
        return best
    helpers = [r for r in rivals if not set(r.words).isdisjoint(set(words) - set(best.words))]
    read_by = " + ".join(r.read_by for r in (best, *helpers))
    evidence = strength(words, clues.amounts)
    return replace(
        best, words=words, evidence=evidence, read_by=read_by, lacks=_lacking(words, evidence, clues)
    )


def is_contested(measures: Measures, best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether the readings of a page speak against a value that the best one holds."""
    told = best.evidence
    rivals = [r.evidence for r in _rivals(best, readings)]
    # Nobody is told of a wrong amount that half of the looks could not read, one saw otherwise, or that has
    # no greys to it. And without greys a 6 may look like an 8 to most looks: one that differs is enough.
    blind = sum("amount" in r.broken for r in rivals)
    if told.is_strange and (measures.bilevel or 2 * blind >= len(rivals)):
        return True
    if (told.is_strange or (measures.bilevel and told.is_acceptable)) and doubted(told, rivals):
        return True
    return contested(told, rivals)


def is_in_question(best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether a receipt's amount is one that nobody charges, or one look alone saw an amount or day."""
    told = best.evidence
    rivals = [r.evidence for r in _rivals(best, readings)]
    return told.is_strange or (told.is_receipt_like and (doubted(told, rivals) or rests_on_one(told, rivals)))


def other_scale(best: Reading, readings: Sequence[Reading]) -> float:
    """Chooses a scale at which the best reading did not look and letters can be told."""
    # On a dotted zero, or a seven in narrow print, looks of one size err together.
    if min(r.height for r in readings if r.words) >= _SMALL_LETTERS:
        return _ROUGH
    return 2.0 if best.hypothesis.scale < 2 else 1.5


def _standing(reading: Reading, readings: Sequence[Reading]) -> tuple[int, ...]:
    legible, proved, *others = reading.rank
    # Who overlooks whole lines has nothing that is broken.
    whole = all(reading.good >= _WHOLE * rival.good for rival in readings)
    known, read = "layout" not in reading.lacks, -len(reading.lacks)
    return (legible, whole, known, read, proved, _supporters(reading, readings), *others)


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
        # What lies in the shadow may be a receipt.
        plan = [*_looks(measures, best)[: 2 * measures.shaded], _in_rows(best)]
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
    if len(others) < 2 or best.evidence.broken:
        return False
    return not best.lacks or len(rivals) >= _PATIENT_LOOKS


def is_worth_a_glance(measures: Measures, best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether a second look at a few lines could confirm the only look at the page."""
    whole = best.evidence.is_complete and not best.lacks
    return best.legible and whole and not measures.bilevel and len(_rivals(best, readings)) == 1


def _in_rows(best: Reading) -> Hypothesis:
    # One block of rows is how a ruled form shows its headings; receipts are read worse so.
    return Hypothesis(rotate=best.hypothesis.rotate, level=best.hypothesis.level, psm=6)


def _looks(measures: Measures, best: Reading) -> list[Hypothesis]:
    given = best.hypothesis
    plain = Hypothesis(rotate=given.rotate, level=given.level, ink=given.ink)
    soft = 1.1 if measures.grainy or measures.bilevel else _SOFT
    looks = [replace(plain, ink="flat")] * measures.shaded
    looks += [replace(plain, ink="dark")] * measures.coloured
    if measures.bilevel:
        # Rougher looks err elsewhere, which finer ones do together.
        looks += [replace(plain, soft=1.1, scale=_ROUGH), replace(plain, soft=1.6)]
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


# --- tesseract ---------------------------------------------------------------------------------


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
    rows = (line.split("\t") for line in table.splitlines())
    return [
        _Seen((row[2], row[3], row[4]), _word(row[11].strip(), *map(float, row[6:10])), float(row[10]))
        for row in rows
        # Rules and dust are read as dashes and bars, and would join what does not belong together.
        if len(row) == 12 and row[0] == "5" and any(ch.isalnum() or ch == "*" for ch in row[11])
    ]


def _word(text: str, left: float, top: float, width: float, height: float) -> Word:
    return Word(text, left, top, left + width, top + height)


# --- one look ----------------------------------------------------------------------------------


def look(picture: Image.Image, hypothesis: Hypothesis, clues: Clues, seconds: float) -> Reading | None:
    """Reads a page by one hypothesis, or not at all within the seconds; raises OcrUnavailable."""
    table = table_of(prepared(picture, hypothesis), hypothesis.psm, hypothesis.threshold, seconds)
    return None if table is None else reading_of(table, picture, hypothesis, clues)


def reading_of(table: str, picture: Image.Image, hypothesis: Hypothesis, clues: Clues) -> Reading:
    """Makes a reading of what tesseract wrote about a picture that was prepared by a hypothesis."""
    seen = _seen(table)
    height = statistics.median(s.word.bottom - s.word.top for s in seen) if seen else 0.0
    # A frame or a table's rule is sometimes read as one letter as high as the page.
    seen = [s for s in seen if s.word.bottom - s.word.top <= 6 * height]
    tilt = _tilt(seen)
    turned = upright_size(picture, hypothesis)
    words = tuple(_levelled(_scaled(s.word, 1 / hypothesis.scale), tilt, turned) for s in seen)
    evidence = strength(words, clues.amounts)
    letters = [s for s in seen if len(s.word.text) >= 4 and s.word.text.isalpha() and s.confidence >= 60]
    found = replace(hypothesis, level=round(hypothesis.level + tilt, 1))
    return Reading(
        hypothesis=found,
        words=words,
        evidence=evidence,
        good=len(letters),
        wide=sum(w.x1 - w.x0 > 2 * (w.bottom - w.top) for w in words),
        height=height / hypothesis.scale,
        read_by=found.name,
        lacks=_lacking(words, evidence, clues),
    )


def _lacking(words: tuple[Word, ...], evidence: Strength, clues: Clues) -> frozenset[str]:
    # Looking for a layout is not free, and on a page without words of the trade in vain.
    return clues.lacking(Page(1, 0, 0, words, "")) if evidence.is_receipt_like else frozenset()


def glance(picture: Image.Image, best: Reading, scale: float, seconds: float) -> bool:
    """Looks again, at some scale, at the values that no check digits protect: are they the same?

    Costs a fraction of a look at the page; raises OcrUnavailable.
    """
    unprotected = best.evidence.unprotected
    hypothesis = replace(best.hypothesis, soft=best.hypothesis.soft or _SOFT, scale=scale, psm=6)
    page = upright(picture, hypothesis)
    values = [value_of(proof, best.words) for proof in unprotected]
    if not all(values):
        return False
    strips = [page.crop(_around(words)) for words in values]
    slip = Image.new("L", (max(s.width for s in strips), sum(s.height for s in strips)), paper(page))
    tops = [sum(s.height for s in strips[:number]) for number in range(len(strips))]
    for top, strip in zip(tops, strips, strict=True):
        slip.paste(strip, (0, top))
    slip = sized(slip, hypothesis)
    table = table_of(slip, hypothesis.psm, hypothesis.threshold, min(seconds, ATTEMPT_SECONDS)) or ""
    words = [_scaled(s.word, 1 / scale) for s in _seen(table)]
    return all(
        is_said(proof, " ".join(w.text for w in words if top < (w.top + w.bottom) / 2 < top + strip.height))
        for proof, top, strip in zip(unprotected, tops, strips, strict=True)
    )


def _around(words: Sequence[Word]) -> tuple[int, int, int, int]:
    top, bottom = min(w.top for w in words), max(w.bottom for w in words)
    # Close to the left, where a colon or a glued label ends.
    left, right = words[0].x0 - (bottom - top) / 8, words[-1].x1 + (bottom - top)
    return round(left), round(2 * top - bottom), round(right), round(2 * bottom - top)


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
