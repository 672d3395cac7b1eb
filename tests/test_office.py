"""What the office can ask: a case's story, changed rules rehearsed, rules and texts checked."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailbox_fixtures.expect import demo_policy
from pipeline.commands.cli import run
from pipeline.domain import Outcome
from pipeline.office.console import BAD_CONFIGURATION, DONE
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import load_policy
from pipeline.review.invented_office import OFFICE
from pipeline.review.proving import answerable, prove
from tests.house import MORNING, NIGHT, House, body


@pytest.fixture(scope="module")
def house(lasting_house: House) -> House:
    """An office after a morning: a list on its way, one gone back, one held, one question answered."""
    house = lasting_house
    house.deliver(
        "accepted/ordinary-single-list",
        "returned/bad-identity-number",
        "held/foreigner-99",
        "guided/pin-blocked",
    )
    house.poll(MORNING)
    return house


def number_of(house: House, outcome: str) -> str:
    ((number,),) = house.ask("SELECT number FROM decision WHERE outcome=?", outcome)
    return str(number)


def explained(house: House, number: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["explain", number, "--settings", str(house.file)]) == DONE
    return capsys.readouterr().out


# --- explain NUMBER --------------------------------------------------------------------------------


def test_a_held_mail_tells_what_was_seen_and_how_to_settle_it(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    number = number_of(house, "held")
    told = explained(house, number, capsys)
    assert "bekletilen" in told
    assert "[beklet] holder/foreigner" in told
    assert f"nes-intake settle {number} kabul|iade" in told
    assert "Dayanak:" in told


def test_a_returned_mail_tells_what_would_change_it(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    told = explained(house, number_of(house, "returned"), capsys)
    assert "[iade] holder/identity-number" in told
    assert "Şöyle değişir:" in told
    assert 'adresine "Otomatik yanıt:' in told


def test_a_case_tells_its_state_and_the_mails_it_is_made_of(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    ((case, digits),) = house.ask("SELECT case_number, identity_number FROM entry WHERE event='listed'")
    told = explained(house, str(case).lower(), capsys)
    assert "Kayıp/Çalıntı" in told
    assert "Sıradaki:" in told
    assert number_of(house, "accepted") in told
    assert str(digits) not in told
    assert f"{str(digits)[:3]}******{str(digits)[-2:]}" in told


def test_an_unknown_number_is_said_to_be_unknown(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "G-0000000H", "--settings", str(house.file)]) == BAD_CONFIGURATION
    assert "G-0000000H" in capsys.readouterr().err


# --- rehearse --------------------------------------------------------------------------------------


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def rehearsed(house: House, rules: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["rehearse", str(rules), "--days", "9000", "--settings", str(house.file)]) == DONE
    return capsys.readouterr().out


def test_the_same_rules_would_change_nothing(
    house: House, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "4 iletisi" in (told := rehearsed(house, rules, capsys))
    assert told.count("\n") == 1
    assert " 0 tanesi" in told


def test_a_rule_taken_away_shows_whom_it_would_let_through(
    house: House, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (rules / "holder" / "foreigner.toml").unlink()
    before = house.ask("SELECT count(*), max(rowid) FROM decision"), (house.home / "ledger.db").read_bytes()
    told = rehearsed(house, rules, capsys)
    assert re.search(r"bekletilen → kabul\n +artık yok: holder/foreigner", told)
    assert " 1 tanesi" in told
    assert before[0] == house.ask("SELECT count(*), max(rowid) FROM decision")
    assert before[1] == (house.home / "ledger.db").read_bytes(), "nothing is written"


def test_a_new_rule_shows_whom_it_would_stop(
    house: House, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (rules / "holder" / "nobody.toml").write_text(
        'field = "kind"\ncheck = "one_of"\nwants = ["9"]\nelse = "hold"\nsay = "Bekler."\nremedy = "Yok."\n'
        'because = "Deneme"\naccepts = ["9"]\nrejects = ["2"]\n',
        encoding="utf-8",
    )
    told = rehearsed(house, rules, capsys)
    assert re.search(r"kabul → bekletilen\n +yeni: +holder/nobody", told)


def test_mails_before_the_days_are_left_out(
    house: House, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (rules / "holder" / "foreigner.toml").unlink()
    assert run(["rehearse", str(rules), "--days", "1", "--settings", str(house.file)]) == DONE
    assert " 0 iletisi" in capsys.readouterr().out


# --- check -----------------------------------------------------------------------------------------


def test_the_house_as_it_is_has_nothing_to_put_right(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--settings", str(house.file)]) == DONE
    assert "sorun yok" in capsys.readouterr().out


def doubts(rules: Path, reports: Path = REPORTS) -> set[tuple[str, str]]:
    return {(d.kind, d.where) for d in prove(load_policy(rules, reports, OFFICE))}


RULE = (
    'field = "kind"\ncheck = "one_of"\nwants = ["2"]\nelse = "hold"\nsay = "Bekler."\nremedy = "Yok."\n'
    'because = "Deneme"\naccepts = ["2"]\nrejects = ["1"]\n'
)


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({'wants = ["2"]': 'wants = ["2"]\nprocedures = ["card_reader"]'}, "never_asked"),
        ({'wants = ["2"]': 'wants = ["2"]\nprocedures = []'}, "never_asked"),
        (
            {'wants = ["2"]': 'wants = ["7"]', 'accepts = ["2"]': 'accepts = ["7"]'},
            "contradiction",
        ),
    ],
)
def test_check_finds_a_rule_that(
    changes: dict[str, str], doubt: str, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = RULE
    for old, new in changes.items():
        text = text.replace(old, new)
    (rules / "holder" / "extra.toml").write_text(text, encoding="utf-8")
    found = doubts(rules)
    assert doubt in {kind for kind, _ in found}
    assert any("extra" in where or doubt == "contradiction" for _, where in found)
    capsys.readouterr()


def test_check_notices_examples_that_prove_nothing(rules: Path) -> None:
    # Every rule passes over an absent value: such an example proves nothing about the wants.
    (rules / "holder" / "extra.toml").write_text(
        RULE.replace('accepts = ["2"]', 'accepts = [""]'), encoding="utf-8"
    )
    assert ("unnoticed_wants_emptied", "holder/extra") in doubts(rules)


def test_check_finds_a_text_that_nobody_receives(tmp_path: Path) -> None:
    reports = Path(shutil.copytree(REPORTS, tmp_path / "reports"))
    (reports / "replies" / "topics" / "forgotten.txt").write_text("Konu: x\n\nBoş.\n", encoding="utf-8")
    (reports / "replies" / "_forgotten.txt").write_text("Boş.\n", encoding="utf-8")
    assert doubts(RULES, reports) == {
        ("text_unheard", "replies/topics/forgotten"),
        ("text_unheard", "replies/_forgotten"),
    }


# --- every text ------------------------------------------------------------------------------------


def replies_of_fixtures() -> set[str]:
    """Names the kinds of letters whose subjects stand in the fixtures' expectations."""
    told = "".join(
        file.read_text(encoding="utf-8") for file in (RULES.parent / "mailbox_fixtures").rglob("*expected")
    )
    return {
        name
        for name in (p.relative_to(REPORTS / "replies").with_suffix("").as_posix() for p in texts())
        if subject_begins(name) in told
    }


