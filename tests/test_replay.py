"""A closed night comes out the same again, to the byte, and whatever does not is named."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.custody import Retention, erase
from pipeline.office.console import BAD_CONFIGURATION, DONE, SET_ASIDE
from pipeline.policy.places import RULES
from pipeline.review.replay import Difference, Replayed, replay
from tests.house import MORNING, NIGHT, House
from tests.words_said import say

# Lists in several kinds of file, a receipt, lists that go back marked, questions, a robot, a broken mail.
IN_THE_MORNING = (
    *("ordinary-single-list", "list-xlsx", "list-of-five", "zip-with-list", "lists-on-two-sheets"),
    *("list-then-receipt/1-list", "physician-first", "receipt-then-list/1-receipt"),
)
RETURNED = ("bad-identity-number", "cut-off-xlsx", "list-pasted-into-the-mail", "kind-renewal-in-list")
OTHERS = (
    *("held/foreigner-99", "held/two-senders", "held/stranger-for-someone-else"),
    *("guided/pin-blocked", "guided/card-reader-address"),
    "ignored/out-of-office",
)
IN_THE_AFTERNOON = ("accepted/list-then-receipt/2-receipt", "accepted/receipt-then-list/2-list")
DAY, NEXT_DAY = date(2024, 6, 14), date(2024, 6, 15)


def fixtures() -> list[str]:
    found = [f"accepted/{name}" for name in IN_THE_MORNING] + [f"returned/{name}" for name in RETURNED]
    return [*found, *OTHERS]


def with_other_rules(house: House) -> str:
    """Writes settings that name rules of the house's own, in which one rule says something else."""
    rules = house.folder / "kurallar"
    shutil.copytree(RULES, rules)
    rule = rules / "holder" / "identity-number.toml"
    text = rule.read_text(encoding="utf-8")
    assert 'say     = "' in text
    rule.write_text(text.replace('say     = "', 'say     = "Bugünden sonra: '), encoding="utf-8")
    return f'rules = "{rules}"\n' + house.file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lived(lasting_house: House) -> House:
    """An office that has closed two nights, with an official's word, and other rules on the second day."""
    house = lasting_house
    house.deliver(*fixtures())
    house.poll(MORNING)
    with house.opened(MORNING + timedelta(hours=2)) as shop:
        for held in shop.ledger.open_holds():
            if held.decision.withheld:
                say(shop, held, "accept", "Nüfus kaydı görüldü", "M. Memur")
                break
    house.deliver(*IN_THE_AFTERNOON)
    house.poll(MORNING + timedelta(hours=5))
    assert house.nightly(NIGHT)
    house.file.write_text(with_other_rules(house), encoding="utf-8")
    house.deliver("accepted/moved-columns", "returned/filler-identity-number")
    house.poll(MORNING + timedelta(days=1))
    assert house.nightly(NIGHT + timedelta(days=1))
    return house


@pytest.fixture
def house(lived: House, tmp_path: Path) -> House:
    """The same office with a home of its own to damage."""
    shutil.copytree(lived.folder, tmp_path / "copy")
    copy = House(tmp_path / "copy", lived.box, lived.smtp, lived.readers)
    shutil.copy(lived.file, copy.file)
    text = copy.file.read_text(encoding="utf-8").replace(str(lived.folder), str(copy.folder))
    copy.file.write_text(text, encoding="utf-8")
    return copy


def again(house: House, day: date = DAY) -> Replayed:
    with house.opened(NIGHT + timedelta(days=9)) as shop:
        return replay(shop, day)


def change(house: House, sql: str, *values: object) -> None:
    """Changes a stored row behind the program's back."""
    with closing(sqlite3.connect(house.home / "ledger.db")) as connection, connection:
        connection.execute(sql, values)


