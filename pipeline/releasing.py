"""releasing: a list that waited for the IT unit's word goes to Kamu SM, the very same bytes, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pipeline.adapters.casework import batch_of_letters, note_release, stored_batch
from pipeline.adapters.ledger import Ledger
from pipeline.domain import Entry, Event, Letter, Submission
from pipeline.policy import Policy
from pipeline.release_words import asks_release, batch_named
from pipeline.stages.announce import list_letter

State = Literal["done", "again", "unknown", "not_for_release", "erased"]


@dataclass(frozen=True, slots=True)
class Released:
    """What came of the wish to release a list: its entries and its letter, or why there are none.

    `leaving` are its cases that were withdrawn or closed since: Kamu SM has to be told of them.
    """

    name: str
    state: State
    entries: tuple[Entry, ...] = ()
    letter: Letter | None = None
    count: int = 0
    leaving: tuple[str, ...] = ()
    by: str = ""
    at: datetime | None = None


def list_meant(ledger: Ledger, submission: Submission, policy: Policy) -> str:
    """Names the list that a mail releases, by its thread or its subject; "" for every other mail."""
    if not asks_release(submission, policy.release_words, policy.mail_words, policy.office):
        return ""
    named = {batch_of_letters(ledger, submission.references), batch_named(submission.subject)} - {""}
    return named.pop() if len(named) == 1 else ""


def release(
    ledger: Ledger, name: str, by: str, proof: str, policy: Policy, now: datetime, today: date
) -> Released:
    """Releases a list where that has not been done; call inside a transaction.

    What follows from it, entries and letter, is the caller's to write down in the same transaction.
    """
    stored = stored_batch(ledger, name)
    if stored is None:
        return Released(name, "unknown")
    if not stored.is_for_release:
        return Released(name, "not_for_release")
    if stored.released_at:
        return Released(name, "again", by=stored.released_by, at=stored.released_at)
    batch = stored.batch
    if not batch.workbook:
        return Released(name, "erased")
    note_release(ledger, batch, by, now)
    return Released(
        name,
        "done",
        entries=tuple(
            Entry(c.number, c.procedure, c.identity_number, Event.RELEASED, today, proof) for c in batch.cases
        ),
        letter=list_letter(batch, policy.office.kamu_sm, now, policy),
        count=len(batch.cases),
        leaving=tuple(case.number for case in batch.cases if case.is_closed),
        by=by,
        at=now,
    )
