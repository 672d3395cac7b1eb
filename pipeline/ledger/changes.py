"""changes: what every transaction did to the ledger, so that a copy of it can be put back to any moment.

Triggers of the connection's own write down, beside each row that is inserted, changed or removed, how that
is undone; a change costs about a hundred bytes. What an erasure removes is forgotten here too (`custody`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.ledger.traces import TABLES as TRACES

TABLE = "change"
# Kept by `seals` at the end of each transaction, and nothing to undo.
SEALS = ("seal", "sealed")
_GONE_BACK = "gone_back"
# By table and key: the row as it stands, or None where there is none.
Rows = Mapping[tuple[str, str], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Change:
    """One row that a transaction touched: `key` finds it, and `old` is what it takes to undo the change."""

    id: int
    tx: int
    kind: Literal["insert", "update", "delete"]
    table: str
    key: str
    old: str

    @property
    def undoing(self) -> str:
        """Gives the statement that undoes the change, "" where nothing was changed after all."""
        if self.kind == "insert":
            return f'DELETE FROM "{self.table}" WHERE {self.key}'
        if self.kind == "delete":
            return f'INSERT INTO "{self.table}" {self.old}'
        return f'UPDATE "{self.table}" SET {self.old} WHERE {self.key}' if self.old else ""


def watch(connection: sqlite3.Connection, transaction: Callable[[], int]) -> int:
    """Has every change to every table noted under the transaction's number; gives the last one noted."""
    connection.create_function("transaction_number", 0, transaction)
    tables = connection.execute(
        "SELECT name FROM main.sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).fetchall()
    for table in sorted({name for (name,) in tables} - {TABLE, *SEALS, *TRACES}):
        columns = connection.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
        for trigger in _triggers(table, [name for name, _ in columns], [name for name, pk in columns if pk]):
            connection.execute(trigger)
    # Transactions are numbered in their order: the last note has the highest number.
    last = connection.execute(f"SELECT tx FROM {TABLE} ORDER BY id DESC LIMIT 1").fetchone()
    return int(last[0]) if last else 0


def key_in(row: str, primary: Sequence[str]) -> str:
    """Gives the SQL expression for what finds a row again by its primary key: "\"day\"='2024-06-14'"."""
    return "||' AND '||".join(f"""'"{name}"='||quote({row}."{name}")""" for name in primary or ["rowid"])


def _triggers(table: str, columns: Sequence[str], primary: Sequence[str]) -> Iterable[str]:
    def key(row: str) -> str:
        return key_in(row, primary)

    changed = "||".join(
        f"""CASE WHEN old."{name}" IS NOT new."{name}" THEN ',"{name}"='||quote(old."{name}") ELSE '' END"""
        for name in columns
    )
    # A row that comes back comes back to its place in the order of writing.
    names = columns if primary == ["id"] else ["rowid", *columns]
    listed = ",".join(f'"{name}"' for name in names)
    whole = "||','||".join(f'quote(old."{name}")' for name in names)
    for kind, found, old in (
        ("insert", key("new"), "''"),
        ("update", key("new"), f"substr({changed}, 2)"),
        ("delete", key("old"), f"'({listed}) VALUES ('||{whole}||')'"),
    ):
        # A temporary trigger fits the tables as they are today, whatever steps they have come by.
        yield (
            f'CREATE TEMP TRIGGER "{table}_{kind}" AFTER {kind.upper()} ON main."{table}" BEGIN '
            f'INSERT INTO "{TABLE}" (tx, kind, "table", "key", old) '
            f"VALUES (transaction_number(), '{kind}', '{table}', {found}, {old}); END"
        )


def begin_going_back(connection: sqlite3.Connection) -> None:
    """Lets a copy of a ledger take back what was written to stay; nothing is to be made of it afterwards."""
    connection.execute("PRAGMA foreign_keys=OFF")
    for (trigger,) in connection.execute(
        "SELECT name FROM main.sqlite_schema WHERE type='trigger'"
    ).fetchall():
        connection.execute(f'DROP TRIGGER main."{trigger}"')
    # Whether a case was open is marked in a table that came later than cases did.
    connection.execute(f"CREATE TEMP TABLE {_GONE_BACK} (number TEXT PRIMARY KEY)")
    for kind, row in (("INSERT", "new"), ("UPDATE", "old"), ("DELETE", "old")):
        connection.execute(
            f"CREATE TEMP TRIGGER {_GONE_BACK}_{kind.lower()} AFTER {kind} ON main.entry BEGIN "
            f"INSERT OR IGNORE INTO {_GONE_BACK} VALUES ({row}.case_number); END"
        )


def cases_gone_back(connection: sqlite3.Connection) -> Sequence[str]:
    """Names the cases of which entries were taken back, or brought back, since a copy began to go back."""
    return [number for (number,) in connection.execute(f"SELECT number FROM {_GONE_BACK} ORDER BY number")]


def last_transaction(connection: sqlite3.Connection) -> Sequence[Change]:
    """Gives the changes of the newest transaction that is noted, in their order."""
    newest = connection.execute(f"SELECT tx FROM {TABLE} ORDER BY id DESC LIMIT 1").fetchone()
    if newest is None:
        return ()
    before = connection.execute(
        f"SELECT id FROM {TABLE} WHERE tx<>? ORDER BY id DESC LIMIT 1", newest
    ).fetchone()
    return changes_after(connection, before[0] if before else 0)


def is_at_its_beginning(connection: sqlite3.Connection) -> bool:
    """Tells whether a copy that was put back stands where no mail had been heard yet."""
    return connection.execute("SELECT 1 FROM arrival").fetchone() is None


def changes_after(connection: sqlite3.Connection, after: int) -> Sequence[Change]:
    """Gives the changes that came after one, in their order."""
    rows = connection.execute(
        f'SELECT id, tx, kind, "table", "key", old FROM {TABLE} WHERE id>? ORDER BY id', (after,)
    )
    return [Change(*row) for row in rows]


def rows_of(connection: sqlite3.Connection, changes: Iterable[Change]) -> Rows:
    """Reads the rows that some changes touched, as they stand."""
    found: dict[tuple[str, str], Mapping[str, Any] | None] = {}
    for change in changes:
        cursor = connection.execute(f'SELECT * FROM "{change.table}" WHERE {change.key}')
        row = cursor.fetchone()
        names = [column[0] for column in cursor.description]
        found[change.table, change.key] = dict(zip(names, row, strict=True)) if row else None
    return found


def undo(connection: sqlite3.Connection, after: int) -> None:
    """Puts a copy of a ledger back to where it stood right after a change, and forgets what came later."""
    for change in reversed(changes_after(connection, after)):
        if change.undoing:
            connection.execute(change.undoing)
    connection.execute(f"DELETE FROM {TABLE} WHERE id>?", (after,))
