"""hearing: what a mail and the cells beside its rows say of each row of a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.domain import UNDER, Holder
from pipeline.domain.turkish import squeeze, without_addresses
from pipeline.judging.sentences import sentences
from pipeline.policy.naming import is_meant, named, telling, words_of
from pipeline.policy.phrases import FIRST_LETTERS, begun, has, has_other_letters, heading, without
from pipeline.policy.remark_words import AboutPerson, Captions, Denials, Withdrawal
from pipeline.policy.remarks import Remarks

# The columns of a list in which people write what has no column of its own.
_NOTES = ("note", "kind_note", "reader_note")
# Fields that nobody expects a word in that changes anything, and that have one all the same.
_OTHER_FIELDS = (
    "kind",
    "number",
    "workplace",
    "job_title",
    "mobile",
    "expires_on",
    "spare_certificate",
    "spare_reader",
    "vpn_logon",
    "beside",
)
# Where people write what belongs to no column of the form.
_BESIDE = ("beside", "comments", "headed", "over", "around", "general")


@dataclass(frozen=True, slots=True)
class Heard:
    """What is said beside the claims of a mail: of each row, by its place; any withdrawal, any question.

    `revision` is what calls its list a later state of another, `earlier` what it says of another before it,
    `payment` what may speak against a receipt.
    """

    rows: Mapping[int, str]
    withdrawal: str = ""
    question: str = ""
    revision: str = ""
    earlier: str = ""
    payment: str = ""


# Every letter of a mail is held against every row: so many times in all, and so much is shown of more.
_MOST_HEARD, _SHOWN = 5_000_000, 200


def hear(subject: str, words: str, holders: Sequence[Holder], remarks: Remarks) -> Heard:
    """Hears the subject and the own words of a mail, and the notes beside its rows."""
    if (len(subject) + len(words)) * len(holders) > _MOST_HEARD:
        # What so much says of so many rows nobody can tell in time: a person reads it.
        return Heard(dict.fromkeys(range(len(holders)), subject or words[:_SHOWN]))
    rows: dict[int, str] = {}
    withdrawal = question = before = ""
    for sentence in sentences(subject, words, holders, remarks.legal_notices):
        if remarks.withdrawal.are_in(sentence):
            withdrawal = withdrawal or sentence
            for index in _meant(sentence, before, holders, remarks):
                rows.setdefault(index, sentence)
        else:
            for index in _spoken_of(sentence, before, holders, remarks):
                rows.setdefault(index, sentence)
        # Whom the earlier list was about, and whom the new one still is, a person sees.
        if remarks.questions.are_in(sentence) or remarks.enclosures.end_another(sentence):
            question = question or sentence
        before = sentence
    if _is_caption(subject, remarks):
        rows = dict.fromkeys(range(len(holders)), subject) | rows
    rows = _said_of_lists(holders, remarks) | _said_by_sheets(holders, remarks) | rows
    around = _Around(remarks)
    for index, holder in enumerate(holders):
        if note := _note(holder, remarks) or around.note(holder):
            rows[index] = note
    revision = _revision(subject, words, holders, remarks)
    return Heard(rows, withdrawal, question, revision, _of_earlier(subject, words, holders, remarks))


def hear_alone(subject: str, words: str, holders: Sequence[Holder], remarks: Remarks) -> Mapping[int, str]:
    """Hears words that came without a list of those who were listed before: by their place, what is said.

    What stood beside their rows was heard then. What ends an earlier list ends theirs.
    """
    if not (holders and remarks.alone.say):
        return {}
    listed = [replace(holder, written={}, unclear={}, file="") for holder in holders]
    told = dict(hear(subject, words, listed, remarks).rows)
    for sentence in sentences(subject, words, listed, remarks.legal_notices):
        if remarks.enclosures.end_another(sentence):
            told = dict.fromkeys(named(sentence, listed) or range(len(listed)), sentence) | told
    return told


def _revision(subject: str, words: str, holders: Sequence[Holder], remarks: Remarks) -> str:
    """Gives what calls a list a later state of another: in the mail, a file's name, or over rows."""
    if not remarks.revisions:
        return ""
    places = (h.written.get(place, "") for h in holders for place in ("over", "general"))
    said = (
        *sentences(subject, words, holders, remarks.legal_notices),
        *dict.fromkeys(holder.file for holder in holders),
        *dict.fromkeys(text for texts in dict.fromkeys(places) for text in texts.split("; ")),
    )
    return next((text for text in said if remarks.revisions.are_in(text)), "")


