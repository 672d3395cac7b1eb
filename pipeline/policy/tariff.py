"""tariff: the rows of prices in a rule → the same rows, proved and written one way.

A row that is read wrongly would tell everybody who paid that their amount is wrong, so a doubtful one is
refused when it is loaded, with its number and what to write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import each, refuse

ITEMS = ("nes", "reader")
_KEYS = ("from", "until", *ITEMS, "grace_days")
# A few days that belong to no row are a slip; a year whose prices nobody knows is held by the rule.
_SLIP = timedelta(days=31)
_LONGEST_GRACE = 60
# What is left of a price that has fallen, at the least.
_LEAST_LEFT = 0.5
# 1450 · 1450.00 · 1450,00 · 1.450,00; what may be a thousand or a fraction is neither.
_PRICE = re.compile(r"(\d+)(?:[.,](\d{2}))?|(\d{1,3}(?:\.\d{3})+),(\d{2})")


def load_tariff(file: str, wants: object) -> Sequence[Mapping[str, Any]]:
    """Reads a tariff's rows, prices as "1450.00"; raises OperatorFault for every row that is not sure."""
    if not isinstance(wants, list | tuple) or not wants:
        raise OperatorFault("tariff_empty", file=file)
    numbered = {str(number): row for number, row in enumerate(wants, start=1)}
    rows = list(each(numbered, lambda number, row: _row(file, int(number), row)).values())
    refuse(_misfits(file, rows))
    return tuple(rows)


def _misfits(file: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[OperatorFault]:
    """Gives a fault for rows that overlap, or that leave a few days out between them."""
    by_day = sorted(enumerate(rows, start=1), key=lambda pair: pair[1]["from"])
    for (number, row), (other, following) in pairwise(by_day):
        if following["from"] <= row["until"]:
            yield OperatorFault("tariff_overlap", file=file, row=other, other=number, until=row["until"])
        if timedelta(days=1) < following["from"] - row["until"] <= _SLIP:
            yield OperatorFault("tariff_gap", file=file, row=other, other=number, until=row["until"])


def gaps(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[date, date]]:
    """Lists the stretches between the rows of a tariff whose prices are not known, both days included."""
    for row, following in pairwise(sorted(rows, key=lambda row: row["from"])):
        first, last = row["until"] + timedelta(days=1), following["from"] - timedelta(days=1)
        if first <= last:
            yield first, last


@dataclass(frozen=True, slots=True)
class PriceDoubt:
    """A price that is likely a slip: `kind` says why, `other` is the price that it is held against."""

    kind: Literal["below_reader", "leaps", "falls"]
    first: date
    item: str
    price: str
    other: str


def doubtful(rows: Sequence[Mapping[str, Any]]) -> Iterator[PriceDoubt]:
    """Finds prices that were likely typed wrongly: a certificate for less than its reader, or a leap.

    Prices were seen to rise fivefold in two and a half years, and so a year may double them; they never fell.
    """
    by_day = sorted(rows, key=lambda row: row["from"])
    for row in by_day:
        if Decimal(row["nes"]) <= Decimal(row["reader"]):
            yield PriceDoubt("below_reader", row["from"], "nes", row["nes"], row["reader"])
    for before, row in pairwise(by_day):
        years = max(1.0, (row["from"] - before["from"]).days / 365)
        for item in ITEMS:
            grown = float(Decimal(row[item]) / Decimal(before[item]))
            if grown > 2**years:
                yield PriceDoubt("leaps", row["from"], item, row[item], before[item])
            elif grown < _LEAST_LEFT:
                yield PriceDoubt("falls", row["from"], item, row[item], before[item])


@dataclass(frozen=True, slots=True)
class Due:
    """What may have been bought on a day, each with its price, and what was paid, in TL."""

    prices: Mapping[tuple[str, ...], Decimal]
    paid: Decimal

    @property
    def lack(self) -> Decimal | None:
        """Tells what is wanting at the least, below nought what is too much; None where neither is sure."""
        least, most = min(self.prices.values()), max(self.prices.values())
        if self.paid < least:
            return least - self.paid
        return most - self.paid if self.paid > most else None


def due(payment: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Due | None:
    """Prices the baskets of a payment (`amount`, `paid_on`, `baskets`); None where its day has no price."""
    day = payment["paid_on"]
    row = next((row for row in rows if row["from"] <= day <= row["until"]), None)
    if row is None:
        return None
    prices = {
        tuple(basket): sum((Decimal(row[item]) for item in basket), Decimal(0))
        for basket in payment["baskets"]
    }
    return Due(prices, Decimal(str(payment["amount"])))


def _row(file: str, number: int, raw: object) -> Mapping[str, Any]:
    row = raw if isinstance(raw, Mapping) else {}
    for key in _KEYS:
        if key not in row:
            raise OperatorFault("tariff_missing", file=file, row=number, key=key)
    if strange := [key for key in row if key not in _KEYS]:
        raise OperatorFault("tariff_key", file=file, row=number, key=strange[0], known=", ".join(_KEYS))
    for key in ("from", "until"):
        if not isinstance(row[key], date) or isinstance(row[key], datetime):
            raise OperatorFault("tariff_day", file=file, row=number, key=key, value=row[key])
    if row["until"] < row["from"]:
        raise OperatorFault("tariff_order", file=file, row=number, until=row["until"], day=row["from"])
    grace = row["grace_days"]
    if isinstance(grace, bool) or not isinstance(grace, int) or not 0 <= grace <= _LONGEST_GRACE:
        raise OperatorFault("tariff_grace", file=file, row=number, value=grace, most=_LONGEST_GRACE)
    return {**row, **{item: _price(file, number, item, row[item]) for item in ITEMS}}


def _price(file: str, number: int, item: str, value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value) if is_number else value
    if isinstance(value, float):
        text = f"{value:.2f}" if round(value, 2) == value else ""
    found = _PRICE.fullmatch(text.strip()) if isinstance(text, str) else None
    if found:
        whole, part = found[1] or found[3].replace(".", ""), found[2] or found[4] or "00"
        price = Decimal(f"{whole}.{part}")
        if price > 0:
            return f"{price:.2f}"
    raise OperatorFault("tariff_price", file=file, row=number, key=item, value=value)
