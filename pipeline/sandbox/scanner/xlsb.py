"""xlsb: Excel's binary workbook (MS-XLSB) → sheets.

A walk over its records, since python-calamine, the only library that reads .xlsb, allocates the
whole rectangle between the first and the last cell, and knows neither merged ranges nor hidden rows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from pipeline.domain import CellKind, Sheet
from pipeline.sandbox.scanner.beside_cells import margin_words, read_drawings
from pipeline.sandbox.scanner.cells import (
    LEAST_HEIGHT,
    LEAST_LETTERS,
    LEAST_WIDTH,
    SheetInProgress,
    Style,
    style,
)
from pipeline.sandbox.scanner.limits import MAX_SHEETS, Allowance, Unreadable
from pipeline.sandbox.scanner.packages import Package


class _Record(IntEnum):
    """The records that say something about a list, by their numbers in MS-XLSB."""

    ROW = 0
    CELL_PACKED = 2
    CELL_ERROR = 3
    CELL_BOOLEAN = 4
    CELL_REAL = 5
    CELL_TEXT = 6
    CELL_SHARED_TEXT = 7
    FORMULA_TEXT = 8
    FORMULA_NUMBER = 9
    FORMULA_BOOLEAN = 10
    FORMULA_ERROR = 11
    SHARED_TEXT = 19
    FONT = 43
    NUMBER_FORMAT = 44
    FILL = 45
    CELL_FORMAT = 47
    COLUMNS = 60
    CELL_RICH_TEXT = 62
    BOOK = 153
    SHEET = 156
    MERGED = 176
    MARGINS = 479
    COMMENT = 635
    COMMENT_TEXT = 637
    CELL_FORMATS = 617
    CELL_FORMATS_END = 618


_HIDDEN_ROW = 0x10
_OWN_HEIGHT = 0x20
_STRUCK = 0x08
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}


def read_xlsb(package: Package, allowance: Allowance) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    """Reads the sheets of a binary workbook, and notes: "macros"."""
    try:
        sheets = _sheets(package, allowance)
    # A record that is shorter than its kind: the ZIP's sums held, so it is we who do not understand it.
    except (struct.error, IndexError) as fault:
        raise Unreadable("reader_failed") from fault
    return sheets, ("macros",) if any(name.endswith("vbaproject.bin") for name in package.names) else ()


def _sheets(package: Package, allowance: Allowance) -> tuple[Sheet, ...]:
    main = package.main_part()
    path = main.target if main else "xl/workbook.bin"
    since_1904, listed = _book(package.read(path), allowance)
    shared = b""
    styles = _Styles()
    targets = {}
    for relation in package.relations(path):
        if relation.type.endswith("/sharedStrings"):
            shared = package.read(relation.target)
        elif relation.type.endswith("/styles"):
            styles = _Styles.of(package.read(relation.target), allowance)
        elif relation.type.endswith("/worksheet"):
            targets[relation.identifier] = relation.target
    strings = _strings(shared, styles, allowance)
    sheets = []
    for name, visible, identifier in listed:
        if identifier in targets:
            sheet = SheetInProgress(name, allowance, since_1904, visible)
            _fill(sheet, package.read(targets[identifier]), strings, styles)
            _hear_comments(package, targets[identifier], sheet)
            read_drawings(package, targets[identifier], sheet)
            sheets.append(sheet.finished())
    return tuple(sheets)


def _hear_comments(package: Package, part: str, sheet: SheetInProgress) -> None:
    """Hears the comments that a worksheet's part points to, each at the first of its cells."""
    at = 0, 0
    for relation in package.relations(part):
        if relation.type.endswith("/comments") and relation.target in package:
            for kind, body in _records(package.read(relation.target), sheet.allowance):
                if kind == _Record.COMMENT:
                    at = struct.unpack_from("<I4xI", body, 4)
                elif kind == _Record.COMMENT_TEXT:
                    sheet.comment(*at, _wide(body, 1)[0])


