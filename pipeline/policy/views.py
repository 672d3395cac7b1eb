"""views: what rules may ask about, by field name, for each subject.

A field is a plain value; `<field>_written` is the text that stands in its cell and
`<field>_problem` the name of why that text gives no value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipeline.domain import (
    FORM_UNKNOWN,
    Case,
    Evidence,
    Facts,
    Holder,
    Procedure,
    Receipt,
    Source,
    Spent,
    Subject,
    Submission,
    Unread,
)
from pipeline.domain.cases import receipt_key
from pipeline.domain.quality import kind_of
from pipeline.domain.turkish import IdentityNumber, fold, heading, squeeze, upper
from pipeline.papers.layouts import numbers_in
from pipeline.policy.checks import Verdict, items_of, scope
from pipeline.policy.robots import MAY_BE_AUTOMATIC

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
# What a row's cells, and the other rows, may say against it.
DOUBTS = (
    "struck",
    "unseen",
    "covered",
    "dates_swapped",
    "shared_email",
    "email_of_another",
    "email_of_nobody",
    "letters_in_doubt",
    "two_people",
    "names_swapped",
)
# No list comes in these procedures: the receipt is what opens the case.
OPENED_BY_RECEIPT = (Procedure.FAMILY_PHYSICIAN, Procedure.CARD_READER)
_READ_FIELDS = ("rail", "amount", "paid_on", "identity_number", "reference")
# Where a payment says what it is: only known words pass there.
_TELLING_FIELDS = ("state", "type", "title", "currency", "payee", "product", "print")
_READER_ALONE = (("reader",),)
_ANY_BASKET = (("nes",), ("nes", "reader"))


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is known of a mail before its claims are judged.

    `authentication` is what our own server found about the sender's domain, `automatic` the name of
    the sign of a robot, `matter` the number of its files that say something or else its one topic.
    """

    authentication: str = ""
    automatic: str = ""
    procedures: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    # Topics that the words of a mail are about, and that contradict its list.
    beside_list: tuple[str, ...] = ()
    matter: str = ""


