"""overview: many offices → each in numbers; nobody's name, address, number or subject leaves an office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pipeline.domain.faults import OperatorFault
from pipeline.ledger.figures import figures_of
from pipeline.ledger.home import Home
from pipeline.ledger.metrics import Figures
from pipeline.night.closing import night_owed
from pipeline.office.offices import Branch
from pipeline.office.opening import opened_ledger, policy_of
from pipeline.office.settings import Settings


@dataclass(frozen=True, slots=True)
class OfficeSeen:
    """How one office stands; `fault` is why nothing can be said of it."""

    name: str
    fault: OperatorFault | None = None
    has_begun: bool = False
    last_beat: datetime | None = None
    undecided: int = 0
    held: int = 0
    oldest_hold: datetime | None = None
    letters_to_send: int = 0
    letters_failed: int = 0
    # The kinds of trouble, without the mailbox that has it.
    troubles: tuple[str, ...] = ()
    is_stopped: bool = False
    is_night_owed: bool = False
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Tells whether nothing is wrong with the office itself; mails may wait for its clerks."""
        return not (
            self.fault or self.troubles or self.is_stopped or self.is_night_owed or self.letters_failed
        )


def look_at(branch: Branch, now: datetime) -> OfficeSeen:
    """Reads an office's ledger beside its runs and changes nothing."""
    if branch.settings is None:
        return OfficeSeen(branch.name, branch.fault)
    home = Home(branch.settings.home)
    if not home.ledger_file.exists() and home.last_beat() is None:
        return OfficeSeen(branch.name, _fault_before_the_first_day(branch.settings))
    if home.refusal:
        return OfficeSeen(branch.name, home.refusal, has_begun=True, last_beat=home.last_beat())
    try:
        with opened_ledger(branch.settings) as ledger:
            counts, figures, owed = (
                ledger.counts(),
                figures_of(ledger, home.refused_at),
                night_owed(branch.settings, ledger, now),
            )
    except OperatorFault as fault:
        return OfficeSeen(branch.name, fault, has_begun=True, last_beat=home.last_beat())
    return OfficeSeen(
        name=branch.name,
        has_begun=True,
        last_beat=home.last_beat(),
        undecided=counts["waiting"] + counts["undecided"],
        held=counts["held"],
        oldest_hold=figures.oldest_hold,
        letters_to_send=counts["letters_to_send"],
        letters_failed=counts["letters_failed"],
        troubles=_kinds(figures),
        is_stopped=figures.is_stopped,
        is_night_owed=owed is not None,
        outcomes=figures.outcomes,
    )


def _fault_before_the_first_day(settings: Settings) -> OperatorFault | None:
    """Names what keeps an office from ever beginning: later, what was in force before goes on."""
    try:
        policy_of(settings)
    except OperatorFault as fault:
        return fault
    return None


def _kinds(figures: Figures) -> tuple[str, ...]:
    return tuple(sorted({name.partition("/")[0] for name in figures.troubles}))


def as_figures(seen: OfficeSeen) -> dict[str, Any]:
    """Gives an office as programs read it."""
    told = asdict(seen) | {"fault": seen.fault and seen.fault.name, "is_well": seen.is_well}
    moments = {
        key: value.isoformat(timespec="seconds") for key, value in told.items() if isinstance(value, datetime)
    }
    return told | moments
