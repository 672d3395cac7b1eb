"""xlsb: Excel's binary workbook (MS-XLSB) → sheets.

A walk over its records, since python-calamine, the only library that reads .xlsb, allocates the
whole rectangle between the first and the last cell, and knows neither merged ranges nor hidden rows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

from pipeline.adapters.scanner.cells import SheetInProgress, shows_date
from pipeline.adapters.scanner.limits import MAX_SHEETS, Room, Unreadable
from pipeline.adapters.scanner.packages import Package
from pipeline.domain import CellKind, Sheet


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
    NUMBER_FORMAT = 44
    CELL_FORMAT = 47
    COLUMNS = 60
    CELL_RICH_TEXT = 62
    BOOK = 153
    SHEET = 156
    MERGED = 176
    CELL_FORMATS = 617
    CELL_FORMATS_END = 618


_HIDDEN_ROW = 0x10
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


def read_xlsb(package: Package, room: Room) -> tuple[tuple[Sheet, ...], tuple[str, ...]]:
    """Reads the sheets of a binary workbook, and notes: "macros"."""
    try:
        sheets = _sheets(package, room)
    # A record that is shorter than its kind.
    except (struct.error, IndexError) as fault:
        raise Unreadable("damaged_file") from fault
    return sheets, ("macros",) if any(name.endswith("vbaproject.bin") for name in package.names) else ()


def _sheets(package: Package, room: Room) -> tuple[Sheet, ...]:
    main = package.main_part()
    path = main.target if main else "xl/workbook.bin"
    since_1904, listed = _book(package.read(path), room)
    strings: list[str] = []
    dates: frozenset[int] = frozenset()
    targets = {}
    for relation in package.relations(path):
        if relation.type.endswith("/sharedStrings"):
            strings = _strings(package.read(relation.target), room)
        elif relation.type.endswith("/styles"):
            dates = _dates(package.read(relation.target), room)
        elif relation.type.endswith("/worksheet"):
            targets[relation.identifier] = relation.target
    sheets = []
    for name, visible, identifier in listed:
        if identifier in targets:
            sheet = SheetInProgress(name, room, since_1904, visible)
            _fill(sheet, package.read(targets[identifier]), strings, dates)
            sheets.append(sheet.finished())
    return tuple(sheets)


def _book(data: bytes, room: Room) -> tuple[bool, list[tuple[str, bool, str]]]:
    """Reads which date system counts, and of each sheet its name, visibility and relation."""
    since_1904 = False
    listed: list[tuple[str, bool, str]] = []
    for kind, body in _records(data, room):
        if kind == _Record.BOOK:
            since_1904 = bool(body[0] & 1)
        elif kind == _Record.SHEET:
            identifier, after = _wide(body, 8)
            listed.append((_wide(body, after)[0], body[0] & 3 == 0, identifier))
    if len(listed) > MAX_SHEETS:
        raise Unreadable("too_large")
    return since_1904, listed


def _records(data: bytes, room: Room) -> Iterator[tuple[int, bytes]]:
    """Splits a part into records: a number of one or two bytes, a length of one to four."""
    at, end = 0, len(data)
    while at < end:
        room.take_elements(1)
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


def _strings(data: bytes, room: Room) -> list[str]:
    found = [_wide(body, 1)[0] for kind, body in _records(data, room) if kind == _Record.SHARED_TEXT]
    if sum(map(len, found)) > room.letters:
        raise Unreadable("too_large")
    return found


def _dates(data: bytes, room: Room) -> frozenset[int]:
    codes: dict[int, str] = {}
    formats: list[int] = []
    in_cells = False
    for kind, body in _records(data, room):
        if kind == _Record.NUMBER_FORMAT:
            codes[struct.unpack_from("<H", body)[0]] = _wide(body, 2)[0]
        elif kind in (_Record.CELL_FORMATS, _Record.CELL_FORMATS_END):
            in_cells = kind == _Record.CELL_FORMATS
        elif kind == _Record.CELL_FORMAT and in_cells:
            formats.append(struct.unpack_from("<H", body, 2)[0])
    return frozenset(i for i, number in enumerate(formats) if shows_date(number, codes.get(number)))


def _fill(sheet: SheetInProgress, data: bytes, strings: list[str], dates: frozenset[int]) -> None:
    row = -1
    for kind, body in _records(data, sheet.room):
        if kind == _Record.ROW:
            (row,) = struct.unpack_from("<I", body)
            if body[11] & _HIDDEN_ROW:
                sheet.hide_row(row)
        elif kind == _Record.COLUMNS:
            first, last = struct.unpack_from("<II", body)
            if body[16] & 1:
                sheet.hide_columns(first, last)
        elif kind == _Record.MERGED:
            r0, r1, c0, c1 = struct.unpack_from("<IIII", body)
            sheet.merge((r0, c0, r1, c1))
        elif _Record.CELL_PACKED <= kind <= _Record.FORMULA_ERROR or kind == _Record.CELL_RICH_TEXT:
            _put(sheet, row, kind, body, strings, dates)


def _put(
    sheet: SheetInProgress, row: int, kind: int, body: bytes, strings: list[str], dates: frozenset[int]
) -> None:
    column, style = struct.unpack_from("<II", body)
    as_date = style & 0xFFFFFF in dates
    match kind:
        case _Record.CELL_PACKED:
            sheet.put_number(row, column, _packed(struct.unpack_from("<I", body, 8)[0]), as_date)
        case _Record.CELL_REAL | _Record.FORMULA_NUMBER:
            sheet.put_number(row, column, struct.unpack_from("<d", body, 8)[0], as_date)
        case _Record.CELL_TEXT | _Record.FORMULA_TEXT:
            sheet.put(row, column, CellKind.TEXT, _wide(body, 8)[0])
        case _Record.CELL_RICH_TEXT:
            sheet.put(row, column, CellKind.TEXT, _wide(body, 9)[0])
        case _Record.CELL_SHARED_TEXT:
            (index,) = struct.unpack_from("<I", body, 8)
            if index >= len(strings):
                raise Unreadable("damaged_file")
            sheet.put(row, column, CellKind.TEXT, strings[index])
        case _Record.CELL_BOOLEAN | _Record.FORMULA_BOOLEAN:
            sheet.put_boolean(row, column, bool(body[8]))
        case _Record.CELL_ERROR | _Record.FORMULA_ERROR:
            sheet.put(row, column, CellKind.ERROR, _ERRORS.get(body[8], "#N/A"))


def _packed(number: int) -> float:
    """Unpacks Excel's four-byte number: 30 bits of a float or an integer, perhaps in hundredths."""
    if number & 2:
        value = float(struct.unpack("<i", struct.pack("<I", number & 0xFFFFFFFC))[0] >> 2)
    else:
        (value,) = struct.unpack("<d", struct.pack("<II", 0, number & 0xFFFFFFFC))
    return value / 100 if number & 1 else value
