"""conversation: what a list puts right of the one before it, told row by row and column by column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.domain import Consequence, Decision, Evidence, Finding, Holder
from pipeline.domain.turkish import fold


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was, is or has become wrong: whose row (None for the file or the mail), and what."""

    holder: Holder | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the faults of the list before: put right, left, new, or in a row that is missing."""

    now_right: tuple[Point, ...] = ()
    left: tuple[Point, ...] = ()
    new: tuple[Point, ...] = ()
    missing: tuple[Point, ...] = ()


def list_before(earlier: Iterable[Decision], evidence: Evidence) -> Decision | None:
    """Picks from earlier decisions, the newest first, the one that a list goes on from.

    That is the last one with somebody of this list in it. A mail without any readable row counts
    where the sender was asked for a list. What was not returned needs no correction.
    """
    if not evidence.holders:
        return None
    for decision in earlier:
        rows = decision.evidence.holders
        known = any(_match(row, evidence.holders) for row in rows)
        if known or (not rows and _returns(decision)):
            return decision if _returns(decision) else None
    return None


def is_as_asked(earlier: Iterable[Decision], evidence: Evidence) -> bool:
    """Tells whether a list has nobody but those whose rows we sent back: we had asked for no other row."""
    before = list_before(earlier, evidence)
    returned = [point.holder for point in _returns(before) if point.holder] if before else []
    return bool(returned) and all(_match(holder, returned) for holder in evidence.holders)


def compare(before: Decision, now: Decision) -> Comparison:
    """Compares two decisions about the same people; a person is known by number, name or address."""
    now_right: list[Point] = []
    left: list[Point] = []
    missing: list[Point] = []
    old: list[Point] = []
    for point in _returns(before):
        if point.holder is None:
            again = any(_same_fault(point, other) for other in _returns(now) if other.holder is None)
            (left if again else now_right).append(point)
            continue
        row = _match(point.holder, now.evidence.holders)
        if row is None:
            missing.append(point)
            continue
        faults = [other for other in _returns(now) if other.holder == row and _same_fault(point, other)]
        old += faults
        if faults:
            left.append(Point(row, faults[0].finding))
        else:
            now_right.append(Point(row, point.finding))
    new = [p for p in _returns(now) if p not in old and p not in left]
    return Comparison(*map(_once, (now_right, left, new, missing)))


def _returns(decision: Decision) -> list[Point]:
    holders = decision.evidence.holders
    return [
        Point(holders[f.index] if f.subject == "holder" else None, f)
        for f in decision.findings
        if f.consequence is Consequence.RETURN
    ]


def _same_fault(one: Point, other: Point) -> bool:
    # A number that was too short and now has a wrong digit is still the same fault to its writer.
    if one.holder is None:
        return one.finding.rule == other.finding.rule
    return one.finding.field == other.finding.field


def _once(points: Iterable[Point]) -> tuple[Point, ...]:
    """Keeps one point for each row and column, whatever the number of rules that spoke of it."""
    kept: dict[tuple[object, ...], Point] = {}
    for point in points:
        holder, finding = point.holder, point.finding
        where = (holder.file, holder.sheet, holder.row) if holder else (finding.subject, finding.index)
        kept.setdefault((*where, finding.field if holder else finding.rule), point)
    return tuple(kept.values())


def _match(holder: Holder, others: Iterable[Holder]) -> Holder | None:
    """Finds the row of the same person: by number, or else by name, or else by address."""
    others = tuple(others)
    for key in (_number, _name, _address):
        if (own := key(holder)) and (found := [o for o in others if key(o) == own]):
            return found[0]
    return None


def _number(holder: Holder) -> str:
    return holder.identity_number.digits if holder.identity_number else ""


def _name(holder: Holder) -> str:
    return fold(holder.name) if holder.given_name else ""


def _address(holder: Holder) -> str:
    return fold(holder.work_email or "")
