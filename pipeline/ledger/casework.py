"""casework: what the ledger knows of the office's own steps: whom to write to about a case, lists released,
answers of Kamu SM."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.domain import Batch, Case, Event
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.book import Ledger


def address_of(ledger: Ledger, case: Case) -> str:
    """Gives the address of a case's person: that of their list, or where no list came, of their receipt."""
    if case.holder:
        return case.holder.address
    rows = ledger.query(
        "SELECT d.sender FROM entry e JOIN decision d ON d.sha=e.proof OR d.number=substr(e.proof, 8) "
        "WHERE e.case_number=? AND d.sender<>'' ORDER BY e.id LIMIT 1",
        case.number,
    )
    return str(rows[0]["sender"]) if rows else ""


# --- lists that wait for their release ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A list as it was made, whether it needs a release, and by whom and when it got one ("" for not yet)."""

    batch: Batch
    is_for_release: bool
    released_by: str = ""
    released_at: datetime | None = None


def batch_of_letters(ledger: Ledger, message_ids: Iterable[str]) -> str:
    """Names the one list whose letter a mail answers; "" where there is none, or several."""
    names = {
        row["about"]
        for message_id in message_ids
        for row in ledger.query("SELECT about FROM letter WHERE message_id=? AND kind='batch'", message_id)
    }
    return str(names.pop()) if len(names) == 1 else ""


def stored_batch(ledger: Ledger, name: str) -> StoredBatch | None:
    """Gives a list by its name."""
    day, _, number = name.partition("/")
    rows = ledger.query(
        "SELECT b.workbook, b.for_release, r.released_by, r.released_at FROM batch b "
        "LEFT JOIN release r USING (day, number) WHERE b.day=? AND b.number=?",
        day,
        int(number) if number.isdigit() else 0,
    )
    if not rows:
        return None
    row = rows[0]
    listed = ledger.query(
        "SELECT case_number FROM batch_row WHERE day=? AND number=? ORDER BY position", day, int(number)
    )
    found = (ledger.case(entry["case_number"]) for entry in listed)
    batch = Batch(date.fromisoformat(day), int(number), tuple(c for c in found if c), row["workbook"])
    at = row["released_at"]
    return StoredBatch(
        batch, bool(row["for_release"]), row["released_by"] or "", datetime.fromisoformat(at) if at else None
    )


def waiting_cases(ledger: Ledger) -> list[Case]:
    """Lists the cases that are on their way to Kamu SM: they wait for a list, or on one for its release."""
    names = [f"{row['day']}/{row['number']}" for row in ledger.unreleased()]
    stored = [batch for batch in (stored_batch(ledger, name) for name in names) if batch]
    return [*ledger.unbatched_cases(), *(case for one in stored for case in one.batch.cases)]


def note_release(ledger: Ledger, batch: Batch, by: str, at: datetime) -> None:
    """Writes down that a list was released, which can be done once; call inside a transaction."""
    day = batch.day.isoformat()
    ledger.execute("INSERT INTO release VALUES (?, ?, ?, ?)", day, batch.number, at, by)
    ledger.execute("DELETE FROM to_release WHERE day=? AND number=?", day, batch.number)
    ledger.note(at, f"released {batch.name}", by)


# --- letters that came back --------------------------------------------------------------------


def has_bounced(ledger: Ledger, address: str) -> bool:
    """Tells whether a letter to an address has come back: its person must be reached in another way.

    Only a report that names a letter of ours counts, for its Message-ID cannot be guessed; and only until
    the person writes again.
    """
    rows = ledger.query(
        "SELECT 1 FROM letter l CROSS JOIN bounce b ON b.letter=l.id JOIN decision told ON told.sha=b.sha "
        "WHERE lower(l.recipient)=? AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.sender=? "
        "AND d.rowid>told.rowid AND coalesce(json_extract(d.body, '$.unbelieved'), '')='') LIMIT 1",
        address,
        address,
    )
    return bool(rows)


# --- answers of Kamu SM ------------------------------------------------------------------------


def is_imported(ledger: Ledger, digest: str) -> bool:
    """Tells whether the very same file was read back before."""
    return bool(ledger.query("SELECT 1 FROM kamu_sm_answer WHERE digest=?", digest))


def listed_case(ledger: Ledger, number: IdentityNumber) -> Case | None:
    """Gives the newest case of a person that stood on a list for Kamu SM."""
    cases = [c for c in ledger.cases_of(number) if Event.BATCHED in c.events]
    return max(cases, key=lambda case: case.opened_on, default=None)


def note_answer(
    ledger: Ledger, digest: str, name: str, rows: Iterable[tuple[Case, str]], at: datetime
) -> None:
    """Writes down an answer and what it says of each case; call inside a transaction."""
    ledger.execute("INSERT INTO kamu_sm_answer VALUES (?, ?, ?)", digest, name, at)
    for position, (case, result) in enumerate(rows, start=1):
        ledger.execute(
            "INSERT INTO kamu_sm_answer_row VALUES (?, ?, ?, ?, ?)",
            digest,
            position,
            case.number,
            case.batch,
            result,
        )
    ledger.note(at, "answer of Kamu SM", digest)
