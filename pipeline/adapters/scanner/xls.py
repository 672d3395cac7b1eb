"""xls: BIFF2 to BIFF8 → sheets, by xlrd.

xlrd reads every BIFF there is, a one-row form in 1.5 ms, and memory grows with the file and not with
the addresses in it (`ragged_rows`), where python-calamine takes 1 GB for a file of 5.6 kB. It raises
six kinds of exception over damaged files and prints warnings; both end here. What Excel calculated
is always stored in this format, so that no formula is without a value.
"""

from __future__ import annotations

import io
from typing import Any

import xlrd

from pipeline.adapters.scanner.cells import SheetInProgress, shows_date
from pipeline.adapters.scanner.limits import MAX_SHEETS, Room, Unreadable
from pipeline.domain import CellKind, Sheet

# What Turkish Windows writes; the fallback where a file names no code page, or none that exists.
_CODE_PAGE = "cp1254"


class Encrypted(Exception):
    """The workbook wants a password, be it Excel's own."""


def read_xls(data: bytes, room: Room) -> tuple[str, tuple[Sheet, ...]]:
    """Reads the exact format ("xls-biff8", "xls-biff5", ...) and the sheets of a workbook.

    Raises Encrypted, or Unreadable("damaged_file") or Unreadable("too_large").
    """
    try:
        book = _open(data)
        if book.nsheets > MAX_SHEETS:
            raise Unreadable("too_large")
        dates = _dates(book)
        sheets = []
        for index in range(book.nsheets):
            sheets.append(_sheet(book, index, dates, room))
            book.unload_sheet(index)
        # Excel 5 and 95 write the same BIFF, which xlrd calls 5 or 7 by its year.
        version = 5 if book.biff_version == 70 else book.biff_version // 10
        return f"xls-biff{version}", tuple(sheets)
    except (Unreadable, Encrypted, MemoryError):
        raise
    except xlrd.XLRDError as fault:
        if "encrypted" in str(fault):
            raise Encrypted from fault
        raise Unreadable("damaged_file") from fault
    except Exception as fault:
        # AssertionError, IndexError, KeyError, struct.error ...: xlrd's ways of saying damaged.
        raise Unreadable("damaged_file") from fault


def _open(data: bytes) -> Any:
    try:
        return _opened(data, None)
    except (LookupError, UnicodeDecodeError):
        return _opened(data, _CODE_PAGE)


def _opened(data: bytes, encoding: str | None) -> Any:
    book = xlrd.open_workbook(
        logfile=io.StringIO(),
        use_mmap=False,
        file_contents=data,
        encoding_override=encoding,
        formatting_info=True,
        on_demand=True,
        ragged_rows=True,
    )
    if encoding is None and not book.codepage and book.biff_version < 80:
        return _opened(data, _CODE_PAGE)
    return book


def _dates(book: Any) -> frozenset[int]:
    found = set()
    for index, style in enumerate(book.xf_list):
        number_format = book.format_map.get(style.format_key)
        if number_format and shows_date(style.format_key, number_format.format_str):
            found.add(index)
    return frozenset(found)


def _sheet(book: Any, index: int, dates: frozenset[int], room: Room) -> Sheet:
    source = book.sheet_by_index(index)
    sheet = SheetInProgress(source.name, room, bool(book.datemode), source.visibility == 0)
    for row in range(source.nrows):
        kinds, values = source.row_types(row), source.row_values(row)
        for column, (kind, value) in enumerate(zip(kinds, values, strict=True)):
            if kind == xlrd.XL_CELL_TEXT:
                sheet.put(row, column, CellKind.TEXT, value)
            elif kind == xlrd.XL_CELL_NUMBER:
                sheet.put_number(row, column, value, False)
            elif kind == xlrd.XL_CELL_DATE:
                # For xlrd a time of day is a date too.
                sheet.put_number(row, column, value, source.cell_xf_index(row, column) in dates)
            elif kind == xlrd.XL_CELL_BOOLEAN:
                sheet.put_boolean(row, column, bool(value))
            elif kind == xlrd.XL_CELL_ERROR:
                sheet.put(row, column, CellKind.ERROR, xlrd.error_text_from_code.get(value, "#N/A"))
    # xlrd's ranges end one behind the last row and column.
    for r0, r1, c0, c1 in source.merged_cells:
        sheet.merge((r0, c0, r1 - 1, c1 - 1))
    for row, look in source.rowinfo_map.items():
        if look.hidden:
            sheet.hide_row(row)
    for column, look in source.colinfo_map.items():
        if look.hidden:
            sheet.hide_columns(column, column)
    return sheet.finished()
