"""material: all that the report of one night is made of, as values; gathered once, at a fixed instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pipeline.domain import Batch, Case, Decision, PastNight
from pipeline.domain.quality import Tally
from pipeline.night.report import Picture
from pipeline.policy.list_days import Selection


@dataclass(frozen=True, slots=True)
class Heard:
    """One mail of the day, as far as the report tells of it."""

    sha: str
    sender: str
    subject: str
    shunt: str
    decision: Decision
    decided_at: datetime
    number: str


@dataclass(frozen=True, slots=True)
class StoppedBy:
    """Why no letters go out: since when, by a fault's place or a rule's name, in how many of how many."""

    at: datetime
    kind: str
    name: str
    hit: int
    of: int


@dataclass(frozen=True, slots=True)
class Caution:
    """One sentence of [warnings] in reports/nightly.toml, and what fills it."""

    name: str
    fills: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreleased:
    """One list that waits for the unit's word: its name, how many people are on it, and its day."""

    batch: str
    rows: int
    day: date


@dataclass(frozen=True, slots=True)
class ReportMaterial:
    """All that the report of one night is made of.

    `past` are the last nights, oldest first, this one included; `crops` are the pictures of what was
    doubtful in held mails, by digest.
    """

    day: date
    number: int
    since: datetime
    until: datetime
    balance: Mapping[str, int]
    heard: Sequence[Heard]
    open_holds: Sequence[Heard]
    batches: Sequence[Batch]
    selection: Selection
    open_cases: Sequence[Case]
    letters: Sequence[Mapping[str, Any]]
    unfetched: Sequence[Mapping[str, Any]]
    bounces: Sequence[Mapping[str, Any]] = ()
    past: Sequence[PastNight] = ()
    crops: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)
    warnings: Sequence[Caution] = ()
    # How many people were reminded of what, and the lists that wait for their release.
    reminded: Mapping[str, int] = field(default_factory=dict)
    unreleased: Sequence[Unreleased] = ()
    # Where officials reach the desk in their browser, "" where there is none.
    desk: str = ""
    # Set while the breaker holds the letters back.
    stop: StoppedBy | None = None
    # What people found who read accepted receipts blind, by kind.
    quality: Sequence[Tally] = ()
    # By which the audit log is known outside, as it stood when the night was closed.
    audit_code: str = ""
