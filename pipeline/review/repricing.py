"""repricing: a new period of the tariff → the change of its file, and the policy with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.office.console import words
from pipeline.office.settings import Settings
from pipeline.policy.new_price import Period, with_period
from pipeline.policy.policy import Policy
from pipeline.policy.tariff import PriceDoubt, doubtful
from pipeline.review.changing import Change, standing, tried


@dataclass(frozen=True, slots=True)
class NewPrices:
    """A period that proves itself: the change, the policy with it, and the last day of the one it closes."""

    period: Period
    change: Change
    policy: Policy
    closed: date | None
    # What is new of it and was likely typed wrongly.
    doubts: tuple[PriceDoubt, ...]


def tariff_file(policy: Policy) -> str:
    """Names the file that the prices stand in."""
    return next(f"rules/{rule.path}.toml" for rule in policy.rules if rule.means == "tariff")


def new_prices(settings: Settings, policy: Policy, period: Period) -> NewPrices:
    """Adds a period to the tariff; raises OperatorFault for what does not prove itself. Writes nothing."""
    path = tariff_file(policy)
    body = settings.places.files().get(path, policy.files[path])
    text, closed = with_period(path, body.decode("utf-8"), period)
    change = Change(path, text, standing(settings, path))
    changed = tried(settings, change)
    known = set(doubtful(policy.tariff))
    doubts = tuple(doubt for doubt in doubtful(changed.tariff) if doubt not in known)
    return NewPrices(period, change, changed, closed, doubts)


def price_doubts_in_words(doubts: Iterable[PriceDoubt]) -> tuple[str, ...]:
    """Puts each into its sentence."""
    told: Mapping[str, Any] = words()["price_doubts"]
    return tuple(
        told[doubt.kind].format(
            day=f"{doubt.first:%d.%m.%Y}",
            item=told["items"][doubt.item],
            price=_lira(doubt.price),
            other=_lira(doubt.other),
        )
        for doubt in doubts
    )


def _lira(price: str) -> str:
    return f"{Decimal(price):,.2f}".translate(str.maketrans(",.", ".,"))
