"""waiting: everything that a person has to do, the most urgent and oldest first; what others do is apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from pipeline.acts.standing import Standing, standings_of
from pipeline.domain import LetterState
from pipeline.domain.acts import Done
from pipeline.ledger.acts import acts_about, version_of
from pipeline.ledger.book import Judged, Ledger, StoredLetter
from pipeline.ledger.desk import (
    Held,
    acts_on_held,
    count_held,
    count_set_aside,
    mails_held,
    mails_named,
    mails_set_aside,
)
from pipeline.ledger.stops import open_stop
from pipeline.office.shop import Shop

# What waits longer is urgent, whatever it is.
_LONG = timedelta(days=7)
# What was set aside before is told in the reports of its days.
_KEPT_ASIDE = timedelta(days=30)


class Urgency(IntEnum):
    """What comes first on the desk."""

    STOP = 0
    LETTER = 1
    LIST = 2
    HELD = 3
    SET_ASIDE = 4


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to be done: how urgent, about which number, since when, and of whose mail.

    `desks` are whose it is, () for everybody's. A task of kind HELD is a mail, with claims in `mail_on_desk`.
    """

    urgency: Urgency
    number: str
    since: datetime
    is_late: bool
    sender: str = ""
    subject: str = ""
    desks: tuple[str, ...] = ()


class Pile(StrEnum):
    """What of all that waits somebody looks at; `FREE` is theirs to take, with their own."""

    FREE = "free"
    OWN = "own"
    ALL = "all"
    PUT_OFF = "put_off"


@dataclass(frozen=True, slots=True)
class Desk:
    """All that waits, as one person has it before them, counted; a page of it is read when it is asked for.

    `desks` tells whose a mail is, by digest; `elsewhere` are those on somebody else's desk.
    """

    shop: Shop
    office: tuple[Task, ...]
    desks: Mapping[str, tuple[str, ...]]
    put_off: frozenset[str]
    own: frozenset[str]
    elsewhere: frozenset[str]
    held: int
    set_aside: int

    def count(self, pile: Pile) -> int:
        """Counts what lies on a pile."""
        common = len(self.office) + self.held + self.set_aside - len(self.put_off)
        match pile:
            case Pile.OWN:
                return len(self.own)
            case Pile.PUT_OFF:
                return len(self.put_off)
            case Pile.FREE:
                return common - len(self.elsewhere)
            case Pile.ALL:
                return common

    def page(self, pile: Pile, first: int, most: int) -> tuple[Task, ...]:
        """Lists so many tasks of a pile from the first-th on, the most urgent and oldest first."""
        ledger, now = self.shop.ledger, self.shop.clock()
        if pile in (Pile.OWN, Pile.PUT_OFF):
            mails = mails_named(ledger, self.own if pile is Pile.OWN else self.put_off)
            return self._tasks(Urgency.HELD, mails[first : first + most])
        found = list(self.office[first : first + most])
        # What is before the office's own is listed already.
        without = self.put_off | (self.elsewhere if pile is Pile.FREE else frozenset())
        left, start = most - len(found), max(0, first - len(self.office))
        found += self._tasks(Urgency.HELD, mails_held(ledger, without, start, left))
        left, start = most - len(found), max(0, start - (self.held - len(without)))
        since = now - _KEPT_ASIDE
        found += self._tasks(Urgency.SET_ASIDE, mails_set_aside(ledger, since, start, left))
        return tuple(found)

    def _tasks(self, urgency: Urgency, mails: Iterable[Held]) -> tuple[Task, ...]:
        now = self.shop.clock()
        return tuple(
            Task(urgency, m.number, m.at, now - m.at > _LONG, m.sender, m.subject, self.desks.get(m.sha, ()))
            for m in mails
        )


@dataclass(frozen=True, slots=True)
class MailOnDesk:
    """A held mail as a person decides it: how its claims stand, its letters, what people did, its version."""

    judged: Judged
    standings: tuple[Standing, ...]
    letters: tuple[StoredLetter, ...]
    acts: tuple[Done, ...]
    version: str
    state: str = field(default="open")


def waiting(shop: Shop, person: str = "", sitting: Collection[str] = ()) -> Desk:
    """Looks through everything that somebody has to do; no mail is opened for it but those that were put off.

    What is on the desk of another one of those `sitting` there is in nobody else's way; what is on nobody's
    is everybody's.
    """
    ledger, acts = shop.ledger, acts_on_held(shop.ledger)
    desks = {sha: names for sha, done in acts.items() if (names := _desks(done))}
    put_off = frozenset(sha for sha, done in acts.items() if _is_put_off(shop, sha, done))
    todo = {sha: names for sha, names in desks.items() if sha not in put_off}
    own = frozenset(sha for sha, names in todo.items() if person in names)
    others = frozenset(sha for sha, names in todo.items() if set(sitting).intersection(names))
    office = tuple(sorted(_of_the_office(shop), key=_order))
    aside = count_set_aside(ledger, shop.clock() - _KEPT_ASIDE)
    return Desk(shop, office, desks, put_off, own, others - own, count_held(ledger), aside)


def mail_on_desk(shop: Shop, number: str) -> MailOnDesk | None:
    """Gives a held mail with all that is known of its claims; None where none was held by that number."""
    judged = shop.ledger.judged_number(number)
    hold = shop.ledger.hold(judged.sha) if judged else None
    if judged is None or hold is None:
        return None
    return MailOnDesk(
        judged,
        standings_of(shop, judged),
        tuple(shop.ledger.letters_about(judged.sha)),
        tuple(acts_about(shop.ledger, judged.sha)),
        version_of(shop.ledger, number),
        hold["state"],
    )


def _order(task: Task) -> tuple[int, datetime]:
    return task.urgency, task.since


def _of_the_office(shop: Shop) -> Iterator[Task]:
    ledger, now = shop.ledger, shop.clock()
    if stop := open_stop(ledger):
        yield Task(Urgency.STOP, stop.name, stop.at, is_late=True)
    for letter in ledger.letters_in_state(LetterState.OUTCOME_UNKNOWN, LetterState.FAILED):
        at = letter.changed_at or letter.planned_at
        yield Task(Urgency.LETTER, letter.about, at, True, letter.recipient, letter.subject)
    for row in ledger.unreleased():
        name = f"{row['day']}/{row['number']}"
        letters = [letter for letter in ledger.letters_about(name) if letter.is_batch]
        yield Task(Urgency.LIST, name, letters[0].planned_at if letters else now, is_late=True)


def _desks(acts: Sequence[Done]) -> tuple[str, ...]:
    """Names whose a mail is, as far as its acts tell without it."""
    by_claim: dict[int, str] = {}
    for done in acts:
        if done.kind == "assign":
            by_claim |= dict.fromkeys(done.body["claims"], done.body["to"])
    return tuple(dict.fromkeys(name for name in by_claim.values() if name))


def _is_put_off(shop: Shop, sha: str, acts: Sequence[Done]) -> bool:
    """Tells whether nothing of a mail can be done now; opens those alone that somebody has put off."""
    if not any(done.kind == "wait" for done in acts):
        return False
    judged = shop.ledger.judged(sha)
    assert judged is not None
    return not any(s.state in ("open", "proposed") for s in standings_of(shop, judged))


def waiting_aside(ledger: Ledger, now: datetime, most: int) -> tuple[int, list[Held]]:
    """Counts the mails that were set aside, or tell of a letter that came back, and lists the oldest."""
    since = now - _KEPT_ASIDE
    return count_set_aside(ledger, since), mails_set_aside(ledger, since, 0, most)
