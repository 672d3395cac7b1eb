"""kamusm_answers: cells + rules/kamusm-answer.toml → what Kamu SM says of each person on a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from pydantic import Field

from pipeline.domain import Cell, Sheet
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, validated
from pipeline.domain.turkish import IdentityNumber, heading, squeeze
from pipeline.lists.form import Form
from pipeline.lists.sheets import identity_number_of

Result = Literal["accepted", "returned", "unclear"]
# How far down the headings are looked for.
_HEADING_ROWS = 40
# What may stand between a result and its reason in one cell.
_BREAK = re.compile(r"\s*(?:[:;,(]|\s[–-]\s)\s*")


class AnswerForm(OfficialFile):
    """How an answer is laid out, and the words of its results, with texts that prove them."""

    because: str
    # What an official is told of a mail from Kamu SM; with no `say` it is passed over, as it was.
    say: str
    remedy: str
    doubted: str
    result: tuple[str, ...] = Field(min_length=1)
    reason: tuple[str, ...] = Field(min_length=1)
    accepted: tuple[str, ...] = Field(min_length=1)
    returned: tuple[str, ...] = Field(min_length=1)
    accepts: tuple[str, ...] = Field(min_length=1)
    rejects: tuple[str, ...] = Field(min_length=1)
    doubts: tuple[str, ...] = Field(min_length=1)

    def meaning(self, text: str) -> Result:
        """Tells what a result says; unclear is every word that is not known: nothing is guessed."""
        said = heading(_BREAK.split(squeeze(text), maxsplit=1)[0])
        if said in map(heading, self.accepted):
            return "accepted"
        return "returned" if said in map(heading, self.returned) else "unclear"

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each text that means something else than it should."""
        proofs: tuple[tuple[Result, tuple[str, ...]], ...] = (
            ("accepted", self.accepts),
            ("returned", self.rejects),
            ("unclear", self.doubts),
        )
        for wanted, texts in proofs:
            for text in texts:
                if self.meaning(text) != wanted:
                    yield OperatorFault("answer_example", file=path, example=text, wanted=wanted)


def load_answer_form(raw: Mapping[str, Any]) -> AnswerForm:
    """Validates kamusm-answer.toml by its own texts; raises OperatorFault."""
    return validated("rules/kamusm-answer.toml", raw, AnswerForm)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What an answer says of one person, and where it stands; without a number it cannot be read."""

    sheet: str
    row: int
    identity_number: IdentityNumber | None
    result: Result
    reason: str

    @property
    def place(self) -> str:
        """Names the row for a person to find."""
        return f"{self.sheet}, {self.row}"


def read_answer(sheets: Sequence[Sheet], answer: AnswerForm, form: Form) -> tuple[AnswerRow, ...]:
    """Reads every visible sheet that has a column of identity numbers and one of results."""
    return tuple(row for sheet in sheets if sheet.visible for row in _rows(sheet, answer, form))


def _rows(sheet: Sheet, answer: AnswerForm, form: Form) -> Iterator[AnswerRow]:
    cells = sorted(sheet.cells, key=lambda cell: (cell.row, cell.column))
    grid = {at: {c.column: c for c in row} for at, row in groupby(cells, key=lambda cell: cell.row)}
    numbers = {heading(alias) for alias in form.column("identity_number").aliases}
    for top in [at for at in grid if at < _HEADING_ROWS]:
        number = _column(grid[top], numbers)
        result = _column(grid[top], {heading(name) for name in answer.result})
        if number is None or result is None:
            continue
        right = {column: cell for column, cell in grid[top].items() if column > result}
        reason = _column(right, {heading(name) for name in answer.reason})
        for at in (at for at in grid if at > top):
            row = grid[at]
            if any(column in row and squeeze(row[column].text) for column in (number, result)):
                yield _row(sheet.name, at, row, (number, result, reason), answer)
        return


def _column(row: Mapping[int, Cell], names: set[str]) -> int | None:
    return next((column for column, cell in row.items() if heading(cell.text) in names), None)


def _row(
    sheet: str,
    at: int,
    row: Mapping[int, Cell],
    columns: tuple[int, int, int | None],
    answer: AnswerForm,
) -> AnswerRow:
    number, result, reason = columns
    said = squeeze(row[result].text) if result in row else ""
    told = squeeze(row[reason].text) if reason is not None and reason in row else ""
    behind = _BREAK.split(said, maxsplit=1)[1:]
    return AnswerRow(
        sheet=sheet,
        row=at + 1,
        identity_number=identity_number_of(row[number]) if number in row else None,
        result=answer.meaning(said),
        reason=told or (behind[0].rstrip(") ") if behind else ""),
    )
