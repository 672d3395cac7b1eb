"""plain_cells: the plain cells of a worksheet's XML, in runs, beside expat.

A list of 50,000 rows is 1,450,000 elements, and expat calls for the start, the text and the end of each. A cell
written in the one way in which spreadsheets write theirs is found by a pattern instead, and expat gets the
document without it. It is only taken where nothing but a cell can be: right inside a row, behind a whole tag, in
a document of UTF-8 in which there has been no comment, no CDATA and no instruction yet. What is written otherwise
in anything, be it a line break or an entity in a text, expat reads as ever.
"""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Protocol

from pipeline.domain.files import COLUMN_BITS
from pipeline.sandbox.scanner.cells import MAX_COLUMN, MAX_ROW, SheetInProgress, column_of
from pipeline.sandbox.scanner.elements import Handler, Pieces, told_as_damage
from pipeline.sandbox.scanner.limits import Allowance

_PIECE = 1 << 17
_LONGEST_PIECE = 1 << 22
_MOST_KNOWN = 100_000
_LONGEST_RUN = 8192
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'](?i:utf-8)[\"'])?"
    rb"(?: standalone=[\"'](?:yes|no)[\"'])? ?\?>)?\s*(?=<[A-Za-z])"
)
_TEXT = r"[^<>&\x00-\x1f\x7f-\x9f\ufffe\uffff]+"
# Column and row, and all that does not tell where the cell is.
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([1-9][0-9]{0,6})"((?: s="[0-9]{1,9}")?(?: t="[a-zA-Z]{1,9}")?'
    rf"(?:/>|>(?:<v>{_TEXT}</v>|<is><t>{_TEXT}</t></is>)</c>))"
)
_CONTENT = re.compile(
    r'(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?(?:/>|>(?:<v>(.+)</v>|<is><t>(.+)</t></is>)</c>)'
)
_BLANKS = " \t\r\n"
# Instead of the number of a word: nothing stands there; what expat shall look at.
NOTHING, UNKNOWN = -1, -2


class CellHandler(Handler, Protocol):
    """Hears what is not plain, and says what a plain cell holds."""

    @property
    def is_in_cell(self) -> bool: ...

    def stand_at(self, row: int, column: int) -> None:
        """Hears of the place of a cell that was taken."""

    def number_of(self, style: str, type_: str, value: str) -> int:
        """Gives the number of the word that such a cell holds, or NOTHING, or UNKNOWN."""


class PlainCells:
    """Reads a worksheet: its plain cells into a sheet, and all the rest through expat into a handler."""

    def __init__(self, sheet: SheetInProgress, handler: CellHandler, allowance: Allowance) -> None:
        self._sheet = sheet
        self._handler = handler
        self._room = allowance
        self._expat = Pieces(handler, allowance)
        # By all of a cell but its place: in a list most cells say what others said before.
        self._known: dict[str, int] = {}
        self._columns: dict[str, int] = {}
        self._places, self._numbers = array("Q"), array("I")
        self._last: tuple[int, int] | None = None
        self._is_right_in_row = False

    def read(self, source: IO[bytes]) -> None:
        """Reads a whole worksheet; raises Unreadable as `walk` does."""
        with told_as_damage():
            first = source.read(_PIECE)
            if head := _HEAD.match(first):
                self._expat.feed(head[0])
                self._read_text(chain([first[head.end() :]], iter(lambda: source.read(_PIECE), b"")))
            else:
                while first:
                    self._expat.feed(first)
                    first = source.read(_PIECE)
        self._expat.close()
        self._sheet.put_run(self._places, self._numbers)

    def _read_text(self, source: Iterable[bytes]) -> None:
        is_plain = True
        for piece in _whole_pieces(source):
            is_plain = is_plain and "<!" not in piece and "<?" not in piece
            if is_plain:
                self._take(piece)
            else:
                self._expat.feed(piece.encode())

    def _take(self, piece: str) -> None:
        parts = _CELL.split(piece)
        known, taken = self._known.get, 0
        for gap, letters, digits, rest in zip(
            parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=False
        ):
            if gap:
                self._pass_on(gap)
            number = known(rest)
            if number is None:
                number = self._learnt(rest)
            row = int(digits) - 1
            column = self._columns.get(letters)
            if column is None:
                column = self._columns[letters] = column_of(letters)
            if not self._is_right_in_row or number == UNKNOWN or column > MAX_COLUMN or row > MAX_ROW:
                self._pass_on(f'<c r="{letters}{digits}"{rest}')
                continue
            taken += 1
            self._last = (row, column)
            if number >= 0:
                self._places.append(row << COLUMN_BITS | column)
                self._numbers.append(number)
        self._room.take_elements(taken)
        self._pass_on(parts[-1])

    def _pass_on(self, gap: str) -> None:
        """Gives expat what stands between two cells that were taken, and finds out where that leaves us."""
        bare = gap.strip(_BLANKS)
        if not bare:
            return
        if self._last:
            self._handler.stand_at(*self._last)
            self._last = None
        # Rows alone can wait; cells come in their order.
        if "<c" in bare or len(self._places) > _LONGEST_RUN:
            self._sheet.put_run(self._places, self._numbers)
            self._places, self._numbers = array("Q"), array("I")
        self._expat.feed(gap.encode())
        is_whole_tag = bare.endswith(">") and bare.find(">", bare.rfind("<")) == len(bare) - 1
        opened = self._expat.open
        self._is_right_in_row = (
            is_whole_tag and bool(opened) and opened[-1] == "row" and not self._handler.is_in_cell
        )

    def _learnt(self, rest: str) -> int:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        said = _CONTENT.fullmatch(rest)
        assert said
        style, type_, value, text = said.groups()
        value = value or text
        number = self._handler.number_of(style or "0", type_ or "n", value) if value else NOTHING
        self._known[rest] = number
        return number


def _whole_pieces(source: Iterable[bytes]) -> Iterator[str]:
    """Decodes pieces of UTF-8, and cuts them behind a row where there is one, else behind a tag."""
    left = ""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for data in source:
        left += decoder.decode(data)
        end = left.rfind("</row>") + len("</row>")
        if end < len("</row>"):
            end = left.rfind(">") + 1 or (len(left) if len(left) > _LONGEST_PIECE else 0)
        yield left[:end]
        left = left[end:]
    yield left + decoder.decode(b"", True)
