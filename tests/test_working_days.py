"""Working days as Turkish offices keep them, and what a calendar that contradicts itself is told."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.faults import OperatorFault
from pipeline.office.console import sentence
from pipeline.policy.places import RULES
from pipeline.policy.working_days import Kind, load_working_days
from tests.in_order import POLICY

DAYS = POLICY.working_days
RAW: Mapping[str, Any] = tomllib.loads((RULES / "calendar.toml").read_text(encoding="utf-8"))
anyday = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def calendar_of(*days: Mapping[str, Any], **changes: Any) -> Any:
    return load_working_days({**RAW, "days": [*RAW["days"], *days], **changes})


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2024-06-14", Kind.OPEN),
        ("2024-06-15", Kind.CLOSED),  # a Saturday, and an eve
        ("2024-06-17", Kind.CLOSED),  # Kurban Bayramı
        ("2024-06-20", Kind.CLOSED),  # the bridge behind it
        ("2024-04-09", Kind.CLOSED),  # an eve whose morning was given as well
        ("2024-10-28", Kind.HALF),  # the eve of the Republic's day
        ("2024-10-29", Kind.CLOSED),
        ("2026-03-19", Kind.HALF),
        ("2026-05-19", Kind.CLOSED),
    ],
)
def test_a_day_is_what_offices_take_it_for(day: str, kind: Kind) -> None:
    assert DAYS.kind(date.fromisoformat(day)) is kind


def test_the_week_ends_on_its_last_working_day() -> None:
    assert DAYS.last_of_week(date(2024, 6, 12)) == date(2024, 6, 14)
    assert DAYS.last_of_week(date(2024, 10, 30)) == date(2024, 11, 1)
    # 1 May 2026 is a Friday; a Sunday still belongs to its week.
    assert DAYS.last_of_week(date(2026, 5, 3)) == date(2026, 4, 30)
    # Nine days of Kurban Bayramı: the week has none.
    assert DAYS.last_of_week(date(2024, 6, 19)) is None


def test_the_next_passes_over_a_long_feast() -> None:
    assert DAYS.next_working_day(date(2024, 6, 14)) == date(2024, 6, 24)


def test_a_half_day_is_worked_and_not_counted() -> None:
    friday = date(2024, 10, 25)
    assert DAYS.next_working_day(friday) == date(2024, 10, 28)
    assert DAYS.add(friday, 1) == date(2024, 10, 30)
    assert DAYS.between(friday, date(2024, 10, 30)) == 1


@given(anyday, st.integers(0, 40))
@settings(deadline=None, max_examples=60)
def test_adding_and_counting_agree(day: date, count: int) -> None:
    assert DAYS.between(day, DAYS.add(day, count)) == count


@given(anyday)
@settings(deadline=None, max_examples=60)
def test_between_a_day_and_the_next_lies_none(day: date) -> None:
    after = DAYS.next_working_day(day)
    assert DAYS.is_working_day(after)
    assert after > day
    assert not any(DAYS.is_working_day(day + timedelta(days=n)) for n in range(1, (after - day).days))


def test_a_correction_can_close_halve_and_open() -> None:
    changed = calendar_of(
        {"day": date(2026, 5, 25), "is": "closed", "because": "idari izin"},
        {"day": date(2026, 12, 31), "is": "half", "because": "idari izin"},
        {"day": date(2026, 11, 28), "is": "open", "because": "telafi"},
    )
    told = [changed.kind(date.fromisoformat(day)) for day in ("2026-05-25", "2026-12-31", "2026-11-28")]
    assert told == [Kind.CLOSED, Kind.HALF, Kind.OPEN]


def test_a_year_is_checked_when_somebody_says_so() -> None:
    assert DAYS.is_checked(2024)
    assert not DAYS.is_checked(2031)


@pytest.mark.parametrize(
    ("days", "changes", "name", "told"),
    [
        ([{"day": date(2024, 6, 20), "is": "open", "because": "x"}], {}, "calendar_twice", "20.06.2024"),
        ([{"day": date(2026, 11, 25), "is": "closed", "because": "x"}], {}, "calendar_example", "25.11.2026"),
        ([{"day": "2026-02-30", "is": "closed", "because": "x"}], {}, "rule_key", "days.7.day"),
        ([{"day": date(2026, 2, 3), "is": "shut", "because": "x"}], {}, "rule_key", "days.7.is"),
        ([{"day": date(2026, 2, 3), "is": "closed"}], {}, "rule_key", "days.7.because"),
        ([], {"rejects": []}, "rule_key", "rejects"),
        ([], {"checkd_years": []}, "rule_key", "checkd_years"),
    ],
)
def test_a_calendar_that_cannot_be_right_is_refused(
    days: list[Mapping[str, Any]], changes: Mapping[str, Any], name: str, told: str
) -> None:
    with pytest.raises(OperatorFault) as refused:
        calendar_of(*days, **changes)
    assert refused.value.name == name
    assert told in sentence(refused.value)
    assert "rules/calendar.toml" in sentence(refused.value)
