"""judge: Evidence → Decision"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pipeline.cases import case_number, receipt_key
from pipeline.checks import Verdict, email, nearest_domain, tariff
from pipeline.correspondence import answer_to, authentication
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
    ScannedForm,
    Spent,
    Submission,
)
from pipeline.mailwords import own_words
from pipeline.policy import Policy
from pipeline.rulebook import Rule, Subject
from pipeline.topics import Topic, says, topics_of
from pipeline.turkish import IdentityNumber, heading, lira, number_date, quotable
from pipeline.views import (
    OPENED_BY_RECEIPT,
    Bearer,
    Hearing,
    View,
    case_of,
    file_view,
    holder_view,
    receipt_view,
    submission_view,
    words_view,
)

_TRANSFERS = ("EFT", "FAST", "HAVALE", "NAKİT")


def judge(
    sha: str,
    submission: Submission,
    evidence: Evidence,
    facts: Facts,
    policy: Policy,
    automatic: str = "",
) -> Decision:
    """Judges all claims of one mail by all rules of its procedure, at once.

    A finding about the mail itself stops all of its claims; one about a claim stops that claim alone.
    `automatic` names the sign of a robot that sent it. Without claims, its one topic is answered.
    """
    words = own_words(submission, policy.mail_words)
    claims = len(evidence.holders) + len(evidence.receipts) + len(evidence.unread) + len(evidence.pasted)
    said = topics_of(words, policy.topics) if not evidence.holders else ()
    topics = said if not claims else ()
    procedures = procedures_of(evidence, words, facts, policy) or _asked_about(topics, words, policy)
    procedure = next(iter(procedures)) if len(procedures) == 1 else None
    bench = _Bench(policy, procedures, facts, submission)
    rows = [bench.ask_holder(i, evidence.holders) for i in range(len(evidence.holders))]
    hearing = Hearing(
        authentication=authentication(submission, policy.office),
        automatic=automatic,
        procedures=tuple(sorted(procedures)),
        topics=tuple(topic.name for topic in topics),
        beside_list=tuple(t.name for t in policy.topics if evidence.holders and t.rivals_list(words)),
        matter=str(claims) if claims else ", ".join(topic.name for topic in topics),
    )
    view = submission_view(submission, hearing) | words_view(submission, evidence)
    mail = _telling(bench.ask(Subject.SUBMISSION, 0, view, _MAIL))
    listed = [
        _listing(sha, holder, facts) if not bench.stops(mail + found, Consequence.HOLD) else None
        for holder, found in zip(evidence.holders, rows, strict=True)
    ]
    # A signed form may come in the very mail whose list opens its case, if nobody has to open it first.
    begun = {e.identity_number: _opened(e) for e, found in zip(listed, rows, strict=True) if e and not found}
    scanned = {} if mail else _scanned(sha, evidence, replace(facts, cases={**begun, **facts.cases}))
    files = [
        bench.ask(Subject.FILE, i, file_view(unread), _Claim(quotable(unread.name)))
        if unread.name not in scanned
        else []
        for i, unread in enumerate(evidence.unread)
    ]
    # A receipt may come in the very mail whose list opens its case, or would after an official's word.
    opened = {e.identity_number: _opened(e) for e in listed if e}
    bench = replace(bench, facts=replace(facts, cases={**opened, **facts.cases}))
    slips: list[list[Finding]] = []
    paid: list[Entry | None] = []
    for i, receipt in enumerate(evidence.receipts):
        slips.append(bench.ask_receipt(i, receipt, _siblings(receipt, evidence.receipts)))
        entry = _payment(sha, receipt, bench.facts, procedure)
        # One mail pays once for one case; what else it brings waits.
        paid.append(entry if entry and entry.case not in {e.case for e in paid if e} else None)
        bench = bench.after(paid[-1])
    # What pays for a case that an official must open first waits with it.
    unopened = {
        e.case for e, found in zip(listed, rows, strict=True) if e and found and e.event is Event.LISTED
    }
    claimed = [*zip(listed, rows, strict=True), *zip(paid, slips, strict=True)]
    # Who may have withdrawn stays off the list, whatever else the mail says or brings.
    leaving = next((topic for topic in said if topic.withdraws), None)
    meant = _meant(words, facts) if leaving else ()
    if len(topics) == 1 and not mail:
        question = _question(topics[0], meant, submission, facts)
    elif leaving and meant:
        question = _Question((_asked(leaving, leaving.with_case, meant),))
    else:
        question = _Question()
    findings = tuple(mail + [f for found in (question.findings, *files, *rows, *slips) for f in found])
    entries = tuple(e for e, found in claimed if e and not mail + found and e.case not in unopened)
    entries += _matched(entries, bench) + tuple({e.case: e for e in scanned.values()}.values())
    all_told = all(f or u.name in scanned for f, u in zip(files, evidence.unread, strict=True))
    return Decision(
        outcome=_outcome(findings, entries, all_told),
        procedure=procedure,
        topic=question.topic,
        told=question.told,
        evidence=evidence,
        alike=tuple(dict.fromkeys(n for r in evidence.receipts for n in facts.alike.get(r.digest, ()))),
        findings=findings,
        entries=entries,
        withheld=tuple(_withdrawal(sha, case, facts) for case in meant)
        + tuple(
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


def procedures_of(evidence: Evidence, words: str, facts: Facts, policy: Policy) -> frozenset[Procedure]:
    """Names the procedures that a mail's files may belong to: none where there are none, two in doubt.

    The right rail depends on the procedure, and not on the bank: an open case speaks first, then rail
    and account, then the words of the mail and of the receipts.
    """
    if evidence.holders or evidence.pasted:
        return frozenset({Procedure.LOST_OR_STOLEN})
    receipts = evidence.receipts
    if not receipts:
        return frozenset()
    if any(r.identity_number in facts.cases for r in receipts):
        return frozenset({Procedure.LOST_OR_STOLEN})
    text = "\n".join([words, *(r.description or "" for r in receipts)])
    named = frozenset(p for p, phrases in policy.procedure_words.items() if says(text, (phrases,)))
    if all(r.rail in _TRANSFERS for r in receipts):
        if all(r.iban in policy.directorate_accounts for r in receipts):
            return (named & {Procedure.OTHER_STAFF}) | {Procedure.FAMILY_PHYSICIAN}
        return named - {Procedure.CARD_READER} or frozenset({Procedure.LOST_OR_STOLEN})
    return (named - {Procedure.CARD_READER}) | _bought(receipts, Procedure.CARD_READER in named, policy)


def _bought(receipts: Iterable[Receipt], is_reader_named: bool, policy: Policy) -> frozenset[Procedure]:
    """Tells a certificate from a card reader by price and words; both where they contradict."""
    payments = [{"amount": r.amount, "paid_on": r.paid_on, "baskets": (("reader",),)} for r in receipts]
    is_reader_priced = all(p["amount"] and tariff(p, policy.tariff) is Verdict.PASSES for p in payments)
    if is_reader_named and is_reader_priced:
        return frozenset({Procedure.CARD_READER})
    if is_reader_named or is_reader_priced:
        return frozenset({Procedure.LOST_OR_STOLEN, Procedure.CARD_READER})
    return frozenset({Procedure.LOST_OR_STOLEN})


def _asked_about(topics: Sequence[Topic], words: str, policy: Policy) -> frozenset[Procedure]:
    if len(topics) != 1:
        return frozenset()
    if topics[0].by_role:
        roles = (Procedure.FAMILY_PHYSICIAN, Procedure.OTHER_STAFF)
        return frozenset(role for role in roles if says(words, (policy.procedure_words[role],)))
    return frozenset(t.procedure for t in topics if t.procedure)


@dataclass(frozen=True, slots=True)
class _Question:
    """What follows from the one topic of a mail without files, and the text that answers it."""

    findings: tuple[Finding, ...] = ()
    topic: str = ""
    told: tuple[Case, ...] = ()


def _question(topic: Topic, meant: Sequence[Case], submission: Submission, facts: Facts) -> _Question:
    """Answers a question; the state of a case only where the answer goes to the case's own address."""
    consequence = topic.with_case if facts.sender_cases or meant else topic.consequence
    finding = _asked(topic, consequence, meant)
    if consequence is not topic.consequence:
        return _Question((finding,))
    is_own = topic.tells_state and answer_to(submission) == submission.sender
    return _Question((finding,), topic.name, facts.sender_cases if is_own else ())


