"""tables: Sheet → Table…, and the balance of its filled rows: a person's, known to be nobody's, or lost."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby

from pipeline.domain import NO_VALUE, Cell, CellKind, Sheet
from pipeline.domain.turkish import IdentityNumber, squeeze
from pipeline.lists.form import Form, heading

# How far down the first heading row is looked for; below it a further one may stand anywhere.
_HEADING_ROWS = 400
# A row is about a person when one of these is filled; numbers and codes are often pre-filled.
PERSONAL = ("identity_number", "given_name", "family_name", "full_name", "born_on", "work_email")
_NAMES = ("given_name", "family_name", "full_name")
_CODES = ("kind", "card_reader", "term_years")
# Where people say that a row is a sample; a unit in a quarter called Örnek is none.
_SAYS_SAMPLE = ("number", "identity_number", "given_name", "full_name", "note", "kind_note")
# How many rows below a line for signatures may hold who signs.
_SIGNERS = 6
_LONGEST_HEADING = 200
_FEWEST_DIGITS = 5
# "T.C. Kimlik No: " and "Ağustos" are all that one writes around a number and in a date.
_MOST_LETTERS = 15
_MOST_WORDS_OF_A_LABEL = 4
_MOST_WORDS_OF_A_CAPTION = 8
# So much of what stands around a list is heard; a sheet full of other text is no list's.
_MOST_LINES = 30
_LONGEST_LINE = 300

Grid = dict[int, dict[int, Cell]]


class RowKind(StrEnum):
    """What a filled row of a sheet is; only a person's row makes a holder, and a lost one holds the mail."""

    PERSON = "person"
    LOST = "lost"
    SAMPLE = "sample"
    HEADING = "heading"
    LEGEND = "legend"
    SIGNATURE = "signature"
    TOTAL = "total"
    BANNER = "banner"
    # Above the headings, or without a cell that is about a person.
    IMPERSONAL = "impersonal"


@dataclass(frozen=True, slots=True)
class Row:
    """One person's row: its zero-based number, and its cells by column, those merged over it included.

    A cell that is merged over several rows keeps the address at which it is written.
    """

    at: int
    cells: Mapping[int, Cell]
    # What stands over it: titles above the headings, and the last line between rows ("VAZGEÇENLER").
    under: tuple[str, ...] = ()
    # What is said in comments at its cells.
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One list on a sheet: the columns of its fields, from `left` to `right`, and its persons' rows."""

    sheet: Sheet
    columns: Mapping[str, tuple[int, ...]]
    left: int
    right: int
    rows: tuple[Row, ...] = ()
    # What is written between and below its rows and is nobody's row.
    around: tuple[str, ...] = ()
    # What stands over its columns that are no fields.
    headed: Mapping[int, str] = field(default_factory=dict)
    # Cells of persons' rows within merged ranges → the first cell of the range.
    anchors: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def cells(self, row: Mapping[int, Cell], field: str) -> tuple[Cell, ...]:
        """Lists the filled cells of a field."""
        found = (row.get(c) for c in self.columns.get(field, ()))
        return tuple(cell for cell in found if cell and squeeze(cell.text))

    def own(self, row: Mapping[int, Cell], at: int) -> dict[int, Cell]:
        """Leaves a row of the sheet what stands in it and in this table's columns."""
        return {c: cell for c, cell in row.items() if self.left <= c <= self.right and cell.row == at}


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of every filled row of one sheet, by its zero-based number.

    Side by side two tables share a row, which is then as many things.
    """

    sheet: str
    seen: frozenset[int]
    kinds: tuple[tuple[int, RowKind], ...]

    def rows(self, kind: RowKind) -> tuple[int, ...]:
        """Lists the rows of a kind."""
        return tuple(at for at, is_ in self.kinds if is_ is kind)

    @property
    def unaccounted(self) -> tuple[int, ...]:
        """Lists the rows that may be a person's and made no holder, those that nobody looked at included."""
        known = {at for at, kind in self.kinds if kind is not RowKind.LOST}
        lost = {at for at, kind in self.kinds if kind is RowKind.LOST}
        return tuple(sorted(lost | (self.seen - known)))


