"""night_figures: what the ledger knows of the last nights, and of the letters that did not go, for the report."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from pipeline.domain import Outcome, PastNight
from pipeline.ledger.book import Ledger, Night

_DAYS = 30


def past_nights(ledger: Ledger, tonight: Night) -> list[PastNight]:
    """Counts the last thirty days' nights and the one that is being closed, oldest first."""
    nights = [
        *(
            Night(
                date.fromisoformat(row["day"]),
                row["number"],
                datetime.fromisoformat(row["since"]),
                datetime.fromisoformat(row["until"]),
            )
            for row in ledger.query(
                "SELECT * FROM night WHERE day>? AND day<? ORDER BY day",
                (tonight.day - timedelta(days=_DAYS)).isoformat(),
                tonight.day.isoformat(),
            )
        ),
        tonight,
    ]
    return [
        PastNight(
            night.day,
            night.number,
            _counts(ledger, night),
            _waits(ledger, night),
            _working(ledger, night),
        )
        for night in nights
    ]


def _counts(ledger: Ledger, night: Night) -> dict[str, int]:
    balance = ledger.balance(night.since, night.until)
    return {name: balance[name] for name in (*Outcome, "duplicates")}


def _waits(ledger: Ledger, night: Night) -> list[timedelta]:
    """Lists how long each mail of a night had lain in the mailbox when it was decided.

    A server whose clock is ahead of ours would make it less than nothing.
    """
    rows = ledger.query(
        "SELECT a.received_at, d.decided_at FROM decision d JOIN arrival a USING (sha) "
        "WHERE d.decided_at>? AND d.decided_at<=?",
        night.since,
        night.until,
    )
    return [
        max(timedelta(0), datetime.fromisoformat(r["decided_at"]) - datetime.fromisoformat(r["received_at"]))
        for r in rows
    ]


def _working(ledger: Ledger, night: Night) -> timedelta:
    """Adds up how long the runs of a night took, those that ended."""
    rows = ledger.query(
        "SELECT started_at, ended_at FROM run WHERE started_at>? AND started_at<=? AND ended_at IS NOT NULL",
        night.since,
        night.until,
    )
    return sum(
        (datetime.fromisoformat(r["ended_at"]) - datetime.fromisoformat(r["started_at"]) for r in rows),
        timedelta(0),
    )


def unsent_letters(ledger: Ledger) -> list[dict[str, Any]]:
    """Lists the letters that could not be sent, may not have been, or have to be tried again."""
    return ledger.query(
        "SELECT recipient, subject, kind, about, state, response, attempts FROM letter "
        "WHERE state IN ('failed', 'in_doubt', 'deferred') ORDER BY id"
    )


def last_list_night(ledger: Ledger) -> date | None:
    """Gives the last night that no stop kept from sending its list; None where there is none.

    What a stop kept back is owed: a week's list goes out in the first night after it.
    """
    rows = ledger.query(
        "SELECT n.day FROM night n WHERE NOT EXISTS (SELECT 1 FROM stop s "
        "WHERE s.at<=n.until AND (s.settled_at IS NULL OR s.settled_at>n.until)) ORDER BY n.day DESC LIMIT 1"
    )
    return date.fromisoformat(rows[0]["day"]) if rows else None
