"""No letter of the fixtures names a person whom its reader has not written of: told from what is expected."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailbox_fixtures.expect import READ_BY_OCR, Fixture, fixtures
from pipeline.domain.turkish import fold
from tests.people import PEOPLE

FIXTURES = [f for f in fixtures() if f.name not in READ_BY_OCR]
_NUMBER = re.compile(r"\d{3}\*{6}\d{2}")


@dataclass(frozen=True)
class Told:
    """One mail of a fixture: its sender, what stands in it, and the letters that followed, by reader."""

    sender: str
    content: str
    letters: tuple[tuple[str, str], ...]


def _mails(fixture: Fixture) -> Iterator[Told]:
    text = fixture.expected.read_text("utf-8")
    parts = re.split(r"(?m)^(?=\S.*\.eml: )", text)[1:]
    for path, part in zip(fixture.mails, parts, strict=True):
        assert part.startswith(path.name)
        seen, *letters = re.split(r"(?m)^  Yanıt: (?=\S+@)", part)
        told = tuple((letter.partition("\n")[0], letter) for letter in letters)
        sender, words = _words(path)
        yield Told(sender, f"{seen}\n{words}", told)


def _words(path: Path) -> tuple[str, str]:
    """Reads a mail's sender, and all that people can read in it without opening a file."""
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    sender = re.search(r"[\w.+-]+@[\w.-]+", str(mail["From"] or ""))
    body = mail.get_body(("plain", "html"))
    words = body.get_content() if body else ""
    return (sender[0].lower() if sender else ""), f"{mail['From']} {mail['Subject']} {words}"


def _strange(letter: str, known: str) -> list[str]:
    """Lists who and whose masked number stands in a letter, and not in what its reader knows."""
    said, may_say = f" {fold(letter)} ", f" {fold(known)} "
    people = [who.name for who in PEOPLE if fold(who.name) in said and fold(who.name) not in may_say]
    return people + [number for number in _NUMBER.findall(letter) if number not in known]


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda f: f.name)
def test_a_letter_names_nobody_but_those_its_reader_has_written_of(fixture: Fixture) -> None:
    own = {who.work_email: f"{who.name} {_masked(who.identity_number)}" for who in PEOPLE}
    known: dict[str, str] = {}
    for told in _mails(fixture):
        known[told.sender] = known.get(told.sender, "") + "\n" + told.content
        for reader, letter in told.letters:
            # Who is written to without having written stands on a list, and hears of no one else.
            is_answer = "Konu: Otomatik yanıt" in letter
            theirs = known[told.sender] if is_answer else own[reader]
            assert _strange(letter, theirs + own.get(reader, "")) == []


def _masked(number: str) -> str:
    return f"{number[:3]}******{number[-2:]}"


def test_a_name_too_many_is_seen() -> None:
    one, other = PEOPLE[:2]
    assert _strange(f"{one.name}: 123******45", f"{other.name}") == [one.name, "123******45"]
    assert _strange(f"{one.name}", f"Sayın {one.name.upper()}") == []
