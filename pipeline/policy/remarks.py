"""remarks: rules/remarks.toml; what is said beside a list or a receipt, about whom, and what is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, validated
from pipeline.domain.turkish import squeeze
from pipeline.policy.phrases import has, has_other_letters, heading, without
from pipeline.policy.remark_words import (
    NOTHING,
    AboutPerson,
    Alone,
    Captions,
    Columns,
    Denials,
    Enclosures,
    Foreign,
    LegalNotices,
    Lines,
    Notes,
    Papers,
    Payments,
    Pointed,
    Proved,
    Questions,
    Revisions,
    Sheets,
    Waiting,
    Withdrawal,
)

# What OCR makes of a drawing is shorter.
_FEWEST_LETTERS = 3
# A cross or a tick says something without a word.
_UNKNOWN_SIGN = re.compile(r"[^\w\s.,;:!/()'\"’“”&+*°-–—-]")


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
    papers: Papers | None = None

    @property
    def harmless(self) -> tuple[str, ...]:
        """Words that say nothing new of anybody, wherever they stand."""
        said = self.waiting.words if self.waiting else ()
        return (*self.withdrawal.harmless, *self.denials.harmless, *said)

    def is_against_payment(self, text: str) -> bool:
        """Tells whether a text beside a receipt says something of it that a person would have to read."""
        against = (self.payments, self.enclosures, self.foreign)
        return self.payments is not None and any(one.are_in(text) for one in against if one)

    def is_against_in_letter(self, sentence: str, own: Collection[str] = ()) -> bool:
        """Tells whether a sentence of a letter beside a receipt may speak against it, or whom it is for."""
        if not (self.papers and self.payments):
            return False
        against = self.payments.are_in_letter(sentence, self.papers.nouns) or self.withdrawal.are_in(sentence)
        return against or self.foreign.are_in(sentence) or self.papers.are_in(sentence, own)

    def is_unknown_in_picture(self, text: str, own: Collection[str] = ()) -> bool:
        """Tells whether words of a picture in a mail's text are more than those of a logo or a signature."""
        if not (self.papers and self.waiting):
            return False
        known = {*own, *(word for word in heading(text).split() if len(word) < _FEWEST_LETTERS)}
        return self.is_against_payment(text) or self.waiting.are_in(
            " ".join(without(text, self.papers.pictures)), known
        )

    def may_be_against_somebody(self, text: str) -> bool:
        """Tells whether a text may speak against an application, whoever's it is."""
        against = (self.withdrawal, self.denials, self.enclosures, self.foreign)
        return any(one.are_in(text) for one in against) or self.enclosures.end_another(text)

    def is_against_all(self, line: str) -> bool:
        """Tells whether a line around a list takes the whole of it back, denies it or puts it off."""
        if has_other_letters(line):
            return True
        if not has(heading(line).split(), self.lines.pointers):
            return False
        said = " ".join(without(line, self.lines.asks))
        # A caption is short; in a sentence its words may be of what is always done.
        left = " ".join(without(said, self.withdrawal.harmless))
        return self.captions.are_in(left) or any(
            one.are_in(said) for one in (self.withdrawal, self.denials, self.enclosures)
        )

    def is_idle(self, note: str) -> bool:
        """Tells whether a note beside a row says nothing that a person would have to read."""
        if self.withdrawal.are_in(note) or _UNKNOWN_SIGN.search(note) or has_other_letters(note):
            return False
        if not heading(note):
            return not set(squeeze(note)) - NOTHING
        return self.notes.are_all_of(without(note, self.withdrawal.harmless))

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each example that is heard otherwise."""
        told: tuple[tuple[str, Proved, Callable[[str], bool]], ...] = (
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
        if self.papers:
            told += (("papers", self.papers, self.is_against_in_letter),)
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
