"""sheet_rows: many rows of one sheet as the XML that a workbook keeps them in.

The sheets of a report are long and plain. A cell object for each value, as openpyxl has them, takes many
times as long as writing it; heads, styles and everything else of the book are openpyxl's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

# What stands in a cell; nothing, where it is empty.
Set = str | int | Decimal | date | timedelta | None
_END = b"</sheetData>"
_SIZE = re.compile(rb'<dimension ref="[^"]*"')


def row_of(row: int, height: float, cells: Sequence[tuple[Set, int]]) -> str:
    """Writes one row: each cell's value, and the number of its style in the book. Texts are no formulas."""
    number = str(row)
    written = [_cell(letter + number, *cell) for letter, cell in zip(_LETTERS, cells, strict=False)]
    return f'<row r="{number}" ht="{height:g}" customHeight="1">{"".join(written)}</row>'


def with_rows(sheet: bytes, rows: Sequence[str], corner: str) -> bytes:
    """Puts rows below those that a sheet has; `corner` is its last cell with them."""
    if not rows:
        return sheet
    sized = _SIZE.sub(f'<dimension ref="A1:{corner}"'.encode(), sheet, count=1)
    before, end, behind = sized.rpartition(_END)
    return b"".join((before, "".join(rows).encode(), end, behind))


_LETTERS = tuple(map(get_column_letter, range(1, 100)))


def _cell(place: str, value: Set, style: int) -> str:
    if value is None or value == "":
        return f'<c r="{place}" s="{style}"/>'
    if isinstance(value, str):
        text = escape(value)
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    number = value
    if isinstance(value, date | timedelta):
        number = to_excel(value)  # type: ignore[no-untyped-call]
    return f'<c r="{place}" s="{style}"><v>{number}</v></c>'
