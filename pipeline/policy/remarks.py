"""remarks: rules/remarks.toml; what is said beside a list or a receipt, about whom, and what is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic import Field

from pipeline.domain import UNDER, Holder
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, validated
from pipeline.domain.turkish import heading as in_order
from pipeline.domain.turkish import squeeze, without_addresses

# A word that somebody has set wide: "İ P T A L".
_WIDE = re.compile(r"(?<!\w)(?:[^\W\d_] ){3,}[^\W\d_](?!\w)")


def heading(text: str) -> str:
    """Gives a text in order, in which words that were set wide are words again.

    >>> heading("İ P T A L edildi"), heading("B 4 grubu")
    ('iptal edildi', 'b 4 grubu')
    """
    return _WIDE.sub(lambda word: word[0].replace(" ", ""), in_order(text))


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
# A cross or a tick says something without a word.
_UNKNOWN_SIGN = re.compile(r"[^\w\s.,;:!/()'\"’“”&+*°-–—-]")
# What people put where there is nothing to say.
_NOTHING = set("-–—./, ")
_TITLES = ("hanim", "bey", "hoca", "hocam", "hemsire", "dr", "doktor", "uzm")


class _Proved(OfficialPart):
    matches: tuple[str, ...] = Field(min_length=1)
    differs: tuple[str, ...] = Field(min_length=1)


class Withdrawal(_Proved):
    """Words that take somebody back off a list; `turns` turn a sentence against those it does not name."""

    always: tuple[str, ...]
    harmless: tuple[str, ...]
    signs: tuple[str, ...]
    turns: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text may take somebody back."""
        return _has(heading(text).split(), self.always) or _has(_without(text, self.harmless), self.signs)


class AboutPerson(_Proved):
    """Words that hold the row of somebody who is named in the same sentence."""

    words: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether one of the words stands in a text."""
        return _has(heading(text).split(), self.words)


class Notes(_Proved):
    """All words that a note may consist of and say nothing that a person would have to read.

    `places` say where something is, not that it is lost, unless one of `losses` stands beside them.
    """

    words: tuple[str, ...]
    places: tuple[str, ...]
    losses: tuple[str, ...]

    def are_all_of(self, words: Sequence[str]) -> bool:
        """Tells whether a text, given by its words, holds nothing else; numbers aside."""
        known = _single_words(self.words, self.places)
        if _has(words, self.places) and not _has(words, self.losses):
            return False
        return all(word.isdigit() or word in known for word in words)


class Captions(_Proved):
    """Words over rows, in a title or a sheet's name, by which these rows are no applications.

    `others` name applications of another kind, unless one of `ours` stands beside them. What is `harmless`
    is no caption, though it has such a word in it.
    """

    words: tuple[str, ...]
    others: tuple[str, ...]
    ours: tuple[str, ...]
    harmless: tuple[str, ...] = ()

    def are_in(self, text: str) -> bool:
        """Tells whether a text calls rows no applications, or others than ours."""
        words = heading(text).split()
        return self.take_back(text) or (_has(words, self.others) and not _has(words, self.ours))

    def take_back(self, text: str) -> bool:
        """Tells whether a text calls rows no applications at all."""
        return _has(_without(text, self.harmless), self.words)


class Sheets(_Proved):
    """All words that names of sheets may consist of where people stand on several sheets of a workbook."""

    words: tuple[str, ...]

    def are_all_of(self, name: str, own: Collection[str] = ()) -> bool:
        """Tells whether a name holds nothing else, but numbers and beginnings of its rows' `own` words."""
        left = _without(re.sub(r"\d+", " ", name), self.words)
        return all(len(word) >= _FEWEST_SHARED and any(o.startswith(word) for o in own) for word in left)


# Fewer letters begin words of many units and people.
_FEWEST_SHARED = 3


class Lines(_Proved):
    """Lines around a list that speak of it as a whole; what a form `asks` of whoever fills it in is none."""

    pointers: tuple[str, ...]
    asks: tuple[str, ...]


