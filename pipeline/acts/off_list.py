"""off_list: somebody who waits for a list is kept off it by a person's word, until the word is taken back.

The case stays as it is, and nobody is written to: it only waits. What has gone on a list is past this.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.acts.acting import Act, Deed, acting, demand_version
from pipeline.acts.faults import Refused
from pipeline.domain import Case, Event
from pipeline.domain.acts import Done
from pipeline.ledger.acts import last_of_each
from pipeline.ledger.book import Ledger
from pipeline.office.shop import Shop


def take_off(shop: Shop, number: str, act: Act) -> None:
    """Keeps a case (N-…) off every list from now on; raises Refused where it waits for none."""
    _demand_waiting(shop, number, act)
    if number in kept_off(shop.ledger):
        raise Refused("off_list_already", number=number)
    with acting(shop, Deed("off_list", number), act):
        pass


def put_back(shop: Shop, number: str, act: Act) -> None:
    """Lets a case go on the next list again; raises Refused where it is not kept off."""
    _demand_waiting(shop, number, act)
    if number not in kept_off(shop.ledger):
        raise Refused("off_list_not", number=number)
    with acting(shop, Deed("on_list", number), act):
        pass


def kept_off(ledger: Ledger) -> Mapping[str, Done]:
    """Gives the word by which each case that is kept off the lists is, by its number."""
    last = last_of_each(ledger, ("off_list", "on_list"))
    return {done.about: done for done in last if done.kind == "off_list"}


def waits_for_list(ledger: Ledger, number: str) -> Case | None:
    """Gives a case that waits for a list; None for every other."""
    case = ledger.case(number)
    if case is None or case.is_closed or case.batch or case.is_returned:
        return None
    return case if Event.LISTED in case.events else None


def _demand_waiting(shop: Shop, number: str, act: Act) -> None:
    # Whoever comes second is told who was first, rather than what came of it.
    demand_version(shop, number, act)
    if waits_for_list(shop.ledger, number) is None:
        raise Refused("off_list_gone", number=number)
