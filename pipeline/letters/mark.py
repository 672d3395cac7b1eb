"""mark: Decision → MarkingPlan…"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from pipeline.domain import Consequence, Decision, FaultRow, Finding, Holder, Mark, MarkingPlan
from pipeline.domain.turkish import quotable
from pipeline.lists.form import Form
from pipeline.policy.policy import Policy

_Fault = tuple[Finding, Holder]


def mark(decision: Decision, policy: Policy) -> tuple[MarkingPlan, ...]:
    """Plans the marked copies of a mail's lists: one for each list in which a row goes back.

    Only what the sender has to put right is marked; what waits for an official, or is done, is not.
    """
    faults = [
        (finding, decision.evidence.holders[finding.index])
        for finding in decision.findings
        if finding.subject == "holder" and finding.consequence is Consequence.RETURN
    ]
    # A mail that goes back as a whole (from a private address) has nothing wrong in its cells.
    files = dict.fromkeys(holder.file for _, holder in faults)
    names = _names(files, policy.texts.words["marks"]["file"])
    return tuple(
        _plan(name, file, [f for f in faults if f[1].file == file], decision, policy)
        for file, name in zip(files, names, strict=True)
    )


def cell_of(holder: Holder, field: str, form: Form) -> str:
    """Finds the cell a finding is about.

    What is about the person and no column is marked at the identity number; where the list lacks the
    column, at the first cell of the row.
    """
    if field not in {column.field for column in form.columns}:
        field = "identity_number"
    return holder.cells.get(field) or min(holder.cells.values(), key=_order, default=f"A{holder.row}")


def _order(address: str) -> tuple[int, str]:
    letters = address.rstrip("0123456789")
    return len(letters), letters


def _names(files: Iterable[str], pattern: str) -> list[str]:
    """Names each copy after its original, no name twice."""
    names: list[str] = []
    for file in files:
        last = quotable(file).replace("\\", "/").rpartition("/")[2]
        stem = re.sub(r'[<>:"|?*%]', "", re.sub(r"\.\w{1,5}$", "", last)).strip(" .")[:60] or "liste"
        name = pattern.format(stem=stem)
        names.append(name if name not in names else pattern.format(stem=f"{stem}-{len(names) + 1}"))
    return names


def _plan(name: str, file: str, faults: Sequence[_Fault], decision: Decision, policy: Policy) -> MarkingPlan:
    words = policy.texts.words["marks"]
    count = len({(holder.sheet, holder.row, finding.field) for finding, holder in faults})
    return MarkingPlan(
        file=file,
        name=name,
        sheet=words["sheet"],
        author=policy.office.unit,
        lines=(
            words["title"].format(count=count),
            words["how"],
        ),
        headings=tuple(words[key] for key in ("place", "column", "wrong", "wanted", "example", "suggestion")),
        rows=tuple(_row(fault, policy, words) for fault in faults),
        marks=tuple(_marks(faults, policy, words)),
        headings_in=_headings(file, decision),
    )


def _headings(file: str, decision: Decision) -> Mapping[str, int]:
    """Finds the rows above the first person of each sheet, to be printed on every page."""
    first: dict[str, int] = {}
    for holder in decision.evidence.holders:
        if holder.file == file:
            first[holder.sheet] = min(holder.row, first.get(holder.sheet, holder.row))
    return {sheet: row - 1 for sheet, row in first.items() if row > 1}


def _row(fault: _Fault, policy: Policy, words: Mapping[str, str]) -> FaultRow:
    finding, holder = fault
    cell = cell_of(holder, finding.field, policy.form)
    column = policy.words_for(finding.field)
    if finding.field not in {c.field for c in policy.form.columns}:
        column = words["whole_row"]
    elif finding.field not in holder.cells:
        column = words["no_column"].format(column=column)
    place = ", ".join(part for part in (quotable(holder.sheet), cell) if part)
    texts = (place, column, finding.say, finding.remedy, _example(finding, policy), finding.suggestion)
    return FaultRow(holder.sheet, cell, texts)


def _marks(faults: Sequence[_Fault], policy: Policy, words: Mapping[str, str]) -> Iterable[Mark]:
    placed = [((h.sheet, h.row, cell_of(h, f.field, policy.form)), f) for f, h in faults]
    placed.sort(key=lambda pair: pair[0])
    for (sheet, _, cell), group in groupby(placed, key=lambda pair: pair[0]):
        comments = dict.fromkeys(_comment(finding, policy, words) for _, finding in group)
        yield Mark(sheet, cell, "\n\n".join(comments))


def _comment(finding: Finding, policy: Policy, words: Mapping[str, str]) -> str:
    example = _example(finding, policy)
    lines = [
        words["comment_wrong"].format(say=finding.say),
        words["comment_wanted"].format(remedy=finding.remedy),
        *([words["comment_example"].format(example=example)] if example else []),
        *([words["comment_suggestion"].format(suggestion=finding.suggestion)] if finding.suggestion else []),
    ]
    return "\n".join(lines)


def _example(finding: Finding, policy: Policy) -> str:
    return next((c.example for c in policy.form.columns if c.field == finding.field), "")
