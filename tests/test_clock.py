"""The clock goes wrong, a week passes, somebody ends the program: nights stay whole and letters single."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.domain.faults import OperatorFault, TryLater
from pipeline.ledger.custody import broken_links
from pipeline.night.closing import nightly
from pipeline.office.timekeeping import take_nights_back
from tests.house import COMMAND, EVIDENCE, MORNING, NIGHT, House, body, fixture

LIST, RECEIPT = "accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt"


def nights(house: House) -> list[object]:
    return [day for (day,) in house.ask("SELECT day FROM night ORDER BY day")]


def kinds(house: House) -> list[str]:
    return [str(letter["X-NES-Intake"]) for letter in house.letters()]


def test_a_night_is_not_closed_twice_when_the_clock_goes_back(house: House) -> None:
    house.deliver(LIST)
    house.poll()
    assert house.nightly()

    # An hour back at the end of summer time, then forward again.
    with pytest.raises(TryLater, match="clock_behind"):
        house.nightly(NIGHT - timedelta(hours=1))
    assert house.nightly(NIGHT + timedelta(minutes=5)) is None

    assert nights(house) == ["2024-06-14"]
    assert Counter(kinds(house)) == {"accepted": 1, "batch": 1, "nightly": 1}


def test_nothing_is_sealed_while_the_clock_is_behind_the_last_night(house: House) -> None:
    # The clock was a year ahead when this night was closed.
    house.deliver(LIST)
    house.poll()
    house.nightly(NIGHT + timedelta(days=365))

    # The mail of today is answered all the same; only the night waits.
    house.deliver(RECEIPT)
    house.poll(MORNING + timedelta(days=1))
    with pytest.raises(TryLater, match="clock_behind"):
        house.nightly(NIGHT + timedelta(days=1))

    assert nights(house) == ["2025-06-14"]
    assert kinds(house).count("accepted") == 2
    assert kinds(house).count("batch") == 1


def test_the_command_says_so_in_a_sentence_and_ends_with_75(house: House) -> None:
    house.deliver(LIST)
    house.poll()
    house.nightly(NIGHT + timedelta(days=365 * 100))

    told = house.command("nightly")

    assert told.returncode == 75, told.stderr
    assert told.stderr.startswith("Saat geride: şimdi ")
    assert "Traceback" not in told.stderr


def test_a_night_that_has_not_come_is_not_closed(house: House) -> None:
    house.poll()
    told = house.command("nightly", "--day", "2999-01-01")

    assert told.returncode == 75, told.stderr
    assert "2999-01-01 günü henüz gelmedi" in told.stderr
    assert nights(house) == []


# --- a clock that nobody confirms --------------------------------------------------------------


@pytest.mark.parametrize("ahead", [timedelta(days=4), timedelta(days=31), timedelta(days=365)])
@pytest.mark.parametrize("tells_time", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_clock_that_is_far_ahead_closes_no_night(
    house: House, ahead: timedelta, tells_time: bool, is_first: bool
) -> None:
    house.smtp.tells_time = tells_time
    if not is_first:
        house.nightly(NIGHT - timedelta(days=1))
    house.deliver(LIST)
    house.poll()
    sent = len(kinds(house))

    house.world = NIGHT
    why = "clock_differs" if tells_time else "clock_unproved"
    for minute in range(3):
        with pytest.raises(TryLater, match=why):
            house.nightly(NIGHT + ahead + timedelta(minutes=minute))

    # Told at once and once, and the right night closes when the clock is right again.
    assert kinds(house)[sent:] == ["alarm"]
    assert "saat" in body(house.letters()[-1]).lower()
    assert house.nightly(NIGHT)
    assert nights(house)[-1] == "2024-06-14"
    assert kinds(house).count("batch") == 1


def test_a_clock_that_is_behind_the_mails_closes_no_night(house: House) -> None:
    house.smtp.tells_time = False
    house.deliver(LIST)
    house.poll(MORNING - timedelta(days=400))
    with pytest.raises(TryLater, match="clock_differs"):
        house.nightly(NIGHT - timedelta(days=400))
    assert nights(house) == []


def test_a_machine_that_was_off_for_long_goes_on_when_mail_comes_or_a_person_says_so(house: House) -> None:
    house.smtp.tells_time = False
    house.poll()
    house.nightly()
    later = NIGHT + timedelta(days=30)
    with pytest.raises(TryLater, match="clock_unproved"):
        house.nightly(later)
    with house.opened(later) as shop:
        assert nightly(shop, later.date(), "sure")
    later += timedelta(days=30)
    with pytest.raises(TryLater, match="clock_unproved"):
        house.nightly(later)
    house.box.deliver(fixture(LIST), later - timedelta(hours=1))
    house.poll(later)
    assert house.nightly(later)


def test_the_copy_of_the_alarm_is_a_clock(house: House) -> None:
    house.more = EVIDENCE
    house.write()
    house.smtp.tells_time = False
    house.poll()
    house.nightly()
    house.deliver_copies()
    # The mail server's own clock dates the copies: today.
    now = datetime.now(UTC)
    with pytest.raises(TryLater, match="clock_unproved"):
        house.nightly(now)
    assert kinds(house)[-1] == "alarm"
    assert house.nightly(now + timedelta(minutes=2))


# --- a night that was closed ahead -------------------------------------------------------------


@pytest.fixture
def fooled(house: House) -> House:
    """A house that closed a night a year ahead, with a list, a reminder and a letter that was put off."""
    house.poll(MORNING - timedelta(days=1))
    house.nightly(NIGHT - timedelta(days=1))
    house.deliver(LIST)
    house.poll()
    wrong = timedelta(days=365)
    house.deliver("returned/one-good-one-bad-row")
    house.smtp.fail("RCPT", "451 4.3.0 later", times=1)
    house.poll(MORNING + wrong)
    house.nightly(NIGHT + wrong)
    return house


def taken_back(house: House, moment: datetime) -> int:
    with house.opened(moment) as shop:
        return take_nights_back(shop, (NIGHT + timedelta(days=365)).date(), "saat yanlıştı", "M. Memur")


def test_a_night_closed_ahead_is_taken_back_and_nothing_is_repeated(fooled: House) -> None:
    rows = fooled.ask("SELECT case_number, day, number, position FROM batch_row ORDER BY 1")
    assert rows
    now = MORNING + timedelta(days=1)
    assert taken_back(fooled, now) == 1
    assert nights(fooled) == ["2024-06-13"]

    before = Counter(str(letter["Message-ID"]) for letter in fooled.letters())
    fooled.poll(now + timedelta(minutes=10))
    night = fooled.nightly(NIGHT + timedelta(days=1))
    assert night
    assert night.number == 3
    assert fooled.ask("SELECT case_number, day, number, position FROM batch_row ORDER BY 1") == rows
    after = Counter(str(letter["Message-ID"]) for letter in fooled.letters())
    assert max((after - before).values()) == 1
    # Among them the answer that had been put off until next year; no list, for nobody new has come.
    assert set(kinds(fooled)[-2:]) >= {"nightly"}
    assert fooled.ask("SELECT count(*) FROM letter WHERE state IN ('planned', 'deferred')") == [(0,)]
    assert kinds(fooled).count("batch") == 1
    with fooled.opened(NIGHT + timedelta(days=1)) as shop:
        assert list(broken_links(shop.ledger, shop.home)) == []

    # When that day really comes its name is used; the next night takes what came.
    later = NIGHT + timedelta(days=365)
    fooled.nightly(later - timedelta(days=1))
    assert fooled.nightly(later) is None
    assert fooled.nightly(later + timedelta(days=1))


def test_nothing_of_ours_is_dated_ahead_afterwards(fooled: House) -> None:
    now = MORNING + timedelta(days=1)
    taken_back(fooled, now)
    left = []
    for (table,) in fooled.ask("SELECT name FROM sqlite_schema WHERE type='table'"):
        # The log and the notes of changes tell what was, and names of lists and nights have gone out.
        if table in ("audit", "change", "taken_back", "batch", "batch_row", "seal", "sealed"):
            continue
        for column, kind in fooled.ask("SELECT name, type FROM pragma_table_info(?)", table):
            if kind == "TEXT" and (table, column) not in (("letter", "about"), ("entry", "proof")):
                found = fooled.ask(
                    f'SELECT "{column}" FROM "{table}" WHERE "{column}" GLOB ? AND "{column}">?',
                    "2025-0*",
                    now.isoformat(),
                )
                left += [(table, column, value) for (value,) in found]
    assert left == []


def test_by_a_clock_that_is_wrong_now_nothing_is_taken_back(fooled: House) -> None:
    fooled.world = MORNING + timedelta(days=1)
    long_ago = MORNING - timedelta(days=4000)
    with fooled.opened(long_ago) as shop, pytest.raises(TryLater, match="clock_differs"):
        take_nights_back(shop, (NIGHT - timedelta(days=1)).date(), "x", "y")
    with fooled.opened(MORNING + timedelta(days=1)) as shop, pytest.raises(OperatorFault, match="night_not"):
        take_nights_back(shop, (NIGHT - timedelta(days=1)).date(), "x", "y")
    assert nights(fooled) == ["2024-06-13", "2025-06-14"]


def test_the_command_names_what_it_did(fooled: House) -> None:
    told = fooled.command("take-back-night", "2025-06-14", "--by", "M. Memur", "--because", "saat")
    assert told.returncode == 78
    assert "Hiçbir şey değiştirilmedi" in told.stderr


def test_a_week_off_makes_one_night_of_all_that_was_missed(house: House) -> None:
    house.poll()
    assert house.nightly(NIGHT - timedelta(days=1))
    house.deliver(LIST)
    house.poll()
    house.deliver("returned/one-good-one-bad-row")

    # The machine is off for a week.
    later = timedelta(days=7)
    house.poll(MORNING + later)
    night = house.nightly(NIGHT + later)

    assert night
    assert (night.number, night.since) == (2, NIGHT - timedelta(days=1))
    assert nights(house) == ["2024-06-13", "2024-06-21"]
    assert kinds(house).count("batch") == 1
    assert house.ask("SELECT count(*) FROM batch_row") == [(2,)]
    report = house.letters()[-1]
    assert "2 ileti" in report["Subject"]
    assert "13.06.2024" in body(report)


@pytest.mark.parametrize("command", ["poll", "nightly"])
def test_sigterm_ends_a_run_after_the_letter_at_hand(house: House, command: str) -> None:
    house.deliver(LIST, "returned/one-good-one-bad-row")
    if command == "nightly":
        # The answers are still to be sent when the night comes.
        house.smtp.fail("MAIL", "451 4.3.0 later", times=3)
        house.poll()
    house.smtp.received.clear()
    house.smtp.stages.clear()
    dot = house.smtp.fail("dot", "hold")

    words = [str(COMMAND), command, "--settings", str(house.file)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: "dot" in house.smtp.stages)
    process.terminate()
    dot.over.set()
    out, err = process.communicate(timeout=240)

    assert process.returncode == 75, (out, err)
    assert len(house.smtp.received) == 1
    assert house.ask("SELECT count(*) FROM letter WHERE state='started'") == [(0,)]
    house.poll(MORNING + timedelta(days=3650))
    sent = Counter(str(letter["Message-ID"]) for letter in house.letters())
    assert len(sent) == house.ask("SELECT count(*) FROM letter")[0][0] > 1
    assert set(sent.values()) == {1}


def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(4800):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail(f"it did not come to that (process {os.getpid()})")
