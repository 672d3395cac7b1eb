"""sentences: a mail divided into what it says, a house's footer left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.domain import Holder
from pipeline.domain.turkish import squeeze
from pipeline.policy.naming import named
from pipeline.policy.remark_words import LegalNotices


def sentences(subject: str, words: str, holders: Sequence[Holder], notices: LegalNotices) -> Iterator[str]:
    """Divides a mail into its sentences, those of a house's footer left out; no house names a row in it."""
    for part in (subject, *re.split(r"\n\s*\n", words)):
        is_footer = False
        for sentence in divided(part):
            is_footer = notices.are_in(sentence) or (is_footer and notices.may_go_on(sentence))
            if not is_footer or named(sentence, holders):
                yield sentence


def divided(part: str) -> Iterator[str]:
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
