"""file: the ledger's one SQLite file; every write in a transaction that is whole or not there."""

from __future__ import annotations

import hmac
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from pipeline.domain import Receipt
from pipeline.domain.cases import former_receipt_key, receipt_key
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.changes import TABLE, watch
from pipeline.ledger.database import Database, dedupe_keys
from pipeline.ledger.leaving import leave, looked_at_as_it_is
from pipeline.ledger.migrations import MIGRATIONS, SEALED_SINCE, level_references
from pipeline.ledger.seals import FOUND_CHANGED, REBUILT_WITHOUT, Seals, audit_hash, code_of
from pipeline.ledger.shapes import shape
from pipeline.ledger.traces import keep_up, write_words

# TRUNCATE with EXTRA lost no acknowledged commit in simulated power cuts, and secure_delete leaves no
# erased number readable; WAL would keep every number until a checkpoint.
_PRAGMAS = (
    "journal_mode=TRUNCATE",
    "synchronous=EXTRA",
    "secure_delete=ON",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "busy_timeout=10000",
)

# The file beside a ledger that says when and where it was copied last.
NEWEST_BACKUP = "newest-backup"
# Names of people that an earlier version kept beside the ledger: they are in it now.
_FORMER_NAMES = "names.db"


T = TypeVar("T")


# How a statement begins that reads and does nothing else.
_QUESTIONS = ("SELECT ", "EXPLAIN QUERY PLAN ", "PRAGMA ")


class Read(Protocol):
    """Makes a value of its JSON."""

    def __call__(self, kind: type[T], told: str, /) -> T:
        """Makes it."""
        ...


