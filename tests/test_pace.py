"""What a mail costs is counted, not timed: processes' modules, waits for the disk, files read ahead."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.growth import Years
from pipeline.acts.followup import an_entry
from pipeline.desk.answers import Visit
from pipeline.desk.lists_page import lists_page
from pipeline.desk.people import Person, Role
from pipeline.desk.sessions import Session
from pipeline.domain import Case, Event
from pipeline.intake import runs
from pipeline.intake.runs import decide_all, hear
from pipeline.ledger.book import Ledger
from pipeline.ledger.cases import Folded
from pipeline.night import closing
from pipeline.night.closing import nightly
from pipeline.office.shop import Run, Shop
from pipeline.office.watch import Watch
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.preload import Preload
from pipeline.sandbox.scanner.scan import PRELOAD, timed_scan
from pipeline.sandbox.workers import WorkerPool
from tests import hazards
from tests.house import NIGHT, House, night_of
from tests.in_order import POLICY
from tests.people import PEOPLE
from tests.test_floods import a_mail
from tests.test_growth import listening
from tests.workbooks import entry, official, xls, xlsx

WINDOW = runs._WINDOW_MAILS


def test_files_of_a_cheap_kind_go_to_processes_with_little_in_them() -> None:
    two = ("wave", "colorsys")
    with WorkerPool(1, preload=Preload(("wave",), ("colorsys",), lambda data: data == b"cheap")) as pool:
        assert pool.submit(hazards.loaded, b"dear", *two).result() == ["wave"]
        assert pool.submit(hazards.loaded, b"cheap", *two).result() == ["colorsys"]
        assert pool.submit(hazards.loaded, b"dear", *two).result() == ["wave"]


@pytest.mark.parametrize("written", [xls, xlsx])
def test_a_list_is_read_in_a_process_without_pictures_and_imports_nothing(
    written: Callable[..., bytes],
) -> None:
    data, clues = written(official(entry(PEOPLE[0]))), Clues().as_json
    with WorkerPool(1, preload=PRELOAD) as pool:
        assert pool.submit(hazards.loaded_by_reading, data, clues).result() == []
        heavy = ("numpy", "PIL", "pdfplumber", "onnxruntime", "pipeline.papers.clues")
        assert pool.submit(hazards.loaded, data, *heavy).result() == []


class Readers(Executor):
    """Readers in this process, which count the files that they were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.asked += fn is timed_scan
        future.set_result(fn(*args, **kwargs))
        return future


def heard(house: House, count: int) -> None:
    for number in range(count):
        house.deliver_raw(a_mail(f"kisi{number}@saglik.example.org", number, b"x%d" % number))
    with house.opened() as shop:
        assert hear(shop, shop.settings.accounts[0], Run(shop, "poll", shop.clock()), Watch(shop)) == count


def test_a_mail_waits_for_the_disk_once_while_it_is_judged(house: House) -> None:
    house, count = replace(house, readers=Readers()), WINDOW + 3
    heard(house, count)
    with house.opened() as shop, listening(shop) as said:
        assert decide_all(shop) == (count, 0)
    windows = 2
    assert said.count("COMMIT") == count + windows
    assert house.ask("SELECT count(*) FROM transcript") == [(count,)]


def test_while_some_mails_are_judged_the_files_of_the_next_are_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = Readers()
    house = replace(house, readers=readers)
    heard(house, 2 * WINDOW + 3)
    good, read = runs.decide, list[int]()

    def noting(*args: Any) -> Any:
        read.append(readers.asked)
        return good(*args)

    monkeypatch.setattr(runs, "decide", noting)
    with house.opened() as shop:
        decide_all(shop)
    # Two windows are on the table, and never more.
    assert read == [2 * WINDOW] * WINDOW + [2 * WINDOW + 3] * (WINDOW + 3)


