"""read values: a row or a receipt → every value that was read, where it stands, what is doubted of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipeline.domain import Holder, Receipt
from pipeline.domain.turkish import IdentityNumber, lira, number_date
from pipeline.policy.views import READ_FROM

_OF_HOLDER = (
    "identity_number given_name family_name born_on work_email workplace kind kind_note card_reader "
    "term_years payment note"
).split()
_OF_RECEIPT = (
    "rail amount paid_on identity_number debtor payer payee iban reference description bank_charge".split()
)


@dataclass(frozen=True, slots=True)
class ReadValue:
    """One value: its field, what was read ("" for nothing), and where it stands.

    `place` is a cell ("F6") or a page; `crop` is its number among the places of its field to be shown larger,
    None where there is none. `written` is what stands there where that is something else than what was read;
    `why` names why there is no value, `sources` names where it comes from, as `Source` has it.
    """

    field: str
    value: str
    place: str = ""
    is_on_page: bool = False
    is_doubtful: bool = False
    written: str = ""
    why: str = ""
    sources: tuple[str, ...] = ()


def values_of_holder(holder: Holder, doubted: Collection[str]) -> Sequence[ReadValue]:
    """Lists the values of a row; empty fields that nobody doubts are left out."""
    found = []
    for name in _OF_HOLDER:
        value = _said(getattr(holder, name))
        written = " ".join(holder.written.get(name, "").split())
        value_read = ReadValue(
            name,
            value,
            place=holder.cells.get(name, ""),
            is_doubtful=_is_doubted(name, doubted),
            written=written if written and written != value else "",
            why=holder.unclear.get(name, ""),
        )
        if value_read.value or value_read.written or value_read.is_doubtful:
            found.append(value_read)
    return found


def values_of_receipt(receipt: Receipt, doubted: Collection[str]) -> Sequence[ReadValue]:
    """Lists the values of a receipt; what is not printed and not doubted is left out."""
    found = []
    for name in _OF_RECEIPT:
        places = receipt.stands.get(name, ())
        value_read = ReadValue(
            name,
            _said(getattr(receipt, name)),
            place=str(places[0].page) if places else "",
            is_on_page=bool(places),
            is_doubtful=_is_doubted(name, doubted) or name in receipt.doubtful,
            written=receipt.doubtful.get(name, ""),
            why=receipt.unclear.get(name, ""),
            sources=receipt.sources.of(name),
        )
        if value_read.value or value_read.why or value_read.is_doubtful:
            found.append(value_read)
    return found


def _is_doubted(name: str, doubted: Collection[str]) -> bool:
    return any(name in READ_FROM.get(field, (field,)) for field in doubted)


def _said(value: object) -> str:
    """Writes a value as people write it; whoever compares it with paper needs an identity number whole."""
    if value is None:
        return ""
    if isinstance(value, IdentityNumber):
        return value.digits
    if isinstance(value, Decimal):
        return lira(value)
    return number_date(value) if isinstance(value, date) else str(value)
