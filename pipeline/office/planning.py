"""planning: a letter → as it is stored and sent."""

from __future__ import annotations

from datetime import datetime

from pipeline.domain import Letter
from pipeline.ledger.book import Ledger, Planned
from pipeline.mail.rendering import message_id, render


def planned(letter: Letter) -> Planned:
    """Gives a letter as it is stored and sent."""
    return Planned(
        message_id(letter), letter.kind, letter.about, letter.recipient, letter.subject, render(letter)
    )


def plan(ledger: Ledger, letter: Letter, now: datetime) -> None:
    """Stores a letter's rendered bytes; call inside a transaction."""
    ledger.plan_letter(planned(letter), now)
