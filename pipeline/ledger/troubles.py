"""troubles: the troubles in the ledger, and what else in it would worry a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pipeline.domain.troubles import Trouble
from pipeline.ledger.book import Ledger


def standing(ledger: Ledger) -> Mapping[str, Trouble]:
    """Gives the troubles that have not ended, by name."""
    rows = ledger.query("SELECT * FROM trouble WHERE ended_at IS NULL ORDER BY name")
    return {row["name"]: _trouble(row) for row in rows}


def keep(ledger: Ledger, trouble: Trouble) -> None:
    """Writes a trouble down as it stands; call inside a transaction."""
    ledger.execute(
        "INSERT INTO trouble (name, reason, since, seen_at, alarmed_at, calm_since, mark) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, since) DO UPDATE SET reason=excluded.reason, "
        "seen_at=excluded.seen_at, alarmed_at=excluded.alarmed_at, calm_since=excluded.calm_since, "
        "mark=excluded.mark",
        trouble.name,
        trouble.reason,
        trouble.since,
        trouble.seen_at,
        trouble.alarmed_at,
        trouble.calm_since,
        trouble.refused_with,
    )


def end(ledger: Ledger, trouble: Trouble, at: datetime) -> None:
    """Writes down that a trouble is over; call inside a transaction."""
    ledger.execute(
        "UPDATE trouble SET ended_at=? WHERE name=? AND since=?",
        at,
        trouble.name,
        trouble.since,
    )


def forget(ledger: Ledger, trouble: Trouble) -> None:
    """Removes a trouble that nobody was told of; call inside a transaction."""
    ledger.execute("DELETE FROM trouble WHERE name=? AND since=?", trouble.name, trouble.since)


def batch_outcome_unknown(ledger: Ledger) -> bool:
    """Tells whether a list for Kamu SM may or may not have gone out."""
    return bool(ledger.query("SELECT 1 FROM letter WHERE kind='batch' AND state='in_doubt' LIMIT 1"))


def batch_failed(ledger: Ledger) -> bool:
    """Tells whether a list did not go out and is not tried again by itself."""
    return bool(ledger.query("SELECT 1 FROM letter WHERE kind='batch' AND state='failed' LIMIT 1"))


def shunted_since(ledger: Ledger, moment: datetime) -> int:
    """Counts the mails set aside since a moment."""
    (row,) = ledger.query(
        "SELECT count(*) AS n FROM decision WHERE outcome='shunted' AND decided_at>?", moment
    )
    return int(row["n"])


def nothing_goes_out(ledger: Ledger, now: datetime, lately: timedelta) -> bool:
    """Tells whether the SMTP server puts off everybody: several people wait, and nobody gets anything.

    One recipient whose server says "later" is that server's affair.
    """
    (row,) = ledger.query(
        "SELECT count(DISTINCT recipient) AS waiting, min(planned_at) AS oldest "
        "FROM letter WHERE state='deferred'"
    )
    if row["waiting"] < 2 or datetime.fromisoformat(row["oldest"]) > now - lately:
        return False
    return not ledger.query("SELECT 1 FROM letter WHERE state='done' AND changed_at>? LIMIT 1", row["oldest"])


def _trouble(row: Mapping[str, Any]) -> Trouble:
    return Trouble(
        name=row["name"],
        reason=row["reason"],
        since=datetime.fromisoformat(row["since"]),
        seen_at=datetime.fromisoformat(row["seen_at"]),
        alarmed_at=datetime.fromisoformat(row["alarmed_at"]) if row["alarmed_at"] else None,
        calm_since=datetime.fromisoformat(row["calm_since"]) if row["calm_since"] else None,
        refused_with=row["mark"],
    )
