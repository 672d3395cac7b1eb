"""report: what a section of the nightly report is, and how it is set for each of its readers.

A section is told once, as lines of values under names; reports/nightly.toml gives the names their words
and their order. Mail (text and HTML), page and workbook are all set from that, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from pipeline.domain.turkish import IdentityNumber, lira, number_date, numeral, quotable
from pipeline.night.charts import Chart
from pipeline.policy.texts import Block

# Dates with their hours, masked numbers, case numbers and names of lists are no longer.
_WHOLE = 16

_NUMBERS = (int, Decimal, timedelta)
# Kinds of values of which two that are equal are written alike: not so 1.5 and 1.50, or 1 and True.
ALIKE = frozenset((str, int, date, IdentityNumber))

Value = str | int | Decimal | date | datetime | timedelta | IdentityNumber | None
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of what was doubtful, as PNG, and the sentence under it."""

    caption: str
    png: bytes = field(repr=False)

    @property
    def width(self) -> int:
        """Reads the width out of the PNG's own head."""
        return int.from_bytes(self.png[16:20])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section: its values by column, what is said below it, and what can be done about it.

    `commands` are words of the section's own for the commands that follow them.
    """

    values: Mapping[str, Value]
    notes: tuple[str, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    # Where it lies on the desk in the browser, "" where the office has none.
    link: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A section as it is told: its name in reports/nightly.toml, its lines, and what fills its sentence.

    `says` are sentences that stand in the place of that one, lines or none.
    """

    name: str
    lines: Sequence[Line]
    fills: Mapping[str, object] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its words: `columns` maps names to headings, `brief` names those that the mail shows."""

    name: str
    title: str
    sheet: str
    says: tuple[str, ...]
    tone: str
    is_quiet: bool
    is_named: bool
    columns: Mapping[str, str]
    brief: tuple[str, ...]
    command_words: Mapping[str, str]
    lines: tuple[Line, ...]
    chart: Chart | None
    # Names of the columns that hold numbers.
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the large numbers at the top; zero is pale."""

    name: str
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report of one night, before it is set for anybody."""

    subject: str
    title: str
    period: str
    opening: tuple[str, ...]
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    closing: tuple[str, ...]
    signature: tuple[str, ...]
    words: Words


def section(told: Told, words: Words) -> Section:
    """Joins what is told of a section with its words; raises KeyError where a word or a value is missing."""
    own = words["sections"][told.name]
    columns = own["columns"]
    missing = {name for line in told.lines for name in columns if name not in line.values}
    if missing:
        raise KeyError(f"{told.name}: {sorted(missing)}")
    return Section(
        name=told.name,
        title=own["title"],
        sheet=own["sheet"],
        says=told.says or _sentence(own["lead"].format(**told.fills) if told.lines else own["empty"]),
        tone=own.get("tone", ""),
        is_quiet=own.get("quiet", False),
        is_named=own.get("named", True),
        columns=columns,
        brief=tuple(own.get("brief", columns)),
        command_words=own.get("commands", {}),
        lines=tuple(told.lines),
        chart=told.chart,
        numbers=frozenset(n for n in columns if any(_is_number(line.values[n]) for line in told.lines)),
    )


def _sentence(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


# --- set for a reader --------------------------------------------------------------------------


class Cell(NamedTuple):
    """What stands in one cell, under its heading: numbers at the right, what `is_whole` on one line.

    Whole are numbers, days and names of ours. A tuple, so that a page takes thousands of them apart at once.
    """

    heading: str
    text: str
    is_number: bool
    is_whole: bool


class Row(NamedTuple):
    """One line, set: its cells, what is said below it, commands with their words, and its pictures.

    `links` are where it can be opened, with the words before it. A tuple, as a cell is.
    """

    cells: tuple[Cell, ...]
    notes: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """A section, set for a reader who sees some of its columns and so many of its lines."""

    name: str
    title: str
    tone: str
    says: tuple[str, ...]
    headings: tuple[Cell, ...]
    rows: tuple[Row, ...]
    more: str
    chart: Chart | None


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a reader is shown: all columns or the brief ones, and the most lines and notes of each."""

    is_brief: bool
    lines: int
    notes: int


IN_MAIL = Extent(is_brief=True, lines=15, notes=6)
# A page of more would be too large for some mail servers, and for reading.
ON_PAGE = Extent(is_brief=False, lines=500, notes=100)


def settings_of(report: Report, extent: Extent) -> tuple[Setting, ...]:
    """Sets the sections that have anything to say; the quiet ones are named by `quiet_line`."""
    cells = _Cells(report.words)
    return tuple(_set(s, extent, report.words, cells) for s in report.sections if s.lines or not s.is_quiet)


