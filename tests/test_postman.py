"""The postman against a real SMTP server that records what it accepts and fails on request."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.mail.smtp import (
    Deferred,
    Delivered,
    LoginRefused,
    OutcomeUnknown,
    Postman,
    PostmanFault,
    Refused,
    SmtpAccount,
    Unreachable,
    Untrusted,
    wire_form,
)
from tests.saboteurs import DropAtLine, Side
from tests.servers import Certificates, RecordingSmtp, free_ports

SENDER = "nes@saglik.example.org"
AYSE, BORA = "ayse@hastane.example.org", "bora@hastane.example.org"
COPY = "kayit@saglik.example.org"
LETTER = b"Subject: deneme\r\nMessage-ID: <1@nes.invalid>\r\n\r\n.nokta\r\nson\r\n"


class Dot:
    """A `before_the_dot` that counts its calls, and what the server had accepted by then."""

    def __init__(self, server: RecordingSmtp) -> None:
        self._server = server
        self.accepted_by_then: list[int] = []

    def __call__(self) -> None:
        self.accepted_by_then.append(len(self._server.received))


def account_of(
    server: RecordingSmtp, timeout_seconds: float = 30, password: str | None = None
) -> SmtpAccount:
    secret = password if password is not None else server.password
    return SmtpAccount(
        server.host,
        server.port,
        server.security,
        server.user or None,
        SecretStr(secret) if server.user else None,
        timeout_seconds,
        server.ca_file,
    )


@pytest.fixture
def dot(smtp: RecordingSmtp) -> Dot:
    return Dot(smtp)


# --- the ordinary way --------------------------------------------------------------------------


def test_a_letter_arrives_byte_for_byte(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp)) as postman:
        fates = postman.post(SENDER, (AYSE,), LETTER, dot)
    assert isinstance(fates[AYSE], Delivered)
    (mail,) = smtp.received
    assert (mail.sender, mail.recipients, mail.raw) == (SENDER, (AYSE,), LETTER)


def test_the_moment_before_the_dot_comes_once_and_before_acceptance(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp)) as postman:
        postman.post(SENDER, (AYSE,), LETTER, dot)
    assert dot.accepted_by_then == [0]


def test_many_letters_share_one_connection(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp)) as postman:
        for _ in range(5):
            assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], Delivered)
    assert (smtp.connections, len(smtp.received)) == (1, 5)


@pytest.mark.parametrize(
    ("raw", "wire"),
    [
        (b"a\nb\n", b"a\r\nb"),
        (b"a\rb\r\n", b"a\r\nb"),
        (b".\r\n..\r\nx.", b"..\r\n...\r\nx."),
        (b"a\r\n\r\n", b"a\r\n"),
        (b"a\r\r\n.", b"a\r\n\r\n.."),
        (b"", b""),
    ],
)
def test_line_ends_are_made_whole_and_dots_doubled(raw: bytes, wire: bytes) -> None:
    assert wire_form(raw) == wire


@pytest.mark.parametrize(
    "raw", [b"a: b\n\n.\n.\r\n\n", b"a: b\r\n\r\n" + b".x\r\n" * 40_000, b"a: b\r\n\r\nend"]
)
def test_dots_and_line_ends_survive_the_way(smtp: RecordingSmtp, dot: Dot, raw: bytes) -> None:
    with Postman(account_of(smtp)) as postman:
        postman.post(SENDER, (AYSE,), raw, dot)
    expected = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert smtp.received[0].raw == expected.removesuffix(b"\r\n") + b"\r\n"


def test_the_house_is_named_by_its_address(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp)) as postman:
        postman.post(SENDER, (AYSE,), LETTER, dot)
    assert smtp.names == ["[127.0.0.1]"]


def test_the_null_return_path_is_handed_on(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp)) as postman:
        postman.post("", (AYSE,), LETTER, dot)
    assert smtp.received[0].sender == ""


def test_addresses_with_turkish_letters_are_declared(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp)) as postman:
        fates = postman.post(SENDER, ("ayşe@hastane.example.org",), LETTER, dot)
    assert isinstance(fates["ayşe@hastane.example.org"], Delivered)
    assert smtp.received[0].recipients == ("ayşe@hastane.example.org",)


def test_the_dot_does_not_wait_for_an_acknowledgement(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp)) as postman:
        postman.post(SENDER, (AYSE,), LETTER, dot)
        assert postman._smtp is not None
        assert postman._smtp.sock is not None
        assert postman._smtp.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# --- what the server says ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "reply", "fate"),
    [
        ("MAIL", "451 4.3.0 try later", Deferred),
        ("MAIL", "550 5.7.1 sender rejected", Deferred),
        ("MAIL", "552 5.3.4 too large", Refused),
        ("RCPT", "450 4.2.0 greylisted", Deferred),
        ("RCPT", "452 4.5.3 too many", Deferred),
        ("RCPT", "550 5.1.1 no such user", Refused),
        ("DATA", "451 4.3.0 try later", Deferred),
        ("DATA", "554 5.5.1 no valid recipients", Refused),
        ("dot", "451 4.3.0 try later", Deferred),
        ("dot", "421 4.3.2 closing", Deferred),
        ("dot", "552 5.2.2 mailbox full", Refused),
        ("dot", "999 what?", OutcomeUnknown),
        ("RCPT", "421 4.3.2 closing", Deferred),
        ("DATA", "huh? nonsense", Deferred),
        ("dot", "huh? nonsense", OutcomeUnknown),
    ],
)
def test_each_reply_has_its_fate_and_the_next_letter_goes_on(
    smtp: RecordingSmtp, dot: Dot, stage: str, reply: str, fate: type
) -> None:
    smtp.fail(stage, reply)  # type: ignore[arg-type]
    with Postman(account_of(smtp)) as postman:
        first = postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE]
        second = postman.post(SENDER, (BORA,), LETTER, dot)[BORA]
    assert isinstance(first, fate)
    assert first.response.startswith(reply[:3]) or "nonsense" in first.response
    assert isinstance(second, Delivered)
    assert [mail.recipients for mail in smtp.received] == [(BORA,)]
    assert len(dot.accepted_by_then) == (2 if stage == "dot" else 1)


def test_a_partial_refusal_is_told_per_recipient(smtp: RecordingSmtp, dot: Dot) -> None:
    smtp.fail("RCPT", "550 5.1.1 no such user", only=AYSE)
    with Postman(account_of(smtp)) as postman:
        fates = postman.post(SENDER, (AYSE, BORA), LETTER, dot)
    assert isinstance(fates[AYSE], Refused)
    assert isinstance(fates[BORA], Delivered)
    assert smtp.received[0].recipients == (BORA,)


def test_a_refusal_stands_though_the_connection_ends_after_it(smtp: RecordingSmtp, dot: Dot) -> None:
    smtp.fail("RCPT", "550 5.1.1 no such user", only=AYSE)
    smtp.fail("RCPT", "drop", only=BORA)
    with Postman(account_of(smtp)) as postman:
        fates = postman.post(SENDER, (AYSE, BORA), LETTER, dot)
    assert isinstance(fates[AYSE], Refused)
    assert isinstance(fates[BORA], Deferred)
    assert smtp.received == []


def test_a_copy_goes_only_where_the_letter_goes(smtp: RecordingSmtp, dot: Dot) -> None:
    smtp.fail("RCPT", "550 5.1.1 no such user", only=AYSE)
    with Postman(account_of(smtp)) as postman:
        refused = postman.post(SENDER, (AYSE,), LETTER, dot, copies=(COPY,))
        delivered = postman.post(SENDER, (BORA,), LETTER, dot, copies=(COPY,))
    assert isinstance(refused[AYSE], Refused)
    assert isinstance(refused[COPY], Deferred)
    assert isinstance(delivered[BORA], Delivered)
    assert isinstance(delivered[COPY], Delivered)
    assert [mail.recipients for mail in smtp.received] == [(BORA, COPY)]


def test_a_copy_that_is_refused_does_not_hold_up_the_letter(smtp: RecordingSmtp, dot: Dot) -> None:
    smtp.fail("RCPT", "452 4.2.2 full", only=COPY)
    with Postman(account_of(smtp)) as postman:
        fates = postman.post(SENDER, (AYSE,), LETTER, dot, copies=(COPY,))
    assert isinstance(fates[AYSE], Delivered)
    assert isinstance(fates[COPY], Deferred)


# --- what is known before asking ---------------------------------------------------------------


def test_a_letter_over_the_servers_limit_is_refused_unasked(certificates: Certificates) -> None:
    with RecordingSmtp(certificates, size_limit=2_000) as server, Postman(account_of(server)) as postman:
        fates = postman.post(SENDER, (AYSE,), LETTER + b"x" * 3_000, Dot(server))
        assert isinstance(fates[AYSE], Refused)
        assert "2000" in fates[AYSE].response
        assert "MAIL" not in server.stages
        assert isinstance(postman.post(SENDER, (AYSE,), LETTER, Dot(server))[AYSE], Delivered)


@pytest.mark.parametrize(
    "address",
    ["", "no-at-sign", "a@b\r\nRCPT TO:<c@d>", "a b@c.example.org", "<a@b.example.org>", "a@b>,<c@d"],
)
def test_what_is_no_address_never_reaches_the_server(smtp: RecordingSmtp, dot: Dot, address: str) -> None:
    with Postman(account_of(smtp)) as postman:
        fates = postman.post(SENDER, (address,), LETTER, dot)
    assert isinstance(fates[address], Refused)
    assert "MAIL" not in smtp.stages


# --- connections that end ----------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "body"])
def test_a_connection_lost_before_the_dot_is_no_doubt(smtp: RecordingSmtp, dot: Dot, stage: str) -> None:
    smtp.fail(stage, "drop", after=100_000)  # type: ignore[arg-type]
    # Far larger than what the two systems hold in their buffers, so that the loss is noticed while writing.
    letter = LETTER + b"x" * 70 + b"\r\n" if stage != "body" else LETTER + (b"x" * 70 + b"\r\n") * 200_000
    with Postman(account_of(smtp)) as postman:
        assert isinstance(postman.post(SENDER, (AYSE,), letter, dot)[AYSE], Deferred)
        assert dot.accepted_by_then == []
        assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], Delivered)
    assert len(smtp.received) == 1


@pytest.mark.parametrize(("do", "really_accepted"), [("drop", 0), ("swallow", 1)])
def test_a_connection_lost_after_the_dot_is_in_doubt(
    smtp: RecordingSmtp, dot: Dot, do: str, really_accepted: int
) -> None:
    smtp.fail("dot", do)
    with Postman(account_of(smtp)) as postman:
        assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], OutcomeUnknown)
        assert len(smtp.received) == really_accepted
        assert isinstance(postman.post(SENDER, (BORA,), LETTER, dot)[BORA], Delivered)


def test_silence_after_the_dot_is_in_doubt(smtp: RecordingSmtp, dot: Dot) -> None:
    smtp.fail("dot", "stall")
    began = time.monotonic()
    with Postman(account_of(smtp), dot_seconds=0.5) as postman:
        assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], OutcomeUnknown)
    assert 0.4 < time.monotonic() - began < 60


def test_a_reply_to_the_dot_that_never_ends_is_in_doubt(smtp: RecordingSmtp, dot: Dot) -> None:
    smtp.fail("dot", "trickle")
    began = time.monotonic()
    with Postman(account_of(smtp), dot_seconds=0.5) as postman:
        assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], OutcomeUnknown)
    assert time.monotonic() - began < 60


def test_the_dot_may_take_longer_than_a_command(smtp: RecordingSmtp, dot: Dot) -> None:
    smtp.fail("dot", "wait 8")
    with Postman(account_of(smtp, timeout_seconds=6), dot_seconds=240) as postman:
        assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], Delivered)
        assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], Delivered)


def test_silence_before_the_dot_is_given_up_in_time(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp, timeout_seconds=3)) as postman:
        # The patience for the dot of one letter does not last into the next.
        postman.post(SENDER, (AYSE,), LETTER, dot)
        smtp.fail("RCPT", "stall")
        began = time.monotonic()
        assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], Deferred)
    assert time.monotonic() - began < 60


def test_a_connection_ended_between_two_letters_is_renewed(smtp: RecordingSmtp, dot: Dot) -> None:
    with Postman(account_of(smtp)) as postman:
        postman.post(SENDER, (AYSE,), LETTER, dot)
        smtp.fail("MAIL", "421 4.4.2 idle too long")
        assert isinstance(postman.post(SENDER, (BORA,), LETTER, dot)[BORA], Delivered)
    assert smtp.connections == 2


def test_a_server_that_ends_every_connection_defers(smtp: RecordingSmtp, dot: Dot) -> None:
    smtp.fail("MAIL", "drop", times=None)
    with Postman(account_of(smtp)) as postman:
        for _ in range(2):
            assert isinstance(postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE], Deferred)
    assert smtp.connections <= 4


def test_an_error_before_the_dot_keeps_the_dot_unwritten(smtp: RecordingSmtp, dot: Dot) -> None:
    def disk_full() -> None:
        raise OSError(28, "No space left on device")

    began = time.monotonic()
    with Postman(account_of(smtp)) as postman:
        with pytest.raises(OSError, match="No space"):
            postman.post(SENDER, (AYSE,), LETTER, disk_full)
        assert isinstance(postman.post(SENDER, (BORA,), LETTER, dot)[BORA], Delivered)
    assert [mail.recipients for mail in smtp.received] == [(BORA,)]
    # The next letter is not said into the unfinished one.
    assert (smtp.connections, time.monotonic() - began < 60) == (2, True)


# --- no connection at all ----------------------------------------------------------------------


def test_nobody_listening_is_a_fault_with_advice() -> None:
    (port,) = free_ports(1)
    with pytest.raises(Unreachable, match="check host, port and network") as caught:
        Postman(SmtpAccount("127.0.0.1", port, "none")).__enter__()
    assert caught.value.name == "unreachable"


@pytest.mark.parametrize("reply", ["421 4.3.2 not now", "554 5.3.2 no service", "drop", "nonsense"])
def test_a_greeting_that_is_none_is_a_fault(smtp: RecordingSmtp, reply: str) -> None:
    smtp.fail("connect", reply)
    with pytest.raises(Unreachable):
        Postman(account_of(smtp)).__enter__()


def test_a_silent_server_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            Postman(
                SmtpAccount("127.0.0.1", listening.getsockname()[1], "none", timeout_seconds=0.5)
            ).__enter__()
        assert time.monotonic() - began < 60


@contextmanager
def trickling_server() -> Iterator[int]:
    """A server that sends its greeting without end, a letter at a time."""
    over = threading.Event()

    def serve() -> None:
        client, _ = listening.accept()
        with client:
            try:
                while not over.wait(0.1):
                    client.sendall(b"2")
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        over.set()
        thread.join()


def test_a_trickling_server_is_given_up_in_time() -> None:
    with trickling_server() as port:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            Postman(SmtpAccount("127.0.0.1", port, "none", timeout_seconds=0.5)).__enter__()
        assert time.monotonic() - began < 60


# --- TLS and log-in ----------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_letters_go_over_tls_after_a_log_in(certificates: Certificates, security: str) -> None:
    with RecordingSmtp(certificates, security, "nes", "parola şifre") as server:  # type: ignore[arg-type]
        with Postman(account_of(server)) as postman:
            assert isinstance(postman._smtp.sock, ssl.SSLSocket)  # type: ignore[union-attr]
            fates = postman.post(SENDER, (AYSE,), LETTER, Dot(server))
        assert isinstance(fates[AYSE], Delivered)
        assert server.log_ins == [True]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_for_another_host_is_not_trusted(certificates: Certificates, security: str) -> None:
    with RecordingSmtp(certificates, security, "nes", "x", wrong_name=True) as server:  # type: ignore[arg-type]
        with pytest.raises(Untrusted, match="certificate"):
            Postman(account_of(server)).__enter__()
        assert server.log_ins == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_unknown_authority_is_not_trusted(certificates: Certificates, security: str) -> None:
    with RecordingSmtp(certificates, security, "nes", "x") as server:  # type: ignore[arg-type]
        account = SmtpAccount(server.host, server.port, server.security, "nes", SecretStr("x"), 5)
        with pytest.raises(Untrusted, match="certificate"):
            Postman(account).__enter__()
        assert server.log_ins == []


def test_a_missing_authority_file_is_named(smtp: RecordingSmtp) -> None:
    account = SmtpAccount(smtp.host, smtp.port, "tls", ca_file=Path("/nowhere/ca.pem"))
    with pytest.raises(Untrusted, match=r"/nowhere/ca\.pem"):
        Postman(account).__enter__()


def test_without_starttls_no_password_leaves_the_house(certificates: Certificates) -> None:
    with RecordingSmtp(certificates, "none", "nes", "x") as server:
        account = SmtpAccount(server.host, server.port, "starttls", "nes", SecretStr("x"), 5, server.ca_file)
        with pytest.raises(Untrusted, match="STARTTLS"):
            Postman(account).__enter__()
        assert "AUTH" not in server.stages


def test_plain_text_on_a_tls_port_is_a_fault(smtp: RecordingSmtp) -> None:
    account = SmtpAccount(smtp.host, smtp.port, "tls", timeout_seconds=2, ca_file=smtp.ca_file)
    with pytest.raises(PostmanFault):
        Postman(account).__enter__()


def test_a_wrong_password_is_tried_once(certificates: Certificates) -> None:
    with RecordingSmtp(certificates, "tls", "nes", "right") as server:
        with pytest.raises(LoginRefused, match="user name and password") as caught:
            Postman(account_of(server, password="very-wrong")).__enter__()
        assert server.log_ins == [False]
        assert "very-wrong" not in str(caught.value)


def test_a_log_in_put_off_is_not_a_wrong_password(certificates: Certificates) -> None:
    with RecordingSmtp(certificates, "tls", "nes", "right") as server:
        server.fail("AUTH", "454 4.7.0 temporary failure")
        with pytest.raises(Unreachable):
            Postman(account_of(server)).__enter__()


def test_a_server_that_wants_a_log_in_says_so(certificates: Certificates) -> None:
    with RecordingSmtp(certificates, "tls", "nes", "right") as server:
        account = SmtpAccount(server.host, server.port, "tls", ca_file=server.ca_file)
        with pytest.raises(LoginRefused, match="set user and password"), Postman(account) as postman:
            postman.post(SENDER, (AYSE,), LETTER, Dot(server))


# --- every step --------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["client", "server"])
def test_a_connection_lost_at_any_step_is_told_as_it_is(certificates: Certificates, side: Side) -> None:
    told: set[type] = set()
    step = 0
    reached = True
    while reached:
        step += 1
        with RecordingSmtp(certificates) as server, DropAtLine(server.port, side, step) as saboteur:
            account = SmtpAccount(server.host, saboteur.port, "none", timeout_seconds=5)
            dot = Dot(server)
            try:
                with Postman(account) as postman:
                    fate = postman.post(SENDER, (AYSE,), LETTER, dot)[AYSE]
            except Unreachable:
                fate = Deferred("no connection")
            reached = saboteur.happened
            accepted = len(server.received)
        told.add(type(fate))
        if isinstance(fate, Delivered):
            assert accepted == 1, step
        elif isinstance(fate, Deferred):
            assert (accepted, dot.accepted_by_then) == (0, []), step
        else:
            assert isinstance(fate, OutcomeUnknown), step
            assert dot.accepted_by_then == [0], step
    assert told == {Delivered, Deferred, OutcomeUnknown}
