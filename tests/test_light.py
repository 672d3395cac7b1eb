"""A program that cron starts all day: an idle poll glances and imports nothing heavy, and misses nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import Proved
from pipeline.ledger.home import Home
from pipeline.office import opening
from pipeline.office.glance import NOTE, glance, state_of_program
from pipeline.policy import policy
from pipeline.policy.places import RULES
from pipeline.policy.working_days import load_working_days
from tests.house import FIXTURES, House

LIST = "accepted/ordinary-single-list"
# What judges, writes, draws and keeps; an idle poll has no use for any of it.
HEAVY = set(
    "aiosmtpd apscheduler asyncio datasette defusedxml holidays jinja2 mailparser msoffcrypto numpy olefile "
    "openpyxl pandas pdfplumber pi_heif PIL pydantic pydantic_core pydantic_settings pymap pypdfium2 "
    "python_calamine rapidfuzz reportlab rich smtplib sqlite3 sqlite_utils stdnum tnefparse xlrd".split()
)
ASKED = """
import json, sys
from pipeline.commands.cli import run
code = run({words!r})
print(json.dumps([code, sorted(sys.modules)]))
"""


def modules_of(*words: str) -> tuple[int, set[str], str]:
    """Runs a command in a process of its own: its exit code, what it imported, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED.format(words=[*words])], capture_output=True, text=True, check=True
    )
    said, _, told = done.stdout.rstrip("\n").rpartition("\n")
    code, modules = json.loads(told)
    return code, set(modules), said


def heavy(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules} & HEAVY


def test_the_help_imports_no_command() -> None:
    code, modules, _ = modules_of("--help")
    assert (code, heavy(modules)) == (0, set())
    ours = {m for m in modules if m.startswith("pipeline.")}
    assert ours == {f"pipeline.commands{module}" for module in ("", ".cli", ".frames")}


def test_one_mail_is_explained_without_what_it_has_no_use_for() -> None:
    code, modules, _ = modules_of("explain", str(FIXTURES / f"{LIST}.eml"))
    assert code == 0
    strangers = "holidays imapclient numpy openpyxl pdfplumber PIL reportlab rich smtplib onnxruntime"
    assert not {module.partition(".")[0] for module in modules} & set(strangers.split())


def test_a_worker_for_lists_holds_nothing_that_checks_what_it_says() -> None:
    warm = (
        "import json, sys; import pipeline.sandbox.scanner.warm_for_lists; print(json.dumps([*sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", warm], capture_output=True, text=True, check=True)
    assert not heavy(set(json.loads(done.stdout))) & {"pydantic", "pydantic_core", "PIL", "pdfplumber"}


def test_an_idle_poll_imports_nothing_heavy_and_a_mail_ends_its_rest(house: House) -> None:
    settings = ("--settings", str(house.file))
    assert run(["poll", *settings]) == 0
    before = (house.home / "ledger.db").read_bytes()
    (house.home / "heartbeat").unlink()
    code, modules, said = modules_of("poll", *settings)
    assert (code, heavy(modules)) == (0, set())
    assert said == "Alınan ileti: 0, karar verilen: 0, ayrılan: 0, gönderilen yazı: 0"
    assert (house.home / "heartbeat").exists()
    assert (house.home / "ledger.db").read_bytes() == before

    house.deliver(LIST)
    assert run(["poll", *settings]) == 0
    assert house.ask("SELECT count(*) FROM decision") == [(1,)]
    # Its letters went out: the next finds nothing to do, and the one after that glances again.
    assert run(["poll", *settings]) == 0
    assert glance(house.file, datetime.now(UTC))


Change = Callable[[House, pytest.MonkeyPatch], object]


def _another_home(house: House, _: pytest.MonkeyPatch) -> None:
    (house.home / "rebuild-first").touch()


