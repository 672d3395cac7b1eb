"""ocr: picture of a page → words with boxes, by trying one way of looking after another.

Every way of looking is a `Hypothesis` with a name. The first is the plain one; others follow only while
little on it is proved (`pipeline.papers.strength`), the most promising first, within a time budget.
Amounts and dates have no check digits: they are believed when another engine, or another look, has seen
the same.
"""

from __future__ import annotations

import math
import os
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from PIL import Image

from pipeline.domain import Coded, Page, Word
from pipeline.papers.clues import Clues
from pipeline.papers.strength import (
    Proof,
    Strength,
    agreeing,
    contested,
    doubted,
    is_said,
    lines_of,
    lonely,
    patched,
    strength,
    value_of,
)
from pipeline.sandbox.scanner.codes import NO_CODES, codes_on, without_codes
from pipeline.sandbox.scanner.crossing import crossed_out
from pipeline.sandbox.scanner.labels import lacking, with_labels_of
from pipeline.sandbox.scanner.likeness import likeness
from pipeline.sandbox.scanner.pale import signs_left
from pipeline.sandbox.scanner.preparation import (
    Hypothesis,
    Measures,
    measured,
    paper,
    prepared,
    sized,
    turned,
    upright,
    upright_size,
)
from pipeline.sandbox.scanner.second_opinion import (
    Opinion,
    labels_seen_otherwise,
    second_opinion,
    words_seen_otherwise,
)
from pipeline.sandbox.scanner.stamps import stamps_across
from pipeline.sandbox.scanner.tesseract import Seen, seen_in, table_of

# Processor time. A page takes tesseract about a quarter of a second, but on grain it can run for ever.
ATTEMPT_SECONDS = 5.0
PAGE_SECONDS = 12.0
FILE_SECONDS = 18.0
# What is stamped across a page is looked for however long its words have taken.
MARKS_SECONDS = 3.0
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
# As `Page.read_by` names the other engine.
_OTHER = "second engine"
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
    strength: Strength
    good: int = 0
    wide: int = 0
    height: float = 0.0
    read_by: str = ""
    lacks: frozenset[str] = frozenset()
    # Whether the second engine read what has digits on it.
    is_others: bool = False

    @property
    def legible(self) -> bool:
        """Tells whether the page was looked at the right way up."""
        return self.strength.labels >= 4 or (self.good >= 6 and self.good * 5 >= len(self.words))

    @property
    def rank(self) -> tuple[int, ...]:
        """Orders the readings of one page, the best highest."""
        return (int(self.legible), *self.strength.rank, self.good)


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
    until = spent() + seconds
    pages: list[PageReading] = []
    for number, picture in pictures:
        left = min(PAGE_SECONDS, until - spent())
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
    until = spent() + seconds
    measures = measured(picture)
    if not measures.coloured:
        picture = picture.convert("L")
    codes = NO_CODES if measures.blank else codes_on(picture)
    climb = _Climb(picture, measures, codes.said)
    climb.go(clues, until)
    climb.ask_the_other_engine(clues)
    best = climb.best
    if best is None:
        page = Page(number, picture.width, picture.height, (), Hypothesis().name)
        return PageReading(page, interrupted=climb.has_failed)
    words = tuple(word for line in lines_of(best.words) for word in line)
    width, height = upright_size(picture, best.hypothesis)
    looks = likeness(upright(picture, Hypothesis(rotate=best.hypothesis.rotate)))
    across: tuple[str, ...] = ()
    if best.strength.is_receipt_like:
        cleared = climb.level_page(best.hypothesis)
        if codes.boxes:
            cleared = turned(without_codes(picture, codes), best.hypothesis)
        until = max(until, spent() + MARKS_SECONDS)
        across = stamps_across(cleared.convert("L"), words, clues, lambda: until - spent())
        across += ("",) * crossed_out(cleared, words)
        # Without greys nothing is pale, and dust is as black as print.
        if not measures.bilevel:
            across += signs_left(cleared, words, clues, lambda: until - spent())
    page = Page(number, width, height, words, best.read_by, looks, across=across, codes=codes.said)
    is_contested, otherwise = climb.doubt()
    return PageReading(replace(page, otherwise=otherwise), legible=best.legible, contested=is_contested)


