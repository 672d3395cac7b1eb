"""Every page of the desk is for everybody: by axe-core, on every screen, and without script.

What is looked at is counted by the templates that were filled: a new page that nobody looks at is a red test.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment

from pipeline.desk.rendering import PAGES, desk_words, environment
from pipeline.desk.trail_page import told
from pipeline.domain.decisions import HoldState, Outcome
from pipeline.domain.letters import LetterState
from pipeline.ledger.home import PEOPLE, Home
from pipeline.office.opening import policy_to_look_by
from pipeline.office.settings import DeskSettings, load_settings
from tests.browser import CHROMIUM, Browser, a_browser
from tests.house import NIGHT, House
from tests.legible import SCREENS, wrong_on
from tests.letters import list_mail
from tests.mails import at
from tests.test_new_layout import NAMED, SAID, WHO, with_receipt
from tests.test_new_layout import NEXT as OTHER
from tests.test_web_desk import (
    LIST,
    PASSWORD,
    Visitor,
    desk_of,
    hidden,
    known_at,
    logged_in,
    nasty_mail,
    number_of,
    quiet,
    seat,
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this system")

NEXT = NIGHT + timedelta(hours=10)


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    house = lasting_house
    known_at(house, zeynep="administrator", veli="releaser", okur="reader")
    house.more = '[batch]\nto = "it_unit"\n'
    house.write()
    house.own_folders()
    house.deliver("accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt")
    house.deliver("held/two-held-rows", "ignored/delivery-failure")
    house.deliver_raw(nasty_mail())
    house.deliver_raw(list_mail(WHO, at("2024-06-14", "07:40")))
    house.deliver_raw(with_receipt(WHO, "2024061300098765", "07:50"))
    house.poll()
    house.nightly()
    house.deliver_raw(list_mail(OTHER, at("2024-06-15", "07:40")))
    house.poll(NEXT - timedelta(hours=1))
    return house


@pytest.fixture(scope="module")
def drawn() -> Iterator[set[str]]:
    """The names of the templates that have been filled."""
    names: set[str] = set()

    def noting(zone: ZoneInfo) -> Environment:
        made = environment(zone)
        get: Callable[..., Any] = made.get_template

        def noted(name: str, *more: object, **named: object) -> Any:
            names.add(name)
            return get(name, *more, **named)

        made.get_template = noted  # type: ignore[method-assign, assignment]
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.desk.app.environment", noting)
        yield names


@pytest.fixture(scope="module")
def door(house: House, drawn: set[str]) -> Iterator[Visitor]:
    # The desk is made where what it draws is noted.
    drawn.clear()
    settings = load_settings(house.file)
    load, now = (lambda: policy_to_look_by(settings)), NEXT.astimezone(UTC)
    with desk_of(house, DeskSettings(port=0), load, lambda: now) as visitor:
        yield visitor


class Walk:
    """Somebody who goes from page to page, and looks at each with every screen."""

    def __init__(self, browser: Browser, address: str, drawn: set[str]) -> None:
        self.browser, self.address, self._drawn = browser, address, drawn
        self.seen: set[str] = set()

    def open(self, path: str) -> None:
        self._drawn.clear()
        self.browser.open(self.address + path)
        self._look(path)

    def press(self, selector: str, before: str = "") -> None:
        """Presses a button of the page that is open, and looks at what comes."""
        self._drawn.clear()
        button = f"document.querySelector({json.dumps(selector)})"
        self.browser.run(f"{before}; window.before = true; {button}.click()")
        self.browser.until("!window.before")
        self._look(selector)

    def _look(self, page: str) -> None:
        assert wrong_on(self.browser) == [], page
        self.seen |= self._drawn

    def enter(self, name: str) -> None:
        self.browser.ask("Network.clearBrowserCookies")
        logged_in(self.browser, self.address, name)


def number_of_receipt(house: House) -> str:
    """The number of the mail with the receipt of a bank that nobody has described."""
    ((number,),) = house.ask("SELECT number FROM decision JOIN hold USING (sha) WHERE subject='Dekont'")
    return str(number)


def number_of_report(house: House) -> str:
    """The number of the mail that says that a letter of ours did not arrive."""
    ((number,),) = house.ask("SELECT number FROM decision JOIN bounce USING (sha)")
    return str(number)


def the_pages(house: House) -> tuple[str, ...]:
    """Every page that is opened by its address."""
    foreigner, held = number_of(house, "noura"), number_of_receipt(house)
    ((case,),) = house.ask("SELECT min(case_number) FROM batch_row")
    ((queued,),) = house.ask(
        "SELECT case_number FROM entry WHERE case_number NOT IN (SELECT case_number FROM batch_row)"
    )
    ((letter, mail),) = house.ask(
        "SELECT min(l.id), number FROM letter l JOIN decision d ON d.sha=about "
        "WHERE d.sha NOT IN (SELECT sha FROM hold)"
    )
    return (
        *("/bekleyenler", f"/ileti/{foreigner}", f"/ileti/{held}", f"/ileti/{held}/yeniden", "/bul"),
        *(f"/kisi/{case}", f"/yazisma/{mail}", f"/yazi/{letter}", "/kagit", "/listeler", LIST),
        *(f"/siradaki/{queued}", "/bugun", "/ornek", "/iz", "/kurallar", "/kurallar/yeniden"),
        *("/kurallar/metin?ad=replies/held", "/kurallar/metin?ad=calendar", "/yok"),
        *(f"/kurallar/duzen?ileti={held}&kagit=0", f"/yazisma/{number_of_report(house)}"),
    )


def test_nothing_keeps_anybody_from_using_any_page(
    house: House, door: Visitor, drawn: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreigner, held = number_of(house, "noura"), number_of_receipt(house)
    ((case,),) = house.ask("SELECT min(case_number) FROM batch_row")
    with a_browser(tmp_path) as browser:
        walk = Walk(browser, f"http://{door.host}", drawn)
        walk.open("/giris")
        walk.enter("zeynep")
        for path in the_pages(house):
            walk.open(path)
        shown_before_it_is_done(walk, foreigner, held, case)
        gone_wrong(walk, house, foreigner, monkeypatch)
        walk.enter("veli")
        for path in ("/iz", LIST, "/bekleyenler"):
            walk.open(path)
        walk.enter("okur")
        for path in ("/kagit", f"/ileti/{foreigner}"):
            walk.open(path)
    assert {page.name for page in PAGES.glob("*.html")} - walk.seen == set()


def test_a_letter_that_came_back_waits_until_somebody_says_it_is_seen_to(house: House, door: Visitor) -> None:
    number, veli = number_of_report(house), seat(door, "veli")
    waiting = veli.get("/bekleyenler").text
    assert f'href="/yazisma/{number}"' in waiting
    assert "Geri dönen yazı" in waiting
    assert "Ayrılan ileti" not in waiting
    page, action = veli.get(f"/yazisma/{number}"), f"/yazisma/{number}/ilgilenildi"
    ((recipient, why),) = house.ask("SELECT recipient, diagnostic FROM bounce")
    assert f"ulaşmadı: <b>{recipient}</b>" in page.text
    assert str(why) in page.text
    told = {"bilet": page.token(action), "seen": hidden(page, "seen"), "because": "Telefonla söylendi."}
    assert veli.post(action, told).status == 303
    assert f'href="/yazisma/{number}"' not in veli.get("/bekleyenler").text
    assert action not in veli.get(f"/yazisma/{number}").text


def test_a_mail_of_yesterday_waits_for_a_day_also_before_its_hour(house: House) -> None:
    settings, early = load_settings(house.file), (NIGHT + timedelta(hours=1)).astimezone(UTC)
    with desk_of(house, DeskSettings(port=0), lambda: policy_to_look_by(settings), lambda: early) as door:
        page = seat(door, "veli").get("/bekleyenler").text
    assert '<span class="age num">1 gün</span>' in page
    assert '<span class="age num">09:' not in page


def test_the_trail_tells_in_turkish_what_was_looked_at(door: Visitor) -> None:
    veli = seat(door, "veli")
    sought = veli.get("/bul")
    veli.post("/bul", {"bilet": sought.token("/bul"), "q": "karaağaç"})
    page = veli.get("/iz").text
    assert "arama: " in page
    assert "search " not in page


def test_whatever_is_noted_has_words_on_the_trail() -> None:
    noted = [event for file in Path("pipeline").rglob("*.py") for event in noted_in(file)]
    assert {"searched", "batch closed", "stopped", "erased mail", "backed up"} <= set(noted)
    deeds = desk_words()["deeds"]
    assert [event for event in noted if told(event, deeds)[0] not in deeds.values()] == []


def noted_in(file: Path) -> Iterator[str]:
    """Finds the names of the events that a module writes into the audit log, with the states they carry."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Call(ast.Attribute(attr="note"), [_, event, _]):
                yield from _named_by(event)
            case ast.Call(ast.Name("note_act"), [_, _, event, _]):
                yield from _named_by(event)
            case ast.Call(ast.Attribute(attr="note_look"), [event, _]):
                yield from _named_by(event)
            case ast.Call(ast.Name("Deed"), [ast.Constant(str(kind)), *_]):
                yield f"act {kind}"


