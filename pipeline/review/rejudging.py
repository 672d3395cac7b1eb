"""rejudging: what waits, judged again by the rules of today; accepted by a person's word alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.acts.acting import Act, version
from pipeline.acts.settling import Word, settle, weigh
from pipeline.acts.standing import standings_of
from pipeline.domain import Arrival, Entry, Finding, Outcome
from pipeline.domain.cases import receipt_key
from pipeline.domain.claims import Verb
from pipeline.domain.faults import OperatorFault
from pipeline.intake.deciding import judge_again
from pipeline.ledger.book import Judged
from pipeline.ledger.undoing import undo_decision
from pipeline.office.shop import Shop
from pipeline.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Again:
    """A mail that waits, as it was judged and as it would be today.

    `hindrance` names what keeps a yes to all of it from being the same as today's: it would write something
    else than what is accepted ("otherwise"), or a person has put it off or given a first name ("in_hand").
    """

    held: Judged
    today: Judged
    hindrance: str = ""

    @property
    def is_fit(self) -> bool:
        """Tells whether nothing is left to be said against any of it."""
        return self.today.decision.outcome is Outcome.ACCEPTED and not self.today.shunt

    @property
    def would_pass(self) -> bool:
        """Tells whether nothing is left to be said against it, and a yes writes just what is accepted."""
        return self.is_fit and not self.hindrance

    @property
    def gone(self) -> tuple[Finding, ...]:
        """Lists what was found and would not be today."""
        left = {(f.rule, f.subject, f.index) for f in self.today.decision.findings}
        found = self.held.decision.findings
        return tuple(f for f in found if (f.rule, f.subject, f.index) not in left)


def judged_again(shop: Shop, policy: Policy) -> tuple[Again, ...]:
    """Judges all that waits once more, oldest first, on a copy; gives what would end otherwise."""
    erased = set(shop.ledger.erased_mails())
    waiting = [held for held in shop.ledger.open_holds() if held.sha not in erased and not held.shunt]
    ledger, _ = shop.ledger.copy()
    try:
        looking = replace(shop, ledger=ledger, policy=policy)
        found = []
        for held in sorted(waiting, key=lambda held: held.decided_at):
            # One after the other: a receipt that is counted for one mail is spent for the next.
            with ledger.transaction():
                undo_decision(ledger, held.sha)
            arrival = Arrival(held.sha, shop.home.raw(held.sha), held.decided_at)
            judge_again(looking.sitting(), arrival)
            today = ledger.judged(held.sha)
            assert today is not None
            again = Again(held, today)
            found.append(replace(again, hindrance=_hindrance(shop, again)) if again.is_fit else again)
        return tuple(again for again in found if _end(again.held) != _end(again.today))
    finally:
        ledger.close()


def accept_again(shop: Shop, found: Sequence[Again], because: str, by: str) -> Iterator[tuple[Again, str]]:
    """Accepts what would pass today, each by an act of its own; gives each with the name of what hindered it.

    That is "" where it was done. The act itself looks at the ledger once more, and refuses what does not fit.
    """
    for again in found:
        if again.is_fit and again.hindrance:
            yield again, again.hindrance
        elif again.would_pass:
            number = again.held.number
            try:
                settled = settle(
                    shop, number, [Word(0, Verb.ACCEPT)], Act(by, because, version(shop.ledger, number))
                )
            except OperatorFault as fault:
                yield again, fault.name
            else:
                yield again, "in_hand" if settled.proposed else ""


def _hindrance(shop: Shop, again: Again) -> str:
    """Tells why a yes to all that waits of a mail is not what today's judgement is, "" where it is.

    What is settled is what was read on its day and what people have read since; what would pass is what is
    read today. The one must not be let in for the other.
    """
    waiting = [standing for standing in standings_of(shop, again.held) if standing.is_open]
    if any(standing.state != "open" for standing in waiting):
        return "in_hand"
    try:
        made = weigh(shop, again.held, [Word(0, Verb.ACCEPT)], "").made.values()
    except OperatorFault as fault:
        return fault.name
    once, today = (list(map(_essence, entries)) for entries in (made, again.today.decision.entries))
    is_same = len(once) == len(today) and all(e in today for e in once) and all(e in once for e in today)
    return "" if is_same else "otherwise"


def _essence(entry: Entry) -> tuple[object, ...]:
    """Gives what an entry says of whom; a case that it would open has another number every time."""
    paid = entry.receipt
    about = entry.event, entry.procedure, entry.identity_number, entry.holder
    if paid is None:
        return about
    return *about, receipt_key(paid), paid.identity_number, paid.amount, paid.paid_on, paid.rail, paid.iban


def _end(judged: Judged) -> tuple[object, ...]:
    rules = sorted((f.rule, f.consequence, f.subject, f.index) for f in judged.decision.findings)
    return judged.decision.outcome, judged.shunt, rules
