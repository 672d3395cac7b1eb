"""Officials at the desk, and the disk is lost among their acts: all comes back, and nothing goes twice.

A seed draws who does what in which order, also two things in one second, when the post goes, how far it comes
before the disk is gone, and whether the home's key lies somewhere else. What was posted by then has to be
there again as it was; what was not is on the desk again, and is done again.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from drill.points import Family
from drill.stage import Theatre, Verdict
from pipeline.acts.acting import Act, version
from pipeline.acts.amending import amend
from pipeline.acts.kamusm_answers import import_answer
from pipeline.acts.off_list import kept_off, put_back, take_off
from pipeline.acts.putting_off import assign, wait
from pipeline.acts.releasing import release_list
from pipeline.acts.settling import Word, settle
from pipeline.acts.standing import Until
from pipeline.acts.taking_in import take_in
from pipeline.domain import Event
from pipeline.domain.claims import Claim, Verb, claims_of
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Judged
from pipeline.ledger.custody import broken_links
from pipeline.ledger.home import Home
from pipeline.ledger.settlements import claims_left
from pipeline.mail.headers import ABOUT_HEADER, LOOP_HEADER
from pipeline.office.shop import Shop, post_letters
from pipeline.review.rebuild import make_way, rebuild
from tests.house import COPIES_FOLDER, EVIDENCE, KAMU_SM, MORNING, NIGHT, House, parsed

MAILS = (
    "held/two-held-rows",
    "held/foreigner-99",
    "held/no-attachment-question",
    "held/five-year-term",
    "accepted/list-then-receipt/1-list",
    "accepted/list-then-receipt/2-receipt",
    "accepted/careless-names",
)
# What people did, and what followed from it.
KEPT = {
    "acts": 'SELECT copy, at, kind, about, "by", because, body FROM act ORDER BY id',
    "holds": "SELECT sha, state, because, settled_by, settled_at FROM hold ORDER BY sha",
    "settlements": (
        "SELECT sha, claim, case_number, state, because, settled_by, settled_at FROM settled ORDER BY 1, 2"
    ),
    "releases": "SELECT day, number, released_by FROM release ORDER BY 1, 2",
    "answers": "SELECT digest, case_number, result FROM kamu_sm_answer_row ORDER BY 1, 2",
    "cases": "SELECT case_number, event, proof FROM entry ORDER BY case_number, id",
    "letters": "SELECT message_id, kind, state, recipient, about FROM letter ORDER BY message_id",
}
_RELEASED = '[batch]\nto = "it_unit"\n'
_BY = ("A. Bir", "B. İki", "C. Üç", "D. Dört")
_LIST = f"{NIGHT.date()}/1"
_STEPS_A_DAY = 6
_MAY_GO = ("planned", "deferred", "started")
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_T = TypeVar("_T")
State = Mapping[str, Sequence[tuple[object, ...]]]


def lost_among_acts(seeds: Sequence[int]) -> Family:
    """One day of officials for each seed."""
    points = [(f"seed {seed}", lambda theatre, seed=seed: play(theatre, seed)) for seed in seeds]
    return Family("disk lost among acts", points)


def play(theatre: Theatre, seed: int) -> Verdict:
    """Plays a seed's days; gives what was lost, came twice or is not as it was."""
    with theatre.house(MAILS) as house:
        house.more = EVIDENCE + _RELEASED
        house.write()
        days = _Days(house, random.Random(seed))
        days.play()
        return days.verdict()


