"""files: what a file holds: cells, words, inner files."""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.mails import Attachment
from pipeline.domain.sources import Source


class CellKind(StrEnum):
    """How a workbook stores a cell, as far as its meaning depends on it."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"


# The text of an ERROR cell whose formula nobody has calculated.
NO_VALUE = "#?"


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


# A cell's place is its row and its column in one number; columns have 14 bits of it.
COLUMN_BITS = 14
_LAST_COLUMN = (1 << COLUMN_BITS) - 1
_KINDS = {kind.value[0]: kind for kind in CellKind}
# Of each cell its place in eight bytes, and in four which of the words stands there.
_BYTES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The filled cells of one sheet, in a fraction of the memory of as many `Cell`s, to be walked over.

    `words` holds each text once for each kind that it is of, `kinds` of each the first letter of that kind,
    and `packed` Base64 of the places of all cells, then of the numbers of their words.

    >>> [(cell.address, cell.text) for cell in Cells.of([Cell(0, 1, CellKind.TEXT, "Ad")])]
    [('B1', 'Ad')]
    """

    words: tuple[str, ...]
    kinds: str
    packed: str

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> Cells:
        """Packs cells, in their order."""
        known: dict[tuple[CellKind, str], int] = {}
        places, numbers = array("Q"), array("I")
        for cell in cells:
            places.append(cell.row << COLUMN_BITS | cell.column)
            numbers.append(known.setdefault((cell.kind, cell.text), len(known)))
        columns = b"".join((places, numbers))
        return cls.packed_of([text for _, text in known], [kind for kind, _ in known], columns)

    @classmethod
    def packed_of(cls, words: Iterable[str], kinds: Iterable[CellKind], columns: bytes) -> Cells:
        """Takes what is in columns: words with their kinds, then the places of all cells and their words."""
        cells = object.__new__(cls)
        # Nobody else has said so: of a long list it is dear to unpack it once more to look.
        object.__setattr__(cells, "words", tuple(words))
        object.__setattr__(cells, "kinds", "".join(kind.value[0] for kind in kinds))
        object.__setattr__(cells, "packed", str(b64encode(columns), "ascii"))
        return cells

    def __post_init__(self) -> None:
        """Raises ValueError where a cell has no word, or a word no kind: a stranger may have said so."""
        _, numbers = self._columns()
        if len(self.words) != len(self.kinds) or not _KINDS.keys() >= set(self.kinds):
            raise ValueError("a word without a kind")
        if max(numbers, default=-1) >= len(self.words):
            raise ValueError("a cell without a word")

    def _columns(self) -> tuple[memoryview, memoryview]:
        data = memoryview(b64decode(self.packed, validate=True))
        count, rest = divmod(len(data), _BYTES)
        if rest:
            raise ValueError("a part of a cell")
        return data[: 8 * count].cast("Q"), data[8 * count :].cast("I")

    def __iter__(self) -> Iterator[Cell]:
        words = [(_KINDS[letter], word) for letter, word in zip(self.kinds, self.words, strict=True)]
        for place, number in zip(*self._columns(), strict=True):
            yield Cell(place >> COLUMN_BITS, place & _LAST_COLUMN, *words[number])

    def __len__(self) -> int:
        return len(self._columns()[1])

    def __bool__(self) -> bool:
        return bool(self.packed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cells | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True, slots=True)
class Look:
    """What people see of a filled cell and its value does not tell.

    Names: "struck", "unseen", "covered", and of dates "no_day", "no_year", "month_first".
    """

    row: int
    column: int
    name: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: filled cells by row then column, merged ranges as (r0, c0, r1, c1)."""

    name: str
    cells: Cells | tuple[Cell, ...]
    visible: bool = True
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    # Which of the two date systems of workbooks its plain numbers would be days of.
    since_1904: bool = False
    looks: tuple[Look, ...] = ()
    # What is said in comments, at the cells they belong to.
    comments: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """One printed word with its box, in points (text layer) or pixels (picture), origin top left."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float

    def scaled(self, factor: float) -> Word:
        """Gives the same word in another unit."""
        return Word(self.text, self.x0 * factor, self.top * factor, self.x1 * factor, self.bottom * factor)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A part of a page that is not, or not surely, what its bank printed there, in the unit of its words.

    `why` is a `Source` that speaks against the print: hidden or drawn otherwise, not looked at for want of
    time or of OCR, typed into a note or a form field, changed after the file was first made.
    """

    why: Source
    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Coded:
    """What a machine-readable code, or an e-Dekont's XML, says of a payment; "" where it says nothing.

    `customer` has 10 or 11 digits, `scenario` and `kind` are names of the revenue administration's guide,
    `day` is ISO 8601, `amount` of two decimals with a point. Nobody has signed it: it proves nothing.
    """

    customer: str = ""
    scenario: str = ""
    kind: str = ""
    day: str = ""
    amount: str = ""
    currency: str = ""


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
    doubts: tuple[Doubt, ...] = ()
    # What stands aslant or stamped across the page, and so in none of its lines; "" for what nobody can read.
    across: tuple[str, ...] = ()
    # Amounts and days that two engines read in two ways, as "780,00 TL / 788,00 TL".
    otherwise: tuple[str, ...] = ()
    # What the codes on it say that speak of a payment.
    codes: tuple[Coded, ...] = ()


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
    names that the rules of rules/file have a sentence for. `format` is the exact format ("xls-biff8",
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
    # The words of a mail that was saved as a file: they are heard with those of the mail that brings it.
    said: str = ""
    # What a file of data says of a payment that it carries or is.
    codes: tuple[Coded, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """One file by the name that evidence speaks of it, and the attachment it is, or is inside of."""

    name: str
    attachment: Attachment
    transcript: Transcript
    is_inner: bool


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
