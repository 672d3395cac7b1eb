"""What lies in deploy/ starts and does what it says: units, lines for cron, the container, the dead-man."""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.house import COMMAND, ROOT, House
from tests.servers import Certificates
from tests.serving import until

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TIMERS = sorted((DEPLOY / "systemd").glob("*.timer"))
PROGRAM, SETTINGS = "/opt/nes-intake/.venv/bin/nes-intake", "/etc/nes-intake/settings.toml"
LIST = "accepted/ordinary-single-list"


def directives(unit: Path) -> dict[str, list[str]]:
    """Reads a unit: every directive with all its values."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def named(unit: str) -> dict[str, list[str]]:
    return directives(DEPLOY / "systemd" / unit)


# --- systemd -------------------------------------------------------------------------------------

_libc = ctypes.CDLL(None)
_PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE = 38, 65


def _as_the_unit_has_it() -> None:
    """What of a unit's hardening needs no service manager: umask, no new privileges, no writable code."""
    os.umask(0o077)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Kernels before 6.3 refuse it, and the unit's own filter does the same by other means.
    _libc.prctl(_PR_SET_MDWE, 1, 0, 0, 0)


class Manager:
    """Starts units as the service manager does: their command line, an empty environment, credentials."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.credentials = house.folder / "credentials"
        self.credentials.mkdir(mode=0o700)
        for file in ("imap-secret", "smtp-secret"):
            text = house.file.read_text(encoding="utf-8")
            secret = f"/etc/nes-intake/{file.removesuffix('secret')}parola"
            house.file.write_text(text.replace(str(house.folder / file), secret), encoding="utf-8")

    def command(self, unit: str) -> tuple[list[str], dict[str, str]]:
        """Gives what a unit runs, and in which environment."""
        told = named(unit)
        for line in told["LoadCredential"]:
            name, _, place = line.partition(":")
            assert Path(place).name == name
            secret = self.house.folder / name.replace("parola", "secret")
            (self.credentials / name).write_bytes(secret.read_bytes())
        (line,) = told["ExecStart"]
        words = [
            str(COMMAND) if w == PROGRAM else w.replace(SETTINGS, str(self.house.file))
            for w in shlex.split(line)
        ]
        return words, {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
            "LANG": "C.UTF-8",
            "CREDENTIALS_DIRECTORY": str(self.credentials),
        }

    def start(self, unit: str) -> subprocess.CompletedProcess[str]:
        """Runs a unit to its end."""
        words, environment = self.command(unit)
        return subprocess.run(
            words, env=environment, cwd="/", capture_output=True, text=True, timeout=240, check=False,
            preexec_fn=_as_the_unit_has_it,
        )  # fmt: skip


@pytest.fixture
def manager(house: House) -> Manager:
    return Manager(house)


def test_the_units_for_cron_like_work_do_a_day_and_a_night(manager: Manager) -> None:
    house = manager.house
    house.deliver(LIST, "held/colleague", "accepted/list-then-receipt/2-receipt")
    polled = manager.start("nes-intake-poll.service")
    accepted = {0, *map(int, named("nes-intake-poll.service")["SuccessExitStatus"][0].split())}
    assert polled.returncode in accepted, polled
    assert polled.stderr == ""
    assert "Alınan ileti: 3" in polled.stdout
    closed = manager.start("nes-intake-nightly.service")
    assert (closed.returncode, closed.stderr) == (0, ""), closed
    assert "Gece kapandı" in closed.stdout
    kinds = [str(letter["X-NES-Intake"]) for letter in house.letters()]
    assert kinds[-2:] == ["batch", "nightly"]
    made = [path for path in house.home.rglob("*") if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    assert made == []


def test_without_its_credentials_a_unit_does_not_start(manager: Manager) -> None:
    words, environment = manager.command("nes-intake-poll.service")
    del environment["CREDENTIALS_DIRECTORY"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 78
    assert "/etc/nes-intake/imap-parola" in done.stderr


@contextmanager
def listening(folder: Path) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """The socket on which a service manager hears its services."""
    path = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        sock.setblocking(False)
        heard: list[str] = []

        def so_far() -> list[str]:
            while True:
                try:
                    heard.append(sock.recv(200).decode())
                except BlockingIOError:
                    return heard

        yield str(path), so_far


def test_the_unit_that_serves_says_when_it_is_ready_that_it_lives_and_that_it_stops(manager: Manager) -> None:
    assert named("nes-intake-serve.service")["Type"] == ["notify"]
    house = manager.house
    house.deliver(LIST)
    words, environment = manager.command("nes-intake-serve.service")
    with listening(house.folder) as (address, heard):
        environment |= {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "300000"}
        process = subprocess.Popen(
            words, env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=_as_the_unit_has_it,
        )  # fmt: skip
        try:
            until(lambda: heard().count("WATCHDOG=1") > 2 and len(house.smtp.received) == 1)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=240)
        finally:
            process.kill()
        assert (process.returncode, err) == (0, "")
        assert heard()[0] == "READY=1"
        assert heard()[-1] == "STOPPING=1"


def test_into_the_journal_each_line_has_its_rank_and_its_values(manager: Manager, tmp_path: Path) -> None:
    """systemd names the stream that is its journal; a file does for it."""
    words, environment = manager.command("nes-intake-poll.service")
    with (tmp_path / "journal").open("w+") as journal:
        state = os.fstat(journal.fileno())
        environment["JOURNAL_STREAM"] = f"{state.st_dev}:{state.st_ino}"
        subprocess.run(words, env=environment, stdout=journal, stderr=journal, timeout=240, check=True)
        words[-1] = "/yok/ayarlar.toml"
        subprocess.run(words, env=environment, stdout=journal, stderr=journal, timeout=240, check=False)
        journal.seek(0)
        polled, wrong = journal.read().splitlines()
    assert polled.startswith("<6>Alınan ileti: 0")
    assert polled.endswith("[polled heard=0 decided=0 shunted=0 posted=0]")
    assert wrong.startswith("<3>/yok/ayarlar.toml: ayar dosyası yok")


needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed: apt-get install systemd"
)


@needs_systemd
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    # Where nothing is installed, only the program's own place is not there to be found.
    for unit in (*UNITS, *TIMERS):
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    ours = [line for line in said.stderr.splitlines() if "nes-intake" in line]
    assert (said.returncode, ours) == (0, []), said.stderr


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_little_is_left_open_to_a_unit(unit: Path) -> None:
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", str(unit)],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout.splitlines()[-1]


def test_the_timers_start_units_that_are_there_at_the_hours_of_the_settings() -> None:
    assert {t.stem for t in TIMERS} < {u.stem for u in UNITS}
    (every,) = named("nes-intake-poll.timer")["OnCalendar"]
    (night,) = named("nes-intake-nightly.timer")["OnCalendar"]
    example = (DEPLOY / "settings.example.toml").read_text(encoding="utf-8")
    assert every == f"*:0/{re.search(r'poll_every_minutes = ([0-9]+)', example)[1]}"  # type: ignore[index]
    assert f" {re.search(r'night_at = ([0-9]+:[0-9]+)', example)[1]}:" in night  # type: ignore[index]
    assert night.endswith(" Europe/Istanbul")
    assert named("nes-intake-nightly.timer")["Persistent"] == ["yes"]


def test_a_night_that_could_not_be_closed_is_tried_again_and_wrong_settings_are_not() -> None:
    nightly = named("nes-intake-nightly.service")
    assert nightly["Restart"] == ["on-failure"]
    assert "75" not in nightly["SuccessExitStatus"][0].split()
    for unit in ("nes-intake-nightly.service", "nes-intake-serve.service"):
        assert named(unit)["RestartPreventExitStatus"] == ["78"]


# --- cron ----------------------------------------------------------------------------------------


def cron_lines() -> list[tuple[str, str, str]]:
    """Reads the lines of work: when, who, what."""
    lines = (DEPLOY / "cron" / "nes-intake").read_text(encoding="utf-8").splitlines()
    return [
        (" ".join(fields[:5]), fields[5], fields[6])
        for line in lines
        if re.match(r"[*\d]", line)
        for fields in (line.split(None, 6),)
    ]


def test_the_lines_for_cron_do_a_day_and_a_night(house: House) -> None:
    text = (DEPLOY / "cron" / "nes-intake").read_text(encoding="utf-8")
    environment = dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", text))
    assert environment.pop("NES_INTAKE_SETTINGS") == SETTINGS
    logger = house.folder / "logger"
    logger.write_text(f"#!/bin/sh\ncat >> {house.folder}/log\n", encoding="utf-8")
    logger.chmod(0o755)
    environment["PATH"] = f"{house.folder}:{environment['PATH']}"
    environment["NES_INTAKE_SETTINGS"] = str(house.file)
    house.deliver(LIST)
    for _, user, command in cron_lines():
        assert user == "nes-intake"
        assert "%" not in command  # to cron it is the end of the line
        given = [f"{name}={value}" for name, value in environment.items()]
        words = ["env", "-i", *given, environment["SHELL"], "-c", command.replace(PROGRAM, str(COMMAND))]
        done = subprocess.run(words, cwd="/", capture_output=True, text=True, timeout=240, check=False)
        # Whatever is printed becomes a mail every five minutes.
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [str(letter["X-NES-Intake"]) for letter in house.letters()] == ["accepted", "batch", "nightly"]
    log = (house.folder / "log").read_text(encoding="utf-8").splitlines()
    assert len(log) == len(cron_lines()) == 3
    assert log[0].startswith("Alınan ileti: 1")
    assert "daha önce kapanmış" in log[2]


def test_every_hour_of_cron_is_one() -> None:
    for when, _, _ in cron_lines():
        for field, most in zip(when.split(), (59, 23, 31, 12, 7), strict=True):
            assert re.fullmatch(r"\*(/\d+)?|\d+(,\d+)*", field), field
            assert all(int(n) <= most for n in re.findall(r"\d+", field))


# --- the container -------------------------------------------------------------------------------


def steps() -> list[tuple[str, str]]:
    """Reads the container file: instruction and rest, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Containerfile").read_text(encoding="utf-8"))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and line[0] != "#"]  # type: ignore[misc]


