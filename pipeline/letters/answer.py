"""answer: Decision → Letter"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipeline.domain import (
    Case,
    Consequence,
    Decision,
    Enclosure,
    Entry,
    Event,
    Letter,
    Submission,
)
from pipeline.domain.cases import mail_number, state_of
from pipeline.domain.turkish import quotable
from pipeline.judging.conversation import Comparison, Point
from pipeline.letters.claims import told_of
from pipeline.letters.cover_sheet import Covered, cover_sheet
from pipeline.letters.readers import whose
from pipeline.lists.form import XLSX
from pipeline.mail.addresses import answer_to
from pipeline.policy.list_days import promised_day
from pipeline.policy.mail_words import abbreviated_address, own_words, written_out
from pipeline.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Answered:
    """The mail that an answer is written to, and when; of `paid_before`, cases, its reader may hear."""

    sha: str
    submission: Submission
    written_at: datetime
    paid_before: frozenset[str] = frozenset()


def answer(
    mail: Answered,
    decision: Decision,
    comparison: Comparison | None,
    copies: Sequence[Enclosure],
    policy: Policy,
) -> Letter | None:
    """Writes the one answer to a mail, naming every fault at once; None where silence is due.

    `comparison` says what the mail puts right of an earlier one, and `copies` are the marked copies of the
    lists in it that go back.
    """
    if decision.silence:
        return None
    forms = _forms(decision, policy)
    names = [form.name for form in forms]
    if decision.topic:
        about = {**_about(mail.submission, decision, policy), "forms": names}
        letter = reply(f"replies/topics/{decision.topic}", mail, policy, about)
        return replace(letter, enclosures=tuple(forms))
    covers = covers_of(decision.entries, policy)
    values = {
        **_verdict(decision, policy),
        "list_day": list_day_told(mail.written_at, policy),
        "progress": _points(comparison, policy),
        "copies": [copy.name for copy in copies],
        "forms": names,
        "covers": [cover.name for cover in covers],
        "whose": whose(decision.evidence.holders, mail.submission),
        "paid_before": sorted(mail.paid_before),
        "receipt_waits": any(_waits(decision, at) for at in range(len(decision.evidence.receipts))),
        # For texts that were kept before `reminds` and `whose`.
        "list_was_sent": bool(decision.evidence.holders or forms),
        # Whose file could not be read may have lost a card like any other; who has paid has revoked it.
        "reminds": bool(decision.evidence.holders or decision.evidence.unread or forms),
    }
    letter = reply(f"replies/{decision.outcome}", mail, policy, values)
    return replace(letter, enclosures=(*copies, *forms, *covers))


def _verdict(decision: Decision, policy: Policy) -> Mapping[str, Any]:
    told = told_of(decision)
    return {
        **accepted_claims(decision.entries, policy),
        "returned": told.returned,
        "held": told.held,
        "guided": told.guided,
        "asks": told.asks,
        "returned_count": told.to_correct,
        "procedure": decision.procedure,
        "notes": _notes(decision, policy),
    }


def _waits(decision: Decision, at: int) -> bool:
    """Tells whether a receipt of the mail is neither accepted nor sent back, nor one that we had already."""
    receipt = decision.evidence.receipts[at]
    found = {finding.consequence for finding in decision.findings_of("receipt", at)}
    return found <= {Consequence.HOLD} and all(e.receipt != receipt for e in decision.entries)


def list_day_told(accepted_at: datetime, policy: Policy) -> Mapping[str, Any] | None:
    """Tells on which day the list goes out that accepted rows are on; None where it is the next night's."""
    office = policy.office
    day = promised_day(accepted_at, office.batching, policy.working_days)
    if day is None:
        return None
    return {
        "day": day,
        "is_latest": office.batching.least > 1,
        "for_release": office.batch_recipient == office.it_unit,
    }


def _about(submission: Submission, decision: Decision, policy: Policy) -> Mapping[str, Any]:
    """Gathers what the answer to a question may tell: own cases, and the address written out in full."""
    short = policy.mail_words.abbreviations
    address = abbreviated_address(own_words(submission, policy.mail_words), short)
    return {
        "told": [_state(case, policy) for case in decision.told],
        "address": quotable(written_out(address, short)),
    }


def _state(case: Case, policy: Policy) -> Mapping[str, Any]:
    steps = policy.texts.words["case_states"]
    return {
        "case": case.number,
        "procedure": policy.texts.words["procedures"][case.procedure],
        "number": str(case.identity_number),
        "opened_on": case.opened_on,
        "state": steps[state_of(case)],
        "next": policy.texts.words["case_next"][state_of(case)],
    }


def answer_release(
    sha: str, submission: Submission, told: Mapping[str, Any], policy: Policy, written_at: datetime
) -> Letter:
    """Tells somebody who released a list what came of it."""
    return reply("replies/release", Answered(sha, submission, written_at), policy, told)


