"""Many offices on one host: none waits for another, shares anything with it, or is told of its people."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.commands import rounds
from pipeline.commands.rounds import is_night_near, night_after
from pipeline.domain.faults import OperatorFault
from pipeline.office.last_settings import recall, remember
from pipeline.office.offices import Branch, load_offices
from pipeline.office.settings import load_settings
from pipeline.review.overview import look_at
from tests.house import COMMAND, LATE_NIGHT, House, body
from tests.mails import ISTANBUL
from tests.office_days import an_office
from tests.people import PEOPLE
from tests.servers import Certificates, Dovecot, RecordingSmtp
from tests.serving import serving, until

LIST = "accepted/ordinary-single-list"


@pytest.fixture
def offices(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: object
) -> Iterator[Callable[[str], House]]:
    """Founds offices by name, each with a mailbox of its own, their settings in one folder."""
    (tmp_path / "offices").mkdir()
    with RecordingSmtp(certificates) as smtp:

        def found(name: str, more: str = "") -> House:
            folder = tmp_path / name
            folder.mkdir()
            house = House(
                folder,
                dovecot.account(),
                smtp,
                readers,
                morning=datetime.now(ISTANBUL),  # type: ignore[arg-type]
            )
            settle_in(house, name, more)
            return house

        yield found


def settle_in(house: House, name: str, more: str = "") -> Path:
    """Writes an office's settings into the folder of all; its own address is its own."""
    house.write()
    text = house.file.read_text().replace("nes@saglik.example.org", f"nes-{name}@saglik.example.org")
    file = house.folder.parent / "offices" / f"{name}.toml"
    # All at once: who serves them may look at any moment.
    written = file.with_name(f".{name}.new")
    written.write_text(text + LATE_NIGHT + more)
    return written.replace(file)


def test_a_hung_server_and_wrong_settings_delay_no_other_office(
    offices: Callable[[str], House], tmp_path: Path
) -> None:
    well, hung, wrong = offices("adana"), offices("bursa"), offices("corum")
    folder = tmp_path / "offices"
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        # It takes the connection and never says a word, longer than any test lasts.
        settle_in(replace(hung, imap_port=deaf.getsockname()[1], seconds=3000), "bursa")
        (folder / "corum.toml").write_text("home = 1\n")
        well.deliver(LIST)
        with serving("--offices", str(folder)) as process:
            until(lambda: len(well.smtp.received) == 1)
            assert {letter["From"] for letter in well.letters()} != set()
            # Put right, it takes its turn without a new start.
            settle_in(wrong, "corum")
            wrong.deliver(LIST)
            until(lambda: len(well.smtp.received) == 2)
            assert hung.home.exists()
            process.send_signal(signal.SIGTERM)
            # Whoever waits for a deaf server ends with its connection.
            deaf.close()
            subprocess.run(["pkill", "-KILL", "-f", str(folder / "bursa.toml")], check=False)
            out, err = process.communicate(timeout=240)
    assert process.returncode == 0
    assert out.count("\n") == 1
    assert err.startswith("corum: ")
    assert str(folder / "corum.toml") in err
    assert err.count("corum: ") == 1, err

    seen = {office["name"]: office for office in json.loads(status(folder, "--json").stdout)}
    assert (seen["adana"]["outcomes"], seen["adana"]["is_well"]) == ({"accepted": 1}, True)
    assert seen["corum"]["outcomes"] == {"accepted": 1}
    assert seen["bursa"]["outcomes"] == {}

    page = tmp_path / "page.html"
    told = status(folder).stdout + status(folder, "--page", str(page)).stdout + page.read_text()
    assert "adana" in told
    assert "iyi" in told.casefold()
    assert not re.search(r"\w@\w|\b[GN]-[0-9A-Z]{8}\b|\d{11}", told)
    assert not [person for person in PEOPLE if person.family_name in told]

    figures = (well.home / "metrics.prom").read_text().splitlines()
    assert 'nes_intake_mails_total{office="adana",outcome="accepted"} 1' in [
        line.removesuffix(".0") for line in figures
    ]


