"""reading room: Attachment… → Transcript…, from the ledger or by a worker, never read twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.adapters.isolation import DEFAULT_LIMITS, WorkerFailed
from pipeline.adapters.ledger import Ledger
from pipeline.adapters.scanner.scan import SCANNER_VERSION, TRANSCRIPTS, failed, timed_scan
from pipeline.clues import Clues
from pipeline.domain import Attachment, Transcript

# What a worker or this machine could not do today it may do tomorrow: such an answer is not kept.
_PASSING = ("timeout", "memory", "crash", "raised", "answer_too_large", "ocr_unavailable")


@dataclass(frozen=True, slots=True)
class Reading:
    """The files of one mail: those read before, those being read, and of these the ones begun for it."""

    attachments: Sequence[Attachment]
    known: Mapping[str, Transcript]
    begun: Mapping[str, Future[Any]]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class FilesRead:
    """Every file of a mail with its transcript, and the processor seconds that reading them has cost."""

    files: Sequence[tuple[Attachment, Transcript]]
    seconds: float


def begin_reading(
    ledger: Ledger,
    attachments: Sequence[Attachment],
    clues: Clues,
    readers: Executor,
    on_the_table: Sequence[Reading],
) -> Reading:
    """Hands every file that was not read before to the readers, and does not wait for them.

    What is being read for another mail `on_the_table` is not read a second time.
    """
    found = {a.digest: ledger.transcript(a.digest, SCANNER_VERSION) for a in attachments}
    known = {digest: transcript for digest, transcript in found.items() if transcript}
    elsewhere = {digest: future for other in on_the_table for digest, future in other.begun.items()}
    unknown = {a.digest: a.data for a in attachments if a.digest not in known}
    told = clues.model_dump(mode="json")
    new = {
        digest: readers.submit(timed_scan, data, told)
        for digest, data in unknown.items()
        if digest not in elsewhere
    }
    begun = {digest: new.get(digest) or elsewhere[digest] for digest in unknown}
    return Reading(attachments, known, begun, frozenset(new))


def finish_reading(ledger: Ledger, reading: Reading, at: datetime) -> FilesRead:
    """Waits for the readers, keeps what they read, and gives every file with its transcript."""
    results = {digest: _result(digest, future) for digest, future in reading.begun.items()}
    fresh = {digest: transcript for digest, (transcript, _) in results.items()}
    kept = [transcript for transcript in fresh.values() if transcript.problem not in _PASSING]
    if kept:
        ledger.keep_transcripts(kept, SCANNER_VERSION, at)
    transcripts = {**reading.known, **fresh}
    return FilesRead(
        [(a, transcripts[a.digest]) for a in reading.attachments],
        sum(results[digest][1] for digest in reading.own),
    )


def _result(digest: str, future: Future[Any]) -> tuple[Transcript, float]:
    try:
        seconds, transcript = future.result()
        return TRANSCRIPTS.validate_python(transcript), float(seconds)
    except WorkerFailed as fault:
        # It did not live to tell what it has cost: the most that it may have.
        return failed(digest, fault.why), DEFAULT_LIMITS.cpu_seconds
