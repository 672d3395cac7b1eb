"""The home: a mail's bytes are kept whole or not at all, and nobody else reads them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.faults import OperatorFault, TryLater
from pipeline.ledger.home import Home

RAW = b"Subject: deneme\r\n\r\n" + b"x" * 5000
SHA = hashlib.sha256(RAW).hexdigest()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def place_of(home: Home, sha: str = SHA) -> Path:
    return home.folder / "mail" / sha[:2] / f"{sha}.eml"


def test_what_is_kept_is_what_is_given_back(home: Home) -> None:
    assert home.keep(RAW) == SHA
    assert home.raw(SHA) == RAW
    assert place_of(home).read_bytes() == RAW


def test_the_same_bytes_are_written_once(home: Home) -> None:
    home.keep(RAW)
    before = place_of(home).stat().st_mtime_ns
    assert home.keep(RAW) == SHA
    assert place_of(home).stat().st_mtime_ns == before


@pytest.mark.parametrize("torn", [b"", RAW[:100], RAW[:-1], b"y" * len(RAW)])
def test_a_torn_file_of_a_run_before_is_written_anew(home: Home, torn: bytes) -> None:
    home.keep(RAW)
    place_of(home).write_bytes(torn)
    home.keep(RAW)
    assert home.raw(SHA) == RAW


def test_a_torn_draft_of_a_run_before_is_no_mail(home: Home) -> None:
    place_of(home).parent.mkdir()
    draft = place_of(home).with_suffix(".tmp")
    draft.write_bytes(RAW + b"too much")
    home.keep(RAW)
    assert home.raw(SHA) == RAW
    assert not draft.exists()


class Scribe:
    """A file that takes a few bytes at a time, or nothing."""

    def __init__(self, file: Any, most: int) -> None:
        self._file, self._most = file, most

    def __enter__(self) -> Scribe:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fileno(self) -> int:
        return int(self._file.fileno())

    def write(self, data: Any) -> int:
        if not self._most:
            raise OSError(28, "No space left on device")
        return int(self._file.write(bytes(data[: self._most])))


def scribes(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    path_open = Path.open

    def opened(path: Path, *args: Any, **named: Any) -> Any:
        file = path_open(path, *args, **named)
        return Scribe(file, most) if "wb" in args else file

    monkeypatch.setattr(Path, "open", opened)


def test_a_disk_that_takes_a_little_at_a_time_gets_all(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    scribes(monkeypatch, 999)
    home.keep(RAW)
    assert home.raw(SHA) == RAW


def test_a_full_disk_keeps_nothing_and_says_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    scribes(monkeypatch, 0)
    with pytest.raises(OSError, match="No space left"):
        home.keep(RAW)
    assert not place_of(home).exists()
    monkeypatch.undo()
    home.keep(RAW)
    assert home.raw(SHA) == RAW


def test_a_disk_that_lies_is_found_out(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def spoil(handle: int) -> None:
        fsync(handle)
        os.pwrite(handle, b"!", 3) if not os.path.isdir(f"/proc/self/fd/{handle}") else None

    monkeypatch.setattr(os, "fsync", spoil)
    with pytest.raises(OSError, match="differ"):
        home.keep(RAW)
    assert not place_of(home).exists()


def test_bytes_folder_and_folders_folder_are_synced_in_this_order(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def synced(handle: int) -> None:
        done.append("sync " + Path(os.readlink(f"/proc/self/fd/{handle}")).name)
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        done.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    home.keep(RAW)
    assert done == [f"sync {SHA}.tmp", "rename", f"sync {SHA[:2]}", "sync mail"]


def test_a_missing_or_changed_mail_is_the_operators_to_bring_back(home: Home) -> None:
    with pytest.raises(OperatorFault, match="kept_mail_missing"):
        home.raw(SHA)
    home.keep(RAW)
    place_of(home).write_bytes(RAW + b"\n")
    with pytest.raises(OperatorFault, match="kept_mail_damaged"):
        home.raw(SHA)


def test_nobody_else_gets_in(home: Home) -> None:
    home.keep(RAW)
    folders = [home.folder, *(f for f in home.folder.rglob("*") if f.is_dir())]
    assert len(folders) == 3
    assert not [folder for folder in folders if folder.stat().st_mode & 0o077]


def test_a_home_that_others_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home").chmod(0o750)
    with pytest.raises(OperatorFault, match="home_readable"):
        Home(tmp_path / "home")


def test_a_home_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OperatorFault, match="home_unusable"):
        Home(tmp_path / "file" / "home")


HOLD = """
import sys, time
from pathlib import Path
from pipeline.ledger.home import Home
with Home(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_is_held_by_one_process_and_dies_with_it(home: Home) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TryLater, match="already_running"), home.lock():
            pass
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout
        holder.stdout.close()
    with home.lock():
        pass


def test_what_is_written_for_a_moment_lies_in_the_home_and_does_not_stay(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    left = tmp_path / "home" / "tmp" / "openpyxl.left-by-a-dead-run"
    left.parent.mkdir(mode=0o700)
    left.write_text("10000000146")
    before = tempfile.gettempdir()
    with home.scratch():
        assert not left.exists()
        with tempfile.NamedTemporaryFile(delete=False) as file:
            assert Path(file.name).parent == tmp_path / "home" / "tmp"
        assert Path(file.name).parent.stat().st_mode & 0o077 == 0
    assert tempfile.gettempdir() == before
    assert not Path(file.name).exists()


def test_the_heartbeat_tells_when_a_run_began(home: Home) -> None:
    assert home.last_beat() is None
    home.beat()
    first = home.last_beat()
    assert first
    os.utime(home.folder / "heartbeat", (0, 0))
    home.beat()
    second = home.last_beat()
    assert second
    assert second >= first


def test_who_waits_for_the_home_has_it_before_who_had_it_last(home: Home) -> None:
    """A run that begins again and again starves nobody, nor does a desk with one act after the other."""
    entered, over = threading.Event(), threading.Event()

    def wait() -> None:
        with home.lock(patience=240):
            entered.set()
            over.wait(240)

    waiting = threading.Thread(target=wait)
    with home.lock():
        assert not home.is_awaited()
        waiting.start()
        end = time.monotonic() + 240
        while not home.is_awaited():
            assert time.monotonic() < end
            time.sleep(0.001)
    try:
        with pytest.raises(TryLater), home.lock():
            pass
        assert entered.wait(240)
        assert not home.is_awaited()
    finally:
        over.set()
        waiting.join()
    with home.lock():
        pass
