"""counter: the ledger as the desk has it: open for reading all the time, and for one act at a time.

Whoever only looks waits for nobody. An act waits for the home's lock, which a run may hold; a look at
somebody's papers is written down beside the ledger at once, and carried into the audit log with the lock.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline.domain.faults import TryLater
from pipeline.ledger.book import Ledger
from pipeline.ledger.home import Home
from pipeline.ledger.trail import TrailLine, note_lines
from pipeline.office.settings import Settings
from pipeline.office.shop import Clock, Shop, at_work
from pipeline.policy.policy import Policy

LOOKS = "desk-looks"
_PATIENCE_SECONDS = 20.0


class Counter:
    """The ledger of one home, for one thread that reads and one that writes."""

    def __init__(
        self, settings: Settings, load: Callable[[], Policy], readers: Executor, clock: Clock
    ) -> None:
        """Takes what pages are cut out by, and how the rules and texts are read."""
        self.settings, self.readers, self.clock = settings, readers, clock
        self.home = Home(settings.home)
        self._load = load
        # What changes while it is read has to be read again.
        self._policy_stamp = self._stamp_of_rules()
        self._policy = load()
        self._reading: Ledger | None = None
        self._ledger_number = 0
        self._looking = threading.Lock()

    @property
    def policy(self) -> Policy:
        """Gives the rules and texts as they stand, read anew after a change."""
        stamp = self._stamp_of_rules()
        if stamp != self._policy_stamp:
            self._policy, self._policy_stamp = self._load(), stamp
        return self._policy

    def _stamp_of_rules(self) -> frozenset[tuple[str, int, int, int]]:
        return frozenset(stamp for folder in self.settings.places.folders for stamp in _stamps(folder))

    def reading(self) -> Ledger:
        """Gives the ledger to look into; always to the same thread."""
        # A rebuilt ledger takes the other one's place under the same name.
        number = self.home.ledger_file.stat().st_ino if self.home.ledger_file.exists() else 0
        if self._reading is None or number != self._ledger_number:
            self.close()
            self._reading = Ledger.open(self.home.ledger_file, self.home.key)
            self._ledger_number = self.home.ledger_file.stat().st_ino
        return self._reading

    def looking(self) -> Shop:
        """Gives what a page is made of: the ledger to look into, and nothing that is locked."""
        ledger = self.reading()
        return Shop(self.settings, self.policy, self.home, ledger, self.readers, self.clock)

    @contextmanager
    def aside(self) -> Iterator[Shop]:
        """Opens a look of its own for what takes long, on any thread: nobody else's page waits for it."""
        ledger = Ledger.open(self.home.ledger_file, self.home.key)
        try:
            yield Shop(self.settings, self.policy, self.home, ledger, self.readers, self.clock)
        finally:
            ledger.close()

    def close(self) -> None:
        """Closes what is read from."""
        if self._reading:
            self._reading.close()
        self._reading = None

    @contextmanager
    def acting(self) -> Iterator[Shop]:
        """Opens all that an act works with, under the home's lock.

        Raises TryLater where a run lasts too long, OperatorFault on a backup in the home's place.
        """
        if refusal := self.home.refusal:
            raise refusal
        with self._writing(_PATIENCE_SECONDS) as ledger, self.home.scratch():
            yield self.acting_next(ledger)

    def acting_next(self, ledger: Ledger) -> Shop:
        """Gives what the next act works with, in a ledger that is open for acts already."""
        # What an act meant to write first, and then did not write at all, is not the next one's.
        ledger.write_first(lambda: None)
        return at_work(Shop(self.settings, self.policy, self.home, ledger, self.readers, self.clock))

    @contextmanager
    def _writing(self, patience: float) -> Iterator[Ledger]:
        with self.home.lock(patience):
            ledger = Ledger.open(self.home.ledger_file, self.home.key)
            try:
                self._carry(ledger)
                yield ledger
            finally:
                ledger.close()

    # --- looks ---------------------------------------------------------------------------------

    def note_look(self, event: str, about: str) -> None:
        """Writes down that somebody looked, before anything is shown."""
        line = json.dumps([self.clock().astimezone(UTC).isoformat(), event, about])
        place = self.home.folder / LOOKS
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with self._looking, open(os.open(place, flags, 0o600), "ab", buffering=0) as file:
            # What a power cut left half before it must not swallow this one.
            file.write(b"\n" + line.encode() + b"\n")
            os.fsync(file.fileno())

    def carry_looks(self) -> None:
        """Carries what was looked at into the audit log, unless a run is at work: then another time."""
        if any((self.home.folder / name).exists() for name in (LOOKS, f"{LOOKS}.carried")):
            try:
                with self._writing(0):
                    pass
            except TryLater:
                return

    def _carry(self, ledger: Ledger) -> None:
        place = self.home.folder / LOOKS
        taken = place.with_suffix(".carried")
        # What is written from now on goes into a file of its own; what was taken before comes first.
        for source in (taken, place):
            if not source.exists():
                continue
            if source is place:
                with self._looking:
                    place.rename(taken)
            note_lines(ledger, list(_read(taken)))
            taken.unlink()


def _stamps(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            # An editor's passing file may be gone before one has looked.
            with suppress(FileNotFoundError):
                state = os.stat(os.path.join(place, name))
                # A copy may bring its contents' old time along; the time of the change nobody sets.
                yield f"{place}/{name}", state.st_ino, state.st_size, state.st_ctime_ns


def _read(file: os.PathLike[str]) -> Iterator[TrailLine]:
    with open(file, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            # A line that a power cut has left half was shown to nobody; nor may it keep anybody from acting.
            with suppress(ValueError):
                at, event, about = json.loads(line)
                yield TrailLine(datetime.fromisoformat(at), event, about)
