"""held: a mail that still waits for a person, and its words."""

from __future__ import annotations

from dataclasses import replace

from pipeline.acts.faults import Overtaken
from pipeline.domain import Arrival, Submission
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.acts import acts_about
from pipeline.ledger.book import Judged
from pipeline.mail.unpack import unpack
from pipeline.office.shop import Shop


def held_mail(shop: Shop, number: str) -> Judged:
    """Gives a mail that still waits; raises Overtaken where somebody has settled it."""
    judged = shop.ledger.judged_number(number)
    hold = shop.ledger.hold(judged.sha) if judged else None
    if judged is None or hold is None:
        raise OperatorFault("no_such_number", number=number)
    if hold["state"] != "open":
        last = next(iter(acts_about(shop.ledger, number)[::-1]), None)
        at = last.at.astimezone(shop.settings.zone) if last else None
        raise Overtaken(number, hold["settled_by"], hold["state"], at)
    return judged


def words_of(shop: Shop, held: Judged) -> Submission:
    """Takes a kept mail apart once more."""
    raw = shop.home.raw(held.sha)
    return replace(unpack(Arrival(held.sha, raw, held.decided_at)), number=held.number)
