"""elements: XML of any size → start, end and text calls, in constant memory and without entities.

Straight on the standard library's expat: a tree of a 50,000-row sheet takes 600 MB in openpyxl, and
defusedxml's readers wrap every attribute list once more, which doubles the time. Of what defusedxml
guards against, all needs a DOCTYPE, and no workbook has one: it is refused when it opens.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Protocol
from xml.parsers import expat

from pipeline.sandbox.scanner.limits import Allowance, Unreadable

Attributes = dict[str, str]

_ENCODING = re.compile(r"utf-?(8|16)|us-ascii|iso-8859-\d{1,2}|(windows-|cp)125\d", re.IGNORECASE)


class Handler(Protocol):
    """Hears the elements of a document by their local names; attributes keep their prefixes."""

    def start(self, name: str, attributes: Attributes) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _LocalNames(dict[str, str]):
    def __missing__(self, qualified: str) -> str:
        self[qualified] = local = qualified.rpartition(":")[2]
        return local


def walk(source: IO[bytes], handler: Handler, allowance: Allowance) -> None:
    """Reads a whole document; raises Unreadable("damaged_file") or Unreadable("too_large")."""
    local = _LocalNames()
    left = allowance.elements

    def start(name: str, attributes: Attributes) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Unreadable("too_large")
        handler.start(local[name], attributes)

    def end(name: str) -> None:
        handler.end(local[name])

    parser = _parser(start, end, handler.text)
    with told_as_damage():
        parser.ParseFile(source)
    allowance.elements = left


class Pieces:
    """A document that is given piece by piece, and knows which elements are open."""

    def __init__(self, handler: Handler, allowance: Allowance) -> None:
        self.open: list[str] = []
        self._local = _LocalNames()
        self._handler = handler
        self._room = allowance
        self._parser = _parser(self._start, self._end, handler.text)
        # Later versions of expat may wait with an element whose end came in another piece.
        getattr(self._parser, "SetReparseDeferralEnabled", bool)(False)

    def feed(self, piece: bytes) -> None:
        """Reads what comes next; raises Unreadable as `walk` does."""
        with told_as_damage():
            self._parser.Parse(piece, False)

    def close(self) -> None:
        """Says that nothing follows."""
        with told_as_damage():
            self._parser.Parse(b"", True)

    def _start(self, name: str, attributes: Attributes) -> None:
        self._room.take_elements(1)
        self.open.append(name)
        self._handler.start(self._local[name], attributes)

    def _end(self, name: str) -> None:
        self.open.pop()
        self._handler.end(self._local[name])


@contextmanager
def told_as_damage() -> Iterator[None]:
    """Tells of what is no XML, or cannot be unpacked, as a damaged file."""
    try:
        yield
    # The source is mostly a part of a ZIP, whose damage shows while it is unpacked.
    except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError) as fault:
        raise Unreadable("damaged_file") from fault


def _parser(
    start: Callable[[str, Attributes], None], end: Callable[[str], None], text: Callable[[str], None]
) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    return parser


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    # What expat does not know it asks of Python, which raises what it likes.
    if encoding and not _ENCODING.fullmatch(encoding):
        raise Unreadable("damaged_file")


def _refuse_doctype(*_declaration: object) -> None:
    raise Unreadable("damaged_file")
