"""A bank's form that nobody has described is begun from a receipt that waits, and bears nobody's data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from html import unescape
from typing import Any

import pytest

from pipeline.commands.cli import run
from pipeline.desk.rendering import desk_words
from pipeline.domain import Receipt
from pipeline.domain.turkish import upper
from pipeline.office.console import DONE
from pipeline.office.opening import policy_of, policy_to_look_by
from pipeline.office.settings import DeskSettings, load_settings
from pipeline.papers.layouts import Layout, read_receipt
from pipeline.papers.new_layout import (
    Invented,
    Said,
    is_paid_to_known,
    known_payees,
    printed_on,
    proposed,
    signs_in,
)
from tests.house import MORNING, House
from tests.letters import list_mail, writes
from tests.mails import PDF, Envelope, at, attached, mail, mixed, plain
from tests.people import Person as Somebody
from tests.people import person
from tests.receipt_material import Print, print_pdf
from tests.test_desk_rules import confirmed
from tests.test_web_desk import Seen, Visitor, desk_of, hidden, known_at, quiet, seat

WHO, NEXT = person("Barış Tunahanlı"), person("Mehmet Şükrü İnanöz")
NASTY = "<script>alert(1)</script>"


def printed(who: Somebody, reference: str) -> Print:
    """A form of a bank that nobody has described."""
    return Print(
        bank="TAŞRA BANKASI",
        title="Kurumsal Tahsilat Belgesi",
        rows=(
            ("TAHSİLAT ÇEŞİDİ", "Kurum Ödemesi"),
            ("TAHSİLATI ALAN", "TÜBİTAK BİLGEM KAMU SM"),
            ("MÜKELLEF T.C. NO", who.identity_number),
            ("MÜKELLEF", upper(who.name)),
            ("ÖDENEN BEDEL", "780,00 TL"),
            ("TAHSİLAT GÜNÜ", "13.06.2024 10:42:07"),
            ("SIRA NUMARASI", reference),
            ("VEZNE", f"Ulus {NASTY}" if who is WHO else "Kızılay"),
        ),
    )


def with_receipt(who: Somebody, reference: str, clock: str) -> bytes:
    pdf = attached(print_pdf(printed(who, reference)), PDF, "dekont.pdf")
    envelope = Envelope(writes(who), "Dekont", at("2024-06-14", clock))
    return mail(envelope, mixed(plain("Dekontum ektedir."), pdf))


FORM = printed(WHO, "2024061300098765")
# What each of them is.
SAID = {
    "TAHSİLAT ÇEŞİDİ": "type", "TAHSİLATI ALAN": "payee", "MÜKELLEF T.C. NO": "identity_number",
    "MÜKELLEF": "debtor", "ÖDENEN BEDEL": "amount", "TAHSİLAT GÜNÜ": "paid_on", "SIRA NUMARASI": "reference",
    "TAŞRA BANKASI": "title", "Kurumsal Tahsilat Belgesi": "heading",
}  # fmt: skip
NAMED = {"stem": "tasra", "name": "Taşra Bankası kurum ödemesi", "bank": "00999", "rail": ""}
FILE = "rules/layouts/tasra.toml"


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    house = lasting_house
    known_at(
        house, zeynep="administrator", ziya="administrator", veli="releaser", ayse="clerk", okur="reader"
    )
    house.deliver_raw(list_mail(WHO, at("2024-06-14", "07:40")))
    house.deliver_raw(with_receipt(WHO, "2024061300098765", "07:50"))
    house.poll()
    house.own_folders()
    return house


@pytest.fixture(scope="module")
def door(house: House) -> Iterator[Visitor]:
    settings, now = load_settings(house.file), (MORNING + timedelta(hours=2)).astimezone(UTC)
    with desk_of(house, DeskSettings(port=0), lambda: policy_to_look_by(settings), lambda: now) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def zeynep(door: Visitor) -> Visitor:
    return seat(door, "zeynep")


@pytest.fixture(scope="module")
def page(house: House) -> str:
    return f"/kurallar/duzen?ileti={held(house)}&kagit=0"


def held(house: House) -> str:
    """The number of the mail with the receipt."""
    ((number,),) = house.ask("SELECT number FROM decision WHERE subject='Dekont'")
    return str(number)


def choices(seen: Seen) -> dict[str, str]:
    """What the form sends where somebody has said what each thing on the page is."""
    told = {}
    for select in seen.text.split('<select name="c')[1:]:
        place, label = select.split('"')[0], unescape(select.split('aria-label="')[1].split('"')[0])
        told[f"c{place}"] = SAID.get(label, "")
    return told


def tried(zeynep: Visitor, page: str, **changes: str) -> Seen:
    seen = zeynep.get(page)
    named = {"ileti": page.split("=")[1].split("&")[0], "kagit": "0", **NAMED, **choices(seen), **changes}
    return zeynep.post("/kurallar/duzen/dene", {"bilet": seen.token("/kurallar/duzen/dene"), **named})


def test_the_page_shows_what_is_printed_and_guesses(house: House, zeynep: Visitor, page: str) -> None:
    number = held(house)
    assert "Bu sayfadan yeni düzen başlat" in zeynep.get(f"/ileti/{number}").text
    seen = zeynep.get(page)
    assert seen.status == 200
    assert NASTY not in seen.text
    for label, value in FORM.rows:
        assert label in unescape(seen.text)
        assert value in unescape(seen.text)


def test_it_is_the_administrators_alone_and_of_no_other_page(
    house: House, door: Visitor, zeynep: Visitor, page: str
) -> None:
    veli, number = seat(door, "veli"), held(house)
    assert "yeni düzen başlat" not in veli.get(f"/ileti/{number}").text
    token = zeynep.get(page).token("/kurallar/duzen/dene")
    assert veli.get(page).status == 403
    for action in ("dene", "yururluk"):
        assert veli.post(f"/kurallar/duzen/{action}", {"bilet": token}).status == 403
        assert zeynep.post(f"/kurallar/duzen/{action}", {"bilet": "", **NAMED}).status == 403
    assert zeynep.post("/kurallar/duzen/yururluk", {"bilet": token, **NAMED}).status == 403
    for where in ("", "?ileti=G-0000000H&kagit=0", f"?ileti={number}&kagit=9", f"?ileti={number}&kagit=x"):
        assert zeynep.get(f"/kurallar/duzen{where}").status == 404


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stem": "../../x"}, "dosya adı küçük harf"),
        ({"stem": "halkbank"}, "dosya adı küçük harf"),
        ({"name": ""}, "Görünen adı"),
        ({"c0": ""}, "Başlık"),
    ],
)
def test_what_is_not_whole_is_refused_and_stays_as_it_was_said(
    changes: Mapping[str, str], told: str, house: House, zeynep: Visitor, page: str
) -> None:
    refused = tried(zeynep, page, **changes)
    assert (refused.status, told in refused.text) == (409, True)
    assert '<option value="amount" selected>' in refused.text
    assert list((house.folder / "own/rules").rglob("*.toml")) == []


def test_a_form_proves_itself_on_its_own_page_and_what_waits_is_accepted(
    house: House, zeynep: Visitor, page: str
) -> None:
    number = held(house)
    preview = tried(zeynep, page)
    assert preview.status == 200, preview.text
    for value in ("780,00", "13.06.2024", "2024061300098765", WHO.identity_number):
        assert value in preview.text
    assert "Belge okundu, ancak ne olduğu kesin anlaşılamadı." in preview.text
    assert list((house.folder / "own/rules").rglob("*.toml")) == []
    done = confirmed(zeynep, preview, "/kurallar/duzen/yururluk", because="Sayfayla karşılaştırıldı.")
    assert (done.status, done.headers["location"]) == (303, f"/ileti/{number}/yeniden")
    assert house.ask("SELECT about, \"by\", because FROM act WHERE kind='rules'") == [
        (FILE, "zeynep", "Sayfayla karşılaştırıldı.")
    ]
    text = (house.folder / "own" / FILE).read_text()
    # Nobody's data stands in the file.
    for secret in (WHO.identity_number, WHO.family_name, WHO.given_name.upper(), "98765", "Ulus", "script"):
        assert secret.casefold() not in text.casefold()
    raw = tomllib.loads(text)
    assert raw["samples"][0]["wants"]["amount"] == "780.00"
    policy = policy_of(load_settings(house.file))
    receipt = read_receipt(
        raw["samples"][0]["text"].splitlines(), "tasra", policy.layouts["tasra"], policy.rails
    )
    assert (receipt.unclear, receipt.doubtful) == ({}, {})
    assert number in zeynep.get("/kurallar/yeniden").text
    # The same name is not taken twice.
    assert tried(zeynep, page).status == 409


def labels(seen: Seen) -> Iterator[tuple[str, str]]:
    """The places of the things on a page, with their labels."""
    for select in seen.text.split('<select name="c')[1:]:
        yield select.split('"')[0], unescape(select.split('aria-label="')[1].split('"')[0])


def test_a_page_that_pays_somebody_unknown_teaches_nothing(house: House, zeynep: Visitor, page: str) -> None:
    put = "/kurallar/duzen/yururluk"
    places = {label: f"c{place}" for place, label in labels(zeynep.get(page))}
    other = {
        places["TAHSİLATI ALAN"]: "",
        places["VEZNE"]: "payee",
        "rail": "KURUM ÖDEMESİ",
        "stem": "kantin",
    }
    (house.folder / "own" / FILE).unlink(missing_ok=True)
    refused = tried(zeynep, page, **other)
    assert (refused.status, NASTY in refused.text) == (409, False)
    assert "tanınan kurumlardan biri değil" in refused.text
    # A form that leaves the preview out is held to the same.
    forced = confirmed(zeynep, tried(zeynep, page, stem="kantin"), put, **other)
    assert (forced.status, "tanınan kurumlardan biri değil" in forced.text) == (409, True)
    assert not (house.folder / "own/rules/layouts/kantin.toml").exists()
    # Where the way of the payment is to be told by its type, it is not: what is read so waits for a person.
    untold = tried(zeynep, page, **{**other, "rail": ""})
    assert (untold.status, "alıcısı tanınan bir kurum değil" in untold.text) == (200, True)
    assert "<strong>0</strong> tanesinde itiraz edilecek bir şey kalmaz" in untold.text


def test_whoever_begins_the_same_form_second_is_told_who_was_first(
    house: House, door: Visitor, zeynep: Visitor, page: str
) -> None:
    ziya, put, file = seat(door, "ziya"), "/kurallar/duzen/yururluk", house.folder / "own" / FILE
    file.unlink(missing_ok=True)
    mine, theirs = tried(zeynep, page), tried(ziya, page)
    for other in ({"bilet": ""}, {"bilet": mine.token(put)}):
        assert confirmed(ziya, theirs, put, **other).status == 403
    assert ziya.post(put, {"bilet": theirs.token(put)}, Origin="http://evil.example").status == 403
    assert confirmed(zeynep, mine, put).status == 303
    text = file.read_text()
    late = confirmed(ziya, theirs, put)
    assert (late.status, "zeynep işlem yaptı" in late.text) == (409, True)
    # The same form does nothing twice.
    again = confirmed(zeynep, mine, put)
    assert (again.status, "ikinci kez işlenmedi" in again.text) == (409, True)
    assert file.read_text() == text


def test_the_mail_it_was_begun_from_is_accepted_for_what_it_says_now(
    house: House, door: Visitor, zeynep: Visitor, page: str
) -> None:
    if not (house.folder / "own" / FILE).exists():
        confirmed(zeynep, tried(zeynep, page), "/kurallar/duzen/yururluk")
    number = held(house)
    where = f"/ileti/{number}/yeniden"
    ayse, veli, act = seat(door, "ayse"), seat(door, "veli"), f"{where}/kabul"
    assert f'href="{where}"' in ayse.get(f"/ileti/{number}").text
    shown = ayse.get(where)
    assert (shown.status, NASTY in shown.text) == (200, False)
    for told in ("780,00", "2024061300098765", WHO.identity_number, "ne olduğu kesin anlaşılamadı"):
        assert told in shown.text
    assert seat(door, "okur").get(where).status == 403
    assert seat(door, "okur").post(act, {"bilet": shown.token(act)}).status == 403
    assert veli.post(act, {"bilet": shown.token(act)}).status == 403
    assert ayse.post(act, {"bilet": shown.token(act)}, Origin="http://evil.example").status == 403
    assert confirmed(ayse, shown, act, because=" ").status == 409
    mine, theirs, changed = ayse.get(where), veli.get(where), ayse.get(where)
    version = hidden(changed, "seen").partition(" ")[2]
    assert confirmed(ayse, changed, act, seen=f"{'0' * 16} {version}").status == 409
    assert house.ask("SELECT state FROM hold") == [("open",)]
    assert confirmed(ayse, mine, act, because="Sayfayla karşılaştırıldı.").status == 303
    late = confirmed(veli, theirs, act)
    assert (late.status, "ayse" in late.text) == (409, True)
    assert house.ask("SELECT state, settled_by, because FROM hold") == [
        ("accepted", "ayse", "Sayfayla karşılaştırıldı.")
    ]
    ((case,),) = house.ask("SELECT case_number FROM entry WHERE event='listed'")
    assert house.ask("SELECT case_number, proof FROM entry WHERE event='paid'") == [
        (case, f"settle/{number}")
    ]
    # The receipt is spent, its sender is told, and the night comes out the same when it is made again.
    assert house.ask("SELECT count(*) FROM spent") == [(1,)]
    assert house.ask("SELECT kind FROM letter ORDER BY id DESC LIMIT 1") == [("settled-accepted",)]
    quiet(house)
    house.nightly()
    assert run(["replay", "--night", "2024-06-14", "--settings", str(house.file)]) == DONE
    assert ayse.get(where).status == 409


def test_nobody_is_paid_and_no_word_unheard_by_a_page_that_waits(house: House) -> None:
    policy = policy_of(load_settings(house.file))
    things = printed_on(["Taşra Bankası", "İşleminiz iptal edilmiştir", "Tahsilatı alan:    TÜBİTAK KANTİN"])
    assert signs_in(things, {0: "title", 1: "sentence"}, policy.rails) == ["İşleminiz iptal edilmiştir"]
    assert signs_in(things, {0: "title", 2: "payee"}, policy.rails) == []
    paid = Receipt(file="x.pdf", digest="", layout="tasra", rail="KURUM ÖDEMESİ", payee="TÜBİTAK KANTİN")
    assert not is_paid_to_known(paid, policy.layouts, policy.rails)
    assert not is_paid_to_known(replace(paid, payee=None), policy.layouts, policy.rails)
    assert is_paid_to_known(replace(paid, payee="TÜBİTAK BİLGEM Kamu SM"), policy.layouts, policy.rails)
    assert is_paid_to_known(replace(paid, payee=None, rail="FAST"), policy.layouts, policy.rails)


def test_a_transfer_makes_its_payee_no_payee_of_bills_and_no_part_of_a_sign_is_unheard(house: House) -> None:
    policy = policy_of(load_settings(house.file))
    lines = ["Taşra Bankası", "İşlem Türü:   HAVALE", "Alıcı:   TÜBİTAK KANTİN", "Tutar:   780,00 TL"]
    things = printed_on(lines)
    said = {0: "title", 1: "type", 2: "payee", 3: "amount"}
    whose = Invented(**desk_words()["invented"])
    told = Said("Taşra", "0", "", said, whose, known_payees(policy.layouts))
    text = tomllib.loads(proposed(lines, things, told, policy.rails))
    layout = Layout.model_validate({**text, "samples": ()})
    bill = [line.replace("HAVALE", "Fatura Tahsilatı") for line in lines]
    read = read_receipt(bill, "", layout, policy.rails)
    assert (read.rail, layout.payees, layout.payee_words) == (None, (), ())
    for part in ("Bilgi:", "amaçlıdır", "Gelen"):
        assert signs_in(printed_on([part]), {0: "sentence"}, policy.rails) == [part]
    assert signs_in(printed_on(["---"]), {0: "sentence"}, policy.rails) == []


class InJune(datetime):
    """A clock of the day on which the mails come."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime(2024, 6, 14, 12, tzinfo=UTC).astimezone(tz)


def test_the_next_receipt_of_that_bank_is_read_and_accepted(
    house: House, zeynep: Visitor, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (house.folder / "own" / FILE).exists():
        confirmed(zeynep, tried(zeynep, page), "/kurallar/duzen/yururluk")
    house.deliver_raw(list_mail(NEXT, at("2024-06-14", "08:10")))
    house.deliver_raw(with_receipt(NEXT, "2024061300012399", "08:20"))
    monkeypatch.setattr("pipeline.office.opening.datetime", InJune)
    quiet(house)
    assert run(["poll", "--settings", str(house.file)]) == DONE
    assert house.ask("SELECT outcome FROM decision WHERE sender=?", NEXT.work_email) == [("accepted",)] * 2
