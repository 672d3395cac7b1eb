"""Clerks decide side by side while polls run: no act is lost, no letter goes twice."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from pipeline.desk.people import People, Person, Role
from pipeline.domain.faults import TryLater
from pipeline.ledger.home import Home
from pipeline.office.settings import DeskSettings
from tests.house import House
from tests.letters.acts import two_held_rows
from tests.test_web_desk import HASHED, Visitor, desk_of, said, seat

_CLERKS, _MAILS = 3, 3


def test_no_act_is_lost_and_no_letter_goes_twice(house: House) -> None:
    names = [f"memur{number}" for number in range(_CLERKS)]
    for name in names:
        People(Home(house.home)).put(Person(name, Role.CLERK, HASHED))
    for number in range(_MAILS):
        house.deliver_raw(two_held_rows() + b"\r\n" * number)
    house.poll()
    numbers = [str(n) for (n,) in house.ask("SELECT number FROM decision JOIN hold USING (sha)")]
    assert len(numbers) == _MAILS
    over = threading.Event()

    def run_on() -> None:
        while not over.is_set():
            with suppress(TryLater):
                house.poll(datetime.now(UTC))

    with desk_of(house, DeskSettings(port=0)) as door, ThreadPoolExecutor(_CLERKS + 1) as threads:
        clerks = [seat(door, name) for name in names]
        runs = threads.submit(run_on)
        try:
            done = sum(threads.map(lambda clerk: _returned(clerk, numbers), clerks))
        finally:
            over.set()
        runs.result()
    house.poll(datetime.now(UTC))
    assert done == 2 * _MAILS, "each claim once, whoever was faster"
    assert house.ask("SELECT count(*) FROM act WHERE kind='settle'") == [(done,)]
    assert house.ask("SELECT count(*) FROM settled") == [(done,)]
    assert house.ask("SELECT count(*) FROM letter WHERE kind LIKE 'settled%' AND state='done'") == [(done,)]
    sent = [str(letter["Message-ID"]) for letter in house.letters() if letter["Message-ID"]]
    assert len(sent) == len(set(sent))


def _returned(clerk: Visitor, numbers: list[str]) -> int:
    """Sends every claim back that is still there; gives how often that was done and not refused."""
    done = 0
    for number in numbers:
        while claims := re.findall(r'name="claim" value="(\d+)"', clerk.get(f"/ileti/{number}").text):
            with suppress(AssertionError):
                done += said(clerk, number, int(claims[0]), "return", text="Süre uygun değil.").status == 303
    return done
