"""texts: bytes without a container → letters, and where tables of plain text part their columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from pipeline.domain.turkish import fold, lower

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


# What has letters beyond ASCII in a Turkish text. Â, Î and Û are written in a few names.
_LETTERS = "çğıöşüÇĞİÖŞÜâîûÂÎÛ"
# What typographers put around words, never inside one.
_TYPE = "’‘“”–—…•·°º«»€₺©®™\xa0"
_STRANGE = re.compile(
    rf"[^\x00-\x7f{_LETTERS}{_TYPE}]|(?<=[A-Za-z{_LETTERS}])[–—…•·°«»€](?=[A-Za-z{_LETTERS}])"
)
_WORD = re.compile(rf"[A-Za-z{_LETTERS}]+")
_ADDRESS = re.compile(r"([\w.+-]+)@[\w-]+\.[\w.-]+", re.ASCII)
# Words of lists and units with letters that the charsets disagree about; none is a name.
_KNOWN = frozenset(
    "doğum çalıştığı türü süresi şekli kişi kayıp çalıntı ödeme açıklama başvuru ünvanı soyadı adı sıra "
    "birimi servisi merkezi hastanesi müdürlüğü sağlık sağlığı ilçe il şehir eğitim araştırma ağız diş aile "
    "çocuk doğumevi doğumhane göğüs acil istasyonu bölge bölümü şubesi eczanesi polikliniği yoğun bakım "
    "görüntüleme fizik tedavi ünitesi laboratuvarı işleri bilgi işlem kalite idari mali hizmetleri".split()
)
# So many letters of a text tell what the rest is written in.
_JUDGED_BY = 200_000
_EIGHT_BITS = ("cp1254", "mac_turkish", "cp857")


def decoded(data: bytes) -> str | None:
    """Decodes a text as Turkish Windows, the web, DOS and Macs write it; None where it is no text."""
    found = letters_of(data)
    return found[0] if found else None


def letters_of(data: bytes) -> tuple[str, bool] | None:
    """Decodes a text, and tells whether its letters are proven; None where it is no text.

    Marks prove them, the zeros of UTF-16, the shape of UTF-8. Of the charsets with a byte for each letter
    the one is believed that gives Turkish: no letter that Turkish has not, words that lists are known to
    hold, and names as the addresses beside them spell them. A label is believed no further than that.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _plain(data[len(mark) :], encoding)
            return None if text is None else (text, True)
    if data[1:200:2].count(0) > 80 * len(data[1:200:2]) // 100:
        text = _plain(data, "utf-16-le")
        return None if text is None else (text, True)
    if b"\0" in data[:4096]:
        return None
    text = _plain(data, "utf-8")
    if text is not None:
        return text, True
    named = _CHARSET.search(data[:2048]) if data.lstrip()[:1] == b"<" else None
    labelled = [named[1].decode("ascii", "ignore")] if named else []
    return _most_turkish([t for e in (*labelled, *_EIGHT_BITS) if (t := _plain(data, e)) is not None])


def _most_turkish(texts: list[str]) -> tuple[str, bool] | None:
    ranked = sorted((_unlikeness(text), at, text) for at, text in enumerate(dict.fromkeys(texts)))
    if not ranked:
        return None
    unlikeness, _, best = ranked[0]
    is_alone = all(other != unlikeness for other, _, _ in ranked[1:])
    return best, is_alone and unlikeness[0] == 0


def _unlikeness(text: str) -> tuple[int, int]:
    """Tells how little a text looks like Turkish: strange letters first, then the want of known words."""
    beginning = text[:_JUDGED_BY]
    return len(_STRANGE.findall(beginning)), -_known_words(beginning)


def _known_words(text: str) -> int:
    """Counts words with Turkish letters that lists are known to hold, or that an address nearby spells."""
    known = 0
    for line in text.splitlines():
        if line.isascii():
            continue
        spelled = {part for local in _ADDRESS.findall(line) for part in re.split(r"[._+\d-]+", local.lower())}
        for word in _WORD.findall(line):
            known += not word.isascii() and (lower(word) in _KNOWN or fold(word) in spelled)
    return known


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
