"""working_days: Turkish holidays + rules/calendar.toml → working days, and deadlines counted in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import Field

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, validated

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


class _Correction(OfficialPart):
    day: date
    kind: Kind = Field(alias="is")
    because: str = Field(min_length=1)


class _CalendarFile(OfficialFile):
    checked_years: tuple[int, ...]
    because: str = Field(min_length=1)
    accepts: tuple[date, ...] = Field(min_length=1)
    rejects: tuple[date, ...] = Field(min_length=1)
    days: tuple[_Correction, ...] = ()

    @property
    def calendar(self) -> WorkingDays:
        corrections = {correction.day: correction.kind for correction in self.days}
        return WorkingDays(corrections, frozenset(self.checked_years))

    def misfits(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for a day that is corrected twice."""
        for day, times in Counter(correction.day for correction in self.days).items():
            if times > 1:
                yield OperatorFault("calendar_twice", file=path, day=day)

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each example that is another day."""
        for key, wanted in (("accepts", True), ("rejects", False)):
            for day in getattr(self, key):
                if self.calendar.is_working_day(day) is not wanted:
                    yield OperatorFault("calendar_example", file=path, key=key, day=day)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of Turkish offices: the law's holidays, corrected by hand.

    A half day is worked, so that a list may go out on it, but no deadline counts it: nobody loses an
    afternoon to a holiday.
    """

    # Left out of the hash, so that what was counted once is known again.
    corrections: Mapping[date, Kind] = field(hash=False)
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
        for _ in range(_LONGEST_SPELL):
            day += timedelta(days=1)
            if self.is_working_day(day):
                return day
        raise OperatorFault("calendar_without_work", file=_FILE, day=day)

    def last_of_week(self, day: date) -> date | None:
        """Gives the last working day of a day's week, Monday to Sunday; None where the whole week is off."""
        monday = day - timedelta(days=day.weekday())
        week = [monday + timedelta(days=n) for n in range(_SUNDAY)]
        return next((d for d in reversed(week) if self.is_working_day(d)), None)

    def add(self, day: date, count: int) -> date:
        """Gives the day on which so many full working days after a day are over."""
        return _added(self, day, count)

    def between(self, since: date, until: date) -> int:
        """Counts the full working days after one day, up to and with another."""
        days = (since + timedelta(days=n) for n in range(1, (until - since).days + 1))
        return sum(self.kind(day) is Kind.OPEN for day in days)

    def is_checked(self, year: int) -> bool:
        """Tells whether somebody has looked up a year's bridge days."""
        return year in self.checked_years


@lru_cache(maxsize=1024)
def _added(calendar: WorkingDays, day: date, count: int) -> date:
    # A night asks this of every open case, and many began on the same day.
    while count:
        day = calendar.next_working_day(day)
        count -= calendar.kind(day) is Kind.OPEN
    return day


@lru_cache(maxsize=64)
def _holidays(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Gives a year's whole and half holidays by law."""
    # The library brings the calendars of the whole world: it is asked only where a day is asked for.
    from holidays.constants import HALF_DAY, PUBLIC
    from holidays.countries.turkey import Turkey

    whole = frozenset(Turkey(years=year, categories=(PUBLIC,)))
    return whole, frozenset(Turkey(years=year, categories=(HALF_DAY,))) - whole


def load_working_days(raw: Mapping[str, Any]) -> WorkingDays:
    """Validates the parsed calendar.toml and has it prove its examples; raises OperatorFault."""
    return validated(_FILE, raw, _CalendarFile).calendar
