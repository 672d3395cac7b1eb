"""transcripts: Attachment… → Transcript…, from the ledger or by a worker, never read twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.domain import Attachment, Transcript
from pipeline.ledger.book import Ledger
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.scan import PASSING, SCANNER_VERSION, failed, timed_scan
from pipeline.sandbox.scanner.transcribed import TRANSCRIPTS
from pipeline.sandbox.workers import DEFAULT_LIMITS, WorkerFailed


@dataclass(frozen=True, slots=True)
class BegunTranscripts:
    """The files of one mail: those read before, those being read, and of these the ones begun for it."""

    attachments: Sequence[Attachment]
    known: Mapping[str, Transcript]
    begun: Mapping[str, Future[Any]]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class FilesRead:
    """Every file of a mail with its transcript, and the processor seconds that reading them has cost.

    `fresh` are those that were not kept before and should be.
    """

    files: Sequence[tuple[Attachment, Transcript]]
    seconds: float
    fresh: Sequence[Transcript] = ()


def begin_transcripts(
    ledger: Ledger,
    attachments: Sequence[Attachment],
    clues: Clues,
    readers: Executor,
    on_the_table: Sequence[BegunTranscripts],
) -> BegunTranscripts:
    """Hands every file that was not read before to the readers, and does not wait for them.

    What is being read for another mail `on_the_table` is not read a second time.
    """
    found = {a.digest: ledger.transcript(a.digest, SCANNER_VERSION) for a in attachments}
    known = {digest: transcript for digest, transcript in found.items() if transcript}
    elsewhere = {digest: future for other in on_the_table for digest, future in other.begun.items()}
    unknown = {a.digest: a.data for a in attachments if a.digest not in known}
    told = clues.as_json
    new = {
        digest: readers.submit(timed_scan, data, told)
        for digest, data in unknown.items()
        if digest not in elsewhere
    }
    begun = {digest: new.get(digest) or elsewhere[digest] for digest in unknown}
    return BegunTranscripts(attachments, known, begun, frozenset(new))


def finish_transcripts(ledger: Ledger, begun: BegunTranscripts, at: datetime) -> FilesRead:
    """Waits for the readers, keeps what they read, and gives every file with its transcript."""
    done = read_to_the_end(begun)
    if done.fresh:
        with ledger.transaction():
            ledger.keep_transcripts(done.fresh, SCANNER_VERSION, at)
    return done


def read_to_the_end(begun: BegunTranscripts) -> FilesRead:
    """Waits for the readers, and gives every file with its transcript; whoever asks keeps the fresh ones."""
    sizes = {a.digest: len(a.data) for a in begun.attachments}
    results = {digest: _result(digest, sizes[digest], future) for digest, future in begun.begun.items()}
    fresh = {digest: transcript for digest, (transcript, _) in results.items()}
    transcripts = {**begun.known, **fresh}
    return FilesRead(
        [(a, transcripts[a.digest]) for a in begun.attachments],
        sum(results[digest][1] for digest in begun.own),
        # A passing answer is not kept.
        [t for t in fresh.values() if not {t.problem, *t.notes} & PASSING],
    )


def _result(digest: str, size: int, future: Future[Any]) -> tuple[Transcript, float]:
    try:
        seconds, transcript = future.result()
        return TRANSCRIPTS.validate_python(transcript), float(seconds)
    except WorkerFailed as fault:
        # It did not live to tell what it has cost: the most that it may have.
        return failed(digest, fault.why, size), DEFAULT_LIMITS.cpu_seconds
