"""schedule: when, never what."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pipeline.intake.runs import poll
from pipeline.night.closing import night_owed, nightly
from pipeline.office.init_system import notify, watchdog_seconds
from pipeline.office.settings import Settings
from pipeline.office.shop import Shop

Opener = Callable[[Settings], AbstractContextManager[Shop]]
# A job that could not start on time, say because the machine slept, still runs within the hour.
_GRACE_SECONDS = 3600
# What a run may take beside hearing and judging: posting, waiting for servers, the night.
_LONGEST_REST_MINUTES = 120


def serve(settings: Settings, opened: Opener, complain: Callable[[BaseException], None]) -> None:
    """Polls at its interval and closes each night, until SIGTERM or SIGINT; the effect at hand ends first.

    Which nights are closed is the ledger's to know and not the scheduler's: the night that is due is
    made up at the start and after every poll.
    """
    over = threading.Event()

    begun: list[float] = []

    def hanging() -> bool:
        # The main thread lives whatever the work does; a run that never ends must not pass for a life.
        longest = 60 * (_LONGEST_REST_MINUTES + settings.budget.minutes_per_run)
        return bool(begun) and time.monotonic() - begun[0] > longest

    def work() -> None:
        begun.append(time.monotonic())
        try:
            work_once(settings, opened, lambda shop: replace(shop, is_over=over.is_set))
        except Exception as fault:  # a service says what is wrong and goes on at the next turn
            complain(fault)
        finally:
            begun.clear()

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
    notify("READY=1")
    every = watchdog_seconds()
    while not over.wait(every and every / 3):
        if not hanging():
            notify("WATCHDOG=1")
    notify("STOPPING=1")
    scheduler.shutdown(wait=True)


def work_once(settings: Settings, opened: Opener, heeding: Callable[[Shop], Shop]) -> bool:
    """Polls, and closes the night that is due; tells whether none is owed any more.

    Whoever waits for the home meanwhile goes before the rest of a poll.
    """
    while True:
        with opened(settings) as opened_shop:
            shop = heeding(opened_shop)
            tally = poll(shop)
            owed = night_owed(shop.settings, shop.ledger, shop.clock())
            if owed and not shop.is_over():
                nightly(shop, owed)
            is_done = not (shop.is_over() or night_owed(shop.settings, shop.ledger, shop.clock()))
        if shop.is_over() or not tally.goes_on:
            return is_done
