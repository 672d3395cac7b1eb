"""A poll with many letters lets an official go before the rest of them, and goes on behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.commands.serve import work_once
from pipeline.intake import runs
from pipeline.intake.runs import Tally
from pipeline.ledger.home import Home
from pipeline.office.settings import Settings, load_settings
from pipeline.office.shop import Shop
from tests.house import MORNING, House, shop_at

MAILS = ("accepted/list-xlsx", "guided/pin-blocked", "guided/card-reader-address")


@pytest.fixture(autouse=True)
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """An office with three mails; who waits has waited long enough."""
    monkeypatch.setattr(runs, "_MOMENT_SECONDS", -1.0)
    house.deliver(*MAILS)
    return house


@contextmanager
def awaited(house: House) -> Iterator[Shop]:
    """Opens what a run works with, and has somebody wait for the home meanwhile."""

    def wait() -> None:
        with Home(house.home).lock(patience=240):
            pass

    waiting = threading.Thread(target=wait)
    try:
        with shop_at(load_settings(house.file), house.readers, MORNING) as shop:
            waiting.start()
            end = time.monotonic() + 240
            while not shop.home.is_awaited():
                assert time.monotonic() < end
                time.sleep(0.001)
            yield shop
    finally:
        waiting.join()


def test_a_poll_ends_early_for_who_waits_and_for_nobody_else(house: House) -> None:
    with awaited(house) as shop:
        assert runs.poll(shop) == Tally(heard=3, decided=3, posted=1, goes_on=True)
    assert house.poll() == Tally(posted=2)


def test_a_no_is_not_where_a_poll_ends(house: House) -> None:
    """The first of several noes would count as the last word about its letter, though it is about all."""
    house.smtp.fail("RCPT", "550 5.1.1 unknown", times=None)
    with awaited(house) as shop:
        assert runs.poll(shop) == Tally(heard=3, decided=3)
    assert house.ask("SELECT DISTINCT state FROM letter") == [("deferred",)]


def test_a_service_goes_on_behind_who_waited_until_all_is_done(house: House) -> None:
    openings = []

    @contextmanager
    def opened(_: Settings) -> Iterator[Shop]:
        with awaited(house) as shop:
            openings.append(shop)
            yield shop

    assert work_once(load_settings(house.file), opened, lambda shop: shop)
    assert len(openings) == len(MAILS)
    assert house.ask("SELECT count(*) FROM decision") == [(len(MAILS),)]
    assert house.ask("SELECT DISTINCT state FROM letter") == [("done",)]
