"""ooxml: .xlsx and .xlsm, transitional and strict → sheets.

A reader of our own, since no library can be trusted with these bytes and tells all that is asked:
openpyxl needs 3 to 4 s for 10,000 rows, shows a strict workbook as an empty one, loses rows in its
quick mode where the dimension lies, and took 604 MB for a file of 296 KB; python-calamine is quick,
but asks for 549 GB for two cells in opposite corners, and knows neither hidden rows nor formulas
without a value. One pass over the XML costs a cell what a cell holds, wherever it lies (plain cells in
runs, `plain_cells`; all else by expat); the dimension
is never looked at, names of elements count without their namespaces, so strict is nothing special.
"""

from __future__ import annotations

import re
from datetime import datetime

from pipeline.domain import NO_VALUE, CellKind, Sheet
from pipeline.sandbox.scanner.beside_cells import MARGINS, margin_words, read_drawings
from pipeline.sandbox.scanner.cells import (
    EVERYWHERE,
    INK,
    LEAST_HEIGHT,
    LEAST_LETTERS,
    LEAST_WIDTH,
    PAPER,
    Area,
    SheetInProgress,
    Style,
    are_alike,
    column_of,
    is_told,
    number_cell,
    style,
)
from pipeline.sandbox.scanner.cells import iso_text as iso
from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.limits import MAX_SHEETS, Allowance, Unreadable
from pipeline.sandbox.scanner.packages import Package
from pipeline.sandbox.scanner.plain_cells import NOTHING, UNKNOWN, PlainCells

_MAX_STRINGS = 1_000_000
_MAX_FORMATS = 65_536
_TRUE = frozenset({"1", "true", "on"})
_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
# A run's or a font's mark of being crossed out; Word's double stroke is no stranger to pasted cells.
_STRIKES = frozenset({"strike", "dstrike"})
_PLAIN = Style()
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_ooxml(package: Package, allowance: Allowance) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    """Reads the sheets of a workbook, and notes: "formula_without_value", "macros"."""
    main = package.main_part()
    path = main.target if main else "xl/workbook.xml"
    book = _Workbook()
    with package.open(path) as part:
        walk(part, book, allowance)
    if len(book.sheets) > MAX_SHEETS:
        raise Unreadable("too_large")
    relations = package.relations(path)
    strings = _Strings(allowance)
    styles = _Styles()
    for relation in relations:
        handler = _handler_of(relation.type, strings, styles)
        if handler and relation.target in package:
            with package.open(relation.target) as part:
                walk(part, handler, allowance)
    targets = {r.identifier: r.target for r in relations if r.type.endswith("/worksheet")}
    kinds = {r.identifier for r in relations}
    known = styles.known()
    notes = ["macros"] if any(name.endswith("vbaproject.bin") for name in package.names) else []
    sheets = []
    for name, state, identifier in book.sheets:
        if identifier not in kinds:
            raise Unreadable("damaged_file")
        # Charts, dialogues and old macro sheets are pages of a workbook without a list in them.
        if identifier in targets:
            sheet = SheetInProgress(name, allowance, book.since_1904, state not in ("hidden", "veryHidden"))
            reader = _Cells(sheet, strings, known)
            with package.open(targets[identifier]) as part:
                PlainCells(sheet, reader, allowance).read(part)
            for relation in package.relations(targets[identifier]):
                if relation.type.endswith("/comments") and relation.target in package:
                    with package.open(relation.target) as part:
                        walk(part, _Comments(sheet), allowance)
            read_drawings(package, targets[identifier], sheet)
            if reader.missing_value and "formula_without_value" not in notes:
                notes.append("formula_without_value")
            sheets.append(sheet.finished())
    return tuple(sheets), tuple(notes)


def _handler_of(relation: str, strings: _Strings, styles: _Styles) -> _Strings | _Styles | None:
    if relation.endswith("/sharedStrings"):
        return strings
    return styles if relation.endswith("/styles") else None


