"""nights: the day's work is counted, the list for Kamu SM closed, the report written; once a night."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pipeline.adapters import stops
from pipeline.adapters.ledger import Judged, Night
from pipeline.batching import Waiting, select
from pipeline.cases import disputed
from pipeline.faults import TryLater
from pipeline.followup import close_complete
from pipeline.runs import Run, Shop, a_run, decide_all, plan, post_letters, settle_doubts, troubles
from pipeline.stages.announce import Heard, NightsWork, StoppedBy, announce, batch_digest
from pipeline.stages.consolidate import consolidate


def night_due(shop: Shop) -> date:
    """Names the night that should be closed by now: today's from its hour on, else yesterday's."""
    local = shop.clock().astimezone(shop.settings.zone)
    if local.time() >= shop.settings.schedule.night_at:
        return local.date()
    return local.date() - timedelta(days=1)


def nightly(shop: Shop, day: date) -> Night | None:
    """Closes the night of a day: the list for Kamu SM and the report; None where it was closed before."""
    with a_run(shop, "nightly") as run, troubles() as later:
        shop.home.beat()
        with later():
            settle_doubts(shop)
        # What a run before was cut off over belongs to this night, else its balance would not add up.
        decide_all(shop)
        night = None if shop.is_over() else close_night(shop, day, run)
        post_letters(shop)
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
        office = shop.policy.office
        selection = select(
            day,
            last.day if last else None,
            [Waiting(case, ledger.waiting_since(case.number)) for case in ledger.unbatched_cases()],
            disputed(held.decision for held in holds),
            office.batching,
            shop.policy.working_days,
        )
        # What is wrong with the letters may be wrong with the list.
        stop = stops.open_stop(ledger)
        listed = () if stop else selection.cases
        batches = consolidate(day, listed, shop.policy.form, office.batching.most)
        work = NightsWork(
            day=day,
            number=night.number,
            since=since.astimezone(shop.settings.zone),
            until=now.astimezone(shop.settings.zone),
            balance=ledger.balance(since, now),
            heard=[_heard(j) for j in ledger.judged_between(since, now)],
            open_holds=[_heard(held) for held in holds],
            batches=batches,
            selection=selection,
            open_cases=[c for c in ledger.all_cases() if not c.is_closed],
            failed_letters=[
                {"recipient": x.recipient, "subject": x.subject, "response": x.response}
                for x in ledger.letters_in_state("failed", "in_doubt")
            ],
            unfetched=ledger.unfetched(),
            bounces=ledger.bounces_between(since, now),
            stop=StoppedBy(_local(shop, stop.at), stop.kind, stop.name, stop.hit, stop.of) if stop else None,
        )
        close_complete(shop, work.open_cases, day, now)
        ledger.close_night(night)
        for batch in batches:
            ledger.close_batch(batch, batch_digest(batch), office.batch_recipient == office.it_unit, now)
        for letter in announce(work, shop.policy):
            plan(ledger, letter, now)
    return night


def _local(shop: Shop, moment: datetime) -> str:
    return f"{moment.astimezone(shop.settings.zone):%d.%m.%Y %H:%M}"


def _heard(judged: Judged) -> Heard:
    return Heard(judged.sha, judged.sender, judged.subject, judged.shunt, judged.decision)
