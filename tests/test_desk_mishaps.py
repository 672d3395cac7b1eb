"""The desk when something goes amiss: nothing typed is lost in silence, nobody is told what is not so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from pipeline.desk.app import MOST_BYTES
from pipeline.ledger.home import PEOPLE
from pipeline.office.settings import DeskSettings
from tests.browser import CHROMIUM, a_browser
from tests.house import House
from tests.mails import ISTANBUL
from tests.test_web_desk import PASSWORD, Seen, Visitor, desk_of, hidden, known_at, number_of, seat

ANSWER = "Kartınız kuryede <bugün> yola çıktı."


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    known_at(lasting_house, ayse="clerk", fatma="clerk", zeynep="administrator")
    lasting_house.deliver("held/no-attachment-question", "held/two-held-rows")
    lasting_house.poll()
    return lasting_house


@pytest.fixture(scope="module")
def door(house: House) -> Iterator[Visitor]:
    with desk_of(house, DeskSettings(port=0)) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def ayse(door: Visitor) -> Visitor:
    return seat(door, "ayse")


def answering(visitor: Visitor, number: str, text: str = ANSWER) -> tuple[str, dict[str, str]]:
    """Fills the form that answers a mail, as somebody has it before them; gives where it goes as well."""
    page, action = visitor.get(f"/ileti/{number}"), f"/ileti/{number}/karar"
    fields = {"claim": "1", "verb": "answer", "because": "Telefonla soruldu.", "text": text}
    return action, {"bilet": page.token(action), "seen": hidden(page, "seen"), **fields}


def acts(house: House, number: str) -> object:
    return house.ask("SELECT count(*) FROM act WHERE about=?", number)[0][0]


def keeps(seen: Seen) -> bool:
    """Tells whether a page gives back what was typed."""
    return "Kartınız kuryede &lt;bugün&gt; yola çıktı." in seen.text and "Telefonla soruldu." in seen.text


def test_a_form_of_a_session_that_is_over_says_that_nothing_was_done(house: House, door: Visitor) -> None:
    number = number_of(house, "erdem.bozkirligil")
    fatma = seat(door, "fatma")
    action, fields = answering(fatma, number)
    cookie, fatma.cookie = fatma.cookie, ""
    told = fatma.post(action, fields)
    assert (told.status, "işlenmedi" in told.text, keeps(told)) == (403, True, True)
    assert told.headers["cache-control"] == "no-store"
    # Somebody logs in again in another window and sends the old page: just so.
    assert fatma.log_in("fatma").status == 303
    old = fatma.post(action, fields)
    assert (old.status, "Hiçbir şey yapılmadı" in old.text, keeps(old)) == (403, True, True)
    assert f'href="/ileti/{number}"' in old.text
    # Whoever only looks is shown the way in, and a log-in's words are never given back.
    assert Visitor(door.place, door.host).get("/bekleyenler").headers["location"] == "/giris"
    wrong = Visitor(door.place, door.host).log_in("fatma", "yanlış bir parola")
    assert "yanlış bir parola" not in wrong.text
    assert cookie != fatma.cookie
    assert acts(house, number) == 0


def test_what_is_refused_is_not_lost(house: House, ayse: Visitor) -> None:
    number = number_of(house, "erdem.bozkirligil")
    action, fields = answering(ayse, number, f"{ANSWER} N-AAAAAAAA numaralı başvuru")
    told = ayse.post(action, fields)
    assert (told.status, keeps(told), f'href="/ileti/{number}"' in told.text) == (409, True, True)
    held = number_of(house, "ayse.karaagacli")
    page, action = ayse.get(f"/ileti/{held}"), f"/ileti/{held}/duzelt"
    read = {"claim": "1", "because": "Okundu.", "f-born_on": "otuz bir şubat", "seen": hidden(page, "seen")}
    told = ayse.post(action, {"bilet": page.token(action), **read})
    assert (told.status, "otuz bir şubat" in told.text) == (409, True)


def test_a_second_click_is_not_told_that_nothing_was_done(house: House, door: Visitor) -> None:
    number = number_of(house, "erdem.bozkirligil")
    fatma = seat(door, "fatma")
    action, fields = answering(fatma, number)
    before = acts(house, number)
    fields["text"] = ""
    assert fatma.post(action, fields).status == 303
    second = fatma.post(action, fields)
    assert (second.status, "Hiçbir şey yapılmadı" in second.text) == (409, False)
    assert "ikinci kez işlenmedi" in second.text
    assert f'href="/ileti/{number}"' in second.text
    assert acts(house, number) == int(str(before)) + 1


@pytest.mark.skipif(not CHROMIUM, reason="no chromium")
def test_two_clicks_send_a_decision_once(house: House, door: Visitor) -> None:
    number = number_of(house, "ayse.karaagacli")
    with a_browser(house.folder / "profile") as browser:
        browser.open(f"http://{door.host}/giris")
        for field, value in (("name", "ayse"), ("password", PASSWORD)):
            browser.run(f"document.querySelector('#{field}').value = '{value}'")
        browser.run("document.querySelector('form').submit()")
        browser.until("location.pathname === '/bekleyenler'")
        browser.open(f"http://{door.host}/ileti/{number}")
        browser.run("document.querySelectorAll('details.verb').forEach((one) => one.open = true)")
        put_off = f"document.querySelector('form[action=\"/ileti/{number}/beklet\"]')"
        browser.run(f"{put_off}.querySelector('[name=event]').value = 'mail'")
        browser.run(f"{put_off}.querySelector('button').click(); {put_off}.querySelector('button').click()")
        browser.until("location.pathname === '/bekleyenler'")
        assert "bekletildi" in browser.run("document.querySelector('.notice').textContent")
    assert acts(house, number) == 1


def test_nobody_is_put_off_for_ever(house: House, ayse: Visitor) -> None:
    number = number_of(house, "ayse.karaagacli")
    page, action = ayse.get(f"/ileti/{number}"), f"/ileti/{number}/beklet"

    def put_off(day: str) -> Seen:
        page = ayse.get(f"/ileti/{number}")
        fields = {"claim": "2", "day": day, "event": "", "because": "Sonra.", "seen": hidden(page, "seen")}
        return ayse.post(action, {"bilet": page.token(action), **fields})

    before = acts(house, number)
    assert action in page.text
    today = datetime.now(ISTANBUL)
    mistyped = (today + timedelta(days=400)).strftime("%Y-%m-%d")
    for day, said in (
        (mistyped, "bir yıldan uzak"),
        ("9999-12-31", "bir yıldan uzak"),
        ("yarın", "bir gün değil"),
    ):
        told = put_off(day)
        assert (told.status, said in told.text) == (409, True), day
    assert acts(house, number) == before
    # As people write a day, where the browser knows no calendar; and the page says until when.
    day = (today + timedelta(days=30)).strftime("%d.%m.%Y")
    assert put_off(day).status == 303
    assert f"bekletildi ({day})" in ayse.get("/bekleyenler").text
    done = house.command(
        *("settle", number, "beklet", "--until", "9999-12-31", "--by", "A. Görevli", "--because", "Sonra")
    )
    assert (done.returncode, "bir yıldan uzak" in done.stderr) == (78, True)


def test_blanks_are_nobodys_name_and_no_reason(house: House, ayse: Visitor) -> None:
    number = number_of(house, "ayse.karaagacli")
    before = acts(house, number)
    for place, verb in (("karar", "accept"), ("mektup", "return"), ("karar", "return"), ("beklet", "")):
        page = ayse.get(f"/ileti/{number}")
        action = f"/ileti/{number}/{place}"
        fields = {"claim": "1", "verb": verb, "because": "  ", "text": " \n", "event": "mail"}
        told = ayse.post(action, {"bilet": page.token(action), "seen": hidden(page, "seen"), **fields})
        assert (told.status, "Gerekçe yazılmamış" in told.text) == (409, True), (place, verb)
    for words in (("--by", " ", "--because", "x"), ("--by", "A. Görevli", "--because", "  ")):
        done = house.command("settle", number, "kabul", *words)
        assert (done.returncode, "boş olmayan" in done.stderr) == (64, True), done.stderr
    assert acts(house, number) == before


def test_what_nobody_sees_in_an_answer_does_not_refuse_it(house: House, door: Visitor) -> None:
    """A joined emoji, or a soft hyphen pasted from a document, tells nobody anything."""
    number = number_of(house, "ayse.karaagacli")
    fatma = seat(door, "fatma")

    def shown(text: str) -> Seen:
        page, action = fatma.get(f"/ileti/{number}"), f"/ileti/{number}/mektup"
        fields = {"claim": "2", "verb": "answer", "because": "Yazıldı.", "text": text}
        return fatma.post(action, {"bilet": page.token(action), "seen": hidden(page, "seen"), **fields})

    assert shown("Kartı\u00adnız yolda \U0001f468\u200d\U0001f469\u200d\U0001f467").status == 200
    # What is parted by signs that nobody sees is a number all the same.
    told = shown("Numaranız 1000\u200b000\u00ad0146")
    assert (told.status, "0 (312) 555 12 34" in told.text) == (409, True)


ENGLISH = re.compile(r"\b(error|invalid|missing|too|maximum|large|request|content)\b", re.IGNORECASE)


def test_whatever_is_wrong_with_a_request_is_said_in_turkish(house: House, ayse: Visitor) -> None:
    many = "&".join(f"a{number}=1" for number in range(400)).encode()
    form, parts = "application/x-www-form-urlencoded", "multipart/form-data"
    told = {"Origin": f"http://{ayse.host}"}
    number = number_of(house, "ayse.karaagacli")
    before, action = acts(house, number), f"/ileti/{number}/karar"
    for status, seen in (
        (413, ayse.ask("POST", action, b"a=" + bytes(MOST_BYTES), Content_Type=form, **told)),
        (400, ayse.ask("POST", action, many, Content_Type=form, **told)),
        (400, ayse.ask("POST", action, b"x", Content_Type=parts, **told)),
        (400, ayse.ask("POST", action, b"x", Content_Type=f"{parts}; boundary=x", **told)),
        (403, ayse.ask("POST", action, b"a=1", Content_Type=form, Origin="http://baska.example.org")),
        (405, ayse.ask("PUT", action, b"a=1", Content_Type=form, **told)),
        (421, ayse.get("/giris", Host="baska.example.org")),
    ):
        assert seen.status == status
        assert seen.body.strip()
        assert not ENGLISH.search(re.sub(r"<[^>]*>", "", seen.text)), seen.text
    assert acts(house, number) == before


def test_a_number_or_day_beyond_all_is_no_fault_of_the_program(door: Visitor) -> None:
    zeynep, huge = seat(door, "zeynep"), "9" * 25
    for path in (f"/yazi/{huge}", f"/liste/2024-06-14/{huge}", f"/ornek/{huge}.png"):
        assert zeynep.get(path).status == 404, path
    # Beyond 4,300 digits Python makes no number of them at all.
    assert zeynep.get(f"/ornek?sonra={'9' * 5000}").status == 200
    for day in ("9999-12-31", "0001-01-01"):
        for path in (f"/iz?gun={day}", f"/iz.csv?gun={day}"):
            assert zeynep.get(path).status == 200, path
    token = zeynep.get("/kurallar").token("/kurallar/tarife")
    prices = {"first": "31.12.9999", "last": "", "nes": "780,00", "reader": "100,00", "grace": "7"}
    assert zeynep.post("/kurallar/tarife", {"bilet": token, **prices}).status in (200, 409)


def test_what_breaks_before_the_door_is_told_in_turkish_and_leaves_no_traceback(
    house: House, door: Visitor, ayse: Visitor, capfd: pytest.CaptureFixture[str]
) -> None:
    people = house.home / PEOPLE
    kept = people.read_bytes()
    spoilt = house.home / "spoilt"
    spoilt.write_text("{bozuk")
    os.replace(spoilt, people)
    capfd.readouterr()
    try:
        for seen in (ayse.get("/bekleyenler"), Visitor(door.place, door.host).log_in("ayse")):
            assert (seen.status, "Masa şu anda açılamıyor" in seen.text) == (500, True)
            # Where it lies is for the journal, and not for whoever stands before the door.
            assert PEOPLE not in seen.text
    finally:
        spoilt.write_bytes(kept)
        os.replace(spoilt, people)
    said = "".join(capfd.readouterr())
    assert PEOPLE in said
    assert "Traceback" not in said
    assert ayse.get("/bekleyenler").status == 200


def test_a_full_disk_is_the_machines_trouble_and_not_a_fault_of_the_program(
    house: House, ayse: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = number_of(house, "erdem.bozkirligil")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.desk.counter.os.fsync", full)
    seat_again = Visitor(ayse.place, ayse.host)
    assert seat_again.log_in("ayse").status == 500
    told = ayse.get(f"/ileti/{number}")
    assert (told.status, "beklenmeyen bir hata" in told.text) == (503, False)