@dataclass
class _Days:
    """Two days and the night between them, of one office."""

    house: House
    dice: random.Random
    now: datetime = MORNING
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def play(self) -> None:
        steps = [self._act] * (2 * _STEPS_A_DAY)
        first, second = sorted(self.dice.sample(range(2, len(steps)), 2))
        # Where the key is lost as well, no act of before is believed any more: once, and as the last.
        losses = {first: True, second: self.dice.random() < 0.6}
        self._post()
        for at, step in enumerate(steps):
            if at == _STEPS_A_DAY:
                self._post()
                self.house.nightly(NIGHT)
                self.now = NIGHT + 10 * _HOUR
            step()
            if self.dice.random() < 0.3:
                self._post()
            if at in losses:
                self._lose(losses[at])
        self.now += 3 * _HOUR
        self._post()

    def verdict(self) -> Verdict:
        """Counts at the servers: no letter twice, and nothing left unsent."""
        sent = [str(parsed(received.raw)["Message-ID"]) for received in self.house.smtp.received]
        twice = len(sent) - len(set(sent)) + self._told_again()
        unsent = self.house.ask("SELECT kind, state FROM letter WHERE state NOT IN ('done', 'in_doubt')")
        wrong = [*self.wrong, *(f"letter {kind} is {state}" for kind, state in unsent)]
        with self.house.opened(self.now) as shop:
            wrong += broken_links(shop.ledger, shop.home)
        return Verdict(self.lost, twice, 0, tuple(wrong))

    def _told_again(self) -> int:
        """Counts the words about held mails that went out beyond one for each of their claims."""
        letters = [parsed(received.raw) for received in self.house.smtp.received]
        words = Counter(
            str(letter[ABOUT_HEADER]) for letter in letters if str(letter[LOOP_HEADER]).startswith("settled")
        )
        with self.house.opened(self.now) as shop:
            mails = {sha: judged for sha in words if (judged := shop.ledger.judged(sha))}
        return sum(max(0, words[sha] - len(claims_of(mail.decision))) for sha, mail in mails.items())

    # --- officials -----------------------------------------------------------------------------

    def _act(self) -> None:
        """Has somebody do one thing that can be done now, or two of them within one second."""
        self.now += self.dice.choice((timedelta(microseconds=3_000), _MINUTE, _HOUR / 4))
        for _ in range(self.dice.choice((1, 1, 2))):
            self.now += timedelta(microseconds=self.dice.randrange(1, 300_000))
            with self.house.opened(self.now) as shop:
                does = self.dice.choice((*_DOES, "decide", "decide"))
                # Who is refused goes on to something else: that is a test's matter elsewhere.
                with suppress(OperatorFault, _Nothing):
                    _DOES[does](shop, self.dice)
                    self.done[does] += 1

    def _post(self, how_far: int | None = None) -> None:
        """Polls; or has so many letters go and no more, as when the disk is lost under the post."""
        self.now += _MINUTE
        if how_far is None:
            if self.dice.random() < 0.3:
                # One letter has to wait, and goes behind those that were written after it.
                self.house.smtp.fail("MAIL", "451 4.3.0 later")
            self.house.poll(self.now)
            self.house.smtp.faults.clear()
            return
        left = iter(range(how_far))
        with self.house.opened(self.now) as shop:
            post_letters(replace(shop, is_over=lambda: next(left, None) is None))

    # --- the disk ------------------------------------------------------------------------------

    def _lose(self, has_key: bool) -> None:
        """Takes the disk away while the post is on its way, and compares what comes back with what was."""
        how_far = self.dice.choice((None, None, 0, 1, 2, 5))
        self._post(how_far)
        house, was = self.house, _state(self.house)
        posted = {str(parsed(raw)["Message-ID"]) for raw in house.box.mails(COPIES_FOLDER)}
        key = (house.home / "key").read_bytes()
        shutil.rmtree(house.home)
        if has_key:
            house.home.mkdir(mode=0o700)
            (house.home / "key").write_bytes(key)
        self.now += _MINUTE
        make_way(Home(house.home))
        with house.opened(self.now) as shop:
            rebuilt = rebuild(shop)
        found = _state(house)
        wrong = [f"letter {row[0]} may go once more" for row in found["letters"] if row[2] in _MAY_GO]
        if not has_key:
            wrong += untold(was, found, posted)
        elif posted >= {str(row[0]) for row in was["letters"]}:
            wrong += [name for name in KEPT if found[name] != was[name]]
        else:
            wrong += not_as_posted(was, found, posted)
        if has_key and (rebuilt.not_again or rebuilt.unproved):
            wrong.append(f"acts not done again: {rebuilt.not_again} {rebuilt.unproved}")
        self.lost += len(wrong)
        self.wrong += wrong


def _state(house: House) -> dict[str, list[tuple[object, ...]]]:
    return {name: house.ask(sql) for name, sql in KEPT.items()}


def not_as_posted(was: State, found: State, posted: set[str]) -> Iterator[str]:
    """Where the post was on its way: the acts whose copies came are there, in their order, and no others."""
    if found["acts"] != [row for row in was["acts"] if row[0] in posted]:
        yield "acts are not those that were posted"
    # When an act was done is what its settlements are known by.
    gone = {row[1] for row in was["acts"] if row[0] not in posted}
    for name, at in (("settlements", 6), ("holds", 4)):
        there = [row for row in was[name] if row[at] not in gone and row[at] is not None]
        yield from (f"{name} lost: {row}" for row in there if row not in found[name])
    for name in ("releases", "answers"):
        yield from (f"{name} new: {row}" for row in found[name] if row not in was[name])
    # A letter that came may tell of an act whose own copy did not: of what, not of who or why.
    known = {row[:4] for row in was["settlements"]}
    yield from (f"settlement new: {row}" for row in found["settlements"] if row[:4] not in known)


