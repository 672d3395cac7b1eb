"""new_price: the tariff's file + one period → the same file with the period in it, comments and all.

The period that it begins in is closed the day before; whatever else does not fit is for the tariff's own
proof to refuse (`tariff.load_tariff`), with row and value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import tomlkit
from tomlkit.items import AoT

from pipeline.domain.faults import OperatorFault


@dataclass(frozen=True, slots=True)
class Period:
    """One row of the tariff, prices as they were typed."""

    first: date
    last: date
    nes: str
    reader: str
    grace_days: int


def day_of(key: str, typed: str) -> date:
    """Reads a day as people type it: 2026-01-01 or 01.01.2026; raises OperatorFault for what is none."""
    text = typed.strip()
    parts = text.split(".")
    if len(parts) == 3:
        text = "-".join((parts[2], parts[1].zfill(2), parts[0].zfill(2)))
    try:
        if len(text) == len("2026-01-01"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise OperatorFault("tariff_no_day", key=key, value=typed)


def with_period(file: str, text: str, period: Period) -> tuple[str, date | None]:
    """Adds a period to a tariff's text; gives the text, and the last day of the period that it has closed."""
    document = tomlkit.parse(text)
    rows = document.get("wants")
    if not isinstance(rows, AoT):
        raise OperatorFault("tariff_rows", file=file)
    closed = None
    for row in rows:
        first, last = row.get("from"), row.get("until")
        if isinstance(first, date) and isinstance(last, date) and first < period.first <= last:
            closed = period.first - timedelta(days=1)
            row["until"] = closed
    rows.append(_row(period))
    return tomlkit.dumps(document), closed


def _row(period: Period) -> Any:
    row = tomlkit.table()
    # A line of air before it, as between the others.
    row.trivia.indent = "\n"
    row.add("from", period.first)
    row.add("until", period.last)
    row.add("nes", period.nes.strip())
    row.add("reader", period.reader.strip())
    row.add("grace_days", period.grace_days)
    return row
