"""ledger: what is known, in one SQLite file; every write in a transaction that is whole or not there."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlite_utils import Database

from pipeline.adapters.changes import watch
from pipeline.adapters.migrations import MIGRATIONS
from pipeline.cases import AWAITS_LIST, fold_case, latest_open, mail_number, receipt_key
from pipeline.domain import (
    Arrival,
    Batch,
    Bounce,
    Case,
    Decision,
    EarlyReceipt,
    Entry,
    Event,
    Evidence,
    Facts,
    Holder,
    Outcome,
    Place,
    Procedure,
    Receipt,
    ScannedForm,
    Spent,
    Submission,
    Transcript,
)
from pipeline.faults import OperatorFault
from pipeline.turkish import IdentityNumber

_DECISION = TypeAdapter(Decision)
_HOLDER = TypeAdapter(Holder)
_RECEIPT = TypeAdapter(Receipt)
_TRANSCRIPT = TypeAdapter(Transcript)

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


# So many mails of one sender come in the order of their arrival; beyond that, senders take turns.
_FREE_TURNS = 10


# The file beside a ledger that says when and where it was copied last.
NEWEST_BACKUP = "newest-backup"


def audit_hash(seq: int, at: str, event: str, about: str, before: str) -> str:
    """Chains one line of the audit log to the hash of the line before."""
    return hashlib.sha256("\x1f".join((str(seq), at, event, about, before)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A letter as it is kept: the rendered bytes that every attempt sends, and how far it has come."""

    id: int
    message_id: str
    kind: str
    about: str
    recipient: str
    subject: str
    body: bytes
    state: str
    attempts: int
    response: str
    planned_at: datetime
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One mail with its decision, as the report and the office see it."""

    sha: str
    number: str
    sender: str
    subject: str
    decided_at: datetime
    policy: str
    shunt: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Undecided:
    """A kept mail that has no decision, and how often judging it was begun."""

    sha: str
    received_at: datetime
    size: int
    begun: int


@dataclass(frozen=True, slots=True)
class Night:
    """One closed night: its day, running number, and the span of time it reports on."""

    day: date
    number: int
    since: datetime
    until: datetime


class Ledger:
    """The ledger of one home; one process at a time holds it."""

    def __init__(self, connection: sqlite3.Connection, key: bytes) -> None:
        connection.isolation_level = None
        self._key = key
        self._db = Database(connection)
        for pragma in _PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")
        self._tx = 0
        self._first: Callable[[], None] | None = None
        self._migrate()
        self._tx = watch(connection, lambda: self._tx)

    @classmethod
    def open(cls, file: Path, key: bytes) -> Ledger:
        """Opens or begins a ledger; raises OperatorFault where the file is damaged or from the future.

        Raises sqlite3.OperationalError where it is locked or out of reach. `key` is the home's secret,
        under which the ledger remembers what was erased.
        """
        connection = sqlite3.connect(file)
        try:
            problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if problem != "ok":
                raise _damaged(file, problem)
            return cls(connection, key)
        except BaseException as fault:
            connection.close()
            # A file that is locked or cannot be reached is not damaged: restoring it would lose mail.
            if isinstance(fault, sqlite3.DatabaseError) and not isinstance(fault, sqlite3.OperationalError):
                raise _damaged(file, fault) from fault
            raise

    @classmethod
    def in_memory(cls) -> Ledger:
        """Begins a ledger that is gone with its process."""
        return cls(sqlite3.connect(":memory:"), b"in memory")

    def copy(self) -> tuple[Ledger, sqlite3.Connection]:
        """Copies the ledger into memory, and gives the copy's connection as well."""
        copy = sqlite3.connect(":memory:")
        self._db.conn.backup(copy)
        return Ledger(copy, self._key), copy

    def copy_without(self, shas: Sequence[str]) -> Ledger:
        """Copies the ledger into memory as it was before some mails were judged, by them or an official."""
        ledger, _ = self.copy()
        with ledger.transaction():
            for sha in shas:
                proofs = (sha, "settle/" + mail_number(sha))
                for row in ledger._rows("SELECT receipt FROM entry WHERE proof IN (?, ?)", *proofs):
                    if row["receipt"]:
                        key = receipt_key(_RECEIPT.validate_json(row["receipt"]))
                        ledger._db.execute("DELETE FROM spent WHERE key=?", (ledger.keyed(key),))
                for sql, values in _FORGET:
                    ledger._db.execute(sql, [proofs[i] for i in values])
        return ledger

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def _migrate(self) -> None:
        done = self._db.execute("PRAGMA user_version").fetchone()[0]
        if done > len(MIGRATIONS):
            raise OperatorFault("ledger_newer", version=done, known=len(MIGRATIONS))
        for version, migration in enumerate(MIGRATIONS[done:], start=done + 1):
            with self.transaction():
                migration(self._db)
                # Inside the same transaction, so that a step is never half taken.
                self._db.execute(f"PRAGMA user_version={version}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Takes the write lock at once, and commits all or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        self._tx += 1
        try:
            if self._first:
                self._first()
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        self._first = None

    def write_first(self, first: Callable[[], None]) -> None:
        """Has something written in the next transaction, whatever that is about, before anything else."""
        self._first = first

    def query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Reads rows, for the modules that keep the ledger in order."""
        return self._rows(sql, *values)

    def execute(self, sql: str, *values: object) -> int:
        """Writes, inside a transaction, for the modules that keep the ledger in order; gives the rows changed."""
        return int(self._db.execute(sql, values).rowcount)

    def keyed(self, text: str) -> str:
        """Makes a mark by which a thing is known again after it has been erased (HMAC-SHA-256).

        A bare digest of an identity number would be guessed in minutes.
        """
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()

    def note(self, at: datetime, event: str, about: str) -> None:
        """Adds one line to the audit log, chained to the line before; call inside a transaction."""
        last = self._one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        seq, before = (last["seq"] + 1, last["hash"]) if last else (1, "")
        stamp = at.astimezone(UTC).isoformat()
        line = audit_hash(seq, stamp, event, about, before)
        self._db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?)", (seq, stamp, event, about, line))

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return list(self._db.query(sql, values))

    def _one(self, sql: str, *values: object) -> dict[str, Any] | None:
        return next(iter(self._rows(sql, *values)), None)

    # --- runs ----------------------------------------------------------------------------------

    def begin_run(self, command: str, at: datetime) -> int:
        """Notes that a command has begun, and gives the run's number."""
        with self.transaction():
            cursor = self._db.execute(
                "INSERT INTO run (command, started_at) VALUES (?, ?)", (command, at.isoformat())
            )
            return int(cursor.lastrowid or 0)

    def end_run(self, run: int, at: datetime, outcome: str) -> None:
        """Notes how a run ended."""
        with self.transaction():
            self._db.execute(
                "UPDATE run SET ended_at=?, outcome=? WHERE id=?", (at.isoformat(), outcome, run)
            )

    def last_run(self, command: str) -> dict[str, Any] | None:
        """Gives the newest run of a command."""
        return self._one("SELECT * FROM run WHERE command=? ORDER BY id DESC LIMIT 1", command)

    # --- hearing -------------------------------------------------------------------------------

    def cursor(self, account: str, folder: str) -> tuple[int, int] | None:
        """Gives the UIDVALIDITY and UIDNEXT up to which a folder's mails are known."""
        row = self._one("SELECT * FROM mailbox WHERE account=? AND folder=?", account, folder)
        return (row["uidvalidity"], row["uidnext"]) if row else None

    def note_snapshot(
        self, account: str, folder: str, uidvalidity: int, uidnext: int, uids: Sequence[int]
    ) -> None:
        """Writes down which mails lie in a folder; those not seen before are to be fetched.

        A mail that was filed and lies there again under the same UID is fetched and compared anew.
        """
        with self.transaction():
            self._db.execute(
                "INSERT INTO mailbox VALUES (?, ?, ?, ?) ON CONFLICT (account, folder) "
                "DO UPDATE SET uidvalidity=excluded.uidvalidity, uidnext=excluded.uidnext",
                (account, folder, uidvalidity, uidnext),
            )
            self._db.execute(
                "UPDATE sighting SET state='gone' WHERE account=? AND folder=? AND uidvalidity<>? "
                "AND state IN ('waiting', 'kept')",
                (account, folder, uidvalidity),
            )
            for uid in uids:
                self._db.execute(
                    "INSERT INTO sighting (account, folder, uidvalidity, uid, state) "
                    "VALUES (?, ?, ?, ?, 'waiting') ON CONFLICT DO UPDATE SET state='waiting' "
                    "WHERE state IN ('filed', 'gone')",
                    (account, folder, uidvalidity, uid),
                )

    def waiting(self, account: str, folder: str, most: int) -> list[int]:
        """Lists UIDs still to be fetched: the first few of every sender oldest first, then by turns."""
        rows = self._rows(
            "SELECT uid FROM (SELECT uid, tries, row_number() OVER (PARTITION BY sender ORDER BY tries > 0, uid) "
            "AS turn FROM sighting WHERE account=? AND folder=? AND state='waiting') "
            f"ORDER BY tries > 0, max(turn, {_FREE_TURNS}), uid LIMIT ?",
            account,
            folder,
            most,
        )
        return [row["uid"] for row in rows]

    def keep(self, place: Place, arrival: Arrival, sender: str, run: int) -> None:
        """Writes down that a mail's bytes are safely kept."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO arrival (sha, received_at, size, run, sender) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (arrival.sha, arrival.received_at.isoformat(), len(arrival.raw), run, self.keyed(sender)),
            )
            self._db.execute(
                "INSERT INTO sighting (account, folder, uidvalidity, uid, sha, state, kept_in) "
                "VALUES (?, ?, ?, ?, ?, 'kept', ?) ON CONFLICT DO UPDATE SET sha=excluded.sha, "
                "state='kept', kept_in=excluded.kept_in",
                (place.account, place.folder, place.uidvalidity, place.uid, arrival.sha, run),
            )

    def could_not_fetch(self, place: Place, why: str, most_tries: int) -> None:
        """Counts a failed fetch; after so many tries, or when the mail is gone, it is set aside."""
        state = "gone" if why == "gone" else "set_aside" if why == "too_large" else None
        with self.transaction():
            self._db.execute(
                "UPDATE sighting SET tries=tries+1, why=?, "
                "state=coalesce(?, CASE WHEN tries+1>=? THEN 'set_aside' ELSE state END) "
                "WHERE account=? AND folder=? AND uidvalidity=? AND uid=?",
                (why, state, most_tries, place.account, place.folder, place.uidvalidity, place.uid),
            )

    def to_file(self, account: str, folder: str) -> list[tuple[Place, Outcome]]:
        """Lists judged mails that still lie where they came in."""
        rows = self._rows(
            "SELECT s.*, d.outcome FROM sighting s JOIN decision d USING (sha) "
            "WHERE s.account=? AND s.folder=? AND s.state='kept' ORDER BY s.uid",
            account,
            folder,
        )
        return [
            (Place(r["account"], r["folder"], r["uidvalidity"], r["uid"]), Outcome(r["outcome"]))
            for r in rows
        ]

    def filed(self, places: Iterable[Place]) -> None:
        """Writes down that mails lie in their folders."""
        with self.transaction():
            for p in places:
                self._db.execute(
                    "UPDATE sighting SET state='filed' WHERE account=? AND folder=? AND uidvalidity=? AND uid=?",
                    (p.account, p.folder, p.uidvalidity, p.uid),
                )

    # --- deciding ------------------------------------------------------------------------------

    def is_decided(self, sha: str) -> bool:
        """Tells whether the very same bytes were judged before."""
        return self._one("SELECT 1 AS yes FROM decision WHERE sha=?", sha) is not None

    def undecided(self) -> list[Undecided]:
        """Lists kept mails without a decision: the first few of every sender oldest first, then by turns."""
        rows = self._rows(
            "SELECT * FROM (SELECT a.rowid AS id, a.*, row_number() OVER "
            "(PARTITION BY a.sender ORDER BY a.received_at, a.rowid) AS turn "
            "FROM arrival a LEFT JOIN decision d USING (sha) WHERE d.sha IS NULL) "
            f"ORDER BY max(turn, {_FREE_TURNS}), received_at, id"
        )
        return [
            Undecided(r["sha"], datetime.fromisoformat(r["received_at"]), r["size"], r["attempts"])
            for r in rows
        ]

    def begin(self, shas: Iterable[str], at: datetime) -> None:
        """Counts that judging mails has begun, and what they cost, before they can bring anything down."""
        with self.transaction():
            for sha in shas:
                self._db.execute("UPDATE arrival SET attempts=attempts+1 WHERE sha=?", (sha,))
                self._db.execute(
                    "INSERT INTO usage (sha, sender, at, bytes) SELECT sha, sender, ?, size FROM arrival "
                    "WHERE sha=? ON CONFLICT DO NOTHING",
                    (at.isoformat(), sha),
                )

    def forgive(self) -> None:
        """Forgets how often judging the undecided mails was begun: the runs came to an end of their own."""
        with self.transaction():
            self._db.execute(
                "UPDATE arrival SET attempts=0 WHERE attempts>0 AND sha NOT IN (SELECT sha FROM decision)"
            )

    def transcript(self, digest: str, version: str) -> Transcript | None:
        """Gives what was read from a file before, by the same version of the readers."""
        row = self._one("SELECT body FROM transcript WHERE digest=? AND version=?", digest, version)
        return _TRANSCRIPT.validate_json(row["body"]) if row else None

    def keep_transcripts(self, transcripts: Iterable[Transcript], version: str, at: datetime) -> None:
        """Keeps what was read from files, so that they are never read twice."""
        with self.transaction():
            for transcript in transcripts:
                self._db.execute(
                    "INSERT INTO transcript VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (transcript.digest, version, _TRANSCRIPT.dump_json(transcript).decode(), at.isoformat()),
                )

    def facts(self, today: date, evidence: Evidence, submission: Submission) -> Facts:
        """Gathers what one mail cannot know: open cases of those it names and of its sender, receipts spent."""
        cases: dict[IdentityNumber, Case] = {}
        paid_cases: dict[tuple[IdentityNumber, Procedure], Case] = {}
        claims: tuple[Holder | Receipt | ScannedForm, ...] = (
            *evidence.holders,
            *evidence.receipts,
            *evidence.forms,
        )
        for number in {c.identity_number for c in claims if c.identity_number}:
            found = self.cases_of(number)
            for procedure in Procedure:
                case = latest_open(c for c in found if c.procedure is procedure)
                if case and procedure is Procedure.LOST_OR_STOLEN:
                    cases[number] = case
                elif case:
                    paid_cases[number, procedure] = case
        spent = {}
        for key in {receipt_key(r) for r in evidence.receipts}:
            if row := self._one("SELECT * FROM spent WHERE key=?", self.keyed(key)):
                # Only whether it was the same sender can be told, and that is all there is to know.
                same = self.keyed(submission.sender) == row["sender"]
                spent[key] = Spent(row["case_number"], submission.sender if same else "")
        return Facts(
            today,
            cases,
            spent,
            paid_cases,
            self._cases_of_address(submission.sender),
            self._vouched(submission.sender),
            self._cases_sent(submission),
            withdrawing=self._withdrawing(cases.values()),
            early=self._early({h.identity_number for h in evidence.holders if h.identity_number}),
        )

    def _early(self, numbers: Collection[IdentityNumber]) -> tuple[EarlyReceipt, ...]:
        """Lists the receipts of these people that are alone in their mail and wait for a list only."""
        if not numbers:
            return ()
        rows = self._rows(
            "SELECT d.* FROM hold h JOIN decision d USING (sha) WHERE h.state='open' AND instr(d.body, ?)",
            AWAITS_LIST,
        )
        waiting = [(row["sha"], _judged(row).decision) for row in rows]
        return tuple(
            EarlyReceipt(sha, decision.evidence.receipts[0])
            for sha, decision in waiting
            if {finding.rule for finding in decision.findings} == {AWAITS_LIST}
            and decision.evidence == Evidence(receipts=decision.evidence.receipts)
            and len(decision.evidence.receipts) == 1
            and decision.evidence.receipts[0].identity_number in numbers
        )

    def _cases_of_address(self, address: str) -> tuple[Case, ...]:
        """Folds the open cases whose link, or whose receipt where no list came, belongs to an address."""
        if not address:
            return ()
        found = self._cases(
            "WHERE case_number IN (SELECT case_number FROM entry WHERE address=?)", self.keyed(address)
        )
        return tuple(
            case
            for case in found
            if not case.is_closed and (case.holder is None or _address_of(case.holder) == address)
        )

    def _cases_sent(self, submission: Submission) -> tuple[Case, ...]:
        """Folds the open cases that came in the thread of a mail, or else in the sender's last mails."""
        mails = [
            row["about"]
            for reference in submission.references
            for row in self._rows("SELECT about FROM letter WHERE message_id=?", reference)
        ] or [
            row["sha"]
            for row in self._rows(
                "SELECT sha FROM decision WHERE sender=? AND sender<>'' ORDER BY rowid DESC LIMIT 20",
                submission.sender,
            )
        ]
        found: dict[str, Case] = {}
        for mail in mails:
            where = (
                "WHERE case_number IN (SELECT case_number FROM entry WHERE proof=? AND holder IS NOT NULL)"
            )
            found |= {case.number: case for case in self._cases(where, mail) if not case.is_closed}
        return tuple(found.values())

    def _vouched(self, sender: str) -> frozenset[str]:
        """Lists the mail domains of holders that officials let a sender write for."""
        rows = self._rows(
            "SELECT d.body FROM hold h JOIN decision d USING (sha) WHERE h.state='accepted' AND d.sender=? "
            "AND sender<>''",
            sender,
        )
        holders = (e.holder for r in rows for e in _DECISION.validate_json(r["body"]).withheld if e.holder)
        return frozenset(_address_of(holder).rpartition("@")[2] for holder in holders)

    def cases_of(self, number: IdentityNumber) -> list[Case]:
        """Folds every case of one person."""
        return self._cases("WHERE identity_number=?", number.digits)

    def case(self, number: str) -> Case | None:
        """Folds one case."""
        return next(iter(self._cases("WHERE case_number=?", number)), None)

    def earlier_decisions(
        self, sender: str, references: Iterable[str], people: Iterable[IdentityNumber]
    ) -> Iterator[Decision]:
        """Gives the decisions that a mail may go on from, the newest first.

        Those whose letter it answers, those of the same sender, and those about the same people.
        """
        found: set[int] = set()
        for sql, values in (
            (
                "SELECT d.rowid AS id FROM letter l JOIN decision d ON d.sha=l.about WHERE l.message_id=?",
                references,
            ),
            ("SELECT rowid AS id FROM decision WHERE sender=? ORDER BY rowid DESC LIMIT 20", [sender]),
            (
                "SELECT d.rowid AS id FROM named n JOIN decision d USING (sha) WHERE n.person=? "
                "ORDER BY d.rowid DESC LIMIT 20",
                [self.keyed(number.digits) for number in people],
            ),
        ):
            found |= {row["id"] for value in values for row in self._rows(sql, value)}
        for row_id in sorted(found, reverse=True):
            yield _judged(self._rows("SELECT * FROM decision WHERE rowid=?", row_id)[0]).decision

    def _withdrawing(self, cases: Iterable[Case]) -> frozenset[str]:
        """Names those of some cases whose withdrawal is not settled yet."""
        return frozenset(
            case.number
            for case in cases
            for row in self._rows(
                "SELECT d.* FROM hold h JOIN decision d USING (sha) WHERE h.state='open' AND instr(d.body, ?)",
                case.number,
            )
            for entry in _judged(row).decision.withheld
            if entry.case == case.number and entry.event is Event.WITHDRAWN
        )

    def unbatched_cases(self) -> list[Case]:
        """Folds every open case that waits for a list to go out: never listed to Kamu SM, or corrected since."""
        return [
            case
            for case in self._cases(
                "WHERE case_number IN (SELECT case_number FROM entry WHERE event='listed') AND "
                "(case_number NOT IN (SELECT case_number FROM batch_row) OR case_number IN "
                "(SELECT case_number FROM entry WHERE event='returned_by_kamu_sm'))"
            )
            if not (case.is_closed or case.batch or case.is_returned)
        ]

    def waiting_since(self, case: str) -> datetime:
        """Tells when the list that a case waits with was accepted: its first, or the one that corrected it."""
        row = self._one(
            "SELECT coalesce(d.decided_at, h.settled_at) AS at FROM entry e "
            "LEFT JOIN decision d ON d.sha=e.proof "
            "LEFT JOIN decision m ON m.number=substr(e.proof, 8) LEFT JOIN hold h ON h.sha=m.sha "
            "WHERE e.case_number=? AND e.event IN ('listed', 'amended') AND e.id>coalesce((SELECT max(id) FROM entry "
            "WHERE case_number=e.case_number AND event='returned_by_kamu_sm'), 0) ORDER BY e.id LIMIT 1",
            case,
        )
        assert row is not None
        return datetime.fromisoformat(row["at"])

    def all_cases(self) -> list[Case]:
        """Folds every case."""
        return self._cases("")

    def _cases(self, where: str, *values: object) -> list[Case]:
        entries: dict[str, list[Entry]] = {}
        for row in self._rows(f"SELECT * FROM entry {where} ORDER BY id", *values):
            entries.setdefault(row["case_number"], []).append(_entry(row))
        unreleased = {f"{row['day']}/{row['number']}" for row in self.unreleased()}
        cases = map(fold_case, entries.values())
        return [replace(c, awaits_release=True) if c.batch in unreleased else c for c in cases]

    def unreleased(self) -> list[dict[str, Any]]:
        """Lists the batches that the IT unit has yet to release, oldest first."""
        return self._rows(
            "SELECT b.day, b.number, b.digest, b.rows FROM batch b LEFT JOIN release r USING (day, number) "
            "WHERE b.for_release AND r.day IS NULL ORDER BY b.day, b.number"
        )

    def enter(
        self,
        sha: str,
        sender: str,
        subject: str,
        decided_at: datetime,
        policy: str,
        shunt: str,
        decision: Decision,
    ) -> None:
        """Writes a decision with its entries; call inside a transaction, with its letter."""
        self._db.execute(
            "INSERT INTO decision (sha, number, sender, subject, outcome, procedure, silence, shunt, "
            "decided_at, policy, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sha,
                mail_number(sha),
                sender,
                subject,
                decision.outcome,
                decision.procedure,
                decision.silence,
                shunt,
                decided_at.isoformat(),
                policy,
                _DECISION.dump_json(decision).decode(),
            ),
        )
        self.note(decided_at, f"decided {decision.outcome}", sha)
        for number in {h.identity_number.digits for h in decision.evidence.holders if h.identity_number}:
            self._db.execute("INSERT INTO named VALUES (?, ?)", (self.keyed(number), sha))
        if decision.outcome is Outcome.HELD or decision.withheld:
            self._db.execute("INSERT INTO hold (sha) VALUES (?)", (sha,))
        early = [e for e in decision.entries if e.proof != sha]
        self.add_entries((e for e in decision.entries if e.proof == sha), sender)
        for entry in early:
            # A receipt that had waited was sent by whoever sent it then, and its mail waits no longer.
            waiting = self.judged(entry.proof)
            self.add_entries([entry], waiting.sender if waiting else sender)
            self.settle(entry.proof, "accepted", mail_number(sha), "nes-intake", decided_at)

    def add_entries(self, entries: Iterable[Entry], sender: str) -> None:
        """Writes entries and spends their receipts, which `sender` sent; call inside a transaction."""
        for e in entries:
            self._db.execute(
                "INSERT INTO entry (case_number, procedure, identity_number, event, day, proof, holder, receipt, address) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    e.case,
                    e.procedure,
                    e.identity_number.digits,
                    e.event,
                    e.day.isoformat(),
                    e.proof,
                    _HOLDER.dump_json(e.holder).decode() if e.holder else None,
                    _RECEIPT.dump_json(e.receipt).decode() if e.receipt else None,
                    self._address_mark(e, sender),
                ),
            )
            if e.receipt:
                self._db.execute(
                    "INSERT INTO spent VALUES (?, ?, ?)",
                    (self.keyed(receipt_key(e.receipt)), e.case, self.keyed(sender)),
                )

    def _address_mark(self, entry: Entry, sender: str) -> str:
        # A receipt in a case with a list may come from anyone; where no list is, it comes from its own.
        if entry.holder:
            return self.keyed(_address_of(entry.holder))
        return "" if entry.procedure is Procedure.LOST_OR_STOLEN else self.keyed(sender)

    def judged(self, sha: str) -> Judged | None:
        """Gives one decision."""
        row = self._one("SELECT * FROM decision WHERE sha=?", sha)
        return _judged(row) if row else None

    def judged_number(self, number: str) -> Judged | None:
        """Gives the decision about a mail by the mail's number."""
        row = self._one("SELECT * FROM decision WHERE number=?", number)
        return _judged(row) if row else None

    def judged_about(self, case: str) -> list[Judged]:
        """Lists the decisions that a case's entries follow from, or that would be made into entries of it."""
        rows = self._rows(
            "SELECT DISTINCT d.rowid, d.* FROM decision d WHERE d.sha IN (SELECT proof FROM entry WHERE case_number=?) "
            "OR 'settle/' || d.number IN (SELECT proof FROM entry WHERE case_number=?) ORDER BY d.rowid",
            case,
            case,
        )
        known = {row["sha"] for row in rows}
        waiting = [j for j in self.open_holds() if case in {e.case for e in j.decision.withheld}]
        return [_judged(row) for row in rows] + [j for j in waiting if j.sha not in known]

    def entries_of(self, case: str) -> list[Entry]:
        """Lists the entries of one case, oldest first."""
        return [
            _entry(row) for row in self._rows("SELECT * FROM entry WHERE case_number=? ORDER BY id", case)
        ]

    def hold(self, sha: str) -> dict[str, Any] | None:
        """Gives how a held mail stands: open, or settled by whom and why."""
        return self._one("SELECT * FROM hold WHERE sha=?", sha)

    def judged_between(self, since: datetime, until: datetime) -> list[Judged]:
        """Lists the decisions of a span of time, oldest first."""
        rows = self._rows(
            "SELECT * FROM decision WHERE decided_at>? AND decided_at<=? ORDER BY rowid",
            since.isoformat(),
            until.isoformat(),
        )
        return [_judged(row) for row in rows]

    # --- what waits for a person ---------------------------------------------------------------

    def open_holds(self) -> list[Judged]:
        """Lists the mails an official has yet to settle, oldest first."""
        rows = self._rows(
            "SELECT d.* FROM hold h JOIN decision d USING (sha) WHERE h.state='open' ORDER BY d.rowid"
        )
        return [_judged(row) for row in rows]

    def settle(self, sha: str, state: str, because: str, by: str, at: datetime) -> None:
        """Writes an official's word about a held mail; call inside a transaction."""
        self._db.execute(
            "UPDATE hold SET state=?, because=?, settled_by=?, settled_at=? WHERE sha=? AND state='open'",
            (state, because, by, at.isoformat(), sha),
        )
        self.note(at, f"settled {state}", sha)

    # --- letters -------------------------------------------------------------------------------

    def plan_letter(
        self, message_id: str, kind: str, about: str, recipient: str, subject: str, body: bytes, at: datetime
    ) -> None:
        """Stores a rendered letter before anything is sent; call inside a transaction."""
        self._db.execute(
            "INSERT INTO letter (message_id, kind, about, recipient, subject, body, state, planned_at, next_at) "
            "VALUES (?, ?, ?, ?, ?, ?, 'planned', ?, ?)",
            (message_id, kind, about, recipient, subject, body, at.isoformat(), at.isoformat()),
        )
        self.note(at, "letter planned", message_id)

    def answers_since(self, recipient: str, since: datetime) -> int:
        """Counts the answers written to an address since a moment."""
        row = self._one(
            "SELECT count(*) AS n FROM letter WHERE recipient=? AND planned_at>? AND kind NOT IN ('batch', 'nightly', 'alarm', 'all_clear')",
            recipient,
            since.isoformat(),
        )
        return int(row["n"]) if row else 0

    def note_bounce(self, sha: str, bounce: Bounce) -> None:
        """Writes down that a letter of ours came back, matched by its Message-ID; call inside a transaction."""
        marks = ",".join("?" * len(bounce.message_ids))
        letter = self._one(
            f"SELECT id FROM letter WHERE message_id IN ({marks}) ORDER BY id DESC LIMIT 1",
            *bounce.message_ids,
        )
        self._db.execute(
            "INSERT INTO bounce VALUES (?, ?, ?, ?, ?)",
            (sha, letter and letter["id"], bounce.recipient, bounce.status, bounce.diagnostic),
        )

    def bounces_between(self, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """Lists the letters that came back in a span of time, each with its mail's number and cases.

        A report about no letter that we know has neither.
        """
        rows = self._rows(
            "SELECT b.*, l.subject, l.about, l.recipient AS written_to, m.number AS mail FROM bounce b "
            "JOIN decision d USING (sha) LEFT JOIN letter l ON l.id=b.letter LEFT JOIN decision m ON m.sha=l.about "
            "WHERE d.decided_at>? AND d.decided_at<=? ORDER BY d.rowid",
            since.isoformat(),
            until.isoformat(),
        )
        cases = "SELECT DISTINCT case_number AS n FROM entry WHERE proof=? ORDER BY 1"
        return [{**row, "cases": [r["n"] for r in self._rows(cases, row["about"])]} for row in rows]

    def due_letters(self, now: datetime) -> list[int]:
        """Lists the letters to be sent now, oldest first, by id; while a stop is open, those to the unit alone."""
        rows = self._rows(
            "SELECT id FROM letter WHERE state IN ('planned', 'deferred') AND next_at<=? AND "
            "(kind IN ('nightly', 'alarm', 'all_clear') OR NOT EXISTS (SELECT 1 FROM stop WHERE settled_at IS NULL)) ORDER BY id",
            now.isoformat(),
        )
        return [row["id"] for row in rows]

    def letters_in_state(self, *states: str) -> list[StoredLetter]:
        """Lists the letters in any of some states."""
        marks = ",".join("?" * len(states))
        return [
            _letter(r)
            for r in self._rows(f"SELECT * FROM letter WHERE state IN ({marks}) ORDER BY id", *states)
        ]

    def letters_about(self, about: str) -> list[StoredLetter]:
        """Lists the letters about a mail, batch or night."""
        return [_letter(r) for r in self._rows("SELECT * FROM letter WHERE about=? ORDER BY id", about)]

    def letter(self, letter_id: int) -> StoredLetter:
        """Gives one letter."""
        return _letter(self._rows("SELECT * FROM letter WHERE id=?", letter_id)[0])

    def mark_letter(
        self, letter_id: int, state: str, at: datetime, response: str, next_at: datetime | None
    ) -> None:
        """Writes how far a letter has come."""
        with self.transaction():
            self._db.execute(
                "UPDATE letter SET state=?, response=?, changed_at=?, next_at=coalesce(?, next_at), "
                "attempts=attempts+(?<>'started') WHERE id=?",
                (state, response, at.isoformat(), next_at and next_at.isoformat(), state, letter_id),
            )
            message_id = self._rows("SELECT message_id FROM letter WHERE id=?", letter_id)[0]["message_id"]
            self.note(at, f"letter {state}", message_id)

    # --- nights --------------------------------------------------------------------------------

    def last_night(self) -> Night | None:
        """Gives the newest closed night."""
        row = self._one("SELECT * FROM night ORDER BY day DESC LIMIT 1")
        return _night(row) if row else None

    def night(self, day: date) -> Night | None:
        """Gives the closed night of a day."""
        row = self._one("SELECT * FROM night WHERE day=?", day.isoformat())
        return _night(row) if row else None

    def first_kept_at(self) -> datetime | None:
        """Tells when the first run of all began."""
        row = self._one("SELECT min(started_at) AS at FROM run")
        return datetime.fromisoformat(row["at"]) if row and row["at"] else None

    def close_night(self, night: Night) -> None:
        """Writes a night; call inside a transaction, with its batches."""
        self._db.execute(
            "INSERT INTO night VALUES (?, ?, ?, ?)",
            (night.day.isoformat(), night.number, night.since.isoformat(), night.until.isoformat()),
        )
        self.note(night.until, "night closed", night.day.isoformat())

    def close_batch(self, batch: Batch, digest: str, is_for_release: bool, at: datetime) -> None:
        """Writes a batch, each case in one batch of the night once; call inside a transaction."""
        self.note(at, f"batch closed {batch.name}", digest)
        self._db.execute(
            "INSERT INTO batch (day, number, digest, rows, workbook, for_release) VALUES (?, ?, ?, ?, ?, ?)",
            (
                batch.day.isoformat(),
                batch.number,
                digest,
                len(batch.cases),
                batch.workbook,
                int(is_for_release),
            ),
        )
        for position, case in enumerate(batch.cases, start=1):
            self._db.execute(
                "INSERT INTO batch_row VALUES (?, ?, ?, ?)",
                (case.number, batch.day.isoformat(), batch.number, position),
            )
        self.add_entries(
            (
                Entry(c.number, c.procedure, c.identity_number, Event.BATCHED, batch.day, batch.name)
                for c in batch.cases
            ),
            sender="",
        )

    def batches(self) -> list[dict[str, Any]]:
        """Lists the batches, newest first, without their workbooks."""
        return self._rows("SELECT day, number, digest, rows FROM batch ORDER BY day DESC, number DESC")

    def batch_workbook(self, day: date, number: int) -> bytes | None:
        """Gives a batch's workbook."""
        row = self._one("SELECT workbook FROM batch WHERE day=? AND number=?", day.isoformat(), number)
        return row["workbook"] if row else None

    def balance(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """Counts a span of time: mails heard, decisions by outcome, repeats of mails known already.

        Counted from different tables, so that the sum can be wrong where something was lost.
        """
        span = (since.isoformat(), until.isoformat())
        heard = self._one(
            "SELECT count(*) AS n FROM sighting s JOIN run r ON r.id=s.kept_in "
            "WHERE r.started_at>? AND r.started_at<=? AND s.sha IS NOT NULL",
            *span,
        )
        fresh = self._one(
            "SELECT count(*) AS n FROM arrival a JOIN run r ON r.id=a.run WHERE r.started_at>? AND r.started_at<=?",
            *span,
        )
        counts = {
            row["outcome"]: row["n"]
            for row in self._rows(
                "SELECT d.outcome AS outcome, count(*) AS n FROM decision d JOIN arrival a USING (sha) JOIN run r ON r.id=a.run "
                "WHERE r.started_at>? AND r.started_at<=? GROUP BY d.outcome",
                *span,
            )
        }
        undecided = self._one(
            "SELECT count(*) AS n FROM arrival a LEFT JOIN decision d USING (sha) JOIN run r ON r.id=a.run "
            "WHERE d.sha IS NULL AND r.started_at>? AND r.started_at<=?",
            *span,
        )
        assert heard is not None
        assert fresh is not None
        assert undecided is not None
        return {
            "heard": heard["n"],
            "undecided": undecided["n"],
            "duplicates": heard["n"] - fresh["n"],
            **{outcome: counts.get(outcome, 0) for outcome in Outcome},
        }

    def unfetched(self) -> list[dict[str, Any]]:
        """Lists the mails that could not be fetched after every try, or are too large."""
        return self._rows("SELECT * FROM sighting WHERE state='set_aside' ORDER BY account, folder, uid")

    def counts(self) -> Mapping[str, int]:
        """Counts what is on its way: mails to fetch and judge, letters by state, holds, cases."""
        rows = {
            "waiting": "SELECT count(*) AS n FROM sighting WHERE state='waiting'",
            "undecided": "SELECT count(*) AS n FROM arrival LEFT JOIN decision d USING (sha) WHERE d.sha IS NULL",
            "to_file": "SELECT count(*) AS n FROM sighting WHERE state='kept'",
            "letters_to_send": "SELECT count(*) AS n FROM letter WHERE state IN ('planned', 'deferred', 'started')",
            "letters_failed": "SELECT count(*) AS n FROM letter WHERE state IN ('failed', 'in_doubt')",
            "held": "SELECT count(*) AS n FROM hold WHERE state='open'",
        }
        return {name: (self._one(sql) or {"n": 0})["n"] for name, sql in rows.items()}


def _damaged(file: Path, why: object) -> OperatorFault:
    """Says that a ledger is damaged, and where its newest backup is, if there is one."""
    note = file.with_name(NEWEST_BACKUP)
    if note.exists():
        return OperatorFault("ledger_damaged_backed_up", file=file, why=why, backup=note.read_text().strip())
    return OperatorFault("ledger_damaged", file=file, why=why)


# What a decision left behind, undone in the order that keeps every reference whole; the numbers say
# which of the mail's two proofs, its own or the official's, each question mark stands for.
_FORGET: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("DELETE FROM bounce WHERE sha=? OR letter IN (SELECT id FROM letter WHERE about=?)", (0, 0)),
    ("DELETE FROM letter WHERE about=?", (0,)),
    ("DELETE FROM named WHERE sha=?", (0,)),
    ("DELETE FROM likeness WHERE sha=?", (0,)),
    ("DELETE FROM hold WHERE sha=?", (0,)),
    (
        "DELETE FROM batch_row WHERE case_number IN "
        "(SELECT case_number FROM entry WHERE proof IN (?, ?) AND event='listed')",
        (0, 1),
    ),
    (
        "DELETE FROM entry WHERE event<>'listed' AND case_number IN "
        "(SELECT case_number FROM entry WHERE proof IN (?, ?) AND event='listed')",
        (0, 1),
    ),
    ("DELETE FROM entry WHERE proof IN (?, ?)", (0, 1)),
    ("DELETE FROM decision WHERE sha=?", (0,)),
)


def _address_of(holder: Holder) -> str:
    return (holder.work_email or "").lower()


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        case=row["case_number"],
        procedure=Procedure(row["procedure"]),
        identity_number=IdentityNumber(row["identity_number"]),
        event=Event(row["event"]),
        day=date.fromisoformat(row["day"]),
        proof=row["proof"],
        holder=_HOLDER.validate_json(row["holder"]) if row["holder"] else None,
        receipt=_RECEIPT.validate_json(row["receipt"]) if row["receipt"] else None,
    )


def _judged(row: Mapping[str, Any]) -> Judged:
    return Judged(
        sha=row["sha"],
        number=row["number"],
        sender=row["sender"],
        subject=row["subject"],
        decided_at=datetime.fromisoformat(row["decided_at"]),
        policy=row["policy"],
        shunt=row["shunt"],
        decision=_DECISION.validate_json(row["body"]),
    )


def _letter(row: Mapping[str, Any]) -> StoredLetter:
    kept = {key: row[key] for key in StoredLetter.__dataclass_fields__}
    changed = row["changed_at"]
    moments = {
        "planned_at": datetime.fromisoformat(row["planned_at"]),
        "changed_at": datetime.fromisoformat(changed) if changed else None,
    }
    return StoredLetter(**{**kept, **moments})


def _night(row: Mapping[str, Any]) -> Night:
    return Night(
        date.fromisoformat(row["day"]),
        row["number"],
        datetime.fromisoformat(row["since"]),
        datetime.fromisoformat(row["until"]),
    )