def quiet_line(report: Report) -> str:
    """Names the quiet sections with nothing in them, in one sentence."""
    names = [s.title for s in report.sections if s.is_quiet and s.is_named and not s.lines]
    return str(report.words["quiet"]).format(names=", ".join(names)) if names else ""


def _set(section: Section, extent: Extent, words: Words, cells: _Cells) -> Setting:
    names = section.brief if extent.is_brief else tuple(section.columns)
    lines = section.lines if names else ()
    columns, numbers = section.columns, section.numbers
    headings = [(name, columns[name]) for name in names]
    left = len(lines) - extent.lines
    return Setting(
        name=section.name,
        title=section.title,
        tone=section.tone,
        says=section.says,
        headings=tuple(_cell(heading, heading, n in numbers) for n, heading in headings if lines),
        rows=tuple(
            _row(section, line, extent, words, cells.under(line, headings)) for line in lines[: extent.lines]
        ),
        more=words["more"].format(count=numeral(left), sheet=section.sheet) if left > 0 else "",
        chart=section.chart,
    )


class _Cells:
    """Sets values under headings; what stands there again and again, in whatever section, once."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._known: dict[tuple[str, Value], Cell] = {}

    def under(self, line: Line, headings: Sequence[tuple[str, str]]) -> tuple[Cell, ...]:
        """Gives the cells of one line, under the names of its values and their headings."""
        values, known, cells = line.values, self._known, []
        for name, heading in headings:
            value = values[name]
            is_known = type(value) in ALIKE
            cell = known.get((heading, value)) if is_known else None
            if cell is None:
                cell = _cell(heading, shown(value, self._words), _is_number(value))
                if is_known:
                    known[heading, value] = cell
            cells.append(cell)
        return tuple(cells)


def _row(section: Section, line: Line, extent: Extent, words: Words, cells: tuple[Cell, ...]) -> Row:
    notes = [quotable(note) for note in line.notes[: extent.notes]]
    if len(line.notes) > extent.notes:
        notes.append(words["more_notes"].format(count=len(line.notes) - extent.notes))
    return Row(
        cells,
        tuple(notes),
        tuple((section.command_words[word], command) for word, command in line.commands.items()),
        line.pictures,
        ((words["at_the_desk"], line.link),) if line.link else (),
    )


def _cell(heading: str, text: str, is_number: bool) -> Cell:
    is_whole = is_number or (len(text) <= _WHOLE and (" " not in text or text[0].isdigit()))
    return Cell(heading, text, is_number, is_whole)


def _is_number(value: Value) -> bool:
    return isinstance(value, _NUMBERS)


def shown(value: Value, words: Words) -> str:
    """Writes a value for a Turkish reader; what a stranger wrote is masked and kept on one line."""
    match value:
        case None | "":
            return str(words["none"])
        case str():
            return quotable(value)
        case IdentityNumber():
            return str(value)
        case datetime():
            return f"{value:%d.%m.%Y %H:%M}"
        case date():
            return number_date(value)
        case timedelta():
            return spelled_duration(value, words)
        case Decimal():
            return lira(value)
        case int():
            return numeral(value)


def spelled_duration(duration: timedelta, words: Words) -> str:
    """Writes a duration in minutes, or in hours and minutes."""
    minutes = round(duration.total_seconds() / 60)
    if not minutes:
        return str(words["no_minute"])
    hours, rest = divmod(minutes, 60)
    if hours:
        return str(words["hours"]).format(hours=numeral(hours), minutes=rest)
    return str(words["minutes"]).format(count=minutes)


def text_blocks(report: Report) -> Iterator[Block]:
    """Sets the report as plain text, in the order and the words of the mail's HTML."""
    yield Block("heading", (report.title,))
    yield Block("paragraph", (report.period,))
    for line in report.opening:
        yield Block("paragraph", (line,))
    yield Block("bullets", tuple(f"{numeral(f.value)} {f.label}" for f in report.figures))
    for one in settings_of(report, IN_MAIL):
        yield Block("heading", (one.title,))
        for line in one.says:
            yield Block("paragraph", (line,))
        if one.rows:
            yield Block("paragraph", (", ".join(cell.text for cell in one.headings) + ":",))
            yield Block("bullets", tuple(_bullet(row) for row in one.rows))
        if one.more:
            yield Block("paragraph", (one.more,))
    if quiet := quiet_line(report):
        yield Block("paragraph", (quiet,))
    for line in report.closing:
        yield Block("paragraph", (line,))
    yield Block("paragraph", ("\n".join(report.signature),))


def _bullet(row: Row) -> str:
    commands = (f"{word}: {command}" for word, command in (*row.links, *row.commands))
    pictures = (picture.caption for picture in row.pictures)
    return "\n".join((", ".join(cell.text for cell in row.cells), *row.notes, *pictures, *commands))
