"""mails: the mail as it came and taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail lies on its IMAP server; UIDs mean nothing without the UIDVALIDITY."""

    account: str
    folder: str
    uidvalidity: int
    uid: int


class SightingState(StrEnum):
    """How far a mail that was seen in a mailbox has come; it may be gone, or set aside unfetched."""

    WAITING = "waiting"
    KEPT = "kept"
    FILED = "filed"
    GONE = "gone"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as it reached us: its bytes, their SHA-256 as its name, and the server's INTERNALDATE."""

    sha: str
    raw: bytes = field(repr=False)
    received_at: datetime


# The line in the words of a mail behind which another part of it begins, whose words are its sender's too.
NEW_PART = "\f"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail; `name` is data and never a path."""

    name: str
    media_type: str
    data: bytes = field(repr=False)
    digest: str
    # Set in the text of a mail (signatures, logos, pasted pictures), not added to it as a file.
    inline: bool = False
    # No file at all, but the tables in the mail's own text.
    is_body: bool = False
    # Words that a program has cut off the mail's own, which are heard with them.
    is_heard: bool = False


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says: whose letter, known by its Message-ID, did not arrive, and why."""

    message_ids: tuple[str, ...]
    recipient: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A mail taken apart: who wrote, what about, in answer to what, with which files."""

    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    references: tuple[str, ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]
    # Further addresses in From: nobody can say then who wrote.
    also_from: tuple[str, ...] = ()
    reply_to: str = ""
    # By whose hands it was sent in its writer's name, or sent again, where it says so.
    hands: tuple[str, ...] = ()
    bounce: Bounce | None = None
    # The number that the ledger gives the mail; "" for the one that its digest gives.
    number: str = ""
    # The media types of parts in which a server speaks of another mail.
    reports: tuple[str, ...] = ()
