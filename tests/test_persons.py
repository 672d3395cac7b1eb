"""All that is kept about a person is handed out, and is gone when they ask for it, wherever it stood."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest

from pipeline.acts.persons import person_of
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.custody import Word, broken_links, erase_person, export
from tests.house import MORNING, NIGHT, House
from tests.people import PEOPLE
from tests.test_canary import NUMBER, OTHER, OTHER_NUMBER, WHO, canary_mail
from tests.words_said import say
from tests.workbooks import entry, official, xls, xlsx

WORD = Word("M. Memur", "kişinin isteği")
OTHERS = "sekreter@saglik.example.org"


@cache
def _mails() -> tuple[bytes, ...]:
    others = canary_mail("baskasi", "ekte", ("o.xls", xls(official(entry(OTHER)))), sender=OTHER.work_email)
    return (
        canary_mail("liste", "ekte", ("liste.xls", xls(official(entry(WHO))))),
        canary_mail("soru", f"kartım kayboldu, ne yapmalıyım? {NUMBER}"),
        # The person's row stands beside another's, one of them faulty.
        canary_mail(
            f"liste {NUMBER}",
            "ekte",
            ("iki.xlsx", xlsx(official(entry(WHO, born_on="31.02.1980"), entry(OTHER)))),
            sender=OTHERS,
        ),
        canary_mail("baska", f"notta {NUMBER} yazıyor", ("a.bin", NUMBER.encode()), sender=OTHERS),
        others.replace(NUMBER.encode(), b"1"),
    )


def given(house: House) -> None:
    """A person in mails of their own and in other people's: taken, sent back, asked about, set aside."""
    for raw in _mails():
        house.deliver_raw(raw)


@pytest.fixture
def used(house: House) -> House:
    given(house)
    house.poll(MORNING)
    house.nightly(NIGHT)
    return house


def told(house: House, named: str) -> str:
    with house.opened(NIGHT) as shop:
        return json.dumps(export(shop.ledger, person_of(shop, named), shop.clock()), ensure_ascii=False)


def settled(house: House) -> None:
    with house.opened(NIGHT + timedelta(hours=1)) as shop:
        for held in shop.ledger.open_holds():
            say(shop, held, "return", f"konuşuldu: {WHO.name}", "M. Memur")
    house.poll(NIGHT + timedelta(hours=1))


def erased(house: House, named: str = NUMBER) -> None:
    with house.opened(NIGHT + timedelta(hours=2)) as shop:
        erase_person(shop.ledger, shop.home, person_of(shop, named), WORD, shop.clock())


def test_export_names_every_mail_and_nobody_else(used: House) -> None:
    kept = json.loads(told(used, NUMBER))
    mine = used.ask("SELECT number FROM decision WHERE subject NOT LIKE 'baskasi'")
    assert {mail["number"] for mail in kept["mails"]} == {number for (number,) in mine}
    assert len(kept["mails"]) == 4
    text = told(used, NUMBER)
    assert OTHER_NUMBER not in text
    assert OTHER.family_name not in text
    assert OTHER.work_email not in text
    assert NUMBER in json.dumps(kept["transcripts"])
    assert {letter["kind"] for letter in kept["letters"]} >= {"nightly", "batch"}
    # By the number of a case the same comes.
    case = kept["entries"][0]["case_number"]
    assert json.loads(told(used, case)) == kept


@pytest.mark.parametrize("named", ["", "x", "12345", "G-0000000"])
def test_whoever_is_meant_must_be_named(used: House, named: str) -> None:
    with used.opened() as shop, pytest.raises(OperatorFault, match="no_person"):
        person_of(shop, named)


def test_a_stranger_has_no_dossier(used: House) -> None:
    with used.opened() as shop, pytest.raises(OperatorFault, match="no_such_person"):
        person_of(shop, PEOPLE[5].identity_number)


def _everything_in(folder: Path) -> Iterator[bytes]:
    """Gives the raw files, and what is packed in them: kept mails, the ledger, letters, workbooks."""
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.read_bytes()


def test_after_erasing_no_canary_is_left_in_any_file(used: House) -> None:
    settled(used)
    before = b"".join(_everything_in(used.home))
    canaries = [NUMBER, WHO.work_email, WHO.family_name]
    for canary in canaries:
        assert canary.encode() in before
    erased(used)
    after = b"".join(_everything_in(used.home))
    for canary in canaries:
        assert canary.encode() not in after, canary
    # In packed and coded things as well: letters and lists that are left name nobody.
    for (body,) in used.ask("SELECT body FROM letter UNION ALL SELECT workbook FROM batch"):
        assert isinstance(body, bytes)
        if body.startswith(b"PK"):
            with zipfile.ZipFile(BytesIO(body)) as book:
                assert not any(NUMBER.encode() in book.read(name) for name in book.namelist())
    with used.opened() as shop:
        assert list(broken_links(shop.ledger, shop.home)) == []
        with pytest.raises(OperatorFault, match="no_such_person"):
            person_of(shop, NUMBER)
        # The other has lost nothing but the mails in which both stood.
        other = person_of(shop, OTHER_NUMBER)
        assert other.entries
        assert other.cases == sorted({row["case_number"] for row in other.entries})


def test_it_is_recorded_who_asked_and_what_went(used: House) -> None:
    settled(used)
    erased(used)
    rows = used.ask('SELECT class, count, "by", because FROM destruction ORDER BY id')
    assert {(by, because) for *_, by, because in rows} == {("M. Memur", "kişinin isteği")}
    assert {name: count for name, count, *_ in rows}["person/mails"] == 4
    assert used.ask("SELECT count(*) FROM tombstone") != [(0,)]


def test_the_same_mails_again_are_duplicates_still(used: House) -> None:
    settled(used)
    erased(used)
    sent, cases = len(used.smtp.received), used.ask("SELECT count(*) FROM entry")
    given(used)
    used.poll(NIGHT + timedelta(hours=3))
    assert len(used.smtp.received) == sent
    assert used.ask("SELECT count(*) FROM entry") == cases


def test_what_is_under_way_comes_first(used: House) -> None:
    if used.ask("SELECT 1 FROM hold WHERE state='open'"):
        with pytest.raises(OperatorFault, match="erase_held"):
            erased(used)
    settled(used)
    used.deliver_raw(canary_mail("yine", f"soru {NUMBER}"))
    used.smtp.fail("MAIL", "451 4.3.0 later", times=None)
    used.poll(NIGHT + timedelta(hours=2))
    with pytest.raises(OperatorFault, match=r"erase_under_way|erase_held"):
        erased(used)


def test_the_command_wants_to_know_who_and_why(used: House) -> None:
    refused = used.command("erase", "--person", NUMBER)
    assert refused.returncode == 78
    assert "--because" in refused.stderr
    done = used.command("export", NUMBER)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["mails"]