CHANGES: dict[str, Change] = {
    "settings": lambda house, _: house.file.write_text(house.file.read_text() + "\n# another hour\n"),
    "environment": lambda _, patch: patch.setenv("NES_INTAKE_UNIT", "Başka Birim"),
    "ledger": lambda house, _: os.utime(house.home / "ledger.db"),
    "ledger gone": lambda house, _: (house.home / "ledger.db").rename(house.home / "elsewhere"),
    "key gone": lambda house, _: (house.home / "key").unlink(),
    "a backup in its place": _another_home,
    "figures gone": lambda house, _: (house.home / "metrics.prom").unlink(),
    "note damaged": lambda house, _: (house.home / NOTE).write_text("{"),
    "note of other kind": lambda house, _: (house.home / NOTE).write_text('{"at": 1}'),
    "password": lambda house, _: (
        [f.write_text("another") for f in house.folder.glob("*imap*secret*")] or pytest.fail("no secret")
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_has_changed_is_for_a_whole_poll(
    name: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["poll", "--settings", str(house.file)]) == 0
    now = datetime.now(UTC)
    assert glance(house.file, now)
    CHANGES[name](house, monkeypatch)
    assert glance(house.file, now) is None
    # ... and so is the next, whatever it was.
    assert glance(house.file, now) is None


def test_time_ends_a_note(house: House) -> None:
    assert run(["poll", "--settings", str(house.file)]) == 0
    now = datetime.now(UTC)
    assert glance(house.file, now + timedelta(minutes=55))
    for other in (now + timedelta(hours=1, minutes=1), now - timedelta(hours=1)):
        note = (house.home / NOTE).read_text()
        assert glance(house.file, other) is None
        (house.home / NOTE).write_text(note)


def test_rules_that_were_touched_end_a_note(house: House, tmp_path: Path) -> None:
    copytree(RULES, tmp_path / "rules")
    house.file.write_text(f'rules = "{tmp_path / "rules"}"\n' + house.file.read_text())
    assert run(["poll", "--settings", str(house.file)]) == 0
    assert glance(house.file, datetime.now(UTC))
    (tmp_path / "rules/topics/new.toml").touch()
    assert glance(house.file, datetime.now(UTC)) is None


def test_nothing_is_left_where_something_waits(house: House) -> None:
    house.smtp_port = 1
    house.write()
    house.deliver(LIST)
    assert run(["poll", "--settings", str(house.file)]) == 75
    assert not (house.home / NOTE).exists()
    assert run(["poll", "--settings", str(house.file)]) == 75
    assert not (house.home / NOTE).exists()


def test_another_process_at_work_is_told_of(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["poll", "--settings", str(house.file)]) == 0
    with Home(house.home).lock():
        assert run(["poll", "--settings", str(house.file)]) == 75
    assert "çalışıyor" in capsys.readouterr().err


def test_what_was_proved_once_is_not_proved_again_but_by_check(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copytree(RULES, tmp_path / "rules")
    house.file.write_text(f'rules = "{tmp_path / "rules"}"\n' + house.file.read_text())
    proofs: list[str] = []

    def counted(name: str) -> Callable[..., None]:
        whole = getattr(policy, name)
        return lambda *args: (proofs.append(name), whole(*args))[1]

    for name in ("prove_layouts", "prove_texts", "prove_reminders"):
        monkeypatch.setattr(policy, name, counted(name))

    def proofs_of(command: str) -> int:
        proofs.clear()
        # Each command is a process of its own.
        opening._LOADED.clear()
        assert run([command, "--settings", str(house.file)]) in (0, 78)
        return len(proofs)

    assert (proofs_of("poll"), proofs_of("status"), proofs_of("nightly")) == (3, 0, 0)
    assert proofs_of("check") == 3
    rule = tmp_path / "rules/receipt/paid-on.toml"
    rule.write_text(rule.read_text() + "# bakıldı\n")
    # Only a run notes anything.
    assert (proofs_of("status"), proofs_of("status")) == (3, 3)
    assert (proofs_of("poll"), proofs_of("status")) == (3, 0)
    house.file.write_text(house.file.read_text().replace("saglik.gov.tr", "saglik.example.net"))
    assert (proofs_of("poll"), proofs_of("status")) == (3, 0)


def test_another_version_of_a_library_is_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "site-packages"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    (place / "holidays-0.99.dist-info").mkdir()
    before = state_of_program()
    assert state_of_program() == before
    (place / "holidays-0.99.dist-info").rename(place / "holidays-1.0.dist-info")
    assert state_of_program() != before


def test_of_a_proved_file_the_keys_are_looked_at_and_no_example() -> None:
    told = tomllib.loads((RULES / "calendar.toml").read_text(encoding="utf-8"))
    turned = {**told, "accepts": told["rejects"], "rejects": told["accepts"]}
    with pytest.raises(OperatorFault, match="calendar_example"):
        load_working_days(turned)
    assert load_working_days(Proved(turned)) == load_working_days(told)
    day = {"day": date(2031, 1, 2), "is": "closed", "because": "deneme"}
    for misfit in ({"days": [day, day]}, {"accept": []}):
        with pytest.raises(OperatorFault):
            load_working_days(Proved({**told, **misfit}))


def test_explain_judges_by_the_services_rules(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copytree(RULES, tmp_path / "rules")
    rule = tmp_path / "rules/holder/term.toml"
    told = rule.read_text()
    words = next(line for line in told.splitlines() if line.startswith("say"))
    rule.write_text(told.replace(words, 'say = "Süre birimimizce bekletilir."'))
    house.file.write_text(f'rules = "{tmp_path / "rules"}"\n' + house.file.read_text())
    (house.folder / "imap-secret").unlink()
    mail = str(FIXTURES / "held/five-year-term.eml")
    for by_environment in (False, True):
        if by_environment:
            monkeypatch.setenv("NES_INTAKE_SETTINGS", str(house.file))
        else:
            monkeypatch.setattr("pipeline.commands.proof.SETTINGS_FILE", house.file)
        assert run(["explain", mail]) == 0
        assert "Süre birimimizce bekletilir." in capsys.readouterr().out
        monkeypatch.undo()