class _Workbook:
    """The sheets by name, state and relation, and which date system counts."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, str]] = []
        self.since_1904 = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sheet":
            identifier = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            shown = unescaped(attributes.get("name", ""))
            self.sheets.append((shown, attributes.get("state", ""), identifier))
        # Extensions have an element of this name too, at the end and without the attribute.
        elif name == "workbookPr" and "date1904" in attributes:
            self.since_1904 = attributes["date1904"] in _TRUE

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Strings:
    """The table of shared strings: rich runs joined, pronunciations left out."""

    def __init__(self, allowance: Allowance) -> None:
        self.found: list[str] = []
        # Which of them are crossed out, in part at least.
        self.struck: set[int] = set()
        self._letters = allowance.letters
        self._parts: list[str] = []
        self._hears = False
        self._phonetic = False
        self._strikes = False
        self._is_struck = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "si":
            self._parts = []
            self._is_struck = False
        elif name == "r":
            self._strikes = False
        elif name in _STRIKES:
            self._strikes = attributes.get("val", "1") in _TRUE
        elif name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._hears = not self._phonetic

    def end(self, name: str) -> None:
        if name == "t":
            self._hears = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "r":
            self._strikes = False
        elif name == "si":
            text = unescaped("".join(self._parts))
            self._letters -= len(text)
            if self._letters < 0 or len(self.found) >= _MAX_STRINGS:
                raise Unreadable("too_large")
            if self._is_struck:
                self.struck.add(len(self.found))
            self.found.append(text)

    def text(self, text: str) -> None:
        if self._hears:
            self._is_struck = self._is_struck or (self._strikes and bool(text.strip()))
            self._parts.append(text)


class _Styles:
    """What each cell format shows: dates, letters that are crossed out, letters like their ground."""

    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._formats: list[tuple[int, int, int]] = []
        # Of each font whether it is crossed out or too small, and its colour; of each fill its colour.
        self._struck: list[bool] = []
        self._fonts: list[str] = []
        self._tiny: list[bool] = []
        self._fills: list[str] = []
        self._part = ""
        self._is_solid = False

    def known(self) -> dict[str, Style]:
        """The styles by the `s` attributes of cells."""
        return {str(i): self._style(*numbers) for i, numbers in enumerate(self._formats)}

    def _style(self, number: int, font: int, fill: int) -> Style:
        struck = font < len(self._struck) and self._struck[font]
        letters = self._fonts[font] if font < len(self._fonts) else INK
        ground = self._fills[fill] if fill < len(self._fills) else PAPER
        tiny = font < len(self._tiny) and self._tiny[font]
        return style(number, self._codes.get(number), struck, tiny or are_alike(letters, ground))

    def start(self, name: str, attributes: Attributes) -> None:
        if name in ("fonts", "fills", "cellXfs", "dxfs", "cellStyleXfs"):
            self._part = name
        elif name == "numFmt" and self._part != "dxfs":
            self._codes[_whole(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
        elif self._part == "cellXfs" and name == "xf":
            numbers = (_whole(attributes.get(key, "0")) for key in ("numFmtId", "fontId", "fillId"))
            number, font, fill = numbers
            self._formats.append((number, font, fill))
        elif self._part == "fonts":
            self._start_in_font(name, attributes)
        elif self._part == "fills":
            self._start_in_fill(name, attributes)
        if max(map(len, (self._codes, self._formats, self._fonts, self._fills))) > _MAX_FORMATS:
            raise Unreadable("too_large")

    def _start_in_font(self, name: str, attributes: Attributes) -> None:
        if name == "font":
            self._struck.append(False)
            self._tiny.append(False)
            self._fonts.append(INK)
        elif self._fonts and name == "sz":
            self._tiny[-1] = _size(attributes, "val") < LEAST_LETTERS
        elif self._fonts and name in _STRIKES:
            self._struck[-1] = attributes.get("val", "1") in _TRUE
        elif self._fonts and name == "color":
            self._fonts[-1] = _colour(attributes)

    def _start_in_fill(self, name: str, attributes: Attributes) -> None:
        if name == "fill":
            self._fills.append(PAPER)
            self._is_solid = False
        elif self._fills and name == "patternFill":
            pattern = attributes.get("patternType", "none")
            self._is_solid = pattern == "solid"
            self._fills[-1] = PAPER if pattern == "none" else ""
        elif self._fills and name == "fgColor" and self._is_solid:
            # What the system chooses for a ground is not known.
            self._fills[-1] = "" if attributes.get("indexed") == "64" else _colour(attributes, "")
        elif self._fills and name == "gradientFill":
            self._fills[-1] = ""

    def end(self, name: str) -> None:
        if name == self._part:
            self._part = ""

    def text(self, text: str) -> None: ...


# Black and white by the theme's first colours, and by numbers of the old palette.
_THEME = {"0": PAPER, "1": INK}
_PALETTE = {"0": INK, "8": INK, "64": INK, "1": PAPER, "9": PAPER, "65": PAPER}


def _colour(said: Attributes, otherwise: str = INK) -> str:
    """Gives a colour as six hexadecimal digits, or by the name that it has in the file."""
    if "rgb" in said:
        return said["rgb"][-6:].upper()
    if "theme" in said:
        # A tint of the theme's white is a grey that one can read.
        tint = said.get("tint", "")
        return (
            f"theme {said['theme']} {tint}" if tint else _THEME.get(said["theme"], f"theme {said['theme']}")
        )
    number = said.get("indexed", "")
    return _PALETTE.get(number, f"palette {number}") if number else otherwise


class _Cells:
    """One worksheet's cells, merged ranges and hidden rows and columns."""

    def __init__(self, sheet: SheetInProgress, strings: _Strings, styles: dict[str, Style]) -> None:
        self.missing_value = False
        self._sheet = sheet
        self._strings = strings.found
        self._struck = strings.struck
        self._styles = styles
        self._is_struck = False
        self._columns: dict[str, int] = {}
        self._row = -1
        self._column = -1
        self._type = ""
        self._style = ""
        self._value: list[str] = []
        self._formula = False
        self._in_cell = False
        self._hears = False
        self._phonetic = False
        self._margin: list[str] | None = None

    @property
    def is_in_cell(self) -> bool:
        """Tells whether the end of a cell is still to come."""
        return self._in_cell

    def is_seen(self, row: Attributes) -> bool:
        """Tells whether a row can be seen."""
        return row.get("hidden", "") not in _TRUE and _size(row, "ht") >= LEAST_HEIGHT

    def stand_at(self, row: int, column: int) -> None:
        """Goes to the place of a cell that was read elsewhere, behind which the next one may stand."""
        self._row, self._column = row, column

    def number_of(self, style: str, type_: str, value: str) -> int:
        """Gives the number of the word that a plain cell holds."""
        known = self._styles.get(style, _PLAIN)
        try:
            kind, text = self._meant(type_, value, known)
            is_struck = type_ == "s" and _whole(value) in self._struck
        except Unreadable:
            return UNKNOWN
        if is_struck or (known.look and is_told(known.look, kind)):
            return UNKNOWN
        return self._sheet.number_of(kind, text) if text else NOTHING

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name == "v" or name == "t":
            self._hears = self._in_cell and not self._phonetic
        elif name == "row":
            self._row = _whole(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
            if not self.is_seen(attributes):
                self._sheet.hide_row(self._row)
        elif name == "f":
            self._formula = True
        elif name == "rPh":
            self._phonetic = True
        elif name == "col":
            if attributes.get("hidden", "") in _TRUE or _size(attributes, "width") < LEAST_WIDTH:
                first, last = attributes.get("min", ""), attributes.get("max", "")
                self._sheet.hide_columns(_whole(first) - 1, _whole(last) - 1)
        elif name in _STRIKES and self._in_cell:
            self._is_struck = attributes.get("val", "1") in _TRUE
        elif name == "mergeCell":
            self._sheet.merge(area(attributes.get("ref", "")))
        elif name in MARGINS:
            self._margin = []
        elif name == "oleObject":
            # What another program draws here lies somewhere that another part tells.
            self._sheet.draw_over(EVERYWHERE, "covered")

    def end(self, name: str) -> None:
        if name == "c":
            self._end_cell()
        elif name == "v" or name == "t":
            self._hears = False
        elif name == "rPh":
            self._phonetic = False
        elif self._margin is not None and name in MARGINS:
            self._sheet.comment(0, 0, margin_words("".join(self._margin)))
            self._margin = None

    def text(self, text: str) -> None:
        if self._hears:
            self._value.append(text)
        elif self._margin is not None:
            self._margin.append(text)

    def _start_cell(self, attributes: Attributes) -> None:
        address = attributes.get("r")
        if address is None:
            self._column += 1
        else:
            letters = address.rstrip("0123456789")
            column = self._columns.get(letters)
            if column is None:
                column = self._columns[letters] = column_of(letters)
            row = _whole(address[len(letters) :]) - 1
            self._row, self._column = row, column
        self._type = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._value = []
        self._formula = self._phonetic = self._is_struck = False
        self._in_cell = True

    def _end_cell(self) -> None:
        self._in_cell = False
        value = "".join(self._value)
        if not value:
            # A formula may well give an empty text, and then says that it is one.
            if self._formula and self._type != "str":
                self.missing_value = True
                self._sheet.put(self._row, self._column, CellKind.ERROR, NO_VALUE)
            return
        known = self._styles.get(self._style, _PLAIN)
        self._sheet.put(self._row, self._column, *self._meant(self._type, value, known))
        is_struck = self._is_struck or (self._type == "s" and _whole(value) in self._struck)
        self._sheet.look(self._row, self._column, "struck" if is_struck else known.look)

    def _meant(self, type_: str, value: str, known: Style) -> tuple[CellKind, str]:
        match type_:
            case "s":
                index = _whole(value)
                if index >= len(self._strings):
                    raise Unreadable("damaged_file")
                return CellKind.TEXT, self._strings[index]
            case "n":
                if not _NUMBER.fullmatch(value):
                    raise Unreadable("damaged_file")
                return number_cell(float(value), known.shows_date, self._sheet.since_1904)
            case "str" | "inlineStr":
                return CellKind.TEXT, unescaped(value)
            case "b":
                return CellKind.BOOLEAN, "true" if value.strip() in _TRUE else "false"
            case "e":
                return CellKind.ERROR, value
            case "d":
                return dated(value)
        raise Unreadable("damaged_file")


class _Comments:
    """The comments of one worksheet; newer programs write theirs here as well."""

    def __init__(self, sheet: SheetInProgress) -> None:
        self._sheet = sheet
        self._reference = ""
        self._words: list[str] = []
        self._hears = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "comment":
            self._reference, self._words = attributes.get("ref", ""), []
        elif name == "t":
            self._hears = True

    def end(self, name: str) -> None:
        if name == "t":
            self._hears = False
        elif name == "comment" and self._reference:
            row, column, _, _ = area(self._reference)
            self._sheet.comment(row, column, unescaped("".join(self._words)))

    def text(self, text: str) -> None:
        if self._hears:
            self._words.append(text)


def unescaped(text: str) -> str:
    """Undoes OOXML's way of writing characters that XML cannot hold.

    >>> unescaped("a_x000D_b"), unescaped("_x005F_x000D_")
    ('a\\rb', '_x000D_')
    """
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def dated(text: str) -> tuple[CellKind, str]:
    """Reads an ISO 8601 cell; a time of day alone stays text.

    >>> dated("1990-01-31T00:00:00Z"), dated("12:30:00")
    ((<CellKind.DATE: 'date'>, '1990-01-31'), (<CellKind.TEXT: 'text'>, '12:30:00'))
    """
    try:
        return CellKind.DATE, iso(datetime.fromisoformat(text.strip()))
    except ValueError:
        return CellKind.TEXT, text


def area(reference: str) -> Area:
    """Reads a range such as "A1:D2" into (r0, c0, r1, c1)."""
    corners = [_ADDRESS.fullmatch(corner) for corner in reference.split(":")]
    if not 1 <= len(corners) <= 2 or not corners[0] or not corners[-1]:
        raise Unreadable("damaged_file")
    first, last = corners[0], corners[-1]
    return int(first[2]) - 1, column_of(first[1]), int(last[2]) - 1, column_of(last[1])


def _size(attributes: Attributes, name: str) -> float:
    """Reads a height or a width; what is not said is large enough."""
    text = attributes.get(name, "")
    return float(text) if _NUMBER.fullmatch(text) else 100.0


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 10:
        raise Unreadable("damaged_file")
    return int(text)
