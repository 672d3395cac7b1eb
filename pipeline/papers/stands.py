"""stands: printed lines and the layout that fits them → where on its pages every field stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.domain import Region
from pipeline.papers.layouts import Layout, stands_of
from pipeline.papers.printed import PrintedLine, region_at
from pipeline.papers.rails import Rails


def stands_on(
    printed: Sequence[PrintedLine], lines: Sequence[str], layout: Layout, rails: Rails
) -> Mapping[str, tuple[Region, ...]]:
    """Marks each field of a receipt with its label; `lines` are the printed lines as they were read."""
    return {
        field: tuple(region for spans in told if (region := region_at(printed, spans)))
        for field, told in stands_of(lines, layout, rails).items()
    }
