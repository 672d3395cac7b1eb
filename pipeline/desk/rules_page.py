"""rules_page: what the office believes and says, as it stands: prices, letters' texts, layouts; new prices.

Nothing is changed before it has been shown what it changes; what is put in force is an act like others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.acts.acting import Act, demand_version, version
from pipeline.acts.faults import Overtaken
from pipeline.desk.answers import Answer, Go, Page, Visit, because_of, number_in
from pipeline.desk.rehearsed import rehearsed
from pipeline.desk.rendering import desk_words
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import quotable
from pipeline.office.console import sentence, words
from pipeline.office.shop import Shop
from pipeline.policy.new_price import Period, day_of
from pipeline.policy.policy import Policy
from pipeline.review.changing import Change, put_in_force
from pipeline.review.rejudging import Again, accept_again, judged_again
from pipeline.review.repricing import NewPrices, new_prices, price_doubts_in_words, tariff_file

# So many of the mails that would end otherwise are listed; the rest is counted.
_MOST_LISTED = 100
CALENDAR = "calendar"
_TYPED = ("first", "nes", "reader", "last", "grace")


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A waiting mail that would end otherwise: how it stands, how it would, what is said no more, what still.

    `hindrance` says why it is not accepted with the others though nothing is left to be said; "" for nothing.
    """

    number: str
    sender: str
    before: str
    after: str
    gone: Sequence[str]
    left: Sequence[str]
    hindrance: str
    would_pass: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What of the waiting mails would end otherwise; `passing` of them could be accepted as a whole."""

    rows: Sequence[Otherwise]
    count: int
    passing: int
    code: str

    @property
    def has_rest(self) -> bool:
        """Tells whether anything is left to be said of any of them."""
        return any(row.left or row.hindrance for row in self.rows)


def rules_page(shop: Shop, _: Visit) -> Answer:
    """Shows prices, texts and layouts as they stand, with the form for a new period."""
    return _rules_page(shop, {}, "")


def _rules_page(shop: Shop, typed: dict[str, str], said: str) -> Page:
    policy, places = shop.policy, shop.settings.places
    own = places.own()
    values = {
        # Otherwise the last good ones are, and what lies in the folders does not prove itself.
        "is_in_force": dict(places.files()) == dict(policy.files),
        "periods": sorted(policy.tariff, key=lambda row: row["from"]),
        "today": shop.today(),
        "typed": {name: typed.get(name, "") for name in _TYPED} | {"grace": typed.get("grace", "7")},
        "said": said,
        "texts": texts_of(policy),
        "files": files_of_rules(policy),
        "own": sorted(own),
        "layouts": [(name, layout.name) for name, layout in sorted(policy.layouts.items())],
        "has_rules": bool(shop.settings.own_rules),
        "has_reports": bool(shop.settings.own_reports),
    }
    return Page("kurallar.html", values, status=409 if said else 200)


def texts_of(policy: Policy) -> list[str]:
    """Names the texts of letters, parts of them included: "replies/accepted"."""
    names = [
        path.removeprefix("reports/").removesuffix(".txt")
        for path in policy.files
        if path.startswith("reports/replies/") and path.endswith(".txt")
    ]
    return sorted(names, key=lambda name: "/_" in name)


def files_of_rules(policy: Policy) -> list[str]:
    """Names the files of the rules that are changed here: the calendar, topics' words, reminders' times."""
    names = [path.removeprefix("rules/").removesuffix(".toml") for path in policy.files]
    return sorted(filter(is_file_of_rules, names), key=lambda name: (name != CALENDAR, name))


def is_file_of_rules(name: str) -> bool:
    """Tells whether a name is that of a file of the rules that is changed here: "topics/thanks"."""
    return name == CALENDAR or name.startswith(("topics/", "reminders/"))


# --- a new period ----------------------------------------------------------------------------------


def show_prices(shop: Shop, visit: Visit) -> Answer:
    """Shows what a new period would change, before it does."""
    typed = _typed(visit)
    try:
        prices = _prices(shop, typed)
    except OperatorFault as fault:
        # What was typed is not lost over a slip.
        return _rules_page(shop, typed, sentence(fault))
    return Page(
        "tarife.html",
        {
            "period": next(r for r in prices.policy.tariff if r["from"] == prices.period.first),
            "closed": prices.closed,
            "doubts": price_doubts_in_words(prices.doubts),
            "told": difference(shop, judged_again(shop, prices.policy)),
            "weeks": rehearsed(shop, prices.policy),
            "again": {**typed, "seen": seen_of(shop, prices.change)},
        },
    )


def put_prices(shop: Shop, visit: Visit) -> Answer:
    """Puts a new period in force that was shown."""
    # Before all else: to a tariff that somebody has changed meanwhile, the period may be no new one.
    demand_as_seen(shop, visit, tariff_file(shop.policy))
    prices = _prices(shop, _typed(visit))
    put_as_seen(shop, visit, prices.change)
    return Go("/kurallar/yeniden", "prices", {"first": f"{prices.period.first:%d.%m.%Y}"})


def _typed(visit: Visit) -> dict[str, str]:
    return {name: visit.form.get(name, "").strip() for name in _TYPED}


def _prices(shop: Shop, typed: dict[str, str]) -> NewPrices:
    labels = desk_words()["tariff"]
    first = day_of(labels["first"], typed["first"])
    last = day_of(labels["last"], typed["last"]) if typed["last"] else date(first.year, 12, 31)
    said = typed["grace"] or "7"
    grace = number_in(said)
    if grace is None:
        raise OperatorFault("tariff_grace", file=tariff_file(shop.policy), row="-", value=said, most=60)
    period = Period(first, last, typed["nes"], typed["reader"], grace)
    return new_prices(shop.settings, shop.policy, period)


# --- any change ------------------------------------------------------------------------------------


def seen_of(shop: Shop, change: Change) -> str:
    """Gives what a form carries of what its reader saw: the version of the file's acts, and its digest."""
    return f"{version(shop.ledger, change.path)} {change.basis}"


