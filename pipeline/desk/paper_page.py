"""paper_page: signed papers that are handed in, bar code by bar code: first on the tray, then taken in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from pipeline.acts.acting import Act, version
from pipeline.acts.taking_in import as_typed, take_in, why_not
from pipeline.desk.answers import Answer, Go, Page, Visit, because_of
from pipeline.ledger.acts import acts_between
from pipeline.office.console import words
from pipeline.office.shop import Shop


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper: its case, whose it is, when it came and who took it ("" while it lies on the tray)."""

    number: str
    name: str
    at: datetime | None = None
    by: str = ""


def paper_page(shop: Shop, visit: Visit) -> Answer:
    """Shows the tray, and what was taken in today."""
    return _page(shop, visit, "")


def scan(shop: Shop, visit: Visit) -> Answer:
    """Puts a paper on the tray where it can be taken in, and says why not where it cannot; writes nothing."""
    typed = visit.form.get("numara", "")
    number, tray = as_typed(typed), visit.session.tray
    if not number:
        return _page(shop, visit, "")
    if wrong := why_not(shop, typed):
        return _page(shop, visit, wrong, number)
    if number not in tray:
        tray.append(number)
    return _page(shop, visit, "", number)


def take_back(shop: Shop, visit: Visit) -> Answer:
    """Takes a paper off the tray again."""
    number = visit.form.get("numara", "")
    visit.session.tray[:] = [other for other in visit.session.tray if other != number]
    return _page(shop, visit, "")


def take_all_in(shop: Shop, visit: Visit) -> Answer:
    """Takes in what lies on the tray, one after the other; what cannot be any more stays there."""
    closed = count = 0
    for number in list(visit.session.tray):
        act = Act(visit.person.name, because_of(visit), version(shop.ledger, number))
        taken = take_in(shop, [number], act)
        visit.session.tray.remove(number)
        count, closed = count + 1, closed + len(taken.closed)
    return Go("/kagit", "taken_in" if count else "tray_empty", {"count": count, "closed": closed})


def _page(shop: Shop, visit: Visit, wrong: str, number: str = "") -> Answer:
    values = {
        "tray": [Sheet(one, _name(shop, one)) for one in visit.session.tray],
        "taken": list(_taken_today(shop)),
        "wrong": words()["wrong_cases"][wrong] if wrong else "",
        "number": number,
        "sound": "" if not number else "bad" if wrong else "good",
    }
    return Page("kagit.html", values)


def _name(shop: Shop, number: str) -> str:
    case = shop.ledger.case(number)
    holder = case.holder if case else None
    return holder.name if holder else ""


def _taken_today(shop: Shop) -> Iterator[Sheet]:
    begin = datetime.combine(shop.today(), time(), shop.settings.zone)
    for done in reversed(acts_between(shop.ledger, begin, begin + timedelta(days=1))):
        if done.kind == "paper":
            for number in done.body["cases"]:
                yield Sheet(number, _name(shop, number), done.at, done.by)
