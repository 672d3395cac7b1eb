"""At the desk: accepted receipts are read again blind, and somebody is kept off tonight's list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from pipeline.acts.off_list import kept_off
from pipeline.ledger.samples import stopped_kinds
from pipeline.office.settings import DeskSettings
from tests.browser import CHROMIUM, a_browser
from tests.house import NIGHT, House, body
from tests.letters import list_mail
from tests.mails import at
from tests.people import person
from tests.test_web_desk import (
    Seen,
    Visitor,
    desk_of,
    hidden,
    known_at,
    logged_in,
    quiet,
    seat,
    sent,
)

NEXT = NIGHT + timedelta(days=1)
NASTY = "</p><script>alert(1)</script>"
WHO = "Barış Tunahanlı"


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    house = lasting_house
    known_at(house, veli="releaser", ayse="clerk", fatma="clerk", okur="reader")
    house.deliver("accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt")
    house.poll()
    house.nightly()
    house.deliver_raw(list_mail(person(WHO), at("2024-06-15", "07:40")))
    house.poll(NEXT - timedelta(hours=12))
    return house


@pytest.fixture(scope="module")
def door(house: House) -> Iterator[Visitor]:
    now = (NEXT - timedelta(hours=10)).astimezone(UTC)
    with desk_of(house, DeskSettings(port=0), clock=lambda: now) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def ayse(door: Visitor) -> Visitor:
    return seat(door, "ayse")


def case_of(house: House) -> str:
    who = person(WHO).identity_number
    ((number,),) = house.ask("SELECT case_number FROM entry WHERE identity_number=?", who)
    return str(number)


# --- read again blind ------------------------------------------------------------------------------


def receipt(house: House) -> dict[str, str]:
    """What stands on the receipt that was drawn, as people type it."""
    ((number, amount, day, reference),) = house.ask(
        "SELECT json_extract(r.value, '$.identity_number.digits'), json_extract(r.value, '$.amount'), "
        "json_extract(r.value, '$.paid_on'), json_extract(r.value, '$.reference') "
        "FROM sample s JOIN decision d USING (sha), json_each(d.body, '$.evidence.receipts') r WHERE s.id=1"
    )
    year, month, date = str(day).split("-")
    told = {
        "identity_number": str(number),
        "amount": str(amount).replace(".", ","),
        "reference": str(reference),
    }
    return {**told, "paid_on": f"{date}.{month}.{year}"}


def test_a_question_tells_nothing_of_what_was_read(house: House, door: Visitor, ayse: Visitor) -> None:
    assert "<b>1</b> örnek dekont" in ayse.get("/bugun").text
    page = ayse.get("/ornek")
    assert (page.status, "1. soru" in page.text) == (200, True)
    for value in receipt(house).values():
        assert value not in page.text
    ((mail, case),) = house.ask(
        "SELECT number, (SELECT min(case_number) FROM entry) FROM decision d JOIN sample USING (sha)"
    )
    assert str(mail) not in page.text
    assert str(case) not in page.text
    picture = ayse.get("/ornek/1.png")
    assert (picture.status, picture.body[:4]) == (200, b"\x89PNG")
    assert ayse.get("/ornek/2.png").status == 404
    reader = seat(door, "okur")
    assert {reader.get(path).status for path in ("/ornek", "/ornek/1.png")} == {403}
    assert "/ornek" not in reader.get("/bugun").text


def test_what_can_be_no_value_is_asked_again_and_what_was_typed_stays(house: House, ayse: Visitor) -> None:
    fields = {**receipt(house), "amount": f'1.450"{NASTY}'}
    refused = sent(ayse, "/ornek", "/ornek/1/yanit", **fields)
    assert (refused.status, "tutar anlaşılmadı" in refused.text) == (409, True)
    assert hidden(refused, "amount") == fields["amount"]
    assert NASTY not in refused.text
    assert house.ask("SELECT answer FROM sample") == [(None,)]


def test_a_form_from_elsewhere_answers_nothing(house: House, door: Visitor, ayse: Visitor) -> None:
    token = ayse.get("/ornek").token("/ornek/1/yanit")
    fields = receipt(house)
    assert ayse.post("/ornek/1/yanit", {**fields, "bilet": ""}).status == 403
    assert ayse.post("/ornek/2/yanit", {**fields, "bilet": token}).status == 403
    assert ayse.post("/ornek/1/yanit", {**fields, "bilet": token}, Origin="http://evil.example").status == 403
    assert seat(door, "okur").post("/ornek/1/yanit", {**fields, "bilet": token}).status == 403
    assert house.ask("SELECT answer FROM sample") == [(None,)]


def test_the_first_wrong_one_stops_its_kind_until_a_person_says_why(
    house: House, door: Visitor, ayse: Visitor
) -> None:
    second = ayse.get("/ornek").token("/ornek/1/yanit")
    wrong = {**receipt(house), "amount": "781,00"}
    assert sent(ayse, "/ornek", "/ornek/1/yanit", **wrong).headers["location"] == "/ornek"
    told = ayse.get("/ornek").text
    assert "programın okuduğu başkaydı" in told
    assert "Okunacak örnek yok" in told
    # A question is answered once, whoever had it open.
    late = ayse.post("/ornek/1/yanit", {**receipt(house), "bilet": second})
    assert (late.status, "ayse yanıtlamış" in late.text) == (409, True)
    assert ayse.get("/ornek/1.png").status == 404
    assert house.ask("SELECT answer, wrong, answered_by FROM sample") == [("wrong", "amount", "ayse")]
    assert "/ornek/surdur" not in ayse.get("/bugun").text
    veli = seat(door, "veli")
    page = veli.get("/bugun")
    token = page.token("/ornek/surdur")
    assert (
        ayse.post("/ornek/surdur", {"bilet": token, "number": "1", "cause": "slip", "because": "x"}).status
        == 403
    )
    for odd, status in (({"cause": "other"}, 404), ({"number": "x"}, 404), ({"because": " "}, 409)):
        fields = {"number": "1", "cause": "slip", "because": "Yanlış yazdım.", **odd}
        assert sent(veli, "/bugun", "/ornek/surdur", **fields).status == status
    quiet(house)
    with house.opened(NEXT) as shop:
        assert len(stopped_kinds(shop.ledger)) == 1
    fields = {"number": "1", "cause": "slip", "because": "Yanlış yazdım."}
    assert sent(veli, "/bugun", "/ornek/surdur", **fields).status == 303
    assert "kendiliğinden kabul durdu" not in veli.get("/bugun").text
    assert house.ask("SELECT kind, \"by\" FROM act WHERE kind LIKE 'sample%' ORDER BY id") == [
        ("sample", "ayse"),
        ("sample-resume", "veli"),
    ]


# --- off tonight's list ----------------------------------------------------------------------------


def off(visitor: Visitor, number: str, verb: str, **fields: str) -> Seen:
    return sent(visitor, f"/siradaki/{number}", f"/siradaki/{number}/{verb}", **fields)


def test_somebody_is_kept_off_the_list_and_comes_back(house: House, door: Visitor, ayse: Visitor) -> None:
    number, fatma = case_of(house), seat(door, "fatma")
    assert f'href="/siradaki/{number}"' in ayse.get("/listeler").text
    reader = seat(door, "okur")
    assert "/siradaki/" not in reader.get("/listeler").text
    assert reader.get(f"/siradaki/{number}").status == 403
    action = f"/siradaki/{number}/cikar"
    page = fatma.get(f"/siradaki/{number}")
    seen, token = hidden(page, "seen"), page.token(action)
    for refused in (
        reader.post(action, {"bilet": token, "because": "x", "seen": seen}),
        ayse.post(action, {"bilet": token, "because": "x", "seen": seen}),
        ayse.post(action, {"bilet": "", "because": "x", "seen": seen}),
    ):
        assert refused.status == 403
    assert off(ayse, number, "cikar", because=" ").status == 409
    letters = len(house.letters())
    assert off(ayse, number, "cikar", because=f"Belgesi soruldu. {NASTY}").status == 303
    # The second clerk saw what is so no more, and is told who did what.
    late = fatma.post(action, {"bilet": token, "because": "x", "seen": seen})
    assert (late.status, "ayse işlem yaptı" in late.text) == (409, True)
    told = ayse.get("/listeler").text
    assert "Listeden çıkarılanlar (1)" in told
    assert NASTY not in told
    assert "Çıkaran" in ayse.get(f"/siradaki/{number}").text
    # It goes on no list, nobody is written to, and the report says so.
    quiet(house)
    house.nightly(NEXT)
    assert house.ask("SELECT * FROM batch_row WHERE case_number=?", number) == []
    (report,) = house.letters()[letters:]
    assert f"{number}: ayse 15.06.2024 gününde listeden çıkardı (Belgesi soruldu." in " ".join(
        body(report).split()
    )
    assert off(fatma, number, "geri", because="Belgesi görüldü.").status == 303
    assert off(fatma, number, "cikar", because="x").status == 303
    assert off(fatma, number, "geri", because="Yeniden görüldü.").status == 303
    quiet(house)
    house.nightly(NEXT + timedelta(days=1))
    assert len(house.ask("SELECT * FROM batch_row WHERE case_number=?", number)) == 1
    # What has gone is past this.
    assert ayse.get(f"/siradaki/{number}").status == 404
    gone = ayse.post(action, {"bilet": ayse.get("/listeler").token("/cikis"), "because": "x"})
    assert gone.status == 403
    quiet(house)
    with house.opened(NEXT + timedelta(days=2)) as shop:
        assert kept_off(shop.ledger) == {}


@pytest.mark.parametrize("number", ["N-00000000", "x", "..%2f..", "G-0000000H"])
def test_only_who_waits_for_a_list_can_be_kept_off(number: str, ayse: Visitor) -> None:
    assert ayse.get(f"/siradaki/{number}").status == 404


# --- by hand, in a real browser --------------------------------------------------------------------


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this system")
def test_a_question_is_answered_by_the_keyboard_alone(house: House, door: Visitor, tmp_path: Path) -> None:
    quiet(house)
    with house.opened(NEXT) as shop, shop.ledger.transaction():
        # As if another one had been drawn.
        shop.ledger.execute("DELETE FROM sample")
        shop.ledger.execute(
            "INSERT INTO sample (id, sha, place, bank, reading, drawn_at) "
            "SELECT 1, sha, 0, 'vakifbank-kurum-odemesi', 'text', ? FROM decision "
            "WHERE json_array_length(body, '$.evidence.receipts')=1",
            NEXT.isoformat(),
        )
    told = receipt(house)
    with a_browser(tmp_path) as browser:
        logged_in(browser, f"http://{door.host}", "fatma")
        browser.open(f"http://{door.host}/ornek")
        for field in ("identity_number", "amount", "paid_on", "reference"):
            browser.ask("Input.insertText", text=told[field])
            browser.key("Enter" if field == "reference" else "Tab")
        browser.until("document.body.textContent.includes('aynısı okunmuştu')")
    assert house.ask("SELECT answer, answered_by FROM sample") == [("right", "fatma")]
