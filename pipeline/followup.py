"""followup: what becomes of open cases when no mail comes: the complete ones close."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from pipeline.adapters.casework import address_of
from pipeline.domain import Case, Entry, Event
from pipeline.shop import Shop, plan
from pipeline.stages.inform import inform


def close_complete(shop: Shop, cases: Iterable[Case], day: date, now: datetime) -> list[Case]:
    """Closes the complete cases and tells those who sent paper; call inside a transaction."""
    policy = shop.policy
    complete = [c for c in cases if policy.completion.is_complete(c, day, policy.working_days)]
    for case in complete:
        shop.ledger.add_entries([an_entry(case, Event.CLOSED, day, f"complete/{day}")], sender="")
        recipient = address_of(shop.ledger, case)
        if recipient and policy.completion.wants_paper(case.procedure):
            about = f"{case.number}/{day}"
            plan(shop.ledger, inform("replies/complete", case, recipient, policy, now, about=about), now)
    return complete


def an_entry(case: Case, event: Event, day: date, proof: str) -> Entry:
    """Writes one line about a case that brings neither list nor receipt."""
    return Entry(case.number, case.procedure, case.identity_number, event, day, proof)
