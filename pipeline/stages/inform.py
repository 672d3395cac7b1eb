"""inform: Case, occasion → Letter"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipeline.domain import Case, Enclosure, Letter
from pipeline.policy import Policy
from pipeline.turkish import quotable


def inform(
    occasion: str,
    case: Case,
    recipient: str,
    policy: Policy,
    written_at: datetime,
    *,
    about: str = "",
    enclosures: Sequence[Enclosure] = (),
    **values: Any,
) -> Letter:
    """Writes to the person of a case what no mail of theirs has asked for, by the text named `occasion`.

    `about` tells occasions that may come again apart; each goes to one address once.
    """
    holder = case.holder
    written = policy.texts.write(
        occasion,
        addressee=quotable(f"{holder.given_name} {holder.family_name}") if holder else "",
        number=case.number,
        procedure=case.procedure,
        office=policy.office,
        **values,
    )
    return Letter(
        kind=occasion.removeprefix("replies/"),
        about=about or case.number,
        sender=policy.office.sender,
        recipient=recipient,
        subject=f"{written.subject} [{case.number}]",
        text=written.text,
        html=written.html,
        written_at=written_at,
        enclosures=tuple(enclosures),
    )
