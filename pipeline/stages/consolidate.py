"""consolidate: Case… → Batch"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from pipeline.domain import Batch, Case
from pipeline.sheets import Form
from pipeline.turkish import spoken_date
from pipeline.workbook import write_list


def consolidate(day: date, cases: Sequence[Case], waiting: Collection[str], form: Form) -> Batch | None:
    """Puts the open cases that no list has gone out for into the day's list; None where there are none.

    Those in `waiting` stay behind: an official has yet to say whether they are withdrawn, or which of
    two mails is right about them.
    """
    ready = tuple(case for case in cases if case.holder is not None and case.number not in waiting)
    if not ready:
        return None
    number = 1
    title = f"{form.form} – {day.isoformat()}/{number} – {spoken_date(day)}"
    workbook = write_list([case.holder for case in ready if case.holder], form, title)
    return Batch(day=day, number=number, cases=ready, workbook=workbook)
