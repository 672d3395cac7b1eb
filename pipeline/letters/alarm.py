"""alarm: Trouble → Letter"""

from __future__ import annotations

from datetime import datetime

from pipeline.domain import Letter, OfficeLetter
from pipeline.domain.troubles import Trouble
from pipeline.policy.policy import Policy


def alarm(trouble: Trouble, is_over: bool, policy: Policy, since: datetime, now: datetime) -> Letter:
    """Tells the IT unit of a trouble that lasts, or that it is over; `since` and `now` are local."""
    kind, _, about = trouble.name.partition("/")
    words = policy.texts.words
    advice = words["trouble_advice"]
    written = policy.texts.write(
        "all-clear" if is_over else "alarm",
        what=words["troubles"][kind],
        about=about,
        reason=words["connections"].get(trouble.reason, ""),
        advice=advice.get(f"{kind}/{trouble.reason}", advice[kind]),
        since=f"{since:%d.%m.%Y %H:%M}",
        now=f"{now:%d.%m.%Y %H:%M}",
        office=policy.office,
    )
    return Letter(
        kind=OfficeLetter.ALL_CLEAR if is_over else OfficeLetter.ALARM,
        about=f"{trouble.name} {trouble.since.isoformat()}",
        sender=policy.office.sender,
        recipient=policy.office.it_unit,
        subject=written.subject,
        text=written.text,
        html=written.html,
        written_at=now,
    )