class Columns(_Proved):
    """Columns that are none of the form's: what stands under one may say that a row is no application.

    Under a heading with one of `against` any word does but `no`; under one that `asks`, any but `yes`; under
    any other, `refusals` alone. What is left of a heading without `harmless` counts.
    """

    against: tuple[str, ...]
    asks: tuple[str, ...]
    harmless: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    refusals: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a heading and the cell under it, "heading → cell", speak against the row."""
        over, _, said = text.rpartition(UNDER.strip())
        left = _without(over, self.harmless)
        if _has(left, self.against):
            return not _is_one_of(said, self.no)
        if _has(left, self.asks):
            return not _is_one_of(said, self.yes)
        return len(left) == len(heading(over).split()) and _is_one_of(said, self.refusals)


def _is_one_of(text: str, known: tuple[str, ...]) -> bool:
    """Tells whether a text is one of some words, signs counted where there is no letter in it."""
    return any((heading(text) or squeeze(text)) == (heading(word) or word) for word in known)


class Enclosures(_Proved):
    """Words by which what is enclosed is not, or not yet, meant; `earlier` speak of another
    list, which `ended` take back. `in_case` says what may be, and not what is; with one of `announced`
    the other list is still to come. In a name that speaks of another list, `corrected` is what that one was.
    """

    words: tuple[str, ...]
    in_case: tuple[str, ...]
    announced: tuple[str, ...]
    corrected: tuple[str, ...]
    earlier: tuple[str, ...]
    ended: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text takes back what lies beside it."""
        is_to_come = _has(heading(text).split(), self.announced)
        return _has(_without(text, self.in_case), self.words) and (
            is_to_come or not self.are_of_another(text)
        )

    def are_of_another(self, text: str) -> bool:
        """Tells whether a text speaks of a list that is not the enclosed one."""
        return _has(heading(text).split(), self.earlier)

    def end_another(self, text: str) -> bool:
        """Tells whether a text takes back a list that came before."""
        return self.are_of_another(text) and _has(heading(text).split(), self.ended)


class Pointed(_Proved):
    """Sentences that point at a row: by its place, where all words must be known, or by a name.

    Beside a name only what is said must be known: words with one of the `endings` of a finite verb. With one
    of `only`, who is not named is meant as well.
    """

    places: tuple[str, ...]
    only: tuple[str, ...]
    endings: tuple[str, ...]
    words: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text says something unknown about a row that it names by its place."""
        folded = squeeze(text).lower().replace("i̇", "i")
        is_pointed = any(re.search(place, folded) for place in self.places)
        return is_pointed and any(
            not w.isdigit() and not _has([w], self.words) for w in heading(text).split()
        )

    def say_something(self, words: Iterable[str]) -> bool:
        """Tells whether one of the words says what is not known to say nothing new."""
        return _has_new_verb(words, self.endings, self.words)


class Denials(_Proved):
    """Sentences that deny, doubt or put off what a list says without naming anybody.

    `endings` are those of a denied verb; what `harmless` verbs deny is known to say nothing new. `words`
    doubt or put off by themselves; of several, no verb is harmless ("teyit edemedim").
    """

    endings: tuple[str, ...]
    harmless: tuple[str, ...]
    words: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text denies, doubts or puts off something."""
        words = _without(text, self.harmless)
        several = tuple(phrase for phrase in self.words if " " in phrase)
        is_doubted = _has(words, self.words) or _has(heading(text).split(), several)
        return is_doubted or any(re.search(ending, word) for word in words for ending in self.endings)


