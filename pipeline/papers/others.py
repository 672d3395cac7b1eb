"""papers: printed lines + rules/papers/*.toml → which paper of the trade they are, if any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, each, validated
from pipeline.domain.turkish import heading

# The head of a letter is centred over the names of the house; nothing stands above it but a running number.
_TITLE_LINES = 4


class Paper(OfficialFile):
    """How a paper that is neither list nor receipt is known, and texts that prove it.

    One of `title` stands in the first lines, one of each group of `words` and none of `unless` in the text.
    """

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

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each of its texts that is known for something else."""
        for text, is_this in [*((t, True) for t in self.samples), *((t, False) for t in self.others)]:
            if self.is_on(text.splitlines()) is not is_this:
                yield OperatorFault("paper_sample", file=path, text=text.strip().split("\n")[0])


def load_papers(raw: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Paper]:
    """Validates papers by file stem and by their own texts; raises OperatorFault."""
    papers = each(raw, lambda stem, told: validated(f"rules/papers/{stem}.toml", told, Paper))
    return {stem.replace("-", "_"): papers[stem] for stem in sorted(papers)}


def paper_on(lines: Sequence[str], papers: Mapping[str, Paper]) -> str:
    """Names the paper that these lines are; empty where it is none, or more than one."""
    names = [name for name, paper in papers.items() if paper.is_on(lines)]
    return names[0] if len(names) == 1 else ""