def tables_of(sheet: Sheet, form: Form) -> tuple[tuple[Table, ...], Balance]:
    """Finds every list of a sheet, one below the other or side by side, and accounts for all filled rows.

    Without a heading row there are no tables; then only rows with a valid identity number are told as lost.
    """
    grid = merged_down(grid_of(sheet), sheet)
    reading = _Walk(sheet, grid, form)
    reading.read()
    seen = frozenset(
        at for at, row in grid.items() if any(c.row == at and squeeze(c.text) for c in row.values())
    )
    return tuple(reading.tables), Balance(sheet.name, seen, tuple(reading.kinds))


# --- cells ---------------------------------------------------------------------------------------


def grid_of(sheet: Sheet) -> Grid:
    """Puts the cells by row and column, without characters that nobody sees."""
    by_row = groupby(sorted(sheet.cells, key=lambda c: (c.row, c.column)), key=lambda c: c.row)
    return {row: {c.column: _seen(c) for c in cells} for row, cells in by_row}


def _seen(cell: Cell) -> Cell:
    text = visible(cell.text)
    return cell if text == cell.text else replace(cell, text=text)


def visible(text: str) -> str:
    """Takes out zero-width characters, soft hyphens and marks of direction.

    >>> visible("ay\\u200bse@\\u00adkurum\\ufeff")
    'ayse@kurum'
    """
    if text.isascii():
        return text
    return "".join(ch for ch in text if unicodedata.category(ch) != "Cf")


def merged_down(grid: Grid, sheet: Sheet) -> Grid:
    """Lets a cell that is merged over several rows stand in each of them that has anything in it."""
    filled = sorted(grid)
    ends: dict[int, int] = {}
    for r0, c0, r1, _ in sorted(sheet.merged):
        anchor = grid.get(r0, {}).get(c0)
        # Ranges that overlap were written by no spreadsheet, and would be walked again and again.
        if anchor is None or r1 == r0 or ends.get(c0, -1) >= r0 or not squeeze(anchor.text):
            continue
        ends[c0] = r1
        for at in _between(filled, r0 + 1, r1):
            grid[at].setdefault(c0, anchor)
    return grid


def _between(filled: Sequence[int], first: int, last: int) -> Iterator[int]:
    return iter(filled[bisect_left(filled, first) : bisect_right(filled, last)])


def _anchors(
    sheet: Sheet, rows: Sequence[int], columns: Sequence[int]
) -> dict[tuple[int, int], tuple[int, int]]:
    anchors: dict[tuple[int, int], tuple[int, int]] = {}
    ends: dict[int, int] = {}
    for r0, c0, r1, c1 in sorted(sheet.merged):
        for column in columns[bisect_left(columns, c0) : bisect_right(columns, c1)]:
            if ends.get(column, -1) < r0:
                ends[column] = r1
                anchors |= {(at, column): (r0, c0) for at in _between(rows, r0, r1)}
    return anchors


def holds_number(row: Mapping[int, Cell]) -> bool:
    """Tells whether somewhere in a row stands an identity number whose check digits hold."""
    return bool(numbers_in(row))


def numbers_in(row: Mapping[int, Cell]) -> set[str]:
    """Lists the identity numbers in a row whose check digits hold, fillers left out."""
    found: set[str] = set()
    for cell in row.values():
        if cell.kind in (CellKind.TEXT, CellKind.NUMBER):
            for digits in re.findall(
                r"(?<!\d)[1-9]\d{10}(?!\d)", re.sub(r"(?<=\d)[\s.](?=\d)", "", cell.text)
            ):
                number = IdentityNumber(digits)
                found |= {digits} if number.is_valid and not number.is_filler else set()
    return found


