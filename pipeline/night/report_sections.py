"""report_sections: the night's work → the sections of its report, in their order.

A new section is a function here, its place in `told_of`, and its words in reports/nightly.toml.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from math import ceil
from typing import Any

from pipeline.domain import Case, Consequence, Decision, Entry, Event, Outcome, PastNight, Receipt
from pipeline.domain.cases import state_of
from pipeline.domain.claims import Claim, Verb, claims_of
from pipeline.domain.quality import Tally, most_wrong
from pipeline.domain.turkish import number_date, numeral, weekday
from pipeline.letters.list_letter import batch_digest
from pipeline.night.charts import Chart, Series
from pipeline.night.material import Heard, ReportMaterial
from pipeline.night.report import Line, Told, Value, spelled_duration
from pipeline.policy.policy import Policy

# The chart begins with so many days, and never shows more.
_FEWEST_DAYS, _MOST_DAYS = 7, 30
# The last day of each age; what is older is the last group.
_AGES = (7, 30, 90, 180)
# So many days a receipt may wait for its list before a person looks at it.
_PATIENCE = 10
# So much of a subject is shown.
_SUBJECT = 120
# After so long a time hours are easier to grasp than minutes.
_IN_HOURS = timedelta(hours=3)
# Nobody is promised less: "within a minute".
_SHORTEST = timedelta(minutes=1)


def told_of(night: ReportMaterial, policy: Policy) -> tuple[Told, ...]:
    """Tells every section of the report, in the order it is read."""
    return (
        _stopped(night, policy),
        _held(night, policy),
        _shunted(night, policy),
        _unfetched(night, policy),
        _unreleased(night),
        _unsent(night, policy),
        _bounced(night, policy),
        _warnings(night, policy),
        _awaiting(night, policy),
        _batch(night, policy),
        _people("waiting", night.selection.waiting),
        _people("late", night.selection.late),
        _people("left_out", night.selection.disputed),
        _sent_back(night),
        _returned(night),
        _reasons(night, policy),
        _matched(night, policy),
        _unmatched(night, policy),
        _originals(night, policy),
        _reminded(night, policy),
        _silences(night, policy),
        _balance(night, policy),
        _nights(night, policy),
        _open_cases(night, policy),
        _waits(night, policy),
        _quality(night, policy),
    )


def accounted(night: ReportMaterial) -> int:
    """Adds up what became of the mails; it should be as many as were heard."""
    return sum(night.balance[o] for o in (*Outcome, "undecided", "duplicates"))


# --- what needs a person -----------------------------------------------------------------------


def _stopped(night: ReportMaterial, policy: Policy) -> Told:
    stop = night.stop
    if stop is None:
        return Told("stopped", [])
    why = policy.texts.words["stops"][stop.kind].replace("HIT", str(stop.hit)).replace("OF", str(stop.of))
    line = Line(
        {"at": stop.at, "why": why, "name": stop.name},
        commands={w: f'nes-intake resume {w} --by ADINIZ --because "…"' for w in ("send", "again")},
    )
    return Told("stopped", [line])


def _held(night: ReportMaterial, policy: Policy) -> Told:
    early = {mail.sha for mail in _need_nobody(night, policy)}
    mails = (mail for mail in night.open_holds if mail.sha not in early)
    return Told("held", [_hold(mail, night, policy) for mail in mails])


def _need_nobody(night: ReportMaterial, policy: Policy) -> list[Heard]:
    """Lists the mails with a receipt that waits for nothing but its list, and has not done so for too long.

    Whose own list has come already waits for no other: the receipt may bear a wrong number.
    """
    listed = {case.holder.work_email for case in night.open_cases if case.holder}
    return [
        mail
        for mail in night.open_holds
        if _rules(mail) == {policy.awaits_list}
        and mail.sender not in listed
        and _days_of(mail, night) <= _PATIENCE
    ]


def _awaiting(night: ReportMaterial, policy: Policy) -> Told:
    """Tells what waits, and will be matched by itself: nobody has to do anything about it."""
    return Told(
        "awaiting",
        [
            Line(
                {
                    **_payment(receipt),
                    "number": mail.number,
                    "sender": mail.sender,
                    "identity_number": receipt.identity_number,
                    "days": _days_of(mail, night),
                },
                pictures=night.crops.get(mail.sha, ()),
                link=_at_desk(mail, night),
            )
            for mail in _need_nobody(night, policy)
            for receipt in mail.decision.evidence.receipts
        ],
        {"patience": _PATIENCE},
    )


def _days_of(mail: Heard, night: ReportMaterial) -> int:
    return (night.day - mail.decided_at.astimezone(night.until.tzinfo).date()).days


def _at_desk(mail: Heard, night: ReportMaterial) -> str:
    return f"{night.desk}/ileti/{mail.number}" if night.desk else ""


def _hold(mail: Heard, night: ReportMaterial, policy: Policy) -> Line:
    number, withheld = mail.number, mail.decision.withheld
    since = mail.decided_at.astimezone(night.until.tzinfo)
    typed = policy.texts.report["sections"]["held"]["typed"]
    return Line(
        {
            "number": number,
            "sender": mail.sender,
            "subject": mail.subject[:_SUBJECT],
            "days": _days_of(mail, night),
            "since": since,
        },
        notes=(*_reasons_of(mail), *_if_accepted(withheld, policy)),
        commands={
            verb: f'nes-intake settle {number} {typed[verb]} --by ADINIZ --because "…"'
            for verb in _sayable(mail.decision, policy)
        },
        pictures=night.crops.get(mail.sha, ()),
        link=_at_desk(mail, night),
    )


def _sayable(decision: Decision, policy: Policy) -> Iterator[str]:
    """Names what can be said of a mail; one that nobody is answered on is closed without a word."""
    for verb in _fitting(claims_of(decision), policy):
        yield "close" if verb is Verb.ANSWER and decision.silence else verb


def _fitting(claims: Sequence[Claim], policy: Policy) -> Iterator[Verb]:
    """Names what can be said of a mail as a whole: who asks is not sent back, nor who has only to wait."""
    early = [claim for claim in claims if claim.is_early(policy.awaits_list)]
    if any(claim.fits(Verb.ACCEPT) for claim in claims):
        yield Verb.ACCEPT
    if any(claim.fits(Verb.RETURN) for claim in claims if claim not in early):
        yield Verb.RETURN
    if any(claim.fits(Verb.ANSWER) and not claim.entry for claim in claims):
        yield Verb.ANSWER
    if early:
        yield Verb.WAIT


def _reasons_of(mail: Heard) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{f.say} ({f.rule})" for f in mail.decision.findings))


def _if_accepted(withheld: Sequence[Entry], policy: Policy) -> Iterator[str]:
    """Says what would follow from an official's yes."""
    own = policy.texts.report["sections"]["held"]["accepting"]
    is_several = len({entry.case for entry in withheld}) > 1
    for event in dict.fromkeys(entry.event for entry in withheld):
        # By the number of its case each can be decided alone.
        names = (
            f"{_named(e)} ({e.case})" if is_several and e.holder else _named(e)
            for e in withheld
            if e.event is event
        )
        people = ", ".join(names)
        yield own[event].format(people=people)


