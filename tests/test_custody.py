"""What is kept can be shown to be whole, handed out, backed up, and is gone when its time is over."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.acts.persons import person_of
from pipeline.commands.cli import run
from pipeline.desk.people import People, Person, Role
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Ledger
from pipeline.ledger.custody import Erased, Retention, backup, broken_links, erase, export
from pipeline.ledger.home import PEOPLE_KEPT, Home
from pipeline.office.console import BAD_CONFIGURATION, DONE
from pipeline.review.rebuild import rebuild
from tests.house import House, Kept
from tests.mails import ISTANBUL
from tests.people import PEOPLE

# The day after the receipt's payment, which belongs to a list of these days.
MORNING = datetime(2024, 5, 21, 9, 0, tzinfo=ISTANBUL)
NIGHT = datetime(2024, 5, 21, 23, 45, tzinfo=ISTANBUL)
KEPT = Retention(mail_days=180, case_days=730)
NUMBERS = {who.identity_number for who in PEOPLE}


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    house = lasting_house
    house.deliver("accepted/list-then-receipt/1-list", "returned/bad-identity-number", "held/foreigner-99")
    house.poll(MORNING)
    house.deliver("accepted/list-then-receipt/2-receipt")
    house.poll(MORNING + timedelta(hours=1))
    house.nightly(NIGHT)
    return Kept(house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def used(kept: Kept) -> House:
    """A house after a day with a list, its receipt, a returned and a held mail, and its night."""
    return kept.again()


def whole(house: House) -> list[str]:
    with house.opened() as shop:
        return list(broken_links(shop.ledger, shop.home))


def erased(house: House, at: datetime) -> Erased:
    with house.opened(at) as shop:
        return erase(shop.ledger, shop.home, KEPT, shop.clock())


def open_case(house: House) -> str:
    ((number,),) = house.ask("SELECT DISTINCT case_number FROM entry WHERE event='paid'")
    return str(number)


# --- the audit log -----------------------------------------------------------------------------


def test_a_day_leaves_a_whole_chain(used: House) -> None:
    assert whole(used) == []
    ((events,),) = used.ask("SELECT count(*) FROM audit")
    assert isinstance(events, int)
    assert events > 10


def _forged(house: House, *statements: str) -> None:
    connection = sqlite3.connect(house.home / "ledger.db")
    for trigger in ("audit_is_final", "audit_is_kept"):
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET event='decided accepted' WHERE event='decided returned'",
        "UPDATE audit SET at='2024-06-14T00:00:00+00:00' WHERE seq=3",
        "DELETE FROM audit WHERE seq=2",
        "DELETE FROM audit WHERE event='decided returned'",
        "UPDATE audit SET about='x' WHERE seq=1",
    ],
)
def test_a_changed_line_breaks_the_chain(used: House, statement: str) -> None:
    _forged(used, statement)
    assert any(line.startswith("audit ") for line in whole(used))


def test_a_line_cut_off_the_end_is_missed_by_what_it_was_about(used: House) -> None:
    _forged(used, "DELETE FROM audit WHERE seq > 1")
    assert any(line.startswith(("decision ", "letter ")) for line in whole(used))


def test_the_log_takes_no_change(used: House) -> None:
    for statement in ("UPDATE audit SET event='x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            used.ask(statement)


def test_a_missing_or_changed_mail_is_named(used: House) -> None:
    first, second = sorted((used.home / "mail").rglob("*.eml"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes() + b"x")
    assert set(whole(used)) == {f"mail {first.stem}", f"mail {second.stem}"}


def test_verify_says_so_at_the_terminal(used: House) -> None:
    assert used.command("verify").returncode == 0
    next((used.home / "mail").rglob("*.eml")).unlink()
    told = used.command("verify")
    assert told.returncode == 1
    assert "Bozuk ya da eksik: mail " in told.stdout


# --- erasing -----------------------------------------------------------------------------------


def test_nothing_is_erased_before_its_time(used: House) -> None:
    assert erased(used, NIGHT + timedelta(days=179)) == Erased(0, 0, 0, 0)


def test_mail_goes_first_and_what_waits_stays(used: House) -> None:
    gone = erased(used, NIGHT + timedelta(days=181))
    assert (gone.mails, gone.cases) == (3, 0)
    # The held mail waits for an official, with its bytes.
    ((held,),) = used.ask("SELECT sha FROM hold WHERE state='open'")
    assert [f.stem for f in (used.home / "mail").rglob("*.eml")] == [held]
    assert whole(used) == []
    assert used.ask("SELECT DISTINCT sender FROM decision WHERE sha<>?", held) == [("",)]
    assert used.ask("SELECT count(*) FROM destruction WHERE class='mails' AND count=3") == [(1,)]


def _words_in(folder: Path) -> Callable[[str], bool]:
    data = b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())
    return lambda word: word.encode() in data


def test_after_two_years_no_number_and_no_name_is_left_in_any_file(house: House) -> None:
    house.deliver("accepted/list-then-receipt/1-list")
    house.poll(MORNING)
    house.deliver("accepted/list-then-receipt/2-receipt")
    house.poll(MORNING + timedelta(hours=1))
    house.nightly(NIGHT)
    there = _words_in(house.home)
    (who,) = [p for p in PEOPLE if there(p.identity_number)]
    assert there(who.work_email)
    gone = erased(house, NIGHT + timedelta(days=740))
    assert gone.cases == 1
    there = _words_in(house.home)
    assert not there(who.identity_number)
    assert not there(who.work_email)
    assert not there(who.family_name)
    assert whole(house) == []


def test_a_receipt_once_spent_stays_spent_after_it_is_erased(house: House) -> None:
    first, second = "accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt"
    house.deliver(first)
    house.poll(MORNING)
    house.deliver(second)
    house.poll(MORNING + timedelta(hours=1))
    house.nightly(NIGHT)
    later = NIGHT + timedelta(days=740)
    erased(house, later)
    from tests.house import fixture

    house.deliver_raw(fixture(first).replace(b"Subject:", b"X-Again: 1\r\nSubject:"))
    house.deliver_raw(fixture(second).replace(b"Subject:", b"X-Again: 1\r\nSubject:"))
    house.poll(later)
    findings = house.ask("SELECT body FROM decision ORDER BY rowid DESC LIMIT 1")
    rules = [f["rule"] for f in json.loads(str(findings[0][0]))["findings"]]
    assert "receipt/unspent" in rules


def test_an_erasure_cut_short_is_finished_at_the_next(used: House) -> None:
    later = NIGHT + timedelta(days=181)
    raw = {f: f.read_bytes() for f in (used.home / "mail").rglob("*.eml")}
    erased(used, later)
    for file, data in raw.items():
        file.write_bytes(data)
    assert erased(used, later).mails == 0
    assert len(list((used.home / "mail").rglob("*.eml"))) == 1


def test_erase_tells_at_the_terminal(used: House) -> None:
    told = used.command("erase")
    assert told.returncode == 0
    assert "Silinen: 3 ileti" in told.stdout


# --- handing out -------------------------------------------------------------------------------


def test_everything_about_one_person_and_nobody_else(used: House) -> None:
    with used.opened() as shop:
        person = person_of(shop, open_case(used))
        told = json.dumps(export(shop.ledger, person, shop.clock()), ensure_ascii=False)
    assert len({n for n in NUMBERS if n in told}) == 1
    assert "listed" in told
    assert "paid" in told
    assert used.ask("SELECT about FROM audit WHERE event='exported'") == [(open_case(used),)]


def test_a_case_that_is_not_there_is_named(used: House) -> None:
    with used.opened() as shop, pytest.raises(OperatorFault, match="no_such_case"):
        person_of(shop, "N-0000000H")


# --- backing up --------------------------------------------------------------------------------


def test_a_backup_is_a_home_that_goes_on_without_a_repeat(used: House, tmp_path: Path) -> None:
    copy = tmp_path / "backup"
    with used.opened() as shop:
        assert backup(shop.ledger, shop.home, copy, shop.clock()) == 4
        assert backup(shop.ledger, shop.home, copy, shop.clock()) == 4
    sent = len(used.smtp.received)
    used.home.rename(tmp_path / "lost")
    copy.rename(used.home)
    assert whole(used) == []
    with pytest.raises(OperatorFault, match="rebuild_first"):
        used.poll(NIGHT + timedelta(hours=1))
    with used.opened(NIGHT + timedelta(hours=1)) as shop:
        assert rebuild(shop).known == 4
    used.poll(NIGHT + timedelta(hours=1))
    assert used.nightly(NIGHT) is None
    assert len(used.smtp.received) == sent


def test_who_sat_at_the_desk_comes_back_by_name_alone(
    used: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ayse, veli = (Person(name, Role.CLERK, "kept as a hash", "kept secret") for name in ("ayse", "veli"))
    for one in (ayse, veli):
        People(Home(used.home)).put(one)
    with used.opened() as shop:
        backup(shop.ledger, shop.home, tmp_path / "backup", shop.clock())
    used.home.rename(tmp_path / "lost")
    (tmp_path / "backup").rename(used.home)
    people = People(Home(used.home))
    assert people.all() == {}, "somebody may have left since"
    assert run(["rebuild", "--settings", str(used.file)]) == DONE
    assert "ayse, veli" in capsys.readouterr().out
    take_back = ["desk", "--settings", str(used.file), "user", "take-back"]
    assert run([*take_back, "zeynep"]) == BAD_CONFIGURATION
    assert run([*take_back, "ayse"]) == DONE
    assert people.all() == {"ayse": ayse}
    assert run(take_back) == DONE
    assert "veli (clerk)" in capsys.readouterr().out
    assert used.ask("SELECT about FROM audit WHERE event='desk user taken back as clerk'") == [("ayse",)]
    # Whoever is removed after all is not offered again as the backup knew them.
    people.remove("ayse")
    assert set(people.kept) == {"veli"}
    assert run([*take_back, "ayse"]) == BAD_CONFIGURATION
    assert run([*take_back, "veli"]) == DONE
    assert not (used.home / PEOPLE_KEPT).exists()


def test_a_backup_keeps_its_secrets(used: House, tmp_path: Path) -> None:
    told = used.command("backup", str(tmp_path / "b"))
    assert told.returncode == 0
    files = [f for f in (tmp_path / "b").rglob("*") if f.is_file()]
    assert {f.name for f in files} >= {"ledger.db", "key"}
    assert all(f.stat().st_mode & 0o077 == 0 for f in files)
    ledger = Ledger.open(tmp_path / "b" / "ledger.db", Home(tmp_path / "b").key)
    assert list(broken_links(ledger, Home(tmp_path / "b"))) == []
    ledger.close()


def test_a_backup_takes_nobodys_place(used: House, tmp_path: Path) -> None:
    """A slip of the hand must not turn a home in use, or another office's backup, into this one's."""
    before = (used.home / "ledger.db").read_bytes()
    for folder in (used.home, used.home / "yedek", used.home / "mail" / ".." / "x"):
        told = used.command("backup", str(folder))
        assert (told.returncode, "içine yedek alınmaz" in told.stderr) == (78, True), folder
    assert (used.home / "ledger.db").read_bytes() == before
    assert not {"yedek", "x", "rebuild-first"} & set(os.listdir(used.home))
    assert used.command("status").returncode == 0
    # Another office's home, and its backup.
    other, theirs = tmp_path / "other", tmp_path / "theirs"
    other.mkdir(mode=0o700)
    Ledger.open(other / "ledger.db", Home(other).key).close()
    told = used.command("backup", str(other))
    assert (told.returncode, "çalışan bir kayıt klasörü" in told.stderr) == (78, True)
    with used.opened() as shop:
        backup(shop.ledger, shop.home, theirs, shop.clock())
    (theirs / "key").write_bytes(Home(other).key)
    kept = (theirs / "ledger.db").read_bytes()
    told = used.command("backup", str(theirs))
    assert (told.returncode, "başka bir birimin" in told.stderr) == (78, True)
    assert (theirs / "ledger.db").read_bytes() == kept


def test_a_backup_that_cannot_be_made_is_not_put_off_in_silence(used: House) -> None:
    """Under cron "try later" says nothing: night after night there would be no backup."""
    for place, why in (("/dev/null/yedek", "klasör değil, dosya"), ("/proc/yedek", "böyle bir dosya ya da")):
        told = used.command("backup", place)
        assert (told.returncode, why in told.stderr) == (78, True), told.stderr
        assert "Yedek alınmadı" in told.stderr


def test_a_damaged_ledger_names_its_newest_backup(used: House, tmp_path: Path) -> None:
    target = tmp_path / "yedek"
    with used.opened() as shop:
        backup(shop.ledger, shop.home, target, shop.clock())
    damaged = bytearray((used.home / "ledger.db").read_bytes())
    damaged[4096:12288] = b"\xff" * 8192
    (used.home / "ledger.db").write_bytes(damaged)
    told = used.command("poll")
    assert told.returncode == 78
    assert f"son yedeği geri yükleyiniz: {target} (" in told.stderr
    assert (used.home / "ledger.db").read_bytes() == damaged
