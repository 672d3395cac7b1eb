"""rebuilding: what the mail folders tell, written into a ledger that has lost it."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

from pipeline.domain import UNSENT, Arrival, Case, Entry, Event, LetterState, Place
from pipeline.domain.acts import ACT_FILE
from pipeline.ledger.book import Ledger
from pipeline.mail.headers import ABOUT_HEADER, LOOP_HEADER, NUMBER_HEADER
from pipeline.mail.rendering import message_id_of

_UNSENT = tuple(map(str, UNSENT))


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy of a letter of ours, as the evidence folder holds it; `body` without the servers' headers."""

    kind: str
    about: str
    recipient: str
    message_id: str
    subject: str
    number: int
    written_at: datetime
    body: bytes = field(repr=False)


def as_copy(raw: bytes, sender: str) -> Copy | None:
    """Reads a copy; None for a mail that is no letter of ours, or does not fit its own Message-ID."""
    # Servers put their own headers on top; a letter of ours begins with From.
    begin = re.search(rb"(?im)^from:", raw)
    body = raw[begin.start() :] if begin else raw
    message = email.message_from_bytes(body, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    try:
        kind, about, recipient = (
            str(message[name] or "").strip() for name in (LOOP_HEADER, ABOUT_HEADER, "To")
        )
        written_at = message["Date"].datetime
        number = int(str(message[NUMBER_HEADER] or 0))
    except (AttributeError, ValueError, TypeError, IndexError):
        return None
    found = str(message["Message-ID"] or "").strip()
    if not kind or message_id_of(kind, about, recipient, sender) != found or written_at is None:
        return None
    at = written_at if written_at.tzinfo else written_at.replace(tzinfo=UTC)
    return Copy(kind, about, recipient, found, str(message["Subject"] or ""), number, at, body)


def workbooks(copy: Copy) -> Iterator[bytes]:
    """Gives the workbooks enclosed with a letter."""
    message = email.message_from_bytes(copy.body, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        if str(part.get_filename() or "").endswith(".xlsx") and isinstance(payload, bytes):
            yield payload


def act_file(copy: Copy) -> bytes:
    """Gives the sealed file of an act's copy, b"" where there is none."""
    message = email.message_from_bytes(copy.body, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        if part.get_filename() == ACT_FILE and isinstance(payload, bytes):
            return payload
    return b""


def draft_of(ledger: Ledger, file: Path, key: bytes) -> Ledger:
    """Begins another ledger in a file of its own, with all that is known already."""
    file.unlink(missing_ok=True)
    ledger.execute("VACUUM INTO ?", str(file))
    return Ledger.open(file, key)


def keep_filed(ledger: Ledger, place: Place, arrival: Arrival, sender: str, run: int) -> None:
    """Writes down a mail that lies in its folder already."""
    ledger.keep(place, arrival, sender, run)
    ledger.filed([place])


def put_copy(ledger: Ledger, copy: Copy) -> None:
    """Writes down a letter as sent, because its copy came; call inside a transaction."""
    ledger.execute(
        "INSERT INTO letter (message_id, kind, about, recipient, subject, body, state, response, planned_at, "
        "changed_at, next_at) VALUES (?, ?, ?, ?, ?, ?, 'done', 'copy found', ?, ?, ?) "
        "ON CONFLICT (message_id) DO UPDATE SET state='done', response='copy found', body=excluded.body, "
        "subject=excluded.subject, planned_at=excluded.planned_at, changed_at=excluded.changed_at",
        *(copy.message_id, copy.kind, copy.about, copy.recipient, copy.subject, copy.body),
        *([copy.written_at] * 3),
    )
    ledger.note(copy.written_at, "letter planned", copy.message_id)


def drop_unsent(ledger: Ledger, about: str) -> None:
    """Removes the letters about a mail that judging it again has written; call inside a transaction.

    What a person's word about it has written again stays: its own copy proves it, or nothing does.
    """
    ledger.execute(
        f"DELETE FROM letter WHERE about=? AND state IN {_UNSENT} AND kind NOT LIKE 'settled-%'", about
    )


def last_letter(ledger: Ledger) -> int:
    """Gives the number of the newest letter, 0 where there is none."""
    return int(ledger.query("SELECT coalesce(max(id), 0) AS id FROM letter")[0]["id"])


def decide_unsent(ledger: Ledger, sure: int, state: LetterState, response: str) -> int:
    """Takes unsent letters after a certain one out of the post, gives how many; call inside a transaction."""
    return ledger.execute(
        f"UPDATE letter SET state=?, response=? WHERE id>? AND state IN {_UNSENT}", state, response, sure
    )


def put_night(ledger: Ledger, day: date, number: int, until: datetime) -> bool:
    """Writes a night as closed; False where it is known already; call inside a transaction."""
    if ledger.night(day):
        return False
    last = ledger.query("SELECT max(until) AS at FROM night WHERE day<?", day.isoformat())[0]["at"]
    since = last or "1970-01-01T00:00:00+00:00"
    ledger.execute(
        "INSERT INTO night VALUES (?, ?, ?, ?)",
        *(day.isoformat(), number, since, until),
    )
    ledger.note(until, "night closed", day.isoformat())
    return True


@dataclass(frozen=True, slots=True)
class SentList:
    """A list that went out, or waited for its release: its name, its file, how many rows, and when."""

    name: str
    workbook: bytes
    digest: str
    rows: int
    is_for_release: bool
    written_at: datetime


def put_batch(ledger: Ledger, sent: SentList, cases: Sequence[tuple[int, Case]]) -> None:
    """Writes a list as closed, with the cases that are known again in it; call inside a transaction."""
    name = sent.name
    day, _, number = name.partition("/")
    ledger.note(sent.written_at, f"batch closed {name}", sent.digest)
    ledger.execute(
        "INSERT INTO batch (day, number, digest, rows, workbook, for_release) VALUES (?, ?, ?, ?, ?, ?)",
        *(day, int(number), sent.digest, sent.rows, sent.workbook, int(sent.is_for_release)),
    )
    if sent.is_for_release:
        ledger.has_to_be_released(day, int(number))
    for position, case in cases:
        ledger.execute("INSERT INTO batch_row VALUES (?, ?, ?, ?)", case.number, day, int(number), position)
    ledger.add_entries(
        (
            Entry(c.number, c.procedure, c.identity_number, Event.BATCHED, date.fromisoformat(day), name)
            for _, c in cases
        ),
        sender="",
    )


def has_batch(ledger: Ledger, name: str) -> bool:
    """Tells whether a list is known already."""
    day, _, number = name.partition("/")
    return bool(ledger.query("SELECT 1 FROM batch WHERE day=? AND number=?", day, int(number)))


def came_at(ledger: Ledger, case: str) -> str:
    """Tells when the mail came that listed a case."""
    rows = ledger.query(
        "SELECT a.received_at AS at FROM entry e JOIN decision d "
        "ON e.proof IN (d.sha, 'settle/' || d.number) JOIN arrival a USING (sha) "
        "WHERE e.case_number=? ORDER BY e.id LIMIT 1",
        case,
    )
    return str(rows[0]["at"])


def begin_runs(ledger: Ledger, moments: Iterable[tuple[date, datetime]]) -> dict[date, int]:
    """Notes a run for every day that mail came on, so that each day's balance is of its own mail."""
    runs: dict[date, int] = {}
    for day, moment in moments:
        if day not in runs:
            runs[day] = ledger.begin_run("rebuild", moment.astimezone(UTC))
    return runs
