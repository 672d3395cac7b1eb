"""outbox: stored letters → the SMTP server, each state written down before the step it names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from pipeline.domain import LetterState
from pipeline.domain.faults import origin
from pipeline.ledger.book import Ledger, StoredLetter
from pipeline.mail.faults import PostmanFault
from pipeline.mail.smtp import (
    Deferred,
    Delivered,
    Fate,
    OutcomeUnknown,
    Postman,
    Refused,
    SmtpAccount,
)
from pipeline.office.world import is_the_worlds

_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)
_GIVE_UP_AFTER = timedelta(days=5)
# Days in which nothing could be tried give nothing up; about half a day of trying lies within so many.
_FEWEST_ATTEMPTS = 8
# So many people in a row are not refused for what they are; more, where the server has just taken others.
_SEVERAL, _MANY = 2, 4
# So long a copy may take on its way to our own mailbox.
_GRACE = timedelta(minutes=15)

# Tells whether the copy of a letter is in our own mailbox.
IsCopyThere = Callable[[StoredLetter], bool]


def resolve_open_deliveries(ledger: Ledger, now: datetime, went_out: IsCopyThere | None) -> None:
    """Decides about letters that a run died over between the final dot and the server's reply.

    Where copies are kept: a letter whose copy is there is done; one whose copy has not come within the grace
    is sent again, the same bytes. Elsewhere the same bytes are sent again at once, for a repeat
    under the same Message-ID is better than silence; but a list for Kamu SM is never sent twice on a
    guess and stays in doubt, for a person to see in the report.
    """
    open_letters = ledger.letters_in_state(LetterState.STARTED)
    if went_out is None:
        for letter in open_letters:
            state = LetterState.OUTCOME_UNKNOWN if letter.is_batch else LetterState.PLANNED
            ledger.set_letter_state(letter.id, state, now, letter.response, now)
        return
    for letter in open_letters:
        if went_out(letter):
            ledger.set_letter_state(letter.id, LetterState.DONE, now, "copy found", None)
        elif letter.changed_at is None or now - letter.changed_at > _GRACE:
            ledger.set_letter_state(letter.id, LetterState.PLANNED, now, letter.response, now)


class Unwilling(PostmanFault):
    """The server takes nothing from us, whoever it is for; `name` says over what, or "refuses_all"."""

    def __init__(self, mood: str, said: str) -> None:
        super().__init__(
            f"The SMTP server takes no mail from us at the moment ({said}); "
            "all letters wait, and none is given up."
        )
        self.name = mood or "refuses_all"


@dataclass(frozen=True, slots=True)
class Route:
    """By which server letters go out, and in whose name, for what comes back.

    `copies` get every letter in the same transaction, so that one reply covers both.
    """

    account: SmtpAccount
    envelope_sender: str
    copies: tuple[str, ...] = ()


def post_due(
    ledger: Ledger,
    route: Route,
    clock: Callable[[], datetime],
    goes_on: Callable[[int], bool],
    is_enough: Callable[[], bool] = lambda: False,
) -> int:
    """Posts every letter that is due and gives how many went out; a server that is away leaves them all.

    Stops before the first letter that `goes_on` denies, or after one that was taken when it `is_enough`. A
    refusal is final only from a server that takes other letters, or for one person alone. Raises PostmanFault
    when no letter at all can be handed in: Unwilling where the server says so of itself or of us, all due
    letters waiting then.
    """
    due = _fewest_attempts_first(ledger, ledger.due_letters(clock()))
    if not due:
        return 0
    noes = _Noes()
    with Postman(route.account) as postman:
        for number, letter_id in enumerate(takewhile(goes_on, due), start=1):
            letter = ledger.letter(letter_id)
            try:
                fate = _post(ledger, postman, letter, route, clock)
            except Exception as fault:
                if is_the_worlds(fault):
                    raise
                _set_aside(ledger, letter_id, fault, clock())
                continue
            if isinstance(fate, Delivered):
                _give_up(ledger, noes.refused, clock())
                noes = _Noes(sent=noes.sent + 1)
                # After a no it is not: whether that was about one letter or all, the next ones tell.
                if is_enough():
                    break
            elif isinstance(fate, Refused) or (isinstance(fate, Deferred) and fate.is_no):
                noes.heard.append((letter, fate))
                if noes.are_over_us:
                    _all_wait(ledger, due[number:], letter, clock())
                    raise Unwilling(noes.mood, fate.response)
    if noes.mood and not noes.sent:
        raise Unwilling(noes.mood, noes.heard[-1][1].response)
    # The same for several may be the server's directory that is away: final is what it took another after.
    are_final = len({letter.recipient for letter in noes.refused}) < noes.several
    _give_up(ledger, [n for n in noes.refused if are_final or _took_another(ledger, n)], clock())
    return noes.sent


@dataclass(slots=True)
class _Noes:
    """What the server has said no to since it last took a letter, and how many it took in this run."""

    sent: int = 0
    heard: list[tuple[StoredLetter, Deferred | Refused]] = field(default_factory=list)

    @property
    def several(self) -> int:
        return _MANY if self.sent else _SEVERAL

    @property
    def refused(self) -> list[StoredLetter]:
        return [letter for letter, fate in self.heard if isinstance(fate, Refused) and not fate.is_ours]

    @property
    def mood(self) -> str:
        return next((f.mood for _, f in self.heard if isinstance(f, Deferred) and f.mood), "")

    @property
    def are_over_us(self) -> bool:
        """The next letter would hear the same: that was said, or several people heard it in a row."""
        people = {letter.recipient for letter, fate in self.heard if isinstance(fate, Deferred)}
        if any(isinstance(fate, Deferred) and fate.hits_all for _, fate in self.heard):
            return True
        return len(people) >= (_SEVERAL if self.mood else self.several)


def _fewest_attempts_first(ledger: Ledger, due: list[int]) -> list[int]:
    """Puts those first that were not refused before: a few whose mail nobody takes hold up no others."""
    attempts = ledger.attempts_of_unsent()
    return sorted(due, key=lambda letter_id: attempts[letter_id])


def _set_aside(ledger: Ledger, letter_id: int, fault: Exception, at: datetime) -> None:
    """Takes a letter that breaks us out of the post, for the report to tell; the letters behind it go on.

    One of which the final dot may have gone out stays in doubt.
    """
    if ledger.letter(letter_id).state != LetterState.STARTED:
        ledger.set_letter_state(letter_id, LetterState.FAILED, at, f"internal: {origin(fault)}", None)


def _post(
    ledger: Ledger,
    postman: Postman,
    letter: StoredLetter,
    route: Route,
    clock: Callable[[], datetime],
) -> Fate:
    def started() -> None:
        # Everything but the final dot is with the server: only from here on is it in doubt.
        ledger.set_letter_state(letter.id, LetterState.STARTED, clock(), "", None)

    # What is for our own mailbox alone is its own copy.
    others = tuple(copy for copy in route.copies if copy != letter.recipient)
    fates = postman.post(route.envelope_sender, (letter.recipient,), letter.body, started, others)
    fate = fates[letter.recipient]
    state, next_at = _state_after(fate, letter, clock())
    ledger.set_letter_state(letter.id, state, clock(), fate.response, next_at)
    return fate


def _state_after(fate: Fate, letter: StoredLetter, now: datetime) -> tuple[LetterState, datetime | None]:
    match fate:
        case Delivered():
            return LetterState.DONE, None
        case Refused(is_ours=True):
            return LetterState.FAILED, None
        case OutcomeUnknown():
            return LetterState.STARTED, None
        case Deferred() if now - letter.planned_at > _GIVE_UP_AFTER and letter.attempts >= _FEWEST_ATTEMPTS:
            return LetterState.FAILED, None
        case Deferred() | Refused():
            return LetterState.DEFERRED, now + _pause(letter)


def _pause(letter: StoredLetter) -> timedelta:
    pause: timedelta = min(_FIRST_PAUSE * 2 ** min(letter.attempts, 20), _LONGEST_PAUSE)
    return pause * _jitter(letter)


def _give_up(ledger: Ledger, letters: list[StoredLetter], now: datetime) -> None:
    for letter in letters:
        ledger.set_letter_state(letter.id, LetterState.FAILED, now, ledger.letter(letter.id).response, None)


def _took_another(ledger: Ledger, letter: StoredLetter) -> bool:
    """Tells whether the server has taken a letter since it first refused this one."""
    if letter.state != LetterState.DEFERRED or letter.changed_at is None:
        return False
    return ledger.was_any_sent_since(letter.changed_at)


def _all_wait(ledger: Ledger, untried: list[int], last: StoredLetter, now: datetime) -> None:
    """Has the letters that were not tried wait with the last one that was: a quota is not asked for anew."""
    ledger.have_wait(untried, now + _pause(last))


def _jitter(letter: StoredLetter) -> float:
    """Spreads repeats between three and five quarters of the pause, the same for the same attempt."""
    dice = hashlib.sha256(f"{letter.message_id}/{letter.attempts}".encode()).digest()[0]
    return 0.75 + dice / 510
