"""printed: words of a page → lines with their gaps, and from a part of a line back to its place.

A line is a text in which a run of three or more blanks is a gap and leading blanks are an indent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.domain import Page, Region, Word
from pipeline.domain.turkish import visible


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line of a page: its text, and the words of its parts, which are what gaps divide."""

    text: str
    parts: tuple[tuple[Word, ...], ...]
    page: Page


@dataclass(frozen=True, slots=True)
class Span:
    """Parts `first` to `last` of the line of that index."""

    line: int
    first: int
    last: int


def printed_lines(page: Page) -> tuple[PrintedLine, ...]:
    """Sets the words of a page in lines from the top."""
    rows: list[list[Word]] = []
    for word in sorted(page.words, key=lambda w: ((w.top + w.bottom) / 2, w.x0)):
        middle = (word.top + word.bottom) / 2
        row = rows[-1] if rows else None
        if row and row[-1].top <= middle <= row[-1].bottom:
            row.append(word)
        else:
            rows.append([word])
    left = min((w.x0 for w in page.words), default=0.0)
    return tuple(_line(sorted(row, key=lambda w: w.x0), left, page) for row in rows)


def lines_of(page: Page) -> tuple[str, ...]:
    """Sets the words of a page in lines from the top, gaps and indents kept as runs of blanks."""
    return tuple(line.text for line in printed_lines(page))


def _line(words: Sequence[Word], left: float, page: Page) -> PrintedLine:
    height = sum(w.bottom - w.top for w in words) / len(words)
    parts: list[list[Word]] = []
    last: Word | None = None
    for word in words:
        if last is not None and word.x0 - last.x1 <= 1.2 * height:
            parts[-1].append(word)
        else:
            parts.append([word])
        last = word
    indent = "    " if words[0].x0 - left > 3 * height else ""
    text = "    ".join(" ".join(visible(word.text) for word in part) for part in parts)
    return PrintedLine(indent + text, tuple(map(tuple, parts)), page)


def part_at(line: str, position: int) -> int:
    """Tells in which part of a line a position is.

    >>> part_at("    TUTAR    780,00 TL", 13)
    1
    """
    return len(re.findall(r"(?<=\S) {3,}(?=\S)", line[: position + 1]))


def whole_page(page: Page) -> Region:
    """Marks all of a page."""
    return Region(page.number, page.width, page.height, 0, 0, page.width, page.height, page.read_by)


def region_of(page: Page, words: Iterable[Word]) -> Region:
    """Marks what some words of a page take up."""
    boxes = tuple(words)
    return Region(
        page.number,
        page.width,
        page.height,
        min(word.x0 for word in boxes),
        min(word.top for word in boxes),
        max(word.x1 for word in boxes),
        max(word.bottom for word in boxes),
        page.read_by,
    )


def region_at(lines: Sequence[PrintedLine], spans: Iterable[Span]) -> Region | None:
    """Marks where a value stands; of one that goes on over a page's end, where it begins."""
    page: Page | None = None
    words: list[Word] = []
    for span in spans:
        line = lines[span.line]
        page = page or line.page
        if line.page is page:
            words += [word for part in line.parts[span.first : span.last + 1] for word in part]
    return region_of(page, words) if page and words else None
