"""custody: what is kept, for how long, and that nobody has changed it (law 6698, KVKK).

Erasing leaves a tombstone with a keyed digest, so that the audit chain still holds and a receipt that was
spent once stays spent.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.domain import UNSENT, Decision, Evidence, Outcome, Procedure
from pipeline.domain.faults import OperatorFault
from pipeline.ledger import quotas
from pipeline.ledger.acts import forget_acts, forget_acts_that_say
from pipeline.ledger.book import Ledger
from pipeline.ledger.dossier import Dossier, export_of, without_person
from pipeline.ledger.file import NEWEST_BACKUP
from pipeline.ledger.home import PEOPLE, PEOPLE_KEPT, RESTORED, Home
from pipeline.ledger.in_force import forget_before
from pipeline.ledger.shapes import shape
from pipeline.ledger.traces import anew


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


@dataclass(frozen=True, slots=True)
class Word:
    """Who had something done, and why."""

    by: str
    because: str


def erase(ledger: Ledger, home: Home, retention: Retention, at: datetime) -> Erased:
    """Erases what has outlived its time, everywhere it stands, and records that it did.

    A mail that waits for an official, and an open case, are never erased. Safe to repeat: files whose
    erasure was cut short are removed at the next one.
    """
    mail_until = at - timedelta(days=retention.mail_days)
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
        _record(ledger, erased, at, {"mails": mail_until, "cases": case_until})
        _forget_the_way_back(ledger, mail_until)
    _forget_files(ledger, home)
    return erased


def _old_mails(ledger: Ledger, until: datetime) -> list[dict[str, Any]]:
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
        shape(Decision).dump_json(stub).decode(),
        row["sha"],
    )
    ledger.execute("DELETE FROM named WHERE sha=?", row["sha"])
    ledger.execute("DELETE FROM likeness WHERE sha=?", row["sha"])
    forget_acts(ledger, row["sha"])
    ledger.execute("UPDATE bounce SET recipient='', diagnostic='' WHERE sha=?", row["sha"])
    ledger.execute("UPDATE arrival SET erased_at=? WHERE sha=?", at, row["sha"])
    ledger.note(at, "erased mail", row["sha"])
    return 1


def _forget_the_way_back(ledger: Ledger, until: datetime) -> None:
    """Removes what this erasure erased from the notes of changes, and the nights before the kept mails."""
    ledger.forget_changes("tx=(SELECT max(tx) FROM change) AND kind<>'insert'")
    ledger.forget_changes(
        "tx<(SELECT max(c.tx) FROM change c JOIN night n "
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
        at,
    )
    ledger.execute("DELETE FROM entry WHERE case_number=?", number)
    ledger.see_whether_open([number])
    ledger.note(at, "erased case", number)
    return 1


def _record(ledger: Ledger, erased: Erased, at: datetime, until: Mapping[str, datetime]) -> None:
    for name, day in (("mails", "mails"), ("transcripts", "mails"), ("letters", "mails"), ("cases", "cases")):
        ledger.execute(
            "INSERT INTO destruction (at, class, until, count) VALUES (?, ?, ?, ?)",
            at,
            name,
            until[day],
            getattr(erased, name),
        )


def erase_person(ledger: Ledger, home: Home, person: Dossier, word: Word, at: datetime) -> Erased:
    """Erases everything about one person, open cases too, and records who asked for it and why.

    Of a mail about several people the others' part of the decision stays; its bytes go. What a person has yet
    to decide, to post or to release comes first: raises OperatorFault there, and erases nothing. No night so
    far can be replayed afterwards.
    """
    _refuse_while_under_way(ledger, person)
    with ledger.transaction():
        erased = Erased(
            mails=sum(_erase_of_mail(ledger, row, person, at) for row in person.mails),
            transcripts=sum(
                ledger.execute("DELETE FROM transcript WHERE digest=?", row["digest"])
                for row in person.transcripts
            ),
            letters=sum(
                ledger.execute(
                    "UPDATE letter SET body=x'', recipient='', subject='' WHERE id=? AND length(body)>0",
                    row["id"],
                )
                for row in person.letters
            ),
            cases=sum(_erase_case(ledger, number, at) for number in person.cases),
        )
        _erase_elsewhere(ledger, person)
        for name, count in asdict(erased).items():
            ledger.execute(
                'INSERT INTO destruction (at, class, until, count, "by", because) VALUES (?, ?, ?, ?, ?, ?)',
                *(at, f"person/{name}", at, count, word.by, word.because),
            )
        ledger.note(at, "erased person", ledger.keyed(person.number.digits))
        # What was changed or removed before stands in the notes of changes in full.
        ledger.forget_changes("id>0")
    _forget_files(ledger, home)
    return erased


def _refuse_while_under_way(ledger: Ledger, person: Dossier) -> None:
    if undecided := ledger.undecided():
        raise OperatorFault("erase_undecided", count=len(undecided))
    held = {row["sha"] for row in ledger.query("SELECT sha FROM hold WHERE state='open'")}
    if waiting := [row["number"] for row in person.mails if row["sha"] in held]:
        raise OperatorFault("erase_held", mails=", ".join(waiting))
    if unsent := [row for row in person.letters if row["state"] in UNSENT]:
        raise OperatorFault("erase_under_way", count=len(unsent))
    unreleased = {f"{row['day']}/{row['number']}" for row in ledger.unreleased()}
    if batches := sorted(unreleased & _batches_of(ledger, person).keys()):
        raise OperatorFault("erase_unreleased", batches=", ".join(batches))


def _batches_of(ledger: Ledger, person: Dossier) -> Mapping[str, tuple[str, int]]:
    rows = [
        row
        for number in person.cases
        for row in ledger.query("SELECT day, number FROM batch_row WHERE case_number=?", number)
    ]
    return {f"{row['day']}/{row['number']}": (row["day"], row["number"]) for row in rows}


def _erase_of_mail(ledger: Ledger, row: Mapping[str, Any], person: Dossier, at: datetime) -> int:
    """Erases a mail about nobody else as its time would, and of another what it says of the person."""
    if row["sha"] in person.alone:
        return _erase_mail(ledger, row, at)
    others = without_person(json.loads(row["body"]), person.number)
    is_named = any(word.casefold() in row["subject"].casefold() for word in person.words)
    ledger.execute(
        "UPDATE decision SET sender=?, subject=?, body=? WHERE sha=?",
        "" if row["sender"].lower() in person.addresses else row["sender"],
        "" if is_named else row["subject"],
        shape(Decision).dump_json(shape(Decision).validate_python(others)).decode(),
        row["sha"],
    )
    digest = ledger.keyed(person.number.digits)
    ledger.execute("DELETE FROM named WHERE sha=? AND person=?", row["sha"], digest)
    ledger.execute("DELETE FROM likeness WHERE sha=?", row["sha"])
    forget_acts(ledger, row["sha"])
    ledger.execute("UPDATE arrival SET erased_at=coalesce(erased_at, ?) WHERE sha=?", at, row["sha"])
    ledger.note(at, "erased mail", row["sha"])
    return 1


def _erase_elsewhere(ledger: Ledger, person: Dossier) -> None:
    for day, number in _batches_of(ledger, person).values():
        ledger.execute("UPDATE batch SET workbook=x'' WHERE day=? AND number=?", day, number)
    for address in person.addresses:
        ledger.execute("UPDATE bounce SET recipient='', diagnostic='' WHERE lower(recipient)=?", address)
    for row in ledger.query("SELECT sha, because, settled_by FROM hold WHERE because IS NOT NULL"):
        told = f"{row['because']} {row['settled_by']}".casefold()
        if any(word.casefold() in told for word in person.words):
            ledger.execute("UPDATE hold SET because='' WHERE sha=?", row["sha"])
    forget_acts_that_say(ledger, (*person.words, *person.cases, person.number.digits))


def _forget_files(ledger: Ledger, home: Home) -> None:
    for sha in ledger.erased_mails():
        home.forget(sha)
    home.forget_former_ledger()
    # Of words that are removed the index keeps a note until it is made anew.
    ledger.execute(anew())
    # secure_delete has overwritten the rows; this gives the free pages back as well.
    ledger.execute("VACUUM")


def export(ledger: Ledger, person: Dossier, at: datetime) -> Mapping[str, Any]:
    """Gathers all that is kept about a person, in full, and notes that it was handed out."""
    with ledger.transaction():
        ledger.note(at, "exported", [*person.cases, ledger.keyed(person.number.digits)][0])
    return export_of(ledger, person)


def broken_links(ledger: Ledger, home: Home) -> Sequence[str]:
    """Checks the seals of every row, and that every mail's bytes are there; gives a line per thing wrong."""
    wrong = [f"ledger {damage}" for damage in ledger.damage()]
    wrong += ledger.broken_seals()
    wrong += [f"open_case {number}" for number in ledger.wrongly_noted()]
    wrong += [f"arrival {sha}" for sha in ledger.wrongly_marked()]
    wrong += [f"to_release {name}" for name in ledger.wrongly_awaited()]
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
    for sha in ledger.kept_mails():
        try:
            home.raw(sha)
        except OperatorFault:
            wrong.append(f"mail {sha}")
    return wrong


