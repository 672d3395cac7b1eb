"""plain_records: the plain cells of an old workbook, in runs, beside xlrd.

A list of 50,000 rows is 600,000 records of four sorts, and for each xlrd makes more of a value than is asked
for. These are taken out of what xlrd is given to read; whatever else a sheet has, xlrd reads as ever. A row
is walked over record by record, and those below it that are laid out alike are taken together (`like_rows`).
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import xlrd

from pipeline.domain import CellKind
from pipeline.domain.files import COLUMN_BITS
from pipeline.sandbox.scanner.beside_cells import margin_words
from pipeline.sandbox.scanner.cells import LEAST_HEIGHT, SheetInProgress, Style, is_told, number_cell
from pipeline.sandbox.scanner.drawn_records import NOTE, DrawnRecords
from pipeline.sandbox.scanner.learnt import Learnt
from pipeline.sandbox.scanner.like_rows import LABELSST, NUMBER, RK, ROW, Layout

_BOF, _EOF = 0x0809, 0x000A
_MARGINS = frozenset({0x0014, 0x0015})
_OBJECT, _BOX, _CONTINUE, _DRAWING = 0x005D, 0x01B6, 0x003C, 0x00EC
# What a cell may follow. Others are read together with what comes next: formulas, drawings, notes.
_BEFORE_CELLS = frozenset(
    # And DBCELL, BLANK, MULBLANK, MULRK, BOOLERR, STRING
    {LABELSST, NUMBER, RK, ROW, 0x00D7, 0x0201, 0x00BE, 0x00BD, 0x0205, 0x0207}
)
# Number and size of a record, then row, column and style of a cell, and the first of its content.
_HEAD = struct.Struct("<HHHHHI")
_LONG = struct.Struct("<Q")
_FLOAT = struct.Struct("<d")
# Bytes of the longest of these records.
_LONGEST = 20
_HIDDEN, _DEFAULT_HEIGHT = 0x20, 0x8000
_COLUMNS = 256
_LONGEST_RUN = 8192
# Instead of the number of a word: what xlrd shall say.
_UNKNOWN = -1
# So many rows are looked at together, first and at most, and so many of them pay for looking.
_FIRST_REACH, _LAST_REACH, _WORTH = 32, 1024, 4
_LONGEST_PAUSE = 64


def _counted(data: bytes) -> str:
    """Reads a text of two bytes' count and one that says how wide its letters are."""
    wide = data[2:3] == b"\1"
    return data[3:].decode("utf-16-le" if wide else "latin-1", "replace")


def _first_new(numbers: list[Any], at: int, end: int) -> int:
    try:
        return numbers.index(None, at, end)
    except ValueError:
        return end


def _rk(content: int) -> float:
    """Reads a number of four bytes: a whole one or the upper half of a float, or a hundredth of either.

    >>> _rk(12 << 2 | 2), _rk(-5 << 2 & 0xFFFFFFFF | 3), _rk(0x3FF80000)
    (12.0, -0.05, 1.5)
    """
    whole = (content >> 2) - (content >> 31 << 30)
    value = float(whole) if content & 2 else _float((content & ~3) << 32)
    return value / 100 if content & 1 else value


