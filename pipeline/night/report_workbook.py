"""report_workbook: Report → the bytes of a workbook with a sheet per section; same report, same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from math import ceil
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING, Cell
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.domain.turkish import quotable
from pipeline.lists.workbook import guarded, same_bytes
from pipeline.night.charts import COLOURS, Chart
from pipeline.night.report import ALIKE, Report, Section, Value, Words
from pipeline.night.report import shown as spelled
from pipeline.night.sheet_rows import Set, content_of, row_of, with_rows

_HEAD_ROW = 4
_INK, _PALE = "1A5276", "5F6A72"
_LINE = Side(style="thin", color="DFE4E8")
_FORMATS: tuple[tuple[type, str], ...] = (
    (datetime, "DD.MM.YYYY HH:MM"),
    (date, "DD.MM.YYYY"),
    (timedelta, "[H]:MM:SS"),
    (Decimal, '#,##0.00" TL"'),
    (int, "#,##0"),
)
_MEASURED = (int, Decimal, date, timedelta)
_TEXT = "@"
_NARROWEST, _WIDEST = 9, 60
# Excel takes 32,767 characters in a cell; nobody reads so many.
_LONGEST = 2000
_LINE_HEIGHT = 15.0
_FONT = "Calibri"


def write_report(report: Report) -> bytes:
    """Writes the summary and a sheet for every section, empty or not: every night looks the same."""
    book = Workbook()
    for form in (*dict(_FORMATS).values(), _TEXT):
        book.add_named_style(_style(form))
    summary = book.active
    assert isinstance(summary, Worksheet)
    _summarise(summary, report)
    shown = [s for s in report.sections if s.lines or s.is_named]
    sheets = [(section, book.create_sheet(section.sheet)) for section in shown]
    data = book.create_sheet(report.words["data_sheet"])
    cells = _Cells(report.words, _style_numbers(summary))
    filled: dict[str, Callable[[bytes], bytes]] = {}
    for at, (section, sheet) in enumerate(sheets, start=2):
        filled[f"xl/worksheets/sheet{at}.xml"] = _fill(sheet, section, report.words, cells)
        if section.chart:
            _add_chart(sheet, data, section.chart, len(section.columns) + 2)
    _print_wide(data)
    return same_bytes(book, filled)


def _style_numbers(sheet: Worksheet) -> Mapping[str, int]:
    """Tells by which numbers the book of a sheet knows the styles of our formats."""
    numbers = {}
    for form in (*dict(_FORMATS).values(), _TEXT):
        cell = Cell(sheet, 1, 1)
        cell.style = form
        numbers[form] = cell.style_id
    return numbers


def _style(form: str) -> NamedStyle:
    """Makes the style of all cells of one format: named once, it costs a cell nothing."""
    return NamedStyle(
        name=form,
        font=Font(_FONT, size=11),
        border=Border(bottom=_LINE),
        alignment=Alignment(vertical="top", wrap_text=form == _TEXT),
        number_format=form,
    )


def _summarise(sheet: Worksheet, report: Report) -> None:
    words = report.words
    sheet.title = words["summary_sheet"]
    _head(sheet, report.title, report.period)
    rows: list[tuple[str, int]] = [(f.label, f.value) for f in report.figures]
    for column, heading in enumerate((words["figure"], words["value"]), start=1):
        _heading(sheet, column, heading, column == 2)
    for at, (label, value) in enumerate(rows, start=_HEAD_ROW + 1):
        _put(sheet, at, 1, label, report)
        _put(sheet, at, 2, value, report)
    for at, line in enumerate(report.opening, start=_HEAD_ROW + len(rows) + 2):
        _put(sheet, at, 1, line, report)
    sheet.column_dimensions["A"].width = 30
    sheet.column_dimensions["B"].width = 12
    _finish(sheet, 2, len(rows))


class _Laid(NamedTuple):
    """A value as it lies in a sheet: what is in its cell, as XML but for its place, and its longest line."""

    value: Set
    content: str
    length: int


class _Cells:
    """Lays values into cells; what stands in a book again and again, in whatever sheet, once."""

    def __init__(self, words: Words, styles: Mapping[str, int]) -> None:
        self._words, self._styles = words, styles
        self._known: dict[Value, _Laid] = {}

    def of(self, values: Sequence[Value]) -> list[_Laid]:
        """Lays the values of one row."""
        known, row = self._known, []
        for value in values:
            is_known = type(value) in ALIKE
            laid = known.get(value) if is_known else None
            if laid is None:
                laid = self._laid(value)
                if is_known:
                    known[value] = laid
            row.append(laid)
        return row

    def _laid(self, value: Value) -> _Laid:
        cell, form = _set(value, self._words)
        return _Laid(cell, content_of(cell, self._styles[form]), _longest_line(value, self._words))


def _fill(sheet: Worksheet, section: Section, words: Words, cells: _Cells) -> Callable[[bytes], bytes]:
    """Writes the head of a section's sheet, and gives what puts its lines below it."""
    _head(sheet, section.title, " ".join(section.says))
    names, numbers = list(section.columns), section.numbers
    headings = [section.columns[name] for name in names]
    has_notes = any(line.notes for line in section.lines)
    has_commands = any(line.commands for line in section.lines)
    headings += [words["notes"]] * has_notes + [words["commands"]] * has_commands
    for column, heading in enumerate(headings, start=1):
        _heading(sheet, column, heading, column <= len(names) and names[column - 1] in numbers)
    lines = []
    for line in section.lines:
        values: list[Value] = [line.values[name] for name in names]
        if has_notes:
            values.append("\n".join(line.notes))
        if has_commands:
            values.append("\n".join(line.commands.values()))
        lines.append(cells.of(values))
    widths = [
        max([len(heading) + 4, *[laid[at].length + 2 for laid in lines]])
        for at, heading in enumerate(headings)
    ]
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = min(max(width, _NARROWEST), _WIDEST)
    _finish(sheet, len(headings), len(lines))
    corner = f"{get_column_letter(len(headings))}{_HEAD_ROW + len(lines)}"
    return partial(with_rows, rows=_rows(lines, widths), corner=corner)


