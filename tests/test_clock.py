"""The clock goes wrong, a week passes, somebody ends the program: nights stay whole and letters single."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from pipeline.faults import TryLater
from tests.house import COMMAND, MORNING, NIGHT, House, body

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
        house.smtp.fail("MAIL", "451 4.3.0 later", times=2)
        house.poll()
    house.smtp.received.clear()
    house.smtp.stages.clear()
    house.smtp.fail("dot", "wait 1.5")

    words = [str(COMMAND), command, "--settings", str(house.file)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: "dot" in house.smtp.stages)
    process.terminate()
    out, err = process.communicate(timeout=30)

    assert process.returncode == 75, (out, err)
    assert len(house.smtp.received) == 1
    assert house.ask("SELECT count(*) FROM letter WHERE state='started'") == [(0,)]
    house.poll(MORNING + timedelta(days=3650))
    sent = Counter(str(letter["Message-ID"]) for letter in house.letters())
    assert len(sent) == house.ask("SELECT count(*) FROM letter")[0][0] > 1
    assert set(sent.values()) == {1}


def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail(f"it did not come to that (process {os.getpid()})")
