"""release_words: rules/release.toml, and whether a mail is a release and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from pipeline.domain import Office, Submission
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, validated
from pipeline.domain.turkish import IdentityNumber, fold, heading, lower
from pipeline.mail.authentication import authentication
from pipeline.mail.unpack import plain_text
from pipeline.policy.quoted_letter import OurLetter, QuoteMarks, begins_quote, first_stranger

Why = Literal["no_word", "own_name", "more", "quote", "file", "no_text", "html", "thread", "subject"]
# Letters, and the marks that change nothing: a question mark or a picture is a word of its own.
_PHRASE = re.compile(r"(?:[^\W\d_]|[ .,!'’-])+")
_SUBJECT = re.compile(r"[\w .,:!'’()\[\]/–-]*")
_BATCH = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d/\d+")
_SIGNATURE = re.compile(r"[\w .,:()/+@|&'’-]+")
# What a page may show otherwise than its words say, and words or pictures that it shows beside them.
_DISGUISED = re.compile(
    r"(?i)<(?:s|strike|del|img|input|button|select|textarea|object|embed|iframe|svg|video|canvas|v:imagedata)\b|"
    r"<link\b[^>]*stylesheet|line-through|url\s*\(|display\s*:\s*none|visibility\s*:\s*hidden"
)
# Styles of a whole page that strike through what is read, or write something that is no word of it. To what
# they would apply cannot be told; mail programs write none of these into an answer of a few words.
_DISGUISING = re.compile(r"(?i)line-through|\bcontent\s*:|url\s*\(|@import")


_STYLE = re.compile(r"(?is)<style\b.*?(?:</style\s*>|\Z)")


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a mail is no release, and the line that makes it none ("" where no line does)."""

    why: Why
    line: str = ""


class _Examples(OfficialPart):
    signed_by: str
    matches: tuple[str, ...] = Field(min_length=1)
    differs: tuple[str, ...] = Field(min_length=1)
    subjects_match: tuple[str, ...] = Field(min_length=1)
    subjects_differ: tuple[str, ...] = Field(min_length=1)


class ReleaseWords(OfficialFile):
    """All that may stand in a mail that releases a list: a closed set, for the act cannot be taken back."""

    words: tuple[str, ...] = Field(min_length=1)
    beside: tuple[str, ...]
    answers: tuple[str, ...]
    subjects: tuple[str, ...]
    titles: tuple[str, ...]
    contacts: tuple[str, ...]
    footers: tuple[str, ...]
    because: str
    quotes: QuoteMarks
    examples: _Examples

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each example that is taken for a release and is none, or the other way round."""
        signer = Signer(own=frozenset(heading(self.examples.signed_by).split()))
        examples = [(e, True) for e in self.examples.matches] + [(e, False) for e in self.examples.differs]
        for example, wanted in examples:
            if (self.hindrance(example, signer, OurLetter()) is None) is not wanted:
                yield OperatorFault("release_example", file=path, example=" ".join(example.split()))
        subjects = [(e, True) for e in self.examples.subjects_match]
        for example, wanted in [*subjects, *((e, False) for e in self.examples.subjects_differ)]:
            if (self.hindrance_above(example, OurLetter()) is None) is not wanted:
                yield OperatorFault("release_example", file=path, example=example)

    def hindrance(self, text: str, signer: Signer, letter: OurLetter) -> Hindrance | None:
        """Finds what makes a text something else than a release; None where every line is accounted for."""
        lines = [
            line.replace("\u00a0", " ").strip() for line in unicodedata.normalize("NFC", text).split("\n")
        ]
        lines = [line for line in lines if line]
        if not lines or not self._is_release(lines[0]):
            return Hindrance("no_word", lines[0] if lines else "")
        if set(heading(lines[0]).split()) & signer.own:
            return Hindrance("own_name", lines[0])
        for number, line in enumerate(lines[1:], start=1):
            if begins_quote(lines[number:], self.quotes):
                stranger = first_stranger(lines[number:], letter, self.quotes)
                return Hindrance("quote", stranger) if stranger else None
            if not (self._is_courtesy(line) or self._is_signed(line, signer)):
                return Hindrance("more", line)
        return None

    def hindrance_above(self, subject: str, letter: OurLetter) -> Hindrance | None:
        """Finds in a subject what our own does not say and is no release either: it is part of the word."""
        own, ours = self._unanswered(subject), self._unanswered(letter.subject)
        said, ours = (f" {heading(_BATCH.sub(' ', text))} " for text in (own, ours))
        said = said.replace(ours, " ", 1) if ours.strip() else said
        known = [heading(phrase).split() for phrase in (*self.words, *self.beside, *self.subjects)]
        is_plain = _SUBJECT.fullmatch(own) and _is_made_of(said.split(), known)
        return None if is_plain else Hindrance("subject", subject)

    def _unanswered(self, subject: str) -> str:
        """Takes off a subject what programs put before it in an answer."""
        begin = re.compile(f"(?i)\\s*(?:{'|'.join(map(re.escape, self.answers))})\\s*:")
        while answers := begin.match(subject):
            subject = subject[answers.end() :]
        return subject

    def _is_release(self, line: str) -> bool:
        if not _PHRASE.fullmatch(line) or "-" in line:
            return False
        said = _words_of(line)
        firsts = (_words_of(phrase) for phrase in self.words)
        further = [_words_of(phrase) for phrase in (*self.words, *self.beside)]
        return any(_begins(said, first) and _is_made_of(said[len(first) :], further) for first in firsts)

    def _is_courtesy(self, line: str) -> bool:
        phrases = [_words_of(phrase) for phrase in self.beside]
        is_footer = fold(line) in {fold(footer) for footer in self.footers}
        return is_footer or (bool(_PHRASE.fullmatch(line)) and _is_made_of(_words_of(line), phrases))

    def _is_signed(self, line: str, signer: Signer) -> bool:
        if re.fullmatch(r"[-–—_=*]{2,}", line):
            return True
        if not _SIGNATURE.fullmatch(line):
            return False
        rest = heading(re.sub(re.escape(signer.address), " ", line, flags=re.IGNORECASE)).split()
        known = signer.own | signer.house | {w for title in self.titles for w in heading(title).split()}
        labels = {w for contact in self.contacts for w in heading(contact).split()}
        digits = "".join(word for word in rest if word.isdigit())
        # A telephone has no check digits, and begins with a nought or a code.
        is_person = any(IdentityNumber(word).is_valid for word in (digits, *filter(str.isdigit, rest)))
        is_reached = bool(labels & set(rest)) and len(digits) >= 4 and not is_person
        return all(w in known or w in labels or (w.isdigit() and is_reached) for w in rest)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who writes: the words of the own name, of the house, and the address; all folded."""

    own: frozenset[str] = frozenset()
    house: frozenset[str] = frozenset()
    address: str = "\0"


