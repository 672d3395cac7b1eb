"""scan: bytes of an attachment → Transcript, without ever raising for what is in them.

Runs in a worker process: what only a process can survive (an abort, an endless loop, too much memory)
ends there, and `failed` makes a Transcript of that.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter

from pipeline.adapters.scanner.limits import MAX_DEPTH, MAX_FILE, Room, Unreadable
from pipeline.adapters.scanner.sniff import Sniffed, sniff
from pipeline.clues import Clues
from pipeline.domain import FileKind, Transcript

# Part of the key under which transcripts are kept: a new one has every file read again.
SCANNER_VERSION = "6"

# What a worker imports before its first file; the parent needs none of it.
PRELOAD = ("pipeline.adapters.scanner.warm",)

TRANSCRIPTS: TypeAdapter[Transcript] = TypeAdapter(Transcript)

_MAY_HOLD_PICTURES = frozenset({"xlsx", "xlsx-strict", "xlsm", "xlsb", "ods"})
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, UnicodeError)


def scan(data: bytes, clues: Mapping[str, Any]) -> Any:
    """Reads one attachment into the plain values that `TRANSCRIPTS.validate_python` makes a Transcript of.

    `clues` are the plain values of `Clues`.
    """
    return TRANSCRIPTS.dump_python(transcribe(data, Clues.model_validate(clues)), mode="json")


def timed_scan(data: bytes, clues: Mapping[str, Any]) -> Any:
    """Reads one attachment as `scan` does, and tells before it how many processor seconds that has cost."""
    before = os.times()
    transcript = scan(data, clues)
    spent = zip(os.times()[:4], before[:4], strict=True)
    return [sum(now - then for now, then in spent), transcript]


def failed(digest: str, why: str) -> Transcript:
    """Makes the Transcript of a file whose worker gave none.

    `why` is "timeout" or "crash", which stay problems of those names; "memory" and "answer_too_large" are
    "too_large", and "raised" is "reader_failed".
    """
    named = {"memory": "too_large", "answer_too_large": "too_large", "raised": "reader_failed"}
    return Transcript(digest, FileKind.OTHER, "", problem=named.get(why, why))


def transcribe(data: bytes, clues: Clues) -> Transcript:
    """Reads one attachment with everything inside it."""
    return Scan(clues).file(data, 0)


class Scan:
    """One attachment being read: what it may still cost is shared by all its inner files."""

    def __init__(self, clues: Clues) -> None:
        self._clues = clues
        self._room = Room()

    def file(self, data: bytes, depth: int) -> Transcript:
        digest = sha256(data).hexdigest()
        blank = Transcript(digest, FileKind.OTHER, "", problem="reader_failed")
        if len(data) > MAX_FILE:
            return replace(blank, problem="too_large")
        try:
            found = sniff(data, self._room)
            blank = Transcript(digest, found.kind, found.format, problem=found.problem)
            return blank if found.problem else self._read(data, found, blank, depth)
        except Unreadable as stop:
            return replace(blank, problem=stop.problem)
        except (MemoryError, RecursionError):
            return replace(blank, problem="too_large")
        except _DAMAGE:
            return replace(blank, problem="damaged_file")
        # Ours, not the sender's: a reader that does not know what it reads.
        except Exception:
            return replace(blank, problem="reader_failed")

    def _read(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        match found.kind:
            case FileKind.WORKBOOK:
                return self._workbook(data, found, blank, depth)
            case FileKind.WORD:
                return self._word(data, found, blank, depth)
            case FileKind.ARCHIVE:
                return self._archive(data, found, blank, depth)
            case FileKind.PDF:
                from pipeline.adapters.scanner.pdfs import read_pdf

                return read_pdf(data, blank.digest, self._clues)
            case _:
                from pipeline.adapters.scanner.pictures import read_picture

                return read_picture(data, blank.digest, found.format, self._clues)

    def _workbook(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        from pipeline.adapters.scanner.workbooks import read_workbook
        from pipeline.adapters.scanner.xls import Encrypted

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
        from pipeline.adapters.scanner.workbooks import opened

        # One lock is Excel's habit, a lock inside a lock is somebody's joke.
        if depth > MAX_DEPTH:
            raise Unreadable("nested_too_deep")
        inside = self.file(opened(data), depth + 1)
        return replace(inside, digest=blank.digest, notes=(*inside.notes, "builtin_password"))

    def _word(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        from pipeline.adapters.scanner.containers import read_docx_tables
        from pipeline.adapters.scanner.odf import read_odf
        from pipeline.adapters.scanner.packages import Package

        package = Package(data, self._room)
        if found.format == "odt":
            sheets, _notes = read_odf(package, self._room)
        else:
            sheets = read_docx_tables(package, self._room)
        sheets = tuple(sheet for sheet in sheets if sheet.cells)
        inner = self._enclosed(data, depth)
        return replace(blank, sheets=sheets, inner=inner, problem="" if sheets or inner else "word_document")

    def _archive(self, data: bytes, found: Sniffed, blank: Transcript, depth: int) -> Transcript:
        from pipeline.adapters.scanner.containers import read_winmail, read_zip

        if depth >= MAX_DEPTH:
            raise Unreadable("nested_too_deep")
        reader = read_winmail if found.format == "winmail" else read_zip
        return replace(blank, inner=reader(data, self._room, self._reader_of_inner(depth)))

    def _enclosed(self, data: bytes, depth: int) -> tuple[tuple[str, Transcript], ...]:
        from pipeline.adapters.scanner.containers import enclosed_files
        from pipeline.adapters.scanner.packages import Package

        if depth >= MAX_DEPTH:
            return ()
        return enclosed_files(Package(data, self._room), self._room, self._reader_of_inner(depth))

    def _reader_of_inner(self, depth: int) -> Callable[[bytes], Transcript]:
        return lambda data: self.file(data, depth + 1)
