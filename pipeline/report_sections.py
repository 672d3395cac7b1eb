"""report_sections: the night's work → the sections of its report, in their order.

A new section is a function here, its place in `told_of`, and its words in reports/nightly.toml.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from math import ceil

from pipeline.cases import AWAITS_LIST, mail_number, state_of
from pipeline.charts import Chart, Series
from pipeline.domain import Batch, Case, Consequence, Entry, Event, Outcome, Receipt
from pipeline.nights_work import Heard, NightsWork, PastNight
from pipeline.policy import Policy
from pipeline.report import Line, Told, Value, spelled_duration
from pipeline.turkish import number_date, numeral, weekday

# The chart begins with so many days, and never shows more.
_FEWEST_DAYS, _MOST_DAYS = 7, 30
# The last day of each age; what is older is the last group.
_AGES = (7, 30, 90, 180)
# So much of a subject is shown.
_SUBJECT = 120
# After so long a time hours are easier to grasp than minutes.
_IN_HOURS = timedelta(hours=3)
# Nobody is promised less: "within a minute".
_SHORTEST = timedelta(minutes=1)


def told_of(night: NightsWork, policy: Policy) -> tuple[Told, ...]:
    """Tells every section of the report, in the order it is read."""
    return (
        _stopped(night, policy),
        _held(night, policy),
        _unreleased(night),
        _warnings(night, policy),
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
        _bounced(night, policy),
        _silences(night, policy),
        _unsent(night, policy),
        _unfetched(night, policy),
        _shunted(night, policy),
        _balance(night, policy),
        _nights(night, policy),
        _open_cases(night, policy),
        _waits(night, policy),
    )


def accounted(night: NightsWork) -> int:
    """Adds up what became of the mails; it should be as many as were heard."""
    return sum(night.balance[o] for o in (*Outcome, "undecided", "duplicates"))


def batch_digest(batch: Batch) -> str:
    """Names a batch's bytes, for Kamu SM and for us to compare."""
    return hashlib.sha256(batch.workbook).hexdigest()


# --- what needs a person -----------------------------------------------------------------------


def _stopped(night: NightsWork, policy: Policy) -> Told:
    stop = night.stop
    if stop is None:
        return Told("stopped", [])
    why = policy.texts.words["stops"][stop.kind].replace("HIT", str(stop.hit)).replace("OF", str(stop.of))
    line = Line(
        {"at": stop.at, "why": why, "name": stop.name},
        commands={w: f'nes-intake resume {w} --by ADINIZ --because "…"' for w in ("send", "again")},
    )
    return Told("stopped", [line])


def _held(night: NightsWork, policy: Policy) -> Told:
    return Told("held", [_hold(mail, night, policy) for mail in night.open_holds])


def _hold(mail: Heard, night: NightsWork, policy: Policy) -> Line:
    number, withheld = mail_number(mail.sha), mail.decision.withheld
    since = mail.decided_at.astimezone(night.until.tzinfo)
    words = ("accept", "return") if withheld else ("return",)
    return Line(
        {
            "number": number,
            "sender": mail.sender,
            "subject": mail.subject[:_SUBJECT],
            "days": (night.until.date() - since.date()).days,
            "since": since,
        },
        notes=(*_reasons_of(mail), *_if_accepted(withheld, policy)),
        commands={w: f'nes-intake settle {number} {w} --by ADINIZ --because "…"' for w in words},
        pictures=night.crops.get(mail.sha, ()),
    )


def _reasons_of(mail: Heard) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{f.say} ({f.rule})" for f in mail.decision.findings))


def _if_accepted(withheld: Sequence[Entry], policy: Policy) -> Iterator[str]:
    """Says what would follow from an official's yes."""
    own = policy.texts.report["sections"]["held"]["accepting"]
    for event in dict.fromkeys(entry.event for entry in withheld):
        people = ", ".join(_named(entry) for entry in withheld if entry.event is event)
        yield own[event].format(people=people)


def _named(entry: Entry) -> str:
    holder = entry.holder
    return f"{holder.given_name} {holder.family_name}" if holder else entry.case


# --- what went out -----------------------------------------------------------------------------


def _batch(night: NightsWork, policy: Policy) -> Told:
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