def _named_by(event: ast.expr) -> Iterator[str]:
    states = {"letter ": LetterState, "decided ": Outcome, "settled ": [*HoldState][1:], "act ": ()}
    match event:
        case ast.JoinedStr([ast.Constant(str(begin)), *_]):
            yield from (
                (f"{begin}{state}" for state in states[begin])
                if begin in states
                else (begin.removesuffix("by ").strip(),)
            )
        case ast.Constant(str(name)):
            yield name


def shown_before_it_is_done(walk: Walk, foreigner: str, held: str, case: object) -> None:
    """Looks at what follows from a form, before it does."""
    walk.browser.open(f"{walk.address}/ileti/{foreigner}")
    walk.press("details.no form button")
    walk.browser.open(f"{walk.address}/bul")
    walk.press("main form button", "document.getElementById('q').value = 'ayşe'")
    walk.browser.open(f"{walk.address}/kagit")
    walk.press("main form button", f"document.getElementById('numara').value = '{case}'")
    walk.browser.open(f"{walk.address}/listeler")
    walk.press("form[action='/yanit'] button", _ANSWER)
    walk.browser.open(f"{walk.address}/kurallar")
    prices = {"ilk": "01.01.2026", "nes": "1.450,00", "okuyucu": "520,00"}
    typed = "; ".join(f"document.getElementById('{k}').value = '{v}'" for k, v in prices.items())
    walk.press("form[action='/kurallar/tarife'] button", typed)
    for name in ("replies/_closing", "topics/thanks"):
        walk.browser.open(f"{walk.address}/kurallar/metin?ad={name}")
        walk.press(
            "form:has(textarea) button", "document.querySelector('textarea').value += '# Bir satır daha.\\n'"
        )
    walk.browser.open(f"{walk.address}/kurallar/duzen?ileti={held}&kagit=0")
    walk.press("form[action$=dene] button", f"({_SAY})({json.dumps(SAID)}, {json.dumps(_TYPED)})")
    assert walk.browser.run("location.pathname") == "/kurallar/duzen/dene"
    assert walk.browser.run("document.querySelector('.bad')?.textContent") is None


