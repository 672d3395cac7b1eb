"""quoted_letter: whether what stands below an answer is the letter of ours that it answers, and nothing else.

A releaser may answer a colleague who forwarded our letter with a question of their own: "Onay" is then a
word about the question. So a quotation is not passed over; every line of it has to be ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.official_files import OfficialPart
from pipeline.domain.turkish import fold, heading

_ADDRESS = re.compile(r"[\w.+%-]+@[\w.-]+\w")
_DRAWN = re.compile(r"[\s>_=*|•·-]*")


class QuoteMarks(OfficialPart):
    """What a mail program writes above a letter that it quotes."""

    marks: tuple[str, ...]
    people: tuple[str, ...]
    moments: tuple[str, ...]
    subjects: tuple[str, ...]
    ends: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OurLetter:
    """A letter of ours as its reader's program may quote it; `texts` are its plain text and its HTML's."""

    subject: str = ""
    texts: tuple[str, ...] = ()
    # By whom and to whom: our unit's and the reader's names and addresses.
    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def begins_quote(lines: Sequence[str], marks: QuoteMarks) -> bool:
    """Tells whether a quotation begins with the first of some lines; an introduction may take two."""
    line = lines[0]
    return (
        line.lstrip().startswith(">")
        or fold(line) in map(fold, marks.marks)
        or bool(re.fullmatch(r"\s*_{10,}\s*", line))
        or bool(_label(line, marks))
        or any(fold(one).endswith(tuple(map(fold, marks.ends))) for one in _with_next(lines))
    )


def first_stranger(lines: Sequence[str], letter: OurLetter, marks: QuoteMarks) -> str:
    """Finds the first line of a quotation that is not of our letter, nor about it; "" where there is none.

    What a program marks as quoted, below an introduction that names us, is ours by its word. Everything else
    has to follow the text of the letter.
    """
    sources = [f" {heading(text)} " for text in letter.texts]
    read = [0] * len(sources)
    is_ours = skip = False
    for number, raw in enumerate(lines):
        line, following = _bare(raw), _bare("".join(lines[number + 1 : number + 2]))
        if skip or _DRAWN.fullmatch(line) or fold(line) in map(fold, marks.marks):
            skip = False
        elif _introduces(line, letter, marks):
            is_ours = is_ours or bool(_ADDRESS.search(line))
        elif _introduces(f"{line} {following}", letter, marks):
            skip, is_ours = True, is_ours or bool(_ADDRESS.search(line + following))
        elif not (
            (is_ours and raw.lstrip().startswith(">"))
            or _is_about(line, letter, marks)
            or _follows(line, sources, read)
        ):
            return line
    return ""


def _bare(line: str) -> str:
    # Outlook writes a link's address beside it.
    return re.sub(r"<mailto:[^<>\s]*>", "", re.sub(r"^[\s>]+", "", line)).strip()


def _with_next(lines: Sequence[str]) -> list[str]:
    # A line that breaks within an introduction holds an address or a time; a sentence of somebody's does not.
    is_begun = len(lines) > 1 and re.search(r"@|\d[:.]\d\d", f"{lines[0]} {lines[1]}")
    return [lines[0], f"{lines[0]} {lines[1]}"] if is_begun else [lines[0]]


def _follows(line: str, sources: Sequence[str], read: list[int]) -> bool:
    """Tells whether a line goes on where the reading of one of the letter's texts stands, or later."""
    words = heading(line)
    if not words or any(not ch.isascii() and not ch.isalpha() and ch not in "–—’‘“”…• " for ch in line):
        return False
    found = False
    for which, source in enumerate(sources):
        at = source.find(f" {words} ", read[which])
        if at >= 0:
            read[which], found = at + len(words) + 1, True
    return found


def _introduces(line: str, letter: OurLetter, marks: QuoteMarks) -> bool:
    ends = tuple(map(fold, marks.ends))
    about_us = _ADDRESS.search(line) or re.search(r"\d[:.]\d\d", line)
    return fold(line).endswith(ends) and bool(about_us) and _is_known(line, letter, marks)


def _label(line: str, marks: QuoteMarks) -> str:
    name, colon, _ = _bare(line).strip("*").partition(":")
    known = {fold(word) for word in (*marks.people, *marks.moments, *marks.subjects)}
    return fold(name) if colon and fold(name.strip("* ")) in known else ""


def _is_about(line: str, letter: OurLetter, marks: QuoteMarks) -> bool:
    label = _label(line, marks).strip("* ")
    if not label:
        return False
    value = line.partition(":")[2]
    if label in map(fold, marks.subjects):
        return f" {heading(letter.subject)} ".find(f" {heading(value)} ") >= 0 or not heading(value)
    return _is_known(value, letter, marks)


def _is_known(text: str, letter: OurLetter, marks: QuoteMarks) -> bool:
    addresses = {address.lower() for address in _ADDRESS.findall(text)}
    rest = heading(_ADDRESS.sub(" ", text)).split()
    allowed = letter.names | {heading(word) for word in marks.words}
    return addresses <= letter.addresses and all(word.isdigit() or word in allowed for word in rest)
