"""sheets: cells ↔ Holder…, by the columns of rules/nes-list.toml, the same columns both ways."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.domain import Cell, CellKind, Holder, Sheet, column_letters
from pipeline.turkish import IdentityNumber, date_of, fold, number_date, squeeze, upper
from pipeline.turkish import heading as _heading

# The form's few aliases are compared with every cell of a long list.
heading = lru_cache(maxsize=4096)(_heading)

# How far down a heading row is looked for, and how many empty rows end a list (form guide).
_HEADING_ROWS = 40
_EMPTY_ROWS = 3
# A row is about a person when one of these is filled; numbers and codes are often pre-filled.
_PERSONAL = ("identity_number", "given_name", "family_name", "full_name", "born_on", "work_email")


class Column(BaseModel):
    """One column of the form: the field it holds, its heading, what people call it, its codes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    heading: str
    aliases: tuple[str, ...]
    example: str = ""
    codes: Mapping[str, tuple[str, ...]] = {}
    # Columns that people add but Kamu SM's form does not have are read and never written.
    written: bool = True
    # A list without such a column is an old or a home-made variant of the form.
    needed: bool = False


class Form(BaseModel):
    """FORM-001-003 as rules/nes-list.toml lays it out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: str
    title: str
    sheet: str
    because: str
    signature_words: tuple[str, ...]
    legend_words: tuple[str, ...]
    sample_words: tuple[str, ...]
    sample_numbers: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, field: str) -> Column:
        """Finds the column of a field."""
        return next(c for c in self.columns if c.field == field)

    @property
    def written_columns(self) -> tuple[Column, ...]:
        """Lists the columns that stand in a list we write, in their order."""
        return tuple(c for c in self.columns if c.written)


def load_form(raw: Mapping[str, Any]) -> Form:
    """Validates the parsed nes-list.toml; raises pydantic's ValidationError."""
    return Form.model_validate(raw)


@dataclass(frozen=True, slots=True)
class ListReading:
    """What a workbook says: its holders, or the name of why it says nothing ("" where it does).

    `lacks_columns` tells that a column which the form needs is not there at all.
    """

    holders: tuple[Holder, ...]
    why_none: str = ""
    lacks_columns: bool = False


def read_list(file: str, sheets: Sequence[Sheet], form: Form, serials_from: date) -> ListReading:
    """Reads every visible sheet that carries the form's headings.

    `serials_from` is day 0 of the workbook's date system, for birth dates left as plain numbers.
    Names of nothing read: "not_our_form", "list_without_rows", "sample_rows_only".
    """
    tables = [t for t in (_find_table(sheet, form) for sheet in sheets if sheet.visible) if t]
    if not tables:
        return ListReading((), "not_our_form")
    holders: list[Holder] = []
    samples = 0
    for table in tables:
        for row in _person_rows(table, form):
            if _is_sample(row, table, form):
                samples += 1
            else:
                holders.append(_holder(file, table, row, form, serials_from))
    if holders:
        return ListReading(tuple(holders), lacks_columns=any(_lacks_columns(t, form) for t in tables))
    return ListReading((), "sample_rows_only" if samples else "list_without_rows")


def _lacks_columns(table: _Table, form: Form) -> bool:
    names = ("given_name", "family_name") if "full_name" in table.columns else ()
    return any(c.needed and c.field not in table.columns and c.field not in names for c in form.columns)


# --- finding the table -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    sheet: Sheet
    first_row: int
    columns: Mapping[str, tuple[int, ...]]

    def cells(self, row: Mapping[int, Cell], field: str) -> tuple[Cell, ...]:
        found = (row.get(c) for c in self.columns.get(field, ()))
        return tuple(cell for cell in found if cell and squeeze(cell.text))


_Grid = dict[int, dict[int, Cell]]


def _grid(sheet: Sheet) -> _Grid:
    by_row = groupby(sorted(sheet.cells, key=lambda c: (c.row, c.column)), key=lambda c: c.row)
    return {row: {c.column: c for c in cells} for row, cells in by_row}


def _find_table(sheet: Sheet, form: Form) -> _Table | None:
    grid = _grid(sheet)
    best: tuple[int, _Table] | None = None
    for row in [r for r in grid if r < _HEADING_ROWS]:
        for depth in (1, 2):
            texts = _heading_texts(sheet, grid, row, depth)
            columns = _columns_of(texts, form)
            if not _is_heading_row(columns):
                continue
            hits = sum(len(at) for at in columns.values())
            if best is None or hits > best[0]:
                best = (hits, _Table(sheet, row + depth, columns))
    return best[1] if best else None


