"""papers: the files of a kept mail as they can be looked at: pages drawn by the sealed workers, with places.

What came from outside is never shown itself; a worker opens it, as it did when it was read, and gives a
picture of ours.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from pipeline.domain import Arrival, FileKind, OpenedFile, Receipt, Region, Submission
from pipeline.domain.faults import OperatorFault
from pipeline.judging.read import opened_files
from pipeline.ledger.book import Judged
from pipeline.mail.unpack import Malformed, body_table, unpack
from pipeline.night.spots import spots_of
from pipeline.office.shop import Shop
from pipeline.papers.printed import whole_page
from pipeline.sandbox.cutting import card_boxes, cut_out
from pipeline.sandbox.scanner.scan import SCANNER_VERSION, failed

# Of a paper with more pages, these are shown.
_MOST_PAGES = 6


@dataclass(frozen=True, slots=True)
class Place:
    """A place on a page, with the field that stands there; a box in the unit of the page."""

    at: int
    field: str
    region: Region
    is_doubtful: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page to be looked at: its number, its size in the unit of its places, and what stands where."""

    number: int
    width: float
    height: float
    places: Sequence[Place] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """A file with pages: its place among the mail's files, its name, and its first pages."""

    at: int
    name: str
    sheets: Sequence[Sheet] = field(default=())


def submission_of(shop: Shop, judged: Judged) -> Submission | None:
    """Takes a kept mail apart once more; None for one that cannot be, or has been erased."""
    try:
        return unpack(Arrival(judged.sha, shop.home.raw(judged.sha), judged.decided_at))
    except (Malformed, OperatorFault):
        return None


def files_of(shop: Shop, submission: Submission) -> tuple[OpenedFile, ...]:
    """Lists the files of a mail, those inside of others among them, as they were read."""
    table = body_table(submission)
    files = (*submission.attachments, *((table,) if table else ()))
    return tuple(
        opened_files(
            (file, shop.ledger.transcript(file.digest, SCANNER_VERSION) or failed(file.digest, "raised", 0))
            for file in files
        )
    )


def papers_of(files: Sequence[OpenedFile], judged: Judged) -> tuple[Paper, ...]:
    """Lists what can be shown as pages, each with what was read where."""
    receipts: dict[str, list[Receipt]] = {}
    for receipt in judged.decision.evidence.receipts:
        receipts.setdefault(receipt.file, []).append(receipt)
    doubtful = {(spot.file, spot.field) for spot in spots_of(judged.decision)}
    return tuple(
        Paper(at, file.name, tuple(_sheets(file, receipts.get(file.name, ()), doubtful)))
        for at, file in enumerate(files)
        if _has_pages(file, {*receipts, *(unread.name for unread in judged.decision.evidence.unread)})
    )


def _has_pages(file: OpenedFile, named: Collection[str]) -> bool:
    transcript = file.transcript
    if transcript.pages or transcript.kind in (FileKind.PDF, FileKind.PICTURE):
        return True
    # What an older version of the readers has read, or none could, may be a page all the same.
    return bool(transcript.problem) and file.name in named


def _sheets(file: OpenedFile, receipts: Sequence[Receipt], doubtful: set[tuple[str, str]]) -> Sequence[Sheet]:
    found = [(name, r) for receipt in receipts for name, told in receipt.stands.items() for r in told]
    sizes = {page.number: (page.width, page.height) for page in file.transcript.pages[:_MOST_PAGES]}
    sizes = sizes or {r.page: (r.width, r.height) for _, r in found} or {1: (0, 0)}
    places = [Place(at, name, r, (file.name, name) in doubtful) for at, (name, r) in enumerate(found)]
    return [
        Sheet(number, width, height, tuple(place for place in places if place.region.page == number))
        for number, (width, height) in sorted(sizes.items())
    ]


def picture_of_page(shop: Shop, file: OpenedFile, number: int) -> bytes | None:
    """Has a page drawn, the numbers of payment cards painted over; None where it cannot be had."""
    page = next((page for page in file.transcript.pages if page.number == number), None)
    region = whole_page(page) if page else Region(number, 0, 0, 0, 0, 0, 0, "")
    return _drawn(shop, file, region)


def picture_of_place(shop: Shop, file: OpenedFile, region: Region) -> bytes | None:
    """Has a place on a page drawn as large as it goes; None where it cannot be had."""
    return _drawn(shop, file, region)


def _drawn(shop: Shop, file: OpenedFile, region: Region) -> bytes | None:
    pages = [page for page in file.transcript.pages if page.number == region.page]
    cards = [box for page in pages for box in card_boxes(page)]
    return cut_out(shop.readers, file.attachment.data, file.transcript.digest, region, cards)
