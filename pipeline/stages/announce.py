"""announce: Batch…, the night's work and its Report → Letter…"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.domain import Batch, Enclosure, Letter
from pipeline.nights_work import NightsWork
from pipeline.policy import Policy
from pipeline.report import Report
from pipeline.report_letter import report_letter
from pipeline.report_sections import batch_digest
from pipeline.workbook import XLSX


def announce(
    night: NightsWork, report: Report, painted: Mapping[str, bytes], policy: Policy
) -> tuple[Letter, ...]:
    """Writes the night's letters: the lists, where there are any, and always the report.

    `painted` are the charts of the report as PNG, by name, for programs that show nothing better.
    """
    files = tuple(map(_batch_file, night.batches))
    recipient = policy.office.batch_recipient
    lists = (list_letter(batch, recipient, night.until, policy) for batch in night.batches)
    return (*lists, report_letter(night, report, painted, files, policy))


def _batch_file(batch: Batch) -> Enclosure:
    return Enclosure(f"nes-listesi-{batch.day.isoformat()}-{batch.number}.xlsx", XLSX, batch.workbook)


def list_letter(batch: Batch, recipient: str, at: datetime, policy: Policy) -> Letter:
    """Writes the letter that a list goes out with: to Kamu SM, or to the unit for its release."""
    office = policy.office
    written = policy.texts.write(
        "batch",
        day=batch.day,
        name=batch.name,
        count=len(batch.cases),
        digest=batch_digest(batch),
        for_release=recipient == office.it_unit,
        office=office,
    )
    return Letter(
        kind="batch",
        about=batch.name,
        sender=office.sender,
        recipient=recipient,
        subject=written.subject,
        text=written.text,
        html=written.html,
        written_at=at,
        enclosures=(_batch_file(batch),),
    )
