"""remedies: a rule's finding → what its reader is to do about it, with the right price where it is known."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date
from decimal import Decimal

from pipeline.domain import Consequence, Procedure
from pipeline.domain.turkish import lira, squeeze
from pipeline.policy.policy import Policy
from pipeline.policy.rulebook import PRICE_WORDS, Rule
from pipeline.policy.tariff import Due, due
from pipeline.policy.views import View


def remedy_of(rule: Rule, view: View, words: Mapping[str, str], policy: Policy) -> str:
    """Writes what is to be done about a fault that is sure; `words` fill the rule's sentences."""
    payment = view.get(rule.fields[0])
    owed = due(payment, rule.wants) if rule.too_little and isinstance(payment, Mapping) else None
    if owed is None:
        # No price of today is a gap in the sentence.
        return squeeze(rule.remedy.format(**dict.fromkeys(PRICE_WORDS, ""), **words))
    # What the list has asked for leaves one price of those that any receipt may show.
    asked = view.get("payment_as_asked")
    owed = due(asked, rule.wants) or owed if isinstance(asked, Mapping) else owed
    lack = owed.lack
    text = rule.remedy if lack is None else rule.too_little if lack > 0 else rule.too_much
    return squeeze(text.format(**_priced(owed, lack, policy), **words))


def remedy_in_doubt(rule: Rule, remedy: str) -> str:
    """Keeps a remedy where nothing is refused: nobody pays, or writes, a second time on a doubt of ours."""
    return "" if rule.consequence is Consequence.RETURN else remedy


def paying(procedures: Set[Procedure], policy: Policy, today: date) -> Mapping[str, str]:
    """Says how, and what, is to be paid from today on; nothing where it is not known or differs."""
    words = policy.texts.words
    fees = policy.fees_on(today)
    prices = {item: lira(price) for item, price in (fees or {}).items()}
    ways = {words["ways_to_pay"].get(procedure, "") for procedure in procedures}
    # The words of a policy that an earlier version kept know no price of the day.
    told = words.get("today_costs", {}) if fees else {}
    costs = {told.get(procedure, "") for procedure in procedures}
    return {
        "ways": (ways.pop() if len(ways) == 1 else "") or words["ways_to_pay"]["any"],
        "today_costs": costs.pop().format(**prices) if len(costs) == 1 else "",
    }


def _priced(owed: Due, lack: Decimal | None, policy: Policy) -> Mapping[str, str]:
    words = policy.texts.words
    names = words["prices"]
    prices = [names["_".join(items)].format(price=lira(price)) for items, price in owed.prices.items()]
    shape = "{amount}" if len(set(owed.prices.values())) == 1 else names["at_least"]
    return {
        "prices": f" {names['or']} ".join(prices),
        "difference": shape.format(amount=lira(abs(lack))) if lack is not None else "",
    }
