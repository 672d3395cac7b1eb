"""exhibits: a held mail and its stored Decision → small pictures of what a person should look at."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

from pipeline.adapters.crops import card_boxes, cut_out
from pipeline.adapters.ledger import Ledger
from pipeline.adapters.scanner.scan import SCANNER_VERSION, failed
from pipeline.domain import Arrival, Attachment, Decision, OpenedFile, Region, Transcript
from pipeline.doubts import Doubt, doubts_of
from pipeline.printed import whole_page
from pipeline.stages.read import opened_files
from pipeline.stages.unpack import Malformed, unpack


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture of a doubtful place: the file's name, the field as reports/words.toml calls it, and a PNG."""

    file: str
    field: str
    png: bytes


def exhibits_of(
    arrival: Arrival, decision: Decision, ledger: Ledger, readers: Executor
) -> tuple[Exhibit, ...]:
    """Shows what is doubtful in a held mail, in three pictures at most; what cannot be had is left out."""
    doubts = doubts_of(decision)
    files = {file.name: file for file in _files(arrival, ledger)} if doubts else {}
    shown = [(doubt, _picture(files[doubt.file], doubt, readers)) for doubt in doubts if doubt.file in files]
    return tuple(Exhibit(doubt.file, doubt.field, png) for doubt, png in shown if png)


def _files(arrival: Arrival, ledger: Ledger) -> Iterable[OpenedFile]:
    try:
        attachments = unpack(arrival).attachments
    except Malformed:
        return ()
    return opened_files((a, _transcript(a, ledger)) for a in attachments)


def _transcript(attachment: Attachment, ledger: Ledger) -> Transcript:
    # What its reader failed over was not kept, but may be shown all the same.
    return ledger.transcript(attachment.digest, SCANNER_VERSION) or failed(attachment.digest, "raised")


def _picture(file: OpenedFile, doubt: Doubt, readers: Executor) -> bytes | None:
    pages = file.transcript.pages
    if doubt.region:
        region = doubt.region
    elif pages:
        region = whole_page(next((page for page in pages if page.words), pages[0]))
    else:
        region = Region(1, 0, 0, 0, 0, 0, 0, "")
    cards = [box for page in pages if page.number == region.page for box in card_boxes(page)]
    return cut_out(readers, file.attachment.data, file.transcript.digest, region, cards)