def _back_up_people(home: Home, copies: Home) -> None:
    """Copies who may sit at the desk, to be taken back by name: somebody may have left since."""
    names = [name for name in (PEOPLE, PEOPLE_KEPT) if (home.folder / name).exists()]
    if names:
        copies.write_down(PEOPLE_KEPT, (home.folder / names[0]).read_text())
    else:
        (copies.folder / PEOPLE_KEPT).unlink(missing_ok=True)


def _refuse_what_is_in_use(home: Home, target: Path) -> None:
    """Refuses a folder in which a backup would take the place of a ledger that is worked with, or kept."""
    own, place = home.folder.resolve(), target.resolve()
    if own in (place, *place.parents):
        raise OperatorFault("backup_in_home", folder=target, home=home.folder)
    if not (target / "ledger.db").exists():
        return
    if not (target / RESTORED).exists():
        raise OperatorFault("backup_over_home", folder=target)
    key = target / "key"
    if not key.exists() or key.read_bytes() != home.key:
        raise OperatorFault("backup_of_another", folder=target)


def _draft_in(target: Path) -> Path:
    """Gives the place of the copied ledger in a folder that is made where it is missing."""
    draft = target / "ledger.db.tmp"
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.unlink(missing_ok=True)
    except OSError as fault:
        raise OperatorFault("backup_folder", folder=target, why=fault.strerror) from fault
    # What the ledger would say of it is taken for a trouble that passes, and no backup is ever made.
    if not os.access(target, os.W_OK | os.X_OK):
        raise OperatorFault("backup_folder", folder=target, why=os.strerror(errno.EACCES))
    return draft