# --- headings ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Headings:
    """A heading row, or two joined by merged cells: how many rows, and the columns of each list in it."""

    depth: int
    lists: tuple[tuple[int, Mapping[str, tuple[int, ...]]], ...]

    @property
    def hits(self) -> int:
        """Counts the columns that are known."""
        return sum(len(at) for _, columns in self.lists for at in columns.values())


def headings_at(sheet: Sheet, grid: Grid, row: int, form: Form) -> Headings | None:
    """Reads a row as headings, alone or together with the one below; None where it is none."""
    alone = _headings(sheet, grid, row, 1, form)
    if _may_be_person(grid.get(row + 1, {}), alone, form):
        return alone
    joined = _headings(sheet, grid, row, 2, form)
    below = _headings(sheet, grid, row + 1, 1, form)
    if joined and joined.hits > max((h.hits for h in (alone, below) if h), default=0):
        return joined
    return alone


def _names_number(row: Mapping[int, Cell], form: Form) -> bool:
    """Tells whether a row may be headings: none is without one for the identity number."""
    texts = [c.text for c in row.values() if c.kind is CellKind.TEXT and len(c.text) <= _LONGEST_HEADING]
    return any("identity_number" in (form.fields_named(t) or form.fields_begun(t)) for t in texts)


def _may_be_person(row: Mapping[int, Cell], above: Headings | None, form: Form) -> bool:
    """Tells a person's row right below headings from their second line."""
    if any(
        cell.kind is not CellKind.TEXT or "@" in cell.text or len(_digits(cell.text)) >= _FEWEST_DIGITS
        for cell in row.values()
    ):
        return True
    columns = [c for _, found in (above.lists if above else ()) for f in _NAMES for c in found.get(f, ())]
    return any(c in row and not form.fields_named(row[c].text) for c in columns)


def _headings(sheet: Sheet, grid: Grid, row: int, depth: int, form: Form) -> Headings | None:
    texts = _heading_texts(sheet, grid, row, depth)
    starts = _starts(texts, form)
    lists = []
    for start, end in zip(starts, [*starts[1:], max(texts, default=0) + 1], strict=True):
        columns = _columns_of({c: t for c, t in texts.items() if start <= c < end}, form)
        if not _is_list(columns):
            # What stands right of a list and is none belongs to it: a second column of one field.
            columns = _columns_of(texts, form)
            return Headings(depth, ((0, columns),)) if _is_list(columns) else None
        lists.append((start, columns))
    return Headings(depth, tuple(lists)) if lists else None


def _starts(texts: Mapping[int, tuple[str, ...]], form: Form) -> list[int]:
    """Finds where lists begin: where headings of a person come again after a whole list."""
    starts = [0]
    had: set[str] = set()
    for at in sorted(texts):
        fields = _fields_of(texts[at], form)
        field = fields[0] if len(fields) == 1 else ""
        if field in had and field in ("number", *PERSONAL) and _is_list(had):
            starts.append(at)
            had = set()
        had |= {field} - {""}
    return starts


def _is_list(columns: Iterable[str]) -> bool:
    named = {*columns}
    return "identity_number" in named and ({"given_name", "family_name"} <= named or "full_name" in named)


def _heading_texts(sheet: Sheet, grid: Grid, row: int, depth: int) -> dict[int, tuple[str, ...]]:
    """Lists for each column what may be its heading, the most specific first."""
    parents = {c: cell.text for c, cell in grid.get(row, {}).items()}
    if depth == 1:
        return {c: (text,) for c, text in parents.items()}
    for r0, c0, r1, c1 in sheet.merged:
        if r0 <= row <= r1 and (anchor := grid.get(r0, {}).get(c0)):
            parents |= dict.fromkeys(range(c0, c1 + 1), anchor.text)
    children = {c: cell.text for c, cell in grid.get(row + 1, {}).items()}
    texts: dict[int, tuple[str, ...]] = {}
    for c in parents.keys() | children.keys():
        parent, child = parents.get(c, ""), children.get(c, "")
        texts[c] = (f"{parent} {child}", child, parent) if child else (parent,)
    return texts


