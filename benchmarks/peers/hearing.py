"""A program of its own for the peers' environment: empties an INBOX into files, by one of several libraries.

`python hearing.py imaplib|imap_tools PORT USER PASSWORD FOLDER`; each mail becomes a file and is moved away.
It imports nothing of ours.
"""

from __future__ import annotations

import imaplib
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

_DONE = "Islenen"


def by_imaplib(port: int, user: str, password: str) -> Iterator[bytes]:
    """Gives each mail, and moves it once the next is asked for."""
    client = imaplib.IMAP4("127.0.0.1", port)
    client.login(user, password)
    client.create(_DONE)
    client.select("INBOX")
    for uid in client.uid("search", "ALL")[1][0].split():
        yield client.uid("fetch", uid.decode(), "(BODY.PEEK[])")[1][0][1]
        client.uid("move", uid.decode(), _DONE)
    client.logout()


def by_imap_tools(port: int, user: str, password: str) -> Iterator[bytes]:
    """Does the same as its guide has it."""
    from imap_tools import MailBoxUnencrypted  # type: ignore[import-not-found]

    with MailBoxUnencrypted("127.0.0.1", port).login(user, password) as mailbox:
        if not mailbox.folder.exists(_DONE):
            mailbox.folder.create(_DONE)
        for message in mailbox.fetch(mark_seen=False):
            yield message.obj.as_bytes()
            mailbox.move(message.uid, _DONE)


def main() -> None:
    """Writes what is heard."""
    library, port, user, password, folder = sys.argv[1:]
    hear = {"imaplib": by_imaplib, "imap_tools": by_imap_tools}[library]
    for raw in hear(int(port), user, password):
        Path(folder, f"{uuid.uuid4().hex}.eml").write_bytes(raw)


if __name__ == "__main__":
    main()
