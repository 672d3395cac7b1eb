"""beside_cells: what people see on a sheet that stands in no cell: text boxes, drawn lines, printed margins.

Whoever opens or prints a list reads a box that says "TASLAKTIR", or a line that was drawn through a row, and
does not read what lies below a picture. What is written there is told like a comment at the cell that it
stands over, or over the whole sheet.
"""

from __future__ import annotations

import re

from pipeline.sandbox.scanner.cells import MAX_COLUMN, MAX_ROW, SheetInProgress
from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.packages import Package

_ANCHORS = frozenset({"twoCellAnchor", "oneCellAnchor", "absoluteAnchor"})
# What somebody drew with a pen; whatever else lies over cells, a picture, a chart, hides them.
_PENS = frozenset({"sp", "cxnSp", "contentPart"})
# Where only a thing's size is told, rows are taken for as low as people set them: 10 points, in its own unit.
_LOWEST = 127_000
# The margins of printed pages, by the names of their elements.
MARGINS = frozenset({"oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"})
# "&L", "&P", "&12", "&K01+000" and "&"Arial,Bold"" are places, fields and looks, and "&&" is a letter.
_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f+-]{6,8}|\d+|[A-Za-z])')


def margin_words(text: str) -> str:
    """Gives what a page's header or footer says, without the codes for places, fields and looks.

    >>> margin_words('&L&"Arial,Bold"&12TASLAK&RSayfa &P / &N')
    'TASLAK Sayfa /'
    """
    return " ".join(_CODES.sub(" ", text).replace("&&", "&").split())


def read_drawings(package: Package, part: str, sheet: SheetInProgress) -> None:
    """Hears the drawings that a worksheet's part points to."""
    for relation in package.relations(part):
        if relation.type.endswith("/drawing") and relation.target in package:
            with package.open(relation.target) as drawing:
                walk(drawing, _Drawing(sheet), sheet.allowance)


class _Drawing:
    """The shapes of one sheet, each with the cells that it lies over."""

    def __init__(self, sheet: SheetInProgress) -> None:
        self._sheet = sheet
        self._words: list[str] = []
        self._corner = ""
        self._field = ""
        # By corner and what is told of it; of things without a second corner also "cx", "cy", "x" and "y".
        self._place: dict[str, int] = {}
        self._is_pen = self._is_control = False

    def start(self, name: str, attributes: Attributes) -> None:
        self._field = name
        if name in _ANCHORS:
            self._words, self._place = [], {}
            self._is_pen = self._is_control = False
        elif name in ("from", "to"):
            self._corner = name
        elif name in ("ext", "pos"):
            for key in ("cx", "cy", "x", "y"):
                if (told := attributes.get(key, "")).lstrip("-").isdecimal():
                    self._place.setdefault(key, int(told[:12]))
        elif name in _PENS:
            self._is_pen = True
        # Buttons and boxes to tick are no shapes that somebody drew.
        elif name == "compatExt":
            self._is_control = True

    def end(self, name: str) -> None:
        self._field = ""
        if name in ("from", "to"):
            self._corner = ""
        elif name == "p":
            self._words.append("\n")
        elif name in _ANCHORS:
            self._end_shape(name)

    def text(self, text: str) -> None:
        if self._field == "t":
            self._words.append(text)
        elif self._corner and text.strip().lstrip("-").isdecimal():
            self._place[f"{self._corner} {self._field}"] = int(text.strip()[:12])

    def _end_shape(self, anchor: str) -> None:
        top, left = self._place.get("from row", 0), self._place.get("from col", 0)
        said = "".join(self._words)
        if said.strip():
            self._sheet.comment(top, left, said)
            self._sheet.comment(0, 0, said)
        if self._is_control:
            return
        is_pen = self._is_pen and not said.strip()
        if anchor == "twoCellAnchor":
            if self._has_width():
                area = (top, left, self._last("row"), self._last("col"))
                self._sheet.draw_over(area, "struck" if is_pen else "covered")
        elif self._place.get("cx", 1):
            bottom = top - (-(self._place.get("y", 0) + self._place.get("cy", MAX_ROW * _LOWEST)) // _LOWEST)
            area = (top, left, min(bottom, MAX_ROW), MAX_COLUMN)
            self._sheet.draw_over(area, "struck" if is_pen else "covered")

    def _has_width(self) -> bool:
        """Tells a thing from a line between two columns."""
        return any(
            self._place.get(f"from {key}") != self._place.get(f"to {key}") for key in ("col", "colOff")
        )

    def _last(self, name: str) -> int:
        """Gives the last row or column that a thing lies over: what ends where one begins does not."""
        first = self._place.get(f"from {name}", 0)
        last = self._place.get(f"to {name}", first)
        return last - (last > first and self._place.get(f"to {name}Off") == 0)
