"""cells: stored values → cells, the same for every kind of workbook."""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import lt

from pipeline.domain import Cell, CellKind, Cells, Look, Sheet
from pipeline.domain.files import COLUMN_BITS
from pipeline.domain.turkish import fold
from pipeline.sandbox.scanner.limits import MAX_CELLS, Allowance, Unreadable

# Excel's own bounds; what lies outside them was not written by a spreadsheet.
MAX_ROW = 1_048_575
MAX_COLUMN = 16_383
_LAST_SERIAL = 2_958_465
# Whoever types a 2 into a cell that shows days means a 2: nobody on a list is born in the first year.
_FIRST_YEAR = 367
# Lower rows and narrower columns, in points and in letters, are there and not to be seen.
LEAST_HEIGHT = 3.0
LEAST_WIDTH = 0.4
# A longer comment is told in parts, and a sheet with more of them is not heard at all.
_MOST_COMMENTS, _LONGEST_COMMENT = 2000, 1000
_MAX_MERGED = 20_000
# So many drawings are told apart, and so many cells looked at for what lies over them.
_MOST_DRAWN, _MOST_COVERED = 2_000, 200_000

Area = tuple[int, int, int, int]
EVERYWHERE: Area = (0, 0, MAX_ROW, MAX_COLUMN)

# Colours, conditions, locales, quoted words, escaped letters and fillers say nothing about dates.
_DECORATION = re.compile(r'\[[^\]]*\]|"[^"]*"|\\.|_.|\*.|AM/PM|A/P|General', re.IGNORECASE)
_DAY_LETTERS = re.compile(r"[dy]", re.IGNORECASE)
_MONTH = re.compile(r"m", re.IGNORECASE)
_CLOCK = re.compile(r"[hs]", re.IGNORECASE)
_BUILT_IN_DATES = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58})


def shows_date(format_id: int, code: str | None) -> bool:
    """Tells whether a number format shows a day; times of day alone do not count.

    >>> shows_date(14, None), shows_date(164, "[$-41F]dd/mm/yyyy;@"), shows_date(164, '0.00 "adet"')
    (True, True, False)
    >>> shows_date(164, "h:mm:ss"), shows_date(164, "mmm"), shows_date(11, "0.00E+00")
    (False, True, False)
    """
    if code is None:
        return format_id in _BUILT_IN_DATES
    bare = _DECORATION.sub("", code).split(";")[0]
    return bool(_DAY_LETTERS.search(bare) or (_MONTH.search(bare) and not _CLOCK.search(bare)))


_BUILT_IN_LOOKS = {16: "no_year", 17: "no_day"}
_DAY_NUMBER = re.compile(r"(?<!d)d{1,2}(?!d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Style:
    """What a cell's style says: whether a number is shown as a day, and the name of a `Look`, or ""."""

    shows_date: bool = False
    look: str = ""


INK, PAPER = "000000", "FFFFFF"
# So little between the reds, greens and blues of two colours that nobody sees it.
_ALIKE = 16


# Letters of so few points are dust to whoever reads the list.
LEAST_LETTERS = 4.0


def are_alike(letters: str, ground: str) -> bool:
    """Tells whether letters cannot be seen on their ground; a colour without digits is like itself alone.

    >>> are_alike("FEFEFE", "FFFFFF"), are_alike("000000", "000000"), are_alike("808080", "FFFFFF")
    (True, True, False)
    """
    if letters == ground:
        return bool(letters)
    if not (_HEXADECIMAL.fullmatch(letters) and _HEXADECIMAL.fullmatch(ground)):
        return False
    pairs = zip(bytes.fromhex(letters), bytes.fromhex(ground), strict=True)
    return max(abs(one - other) for one, other in pairs) <= _ALIKE


_HEXADECIMAL = re.compile("[0-9A-F]{6}")


def style(format_id: int, code: str | None, is_struck: bool, is_unseen: bool) -> Style:
    """Makes a style of a number format and of how its letters are set."""
    dated = shows_date(format_id, code)
    if is_struck:
        return Style(dated, "struck")
    if is_unseen or (code and hides(code)):
        return Style(dated, "unseen")
    return Style(dated, date_look(format_id, code) if dated else "")


def hides(code: str) -> bool:
    """Tells whether a number format shows something else than the value, or says more beside it.

    Its first section is for numbers, with a condition its first two; the fourth is for words.

    >>> hides('"İPTAL"'), hides("0;0;0;"), hides('d mmmm" iptal"'), hides('0 "TL"'), hides("d mmmm yyyy;@")
    (True, True, True, False, False)
    """
    if len(code) > _LONGEST_CODE:
        return True
    sections = _SECTION.split(code)
    of_numbers = sections[: 1 + bool(_CONDITION.search(code))]
    return any(map(_says_otherwise, [*of_numbers, *sections[3:4]]))


def _says_otherwise(section: str) -> bool:
    said = "".join(quoted or escaped for quoted, escaped in _LITERAL.findall(section))
    words = (word for word in re.findall(r"[^\W\d_]{2,}", said) if fold(word) not in _UNITS)
    return any(words) or not _PLACE.search(_LITERAL.sub("", section))


# At semicolons that are no part of a word in quotes.
_SECTION = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]')
_CONDITION = re.compile(r"\[[<>=]")
# Where the value stands, or a part of a day or time.
_PLACE = re.compile(r"[0#?@dmyehs]|general", re.IGNORECASE)
# Excel takes no longer one.
_LONGEST_CODE = 255
# What people have behind a number, and that says nothing more of it.
_UNITS = frozenset({"tl", "try", "kr", "yil", "ay", "gun", "adet", "kisi", "no", "tel", "dahili", "ext"})