def backup(ledger: Ledger, home: Home, target: Path, at: datetime) -> int:
    """Copies ledger, key, kept mail and the desk's people into a folder while everything goes on; gives the number of mails.

    The ledger is written beside its name and renamed when it is whole, so that an older backup stays until
    the new one can take its place. Kept mails never change; those already there are not copied again.
    Raises OperatorFault for a folder that is a home itself, or another office's backup, or not to be had.
    """
    _refuse_what_is_in_use(home, target)
    draft = _draft_in(target)
    ledger.execute("VACUUM INTO ?", str(draft))
    handle = os.open(draft, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    (target / "key").write_bytes(home.key)
    copies = Home(target)
    mails = ledger.kept_mails()
    for sha in mails:
        if not copies.has(sha):
            copies.keep(home.raw(sha))
    for sha in ledger.erased_mails():
        copies.forget(sha)
    _back_up_people(home, copies)
    # What comes after this moment, only the mail folders know.
    (target / RESTORED).touch()
    draft.rename(target / "ledger.db")
    # Where to look when the ledger itself cannot be asked any more.
    home.write_down(NEWEST_BACKUP, f"{target.resolve()} ({at.astimezone():%d.%m.%Y %H:%M})\n")
    with ledger.transaction():
        ledger.note(at, "backed up", str(len(mails)))
    return len(mails)
