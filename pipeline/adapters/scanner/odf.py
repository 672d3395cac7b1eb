"""odf: the tables of .ods, flat .fods and .odt → sheets.

python-calamine reads .ods, but writes every repeated row and cell out before anybody can count
them, and knows neither hidden rows nor covered cells nor formulas without a value.
"""

from __future__ import annotations

import io
import re

from pipeline.adapters.scanner.cells import MAX_COLUMN, SheetInProgress
from pipeline.adapters.scanner.elements import Attributes, walk
from pipeline.adapters.scanner.limits import MAX_SHEETS, Room, Unreadable
from pipeline.adapters.scanner.ooxml import dated
from pipeline.adapters.scanner.packages import Package
from pipeline.domain import CellKind, Sheet

# What stands in them is no cell of the list, though it looks like one.
_BESIDE = frozenset(
    {"annotation", "shapes", "frame", "tracked-changes", "dde-links", "forms", "custom-shape"}
)
# Line breaks in the file are layout; those in the cell are elements.
_BLANKS = re.compile(r" *[\t\r\n][ \t\r\n]*")
_NUMERIC = frozenset({"float", "percentage", "currency"})
_MAX_BLANKS = 1_000


def read_odf(package: Package, room: Room) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    """Reads the tables of a packed document, and notes: "formula_without_value"."""
    tables = _Tables(room)
    with package.open("content.xml") as part:
        walk(part, tables, room)
    return tables.finished()


def read_flat_odf(data: bytes, room: Room) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    """Reads the tables of a document that is one XML file."""
    tables = _Tables(room)
    walk(io.BytesIO(data), tables, room)
    return tables.finished()


class _Tables:
    def __init__(self, room: Room) -> None:
        self._room = room
        self._sheets: list[SheetInProgress] = []
        self._notes: list[str] = []
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._beside = 0
        self._depth = 0
        self._row = self._rows = 0
        self._column = self._columns = 0
        self._cell: Attributes | None = None
        self._covered = False
        self._paragraphs: list[str] = []
        self._words: list[str] = []
        self._in_paragraph = 0
        # A row is written out once it is whole, since only its end tells what it repeats.
        self._filled: list[tuple[int, CellKind, str, float | None]] = []

    def finished(self) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
        """Gives what was collected."""
        return tuple(sheet.finished() for sheet in self._sheets), tuple(self._notes)

    def start(self, name: str, attributes: Attributes) -> None:
        if self._beside or name in _BESIDE:
            self._beside += 1
        elif self._in_paragraph:
            self._start_in_paragraph(name, attributes)
        elif name == "table-cell" or name == "covered-table-cell":
            self._cell = attributes
            self._covered = name != "table-cell"
            self._paragraphs = []
        elif name == "table-row":
            self._start_row(attributes)
        elif name == "table-column":
            self._start_column(attributes)
        elif name == "p" and self._cell is not None:
            self._in_paragraph = 1
            self._words = []
        elif name == "table":
            self._start_table(attributes)
        elif name == "style":
            self._style = attributes.get("style:name", "")
        elif name == "table-properties" and attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)

    def end(self, name: str) -> None:
        if self._beside:
            self._beside -= 1
        elif self._in_paragraph:
            self._in_paragraph -= 1
            if not self._in_paragraph:
                self._paragraphs.append("".join(self._words))
        elif name == "table-cell" or name == "covered-table-cell":
            self._end_cell()
        elif name == "table-row":
            self._end_row()
        elif name == "table":
            self._depth -= 1

    def text(self, text: str) -> None:
        if self._in_paragraph and not self._beside:
            self._words.append(_BLANKS.sub(" ", text))

    def _start_in_paragraph(self, name: str, attributes: Attributes) -> None:
        self._in_paragraph += 1
        if name == "s":
            self._words.append(" " * min(_count(attributes, "text:c"), _MAX_BLANKS))
        elif name == "tab":
            self._words.append("\t")
        elif name == "line-break":
            self._words.append("\n")

    def _start_table(self, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > 1:
            # Word processors nest tables; which cell is whose could only be guessed.
            raise Unreadable("word_document")
        if len(self._sheets) >= MAX_SHEETS:
            raise Unreadable("too_large")
        visible = attributes.get("table:style-name", "") not in self._hidden_styles
        self._sheets.append(SheetInProgress(attributes.get("table:name", ""), self._room, visible=visible))
        self._row = self._rows = self._columns = 0

    def _start_column(self, attributes: Attributes) -> None:
        count = _count(attributes, "table:number-columns-repeated")
        if attributes.get("table:visibility", "visible") != "visible" and self._sheets:
            self._sheets[-1].hide_columns(self._columns, self._columns + count - 1)
        self._columns += count

    def _start_row(self, attributes: Attributes) -> None:
        self._row += self._rows
        self._rows = _count(attributes, "table:number-rows-repeated")
        self._column = 0
        self._filled = []
        hidden = attributes.get("table:visibility", "visible") != "visible"
        # Beyond the last filled row hidden rows do not count, so a long run of them is not written out.
        if hidden and self._sheets and self._rows <= 10_000:
            for row in range(self._row, self._row + self._rows):
                self._sheets[-1].hide_row(row)

    def _end_row(self) -> None:
        if not self._sheets or not self._filled:
            return
        sheet = self._sheets[-1]
        for row in range(self._row, self._row + self._rows):
            for column, kind, text, number in self._filled:
                if number is None:
                    sheet.put(row, column, kind, text)
                else:
                    sheet.put_number(row, column, number, False)

    def _end_cell(self) -> None:
        cell, self._cell = self._cell, None
        if cell is None or not self._sheets:
            return
        count = _count(cell, "table:number-columns-repeated")
        first = self._column
        self._column += count
        if self._covered:
            return
        wide = _count(cell, "table:number-columns-spanned")
        high = _count(cell, "table:number-rows-spanned")
        self._sheets[-1].merge((self._row, first, self._row + high - 1, first + wide - 1))
        kind, text, number = self._value(cell)
        if text or number is not None:
            if self._column > MAX_COLUMN + 1:
                raise Unreadable("damaged_file")
            self._filled += ((column, kind, text, number) for column in range(first, self._column))
        elif "table:formula" in cell and "office:value-type" not in cell:
            self._note("formula_without_value")

    def _value(self, cell: Attributes) -> tuple[CellKind, str, float | None]:
        shown = "\n".join(self._paragraphs)
        stored = cell.get("office:value-type", "")
        if cell.get("calcext:value-type") == "error":
            return CellKind.ERROR, shown, None
        if stored in _NUMERIC:
            try:
                return CellKind.NUMBER, "", float(cell["office:value"])
            except (KeyError, ValueError) as fault:
                raise Unreadable("damaged_file") from fault
        if stored == "date":
            return *dated(cell.get("office:date-value", "")), None
        if stored == "boolean":
            return CellKind.BOOLEAN, "true" if cell.get("office:boolean-value") == "true" else "false", None
        return CellKind.TEXT, cell.get("office:string-value", shown), None

    def _note(self, name: str) -> None:
        if name not in self._notes:
            self._notes.append(name)


def _count(attributes: Attributes, name: str) -> int:
    text = attributes.get(name, "1")
    if not text.isdecimal() or len(text) > 9:
        raise Unreadable("damaged_file")
    return max(int(text), 1)