def test_both_nights_come_out_the_same(lived: House) -> None:
    before = lived.home.joinpath("ledger.db").read_bytes()
    first, second = again(lived, DAY), again(lived, NEXT_DAY)
    assert (first.differences, first.erased, first.read_anew) == ([], [], [])
    assert (second.differences, second.erased) == ([], [])
    assert (first.verdicts, first.settlements) == (len(fixtures()) + len(IN_THE_AFTERNOON), 1)
    assert second.verdicts == 2
    ((letters,),) = lived.ask("SELECT count(*) FROM letter")
    assert first.letters + second.letters == letters
    assert lived.home.joinpath("ledger.db").read_bytes() == before


def test_a_byte_of_a_stored_letter_is_noticed_and_its_place_named(house: House) -> None:
    ((letter, body),) = house.ask("SELECT id, body FROM letter WHERE kind='nightly' AND about=?", str(DAY))
    assert isinstance(body, bytes)
    change(house, "UPDATE letter SET body=? WHERE id=?", body.replace(b"Gece ", b"Gecf ", 1), letter)
    (difference,) = again(house).differences
    assert (difference.table, difference.name[:8]) == ("letter", "nightly ")
    assert set(difference.what) <= {"head", "text/plain", "text/html"}
    assert again(house, NEXT_DAY).is_equal


def test_a_verdict_that_was_changed_behind_the_program_is_named(house: House) -> None:
    ((sha, number),) = house.ask("SELECT sha, number FROM decision WHERE outcome='returned' LIMIT 1")
    change(house, "UPDATE decision SET outcome='accepted' WHERE sha=?", sha)
    assert Difference("decision", str(number), ("outcome",)) in again(house).differences


def test_a_rule_of_another_day_would_have_said_otherwise(house: House) -> None:
    # The second day's policy in the place of the first: what is kept as the day's rules is not.
    ((first,), (second,)) = house.ask("SELECT policy FROM in_force ORDER BY id")
    assert first != second
    change(
        house,
        "UPDATE policy SET files=(SELECT files FROM policy WHERE fingerprint=?) WHERE fingerprint=?",
        second,
        first,
    )
    differences = again(house).differences
    assert {"decision"} <= {d.table for d in differences}
    assert all("policy" in d.what for d in differences if d.table == "decision")


def erase_until(house: House, moment: datetime) -> None:
    at = moment + timedelta(days=180)
    with house.opened(at) as shop:
        assert erase(shop.ledger, shop.home, Retention(mail_days=180, case_days=730), at).mails > 0


def test_what_was_erased_is_named_and_nothing_is_made_up_for_it(house: House) -> None:
    erase_until(house, MORNING + timedelta(hours=3))
    half = again(house)
    assert half.differences == []
    assert (str(DAY) in half.erased, half.verdicts, half.is_equal) == (True, 20, False)
    assert sum(name.startswith("G-") for name in half.erased) > 10
    assert again(house, NEXT_DAY).is_equal


def test_nothing_of_what_was_erased_is_left_in_what_could_be_undone(house: House) -> None:
    erase_until(house, NIGHT + timedelta(hours=1))
    assert again(house, NEXT_DAY).is_equal
    with house.opened() as shop, pytest.raises(OperatorFault, match="replay_too_far_back"):
        replay(shop, DAY)
    assert house.ask("SELECT count(*) FROM change WHERE old LIKE '%@%'") == [(0,)]
    # The rules of the second day are still of use, those of the first are not.
    assert len(house.ask("SELECT * FROM policy")) == 2


def test_the_command_tells_what_differs_and_ends_accordingly(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["replay", "--settings", str(house.file), "--night"]
    assert run([*words, str(DAY)]) == DONE
    assert "fark: 0. Hiçbir şey yazılmadı." in capsys.readouterr().out
    change(house, "UPDATE batch SET digest='0' WHERE day=?", str(DAY))
    assert run([*words, str(DAY)]) == SET_ASIDE
    assert f"fark: liste {DAY} 1: özet değeri" in capsys.readouterr().out
    assert run([*words, "2024-06-13"]) == BAD_CONFIGURATION
    assert "2024-06-13 gecesi kapanmış değil" in capsys.readouterr().err
