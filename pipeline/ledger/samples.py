"""samples: accepted receipts that people read without our reading, and what was found wrong with ours.

No value of a receipt is kept here: only which fields a reader read otherwise. A reader's finding that one is
wrong holds the further acceptances of its kind until a person has said what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from pipeline.domain import Event, Receipt, ReceiptKind
from pipeline.domain.quality import Tally, drawn, kind_of
from pipeline.ledger.book import Judged, Ledger

Verdict = Literal["right", "wrong", "unclear"]
# What a finding was: an error of ours, which stays counted, or a slip of the reader.
Cause = Literal["error", "slip"]

_STOPS = "answer='wrong' AND cause IS NULL"


@dataclass(frozen=True, slots=True)
class Sample:
    """One receipt that was drawn: the mail that brought it, its place among the mail's, and what was found.

    `verdict` is "" while nobody has read it; `wrong` names the fields that were read otherwise.
    """

    id: int
    sha: str
    place: int
    kind: ReceiptKind
    drawn_on: date
    verdict: Verdict | Literal[""] = ""
    wrong: tuple[str, ...] = ()
    read_by: str = ""
    is_stopping: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """Who said something of a question, when, and why ("" where nothing is asked)."""

    by: str
    at: datetime
    because: str = ""


def draw_samples(ledger: Ledger, judged: Sequence[Judged], count: int, at: datetime) -> int:
    """Draws some of the receipts that were accepted without a person; call inside a transaction.

    Which ones nobody can tell beforehand, and anybody who has the ledger afterwards; gives how many.
    """
    accepted = [
        (kind_of(receipt), (mail.sha, place, kind_of(receipt)))
        for mail in judged
        for place, receipt in _accepted(mail)
    ]
    chosen = drawn(accepted, count, ledger.keyed(f"sample {at.astimezone(UTC).isoformat()}"))
    return sum(
        ledger.execute(
            "INSERT INTO sample (sha, place, bank, reading, drawn_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            *(sha, place, kind.bank, kind.reading, at),
        )
        for sha, place, kind in chosen
    )


def _accepted(mail: Judged) -> Iterable[tuple[int, Receipt]]:
    receipts = mail.decision.evidence.receipts
    for entry in mail.decision.entries:
        if entry.event is Event.PAID and entry.proof == mail.sha and entry.receipt in receipts:
            yield receipts.index(entry.receipt), entry.receipt


def open_samples(ledger: Ledger) -> list[Sample]:
    """Lists the questions that nobody has answered, the oldest first; those of erased mails are none."""
    rows = ledger.query(
        "SELECT s.* FROM sample s JOIN arrival a USING (sha) "
        "WHERE s.answer IS NULL AND a.erased_at IS NULL ORDER BY s.id"
    )
    return [_sample(row) for row in rows]


def sample_of(ledger: Ledger, number: int) -> Sample | None:
    """Gives one question."""
    rows = ledger.query("SELECT * FROM sample WHERE id=?", number)
    return _sample(rows[0]) if rows else None


def ask_again(ledger: Ledger, sample: Sample) -> bool:
    """Puts a question back under its number, unanswered; False where another has it, or its mail is gone.

    Call inside a transaction.
    """
    known = sample_of(ledger, sample.id)
    if known is None and ledger.is_decided(sample.sha):
        ledger.execute(
            "INSERT INTO sample (id, sha, place, bank, reading, drawn_at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            *(sample.id, sample.sha, sample.place, sample.kind.bank, sample.kind.reading),
            datetime.combine(sample.drawn_on, time.min, UTC),
        )
        known = sample_of(ledger, sample.id)
    return known is not None and (known.sha, known.place, known.verdict) == (sample.sha, sample.place, "")


def note_verdict(ledger: Ledger, sample: Sample, verdict: Verdict, wrong: Sequence[str], said: Said) -> None:
    """Keeps what a reader found; call inside a transaction, once for each question."""
    ledger.execute(
        "UPDATE sample SET answer=?, wrong=?, answered_by=?, answered_at=? WHERE id=? AND answer IS NULL",
        *(verdict, ",".join(wrong), said.by, said.at, sample.id),
    )


def note_cause(ledger: Ledger, sample: Sample, cause: Cause, said: Said) -> None:
    """Keeps what a finding was, and lets acceptances of its kind go on; call inside a transaction."""
    ledger.execute(
        f"UPDATE sample SET cause=?, because=?, settled_by=?, settled_at=? WHERE id=? AND {_STOPS}",
        *(cause, said.because, said.by, said.at, sample.id),
    )


def stopped_kinds(ledger: Ledger) -> frozenset[ReceiptKind]:
    """Names the kinds of receipts of which none is accepted until a person has looked."""
    rows = ledger.query(f"SELECT DISTINCT bank, reading FROM sample WHERE {_STOPS}")
    return frozenset(ReceiptKind(row["bank"], row["reading"]) for row in rows)


def tallies(ledger: Ledger) -> list[Tally]:
    """Counts what was found, by kind; what nobody could read, and slips, count for nothing."""
    rows = ledger.query(
        "SELECT bank, reading, sum(answer IS 'right') AS fine, "
        "sum(answer IS 'wrong' AND cause IS NOT 'slip') AS wrong, sum(answer IS NULL) AS waiting, "
        f"coalesce(min(CASE WHEN {_STOPS} THEN id END), 0) AS stop "
        "FROM sample GROUP BY bank, reading ORDER BY bank, reading DESC"
    )
    return [
        Tally(
            ReceiptKind(row["bank"], row["reading"]), row["fine"], row["wrong"], row["waiting"], row["stop"]
        )
        for row in rows
    ]


def _sample(row: Mapping[str, Any]) -> Sample:
    return Sample(
        id=row["id"],
        sha=row["sha"],
        place=row["place"],
        kind=ReceiptKind(row["bank"], row["reading"]),
        drawn_on=datetime.fromisoformat(row["drawn_at"]).date(),
        verdict=row["answer"] or "",
        wrong=tuple(filter(None, row["wrong"].split(","))),
        read_by=row["answered_by"] or "",
        is_stopping=row["answer"] == "wrong" and row["cause"] is None,
    )
