"""outbox: stored letters → the SMTP server, each state written down before the step it names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pipeline.adapters.ledger import Ledger, StoredLetter
from pipeline.adapters.postman import Deferred, Delivered, Fate, InDoubt, Postman, Refused, SmtpAccount

_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)
_GIVE_UP_AFTER = timedelta(days=5)


def resolve_doubts(ledger: Ledger, now: datetime) -> None:
    """Decides about letters that a run died over between the final dot and the server's reply.

    The same bytes are sent again: a repeat with the same Message-ID is better than silence. Only a list
    for Kamu SM is never sent twice by itself; it stays in doubt and stands in the report.
    """
    for letter in ledger.letters_in_state("started"):
        if letter.kind == "batch":
            ledger.mark_letter(letter.id, "in_doubt", now, letter.response, None)
        else:
            ledger.mark_letter(letter.id, "planned", now, letter.response, now)


def post_due(
    ledger: Ledger, account: SmtpAccount, envelope_sender: str, clock: Callable[[], datetime]
) -> int:
    """Posts every letter that is due and gives how many went out; a server that is away leaves them all.

    Raises PostmanFault when no letter at all can be handed in.
    """
    due = ledger.due_letters(clock())
    if not due:
        return 0
    sent = 0
    with Postman(account) as postman:
        for letter_id in due:
            sent += _post(ledger, postman, ledger.letter(letter_id), envelope_sender, clock)
    return sent


def _post(
    ledger: Ledger,
    postman: Postman,
    letter: StoredLetter,
    envelope_sender: str,
    clock: Callable[[], datetime],
) -> bool:
    def started() -> None:
        # Everything but the final dot is with the server: only from here on is it in doubt.
        ledger.mark_letter(letter.id, "started", clock(), "", None)

    fates = postman.post(envelope_sender, (letter.recipient,), letter.body, started)
    fate = fates[letter.recipient]
    state, next_at = _state_after(fate, letter, clock())
    ledger.mark_letter(letter.id, state, clock(), fate.response, next_at)
    return isinstance(fate, Delivered)


def _state_after(fate: Fate, letter: StoredLetter, now: datetime) -> tuple[str, datetime | None]:
    match fate:
        case Delivered():
            return "done", None
        case Refused():
            return "failed", None
        case InDoubt():
            return "started", None
        case Deferred() if now - letter.planned_at > _GIVE_UP_AFTER:
            return "failed", None
        case Deferred():
            pause = min(_FIRST_PAUSE * 2**letter.attempts, _LONGEST_PAUSE)
            return "deferred", now + pause
