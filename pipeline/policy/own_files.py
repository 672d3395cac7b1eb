"""own_files: the office's files beside those they lie over → what differs, and what moved underneath."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.policy.places import takes_away
from pipeline.policy.word_files import said_otherwise, taken_from_below

# By path: the digest of the office's file, and of the one that it took the place of.
Memory = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Own:
    """One file of the office's own: what it does to the package's, and how they differ, line by line.

    `has_moved` says that the package's file is another than the one that was replaced; `taken` are the keys
    of a file of words, each with its text, that the office's does not have and the package's lends.
    """

    path: str
    does: Literal["replaces", "rewords", "adds", "removes", "repeats"]
    has_moved: bool
    lines: tuple[str, ...]
    taken: tuple[str, ...] = ()


def own_files(below: Mapping[str, bytes], own: Mapping[str, bytes], memory: Memory) -> Iterator[Own]:
    """Tells of every file of the office's own."""
    for path, body in sorted(own.items()):
        known = memory.get(path)
        has_moved = known is not None and known[0] == _digest(body) and known != _pair(path, below, own)
        if path not in below:
            yield Own(path, "adds", has_moved, ())
        elif takes_away(body):
            yield Own(path, "removes", has_moved, ())
        elif body == below[path]:
            yield Own(path, "repeats", has_moved, ())
        else:
            lines = said_otherwise(path, body, below[path])
            if lines is None:
                yield Own(path, "replaces", has_moved, _by_lines(below[path], body))
            else:
                yield Own(path, "rewords", has_moved, lines, taken_from_below(path, body, below[path]))


def _by_lines(below: bytes, own: bytes) -> tuple[str, ...]:
    theirs, ours = (text.decode("utf-8", "replace").splitlines() for text in (below, own))
    return tuple(difflib.unified_diff(theirs, ours, lineterm="", n=1))[2:]


def remembered(below: Mapping[str, bytes], own: Mapping[str, bytes], memory: Memory) -> Memory:
    """Gives the memory with what is new: a file that the office has not touched since keeps what it had."""
    return {
        path: memory[path] if path in memory and memory[path][0] == _digest(body) else _pair(path, below, own)
        for path, body in sorted(own.items())
    }


def _pair(path: str, below: Mapping[str, bytes], own: Mapping[str, bytes]) -> tuple[str, str]:
    return _digest(own[path]), _digest(below[path]) if path in below else ""


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
