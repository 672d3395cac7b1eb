"""embedded: a small IMAP server and a small SMTP server on loopback, for the demo.

Both run in a thread of their own, bind 127.0.0.1 on a port of the system's choice, keep everything in
memory, and end without a word when their `with` block does.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from argparse import Namespace
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import Flag

_T = TypeVar("_T")


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
        self._server: asyncio.Server | None = None

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
        serve = reader.get_callback(IMAPServer(self._backend.login, config))
        self._server = await asyncio.start_server(serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _append(self, raw: bytes, received_at: datetime) -> None:
        no_flags: frozenset[Flag] = frozenset()
        async with self._backend.login.demo_user_identity.new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            await inbox.append(AppendMessage(raw, received_at, no_flags), recent=True)

    async def _close(self) -> None:
        if self._server:
            self._server.close()


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


class EmbeddedSmtp:
    """An SMTP server that accepts every mail and keeps it in `received`, in order."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port = 0
        self.received: list[Received] = []
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._loop = LoopThread("embedded-smtp")
        self._loop.call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call(self._close())
        self._loop.stop()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps a mail; the name is aiosmtpd's."""
        self.received.append(Received.of(envelope))
        return "250 2.0.0 kept"

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._speaker, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def _speaker(self) -> SMTP:
        return SMTP(self, hostname="localhost", ident="nes-intake demo")

    async def _close(self) -> None:
        if self._server:
            self._server.close()