def _is_heading_row(columns: Mapping[str, Sequence[int]]) -> bool:
    named = ("given_name" in columns and "family_name" in columns) or "full_name" in columns
    return named and "identity_number" in columns


def _heading_texts(sheet: Sheet, grid: _Grid, row: int, depth: int) -> dict[int, tuple[str, ...]]:
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


def _columns_of(texts: Mapping[int, tuple[str, ...]], form: Form) -> dict[str, tuple[int, ...]]:
    order = [c.field for c in form.columns]
    columns: dict[str, list[int]] = {}
    left = -1
    for at in sorted(texts):
        # Whole headings first: "Açıklama" below "Kart Okuyucu" is no second "Kart Okuyucu ...".
        named = [find(text, form) for find in (_fields_named, _fields_begun) for text in texts[at]]
        fields = next(filter(None, named), ())
        if not fields:
            continue
        # A heading that stands twice in the form belongs to whatever stands to its left.
        field = next((f for f in fields if order.index(f) > left), fields[0])
        if len(fields) == 1:
            left = order.index(field)
        columns.setdefault(field, []).append(at)
    return {field: tuple(at) for field, at in columns.items()}


def _fields_named(text: str, form: Form) -> tuple[str, ...]:
    printed = heading(text)
    return tuple(c.field for c in form.columns if printed in {heading(a) for a in c.aliases} - {""})


def _fields_begun(text: str, form: Form) -> tuple[str, ...]:
    """Finds "Kurumsal E-posta" in "Kurumsal E-posta (yalnız saglik.gov.tr)": a long alias, more behind it."""
    printed = heading(text)
    longest = 0
    found: tuple[str, ...] = ()
    for column in form.columns:
        for alias in map(heading, column.aliases):
            if len(alias) > max(longest, 7) and printed.startswith(alias + " "):
                longest, found = len(alias), (column.field,)
    return found


# --- finding the rows --------------------------------------------------------------------------


def _person_rows(table: _Table, form: Form) -> Iterator[dict[int, Cell]]:
    grid = _grid(table.sheet)
    empty = 0
    for at in range(table.first_row, max(grid, default=-1) + 1):
        row = grid.get(at, {})
        if _ends_list(row, table, form):
            return
        if not any(table.cells(row, field) for field in _PERSONAL):
            # A pre-numbered row is empty; so is one in which only codes are filled in beforehand.
            empty += 1
            if empty == _EMPTY_ROWS and not _more_below(grid, at, table):
                return
            continue
        empty = 0
        if not _is_legend(row, table, form):
            yield row


def _more_below(grid: _Grid, at: int, table: _Table) -> bool:
    """Tells whether a row with an identity number stands below a gap: a person is never dropped."""
    return any(
        re.search(r"\d{11}", re.sub(r"\s", "", cell.text))
        for row in grid
        if row > at
        for cell in table.cells(grid[row], "identity_number")
    )


def _ends_list(row: Mapping[int, Cell], table: _Table, form: Form) -> bool:
    # A signature may stand under any column; a person has a number, or the attempt of one.
    if any(re.search(r"\d", cell.text) for cell in table.cells(row, "identity_number")):
        return False
    words = [heading(cell.text) for cell in row.values() if cell.kind is CellKind.TEXT]
    ends = [heading(word) for word in form.signature_words]
    return len(words) <= 4 and any(text.startswith(end) for text in words for end in ends)


def _is_legend(row: Mapping[int, Cell], table: _Table, form: Form) -> bool:
    filled = [cell for field in _PERSONAL for cell in table.cells(row, field)]
    if len(filled) != 1 or len(row) > 2:
        return False
    text = filled[0].text
    if heading(text).startswith(tuple(heading(word) for word in form.legend_words)):
        return True
    return filled[0].kind is CellKind.TEXT and (len(text.split()) > 3 or bool(re.search(r"[:*(]", text)))


def _is_sample(row: Mapping[int, Cell], table: _Table, form: Form) -> bool:
    numbers = {re.sub(r"\D", "", c.text) for c in table.cells(row, "identity_number")}
    words = {word for cell in row.values() for word in heading(cell.text).split()}
    return bool(
        numbers & set(form.sample_numbers) and words & {heading(w) for w in form.sample_words}
    ) or bool(not _eleven_digits(numbers) and words & {heading(w) for w in form.sample_words})


