"""exhibits: a held mail and its stored Decision → small pictures of what a person should look at."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from pipeline.acts.kept_files import kept_files
from pipeline.domain import Arrival, Decision, OpenedFile, Region
from pipeline.ledger.book import Ledger
from pipeline.night.spots import Spot, spots_of
from pipeline.papers.printed import whole_page
from pipeline.sandbox.cutting import card_boxes, cut_out


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
    spots = spots_of(decision)
    files = {file.name: file for file in kept_files(arrival, ledger)} if spots else {}
    shown = [(spot, _picture(files[spot.file], spot, readers)) for spot in spots if spot.file in files]
    return tuple(Exhibit(spot.file, spot.field, png) for spot, png in shown if png)


def _picture(file: OpenedFile, spot: Spot, readers: Executor) -> bytes | None:
    pages = file.transcript.pages
    if spot.region:
        region = spot.region
    elif pages:
        region = whole_page(next((page for page in pages if page.words), pages[0]))
    else:
        region = Region(1, 0, 0, 0, 0, 0, 0, "")
    cards = [box for page in pages if page.number == region.page for box in card_boxes(page)]
    return cut_out(readers, file.attachment.data, file.transcript.digest, region, cards)
