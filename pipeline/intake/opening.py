"""opening: Arrival → Opened, a mail on the table: taken apart, its files being read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.domain import Arrival, Attachment, Submission
from pipeline.domain.faults import origin
from pipeline.judging.correspondence import READ_ALL_THE_SAME, why_silent
from pipeline.mail.unpack import Malformed, body_table, unpack
from pipeline.office.sitting import Sitting
from pipeline.office.transcripts import BegunTranscripts, begin_transcripts
from pipeline.office.world import is_the_worlds
from pipeline.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail on the table: taken apart, with the files worth reading being read; or why it is set aside.

    `automatic` names the sign of a robot that wrote it, "" where a person may have.
    """

    arrival: Arrival
    submission: Submission | None
    automatic: str
    files: tuple[Attachment, ...]
    begun: BegunTranscripts | None = None
    why_shunted: str = ""


def open_mail(sitting: Sitting, arrival: Arrival, on_the_table: Sequence[BegunTranscripts]) -> Opened:
    """Takes a mail apart and has its files read; a robot's files are left closed, but for those that
    a machine may have passed on. What is being read for a mail `on_the_table` is not read again."""
    mail = _taken_apart(arrival, sitting.policy)
    try:
        clues = sitting.policy.clues
        begun = begin_transcripts(sitting.ledger, mail.files, clues, sitting.readers, on_the_table)
    except Exception as fault:
        return replace(mail, why_shunted=ours(fault))
    return replace(mail, begun=begun)


def open_briefly(arrival: Arrival, policy: Policy, too_much: str) -> Opened:
    """Takes a mail apart whose sender is over budget: it is set aside, unless there is nothing to read."""
    mail = _taken_apart(arrival, policy)
    is_cheap = mail.automatic and not mail.files
    return mail if is_cheap or mail.why_shunted else replace(mail, why_shunted=too_much)


def left_closed(arrival: Arrival, why: str) -> Opened:
    """Puts a mail on the table that is not even taken apart."""
    return Opened(arrival, None, "", (), why_shunted=why)


def _taken_apart(arrival: Arrival, policy: Policy) -> Opened:
    try:
        submission = unpack(arrival)
        automatic = why_silent(submission, policy.office, policy.mail_words)
        table = body_table(submission)
        files = (*submission.attachments, table) if table else submission.attachments
        is_read = not automatic or automatic in READ_ALL_THE_SAME
        return Opened(arrival, submission, automatic, files if is_read else ())
    except Malformed as fault:
        return left_closed(arrival, str(fault))
    except Exception as fault:
        return left_closed(arrival, ours(fault))


def ours(fault: Exception) -> str:
    """Names a fault of ours to shunt a mail with; raises the world's again."""
    if is_the_worlds(fault):
        raise fault
    return f"internal: {origin(fault)}"
