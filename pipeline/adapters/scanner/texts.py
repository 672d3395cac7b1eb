"""texts: bytes without a container → letters, and where tables of plain text part their columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_DELIMITERS = ";\t,"
_RULER = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
# One field more or less is prose with commas; a list has names, numbers and dates.
_MIN_FIELDS = 3
_LOOKED_AT = 200


def decoded(data: bytes) -> str | None:
    """Decodes a text as Turkish Windows and the web write it; None where it is no text.

    Marks first, then UTF-16 by its zeros, UTF-8, windows-1254, and the code page 857 of "CSV (MS-DOS)",
    whose letters for ı, ü and Ş do not exist in windows-1254.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _plain(data[len(mark) :], encoding)
    if data[1:200:2].count(0) > 80 * len(data[1:200:2]) // 100:
        return _plain(data, "utf-16-le")
    if b"\0" in data[:4096]:
        return None
    named = _CHARSET.search(data[:2048]) if data.lstrip()[:1] == b"<" else None
    candidates = ["utf-8", "cp1254", "cp857"]
    if named:
        candidates.insert(0, named[1].decode("ascii", "ignore"))
    return next((text for encoding in candidates if (text := _plain(data, encoding)) is not None), None)


def _plain(data: bytes, encoding: str) -> str | None:
    try:
        # What is labelled Latin-5 by a Turkish program is windows-1254, the same and a little more.
        text = data.decode("cp1254" if encoding.lower() in ("iso-8859-9", "latin5") else encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    return None if _CONTROLS.search(text) else text


def delimiter(text: str) -> str:
    """Finds what parts the columns of a plain table: the one most rows agree on, or "" for prose.

    >>> delimiter("Ad;Soyad;Doğum\\nAyşe;Yılmaz;1,5\\n"), delimiter("Merhaba, ekte, liste, var.\\n")
    (';', '')
    """
    if ruled := _RULER.match(text):
        return ruled[1]
    found = ("", 0)
    for mark in _DELIMITERS:
        agreeing = _agreeing_rows(text, mark)
        if agreeing > found[1]:
            found = (mark, agreeing)
    return found[0]


def _agreeing_rows(text: str, mark: str) -> int:
    counts: Counter[int] = Counter()
    try:
        for row in islice(rows_of(text, mark), _LOOKED_AT):
            if any(field.strip() for field in row):
                counts[len(row)] += 1
    except csv.Error:
        return 0
    if not counts:
        return 0
    fields, rows = counts.most_common(1)[0]
    return rows if fields >= _MIN_FIELDS and rows >= 2 and rows * 2 >= counts.total() else 0


def rows_of(text: str, mark: str) -> Iterator[list[str]]:
    """Splits a plain table into rows of fields; line breaks in quotes stay in their field."""
    return csv.reader(io.StringIO(_RULER.sub("", text, count=1), newline=""), delimiter=mark)