def load_release_words(raw: Mapping[str, Any]) -> ReleaseWords:
    """Validates release.toml by its own examples; raises OperatorFault."""
    return validated("rules/release.toml", raw, ReleaseWords)


def may_release(submission: Submission, office: Office) -> bool:
    """Tells whether a mail is of somebody who may release lists, by our own server's word about its sender.

    Without that word nobody is believed: a list of identity numbers goes out on it. Nor is a mail that
    another sent for them, or sent again: who may write in somebody's name may not release in it.
    """
    is_known = submission.sender in office.releasers and not submission.also_from
    is_own = set(submission.hands) <= {submission.sender}
    return is_known and is_own and authentication(submission, office) == "pass"


def why_no_release(
    submission: Submission, words: ReleaseWords, office: Office, letter: OurLetter
) -> Hindrance | None:
    """Finds what makes a mail something else than a release of the list that `letter` is about.

    Text and HTML must both be one: their reader may have been shown the other.
    """
    if submission.attachments:
        return Hindrance("file", submission.attachments[0].name)
    name = f"{submission.sender_name} {submission.sender.partition('@')[0]}"
    signer = Signer(
        own=frozenset(word for word in heading(name).split() if word.isalpha()),
        house=frozenset(heading(f"{office.unit} {office.institution}").split()),
        address=submission.sender,
    )
    above = words.hindrance_above(submission.subject, letter)
    if found := words.hindrance(submission.text, signer, letter) or above:
        return found
    if not submission.html:
        return None
    shown = plain_text(submission.html)
    is_alternative = any(
        key == "content-type" and "multipart/alternative" in value.lower()
        for key, value in submission.headers
    )
    if not is_alternative and shown.split() == submission.text.split():
        return Hindrance("no_text")
    page = re.sub(_STYLE, " ", submission.html)
    styles = " ".join(_STYLE.findall(submission.html))
    is_disguised = _DISGUISED.search(page) or _DISGUISING.search(styles)
    is_other = is_disguised or words.hindrance(shown, signer, letter)
    return Hindrance("html") if is_other else None


def batch_named(subject: str) -> str:
    """Finds the one list that a subject names, by its day and number; "" where it names none, or several.

    >>> batch_named("Onay: 2024-06-14/1"), batch_named("2024-06-14/1, 2024-06-14/2")
    ('2024-06-14/1', '')
    """
    found = set(_BATCH.findall(subject))
    return found.pop() if len(found) == 1 else ""


def _words_of(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", text))


def _begins(said: Sequence[str], phrase: Sequence[str]) -> bool:
    return len(said) >= len(phrase) and all(map(_is_same, said, phrase))


def _is_same(said: str, word: str) -> bool:
    # "onayliyorum" is typed without Turkish letters; "Önay" is somebody's name.
    return lower(said) == lower(word) or (said.isascii() and fold(said) == fold(word))


def _is_made_of(said: Sequence[str], phrases: Iterable[Sequence[str]]) -> bool:
    known = list(phrases)
    reached = {0}
    for at in range(len(said)):
        if at in reached:
            reached |= {at + len(phrase) for phrase in known if _begins(said[at:], phrase)}
    return len(said) in reached
