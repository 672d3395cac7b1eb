"""inform: Case, occasion → Letter"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipeline.domain import Case, Letter
from pipeline.domain.turkish import quotable
from pipeline.policy.policy import Policy


def inform(
    occasion: str,
    case: Case,
    recipient: str,
    policy: Policy,
    written_at: datetime,
    **values: Any,
) -> Letter:
    """Writes to the person of a case what no mail of theirs has asked for, by the text named `occasion`.

    Each letter goes to one address once: what may come again is told apart by what it is about.
    """
    holder = case.holder
    written = policy.texts.write(
        occasion,
        addressee=quotable(holder.name) if holder else "",
        number=case.number,
        procedure=case.procedure,
        office=policy.office,
        fees=policy.fees_at(written_at),
        **values,
    )
    return Letter(
        kind=occasion.removeprefix("replies/"),
        about=case.number,
        sender=policy.office.sender,
        recipient=recipient,
        subject=f"{written.subject} [{case.number}]",
        text=written.text,
        html=written.html,
        written_at=written_at,
    )
