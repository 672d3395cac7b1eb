"""outbox: stored letters → the SMTP server, each state written down before the step it names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import takewhile

from pipeline.adapters.ledger import Ledger, StoredLetter
from pipeline.adapters.postman import Deferred, Delivered, Fate, InDoubt, Postman, Refused, SmtpAccount

_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)
_GIVE_UP_AFTER = timedelta(days=5)
# So long a copy may take on its way to our own mailbox.
_GRACE = timedelta(minutes=15)

# Tells whether the copy of a letter is in our own mailbox.
Evidence = Callable[[StoredLetter], bool]


def resolve_doubts(ledger: Ledger, now: datetime, went_out: Evidence | None) -> None:
    """Decides about letters that a run died over between the final dot and the server's reply.

    With evidence: a letter whose copy is there is done; one whose copy has not come within the grace
    is sent again, the same bytes. Without evidence the same bytes are sent again at once, for a repeat
    under the same Message-ID is better than silence; but a list for Kamu SM is never sent twice on a
    guess and stays in doubt, for a person to see in the report.
    """
    doubtful = ledger.letters_in_state("started")
    if went_out is None:
        for letter in doubtful:
            state = "in_doubt" if letter.kind == "batch" else "planned"
            ledger.mark_letter(letter.id, state, now, letter.response, now)
        return
    for letter in doubtful:
        if went_out(letter):
            ledger.mark_letter(letter.id, "done", now, "copy found", None)
        elif letter.changed_at is None or now - letter.changed_at > _GRACE:
            ledger.mark_letter(letter.id, "planned", now, letter.response, now)


def post_due(
    ledger: Ledger,
    account: SmtpAccount,
    envelope_sender: str,
    copies: tuple[str, ...],
    clock: Callable[[], datetime],
    goes_on: Callable[[int], bool],
) -> int:
    """Posts every letter that is due and gives how many went out; a server that is away leaves them all.

    `copies` get every letter in the same transaction, so that one reply covers both. Stops before the
    first letter that `goes_on` denies. Raises
    PostmanFault when no letter at all can be handed in.
    """
    due = ledger.due_letters(clock())
    if not due:
        return 0
    sent = 0
    with Postman(account) as postman:
        for letter_id in takewhile(goes_on, due):
            sent += _post(ledger, postman, ledger.letter(letter_id), envelope_sender, copies, clock)
    return sent


def _post(
    ledger: Ledger,
    postman: Postman,
    letter: StoredLetter,
    envelope_sender: str,
    copies: tuple[str, ...],
    clock: Callable[[], datetime],
) -> bool:
    def started() -> None:
        # Everything but the final dot is with the server: only from here on is it in doubt.
        ledger.mark_letter(letter.id, "started", clock(), "", None)

    fates = postman.post(envelope_sender, (letter.recipient,), letter.body, started, copies)
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
            return "deferred", now + pause * _jitter(letter)


def _jitter(letter: StoredLetter) -> float:
    """Spreads repeats between three and five quarters of the pause, the same for the same attempt."""
    dice = hashlib.sha256(f"{letter.message_id}/{letter.attempts}".encode()).digest()[0]
    return 0.75 + dice / 510