class Foreign(_Proved):
    """Sentences in a language that no other word here is of: all of their words must be known.

    `signs` are words that are of no other language; a sentence with one of `notices` is a house's footer.
    """

    signs: tuple[str, ...]
    words: tuple[str, ...]
    notices: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text is of another language, and says something unknown in it."""
        words = heading(text).split()
        if not _has(words, self.signs) or _has(words, self.notices):
            return False
        return any(not w.isdigit() and not _has([w], self.words) for w in words)


class Payments(_Proved):
    """What is said beside a receipt against the payment: of it all that is said must be known.

    `signs` speak against it by themselves, `against` in a clause with one of `subjects`; there a finite verb,
    told by the `endings` of one, must be one of `verbs`, and a denied one of `denied`. What is `harmless` is
    nothing of all that.
    """

    subjects: tuple[str, ...]
    signs: tuple[str, ...]
    against: tuple[str, ...]
    harmless: tuple[str, ...]
    endings: tuple[str, ...]
    verbs: tuple[str, ...]
    denials: tuple[str, ...]
    denied: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text may say that a payment was not made, was taken back or is another's."""
        return any(self._is_against(clause) for clause in _CLAUSE.split(text))

    def _is_against(self, clause: str) -> bool:
        left = _without(clause, self.harmless)
        if _has(left, self.signs):
            return True
        if not _has(heading(clause).split(), self.subjects):
            return False
        return _has(left, self.against) or self._has_unknown(
            _without(without_addresses(clause), self.harmless)
        )

    def _has_unknown(self, words: Sequence[str]) -> bool:
        denied = [word for word in words if any(re.search(ending, word) for ending in self.denials)]
        if any(not _has([word], self.denied) for word in denied):
            return True
        others = [word for word in words if word not in denied]
        return _has_new_verb(others, self.endings, (*self.verbs, *self.subjects))


# Words of no more letters are no verbs of their own.
_NO_VERB = 3
# A number of whatever kind, an IBAN as well.
_NUMBER = re.compile(r"(?:tr)?\d+")
# What is said of two things in one sentence.
_CLAUSE = re.compile(r"[,;:()]|\b(?:ama|fakat|ancak|ve)\b", re.IGNORECASE)


class LegalNotices(_Proved):
    """Sentences of a house's footer: what whoever is not meant by the mail should do with it.

    Both must be there, a condition that does not hold for us and what it is about; then the rest of the same
    paragraph is the footer's too, but for sentences with one of `never`.
    """

    conditions: tuple[str, ...]
    about: tuple[str, ...]
    never: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        """Tells whether a text speaks to somebody else than us."""
        words = heading(text).split()
        return _has(words, self.conditions) and self.may_go_on(text)

    def may_go_on(self, text: str) -> bool:
        """Tells whether a text may be the footer's next sentence."""
        words = heading(text).split()
        return _has(words, self.about) and not _has(words, self.never)


class Questions(_Proved):
    """Words that ask for something the answer to a list or receipt does not tell anyway."""

    signs: tuple[str, ...]
    harmless: tuple[str, ...]
    say: str
    remedy: str

    def are_in(self, text: str) -> bool:
        """Tells whether a text asks for something else."""
        left = _without(text, self.harmless)
        bare = len(left) == len(heading(text).split())
        return _has(left, self.signs) or ("?" in text and bare and bool(left))


class Revisions(_Proved):
    """Words by which a list, or the mail that brings it, calls itself a later state of one sent before."""

    words: tuple[str, ...]
    say: str
    remedy: str

    def are_in(self, text: str) -> bool:
        """Tells whether a text speaks of a later state of a list."""
        return _has(heading(re.sub(r"[_\d]+", " ", text)).split(), self.words)


class Alone(OfficialPart):
    """What is told of words against an application that came without any file: to their sender, where
    somebody else's is meant to the desk alone; with no `say` such words go unheard, as they did."""

    say: str
    remedy: str
    others: str


class Waiting(_Proved):
    """All words that a mail without a list may consist of and change nothing, whose sender waits for a list.

    Of a language nobody knows all words by which somebody may leave; those that are no such words are few.
    What one other says is told by `say`; by `file` one that could not be understood, unless its name or the
    mail says that it is one of some `papers`.
    """

    words: tuple[str, ...]
    papers: tuple[str, ...]
    signs: tuple[str, ...]
    say: str
    file: str
    remedy: str

    def are_in(self, text: str, own: Collection[str] = ()) -> bool:
        """Tells whether a text has any other word or sign in it, but for numbers and the writer's `own`."""
        bare = without_addresses(text)
        known = {*self.signs, *_NOTHING}
        is_signed = any(unicodedata.category(sign) == "So" and sign not in known for sign in bare)
        left = _without(bare, self.words)
        return is_signed or any(not _NUMBER.fullmatch(w) and len(w) > 1 and w not in own for w in left)


