"""quotas: what one sender may cost within a day, and who wrote the mails of a long queue.

Senders are known by keyed digests, so that nothing here has to be erased for a person's sake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipeline.ledger.book import Ledger

_DAY = timedelta(days=1)

Exceeded = Literal["", "over_mails", "over_bytes", "over_reading"]


@dataclass(frozen=True, slots=True)
class Quota:
    """Mails, their bytes, and processor seconds of reading, for one address within a day."""

    mails: int
    bytes: int
    seconds: float


def exceeded(ledger: Ledger, sha: str, quota: Quota) -> Exceeded:
    """Names what a mail that was begun is too much of for its sender, or "" where it is within the budget.

    Counted from what the sender's earlier mails had cost when this one was begun, so that a run that is
    cut off and begins again finds the same.
    """
    (own,) = ledger.query("SELECT rowid AS id, * FROM usage WHERE sha=?", sha)
    since = datetime.fromisoformat(own["at"]) - _DAY
    # A mail that was kept before there were budgets has no digest.
    (spent,) = ledger.query(
        "SELECT count(*) AS mails, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(seconds), 0) AS seconds "
        "FROM usage WHERE sender=? AND sender<>'' AND at>? AND rowid<?",
        own["sender"],
        since,
        own["id"],
    )
    if spent["mails"] >= quota.mails:
        return "over_mails"
    if spent["bytes"] and spent["bytes"] + own["bytes"] > quota.bytes:
        return "over_bytes"
    return "over_reading" if spent["seconds"] >= quota.seconds else ""


def charge(ledger: Ledger, sha: str, seconds: float) -> None:
    """Adds what reading a mail's files has cost; call inside a transaction."""
    ledger.execute("UPDATE usage SET seconds=seconds+? WHERE sha=?", seconds, sha)


def unnamed(ledger: Ledger, account: str, folder: str) -> list[int]:
    """Lists the UIDs that wait to be fetched and of which nobody knows yet who wrote them."""
    rows = ledger.query(
        "SELECT uid FROM sighting WHERE account=? AND folder=? AND state='waiting' AND sender='' "
        "ORDER BY uid",
        account,
        folder,
    )
    return [row["uid"] for row in rows]


def unnamed_aside(ledger: Ledger, account: str, folder: str) -> list[int]:
    """Lists the UIDs that were left lying unfetched, and of which nobody knows yet who wrote them."""
    left = "SELECT uid FROM sighting WHERE account=? AND folder=? AND state='set_aside' AND sender='' ORDER BY uid"
    return [row["uid"] for row in ledger.query(left, account, folder)]


def name(ledger: Ledger, account: str, folder: str, senders: Iterable[tuple[int, str]]) -> None:
    """Notes who wrote mails that wait, or were left lying."""
    with ledger.transaction():
        for uid, sender in senders:
            ledger.execute(
                "UPDATE sighting SET sender=? WHERE account=? AND folder=? AND uid=? AND state IN ('waiting', 'set_aside')",
                ledger.keyed(sender),
                account,
                folder,
                uid,
            )


def forget(ledger: Ledger, until: datetime) -> None:
    """Removes what was counted before a moment; call inside a transaction."""
    ledger.execute("DELETE FROM usage WHERE at<?", until)
