"""second_reader: python-calamine's word on a workbook in which the first reader found nothing.

"No cells" is what a reader says of a file it misunderstands (openpyxl of every strict one), so nobody
is told that a list is empty on one reader's word. It is only asked then: it allocates the rectangle
between the first and the last cell, and it can panic or abort, which costs its process.
"""

from __future__ import annotations

import io
from datetime import date, datetime

from python_calamine import CalamineWorkbook, SheetVisibleEnum

from pipeline.domain import CellKind, Sheet
from pipeline.sandbox.scanner.cells import SheetInProgress, iso_text
from pipeline.sandbox.scanner.limits import MAX_SHEETS, Allowance


def second_reading(data: bytes, allowance: Allowance) -> tuple[Sheet, ...]:
    """Reads the sheets as python-calamine sees them; none where it cannot."""
    try:
        return _sheets(data, allowance)
    except (KeyboardInterrupt, SystemExit):
        raise
    # A panic of Rust arrives as a BaseException that is no Exception.
    except BaseException:
        return ()


def _sheets(data: bytes, allowance: Allowance) -> tuple[Sheet, ...]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = []
    for listed in book.sheets_metadata[:MAX_SHEETS]:
        visible = listed.visible == SheetVisibleEnum.Visible
        sheet = SheetInProgress(listed.name, allowance, visible=visible)
        source = book.get_sheet_by_name(listed.name)
        top, left = source.start or (0, 0)
        for row, values in enumerate(source.to_python(skip_empty_area=True), top):
            for column, value in enumerate(values, left):
                _put(sheet, row, column, value)
        sheets.append(sheet.finished())
    return tuple(sheets)


def _put(sheet: SheetInProgress, row: int, column: int, value: object) -> None:
    if isinstance(value, bool):
        sheet.put_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.put_number(row, column, float(value), False)
    elif isinstance(value, datetime):
        sheet.put(row, column, CellKind.DATE, iso_text(value))
    elif isinstance(value, date):
        sheet.put(row, column, CellKind.DATE, value.isoformat())
    else:
        sheet.put(row, column, CellKind.TEXT, str(value))
