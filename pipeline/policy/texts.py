"""texts: reports/ + values → subject, plain text and HTML, the same words in both.

A text is written once, as plain lines. Its first line is the subject ("Konu: ..."); then a line that
begins with "## " is a heading, "- " or "1. " an item, an indented line goes on with the item above,
and an empty line ends a paragraph. HTML is set from the same blocks, so the two can never differ.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from types import CodeType
from typing import Any

from jinja2 import BaseLoader, BytecodeCache, Environment, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import Faults, parsed
from pipeline.domain.turkish import (
    lira,
    number_date,
    numeral,
    quotable,
    spoken_date,
    squeeze,
    unbroken,
    weekday,
)
from pipeline.policy.report_words import load_report_words
from pipeline.policy.word_files import WORD_FILES

_WIDTH = 76
_SUBJECT = "Konu:"
# Texts for the terminal have no subject.
NO_LETTERS = ("explain.txt", "find.txt", "history.txt", "offices.txt", "status.txt")


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
        subject, blocks = self.read_out(text, **values)
        frame = self.html.get_template("letter.html")
        return Written(subject, set_plain(blocks), frame.render(subject=subject, blocks=blocks))

    def read_out(self, text: str, /, **values: object) -> tuple[str, tuple[Block, ...]]:
        """Fills a text without setting it: its subject, and its blocks."""
        source = self.plain.get_template(text + ".txt").render(words=self.words, **values)
        first, _, rest = source.lstrip().partition("\n")
        return squeeze(first.removeprefix(_SUBJECT)), tuple(_blocks(rest))

    def page(self, page: str, /, **values: object) -> str:
        """Fills an HTML page of its own."""
        return self.html.get_template(page + ".html").render(words=self.words, **values)


class _Kept(BaseLoader):
    """Gives Jinja the texts out of what was read; nothing is read from the disk again."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def get_source(self, environment: Environment, template: str) -> tuple[str, None, Callable[[], bool]]:
        """Gives a text; raises UnicodeDecodeError for one that is not UTF-8."""
        del environment
        if template not in self._files:
            raise TemplateNotFound(template)
        return self._files[template].decode("utf-8"), None, lambda: True

    def list_templates(self) -> list[str]:
        """Names all texts."""
        return sorted(self._files)


class _Known(BytecodeCache):
    """Keeps what was compiled last for each text: the next load of the very same text compiles nothing."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Gives a text's code where its source is the same."""
        checksum, code = self._last.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Takes a text's code in the place of its last."""
        assert bucket.code
        self._last[bucket.key] = (bucket.checksum, bucket.code)


# A service loads the same texts for every run.
_KNOWN_PLAIN, _KNOWN_HTML = _Known(), _Known()


def _environments(loader: BaseLoader) -> tuple[ImmutableSandboxedEnvironment, ImmutableSandboxedEnvironment]:
    """Makes what fills letters, which are plain, and pages, in which a stranger's signs are none of HTML."""
    plain = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_one_line,
        bytecode_cache=_KNOWN_PLAIN,
    )
    html = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_KNOWN_HTML,
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
            "in_tags": _in_tags,
            "numeral": numeral,
        }
    return plain, html


def load_texts(all_files: Mapping[str, bytes], *, is_kept: bool = False, is_proved: bool = False) -> Texts:
    """Loads the files of reports/ and compiles every template; raises OperatorFault for what is not whole.

    What was kept by an earlier version of the program is taken with the words it had; texts that are proved
    already are compiled where they are asked for.
    """
    files = {
        path.removeprefix("reports/"): body for path, body in all_files.items() if path.startswith("reports/")
    }
    plain, html = _environments(_Kept(files))
    faults = Faults()
    told = faults.each(
        {name: files[name] for name in files if name in WORD_FILES},
        partial(_words_of, parsed if is_kept else load_report_words),
    )
    of_letters = {name: plain for name in files if name.endswith(".txt")}
    pages = {name: html for name in files if name.endswith(".html")}
    if not is_proved:
        faults.each(of_letters | pages, lambda name, environment: _compiled(name, environment, files[name]))
    faults.refuse()
    # An alarm names trouble with a server in the words that the terminal has for it.
    words = {**told["words.toml"], "connections": told["terminal.toml"]["connections"]}
    return Texts(plain, html, words, told["nightly.toml"])