def submission_view(submission: Submission, hearing: Hearing) -> View:
    """Shows a mail as a whole: who wrote, whether that is believed, and what it is about."""
    procedures, topics = hearing.procedures, hearing.topics
    return {
        "sender": submission.sender,
        "also_from": ", ".join(submission.also_from) or None,
        "authentication": hearing.authentication or None,
        "automatic": (hearing.automatic if hearing.automatic != MAY_BE_AUTOMATIC else "") or None,
        "perhaps_automatic": hearing.automatic if hearing.automatic == MAY_BE_AUTOMATIC else None,
        "procedure": procedures[0] if len(procedures) == 1 else None,
        "rival_procedures": ", ".join(procedures) if len(procedures) > 1 else None,
        "rival_topics": ", ".join(topics) if len(topics) > 1 else None,
        "beside_list": ", ".join(hearing.beside_list) or None,
        "enclosures": hearing.matter or None,
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
    """Shows a file that told us nothing, or not all: the name of the reason, and what in it is meant."""
    return {"problem": unread.why, "problem_written": unread.detail or None}


def holder_view(
    holder: Holder, facts: Facts, above: Sequence[Holder], below: Sequence[Holder], sender: str
) -> View:
    """Shows one row that `sender` wrote; `above` and `below` are the mail's others of the same number.

    Of equal rows the first one counts; of differing ones none does, for any of them may be the right one.
    """
    case = facts.cases.get(holder.identity_number) if holder.identity_number else None
    same = case is not None and case.holder is not None and not _differences(holder, case.holder)
    withdrawn = case is not None and case.number in facts.withdrawing
    number = holder.identity_number
    return {
        **{name: getattr(holder, name) for name in LIST_FIELDS},
        **{f"{name}_written": holder.written.get(name) for name in LIST_FIELDS},
        **{f"{name}_problem": holder.unclear.get(name) for name in LIST_FIELDS},
        "birth": {"day": holder.born_on, "born_on": holder.born_on, "today": facts.today},
        "nationality": number and ("yabancı" if number.is_foreigner else "yurttaş"),
        "withdrawn": case.number if case and withdrawn else None,
        "waiting": case.number if case and same and not (withdrawn or case.is_returned) else None,
        "other_number": _twin(holder, facts),
        "foretold": _foretold(holder, facts),
        "uncorrected": case.number if case and same and case.is_returned else None,
        "changed": ", ".join(_unasked_for(holder, case)) if case else None,
        "sent_for": {"sender": sender, "work_email": holder.work_email, "vouched": facts.vouched}
        if holder.work_email
        else None,
        "hidden": str(holder.row) if holder.is_hidden else None,
        **{name: holder.doubts.get(name) for name in DOUBTS},
        "names": {"given_name": holder.given_name, "family_name": holder.family_name},
        "twin": next((str(o.row) for o in above if not _differences(holder, o)), None),
        "discreet": None,
        "remark": None,
        "email_of_sender": None,
        "rival": next((str(o.row) for o in (*above, *below) if _differences(holder, o)), None),
    }


def _twin(holder: Holder, facts: Facts) -> str | None:
    twin = facts.twins.get(holder.identity_number) if holder.identity_number else None
    return twin.number if twin else None


def _foretold(holder: Holder, facts: Facts) -> str | None:
    told = facts.foretold.get(holder.identity_number) if holder.identity_number else None
    return told.mail if told else None


def _unasked_for(holder: Holder, case: Case) -> tuple[str, ...]:
    """Names what differs from an open case without our having asked for it.

    After Kamu SM has returned a case a corrected list is what was asked for; but the address that the link
    goes to changes under an official's eyes.
    """
    differing = _differences(holder, case.holder) if case.holder else ()
    return tuple(f for f in differing if not case.is_returned or f == "work_email")


def _differences(holder: Holder, other: Holder) -> tuple[str, ...]:
    return tuple(field for field in LIST_FIELDS if _comparable(holder, field) != _comparable(other, field))


def _comparable(holder: Holder, field: str) -> object:
    value = getattr(holder, field)
    if not isinstance(value, str):
        return value
    # "Ayse" put right as "Ayşe" is another name to Kamu SM.
    return squeeze(upper(value)) if field in ("given_name", "family_name") else fold(value)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who brings a receipt, for which procedure, and what the scopes of family physicians are called."""

    sender: str = ""
    sender_name: str = ""
    procedure: Procedure | None = None
    scopes: Sequence[Mapping[str, Any]] = ()
    # What is to be paid for, by the code of the card reader that was asked for.
    reader_pays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Other payments for the same person in the same mail.
    siblings: int = 0


def case_of(receipt: Receipt, facts: Facts, procedure: Procedure | None) -> Case | None:
    """Finds the open case of a receipt's debtor in a procedure; lists open those of lost or stolen."""
    number = receipt.identity_number
    if number is None:
        return None
    if procedure in OPENED_BY_RECEIPT:
        return facts.paid_cases.get((number, procedure))
    return facts.cases.get(number)


def receipt_view(receipt: Receipt, facts: Facts, bearer: Bearer) -> View:
    """Shows one receipt beside the open case of its debtor and what it was spent for before.

    The same receipt from another address counts as spent elsewhere: two people may be using it.
    """
    case = case_of(receipt, facts, bearer.procedure)
    spent = facts.spent.get(receipt_key(receipt))
    again = spent is not None and case is not None and spent == Spent(case.number, bearer.sender)
    payment = {"amount": receipt.amount, "paid_on": receipt.paid_on}
    # A sum for several people, or a part of one, fits no price; whose it is must be settled first.
    is_shared = bool(bearer.siblings or _other_numbers(receipt))
    priced = None if is_shared else {**payment, "baskets": _ANY_BASKET}
    asked = _baskets(case, bearer) if case and not is_shared else None
    items = items_of(receipt.description or "", bearer.scopes)
    return {
        **{field: getattr(receipt, field) for field in _READ_FIELDS},
        **{f"{field}_problem": receipt.unclear.get(field) for field in (*_READ_FIELDS, *_TELLING_FIELDS)},
        **{f"{field}_written": receipt.doubtful.get(field) for field in _TELLING_FIELDS},
        "reference_problem": _reference_problem(receipt),
        "payment": priced if receipt.read_by == "text" else None,
        "payment_seen": priced if receipt.read_by != "text" else None,
        "payment_as_asked": {**payment, "baskets": asked} if asked else None,
        "payment_by_scope": {**payment, "baskets": (items,)} if items else None,
        "payment_for_reader": {**payment, "baskets": _READER_ALONE},
        "payment_day": {"day": receipt.paid_on, "today": facts.today},
        "payment_lead": {"day": receipt.paid_on, "today": case.opened_on} if case else None,
        "discreet": None,
        "remark": None,
        "case": case.number if case else None,
        "case_by_name": None if receipt.identity_number else _named_case(receipt, facts),
        "siblings": str(bearer.siblings) if bearer.siblings else None,
        "paid_before": case.number if case and case.receipt and not spent else None,
        "spent_here": spent.case if spent and again else None,
        "spent_elsewhere": spent.case if spent and not again else None,
        "alike_unnumbered": None
        if receipt.reference
        else min(facts.alike.get(receipt.digest, ()), default=None),
        "kind_stopped": receipt.file if kind_of(receipt) in facts.stopped else None,
        "debtor_named": _debtor_named(receipt, case),
        "reference_day": {"reference": receipt.reference, "day": receipt.paid_on}
        if receipt.reference and receipt.paid_on
        else None,
        **_printed(receipt, bearer),
    }


def _reference_problem(receipt: Receipt) -> str | None:
    # Without its number a payment is known by its file alone, and a byte more makes another payment of it.
    is_lacking = receipt.reference is None and FORM_UNKNOWN not in receipt.notes
    return receipt.unclear.get("reference") or ("not_printed" if is_lacking else None)


def otherwise(receipt: Receipt) -> Mapping[str, Sequence[object]]:
    """Gives what a receipt prints elsewhere on its pages, by the field that it might be the value of.

    Where one of these would pass, the value that was read is not surely wrong.
    """
    found = receipt.elsewhere
    baskets = {"paid_on": receipt.paid_on, "baskets": _ANY_BASKET}
    return {
        "payment": [{"amount": amount, **baskets} for amount in found.amounts],
        "iban": found.ibans,
        "description": (f"{receipt.description or ''} {found.words}",) if found.words else (),
    }


def _debtor_named(receipt: Receipt, case: Case | None) -> Mapping[str, str] | None:
    holder = case.holder if case else None
    if not (holder and holder.given_name and receipt.debtor):
        return None
    return {"name": holder.given_name, "family": holder.family_name or "", "printed": receipt.debtor}


# What is asked about a receipt → the fields it is read from, where those go by other names.
READ_FROM: Mapping[str, tuple[str, ...]] = {
    "payment": ("amount", "paid_on"),
    "payment_seen": ("amount", "paid_on"),
    "payment_as_asked": ("amount", "paid_on"),
    "payment_by_scope": ("description", "amount"),
    "payment_for_reader": ("amount", "paid_on"),
    "payment_day": ("paid_on",),
    "payment_lead": ("paid_on",),
    "case": ("identity_number",),
    "case_by_name": ("debtor", "description"),
    "siblings": ("identity_number", "amount"),
    "paid_before": ("identity_number", "paid_on", "amount"),
    "spent_here": ("reference",),
    "spent_elsewhere": ("reference", "identity_number", "paid_on"),
    "debtor_named": ("debtor", "identity_number"),
    "reference_day": ("reference", "paid_on"),
    "type": ("type",),
    "currency": ("amount",),
    "product": ("product",),
    "print": (),
    "contested": ("identity_number", "amount", "paid_on"),
    "text_unlike_picture": ("identity_number", "amount", "paid_on"),
    "text_unchecked": ("identity_number", "amount", "paid_on"),
    "coded_otherwise": ("identity_number", "amount", "paid_on", "rail"),
    "typed_on": ("identity_number", "amount", "paid_on"),
    "later_revision": ("identity_number", "amount", "paid_on"),
    "form_unknown": ("rail", "iban"),
    "across": (),
    "discreet": (),
    "remark": (),
    "layout": ("title",),
    "beside_scope": ("description",),
    "missing_number": ("description",),
    "number_in_doubt": ("identity_number", "description"),
    "missing_description": (),
    "description_in_doubt": ("description",),
    "other_number": ("identity_number", "description"),
    "named": ("payer", "debtor", "description"),
    "alike_unnumbered": (),
    "kind_stopped": (),
}


# What speaks against the bank's print, by the name that rules have for it.
_SUSPICIONS = {
    "text_unlike_picture": Source.HIDDEN,
    "text_unchecked": Source.UNSEEN,
    "typed_on": Source.ADDED,
    "later_revision": Source.REVISED,
}


def _printed(receipt: Receipt, bearer: Bearer) -> View:
    """Shows what must be printed on a transfer's receipt, apart from what may only be misread.

    That something is not there is said only of a text layer, and only where it stands nowhere on its pages.
    """
    overlooked = None if receipt.read_by == "text" else receipt.read_by
    number, description = receipt.identity_number, receipt.description
    others = _other_numbers(receipt)
    missing = number is None and not (overlooked or receipt.unclear.get("identity_number"))
    is_number_gone = missing and not receipt.elsewhere.is_number_possible
    words = receipt.elsewhere.words
    is_scope_gone = not overlooked and (not words or scope(words, bearer.scopes) is Verdict.FAILS)
    printed = " ".join(t for t in (receipt.payer, receipt.debtor, description) if t)
    return {
        "layout": receipt.layout,
        "contested": "; ".join(receipt.also_read) or receipt.file
        if "two_readings" in receipt.notes
        else None,
        **{name: receipt.file if why in receipt.suspicions else None for name, why in _SUSPICIONS.items()},
        "form_unknown": receipt.file if FORM_UNKNOWN in receipt.notes else None,
        "coded_otherwise": ", ".join(receipt.coded_otherwise.values()) or None,
        "across": receipt.across,
        "iban": receipt.iban,
        "payee": receipt.payee,
        "description": description,
        "beside_scope": _beside_scope(receipt, bearer),
        "missing_number": receipt.file if is_number_gone else None,
        "number_in_doubt": receipt.file if number is None and not is_number_gone else None,
        "missing_description": receipt.file if not description and is_scope_gone else None,
        "description_in_doubt": receipt.file if not description and not is_scope_gone else None,
        "other_number": str(min(others)) if number and others else None,
        "named": {"name": bearer.sender_name, "printed": printed} if bearer.sender_name and printed else None,
    }


def _beside_scope(receipt: Receipt, bearer: Bearer) -> tuple[str, ...]:
    """Gives the words of a payer that are neither the scope's nor of a name beside it.

    In a picture any of them may be misread.
    """
    if receipt.read_by != "text" or not items_of(receipt.description or "", bearer.scopes):
        return ()
    names = (receipt.payer, receipt.debtor, receipt.payee, bearer.sender_name)
    known = {
        word for text in (*names, *(row["words"] for row in bearer.scopes)) for word in _letters(text or "")
    }
    return tuple(dict.fromkeys(word for word in _letters(receipt.description or "") if word not in known))


def _letters(text: str) -> list[str]:
    # A letter alone is of "T.C.", of an initial or of nothing.
    return re.findall(r"[a-z]{2,}", fold(text))


def _other_numbers(receipt: Receipt) -> set[IdentityNumber]:
    words = f"{receipt.description or ''}\n{receipt.elsewhere.words}"
    return set(numbers_in(words)) - {receipt.identity_number}


def _named_case(receipt: Receipt, facts: Facts) -> str | None:
    """Finds the one case, of those this sender brought or is in, whose holder the receipt names.

    Titles and the order of names do not matter; a name is no proof, it only tells a person where to look.
    """
    printed = set(heading(" ".join(t for t in (receipt.debtor, receipt.description) if t)).split())
    numbers = {
        case.number
        for case in (*facts.sender_cases, *facts.sent_cases)
        if case.holder and _is_named(case.holder, printed)
    }
    return numbers.pop() if len(numbers) == 1 else None


def _is_named(holder: Holder, printed: set[str]) -> bool:
    names = heading(holder.name).split()
    return len(names) >= 2 and set(names) <= printed


def _baskets(case: Case, bearer: Bearer) -> tuple[tuple[str, ...], ...]:
    asked = case.holder.card_reader if case.holder else None
    items = bearer.reader_pays.get(asked or "")
    return (items,) if items else _ANY_BASKET


def known_fields() -> Mapping[Subject, frozenset[str]]:
    """Lists the fields that rules may name, by subject."""
    blank_mail = Submission("", "", (), "", "", (), "", "", (), ())
    facts = Facts(date.min)
    return {
        Subject.SUBMISSION: frozenset(
            submission_view(blank_mail, Hearing()) | words_view(blank_mail, Evidence())
        ),
        Subject.FILE: frozenset(file_view(Unread("", ""))),
        Subject.HOLDER: frozenset(holder_view(Holder("", "", 1), facts, (), (), "")),
        Subject.RECEIPT: frozenset(receipt_view(Receipt("", "", ""), facts, Bearer())),
    }
