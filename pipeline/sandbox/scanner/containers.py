"""containers: files with files inside – ZIP, e-Yazışma, signatures, winmail.dat, Word → what is inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.domain import CellKind, FileKind, Sheet, Transcript
from pipeline.mail import cms
from pipeline.sandbox.scanner.cells import SheetInProgress
from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.limits import MAX_HEARD, MAX_SHEETS, Allowance, Unreadable
from pipeline.sandbox.scanner.packages import Package
from pipeline.sandbox.scanner.sniff import sniff
from pipeline.sandbox.scanner.texts import letters_of
from pipeline.sandbox.scanner.wholeness import told_of

if TYPE_CHECKING:
    from tnefparse import TNEF

ReadInner = Callable[[bytes], Transcript]
Inner = tuple[tuple[str, Transcript], ...]

# What file managers add to an archive without being asked.
_DEBRIS = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
# Where packages of official correspondence (TS 13298) keep the letter and what is enclosed with it.
_COVER_LETTER, _ENCLOSURES = "ustyazi/", "ekler/"
_SAYING_NOTHING = frozenset({FileKind.OTHER, FileKind.TEXT})
_OF_THE_SIGNATURES = ("meta-inf/", "mimetype")
# Metafiles and other decorations of Office documents are nobody's list or receipt.
_ENCLOSED = frozenset({FileKind.PICTURE, FileKind.PDF, FileKind.WORKBOOK})


def read_zip(data: bytes, allowance: Allowance, read_inner: ReadInner) -> Inner:
    """Reads each file of an archive; one that cannot be taken out tells why in its place.

    Raises Unreadable("no_data") for an empty one, "password_protected" where every file is locked.
    """
    package = Package(data, allowance)
    return _files_of(package, package.names, allowance, read_inner)


def read_signed_package(data: bytes, allowance: Allowance, read_inner: ReadInner) -> Inner:
    """Reads the files of an ASiC container without the signatures over them, as `read_zip` does."""
    package = Package(data, allowance)
    names = [name for name in package.names if not name.startswith(_OF_THE_SIGNATURES)]
    return _files_of(package, names, allowance, read_inner)


def read_correspondence(data: bytes, allowance: Allowance, read_inner: ReadInner) -> Inner:
    """Reads the letter and the enclosures of an e-Yazışma package; the parts that route it say nothing to us.

    The letter has the note "cover_letter", whatever it looks like.
    """
    package = Package(data, allowance)
    names = [name for name in package.names if name.startswith((_COVER_LETTER, _ENCLOSURES))]
    inner = _files_of(package, names, allowance, read_inner)
    letters = {package.shown_name(name) for name in names if name.startswith(_COVER_LETTER)}
    return tuple(
        (name, replace(found, notes=(*found.notes, "cover_letter")) if name in letters else found)
        for name, found in inner
    )


def read_signed(data: bytes, allowance: Allowance, read_inner: ReadInner) -> Inner:
    """Reads the file inside a signed one, which has no name of its own; the signature is not looked at."""
    content = cms.unwrapped(cms.binary(data))
    if content is None:
        raise Unreadable("signed_file")
    allowance.take_file()
    allowance.take_unpacked(len(content))
    return (("", read_inner(content)),)


def _files_of(package: Package, names: Iterable[str], allowance: Allowance, read_inner: ReadInner) -> Inner:
    inner: list[tuple[str, Transcript]] = []
    for name in names:
        allowance.take_file()
        shown = package.shown_name(name)
        try:
            found = read_inner(package.read(name))
        except Unreadable as stop:
            if stop.problem == "too_large":
                raise
            found = Transcript("", FileKind.OTHER, "", problem=told_of(stop, package.data))
        # By its name alone nothing is passed over: a list may be called anything.
        if not (_is_debris(name) and found.kind in _SAYING_NOTHING):
            inner.append((shown, found))
    if not inner:
        raise Unreadable("no_data")
    problems = {transcript.problem for _name, transcript in inner if not transcript.digest}
    if len(problems) == 1 and all(not transcript.digest for _name, transcript in inner):
        raise Unreadable(problems.pop())
    return tuple(inner)


def _is_debris(name: str) -> bool:
    base = name.rpartition("/")[2]
    return name.startswith("__macosx/") or base.startswith("._") or base in _DEBRIS


def read_winmail(data: bytes, allowance: Allowance, read_inner: ReadInner) -> tuple[str, Inner]:
    """Reads the words and files that Outlook hid in a winmail.dat; Unreadable("companion") without files."""
    from tnefparse import TNEF

    # tnefparse follows lengths wherever they point: IndexError, struct.error, UnicodeError ...
    message = TNEF(data, do_checksum=False)
    files = [(_name_in_winmail(attachment), attachment.data) for attachment in message.attachments]
    inner = []
    for name, content in files:
        allowance.take_file()
        allowance.take_unpacked(len(content))
        inner.append((name, read_inner(bytes(content))))
    if not inner:
        # The letter once more, in a form that only Outlook reads.
        raise Unreadable("companion")
    return _words_in_winmail(message)[:MAX_HEARD], tuple(inner)


def _words_in_winmail(message: TNEF) -> str:
    """Gives what the letter says there, which the mail itself may leave out."""
    said = message.body or re.sub(r"<[^<>]*>", " ", _letters(message.htmlbody))
    return _letters(said).strip("\0")


def _letters(said: object) -> str:
    if isinstance(said, bytes):
        found = letters_of(said.rstrip(b"\0"))
        return found[0] if found else ""
    return str(said or "")


def _name_in_winmail(attachment: object) -> str:
    try:
        name = attachment.long_filename()  # type: ignore[attr-defined]
    # Short names are decoded as UTF-8, which Turkish Outlooks do not write.
    except UnicodeDecodeError:
        name = attachment._name  # type: ignore[attr-defined]
    text = name.decode("cp1254", "replace") if isinstance(name, bytes) else str(name)
    return text.strip("\0")


def enclosed_files(package: Package, allowance: Allowance, read_inner: ReadInner) -> Inner:
    """Reads the pictures, PDFs and workbooks set into an Office document, in the order of their names."""
    inner = []
    for name in sorted(package.names):
        folder = name.rpartition("/")[0]
        if folder.endswith(("media", "embeddings", "pictures")):
            data = package.read(name)
            if sniff(data, allowance).kind in _ENCLOSED:
                allowance.take_file()
                inner.append((package.shown_name(name).rpartition("/")[2], read_inner(data)))
    return tuple(inner)


def read_docx_tables(package: Package, allowance: Allowance) -> tuple[Sheet, ...]:
    """Reads the tables of a Word document, each as a sheet named by its number."""
    main = package.main_part()
    tables = _WordTables(allowance)
    with package.open(main.target if main else "word/document.xml") as part:
        walk(part, tables, allowance)
    return tuple(sheet.finished() for sheet in tables.sheets)


@dataclass(slots=True)
class _WordTable:
    sheet: SheetInProgress
    row: int = -1
    column: int = 0
    wide: int = 1
    goes_on: bool = False
    words: list[str] | None = None
    # column → first row and last column of a cell that reaches down
    reaching: dict[int, tuple[int, int]] = field(default_factory=dict)


class _WordTables:
    def __init__(self, allowance: Allowance) -> None:
        self.sheets: list[SheetInProgress] = []
        self._room = allowance
        self._open: list[_WordTable] = []
        self._hears = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "tbl":
            if len(self.sheets) >= MAX_SHEETS:
                raise Unreadable("too_large")
            self.sheets.append(SheetInProgress(str(len(self.sheets) + 1), self._room))
            self._open.append(_WordTable(self.sheets[-1]))
            return
        if not self._open:
            return
        table = self._open[-1]
        if name == "tr":
            table.row += 1
            table.column = 0
        elif name == "tc":
            table.words, table.wide, table.goes_on = [], 1, False
        elif name == "gridSpan":
            span = attributes.get("w:val", "1")
            table.wide = max(1, min(int(span), 1_000)) if span.isdecimal() and len(span) < 6 else 1
        elif name == "vMerge":
            table.goes_on = attributes.get("w:val", "continue") != "restart"
            if not table.goes_on:
                table.reaching[table.column] = table.row, table.row
        elif name == "t":
            self._hears = True
        elif table.words is not None and name in ("br", "cr", "tab"):
            table.words.append("\t" if name == "tab" else "\n")

    def end(self, name: str) -> None:
        if not self._open:
            return
        table = self._open[-1]
        if name == "t":
            self._hears = False
        elif name == "p" and table.words:
            table.words.append("\n")
        elif name == "tc":
            self._end_cell(table)
        elif name == "tbl":
            for column, (first, last) in table.reaching.items():
                table.sheet.merge((first, column, last, column))
            self._open.pop()

    def text(self, text: str) -> None:
        if self._hears and self._open and (words := self._open[-1].words) is not None:
            words.append(text)

    @staticmethod
    def _end_cell(table: _WordTable) -> None:
        text = "".join(table.words or ()).strip("\n")
        table.words = None
        if table.goes_on and table.column in table.reaching:
            table.reaching[table.column] = table.reaching[table.column][0], table.row
        else:
            table.sheet.put(table.row, table.column, CellKind.TEXT, text)
        if table.wide > 1:
            table.sheet.merge((table.row, table.column, table.row, table.column + table.wide - 1))
        table.column += table.wide
