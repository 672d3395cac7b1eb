"""folder_counts: what should lie in a folder, and what it means when something else does.

UIDNEXT is a server's promise. One that was put back from a backup, or counts anew, breaks it without a word:
new mails then bear numbers that were read long ago. So the mails are counted as well, and nothing is moved
that is not what was read under its number.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from pipeline.domain import Place
from pipeline.ledger.book import Ledger
from pipeline.mail.imap import FolderState, Mailbox


def is_as_left(ledger: Ledger, account: str, folder: str, state: FolderState) -> bool:
    """Tells whether a folder is as it was left, by its numbers and its count; a server must tell both."""
    rows = ledger.query("SELECT messages FROM folder_count WHERE account=? AND folder=?", account, folder)
    return (
        bool(state.uidnext)
        and ledger.cursor(account, folder) == (state.uidvalidity, state.uidnext)
        and [row["messages"] for row in rows] == [state.messages]
    )


def counted(ledger: Ledger, account: str, folder: str) -> Sequence[int]:
    """Gives UIDVALIDITY, UIDNEXT and the number of mails that a folder was left with; [] where not known."""
    rows = ledger.query("SELECT messages FROM folder_count WHERE account=? AND folder=?", account, folder)
    cursor = ledger.cursor(account, folder)
    return [*cursor, *(row["messages"] for row in rows)] if cursor and rows else []


def see_anew_if_rewound(ledger: Ledger, account: str, folder: str, state: FolderState) -> bool:
    """Has all mails of a folder read anew whose numbers went back; tells whether that was so.

    What was read before is known by its bytes, and nothing is done twice.
    """
    before = ledger.cursor(account, folder)
    if not state.uidnext or not before or before[0] != state.uidvalidity or before[1] <= state.uidnext:
        return False
    with ledger.transaction():
        ledger.execute(
            "UPDATE sighting SET state='gone' WHERE account=? AND folder=? AND uidvalidity=?",
            account,
            folder,
            state.uidvalidity,
        )
    return True


def note_count(ledger: Ledger, account: str, folder: str, messages: int) -> None:
    """Writes down how many mails lie in a folder."""
    with ledger.transaction():
        ledger.execute(
            "INSERT INTO folder_count VALUES (?, ?, ?) ON CONFLICT (account, folder) "
            "DO UPDATE SET messages=excluded.messages",
            account,
            folder,
            messages,
        )


def note_gone(ledger: Ledger, account: str, folder: str, count: int) -> None:
    """Writes down that so many mails left a folder by our doing."""
    with ledger.transaction():
        ledger.execute(
            "UPDATE folder_count SET messages=max(messages-?, 0) WHERE account=? AND folder=?",
            count,
            account,
            folder,
        )


def still_the_same(ledger: Ledger, mailbox: Mailbox, places: Sequence[Place]) -> list[Place]:
    """Picks the mails that are what was read under their numbers; the others are to be read anew.

    Size and arrival are enough where they agree; else the bytes decide. A mail that is gone stays among them:
    there is nothing to mistake.
    """
    seen = mailbox.looks([place.uid for place in places])
    same = []
    for place in places:
        found = seen.get(place.uid)
        known = _known(ledger, place)
        if found is None or known[1:] == found or _is_it(mailbox, place, known[0]):
            same.append(place)
            continue
        with ledger.transaction():
            ledger.execute(
                "UPDATE sighting SET state='waiting', tries=0 "
                "WHERE account=? AND folder=? AND uidvalidity=? AND uid=?",
                place.account,
                place.folder,
                place.uidvalidity,
                place.uid,
            )
    return same


def _known(ledger: Ledger, place: Place) -> tuple[str, int, datetime]:
    (row,) = ledger.query(
        "SELECT a.sha, a.size, a.received_at FROM sighting s JOIN arrival a USING (sha) "
        "WHERE s.account=? AND s.folder=? AND s.uidvalidity=? AND s.uid=?",
        place.account,
        place.folder,
        place.uidvalidity,
        place.uid,
    )
    return row["sha"], row["size"], datetime.fromisoformat(row["received_at"])


def _is_it(mailbox: Mailbox, place: Place, sha: str) -> bool:
    raw = mailbox.bytes_of(place.uid)
    return raw is None or hashlib.sha256(raw).hexdigest() == sha


def copies_of_others(ledger: Ledger, places: Sequence[Place]) -> Mapping[int, int]:
    """Counts, by UID, the mails with a mail's very bytes that were filed before: as many copies are theirs."""
    return {place.uid: _filed_alike(ledger, place) for place in places}


def _filed_alike(ledger: Ledger, place: Place) -> int:
    (row,) = ledger.query(
        "SELECT COUNT(*) AS alike FROM sighting s JOIN sighting o ON o.sha=s.sha AND o.state='filed' "
        "WHERE s.account=? AND s.folder=? AND s.uidvalidity=? AND s.uid=? AND o.account=s.account "
        "AND o.rowid<>s.rowid",
        place.account,
        place.folder,
        place.uidvalidity,
        place.uid,
    )
    alike: int = row["alike"]
    return alike


def one_by_one(ledger: Ledger, places: Sequence[Place]) -> list[list[Place]]:
    """Shares places out into turns, in none of which two mails have the same bytes."""
    turns: list[list[Place]] = []
    times: Counter[str] = Counter()
    for place in places:
        sha, _, _ = _known(ledger, place)
        if times[sha] == len(turns):
            turns.append([])
        turns[times[sha]].append(place)
        times[sha] += 1
    return turns
