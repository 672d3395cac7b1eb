"""init_system: what systemd gives a service and wants to hear from it; silent where there is none."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path


def notify(state: str) -> None:
    """Tells the service manager how we are ("READY=1", "WATCHDOG=1", "STOPPING=1")."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            # "@" stands for the nul with which the name of an abstract socket begins.
            sock.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


def watchdog_seconds() -> float | None:
    """Tells how often the service manager wants to hear from us; None where it does not wait."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1_000_000 if microseconds.isdigit() else None


def is_journal(stream: int) -> bool:
    """Tells whether a file descriptor leads into the journal."""
    with suppress(OSError, ValueError):
        device, inode = map(int, os.environ.get("JOURNAL_STREAM", "").split(":"))
        state = os.fstat(stream)
        return (state.st_dev, state.st_ino) == (device, inode)
    return False


def credential(file: Path) -> Path | None:
    """Gives the credential that a service was given by a file's name (LoadCredential)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    given = Path(folder) / file.name
    return given if folder and given.is_file() else None
