"""home: the folder where everything of ours lies: kept mail, the ledger, one lock."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pipeline.domain.faults import OperatorFault, TryLater
from pipeline.ledger.leaving import note_of

# Below this a disk is as good as full, whatever its bytes say.
FEWEST_INODES = 1000
_PRIVATE = 0o700
_KEY_BYTES = 32
# So many seconds between two tries to have the lock.
_BETWEEN_TRIES = 0.02
# Lies in every backup, and is removed by what makes a home of it again.
RESTORED = "rebuild-first"
LEDGER, KEY = "ledger.db", "key"
# Who may sit at the desk; and who might when a backup was made, which lets nobody in by itself.
PEOPLE, PEOPLE_KEPT = "desk-people.json", "desk-people.kept"
# Lies there from the first moment of a home until its ledger has been begun: a run may die in between.
_BEGINNING = "beginning"
# What is left of a ledger or key that did not belong together, beside those that `rebuild` makes.
_LOST = ".lost"
# What only a home that has been worked in has. With one of these and no ledger, this is not the first day.
_TRACES = (
    KEY,
    "ledger.db-journal",
    "ledger.before",
    "ledger.rebuilt",
    "heartbeat",
    "newest-backup",
    "metrics.prom",
    "at-work",
)


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """What is left of a disk."""

    megabytes_free: int
    inodes_free: int


def write_whole(file: Path, text: str, mode: int) -> None:
    """Writes a small file that others read: they see the old one or the new one, and never a half."""
    draft = file.with_name(f".{file.name}.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(mode)
    draft.rename(file)


def space_of(folder: Path) -> DiskSpace:
    """Tells how much room the disk of a folder has for this user."""
    state = os.statvfs(folder)
    # Some file systems make inodes as they need them, and count none.
    inodes = state.f_favail if state.f_files else sys.maxsize
    return DiskSpace(state.f_bavail * state.f_frsize >> 20, inodes)


def loss_in(folder: Path) -> str:
    """Names what is gone in a home, "" where all is there, or nothing has ever been; changes nothing.

    "ledger_gone" "ledger_empty" "key_gone" "key_damaged": a state that is gone is not the first day.
    """
    ledger, key = _size(folder / LEDGER), _size(folder / KEY)
    is_without_work = (folder / RESTORED).exists() or (
        (folder / _BEGINNING).exists() and not _has_kept_mail(folder)
    )
    if not ledger:
        is_first_day = ledger is None and not _has_kept_mail(folder)
        is_first_day = is_first_day and not any((folder / name).exists() for name in _TRACES)
        if not (is_first_day or is_without_work):
            return "ledger_gone" if ledger is None else "ledger_empty"
        return "key_damaged" if key not in (None, _KEY_BYTES) else ""
    if key is None:
        return "key_gone"
    return "" if key == _KEY_BYTES else "key_damaged"


def refusal_in(folder: Path) -> OperatorFault | None:
    """Gives why no run may begin in a home before `rebuild` has ended; None where any may; changes nothing."""
    try:
        name, _, what = (folder / RESTORED).read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return None
    # In a backup that has taken a home's place the mark is empty.
    return OperatorFault(name or "rebuild_first", home=folder, what=what)


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.exists() else None


def _has_kept_mail(folder: Path) -> bool:
    return any((folder / "mail").glob("*/*.eml"))


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
        return self.folder / LEDGER

    @property
    def key(self) -> bytes:
        """Gives the home's secret, made when it is first asked for, under the lock.

        It belongs to the ledger: a backup of one is nothing without the other. Raises OperatorFault where
        either is gone though this is not the first day.
        """
        file, draft = self.folder / KEY, self.folder / "key.tmp"
        if loss := loss_in(self.folder):
            raise OperatorFault(loss, home=self.folder)
        if not file.exists():
            (self.folder / _BEGINNING).touch()
            _sync_folder(self.folder)
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
    def lock(self, patience: float = 0) -> Iterator[None]:
        """Holds the home for this process; the lock dies with it, and so does a place in the line.

        Raises TryLater where it is held, and stays so for the seconds of `patience`.
        """
        until = time.monotonic() + patience
        with (self.folder / "turn").open("w") as turn, (self.folder / "lock").open("w") as lock:
            # Who holds the home cannot take it again before who waits: the turn is theirs already.
            self._take(turn, until)
            self._take(lock, until)
            fcntl.flock(turn, fcntl.LOCK_UN)
            yield

    def _take(self, file: IO[str], until: float) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as fault:
                if time.monotonic() >= until:
                    raise TryLater("already_running", home=self.folder) from fault
                time.sleep(_BETWEEN_TRIES)
                continue
            return

    def is_awaited(self) -> bool:
        """Tells who holds the lock whether somebody waits for it."""
        with (self.folder / "turn").open("w") as turn:
            try:
                fcntl.flock(turn, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

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
        """Shows, by a file's time, that a run has begun; by then the ledger has been, too."""
        (self.folder / _BEGINNING).unlink(missing_ok=True)
        (self.folder / "heartbeat").touch()

    def date_beat(self, at: datetime) -> None:
        """Dates the last beat as the clock of a play has it."""
        os.utime(self.folder / "heartbeat", (at.timestamp(), at.timestamp()))

    def last_beat(self) -> datetime | None:
        """Tells when a run last began."""
        file = self.folder / "heartbeat"
        return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None

    def space(self) -> DiskSpace:
        """Tells how much room the disk has for this user."""
        return space_of(self.folder)

    @property
    def is_restored(self) -> bool:
        """Tells whether mail has passed this home by: it is a backup, or older than the mail folders."""
        return (self.folder / RESTORED).exists()

    @property
    def refusal(self) -> OperatorFault | None:
        """Gives why no run may begin here; None where any may."""
        return refusal_in(self.folder)

    @property
    def refused_at(self) -> datetime | None:
        """Tells since when no run may begin here."""
        file = self.folder / RESTORED
        return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None

    def take_ledger(self, file: Path) -> None:
        """Puts a new ledger, whole and closed, in the place of the old one, which stays beside it."""
        self._former.unlink(missing_ok=True)
        os.link(self.ledger_file, self._former)
        file.rename(self.ledger_file)
        note_of(file).unlink(missing_ok=True)
        (self.folder / RESTORED).unlink(missing_ok=True)
        _sync_folder(self.folder)

    def forget_former_ledger(self) -> None:
        """Removes the ledgers that another has taken the place of."""
        for file in (self._former, *self.folder.glob(f"*{_LOST}")):
            file.unlink(missing_ok=True)

    def demand_rebuild(self, fault: OperatorFault) -> None:
        """Lets no run begin until `rebuild` has brought the ledger up to the mail folders, and keeps why."""
        self.write_down(RESTORED, f"{fault.name}\n{fault.details.get('what', '')}")
        _sync_folder(self.folder)

    def set_aside_remains(self) -> None:
        """Puts a ledger that cannot be gone on with, and a key that is none, beside where new ones go."""
        self.demand_rebuild(OperatorFault("rebuild_unended", home=self.folder))
        journal = self.folder / "ledger.db-journal"
        if _size(journal) == 0:
            # It was truncated with the last commit, and tells nothing about any ledger.
            journal.unlink()
        remains = [self.ledger_file, journal]
        if _size(self.folder / KEY) != _KEY_BYTES:
            remains.append(self.folder / KEY)
        for file in remains:
            if file.exists():
                file.rename(file.with_name(file.name + _LOST))
        _sync_folder(self.folder)

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
            raise OSError(errno.EIO, f"kept bytes differ from what was written: {target.name}")
        draft.rename(target)
        for folder in (target.parent, self._mail):
            _sync_folder(folder)
        return sha

    def write_down(self, name: str, text: str) -> None:
        """Writes a small file of the home, whole or not at all."""
        draft = self.folder / f"{name}.tmp"
        with open(draft, "wb", buffering=0, opener=_private) as file:
            file.write(text.encode())
            os.fsync(file.fileno())
        draft.rename(self.folder / name)

    def has(self, sha: str) -> bool:
        """Tells whether a mail's bytes lie here; what they are, `raw` tells."""
        return self._file(sha).exists()

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


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