def _named(entry: Entry) -> str:
    holder = entry.holder
    return holder.name if holder else entry.case


# --- what went out -----------------------------------------------------------------------------


def _batch(night: ReportMaterial, policy: Policy) -> Told:
    own, office = policy.texts.report["sections"]["batch"], policy.office
    key = "for_release" if office.batch_recipient == office.it_unit else "lead"
    sentences = [
        own[key].format(
            name=batch.name,
            count=numeral(len(batch.cases)),
            recipient=office.batch_recipient,
            digest=batch_digest(batch),
        )
        for batch in night.batches
    ]
    return Told(
        "batch",
        [
            Line(
                {
                    **_person(case),
                    "batch": batch.name,
                    "row": row,
                    "workplace": case.holder.workplace if case.holder else None,
                    "opened_on": case.opened_on,
                }
            )
            for batch in night.batches
            for row, case in enumerate(batch.cases, start=1)
        ],
        says=tuple(sentences) or _why_no_list(night, policy),
    )


def _why_no_list(night: ReportMaterial, policy: Policy) -> tuple[str, ...]:
    own, why, day = (
        policy.texts.report["sections"]["batch"],
        night.selection.why_none,
        night.selection.next_day,
    )
    if night.stop:
        return (own["stopped"],)
    said = policy.texts.words["no_list"][why]
    if why == "nothing" or day is None:
        return (said,)
    return (said, own["next_list"].format(day=number_date(day), weekday=weekday(day)))


