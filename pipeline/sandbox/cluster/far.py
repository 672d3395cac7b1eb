"""far: an `Executor` whose files are read on other machines, and here where that comes to nothing.

Only a file that was read well is taken from the cluster. Whatever else comes back, or nothing, is no word
about the file: it is read here, as if there had been no cluster.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.domain import Transcript
from pipeline.sandbox.cluster.membership import Membership
from pipeline.sandbox.cluster.trial import trial_page
from pipeline.sandbox.cluster.wire import ANSWER, TASK
from pipeline.sandbox.scanner.scan import PASSING, PRELOAD, timed_scan
from pipeline.sandbox.scanner.transcribed import TRANSCRIPTS
from pipeline.sandbox.workers import DEFAULT_LIMITS, WorkerFailed, WorkerPool, value_in

P = ParamSpec("P")
T = TypeVar("T")

# For so long no answer may come back: twice what the slowest file takes, and somebody's start.
_STALL_SECONDS = 2 * DEFAULT_LIMITS.wall_seconds + 30
_LOOK_SECONDS = 150.0
_MOST_TOLD = 1 << 22
_NO_CLUES = b"{}"
# What a reader says where its own limits were in the way; nobody takes that for the file's fault.
_TOO_MUCH_THERE = PASSING | {"too_large", "reader_failed"}


@contextmanager
def far_readers(membership: Membership, workers: int) -> Iterator[Executor]:
    """Gives the readers of the cluster, and so many of this machine behind them."""
    with WorkerPool(workers, preload=PRELOAD) as here, FarReaders(membership, here) as far:
        yield far


@dataclass(frozen=True, slots=True)
class _Task:
    """A file that was sent away: what is to be called here if nothing comes of it."""

    future: Future[Any]
    data: bytes
    clues: Any


class FarReaders(Executor):
    """Has files read in the cluster and does everything else with `here`, which it does not end.

    The courier starts with the first file. `read_far` and `read_here` count the files that were sent;
    `is_away` says that some were read here because nobody there could be reached, `refuted` counts those for
    which an answer came that was of no use, though the file could be read here.
    """

    def __init__(self, membership: Membership, here: Executor, stall_seconds: float = _STALL_SECONDS) -> None:
        self._membership, self._here, self._stall = membership, here, stall_seconds
        self._tasks: dict[int, _Task] = {}
        self._lock, self._speaking = threading.Lock(), threading.Lock()
        self._courier: _Courier | None = None
        self._is_over = False
        self._number = 0
        self._heard_at = 0.0
        self.read_far = self.read_here = self.refuted = 0
        self.is_away = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hands a task in; a file to be read goes away, unless the cluster has failed us before."""
        if fn is not timed_scan or kwargs or self._is_over:
            self.is_away |= fn is timed_scan
            return self._here.submit(fn, *args, **kwargs)
        data, clues = args
        assert isinstance(data, bytes)
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        task = _Task(future, data, clues)
        number = self._take_up(task)
        if number:
            self._send(number, task)
        else:
            self.is_away = True
            self._read_here(task)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the courier; what it was carrying is read here."""
        del cancel_futures
        self._end()
        courier = self._courier
        if courier and wait:
            courier.listening.join()

    def _take_up(self, task: _Task) -> int:
        """Numbers a task and starts the courier with the first; 0 where there is none to be had."""
        with self._lock:
            if self._is_over:
                return 0
            if self._courier is None:
                try:
                    self._courier = _Courier(self._membership, "carry")
                except OSError:
                    self._is_over = True
                    return 0
                self._courier.listening = threading.Thread(target=self._listen, name="courier")
                self._courier.listening.start()
            if not self._tasks:
                self._heard_at = time.monotonic()
            self._number += 1
            self._tasks[self._number] = task
            return self._number

    def _send(self, number: int, task: _Task) -> None:
        clues = task.clues.encode()
        assert self._courier
        try:
            with self._speaking:
                self._courier.says.sendall(TASK.pack(number, len(clues), len(task.data)) + clues)
                self._courier.says.sendall(task.data)
        except OSError:
            self._give_up()

    def _listen(self) -> None:
        assert self._courier
        with suppress(OSError):
            while True:
                number, length = ANSWER.unpack(self._receive(ANSWER.size))
                if length > DEFAULT_LIMITS.answer_bytes:
                    break
                answer = self._receive(length)
                with self._lock:
                    task = self._tasks.pop(number, None)
                    # What nobody has asked for is no sign of life.
                    self._heard_at = time.monotonic() if task else self._heard_at
                if task:
                    self._settle(task, answer)
        self._give_up()
        self._courier.end()

    def _receive(self, length: int) -> bytes:
        """Waits for so many bytes; raises OSError where nothing comes while something is owed."""
        assert self._courier
        received = bytearray()
        while len(received) < length:
            # However much trickles in: what counts is an answer that is whole.
            if self._tasks and time.monotonic() - self._heard_at > self._stall:
                raise TimeoutError
            try:
                piece = self._courier.hears.recv(min(length - len(received), 1 << 20))
            except TimeoutError:
                continue
            if not piece:
                raise ConnectionError
            received += piece
        return bytes(received)

    def _settle(self, task: _Task, answer: bytes) -> None:
        value = _well_read(answer, task.data)
        if value is None:
            self._read_here(task, was_answered=True)
        else:
            self.read_far += 1
            task.future.set_result(value)

    def _give_up(self) -> None:
        """Ends it because the cluster is lost."""
        # First of all: who waits for the files will ask for this as soon as they are read.
        self.is_away |= bool(self._tasks)
        self._end()

    def _end(self) -> None:
        """Has nothing sent away any more, and what was is read here."""
        with self._lock:
            self._is_over = True
            left, self._tasks = list(self._tasks.values()), {}
        if self._courier:
            self._courier.hang_up()
        for task in left:
            self._read_here(task)

    def _read_here(self, task: _Task, was_answered: bool = False) -> None:
        self.read_here += 1
        try:
            instead = self._here.submit(timed_scan, task.data, task.clues)
        except RuntimeError as fault:
            # The run is ending, and whoever asked with it.
            task.future.set_exception(fault)
            return
        instead.add_done_callback(lambda done: self._pass_on(done, task, was_answered))

    def _pass_on(self, done: Future[Any], task: _Task, was_answered: bool) -> None:
        fault = done.exception()
        # A file that nobody can read says nothing of who could not; one that we can does. Counted first of
        # all, as in `_give_up`.
        if was_answered and not fault and _is_good(done.result(), task.data):
            with self._lock:
                self.refuted += 1
        if isinstance(fault, WorkerFailed) and fault.detail == "no worker":
            # Neither there nor here could it be looked at at all: a matter of machines, for a later run.
            fault = OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        if fault:
            task.future.set_exception(fault)
        else:
            task.future.set_result(done.result())


def _well_read(answer: bytes, data: bytes) -> Any:
    """Gives what `timed_scan` would, out of a stranger's answer; None where not all is as it should be."""
    try:
        value = value_in(answer)
    except WorkerFailed:
        return None
    return value if _is_good(value, data) else None


