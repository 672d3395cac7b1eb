"""putting_off: a claim that cannot be decided now waits for its day, or is somebody else's to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from pipeline.acts.acting import Act, Deed, acting
from pipeline.acts.faults import Refused
from pipeline.acts.held import held_mail
from pipeline.acts.standing import Until, list_has_come
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Judged
from pipeline.ledger.desk import knows_of
from pipeline.ledger.settlements import claims_left
from pipeline.office.shop import Shop

# Beyond that a year was mistyped, and the mail would never be seen again.
_LONGEST = timedelta(days=366)


def wait(shop: Shop, number: str, claims: Sequence[int], until: Until, act: Act) -> None:
    """Puts claims of a held mail (G-…; all of them with none named) off until a day or a happening.

    They wait for nobody meanwhile, and are back on the desk by themselves. Raises Refused for a day that is
    over or more than a year ahead, for a list that has come, or where nothing is waited for.
    """
    held = held_mail(shop, number)
    if until.day is None and not until.event:
        raise Refused("wait_for_nothing", number=number)
    if until.day is not None and until.day <= shop.today():
        raise Refused("wait_for_the_past", number=number, day=until.day)
    longest = shop.today() + _LONGEST
    # What was put off by an older version is done again as it was.
    if until.day is not None and until.day > longest and act.seen is not None:
        raise Refused("wait_too_long", number=number, day=until.day, longest=longest)
    _refuse_what_has_come(shop, held, claims, until, act)
    day = until.day.isoformat() if until.day else ""
    body = {**_known(shop, held, claims), "day": day, "event": until.event}
    with acting(shop, Deed("wait", held.number, held.sha, body), act):
        pass


def _refuse_what_has_come(shop: Shop, held: Judged, claims: Sequence[int], until: Until, act: Act) -> None:
    # What was put off by an older version is done again as it was.
    if until.event != "list" or act.seen is None:
        return
    meant = [c for c in claims_left(shop.ledger, held) if not claims or c.number in claims]
    if meant and all(list_has_come(shop, held, claim) for claim in meant):
        raise Refused("wait_for_what_came", number=held.number)


def assign(shop: Shop, number: str, claims: Sequence[int], to: str, act: Act) -> None:
    """Gives claims of a held mail (all of them with none named) to a colleague or a desk, "" back to all."""
    held = held_mail(shop, number)
    body = {**_known(shop, held, claims), "to": " ".join(to.split())}
    with acting(shop, Deed("assign", held.number, held.sha, body), act):
        pass


def deal_with(shop: Shop, number: str, act: Act) -> None:
    """Notes that a person has seen to a mail that was set aside, or a letter that came back (G-…)."""
    if not knows_of(shop.ledger, number):
        raise OperatorFault("no_such_number", number=number)
    with acting(shop, Deed("dealt", number), act):
        pass


def _known(shop: Shop, held: Judged, claims: Sequence[int]) -> Mapping[str, object]:
    """Tells which claims are meant, by place and by name."""
    waiting = {claim.number: claim.name for claim in claims_left(shop.ledger, held)}
    for claim in claims:
        if claim not in waiting:
            raise OperatorFault("no_such_claim", number=held.number, claim=claim)
    numbers = sorted(claims or waiting)
    return {"claims": numbers, "names": [waiting[number] for number in numbers]}
