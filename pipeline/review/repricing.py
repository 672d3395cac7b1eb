"""repricing: a new period of the tariff → the change of its file, and the policy with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipeline.office.settings import Settings
from pipeline.policy.new_price import Period, with_period
from pipeline.policy.policy import Policy
from pipeline.review.changing import Change, standing, tried


@dataclass(frozen=True, slots=True)
class NewPrices:
    """A period that proves itself: the change, the policy with it, and the last day of the one it closes."""

    period: Period
    change: Change
    policy: Policy
    closed: date | None


def tariff_file(policy: Policy) -> str:
    """Names the file that the prices stand in."""
    return next(f"rules/{rule.path}.toml" for rule in policy.rules if rule.means == "tariff")


def new_prices(settings: Settings, policy: Policy, period: Period) -> NewPrices:
    """Adds a period to the tariff; raises OperatorFault for what does not prove itself. Writes nothing."""
    path = tariff_file(policy)
    body = settings.places.files().get(path, policy.files[path])
    text, closed = with_period(path, body.decode("utf-8"), period)
    change = Change(path, text, standing(settings, path))
    return NewPrices(period, change, tried(settings, change), closed)
