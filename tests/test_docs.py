"""What the READMEs say is true."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from mailbox_fixtures.expect import fixtures
from pipeline import cli, console
from pipeline.checks import CHECKS
from pipeline.domain import Outcome
from pipeline.policy import REPORTS, RULES
from pipeline.rulebook import WORDS, Subject, _RuleFile
from tests import rules_readme

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RULES_README = (RULES / "README.md").read_text(encoding="utf-8")


def _first_cells(text: str, head: str) -> list[str]:
    """Lists the first column of the table whose head row begins so."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = []
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(re.split(r"(?<!\\)\|", line)[1].strip())
    return rows


# --- README.md -------------------------------------------------------------------------------------


def test_the_table_of_commands_is_the_command_line() -> None:
    rows = [cell.strip("`").split() for cell in _first_cells(README, "command")]
    assert sorted(row[1] for row in rows) == sorted(cli.commands.commands)
    for row in rows:
        command = cli.commands.commands[row[1]]
        options = {option for p in command.params if isinstance(p, click.Option) for option in p.opts}
        mentioned = set(re.findall(r"--[a-z]+", " ".join(row)))
        assert mentioned <= options, row[1]
        required = {p.opts[0] for p in command.params if isinstance(p, click.Option) and p.required}
        assert required <= mentioned, row[1]


def test_the_exit_codes_are_the_programs() -> None:
    told = re.search(r"Exit codes: (.+?)\.\n", README)
    assert told
    assert [int(part.split()[0]) for part in told[1].split("·")] == [
        *(
            console.DONE,
            console.SET_ASIDE,
            console.WRONG_COMMAND,
            console.TRY_LATER,
            console.BAD_CONFIGURATION,
        )
    ]


def test_the_json_of_explain_has_the_keys_that_are_told() -> None:
    source = (ROOT / "pipeline" / "explain.py").read_text(encoding="utf-8")
    shape = source[source.index("def as_json") : source.index("def _finding(")]
    assert [cell.strip("`") for cell in _first_cells(README, "key")] == re.findall(
        r'(?m)^        "(\w+)":', shape
    )


def test_the_files_that_are_named_are_there() -> None:
    named = set(
        re.findall(r"`([a-z_-]+/[a-zA-Z0-9_./-]*)`", README + (RULES / "README.md").read_text("utf-8"))
    )
    known = {
        name
        for name in named
        if "<" not in name and not name.startswith("holder/") and not name.startswith("receipt/")
    }
    assert len(known) > 5
    assert [name for name in sorted(known) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("folder", ["mailbox_fixtures", "rules", "pipeline", "reports", "tests"])
def test_the_five_folders_are_told(folder: str) -> None:
    assert f"`{folder}/`" in README
    assert (ROOT / folder).is_dir()


def test_the_two_commands_are_in_the_makefile() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert set(re.findall(r"(?m)^make ([a-z]+)", README)) == {"demo", "test"} <= targets


# --- rules/README.md -------------------------------------------------------------------------------


def test_the_table_of_rules_is_the_rules() -> None:
    assert rules_readme.readme() == RULES_README, "python -m tests.rules_readme"


def test_the_vocabulary_is_whole() -> None:
    assert [cell.strip("`") for cell in _first_cells(RULES_README, "denetim")] == list(CHECKS)
    assert [cell.strip("`") for cell in _first_cells(RULES_README, "klasör")] == [str(s) for s in Subject]
    keys = {field.alias or name for name, field in _RuleFile.model_fields.items()}
    told = {cell.strip("`") for cell in _first_cells(RULES_README, "anahtar")}
    assert told == keys - {"wants_of"}
    assert "`wants_of`" in RULES_README
    assert all(f"{{{word}}}" in RULES_README for word in WORDS)


# --- mailbox_fixtures/README.md --------------------------------------------------------------------


def test_every_fixture_is_told_under_its_outcome() -> None:
    told: set[str] = set()
    outcome = ""
    for line in (ROOT / "mailbox_fixtures" / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            outcome = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith("| letter"):
            told.add(f"{outcome}/{line.split('|')[1].strip()}")
            assert line.split("|")[2].strip(), line
    assert told == {fixture.name for fixture in fixtures()}


# --- reports/ --------------------------------------------------------------------------------------


def test_every_reply_has_an_occasion() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "pipeline").rglob("*.py"))
    rules = "\n".join(file.read_text(encoding="utf-8") for file in RULES.rglob("*.toml"))
    texts = "\n".join(file.read_text(encoding="utf-8") for file in REPORTS.rglob("*.txt"))
    outcomes = {str(outcome) for outcome in Outcome}
    for file in sorted((REPORTS / "replies").rglob("*.txt")):
        path = file.relative_to(REPORTS).with_suffix("").as_posix()
        name = path.removeprefix("replies/")
        occasions = (
            name in outcomes,
            f'"{path}"' in code,
            f'"{path}.txt"' in texts,
            f'"{name}"' in rules,
            (RULES / f"{name}.toml").exists(),
        )
        assert any(occasions), f"nobody ever sends {path}"


def test_every_outcome_that_is_answered_has_a_reply() -> None:
    silent = {Outcome.IGNORED, Outcome.SHUNTED}
    assert all((REPORTS / "replies" / f"{o}.txt").exists() for o in set(Outcome) - silent)
