"""charts: Chart → Drawing → SVG; one drawing, so that page, mail and print show the same picture.

Shapes at fixed places and nothing else: the painter makes a PNG of the very same ones for mail programs
that know no SVG.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from markupsafe import Markup, escape

from pipeline.domain.turkish import numeral

INK, PALE_INK, RULE = "#1c2833", "#5f6a72", "#dfe4e8"
# One colour per thing, told apart in grey and by the colour-blind too.
COLOURS = {
    "accepted": "#2f7d5b",
    "returned": "#d29a3a",
    "held": "#1a5276",
    "guided": "#8fb4d1",
    "ignored": "#c3cad0",
    "shunted": "#a93226",
    "listed": "#8fb4d1",
    "awaits_release": "#5b86a8",
    "returned_by_kamu_sm": "#a93226",
    "batched": "#1a5276",
    "paid": "#d29a3a",
    "form_received": "#2f7d5b",
    "other": "#c3cad0",
    "half": "#1a5276",
    "most": "#b9cfe0",
}
_SIZE, _LINE = 12.0, 18.0
_HEIGHT = 190.0
_WIDEST_BAR = 40.0
_TICKS = 4
# The width of letters, in letter heights, in the widest of the fonts that may show them.
_LETTER = 0.64
_NARROW, _WIDE = {*"iIjlftr.,:;'()[]| "}, {*"mwMWOQG%"}


@dataclass(frozen=True, slots=True)
class Series:
    """One measure over all categories; `name` picks its colour."""

    name: str
    label: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns over categories: stacked on each other, or each before the last from the same ground."""

    name: str
    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    is_stacked: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle; `says` is what it stands for."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text; `anchor` is the side that stands at x: start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    fill: str = PALE_INK


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes in the order they are drawn, on white."""

    width: float
    height: float
    title: str
    shapes: tuple[Bar | Label, ...]


def draw(chart: Chart, width: float) -> Drawing:
    """Draws a chart at a width, its letters always the same size."""
    told = [series for series in chart.series if any(series.values)]
    legend: list[Bar | Label] = [Label(0, _SIZE, chart.title), *_legend(told, width)]
    top = max(s.y for s in legend) + _LINE
    step = _step(_highest(chart))
    scale = _HEIGHT / (step * _TICKS)
    left = 8 + max(_width(numeral(step * i)) for i in range(_TICKS + 1))
    shapes: list[Bar | Label] = legend
    for tick in range(_TICKS + 1):
        y = top + _HEIGHT - tick * step * scale
        shapes.append(Bar(left, y, width - left, 1, RULE if tick else PALE_INK))
        shapes.append(Label(left - 6, y + 4, numeral(tick * step), "end"))
    slot = (width - left) / max(len(chart.categories), 1)
    shapes += _bars(chart, left, top + _HEIGHT, slot, scale)
    shapes += _category_labels(chart.categories, left, top + _HEIGHT + _LINE, slot, width)
    return Drawing(width, top + _HEIGHT + _LINE + 8, chart.title, tuple(shapes))


def _width(text: str) -> float:
    """Estimates how wide a text is."""
    return _SIZE * sum(0.36 if ch in _NARROW else 0.86 if ch in _WIDE else _LETTER for ch in text)


def _highest(chart: Chart) -> float:
    columns = list(zip(*(s.values for s in chart.series), strict=True))
    return max((sum(c) if chart.is_stacked else max(c) for c in columns), default=0.0)


def _step(highest: float) -> float:
    """Picks a round distance between grid lines, at least one."""
    step = 1.0
    while True:
        for factor in (1, 2, 2.5, 5):
            if step * factor * _TICKS >= highest and (factor != 2.5 or step > 1):
                return step * factor
        step *= 10


def _legend(series: Sequence[Series], width: float) -> Iterator[Bar | Label]:
    x, y = 0.0, _SIZE + _LINE
    for one in series:
        needed = 15 + _width(one.label)
        if x and x + needed > width:
            x, y = 0.0, y + _LINE
        yield Bar(x, y - 10, 10, 10, COLOURS[one.name])
        yield Label(x + 15, y, one.label, fill=INK)
        x += needed + 14


def _bars(chart: Chart, left: float, ground: float, slot: float, scale: float) -> Iterator[Bar]:
    bar = min(slot * 0.72, _WIDEST_BAR)
    for at, category in enumerate(chart.categories):
        x = left + at * slot + (slot - bar) / 2
        values = [series.values[at] for series in chart.series]
        feet = [0.0, *accumulate(values)] if chart.is_stacked else [0.0] * len(values)
        for series, value, foot in zip(chart.series, values, feet, strict=False):
            if value > 0:
                says = f"{category}: {series.label} {numeral(round(value, 1))}"
                y = ground - (foot + value) * scale
                yield Bar(x, y, bar, value * scale, COLOURS[series.name], says)


def _category_labels(
    categories: Sequence[str], left: float, y: float, slot: float, width: float
) -> Iterator[Label]:
    """Names as many categories as there is room for, always the last one."""
    longest = max((_width(c) for c in categories), default=1.0)
    # The last one is moved in from the edge, towards the one before.
    moved = max(0.0, (longest - slot) / 2)
    every = max(1, ceil((longest + 8 + moved) / slot))
    for at, category in enumerate(categories):
        if (len(categories) - 1 - at) % every == 0:
            middle = left + (at + 0.5) * slot
            yield Label(min(middle, width - _width(category) / 2), y, category, "middle")


def svg(drawing: Drawing) -> Markup:
    """Writes a drawing as SVG to be set into a page."""
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" '
        'aria-label="{2}" font-family="Segoe UI,Helvetica,Arial,sans-serif" font-size="{3}">'
    ).format(*(spot(v) for v in (drawing.width, drawing.height)), drawing.title, spot(_SIZE))
    return head + Markup("").join(map(_shape, drawing.shapes)) + Markup("</svg>")


def _shape(shape: Bar | Label) -> Markup:
    if isinstance(shape, Label):
        return Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>').format(
            spot(shape.x), spot(shape.y), shape.anchor, shape.fill, shape.text
        )
    says = Markup("<title>{}</title>").format(shape.says) if shape.says else ""
    places = (spot(v) for v in (shape.x, shape.y, shape.width, shape.height))
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}">{}</rect>').format(
        *places, shape.fill, says
    )


def spot(value: float) -> str:
    """Writes a coordinate, short and always the same."""
    return escape(f"{value:.2f}".rstrip("0").rstrip("."))
