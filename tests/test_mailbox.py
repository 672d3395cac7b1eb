"""The mailbox against a real Dovecot, directly and through saboteurs."""

from __future__ import annotations

import imaplib
import logging
import socket
import ssl
import time
import traceback
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.mail import imap as mailbox_module
from pipeline.mail.imap import (
    DROPS_IN_A_ROW,
    Busy,
    Dropped,
    Fetched,
    FolderMissing,
    FolderReplaced,
    Garbled,
    ImapAccount,
    LoginRefused,
    Mailbox,
    MailboxFault,
    Refused,
    Unfetched,
    Unreachable,
    Untrusted,
)
from tests.saboteurs import (
    Answer,
    DropAtLine,
    DropInLiteral,
    DropOver,
    Interject,
    Meddle,
    PoisonUid,
    Rewrite,
    Saboteur,
    Side,
    StallOver,
    Trickle,
    Without,
)
from tests.servers import Box, Certificates, Dovecot, free_ports

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
        "timeout_seconds": 30,
    }
    return ImapAccount(**(given | changes))  # type: ignore[arg-type]


def mail(number: int, size: int = 0) -> bytes:
    head = f"Subject: deneme {number}\r\nMessage-ID: <{number}@ornek.invalid>\r\n\r\n".encode()
    return head + (b"x" * 70 + b"\r\n") * (size // 72)


def everything(
    box: Box, largest: int = MIB, port: int | None = None, **changes: object
) -> list[Fetched | Unfetched]:
    with Mailbox(account_of(box, port, **changes)) as mailbox:  # type: ignore[arg-type]
        mailbox.select()
        return list(mailbox.fetch(mailbox.uids(LONG_AGO), largest))


def raws(answers: list[Fetched | Unfetched]) -> list[bytes]:
    return [answer.raw for answer in answers if isinstance(answer, Fetched)]


def left_out(answers: list[Fetched | Unfetched]) -> list[Unfetched]:
    return [answer for answer in answers if isinstance(answer, Unfetched)]


@pytest.fixture
def full(box: Box) -> Box:
    """A mailbox with six mails, UIDs 1 to 6."""
    for number in range(1, 7):
        box.deliver(mail(number), datetime(2026, 1, number, tzinfo=UTC))
    return box


# --- the ordinary way --------------------------------------------------------------------------


def test_mails_are_fetched_byte_for_byte_with_their_day(box: Box) -> None:
    moment = datetime(2026, 1, 5, 22, 30, tzinfo=UTC)
    odd = b'Subject: \xfe\xff\r\n\r\n\x01(quoted "text\\" {12}\r\n)\r\n* OK\r\n'
    box.deliver(odd, moment)
    (answer,) = everything(box)
    assert isinstance(answer, Fetched)
    assert answer.raw == odd
    assert answer.received_at == moment
    assert answer.received_at.tzinfo is not None


def test_reading_leaves_no_mark(full: Box) -> None:
    assert len(everything(full)) == 6
    assert full.flags() == {uid: set() for uid in range(1, 7)}


def test_the_state_tells_what_is_new(full: Box) -> None:
    with Mailbox(account_of(full)) as mailbox:
        before = mailbox.state()
        assert mailbox.select() == before
    full.deliver(mail(7))
    with Mailbox(account_of(full)) as mailbox:
        after = mailbox.state()
    assert (before.messages, after.messages) == (6, 7)
    assert (before.uidnext, after.uidnext) == (7, 8)
    assert after.uidvalidity == before.uidvalidity


@pytest.mark.parametrize(
    ("greeting", "asked"),
    [
        (rb"\g<0>", []),
        (b"* OK Dovecot ready.\r\n", [b"CAPABILITY"]),
        # Whoever tells a part of it only is asked for the rest.
        (b"* OK [CAPABILITY STARTTLS] ready.\r\n", [b"CAPABILITY"]),
        (b"* OK [CAPABILITY] ready.\r\n", [b"CAPABILITY"]),
        # A proxy that names less than the server can; without STARTTLS an account that wants it would fail.
        (b"* OK [CAPABILITY IMAP4rev1 SASL-IR] ready.\r\n", [b"CAPABILITY"]),
    ],
)
def test_an_idle_poll_costs_three_commands_and_a_fourth_where_the_greeting_tells_too_little(
    full: Box, greeting: bytes, asked: list[bytes]
) -> None:
    with Rewrite(full.server.port, rb"^\* OK \[CAPABILITY.*\r\n", greeting) as listener:
        with Mailbox(account_of(full, listener.port)) as mailbox:
            mailbox.state()
        heard = [line.split()[1] for line in listener.heard]
    log_in = b"AUTHENTICATE" if not full.password.isascii() else b"LOGIN"
    assert heard == [*asked, log_in, b"STATUS", b"LOGOUT"]


def test_what_was_said_before_tls_is_asked_anew_behind_it(
    full: Box, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    ask = imaplib.IMAP4.capability

    def listened(client: imaplib.IMAP4) -> Any:
        asked.append(isinstance(client.sock, ssl.SSLSocket))
        return ask(client)

    monkeypatch.setattr(imaplib.IMAP4, "capability", listened)
    account = account_of(full, full.server.port, security="starttls", ca_file=certificates.ca_file)
    with Mailbox(account) as mailbox:
        mailbox.state()
    assert asked
    assert all(asked)


def test_only_mails_since_a_day_are_listed(box: Box) -> None:
    today = datetime(2026, 3, 10, 12, tzinfo=UTC)
    for number, age in enumerate([9, 2, 1, 0]):
        box.deliver(mail(number), today - timedelta(days=age))
    with Mailbox(account_of(box)) as mailbox:
        mailbox.select()
        assert mailbox.uids(date(2026, 3, 8)) == (2, 3, 4)
        # "n:*" alone would name the last mail once more.
        assert mailbox.uids(date(2026, 3, 11)) == ()


def test_an_empty_folder_has_no_uids(box: Box) -> None:
    with Mailbox(account_of(box)) as mailbox:
        assert mailbox.select().messages == 0
        assert mailbox.uids(LONG_AGO) == ()
        assert list(mailbox.fetch((), MIB)) == []


def test_uids_mean_nothing_before_select(full: Box) -> None:
    with Mailbox(account_of(full)) as mailbox, pytest.raises(RuntimeError):
        mailbox.uids(LONG_AGO)


@pytest.mark.parametrize("stretch", [1, 2, 4, 5, 6, 7])
def test_a_long_list_is_asked_for_in_stretches(
    full: Box, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    monkeypatch.setattr(mailbox_module, "MESSAGES_PER_SEARCH", stretch)
    with Mailbox(account_of(full)) as mailbox:
        mailbox.select()
        assert mailbox.uids(LONG_AGO) == (1, 2, 3, 4, 5, 6)


def test_mails_removed_between_two_stretches_hide_no_other(
    full: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox_module, "MESSAGES_PER_SEARCH", 2)

    class LooksAgainBeforeSearching(Meddle):
        def from_client(self, line: bytes) -> bytes:
            return (b"x NOOP\r\n" if b"SEARCH" in line else b"") + super().from_client(line)

        def from_server(self, line: bytes) -> bytes:
            return b"" if line.startswith(b"x OK") else line

    with (
        LooksAgainBeforeSearching(full.server.port, rb"SEARCH 3:4", lambda: full.delete([1, 3])) as saboteur,
        Mailbox(account_of(full, saboteur.port)) as mailbox,
    ):
        mailbox.select()
        assert set(mailbox.uids(LONG_AGO)) >= {2, 4, 5, 6}


def test_no_command_is_longer_than_servers_read(box: Box) -> None:
    box.number_from(4_000_000_000)
    for number in range(200):
        box.deliver(mail(number))
    with Saboteur(box.server.port) as listener:
        with Mailbox(account_of(box, listener.port)) as mailbox:
            mailbox.select()
            uids = mailbox.uids(LONG_AGO)
            assert uids[0] == 4_000_000_000
            assert len(raws(list(mailbox.fetch(uids, MIB)))) == 200
            mailbox.file(uids, "Islenen")
        assert max(len(line) for line in listener.heard) < 1_000
    assert len(box.mails("Islenen")) == 200
    assert box.mails() == []


def test_batches_are_bounded_by_bytes_and_by_count(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        box.deliver(mail(number, size=100_000 if number < 6 else 0))
    monkeypatch.setattr(mailbox_module, "BATCH_BYTES", 250_000)
    with Saboteur(box.server.port) as listener:
        assert len(raws(everything(box, port=listener.port))) == 60
        batches = [line.split()[3].count(b",") + 1 for line in listener.heard if b"BODY" in line]
    assert batches == [2, 2, 2 + 23, 25, 6]


def test_a_mail_over_the_limit_is_named_and_left(box: Box) -> None:
    box.deliver(mail(1))
    box.deliver(mail(2, size=200_000))
    answers = everything(box, largest=100_000)
    assert raws(answers) == [mail(1)]
    assert left_out(answers) == [Unfetched(2, "too_large")]


def test_a_mail_of_thirty_megabytes_comes_through(box: Box) -> None:
    large = mail(1, size=30 * MIB)
    box.deliver(large)
    box.deliver(mail(2))
    assert raws(everything(box, largest=40 * MIB)) == [large, mail(2)]


def test_no_mail_is_formatted_for_a_log_line(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.deliver(mail(1, size=50_000))
    caplog.set_level(logging.DEBUG)
    with Mailbox(account_of(box)) as mailbox:
        # A private attribute of imapclient's: gone or renamed, fetching is three to four times slower.
        assert mailbox._client is not None
        assert mailbox._client._imap.debug == 0
        mailbox.select()
        list(mailbox.fetch([1], MIB))
    assert not any("x" * 70 in record.getMessage() for record in caplog.records)
    assert not any(box.password in record.getMessage() for record in caplog.records)


def test_evidence_is_kept_as_read_and_found_again(full: Box) -> None:
    letter = b"Message-ID: <abc.1@nes.invalid>\r\n\r\nSay\xc4\xb1n\r\n"
    with Mailbox(account_of(full)) as mailbox:
        mailbox.select()
        assert not mailbox.holds("Giden/Kanıt", "<abc.1@nes.invalid>")
        mailbox.keep("Giden/Kanıt", letter)
        assert mailbox.holds("Giden/Kanıt", "<abc.1@nes.invalid>")
        assert not mailbox.holds("Giden/Kanıt", "<abc.2@nes.invalid>")
        assert mailbox.holds("Giden/Kanıt", "<abc.1@nes.invalid>", since=date(2020, 1, 1))
        assert not mailbox.holds("Giden/Kanıt", "<abc.1@nes.invalid>", since=date(2090, 1, 1))
        # Looking elsewhere does not change which folder the UIDs belong to.
        assert raws(list(mailbox.fetch([1], MIB))) == [mail(1)]
        mailbox.file([1], "Islenen")
    assert full.mails("Giden/Kanıt") == [letter]
    assert full.flags("Giden/Kanıt") == {1: {rb"\Seen"}}
    assert full.mails("Islenen") == [mail(1)]


def test_evidence_that_cannot_be_looked_at_is_not_taken_for_missing(full: Box) -> None:
    full.make("Kanıt")
    with (
        Answer(full.server.port, rb"EXAMINE", b"TAG NO [NOPERM] not yours\r\n") as saboteur,
        Mailbox(account_of(full, saboteur.port)) as mailbox,
    ):
        with pytest.raises(FolderMissing):
            mailbox.holds("Kanıt", "<1@nes.invalid>")
        assert not mailbox.holds("Yok", "<1@nes.invalid>")


# --- filing ------------------------------------------------------------------------------------


def test_mails_are_moved_to_a_folder_with_a_turkish_name(full: Box) -> None:
    with Mailbox(account_of(full)) as mailbox:
        mailbox.select()
        mailbox.file([1, 3], "İşlenen/2026 Ağustos")
        mailbox.file([2], "İşlenen/2026 Ağustos")
    assert full.mails() == [mail(4), mail(5), mail(6)]
    assert full.mails("İşlenen/2026 Ağustos") == [mail(1), mail(3), mail(2)]
    assert full.flags("İşlenen/2026 Ağustos") == {1: set(), 2: set(), 3: set()}


def test_filing_what_is_gone_passes_it_over(full: Box) -> None:
    with Mailbox(account_of(full)) as mailbox:
        mailbox.select()
        mailbox.file([2], "Islenen")
        mailbox.file([2, 3, 99], "Islenen")
    assert full.mails("Islenen") == [mail(2), mail(3)]


def test_a_new_folder_is_one_people_see(full: Box) -> None:
    with Mailbox(account_of(full)) as mailbox:
        mailbox.select()
        mailbox.file([1], "Islenen")
    with full.imap() as client:
        assert {name for _, _, name in client.list_sub_folders()} == {"Islenen"}


@pytest.mark.parametrize("hidden", [[b"MOVE"], [b"MOVE", b"UIDPLUS"]])
def test_without_move_mails_are_copied_and_removed_once(full: Box, hidden: list[bytes]) -> None:
    full.flag([5], "\\Deleted")
    for _ in range(3):
        with Without(full.server.port, *hidden) as saboteur:
            with Mailbox(account_of(full, saboteur.port)) as mailbox:
                mailbox.select()
                mailbox.file([1, 2], "Islenen")
            assert not any(b"EXPUNGE\r\n" in line.upper() for line in saboteur.heard)
    assert full.mails("Islenen") == [mail(1), mail(2)]
    marked = {uid for uid, flags in full.flags().items() if rb"\Deleted" in flags}
    if b"UIDPLUS" in hidden:
        assert marked == {1, 2, 5}
        assert len(full.mails()) == 6
    else:
        # Somebody else's deletion is left to them.
        assert marked == {5}
        assert full.mails() == [mail(3), mail(4), mail(5), mail(6)]


def test_a_copy_whose_original_cannot_be_removed_is_not_made_again(full: Box) -> None:
    class CannotDelete(Without):
        def from_client(self, line: bytes) -> bytes:
            if b"UID STORE" in line:
                self.reply(line.split(b" ")[0] + b" NO [NOPERM] not yours\r\n")
                return b""
            return super().from_client(line)

    with CannotDelete(full.server.port, b"MOVE") as saboteur:
        for _ in range(4):
            with Mailbox(account_of(full, saboteur.port)) as mailbox:
                mailbox.select()
                with pytest.raises(Refused, match="NOPERM"):
                    mailbox.file([1, 2], "Islenen")
    assert full.mails("Islenen") == [mail(1), mail(2)]


def test_another_mail_of_the_same_day_and_size_is_copied_all_the_same(box: Box) -> None:
    day = datetime(2026, 1, 5, tzinfo=UTC)
    box.deliver(mail(1), day, folder="Islenen")
    box.deliver(mail(2), day)
    with Without(box.server.port, b"MOVE") as saboteur, Mailbox(account_of(box, saboteur.port)) as mailbox:
        mailbox.select()
        mailbox.file([1], "Islenen")
    assert box.mails("Islenen") == [mail(1), mail(2)]
    assert box.mails() == []


@pytest.mark.parametrize("theirs", [0, 1, 2])
def test_a_copy_of_another_mail_with_the_same_bytes_is_not_taken_for_ones_own(box: Box, theirs: int) -> None:
    day = datetime(2026, 1, 5, tzinfo=UTC)
    for folder in ("INBOX", "Islenen", "Islenen"):
        box.deliver(mail(1), day, folder=folder)
    with Without(box.server.port, b"MOVE") as saboteur, Mailbox(account_of(box, saboteur.port)) as mailbox:
        mailbox.select()
        mailbox.file([1], "Islenen", may_be_there=True, copies_of_others={1: theirs})
    assert box.mails("Islenen") == [mail(1)] * (3 if theirs == 2 else 2)
    assert box.mails() == []


def test_a_folder_that_already_exists_is_no_error(full: Box) -> None:
    full.make("Islenen")
    with Answer(full.server.port, rb"UID MOVE", b"TAG NO [TRYCREATE] really?\r\n", times=1) as saboteur:
        with Mailbox(account_of(full, saboteur.port)) as mailbox:
            mailbox.select()
            mailbox.file([1], "Islenen")
        assert any(b"CREATE" in line for line in saboteur.heard)
    assert full.mails("Islenen") == [mail(1)]


def test_a_folder_that_cannot_be_made_is_a_fault(full: Box) -> None:
    with (
        Answer(full.server.port, rb" (UID MOVE|CREATE) ", b"TAG NO [NOPERM] never\r\n") as saboteur,
        Mailbox(account_of(full, saboteur.port)) as mailbox,
    ):
        mailbox.select()
        with pytest.raises(Refused, match="Islenen"):
            mailbox.file([1], "Islenen")
    assert len(full.mails()) == 6


def test_a_folder_that_may_only_be_read_is_a_fault(full: Box) -> None:
    with (
        Rewrite(full.server.port, rb"\[READ-WRITE\]", b"[READ-ONLY]") as saboteur,
        Mailbox(account_of(full, saboteur.port)) as mailbox,
    ):
        mailbox.select()
        assert len(raws(list(mailbox.fetch(mailbox.uids(LONG_AGO), MIB)))) == 6
        with pytest.raises(Refused, match="only be read"):
            mailbox.file([1], "Islenen")


# --- other servers' habits ---------------------------------------------------------------------


@pytest.mark.parametrize("hide_namespace", [False, True])
def test_other_separators_and_a_prefix_are_written_for_us(dovecot: Dovecot, hide_namespace: bool) -> None:
    prefix = "" if hide_namespace else "userdb_namespace/inbox/prefix=INBOX. "
    box = dovecot.account(extra=prefix + "userdb_namespace/inbox/separator=.")
    box.deliver(mail(1))
    with Without(box.server.port, *([b"NAMESPACE"] if hide_namespace else [])) as saboteur:
        with Mailbox(account_of(box, saboteur.port)) as mailbox:
            mailbox.select()
            mailbox.file([1], "İşlenen/2026")
            mailbox.keep("Giden", mail(2))
            assert mailbox.holds("Giden", "<2@ornek.invalid>")
        with Mailbox(account_of(box, saboteur.port, folder="İşlenen/2026")) as mailbox:
            assert mailbox.state().messages == 1
    expected = {"İşlenen", "İşlenen.2026", "Giden"}
    assert box.folders() == {"INBOX"} | {name if hide_namespace else f"INBOX.{name}" for name in expected}


@pytest.mark.parametrize(
    "password", ["düz şifre Ğ", 'quo"te back\\slash', "pa ss(word) {3}", "%*]", "sıfır\u0130"]
)
def test_passwords_may_hold_any_letter(dovecot: Dovecot, password: str) -> None:
    box = dovecot.account(password)
    box.deliver(mail(1))
    with Mailbox(account_of(box)) as mailbox:
        assert mailbox.state().messages == 1


def test_a_user_name_with_blanks_is_one_word(box: Box) -> None:
    with Saboteur(box.server.port) as listener:
        with pytest.raises(LoginRefused):
            Mailbox(account_of(box, listener.port, user='il "mudurlugu')).__enter__()
        assert any(rb'LOGIN "il \"mudurlugu" "' in line for line in listener.heard)


def test_unasked_flags_confuse_nobody(full: Box) -> None:
    unasked = (
        b"* 2 FETCH (FLAGS (\\Seen $Etiket))\r\n* 9 EXISTS\r\n* OK [ALERT] disk\r\n"
        b"* 3 FETCH (UID 3 FLAGS (\\Flagged))\r\n* 1 RECENT\r\n"
    )
    for before in (rb"^\* \d+ FETCH", rb"^[A-P]{4}\d+ OK"):
        with Interject(full.server.port, before, unasked) as saboteur:
            assert sorted(raws(everything(full, port=saboteur.port))) == [mail(n) for n in range(1, 7)]


def test_the_uid_may_come_after_the_body(box: Box) -> None:
    body = mail(1)
    answer = (
        b'* 1 FETCH (BODY[] {%d}\r\n%s INTERNALDATE "05-Jan-2026 10:00:00 +0300" FLAGS () UID 1)\r\n'
        b"TAG OK done\r\n"
    )
    box.deliver(body)
    with Answer(box.server.port, rb"BODY\.PEEK", answer % (len(body), body)) as saboteur:
        (found,) = everything(box, port=saboteur.port)
    assert isinstance(found, Fetched)
    assert found.raw == body
    assert found.received_at == datetime(2026, 1, 5, 7, tzinfo=UTC)


def test_a_date_that_is_none_does_not_hold_up_a_mail(box: Box) -> None:
    box.deliver(mail(1))
    with Rewrite(box.server.port, rb'INTERNALDATE "[^"]*"', b'INTERNALDATE "32-Oca-2026"') as saboteur:
        (found,) = everything(box, port=saboteur.port)
    assert isinstance(found, Fetched)
    assert abs(datetime.now(UTC) - found.received_at) < timedelta(minutes=1)


def test_uids_in_several_lines_are_all_read(full: Box) -> None:
    answer = b"* SEARCH 1 2\r\n* SEARCH\r\n* SEARCH 4 6 (MODSEQ 917162500)\r\nTAG OK done\r\n"
    with (
        Answer(full.server.port, rb"UID SEARCH", answer) as saboteur,
        Mailbox(account_of(full, saboteur.port)) as mailbox,
    ):
        mailbox.select()
        assert mailbox.uids(LONG_AGO) == (1, 2, 4, 6)


def test_a_server_without_uidnext_at_select_is_asked_for_it(full: Box) -> None:
    with (
        Rewrite(full.server.port, rb"^\* OK \[UIDNEXT.*\r\n", b"* OK nothing\r\n") as saboteur,
        Mailbox(account_of(full, saboteur.port)) as mailbox,
    ):
        assert mailbox.select().uidnext == 7


# --- single mails that cannot be had -----------------------------------------------------------


def test_a_mail_over_which_the_server_hangs_up_stops_no_other(full: Box) -> None:
    with PoisonUid(full.server.port, 3) as saboteur:
        answers = everything(full, port=saboteur.port)
    assert raws(answers) == [mail(n) for n in (1, 2, 4, 5, 6)]
    assert left_out(answers) == [Unfetched(3, "dropped")]


def test_a_mail_over_which_the_server_falls_silent_stops_no_other(full: Box) -> None:
    with StallOver(full.server.port, rb"UID FETCH (\d+,)*3[, ].*BODY") as saboteur:
        answers = everything(full, port=saboteur.port, timeout_seconds=3)
    assert raws(answers) == [mail(n) for n in (1, 2, 4, 5, 6)]
    assert left_out(answers) == [Unfetched(3, "dropped")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"TAG NO [SERVERBUG] internal error\r\n", "refused"),
        (b"TAG BAD not this one\r\n", "refused"),
        (b"TAG OK done\r\n", "empty"),
        (b"* 3 FETCH (UID 3 BODY[] NIL)\r\nTAG OK done\r\n", "empty"),
        (b"* 3 FETCH (UID 3 BODY[] {0}\r\n)\r\nTAG OK done\r\n", "empty"),
        (b"* 3 FETCH (FLAGS (\\Seen))\r\nTAG OK done\r\n", "empty"),
        (b"* 3 FETCH (UID 3 BODY[] 12 (((\r\nTAG OK done\r\n", "garbled"),
        (b"* 3 FETCH UID 3 \xff\xfe\r\nTAG OK done\r\n", "garbled"),
        (b"* 3 FETCH (UID three BODY[] {2}\r\nab)\r\nTAG OK done\r\n", "garbled"),
        (b"* BYE internal error\r\n", "dropped"),
        (b"gizli icerik\r\n", "dropped"),
        (b"* 3 FETCH (UID 3 BODY[] {9999999999}\r\n", "dropped"),
    ],
)
def test_a_mail_with_an_answer_that_is_none_stops_no_other(full: Box, text: bytes, why: str) -> None:
    with Answer(full.server.port, rb"UID FETCH (\d+,)*3[, ].*BODY", text) as saboteur:
        answers = everything(full, port=saboteur.port, timeout_seconds=3)
    assert raws(answers) == [mail(n) for n in (1, 2, 4, 5, 6)]
    assert [(answer.uid, answer.why) for answer in left_out(answers)] == [(3, why)]


def test_a_mail_far_larger_than_the_server_said_is_not_read(box: Box) -> None:
    box.deliver(mail(1, size=3 * MIB))
    box.deliver(mail(2))
    with Rewrite(box.server.port, rb"RFC822\.SIZE \d+", b"RFC822.SIZE 90") as saboteur:
        answers = everything(box, port=saboteur.port)
    assert raws(answers) == [mail(2)]
    assert left_out(answers) == [Unfetched(1, "dropped")]


def test_a_size_that_cannot_be_told_stops_no_other(full: Box) -> None:
    with DropOver(full.server.port, rb"UID FETCH (\d+,)*3[, ].*SIZE") as saboteur:
        answers = everything(full, port=saboteur.port)
    assert raws(answers) == [mail(n) for n in (1, 2, 4, 5, 6)]
    assert left_out(answers) == [Unfetched(3, "dropped")]


def test_a_connection_cut_in_a_literal_is_taken_up_again(full: Box) -> None:
    with DropInLiteral(full.server.port, at=2) as saboteur:
        assert raws(everything(full, port=saboteur.port)) == [mail(n) for n in range(1, 7)]
        assert saboteur.connections == 2


def test_a_server_that_hangs_up_over_every_mail_is_given_up(box: Box) -> None:
    for number in range(DROPS_IN_A_ROW + 3):
        box.deliver(mail(number))
    with (
        DropOver(box.server.port, rb"BODY\.PEEK") as saboteur,
        Mailbox(account_of(box, saboteur.port)) as mailbox,
    ):
        mailbox.select()
        answers = mailbox.fetch(mailbox.uids(LONG_AGO), MIB)
        told = [next(answers) for _ in range(DROPS_IN_A_ROW - 1)]
        with pytest.raises(Dropped):
            next(answers)
    assert all(isinstance(answer, Unfetched) for answer in told)


def test_a_mail_somebody_deletes_before_the_fetch_is_gone(full: Box) -> None:
    for pattern in (rb"UID FETCH .*SIZE", rb"UID FETCH .*BODY"):
        with (
            Meddle(full.server.port, pattern, lambda: full.delete([2, 5])) as saboteur,
            Mailbox(account_of(full, saboteur.port)) as mailbox,
        ):
            mailbox.select()
            uids = mailbox.uids(LONG_AGO)
            answers = list(mailbox.fetch(sorted({*uids, 2, 5}), MIB))
        assert raws(answers) == [mail(n) for n in (1, 3, 4, 6)]
        assert left_out(answers) == [Unfetched(2, "gone"), Unfetched(5, "gone")]


# --- the server as a whole ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [rb"LOGIN|AUTHENTICATE", rb"STATUS", rb"EXAMINE", rb"SEARCH", rb"FETCH", rb"MOVE"]
)
@pytest.mark.parametrize("code", [b"THROTTLED", b"UNAVAILABLE", b"OVERQUOTA", b"INUSE"])
def test_a_server_that_asks_for_patience_ends_the_run(full: Box, command: bytes, code: bytes) -> None:
    with (
        Answer(full.server.port, command, b"TAG NO [" + code + b"] later\r\n") as saboteur,
        pytest.raises(Busy, match="next run"),
    ):
        one_run(account_of(full, saboteur.port), set())
    assert len(full.mails()) == 6


def test_mails_people_have_read_flagged_or_moved_back_are_mails_like_others(full: Box) -> None:
    full.make("Islenen")
    full.flag([1, 2], "\\Seen")
    full.flag([2], "\\Flagged")
    full.move([3], "INBOX", "Islenen")
    full.move([1], "Islenen", "INBOX")
    with Mailbox(account_of(full)) as mailbox:
        mailbox.select()
        uids = mailbox.uids(LONG_AGO)
        assert uids == (1, 2, 4, 5, 6, 7)
        assert raws(list(mailbox.fetch(uids, MIB))) == [mail(n) for n in (1, 2, 4, 5, 6, 3)]
    assert full.flags() == {1: {rb"\Seen"}, 2: {rb"\Seen", rb"\Flagged"}} | {n: set() for n in (4, 5, 6, 7)}


def test_a_folder_with_new_uids_says_so(full: Box) -> None:
    with Mailbox(account_of(full)) as mailbox:
        before = mailbox.select()
    full.renumber()
    with Mailbox(account_of(full)) as mailbox:
        after = mailbox.state()
        assert mailbox.select() == after
    assert after.uidvalidity != before.uidvalidity
    assert sorted(full.mails()) == [mail(n) for n in range(1, 7)]


def test_another_folder_of_the_same_name_ends_the_run(full: Box) -> None:
    with (
        Rewrite(full.server.port, rb"\[UIDVALIDITY \d+\]", b"[UIDVALIDITY 77]", after=1) as saboteur,
        Mailbox(account_of(full, saboteur.port)) as mailbox,
    ):
        mailbox.select()
        with pytest.raises(FolderReplaced):
            mailbox.file([1], "Islenen")
    with (
        Rewrite(full.server.port, rb"\[UIDVALIDITY \d+\]", b"[UIDVALIDITY 77]", after=1) as saboteur,
        Mailbox(account_of(full, saboteur.port)) as mailbox,
    ):
        mailbox.select()
        uids = mailbox.uids(LONG_AGO)
        mailbox._hang_up(politely=False)
        with pytest.raises(FolderReplaced):
            list(mailbox.fetch(uids, MIB))
    assert len(full.mails()) == 6


def test_a_wrong_password_is_told_apart_and_tried_once(box: Box) -> None:
    wrong = "-".join(["very", "wrong"])
    with Saboteur(box.server.port) as listener:
        with pytest.raises(LoginRefused, match="correct user name and password") as caught:
            Mailbox(account_of(box, listener.port, password=SecretStr(wrong))).__enter__()
        assert sum(b"LOGIN" in line or b"AUTHENTICATE" in line for line in listener.heard) == 1
    assert caught.value.name == "login_refused"
    assert wrong not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_echoes_the_password_does_not_spread_it(dovecot: Dovecot) -> None:
    box = dovecot.account("cok-gizli")
    with (
        Answer(box.server.port, rb" LOGIN ", b"TAG BAD what is LOGIN u cok-gizli?\r\n") as saboteur,
        pytest.raises(LoginRefused) as caught,
    ):
        Mailbox(account_of(box, saboteur.port)).__enter__()
    assert "cok-gizli" not in "".join(traceback.format_exception(caught.value))


def test_a_missing_folder_is_told_apart(box: Box) -> None:
    with Mailbox(account_of(box, folder="Yok")) as mailbox:
        with pytest.raises(FolderMissing, match="Yok"):
            mailbox.state()
        with pytest.raises(FolderMissing, match="Yok"):
            mailbox.select()


@pytest.mark.parametrize("command", [rb"STATUS", rb"EXAMINE", rb"SEARCH"])
@pytest.mark.parametrize(
    "text",
    [b"TAG OK done\r\n", b"* STATUS\r\n* SEARCH x\r\nTAG OK\r\n", b"* \xff (((\r\nTAG OK\r\n", b"\r\n\r\n"],
)
def test_garbled_answers_end_the_session_with_a_fault(full: Box, command: bytes, text: bytes) -> None:
    with (
        Answer(full.server.port, command, text) as saboteur,
        Mailbox(account_of(full, saboteur.port, timeout_seconds=3)) as mailbox,
    ):
        try:
            mailbox.state()
            mailbox.select()
            found = mailbox.uids(LONG_AGO)
        except (Garbled, Dropped):
            pass
        else:
            assert (command, found) == (rb"SEARCH", ())


def test_a_fault_quotes_no_mail(box: Box) -> None:
    box.deliver(b"Subject: x\r\n\r\ngizli icerik\r\n")
    for text in (b"gizli icerik\r\n", b"* 1 FETCH (UID 1 BODY[] (gizli icerik\r\nTAG OK\r\n"):
        with (
            Answer(box.server.port, rb"STATUS|EXAMINE|FETCH", text) as saboteur,
            pytest.raises(MailboxFault) as caught,
            Mailbox(account_of(box, saboteur.port)) as mailbox,
        ):
            mailbox.state()
        assert "gizli" not in "".join(traceback.format_exception(caught.value))


def test_a_connection_that_ends_amid_the_login_refuses_no_password(full: Box) -> None:
    # Else nothing would be tried for an hour, and the unit be told to correct what is right.
    with (
        DropAtLine(full.server.port, "client", 1, rb"LOGIN|AUTHENTICATE") as saboteur,
        pytest.raises(Dropped, match="the next run tries again"),
    ):
        one_run(account_of(full, saboteur.port), set())
    assert saboteur.happened


@pytest.mark.parametrize("command", [rb"LOGIN|AUTHENTICATE", rb"STATUS", rb"EXAMINE", rb"LOGOUT"])
def test_silence_is_given_up_in_time(full: Box, command: bytes) -> None:
    began = time.monotonic()
    with StallOver(full.server.port, command) as saboteur:
        try:
            with Mailbox(account_of(full, saboteur.port, timeout_seconds=3)) as mailbox:
                mailbox.state()
                mailbox.select()
        except Dropped:
            assert command != rb"LOGOUT"
    assert time.monotonic() - began < 60


def test_a_server_that_trickles_is_given_up_in_time(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox_module, "BYTES_PER_SECOND", 100_000)
    box.deliver(mail(1, size=50_000))
    began = time.monotonic()
    with Trickle(box.server.port, piece=5, pause=0.02) as saboteur:
        answers = everything(box, port=saboteur.port, timeout_seconds=3)
    assert left_out(answers) == [Unfetched(1, "dropped")]
    assert time.monotonic() - began < 240


def test_leaving_hides_no_error(full: Box) -> None:
    def fail_after_the_server_has_gone() -> None:
        with Saboteur(full.server.port) as listener, Mailbox(account_of(full, listener.port)) as mailbox:
            mailbox.select()
            listener.__exit__(None, None, None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_the_server_has_gone()


def test_nobody_listening_is_a_fault_with_advice(box: Box) -> None:
    with pytest.raises(Unreachable, match="check host, port and network"):
        Mailbox(account_of(box, port=free_ports(1)[0])).__enter__()


def test_a_server_that_never_greets_is_given_up_in_time(box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            Mailbox(account_of(box, listening.getsockname()[1], timeout_seconds=0.5)).__enter__()
        assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "greeting", [b"* BYE [UNAVAILABLE] full\r\n", b"220 smtp\r\n", b"\xff\xff\r\n", b"* OK \xc5\x9f\r\n"]
)
def test_a_greeting_that_is_none_is_a_fault(box: Box, greeting: bytes) -> None:
    with Rewrite(box.server.port, rb"^\* OK \[CAPABILITY.*\r\n", greeting) as saboteur:
        account = account_of(box, saboteur.port, timeout_seconds=3)
        if greeting.startswith(b"* OK"):
            with Mailbox(account) as mailbox:
                assert mailbox.state().messages == 0
        else:
            with pytest.raises(MailboxFault):
                Mailbox(account).__enter__()


# --- TLS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_connection_is_encrypted_and_verified(
    full: Box, certificates: Certificates, security: str
) -> None:
    port = full.server.tls_port if security == "tls" else full.server.port
    with Mailbox(account_of(full, port, security=security, ca_file=certificates.ca_file)) as mailbox:
        assert mailbox.state().messages == 6
        mailbox.select()
        assert len(raws(list(mailbox.fetch(mailbox.uids(LONG_AGO), MIB)))) == 6
    with pytest.raises(Untrusted, match="certificate"):
        Mailbox(account_of(full, port, security=security)).__enter__()
    wrong_name = account_of(full, port, security=security, ca_file=certificates.ca_file, host="127.0.0.2")
    with pytest.raises((Untrusted, Unreachable)):
        Mailbox(wrong_name).__enter__()


def secrets_heard(saboteur: Saboteur) -> bool:
    return any(b"LOGIN" in line or b"AUTHENTICATE" in line for line in saboteur.heard)


def test_starttls_stripped_means_stop(box: Box, certificates: Certificates) -> None:
    with Without(box.server.port, b"STARTTLS") as saboteur:
        with pytest.raises(Untrusted, match="STARTTLS"):
            Mailbox(
                account_of(box, saboteur.port, security="starttls", ca_file=certificates.ca_file)
            ).__enter__()
        assert not secrets_heard(saboteur)


def test_starttls_refused_means_stop(box: Box, certificates: Certificates) -> None:
    with Answer(box.server.port, rb"STARTTLS", b"TAG NO not today\r\n") as saboteur:
        with pytest.raises(MailboxFault):
            Mailbox(
                account_of(box, saboteur.port, security="starttls", ca_file=certificates.ca_file)
            ).__enter__()
        assert not secrets_heard(saboteur)


def test_a_greeting_that_skips_the_log_in_is_not_believed(box: Box, certificates: Certificates) -> None:
    with Rewrite(box.server.port, rb"^\* OK \[CAPABILITY", b"* PREAUTH [CAPABILITY") as saboteur:
        with pytest.raises(Untrusted, match="STARTTLS"):
            Mailbox(
                account_of(box, saboteur.port, security="starttls", ca_file=certificates.ca_file)
            ).__enter__()
        assert not secrets_heard(saboteur)


def test_no_password_where_the_server_forbids_it(box: Box) -> None:
    with Rewrite(box.server.port, rb"(CAPABILITY IMAP4rev1)", rb"\1 LOGINDISABLED") as saboteur:
        with pytest.raises(Untrusted, match="without TLS"):
            Mailbox(account_of(box, saboteur.port)).__enter__()
        assert not secrets_heard(saboteur)


# --- every step --------------------------------------------------------------------------------


def one_run(account: ImapAccount, kept: set[bytes]) -> None:
    """A poll as the office does it: fetch what is there, keep it, file it, keep an answer's copy."""
    with Mailbox(account) as mailbox:
        mailbox.state()
        mailbox.select()
        fetched = list(mailbox.fetch(mailbox.uids(LONG_AGO), MIB))
    kept.update(raws(fetched))
    with Mailbox(account) as mailbox:
        mailbox.select()
        mailbox.file([answer.uid for answer in fetched if isinstance(answer, Fetched)], "İşlenen")
        if not mailbox.holds("Kanıt", "<yanit@nes.invalid>"):
            mailbox.keep("Kanıt", b"Message-ID: <yanit@nes.invalid>\r\n\r\nx\r\n")


@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.parametrize("hidden", [(), (b"MOVE",)])
def test_a_connection_lost_at_any_step_loses_and_doubles_nothing(
    dovecot: Dovecot, side: Side, hidden: tuple[bytes, ...]
) -> None:
    # A command that does not arrive, then one whose effect is there and whose answer is not: every one.
    step = 0
    reached = True
    while reached:
        step += 1
        box, kept, tries = dovecot.account(), set[bytes](), 0
        for number in range(3):
            box.deliver(mail(number))
        with (
            Without(box.server.port, *hidden) as habit,
            DropAtLine(habit.port, side, step, rb"^([A-P]{4}|\+)") as saboteur,
        ):
            done = False
            while not done:
                tries += 1
                assert tries < 3, step
                with suppress(MailboxFault):
                    one_run(account_of(box, saboteur.port), kept)
                    done = True
            reached = saboteur.happened
        assert kept == {mail(n) for n in range(3)}, step
        assert box.mails() == [], step
        assert sorted(box.mails("İşlenen")) == [mail(n) for n in range(3)], step
        assert len(box.mails("Kanıt")) in (1, 2), step
    assert step > 20
