"""book: the ledger as a whole: all that is known, in one SQLite file, a chapter for each subject."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.domain import Outcome
from pipeline.ledger.arrivals import Arrivals, Undecided
from pipeline.ledger.closed_nights import ClosedNights, Night
from pipeline.ledger.decisions import Decided, Judged
from pipeline.ledger.facts import KnownFacts
from pipeline.ledger.letters import Letters, Planned, StoredLetter

__all__ = ["Decided", "Judged", "Ledger", "Night", "Planned", "StoredLetter", "Undecided"]


class Ledger(Arrivals, KnownFacts, Letters, ClosedNights):
    """The ledger of one home; one process at a time holds it."""

    def balance(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """Counts a span of time: mails heard, decisions by outcome, repeats of mails known already.

        Counted from different tables, so that the sum can be wrong where something was lost.
        """
        span = (since, until)
        heard = self._one(
            "SELECT count(*) AS n FROM sighting s JOIN run r ON r.id=s.kept_in "
            "WHERE r.started_at>? AND r.started_at<=? AND s.sha IS NOT NULL",
            *span,
        )
        fresh = self._one(
            "SELECT count(*) AS n FROM arrival a JOIN run r ON r.id=a.run WHERE r.started_at>? AND r.started_at<=?",
            *span,
        )
        counts = {
            row["outcome"]: row["n"]
            for row in self._rows(
                "SELECT d.outcome AS outcome, count(*) AS n FROM decision d JOIN arrival a USING (sha) JOIN run r ON r.id=a.run "
                "WHERE r.started_at>? AND r.started_at<=? GROUP BY d.outcome",
                *span,
            )
        }
        undecided = self._one(
            "SELECT count(*) AS n FROM arrival a LEFT JOIN decision d USING (sha) JOIN run r ON r.id=a.run "
            "WHERE d.sha IS NULL AND r.started_at>? AND r.started_at<=?",
            *span,
        )
        assert heard is not None
        assert fresh is not None
        assert undecided is not None
        return {
            "heard": heard["n"],
            "undecided": undecided["n"],
            "duplicates": heard["n"] - fresh["n"],
            **{outcome: counts.get(outcome, 0) for outcome in Outcome},
        }

    def counts(self) -> Mapping[str, int]:
        """Counts what is on its way: mails to fetch and judge, letters by state, holds, cases."""
        rows = {
            "waiting": "SELECT count(*) AS n FROM sighting WHERE state='waiting'",
            "undecided": "SELECT count(*) AS n FROM arrival WHERE decided=0",
            "to_file": "SELECT count(*) AS n FROM sighting WHERE state='kept'",
            "letters_to_send": "SELECT count(*) AS n FROM letter WHERE state IN ('planned', 'deferred', 'started')",
            "letters_failed": "SELECT count(*) AS n FROM letter WHERE state IN ('failed', 'in_doubt')",
            "held": "SELECT count(*) AS n FROM hold WHERE state='open'",
        }
        return {name: (self._one(sql) or {"n": 0})["n"] for name, sql in rows.items()}