def _is_good(value: Any, data: bytes) -> bool:
    """Tells whether this is what `timed_scan` gives where no reader's own limits were in the way."""
    try:
        seconds, told = value
        transcript = TRANSCRIPTS.validate_python(told)
    except (ValidationError, TypeError, ValueError):
        return False
    most = DEFAULT_LIMITS.cpu_seconds * DEFAULT_LIMITS.processes
    if not isinstance(seconds, int | float) or not math.isfinite(seconds) or not 0 <= seconds <= most:
        return False
    return transcript.digest == hashlib.sha256(data).hexdigest() and not any(
        map(_is_doubtful, _all_of(transcript))
    )


def _all_of(transcript: Transcript) -> Iterator[Transcript]:
    yield transcript
    for _, inner in transcript.inner:
        yield from _all_of(inner)


def _is_doubtful(transcript: Transcript) -> bool:
    return bool({transcript.problem, *transcript.notes} & _TOO_MUCH_THERE)


class _Courier:
    """The courier's process and our end of the pipe to it."""

    listening: threading.Thread

    def __init__(self, membership: Membership, what: str) -> None:
        self.hears, theirs = socket.socketpair()
        # Short waits, so that who listens notices what else has happened; long files, and a slow start.
        self.hears.settimeout(1.0)
        self.says = self.hears.dup()
        self.says.settimeout(_STALL_SECONDS)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [
                        *(sys.executable, "-P", "-m", "pipeline.sandbox.cluster.gate"),
                        *(str(theirs.fileno()), membership.as_json(), what),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=_little_of_the_world(),
                    cwd="/",
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            except OSError:
                self._close()
                raise

    def hang_up(self) -> None:
        """Cuts the pipe; whoever waits at it on either side is told."""
        with suppress(OSError):
            self.hears.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Ends the process."""
        self.hang_up()
        self._process.kill()
        self._process.wait()
        self._close()

    def _close(self) -> None:
        self.hears.close()
        self.says.close()


def _little_of_the_world() -> Mapping[str, str]:
    kept = ("PATH", "LANG", "LC_ALL", "TESSDATA_PREFIX", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


class _Told(BaseModel):
    """What the courier tells of a look; `answer` is what came of the page, None where nothing did in time."""

    class There(BaseModel):
        """One worker."""

        told: dict[str, str]
        was_asked: bool
        answer: str | None

    here: dict[str, str]
    there: list[There]


# What came of the page that a worker was given to try it.
Trial = Literal["read", "refuted", "silent", "not_asked"]


@dataclass(frozen=True, slots=True)
class Seen:
    """By what is read `here`, and on each worker `there`: what fitness tells of a machine, and its trial."""

    here: Mapping[str, str]
    there: Sequence[tuple[Mapping[str, str], Trial]]


def look_at_cluster(membership: Membership) -> Seen | None:
    """Looks at all workers, and has each that reads as we do read a page of nobody's.

    None where the scheduler is not to be had, or does not let us in.
    """
    courier = _Courier(membership, "look")
    until = time.monotonic() + _LOOK_SECONDS
    told = bytearray()
    page = trial_page()
    try:
        with suppress(OSError):
            courier.says.sendall(TASK.pack(0, len(_NO_CLUES), len(page)) + _NO_CLUES + page)
        while time.monotonic() < until and len(told) <= _MOST_TOLD:
            with suppress(TimeoutError):
                piece = courier.hears.recv(1 << 16)
                if not piece:
                    break
                told += piece
    finally:
        courier.end()
    try:
        seen = _Told.model_validate_json(bytes(told))
    except ValidationError:
        return None
    return Seen(seen.here, [(one.told, _trial_of(one, page)) for one in seen.there])


def _trial_of(one: _Told.There, page: bytes) -> Trial:
    if one.answer is None:
        return "silent" if one.was_asked else "not_asked"
    return "read" if _well_read(one.answer.encode("latin-1", "replace"), page) else "refuted"
