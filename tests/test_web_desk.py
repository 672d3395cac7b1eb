"""The desk in a browser: a real server on real sockets, strangers before its door, clerks behind it."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn
from click.testing import CliRunner

from pipeline.commands.cli import commands
from pipeline.desk.app import Desk
from pipeline.desk.counter import Counter
from pipeline.desk.door import listening
from pipeline.desk.doors import DOORS
from pipeline.desk.people import People, Person, Power, Role
from pipeline.desk.proofs import code_at, hashed, is_password, step_of
from pipeline.desk.sessions import IDLE, LONGEST, Attempts, Sessions
from pipeline.domain import LetterState
from pipeline.ledger.home import Home
from pipeline.office.settings import DeskSettings, load_settings
from pipeline.policy.places import RULES
from pipeline.policy.policy import Policy
from tests.browser import CHROMIUM, Browser, a_browser
from tests.house import COMMAND, House, policy_of
from tests.legible import wrong_on
from tests.letters import list_mail, list_of
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import person

PASSWORD = "uzun bir parola"
# One kind of hash is made once: it is slow by design.
HASHED = hashed(PASSWORD)
PEOPLE = {"ayse": Role.CLERK, "fatma": Role.CLERK, "veli": Role.RELEASER, "zeynep": Role.ADMINISTRATOR}
PEOPLE |= {"okur": Role.READER}
HELD = (
    "held/two-held-rows",
    "held/foreigner-99",
    "held/receipt-before-list",
    "held/no-attachment-question",
)
NASTY = "</title><script>alert(1)</script><img src=x onerror=alert(2)>"


def nasty_mail() -> bytes:
    """A foreigner's list with markup in everything that its sender writes."""
    who = person("Noura Haddadi")
    form = list_of(who, workplace=NASTY, note=NASTY, kind_note=NASTY)
    sender = Sender(NASTY, who.work_email)
    return mail(
        Envelope(sender, NASTY, at("2024-06-14", "07:30")),
        mixed(plain(NASTY), attached(form, XLS, f"{NASTY}.xls")),
    )


