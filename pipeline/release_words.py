"""release_words: rules/release.toml, and whether a mail releases a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.correspondence import authentication
from pipeline.domain import Office, Submission
from pipeline.faults import OperatorFault
from pipeline.mailwords import MailWords, own_words
from pipeline.turkish import heading


class ReleaseWords(BaseModel):
    """The words that release a list: one of `words` begins the first line, none of `unless` stands in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: tuple[str, ...] = Field(min_length=1)
    unless: tuple[str, ...]
    because: str
    matches: tuple[str, ...] = Field(min_length=1)
    differs: tuple[str, ...] = Field(min_length=1)

    def are_said(self, text: str) -> bool:
        """Tells whether a text is a release and nothing but."""
        first = next((line for line in text.splitlines() if line.strip()), "")
        begins = any(f"{heading(first)} ".startswith(f"{heading(word)} ") for word in self.words)
        everything = f" {heading(text)} "
        return begins and not any(f" {heading(word)} " in everything for word in self.unless)


def load_release_words(raw: Mapping[str, Any]) -> ReleaseWords:
    """Validates release.toml by its own examples; raises ValidationError or OperatorFault."""
    words = ReleaseWords.model_validate(raw)
    for example, wanted in [(e, True) for e in words.matches] + [(e, False) for e in words.differs]:
        if words.are_said(example) is not wanted:
            raise OperatorFault("release_example", example=" ".join(example.split()))
    return words


def asks_release(submission: Submission, words: ReleaseWords, mail: MailWords, office: Office) -> bool:
    """Tells whether a mail of somebody who may is a release, by our own server's word about its sender.

    Without that word nobody is believed: a list of identity numbers goes out on it.
    """
    is_known = submission.sender in office.releasers and not submission.also_from
    return (
        is_known
        and authentication(submission, office) == "pass"
        and not any(not file.inline for file in submission.attachments)
        and words.are_said(own_words(replace(submission, subject=""), mail))
    )


def batch_named(subject: str) -> str:
    """Finds the one list that a subject names, by its day and number; "" where it names none, or several.

    >>> batch_named("Onay: 2024-06-14/1"), batch_named("2024-06-14/1, 2024-06-14/2")
    ('2024-06-14/1', '')
    """
    found = set(re.findall(r"(?<!\d)\d{4}-\d\d-\d\d/\d+", subject))
    return found.pop() if len(found) == 1 else ""
