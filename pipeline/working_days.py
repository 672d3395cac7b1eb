"""working_days: Turkish holidays + rules/calendar.toml → working days, and deadlines counted in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from holidays.constants import HALF_DAY, PUBLIC
from holidays.countries.turkey import Turkey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.faults import OperatorFault, first_wrong_key

_FILE = "rules/calendar.toml"
_SATURDAY = 5
_SUNDAY = 7
# Longer than any run of holidays: a calendar without a working day in so many days is a mistake.
_LONGEST_SPELL = 60


class Kind(StrEnum):
    """What a day is to an office: open, open until noon, or closed."""

    OPEN = "open"
    HALF = "half"
    CLOSED = "closed"


class _Correction(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    kind: Kind = Field(alias="is")
    because: str = Field(min_length=1)


class _CalendarFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    checked_years: tuple[int, ...]
    because: str = Field(min_length=1)
    accepts: tuple[date, ...] = Field(min_length=1)
    rejects: tuple[date, ...] = Field(min_length=1)
    days: tuple[_Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of Turkish offices: the law's holidays, corrected by hand.

    A half day is worked, so that a list may go out on it, but no deadline counts it: nobody loses an
    afternoon to a holiday.
    """

    corrections: Mapping[date, Kind]
    checked_years: frozenset[int]

    def kind(self, day: date) -> Kind:
        """Tells what a day is; a correction outranks the law, the law the week."""
        if day in self.corrections:
            return self.corrections[day]
        if day.weekday() >= _SATURDAY or day in _holidays(day.year)[0]:
            return Kind.CLOSED
        return Kind.HALF if day in _holidays(day.year)[1] else Kind.OPEN

    def is_working_day(self, day: date) -> bool:
        """Tells whether an office is open on a day, if only until noon."""
        return self.kind(day) is not Kind.CLOSED

    def next_working_day(self, day: date) -> date:
        """Gives the first working day after a day."""
        return self._search(day, 1)

    def previous_working_day(self, day: date) -> date:
        """Gives the last working day before a day."""
        return self._search(day, -1)

    def last_of_week(self, day: date) -> date | None:
        """Gives the last working day of a day's week, Monday to Sunday; None where the whole week is off."""
        monday = day - timedelta(days=day.weekday())
        week = [monday + timedelta(days=n) for n in range(_SUNDAY)]
        return next((d for d in reversed(week) if self.is_working_day(d)), None)

    def add(self, day: date, count: int) -> date:
        """Gives the day on which so many full working days after a day are over."""
        while count:
            day = self.next_working_day(day)
            count -= self.kind(day) is Kind.OPEN
        return day

    def between(self, since: date, until: date) -> int:
        """Counts the full working days after one day, up to and with another."""
        days = (since + timedelta(days=n) for n in range(1, (until - since).days + 1))
        return sum(self.kind(day) is Kind.OPEN for day in days)

    def is_checked(self, year: int) -> bool:
        """Tells whether somebody has looked up a year's bridge days."""
        return year in self.checked_years

    def _search(self, day: date, step: int) -> date:
        for _ in range(_LONGEST_SPELL):
            day += timedelta(days=step)
            if self.is_working_day(day):
                return day
        raise OperatorFault("calendar_without_work", file=_FILE, day=day)


@lru_cache(maxsize=64)
def _holidays(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Gives a year's whole and half holidays by law."""
    whole = frozenset(Turkey(years=year, categories=(PUBLIC,)))
    return whole, frozenset(Turkey(years=year, categories=(HALF_DAY,))) - whole


def load_working_days(raw: Mapping[str, Any]) -> WorkingDays:
    """Validates the parsed calendar.toml and has it prove its examples; raises OperatorFault."""
    try:
        file = _CalendarFile.model_validate(raw)
    except ValidationError as fault:
        key, kind, _ = first_wrong_key(fault)
        raise OperatorFault("rule_key", file=_FILE, key=key, kind=kind) from fault
    corrections: dict[date, Kind] = {}
    for correction in file.days:
        if correction.day in corrections:
            raise OperatorFault("calendar_twice", file=_FILE, day=correction.day)
        corrections[correction.day] = correction.kind
    calendar = WorkingDays(corrections, frozenset(file.checked_years))
    for key, wanted in (("accepts", True), ("rejects", False)):
        for day in getattr(file, key):
            if calendar.is_working_day(day) is not wanted:
                raise OperatorFault("calendar_example", file=_FILE, key=key, day=day)
    return calendar
