"""What a hostile file would try from inside a worker: run there, to learn which protections hold."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress

_PR_GET_NO_NEW_PRIVS = 39
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_PIECE = 512 << 10


def break_out(_data: bytes, aims: tuple[str, int, int], bounds: tuple[int, int]) -> dict[str, bool]:
    """Tries each way out once; True where it was barred.

    It aims at a secret file, a port and the main process, and beyond the bounds of memory and files.
    """
    (secret, port, main_process), (memory_bytes, file_bytes) = aims, bounds
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "rlimits": (
            _barred(lambda: bytearray(memory_bytes), MemoryError)
            and _barred(lambda: _write("big", bytes(file_bytes + 1)))
        ),
        "no_new_privs": libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
        # Asks only what is set: anybody may, unless the call itself is refused.
        "seccomp": libc.personality(0xFFFFFFFF) == -1,
        "network_denied": (
            _barred(lambda: socket.create_connection(("127.0.0.1", port), 1))
            and _barred(lambda: socket.socket(socket.AF_UNIX))
        ),
        "files_denied": _barred(lambda: _read(secret)) and _barred(lambda: _write(secret, b"x")),
        "main_process_denied": (
            _barred(lambda: os.kill(main_process, 0))
            and _barred(lambda: _read(f"/proc/{main_process}/environ"))
            and _barred(lambda: _write(f"/proc/{main_process}/mem", b""))
            and _barred(lambda: os.setpriority(os.PRIO_PROCESS, main_process, 19))
            and _barred(lambda: os.sched_setscheduler(main_process, os.SCHED_BATCH, os.sched_param(0)))
            and _barred(lambda: os.sched_setaffinity(main_process, {0}))
            and libc.syscall(_IOPRIO_SET[os.uname().machine], 1, main_process, 3 << 13) == -1
        ),
        "memory_counted": _barred(lambda: os.memfd_create("uncounted")),
    }


def fill(_data: bytes, scratch_bytes: int, scratch_files: int) -> bool:
    """Writes more than is allowed, in deleted files and in many small ones; True where it was barred."""
    held = []
    try:
        for number in range(2 + 2 * scratch_bytes // _PIECE):
            file = open(f"large{number}", "wb", buffering=0)  # noqa: SIM115
            held.append(file)
            os.unlink(file.name)
            if file.write(bytes(_PIECE)) < _PIECE:
                raise OSError
        return False
    except OSError:
        for file in held:
            file.close()
    return _barred(lambda: _litter(scratch_files + 1))


def _litter(files: int) -> None:
    for number in range(files):
        _write(f"small{number}", b"x")


def multiply(_data: bytes, processes: int) -> bool:
    """Starts more processes than are allowed and waits; True where one was refused."""
    started = []
    try:
        for _ in range(processes + 1):
            child = os.fork()
            if child == 0:
                time.sleep(5)
                os._exit(0)
            started.append(child)
        time.sleep(2)
        return False
    except BlockingIOError:
        return True
    finally:
        for child in started:
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)


def _barred(attempt: Callable[[], object], by: type[BaseException] = OSError) -> bool:
    try:
        attempt()
    except by:
        return True
    return False


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(1)


def _write(path: str, content: bytes) -> None:
    with open(path, "r+b" if os.path.exists(path) else "wb", buffering=0) as file:
        file.write(content)
        # A write that is cut at the limit succeeds; the next one does not.
        file.write(content[:1])
