"""settling: held entries + the ledger of today → those that cannot be made any more, and why.

An entry is thought out on the day its mail came, and made on the day an official says so. What happened in
between (the same person accepted by another mail, the same receipt spent) only the day of the word can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.domain import Case, Entry, Event, Procedure
from pipeline.domain.cases import receipt_key
from pipeline.domain.turkish import IdentityNumber

Why = Literal["opened", "twice", "gone", "closed", "overtaken", "spent", "paid"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand today for some held entries.

    `cases` by number; `open_cases` by person and procedure; `spent` maps a receipt's key to the case that it
    was used for. `overtaken` are the cases that a later mail has corrected, `paid` those paid since the held
    mail was judged.
    """

    cases: Mapping[str, Case] = field(default_factory=dict)
    open_cases: Mapping[tuple[IdentityNumber, Procedure], Case] = field(default_factory=dict)
    spent: Mapping[str, str] = field(default_factory=dict)
    overtaken: frozenset[str] = frozenset()
    paid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stale:
    """A held entry that cannot be made any more: its case, why, and the case that is in its way or ""."""

    case: str
    why: Why
    other: str = ""


def stale(entries: Sequence[Entry], standing: Standing) -> tuple[Stale, ...]:
    """Judges held entries again by how things stand today; () where all of them can be made."""
    found: list[Stale] = []
    for at, entry in enumerate(entries):
        why = _why(entry, entries[:at], standing)
        if why and why not in found:
            found.append(why)
    return tuple(found)


def _why(entry: Entry, before: Sequence[Entry], standing: Standing) -> Stale | None:
    case = standing.cases.get(entry.case)
    opens_here = any(e.case == entry.case and e.event is Event.LISTED for e in before)
    if any((e.case, e.event) == (entry.case, entry.event) for e in before):
        return Stale(entry.case, "twice")
    other = standing.open_cases.get((entry.identity_number, entry.procedure))
    if other and other.number != entry.case:
        return Stale(entry.case, "opened", other.number)
    if entry.event is Event.LISTED:
        return Stale(entry.case, "opened", entry.case) if case else None
    may_open = entry.event is Event.PAID and entry.procedure is not Procedure.LOST_OR_STOLEN
    if case is None and not (opens_here or may_open):
        return Stale(entry.case, "gone")
    if case and case.is_closed and not _goes_on(entry, case):
        return Stale(entry.case, "closed")
    if entry.event is Event.AMENDED and entry.case in standing.overtaken:
        return Stale(entry.case, "overtaken")
    return _why_unpaid(entry, before, standing) if entry.receipt else None


def _goes_on(entry: Entry, case: Case) -> bool:
    """Tells whether a closed case goes on with a list: after a withdrawal it does, by an official's word."""
    closing = [event for event in case.events if event in (Event.WITHDRAWN, Event.CLOSED)]
    return entry.event is Event.AMENDED and closing[-1] is Event.WITHDRAWN


def _why_unpaid(entry: Entry, before: Sequence[Entry], standing: Standing) -> Stale | None:
    assert entry.receipt
    key = receipt_key(entry.receipt)
    if key in standing.spent:
        return Stale(entry.case, "spent", standing.spent[key])
    if any(e.receipt and receipt_key(e.receipt) == key for e in before):
        return Stale(entry.case, "twice")
    return Stale(entry.case, "paid") if entry.case in standing.paid else None
