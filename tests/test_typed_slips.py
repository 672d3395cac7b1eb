"""What is mistyped in a command, or in a day of the settings, is told to who typed it, and to nobody else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.office.console import BAD_CONFIGURATION, DONE, SET_ASIDE, TRY_LATER, WRONG_COMMAND
from pipeline.review.doctor import examine, in_words
from tests.house import MORNING, House


def test_a_night_to_come_is_told_and_is_no_trouble_of_the_office(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.poll()
    assert run(["nightly", "--settings", str(house.file), "--day", "2999-01-01"]) == TRY_LATER
    assert "henüz gelmedi" in capsys.readouterr().err
    assert house.ask("SELECT * FROM trouble") == []


def test_the_settings_may_be_named_behind_a_command_of_a_group(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.poll()
    for words in (["sample", "list"], ["desk", "user", "list"]):
        assert run([*words, "--settings", str(house.file)]) == DONE, words
        assert run([words[0], "--settings", str(house.file), *words[1:]]) == DONE, words
    assert run(["sample", "list", "--settings", "/yok"]) == BAD_CONFIGURATION
    assert "/yok" in capsys.readouterr().err


def test_a_command_that_is_none_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["setle"]) == WRONG_COMMAND
    assert "Böyle bir komut yok" in capsys.readouterr().err
    assert run(["rehearse", "/yok"]) == WRONG_COMMAND
    assert "var olan bir klasörün yolu" in capsys.readouterr().err


def test_what_the_system_says_is_said_in_turkish(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.through(1).write()
    assert run(["poll", "--settings", str(house.file)]) == TRY_LATER
    told = capsys.readouterr().err
    assert "bağlantı kabul edilmedi" in told
    assert "refused" not in told
    assert run(["explain", "yok.eml"]) == BAD_CONFIGURATION
    assert "böyle bir dosya ya da klasör yok" in capsys.readouterr().err


def test_a_mailbox_that_is_not_heard_yet_is_named(house: House) -> None:
    def said() -> list[str]:
        return [in_words(line) for line in examine(house.file, MORNING) if line.check == "settings"]

    assert not any("henüz gelmedi" in line for line in said())
    house.file.write_text(house.file.read_text().replace("since = 2020-01-01", "since = 2042-06-01"))
    (line,) = (line for line in said() if "henüz gelmedi" in line)
    assert "01.06.2042" in line


def test_of_an_office_of_which_nothing_is_known_no_figure_is_told(tmp_path: Path) -> None:
    """A nought on the ministry's page would say that nobody waits there."""
    folder, page = tmp_path / "offices", tmp_path / "page.html"
    folder.mkdir()
    (folder / "bozuk.toml").write_text("unit = \n")
    assert run(["status", "--offices", str(folder), "--page", str(page)]) == SET_ASIDE
    assert re.findall(r'<td class="number"[^>]*>([^<]*)</td>', page.read_text()) == ["–", "–", "–"]
