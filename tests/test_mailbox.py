"""The mailbox against a real Dovecot."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr

from pipeline.adapters.mailbox import (
    Fetched,
    FolderMissing,
    ImapAccount,
    LoginRefused,
    Mailbox,
    Unfetched,
    Unreachable,
    Untrusted,
)
from tests.servers import Box, Certificates, free_ports

LONG_AGO = date(2000, 1, 1)
MIB = 1024 * 1024


def account_of(box: Box, port: int | None = None, folder: str = "INBOX", **changes: object) -> ImapAccount:
    given: dict[str, object] = {
        "name": "basvuru",
        "host": box.server.host,
        "port": port or box.server.port,
        "security": "none",
        "user": box.user,
        "password": SecretStr(box.password),
        "folder": folder,
        "timeout_seconds": 5,
    }
    return ImapAccount(**(given | changes))  # type: ignore[arg-type]


def mail(number: int, size: int = 0) -> bytes:
    head = f"Subject: deneme {number}\r\nMessage-ID: <{number}@ornek.invalid>\r\n\r\n".encode()
    return head + (b"x" * 70 + b"\r\n") * (size // 72)


def everything(box: Box, largest: int = MIB) -> list[Fetched | Unfetched]:
    with Mailbox(account_of(box)) as mailbox:
        mailbox.select()
        return list(mailbox.fetch(mailbox.uids(LONG_AGO), largest))


def raws(answers: list[Fetched | Unfetched]) -> list[bytes]:
    return [answer.raw for answer in answers if isinstance(answer, Fetched)]


def test_mails_are_fetched_byte_for_byte_with_their_day(box: Box) -> None:
    moment = datetime(2026, 1, 5, 22, 30, tzinfo=UTC)
    odd = b'Subject: \xfe\xff\r\n\r\n\x00\x01(quoted "text" {12}\r\n)\r\n* OK\r\n'
    box.deliver(odd.replace(b"\x00", b""), moment)
    (answer,) = everything(box)
    assert isinstance(answer, Fetched)
    assert answer.raw == odd.replace(b"\x00", b"")
    assert answer.received_at == moment
    assert answer.received_at.tzinfo is not None


def test_reading_leaves_no_mark(box: Box) -> None:
    box.deliver(mail(1))
    assert len(everything(box)) == 1
    assert box.flags() == {1: set()}


def test_the_state_tells_what_is_new(box: Box) -> None:
    box.deliver(mail(1))
    with Mailbox(account_of(box)) as mailbox:
        before = mailbox.state()
        assert mailbox.select() == before
    box.deliver(mail(2))
    with Mailbox(account_of(box)) as mailbox:
        after = mailbox.state()
    assert (before.messages, after.messages) == (1, 2)
    assert after.uidnext == before.uidnext + 1
    assert after.uidvalidity == before.uidvalidity


def test_only_mails_since_a_day_are_listed(box: Box) -> None:
    today = datetime(2026, 3, 10, 12, tzinfo=UTC)
    for number, age in enumerate([9, 2, 1, 0]):
        box.deliver(mail(number), today - timedelta(days=age))
    with Mailbox(account_of(box)) as mailbox:
        mailbox.select()
        assert mailbox.uids(date(2026, 3, 8)) == (2, 3, 4)
        assert mailbox.uids(date(2026, 3, 11)) == ()


def test_an_empty_folder_has_no_uids(box: Box) -> None:
    with Mailbox(account_of(box)) as mailbox:
        assert mailbox.select().messages == 0
        assert mailbox.uids(LONG_AGO) == ()
        assert list(mailbox.fetch((), MIB)) == []


def test_a_mail_over_the_limit_is_named_and_left(box: Box) -> None:
    box.deliver(mail(1))
    box.deliver(mail(2, size=200_000))
    answers = everything(box, largest=100_000)
    assert raws(answers) == [mail(1)]
    assert Unfetched(2, "too_large") in answers


def test_a_mail_of_thirty_megabytes_comes_through(box: Box) -> None:
    large = mail(1, size=30 * MIB)
    box.deliver(large)
    box.deliver(mail(2))
    assert raws(everything(box, largest=40 * MIB)) == [large, mail(2)]


def test_mails_are_moved_to_a_folder_with_a_turkish_name(box: Box) -> None:
    for number in range(3):
        box.deliver(mail(number))
    with Mailbox(account_of(box)) as mailbox:
        mailbox.select()
        mailbox.file([1, 3], "İşlenen/2026 Ağustos")
    assert box.mails() == [mail(1)]
    assert box.mails("İşlenen/2026 Ağustos") == [mail(0), mail(2)]
    assert box.flags("İşlenen/2026 Ağustos") == {1: set(), 2: set()}


def test_a_wrong_password_is_told_apart(box: Box) -> None:
    with pytest.raises(LoginRefused) as caught:
        Mailbox(account_of(box, password=SecretStr("very-wrong"))).__enter__()
    assert "very-wrong" not in str(caught.value)


def test_a_missing_folder_is_told_apart(box: Box) -> None:
    with Mailbox(account_of(box, folder="Yok")) as mailbox:
        with pytest.raises(FolderMissing):
            mailbox.state()
        with pytest.raises(FolderMissing):
            mailbox.select()


def test_nobody_listening_is_a_fault_with_advice(box: Box) -> None:
    with pytest.raises(Unreachable, match="check host, port and network"):
        Mailbox(account_of(box, port=free_ports(1)[0])).__enter__()


def test_tls_and_starttls_are_verified(box: Box, certificates: Certificates) -> None:
    box.deliver(mail(1))
    for security, port in (("tls", box.server.tls_port), ("starttls", box.server.port)):
        with Mailbox(account_of(box, port, security=security, ca_file=certificates.ca_file)) as mailbox:
            assert mailbox.state().messages == 1
        with pytest.raises(Untrusted, match="certificate"):
            Mailbox(account_of(box, port, security=security)).__enter__()


def test_evidence_is_kept_as_read_and_found_again(box: Box) -> None:
    letter = b"Message-ID: <abc.1@nes.invalid>\r\n\r\nSay\xc4\xb1n\r\n"
    with Mailbox(account_of(box)) as mailbox:
        assert not mailbox.holds("Giden/Kanıt", "<abc.1@nes.invalid>")
        mailbox.keep("Giden/Kanıt", letter)
        assert mailbox.holds("Giden/Kanıt", "<abc.1@nes.invalid>")
        assert not mailbox.holds("Giden/Kanıt", "<abc.2@nes.invalid>")
    assert box.mails("Giden/Kanıt") == [letter]
    assert box.flags("Giden/Kanıt") == {1: {rb"\Seen"}}
