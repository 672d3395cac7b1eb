"""answer: Decision → Letter"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from pipeline.batching import promised_day
from pipeline.cases import mail_number, state_of
from pipeline.conversation import Comparison, Point
from pipeline.correspondence import answer_to
from pipeline.cover_sheet import Covered, cover_sheet
from pipeline.domain import (
    Case,
    Consequence,
    Decision,
    Enclosure,
    Entry,
    Event,
    Finding,
    Letter,
    Submission,
)
from pipeline.mailwords import abbreviated_address, own_words, written_out
from pipeline.policy import Policy
from pipeline.turkish import quotable
from pipeline.workbook import XLSX, blank_form

_GRAVITY = (Consequence.RETURN, Consequence.HOLD, Consequence.GUIDE)


def answer(
    sha: str,
    submission: Submission,
    decision: Decision,
    comparison: Comparison | None,
    copies: Sequence[Enclosure],
    policy: Policy,
    written_at: datetime,
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
        about = {**_about(submission, decision, policy), "forms": names}
        letter = _letter(f"replies/topics/{decision.topic}", sha, submission, policy, written_at, about)
        return replace(letter, enclosures=tuple(forms))
    covers = _covers(decision.entries, policy)
    values = {
        **_verdict(decision, policy),
        "list_day": _list_day(written_at, policy),
        "progress": _points(comparison, policy),
        "copies": [copy.name for copy in copies],
        "forms": names,
        "covers": [cover.name for cover in covers],
        "list_was_sent": bool(decision.evidence.holders or forms),
    }
    letter = _letter(f"replies/{decision.outcome}", sha, submission, policy, written_at, values)
    return replace(letter, enclosures=(*copies, *forms, *covers))


def _verdict(decision: Decision, policy: Policy) -> Mapping[str, Any]:
    claims = _claims(decision)
    return {
        **_accepted(decision.entries, policy),
        "returned": claims[Consequence.RETURN],
        "held": claims[Consequence.HOLD],
        "guided": claims[Consequence.GUIDE],
        "returned_count": _count_to_correct(decision),
        "procedure": decision.procedure,
        "notes": _notes(decision, policy),
    }


def _list_day(accepted_at: datetime, policy: Policy) -> Mapping[str, Any] | None:
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


def answer_settled(
    sha: str,
    submission: Submission,
    entries: Sequence[Entry],
    refused: Sequence[Entry],
    because: str,
    policy: Policy,
    written_at: datetime,
) -> Letter:
    """Writes what an official decided about a held mail: the entries made, or those refused, and why."""
    going_on = [e.case for e in refused if e.event is Event.WITHDRAWN]
    name = "replies/settled-accepted" if entries else "replies/settled-returned"
    covers = _covers(entries, policy)
    values = {
        **_accepted(entries, policy),
        "because": quotable(because),
        "going_on": going_on,
        "covers": [cover.name for cover in covers],
    }
    return replace(_letter(name, sha, submission, policy, written_at, values), enclosures=tuple(covers))


def answer_release(
    sha: str, submission: Submission, told: Mapping[str, Any], policy: Policy, written_at: datetime
) -> Letter:
    """Tells somebody who released a list what came of it."""
    return _letter("replies/release", sha, submission, policy, written_at, told)


def _letter(
    name: str,
    sha: str,
    submission: Submission,
    policy: Policy,
    written_at: datetime,
    values: Mapping[str, Any],
) -> Letter:
    number = mail_number(sha)
    written = policy.texts.write(
        name,
        addressee=quotable(submission.sender_name)[:60],
        number=number,
        office=policy.office,
        **values,
    )
    return Letter(
        kind=name.removeprefix("replies/"),
        about=sha,
        sender=policy.office.sender,
        recipient=answer_to(submission),
        subject=f"Otomatik yanıt: {written.subject} [{number}]",
        text=written.text,
        html=written.html,
        written_at=written_at,
        answers=submission.message_id,
        references=submission.references,
    )


def _accepted(entries: Iterable[Entry], policy: Policy) -> Mapping[str, Any]:
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
    notes = dict.fromkeys(policy.texts.words["understood"][name] for name in holder.understood.values())
    return {
        "name": quotable(f"{holder.given_name} {holder.family_name}"),
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


def _count_to_correct(decision: Decision) -> int:
    """Counts places, not rules: a cell with two faults is corrected once."""
    returned = (f for f in decision.findings if f.consequence is Consequence.RETURN)
    return len({(f.subject, f.index, f.field) for f in returned})


def _forms(decision: Decision, policy: Policy) -> list[Enclosure]:
    """Makes the forms that the rules and topics of a decision's findings bring along."""
    found = {f.rule for f in decision.findings}
    wanted = {rule.encloses for rule in policy.rules if rule.path in found}
    wanted |= {topic.encloses for topic in policy.topics if topic.path in found}
    words = policy.texts.words["blank_form"]
    rows = decision.evidence.pasted
    # A form that is filled in already is filled in once.
    if "filled-form" in wanted and rows:
        return [Enclosure(words["filled_file"], XLSX, blank_form(policy.form, words, rows))]
    if "blank-form" in wanted:
        return [Enclosure(words["file"], XLSX, blank_form(policy.form, words, ()))]
    return []


