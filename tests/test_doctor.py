"""doctor: what it finds on real servers, a disk and in the books, what it says, and that nothing changes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.cli import run
from pipeline.ledger.custody import backup
from pipeline.office.console import BAD_CONFIGURATION, DONE, SET_ASIDE, TRY_LATER
from pipeline.policy.places import REPORTS, RULES
from pipeline.review import doctor
from pipeline.review.doctor import examine, in_words, title
from pipeline.sandbox.scanner import tesseract
from pipeline.sandbox.workers import WorkerPool
from tests.house import COPIES, COPIES_FOLDER, EVIDENCE, FOLDERS, MORNING, OWN, House
from tests.saboteurs import Without
from tests.servers import Certificates, Dovecot, RecordingSmtp, free_ports

WORDS = tomllib.loads((REPORTS / "doctor.toml").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def one_sandbox(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Tries the doors of the sandbox in one test only: it takes a second, and is always the same."""
    if "sandbox" not in request.node.name:
        monkeypatch.setattr(doctor, "sandbox_report", lambda: {"seccomp": True})


@pytest.fixture
def secure(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: WorkerPool
) -> Iterator[House]:
    """A house whose servers want TLS and log-ins, and whose own address is delivered."""
    with RecordingSmtp(certificates, "starttls", user="nes", password="gizli söz") as smtp:
        house = House(tmp_path, dovecot.account(), smtp, readers, tls=True)
        smtp.homes = {OWN: (house.box, "INBOX")}
        yield house


def found(house: House, now: datetime = MORNING) -> dict[str, Any]:
    """Gives the lines by check; the last one where a check has several."""
    return {line.check: line for line in examine(house.file, now)}


def asked(
    house: House, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, dict[str, str]]]:
    code = run(["doctor", "--settings", str(house.file), "--json", *words])
    said = capsys.readouterr()
    assert said.err == ""
    return code, {line["check"]: line for line in json.loads(said.out)}


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(file.relative_to(folder)): (file.stat().st_mtime_ns, file.read_bytes() if file.is_file() else b"")
        for file in sorted(folder.rglob("*"))
    }


def back_up(house: House, moment: datetime) -> None:
    with house.opened(moment) as shop:
        backup(shop.ledger, shop.home, house.folder / "yedek", shop.clock())


# --- all well ------------------------------------------------------------------------------------


def test_the_command_finds_a_new_office_well_but_for_what_is_not_known_yet(secure: House) -> None:
    """The sandbox and all else, by the real command; prices and bridge days of today nobody knows."""
    said = secure.command("doctor")
    assert (said.returncode, said.stderr) == (SET_ASIDE, "")
    *lines, total = said.stdout.splitlines()
    # In December the days of the year to come are asked for as well.
    warned = [line.split()[1] for line in lines if line.startswith("uyarı")]
    assert list(dict.fromkeys(warned)) == ["Gönderenler", "Tarife", "Takvim"]
    assert total == f"0 hata, 0 sorun, {len(warned)} uyarı."
    for part in ("MOVE", "NES/Kabul", "tesseract", "32 MB", "sertifika", "denenen bütün kapılar kapalı"):
        assert part in said.stdout, part
    # It looked, and made nothing.
    assert not secure.home.exists()
    assert secure.smtp.received == []
    assert not {name for name in secure.box.folders() if name.startswith("NES")}


def test_nothing_is_changed_where_work_was_done(secure: House) -> None:
    secure.deliver("accepted/ordinary-single-list")
    secure.poll()
    before, sent = snapshot(secure.home), len(secure.smtp.received)
    # The servers of the house tell the time of its day.
    secure.smtp.clock = MORNING
    lines = found(secure)
    assert snapshot(secure.home) == before
    assert len(secure.smtp.received) == sent
    assert (lines["ledger"].says, lines["home"].says, lines["tariff"].says) == ("ok", "ok", "ok")
    assert (lines["calendar"].says, lines["folders"].says) == ("ok", "to_be_made")
    assert {line.grade for line in lines.values()} == {"ok", "warning"}
    assert [check for check, line in lines.items() if line.grade == "warning"] == ["senders", "backup"]


