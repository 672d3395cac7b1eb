"""again_page: one mail that waits, read again by the rules of today: accepted for that by a person's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.acts.acting import Act, version
from pipeline.acts.held import held_mail
from pipeline.desk.answers import Answer, Go, NotHere, Page, Visit, because_of
from pipeline.desk.mail_page import follows
from pipeline.desk.papers import files_of, papers_of, submission_of
from pipeline.desk.read_values import ReadValue, values_of_holder, values_of_receipt
from pipeline.domain import Decision, Entry, Finding
from pipeline.ledger.book import Judged
from pipeline.office.shop import Shop
from pipeline.review.rejudging import accept_read_today, read_today


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that a yes would write: its case, in words what would follow, and the values it rests on."""

    case: str
    follows: str
    readings: Sequence[ReadValue]


def again_of_mail(shop: Shop, visit: Visit) -> Answer:
    """Shows what a mail says by the rules of today, beside what was held of it."""
    held = _held(shop, visit)
    found = read_today(shop, held)
    outcomes: Any = shop.policy.texts.words["outcomes"]
    left = {(f.rule, f.subject, f.index) for f in found.today.decision.findings}
    submission = submission_of(shop, held)
    files = files_of(shop, submission) if submission else ()
    values = {
        "mail": held,
        "after": outcomes[found.today.decision.outcome],
        "gone": _said(f for f in held.decision.findings if (f.rule, f.subject, f.index) not in left),
        "left": _said(found.today.decision.findings),
        "shown": [_shown(shop, found.today.decision, entry) for entry in found.entries],
        "hindrance": found.hindrance,
        "papers": papers_of(files, found.today),
        "seen": f"{found.code} {version(shop.ledger, held.number)}",
    }
    return Page("yeniden-ileti.html", values, looked_at=held.number)


def accept_again_of_mail(shop: Shop, visit: Visit) -> Answer:
    """Accepts a mail for what it says by the rules of today, as it was shown."""
    held = _held(shop, visit)
    code, _, seen = visit.form.get("seen", "").partition(" ")
    accept_read_today(shop, held, code, Act(visit.person.name, because_of(visit), seen))
    return Go("/bekleyenler", "accepted", {"number": held.number})


def _held(shop: Shop, visit: Visit) -> Judged:
    number = visit.named["number"]
    judged = shop.ledger.judged_number(number)
    if judged is None or shop.ledger.hold(judged.sha) is None:
        raise NotHere("desk_not_here")
    return held_mail(shop, number)


def _said(findings: Any) -> Sequence[str]:
    return tuple(dict.fromkeys(finding.say for finding in findings))


def _shown(shop: Shop, decision: Decision, entry: Entry) -> Shown:
    if entry.receipt:
        readings = values_of_receipt(entry.receipt, _doubted(decision, entry.receipt))
    else:
        readings = values_of_holder(entry.holder, _doubted(decision, entry.holder)) if entry.holder else ()
    return Shown(entry.case, follows(shop, entry), readings)


def _doubted(decision: Decision, value: object) -> set[str]:
    findings: list[Finding] = []
    for subject, values in (("holder", decision.evidence.holders), ("receipt", decision.evidence.receipts)):
        for at, one in enumerate(values):
            findings += decision.findings_of(subject, at) if one == value else ()
    return {finding.field for finding in findings}
