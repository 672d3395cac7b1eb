"""rounds: the offices of one host take their turns, each in a process of its own; when, never what.

Whatever befalls one office (a server that hangs, a flood, a full disk, wrong rules) befalls its process. A
turn that lasts gives its place to others and goes on behind them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.office.console import sentence, worldly
from pipeline.office.init_system import notify, watchdog_seconds
from pipeline.office.last_settings import remember
from pipeline.office.offices import Branch, load_offices, office_files
from pipeline.office.settings import Settings

# What an office's process says: its name, the sentence, and whether it is a complaint.
Told = Callable[[str, str, bool], None]
_TICK_SECONDS = 0.25
# So often the folder is looked at for offices that came, went or changed.
_LOOK_SECONDS = 5.0
# After so long a turn no longer keeps others waiting, and yields the processors to them.
_LONG_SECONDS = 60.0
_BEHIND_OTHERS = 10
_AGAIN_SECONDS = 60.0
_AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
# A turn beyond all proportion is ended as if the power had failed: the next one goes on where it was.
_LONGEST_REST_MINUTES = 120
_WITHOUT_SETTINGS_MINUTES = 5
_MOST_SAID = 1 << 16
_THE_SERVICES_OWN = {"CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}


@dataclass
class _Turn:
    """A running process of one office; `at` is when it began, by the clock on the wall."""

    process: subprocess.Popen[bytes]
    begun: float
    at: datetime
    longest: float
    is_whole: bool
    is_behind: bool = False

    def lines(self) -> Iterator[tuple[str, bool]]:
        """Takes what the process has said since, and whether it is a complaint; never waits for more."""
        for stream, is_complaint in ((self.process.stdout, False), (self.process.stderr, True)):
            assert stream
            said = b""
            while piece := stream.read(_MOST_SAID):
                said += piece
            for line in said.decode(errors="replace").splitlines():
                yield line, is_complaint


@dataclass
class _Seat:
    """One office's place in the rounds; `due` is on the monotonic clock, `night` the next one's moment."""

    branch: Branch
    stamp: tuple[int, ...]
    due: float = 0.0
    night: datetime | None = None
    turn: _Turn | None = None
    said: str = ""
    # The home of the settings that were last good, and whether all is done about those that are not.
    home: Path | None = None
    is_told: bool = False


class Rounds:
    """The turns of all offices of a folder."""

    def __init__(self, folder: Path, told: Told) -> None:
        self._folder, self._told = folder, told
        self._seats: dict[str, _Seat] = {}
        self._looked = float("-inf")
        self._stamps: dict[Path, tuple[int, ...]] = {}

    def tick(self) -> None:
        """Ends, begins and looks for what is due."""
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._look()
        for seat in self._seats.values():
            self._attend(seat)
        due = sorted((s for s in self._seats.values() if self._is_due(s)), key=lambda seat: seat.due)
        for seat in due[: max(0, _AT_ONCE - self._in_front())]:
            self._start(seat)

    def end(self) -> None:
        """Has every office end after the effect at hand, and waits for it."""
        for seat in self._seats.values():
            if seat.turn:
                seat.turn.process.terminate()
        for seat in self._seats.values():
            if seat.turn:
                seat.turn.process.wait()
                self._conclude(seat)

    def _look(self) -> None:
        self._looked = time.monotonic()
        stamps = {file: _stamp(file) for file in office_files(self._folder)}
        if stamps == self._stamps and self._seats.keys() == {file.stem for file in stamps}:
            return
        self._stamps = stamps
        branches = load_offices(self._folder)
        gone = self._seats.keys() - {branch.name for branch in branches}
        for name in [name for name in gone if not self._seats[name].turn]:
            del self._seats[name]
        for branch in branches:
            stamp = _stamp(branch.file)
            seat = self._seats.get(branch.name)
            if seat is None:
                self._seats[branch.name] = _Seat(branch, stamp)
            elif seat.stamp != stamp or seat.branch.fault != branch.fault:
                # The hour of the night may be what has changed.
                seat.branch, seat.stamp, seat.due, seat.night = branch, stamp, 0.0, None
                seat.is_told = False
            self._complain(self._seats[branch.name])

    def _complain(self, seat: _Seat) -> None:
        """Says what is wrong with an office's settings, once."""
        fault = seat.branch.fault
        if fault and sentence(fault) != seat.said:
            seat.said = sentence(fault)
            self._told(seat.branch.name, seat.said, True)
        elif fault is None:
            seat.said = ""

    def _start(self, seat: _Seat) -> None:
        """Begins a turn; where the host has no process left for it, the office waits and nobody else does."""
        try:
            _begin(seat)
        except OSError as fault:
            seat.due = time.monotonic() + _AGAIN_SECONDS
            self._told(seat.branch.name, worldly(fault), True)

    def _is_due(self, seat: _Seat) -> bool:
        has_work = seat.branch.settings is not None or not seat.is_told
        return seat.turn is None and has_work and seat.due <= time.monotonic()

    def _in_front(self) -> int:
        return sum(1 for seat in self._seats.values() if seat.turn and not seat.turn.is_behind)

    def _attend(self, seat: _Seat) -> None:
        turn = seat.turn
        if turn is None:
            return
        self._pass_on(seat, turn)
        if turn.process.poll() is not None:
            self._conclude(seat)
        elif time.monotonic() - turn.begun > turn.longest:
            os.killpg(turn.process.pid, signal.SIGKILL)
        elif not turn.is_behind and time.monotonic() - turn.begun > _LONG_SECONDS:
            turn.is_behind = True
            os.setpriority(os.PRIO_PGRP, turn.process.pid, _BEHIND_OTHERS)

    def _pass_on(self, seat: _Seat, turn: _Turn) -> None:
        for line, is_complaint in turn.lines():
            self._told(seat.branch.name, line, is_complaint)

    def _conclude(self, seat: _Seat) -> None:
        turn, settings = seat.turn, seat.branch.settings
        assert turn
        seat.turn = None
        self._pass_on(seat, turn)
        for stream in (turn.process.stdout, turn.process.stderr):
            assert stream
            stream.close()
        minutes = settings.schedule.poll_every_minutes if settings else _WITHOUT_SETTINGS_MINUTES
        seat.due = turn.begun + 60 * minutes
        if settings:
            seat.home = settings.home
            remember(settings, seat.branch.file)
        else:
            seat.is_told = turn.process.returncode == 0
        # A turn that has left a night owed says so, and the next one is whole again.
        if settings and turn.is_whole and turn.process.returncode == 0:
            seat.night = night_after(settings, turn.at)


