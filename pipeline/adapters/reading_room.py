"""reading room: (Attachment…) → their Transcripts, from the ledger or by a worker, never read twice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Any

from pipeline.adapters.isolation import WorkerFailed
from pipeline.adapters.ledger import Ledger
from pipeline.adapters.scanner.scan import SCANNER_VERSION, TRANSCRIPTS, failed, scan
from pipeline.domain import Attachment, Transcript


def read_files(
    ledger: Ledger, attachments: Sequence[Attachment], amounts: Sequence[str], readers: Executor
) -> list[tuple[Attachment, Transcript]]:
    """Has every attachment read that has not been read before, side by side, and keeps the transcripts."""
    known = {a.digest: ledger.transcript(a.digest, SCANNER_VERSION) for a in attachments}
    reading = {
        a.digest: readers.submit(scan, a.data, list(amounts)) for a in attachments if known[a.digest] is None
    }
    for digest, future in reading.items():
        known[digest] = _result(digest, future)
    for digest in reading:
        transcript = known[digest]
        # A worker that failed may not fail again: only what a reader itself says is kept.
        if transcript and transcript.problem not in _PASSING:
            ledger.keep_transcript(transcript, SCANNER_VERSION)
    return [(a, transcript) for a in attachments if (transcript := known[a.digest])]


_PASSING = ("timeout", "memory", "crash", "raised", "answer_too_large", "ocr_unavailable")


def _result(digest: str, future: Future[Any]) -> Transcript:
    try:
        return TRANSCRIPTS.validate_python(future.result())
    except WorkerFailed as fault:
        return failed(digest, fault.why)
