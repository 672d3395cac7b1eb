"""embedded: a small IMAP server and a small SMTP server on loopback, for the demo.

Both run in a thread of their own, bind 127.0.0.1 on a port of the system's choice, keep everything in
memory, and end without a word when their `with` block does.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
import threading
from argparse import Namespace
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import Flag

_T = TypeVar("_T")
# A connection that has just come, or just been closed, needs some rounds of the loop to be known as such.
_SETTLING_SECONDS = 0.02


class LoopThread:
    """An event loop in a thread of its own, into which other threads send coroutines."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, work: Coroutine[Any, Any, _T], seconds: float = 30) -> _T:
        """Runs a coroutine in the loop and waits for its result."""
        future: Future[_T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return future.result(seconds)

    def stop(self) -> None:
        """Cancels whatever still runs, waits for it to end, and ends the thread."""
        self.call(self._wind_down())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _wind_down(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(_SETTLING_SECONDS)
        await self.loop.shutdown_asyncgens()


class EmbeddedMailbox:
    """An IMAP server with one user, whose mailbox lives in memory as long as the `with` block.

    `host` and `port` say where it listens (without TLS), `user` and `password` who may come in.
    """

    host = "127.0.0.1"
    user = "basvuru"

    def __init__(self) -> None:
        self.port = 0
        self.password = secrets.token_urlsafe(12)
        self._writers: WeakSet[asyncio.StreamWriter] = WeakSet()
        self._tasks: set[asyncio.Future[None]] = set()

    def __enter__(self) -> Self:
        # pymap tells the terminal of every client that hangs up; the demo has better things to show.
        logging.getLogger("pymap").setLevel(logging.CRITICAL)
        self._loop = LoopThread("embedded-imap")
        self._loop.call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call(self._close())
        self._loop.stop()

    def deliver(self, raw: bytes, received_at: datetime) -> None:
        """Puts a mail into INBOX as if it had arrived at `received_at` (aware)."""
        self._loop.call(self._append(raw, received_at))

    async def _start(self) -> None:
        settings = Namespace(
            host=[self.host], port="0", tls=False, cert=None, key=None, debug=False,
            demo_data=False, demo_user=self.user, demo_password=self.password,
            inherited_sockets=None, proxy_protocol=None, skip_services=[], passlib_cfg=None,
        )  # fmt: skip
        self._backend, config = await DictBackend.init(settings)
        reader = ProxyProtocolReader(ProxyProtocolVersion.get(None))
        self._serve = reader.get_callback(IMAPServer(self._backend.login, config))
        self._server = await asyncio.start_server(self._welcome, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Noted at once, so that a client who comes at the very end is not forgotten.
        self._writers.add(writer)
        self._tasks.add(task := asyncio.ensure_future(self._serve(reader, writer)))
        task.add_done_callback(self._tasks.discard)

    async def _append(self, raw: bytes, received_at: datetime) -> None:
        no_flags: frozenset[Flag] = frozenset()
        async with self._backend.login.demo_user_identity.new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            await inbox.append(AppendMessage(raw, received_at, no_flags), recent=True)

    async def _close(self) -> None:
        await asyncio.sleep(_SETTLING_SECONDS)
        self._server.close()
        for writer in list(self._writers):
            writer.close()


@dataclass(frozen=True, slots=True)
class Received:
    """A mail as an SMTP server accepted it: envelope and bytes."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        """Takes what aiosmtpd collected; the null return path, which it writes as "<>", is ""."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        sender = envelope.mail_from or ""
        return cls("" if sender == "<>" else sender, tuple(envelope.rcpt_tos), raw)


class SmtpSpeaker(SMTP):
    """aiosmtpd's protocol, which would keep the connection of a client that hung up."""

    def eof_received(self) -> bool:
        """Has the connection closed (called by asyncio)."""
        super().eof_received()
        return False


class SmtpThread:
    """An SMTP server in a thread of its own; `port` is where it listens."""

    host = "127.0.0.1"
    tls: ssl.SSLContext | None = None

    def __init__(self) -> None:
        self.port = 0
        self._speakers: WeakSet[SmtpSpeaker] = WeakSet()

    def speaker(self) -> SmtpSpeaker:
        """Makes what speaks to one client."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._loop = LoopThread("smtp")
        self._loop.call(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call(self._close())
        self._loop.stop()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._welcome, self.host, 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    def _welcome(self) -> SmtpSpeaker:
        speaker = self.speaker()
        self._speakers.add(speaker)
        return speaker

    async def _close(self) -> None:
        await asyncio.sleep(_SETTLING_SECONDS)
        self._server.close()
        for speaker in list(self._speakers):
            if speaker.transport is not None:
                speaker.transport.close()


class EmbeddedSmtp(SmtpThread):
    """An SMTP server that accepts every mail and keeps it in `received`, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Received] = []

    def speaker(self) -> SmtpSpeaker:
        """Makes what speaks to one client."""
        return SmtpSpeaker(self, hostname="localhost", ident="nes-intake demo")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps a mail; the name is aiosmtpd's."""
        self.received.append(Received.of(envelope))
        return "250 2.0.0 kept"