def _why_no_list(night: NightsWork, policy: Policy) -> tuple[str, ...]:
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
        "name": f"{holder.given_name or ''} {holder.family_name or ''}" if holder else None,
        "identity_number": case.identity_number,
    }


def _sent_back(night: NightsWork) -> Told:
    lines = [
        Line({**_person(case), "days": (night.day - case.steps[Event.RETURNED_BY_KAMU_SM]).days})
        for case in night.open_cases
        if case.is_returned
    ]
    return Told("sent_back", lines, {"count": numeral(len(lines))})


def _returned(night: NightsWork) -> Told:
    mails = _of(night, Outcome.RETURNED)
    lines = [
        Line(
            {"number": mail_number(m.sha), "sender": m.sender, "subject": m.subject[:_SUBJECT]},
            notes=_reasons_of(m),
        )
        for m in mails
    ]
    return Told("returned", lines, {"count": numeral(len(lines))})


def _of(night: NightsWork, outcome: Outcome) -> list[Heard]:
    return [mail for mail in night.heard if mail.decision.outcome is outcome]


def _reasons(night: NightsWork, policy: Policy) -> Told:
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


def _matched(night: NightsWork, policy: Policy) -> Told:
    return Told(
        "matched",
        [
            Line(
                {
                    **_payment(entry.receipt),
                    "mail": mail_number(mail.sha),
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


def _unmatched(night: NightsWork, policy: Policy) -> Told:
    whys = policy.texts.report["sections"]["unmatched"]["whys"]
    return Told(
        "unmatched",
        [
            Line(
                {
                    **_payment(receipt),
                    "mail": mail_number(mail.sha),
                    "sender": mail.sender,
                    "identity_number": receipt.identity_number,
                    "days": (night.day - mail.decided_at.astimezone(night.until.tzinfo).date()).days,
                    "why": whys["early" if _rules(mail) == {AWAITS_LIST} else "doubt"],
                }
            )
            for mail in night.open_holds
            for receipt in mail.decision.evidence.receipts
        ],
    )


def _rules(mail: Heard) -> set[str]:
    return {finding.rule for finding in mail.decision.findings}


def _originals(night: NightsWork, policy: Policy) -> Told:
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


def _reminded(night: NightsWork, policy: Policy) -> Told:
    lines = [
        Line({"what": reminder.say, "count": night.reminded[reminder.name]})
        for reminder in policy.reminders
        if night.reminded.get(reminder.name)
    ]
    return Told("reminded", lines, {"count": numeral(sum(night.reminded.values()))})


def _unreleased(night: NightsWork) -> Told:
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


def _bounced(night: NightsWork, policy: Policy) -> Told:
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


def _silences(night: NightsWork, policy: Policy) -> Told:
    names = sorted(mail.decision.silence for mail in night.heard if mail.decision.silence)
    words = policy.texts.words["silences"]
    return Told(
        "silences",
        [Line({"why": words[name], "count": len(list(group))}) for name, group in groupby(names)],
    )


def _unsent(night: NightsWork, policy: Policy) -> Told:
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
            )
            for letter in night.letters
        ],
    )


def _unfetched(night: NightsWork, policy: Policy) -> Told:
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


def _shunted(night: NightsWork, policy: Policy) -> Told:
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
                    "number": mail_number(mails[0].sha),
                    "sender": mails[0].sender or own["unknown_sender"],
                    "why": words.get(name, name),
                    "count": len(mails),
                }
            )
            for (name, _), mails in groups.items()
        ],
    )


def _warnings(night: NightsWork, policy: Policy) -> Told:
    words = policy.texts.report["warnings"]
    return Told("warnings", [Line({"warning": words[w.name].format(**w.fills)}) for w in night.warnings])


# --- balance and pictures ----------------------------------------------------------------------


def _balance(night: NightsWork, policy: Policy) -> Told:
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


def _nights(night: NightsWork, policy: Policy) -> Told:
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


def _days(night: NightsWork) -> list[date]:
    """Lists the days of the charts: those since the first night there is, a week at least; gaps show."""
    first = min((past.day for past in night.past), default=night.day)
    count = min(max((night.day - first).days + 1, _FEWEST_DAYS), _MOST_DAYS)
    return [night.day - timedelta(days=count - 1 - at) for at in range(count)]


def _open_cases(night: NightsWork, policy: Policy) -> Told:
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


def _waits(night: NightsWork, policy: Policy) -> Told:
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
