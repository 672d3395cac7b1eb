"""texts_page: an official file, changed: a letter's text, a topic's words, a reminder's time, the calendar.

A text is filled in every way before it is put in force, a file of the rules proves its examples and is
rehearsed on the mails of the last weeks; or it is refused. What it was before is kept, and can be had back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from pipeline.desk.answers import Answer, Go, NotHere, Page, Visit
from pipeline.desk.rehearsed import rehearsed
from pipeline.desk.rendering import desk_words
from pipeline.desk.rules_page import CALENDAR, difference, is_file_of_rules, put_as_seen, seen_of
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import squeeze
from pipeline.office.console import sentence
from pipeline.office.shop import Shop
from pipeline.policy.new_price import day_of
from pipeline.policy.policy import Policy
from pipeline.policy.text_proofs import Filled, filled_in_every_way, filled_words
from pipeline.review.changing import Change, earlier, is_own, standing, text_of, tried
from pipeline.review.rejudging import judged_again

_MOST_LETTERS = 60_000
# So many of the former versions of a file are offered.
_MOST_EARLIER = 10
_DAYS_ARE = ("closed", "half", "open")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A letter as it would be in one of its cases, and as it is; `ways` are the cases that look alike."""

    letter: str
    ways: Sequence[str]
    subject: str
    text: str
    former_subject: str
    former: str

    @property
    def is_other(self) -> bool:
        """Tells whether anything of it would change."""
        return (self.subject, self.text) != (self.former_subject, self.former)


def text_page(shop: Shop, visit: Visit) -> Answer:
    """Shows one text or file, to be changed."""
    name = _name(shop, visit.query.get("ad", ""))
    return _text_page(shop, name, text_of(shop.settings, _path(name)), "")


def _text_page(shop: Shop, name: str, text: str, said: str) -> Page:
    path = _path(name)
    below = shop.settings.places.below().get(path)
    own = is_own(shop.settings, path)
    values = {
        **_named(name),
        "text": text,
        "said": said,
        "is_own": own,
        "below": below.decode("utf-8", "replace") if own and below is not None else "",
        "known": [] if is_file_of_rules(name) else sorted(filled_words(f"{name}.txt")),
        "earlier": earlier(shop, path)[:_MOST_EARLIER],
        "is_calendar": name == CALENDAR,
        "days_are": _DAYS_ARE,
    }
    return Page("metin.html", values, status=409 if said else 200)


def show_text(shop: Shop, visit: Visit) -> Answer:
    """Shows what a changed text or file would make of everything, before it does."""
    name = _name(shop, visit.form.get("ad", ""))
    try:
        change = _change(shop, name, visit)
    except NotHere:
        raise
    except OperatorFault as fault:
        return _text_page(shop, name, text_of(shop.settings, _path(name)), sentence(fault))
    if change.text == text_of(shop.settings, change.path):
        return Go(f"/kurallar/metin?ad={name}", "text_same")
    try:
        policy = tried(shop.settings, change)
    except OperatorFault as fault:
        return _text_page(shop, name, change.text or "", sentence(fault))
    values = {
        **_named(name),
        **(_ruled if is_file_of_rules(name) else _filled)(shop, policy, name, change),
        "is_back": change.text is None,
        "again": {
            "ad": name,
            "metin": change.text or "",
            "geri": "1" if change.text is None else "",
            "seen": seen_of(shop, change),
        },
    }
    return Page("dosya-onizleme.html" if is_file_of_rules(name) else "metin-onizleme.html", values)


def _filled(shop: Shop, policy: Policy, name: str, _: Change) -> dict[str, Any]:
    outcomes = _outcomes(shop.policy, policy, name)
    return {"outcomes": outcomes, "changed": sum(outcome.is_other for outcome in outcomes)}


def _ruled(shop: Shop, policy: Policy, _: str, change: Change) -> dict[str, Any]:
    """Tells what of a file of the rules is new, and what that does to the last weeks and to what waits."""
    text = policy.files[change.path].decode("utf-8", "replace")
    before = text_of(shop.settings, change.path)
    lines = unified_diff(before.splitlines(), text.splitlines(), n=2, lineterm="")
    return {
        # The names of the two files say nothing here, nor does the place where they differ.
        "lines": ["…" if line.startswith("@@") else line for line in list(lines)[2:]],
        "weeks": rehearsed(shop, policy),
        "told": difference(shop, judged_again(shop, policy)),
    }


