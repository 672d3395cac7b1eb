"""The isolated workers in which all untrusted bytes are opened: an `Executor` like any other.

A task is an importable function, the bytes of one file and JSON-able arguments; its answer is JSON. Nothing
else crosses, pickles least of all, so that a reader taken over by a file gains an empty directory and a few
seconds, but no network, no secret and no way back. The same function runs unchanged on a thread pool, a
process pool or a cluster.
"""

from __future__ import annotations

import fcntl
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

from pipeline.sandbox import break_out, worker
from pipeline.sandbox.confinement import Limits
from pipeline.sandbox.scanner.preload import Preload

__all__ = ["DEFAULT_LIMITS", "Limits", "WorkerFailed", "WorkerPool", "sandbox_report", "value_in"]

P = ParamSpec("P")
T = TypeVar("T")
Why = Literal["timeout", "memory", "crash", "answer_too_large", "raised"]

MEBIBYTE = 1 << 20
DEFAULT_LIMITS = Limits(
    wall_seconds=60.0,
    cpu_seconds=30,
    memory_bytes=1024 * MEBIBYTE,
    file_bytes=64 * MEBIBYTE,
    processes=32,
    answer_bytes=64 * MEBIBYTE,
)

_NOTHING = Preload()
# Imports under load take seconds, and are none of the file's fault.
_START_SECONDS = 60.0
_END_SECONDS = 10.0
_SCRATCH_PREFIX = "nes-intake-worker-"
_BOOT = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])["path"]
from pipeline.sandbox.worker import main
main(sys.argv[1])
"""


class WorkerFailed(Exception):
    """Says that a task has no answer, and why; `detail` names a signal or an exception, never content."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why: Why = why
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.why}: {self.detail}" if self.detail else self.why


class WorkerPool(Executor):
    """Runs each task in a process of its own, confined and bounded, and outlives whatever happens there.

    Up to `workers` tasks run at a time. Processes start with the first tasks and import what `preload` names
    for such files once. `submit` takes a top-level function, bytes and JSON-able arguments; the future gives
    the JSON-able result or raises `WorkerFailed`.
    """

    def __init__(self, workers: int, limits: Limits = DEFAULT_LIMITS, preload: Preload = _NOTHING) -> None:
        self._limits = limits
        self._preload = preload
        # As it is now: later the program may have a place of its own for what it writes.
        self._place = tempfile.gettempdir()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._idle: Mapping[tuple[str, ...], queue.LifoQueue[_Worker]] = {
            modules: queue.LifoQueue() for modules in (preload.all, preload.few)
        }

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hands a task in; a function or argument that cannot cross is a TypeError at once."""
        if kwargs:
            raise TypeError("a task takes no keyword arguments")
        if not args or not isinstance(args[0], bytes):
            raise TypeError("a task's first argument is the bytes of a file")
        return self._threads.submit(self._value, _request(fn, args[1:]), args[0])

    def ask(self, fn: Callable[..., object], data: bytes, *arguments: object) -> bytes:
        """Has a task done and gives its answer as it was said, for `value_in` on another machine to look at.

        Raises WorkerFailed where there is none.
        """
        return self._threads.submit(self._run, _request(fn, arguments), data).result()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more tasks, finishes those it has or cancels what waits, and ends its processes."""
        self._threads.shutdown(wait=False, cancel_futures=cancel_futures)
        if wait:
            self._close()
        else:
            threading.Thread(target=self._close, name="workers-closing").start()

    def _close(self) -> None:
        self._threads.shutdown(wait=True)
        for idle in self._idle.values():
            with suppress(queue.Empty):
                while True:
                    idle.get_nowait().close()

    def _value(self, request: bytes, data: bytes) -> Any:
        return value_in(self._run(request, data), self._limits)

    def _run(self, request: bytes, data: bytes) -> bytes:
        modules = self._preload.wanted_for(data)
        # A worker may have been killed while it was idle: no task's fault, so the task gets another one.
        for _ in range(2):
            try:
                worker = self._take(modules)
            except OSError:
                continue
            try:
                return worker.run(request, data)
            except _NotBegun:
                continue
            finally:
                if worker.healthy:
                    self._idle[modules].put(worker)
                else:
                    worker.kill()
        raise WorkerFailed("crash", "no worker")

    def _take(self, modules: tuple[str, ...]) -> _Worker:
        with suppress(queue.Empty):
            return self._idle[modules].get_nowait()
        return _Worker(self._limits, modules, self._place)