def _eleven_digits(numbers: Iterable[str]) -> bool:
    return any(len(n) == 11 and n != "11111111110" for n in numbers)


# --- reading one row ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Value:
    """What a cell gives: a value, or the name of why not; and how an unusual one was understood."""

    value: Any = None
    unclear: str = ""
    understood: str = ""


def _holder(file: str, table: _Table, row: Mapping[int, Cell], form: Form, serials_from: date) -> Holder:
    values: dict[str, Any] = {}
    cells: dict[str, str] = {}
    written: dict[str, str] = {}
    understood: dict[str, str] = {}
    unclear: dict[str, str] = {}
    at = min(cell.row for cell in row.values())
    for column in form.columns:
        if column.field not in table.columns:
            continue
        found = table.cells(row, column.field)
        cells[column.field] = (
            found[0].address if found else column_letters(table.columns[column.field][0]) + str(at + 1)
        )
        if not found:
            continue
        written[column.field] = squeeze(found[0].text)
        if len({fold(c.text) for c in found}) > 1:
            reading = _Value(unclear="two_columns")
        else:
            reading = _read_cell(found[0], column, serials_from)
        if reading.unclear:
            unclear[column.field] = reading.unclear
        if reading.understood:
            understood[column.field] = reading.understood
        values[column.field] = reading.value
    if "full_name" in values and "given_name" not in table.columns:
        names = _divided_name(values["full_name"])
        for field, name in (("given_name", names.value[0]), ("family_name", names.value[1])):
            cells[field], written[field] = cells["full_name"], written["full_name"]
            values[field] = name
            if names.unclear:
                unclear[field] = names.unclear
            if names.understood:
                understood[field] = names.understood
    fields = {f for f in Holder.__dataclass_fields__ if f in values}
    return Holder(
        file=file,
        sheet=table.sheet.name,
        row=at + 1,
        is_hidden=at in table.sheet.hidden_rows,
        cells=cells,
        written=written,
        understood=understood,
        unclear=unclear,
        **{f: values[f] for f in fields},
    )


def _read_cell(cell: Cell, column: Column, serials_from: date) -> _Value:
    if cell.kind is CellKind.ERROR:
        return _Value(unclear="cell_error")
    if column.codes:
        return _code(cell.text, column)
    if column.field == "identity_number":
        return _identity_number(cell)
    if column.field == "born_on":
        return _birth_date(cell, serials_from)
    if column.field == "work_email":
        return _email(cell.text)
    return _Value(squeeze(unicodedata.normalize("NFC", cell.text)))


def identity_number_of(cell: Cell) -> IdentityNumber | None:
    """Reads an identity number as people and programs write it; None where the cell holds none."""
    value = None if cell.kind is CellKind.ERROR else _identity_number(cell).value
    return value if isinstance(value, IdentityNumber) else None


def _identity_number(cell: Cell) -> _Value:
    text = squeeze(unicodedata.normalize("NFKC", cell.text))
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


def _birth_date(cell: Cell, serials_from: date) -> _Value:
    if cell.kind is CellKind.DATE:
        return _Value(date.fromisoformat(cell.text[:10]))
    text = squeeze(unicodedata.normalize("NFKC", cell.text)).strip("'’ ")
    if cell.kind is CellKind.NUMBER:
        if not re.fullmatch(r"\d{4,5}", text) or not 3000 < int(text) < 60000:
            return _Value(unclear="not_a_date")
        return _Value(serials_from + timedelta(days=int(text)), understood="date_from_serial")
    if re.fullmatch(r"\d{1,2}\s?[./\- ]\s?\d{1,2}\s?[./\- ]\s?\d{2}", text):
        return _Value(unclear="two_digit_year")
    day = date_of(re.sub(r"^(\d{1,2})[ ,](\d{1,2})[ ,](\d{4})$", r"\1.\2.\3", text))
    return _Value(day) if day else _Value(unclear="not_a_date")


def _email(text: str) -> _Value:
    bare = re.sub(r"(?i)^mailto:", "", squeeze(unicodedata.normalize("NFKC", text))).strip("<>;., ")
    return _Value(bare, understood="email_tidied" if bare != text.strip() else "")


def _code(text: str, column: Column) -> _Value:
    bare = squeeze(unicodedata.normalize("NFKC", text)).strip("'’ ")
    if len({fold(code) for code in column.codes} & {fold(re.sub(r"[.,]0+$", "", bare))}) == 1:
        code = re.sub(r"[.,]0+$", "", bare)
        return _Value(next(c for c in column.codes if fold(c) == fold(code)))
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
