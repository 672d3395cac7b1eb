"""sheets: cells ↔ Holder…, by the columns of rules/nes-list.toml, the same columns both ways."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain
from typing import Any

from rapidfuzz.fuzz import ratio

from pipeline.domain import NO_VALUE, UNDER, Cell, CellKind, Holder, Sheet, column_letters
from pipeline.domain.turkish import IdentityNumber, date_of, fold, number_date, squeeze, upper
from pipeline.lists.form import Column, Form, heading
from pipeline.lists.tables import PERSONAL, Balance, Row, RowKind, Table, grid_of, numbers_in, tables_of


@dataclass(frozen=True, slots=True)
class ListReading:
    """What a workbook says: its holders, or the name of why it says nothing ("" where it does).

    `lacking` are headings of the form that no column has; `near` are headings in the file that look like
    one of those. `unaccounted` are rows ("7", or "Sayfa2 7" of another sheet) that may be a person's and
    made no holder, `samples` those that are nobody's by the word of whoever wrote them. `beside` are identity
    numbers that stand on a sheet and in no row that is told.
    """

    holders: tuple[Holder, ...]
    why_none: str = ""
    lacking: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    unaccounted: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    balances: tuple[Balance, ...] = ()
    beside: tuple[IdentityNumber, ...] = ()


def read_list(file: str, sheets: Sequence[Sheet], form: Form, serials_from: date) -> ListReading:
    """Reads every list on every visible sheet, and accounts for each filled row of them.

    `serials_from` is day 0 of the workbook's date system, for birth dates left as plain numbers.
    Names of nothing read: "not_our_form", "one_column", "heading_mistyped", "list_without_rows",
    "sample_rows_only", and "too_large" where too much would have to be heard beside each of the rows.
    """
    shown = [sheet for sheet in sheets if sheet.visible]
    found = [tables_of(sheet, form) for sheet in shown]
    balances = tuple(balance for _, balance in found)
    tables = [table for tables, _ in found for table in tables]
    if not tables:
        return _no_list(shown, form, balances)
    elsewhere = tuple(
        line
        for sheet, (lists, _) in zip(shown, found, strict=True)
        if not lists
        for line in _lines(sheet, form)
    )
    tables = [replace(t, around=(*t.around, *elsewhere)) for t in (_with_comments(t, form) for t in tables)]
    holders = [*_within(h for table in tables for h in _holders(file, table, form, serials_from))]
    if _laid(holders) > _MOST_LAID:
        return ListReading((), "too_large", balances=balances)
    lost = tuple(_lost(shown, balances, holders))
    samples = [(s, b, at) for s, b in zip(shown, balances, strict=True) for at in b.rows(RowKind.SAMPLE)]
    why = "" if holders or lost else "sample_rows_only" if samples else "list_without_rows"
    printed = {s.name: _printed_samples(s, form) for s, _, _ in samples}
    lacking = tuple(dict.fromkeys(name for table in tables for name in _lacking(table, form)))
    return ListReading(
        holders=tuple(holders),
        why_none=why,
        lacking=lacking,
        near=tuple(n for sheet in shown for n in near_headings(sheet, form)) if lacking else (),
        unaccounted=lost,
        samples=tuple(_named(b, at, balances) for s, b, at in samples if at not in printed[s.name]),
        balances=balances,
        beside=tuple(_beside(shown, balances, _known(tables, holders), form)),
    )


def _no_list(sheets: Sequence[Sheet], form: Form, balances: tuple[Balance, ...]) -> ListReading:
    """Says why there is no list on any sheet."""
    near = tuple(dict.fromkeys(n for sheet in sheets for n in near_headings(sheet, form)))
    is_one_column = any(map(_is_one_column, sheets))
    why = "one_column" if is_one_column else "heading_mistyped" if near else "not_our_form"
    return ListReading((), why, near=near, balances=balances)


# What is said over and around a list goes with each of its rows: so many letters in all.
_MOST_LAID = 5_000_000


def _within(holders: Iterable[Holder]) -> Iterator[Holder]:
    """Gives holders until more is laid to them than may be."""
    laid = 0
    for holder in holders:
        yield holder
        laid += _laid([holder])
        if laid > _MOST_LAID:
            return


def _laid(holders: Iterable[Holder]) -> int:
    return sum(len(holder.written.get(place, "")) for holder in holders for place in ("over", "around"))


# So many rows of sheets without a list are heard, each up to this many letters.
_MOST_LINES, _LONGEST_LINE, _MOST_GENERAL = 500, 300, 100


def _lines(sheet: Sheet, form: Form) -> Iterable[str]:
    """Gives what the rows of a sheet without a list say, each under the sheet's name; none of ours."""
    if heading(sheet.name) in map(heading, form.own_sheets):
        return
    grid = grid_of(sheet)
    for at in sorted(grid)[:_MOST_LINES]:
        text = " ".join(cell.text for cell in grid[at].values())
        yield squeeze(f"{sheet.name}: {text}")[:_LONGEST_LINE]
    for said in dict.fromkeys(comment.text for comment in sheet.comments[:_MOST_LINES]):
        yield squeeze(f"{sheet.name}: {said}")[:_LONGEST_LINE]


