"""texts: reports/ + values → subject, plain text and HTML, the same words in both.

A text is written once, as plain lines. Its first line is the subject ("Konu: ..."); then a line that
begins with "## " is a heading, "- " or "1. " an item, an indented line goes on with the item above,
and an empty line ends a paragraph. HTML is set from the same blocks, so the two can never differ.
"""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from pipeline.faults import OperatorFault
from pipeline.turkish import lira, number_date, numeral, quotable, spoken_date, squeeze, weekday

_WIDTH = 76
_SUBJECT = "Konu:"
# Texts for the terminal have no subject.
_NO_LETTERS = ("explain.txt", "history.txt", "status.txt")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a text: a heading, a paragraph, or a list with its items."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A text with its holes filled: subject, plain text, and HTML of the same words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All that the product says, from reports/."""

    plain: ImmutableSandboxedEnvironment
    html: ImmutableSandboxedEnvironment
    words: Mapping[str, Mapping[str, str]]
    # What the nightly report says, section by section.
    report: Mapping[str, Any]

    @property
    def field_names(self) -> Mapping[str, str]:
        """Names the fields that the form has no heading for."""
        return self.words["fields"]

    def write(self, text: str, /, **values: object) -> Written:
        """Fills a text; an unfilled hole raises jinja2.UndefinedError."""
        source = self.plain.get_template(text + ".txt").render(words=self.words, **values)
        first, _, rest = source.lstrip().partition("\n")
        subject = squeeze(first.removeprefix(_SUBJECT))
        blocks = tuple(_blocks(rest))
        frame = self.html.get_template("letter.html")
        return Written(subject, set_plain(blocks), frame.render(subject=subject, blocks=blocks))

    def page(self, page: str, /, **values: object) -> str:
        """Fills an HTML page of its own."""
        return self.html.get_template(page + ".html").render(words=self.words, **values)


def load_texts(folder: Path) -> Texts:
    """Loads reports/ and compiles every template; raises OperatorFault for one that is not whole."""
    loader = FileSystemLoader(folder)
    plain = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_one_line,
    )
    html = ImmutableSandboxedEnvironment(
        loader=loader, undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    for environment in (plain, html):
        environment.filters |= {
            "lira": lira,
            "day": number_date,
            "spoken": spoken_date,
            "weekday": weekday,
            "quoted": quotable,
            "linked": _linked,
            "in_cell": _in_cell,
            "numeral": numeral,
        }
    try:
        words, report, told = (
            tomllib.loads((folder / file).read_text(encoding="utf-8"))
            for file in ("words.toml", "nightly.toml", "terminal.toml")
        )
        # An alarm names trouble with a server in the words that the terminal has for it.
        words["connections"] = told["connections"]
        for file in sorted(folder.rglob("*.txt")):
            plain.get_template(str(file.relative_to(folder)))
            if (
                file.name[0] != "_"
                and file.name not in _NO_LETTERS
                and not file.read_text("utf-8").startswith(_SUBJECT)
            ):
                raise OperatorFault("text_without_subject", file=file.name)
        for file in sorted(folder.rglob("*.html")):
            html.get_template(str(file.relative_to(folder)))
    except (OSError, TemplateError, tomllib.TOMLDecodeError) as fault:
        raise OperatorFault("text_broken", why=fault) from fault
    return Texts(plain, html, words, report)


def _one_line(value: object) -> object:
    """Keeps what a stranger wrote from beginning a line of ours."""
    if isinstance(value, date | Decimal) or not isinstance(value, str):
        return value
    return "".join(ch if ch.isprintable() else " " for ch in value)


def _blocks(source: str) -> Iterator[Block]:
    for chunk in re.split(r"\n\s*\n", source.strip("\n")):
        kind = ""
        lines: list[str] = []
        for line in chunk.split("\n"):
            started, text = _started(line)
            if started == "more" and lines:
                lines[-1] += "\n" + text
            elif started == kind == "paragraph":
                lines[-1] += " " + text
            elif started == kind and kind != "heading":
                lines.append(text)
            else:
                if lines:
                    yield Block(kind, tuple(lines))
                kind, lines = ("paragraph" if started == "more" else started), [text]
        if lines and any(lines):
            yield Block(kind, tuple(lines))


def _started(line: str) -> tuple[str, str]:
    for kind, mark in (("heading", r"## "), ("bullets", r"- "), ("steps", r"\d+\. "), ("more", r"\s+")):
        if found := re.match(mark, line):
            return kind, squeeze(line[found.end() :])
    return "paragraph", squeeze(line)


def set_plain(blocks: Iterable[Block]) -> str:
    """Sets blocks as plain text."""
    return "\n\n".join("\n".join(_plain_lines(block)) for block in blocks) + "\n"


def _plain_lines(block: Block) -> Iterator[str]:
    if block.kind == "heading":
        yield block.lines[0]
        yield "-" * len(block.lines[0])
        return
    for number, item in enumerate(block.lines, start=1):
        mark = {"bullets": "- ", "steps": f"{number}. "}.get(block.kind, "")
        for at, line in enumerate(item.split("\n")):
            yield textwrap.fill(
                line,
                _WIDTH,
                initial_indent=mark if at == 0 else " " * len(mark),
                subsequent_indent=" " * len(mark),
                break_long_words=False,
                break_on_hyphens=False,
            )


def _linked(text: str) -> Markup:
    """Sets a text for HTML: our web addresses as links, numbers unbroken, lines of one item apart."""
    parts = re.split(r"(https?://[^\s,;)]*[^\s,;).]|\b[GN]-[0-9A-Z]{8}\b)", text)
    return Markup("").join(map(_set_part, parts))


def _set_part(part: str) -> Markup:
    if part.startswith("http"):
        return Markup('<a href="{0}" style="color:#1a5276">{0}</a>').format(part)
    if re.fullmatch(r"[GN]-[0-9A-Z]{8}", part):
        return Markup('<span style="white-space:nowrap">{0}</span>').format(part)
    return escape(part).replace("\n", Markup("<br>"))


def _in_cell(text: str) -> Markup:
    """Sets a text for a narrow column: an address that has to be broken is broken between its names."""
    parts = re.split(r"([\w.+-]+@[\w.-]+)", text)
    broken = Markup("<wbr>")
    return Markup("").join(
        escape(part).replace("@", broken + "@").replace(".", broken + ".") if at % 2 else _linked(part)
        for at, part in enumerate(parts)
    )
