"""desk: what an official does by command: takes in paper, releases lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.cases import is_number
from pipeline.domain import Case, Event
from pipeline.faults import OperatorFault
from pipeline.followup import an_entry, close_complete
from pipeline.releasing import Released, release
from pipeline.shop import Shop, plan

# A bar-code reader types by the keys of another keyboard: the dash arrives as what lies there.
_READ = re.compile(r"([GN])[^0-9A-Z]?([0-9A-Z]{8})")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of the papers that were handed in: cases marked, marked before, and closed by it."""

    received: tuple[str, ...]
    known: tuple[str, ...]
    closed: tuple[str, ...]


def as_typed(text: str) -> str:
    """Reads a case number as people and bar-code readers type it.

    >>> as_typed("n*0000000h "), as_typed("N0000000H"), as_typed("12")
    ('N-0000000H', 'N-0000000H', '12')
    """
    found = _READ.fullmatch(text.strip().upper())
    return f"{found[1]}-{found[2]}" if found else text.strip()


def take_in(shop: Shop, numbers: Iterable[str]) -> TakenIn:
    """Notes that the signed forms of some cases are here, and closes those that are complete; all or none.

    Raises OperatorFault with every number that is wrong.
    """
    named = dict.fromkeys(map(as_typed, numbers))
    if not named:
        raise OperatorFault("no_numbers")
    cases = {number: shop.ledger.case(number) for number in named if is_number(number)}
    wrong = [(number, fault) for number in named if (fault := _fault(shop, cases.get(number), number))]
    if wrong:
        raise OperatorFault("wrong_cases", wrong=wrong)
    fresh = [c for c in cases.values() if c and Event.FORM_RECEIVED not in c.events]
    now, today = shop.clock(), shop.today()
    with shop.ledger.transaction():
        shop.ledger.add_entries(
            (an_entry(case, Event.FORM_RECEIVED, today, f"desk/{now:%Y%m%dT%H%M%S}") for case in fresh), ""
        )
        again = (shop.ledger.case(case.number) for case in fresh)
        closed = close_complete(shop, [case for case in again if case], today, now)
    received = tuple(case.number for case in fresh)
    known = tuple(number for number in named if number not in received)
    return TakenIn(received, known, tuple(case.number for case in closed))


def _fault(shop: Shop, case: Case | None, number: str) -> str:
    if not is_number(number):
        return "mistyped"
    if case is None:
        return "unknown"
    if not shop.policy.completion.wants_paper(case.procedure):
        return "no_paper_due"
    return "closed" if case.is_closed and Event.FORM_RECEIVED not in case.events else ""


def release_list(shop: Shop, name: str, by: str) -> Released:
    """Sends a list that waited for its release to Kamu SM; raises OperatorFault where none can be sent."""
    now = shop.clock()
    with shop.ledger.transaction():
        released = release(shop.ledger, name, by, name, shop.policy, now, shop.today())
        if released.letter:
            shop.ledger.add_entries(released.entries, sender="")
            plan(shop.ledger, released.letter, now)
    if released.state != "done":
        at = released.at and released.at.astimezone(shop.settings.zone)
        raise OperatorFault(f"release_{released.state}", batch=name, by=released.by, at=at)
    return released
