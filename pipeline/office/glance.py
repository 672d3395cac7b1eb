"""glance: is everything as the last poll left it? Then a poll could but find the same, and need not begin.

Cron asks every five minutes, mostly for nothing. A poll that found nothing to do and nothing wrong leaves a
note: by what it went (settings, rules, texts, the program), how the ledger lay on the disk, and what it
knows of each mailbox. The next looks whether all that is the same, asks each mailbox by LOGIN, STATUS and
LOGOUT, and leaves the rest be; whatever differs, or cannot be had, is for a whole poll to find out. What
time alone brings, a letter that falls due or a night that is late, ends a note: after an hour, any note.

Light on purpose: settings are read by no more than their digest, and none of the libraries that judge,
write or keep is imported here (tests/test_light.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.domain.faults import OperatorFault
from pipeline.domain.password import Password
from pipeline.ledger.home import Home, loss_in
from pipeline.mail.faults import MailboxFault
from pipeline.mail.imap import FolderState, ImapAccount, Mailbox
from pipeline.office.init_system import credential

NOTE = "as-left"
_LONGEST = timedelta(hours=1)
_PROGRAM = Path(__file__).resolve().parent.parent


def glance(settings_file: Path, now: datetime) -> Mapping[str, str] | None:
    """Gives what the last poll said, where all is as that left it; None where a whole poll has to look."""
    home = _home(settings_file)
    note = _note(home / NOTE) if home else None
    if home is None or note is None:
        return None
    with suppress(OperatorFault):
        house = Home(home)
        with house.lock():
            if _holds(note, settings_file, house, now) and all(map(_is_as_left, note["mailboxes"])):
                house.beat()
                return dict(note["said"])
    # Whatever it was, the next poll is a whole one as well: no server is asked twice over the same.
    with suppress(OSError):
        (home / NOTE).unlink(missing_ok=True)
    return None


def state_of_files(settings_file: Path, folders: Iterable[Path]) -> str:
    """Gives a digest that changes with the settings, the environment's part of them, the program and files.

    The settings count by their bytes; files of `folders`, rules and texts, by place, size and times.
    """
    digest = hashlib.sha256(settings_file.read_bytes() + state_of_program().encode())
    told = sorted((key, value) for key, value in os.environ.items() if key.startswith("NES_INTAKE_"))
    digest.update(repr([str(settings_file.resolve()), told]).encode())
    for folder in folders:
        digest.update(repr(_listing(folder)).encode())
    return digest.hexdigest()


def state_of_program() -> str:
    """Gives a digest that changes with the program: its own files, its libraries, and its Python."""
    libraries = [_installed_in(place) for place in sys.path if place.endswith(("-packages", "-packages/"))]
    return hashlib.sha256(repr([sys.version, libraries, _listing(_PROGRAM)]).encode()).hexdigest()


def state_of_ledger(home: Home) -> list[int]:
    """Tells how the ledger lies on the disk: every write of it changes that."""
    state = home.ledger_file.stat()
    return [state.st_ino, state.st_size, state.st_mtime_ns]


def _installed_in(place: str) -> list[str]:
    # Each is named with its version: rules are proved by libraries as well, such as the calendar.
    with suppress(OSError):
        return sorted(name for name in os.listdir(place) if name.endswith((".dist-info", ".egg-info")))
    return []


def _listing(folder: Path) -> list[tuple[str, int, int, int]]:
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                state = os.stat(os.path.join(place, name))
                found.append((f"{place}/{name}", state.st_size, state.st_mtime_ns, state.st_ctime_ns))
    return found


def _home(settings_file: Path) -> Path | None:
    with suppress(OSError, ValueError):
        told = tomllib.loads(settings_file.read_text(encoding="utf-8")).get("home")
        named = os.environ.get("NES_INTAKE_HOME") or told
        return settings_file.resolve().parent / named if isinstance(named, str) else None
    return None


def _note(file: Path) -> Mapping[str, Any] | None:
    with suppress(OSError, ValueError):
        told = json.loads(file.read_text(encoding="utf-8"))
        return told if isinstance(told, dict) else None
    return None


def _holds(note: Mapping[str, Any], settings_file: Path, home: Home, now: datetime) -> bool:
    """Tells whether a note speaks of this program, these settings, files and ledger, and is not too old."""
    with suppress(OSError, KeyError, TypeError, ValueError):
        at, until = (datetime.fromisoformat(note[key]) for key in ("at", "until"))
        is_as_it_was = (
            at <= now < min(until, at + _LONGEST)
            and not loss_in(home.folder)
            and not home.is_restored
            and home.space().megabytes_free >= note["free_megabytes"]
            and state_of_ledger(home) == note["ledger"]
            and state_of_files(settings_file, map(Path, note["folders"])) == note["files"]
        )
        if is_as_it_was:
            # A collector tells by the file's time that the service lives.
            os.utime(note["metrics_file"])
        return is_as_it_was
    return False


def _is_as_left(told: Mapping[str, Any]) -> bool:
    """Asks a mailbox how it is."""
    with suppress(MailboxFault, OSError, KeyError, TypeError, ValueError):
        account = ImapAccount(
            **{key: told[key] for key in ("name", "host", "port", "security", "user", "folder")},
            password=_password(told["password"]),
            timeout_seconds=told["timeout_seconds"],
            ca_file=Path(told["ca_file"]) if told["ca_file"] else None,
        )
        with Mailbox(account) as mailbox:
            return mailbox.state() == FolderState(*told["state"])
    return False


def _password(told: Mapping[str, str]) -> Password:
    if told["file"]:
        return read_password(Path(told["file"]))
    return Password(os.environ[told["env"]])


def read_password(file: Path) -> Password:
    """Reads a password from its file, or from what the service's manager gives in its place."""
    # A service may be given by its manager what its user cannot read.
    return Password((credential(file) or file).read_text(encoding="utf-8").strip())


def write_note(home: Home, note: Mapping[str, Any]) -> None:
    """Leaves a note for the next poll; call under the lock."""
    home.write_down(NOTE, json.dumps(note))
