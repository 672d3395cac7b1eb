"""knowledge: what is known that bears on one mail, asked once, before anybody thinks about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from pipeline.domain import Case, Decision, Facts, Holder, Matter
from pipeline.domain.cases import cases_among
from pipeline.ledger.acquaintance import known_cases
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
        known=known_cases(ledger, cases_among(facts), submission),
    )
    reader = answer_to(submission)
    # Only a list goes on from an earlier one.
    earlier = ledger.earlier_decisions(submission.sender, reader) if evidence.holders else ()
    return Known(facts, tuple(earlier), ledger.answers_since(reader, since))


def others_named(ledger: Ledger, words: str, facts: Facts, sender: str) -> tuple[Case, ...]:
    """Finds others who wait for a list and are named, by a title alone where the sender is of their house."""
    if not words:
        return ()
    own = {case.number for case in (*facts.sender_cases, *facts.sent_cases, *facts.cases.values())}
    house, naming = sender.rpartition("@")[2], Naming.of(words)

    def is_named(holder: Holder) -> bool:
        is_of_the_house = holder.address.rpartition("@")[2] == house
        return naming.gives_in_full(holder) or (is_of_the_house and naming.gives_by_title(holder))

    waiting = (case for case in waiting_cases(ledger) if case.number not in own)
    return tuple(case for case in waiting if case.holder and is_named(case.holder))