def edit_again(shop: Shop, visit: Visit) -> Answer:
    """Goes back from what was shown to the text as it was typed."""
    name = _name(shop, visit.form.get("ad", ""))
    change = _change(shop, name, visit)
    return _text_page(shop, name, change.text or text_of(shop.settings, change.path), "")


def put_text(shop: Shop, visit: Visit) -> Answer:
    """Puts a changed text or file in force that was shown, or the program's own again."""
    name = _name(shop, visit.form.get("ad", ""))
    change = _change(shop, name, visit)
    put_as_seen(shop, visit, change)
    kind = "rule" if is_file_of_rules(name) else "text"
    return Go("/kurallar", f"{kind}_back" if change.text is None else kind, {"name": _named(name)["title"]})


def _outcomes(before: Policy, after: Policy, name: str) -> list[Outcome]:
    former = {(one.letter, one.way): one for one in filled_in_every_way(before.texts, before.office, name)}
    found: dict[tuple[str, ...], list[Filled]] = {}
    for one in filled_in_every_way(after.texts, after.office, name):
        was = former.get((one.letter, one.way))
        past = (was.subject, was.text) if was else ("", "")
        found.setdefault((one.letter, one.subject, one.text, *past), []).append(one)
    outcomes = [
        Outcome(letter, [one.way for one in alike], subject, text, former_subject, past)
        for (letter, subject, text, former_subject, past), alike in found.items()
    ]
    return sorted(outcomes, key=lambda outcome: not outcome.is_other)


def _change(shop: Shop, name: str, visit: Visit) -> Change:
    path, settings = _path(name), shop.settings
    if asked := visit.form.get("surum"):
        was = next((d.body["was"] for d in earlier(shop, path) if str(d.id) == asked), None)
        if was is None:
            raise NotHere("desk_not_here")
        return Change(path, was, standing(settings, path))
    if name == CALENDAR and visit.form.get("gun"):
        return Change(path, _with_day(text_of(settings, path), visit), standing(settings, path))
    if visit.form.get("geri"):
        if not is_own(settings, path):
            raise NotHere("desk_not_here")
        return Change(path, None, standing(settings, path))
    # Browsers send the ends of lines in a way of their own.
    text = visit.form.get("metin", "").replace("\r\n", "\n").replace("\r", "\n")[:_MOST_LETTERS]
    return Change(path, text.rstrip("\n") + "\n", standing(settings, path))


def _with_day(text: str, visit: Visit) -> str:
    """Adds a day to the calendar's text; raises OperatorFault for what is none."""
    day = day_of(desk_words()["calendar"]["day"], visit.form["gun"])
    what = visit.form.get("hal", "")
    why = squeeze(visit.form.get("dayanak", ""))[:200]
    if what not in _DAYS_ARE or not why:
        raise NotHere("desk_not_here")
    # What JSON writes of a text is one of TOML's, too.
    because = json.dumps(why, ensure_ascii=False)
    return f'{text.rstrip()}\n\n[[days]]\nday = {day.isoformat()}\nis = "{what}"\nbecause = {because}\n'


def _named(name: str) -> dict[str, Any]:
    """Gives how a file is called, and of what kind it is."""
    known = desk_words()["texts"]
    kind = name.partition("/")[0] if is_file_of_rules(name) else "text"
    title = known.get(name) or known.get(f"replies/{name}", name)
    return {"name": name, "title": title, "kind": kind}


def _path(name: str) -> str:
    return f"rules/{name}.toml" if is_file_of_rules(name) else f"reports/{name}.txt"


def _name(shop: Shop, name: str) -> str:
    is_ours = name.startswith("replies/") or is_file_of_rules(name)
    if not is_ours or _path(name) not in shop.settings.places.files():
        raise NotHere("desk_not_here")
    return name
