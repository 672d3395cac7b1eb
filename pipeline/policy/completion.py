"""completion: rules/completion.toml → when a case is complete, and of whom paper is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import Field

from pipeline.domain import Case, Event, Procedure
from pipeline.domain.cases import sent_on
from pipeline.domain.official_files import OfficialFile, OfficialPart, validated
from pipeline.policy.working_days import WorkingDays

Step = Literal["sent", "paid", "form_received"]


class _Needs(OfficialPart):
    needs: tuple[Step, ...] = Field(min_length=1)
    after_working_days: int = Field(default=0, ge=0)


class _CompletionFile(OfficialFile):
    because: str
    lost_or_stolen: _Needs
    family_physician: _Needs
    card_reader: _Needs


@dataclass(frozen=True, slots=True)
class Completion:
    """What each procedure needs before its cases close by themselves."""

    needs: Mapping[Procedure, tuple[Step, ...]]
    grace: Mapping[Procedure, int]

    def wants_paper(self, procedure: Procedure) -> bool:
        """Tells whether the originals are waited for in a procedure."""
        return "form_received" in self.needs.get(procedure, ())

    def is_complete(self, case: Case, today: date, calendar: WorkingDays) -> bool:
        """Tells whether nothing more has to come, and the time of grace for a correction is over."""
        needs = self.needs.get(case.procedure)
        if case.is_closed or not needs:
            return False
        days = [step_day(case, step) for step in needs]
        if None in days:
            return False
        last = max(day for day in days if day)
        return calendar.add(last, self.grace[case.procedure]) <= today


def step_day(case: Case, step: Step) -> date | None:
    """Gives the day of a step that a case has come to; None where it has not."""
    return sent_on(case) if step == "sent" else case.steps.get(Event(step))


def load_completion(raw: Mapping[str, Any]) -> Completion:
    """Validates the parsed completion.toml; raises OperatorFault."""
    file = validated("rules/completion.toml", raw, _CompletionFile)
    rules = {p: getattr(file, p) for p in Procedure if p in _CompletionFile.model_fields}
    return Completion(
        {p: rule.needs for p, rule in rules.items()},
        {p: rule.after_working_days for p, rule in rules.items()},
    )
