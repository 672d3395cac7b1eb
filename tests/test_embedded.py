"""The demo's own servers, spoken to by the program's own mailbox and postman."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from pydantic import SecretStr

from pipeline.mail.imap import Fetched, ImapAccount, LoginRefused, Mailbox
from pipeline.mail.smtp import Delivered, Postman, SmtpAccount
from pipeline.review.embedded import EmbeddedMailbox, EmbeddedSmtp

LONG_AGO = date(2000, 1, 1)
MORNING = datetime(2026, 1, 5, 9, 30, tzinfo=timezone(timedelta(hours=3)))
LETTER = b"Message-ID: <1@nes.invalid>\r\n\r\n.nokta\r\n"


@pytest.fixture
def office() -> Iterator[EmbeddedMailbox]:
    """An embedded mailbox that is running."""
    with EmbeddedMailbox() as server:
        yield server


def account_of(server: EmbeddedMailbox, password: str | None = None) -> ImapAccount:
    secret = SecretStr(password or server.password)
    return ImapAccount("demo", server.host, server.port, "none", server.user, secret, timeout_seconds=60)


def test_mails_arrive_byte_for_byte_at_their_time(office: EmbeddedMailbox) -> None:
    odd = b"Subject: \xdeifre\nX: bare line ends\n\n\xff\r\n"
    office.deliver(odd, MORNING)
    office.deliver(LETTER, MORNING + timedelta(days=1))
    with Mailbox(account_of(office)) as mailbox:
        assert mailbox.state() == mailbox.select()
        uids = mailbox.uids(LONG_AGO)
        assert len(mailbox.uids(date(2026, 1, 6))) == 1
        first, second = mailbox.fetch(uids, 1_000_000)
    assert first == Fetched(uids[0], MORNING, odd)
    assert second == Fetched(uids[1], MORNING + timedelta(days=1), LETTER)


def test_mails_are_filed_and_evidence_is_kept(office: EmbeddedMailbox) -> None:
    office.deliver(LETTER, MORNING)
    with Mailbox(account_of(office)) as mailbox:
        mailbox.select()
        mailbox.file(mailbox.uids(LONG_AGO), "İşlenen/Ağustos")
        assert not mailbox.holds("Kanıt", "<1@nes.invalid>")
        mailbox.keep("Kanıt", LETTER)
        assert mailbox.holds("Kanıt", "<1@nes.invalid>")
    with Mailbox(account_of(office)) as mailbox:
        assert mailbox.state().messages == 0
        assert mailbox.holds("İşlenen/Ağustos", "<1@nes.invalid>")


def test_what_arrives_during_a_session_is_there_in_the_next(office: EmbeddedMailbox) -> None:
    with Mailbox(account_of(office)) as mailbox:
        before = mailbox.state()
        office.deliver(LETTER, datetime.now(UTC))
    with Mailbox(account_of(office)) as mailbox:
        assert mailbox.state().uidnext == before.uidnext + 1


def test_nobody_else_comes_in(office: EmbeddedMailbox) -> None:
    with pytest.raises(LoginRefused):
        Mailbox(account_of(office, "wrong")).__enter__()


def test_letters_are_kept_with_their_envelopes() -> None:
    with EmbeddedSmtp() as server, Postman(SmtpAccount(server.host, server.port, "none")) as postman:
        fates = postman.post("nes@example.org", ("a@example.org",), LETTER, lambda: None, ("k@example.org",))
        postman.post("", ("b@example.org",), LETTER, lambda: None)
        assert all(isinstance(fate, Delivered) for fate in fates.values())
        first, second = server.received
    assert (first.sender, first.recipients, first.raw) == (
        "nes@example.org",
        ("a@example.org", "k@example.org"),
        LETTER,
    )
    assert (second.sender, second.recipients) == ("", ("b@example.org",))


def test_the_servers_leave_without_a_word() -> None:
    program = """
import socket
from datetime import UTC, datetime
from pipeline.review.embedded import EmbeddedMailbox, EmbeddedSmtp

with EmbeddedMailbox() as mailbox, EmbeddedSmtp() as smtp:
    mailbox.deliver(b"x", datetime.now(UTC))
    # Clients that hang up in the middle, talk nonsense, or are still there at the end.
    for port in (mailbox.port, smtp.port):
        for said in (b"", b"nonsense\\r\\n" * 50, b"a APPEND INBOX {99}\\r\\n"):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.recv(10)
                client.sendall(said)
    still_there = [socket.create_connection(("127.0.0.1", port)) for port in (mailbox.port, smtp.port)]
for client in still_there:
    client.close()
print("over")
"""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")
