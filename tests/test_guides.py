"""The two guides are true: what they name exists, what they leave out does not, and their steps work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from pipeline.commands.cli import COMMANDS, commands
from pipeline.office.console import BAD_CONFIGURATION, DONE, OUR_FAULT, SET_ASIDE, TRY_LATER, WRONG_COMMAND
from pipeline.office.settings import FilingFolders, Settings
from tests.house import COPIES, COPIES_FOLDER, House, fixture, parsed

ROOT = Path(__file__).resolve().parent.parent
ADMINISTRATOR = (ROOT / "docs" / "administrator.md").read_text(encoding="utf-8")
CLERK = (ROOT / "docs" / "kilavuz.md").read_text(encoding="utf-8")
GUIDES = {"administrator.md": ADMINISTRATOR, "kilavuz.md": CLERK}


def spoken(guide: str) -> Iterator[tuple[str, str]]:
    """Gives every command line of a guide: the command, and the words behind it."""
    code = re.findall(r"`([^`\n]+)`", guide) + re.findall(r"(?s)```\w+\n(.*?)```", guide)
    for line in "\n".join(code).splitlines():
        yield from re.findall(r"\bnes-intake ([a-z]+(?:-[a-z]+)*)([^|]*)", line)


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_and_option_that_is_named_exists(name: str) -> None:
    found = list(spoken(GUIDES[name]))
    assert len(found) > 10
    for command, words in found:
        assert command in COMMANDS, command
        asked_for = commands.get_command(None, command)
        if isinstance(asked_for, click.Group) and words.split():
            asked_for = asked_for.commands.get(words.split()[0], asked_for)
        assert asked_for
        known = {o for p in asked_for.params if isinstance(p, click.Option) for o in p.opts}
        asked = set(re.findall(r"(?<!\S)--[a-z-]+", words))
        assert asked <= known | {"--help"}, (command, asked - known)
        arguments = [p for p in asked_for.params if isinstance(p, click.Argument)]
        for argument in arguments:
            if isinstance(argument.type, click.Choice) and words.strip():
                assert set(words.split()) & set(argument.type.choices), (command, words)


def test_no_command_is_left_out() -> None:
    told = {command for guide in GUIDES.values() for command, _ in spoken(guide)}
    assert set(COMMANDS) - told == set()


@pytest.mark.parametrize("name", GUIDES)
def test_every_file_that_is_named_is_there(name: str) -> None:
    named = set(re.findall(r"`((?:docs|rules|reports|deploy|pipeline|tests)/[\w./-]*)`", GUIDES[name]))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def keys(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Lists the settings with a value of their own, by dotted name."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        inner = [
            part
            for part in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(part, type) and issubclass(part, BaseModel)
        ]
        if inner and name != "password":
            yield from keys(inner[0], f"{before}{key}.")
        else:
            yield before + key


def test_every_setting_is_told_and_no_other() -> None:
    table = ADMINISTRATOR[ADMINISTRATOR.index("| key |") : ADMINISTRATOR.index("**Accounts and folders.**")]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = re.findall(r"`([\w.]+)`", " ".join(rows))
    assert sorted(told) == sorted(keys(Settings))


def test_the_settings_that_are_named_elsewhere_exist() -> None:
    every = set(keys(Settings))
    sections = {key.partition(".")[0] for key in every}
    for guide in GUIDES.values():
        dotted = re.findall(r"`([a-z_]+\.[a-z_.]+)(?: = [^`]*)?`", guide)
        named = [key for key in dotted if key.partition(".")[0] in sections]
        assert named
        assert [key for key in named if key not in every] == []


def test_the_clerks_folders_are_the_mailboxs() -> None:
    rows = re.findall(r"(?m)^\| `([^`]+)` \|", CLERK[: CLERK.index("## Numaralar")])
    assert rows == ["INBOX", *FilingFolders().model_dump().values()]


def test_the_exit_codes_are_the_programs() -> None:
    rows = re.findall(r"(?m)^\| (\d+) \|", ADMINISTRATOR)
    assert [int(row) for row in rows] == [
        DONE,
        SET_ASIDE,
        WRONG_COMMAND,
        OUR_FAULT,
        TRY_LATER,
        BAD_CONFIGURATION,
    ]


# --- the steps -----------------------------------------------------------------------------------


def steps(house: House, folder: Path) -> Iterator[str]:
    """Gives the administrator's steps with the places of this test, and the edit that he is asked for."""
    blocks = re.findall(r"(?s)```sh\n(.*?)```", ADMINISTRATOR)
    assert len(blocks) >= 6
    for block in blocks:
        here = block
        for there in ("/opt/nes-intake", "/etc/nes-intake", "/var/lib/nes-intake", "/var/backups/nes-intake"):
            here = here.replace(there, str(folder / there[1:]))
        here = re.sub(r"git clone \S+", f"git clone --quiet {ROOT}", here)
        # The environment that the tests run in is the one it would make.
        here = here.replace("make setup", f"ln -s {Path(sys.prefix)} .venv")
        here = re.sub(r"(?m)^nes-intake init$", moved_in(folder), here)
        # No such user is on this machine.
        here = here.replace("runuser -u nes-intake -- ", "").replace("-o nes-intake -g nes-intake ", "")
        yield here
        if "nes-intake init" in block:
            yield edit(house, folder / "etc/nes-intake")


