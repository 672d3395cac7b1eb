"""like_rows: rows of an old workbook's records that are laid out alike, to be read by columns.

In most lists a row has the same records as the one above it, in the same styles, and differs from it in its
number and in what its cells hold. Such rows are compared, and unpacked, all at once.
"""

from __future__ import annotations

import struct
from array import array
from itertools import chain, repeat
from typing import NamedTuple

from pipeline.domain.files import COLUMN_BITS

LABELSST, NUMBER, RK, ROW = 0x00FD, 0x0203, 0x027E, 0x0208
_LAST_ROW = 0xFFFF
# Number and size of a record, then row, column and style of a cell.
_HEAD = struct.Struct("<HHHHH")
_ROW_AT = 4


class LaidCell(NamedTuple):
    """The kind of record that a cell is, its column and its style."""

    code: int
    column: int
    style: int


class _Span(NamedTuple):
    """So many rows of a layout, from the first of a sheet on, each sort of their bits as one whole number.

    That is how Python goes over many bytes at once: `rows` and `ones` have a one wherever a row's number is
    to be added, in the records and in the cells' places.
    """

    length: int
    mask: int
    fixed: int
    rows: int
    places: int
    ones: int


class Layout:
    """The records of one row: all of them but the row's number and what its cells hold."""

    def __init__(self, row: bytes) -> None:
        """Takes the records of one row: plain cells, and what is told of the row."""
        self.size = len(row)
        self.has_row = False
        cells = []
        # Where the row's number stands, and which bits are not content.
        self._row_at: list[int] = []
        mask, content, at = bytearray(b"\xff" * len(row)), "<", 0
        while at < len(row):
            code, size, _, column, style = _HEAD.unpack_from(row, at)
            self._row_at.append(at + _ROW_AT)
            if code == ROW:
                self.has_row = True
                content += f"{4 + size}x"
            else:
                cells.append(LaidCell(code, column, style))
                mask[at + _HEAD.size : at + 4 + size] = bytes(size - 6)
                content += "10xQ" if code == NUMBER else "10xI"
            at += 4 + size
        self.cells = tuple(cells)
        self._mask = bytes(mask)
        self._fixed = bytes(told & counts for told, counts in zip(row, mask, strict=True))
        self._content = struct.Struct(content)
        self._span = self._spanned(1)

    def _spanned(self, count: int) -> _Span:
        """Lays out so many rows."""
        fixed, ones = bytearray(self._fixed * count), bytearray(self.size * count)
        for at in self._row_at:
            for lays, each in ((fixed, range(count)), (ones, repeat(1, count))):
                memoryview(lays).cast("H")[at // 2 :: self.size // 2] = memoryview(array("H", each))
        places = [row << COLUMN_BITS | cell.column for row in range(count) for cell in self.cells]
        numbers = (self._mask * count, fixed, ones, array("Q", places), array("Q", repeat(1, len(places))))
        return _Span(count, *(int.from_bytes(bytes(number), "little") for number in numbers))

    def count(self, data: bytes, at: int, row: int, most: int) -> int:
        """Counts the rows that are laid out like this one, from the row of that number on."""
        most = min(most, (len(data) - at) // self.size, _LAST_ROW + 1 - row)
        if self._span.length != most:
            self._span = self._spanned(most)
        found = int.from_bytes(data[at : at + most * self.size], "little") & self._span.mask
        other = found ^ (self._span.fixed + row * self._span.rows)
        # The lowest bit that is another tells which row is the first that is not alike.
        return ((other & -other).bit_length() - 1) // (8 * self.size) if other else most

    def contents(self, rows: bytes) -> list[int]:
        """Gives what the cells of some rows hold, row by row."""
        return list(chain.from_iterable(self._content.iter_unpack(rows)))

    def places(self, row: int, count: int) -> array[int]:
        """Gives the places of the cells of so many rows, row by row; no more than were counted last."""
        span, width = self._span, len(self.cells)
        places = span.places + (row << COLUMN_BITS) * span.ones
        packed = places.to_bytes(8 * span.length * width, "little")
        return array("Q", packed[: 8 * count * width])