def date_look(format_id: int, code: str | None) -> str:
    """Names what a date's format leaves out, or that it has the month first; "" where it is as people write.

    >>> date_look(164, "mmm yy"), date_look(164, "mm/dd/yyyy"), date_look(164, "d mmmm")
    ('no_day', 'month_first', 'no_year')
    >>> date_look(164, "[$-41F]d mmmm yyyy;@"), date_look(14, "m/d/yy"), date_look(164, "dddd yyyy")
    ('', '', 'no_day')
    """
    # Number 14 is shown as each desk likes it, whatever a file says of it.
    if code is None or format_id in _BUILT_IN_DATES:
        return _BUILT_IN_LOOKS.get(format_id, "")
    bare = _DECORATION.sub(" ", code).split(";")[0].lower()
    day = _DAY_NUMBER.search(bare)
    if not day:
        return "no_day"
    if "y" not in bare and "e" not in bare:
        return "no_year"
    is_month_first = bare.find("m") < day.start() and not bare.lstrip(" ").startswith("y")
    return "month_first" if "m" in bare and is_month_first else ""


def date_text(serial: float, since_1904: bool) -> str | None:
    """Writes a serial date as ISO 8601, by the workbook's own date system; None where it is no day.

    >>> date_text(32874.0, False), date_text(31412.0, True), date_text(44197.75, False)
    ('1990-01-01', '1990-01-01', '2021-01-01T18:00:00')
    >>> date_text(60.0, False), date_text(0.5, False)
    (None, None)
    """
    if not 1 <= serial <= _LAST_SERIAL:
        return None
    if since_1904:
        start = datetime(1904, 1, 1)
    elif serial >= 61:
        start = datetime(1899, 12, 30)
    elif serial < 60:
        start = datetime(1899, 12, 31)
    else:
        # Excel's 29 February 1900 never was.
        return None
    try:
        moment = start + timedelta(days=int(serial), seconds=round(serial % 1 * 86400))
    except OverflowError:
        return None
    return iso_text(moment)


def iso_text(moment: datetime) -> str:
    """Writes a moment as a day, or as a day and a time where there is one."""
    if moment.hour or moment.minute or moment.second:
        return moment.isoformat(timespec="seconds")
    return moment.date().isoformat()


def number_text(value: float) -> str:
    """Writes a number as Python does, whole numbers without a point.

    >>> number_text(10000000146.0), number_text(0.1), number_text(1e300)
    ('10000000146', '0.1', '1e+300')
    """
    # From here on a float cannot tell neighbouring whole numbers apart, and must not look as if it could.
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def number_cell(value: float, as_date: bool, since_1904: bool) -> tuple[CellKind, str]:
    """Says what a number is: a day where its format shows one.

    >>> number_cell(32874.0, True, False), number_cell(32874.0, False, False)
    ((<CellKind.DATE: 'date'>, '1990-01-01'), (<CellKind.NUMBER: 'number'>, '32874'))
    """
    if not math.isfinite(value):
        return CellKind.ERROR, "#NUM!"
    if as_date and value >= _FIRST_YEAR and (day := date_text(value, since_1904)):
        return CellKind.DATE, day
    return CellKind.NUMBER, number_text(value)