class Remarks(OfficialFile):
    """rules/remarks.toml."""

    because: str
    withdrawal: Withdrawal
    about_person: AboutPerson
    notes: Notes
    captions: Captions
    columns: Columns
    lines: Lines
    enclosures: Enclosures
    pointed: Pointed
    denials: Denials
    foreign: Foreign
    legal_notices: LegalNotices
    questions: Questions
    alone: Alone
    # None where they are not listened to, as rules of an earlier version did not.
    sheets: Sheets | None = None
    revisions: Revisions | None = None
    waiting: Waiting | None = None
    payments: Payments | None = None

    def is_against_payment(self, text: str) -> bool:
        """Tells whether a text beside a receipt says something of it that a person would have to read."""
        against = (self.payments, self.enclosures, self.foreign)
        return self.payments is not None and any(one.are_in(text) for one in against if one)

    def may_be_against_somebody(self, text: str) -> bool:
        """Tells whether a text may speak against an application, whoever's it is."""
        against = (self.withdrawal, self.denials, self.enclosures, self.foreign)
        return any(one.are_in(text) for one in against) or self.enclosures.end_another(text)

    def is_against_all(self, line: str) -> bool:
        """Tells whether a line around a list takes the whole of it back, denies it or puts it off."""
        if not _has(heading(line).split(), self.lines.pointers):
            return False
        said = " ".join(_without(line, self.lines.asks))
        # A caption is short; in a sentence its words may be of what is always done.
        left = " ".join(_without(said, self.withdrawal.harmless))
        return self.captions.are_in(left) or any(
            one.are_in(said) for one in (self.withdrawal, self.denials, self.enclosures)
        )

    def is_idle(self, note: str) -> bool:
        """Tells whether a note beside a row says nothing that a person would have to read."""
        if self.withdrawal.are_in(note) or _UNKNOWN_SIGN.search(note):
            return False
        if not heading(note):
            return not set(squeeze(note)) - _NOTHING
        return self.notes.are_all_of(_without(note, self.withdrawal.harmless))

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each example that is heard otherwise."""
        told: tuple[tuple[str, _Proved, Callable[[str], bool]], ...] = (
            ("withdrawal", self.withdrawal, self.withdrawal.are_in),
            ("about_person", self.about_person, self.about_person.are_in),
            ("notes", self.notes, self.is_idle),
            ("captions", self.captions, self.captions.are_in),
            ("columns", self.columns, self.columns.are_in),
            ("lines", self.lines, self.is_against_all),
            ("enclosures", self.enclosures, self.enclosures.are_in),
            ("pointed", self.pointed, self.pointed.are_in),
            ("denials", self.denials, self.denials.are_in),
            ("foreign", self.foreign, self.foreign.are_in),
            ("legal_notices", self.legal_notices, self.legal_notices.are_in),
            ("questions", self.questions, self.questions.are_in),
        )
        if self.sheets:
            told += (("sheets", self.sheets, self.sheets.are_all_of),)
        if self.revisions:
            told += (("revisions", self.revisions, self.revisions.are_in),)
        if self.waiting:
            told += (("waiting", self.waiting, self.waiting.are_in),)
        if self.payments:
            told += (("payments", self.payments, self.payments.are_in),)
        for key, proved, holds in told:
            for example, wanted in [
                *((e, True) for e in proved.matches),
                *((e, False) for e in proved.differs),
            ]:
                if holds(example) is not wanted:
                    yield OperatorFault("remark_example", file=path, key=key, example=example)


def load_remarks(raw: Mapping[str, Any]) -> Remarks:
    """Validates remarks.toml by its own examples; raises OperatorFault."""
    return validated("rules/remarks.toml", raw, Remarks)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is said beside the claims of a mail: of each row, by its place; any withdrawal, any question.

    `revision` is what calls its list a later state of another, `payment` what may speak against a receipt.
    """

    rows: Mapping[int, str]
    withdrawal: str = ""
    question: str = ""
    revision: str = ""
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
    for sentence in _sentences(subject, words, holders, remarks.legal_notices):
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
    return Heard(rows, withdrawal, question, _revision(subject, words, holders, remarks))


