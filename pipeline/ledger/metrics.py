"""metrics: the ledger's figures → a text in the OpenMetrics format, which Prometheus and others collect.

Ages are told as the moment they are counted from: a file that nobody writes anew would tell them wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.domain import Outcome

if TYPE_CHECKING:
    from pipeline.ledger.openmetrics import Told

LETTER_STATES = ("planned", "started", "deferred", "done", "failed", "in_doubt", "cancelled")


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of one command that had anything to write."""

    begun_at: datetime
    ended_at: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What stands in the ledger, in numbers and moments, and nothing about a person."""

    outcomes: Mapping[str, int] = field(default_factory=dict)
    letters: Mapping[str, int] = field(default_factory=dict)
    # How often each command ended how: ("poll", "done") ...
    runs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    last_runs: Mapping[str, LastRun] = field(default_factory=dict)
    troubles: Mapping[str, datetime] = field(default_factory=dict)
    mails_waiting: int = 0
    mails_unfetched: int = 0
    holds: int = 0
    oldest_hold: datetime | None = None
    oldest_letter: datetime | None = None
    bounces: int = 0
    night_number: int = 0
    night_closed_at: datetime | None = None
    is_stopped: bool = False


def as_text(figures: Figures, version: str, office: str | None = None) -> str:
    """Writes the figures down, the same figures as the same text; under the office's name, where it has one."""
    # Its library brings a web server along: whoever only looks at figures need not wait for that.
    from pipeline.ledger.openmetrics import Told

    told = Told(office)
    told.gauge("build_info", "The program's version.", {version: 1}, "version")
    outcomes = {str(outcome): figures.outcomes.get(outcome, 0) for outcome in Outcome}
    told.counter("mails", "Mails decided, by outcome.", outcomes, "outcome")
    told.gauge("mails_waiting", "Mails to be fetched or judged.", figures.mails_waiting)
    told.gauge("mails_unfetched", "Mails that could not be fetched.", figures.mails_unfetched)
    states = {state: figures.letters.get(state, 0) for state in LETTER_STATES}
    told.gauge("letters", "Letters, by state.", states, "state")
    told.moment("oldest_letter", "When the oldest unsent letter was written.", figures.oldest_letter)
    told.counter("bounces", "Letters that came back.", figures.bounces)
    told.gauge("holds", "Mails that wait for an official.", figures.holds)
    held = "When the oldest mail that waits for an official was judged."
    told.moment("oldest_hold", held, figures.oldest_hold)
    told.gauge("stopped", "Whether the breaker holds all letters back.", figures.is_stopped)
    _tell_of_runs(told, figures)
    told.gauge("night_number", "The number of the last night's report.", figures.night_number)
    told.moment("night_closed", "When the last night was closed.", figures.night_closed_at)
    since = {name: at.timestamp() for name, at in sorted(figures.troubles.items())}
    told.gauge("trouble_since_timestamp_seconds", "What is wrong, and since when.", since, "trouble")
    return told.as_text()


def _tell_of_runs(told: Told, figures: Figures) -> None:
    ended = "Runs that had anything to write, by how they ended."
    told.counter("runs", ended, dict(sorted(figures.runs.items())), "command", "outcome")
    for command, run in sorted(figures.last_runs.items()):
        began = f"When the last {command} that had anything to write began."
        told.moment(f"last_{command}", began, run.begun_at)
        if run.ended_at is not None:
            seconds = (run.ended_at - run.begun_at).total_seconds()
            told.gauge(f"last_{command}_duration_seconds", "How long it took.", seconds)
