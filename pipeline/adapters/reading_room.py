"""reading room: Attachment… → Transcript…, from the ledger or by a worker, never read twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.adapters.isolation import WorkerFailed
from pipeline.adapters.ledger import Ledger
from pipeline.adapters.scanner.scan import SCANNER_VERSION, TRANSCRIPTS, failed, scan
from pipeline.domain import Attachment, Transcript

# What a worker or this machine could not do today it may do tomorrow: such an answer is not kept.
_PASSING = ("timeout", "memory", "crash", "raised", "answer_too_large", "ocr_unavailable")


@dataclass(frozen=True, slots=True)
class Reading:
    """The files of one mail, those read before and those being read."""

    attachments: Sequence[Attachment]
    known: Mapping[str, Transcript]
    begun: Mapping[str, Future[Any]]


def begin_reading(
    ledger: Ledger, attachments: Sequence[Attachment], amounts: Sequence[str], readers: Executor
) -> Reading:
    """Hands every file that was not read before to the readers, and does not wait for them."""
    found = {a.digest: ledger.transcript(a.digest, SCANNER_VERSION) for a in attachments}
    known = {digest: transcript for digest, transcript in found.items() if transcript}
    new = {a.digest: a.data for a in attachments if a.digest not in known}
    begun = {digest: readers.submit(scan, data, list(amounts)) for digest, data in new.items()}
    return Reading(attachments, known, begun)


def finish_reading(ledger: Ledger, reading: Reading, at: datetime) -> list[tuple[Attachment, Transcript]]:
    """Waits for the readers, keeps what they read, and gives every file with its transcript."""
    fresh = {digest: _result(digest, future) for digest, future in reading.begun.items()}
    kept = [transcript for transcript in fresh.values() if transcript.problem not in _PASSING]
    if kept:
        ledger.keep_transcripts(kept, SCANNER_VERSION, at)
    transcripts = {**reading.known, **fresh}
    return [(a, transcripts[a.digest]) for a in reading.attachments]


def _result(digest: str, future: Future[Any]) -> Transcript:
    try:
        return TRANSCRIPTS.validate_python(future.result())
    except WorkerFailed as fault:
        return failed(digest, fault.why)
