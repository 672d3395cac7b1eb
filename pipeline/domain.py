"""The nouns of the trade, as frozen values; imports nothing of ours but turkish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from pipeline.turkish import IdentityNumber


class Outcome(StrEnum):
    """What became of a mail; the last two are never judged."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    HELD = "held"
    GUIDED = "guided"
    IGNORED = "ignored"
    SHUNTED = "shunted"


class Consequence(StrEnum):
    """What a finding does to the claim it is about: sent back, kept for a person, or done already."""

    RETURN = "return"
    HOLD = "hold"
    GUIDE = "guide"


class Procedure(StrEnum):
    """The four procedures of the information sheet."""

    LOST_OR_STOLEN = "lost_or_stolen"
    FAMILY_PHYSICIAN = "family_physician"
    OTHER_STAFF = "other_staff"
    CARD_READER = "card_reader"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail lies on its IMAP server; UIDs mean nothing without the UIDVALIDITY."""

    account: str
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as it reached us: its bytes, their SHA-256 as its name, and the server's INTERNALDATE."""

    sha: str
    raw: bytes = field(repr=False)
    received_at: datetime


# --- what a mail holds -------------------------------------------------------------------------


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
    # Why nobody may be answered (a robot, a list, ourselves ...), or "" where an answer is due.
    silent: str = ""
    # Further addresses in From: nobody can say then who wrote.
    also_from: tuple[str, ...] = ()
    reply_to: str = ""
    bounce: Bounce | None = None


# --- what a file holds -------------------------------------------------------------------------


class CellKind(StrEnum):
    """How a workbook stores a cell, as far as its meaning depends on it."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cell:
    """One filled cell: zero-based row and column, its kind, and its value as text.

    Numbers are written as Python's `repr` of the float or int, dates as ISO 8601 (a day, or a day
    and a time); texts are as stored, line breaks and no-break spaces included.
    """

    row: int
    column: int
    kind: CellKind
    text: str

    @property
    def address(self) -> str:
        """Names the cell as a spreadsheet does.

        >>> Cell(6, 27, CellKind.TEXT, "").address
        'AB7'
        """
        return column_letters(self.column) + str(self.row + 1)


def column_letters(column: int) -> str:
    """Names a zero-based column.

    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: filled cells by row then column, merged ranges as (r0, c0, r1, c1)."""

    name: str
    cells: tuple[Cell, ...]
    visible: bool = True
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    # Which of the two date systems of workbooks its plain numbers would be days of.
    since_1904: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One printed word with its box, in points (text layer) or pixels (picture), origin top left."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its size in the unit of its words, and by which way the words were read."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
    # "text" for a text layer, otherwise the OCR hypothesis, such as "ocr rotate=90 psm=11".
    read_by: str
    # How its picture looks, to compare with others; "" where nobody looked.
    likeness: str = ""


class FileKind(StrEnum):
    """What a file is by its content, never by its name."""

    WORKBOOK = "workbook"
    PDF = "pdf"
    PICTURE = "picture"
    WORD = "word"
    ARCHIVE = "archive"
    TEXT = "text"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Transcript:
    """The plain content of one file: cells, words or inner files, and nothing of what they mean.

    `problem` names why nothing, or not everything, could be read ("" where all was): one of the
    names that reports/unread.toml has a sentence for. `format` is the exact format ("xls-biff8",
    "xlsx", "jpeg", ...), `notes` are names of things worth a sentence to the sender ("macros").
    """

    digest: str
    kind: FileKind
    format: str
    sheets: tuple[Sheet, ...] = ()
    pages: tuple[Page, ...] = ()
    inner: tuple[tuple[str, Transcript], ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """One file by the name that evidence speaks of it, and the attachment it is, or is inside of."""

    name: str
    attachment: Attachment
    transcript: Transcript
    is_inner: bool


# --- what the files say ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page: the page's number and size, and a box, in the unit of the page's words.

    `read_by` tells, as in `Page`, how the page was turned before it was measured.
    """

    page: int
    width: float
    height: float
    x0: float
    top: float
    x1: float
    bottom: float
    read_by: str


