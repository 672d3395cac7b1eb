"""Workbooks with what people see of cells and their values do not tell: crossed-out letters, formats, widths.

A `Dress` says how single cells of a grid look; the writers put it on in the way of their kind of file.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape

import openpyxl
import xlwt  # type: ignore[import-untyped]
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from tests.workbooks import Grid, repacked, xlsx

At = tuple[int, int]
_DAY = "DD.MM.YYYY"


@dataclass(frozen=True)
class Dress:
    """How cells look, by zero-based row and column, and which rows and columns have no size at all."""

    struck: frozenset[At] = frozenset()
    # Only the last letter of the text is crossed out.
    struck_in_part: frozenset[At] = frozenset()
    white: frozenset[At] = frozenset()
    # In one point, as dust.
    tiny: frozenset[At] = frozenset()
    formats: Mapping[At, str] = field(default_factory=dict)
    flat_rows: tuple[int, ...] = ()
    flat_columns: tuple[int, ...] = ()


def dressed_xlsx(grid: Grid, dress: Dress) -> bytes:
    """Writes an .xlsx whose cells are dressed."""
    book = openpyxl.load_workbook(io.BytesIO(xlsx(grid)))
    sheet = book.worksheets[0]
    for r, row in enumerate(grid.rows):
        for c, value in enumerate(row):
            cell = sheet.cell(r + 1, c + 1)
            if (r, c) in dress.struck | dress.white | dress.tiny:
                cell.font = Font(
                    sz=1 if (r, c) in dress.tiny else None,
                    strike=(r, c) in dress.struck,
                    color="FFFFFF" if (r, c) in dress.white else None,
                )
            if (r, c) in dress.formats:
                cell.number_format = dress.formats[r, c]
            if (r, c) in dress.struck_in_part:
                text = str(value)
                sheet[cell.coordinate] = CellRichText(text[:-1], TextBlock(InlineFont(strike=True), text[-1]))
    for r in dress.flat_rows:
        sheet.row_dimensions[r + 1].height = 0.1
    for c in dress.flat_columns:
        sheet.column_dimensions[get_column_letter(c + 1)].width = 0.1
    book.properties.modified = datetime(2024, 1, 2, 9, 0, 0)
    stream = io.BytesIO()
    book.save(stream)
    return repacked(stream.getvalue())


def dressed_xls(grid: Grid, dress: Dress) -> bytes:
    """Writes an .xls whose cells are dressed."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(grid.name)
    merged = {(r0, c0): (r0, r1, c0, c1) for r0, c0, r1, c1 in grid.merged}
    for r, row in enumerate(grid.rows):
        for c, value in enumerate(row):
            if value is None:
                continue
            style = _style(dress, (r, c), isinstance(value, date))
            if (r, c) in dress.struck_in_part:
                text, font = str(value), xlwt.Font()
                font.struck_out = True
                sheet.write_rich_text(r, c, (text[:-1], (text[-1], font)), style)
            elif (r, c) in merged:
                sheet.write_merge(*merged[r, c], value, style)
            else:
                sheet.write(r, c, value, style)
    for r in dress.flat_rows:
        sheet.row(r).height_mismatch = True
        sheet.row(r).height = 0
    for c in dress.flat_columns:
        sheet.col(c).width = 0
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _style(dress: Dress, at: At, is_day: bool) -> object:
    style = xlwt.XFStyle()
    style.font.struck_out = at in dress.struck
    if at in dress.white:
        style.font.colour_index = 1
    if at in dress.tiny:
        style.font.height = 20
    style.num_format_str = dress.formats.get(at, _DAY if is_day else "General")
    return style


def page_with_note(grid: Grid, at: At, note: str) -> bytes:
    """Writes a web page as LibreOffice saves one, with a note in one of its cells."""
    rows = []
    for r, row in enumerate(grid.rows):
        cells = []
        for c, value in enumerate(row):
            shown = f"{value:%d.%m.%Y}" if isinstance(value, date) else "" if value is None else str(value)
            hidden = f'<a class="comment-indicator"></a><comment>{note}</comment>' if (r, c) == at else ""
            cells.append(f"<td>{hidden}{escape(shown).replace(chr(10), '<br>')}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    page = f"<html><head><meta charset='utf-8'></head><body><table>{''.join(rows)}</table></body></html>"
    return page.encode()
