"""replay: a night made again from the kept bytes, by the rules and hours of its day, and compared.

A copy of the ledger is taken back in time, one transaction after the other. Wherever one of the night's
verdicts, answers to an official's word, or the night itself was written, the very same is done again on what
the ledger was just before, and every row and byte is compared. What people and servers did in between is
taken as it was. Nothing but the copy, in memory, is ever written.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email.message import EmailMessage
from typing import Any, get_args

from pipeline.acts.acting import Act
from pipeline.acts.repeating import is_of_a_mail, repeat
from pipeline.acts.settling import settle_as_formerly
from pipeline.domain import Arrival, HoldState
from pipeline.domain.acts import Done
from pipeline.domain.claims import Verb
from pipeline.domain.faults import OperatorFault
from pipeline.intake.deciding import judge_again
from pipeline.ledger import quotas
from pipeline.ledger.acts import done_of
from pipeline.ledger.book import Ledger
from pipeline.ledger.changes import (
    Change,
    Rows,
    begin_going_back,
    cases_gone_back,
    changes_after,
    is_at_its_beginning,
    last_transaction,
    rows_of,
    undo,
)
from pipeline.ledger.in_force import InForce, in_force, policy_files
from pipeline.night.closing import close_night
from pipeline.office.shop import Run, Shop
from pipeline.policy.formerly import with_todays_keys
from pipeline.policy.policy import Policy, kept_policy
from pipeline.sandbox.scanner.scan import timed_scan

# The audit log has a chain of its own, files are not read again, and what that cost was measured. What is
# marked as done, or as open, follows from decisions and entries, and was not always marked.
_NOT_COMPARED = {
    "audit",
    "in_force",
    "policy",
    "run",
    "transcript",
    "usage",
    "arrival",
    "open_case",
    "to_release",
}
# The columns by which people know a row; the others go by their keys.
_NAMES = {
    "decision": ("number",),
    "letter": ("kind", "message_id"),
    "entry": ("case_number", "event", "proof"),
    "batch": ("day", "number"),
    "batch_row": ("case_number",),
    "night": ("day",),
}
_Named = Mapping[tuple[str, str], Mapping[str, Any]]
_WORDS = {HoldState.ACCEPTED: Verb.ACCEPT, HoldState.RETURNED: Verb.RETURN}
_CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One stored row that does not come out the same: its table, its name for people, and what of it."""

    table: str
    name: str
    what: tuple[str, ...]


@dataclass(slots=True)
class Replayed:
    """What was made again, what differs, and what could not be made again."""

    verdicts: int = 0
    settlements: int = 0
    letters: int = 0
    differences: list[Difference] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    # Mails with a file whose reading was not kept, so that it was read anew.
    read_anew: list[str] = field(default_factory=list)
    # Letters of other steps at the desk, and alarms: taken as they were written.
    taken: int = 0
    # Versions of the program, other than this one, that wrote any of it.
    programs: set[str] = field(default_factory=set)

    @property
    def is_equal(self) -> bool:
        """Tells whether everything was made again and came out the same."""
        return not (self.differences or self.erased)


def replay(shop: Shop, day: date) -> Replayed:
    """Makes the night of a day again; raises OperatorFault where there is none, or it lies too far back."""
    if shop.ledger.night(day) is None:
        raise OperatorFault("no_such_night", day=day)
    ledger, connection = shop.ledger.copy()
    replayed = Replayed()
    try:
        begin_going_back(connection)
        again = _Again(shop, ledger, connection, replayed)
        for step in _steps_of_night(connection, day):
            again.take(step)
    finally:
        ledger.close()
    replayed.differences.reverse()
    return replayed


def _steps_of_night(connection: sqlite3.Connection, day: date) -> Iterator[Sequence[Change]]:
    """Goes back through a night's transactions, the newest first; whoever takes one undoes it."""
    reached = False
    while step := last_transaction(connection):
        nights = [c.key for c in step if c.table == "night" and c.kind == "insert"]
        if nights and reached:
            return
        reached = reached or f"\"day\"='{day.isoformat()}'" in nights
        if reached:
            yield step
        else:
            undo(connection, step[0].id - 1)
    # Changes are noted from a ledger's first on; where they are not, older ones have been forgotten.
    if not reached or not is_at_its_beginning(connection):
        raise OperatorFault("replay_too_far_back", day=day)