class _Climb:
    """The ladder on one page: what was seen so far, and whether it is enough."""

    def __init__(self, picture: Image.Image, measures: Measures, codes: Sequence[Coded]) -> None:
        self.best: Reading | None = None
        self.is_settled = False
        self._picture, self._measures, self._codes = picture, measures, codes
        self._readings: list[Reading] = []
        self._failed: list[Hypothesis] = []
        self._opinions: dict[tuple[tuple[Proof, ...], ...], Opinion | None] = {}
        self._level: tuple[int, float] = (0, 0.0)
        self._level_page = picture

    @property
    def has_failed(self) -> bool:
        """Tells whether a look was given up."""
        return bool(self._failed)

    def level_page(self, hypothesis: Hypothesis) -> Image.Image:
        """Gives the page in its colours, turned and level, which of a photograph costs a third of a look."""
        level = hypothesis.rotate, hypothesis.level
        if level != self._level:
            self._level, self._level_page = level, turned(self._picture, hypothesis)
        return self._level_page

    def go(self, clues: Clues, until: float) -> None:
        """Looks until the page is settled, nothing is left to try, or the time is over."""
        while not self._measures.blank and len(self._readings) + len(self._failed) < MAX_ATTEMPTS:
            left = until - spent()
            hypothesis = next_hypothesis(self._measures, self.best, self._readings, self._failed)
            if left <= 0 or hypothesis is None:
                return
            self.is_settled = self.best is not None and self._is_confirmed(self.best, left)
            if self.is_settled:
                return
            reading = look(self._picture, hypothesis, clues, min(left, ATTEMPT_SECONDS))
            if reading is None:
                self._failed.append(hypothesis)
                continue
            self._readings.append(reading)
            self.best = strongest(self._readings, clues)

    def ask_the_other_engine(self, clues: Clues) -> None:
        """Adds a look of the other engine where the looks of one have left something unread."""
        best = self.best
        if best is None or self.is_settled or not best.strength.is_receipt_like:
            return
        if not (best.strength.broken or best.lacks):
            return
        page = self._upright(best.hypothesis)
        words = words_seen_otherwise(page, best.words, whole="layout" in best.lacks)
        if words:
            words += labels_seen_otherwise(page, best.words) if best.lacks else ()
            proved = strength(words, clues.terms)
            name, lacks = f"{best.hypothesis.name} + {_OTHER}", lacking(words, proved, clues)
            other = replace(best, words=words, strength=proved, read_by=name, lacks=lacks, is_others=True)
            self._readings.append(other)
            self.best = strongest(self._readings, clues)

    def _is_confirmed(self, best: Reading, left: float) -> bool:
        """Tells whether a code or the other engine says what the looks at the page did."""
        seen = self._measures, best, self._readings
        if is_seconded(*seen, self._codes):
            return True
        if not is_worth_an_opinion(*seen):
            return False
        opinion = self._opinion(best, is_contested(*seen))
        # A second glance has the same eyes as the first: it is for where there are no others.
        if opinion is None:
            return is_worth_a_glance(*seen) and self._is_seen_at_a_glance(best, left)
        return is_backed(*seen, opinion)

    def doubt(self) -> tuple[bool, tuple[str, ...]]:
        """Tells whether the page contradicts itself, and what another engine reads on it instead."""
        if self.best is None or self.is_settled:
            return False, ()
        seen = self._measures, self.best, self._readings
        is_doubtful = is_contested(*seen)
        # Looks of one engine that agree may all have seen ones in a day's slashes.
        is_asked = is_doubtful or self.best.strength.is_receipt_like
        opinion = self._opinion(self.best, is_doubtful) if is_asked else None
        if not is_doubtful and is_in_question(self.best, self._readings):
            is_doubtful = not self._is_seen_again(self.best, opinion)
        if is_doubtful and is_backed(*seen, opinion):
            return False, ()
        otherwise = opinion.otherwise if opinion else ()
        return is_doubtful or bool(otherwise), otherwise

    def _is_seen_again(self, best: Reading, opinion: Opinion | None) -> bool:
        """Tells whether something else than the looks at the page sees its amounts and days.

        Of an amount that nobody charges nobody is told before two engines have read it.
        """
        if is_backed(self._measures, best, self._readings, opinion):
            return True
        asked = to_be_seconded(best, self._readings)
        if asked != best.strength.unprotected or (opinion and best.strength.is_strange):
            return False
        return self._is_seen_at_a_glance(best, ATTEMPT_SECONDS)

    def _is_seen_at_a_glance(self, best: Reading, left: float) -> bool:
        return glance(self._picture, best, other_scale(best, self._readings), left)

    def _upright(self, hypothesis: Hypothesis) -> Image.Image:
        if hypothesis.ink == "grey":
            return self.level_page(hypothesis).convert("L")
        return upright(self._picture, hypothesis)

    def _opinion(self, best: Reading, of_all: bool) -> Opinion | None:
        """Asks the other engine of what a page proves: of all, or of what two engines should read."""
        in_need, proofs = to_be_seconded(best, self._readings), best.strength.proofs
        # What needs the other engine may be less after another look at the same proofs.
        about = proofs, proofs if of_all else in_need, in_need
        if about not in self._opinions:
            page = self._upright(best.hypothesis)
            self._opinions[about] = second_opinion(page, best.words, about[1], in_need)
        return self._opinions[about]


