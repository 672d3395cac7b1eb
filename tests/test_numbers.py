"""Numbers that are equal by chance: the later mail or case takes the next free one, and nobody waits."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from pipeline.domain import cases
from pipeline.domain.cases import case_number, free_number, is_number, mail_number
from pipeline.ledger import migrations
from pipeline.ledger.custody import broken_links
from pipeline.review.replay import replay
from tests.equal_numbers import crowded as crowded_numbers
from tests.house import MORNING, NIGHT, House, body

MAILS = (
    "accepted/ordinary-single-list",
    "returned/bad-identity-number",
    "held/five-year-term",
    "accepted/list-of-five",
    "accepted/list-then-receipt/1-list",
    "accepted/list-then-receipt/2-receipt",
)


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers from two bits for what is named first, so that nearly all of them are equal."""
    for name, maker in crowded_numbers().items():
        monkeypatch.setattr(cases, name, maker)


def test_the_next_number_is_made_of_the_same_name_and_differs() -> None:
    numbers = [mail_number("ab" * 32, n) for n in range(50)]
    numbers += [case_number("ab" * 32, "claim", n) for n in range(50)]
    assert len(set(numbers)) == 100
    assert all(map(is_number, numbers))
    taken = set(numbers[:7])
    assert free_number(lambda n: mail_number("ab" * 32, n), taken.__contains__) == numbers[7]


@pytest.mark.usefixtures("crowded")
def test_equal_numbers_of_mails_and_cases_stop_nobody(house: House) -> None:
    assert len({mail_number(hashlib.sha256(bytes([n])).hexdigest()) for n in range(40)}) <= 4, "crowded"
    house.deliver(*MAILS)
    tally = house.poll()
    assert (tally.decided, tally.shunted, tally.posted) == (6, 0, 11)
    numbers = [str(n) for (n,) in house.ask("SELECT number FROM decision")]
    opened = [str(n) for (n,) in house.ask("SELECT case_number FROM entry WHERE event='listed'")]
    held = [
        str(n)
        for (n,) in house.ask(
            "SELECT json_extract(w.value, '$.case') FROM decision, json_each(body, '$.withheld') w"
        )
    ]
    assert len(set(numbers)) == 6
    assert len(set(opened + held)) == len(opened + held) == 8
    assert all(map(is_number, numbers + opened + held))

    # Each letter speaks of its own mail's number, and of the numbers of its own cases.
    for letter in [m for m in house.letters() if m["X-NES-Intake"] != "on-a-list"]:
        ((number, sha),) = house.ask(
            "SELECT d.number, d.sha FROM letter l JOIN decision d ON d.sha=l.about WHERE l.message_id=?",
            str(letter["Message-ID"]),
        )
        assert f"[{number}]" in str(letter["Subject"])
        for (case,) in house.ask("SELECT case_number FROM entry WHERE proof=? AND event='listed'", sha):
            assert str(case) in body(letter)

    # The held mail is settled by its own number, and the night takes everybody once.
    ((number,),) = house.ask("SELECT number FROM hold JOIN decision USING (sha)")
    said = house.command("settle", str(number), "accept", "--by", "M. Memur", "--because", "görüldü")
    assert said.returncode == 0, said
    house.nightly(NIGHT + timedelta(days=3650))
    (batch,) = [letter for letter in house.letters() if letter["X-NES-Intake"] == "batch"]
    (file,) = batch.iter_attachments()
    cells = [c for row in load_workbook(io.BytesIO(file.get_content())).active.values for c in row if c]
    people = [str(c) for c in cells if str(c).isdigit() and len(str(c)) == 11]
    assert len(people) == len(set(people)) == 8
    with house.opened() as shop:
        assert list(broken_links(shop.ledger, shop.home)) == []


@pytest.mark.usefixtures("crowded")
def test_a_night_with_equal_numbers_is_made_again_the_same(house: House) -> None:
    house.deliver(*MAILS)
    house.poll()
    house.nightly(NIGHT)
    with house.opened(NIGHT + timedelta(hours=1)) as shop:
        again = replay(shop, NIGHT.date())
    assert again.is_equal, again.differences


@pytest.mark.usefixtures("crowded")
def test_what_was_erased_keeps_its_number(house: House) -> None:
    house.deliver(MAILS[0])
    house.poll()
    ((case,),) = house.ask("SELECT case_number FROM entry")
    with house.opened(MORNING) as shop, shop.ledger.transaction():
        shop.ledger.execute("DELETE FROM entry")
        shop.ledger.execute("INSERT INTO tombstone VALUES ('x', ?, '')", case)
        assert not shop.ledger.bears_another(
            str(case), shop.ledger.judged_between(MORNING - timedelta(days=1), MORNING)[0].sha
        )
        assert shop.ledger.bears_another(str(case), "00" * 32)


def test_a_ledger_of_before_knows_the_numbers_it_gave(house: House) -> None:
    steps = migrations.MIGRATIONS
    numbered = next(n for n, step in enumerate(steps) if step.__name__ == "_numbers")
    house.deliver(*MAILS)
    house.poll()
    expected = sorted(house.ask("SELECT number, sha FROM numbered"))
    assert len(expected) == 8
    connection = sqlite3.connect(house.home / "ledger.db")
    connection.execute("DROP TABLE numbered")
    connection.execute("INSERT INTO tombstone VALUES ('x', 'N-00000000', '')")
    connection.row_factory = sqlite3.Row

    class Db:
        execute = staticmethod(connection.execute)

    steps[numbered](Db())  # type: ignore[arg-type]
    connection.commit()
    found = sorted(
        tuple(row) for row in connection.execute("SELECT number, sha FROM numbered WHERE sha IS NOT NULL")
    )
    assert found == expected
    assert connection.execute("SELECT count(*) FROM numbered WHERE sha IS NULL").fetchone()[0] == 1
    connection.close()