def _lacking(table: Table, form: Form) -> Iterable[str]:
    names = ("given_name", "family_name") if "full_name" in table.columns else ()
    return (
        squeeze(c.heading.split("\n")[0])
        for c in form.columns
        if c.needed and c.field not in table.columns and c.field not in names
    )


def _lost(sheets: Sequence[Sheet], balances: Sequence[Balance], holders: Iterable[Holder]) -> Iterable[str]:
    """Names the rows that may be a person's and made no holder, copies of holders left out."""
    known = {h.identity_number.digits for h in holders if h.identity_number}
    for sheet, balance in zip(sheets, balances, strict=True):
        lost, has_people = balance.unaccounted, bool(balance.rows(RowKind.PERSON))
        grid = grid_of(sheet) if lost else {}
        for at in lost:
            numbers = numbers_in(grid[at])
            if not numbers or numbers - known or has_people:
                yield _named(balance, at, balances)


def _beside(
    sheets: Sequence[Sheet], balances: Sequence[Balance], own: Collection[str], form: Form
) -> Iterable[IdentityNumber]:
    """Gives the numbers that stand beside rows, in boxes, comments and margins, and are no row's `own`."""
    known = {*own}
    for sheet, balance in zip(sheets, balances, strict=True):
        if heading(sheet.name) in map(heading, form.own_sheets):
            continue
        told = {at for at, kind in balance.kinds if kind in (RowKind.LOST, RowKind.SAMPLE)}
        # A number has as many letters at least, and most cells hold less.
        cells = (c for c in sheet.cells if len(c.text) >= _DIGITS and c.row not in told)
        said = (replace(c, text=text) for c in sheet.comments if (text := _their_words(c.text, form)))
        for cell in chain(cells, said):
            found = numbers_in({0: cell}) - known if cell.text not in known else set()
            known |= found
            yield from map(IdentityNumber, sorted(found))


_DIGITS = 11


def _known(tables: Sequence[Table], holders: Sequence[Holder]) -> Collection[str]:
    """Gives the numbers of rows, as they are written and as they are read."""
    rows = ((table, row) for table in tables for row in table.rows)
    cells = ((*table.cells(row.cells, "identity_number"),) for table, row in rows)
    written = (digits for found in cells for digits in numbers_in(dict(enumerate(found))))
    return {*written, *(h.identity_number.digits for h in holders if h.identity_number)}


def _their_words(comment: str, form: Form) -> str:
    """Gives what a comment says without the lines that we wrote into it."""
    ours = tuple(map(fold, form.own_comments))
    return squeeze(" ".join(line for line in comment.splitlines() if not fold(line).startswith(ours)))


def _printed_samples(sheet: Sheet, form: Form) -> set[int]:
    """Finds the samples that a form comes with, and not those that hold something real."""
    examples = {heading(form.column("identity_number").example), *form.sample_numbers}
    return {cell.row for cell in sheet.cells if heading(cell.text) in examples}


def _named(balance: Balance, at: int, balances: Sequence[Balance]) -> str:
    with_rows = [b for b in balances if b.seen]
    return str(at + 1) if len(with_rows) < 2 or not balance.sheet else f"{balance.sheet} {at + 1}"


def _is_one_column(sheet: Sheet) -> bool:
    """Tells a table of text that was opened without being split: all of it stands in one column."""
    rows = [cell.text for cell in sheet.cells if cell.kind is CellKind.TEXT]
    if len({cell.column for cell in sheet.cells}) != 1 or len(rows) < 2:
        return False
    return any(sum(row.count(mark) >= 4 for row in rows) * 2 > len(rows) for mark in ";,\t|")


# How much of a heading must be as the form prints it to be that heading mistyped, in percent.
_MISTYPED = 75


