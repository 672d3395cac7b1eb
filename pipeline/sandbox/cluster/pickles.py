"""pickles: what those of a cluster may name, in this process and for good; a closed list.

A pickle does harm by what it names: a function to call. One that names nothing holds plain values alone.
Python asks before it looks a name up, whichever library unpickles.
"""

from __future__ import annotations

import os
import sys

# Exit code of a process that was handed a pickle with other names than those of the list.
REFUSED = 76

Names = frozenset[tuple[str, str]]

# What a task consists of, as a worker gets it; and how an office wraps it for the scheduler, which opens it.
TASKS: Names = frozenset({("dask._task_spec", "Task"), ("pipeline.sandbox.cluster.reading", "read")})
GRAPHS: Names = TASKS | {("dask._expr", "Expr._reconstruct"), ("dask._expr", "LLGExpr")}
# What an answer consists of, on its way back to the office.
ANSWERS: Names = frozenset({("builtins", "bytes")})


class Refused(Exception):
    """Says that a pickle names what none may name."""


def take_only(names: Names, ends: bool = False) -> None:
    """Has every later pickle refused that names anything else; with `ends` the process ends over it."""

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if event == "pickle.find_class" and arguments not in names:
            if ends:
                os._exit(REFUSED)
            raise Refused

    sys.addaudithook(look)
