"""unknown_words: what a mail without a list says that is not known to change nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from pipeline.domain import Holder
from pipeline.domain.turkish import without_addresses
from pipeline.judging.sentences import sentences
from pipeline.policy.naming import words_of
from pipeline.policy.phrases import has, has_new_verb, has_other_letters, heading, without
from pipeline.policy.remarks import Remarks


def hear_of_payment(subject: str, words: str, remarks: Remarks) -> str:
    """Hears in the subject and the own words of a mail what may speak against the receipt that it brings."""
    said = sentences(subject, words, (), remarks.legal_notices)
    return next((text for text in said if remarks.is_against_payment(text)), "")


def unknown_alone(
    subject: str, words: str, holders: Sequence[Holder], own: Collection[str], remarks: Remarks
) -> str:
    """Gives the sentence of a mail without a list that nobody can say to change nothing; "" for none.

    `holders` are those who wait; their words, and the `own` ones of the mail's writer, say nothing new.
    """
    said = sentences(subject, words, holders, remarks.legal_notices)
    return next(_unknown(said, {*own, *words_of(holders)}, remarks), "")


def unknown_beside_receipt(
    subject: str, words: str, holders: Sequence[Holder], own: Collection[str], remarks: Remarks
) -> str:
    """Gives the same of a mail with a receipt: who pays goes on, and only finite verbs must be known."""
    known = {*own, *words_of(holders)}
    odd = _unknown(sentences(subject, words, holders, remarks.legal_notices), known, remarks)
    return next((text for text in odd if _tells_of_more(text, known, remarks)), "")


def say_what_it_is(file: str, words: str, remarks: Remarks) -> bool:
    """Tells whether an unread file says by its name, or the mail of it, that it changes nothing."""
    waiting = remarks.waiting
    if not waiting:
        return True
    name = re.sub(r"[_\d-]+", " ", re.sub(r"(\.\w{2,4})+$", "", file))
    is_plain = not waiting.are_in(name) and has(heading(name).split(), waiting.papers)
    return is_plain or has(heading(words).split(), waiting.papers)


def _unknown(sentences: Iterable[str], known: Collection[str], remarks: Remarks) -> Iterator[str]:
    waiting = remarks.waiting
    return (text for text in sentences if waiting and waiting.are_in(text, known))


def _tells_of_more(text: str, own: Collection[str], remarks: Remarks) -> bool:
    """Tells whether a sentence beside a receipt has a finite verb that is not known to say nothing new.

    Of another script nobody knows which of its words are verbs.
    """
    paid = remarks.payments
    if not paid or has_other_letters(text):
        return True
    left = without(without_addresses(text), (*remarks.harmless, *paid.harmless))
    ends = (*remarks.pointed.endings, *paid.endings)
    known = (*remarks.pointed.words, *paid.verbs, *paid.subjects)
    return has_new_verb((word for word in left if word not in own), ends, known)
