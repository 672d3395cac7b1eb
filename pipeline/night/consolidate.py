"""consolidate: Case… → Batch…"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipeline.domain import Batch, Case
from pipeline.domain.turkish import spoken_date
from pipeline.lists.form import Form
from pipeline.lists.workbook import write_list


def consolidate(day: date, cases: Sequence[Case], form: Form, most: int | None = None) -> tuple[Batch, ...]:
    """Puts cases on the day's list for Kamu SM, or on several of at most so many; on none without cases."""
    listed = [case for case in cases if case.holder is not None]
    size = most or len(listed) or 1
    parts = [tuple(listed[at : at + size]) for at in range(0, len(listed), size)]
    return tuple(_batch(day, number, part, form) for number, part in enumerate(parts, start=1))


def _batch(day: date, number: int, cases: tuple[Case, ...], form: Form) -> Batch:
    title = f"{form.form} – {day.isoformat()}/{number} – {spoken_date(day)}"
    workbook = write_list([case.holder for case in cases if case.holder], form, title)
    return Batch(day=day, number=number, cases=cases, workbook=workbook)
