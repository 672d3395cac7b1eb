"""Values for tests of the pure core: mails, rows, receipts and facts that are all in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import (
    Case,
    Decision,
    Evidence,
    Facts,
    Holder,
    Matter,
    Procedure,
    Receipt,
    Spent,
    Submission,
    Unread,
)
from pipeline.domain.cases import receipt_key
from pipeline.domain.turkish import IdentityNumber
from pipeline.judging.judge import judge
from tests.people import PEOPLE, Person, person

POLICY = demo_policy()
TODAY = date(2024, 5, 13)
SHA = "ab" * 32
AYSE = person("Ayşe Karaağaçlı")
SUKRU = person("Mehmet Şükrü İnanöz")
FIELDS = (
    *("identity_number", "given_name", "family_name", "born_on", "work_email", "workplace"),
    *("kind", "card_reader", "term_years", "payment"),
)


def mail_from(sender: str = AYSE.work_email, **changes: Any) -> Submission:
    """An ordinary mail."""
    mail = Submission(
        sender=sender,
        sender_name="Ayşe Karaağaçlı",
        recipients=("nes@saglik.example.org",),
        subject="Kayıp e-imza",
        message_id="<1@hastane1.saglik.example.org>",
        references=(),
        text="Liste ektedir.",
        html="",
        attachments=(),
        headers=(),
    )
    return replace(mail, **changes)


def row(who: Person = AYSE, number: int = 6, **changes: Any) -> Holder:
    """A row in which everything is as it should be, cells and all."""
    values: dict[str, Any] = {
        "identity_number": IdentityNumber(who.identity_number),
        "given_name": who.given_name,
        "family_name": who.family_name,
        "born_on": who.born_on,
        "work_email": who.work_email,
        "workplace": who.workplace,
        "kind": "2",
        "card_reader": "3",
        "term_years": "3",
        "payment": "Kişi",
    }
    whole = Holder(
        file="liste.xls",
        sheet="Sayfa1",
        row=number,
        cells={field: f"{chr(66 + at)}{number}" for at, field in enumerate(FIELDS)},
        written={field: getattr(value, "digits", str(value)) for field, value in values.items()},
        **values,
    )
    return replace(whole, **changes)


def slip(who: Person = AYSE, **changes: Any) -> Receipt:
    """A receipt of the right payment."""
    receipt = Receipt(
        file="dekont.pdf",
        digest="d" * 64,
        layout="vakifbank-kurum-odemesi",
        rail="KURUM ÖDEMESİ",
        amount=Decimal("780.00"),
        paid_on=TODAY,
        reference="2024051300012345",
        identity_number=IdentityNumber(who.identity_number),
        debtor=who.name,
    )
    return replace(receipt, **changes)


def open_case(who: Person = AYSE, **changes: Any) -> Case:
    """The person's open case, from a list that was in order."""
    number = IdentityNumber(who.identity_number)
    case = Case("N-0000000H", Procedure.LOST_OR_STOLEN, number, TODAY, holder=row(who))
    return replace(case, **changes)


def facts_of(*cases: Case, spent: Mapping[str, Spent] | None = None, today: date = TODAY) -> Facts:
    """What the ledger knows, none of it a secret to the sender; every unit was vouched for before."""
    units = frozenset(p.work_email.rpartition("@")[2] for p in PEOPLE)
    known = frozenset([*(case.number for case in cases), *(s.case for s in (spent or {}).values())])
    return Facts(
        today, {case.identity_number: case for case in cases}, spent or {}, vouched=units, known=known
    )


def spent_on(receipt: Receipt, case: str, sender: str = AYSE.work_email) -> dict[str, Spent]:
    """The note that a receipt was used."""
    return {receipt_key(receipt): Spent(case, sender)}


def judged(
    *claims: Holder | Receipt | Unread,
    facts: Facts | None = None,
    mail: Submission | None = None,
    policy: Any = POLICY,
) -> Decision:
    """Judges one mail with these claims in it."""
    evidence = Evidence(
        tuple(c for c in claims if isinstance(c, Holder)),
        tuple(c for c in claims if isinstance(c, Receipt)),
        tuple(c for c in claims if isinstance(c, Unread)),
    )
    return judge(Matter(SHA, mail or mail_from(), evidence), facts or facts_of(), policy)


def rules_found(decision: Decision) -> list[str]:
    """Names the rules that had something to say."""
    return [finding.rule for finding in decision.findings]


__all__ = ["AYSE", "FIELDS", "PEOPLE", "POLICY", "SHA", "SUKRU", "TODAY"]
