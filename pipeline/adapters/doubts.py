"""doubts: letters of which nobody knows whether they went out, until a person finds out and says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pipeline.adapters.ledger import Ledger, StoredLetter
from pipeline.cases import is_number, mail_number

Fate = Literal["arrived", "again"]

_STATES: dict[Fate, str] = {"arrived": "done", "again": "planned"}


def in_doubt(ledger: Ledger, number: str) -> list[StoredLetter]:
    """Lists the letters in doubt about a mail (G-…), a case (N-…), a list or a night (its day)."""
    return [letter for letter in ledger.letters_in_state("in_doubt") if number in _names(letter.about)]


def _names(about: str) -> tuple[str, ...]:
    # A case's reminders and last letters are about "N-…/name"; lists are about "2026-11-25/1" as a whole.
    case, _, step = about.partition("/")
    return (about, case if step and is_number(case) else "", mail_number(about) if len(about) == 64 else "")


def end(ledger: Ledger, letters: Sequence[StoredLetter], fate: Fate, found_out: str, at: datetime) -> None:
    """Writes down that letters arrived, or are to go out again as they are, and how somebody found out."""
    for letter in letters:
        # Its turn came long ago: no new time to wait for.
        ledger.mark_letter(letter.id, _STATES[fate], at, found_out, None)