@dataclass
class Seen:
    """One answer of the desk."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.body.decode()

    def token(self, action: str) -> str:
        """The token of the form on this page that is sent there."""
        form = re.search(rf'action="{re.escape(action)}".*?name="bilet" value="([^"]+)"', self.text, re.S)
        assert form, action
        return unescape(form[1])


@dataclass
class Visitor:
    """Somebody with a browser's habits: a cookie that is kept, an Origin with every form."""

    place: int | Path
    host: str
    cookie: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Seen:
        connection = http.client.HTTPConnection("127.0.0.1", self.place if isinstance(self.place, int) else 1)
        if isinstance(self.place, Path):
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.connect(str(self.place))
        told = {"Host": self.host, **self.headers}
        told |= {"Cookie": self.cookie} if self.cookie else {}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body or None, {k: v for k, v in told.items() if v})
            answer = connection.getresponse()
            seen = Seen(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()
        if "set-cookie" in seen.headers:
            self.cookie = seen.headers["set-cookie"].partition(";")[0]
        return seen

    def get(self, path: str, **headers: str) -> Seen:
        return self.ask("GET", path, **headers)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Seen:
        kind = "application/x-www-form-urlencoded"
        told = {"Origin": f"http://{self.host}", "Content_Type": kind, **headers}
        return self.ask("POST", path, urlencode(fields).encode(), **told)

    def log_in(self, name: str, password: str = PASSWORD, code: str = "") -> Seen:
        return self.post("/giris", {"name": name, "password": password, "code": code})


@contextmanager
def desk_of(
    house: House,
    where: DeskSettings,
    load: Callable[[], Policy] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Visitor]:
    """Serves the desk of a house on a thread of its own, at a real door."""
    settings = load_settings(house.file)
    counter = Counter(
        settings,
        load or (lambda: policy_of(settings.rules, settings.reports, settings.office)),
        house.readers,
        clock,
    )
    with listening(where) as (door, addresses):
        app: Any = Desk(counter, DOORS, addresses, where.user_header or "").app()
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            place = where.socket or door.getsockname()[1]
            yield Visitor(place, addresses[0].removeprefix("http://"))
        finally:
            server.should_exit = True
            thread.join()


def known_at(house: House, **roles: str) -> None:
    """Gives people of these names and roles a log-in, all with the one password."""
    people = People(Home(house.home))
    for name, role in roles.items():
        people.put(Person(name, Role(role), HASHED))


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    known_at(lasting_house, **PEOPLE)
    lasting_house.deliver(*HELD)
    lasting_house.deliver_raw(nasty_mail())
    lasting_house.deliver_raw(list_mail(person("Barış Tunahanlı"), at("2024-06-14", "07:40")))
    lasting_house.more = '[batch]\nto = "it_unit"\n'
    lasting_house.write()
    lasting_house.poll()
    lasting_house.nightly()
    return lasting_house


@pytest.fixture(scope="module")
def door(house: House) -> Iterator[Visitor]:
    with desk_of(house, DeskSettings(port=0)) as visitor:
        yield visitor


@pytest.fixture
def stranger(door: Visitor) -> Visitor:
    return Visitor(door.place, door.host)


def seat(door: Visitor, name: str) -> Visitor:
    visitor = Visitor(door.place, door.host)
    assert visitor.log_in(name).status == 303
    return visitor


@pytest.fixture(scope="module")
def ayse(door: Visitor) -> Visitor:
    return seat(door, "ayse")


def audit(house: House) -> list[tuple[object, ...]]:
    return house.ask("SELECT event, about FROM audit ORDER BY seq")


def until(done: Any, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def looked(house: House, visitor: Visitor, who: str, about: str) -> None:
    """Waits until the audit log says so; what was looked at goes there with the next look, or act."""

    def is_told() -> bool:
        visitor.get("/bul")
        return (f"looked by {who}", about) in audit(house)

    until(is_told)


def quiet(house: House) -> None:
    """Waits until nobody carries what was looked at into the audit log: then nobody holds the home."""
    until(lambda: not (house.home / "desk-looks.carried").exists())
    with Home(house.home).lock(patience=240):
        pass


# --- who one is ------------------------------------------------------------------------------------


def test_a_password_is_kept_as_what_it_cannot_be_told_from() -> None:
    assert PASSWORD not in HASHED
    assert is_password(PASSWORD, HASHED)
    assert not is_password(PASSWORD + " ", HASHED)
    # Who has none has no password, the empty one included.
    assert not is_password("", "")


def test_a_code_is_good_for_its_own_minute_and_once() -> None:
    secret, now = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", datetime(2024, 6, 14, 9, tzinfo=UTC)
    step = int(now.timestamp()) // 30
    assert step_of(secret, code_at(secret, step), now) == step
    assert step_of(secret, code_at(secret, step - 1), now) == step - 1
    assert step_of(secret, code_at(secret, step - 2), now) is None
    assert step_of(secret, "", now) is None
    attempts = Attempts()
    assert attempts.is_fresh("ayse", step)
    assert not attempts.is_fresh("ayse", step)
    assert not attempts.is_fresh("ayse", step - 1)


def test_a_session_ends_when_it_is_left_alone_and_when_it_has_lasted() -> None:
    sessions, now = Sessions(), datetime(2024, 6, 14, 9, tzinfo=UTC)
    left = sessions.begin("ayse", now)
    assert sessions.find(left, now + IDLE)
    assert sessions.find(left, now + IDLE + IDLE + timedelta(seconds=1)) is None
    busy, at = sessions.begin("fatma", now), now
    while at - now <= LONGEST:
        assert sessions.find(busy, at)
        at += IDLE
    assert sessions.find(busy, at) is None


def test_so_many_wrong_tries_and_nobody_is_heard() -> None:
    attempts, now = Attempts(), datetime(2024, 6, 14, 9, tzinfo=UTC)
    for name in ("ayse", *(f"n{i}" for i in range(55))):
        for _ in range(5 if name == "ayse" else 1):
            assert attempts.is_heard(name, now)
            attempts.failed(name, now)
        assert attempts.is_heard(name, now) == (name != "ayse" and name != "n54")
    assert not attempts.is_heard("fatma", now)
    assert attempts.is_heard("ayse", now + timedelta(minutes=16))


def test_every_act_asks_for_more_than_a_look() -> None:
    powers = {entry.path: entry.power for entry in DOORS if entry.is_act and not entry.is_repeatable}
    assert {path for path, power in powers.items() if power is Power.LOOK} == set()
    assert {path.rpartition("/")[2] for path, power in powers.items() if power is Power.RELEASE} == {
        *("onay", "akibet", "surdur"),
    }


def test_every_role_may_what_is_written_and_no_more() -> None:
    may = {role: {p.value for p in Power if Person("x", role).may(p)} for role in Role}
    assert may == {
        Role.READER: {"look"},
        Role.CLERK: {"look", "decide"},
        Role.RELEASER: {"look", "decide", "release", "trail"},
        Role.ADMINISTRATOR: {"look", "decide", "release", "trail", "rules"},
    }


def test_people_are_added_listed_and_removed_by_command(house: House) -> None:
    def told(*words: str, typed: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(
            commands, ["desk", "--settings", str(house.file), "user", *words], input=typed
        )
        fault = getattr(done.exception, "name", "")
        return done.exit_code, done.output + str(fault)

    assert "desk_name" in told("add", "Ayşe Kaya", "clerk")[1]
    assert "desk_password_short" in told("add", "yeni", "clerk", typed="kisa\nkisa\n")[1]
    assert "desk_passwords_differ" in told("add", "yeni", "clerk", typed=f"{PASSWORD}\n{PASSWORD}x\n")[1]
    code, output = told("add", "yeni", "clerk", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (code, PASSWORD in output) == (0, False)
    secret = output.split()[-1]
    kept = (house.home / "desk-people.json").stat()
    assert kept.st_mode & 0o077 == 0
    assert re.search(r"yeni +clerk", told("list")[1])
    person = People(Home(house.home)).named("yeni")
    assert person
    assert person.second == secret
    assert told("remove", "yeni")[0] == 0
    assert "desk_nobody_so_called" in told("remove", "yeni")[1]
    assert audit(house)[-2:] == [("desk user added as clerk", "yeni"), ("desk user removed", "yeni")]


# --- before the door -------------------------------------------------------------------------------


def test_nobody_sees_anything_without_a_log_in(stranger: Visitor) -> None:
    for entry in DOORS:
        path = re.sub(r"\{\w+(:\w+)?\}", "1", entry.path)
        seen = stranger.post(path, {}) if entry.is_act else stranger.get(path)
        if entry.is_act:
            # Whoever sent a form is told that it was not done.
            assert (seen.status, "Oturumunuz kapanmış" in seen.text) == (403, True), entry.path
        else:
            assert (seen.status, seen.headers["location"]) == (303, "/giris"), entry.path
    stranger.cookie = "nes=" + "A" * 43
    assert stranger.get("/bugun").status == 303


def test_what_is_said_of_a_wrong_log_in_tells_nothing(stranger: Visitor) -> None:
    wrong = [stranger.log_in(*words) for words in (("ayse", "yanlis"), ("kimse", PASSWORD), ("../x", ""))]
    assert {(seen.status, seen.text) for seen in wrong} == {(403, wrong[0].text)}
    assert "set-cookie" not in wrong[0].headers


def test_with_a_second_factor_the_password_alone_is_not_enough(house: House, stranger: Visitor) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    people = People(Home(house.home))
    people.put(Person("iki.kat", Role.CLERK, HASHED, secret))
    assert stranger.log_in("iki.kat").status == 403
    code = code_at(secret, int(time.time()) // 30)
    assert stranger.log_in("iki.kat", code=code).status == 303
    # Overheard, it is of no use.
    assert Visitor(stranger.place, stranger.host).log_in("iki.kat", code=code).status == 403
    people.remove("iki.kat")
    # ... and a session ends with its person.
    assert stranger.get("/bugun").status == 303


def test_a_new_password_or_role_counts_for_who_sits_there_already(house: House, door: Visitor) -> None:
    people = People(Home(house.home))
    people.put(Person("gonul", Role.RELEASER, HASHED))
    gonul = seat(door, "gonul")
    assert gonul.get("/iz").status == 200
    people.put(Person("gonul", Role.CLERK, HASHED))
    assert (gonul.get("/iz").status, gonul.get("/bugun").status) == (403, 200)
    # Somebody else may have the cookie: that is why the password is a new one.
    people.put(Person("gonul", Role.CLERK, hashed("baska bir parola")))
    assert gonul.get("/bugun").status == 303
    assert gonul.log_in("gonul", "baska bir parola").status == 303
    assert gonul.get("/bugun").status == 200
    people.remove("gonul")


def test_every_answer_is_closed_to_what_is_not_ours(stranger: Visitor, ayse: Visitor) -> None:
    for seen in (
        stranger.get("/giris"),
        ayse.get("/bugun"),
        ayse.get("/yok"),
        stranger.post("/giris", {}, Origin=""),
    ):
        policy = seen.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert seen.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|https?://", seen.text)
    cookie = stranger.log_in("okur").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))


def test_over_tls_the_cookie_never_goes_without_it(house: House) -> None:
    with desk_of(house, DeskSettings(port=0, address="https://nes.example.org")) as visitor:
        seen = visitor.post("/giris", {"name": "okur", "password": PASSWORD}, Origin="https://nes.example.org",
                            Host="nes.example.org")  # fmt: skip
        assert seen.headers["set-cookie"].startswith("__Host-nes=")
        assert "Secure" in seen.headers["set-cookie"]


def test_another_name_for_this_machine_is_not_answered(stranger: Visitor) -> None:
    assert stranger.get("/giris", Host="nes.invalid").status == 421
    assert stranger.get("/giris", Host="localhost").status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://kotu.invalid"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_comes_from_our_own_pages_alone(ayse: Visitor, headers: Mapping[str, str]) -> None:
    token = ayse.get("/bugun").token("/cikis")
    assert ayse.post("/cikis", {"bilet": token}, **headers).status == 403
    assert ayse.get("/bugun").status == 200


def test_no_method_and_no_body_beyond_what_is_needed(ayse: Visitor, stranger: Visitor) -> None:
    for method in ("PUT", "DELETE", "TRACE", "OPTIONS"):
        assert ayse.ask(method, "/bugun").status == 405
    assert stranger.post("/giris", {"name": "a" * 2_000_000}).status == 400
    assert stranger.post("/giris", {str(n): "" for n in range(400)}).status == 400
    file = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + bytes(13_000_000)
    sent = {"Origin": f"http://{ayse.host}", "Content_Type": "multipart/form-data; boundary=x"}
    assert stranger.ask("POST", "/giris", file, **sent).status == 413


@pytest.mark.parametrize(
    "path",
    [
        "/../settings.toml",
        "/desk.css/../../app.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/pages/taban.html",
        "//bugun",
    ],
)
def test_no_path_leads_out_of_the_desk(ayse: Visitor, path: str) -> None:
    assert ayse.get(path).status == 404


# --- one mail ------------------------------------------------------------------------------------


def number_of(house: House, sender: str) -> str:
    ((number,),) = house.ask("SELECT number FROM decision WHERE sender LIKE ?", f"{sender}%")
    return str(number)


def hidden(page: Seen, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, name
    return unescape(found[1])


def said(visitor: Visitor, number: str, claim: int, verb: str, **more: str) -> Seen:
    """Opens a mail and sends a form about one claim of it, as its page has it."""
    page = visitor.get(f"/ileti/{number}")
    action = f"/ileti/{number}/karar"
    fields = {"claim": str(claim), "verb": verb, "seen": hidden(page, "seen"), "because": "Görüldü."}
    return visitor.post(action, {"bilet": page.token(action), **fields, **more})


def test_what_a_stranger_writes_is_text_on_every_page(house: House, ayse: Visitor) -> None:
    number = number_of(house, "noura.haddadi")
    page = ayse.get(f"/ileti/{number}")
    assert page.text.count("&lt;script&gt;") >= 4
    for seen in (page, ayse.get("/bekleyenler")):
        assert "<script>" not in seen.text
        assert "<img src=x" not in seen.text


def test_a_mail_is_shown_with_its_values_and_pages_drawn_by_us(house: House, ayse: Visitor) -> None:
    who = person("Övünç Sarıçamlı")
    number = number_of(house, "ovunc.saricamli")
    page = ayse.get(f"/ileti/{number}")
    assert who.identity_number in page.text
    assert "780,00 TL" in page.text
    pictures = re.findall(rf'src="(/ileti/{number}/[^"]+\.png)"', page.text)
    assert {path.split("/")[3] for path in pictures} == {"kagit", "yer"}
    for path in pictures[:1] + pictures[-1:]:
        seen = ayse.get(path)
        assert (seen.status, seen.headers["content-type"]) == (200, "image/png")
        assert seen.body.startswith(b"\x89PNG")
    for path in (f"/ileti/{number}/kagit/7/1.png", f"/ileti/{number}/yer/0/99.png", "/ileti/G-AAAAAAAA"):
        assert ayse.get(path).status == 404
    # Whose papers somebody looked at is written down.
    looked(house, ayse, "ayse", number)


def test_a_letter_is_seen_before_it_goes(house: House, ayse: Visitor) -> None:
    number = number_of(house, "elvin.rzazadeh")
    page = ayse.get(f"/ileti/{number}")
    action = f"/ileti/{number}/mektup"
    fields = {"claim": "1", "verb": "return", "seen": hidden(page, "seen"), "text": "Süre <b>boş</b>."}
    letter = ayse.post(action, {"bilet": page.token(action), **fields})
    assert letter.status == 200
    assert "Süre &lt;b&gt;boş&lt;/b&gt;." in letter.text
    assert "elvin.rzazadeh@hastane1.saglik.example.org" in letter.text
    assert house.ask("SELECT count(*) FROM act") == [(0,)]
    # What may not be told is refused before it is written.
    wrong = {**fields, "text": "N-AAAAAAAA numaralı başvuru"}
    assert ayse.post(action, {"bilet": letter_token(ayse, number), **wrong}).status == 409


def letter_token(visitor: Visitor, number: str) -> str:
    return visitor.get(f"/ileti/{number}").token(f"/ileti/{number}/mektup")


def test_claims_are_decided_one_by_one_by_name_and_once(house: House, ayse: Visitor, door: Visitor) -> None:
    number = number_of(house, "ayse.karaagacli")
    fatma = seat(door, "fatma")
    before, action = fatma.get(f"/ileti/{number}"), f"/ileti/{number}/karar"
    done = said(ayse, number, 1, "accept")
    assert (done.status, done.headers["location"]) == (303, f"/ileti/{number}")
    page = ayse.get(f"/ileti/{number}")
    assert "kabul edildi" in page.text
    # The other clerk saw what was before: nothing is written, and she is told who was faster.
    fields = {"claim": "2", "verb": "accept", "because": "Görüldü.", "seen": hidden(before, "seen")}
    token = before.token(action)
    late = fatma.post(action, {"bilet": token, **fields})
    assert (late.status, "ayse" in late.text) == (409, True)
    # ... and the form that she sent is used up.
    assert fatma.post(action, {"bilet": token, **fields, "seen": hidden(page, "seen")}).status == 409
    assert house.ask("SELECT count(*) FROM act") == [(1,)]
    assert said(fatma, number, 2, "return", text="Süre uygun değil.").headers["location"] == "/bekleyenler"
    assert [(e, a) for e, a in audit(house) if str(e).startswith("act settle")] == [
        ("act settle by ayse", number),
        ("act settle by fatma", number),
    ]
    quiet(house)
    house.poll(datetime.now(UTC))
    told = [str(letter["Subject"]) for letter in house.letters() if number in str(letter["Subject"])]
    assert len(told) == 3


def test_a_form_sent_twice_does_it_once(house: House, ayse: Visitor) -> None:
    number = number_of(house, "erdem.bozkirligil")
    page, action = ayse.get(f"/ileti/{number}"), f"/ileti/{number}/karar"
    fields = {
        "bilet": page.token(action),
        "claim": "1",
        "verb": "answer",
        "because": "Telefonla.",
        "text": "",
    }
    fields["seen"] = hidden(page, "seen")
    assert ayse.post(action, {**fields, "bilet": ""}).status == 403
    assert ayse.post(action, {**fields, "bilet": ayse.get("/bekleyenler").token("/cikis")}).status == 403
    assert ayse.post(action, fields).status == 303
    assert ayse.post(action, fields).status == 409
    assert house.ask("SELECT count(*) FROM act WHERE about=?", number) == [(1,)]


def test_who_may_only_look_decides_nothing(house: House, door: Visitor, ayse: Visitor) -> None:
    number = number_of(house, "elvin.rzazadeh")
    reader = seat(door, "okur")
    page = reader.get(f"/ileti/{number}")
    assert (page.status, "/karar" in page.text) == (200, False)
    # A clerk compares the number with the page; who only looks sees it masked.
    whole = re.findall(r"(?<!\d)[1-9]\d{10}(?!\d)", ayse.get(f"/ileti/{number}").text)
    assert whole
    assert not [one for one in whole if one in page.text]
    token = ayse.get(f"/ileti/{number}").token(f"/ileti/{number}/karar")
    refused = reader.post(f"/ileti/{number}/karar", {"bilet": token})
    assert (refused.status, "yetkiniz yok" in refused.text) == (403, True)
    assert reader.get("/bekleyenler").status == 200


def test_whoever_acts_while_a_run_is_on_keeps_what_they_wrote(
    house: House, ayse: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.desk.counter._PATIENCE_SECONDS", 0)
    number = number_of(house, "elvin.rzazadeh")
    with Home(house.home).lock(patience=10):
        # Looking goes on.
        assert ayse.get(f"/ileti/{number}").status == 200
        busy = said(ayse, number, 1, "accept", because="Pasaport <görüldü>.")
    assert (busy.status, hidden(busy, "because")) == (503, "Pasaport <görüldü>.")
    assert house.ask("SELECT count(*) FROM act WHERE about=?", number) == [(0,)]


# --- papers, lists, and the day ------------------------------------------------------------------

LIST = "/liste/2024-06-14/1"


def sent(visitor: Visitor, page: str, action: str, **fields: str) -> Seen:
    """Sends a form of a page as the page has it."""
    seen = visitor.get(page)
    hidden_too = {"seen": hidden(seen, "seen")} if 'name="seen"' in seen.text else {}
    return visitor.post(action, {"bilet": seen.token(action), **hidden_too, **fields})


def test_a_list_goes_by_the_word_of_who_may_and_once(house: House, ayse: Visitor, door: Visitor) -> None:
    ((case,),) = house.ask("SELECT case_number FROM batch_row")
    veli = seat(door, "veli")
    page = veli.get(LIST)
    assert case in page.text
    assert "/onay" not in ayse.get(LIST).text
    token = page.token(f"{LIST}/onay")
    refused = ayse.post(f"{LIST}/onay", {"bilet": token})
    assert (refused.status, "yetkiniz yok" in refused.text) == (403, True)
    # A proper workbook, to be kept and not shown.
    kept = veli.get(f"{LIST}/dosya")
    assert kept.headers["content-disposition"].startswith("attachment; ")
    assert kept.body[:2] == b"PK"
    # Who only looks sees numbers masked, and gets no file with whole ones.
    reader = seat(door, "okur")
    shown, (whole,) = (
        reader.get(LIST).text,
        house.ask("SELECT identity_number FROM entry WHERE case_number=?", case)[0],
    )
    assert (case in shown, str(whole) in shown, "/dosya" in shown) == (True, False, False)
    assert reader.get(f"{LIST}/dosya").status == 403
    fields = {"because": "Bakıldı.", "seen": hidden(page, "seen")}
    done = veli.post(f"{LIST}/onay", {"bilet": token, **fields})
    assert (done.status, "1 kişilik liste onaylandı" in veli.get("/listeler").text) == (303, True)
    zeynep = seat(door, "zeynep")
    late = zeynep.post(f"{LIST}/onay", {"bilet": veli.get("/bul").token("/bul"), **fields})
    assert late.status == 403
    assert house.ask("SELECT released_by FROM release") == [("veli",)]
    assert veli.get("/liste/2024-06-15/1").status == 404
    assert veli.get("/liste/../1").status == 404


def test_papers_lie_on_the_tray_until_they_are_taken_in(house: House, ayse: Visitor) -> None:
    ((case,),) = house.ask("SELECT case_number FROM batch_row")
    wrong = sent(ayse, "/kagit", "/kagit/okut", numara="N-AAAAAAAA")
    assert 'data-sound="bad"' in wrong.text
    # As a bar-code reader types it, twice.
    for _ in range(2):
        scanned = sent(ayse, "/kagit", "/kagit/okut", numara=case.replace("-", "*").lower())
        assert 'data-sound="good"' in scanned.text
    assert scanned.text.count(f"<td><code>{case}</code></td>") == 1
    assert house.ask("SELECT 1 FROM entry WHERE event='form_received'") == []
    back = ayse.post("/kagit/geri", {"bilet": scanned.token("/kagit/geri"), "numara": case})
    assert "Tepside" not in back.text
    sent(ayse, "/kagit", "/kagit/okut", numara=case)
    assert sent(ayse, "/kagit", "/kagit/isle", because="Elden.").status == 303
    assert house.ask("SELECT case_number FROM entry WHERE event='form_received'") == [(case,)]
    assert ("act paper by ayse", case) in audit(house)
    assert case in ayse.get("/kagit").text


def test_kamu_sms_answer_is_shown_before_it_is_read_back(house: House, ayse: Visitor) -> None:
    ((case, digits),) = house.ask(
        "SELECT DISTINCT case_number, identity_number FROM entry JOIN batch_row USING (case_number)"
    )
    answer = f"T.C. Kimlik No;Sonuç;Açıklama\r\n{digits};İade;Eksik bilgi\r\n".encode()
    page = ayse.get("/listeler")
    body = (
        f'--x\r\nContent-Disposition: form-data; name="bilet"\r\n\r\n{page.token("/yanit")}\r\n'
        f'--x\r\nContent-Disposition: form-data; name="dosya"; filename="{"&lt;b&gt;"}.csv"\r\n\r\n'
    ).encode() + answer + b"\r\n--x--\r\n"  # fmt: skip
    told = {"Origin": f"http://{ayse.host}", "Content_Type": "multipart/form-data; boundary=x"}
    shown = ayse.ask("POST", "/yanit", body, **told)
    assert (shown.status, case in shown.text) == (200, True), shown.text
    assert house.ask("SELECT 1 FROM kamu_sm_answer") == []
    fields = {"bilet": shown.token("/yanit/isle"), "seen": hidden(shown, "seen"), "because": "Geldi."}
    assert ayse.post("/yanit/isle", fields).status == 303
    assert "1 geri gönderilen" in ayse.get("/listeler").text
    assert house.ask("SELECT count(*) FROM kamu_sm_answer") == [(1,)]
    assert "Kamu SM geri gönderdi" in ayse.get(f"/kisi/{case}").text


def test_a_claim_waits_for_its_day_and_is_handed_on(house: House, ayse: Visitor, door: Visitor) -> None:
    number = number_of(house, "noura.haddadi")
    place = f"/ileti/{number}"
    assert sent(ayse, place, f"{place}/devret", claim="1", to="kimse", because="x").status == 404
    assert sent(ayse, place, f"{place}/devret", claim="1", to="fatma", because="Onun işi.").status == 303
    assert f'href="{place}"' not in ayse.get("/bekleyenler").text
    assert number in seat(door, "fatma").get("/bekleyenler?sec=bende").text
    # What nobody can decide any more whose it is, is everybody's again.
    people = People(Home(house.home))
    people.put(Person("fatma", Role.READER, HASHED))
    assert f'href="{place}"' in ayse.get("/bekleyenler").text
    people.put(Person("fatma", Role.CLERK, HASHED))
    assert f'href="{place}"' not in ayse.get("/bekleyenler").text
    assert sent(ayse, place, f"{place}/beklet", claim="1", day="2020-01-01", because="x").status == 409
    assert sent(ayse, place, f"{place}/beklet", claim="1", day="<b>", because="x").status == 409
    far = (datetime.now(UTC) + timedelta(days=300)).strftime("%d.%m.%Y")
    assert sent(ayse, place, f"{place}/beklet", claim="1", day=far, because="Bekle.").status == 303
    assert number in ayse.get("/bekleyenler?sec=ertelenen").text
    assert f'href="{place}"' not in ayse.get("/bekleyenler?sec=hepsi").text


def test_what_the_page_says_is_typed_and_judged_again(house: House, ayse: Visitor, door: Visitor) -> None:
    number = number_of(house, "ovunc.saricamli")
    place = f"/ileti/{number}"
    wrong = sent(ayse, place, f"{place}/duzelt", claim="1", because="x", **{"f-amount": "1,080"})
    assert wrong.status == 409
    listed = person("Barış Tunahanlı")
    typed = {"f-identity_number": listed.identity_number, "f-debtor": f"{listed.name} <b>"}
    assert sent(ayse, place, f"{place}/duzelt", claim="1", because="Okundu.", **typed).status == 303
    page = ayse.get(place)
    assert listed.identity_number in page.text
    assert "&lt;b&gt;" in page.text
    assert ("act amend by ayse", number) in audit(house)
    # Who only looks sees what a clerk has read masked as well.
    looked_at = seat(door, "okur").get(place).text
    assert listed.name in looked_at
    assert listed.identity_number not in looked_at


def test_what_was_stopped_goes_on_by_the_word_of_who_may(house: House, ayse: Visitor, door: Visitor) -> None:
    quiet(house)
    with house.opened(datetime.now(UTC)) as shop, shop.ledger.transaction():
        stop = "INSERT INTO stop (at, kind, name, hit, among) VALUES (?, 'fault', '<b>x</b>', 9, 10)"
        shop.ledger.execute(stop, datetime.now(UTC).isoformat())
    assert "Yazılar durduruldu" in ayse.get("/bekleyenler").text
    assert "/surdur" not in ayse.get("/bugun").text
    veli = seat(door, "veli")
    assert "&lt;b&gt;x&lt;/b&gt;" in veli.get("/bugun").text
    assert sent(veli, "/bugun", "/bugun/surdur", word="maybe", because="x").status == 404
    assert sent(veli, "/bugun", "/bugun/surdur", word="send", because="Haklıydı.").status == 303
    assert house.ask("SELECT settled_by FROM stop") == [("veli",)]


def test_a_letter_that_failed_goes_again_by_its_button(house: House, ayse: Visitor) -> None:
    number = number_of(house, "elvin.rzazadeh")
    quiet(house)
    with house.opened(datetime.now(UTC)) as shop:
        (letter,) = shop.ledger.letters_about(shop.ledger.judged_number(number).sha)  # type: ignore[union-attr]
        shop.ledger.set_letter_state(letter.id, LetterState.FAILED, shop.clock(), "550 <b>hayır</b>", None)
    page = ayse.get("/bugun")
    assert "550 &lt;b&gt;hayır&lt;/b&gt;" in page.text
    fields = {"number": number, "fate": "again", "because": "Soruldu."}
    assert sent(ayse, "/bugun", "/bugun/akibet", **fields).status == 303
    assert house.ask("SELECT state FROM letter WHERE id=?", letter.id) == [("planned",)]
    assert ("act doubt by ayse", number) in audit(house)


def test_a_lists_letter_goes_again_by_the_word_of_who_may_on_every_page(
    house: House, ayse: Visitor, door: Visitor
) -> None:
    name = LIST.removeprefix("/liste/")
    with house.opened() as shop:
        (letter, *_) = [one for one in shop.ledger.letters_about(name) if one.is_batch]
        shop.ledger.set_letter_state(letter.id, LetterState.FAILED, shop.clock(), "550", None)
        mails = [one for one in shop.ledger.letters_in_state(LetterState.DONE) if one.kind == "accepted"]
        shop.ledger.set_letter_state(mails[0].id, LetterState.FAILED, shop.clock(), "550", None)
    fields = {"number": name, "fate": "arrived", "because": "x"}
    assert f'name="number" value="{name}"' not in ayse.get("/bugun").text
    assert sent(ayse, "/bugun", "/bugun/akibet", **fields).status == 403
    assert house.ask("SELECT state FROM letter WHERE id=?", letter.id) == [("failed",)]
    veli = seat(door, "veli")
    fields["seen"] = hidden(veli.get(LIST), "seen")
    assert sent(veli, "/bugun", "/bugun/akibet", **fields).status == 303
    assert house.ask("SELECT state FROM letter WHERE id=?", letter.id) == [("done",)]
    with house.opened() as shop:
        shop.ledger.set_letter_state(mails[0].id, LetterState.DONE, shop.clock(), "250", None)


def test_rules_are_read_anew_after_any_change_and_not_without(house: House, tmp_path: Path) -> None:
    shutil.copytree(RULES, tmp_path / "rules")
    rule = tmp_path / "rules/receipt/recent.toml"
    settings = load_settings(house.file).model_copy(update={"rules": tmp_path / "rules"})
    policy, read = policy_of(RULES, settings.reports, settings.office), list[str]()

    def load() -> Policy:
        read.append(rule.read_text("utf-8"))
        if len(read) == 1:
            # While it is being read, somebody writes.
            rule.write_text(read[0] + "# later\n", "utf-8")
        return policy

    counter = Counter(settings, load, house.readers, lambda: datetime.now(UTC))
    assert (counter.policy, counter.policy, len(read)) == (policy, policy, 2)
    # A former file that is copied back brings its old time along, and no folder knows of it.
    rule.write_text(read[0], "utf-8")
    os.utime(rule, (0, 0))
    assert (counter.policy, counter.policy, read[2:]) == (policy, policy, read[:1])


def test_a_look_is_carried_once_however_often_it_is_brought(house: House) -> None:
    settings = load_settings(house.file)
    policy = policy_of(settings.rules, settings.reports, settings.office)
    counter = Counter(settings, lambda: policy, house.readers, lambda: datetime.now(UTC))
    counter.note_look("looked by kimse", "G-AAAAAAAA")
    line = (house.home / "desk-looks").read_text("utf-8").splitlines(keepends=True)[-1]
    quiet(house)
    counter.carry_looks()
    # A run that died between the ledger and the file brings it again; a power cut leaves half a line.
    (house.home / "desk-looks.carried").write_text(f'{line}["2024-', "utf-8")
    counter.carry_looks()
    until(lambda: not (house.home / "desk-looks.carried").exists())
    assert audit(house).count(("looked by kimse", "G-AAAAAAAA")) == 1
    # What is looked at after the cut stands for itself, and no act waits for a line that nobody can read.
    (house.home / "desk-looks").write_bytes('["2024-06-14T09:00:00+00:00", "looked by Ş'.encode()[:-1])
    counter.note_look("looked by kimse", "G-BBBBBBBB")
    with counter.acting() as shop:
        assert shop.ledger.query("SELECT 1 FROM audit WHERE about='G-BBBBBBBB'")
    assert not [event for event, _ in audit(house) if str(event).startswith("looked by Ş")]


# --- finding, and the trail --------------------------------------------------------------------


def found(visitor: Visitor, asked: str) -> Seen:
    return visitor.post("/bul", {"bilet": visitor.get("/bul").token("/bul"), "q": asked})


def test_somebody_is_found_by_whatever_they_know(house: House, ayse: Visitor) -> None:
    who = person("Hülya Şimşekoğlu")
    listed = person("Ayşe Karaağaçlı")
    ((case,),) = house.ask(
        "SELECT DISTINCT case_number FROM entry WHERE identity_number=?", listed.identity_number
    )
    for asked in ("karaagac ayse", "KARAAĞAÇLI", listed.identity_number, listed.work_email):
        assert f"/kisi/{case}" in found(ayse, asked).text, asked
    # The other one waits in a mail alone.
    assert number_of(house, "ayse.karaagacli") in found(ayse, who.identity_number).text
    assert listed.identity_number not in found(ayse, "karaağaçlı").text
    assert "2024000078079190" in str(house.ask("SELECT body FROM decision"))
    assert number_of(house, "ovunc.saricamli") in found(ayse, "2024000078079190").text
    assert "/kisi/" not in found(ayse, "Karaağaçlıoğulları").text
    assert found(ayse, case.lower()).headers["location"] == f"/kisi/{case}"
    assert "&lt;script&gt;" in found(ayse, "<script>").text
    story = ayse.get(f"/kisi/{case}")
    assert listed.identity_number in story.text
    for path in re.findall(r'href="(/(?:yazi|yazisma)/[^"]+)"', story.text):
        assert ayse.get(path).status in (200, 303)
    assert ayse.get("/kisi/N-AAAAAAAA").status == 404
    looked(house, ayse, "ayse", case)
    # ... and no one's whole number stands in the log.
    assert not any(listed.identity_number in str(line) for line in audit(house))


def test_the_trail_tells_who_did_what_to_whom_it_is_for(house: House, ayse: Visitor, door: Visitor) -> None:
    assert ayse.get("/iz").status == 403
    veli = seat(door, "veli")
    page = veli.get("/iz")
    assert "denetim zinciri bütün" in page.text
    assert "karar verdi" in page.text
    kept = veli.get("/iz.csv")
    assert kept.headers["content-disposition"].startswith("attachment; ")
    assert f"ayse;karar verdi;{number_of(house, 'ayse.karaagacli')}" in kept.body.decode("utf-8-sig")
    assert veli.get("/iz?gun=2020-01-01").text.count("<td") == 0
    assert veli.get("/iz?gun=%27OR&kim=%3Cb%3E").status == 200


# --- the office's proxy ----------------------------------------------------------------------------


def test_the_proxys_word_counts_on_its_socket_alone(house: House, door: Visitor, tmp_path: Path) -> None:
    people = People(Home(house.home))
    people.put(Person("vekilli", Role.CLERK))
    where = DeskSettings(socket=tmp_path / "desk.sock", user_header="X-Remote-User")
    with desk_of(house, where) as proxy:
        assert (tmp_path / "desk.sock").stat().st_mode & 0o007 == 0
        assert proxy.get("/bugun").status == 403
        assert proxy.get("/bugun", X_Remote_User="kimse").status == 403
        # Who has a password here logs in here, and cannot be named by anybody.
        assert proxy.get("/bugun", X_Remote_User="ayse").status == 403
        seen = proxy.get("/bugun", X_Remote_User="Vekilli")
        assert (seen.status, "vekilli" in seen.text) == (200, True)
        # The cookie of one is not the other's.
        assert proxy.get("/bugun", X_Remote_User="kimse").status == 403
    outside = Visitor(door.place, door.host)
    assert outside.get("/bugun", X_Remote_User="vekilli").status == 303
    # Without the socket, the settings are refused.
    with pytest.raises(ValueError, match="header_without_socket"):
        DeskSettings(user_header="X-Remote-User")
    people.remove("vekilli")


def test_a_style_is_fetched_again_as_soon_as_it_is_another(door: Visitor) -> None:
    first = door.get("/desk.css")
    assert (first.status, first.headers["cache-control"]) == (200, "no-cache")
    assert door.get("/desk.css", If_None_Match=first.headers["etag"]).status == 304
    assert door.get("/desk.css", If_None_Match='"an older one"').status == 200


# --- behind the door -------------------------------------------------------------------------------


def test_who_came_and_went_is_in_the_audit_log(house: House, door: Visitor) -> None:
    visitor = seat(door, "fatma")
    token = visitor.get("/bugun").token("/cikis")
    kept = visitor.cookie
    assert visitor.post("/cikis", {"bilet": token}).headers["location"] == "/giris"
    visitor.cookie = kept
    assert visitor.get("/bugun").status == 303

    def told() -> str:
        beside = [house.home / name for name in ("desk-looks", "desk-looks.carried")]
        return str(audit(house)) + "".join(place.read_text() for place in beside if place.exists())

    # What was noted beside the ledger may be on its way into it, and is in neither for a moment.
    until(lambda: all(f"desk {done} by fatma" in told() for done in ("entered", "left")))


def test_the_command_opens_the_door_and_closes_it(house: House) -> None:
    house.file.write_text(house.file.read_text("utf-8") + "\n[desk]\nport = 0\n", "utf-8")
    process = subprocess.Popen(
        [str(COMMAND), "desk", "--settings", str(house.file)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONUNBUFFERED": "1", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    assert process.stdout
    with process.stdout as told:
        address = re.search(r"http://(127\.0\.0\.1:(\d+))", told.readline())
        assert address
        assert Visitor(int(address[2]), address[1]).get("/giris").status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(240) == 0


# --- by hand, in a real browser --------------------------------------------------------------------


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this system")
def test_a_clerk_needs_no_mouse(house: House, door: Visitor, tmp_path: Path) -> None:
    with a_browser(tmp_path) as browser:
        address = f"http://{door.host}"
        logged_in(browser, address, "fatma")
        browser.open(f"{address}/bekleyenler")
        # A list that waits lies before the mails; what two have to say yes to stays until the second has.
        lists = browser.run("document.querySelectorAll('.tasks a[href=\"/listeler\"]').length")
        first_names: list[str] = []
        while browser.run("document.querySelectorAll('.tasks a').length") > lists + len(first_names):
            for _ in range(lists + len(first_names)):
                browser.key("ArrowDown")
            number, done = decided_by_keys(browser, house)
            first_names += [number] * (done == "act propose by fatma")
    ayse = seat(door, "ayse")
    for number in first_names:
        assert said(seat(door, "fatma"), number, 1, "accept").status == 409
        assert said(ayse, number, 1, "accept").status == 303
    assert set(first_names).isdisjoint(
        str(number)
        for (number,) in house.ask("SELECT number FROM decision JOIN hold USING (sha) WHERE state='open'")
    )


def logged_in(browser: Browser, address: str, who: str) -> None:
    """Logs somebody in by the keyboard."""
    browser.open(f"{address}/giris")
    looked_at(browser, "/giris")
    for name, word in (("name", who), ("password", PASSWORD)):
        browser.run(f"document.getElementById('{name}').focus()")
        browser.ask("Input.insertText", text=word)
    browser.key("Enter")
    browser.until("location.pathname === '/bekleyenler'")


def looked_at(browser: Browser, page: str) -> None:
    """Looks at the page that is open as somebody does who sees little, or has a small screen."""
    assert wrong_on(browser) == [], page


def decided_by_keys(browser: Browser, house: House) -> tuple[str, str]:
    """Decides the claim in front, in three keystrokes; a return has its letter looked at besides.

    Gives the mail's number, and what was done.
    """
    before = len(audit(house))
    number = browser.run("document.activeElement.pathname.split('/')[2]")
    browser.key("Enter")
    browser.until(f"location.pathname === '/ileti/{number}'")
    keys = browser.run("[...document.querySelectorAll('[data-key]')].map(one => one.dataset.key)")
    browser.run("window.before = true")
    browser.key(keys[0])
    browser.key("Enter")
    browser.until("!window.before")
    if keys[0] == "i":
        assert browser.run("location.pathname.endsWith('/mektup')")
        browser.run("window.before = true")
        browser.key("Enter")
        browser.until("!window.before")
    possible = {"act settle by fatma", "act wait by fatma", "act propose by fatma"}
    assert browser.run("document.querySelector('.bad')?.textContent") is None, keys
    (done,) = possible & {str(event) for event, about in audit(house)[before:] if about == number}
    if browser.run("location.pathname") != "/bekleyenler":
        browser.open(browser.run("location.origin") + "/bekleyenler")
    return number, done
