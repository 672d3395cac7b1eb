"""plain_records: the plain cells of an old workbook, in runs, beside xlrd.

A list of 50,000 rows is 600,000 records of four sorts, and for each xlrd makes more of a value than is asked
for. These are taken out of what xlrd is given to read; whatever else a sheet has, xlrd reads as ever.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from typing import Any

import xlrd
from xlrd.sheet import unpack_RK

from pipeline.domain import CellKind
from pipeline.domain.files import COLUMN_BITS
from pipeline.sandbox.scanner.beside_cells import margin_words
from pipeline.sandbox.scanner.cells import LEAST_HEIGHT, SheetInProgress, Style, is_told, number_cell
from pipeline.sandbox.scanner.drawn_records import NOTE, DrawnRecords

_LABELSST, _NUMBER, _RK, _ROW = 0x00FD, 0x0203, 0x027E, 0x0208
_BOF, _EOF = 0x0809, 0x000A
_MARGINS = frozenset({0x0014, 0x0015})
_OBJECT, _BOX, _CONTINUE, _DRAWING = 0x005D, 0x01B6, 0x003C, 0x00EC
# What a cell may follow. Others are read together with what comes next: formulas, drawings, notes.
_BEFORE_CELLS = frozenset(
    # And DBCELL, BLANK, MULBLANK, MULRK, BOOLERR, STRING
    {_LABELSST, _NUMBER, _RK, _ROW, 0x00D7, 0x0201, 0x00BE, 0x00BD, 0x0205, 0x0207}
)
# Number and size of a record, then row, column and style of a cell, and the first of its content.
_HEAD = struct.Struct("<HHHHHI")
_FLOAT = struct.Struct("<d")
# Bytes of the longest of these records.
_LONGEST = 20
_HIDDEN, _DEFAULT_HEIGHT = 0x20, 0x8000
_COLUMNS = 256
_LONGEST_RUN = 8192
_MOST_KNOWN = 16_384
# Instead of the number of a word: what xlrd shall say.
_UNKNOWN = -1


def _counted(data: bytes) -> str:
    """Reads a text of two bytes' count and one that says how wide its letters are."""
    wide = data[2:3] == b"\1"
    return data[3:].decode("utf-16-le" if wide else "latin-1", "replace")


Content = tuple[int, int] | tuple[int, bytes]


