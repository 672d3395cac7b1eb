"""A desk without an office: a ledger in memory to which mails are given one after the other."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Arrival, Place
from pipeline.intake.deciding import judge_again
from pipeline.ledger.book import Judged, Ledger
from pipeline.office.sitting import Sitting
from pipeline.policy.policy import Policy
from tests.house import body

MONDAY = datetime(2024, 5, 13, 9, 0, tzinfo=UTC)
LAX = demo_policy()
# An office whose servers write their word into every mail.
STRICT = replace(LAX, office=replace(LAX.office, authentication_required=True))


class Desk:
    """A ledger to which mails are given one after the other."""

    def __init__(self, readers: Executor, policy: Policy = LAX) -> None:
        self.ledger = Ledger.in_memory()
        self.readers = readers
        self.policy = policy
        self.run = self.ledger.begin_run("test", MONDAY - timedelta(days=30))

    def take(self, raw: bytes, at: datetime = MONDAY) -> Judged:
        """Judges one mail and gives what became of it."""
        arrival = Arrival(sha256(raw).hexdigest(), raw, at)
        self.ledger.keep(Place("test", "INBOX", 1, len(raw)), arrival, "", self.run)
        judge_again(Sitting(self.ledger, self.policy, self.readers, at, at.date()), arrival)
        judged = self.ledger.judged(arrival.sha)
        assert judged is not None
        return judged

    def letters(self, judged: Judged) -> list[str]:
        """Lists whom a mail was answered to."""
        return [letter.recipient for letter in self.ledger.letters_about(judged.sha)]

    def told(self, judged: Judged) -> str:
        """Reads all that the answers to a mail say: subject, text and HTML, with the names of enclosures."""
        return "\n".join(map(said, (letter.body for letter in self.ledger.letters_about(judged.sha))))


def said(raw: bytes) -> str:
    """Reads all that a letter says to its reader."""
    letter = message_from_bytes(raw, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    html = letter.get_body(("html",))
    names = [str(part.get_filename()) for part in letter.iter_attachments()]
    return "\n".join([str(letter["Subject"]), body(letter), html.get_content() if html else "", *names])
