"""folders: how far the folders of filed mails and copies are known, and what of them the ledger knows."""

from __future__ import annotations

from datetime import datetime

from pipeline.ledger.book import Ledger


def known_until(ledger: Ledger, account: str, folder: str, uidvalidity: int) -> int:
    """Gives the UID from which on a folder's mails have not been looked at; 1 for one that is new."""
    rows = ledger.query(
        "SELECT uidnext FROM folder WHERE account=? AND folder=? AND uidvalidity=?",
        *(account, folder, uidvalidity),
    )
    return int(rows[0]["uidnext"]) if rows else 1


def note_folder(
    ledger: Ledger, account: str, folder: str, until: tuple[int, int], newest: datetime | None
) -> None:
    """Writes down up to which (UIDVALIDITY, UIDNEXT) a folder is known; call inside a transaction."""
    ledger.execute(
        "INSERT INTO folder VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, folder) DO UPDATE SET "
        "uidvalidity=excluded.uidvalidity, uidnext=excluded.uidnext, newest=max(newest, excluded.newest)",
        *(account, folder, *until, newest or ""),
    )


def knows_mail(ledger: Ledger, size: int, received_at: datetime) -> bool:
    """Tells whether a mail of this size that arrived at this moment was heard."""
    return bool(
        ledger.query("SELECT 1 FROM arrival WHERE size=? AND received_at=? LIMIT 1", size, received_at)
    )


def knows_bytes(ledger: Ledger, sha: str) -> bool:
    """Tells whether a mail was heard, by its digest."""
    return bool(ledger.query("SELECT 1 FROM arrival WHERE sha=?", sha))


def has_sent(ledger: Ledger, message_id: str) -> bool:
    """Tells whether the ledger knows that a letter was on its way, so that a copy of it can be there."""
    return bool(
        ledger.query(
            "SELECT 1 FROM letter WHERE message_id=? AND NOT (state='planned' AND attempts=0)", message_id
        )
    )


def last_lived(ledger: Ledger, but: int) -> datetime | None:
    """Tells when the last run began, `but` for the one at hand; None where there was none."""
    rows = ledger.query("SELECT started_at AS at FROM run WHERE id<>? ORDER BY started_at DESC LIMIT 1", but)
    return datetime.fromisoformat(rows[0]["at"]) if rows else None


def has_work(ledger: Ledger, now: datetime) -> bool:
    """Tells whether a run has anything to judge, to file or to post."""
    (row,) = ledger.query(
        "SELECT EXISTS (SELECT 1 FROM arrival WHERE decided=0) OR "
        "EXISTS (SELECT 1 FROM sighting WHERE state='kept') AS is_so"
    )
    return bool(row["is_so"] or ledger.due_letters(now))


def newest_arrival(ledger: Ledger) -> datetime | None:
    """Tells when the newest mail arrived, by the clock of the server that it lay on."""
    return _moment(ledger, "SELECT max(received_at) AS at FROM arrival")


def newest_copy(ledger: Ledger) -> datetime | None:
    """Tells when the newest mail in the folders of filed mails and copies arrived, by the server's clock."""
    return _moment(ledger, "SELECT max(newest) AS at FROM folder WHERE newest<>''")


def _moment(ledger: Ledger, sql: str) -> datetime | None:
    at = ledger.query(sql)[0]["at"]
    return datetime.fromisoformat(at) if at else None
