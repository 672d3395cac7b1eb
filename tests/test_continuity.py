"""A home that is put back from a snapshot is older than the mail folders: it repeats nothing, and says so."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.home import Home
from pipeline.office.console import BAD_CONFIGURATION, DONE, SET_ASIDE
from pipeline.review.rebuild import rebuild
from tests.house import EVIDENCE, FOLDERS, MORNING, NIGHT, House, fixture, parsed

NEXT = timedelta(days=1)


def kinds(house: House, since: int = 0) -> list[str]:
    return [str(parsed(received.raw)["X-NES-Intake"]) for received in house.smtp.received[since:]]


@pytest.fixture(params=["copies", "no copies"])
def office(house: House, request: pytest.FixtureRequest) -> House:
    """An office after its first day and night."""
    if request.param == "copies":
        house.more = EVIDENCE
        house.write()
        house.deliver_copies()
    house.deliver("ignored/out-of-office")
    house.poll(MORNING - NEXT)
    house.nightly(NIGHT - NEXT)
    return house


def put_back(house: House, folder: Path) -> None:
    shutil.rmtree(house.home)
    shutil.copytree(folder, house.home)


@pytest.mark.parametrize("moment", ["poll", "nightly"])
def test_a_snapshot_without_a_mark_repeats_nothing(office: House, tmp_path: Path, moment: str) -> None:
    shutil.copytree(office.home, tmp_path / "snapshot")
    office.deliver("accepted/list-then-receipt/1-list", "returned/bad-identity-number")
    office.poll(MORNING)
    office.nightly(NIGHT)
    was = office.ask("SELECT case_number, day, number FROM batch_row")
    sent = len(office.smtp.received)
    put_back(office, tmp_path / "snapshot")

    office.box.deliver(fixture("guided/pin-blocked"), NIGHT + timedelta(minutes=1))
    later = NIGHT + timedelta(minutes=5)
    with pytest.raises(OperatorFault, match="ledger_older"):
        office.poll(later) if moment == "poll" else office.nightly(later)
    for _ in range(2):
        # It is no backup, and is not called one.
        with pytest.raises(OperatorFault, match="ledger_older"):
            office.nightly(NIGHT + NEXT)
    assert kinds(office, sent) == ["alarm"]

    with office.opened(later) as shop:
        rebuild(shop)
    office.poll(NIGHT + timedelta(hours=1))
    office.nightly(NIGHT + NEXT)
    assert Counter(kinds(office, sent + 1)) == {"topics/pin-blocked": 1, "nightly": 1}
    if "evidence" in office.more:
        assert office.ask("SELECT case_number, day, number FROM batch_row") == was


def test_an_empty_home_beside_filed_mails_is_not_the_first_day(
    office: House, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(office.home)
    sent = len(office.smtp.received)
    assert run(["nightly", "--settings", str(office.file)]) == BAD_CONFIGURATION
    assert "nes-intake rebuild" in capsys.readouterr().err
    assert kinds(office, sent) == ["alarm"]
    assert run(["rebuild", "--settings", str(office.file)]) == DONE
    office.poll(MORNING)
    assert kinds(office, sent) == ["alarm"]


def test_a_refused_home_is_told_wherever_anybody_looks_until_it_is_put_right(
    office: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who watches over the program asks `status`, and must not hear that all is well."""
    metrics, settings = office.home / "metrics.prom", ["--settings", str(office.file)]
    places = ["--offices", str(office.folder)]

    def told(*words: str) -> tuple[int, str]:
        code = run([*words, *settings])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert told("status")[0] == DONE
    shutil.rmtree(office.home)
    for _ in range(2):
        code, why = told("nightly")
        assert (code, "posta klasörlerinden eski" in why, "yedek;" in why) == (BAD_CONFIGURATION, True, False)
    assert told("status")[0] == told("status", "--json")[0] == BAD_CONFIGURATION
    assert why.strip() in told("status")[1]
    state = json.loads(told("status", "--json")[1])
    assert (list(state["troubles"]), state["refused"]) == (["ledger"], why.strip())
    assert told("status", *places) == (SET_ASIDE, f"settings: SORUN: {why.strip()}\n")
    assert 'nes_intake_trouble_since_timestamp_seconds{trouble="ledger"}' in metrics.read_text()
    code, said = told("doctor")
    assert (code, why.strip() in said) == (BAD_CONFIGURATION, True)

    told("rebuild")
    told("poll")
    assert told("status")[0] == DONE
    assert "eski" not in told("status", *places)[1]
    assert 'trouble="ledger"' not in metrics.read_text()


def test_a_letter_that_was_only_planned_when_the_snapshot_was_taken(house: House, tmp_path: Path) -> None:
    house.more = EVIDENCE
    house.write()
    house.deliver_copies()
    house.deliver("returned/bad-identity-number")
    house.smtp.fail("MAIL", "451 4.3.0 later", times=1)
    house.poll(MORNING)
    shutil.copytree(house.home, tmp_path / "snapshot")
    house.poll(MORNING + timedelta(hours=1))
    assert kinds(house) == ["returned"]
    put_back(house, tmp_path / "snapshot")
    # The first try was put off, so that a copy could have come from it: the rest of the day decides.
    house.nightly(NIGHT)
    assert Counter(kinds(house))["nightly"] == 1


def test_what_a_person_files_by_hand_stops_nothing(office: House) -> None:
    old = fixture("guided/pin-blocked")
    office.box.deliver(old, MORNING - timedelta(days=30), FOLDERS["held"])
    office.deliver("accepted/list-then-receipt/1-list")
    office.poll(MORNING)
    office.nightly(NIGHT)
    assert not Home(office.home).is_restored


def test_a_folder_that_is_numbered_anew_is_read_again_and_known(office: House) -> None:
    office.deliver("accepted/list-then-receipt/1-list")
    office.poll(MORNING)
    with office.opened(MORNING) as shop, shop.ledger.transaction():
        shop.ledger.execute("UPDATE folder SET uidvalidity=uidvalidity-1")
    office.nightly(NIGHT)
    assert not Home(office.home).is_restored


def test_a_strange_mail_among_the_copies_is_no_letter_of_ours(house: House) -> None:
    house.more = EVIDENCE
    house.write()
    house.deliver_copies()
    house.box.deliver(fixture("guided/pin-blocked"), MORNING, "Kopyalar")
    house.box.deliver(b"", MORNING, "Kopyalar")
    house.poll(MORNING)
    assert house.nightly(NIGHT)
