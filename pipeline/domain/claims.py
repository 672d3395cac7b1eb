"""claims: what of a held mail waits for a person, one by one: a row, a receipt, a file, a question."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.domain.case import Entry, Event
from pipeline.domain.decisions import Consequence, Decision, Finding, Outcome, Subject
from pipeline.domain.evidence import Evidence, Holder, Receipt


class Verb(StrEnum):
    """What a person can do with a claim."""

    ACCEPT = "accept"
    RETURN = "return"
    ANSWER = "answer"
    WAIT = "wait"
    ASSIGN = "assign"


class Kind(StrEnum):
    """What a claim is, as a person knows it; `MAIL` is a mail that waits as a whole."""

    HOLDER = "holder"
    RECEIPT = "receipt"
    FILE = "file"
    WITHDRAWAL = "withdrawal"
    QUESTION = "question"
    MAIL = "mail"


# What is asked is answered, and nobody is sent back for asking.
_UNFIT = {Kind.QUESTION: {Verb.ACCEPT, Verb.RETURN}}
# A withdrawal is granted, or the case goes on.
_UNFIT_WITHDRAWAL = {Verb.ANSWER}


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing of a held mail: its place among them from 1, its name for good, and what was found about it.

    `entry` is what would be written for it, None where nothing could be.
    """

    number: int
    name: str
    kind: Kind
    entry: Entry | None
    findings: tuple[Finding, ...] = ()

    @property
    def case(self) -> str:
        """Names the case that it is about, "" for none."""
        return self.entry.case if self.entry else ""

    def is_early(self, awaits_list: str) -> bool:
        """Tells whether it is a receipt that waits for nothing but its list (by the rule of that name)."""
        rules = {finding.rule for finding in self.findings}
        return self.kind is Kind.RECEIPT and bool(awaits_list) and rules == {awaits_list}

    def fits(self, verb: Verb) -> bool:
        """Tells whether a verb makes sense for it."""
        if self.kind is Kind.WITHDRAWAL:
            return verb not in _UNFIT_WITHDRAWAL
        if verb is Verb.ACCEPT and self.entry is None:
            return False
        return verb not in _UNFIT.get(self.kind, ())

    def fitting(self, awaits_list: str) -> tuple[Verb, ...]:
        """Lists the verbs that fit, the likeliest first."""
        verbs = tuple(verb for verb in Verb if self.fits(verb))
        if self.is_early(awaits_list):
            return (Verb.WAIT, *(verb for verb in verbs if verb is not Verb.WAIT))
        return verbs


def claims_of(decision: Decision) -> tuple[Claim, ...]:
    """Lists all that ever waited of a mail for a person's word; places and names never change."""
    found = [*_rows(decision), *_withdrawals(decision), *_questions(decision)]
    if not found:
        mail = tuple(f for f in decision.findings if f.consequence is Consequence.HOLD)
        # Words alone are asked, whatever they mean.
        kind = Kind.MAIL if decision.evidence != Evidence() else Kind.QUESTION
        found = [("mail", kind, None, mail or decision.findings)]
    return tuple(Claim(at, *claim) for at, claim in enumerate(found, start=1))


def left(decision: Decision, decided: Collection[str]) -> tuple[Claim, ...]:
    """Lists the claims without those that are decided, by name or, as in former days, by case."""
    return tuple(c for c in claims_of(decision) if c.name not in decided and c.case not in {*decided} - {""})


_Found = tuple[str, Kind, Entry | None, tuple[Finding, ...]]


def _rows(decision: Decision) -> Iterator[_Found]:
    """Finds what waits of rows, receipts and files."""
    entries = list(decision.withheld)
    evidence = decision.evidence
    of_each: Sequence[tuple[Kind, Subject, Sequence[object]]] = (
        (Kind.HOLDER, Subject.HOLDER, evidence.holders),
        (Kind.RECEIPT, Subject.RECEIPT, evidence.receipts),
        (Kind.FILE, Subject.FILE, evidence.unread),
    )
    forms = {form.file for form in evidence.forms}
    for kind, subject, values in of_each:
        for index, value in enumerate(values):
            findings = decision.findings_of(subject, index)
            entry = _taken(entries, value)
            is_untold = kind is Kind.FILE and not findings and getattr(value, "name", "") not in forms
            if entry or is_untold or _waits(decision, findings):
                yield f"{kind}/{index}", kind, entry, findings


def _taken(entries: list[Entry], value: object) -> Entry | None:
    """Takes the entry that a row or receipt would make; of two equal ones each has its own."""
    for entry in entries:
        brought: Holder | Receipt | None = entry.receipt or entry.holder
        if brought is not None and brought == value:
            entries.remove(entry)
            return entry
    return None


def _waits(decision: Decision, findings: Sequence[Finding]) -> bool:
    if any(finding.consequence is Consequence.HOLD for finding in findings):
        return True
    # What was to be sent back, and was not for nobody was written to, is a person's to tell.
    return bool(findings and decision.silence and decision.outcome is Outcome.HELD)


def _withdrawals(decision: Decision) -> Iterator[_Found]:
    for entry in decision.withheld:
        if entry.event is Event.WITHDRAWN:
            yield f"{Kind.WITHDRAWAL}/{entry.case}", Kind.WITHDRAWAL, entry, _asked(decision)


def _questions(decision: Decision) -> Iterator[_Found]:
    """Finds what a mail asks beside all else: a topic or a remark, but for the one that withdraws."""
    asked = _asked(decision)
    withdraws = any(entry.event is Event.WITHDRAWN for entry in decision.withheld)
    if len(asked) > withdraws:
        yield str(Kind.QUESTION), Kind.QUESTION, None, asked


def _asked(decision: Decision) -> tuple[Finding, ...]:
    """Lists what is held about the mail itself, but for what a rule holds: that goes with its claims."""
    own = decision.findings_of(Subject.SUBMISSION, 0)
    folder = f"{Subject.SUBMISSION}/"
    return tuple(f for f in own if f.consequence is Consequence.HOLD and not f.rule.startswith(folder))
