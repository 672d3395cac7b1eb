"""snapshot: Ledger → a file of tables to look at, with nobody's number, name, address or words in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.domain import Case, Outcome
from pipeline.domain.cases import state_of
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.book import Ledger

Row = Mapping[str, object]
Words = Mapping[str, Mapping[str, str]]
# Of a file's layout, the part before the dash is its bank.
_BANK = "-"


def take_snapshot(
    ledger: Ledger, file: Path, tables: Mapping[str, Mapping[str, Any]], words: Words, unknown: str
) -> None:
    """Writes the snapshot's tables under the names that `tables` gives them and their columns."""
    rows: Mapping[str, Iterable[Row]] = {
        "case": (_case(case, words) for case in ledger.all_cases()),
        "event": _events(ledger, words),
        "mail": _mails(ledger, words),
        "finding": _findings(ledger, words),
        "receipt": _receipts(ledger, unknown),
        "letter": _letters(ledger, words),
        "night": _nights(ledger),
    }
    with closing(sqlite3.connect(file)) as connection, connection:
        for name, table in tables.items():
            columns = table["columns"]
            listed = ", ".join(f'"{column}"' for column in columns.values())
            connection.execute(f'CREATE TABLE "{table["name"]}" ({listed})')
            slots = ", ".join("?" * len(columns))
            connection.executemany(
                f'INSERT INTO "{table["name"]}" VALUES ({slots})',
                ([row[column] for column in columns] for row in rows[name]),
            )


def asked(file: Path, query: str) -> list[Mapping[str, Any]]:
    """Asks a snapshot a question, in SQL; gives the rows by the names of their columns."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def _case(case: Case, words: Words) -> Row:
    holder, receipt = case.holder, case.receipt
    names = holder.name.split() if holder else []
    return {
        "number": case.number,
        "procedure": words["procedures"][case.procedure],
        "state": words["case_states"][state_of(case)],
        "opened_on": case.opened_on.isoformat(),
        "initials": " ".join(f"{name[0]}." for name in names),
        "identity_number": str(case.identity_number),
        "batch": case.batch,
        "rail": receipt.rail if receipt else None,
        "amount": str(receipt.amount) if receipt and receipt.amount is not None else None,
        "paid_on": receipt.paid_on.isoformat() if receipt and receipt.paid_on else None,
    }


def _events(ledger: Ledger, words: Words) -> Iterator[Row]:
    numbers = {row["sha"]: row["number"] for row in ledger.query("SELECT sha, number FROM decision")}
    batches = {f"{b['day']}/{b['number']}" for b in ledger.batches()}
    for row in ledger.query("SELECT id, case_number, day, event, proof FROM entry ORDER BY id"):
        settled = row["proof"].removeprefix("settle/")
        yield {
            "id": row["id"],
            "number": row["case_number"],
            "day": row["day"],
            "event": words["events"][row["event"]],
            "mail": settled if settled != row["proof"] else numbers.get(row["proof"]),
            "batch": row["proof"] if row["proof"] in batches else None,
        }


def _mails(ledger: Ledger, words: Words) -> Iterator[Row]:
    for row in ledger.query(
        "SELECT d.number, a.received_at, d.decided_at, d.sender, d.outcome, d.procedure, d.silence, h.state "
        "FROM decision d JOIN arrival a USING (sha) LEFT JOIN hold h USING (sha) ORDER BY d.rowid"
    ):
        yield {
            **row,
            "domain": row["sender"].rpartition("@")[2],
            "outcome": words["outcomes"][row["outcome"]],
            "procedure": words["procedures"].get(row["procedure"] or ""),
            "silence": words["silences"].get(row["silence"]),
        }


def _decisions(ledger: Ledger) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for row in ledger.query("SELECT number, body FROM decision ORDER BY rowid"):
        yield row["number"], json.loads(row["body"])


def _findings(ledger: Ledger, words: Words) -> Iterator[Row]:
    for number, decision in _decisions(ledger):
        for finding in decision["findings"]:
            yield {
                "mail": number,
                "rule": finding["rule"],
                "consequence": words["consequences"][finding["consequence"]],
            }


def _receipts(ledger: Ledger, unknown: str) -> Iterator[Row]:
    for number, decision in _decisions(ledger):
        used = [entry["receipt"] for entry in decision["entries"] if entry["receipt"]]
        for receipt in decision["evidence"]["receipts"]:
            person = receipt["identity_number"]
            yield {
                "mail": number,
                "layout": receipt["layout"] or unknown,
                "bank": receipt["layout"].partition(_BANK)[0] or unknown,
                "rail": receipt["rail"],
                "amount": receipt["amount"],
                "paid_on": receipt["paid_on"],
                "identity_number": str(IdentityNumber(person["digits"])) if person else None,
                "went_on": int(receipt in used),
            }


def _letters(ledger: Ledger, words: Words) -> Iterator[Row]:
    for row in ledger.query(
        "SELECT l.id, l.kind, d.number AS mail, l.state, l.planned_at FROM letter l "
        "LEFT JOIN decision d ON d.sha=l.about ORDER BY l.id"
    ):
        yield {**row, "state": words["letter_states"][row["state"]]}


def _nights(ledger: Ledger) -> Iterator[Row]:
    for row in ledger.query("SELECT day FROM night ORDER BY day"):
        night = ledger.night(date.fromisoformat(row["day"]))
        assert night is not None
        (listed,) = ledger.query("SELECT coalesce(sum(rows), 0) AS n FROM batch WHERE day=?", row["day"])
        balance = ledger.balance(night.since, night.until)
        counted = {str(outcome): balance[outcome] for outcome in Outcome}
        yield {
            "day": row["day"],
            "number": night.number,
            "heard": balance["heard"],
            "duplicates": balance["duplicates"],
            "listed": listed["n"],
            **counted,
        }
