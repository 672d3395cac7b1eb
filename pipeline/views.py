"""views: what rules may ask about, by field name, for each subject.

A field is a plain value; `<field>_written` is the text that stands in its cell and
`<field>_problem` the name of why that text gives no value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pipeline.cases import receipt_key
from pipeline.domain import Case, Evidence, Facts, Holder, Receipt, Spent, Submission, Unread
from pipeline.rulebook import Subject
from pipeline.turkish import fold

View = dict[str, Any]

LIST_FIELDS = (
    "identity_number",
    "given_name",
    "family_name",
    "born_on",
    "work_email",
    "workplace",
    "kind",
    "card_reader",
    "term_years",
    "payment",
)
_READ_FIELDS = ("rail", "amount", "paid_on", "identity_number", "reference")
# What a person may ask for in the list, and the tariff items that are then to be paid for.
_BASKETS = {"1": (("nes", "reader"),), "3": (("nes",),)}
_ANY_BASKET = (("nes",), ("nes", "reader"))


def submission_view(submission: Submission, procedure: str | None, enclosures: int) -> View:
    """Shows a mail as a whole: who wrote, for which procedure, with how many files that say something."""
    return {
        "sender": submission.sender,
        "procedure": procedure,
        "enclosures": str(enclosures) if enclosures else None,
    }


def words_view(submission: Submission, evidence: Evidence) -> View:
    """Shows what stands in a mail's own words in the place of files: a pasted table, links to elsewhere."""
    files = evidence.holders or evidence.receipts or evidence.unread
    hosts = dict.fromkeys(re.findall(r"(?i)\bhttps?://([a-z0-9.-]+)", f"{submission.text} {submission.html}"))
    return {
        "pasted_rows": str(len(evidence.pasted)) if evidence.pasted else None,
        "linked_hosts": () if files or evidence.pasted else tuple(hosts),
    }


def file_view(unread: Unread) -> View:
    """Shows a file that told us nothing: the name of the reason."""
    return {"problem": unread.why}


def holder_view(holder: Holder, facts: Facts, above: Sequence[Holder], below: Sequence[Holder]) -> View:
    """Shows one row; `above` and `below` are the other rows of the mail with the same identity number.

    Of equal rows the first one counts; of differing ones none does, for any of them may be the right one.
    """
    case = facts.cases.get(holder.identity_number) if holder.identity_number else None
    same = case is not None and case.holder is not None and not _differences(holder, case.holder)
    withdrawn = case is not None and case.number in facts.withdrawing
    number = holder.identity_number
    return {
        **{field: getattr(holder, field) for field in LIST_FIELDS},
        **{f"{field}_written": holder.written.get(field) for field in LIST_FIELDS},
        **{f"{field}_problem": holder.unclear.get(field) for field in LIST_FIELDS},
        "birth": {"day": holder.born_on, "born_on": holder.born_on, "today": facts.today},
        "nationality": number and ("yabancı" if number.is_foreigner else "yurttaş"),
        "withdrawn": case.number if case and withdrawn else None,
        "waiting": case.number if case and same and not withdrawn else None,
        "changed": ", ".join(_differences(holder, case.holder))
        if case and case.holder and not same
        else None,
        "hidden": str(holder.row) if holder.is_hidden else None,
        "twin": next((str(o.row) for o in above if not _differences(holder, o)), None),
        "rival": next((str(o.row) for o in (*above, *below) if _differences(holder, o)), None),
    }


def _differences(holder: Holder, other: Holder) -> tuple[str, ...]:
    return tuple(field for field in LIST_FIELDS if _comparable(holder, field) != _comparable(other, field))


def _comparable(holder: Holder, field: str) -> object:
    value = getattr(holder, field)
    return fold(value) if isinstance(value, str) else value


def receipt_view(receipt: Receipt, facts: Facts, sender: str) -> View:
    """Shows one receipt beside the open case of its debtor and what it was spent for before.

    The same receipt from another address counts as spent elsewhere: two people may be using it.
    """
    number = receipt.identity_number
    case = facts.cases.get(number) if number else None
    spent = facts.spent.get(receipt_key(receipt))
    again = spent is not None and case is not None and spent == Spent(case.number, sender)
    payment = {"amount": receipt.amount, "paid_on": receipt.paid_on}
    return {
        **{field: getattr(receipt, field) for field in _READ_FIELDS},
        **{f"{field}_problem": receipt.unclear.get(field) for field in (*_READ_FIELDS, "state")},
        "payment": {**payment, "baskets": _ANY_BASKET},
        "payment_as_asked": {**payment, "baskets": _baskets(case)} if case else None,
        "payment_day": {"day": receipt.paid_on, "today": facts.today},
        "case": case.number if case else None,
        "paid_before": case.number if case and case.receipt and not spent else None,
        "spent_here": spent.case if spent and again else None,
        "spent_elsewhere": spent.case if spent and not again else None,
    }


def _baskets(case: Case) -> tuple[tuple[str, ...], ...]:
    asked = case.holder.card_reader if case.holder else None
    return _BASKETS.get(asked or "", _ANY_BASKET)


def known_fields() -> Mapping[Subject, frozenset[str]]:
    """Lists the fields that rules may name, by subject."""
    blank_mail = Submission("", "", (), "", "", (), "", "", (), ())
    facts = Facts(date.min)
    return {
        Subject.SUBMISSION: frozenset(
            submission_view(blank_mail, None, 0) | words_view(blank_mail, Evidence())
        ),
        Subject.FILE: frozenset(file_view(Unread("", ""))),
        Subject.HOLDER: frozenset(holder_view(Holder("", "", 1), facts, (), ())),
        Subject.RECEIPT: frozenset(receipt_view(Receipt("", "", ""), facts, "")),
    }