def _float(content: int) -> float:
    value: float = _FLOAT.unpack(_LONG.pack(content))[0]
    return value


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
        # By kind of record and style.
        self._known: dict[tuple[int, int], Learnt[int]] = {}
        self._places = array("Q")
        self._numbers = array("I")
        self._last = 0
        self._row = -1
        # The newest layout of each size.
        self._layouts: dict[int, Layout] = {}
        # How many rows are looked at together next, and before how many it is not worth trying.
        self._reach, self._pause, self._longer = _FIRST_REACH, 0, 1
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
        last = len(mem) - _LONGEST
        # The row that is walked over, and where it begins.
        walked, begun = -1, at
        while at <= last:
            code, size, row, column, style, content = unpacked(mem, at)
            if row != walked:
                taken = self._take_alike(mem, begun, at, walked) if row == walked + 1 and at > begun else 0
                if len(self._places) >= _LONGEST_RUN:
                    self.finish()
                    put_place, put_number = self._places.append, self._numbers.append
                walked, begun = (-1 if taken else row), at + taken * (at - begun)
                if taken:
                    at = begun
                    continue
            if code == NUMBER and size == 14:
                (content,) = _LONG.unpack_from(mem, at + 10)
            elif code == ROW and size == 16 and self._is_usual(row, content, mem[at + 16]):
                at += 20
                continue
            elif (code != LABELSST and code != RK) or size != 10:
                break
            words = known((code, style))
            number = (self._words_of(code, style) if words is None else words)[content]
            if number < 0 or column >= _COLUMNS:
                break
            put_place(row << COLUMN_BITS | column)
            put_number(number)
            at += 4 + size
        self._book._position = at
        if len(self._places) >= _LONGEST_RUN:
            self.finish()

    def _take_alike(self, mem: bytes, begun: int, at: int, row: int) -> int:
        """Takes rows that follow one and are laid out like it, and tells how many."""
        if self._pause:
            self._pause -= 1
            return 0
        layout, count = self._layout_of(mem, begun, at, row)
        block = mem[at : at + count * layout.size]
        numbers = self._numbers_of(layout, layout.contents(block))
        width = len(layout.cells)
        taken = len(numbers) // width if width else len(block) // layout.size
        if taken < _WORTH:
            self._pause = self._longer
            self._longer = min(2 * self._longer, _LONGEST_PAUSE)
        else:
            self._longer = 1
        self._reach = min(2 * taken, _LAST_REACH) if taken == self._reach else _FIRST_REACH
        self._places += layout.places(row + 1, taken)
        self._numbers.extend(numbers[: taken * width])
        if layout.has_row:
            self._row = max(self._row, row + taken)
        return taken

    def _layout_of(self, mem: bytes, begun: int, at: int, row: int) -> tuple[Layout, int]:
        """Gives the layout of a row and how many below are laid out alike.

        Most programs tell of 32 rows, then of their cells, and so on: layouts come again.
        """
        known = self._layouts.get(at - begun)
        count = known.count(mem, begun, row, self._reach + 1) if known else 0
        if known is None or not count:
            known = self._layouts[at - begun] = Layout(mem[begun:at])
            count = known.count(mem, begun, row, self._reach + 1)
        return known, count - 1

    def _numbers_of(self, layout: Layout, contents: Sequence[int]) -> list[int]:
        """Gives the numbers of the words of some rows, as far as all of them are known."""
        width = len(layout.cells)
        words = [self._words_of(cell.code, cell.style) for cell in layout.cells]
        numbers: list[Any] = [None] * len(contents)
        for n, known in enumerate(words):
            numbers[n::width] = map(known.get, contents[n::width])
        end = numbers.index(_UNKNOWN) if _UNKNOWN in numbers else len(numbers)
        # One after the other, for in that order new words are told.
        at = _first_new(numbers, 0, end)
        while at < end:
            numbers[at] = words[at % width][contents[at]]
            end = at if numbers[at] == _UNKNOWN else end
            at = _first_new(numbers, at + 1, end)
        return numbers[:end]

    def _is_usual(self, row: int, content: int, flags: int) -> bool:
        """Tells whether a row hides nothing; one told of before, or out of order, xlrd shall look at."""
        is_next = row > self._row
        if is_next:
            self._row = row
        is_high = content & _DEFAULT_HEIGHT or content & 0x7FFF >= 20 * LEAST_HEIGHT
        return bool(is_next and is_high and not flags & _HIDDEN)

    def _words_of(self, code: int, style: int) -> Learnt[int]:
        words = self._known.get((code, style))
        if words is None:
            words = self._known[code, style] = Learnt(self._learner(code, style))
        return words

    def _learner(self, code: int, style: int) -> Callable[[int], int]:
        """Gives what makes words of the contents of one kind of record in one style."""
        kind = self._book._xf_index_to_xl_type_map.get(style)
        if kind is None or style >= len(self._styles):
            return lambda _content: _UNKNOWN
        known = self._styles[style]
        if code == LABELSST:
            return partial(self._text, known)
        as_date = kind == xlrd.XL_CELL_DATE and known.shows_date
        return partial(self._number, _rk if code == RK else _float, as_date, known)

    def _text(self, known: Style, content: int) -> int:
        strings = self._book._sharedstrings
        # Of a text of several fonts a part may be crossed out.
        if content >= len(strings) or content in self._book._rich_text_runlist_map:
            return _UNKNOWN
        return self._put(CellKind.TEXT, strings[content], known)

    def _number(self, read: Callable[[int], float], as_date: bool, known: Style, content: int) -> int:
        return self._put(*number_cell(read(content), as_date, self._sheet.since_1904), known)

    def _put(self, kind: CellKind, text: str, known: Style) -> int:
        has_look = known.look and is_told(known.look, kind)
        return self._sheet.number_of(kind, text) if text and not has_look else _UNKNOWN