def put_as_seen(shop: Shop, visit: Visit, change: Change) -> None:
    """Puts a change in force, as an act of whoever sent the form; raises Overtaken by what they saw."""
    demand_as_seen(shop, visit, change.path)
    seen, _, basis = visit.form.get("seen", "").partition(" ")
    if basis != change.basis:
        raise Overtaken(change.path, "", "", None)
    put_in_force(shop, change, Act(visit.person.name, because_of(visit), seen))


def demand_as_seen(shop: Shop, visit: Visit, path: str) -> None:
    """Raises Overtaken, with who was faster, where a file was changed since a form was shown."""
    seen = visit.form.get("seen", "").partition(" ")[0]
    demand_version(shop, path, Act(visit.person.name, "", seen))


# --- what waits, by the rules of today -------------------------------------------------------------


def again_page(shop: Shop, _: Visit) -> Answer:
    """Shows what of the waiting mails would end otherwise by the rules of today."""
    told = difference(shop, judged_again(shop, shop.policy))
    return Page("yeniden.html", {"told": told})


def accept_all(shop: Shop, visit: Visit) -> Answer:
    """Accepts what is wholly right by the rules of today, each by an act of its own."""
    found = judged_again(shop, shop.policy)
    if difference(shop, found).code != visit.form.get("seen"):
        raise Overtaken("", "", "", None)
    done = list(accept_again(shop, found, because_of(visit), visit.person.name))
    left = sum(1 for _, hindrance in done if hindrance)
    return Go("/bekleyenler", "rejudged", {"count": len(done) - left, "left": left})


def difference(shop: Shop, found: Sequence[Again]) -> Difference:
    """Tells what would end otherwise; its code changes with every mail of it, and what is done with them."""
    outcomes: Any = shop.policy.texts.words["outcomes"]
    why = words()["rejudge"]
    rows = [
        Otherwise(
            again.held.number,
            quotable(again.held.sender),
            outcomes[again.held.decision.outcome],
            outcomes[again.today.decision.outcome],
            tuple(dict.fromkeys(finding.say for finding in again.gone)),
            tuple(dict.fromkeys(finding.say for finding in again.today.decision.findings)),
            why.get(again.hindrance, why["other"]) if again.is_fit and again.hindrance else "",
            again.would_pass,
        )
        for again in found
    ]
    told = [f"{row.number} {version(shop.ledger, row.number)} {row.would_pass}" for row in rows]
    code = hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
    passing = sum(row.would_pass for row in rows)
    return Difference(rows[:_MOST_LISTED], len(rows), passing, code)