def _people(name: str, cases: Sequence[Case]) -> Told:
    return Told(name, [Line(_person(case)) for case in cases])


def _person(case: Case) -> dict[str, Value]:
    holder = case.holder
    return {
        "case": case.number,
        "name": holder.name if holder else None,
        "identity_number": case.identity_number,
    }


def _sent_back(night: ReportMaterial) -> Told:
    lines = [
        Line({**_person(case), "days": (night.day - case.steps[Event.RETURNED_BY_KAMU_SM]).days})
        for case in night.open_cases
        if case.is_returned
    ]
    return Told("sent_back", lines, {"count": numeral(len(lines))})


def _returned(night: ReportMaterial) -> Told:
    mails = _of(night, Outcome.RETURNED)
    lines = [
        Line(
            {"number": m.number, "sender": m.sender, "subject": m.subject[:_SUBJECT]},
            notes=_reasons_of(m),
        )
        for m in mails
    ]
    return Told("returned", lines, {"count": numeral(len(lines))})


def _of(night: ReportMaterial, outcome: Outcome) -> list[Heard]:
    return [mail for mail in night.heard if mail.decision.outcome is outcome]


def _reasons(night: ReportMaterial, policy: Policy) -> Told:
    found = Counter(
        finding.rule
        for mail in _of(night, Outcome.RETURNED)
        for finding in mail.decision.findings
        if finding.consequence is Consequence.RETURN
    )
    # What a rule says of any value; a rule that is gone since has only its name.
    says = {rule.path: re.sub(r"\{[^}]*\}", "…", rule.say) for rule in policy.rules}
    return Told(
        "reasons",
        [
            Line({"why": says.get(rule), "rule": rule, "count": count})
            for rule, count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    )


# --- receipts and paper ------------------------------------------------------------------------


def _matched(night: ReportMaterial, policy: Policy) -> Told:
    return Told(
        "matched",
        [
            Line(
                {
                    **_payment(entry.receipt),
                    "mail": mail.number,
                    "case": entry.case,
                    "procedure": policy.texts.words["procedures"][entry.procedure],
                    "identity_number": entry.identity_number,
                }
            )
            for mail in night.heard
            for entry in mail.decision.entries
            if entry.receipt
        ],
    )


def _payment(receipt: Receipt) -> dict[str, Value]:
    return {"amount": receipt.amount, "paid_on": receipt.paid_on, "rail": receipt.rail}


def _unmatched(night: ReportMaterial, policy: Policy) -> Told:
    whys = policy.texts.report["sections"]["unmatched"]["whys"]
    return Told(
        "unmatched",
        [
            Line(
                {
                    **_payment(receipt),
                    "mail": mail.number,
                    "sender": mail.sender,
                    "identity_number": receipt.identity_number,
                    "days": _days_of(mail, night),
                    "why": whys["early" if _rules(mail) == {policy.awaits_list} else "doubt"],
                }
            )
            for mail in night.open_holds
            for receipt in mail.decision.evidence.receipts
        ],
    )


def _rules(mail: Heard) -> set[str]:
    return {finding.rule for finding in mail.decision.findings}


def _originals(night: ReportMaterial, policy: Policy) -> Told:
    due = [
        (case.steps[Event.PAID], case)
        for case in night.open_cases
        if case.receipt
        and policy.completion.wants_paper(case.procedure)
        and Event.FORM_RECEIVED not in case.events
    ]
    lines = [
        Line(
            {
                **_person(case),
                "procedure": policy.texts.words["procedures"][case.procedure],
                "paid_on": day,
                "days": (night.day - day).days,
            }
        )
        for day, case in sorted(due, key=lambda pair: (pair[0], pair[1].number))
    ]
    oldest = lines[0].values["days"] if lines else 0
    return Told("originals", lines, {"count": numeral(len(lines)), "oldest": oldest})


def _reminded(night: ReportMaterial, policy: Policy) -> Told:
    lines = [
        Line({"what": reminder.say, "count": night.reminded[reminder.name]})
        for reminder in policy.reminders
        if night.reminded.get(reminder.name)
    ]
    return Told("reminded", lines, {"count": numeral(sum(night.reminded.values()))})


def _unreleased(night: ReportMaterial) -> Told:
    return Told(
        "unreleased",
        [
            Line(
                {"batch": b.batch, "rows": b.rows, "days": (night.day - b.day).days},
                commands={"release": f"nes-intake release {b.batch} --by ADINIZ"},
            )
            for b in night.unreleased
        ],
    )


# --- what went wrong ---------------------------------------------------------------------------


def _bounced(night: ReportMaterial, policy: Policy) -> Told:
    own = policy.texts.report["sections"]["bounced"]
    return Told(
        "bounced",
        [
            Line(
                {
                    "recipient": bounce["written_to"] or bounce["recipient"] or own["unknown_recipient"],
                    "subject": bounce["subject"] or own["unknown_letter"],
                    "cases": ", ".join(bounce["cases"]),
                    "mail": bounce["mail"],
                },
                notes=(own["server"].format(words=f"{bounce['status']} {bounce['diagnostic']}".strip()),)
                if bounce["status"] or bounce["diagnostic"]
                else (),
            )
            for bounce in night.bounces
        ],
    )


def _silences(night: ReportMaterial, policy: Policy) -> Told:
    names = sorted(mail.decision.silence for mail in night.heard if mail.decision.silence)
    words = policy.texts.words["silences"]
    return Told(
        "silences",
        [Line({"why": words[name], "count": len(list(group))}) for name, group in groupby(names)],
    )


def _unsent(night: ReportMaterial, policy: Policy) -> Told:
    return Told(
        "unsent",
        [
            Line(
                {
                    "recipient": letter["recipient"],
                    "subject": letter["subject"],
                    "state": policy.texts.words["letter_states"][letter["state"]],
                    "attempts": letter["attempts"],
                },
                notes=(letter["response"],) if letter["response"] else (),
                commands=_list_commands(letter),
            )
            for letter in night.letters
        ],
    )


def _list_commands(letter: Mapping[str, Any]) -> Mapping[str, str]:
    """Gives what settles a list that did not go out, or may have; no other letter is sent by hand."""
    if letter["kind"] != "batch" or letter["state"] not in ("failed", "in_doubt"):
        return {}
    about = letter["about"]
    return {w: f'nes-intake doubt {about} {w} --by ADINIZ --because "…"' for w in ("arrived", "again")}


def _unfetched(night: ReportMaterial, policy: Policy) -> Told:
    whys = policy.texts.report["sections"]["unfetched"]["whys"]
    return Told(
        "unfetched",
        [
            Line(
                {
                    "account": mail["account"],
                    "folder": mail["folder"],
                    "uid": str(mail["uid"]),
                    "why": whys[mail["why"]],
                }
            )
            for mail in night.unfetched
        ],
    )


def _shunted(night: ReportMaterial, policy: Policy) -> Told:
    """Tells what was set aside; of a sender's mails over a budget the first, with their number."""
    own, words = policy.texts.report["sections"]["shunted"], policy.texts.words["shunts"]
    groups: dict[tuple[str, str], list[Heard]] = {}
    for mail in _of(night, Outcome.SHUNTED):
        name = mail.shunt.split(":")[0]
        groups.setdefault((name, mail.sender if name.startswith("over_") else mail.sha), []).append(mail)
    return Told(
        "shunted",
        [
            Line(
                {
                    "number": mails[0].number,
                    "sender": mails[0].sender or own["unknown_sender"],
                    "why": words.get(name, name),
                    "count": len(mails),
                },
                commands={"explain": f"nes-intake explain {mails[0].number}"},
                link=_at_desk(mails[0], night),
            )
            for (name, _), mails in groups.items()
        ],
    )


def _warnings(night: ReportMaterial, policy: Policy) -> Told:
    words = policy.texts.report["warnings"]
    return Told("warnings", [Line({"warning": words[w.name].format(**w.fills)}) for w in night.warnings])


# --- balance and pictures ----------------------------------------------------------------------


def _balance(night: ReportMaterial, policy: Policy) -> Told:
    own, outcomes = policy.texts.report["sections"]["balance"], policy.texts.words["outcomes"]
    parts = [(outcomes[o], night.balance[o]) for o in Outcome]
    if night.balance["undecided"]:
        parts.append((own["rows"]["undecided"], night.balance["undecided"]))
    parts.append((own["rows"]["duplicates"], night.balance["duplicates"]))
    balanced = accounted(night) == night.balance["heard"]
    return Told(
        "balance",
        [
            Line({"outcome": name, "count": count})
            for name, count in (*parts, (own["rows"]["heard"], night.balance["heard"]))
        ],
        {
            "heard": night.balance["heard"],
            "sum": " + ".join(f"{count} {name}" for name, count in parts),
            "verdict": own["balanced"] if balanced else "",
        },
    )


def _nights(night: ReportMaterial, policy: Policy) -> Told:
    own, outcomes = policy.texts.report["sections"]["nights"], policy.texts.words["outcomes"]
    totals = [sum(past.counts.values()) for past in night.past]
    most = max(totals, default=0)
    busiest = night.past[totals.index(most)].day if night.past else night.day
    by_day = {past.day: past for past in night.past}
    days = _days(night)
    return Told(
        "nights",
        [
            Line(
                {
                    "day": past.day,
                    "number": past.number,
                    **{o: past.counts.get(o, 0) for o in Outcome},
                    "duplicates": past.counts.get("duplicates", 0),
                }
            )
            for past in reversed(night.past)
        ],
        {
            "nights": len(night.past),
            "heard": numeral(sum(totals)),
            "most": numeral(most),
            "most_day": number_date(busiest),
        },
        says=() if most else (own["no_mail"].format(nights=len(night.past)),),
        chart=Chart(
            "nights",
            own["chart"],
            tuple(f"{day:%d.%m}" for day in days),
            tuple(
                Series(o, outcomes[o], tuple(by_day[d].counts.get(o, 0) if d in by_day else 0 for d in days))
                for o in Outcome
            ),
            is_stacked=True,
        ),
    )


def _days(night: ReportMaterial) -> list[date]:
    """Lists the days of the charts: those since the first night there is, a week at least; gaps show."""
    first = min((past.day for past in night.past), default=night.day)
    count = min(max((night.day - first).days + 1, _FEWEST_DAYS), _MOST_DAYS)
    return [night.day - timedelta(days=count - 1 - at) for at in range(count)]


def _open_cases(night: ReportMaterial, policy: Policy) -> Told:
    own, words = policy.texts.report["sections"]["open_cases"], policy.texts.words
    cases = sorted(night.open_cases, key=lambda c: (c.opened_on, c.number))
    states = own["states"]
    counts = Counter((_state_group(case, states), _age_group(night.day - case.opened_on)) for case in cases)
    return Told(
        "open_cases",
        [
            Line(
                {
                    **_person(case),
                    "procedure": words["procedures"][case.procedure],
                    "state": states[_state_group(case, states)],
                    "opened_on": case.opened_on,
                    "days": (night.day - case.opened_on).days,
                }
            )
            for case in cases
        ],
        {
            "count": numeral(len(cases)),
            "oldest": (night.day - cases[0].opened_on).days if cases else 0,
        },
        chart=Chart(
            "open_cases",
            own["chart"],
            tuple(own["ages"]),
            tuple(
                Series(state, states[state], tuple(counts[state, age] for age in range(len(_AGES) + 1)))
                for state in states
            ),
            is_stacked=True,
        )
        if cases
        else None,
    )


def _state_group(case: Case, states: Collection[str]) -> str:
    state = state_of(case)
    return state if state in states else "other"


def _age_group(age: timedelta) -> int:
    return sum(age.days > last for last in _AGES)


def _waits(night: ReportMaterial, policy: Policy) -> Told:
    own, words = policy.texts.report["sections"]["waits"], policy.texts.report
    waits = {past.day: sorted(past.waits) for past in night.past}
    today = waits.get(night.day, [])
    days = _days(night)
    half, most = ([_share(waits.get(day, []), share) for day in days] for share in (0.5, 0.9))
    in_hours = max(most) > _IN_HOURS
    unit = timedelta(hours=1) if in_hours else timedelta(minutes=1)
    columns = own["columns"]
    return Told(
        "waits",
        [_waited(past) for past in reversed(night.past)],
        {
            "half": spelled_duration(max(_share(today, 0.5), _SHORTEST), words),
            "most": spelled_duration(max(_share(today, 0.9), _SHORTEST), words),
        },
        says=() if today else (own["lead_none" if night.past else "empty"],),
        chart=Chart(
            "waits",
            own["chart_hours" if in_hours else "chart_minutes"],
            tuple(f"{day:%d.%m}" for day in days),
            (
                Series("most", columns["most"], tuple(round(w / unit, 2) for w in most)),
                Series("half", columns["half"], tuple(round(w / unit, 2) for w in half)),
            ),
            is_stacked=False,
        )
        if any(waits.values())
        else None,
    )


def _waited(past: PastNight) -> Line:
    waits = sorted(past.waits)
    return Line(
        {
            "day": past.day,
            "mails": len(waits),
            "half": _share(waits, 0.5) if waits else None,
            "most": _share(waits, 0.9) if waits else None,
            "longest": waits[-1] if waits else None,
            "working": past.working,
        }
    )


def _share(waits: Sequence[timedelta], share: float) -> timedelta:
    """Gives the time within which this share of the mails was decided."""
    return waits[ceil(len(waits) * share) - 1] if waits else timedelta(0)


# --- how good it is ----------------------------------------------------------------------------


def _quality(night: ReportMaterial, policy: Policy) -> Told:
    own = policy.texts.report["sections"]["quality"]
    wrong, of = (sum(getattr(tally, name) for tally in night.quality) for name in ("wrong", "of"))
    fills = {"wrong": numeral(wrong), "of": numeral(of), "most": _percent(wrong, of)}
    says = (own["lead"].format(**fills),) if of else (own["none_read"],) if night.quality else ()
    return Told("quality", [_read_blind(tally, own, policy) for tally in night.quality], says=says)


def _read_blind(tally: Tally, own: Mapping[str, str], policy: Policy) -> Line:
    layout = policy.layouts.get(tally.kind.bank)
    return Line(
        {
            "bank": layout.name if layout else tally.kind.bank,
            "reading": own[tally.kind.reading],
            "wrong": tally.wrong,
            "of": tally.of,
            "most": _percent(tally.wrong, tally.of) if tally.of else None,
            "waiting": tally.waiting,
        },
        notes=(own["stopped"],) if tally.stopped_by else (),
        commands={
            word: f'nes-intake sample resume {tally.stopped_by} {word} --by ADINIZ --because "…"'
            for word in ("error", "slip")
            if tally.stopped_by
        },
    )


def _percent(wrong: int, of: int) -> str:
    return f"% {100 * most_wrong(wrong, of):.1f}".replace(".", ",")
