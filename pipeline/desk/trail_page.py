"""trail_page: who did and looked at what on a day, and whether the audit log is whole."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.desk.answers import Answer, Download, Page, Visit
from pipeline.desk.rendering import desk_words
from pipeline.ledger.trail import is_whole, trail_of
from pipeline.office.shop import Shop

_BY = re.compile(r"(?P<what>.+?) by (?P<who>[^ ]+)")

# A SHA-256, of which so many letters tell one from another.
_DIGEST, _ENOUGH = 64, 12
_NOBODY_YET = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trail: when, who ("" for the program), what in the desk's words, and about what."""

    at: datetime
    who: str
    what: str
    about: str


def trail_page(shop: Shop, visit: Visit) -> Answer:
    """Shows the trail of a day, of everybody or of one person."""
    day = _day(shop, visit)
    steps, who = _steps(shop, day), visit.query.get("kim", "")
    people = sorted({step.who for step in steps if step.who})
    shown = [step for step in steps if (step.who == who if who else step.who)]
    if who == "*":
        shown = list(steps)
    values = {
        "day": day,
        "steps": shown,
        "people": people,
        "who": who,
        "is_whole": is_whole(shop.ledger, day, shop.settings.zone),
        "code": shop.ledger.audit_code(),
    }
    return Page("iz.html", values)


def trail_file(shop: Shop, visit: Visit) -> Answer:
    """Gives the whole trail of a day as a file."""
    day = _day(shop, visit)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(["an", "kim", "ne", "ilgili"])
    for step in _steps(shop, day):
        at = step.at.astimezone(shop.settings.zone)
        writer.writerow([f"{at:%d.%m.%Y %H:%M:%S}", *map(_cell, (step.who, step.what, step.about))])
    # A spreadsheet knows Turkish letters by the mark in front.
    data = text.getvalue().encode("utf-8-sig")
    return Download(f"iz-{day}.csv", "text/csv; charset=utf-8", data, looked_at=f"trail {day}")


def _cell(text: str) -> str:
    """Keeps a spreadsheet from taking a word for a formula."""
    return f"'{text}" if text.startswith(tuple("=+-@\t\r")) else text


def _day(shop: Shop, visit: Visit) -> date:
    try:
        day = date.fromisoformat(visit.query.get("gun", ""))
    except ValueError:
        return shop.today()
    # Nothing was done before there were such programs, nor after today.
    return day if _NOBODY_YET < day < shop.today() else shop.today()


def _steps(shop: Shop, day: date) -> Sequence[Step]:
    steps = []
    for line in trail_of(shop.ledger, day, shop.settings.zone):
        found = _BY.fullmatch(line.event)
        event, who = (found["what"], found["who"]) if found else (line.event, "")
        what, which = told(event, desk_words()["deeds"])
        steps.append(Step(line.at, who, what, " ".join(filter(None, (which, _about(shop, line.about))))))
    return steps


def _about(shop: Shop, about: str) -> str:
    """Names a mail by its number, by which people know it; a key that says nothing is cut."""
    if len(about) != _DIGEST:
        return about
    judged = shop.ledger.judged(about)
    return judged.number if judged else f"{about[:_ENOUGH]}…"


def told(event: str, deeds: Mapping[str, str]) -> tuple[str, str]:
    """Gives the words for an event, and what else its name carries: which list, which kind of stop.

    >>> told("batch closed 2024-05-13/1", {"batch closed": "listeyi kapattı"})
    ('listeyi kapattı', '2024-05-13/1')
    >>> told("something new", {})
    ('something new', '')
    """
    words = event.split(" ")
    for length in range(len(words), 0, -1):
        if deed := deeds.get(" ".join(words[:length])):
            return deed, " ".join(words[length:])
    return event, ""
