"""workbook: Holder… → the bytes of a list in the form's own layout, the same bytes for the same rows."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell.cell import TYPE_STRING, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.domain import Holder
from pipeline.sheets import Form, list_row

_TITLE_ROWS = 2
# What a spreadsheet program may take for a formula when a text is typed or pasted again.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_THIN = Side(style="thin", color="999999")
_WIDTHS = {"number": 8, "kind": 24, "work_email": 34, "workplace": 40, "card_reader": 24, "term_years": 14}


def write_list(holders: Sequence[Holder], form: Form, title: str) -> bytes:
    """Writes holders as an .xlsx list, every cell a text, so that no number or date can be changed."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = form.sheet
    _head(sheet, form, title)
    for at, holder in enumerate(holders, start=1):
        for number, text in enumerate(list_row(at, holder, form), start=1):
            cell = _cell(sheet, _TITLE_ROWS + 1 + at, number)
            cell.value = guarded(text)
            # Said outright: a text that begins with "=" would otherwise be written as a formula.
            cell.data_type = TYPE_STRING
            cell.number_format = "@"
            cell.border = Border(_THIN, _THIN, _THIN, _THIN)
    sheet.freeze_panes = f"A{_TITLE_ROWS + 2}"
    return same_bytes(book)


def _cell(sheet: Worksheet, row: int, column: int) -> Cell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    return cell


def guarded(text: str) -> str:
    """Puts an apostrophe before what a spreadsheet program might run as a formula.

    >>> guarded("=1+1"), guarded("AYŞE")
    ("'=1+1", 'AYŞE')
    """
    return "'" + text if text.startswith(_FORMULA_START) else text


def _head(sheet: Worksheet, form: Form, title: str) -> None:
    columns = form.written_columns
    for row, line in ((1, form.title), (2, title)):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(columns))
        sheet.cell(row, 1, line).font = Font(bold=True, size=14 if row == 1 else 11)
    for at, column in enumerate(columns, start=1):
        top = _cell(sheet, _TITLE_ROWS + 1, at)
        top.value = column.heading
        top.font = Font(bold=True)
        top.fill = PatternFill("solid", start_color="D6EAF8")
        top.border = Border(_THIN, _THIN, _THIN, _THIN)
        top.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
        sheet.column_dimensions[get_column_letter(at)].width = _WIDTHS.get(column.field, 18)
    sheet.row_dimensions[_TITLE_ROWS + 1].height = 60


def same_bytes(book: Workbook) -> bytes:
    """Saves a workbook without the moment it was saved at."""
    stream = BytesIO()
    book.save(stream)
    fixed = BytesIO()
    with zipfile.ZipFile(stream) as saved, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in sorted(saved.namelist()):
            data = saved.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", data)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, data)
    return fixed.getvalue()
