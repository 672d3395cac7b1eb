"""mirror: Sheet… + MarkingPlan → an .xlsx with the same sheets, rows and columns, marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING, Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.domain import Cell as Read
from pipeline.domain import CellKind, MarkingPlan, Sheet
from pipeline.lists.workbook import guarded, print_wide, same_bytes

# The same colours in a copy that was edited in place.
FILL = "FFFF66"
LINK = "0563C1"
# What a note shows without scrolling, in pixels.
NOTE_WIDTH = 320
NOTE_LINE = 18
NOTE_LETTERS = 48

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_WIDEST = 45
FRONT_WIDTHS = (22, 26, 60, 60, 24, 48)


def mirrored(sheets: Sequence[Sheet], plan: MarkingPlan, nameless: str) -> bytes:
    """Writes the sheets again as they were read, every text as text, with the plan's marks."""
    book = Workbook()
    front = book.active
    assert isinstance(front, Worksheet)
    front.title = plan.sheet
    titles = _titles(sheets, plan.sheet, nameless)
    for sheet in sheets:
        _write(book.create_sheet(titles[sheet.name]), sheet, plan)
    _write_front(front, plan, titles)
    return same_bytes(book)


def _titles(sheets: Sequence[Sheet], taken: str, nameless: str) -> Mapping[str, str]:
    """Gives each sheet a name that a workbook may have, its own wherever possible."""
    titles: dict[str, str] = {}
    used = {taken.casefold()}
    for sheet in sheets:
        bare = "".join(ch for ch in sheet.name if ch.isprintable() and ch not in "[]:*?/\\")
        wanted = title = bare.strip("' ")[:31] or nameless
        number = 2
        while title.casefold() in used:
            title = f"{wanted[:27]} {number}"
            number += 1
        used.add(title.casefold())
        titles[sheet.name] = title
    return titles


def _write(target: Worksheet, sheet: Sheet, plan: MarkingPlan) -> None:
    if not sheet.visible:
        target.sheet_state = "hidden"
    widths: dict[int, int] = {}
    for read in sheet.cells:
        if read.row >= _LAST_ROW or read.column >= _LAST_COLUMN:
            continue
        cell = target.cell(read.row + 1, read.column + 1)
        assert isinstance(cell, Cell)
        _put(cell, read)
        longest = max(map(len, read.text.split("\n")))
        if longest <= _WIDEST:
            widths[read.column] = max(widths.get(read.column, 9), longest)
    for column, width in widths.items():
        target.column_dimensions[get_column_letter(column + 1)].width = width + 2
    for row in sheet.hidden_rows:
        target.row_dimensions[row + 1].hidden = True
    for column in sheet.hidden_columns:
        target.column_dimensions[get_column_letter(column + 1)].hidden = True
    heading = plan.headings_in.get(sheet.name)
    print_wide(target, heading)
    for cell in target[heading] if heading else ():
        # Beside each other, as in the list it was: a long heading would run over its neighbours.
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    marks = [mark for mark in plan.marks if mark.sheet == sheet.name]
    _merge(target, sheet, {mark.cell for mark in marks})
    for mark in marks:
        cell = target[mark.cell]
        cell.fill = PatternFill("solid", start_color=FILL)
        text = ILLEGAL_CHARACTERS_RE.sub(" ", mark.comment)
        cell.comment = Comment(text, plan.author, height=note_height(text), width=NOTE_WIDTH)


def note_height(text: str) -> int:
    """Measures how high a note has to be to show its whole text, in pixels."""
    lines = sum(1 + len(line) // NOTE_LETTERS for line in text.split("\n"))
    return NOTE_LINE * (lines + 1)


def _put(cell: Cell, read: Read) -> None:
    match read.kind:
        case CellKind.NUMBER:
            number = float(read.text)
            cell.value = int(number) if number.is_integer() else number
            # Eleven digits in a narrow column would be shown as 1,23E+10.
            cell.number_format = "0" if number.is_integer() else "General"
        case CellKind.DATE:
            day = datetime.fromisoformat(read.text)
            cell.value = day if day.year >= 1900 else read.text
            cell.number_format = "dd/mm/yyyy"
        case CellKind.BOOLEAN:
            cell.value = read.text.casefold() in ("true", "1")
        case _:
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", read.text)[:32_767]
            # Said outright, and kept when somebody edits the cell: never a formula.
            cell.data_type = TYPE_STRING
            cell.quotePrefix = guarded(read.text) != read.text
            if "\n" in read.text:
                cell.alignment = Alignment(wrap_text=True, vertical="top")


def _merge(target: Worksheet, sheet: Sheet, marked: set[str]) -> None:
    filled = {(cell.row, cell.column) for cell in sheet.cells}
    for r0, c0, r1, c1 in sheet.merged[:1_000]:
        if r1 >= _LAST_ROW or c1 >= _LAST_COLUMN or (r1 - r0 + 1) * (c1 - c0 + 1) > 1_000:
            continue
        covered = [(r, c) for r in range(r0, r1 + 1) for c in range(c0, c1 + 1)][1:]
        # What lies under a merged cell would be lost, and a mark there could not be seen.
        if any(at in filled or f"{get_column_letter(at[1] + 1)}{at[0] + 1}" in marked for at in covered):
            continue
        target.merge_cells(start_row=r0 + 1, start_column=c0 + 1, end_row=r1 + 1, end_column=c1 + 1)


def _write_front(front: Worksheet, plan: MarkingPlan, titles: Mapping[str, str]) -> None:
    for at, line in enumerate(plan.lines, start=1):
        front.merge_cells(start_row=at, start_column=1, end_row=at, end_column=len(plan.headings))
        front.cell(at, 1, line).font = Font(bold=at == 1, size=14 if at == 1 else 11)
        front.cell(at, 1).alignment = Alignment(wrap_text=True, vertical="top")
        front.row_dimensions[at].height = 24 if at == 1 else 48
    top = len(plan.lines) + 2
    for column, heading in enumerate(plan.headings, start=1):
        front.cell(top, column, heading).font = Font(bold=True)
        front.cell(top, column).fill = PatternFill("solid", start_color="D6EAF8")
        front.column_dimensions[get_column_letter(column)].width = FRONT_WIDTHS[column - 1]
    for at, row in enumerate(plan.rows, start=top + 1):
        for column, text in enumerate(row.texts, start=1):
            cell = front.cell(at, column)
            assert isinstance(cell, Cell)
            cell.value = guarded(ILLEGAL_CHARACTERS_RE.sub("", text))
            cell.data_type = TYPE_STRING
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        front.row_dimensions[at].height = front_height(row.texts)
        link = front.cell(at, 1)
        assert isinstance(link, Cell)
        link.hyperlink = Hyperlink(ref=link.coordinate, location=location(titles[row.sheet], row.cell))
        link.font = Font(color=LINK, underline="single")
    front.freeze_panes = f"A{top + 1}"
    print_wide(front, top)


def front_height(texts: Sequence[str]) -> int:
    """Measures how high a line of the sheet of faults has to be, in points; programs do not agree on it."""
    return 15 * max(1 + len(text) // width for text, width in zip(texts, FRONT_WIDTHS, strict=True))


def location(title: str, cell: str) -> str:
    """Writes a cell's place as a link within the workbook names it.

    >>> location("Ali'nin listesi", "B7")
    "'Ali''nin listesi'!B7"
    """
    return "'" + title.replace("'", "''") + f"'!{cell}"
