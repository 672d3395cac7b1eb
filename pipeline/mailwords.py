"""mailwords: rules/mail.toml, and what a sender says in the own words of a mail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.domain import Submission
from pipeline.turkish import fold, heading, squeeze


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Robots(_Strict):
    """How the subjects of automatic mails begin, and what addresses that nobody reads are called."""

    subjects: tuple[str, ...]
    senders: tuple[str, ...]


class Quotes(_Strict):
    """How a line begins, or ends, after which another mail is quoted, and the subject of an answer."""

    begins: tuple[str, ...]
    subjects: tuple[str, ...]
    ends: tuple[str, ...]


class MailWords(_Strict):
    """rules/mail.toml: words that tell robots, quotations and abbreviated addresses."""

    robots: Robots
    quotes: Quotes
    abbreviations: Mapping[str, str]


def load_mail_words(raw: Mapping[str, Any]) -> MailWords:
    """Validates the parsed mail.toml; raises pydantic's ValidationError."""
    return MailWords.model_validate(raw)


def own_words(submission: Submission, words: MailWords) -> str:
    """Gives what the sender wrote in this mail, subject first, without what is quoted of other mails."""
    begins = tuple(fold(mark) for mark in words.quotes.begins)
    ends = tuple(fold(mark) for mark in words.quotes.ends)
    is_quoted = fold(submission.subject).startswith(tuple(map(fold, words.quotes.subjects)))
    lines = [] if is_quoted else [submission.subject]
    name = set(heading(f"{submission.sender_name} {submission.sender.partition('@')[0]}").split())
    for line in submission.text.split("\n"):
        folded = fold(line)
        if folded.startswith(begins) or folded.endswith(ends):
            break
        if not folded.startswith(">") and not _is_signature(line, name):
            lines.append(line.strip())
    return "\n".join(lines).strip()


def _is_signature(line: str, name: set[str]) -> bool:
    words = heading(line).split()
    return bool(words) and set(words) <= name


def written_out(text: str, abbreviations: Mapping[str, str]) -> str:
    """Writes the abbreviations of an address in full; the same text where there are none.

    >>> written_out("Lale Cad. No:4/7", {"Cad.": "Caddesi", "No:": "Numara"})
    'Lale Caddesi Numara 4/7'
    """
    for short, full in sorted(abbreviations.items(), key=lambda pair: -len(pair[0])):
        text = re.sub(rf"(?<!\w){re.escape(short)}\s*", full + " ", text, flags=re.IGNORECASE)
    return squeeze(text)


def abbreviated_address(text: str, abbreviations: Mapping[str, str]) -> str:
    """Finds the sentence of a mail that holds an abbreviated address; "" where there is none.

    Two abbreviations make an address: one alone, such as "No:", stands before many things.
    """
    for line in text.split("\n"):
        found = [m for short in abbreviations for m in re.finditer(rf"(?i)(?<!\w){re.escape(short)}", line)]
        if len({m.start() for m in found}) >= 2:
            begin = line.rfind(":", 0, min(m.start() for m in found)) + 1
            return squeeze(re.split(r"[.!]\s+(?=[^.]*\?)", line[begin:])[0])
    return ""