@pytest.mark.parametrize(("is_disturbed", "times"), [(False, 1), (True, 2)])
def test_a_night_makes_its_list_and_report_once_unless_somebody_writes_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch, is_disturbed: bool, times: int
) -> None:
    made: list[str] = []

    def counting(name: str) -> None:
        good = getattr(closing, name)

        def counted(*args: Any) -> Any:
            made.append(name)
            return good(*args)

        monkeypatch.setattr(closing, name, counted)

    for name in ("consolidate", "report_of", "follow_up"):
        counting(name)
    paint, shops = closing.paint, list[Shop]()

    def painting(drawing: Any) -> bytes:
        if is_disturbed and "disturbed" not in made:
            made.append("disturbed")
            with shops[0].ledger.transaction():
                shops[0].ledger.note(NIGHT, "test", "somebody writes")
        return paint(drawing)

    monkeypatch.setattr(closing, "paint", painting)
    house.deliver("accepted/list-xlsx")
    house.poll()
    with house.opened(NIGHT) as shop:
        shops.append(shop)
        assert nightly(shop, NIGHT.date())
        assert len(shop.ledger.batches()) == 1
    # What it writes is written again where its charts were painted meanwhile.
    assert (made.count("follow_up"), made.count("consolidate"), made.count("report_of")) == (2, times, times)


def test_a_poll_with_nothing_to_do_asks_little_and_writes_nothing(house: House) -> None:
    house.deliver("accepted/list-xlsx")
    house.poll()
    with house.opened() as shop:
        runs.poll(shop)
        with listening(shop) as said:
            runs.poll(shop)
        assert [statement for statement in said if not statement.startswith("SELECT ")] == []
        # Each of them opens the file, looks whether somebody has written, and closes it again.
        assert len(said) <= 18
        assert len(set(said)) >= len(said) - 1

        # Whoever asks does not write, and hears of a name that stands for two columns.
        for statement in ("DELETE FROM trouble", "INSERT INTO trouble SELECT * FROM trouble RETURNING name"):
            with pytest.raises(ValueError, match="no question"):
                shop.ledger.query(statement)
        assert shop.ledger.query("SELECT 1 AS a, 2 AS a") == [{"a": 1, "a_2": 2}]


def test_a_night_folds_all_open_cases_once_and_then_what_it_has_changed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.deliver("accepted/list-xlsx", "accepted/list-and-receipt-together")
    house.poll()
    house.nightly()
    seen = []
    since = Ledger.folded_since

    def compared(ledger: Ledger, former: Folded) -> list[Case]:
        seen.append((former, since(ledger, former)))
        assert seen[-1][1] == ledger.open_cases()
        return seen[-1][1]

    monkeypatch.setattr(Ledger, "folded_since", compared)
    later = POLICY.working_days.add(NIGHT.date(), 10)
    house.deliver("accepted/corrected-list/1-list")
    house.poll(night_of(later))
    with house.opened(night_of(later)) as shop, listening(shop) as said:
        assert nightly(shop, later)
    ((former, now),) = seen
    # One has gone on a list, others were reminded, and are other cases than before.
    assert {case.number for case in former.cases} == {case.number for case in now}
    assert any(before != after for before, after in zip(former.cases, now, strict=True))
    # Once by the night, once by what compares it.
    assert sum("FROM entry WHERE case_number IN (SELECT number FROM open_case) " in s for s in said) == 2

    with house.opened(night_of(later)) as shop, shop.ledger.transaction():
        former = shop.ledger.folded_now()
        over = former.cases[0]
        shop.ledger.add_entries([an_entry(over, Event.CLOSED, later, "x")], "")
        assert over.number not in {case.number for case in since(shop.ledger, former)}
        assert since(shop.ledger, former) == shop.ledger.open_cases()


def test_what_a_case_holds_is_taken_apart_once_in_a_transaction_and_then_forgotten(house: House) -> None:
    house.deliver("accepted/list-xlsx")
    house.poll()
    with house.opened() as shop:
        with shop.ledger.transaction():
            (once,), (again,) = shop.ledger.open_cases(), shop.ledger.open_cases()
        (later,) = shop.ledger.open_cases()
    assert once.holder == later.holder
    assert once.holder is again.holder
    assert once.holder is not later.holder


def test_the_page_of_lists_reads_no_more_lists_than_it_shows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.growth._A_DAY", 1)
    with house.opened() as shop:
        Years(shop, 1, shop.clock(), over_after=0).fill(32)
        visit = Visit(Person("m", Role.RELEASER), Session("m", shop.clock(), shop.clock()), "/listeler")
        with listening(shop) as said:
            assert lists_page(shop, visit)
        (asked,) = [s for s in said if "FROM batch ORDER BY" in s]
        assert len(shop.ledger.query(asked)) == 30
        plan = [str(row["detail"]) for row in shop.ledger.query(f"EXPLAIN QUERY PLAN {asked}")]
    # Along the index, from its end: nothing is sorted first.
    assert plan == ["SCAN batch USING INDEX sqlite_autoindex_batch_1"]