def gone_wrong(walk: Walk, house: House, number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at what is told where something does not go as it should."""
    accept = "details.yes form button"
    for before in (
        "document.querySelectorAll('[name=seen]').forEach((one) => one.value = 'x')",
        "document.querySelectorAll('[name=bilet]').forEach((one) => one.value = 'x')",
    ):
        walk.browser.open(f"{walk.address}/ileti/{number}")
        walk.press(accept, before)
    quiet(house)
    monkeypatch.setattr("pipeline.desk.counter._PATIENCE_SECONDS", 0.0)
    walk.browser.open(f"{walk.address}/ileti/{number}")
    with Home(house.home).lock(60):
        walk.press(accept)
    assert "yazdıklarınız duruyor" in walk.browser.run("document.body.textContent")

    def broken(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("pipeline.desk.today.open_stop", broken)
    walk.open("/bugun")
    sent_in_vain(walk, house, number, accept)
    assert house.ask("SELECT kind FROM act WHERE about=?", number) == []


def sent_in_vain(walk: Walk, house: House, number: str, accept: str) -> None:
    """Looks at what is told of a form that is sent twice, or too late, and of a desk that cannot open."""
    outdated = "document.querySelectorAll('[name=seen]').forEach((one) => one.value = 'x')"
    walk.browser.open(f"{walk.address}/ileti/{number}")
    used = walk.browser.run("document.querySelector('details.yes [name=bilet]').value")
    walk.press(accept, outdated)
    walk.browser.open(f"{walk.address}/ileti/{number}")
    walk.press(accept, f"{outdated}; document.querySelector('details.yes [name=bilet]').value = '{used}'")
    assert "ikinci kez işlenmedi" in walk.browser.run("document.body.textContent")
    walk.browser.open(f"{walk.address}/ileti/{number}")
    walk.browser.ask("Network.clearBrowserCookies")
    walk.press(accept)
    assert "işlenmedi" in walk.browser.run("document.body.textContent")
    walk.enter("zeynep")
    people = house.home / PEOPLE
    kept = people.rename(house.home / "kept")
    people.write_text("{")
    walk.open("/bekleyenler")
    kept.rename(people)


_TYPED = {"stem": NAMED["stem"], "ad": NAMED["name"], "banka": NAMED["bank"]}
# Says what each thing on a page is, by its label.
_SAY = """(said, typed) => {
  for (const [id, value] of Object.entries(typed)) document.getElementById(id).value = value;
  for (const one of document.querySelectorAll("select[name^=c]"))
    one.value = said[one.getAttribute("aria-label")] ?? "";
}"""
# Chooses a file as if it came from the disk.
_ANSWER = """
(() => {
  const chosen = new DataTransfer();
  const rows = "T.C. Kimlik No;Sonuç;Açıklama\\r\\n10000000146;İade;Eksik\\r\\n";
  chosen.items.add(new File([rows], "yanit.csv"));
  document.getElementById("dosya").files = chosen.files;
})()"""


def test_without_script_every_page_is_there_and_a_claim_is_decided(
    house: House, door: Visitor, tmp_path: Path
) -> None:
    ((number,),) = house.ask(
        "SELECT number FROM decision JOIN hold USING (sha) "
        "WHERE sender NOT LIKE 'noura%' AND subject<>'Dekont'"
    )
    with a_browser(tmp_path) as browser:
        address = f"http://{door.host}"
        browser.ask("Emulation.setScriptExecutionDisabled", value=True)
        browser.open(f"{address}/giris")
        for name, word in (("name", "zeynep"), ("password", PASSWORD)):
            browser.run(f"document.getElementById('{name}').focus()")
            browser.ask("Input.insertText", text=word)
        browser.key("Enter")
        browser.until("location.pathname === '/bekleyenler'")
        # No key does anything, and everything can be reached.
        assert browser.run("document.activeElement === document.body")
        assert browser.run("document.querySelectorAll('.tasks a').length > 1")
        browser.run(f"document.querySelector('.tasks a[href$=\"{number}\"]').click()")
        browser.until(f"location.pathname === '/ileti/{number}'")
        for path in ("/kagit", "/bul", "/bugun", f"/ileti/{number}"):
            browser.open(address + path)
            for width, height, scale in SCREENS:
                browser.size(width, height, scale)
                assert browser.run("document.documentElement.scrollWidth") <= width, (path, width)
        browser.run("document.querySelector('details.yes summary').click()")
        assert browser.run("document.querySelector('details.yes').open")
        browser.run("window.before = true; document.querySelector('details.yes form button').click()")
        browser.until("!window.before")
    assert house.ask("SELECT 1 FROM act WHERE about=? AND \"by\"='zeynep'", number) == [(1,)]


# How many figures stand in each row of each list of them.
_IN_ROWS = """
[...document.querySelectorAll(".figures")].map((list) => {
  const rows = new Map();
  for (const one of list.children) rows.set(one.offsetTop, (rows.get(one.offsetTop) ?? 0) + 1);
  return [...rows.values()];
})
"""


def test_no_figure_stands_alone_in_a_row(house: House, door: Visitor, tmp_path: Path) -> None:
    (report,) = (letter for letter in house.letters() if "Gece raporu" in str(letter["Subject"]))
    (page,) = (part for part in report.iter_attachments() if str(part.get_filename()).endswith(".html"))
    html = page.get_payload(decode=True)
    assert isinstance(html, bytes)
    (tmp_path / "report.html").write_bytes(html)
    with a_browser(tmp_path / "profile") as browser:
        logged_in(browser, f"http://{door.host}", "okur")
        for url in (f"http://{door.host}/bugun", f"file://{tmp_path}/report.html"):
            browser.open(url)
            for width in (360, 620, 700, 900, 1024, 1366):
                browser.size(width, 700)
                lists = browser.run(_IN_ROWS)
                assert lists, url
                assert [rows for rows in lists if len(set(rows)) > 1] == [], (url, width)
