"""Acts that wait for the home together go in together; what goes wrong with one is none of the others'."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.desk.answers import Answer, Go
from pipeline.desk.counter import Counter
from pipeline.desk.line import Line
from pipeline.domain.faults import OperatorFault, TryLater
from pipeline.office.shop import Shop

Work = Callable[[Shop], Answer]


class Door:
    """Stands in for the counter: it opens when it is told to, and counts how often."""

    def __init__(self, is_awaited: bool = False, fault: Exception | None = None) -> None:
        self.opened, self.shops, self.held = 0, 0, threading.Event()
        self.fault = fault
        self.home = SimpleNamespace(is_awaited=lambda: is_awaited)

    @contextmanager
    def acting(self) -> Iterator[Shop]:
        assert self.held.wait(240)
        if self.fault:
            raise self.fault
        self.opened += 1
        yield cast("Shop", SimpleNamespace(ledger=self.opened))

    def acting_next(self, ledger: object) -> Shop:
        assert ledger == self.opened
        self.shops += 1
        return cast("Shop", None)


def done(door: Door, *works: Work) -> list[Any]:
    """Has all works stand in the line before the door opens; gives what came of each."""
    line = Line(cast("Counter", door))

    async def all_of_them() -> list[Any]:
        acts = [asyncio.ensure_future(line.act(work)) for work in works]
        await asyncio.sleep(0)
        door.held.set()
        return await asyncio.gather(*acts, return_exceptions=True)

    try:
        return asyncio.run(all_of_them())
    finally:
        line.close()


def goes(to: str) -> Work:
    return lambda _: Go(to)


def breaks(fault: Exception) -> Work:
    def broken(_: Shop) -> Answer:
        raise fault

    return broken


def told(answers: list[Any]) -> list[str]:
    return [answer.to if isinstance(answer, Go) else type(answer).__name__ for answer in answers]


def test_who_waits_together_goes_in_together_and_in_order() -> None:
    door = Door()
    assert told(done(door, *map(goes, "abc"))) == ["a", "b", "c"]
    # Each has a shop of its own, by the rules of its own moment.
    assert (door.opened, door.shops) == (1, 3)


def test_who_is_refused_hears_it_alone() -> None:
    door = Door()
    answers = done(door, goes("a"), breaks(OperatorFault("no_such_number", number="x")), goes("c"))
    assert told(answers) == ["a", "OperatorFault", "c"]
    assert door.opened == 1


def test_after_what_nobody_foresaw_the_ledger_is_opened_anew() -> None:
    door = Door()
    assert told(done(door, goes("a"), breaks(ZeroDivisionError()), goes("c"))) == [
        "a",
        "ZeroDivisionError",
        "c",
    ]
    assert door.opened == 2


def test_a_run_that_lasts_too_long_is_told_to_all_that_waited() -> None:
    door = Door(fault=TryLater("already_running", home="home"))
    assert told(done(door, *map(goes, "abc"))) == ["TryLater"] * 3


def test_who_waits_outside_is_not_kept_from_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.desk.line._LONGEST_SECONDS", -1.0)
    door = Door(is_awaited=True)
    assert told(done(door, *map(goes, "abc"))) == ["a", "b", "c"]
    assert door.opened == 3


def test_who_has_gone_away_does_nothing_and_holds_up_nobody() -> None:
    door, did = Door(), list[str]()
    line = Line(cast("Counter", door))

    def acts(_: Shop) -> Answer:
        did.append("act")
        return Go("a")

    async def one_leaves() -> Answer:
        first = asyncio.ensure_future(line.act(acts))
        second = asyncio.ensure_future(line.act(goes("b")))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        door.held.set()
        return await second

    try:
        assert told([asyncio.run(one_leaves())]) == ["b"]
    finally:
        line.close()
    assert did == []
