"""addresses: to whom a mail is answered."""

from __future__ import annotations

from pipeline.domain import Submission


def answer_to(submission: Submission) -> str:
    """Gives the address that is answered: Reply-To within the sender's own domain, else From."""
    reply_host, host = (a.rpartition("@")[2] for a in (submission.reply_to, submission.sender))
    return submission.reply_to if submission.reply_to and reply_host == host else submission.sender
