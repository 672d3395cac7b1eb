"""search: who is meant by a name, a number, an address or a reference; and what there is about one case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from pipeline.domain.turkish import IdentityNumber, fold
from pipeline.ledger.book import Judged, Ledger, StoredLetter
from pipeline.ledger.traces import TABLE, WORDS

# Whatever is found beyond is not looked at: so vague a question is asked again.
MOST = 50
# A person's own mails and entries, however many somebody sends in one's name.
_MOST_OF_ONE = 200


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody as a mail (G-…) or a case (N-…) names them; what it does not tell is "".

    `sha` is the mail's digest, "" for a case's. `at` is when the mail was judged, `day` the case's.
    """

    sha: str
    name: str
    number: str
    address: str
    about: str = ""
    day: date = date.min
    at: datetime | None = None

    def day_in(self, zone: tzinfo) -> date:
        """Gives the day as people had it where they are."""
        return self.at.astimezone(zone).date() if self.at else self.day


def people_named(ledger: Ledger, text: str, most: int = MOST) -> list[Named]:
    """Finds who is meant by a text, newest first: every word of it has to begin one of theirs."""
    asked = [word for word in fold(text).replace(",", " ").split() if re.search(r"[^\W_]", word)]
    if not asked:
        return []
    # What is quoted is a word, whatever it means in a search otherwise.
    match = " ".join('"' + word.replace('"', " ") + '"*' for word in asked)
    return _named(
        ledger,
        f"SELECT t.*, d.decided_at FROM {WORDS} w JOIN {TABLE} t ON t.id=w.rowid "
        f"LEFT JOIN decision d ON d.sha=t.source WHERE {WORDS} MATCH ? ORDER BY w.rowid DESC LIMIT ?",
        *(match, most),
    )


def traces_of(ledger: Ledger, number: IdentityNumber) -> list[Named]:
    """Lists where a person stands by number, newest first."""
    return _named(
        ledger,
        f"SELECT t.*, d.decided_at FROM {TABLE} t LEFT JOIN decision d ON d.sha=t.source "
        f"WHERE t.digits=? AND t.digits<>'' ORDER BY t.id DESC LIMIT {_MOST_OF_ONE}",
        number.digits,
    )


def _named(ledger: Ledger, sql: str, *values: object) -> list[Named]:
    def one(row: dict[str, Any]) -> Named:
        sha = row["source"] if row["about"].startswith("G-") else ""
        # A trace's own day is that of the ledger's clock, which is no office's.
        at = datetime.fromisoformat(row["decided_at"]) if row["decided_at"] else None
        day = date.fromisoformat(row["day"])
        return Named(sha, row["name"], row["digits"], row["address"], row["about"], day, at)

    return [one(row) for row in ledger.query(sql, *values)]


def mails_of_case(ledger: Ledger, number: str) -> list[Judged]:
    """Lists the mails that a case follows from, or that would open it, oldest first; whatever else waits."""
    rows = ledger.query(
        "SELECT DISTINCT d.number, d.rowid FROM decision d WHERE d.sha IN (SELECT proof FROM entry "
        "WHERE case_number=? UNION SELECT sha FROM numbered WHERE number=?) OR d.number IN "
        "(SELECT substr(proof, 8) FROM entry WHERE case_number=? AND proof LIKE 'settle/%') ORDER BY d.rowid",
        *(number, number, number),
    )
    found = (ledger.judged_number(row["number"]) for row in rows)
    return [judged for judged in found if judged]


def letters_of_case(ledger: Ledger, number: str) -> list[StoredLetter]:
    """Lists the letters about one case alone, such as reminders."""
    rows = ledger.query(
        "SELECT id FROM letter WHERE about=?1 OR (about>?1||'/' AND about<?1||'0') ORDER BY id", number
    )
    return [ledger.letter(row["id"]) for row in rows]
