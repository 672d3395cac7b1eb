"""drawn_records: what is drawn on a sheet of an old workbook → the cells that it lies over.

Each drawn thing has two halves: where it lies stands in Office's own drawing format (MS-ODRAW), of which only
the anchors are looked for, and what it is in a record behind that. Older programs write both in one record.
"""

from __future__ import annotations

import struct

from pipeline.sandbox.scanner.cells import EVERYWHERE, Area, SheetInProgress

# The sort of drawn thing that a cell's note is, and those that somebody drew with a pen. Buttons, boxes to
# tick, lists and notes lie over nothing that they hide; whatever else there is does.
NOTE = 0x19
_PENS = frozenset({0x01, 0x02, 0x03, 0x04, 0x09, 0x1E})
_CONTROLS = frozenset({0x07, *range(0x0B, 0x15), NOTE})
_HEAD = struct.Struct("<HHI")
_SHAPE, _ANCHOR, _ANCHOR_IN_GROUP = 0xF004, 0xF010, 0xF00F
# The first two words of a record that says what a drawn thing is; older ones begin with a count.
_MODERN = (0x15, 0x12)


class DrawnRecords:
    """Hears what is drawn on one sheet."""

    def __init__(self, sheet: SheetInProgress) -> None:
        self._sheet = sheet
        self._data = b""
        self._place: Area | None = None
        self._is_in_group = False

    def draw(self, data: bytes) -> None:
        """Hears a part of where things lie; it comes whole before the record that says what one is."""
        self._data += data
        at = 0
        while len(self._data) - at >= _HEAD.size:
            version, kind, size = _HEAD.unpack_from(self._data, at)
            # What holds others is gone into.
            end = at + _HEAD.size + (0 if version & 0xF == 0xF else size)
            if len(self._data) < end:
                break
            if kind == _SHAPE:
                self._place, self._is_in_group = None, False
            elif kind == _ANCHOR and size >= 18:
                self._place = _area(struct.unpack_from("<8H", self._data, at + _HEAD.size + 2))
            elif kind == _ANCHOR_IN_GROUP:
                self._is_in_group = True
            at = end
        self._data = self._data[at:]

    def object(self, data: bytes) -> int:
        """Hears what a drawn thing is, and gives its sort."""
        if len(data) < 6:
            return NOTE
        sort = int.from_bytes(data[4:6], "little")
        is_modern = struct.unpack_from("<HH", data) == _MODERN
        if not is_modern:
            place = _area(struct.unpack_from("<8H", data, 10)) if len(data) >= 26 else EVERYWHERE
        else:
            # One whose place nobody knows may lie anywhere.
            place = self._place or EVERYWHERE
        if sort not in _CONTROLS and not (is_modern and self._is_in_group):
            self._sheet.draw_over(place, "struck" if sort in _PENS else "covered")
        self._place, self._is_in_group = None, False
        return sort


def _area(corners: tuple[int, ...]) -> Area:
    """Gives the cells between two corners, each a column, a way into it, a row and a way into that."""
    left, from_left, top, _, right, to_right, bottom, to_bottom = corners
    # What ends where a cell begins does not lie over it, nor does a line between two columns.
    if (left, from_left) == (right, to_right):
        return top, left, top - 1, left
    return top, left, bottom - (bottom > top and not to_bottom), right - (right > left and not to_right)
