"""forked: work in a library of others → its answer, out of a process of its own that may hang or crash.

A fork of the worker is as cheap as a call, and yet it can be killed, may die, and leaves nothing behind.
"""

from __future__ import annotations

import math
import os
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

# How much longer than its processor time the work may take by the clock on a busy machine.
PATIENCE = 4
_SOFTWARE_FAULT = 70


def answer_of(work: Callable[[], bytes], seconds: float) -> bytes | None:
    """Does the work within so many processor seconds; None when it was killed, died or raised.

    Raises OSError where no process can be had.
    """
    ours, theirs = os.pipe()
    try:
        with warnings.catch_warnings():
            # Python warns of threads and their locks. A worker has no others, and the child takes no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        raise
    if child == 0:
        _do(work, math.ceil(seconds), theirs)
    os.close(theirs)
    with open(ours, "rb", buffering=0) as stream:
        # Processor time is the measure; the clock only ends what waits for something.
        answer = _received(stream.fileno(), time.monotonic() + seconds * PATIENCE)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return answer if status == 0 else None


def _received(descriptor: int, deadline: float) -> bytes | None:
    """Reads to the end; None where that does not come in time."""
    received = bytearray()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while poll.poll(max(0, math.ceil(1000 * (deadline - time.monotonic())))):
        piece = os.read(descriptor, 65536)
        if not piece:
            return bytes(received)
        received += piece
    return None


def _do(work: Callable[[], bytes], seconds: int, answer: int) -> NoReturn:
    with suppress(BaseException):
        # Some libraries talk to the terminal.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        with open(answer, "wb") as stream:
            stream.write(work())
        os._exit(0)
    os._exit(_SOFTWARE_FAULT)
