"""mailwords: rules/mail.toml, and what a sender says in the own words of a mail."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import Field

from pipeline.domain import NEW_PART, Submission
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, validated
from pipeline.domain.turkish import fold, heading, squeeze


class RobotKind(OfficialPart):
    """What one kind of program says in the subject and in the words of its mails, where no header tells it.

    Each of `samples` has such words in it, and none of `others`, which people write.
    """

    subjects: tuple[str, ...]
    words: tuple[str, ...]
    samples: tuple[str, ...] = Field(min_length=1)
    others: tuple[str, ...] = Field(min_length=1)

    def says(self, text: str) -> bool:
        """Tells whether a text has words of this kind in it."""
        return _holds(text, self.words)

    def titles(self, subject: str) -> bool:
        """Tells whether a subject is one of this kind's."""
        return _holds(subject, self.subjects)


class Robots(OfficialPart):
    """How the subjects of automatic mails begin, and what addresses that nobody reads are called.

    `recalls` begin the notices by which somebody's program takes back a mail that they sent.

    At `offices` programs and people write alike; `names` are shown by programs in the place of a person's;
    `kinds` are told by words.
    """

    subjects: tuple[str, ...]
    recalls: tuple[str, ...]
    senders: tuple[str, ...]
    offices: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[RobotKind, ...]


class Quotes(OfficialPart):
    """How a line begins, or ends, after which another mail is quoted, and the subject of an answer.

    `forwarded` are what subjects begin with, and `passes_on` what lines have in them, where a mail is passed
    on; of the fields at its head `writers` say who wrote it and `titles` what it is called.
    """

    begins: tuple[str, ...]
    subjects: tuple[str, ...]
    ends: tuple[str, ...]
    forwarded: tuple[str, ...]
    passes_on: tuple[str, ...]
    writers: tuple[str, ...]
    titles: tuple[str, ...]
    fields: tuple[str, ...]


class MailWords(OfficialFile):
    """rules/mail.toml: words that tell robots, quotations and abbreviated addresses."""

    robots: Robots
    quotes: Quotes
    abbreviations: Mapping[str, str]

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each text that is taken for a robot's and is none, or the other way round."""
        for kind in self.robots.kinds:
            for text, is_robots in [*((t, True) for t in kind.samples), *((t, False) for t in kind.others)]:
                if (kind.says(text) or kind.titles(text)) is not is_robots:
                    yield OperatorFault("paper_sample", file=path, text=text.strip().split("\n")[0])


def load_mail_words(raw: Mapping[str, Any]) -> MailWords:
    """Validates the parsed mail.toml; raises OperatorFault for a wrong key or where a text fails."""
    return validated("rules/mail.toml", raw, MailWords)


def _holds(text: str, phrases: tuple[str, ...]) -> bool:
    plain = f" {heading(text)} "
    return any(f" {heading(phrase)} " in plain for phrase in phrases)


def own_words(submission: Submission, words: MailWords) -> str:
    """Gives what the sender wrote in this mail, subject first, without what is quoted of other mails."""
    is_quoted = fold(submission.subject).startswith(tuple(map(fold, words.quotes.subjects)))
    lines = [] if is_quoted else [submission.subject]
    name = set(heading(f"{submission.sender_name} {submission.sender.partition('@')[0]}").split())
    is_over = False
    written = submission.text.split("\n")
    for at, line in enumerate(written):
        folded = fold(line)
        # What stands behind a file is the sender's again, though another mail was quoted before it.
        is_over = (is_over or _quotes_the_rest(written, at, words.quotes)) and line != NEW_PART
        if is_over or line == NEW_PART or folded.endswith(_folded(words.quotes.ends)):
            continue
        if not folded.startswith(">") and not _is_signature(line, name):
            lines.append(line.strip())
    return "\n".join(lines).strip()


def own_subject(submission: Submission, words: MailWords) -> str:
    """Gives what the sender wrote in the subject of a mail: of an answer, what is not of our letter's.

    Whoever answers nothing may name our number all the same, behind words of their own.
    """
    subject, begins = submission.subject.strip(), _folded(words.quotes.subjects)
    if not fold(subject).startswith(begins):
        return submission.subject
    while fold(subject).startswith(begins):
        subject = subject.partition(":")[2].strip()
    return _UP_TO_OUR_NUMBER.sub("", subject).strip(" -–—:")


# Every letter of ours ends its subject with the number of what it is about.
_UP_TO_OUR_NUMBER = re.compile(r".*\[[GN]-[0-9A-Z]{8}\]", re.DOTALL)


def _quotes_the_rest(lines: Sequence[str], at: int, quotes: Quotes) -> bool:
    """Tells whether all below a line is another mail's.

    Where each line of it bears a mark of its own, what is written between and below them is the sender's. And
    a line drawn across, or one that says from whom, quotes a mail only with that mail's fields near it.
    """
    folded = fold(lines[at])
    below = [line.strip() for line in lines[at + 1 : at + 1 + _FIELDS_WITHIN] if line.strip()]
    if folded.endswith(_folded(quotes.ends)):
        return not (below and below[0].startswith(">"))
    if not _begins(folded, quotes.begins):
        return False
    fields = (*quotes.fields, *quotes.titles)
    if not (_begins(folded, fields) or set(folded.strip()) <= set("_-")):
        return True
    near = [*lines[max(at - _FIELDS_WITHIN, 0) : at], *below]
    return any(_begins(fold(line.lstrip("*> ")), fields) for line in near)


# So near to each other the fields of a quoted mail stand.
_FIELDS_WITHIN = 4


def passed_on(submission: Submission, words: MailWords, own: Collection[str]) -> str:
    """Gives the words of the mail that somebody passes on within the own words of a mail; "" for none.

    It is passed on to be read. What one of our `own` addresses wrote says nothing new, nor what it quotes.
    """
    quotes = words.quotes
    is_forwarded = fold(submission.subject).startswith(tuple(map(fold, quotes.forwarded)))
    lines = [line.lstrip("> ") for line in submission.text.split("\n")]
    begin = next((at for at, line in enumerate(lines) if _passes_on(line, quotes, is_forwarded)), len(lines))
    titles: list[str] = []
    told: list[str] = []
    for line in lines[begin:]:
        folded = fold(line)
        is_quoting = _begins_quote(folded, quotes)
        if line == NEW_PART or (is_quoting and any(told)):
            break
        if _begins(folded, quotes.writers) and any(a in folded for a in own):
            return ""
        if _begins(folded, quotes.titles):
            titles.append(line.partition(":")[2].strip())
        elif not (_begins(folded, quotes.fields) or is_quoting or _passes_on(line, quotes, is_forwarded)):
            told.append(line.strip())
    return "\n\n".join([*titles, "\n".join(told).strip()]).strip()


def _begins(folded: str, marks: tuple[str, ...]) -> bool:
    return folded.startswith(_folded(marks))


# A letter has thousands of lines, and the marks of rules are the same for each.
@lru_cache(maxsize=64)
def _folded(marks: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(fold, marks))


def _passes_on(line: str, quotes: Quotes, is_forwarded: bool) -> bool:
    folded = fold(line)
    return any(mark in folded for mark in _folded(quotes.passes_on)) or (
        is_forwarded and _begins_quote(folded, quotes)
    )


def _begins_quote(folded: str, quotes: Quotes) -> bool:
    return _begins(folded, quotes.begins) or folded.endswith(_folded(quotes.ends))


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