def _fields_of(texts: tuple[str, ...], form: Form) -> tuple[str, ...]:
    # Whole headings first: "Açıklama" below "Kart Okuyucu" is no second "Kart Okuyucu ...".
    named = [find(text) for find in (form.fields_named, form.fields_begun) for text in texts]
    return next(filter(None, named), ())


def _columns_of(texts: Mapping[int, tuple[str, ...]], form: Form) -> dict[str, tuple[int, ...]]:
    order = [c.field for c in form.columns]
    columns: dict[str, list[int]] = {}
    left = -1
    for at in sorted(texts):
        fields = _fields_of(texts[at], form)
        if not fields:
            continue
        # A heading that stands twice in the form belongs to whatever stands to its left.
        field = next((f for f in fields if order.index(f) > left), fields[0])
        if len(fields) == 1:
            left = order.index(field)
        columns.setdefault(field, []).append(at)
    return {field: tuple(at) for field, at in columns.items()}


# --- rows ----------------------------------------------------------------------------------------


class _Walk:
    """One walk down a sheet: which lists are open, and what each row was taken for."""

    def __init__(self, sheet: Sheet, grid: Grid, form: Form) -> None:
        self.tables: list[Table] = []
        self.kinds: list[tuple[int, RowKind]] = []
        self._sheet, self._grid, self._form = sheet, grid, form
        self._open: list[_OpenTable] = []
        self._titles: list[str] = []

    def read(self) -> None:
        """Walks all rows, and closes the lists that were open at the end."""
        headings_end = -1
        for at in sorted(self._grid):
            if at < headings_end:
                self.kinds.append((at, RowKind.HEADING))
                continue
            found = self._headings(at)
            if found:
                self._start(found, at)
                headings_end = at + found.depth
                self.kinds.append((at, RowKind.HEADING))
            elif self._open:
                self.kinds += [(at, table.take(at, self._grid[at])) for table in self._open]
            else:
                lost = holds_number(self._grid[at])
                self._titles.append(_line_of(self._grid[at].values()))
                self.kinds.append((at, RowKind.LOST if lost else RowKind.IMPERSONAL))
        self._close()

    def _headings(self, at: int) -> Headings | None:
        if not self._open and at >= _HEADING_ROWS:
            return None
        # A long list is not compared with all headings in every row.
        if any(table.has_person(self._grid[at]) for table in self._open):
            return None
        if not any(_names_number(self._grid.get(row, {}), self._form) for row in (at, at + 1)):
            return None
        return headings_at(self._sheet, self._grid, at, self._form)

    def _start(self, found: Headings, at: int) -> None:
        self._close()
        lefts = [start for start, _ in found.lists]
        rights = [*(left - 1 for left in lefts[1:]), 1 << 20]
        texts = _heading_texts(self._sheet, self._grid, at, found.depth)
        for (left, columns), right in zip(found.lists, rights, strict=True):
            known = {c for columns_of_field in columns.values() for c in columns_of_field}
            headed = {c: squeeze(t[0]) for c, t in texts.items() if left <= c <= right and c not in known}
            longer = tuple(title for title in self._titles if not _is_caption(title))[:_MOST_LINES]
            table = Table(self._sheet, columns, left, right, around=longer, headed=headed)
            titles = tuple(title for title in self._titles if _is_caption(title))
            self._open.append(_OpenTable(table, self._form, at + found.depth - 1, titles))
        self._titles = []

    def _close(self) -> None:
        self.tables += [table.closed() for table in self._open]
        self._open = []