def near_headings(sheet: Sheet, form: Form) -> tuple[str, ...]:
    """Lists headings like those of the form that are none, in a row where at least three others are.

    Each is written as it stands, with the heading that it looks like.
    """
    grid = grid_of(sheet)
    for at in [at for at in sorted(grid) if at < 40]:
        row = [cell.text for cell in grid[at].values() if cell.kind is CellKind.TEXT and len(cell.text) <= 80]
        known = {f for text in row for f in form.fields_named(text) or form.fields_begun(text)}
        if len(known) < 3:
            continue
        strange = [text for text in row if not (form.fields_named(text) or form.fields_begun(text))]
        missing = [c for c in form.columns if c.field not in known and c.needed]
        pairs = [(squeeze(text), c) for text in strange for c in missing if _looks_like(text, c)]
        return tuple(f"{text} → {squeeze(column.heading.split(chr(10))[0])}" for text, column in pairs)
    return ()


def _looks_like(text: str, column: Column) -> bool:
    return any(ratio(heading(text), heading(alias)) >= _MISTYPED for alias in column.aliases)


# --- reading one row ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Value:
    """What a cell gives: a value, or the name of why not; and how an unusual one was understood."""

    value: Any = None
    unclear: str = ""
    understood: str = ""


def _holders(file: str, table: Table, form: Form, serials_from: date) -> Iterator[Holder]:
    """Reads the persons of one list, and what their cells and columns say against them."""
    looks = {(look.row, look.column): look.name for look in table.sheet.looks}
    swapped = _swapped_dates(table, looks)
    shared = _shared_cells(table)
    eyes = _Eyes(form, serials_from, looks, _Lines.of(table.around))
    for row in table.rows:
        holder = _holder(file, table, row, eyes)
        doubts = dict(reversed(list(_doubts(table, row, looks))))
        if address := _of_two_people(table, row, shared):
            doubts["two_people"] = address
        if row.at in swapped:
            doubts["dates_swapped"] = holder.written.get("born_on", "")
        yield replace(holder, doubts=doubts) if doubts else holder


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines around a list, by the words in them; `pointing` tell of a place in the list."""

    lines: tuple[str, ...]
    by_word: Mapping[str, Sequence[int]]
    pointing: frozenset[int]

    @classmethod
    def of(cls, lines: tuple[str, ...]) -> _Lines:
        """Takes lines apart once for all rows."""
        by_word: dict[str, list[int]] = {}
        for at, line in enumerate(lines):
            for word in {*heading(line).split()}:
                by_word.setdefault(word, []).append(at)
        return cls(lines, by_word, frozenset(at for at, line in enumerate(lines) if re.search(r"\d", line)))

    def about(self, words: Iterable[str]) -> Sequence[str]:
        """Gives the lines that may be about somebody: by a name, or else by a place in the list."""
        named = {at for word in words for at in self.by_word.get(word, ())}
        return [self.lines[at] for at in sorted(named | self.pointing)]


@dataclass(frozen=True, slots=True)
class _Eyes:
    """What a row is read with: the form, day 0 of the workbook's dates, its cells' looks, what is around."""

    form: Form
    serials_from: date
    looks: Looks
    around: _Lines


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of one field of a row: where, what stands there (None for nothing), and what it means."""

    cell: str
    written: str | None = None
    value: _Value = _Value()


def _holder(file: str, table: Table, row: Row, eyes: _Eyes) -> Holder:
    seen = {
        column.field: _seen(table, row, column, eyes)
        for column in eyes.form.columns
        if column.field in table.columns
    }
    full = seen.get("full_name")
    if full and full.written is not None and "given_name" not in table.columns:
        seen |= _names_in(full)
    filled = {field: one for field, one in seen.items() if one.written is not None}
    values = {field: one.value.value for field, one in filled.items()}
    written = {field: one.written for field, one in filled.items() if one.written is not None}
    return Holder(
        file=file,
        sheet=table.sheet.name,
        row=row.at + 1,
        is_hidden=row.at in table.sheet.hidden_rows,
        cells={field: one.cell for field, one in seen.items()},
        written={**written, **_said_beside(table, row, values, eyes.around)},
        understood={f: one.value.understood for f, one in filled.items() if one.value.understood},
        unclear={f: one.value.unclear for f, one in filled.items() if one.value.unclear},
        **{f: values[f] for f in Holder.__dataclass_fields__ if f in values},
    )


