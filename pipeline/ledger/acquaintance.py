"""acquaintance: to whom a case is no secret: its own address, who sent its list, who was answered then."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.domain import Submission
from pipeline.ledger.book import Ledger
from pipeline.mail.addresses import answer_to


def known_cases(ledger: Ledger, numbers: Iterable[str], submission: Submission) -> frozenset[str]:
    """Names those of some cases that both the writer of a mail and the reader of its answer know of."""
    people = {submission.sender, answer_to(submission)}
    return frozenset(number for number in numbers if people <= _acquainted(ledger, number))


def _acquainted(ledger: Ledger, number: str) -> set[str]:
    """Lists the addresses that a case is known to.

    In a case without a list the receipt that opened it takes the list's place.
    """
    rows = ledger.query(
        "SELECT d.sender, l.recipient FROM entry e "
        "JOIN decision d ON d.sha=e.proof OR d.number=substr(e.proof, 8) AND e.proof LIKE 'settle/%' "
        "LEFT JOIN letter l ON l.about=d.sha "
        "WHERE e.case_number=? AND (e.holder IS NOT NULL OR e.procedure<>'lost_or_stolen')",
        number,
    )
    found = {row[column] for row in rows for column in ("sender", "recipient")}
    case = ledger.case(number)
    own = case.holder.address if case and case.holder else ""
    return (found | {own}) - {"", None}
