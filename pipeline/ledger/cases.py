"""cases: the entries of every case, and the cases that they fold into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from pipeline.domain import Case, Entry, Event, Holder, Procedure, Receipt
from pipeline.domain.cases import fold_case, receipt_key
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.file import LedgerFile, Read
from pipeline.ledger.shapes import shape


@dataclass(frozen=True, slots=True)
class Folded:
    """The open cases as they were up to an entry, by its number."""

    cases: tuple[Case, ...]
    until: int


class Cases(LedgerFile):
    """The chapter of cases."""

    def case(self, number: str) -> Case | None:
        """Folds one case."""
        return next(iter(self._cases("WHERE case_number=?", number)), None)

    def cases_of(self, number: IdentityNumber) -> list[Case]:
        """Folds every case of one person."""
        return self._cases("WHERE identity_number=?", number.digits)

    def open_cases(self) -> list[Case]:
        """Folds every case that is not closed."""
        return self._cases("WHERE case_number IN (SELECT number FROM open_case)")

    def folded_now(self) -> Folded:
        """Folds every open case, to be gone on from with `folded_since`."""
        row = self._one("SELECT max(id) AS last FROM entry")
        return Folded(tuple(self.open_cases()), (row and row["last"]) or 0)

    def folded_since(self, former: Folded) -> list[Case]:
        """Gives what `open_cases` does, but folds only what has had an entry since `former`.

        Entries are only ever added, but where somebody is erased or a night is taken back; and whether a list
        waits for its release is only asked of those: nothing of that may have come between.
        """
        touched = "WHERE case_number IN (SELECT case_number FROM entry WHERE id>?)"
        again = {case.number: case for case in self._cases(touched, former.until)}
        known = [again.pop(case.number, case) for case in former.cases]
        return [case for case in (*known, *again.values()) if not case.is_closed]

    def all_cases(self) -> list[Case]:
        """Folds every case."""
        return self._cases("")

    def unbatched_cases(self) -> list[Case]:
        """Folds every open case that waits for a list to go out: never listed to Kamu SM, or corrected since."""
        return [
            case
            for case in self._cases(
                "WHERE case_number IN (SELECT number FROM open_case o WHERE "
                "EXISTS (SELECT 1 FROM entry WHERE case_number=o.number AND event='listed') AND "
                "(NOT EXISTS (SELECT 1 FROM batch_row WHERE case_number=o.number) OR "
                "EXISTS (SELECT 1 FROM entry WHERE case_number=o.number AND event='returned_by_kamu_sm')))"
            )
            if not (case.is_closed or case.batch or case.is_returned)
        ]

    def _cases(self, where: str, *values: object) -> list[Case]:
        entries: dict[str, list[Entry]] = {}
        for row in self._rows(f"SELECT * FROM entry {where} ORDER BY id", *values):
            entries.setdefault(row["case_number"], []).append(_entry(row, self._taken_apart))
        cases = [fold_case(some) for some in entries.values()]
        unreleased = {name for name in {c.batch for c in cases} if name and self._awaits_release(name)}
        return [replace(c, awaits_release=True) if c.batch in unreleased else c for c in cases]

    def _awaits_release(self, batch: str) -> bool:
        day, _, number = batch.partition("/")
        row = self._one(
            "SELECT 1 AS yes FROM to_release WHERE day=? AND number=?",
            *(day, int(number) if number.isdigit() else 0),
        )
        return row is not None

    def unreleased(self) -> list[dict[str, Any]]:
        """Lists the batches that the IT unit has yet to release, oldest first."""
        return self._rows(
            "SELECT b.day, b.number, b.digest, b.rows FROM to_release t JOIN batch b USING (day, number) "
            "ORDER BY t.day, t.number"
        )

    def has_to_be_released(self, day: str, number: int) -> None:
        """Notes that a list waits for its release; call inside a transaction, with its batch."""
        self._db.execute("INSERT INTO to_release VALUES (?, ?)", (day, number))

    def see_what_awaits(self) -> None:
        """Notes anew which lists wait for their release; call inside a transaction."""
        self._db.execute("DELETE FROM to_release")
        self._db.execute(
            "INSERT INTO to_release SELECT b.day, b.number FROM batch b LEFT JOIN release r USING (day, number) "
            "WHERE b.for_release=1 AND r.day IS NULL"
        )

    def wrongly_awaited(self) -> list[str]:
        """Names the lists that are noted as waiting for a release and do not, or the other way round."""
        waiting = (
            "SELECT b.day || '/' || b.number AS name FROM batch b LEFT JOIN release r USING (day, number) "
            "WHERE b.for_release=1 AND r.day IS NULL"
        )
        noted = "SELECT day || '/' || number AS name FROM to_release"
        return sorted(
            {row["name"] for row in self._rows(waiting)} ^ {row["name"] for row in self._rows(noted)}
        )

    def waiting_since(self, case: str) -> datetime:
        """Tells when the list that a case waits with was accepted: its first, or the one that corrected it."""
        row = self._one(
            "SELECT coalesce(d.decided_at, s.settled_at, h.settled_at) AS at FROM entry e "
            "LEFT JOIN decision d ON d.sha=e.proof "
            "LEFT JOIN decision m ON m.number=substr(e.proof, 8) LEFT JOIN hold h ON h.sha=m.sha "
            "LEFT JOIN settled s ON s.sha=m.sha AND s.case_number=e.case_number AND s.state='accepted' "
            "WHERE e.case_number=? AND e.event IN ('listed', 'amended') AND e.id>coalesce((SELECT max(id) FROM entry "
            "WHERE case_number=e.case_number AND event='returned_by_kamu_sm'), 0) "
            "ORDER BY e.id, s.settled_at LIMIT 1",
            case,
        )
        assert row is not None
        return datetime.fromisoformat(row["at"])

    def entries_of(self, case: str) -> list[Entry]:
        """Lists the entries of one case, oldest first."""
        return [
            _entry(row, self._taken_apart)
            for row in self._rows("SELECT * FROM entry WHERE case_number=? ORDER BY id", case)
        ]

    def bears_another(self, case: str, sha: str) -> bool:
        """Tells whether a case's number was given to a case of another mail, or of one that was erased."""
        return (
            self._one("SELECT 1 AS yes FROM numbered WHERE number=? AND sha IS NOT ?", case, sha) is not None
        )

    def add_entries(self, entries: Iterable[Entry], sender: str) -> None:
        """Writes entries and spends their receipts, which `sender` sent; call inside a transaction."""
        touched: dict[str, None] = {}
        for e in entries:
            touched[e.case] = None
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
                    shape(Holder).dump_json(e.holder).decode() if e.holder else None,
                    shape(Receipt).dump_json(e.receipt).decode() if e.receipt else None,
                    self._address_digest(e, sender),
                ),
            )
            if e.receipt:
                self._db.execute(
                    "INSERT INTO spent VALUES (?, ?, ?)",
                    (self.keyed(receipt_key(e.receipt)), e.case, self.keyed(sender)),
                )

        self.see_whether_open(touched)

    def see_whether_open(self, numbers: Iterable[str]) -> None:
        """Notes which of some cases are open, after their entries have changed; call inside a transaction."""
        for number in numbers:
            case = self.case(number)
            if case and not case.is_closed:
                self._db.execute("INSERT INTO open_case VALUES (?) ON CONFLICT DO NOTHING", (number,))
            else:
                self._db.execute("DELETE FROM open_case WHERE number=?", (number,))

    def wrongly_noted(self) -> list[str]:
        """Names the cases that are noted as open and are not, or the other way round; for this all are folded."""
        noted = {row["number"] for row in self._rows("SELECT number FROM open_case")}
        return sorted(noted ^ {case.number for case in self.all_cases() if not case.is_closed})

    def _address_digest(self, entry: Entry, sender: str) -> str:
        # A receipt in a case with a list may come from anyone; where no list is, it comes from its own.
        if entry.holder:
            return self.keyed(entry.holder.address)
        return "" if entry.procedure is Procedure.LOST_OR_STOLEN else self.keyed(sender)


def _entry(row: Mapping[str, Any], read: Read) -> Entry:
    return Entry(
        case=row["case_number"],
        procedure=Procedure(row["procedure"]),
        identity_number=IdentityNumber(row["identity_number"]),
        event=Event(row["event"]),
        day=date.fromisoformat(row["day"]),
        proof=row["proof"],
        holder=read(Holder, row["holder"]) if row["holder"] else None,
        receipt=read(Receipt, row["receipt"]) if row["receipt"] else None,
    )