def hear_of_payment(subject: str, words: str, remarks: Remarks) -> str:
    """Hears in the subject and the own words of a mail what may speak against the receipt that it brings."""
    said = _sentences(subject, words, (), remarks.legal_notices)
    return next((text for text in said if remarks.is_against_payment(text)), "")


def _revision(subject: str, words: str, holders: Sequence[Holder], remarks: Remarks) -> str:
    """Gives what calls a list a later state of another: in the mail, a file's name, or over rows."""
    if not remarks.revisions:
        return ""
    places = (h.written.get(place, "") for h in holders for place in ("over", "general"))
    said = (
        *_sentences(subject, words, holders, remarks.legal_notices),
        *dict.fromkeys(holder.file for holder in holders),
        *dict.fromkeys(text for texts in dict.fromkeys(places) for text in texts.split("; ")),
    )
    return next((text for text in said if remarks.revisions.are_in(text)), "")


def hear_alone(subject: str, words: str, holders: Sequence[Holder], remarks: Remarks) -> Mapping[int, str]:
    """Hears words that came without a list of those who were listed before: by their place, what is said.

    What stood beside their rows was heard then. What ends an earlier list ends theirs.
    """
    if not (holders and remarks.alone.say):
        return {}
    listed = [replace(holder, written={}, unclear={}, file="") for holder in holders]
    told = dict(hear(subject, words, listed, remarks).rows)
    for sentence in _sentences(subject, words, listed, remarks.legal_notices):
        if remarks.enclosures.end_another(sentence):
            told = dict.fromkeys(_named(sentence, listed) or range(len(listed)), sentence) | told
    return told


def unknown_alone(
    subject: str, words: str, holders: Sequence[Holder], own: Collection[str], remarks: Remarks
) -> str:
    """Gives the sentence of a mail without a list that nobody can say to change nothing; "" for none.

    `holders` are those who wait; their words, and the `own` ones of the mail's writer, say nothing new.
    """
    said = _sentences(subject, words, holders, remarks.legal_notices)
    return next(_unknown(said, _known_of(holders, own), remarks), "")


def unknown_beside_receipt(
    subject: str, words: str, holders: Sequence[Holder], own: Collection[str], remarks: Remarks
) -> str:
    """Gives the same of a mail with a receipt: who pays goes on, and only finite verbs must be known."""
    known = _known_of(holders, own)
    odd = _unknown(_sentences(subject, words, holders, remarks.legal_notices), known, remarks)
    return next((text for text in odd if _tells_of_more(text, known, remarks)), "")


def _unknown(sentences: Iterable[str], known: Collection[str], remarks: Remarks) -> Iterator[str]:
    waiting = remarks.waiting
    return (text for text in sentences if waiting and waiting.are_in(text, known))


def _known_of(holders: Sequence[Holder], own: Collection[str]) -> Collection[str]:
    told = (word for h in holders for word in heading(f"{h.name} {h.workplace or ''}").split())
    return {*own, *told}


def _tells_of_more(text: str, own: Collection[str], remarks: Remarks) -> bool:
    """Tells whether a sentence beside a receipt has a finite verb that is not known to say nothing new."""
    paid = remarks.payments
    if not paid:
        return True
    left = _without(without_addresses(text), (*_harmless(remarks), *paid.harmless))
    ends = (*remarks.pointed.endings, *paid.endings)
    known = (*remarks.pointed.words, *paid.verbs, *paid.subjects)
    return _has_new_verb((word for word in left if word not in own), ends, known)


