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


def row_of(row: int, height: float, contents: Sequence[str]) -> str:
    """Writes one row of what `content_of` made of its cells."""
    number = str(row)
    written = [
        f'<c r="{letter}{number}"{content}' for letter, content in zip(_LETTERS, contents, strict=False)
    ]
    return f'<row r="{number}" ht="{height:g}" customHeight="1">{"".join(written)}</row>'


def with_rows(sheet: bytes, rows: Sequence[str], corner: str) -> bytes:
    """Puts rows below those that a sheet has; `corner` is its last cell with them."""
    if not rows:
        return sheet
    sized = _SIZE.sub(f'<dimension ref="A1:{corner}"'.encode(), sheet, count=1)
    before, end, behind = sized.rpartition(_END)
    return b"".join((before, "".join(rows).encode(), end, behind))


_LETTERS = tuple(map(get_column_letter, range(1, 100)))


def content_of(value: Set, style: int) -> str:
    """Writes a cell but for its place: its value, and the number of its style. Texts are no formulas."""
    if value is None or value == "":
        return f' s="{style}"/>'
    if isinstance(value, str):
        text = escape(value)
        return f' s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    number = value
    if isinstance(value, (date, timedelta)):
        number = to_excel(value)  # type: ignore[no-untyped-call]
    return f' s="{style}"><v>{number}</v></c>'
