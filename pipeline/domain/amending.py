"""amending: a row or a receipt, what a person read on its page → the same, as it stands there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pipeline.domain.evidence import Evidence, Holder, Receipt
from pipeline.domain.turkish import IdentityNumber, amount_readings, date_of, iban_holds, squeeze


def _number(text: str) -> IdentityNumber | None:
    digits = text.replace(" ", "")
    return IdentityNumber(digits) if digits.isascii() and digits.isdigit() and len(digits) == 11 else None


def _text(text: str) -> str | None:
    return squeeze(text) or None


def _amount(text: str) -> Decimal | None:
    # "1,080" may be a thousand or one: it is asked for again.
    readings = amount_readings(text)
    return readings[0] if len(readings) == 1 else None


def _iban(text: str) -> str | None:
    bare = "".join(text.split()).upper()
    return bare if iban_holds(bare) else None


def _address(text: str) -> str | None:
    return squeeze(text).lower() or None


_Reader = Callable[[str], Any]
# Every value that rules judge by and a person can read on a page, and how what they type is read.
OF_RECEIPTS: Mapping[str, _Reader] = {
    "identity_number": _number,
    "amount": _amount,
    "paid_on": date_of,
    "reference": _text,
    "debtor": _text,
    "payer": _text,
    "rail": _text,
    "iban": _iban,
    "description": _text,
}
OF_HOLDERS: Mapping[str, _Reader] = {
    "identity_number": _number,
    "given_name": _text,
    "family_name": _text,
    "born_on": date_of,
    "work_email": _address,
    "workplace": _text,
    "kind": _text,
    "kind_note": _text,
    "card_reader": _text,
    "term_years": _text,
    "payment": _text,
    "note": _text,
}
# What the readers say against a value that they could not agree on; a person has looked.
_OF_THE_READING = "two_readings"


def unreadable(field: str, text: str, readers: Mapping[str, _Reader]) -> bool:
    """Tells whether what was typed is no value of a field."""
    return field not in readers or readers[field](text) is None


def amended(evidence: Evidence, name: str, fields: Mapping[str, str]) -> Evidence:
    """Gives what a mail says with one claim ("receipt/0", "holder/2") as a person read it.

    What was unclear in an amended value is clear; all else that speaks against the claim stays.
    """
    kind, _, place = name.partition("/")
    at = int(place)
    if kind == "receipt":
        receipts = list(evidence.receipts)
        receipts[at] = _receipt(receipts[at], fields)
        return replace(evidence, receipts=tuple(receipts))
    holders = list(evidence.holders)
    holders[at] = _holder(holders[at], fields)
    return replace(evidence, holders=tuple(holders))


def _receipt(receipt: Receipt, fields: Mapping[str, str]) -> Receipt:
    values = {field: OF_RECEIPTS[field](text) for field, text in fields.items()}
    unclear = {field: why for field, why in receipt.unclear.items() if field not in fields}
    notes = tuple(note for note in receipt.notes if unclear or note != _OF_THE_READING)
    return replace(receipt, **values, unclear=unclear, notes=notes)


def _holder(holder: Holder, fields: Mapping[str, str]) -> Holder:
    values = {field: OF_HOLDERS[field](text) for field, text in fields.items()}
    return replace(
        holder,
        **values,
        written={**holder.written, **fields},
        understood={field: name for field, name in holder.understood.items() if field not in fields},
        unclear={field: why for field, why in holder.unclear.items() if field not in fields},
    )
