"""preload: what a worker imports before its first file, which all that it forks have at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preload:
    """Names of modules: all that any file may need, and the few for files of a common and cheap kind.

    A fork costs by what its process holds, so that files which `takes_few` picks by their bytes go to
    processes of their own, that have imported only those few.
    """

    all: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    takes_few: Callable[[bytes], bool] = lambda _data: False

    def wanted_for(self, data: bytes) -> tuple[str, ...]:
        """Chooses for one file."""
        return self.few if self.takes_few(data) else self.all
