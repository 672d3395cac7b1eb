"""workbook: Holder… → the bytes of a list in the form's own layout, the same bytes for the same rows."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from io import BytesIO
from types import MappingProxyType

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.domain import Holder
from pipeline.lists.form import Column, Form
from pipeline.lists.sheets import list_row

_TITLE_ROWS = 2
# So many rows of a form to be filled in are numbered and set for text.
_FORM_ROWS = 50
# What a spreadsheet program may take for a formula when a text is typed or pasted again.
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_THIN = Side(style="thin", color="999999")
# Narrow enough to be read on one page across; what is longer is broken within its cell.
_WIDTHS = {"number": 6, "identity_number": 14, "given_name": 15, "family_name": 15, "born_on": 12}
_WIDTHS |= {"work_email": 36, "workplace": 30, "kind": 15, "card_reader": 15, "vpn_logon": 9, "term_years": 9}
_NARROW = 10


def write_list(holders: Sequence[Holder], form: Form, title: str) -> bytes:
    """Writes holders as an .xlsx list, every cell a text, so that no number or date can be changed."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = form.sheet
    _head(sheet, form, title)
    first: Cell | None = None
    for at, holder in enumerate(holders, start=1):
        texts = list_row(at, holder, form)
        for number, text in enumerate(texts, start=1):
            cell = _cell(sheet, _TITLE_ROWS + 1 + at, number)
            cell.value = guarded(text)
            # Said outright: a text that begins with "=" would otherwise be written as a formula.
            cell.data_type = TYPE_STRING
            first = first or _as_text(cell)
            # All look alike, and the library takes its time to find that out for each.
            cell._style = copy(first._style)  # type: ignore[attr-defined]
        sheet.row_dimensions[_TITLE_ROWS + 1 + at].height = _height(texts, form)
    sheet.freeze_panes = f"A{_TITLE_ROWS + 2}"
    print_wide(sheet, _TITLE_ROWS + 1)
    return same_bytes(book)


def _as_text(cell: Cell) -> Cell:
    cell.number_format = "@"
    cell.border = Border(_THIN, _THIN, _THIN, _THIN)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _height(texts: Sequence[str], form: Form) -> int:
    """Measures how high a row has to be to show its longest text, in points; not every program does."""
    widths = (_WIDTHS.get(column.field, _NARROW) for column in form.written_columns)
    # A line ends with a word, so that it is seldom full.
    return 15 * max(1 + len(text) // (width - 1) for text, width in zip(texts, widths, strict=True))


def print_wide(sheet: Worksheet, heading: int | None) -> None:
    """Has a sheet printed on A4 across, one page wide, its heading on every page."""
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    footer = sheet.oddFooter
    assert footer is not None
    assert footer.right is not None
    footer.right.text = "&P / &N"
    if heading:
        sheet.print_title_rows = f"{heading}:{heading}"


def blank_form(form: Form, words: Mapping[str, str], rows: Sequence[Holder]) -> bytes:
    """Writes the form to be filled in, with a sample row, text cells and the codes to choose from.

    `rows` are filled in already, to be confirmed: what could not be read stands as it was written.
    """
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = form.sheet
    _head(sheet, form, words["how_filled" if rows else "how"])
    first = _TITLE_ROWS + 2
    if not rows:
        _fill_row(sheet, first, _sample_row(form, words))
        for cell in sheet[first]:
            cell.font = Font(italic=True, color="7F7F7F")
        first += 1
    for at in range(max(_FORM_ROWS, len(rows))):
        texts = _confirmable_row(at + 1, rows[at], form) if at < len(rows) else _numbered_row(at + 1, form)
        _fill_row(sheet, first + at, texts)
    last = first + max(_FORM_ROWS, len(rows)) - 1
    for number, column in enumerate(form.written_columns, start=1):
        if column.codes:
            letter = get_column_letter(number)
            sheet.add_data_validation(_choice(column, words, f"{letter}{first}:{letter}{last}"))
    sheet.freeze_panes = f"A{_TITLE_ROWS + 2}"
    print_wide(sheet, _TITLE_ROWS + 1)
    return same_bytes(book)


def _fill_row(sheet: Worksheet, row: int, texts: Sequence[str]) -> None:
    first = _cell(sheet, row, 1)
    first.number_format = "@"
    first.border = Border(_THIN, _THIN, _THIN, _THIN)
    for number, text in enumerate(texts, start=1):
        cell = _cell(sheet, row, number)
        if text:
            cell.value = guarded(ILLEGAL_CHARACTERS_RE.sub("", text))
            cell.data_type = TYPE_STRING
        # Looking up the same style for each of a form's cells takes most of the time that the form takes.
        cell._style = copy(first._style)  # type: ignore[attr-defined]


def _sample_row(form: Form, words: Mapping[str, str]) -> tuple[str, ...]:
    known = {"number": words["sample"], "identity_number": form.sample_numbers[0]}
    return tuple(known.get(column.field, column.example) for column in form.written_columns)


def _numbered_row(number: int, form: Form) -> tuple[str, ...]:
    return tuple(str(number) if column.field == "number" else "" for column in form.written_columns)


def _confirmable_row(number: int, holder: Holder, form: Form) -> tuple[str, ...]:
    read = list_row(number, holder, form)
    fields = (column.field for column in form.written_columns)
    return tuple(text or holder.written.get(field, "") for text, field in zip(read, fields, strict=True))


def _choice(column: Column, words: Mapping[str, str], cells: str) -> DataValidation:
    """Offers the codes of a column, with what each means; another value is asked about, not forbidden."""
    meanings = "\n".join(f"{code}: {names[0]}" for code, names in column.codes.items())
    choice = DataValidation(
        type="list", formula1='"' + ",".join(column.codes) + '"', allow_blank=True, sqref=cells
    )
    choice.showInputMessage = True
    choice.promptTitle = column.heading.split("\n")[0][:32]
    choice.prompt = meanings[:255]
    choice.showErrorMessage = True
    choice.errorStyle = "warning"
    choice.errorTitle = column.heading.split("\n")[0][:32]
    choice.error = words["not_a_code"]
    return choice


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
        sheet.column_dimensions[get_column_letter(at)].width = _WIDTHS.get(column.field, _NARROW)
    sheet.row_dimensions[_TITLE_ROWS + 1].height = 90


def same_bytes(
    book: Workbook, filled: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType({})
) -> bytes:
    """Saves a workbook without the moment it was saved at; `filled` fills its parts, by their names."""
    stream = BytesIO()
    book.save(stream)
    fixed = BytesIO()
    with zipfile.ZipFile(stream) as saved, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in sorted(saved.namelist()):
            data = saved.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", data)
            elif name in filled:
                data = filled[name](data)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, data)
    return fixed.getvalue()
