"""waiting_page: everything a person has to do, the most urgent and oldest first."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.acts.waiting import Pile, Task, Urgency, waiting
from pipeline.desk.answers import Answer, Page, Visit, number_in
from pipeline.desk.people import People, Power
from pipeline.domain import Consequence
from pipeline.ledger.book import Judged
from pipeline.ledger.desk import came_back
from pipeline.ledger.settlements import claims_left
from pipeline.office.shop import Shop

# So much is looked at at once; the rest is counted, and on the pages after.
_MOST_SHOWN = 50
_PILES = {"": Pile.FREE, "bende": Pile.OWN, "hepsi": Pile.ALL, "ertelenen": Pile.PUT_OFF}
_PLACES = {
    Urgency.STOP: "/bugun",
    Urgency.LETTER: "/bugun",
    Urgency.LIST: "/listeler",
    Urgency.HELD: "/ileti/",
    Urgency.SET_ASIDE: "/yazisma/",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One task as it is listed: what, done where, what it is about, why it waits, for how many days."""

    task: Task
    what: str
    to: str
    kinds: tuple[str, ...]
    why: tuple[str, ...]
    days: int


def waiting_page(shop: Shop, visit: Visit) -> Answer:
    """Lists what waits, a page of it: all of it, what is somebody's own, or what was put off."""
    sitting = {p.name for p in People(shop.home).all().values() if p.may(Power.DECIDE)}
    desk, asked = waiting(shop, visit.person.name, sitting), visit.query.get("sec", "")
    pile, first = _PILES.get(asked, Pile.FREE), _from(visit)
    tasks, count = desk.page(pile, first, _MOST_SHOWN), desk.count(pile)
    return Page(
        "bekleyenler.html",
        {
            "rows": [_row(shop, task) for task in tasks],
            "first": first,
            "next": first + _MOST_SHOWN if count > first + _MOST_SHOWN else 0,
            "before": max(0, first - _MOST_SHOWN),
            "count": count,
            "counts": {name: desk.count(one) for name, one in _PILES.items()},
            "asked": asked if asked in _PILES else "",
        },
    )


def _from(visit: Visit) -> int:
    return number_in(visit.query.get("bas", "")) or 0


def _row(shop: Shop, task: Task) -> Row:
    place = _PLACES[task.urgency]
    to = f"{place}{task.number}" if place.endswith("/") else place
    judged = shop.ledger.judged_number(task.number) if task.urgency is Urgency.HELD else None
    kinds = [str(claim.kind) for claim in claims_left(shop.ledger, judged)] if judged else []
    # By the calendar: an hour alone is taken for one of today.
    days = (shop.today() - task.since.astimezone(shop.settings.zone).date()).days
    return Row(task, _what(shop, task), to, tuple(dict.fromkeys(kinds)), _why(judged) if judged else (), days)


def _what(shop: Shop, task: Task) -> str:
    if task.urgency is Urgency.SET_ASIDE and came_back(shop.ledger, task.number):
        return "CAME_BACK"
    return task.urgency.name


def _why(held: Judged) -> tuple[str, ...]:
    found = [f.say for f in held.decision.findings if f.consequence is Consequence.HOLD]
    return tuple(dict.fromkeys(found or [f.say for f in held.decision.findings]))
