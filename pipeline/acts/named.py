"""named: who stands on a list that somebody else has sent hears of it, by a letter of their own.

It goes to the work address that the list gives, once for each case, and speaks of nobody else. It is also how
somebody learns that a list was sent in their name without their knowledge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import islice

from pipeline.domain import Case, Entry, Event, Letter, Submission
from pipeline.domain.cases import fold_case
from pipeline.ledger.book import Ledger
from pipeline.ledger.casework import has_bounced
from pipeline.ledger.listed_people import (
    is_told_of_listing,
    share_address,
    told_since,
)
from pipeline.letters.answer import list_day_told
from pipeline.letters.inform import inform
from pipeline.mail.addresses import answer_to
from pipeline.policy.checks import within
from pipeline.policy.policy import Policy

_TEXT = "reports/replies/on-a-list.txt"


def letters_to_named(
    ledger: Ledger, entries: Iterable[Entry], submission: Submission, policy: Policy, now: datetime
) -> tuple[Letter, ...]:
    """Writes to everybody whom a list opens a case for.

    Nothing is written to the list's own sender, to an address outside the office's domains, to a program's,
    to one that several people share, or to one that sends our letters back; nor beyond a day's budget.
    """
    entries = tuple(entries)
    opened = [entry for entry in entries if entry.event is Event.LISTED]
    most = policy.office.listed_told_per_day
    # Texts that were kept before there was such a letter have no words for it.
    if not opened or not most or _TEXT not in policy.files:
        return ()
    left = max(0, most - told_since(ledger, now - timedelta(days=1)))
    reachable = islice(_reachable(ledger, opened, submission, policy), left)
    paid = {entry.case for entry in entries if entry.receipt}
    return tuple(_letter(case, address, case.number not in paid, policy, now) for case, address in reachable)


def _letter(case: Case, address: str, is_to_pay: bool, policy: Policy, now: datetime) -> Letter:
    return inform(
        "replies/on-a-list",
        case,
        address,
        policy,
        now,
        identity_number=str(case.identity_number),
        list_day=list_day_told(now, policy),
        whose="own",
        is_to_pay=is_to_pay,
        covers=[],
    )


def _reachable(
    ledger: Ledger, opened: Iterable[Entry], submission: Submission, policy: Policy
) -> Iterator[tuple[Case, str]]:
    # Who only bears the sender's address hears nothing where the answer goes elsewhere.
    answered = answer_to(submission).lower()
    opened = list(opened)
    whose: dict[str, set[str]] = {}
    for entry in opened:
        if entry.holder:
            whose.setdefault(entry.holder.address, set()).add(entry.identity_number.digits)
    for entry in opened:
        address = (entry.holder.work_email or "").lower() if entry.holder else ""
        case = fold_case([entry])
        if (
            address != answered
            and _is_a_persons(address, policy)
            # Of the same list, too: its people are not in the ledger before its letters are written.
            and len(whose[address]) == 1
            and not share_address(ledger, case, address)
            and not is_told_of_listing(ledger, case.number)
            and not has_bounced(ledger, address)
        ):
            yield case, address


def _is_a_persons(address: str, policy: Policy) -> bool:
    """Tells whether an address may be one of the office's people: none of ours, and no program's."""
    office = policy.office
    local, _, host = address.rpartition("@")
    units = (*office.own_addresses, office.it_unit, office.kamu_sm, office.batch_recipient)
    return (
        bool(local)
        and address not in {unit.lower() for unit in units}
        and any(within(host, domain) for domain in office.corporate_domains)
        and not any(within(host, domain) for domain in office.kamu_sm_domains)
        and not any(fnmatchcase(local, pattern) for pattern in policy.mail_words.robots.senders)
    )
