"""readers: whose matter a letter speaks of: its reader's own, other people's, or both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pipeline.domain import Holder, Submission
from pipeline.domain.turkish import fold

Whose = Literal["own", "others", "both"]


def whose(holders: Iterable[Holder], submission: Submission) -> Whose:
    """Tells for whom somebody has sent a list; without one, the matter is taken for the sender's own."""
    own = {_is_sender(holder, submission) for holder in holders}
    return "both" if len(own) == 2 else "others" if own == {False} else "own"


def _is_sender(holder: Holder, submission: Submission) -> bool:
    # By the name too: the address in the row may be what is wrong with it.
    if fold(holder.work_email or "") == fold(submission.sender):
        return True
    written = set(fold(holder.name).split())
    return len(written) > 1 and written <= set(fold(submission.sender_name).split())
