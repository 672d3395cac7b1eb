"""rehearsed: changed rules over the mails of the last weeks, as a page tells what they would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.domain import Outcome
from pipeline.domain.turkish import quotable
from pipeline.office.shop import Shop
from pipeline.policy.policy import Policy
from pipeline.review.rehearsal import Difference, rehearse

_DAYS = 28
# So many mails are judged twice while somebody waits for the page, and of those that differ so many listed.
_MOST, _MOST_LISTED = 400, 50


@dataclass(frozen=True, slots=True)
class Differing:
    """One mail that would have ended otherwise, or for other reasons."""

    number: str
    sender: str
    before: str
    after: str
    gone: Sequence[str]
    new: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The last weeks by both rules: how many mails, and of them how many end otherwise in which way.

    `is_cut` where there were more mails than have been judged; `rows` are the first of those that differ.
    """

    days: int
    count: int
    is_cut: bool
    differing: int
    held_less: int
    held_more: int
    accepted_more: int
    accepted_less: int
    rows: Sequence[Differing]


def rehearsed(shop: Shop, changed: Policy) -> Rehearsed:
    """Judges the mails of the last weeks by the rules in force and by changed ones; writes nothing."""
    count, found = rehearse(shop, changed, _DAYS, _MOST)
    held, accepted = Outcome.HELD, Outcome.ACCEPTED
    return Rehearsed(
        days=_DAYS,
        count=count,
        is_cut=count == _MOST,
        differing=len(found),
        held_less=sum(_leaves(one, held) for one in found),
        held_more=sum(_enters(one, held) for one in found),
        accepted_more=sum(_enters(one, accepted) for one in found),
        accepted_less=sum(_leaves(one, accepted) for one in found),
        rows=[_row(shop, one) for one in found[:_MOST_LISTED]],
    )


def _leaves(one: Difference, outcome: Outcome) -> bool:
    return one.before.decision.outcome is outcome and one.after.decision.outcome is not outcome


def _enters(one: Difference, outcome: Outcome) -> bool:
    return one.after.decision.outcome is outcome and one.before.decision.outcome is not outcome


def _row(shop: Shop, one: Difference) -> Differing:
    outcomes: Any = shop.policy.texts.words["outcomes"]
    before, after = (outcomes[judged.decision.outcome] for judged in (one.before, one.after))
    gone, new = (tuple(dict.fromkeys(f.say for f in found)) for found in (one.gone, one.new))
    return Differing(one.number, quotable(one.sender), before, after, gone, new)
