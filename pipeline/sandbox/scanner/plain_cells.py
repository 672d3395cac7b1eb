"""plain_cells: the plain cells of a worksheet's XML, in runs, beside expat.

A list of 50,000 rows is 1,450,000 elements, and expat calls for the start, the text and the end of each.
Cells written in the one way in which spreadsheets write theirs are found by a pattern instead, and expat gets
the document without them. They are only taken where nothing but a cell can be: right inside a row, behind a
whole tag, in a document of UTF-8 in which there has been no comment, no CDATA and no instruction yet.
Whatever is written otherwise in anything, be it a line break or an entity in a text, expat reads as ever.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import compress
from operator import or_
from typing import IO, Protocol

from pipeline.domain.files import COLUMN_BITS
from pipeline.sandbox.scanner.cells import MAX_COLUMN, MAX_ROW, SheetInProgress, column_of, place_of
from pipeline.sandbox.scanner.elements import Attributes, Handler, Pieces, told_as_damage
from pipeline.sandbox.scanner.learnt import Learnt
from pipeline.sandbox.scanner.limits import Allowance

_PIECE = 1 << 17
_LONGEST_PIECE = 1 << 22
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'](?i:utf-8)[\"'])?"
    rb"(?: standalone=[\"'](?:yes|no)[\"'])? ?\?>)?\s*(?=<[A-Za-z])"
)
_TEXT = rb"[^<>&\x00-\x1f\x7f]+"
# Column and row, and all that does not tell where the cell is.
_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([1-9][0-9]{0,6})"((?: s="[0-9]{1,9}")?(?: t="[a-zA-Z]{1,9}")?'
    rb"(?:/>|>(?:<v>" + _TEXT + rb"</v>|<is><t>" + _TEXT + rb"</t></is>)</c>))"
)
_CONTENT = re.compile(
    r'(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?(?:/>|>(?:<v>(.+)</v>|<is><t>(.+)</t></is>)</c>)'
)
# C1 is nobody's text, and the last two no characters at all.
_NO_TEXT = re.compile("[\x80-\x9f\ufffe\uffff]")
# From one row into the next.
_TURN = re.compile(rb'</row>[ \t\r\n]*<row r="([1-9][0-9]{0,6})"((?: [A-Za-z0-9:]+="[A-Za-z0-9:. ]*")*)>')
_ATTRIBUTE = re.compile(r'([A-Za-z0-9:]+)="([^"]*)"')
_BLANKS = b" \t\r\n"
# Instead of the number of a word: nothing stands there; what expat shall look at.
NOTHING, UNKNOWN = -1, -2
_LAST = place_of(MAX_ROW, MAX_COLUMN)


class CellHandler(Handler, Protocol):
    """Hears what is not plain, and says what plain cells hold and whether a plain row is there to be seen."""

    @property
    def is_in_cell(self) -> bool: ...

    def stand_at(self, row: int, column: int) -> None: ...

    def number_of(self, style: str, type_: str, value: str) -> int: ...

    def is_seen(self, row: Attributes) -> bool: ...


class PlainCells:
    """Reads a worksheet: its plain cells into a sheet, and all the rest through expat into a handler."""

    def __init__(self, sheet: SheetInProgress, handler: CellHandler, allowance: Allowance) -> None:
        self._sheet = sheet
        self._handler = handler
        self._room = allowance
        self._expat = Pieces(handler, allowance)
        # By all of a cell but its place, and of a row but its number: most say what others said before.
        self._known = Learnt(self._number_of)
        self._turns: dict[bytes, bool] = {}
        self._columns = Learnt(_column)
        self._is_right_in_row = False

    def read(self, source: IO[bytes]) -> None:
        """Reads a whole worksheet; raises Unreadable as `walk` does."""
        with told_as_damage():
            first = source.read(_PIECE)
            head = _HEAD.match(first)
            is_plain = bool(head)
            if head:
                self._expat.feed(head[0])
                first = first[head.end() :]
            for piece in _whole_pieces(first, source):
                # Where a piece ends within a tag, what its next one begins with cannot be told.
                is_plain = is_plain and b">" in piece and not (b"<!" in piece or b"<?" in piece)
                if is_plain:
                    self._take(piece)
                else:
                    self._expat.feed(piece)
            self._expat.close()

    def _take(self, piece: bytes) -> None:
        parts = _CELL.split(piece)
        gaps, letters, digits, rests = parts[::4], parts[1::4], parts[2::4], parts[3::4]
        numbers = list(map(self._known.__getitem__, rests))
        columns = list(map(self._columns.__getitem__, letters))
        # A row's number is said by each of its cells.
        rows = {said: (int(said) - 1) << COLUMN_BITS for said in set(digits)}
        places = list(map(or_, map(rows.__getitem__, digits), columns))
        is_plain = (
            bool(places) and min(numbers) > UNKNOWN and max(columns) <= MAX_COLUMN and max(places) <= _LAST
        )
        if is_plain and self._is_right_in_row and all(map(self._is_turn, filter(None, gaps[:-1]))):
            self._put(places, numbers)
        else:
            self._take_singly(parts, places, columns, numbers)
        self._pass_on(gaps[-1])

    def _is_turn(self, gap: bytes) -> bool:
        """Tells whether a gap is nothing but the end of a row and the start of one that can be seen."""
        turn = _TURN.fullmatch(gap)
        if not turn:
            return False
        is_seen = self._turns.get(turn[2])
        if is_seen is None:
            said = _ATTRIBUTE.findall(turn[2].decode())
            is_seen = (
                len(dict(said)) == len(said) and "r" not in dict(said) and self._handler.is_seen(dict(said))
            )
            self._turns[turn[2]] = is_seen
        return is_seen

    def _take_singly(
        self, parts: Sequence[bytes], places: Sequence[int], columns: Sequence[int], numbers: Sequence[int]
    ) -> None:
        begun = 0
        for at, (place, column, number) in enumerate(zip(places, columns, numbers, strict=True)):
            gap, letters, digits, rest = parts[4 * at : 4 * at + 4]
            if gap:
                self._put(places[begun:at], numbers[begun:at])
                begun = at
                self._pass_on(gap)
            if not self._is_right_in_row or number == UNKNOWN or column > MAX_COLUMN or place > _LAST:
                self._put(places[begun:at], numbers[begun:at])
                begun = at + 1
                self._pass_on(b'<c r="' + letters + digits + b'"' + rest)
        self._put(places[begun:], numbers[begun:])

    def _put(self, places: Sequence[int], numbers: Sequence[int]) -> None:
        if not places:
            return
        self._room.take_elements(len(places))
        self._handler.stand_at(places[-1] >> COLUMN_BITS, places[-1] & MAX_COLUMN)
        if min(numbers) == NOTHING:
            is_filled = [number != NOTHING for number in numbers]
            places, numbers = list(compress(places, is_filled)), list(compress(numbers, is_filled))
        self._sheet.put_run(array("Q", places), numbers)

    def _pass_on(self, gap: bytes) -> None:
        """Gives expat what stands between cells that were taken, and finds out where that leaves us."""
        bare = gap.strip(_BLANKS)
        if not bare:
            return
        self._expat.feed(gap)
        is_whole_tag = bare.endswith(b">") and bare.find(b">", bare.rfind(b"<")) == len(bare) - 1
        opened = self._expat.open
        self._is_right_in_row = (
            is_whole_tag and bool(opened) and opened[-1] == "row" and not self._handler.is_in_cell
        )

    def _number_of(self, rest: bytes) -> int:
        try:
            said = _CONTENT.fullmatch(rest.decode())
        except UnicodeDecodeError:
            # For expat to say.
            return UNKNOWN
        if not said or _NO_TEXT.search(said[0]):
            return UNKNOWN
        style, type_, value, text = said.groups()
        value = value or text
        return self._handler.number_of(style or "0", type_ or "n", value) if value else NOTHING


def _column(letters: bytes) -> int:
    return column_of(letters.decode())


def _whole_pieces(first: bytes, source: IO[bytes]) -> Iterator[bytes]:
    """Cuts a document in front of the end of a row where there is one, else behind a tag."""
    left = b""
    piece = first
    while piece:
        left += piece
        end = left.rfind(b"</row>")
        if end <= 0:
            end = left.rfind(b">") + 1 or (len(left) if len(left) > _LONGEST_PIECE else 0)
        yield left[:end]
        left = left[end:]
        piece = source.read(_PIECE)
    yield left