def untold(was: State, found: State, posted: set[str]) -> Iterator[str]:
    """Without the key no act is believed: what the letters told of is done, whoever did it."""
    told = {(row[4], str(row[1]).partition("/")[0]) for row in was["letters"] if row[0] in posted}
    # What was decided of a whole mail is noted of that.
    done = {(row[0], row[3]) for row in found["settlements"]} | {row[:2] for row in found["holds"]}
    for sha, _, _, state, *_ in was["settlements"]:
        if (sha, f"settled-{state}") in told and (sha, state) not in done:
            yield f"a letter told of what is {state} and open again: {sha}"
    went = {row[4] for row in was["letters"] if row[0] in posted and row[3] == KAMU_SM}
    for day, number, _ in was["releases"]:
        if f"{day}/{number}" in went and (day, number) not in [row[:2] for row in found["releases"]]:
            yield f"the list {day}/{number} was released"


# --- what officials do -------------------------------------------------------------------------


class _Nothing(Exception):
    """There is nothing to do of that kind now."""


def _looking(shop: Shop, number: str, dice: random.Random) -> Act:
    return Act(dice.choice(_BY), f"bakıldı {dice.randrange(1000)}", version(shop.ledger, number))


def _some(dice: random.Random, things: Sequence[_T]) -> _T:
    if not things:
        raise _Nothing
    return dice.choice(things)


def _claim(shop: Shop, dice: random.Random) -> tuple[Judged, Claim]:
    held = _some(dice, shop.ledger.open_holds())
    return held, _some(dice, claims_left(shop.ledger, held))


def _decide(shop: Shop, dice: random.Random) -> None:
    held, claim = _claim(shop, dice)
    verb = dice.choice((Verb.ACCEPT, Verb.RETURN, Verb.ANSWER))
    text = "" if verb is Verb.ACCEPT else f"Söz {dice.randrange(1000)}"
    settle(shop, held.number, [Word(claim.number, verb, text)], _looking(shop, held.number, dice))


def _hand_on(shop: Shop, dice: random.Random) -> None:
    held, claim = _claim(shop, dice)
    assign(
        shop, held.number, [claim.number], dice.choice(("", "H. Hanım")), _looking(shop, held.number, dice)
    )


def _put_off(shop: Shop, dice: random.Random) -> None:
    held, claim = _claim(shop, dice)
    until = Until(shop.today() + timedelta(days=dice.randrange(1, 9)))
    wait(shop, held.number, [claim.number], until, _looking(shop, held.number, dice))


def _amend(shop: Shop, dice: random.Random) -> None:
    held, claim = _claim(shop, dice)
    fields = {"workplace": f"{dice.randrange(100)} KOMUTA"}
    amend(shop, held.number, claim.number, fields, _looking(shop, held.number, dice))


def _take_in(shop: Shop, dice: random.Random) -> None:
    waiting = [c for c in shop.ledger.all_cases() if Event.FORM_RECEIVED not in c.events]
    number = _some(dice, [case.number for case in waiting])
    take_in(shop, [number], _looking(shop, number, dice))


def _keep_off(shop: Shop, dice: random.Random) -> None:
    number = _some(dice, [case.number for case in shop.ledger.unbatched_cases()])
    does = put_back if number in kept_off(shop.ledger) else take_off
    does(shop, number, _looking(shop, number, dice))


def _release(shop: Shop, dice: random.Random) -> None:
    release_list(shop, _LIST, _looking(shop, _LIST, dice))


def _read_back(shop: Shop, dice: random.Random) -> None:
    sent = [case for case in shop.ledger.all_cases() if case.batch and not case.is_returned]
    case = _some(dice, sent)
    result = dice.choice(("İade;Doğum tarihi yanlış", "Kabul;"))
    told = f"T.C. Kimlik No;Sonuç;Açıklama\n{case.identity_number.digits};{result}\n"
    import_answer(shop, f"yanit{dice.randrange(100)}.csv", told.encode(), _looking(shop, "", dice))


_DOES: Mapping[str, Callable[[Shop, random.Random], None]] = {
    "decide": _decide,
    "hand on": _hand_on,
    "put off": _put_off,
    "amend": _amend,
    "take in": _take_in,
    "keep off": _keep_off,
    "release": _release,
    "read back": _read_back,
}
