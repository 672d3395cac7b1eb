"""last settings: those an office last worked by, kept in its home, to know whom to tell when they break."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from pipeline.domain.faults import OperatorFault
from pipeline.ledger.home import write_whole
from pipeline.office.settings import Settings, settings_in

_KEPT = "settings-last"
# As people write it, whatever else is wrong with the file; only before the first table is it the home.
_HOME = re.compile(r"""^\s*home\s*=\s*["']([^"'\n]+)["']""", re.MULTILINE)


def remember(settings: Settings, file: Path) -> None:
    """Keeps a settings file, which names where passwords are and holds none, in its own office's home."""
    kept = settings.home / _KEPT
    # Where it cannot be written, nobody will be told; of a full disk they are told otherwise.
    with suppress(OSError, ValueError, OperatorFault):
        text = file.read_text(encoding="utf-8")
        told = json.dumps({"file": str(file.resolve()), "text": text})
        if kept.exists() and kept.read_text(encoding="utf-8") == told:
            return
        # The file may have been changed, and broken, since they were read: by that nobody has worked.
        if settings_in(text, file) == settings:
            write_whole(kept, told, 0o600)


def recall(file: Path, home: Path | None) -> Settings | None:
    """Gives what an office last worked by, from the home it had, or the one its file names now.

    None where that is not known: what lies in another office's home is never taken for this one's.
    """
    with suppress(OSError, ValueError, KeyError, TypeError, OperatorFault):
        told = json.loads(((home or _home_named_in(file)) / _KEPT).read_text(encoding="utf-8"))
        if told["file"] == str(file.resolve()):
            return settings_in(told["text"], file)
    return None


def _home_named_in(file: Path) -> Path:
    head = file.read_text(encoding="utf-8").split("\n[", 1)[0]
    found = _HOME.search(head)
    if found is None:
        raise ValueError("no home")
    return file.resolve().parent / found[1]
