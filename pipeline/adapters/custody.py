"""custody: what is kept, for how long, and that nobody has changed it (law 6698, KVKK).

Erasing leaves a tombstone with a keyed mark, so that the audit chain still holds and a receipt that was
spent once stays spent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from pipeline.adapters import quotas
from pipeline.adapters.archive import forget_before
from pipeline.adapters.home import RESTORED, Home
from pipeline.adapters.ledger import NEWEST_BACKUP, Ledger, audit_hash
from pipeline.domain import Decision, Evidence, Outcome, Procedure
from pipeline.faults import OperatorFault

_DECISION = TypeAdapter(Decision)


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days each class of data is kept after it has served its purpose."""

    mail_days: int
    case_days: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What one erasure removed, by class; the same stands in the destruction record."""

    mails: int
    transcripts: int
    letters: int
    cases: int


def erase(ledger: Ledger, home: Home, retention: Retention, at: datetime) -> Erased:
    """Erases what has outlived its time, everywhere it stands, and records that it did.

    A mail that waits for an official, and an open case, are never erased. Safe to repeat: files whose
    erasure was cut short are removed at the next one.
    """
    mail_until = (at - timedelta(days=retention.mail_days)).isoformat()
    case_until = at - timedelta(days=retention.case_days)
    mails = _old_mails(ledger, mail_until)
    cases = _old_cases(ledger, case_until)
    with ledger.transaction():
        erased = Erased(
            mails=sum(_erase_mail(ledger, row, at) for row in mails),
            transcripts=ledger.execute("DELETE FROM transcript WHERE kept_at<?", mail_until),
            letters=ledger.execute(
                "UPDATE letter SET body=x'', recipient='', subject='' "
                "WHERE planned_at<? AND state IN ('done', 'failed') AND length(body)>0",
                mail_until,
            ),
            cases=sum(_erase_case(ledger, number, at) for number in cases),
        )
        ledger.execute(
            "UPDATE batch SET workbook=x'' WHERE day<? AND length(workbook)>0", case_until.date().isoformat()
        )
        quotas.forget(ledger, mail_until)
        _record(ledger, erased, at, {"mails": mail_until, "cases": case_until.isoformat()})
        _forget_the_way_back(ledger, mail_until)
    for row in ledger.query("SELECT sha FROM arrival WHERE erased_at IS NOT NULL"):
        home.forget(row["sha"])
    home.forget_former_ledger()
    # secure_delete has overwritten the rows; this gives the free pages back as well.
    ledger.execute("VACUUM")
    return erased


def _old_mails(ledger: Ledger, until: str) -> list[dict[str, Any]]:
    return ledger.query(
        "SELECT d.sha, d.outcome, d.procedure, d.silence FROM decision d JOIN arrival a USING (sha) "
        "LEFT JOIN hold h USING (sha) "
        "WHERE d.decided_at<? AND a.erased_at IS NULL AND coalesce(h.state, '')<>'open'",
        until,
    )


def _erase_mail(ledger: Ledger, row: Mapping[str, Any], at: datetime) -> int:
    """Leaves of a decision what says nothing about a person: outcome, procedure, digest and day."""
    stub = Decision(
        outcome=Outcome(row["outcome"]),
        procedure=Procedure(row["procedure"]) if row["procedure"] else None,
        evidence=Evidence(),
        silence=row["silence"],
    )
    ledger.execute(
        "UPDATE decision SET sender='', subject='', body=? WHERE sha=?",
        _DECISION.dump_json(stub).decode(),
        row["sha"],
    )
    ledger.execute("DELETE FROM named WHERE sha=?", row["sha"])
    ledger.execute("DELETE FROM likeness WHERE sha=?", row["sha"])
    ledger.execute("UPDATE bounce SET recipient='', diagnostic='' WHERE sha=?", row["sha"])
    ledger.execute("UPDATE arrival SET erased_at=? WHERE sha=?", at.isoformat(), row["sha"])
    ledger.note(at, "erased mail", row["sha"])
    return 1


def _forget_the_way_back(ledger: Ledger, until: str) -> None:
    """Removes what this erasure erased from the notes of changes, and the nights before the kept mails."""
    ledger.execute("DELETE FROM change WHERE tx=(SELECT max(tx) FROM change) AND kind<>'insert'")
    ledger.execute(
        "DELETE FROM change WHERE tx<(SELECT max(c.tx) FROM change c JOIN night n "
        'ON c."table"=\'night\' AND c."key"=\'"day"=\'||quote(n.day) WHERE n.until<?)',
        until,
    )
    forget_before(ledger, until)


def _old_cases(ledger: Ledger, until: datetime) -> list[str]:
    """Lists cases whose last entry is old, but none that still waits for a list to go out."""
    rows = ledger.query(
        "SELECT case_number FROM entry GROUP BY case_number HAVING max(day)<? "
        "AND (case_number IN (SELECT case_number FROM batch_row) "
        # No list goes out for what a receipt alone has opened.
        "OR max(event IN ('closed', 'withdrawn')) OR max(procedure<>'lost_or_stolen'))",
        until.date().isoformat(),
    )
    return [row["case_number"] for row in rows]


def _erase_case(ledger: Ledger, number: str, at: datetime) -> int:
    person = ledger.query("SELECT identity_number FROM entry WHERE case_number=? LIMIT 1", number)[0]
    ledger.execute(
        "INSERT INTO tombstone VALUES (?, ?, ?)",
        ledger.keyed(person["identity_number"]),
        number,
        at.isoformat(),
    )
    ledger.execute("DELETE FROM entry WHERE case_number=?", number)
    ledger.note(at, "erased case", number)
    return 1


def _record(ledger: Ledger, erased: Erased, at: datetime, until: Mapping[str, str]) -> None:
    for name, day in (("mails", "mails"), ("transcripts", "mails"), ("letters", "mails"), ("cases", "cases")):
        ledger.execute(
            "INSERT INTO destruction (at, class, until, count) VALUES (?, ?, ?, ?)",
            at.isoformat(),
            name,
            until[day],
            getattr(erased, name),
        )


def export(ledger: Ledger, number: str, at: datetime) -> Mapping[str, Any]:
    """Gathers all that is kept about the person of a case, in full; raises OperatorFault for no such case.

    The person is named by a case number, because an argument of a command can be seen by everybody on
    the machine.
    """
    case = ledger.case(number)
    if case is None:
        raise OperatorFault("no_such_case", number=number)
    cases = ledger.query(
        "SELECT * FROM entry WHERE identity_number=? ORDER BY id", case.identity_number.digits
    )
    proofs = sorted({row["proof"] for row in cases})
    marks = ",".join("?" * len(proofs))
    mails = ledger.query(
        "SELECT number, sha, sender, subject, outcome, decided_at FROM decision "
        f"WHERE sha IN ({marks}) OR 'settle/' || number IN ({marks})",
        *proofs,
        *proofs,
    )
    shas = [row["sha"] for row in mails]
    # Reminders and the like are about a case and not about a mail.
    numbers = sorted({row["case_number"] for row in cases})
    letters = ledger.query(
        "SELECT message_id, kind, recipient, subject, state, planned_at, changed_at FROM letter "
        f"WHERE about IN ({','.join('?' * len(shas))}) OR substr(about, 1, 10) IN "
        f"({','.join('?' * len(numbers))}) ORDER BY id",
        *shas,
        *numbers,
    )
    with ledger.transaction():
        ledger.note(at, "exported", number)
    return {"entries": cases, "mails": mails, "letters": letters}


def broken_links(ledger: Ledger, home: Home) -> Sequence[str]:
    """Checks the audit chain and that every mail's bytes are there; gives a line per thing that is wrong."""
    wrong: list[str] = []
    before = ""
    for expected, row in enumerate(ledger.query("SELECT * FROM audit ORDER BY seq"), start=1):
        line = audit_hash(row["seq"], row["at"], row["event"], row["about"], before)
        if row["seq"] != expected or row["hash"] != line:
            wrong.append(f"audit {expected}")
            break
        before = row["hash"]
    for table, column, event in (
        ("decision", "sha", "decided %"),
        ("letter", "message_id", "letter planned"),
    ):
        rows = ledger.query(
            f"SELECT {column} AS name FROM {table} WHERE {column} NOT IN "
            "(SELECT about FROM audit WHERE event LIKE ?)",
            event,
        )
        wrong += [f"{table} {row['name']}" for row in rows]
    for row in ledger.query("SELECT sha FROM arrival WHERE erased_at IS NULL"):
        try:
            home.raw(row["sha"])
        except OperatorFault:
            wrong.append(f"mail {row['sha']}")
    return wrong