@pytest.mark.skipif(not (ROOT / ".venv" / ".done").exists(), reason="the environment was not made by make")
def test_the_steps_of_the_container_lead_to_a_working_command(tmp_path: Path) -> None:
    """Without an engine: what is copied is copied, what is run is run, on the packages that are here."""
    place = tmp_path / "opt"
    place.mkdir()
    (place / ".venv").symlink_to(ROOT / ".venv")
    told = steps()
    assert told[0][0] == "FROM"
    for instruction, rest in told:
        if instruction == "COPY":
            *sources, target = rest.split()
            for source in sources:
                found = ROOT / source
                if found.is_dir():
                    skip = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(found, place / target, ignore=skip)
                else:
                    shutil.copy(found, place / target)
        elif instruction == "RUN" and "apt-get" in rest:
            # The machine of these tests has them: make could not have come so far.
            assert {"make", "python3", "ca-certificates"} <= set(rest.split())
        elif instruction == "RUN":
            # With nothing to set up anew, for that takes a network and a minute.
            for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
                os.utime(place / name, (0, 0))
            done = subprocess.run(rest, shell=True, cwd=place, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    (command,) = [rest for instruction, rest in told if instruction == "CMD"]
    words = re.findall(r'"([^"]+)"', command)
    assert words == ["make", "demo"]
    done = subprocess.run([*words, "-n"], cwd=place, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if "nes-intake" in line]
    assert line == ".venv/bin/nes-intake demo"
    # What the demo and the tests read is in the container.
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    folders = {name.split("/")[0] for name in tracked.stdout.splitlines() if "/" in name} - {".ci"}
    assert {name for name in folders if not (place / name).exists()} == set()


# --- the dead-man --------------------------------------------------------------------------------


def asked(house: House, certificates: Certificates, *more: str) -> tuple[int, str]:
    secret = house.folder / "imap-secret"
    words = [sys.executable, "-I", str(DEPLOY / "dead-man"), "127.0.0.1", house.box.user, str(secret)]
    place = ["--port", str(house.box.server.tls_port), "--ca-file", str(certificates.ca_file)]
    done = subprocess.run([*words, *place, *more], capture_output=True, text=True, timeout=240, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_dead_man_is_missed_from_another_host(house: House, certificates: Certificates) -> None:
    assert asked(house, certificates)[0] == 2
    # The unit's own mailbox: the report as it was sent, and older ones.
    house.nightly()
    (report,) = house.smtp.received
    now = datetime.now(UTC)
    house.box.deliver(report.raw, now - timedelta(hours=40))
    code, said = asked(house, certificates)
    assert code == 2
    assert said.startswith("CRITICAL: the newest report is 40.0 hours old: ")
    house.box.deliver(report.raw, now - timedelta(hours=3))
    house.box.deliver(b"Subject: Gece raporu 99\r\n\r\nnot one of ours\r\n", now)
    code, said = asked(house, certificates)
    assert (code, said[:36]) == (0, "OK: the newest report is 3.0 hours o")
    assert "Gece raporu" in said
    # It looks without leaving a mark.
    assert set(map(frozenset, house.box.flags().values())) == {frozenset()}


def test_a_dead_man_who_cannot_look_says_so(house: House, certificates: Certificates) -> None:
    code, said = asked(house, certificates, "--folder", "Yok")
    assert (code, said.startswith("UNKNOWN: ")) == (3, True)
    (house.folder / "imap-secret").write_text("yanlis", encoding="utf-8")
    code, said = asked(house, certificates)
    assert (code, "yanlis" in said) == (3, False)
