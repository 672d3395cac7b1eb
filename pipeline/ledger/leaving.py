"""leaving: a ledger's file that lies as it was left is not looked at whole each time that it is opened.

It was whole when it was opened, nothing went wrong with it, and nobody has written since: its inode, its size
and its time are the same, and there is no transaction to take back. What came from elsewhere, or was left by a
process that died, is looked at whole; and everything once a week, since disks fail quietly.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

_LONGEST_UNSEEN_SECONDS = 7 * 24 * 3600


def looked_at_as_it_is(file: Path) -> int | None:
    """Tells when a file was last looked at whole, in seconds; None where it has to be looked at now."""
    note = note_of(file)
    words = note.read_text(errors="replace").split() if note.exists() else []
    if len(words) != 4 or not all(map(str.isdecimal, words)):
        return None
    *left, looked_at = map(int, words)
    is_recent = 0 <= time.time() - looked_at < _LONGEST_UNSEEN_SECONDS
    return looked_at if is_recent and left == _look_of(file) else None


def leave(file: Path, looked_at: int | None) -> None:
    """Notes how a file was left that was opened by `looked_at`; one that is as noted already is not touched."""
    look = _look_of(file)
    told = " ".join(map(str, [*look, looked_at or int(time.time())])) if look else ""
    # A note that cannot be written costs a look at everything, and no more.
    with suppress(OSError):
        note = note_of(file)
        if told and not (note.exists() and note.read_text(errors="replace") == told):
            note.write_text(told)


def note_of(file: Path) -> Path:
    """Gives the place beside a ledger where it stands how it was left."""
    return file.with_name(f"{file.name}.left")


def _look_of(file: Path) -> list[int]:
    """Gives inode, size and time of a file; nothing where a transaction has to be taken back first."""
    journal = file.with_name(f"{file.name}-journal")
    if not file.exists() or (journal.exists() and journal.stat().st_size):
        return []
    state = file.stat()
    return [state.st_ino, state.st_size, state.st_mtime_ns]
