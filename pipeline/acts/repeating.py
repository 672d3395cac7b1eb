"""repeating: an act that was written down → the same act once more, on a ledger that has not had it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from pipeline.acts.acting import Act
from pipeline.acts.amending import amend
from pipeline.acts.held import held_mail
from pipeline.acts.kamusm_answers import Answered, take_answer
from pipeline.acts.off_list import put_back, take_off
from pipeline.acts.putting_off import assign, deal_with, wait
from pipeline.acts.releasing import release_list
from pipeline.acts.sampling import answer_again, go_on_again
from pipeline.acts.settling import AS_READ, Word, accept_as_read, followed_by, propose, settle, weigh
from pipeline.acts.standing import Until
from pipeline.acts.taking_in import take_in
from pipeline.domain import Outcome
from pipeline.domain.acts import Done
from pipeline.domain.claims import Verb
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.settlements import claims_left
from pipeline.office.shop import Shop


def _settle(shop: Shop, done: Done, act: Act) -> None:
    words = [Word(word["claim"], Verb(word["verb"]), word["text"]) for word in done.body["words"]]
    weighed = weigh(shop, held_mail(shop, done.about), words, act.because)
    # By rules or readers of another day a mail may hold other claims: nothing is said of those.
    if {key: done.body[key] for key in ("names", "made")} != followed_by(weighed):
        raise OperatorFault("act_differs", number=done.about)
    settle(shop, done.about, words, act)


def _wait(shop: Shop, done: Done, act: Act) -> None:
    day = date.fromisoformat(done.body["day"]) if done.body["day"] else None
    wait(shop, done.about, _claims(shop, done), Until(day, done.body["event"]), act)


def _assign(shop: Shop, done: Done, act: Act) -> None:
    assign(shop, done.about, _claims(shop, done), done.body["to"], act)


def _claims(shop: Shop, done: Done) -> list[int]:
    names = {c.name: c.number for c in claims_left(shop.ledger, held_mail(shop, done.about))}
    if [names.get(name) for name in done.body["names"]] != done.body["claims"]:
        raise OperatorFault("act_differs", number=done.about)
    return list(done.body["claims"])


def _as_read(shop: Shop, done: Done, act: Act) -> None:
    judged = shop.ledger.judged_number(done.about)
    if judged and judged.decision.outcome is Outcome.ACCEPTED:
        # By the rules that are in force by now it never waited.
        return
    accept_as_read(shop, done.about, AS_READ.validate_json(done.body["read"]), act)


def _answer(shop: Shop, done: Done, act: Act) -> None:
    told = [Answered(**row) for row in done.body["rows"]]
    take_answer(shop, done.body["digest"], done.body["name"], told, act)


_AGAIN: Mapping[str, Callable[[Shop, Done, Act], object]] = {
    "settle": _settle,
    "amend": lambda shop, done, act: amend(
        shop, done.about, _claims(shop, done)[0], done.body["fields"], act
    ),
    "propose": lambda shop, done, act: propose(shop, done.about, _claims(shop, done), act),
    "reread": _as_read,
    "wait": _wait,
    "assign": _assign,
    "dealt": lambda shop, done, act: deal_with(shop, done.about, act),
    "paper": lambda shop, done, act: take_in(shop, done.body["cases"], act),
    "release": lambda shop, done, act: release_list(shop, done.about, act),
    "kamu_sm_answer": _answer,
    "off_list": lambda shop, done, act: take_off(shop, done.about, act),
    "on_list": lambda shop, done, act: put_back(shop, done.about, act),
    "sample": answer_again,
    "sample-resume": go_on_again,
}
# Those that are about one mail and nothing else.
_OF_A_MAIL = ("settle", "reread", "propose", "amend", "wait", "assign")


def is_repeatable(done: Done) -> bool:
    """Tells whether an act can be done again by what is kept of it."""
    return done.kind in _AGAIN


def is_of_a_mail(done: Done) -> bool:
    """Tells whether an act follows from its mail and the ledger alone."""
    return done.kind in _OF_A_MAIL


def repeat(shop: Shop, done: Done) -> None:
    """Does an act again, by the shop's clock; raises OperatorFault where the ledger does not let it.

    Its copy is written anew, unless the act names the one that tells of it.
    """
    _AGAIN[done.kind](shop, done, Act(done.by, done.because, None, done.copy))
