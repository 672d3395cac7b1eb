"""official_letters: printed lines + rules/official-letter.toml → whether they are a cover letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.faults import OperatorFault
from pipeline.turkish import heading

# The head of a letter is centred over the names of the house; nothing stands above it but a running number.
_TITLE_LINES = 4


class OfficialLetter(BaseModel):
    """What the letter that a house sends with a list looks like, and texts that prove it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]
    samples: tuple[str, ...]
    others: tuple[str, ...]

    def is_on(self, lines: Sequence[str]) -> bool:
        """Tells whether pages with these lines are a cover letter that asks for nothing of its own."""
        told = [f" {heading(line)} " for line in lines if heading(line)]
        text = f" {heading(' '.join(lines))} "
        titled = any(f" {heading(t)} " in line for t in self.title for line in told[:_TITLE_LINES])
        said = all(any(f" {heading(word)}" in text for word in group) for group in self.words)
        return titled and said and not any(f" {heading(word)}" in text for word in self.unless)


def load_official_letter(raw: Mapping[str, Any]) -> OfficialLetter:
    """Validates official-letter.toml by its own texts; raises ValidationError or OperatorFault."""
    letter = OfficialLetter.model_validate(raw)
    told = [(text, True) for text in letter.samples] + [(text, False) for text in letter.others]
    for text, is_letter in told:
        if letter.is_on(text.splitlines()) is not is_letter:
            raise OperatorFault("official_letter_sample", text=text.strip().splitlines()[0])
    return letter