def _covers(entries: Iterable[Entry], policy: Policy) -> list[Enclosure]:
    """Draws the cover sheet for those whose papers are due now: a paid case waits for nothing else."""
    due = [
        Covered(entry.case, policy.texts.words["procedures"][entry.procedure])
        for entry in entries
        if entry.event is Event.PAID and policy.completion.wants_paper(entry.procedure)
    ]
    return [cover_sheet(due, policy.texts.words["cover_sheet"], policy.office)] if due else []


def _notes(decision: Decision, policy: Policy) -> list[str]:
    """Puts into words what is worth saying about single files; what has no words is nobody's concern."""
    words = dict(policy.texts.words["notes"])
    if any(entry.event is Event.FORM_SCANNED for entry in decision.entries):
        # What is noted in a case is told with the case.
        words.pop("signed_form", None)
    told = [words[n.why].format(file=quotable(n.name)) for n in decision.evidence.noted if n.why in words]
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
    name = quotable(" ".join(n for n in (holder.given_name, holder.family_name) if n))
    columns = {column.field for column in policy.form.columns}
    what = policy.words_for(finding.field) if finding.field in columns else finding.say
    return f"{name or finding.about} – {what}"


def _claims(decision: Decision) -> Mapping[Consequence, list[Mapping[str, Any]]]:
    """Groups the findings by what they are about, each claim under its gravest consequence."""
    groups: dict[Consequence, list[Mapping[str, Any]]] = {c: [] for c in _GRAVITY}
    # A mail that must be sent again as a whole is told that, and nothing of what stands in its files.
    whole = [
        f for f in decision.findings if f.subject == "submission" and f.consequence is Consequence.RETURN
    ]
    findings = sorted(
        whole or decision.findings, key=lambda f: (f.subject != "submission", f.subject, f.index)
    )
    for _, found in groupby(findings, key=lambda f: (f.subject, f.index)):
        claim = list(found)
        gravest = next(c for c in _GRAVITY if any(f.consequence is c for f in claim))
        groups[gravest].append({"title": _title(claim[0], decision), "findings": list(map(_shown, claim))})
    return groups


def _title(finding: Finding, decision: Decision) -> str:
    if finding.subject == "holder":
        holder = decision.evidence.holders[finding.index]
        name = quotable(" ".join(n for n in (holder.given_name, holder.family_name) if n))
        return f"{holder.row}. satır{' – ' + name if name else ''}:"
    return finding.about + ":"


def _shown(finding: Finding) -> Mapping[str, str]:
    return {
        "say": finding.say,
        "remedy": finding.remedy,
        "suggestion": finding.suggestion,
        "place": finding.about,
        "rule": finding.rule,
    }