def _request(fn: Callable[..., object], arguments: Sequence[object]) -> bytes:
    return json.dumps({"function": _address_of(fn), "arguments": arguments}).encode()


def _address_of(fn: Callable[..., object]) -> str:
    module, name = getattr(fn, "__module__", None), getattr(fn, "__qualname__", "<nameless>")
    if module in (None, "__main__") or "<" in name:
        raise TypeError("a task is a function that can be imported")
    return f"{module}:{name}"


def _code_elsewhere() -> list[str]:
    """Lists what this process imported from outside its installation, such as the packages of a checkout."""
    found = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    for name, module in list(sys.modules.items()):
        if "." not in name:
            found += getattr(module, "__path__", None) or [getattr(module, "__file__", None) or ""]
    installed = os.path.join(sys.prefix, ""), os.path.join(sys.base_prefix, "")
    return sorted({path for path in found if os.path.isabs(path) and not path.startswith(installed)})


class _NotBegun(Exception):
    """The worker was gone before it took the task."""


class _Worker:
    """The main process's side of one worker: its process, its control channel, its scratch directory."""

    def __init__(self, limits: Limits, preload: tuple[str, ...], place: str) -> None:
        self.healthy = True
        self._limits = limits
        self._task: int | None = None
        self._scratch, self._lock = _new_scratch(place)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # What this process imports from, and nothing that depends on where it was started.
        path = [entry for entry in sys.path if os.path.isabs(entry)]
        tessdata = os.environ.get("TESSDATA_PREFIX")
        configuration = {
            "main": os.getpid(),
            "control": theirs.fileno(),
            "scratch": self._scratch,
            "path": path,
            "readable": [*_code_elsewhere(), *([tessdata] if tessdata else [])],
            "listable": path,
            "preload": preload,
            "limits": asdict(limits),
        }
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": "/nonexistent",
            "TMPDIR": self._scratch,
            "OMP_THREAD_LIMIT": "1",
            # Whoever is installed beside us has no business in our values, and looking for it takes time.
            "PYDANTIC_DISABLE_PLUGINS": "1",
            **({"TESSDATA_PREFIX": tessdata} if tessdata else {}),
        }
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-B", "-c", _BOOT, json.dumps(configuration)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    cwd=self._scratch,
                    # The lock goes along: whichever of the two lives longer holds the directory.
                    pass_fds=(theirs.fileno(), self._lock),
                    start_new_session=True,
                )
            except OSError:
                self._release()
                raise

    def run(self, request: bytes, data: bytes) -> bytes:
        """Has one task done and gives its answer, or raises `WorkerFailed`; `_NotBegun` where it was not."""
        self.healthy = False
        ours, theirs = socket.socketpair()
        with ours:
            try:
                with theirs:
                    socket.send_fds(self._control, [b"task"], [theirs.fileno()])
                self._task = int(self._hear(_START_SECONDS))
            except OSError:
                raise _NotBegun from None
            answer = _exchange(ours, request, data, self._limits)
        try:
            self._control.send(b"end")
            ended = json.loads(self._hear(_END_SECONDS))
        except OSError:
            ended = None
        else:
            self.healthy = True
            self._task = None
        if isinstance(answer, bytes):
            return answer
        raise answer or _obituary(ended)

    def close(self) -> None:
        """Lets the worker go home by itself, and makes it where it does not."""
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Ends the worker, and the task it may have left behind."""
        self._process.kill()
        self._process.wait()
        if self._task is not None:
            with suppress(OSError):
                os.killpg(self._task, signal.SIGKILL)
        self._release()

    def _release(self) -> None:
        self._control.close()
        _remove(self._scratch)
        os.close(self._lock)

    def _hear(self, seconds: float) -> bytes:
        self._control.settimeout(seconds)
        heard = self._control.recv(256)
        if not heard:
            raise ConnectionError("the worker is gone")
        return heard


def _exchange(
    connection: socket.socket, request: bytes, data: bytes, limits: Limits
) -> bytes | WorkerFailed | None:
    """Tells the task and hears its answer; None where it died without one."""
    deadline = time.monotonic() + limits.wall_seconds
    try:
        for part in (worker.REQUEST_LENGTH.pack(len(request)) + request, data):
            connection.settimeout(_until(deadline))
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        head = _receive(connection, worker.ANSWER_LENGTH.size, deadline)
        (length,) = worker.ANSWER_LENGTH.unpack(head)
        if length > limits.answer_bytes:
            return WorkerFailed("answer_too_large")
        return _receive(connection, length, deadline)
    except TimeoutError:
        return WorkerFailed("timeout", "wall clock")
    except OSError:
        return None


def _receive(connection: socket.socket, length: int, deadline: float) -> bytes:
    received = bytearray()
    while len(received) < length:
        connection.settimeout(_until(deadline))
        piece = connection.recv(min(length - len(received), MEBIBYTE))
        if not piece:
            raise ConnectionError("the task is gone")
        received += piece
    return bytes(received)


def _until(deadline: float) -> float:
    # Zero would mean: do not wait at all, and that is another error.
    return max(deadline - time.monotonic(), 0.001)


def _values_in(answer: bytes) -> int:
    """Counts what an answer would be taken apart into, at most, before anything is made of it.

    Three bytes of "[]," become seventy. A list or an object weighs as much as eight texts, and an answer
    cannot be deeper than it has lists and objects; marks inside texts are counted as well.
    """
    return answer.count(b",") + answer.count(b":") + 8 * (answer.count(b"[") + answer.count(b"{"))


def value_in(answer: bytes, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Takes an answer apart as what it is: a stranger's words; raises WorkerFailed where it has no value."""
    if _values_in(answer) > limits.answer_values:
        raise WorkerFailed("answer_too_large")
    try:
        told = json.loads(answer.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError, MemoryError):
        told = None
    match told:
        case {"value": value}:
            return value
        case {"failed": "memory" | "answer_too_large" | "raised" as why, "detail": str(detail)}:
            raise WorkerFailed(why, detail if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", detail) else "")
    raise WorkerFailed("crash", "malformed answer")


def _obituary(ended: Mapping[str, Any] | None) -> WorkerFailed:
    if ended is None:
        return WorkerFailed("crash", "worker lost")
    match ended["excess"]:
        case "processes":
            return WorkerFailed("crash", "too many processes")
        case "memory":
            return WorkerFailed("memory", "of all its processes")
        case "scratch":
            return WorkerFailed("crash", "too much written")
    code = os.waitstatus_to_exitcode(ended["status"])
    if code == -signal.SIGXCPU:
        return WorkerFailed("timeout", "processor time")
    return WorkerFailed("crash", signal.Signals(-code).name if code < 0 else f"exit {code}")


# --- scratch directories -----------------------------------------------------------------------


def _new_scratch(place: str) -> tuple[str, int]:
    """Makes a locked directory for one worker, and clears away those whose owners died with the machine."""
    for left in Path(place).glob(_SCRATCH_PREFIX + "*"):
        with suppress(OSError):
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                # A minute of grace between somebody's making a directory and locking it.
                if time.time() - os.fstat(lock).st_mtime > 60:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(str(left))
            finally:
                os.close(lock)
    scratch = tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=place)
    lock = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return scratch, lock