def _seen(table: Table, row: Row, column: Column, eyes: _Eyes) -> _Seen:
    """Reads the cell of one field; two columns that contradict give none."""
    found = table.cells(row.cells, column.field)
    if not found:
        return _Seen(_empty_cell(table, row, column.field))
    if len({fold(c.text) for c in found}) > 1:
        value = _Value(unclear="two_columns")
    else:
        value = _read_cell(found[0], column, eyes.serials_from, eyes.looks)
    return _Seen(found[0].address, _as_seen(found[0]), value)


def _names_in(full: _Seen) -> Mapping[str, _Seen]:
    """Divides the names that stand in one cell."""
    names = _divided_name(full.value.value)
    parts = zip(("given_name", "family_name"), names.value, strict=True)
    return {field: replace(full, value=replace(names, value=name)) for field, name in parts}


def _with_comments(table: Table, form: Form) -> Table:
    """Lays comments at persons' rows to these, those above them over the list, and the rest around it."""
    people = {row.at for row in table.rows}
    of_rows: dict[int, list[str]] = {}
    for comment in table.sheet.comments:
        # In full, up to what the scanner gives: programs put hundreds of letters of theirs before a comment.
        if text := _their_words(comment.text, form):
            of_rows.setdefault(comment.row, []).append(text)
    if not people or not of_rows:
        return table
    over = [text for at, texts in of_rows.items() if at < min(people) for text in texts]
    others = [text for at, texts in of_rows.items() if at not in people for text in texts]
    rows = (
        replace(row, comments=tuple(of_rows.get(row.at, ())), under=(*row.under, *over)) for row in table.rows
    )
    return replace(table, rows=tuple(rows), around=(*table.around, *others))


def _said_beside(table: Table, row: Row, values: Mapping[str, Any], lines: _Lines) -> Mapping[str, str]:
    """Gives what is written beside a row's fields, over it, and around the list by a name of its own."""
    known = {at for columns in table.columns.values() for at in columns}
    others = {at: c for at, c in row.cells.items() if at not in known and squeeze(c.text)}
    beside = [c.text for c in others.values() if c.kind is CellKind.TEXT]
    headed = [f"{table.headed.get(at, '')}{UNDER}{c.text}" for at, c in others.items()]
    own = heading(f"{values.get('given_name') or ''} {values.get('family_name') or ''}").split()
    # What may be about all of them is kept once.
    general = table.around[:_MOST_GENERAL] if row is table.rows[0] else ()
    said = {
        "general": general,
        "beside": beside,
        "headed": headed,
        "comments": row.comments,
        "over": (table.sheet.name, *row.under),
        "around": lines.about(own),
    }
    return {
        place: _BREAK.join(filter(None, map(squeeze, texts))) for place, texts in said.items() if any(texts)
    }


# Between things that were said in different places.
_BREAK = "; "


def _shared_cells(table: Table) -> frozenset[tuple[int, int]]:
    """Finds cells about one person that are merged over the rows of several."""
    return frozenset(
        (cell.row, cell.column)
        for row in table.rows
        for field in PERSONAL
        for cell in table.cells(row.cells, field)
        if cell.row != row.at
    )


def _of_two_people(table: Table, row: Row, shared: frozenset[tuple[int, int]]) -> str:
    """Names a cell of a row that seems to be about somebody else as well; "" for none."""
    cells = {field: table.cells(row.cells, field) for field in PERSONAL}
    for cell in (cell for found in cells.values() for cell in found):
        if (cell.row, cell.column) in shared:
            return cell.address
    # A given name over a family name is one person; two lines in both cells are two.
    broken = [found[0] for f in ("given_name", "family_name") if (found := cells[f]) and _is_broken(found[0])]
    return broken[0].address if len(broken) > 1 else ""


def _is_broken(cell: Cell) -> bool:
    return len([line for line in cell.text.splitlines() if squeeze(line)]) > 1


def _as_seen(cell: Cell) -> str:
    """Writes what stands in a cell as a letter may quote it: days as people write them."""
    if cell.kind is not CellKind.DATE:
        return squeeze(cell.text)
    return number_date(date.fromisoformat(cell.text[:10])) + cell.text[10:16].replace("T", " ")


def _empty_cell(table: Table, row: Row, field: str) -> str:
    """Names where a missing value belongs; of merged cells that is the first, the only one to be seen."""
    column = table.columns[field][0]
    at = table.anchors.get((row.at, column), (row.at, column))
    return column_letters(at[1]) + str(at[0] + 1)


