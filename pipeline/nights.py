"""nights: the day's work is counted, the list for Kamu SM closed, the report written; once a night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from pipeline.adapters import stops
from pipeline.adapters.ledger import Judged, Night
from pipeline.adapters.nights_book import letters_in_trouble, past_nights
from pipeline.adapters.painter import paint
from pipeline.batching import Waiting, select
from pipeline.cases import disputed
from pipeline.domain import Decision
from pipeline.faults import TryLater
from pipeline.followup import close_complete, remind
from pipeline.nights_work import Caution, Heard, NightsWork, StoppedBy, Unreleased
from pipeline.report_letter import charts_of, report_of
from pipeline.report_sections import batch_digest
from pipeline.runs import decide_all, hand_in, settle_doubts
from pipeline.shop import Run, Shop, a_run, plan
from pipeline.stages.announce import announce
from pipeline.stages.consolidate import consolidate
from pipeline.turkish import number_date
from pipeline.watch import watched


def night_due(shop: Shop) -> date:
    """Names the night that should be closed by now: today's from its hour on, else yesterday's."""
    local = shop.clock().astimezone(shop.settings.zone)
    if local.time() >= shop.settings.schedule.night_at:
        return local.date()
    return local.date() - timedelta(days=1)


def nightly(shop: Shop, day: date) -> Night | None:
    """Closes the night of a day: the list for Kamu SM and the report; None where it was closed before."""
    with a_run(shop, "nightly") as run, watched(shop) as watch:
        shop.home.beat()
        settle_doubts(shop, watch)
        # What a run before was cut off over belongs to this night, else its balance would not add up.
        decide_all(shop)
        night = None if shop.is_over() else close_night(shop, day, run)
        hand_in(shop, watch)
    return night


def close_night(shop: Shop, day: date, run: Run) -> Night | None:
    """Writes night, batch and letters in one transaction; the day is the name, so there is never a second.

    Raises TryLater where the clock is behind the last night, or has not come to the day: either it is wrong
    now or it was wrong then, and a night sealed under a wrong name would keep the right ones from closing.
    """
    ledger, now = shop.ledger, shop.clock()
    last = ledger.last_night()
    if last and now < last.until:
        raise TryLater("clock_behind", now=_local(shop, now), until=_local(shop, last.until), day=last.day)
    if last and last.day >= day:
        return None
    if day > shop.today():
        raise TryLater("night_to_come", day=day, now=_local(shop, now))
    run.note()
    with ledger.transaction():
        begun = ledger.first_kept_at() or now
        since = last.until if last else begun - timedelta(seconds=1)
        night = Night(day, last.number + 1 if last else 1, since, now)
        holds = ledger.open_holds()
        open_cases = [case for case in ledger.all_cases() if not case.is_closed]
        closed = {case.number for case in close_complete(shop, open_cases, day, now)}
        still_open = [case for case in open_cases if case.number not in closed]
        # What is wrong with the letters may be wrong with these.
        reminded = {} if stops.open_stop(ledger) else remind(shop, still_open, holds, day, now)
        work = replace(gather(shop, night, last), reminded=reminded)
        report = report_of(work, shop.policy)
        painted = {name: paint(drawing) for name, drawing in charts_of(report).items()}
        office = shop.policy.office
        ledger.close_night(night)
        for batch in work.batches:
            ledger.close_batch(batch, batch_digest(batch), office.batch_recipient == office.it_unit, now)
        for letter in announce(work, report, painted, shop.policy):
            plan(ledger, letter, now)
    return night


def gather(shop: Shop, night: Night, before: Night | None) -> NightsWork:
    """Gathers all that the report of a night is made of, as the ledger stands; `before` is the one before."""
    ledger, zone = shop.ledger, shop.settings.zone
    holds, plan_of_lists = ledger.open_holds(), shop.policy.office.batching
    selection = select(
        night.day,
        before.day if before else None,
        [Waiting(case, ledger.waiting_since(case.number)) for case in ledger.unbatched_cases()],
        disputed(held.decision for held in holds),
        plan_of_lists,
        shop.policy.working_days,
    )
    # What is wrong with the letters may be wrong with the list.
    stop = stops.open_stop(ledger)
    listed = () if stop else selection.cases
    heard = [_heard(judged) for judged in ledger.judged_between(night.since, night.until)]
    letters = letters_in_trouble(ledger)
    return NightsWork(
        day=night.day,
        number=night.number,
        since=night.since.astimezone(zone),
        until=night.until.astimezone(zone),
        balance=ledger.balance(night.since, night.until),
        heard=heard,
        open_holds=[_heard(held) for held in holds],
        batches=consolidate(night.day, listed, shop.policy.form, plan_of_lists.most),
        selection=selection,
        open_cases=[case for case in ledger.all_cases() if not case.is_closed],
        letters=letters,
        unfetched=ledger.unfetched(),
        bounces=ledger.bounces_between(night.since, night.until),
        past=past_nights(ledger, night),
        stop=StoppedBy(stop.at.astimezone(zone), stop.kind, stop.name, stop.hit, stop.of) if stop else None,
        warnings=[*_warnings(night, before, heard, holds, letters), *_office_warnings(shop, night)],
        unreleased=[
            Unreleased(f"{b['day']}/{b['number']}", b["rows"], date.fromisoformat(b["day"]))
            for b in ledger.unreleased()
        ],
    )


def _warnings(
    night: Night,
    before: Night | None,
    heard: Sequence[Heard],
    holds: Sequence[Judged],
    letters: Sequence[Mapping[str, Any]],
) -> Iterator[Caution]:
    missed = (night.day - before.day).days - 1 if before else 0
    if before and missed:
        yield Caution("missed_nights", {"last": number_date(before.day), "count": missed})
    if unread := sum(_lacked_ocr(held.decision) for held in holds):
        yield Caution("without_ocr", {"count": unread})
    if over := sum(mail.decision.silence == "over_budget" for mail in heard):
        yield Caution("over_budget", {"count": over})
    for letter in letters:
        if letter["kind"] == "batch" and letter["state"] == "in_doubt":
            yield Caution("batch_in_doubt", {"subject": letter["subject"]})


def _unreleased(row: Mapping[str, Any]) -> Unreleased:
    return Unreleased(f"{row['day']}/{row['number']}", row["rows"], date.fromisoformat(row["day"]))


def _office_warnings(shop: Shop, night: Night) -> Iterator[Caution]:
    calendar, office = shop.policy.working_days, shop.policy.office
    for year in sorted({night.day.year, calendar.add(night.day, office.batching.longest_wait).year}):
        if not calendar.is_checked(year):
            yield Caution("calendar_unchecked", {"year": year})
    for waiting in map(_unreleased, shop.ledger.unreleased()):
        if (late := calendar.between(waiting.day, night.day)) >= office.release_within:
            yield Caution("release_late", {"batch": waiting.batch, "days": late})


def _lacked_ocr(decision: Decision) -> bool:
    return any(unread.why == "ocr_unavailable" for unread in decision.evidence.unread)


def _local(shop: Shop, moment: datetime) -> str:
    return f"{moment.astimezone(shop.settings.zone):%d.%m.%Y %H:%M}"


def _heard(judged: Judged) -> Heard:
    return Heard(judged.sha, judged.sender, judged.subject, judged.shunt, judged.decision, judged.decided_at)