@dataclass(slots=True)
class SheetInProgress:
    """Collects what one sheet holds, within limits, and becomes a `Sheet`."""

    name: str
    allowance: Allowance
    since_1904: bool = False
    visible: bool = True
    merged: list[Area] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    _looks: list[Look] = field(default_factory=list)
    _comments: list[Cell] = field(default_factory=list)
    # How cells look to people because of what is drawn over them.
    _drawn: dict[tuple[Area, str], None] = field(default_factory=dict)
    _places: array[int] = field(default_factory=lambda: array("Q"))
    # Which of the words stands in each place, and of every word its kind and its letters.
    _numbers: array[int] = field(default_factory=lambda: array("I"))
    _known: dict[CellKind, dict[str, int]] = field(default_factory=lambda: {kind: {} for kind in CellKind})
    _words: list[str] = field(default_factory=list)
    _kinds: list[CellKind] = field(default_factory=list)
    _letters: array[int] = field(default_factory=lambda: array("I"))
    is_in_order: bool = True

    def put(self, row: int, column: int, kind: CellKind, text: str) -> None:
        """Adds a filled cell; an empty text fills nothing."""
        if not text:
            return
        if not (0 <= row <= MAX_ROW and 0 <= column <= MAX_COLUMN):
            raise Unreadable("damaged_file")
        self.allowance.take_cell(len(text))
        place = place_of(row, column)
        self.is_in_order = self.is_in_order and (not self._places or place > self._places[-1])
        self._places.append(place)
        self._numbers.append(self.number_of(kind, text))

    def number_of(self, kind: CellKind, text: str) -> int:
        """Gives the number of a word for `put_run`."""
        known = self._known[kind]
        number = known.get(text)
        if number is None:
            number = known[text] = len(self._words)
            self._words.append(text)
            self._kinds.append(kind)
            self._letters.append(len(text))
        return number

    def put_run(self, places: array[int], numbers: Sequence[int]) -> None:
        """Adds many cells without a look, each by its place, which lies within a sheet, and its word."""
        if not places:
            return
        self.allowance.take_cells(len(places), sum(map(self._letters.__getitem__, numbers)))
        follows = not self._places or places[0] > self._places[-1]
        self.is_in_order = self.is_in_order and follows and all(map(lt, places, places[1:]))
        self._places += places
        self._numbers.extend(numbers)

    def put_number(self, row: int, column: int, value: float, as_date: bool) -> None:
        """Adds a number, as a day where its format shows one."""
        self.put(row, column, *number_cell(value, as_date, self.since_1904))

    def holds(self, row: int, column: int) -> bool:
        """Tells whether a cell is filled, in a sheet that is in order so far."""
        place = place_of(row, column)
        at = bisect_left(self._places, place)
        return at < len(self._places) and self._places[at] == place

    def look(self, row: int, column: int, name: str) -> None:
        """Adds what people see of a filled cell; "" is nothing worth telling."""
        if not name or not self._places or self._places[-1] != place_of(row, column):
            return
        if is_told(name, self._kinds[self._numbers[-1]]):
            self._looks.append(Look(row, column, name))

    def comment(self, row: int, column: int, text: str) -> None:
        """Adds what a comment says, which takes up what a cell does."""
        if not text.strip():
            return
        self.allowance.take_cell(len(text))
        for part in _parts(text):
            if len(self._comments) >= _MOST_COMMENTS:
                raise Unreadable("too_large")
            self._comments.append(Cell(row, column, CellKind.TEXT, part))

    def draw_over(self, area: Area, look: str) -> None:
        """Notes that something was drawn over cells; of more than can be told apart any may lie anywhere."""
        if len(self._drawn) < _MOST_DRAWN:
            self._drawn[area, look] = None
        else:
            self._drawn[EVERYWHERE, "covered"] = None

    def put_boolean(self, row: int, column: int, value: bool) -> None:
        """Adds a truth value."""
        self.put(row, column, CellKind.BOOLEAN, "true" if value else "false")

    def merge(self, area: Area) -> None:
        """Adds a merged range; one cell alone is none."""
        r0, c0, r1, c1 = area
        if r0 > r1 or c0 > c1 or r1 > MAX_ROW or c1 > MAX_COLUMN:
            raise Unreadable("damaged_file")
        if (r0, c0) != (r1, c1):
            self.merged.append(area)
        if len(self.merged) > _MAX_MERGED:
            raise Unreadable("too_large")

    def hide_row(self, row: int) -> None:
        """Adds a hidden row."""
        self.hidden_rows.add(row)
        if len(self.hidden_rows) > MAX_CELLS:
            raise Unreadable("too_large")

    def hide_columns(self, first: int, last: int) -> None:
        """Adds a run of hidden columns."""
        self.hidden_columns.append((first, last))
        if len(self.hidden_columns) > MAX_COLUMN:
            raise Unreadable("too_large")

    def finished(self) -> Sheet:
        """Gives the sheet; two values for one cell are damage, and hidden blanks are left out."""
        if not self.is_in_order:
            self._put_in_order()
        # Forms hide everything right of and below their last column and row, a million rows at times.
        last_row = self._places[-1] >> COLUMN_BITS if self._places else -1
        self._known.clear()
        # Of a long list it is dear, and asked for only where a column is hidden.
        places = self._places if self.hidden_columns else ()
        last_column = max((place & MAX_COLUMN for place in places), default=-1)
        looks = (*self._looks, *self._drawn_over())
        # A long list is not kept twice while it is packed.
        columns = b"".join((self._places, self._numbers))
        self._places, self._numbers = array("Q"), array("I")
        del places
        return Sheet(
            self.name,
            Cells.packed_of(self._words, self._kinds, columns),
            self.visible,
            tuple(self.merged),
            tuple(sorted(row for row in self.hidden_rows if row <= last_row)),
            tuple(sorted(_columns(self.hidden_columns, last_column))),
            self.since_1904,
            looks,
            tuple(self._comments),
        )

    def _drawn_over(self) -> Iterator[Look]:
        """Finds the filled cells that drawings lie over: to people they are hidden, or crossed out."""
        looks: dict[int, str] = {}
        left = _MOST_COVERED
        for (r0, c0, r1, c1), look in self._drawn:
            first = bisect_left(self._places, place_of(max(r0, 0), 0))
            last = bisect_left(self._places, place_of(min(r1, MAX_ROW) + 1, 0))
            left -= max(last - first, 0)
            if left < 0:
                # What nobody looked at may be crossed out.
                raise Unreadable("too_large")
            looks |= {at: look for at in self._places[first:last] if c0 <= at & MAX_COLUMN <= c1}
        for at in sorted(looks):
            yield Look(at >> COLUMN_BITS, at & MAX_COLUMN, looks[at])

    def _put_in_order(self) -> None:
        order = sorted(range(len(self._places)), key=self._places.__getitem__)
        self._places = array("Q", map(self._places.__getitem__, order))
        if not all(map(lt, self._places, self._places[1:])):
            raise Unreadable("damaged_file")
        self._numbers = array("I", map(self._numbers.__getitem__, order))


def _parts(text: str) -> Iterator[str]:
    """Cuts a long text between words, where it has any."""
    at = 0
    while len(text) - at > _LONGEST_COMMENT:
        end = max(text.rfind(blank, at + 1, at + _LONGEST_COMMENT) for blank in " \n")
        end = end if end > at else at + _LONGEST_COMMENT
        yield text[at:end]
        at = end
    yield text[at:]


def column_of(letters: str) -> int:
    """Counts a column's letters, from zero.

    >>> column_of("A"), column_of("XFD")
    (0, 16383)
    """
    column = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z" or column > MAX_COLUMN:
            raise Unreadable("damaged_file")
        column = column * 26 + ord(letter) - 64
    return column - 1


def place_of(row: int, column: int) -> int:
    """Makes one number of a row and a column, by which cells are in order."""
    return row << COLUMN_BITS | column


def is_told(look: str, kind: CellKind) -> bool:
    """Tells whether a look says anything of a cell of that kind."""
    # A format tells something of dates alone.
    return look in ("struck", "unseen") or kind is CellKind.DATE


def _columns(runs: Iterable[tuple[int, int]], last: int) -> set[int]:
    return {column for first, end in runs for column in range(max(first, 0), min(end, last) + 1)}
