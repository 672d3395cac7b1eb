"""inspection: a ledger's file, looked at from outside, without opening or changing it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.ledger.migrations import MIGRATIONS

SQLITE_VERSION = sqlite3.sqlite_version


@dataclass(frozen=True, slots=True)
class Look:
    """What a file shows: its damage ("" for none), the step its tables have come to, two moments,
    and whether any rules were ever in force.

    One that is busy is locked or out of reach, and shows nothing.
    """

    damage: str = ""
    is_busy: bool = False
    step: int = 0
    backed_up_at: datetime | None = None
    night_until: datetime | None = None
    has_policy: bool = False

    @property
    def is_of_a_newer_program(self) -> bool:
        """Tells whether only a newer version of the program knows these tables."""
        return self.step > len(MIGRATIONS)


def look_at(file: Path) -> Look:
    """Looks at a ledger's file."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            (step,) = connection.execute("PRAGMA user_version").fetchone()
            if problem != "ok" or step > len(MIGRATIONS):
                return Look("" if problem == "ok" else problem, step=step)
            (backed_up,) = connection.execute("SELECT max(at) FROM audit WHERE event='backed up'").fetchone()
            (until,) = connection.execute("SELECT max(until) FROM night").fetchone()
            (policies,) = connection.execute("SELECT count(*) FROM policy").fetchone()
    except sqlite3.OperationalError:
        return Look(is_busy=True)
    except sqlite3.DatabaseError as fault:
        return Look(str(fault))
    return Look("", False, step, _moment(backed_up), _moment(until), policies > 0)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
