"""A mail is decided on the ledger as it stands when it is written; nobody waits for a worker in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pipeline.domain import Outcome
from pipeline.ledger.book import Ledger, Planned
from pipeline.night import closing as night_closing
from pipeline.night.charts import Drawing
from pipeline.office.shop import Shop
from pipeline.sandbox.marker.mark import mark_copy
from tests.house import MORNING, fixture
from tests.office_days import Days, an_office
from tests.power import HERE

RETURNED, SENDER = "returned/bad-identity-number", "yigit.ucarsu@adsm.saglik.example.org"
HELD = "held/receipt-before-list"


class Meanwhile(Executor):
    """Readers that do a thing of their own before each piece of work."""

    def __init__(self, first: Callable[[str], None]) -> None:
        self._first = first

    def submit(self, work: Any, /, *args: Any, **named: Any) -> Future[Any]:
        self._first(work.__name__)
        return HERE.submit(work, *args, **named)


def free(shop: Shop) -> bool:
    """Whether somebody else could write into the ledger at this very moment."""
    with closing(sqlite3.connect(shop.home.ledger_file, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        other.execute("ROLLBACK")
        return True


def test_what_is_written_while_a_copy_is_marked_counts(tmp_path: Path) -> None:
    with an_office(tmp_path) as shop:
        budget, written = shop.policy.office.answers_per_day, list[str]()

        def answer_them_all(work: str) -> None:
            if work != mark_copy.__name__ or written:
                return
            with closing(Ledger.open(shop.home.ledger_file, shop.home.key)) as other, other.transaction():
                for number in range(budget):
                    name = f"<{number}@saglik.example.org>"
                    other.plan_letter(Planned(name, "held", name, SENDER, "", b""), MORNING.astimezone(UTC))
                    written.append(name)

        days = Days(replace(shop, readers=Meanwhile(answer_them_all)), Random(1), MORNING)
        days.hears(fixture(RETURNED))
        (judged,) = shop.ledger.open_holds()
        assert len(written) == budget
        assert (judged.decision.outcome, judged.decision.silence) == (Outcome.HELD, "over_budget")
        assert shop.ledger.letters_about(judged.sha) == []


def test_nobody_waits_for_a_worker_with_the_ledger_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with an_office(tmp_path) as shop:
        seen: dict[str, bool] = {}

        def look(work: str) -> None:
            seen[work] = seen.get(work, True) and free(shop)

        good = night_closing.paint

        def painted(drawing: Drawing) -> bytes:
            look("paint")
            return good(drawing)

        monkeypatch.setattr(night_closing, "paint", painted)
        days = Days(replace(shop, readers=Meanwhile(look)), Random(1), MORNING)
        days.hears(fixture(RETURNED))
        days.hears(fixture(HELD))
        assert days.a_night() == "1"
        assert seen == dict.fromkeys(("timed_scan", "mark_copy", "cut", "paint"), True)
