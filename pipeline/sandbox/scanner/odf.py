"""odf: the tables of .ods, flat .fods and .odt → sheets.

python-calamine reads .ods, but writes every repeated row and cell out before anybody can count
them, and knows neither hidden rows nor covered cells nor formulas without a value.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date

from pipeline.domain import NO_VALUE, CellKind, Sheet
from pipeline.sandbox.scanner.cells import EVERYWHERE, MAX_COLUMN, MAX_ROW, Area, SheetInProgress, column_of
from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.limits import MAX_SHEETS, Allowance, Unreadable
from pipeline.sandbox.scanner.ooxml import dated
from pipeline.sandbox.scanner.packages import Package

# What stands in them is no cell of the list, though it looks like one.
_PENS = frozenset(
    {"custom-shape", "line", "connector", "measure", "rect", "ellipse", "circle", "polyline", "polygon"}
    | {"regular-polygon", "path", "caption", "g"}
)
_DRAWN = _PENS | {"frame"}
_BOXES = _DRAWN | {"shapes"}
_BESIDE = _BOXES | {"annotation", "tracked-changes", "dde-links", "forms"}
# Line breaks in the file are layout; those in the cell are elements.
_BLANKS = re.compile(r" *[\t\r\n][ \t\r\n]*")
_NUMERIC = frozenset({"float", "percentage", "currency"})
_MAX_BLANKS = 1_000
_END = re.compile(r"\.\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})$")
_NOUGHT = re.compile(r"0+(\.0*)?[a-z]*")
_FIRST_DAY = "1901-01-01"


def read_odf(package: Package, allowance: Allowance) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    """Reads the tables of a packed document, and notes: "formula_without_value"."""
    tables = _Tables(allowance)
    with package.open("content.xml") as part:
        walk(part, tables, allowance)
    margins = _Margins()
    if "styles.xml" in package:
        with package.open("styles.xml") as part:
            walk(part, margins, allowance)
    return tables.finished(margins.said)


def read_flat_odf(data: bytes, allowance: Allowance) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    """Reads the tables of a document that is one XML file."""
    tables = _Tables(allowance)
    walk(io.BytesIO(data), tables, allowance)
    return tables.finished()


class _Tables:
    def __init__(self, allowance: Allowance) -> None:
        self._room = allowance
        self._sheets: list[SheetInProgress] = []
        self._notes: list[str] = []
        self._hidden_styles: set[str] = set()
        # Styles of cells and letters by what they do to them; of rows and columns those that are flat.
        self._looks: dict[str, str] = {}
        self._flat: set[str] = set()
        self._column_looks: list[tuple[int, int, str]] = []
        self._struck = 0
        self._seen_struck = False
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
        # The words of a comment that is open, its writer and day left out.
        self._comment: list[str] | None = None
        self._in_comment = False
        # The words of boxes and shapes that are open, where they lie, and whether a pen drew them.
        self._box: list[str] | None = None
        self._drawn: Area | None = None
        self._is_pen = False
        # A row is written out once it is whole, since only its end tells what it repeats.
        self._filled: list[tuple[int, CellKind, str, float | None, str]] = []

    def finished(self, margins: Sequence[str] = ()) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
        """Gives what was collected, with what the margins of printed pages say over every sheet."""
        for sheet in self._sheets:
            for said in margins:
                sheet.comment(0, 0, said)
        return tuple(sheet.finished() for sheet in self._sheets), tuple(self._notes)

    def start(self, name: str, attributes: Attributes) -> None:
        if self._beside or name in _BESIDE:
            self._beside += 1
            if name == "annotation" and self._cell is not None:
                self._comment = []
            elif name in _BOXES and self._comment is None and self._box is None:
                self._box = []
            if self._box is not None and name in _DRAWN and self._drawn is None:
                self._drawn, self._is_pen = self._place_of(attributes), name in _PENS
            self._in_comment = name == "p" and (self._comment is not None or self._box is not None)
            if self._in_comment and self._box:
                self._box.append("\n")
        elif self._in_paragraph:
            self._start_in_paragraph(name, attributes)
        elif name == "table-cell" or name == "covered-table-cell":
            self._cell = attributes
            self._covered = name != "table-cell"
            self._paragraphs = []
            self._seen_struck = False
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
            inherited = self._looks.get(attributes.get("style:parent-style-name", ""), "")
            self._looks[self._style] = inherited
        elif name == "text-properties":
            self._looks[self._style] = _look_of(attributes) or self._looks.get(self._style, "")
        elif name == "table-cell-properties":
            ground = attributes.get("fo:background-color", "transparent").lower()
            if ground not in ("transparent", "#ffffff") and self._looks.get(self._style) == "unseen":
                self._looks[self._style] = ""
        elif name in ("table-row-properties", "table-column-properties"):
            size = attributes.get("style:row-height") or attributes.get("style:column-width") or "1in"
            self._flat |= {self._style} if re.match(r"0(\.0\d*)?[a-z]", size) else set()
        elif name == "table-properties" and attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)

    def end(self, name: str) -> None:
        if self._beside:
            self._beside -= 1
            if not self._beside and self._comment is not None:
                self._sheets[-1].comment(self._row, self._column, "\n".join(self._comment))
                self._comment = None
            if not self._beside and self._box is not None:
                self._end_box()
            self._in_comment = self._in_comment and bool(self._beside)
        elif self._in_paragraph:
            if self._struck == self._in_paragraph:
                self._struck = 0
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
        if self._in_comment and self._comment is not None:
            self._comment.append(text)
        elif self._in_comment and self._box is not None:
            self._box.append(text)
        if self._in_paragraph and not self._beside:
            self._words.append(_BLANKS.sub(" ", text))
            self._seen_struck = self._seen_struck or bool(self._struck and text.strip())

    def _place_of(self, drawn: Attributes) -> Area:
        """Gives the cells that a drawn thing lies over; one that belongs to no cell may lie anywhere."""
        if self._cell is None:
            return EVERYWHERE
        end = _END.search(drawn.get("table:end-cell-address", ""))
        if not end:
            return self._row, 0, MAX_ROW, MAX_COLUMN
        bottom, right = int(end[2]) - 1, column_of(end[1])
        if drawn.get("svg:x1", "") == drawn.get("svg:x2", "x"):
            # A line between two columns.
            right = self._column - 1
        # What ends where a row begins does not lie over it.
        bottom -= bottom > self._row and bool(_NOUGHT.fullmatch(drawn.get("table:end-y", "")))
        return self._row, self._column, bottom, right

    def _end_box(self) -> None:
        """Tells what boxes say at their cell, and over the whole sheet, and what lies under them."""
        said, self._box = "".join(self._box or ()), None
        drawn, self._drawn = self._drawn, None
        if self._sheets and drawn:
            self._sheets[-1].draw_over(drawn, "struck" if self._is_pen and not said.strip() else "covered")
        if self._sheets:
            if self._cell is not None:
                self._sheets[-1].comment(self._row, self._column, said)
            self._sheets[-1].comment(0, 0, said)

    def _start_in_paragraph(self, name: str, attributes: Attributes) -> None:
        self._in_paragraph += 1
        if not self._struck and self._looks.get(attributes.get("text:style-name", "")) == "struck":
            self._struck = self._in_paragraph
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
        self._column_looks = []

    def _start_column(self, attributes: Attributes) -> None:
        count = _count(attributes, "table:number-columns-repeated")
        is_flat = attributes.get("table:style-name", "") in self._flat
        if (is_flat or attributes.get("table:visibility", "visible") != "visible") and self._sheets:
            self._sheets[-1].hide_columns(self._columns, self._columns + count - 1)
        look = self._looks.get(attributes.get("table:default-cell-style-name", ""), "")
        if look:
            self._column_looks.append((self._columns, self._columns + count - 1, look))
        self._columns += count

    def _start_row(self, attributes: Attributes) -> None:
        self._row += self._rows
        self._rows = _count(attributes, "table:number-rows-repeated")
        self._column = 0
        self._filled = []
        is_flat = attributes.get("table:style-name", "") in self._flat
        hidden = is_flat or attributes.get("table:visibility", "visible") != "visible"
        # Beyond the last filled row hidden rows do not count, so a long run of them is not written out.
        if hidden and self._sheets and self._rows <= 10_000:
            for row in range(self._row, self._row + self._rows):
                self._sheets[-1].hide_row(row)

    def _end_row(self) -> None:
        if not self._sheets or not self._filled:
            return
        sheet = self._sheets[-1]
        for row in range(self._row, self._row + self._rows):
            for column, kind, text, number, look in self._filled:
                if number is None:
                    sheet.put(row, column, kind, text)
                else:
                    sheet.put_number(row, column, number, False)
                sheet.look(row, column, look)

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
            look = self._look(cell, first, kind, text)
            self._filled += ((column, kind, text, number, look) for column in range(first, self._column))
        elif "table:formula" in cell and "office:value-type" not in cell:
            self._note("formula_without_value")
            self._filled += ((c, CellKind.ERROR, NO_VALUE, None, "") for c in range(first, self._column))

    def _look(self, cell: Attributes, column: int, kind: CellKind, text: str) -> str:
        named = cell.get("table:style-name")
        by_column = (look for first, last, look in self._column_looks if first <= column <= last)
        look = next(by_column, "") if named is None else self._looks.get(named, "")
        if self._seen_struck or look:
            return "struck" if self._seen_struck else look
        shown = "\n".join(self._paragraphs)
        return _date_look(text, shown) if kind is CellKind.DATE and shown else ""

    def _value(self, cell: Attributes) -> tuple[CellKind, str, float | None]:
        shown = "\n".join(self._paragraphs)
        stored = cell.get("office:value-type", "")
        if cell.get("calcext:value-type") == "error":
            return CellKind.ERROR, shown, None
        if stored in _NUMERIC:
            try:
                return CellKind.NUMBER, "", float(cell["office:value"])
            except (KeyError, ValueError):
                # What stands there is no number: found by ourselves, and no library's word.
                raise Unreadable("damaged_file") from None
        if stored == "date":
            kind, text = dated(cell.get("office:date-value", ""))
            # A 2 in a cell that shows days; this format counts them from 30 December 1899.
            if kind is CellKind.DATE and text < _FIRST_DAY:
                return CellKind.NUMBER, "", float((date.fromisoformat(text[:10]) - date(1899, 12, 30)).days)
            return kind, text, None
        if stored == "boolean":
            return CellKind.BOOLEAN, "true" if cell.get("office:boolean-value") == "true" else "false", None
        return CellKind.TEXT, cell.get("office:string-value", shown), None

    def _note(self, name: str) -> None:
        if name not in self._notes:
            self._notes.append(name)


class _Margins:
    """What stands at the head and foot of printed pages, where it is shown."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._words: list[str] | None = None
        self._is_word = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name in _MARGINS and attributes.get("style:display") != "false":
            self._words = []
        # The sheet's name and the page's number are fields, and not the sender's words.
        self._is_word = name in ("p", "span", "s")

    def end(self, name: str) -> None:
        if name in _MARGINS and self._words is not None:
            self.said.append(" ".join(self._words))
            self._words = None
        self._is_word = True

    def text(self, text: str) -> None:
        if self._is_word and self._words is not None:
            self._words.append(text)


_MARGINS = frozenset({f"{end}{side}" for end in ("header", "footer") for side in ("", "-left", "-first")})


def _look_of(letters: Attributes) -> str:
    if letters.get("style:text-line-through-style", "none") != "none":
        return "struck"
    if letters.get("style:text-line-through-type", "none") != "none":
        return "struck"
    is_tiny = re.fullmatch(r"[0-3](\.\d+)?pt", letters.get("fo:font-size", ""))
    return "unseen" if is_tiny or letters.get("fo:color", "").lower() == "#ffffff" else ""


def _date_look(text: str, shown: str) -> str:
    """Names what a date does not show of itself, where it shows anything."""
    day, year = int(text[8:10]), text[:4]
    numbers = re.findall(r"\d+", shown)
    if str(day) not in {n.lstrip("0") for n in numbers}:
        return "no_day"
    return "" if year in numbers or year[2:] in numbers else "no_year"


def _count(attributes: Attributes, name: str) -> int:
    text = attributes.get(name, "1")
    if not text.isdecimal() or len(text) > 9:
        raise Unreadable("damaged_file")
    return max(int(text), 1)