class _Again:
    """Does the steps of a night again, each on the ledger as it was just before."""

    def __init__(
        self,
        shop: Shop,
        ledger: Ledger,
        connection: sqlite3.Connection,
        replayed: Replayed,
    ) -> None:
        self._shop, self._ledger, self._connection = shop, ledger, connection
        self._replayed = replayed
        self._policies: dict[str, Policy] = {}

    def take(self, step: Sequence[Change]) -> None:
        """Undoes one transaction and, where it is one of ours to repeat, does and compares it."""
        then = rows_of(self._connection, step)
        by = in_force(self._ledger)
        start = step[0].id - 1
        undo(self._connection, start)
        doing = self._doing(step, then, by)
        if doing is None:
            written = {c.table for c in step if c.kind == "insert"}
            if not written & {"decision", "night"}:
                self._replayed.taken += sum(c.table == "letter" and c.kind == "insert" for c in step)
            return
        self._note_what_waited()
        doing()
        now = rows_of(self._connection, changes_after(self._connection, start))
        undo(self._connection, start)
        stored, made = _by_name(then), _by_name(now)
        for place, row in list(stored.items()):
            if place[0] == "letter" and not row["body"]:
                self._replayed.erased.append(place[1])
                made[place] = stored[place]
        self._replayed.letters += sum(table == "letter" for table, _ in stored)
        self._replayed.differences += _differences(stored, made)

    def _note_what_waited(self) -> None:
        """Has lists wait for their release that did so then: what was noted late is not undone with them."""
        if self._ledger.wrongly_awaited():
            with self._ledger.transaction():
                self._ledger.see_what_awaits()

    def _doing(self, step: Sequence[Change], then: Rows, by: InForce | None) -> Callable[[], object] | None:
        """Finds out what a transaction was about, and gives the way to do it again."""
        inserted = {c.table: then[c.table, c.key] for c in reversed(step) if c.kind == "insert"}
        if decision := inserted.get("decision"):
            self._replayed.verdicts += 1
            return self._verdict(decision, by, then)
        if night := inserted.get("night"):
            if "letter" not in inserted:
                raise OperatorFault("replay_rebuilt", day=night["day"])
            return self._night(night, by)
        first = next((c for c in step if c.table not in ("in_force", "policy")), step[0])
        if first.table == "act" and (row := then[first.table, first.key]):
            return self._act(done_of(row), by)
        hold = then[first.table, first.key] if first.table == "hold" else None
        if hold and first.kind == "update":
            self._replayed.settlements += 1
            return self._settlement(hold, by)
        if first.table == "settled" and first.kind == "insert" and (row := then[first.table, first.key]):
            self._replayed.settlements += 1
            return self._settlement(row, by, str(row["case_number"]))
        return None

    def _verdict(self, row: Mapping[str, Any], by: InForce | None, then: Rows) -> Callable[[], object] | None:
        sha, at = row["sha"], datetime.fromisoformat(row["decided_at"])
        # A list that ended the waiting of an earlier receipt cannot be judged again without it.
        waited = [hold["sha"] for (table, _), hold in then.items() if table == "hold" and hold]
        if any(self._is_erased(one, row["number"]) for one in (sha, *waited)):
            return None
        arrival = Arrival(sha, self._shop.home.raw(sha), self._ledger.received_at(sha))
        # What was read for this mail was kept with its decision, and is undone with it.
        read = [kept for (table, _), kept in then.items() if table == "transcript" and kept]
        own = {kept["digest"]: kept["body"] for kept in read}
        transcripts = _KeptTranscripts(self._ledger, own, self._shop.readers)
        shop = self._shop_of(by, at, transcripts)

        def again() -> None:
            # That a run was killed, or a sender had cost too much by then, was the day's doing.
            is_of_the_day = row["shunt"] in (_CRASHED, *get_args(quotas.Exceeded))
            judge_again(shop.sitting(), arrival, row["shunt"] if is_of_the_day else "")
            if transcripts.is_read_anew:
                self._replayed.read_anew.append(row["number"])

        return again

    def _settlement(
        self, hold: Mapping[str, Any], by: InForce | None, case: str = ""
    ) -> Callable[[], object] | None:
        held = self._ledger.judged(hold["sha"])
        assert held is not None
        if self._is_erased(held.sha, held.number):
            return None
        shop = self._shop_of(by, datetime.fromisoformat(hold["settled_at"]), self._shop.readers)
        act = Act(hold["settled_by"], hold["because"], None)
        return lambda: settle_as_formerly(shop, held, _WORDS[hold["state"]], act, case)

    def _act(self, done: Done, by: InForce | None) -> Callable[[], object] | None:
        """Does an act again that follows from the mails alone; others are taken as they were written."""
        if not is_of_a_mail(done):
            return None
        number = self._number_of(done.sha)
        if self._is_erased(done.sha, number):
            return None
        self._replayed.settlements += 1
        shop = self._shop_of(by, done.at, self._shop.readers)
        return lambda: repeat(shop, replace(done, copy=""))

    def _number_of(self, sha: str) -> str:
        judged = self._ledger.judged(sha)
        assert judged is not None
        return judged.number

    def _night(self, night: Mapping[str, Any], by: InForce | None) -> Callable[[], object] | None:
        # The report tells of the day's mails: without one of them it is another report.
        if self._ledger.has_erased_since(datetime.fromisoformat(night["since"])):
            self._replayed.erased.append(night["day"])
            return None
        until = datetime.fromisoformat(night["until"])
        shop = self._shop_of(by, until, self._shop.readers)
        run = Run(shop, "nightly", until, noted=1)

        def again() -> None:
            with self._ledger.transaction():
                self._ledger.see_whether_open(cases_gone_back(self._connection))
            close_night(shop, date.fromisoformat(night["day"]), run)

        return again

    def _is_erased(self, sha: str, number: str) -> bool:
        if self._ledger.is_kept(sha):
            return False
        self._replayed.erased.append(number)
        return True

    def _shop_of(self, by: InForce | None, at: datetime, readers: Executor) -> Shop:
        if by is None:
            raise OperatorFault("replay_without_policy", at=at)
        here = in_force(self._shop.ledger)
        if here and by.program != here.program:
            self._replayed.programs.add(by.program)
        settings = self._shop.settings.as_practised(by.settings)
        policy = self._policies.get(by.policy + by.settings)
        if policy is None and by.policy == self._shop.policy.fingerprint:
            policy = self._shop.policy if settings.office == self._shop.policy.office else None
        if policy is None:
            files = policy_files(self._shop.ledger, by.policy)
            if files is None:
                raise OperatorFault("replay_without_policy", at=at)
            policy = kept_policy(with_todays_keys(files), settings.office)
            self._policies[by.policy + by.settings] = policy
        return Shop(settings, policy, self._shop.home, self._ledger, readers, lambda: at)


