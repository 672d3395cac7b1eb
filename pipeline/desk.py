"""desk: what an official does by command: takes in paper, releases lists, reads Kamu SM's answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.adapters.casework import address_of, is_imported, listed_case, note_answer
from pipeline.adapters.reading_room import begin_reading, finish_reading
from pipeline.cases import is_number
from pipeline.domain import Attachment, Case, Event
from pipeline.faults import OperatorFault
from pipeline.followup import an_entry, close_complete
from pipeline.kamusm_answers import AnswerRow, read_answer
from pipeline.releasing import Released, release
from pipeline.shop import Shop, plan
from pipeline.stages.inform import inform
from pipeline.turkish import quotable

# A bar-code reader types by the keys of another keyboard: the dash arrives as what lies there.
_READ = re.compile(r"([GN])[^0-9A-Z]?([0-9A-Z]{8})")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of the papers that were handed in: cases marked, marked before, and closed by it."""

    received: tuple[str, ...]
    known: tuple[str, ...]
    closed: tuple[str, ...]


def as_typed(text: str) -> str:
    """Reads a case number as people and bar-code readers type it.

    >>> as_typed("n*0000000h "), as_typed("N0000000H"), as_typed("12")
    ('N-0000000H', 'N-0000000H', '12')
    """
    found = _READ.fullmatch(text.strip().upper())
    return f"{found[1]}-{found[2]}" if found else text.strip()


def take_in(shop: Shop, numbers: Iterable[str]) -> TakenIn:
    """Notes that the signed forms of some cases are here, and closes those that are complete; all or none.

    Raises OperatorFault with every number that is wrong.
    """
    named = dict.fromkeys(map(as_typed, numbers))
    if not named:
        raise OperatorFault("no_numbers")
    cases = {number: shop.ledger.case(number) for number in named if is_number(number)}
    wrong = [(number, fault) for number in named if (fault := _fault(shop, cases.get(number), number))]
    if wrong:
        raise OperatorFault("wrong_cases", wrong=wrong)
    fresh = [c for c in cases.values() if c and Event.FORM_RECEIVED not in c.events]
    now, today = shop.clock(), shop.today()
    with shop.ledger.transaction():
        shop.ledger.add_entries(
            (an_entry(case, Event.FORM_RECEIVED, today, f"desk/{now:%Y%m%dT%H%M%S}") for case in fresh), ""
        )
        again = (shop.ledger.case(case.number) for case in fresh)
        closed = close_complete(shop, [case for case in again if case], today, now)
    received = tuple(case.number for case in fresh)
    known = tuple(number for number in named if number not in received)
    return TakenIn(received, known, tuple(case.number for case in closed))


def _fault(shop: Shop, case: Case | None, number: str) -> str:
    if not is_number(number):
        return "mistyped"
    if case is None:
        return "unknown"
    if not shop.policy.completion.wants_paper(case.procedure):
        return "no_paper_due"
    return "closed" if case.is_closed and Event.FORM_RECEIVED not in case.events else ""


def release_list(shop: Shop, name: str, by: str) -> Released:
    """Sends a list that waited for its release to Kamu SM; raises OperatorFault where none can be sent."""
    now = shop.clock()
    with shop.ledger.transaction():
        released = release(shop.ledger, name, by, name, shop.policy, now, shop.today())
        if released.letter:
            shop.ledger.add_entries(released.entries, sender="")
            plan(shop.ledger, released.letter, now)
    if released.state != "done":
        at = released.at and released.at.astimezone(shop.settings.zone)
        raise OperatorFault(f"release_{released.state}", batch=name, by=released.by, at=at)
    return released


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


def import_answer(shop: Shop, name: str, data: bytes) -> Imported:
    """Reads back Kamu SM's answer to a list: reopens what was returned and tells its people, all or nothing.

    The same file again changes nothing. Raises OperatorFault for a file without such a table.
    """
    digest = hashlib.sha256(data).hexdigest()
    if is_imported(shop.ledger, digest):
        return Imported(is_repeat=True)
    rows = _answer_rows(shop, name, digest, data)
    now, today, policy = shop.clock(), shop.today(), shop.policy
    with shop.ledger.transaction():
        sorted_rows = [(row, *_standing(shop, row, rows)) for row in rows]
        told = [(row, case) for row, case, why in sorted_rows if case and not why]
        unique = list({case.number: (row, case) for row, case in told}.values())
        returned = [(r, c) for r, c in unique if r.result == "returned" and not c.is_returned]
        for row, case in returned:
            proof = f"kamu_sm/{digest[:12]}"
            entry = an_entry(case, Event.RETURNED_BY_KAMU_SM, today, proof)
            shop.ledger.add_entries([entry], sender="")
            if recipient := address_of(shop.ledger, case):
                letter = inform(
                    "replies/returned-by-kamu-sm",
                    case,
                    recipient,
                    policy,
                    now,
                    about=f"{case.number}/{digest[:12]}",
                    reason=quotable(row.reason),
                )
                plan(shop.ledger, letter, now)
        note_answer(shop.ledger, digest, name, [(case, row.result) for row, case in unique], now)
    return Imported(
        accepted=tuple(case.number for row, case in unique if row.result == "accepted"),
        returned=tuple(case.number for _, case in returned),
        known=tuple(c.number for r, c in unique if r.result == "returned" and c.is_returned),
        left=tuple((row, why) for row, _, why in sorted_rows if why),
    )


def _answer_rows(shop: Shop, name: str, digest: str, data: bytes) -> tuple[AnswerRow, ...]:
    """Has a worker open the file, as every file from outside is opened."""
    file = Attachment(name, "application/octet-stream", data, digest)
    reading = begin_reading(shop.ledger, [file], shop.policy.clues, shop.readers, ())
    ((_, transcript),) = finish_reading(shop.ledger, reading, shop.clock()).files
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