def test_all_is_well(secure: House, capsys: pytest.CaptureFixture[str]) -> None:
    text = secure.file.read_text(encoding="utf-8")
    named = 'trusted_servers = ["mx.saglik.example.org"]\n\n[[accounts]]'
    secure.file.write_text(text.replace("[[accounts]]", named), encoding="utf-8")
    secure.poll()
    back_up(secure, MORNING)
    for folder in FOLDERS.values():
        secure.box.make(folder)
    noon = secure.smtp.clock = MORNING.replace(hour=12)
    lines = list(examine(secure.file, noon))
    assert [line for line in lines if line.grade != "ok"] == []
    assert doctor.exit_code(lines) == DONE
    assert capsys.readouterr().out == ""


# --- what is wrong -------------------------------------------------------------------------------


def test_without_settings_nothing_else_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--settings", "/yok/ayarlar.toml"]) == BAD_CONFIGURATION
    said = capsys.readouterr()
    assert "/yok/ayarlar.toml: ayar dosyası yok" in said.out
    assert "IMAP" not in said.out


def test_servers_that_are_away_are_75(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    imap, smtp = free_ports(2)
    code, lines = asked(replace(house, imap_port=imap, smtp_port=smtp), capsys)
    assert code == TRY_LATER
    assert lines["imap"]["grade"] == lines["smtp"]["grade"] == "later"
    assert "Sunucuya ulaşılamıyor" in lines["smtp"]["says"]


def test_passwords_that_are_refused_are_78(secure: House, capsys: pytest.CaptureFixture[str]) -> None:
    (secure.folder / "imap-secret").write_text("yanlis-bir", encoding="utf-8")
    (secure.folder / "smtp-secret").write_text("yanlis-iki", encoding="utf-8")
    code, lines = asked(secure, capsys, "--probe")
    assert code == BAD_CONFIGURATION
    for check in ("imap", "smtp"):
        assert lines[check]["grade"] == "wrong"
        assert "parolayı kabul etmiyor" in lines[check]["says"]
        assert "yanlis" not in lines[check]["says"]
    # Nobody is written to with a password that does not hold.
    assert "probe" not in lines


def test_a_certificate_of_somebody_else_is_78(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: WorkerPool
) -> None:
    with RecordingSmtp(certificates, "tls", wrong_name=True) as smtp:
        lines = found(House(tmp_path, dovecot.account(), smtp, readers))
    assert (lines["smtp"].says, lines["smtp"].grade) == ("fault", "wrong")


def test_a_certificate_that_ends_soon(secure: House) -> None:
    ends = MORNING + timedelta(days=3, hours=1)
    line = doctor._certificate("smtp_tls", "posta", ends, MORNING)
    assert (line.grade, in_words(line)) == (
        "warning",
        "posta: sertifika 3 gün sonra bitiyor. Sunucu yöneticisine bildiriniz.",
    )
    # The end is read from what the server showed: the authority of these tests gives a long time.
    assert found(secure)["imap_tls"].values["days"] > 1000
    assert found(secure)["smtp_tls"].values["days"] > 1000


@pytest.mark.parametrize(("missing", "says"), [((b"MOVE",), "uidplus"), ((b"MOVE", b"UIDPLUS"), "neither")])
def test_what_the_mailbox_cannot_do(house: House, missing: tuple[bytes, ...], says: str) -> None:
    with Without(house.box.server.port, *missing) as proxy:
        assert found(house.through(proxy.port))["imap_moving"].says == says


def test_an_address_that_may_not_be_written_under(house: House) -> None:
    house.smtp.fail("MAIL", "550 5.7.1 not yours")
    line = found(house)["smtp"]
    assert (line.says, line.grade) == ("sender", "wrong")
    assert "not yours" in in_words(line)


def test_a_small_limit_for_letters(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: WorkerPool
) -> None:
    with RecordingSmtp(certificates, size_limit=5_000_000) as smtp:
        line = found(House(tmp_path, dovecot.account(), smtp, readers))["smtp_size"]
    assert (line.says, line.values["megabytes"]) == ("small", 4)


@pytest.mark.parametrize(
    ("banner", "says"),
    [
        ("220 mx ESMTP ready", "untold"),
        ("220 mx Microsoft ESMTP MAIL Service ready at Fri, 14 Jun 2024 09:00:20 +0300", "ok"),
        ("220 mx ESMTP Sendmail; Fri, 14 Jun 2024 10:00:00 +0300", "differs"),
    ],
)
def test_the_clock_is_compared_where_the_server_tells_the_time(banner: str, says: str) -> None:
    assert doctor._clock(banner, MORNING).says == says


def test_files_that_others_may_read(house: House) -> None:
    house.poll()
    (house.folder / "imap-secret").chmod(0o644)
    house.home.chmod(0o755)
    lines = found(house)
    assert (lines["secrets"].says, lines["home"].says) == ("open", "open")
    assert "chmod 600" in in_words(lines["secrets"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_that_a_command_of_roots_has_left(house: House) -> None:
    house.poll()
    os.chown(house.home / "ledger.db", 65534, 65534)
    line = found(house)["home"]
    assert (line.says, line.values["names"]) == ("files_not_ours", "ledger.db")
    os.chown(house.home, 65534, 65534)
    assert found(house)["home"].says == "not_ours"


def test_a_damaged_ledger_a_new_one_and_one_from_the_future(house: House) -> None:
    assert found(house)["ledger"].says == "to_be_made"
    house.poll()
    with sqlite3.connect(house.home / "ledger.db") as connection:
        connection.execute("PRAGMA user_version=999")
    assert found(house)["ledger"].says == "newer"
    (house.home / "ledger.db").write_bytes(b"no ledger at all" * 500)
    line = found(house)["ledger"]
    assert (line.says, line.grade) == ("damaged", "wrong")


def test_a_clock_behind_the_last_night(house: House) -> None:
    house.poll()
    house.nightly()
    says = [line.says for line in examine(house.file, MORNING - timedelta(days=1)) if line.check == "clock"]
    assert "behind" in says


def test_backups_grow_old(house: House) -> None:
    house.poll()
    assert found(house)["backup"].says == "never"
    back_up(house, MORNING)
    assert found(house, MORNING)["backup"].says == "ok"
    assert found(house, MORNING + timedelta(days=9))["backup"].says == "old"


def test_rules_that_do_not_load(house: House) -> None:
    rules = house.folder / "rules"
    shutil.copytree(RULES, rules)
    (rules / "receipt" / "amount.toml").write_text("broken", encoding="utf-8")
    house.file.write_text(f'rules = "{rules}"\n' + house.file.read_text("utf-8"), encoding="utf-8")
    lines = [line for line in examine(house.file, MORNING) if line.check == "policy"]
    assert [(line.says, line.grade) for line in lines] == [("wrong", "wrong"), ("never_good", "wrong")]
    assert "amount.toml" in in_words(lines[0])


def test_a_disk_with_little_room(house: House) -> None:
    house = replace(house, more="[monitoring]\nfree_megabytes = 999999999\n")
    line = found(house)["disk"]
    assert (line.says, line.grade) == ("full", "later")


def test_ocr_that_is_not_there(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "_LIBRARY", "libforgotten.so.5")
    line = found(house)["ocr"]
    assert (line.says, line.grade) == ("missing", "wrong")


def test_a_sandbox_with_open_doors(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "sandbox_report", lambda: {"seccomp": False, "rlimits": True})
    line = found(house)["sandbox"]
    assert (line.grade, "seccomp" in in_words(line), "rlimits" in in_words(line)) == ("warning", True, False)


def test_rules_that_never_were_in_force_are_not_said_to_go_on(house: House) -> None:
    house.own_folders()
    (house.folder / "own" / "rules" / "calendar.toml").write_text("xx yy\n")
    # Whoever looks at an office that has not begun leaves a ledger with nothing in it.
    run(["status", "--settings", str(house.file)])
    lines = [line for line in examine(house.file, MORNING) if line.check == "policy"]
    assert [(line.says, line.grade) for line in lines] == [("wrong", "wrong"), ("never_good", "wrong")]


# --- the probe -----------------------------------------------------------------------------------


def test_a_mail_to_ourselves_goes_the_whole_way_and_is_taken_away(
    secure: House, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = asked(secure, capsys, "--probe")
    assert code == SET_ASIDE
    assert lines["probe"]["found"] == "ok"
    # INTERNALDATE against our clock: the same machine.
    assert re.fullmatch(r"Sunucunun saatiyle fark [0-5] saniye\.", lines["clock"]["says"])
    assert secure.box.mails() == []
    (sent,) = secure.letters()
    assert (sent["To"], sent["Auto-Submitted"], sent["X-NES-Intake"]) == (OWN, "auto-generated", "probe")


def test_a_mail_that_does_not_come_is_missed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = asked(house, capsys, "--probe", "--seconds", "1")
    assert (code, lines["probe"]["found"]) == (TRY_LATER, "lost")
    assert OWN in lines["probe"]["says"]


def test_a_copy_is_proved_to_come_into_its_folder_and_taken_away(
    secure: House, capsys: pytest.CaptureFixture[str]
) -> None:
    secure.more = EVIDENCE
    secure.write()
    secure.smtp.homes[COPIES] = (secure.box, COPIES_FOLDER)
    secure.box.make(COPIES_FOLDER)
    code, lines = asked(secure, capsys, "--probe")
    assert (code, lines["probe"]["found"], lines["probe_copy"]["found"]) == (SET_ASIDE, "ok", "ok")
    assert COPIES_FOLDER in lines["probe_copy"]["says"]
    assert [sent["To"] for sent in secure.letters()] == [OWN, COPIES]
    assert secure.box.mails() == secure.box.mails(COPIES_FOLDER) == []


@pytest.mark.parametrize(("folder", "says"), [(None, "lost"), ("INBOX", "astray")])
def test_a_copy_that_goes_elsewhere_is_told(
    folder: str | None, says: str, secure: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever else has that address reads a copy of every letter."""
    secure.more = EVIDENCE
    secure.write()
    if folder:
        secure.smtp.homes[COPIES] = (secure.box, folder)
    code, lines = asked(secure, capsys, "--probe", "--seconds", "3")
    assert (code, lines["probe"]["found"], lines["probe_copy"]["found"]) == (TRY_LATER, "ok", says)
    assert COPIES in lines["probe_copy"]["says"]
    assert secure.box.mails() == []


def test_a_server_whose_clock_is_wrong_is_found_out(
    secure: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = secure.box.deliver
    late = datetime.now(UTC) + timedelta(minutes=20)
    monkeypatch.setattr(secure.box, "deliver", lambda raw, folder: deliver(raw, late, folder))
    code, lines = asked(secure, capsys, "--probe")
    assert (code, lines["clock"]["found"]) == (BAD_CONFIGURATION, "differs")


def test_a_poll_that_meets_the_probe_answers_nobody(
    secure: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mail is delivered late; a run meets it first, knows it for our own, and files it."""
    kept = secure.smtp.homes.pop(OWN)

    def deliver_late() -> None:
        end = time.monotonic() + 240
        while not secure.smtp.received and time.monotonic() < end:
            time.sleep(0.05)
        kept[0].deliver(secure.smtp.received[0].raw)
        secure.poll(datetime.now(UTC))

    late = threading.Thread(target=deliver_late)
    late.start()
    code, lines = asked(secure, capsys, "--probe", "--seconds", "240")
    late.join()
    secure.poll(datetime.now(UTC))
    assert (code, lines["probe"]["found"]) == (SET_ASIDE, "ok")
    assert len(secure.letters()) == 1
    assert secure.filed() == {}
    for outcome, silence in secure.ask("SELECT outcome, silence FROM decision"):
        assert (outcome, silence) == ("ignored", "loop")
    assert secure.ask("SELECT count(*) FROM letter") == secure.ask("SELECT count(*) FROM entry") == [(0,)]


# --- words ---------------------------------------------------------------------------------------


def test_every_line_has_its_words() -> None:
    """Whatever a check may say stands in reports/doctor.toml, and nothing else does."""
    source = Path(doctor.__file__).read_text(encoding="utf-8")
    said = set(re.findall(r'Line\(\s*"(\w+)", "(\w+)"', source))
    said |= {("senders", "ok"), ("senders", "not_required")}
    said |= {("ocr", "without_turkish"), ("ocr", "missing")}
    said |= {("second_engine", "missing"), ("second_engine", "altered")}
    said |= {
        (check, says) for check in ("imap_tls", "smtp_tls", "readers_tls") for says in ("none", "ends", "ok")
    }
    said |= {(check, "fault") for check in ("imap", "smtp", "probe", "probe_copy")}
    said |= {(check, says) for check in ("probe", "probe_copy") for says in ("ok", "lost", "not_taken")}
    sections = ("grades", "titles", "totals", "mail", "readers_parts")
    told = {(check, says) for check, texts in WORDS.items() if check not in sections for says in texts}
    assert said == told
    assert {check for check, _ in told} == set(WORDS["titles"])
    assert all(title(check) for check in WORDS["titles"])