# (row, column) → name of what people see of a cell and its value does not tell
Looks = Mapping[tuple[int, int], str]


def _doubts(table: Table, row: Row, looks: Looks) -> Iterator[tuple[str, str]]:
    """Finds what people see of a row's cells, or do not see, and their values do not tell."""
    hidden = set(table.sheet.hidden_columns)
    merges = [area for area in table.sheet.merged if area[0] <= row.at <= area[2]]
    for field in table.columns:
        for cell in table.cells(row.cells, field):
            look = looks.get((cell.row, cell.column))
            if look in ("struck", "unseen", "covered"):
                yield look, cell.address
            # Of merged cells people see the first; some programs keep what stands in the others.
            is_covered = any(
                c0 <= cell.column <= c1 and (r0, c0) != (cell.row, cell.column) for r0, c0, _, c1 in merges
            )
            if is_covered and field in (*PERSONAL, "workplace", *_CODED):
                yield "unseen", cell.address
            if cell.column in hidden and field in (*PERSONAL, "workplace", *_CODED):
                yield "unseen", cell.address


_CODED = ("kind", "card_reader", "term_years", "payment")


def _swapped_dates(table: Table, looks: Looks) -> frozenset[int]:
    """Finds birth dates whose day and month a program may have swapped when it opened the list.

    It takes 03/04/1985 for March and makes a date of it, while 25/04/1985 is no day to it and stays text:
    then all dates are of a day up to 12, and no text is. A format with the month first tells the same.
    """
    cells = [(row.at, cell) for row in table.rows for cell in table.cells(row.cells, "born_on")]
    days = [(at, c, date.fromisoformat(c.text[:10])) for at, c in cells if c.kind is CellKind.DATE]
    if any(day.day > 12 for _, _, day in days):
        return frozenset()
    texts = [
        re.match(r"\s*['’]?(\d{1,2})\s?[./-]\s?(\d{1,2})\s?[./-]", c.text)
        for _, c in cells
        if c.kind is CellKind.TEXT
    ]
    leads = [int(text[1]) for text in texts if text]
    is_split = bool(leads) and min(leads) > 12
    return frozenset(
        at
        for at, cell, day in days
        if day.day != day.month and (is_split or looks.get((cell.row, cell.column)) == "month_first")
    )


def _read_cell(cell: Cell, column: Column, serials_from: date, looks: Looks) -> _Value:
    if cell.kind is CellKind.ERROR:
        return _Value(unclear="not_calculated" if cell.text == NO_VALUE else "cell_error")
    if column.codes:
        return _code(cell, column)
    if column.field == "identity_number":
        return _identity_number(cell)
    if column.field == "born_on":
        return _birth_date(cell, serials_from, looks.get((cell.row, cell.column), ""))
    if column.field == "work_email":
        return _email(cell.text)
    return _Value(squeeze(unicodedata.normalize("NFC", cell.text)))


def identity_number_of(cell: Cell) -> IdentityNumber | None:
    """Reads an identity number as people and programs write it; None where the cell holds none."""
    value = None if cell.kind is CellKind.ERROR else _identity_number(cell).value
    return value if isinstance(value, IdentityNumber) else None


def _identity_number(cell: Cell) -> _Value:
    text = squeeze(unicodedata.normalize("NFKC", cell.text))
    if cell.kind is CellKind.NUMBER and text.startswith("-"):
        return _Value(unclear="not_a_number")
    bare = re.sub(r"(?i)^t\.?\s?c\.?(\s*(kimlik)?\s*no)?\s*[:.\-]?\s*", "", text).strip("'’‘` ")
    if re.fullmatch(r"\d[.,]\d+[eE]\+?\d+", bare):
        return _Value(unclear="digits_lost")
    bare = re.sub(r"[.,]0+$", "", bare)
    digits = re.sub(r"[\s.\-]", "", bare)
    if not re.fullmatch(r"[0-9]+", digits):
        return _Value(unclear="not_a_number")
    if len(digits) != 11:
        return _Value(unclear="not_eleven_digits")
    tidied = cell.kind is CellKind.TEXT and digits != cell.text
    return _Value(IdentityNumber(digits), understood="number_tidied" if tidied else "")


