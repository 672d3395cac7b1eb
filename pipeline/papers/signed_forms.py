"""signed_forms: printed lines + rules/signed-form.toml → whether they are Kamu SM's signed form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from rapidfuzz.fuzz import partial_ratio

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, validated
from pipeline.domain.turkish import IdentityNumber, heading

# Per cent of letters in which a printed title must agree.
_ALIKE = 93


class SignedForm(OfficialFile):
    """The words by which the form that people sign and post is known, with texts that prove them.

    One of `title` and at least `least` of `words` must stand on a page; `others` are no such form.
    Its owner's identity number stands behind or below one of the labels in `number`.
    """

    title: tuple[str, ...]
    words: tuple[str, ...]
    least: int
    number: tuple[str, ...]
    samples: tuple[str, ...]
    others: tuple[str, ...]

    def is_on(self, lines: Sequence[str]) -> bool:
        """Tells whether a page with these lines is the form."""
        text = f" {heading(' '.join(lines))} "
        # A scanned title may be misread by a letter or two.
        titled = any(partial_ratio(f" {heading(t)} ", text) >= _ALIKE for t in self.title)
        return titled and self.least <= sum(f" {heading(word)}" in text for word in self.words)

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each of its texts that is known for something else."""
        for text, is_form in [*((t, True) for t in self.samples), *((t, False) for t in self.others)]:
            if self.is_on(text.splitlines()) is not is_form:
                yield OperatorFault("signed_form_sample", file=path, text=text.strip().split("\n")[0])

    def number_on(
        self, lines: Sequence[str], find: Callable[[str], Collection[IdentityNumber]]
    ) -> IdentityNumber | None:
        """Reads the one number that stands by its label; `find` tells which numbers of a line hold."""
        found: set[IdentityNumber] = set()
        for line, below in zip(lines, (*lines[1:], ""), strict=True):
            text = f" {heading(line)} "
            if any(f" {heading(label)} " in text for label in self.number):
                found |= set(find(line) if any(ch.isdigit() for ch in line) else find(below))
        return found.pop() if len(found) == 1 else None


def load_signed_form(raw: Mapping[str, Any]) -> SignedForm:
    """Validates signed-form.toml by its own texts; raises OperatorFault."""
    return validated("rules/signed-form.toml", raw, SignedForm)
