"""schedule: when, never what."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pipeline.nights import night_due, nightly
from pipeline.runs import poll
from pipeline.settings import Settings
from pipeline.shop import Shop

Opener = Callable[[Settings], AbstractContextManager[Shop]]
# A job that could not start on time, say because the machine slept, still runs within the hour.
_GRACE_SECONDS = 3600


def serve(settings: Settings, opened: Opener, trouble: Callable[[BaseException], None]) -> None:
    """Polls at its interval and closes each night, until SIGTERM or SIGINT; the effect at hand ends first.

    Which nights are closed is the ledger's to know and not the scheduler's: the night that is due is
    made up at the start and after every poll.
    """
    over = threading.Event()

    def work() -> None:
        try:
            with opened(settings) as shop:
                _work(replace(shop, is_over=over.is_set))
        except Exception as fault:  # a service says what is wrong and goes on at the next turn
            trouble(fault)

    # One at a time: the night would find the home locked by the poll of the same minute.
    executors = {"default": ThreadPoolExecutor(1)}
    scheduler = BackgroundScheduler(timezone=settings.zone, executors=executors)
    common = {"max_instances": 1, "coalesce": True, "misfire_grace_time": _GRACE_SECONDS}
    schedule = settings.schedule
    # The zone goes to the trigger: a trigger object does not take it from its scheduler.
    interval = IntervalTrigger(minutes=schedule.poll_every_minutes, timezone=settings.zone)
    night = CronTrigger(hour=schedule.night_at.hour, minute=schedule.night_at.minute, timezone=settings.zone)
    scheduler.add_job(work, interval, id="poll", next_run_time=datetime.now(settings.zone), **common)
    scheduler.add_job(work, night, id="night", **common)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: over.set())
    scheduler.start()
    over.wait()
    scheduler.shutdown(wait=True)


def _work(shop: Shop) -> None:
    poll(shop)
    due = night_due(shop)
    last = shop.ledger.last_night()
    # A ledger that has never closed a night begins with the first one that falls due.
    begun = shop.ledger.first_kept_at()
    is_owed = last is None and begun and begun.astimezone(shop.settings.zone).date() <= due
    if not shop.is_over() and (is_owed or (last and last.day < due)):
        nightly(shop, due)
