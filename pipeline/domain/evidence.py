"""evidence: what the files of a mail say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from pipeline.domain.files import Region
from pipeline.domain.mails import Submission
from pipeline.domain.sources import SUSPECT, Sources
from pipeline.domain.turkish import IdentityNumber

# Between the heading of a column that is no field and what stands under it, in `Holder.written`.
UNDER = " → "

# A receipt of a form that nobody has described: it is surely a transfer, and surely nothing else.
FORM_UNKNOWN = "form_unknown"


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
    # name of what its cells, or the other rows, say against it → a cell, a row or a value to look at
    doubts: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Gives given and family name, or the one of them that could be read; "" for neither."""
        return " ".join(name for name in (self.given_name, self.family_name) if name)

    @property
    def address(self) -> str:
        """Gives the work address as addresses are compared; "" where there is none."""
        return (self.work_email or "").lower()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a receipt's pages print outside the places it is read from: no value, but no proof of absence.

    `is_number_possible` tells whether an identity number may stand somewhere, however it is broken or
    glued; `amounts` and `ibans` are all that are printed; `words` is the text that no label claims.
    """

    is_number_possible: bool = False
    amounts: tuple[Decimal, ...] = ()
    ibans: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True, order=True)
class ReceiptKind:
    """What may go wrong together: the receipts of one bank's layouts, as a text layer or as a picture."""

    bank: str
    reading: Literal["text", "picture"]


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
    # "text" for a text layer, in which no letter is misread; otherwise the way a picture was read.
    read_by: str = "text"
    # What the reading of its file as a whole says against itself ("two_readings", "text_unchecked").
    notes: tuple[str, ...] = ()
    # What stands across its pages, as `Page` has it.
    across: tuple[str, ...] = ()
    # field → name of why what is printed gives no value ("two_readings", ...)
    unclear: Mapping[str, str] = field(default_factory=dict)
    # field → the printed words that are not known as those of a payment that was made ("state", "title", ...)
    doubtful: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Elsewhere = Elsewhere()
    # field → what a code or a file of data says of it, where that is something else
    coded_otherwise: Mapping[str, str] = field(default_factory=dict)
    # What is read on its pages in two ways, as `Page` has it.
    also_read: tuple[str, ...] = ()
    # How the picture of its first page looks, to compare with others.
    likeness: str = ""
    # field → where what was read for it stands with its label, once for every time it is printed
    stands: Mapping[str, tuple[Region, ...]] = field(default_factory=dict)
    # Where each of its values comes from, and what speaks against that.
    sources: Sources = field(default_factory=Sources)

    @property
    def suspicions(self) -> frozenset[str]:
        """Names why something that was read may not be what its bank printed, as `SUSPECT` has it."""
        # A file of which a page was not looked at says so as a whole; and receipts that were kept before
        # their values knew their sources tell everything there.
        return self.sources.suspicions | (frozenset(SUSPECT) & set(self.notes))


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a part of a mail, that gave nothing, or less than there is in it, and why.

    `detail` is what in it is meant: rows, headings; "" where it is the whole of it.
    """

    name: str
    why: str
    detail: str = ""


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


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that asks for nothing of its own: what it is ("picture" for one in the text), its lines."""

    name: str
    what: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matter:
    """A mail by its digest, taken apart, with what its files say: what is judged and answered.

    `automatic` names the sign of a robot that sent it, "" where a person may have. `aside` are the files that
    no letter speaks of.
    """

    sha: str
    submission: Submission
    evidence: Evidence
    automatic: str = ""
    aside: tuple[Aside, ...] = ()
