"""stops: when the breaker stopped the letters, why, and how a person let things go on.

While a stop is open the ledger gives no letter out but reports (`Ledger.due_letters`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pipeline.domain.breaker import EARLIER, RECENT, Cause, Seen, cause
from pipeline.ledger.book import Ledger
from pipeline.ledger.undoing import undo_decision
from pipeline.policy.checks import within

GoOn = Literal["send", "again"]

# Among so many decisions for each that counts: the others are of strangers.
_AMONG = 4


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop that is still open."""

    id: int
    at: datetime
    kind: str
    name: str
    hit: int
    of: int


def open_stop(ledger: Ledger) -> Stop | None:
    """Gives the stop that waits for a person."""
    for row in ledger.query("SELECT * FROM stop WHERE settled_at IS NULL"):
        return Stop(
            row["id"], datetime.fromisoformat(row["at"]), row["kind"], row["name"], row["hit"], row["among"]
        )
    return None


def look(ledger: Ledger, corporate_domains: Sequence[str]) -> Cause | None:
    """Asks the breaker about the decisions since the last stop, beside those before.

    Only the mail of the office's own people counts, and of it what is answered: strangers, and whoever
    writes in a stolen name, could otherwise stop the letters of everybody.
    """
    rows = ledger.query(
        "SELECT a.sender, d.sender AS address, d.shunt, "
        "d.decided_at > coalesce((SELECT max(settled_at) FROM stop), '') AS is_new, "
        "CASE d.outcome WHEN 'returned' THEN (SELECT group_concat(DISTINCT json_extract(f.value, '$.rule')) "
        "FROM json_each(d.body, '$.findings') f "
        "WHERE json_extract(f.value, '$.consequence')='return') END AS rules "
        "FROM decision d JOIN arrival a USING (sha) WHERE d.outcome<>'ignored' AND a.erased_at IS NULL "
        "AND (d.shunt LIKE 'internal%' OR (d.shunt='' AND d.silence='')) ORDER BY d.rowid DESC LIMIT ?",
        _AMONG * (RECENT + EARLIER),
    )
    # Where a fault of ours is so early that nobody knows the sender, it is anybody's.
    ours = [
        row
        for row in rows
        if not row["address"] or any(within(row["address"].rpartition("@")[2], d) for d in corporate_domains)
    ][: RECENT + EARLIER]
    recent = [_seen(row) for row in ours[:RECENT] if row["is_new"]]
    return cause(recent, [_seen(row) for row in ours[len(recent) :]])


def _seen(row: dict[str, Any]) -> Seen:
    rules = (row["rules"] or "").split(",")
    return Seen(row["sender"], row["shunt"], frozenset(rule for rule in rules if rule))


def stop(ledger: Ledger, why: Cause, decided: Iterable[str], at: datetime) -> None:
    """Stops the letters, and remembers which mails were decided in the run that was stopped."""
    with ledger.transaction():
        ledger.execute(
            "INSERT INTO stop (at, kind, name, hit, among) VALUES (?, ?, ?, ?, ?)",
            *(at, why.kind, why.name, why.hit, why.of),
        )
        for sha in decided:
            ledger.execute("INSERT INTO stopped SELECT max(id), ? FROM stop", sha)
        ledger.note(at, f"stopped {why.kind}", why.name)


@dataclass(frozen=True, slots=True)
class WentOn:
    """An official's word about a stop: whether its mails are judged again or their letters sent, and why."""

    word: GoOn
    because: str
    by: str
    at: datetime


def go_on(ledger: Ledger, waiting: Stop, told: WentOn) -> int:
    """Ends a stop: the letters go out as they are, or the run's decisions are withdrawn and made again.

    Gives how many decisions were withdrawn. Those that an official settled meanwhile, or that other
    decisions are built on, stand.
    """
    with ledger.transaction():
        shas = _withdrawable(ledger, waiting) if told.word == "again" else []
        for sha in shas:
            undo_decision(ledger, sha)
            ledger.note(told.at, "decision withdrawn", sha)
        ledger.execute(
            "UPDATE stop SET settled_at=?, settled_by=?, because=?, word=? WHERE id=?",
            *(told.at, told.by, told.because, told.word, waiting.id),
        )
        ledger.note(told.at, f"went on {told.word}", waiting.name)
    return len(shas)


def _withdrawable(ledger: Ledger, waiting: Stop) -> Sequence[str]:
    rows = ledger.query(
        "SELECT s.sha FROM stopped s JOIN decision d USING (sha) LEFT JOIN hold h USING (sha) "
        "WHERE s.stop=? AND coalesce(h.state, 'open')='open' AND s.sha NOT IN (SELECT sha FROM settled) "
        "AND NOT EXISTS (SELECT 1 FROM letter WHERE about=s.sha AND (state<>'planned' OR attempts>0)) "
        "AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.case_number IN "
        "(SELECT case_number FROM entry o WHERE proof=s.sha "
        "AND id=(SELECT min(id) FROM entry WHERE case_number=o.case_number)) "
        "AND e.proof NOT IN (SELECT sha FROM stopped WHERE stop=s.stop) "
        "AND e.proof NOT IN (SELECT sha FROM hold WHERE settled_by='nes-intake')) ORDER BY d.rowid DESC",
        waiting.id,
    )
    return [row["sha"] for row in rows]
