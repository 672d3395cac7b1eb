"""undoing: what one decision wrote, taken back as if it had not been made; one place for all who need it."""

from __future__ import annotations

from pipeline.domain import Receipt
from pipeline.domain.cases import receipt_key
from pipeline.ledger.book import Ledger
from pipeline.ledger.listed_people import ON_A_LIST
from pipeline.ledger.shapes import shape

# Entries that follow from a mail, by its own proof or an official's, and all that came later in the cases
# which it opened: without their beginning they would be about nobody.
_FOLLOWS = (
    "proof IN (?, ?) OR case_number IN (SELECT case_number FROM entry e WHERE proof IN (?, ?) "
    "AND id=(SELECT min(id) FROM entry WHERE case_number=e.case_number))"
)


def undo_decision(ledger: Ledger, sha: str) -> None:
    """Removes a decision with its entries, letters and whatever refers to it; call inside a transaction.

    A receipt that had waited for its list waits again, and the mail is judged anew by the next run.
    """
    judged = ledger.judged(sha)
    if judged is None:
        return
    proofs = (sha, f"settle/{judged.number}") * 2
    entries = ledger.query(f"SELECT id, case_number, event, receipt FROM entry WHERE {_FOLLOWS}", *proofs)
    for entry in entries:
        if entry["receipt"]:
            key = ledger.keyed(receipt_key(shape(Receipt).validate_json(entry["receipt"])))
            ledger.execute("DELETE FROM spent WHERE key=? AND case_number=?", key, entry["case_number"])
        if entry["event"] == "listed":
            ledger.execute("DELETE FROM batch_row WHERE case_number=?", entry["case_number"])
        ledger.execute("DELETE FROM entry WHERE id=?", entry["id"])
    ledger.see_whether_open(dict.fromkeys(entry["case_number"] for entry in entries))
    ledger.execute(
        "UPDATE hold SET state='open', because=NULL, settled_by=NULL, settled_at=NULL "
        "WHERE settled_by='nes-intake' AND because=?",
        judged.number,
    )
    opened = dict.fromkeys(entry["case_number"] for entry in entries if entry["event"] == "listed")
    for about, kind in ((sha, "%"), *((case, ON_A_LIST) for case in opened)):
        for table, column, whose in _referring(ledger, "letter"):
            written = f'SELECT "{whose}" FROM letter WHERE about=? AND kind LIKE ?'
            ledger.execute(f'DELETE FROM "{table}" WHERE "{column}" IN ({written})', about, kind)
        ledger.execute("DELETE FROM letter WHERE about=? AND kind LIKE ?", about, kind)
    for table, column, _ in _referring(ledger, "decision"):
        ledger.execute(f'DELETE FROM "{table}" WHERE "{column}"=?', sha)
    for table in ("usage", "decision"):
        ledger.execute(f"DELETE FROM {table} WHERE sha=?", sha)
    ledger.execute("UPDATE arrival SET attempts=0, decided=0 WHERE sha=?", sha)


def _referring(ledger: Ledger, table: str) -> list[tuple[str, str, str]]:
    """Asks SQLite itself what refers to a table: a list kept by hand forgets the table that comes next."""
    rows = ledger.query(
        'SELECT m.name AS name, f."from" AS mine, f."to" AS theirs '
        "FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type='table' AND f.\"table\"=?",
        table,
    )
    return [(row["name"], row["mine"], row["theirs"]) for row in rows]