def strongest(readings: Sequence[Reading], clues: Clues) -> Reading:
    """Chooses the strongest reading and takes over what only others of the same turn could prove."""
    best = max(readings, key=lambda r: _standing(r, readings))
    rivals = [r for r in _rivals(best, readings) if r is not best]
    words = patched(best.words, [r.words for r in rivals], clues.terms)
    is_as_read = words == best.words
    lacks = best.lacks if is_as_read else lacking(words, strength(words, clues.terms), clues)
    words = with_labels_of(words, lacks, [r.words for r in rivals], clues)
    if words == best.words:
        return best
    helpers = [r for r in rivals if not set(r.words).isdisjoint(set(words) - set(best.words))]
    read_by = " + ".join(r.read_by for r in (best, *helpers))
    proved = strength(words, clues.terms)
    return replace(best, words=words, strength=proved, read_by=read_by, lacks=lacking(words, proved, clues))


def is_contested(measures: Measures, best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether the readings of a page speak against a value that the best one holds."""
    told = best.strength
    rivals = [r.strength for r in _rivals(best, readings)]
    # Nobody is told of a wrong amount that half of the looks could not read, one saw otherwise, or that has
    # no greys to it. And without greys a 6 may look like an 8 to most looks: one that differs is enough.
    blind = sum("amount" in r.broken for r in rivals)
    if told.is_strange and (measures.bilevel or 2 * blind >= len(rivals)):
        return True
    if (told.is_strange or (measures.bilevel and told.is_acceptable)) and doubted(told, rivals):
        return True
    return contested(told, rivals)


def is_in_question(best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether a receipt's amount is one that nobody charges, or one look alone saw some value."""
    told = best.strength
    rivals = [r.strength for r in _rivals(best, readings)]
    return told.is_strange or (told.is_receipt_like and (doubted(told, rivals) or is_lonely(best, readings)))


def is_lonely(best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether one look alone saw an amount or day, or one of several what check digits protect."""
    alone = set(lonely(best.strength, [r.strength for r in _rivals(best, readings)]))
    return not alone.isdisjoint(to_be_seconded(best, readings))


def to_be_seconded(best: Reading, readings: Sequence[Reading]) -> tuple[Proof, ...]:
    """Gives what two engines should read: amounts, days, and what one of several looks alone has proved."""
    told = best.strength
    rivals = [r.strength for r in _rivals(best, readings)]
    alone = lonely(told, rivals) if len(rivals) > 1 else ()
    return tuple(proof for proof in told.proofs if proof in told.unprotected or proof in alone)


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
    return sum(r.legible and not contested(reading.strength, (r.strength,)) for r in readings)


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
    elif not best.strength.is_receipt_like:
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
    rivals = [r.strength for r in _rivals(best, readings)]
    told = best.strength
    if measures.bilevel and len(rivals) < (_FAX_LOOKS if told.is_acceptable or told.is_strange else 2):
        return False
    if contested(best.strength, rivals):
        return False
    others = [r for r in rivals if agreeing(best.strength, r)]
    # What two ways of looking leave unproved, without a label that promises it, is not on the page.
    if len(others) < 2 or best.strength.broken:
        return False
    return not best.lacks or len(rivals) >= _PATIENT_LOOKS


def is_worth_a_glance(measures: Measures, best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether a second look at a few lines could confirm the only look at the page."""
    whole = best.strength.is_complete and not best.lacks
    return best.legible and whole and not measures.bilevel and len(_rivals(best, readings)) == 1


def is_seconded(
    measures: Measures, best: Reading, readings: Sequence[Reading], codes: Sequence[Coded]
) -> bool:
    """Tells whether a code on the page is the last look that a payment needs: it says the same of it."""
    told = best.strength
    looks = len(_rivals(best, readings))
    if not best.legible or not told.is_complete or best.lacks:
        return False
    if looks < (_FAX_LOOKS - 1 if measures.bilevel else 1) or is_contested(measures, best, readings):
        return False
    return any(_says_the_same(coded, told.unprotected) for coded in codes if coded.amount and coded.day)


def _says_the_same(coded: Coded, proofs: Iterable[Proof]) -> bool:
    amount, day = frozenset({abs(Decimal(coded.amount))}), frozenset({date.fromisoformat(coded.day)})
    return all(proof.values == (amount if proof.kind == "amount" else day) for proof in proofs)


def is_worth_an_opinion(measures: Measures, best: Reading, readings: Sequence[Reading]) -> bool:
    """Tells whether another engine could settle what the looks so far left open."""
    whole = best.legible and best.strength.is_complete and not best.lacks
    # Without greys both may see the same wrong digit: there it is one look more, and no more.
    return whole and len(_rivals(best, readings)) >= (_FAX_LOOKS - 1 if measures.bilevel else 1)


def is_backed(
    measures: Measures, best: Reading, readings: Sequence[Reading], opinion: Opinion | None
) -> bool:
    """Tells whether another engine reads the amounts and days of a reading as it does.

    Where the looks contradict each other it must read all that the page proves. It cannot back what it alone
    has read, nor what more looks saw otherwise; without greys one look against another is not enough, and
    an amount that nobody charges needs every look.
    """
    told = best.strength
    if opinion is None or not opinion.said.issuperset(to_be_seconded(best, readings)):
        return False
    own = [r.strength.proofs for r in _rivals(best, readings) if not r.is_others]
    for proof in told.unprotected:
        votes = Counter(o.values for proofs in own for o in proofs if o.is_beside(proof))
        for_it = votes.pop(proof.values, 0)
        against = max(votes.values(), default=0)
        if for_it < max(against, 2 if against and measures.bilevel else 1):
            return False
    if not is_contested(measures, best, readings):
        return True
    if not opinion.said.issuperset(told.proofs):
        return False
    return not told.is_strange or (measures.bilevel and _is_unanimous(told, own))


def _is_unanimous(told: Strength, looks: Sequence[tuple[Proof, ...]]) -> bool:
    """Tells whether each of at least three looks reads the same amounts and days, and no others."""
    return len(looks) >= _FAX_LOOKS and all(
        [{o.values for o in proofs if o.is_beside(proof)} for proofs in looks]
        == [{proof.values}] * len(looks)
        for proof in told.unprotected
    )


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


def spent() -> float:
    """Gives the processor seconds of this process and its children, which other work does not stretch."""
    return sum(os.times()[:4])


# --- one look ----------------------------------------------------------------------------------


def look(picture: Image.Image, hypothesis: Hypothesis, clues: Clues, seconds: float) -> Reading | None:
    """Reads a page by one hypothesis, or not at all within the seconds; raises OcrUnavailable."""
    table = table_of(prepared(picture, hypothesis), hypothesis.psm, hypothesis.threshold, seconds)
    return None if table is None else reading_of(table, picture, hypothesis, clues)


def reading_of(table: str, picture: Image.Image, hypothesis: Hypothesis, clues: Clues) -> Reading:
    """Makes a reading of what tesseract wrote about a picture that was prepared by a hypothesis."""
    seen = seen_in(table)
    height = statistics.median(s.word.bottom - s.word.top for s in seen) if seen else 0.0
    # A frame or a table's rule is sometimes read as one letter as high as the page.
    seen = [s for s in seen if s.word.bottom - s.word.top <= 6 * height]
    tilt = _tilt(seen)
    size = upright_size(picture, hypothesis)
    words = tuple(_levelled(_scaled(s.word, 1 / hypothesis.scale), tilt, size) for s in seen)
    proved = strength(words, clues.terms)
    letters = [s for s in seen if len(s.word.text) >= 4 and s.word.text.isalpha() and s.confidence >= 60]
    found = replace(hypothesis, level=round(hypothesis.level + tilt, 1))
    return Reading(
        hypothesis=found,
        words=words,
        strength=proved,
        good=len(letters),
        wide=sum(w.x1 - w.x0 > 2 * (w.bottom - w.top) for w in words),
        height=height / hypothesis.scale,
        read_by=found.name,
        lacks=lacking(words, proved, clues),
    )


def glance(picture: Image.Image, best: Reading, scale: float, seconds: float) -> bool:
    """Looks again, at some scale, at the values that no check digits protect: are they the same?

    Costs a fraction of a look at the page; raises OcrUnavailable.
    """
    unprotected = best.strength.unprotected
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
    words = [_scaled(s.word, 1 / scale) for s in seen_in(table)]
    return all(
        is_said(proof, " ".join(w.text for w in words if top < (w.top + w.bottom) / 2 < top + strip.height))
        for proof, top, strip in zip(unprotected, tops, strips, strict=True)
    )


def _around(words: Sequence[Word]) -> tuple[int, int, int, int]:
    top, bottom = min(w.top for w in words), max(w.bottom for w in words)
    # Close to the left, where a colon or a glued label ends.
    left, right = words[0].x0 - (bottom - top) / 8, words[-1].x1 + (bottom - top)
    return round(left), round(2 * top - bottom), round(right), round(2 * bottom - top)


def _tilt(seen: Sequence[Seen]) -> float:
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
