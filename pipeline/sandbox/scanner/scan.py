"""scan: bytes of an attachment → Transcript, without ever raising for what is in them.

Runs in a worker process: what only a process can survive (an abort, an endless loop, too much memory)
ends there, and `failed` makes a Transcript of that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pipeline.domain import Coded, FileKind, Transcript
from pipeline.sandbox.scanner.limits import MAX_DEPTH, MAX_FILE, MAX_HEARD, Allowance, Unreadable
from pipeline.sandbox.scanner.preload import Preload
from pipeline.sandbox.scanner.sniff import Sniffed, sniff
from pipeline.sandbox.scanner.wholeness import told_of, too_large

if TYPE_CHECKING:
    from pipeline.papers.clues import Clues

# Part of the key under which transcripts are kept: a new one has every file read again.
SCANNER_VERSION = "21"

_OLE, _ZIP = bytes.fromhex("d0cf11e0a1b11ae1"), b"PK\x03\x04"
_OUTLOOK_ITEM = "__substg1.0_".encode("utf-16-le")


def _looks_like_a_list(data: bytes) -> bool:
    # No more than a guess, and nobody's finding: a process with little loads the rest where it needs it.
    if data.startswith(_OLE):
        return _OUTLOOK_ITEM not in data
    return data.startswith(_ZIP) and b"xl/workbook" in data


# What a worker imports before its first file; the parent needs none of it.
PRELOAD = Preload(
    ("pipeline.sandbox.scanner.warm",), ("pipeline.sandbox.scanner.warm_for_lists",), _looks_like_a_list
)

# What a worker or its machine could not do today it, or another, may do tomorrow.
PASSING = frozenset(
    {"timeout", "memory", "crash", "raised", "answer_too_large", "ocr_unavailable", "text_unchecked"}
)

_MAY_HOLD_PICTURES = frozenset({"xlsx", "xlsx-strict", "xlsm", "xlsb", "ods"})
# Banks put their receipt's data into its PDF as XML, which is nobody's enclosure.
_MAY_BE_CARRIED = frozenset({FileKind.PDF, FileKind.PICTURE, FileKind.WORKBOOK})
_CARDS = frozenset({"vcard", "calendar"})
_MAY_BE_DATA = frozenset({"xml", "ubl"})
_DATA = frozenset({*_MAY_BE_DATA, "e-dekont"})
# A longer text between tags is a style sheet, or bytes.
_LONGEST_SAID = 300


def scan(data: bytes, clues: str) -> Any:
    """Reads one attachment into the plain values that `TRANSCRIPTS.validate_python` makes a Transcript of.

    `clues` are the JSON of `Clues`, which a list is read without.
    """
    return plain(Scan(clues).file(data, 0))


def plain(value: object) -> Any:
    """Makes of a Transcript, or of what is in it, the plain values that cross to the main process.

    By hand: the library that checks them there is a third of what a process for lists would hold.
    """
    if isinstance(value, tuple):
        return [each if type(each) is str else plain(each) for each in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value.value if isinstance(value, Enum) else value


def timed_scan(data: bytes, clues: str) -> Any:
    """Reads one attachment as `scan` does, and tells before it how many processor seconds that has cost."""
    before = os.times()
    transcript = scan(data, clues)
    spent = zip(os.times()[:4], before[:4], strict=True)
    return [sum(now - then for now, then in spent), transcript]


def _words_of(data: bytes) -> str:
    from pipeline.sandbox.scanner.texts import letters_of

    found = letters_of(data)
    return found[0][:MAX_HEARD] if found else ""


def _with_others(read: Transcript, others: tuple[str, ...]) -> Transcript:
    """Lets a receipt wait that carries what nobody has read: it is told with what lies across it."""
    if not others:
        return read
    first, *rest = read.pages
    return replace(read, pages=(replace(first, across=(*first.across, *others)), *rest))


def _words_on_card(data: bytes) -> str:
    from pipeline.sandbox.scanner.cards import words_of_card

    return words_of_card(_words_of(data))


def failed(digest: str, why: str, size: int) -> Transcript:
    """Makes the Transcript of a file of so many bytes whose worker gave none.

    `why` is "timeout" or "crash", which stay problems of those names; "memory" and "answer_too_large" are
    "too_large" where the file is large, and like "raised" "reader_failed" where it is not.
    """
    named = {"memory": too_large(size), "answer_too_large": too_large(size), "raised": "reader_failed"}
    return Transcript(digest, FileKind.OTHER, "", problem=named.get(why, why))


def transcribe(data: bytes, clues: Clues) -> Transcript:
    """Reads one attachment with everything inside it."""
    return Scan(clues).file(data, 0)


class Scan:
    """One attachment being read: what it may still cost is shared by all its inner files."""

    def __init__(self, clues: Clues | str) -> None:
        self._told = clues
        self._room = Allowance()

    @cached_property
    def _clues(self) -> Clues:
        from pipeline.papers.clues import Clues

        return Clues.model_validate_json(self._told) if isinstance(self._told, str) else self._told

    def file(self, data: bytes, depth: int) -> Transcript:
        digest = sha256(data).hexdigest()
        blank = Transcript(digest, FileKind.OTHER, "", problem="reader_failed")
        if len(data) > MAX_FILE:
            return replace(blank, problem="too_large")
        try:
            found = sniff(data, self._room)
            blank = Transcript(digest, found.kind, found.format, problem=found.problem)
            if found.format in _MAY_BE_DATA and (coded := self._data(data)):
                return replace(blank, format="e-dekont", problem="payment_data", codes=(coded,))
            if found.problem == "plain_text":
                # It is for a person to read; but whoever takes somebody back in it is heard.
                return replace(blank, said=_words_of(data))
            if found.format in _CARDS:
                return replace(blank, said=_words_on_card(data))
            return blank if found.problem else self._read(data, found, blank, depth)
        except Exception as fault:
            return replace(blank, problem=told_of(fault, data, blank.format))

    def _read(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        match found.kind:
            case FileKind.WORKBOOK:
                return self._workbook(data, found, blank, depth)
            case FileKind.WORD:
                return self._word(data, found, blank, depth)
            case FileKind.ARCHIVE:
                return self._archive(data, found, blank, depth)
            case FileKind.PDF:
                return self._pdf(data, blank, depth)
            case _:
                from pipeline.sandbox.scanner.pictures import read_picture

                return read_picture(data, blank.digest, found.format, self._clues)

    def _pdf(self, data: bytes, blank: Transcript, depth: int) -> Transcript:
        from pipeline.sandbox.scanner.pdfs import read_pdf, tells_of_a_payment

        codes, others = self._enclosed_in_pdf(data)
        read = replace(read_pdf(data, blank.digest, self._clues), codes=codes)
        if tells_of_a_payment(read, self._clues):
            return _with_others(read, others)
        # A portfolio's own page says no more than which program opens it.
        inner = self._carried(data, depth)
        return replace(read, inner=inner, problem="" if inner else read.problem)

    def _enclosed_in_pdf(self, data: bytes) -> tuple[tuple[Coded, ...], tuple[str, ...]]:
        """Reads the files of data that a PDF carries, and names what else it carries or what they deny.

        A bank puts its data there, and nothing else; what is wrong with them is no matter of the pages.
        """
        from pipeline.sandbox.scanner.pdfs import enclosed_in

        codes: list[Coded] = []
        others: list[str] = []
        try:
            for name, content in enclosed_in(data, self._room):
                coded = self._data(content) if b"<" in content[:64] else None
                codes += [coded] if coded else []
                others += self._against(content) if coded else self._named(name, content)
        except Unreadable as fault:
            others.append(str(fault))
        return tuple(dict.fromkeys(codes)), tuple(others)

    def _named(self, name: str, content: bytes) -> list[str]:
        found = sniff(content, self._room)
        return self._against(content) if found.format in _MAY_BE_DATA else [f"{name} [{found.format or '?'}]"]

    def _against(self, content: bytes) -> list[str]:
        """Gives what a file of data says between its tags against a payment."""
        from pipeline.papers.rails import signs_on

        said = re.findall(rf">([^<>]{{1,{_LONGEST_SAID}}})<", _words_of(content))
        return [text.strip() for text in said if signs_on((text,), (), self._clues.rails)]

    def _data(self, data: bytes) -> Coded | None:
        from pipeline.sandbox.scanner.payment_data import payment_data

        return payment_data(data, self._room, self._clues.rails.scenarios)

    def _carried(self, data: bytes, depth: int) -> tuple[tuple[str, Transcript], ...]:
        from pipeline.sandbox.scanner.pdfs import enclosed_in

        if depth >= MAX_DEPTH:
            return ()
        carried = [(name, self.file(content, depth + 1)) for name, content in enclosed_in(data, self._room)]
        if not any(file.kind in _MAY_BE_CARRIED for _, file in carried):
            return ()
        return tuple((name, file) for name, file in carried if file.format not in _DATA)

    def _workbook(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        from pipeline.sandbox.scanner.workbooks import read_workbook
        from pipeline.sandbox.scanner.xls import Encrypted

        if found.format == "encrypted":
            return self._unlocked(data, blank, depth)
        try:
            book = read_workbook(data, found.format, self._room)
        except Encrypted:
            return self._unlocked(data, blank, depth)
        whole = replace(blank, format=book.format, sheets=book.sheets, notes=book.notes)
        if not book.is_empty:
            return whole
        # Some paste a photograph of the receipt into an empty workbook.
        inner = self._enclosed(data, depth) if found.format in _MAY_HOLD_PICTURES else ()
        return replace(whole, inner=inner, problem="" if inner else "no_data")

    def _unlocked(self, data: bytes, blank: Transcript, depth: int) -> Transcript:
        from pipeline.sandbox.scanner.workbooks import opened

        # One lock is Excel's habit, a lock inside a lock is somebody's joke.
        if depth > MAX_DEPTH:
            raise Unreadable("nested_too_deep")
        inside = self.file(opened(data), depth + 1)
        return replace(inside, digest=blank.digest, notes=(*inside.notes, "builtin_password"))

    def _word(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        from pipeline.sandbox.scanner.containers import read_docx_tables
        from pipeline.sandbox.scanner.odf import read_odf
        from pipeline.sandbox.scanner.packages import Package

        package = Package(data, self._room)
        if found.format == "odt":
            sheets, _notes = read_odf(package, self._room)
        else:
            sheets = read_docx_tables(package, self._room)
        sheets = tuple(sheet for sheet in sheets if sheet.cells)
        inner = self._enclosed(data, depth)
        return replace(blank, sheets=sheets, inner=inner, problem="" if sheets or inner else "word_document")

    def _archive(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        from pipeline.sandbox.scanner import containers

        if depth >= MAX_DEPTH:
            raise Unreadable("nested_too_deep")
        if found.format == "msg":
            from pipeline.sandbox.scanner.outlook_items import read_outlook_item

            words, inner = read_outlook_item(data, self._room, self._reader_of_inner(depth))
            # Words alone are for a person to read, though they are heard as well.
            return replace(blank, inner=inner, said=words, problem="" if inner else "plain_text")
        if found.format == "winmail":
            words, inner = containers.read_winmail(data, self._room, self._reader_of_inner(depth))
            return replace(blank, inner=inner, said=words)
        reader = {
            "signed": containers.read_signed,
            "eyp": containers.read_correspondence,
            "asic": containers.read_signed_package,
        }.get(found.format, containers.read_zip)
        return replace(blank, inner=reader(data, self._room, self._reader_of_inner(depth)))

    def _enclosed(self, data: bytes, depth: int) -> tuple[tuple[str, Transcript], ...]:
        from pipeline.sandbox.scanner.containers import enclosed_files
        from pipeline.sandbox.scanner.packages import Package

        if depth >= MAX_DEPTH:
            return ()
        return enclosed_files(Package(data, self._room), self._room, self._reader_of_inner(depth))

    def _reader_of_inner(self, depth: int) -> Callable[[bytes], Transcript]:
        return lambda data: self.file(data, depth + 1)
