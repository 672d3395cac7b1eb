"""beside_cells: what people see on a sheet that stands in no cell: text boxes, drawn lines, printed margins.

Whoever opens or prints a list reads a box that says "TASLAKTIR", or a line that was drawn through a row. What
is written there is told like a comment at the cell that it stands over, or over the whole sheet.
"""

from __future__ import annotations

import re

from pipeline.sandbox.scanner.cells import SheetInProgress
from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.packages import Package

_ANCHORS = frozenset({"twoCellAnchor", "oneCellAnchor", "absoluteAnchor"})
# Pictures say nothing here: a logo lies over cells as well.
_DRAWN = frozenset({"sp", "cxnSp", "contentPart"})
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
        self._place: dict[str, int] = {}
        self._is_drawn = self._is_control = False

    def start(self, name: str, attributes: Attributes) -> None:  # noqa: ARG002
        self._field = name
        if name in _ANCHORS:
            self._words, self._place = [], {}
            self._is_drawn = self._is_control = False
        elif name in ("from", "to"):
            self._corner = name
        elif name in _DRAWN:
            self._is_drawn = True
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
            self._end_shape()

    def text(self, text: str) -> None:
        if self._field == "t":
            self._words.append(text)
        elif self._corner and text.strip().lstrip("-").isdecimal():
            self._place[f"{self._corner} {self._field}"] = int(text.strip()[:12])

    def _end_shape(self) -> None:
        top, left = self._place.get("from row", 0), self._place.get("from col", 0)
        # What ends where a row begins does not lie over it.
        bottom, right = (
            self._place.get(f"to {name}", at) - (self._place.get(f"to {name}Off") == 0)
            for name, at in (("row", top), ("col", left))
        )
        said = "".join(self._words)
        if said.strip():
            self._sheet.comment(top, left, said)
            self._sheet.comment(0, 0, said)
        elif self._is_drawn and not self._is_control and right > left:
            self._sheet.cross_out((top, left, bottom, right))
