"""nights_back: a night that a wrong clock has closed ahead of its day is taken back; what it sent stays sent.

The list and the letters of that night have gone out and are not made again: the cases stay on their list.
What was written down under the wrong clock is dated to the moment of taking back, for until its date came it
would wait: letters put off, turns and budgets of senders, reminders. The night's name stays used.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pipeline.ledger.book import Ledger, Night

# Moments by our own clock; what a server dated is right, and names of nights and lists stay as they went out.
_MOMENTS = {
    "run": ("started_at", "ended_at"),
    "arrival": ("erased_at",),
    "transcript": ("kept_at",),
    "decision": ("decided_at",),
    "hold": ("settled_at",),
    "settled": ("settled_at",),
    "act": ("at",),
    "letter": ("planned_at", "changed_at", "next_at"),
    "usage": ("at",),
    "stop": ("at", "settled_at"),
    "sample": ("drawn_at", "answered_at", "settled_at"),
    "in_force": ("at",),
    "release": ("released_at",),
    "kamu_sm_answer": ("imported_at",),
    "tombstone": ("erased_at",),
    "destruction": ("at", "until"),
    "trouble": ("seen_at", "alarmed_at", "calm_since", "ended_at"),
}


def nights_ahead(ledger: Ledger, now: datetime) -> list[Night]:
    """Lists the nights that were closed at a moment that is still to come, oldest first."""
    rows = ledger.query("SELECT * FROM night ORDER BY day")
    nights = [Night(date.fromisoformat(r["day"]), r["number"], *_span(r)) for r in rows]
    return [night for night in nights if night.until > now]


def is_taken_back(ledger: Ledger, day: date) -> bool:
    """Tells whether a night of this day was closed ahead and taken back: its name is used."""
    return bool(ledger.query("SELECT 1 FROM taken_back WHERE day=?", day.isoformat()))


def last_number(ledger: Ledger) -> int:
    """Gives the highest number that a report has had, 0 where there was none."""
    (row,) = ledger.query(
        "SELECT max(coalesce((SELECT max(number) FROM night), 0), "
        "coalesce((SELECT max(number) FROM taken_back), 0)) AS n"
    )
    return int(row["n"])


def take_back(ledger: Ledger, nights: Sequence[Night], because: str, by: str, now: datetime) -> int:
    """Takes nights back and dates what lies ahead to now, a local time; gives how many rows were dated anew."""
    with ledger.transaction():
        for night in nights:
            day = night.day.isoformat()
            span = (night.since, night.until, now)
            ledger.execute("DELETE FROM night WHERE day=?", day)
            ledger.execute(
                "INSERT INTO taken_back VALUES (?, ?, ?, ?, ?, ?, ?)", day, night.number, *span, by, because
            )
            ledger.note(now, "night taken back", day)
        # A trouble is known by when it began: one that begins ahead is over, and comes again if it is there.
        ledger.execute("DELETE FROM trouble WHERE since>?", now)
        # People are found by the days that their mails and entries have from now on.
        ledger.execute("UPDATE trace SET day=? WHERE day>?", *[now.date().isoformat()] * 2)
        return sum(
            ledger.execute(f'UPDATE "{table}" SET "{column}"=? WHERE "{column}">?', now, now)
            for table, columns in _MOMENTS.items()
            for column in columns
        ) + _date_entries(ledger, now.date())


def _date_entries(ledger: Ledger, today: date) -> int:
    """Dates the entries that lie ahead; entries are final, so that each is written anew in its place."""
    ahead = ledger.query("SELECT * FROM entry WHERE day>? ORDER BY id", today.isoformat())
    for row in ahead:
        ledger.execute("DELETE FROM entry WHERE id=?", row["id"])
    for row in ahead:
        dated: dict[str, Any] = {**row, "day": today.isoformat()}
        names = ", ".join(dated)
        slots = ", ".join("?" * len(dated))
        ledger.execute(f"INSERT INTO entry ({names}) VALUES ({slots})", *dated.values())
    return len(ahead)


def _span(row: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["until"])