def test_the_unit_of_an_office_whose_settings_break_is_told_and_nobody_else(
    offices: Callable[[str], House], tmp_path: Path
) -> None:
    houses = [offices(name) for name in ("adana", "bursa")]
    folder = tmp_path / "offices"
    files = [folder / f"{name}.toml" for name in ("adana", "bursa")]
    for file in files:
        own = file.read_text().replace("bilgi-islem@", f"bilgi-islem-{file.stem}@")
        file.write_text(own)
    good = [file.read_text() for file in files]

    def told() -> list[tuple[str, str]]:
        letters = [x for x in houses[0].letters() if x["X-NES-Intake"] in ("alarm", "all_clear")]
        return [(str(x["To"]), str(x["X-NES-Intake"])) for x in letters]

    with serving("--offices", str(folder)) as process:
        until(lambda: all((house.home / "settings-last").exists() for house in houses))
        # The one has lost its home's line with all the rest, the other takes the first one's for its own.
        files[0].write_text("[[accounts]\n")
        until(lambda: told() == [("bilgi-islem-adana@saglik.example.org", "alarm")])
        files[1].write_text(good[0].replace("own = ", "own = 1\nold = "))
        files[0].write_text(good[0])
        until(lambda: len(told()) == 3)
        process.send_signal(signal.SIGTERM)
        err = process.communicate(timeout=240)[1]
    assert sorted(told()) == [
        ("bilgi-islem-adana@saglik.example.org", "alarm"),
        ("bilgi-islem-adana@saglik.example.org", "all_clear"),
        ("bilgi-islem-bursa@saglik.example.org", "alarm"),
    ]
    alarm = next(body(letter) for letter in houses[0].letters() if letter["X-NES-Intake"] == "alarm")
    assert "ayar dosyasındaki yanlışı" in alarm
    assert str(folder) not in alarm
    assert [line.split(":")[0] for line in err.splitlines()] == ["adana", "bursa"], err


def test_an_office_is_known_by_its_own_last_settings_alone(offices: Callable[[str], House]) -> None:
    one = offices("adana")
    file = one.folder.parent / "offices" / "adana.toml"
    settings = load_settings(file)
    settings.home.mkdir()
    assert recall(file, None) is None
    remember(settings, file)
    file.write_text(f'home = "{settings.home}"\nunit = 3\n')
    # A turn that began before the file was broken may end behind that.
    remember(settings, file)
    known = recall(file, None)
    assert known
    assert known.addresses == settings.addresses
    # A file that takes another office's home has never worked there.
    other = file.with_name("bursa.toml")
    other.write_text(file.read_text())
    assert recall(other, None) is None
    assert "gizli" not in (settings.home / "settings-last").read_text()


def status(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), "status", "--offices", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_host_without_a_process_left_makes_an_office_wait_and_ends_no_service(
    offices: Callable[[str], House], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offices("adana")
    said: list[tuple[str, bool]] = []
    turns = rounds.Rounds(
        tmp_path / "offices", lambda name, _, is_complaint: said.append((name, is_complaint))
    )

    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "no process left")

    monkeypatch.setattr(rounds.subprocess, "Popen", full)
    turns.tick()
    turns.tick()
    assert said == [("adana", True)]


