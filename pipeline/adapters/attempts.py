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


def break_out(
    _data: bytes, secret: str, port: int, main_process: int, memory_bytes: int, file_bytes: int
) -> dict[str, bool]:
    """Tries each way out once; True where it was barred."""
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
        ),
    }


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
