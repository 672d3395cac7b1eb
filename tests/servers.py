"""Real servers for the tests: Dovecot, a recording SMTP server, and saboteurs to stand before them.

Dovecot needs no set-up of the machine: its configuration, sockets and mail live in a temporary folder
of their own. It runs as root or as an ordinary user, with the syntax of Dovecot 2.3 or 2.4 (the
latter is written from its documentation; the machines this was tried on had 2.3).
"""

from __future__ import annotations

import asyncio
import getpass
import grp
import itertools
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from imapclient import IMAPClient
from imapclient.imap_utf7 import encode

from pipeline.review.embedded import Received, SmtpSpeaker, SmtpThread

HOST = "127.0.0.1"
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


# --- certificates ------------------------------------------------------------------------------


class Certificates:
    """An authority of the tests' own, a certificate for the loopback servers, and one for nobody."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.cert_file, self.key_file = folder / "server.pem", folder / "server.key"
        good = authority.issue_cert("localhost", HOST)
        good.private_key_pem.write_to_path(str(self.key_file))
        for part in good.cert_chain_pems:
            part.write_to_path(str(self.cert_file), append=True)
        self._wrong_name = authority.issue_cert("elsewhere.invalid")
        self._good = good

    def server_context(self) -> ssl.SSLContext:
        """Makes a server's TLS context with the certificate for localhost."""
        return self._context(self._good)

    def wrong_name_context(self) -> ssl.SSLContext:
        """Makes a server's TLS context with a certificate for another host."""
        return self._context(self._wrong_name)

    @staticmethod
    def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


# --- Dovecot -----------------------------------------------------------------------------------

_COMMON = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
listen = {host}
protocols = imap
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
auth_failure_delay = 0
mail_fsync = never
mail_max_userip_connections = 0
first_valid_uid = 1
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
  # One wrong password would delay the next log-in from this address by seconds.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
