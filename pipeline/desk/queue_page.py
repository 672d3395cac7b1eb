"""queue_page: one person who waits for the next list: taken off it with a reason, or put back on."""

from __future__ import annotations

from pipeline.acts.acting import Act, version
from pipeline.acts.off_list import kept_off, put_back, take_off, waits_for_list
from pipeline.desk.answers import Answer, Go, NotHere, Page, Visit, because_of
from pipeline.desk.lists_page import row_of
from pipeline.office.shop import Shop


def queued_page(shop: Shop, visit: Visit) -> Answer:
    """Shows one case that waits for a list, and the form that keeps it off or lets it on again."""
    number = visit.named["number"]
    case = waits_for_list(shop.ledger, number)
    if case is None:
        raise NotHere("desk_not_here")
    values = {
        "row": row_of(case),
        "off": kept_off(shop.ledger).get(number),
        "seen": version(shop.ledger, number),
    }
    return Page("sira.html", values, looked_at=number)


def keep_off(shop: Shop, visit: Visit) -> Answer:
    """Keeps a case off the lists."""
    number = visit.named["number"]
    take_off(shop, number, _act(visit))
    return Go("/listeler", "off_list", {"number": number})


def let_on(shop: Shop, visit: Visit) -> Answer:
    """Lets a case go on the next list again."""
    number = visit.named["number"]
    put_back(shop, number, _act(visit))
    return Go("/listeler", "on_list", {"number": number})


def _act(visit: Visit) -> Act:
    return Act(visit.person.name, because_of(visit), visit.form.get("seen", ""))
