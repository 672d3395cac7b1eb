"""State that is gone is not the first day: nothing runs on a ledger or a key that is not what it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Ledger
from pipeline.ledger.home import Home, loss_in
from pipeline.ledger.seals import codes_in
from pipeline.office.console import BAD_CONFIGURATION, DONE, SET_ASIDE
from tests.house import EVIDENCE, MORNING, NIGHT, ROOT, House, Kept, body, parsed


def _gone(name: str) -> Callable[[Path], None]:
    return lambda home: (home / name).unlink()


def _empty(name: str) -> Callable[[Path], None]:
    return lambda home: (home / name).write_bytes(b"")


def _filled(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda home: (home / name).write_bytes(data)


def _both_gone(home: Path) -> None:
    (home / "ledger.db").unlink()
    (home / "key").unlink()


def _all_but_the_mail(home: Path) -> None:
    for file in home.iterdir():
        if file.is_file():
            file.unlink()


def _only_the_ledger_stays(home: Path) -> None:
    for file in home.iterdir():
        if file.is_file() and file.name != "ledger.db":
            file.unlink()
    shutil.rmtree(home / "mail")


def _half_a_ledger(home: Path) -> None:
    whole = (home / "ledger.db").read_bytes()
    (home / "ledger.db").write_bytes(whole[: len(whole) // 2])


LOSSES = {
    "ledger gone": (_gone("ledger.db"), "ledger_gone"),
    "ledger empty": (_empty("ledger.db"), "ledger_empty"),
    "ledger is text": (_filled("ledger.db", b"not a ledger\n" * 400), "ledger_damaged"),
    "ledger is half": (_half_a_ledger, "ledger_damaged"),
    "key gone": (_gone("key"), "key_gone"),
    "key empty": (_empty("key"), "key_damaged"),
    "key short": (_filled("key", b"k" * 31), "key_damaged"),
    "key of another": (_filled("key", b"k" * 32), "key_of_another_ledger"),
    "both gone": (_both_gone, "ledger_gone"),
    "only mail left": (_all_but_the_mail, "ledger_gone"),
    "only ledger left": (_only_the_ledger_stays, "key_gone"),
}


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    house = lasting_house
    house.more = EVIDENCE
    house.write()
    house.deliver_copies()
    house.deliver("accepted/list-then-receipt/1-list")
    house.poll(MORNING)
    house.nightly(NIGHT)
    return Kept(house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def used(kept: Kept) -> House:
    """A house with copies after a day and its night."""
    house = kept.again()
    house.deliver_copies()
    return house


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_runs_and_the_unit_is_told_once(
    used: House, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lose, fault = LOSSES[name]
    lose(used.home)
    left = {f.name: f.read_bytes() for f in used.home.iterdir() if f.is_file()}
    sent = len(used.smtp.received)
    for command in ("poll", "nightly", "status", "poll"):
        assert run([command, "--settings", str(used.file)]) == BAD_CONFIGURATION
    assert "nes-intake rebuild" in capsys.readouterr().err
    kinds = [str(parsed(r.raw)["X-NES-Intake"]) for r in used.smtp.received[sent:]]
    assert kinds == ["alarm"]
    # Nothing was begun beside it.
    now = {f.name: f.read_bytes() for f in used.home.iterdir() if f.is_file()}
    assert {n: b for n, b in now.items() if n in ("ledger.db", "key")} == {
        n: b for n, b in left.items() if n in ("ledger.db", "key")
    }
    if not fault.startswith("ledger_damaged") and fault != "key_of_another_ledger":
        assert loss_in(used.home) == fault


@pytest.mark.parametrize(
    "name", ["ledger empty", "ledger is half", "key gone", "key of another", "both gone"]
)
def test_rebuild_is_the_way_out_and_nothing_goes_out_twice(
    used: House, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lose, _ = LOSSES[name]
    batched = used.ask("SELECT case_number, day FROM batch_row")
    sent = len(used.smtp.received)
    lose(used.home)
    assert run(["rebuild", "--settings", str(used.file)]) == DONE
    assert used.ask("SELECT case_number, day FROM batch_row") == batched
    used.poll(NIGHT.replace(minute=50))
    used.nightly(NIGHT.replace(minute=51))
    assert [str(parsed(r.raw)["X-NES-Intake"]) for r in used.smtp.received[sent:]] == []
    capsys.readouterr()
    assert run(["verify", "--settings", str(used.file)]) == DONE
    # The last report's code is of the ledger that is gone: that is said, and missed where it is asked for.
    (report,) = (text for text in map(body, used.letters()) if codes_in(text))
    (code,) = set(codes_in(report))
    assert f"{code} koduna bakılamadı" in capsys.readouterr().out
    assert run(["verify", "--settings", str(used.file), "--head", code]) == SET_ASIDE


def test_a_spent_receipt_stays_spent_because_another_key_is_refused(used: House) -> None:
    (used.home / "key").unlink()
    with pytest.raises(OperatorFault, match="key_gone"):
        used.poll(MORNING)
    assert not (used.home / "key").exists()


def test_a_home_that_was_cut_off_at_its_first_moment_begins_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    key = home.key
    for left in (None, b""):
        if left is not None:
            home.ledger_file.write_bytes(left)
        assert loss_in(home.folder) == ""
        assert Home(home.folder).key == key
    Ledger.open(home.ledger_file, home.key).close()
    assert home.key == key
    home.beat()
    assert not (home.folder / "beginning").exists()
    home.ledger_file.unlink()
    assert loss_in(home.folder) == "ledger_gone"


def test_a_true_first_day_begins(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home" / "lost+found").mkdir()
    assert len(Home(tmp_path / "home").key) == 32


def test_what_was_set_aside_goes_with_the_next_erasure(used: House) -> None:
    (used.home / "key").write_bytes(b"")
    run(["rebuild", "--settings", str(used.file)])
    assert {f.name for f in used.home.glob("*.lost")} == {"ledger.db.lost", "key.lost"}
    assert run(["erase", "--settings", str(used.file)]) == DONE
    assert not list(used.home.glob("*.lost"))


# --- a disk that takes nothing any more --------------------------------------------------------

_READ_ONLY = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
place = sys.argv[1].encode()
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
if libc.unshare(0x00020000) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None):
    sys.exit(99)
if libc.mount(place, place, None, MS_BIND, None):
    sys.exit(99)
if libc.mount(b"none", place, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None):
    sys.exit(99)
from pipeline.commands.cli import run
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize("command", ["poll", "nightly", "verify"])
def test_a_read_only_mount_is_the_worlds_trouble_and_loses_nothing(used: House, command: str) -> None:
    before = {f: f.read_bytes() for f in used.home.rglob("*") if f.is_file()}
    used.deliver("guided/pin-blocked")
    sent = len(used.smtp.received)
    words = [sys.executable, "-c", _READ_ONLY, str(used.home), command, "--settings", str(used.file)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False, cwd=ROOT)
    if said.returncode == 99:
        pytest.skip("mounting is not permitted here")
    assert said.returncode == 75, said
    assert "Traceback" not in said.stderr
    assert "Sonraki çalıştırmada yeniden denenecek" in said.stderr
    assert {f: f.read_bytes() for f in used.home.rglob("*") if f.is_file()} == before
    assert len(used.smtp.received) == sent
    used.poll(NIGHT.replace(minute=50))
    assert len(used.smtp.received) == sent + 1
