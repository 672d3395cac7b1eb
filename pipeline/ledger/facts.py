"""facts: what is known beforehand of the people that a mail names, and of its sender."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from pipeline.domain import (
    Case,
    Decision,
    EarlyReceipt,
    Event,
    Evidence,
    Facts,
    Holder,
    HoldState,
    Procedure,
    Receipt,
    ScannedForm,
    Spent,
    Submission,
)
from pipeline.domain.cases import former_receipt_key, latest_open, may_still_wait, receipt_key
from pipeline.domain.claims import claims_of
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.decisions import Decisions, as_judged
from pipeline.ledger.shapes import shape


class KnownFacts(Decisions):
    """The chapter that gathers from the others what judging a mail has to know."""

    def facts(self, today: date, evidence: Evidence, submission: Submission, awaits_list: str = "") -> Facts:
        """Gathers what one mail cannot know: open cases of those it names and of its sender, receipts spent.

        `awaits_list` names the rule that holds receipts which came before their list; with none there are none.
        """
        cases: dict[IdentityNumber, Case] = {}
        paid_cases: dict[tuple[IdentityNumber, Procedure], Case] = {}
        claims: tuple[Holder | Receipt | ScannedForm, ...] = (
            *evidence.holders,
            *evidence.receipts,
            *evidence.forms,
        )
        for number in {c.identity_number for c in claims if c.identity_number}:
            found = self.cases_of(number)
            for procedure in Procedure:
                case = latest_open(c for c in found if c.procedure is procedure)
                if case and procedure is Procedure.LOST_OR_STOLEN:
                    cases[number] = case
                elif case:
                    paid_cases[number, procedure] = case
        spent = {}
        for receipt in evidence.receipts:
            # What was spent by a receipt that has been erased since is known by its former name alone.
            keys = (self.keyed(receipt_key(receipt)), self.keyed(former_receipt_key(receipt)))
            if row := self._one("SELECT * FROM spent WHERE key IN (?, ?)", *keys):
                # Only whether it was the same sender can be told, and that is all there is to know.
                same = self.keyed(submission.sender) == row["sender"]
                spent[receipt_key(receipt)] = Spent(row["case_number"], submission.sender if same else "")
        return Facts(
            today,
            cases,
            spent,
            paid_cases,
            self._cases_of_address(submission.sender),
            self._vouched(submission.sender),
            self._cases_sent(submission),
            left_out=self._left_out(submission.sender, cases, evidence),
            withdrawing=self._withdrawing(cases.values()),
            early=self._early(
                {h.identity_number for h in evidence.holders if h.identity_number}, awaits_list
            ),
        )

    def _early(self, numbers: Collection[IdentityNumber], awaits_list: str) -> tuple[EarlyReceipt, ...]:
        """Lists the receipts of these people that are alone in their mail and wait for a list only."""
        if not numbers or not awaits_list:
            return ()
        rows = self._rows(
            "SELECT d.* FROM hold h JOIN decision d USING (sha) WHERE h.state='open' AND instr(d.body, ?)",
            awaits_list,
        )
        waiting = [(row["sha"], as_judged(row).decision) for row in rows]
        return tuple(
            EarlyReceipt(sha, decision.evidence.receipts[0])
            for sha, decision in waiting
            if {finding.rule for finding in decision.findings} == {awaits_list}
            and decision.evidence == Evidence(receipts=decision.evidence.receipts)
            and len(decision.evidence.receipts) == 1
            and decision.evidence.receipts[0].identity_number in numbers
        )

    def _cases_of_address(self, address: str) -> tuple[Case, ...]:
        """Folds the open cases whose link, or whose receipt where no list came, belongs to an address."""
        if not address:
            return ()
        found = self._cases(
            "WHERE case_number IN (SELECT case_number FROM entry WHERE address=? AND address<>'')",
            self.keyed(address),
        )
        return tuple(
            case
            for case in found
            if not case.is_closed and (case.holder is None or case.holder.address == address)
        )

    def cases_addressed(self, address: str) -> tuple[Case, ...]:
        """Folds the open cases of lost or stolen cards whose link goes to an address."""
        return tuple(c for c in self._cases_of_address(address) if c.procedure is Procedure.LOST_OR_STOLEN)

    def waiting_born_on(self, days: Collection[date]) -> tuple[Case, ...]:
        """Folds the open cases that stood on no list yet, and whose people were born on one of some days."""
        if not days:
            return ()
        marks = ",".join("?" * len(days))
        found = self._cases(
            "WHERE case_number IN (SELECT e.case_number FROM open_case o CROSS JOIN entry e "
            "ON e.case_number=o.number WHERE NOT EXISTS (SELECT 1 FROM batch_row WHERE case_number=o.number) "
            f"AND json_extract(e.holder, '$.born_on') IN ({marks}))",
            *(day.isoformat() for day in days),
        )
        return tuple(case for case in found if not case.is_closed)

    def foretelling(self, address: str, seen_on: date, kinds: tuple[str, ...] = ()) -> str:
        """Names the newest mail of an address that may be against a row which comes later; "" for none.

        What a person has read since says nothing any more; of some `kinds` alone where they are named.
        """
        rows = self._rows(
            "SELECT d.number, h.state, json_extract(d.body, '$.foretells') AS foretells FROM decision d "
            "LEFT JOIN hold h USING (sha) WHERE d.sender=? AND d.decided_at>=? "
            "AND coalesce(json_extract(d.body, '$.foretells'), '')<>'' "
            "AND coalesce(json_extract(d.body, '$.unbelieved'), '')='' ORDER BY d.rowid DESC",
            address,
            seen_on.isoformat(),
        )
        waiting = (row for row in rows if row["state"] in (None, HoldState.OPEN))
        return next((row["number"] for row in waiting if not kinds or row["foretells"] in kinds), "")

    def _cases_sent(self, submission: Submission) -> tuple[Case, ...]:
        """Folds the open cases that came in the thread of a mail, or else in the sender's last mails."""
        mails = [
            row["about"]
            for reference in submission.references
            for row in self._rows("SELECT about FROM letter WHERE message_id=?", reference)
        ] or [
            row["sha"]
            for row in self._rows(
                "SELECT sha FROM decision WHERE sender=? AND sender<>'' ORDER BY rowid DESC LIMIT 20",
                submission.sender,
            )
        ]
        found: dict[str, Case] = {}
        for mail in mails:
            where = (
                "WHERE case_number IN (SELECT case_number FROM entry WHERE proof=? AND holder IS NOT NULL)"
            )
            found |= {case.number: case for case in self._cases(where, mail) if not case.is_closed}
        return tuple(found.values())

    def _left_out(
        self, sender: str, cases: Mapping[IdentityNumber, Case], evidence: Evidence
    ) -> tuple[Case, ...]:
        """Lists who waits and stood in a sender's earlier list beside waiting rows that a new one repeats.

        What an earlier list had is asked of the list itself: who was waiting already made no entry by it.
        """
        here = {holder.identity_number for holder in evidence.holders}
        repeated = {number for number, case in cases.items() if number in here and may_still_wait(case)}
        if not (sender and repeated):
            return ()
        rows = self._rows(
            "SELECT * FROM decision WHERE sender=? AND json_array_length(body, '$.evidence.holders')>0 "
            "ORDER BY rowid DESC LIMIT 20",
            sender,
        )
        decisions = [
            decision for decision in (as_judged(row).decision for row in rows) if decision.is_believed
        ]
        lists = [{h.identity_number for h in decision.evidence.holders} for decision in decisions]
        missing = {number for one in lists if one & repeated for number in one - here if number}
        found = (latest_open(self._lost_or_stolen(number)) for number in missing)
        return tuple(sorted((c for c in found if c and may_still_wait(c)), key=lambda case: case.number))

    def _lost_or_stolen(self, number: IdentityNumber) -> Iterator[Case]:
        return (case for case in self.cases_of(number) if case.procedure is Procedure.LOST_OR_STOLEN)

    def _vouched(self, sender: str) -> frozenset[str]:
        """Lists the mail domains of holders that officials let a sender write for."""
        rows = self._rows(
            "SELECT d.sha, d.body, h.state FROM hold h JOIN decision d USING (sha) WHERE d.sender=? "
            "AND sender<>'' AND (h.state='accepted' OR EXISTS (SELECT 1 FROM settled WHERE sha=d.sha))",
            sender,
        )
        accepted = [
            claim.entry
            for row in rows
            for settled in [self._settled(row["sha"])]
            for claim in claims_of(shape(Decision).validate_json(row["body"]))
            if settled.get(claim.name, settled.get(claim.case, row["state"])) == HoldState.ACCEPTED
        ]
        return frozenset(e.holder.address.rpartition("@")[2] for e in accepted if e and e.holder)

    def _withdrawing(self, cases: Iterable[Case]) -> frozenset[str]:
        """Names those of some cases whose withdrawal is not settled yet."""
        return frozenset(
            case.number
            for case in cases
            for row in self._rows(
                "SELECT d.* FROM hold h JOIN decision d USING (sha) WHERE h.state='open' AND instr(d.body, ?)",
                case.number,
            )
            for decision in [self._waiting(row).decision]
            if decision.is_believed
            for entry in decision.withheld
            if entry.case == case.number and entry.event is Event.WITHDRAWN
        )
