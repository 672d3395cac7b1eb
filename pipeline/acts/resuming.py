"""resuming: what the breaker stopped goes on, by a person's word."""

from __future__ import annotations

from pipeline.acts.acting import Act, Deed, acting_next
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.stops import GoOn, WentOn, go_on, open_stop
from pipeline.office.shop import Shop


def resume(shop: Shop, word: GoOn, act: Act) -> int:
    """Lets the letters go out as they are, or withdraws the decisions of the stopped run; gives how many.

    Raises OperatorFault where nothing is stopped.
    """
    stop = open_stop(shop.ledger)
    if stop is None:
        raise OperatorFault("nothing_stopped")
    acting_next(shop, Deed("resume", "", body={"word": word}), act)
    return go_on(shop.ledger, stop, WentOn(word, act.because, act.by, shop.clock()))
