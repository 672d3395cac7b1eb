"""taking_in: signed papers that were handed in: noted by their case, which closes where it is complete."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.acts.acting import Act, Deed, acting
from pipeline.acts.followup import an_entry, close_complete
from pipeline.domain import Case, Event
from pipeline.domain.cases import is_number
from pipeline.domain.faults import OperatorFault
from pipeline.office.shop import Shop

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


def take_in(shop: Shop, numbers: Iterable[str], act: Act) -> TakenIn:
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
    if not fresh:
        return TakenIn((), tuple(named), ())
    now, today = shop.clock(), shop.today()
    received = tuple(case.number for case in fresh)
    # What was seen of one case is asked; of a heap, each was looked at as it was taken in.
    about = received[0] if len(received) == 1 else ""
    with acting(shop, Deed("paper", about, body={"cases": received}), act):
        shop.ledger.add_entries(
            (an_entry(case, Event.FORM_RECEIVED, today, f"desk/{now:%Y%m%dT%H%M%S}") for case in fresh), ""
        )
        again = (shop.ledger.case(case.number) for case in fresh)
        closed = close_complete(shop, [case for case in again if case], today, now)
    known = tuple(number for number in named if number not in received)
    return TakenIn(received, known, tuple(case.number for case in closed))


def why_not(shop: Shop, typed: str) -> str:
    """Names why a number cannot be taken in ("mistyped", "unknown", …), "" where it can; writes nothing."""
    number = as_typed(typed)
    return _fault(shop, shop.ledger.case(number) if is_number(number) else None, number)


def _fault(shop: Shop, case: Case | None, number: str) -> str:
    if not is_number(number):
        return "mistyped"
    if case is None:
        return "unknown"
    if not shop.policy.completion.wants_paper(case.procedure):
        return "no_paper_due"
    return "closed" if case.is_closed and Event.FORM_RECEIVED not in case.events else ""