def _book(data: bytes, allowance: Allowance) -> tuple[bool, list[tuple[str, bool, str]]]:
    """Reads which date system counts, and of each sheet its name, visibility and relation."""
    since_1904 = False
    listed: list[tuple[str, bool, str]] = []
    for kind, body in _records(data, allowance):
        if kind == _Record.BOOK:
            since_1904 = bool(body[0] & 1)
        elif kind == _Record.SHEET:
            identifier, after = _wide(body, 8)
            listed.append((_wide(body, after)[0], body[0] & 3 == 0, identifier))
    if len(listed) > MAX_SHEETS:
        raise Unreadable("too_large")
    return since_1904, listed


def _records(data: bytes, allowance: Allowance) -> Iterator[tuple[int, bytes]]:
    """Splits a part into records: a number of one or two bytes, a length of one to four."""
    at, end = 0, len(data)
    while at < end:
        allowance.take_elements(1)
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = kind & 0x7F | (data[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        while shift < 28:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if at + size > end:
            raise Unreadable("damaged_file")
        yield kind, data[at : at + size]
        at += size


def _wide(body: bytes, at: int) -> tuple[str, int]:
    """Reads a counted UTF-16 text and tells where it ends; the count of all ones is no text."""
    (count,) = struct.unpack_from("<I", body, at)
    if count == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * count
    if end > len(body):
        raise Unreadable("damaged_file")
    return body[at + 4 : end].decode("utf-16-le", "replace"), end


def _strings(data: bytes, styles: _Styles, allowance: Allowance) -> list[tuple[str, bool]]:
    """Reads the shared texts, and whether a part of each is crossed out."""
    found = []
    for kind, body in _records(data, allowance):
        if kind == _Record.SHARED_TEXT:
            text, end = _wide(body, 1)
            found.append((text, bool(body[0] & 1) and styles.strikes_in(body, end)))
    if sum(len(text) for text, _ in found) > allowance.letters:
        raise Unreadable("too_large")
    return found


class _Styles:
    """The styles of cells by their number, and which fonts are crossed out."""

    def __init__(self) -> None:
        self.cells: list[Style] = []
        self._struck: list[bool] = []

    @classmethod
    def of(cls, data: bytes, allowance: Allowance) -> _Styles:
        """Reads the part of a workbook that holds them."""
        styles = cls()
        codes: dict[int, str] = {}
        white: list[bool] = []
        tiny: list[bool] = []
        paper: list[bool] = []
        in_cells = False
        for kind, body in _records(data, allowance):
            if kind == _Record.NUMBER_FORMAT:
                codes[struct.unpack_from("<H", body)[0]] = _wide(body, 2)[0]
            elif kind == _Record.FONT:
                styles._struck.append(bool(body[2] & _STRUCK))
                white.append(_is_white(body[12:20]))
                tiny.append(0 < struct.unpack_from("<H", body)[0] < 20 * LEAST_LETTERS)
            elif kind == _Record.FILL:
                paper.append(not any(body[:4]) or _is_white(body[4:12]))
            elif kind in (_Record.CELL_FORMATS, _Record.CELL_FORMATS_END):
                in_cells = kind == _Record.CELL_FORMATS
            elif kind == _Record.CELL_FORMAT and in_cells:
                number, font, fill = struct.unpack_from("<HHH", body, 2)
                on_paper = fill >= len(paper) or paper[fill]
                is_unseen = font < len(white) and (tiny[font] or (white[font] and on_paper))
                styles.cells.append(style(number, codes.get(number), styles._is_struck(font), is_unseen))
        return styles

    def strikes_in(self, body: bytes, at: int) -> bool:
        """Tells whether a font of a rich text's runs, which begin at `at`, is crossed out."""
        (count,) = struct.unpack_from("<I", body, at)
        runs = struct.iter_unpack("<HH", body[at + 4 : at + 4 + 4 * min(count, len(body) // 4)])
        return any(self._is_struck(font) for _, font in runs)

    def _is_struck(self, font: int) -> bool:
        return font < len(self._struck) and self._struck[font]


def _is_white(colour: bytes) -> bool:
    """Tells the colour of paper: of the palette, in full, or the theme's first without a tint."""
    match colour[0] >> 1 if len(colour) == 8 else 0:
        case 1:
            return colour[1] in (1, 9, 65)
        case 2:
            return colour[4:7] == b"\xff\xff\xff"
        case 3:
            return colour[1] == 0 and colour[2:4] == b"\0\0"
    return False


def _fill(sheet: SheetInProgress, data: bytes, strings: list[tuple[str, bool]], styles: _Styles) -> None:
    row = -1
    for kind, body in _records(data, sheet.allowance):
        if kind == _Record.ROW:
            (row,) = struct.unpack_from("<I", body)
            # In twentieths of a point; 0 is a height only where it is said to be one.
            (height,) = struct.unpack_from("<H", body, 8)
            if body[11] & _HIDDEN_ROW or (body[11] & _OWN_HEIGHT and height < 20 * LEAST_HEIGHT):
                sheet.hide_row(row)
        elif kind == _Record.COLUMNS:
            first, last = struct.unpack_from("<II", body)
            (width,) = struct.unpack_from("<I", body, 8)
            if body[16] & 1 or width < 256 * LEAST_WIDTH:
                sheet.hide_columns(first, last)
        elif kind == _Record.MERGED:
            r0, r1, c0, c1 = struct.unpack_from("<IIII", body)
            sheet.merge((r0, c0, r1, c1))
        elif kind == _Record.MARGINS:
            at = 2
            while at + 4 <= len(body):
                text, at = _wide(body, at)
                sheet.comment(0, 0, margin_words(text))
        elif _Record.CELL_PACKED <= kind <= _Record.FORMULA_ERROR or kind == _Record.CELL_RICH_TEXT:
            _put(sheet, row, kind, body, _Known(strings, styles))


@dataclass(frozen=True, slots=True)
class _Known:
    strings: list[tuple[str, bool]]
    styles: _Styles


def _put(sheet: SheetInProgress, row: int, kind: int, body: bytes, known: _Known) -> None:
    column, number = struct.unpack_from("<II", body)
    number &= 0xFFFFFF
    cells, strings = known.styles.cells, known.strings
    looks = cells[number] if number < len(cells) else Style()
    as_date, look = looks.shows_date, looks.look
    match kind:
        case _Record.CELL_PACKED:
            sheet.put_number(row, column, _packed(struct.unpack_from("<I", body, 8)[0]), as_date)
        case _Record.CELL_REAL | _Record.FORMULA_NUMBER:
            sheet.put_number(row, column, struct.unpack_from("<d", body, 8)[0], as_date)
        case _Record.CELL_TEXT | _Record.FORMULA_TEXT:
            sheet.put(row, column, CellKind.TEXT, _wide(body, 8)[0])
        case _Record.CELL_RICH_TEXT:
            text, end = _wide(body, 9)
            sheet.put(row, column, CellKind.TEXT, text)
            look = "struck" if body[8] & 1 and known.styles.strikes_in(body, end) else look
        case _Record.CELL_SHARED_TEXT:
            (index,) = struct.unpack_from("<I", body, 8)
            if index >= len(strings):
                raise Unreadable("damaged_file")
            text, is_struck = strings[index]
            sheet.put(row, column, CellKind.TEXT, text)
            look = "struck" if is_struck else look
        case _Record.CELL_BOOLEAN | _Record.FORMULA_BOOLEAN:
            sheet.put_boolean(row, column, bool(body[8]))
        case _Record.CELL_ERROR | _Record.FORMULA_ERROR:
            sheet.put(row, column, CellKind.ERROR, _ERRORS.get(body[8], "#N/A"))
    sheet.look(row, column, look)


def _packed(number: int) -> float:
    """Unpacks Excel's four-byte number: 30 bits of a float or an integer, perhaps in hundredths."""
    if number & 2:
        value = float(struct.unpack("<i", struct.pack("<I", number & 0xFFFFFFFC))[0] >> 2)
    else:
        (value,) = struct.unpack("<d", struct.pack("<II", 0, number & 0xFFFFFFFC))
    return value / 100 if number & 1 else value
