"""A day costs what it brings: no statement of a poll, a night or a look goes through what years have left."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from benchmarks.growth import Years
from pipeline.acts.finding import find
from pipeline.acts.waiting import Pile, waiting
from pipeline.domain.faults import OperatorFault
from pipeline.intake.runs import poll
from pipeline.ledger.book import Ledger
from pipeline.ledger.custody import broken_links
from pipeline.ledger.figures import figures_of
from pipeline.ledger.leaving import note_of
from pipeline.ledger.migrations import MIGRATIONS, traces
from pipeline.night.closing import nightly
from pipeline.office.shop import Shop
from pipeline.review.history import tell
from tests.house import MORNING, NIGHT, House, night_of
from tests.in_order import POLICY

# Tables that get rows with every mail, case, letter or run. The others have one a night, or fewer.
GROWING = set(
    "arrival sighting decision entry letter hold settled named numbered likeness spent usage transcript "
    "bounce change seal audit run batch_row stopped act trace".split()
)
# Counted for whoever watches, over an index that has nothing else in it.
COUNTS = re.compile(
    r"^SELECT [\w, ()'*]*count\(\*\) AS n FROM (decision|letter|run|bounce)\b"
    r"|SELECT max\(id\) FROM run GROUP BY"
)
# Indexes that hold nothing but what is still to be done.
TO_DO = ("arrival_undecided", "hold_open", "hold_waits")
# Reads its newest rows, or one end of an index, and stops.
NEWEST = re.compile(
    r"ORDER BY ((\w\.)?rowid|id|seq|started_at) DESC LIMIT \d+$|^SELECT (coalesce\()?(min|max)\(\w+\)"
)
# A table and what a statement calls it.
NAMED = re.compile(r'(?:FROM|JOIN|UPDATE|INTO) "?(\w+)"?(?: (?:AS )?([a-z]+)\b)?')


@contextmanager
def listening(shop: Shop) -> Iterator[list[str]]:
    """Collects every statement that a shop's ledger is asked meanwhile."""
    said: list[str] = []
    connection = shop.ledger._db.conn
    connection.set_trace_callback(said.append)
    try:
        yield said
    finally:
        connection.set_trace_callback(None)


def scans(connection: sqlite3.Connection, statement: str) -> list[str]:
    """Lists the growing tables that a statement goes through as a whole."""
    names = {alias or table: table for table, alias in NAMED.findall(statement)}
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    found = (re.match(r"SCAN (\w+)", step) for step in plan)
    return [
        f"{m.string}: {statement}"
        for m in found
        if m and names.get(m[1], m[1]) in GROWING and not m.string.endswith(TO_DO)
    ]


def test_no_statement_of_a_day_goes_through_the_past(house: House) -> None:
    house.deliver("accepted/list-xlsx", "accepted/list-and-receipt-together")
    house.deliver("accepted/corrected-list/1-list", "accepted/corrected-list/2-corrected")
    said: list[str] = []
    later = POLICY.working_days.add(NIGHT.date(), 10)
    for moment, day in ((MORNING, None), (NIGHT, NIGHT.date()), (night_of(later), later)):
        with house.opened(moment) as shop, listening(shop) as heard:
            _work(shop, day)
        said += heard
    connection = sqlite3.connect(house.home / "ledger.db")
    asked = {s for s in said if re.match(r"(SELECT|UPDATE|DELETE|INSERT|WITH)\b", s)}
    wrong = {
        scan
        for statement in asked
        if not (COUNTS.search(statement) or NEWEST.search(statement))
        for scan in scans(connection, statement)
    }
    connection.close()
    assert len(asked) > 200
    assert wrong == set()


def _work(shop: Shop, day: date | None) -> None:
    poll(shop)
    if day:
        nightly(shop, day)
    figures_of(shop.ledger, None)
    for case in shop.ledger.open_cases():
        assert tell(case.number, shop.ledger, shop.policy)
        assert find(shop, case.number, "M. Memur") == find(shop, case.identity_number.digits, "M. Memur")
    for pile in Pile:
        waiting(shop).page(pile, 0, 50)


def test_what_a_former_version_has_written_is_found_too(house: House) -> None:
    house.deliver("accepted/list-xlsx")
    house.poll()
    with house.opened() as shop:
        (case,) = shop.ledger.all_cases()
        known = find(shop, case.identity_number.digits, "M. Memur")
    with closing(sqlite3.connect(house.home / "ledger.db")) as connection:
        for table in ("trace", "trace_later", "trace_words", "to_release"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP INDEX hold_waits")
        connection.execute(f"PRAGMA user_version={MIGRATIONS.index(traces)}")
    former = house.home / "names.db"
    former.write_bytes(case.identity_number.digits.encode())
    with house.opened() as shop:
        assert find(shop, case.identity_number.digits, "M. Memur") == known != ()
        assert find(shop, known[0].names[0][:5], "M. Memur") == known
    assert not former.exists()


def test_the_years_that_are_measured_are_a_whole_ledger(house: House) -> None:
    with house.opened() as shop:
        Years(shop, seed=1, today=MORNING).fill(40)
        assert len(shop.ledger.all_cases()) == 40
        assert broken_links(shop.ledger, shop.home) == []


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A ledger that was closed in peace, and damaged since in a way that leaves no other trace."""
    file = tmp_path / "ledger.db"
    ledger = Ledger.open(file, b"key")
    ledger.begin_run("poll", MORNING)
    ledger.close()
    state = file.stat()
    raw = bytearray(file.read_bytes())
    page = raw[16] * 256 + raw[17]
    raw[-page:] = b"\xff" * page
    with file.open("r+b") as stream:
        stream.write(raw)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    return file


def test_what_lies_as_it_was_left_is_not_looked_at_whole(left: Path) -> None:
    ledger = Ledger.open(left, b"key")
    assert any(ledger.damage())
    ledger.close()


@pytest.mark.parametrize("how", ["written", "unknown", "long_ago", "to_come", "cut_off", "garbled"])
def test_what_does_not_is(left: Path, how: str) -> None:
    note = note_of(left)
    *look, at = note.read_text().split()
    if how == "written":
        left.touch()
    elif how == "unknown":
        note.unlink()
    elif how in ("long_ago", "to_come"):
        away = 8 * 24 * 3600 * (1 if how == "to_come" else -1)
        note.write_text(" ".join([*look, str(int(at) + away)]))
    elif how == "cut_off":
        left.with_name("ledger.db-journal").write_bytes(b"\0" * 512)
    else:
        note.write_text("²" * 4)
    with pytest.raises(OperatorFault, match="ledger_damaged"):
        Ledger.open(left, b"key")


def test_a_ledger_that_something_went_wrong_with_is_looked_at_whole(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    ledger = Ledger.open(file, b"key")
    with pytest.raises(sqlite3.DatabaseError), closing(ledger):
        ledger.query("SELECT * FROM nowhere")
    assert not note_of(file).exists()


def test_verify_finds_what_is_noted_wrongly(house: House) -> None:
    house.deliver("accepted/list-xlsx")
    house.poll()
    with house.opened() as shop:
        ledger = shop.ledger
        assert broken_links(ledger, shop.home) == []
        (case,) = ledger.open_cases()
        with ledger.transaction():
            ledger.execute("DELETE FROM open_case")
            ledger.execute("UPDATE arrival SET decided=0")
        found = broken_links(ledger, shop.home)
        (sha,) = ledger.kept_mails()
        assert found == [f"open_case {case.number}", f"arrival {sha}"]