def _remove(scratch: str) -> None:
    with suppress(OSError):
        worker.clear_away(scratch)
        os.rmdir(scratch)


# --- is it true? -------------------------------------------------------------------------------


def sandbox_report() -> Mapping[str, bool]:
    """Tries to break out of a real worker and tells which protections held.

    Keys: `rlimits` (memory, file size), `process_limit`, `no_new_privs`, `seccomp`, `network_denied`,
    `files_denied` (reading and writing outside the scratch directory), `main_process_denied` (signals,
    memory, environment and priority of this process), `memory_counted` (none beside that of processes),
    `scratch_limit` (of what is written, by number and size, deleted or not). Raises `WorkerFailed` where
    no worker can be had at all.
    """
    limits = Limits(
        wall_seconds=20.0,
        cpu_seconds=10,
        memory_bytes=512 * MEBIBYTE,
        file_bytes=MEBIBYTE,
        processes=4,
        answer_bytes=MEBIBYTE,
        scratch_bytes=4 * MEBIBYTE,
        scratch_files=64,
    )
    with (
        WorkerPool(1, limits) as pool,
        tempfile.NamedTemporaryFile(prefix="nes-intake-probe-") as secret,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        port: int = listener.getsockname()[1]
        aims = secret.name, port, os.getpid()
        room = limits.memory_bytes, limits.file_bytes
        held = pool.submit(break_out.break_out, b"", aims, room).result()
        try:
            held["process_limit"] = pool.submit(break_out.multiply, b"", limits.processes).result()
        except WorkerFailed as failed:
            held["process_limit"] = failed.detail == "too many processes"
        try:
            bounds = limits.scratch_bytes, limits.scratch_files
            held["scratch_limit"] = pool.submit(break_out.fill, b"", *bounds).result()
        except WorkerFailed as failed:
            held["scratch_limit"] = failed.detail == "too much written"
    return held