def test_settings_that_nobody_has_touched_are_not_read_again(
    offices: Callable[[str], House], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offices("adana")
    folder, read = tmp_path / "offices", list[Path]()
    monkeypatch.setattr(rounds, "load_offices", lambda f: (read.append(f), load_offices(f))[1])
    monkeypatch.setattr(rounds, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(rounds, "_begin", lambda _seat: None)
    turns = rounds.Rounds(folder, lambda *_: None)
    turns.tick()
    turns.tick()
    assert len(read) == 1
    (folder / "bursa.toml").write_text("home = 1\n")
    turns.tick()
    assert len(read) == 2
    # Who may read it is put right, or a copy of as many letters brings its old time along.
    before = (folder / "bursa.toml").stat()
    (folder / "bursa.toml").chmod(0o600)
    turns.tick()
    assert len(read) == 3
    # Times of files go by a clock that ticks a hundred times a second.
    time.sleep(0.05)
    (folder / "bursa.toml").write_text("home = 2\n")
    os.utime(folder / "bursa.toml", ns=(before.st_atime_ns, before.st_mtime_ns))
    turns.tick()
    assert len(read) == 4


def test_what_two_offices_share_stops_both_and_no_third(offices: Callable[[str], House]) -> None:
    one, third = offices("adana"), offices("corum")
    folder = one.folder.parent / "offices"
    (folder / "bursa.toml").write_text((folder / "adana.toml").read_text())

    told = {branch.name: branch for branch in load_offices(folder)}

    assert told["corum"].settings
    assert told["corum"].settings.home == third.home
    for name in ("adana", "bursa"):
        fault = told[name].fault
        assert told[name].settings is None
        assert fault
        assert fault.name == "offices_share"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("home = ", "home = ", "shared_home"),
        ("user = ", "user = ", "shared_mailbox"),
        ("own = ", "own = ", "shared_address"),
    ],
)
def test_each_thing_that_may_not_be_shared_is_named(
    old: str, new: str, kind: str, offices: Callable[[str], House]
) -> None:
    one = offices("adana")
    offices("bursa")
    folder = one.folder.parent / "offices"
    line = next(x for x in (folder / "adana.toml").read_text().splitlines() if x.startswith(old))
    text = (folder / "bursa.toml").read_text()
    (folder / "bursa.toml").write_text(
        re.sub(f"^{new}.*$", lambda _: line, text, count=1, flags=re.MULTILINE)
    )

    faults = {branch.fault.details["kind"] for branch in load_offices(folder) if branch.fault}

    assert faults == {kind}


def test_a_folder_without_offices_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault) as told:
        load_offices(tmp_path)
    assert told.value.name == "offices_none"


def test_no_night_is_passed_over_by_a_turn_that_it_falls_due_in(offices: Callable[[str], House]) -> None:
    house = offices("adana")
    settings = load_settings(house.folder.parent / "offices" / "adana.toml")
    hour = settings.schedule.night_at
    due = datetime(2024, 6, 14, hour.hour, hour.minute, tzinfo=settings.zone)
    # It looked at the clock before, whenever it ends.
    assert night_after(settings, due - timedelta(seconds=1)) == due
    assert night_after(settings, due) == due + timedelta(days=1)
    assert not is_night_near(due, due - timedelta(seconds=1))
    assert is_night_near(due, due)
    # A clock that went wrong by years for one turn takes no night from the right ones.
    assert is_night_near(due, due - timedelta(days=400))
    assert is_night_near(None, due)


def test_rules_that_are_wrong_from_the_first_day_on_are_told(
    offices: Callable[[str], House], tmp_path: Path
) -> None:
    """It has not merely not worked yet: it never will."""
    house, well = offices("adana"), offices("bursa")
    house.own_folders()
    (house.folder / "own" / "rules" / "calendar.toml").write_text("xx yy\n")
    settle_in(house, "adana", "")
    file = tmp_path / "offices" / "adana.toml"
    own = f'own_rules = "{house.folder / "own" / "rules"}"\n'
    file.write_text(own + file.read_text())
    said = status(tmp_path / "offices")
    assert said.returncode == 1
    first, second = said.stdout.splitlines()
    assert first.startswith("adana: SORUN: ")
    assert "calendar.toml" in first
    assert second == "bursa: henüz çalışmadı"
    assert not well.home.exists() or not (well.home / "ledger.db").exists()


def test_a_first_night_that_is_owed_is_seen_as_every_other(tmp_path: Path) -> None:
    with an_office(tmp_path) as shop:
        begun = datetime(2024, 6, 14, 9, tzinfo=UTC)
        branch = Branch("adana", tmp_path / "x.toml", shop.settings)
        shop.ledger.begin_run("poll", begun)
        assert look_at(branch, begun).is_well
        assert not look_at(branch, begun + timedelta(days=1)).is_well
