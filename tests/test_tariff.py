"""A price is read the way it was meant, or refused with its row, when the rules are loaded."""

from __future__ import annotations

import random
import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import BAD_CONFIGURATION, DONE, sentence
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import load_policy
from pipeline.policy.tariff import gaps, load_tariff
from tests.house import OFFICE, SETTINGS

FILE = "rules/receipt/amount.toml"
ROW = {
    "from": date(2026, 1, 1),
    "until": date(2026, 12, 31),
    "nes": "1450.00",
    "reader": "520",
    "grace_days": 7,
}


def refusal(*rows: dict[str, Any]) -> str:
    with pytest.raises(OperatorFault) as refused:
        load_tariff(FILE, list(rows))
    return sentence(refused.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1450.00", "1450.00"), ("1450,00", "1450.00"), ("1.450,00", "1450.00"), ("1450", "1450.00"),
        (1450, "1450.00"), (1450.5, "1450.50"), (" 1450,50 ", "1450.50"), ("12.345.678,90", "12345678.90"),
    ],
)  # fmt: skip
def test_a_price_may_be_written_as_people_do(written: object, read: str) -> None:
    assert load_tariff(FILE, [ROW | {"nes": written}])[0]["nes"] == read


@pytest.mark.parametrize(
    "written",
    ["1.450", "1,450", "1,450.00", "1450,0", "1450.000", "bin", "", "1450 TL", "-5", "0", 0, -1, True, None,
     1450.123, "1 450,00", float("nan"), float("inf"), [1450], date(2026, 1, 1), "１４５０a"],
)  # fmt: skip
def test_a_price_that_may_mean_two_things_is_refused_with_its_row(written: object) -> None:
    assert f"{FILE}, 2. [[wants]]: nes = {written}" in refusal(
        ROW | {"from": date(2025, 1, 1), "until": date(2025, 12, 31)}, ROW | {"nes": written}
    )


def test_any_amount_survives_all_ways_of_writing_it() -> None:
    dice = random.Random(3)
    for _ in range(300):
        price = Decimal(dice.randrange(1, 10**8)) / 100
        turkish = f"{price:,.2f}".translate(str.maketrans(",.", ".,"))
        for written in (f"{price:.2f}", turkish, turkish.replace(".", "")):
            (row,) = load_tariff(FILE, [ROW | {"reader": written}])
            assert Decimal(row["reader"]) == price


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"net": "1450"}, "net diye bir anahtar yok"),
        ({"until": None}, "until yazılmamış"),
        ({"nes": ...}, "nes yazılmamış"),
        ({"from": "2026-01-01"}, "from = 2026-01-01 bir gün değil"),
        ({"until": date(2025, 1, 1)}, "until (01.01.2025) from gününden (01.01.2026) önce"),
        ({"grace_days": -1}, "grace_days = -1 uygun değil"),
        ({"grace_days": "7"}, "grace_days = 7 uygun değil"),
        ({"grace_days": True}, "grace_days = True uygun değil"),
    ],
)
def test_a_row_that_is_not_whole_is_refused(changes: dict[str, Any], told: str) -> None:
    row = {k: v for k, v in (ROW | changes).items() if v not in (None, ...)}
    assert f"{FILE}, 1. [[wants]]: {told}" in refusal(row)


def test_rows_neither_overlap_nor_leave_a_few_days_open() -> None:
    later = {"from": date(2026, 12, 1), "until": date(2027, 12, 31)}
    assert "2. [[wants]]: 1. bölümün sürdüğü günlerde başlıyor" in refusal(ROW, ROW | later)
    assert "açıkta kalan günler" in refusal(ROW, ROW | later | {"from": date(2027, 1, 2)})
    assert "tarifede hiç satır yok" in refusal()
    rows = load_tariff(FILE, [ROW | later | {"from": date(2027, 6, 1)}, ROW])
    assert list(gaps(rows)) == [(date(2027, 1, 1), date(2027, 5, 31))]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def with_row(rules: Path, **values: str) -> None:
    given = {
        "from": "2025-01-01",
        "until": "2026-12-31",
        "nes": '"1450,00"',
        "reader": '"520,00"',
        "grace_days": "7",
    }
    file = rules / "receipt" / "amount.toml"
    row = "\n".join(f"{key} = {value}" for key, value in (given | values).items())
    file.write_text(file.read_text(encoding="utf-8") + f"\n[[wants]]\n{row}\n", encoding="utf-8")


def test_a_new_years_price_is_one_row_and_nothing_else(rules: Path) -> None:
    with_row(rules)
    policy = load_policy(rules, REPORTS, OFFICE)
    assert policy.tariff[-1]["nes"] == "1450.00"
    assert "1450.00" in policy.clues.amounts
    assert not list(gaps(policy.tariff))
    assert policy.tariff[-1]["from"] - policy.tariff[-2]["until"] == timedelta(days=1)


def test_check_names_the_row_and_what_to_write(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_row(rules, nes='"1.450"')
    assert run(["check", "--settings", str(settings(tmp_path, rules))]) == BAD_CONFIGURATION
    assert '4. [[wants]]: nes = 1.450 fiyat olarak anlaşılamıyor; nes = "1450.00"' in capsys.readouterr().err


def test_check_tells_of_days_without_a_price(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_row(rules, **{"from": "2026-01-01"})
    assert run(["check", "--settings", str(settings(tmp_path, rules))]) == DONE
    assert "bilinmeyen günler var: 01.01.2025 – 31.12.2025" in capsys.readouterr().out


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_check_opens_the_authoritys_file(
    rules: Path, tmp_path: Path, text: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = tmp_path / "ca.pem"
    if text:
        authority.write_text(text, encoding="utf-8")
    file = settings(tmp_path, rules, f'ca_file = "{authority}"')
    assert run(["check", "--settings", str(file)]) == BAD_CONFIGURATION
    told = capsys.readouterr()
    assert f'ca_file = "{authority}" kullanılamıyor' in told.out + told.err


def settings(folder: Path, rules: Path, trusted: str = "") -> Path:
    """An office's settings file with rules of its own."""
    secret = folder / "secret"
    secret.write_text("x\n", encoding="utf-8")
    secret.chmod(0o600)
    file = folder / "settings.toml"
    text = SETTINGS.format(
        home=folder / "home",
        imap_port=1,
        imap_security="none",
        user="nes",
        imap_secret=secret,
        trusted=trusted,
        smtp_port=1,
        smtp_security="none",
        seconds=1,
        smtp_login="",
        more="",
    )
    file.write_text(f'rules = "{rules}"\n{text}', encoding="utf-8")
    return file