def _asked(topic: Topic, consequence: Consequence, meant: Sequence[Case]) -> Finding:
    return Finding(
        rule=topic.path,
        consequence=consequence,
        subject=Subject.SUBMISSION,
        index=0,
        about=_MAIL.about,
        field="",
        value="",
        say=topic.say,
        remedy=topic.withdraws if meant else "",
        because=topic.because,
    )


def _meant(words: str, facts: Facts) -> tuple[Case, ...]:
    """Picks the cases that a mail may withdraw: those it names by name, the sender's own, or all it brought.

    Whoever is meant stays off the list until an official says who was; nobody is taken off by a guess.
    """
    text = f" {heading(words)} "
    own = {case.number: case for case in (*facts.sender_cases, *facts.sent_cases)}
    cases = [case for case in own.values() if case.procedure is Procedure.LOST_OR_STOLEN and case.holder]
    named = tuple(c for c in cases if c.holder and f" {heading(_full_name(c.holder))} " in text)
    return named or tuple(c for c in cases if c in facts.sender_cases) or tuple(cases)


def _full_name(holder: Holder) -> str:
    return f"{holder.given_name} {holder.family_name}"


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
    procedures: frozenset[Procedure]
    facts: Facts
    submission: Submission

    def after(self, paid: Entry | None) -> _Bench:
        """Remembers a payment, so that the same mail cannot bring it twice."""
        if paid is None or paid.receipt is None:
            return self
        spent = {**self.facts.spent, receipt_key(paid.receipt): Spent(paid.case, self.submission.sender)}
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
        view = holder_view(holder, self.facts, above, below, self.submission.sender)
        return self.ask(Subject.HOLDER, index, view, claim)

    def ask_receipt(self, index: int, receipt: Receipt, siblings: int = 0) -> list[Finding]:
        claim = _Claim(about=quotable(receipt.file), name=quotable(receipt.debtor or ""))
        bearer = Bearer(
            sender=self.submission.sender,
            sender_name=self.submission.sender_name,
            procedure=next(iter(self.procedures)) if len(self.procedures) == 1 else None,
            scopes=self.policy.scopes,
            siblings=siblings,
        )
        return self.ask(Subject.RECEIPT, index, receipt_view(receipt, self.facts, bearer), claim)

    def ask(self, subject: Subject, index: int, view: View, claim: _Claim) -> list[Finding]:
        found = [
            self._finding(rule, field, view, index, claim, verdict)
            for rule in self.policy.rules
            # In doubt between two procedures only what both ask is asked: nothing is refused on a doubt.
            if rule.subject is subject and self.procedures <= rule.procedures
            for field in rule.fields
            if (verdict := rule.verdict(view[field])) is not Verdict.PASSES
        ]
        # What follows from another fault is no second fault.
        failing = {finding.rule for finding in found}
        follows = {rule.path for rule in self.policy.rules if rule.after & failing}
        # Two fields may stand in one cell; its fault is told once.
        told: dict[tuple[str, str, str], Finding] = {}
        for finding in (f for f in found if f.rule not in follows):
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
    near = nearest_domain(written, office.corporate_domains) or ""
    # A suggestion is our word: it holds neither a link nor a number that somebody wrote before the @.
    return near if near == quotable(near) and email(near, None) is Verdict.PASSES else ""


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


