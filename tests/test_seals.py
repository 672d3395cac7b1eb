"""Whatever is changed in the ledger past the program is seen and named: every table, column and row."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.ledger import file as ledger_module
from pipeline.ledger.book import Ledger
from pipeline.ledger.custody import Retention, broken_links, erase
from pipeline.ledger.home import Home
from pipeline.ledger.seals import Seals, codes_in
from pipeline.ledger.traces import TABLES as TRACES
from pipeline.office.console import DONE, SET_ASIDE
from pipeline.sandbox.workers import WorkerPool
from tests.house import EVIDENCE, MORNING, NIGHT, House, body
from tests.servers import Certificates, Dovecot, RecordingSmtp

# What a quiet day does not write; a table that is new and empty asks for its row here.
_RARE = (
    "INSERT INTO stop (at, kind, name, hit, among) VALUES ('2024-06-14', 'fault', 'x', 9, 10)",
    "INSERT INTO stopped SELECT max(id), (SELECT min(sha) FROM arrival) FROM stop",
    "INSERT INTO tombstone VALUES ('p', 'N-0000000', '2024-06-14')",
    "INSERT INTO destruction (at, class, until, count) VALUES ('2024-06-14', 'mails', '2024-01-01', 3)",
    "INSERT INTO settled SELECT min(sha), 'receipt/0', 'N-0000000', 'accepted', 'x', 'x', '1' FROM decision",
    "INSERT INTO act SELECT 1, '2024', 'settle', min(sha), 'G-0000000H', 'x', 'x', '{}', '' FROM decision",
    "INSERT INTO release SELECT day, number, '2024-06-14', 'x' FROM batch LIMIT 1",
    "INSERT INTO batch SELECT day, 9, digest, 1, workbook, 1 FROM batch",
    "INSERT INTO to_release SELECT day, number FROM batch WHERE for_release=1",
    "INSERT INTO kamu_sm_answer VALUES (printf('%064d', 1), 'a.xlsx', '2024-06-14')",
    "INSERT INTO kamu_sm_answer_row VALUES (printf('%064d', 1), 1, 'N-0000000', '2024-06-14/1', 'accepted')",
    "INSERT INTO trouble (name, since, reason, seen_at, mark) VALUES ('smtp', '2024', 'x', '2024', '')",
    "INSERT INTO taken_back VALUES ('2025-04-23', 9, '2024', '2025', '2024', 'M. Memur', 'saat')",
    "INSERT INTO bounce SELECT min(sha), NULL, 'x@example.org', '5.1.1', 'no' FROM decision",
    "INSERT INTO sample (sha, place, bank, reading, drawn_at) "
    "SELECT min(sha), 9, 'x', 'text', '2024' FROM decision",
    "INSERT INTO likeness SELECT min(sha), printf('%064d', 1), 'p', 'q', 's' FROM decision",
)


@pytest.fixture(scope="module")
def lived(
    tmp_path_factory: pytest.TempPathFactory,
    dovecot: Dovecot,
    certificates: Certificates,
    readers: WorkerPool,
) -> Iterator[House]:
    """A house after a day and its night, with a row in every table."""
    with RecordingSmtp(certificates, "none") as smtp:
        house = House(tmp_path_factory.mktemp("lived"), dovecot.account(), smtp, readers, more=EVIDENCE)
        house.deliver_copies()
        house.deliver("accepted/list-then-receipt/1-list", "returned/one-good-one-bad-row")
        house.deliver("held/foreigner-99", "ignored/out-of-office", "accepted/list-then-receipt/2-receipt")
        house.poll(MORNING)
        house.nightly(NIGHT)
        with house.opened(NIGHT) as shop, shop.ledger.transaction():
            for statement in _RARE:
                shop.ledger.execute(statement)
        yield house


@contextmanager
def tampered(house: House) -> Iterator[sqlite3.Connection]:
    """A connection past the program, without a guard of the tables; nothing of it stays."""
    connection = sqlite3.connect(house.home / "ledger.db", isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints=ON")
    connection.execute("BEGIN")
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")
    return [name for (name,) in rows if not name.startswith("sqlite_") and name not in TRACES]


def test_a_days_trail_tells_what_was_changed_in_it(lived: House) -> None:
    key = Home(lived.home).key
    with tampered(lived) as connection:
        (line, last) = connection.execute("SELECT min(seq)+1, max(seq) FROM audit").fetchone()
        assert Seals(connection, key).broken_lines("2000", "2100") == []
        connection.execute("UPDATE audit SET about='x' WHERE seq=?", (line,))
        assert Seals(connection, key).broken_lines("2000", "2100") == [f"audit {line}"]
        connection.execute("DELETE FROM audit WHERE seq=?", (last,))
        assert Seals(connection, key).broken_lines("2100", "2101") == [f"audit {last}"]
        connection.execute("DELETE FROM audit WHERE seq<?", (line,))
        assert f"audit {line}" in Seals(connection, key).broken_lines("2000", "2100")


def broken(house: House, connection: sqlite3.Connection) -> list[str]:
    return Seals(connection, Home(house.home).key).broken()


def test_a_day_leaves_everything_sealed_and_no_table_empty(lived: House) -> None:
    with tampered(lived) as connection:
        assert broken(lived, connection) == []
        empty = [t for t in tables(connection) if not connection.execute(f'SELECT 1 FROM "{t}"').fetchone()]
    assert empty == []


def test_every_column_of_every_table(lived: House) -> None:
    tried = 0
    with tampered(lived) as connection:
        for table in tables(connection):
            columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
            for column, kind in columns:
                connection.execute("SAVEPOINT one")
                changed = {
                    "INTEGER": f'coalesce("{column}", 0) + 1000003',
                    "REAL": f'"{column}" + 0.125',
                    "BLOB": f"CAST(\"{column}\" || x'00' AS BLOB)",
                    "TEXT": f"coalesce(\"{column}\", '') || '0'",
                }[kind]
                first = f'(SELECT * FROM (SELECT min(rowid) FROM "{table}"))'
                where = f"rowid={first}" if table != "seal" else '"table"=\'letter\' AND "key"=\'"id"=1\''
                connection.execute(f'UPDATE "{table}" SET "{column}"={changed} WHERE {where}')
                assert connection.execute("SELECT changes()").fetchone() == (1,), (table, column)
                told = broken(lived, connection)
                named = "letter 1" if table == "seal" else f"{table} "
                assert any(line.startswith((named, f"sealed {table}")) for line in told), (
                    table,
                    column,
                    told,
                )
                connection.execute("ROLLBACK TO one")
                tried += 1
    assert tried > 120


@pytest.mark.parametrize("is_covered", [False, True])
def test_every_row_that_is_taken_away(lived: House, is_covered: bool) -> None:
    """Alone, or with its seal, by somebody who has found out where that is."""
    with tampered(lived) as connection:
        for table in tables(connection):
            connection.execute("SAVEPOINT one")
            if table == "seal":
                connection.execute("DELETE FROM seal WHERE \"table\"='entry'")
            else:
                connection.execute(f'DELETE FROM "{table}" WHERE rowid=(SELECT max(rowid) FROM "{table}")')
            told = broken(lived, connection)
            assert told, table
            if is_covered and table not in ("seal", "sealed"):
                for line in told:
                    connection.execute(
                        'DELETE FROM seal WHERE "table"=? AND "key" LIKE ?',
                        (table, f"%{line.rpartition(' ')[2]}%"),
                    )
                told = broken(lived, connection)
            named = {"sealed": "audit ", "seal": "entry "}.get(table, f"{table} ")
            assert any(line.startswith((named, "sealed ")) for line in told), (table, told)
            connection.execute("ROLLBACK TO one")


def test_whole_tables_and_the_end_of_the_log(lived: House) -> None:
    with tampered(lived) as connection:
        for statement in (
            "DELETE FROM spent",
            "DELETE FROM audit WHERE seq>(SELECT max(seq) FROM audit)-3",
            "DELETE FROM seal",
            "DELETE FROM sealed",
            "UPDATE letter SET body=x''",
            "INSERT INTO spent VALUES ('k', 'N-0000000', 's')",
        ):
            connection.execute("SAVEPOINT one")
            connection.execute(statement)
            assert broken(lived, connection), statement
            connection.execute("ROLLBACK TO one")


def test_another_key_tells_nothing_good(lived: House) -> None:
    with tampered(lived) as connection:
        assert Seals(connection, b"another").broken()
    with pytest.raises(OperatorFault, match="key_of_another_ledger"):
        Ledger.open(lived.home / "ledger.db", b"another")


def test_what_erase_removes_is_accounted_for(lived: House, tmp_path: Path) -> None:
    shutil.copytree(lived.home, tmp_path / "home")
    home = Home(tmp_path / "home")
    ledger = Ledger.open(home.ledger_file, home.key)
    for days in (200, 800, 900):
        at = datetime(2024, 6, 14, tzinfo=UTC).replace(year=2024 + days // 365)
        erase(ledger, home, Retention(0, 0), at)
        assert list(ledger.broken_seals()) == []
    with ledger.transaction():
        ledger.note(at, "something", "after it")
    assert list(ledger.broken_seals()) == []
    assert list(broken_links(ledger, home)) == []
    ledger.close()


def test_a_change_before_an_upgrade_is_not_sealed_over(
    lived: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(lived.home, tmp_path / "home")
    home = Home(tmp_path / "home")
    connection = sqlite3.connect(home.ledger_file)
    connection.execute("UPDATE decision SET outcome='ignored', silence='x' WHERE outcome='held'")
    connection.commit()
    connection.close()
    steps = (*ledger_module.MIGRATIONS, lambda db: db.execute("ALTER TABLE hold ADD COLUMN more TEXT"))
    monkeypatch.setattr(ledger_module, "MIGRATIONS", steps)
    for _ in range(2):
        ledger = Ledger.open(home.ledger_file, home.key)
        (told,) = ledger.broken_seals()
        assert told.startswith("decision ")
        ledger.close()


def test_verify_names_the_row(lived: House, tmp_path: Path) -> None:
    shutil.copytree(lived.home, tmp_path / "home")
    home = Home(tmp_path / "home")
    connection = sqlite3.connect(home.ledger_file)
    connection.execute("UPDATE letter SET recipient='baskasi@example.org' WHERE id=1")
    connection.commit()
    connection.close()
    ledger = Ledger.open(home.ledger_file, home.key)
    assert list(broken_links(ledger, home)) == ["letter 1"]
    ledger.close()


# --- the code that leaves the house ------------------------------------------------------------


def _verify(house: House, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = run(["verify", "--settings", str(house.file), *words])
    return code, capsys.readouterr().out


def test_the_report_bears_a_code_that_is_looked_for(lived: House, capsys: pytest.CaptureFixture[str]) -> None:
    (report,) = (letter for letter in lived.letters() if letter["X-NES-Intake"] == "nightly")
    (code, *_) = codes_in(body(report))
    # From the copy of the last report, without being asked; and from any report, typed in.
    assert _verify(lived, capsys)[0] == DONE
    done, told = _verify(lived, capsys, "--head", code.lower())
    assert done == DONE
    assert f"Denetim kodu {code}" in told
    for other in (f"{code[:-1]}X", f"999999-{code.partition('-')[2]}", "x", ""):
        assert _verify(lived, capsys, "--head", other)[0] == (SET_ASIDE if other else DONE), other


def test_whoever_has_the_key_and_makes_all_anew_is_told_by_the_copy(
    lived: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(lived.home, tmp_path / "home")
    key = Home(lived.home).key
    connection = sqlite3.connect(lived.home / "ledger.db", isolation_level=None)
    connection.execute("BEGIN")
    connection.execute("DROP TRIGGER audit_is_final")
    connection.execute("UPDATE audit SET about='x' WHERE seq=2")
    seals = Seals(connection, key)
    seals.begin()
    connection.execute("COMMIT")
    assert seals.broken() == []
    connection.close()
    try:
        code, told = _verify(lived, capsys)
    finally:
        shutil.copy(tmp_path / "home" / "ledger.db", lived.home / "ledger.db")
    assert code == SET_ASIDE
    assert "Bozuk ya da eksik: " in told