"""

_SYNTAX_2_3 = """
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
passdb {{
  driver = passwd-file
  args = {base}/users/%u
}}
userdb {{
  driver = passwd-file
  args = {base}/users/%u
}}
"""

_SYNTAX_2_4 = """
ssl = yes
ssl_server_cert_file = {cert}
ssl_server_key_file = {key}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ~/Maildir
passdb passwd-file {{
  passwd_file_path = {base}/users/%{{user}}
}}
userdb passwd-file {{
  passwd_file_path = {base}/users/%{{user}}
}}
"""


def dovecot_version() -> tuple[int, int] | None:
    """Tells the installed Dovecot's major and minor version, or None without one."""
    if not shutil.which("dovecot", path=_PATH):
        return None
    said = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, env={"PATH": _PATH})
    found = re.match(r"(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else None


def free_ports(count: int) -> list[int]:
    """Finds loopback ports that nobody listens on, nor is given by chance until they are taken."""
    found: list[int] = []
    while len(found) < count:
        # Systems give ports from 32768 on to whoever asks for any.
        port = 10_000 + secrets.randbelow(22_000)
        with suppress(OSError), socket.create_server((HOST, port)):
            found.append(port)
    return list(dict.fromkeys(found)) if len(set(found)) == count else free_ports(count)


class Dovecot:
    """A Dovecot of the tests' own, on a plain (STARTTLS) and a TLS loopback port.

    Raises RuntimeError with the log when it does not come up.
    """

    host = HOST

    def __init__(self, certificates: Certificates) -> None:
        version = dovecot_version()
        if version is None:
            raise RuntimeError("dovecot is not installed: apt-get install dovecot-imapd")
        self._version = version
        self._certificates = certificates
        # Sockets live below it, and a socket's path has about a hundred letters at most.
        self.base = Path(tempfile.mkdtemp(prefix="dc", dir="/tmp"))
        self.base.chmod(0o755)
        self._as_root = os.geteuid() == 0
        self._owner = pwd.getpwnam("nobody") if self._as_root else pwd.getpwuid(os.geteuid())
        (self.base / "users").mkdir()
        (self.base / "mail").mkdir()
        self._own(self.base / "mail")
        self._process: subprocess.Popen[bytes] | None = None
        # No two mailboxes of a test run may look alike.
        self._validities = itertools.count(int(time.time()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def start(self) -> None:
        """Starts the server and waits until it greets; after `stop`, on the same ports."""
        for _ in range(3):
            self.port, self.tls_port = (self.port, self.tls_port) if hasattr(self, "port") else free_ports(2)
            config = self.base / "dovecot.conf"
            config.write_text(self._config())
            self._process = subprocess.Popen(
                [*_dying_with_us(), "dovecot", "-F", "-c", str(config)],
                env={"PATH": _PATH},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            if self._greets():
                return
            self.stop()
            del self.port, self.tls_port
        raise RuntimeError("Dovecot did not come up:\n" + self.log())

    def stop(self) -> None:
        """Stops the server and waits until its master has gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                # It waits for sessions that somebody has left hanging.
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(5)
            self._process = None

    def log(self) -> str:
        """Reads what the server logged."""
        log = self.base / "log"
        return log.read_text(errors="replace") if log.exists() else "(no log)"

    def account(self, password: str = "gizli soz", extra: str = "") -> Box:
        """Makes a new user with an empty mailbox; `extra` are passwd-file fields of Dovecot's."""
        user = f"u{secrets.token_hex(5)}"
        home = self.base / "mail" / user
        home.mkdir()
        self._own(home)
        line = f"{user}:{{PLAIN}}{password}:{self._owner.pw_uid}:{self._owner.pw_gid}::{home}::{extra}\n"
        # A file for each: Dovecot may overlook that a file it has read has grown.
        (self.base / "users" / user).write_text(line)
        box = Box(self, user, password, home / "Maildir", self._own, next(self._validities))
        # Dovecot would take the time of day in seconds: two boxes of one second would look like one.
        box.number_from(1)
        return box

    def _own(self, path: Path) -> None:
        if self._as_root:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _config(self) -> str:
        me = getpass.getuser()
        internal, login = ("dovecot", "dovenull") if self._as_root else (me, me)
        group = "dovecot" if self._as_root else _group_name()
        old = self._version < (2, 4)
        head = "" if old else "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
        text = head + _COMMON + (_SYNTAX_2_3 if old else _SYNTAX_2_4)
        return text.format(
            base=self.base, host=HOST, internal=internal, group=group, login=login,
            plain=self.port, tls=self.tls_port,
            cert=self._certificates.cert_file, key=self._certificates.key_file,
        )  # fmt: skip

    def _greets(self) -> bool:
        for _ in range(2400):
            if self._process is None or self._process.poll() is not None:
                return False
            with suppress(OSError), socket.create_connection((HOST, self.port), timeout=5) as sock:
                if sock.recv(4) == b"* OK":
                    return True
            time.sleep(0.05)
        return False


def _group_name() -> str:
    return grp.getgrgid(os.getegid()).gr_name


def _dying_with_us() -> list[str]:
    # A test run that is killed takes its server with it.
    return ["setpriv", "--pdeathsig", "SIGTERM", "--"] if shutil.which("setpriv") else []


@dataclass
class Box:
    """A user's mailbox, seen from behind: mails are put into and read from its Maildir directly."""

    server: Dovecot
    user: str
    password: str
    maildir: Path
    own: Callable[[Path], None] = field(repr=False)
    uidvalidity: int
    _names: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def deliver(self, raw: bytes, received_at: datetime | None = None, folder: str = "INBOX") -> None:
        """Drops a mail's very bytes into a folder; INTERNALDATE is `received_at` (default: now).

        Dovecot keeps line ends as they are and shows them as CRLF.
        """
        place = self.make(folder)
        moment = (received_at or datetime.now(UTC)).timestamp()
        # Dovecot numbers mails in the order of their names.
        name = f"{int(moment)}.{os.getpid()}_{next(self._names):07}.test"
        waiting = place / "tmp" / name
        waiting.write_bytes(raw)
        os.utime(waiting, (moment, moment))
        self.own(waiting)
        waiting.rename(place / "new" / name)

    def number_from(self, uid: int) -> None:
        """Lets the first mail of the still empty INBOX have a certain UID."""
        uids = self.make("INBOX") / "dovecot-uidlist"
        uids.write_text(f"3 V{self.uidvalidity} N{uid} G{secrets.token_hex(16)}\n")
        self.own(uids)

    def renumber(self) -> None:
        """Has the server forget all UIDs of INBOX: another UIDVALIDITY, the same mails."""
        for path in self.maildir.glob("dovecot*"):
            path.unlink()
        uids = self.maildir / "dovecot-uidlist"
        uids.write_text(f"3 V{int(time.time()) + secrets.randbelow(10**6) + 1} N1 G{secrets.token_hex(16)}\n")
        self.own(uids)

    def move(self, uids: Sequence[int], source: str, target: str) -> None:
        """Moves mails as a person with another program does."""
        with self.imap() as client:
            client.select_folder(source)
            client.move(list(uids), target)

    def delete(self, uids: Sequence[int], folder: str = "INBOX") -> None:
        """Deletes mails for good as a person with another program does."""
        with self.imap() as client:
            client.select_folder(folder)
            client.delete_messages(list(uids))
            client.uid_expunge(list(uids))

    def flag(self, uids: Sequence[int], flag: str, folder: str = "INBOX") -> None:
        """Sets a flag such as "\\Seen" as a person with another program does."""
        with self.imap() as client:
            client.select_folder(folder)
            client.add_flags(list(uids), [flag])

    def make(self, folder: str) -> Path:
        """Makes a folder where it is missing, and tells its place in the file system."""
        place = self.maildir if folder == "INBOX" else self.maildir / f".{_maildir_name(folder)}"
        if not (place / "new").is_dir():
            for path in (self.maildir, place, *(place / sub for sub in ("tmp", "new", "cur"))):
                path.mkdir(exist_ok=True)
                self.own(path)
        return place

    def folders(self) -> set[str]:
        """Lists the folders as an IMAP client sees them."""
        with self.imap() as client:
            return {name for _, _, name in client.list_folders()}

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        """Reads all mails of a folder, by UID, over IMAP and without marking them; [] where missing."""
        with self.imap() as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def flags(self, folder: str = "INBOX") -> dict[int, set[bytes]]:
        """Reads the flags of all mails of a folder, \\Recent left out."""
        with self.imap() as client:
            client.select_folder(folder, readonly=True)
            flags = client.get_flags(client.search())
        return {uid: set(found) - {rb"\Recent"} for uid, found in flags.items()}

    def imap(self) -> IMAPClient:
        """Logs in as the user does with another program; to be used in a `with`."""
        client = IMAPClient(HOST, self.server.port, ssl=False, timeout=240)
        client._imap.debug = 0
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.plain_login(self.user, self.password)
        return client


def _maildir_name(folder: str) -> str:
    return encode(folder).decode().replace("/", ".")


# --- a recording SMTP server -------------------------------------------------------------------

Stage = Literal["connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "body", "dot"]


@dataclass
class Fault:
    """One thing that goes wrong at a stage, `times` times (None: always).

    `do` is a reply ("451 4.3.0 later"), "drop" (hang up), "stall" (say nothing more), "trickle"
    (reply without end, a line at a time), or, at the dot,
    "swallow" (accept and record the mail, then hang up instead of saying 250), "wait 1.5" (accept and
    record the mail, and say 250 after so many seconds) or "hold" (the same, once `over`). At the stage
    "body" the connection is dropped once `after` bytes were received. `only` limits a fault at RCPT to
    one recipient.
    """

    at: Stage
    do: str
    times: int | None = 1
    only: str | None = None
    after: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class RecordingSmtp(SmtpThread):
    """A real SMTP server that records every mail it accepts, and fails on request.

    `security` is "none", "starttls" or "tls"; with `user` and `password` it insists on a log-in.
    `received` holds what was accepted, `log_ins` the success of each attempt, `connections` their number,
    `stages` the commands heard, in order, `names` what the clients call themselves.
    """

    def __init__(
        self,
        certificates: Certificates,
        security: Literal["none", "starttls", "tls"] = "none",
        user: str = "",
        password: str = "",
        size_limit: int = 33_554_432,
        wrong_name: bool = False,
    ) -> None:
        super().__init__()
        self.security, self.user, self.password = security, user, password
        self.ca_file = certificates.ca_file
        self._context = certificates.wrong_name_context() if wrong_name else certificates.server_context()
        self.tls = self._context if security == "tls" else None
        self._size_limit = size_limit
        self.afresh()

    def afresh(self, received: Sequence[Received] = ()) -> None:
        """Forgets all that was said and planned, and has received these letters."""
        self.received: list[Received] = [*received]
        self.log_ins: list[bool] = []
        self.stages: list[str] = []
        self.names: list[str] = []
        self.connections = 0
        self.faults: list[Fault] = []
        # What time the server says it is in its greeting; None for now.
        self.clock: datetime | None = None
        self.tells_time = True
        # Addresses that are delivered, and where to.
        self.homes: dict[str, tuple[Box, str]] = {}

    def record(self, received: Received) -> None:
        """Accepts a mail; delivers it where one of its recipients has a mailbox."""
        self.received.append(received)
        for address in received.recipients:
            if address in self.homes:
                box, folder = self.homes[address]
                box.deliver(received.raw, folder=folder)

    def fail(
        self, at: Stage, do: str, times: int | None = 1, only: str | None = None, after: int = 0
    ) -> Fault:
        """Plans a fault; several at one stage happen in the order planned."""
        self.faults.append(Fault(at, do, times, only, after))
        return self.faults[-1]

    def take(self, at: Stage, about: str = "") -> Fault | None:
        """Takes the next planned fault of a stage, if there is one."""
        for fault in self.faults:
            if fault.at == at and fault.only in (None, about) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> AuthResult:
        """Checks a log-in (called by aiosmtpd)."""
        good = isinstance(said, LoginPassword) and (said.login, said.password) == (
            self.user.encode(),
            self.password.encode(),
        )
        self.log_ins.append(good)
        return AuthResult(success=good, handled=False)

    def speaker(self) -> SmtpSpeaker:
        """Makes what speaks to one client."""
        self.connections += 1
        starttls = self.security == "starttls"
        return _Speaker(
            self,
            _Recorder(self),
            hostname="localhost",
            data_size_limit=self._size_limit,
            enable_SMTPUTF8=True,
            tls_context=self._context if starttls else None,
            require_starttls=starttls,
            auth_require_tls=starttls,
            authenticator=self.check,
            timeout=600,
            ident=f"ESMTP; {format_datetime(self.clock or datetime.now(UTC))}"
            if self.tells_time
            else "ESMTP",
        )


class _Speaker(SmtpSpeaker):
    """aiosmtpd's protocol with faults at the stages a handler does not see."""

    def __init__(self, recording: RecordingSmtp, *args: Any, **kwargs: Any) -> None:
        self._recording = recording
        self._greeted = False
        self._body_left: int | None = None
        super().__init__(*args, **kwargs)

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            if fault := self._recording.take("connect"):
                reply = await act(fault, self)
                await super().push(reply)
                self.transport.close()
                return
        await super().push(status)
        if str(status).startswith("354") and (fault := self._recording.take("body")):
            self._body_left = fault.after

    def data_received(self, data: bytes) -> None:
        if self._body_left is not None:
            self._body_left -= len(data)
            if self._body_left <= 0:
                self.transport.abort()
                return
        super().data_received(data)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        self._recording.stages.append("EHLO")
        self._recording.names.append(hostname)
        if fault := self._recording.take("EHLO"):
            await self.push(await act(fault, self))
            return
        await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802
        if fault := self._recording.take("EHLO"):
            await self.push(await act(fault, self))
            return
        await super().smtp_HELO(hostname)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        self._recording.stages.append("AUTH")
        if fault := self._recording.take("AUTH"):
            await self.push(await act(fault, self))
            return
        await super().smtp_AUTH(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._recording.stages.append("DATA")
        if fault := self._recording.take("DATA"):
            await self.push(await act(fault, self))
            return
        await super().smtp_DATA(arg)


async def act(fault: Fault, server: SMTP) -> str:
    """Does what a fault says: hangs up, falls silent, or gives its reply."""
    if fault.do in ("drop", "swallow"):
        server.transport.abort()
    elif fault.do == "stall":
        await asyncio.sleep(3600)
    elif fault.do == "trickle":
        while not server.transport.is_closing():
            server.transport.write(b"250-wait\r\n")
            await asyncio.sleep(0.1)
    elif fault.do == "hold":
        while not fault.over.is_set():
            await asyncio.sleep(0.01)
        return "250 2.0.0 recorded"
    elif fault.do.startswith("wait "):
        await asyncio.sleep(float(fault.do[5:]))
        return "250 2.0.0 recorded"
    else:
        return fault.do
    raise ConnectionResetError


class _Recorder:
    """aiosmtpd's handler: the stages of a transaction, then the mail."""

    def __init__(self, recording: RecordingSmtp) -> None:
        self._recording = recording

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._recording.stages.append("MAIL")
        if fault := self._recording.take("MAIL"):
            return await act(fault, server)
        if self._recording.user and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self._recording.stages.append("RCPT")
        if fault := self._recording.take("RCPT", address):
            return await act(fault, server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._recording.stages.append("dot")
        fault = self._recording.take("dot")
        if fault is None or fault.do in ("swallow", "hold") or fault.do.startswith("wait "):
            self._recording.record(Received.of(envelope))
        return await act(fault, server) if fault else "250 2.0.0 recorded"
