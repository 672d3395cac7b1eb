"""kept_files: a kept mail → its files as they were opened when it was judged."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.domain import Arrival, Attachment, OpenedFile, Transcript
from pipeline.judging.read import opened_files
from pipeline.ledger.book import Ledger
from pipeline.mail.unpack import Malformed, unpack
from pipeline.sandbox.scanner.scan import SCANNER_VERSION, failed


def kept_files(arrival: Arrival, ledger: Ledger) -> Iterable[OpenedFile]:
    """Lists the files of a mail, each with what was read in it; none where the mail cannot be taken apart."""
    try:
        attachments = unpack(arrival).attachments
    except Malformed:
        return ()
    return opened_files((a, _transcript(a, ledger)) for a in attachments)


def _transcript(attachment: Attachment, ledger: Ledger) -> Transcript:
    # What its reader failed over was not kept, but may be shown all the same.
    return ledger.transcript(attachment.digest, SCANNER_VERSION) or failed(attachment.digest, "raised", 0)
