"""case: a person's matter, its entries, and what a mail cannot know about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from pipeline.domain.evidence import Holder, Receipt, ReceiptKind
from pipeline.domain.turkish import IdentityNumber


class Procedure(StrEnum):
    """The four procedures of the information sheet."""

    LOST_OR_STOLEN = "lost_or_stolen"
    FAMILY_PHYSICIAN = "family_physician"
    OTHER_STAFF = "other_staff"
    CARD_READER = "card_reader"


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
class Foretold:
    """The number of a mail in which somebody may have said no before a list named them; whether they sent
    that list themselves."""

    mail: str
    is_own: bool


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
    # Others' cases on their way to Kamu SM whose people the mail names, in words that may be against them.
    named: tuple[Case, ...] = ()
    # Cases that wait and stood beside rows which this list repeats, in an earlier one of its sender, and that
    # it leaves out.
    left_out: tuple[Case, ...] = ()
    # Identity number of a row → the open case under another number that may be the same person's.
    twins: Mapping[IdentityNumber, Case] = field(default_factory=dict)
    # Identity number of a row → what its person wrote before, which may be against it, and nobody has read.
    foretold: Mapping[IdentityNumber, Foretold] = field(default_factory=dict)
    # Whether a list has nobody but those whose rows went back to its sender: no others were asked for.
    as_asked: bool = False
    # Cases whose withdrawal waits for an official's word.
    withdrawing: frozenset[str] = frozenset()
    # Receipts that came before the list, for those whom this mail lists.
    early: tuple[EarlyReceipt, ...] = ()
    # The numbers that cases opened by this mail would bear; where none is given, the one that the mail gives.
    numbers: Mapping[tuple[IdentityNumber, Procedure], str] = field(default_factory=dict)
    # Digest of a receipt → numbers of mails with another person's of the same looks, day and amount.
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Kinds of receipts of which a wrong one was accepted, until a person has looked.
    stopped: frozenset[ReceiptKind] = frozenset()
    # Numbers of the cases, of all those above, that the sender may hear of.
    known: frozenset[str] = frozenset()
