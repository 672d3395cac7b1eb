"""The figures for a monitoring system: what they say, that collectors read them, when they are written."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from pipeline.domain import Outcome
from pipeline.intake import runs
from pipeline.ledger.metrics import Figures, LastRun, as_text
from tests.house import MORNING, NIGHT, House
from tests.people import PEOPLE
from tests.servers import free_ports


def figures(house: House, file: Path | None = None) -> dict[tuple[str, str], float]:
    """Reads the file as a collector does: name and label values → value."""
    text = (file or house.home / "metrics.prom").read_text(encoding="utf-8")
    return {
        (sample.name.removeprefix("nes_intake_"), ",".join(sample.labels.values())): sample.value
        for family in openmetrics(text)
        for sample in family.samples
    }


def test_a_day_in_figures(house: House) -> None:
    house.deliver("accepted/ordinary-single-list", "returned/bad-identity-number", "held/colleague")
    house.poll()
    told = figures(house)
    for outcome in Outcome:
        expected = 1 if outcome in (Outcome.ACCEPTED, Outcome.RETURNED, Outcome.HELD) else 0
        assert told["mails_total", outcome] == expected
    assert told["letters", "done"] == 3
    assert told["holds", ""] == 1
    assert told["oldest_hold_timestamp_seconds", ""] == MORNING.timestamp()
    assert told["last_poll_timestamp_seconds", ""] == MORNING.timestamp()
    assert told["runs_total", "poll,done"] == 1
    assert ("night_closed_timestamp_seconds", "") not in told
    house.nightly()
    told = figures(house)
    assert told["night_number", ""] == 1
    assert told["night_closed_timestamp_seconds", ""] == NIGHT.timestamp()


def test_every_collector_reads_it_and_nobody_is_in_it(house: House) -> None:
    house.deliver("accepted/list-of-five", "held/colleague", "shunted/garbage")
    house.poll()
    house.nightly()
    text = (house.home / "metrics.prom").read_text(encoding="utf-8")
    # The older format has no counters by that name, and takes their samples as they are.
    assert [s.value for f in openmetrics(text) for s in f.samples] == [
        s.value for f in prometheus(text) for s in f.samples
    ]
    assert text.endswith("# EOF\n")
    assert not [p for p in PEOPLE if p.identity_number in text or p.family_name in text]
    assert not re.search(r"@|\d{11}", text.replace(".0", ""))


def test_an_idle_poll_changes_the_time_of_the_file_and_nothing_else(house: House) -> None:
    house.deliver("held/colleague")
    house.poll()
    file = house.home / "metrics.prom"
    before = file.stat()
    house.poll(MORNING + timedelta(minutes=5))
    after = file.stat()
    assert after.st_ino == before.st_ino
    assert after.st_mtime_ns > before.st_mtime_ns
    # What another command wrote into the ledger is noticed, too.
    ((number,),) = house.ask("SELECT number FROM decision")
    house.command("settle", str(number), "return", "--by", "bir.gorevli", "--because", "Vazgeçti.")
    assert figures(house)["holds", ""] == 1
    house.poll(MORNING + timedelta(minutes=10))
    assert figures(house)["holds", ""] == 0


def test_a_trouble_and_a_run_that_broke_stand_in_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    house.deliver("held/colleague")
    house.poll()
    with pytest.raises(Exception, match="reached"):
        house.through(port).poll(MORNING + timedelta(minutes=5))
    since = (MORNING + timedelta(minutes=5)).timestamp()
    assert figures(house)["trouble_since_timestamp_seconds", "imap/basvuru"] == since

    def broken(*_: object) -> None:
        raise LookupError

    house.write()
    monkeypatch.setattr(runs, "decide_all", broken)
    house.deliver("accepted/ordinary-single-list")
    with pytest.raises(LookupError):
        house.poll(MORNING + timedelta(minutes=10))
    assert ("trouble_since_timestamp_seconds", "run") in figures(house)


def test_it_is_written_where_a_collector_looks(house: House) -> None:
    file = house.folder / "collector" / "nes-intake.prom"
    house = replace(house, more=f'[monitoring]\nmetrics_file = "{file}"\n')
    # A folder that is not there costs no run.
    house.poll()
    file.parent.mkdir()
    house.deliver("held/colleague")
    house.poll(MORNING + timedelta(minutes=5))
    assert figures(house, file)["holds", ""] == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [f.name for f in file.parent.iterdir()] == [file.name]


def test_a_run_that_is_not_over_has_no_length_and_odd_names_break_nothing() -> None:
    begun = datetime.fromtimestamp(0, MORNING.tzinfo)
    text = as_text(
        Figures(
            runs={('p"o\\l\nl', ""): 2},
            last_runs={"poll": LastRun(begun, None, "")},
            troubles={'imap/"x"': begun},
        ),
        "1",
    )
    names = {sample.name for family in openmetrics(text) for sample in family.samples}
    assert "nes_intake_last_poll_timestamp_seconds" in names
    assert "nes_intake_last_poll_duration_seconds" not in names