def moved_in(folder: Path) -> str:
    """Says how it is installed into this tree: as root for all, else by the user who runs the tests."""
    if os.geteuid() == 0:
        return f"{folder}/opt/nes-intake/.venv/bin/python -m pipeline.commands init --root {folder}"
    return f"XDG_CONFIG_HOME={folder}/etc XDG_DATA_HOME={folder}/var/lib nes-intake init --user"


def edit(house: House, place: Path) -> str:
    """Fills in what the guide says has to be changed, in an editor's stead."""
    server, smtp = house.box.server, house.smtp
    values = {
        r"imap\.example\.org": server.host,
        r"smtp\.example\.org": server.host,
        r"port = 993": f"port = {server.port}",
        r"port = 465": f"port = {smtp.port}",
        r"(?m)^security = \"tls\"": 'security = "none"',
        r"user = \"nes@example\.org\"\npassword = \{ file = \"[^\"]*smtp-parola\" \}\n": "",
        r"user = \"nes@example\.org\"": f'user = "{house.box.user}"',
        r"\"/etc/nes-intake": f'"{place}',
        r"home = \"[^\"]*\"": f'home = "{place.parent.parent / "var/lib/nes-intake"}"',
        r"since = [\d-]+": "since = 2020-01-01",
        r"own = \"nes@example\.org\"": 'own = "nes@saglik.example.org"',
        r"\"mx\.example\.org\"": '"mx.saglik.example.org"',
        # The server of the fixtures writes what it has found below its own Received.
        r"(?m)^# \[authentication\]": "[authentication]",
        r"(?m)^# below_received = false": "below_received = true",
        r"\"saglik\.gov\.tr\"": '"saglik.gov.tr", "saglik.example.org"',
        r"(?m)^# \[evidence\]\n# address = .*\n# account = .*\n# folder = .*": (
            f'[evidence]\naddress = "{COPIES}"\naccount = "kayip-calinti"\nfolder = "{COPIES_FOLDER}"'
        ),
    }
    example = (ROOT / "deploy" / "settings.example.toml").read_text(encoding="utf-8")
    for pattern, value in values.items():
        assert re.search(pattern, example), pattern
        example = re.sub(pattern, value, example)
    (place.parent.parent / "edited.toml").write_text(example, encoding="utf-8")
    edited = place.parent.parent / "edited.toml"
    return f"cp {edited} {place}/settings.toml\necho '{house.box.password}' > {place}/imap-parola\n"


@pytest.mark.skipif(not shutil.which("git") or not (ROOT / ".git").exists(), reason="no clone to make")
def test_the_administrators_steps_lead_to_a_running_service_and_back_from_a_backup(
    house: House, tmp_path: Path
) -> None:
    house.deliver_copies()
    house.box.deliver(fixture("accepted/ordinary-single-list"), datetime.now(UTC))
    house.box.deliver(fixture("guided/pin-blocked"), datetime.now(UTC))
    folder = tmp_path / "server"
    for there in ("opt", "etc", "var/lib", "var/backups"):
        (folder / there).mkdir(parents=True)
    script = "set -eux\n" + "\n".join(steps(house, folder))
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "NES_INTAKE_SETTINGS": str(folder / "etc/nes-intake/settings.toml")},
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Alınan ileti: 2, karar verilen: 2" in done.stdout
    assert "rapor no 1" in done.stdout
    assert "(2 ileti zaten kayıtlıydı)" in done.stdout
    # After the restored backup's poll nobody has been answered twice.
    kinds = [str(parsed(received.raw)["X-NES-Intake"]) for received in house.smtp.received]
    assert sorted(kinds) == ["accepted", "batch", "nightly", "topics/pin-blocked"]
