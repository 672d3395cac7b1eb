"""batching: the waiting cases + when lists go out → whom tonight's list takes, and why it takes no more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import combinations, count

from pipeline.domain import Batching, Case
from pipeline.domain.same_person import may_be_one
from pipeline.policy.working_days import WorkingDays


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that waits for a list, and the moment its own list was accepted."""

    case: Case
    since: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """Whom tonight's list takes; who stays behind, and why no list goes out ("" where one does).

    `disputed` wait for an official, `late` came after the cut-off, `waiting` wait for the next list day or
    for more to come; `next_day` is the day on which the next list may go out. `twins` are further
    open cases of people who wait once already, `rivals` those who may wait under two numbers. Reasons for
    no list: "nothing", "not_today", "too_few".
    """

    cases: tuple[Case, ...] = ()
    disputed: tuple[Case, ...] = ()
    late: tuple[Case, ...] = ()
    waiting: tuple[Case, ...] = ()
    why_none: str = ""
    next_day: date | None = None
    twins: tuple[Case, ...] = ()
    rivals: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class ListDays:
    """When lists go out: the office's plan, on the days of its calendar."""

    plan: Batching
    calendar: WorkingDays


def select(
    day: date,
    last_night: date | None,
    waiting: Sequence[Waiting],
    disputed: Collection[str],
    days: ListDays,
) -> Selection:
    """Chooses the cases of a night's list.

    A list that was owed since the last night is made up: a service that was down on Friday sends the
    week's list on Saturday and not a week later.
    """
    one_each = {w.case.identity_number: w for w in reversed(waiting)}
    twins = tuple(w.case for w in waiting if one_each[w.case.identity_number] is not w)
    single = list(one_each.values())[::-1]
    rivals = _rivals([w.case for w in single if w.case.number not in disputed])
    chosen = _chosen(day, last_night, [w for w in single if w.case not in rivals], disputed, days)
    return replace(chosen, twins=twins, rivals=rivals)


def _rivals(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Lists the cases that may be one person's under several numbers: one is wrong, and none of them goes."""
    alike: dict[object, list[Case]] = {}
    for case in cases:
        if case.holder:
            keys = {case.holder.address, case.holder.born_on} - {"", None}
            for key in keys:
                alike.setdefault(key, []).append(case)
    pairs = ((one, two) for some in alike.values() for one, two in combinations(some, 2))
    found = {case.number: case for pair in pairs if _are_one(*pair) for case in pair}
    return tuple(found.values())


def _are_one(one: Case, two: Case) -> bool:
    return bool(one.holder and two.holder and may_be_one(one.holder, two.holder))


def _chosen(
    day: date,
    last_night: date | None,
    waiting: Sequence[Waiting],
    disputed: Collection[str],
    days: ListDays,
) -> Selection:
    plan, calendar = days.plan, days.calendar
    held = tuple(w.case for w in waiting if w.case.number in disputed)
    free = [w for w in waiting if w.case.number not in disputed]
    in_time = [w for w in free if not _is_late(w.since, day, plan)]
    late = tuple(w.case for w in free if _is_late(w.since, day, plan))
    ready = tuple(w.case for w in in_time)
    coming = next_list_day(day, plan, calendar)
    if not ready:
        return Selection((), held, late, (), "nothing", coming)
    since = last_night or day - timedelta(days=1)
    if not any(is_list_day(day - timedelta(days=n), plan, calendar) for n in range((day - since).days)):
        return Selection((), held, late, ready, "not_today", coming)
    oldest = min(w.since for w in in_time).astimezone(plan.zone).date()
    if len(ready) < plan.least and coming <= calendar.add(oldest, plan.longest_wait):
        return Selection((), held, late, ready, "too_few", coming)
    return Selection(ready, held, late, (), "", coming)


def is_list_day(day: date, plan: Batching, calendar: WorkingDays) -> bool:
    """Tells whether a list may go out in the night of a day."""
    if plan.is_weekly:
        return day == calendar.last_of_week(day)
    return not plan.only_working_days or calendar.is_working_day(day)


def next_list_day(day: date, plan: Batching, calendar: WorkingDays) -> date:
    """Gives the first day after a day on which a list may go out."""
    days = (day + timedelta(days=n) for n in count(1))
    return next(d for d in days if is_list_day(d, plan, calendar))


def promised_day(accepted_at: datetime, plan: Batching, calendar: WorkingDays) -> date | None:
    """Gives the latest day on which what is accepted now goes out; None where that is the next night.

    Officials may still hold a case back; the calendar and the size of the list may not.
    """
    if not (plan.is_weekly or plan.only_working_days or plan.cutoff or plan.least > 1):
        return None
    local = accepted_at.astimezone(plan.zone)
    today = local.date()
    closes = min(plan.cutoff or plan.night_at, plan.night_at)
    before = today - timedelta(days=1) if local.time() < closes else today
    goes = next_list_day(before, plan, calendar)
    if plan.least > 1:
        until = calendar.add(today, plan.longest_wait)
        while (later := next_list_day(goes, plan, calendar)) <= until:
            goes = later
    return goes


def _is_late(accepted_at: datetime, day: date, plan: Batching) -> bool:
    return plan.cutoff is not None and accepted_at >= datetime.combine(day, plan.cutoff, plan.zone)
