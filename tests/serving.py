"""The real command that serves one office or many, and waiting for what it does."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.house import COMMAND

# Longer than anything takes on a busy machine; only what never comes is waited for so long.
PATIENCE = 240


@contextmanager
def serving(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Serves by the words behind the command's name; whatever happens, it is gone afterwards."""
    process = subprocess.Popen(
        [str(COMMAND), "serve", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(true: Callable[[], object]) -> None:
    """Waits until something is so."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
