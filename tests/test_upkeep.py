"""The year's upkeep: a new price in one minute, and what waited for it accepted by a person's word."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import BAD_CONFIGURATION, DONE, sentence
from pipeline.office.opening import opened_ledger, policy_of
from pipeline.office.settings import load_settings
from pipeline.policy.new_price import Period, day_of, with_period
from pipeline.policy.places import RULES
from pipeline.policy.tariff import doubtful, load_tariff
from pipeline.review.rejudging import Again
from tests.house import House, body

FILE = "receipt/amount.toml"
TARIFF = (RULES / FILE).read_text()


class InJune(datetime):
    """A clock that stands soon after the payments of the fixtures for an unknown price."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime(2026, 6, 1, 12, tzinfo=tz)


BY = ("--by", "Ayşe Yılmaz", "--because", "yeni tarife")


@pytest.fixture
def house_with_own_rules(house: House, tmp_path: Path) -> House:
    (tmp_path / "own").mkdir()
    house.file.write_text(f'own_rules = "{tmp_path / "own"}"\n' + house.file.read_text())
    return house


def own(house: House) -> Path:
    return house.folder / "own" / FILE


def add(house: House, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["tariff", "add", "--settings", str(house.file), *words])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def held_by(house: House, rule: str) -> list[tuple[object, ...]]:
    return house.ask(
        "SELECT d.number FROM decision d JOIN hold h USING (sha) WHERE h.state='open' AND d.body LIKE ?",
        f"%{rule}%",
    )


# --- the text --------------------------------------------------------------------------------------


def test_the_period_before_is_closed_and_every_comment_stays() -> None:
    period = Period(date(2024, 10, 1), date(2024, 12, 31), "1450,00", "520,00", 7)
    text, closed = with_period(f"rules/{FILE}", TARIFF, period)
    assert closed == date(2024, 9, 30)
    before, after = TARIFF.splitlines(), text.splitlines()
    assert [line for line in before if line.startswith("#")] == [
        line for line in after if line.startswith("#")
    ]
    gone = [line for line in before if line not in after]
    assert gone == []
    assert after.count("until = 2024-09-30") == 1
    assert after[-7:] == [
        "",
        "[[wants]]",
        "from = 2024-10-01",
        "until = 2024-12-31",
        'nes = "1450,00"',
        'reader = "520,00"',
        "grace_days = 7",
    ]


@pytest.mark.parametrize("typed", ["2026-01-01", "01.01.2026", "1.1.2026", " 2026-01-01 "])
def test_a_day_may_be_typed_as_people_do(typed: str) -> None:
    assert day_of("DAY", typed) == date(2026, 1, 1)


@pytest.mark.parametrize(
    "typed", ["2026-02-30", "31.04.2026", "2026", "20260101", "bugün", "", "1.1.26", "2026-1-1x"]
)
def test_an_impossible_day_is_refused_with_what_was_typed(typed: str) -> None:
    with pytest.raises(OperatorFault) as refused:
        day_of("--until", typed)
    assert f"--until: {typed}" in sentence(refused.value)


# --- prices that are likely a slip -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("nes", "reader", "kinds"),
    [
        ("1450,00", "520,00", []),
        ("520,00", "1450,00", ["below_reader", "leaps"]),
        ("1450,00", "1450,00", ["below_reader", "leaps"]),
        ("14500,00", "520,00", ["leaps"]),
        ("1450,00", "52,00", ["falls"]),
        ("145,00", "52,00", ["falls", "falls"]),
    ],
)
def test_a_price_that_is_likely_a_slip_is_asked_back(
    house_with_own_rules: House, capsys: pytest.CaptureFixture[str], nes: str, reader: str, kinds: list[str]
) -> None:
    house = house_with_own_rules
    code, told = add(house, capsys, "2025-01-01", "--nes", nes, "--reader", reader)
    assert (code, own(house).exists()) == ((BAD_CONFIGURATION, False) if kinds else (DONE, True))
    assert told.count("01.01.2025 başlangıçlı") == len(kinds)
    assert ("--sure" in told) == bool(kinds)
    # It is put in force all the same where it is so; `check` goes on telling it, and refuses nothing.
    if kinds:
        assert add(house, capsys, "2025-01-01", "--nes", nes, "--reader", reader, "--sure")[0] == DONE
    assert run(["check", "--settings", str(house.file)]) == DONE
    assert capsys.readouterr().out.count("UYARI: 01.01.2025 başlangıçlı") == len(kinds)


def test_prices_that_really_were_are_no_slips() -> None:
    rows = load_tariff(FILE, tomllib.loads(TARIFF)["wants"])
    assert list(doubtful(rows)) == []


# --- the command -----------------------------------------------------------------------------------