class PlainRecords:
    """Stands between one sheet's records and xlrd while it reads them; `finish` comes after."""

    def __init__(
        self, book: Any, sheet: SheetInProgress, styles: Sequence[Style], takes_cells: bool = True
    ) -> None:
        self._book = book
        # Without its cells only what stands in none is heard.
        self._takes_cells = takes_cells
        self._sheet = sheet
        self._styles = styles
        # By style and content, which word it is: in a list most cells say what others said before.
        self._known: dict[Content, int] = {}
        self._places = array("Q")
        self._numbers = array("I")
        self._last = 0
        self._row = -1
        self._is_inside = False
        # Whether the newest drawn thing is a cell's note; of a box that is open, its letters and how many.
        self._is_note = False
        self._letters, self._box = -1, ""
        self._drawn = DrawnRecords(sheet)
        # Whether what goes on in the next record is where things are drawn.
        self._is_drawing = False

    def next_record(self) -> tuple[int, int, bytes]:
        """Gives the next record that is not a plain one, as `xlrd.Book.get_record_parts` would."""
        if self._takes_cells and self._last in _BEFORE_CELLS and not self._is_inside:
            self._take_run()
        code, length, data = xlrd.Book.get_record_parts(self._book)
        # The cells of a chart in a sheet are none of the sheet's.
        self._is_inside = code == _BOF or (self._is_inside and code != _EOF)
        self._last = code
        self._hear(code, data)
        return code, length, data

    def _hear(self, code: int, data: bytes) -> None:
        """Hears what stands in no cell: printed margins, boxes that are no cell's note, and drawings."""
        if not self._is_inside:
            self._hear_drawn(code, data)
        if self._book.biff_version >= 80:
            self._hear_words(code, data)

    def _hear_drawn(self, code: int, data: bytes) -> None:
        # What says where things are drawn may be cut off anywhere, and goes on behind the next one.
        is_more = code == _CONTINUE and self._is_drawing
        if code == _DRAWING or is_more:
            self._drawn.draw(data)
        elif code == _OBJECT:
            self._is_note = self._drawn.object(data) == NOTE
        self._is_drawing = code in (_DRAWING, _OBJECT) or is_more

    def _hear_words(self, code: int, data: bytes) -> None:
        if code in _MARGINS and not self._is_inside:
            self._sheet.comment(0, 0, margin_words(_counted(data)))
        elif code == _BOX:
            self._letters = -1 if self._is_note else int.from_bytes(data[10:12], "little")
            self._box = ""
        elif code == _CONTINUE and self._letters > 0:
            self._box += data[1:].decode("utf-16-le" if data[:1] == b"\1" else "latin-1", "replace")
            if len(self._box) >= self._letters:
                self._sheet.comment(0, 0, self._box[: self._letters])
                self._letters = -1
        else:
            self._letters = -1

    def finish(self) -> None:
        """Puts what was taken last into the sheet."""
        self._sheet.put_run(self._places, self._numbers)
        self._places, self._numbers = array("Q"), array("I")

    def _take_run(self) -> None:
        """Takes the plain cells that stand here, and the rows between them that hide nothing."""
        mem, at = self._book.mem, self._book._position
        unpacked, known = _HEAD.unpack_from, self._known.get
        put_place, put_number = self._places.append, self._numbers.append
        key: Content
        last = len(mem) - _LONGEST
        while at <= last:
            code, size, row, column, style, content = unpacked(mem, at)
            if code == _LABELSST and size == 10:
                key = (style, content)
            elif (code == _RK and size == 10) or (code == _NUMBER and size == 14):
                key = (style, mem[at + 10 : at + 4 + size])
            elif code == _ROW and size == 16 and self._is_usual(row, content, mem[at + 16]):
                at += 20
                continue
            else:
                break
            number = known(key)
            if number is None:
                number = self._learnt(key)
            if number < 0 or column >= _COLUMNS:
                break
            put_place(row << COLUMN_BITS | column)
            put_number(number)
            at += 4 + size
        self._book._position = at
        if len(self._places) >= _LONGEST_RUN:
            self.finish()

    def _is_usual(self, row: int, content: int, flags: int) -> bool:
        """Tells whether a row hides nothing; one told of before, or out of order, xlrd shall look at."""
        is_next = row > self._row
        if is_next:
            self._row = row
        is_high = content & _DEFAULT_HEIGHT or content & 0x7FFF >= 20 * LEAST_HEIGHT
        return bool(is_next and is_high and not flags & _HIDDEN)

    def _learnt(self, key: Content) -> int:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        number = self._known[key] = self._number_of(*key)
        return number

    def _number_of(self, style: int, content: int | bytes) -> int:
        kind = self._book._xf_index_to_xl_type_map.get(style)
        if kind is None or style >= len(self._styles):
            return _UNKNOWN
        known = self._styles[style]
        if isinstance(content, int):
            strings = self._book._sharedstrings
            # Of a text of several fonts a part may be crossed out.
            if content >= len(strings) or content in self._book._rich_text_runlist_map:
                return _UNKNOWN
            return self._put(CellKind.TEXT, strings[content], known)
        value = unpack_RK(content) if len(content) == 4 else _FLOAT.unpack(content)[0]
        as_date = kind == xlrd.XL_CELL_DATE and known.shows_date
        return self._put(*number_cell(value, as_date, self._sheet.since_1904), known)

    def _put(self, kind: CellKind, text: str, known: Style) -> int:
        has_look = known.look and is_told(known.look, kind)
        return self._sheet.number_of(kind, text) if text and not has_look else _UNKNOWN