def texts() -> list[Path]:
    return [p for p in (REPORTS / "replies").rglob("*.txt") if not p.name.startswith("_")]


def subject_begins(name: str) -> str:
    first = (REPORTS / "replies" / f"{name}.txt").read_text(encoding="utf-8").split("\n")[0]
    return "Otomatik yanıt: " + re.split(r"\{", first.removeprefix("Konu: "))[0].strip()


def test_every_outcome_that_is_answered_is_answered_by_some_fixture() -> None:
    assert {str(o) for o in answerable()} <= replies_of_fixtures()


@pytest.mark.parametrize("day", [date(2024, 6, 14), None], ids=["priced", "without a price"])
@pytest.mark.parametrize("topic", [t.name for t in demo_policy().topics])
def test_a_topics_text_is_short_courteous_and_says_what_it_is(topic: str, day: date | None) -> None:
    policy = demo_policy()
    written = policy.texts.write(
        f"replies/topics/{topic}",
        addressee="Ayşe Karaağaçlı",
        number="G-0000000H",
        office=OFFICE,
        told=[],
        address="",
        forms=[],
        fees=policy.fees_on(day) if day else None,
    )
    assert written.text.startswith("Sayın Ayşe Karaağaçlı,")
    assert "otomatik gönderilmiştir" in written.text
    assert "G-0000000H" in written.text
    # One screen.
    assert written.text.count("\n") <= 40
    assert len(written.subject) <= 60
    assert "{" not in written.text + written.html


def test_silent_outcomes_have_no_text() -> None:
    for outcome in (Outcome.IGNORED, Outcome.SHUNTED):
        assert not (REPORTS / "replies" / f"{outcome}.txt").exists()


def test_the_night_tells_of_bounces_and_refusals(house: House) -> None:
    house.deliver("ignored/delivery-failure", "ignored/newsletter")
    house.poll(MORNING + timedelta(hours=1))
    night = house.nightly(NIGHT)
    assert night is not None
    report = body(next(m for m in house.letters() if m["X-NES-Intake"] == "nightly"))
    assert "Geri dönen yazılarımız" in report
    assert "olmayan.kisi@hastane2.saglik.example.org" in report
    assert "Yanıt yazılmayanlar" in report