class _OpenTable:
    """One list while its rows are told apart."""

    def __init__(self, table: Table, form: Form, heading_row: int, titles: tuple[str, ...]) -> None:
        self._table, self._form = table, form
        self._titles, self._caption = titles, ""
        self._around: list[str] = [*table.around]
        self._rows: list[Row] = []
        # The last row that was about somebody, or the headings; a name alone right below is a person's.
        self._last = heading_row
        self._signed = -_SIGNERS - 1
        self._widths = {(r0, c0): c1 - c0 + 1 for r0, c0, _, c1 in table.sheet.merged}

    def closed(self) -> Table:
        """Gives the list with the rows of its persons."""
        columns = sorted({c for at in self._table.columns.values() for c in at})
        rows = [row.at for row in self._rows]
        return replace(
            self._table,
            rows=tuple(self._rows),
            around=tuple(self._around),
            anchors=_anchors(self._table.sheet, rows, columns),
        )

    def has_person(self, row: Mapping[int, Cell]) -> bool:
        """Tells whether a row has what only a person's has: the attempt of a number, or an address."""
        return self._has_number(row) or self._has_address(row)

    def take(self, at: int, row: Mapping[int, Cell]) -> RowKind:
        """Says what a row is, and keeps it if it is a person's."""
        own = self._table.own(row, at)
        kind = self._kind(at, own)
        if kind is RowKind.PERSON:
            inside = {c: cell for c, cell in row.items() if self._table.left <= c <= self._table.right}
            under = (*self._titles, *filter(None, [self._caption]))
            self._rows.append(Row(at, inside, under))
            self._last = at
            self._signed = -_SIGNERS - 1
        elif kind is RowKind.SIGNATURE and not at - self._signed <= _SIGNERS:
            self._signed = at
        if kind not in (RowKind.PERSON, RowKind.SAMPLE):
            self._hear(_line_of(own.values()))
        return kind

    def _hear(self, line: str) -> None:
        """Keeps what a line says that is nobody's row; a short one stands over the rows below it."""
        if len(line.split()) > 1 and len(self._around) < _MOST_LINES:
            self._around.append(line)
        if _is_caption(line):
            self._caption = line

    def _kind(self, at: int, own: Mapping[int, Cell]) -> RowKind:
        personal = [cell for field in PERSONAL for cell in self._table.cells(own, field)]
        if not personal:
            return RowKind.LOST if holds_number(own) else self._impersonal(own)
        if all(cell.text == NO_VALUE for cell in personal):
            return RowKind.LOST
        if self._is_sample(own):
            return RowKind.SAMPLE
        label = self._label(own)
        if label:
            return label
        if self._is_filled_in(own):
            return RowKind.PERSON
        if self._is_banner(at, own):
            return RowKind.BANNER
        if self._is_legend(own, personal):
            return RowKind.LEGEND
        if at - self._signed <= _SIGNERS and self._is_words(own):
            return RowKind.SIGNATURE
        # Half a person: what stands right below the others, or is numbered, is a row of the list.
        is_next = at == self._last + 1 or bool(self._table.cells(own, "number"))
        return RowKind.PERSON if is_next and len(own) > 1 else RowKind.LOST

    def _impersonal(self, own: Mapping[int, Cell]) -> RowKind:
        # Who signs may stand under any column.
        is_signature = self._is_words(own) and self._begins(own.values(), self._form.signature_words)
        return RowKind.SIGNATURE if is_signature else RowKind.IMPERSONAL

    def _label(self, own: Mapping[int, Cell]) -> RowKind | None:
        """Knows lines for signatures and totals by how a cell begins, and by how little is in them."""
        if len([c for c in own.values() if c.kind is CellKind.TEXT]) > _MOST_WORDS_OF_A_LABEL:
            return None
        for kind, words in (
            (RowKind.TOTAL, self._form.total_words),
            (RowKind.SIGNATURE, self._form.signature_words),
        ):
            if self._begins(own.values(), words):
                rest = {c: cell for c, cell in own.items() if not self._begins([cell], words)}
                if self.has_person(rest):
                    return None
                # "Hazırlayan: Ali, 0312 555 11 22" is nobody's row, or is it?
                is_sum = kind is RowKind.TOTAL
                doubt = self.has_person(own) or self._has_birth_date(rest)
                return RowKind.LOST if doubt or (self._has_codes(rest) and not is_sum) else kind
        return None

    def _is_filled_in(self, own: Mapping[int, Cell]) -> bool:
        return self.has_person(own) or self._has_birth_date(own) or len(self._known(own)) > 4

    def _known(self, own: Mapping[int, Cell]) -> list[str]:
        return [field for field in self._table.columns if self._table.cells(own, field)]

    def _has_number(self, row: Mapping[int, Cell]) -> bool:
        cells = self._table.cells(row, "identity_number")
        return any(_is_mostly_digits(cell.text, _FEWEST_DIGITS) for cell in cells)

    def _has_address(self, row: Mapping[int, Cell]) -> bool:
        return any("@" in cell.text for cell in self._table.cells(row, "work_email"))

    def _has_birth_date(self, row: Mapping[int, Cell]) -> bool:
        cells = self._table.cells(row, "born_on")
        return any(c.kind is CellKind.DATE or _is_mostly_digits(c.text, 4) for c in cells)

    def _has_codes(self, row: Mapping[int, Cell]) -> bool:
        return any(re.search(r"\d", c.text) for f in _CODES for c in self._table.cells(row, f))

    def _is_words(self, own: Mapping[int, Cell]) -> bool:
        """Tells whether nothing but a few texts stand in a row: a name, an office, a place for a seal."""
        cells = own.values()
        plain = all(c.kind is CellKind.TEXT and len(_digits(c.text)) < _FEWEST_DIGITS for c in cells)
        is_row = all(self._table.cells(own, f) for f in ("given_name", "family_name", "workplace"))
        return plain and len(own) <= _MOST_WORDS_OF_A_LABEL and not holds_number(own) and not is_row

    @staticmethod
    def _begins(cells: Iterable[Cell], words: Iterable[str]) -> bool:
        beginnings = tuple(heading(word) for word in words)
        return any(c.kind is CellKind.TEXT and heading(c.text).startswith(beginnings) for c in cells)

    def _is_sample(self, own: Mapping[int, Cell]) -> bool:
        words = {heading(w) for w in self._form.sample_words}
        numbers = {_digits(c.text) for c in self._table.cells(own, "identity_number")}
        if numbers & set(self._form.sample_numbers):
            return any(words & set(heading(cell.text).split()) for cell in own.values())
        # "11 haneli numara" is no number yet; with more digits somebody has filled the row in.
        says = [heading(c.text) for field in _SAYS_SAMPLE for c in self._table.cells(own, field)]
        return all(len(n) <= 2 for n in numbers) and any(
            text.split()[:1] in [[w] for w in words] for text in says
        )

    def _is_banner(self, at: int, own: Mapping[int, Cell]) -> bool:
        """Knows a line that is written over most of the list's columns: a title between rows."""
        if len(own) != 1:
            return False
        (column,) = own
        wide = self._widths.get((at, column), 1)
        return wide > max(3, sum(len(c) for c in self._table.columns.values()) // 2)

    def _is_legend(self, own: Mapping[int, Cell], personal: Sequence[Cell]) -> bool:
        if len(personal) != 1 or len(own) > 2 or personal[0].kind is not CellKind.TEXT:
            return False
        text = personal[0].text
        if self._begins(personal, self._form.legend_words):
            return True
        is_name = any(self._table.cells(own, f) for f in _NAMES) and re.fullmatch(
            r"[^\W\d_]+( [^\W\d_]+){0,4}", text
        )
        return not is_name and (len(text.split()) > 3 or bool(re.search(r"[:*(]", text)))


def _line_of(cells: Iterable[Cell]) -> str:
    """Joins the texts of a row that is nobody's."""
    return squeeze(" ".join(cell.text for cell in cells if cell.kind is CellKind.TEXT))[:_LONGEST_LINE]


def _is_caption(line: str) -> bool:
    return bool(heading(line)) and len(line.split()) <= _MOST_WORDS_OF_A_CAPTION


def _is_mostly_digits(text: str, fewest: int) -> bool:
    """Tells a number or a date, dressed up or not, from a sentence that has digits in it."""
    return len(_digits(text)) >= fewest and len(re.findall(r"[^\W\d]", text)) <= _MOST_LETTERS


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
