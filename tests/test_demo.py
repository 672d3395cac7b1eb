"""The demo plays a day in which every mail ends as its folder says, and leaves files to open."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from mailbox_fixtures.expect import demo_policy
from pipeline.commands.cli import run
from pipeline.ledger.book import Ledger
from pipeline.ledger.home import Home
from pipeline.office.settings import load_settings
from pipeline.review.demo import DEMO_DAY, FIXTURES, _to_try
from pipeline.review.invented_office import OFFICE
from tests.house import COMMAND
from tests.people import PEOPLE


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "output"
    assert run(["demo", "--output", str(folder)]) == 0
    return folder


def _last_mails() -> dict[str, str]:
    """Maps the digest of each letter's last mail to the outcome its folder names."""
    day = tomllib.loads((FIXTURES / "demo-day.toml").read_text(encoding="utf-8"))
    expected = {}
    for place in (*day["begun_earlier"], *day["mails"]):
        path = FIXTURES / place
        last = sorted(path.glob("*.eml"))[-1] if path.is_dir() else path
        expected[hashlib.sha256(last.read_bytes()).hexdigest()] = place.split("/")[0]
    return expected


def test_every_mail_ends_as_its_folder_says(output: Path) -> None:
    ledger = Ledger.open(output / "home" / "ledger.db", Home(output / "home").key)
    judged = ledger.judged_between(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    ledger.close()
    outcomes = {j.sha: str(j.decision.outcome) for j in judged}
    repeated = hashlib.sha256(
        next((FIXTURES / "ignored/duplicate-mail").glob("1-*")).read_bytes()
    ).hexdigest()
    expected = {sha: outcome for sha, outcome in _last_mails().items() if sha != repeated}
    assert {sha: outcomes[sha] for sha in expected} == expected


def test_the_mailbox_was_last_looked_at_on_the_evening_it_plays(output: Path) -> None:
    looked = Home(output / "home").last_beat()
    assert looked
    assert looked.astimezone(ZoneInfo("Europe/Istanbul")).date() == DEMO_DAY


def test_its_settings_are_good_for_the_other_commands(output: Path) -> None:
    settings = load_settings(output / "settings.toml")
    assert settings.home == (output / "home").resolve()
    assert settings.office == OFFICE


def test_the_files_it_names_are_there(output: Path) -> None:
    (workbook,) = output.glob("nes-listesi-*.xlsx")
    sheet = openpyxl.load_workbook(BytesIO(workbook.read_bytes())).active
    assert sheet is not None
    numbers = [row[1] for row in sheet.iter_rows(min_row=4, values_only=True)]
    assert numbers
    assert all(isinstance(n, str) and len(n) == 11 for n in numbers)
    assert len(numbers) == len(set(numbers))
    assert len(list(output.glob("gece-raporu-*.html"))) == len(list(output.glob("gece-raporu-*.xlsx"))) == 1
    report = next(output.glob("letters/*-nightly.txt")).read_text(encoding="utf-8")
    assert "(tutuyor)" in report
    assert not any(number in report for number in numbers)


def test_the_day_can_be_lived_in_afterwards(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--settings", str(output / "settings.toml")]
    assert run(["status", *settings]) == 0
    status = capsys.readouterr().out
    (number, *_) = re.findall(r"G-[0-9A-Z]{8}", status)
    assert run(["explain", number, *settings]) == 0
    assert number in capsys.readouterr().out


def test_what_it_says_to_try_is_found_by_the_shell_it_is_typed_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tried() -> list[str]:
        said = demo_policy().texts.words["demo"]
        lines = list(_to_try(said, Path("x.toml"), "G-00000000"))
        return [line.split()[0] for line in lines[1:4]]

    monkeypatch.setenv("PATH", str(COMMAND.parent))
    assert tried() == ["nes-intake"] * 3
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(COMMAND.parent.parent)
    assert tried() == [f"{COMMAND.parent.name}/nes-intake"] * 3
    monkeypatch.chdir(tmp_path)
    assert tried() == [str(COMMAND)] * 3


def test_one_page_leads_to_every_file_that_is_there_to_be_opened(output: Path) -> None:
    page = (output / "index.html").read_text(encoding="utf-8")
    links = {unquote(link) for link in re.findall(r'href="([^"]+)"', page)}
    files = {f.relative_to(output).as_posix() for f in output.rglob("*") if f.is_file()}

    assert links <= files
    assert {f for f in files if not f.startswith("home/")} - links == {"index.html", "imap-password"}
    assert not any(who.identity_number in page for who in PEOPLE)


def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pymap'] = sys.modules['aiosmtpd'] = None;"
        "from pipeline.commands.cli import run; sys.exit(run(['demo', '--output', 'tried']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 78
    assert "pip install 'nes-intake[demo]'" in done.stderr
    assert list(tmp_path.iterdir()) == []