def _rows(lines: Sequence[Sequence[_Laid]], widths: Sequence[int]) -> list[str]:
    rooms = [min(width, _WIDEST) - 2 for width in widths]
    rows = []
    for row, cells in enumerate(lines, start=_HEAD_ROW + 1):
        height = max(map(_lines, cells, rooms))
        rows.append(row_of(row, _LINE_HEIGHT * height, [laid.content for laid in cells]))
    return rows


def _longest_line(value: Value, words: Words) -> int:
    if not isinstance(value, str):
        return len(spelled(value, words))
    return max(map(len, value.split("\n"))) if "\n" in value else len(value)


def _lines(laid: _Laid, room: int) -> int:
    """Counts the lines that a text takes in a column: not every program finds that out by itself."""
    text = laid.value
    if not isinstance(text, str) or (len(text) <= room and "\n" not in text):
        return 1
    return sum(max(1, ceil(len(line) / room)) for line in text.split("\n"))


def _head(sheet: Worksheet, title: str, line: str) -> None:
    sheet.cell(1, 1, title).font = Font(_FONT, bold=True, size=14, color=_INK)
    sheet.cell(2, 1, guarded(line)).font = Font(_FONT, color=_PALE)


def _heading(sheet: Worksheet, column: int, heading: str, is_of_numbers: bool) -> None:
    cell = sheet.cell(_HEAD_ROW, column, heading)
    cell.font = Font(_FONT, bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", start_color=_INK)
    side = "right" if is_of_numbers else "left"
    cell.alignment = Alignment(side, vertical="center", wrap_text=True)


def _put(sheet: Worksheet, row: int, column: int, value: Value, report: Report) -> None:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    cell.value, cell.style = _set(value, report.words)
    # Said outright: a text that begins with "=" would otherwise be written as a formula.
    if isinstance(cell.value, str):
        cell.data_type = TYPE_STRING


def _set(value: Value, words: Words) -> tuple[Set, str]:
    """Sets a value for a cell, with the name of its style."""
    if isinstance(value, _MEASURED):
        bare = value.replace(tzinfo=None) if isinstance(value, datetime) else value
        return bare, next(form for kind, form in _FORMATS if isinstance(value, kind))
    if not value:
        return None, _TEXT
    lines = value.split("\n") if isinstance(value, str) else [spelled(value, words)]
    text = "\n".join(map(quotable, lines))[:_LONGEST]
    return guarded(ILLEGAL_CHARACTERS_RE.sub("", text)), _TEXT


def _finish(sheet: Worksheet, columns: int, rows: int) -> None:
    """Sets filters, the frozen heading and the way the sheet is printed."""
    last = get_column_letter(columns)
    sheet.auto_filter.ref = f"A{_HEAD_ROW}:{last}{_HEAD_ROW + max(rows, 1)}"
    sheet.freeze_panes = f"A{_HEAD_ROW + 1}"
    sheet.sheet_view.showGridLines = False
    sheet.print_title_rows = f"{_HEAD_ROW}:{_HEAD_ROW}"
    _print_wide(sheet)


def _print_wide(sheet: Worksheet) -> None:
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0


def _add_chart(sheet: Worksheet, data: Worksheet, chart: Chart, column: int) -> None:
    """Adds a chart of Excel's own; its numbers stand on a sheet where no filter hides them."""
    first = data.max_row + 2 if data.max_row > 1 else 1
    heads = (chart.title, *(series.label for series in chart.series))
    for at, head in enumerate(heads, start=1):
        data.cell(first, at, head).font = Font(_FONT, bold=True, color=_PALE)
        letter = get_column_letter(at)
        data.column_dimensions[letter].width = max(data.column_dimensions[letter].width, len(head) + 2)
    for row, category in enumerate(chart.categories, start=first + 1):
        data.cell(row, 1, category)
        for at, one in enumerate(chart.series, start=2):
            data.cell(row, at, one.values[row - first - 1])
    bars = BarChart()
    bars.type, bars.overlap, bars.gapWidth = "col", 100, 40
    bars.grouping = "stacked" if chart.is_stacked else "clustered"
    last = first + len(chart.categories)
    for at in range(2, 2 + len(chart.series)):
        bars.add_data(Reference(data, min_col=at, min_row=first, max_row=last), titles_from_data=True)
    bars.set_categories(Reference(data, min_col=1, min_row=first + 1, max_row=last))
    for drawn, series in zip(bars.series, chart.series, strict=True):
        drawn.graphicalProperties = GraphicalProperties(solidFill=COLOURS[series.name].lstrip("#").upper())
    bars.title, bars.width, bars.height = chart.title, 24, 9
    bars.legend.position = "b"
    bars.x_axis.delete = bars.y_axis.delete = False
    bars.y_axis.number_format = "#,##0"
    # Below the heading, which is printed on every page.
    sheet.add_chart(bars, f"{get_column_letter(column)}{_HEAD_ROW + 1}")