class LedgerFile:
    """What every chapter of a ledger stands on: its file, its transactions, its audit log and its key."""

    def __init__(self, connection: sqlite3.Connection, key: bytes, seals: Seals | None = None) -> None:
        """Takes a connection's ledger as it is; one without `seals` is looked at and thrown away."""
        connection.isolation_level = None
        self._key, self._seals = key, seals
        # Plugins of the library would be strangers in the ledger, and all packages are searched for them.
        self._db = Database(connection, execute_plugins=False)
        for pragma in _PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")
        self._tx = self._commits = 0
        self._first: Callable[[], None] | None = None
        self._left: Callable[[], None] = lambda: None
        self._migrate()
        if seals and not seals.is_there():
            self._seals = None
        self._tx = watch(connection, lambda: self._tx)
        self._is_traced = keep_up(connection)
        self._known: dict[tuple[type, str], Any] = {}

    @classmethod
    def open(cls, file: Path, key: bytes) -> Self:
        """Opens or begins a ledger; raises OperatorFault where the file is damaged or from the future.

        Raises sqlite3.OperationalError where it is locked or out of reach. `key` is the home's secret,
        under which the ledger remembers what was erased.
        """
        looked_at = looked_at_as_it_is(file)
        connection = sqlite3.connect(file)
        try:
            if looked_at is None:
                problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if problem != "ok":
                    raise _damaged(file, problem)
            seals = Seals(connection, key)
            if not seals.belongs():
                raise OperatorFault("key_of_another_ledger", file=file)
            ledger = cls(connection, key, seals)
            ledger._left = lambda: leave(file, looked_at)
            file.with_name(_FORMER_NAMES).unlink(missing_ok=True)
            return ledger
        except BaseException as fault:
            connection.close()
            # A file that is locked or cannot be reached is not damaged: restoring it would lose mail.
            if isinstance(fault, sqlite3.DatabaseError) and not isinstance(fault, sqlite3.OperationalError):
                raise _damaged(file, fault) from fault
            raise

    @classmethod
    def in_memory(cls) -> Self:
        """Begins a ledger that is gone with its process."""
        return cls(sqlite3.connect(":memory:"), b"in memory")

    def copy(self) -> tuple[Self, sqlite3.Connection]:
        """Copies the ledger into memory, and gives the copy's connection as well."""
        copy = sqlite3.connect(":memory:")
        self._db.conn.backup(copy)
        return type(self)(copy, self._key), copy

    def close(self) -> None:
        """Closes the file, and notes how it was left, unless something is going wrong."""
        self._db.close()
        if sys.exc_info()[0] is None:
            self._left()

    def damage(self) -> list[str]:
        """Looks at the whole file; names what is damaged in it."""
        rows = self._db.execute("PRAGMA quick_check").fetchall()
        return [str(row[0]) for row in rows if row[0] != "ok"]

    def _migrate(self) -> None:
        done = self._db.execute("PRAGMA user_version").fetchone()[0]
        if done > len(MIGRATIONS):
            raise OperatorFault("ledger_newer", version=done, known=len(MIGRATIONS))
        if done == len(MIGRATIONS):
            return
        # All in one transaction, so that no step is half taken and nothing stands unsealed.
        self._db.execute("BEGIN IMMEDIATE")
        try:
            wrong = self._seals.broken() if self._seals and done >= SEALED_SINCE else ()
            for migration in MIGRATIONS[done:]:
                migration(self._db)
                if migration is level_references:
                    self._level_references()
            self._db.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            if wrong:
                # The new seals would hide it.
                at = datetime.fromisoformat(self._rows("SELECT max(at) AS at FROM audit")[0]["at"])
                for what in wrong:
                    self.note(at, FOUND_CHANGED, what)
            if self._seals and self._seals.is_there():
                self._seals.begin()
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _level_references(self) -> None:
        """Marks what is spent anew, so that another spelling of its number is known for the same payment."""
        for row in self._rows("SELECT receipt FROM entry WHERE receipt IS NOT NULL ORDER BY id"):
            receipt = shape(Receipt).validate_json(row["receipt"])
            former, key = self.keyed(former_receipt_key(receipt)), self.keyed(receipt_key(receipt))
            # Two spellings of one payment may have been spent already: the first keeps the name.
            self._db.execute("UPDATE OR IGNORE spent SET key=? WHERE key=?", (key, former))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Takes the write lock at once, and commits all or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        self._tx += 1
        try:
            if self._seals:
                self._seals.begin_transaction()
            if self._first:
                self._first()
            yield
            if self._is_traced:
                write_words(self._db.conn)
            if self._seals:
                self._seals.end_transaction()
            # Counted before: nobody knows of one that fails whether it has reached the disk.
            self._commits += 1
            self._db.execute("COMMIT")
        except BaseException:
            # Where the disk is full SQLite has rolled back by itself; saying so again would hide the reason.
            if self._db.conn.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        finally:
            # What is erased in one transaction is not remembered in the next.
            self._known.clear()
        self._first = None

    def _taken_apart(self, kind: type[T], told: str, /) -> T:
        """Makes a value of its JSON; within a transaction the same text once, for a night asks again and again."""
        if not self._db.conn.in_transaction:
            return shape(kind).validate_json(told)
        place = kind, told
        if place not in self._known:
            self._known[place] = shape(kind).validate_json(told)
        value: T = self._known[place]
        return value

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Takes back what a part of a transaction wrote where that part fails; call inside a transaction."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            if self._db.conn.in_transaction:
                self._db.execute("ROLLBACK TO attempt")
                self._db.execute("RELEASE attempt")
            raise
        self._db.execute("RELEASE attempt")

    def moment(self) -> tuple[int, int]:
        """Names the state of the ledger: whatever is committed after it, by whomever, makes another one.

        Inside a transaction it is the state that the transaction began with.
        """
        by_others = int(self._db.execute("PRAGMA data_version").fetchone()[0])
        return by_others, self._commits

    def write_first(self, first: Callable[[], None]) -> None:
        """Has something written in the next transaction, whatever that is about, before anything else."""
        self._first = first

    def query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Reads rows, for the modules that keep the ledger in order."""
        return self._rows(sql, *values)

    def execute(self, sql: str, *values: object) -> int:
        """Writes, inside a transaction, for the modules that keep the ledger in order; gives the rows changed."""
        return int(self._db.execute(sql, values).rowcount)

    def forget_changes(self, where: str, *values: object) -> None:
        """Removes notes of what was changed; call inside a transaction."""
        if self._seals:
            self._seals.forget_notes(where, *values)
        else:
            self._db.execute(f"DELETE FROM {TABLE} WHERE {where}", values)

    def keyed(self, text: str) -> str:
        """Makes a digest by which a thing is known again after it has been erased (HMAC-SHA-256).

        A bare digest of an identity number would be guessed in minutes.
        """
        # A header may bring what is no text; it is known again all the same.
        return hmac.new(self._key, text.encode(errors="backslashreplace"), "sha256").hexdigest()

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        # Not the library's way of asking: to take back what turns out to write it puts two statements around
        # each, which cost more than most questions. What asks here begins by saying so.
        if not sql.startswith(_QUESTIONS):
            raise ValueError(f"no question: {sql}")
        found = self._db.conn.execute(sql, values)
        rows = found.fetchall()
        names = dedupe_keys(column[0] for column in found.description) if rows else []
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _one(self, sql: str, *values: object) -> dict[str, Any] | None:
        return next(iter(self._rows(sql, *values)), None)

    # --- the audit log ---------------------------------------------------------------------------

    def note(self, at: datetime, event: str, about: str) -> None:
        """Adds one line to the audit log, chained to the line before; call inside a transaction."""
        last = self._one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        seq, before = (last["seq"] + 1, last["hash"]) if last else (1, "")
        stamp = at.astimezone(UTC).isoformat()
        line = audit_hash(self._key, (seq, stamp, event, about), before)
        self._db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?)", (seq, stamp, event, about, line))

    def audit_code(self) -> str:
        """Gives the short code of the newest line of the audit log, to be kept outside the house."""
        last = self._one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        return code_of(last["seq"], last["hash"]) if last else ""

    def has_code(self, code: str) -> bool:
        """Tells whether the audit log still has the line that a code was made of."""
        seq = code.partition("-")[0]
        row = self._one("SELECT seq, hash FROM audit WHERE seq=?", int(seq) if seq.isdigit() else 0)
        return row is not None and code_of(row["seq"], row["hash"]) == code.upper()

    def note_rebuilt_without(self, code: str, at: datetime) -> None:
        """Notes that this ledger was rebuilt and has not the line that a code outside was made of."""
        with self.transaction():
            self.note(at, REBUILT_WITHOUT, code)

    def rebuilt_without(self, code: str) -> datetime | None:
        """Tells when the ledger was rebuilt without the line that a code was made of; None where it was not."""
        row = self._one("SELECT max(at) AS at FROM audit WHERE event=? AND about=?", REBUILT_WITHOUT, code)
        return datetime.fromisoformat(row["at"]) if row and row["at"] else None

    def broken_lines(self, begin: datetime, end: datetime) -> Sequence[str]:
        """Names the lines of the audit log between two moments that are not as this program chained them."""
        return self._seals.broken_lines(begin, end) if self._seals else ()

    def broken_seals(self) -> Sequence[str]:
        """Names every row that is not as this program wrote it: its table, and what finds it there."""
        return self._seals.broken() if self._seals else ()


def _damaged(file: Path, why: object) -> OperatorFault:
    """Says that a ledger is damaged, and where its newest backup is, if there is one."""
    note = file.with_name(NEWEST_BACKUP)
    if note.exists():
        return OperatorFault("ledger_damaged_backed_up", file=file, why=why, backup=note.read_text().strip())
    return OperatorFault("ledger_damaged", file=file, why=why)