def _has_new_verb(words: Iterable[str], endings: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """Tells whether one of some words ends as a finite verb does, and is not known."""
    return any(len(w) > _NO_VERB and w.endswith(endings) and not _has([w], known) for w in words)


def _harmless(remarks: Remarks) -> tuple[str, ...]:
    said = remarks.waiting.words if remarks.waiting else ()
    return (*remarks.withdrawal.harmless, *remarks.denials.harmless, *said)


def say_what_it_is(file: str, words: str, remarks: Remarks) -> bool:
    """Tells whether an unread file says by its name, or the mail of it, that it changes nothing."""
    waiting = remarks.waiting
    if not waiting:
        return True
    name = re.sub(r"[_\d-]+", " ", re.sub(r"(\.\w{2,4})+$", "", file))
    is_plain = not waiting.are_in(name) and _has(heading(name).split(), waiting.papers)
    return is_plain or _has(heading(words).split(), waiting.papers)


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
            if known and not known.are_all_of(name, _own(rows, holders)):
                told |= dict.fromkeys((at for of_sheet in sheets.values() for at in of_sheet), name)
    return told


def _own(rows: Sequence[int], holders: Sequence[Holder]) -> Collection[str]:
    """Gives the words of the names and workplaces of some rows."""
    return {
        word for at in rows for word in heading(f"{holders[at].name} {holders[at].workplace or ''}").split()
    }


def _is_caption(subject: str, remarks: Remarks) -> bool:
    """Tells whether a subject says of all that lies below what a title over rows would say."""
    is_else = remarks.withdrawal.are_in(subject) or remarks.enclosures.are_of_another(subject)
    # Of what kind a mail's applications are, its rows say; `submission/list-or-other` compares the two.
    return remarks.captions.take_back(subject) and not is_else


def _spoken_of(sentence: str, before: str, holders: Sequence[Holder], remarks: Remarks) -> Sequence[int]:
    """Lists the rows of whom a sentence says something that a person would have to read first."""
    if any(one.are_in(sentence) for one in (remarks.enclosures, remarks.pointed, remarks.foreign)):
        return range(len(holders))
    named = _named(sentence, holders)
    if 0 < len(named) < len(holders) and _has(heading(sentence).split(), remarks.pointed.only):
        return range(len(holders))
    if remarks.denials.are_in(sentence):
        return named or range(len(holders))
    if named and remarks.about_person.are_in(sentence):
        return named
    words = heading(sentence).split()
    begun = _begun(words)
    told = ((i, part) for i, h in enumerate(holders) for part in _telling(h))
    meant = [(i, part) for i, part in told if part[:_FIRST_LETTERS] in begun and _has(words, (part,))]
    words = _spoken_words(sentence)
    left = [word for word in words if not any(word.startswith(part) for _, part in meant)]
    if meant:
        return tuple(dict.fromkeys(i for i, _ in meant)) if remarks.pointed.say_something(left) else ()
    # What is said of nobody by name may be said of whoever was named before, or of all.
    if remarks.enclosures.are_of_another(sentence) or not _tells_something(words, remarks):
        return ()
    own = _own(range(len(holders)), holders)
    is_said = _tells_something([word for word in words if word not in own], remarks)
    return (named or _named(before, holders) or range(len(holders))) if is_said else ()


def _telling(holder: Holder) -> Sequence[str]:
    """Gives the words of a name that no other words begin with."""
    words = heading(holder.name).split()
    return [word for word in words if len(word) >= _FEWEST_LETTERS]


# Shorter names ("Su", "Can") begin many other words.
_FEWEST_LETTERS = 4


def names(text: str, holder: Holder) -> bool:
    """Tells whether a text names somebody in full; Turkish endings may follow."""
    words = heading(text).split()
    own = heading(holder.name).split()
    return len(own) >= 2 and all(any(word.startswith(part) for word in words) for part in own)


@dataclass(frozen=True, slots=True)
class Naming:
    """A text in which people are looked for by their names, taken apart once for all of them."""

    words: str
    numbers: frozenset[str]
    titled: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Naming:
        """Takes a text apart."""
        words = heading(text)
        return cls(f" {words}", frozenset(re.findall(r"\d+", text)), frozenset(_titled(words.split())))

    def gives_in_full(self, holder: Holder) -> bool:
        """Tells whether it gives somebody's number, or one given name and the family name side by side.

        Of all that wait for a list, some have names that begin with the words of any sentence.
        """
        family = heading(holder.family_name or "")
        given = heading(holder.given_name or "")
        number = holder.identity_number
        if number is not None and number.digits in self.numbers:
            return True
        pairs = [pair for one in {given, *given.split()} for pair in ((one, family), (family, one))]
        return bool(given and family) and any(f" {first} {second}" in self.words for first, second in pairs)

    def gives_by_title(self, holder: Holder) -> bool:
        """Tells whether it speaks of somebody by one name and a title ("Ayşe Hanım")."""
        return not self.titled.isdisjoint(heading(holder.name).split())


def _titled(words: Sequence[str]) -> set[str]:
    return {word for word, title in pairwise(words) if title.startswith(_TITLES)}


def _against(remarks: Remarks) -> Sequence[Withdrawal | AboutPerson | Captions | Denials]:
    """Lists what speaks against somebody who is meant."""
    return remarks.withdrawal, remarks.about_person, remarks.captions, remarks.denials


def _is_meant(text: str, holder: Holder) -> bool:
    number = holder.identity_number
    return names(text, holder) or (number is not None and number.digits in re.sub(r"\D+", " ", text).split())


def _note(holder: Holder, remarks: Remarks) -> str:
    """Gives what a row's note columns say that a person would have to read; "" for nothing."""
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


def _spoken_words(text: str) -> list[str]:
    return heading(without_addresses(text)).split()


def _tells_something(words: Sequence[str], remarks: Remarks) -> bool:
    """Tells whether words have a finite verb among them that is not known to say nothing new."""
    if not remarks.waiting:
        return False
    return remarks.pointed.say_something(_without(" ".join(words), _harmless(remarks)))


class _Around:
    """The lines around lists, which every row brings along: each is heard once."""

    def __init__(self, remarks: Remarks) -> None:
        self._remarks = remarks
        self._heard: dict[str, tuple[bool, bool]] = {}

    def note(self, holder: Holder) -> str:
        """Gives the line that speaks against a row, by its name or by its place; "" for none."""
        for text in holder.written.get("around", "").split("; "):
            is_against, is_pointed = self._of(text)
            if is_pointed or (is_against and _is_meant(text, holder)):
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
        left = " ".join(_without(words, remarks.enclosures.corrected)) if is_corrected else words
        if remarks.captions.are_in(left):
            yield words


def _meant(sentence: str, before: str, holders: Sequence[Holder], remarks: Remarks) -> Sequence[int]:
    """Lists the rows that a withdrawal is about: those it names, or the one before names; else all."""
    everybody = range(len(holders))
    if _has(heading(sentence).split(), remarks.withdrawal.turns):
        return everybody
    return _named(sentence, holders) or _named(before, holders) or everybody


def _named(sentence: str, holders: Sequence[Holder]) -> Sequence[int]:
    """Lists the rows of those whom a sentence names in full, or by one name and a title."""
    words = heading(sentence).split()
    titled, begun = _titled(words), _begun(words)

    def is_named(holder: Holder) -> bool:
        own = heading(holder.name).split()
        may_be = len(own) >= 2 and all(part[:_FIRST_LETTERS] in begun for part in own)
        return (may_be and names(sentence, holder)) or not titled.isdisjoint(own)

    return [i for i, holder in enumerate(holders) if is_named(holder)]


def _begun(words: Iterable[str]) -> set[str]:
    """Gives how words begin: most people are not named, which a few letters tell."""
    return {word[:letters] for word in words for letters in range(1, _FIRST_LETTERS + 1)}


def _sentences(subject: str, words: str, holders: Sequence[Holder], notices: LegalNotices) -> Iterator[str]:
    """Divides a mail into its sentences, those of a house's footer left out; no house names a row in it."""
    for part in (subject, *re.split(r"\n\s*\n", words)):
        is_footer = False
        for sentence in _divided(part):
            is_footer = notices.are_in(sentence) or (is_footer and notices.may_go_on(sentence))
            if not is_footer or _named(sentence, holders):
                yield sentence


def _divided(part: str) -> Iterator[str]:
    """Divides a paragraph at full stops and questions; programs break lines anywhere else."""
    sentence = ""
    for piece in re.split(r"(?<=[.!?;…])\s+", squeeze(part.replace("\n", " "))):
        # "2. sıradaki" is no end of a sentence.
        if re.search(r"\d\.$", sentence) and piece[:1].islower():
            sentence = f"{sentence} {piece}"
            continue
        if sentence:
            yield sentence
        sentence = piece
    if sentence:
        yield sentence


# --- phrases -------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _single_words(*texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(part for words in texts for word in words for part in heading(word).split())


def _has(words: Sequence[str], phrases: tuple[str, ...]) -> bool:
    known = _taken_apart(phrases)
    return any(_length(words, at, known) for at in range(len(words)))


def _without(text: str, phrases: tuple[str, ...]) -> list[str]:
    """Gives the words of a text that belong to none of some phrases."""
    words, known = heading(text).split(), _taken_apart(phrases)
    left: list[str] = []
    at = 0
    while at < len(words):
        length = _length(words, at, known)
        if not length:
            left.append(words[at])
        at += max(length, 1)
    return left


def _length(words: Sequence[str], at: int, known: _Phrases) -> int:
    """Counts the words of the longest of some phrases that begins at a word; 0 where none does."""
    # Most words begin no phrase: they are held against those alone that begin with the same letters.
    word, longest = words[at], 0
    for letters in range(1, _FIRST_LETTERS + 1):
        for wanted in known.by_letters.get(word[:letters], ()) if letters <= len(word) else ():
            longest = max(longest, _taken(words, at, wanted))
    for wanted in known.open:
        longest = max(longest, _taken(words, at, wanted))
    return longest


def _taken(words: Sequence[str], first: int, wanted: _Wanted) -> int:
    """Counts the words that a phrase takes where it begins at a word; 0 where it does not."""
    if len(words) - first < len(wanted):
        return 0
    for at, (mark, want) in enumerate(wanted):
        word = words[first + at]
        is_open = mark == "begins" or (mark == "" and at == len(wanted) - 1)
        held = word.endswith(want) if mark == "ends" else word.startswith(want) if is_open else word == want
        if not held:
            return 0
    return len(wanted)


_Wanted = Sequence[tuple[str, str]]


class _Phrases(NamedTuple):
    """Phrases taken apart into words, by their first letters; `open` begin with any, their end is known."""

    by_letters: Mapping[str, Sequence[_Wanted]]
    open: Sequence[_Wanted]


# Of so many first letters few phrases are alike; a shorter first word has its own.
_FIRST_LETTERS = 3


@lru_cache(maxsize=4096)
def _taken_apart(phrases: tuple[str, ...]) -> _Phrases:
    by_letters: dict[str, list[_Wanted]] = {}
    open_ones: list[_Wanted] = []
    for wanted in filter(None, map(_wanted, phrases)):
        mark, first = wanted[0]
        letters = first[:_FIRST_LETTERS]
        (open_ones if mark == "ends" else by_letters.setdefault(letters, [])).append(wanted)
    return _Phrases(by_letters, open_ones)


def _wanted(phrase: str) -> _Wanted:
    """Takes a phrase apart into its words, each with how it is compared."""
    return tuple((_mark(part), folded) for part in phrase.split() for folded in heading(part).split())


def _mark(part: str) -> str:
    return "ends" if part[0] == "*" else "begins" if part[-1] == "*" else "whole" if part[0] == "=" else ""
