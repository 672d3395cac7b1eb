"""doubts: letters of which nobody knows whether they went out, until a person finds out and says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pipeline.adapters.ledger import Ledger, StoredLetter
from pipeline.cases import mail_number

Fate = Literal["arrived", "again"]

_STATES: dict[Fate, str] = {"arrived": "done", "again": "planned"}


def in_doubt(ledger: Ledger, number: str) -> list[StoredLetter]:
    """Lists the letters in doubt about a mail (G-…), a case (N-…), a list or a night (its day)."""
    return [
        letter
        for letter in ledger.letters_in_state("in_doubt")
        if number == letter.about or (len(letter.about) == 64 and number == mail_number(letter.about))
    ]


def end(ledger: Ledger, letters: Sequence[StoredLetter], fate: Fate, found_out: str, at: datetime) -> None:
    """Writes down that letters arrived, or are to go out again as they are, and how somebody found out."""
    for letter in letters:
        # Its turn came long ago: no new time to wait for.
        ledger.mark_letter(letter.id, _STATES[fate], at, found_out, None)
