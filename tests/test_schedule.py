"""serve: a process of its own that polls, makes up a missed night, and ends when it is told to."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.commands import serve
from pipeline.intake import runs
from pipeline.night import closing
from pipeline.night.closing import night_due
from tests.house import LATE_NIGHT, MORNING, NIGHT, House, body
from tests.mails import ISTANBUL
from tests.saboteurs import Trickle
from tests.serving import serving, until

LIST = "accepted/ordinary-single-list"
SECONDS = 240


def end(process: subprocess.Popen[str], by: int = signal.SIGTERM) -> tuple[float, str, str]:
    """Tells the process to end; gives how long it took and what it said."""
    began = time.monotonic()
    process.send_signal(by)
    out, err = process.communicate(timeout=SECONDS)
    return time.monotonic() - began, out, err


def kinds(house: House) -> list[str]:
    return [str(letter["X-NES-Intake"]) for letter in house.letters()]


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_polls_at_once_makes_up_a_missed_night_and_ends_when_told(house: House, by: int) -> None:
    # Two days ago the machine was switched off before the night.
    before = datetime.now(ISTANBUL) - timedelta(days=2)
    house = replace(house, more=LATE_NIGHT)
    house.deliver(LIST)
    house.poll(before)
    assert kinds(house) == ["accepted"]
    with serving("--settings", str(house.file)) as process:
        until(lambda: len(house.smtp.received) == 3)
        seconds, out, err = end(process, by)
        assert process.returncode == 0
    assert seconds < 60
    assert (out.count("\n"), err) == (1, "")
    assert kinds(house) == ["accepted", "batch", "nightly"]
    # Not a night for each missed day, but one that takes up all since the last.
    (closed,) = house.ask("SELECT day FROM night")
    with house.opened(datetime.now(UTC)) as shop:
        assert closed == (night_due(shop).isoformat(),)
    assert "(tutuyor)" in " ".join(body(house.letters()[-1]).split())
    assert house.ask("SELECT count(*) FROM run WHERE ended_at IS NULL") == [(0,)]


def test_a_night_that_is_closed_is_not_closed_again(house: House) -> None:
    house = replace(house, more=LATE_NIGHT)
    house.deliver(LIST)
    now = datetime.now(ISTANBUL)
    house.poll(now - timedelta(days=3))
    with house.opened(now) as shop:
        closing.nightly(shop, night_due(shop))
    sent = len(house.smtp.received)
    house.deliver("held/colleague")
    with serving("--settings", str(house.file)) as process:
        until(lambda: len(house.smtp.received) == sent + 1)
        end(process)
    assert kinds(house) == ["accepted", "batch", "nightly", "held"]


def test_a_new_ledger_owes_no_night_of_the_time_before_it(house: House) -> None:
    house.deliver(LIST)
    # The night falls due at midnight, so that it is yesterday's at any hour but the last minute.
    house = replace(house, more=LATE_NIGHT)
    with serving("--settings", str(house.file)) as process:
        until(lambda: len(house.smtp.received) == 1)
        until(lambda: house.ask("SELECT count(*) FROM run WHERE ended_at IS NOT NULL") == [(1,)])
        end(process)
    assert kinds(house) == ["accepted"]


def test_told_to_end_during_a_run_it_finishes_the_effect_and_leaves_the_rest(house: House) -> None:
    house.deliver(LIST, "returned/bad-identity-number", "held/colleague", "accepted/list-of-five")
    dot = house.smtp.fail("dot", "hold")
    with serving("--settings", str(house.file)) as process:
        # The first letter's dot is with the server, which takes its time to answer.
        until(lambda: house.smtp.stages.count("dot") == 1)
        process.send_signal(signal.SIGTERM)
        dot.over.set()
        seconds, _, err = end(process)
        assert (process.returncode, err) == (0, "")
    assert seconds < 60
    assert house.ask("SELECT state, count(*) FROM letter GROUP BY state ORDER BY state") == [
        ("done", 1),
        # Three answers, and five people on somebody else's list.
        ("planned", 8),
    ]
    assert house.poll(datetime.now(UTC)).posted == 8
    assert len({r.raw for r in house.smtp.received}) == len(house.smtp.received) == 9


def test_told_to_end_while_it_hears_it_keeps_what_it_has(house: House) -> None:
    for name in (LIST, "returned/bad-identity-number", "held/colleague"):
        house.deliver(name)
    slow = Trickle(house.box.server.port, 2000, 0.1)
    with slow as proxy, serving("--settings", str(house.through(proxy.port).file)) as process:
        until(lambda: any(b"BODY.PEEK[]" in line for line in proxy.heard))
        seconds, _, err = end(process)
        assert (process.returncode, err) == (0, "")
    assert seconds < 60
    # Nothing was begun over and over: no mail is set aside because of us.
    house.write()
    house.poll()
    assert house.filed() == {"accepted": 1, "returned": 1, "held": 1}
    assert len(house.smtp.received) == 3


def test_trouble_is_told_and_the_service_goes_on(house: House) -> None:
    house.write()
    settings = house.file.read_text(encoding="utf-8")
    dead = settings.replace(f"port = {house.box.server.port}", "port = 1")
    house.file.write_text(dead, encoding="utf-8")
    with serving("--settings", str(house.file)) as process:
        assert process.stderr
        err = process.stderr.readline()
        assert process.poll() is None
        _, _, more = end(process)
        assert (process.returncode, more) == (0, "")
    assert "yeniden denenecek" in err


def test_wrong_settings_do_not_start(house: House) -> None:
    house.file.write_text("home = 1\n", encoding="utf-8")
    assert house.command("serve").returncode == 78


# --- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "minute", "day"),
    [(23, 30, 14), (23, 59, 14), (23, 29, 13), (0, 0, 13), (12, 0, 13)],
)
def test_the_night_that_is_due(house: House, hour: int, minute: int, day: int) -> None:
    with house.opened(MORNING.replace(hour=hour, minute=minute)) as shop:
        assert night_due(shop).day == day


def test_the_jobs_stand_in_the_zone_of_the_settings(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger object does not take its scheduler's zone: the night would come three hours late."""
    added: list[tuple[str, object]] = []

    class Noting(serve.BackgroundScheduler):  # type: ignore[misc]
        def add_job(self, _work: object, trigger: object, **more: object) -> None:
            added.append((str(more["id"]), trigger))
            assert (more["max_instances"], more["coalesce"]) == (1, True)
            assert more["misfire_grace_time"] == 3600

        def start(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(serve, "BackgroundScheduler", Noting)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with house.opened() as shop, pytest.raises(KeyboardInterrupt):
            serve.serve(shop.settings, lambda _: house.opened(), lambda _: None)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    night = dict(added)["night"]
    fires = night.get_next_fire_time(None, MORNING.astimezone(UTC))  # type: ignore[attr-defined]
    assert fires == MORNING.replace(hour=23, minute=30)


def test_a_night_after_a_poll_that_was_cut_off_judges_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def power_fails(*_: object) -> None:
        raise PowerCut

    house.deliver(LIST)
    monkeypatch.setattr(runs, "decide_all", power_fails)
    with pytest.raises(PowerCut):
        house.poll()
    monkeypatch.undo()
    house.nightly(NIGHT)
    assert kinds(house) == ["accepted", "batch", "nightly"]
    assert "(tutuyor)" in " ".join(body(house.letters()[-1]).split())