def reply(name: str, mail: Answered, policy: Policy, values: Mapping[str, Any]) -> Letter:
    """Writes the answer to a mail by the text of a name, filled with some values."""
    submission = mail.submission
    number = submission.number or mail_number(mail.sha)
    written = policy.texts.write(
        name,
        addressee=quotable(submission.sender_name)[:60],
        number=number,
        office=policy.office,
        fees=policy.fees_at(mail.written_at),
        **values,
    )
    return Letter(
        kind=name.removeprefix("replies/"),
        about=mail.sha,
        sender=policy.office.sender,
        recipient=answer_to(submission),
        subject=f"Otomatik yanıt: {written.subject} [{number}]",
        text=written.text,
        html=written.html,
        written_at=mail.written_at,
        answers=submission.message_id,
        references=submission.references,
    )


def accepted_claims(entries: Iterable[Entry], policy: Policy) -> Mapping[str, Any]:
    """Sorts entries as the texts tell them: listed, withdrawn, paid, scanned."""
    entries = tuple(entries)
    return {
        "listed": [_row(e, policy) for e in entries if e.event in (Event.LISTED, Event.AMENDED)],
        "withdrawn": [e.case for e in entries if e.event is Event.WITHDRAWN],
        "paid": [_slip(e) for e in entries if e.event is Event.PAID],
        "scanned": [e.case for e in entries if e.event is Event.FORM_SCANNED],
    }


def _row(entry: Entry, policy: Policy) -> Mapping[str, Any]:
    holder = entry.holder
    assert holder is not None
    words = policy.texts.words["understood"]
    notes = dict.fromkeys(
        words[name].format(
            written=quotable(holder.written.get(field, "")), value=getattr(holder, field, None) or ""
        )
        for field, name in holder.understood.items()
    )
    return {
        "name": quotable(holder.name),
        "row": holder.row,
        "case": entry.case,
        "born_on": holder.born_on,
        "work_email": holder.work_email,
        "understood": tuple(notes),
    }


def _slip(entry: Entry) -> Mapping[str, Any]:
    receipt = entry.receipt
    assert receipt is not None
    return {
        "file": quotable(receipt.file),
        "amount": receipt.amount,
        "paid_on": receipt.paid_on,
        "rail": receipt.rail,
        "case": entry.case,
        "procedure": entry.procedure,
    }


def _forms(decision: Decision, policy: Policy) -> list[Enclosure]:
    """Makes the forms that the rules and topics of a decision's findings bring along."""
    found = {f.rule for f in decision.findings if not f.for_desk}
    wanted = {rule.encloses for rule in policy.rules if rule.path in found}
    wanted |= {topic.encloses for topic in policy.topics if topic.path in found}
    words = policy.texts.words["blank_form"]
    rows = decision.evidence.pasted
    if not wanted - {""}:
        return []
    # What writes workbooks is imported where one is written: most letters bring none.
    from pipeline.lists.workbook import blank_form

    # A form that is filled in already is filled in once.
    if "filled-form" in wanted and rows:
        return [Enclosure(words["filled_file"], XLSX, blank_form(policy.form, words, rows))]
    if "blank-form" in wanted:
        return [Enclosure(words["file"], XLSX, blank_form(policy.form, words, ()))]
    return []


def covers_of(entries: Iterable[Entry], policy: Policy) -> list[Enclosure]:
    """Draws the cover sheet for those whose papers are due now: a paid case waits for nothing else."""
    due = [
        Covered(entry.case, policy.texts.words["procedures"][entry.procedure])
        for entry in entries
        if entry.case and entry.event is Event.PAID and policy.completion.wants_paper(entry.procedure)
    ]
    return [cover_sheet(due, policy.texts.words["cover_sheet"], policy.office)] if due else []


def _notes(decision: Decision, policy: Policy) -> list[str]:
    """Puts into words what is worth saying about single files; what has no words is nobody's concern."""
    words = dict(policy.texts.words["notes"])
    if any(entry.event is Event.FORM_SCANNED for entry in decision.entries):
        # What is noted in a case is told with the case.
        words.pop("signed_form", None)
    noted = [n for n in decision.evidence.noted if n.why in words]
    told = [words[n.why].format(file=quotable(n.name), detail=quotable(n.detail)) for n in noted]
    return list(dict.fromkeys(told))


def _points(comparison: Comparison | None, policy: Policy) -> Mapping[str, list[str]] | None:
    if comparison is None:
        return None
    return {
        name: [_point(point, policy) for point in getattr(comparison, name)]
        for name in ("now_right", "left", "new", "missing")
    }


def _point(point: Point, policy: Policy) -> str:
    """Names a point by person and column, or by the file and what was wrong with it."""
    holder, finding = point.holder, point.finding
    if holder is None:
        return f"{finding.about} – {finding.say}"
    name = quotable(holder.name)
    columns = {column.field for column in policy.form.columns}
    what = policy.words_for(finding.field) if finding.field in columns else finding.say
    return f"{name or finding.about} – {what}"
