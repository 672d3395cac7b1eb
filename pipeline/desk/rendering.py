"""rendering: a page's name and values → HTML, in which nothing that anybody wrote is markup."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.domain.turkish import lira, number_date, quotable

PAGES = Path(__file__).resolve().parent / "pages"


@cache
def desk_words() -> Mapping[str, Any]:
    """Reads what the desk says in the place of names: roles, states, what an act came to."""
    return tomllib.loads((PAGES / "sozler.toml").read_text(encoding="utf-8"))


def environment(zone: ZoneInfo) -> Environment:
    """Makes what the pages are set with; moments are shown in a zone."""
    made = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def moment(at: datetime) -> str:
        return f"{at.astimezone(zone):%d.%m.%Y %H:%M}"

    def hour(at: datetime) -> str:
        return f"{at.astimezone(zone):%H:%M}"

    made.filters["moment"] = moment
    made.filters["hour"] = hour
    made.filters["day"] = number_date
    made.filters["quotable"] = quotable
    made.filters["shown"] = _shown
    made.filters["price"] = lambda text: lira(Decimal(text))
    made.globals["words"] = desk_words()
    return made


def _shown(value: object) -> str:
    """Writes a value as a page has it: amounts and days the Turkish way, texts without what nobody sees."""
    if isinstance(value, Decimal):
        return lira(value)
    if isinstance(value, datetime | date):
        return number_date(value)
    return quotable(str(value))
