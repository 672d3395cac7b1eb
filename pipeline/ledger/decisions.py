"""decisions: what was decided about every mail, and what of it waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipeline.domain import Decision, HoldState, Outcome
from pipeline.domain.cases import free_number, mail_number
from pipeline.domain.claims import left
from pipeline.ledger.cases import Cases
from pipeline.ledger.shapes import shape


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
class Decided:
    """One mail with its decision by a policy, to be written down; `shunt` says why it was set aside."""

    sha: str
    sender: str
    subject: str
    decided_at: datetime
    policy: str
    decision: Decision
    shunt: str = ""


class Decisions(Cases):
    """The chapter of decisions; what follows from one is written into its cases."""

    def number_for(self, sha: str) -> str:
        """Gives the number of a mail: the one it has, or the first that no other mail bears."""
        if row := self._one("SELECT number FROM decision WHERE sha=?", sha):
            return str(row["number"])
        return free_number(
            lambda again: mail_number(sha, again),
            lambda number: self._one("SELECT 1 AS yes FROM decision WHERE number=?", number) is not None,
        )

    def enter(self, mail: Decided) -> None:
        """Writes a decision with its entries; call inside a transaction, with its letter."""
        sha, decision = mail.sha, mail.decision
        number = self.number_for(sha)
        # Nobody is sent back, or shown the way, without a letter (Decision.unanswered sees to it).
        assert not (decision.silence and decision.outcome in (Outcome.RETURNED, Outcome.GUIDED))
        self._db.execute(
            "INSERT INTO decision (sha, number, sender, subject, outcome, procedure, silence, shunt, "
            "decided_at, policy, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sha,
                number,
                mail.sender,
                mail.subject,
                decision.outcome,
                decision.procedure,
                decision.silence,
                mail.shunt,
                mail.decided_at,
                mail.policy,
                shape(Decision).dump_json(decision).decode(),
            ),
        )
        self._db.execute("UPDATE arrival SET decided=1 WHERE sha=?", (sha,))
        self.note(mail.decided_at, f"decided {decision.outcome}", sha)
        for digits in {h.identity_number.digits for h in decision.evidence.holders if h.identity_number}:
            self._db.execute("INSERT INTO named VALUES (?, ?)", (self.keyed(digits), sha))
        for case in dict.fromkeys(e.case for e in (*decision.entries, *decision.withheld)):
            self._db.execute("INSERT INTO numbered VALUES (?, ?) ON CONFLICT DO NOTHING", (case, sha))
        if decision.outcome is Outcome.HELD or decision.withheld:
            self._db.execute("INSERT INTO hold (sha) VALUES (?)", (sha,))
        self.add_entries((e for e in decision.entries if e.proof == sha), mail.sender)
        for entry in (e for e in decision.entries if e.proof != sha):
            # A receipt that had waited was sent by whoever sent it then, and its mail waits no longer.
            waiting = self.judged(entry.proof)
            self.add_entries([entry], waiting.sender if waiting else mail.sender)
            self.settle(entry.proof, HoldState.ACCEPTED, number, "nes-intake", mail.decided_at)

    def judged(self, sha: str) -> Judged | None:
        """Gives one decision."""
        row = self._one("SELECT * FROM decision WHERE sha=?", sha)
        return as_judged(row) if row else None

    def judged_number(self, number: str) -> Judged | None:
        """Gives the decision about a mail by the mail's number."""
        row = self._one("SELECT * FROM decision WHERE number=?", number)
        return as_judged(row) if row else None

    def judged_about(self, case: str) -> list[Judged]:
        """Lists the decisions that a case's entries follow from, or that would be made into entries of it."""
        rows = self._rows(
            "SELECT DISTINCT d.rowid, d.* FROM decision d WHERE d.sha IN (SELECT proof FROM entry WHERE case_number=?) "
            "OR d.number IN (SELECT substr(proof, 8) FROM entry WHERE case_number=? AND proof LIKE 'settle/%') "
            "ORDER BY d.rowid",
            case,
            case,
        )
        known = {row["sha"] for row in rows}
        held = self._rows(
            "SELECT d.* FROM hold h JOIN decision d USING (sha) WHERE h.state='open' AND instr(d.body, ?) ORDER BY d.rowid",
            case,
        )
        waiting = [j for j in map(self._waiting, held) if case in {e.case for e in j.decision.withheld}]
        return [as_judged(row) for row in rows] + [j for j in waiting if j.sha not in known]

    def judged_between(self, since: datetime, until: datetime) -> list[Judged]:
        """Lists the decisions of a span of time, oldest first."""
        rows = self._rows(
            "SELECT * FROM decision WHERE decided_at>? AND decided_at<=? ORDER BY rowid",
            since,
            until,
        )
        return [as_judged(row) for row in rows]

    def wrongly_marked(self) -> list[str]:
        """Names the mails that are marked as decided and are not, or the other way round."""
        rows = self._rows(
            "SELECT sha FROM arrival LEFT JOIN decision d USING (sha) WHERE decided<>(d.sha IS NOT NULL)"
        )
        return [row["sha"] for row in rows]

    def has_erased_since(self, moment: datetime) -> bool:
        """Tells whether a mail that was decided after a moment has been erased."""
        row = self._one(
            "SELECT 1 AS yes FROM decision JOIN arrival USING (sha) WHERE erased_at IS NOT NULL AND decided_at>?",
            moment,
        )
        return row is not None

    def earlier_decisions(self, sender: str, reader: str) -> Iterator[Decision]:
        """Gives the decisions that a mail of a sender may go on from, the newest first.

        None but those about the sender's own mails, whose answer the same reader got: what was wrong with
        somebody's list is nobody else's to hear, whatever people or letters a mail names.
        """
        rows = self._rows(
            "SELECT DISTINCT d.rowid, d.* FROM decision d JOIN letter l ON l.about=d.sha "
            "WHERE d.sender=? AND d.sender<>'' AND l.recipient=? ORDER BY d.rowid DESC LIMIT 50",
            sender,
            reader,
        )
        yield from (d for d in (as_judged(row).decision for row in rows) if d.is_believed)

    # --- what waits for a person ---------------------------------------------------------------

    def hold(self, sha: str) -> dict[str, Any] | None:
        """Gives how a held mail stands: open, or settled by whom and why."""
        return self._one("SELECT * FROM hold WHERE sha=?", sha)

    def open_holds(self) -> list[Judged]:
        """Lists the mails an official has yet to settle, oldest first, with the entries that wait still."""
        rows = self._rows(
            "SELECT d.* FROM hold h JOIN decision d USING (sha) WHERE h.state='open' ORDER BY d.rowid"
        )
        return [self._waiting(row) for row in rows]

    def _waiting(self, row: Mapping[str, Any]) -> Judged:
        """Gives a held mail with what of it waits still: claims may be decided one by one."""
        judged, settled = as_judged(row), self._settled(row["sha"])
        if not settled:
            return judged
        waits = tuple(claim.entry for claim in left(judged.decision, settled) if claim.entry)
        return replace(judged, decision=replace(judged.decision, withheld=waits))

    def _settled(self, sha: str) -> Mapping[str, HoldState]:
        """Gives what was decided about the single claims of a held mail, by name."""
        rows = self._rows("SELECT claim, state FROM settled WHERE sha=?", sha)
        return {row["claim"]: HoldState(row["state"]) for row in rows}

    def settle(self, sha: str, state: HoldState, because: str, by: str, at: datetime) -> None:
        """Writes an official's word about a held mail; call inside a transaction."""
        self._db.execute(
            "UPDATE hold SET state=?, because=?, settled_by=?, settled_at=? WHERE sha=? AND state='open'",
            (state, because, by, at, sha),
        )
        self.note(at, f"settled {state}", sha)


def as_judged(row: Mapping[str, Any]) -> Judged:
    return Judged(
        sha=row["sha"],
        number=row["number"],
        sender=row["sender"],
        subject=row["subject"],
        decided_at=datetime.fromisoformat(row["decided_at"]),
        policy=row["policy"],
        shunt=row["shunt"],
        decision=shape(Decision).validate_json(row["body"]),
    )
