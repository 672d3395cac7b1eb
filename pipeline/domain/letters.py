"""letters: what goes out: letters, their enclosures, the list for Kamu SM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from pipeline.domain.case import Case


class LetterState(StrEnum):
    """How far a letter has come: `STARTED` is between the final dot and the server's word about it."""

    PLANNED = "planned"
    STARTED = "started"
    DEFERRED = "deferred"
    DONE = "done"
    FAILED = "failed"
    OUTCOME_UNKNOWN = "in_doubt"


# A letter that waits to go out, or of which it is not known yet whether it did.
UNSENT = (LetterState.PLANNED, LetterState.DEFERRED, LetterState.STARTED)
# One of which nobody knows whether it went out, until the copy is found or a person says so.
OUTCOME_OPEN = (LetterState.OUTCOME_UNKNOWN, LetterState.STARTED)


class OfficeLetter(StrEnum):
    """The kinds of letters to Kamu SM and the unit; those to applicants are named by what they answer."""

    BATCH = "batch"
    RELEASE = "release"
    NIGHTLY = "nightly"
    ALARM = "alarm"
    ALL_CLEAR = "all_clear"
    # The copy of what a person did, for our own mailbox.
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Mark:
    """One cell to be filled in a returned list, and the comment that goes on it."""

    sheet: str
    cell: str
    comment: str


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One line of the sheet of faults: the cell it links to, and its texts under the headings."""

    sheet: str
    cell: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkingPlan:
    """Everything that is to be written into one returned list, words included.

    `file` names the list as `Holder.file` does and `name` the marked copy; `sheet`, `lines`, `headings`
    and `rows` make the sheet of faults, `author` signs the comments.
    """

    file: str
    name: str
    sheet: str
    author: str
    lines: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[FaultRow, ...]
    marks: tuple[Mark, ...]
    # By sheet, the row of the list's headings, counted from one.
    headings_in: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes out with a letter."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of ours before it is rendered; `kind` and `about` make its Message-ID.

    `answers` is the Message-ID of the mail it answers and `references` the thread so far. `pictures` are
    shown within the HTML, which names each as rendering.content_id does.
    """

    kind: str
    about: str
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    written_at: datetime
    answers: str = ""
    references: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    pictures: tuple[Enclosure, ...] = ()
    # The running number of what comes in a series, such as the nights' reports.
    number: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """One day's list for Kamu SM; the day and the number are its name, so there is never a second."""

    day: date
    number: int
    cases: tuple[Case, ...]
    workbook: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """Names the batch: "2024-05-13/1"."""
        return f"{self.day.isoformat()}/{self.number}"
