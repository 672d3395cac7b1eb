"""home: the folder where everything of ours lies: kept mail, the ledger, one lock."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.faults import OperatorFault, TryLater

# Below this a disk is as good as full, whatever its bytes say.
FEWEST_INODES = 1000
_PRIVATE = 0o700
_KEY_BYTES = 32
# Lies in every backup, and is removed by what makes a home of it again.
RESTORED = "rebuild-first"


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a disk."""

    megabytes_free: int
    inodes_free: int


def write_whole(file: Path, text: str, mode: int) -> None:
    """Writes a small file that others read: they see the old one or the new one, and never a half."""
    draft = file.with_name(f".{file.name}.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(mode)
    draft.rename(file)


def room_of(folder: Path) -> Room:
    """Tells how much room the disk of a folder has for this user."""
    state = os.statvfs(folder)
    # Some file systems make inodes as they need them, and count none.
    inodes = state.f_favail if state.f_files else sys.maxsize
    return Room(state.f_bavail * state.f_frsize >> 20, inodes)


class Home:
    """One home; nothing in it is readable to anybody else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
            self._mail.mkdir(exist_ok=True, mode=_PRIVATE)
        except OSError as fault:
            raise OperatorFault("home_unusable", home=folder, why=fault.strerror) from fault
        if folder.stat().st_mode & 0o077:
            raise OperatorFault("home_readable", home=folder)

    @property
    def ledger_file(self) -> Path:
        """Gives the ledger's place."""
        return self.folder / "ledger.db"

    @property
    def key(self) -> bytes:
        """Gives the home's secret, made when it is first asked for, under the lock.

        It belongs to the ledger: a backup of one is nothing without the other.
        """
        file, draft = self.folder / "key", self.folder / "key.tmp"
        if not file.exists():
            with draft.open("wb", buffering=0) as new:
                new.write(secrets.token_bytes(_KEY_BYTES))
                os.fsync(new.fileno())
            draft.rename(file)
            _sync_folder(self.folder)
        return file.read_bytes()

    @property
    def _mail(self) -> Path:
        return self.folder / "mail"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the home for this process; the lock dies with it. Raises TryLater where it is held."""
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as fault:
                raise TryLater("already_running", home=self.folder) from fault
            yield

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Has whatever this process writes for a moment written into the home; call under the lock.

        Libraries write workbooks into temporary files. Elsewhere, one that a dead process left would stay,
        with whole identity numbers in it; here the next run clears it away.
        """
        place, before = self.folder / "tmp", tempfile.tempdir
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=_PRIVATE)
        tempfile.tempdir = str(place)
        try:
            yield
        finally:
            tempfile.tempdir = before
            shutil.rmtree(place, ignore_errors=True)

    @contextmanager
    def at_work(self) -> Iterator[bool]:
        """Leaves a mark while something is done that a process may die over; tells whether one has.

        An exception is no death; to remove the mark takes no room on a disk that is full.
        """
        mark = self.folder / "at-work"
        died = mark.exists()
        mark.touch()
        try:
            yield died
        except Exception:
            mark.unlink(missing_ok=True)
            raise
        mark.unlink(missing_ok=True)

    def beat(self) -> None:
        """Shows, by a file's time, that a run has begun."""
        (self.folder / "heartbeat").touch()

    def last_beat(self) -> datetime | None:
        """Tells when a run last began."""
        file = self.folder / "heartbeat"
        return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None

    def room(self) -> Room:
        """Tells how much room the disk has for this user."""
        return room_of(self.folder)

    @property
    def is_restored(self) -> bool:
        """Tells whether this home is a backup that has taken a home's place: mail has passed it by since."""
        return (self.folder / RESTORED).exists()

    def take_ledger(self, file: Path) -> None:
        """Puts a new ledger, whole and closed, in the place of the old one, which stays beside it."""
        self.forget_former_ledger()
        os.link(self.ledger_file, self._former)
        file.rename(self.ledger_file)
        (self.folder / RESTORED).unlink(missing_ok=True)
        _sync_folder(self.folder)

    def forget_former_ledger(self) -> None:
        """Removes the ledger that another has taken the place of."""
        self._former.unlink(missing_ok=True)

    @property
    def _former(self) -> Path:
        return self.ledger_file.with_suffix(".before")

    def keep(self, raw: bytes) -> str:
        """Keeps a mail's bytes under their SHA-256, on the disk before this returns; gives the digest."""
        sha = hashlib.sha256(raw).hexdigest()
        target = self._file(sha)
        if target.exists() and target.read_bytes() == raw:
            return sha
        target.parent.mkdir(exist_ok=True, mode=_PRIVATE)
        draft = target.with_suffix(".tmp")
        with draft.open("wb", buffering=0) as file:
            rest = memoryview(raw)
            while rest:
                # A full disk can take a part of the bytes and report no error until later.
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        if hashlib.sha256(draft.read_bytes()).hexdigest() != sha:
            raise OSError(f"kept bytes differ from what was written: {target.name}")
        draft.rename(target)
        for folder in (target.parent, self._mail):
            _sync_folder(folder)
        return sha

    def write_down(self, name: str, text: str) -> None:
        """Writes a small file of the home, whole or not at all."""
        draft = self.folder / f"{name}.tmp"
        with draft.open("wb", buffering=0) as file:
            file.write(text.encode())
            os.fsync(file.fileno())
        draft.rename(self.folder / name)

    def forget(self, sha: str) -> None:
        """Removes a kept mail's bytes."""
        self._file(sha).unlink(missing_ok=True)

    def raw(self, sha: str) -> bytes:
        """Gives a kept mail's bytes; raises OperatorFault where they are missing or not the same."""
        try:
            raw = self._file(sha).read_bytes()
        except OSError as fault:
            raise OperatorFault("kept_mail_missing", file=self._file(sha), why=fault.strerror) from fault
        if hashlib.sha256(raw).hexdigest() != sha:
            raise OperatorFault("kept_mail_damaged", file=self._file(sha))
        return raw

    def _file(self, sha: str) -> Path:
        return self._mail / sha[:2] / f"{sha}.eml"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