def test_a_years_price_is_one_command(
    house_with_own_rules: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house = house_with_own_rules
    code, told = add(house, capsys, "2025-01-01", "--nes", "1.450,00", "--reader", "520")
    assert code == DONE
    assert "01.01.2025 – 31.12.2025" in told
    # Nobody is sent to a command that would find nothing.
    assert "rejudge" not in told
    tariff = policy_of(load_settings(house.file)).tariff
    assert [(row["from"], row["nes"], row["reader"]) for row in tariff][-1] == (
        date(2025, 1, 1),
        "1450.00",
        "520.00",
    )
    # The next is written into the office's file and closes the one before.
    code, told = add(house, capsys, "01.07.2025", "--nes", "1600,00", "--reader", "600,00")
    assert code == DONE
    assert "30.06.2025 gününde kapatıldı" in told
    assert [row["until"] for row in policy_of(load_settings(house.file)).tariff][-2:] == [
        date(2025, 6, 30),
        date(2025, 12, 31),
    ]
    # Every year for as long as anybody may work here, no proof stands in the way.
    for year in range(2026, 2050):
        own(house).write_text(
            with_period(
                FILE,
                own(house).read_text(),
                Period(date(year, 1, 1), date(year, 12, 31), "1700,00", "700,00", 7),
            )[0]
        )
    assert len(policy_of(load_settings(house.file)).tariff) == 29


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("2024-01-01", "--nes", "900,00", "--reader", "350,00"), "3. [[wants]]: 4. bölümün sürdüğü"),
        (("2020-01-01", "--nes", "9,00", "--reader", "3,00"), "1. [[wants]]: 4. bölümün sürdüğü"),
        (("2025-01-10", "--nes", "900,00", "--reader", "350,00"), "açıkta kalan günler"),
        (("2025-01-01", "--nes", "1.450", "--reader", "520"), "4. [[wants]]: nes = 1.450"),
        (("2025-01-01", "--nes", "1450", "--reader", "bin"), "4. [[wants]]: reader = bin"),
        (("2025-01-01", "--nes", "1450", "--reader", "5", "--until", "2024-12-31"), "until (31.12.2024)"),
        (("2025-02-30", "--nes", "1450", "--reader", "5"), "GÜN: 2025-02-30 diye bir gün yok"),
        (("2025-01-01", "--nes", "1450", "--reader", "5", "--grace-days", "99"), "grace_days = 99"),
    ],
)
def test_what_is_not_sure_is_refused_and_nothing_is_written(
    words: tuple[str, ...], told: str, house_with_own_rules: House, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = add(house_with_own_rules, capsys, *words)
    assert code == BAD_CONFIGURATION
    assert told in said
    assert not own(house_with_own_rules).exists()


def test_the_programs_own_file_is_never_written(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = add(house, capsys, "2025-01-01", "--nes", "1450", "--reader", "520")
    assert code == BAD_CONFIGURATION
    assert "own_rules" in told
    assert (RULES / FILE).read_text() == TARIFF


def test_a_whole_copy_of_the_rules_is_written_where_it_is(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(RULES, tmp_path / "rules")
    house.file.write_text(f'rules = "{tmp_path / "rules"}"\n' + house.file.read_text())
    assert add(house, capsys, "2025-01-01", "--nes", "1450", "--reader", "520")[0] == DONE
    assert "from = 2025-01-01" in (tmp_path / "rules" / FILE).read_text()


def test_what_waited_for_the_price_is_accepted_by_a_persons_word(
    house_with_own_rules: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.office.opening.datetime", InJune)
    house = house_with_own_rules
    house.deliver("held/unknown-tariff-period/1-list", "held/unknown-tariff-period/2-receipt")
    assert run(["poll", "--settings", str(house.file)]) == DONE
    ((number,),) = held_by(house, "receipt/amount")
    ((paid_on, amount),) = house.ask(
        "SELECT DISTINCT json_extract(r.value, '$.paid_on'), json_extract(r.value, '$.amount') "
        "FROM decision d, json_each(d.body, '$.evidence.receipts') r"
    )
    year = str(paid_on)[:4]
    letters = len(house.letters())
    code, told = add(house, capsys, f"{year}-01-01", "--nes", str(amount), "--reader", "9000,00", "--sure")
    assert code == DONE
    assert str(number) in told
    with opened_ledger(load_settings(house.file)) as ledger:
        held = ledger.judged_number(str(number))
    assert held
    blank = replace(held, decision=replace(held.decision, findings=()))
    assert (Again(held, blank).gone, Again(blank, held).new) == (held.decision.findings,) * 2
    assert (Again(held, blank).new, Again(held, held).gone) == ((), ())
    # Nothing is done by itself ...
    assert held_by(house, "receipt/amount") == [(number,)]
    assert run(["rejudge", "--settings", str(house.file)]) == DONE
    assert str(number) in capsys.readouterr().out
    assert (held_by(house, "receipt/amount"), len(house.letters())) == ([(number,)], letters)
    # ... and with a reason, by the one who gives it.
    run(["rejudge", "--settings", str(house.file), *BY])
    said = capsys.readouterr().out
    assert "1 ileti kabul edildi, 0 ileti bekliyor." in said
    assert held_by(house, "receipt/amount") == []
    assert ("Ayşe Yılmaz",) in house.ask("SELECT settled_by FROM hold")
    assert run(["poll", "--settings", str(house.file)]) == DONE
    assert len(house.letters()) == letters + 1
    assert str(number) in body(house.letters()[-1])
    # It is not done twice.
    run(["rejudge", "--settings", str(house.file), *BY])
    assert "0 ileti kabul edildi" in capsys.readouterr().out


def test_a_word_without_a_name_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rejudge", "--settings", str(house.file), "--because", "x"]) == BAD_CONFIGURATION
    assert "--by" in capsys.readouterr().err
