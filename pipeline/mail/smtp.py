"""postman: hands the rendered bytes of one letter at a time to one SMTP server.

Knows nothing of ledgers or letters. Says of every recipient what became of the letter, and keeps the time
in which that is unknown as short as the protocol allows: from the final dot to the server's reply.
"""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pipeline.domain.password import Password
from pipeline.mail.faults import PostmanFault
from pipeline.mail.server_replies import Mood, is_final, mood_of
from pipeline.mail.wire import arriving, certificate_ends_at, deadline, trust

# RFC 5321 4.5.3.2.6: a server that scans the mail may take its time, and giving up early sends it twice.
SECONDS_FOR_THE_REPLY_TO_THE_DOT = 600
# A server that takes the letter more slowly than this is given up.
BYTES_PER_SECOND = 16 * 1024
_PIECE = 64 * 1024
_ADDRESS = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[^\s<>\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """Where letters are handed in and who hands them in; `ca_file` replaces the system's authorities."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str | None = None
    password: Password | None = None
    timeout_seconds: float = 60
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server has taken over the letter for this recipient."""

    response: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """The server has not taken the letter and may later; nothing of it is on its way.

    `is_no` where it said so for good (5xx), but not that it is about the recipient or the letter; `mood` is
    what it said of itself or of us then, and `hits_all` tells that the next letter would hear the same.
    """

    response: str
    is_no: bool = False
    mood: Mood = ""
    hits_all: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will never take this letter for this recipient.

    `is_ours` where that is our own knowledge and was not asked.
    """

    response: str
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The final dot was, or may have been, written and no reply was read: perhaps it is on its way."""

    response: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a server says of itself: its greeting, what it can do, the largest letter it takes if it tells."""

    banner: str
    extensions: frozenset[str]
    largest: int | None
    certificate_ends_at: datetime | None


Fate = Delivered | Deferred | Refused | OutcomeUnknown


class Unreachable(PostmanFault):
    """No connection comes about, or the server takes no mail at the moment."""

    name = "unreachable"


class Untrusted(PostmanFault):
    """The server's certificate does not hold, or there is no TLS where TLS is asked for."""

    name = "untrusted"


class LoginRefused(PostmanFault):
    """The server does not take user name or password; trying again may lock the account."""

    name = "login_refused"


class StarttlsWanted(PostmanFault):
    """The server takes mail over TLS only."""

    name = "starttls_wanted"


class Postman:
    """One connection to one SMTP server over many letters, opened by `with`, renewed where it was dropped.

    Raises a PostmanFault where no connection can be had, from `with` and from `post`: the caller stops
    posting for this run and leaves its letters as they are. `dot_seconds` is how long the reply to the final
    dot may take.
    """

    def __init__(self, account: SmtpAccount, dot_seconds: float = SECONDS_FOR_THE_REPLY_TO_THE_DOT) -> None:
        self.account = account
        self._dot_seconds = dot_seconds
        self._smtp: smtplib.SMTP | None = None
        self._banner = ""

    def __enter__(self) -> Self:
        self._smtp = self._connect()
        return self

    def welcome(self) -> Welcome:
        """Tells what the server said of itself."""
        smtp = self._smtp
        assert smtp is not None
        size = smtp.esmtp_features.get("size", "")
        return Welcome(
            banner=self._banner,
            extensions=frozenset(smtp.esmtp_features),
            largest=int(size) if size.isdigit() and int(size) else None,
            certificate_ends_at=certificate_ends_at(smtp.sock),
        )

    def objection_to(self, sender: str) -> str:
        """Asks whether letters may be handed in under an address; "" or what the server has against it."""
        assert self._smtp is not None
        try:
            code, reply = self._say(self._smtp, "MAIL", f"FROM:<{sender}>")
            self._say(self._smtp, "RSET")
        except _Over as over:
            return over.fate.response
        return "" if code == 250 else reply

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        smtp = self._smtp
        if smtp is not None and error is None:
            # The fates have been told already; a farewell that fails changes nothing.
            with suppress(_Over):
                self._say(smtp, "QUIT")
        self._hang_up()

    def post(
        self,
        sender: str,
        recipients: tuple[str, ...],
        raw: bytes,
        before_the_dot: Callable[[], None],
        copies: tuple[str, ...] = (),
    ) -> Mapping[str, Fate]:
        """Hands in one letter and tells its fate for every recipient and every copy.

        `sender` may be "" (the null return path). `copies` get the letter in the same transaction, and only
        where a recipient gets it: one reply covers both, which makes a copy evidence. `before_the_dot` is
        called once, when all of the letter but its final dot is written; if it raises, the dot is never
        written and the error goes on. It is not called for a letter that fails before.
        """
        everybody = (*recipients, *copies)
        body = wire_form(raw)
        smtp, used_before = (self._smtp, True) if self._smtp else (self._connect(), False)
        self._smtp = smtp
        fates: dict[str, Fate] = {}
        try:
            if hindrance := _hindrance(smtp, sender, everybody, body):
                return dict.fromkeys(everybody, hindrance)
            smtp = self._begin(smtp, used_before, sender, everybody, body)
            self._name(smtp, recipients, fates)
            if len(fates) < len(set(recipients)):
                self._name(smtp, copies, fates)
                whom = [address for address in everybody if address not in fates]
                fates |= dict.fromkeys(whom, self._hand_in(smtp, body, before_the_dot))
            else:
                self._say(smtp, "RSET")
        except _Over as over:
            self._hang_up()
            return dict.fromkeys(everybody, over.fate) | fates
        except BaseException:
            self._hang_up()
            raise
        return dict.fromkeys(everybody, Deferred("no recipient was taken")) | fates

    # --- the transaction -----------------------------------------------------------------------

    def _begin(
        self, smtp: smtplib.SMTP, used_before: bool, sender: str, everybody: tuple[str, ...], body: bytes
    ) -> smtplib.SMTP:
        words = [f"FROM:<{sender}>"]
        if smtp.has_extn("size"):
            words.append(f"SIZE={len(body)}")
        if not body.isascii():
            words.append("BODY=8BITMIME")
        if not all(address.isascii() for address in (sender, *everybody)):
            words.append("SMTPUTF8")
        try:
            code, reply = self._say(smtp, "MAIL", " ".join(words))
        except _Over:
            # A server may end a connection between two letters whenever it likes.
            if not used_before:
                raise
            self._hang_up()
            smtp = self._smtp = self._connect()
            return self._begin(smtp, False, sender, everybody, body)
        if code == 250:
            return smtp
        if mood_of(reply) == "starttls_wanted":
            raise StarttlsWanted(
                f"The SMTP server {self.account.host} takes mail over TLS only ({reply}); "
                'set security to "starttls" or "tls" in the settings.',
                f"{self.account.host}: {reply}",
            )
        if code in (530, 535, 538):
            raise LoginRefused(
                f"The SMTP server {self.account.host} takes mail only after a log-in ({reply}); "
                "set user and password in the settings.",
                f"{self.account.host}: {reply}",
            )
        # Any other no at this point is about us, the sender, and would hit every letter alike: no reason to
        # give this one up for good. 552 is about the letter's size.
        if code == 552 and is_final(reply):
            raise _Over(Refused(reply))
        raise _Over(_put_off(reply, hits_all=True))

    def _name(self, smtp: smtplib.SMTP, addresses: tuple[str, ...], fates: dict[str, Fate]) -> None:
        for address in addresses:
            code, reply = self._say(smtp, "RCPT", f"TO:<{address}>")
            if 500 <= code < 600:
                fates[address] = _judged(reply)
            elif not 200 <= code < 300:
                fates[address] = Deferred(reply)

    def _hand_in(self, smtp: smtplib.SMTP, body: bytes, before_the_dot: Callable[[], None]) -> Fate:
        code, reply = self._say(smtp, "DATA")
        if code != 354:
            self._say(smtp, "RSET")
            return _judged(reply) if 500 <= code < 600 else Deferred(reply)
        with self._waiting(smtp, len(body)):
            for start in range(0, len(body), _PIECE):
                smtp.send(body[start : start + _PIECE])
        before_the_dot()
        return self._dot(smtp)

    def _dot(self, smtp: smtplib.SMTP) -> Fate:
        try:
            with deadline(lambda: smtp.sock, self._dot_seconds):
                _set_timeout(smtp, self._dot_seconds)
                smtp.send(b"\r\n.\r\n")
                code, text = smtp.getreply()
                _set_timeout(smtp, self.account.timeout_seconds)
        except OSError as error:
            self._hang_up()
            return OutcomeUnknown(f"no reply to the final dot ({type(error).__name__})")
        reply = _line(code, text)
        if code == 421 or not 200 <= code < 600:
            self._hang_up()
        if 200 <= code < 300:
            return Delivered(reply)
        if 400 <= code < 500:
            return Deferred(reply)
        return _judged(reply) if 500 <= code < 600 else OutcomeUnknown(reply)

    def _say(self, smtp: smtplib.SMTP, verb: str, rest: str = "") -> tuple[int, str]:
        """Gives one command and reads its reply; ends the transaction when the connection ends."""
        with self._waiting(smtp):
            code, text = smtp.docmd(verb, rest)
        reply = _line(code, text)
        if code == 421 or not 200 <= code < 600:
            raise _Over(Deferred(reply))
        return code, reply

    @contextmanager
    def _waiting(self, smtp: smtplib.SMTP, size: int = 0) -> Iterator[None]:
        seconds = 2 * self.account.timeout_seconds + size / BYTES_PER_SECOND
        try:
            with deadline(lambda: smtp.sock, seconds):
                yield
        except OSError as error:  # all of smtplib's own are OSErrors
            raise _Over(Deferred(f"the connection ended ({type(error).__name__})")) from None

    # --- the connection ------------------------------------------------------------------------

    def _connect(self) -> smtplib.SMTP:
        account, where = self.account, f"{self.account.host}:{self.account.port}"
        context = trust(account.security, account.ca_file, Untrusted)
        smtp: smtplib.SMTP
        # A name of its own keeps smtplib from asking the DNS for one, which can take seconds.
        if account.security == "tls":
            smtp = smtplib.SMTP_SSL(
                local_hostname="localhost", timeout=account.timeout_seconds, context=context
            )
        else:
            smtp = smtplib.SMTP(local_hostname="localhost", timeout=account.timeout_seconds)
        # smtplib compares certificates with the name it was given when it was made.
        smtp._host = account.host  # type: ignore[attr-defined]
        try:
            with (
                arriving(f"SMTP server {where}", Untrusted, Unreachable),
                deadline(lambda: smtp.sock, 2 * account.timeout_seconds),
            ):
                self._introduce(smtp, context, where)
            self._log_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _introduce(self, smtp: smtplib.SMTP, context: ssl.SSLContext | None, where: str) -> None:
        code, text = smtp.connect(self.account.host, self.account.port)
        if code != 220:
            raise Unreachable(
                f"The SMTP server {where} takes no mail at the moment ({_line(code, text)}); "
                "the next run tries again.",
                f"{where}: {_line(code, text)}",
            )
        assert smtp.sock is not None
        self._banner = _line(code, text)
        # Else the dot waits for a delayed acknowledgement: 44 ms instead of 2 in which all is in doubt.
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.local_hostname = _own_name(smtp.sock)
        smtp.ehlo_or_helo_if_needed()
        if self.account.security == "starttls":
            if not smtp.has_extn("starttls"):
                raise Untrusted(
                    f"The SMTP server {where} offers no STARTTLS, so nothing was said to it; somebody may be "
                    'in between, or security should be "tls" in the settings.',
                    f"{where}: no STARTTLS",
                )
            smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
        if smtp.has_extn("smtputf8"):
            smtp.command_encoding = "utf-8"

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if self.account.user is None:
            return
        user = self.account.user
        secret = self.account.password.get_secret_value() if self.account.password else ""
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        # One attempt with one method: a wrong password tried by every method can lock the account.
        try:
            if "PLAIN" in offered:
                code, reply = self._say(smtp, "AUTH", "PLAIN " + _base64(f"\0{user}\0{secret}"))
            elif "LOGIN" in offered:
                code, reply = self._say(smtp, "AUTH", "LOGIN " + _base64(user))
                if code == 334:
                    code, reply = self._say(smtp, _base64(secret))
            else:
                raise LoginRefused(
                    f"The SMTP server {self.account.host} offers no log-in by password on this connection; "
                    "check port and security in the settings.",
                    f"{self.account.host}: AUTH {' '.join(offered) or '-'}",
                )
        except _Over as over:
            raise _unreachable(self.account.host, over.fate.response) from None
        if 400 <= code < 500:
            raise _unreachable(self.account.host, reply)
        if code != 235:
            raise LoginRefused(
                f"The SMTP server {self.account.host} refuses the user {user} ({reply}); "
                "correct user name and password in the settings before the next run.",
                f"{self.account.host}, {user}: {reply}",
            )

    def _hang_up(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


class _Over(Exception):
    """The transaction is over for everybody who has no fate yet."""

    def __init__(self, fate: Deferred | Refused) -> None:
        super().__init__(fate.response)
        self.fate = fate


def _judged(reply: str) -> Deferred | Refused:
    return Refused(reply) if is_final(reply) else _put_off(reply)


def _put_off(reply: str, hits_all: bool = False) -> Deferred:
    is_no = reply.startswith("5")
    return Deferred(reply, is_no, mood_of(reply) if is_no else "", hits_all and is_no)


def wire_form(raw: bytes) -> bytes:
    r"""Writes a letter as it goes over the wire, up to but without the final CRLF and dot.

    >>> wire_form(b"a\n.b\r\n\rc\r\n")
    b'a\r\n..b\r\n\r\nc'
    """
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw).removesuffix(b"\r\n")
    return re.sub(rb"(?m)^\.", b"..", lines)


def _hindrance(
    smtp: smtplib.SMTP, sender: str, everybody: tuple[str, ...], body: bytes
) -> Refused | Deferred | None:
    """Finds what makes a letter impossible for this server before it is asked."""
    if sender and (not _ADDRESS.fullmatch(sender) or not _takes(smtp, sender)):
        # Our own address is no letter's fault.
        return Deferred("553 our own address cannot be written from", True, "sender_refused", True)
    for address in everybody:
        if not _ADDRESS.fullmatch(address):
            return Refused("553 not an address that can be written to", is_ours=True)
        if not _takes(smtp, address):
            why = "553 the server takes no addresses with other letters (no SMTPUTF8)"
            return Refused(why, is_ours=True)
    limit = smtp.esmtp_features.get("size", "")
    if limit.isdigit() and 0 < int(limit) < len(body):
        return Refused(f"552 the letter has {len(body)} bytes, the server takes {limit}", is_ours=True)
    if not body.isascii() and not smtp.has_extn("8bitmime"):
        return Refused("554 the letter has 8-bit bytes, the server takes none (no 8BITMIME)", is_ours=True)
    return None


def _takes(smtp: smtplib.SMTP, address: str) -> bool:
    return address.isascii() or smtp.has_extn("smtputf8")


def _unreachable(where: str, why: str) -> Unreachable:
    return Unreachable(
        f"The SMTP server {where} cannot be reached ({why}); "
        "check host, port and network, or wait for the server.",
        f"{where}: {why}",
    )


def _own_name(sock: socket.socket) -> str:
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _set_timeout(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected("not connected")
    smtp.sock.settimeout(seconds)


def _line(code: int, text: bytes) -> str:
    words = text.decode("utf-8", "replace").split()
    return f"{code} {' '.join(words)}"[:500]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
