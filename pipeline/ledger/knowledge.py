"""knowledge: what is known that bears on one mail, asked once, before anybody thinks about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pipeline.domain import Case, Decision, Facts, Foretold, Holder, Matter
from pipeline.domain.cases import cases_among
from pipeline.domain.same_person import may_be_one
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.acquaintance import known_cases
from pipeline.ledger.acts import last_of_each
from pipeline.ledger.book import Ledger
from pipeline.ledger.casework import waiting_cases
from pipeline.ledger.likenesses import alike_receipts
from pipeline.ledger.numbers import case_numbers
from pipeline.ledger.samples import stopped_kinds
from pipeline.mail.addresses import answer_to
from pipeline.policy.naming import Naming


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of a mail, the decisions that its list may go on from, the newest first, and how many answers
    its reader has had of late."""

    facts: Facts
    earlier: tuple[Decision, ...]
    answers: int


def known_about(ledger: Ledger, matter: Matter, today: date, since: datetime, awaits_list: str) -> Known:
    """Gathers what one mail cannot know about itself; answers are counted from `since` on.

    `awaits_list` names the rule that holds receipts which came before their list.
    """
    submission, evidence = matter.submission, matter.evidence
    facts = ledger.facts(today, evidence, submission, awaits_list)
    facts = replace(
        facts,
        alike=alike_receipts(ledger, evidence.receipts),
        stopped=stopped_kinds(ledger) if evidence.receipts else frozenset(),
        numbers=case_numbers(ledger, matter.sha, evidence),
        twins=twins_of(ledger, evidence.holders) if evidence.holders else {},
        foretold=foretold_of(ledger, matter, facts, today),
    )
    facts = replace(facts, known=known_cases(ledger, cases_among(facts), submission))
    reader = answer_to(submission)
    # Only a list goes on from an earlier one.
    earlier = ledger.earlier_decisions(submission.sender, reader) if evidence.holders else ()
    return Known(facts, tuple(earlier), ledger.answers_since(reader, since))


def twins_of(ledger: Ledger, holders: Sequence[Holder]) -> Mapping[IdentityNumber, Case]:
    """Finds the open cases that may be those of listed people under other numbers.

    Who is kept off the lists by a person's word is no twin any more.
    """
    off = {done.about for done in last_of_each(ledger, ("off_list", "on_list")) if done.kind == "off_list"}
    days = {holder.born_on for holder in holders if holder.born_on}
    born_alike = [case for case in ledger.waiting_born_on(days) if case.number not in off]
    found: dict[IdentityNumber, Case] = {}
    for holder in holders:
        number = holder.identity_number
        alike = (*born_alike, *ledger.cases_addressed(holder.address)) if number else ()
        for case in alike:
            is_open = case.number not in off and case.identity_number != number
            if number and is_open and case.holder and may_be_one(holder, case.holder):
                found.setdefault(number, case)
    return found


# So long a word that came before any list is held against one that comes.
_REMEMBERED = timedelta(days=60)


def foretold_of(
    ledger: Ledger, matter: Matter, facts: Facts, today: date
) -> Mapping[IdentityNumber, Foretold]:
    """Finds what people wrote before a list named them that may be against it, and that nobody has read.

    Once they have a case their words are heard of that. What nobody understood of whoever sends a list
    themselves was before they had it ready.
    """
    sender, since = matter.submission.sender, today - _REMEMBERED
    found: dict[IdentityNumber, Foretold] = {}
    for holder in matter.evidence.holders:
        number = holder.identity_number
        if number is None or number in facts.cases or not holder.address:
            continue
        is_own = holder.address == sender
        if mail := ledger.foretelling(holder.address, since, ("withdrawal",) if is_own else ()):
            found[number] = Foretold(mail, is_own)
    return found


def others_named(ledger: Ledger, words: str, facts: Facts, sender: str) -> tuple[Case, ...]:
    """Finds others who wait for a list and are named, by a title alone where the sender is of their house."""
    if not words:
        return ()
    own = {case.number for case in (*facts.sender_cases, *facts.sent_cases, *facts.cases.values())}
    house, naming = sender.rpartition("@")[2], Naming.of(words)

    def is_named(holder: Holder) -> bool:
        is_of_the_house = holder.address.rpartition("@")[2] == house
        return naming.gives_in_full(holder) or (is_of_the_house and naming.gives_by_title(holder))

    ours = naming.ours | {number for mail in naming.ours for number in _listed_by(ledger, mail)}
    waiting = (case for case in waiting_cases(ledger) if case.number not in own)
    return tuple(c for c in waiting if c.holder and (c.number in ours or is_named(c.holder)))


def _listed_by(ledger: Ledger, mail: str) -> Iterator[str]:
    """Names the cases that a mail, told by its number, has listed."""
    judged = ledger.judged_number(mail)
    return (entry.case for entry in judged.decision.entries if entry.holder) if judged else iter(())


def others_of_the_house(ledger: Ledger, facts: Facts, sender: str) -> tuple[Case, ...]:
    """Finds all who wait for a list with an address of their writer's own house."""
    own = {case.number for case in (*facts.sender_cases, *facts.sent_cases, *facts.cases.values())}
    house = sender.rpartition("@")[2]
    waiting = (c for c in waiting_cases(ledger) if c.holder and c.holder.address.rpartition("@")[2] == house)
    return tuple(case for case in waiting if house and case.number not in own)
