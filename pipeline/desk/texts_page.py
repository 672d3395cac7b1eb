"""texts_page: a letter's text, changed: filled in every way before it is put in force, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.desk.answers import Answer, Go, NotHere, Page, Visit
from pipeline.desk.rules_page import put_as_seen, seen_of
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import sentence
from pipeline.office.settings import Settings
from pipeline.office.shop import Shop
from pipeline.policy.policy import Policy
from pipeline.policy.text_proofs import Filled, filled_in_every_way, filled_words
from pipeline.review.changing import Change, is_own, standing, text_of, tried

_MOST_LETTERS = 60_000


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
    """Shows one text, to be changed."""
    name = _name(shop, visit.query.get("ad", ""))
    return _text_page(shop, name, text_of(shop.settings, _path(name)), "")


def _text_page(shop: Shop, name: str, text: str, said: str) -> Page:
    path = _path(name)
    below = shop.settings.places.below().get(path)
    own = is_own(shop.settings, path)
    values = {
        "name": name,
        "text": text,
        "said": said,
        "is_own": own,
        "below": below.decode("utf-8", "replace") if own and below is not None else "",
        "known": sorted(filled_words(f"{name}.txt")),
    }
    return Page("metin.html", values, status=409 if said else 200)


def show_text(shop: Shop, visit: Visit) -> Answer:
    """Shows every letter as a changed text would make it, before it does."""
    name = _name(shop, visit.form.get("ad", ""))
    change = _change(shop.settings, name, visit)
    if change.text == text_of(shop.settings, change.path):
        return Go(f"/kurallar/metin?ad={name}", "text_same")
    try:
        policy = tried(shop.settings, change)
    except OperatorFault as fault:
        return _text_page(shop, name, change.text or "", sentence(fault))
    outcomes = _outcomes(shop.policy, policy, name)
    values = {
        "name": name,
        "outcomes": outcomes,
        "changed": sum(outcome.is_other for outcome in outcomes),
        "is_back": change.text is None,
        "again": {
            "ad": name,
            "metin": change.text or "",
            "geri": "1" if change.text is None else "",
            "seen": seen_of(shop, change),
        },
    }
    return Page("metin-onizleme.html", values)


def edit_again(shop: Shop, visit: Visit) -> Answer:
    """Goes back from what was shown to the text as it was typed."""
    name = _name(shop, visit.form.get("ad", ""))
    change = _change(shop.settings, name, visit)
    return _text_page(shop, name, change.text or text_of(shop.settings, change.path), "")


def put_text(shop: Shop, visit: Visit) -> Answer:
    """Puts a changed text in force that was shown, or the program's own again."""
    name = _name(shop, visit.form.get("ad", ""))
    change = _change(shop.settings, name, visit)
    put_as_seen(shop, visit, change)
    return Go("/kurallar", "text_back" if change.text is None else "text", {"name": name})


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


def _change(settings: Settings, name: str, visit: Visit) -> Change:
    path = _path(name)
    if visit.form.get("geri"):
        if not is_own(settings, path):
            raise NotHere("desk_not_here")
        return Change(path, None, standing(settings, path))
    # Browsers send the ends of lines in a way of their own.
    text = visit.form.get("metin", "").replace("\r\n", "\n").replace("\r", "\n")[:_MOST_LETTERS]
    return Change(path, text.rstrip("\n") + "\n", standing(settings, path))


def _path(name: str) -> str:
    return f"reports/{name}.txt"


def _name(shop: Shop, name: str) -> str:
    if not name.startswith("replies/") or _path(name) not in shop.settings.places.files():
        raise NotHere("desk_not_here")
    return name
