"""What the READMEs and the pages of docs/ say is true, and the README is of one screen."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from mailbox_fixtures.expect import fixtures
from pipeline.commands import cli
from pipeline.domain import Outcome, Subject
from pipeline.office import console
from pipeline.papers.layouts import FIELDS, Layout
from pipeline.policy.checks import CHECKS
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.rulebook import WORDS, _RuleFile
from tests import rules_readme

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {page.name: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md"))}
COMMANDS_PAGE = PAGES["commands.md"]
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


# --- README.md and docs/ ---------------------------------------------------------------------------


def test_the_readme_is_of_one_screen() -> None:
    assert len(README.splitlines()) <= 50
    assert len(re.sub(r"\]\([^)]*\)", "", README).split()) < 500


@pytest.mark.parametrize("folder", [".", "docs"])
def test_every_link_and_picture_leads_to_a_file(folder: str) -> None:
    for page in sorted((ROOT / folder).glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert target.startswith("https://") or (page.parent / target).is_file(), (page.name, target)


def test_every_page_is_reached_from_the_readme_and_from_the_index() -> None:
    index = {*re.findall(r"(?m)^\| \[([\w.]+)\]", PAGES["README.md"])}
    assert index == PAGES.keys() - {"README.md"}
    assert "(docs/README.md)" in README
    assert "(docs/README.md)" in (ROOT / "OKUBENI.md").read_text(encoding="utf-8")


def test_the_table_of_commands_is_the_command_line() -> None:
    rows = [cell.strip("`").split() for cell in _first_cells(COMMANDS_PAGE, "command")]
    assert sorted(row[1] for row in rows) == sorted(cli.COMMANDS)
    for row in rows:
        command = cli.commands.get_command(None, row[1])
        if isinstance(command, click.Group) and row[2:3]:
            command = command.commands.get(row[2], command)
        assert command
        options = {option for p in command.params if isinstance(p, click.Option) for option in p.opts}
        mentioned = set(re.findall(r"--[a-z-]+", " ".join(row)))
        assert mentioned <= options, row[1]
        required = {p.opts[0] for p in command.params if isinstance(p, click.Option) and p.required}
        assert required <= mentioned, row[1]


def test_the_exit_codes_are_the_programs() -> None:
    told = re.search(r"Exit codes: (.+?)\.\n", COMMANDS_PAGE)
    assert told
    assert [int(part.split()[0]) for part in told[1].split("·")] == [
        *(
            console.DONE,
            console.SET_ASIDE,
            console.WRONG_COMMAND,
            console.OUR_FAULT,
            console.TRY_LATER,
            console.BAD_CONFIGURATION,
        )
    ]


def test_the_json_of_explain_has_the_keys_that_are_told() -> None:
    source = (ROOT / "pipeline" / "review" / "explain.py").read_text(encoding="utf-8")
    shape = source[source.index("def as_json") : source.index("def _finding(")]
    assert [cell.strip("`") for cell in _first_cells(COMMANDS_PAGE, "key")] == re.findall(
        r'(?m)^        "(\w+)":', shape
    )


def test_the_files_that_are_named_are_there() -> None:
    pages = "\n".join([README, RULES_README, *PAGES.values()])
    # A rule, a mark and a folder of the office are no files of ours.
    known = {
        name
        for name in re.findall(r"`([a-z_-]+/[a-zA-Z0-9_./-]*)`", pages)
        if not name.startswith(("holder/", "receipt/"))
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


def test_the_table_of_layouts_has_every_key_and_every_field() -> None:
    told = [cell.strip("`") for cell in _first_cells(RULES_README, "düzen anahtarı")]
    assert told == [key for key in Layout.model_fields if key != "samples"] + ["samples", "forms"]
    row = next(line for line in RULES_README.splitlines() if line.startswith("| `labels` |"))
    assert re.findall(r"`(\w+)`", row)[1:] == sorted(FIELDS)


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


# --- privacy ---------------------------------------------------------------------------------------

# What looks like an address; a name before the @ of at least two letters, a domain of letters and points.
_ADDRESS = re.compile(rb"[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")
_RESERVED = re.compile(rb"(?:^|\.)(?:example(?:\.[a-z]+)?|invalid|test)$")


def test_no_file_names_an_address_at_a_real_domain() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    if not tracked:
        pytest.skip("no checkout")
    # The domains of mistyped addresses end in the middle; a real one ends as the registries' do.
    real = re.compile(rb"\.(?:tr|com|org|net|edu|gov|eu|de|info)$")
    found = {
        (name.decode(), match[0])
        for name in tracked.split(b"\0")
        if name and (ROOT / name.decode()).is_file()
        for match in _ADDRESS.finditer((ROOT / name.decode()).read_bytes().lower())
        if real.search(match[1]) and not _RESERVED.search(match[1])
    }
    assert found == set()
