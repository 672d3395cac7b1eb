"""codes: what an e-Dekont says to machines → a `Coded` payment, and where it contradicts what is printed.

Banks print a QR code on their e-Dekont, and may enclose it as XML: customer, day, amount, kind. Neither is
signed, so that anybody can print one. It is one more look at a receipt: what it confirms was perhaps read
rightly, what it contradicts is doubtful, and alone it is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from pipeline.domain import Coded, Receipt
from pipeline.domain.turkish import fold, mask
from pipeline.papers.rails import Rails, is_among

# The longest one that the guide can give has some 400 letters.
MOST_LETTERS = 2_000

# Keys of the guide's own template, and the field each of them fills.
_KEYS = {
    "avkntckn": "customer",
    "senaryo": "scenario",
    "tip": "kind",
    "tarih": "day",
    "islemtutari": "amount",
    "parabirimi": "currency",
}
# The template prints a key without its opening quote, so that no JSON parser takes it: read key by key.
_ENTRY = re.compile(
    r"(?<![a-z0-9_])(?P<key>[a-z]{2,32})[\"']?\s*[:=]\s*"
    r"(?:\"(?P<quoted>[^\"]{0,100})\"|(?P<bare>[^\",;}\s]{0,100}))",
    re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(r"[A-Z][A-Z_-]{1,23}")
_CUSTOMER = re.compile(r"[0-9]{10,11}")
_CURRENCY = re.compile(r"[A-Z]{2,3}")
_AMOUNT = re.compile(r"-?[0-9]{1,9}(?:[.,][0-9]{1,2})?")
_DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y", "%Y%m%d")


def coded_in(text: str) -> Coded | None:
    """Reads the text of a code; None where it is not an e-Dekont's, or says a thing in two ways.

    >>> coded_in('{"avkntckn":"10000000146","senaryo":"DEKONT",tip":"HVL","tarih":"2024-05-13"}').kind
    'HVL'
    >>> coded_in("https://www.example.org/?tarih=2024-05-13") is None
    True
    """
    if len(text) > MOST_LETTERS:
        return None
    found = _ENTRY.finditer(text)
    return coded_from((m["key"], m["quoted"] if m["quoted"] is not None else m["bare"]) for m in found)


def coded_from(told: Iterable[tuple[str, str]]) -> Coded | None:
    """Makes a payment of keys and values, whatever else is among them."""
    said: dict[str, str] = {}
    for key, value in told:
        field = _KEYS.get(key.lower())
        if not field:
            continue
        clean = _READERS[field](value.strip())
        if said.setdefault(field, clean) != clean:
            return None
    # The day of anything and the kind of anything are told by many a code.
    if not said.get("scenario") or not (said.get("day") or said.get("amount")):
        return None
    return Coded(**said)


def contradicted(receipt: Receipt, coded: Coded, rails: Rails) -> Mapping[str, str]:
    """Gives by field what a code says otherwise than the print does; numbers masked.

    What the print does not say is not contradicted, and what the code does not say neither.
    """
    found: dict[str, str] = {}
    if receipt.identity_number and coded.customer and coded.customer != receipt.identity_number.digits:
        found["identity_number"] = mask(coded.customer)
    if receipt.amount is not None and coded.amount and abs(Decimal(coded.amount)) != receipt.amount:
        found["amount"] = coded.amount
    if receipt.amount is not None and coded.currency and not is_among(coded.currency, rails.currencies):
        found["amount"] = f"{coded.amount} {coded.currency}".strip()
    if receipt.paid_on and coded.day and date.fromisoformat(coded.day) != receipt.paid_on:
        found["paid_on"] = coded.day
    kinds = next((rail.codes for rail in rails.rails if rail.name == receipt.rail), ())
    if kinds and coded.kind and coded.kind not in kinds:
        found["rail"] = coded.kind
    if rails.scenarios and coded.scenario not in rails.scenarios:
        found["state"] = coded.scenario
    return found


def confirmed(receipt: Receipt, codes: Iterable[Coded]) -> frozenset[str]:
    """Names the values of a receipt that a code says as well."""
    told = tuple(codes)
    number, amount, day = receipt.identity_number, receipt.amount, receipt.paid_on
    said = {
        "identity_number": number and any(coded.customer == number.digits for coded in told),
        "amount": any(coded.amount and abs(Decimal(coded.amount)) == amount for coded in told),
        "paid_on": day and any(coded.day == day.isoformat() for coded in told),
    }
    return frozenset(value for value, is_said in said.items() if is_said)


def confirming(codes: Iterable[Coded], receipts: Iterable[Receipt], rails: Rails) -> bool:
    """Tells whether there are codes, and all say amount and day of one receipt and nothing otherwise."""
    told = tuple(codes)
    return bool(told) and any(
        all(coded.amount and coded.day and not contradicted(receipt, coded, rails) for coded in told)
        for receipt in receipts
        if receipt.amount is not None and receipt.paid_on
    )


def with_codes(receipt: Receipt, codes: Iterable[Coded], rails: Rails) -> Receipt:
    """Adds to a receipt what codes and files of data say against it; one taken back is no payment."""
    otherwise = {
        field: said for coded in codes for field, said in contradicted(receipt, coded, rails).items()
    }
    scenario = otherwise.pop("state", None)
    if scenario:
        receipt = replace(
            receipt,
            unclear={**receipt.unclear, "state": "not_final"},
            doubtful={**receipt.doubtful, "state": scenario},
        )
    return replace(receipt, coded_otherwise=otherwise)


def _amount(text: str) -> str:
    return f"{Decimal(text.replace(',', '.')):.2f}" if _AMOUNT.fullmatch(text) else ""


def _day(text: str) -> str:
    for form in _DAYS:
        with suppress(ValueError):
            return datetime.strptime(text[:10], form).date().isoformat()
    return ""


def _name(text: str) -> str:
    name = fold(text).upper()
    return name if _NAME.fullmatch(name) else ""


def _whole(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: text if pattern.fullmatch(text) else ""


_READERS: Mapping[str, Callable[[str], str]] = {
    "customer": _whole(_CUSTOMER),
    "scenario": _name,
    "kind": _name,
    "day": _day,
    "amount": _amount,
    "currency": _whole(_CURRENCY),
}
