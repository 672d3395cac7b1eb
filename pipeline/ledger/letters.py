"""letters: every letter as it was rendered, how far it has come, and which came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.domain import Bounce, LetterState, OfficeLetter
from pipeline.ledger.file import LedgerFile


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
    state: LetterState
    attempts: int
    response: str
    planned_at: datetime
    changed_at: datetime | None

    @property
    def is_batch(self) -> bool:
        """Tells whether this is the letter that takes a list to Kamu SM, or to the unit for its release."""
        return self.kind == OfficeLetter.BATCH


@dataclass(frozen=True, slots=True)
class Planned:
    """A letter that is to be sent: its rendered bytes, and what it is known by."""

    message_id: str
    kind: str
    about: str
    recipient: str
    subject: str
    body: bytes


class Letters(LedgerFile):
    """The chapter of letters."""

    def plan_letter(self, letter: Planned, at: datetime) -> None:
        """Stores a rendered letter before anything is sent; call inside a transaction."""
        self._db.execute(
            "INSERT INTO letter (message_id, kind, about, recipient, subject, body, state, planned_at, next_at) "
            "VALUES (?, ?, ?, ?, ?, ?, 'planned', ?, ?)",
            (
                letter.message_id,
                letter.kind,
                letter.about,
                letter.recipient,
                letter.subject,
                letter.body,
                at,
                at,
            ),
        )
        self.note(at, "letter planned", letter.message_id)

    def due_letters(self, now: datetime) -> list[int]:
        """Lists the letters to be sent now, oldest first, by id; while a stop is open, those to the unit alone."""
        rows = self._rows(
            "SELECT id FROM letter WHERE state IN ('planned', 'deferred') AND next_at<=? AND "
            "(kind IN ('nightly', 'alarm', 'all_clear', 'act') OR NOT EXISTS (SELECT 1 FROM stop WHERE settled_at IS NULL)) ORDER BY id",
            now,
        )
        return [row["id"] for row in rows]

    def attempts_of_unsent(self) -> Mapping[int, int]:
        """Counts how often each letter that waits was tried, by id."""
        rows = self._rows("SELECT id, attempts FROM letter WHERE state IN ('planned', 'deferred')")
        return {row["id"]: row["attempts"] for row in rows}

    def was_any_sent_since(self, moment: datetime) -> bool:
        """Tells whether any letter went out after a moment."""
        row = self._one("SELECT 1 AS yes FROM letter WHERE state='done' AND changed_at>? LIMIT 1", moment)
        return row is not None

    def have_wait(self, letter_ids: Iterable[int], until: datetime) -> None:
        """Puts letters off that were not tried."""
        with self.transaction():
            for letter_id in letter_ids:
                self._db.execute("UPDATE letter SET next_at=? WHERE id=?", (until, letter_id))

    def begin_anew(self, letter_id: int) -> None:
        """Forgets how often a letter was tried: its days are over, and begin anew."""
        with self.transaction():
            self._db.execute("UPDATE letter SET attempts=0 WHERE id=?", (letter_id,))

    def set_letter_state(
        self, letter_id: int, state: LetterState, at: datetime, response: str, next_at: datetime | None
    ) -> None:
        """Writes how far a letter has come."""
        with self.transaction():
            self._write_state(letter_id, state, at, response, next_at)

    def _write_state(
        self, letter_id: int, state: LetterState, at: datetime, response: str, next_at: datetime | None
    ) -> None:
        self._db.execute(
            "UPDATE letter SET state=?, response=?, changed_at=?, next_at=coalesce(?, next_at), "
            "attempts=attempts+(?<>'started') WHERE id=?",
            (state, response, at, next_at, state, letter_id),
        )
        message_id = self._rows("SELECT message_id FROM letter WHERE id=?", letter_id)[0]["message_id"]
        self.note(at, f"letter {state}", message_id)

    def letter(self, letter_id: int) -> StoredLetter:
        """Gives one letter."""
        return _letter(self._rows("SELECT * FROM letter WHERE id=?", letter_id)[0])

    def letter_named(self, message_id: str) -> StoredLetter | None:
        """Gives a letter by its Message-ID."""
        row = self._one("SELECT * FROM letter WHERE message_id=?", message_id)
        return _letter(row) if row else None

    def letters_about(self, about: str) -> list[StoredLetter]:
        """Lists the letters about a mail, batch or night."""
        return [_letter(r) for r in self._rows("SELECT * FROM letter WHERE about=? ORDER BY id", about)]

    def letters_in_state(self, *states: LetterState) -> list[StoredLetter]:
        """Lists the letters in any of some states."""
        slots = ",".join("?" * len(states))
        return [
            _letter(r)
            for r in self._rows(f"SELECT * FROM letter WHERE state IN ({slots}) ORDER BY id", *states)
        ]

    def answers_since(self, recipient: str, since: datetime) -> int:
        """Counts the answers written to an address since a moment."""
        row = self._one(
            "SELECT count(*) AS n FROM letter WHERE recipient=? AND planned_at>? AND kind NOT IN ('batch', 'nightly', 'alarm', 'all_clear')",
            recipient,
            since,
        )
        return int(row["n"]) if row else 0

    # --- letters that came back ----------------------------------------------------------------

    def note_bounce(self, sha: str, bounce: Bounce, at: datetime) -> None:
        """Writes down that a letter of ours came back, matched by its Message-ID; call inside a transaction.

        A list that came back has not gone out, whatever its server said when it took it.
        """
        slots = ",".join("?" * len(bounce.message_ids))
        letter = self._one(
            f"SELECT * FROM letter WHERE message_id IN ({slots}) ORDER BY id DESC LIMIT 1",
            *bounce.message_ids,
        )
        self._db.execute(
            "INSERT INTO bounce VALUES (?, ?, ?, ?, ?)",
            (sha, letter and letter["id"], bounce.recipient, bounce.status, bounce.diagnostic),
        )
        if letter and letter["kind"] == OfficeLetter.BATCH and letter["state"] == LetterState.DONE:
            # One of several to whom it was passed on may be away; it is the recipient's own that counts.
            is_its_own = bounce.recipient == letter["recipient"].lower()
            state = LetterState.FAILED if is_its_own else LetterState.OUTCOME_UNKNOWN
            told = f"{bounce.status} {bounce.diagnostic}".strip() or bounce.recipient
            self._write_state(letter["id"], state, at, told, None)

    def bounces_between(self, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """Lists the letters that came back in a span of time, each with its mail's number and cases.

        A report about no letter that we know has neither.
        """
        rows = self._rows(
            "SELECT b.*, l.subject, l.about, l.recipient AS written_to, m.number AS mail FROM bounce b "
            "JOIN decision d USING (sha) LEFT JOIN letter l ON l.id=b.letter LEFT JOIN decision m ON m.sha=l.about "
            "WHERE d.decided_at>? AND d.decided_at<=? ORDER BY d.rowid",
            since,
            until,
        )
        cases = "SELECT DISTINCT case_number AS n FROM entry WHERE proof=? ORDER BY 1"
        return [{**row, "cases": [r["n"] for r in self._rows(cases, row["about"])]} for row in rows]


def _letter(row: Mapping[str, Any]) -> StoredLetter:
    kept = {key: row[key] for key in StoredLetter.__dataclass_fields__}
    changed = row["changed_at"]
    read = {
        "state": LetterState(row["state"]),
        "planned_at": datetime.fromisoformat(row["planned_at"]),
        "changed_at": datetime.fromisoformat(changed) if changed else None,
    }
    return StoredLetter(**{**kept, **read})
