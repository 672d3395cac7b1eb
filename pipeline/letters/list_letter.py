"""list_letter: Batch → Letter; to Kamu SM, or to the unit for its release."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pipeline.domain import Batch, Enclosure, Letter, OfficeLetter
from pipeline.lists.form import XLSX
from pipeline.policy.policy import Policy


def batch_digest(batch: Batch) -> str:
    """Names a batch's bytes, for Kamu SM and for us to compare."""
    return hashlib.sha256(batch.workbook).hexdigest()


def batch_file(batch: Batch) -> Enclosure:
    """Gives a list as the file that is enclosed."""
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
        kind=OfficeLetter.BATCH,
        about=batch.name,
        sender=office.sender,
        recipient=recipient,
        subject=written.subject,
        text=written.text,
        html=written.html,
        written_at=at,
        enclosures=(batch_file(batch),),
    )
