"""bench: the rules, and what they are asked by: all that is known, and what of it the sender may hear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from pipeline.domain import (
    Case,
    Consequence,
    Entry,
    Facts,
    Finding,
    Holder,
    Office,
    Procedure,
    Receipt,
    Spent,
    Subject,
    Submission,
)
from pipeline.domain.cases import receipt_key
from pipeline.domain.turkish import IdentityNumber, lira, number_date, quotable
from pipeline.judging.discretion import for_desk
from pipeline.judging.remedies import paying, remedy_in_doubt, remedy_of
from pipeline.lists.columns import is_addressed_by
from pipeline.papers.rails import signs_in_name
from pipeline.policy.checks import Verdict, email, nearest_domain
from pipeline.policy.policy import Policy
from pipeline.policy.rulebook import Rule
from pipeline.policy.views import Bearer, View, case_of, holder_view, otherwise, receipt_view

# What is asked about a row as a whole, and the column in which it is put right.
_COLUMN_OF = {
    "birth": "born_on",
    "names": "given_name",
    "email_of_nobody": "work_email",
    "email_of_sender": "work_email",
}
# So much of somebody's own words is given back in an answer.
MOST_QUOTED = 120


@dataclass(frozen=True, slots=True)
class Claim:
    """What a rule is asked about, by its place in the mail, and what a finding says its value is about."""

    subject: Subject
    index: int
    about: str
    cells: Mapping[str, str] | None = None
    row: int = 0
    name: str = ""
    # field → what else is printed that may be its value: where that would do, nothing is refused.
    otherwise: Mapping[str, Sequence[object]] = field(default_factory=dict)


MAIL = Claim(Subject.SUBMISSION, 0, "e-posta")


def held_as_a_whole(rule: str, value: str, say: str, remedy: str, because: str) -> Finding:
    """Holds a mail for what is said in it, which no rule asks of a row, a receipt or a file."""
    return Finding(
        rule=rule,
        consequence=Consequence.HOLD,
        subject=MAIL.subject,
        index=MAIL.index,
        about=MAIL.about,
        field="",
        value=value,
        say=say,
        remedy=remedy,
        because=because,
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """The rules, and what they are asked by: all that is known, and what of it the sender may hear."""

    policy: Policy
    procedures: frozenset[Procedure]
    facts: Facts
    seen: Facts
    submission: Submission
    # By the place of a row, what is said of it beside the list.
    remarks: Mapping[int, str] = field(default_factory=dict)
    # What the mail says against the payment that its receipts show.
    of_payment: str = ""

    @property
    def procedure(self) -> Procedure | None:
        """Gives the procedure that the mail belongs to; None in doubt."""
        return next(iter(self.procedures)) if len(self.procedures) == 1 else None

    @property
    def _paying(self) -> Mapping[str, str]:
        return paying(self.procedures, self.policy, self.facts.today)

    def opened(self, cases: Mapping[IdentityNumber, Case]) -> Bench:
        """Knows of cases that the mail itself would open: its receipts may pay for them."""
        return replace(self, facts=_with_cases(cases, self.facts), seen=_with_cases(cases, self.seen))

    def after(self, paid: Entry | None) -> Bench:
        """Remembers a payment, so that the same mail cannot bring it twice."""
        if paid is None or paid.receipt is None:
            return self
        spent = {receipt_key(paid.receipt): Spent(paid.case, self.submission.sender)}
        return replace(self, facts=_spending(spent, self.facts), seen=_spending(spent, self.seen))

    def ask_holder(self, index: int, holders: tuple[Holder, ...]) -> list[Finding]:
        """Asks about one row of a mail's lists, beside all the others."""
        holder = holders[index]
        above, below = _same_person(holder, holders[:index]), _same_person(holder, holders[index + 1 :])
        claim = Claim(
            Subject.HOLDER,
            index,
            about=quotable(f"{holder.file}, {holder.sheet}"),
            cells=holder.cells,
            row=holder.row,
            name=quotable(holder.name),
        )

        def view_by(facts: Facts) -> View:
            view = holder_view(holder, facts, above, below, self.submission.sender)
            heard = {"remark": self.remarks.get(index, "")[:MOST_QUOTED] or None}
            return view | heard | {"email_of_sender": _address_of_sender(holder, self.submission)}

        of_others = holder.identity_number in self.facts.cases.keys() - self.seen.cases.keys()
        return self._ask_discreetly(view_by, claim, of_others)

    def ask_receipt(self, index: int, receipt: Receipt, siblings: int = 0) -> list[Finding]:
        """Asks about one receipt, which came with so many others for the same person."""
        claim = Claim(
            Subject.RECEIPT,
            index,
            about=quotable(receipt.file),
            name=quotable(receipt.debtor or ""),
            otherwise=otherwise(receipt),
        )
        bearer = Bearer(
            sender=self.submission.sender,
            sender_name=self.submission.sender_name,
            procedure=self.procedure,
            scopes=self.policy.scopes,
            reader_pays=self.policy.form.reader_pays,
            siblings=siblings,
        )
        case = case_of(receipt, self.facts, bearer.procedure)
        of_others = case is not None and case_of(receipt, self.seen, bearer.procedure) is None
        heard = {"remark": self._said_against(receipt)}
        found = self._ask_discreetly(
            lambda facts: receipt_view(receipt, facts, bearer) | heard, claim, of_others
        )
        if not receipt.suspicions:
            return found
        # What is read may not be what the bank printed: nobody is refused for it, a person looks first.
        held = [finding for finding in found if finding.consequence is Consequence.HOLD]
        return held or [replace(finding, consequence=Consequence.HOLD, remedy="") for finding in found]

    def _said_against(self, receipt: Receipt) -> str | None:
        """Gives what the mail, or the name of its file, says against the payment that a receipt shows."""
        name = receipt.file if signs_in_name(receipt.file, self.policy.rails) else ""
        return (self.of_payment or name)[:MOST_QUOTED] or None

    def _ask_discreetly(
        self, view_by: Callable[[Facts], View], claim: Claim, of_others: bool
    ) -> list[Finding]:
        """Asks by what the sender may hear; what follows from the rest holds the claim for the desk."""
        view = view_by(self.seen)
        told = self.ask(view, claim)
        untold = [for_desk(f) for f in self.ask(view_by(self.facts), claim) if f not in told]
        if not (untold or of_others):
            return told
        return self.ask(view | {"discreet": "1"}, claim) + untold

    def ask(self, view: View, claim: Claim) -> list[Finding]:
        """Asks every rule of the claim's subject that belongs to the mail's procedures."""
        found = [
            self._finding(rule, asked, view, claim, verdict)
            for rule in self.policy.rules
            # In doubt between two procedures only what both ask is asked: nothing is refused on a doubt.
            if rule.subject is claim.subject and self.procedures <= rule.procedures
            for asked in rule.fields
            if (verdict := rule.verdict(view[asked])) is not Verdict.PASSES
        ]
        # What follows from another fault is no second fault.
        failing = {finding.rule for finding in found}
        follows = {rule.path for rule in self.policy.rules if rule.after & failing}
        # Two fields may stand in one cell; its fault is told once.
        told: dict[tuple[str, str, str], Finding] = {}
        for finding in (f for f in found if f.rule not in follows):
            told.setdefault((finding.rule, finding.about, finding.say), finding)
        return list(told.values())

    def _finding(self, rule: Rule, field: str, view: View, claim: Claim, verdict: Verdict) -> Finding:
        column = field.removesuffix("_written").removesuffix("_problem")
        column = _COLUMN_OF.get(column, column)
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
        is_elsewhere = verdict is Verdict.FAILS and rule.would_do(claim.otherwise.get(field, ()))
        say = rule.elsewhere if is_elsewhere else rule.unsure if verdict is Verdict.UNSURE else rule.say
        is_doubt = is_elsewhere or verdict is Verdict.UNSURE
        remedy = remedy_of(rule, view, {**words, **self._paying}, self.policy)
        return Finding(
            rule=rule.path,
            # A doubt never becomes a refusal, whatever the rule does with a fault.
            consequence=Consequence.HOLD if is_doubt else rule.consequence,
            subject=rule.subject,
            index=claim.index,
            about=", ".join(part for part in (claim.about, cell) if part),
            field=column,
            value=shown,
            say=say.format(**words),
            remedy=remedy_in_doubt(rule, remedy) if is_doubt else remedy,
            because=rule.because,
            suggestion=suggestion,
        )


def _with_cases(opened: Mapping[IdentityNumber, Case], facts: Facts) -> Facts:
    return replace(facts, cases={**opened, **facts.cases})


def _spending(spent: Mapping[str, Spent], facts: Facts) -> Facts:
    return replace(facts, spent={**facts.spent, **spent})


def _address_of_sender(holder: Holder, submission: Submission) -> str | None:
    """Gives the address of a row that is its sender's, who seems to be somebody else."""
    is_senders = bool(holder.name) and holder.address == submission.sender
    is_own = is_addressed_by(holder, submission.sender, submission.sender_name)
    return holder.work_email if is_senders and not is_own else None


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
    if isinstance(value, tuple):
        return quotable(", ".join(map(str, value)))
    return quotable(str(value)) if value is not None else ""


def _suggestion(column: str, view: View, office: Office) -> str:
    if column != "work_email":
        return ""
    written = str(view.get("work_email_written") or "")
    near = nearest_domain(written, office.corporate_domains) or ""
    # A suggestion is our word: it holds neither a link nor a number that somebody wrote before the @.
    return near if near == quotable(near) and email(near, None) is Verdict.PASSES else ""
