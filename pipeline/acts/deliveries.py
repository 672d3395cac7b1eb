"""deliveries: letters that failed, or may have gone out, until a person says what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pipeline.acts.acting import Act, Deed, acting_next
from pipeline.domain import LetterState
from pipeline.domain.cases import is_number
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Ledger, StoredLetter
from pipeline.office.shop import Shop

Fate = Literal["arrived", "again"]

_STATES: dict[Fate, LetterState] = {"arrived": LetterState.DONE, "again": LetterState.PLANNED}


def open_deliveries(ledger: Ledger, number: str) -> list[StoredLetter]:
    """Lists the letters in doubt, and those that failed, about a mail (G-…), a case (N-…), a list or a night.

    A night is named by its day.
    """
    mail = ledger.judged_number(number.upper())
    asked = {number.lower(), *([mail.sha] if mail else [])}
    letters = ledger.letters_in_state(LetterState.OUTCOME_UNKNOWN, LetterState.FAILED)
    return [letter for letter in letters if asked & set(_names(letter))]


def _names(letter: StoredLetter) -> tuple[str, ...]:
    """Names a letter as people may: a case's letters by "N-…" or "N-…/name", a list as "2026-11-25/1"."""
    about = letter.about.lower()
    case, _, step = about.partition("/")
    if not is_number(case.upper()):
        return (about,)
    return (about, case, f"{case}/{step or letter.kind.rpartition('/')[2]}")


def end_delivery(shop: Shop, number: str, fate: Fate, act: Act) -> int:
    """Says what became of the letters that a number names, or has those that failed go out again.

    Gives how many there were; raises OperatorFault where there is none.
    """
    letters = open_deliveries(shop.ledger, number)
    if not letters:
        raise OperatorFault("nothing_in_doubt", number=number)
    acting_next(shop, Deed("doubt", number, body={"fate": fate}), act)
    end(shop.ledger, letters, fate, f"{act.by}: {act.because}", shop.clock())
    return len(letters)


def end(ledger: Ledger, letters: Sequence[StoredLetter], fate: Fate, found_out: str, at: datetime) -> None:
    """Writes down that letters arrived, or are to go out again as they are, and how somebody found out."""
    for letter in letters:
        if fate == "again":
            ledger.begin_anew(letter.id)
        # Its turn came long ago: no new time to wait for.
        ledger.set_letter_state(letter.id, _STATES[fate], at, found_out, None)
