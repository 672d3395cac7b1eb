"""splices: XML as bytes, its elements by where they begin and end, and changes at those places.

A tree written again loses prefixes that only attribute values speak of, and Excel then calls the file
damaged; bytes that nobody touches cannot be lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr


class CannotEdit(Exception):
    """A workbook that cannot be edited in place; the reason is for the tests to look at."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its start tag from `start` to `inside`, its end tag from `end` to `stop`.

    An element without content has `inside == end == stop`.
    """

    name: str
    depth: int
    attributes: dict[str, str]
    start: int
    inside: int
    end: int
    stop: int


@dataclass(frozen=True, slots=True)
class Splice:
    """New bytes for a stretch of old ones."""

    start: int
    stop: int
    text: str


def elements(part: bytes, wanted: Callable[[str, int], bool]) -> list[Element]:
    """Lists the wanted elements (by name and depth, the root's being 0) in the order of their ends.

    Raises CannotEdit for anything but plain UTF-8 XML.
    """
    if part.startswith((b"\xff\xfe", b"\xfe\xff")) or not _says_utf8(part):
        raise CannotEdit("encoding")
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    found: list[Element] = []
    open_: list[tuple[str, dict[str, str], int] | None] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        keep = wanted(name, len(open_))
        open_.append((name, attributes, parser.CurrentByteIndex) if keep else None)

    def end(_name: str) -> None:
        opened = open_.pop()
        if opened is None:
            return
        name, attributes, begin = opened
        inside = _tag_end(part, begin)
        if part[inside - 2 : inside] == b"/>":
            found.append(Element(name, len(open_), attributes, begin, inside, inside, inside))
        else:
            close = parser.CurrentByteIndex
            stop = part.index(b">", close) + 1
            found.append(Element(name, len(open_), attributes, begin, inside, close, stop))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(part, True)
    except expat.ExpatError as fault:
        raise CannotEdit("xml") from fault
    return found


def _says_utf8(part: bytes) -> bool:
    declared = re.match(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding=[\"']([^\"']+)", part[:200])
    return declared is None or declared[1].lower() in (b"utf-8", b"utf8", b"us-ascii")


def _refuse(*_: object) -> None:
    raise CannotEdit("doctype")


def _tag_end(part: bytes, start: int) -> int:
    quote = 0
    for at in range(start, len(part)):
        byte = part[at]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in (0x22, 0x27):
            quote = byte
        elif byte == 0x3E:
            return at + 1
    raise CannotEdit("xml")


def spliced(part: bytes, splices: Iterable[Splice]) -> bytes:
    """Makes changes, those at one place in the order they are given."""
    pieces: list[bytes] = []
    at = 0
    for splice in sorted(splices, key=lambda s: s.start):
        pieces += (part[at : splice.start], splice.text.encode("utf-8"))
        at = splice.stop
    return b"".join((*pieces, part[at:]))


def with_attributes(part: bytes, element: Element, **changed: str) -> Splice:
    """Changes or adds attributes of an element's start tag."""
    tag = part[element.start : element.inside].decode("utf-8")
    for name, value in changed.items():
        known = re.search(rf"\s{name}\s*=\s*(\"[^\"]*\"|'[^']*')", tag)
        # Before the > or /> of the tag where there is none yet.
        start, stop = known.span() if known else [len(tag) - (2 if tag.endswith("/>") else 1)] * 2
        tag = f"{tag[:start]} {name}={quoteattr(value)}{tag[stop:]}"
    return Splice(element.start, element.inside, tag)


def inside_at_end(part: bytes, element: Element, text: str) -> Splice:
    """Adds text as the last content of an element, opening one that is empty."""
    if element.inside < element.stop:
        return Splice(element.end, element.end, text)
    tag = part[element.start : element.inside].decode("utf-8")
    return Splice(element.start, element.inside, f"{tag[:-2].rstrip()}>{text}</{element.name}>")


def clean(text: str) -> str:
    """Escapes a text for XML, leaving out what XML has no place for."""
    return escape(re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text))
