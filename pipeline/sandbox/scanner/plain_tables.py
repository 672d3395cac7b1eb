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

from pipeline.domain import NO_VALUE, CellKind, Sheet
from pipeline.sandbox.scanner.cells import (
    LEAST_LETTERS,
    Area,
    SheetInProgress,
    Style,
    date_look,
    hides,
    number_text,
    shows_date,
)
from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.limits import MAX_MARKUP, MAX_SHEETS, Allowance, Unreadable
from pipeline.sandbox.scanner.ooxml import dated
from pipeline.sandbox.scanner.texts import delimiter, letters_of, rows_of

Read = tuple[tuple[Sheet, ...], tuple[str, ...]]

_MAX_SPAN = 1_000
_MAX_NESTING = 50
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_FLAT = re.compile(r"(?<![\w-])height\s*:\s*0(?![.\d]*[1-9])", re.IGNORECASE)
_QUOTED = re.compile(r'="([^"]*)"')
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)
_SHORTENED = re.compile(r"\d[.,]?\d*E\+?\d+|#+", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_BREAKS = frozenset({"br", "p", "div", "li"})
# Calc writes a cell's note into its cell, and shows it nowhere.
_UNSEEN = frozenset({"script", "style", "head", "title", "comment"})
_STRUCK = re.compile(r"text-decoration[^;}]*line-through", re.IGNORECASE)
_STRIKES = frozenset({"s", "strike", "del"})
_WHITE = re.compile(r"(?<![\w-])color\s*:\s*(white|#fff(fff)?)\b", re.IGNORECASE)
_TINY = re.compile(r"(?<![\w-])font-size\s*:\s*[0-3](\.\d+)?\s*(pt|px)", re.IGNORECASE)
_GROUND = re.compile(r"background(-color)?\s*:", re.IGNORECASE)
_RULE = re.compile(r"\.([\w-]+)\s*\{([^}]*)\}")
# Elements without an end tag open nothing that would have to be closed.
_VOID = frozenset({"br", "img", "hr", "input", "col", "meta", "link", "wbr", "area", "base", "embed"})


def read_csv(data: bytes, allowance: Allowance) -> Read:
    """Reads a table of text; every cell is text, and ="…" is its way of quoting digits."""
    text, notes = _text(data)
    sheet = SheetInProgress("", allowance)
    try:
        for row, fields in enumerate(rows_of(text, delimiter(text) or ",")):
            allowance.take_elements(len(fields))
            for column, field in enumerate(fields):
                quoted = _QUOTED.fullmatch(field)
                sheet.put(row, column, CellKind.TEXT, quoted[1] if quoted else field)
    except csv.Error as fault:
        raise Unreadable("damaged_file") from fault
    return (sheet.finished(),), notes


def read_html(data: bytes, allowance: Allowance) -> Read:
    """Reads the tables of a web page, one under the other as Excel shows them."""
    sheet = SheetInProgress("", allowance)
    text, notes = _text(data)
    _stack(text, sheet, 0)
    return (sheet.finished(),), notes


def read_mhtml(data: bytes, allowance: Allowance) -> Read:
    """Reads the tables of Excel's "single file web page", a sheet for each page that has any."""
    sheets: list[Sheet] = []
    notes: tuple[str, ...] = ()
    for part in message_from_bytes(data).walk():
        body = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
        if isinstance(body, bytes):
            allowance.take_unpacked(len(body))
            sheet = SheetInProgress(str(len(sheets) + 1), allowance)
            text, guessed = _text(body)
            notes = notes or guessed
            if _stack(text, sheet, 0) and len(sheets) < MAX_SHEETS:
                sheets.append(sheet.finished())
    return tuple(sheets), notes


def read_excel_2003_xml(data: bytes, allowance: Allowance) -> Read:
    """Reads "XML Spreadsheet 2003", which web exports like to call .xls."""
    book = _Excel2003(allowance)
    walk(io.BytesIO(data), book, allowance)
    notes = ("formula_without_value",) if book.missing_value else ()
    return tuple(sheet.finished() for sheet in book.sheets), notes


def _text(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Decodes a text, and notes "charset_guessed" where nothing proves by which letters it is written."""
    found = letters_of(data)
    if found is None:
        raise Unreadable("damaged_file")
    text, is_proven = found
    return text, () if is_proven else ("charset_guessed",)


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
    sheet.comment(0, 0, "".join(page.loose))
    for table in page.tables:
        for row, column, kind, text in table.cells:
            sheet.put(top + row, column, kind, text)
            sheet.look(top + row, column, table.looks.get((row, column), ""))
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
        self.looks: dict[tuple[int, int], str] = {}
        self.look = ""
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
        self.look = ""
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
        if self.look:
            self.looks[self.row, first] = self.look


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self._open: list[_Table] = []
        self._unseen = ""
        # Classes by what they do to letters, and the open elements that do it, of one cell.
        self._classes: dict[str, str] = {}
        self._is_style = False
        self._marks: list[tuple[str, str]] = []
        # The marks of rows, and of what is around cells; and the words that stand in no table.
        self._outer: list[tuple[str, str]] = []
        self.loose: list[str] = []

    @property
    def is_cut_off(self) -> bool:
        """A table that nobody closed; rows may be missing behind it."""
        return bool(self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._is_style = tag == "style"
        if tag in _UNSEEN:
            self._unseen = self._unseen or tag
        elif tag == "body":
            self._unseen = ""
        elif tag == "table":
            self._unseen = ""
            self._start_table()
        elif not self._open:
            self.loose.append("\n" if tag in _BREAKS else "")
        elif tag == "tr":
            look = f"{attributes.get('style') or ''};{attributes.get('hidden', 'shown') or 'display:none'}"
            flat = attributes.get("height") == "0" or _FLAT.search(look)
            self._open[-1].start_row(bool(_HIDDEN.search(look) or flat))
            self._start_row_mark(attributes)
        elif tag in ("td", "th"):
            self._open[-1].start_cell(attributes)
            self._marks = [*self._outer, self._mark_of(tag, attributes)]
        elif tag in _STRIKES and self._open[-1].words is None:
            self._outer.append((tag, "struck"))
        else:
            if tag in _BREAKS and self._open[-1].words:
                self._break_line(self._open[-1].words)
            if tag not in _VOID:
                self._marks.append(self._mark_of(tag, attributes))

    def _start_row_mark(self, attributes: dict[str, str | None]) -> None:
        """Notes what a row does to the letters of its cells; a hidden one is told as a row."""
        self._outer = [mark for mark in self._outer if mark[0] != "tr"]
        mark = self._mark_of("tr", attributes)
        if mark[1] != "hidden":
            self._outer.append(mark)

    def _mark_of(self, tag: str, attributes: dict[str, str | None]) -> tuple[str, str]:
        """Gives an element that crosses its letters out, hides them, or sets them like their ground."""
        classes = (attributes.get("class") or "").split()
        style = ";".join([*(self._classes.get(c, "") for c in classes), attributes.get("style") or ""])
        is_note = "msocomanchor" in classes
        if is_note or _HIDDEN.search(style):
            look = "hidden"
        elif tag in _STRIKES or _STRUCK.search(style):
            look = "struck"
        else:
            is_white = (attributes.get("color") or "").lower() in ("white", "#ffffff")
            grounded = _GROUND.search(style) or attributes.get("bgcolor")
            is_unseen = _TINY.search(style) or ((is_white or _WHITE.search(style)) and not grounded)
            look = "unseen" if is_unseen else ""
        return tag, look

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._is_style = False
        if tag == self._unseen:
            self._unseen = ""
        elif not self._open:
            return
        elif tag == "table":
            self._open.pop().end_cell()
            self._outer = []
        elif tag in _STRIKES and self._open[-1].words is None:
            self._outer = [mark for mark in self._outer if mark[0] != tag]
        elif tag in ("td", "th", "tr"):
            self._open[-1].end_cell()
        elif any(tag == opened for opened, _ in self._marks):
            while self._marks and self._marks.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._is_style:
            self._classes |= dict(_RULE.findall(data))
        if not (self._open or self._unseen or self._is_style):
            self.loose.append(data)
            return
        looks = {look for _, look in self._marks}
        if "hidden" in looks:
            return
        if self._open and self._open[-1].words is not None and data.strip():
            self._open[-1].look = self._open[-1].look or max(looks - {""}, default="")
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
    def __init__(self, allowance: Allowance) -> None:
        self.sheets: list[SheetInProgress] = []
        self.missing_value = False
        self._styles: dict[str, Style] = {}
        self._named = ""
        self._style = Style()
        self._room = allowance
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
            self._start_style(name, attributes)
        elif name == "Column":
            self._listed_column = _index(attributes, self._listed_column)
            last = self._listed_column + _number(attributes.get("ss:Span", "0"))
            if attributes.get("ss:Hidden") == "1" or _is_nothing(attributes.get("ss:Width", "")):
                self.sheets[-1].hide_columns(self._listed_column, last)
            self._listed_column = last
        elif name == "Row":
            self._row = _index(attributes, self._row)
            self._column = -1
            if attributes.get("ss:Hidden") == "1" or _is_nothing(attributes.get("ss:Height", "")):
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
            if self._formula:
                self.missing_value = True
                self.sheets[-1].put(self._row, self._column, CellKind.ERROR, NO_VALUE)
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
        self._style = self._styles.get(attributes.get("ss:StyleID", ""), Style())
        area = (self._row, self._column, self._row + high, self._column + self._wide)
        self.sheets[-1].merge(area)

    def _start_style(self, name: str, attributes: Attributes) -> None:
        if name == "Style":
            self._named = attributes.get("ss:ID", "")
            self._styles[self._named] = Style()
        known = self._styles.get(self._named, Style())
        if name == "NumberFormat":
            code = attributes.get("ss:Format", "")
            known = Style(known.shows_date, known.look or _look_of(code))
        elif name == "Font" and attributes.get("ss:StrikeThrough") == "1":
            known = Style(known.shows_date, "struck")
        elif name == "Font" and _cannot_be_seen(attributes):
            known = Style(known.shows_date, "unseen")
        elif (
            name == "Interior"
            and known.look == "unseen"
            and attributes.get("ss:Color", "#FFFFFF") != "#FFFFFF"
        ):
            known = Style(known.shows_date)
        if self._named:
            self._styles[self._named] = known

    def _put(self, text: str) -> None:
        sheet, row, column = self.sheets[-1], self._row, self._column
        match self._type:
            case "Number":
                try:
                    sheet.put_number(row, column, float(text), False)
                except ValueError:
                    # What stands there is no number: found by ourselves, and no library's word.
                    raise Unreadable("damaged_file") from None
            case "DateTime":
                sheet.put(row, column, *dated(text))
            case "Boolean":
                sheet.put_boolean(row, column, text.strip() == "1")
            case "Error":
                sheet.put(row, column, CellKind.ERROR, text)
            case _:
                sheet.put(row, column, CellKind.TEXT, text)
        sheet.look(row, column, self._style.look)


# Formats that Excel 2003 calls by name instead of writing them out.
_NAMED_DATES = frozenset({"General Date", "Long Date", "Medium Date", "Short Date"})


def _cannot_be_seen(font: Attributes) -> bool:
    size = font.get("ss:Size", "")
    is_tiny = _NUMBER.fullmatch(size) and float(size) < LEAST_LETTERS
    return bool(is_tiny) or font.get("ss:Color", "").upper() == "#FFFFFF"


def _look_of(code: str) -> str:
    # What is called by name ("Fixed") shows its value.
    if re.search(r'["\\;]', code) and hides(code):
        return "unseen"
    return date_look(164, code) if shows_date(164, code) and code not in _NAMED_DATES else ""


def _is_nothing(size: str) -> bool:
    return bool(re.fullmatch(r"[0-2](\.\d+)?", size))


def _index(attributes: Attributes, before: int) -> int:
    return _number(attributes["ss:Index"]) - 1 if "ss:Index" in attributes else before + 1


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 7:
        raise Unreadable("damaged_file")
    return int(text)