def _begin(seat: _Seat) -> None:
    """Starts a turn: a glance at the mailbox, or the whole of it where a night may be due.

    Of an office whose settings broke nothing is done but to tell its unit.
    """
    settings, file = seat.branch.settings, str(seat.branch.file)
    now = datetime.now(UTC)
    is_whole = settings is not None and is_night_near(seat.night, now)
    if settings is None:
        assert seat.branch.fault
        words = [
            "pipeline.commands.distress",
            file,
            seat.branch.fault.name,
            *map(str, filter(None, [seat.home])),
        ]
    else:
        words = ["pipeline.commands", *(["serve", "--once"] if is_whole else ["poll"]), "--settings", file]
    process = subprocess.Popen(
        # Nothing is imported from where the service happens to stand.
        [sys.executable, "-P", "-m", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
        env=_own_world(seat.branch.name),
    )
    for stream in (process.stdout, process.stderr):
        assert stream
        os.set_blocking(stream.fileno(), False)
    longest = 60.0 * (_LONGEST_REST_MINUTES + (settings.budget.minutes_per_run if settings else 0))
    seat.turn = _Turn(process, time.monotonic(), now, longest, is_whole)


def night_after(settings: Settings, begun: datetime) -> datetime:
    """Names the next night that a whole turn has not closed: the first since it *began*.

    One that fell due while it ran may have come after its look at the clock.
    """
    at = begun.astimezone(settings.zone)
    hour = settings.schedule.night_at
    night = at.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
    return night if night > at else night + timedelta(days=1)


def is_night_near(night: datetime | None, now: datetime) -> bool:
    """Tells whether a turn has to be whole: a night may be due, or the clock has gone back since."""
    return night is None or not night - timedelta(days=1, hours=2) <= now < night


def _own_world(name: str) -> dict[str, str]:
    """Gives an office's process what it may know: no credentials of the service, which all would share."""
    kept = {key: value for key, value in os.environ.items() if key not in _THE_SERVICES_OWN}
    return {**kept, "NES_INTAKE_OFFICE_NAME": name}


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        state = file.stat()
    except OSError:
        return ()
    # Of the times the one that nobody sets: a copy may bring an old one along, and who may read a file is put
    # right without touching what is in it.
    return (state.st_ino, state.st_size, state.st_ctime_ns)


def serve_offices(folder: Path, told: Told) -> None:
    """Serves every office of a folder until SIGTERM or SIGINT; raises OperatorFault where there is none."""
    over = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: over.set())
    rounds = Rounds(folder, told)
    rounds.tick()
    notify("READY=1")
    every = watchdog_seconds()
    lived = time.monotonic()
    try:
        while not over.wait(_TICK_SECONDS):
            rounds.tick()
            if every and time.monotonic() - lived > every / 3:
                lived = time.monotonic()
                notify("WATCHDOG=1")
    finally:
        notify("STOPPING=1")
        rounds.end()
