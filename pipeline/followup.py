"""followup: what becomes of open cases when no mail comes: the complete close, the forgotten are reminded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from pipeline.adapters import stops
from pipeline.adapters.casework import address_of, has_bounced
from pipeline.adapters.ledger import Judged
from pipeline.cases import sent_on
from pipeline.cover_sheet import Covered, cover_sheet
from pipeline.domain import Case, Entry, Event, Letter
from pipeline.reminders import Reminder, most_pressing
from pipeline.shop import Shop, plan
from pipeline.stages.inform import inform
from pipeline.turkish import IdentityNumber

# So long nobody is reminded after a letter of ours.
_UNDISTURBED = timedelta(days=2)


def follow_up(shop: Shop, day: date, now: datetime) -> Mapping[str, int]:
    """Closes what is complete, reminds the others, and tells how many of what; call inside a transaction."""
    ledger = shop.ledger
    cases = [case for case in ledger.all_cases() if not case.is_closed]
    closed = {case.number for case in close_complete(shop, cases, day, now)}
    # What is wrong with the answers may be wrong with these.
    if stops.open_stop(ledger):
        return {}
    still_open = [case for case in cases if case.number not in closed]
    return remind(shop, still_open, ledger.open_holds(), day, now)


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


def remind(
    shop: Shop, cases: Sequence[Case], holds: Sequence[Judged], day: date, now: datetime
) -> Mapping[str, int]:
    """Reminds people of the step that stays away, each of one thing, on working days; gives how many of what.

    Nobody is asked for what lies on an official's desk, or at an address that sends our letters back. Who
    has just had a letter of ours has something to do already, and hears of it another night. Call inside
    a transaction.
    """
    policy, ledger = shop.policy, shop.ledger
    if not policy.working_days.is_working_day(day):
        return {}
    busy = _on_the_desk(cases, holds)
    sent: Counter[str] = Counter()
    for case in cases:
        reminder = most_pressing(case, day, policy.reminders, policy.completion, policy.working_days)
        recipient = address_of(ledger, case) if reminder and case.number not in busy else ""
        if reminder is None or not recipient or has_bounced(ledger, recipient):
            continue
        if ledger.answers_since(recipient, now - _UNDISTURBED):
            continue
        ledger.add_entries([an_entry(case, Event.REMINDED, day, reminder.name)], sender="")
        plan(ledger, _reminder_letter(reminder, case, recipient, shop, now), now)
        sent[reminder.name] += 1
    return sent


def _reminder_letter(reminder: Reminder, case: Case, recipient: str, shop: Shop, now: datetime) -> Letter:
    policy, words = shop.policy, shop.policy.texts.words
    covered = Covered(case.number, words["procedures"][case.procedure])
    covers = [cover_sheet([covered], words["cover_sheet"], policy.office)] if reminder.brings_cover else []
    return inform(
        f"replies/reminders/{reminder.name}",
        case,
        recipient,
        policy,
        now,
        enclosures=covers,
        covers=[cover.name for cover in covers],
        sent_on=sent_on(case),
        paid_on=case.steps.get(Event.PAID),
    )


def _on_the_desk(cases: Iterable[Case], holds: Iterable[Judged]) -> Collection[str]:
    """Names the cases that a mail waiting for an official may be about: by number, person or sender."""
    numbers: set[str] = set()
    people: set[IdentityNumber | None] = set()
    senders: set[str] = set()
    for held in holds:
        senders.add(held.sender.lower())
        numbers |= {entry.case for entry in held.decision.withheld}
        evidence = held.decision.evidence
        people |= {holder.identity_number for holder in evidence.holders}
        people |= {receipt.identity_number for receipt in evidence.receipts}
    return set(_meant(cases, numbers, people, senders))


def _meant(
    cases: Iterable[Case], numbers: Collection[str], people: Collection[object], senders: Collection[str]
) -> Iterator[str]:
    for case in cases:
        address = (case.holder.work_email or "").lower() if case.holder else ""
        if case.number in numbers or case.identity_number in people or address in senders:
            yield case.number


def an_entry(case: Case, event: Event, day: date, proof: str) -> Entry:
    """Writes one line about a case that brings neither list nor receipt."""
    return Entry(case.number, case.procedure, case.identity_number, event, day, proof)
