"""cases: Entry… → Case; and the numbers that cases, mails and receipts go by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import count
from typing import Any

from stdnum.iso7064 import mod_37_36

from pipeline.domain import Case, Decision, Entry, Event, Facts, Procedure, Receipt
from pipeline.domain.turkish import IdentityNumber, fold

# Crockford's base 32: no I, L, O or U to mistake on the telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# A bank's own transaction number is unique by itself; a six-character approval code is not.
_UNIQUE_REFERENCE = 10


def fold_case(entries: Sequence[Entry]) -> Case:
    """Folds the entries of one case, oldest first, into what they add up to."""
    first = entries[0]
    told: dict[str, Any] = {}
    for entry in entries:
        told |= _told_by(entry)
    return Case(
        first.case,
        first.procedure,
        first.identity_number,
        opened_on=first.day,
        events=tuple(entry.event for entry in entries),
        steps={entry.event: entry.day for entry in entries},
        reminded=tuple(entry.proof for entry in entries if entry.event is Event.REMINDED),
        **told,
    )


def _told_by(entry: Entry) -> Mapping[str, Any]:
    """Tells what an entry changes about its case."""
    match entry.event:
        case Event.LISTED | Event.AMENDED:
            # After a withdrawal only an official's word brings another list: the case goes on.
            return {"holder": entry.holder, "is_closed": False, "is_returned": False}
        case Event.BATCHED:
            return {"batch": entry.proof}
        case Event.RETURNED_BY_KAMU_SM:
            # It went out on no list after all, and goes on none before a corrected one has come.
            return {"batch": "", "is_returned": True}
        case Event.PAID:
            return {"receipt": entry.receipt}
        case Event.WITHDRAWN | Event.CLOSED:
            return {"is_closed": True}
        case Event.REMINDED | Event.RELEASED | Event.FORM_SCANNED | Event.FORM_RECEIVED:
            return {}


def disputed(held: Iterable[Decision]) -> frozenset[str]:
    """Names the cases that an open hold would change, close or speaks against: till then they go nowhere.

    What may have been written in a stolen name keeps nobody off the list.
    """
    events = (Event.AMENDED, Event.WITHDRAWN)
    return frozenset(
        number
        for decision in held
        if decision.is_believed
        for number in (*decision.stays, *(e.case for e in decision.withheld if e.event in events))
    )


def mail_number(sha: str, again: int = 0) -> str:
    """Names a mail for people: G- and eight characters, the last one a check character.

    Where another mail has that name already, it is made `again`: once more, twice more.

    >>> mail_number("00" * 32), mail_number("00" * 32, 1)
    ('G-0000000H', 'G-D4JMNZ8R')
    """
    return "G-" + _number(_again(sha, again) if again else bytes.fromhex(sha))


def case_number(sha: str, claim: str, again: int = 0) -> str:
    """Names a case for people, from the mail and the claim in it that opened the case."""
    return "N-" + _number(_again(f"{sha}/{claim}", again))


def claim_of(number: IdentityNumber, procedure: Procedure) -> str:
    """Names, within a mail, the claim that may open a case."""
    return f"{procedure}/{number.digits}"


def _again(name: str, again: int) -> bytes:
    return hashlib.sha256((f"{name}#{again}" if again else name).encode()).digest()


def free_number(numbered: Callable[[int], str], is_taken: Callable[[str], bool]) -> str:
    """Picks the first of a name's numbers that nobody else bears: 35 bits are equal by chance one day."""
    return next(number for number in map(numbered, count()) if not is_taken(number))


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
    """Names a payment so that it is never spent twice, whoever sends its receipt again, however spelled.

    The bank's transaction number where there is one, with day and amount where it is short; else
    the file's digest with identity number, amount and day.
    """
    return _key(receipt, spelled_alike(receipt.reference or ""))


def former_receipt_key(receipt: Receipt) -> str:
    """Names a payment as it was named before spellings were levelled: its number as it is printed."""
    return _key(receipt, receipt.reference or "")


# Letters that are taken for digits, by eyes and by OCR; leading noughts are left out by some prints.
_LONG_ROW = 12
_LIKE_DIGITS = str.maketrans("OQILSBZ", "0011582")


def spelled_alike(reference: str) -> str:
    """Levels the spellings of a reference.

    >>> spelled_alike("2024-0612.3001 2613") == spelled_alike("2O240612300l2613")
    True
    """
    bare = re.sub(r"[^A-Z0-9]", "", fold(reference).upper()).translate(_LIKE_DIGITS)
    # "No 2024051300012345": the long row of digits is the number, whatever is written before it.
    row = max(re.findall(r"\d+", bare), key=len, default="")
    return (row if len(row) >= _LONG_ROW else bare).lstrip("0") or bare


def _key(receipt: Receipt, reference: str) -> str:
    number = receipt.identity_number.digits if receipt.identity_number else ""
    if not reference:
        return f"{receipt.digest}|{number}|{receipt.amount}|{receipt.paid_on}"
    if len(reference) >= _UNIQUE_REFERENCE:
        return reference
    return f"{reference}|{receipt.amount}|{receipt.paid_on}"


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


def may_still_wait(case: Case) -> bool:
    """Tells whether an open case is on its way to Kamu SM, and nobody has been sent it yet."""
    return not (case.is_closed or case.is_returned or sent_on(case))


def latest_open(cases: Iterable[Case]) -> Case | None:
    """Picks the most recently opened case that is not closed."""
    return max((c for c in cases if not c.is_closed), key=lambda c: c.opened_on, default=None)


def cases_among(facts: Facts) -> tuple[str, ...]:
    """Names every case that the facts of a mail speak of."""
    own = (*facts.sender_cases, *facts.sent_cases, *facts.left_out, *facts.twins.values())
    cases = (*facts.cases.values(), *facts.paid_cases.values(), *own)
    numbers = (*(case.number for case in cases), *(spent.case for spent in facts.spent.values()))
    return tuple(dict.fromkeys(numbers))