def _of_earlier(subject: str, words: str, holders: Sequence[Holder], remarks: Remarks) -> str:
    """Gives the sentence of a mail that speaks of a list before its own; "" for none."""
    said = sentences(subject, words, holders, remarks.legal_notices)
    revisions = remarks.revisions
    return next((text for text in said if revisions and revisions.speak_of_earlier(text)), "")


def _keeps_all(sentence: str, holders: Sequence[Holder], remarks: Remarks) -> bool:
    """Tells whether a sentence says that those of the list are left: it names all of them, or nobody."""
    if not remarks.revisions or len(named(sentence, holders)) not in (0, len(holders)):
        return False
    return remarks.revisions.keep_all(sentence, words_of(holders))


def _said_of_lists(holders: Sequence[Holder], remarks: Remarks) -> dict[int, str]:
    """Gives what lines around a list say against it, to each of its rows."""
    told: dict[tuple[str, str], str] = {}
    for holder in holders:
        for line in holder.written.get("general", "").split("; "):
            if remarks.is_against_all(line):
                told.setdefault((holder.file, holder.sheet), line)
    places = ((index, (holder.file, holder.sheet)) for index, holder in enumerate(holders))
    return {index: told[place] for index, place in places if place in told}


def _said_by_sheets(holders: Sequence[Holder], remarks: Remarks) -> dict[int, str]:
    """Gives the name of a sheet that may say which of several sheets counts, to the rows of all of them.

    What a caption says is said of its own sheet alone, and where one sheet is left it may be called anything.
    """
    files: dict[str, dict[str, list[int]]] = {}
    for index, holder in enumerate(holders):
        files.setdefault(holder.file, {}).setdefault(holder.sheet, []).append(index)
    told: dict[int, str] = {}
    known = remarks.sheets
    for found in files.values() if known else ():
        sheets = {name: rows for name, rows in found.items() if not remarks.captions.are_in(name)}
        for name, rows in sheets.items() if len(sheets) > 1 else ():
            if known and not known.are_all_of(name, words_of(holders[at] for at in rows)):
                told |= dict.fromkeys((at for of_sheet in sheets.values() for at in of_sheet), name)
    return told


def _is_caption(subject: str, remarks: Remarks) -> bool:
    """Tells whether a subject says of all that lies below what a title over rows would say."""
    is_else = remarks.withdrawal.are_in(subject) or remarks.enclosures.are_of_another(subject)
    # Of what kind a mail's applications are, its rows say; `submission/list-or-other` compares the two.
    return remarks.captions.take_back(subject) and not is_else


def _spoken_of(sentence: str, before: str, holders: Sequence[Holder], remarks: Remarks) -> Sequence[int]:
    """Lists the rows of whom a sentence says something that a person would have to read first."""
    if _keeps_all(sentence, holders, remarks):
        return ()
    if any(one.are_in(sentence) for one in (remarks.enclosures, remarks.pointed, remarks.foreign)):
        return range(len(holders))
    called = named(sentence, holders)
    if 0 < len(called) < len(holders) and has(heading(sentence).split(), remarks.pointed.only):
        return range(len(holders))
    if remarks.denials.are_in(sentence):
        return called or range(len(holders))
    if called and (remarks.about_person.are_in(sentence) or _says_where(sentence, remarks)):
        return called
    words = heading(sentence).split()
    first = begun(words)
    told = ((i, part) for i, h in enumerate(holders) for part in telling(h))
    meant = [(i, part) for i, part in told if part[:FIRST_LETTERS] in first and has(words, (part,))]
    words = _spoken_words(sentence)
    left = [word for word in words if not any(word.startswith(part) for _, part in meant)]
    if meant:
        return tuple(dict.fromkeys(i for i, _ in meant)) if remarks.pointed.say_something(left) else ()
    # What is said of nobody by name may be said of whoever was named before, or of all.
    if remarks.enclosures.are_of_another(sentence) or not _tells_something(words, remarks):
        return ()
    own = words_of(holders)
    is_said = _tells_something([word for word in words if word not in own], remarks)
    return (called or named(before, holders) or range(len(holders))) if is_said else ()


def _says_where(sentence: str, remarks: Remarks) -> bool:
    """Tells whether a sentence says where a card is: whose card is somewhere has not lost it."""
    waiting = remarks.waiting
    return bool(waiting and waiting.cards and has(heading(sentence).split(), waiting.cards)) and bool(
        waiting and any(map(waiting.say_where, re.split(r"[,;]", sentence)))
    )


