"""announce: Batch…, the night's Account → Letter…"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from pipeline.batching import Selection
from pipeline.cases import mail_number
from pipeline.domain import Batch, Case, Decision, Enclosure, Letter, Outcome
from pipeline.policy import Policy
from pipeline.turkish import quotable
from pipeline.workbook import XLSX


@dataclass(frozen=True, slots=True)
class Heard:
    """One mail of the day, as far as the report tells of it."""

    sha: str
    sender: str
    subject: str
    shunt: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class StoppedBy:
    """Why no letters go out: since when, by a fault's place or a rule's name, in how many of how many."""

    at: str
    kind: str
    name: str
    hit: int
    of: int


@dataclass(frozen=True, slots=True)
class NightsWork:
    """All that the report of one night is made of."""

    day: date
    number: int
    since: datetime
    until: datetime
    balance: Mapping[str, int]
    heard: Sequence[Heard]
    open_holds: Sequence[Heard]
    batches: Sequence[Batch]
    selection: Selection
    open_cases: Sequence[Case]
    failed_letters: Sequence[Mapping[str, str]]
    unfetched: Sequence[Mapping[str, Any]]
    bounces: Sequence[Mapping[str, Any]] = ()
    # Set while the breaker holds the letters back.
    stop: StoppedBy | None = None


def batch_digest(batch: Batch) -> str:
    """Names a batch's bytes, for Kamu SM and for us to compare."""
    return hashlib.sha256(batch.workbook).hexdigest()


def announce(night: NightsWork, policy: Policy) -> tuple[Letter, ...]:
    """Writes the night's letters: the lists, where there are any, and always the report."""
    lists = (_batch_letter(batch, night.until, policy) for batch in night.batches)
    return (*lists, _report(night, policy))


def _batch_file(batch: Batch) -> Enclosure:
    return Enclosure(f"nes-listesi-{batch.day.isoformat()}-{batch.number}.xlsx", XLSX, batch.workbook)


def _batch_letter(batch: Batch, at: datetime, policy: Policy) -> Letter:
    office = policy.office
    written = policy.texts.write(
        "batch",
        day=batch.day,
        name=batch.name,
        count=len(batch.cases),
        digest=batch_digest(batch),
        for_release=office.batch_recipient == office.it_unit,
        office=office,
    )
    return Letter(
        kind="batch",
        about=batch.name,
        sender=office.sender,
        recipient=office.batch_recipient,
        subject=written.subject,
        text=written.text,
        html=written.html,
        written_at=at,
        enclosures=(_batch_file(batch),),
    )


def _report(night: NightsWork, policy: Policy) -> Letter:
    office = policy.office
    accounted = sum(night.balance[o] for o in Outcome) + night.balance["duplicates"]
    undecided = night.balance.get("undecided", 0)
    accounted += undecided
    written = policy.texts.write(
        "nightly",
        night=night,
        balance=night.balance,
        balanced=accounted == night.balance["heard"],
        accounted=accounted,
        undecided=undecided,
        outcomes=[(policy.texts.words["outcomes"][o], night.balance[o]) for o in Outcome],
        batches=[
            {"name": b.name, "rows": list(map(_batch_row, b.cases)), "digest": batch_digest(b)}
            for b in night.batches
        ],
        batched_count=sum(len(batch.cases) for batch in night.batches),
        why_no_list=night.selection.why_none,
        next_list_day=night.selection.next_day,
        left_out=list(map(_batch_row, night.selection.disputed)),
        late=list(map(_batch_row, night.selection.late)),
        waiting=list(map(_batch_row, night.selection.waiting)),
        for_release=office.batch_recipient == office.it_unit,
        returned=[_mail(h) for h in night.heard if h.decision.outcome is Outcome.RETURNED],
        reasons=_reasons(night.heard),
        held=[_mail(h) for h in night.open_holds],
        without_ocr=sum(_lacked_ocr(h.decision) for h in night.open_holds),
        paid=[_payment(h) for h in night.heard if any(e.receipt for e in h.decision.entries)],
        silences=_silences(night.heard, policy),
        shunted=_shunted(night.heard, policy),
        open_case_count=len(night.open_cases),
        since=_moment(night.since),
        until=_moment(night.until),
        office=office,
    )
    return Letter(
        kind="nightly",
        about=night.day.isoformat(),
        sender=office.sender,
        recipient=office.it_unit,
        subject=written.subject,
        text=written.text,
        html=written.html,
        written_at=night.until,
        enclosures=tuple(map(_batch_file, night.batches)),
    )


def _lacked_ocr(decision: Decision) -> bool:
    return any(unread.why == "ocr_unavailable" for unread in decision.evidence.unread)


def _moment(at: datetime) -> str:
    return f"{at:%d.%m.%Y %H:%M}"


def _batch_row(case: Case) -> Mapping[str, str]:
    holder = case.holder
    assert holder is not None
    return {
        "name": quotable(f"{holder.given_name} {holder.family_name}"),
        "number": str(case.identity_number),
        "case": case.number,
    }


def _mail(heard: Heard) -> Mapping[str, Any]:
    says = [f"{quotable(f.say)} ({f.rule})" for f in heard.decision.findings]
    return {
        "number": mail_number(heard.sha),
        "sender": quotable(heard.sender),
        "subject": quotable(heard.subject)[:80],
        "says": list(dict.fromkeys(says)),
        "can_accept": bool(heard.decision.withheld),
    }


def _shunted(heard: Sequence[Heard], policy: Policy) -> list[Mapping[str, Any]]:
    """Lists what was set aside; of a sender's mails over a budget the first, with their number."""
    words = policy.texts.words["shunts"]
    groups: dict[tuple[str, str], list[Heard]] = {}
    for mail in heard:
        if mail.decision.outcome is Outcome.SHUNTED:
            name = mail.shunt.split(":")[0]
            groups.setdefault((name, mail.sender if name.startswith("over_") else mail.sha), []).append(mail)
    return [
        {**_mail(mails[0]), "why": words.get(name, name), "count": len(mails)}
        for (name, _), mails in groups.items()
    ]


def _payment(heard: Heard) -> Mapping[str, Any]:
    entries = [e for e in heard.decision.entries if e.receipt]
    return {
        "number": mail_number(heard.sha),
        "slips": [{"case": e.case, "procedure": e.procedure, "receipt": e.receipt} for e in entries],
    }


def _reasons(heard: Sequence[Heard]) -> list[tuple[str, int]]:
    rules = (f.rule for h in heard if h.decision.outcome is Outcome.RETURNED for f in h.decision.findings)
    return sorted(Counter(rules).items(), key=lambda pair: (-pair[1], pair[0]))


def _silences(heard: Sequence[Heard], policy: Policy) -> list[tuple[str, int]]:
    names = sorted(h.decision.silence for h in heard if h.decision.silence)
    words = policy.texts.words["silences"]
    return [(words[name], len(list(group))) for name, group in groupby(names)]
