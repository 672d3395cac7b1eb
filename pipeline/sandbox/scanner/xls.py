"""xls: BIFF2 to BIFF8 → sheets, by xlrd.

xlrd reads every BIFF there is, a one-row form in 1.5 ms, and memory grows with the file and not with
the addresses in it (`ragged_rows`), where python-calamine takes 1 GB for a file of 5.6 kB. Plain cells
are taken out of what it reads, in runs (`plain_records`). It raises
six kinds of exception over damaged files and prints warnings; both end here. What Excel calculated
is always stored in this format, so that no formula is without a value.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import xlrd

from pipeline.domain import CellKind, Sheet
from pipeline.sandbox.scanner.cells import (
    INK,
    LEAST_HEIGHT,
    LEAST_LETTERS,
    LEAST_WIDTH,
    PAPER,
    SheetInProgress,
    Style,
    are_alike,
    style,
)
from pipeline.sandbox.scanner.limits import MAX_SHEETS, Allowance, Unreadable
from pipeline.sandbox.scanner.plain_records import PlainRecords

# What Turkish Windows writes; the fallback where a file names no code page, or none that exists.
_CODE_PAGE = "cp1254"


class Encrypted(Exception):
    """The workbook wants a password, be it Excel's own."""


def read_xls(data: bytes, allowance: Allowance) -> tuple[str, tuple[Sheet, ...]]:
    """Reads the exact format ("xls-biff8", "xls-biff5", ...) and the sheets of a workbook.

    Raises Encrypted, Unreadable("too_large"), or what xlrd raises: AssertionError, IndexError, KeyError,
    struct.error and others are its ways of saying damaged, or ours of being wrong.
    """
    try:
        book = _open(data)
        if book.nsheets > MAX_SHEETS:
            raise Unreadable("too_large")
        styles = [_style(book, xf) for xf in book.xf_list]
        sheets = []
        for index in range(book.nsheets):
            sheets.append(_sheet(book, index, styles, allowance))
            book.unload_sheet(index)
        # Excel 5 and 95 write the same BIFF, which xlrd calls 5 or 7 by its year.
        version = 5 if book.biff_version == 70 else book.biff_version // 10
        return f"xls-biff{version}", tuple(sheets)
    except xlrd.XLRDError as fault:
        if "encrypted" in str(fault):
            raise Encrypted from fault
        raise


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


_SOLID = 1
_PLAIN = Style()


def _style(book: Any, xf: Any) -> Style:
    number_format = book.format_map.get(xf.format_key)
    code = number_format.format_str if number_format else "General"
    font = book.font_list[xf.font_index] if xf.font_index < len(book.font_list) else None
    ground = xf.background
    letters = _colour(book, font.colour_index) if font is not None else INK
    # What the system chooses for a ground is not known.
    paint = _colour(book, ground.pattern_colour_index, "") if ground.fill_pattern == _SOLID else ""
    is_unseen = are_alike(letters, paint if ground.fill_pattern else PAPER)
    # In twentieths of a point; who says none means the usual.
    is_unseen |= font is not None and 0 < font.height < 20 * LEAST_LETTERS
    return style(xf.format_key, code, font is not None and bool(font.struck_out), is_unseen)


def _colour(book: Any, index: int, otherwise: str = INK) -> str:
    """Gives a colour as six hexadecimal digits; what nobody has chosen is that of ink."""
    known = book.colour_map.get(index)
    return bytes(known).hex().upper() if known else otherwise


def _sheet(book: Any, index: int, styles: list[Style], allowance: Allowance) -> Sheet:
    before = replace(allowance)
    sheet = SheetInProgress("", allowance, bool(book.datemode))
    # Older workbooks have plain cells of other sorts.
    takes_cells = book.biff_version >= 80
    source = _without_plain_cells(book, index, PlainRecords(book, sheet, styles, takes_cells))
    if takes_cells and (
        not sheet.is_in_order or any(sheet.holds(row, column) for row, column, *_ in _cells(source))
    ):
        # Two values for one cell: what then counts is xlrd's to say.
        allowance.cells, allowance.letters = before.cells, before.letters
        book.unload_sheet(index)
        sheet = SheetInProgress("", allowance, bool(book.datemode))
        source = _without_plain_cells(book, index, PlainRecords(book, sheet, styles, takes_cells=False))
    sheet.name, sheet.visible = source.name, source.visibility == 0
    for row, column, kind, value in _cells(source):
        _put(book, source, sheet, styles, (row, column, kind, value))
    # xlrd's ranges end one behind the last row and column.
    for r0, r1, c0, c1 in source.merged_cells:
        sheet.merge((r0, c0, r1 - 1, c1 - 1))
    for row, look in source.rowinfo_map.items():
        # In twentieths of a point; rows of the usual height do not say it.
        if look.hidden or (not look.has_default_height and look.height < 20 * LEAST_HEIGHT):
            sheet.hide_row(row)
    for column, look in source.colinfo_map.items():
        if look.hidden or look.width < 256 * LEAST_WIDTH:
            sheet.hide_columns(column, column)
    for (row, column), note in source.cell_note_map.items():
        sheet.comment(row, column, str(note.text or ""))
    return sheet.finished()


def _without_plain_cells(book: Any, index: int, plain: PlainRecords) -> Any:
    """Has xlrd read what of a sheet is not plain."""
    book.get_record_parts = plain.next_record
    try:
        source = book.sheet_by_index(index)
    finally:
        del book.get_record_parts
    plain.finish()
    return source


def _cells(source: Any) -> Iterator[tuple[int, int, int, Any]]:
    """Gives row, column, kind and value of whatever xlrd has a cell for, blank ones as well."""
    for row in range(source.nrows):
        kinds, values = source.row_types(row), source.row_values(row)
        for column, (kind, value) in enumerate(zip(kinds, values, strict=True)):
            if kind != xlrd.XL_CELL_EMPTY:
                yield row, column, kind, value


def _put(book: Any, source: Any, sheet: SheetInProgress, styles: list[Style], cell: Any) -> None:
    row, column, kind, value = cell
    number = source.cell_xf_index(row, column)
    known = styles[number] if number is not None and number < len(styles) else _PLAIN
    if kind == xlrd.XL_CELL_TEXT:
        sheet.put(row, column, CellKind.TEXT, value)
    elif kind == xlrd.XL_CELL_NUMBER:
        sheet.put_number(row, column, value, False)
    elif kind == xlrd.XL_CELL_DATE:
        # For xlrd a time of day is a date too.
        sheet.put_number(row, column, value, known.shows_date)
    elif kind == xlrd.XL_CELL_BOOLEAN:
        sheet.put_boolean(row, column, bool(value))
    elif kind == xlrd.XL_CELL_ERROR:
        sheet.put(row, column, CellKind.ERROR, xlrd.error_text_from_code.get(value, "#N/A"))
    runs = source.rich_text_runlist_map.get((row, column), ())
    is_struck = _is_struck(book, runs)
    if is_struck or known.look:
        sheet.look(row, column, "struck" if is_struck else known.look)


def _is_struck(book: Any, runs: Any) -> bool:
    """Tells whether any part of a text of several fonts is crossed out."""
    return any(font < len(book.font_list) and book.font_list[font].struck_out for _, font in runs)
