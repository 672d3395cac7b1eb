"""traces: by what people can be found again, kept up with the mails and cases that name them.

A trace is somebody as one mail, or one entry of a case, names them. All of it follows from `decision` and
`entry`: triggers of the connection's own write it in the transaction that writes those, whoever does, so that
it is never behind and goes where they go. It bears no seals and is nothing to undo.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.domain.cases import spelled_alike
from pipeline.domain.turkish import fold

TABLE, WORDS, _LATER = "trace", "trace_words", "trace_later"
# FTS5 keeps what it needs in tables of its own.
TABLES = (TABLE, _LATER, WORDS, *(f"{WORDS}_{part}" for part in ("config", "data", "docsize", "idx")))
LAID = (
    f"""CREATE TABLE {TABLE} (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, about TEXT NOT NULL, day TEXT NOT NULL,
        name TEXT NOT NULL, digits TEXT NOT NULL, address TEXT NOT NULL, words TEXT NOT NULL) STRICT""",
    f"CREATE INDEX trace_source ON {TABLE} (source)",
    f"CREATE INDEX trace_digits ON {TABLE} (digits) WHERE digits<>''",
    # No trigger may write into a virtual table where a schema is not trusted: what is to be written waits here.
    f"CREATE TABLE {_LATER} (id INTEGER PRIMARY KEY, trace INTEGER NOT NULL, words TEXT NOT NULL, gone INTEGER NOT NULL) STRICT",
    # Words that begin alike are many: beginnings are indexed as words of their own.
    f"CREATE VIRTUAL TABLE {WORDS} USING fts5 (words, content='{TABLE}', content_rowid='id', prefix='3 4 5')",
)
_OF_MAIL = "people_of_mail({0}.sender, {0}.subject, {0}.body)"
_OF_ENTRY = "people_of_entry({0}.holder, {0}.receipt)"


def keep_up(connection: sqlite3.Connection) -> bool:
    """Has traces follow every mail and entry that is written, changed or removed from now on.

    Tells whether the ledger has come far enough for that.
    """
    if not connection.execute("SELECT 1 FROM main.sqlite_schema WHERE name=?", (TABLE,)).fetchone():
        return False
    _lend(connection)
    of_mail, of_entry = _mail_of("new"), _entry_of("new")
    for table, kind, does in (
        ("decision", "INSERT", of_mail),
        ("decision", "DELETE", _forgotten("old.sha")),
        ("decision", "UPDATE OF sender, subject, body", f"{_forgotten('old.sha')}; {of_mail}"),
        ("entry", "INSERT", of_entry),
        ("entry", "DELETE", _forgotten("old.id")),
        (TABLE, "INSERT", _later("new", 0)),
        (TABLE, "DELETE", _later("old", 1)),
    ):
        name = f"{table}_{kind.partition(' ')[0].lower()}_traced"
        connection.execute(f'CREATE TEMP TRIGGER "{name}" AFTER {kind} ON main."{table}" BEGIN {does}; END')
    return True


def write_words(connection: sqlite3.Connection) -> None:
    """Makes the index follow what a transaction wrote; call at its end."""
    later = connection.execute(f"SELECT trace, words, gone FROM {_LATER} ORDER BY id").fetchall()
    for trace, words, is_gone in later:
        if is_gone:
            sql = f"INSERT INTO {WORDS} ({WORDS}, rowid, words) VALUES ('delete', ?, ?)"
        else:
            sql = f"INSERT INTO {WORDS} (rowid, words) VALUES (?, ?)"
        connection.execute(sql, (trace, words))
    if later:
        connection.execute(f"DELETE FROM {_LATER}")


def trace_all(connection: sqlite3.Connection) -> None:
    """Makes all traces anew, where nothing keeps them up; call inside a transaction."""
    _lend(connection)
    connection.execute(f"DELETE FROM {TABLE}")
    connection.execute(_mail_of("d", "decision d, "))
    connection.execute(_entry_of("e", "entry e, "))
    connection.execute(f"DELETE FROM {_LATER}")
    connection.execute(anew())


def anew() -> str:
    """Gives the statement that makes the words anew: what was removed leaves the file only then."""
    return f"INSERT INTO {WORDS} ({WORDS}) VALUES ('rebuild')"


def _mail_of(row: str, among: str = "") -> str:
    return _put(f"{row}.sha, {row}.number, substr({row}.decided_at, 1, 10)", _OF_MAIL.format(row), among)


def _entry_of(row: str, among: str = "") -> str:
    return _put(f"{row}.id, {row}.case_number, {row}.day", _OF_ENTRY.format(row), among)


def _put(where: str, people: str, among: str) -> str:
    told = ", ".join(f"json_extract(p.value, '$[{place}]')" for place in range(4))
    return (
        f"INSERT INTO {TABLE} (source, about, day, name, digits, address, words) "
        f"SELECT {where}, {told} FROM {among}json_each({people}) p"
    )


def _later(row: str, is_gone: int) -> str:
    return f"INSERT INTO {_LATER} (trace, words, gone) VALUES ({row}.id, {row}.words, {is_gone})"


def _forgotten(source: str) -> str:
    return f"DELETE FROM {TABLE} WHERE source={source}"


# --- who is named ------------------------------------------------------------------------------

# Name, identity number and address, "" for what is not told, and the words that stand for the person.
_Named = tuple[str, str, str, str]


def _lend(connection: sqlite3.Connection) -> None:
    connection.create_function("people_of_mail", 3, _of_mail, deterministic=True)
    connection.create_function("people_of_entry", 2, _of_entry, deterministic=True)


def _of_mail(sender: str, subject: str, body: str) -> str:
    evidence = json.loads(body).get("evidence", {})
    holders = [*evidence.get("holders", ()), *evidence.get("pasted", ())]
    people = [*_people(holders, evidence.get("receipts", ())), ("", "", sender, _words(sender, subject))]
    return json.dumps([one for one in dict.fromkeys(people) if one[3]])


def _of_entry(holder: str | None, receipt: str | None) -> str:
    people = _people(*([json.loads(claim)] if claim else [] for claim in (holder, receipt)))
    return json.dumps([one for one in dict.fromkeys(people) if one[3]])


def _people(holders: Iterable[Mapping[str, Any]], receipts: Iterable[Mapping[str, Any]]) -> Iterator[_Named]:
    for holder in holders:
        name = f"{holder.get('given_name') or ''} {holder.get('family_name') or ''}".strip()
        digits, address = _digits(holder), holder.get("work_email") or ""
        yield name, digits, address, _words(name, digits, address)
    for receipt in receipts:
        digits, reference = _digits(receipt), receipt.get("reference") or ""
        # As it is printed, and as all its spellings are levelled.
        spellings = {fold(reference), spelled_alike(reference).lower()} - {""}
        for name in dict.fromkeys((receipt.get("payer") or "", receipt.get("debtor") or "")):
            yield name, digits, "", _words(name, digits, *sorted(spellings))


def _digits(claim: Mapping[str, Any]) -> str:
    number = claim.get("identity_number")
    return str(number["digits"]) if number else ""


def _words(*texts: str) -> str:
    return fold(" ".join(text for text in texts if text))
