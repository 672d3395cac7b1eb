"""desk: what waits for a person, and what was put off, handed on or decided of it; the bodies are read later."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline.domain.acts import Done
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.acts import done_of
from pipeline.ledger.book import Ledger


@dataclass(frozen=True, slots=True)
class Held:
    """A mail that waits, without what is in it."""

    sha: str
    number: str
    sender: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CameBack:
    """What a report says of a letter that did not arrive: which of ours, None for unknown; to whom; why."""

    letter: int | None
    recipient: str
    why: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided of one claim."""

    state: str
    by: str
    at: datetime
    because: str


def count_held(ledger: Ledger) -> int:
    """Counts the mails an official has yet to settle."""
    return int(ledger.query("SELECT count(*) AS n FROM hold WHERE state='open'")[0]["n"])


def mails_held(ledger: Ledger, without: Collection[str], first: int, most: int) -> list[Held]:
    """Lists some of the mails an official has yet to settle, oldest first: `most` from the first-th on.

    Those whose digests are `without` are neither listed nor counted.
    """
    return _held(
        ledger,
        "FROM hold h JOIN decision d USING (sha) WHERE h.state='open' "
        "AND h.sha NOT IN (SELECT value FROM json_each(?)) ORDER BY h.rowid LIMIT ? OFFSET ?",
        *(json.dumps(sorted(without)), most, first),
    )


def mails_named(ledger: Ledger, shas: Collection[str]) -> list[Held]:
    """Lists some mails by their digests, oldest first."""
    return _held(
        ledger,
        "FROM decision d WHERE d.sha IN (SELECT value FROM json_each(?)) ORDER BY d.rowid",
        json.dumps(sorted(shas)),
    )


_ASIDE_AT_ALL = (
    "FROM decision d WHERE d.sha IN (SELECT sha FROM decision WHERE outcome='shunted' AND decided_at>?1 "
    "UNION SELECT sha FROM bounce JOIN decision USING (sha) WHERE decided_at>?1)"
)
_ASIDE = f"{_ASIDE_AT_ALL} AND NOT EXISTS (SELECT 1 FROM act WHERE about=d.number AND kind='dealt')"


def count_set_aside(ledger: Ledger, since: datetime) -> int:
    """Counts the mails that were set aside since a moment, and that nobody has dealt with."""
    return int(ledger.query(f"SELECT count(*) AS n {_ASIDE}", since)[0]["n"])


def mails_set_aside(ledger: Ledger, since: datetime, first: int, most: int) -> list[Held]:
    """Lists some of the mails that were set aside since a moment, and of the reports of letters that came back.

    Those that somebody has dealt with are left out.
    """
    rest = f"{_ASIDE} ORDER BY d.rowid LIMIT ?2 OFFSET ?3"
    return _held(ledger, rest, since, most, first)


def is_set_aside(ledger: Ledger, number: str) -> bool:
    """Tells whether a mail was set aside, or tells of a letter that came back."""
    known = f"{_ASIDE_AT_ALL} AND d.number=?2"
    return bool(ledger.query(f"SELECT 1 {known}", "", number))


def came_back(ledger: Ledger, number: str) -> CameBack | None:
    """Tells, of a mail, which letter of ours it says did not arrive; None where it is no such report."""
    rows = ledger.query(
        "SELECT b.letter, b.recipient, b.diagnostic FROM bounce b JOIN decision d USING (sha) WHERE d.number=?",
        number,
    )
    return CameBack(*(rows[0][name] for name in ("letter", "recipient", "diagnostic"))) if rows else None


def is_dealt_with(ledger: Ledger, number: str) -> bool:
    """Tells whether somebody has seen to a mail that was set aside."""
    return bool(ledger.query("SELECT 1 FROM act WHERE about=? AND kind='dealt' LIMIT 1", number))


def _held(ledger: Ledger, rest: str, *values: object) -> list[Held]:
    rows = ledger.query(f"SELECT d.sha, d.number, d.sender, d.subject, d.decided_at {rest}", *values)
    return [
        Held(r["sha"], r["number"], r["sender"], r["subject"], datetime.fromisoformat(r["decided_at"]))
        for r in rows
    ]


def acts_on_held(ledger: Ledger) -> Mapping[str, list[Done]]:
    """Gives what was done about the mails that wait, by digest, oldest first."""
    found: dict[str, list[Done]] = {}
    for row in ledger.query(
        "SELECT a.* FROM act a JOIN hold h USING (sha) WHERE h.state='open' ORDER BY a.id"
    ):
        found.setdefault(row["sha"], []).append(done_of(row))
    return found


def decided_of(ledger: Ledger, sha: str) -> Mapping[str, Decided]:
    """Gives what was decided about a held mail's single claims, by name; "" is all the rest of it."""
    rows = ledger.query(
        "SELECT claim, state, settled_by, settled_at, because FROM settled WHERE sha=? UNION ALL "
        "SELECT '', state, settled_by, settled_at, because FROM hold WHERE sha=? AND state<>'open'",
        sha,
        sha,
    )
    return {
        r["claim"]: Decided(
            r["state"], r["settled_by"], datetime.fromisoformat(r["settled_at"]), r["because"]
        )
        for r in rows
    }


def happened_since(ledger: Ledger, number: IdentityNumber, events: tuple[str, ...], at: datetime) -> bool:
    """Tells whether one of some events happened to a person's cases since a moment, by a mail or a word."""
    slots = ",".join("?" * len(events))
    rows = ledger.query(
        "SELECT 1 FROM entry e JOIN decision d ON d.sha=e.proof OR 'settle/' || d.number=e.proof "
        "LEFT JOIN hold h USING (sha) LEFT JOIN settled s USING (sha) "
        f"WHERE e.identity_number=? AND e.event IN ({slots}) "
        # Of a mail of several claims one may be decided while others wait.
        "AND max(d.decided_at, coalesce(h.settled_at, ''), coalesce(s.settled_at, ''))>? LIMIT 1",
        *(number.digits, *events, at),
    )
    return bool(rows)


def wrote_since(ledger: Ledger, sender: str, at: datetime) -> bool:
    """Tells whether a sender has written since a moment."""
    rows = ledger.query(
        "SELECT 1 FROM decision WHERE sender=? AND sender<>'' AND decided_at>? LIMIT 1",
        sender,
        at,
    )
    return bool(rows)


def knows_of(ledger: Ledger, mail: str) -> bool:
    """Tells whether there is a mail of a number."""
    return bool(ledger.query("SELECT 1 FROM decision WHERE number=?", mail))
