"""judge: Evidence → Decision"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from pipeline.cases import case_number, receipt_key
from pipeline.checks import Verdict, nearest_domain
from pipeline.domain import (
    Case,
    Consequence,
    Decision,
    Entry,
    Event,
    Evidence,
    Facts,
    Finding,
    Holder,
    Office,
    Outcome,
    Procedure,
    Receipt,
    Spent,
    Submission,
)
from pipeline.policy import Policy
from pipeline.rulebook import Rule, Subject
from pipeline.turkish import IdentityNumber, lira, number_date, quotable
from pipeline.views import View, file_view, holder_view, receipt_view, submission_view, words_view

_TRANSFERS = ("EFT", "FAST", "HAVALE", "NAKİT")


def judge(
    sha: str,
    submission: Submission,
    evidence: Evidence,
    facts: Facts,
    policy: Policy,
) -> Decision:
    """Judges all claims of one mail by all rules of its procedure, at once.

    A finding about the mail itself stops all of its claims; one about a claim stops that claim alone.
    """
    procedure = _procedure(evidence, facts, policy.directorate_iban)
    bench = _Bench(policy, procedure, facts, submission.sender)
    rows = [bench.ask_holder(i, evidence.holders) for i in range(len(evidence.holders))]
    claims = len(evidence.holders) + len(evidence.receipts) + len(evidence.unread) + len(evidence.pasted)
    view = submission_view(submission, procedure, claims) | words_view(submission, evidence)
    mail = _telling(bench.ask(Subject.SUBMISSION, 0, view, _MAIL))
    files = [
        bench.ask(Subject.FILE, i, file_view(unread), _Claim(quotable(unread.name)))
        for i, unread in enumerate(evidence.unread)
    ]
    listed = [
        _listing(sha, holder, facts) if not bench.stops(mail + found, Consequence.HOLD) else None
        for holder, found in zip(evidence.holders, rows, strict=True)
    ]
    # A receipt may come in the very mail whose list opens its case, or would after an official's word.
    opened = {e.identity_number: _opened(e) for e in listed if e}
    bench = replace(bench, facts=replace(facts, cases={**opened, **facts.cases}))
    slips: list[list[Finding]] = []
    paid: list[Entry | None] = []
    for i, receipt in enumerate(evidence.receipts):
        slips.append(bench.ask_receipt(i, receipt))
        paid.append(_payment(sha, receipt, bench.facts))
        bench = bench.after(paid[-1])
    # What pays for a case that an official must open first waits with it.
    unopened = {
        e.case for e, found in zip(listed, rows, strict=True) if e and found and e.event is Event.LISTED
    }
    claimed = [*zip(listed, rows, strict=True), *zip(paid, slips, strict=True)]
    findings = tuple(mail + [f for found in (*files, *rows, *slips) for f in found])
    entries = tuple(e for e, found in claimed if e and not mail + found and e.case not in unopened)
    return Decision(
        outcome=_outcome(findings, entries, all(files)),
        procedure=procedure,
        evidence=evidence,
        findings=findings,
        entries=entries,
        withheld=tuple(
            e
            for e, found in claimed
            if e and e not in entries and not bench.stops(mail + found, Consequence.HOLD)
        ),
    )


def _telling(mail: list[Finding]) -> list[Finding]:
    """Leaves out that a mail has no enclosure where its sender is told already what to enclose."""
    if any(finding.consequence is Consequence.RETURN for finding in mail):
        return [finding for finding in mail if finding.field != "enclosures"]
    return mail


def _procedure(evidence: Evidence, facts: Facts, directorate_iban: str) -> Procedure | None:
    """Decides the procedure by what the files say; the right rail depends on it, not on the bank."""
    if evidence.holders or evidence.pasted:
        return Procedure.LOST_OR_STOLEN
    if not evidence.receipts:
        return None
    if any(r.identity_number in facts.cases for r in evidence.receipts):
        return Procedure.LOST_OR_STOLEN
    if all(r.rail in _TRANSFERS and r.iban == directorate_iban for r in evidence.receipts):
        return Procedure.FAMILY_PHYSICIAN
    return Procedure.LOST_OR_STOLEN


def _outcome(findings: tuple[Finding, ...], entries: tuple[Entry, ...], all_told: bool) -> Outcome:
    consequences = {finding.consequence for finding in findings}
    if Consequence.RETURN in consequences:
        return Outcome.RETURNED
    # Nothing is accepted on a guess: what no rule speaks of waits for a person.
    if Consequence.HOLD in consequences or not all_told or not (findings or entries):
        return Outcome.HELD
    return Outcome.ACCEPTED if entries else Outcome.GUIDED


# --- asking the rules --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a finding says its value is about."""

    about: str
    cells: Mapping[str, str] | None = None
    row: int = 0
    name: str = ""


_MAIL = _Claim("e-posta")


