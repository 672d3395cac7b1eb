"""listed_people: who was told that they stand on somebody else's list, and who was not."""

from __future__ import annotations

from datetime import datetime

from pipeline.domain import Case
from pipeline.ledger.book import Judged, Ledger, StoredLetter

ON_A_LIST = "on-a-list"


def is_told_of_listing(ledger: Ledger, case: str) -> bool:
    """Tells whether somebody was told of the list that opened their case."""
    return bool(ledger.query("SELECT 1 FROM letter WHERE about=? AND kind=? LIMIT 1", case, ON_A_LIST))


def told_since(ledger: Ledger, since: datetime) -> int:
    """Counts the letters to people on somebody else's list since a moment."""
    rows = ledger.query("SELECT count(*) AS n FROM letter WHERE kind=? AND planned_at>?", ON_A_LIST, since)
    return int(rows[0]["n"])


def share_address(ledger: Ledger, case: Case, address: str) -> bool:
    """Tells whether somebody else's case is known by the same address: one would hear of the other's."""
    rows = ledger.query(
        "SELECT 1 FROM entry WHERE address=? AND identity_number<>? LIMIT 1",
        ledger.keyed(address),
        case.identity_number.digits,
    )
    return bool(rows)


def letters_after(ledger: Ledger, judged: Judged) -> list[StoredLetter]:
    """Lists the letters about a mail: its answers, and those to people whom its list, or an official's word
    about it, has opened a case for."""
    proof = f"settle/{judged.number}"
    opened = ledger.query(
        "SELECT DISTINCT case_number FROM entry WHERE event='listed' AND proof IN (?, ?)", judged.sha, proof
    )
    told = (letter for row in opened for letter in ledger.letters_about(row["case_number"]))
    return [*ledger.letters_about(judged.sha), *(letter for letter in told if letter.kind == ON_A_LIST)]
