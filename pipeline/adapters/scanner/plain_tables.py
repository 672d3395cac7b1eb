"""plain_tables: what calls itself .xls and is none (CSV, HTML, web archives, Excel 2003 XML) → sheets.

The standard library's csv and html.parser forgive what Excel forgives; a stricter reader would send
back files that open on every desk. Their sheets have no name, since Excel takes the file's.
"""

from __future__ import annotations

import csv
import io
import re
from email import message_from_bytes
from html.parser import HTMLParser

from pipeline.adapters.scanner.cells import Area, SheetInProgress, number_text
from pipeline.adapters.scanner.elements import Attributes, walk
from pipeline.adapters.scanner.limits import MAX_MARKUP, MAX_SHEETS, Room, Unreadable
from pipeline.adapters.scanner.ooxml import dated
from pipeline.adapters.scanner.texts import decoded, delimiter, rows_of
from pipeline.domain import CellKind, Sheet

Read = tuple[tuple[Sheet, ...], tuple[str, ...]]

_MAX_SPAN = 1_000
_MAX_NESTING = 50
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_QUOTED = re.compile(r'="([^"]*)"')
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)
_SHORTENED = re.compile(r"\d[.,]?\d*E\+?\d+|#+", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_BREAKS = frozenset({"br", "p", "div", "li"})
_UNSEEN = frozenset({"script", "style", "head", "title"})


def read_csv(data: bytes, room: Room) -> Read:
    """Reads a table of text; every cell is text, and ="…" is its way of quoting digits."""
    text = _text(data)
    sheet = SheetInProgress("", room)
    try:
        for row, fields in enumerate(rows_of(text, delimiter(text) or ",")):
            room.take_elements(len(fields))
            for column, field in enumerate(fields):
                quoted = _QUOTED.fullmatch(field)
                sheet.put(row, column, CellKind.TEXT, quoted[1] if quoted else field)
    except csv.Error as fault:
        raise Unreadable("damaged_file") from fault
    return (sheet.finished(),), ()


def read_html(data: bytes, room: Room) -> Read:
    """Reads the tables of a web page, one under the other as Excel shows them."""
    sheet = SheetInProgress("", room)
    _stack(_text(data), sheet, 0)
    return (sheet.finished(),), ()


def read_mhtml(data: bytes, room: Room) -> Read:
    """Reads the tables of Excel's "single file web page", a sheet for each page that has any."""
    sheets: list[Sheet] = []
    for part in message_from_bytes(data).walk():
        body = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
        if isinstance(body, bytes):
            room.take_unpacked(len(body))
            sheet = SheetInProgress(str(len(sheets) + 1), room)
            if _stack(_text(body), sheet, 0) and len(sheets) < MAX_SHEETS:
                sheets.append(sheet.finished())
    return tuple(sheets), ()


def read_excel_2003_xml(data: bytes, room: Room) -> Read:
    """Reads "XML Spreadsheet 2003", which web exports like to call .xls."""
    book = _Excel2003(room)
    walk(io.BytesIO(data), book, room)
    notes = ("formula_without_value",) if book.missing_value else ()
    return tuple(sheet.finished() for sheet in book.sheets), notes


def _text(data: bytes) -> str:
    text = decoded(data)
    if text is None:
        raise Unreadable("damaged_file")
    return text


# --- HTML ----------------------------------------------------------------------------------------


def _stack(text: str, sheet: SheetInProgress, top: int) -> int:
    """Puts the tables of a page under each other and tells how many rows they take."""
    if len(text) > MAX_MARKUP:
        raise Unreadable("too_large")
    page = _Page()
    page.feed(text)
    if page.is_cut_off and "</html" not in text[-500:].lower():
        raise Unreadable("damaged_file")
    page.close()
    for table in page.tables:
        for row, column, kind, text in table.cells:
            sheet.put(top + row, column, kind, text)
        for r0, c0, r1, c1 in table.merged:
            sheet.merge((top + r0, c0, top + r1, c1))
        for row in table.hidden_rows:
            sheet.hide_row(top + row)
        top += table.row + 1
    return top


class _Table:
    """One table while it is read: HTML leaves its cells and rows open as it pleases."""

    def __init__(self) -> None:
        self.row = -1
        self.cells: list[tuple[int, int, CellKind, str]] = []
        self.merged: list[Area] = []
        self.hidden_rows: list[int] = []
        self.words: list[str] | None = None
        self.stored = ""
        self._column = 0
        self._span = (1, 1)
        # column → rows that a cell above still reaches down into
        self._reaching: dict[int, int] = {}

    def start_row(self, hidden: bool) -> None:
        self.end_cell()
        self.row += 1
        self._column = 0
        self._reaching = {column: rows - 1 for column, rows in self._reaching.items() if rows > 1}
        if hidden:
            self.hidden_rows.append(self.row)

    def start_cell(self, attributes: dict[str, str | None]) -> None:
        self.end_cell()
        if self.row < 0:
            self.start_row(False)
        while self._column in self._reaching:
            self._column += 1
        self.words = []
        self.stored = attributes.get("x:num") or attributes.get("sdval") or ""
        self._span = _span(attributes.get("rowspan")), _span(attributes.get("colspan"))

    def end_cell(self) -> None:
        if self.words is None:
            return
        shown, self.words = "".join(self.words).strip(" \n"), None
        high, wide = self._span
        first = self._column
        self._column += wide
        if high > 1:
            # The row a cell stands in counts too, and the next start_row takes it off.
            self._reaching.update(dict.fromkeys(range(first, self._column), high))
        if high > 1 or wide > 1:
            self.merged.append((self.row, first, self.row + high - 1, self._column - 1))
        # A narrow column prints 1,23E+10 or ####; the file still knows the number.
        if _NUMBER.fullmatch(self.stored) and _SHORTENED.fullmatch(shown):
            self.cells.append((self.row, first, CellKind.NUMBER, number_text(float(self.stored))))
        elif shown:
            self.cells.append((self.row, first, CellKind.TEXT, shown))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self._open: list[_Table] = []
        self._unseen = ""

    @property
    def is_cut_off(self) -> bool:
        """A table that nobody closed; rows may be missing behind it."""
        return bool(self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag in _UNSEEN:
            self._unseen = self._unseen or tag
        elif tag == "body":
            self._unseen = ""
        elif tag == "table":
            self._unseen = ""
            self._start_table()
        elif not self._open:
            return
        elif tag == "tr":
            self._open[-1].start_row(bool(_HIDDEN.search(attributes.get("style") or "")))
        elif tag in ("td", "th"):
            self._open[-1].start_cell(attributes)
        elif tag in _BREAKS and self._open[-1].words:
            self._break_line(self._open[-1].words)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        elif not self._open:
            return
        elif tag == "table":
            self._open.pop().end_cell()
        elif tag in ("td", "th", "tr"):
            self._open[-1].end_cell()

    def handle_data(self, data: str) -> None:
        if self._open and not self._unseen and (words := self._open[-1].words) is not None:
            squeezed = _BLANKS.sub(" ", data)
            begins = not words or words[-1].endswith((" ", "\n"))
            words.append(squeezed.lstrip(" ") if begins else squeezed)

    def close(self) -> None:
        super().close()
        while self._open:
            self._open.pop().end_cell()

    def _start_table(self) -> None:
        if len(self._open) >= _MAX_NESTING:
            raise Unreadable("too_large")
        table = _Table()
        self.tables.append(table)
        self._open.append(table)

    @staticmethod
    def _break_line(words: list[str]) -> None:
        words[-1] = words[-1].rstrip(" ")
        words.append("\n")


def _span(text: str | None) -> int:
    digits = (text or "1").strip()
    return max(1, min(int(digits), _MAX_SPAN)) if digits.isdecimal() and len(digits) < 6 else 1


# --- Excel 2003 XML ------------------------------------------------------------------------------


class _Excel2003:
    def __init__(self, room: Room) -> None:
        self.sheets: list[SheetInProgress] = []
        self.missing_value = False
        self._room = room
        self._row = self._column = self._listed_column = -1
        self._wide = 0
        self._formula = False
        self._type = ""
        self._words: list[str] | None = None
        self._visible_heard = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "Worksheet":
            if len(self.sheets) >= MAX_SHEETS:
                raise Unreadable("too_large")
            self.sheets.append(SheetInProgress(attributes.get("ss:Name", ""), self._room))
            self._row = self._listed_column = -1
        elif not self.sheets:
            return
        elif name == "Column":
            self._listed_column = _index(attributes, self._listed_column)
            last = self._listed_column + _number(attributes.get("ss:Span", "0"))
            if attributes.get("ss:Hidden") == "1":
                self.sheets[-1].hide_columns(self._listed_column, last)
            self._listed_column = last
        elif name == "Row":
            self._row = _index(attributes, self._row)
            self._column = -1
            if attributes.get("ss:Hidden") == "1":
                self.sheets[-1].hide_row(self._row)
        elif name == "Cell":
            self._start_cell(attributes)
        elif name == "Data":
            self._type = attributes.get("ss:Type", "String")
            self._words = []
            self._formula = False
        elif name == "Visible":
            self._visible_heard = True

    def end(self, name: str) -> None:
        if name == "Data" and self._words is not None:
            self._put("".join(self._words))
            self._words = None
        elif name == "Cell":
            self.missing_value = self.missing_value or self._formula
            self._column += self._wide
        elif name == "Visible":
            self._visible_heard = False

    def text(self, text: str) -> None:
        if self._words is not None:
            self._words.append(text)
        elif self._visible_heard and self.sheets:
            self.sheets[-1].visible = "hidden" not in text.lower()

    def _start_cell(self, attributes: Attributes) -> None:
        self._column = _index(attributes, self._column)
        self._wide = _number(attributes.get("ss:MergeAcross", "0"))
        high = _number(attributes.get("ss:MergeDown", "0"))
        self._formula = "ss:Formula" in attributes
        area = (self._row, self._column, self._row + high, self._column + self._wide)
        self.sheets[-1].merge(area)

    def _put(self, text: str) -> None:
        sheet, row, column = self.sheets[-1], self._row, self._column
        match self._type:
            case "Number":
                try:
                    sheet.put_number(row, column, float(text), False)
                except ValueError as fault:
                    raise Unreadable("damaged_file") from fault
            case "DateTime":
                sheet.put(row, column, *dated(text))
            case "Boolean":
                sheet.put_boolean(row, column, text.strip() == "1")
            case "Error":
                sheet.put(row, column, CellKind.ERROR, text)
            case _:
                sheet.put(row, column, CellKind.TEXT, text)


def _index(attributes: Attributes, before: int) -> int:
    return _number(attributes["ss:Index"]) - 1 if "ss:Index" in attributes else before + 1


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 7:
        raise Unreadable("damaged_file")
    return int(text)
