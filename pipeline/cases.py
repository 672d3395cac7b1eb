"""cases: Entry… → Case; and the numbers that cases, mails and receipts go by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from stdnum.iso7064 import mod_37_36

from pipeline.domain import Case, Decision, Entry, Event, Procedure, Receipt

# Crockford's base 32: no I, L, O or U to mistake on the telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# A bank's own transaction number is unique by itself; a six-character approval code is not.
_UNIQUE_REFERENCE = 10

# The rule that holds a receipt which came before its debtor's list.
AWAITS_LIST = "receipt/has-case"


def fold_case(entries: Sequence[Entry]) -> Case:
    """Folds the entries of one case, oldest first, into what they add up to."""
    first = entries[0]
    case = Case(first.case, first.procedure, first.identity_number, opened_on=first.day)
    for entry in entries:
        case = _after(case, entry)
    return case


def _after(case: Case, entry: Entry) -> Case:
    case = replace(case, events=(*case.events, entry.event), steps={**case.steps, entry.event: entry.day})
    match entry.event:
        case Event.LISTED | Event.AMENDED:
            # After a withdrawal only an official's word brings another list: the case goes on.
            return replace(case, holder=entry.holder, is_closed=False, is_returned=False)
        case Event.BATCHED:
            return replace(case, batch=entry.proof)
        case Event.RETURNED_BY_KAMU_SM:
            # It went out on no list after all, and goes on none before a corrected one has come.
            return replace(case, batch="", is_returned=True)
        case Event.PAID:
            return replace(case, receipt=entry.receipt)
        case Event.WITHDRAWN | Event.CLOSED:
            return replace(case, is_closed=True)
        case Event.REMINDED:
            return replace(case, reminded=(*case.reminded, entry.proof))
        case Event.RELEASED | Event.FORM_SCANNED | Event.FORM_RECEIVED:
            return case


def disputed(held: Iterable[Decision]) -> frozenset[str]:
    """Names the cases that an open hold would change or close: until it is settled, they go nowhere."""
    events = (Event.AMENDED, Event.WITHDRAWN)
    return frozenset(e.case for decision in held for e in decision.withheld if e.event in events)


def mail_number(sha: str) -> str:
    """Names a mail for people: G- and eight characters, the last one a check character.

    >>> mail_number("00" * 32)
    'G-0000000H'
    """
    return "G-" + _number(bytes.fromhex(sha))


def case_number(sha: str, claim: str) -> str:
    """Names a case for people, from the mail and the claim in it that opened the case."""
    return "N-" + _number(hashlib.sha256(f"{sha}/{claim}".encode()).digest())


def _number(digest: bytes) -> str:
    bits = int.from_bytes(digest[:5]) >> 5
    text = "".join(_ALPHABET[bits >> shift & 31] for shift in range(30, -1, -5))
    return text + str(mod_37_36.calc_check_digit(text))


def is_number(text: str) -> bool:
    """Tells whether a text is a mail's or case's number with its check character right.

    >>> is_number("G-0000000H"), is_number("G-0000001H")
    (True, False)
    """
    return text[:2] in ("G-", "N-") and len(text) == 10 and bool(mod_37_36.is_valid(text[2:]))


def receipt_key(receipt: Receipt) -> str:
    """Names a payment so that it is never spent twice, whoever sends its receipt again.

    The bank's transaction number where there is one, with day and amount where it is short; else
    the file's digest with identity number, amount and day.
    """
    number = receipt.identity_number.digits if receipt.identity_number else ""
    if not receipt.reference:
        return f"{receipt.digest}|{number}|{receipt.amount}|{receipt.paid_on}"
    if len(receipt.reference) >= _UNIQUE_REFERENCE:
        return receipt.reference
    return f"{receipt.reference}|{receipt.amount}|{receipt.paid_on}"


def state_of(case: Case) -> str:
    """Names the step a case has come to.

    A receipt may come before the list goes out; then the list is still what is waited for.
    """
    if case.is_closed:
        return "closed"
    if case.procedure is not Procedure.LOST_OR_STOLEN:
        return f"{case.procedure}_paid"
    if case.is_returned:
        return "returned_by_kamu_sm"
    if not case.batch:
        return "listed"
    if case.awaits_release:
        return "awaits_release"
    if Event.FORM_RECEIVED in case.events:
        return "form_received"
    return "paid" if case.receipt else "batched"


def sent_on(case: Case) -> date | None:
    """Gives the day on which Kamu SM was sent the case: with its list, or when the IT unit released that."""
    if not case.batch or case.awaits_release:
        return None
    batched = case.steps[Event.BATCHED]
    return max(batched, case.steps.get(Event.RELEASED, batched))


def latest_open(cases: Iterable[Case]) -> Case | None:
    """Picks the most recently opened case that is not closed."""
    return max((c for c in cases if not c.is_closed), key=lambda c: c.opened_on, default=None)
