"""act_copy: Done → the Letter to our own mailbox that keeps it; nobody else gets one."""

from __future__ import annotations

from pipeline.domain import Enclosure, Letter, OfficeLetter
from pipeline.domain.acts import ACT_FILE, Done, SealedAct
from pipeline.domain.turkish import quotable
from pipeline.policy.policy import Policy


def act_copy(done: Done, sealed: SealedAct, recipient: str, policy: Policy) -> Letter:
    """Writes an act down for our own mailbox: in words, and as the sealed file that brings it back."""
    written = policy.texts.write(
        "act",
        what=policy.texts.words["acts"][done.kind],
        about=done.about,
        by=quotable(done.by),
        because=quotable(done.because),
        office=policy.office,
    )
    return Letter(
        kind=OfficeLetter.ACT,
        about=sealed.name,
        sender=policy.office.sender,
        recipient=recipient,
        subject=written.subject,
        text=written.text,
        html=written.html,
        written_at=done.at,
        enclosures=(Enclosure(ACT_FILE, "application/json", sealed.data),),
    )
