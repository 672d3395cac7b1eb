"""papers: printed lines + rules/papers/*.toml → which paper of the trade they are, if any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.faults import OperatorFault
from pipeline.turkish import heading

# The head of a letter is centred over the names of the house; nothing stands above it but a running number.
_TITLE_LINES = 4


class Paper(BaseModel):
    """How a paper that is neither list nor receipt is known, and texts that prove it.

    One of `title` stands in the first lines, one of each group of `words` and none of `unless` in the text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: tuple[str, ...]
    words: tuple[tuple[str, ...], ...] = ()
    unless: tuple[str, ...] = ()
    samples: tuple[str, ...]
    others: tuple[str, ...]

    def is_on(self, lines: Sequence[str]) -> bool:
        """Tells whether pages with these lines are this paper."""
        told = [f" {heading(line)} " for line in lines if heading(line)]
        text = f" {heading(' '.join(lines))} "
        titled = any(f" {heading(t)} " in line for t in self.title for line in told[:_TITLE_LINES])
        said = all(any(f" {heading(word)}" in text for word in group) for group in self.words)
        return titled and said and not any(f" {heading(word)}" in text for word in self.unless)


def load_papers(raw: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Paper]:
    """Validates papers by file stem and by their own texts; raises ValidationError or OperatorFault."""
    papers = {stem.replace("-", "_"): Paper.model_validate(raw[stem]) for stem in sorted(raw)}
    for name, paper in papers.items():
        told = [(text, True) for text in paper.samples] + [(text, False) for text in paper.others]
        for text, is_this in told:
            if paper.is_on(text.splitlines()) is not is_this:
                where = f"rules/papers/{name.replace('_', '-')}.toml"
                raise OperatorFault("paper_sample", file=where, text=text.strip().splitlines()[0])
    return papers


def paper_on(lines: Sequence[str], papers: Mapping[str, Paper]) -> str:
    """Names the paper that these lines are; empty where it is none, or more than one."""
    names = [name for name, paper in papers.items() if paper.is_on(lines)]
    return names[0] if len(names) == 1 else ""