def _meant(sentence: str, before: str, holders: Sequence[Holder], remarks: Remarks) -> Sequence[int]:
    """Lists the rows that a withdrawal is about: those it names, or the one before names; else all."""
    everybody = range(len(holders))
    if has(heading(sentence).split(), remarks.withdrawal.turns):
        return everybody
    return named(sentence, holders) or named(before, holders) or everybody


def _against(remarks: Remarks) -> Sequence[Withdrawal | AboutPerson | Captions | Denials]:
    """Lists what speaks against somebody who is meant."""
    return remarks.withdrawal, remarks.about_person, remarks.captions, remarks.denials


def _note(holder: Holder, remarks: Remarks) -> str:
    """Gives what a row's note columns say that a person would have to read; "" for nothing."""
    if unread := _in_other_letters(holder):
        return unread
    for field in _NOTES:
        text = holder.written.get(field, "")
        if text and (holder.unclear.get(field) or not remarks.is_idle(text)):
            return text
    for field in _OTHER_FIELDS:
        for text in holder.written.get(field, "").split("; "):
            if remarks.withdrawal.are_in(text) or (field == "beside" and remarks.about_person.are_in(text)):
                return text
    for text in holder.written.get("comments", "").split("; "):
        if any(one.are_in(text) for one in (*_against(remarks), remarks.enclosures)):
            return text
        if _tells_something(_spoken_words(text), remarks) or squeeze(text) == "?":
            return text
    for text in holder.written.get("headed", "").split("; "):
        if remarks.columns.are_in(text) or _is_said_beside(text, holder, remarks):
            return text
    for text in holder.written.get("over", "").split("; "):
        if remarks.captions.are_in(text):
            return text
    return next(_names_against(holder.file, remarks), "")


def _in_other_letters(holder: Holder) -> str:
    """Gives what is written in another script beside or around a row, on its sheet or over its file."""
    beside = (holder.written.get(place, "") for place in _BESIDE)
    return next((text for text in (*beside, holder.sheet, holder.file) if has_other_letters(text)), "")


def _is_said_beside(text: str, holder: Holder, remarks: Remarks) -> bool:
    """Tells whether a cell in a column of the sender's own says something: data is no sentence.

    Where no heading says what it is, it is a note.
    """
    if not remarks.waiting:
        return False
    over, _, said = text.rpartition(UNDER.strip())
    if heading(over):
        return _tells_something(_spoken_words(said), remarks) or squeeze(said) == "?"
    own = heading(f"{holder.name} {holder.workplace or ''}").split()
    return not (remarks.is_idle(said) or (heading(said) and not set(heading(said).split()) - set(own)))


class _Around:
    """The lines around lists, which every row brings along: each is heard once."""

    def __init__(self, remarks: Remarks) -> None:
        self._remarks = remarks
        self._heard: dict[str, tuple[bool, bool]] = {}

    def note(self, holder: Holder) -> str:
        """Gives the line that speaks against a row, by its name or by its place; "" for none."""
        for text in holder.written.get("around", "").split("; "):
            is_against, is_pointed = self._of(text)
            if is_pointed or (is_against and is_meant(text, holder)):
                return text
        return ""

    def _of(self, text: str) -> tuple[bool, bool]:
        if text not in self._heard:
            is_against = any(one.are_in(text) for one in _against(self._remarks))
            self._heard[text] = is_against, self._remarks.pointed.are_in(text)
        return self._heard[text]


def _names_against(file: str, remarks: Remarks) -> Iterator[str]:
    """Gives the names of a row's file, and of folders around it in an archive, that call it no application.

    Numbers say nothing, nor does what a name calls corrected ("hatalı liste düzeltildi").
    """
    for name in re.split(r"[/\\]", file):
        words = re.sub(r"\d+", " ", name)
        is_corrected = remarks.enclosures.are_of_another(words)
        left = " ".join(without(words, remarks.enclosures.corrected)) if is_corrected else words
        if remarks.captions.are_in(left):
            yield words


def _spoken_words(text: str) -> list[str]:
    return heading(without_addresses(text)).split()


def _tells_something(words: Sequence[str], remarks: Remarks) -> bool:
    """Tells whether words have a finite verb among them that is not known to say nothing new."""
    if not remarks.waiting:
        return False
    return remarks.pointed.say_something(without(" ".join(words), remarks.harmless))
