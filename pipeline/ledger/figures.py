"""figures: the ledger → Figures; nothing in it tells of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipeline.ledger.book import Ledger
from pipeline.ledger.metrics import Figures, LastRun
from pipeline.ledger.stops import open_stop
from pipeline.ledger.troubles import standing


def figures_of(ledger: Ledger, refused_at: datetime | None) -> Figures:
    """Counts what stands in the ledger; that its home is refused, and since when, it cannot know itself."""
    counts, night = ledger.counts(), ledger.last_night()
    outcomes = ledger.query("SELECT outcome, count(*) AS n FROM decision GROUP BY outcome")
    letters = ledger.query("SELECT state, count(*) AS n FROM letter GROUP BY state")
    runs = ledger.query(
        "SELECT command, coalesce(outcome, '') AS outcome, count(*) AS n FROM run GROUP BY 1, 2"
    )
    last = ledger.query("SELECT * FROM run WHERE id IN (SELECT max(id) FROM run GROUP BY command)")
    refused = {"ledger": refused_at} if refused_at else {}
    return Figures(
        outcomes={row["outcome"]: row["n"] for row in outcomes},
        letters={row["state"]: row["n"] for row in letters},
        runs={(row["command"], row["outcome"]): row["n"] for row in runs},
        last_runs={row["command"]: _last_run(row) for row in last},
        troubles={name: trouble.since for name, trouble in standing(ledger).items()} | refused,
        mails_waiting=counts["waiting"] + counts["undecided"],
        mails_unfetched=len(ledger.unfetched()),
        holds=counts["held"],
        oldest_hold=_moment(
            ledger,
            "SELECT min(decided_at) AS at FROM hold h JOIN decision d USING (sha) WHERE h.state='open'",
        ),
        oldest_letter=_moment(
            ledger,
            "SELECT min(planned_at) AS at FROM letter WHERE state IN ('planned', 'deferred', 'started')",
        ),
        bounces=ledger.query("SELECT count(*) AS n FROM bounce WHERE letter IS NOT NULL")[0]["n"],
        night_number=night.number if night else 0,
        night_closed_at=night.until if night else None,
        is_stopped=open_stop(ledger) is not None,
    )


def _moment(ledger: Ledger, sql: str) -> datetime | None:
    at = ledger.query(sql)[0]["at"]
    return datetime.fromisoformat(at) if at else None


def _last_run(row: dict[str, Any]) -> LastRun:
    ended = row["ended_at"]
    return LastRun(
        datetime.fromisoformat(row["started_at"]),
        datetime.fromisoformat(ended) if ended else None,
        row["outcome"] or "",
    )
