"""What is installed with the program may be by anybody: no licence asks for more than a notice."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TABLE = (ROOT / "docs/licences.md").read_text(encoding="utf-8")
# What a licence calls itself, in an expression, a field or a classifier, by its name in the table.
KNOWN = {
    "MIT": r"\bMIT(-CMU)?\b|\bHPND\b",
    "BSD": r"\bBSD\b|\b[023]-clause\b|\b0BSD\b",
    "Apache-2.0": r"\bApache\b",
    "LGPL": r"\bLGPL|Lesser General Public",
    "MPL-2.0": r"\bMPL\b|Mozilla Public",
    "PSF": r"\bPSF|Python Software Foundation",
    "Unlicense": r"\bUnlicense\b",
    "ISC": r"\bISC\b",
    "Public domain": r"Public Domain",
}
ASKS_FOR_MORE = r"\bA?GPL|(?<!Lesser )General Public License|\bSSPL|\bBUSL|Proprietary"


def named(package: str) -> str:
    """Gives a package's name as all write it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def told_by(installed: Distribution) -> str:
    """Gives all that a package says of its licence, the text of it aside."""
    meta = installed.metadata
    field = (meta.get("License") or "").strip().splitlines()[:1]
    classifiers = [c for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    told = "; ".join([*filter(None, [meta.get("License-Expression")]), *field, *classifiers])
    return told or _by_its_text(installed)


def _by_its_text(installed: Distribution) -> str:
    """Names the licence of a package that says nothing of it but its text."""
    for file in installed.files or []:
        if re.match(r"COPYING|LICEN[CS]E", file.name, re.IGNORECASE):
            text = re.sub(r"\s+", " ", file.read_text())
            if "Redistribution and use in source and binary forms" in text:
                return "BSD"
    return ""


def installed() -> dict[str, Distribution]:
    """Gathers what the program and its extras require, and what that does, as it is installed here."""
    found: dict[str, Distribution] = {}
    project = PROJECT["project"]
    told_of = [project["dependencies"], *project["optional-dependencies"].values()]
    further = [Requirement(told) for several in told_of for told in several]
    while further:
        asked = further.pop()
        key = named(asked.name)
        if key in found or (asked.marker and not asked.marker.evaluate({"extra": ""})):
            continue
        found[key] = distribution(asked.name)
        further += [Requirement(told) for told in found[key].requires or []]
    return found


def test_nothing_that_comes_by_default_asks_for_more_than_a_notice() -> None:
    packages = installed()
    assert {"click", "jinja2", "openpyxl", "pydantic", "pymap", "starlette", "tomlkit"} <= packages.keys()
    for name, package in packages.items():
        told = told_by(package)
        # What says nothing is not allowed by saying nothing.
        assert any(re.search(known, told, re.IGNORECASE) for known in KNOWN.values()), (name, told)
        choices = re.split(r"\bOR\b", told)
        assert any(not re.search(ASKS_FOR_MORE, choice) for choice in choices), (name, told)


def test_every_package_stands_in_the_table_with_its_licence() -> None:
    rows = dict(re.findall(r"(?m)^\| `([^`]+)` \| ([^|]+?) \|", TABLE))
    packages = installed()
    # Which packages come differs with the version of Python; none comes that is not told of.
    assert packages.keys() - rows.keys() == set()
    for name in packages:
        for part in rows[name].split(", "):
            assert re.search(KNOWN[part], told_by(packages[name]), re.IGNORECASE), (name, part)


def test_the_words_for_licences_tell_them_apart() -> None:
    for told in (
        "GPL-3.0-or-later",
        "AGPL-3.0",
        "License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
    ):
        assert re.search(ASKS_FOR_MORE, told)
    for told in ("LGPL", "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", "MIT"):
        assert not re.search(ASKS_FOR_MORE, told)


def test_our_own_licence_is_there_and_named() -> None:
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert 'license = "MIT"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


# --- the locks -----------------------------------------------------------------------------------


def locked(name: str) -> dict[str, str]:
    """Reads a lock: each package's version; all have hashes, and none says where it is fetched."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, str] = {}
    for line in text.splitlines():
        told = re.fullmatch(r"([\w.-]+)==(\S+)(?: ; [^-]+)?((?: +--hash=sha256:[0-9a-f]{64})+) *", line)
        assert told, line
        found[told[1]] = told[2]
    return found


def test_what_a_server_gets_is_locked_and_holds_no_tool_of_the_tests() -> None:
    runs, tested = locked("requirements.lock"), locked("requirements-dev.lock")
    assert runs.items() <= tested.items()
    build, tools = (
        {named(Requirement(told).name) for told in PROJECT["dependency-groups"][group]}
        for group in ("build", "dev")
    )
    # What pip is itself need not be locked.
    assert installed().keys() - {"pip"} | build <= runs.keys()
    assert tools <= tested.keys() - runs.keys()


def test_the_way_to_a_server_installs_the_smaller_lock_and_no_mail_server(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    told = {
        target: subprocess.run(
            ["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        for target in ("setup", "demo", "test")
    }
    for target in ("setup", "demo"):
        assert "-r requirements.lock" in told[target]
        assert "dovecot" not in told[target]
        assert "requirements-dev.lock" not in told[target]
    assert "-r requirements-dev.lock" in told["test"]
    assert "dovecot-imapd" in told["test"]
