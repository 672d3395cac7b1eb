"""nights: the day's work is counted, the list for Kamu SM closed, the report written; once a night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from pipeline.adapters import stops
from pipeline.adapters.ledger import Judged, Ledger, Night
from pipeline.adapters.nights_book import last_list_night, letters_in_trouble, past_nights
from pipeline.adapters.painter import paint
from pipeline.batching import Selection, Waiting, select
from pipeline.cases import disputed, mail_number
from pipeline.domain import Arrival, Batch, Case, Decision
from pipeline.exhibits import exhibits_of
from pipeline.faults import TryLater
from pipeline.followup import follow_up
from pipeline.nights_work import Caution, Heard, NightsWork, StoppedBy, Unreleased
from pipeline.report import Picture
from pipeline.report_letter import charts_of, report_of
from pipeline.report_sections import batch_digest
from pipeline.runs import decide_all, hand_in, settle_doubts
from pipeline.settings import Settings
from pipeline.shop import Run, Shop, a_run, measured, plan
from pipeline.stages.announce import announce
from pipeline.stages.consolidate import consolidate
from pipeline.turkish import number_date, quotable
from pipeline.watch import watched

# So many held mails are shown with pictures, and so many bytes of pictures go with one report.
_MOST_SHOWN, _MOST_PICTURES = 30, 2_000_000


def night_due(shop: Shop) -> date:
    """Names the night that should be closed by now."""
    return night_due_at(shop.settings, shop.clock())


def night_due_at(settings: Settings, now: datetime) -> date:
    """Names the night that should be closed by a moment: its day's from the hour on, else the day before."""
    local = now.astimezone(settings.zone)
    if local.time() >= settings.schedule.night_at:
        return local.date()
    return local.date() - timedelta(days=1)


def nightly(shop: Shop, day: date) -> Night | None:
    """Closes the night of a day: the list for Kamu SM and the report; None where it was closed before."""
    with measured(shop), a_run(shop, "nightly") as run, watched(shop) as watch:
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
        reminded = follow_up(shop, day, now)
        # What is wrong with the letters may be wrong with the list.
        stop = stops.open_stop(ledger)
        selection = _selection(shop, day, ledger.open_holds())
        office, form = shop.policy.office, shop.policy.form
        batches = consolidate(day, () if stop else selection.cases, form, office.batching.most)
        ledger.close_night(night)
        for batch in batches:
            ledger.close_batch(batch, batch_digest(batch), office.batch_recipient == office.it_unit, now)
        # The report tells how things stand now that the list has gone.
        work = replace(gather(shop, night, last, batches, selection), reminded=reminded)
        report = report_of(work, shop.policy)
        painted = {name: paint(drawing) for name, drawing in charts_of(report).items()}
        for letter in announce(work, report, painted, shop.policy):
            plan(ledger, letter, now)
    return night


def _selection(shop: Shop, day: date, holds: Sequence[Judged]) -> Selection:
    ledger, policy = shop.ledger, shop.policy
    return select(
        day,
        last_list_night(ledger),
        [Waiting(case, ledger.waiting_since(case.number)) for case in ledger.unbatched_cases()],
        disputed(held.decision for held in holds),
        policy.office.batching,
        policy.working_days,
    )


def _open_cases(ledger: Ledger) -> list[Case]:
    return [case for case in ledger.all_cases() if not case.is_closed]


def gather(
    shop: Shop, night: Night, before: Night | None, batches: Sequence[Batch], selection: Selection
) -> NightsWork:
    """Gathers all that the report of a night is made of, as the ledger stands; `before` is the one before."""
    ledger, zone = shop.ledger, shop.settings.zone
    holds, stop = ledger.open_holds(), stops.open_stop(ledger)
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
        batches=batches,
        selection=selection,
        open_cases=_open_cases(ledger),
        letters=letters,
        unfetched=ledger.unfetched(),
        bounces=ledger.bounces_between(night.since, night.until),
        past=past_nights(ledger, night),
        stop=StoppedBy(stop.at.astimezone(zone), stop.kind, stop.name, stop.hit, stop.of) if stop else None,
        crops=_crops(shop, holds),
        warnings=[*_warnings(night, before, heard, holds, letters), *_office_warnings(shop, night)],
        unreleased=list(map(_unreleased, ledger.unreleased())),
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
    for mail in heard:
        if mail.decision.alike:
            others = ", ".join(mail.decision.alike)
            yield Caution("alike", {"mail": mail_number(mail.sha), "others": others})
    if over := sum(mail.decision.silence == "over_budget" for mail in heard):
        yield Caution("over_budget", {"count": over})
    for letter in letters:
        if letter["kind"] == "batch" and letter["state"] == "in_doubt":
            yield Caution("batch_in_doubt", {"subject": letter["subject"], "about": letter["about"]})


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


def _crops(shop: Shop, holds: Sequence[Judged]) -> Mapping[str, tuple[Picture, ...]]:
    """Cuts out what was doubtful in held mails, the oldest first, as far as one mail can carry pictures.

    A picture helps, and is not worth a night without a report: what fails over one leaves it out.
    """
    found: dict[str, tuple[Picture, ...]] = {}
    room = _MOST_PICTURES
    for held in holds[:_MOST_SHOWN]:
        try:
            arrival = Arrival(held.sha, shop.home.raw(held.sha), held.decided_at)
            exhibits = exhibits_of(arrival, held.decision, shop.ledger, shop.readers)
        except Exception:
            continue
        room -= sum(len(exhibit.png) for exhibit in exhibits)
        if room < 0:
            break
        found[held.sha] = tuple(
            Picture(f"{quotable(exhibit.file)}: {shop.policy.words_for(exhibit.field)}", exhibit.png)
            for exhibit in exhibits
        )
    return found


def _lacked_ocr(decision: Decision) -> bool:
    return any(unread.why == "ocr_unavailable" for unread in decision.evidence.unread)


def _local(shop: Shop, moment: datetime) -> str:
    return f"{moment.astimezone(shop.settings.zone):%d.%m.%Y %H:%M}"


def _heard(judged: Judged) -> Heard:
    return Heard(judged.sha, judged.sender, judged.subject, judged.shunt, judged.decision, judged.decided_at)
