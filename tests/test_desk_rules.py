"""Prices and texts are changed at the desk: shown first, proved, put in force by a name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html import unescape

import pytest

from pipeline.desk.rendering import desk_words
from pipeline.desk.rules_page import files_of_rules, texts_of
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import sentence
from pipeline.office.opening import policy_of, policy_to_look_by
from pipeline.office.settings import DeskSettings, load_settings
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import load_policy
from pipeline.review.changing import Change, tried
from pipeline.review.invented_office import OFFICE
from tests.house import House
from tests.test_web_desk import Seen, Visitor, desk_of, hidden, known_at, seat

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
TARIFF, REPLY = "rules/receipt/amount.toml", "reports/replies/held.txt"
UNPRICED = "held/unknown-tariff-period"
NASTY = '</textarea><script>alert(1)</script>"><img src=x>'


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    house = lasting_house
    known_at(
        house, zeynep="administrator", ziya="administrator", veli="releaser", ayse="clerk", okur="reader"
    )
    house.morning = NOW
    house.deliver(f"{UNPRICED}/1-list", f"{UNPRICED}/2-receipt")
    house.poll(NOW)
    house.own_folders()
    return house


@pytest.fixture(scope="module")
def door(house: House) -> Iterator[Visitor]:
    settings = load_settings(house.file)
    with desk_of(house, DeskSettings(port=0), lambda: policy_to_look_by(settings), lambda: NOW) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def zeynep(door: Visitor) -> Visitor:
    return seat(door, "zeynep")


def own_text(house: House, path: str) -> str | None:
    file = house.folder / "own" / path
    return file.read_text() if file.exists() else None


def acts(house: House) -> list[tuple[object, ...]]:
    return house.ask("SELECT kind, about, \"by\", because FROM act WHERE kind='rules' ORDER BY id")


def shown(visitor: Visitor, page: str, action: str, **fields: str) -> Seen:
    return visitor.post(action, {"bilet": visitor.get(page).token(action), **fields})


def confirmed(visitor: Visitor, preview: Seen, action: str, **fields: str) -> Seen:
    """Sends the form of a preview as it stands, but for some fields."""
    form = preview.text.split(f'action="{action}"')[1].split("</form>")[0]
    found = {name: value for name, value in _fields(form) if name != "bilet"}
    return visitor.post(action, {**found, "bilet": preview.token(action), **fields})


def _fields(form: str) -> Iterator[tuple[str, str]]:
    for part in form.split("<input ")[1:]:
        told = part.partition(">")[0]
        yield told.split('name="')[1].split('"')[0], unescape(told.split('value="')[1].rpartition('"')[0])


def price(house: House) -> dict[str, str]:
    """The price at which the receipt that waits would be right."""
    ((paid_on, amount),) = house.ask(
        "SELECT DISTINCT json_extract(r.value, '$.paid_on'), json_extract(r.value, '$.amount') "
        "FROM decision d, json_each(d.body, '$.evidence.receipts') r"
    )
    turkish = str(amount).replace(".", ",")
    return {
        "first": f"01.01.{str(paid_on)[:4]}",
        "nes": turkish,
        "reader": "9.000,00",
        "last": "",
        "grace": "7",
    }


# --- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["veli", "ayse", "okur"])
def test_rules_are_the_administrators_alone(door: Visitor, zeynep: Visitor, house: House, name: str) -> None:
    other = seat(door, name)
    assert "/kurallar" not in other.get("/bekleyenler").text
    for path in ("/kurallar", "/kurallar/metin?ad=replies/held", "/kurallar/yeniden"):
        assert other.get(path).status == 403
    token = zeynep.get("/kurallar").token("/kurallar/tarife")
    for action in ("tarife", "tarife/yururluk", "metin/dene", "metin/yururluk", "yeniden/kabul"):
        refused = other.post(f"/kurallar/{action}", {"bilet": token, **price(house), "because": "x"})
        assert (refused.status, "yetkiniz yok" in refused.text) == (403, True)
    assert acts(house) == []


def test_no_form_is_taken_from_elsewhere_or_of_another_page(house: House, zeynep: Visitor) -> None:
    page = zeynep.get("/kurallar")
    typed = {**price(house), "because": "x", "seen": "x x"}
    for action in ("tarife/yururluk", "metin/yururluk", "yeniden/kabul"):
        for token in ("", "x.y", page.token("/kurallar/tarife")):
            assert zeynep.post(f"/kurallar/{action}", {**typed, "bilet": token}).status == 403
        assert zeynep.post(f"/kurallar/{action}", typed, Origin="http://evil.example").status == 403
    assert (acts(house), own_text(house, TARIFF)) == ([], None)


# --- texts -----------------------------------------------------------------------------------------


def test_every_text_has_a_name_that_a_clerk_understands() -> None:
    policy, names = load_policy(RULES, REPORTS, OFFICE), desk_words()["texts"]
    assert set(texts_of(policy)) - set(names) == set()
    assert {n for n in files_of_rules(policy) if not {n, f"replies/{n}"} & set(names)} == set()


def test_a_text_is_shown_in_every_case_before_it_is_put_in_force(house: House, zeynep: Visitor) -> None:
    page = zeynep.get("/kurallar/metin?ad=replies/held")
    text = (REPORTS / "replies/held.txt").read_text()
    assert unescape(page.text.split("<textarea")[1].split(">\n", 1)[1].split("</textarea>")[0]) == text
    changed = text.rstrip("\n") + f"\n\nBirimimiz {NASTY} arar.\n"
    preview = shown(
        zeynep, "/kurallar/metin?ad=replies/held", "/kurallar/metin/dene",
        ad="replies/held", metin=changed.replace("\n", "\r\n"),
    )  # fmt: skip
    assert preview.status == 200
    assert NASTY not in preview.text
    assert preview.text.count("Birimimiz &lt;/textarea&gt;") > 5
    assert (own_text(house, REPLY), acts(house)) == (None, [])
    done = confirmed(zeynep, preview, "/kurallar/metin/yururluk", because="Daha açık.")
    assert (done.status, done.headers["location"]) == (303, "/kurallar")
    assert own_text(house, REPLY) == changed
    assert acts(house)[-1] == ("rules", REPLY, "zeynep", "Daha açık.")
    assert "Birimimiz" in policy_of(load_settings(house.file)).files[REPLY].decode()
    index = zeynep.get("/kurallar").text
    assert "kurumun</span>" in index
    assert NASTY not in zeynep.get("/kurallar/metin?ad=replies/held").text
    # It was shown on what stands there no more.
    late = confirmed(zeynep, preview, "/kurallar/metin/yururluk", bilet=zeynep_token(zeynep, changed))
    assert (late.status, "zeynep işlem yaptı" in late.text) == (409, True)


def zeynep_token(visitor: Visitor, text: str) -> str:
    again = shown(
        visitor, "/kurallar/metin?ad=replies/held", "/kurallar/metin/dene",
        ad="replies/held", metin=text + "\nBir satır daha.\n",
    )  # fmt: skip
    return again.token("/kurallar/metin/yururluk")


def test_the_programs_own_text_comes_back(house: House, zeynep: Visitor) -> None:
    own = house.folder / "own" / REPLY
    if not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text((REPORTS / "replies/held.txt").read_text() + "\nBaşka.\n")
    preview = shown(
        zeynep, "/kurallar/metin?ad=replies/held", "/kurallar/metin/dene", ad="replies/held", geri="1"
    )
    assert "Programın kendi metnine dönülür" in preview.text
    assert confirmed(zeynep, preview, "/kurallar/metin/yururluk").status == 303
    assert own_text(house, REPLY) is None
    # There is nothing more to go back from.
    assert shown(
        zeynep, "/kurallar/metin?ad=replies/held", "/kurallar/metin/dene", ad="replies/held", geri="1"
    ).status == 404  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [("{{ unheard_of }}", "unheard_of"), ("{{ ''.__class__.__mro__ }}", "reports/replies/held.txt")],
)
def test_a_text_that_does_not_prove_itself_is_refused_in_words_and_kept(
    words: str, told: str, house: House, zeynep: Visitor
) -> None:
    changed = (REPORTS / "replies/held.txt").read_text() + words + NASTY
    fields = {"ad": "replies/held", "metin": changed}
    refused = shown(zeynep, "/kurallar/metin?ad=replies/held", "/kurallar/metin/dene", **fields)
    assert (refused.status, "Yürürlüğe konamaz" in refused.text, told in refused.text) == (409, True, True)
    assert NASTY not in refused.text
    assert words in unescape(refused.text)
    assert own_text(house, REPLY) is None


def test_what_was_not_shown_is_proved_all_the_same(house: House, zeynep: Visitor) -> None:
    page, name = "/kurallar/metin?ad=replies/held", "replies/held"
    text = (REPORTS / "replies/held.txt").read_text() + "\nBir satır.\n"
    good = shown(zeynep, page, "/kurallar/metin/dene", ad=name, metin=text)
    two = f"{good.token('/kurallar/metin/yururluk')} {good.token('/kurallar/metin/duzenle')}"
    back = zeynep.post("/kurallar/metin/duzenle", {"bilet": two, "ad": name, "metin": text})
    assert (back.status, "Bir satır." in back.text) == (200, True)
    forced = confirmed(zeynep, good, "/kurallar/metin/yururluk", metin=text + "{{ unheard_of }}")
    assert (forced.status, "unheard_of" in forced.text) == (409, True)
    assert own_text(house, REPLY) is None


@pytest.mark.parametrize(
    "name",
    [
        *("", "terminal", "replies/../../x", "replies/unheard", "/etc/passwd", "replies/held.txt"),
        *("topics/../receipt/amount", "receipt/amount", "topics/unheard", "reminders/", "calendar.toml"),
    ],
)
def test_no_name_leads_to_another_file(name: str, zeynep: Visitor) -> None:
    assert zeynep.get(f"/kurallar/metin?ad={name}").status == 404
    fields = {"ad": name, "metin": "Konu: x\n\nx\n"}
    assert shown(zeynep, "/kurallar/metin?ad=replies/held", "/kurallar/metin/dene", **fields).status == 404


# --- files of the rules ----------------------------------------------------------------------------

TOPIC, CALENDAR = "rules/topics/thanks.toml", "rules/calendar.toml"
THANKS, TRY, PUT = "/kurallar/metin?ad=topics/thanks", "/kurallar/metin/dene", "/kurallar/metin/yururluk"


def test_a_topics_words_are_rehearsed_before_they_are_put_in_force(house: House, zeynep: Visitor) -> None:
    assert 'href="/kurallar/metin?ad=topics/thanks"' in zeynep.get("/kurallar").text
    text = unescape(zeynep.get(THANKS).text.split("<textarea")[1].split(">\n", 1)[1].split("</textarea>")[0])
    assert text == (RULES / "topics/thanks.toml").read_text()
    changed = text + f"# {NASTY}\n"
    preview = shown(zeynep, THANKS, TRY, ad="topics/thanks", metin=changed.replace("\n", "\r\n"))
    assert (preview.status, NASTY in preview.text) == (200, False)
    # Both mails of the office were judged by either, and nothing would be another thing.
    assert "<strong>2</strong> iletisi" in preview.text
    assert "Hiçbirinin sonucu ya da nedeni değişmez." in preview.text
    assert f"+# {NASTY}" in unescape(preview.text)
    assert own_text(house, TOPIC) is None
    done = confirmed(zeynep, preview, PUT, because="Açıklama eklendi.")
    assert (done.status, own_text(house, TOPIC)) == (303, changed)
    assert acts(house)[-1] == ("rules", TOPIC, "zeynep", "Açıklama eklendi.")
    # It was shown on what stands there no more.
    other = shown(zeynep, THANKS, TRY, ad="topics/thanks", metin=text)
    late = confirmed(zeynep, preview, PUT, bilet=other.token(PUT))
    assert (late.status, "zeynep işlem yaptı" in late.text) == (409, True)


def test_the_version_before_is_kept_and_comes_back(house: House, zeynep: Visitor) -> None:
    text = (RULES / "topics/thanks.toml").read_text()
    for line in ("# bir\n", "# iki\n"):
        preview = shown(zeynep, THANKS, TRY, ad="topics/thanks", metin=text + line)
        assert confirmed(zeynep, preview, PUT, because="x").status == 303
    ((version,),) = house.ask("SELECT max(id) FROM act WHERE kind='rules'")
    assert f'name="surum" value="{version}"' in zeynep.get(THANKS).text
    back = shown(zeynep, THANKS, TRY, ad="topics/thanks", surum=str(version))
    assert "-# iki" in back.text
    assert "+# bir" in back.text
    assert confirmed(zeynep, back, PUT, because="x").status == 303
    assert own_text(house, TOPIC) == text + "# bir\n"
    # A version of another file, or none, is not had here.
    for other in (str(version), "0", "x"):
        assert shown(zeynep, THANKS, TRY, ad="topics/renewal", surum=other).status == 404


def test_a_file_that_does_not_prove_itself_is_refused_in_words(house: House, zeynep: Visitor) -> None:
    page, path = "/kurallar/metin?ad=topics/renewal", "topics/renewal.toml"
    for changed in ("words = [", (RULES / path).read_text().replace("matches = [", 'matches = ["Selam",')):
        refused = shown(zeynep, page, TRY, ad="topics/renewal", metin=changed)
        assert (refused.status, "Yürürlüğe konamaz" in refused.text, path in refused.text) == (
            409,
            True,
            True,
        )
    assert own_text(house, f"rules/{path}") is None


def test_a_day_is_added_to_the_calendar_by_a_form(house: House, zeynep: Visitor) -> None:
    page, why = "/kurallar/metin?ad=calendar", f'"Köprü" {NASTY}'

    def tried(gun: str, hal: str = "closed", dayanak: str = why) -> Seen:
        return shown(zeynep, page, TRY, ad="calendar", gun=gun, hal=hal, dayanak=dayanak)

    for day, told in (("31.02.2026", "31.02.2026 diye bir gün yok"), ("08.04.2024", "günü iki kez")):
        refused = tried(day)
        assert (refused.status, told in refused.text, NASTY in refused.text) == (409, True, False)
    assert tried("22.05.2026", "x").status == 404
    assert tried("22.05.2026", dayanak=" ").status == 404
    preview = tried("22.05.2026")
    assert "+day = 2026-05-22" in preview.text
    assert NASTY not in preview.text
    assert confirmed(zeynep, preview, PUT, because="İlan edildi.").status == 303
    text = own_text(house, CALENDAR)
    assert text
    assert tomllib.loads(text)["days"][-1] == {"day": date(2026, 5, 22), "is": "closed", "because": why}


# --- prices ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"nes": "1.450"}, "nes = 1.450"),
        ({"first": "30.02.2026"}, "30.02.2026 diye bir gün yok"),
        ({"last": "01.01.2020"}, "until (01.01.2020)"),
        ({"grace": "bin"}, "grace_days = bin"),
        ({"reader": NASTY}, "reader = "),
    ],
)
def test_a_price_that_is_not_sure_is_refused_and_what_was_typed_stays(
    change: dict[str, str], told: str, house: House, zeynep: Visitor
) -> None:
    typed = {**price(house), **change}
    refused = shown(zeynep, "/kurallar", "/kurallar/tarife", **typed)
    assert (refused.status, told in refused.text) == (409, True)
    assert NASTY not in refused.text
    assert hidden(refused, "reader") == typed["reader"]
    assert own_text(house, TARIFF) is None


def test_a_price_shows_what_it_changes_and_is_put_in_force_by_a_name(
    house: House, door: Visitor, zeynep: Visitor
) -> None:
    ((number,),) = house.ask("SELECT number FROM decision JOIN hold USING (sha) WHERE state='open'")
    ziya, put = seat(door, "ziya"), "/kurallar/tarife/yururluk"
    preview, theirs = (shown(who, "/kurallar", "/kurallar/tarife", **price(house)) for who in (zeynep, ziya))
    assert "<b>1</b> bekleyen iletinin dekontu ya da listesi bu fiyatlarla kabul edilir" in preview.text
    assert str(number) in preview.text
    assert own_text(house, TARIFF) is None
    done = confirmed(zeynep, preview, "/kurallar/tarife/yururluk", because="Yeni liste.")
    assert (done.status, done.headers["location"]) == (303, "/kurallar/yeniden")
    text = own_text(house, TARIFF)
    assert text
    assert [
        line for line in (RULES / "receipt/amount.toml").read_text().splitlines() if line not in text
    ] == []
    assert acts(house)[-1] == ("rules", TARIFF, "zeynep", "Yeni liste.")
    # Whoever saw the same and comes second is told who was first, and nothing is written twice.
    late = confirmed(ziya, theirs, put)
    assert (late.status, "zeynep işlem yaptı" in late.text, own_text(house, TARIFF)) == (409, True, text)
    # Nothing was accepted by itself; it is by a word of its own, on what was shown.
    page = zeynep.get("/kurallar/yeniden")
    assert str(number) in page.text
    action = "/kurallar/yeniden/kabul"
    assert confirmed(zeynep, page, action, seen="0" * 16).status == 409
    assert house.ask("SELECT count(*) FROM hold WHERE state='open'") == [(1,)]
    page = zeynep.get("/kurallar/yeniden")
    assert confirmed(zeynep, page, action, because=" ").status == 409
    page = zeynep.get("/kurallar/yeniden")
    assert confirmed(zeynep, page, action, because="Yeni fiyat.").status == 303
    assert house.ask("SELECT state, settled_by, because FROM hold") == [("accepted", "zeynep", "Yeni fiyat.")]


def test_an_office_without_a_folder_of_its_own_is_told_what_to_set(house: House) -> None:
    bare = load_settings(house.file).model_copy(update={"own_rules": None, "own_reports": None})
    with pytest.raises(OperatorFault) as refused:
        tried(bare, Change(TARIFF, "x", ""))
    assert "own_rules" in sentence(refused.value)
    with pytest.raises(OperatorFault):
        tried(load_settings(house.file), Change("rules/../../x.toml", "x", ""))
