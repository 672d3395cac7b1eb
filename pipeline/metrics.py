"""metrics: the ledger's figures → a text in the OpenMetrics format, which Prometheus and others collect.

Ages are told as the moment they are counted from: a file that nobody writes anew would tell them wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.domain import Outcome

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


def as_text(figures: Figures, version: str) -> str:
    """Writes the figures down, the same figures as the same text."""
    lines: list[str] = []

    def tell(name: str, kind: str, help_text: str, samples: Mapping[str, float]) -> None:
        lines.append(f"# TYPE nes_intake_{name} {kind}")
        lines.append(f"# HELP nes_intake_{name} {help_text}")
        suffix = "_total" if kind == "counter" else ""
        lines.extend(f"nes_intake_{name}{suffix}{labels} {value}" for labels, value in samples.items())

    def moment(name: str, help_text: str, at: datetime | None) -> None:
        if at is not None:
            tell(f"{name}_timestamp_seconds", "gauge", help_text, {"": at.timestamp()})

    tell("build_info", "gauge", "The program's version.", {_labels(version=version): 1})
    tell("mails", "counter", "Mails decided, by outcome.", {
        _labels(outcome=outcome): figures.outcomes.get(outcome, 0) for outcome in Outcome
    })  # fmt: skip
    tell("mails_waiting", "gauge", "Mails to be fetched or judged.", {"": figures.mails_waiting})
    tell("mails_unfetched", "gauge", "Mails that could not be fetched.", {"": figures.mails_unfetched})
    tell("letters", "gauge", "Letters, by state.", {
        _labels(state=state): figures.letters.get(state, 0) for state in LETTER_STATES
    })  # fmt: skip
    moment("oldest_letter", "When the oldest unsent letter was written.", figures.oldest_letter)
    tell("bounces", "counter", "Letters that came back.", {"": figures.bounces})
    tell("holds", "gauge", "Mails that wait for an official.", {"": figures.holds})
    moment("oldest_hold", "When the oldest mail that waits for an official was judged.", figures.oldest_hold)
    tell("stopped", "gauge", "Whether the breaker holds all letters back.", {"": int(figures.is_stopped)})
    tell("runs", "counter", "Runs that had anything to write, by how they ended.", {
        _labels(command=command, outcome=outcome): count
        for (command, outcome), count in sorted(figures.runs.items())
    })  # fmt: skip
    for command, run in sorted(figures.last_runs.items()):
        moment(f"last_{command}", f"When the last {command} that had anything to write began.", run.begun_at)
        if run.ended_at is not None:
            seconds = (run.ended_at - run.begun_at).total_seconds()
            tell(f"last_{command}_duration_seconds", "gauge", "How long it took.", {"": seconds})
    tell("night_number", "gauge", "The number of the last night's report.", {"": figures.night_number})
    moment("night_closed", "When the last night was closed.", figures.night_closed_at)
    tell("trouble_since_timestamp_seconds", "gauge", "What is wrong, and since when.", {
        _labels(trouble=name): since.timestamp() for name, since in sorted(figures.troubles.items())
    })  # fmt: skip
    return "\n".join([*lines, "# EOF", ""])


def _labels(**labels: str) -> str:
    escaped = {k: v.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for k, v in labels.items()}
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