def _words_of(load: Callable[[str, bytes], Mapping[str, Any]], name: str, data: bytes) -> Mapping[str, Any]:
    try:
        return load(f"reports/{name}", data)
    except OperatorFault as fault:
        if fault.name == "rule_toml":
            raise OperatorFault("text_broken", **fault.details) from fault
        raise


def _compiled(name: str, environment: Environment, body: bytes) -> None:
    try:
        environment.get_template(name)
    except UnicodeDecodeError as fault:
        line = fault.object[: fault.start].count(b"\n") + 1
        raise OperatorFault("text_broken", file=f"reports/{name}", line=line, kind="not_utf8") from fault
    except TemplateError as fault:
        told = {"line": getattr(fault, "lineno", 1), "kind": "template", "why": fault}
        raise OperatorFault("text_broken", file=f"reports/{name}", **told) from fault
    is_letter = (
        name.endswith(".txt") and not name.rpartition("/")[2].startswith("_") and name not in NO_LETTERS
    )
    if is_letter and not body.decode("utf-8").startswith(_SUBJECT):
        raise OperatorFault("text_without_subject", file=f"reports/{name}")


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
                    yield Block(kind, tuple(map(unbroken, lines)))
                kind, lines = ("paragraph" if started == "more" else started), [text]
        if lines and any(lines):
            yield Block(kind, tuple(map(unbroken, lines)))


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


_MARKED = re.compile(r"(https?://[^\s,;)]*[^\s,;).]|\b[GN]-[0-9A-Z]{8}\b)")
# Without any of these a text is set as it stands: no sign of HTML's, number, link, address, end of a line.
_TELLING = re.compile(r"[-&<>'\"@\n]|http")
_ADDRESS = re.compile(r"([\w.+-]+@[\w.-]+)")
_NUMBER = re.compile(r"[GN]-[0-9A-Z]{8}")
_BROKEN, _BREAK = Markup("<wbr>"), Markup("<br>")
_AS_LINK = Markup('<a href="{0}" style="color:#1a5276">{0}</a>')


def _linked(text: str) -> Markup:
    """Sets a text for HTML: our web addresses as links, numbers unbroken, lines of one item apart."""
    parts = _MARKED.split(text)
    if len(parts) == 1:
        return _set_lines(text)
    return Markup("").join(_set_mark(part) if at % 2 else _set_lines(part) for at, part in enumerate(parts))


def _set_lines(text: str) -> Markup:
    return escape(text).replace("\n", _BREAK) if "\n" in text else escape(text)


def _set_mark(mark: str) -> Markup:
    if mark.startswith("http"):
        return _AS_LINK.format(mark)
    # A number of ours has nothing in it to be escaped, and stands in every line of a report.
    return Markup(f'<span style="white-space:nowrap">{mark}</span>')


def _in_cell(text: str) -> Markup:
    """Sets a text for a narrow column: an address that has to be broken is broken between its names."""
    if not _TELLING.search(text):
        return Markup(text)
    if _NUMBER.fullmatch(text):
        return _set_mark(text)
    if "@" not in text:
        return _linked(text)
    return Markup("").join(
        escape(part).replace("@", _BROKEN + "@").replace(".", _BROKEN + ".") if at % 2 else _linked(part)
        for at, part in enumerate(_ADDRESS.split(text))
    )


def _in_tags(cells: Iterable[tuple[str, str, bool, bool]], plain: str, of_number: str, whole: str) -> Markup:
    """Sets the cells of a row, each in the tag of its kind, which has a hole for the heading above it.

    A page has thousands of cells: a turn of its template for each costs many times as much.
    """
    set_cells: list[str] = []
    for heading, text, is_number, is_whole in cells:
        tag = of_number if is_number else whole if is_whole else plain
        set_cells.append(_opened(tag, heading))
        set_cells.append(_in_cell(text) if _TELLING.search(text) else text)
        set_cells.append("</td>")
    return Markup("".join(set_cells))


@lru_cache(maxsize=512)
def _opened(tag: str, heading: str) -> str:
    return tag.replace("{}", escape(heading))
