"""spots: Decision → the places in its files that a person should look at, and no more of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.domain import Consequence, Decision, Finding, Outcome, Region, Subject
from pipeline.policy.views import READ_FROM

# Three pictures are looked at; the mail itself lies in its folder.
MOST_SPOTS = 3
WHOLE_PAGE = "page"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place to look at: the file by the name evidence speaks of it, and what should be seen there.

    Where no place is known, `field` is `WHOLE_PAGE` and there is no `region`.
    """

    file: str
    field: str
    region: Region | None


def spots_of(decision: Decision) -> tuple[Spot, ...]:
    """Lists what a held mail's findings are about, as far as it stands in a PDF or a picture."""
    if decision.outcome is not Outcome.HELD:
        return ()
    # One place may be doubted by several rules; it is looked at once.
    told: dict[tuple[str, Region | None], Spot] = {}
    for finding in decision.findings:
        if finding.consequence is Consequence.HOLD:
            for spot in _spots(finding, decision):
                told.setdefault((spot.file, spot.region), spot)
    return tuple(told.values())[:MOST_SPOTS]


def _spots(finding: Finding, decision: Decision) -> Iterator[Spot]:
    evidence = decision.evidence
    if finding.subject == Subject.FILE:
        yield Spot(evidence.unread[finding.index].name, WHOLE_PAGE, None)
    elif finding.subject == Subject.RECEIPT:
        receipt = evidence.receipts[finding.index]
        fields = READ_FROM.get(finding.field, (finding.field,))
        found = [Spot(receipt.file, f, region) for f in fields for region in receipt.stands.get(f, ())]
        yield from found or [Spot(receipt.file, WHOLE_PAGE, None)]
