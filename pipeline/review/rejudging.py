"""rejudging: what waits, judged again by the rules of today; accepted by a person's word alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.acts.acting import Act, demand_version, version
from pipeline.acts.amending import against
from pipeline.acts.faults import Overtaken
from pipeline.acts.settling import AS_READ, AsRead, Word, accept_as_read, settle, weigh
from pipeline.acts.standing import standings_of
from pipeline.domain import Arrival, Entry, Finding, Outcome
from pipeline.domain.cases import receipt_key
from pipeline.domain.claims import Kind, Verb, claims_of
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
        return _only_in(self.held, self.today)

    @property
    def new(self) -> tuple[Finding, ...]:
        """Lists what was not found and would be today."""
        return _only_in(self.today, self.held)


def _only_in(one: Judged, other: Judged) -> tuple[Finding, ...]:
    left = {(f.rule, f.subject, f.index) for f in other.decision.findings}
    return tuple(f for f in one.decision.findings if (f.rule, f.subject, f.index) not in left)


# What can be accepted for what it says today: a person's words are answered, and not read again.
_READ_AGAIN = (Kind.HOLDER, Kind.RECEIPT, Kind.FILE, Kind.MAIL)


@dataclass(frozen=True, slots=True)
class ReadToday:
    """One mail that waits, as it would be judged today; `code` changes with it, and with what is done to it.

    `hindrance` names why a yes to what it says today is not to be had, "" where it is.
    """

    held: Judged
    today: Judged
    entries: tuple[Entry, ...]
    hindrance: str
    code: str


def read_today(shop: Shop, held: Judged) -> ReadToday:
    """Judges one mail that waits once more, on a copy, by the rules of today."""
    ledger, _ = shop.ledger.copy()
    try:
        today = _today(replace(shop, ledger=ledger), held)
    finally:
        ledger.close()
    # A receipt that waits in a mail of its own stays with that mail, and with whoever sent it.
    own = (e for e in today.decision.entries if e.proof == held.sha)
    entries = (*own, *today.decision.withheld)
    hindrance = _against_reading(shop, held, today, entries)
    findings = [(f.rule, f.consequence, f.subject, f.index) for f in today.decision.findings]
    told = [AS_READ.dump_json(AsRead(entries)).decode(), str(findings)]
    code = hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
    return ReadToday(held, today, entries, hindrance, code)


def accept_read_today(shop: Shop, held: Judged, seen: str, act: Act) -> None:
    """Accepts a mail for what it says today, as somebody saw it; raises Overtaken where that is otherwise."""
    # Whoever was faster is named, rather than what came of it.
    demand_version(shop, held.number, act)
    found = read_today(shop, held)
    if found.code != seen:
        raise Overtaken(held.number, "", "", None)
    if found.hindrance:
        raise OperatorFault("reread_not", number=held.number)
    accept_as_read(shop, held.number, AsRead(found.entries, found.today.decision.untold), act)


def _against_reading(shop: Shop, held: Judged, today: Judged, entries: Sequence[Entry]) -> str:
    standings = standings_of(shop, held)
    if any(s.state == "proposed" or not s.is_open or s.amended for s in standings):
        return "in_hand"
    # Both what it asked on its day and what is heard in it only today.
    claims = (*(s.claim for s in standings), *claims_of(today.decision))
    if any(claim.kind not in _READ_AGAIN for claim in claims) or today.decision.topic:
        return "words"
    faults, is_for_two = against(shop.policy, today.decision.findings)
    if today.shunt or faults or is_for_two:
        return "fault"
    return "" if entries else "nothing_withheld"


def _today(looking: Shop, held: Judged) -> Judged:
    with looking.ledger.transaction():
        undo_decision(looking.ledger, held.sha)
    arrival = Arrival(held.sha, looking.home.raw(held.sha), held.decided_at)
    judge_again(looking.sitting(), arrival)
    today = looking.ledger.judged(held.sha)
    assert today is not None
    return today


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
            again = Again(held, _today(looking, held))
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
