"""casework: what the ledger knows of the office's own steps: whom to write to about a case, lists released,
answers of Kamu SM."""

from __future__ import annotations

from pipeline.adapters.ledger import Ledger
from pipeline.domain import Case


def address_of(ledger: Ledger, case: Case) -> str:
    """Gives the address of a case's person: that of their list, or where no list came, of their receipt."""
    if case.holder:
        return (case.holder.work_email or "").lower()
    rows = ledger.query(
        "SELECT d.sender FROM entry e JOIN decision d ON d.sha=e.proof OR 'settle/' || d.number=e.proof "
        "WHERE e.case_number=? AND d.sender<>'' ORDER BY e.id LIMIT 1",
        case.number,
    )
    return str(rows[0]["sender"]) if rows else ""
