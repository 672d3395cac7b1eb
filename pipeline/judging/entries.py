"""entries: what the claims of one mail would write into the cases of their people."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.domain import Case, Entry, Event, Evidence, Facts, Holder, Procedure, Receipt, ScannedForm
from pipeline.domain.cases import case_number, claim_of, receipt_key
from pipeline.domain.turkish import IdentityNumber
from pipeline.policy.views import OPENED_BY_RECEIPT, case_of


def listing(sha: str, holder: Holder, facts: Facts) -> Entry | None:
    """Lists a row, which opens its person's case or amends it; None where nobody knows whose it is."""
    if holder.identity_number is None:
        return None
    number = holder.identity_number
    case = facts.cases.get(number)
    return Entry(
        case=case.number if case else _opening(sha, number, Procedure.LOST_OR_STOLEN, facts),
        procedure=Procedure.LOST_OR_STOLEN,
        identity_number=number,
        event=Event.AMENDED if case else Event.LISTED,
        day=facts.today,
        proof=sha,
        holder=holder,
    )


def _opening(sha: str, number: IdentityNumber, procedure: Procedure, facts: Facts) -> str:
    return facts.numbers.get((number, procedure)) or case_number(sha, claim_of(number, procedure))


def withdrawal(sha: str, case: Case, facts: Facts) -> Entry:
    """Takes a case back."""
    return Entry(
        case=case.number,
        procedure=case.procedure,
        identity_number=case.identity_number,
        event=Event.WITHDRAWN,
        day=facts.today,
        proof=sha,
    )


def scanned(sha: str, evidence: Evidence, facts: Facts) -> dict[str, Entry]:
    """Notes the signed forms whose case is known, by file; the paper itself stays due."""
    cases = {form.file: _case_of_form(form, facts) for form in evidence.forms}
    return {
        file: Entry(
            case=case.number,
            procedure=case.procedure,
            identity_number=case.identity_number,
            event=Event.FORM_SCANNED,
            day=facts.today,
            proof=sha,
        )
        for file, case in cases.items()
        if case
    }


def _case_of_form(form: ScannedForm, facts: Facts) -> Case | None:
    """Finds the one case a form belongs to: by its number, else the sender's own or the one they brought."""
    if number := form.identity_number:
        paid = (case for (whose, _), case in facts.paid_cases.items() if whose == number)
        known = [case for case in (facts.cases.get(number), *paid) if case]
    else:
        known = list(facts.sender_cases or facts.sent_cases)
    return known[0] if len(known) == 1 else None


def opened(entry: Entry) -> Case:
    """Gives the case that an entry would open."""
    return Case(entry.case, entry.procedure, entry.identity_number, entry.day, holder=entry.holder)


def siblings(receipt: Receipt, receipts: Sequence[Receipt]) -> int:
    """Counts the other payments of one mail for the same person."""
    number = receipt.identity_number
    keys = {receipt_key(r) for r in receipts if number and r.identity_number == number}
    return len(keys - {receipt_key(receipt)})


def payment(sha: str, receipt: Receipt, facts: Facts, procedure: Procedure | None) -> Entry | None:
    """Pays with a receipt that was not spent before; None where it belongs to no case."""
    number = receipt.identity_number
    if number is None or procedure is None or receipt_key(receipt) in facts.spent:
        return None
    case = case_of(receipt, facts, procedure)
    if case is None and procedure not in OPENED_BY_RECEIPT:
        return None
    return Entry(
        case=case.number if case else _opening(sha, number, procedure, facts),
        procedure=procedure,
        identity_number=number,
        event=Event.PAID,
        day=facts.today,
        proof=sha,
        receipt=receipt,
    )
