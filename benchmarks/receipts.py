"""Invented receipts, damaged along named axes: fields right, receipts decided right, held or wrong, and cost.

Run it as `python -m benchmarks.receipts` from the project's root. Every picture is read by our ladder, by
the same without its second engine, by the second engine alone, and by plain `tesseract --psm 3`, one after
the other; all readings go through the same layouts. Time is that of the processors, children included.
Seed 1 is for work on the reader; a figure that is told comes from a seed that no work has used.

A receipt counts as decided when one layout fits, identity number, amount, day and rail are read and nothing
is unclear; as right when all four are true; as wrong when one is not. Wrongly accepted are those that would
pass for a valid payment of the lost-or-stolen procedure and are none. Every tenth receipt bears an amount
just beside the tariff.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from unittest.mock import patch

from PIL import Image

from pipeline.domain import Page, Receipt
from pipeline.domain.turkish import fold
from pipeline.papers.aslant import beside_its_name
from pipeline.papers.clues import Clues
from pipeline.papers.layouts import load_layouts, matching_picture, read_picture
from pipeline.papers.printed import lines_of
from pipeline.papers.rails import load_rails
from pipeline.papers.strength import lines_of as words_in_lines
from pipeline.papers.strength import repaired_iban, repaired_number
from pipeline.policy.checks import Verdict, only_known
from pipeline.policy.places import RULES
from pipeline.sandbox.scanner import second_engine
from pipeline.sandbox.scanner.ocr import FileReading, read_pages, reading_of
from pipeline.sandbox.scanner.pictures import plain
from pipeline.sandbox.scanner.preparation import Hypothesis
from pipeline.sandbox.scanner.scan import PRELOAD, timed_scan
from pipeline.sandbox.scanner.second_opinion import words_seen_otherwise
from pipeline.sandbox.workers import WorkerPool
from tests.receipt_damage import AXES, HARDER, damaged, picture_bytes
from tests.receipt_material import (
    DIRECTORATE_IBAN,
    LAYOUTS,
    ReceiptFacts,
    invented_facts,
    receipt_pdf,
    varied_style,
)

TARIFF = ("780.00", "300.00")
NEAR_MISSES = ("708.00", "730.00", "788.00", "330.00", "1030.00", "1088.00")
ACCEPTED_RAILS = ("KURUM ÖDEMESİ", "SANAL POS")
RAIL_NAMES = {
    "kurum": "KURUM ÖDEMESİ",
    "sanal pos": "SANAL POS",
    "fast": "FAST",
    "eft": "EFT",
    "havale": "HAVALE",
    "nakit": "NAKİT",
}
# What rules/receipt/known-words.toml asks about.
BESIDE = ("type", "title", "currency", "payee", "product", "print")
FIELDS = ("number", "amount", "day", "rail", "reference", "iban")
# At these nothing but resolution differs from the bank's own picture.
CLEAN = ("clean 300 dpi", "clean 200 dpi", "clean 150 dpi")
UPRIGHT = tuple(axis for axis in AXES if not axis.startswith("turned"))
ALL_AXES = (*AXES, *HARDER)

# A line may be several pieces, and the engine takes no more than thirty.
_LINES_AT_ONCE = 10
WAYS = ("ladder", "1 engine", "engine 2", "psm 3")

Read = Callable[[Image.Image], FileReading]
Decide = Callable[[FileReading], Receipt | None]


@dataclass(frozen=True)
class Case:
    """One invented receipt with what is true about it."""

    layout: str
    facts: ReceiptFacts
    pdf: bytes

    @property
    def is_valid_payment(self) -> bool:
        return self.facts.rail in ("kurum", "sanal pos") and self.facts.amount in _payable()


@dataclass
class Tally:
    """What one way of reading made of the receipts of one axis."""

    fields: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    verdicts: list[str] = field(default_factory=list)
    wrongly_accepted: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name in FIELDS:
            self.fields[name] += other.fields[name]
        self.verdicts += other.verdicts
        self.wrongly_accepted += other.wrongly_accepted
        self.seconds += other.seconds


def _payable() -> set[Decimal]:
    single = {Decimal(amount) for amount in TARIFF}
    return single | {sum(single, Decimal(0))}


def cases(seed: int, axis: str, count: int, layouts: Sequence[str]) -> Iterator[Case]:
    """Draws the receipts of one axis: layouts take turns, every tenth bears a near miss."""
    for i in range(count):
        layout = layouts[i % len(layouts)]
        draw = seed * 100_000 + ALL_AXES.index(axis) * 1_000 + i
        facts = invented_facts(layout, draw)
        if i % 10 == 9:
            facts = replace(facts, amount=Decimal(NEAR_MISSES[draw % len(NEAR_MISSES)]))
        yield Case(layout, facts, receipt_pdf(layout, facts, varied_style(draw)))


# --- ways of reading -----------------------------------------------------------------------


def by_ladder(clues: Clues) -> Read:
    """Reads as the scanner does, with both engines."""
    return lambda picture: read_pages([(1, plain(picture))], clues)


def by_one_engine(clues: Clues) -> Read:
    """Reads as the scanner does where the second engine is not installed."""
    read = by_ladder(clues)

    def without(picture: Image.Image) -> FileReading:
        with patch.object(second_engine, "is_installed", lambda: False):
            return read(picture)

    return without


def by_tesseract(picture: Image.Image) -> FileReading:
    """Reads as the program `tesseract --psm 3` does, started for this page, with its boxes as they are."""
    grey = plain(picture).convert("L")
    table = bare_tesseract(picture_bytes(grey, "PPM"))
    words = reading_of(table, grey, Hypothesis(psm=3), Clues()).words
    return FileReading((Page(1, picture.width, picture.height, words, "tesseract"),))


def by_second_engine(picture: Image.Image) -> FileReading:
    """Reads every line with the second engine alone, which finds none itself: where tesseract found them."""
    (page,) = by_tesseract(picture).pages
    grey = plain(picture).convert("L")
    lines = words_in_lines(page.words)
    few = [lines[at : at + _LINES_AT_ONCE] for at in range(0, len(lines), _LINES_AT_ONCE)]
    told = [words_seen_otherwise(grey, [w for line in some for w in line], whole=True) for some in few]
    return FileReading((replace(page, words=tuple(w for words in told for w in words)),))


def by_layouts(clues: Clues) -> Decide:
    """Decides as the reading stage does with pictures: one layout or none."""
    layouts, rails = clues.layouts, clues.rails
    harmless = tomllib.loads((RULES / "receipt" / "across.toml").read_text("utf-8"))["wants"]

    def decide(reading: FileReading) -> Receipt | None:
        if reading.problem or reading.notes:
            return None
        lines = [line for page in reading.pages for line in lines_of(page)]
        names = matching_picture(lines, layouts)
        if len(names) != 1:
            return None
        across = [text for page in reading.pages for text in page.across]
        if only_known(beside_its_name(across, layouts[names[0]], rails), harmless) is not Verdict.PASSES:
            return None
        return read_picture(lines, names[0], layouts[names[0]], rails)

    return decide


# --- judging -----------------------------------------------------------------------------------


def fields_right(case: Case, reading: FileReading) -> dict[str, bool | None]:
    """Tells which values stand in the words, wherever they stand; None for those not printed."""
    words = [word.text for page in reading.pages for word in page.words]
    lines = [" ".join(w.text for w in line) for page in reading.pages for line in words_in_lines(page.words)]
    text = "|".join(fold(line).replace(" ", "") for line in lines)
    printed = {fold(value).replace(" ", "") for _, value in LAYOUTS[case.layout](case.facts).rows}
    facts = case.facts
    day = next(
        form
        for form in (f"{facts.paid_at:%d.%m.%Y}", f"{facts.paid_at:%d/%m/%Y}", f"{facts.paid_at:%Y-%m-%d}")
        if any(form in value for value in printed)
    )
    number = facts.identity_number in printed
    return {
        "number": _has_number(words, facts.identity_number) if number else None,
        "amount": bool(re.search(_amount_pattern(facts.amount), text)),
        "day": day in text,
        "rail": any(fold(name).replace(" ", "") in text for name in _rail_words(case)),
        "reference": facts.reference in text,
        "iban": _has_iban(lines, facts.payee_iban) if fold(facts.payee_iban) in printed else None,
    }


def _has_number(words: Iterable[str], number: str) -> bool:
    return any(number in (word, repaired_number(word)) or number in word for word in words)


def _has_iban(lines: Iterable[str], iban: str) -> bool:
    bare = (re.sub(r"[\W_]", "", line) for line in lines)
    return any(
        repaired_iban(line[m.start() : m.start() + 26]) == iban
        for line in bare
        for m in re.finditer("TR", line)
    )


def _amount_pattern(amount: Decimal) -> str:
    whole = f"{amount:.0f}"
    if len(whole) > 3:
        whole = f"{whole[:-3]}[.,]?{whole[-3:]}"
    return rf"(?<![0-9.,]){whole}[.,]00(?![0-9])"


def _rail_words(case: Case) -> tuple[str, ...]:
    names = {"kurum": ("kurum ödemesi",), "sanal pos": ("sanal pos",), "fast": ("fast",), "eft": ("eft",)}
    return names.get(case.facts.rail, ("havale",))


def verdict(case: Case, receipt: Receipt | None) -> tuple[str, bool]:
    """Names what became of a receipt, and tells whether it was wrongly accepted.

    It is held where one of the values that rules ask about is missing or unclear: the account too where a
    transfer went to the directorate's, as those of family physicians do; and what is printed beside them,
    of what would be accepted.
    """
    facts = case.facts
    fields = ["identity_number", "amount", "paid_on", "rail"]
    true = [facts.identity_number, facts.amount, facts.paid_at.date(), RAIL_NAMES[facts.rail]]
    if facts.payee_iban == DIRECTORATE_IBAN and RAIL_NAMES[facts.rail] not in ACCEPTED_RAILS:
        fields.append("iban")
        true.append(facts.payee_iban)
    if receipt is None:
        return "held", False
    asked = {*fields, "state", *(BESIDE if receipt.rail in ACCEPTED_RAILS else ())}
    read = [getattr(receipt, field) for field in fields]
    if None in read or asked & set(receipt.unclear):
        return "held", False
    digits = receipt.identity_number.digits if receipt.identity_number else ""
    right = [digits, *read[1:]] == true
    accepted = receipt.rail in ACCEPTED_RAILS and receipt.amount in _payable()
    wrongly = accepted and not (case.is_valid_payment and right)
    return ("right" if right else "WRONG"), wrongly


def judged(case: Case, picture: Image.Image, read: Read, decide: Decide) -> Tally:
    """Reads one picture and judges what came of it."""
    tally = Tally()
    before = sum(os.times()[:4])
    reading = read(picture)
    tally.seconds.append(sum(os.times()[:4]) - before)
    for name, right in fields_right(case, reading).items():
        if right is not None:
            tally.fields[name].append(right)
    outcome, wrongly = verdict(case, decide(reading))
    tally.verdicts.append(outcome)
    tally.wrongly_accepted += wrongly
    return tally


# --- printing ----------------------------------------------------------------------------------


def _share(values: Sequence[bool]) -> str:
    return f"{100 * sum(values) / len(values):4.0f}%" if values else "   – "


def _row(name: str, way: str, tally: Tally) -> str:
    counts = [tally.verdicts.count(v) for v in ("right", "held", "WRONG")]
    cells = " ".join(f"{_share(tally.fields[name]):>6}" for name in FIELDS)
    return (
        f"{name:14} {way:9} {cells}   {_share([v == 'right' for v in tally.verdicts]):>6}"
        f" {counts[1]:5} {counts[2]:6} {tally.wrongly_accepted:9}"
        f"   {statistics.median(tally.seconds):6.2f} {statistics.mean(tally.seconds):6.2f}"
    )


def readers(clues: Clues, names: Sequence[str]) -> dict[str, Read]:
    """Gives the ways of reading by their names."""
    known: dict[str, Read] = {
        "ladder": by_ladder(clues),
        "1 engine": by_one_engine(clues),
        "engine 2": by_second_engine,
        "psm 3": by_tesseract,
    }
    return {name: known[name] for name in names}


def axes(seed: int, count: int, names: Sequence[str], ways: Mapping[str, Read], clues: Clues) -> None:
    """Prints a row of each way of reading for every axis, and the sums."""
    decide = by_layouts(clues)
    layouts = [name for name in LAYOUTS if name in clues.layouts]
    print(f"{'':14} {'':9} " + " ".join(f"{name[:6]:>6}" for name in FIELDS), end="")
    print("   decided  held  wrong  wrongly acc.  s/page  mean")
    groups = {"clean ≥150 dpi": CLEAN, "upright": UPRIGHT, "all": tuple(AXES), "harder": tuple(HARDER)}
    sums = {name: {way: Tally() for way in ways} for name in groups}
    for axis in names:
        found = {way: Tally() for way in ways}
        for i, case in enumerate(cases(seed, axis, count, layouts)):
            picture = damaged(case.pdf, axis, seed * 1_000 + i)
            for way, read in ways.items():
                tally = judged(case, picture, read, decide)
                found[way].add(tally)
                if tally.verdicts != ["right"]:
                    print(f"{axis} {i} {case.layout}: {way} {tally.verdicts[0]}", file=sys.stderr)
        _print_rows(axis, found)
        for name in (name for name, members in groups.items() if axis in members):
            for way, tally in found.items():
                sums[name][way].add(tally)
    for name, found in sums.items():
        if any(tally.verdicts for tally in found.values()):
            _print_rows(name, found)
            _print_ratio(found)


def _print_ratio(found: Mapping[str, Tally]) -> None:
    if {"ladder", "psm 3"} <= found.keys():
        pairs = zip(found["ladder"].seconds, found["psm 3"].seconds, strict=True)
        print(f"{'':14} median cost {statistics.median(a / b for a, b in pairs):.2f} × plain tesseract")


def _print_rows(name: str, found: Mapping[str, Tally]) -> None:
    for at, (way, tally) in enumerate(found.items()):
        print(_row("" if at else name, way, tally), flush=True)


def throughput(seed: int, pages: int, workers: int, names: Sequence[str]) -> None:
    """Prints pages a second of the pool beside those of bare tesseract with as many processes.

    Seconds of the clock are right on a machine that does nothing else, those of its processors on any.
    """
    clues = rulebook()
    turns = [names[i % len(names)] for i in range(pages)]
    sources = {axis: cases(seed, axis, pages, list(LAYOUTS)) for axis in turns}
    drawn = [next(sources[axis]) for axis in turns]
    files = [picture_bytes(damaged(case.pdf, turns[i], seed + i)) for i, case in enumerate(drawn)]
    with WorkerPool(workers, preload=PRELOAD) as pool:
        scan_all(pool, files[:workers], clues)
        started = time.perf_counter()
        our_cost = scan_all(pool, files, clues)
        ours = time.perf_counter() - started
    before = sum(os.times()[:4])
    with ThreadPoolExecutor(workers) as pool:
        started = time.perf_counter()
        list(pool.map(bare_tesseract, files))
        theirs = time.perf_counter() - started
    their_cost = sum(os.times()[:4]) - before
    print(f"{workers} workers, {pages} pages: pool {pages / ours:.2f}, ", end="")
    print(f"bare tesseract {pages / theirs:.2f} pages a second of the clock; that is {theirs / ours:.2f}")
    print(f"pool {our_cost / pages:.2f}, bare tesseract {their_cost / pages:.2f} ", end="")
    print(f"processor seconds a page; that is {their_cost / our_cost:.2f}")


def scan_all(pool: Executor, files: Sequence[bytes], clues: Clues) -> float:
    """Reads files through the pool, as a run does; gives the processor seconds that they have cost."""
    told = clues.as_json
    return sum(future.result()[0] for future in [pool.submit(timed_scan, data, told) for data in files])


def bare_tesseract(data: bytes) -> str:
    """Runs tesseract on a picture file, as anybody would, and gives its table."""
    done = subprocess.run(
        ["tesseract", "stdin", "stdout", "-l", "tur", "--psm", "3", "tsv"],
        input=data,
        capture_output=True,
        check=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    return done.stdout.decode()


def rulebook() -> Clues:
    """Gives the layouts and rails of this checkout, with the benchmark's own tariff."""
    rails = load_rails(tomllib.loads((RULES / "rails.toml").read_text("utf-8")))
    raw = {p.stem: tomllib.loads(p.read_text("utf-8")) for p in sorted((RULES / "layouts").glob("*.toml"))}
    return Clues(amounts=TARIFF, layouts=load_layouts(raw, rails), rails=rails)


def main() -> None:
    """Runs the benchmark that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=12, help="receipts an axis")
    parser.add_argument("--axes", nargs="*", default=None, choices=ALL_AXES, metavar="AXIS")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS, metavar="WAY")
    parser.add_argument("--throughput", type=int, default=0, metavar="PAGES", help="measure the pool instead")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.throughput:
        throughput(asked.seed, asked.throughput, asked.workers, asked.axes or ["clean 200 dpi"])
        return
    clues = rulebook()
    axes(asked.seed, asked.count, asked.axes or ALL_AXES, readers(clues, asked.ways), clues)


if __name__ == "__main__":
    main()
