"""Every letter explains itself: what explain prints for it lies beside it, and its folder is the outcome."""

from __future__ import annotations

import json

import pytest

from mailbox_fixtures.expect import READ_BY_OCR, Fixture, demo_policy, explained, fixtures
from pipeline.commands.cli import run
from pipeline.policy.policy import Policy
from pipeline.sandbox.workers import WorkerPool
from tests.people import PEOPLE

FIXTURES = tuple(fixtures())
BY_NAME = {fixture.name: fixture for fixture in FIXTURES}


@pytest.fixture(scope="session")
def policy() -> Policy:
    return demo_policy()


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda f: f.name)
def test_a_letter_ends_as_its_folder_says_in_these_words(
    fixture: Fixture, policy: Policy, readers: WorkerPool
) -> None:
    outcome, text = explained(fixture, policy, readers)

    assert outcome == fixture.folder
    if fixture.name not in READ_BY_OCR:
        assert text == fixture.expected.read_text(encoding="utf-8"), "python mailbox_fixtures/expect.py"


def test_no_expectation_is_left_without_its_mail() -> None:
    here = FIXTURES[0].expected.parent.parent
    found = {*here.glob("*/*.expected"), *here.glob("*/*/expected")}
    assert found == {f.expected for f in FIXTURES if f.name not in READ_BY_OCR}


@pytest.mark.parametrize("name", ["returned/one-good-one-bad-row", "accepted/list-then-receipt"])
def test_the_command_prints_the_very_same(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    fixture = BY_NAME[name]

    assert run(["explain", *map(str, fixture.mails)]) == 0
    assert capsys.readouterr().out == fixture.expected.read_text(encoding="utf-8")


def test_the_command_tells_programs_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    fixture = BY_NAME["accepted/list-then-receipt"]

    assert run(["explain", "--json", *map(str, fixture.mails)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(mail["file"], mail["outcome"]) for mail in told] == [
        (path.name, "accepted") for path in fixture.mails
    ]
    assert told[1]["receipts"][0]["amount"] == "780.00"
    assert {tuple(sorted(mail)) for mail in told} == {
        ("file", "findings", "holders", "letters", "outcome", "procedure", "receipts", "unread")
    }


def test_no_expectation_shows_the_whole_number_of_a_person() -> None:
    texts = {f.name: f.expected.read_text(encoding="utf-8") for f in FIXTURES if f.expected.exists()}
    told = [
        (name, person.name)
        for name, text in texts.items()
        for person in PEOPLE
        if person.identity_number in text
    ]
    assert len(texts) > 120
    assert told == []