class _KeptTranscripts(Executor):
    """Readers that look first whether a file was read before, by whatever version of theirs."""

    def __init__(self, ledger: Ledger, own: Mapping[str, str], readers: Executor) -> None:
        self._ledger, self._own, self._readers = ledger, own, readers
        self.is_read_anew = False

    def submit(self, work: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """Answers from what is kept, or passes the work on."""
        if work is timed_scan:
            digest = hashlib.sha256(args[0]).hexdigest()
            if kept := self._own.get(digest) or self._ledger.transcript_of_any_version(digest):
                known: Future[Any] = Future()
                known.set_result((0.0, json.loads(kept)))
                return known
            self.is_read_anew = True
        return self._readers.submit(work, *args, **named)


# --- comparing ---------------------------------------------------------------------------------


def _differences(stored: _Named, made: _Named) -> Iterable[Difference]:
    for place in dict.fromkeys((*stored, *made)):
        one, other = stored.get(place), made.get(place)
        if one != other:
            yield Difference(*place, what=_what(place[0], one, other))


def _by_name(rows: Rows) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Names rows as people do; running numbers say nothing, they are drawn anew by every ledger."""
    named: dict[tuple[str, str], Mapping[str, Any]] = {}
    for (table, key), row in rows.items():
        if row is None or table in _NOT_COMPARED:
            continue
        name = " ".join(str(row[column]) for column in _NAMES[table]) if table in _NAMES else key
        named[table, name] = {column: value for column, value in row.items() if column != "id"}
    return named


def _what(table: str, one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> tuple[str, ...]:
    if one is None or other is None:
        return ("only_made" if one is None else "only_stored",)
    columns = [name for name in one if one[name] != other.get(name)]
    if table == "letter" and columns == ["body"]:
        return tuple(_parts_that_differ(one["body"], other["body"]))
    if table == "decision" and "body" in columns:
        before, after = json.loads(one["body"]), json.loads(other["body"])
        inside = [key for key in before if before[key] != after.get(key)]
        return (*(c for c in columns if c != "body" and c not in inside), *inside)
    return tuple(columns)


def _parts_that_differ(one: bytes, other: bytes) -> Iterator[str]:
    """Names the parts of a letter that are not the same: its head, its texts, its enclosures."""
    before, after = _parts(one), _parts(other)
    yield from (name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name))


def _parts(raw: bytes) -> Mapping[str, bytes]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    head = raw.partition(b"\r\n\r\n")[0]
    leaves = [part for part in message.walk() if not part.is_multipart()]
    named = {part.get_filename() or part.get_content_type(): part.get_payload(decode=True) for part in leaves}
    return {"head": head, **{name: bytes(body) for name, body in named.items() if isinstance(body, bytes)}}
