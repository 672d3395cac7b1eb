"""The demo plays a day in which every mail ends as its folder says, and leaves files to open."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from pipeline.adapters.ledger import Ledger
from pipeline.cli import run
from pipeline.demo import FIXTURES


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
    ledger = Ledger.open(output / "home" / "ledger.db", b"any")
    judged = ledger.judged_between(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    ledger.close()
    outcomes = {j.sha: str(j.decision.outcome) for j in judged}
    repeated = hashlib.sha256(
        next((FIXTURES / "ignored/duplicate-mail").glob("1-*")).read_bytes()
    ).hexdigest()
    expected = {sha: outcome for sha, outcome in _last_mails().items() if sha != repeated}
    assert {sha: outcomes[sha] for sha in expected} == expected


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
