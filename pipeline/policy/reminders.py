"""reminders: rules/reminders/<name>.toml → Reminder; which one an open case is due, by its steps and days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal, get_args

from pydantic import Field

from pipeline.domain import Case, Procedure
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, each, refuse, validated
from pipeline.policy.completion import Completion, Step, step_day
from pipeline.policy.working_days import WorkingDays

Steps = Mapping[Step, date]


class _Example(OfficialPart):
    today: date
    procedure: Procedure = Procedure.LOST_OR_STOLEN
    sent: date | None = None
    paid: date | None = None
    form_received: date | None = None

    @property
    def steps(self) -> Steps:
        return {step: getattr(self, step) for step in get_args(Step) if getattr(self, step)}


class _ReminderFile(OfficialFile):
    after: tuple[Step, ...] = Field(min_length=1)
    working_days: int | None = Field(default=None, ge=1)
    days: int | None = Field(default=None, ge=1)
    unless: tuple[Step, ...] = Field(min_length=1)
    until_days: int | None = Field(default=None, ge=1)
    urgency: int = Field(ge=1)
    encloses: Literal["", "cover-sheet"] = ""
    say: str
    because: str
    accepts: tuple[_Example, ...]
    rejects: tuple[_Example, ...]

    def misfits(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault where days are counted in two ways or none, and where nothing would prove them."""
        if (self.working_days is None) == (self.days is None):
            yield OperatorFault("reminder_days", file=path)
        if not self.accepts or not self.rejects:
            yield OperatorFault("rule_without_examples", file=path)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One letter that goes out when a step stays away: days after the last of some steps, unless others came.

    Of the steps in `after` those count that the procedure knows, and who waits for none of `awaits` hears
    nothing. `days` are working days or, where
    `by_calendar`, plain ones; after `until_days` plain days it is too late. The more urgent comes first.
    """

    name: str
    after: tuple[Step, ...]
    days: int
    by_calendar: bool
    awaits: frozenset[Step]
    unless: tuple[Step, ...]
    until_days: int | None
    urgency: int
    brings_cover: bool
    say: str
    because: str
    examples: tuple[tuple[_Example, bool], ...]

    def is_due(
        self, steps: Steps, procedure: Procedure, today: date, completion: Completion, calendar: WorkingDays
    ) -> bool:
        """Tells whether somebody with these steps should hear of this by today."""
        known = completion.needs.get(procedure, ())
        begins = [steps.get(step) for step in self.after if step in known]
        if not begins or None in begins or not self.awaits & set(known):
            return False
        if any(step in steps for step in self.unless):
            return False
        begin = max(day for day in begins if day)
        due = begin + timedelta(days=self.days) if self.by_calendar else calendar.add(begin, self.days)
        last = begin + timedelta(days=self.until_days) if self.until_days else date.max
        return due <= today < last

    def is_proved(self, completion: Completion, calendar: WorkingDays) -> bool:
        """Tells whether every example turns out as its file says."""
        return all(self._agrees(example, wanted, completion, calendar) for example, wanted in self.examples)

    def _agrees(self, example: _Example, wanted: bool, completion: Completion, calendar: WorkingDays) -> bool:
        is_due = self.is_due(example.steps, example.procedure, example.today, completion, calendar)
        return is_due is wanted

    def mutants(self) -> Iterator[tuple[str, Reminder]]:
        """Gives reminders that differ in one thing, each of which some example should notice."""
        yield "days", replace(self, days=self.days + 1)
        yield "days", replace(self, days=self.days - 1)
        yield "unless", replace(self, unless=())


def load_reminders(
    raw: Mapping[str, Mapping[str, Any]], completion: Completion, calendar: WorkingDays
) -> tuple[Reminder, ...]:
    """Validates reminders by file stem and has each prove its examples; the most urgent comes first.

    Raises OperatorFault for an unknown key, missing examples, an example that turns out otherwise, and two
    reminders of the same urgency, between which it would be a matter of chance.
    """
    reminders = read_reminders(raw)
    prove_reminders(reminders, completion, calendar)
    return reminders


def read_reminders(raw: Mapping[str, Mapping[str, Any]]) -> tuple[Reminder, ...]:
    """Validates reminders by file stem, the most urgent first, before any days are counted."""
    files = each(raw, lambda name, told: validated(_where(name), told, _ReminderFile))
    reminders = [_reminder(name, files[name]) for name in sorted(files)]
    return tuple(sorted(reminders, key=lambda reminder: -reminder.urgency))


def prove_reminders(reminders: Sequence[Reminder], completion: Completion, calendar: WorkingDays) -> None:
    """Has each reminder prove its examples, and be alone in its urgency; raises OperatorFault."""
    twins = (
        OperatorFault("reminder_urgency", file=_where(other.name), other=_where(one.name))
        for one, other in pairwise(reminders)
        if one.urgency == other.urgency
    )
    wrong = (fault for reminder in reminders for fault in _disproved(reminder, completion, calendar))
    refuse((*wrong, *twins))


def _disproved(reminder: Reminder, completion: Completion, calendar: WorkingDays) -> Iterator[OperatorFault]:
    for example, wanted in reminder.examples:
        if not reminder._agrees(example, wanted, completion, calendar):
            key = "accepts" if wanted else "rejects"
            shown = ", ".join(f"{k} = {v}" for k, v in example.model_dump(exclude_none=True).items())
            yield OperatorFault("reminder_example", file=_where(reminder.name), key=key, example=shown)


def most_pressing(
    case: Case,
    today: date,
    reminders: Sequence[Reminder],
    completion: Completion,
    calendar: WorkingDays,
) -> Reminder | None:
    """Picks the one reminder that a case is due; nothing less urgent than what was said before."""
    said = max((r.urgency for r in reminders if r.name in case.reminded), default=0)
    if case.is_closed or case.is_returned:
        return None
    found = {step: step_day(case, step) for step in get_args(Step)}
    steps = {step: day for step, day in found.items() if day}
    return next(
        (
            reminder
            for reminder in reminders
            if reminder.urgency > said and reminder.is_due(steps, case.procedure, today, completion, calendar)
        ),
        None,
    )


def _reminder(name: str, file: _ReminderFile) -> Reminder:
    return Reminder(
        name=name,
        after=file.after,
        days=file.working_days or file.days or 0,
        by_calendar=file.days is not None,
        awaits=frozenset(file.unless),
        unless=file.unless,
        until_days=file.until_days,
        urgency=file.urgency,
        brings_cover=file.encloses == "cover-sheet",
        say=file.say,
        because=file.because,
        examples=(*((e, True) for e in file.accepts), *((e, False) for e in file.rejects)),
    )


def _where(name: str) -> str:
    return f"rules/reminders/{name}.toml"
