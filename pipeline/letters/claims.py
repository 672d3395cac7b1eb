"""claims: Decision → what is said of each row, file and the mail itself, by what is to become of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipeline.domain import Consequence, Decision, Finding, Holder
from pipeline.domain.turkish import quotable

_GRAVITY = (Consequence.RETURN, Consequence.HOLD, Consequence.GUIDE)


@dataclass(frozen=True, slots=True)
class Told:
    """What a letter says of a mail: to be put right, looked at by us, and with us already."""

    returned: Sequence[Mapping[str, Any]]
    held: Sequence[Mapping[str, Any]]
    guided: Sequence[Mapping[str, Any]]
    # Places, not rules: a cell with two faults is corrected once.
    to_correct: int

    @property
    def asks(self) -> bool:
        """Tells whether the sender may do anything about what is held."""
        return any(finding["remedy"] for claim in self.held for finding in claim["findings"])


def told_of(decision: Decision) -> Told:
    """Groups what was found by its claims, each under its gravest consequence; only what may be heard of."""
    groups: dict[Consequence, list[tuple[Finding, ...]]] = {c: [] for c in _GRAVITY}
    # A mail that must be sent again as a whole is told that, and nothing of what stands in its files.
    may_be_told = [f for f in decision.findings if not f.for_desk]
    whole = [f for f in may_be_told if f.subject == "submission" and f.consequence is Consequence.RETURN]
    findings = sorted(whole or may_be_told, key=lambda f: (f.subject != "submission", f.subject, f.index))
    for _, group in groupby(findings, key=lambda f: (f.subject, f.index)):
        claim = tuple(sorted(group, key=lambda f: _GRAVITY.index(f.consequence)))
        groups[claim[0].consequence].append(claim)
    returned = [f for claim in groups[Consequence.RETURN] for f in claim]
    places = {(f.subject, f.index, f.field) for f in returned if f.consequence is Consequence.RETURN}
    files: set[str] = set()
    back, held, known = (tuple(_shown(claims, decision, files)) for claims in groups.values())
    return Told(back, held, known, len(places))


def _shown(
    claims: Sequence[tuple[Finding, ...]], decision: Decision, said: set[str]
) -> Iterator[Mapping[str, Any]]:
    """Shows each claim: a row by its place and person, a file by its name, the mail itself by nothing.

    A list is named with the first of its rows, and then is `said`.
    """
    for found in claims:
        about, holder = found[0], None
        if about.subject == "holder":
            holder = decision.evidence.holders[about.index]
            file = quotable(", ".join((holder.file, holder.sheet)))
        else:
            file = about.about if about.subject != "submission" else ""
        is_said = holder is not None and file in said
        yield {
            "row": holder.row if holder else None,
            "name": quotable(holder.name) if holder else "",
            "file": "" if is_said else file,
            # As texts that were kept before it was told apart know it.
            "title": f"{file}:",
            "findings": [_as_told(finding, about, holder) for finding in found],
        }
        said.add(file)


def _as_told(finding: Finding, gravest: Finding, holder: Holder | None) -> Mapping[str, Any]:
    goes_back = gravest.consequence is Consequence.RETURN
    return {
        # What would be held is looked at when the corrected row has come.
        "is_later": goes_back and finding.consequence is Consequence.HOLD,
        "say": finding.say,
        "remedy": finding.remedy,
        "suggestion": finding.suggestion,
        "cell": holder.cells.get(finding.field, "") if holder else "",
        # For texts that were kept while letters named them.
        "place": finding.about,
        "rule": finding.rule,
    }
