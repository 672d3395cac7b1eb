"""The fixture mails are what their writers write, are the same every time, and name nobody real."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mailbox_fixtures.make import HERE, files, readme
from pipeline.domain.turkish import IdentityNumber
from tests.people import FILLERS, PEOPLE, WRONG_ELEVENTH, WRONG_TENTH

RESERVED = re.compile(r"(^|\.)(example\.(org|com|net)|example|invalid|test)$")


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return dict(files())


def test_the_folder_holds_what_the_writers_write(made: dict[str, bytes]) -> None:
    assert sorted(made) == sorted(p.relative_to(HERE).as_posix() for p in HERE.rglob("*.eml"))


def test_mails_are_the_same_bytes_again(made: dict[str, bytes]) -> None:
    # Fonts and zlib of another machine show in PDFs and pictures, and nowhere else.
    portable = {path: data for path, data in made.items() if b"/pdf" not in data and b"image/" not in data}
    assert len(portable) > 100
    changed = [path for path, data in portable.items() if (HERE / path).read_bytes() != data]
    assert changed == []


def test_another_process_writes_the_same_bytes(made: dict[str, bytes]) -> None:
    program = (
        "import hashlib; from mailbox_fixtures.make import files\n"
        "for path, data in files(): print(path, hashlib.sha256(data).hexdigest())"
    )
    root = Path(__file__).resolve().parent.parent
    again = subprocess.run(
        [sys.executable, "-c", program], cwd=root, check=True, capture_output=True, text=True
    ).stdout

    assert again.splitlines() == [f"{path} {hashlib.sha256(data).hexdigest()}" for path, data in made.items()]


def test_the_readme_lists_every_letter() -> None:
    assert (HERE / "README.md").read_text(encoding="utf-8") == readme()


def test_every_mail_ends_its_lines_as_mail_does(made: dict[str, bytes]) -> None:
    bare = [p for p, data in made.items() if "garbage" not in p and b"\n" in data.replace(b"\r\n", b"")]
    assert bare == []


def test_addresses_are_of_reserved_domains(made: dict[str, bytes]) -> None:
    domains = {
        domain.decode().lower().rstrip(".")
        for path, data in made.items()
        if "garbage" not in path
        for domain in re.findall(rb"(?m)^(?:From|To|Reply-To|Return-Path):.*@([A-Za-z0-9.-]+)", data)
    }
    assert {d for d in domains if not RESERVED.search(d)} == set()


def test_the_numbers_are_as_they_are_meant() -> None:
    numbers = [IdentityNumber(p.identity_number) for p in PEOPLE]
    assert all(n.is_valid and not n.is_filler for n in numbers)
    assert len(set(numbers)) == len(numbers)
    assert sum(n.is_foreigner for n in numbers) == 2
    assert all(IdentityNumber(n).is_filler for n in FILLERS)
    assert not IdentityNumber(WRONG_ELEVENTH).is_valid
    assert not IdentityNumber(WRONG_TENTH).is_valid
