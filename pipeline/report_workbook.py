"""report_workbook: Report → the bytes of a workbook with a sheet per section; same report, same bytes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING, Cell
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.charts import COLOURS, Chart
from pipeline.report import Report, Section, Value
from pipeline.report import shown as spelled
from pipeline.turkish import quotable
from pipeline.workbook import guarded, same_bytes

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
    for section, sheet in sheets:
        _fill(sheet, section, report)
        if section.chart:
            _add_chart(sheet, data, section.chart, len(section.columns) + 2)
    _print_wide(data)
    return same_bytes(book)


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


def _fill(sheet: Worksheet, section: Section, report: Report) -> None:
    _head(sheet, section.title, " ".join(section.says))
    names, numbers = list(section.columns), section.numbers
    headings = [section.columns[name] for name in names]
    has_notes = any(line.notes for line in section.lines)
    has_commands = any(line.commands for line in section.lines)
    headings += [report.words["notes"]] * has_notes + [report.words["commands"]] * has_commands
    widths = [len(heading) + 4 for heading in headings]
    for column, heading in enumerate(headings, start=1):
        _heading(sheet, column, heading, column <= len(names) and names[column - 1] in numbers)
    for row, line in enumerate(section.lines, start=_HEAD_ROW + 1):
        values: list[Value] = [line.values[name] for name in names]
        if has_notes:
            values.append("\n".join(line.notes))
        if has_commands:
            values.append("\n".join(line.commands.values()))
        for column, value in enumerate(values, start=1):
            _put(sheet, row, column, value, report)
            widths[column - 1] = max(widths[column - 1], _longest_line(value, report) + 2)
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = min(max(width, _NARROWEST), _WIDEST)
    for row in range(_HEAD_ROW + 1, _HEAD_ROW + 1 + len(section.lines)):
        sheet.row_dimensions[row].height = _LINE_HEIGHT * max(
            _lines(sheet.cell(row, column).value, width) for column, width in enumerate(widths, start=1)
        )
    _finish(sheet, len(headings), len(section.lines))


def _longest_line(value: Value, report: Report) -> int:
    lines = value.split("\n") if isinstance(value, str) else [spelled(value, report.words)]
    return max(map(len, lines))


def _lines(value: object, width: int) -> int:
    """Counts the lines that a text takes in a column: not every program finds that out by itself."""
    if not isinstance(value, str):
        return 1
    return sum(max(1, ceil(len(line) / (min(width, _WIDEST) - 2))) for line in value.split("\n"))


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
    if isinstance(value, int | Decimal | date | timedelta):
        cell.value = value.replace(tzinfo=None) if isinstance(value, datetime) else value
        cell.style = next(form for kind, form in _FORMATS if isinstance(value, kind))
    else:
        lines = value.split("\n") if isinstance(value, str) else [spelled(value, report.words)]
        text = "\n".join(quotable(line) for line in lines)[:_LONGEST]
        cell.value = guarded(ILLEGAL_CHARACTERS_RE.sub("", text)) if value else None
        # Said outright: a text that begins with "=" would otherwise be written as a formula.
        if value:
            cell.data_type = TYPE_STRING
        cell.style = _TEXT


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
