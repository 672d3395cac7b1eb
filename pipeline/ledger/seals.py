"""seals: a keyed digest for every row of the ledger, so that a change that went past the program is seen.

Each transaction ends with sealing what it touched. A table's seals add up to a total that is sealed too, so
that a row that is removed together with its seal is missed; the audit log is a chain and its end is sealed.
Whoever has the key can make all of it anew: against that the newest line of the log leaves the house every
night, as a short code in the report (`code_of`).
"""

from __future__ import annotations

import hmac
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from pipeline.ledger.changes import SEALS, TABLE, key_in
from pipeline.ledger.traces import TABLES as TRACES

AUDIT = "audit"
# What an audit line says where seals were found broken before a new version of the program laid them anew.
FOUND_CHANGED = "found changed"
# What one says where a ledger was rebuilt that does not have the line of a code that is outside.
REBUILT_WITHOUT = "rebuilt without"
_KEY, _MARK_BYTES = "key", 16
_ALL = 1 << 8 * _MARK_BYTES
# These have seals of their own kind, or none: what is made of other rows can be made of them again.
_APART = (AUDIT, TABLE, *SEALS, *TRACES)


def audit_hash(key: bytes, line: Iterable[object], before: str) -> str:
    """Chains one line of the audit log (number, time, event, about) to the hash of the line before."""
    return hmac.digest(key, "\x1f".join((*map(str, line), before)).encode(), "sha256").hex()


def code_of(seq: int, line_hash: str) -> str:
    """Makes the short code by which a line of the audit log is known outside: number and start of its hash.

    >>> code_of(1234, "9f86d081884c7d659a2feaa0c55ad015")
    '1234-9F86D081-884C7D65'
    """
    return f"{seq}-{line_hash[:8].upper()}-{line_hash[8:16].upper()}"


def codes_in(text: str) -> list[str]:
    """Finds the codes that a text names.

    >>> codes_in("Denetim kodu: 1234-9F86D081-884C7D65.")
    ['1234-9F86D081-884C7D65']
    """
    return re.findall(r"\b\d+-[0-9A-F]{8}-[0-9A-F]{8}\b", text)


