"""followup: what becomes of open cases when no mail comes: the complete close, the forgotten are reminded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from pipeline.domain import Case, Entry, Event, Letter
from pipeline.domain.cases import sent_on
from pipeline.domain.faults import origin
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger import stops
from pipeline.ledger.book import Judged, Ledger
from pipeline.ledger.casework import address_of, has_bounced
from pipeline.letters.cover_sheet import Covered, cover_sheet
from pipeline.letters.inform import inform
from pipeline.office.planning import plan
from pipeline.office.shop import Shop
from pipeline.office.world import is_the_worlds
from pipeline.policy.reminders import Reminder, most_pressing

# So long nobody is reminded after a letter of ours.
_UNDISTURBED = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """What became of the open cases in a night.

    `reminded` tells how many people were reminded of what, `put_off` how many are left for the next night;
    `broken` maps the cases about which no letter could be written to where that failed.
    """

    reminded: Mapping[str, int] = field(default_factory=dict)
    put_off: int = 0
    broken: Mapping[str, str] = field(default_factory=dict)


def follow_up(shop: Shop, cases: Sequence[Case], day: date, now: datetime) -> FollowedUp:
    """Closes what is complete of the open cases, reminds the others, and tells what came of it.

    Call inside a transaction.
    """
    ledger = shop.ledger
    closed, broken = _closed(shop, cases, day, now)
    # What is wrong with the answers may be wrong with these.
    if stops.open_stop(ledger):
        return FollowedUp(broken=broken)
    numbers = {case.number for case in closed}
    still_open = [case for case in cases if case.number not in numbers]
    followed = remind(shop, still_open, ledger.open_holds(), day, now)
    return replace(followed, broken={**broken, **followed.broken})


def close_complete(shop: Shop, cases: Iterable[Case], day: date, now: datetime) -> list[Case]:
    """Closes the complete cases and tells those who sent paper; call inside a transaction."""
    return _closed(shop, cases, day, now)[0]


def _closed(
    shop: Shop, cases: Iterable[Case], day: date, now: datetime
) -> tuple[list[Case], Mapping[str, str]]:
    policy, broken = shop.policy, dict[str, str]()
    complete = [c for c in cases if policy.completion.is_complete(c, day, policy.working_days)]
    for case in complete:
        with _costs_itself_alone(shop.ledger, case, broken):
            shop.ledger.add_entries([an_entry(case, Event.CLOSED, day, f"complete/{day}")], sender="")
            recipient = address_of(shop.ledger, case)
            if recipient and policy.completion.wants_paper(case.procedure):
                letter = inform("replies/complete", case, recipient, policy, now)
                plan(shop.ledger, replace(letter, about=f"{case.number}/{day}"), now)
    return [case for case in complete if case.number not in broken], broken


@contextmanager
def _costs_itself_alone(ledger: Ledger, case: Case, broken: dict[str, str]) -> Iterator[None]:
    """Lets what fails over one case leave that case as it was, and everybody else's night as it should be."""
    try:
        with ledger.attempt():
            yield
    except Exception as fault:
        if is_the_worlds(fault):
            raise
        broken[case.number] = origin(fault)


def remind(
    shop: Shop, cases: Sequence[Case], holds: Sequence[Judged], day: date, now: datetime
) -> FollowedUp:
    """Reminds people of the step that stays away, each of one thing, on working days; so many in a night.

    Nobody is asked for what lies on an official's desk, or at an address that sends our letters back. Who
    has just had a letter of ours has something to do already, and hears of it another night. Call inside
    a transaction.
    """
    policy, ledger = shop.policy, shop.ledger
    if not policy.working_days.is_working_day(day):
        return FollowedUp()
    busy, most = _on_the_desk(cases, holds), shop.settings.budget.reminders_per_night
    sent: Counter[str] = Counter()
    broken: dict[str, str] = {}
    put_off = 0
    for case in cases:
        reminder = most_pressing(case, day, policy.reminders, policy.completion, policy.working_days)
        recipient = address_of(ledger, case) if reminder and case.number not in busy else ""
        if reminder is None or not recipient or has_bounced(ledger, recipient):
            continue
        if ledger.answers_since(recipient, now - _UNDISTURBED):
            continue
        if sent.total() >= most:
            put_off += 1
            continue
        with _costs_itself_alone(ledger, case, broken):
            ledger.add_entries([an_entry(case, Event.REMINDED, day, reminder.name)], sender="")
            plan(ledger, _reminder_letter(reminder, case, recipient, shop, now), now)
            sent[reminder.name] += 1
    return FollowedUp(sent, put_off, broken)


def _reminder_letter(reminder: Reminder, case: Case, recipient: str, shop: Shop, now: datetime) -> Letter:
    policy, words = shop.policy, shop.policy.texts.words
    covered = Covered(case.number, words["procedures"][case.procedure])
    covers = [cover_sheet([covered], words["cover_sheet"], policy.office)] if reminder.brings_cover else []
    letter = inform(
        f"replies/reminders/{reminder.name}",
        case,
        recipient,
        policy,
        now,
        covers=[cover.name for cover in covers],
        sent_on=sent_on(case),
        paid_on=case.steps.get(Event.PAID),
    )
    return replace(letter, enclosures=tuple(covers))


def _on_the_desk(cases: Iterable[Case], holds: Iterable[Judged]) -> Collection[str]:
    """Names the cases that a mail waiting for an official may be about: by number, person or sender.

    A mail that nobody believes is about none.
    """
    numbers: set[str] = set()
    people: set[IdentityNumber | None] = set()
    senders: set[str] = set()
    for held in holds:
        if not held.decision.is_believed:
            continue
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
        address = case.holder.address if case.holder else ""
        if case.number in numbers or case.identity_number in people or address in senders:
            yield case.number


def an_entry(case: Case, event: Event, day: date, proof: str) -> Entry:
    """Writes one line about a case that brings neither list nor receipt."""
    return Entry(case.number, case.procedure, case.identity_number, event, day, proof)
