"""trail: the audit log as people read it: who did and looked at what, when, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pipeline.ledger.book import Ledger


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One line of the audit log: when, what happened, and to what or by whom."""

    at: datetime
    event: str
    about: str


def note_lines(ledger: Ledger, lines: Iterable[TrailLine]) -> None:
    """Adds lines that were written down elsewhere to the audit log, each once however often it is brought."""
    with ledger.transaction():
        for line in lines:
            at = line.at.astimezone(UTC).isoformat()
            known = "SELECT 1 FROM audit WHERE at=? AND event=? AND about=?"
            if not ledger.query(known, at, line.event, line.about):
                ledger.note(line.at, line.event, line.about)


def note_act(ledger: Ledger, at: datetime, event: str, about: str) -> None:
    """Adds the line of one act that writes nothing else into the ledger."""
    with ledger.transaction():
        ledger.note(at, event, about)


def trail_of(ledger: Ledger, day: date, zone: tzinfo) -> list[TrailLine]:
    """Gives the lines of one day of a zone, oldest first."""
    rows = ledger.query(
        "SELECT at, event, about FROM audit WHERE at>=? AND at<? ORDER BY seq", *_span(day, zone)
    )
    return [TrailLine(datetime.fromisoformat(r["at"]), r["event"], r["about"]) for r in rows]


def is_whole(ledger: Ledger, day: date, zone: tzinfo) -> bool:
    """Tells whether a day's lines, and the end of the log, are of the chain that this program has written.

    The whole chain, years of it, is what `verify` looks at.
    """
    return not ledger.broken_lines(*_span(day, zone))


def _span(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    begin = datetime.combine(day, time(), zone)
    return begin, begin + timedelta(days=1)
