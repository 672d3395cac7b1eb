"""What a page of the desk costs in an old office: each page's median, as a multiple of an empty office's too.

Run it as `python -m benchmarks.desk --closed 3000 --open 300 --held 300` from the project's root. It fills
a ledger by way of its own chapters, and has every page made as the desk makes it, templates included, without
the sockets. It prints milliseconds on the processor; it judges nothing.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from benchmarks.growth import Years, number_of
from pipeline.desk.answers import Page, Visit
from pipeline.desk.doors import DOORS
from pipeline.desk.people import Person, Power, Role
from pipeline.desk.rendering import environment
from pipeline.desk.sessions import Sessions
from pipeline.ledger.book import Ledger
from pipeline.ledger.home import Home
from pipeline.office.settings import Settings
from pipeline.office.shop import Shop
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import Policy, load_policy
from pipeline.review.invented_office import OFFICE

_ROUNDS = 15
_PERSON = Person("olcum", Role.ADMINISTRATOR)


class Pages:
    """Every page of the desk of one home."""

    def __init__(self, home: Home, policy: Policy) -> None:
        self._ledger = Ledger.open(home.ledger_file, home.key)
        readers = ThreadPoolExecutor(1)
        settings = cast(
            "Settings", SimpleNamespace(zone=UTC, institution="Kurum", unit="Birim", home=home.folder)
        )
        self._shop = Shop(settings, policy, home, self._ledger, readers, lambda: datetime.now(UTC))
        self._set = environment(settings.zone)
        sessions, now = Sessions(), datetime.now(UTC)
        session = sessions.find(sessions.begin("olcum", now), now)
        assert session
        self._session = session
        self._handlers = {door.path: door.handler for door in DOORS if not door.is_act or door.is_repeatable}

    def asked(self) -> Mapping[str, Callable[[], object]]:
        """Lists the pages with what is asked of them."""
        held = self._one("SELECT d.number FROM hold h JOIN decision d USING (sha) WHERE state='open'")
        mail = self._one("SELECT number FROM decision WHERE outcome='accepted' ORDER BY rowid DESC")
        case = self._one("SELECT case_number FROM entry ORDER BY id DESC")
        day, number = self._one("SELECT day||'/'||number FROM batch ORDER BY day DESC").split("/")
        some = number_of(1).digits
        return {
            "Bekleyenler": lambda: self._page("/bekleyenler"),
            "Bekleyenler, the last page": lambda: self._page("/bekleyenler", query={"bas": "9950"}),
            "a held mail": lambda: self._page("/ileti/{number}", {"number": held}),
            "find by number": lambda: self._page("/bul", form={"q": some}),
            "find by e-mail": lambda: self._page("/bul", form={"q": "memur1@saglik.example.org"}),
            "find by two names": lambda: self._page("/bul", form={"q": "kurgu1 ayse"}),
            "find by everybody's name": lambda: self._page("/bul", form={"q": "ayşe"}),
            "find by a receipt": lambda: self._page("/bul", form={"q": "000000000001"}),
            "find nobody": lambda: self._page("/bul", form={"q": "fatma yok"}),
            "a person's story": lambda: self._page("/kisi/{number}", {"number": case}),
            "a mail that was decided": lambda: self._page("/yazisma/{number}", {"number": mail}),
            "Kâğıt": lambda: self._page("/kagit"),
            "Listeler": lambda: self._page("/listeler"),
            "a list": lambda: self._page("/liste/{day}/{number:int}", {"day": day, "number": number}),
            "Bugün": lambda: self._page("/bugun"),
            "İz": lambda: self._page("/iz"),
        }

    def close(self) -> None:
        """Closes the ledger."""
        self._ledger.close()

    def _one(self, sql: str) -> str:
        return str(next(iter(self._ledger.query(f"{sql} LIMIT 1")[0].values())))

    def _page(self, path: str, named: Mapping[str, str] | None = None, **asked: Mapping[str, str]) -> str:
        visit = Visit(
            _PERSON, self._session, path, named or {}, asked.get("query", {}), asked.get("form", {})
        )
        page = self._handlers[path](self._shop, visit)
        assert isinstance(page, Page), page
        told: dict[str, Any] = {
            "office": "Kurum",
            "unit": "Birim",
            "person": _PERSON,
            "may": lambda power: _PERSON.may(Power(power)),
            "token": self._session.token,
            "here": path,
            "places": set(self._handlers),
        }
        return self._set.get_template(page.name).render(**page.values, **told, notice=None, is_proxied=False)


def medians(pages: Pages) -> Mapping[str, tuple[float, float]]:
    """Makes every page several times; gives the milliseconds on the processor: the first, and the median."""
    found = {}
    for name, work in pages.asked().items():
        spent = []
        for _ in range(_ROUNDS + 1):
            begun = time.process_time()
            work()
            spent.append((time.process_time() - begun) * 1000)
        found[name] = (spent[0], statistics.median(spent[1:]))
    return found


def filled(home: Home, closed: int, open_: int, held: int) -> None:
    """Fills a home that is empty."""
    home.folder.joinpath("mail").mkdir(parents=True, exist_ok=True)
    ledger = Ledger.open(home.ledger_file, home.key)
    shop = cast("Shop", SimpleNamespace(ledger=ledger, home=home))
    years = Years(shop, 1, datetime.now(UTC), over_after=open_ // 30)
    years.fill(closed + open_)
    years.hold(range(1_000_000, 1_000_000 + held))
    ledger.close()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in (("closed", 3000), ("open", 300), ("held", 300)):
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--home", type=Path, help="a home that was filled before, or where to fill one")
    chosen = parser.parse_args()
    policy = load_policy(RULES, REPORTS, OFFICE)
    with tempfile.TemporaryDirectory(prefix="nes-") as place:
        small, large = Home(Path(place) / "small"), Home(chosen.home or Path(place) / "large")
        filled(small, 30, 30, 30)
        if not large.ledger_file.exists():
            filled(large, chosen.closed, chosen.open, chosen.held)
        found = []
        for home in (small, large):
            pages = Pages(home, policy)
            found.append(medians(pages))
            pages.close()
    print("| page: milliseconds of the processor | first | median | × a new office's |\n|---|--:|--:|--:|")
    for name, (first, median) in found[1].items():
        print(f"| {name} | {first:.0f} | {median:.1f} | {median / found[0][name][1]:.1f} |")


if __name__ == "__main__":
    main()
