"""closed_nights: the nights that were closed, and the lists that went out in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipeline.domain import Batch, Entry, Event
from pipeline.ledger.cases import Cases


@dataclass(frozen=True, slots=True)
class Night:
    """One closed night: its day, running number, and the span of time it reports on."""

    day: date
    number: int
    since: datetime
    until: datetime


class ClosedNights(Cases):
    """The chapter of nights and their batches; a case that is listed gets its entry."""

    def last_night(self) -> Night | None:
        """Gives the newest closed night."""
        row = self._one("SELECT * FROM night ORDER BY day DESC LIMIT 1")
        return _night(row) if row else None

    def night(self, day: date) -> Night | None:
        """Gives the closed night of a day."""
        row = self._one("SELECT * FROM night WHERE day=?", day.isoformat())
        return _night(row) if row else None

    def last_until(self, moment: datetime) -> datetime | None:
        """Tells until when the last night reports that was closed by a moment."""
        row = self._one("SELECT max(until) AS at FROM night WHERE until<=?", moment)
        return datetime.fromisoformat(row["at"]) if row and row["at"] else None

    def close_night(self, night: Night) -> None:
        """Writes a night; call inside a transaction, with its batches."""
        self._db.execute(
            "INSERT INTO night VALUES (?, ?, ?, ?)",
            (night.day.isoformat(), night.number, night.since, night.until),
        )
        self.note(night.until, "night closed", night.day.isoformat())

    def close_batch(self, batch: Batch, digest: str, is_for_release: bool, at: datetime) -> None:
        """Writes a batch, each case in one batch of the night once; call inside a transaction."""
        self.note(at, f"batch closed {batch.name}", digest)
        self._db.execute(
            "INSERT INTO batch (day, number, digest, rows, workbook, for_release) VALUES (?, ?, ?, ?, ?, ?)",
            (
                batch.day.isoformat(),
                batch.number,
                digest,
                len(batch.cases),
                batch.workbook,
                int(is_for_release),
            ),
        )
        if is_for_release:
            self.has_to_be_released(batch.day.isoformat(), batch.number)
        for position, case in enumerate(batch.cases, start=1):
            self._db.execute(
                "INSERT INTO batch_row VALUES (?, ?, ?, ?)",
                (case.number, batch.day.isoformat(), batch.number, position),
            )
        self.add_entries(
            (
                Entry(c.number, c.procedure, c.identity_number, Event.BATCHED, batch.day, batch.name)
                for c in batch.cases
            ),
            sender="",
        )

    def batches(self, most: int = -1) -> list[dict[str, Any]]:
        """Lists the batches, newest first, without their workbooks: all of them, or so many."""
        return self._rows(
            "SELECT day, number, digest, rows FROM batch ORDER BY day DESC, number DESC LIMIT ?", most
        )


def _night(row: Mapping[str, Any]) -> Night:
    return Night(
        date.fromisoformat(row["day"]),
        row["number"],
        datetime.fromisoformat(row["since"]),
        datetime.fromisoformat(row["until"]),
    )