@dataclass(frozen=True, slots=True)
class _Bench:
    policy: Policy
    procedure: Procedure | None
    facts: Facts
    sender: str

    def after(self, paid: Entry | None) -> _Bench:
        """Remembers a payment, so that the same mail cannot bring it twice."""
        if paid is None or paid.receipt is None:
            return self
        spent = {**self.facts.spent, receipt_key(paid.receipt): Spent(paid.case, self.sender)}
        return replace(self, facts=replace(self.facts, spent=spent))

    def ask_holder(self, index: int, holders: tuple[Holder, ...]) -> list[Finding]:
        holder = holders[index]
        above, below = _same_person(holder, holders[:index]), _same_person(holder, holders[index + 1 :])
        claim = _Claim(
            about=quotable(f"{holder.file}, {holder.sheet}"),
            cells=holder.cells,
            row=holder.row,
            name=quotable(" ".join(n for n in (holder.given_name, holder.family_name) if n)),
        )
        return self.ask(Subject.HOLDER, index, holder_view(holder, self.facts, above, below), claim)

    def ask_receipt(self, index: int, receipt: Receipt) -> list[Finding]:
        claim = _Claim(about=quotable(receipt.file), name=quotable(receipt.debtor or ""))
        return self.ask(Subject.RECEIPT, index, receipt_view(receipt, self.facts, self.sender), claim)

    def ask(self, subject: Subject, index: int, view: View, claim: _Claim) -> list[Finding]:
        found = [
            self._finding(rule, field, view, index, claim, verdict)
            for rule in self.policy.rules
            if rule.subject is subject and (self.procedure is None or self.procedure in rule.procedures)
            for field in rule.fields
            if (verdict := rule.verdict(view[field])) is not Verdict.PASSES
        ]
        # Two fields may stand in one cell; its fault is told once.
        told: dict[tuple[str, str, str], Finding] = {}
        for finding in found:
            told.setdefault((finding.rule, finding.about, finding.say), finding)
        return list(told.values())

    def _finding(
        self, rule: Rule, field: str, view: View, index: int, claim: _Claim, verdict: Verdict
    ) -> Finding:
        column = field.removesuffix("_written").removesuffix("_problem")
        if field == "birth":
            column = "born_on"
        shown = _shown(view, column, view[field])
        suggestion = _suggestion(column, view, self.policy.office)
        words = {
            "value": shown,
            "row": str(claim.row),
            "column": self.policy.words_for(column),
            "name": claim.name,
            "suggestion": suggestion,
            "today": number_date(self.facts.today),
        }
        cell = (claim.cells or {}).get(column, "")
        return Finding(
            rule=rule.path,
            # A doubt never becomes a refusal, whatever the rule does with a fault.
            consequence=Consequence.HOLD if verdict is Verdict.UNSURE else rule.consequence,
            subject=rule.subject,
            index=index,
            about=", ".join(part for part in (claim.about, cell) if part),
            field=column,
            value=shown,
            say=(rule.unsure if verdict is Verdict.UNSURE else rule.say).format(**words),
            remedy=rule.remedy.format(**words),
            because=rule.because,
            suggestion=suggestion,
        )

    def stops(self, findings: Iterable[Finding], least: Consequence) -> bool:
        """Tells whether a claim with these findings goes nowhere, not even to an official."""
        return any(f.consequence is not least for f in findings)


def _same_person(holder: Holder, others: Iterable[Holder]) -> list[Holder]:
    number = holder.identity_number
    return [other for other in others if number and other.identity_number == number]


def _shown(view: View, column: str, value: object) -> str:
    """Writes a value as a reader may see it: the text of the cell where there is one, masked."""
    read = view.get(column)
    if isinstance(read, date):
        return number_date(read)
    written = view.get(f"{column}_written")
    if written:
        return quotable(str(written))
    if isinstance(value, IdentityNumber):
        return str(value)
    if isinstance(value, Mapping):
        amount, day = value.get("amount"), value.get("paid_on") or value.get("day")
        parts = [lira(amount)] if amount is not None else []
        return ", ".join([*parts, *([number_date(day)] if day else [])])
    return quotable(str(value)) if value is not None else ""


def _suggestion(column: str, view: View, office: Office) -> str:
    if column != "work_email":
        return ""
    written = str(view.get("work_email_written") or "")
    return nearest_domain(written, office.corporate_domains) or ""


# --- entries -----------------------------------------------------------------------------------


def _listing(sha: str, holder: Holder, facts: Facts) -> Entry | None:
    if holder.identity_number is None:
        return None
    number = holder.identity_number
    case = facts.cases.get(number)
    return Entry(
        case=case.number if case else case_number(sha, f"{Procedure.LOST_OR_STOLEN}/{number.digits}"),
        procedure=Procedure.LOST_OR_STOLEN,
        identity_number=number,
        event=Event.AMENDED if case else Event.LISTED,
        day=facts.today,
        proof=sha,
        holder=holder,
    )


def _opened(entry: Entry) -> Case:
    return Case(entry.case, entry.procedure, entry.identity_number, entry.day, holder=entry.holder)


def _payment(sha: str, receipt: Receipt, facts: Facts) -> Entry | None:
    case = facts.cases.get(receipt.identity_number) if receipt.identity_number else None
    if case is None or receipt_key(receipt) in facts.spent:
        return None
    return Entry(
        case=case.number,
        procedure=case.procedure,
        identity_number=case.identity_number,
        event=Event.PAID,
        day=facts.today,
        proof=sha,
        receipt=receipt,
    )