def backup(ledger: Ledger, home: Home, target: Path, at: datetime) -> int:
    """Copies ledger, key and kept mail into a folder while everything goes on; gives the number of mails.

    The ledger is written beside its name and renamed when it is whole, so that an older backup stays until
    the new one can take its place. Kept mails never change; those already there are not copied again.
    """
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target / "ledger.db.tmp"
    draft.unlink(missing_ok=True)
    ledger.execute("VACUUM INTO ?", str(draft))
    handle = os.open(draft, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    (target / "key").write_bytes(home.key)
    copies = Home(target)
    mails = ledger.query("SELECT sha FROM arrival WHERE erased_at IS NULL")
    for row in mails:
        copies.keep(home.raw(row["sha"]))
    for row in ledger.query("SELECT sha FROM arrival WHERE erased_at IS NOT NULL"):
        copies.forget(row["sha"])
    # What comes after this moment, only the mail folders know.
    (target / RESTORED).touch()
    draft.rename(target / "ledger.db")
    # Where to look when the ledger itself cannot be asked any more.
    home.write_down(NEWEST_BACKUP, f"{target.resolve()} ({at.astimezone():%d.%m.%Y %H:%M})\n")
    with ledger.transaction():
        ledger.note(at, "backed up", str(len(mails)))
    return len(mails)
