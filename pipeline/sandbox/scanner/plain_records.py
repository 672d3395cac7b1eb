"""plain_records: the plain cells of an old workbook, in runs, beside xlrd.

A list of 50,000 rows is 550,000 records of three sorts, and for each xlrd makes more of a value than is asked
for. These are taken out of what xlrd is given to read; whatever else a sheet has, xlrd reads as ever.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from typing import Any

import xlrd
from xlrd.sheet import unpack_RK  # type: ignore[import-untyped]

from pipeline.domain import CellKind
from pipeline.domain.files import COLUMN_BITS
from pipeline.sandbox.scanner.cells import LEAST_HEIGHT, Meaning, SheetInProgress, Style, number_cell

_LABELSST, _NUMBER, _RK, _ROW = 0x00FD, 0x0203, 0x027E, 0x0208
_BOF, _EOF = 0x0809, 0x000A
# What a cell may follow. Others are read together with what comes next: formulas, drawings, notes.
_BEFORE_CELLS = frozenset(
    {_LABELSST, _NUMBER, _RK, _ROW, 0x00D7, 0x0201, 0x00BE, 0x00BD, 0x0205, 0x0207}
)  # DBCELL, BLANK, MULBLANK, MULRK, BOOLERR, STRING
_HEAD = struct.Struct("<HHHHHI")
_FLOAT = struct.Struct("<d")
# Bytes of the longest of these records.
_LONGEST = 20
_LONGEST_RUN = 4096
_HIDDEN, _DEFAULT_HEIGHT = 0x20, 0x8000
_MOST_MEANINGS = 20_000
_COLUMNS = 256


class PlainRecords:
    """Stands between one sheet's records and xlrd while it reads them; `finish` comes after."""

    def __init__(self, book: Any, sheet: SheetInProgress, styles: Sequence[Style]) -> None:
        self._book = book
        self._sheet = sheet
        self._styles = styles
        # By number format and content: in a list most cells say what others said before.
        self._meanings: dict[tuple[int, int] | tuple[int, bytes], Meaning | None] = {}
        self._places, self._found = array("Q"), list[Meaning]()
        self._last = 0
        self._row = -1
        self._is_inside = False

    def next_record(self) -> tuple[int, int, bytes]:
        """Gives the next record that is not a plain one, as `xlrd.Book.get_record_parts` would."""
        if self._last in _BEFORE_CELLS and not self._is_inside:
            self._take_run()
        code, length, data = xlrd.Book.get_record_parts(self._book)
        # The cells of a chart in a sheet are none of the sheet's.
        self._is_inside = code == _BOF or (self._is_inside and code != _EOF)
        self._last = code
        return code, length, data

    def finish(self) -> None:
        """Puts what was taken last into the sheet."""
        self._sheet.put_run(self._places, self._found)
        self._places, self._found = array("Q"), []

    def _take_run(self) -> None:
        """Takes the plain cells that stand here, and the rows between them of which there is nothing to tell."""
        mem, at = self._book.mem, self._book._position
        unpacked, known = _HEAD.unpack_from, self._meanings.get
        last = len(mem) - _LONGEST
        while at <= last:
            code, size, row, column, xf, content = unpacked(mem, at)
            if size == 10 and code == _LABELSST:
                key: Any = (xf, content)
            elif (size == 10 and code == _RK) or (size == 14 and code == _NUMBER):
                key = (xf, mem[at + 10 : at + 4 + size])
            elif size == 16 and code == _ROW and self._is_usual(row, content, mem[at + 16]):
                at += 20
                continue
            else:
                break
            meaning = known(key) or self._learnt(key)
            if meaning is None or column >= _COLUMNS:
                break
            self._places.append(row << COLUMN_BITS | column)
            self._found.append(meaning)
            at += 4 + size
            if len(self._found) == _LONGEST_RUN:
                self.finish()
        self._book._position = at

    def _is_usual(self, row: int, content: int, flags: int) -> bool:
        """Tells whether a row hides nothing; one told of before, or out of order, xlrd shall look at."""
        is_next, self._row = row > self._row, max(row, self._row)
        is_seen = not flags & _HIDDEN and (content & _DEFAULT_HEIGHT or content & 0x7FFF >= 20 * LEAST_HEIGHT)
        return is_next and bool(is_seen)

    def _learnt(self, key: Any) -> Meaning | None:
        if len(self._meanings) >= _MOST_MEANINGS:
            self._meanings.clear()
        meaning = self._meanings[key] = self._meaning(*key)
        return meaning

    def _meaning(self, xf: int, content: int | bytes) -> Meaning | None:
        """Says what a cell means; None of what xlrd may say."""
        kind = self._book._xf_index_to_xl_type_map.get(xf)
        if kind is None or xf >= len(self._styles):
            return None
        known = self._styles[xf]
        if isinstance(content, int):
            return self._text(content, known)
        value = unpack_RK(content) if len(content) == 4 else _FLOAT.unpack(content)[0]
        as_date = kind == xlrd.XL_CELL_DATE and known.shows_date
        return self._sheet.meaning(*number_cell(value, as_date, self._sheet.since_1904), known.look)

    def _text(self, number: int, known: Style) -> Meaning | None:
        strings = self._book._sharedstrings
        # Texts of several fonts may be crossed out in part.
        if number >= len(strings) or not strings[number] or number in self._book._rich_text_runlist_map:
            return None
        return self._sheet.meaning(CellKind.TEXT, strings[number], known.look)
