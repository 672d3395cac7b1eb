"""A program of its own for the peers' environment: fetch, note and answer each mail, as a DBOS workflow.

`python durable.py PORT USER PASSWORD SMTP_PORT FOLDER`. Steps are kept in an SQLite file; a run
that was killed is taken up again by the next. It imports nothing of ours.
"""

from __future__ import annotations

import email
import imaplib
import smtplib
import sys

from dbos import DBOS, SetWorkflowID  # type: ignore[import-not-found]

_PORT, _USER, _PASSWORD, _SMTP_PORT, _FOLDER = sys.argv[1:]
DBOS(
    config={
        "name": "peer",
        "system_database_url": f"sqlite:///{_FOLDER}/dbos.sqlite",
        "run_admin_server": False,
    }
)


def _mailbox() -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", int(_PORT))
    client.login(_USER, _PASSWORD)
    client.select("INBOX")
    return client


_CLIENT = _mailbox()


@DBOS.step()  # type: ignore[untyped-decorator]
def fetch(uid: str) -> str:
    """Reads one mail."""
    return str(_CLIENT.uid("fetch", uid, "(BODY.PEEK[])")[1][0][1].decode("latin-1"))


@DBOS.step()  # type: ignore[untyped-decorator]
def answer(uid: str, subject: str) -> None:
    """Answers one mail, under a Message-ID that names it."""
    head = f"From: nes@saglik.example.org\r\nTo: x@example.org\r\nMessage-ID: <{uid}@peer>\r\n"
    letter = f"{head}Subject: {subject}\r\n\r\nOk.\r\n"
    with smtplib.SMTP("127.0.0.1", int(_SMTP_PORT)) as client:
        client.sendmail("nes@saglik.example.org", ["x@example.org"], letter.encode("ascii", "replace"))


@DBOS.workflow()  # type: ignore[untyped-decorator]
def handle(uid: str) -> None:
    """Takes one mail from the mailbox to its answer."""
    raw = fetch(uid)
    answer(uid, str(email.message_from_string(raw)["Subject"]))


if __name__ == "__main__":
    DBOS.launch()
    for number in _CLIENT.uid("search", "ALL")[1][0].split():
        with SetWorkflowID(f"mail-{number.decode()}"):
            DBOS.start_workflow(handle, number.decode()).get_result()
    DBOS.destroy()