def _withdrawal(sha: str, case: Case, facts: Facts) -> Entry:
    return Entry(
        case=case.number,
        procedure=case.procedure,
        identity_number=case.identity_number,
        event=Event.WITHDRAWN,
        day=facts.today,
        proof=sha,
    )


def _scanned(sha: str, evidence: Evidence, facts: Facts) -> dict[str, Entry]:
    """Notes the signed forms whose case is known, by file; the paper itself stays due."""
    cases = {form.file: _case_of_form(form, facts) for form in evidence.forms}
    return {
        file: Entry(
            case=case.number,
            procedure=case.procedure,
            identity_number=case.identity_number,
            event=Event.FORM_SCANNED,
            day=facts.today,
            proof=sha,
        )
        for file, case in cases.items()
        if case
    }


def _case_of_form(form: ScannedForm, facts: Facts) -> Case | None:
    """Finds the one case a form belongs to: by its number, else the sender's own or the one they brought."""
    if number := form.identity_number:
        paid = (case for (whose, _), case in facts.paid_cases.items() if whose == number)
        known = [case for case in (facts.cases.get(number), *paid) if case]
    else:
        known = list(facts.sender_cases or facts.sent_cases)
    return known[0] if len(known) == 1 else None


def _opened(entry: Entry) -> Case:
    return Case(entry.case, entry.procedure, entry.identity_number, entry.day, holder=entry.holder)


def _siblings(receipt: Receipt, receipts: Sequence[Receipt]) -> int:
    """Counts the other payments of one mail for the same person."""
    number = receipt.identity_number
    keys = {receipt_key(r) for r in receipts if number and r.identity_number == number}
    return len(keys - {receipt_key(receipt)})


def _matched(entries: Sequence[Entry], bench: _Bench) -> tuple[Entry, ...]:
    """Pays for cases that a list opens with the receipts that came before it and leave nothing to ask."""
    matched: list[Entry] = []
    for opened in (e for e in entries if e.event is Event.LISTED):
        early = [e for e in bench.facts.early if e.receipt.identity_number == opened.identity_number]
        is_paid = any(e.case == opened.case and e.receipt for e in entries)
        if len(early) != 1 or is_paid or bench.ask_receipt(0, early[0].receipt):
            continue
        paid = _payment(early[0].mail, early[0].receipt, bench.facts, opened.procedure)
        if paid:
            matched.append(paid)
            bench = bench.after(paid)
    return tuple(matched)


def _payment(sha: str, receipt: Receipt, facts: Facts, procedure: Procedure | None) -> Entry | None:
    number = receipt.identity_number
    if number is None or procedure is None or receipt_key(receipt) in facts.spent:
        return None
    case = case_of(receipt, facts, procedure)
    if case is None and procedure not in OPENED_BY_RECEIPT:
        return None
    return Entry(
        case=case.number if case else case_number(sha, f"{procedure}/{number.digits}"),
        procedure=procedure,
        identity_number=number,
        event=Event.PAID,
        day=facts.today,
        proof=sha,
        receipt=receipt,
    )
