"""arrivals: the mails that were heard, from the folder they lay in until they are judged and filed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.domain import Arrival, Outcome, Place, SightingState, Transcript
from pipeline.ledger.file import LedgerFile
from pipeline.sandbox.scanner.transcribed import TRANSCRIPTS

# So many mails of one sender come in the order of their arrival; beyond that, senders take turns.
_FREE_TURNS = 10


@dataclass(frozen=True, slots=True)
class Undecided:
    """A kept mail that has no decision, and how often judging it was begun."""

    sha: str
    received_at: datetime
    size: int
    begun: int


class Arrivals(LedgerFile):
    """The chapter of runs, of the mails that they heard, and of what was read from their files."""

    # --- runs ----------------------------------------------------------------------------------

    def begin_run(self, command: str, at: datetime) -> int:
        """Notes that a command has begun, and gives the run's number."""
        with self.transaction():
            cursor = self._db.execute("INSERT INTO run (command, started_at) VALUES (?, ?)", (command, at))
            return int(cursor.lastrowid or 0)

    def end_run(self, run: int, at: datetime, outcome: str) -> None:
        """Notes how a run ended."""
        with self.transaction():
            self._db.execute("UPDATE run SET ended_at=?, outcome=? WHERE id=?", (at, outcome, run))

    def last_run(self, command: str) -> dict[str, Any] | None:
        """Gives the newest run of a command."""
        return self._one("SELECT * FROM run WHERE command=? ORDER BY id DESC LIMIT 1", command)

    def last_ended_run(self, command: str) -> dict[str, Any] | None:
        """Gives the newest run of a command that came to its end, well or not."""
        sql = "SELECT * FROM run WHERE command=? AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1"
        return self._one(sql, command)

    def first_kept_at(self) -> datetime | None:
        """Tells when the first run of all began."""
        row = self._one("SELECT min(started_at) AS at FROM run")
        return datetime.fromisoformat(row["at"]) if row and row["at"] else None

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
            # What was left lying for a person, and lies there no more, has been seen to.
            self._db.execute(
                "UPDATE sighting SET state='gone' WHERE account=? AND folder=? AND state='set_aside' "
                "AND (uidvalidity<>? OR uid NOT IN (SELECT value FROM json_each(?)))",
                (account, folder, uidvalidity, json.dumps(list(uids))),
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
                (arrival.sha, arrival.received_at, len(arrival.raw), run, self.keyed(sender)),
            )
            self._db.execute(
                "INSERT INTO sighting (account, folder, uidvalidity, uid, sha, state, kept_in) "
                "VALUES (?, ?, ?, ?, ?, 'kept', ?) ON CONFLICT DO UPDATE SET sha=excluded.sha, "
                "state='kept', kept_in=excluded.kept_in",
                (place.account, place.folder, place.uidvalidity, place.uid, arrival.sha, run),
            )

    def could_not_fetch(self, place: Place, why: str, most_tries: int) -> None:
        """Counts a failed fetch; after so many tries, or when the mail is gone, it is set aside."""
        final = {"gone": SightingState.GONE, "too_large": SightingState.SET_ASIDE}
        state = final.get(why)
        with self.transaction():
            self._db.execute(
                "UPDATE sighting SET tries=tries+1, why=?, "
                "state=coalesce(?, CASE WHEN tries+1>=? THEN 'set_aside' ELSE state END) "
                "WHERE account=? AND folder=? AND uidvalidity=? AND uid=?",
                (why, state, most_tries, place.account, place.folder, place.uidvalidity, place.uid),
            )

    def unfetched(self) -> list[dict[str, Any]]:
        """Lists the mails that could not be fetched after every try, or are too large."""
        return self._rows("SELECT * FROM sighting WHERE state='set_aside' ORDER BY account, folder, uid")

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

    # --- what is to be judged ------------------------------------------------------------------

    def is_decided(self, sha: str) -> bool:
        """Tells whether the very same bytes were judged before."""
        return self._one("SELECT 1 AS yes FROM decision WHERE sha=?", sha) is not None

    def undecided(self) -> list[Undecided]:
        """Lists kept mails without a decision: the first few of every sender oldest first, then by turns."""
        rows = self._rows(
            "SELECT * FROM (SELECT a.rowid AS id, a.*, row_number() OVER "
            "(PARTITION BY a.sender ORDER BY a.received_at, a.rowid) AS turn "
            "FROM arrival a WHERE a.decided=0) "
            f"ORDER BY max(turn, {_FREE_TURNS}), received_at, id"
        )
        return [
            Undecided(r["sha"], datetime.fromisoformat(r["received_at"]), r["size"], r["attempts"])
            for r in rows
        ]

    def received_at(self, sha: str) -> datetime:
        """Tells when a mail came to its server."""
        return datetime.fromisoformat(
            self._rows("SELECT received_at FROM arrival WHERE sha=?", sha)[0]["received_at"]
        )

    def kept_mails(self) -> list[str]:
        """Lists the mails whose bytes are kept, by digest."""
        return [row["sha"] for row in self._rows("SELECT sha FROM arrival WHERE erased_at IS NULL")]

    def erased_mails(self) -> list[str]:
        """Lists the mails whose bytes have been erased, by digest."""
        return [row["sha"] for row in self._rows("SELECT sha FROM arrival WHERE erased_at IS NOT NULL")]

    def is_kept(self, sha: str) -> bool:
        """Tells whether a mail was heard and has not been erased since."""
        return self._one("SELECT 1 AS yes FROM arrival WHERE sha=? AND erased_at IS NULL", sha) is not None

    def begin(self, shas: Iterable[str], at: datetime) -> None:
        """Counts that judging mails has begun, and what they cost, before they can bring anything down."""
        with self.transaction():
            for sha in shas:
                self._db.execute("UPDATE arrival SET attempts=attempts+1 WHERE sha=?", (sha,))
                self._db.execute(
                    "INSERT INTO usage (sha, sender, at, bytes) SELECT sha, sender, ?, size FROM arrival "
                    "WHERE sha=? ON CONFLICT DO NOTHING",
                    (at, sha),
                )

    def forgive(self) -> None:
        """Forgets how often judging the undecided mails was begun: the runs came to an end of their own."""
        with self.transaction():
            self._db.execute("UPDATE arrival SET attempts=0 WHERE attempts>0 AND decided=0")

    def transcript(self, digest: str, version: str) -> Transcript | None:
        """Gives what was read from a file before, by the same version of the readers."""
        row = self._one("SELECT body FROM transcript WHERE digest=? AND version=?", digest, version)
        return TRANSCRIPTS.validate_json(row["body"]) if row else None

    def transcript_of_any_version(self, digest: str) -> str | None:
        """Gives as JSON what was read from a file last, by whatever version of the readers."""
        row = self._one("SELECT body FROM transcript WHERE digest=? ORDER BY rowid DESC LIMIT 1", digest)
        return row["body"] if row else None

    def keep_transcripts(self, transcripts: Iterable[Transcript], version: str, at: datetime) -> None:
        """Keeps what was read from files, so that they are never read twice; call inside a transaction."""
        for transcript in transcripts:
            self._db.execute(
                "INSERT INTO transcript VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (transcript.digest, version, TRANSCRIPTS.dump_json(transcript).decode(), at),
            )
