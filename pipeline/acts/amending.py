"""amending: a person types what the page says; the same rules judge the claim again, on today's facts.

What was not legible becomes known, with who read it as its proof. A known fault stays a fault: nobody says
yes to it, but where its rule lets two people do so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pipeline.acts.acting import Act, Deed, acting
from pipeline.acts.faults import Refused
from pipeline.acts.held import held_mail, words_of
from pipeline.acts.standing import folded
from pipeline.domain import (
    Consequence,
    Decision,
    Entry,
    Evidence,
    Finding,
    Holder,
    Matter,
    Receipt,
)
from pipeline.domain.amending import OF_HOLDERS, OF_RECEIPTS, amended, unreadable
from pipeline.domain.claims import Claim, Kind
from pipeline.domain.faults import OperatorFault
from pipeline.judging.judge import judge
from pipeline.ledger.acts import acts_about
from pipeline.ledger.book import Judged
from pipeline.ledger.knowledge import known_about
from pipeline.ledger.settlements import claims_left
from pipeline.office.shop import Shop
from pipeline.policy.policy import Policy

_FIELDS = {Kind.RECEIPT: OF_RECEIPTS, Kind.HOLDER: OF_HOLDERS}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A claim as it is judged today: its entry, what is found about it, and how many names a yes takes.

    `faults` are what nobody may say yes to.
    """

    claim: Claim
    faults: tuple[Finding, ...] = ()
    is_for_two: bool = False
    # Cases whose numbers its sender may not hear.
    untold: tuple[str, ...] = ()


def fields_of(kind: Kind) -> tuple[str, ...]:
    """Names the values of a claim that a person can read on its page, () where there are none."""
    return tuple(_FIELDS.get(kind, ()))


def amend(shop: Shop, number: str, claim: int, fields: Mapping[str, str], act: Act) -> Judgement:
    """Writes down what a person read for a claim of a held mail (G-…), and judges it by that.

    Nothing follows from it until somebody decides the claim. Raises Refused for what is no value.
    """
    held = held_mail(shop, number)
    meant = next((c for c in claims_left(shop.ledger, held) if c.number == claim), None)
    if meant is None:
        raise OperatorFault("no_such_claim", number=number, claim=claim)
    readers = _FIELDS.get(meant.kind, {})
    if wrong := [field for field, text in fields.items() if unreadable(field, text, readers)]:
        raise Refused("amend_value", number=number, field=shop.policy.words_for(wrong[0]))
    if not fields:
        raise Refused("amend_nothing", number=number)
    body = {"claims": [claim], "names": [meant.name], "fields": dict(fields)}
    with acting(shop, Deed("amend", held.number, held.sha, body), act):
        pass
    return judged_today(shop, held, meant)


def judged_today(shop: Shop, held: Judged, claim: Claim) -> Judgement:
    """Judges a claim of a held mail by what people have read of it since, or as it was judged at first."""
    read = _read_since(shop, held, claim)
    if not read:
        return _weighed(shop, claim, held.decision)
    before = _evidence(shop, held)
    evidence = amended(before, claim.name, read)
    decision = _judged_again(shop, held, evidence)
    judgement = _weighed(shop, _found_again(claim, evidence, decision), decision)
    # Reading it otherwise ends a doubt, and no fault that was known.
    faults = (*_weighed(shop, claim, decision).faults, *judgement.faults)
    is_for_two = judgement.is_for_two or _gainsays(before, claim, read)
    return replace(judgement, faults=tuple(dict.fromkeys(faults)), is_for_two=is_for_two)


def _read_since(shop: Shop, held: Judged, claim: Claim) -> dict[str, str]:
    (standing,) = folded([claim], acts_about(shop.ledger, held.sha))
    return {field: value.value for field, value in standing.amended.items()}


def _evidence(shop: Shop, held: Judged) -> Evidence:
    judged = shop.ledger.judged(held.sha)
    assert judged is not None
    return judged.decision.evidence


def _gainsays(evidence: Evidence, claim: Claim, read: Mapping[str, str]) -> bool:
    """Tells whether a person read otherwise what stands as text on a page that nothing speaks against.

    No letter of it can have been misread: that takes a second pair of eyes.
    """
    at = int(claim.name.partition("/")[2])
    if claim.kind is Kind.HOLDER:
        # A list is text. Its words may be put right, but another number is another person.
        number = evidence.holders[at].identity_number
        other = OF_HOLDERS["identity_number"](read.get("identity_number", ""))
        return number is not None and number.is_valid and other not in (None, number)
    if claim.kind is not Kind.RECEIPT:
        return False
    receipt = evidence.receipts[at]
    if receipt.read_by != "text" or receipt.suspicions:
        return False
    values = {field: OF_RECEIPTS[field](text) for field, text in read.items()}
    return any(getattr(receipt, field) not in (None, value) for field, value in values.items())


def _judged_again(shop: Shop, held: Judged, evidence: Evidence) -> Decision:
    sitting = shop.sitting()
    matter = Matter(held.sha, words_of(shop, held), evidence, "")
    since = sitting.now - timedelta(days=1)
    facts = known_about(shop.ledger, matter, sitting.today, since, shop.policy.awaits_list).facts
    # Its own picture is no other's.
    alike = {d: tuple(n for n in numbers if n != held.number) for d, numbers in facts.alike.items()}
    facts = replace(facts, alike={d: numbers for d, numbers in alike.items() if numbers})
    # What two people may say yes to is no refusal for a person who looks.
    rules = tuple(
        replace(rule, consequence=Consequence.HOLD)
        if rule.override == "two" and rule.consequence is Consequence.RETURN
        else rule
        for rule in shop.policy.rules
    )
    return judge(matter, facts, replace(shop.policy, rules=rules))


def _found_again(claim: Claim, evidence: Evidence, decision: Decision) -> Claim:
    kind, _, place = claim.name.partition("/")
    values: Sequence[Holder | Receipt] = evidence.receipts if kind == "receipt" else evidence.holders
    value = values[int(place)]
    entry = next((e for e in _entries(decision) if (e.receipt or e.holder) == value), None)
    return replace(claim, entry=entry, findings=decision.findings_of(kind, int(place)))


def _entries(decision: Decision) -> Iterable[Entry]:
    return (*decision.entries, *decision.withheld)


def _weighed(shop: Shop, claim: Claim, decision: Decision) -> Judgement:
    """Tells what stands against a claim: what nobody may pass over, and what takes two."""
    about = (*claim.findings, *decision.findings_of("submission", 0))
    return Judgement(claim, *against(shop.policy, about), decision.untold)


def against(policy: Policy, findings: Sequence[Finding]) -> tuple[tuple[Finding, ...], bool]:
    """Gives those of some findings that nobody may pass over, and whether any of them takes two names."""
    overrides = {rule.path: rule.override for rule in policy.rules}
    faults = tuple(
        f
        for f in findings
        if overrides.get(f.rule) == "none"
        or (f.consequence is Consequence.RETURN and overrides.get(f.rule) != "two")
    )
    is_for_two = any(
        overrides.get(f.rule) == "two" for f in findings if f.consequence is not Consequence.GUIDE
    )
    return faults, is_for_two