class Seals:
    """The seals of one ledger; its connection and its key."""

    def __init__(self, connection: sqlite3.Connection, key: bytes) -> None:
        self._connection, self._secret = connection, key
        # The last note of a change before this transaction, and the last one that is sealed.
        self._begun = self._seen = 0
        self._primary: dict[str, list[str]] = {}
        # What the transaction adds to each table's number of seals and to their total.
        self._added: dict[str, tuple[int, int]] = {}

    # --- sealing -------------------------------------------------------------------------------

    def belongs(self) -> bool:
        """Tells whether the key is the one that the ledger was begun with, as far as the ledger can tell."""
        if not self.is_there():
            return True
        row = self._one("SELECT mark FROM sealed WHERE name=?", _KEY)
        return row is None or hmac.compare_digest(bytes(row[0]), self._total_seal(_KEY, 0, b""))

    def begin(self) -> None:
        """Seals everything as it stands, and chains the audit log anew; call inside a transaction."""
        self._connection.execute("DELETE FROM seal")
        self._connection.execute("DELETE FROM sealed")
        self._primary.clear()
        self._chain_anew()
        for table in self._tables():
            fresh = self._fresh(table) if table != TABLE else self._change_seals("")
            self._added[table] = (0, 0)
            for key, seal in fresh:
                self._put(table, key, seal)
        self._write_total(_KEY, 0, b"")
        self._totals()

    def begin_transaction(self) -> None:
        """Remembers where the notes of changes stand."""
        self._begun = self._seen = self._last_change()
        self._added = {}

    def end_transaction(self) -> None:
        """Seals what a transaction touched, its notes of changes, and the end of the audit log."""
        self._seal_touched()
        for key, seal in self._change_seals("WHERE id>?", self._begun):
            self._put(TABLE, key, seal)
        self._totals()

    def forget_notes(self, where: str, *values: object) -> None:
        """Removes notes of changes, with their seals; call inside a transaction."""
        self._seal_touched()
        self._connection.execute(f"DELETE FROM {TABLE} WHERE {where}", values)
        fresh = dict(self._change_seals(""))
        sealed = self._connection.execute('SELECT "key" FROM seal WHERE "table"=?', (TABLE,)).fetchall()
        for key in {*fresh, *(key for (key,) in sealed)}:
            self._put(TABLE, key, fresh.get(key))
        # Numbers that have become free are used again; the notes of this transaction are looked at whole.
        self._seen, self._begun = self._last_change(), 0

    def _seal_touched(self) -> None:
        last = self._last_change()
        touched = self._connection.execute(
            f'SELECT DISTINCT "table", "key" FROM {TABLE} WHERE id>? AND "table"<>?', (self._seen, AUDIT)
        ).fetchall()
        for table, key in touched:
            rows = self._connection.execute(f'SELECT * FROM "{table}" WHERE {key}')
            row = rows.fetchone()
            self._put(table, key, None if row is None else self._seal(table, key, _named(rows, row)))
        self._seen = last

    def _put(self, table: str, key: str, seal: bytes | None) -> None:
        """Sets the seal of one row, None where the row is gone, and counts what that does to the total."""
        old = self._one('SELECT mark FROM seal WHERE "table"=? AND "key"=?', table, key)
        count, total = self._added.get(table, (0, 0))
        if old:
            count, total = count - 1, total - int.from_bytes(old[0], "big")
        if seal is None:
            self._connection.execute('DELETE FROM seal WHERE "table"=? AND "key"=?', (table, key))
        else:
            count, total = count + 1, total + int.from_bytes(seal, "big")
            self._connection.execute("INSERT OR REPLACE INTO seal VALUES (?, ?, ?)", (table, key, seal))
        self._added[table] = (count, total)

    def _totals(self) -> None:
        for table, (count, total) in self._added.items():
            old = self._one("SELECT rows, total FROM sealed WHERE name=?", table) or (0, b"")
            summed = (int.from_bytes(old[1], "big") + total) % _ALL
            self._write_total(table, old[0] + count, summed.to_bytes(_MARK_BYTES, "big"))
        self._added = {}
        end = self._one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1") or (0, "")
        self._write_total(AUDIT, end[0], bytes.fromhex(end[1]))

    def _write_total(self, name: str, rows: int, total: bytes) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?)",
            (name, rows, total, self._total_seal(name, rows, total)),
        )

    def _chain_anew(self) -> None:
        triggers = self._connection.execute(
            "SELECT name, sql FROM main.sqlite_schema WHERE type='trigger' AND tbl_name=?", (AUDIT,)
        ).fetchall()
        for name, _ in triggers:
            self._connection.execute(f'DROP TRIGGER main."{name}"')
        lines = self._connection.execute("SELECT seq, at, event, about FROM audit ORDER BY seq").fetchall()
        before = ""
        for line in lines:
            before = audit_hash(self._secret, line, before)
            self._connection.execute("UPDATE audit SET hash=? WHERE seq=?", (before, line[0]))
        for _, sql in triggers:
            self._connection.execute(sql)

    # --- looking -------------------------------------------------------------------------------

    def broken(self) -> list[str]:
        """Names every row that is not as it was sealed: its table, and what finds it there."""
        wrong = self.broken_chain()
        for table in self._tables():
            fresh = dict(self._fresh(table) if table != TABLE else self._change_seals(""))
            seals = {
                key: bytes(seal)
                for key, seal in self._connection.execute(
                    'SELECT "key", mark FROM seal WHERE "table"=?', (table,)
                )
            }
            differing = [key for key in {**seals, **fresh} if fresh.get(key) != seals.get(key)]
            wrong += [f"{table} {_plain(key)}" for key in sorted(differing)]
            total = sum(int.from_bytes(seal, "big") for seal in seals.values()) % _ALL
            if not self._is_total(table, len(seals), total.to_bytes(_MARK_BYTES, "big")):
                wrong.append(f"sealed {table}")
        if not self._is_total(_KEY, 0, b""):
            wrong.append(f"sealed {_KEY}")
        known = {*self._tables(), AUDIT, _KEY}
        strange = [*self._connection.execute('SELECT DISTINCT "table" FROM seal')]
        strange += [*self._connection.execute("SELECT name FROM sealed")]
        wrong += [f"sealed {name}" for name in sorted({name for (name,) in strange} - known)]
        return wrong

    def broken_chain(self) -> list[str]:
        """Names the first line of the audit log that is not as it was chained, and what was noted as found changed."""
        before, last, wrong = "", 0, []
        rows = self._connection.execute("SELECT seq, at, event, about, hash FROM audit ORDER BY seq")
        for expected, (*line, told) in enumerate(rows, start=1):
            if line[0] != expected or told != audit_hash(self._secret, line, before):
                return [f"{AUDIT} {expected}"]
            if line[2] == FOUND_CHANGED:
                wrong.append(f"{line[3]} ({AUDIT} {expected})")
            before, last = told, expected
        if not self._is_total(AUDIT, last, bytes.fromhex(before)):
            wrong.append(f"{AUDIT} {last + 1}")
        return wrong

    def broken_lines(self, begin: datetime, end: datetime) -> list[str]:
        """Names the lines of the audit log between two moments that do not go on from the line before them.

        The log's end is looked at too; whether what is before and after is whole, `broken_chain` tells.
        """
        rows = self._connection.execute(
            "SELECT a.seq, a.at, a.event, a.about, a.hash, b.hash FROM audit a LEFT JOIN audit b ON b.seq=a.seq-1 "
            "WHERE a.at>=? AND a.at<? ORDER BY a.seq",
            (begin, end),
        )
        wrong = [
            f"{AUDIT} {line[0]}"
            for *line, told, before in rows
            if told != audit_hash(self._secret, line, before or "") or (before is None and line[0] > 1)
        ]
        last = self._one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1") or (0, "")
        return (
            wrong
            if self._is_total(AUDIT, last[0], bytes.fromhex(last[1]))
            else [*wrong, f"{AUDIT} {last[0] + 1}"]
        )

    def _is_total(self, name: str, rows: int, total: bytes) -> bool:
        found = self._one("SELECT rows, total, mark FROM sealed WHERE name=?", name)
        expected = (rows, total, self._total_seal(name, rows, total))
        return found is not None and (found[0], bytes(found[1]), bytes(found[2])) == expected

    # --- seals ---------------------------------------------------------------------------------

    def _fresh(self, table: str) -> Iterator[tuple[str, bytes]]:
        rows = self._connection.execute(
            f'SELECT {key_in("t", self._primary_of(table))} AS "sealed key", t.* FROM "{table}" t'
        )
        for key, *row in rows:
            named = dict(zip([column[0] for column in rows.description[1:]], row, strict=True))
            yield key, self._seal(table, key, named)

    def _change_seals(self, where: str, *values: object) -> Iterator[tuple[str, bytes]]:
        """Makes one seal for all that a transaction noted: row by row it would double what a change costs."""
        rows = self._connection.execute(
            f'SELECT tx, id, kind, "table", "key", old FROM {TABLE} {where} ORDER BY tx, id', values
        )
        tx, noted = None, b""
        for number, *row in rows:
            if number != tx and tx is not None:
                yield str(tx), self._digest(TABLE, str(tx), noted)
            noted = b"" if number != tx else noted
            tx, noted = number, self._digest(TABLE, "", noted + b"".join(map(_encoded, row)))
        if tx is not None:
            yield str(tx), self._digest(TABLE, str(tx), noted)

    def _seal(self, table: str, key: str, row: Mapping[str, Any]) -> bytes:
        body = b"".join(_name(name) + _encoded(value) for name, value in row.items())
        return self._digest(table, key, body)

    def _total_seal(self, name: str, rows: int, total: bytes) -> bytes:
        return self._digest("sealed", name, _encoded(rows) + _encoded(total))

    def _digest(self, table: str, key: str, body: bytes) -> bytes:
        text = _name(table) + _encoded(key) + body
        return hmac.digest(self._secret, text, "sha256")[:_MARK_BYTES]

    # --- the ledger ----------------------------------------------------------------------------

    def is_there(self) -> bool:
        """Tells whether the ledger has come far enough to carry seals."""
        return self._one("SELECT 1 FROM main.sqlite_schema WHERE name='sealed'") is not None

    def _tables(self) -> list[str]:
        rows = self._connection.execute(
            "SELECT name FROM main.sqlite_schema WHERE type='table' "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        )
        apart = set(_APART) - {TABLE}
        return [name for (name,) in rows if name not in apart]

    def _primary_of(self, table: str) -> list[str]:
        if table not in self._primary:
            columns = self._connection.execute("SELECT name, pk FROM pragma_table_info(?)", (table,))
            self._primary[table] = [name for name, pk in columns if pk]
        return self._primary[table]

    def _last_change(self) -> int:
        row = self._one(f"SELECT coalesce(max(id), 0) FROM {TABLE}")
        return int(row[0]) if row else 0

    def _one(self, sql: str, *values: object) -> Any:
        return self._connection.execute(sql, values).fetchone()


def _named(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Mapping[str, Any]:
    return dict(zip([column[0] for column in cursor.description], row, strict=True))


def _encoded(value: object) -> bytes:
    """Writes a value so that no two rows look alike: its type, its length, itself."""
    # Most of a ledger is texts, and every value of it is written like this by `verify`.
    if type(value) is str:
        raw = value.encode()
        return b"str%d:%b" % (len(raw), raw)
    raw = value if isinstance(value, bytes) else str(value).encode()
    return b"%b%d:%b" % (type(value).__name__.encode(), len(raw), raw)


_name = lru_cache(maxsize=1024)(_encoded)


def _plain(key: str) -> str:
    """Leaves of what finds a row the values: "\\"day\\"='2024-06-14'" becomes "2024-06-14"."""
    return re.sub(r"'((?:[^']|'')*)'", r"\1", re.sub(r'(?:^| AND )"\w+"=', " ", key)).strip()
