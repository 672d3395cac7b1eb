"""rehearsal: changed rules over the kept mail of some days, beside the rules in force; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pipeline.domain import Arrival, Finding
from pipeline.intake.deciding import judge_again
from pipeline.ledger.book import Judged
from pipeline.ledger.undoing import undo_decision
from pipeline.office.shop import Shop
from pipeline.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Difference:
    """One mail that the changed rules would end otherwise, or for other reasons."""

    number: str
    sender: str
    subject: str
    before: Judged
    after: Judged

    @property
    def gone(self) -> tuple[Finding, ...]:
        """Lists what the rules in force find and the changed ones do not."""
        return _only_in(self.before, self.after)

    @property
    def new(self) -> tuple[Finding, ...]:
        """Lists what only the changed rules find."""
        return _only_in(self.after, self.before)


def rehearse(shop: Shop, changed: Policy, days: int, most: int | None = None) -> tuple[int, list[Difference]]:
    """Judges the mails of the last days, the newest `most` of them, by both policies.

    Gives how many, and those that differ. Both begin with the ledger as it was before the first of them: what
    comes from the rules is then the only difference. The ledger itself is only read.
    """
    since = shop.clock() - timedelta(days=days)
    erased = set(shop.ledger.erased_mails())
    judged = shop.ledger.judged_between(since, shop.clock())
    mails = [m for m in judged if not m.shunt and m.sha not in erased][-(most or len(judged)) :]
    before = _judged_by(shop, shop.policy, mails)
    after = _judged_by(shop, changed, mails)
    differing = [
        Difference(m.number, m.sender, m.subject, before[m.sha], after[m.sha])
        for m in mails
        if _end(before[m.sha]) != _end(after[m.sha])
    ]
    return len(mails), differing


def _judged_by(shop: Shop, policy: Policy, mails: Sequence[Judged]) -> Mapping[str, Judged]:
    ledger, _ = shop.ledger.copy()
    try:
        with ledger.transaction():
            for mail in reversed(mails):
                undo_decision(ledger, mail.sha)
        judging = replace(shop, ledger=ledger, policy=policy)
        return {mail.sha: _judged(judging, mail) for mail in mails}
    finally:
        ledger.close()


def _judged(shop: Shop, mail: Judged) -> Judged:
    arrival = Arrival(mail.sha, shop.home.raw(mail.sha), mail.decided_at)
    judge_again(shop.sitting(mail.decided_at), arrival)
    judged = shop.ledger.judged(mail.sha)
    assert judged is not None
    return judged


def _end(judged: Judged) -> tuple[object, ...]:
    rules = sorted((f.rule, f.consequence, f.subject, f.index) for f in judged.decision.findings)
    return judged.decision.outcome, judged.shunt, rules


def _only_in(one: Judged, other: Judged) -> tuple[Finding, ...]:
    known = {(f.rule, f.subject, f.index) for f in other.decision.findings}
    return tuple(f for f in one.decision.findings if (f.rule, f.subject, f.index) not in known)