@dataclass(frozen=True, slots=True)
class Holder:
    """One row of a NES list: the certificate's holder, as written, and where each value stands.

    Fields that could not be read are None; `cells` maps a field to its cell address, `written` to
    the text found there.
    """

    file: str
    sheet: str
    row: int
    is_hidden: bool = False
    identity_number: IdentityNumber | None = None
    given_name: str | None = None
    family_name: str | None = None
    born_on: date | None = None
    work_email: str | None = None
    workplace: str | None = None
    kind: str | None = None
    kind_note: str | None = None
    card_reader: str | None = None
    term_years: str | None = None
    payment: str | None = None
    note: str | None = None
    cells: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    # field → name of how an unusual but clear value was understood, for the reply to say so
    understood: Mapping[str, str] = field(default_factory=dict)
    # field → name of why a filled cell gives no value ("digits_lost", "two_digit_year", ...)
    unclear: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment receipt as one layout reads it."""

    file: str
    digest: str
    layout: str
    rail: str | None = None
    amount: Decimal | None = None
    bank_charge: Decimal | None = None
    paid_on: date | None = None
    reference: str | None = None
    identity_number: IdentityNumber | None = None
    payer: str | None = None
    debtor: str | None = None
    payee: str | None = None
    iban: str | None = None
    description: str | None = None
    # "text" for a text layer, in which nothing is overlooked; otherwise the way a picture was read.
    read_by: str = "text"
    # What the reading of its file says against itself ("two_readings", "text_differs_from_picture").
    notes: tuple[str, ...] = ()
    # field → name of why what is printed gives no value ("two_readings", ...)
    unclear: Mapping[str, str] = field(default_factory=dict)
    # How the picture of its first page looks, to compare with others.
    likeness: str = ""
    # field → where what was read for it stands with its label, once for every time it is printed
    stands: Mapping[str, tuple[Region, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a part of a mail, that gave nothing, or less than there is in it, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class ScannedForm:
    """A picture of the signed form, and whose it is where a number that holds stands on it."""

    file: str
    identity_number: IdentityNumber | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the files of one mail say."""

    holders: tuple[Holder, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    unread: tuple[Unread, ...] = ()
    # Rows of a table in the mail's own text: to be confirmed by their sender, never taken as they are.
    pasted: tuple[Holder, ...] = ()
    # Files in which something is worth a sentence, and its name ("macros").
    noted: tuple[Unread, ...] = ()
    # Signed forms among the files above, or in them.
    forms: tuple[ScannedForm, ...] = ()


# --- what follows from it ----------------------------------------------------------------------


class Event(StrEnum):
    """What can happen to a case; a case is nothing but what its entries add up to."""

    LISTED = "listed"
    AMENDED = "amended"
    RELEASED = "released"
    BATCHED = "batched"
    RETURNED_BY_KAMU_SM = "returned_by_kamu_sm"
    PAID = "paid"
    FORM_SCANNED = "form_scanned"
    FORM_RECEIVED = "form_received"
    REMINDED = "reminded"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger about one case: what happened, on which day, proved by what.

    `proof` is the digest of the mail, or the name of the batch or of the official's decision, that
    the entry follows from; `holder` and `receipt` are set where the event brings one.
    """

    case: str
    procedure: Procedure
    identity_number: IdentityNumber
    event: Event
    day: date
    proof: str
    holder: Holder | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One person's matter in one procedure, folded from its entries.

    `batch` names the list it went out on, "" while it waits for one. What Kamu SM has returned waits for
    a corrected list first, and a list that the IT unit has yet to release has not gone out. `steps` has
    the last day of each event, and `reminded` the names of the reminders that were sent.
    """

    number: str
    procedure: Procedure
    identity_number: IdentityNumber
    opened_on: date
    holder: Holder | None = None
    batch: str = ""
    receipt: Receipt | None = None
    is_closed: bool = False
    events: tuple[Event, ...] = ()
    is_returned: bool = False
    awaits_release: bool = False
    steps: Mapping[Event, date] = field(default_factory=dict)
    reminded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spent:
    """What a receipt was used for, and who sent it then."""

    case: str
    sender: str


@dataclass(frozen=True, slots=True)
class EarlyReceipt:
    """A receipt that waits for nothing but its debtor's list, and the digest of the mail that brought it."""

    mail: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Facts:
    """What a mail cannot know about itself, gathered for this one mail.

    `cases` holds the open lost-or-stolen cases of everyone the mail names, `paid_cases` those that a
    receipt opened in another procedure; `spent` maps a receipt's key to the case it was used for and
    the address that sent it. `sender_cases` are the open cases of the sender's own address, and
    `vouched` the mail domains that an official let this sender write for before.
    """

    today: date
    cases: Mapping[IdentityNumber, Case] = field(default_factory=dict)
    spent: Mapping[str, Spent] = field(default_factory=dict)
    paid_cases: Mapping[tuple[IdentityNumber, Procedure], Case] = field(default_factory=dict)
    sender_cases: tuple[Case, ...] = ()
    vouched: frozenset[str] = frozenset()
    # Open cases that this sender, or the thread of the mail, brought: they are not told, but may be meant.
    sent_cases: tuple[Case, ...] = ()
    # Cases whose withdrawal waits for an official's word.
    withdrawing: frozenset[str] = frozenset()
    # Receipts that came before the list, for those whom this mail lists.
    early: tuple[EarlyReceipt, ...] = ()
    # Digest of a receipt → numbers of mails with another person's of the same looks, day and amount.
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule has to say about one value, in words for the reader.

    `subject` and `index` name the claim ("holder", 0), `about` its place for a person to find
    ("liste.xls, Sayfa1, B7"); `value` is masked. `suggestion` is a likely right value, or "".
    """

    rule: str
    consequence: Consequence
    subject: str
    index: int
    about: str
    field: str
    value: str
    say: str
    remedy: str
    because: str
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a mail: its outcome, the findings, and entries for claims without one.

    `withheld` are the entries of held claims; they are made when an official accepts the claim.
    `silence` says why no letter may be written, "" where one is due. `topic` names what a mail
    without files asks about, and `told` are the cases whose state its answer tells.
    """

    outcome: Outcome
    procedure: Procedure | None
    evidence: Evidence
    findings: tuple[Finding, ...] = ()
    entries: tuple[Entry, ...] = ()
    withheld: tuple[Entry, ...] = ()
    silence: str = ""
    topic: str = ""
    told: tuple[Case, ...] = ()
    # Numbers of mails with another person's receipt that looks like one of this mail: a flag, no fault.
    alike: tuple[str, ...] = ()

    def findings_of(self, subject: str, index: int) -> tuple[Finding, ...]:
        """Lists what was found about one claim."""
        return tuple(f for f in self.findings if (f.subject, f.index) == (subject, index))


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


@dataclass(frozen=True, slots=True)
class Batching:
    """When a list for Kamu SM goes out: on which nights, with whom, and how long it may be.

    What is accepted after `cutoff` goes on the next list. Fewer than `least` wait, but no person longer
    than `longest_wait` working days; more than `most` go out on several lists of one night.
    """

    is_weekly: bool = False
    only_working_days: bool = False
    cutoff: time | None = None
    night_at: time = time(23, 30)
    least: int = 1
    most: int | None = None
    longest_wait: int = 5
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Istanbul"))


@dataclass(frozen=True, slots=True)
class Office:
    """Who we are to the outside: addresses, domains and how the unit signs.

    `sender` is the address our letters come from; `own_addresses` are never answered;
    `batch_recipient` is Kamu SM, or the IT unit where it releases the lists itself. The findings of
    `trusted_servers` about a sender's domain are believed, by the name they sign them with.
    """

    unit: str
    institution: str
    sender: str
    own_addresses: tuple[str, ...]
    it_unit: str
    batch_recipient: str
    corporate_domains: tuple[str, ...]
    kamu_sm_domains: tuple[str, ...]
    trusted_servers: tuple[str, ...] = ()
    answers_per_day: int = 10
    kamu_sm: str = ""
    # Whose mail releases a list that waits for it, and after how many working days the report asks for it.
    releasers: tuple[str, ...] = ()
    release_within: int = 2
    # Where paper is handed in or posted to, for the cover sheet.
    postal_address: str = ""
    batching: Batching = Batching()
