"""erasing: everything about one person goes, because they asked for it."""

from __future__ import annotations

from pipeline.acts.acting import Act, Deed, acting_next
from pipeline.acts.persons import person_of
from pipeline.ledger.custody import Erased, Word, erase_person
from pipeline.office.shop import Shop


def erase_whom(shop: Shop, named: str, act: Act) -> Erased:
    """Erases everything about a person, named by a case or an identity number, and records who wished it.

    Raises OperatorFault where nothing is kept of them, or something of theirs is under way.
    """
    person = person_of(shop, named)
    # The act names nobody: it outlives what it erases.
    acting_next(shop, Deed("erase", ""), Act(act.by, "", act.seen))
    return erase_person(shop.ledger, shop.home, person, Word(act.by, act.because), shop.clock())
