"""One alarm and one all-clear for each trouble, through real servers that go away and come back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest

from pipeline.commands.cli import run
from pipeline.domain.troubles import Sign, Trouble, follow
from pipeline.intake import runs
from pipeline.ledger.home import DiskSpace, Home
from pipeline.mail.faults import MailboxFault, PostmanFault
from pipeline.mail.imap import LoginRefused
from pipeline.office import watch
from tests.house import IT_UNIT, MORNING, House, body
from tests.saboteurs import Saboteur
from tests.servers import free_ports

LIST = "accepted/ordinary-single-list"
STEP = timedelta(minutes=5)


def polls(house: House, count: int, start: datetime = MORNING) -> datetime:
    """Polls every five minutes, as cron does, whatever goes wrong; gives the moment of the next poll."""
    for _ in range(count):
        with suppress(MailboxFault, PostmanFault, OSError):
            house.poll(start)
        start += STEP
    return start


def told(house: House) -> list[str]:
    """Lists the alarms and all-clears that reached the server, in order."""
    return [str(x["X-NES-Intake"]) for x in house.letters() if x["X-NES-Intake"] in ("alarm", "all_clear")]


def alarms(house: House) -> list[EmailMessage]:
    return [x for x in house.letters() if x["X-NES-Intake"] in ("alarm", "all_clear")]


def dead(house: House) -> House:
    """The same house, whose mailbox nobody answers for."""
    (port,) = free_ports(1)
    return house.through(port)


# --- servers that go away ------------------------------------------------------------------------


def test_a_mailbox_that_is_away_costs_one_alarm_and_one_all_clear(house: House) -> None:
    after = polls(dead(house), 12)
    assert told(house) == ["alarm"]
    house.write()
    polls(house, 12, after)
    assert told(house) == ["alarm", "all_clear"]
    alarm, over = alarms(house)
    assert alarm["To"] == over["To"] == IT_UNIT
    assert (alarm["Auto-Submitted"], over["Auto-Submitted"]) == ("auto-generated",) * 2
    assert "Posta kutusu okunamıyor (basvuru)" in str(alarm["Subject"])
    assert "14.06.2024 09:00" in body(alarm)
    assert "IMAP sunucusunun çalıştığını" in body(alarm)
    assert "Bitiş: 14.06.2024 10:00" in body(over)
    assert house.ask("SELECT name, ended_at IS NOT NULL FROM trouble") == [("imap/basvuru", 1)]


def test_nobody_is_bothered_with_a_moment(house: House) -> None:
    after = polls(dead(house), 3)
    house.write()
    polls(house, 6, after)
    assert told(house) == []
    assert house.ask("SELECT count(*) FROM trouble") == [(0,)]


def test_a_server_that_comes_and_goes_is_one_trouble(house: House) -> None:
    after = polls(dead(house), 5)
    for _ in range(4):
        house.write()
        after = polls(house, 2, after)
        after = polls(dead(house), 3, after)
    assert told(house) == ["alarm"]
    house.write()
    polls(house, 5, after)
    assert told(house) == ["alarm", "all_clear"]


def test_a_long_trouble_writes_nothing_new(house: House) -> None:
    away = dead(house)
    after = polls(away, 8)
    before = (house.home / "ledger.db").read_bytes()
    polls(away, 8, after)
    assert (house.home / "ledger.db").read_bytes() == before


def test_the_patience_is_set(house: House) -> None:
    house = replace(house, more="[monitoring]\nalarm_after_minutes = 60\n")
    polls(dead(house), 12)
    assert told(house) == []
    polls(dead(house), 1, MORNING + timedelta(hours=1))
    assert told(house) == ["alarm"]


def test_an_smtp_server_that_is_away_is_told_of_when_it_is_back(house: House) -> None:
    (closed,) = free_ports(1)
    house.deliver(LIST)
    after = polls(house.posting_through(closed), 8)
    assert house.letters() == []
    house.write()
    polls(house, 5, after)
    kinds = [str(letter["X-NES-Intake"]) for letter in house.letters()]
    assert kinds == ["accepted", "alarm", "all_clear"]
    assert "Yazılar gönderilemiyor" in str(alarms(house)[0]["Subject"])


def test_a_server_that_puts_everybody_off_is_a_trouble(house: House) -> None:
    house.deliver(LIST, "returned/bad-identity-number")
    house.smtp.fail("MAIL", "451 4.7.1 later", times=None)
    after = polls(house, 8)
    assert house.ask("SELECT name, alarmed_at IS NOT NULL FROM trouble") == [("outbox", 1)]
    house.smtp.faults.clear()
    polls(house, 24, after)
    assert told(house) == ["alarm", "all_clear"]


def test_one_recipient_who_is_put_off_is_none(house: House) -> None:
    house.deliver(LIST)
    house.smtp.fail("RCPT", "452 4.2.2 mailbox full", times=None)
    polls(house, 12)
    assert house.ask("SELECT count(*) FROM trouble") == [(0,)]


# --- passwords -----------------------------------------------------------------------------------


class LogIns(Saboteur):
    """Counts the log-ins that were tried."""

    @property
    def tried(self) -> int:
        return sum(b" LOGIN " in line.upper() for line in self.heard)


@pytest.fixture
def watched_door(house: House) -> Iterator[tuple[House, LogIns]]:
    """The house with a password that the server does not take, and what stands at its door."""
    with LogIns(house.box.server.port) as proxy:
        through = house.through(proxy.port)
        (house.folder / "imap-secret").write_text("yanlis", encoding="utf-8")
        yield through, proxy


def test_a_refused_password_is_tried_once_an_hour_and_told_at_once(
    watched_door: tuple[House, LogIns],
) -> None:
    house, door = watched_door
    with pytest.raises(LoginRefused):
        house.poll()
    assert (door.tried, told(house)) == (1, ["alarm"])
    assert "parola" in body(alarms(house)[0])
    after = polls(house, 11, MORNING + STEP)
    assert door.tried == 1
    polls(house, 3, after)
    assert (door.tried, told(house)) == (2, ["alarm"])


def test_a_password_that_was_put_right_is_tried_at_once(watched_door: tuple[House, LogIns]) -> None:
    house, door = watched_door
    after = polls(house, 2)
    (house.folder / "imap-secret").write_text(house.box.password, encoding="utf-8")
    house.poll(after)
    assert door.tried == 2
    polls(house, 5, after + STEP)
    assert told(house) == ["alarm", "all_clear"]


def test_a_refused_password_is_never_kept(watched_door: tuple[House, LogIns]) -> None:
    house, _ = watched_door
    polls(house, 2)
    assert b"yanlis" not in (house.home / "ledger.db").read_bytes()


# --- what no server says -------------------------------------------------------------------------


def test_a_disk_that_is_nearly_full(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Home, "space", lambda _: DiskSpace(400, 10**6))
    after = polls(house, 5)
    monkeypatch.setattr(Home, "space", lambda _: DiskSpace(900, 10**6))
    polls(house, 5, after)
    assert told(house) == ["alarm", "all_clear"]
    assert "Diskte yer azaldı" in str(alarms(house)[0]["Subject"])


def test_the_room_is_that_of_the_disk(house: House) -> None:
    state = os.statvfs(house.folder)
    room = Home(house.home).space()
    assert abs(room.megabytes_free - (state.f_bavail * state.f_frsize >> 20)) < 1000
    assert room.inodes_free > 0


def test_a_night_that_nobody_closes(house: House) -> None:
    house.deliver(LIST)
    house.poll()
    assert told(house) == []
    late = MORNING + timedelta(hours=27)
    polls(house, 5, late)
    assert told(house) == ["alarm"]
    house.nightly(late + timedelta(minutes=30))
    polls(house, 6, late + timedelta(minutes=35))
    assert told(house) == ["alarm", "all_clear"]


def test_a_list_that_may_not_have_gone_out(house: House) -> None:
    house.deliver(LIST)
    house.poll()
    # Only the list is cut off: the server takes it, and nobody hears of it.
    house.smtp.fail("dot", "swallow")
    house.nightly()
    after = polls(house, 6, MORNING + timedelta(days=1))
    assert house.ask("SELECT state FROM letter WHERE kind='batch'") == [("in_doubt",)]
    assert told(house) == ["alarm"]
    assert "Kamu SM'ye sorunuz" in " ".join(body(alarms(house)[0]).split())

    # Kamu SM was asked and has nothing: the same bytes go out again, once, and the trouble is over.
    nobody = house.command("doubt", "2024-06-13/1", "again", "--by", "E. Taşdelenler", "--because", "yok")
    assert nobody.returncode == 78, nobody
    said = house.command("doubt", "2024-06-14/1", "again", "--by", "E. Taşdelenler", "--because", "soruldu")
    assert said.returncode == 0, said
    polls(house, 6, after + STEP)
    lists = [letter.raw for letter in house.smtp.received if b"X-NES-Intake: batch" in letter.raw]
    assert len(set(lists)) == 1
    assert house.ask("SELECT state FROM letter WHERE kind='batch'") == [("done",)]
    assert told(house) == ["alarm", "all_clear"]


def test_many_mails_set_aside(house: House) -> None:
    house = replace(house, more="[monitoring]\nshunted_per_day = 2\n")
    for number in range(3):
        house.deliver_raw(b"Subject: " + b"x" * (number + 1) + b"\r\n" + b"\xff\x00" * 200)
    house.deliver("shunted/garbage")
    polls(house, 1)
    ((shunted,),) = house.ask("SELECT count(*) FROM decision WHERE outcome='shunted'")
    polls(house, 4, MORNING + STEP)
    assert told(house) == (["alarm"] if int(str(shunted)) > 2 else [])


def test_a_run_that_breaks_is_told_of_and_still_breaks(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise LookupError("12345678901")

    monkeypatch.setattr(runs, "decide_all", broken)
    for number in range(6):
        with pytest.raises(LookupError):
            house.poll(MORNING + number * STEP)
    assert told(house) == ["alarm"]
    assert "12345678901" not in body(alarms(house)[0])
    assert house.ask("SELECT name, reason FROM trouble") == [("run", "LookupError")]
    monkeypatch.undo()
    polls(house, 5, MORNING + timedelta(hours=1))
    assert told(house) == ["alarm", "all_clear"]


def test_a_mailbox_that_is_no_longer_listened_to_troubles_nobody(house: House) -> None:
    after = polls(dead(house), 5)
    renamed = house.file.read_text(encoding="utf-8")
    house.write()
    renamed = house.file.read_text(encoding="utf-8").replace('name = "basvuru"', 'name = "yeni"')
    house.file.write_text(renamed, encoding="utf-8")
    polls(house, 5, after)
    assert told(house) == ["alarm", "all_clear"]


def test_an_alarm_survives_a_kill_between_the_ledger_and_the_server(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def power_fails(*_: object) -> None:
        raise PowerCut

    away = dead(house)
    after = polls(away, 3)
    monkeypatch.setattr(watch, "post_letters", power_fails)
    with pytest.raises(PowerCut):
        away.poll(after)
    monkeypatch.undo()
    polls(away, 5, after + STEP)
    assert told(house) == ["alarm"]


def test_a_ledger_that_does_not_open_is_told_of_without_it(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    def poll() -> int:
        return run(["poll", "--settings", str(house.file)])

    assert poll() == 0
    ledger = house.home / "ledger.db"
    whole = ledger.read_bytes()
    ledger.write_bytes(b"no ledger at all" * 500)
    house.smtp.fail("connect", "421 4.3.2 later")
    # The first time the server is away, too; then the unit is told, and told once.
    assert [poll() for _ in range(3)] == [78] * 3
    assert told(house) == ["alarm"]
    assert "Kayıt defteri açılamıyor" in str(alarms(house)[0]["Subject"])
    ledger.write_bytes(whole)
    assert [poll() for _ in range(2)] == [0] * 2
    assert told(house) == ["alarm", "all_clear"]
    assert not (house.home / "ledger-alarm").exists()
    assert "son yedeği geri yükleyiniz" in capsys.readouterr().err


# --- the course of a trouble ---------------------------------------------------------------------

PATIENCE = timedelta(minutes=15)


def test_what_was_not_looked_at_stays_as_it_is() -> None:
    stands = {"smtp": Trouble("smtp", "unreachable", MORNING, MORNING)}
    course = follow(stands, {}, MORNING + timedelta(days=1), PATIENCE)
    assert (course.kept, course.alarms, course.all_clears, course.forgotten) == ((), (), (), ())


def test_a_calm_that_lasts_needs_no_second_look() -> None:
    told_of = Trouble("smtp", "unreachable", MORNING, MORNING, alarmed_at=MORNING, calm_since=MORNING)
    assert follow({"smtp": told_of}, {}, MORNING + PATIENCE, PATIENCE).all_clears == (told_of,)


def test_another_reason_is_the_same_trouble() -> None:
    told_of = Trouble("smtp", "unreachable", MORNING, MORNING, alarmed_at=MORNING)
    course = follow({"smtp": told_of}, {"smtp": Sign("untrusted")}, MORNING + STEP, PATIENCE)
    assert (course.kept, course.alarms) == ((replace(told_of, reason="untrusted"),), ())
