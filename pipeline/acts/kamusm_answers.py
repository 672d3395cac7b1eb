"""kamusm_answers: Kamu SM's answer to a list, read back: who was returned is told, and waits anew."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from pipeline.acts.acting import Act, Deed, acting
from pipeline.acts.followup import an_entry
from pipeline.domain import Attachment, Case, Event
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import quotable
from pipeline.ledger.casework import address_of, is_imported, listed_case, note_answer
from pipeline.letters.inform import inform
from pipeline.lists.kamusm_answers import AnswerRow, read_answer
from pipeline.office.planning import plan
from pipeline.office.shop import Shop
from pipeline.office.transcripts import begin_transcripts, finish_transcripts


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an answer of Kamu SM: cases by result, and the rows that a person must look at, and why.

    `known` are cases that were returned before and still wait for a corrected list.
    """

    accepted: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    left: tuple[tuple[AnswerRow, str], ...] = ()
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer of Kamu SM says of one case; `reason` is why it was returned, in their words."""

    case: str
    result: Literal["accepted", "returned"]
    reason: str


def import_answer(shop: Shop, name: str, data: bytes, act: Act) -> Imported:
    """Reads back Kamu SM's answer to a list: reopens what was returned and tells its people, all or nothing.

    The same file again changes nothing. Raises OperatorFault for a file without such a table.
    """
    imported, told = _read(shop, name, data)
    if imported.is_repeat:
        return imported
    digest = hashlib.sha256(data).hexdigest()
    take_answer(shop, digest, name, told, act)
    return imported


def preview_answer(shop: Shop, name: str, data: bytes) -> Imported:
    """Tells what would become of an answer of Kamu SM; nothing of it is kept but that it was read."""
    return _read(shop, name, data)[0]


def take_answer(shop: Shop, digest: str, name: str, told: Sequence[Answered], act: Act) -> None:
    """Writes down what an answer says of some cases, and writes to those whom it returned."""
    body = {"digest": digest, "name": name, "rows": [asdict(row) for row in told]}
    cases = [(row, case) for row in told if (case := shop.ledger.case(row.case))]
    with acting(shop, Deed("kamu_sm_answer", "", body=body), act):
        for row, case in cases:
            if row.result == "returned" and not case.is_returned:
                _reopen(shop, digest, row, case)
        note_answer(shop.ledger, digest, name, [(case, row.result) for row, case in cases], shop.clock())


def _reopen(shop: Shop, digest: str, row: Answered, case: Case) -> None:
    now = shop.clock()
    entry = an_entry(case, Event.RETURNED_BY_KAMU_SM, shop.today(), f"kamu_sm/{digest[:12]}")
    shop.ledger.add_entries([entry], sender="")
    if recipient := address_of(shop.ledger, case):
        about, text = f"{case.number}/{digest[:12]}", "replies/returned-by-kamu-sm"
        reason = quotable(row.reason)
        letter = inform(text, case, recipient, shop.policy, now, reason=reason)
        plan(shop.ledger, replace(letter, about=about), now)


def _read(shop: Shop, name: str, data: bytes) -> tuple[Imported, list[Answered]]:
    digest = hashlib.sha256(data).hexdigest()
    if is_imported(shop.ledger, digest):
        return Imported(is_repeat=True), []
    rows = _answer_rows(shop, name, digest, data)
    sorted_rows = [(row, *_standing(shop, row, rows)) for row in rows]
    told = [(row, case) for row, case, why in sorted_rows if case and not why]
    unique = list({case.number: (row, case) for row, case in told}.values())
    imported = Imported(
        accepted=tuple(case.number for row, case in unique if row.result == "accepted"),
        returned=tuple(c.number for r, c in unique if r.result == "returned" and not c.is_returned),
        known=tuple(c.number for r, c in unique if r.result == "returned" and c.is_returned),
        left=tuple((row, why) for row, _, why in sorted_rows if why),
    )
    results: dict[str, Literal["accepted", "returned"]] = {"accepted": "accepted", "returned": "returned"}
    return imported, [Answered(case.number, results[row.result], row.reason) for row, case in unique]


def _answer_rows(shop: Shop, name: str, digest: str, data: bytes) -> tuple[AnswerRow, ...]:
    """Has a worker open the file, as every file from outside is opened."""
    file = Attachment(name, "application/octet-stream", data, digest)
    begun = begin_transcripts(shop.ledger, [file], shop.policy.clues, shop.readers, ())
    ((_, transcript),) = finish_transcripts(shop.ledger, begun, shop.clock()).files
    rows = read_answer(transcript.sheets, shop.policy.answer_form, shop.policy.form)
    if not rows:
        raise OperatorFault("answer_without_rows", file=name)
    return rows


def _standing(shop: Shop, row: AnswerRow, rows: Sequence[AnswerRow]) -> tuple[Case | None, str]:
    """Finds the case that a row is about, or why it cannot be taken for one."""
    number = row.identity_number
    if number is None:
        return None, "no_number"
    if row.result == "unclear" or len({r.result for r in rows if r.identity_number == number}) > 1:
        return None, "unclear"
    case = listed_case(shop.ledger, number)
    if case is None or (case.awaits_release and not case.is_returned):
        return None, "not_listed"
    if case.is_closed:
        return case, "closed"
    # Corrected since: what comes now is an answer to a list of before.
    return case, "" if case.batch or case.is_returned else "corrected"