def _birth_date(cell: Cell, serials_from: date, look: str) -> _Value:
    if cell.kind is CellKind.DATE:
        # Midnight of one day is ten in the evening of the one before, where a program counts in UTC.
        if len(cell.text) > 10:
            return _Value(unclear="time_of_day")
        if look in ("no_day", "no_year"):
            return _Value(unclear=look)
        return _Value(date.fromisoformat(cell.text))
    text = squeeze(unicodedata.normalize("NFKC", cell.text)).strip("'’ ")
    if cell.kind is CellKind.NUMBER:
        if not re.fullmatch(r"\d{4,5}", text) or not 3000 < int(text) < 60000:
            return _Value(unclear="not_a_date")
        return _Value(serials_from + timedelta(days=int(text)), understood="date_from_serial")
    if re.fullmatch(r"\d{1,2}\s?[./\- ]\s?\d{1,2}\s?[./\- ]\s?\d{2}", text):
        return _Value(unclear="two_digit_year")
    text = re.sub(r"[ T]00[:.]00([:.]00)?$", "", text)
    day = date_of(re.sub(r"^(\d{1,2})[ ,](\d{1,2})[ ,](\d{4})$", r"\1.\2.\3", text))
    if day and re.search(r"\d[:.]\d\d$", text) and re.search(r"[ T-]\d\d[:.]\d\d", text):
        return _Value(unclear="time_of_day")
    return _Value(day) if day else _Value(unclear="not_a_date")


def _email(text: str) -> _Value:
    bare = re.sub(r"(?i)^mailto:", "", squeeze(unicodedata.normalize("NFKC", text))).strip("<>;., ")
    return _Value(bare, understood="email_tidied" if bare != text.strip() else "")


def _code(cell: Cell, column: Column) -> _Value:
    bare = squeeze(unicodedata.normalize("NFKC", cell.text)).strip("'’ ")
    # A 2 in a cell that is set to show dates; writing 2 again would give the same.
    if cell.kind is CellKind.DATE or date_of(bare):
        return _Value(unclear="code_as_date")
    if len({fold(code) for code in column.codes} & {fold(re.sub(r"[.,]0+$", "", bare))}) == 1:
        code = re.sub(r"[.,]0+$", "", bare)
        return _Value(next(c for c in column.codes if fold(c) == fold(code)))
    if "?" in bare:
        # Whoever asks does not say.
        return _Value(unclear="unknown_code")
    by_word = _codes_named(bare, column)
    if lead := re.fullmatch(r"(\d)\s*[-–.:)=(/ ]\s*(.+)", bare):
        number, words = lead[1], _codes_named(lead[2], column)
        if not by_word and number in column.codes:
            if words and number not in words:
                return _Value(unclear="code_and_word_differ")
            return _Value(number, understood="code_from_words") if words else _Value(unclear="unknown_code")
    if tail := re.fullmatch(r"(.+?)\s*[-–:(]\s*(\d)\)?", bare):
        words, number = _codes_named(tail[1], column), tail[2]
        if words and number not in words:
            return _Value(unclear="code_and_word_differ")
        by_word = by_word or words
    if len(by_word) == 1:
        return _Value(next(iter(by_word)), understood="code_from_words")
    return _Value(unclear="unknown_code")


def _codes_named(text: str, column: Column) -> set[str]:
    # "-" is an alias of its own, and `heading` would drop it.
    printed = heading(text) or text.strip()
    return {code for code, words in column.codes.items() if printed in {heading(w) or w for w in words}}


def _divided_name(full: str | None) -> _Value:
    """Divides a combined name where that is no guess: two words, or the family name in capitals."""
    words = (full or "").split()
    if len(words) == 2:
        return _Value((words[0], words[1]), understood="name_divided")
    capitals = [w for w in words if w == upper(w)]
    if len(words) > 2 and 0 < len(capitals) < len(words) and words[-len(capitals) :] == capitals:
        given = words[: -len(capitals)]
        return _Value((" ".join(given), " ".join(capitals)), understood="name_divided")
    return _Value((None, None), unclear="name_not_divisible")


# --- writing rows ------------------------------------------------------------------------------


def list_row(number: int, holder: Holder, form: Form) -> tuple[str, ...]:
    """Writes a holder as one row of the form, every cell a text, identity number in full."""
    return tuple(_written(number, holder, column.field) for column in form.written_columns)


def _written(number: int, holder: Holder, field: str) -> str:
    if field == "number":
        return str(number)
    value = getattr(holder, field, None)
    if isinstance(value, IdentityNumber):
        return value.digits
    if isinstance(value, date):
        return number_date(value)
    # No workbook can hold control characters, and one of them must not keep everybody's list here.
    return squeeze("".join(ch if ch.isprintable() else " " for ch in value or ""))
