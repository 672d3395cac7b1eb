"""Saboteurs: they stand before a real server, pass everything on, and do one thing wrong.

Each is a class of a few lines. They understand lines, and the literals of IMAP; they serve any number of
connections, one after the other or at once, and count over all of them. They see plain text only.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import BinaryIO, ClassVar, Literal, Self

Side = Literal["client", "server"]

HOST = "127.0.0.1"
_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
# The tags are imaplib's: a line of a mail on its way through SMTP does not look like this.
_ASKS_FOR_A_LITERAL = re.compile(rb"[A-P]{4}\d+ .*\{(\d+)\}\r\n$")


class Cut(Exception):
    """Raised by a saboteur to end the connection on both sides."""


class Saboteur:
    """Passes everything on and notes it: `heard` are the client's lines, `connections` their number.

    Subclasses change `from_client`, `from_server` (a line in, bytes to pass on out) or `literal`.
    """

    def __init__(self, port: int, host: str = HOST) -> None:
        self._behind = (host, port)
        self.connections = 0
        self.heard: list[bytes] = []
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def from_client(self, line: bytes) -> bytes:
        """Passes on a line of the client's, or something else."""
        return line

    def from_server(self, line: bytes) -> bytes:
        """Passes on a line of the server's, or something else."""
        return line

    def literal(self, side: Side, data: bytes, to: socket.socket) -> None:
        """Passes on the bytes of a literal of one side."""
        assert side in ("client", "server")
        to.sendall(data)

    def reply(self, text: bytes) -> None:
        """Says something to the client in the server's place; for use in `from_client`."""
        self._client.sendall(text)

    # --- the machinery -------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._listening = socket.create_server((HOST, 0))
        self.port = self._listening.getsockname()[1]
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        # Wakes the thread that waits for the next connection.
        with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            pass
        for sock in [*self._sockets, self._listening]:
            _end(sock)
        for thread in self._threads:
            thread.join(10)

    def _run(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self._over.is_set():
                client.close()
                return
            self.connections += 1
            try:
                server = socket.create_connection(self._behind, timeout=60)
            except OSError:
                client.close()
                continue
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            talk = _Talk(client, server)
            self._run(self._pump, "client", talk, client, server)
            self._run(self._pump, "server", talk, server, client)

    def _pump(self, side: Side, talk: _Talk, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError, Cut, ValueError), source.makefile("rb") as lines:
            while line := lines.readline():
                self._pass_on(side, talk, line, lines, target)
        # The other thread sees the end of its own connection and stops as well.
        talk.verdicts.put(False)
        _end(source)
        _end(target)

    def _pass_on(self, side: Side, talk: _Talk, line: bytes, lines: BinaryIO, target: socket.socket) -> None:
        asks = side == "client" and _ASKS_FOR_A_LITERAL.match(line)
        with self._lock:
            if side == "client":
                self._client = talk.client
                self.heard.append(line)
                talk.waiting = bool(asks)
                out = self.from_client(line)
            else:
                out = self.from_server(line)
        target.sendall(out)
        if side == "server" and talk.waiting and not line.startswith(b"* "):
            talk.waiting = False
            talk.verdicts.put(line.startswith(b"+"))
        if asks and out and talk.verdicts.get():
            self.literal(side, lines.read(int(asks[1])), target)
        elif side == "server" and out and (found := _LITERAL.search(line)):
            self.literal(side, lines.read(int(found[1])), target)


@dataclass
class _Talk:
    """One connection; a client that asks to send a literal waits for the server's verdict."""

    client: socket.socket
    server: socket.socket
    waiting: bool = False
    verdicts: SimpleQueue[bool] = field(default_factory=SimpleQueue)


def _end(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


# --- the connection ends -----------------------------------------------------------------------


class DropAtLine(Saboteur):
    """Ends the connection instead of passing on the n-th line (from 1) of one side, once.

    Counts the lines that match; `happened` tells whether it came to that.
    """

    def __init__(self, port: int, side: Side, at: int, pattern: bytes = b"") -> None:
        super().__init__(port)
        self._side, self._left, self._pattern = side, at, re.compile(pattern)

    @property
    def happened(self) -> bool:
        return self._left <= 0

    def from_client(self, line: bytes) -> bytes:
        return self._count("client", line)

    def from_server(self, line: bytes) -> bytes:
        return self._count("server", line)

    def _count(self, side: Side, line: bytes) -> bytes:
        if side == self._side and self._pattern.search(line):
            self._left -= 1
            if self._left == 0:
                raise Cut
        return line


class DropInLiteral(Saboteur):
    """Passes on half of the n-th literal (from 1) that the server sends, then ends the connection, once."""

    def __init__(self, port: int, at: int = 1) -> None:
        super().__init__(port)
        self._left = at

    def literal(self, side: Side, data: bytes, to: socket.socket) -> None:
        self._left -= side == "server"
        if self._left == 0:
            self._left = -1
            to.sendall(data[: len(data) // 2])
            raise Cut
        to.sendall(data)


class DropAfterBytes(Saboteur):
    """Ends the connection after so many bytes from one side, once."""

    def __init__(self, port: int, side: Side, after: int) -> None:
        super().__init__(port)
        self._side, self._left = side, after

    def from_client(self, line: bytes) -> bytes:
        return self._spend("client", line)

    def from_server(self, line: bytes) -> bytes:
        return self._spend("server", line)

    def literal(self, side: Side, data: bytes, to: socket.socket) -> None:
        to.sendall(self._spend(side, data))

    def _spend(self, side: Side, data: bytes) -> bytes:
        if side == self._side and self._left > 0:
            self._left -= len(data)
            if self._left <= 0:
                raise Cut
        return data


class DropOver(Saboteur):
    """Ends the connection whenever the client says something that matches, `times` times (None: always)."""

    def __init__(self, port: int, pattern: bytes, times: int | None = None) -> None:
        super().__init__(port)
        self._pattern, self._times = re.compile(pattern, re.IGNORECASE), times

    def from_client(self, line: bytes) -> bytes:
        if self._times != 0 and self._pattern.search(line):
            if self._times is not None:
                self._times -= 1
            raise Cut
        return line


class PoisonUid(Saboteur):
    """Ends the connection whenever the client fetches the body of one mail, alone or among others."""

    def __init__(self, port: int, uid: int) -> None:
        super().__init__(port)
        self._uid = str(uid).encode()

    def from_client(self, line: bytes) -> bytes:
        found = re.search(rb"UID FETCH ([\d,]+) .*BODY", line)
        if found and self._uid in found[1].split(b","):
            raise Cut
        return line


# --- the server falls silent -------------------------------------------------------------------


class StallOver(Saboteur):
    """Keeps what the client says to itself whenever it matches, `times` times (None: always)."""

    def __init__(self, port: int, pattern: bytes, times: int | None = None) -> None:
        super().__init__(port)
        self._pattern, self._times = re.compile(pattern, re.IGNORECASE), times

    def from_client(self, line: bytes) -> bytes:
        if self._times != 0 and self._pattern.search(line):
            if self._times is not None:
                self._times -= 1
            return b""
        return line


class Trickle(Saboteur):
    """Passes on the server's literals a few bytes at a time, with pauses in between."""

    def __init__(self, port: int, piece: int, pause: float) -> None:
        super().__init__(port)
        self._piece, self._pause = piece, pause

    def literal(self, side: Side, data: bytes, to: socket.socket) -> None:
        if side == "client":
            to.sendall(data)
            return
        for start in range(0, len(data), self._piece):
            to.sendall(data[start : start + self._piece])
            if self._over.wait(self._pause):
                return


# --- the server says something else ------------------------------------------------------------


class Answer(Saboteur):
    """Answers in the server's place whenever the client's line matches, `times` times (None: always).

    `text` is what is said; TAG in it stands for the command's tag.
    """

    def __init__(self, port: int, pattern: bytes, text: bytes, times: int | None = None) -> None:
        super().__init__(port)
        self._pattern, self._text, self._times = re.compile(pattern, re.IGNORECASE), text, times

    def from_client(self, line: bytes) -> bytes:
        if self._times != 0 and self._pattern.search(line):
            if self._times is not None:
                self._times -= 1
            self.reply(self._text.replace(b"TAG", line.split(b" ")[0]))
            return b""
        return line


class Interject(Saboteur):
    """Says something unasked before every line of the server's that matches."""

    def __init__(self, port: int, pattern: bytes, text: bytes) -> None:
        super().__init__(port)
        self._pattern, self._text = re.compile(pattern, re.IGNORECASE), text

    def from_server(self, line: bytes) -> bytes:
        return self._text + line if self._pattern.search(line) else line


class Rewrite(Saboteur):
    """Rewrites every line of the server's that matches, from the `after`-th match (from 0) on."""

    def __init__(self, port: int, pattern: bytes, text: bytes, after: int = 0) -> None:
        super().__init__(port)
        self._pattern, self._text, self._after = re.compile(pattern, re.IGNORECASE), text, after

    def from_server(self, line: bytes) -> bytes:
        if not self._pattern.search(line):
            return line
        self._after -= 1
        return line if self._after >= 0 else self._pattern.sub(self._text, line)


class Without(Saboteur):
    """Hides capabilities, and knows none of the commands that come with them."""

    _COMMANDS: ClassVar = {b"MOVE": rb"UID MOVE", b"UIDPLUS": rb"UID EXPUNGE", b"NAMESPACE": rb"NAMESPACE"}

    def __init__(self, port: int, *capabilities: bytes) -> None:
        super().__init__(port)
        self._hidden = capabilities

    def from_client(self, line: bytes) -> bytes:
        for name in self._hidden:
            if re.search(rb"^\S+ " + self._COMMANDS.get(name, name), line, re.IGNORECASE):
                self.reply(line.split(b" ")[0] + b" BAD unknown command\r\n")
                return b""
        return line

    def from_server(self, line: bytes) -> bytes:
        for name in self._hidden:
            if b"CAPABILITY" in line:
                line = line.replace(b" " + name, b"")
        return line


class Meddle(Saboteur):
    """Lets somebody do something in the mailbox just before the client's line that matches, once."""

    def __init__(self, port: int, pattern: bytes, deed: Callable[[], None]) -> None:
        super().__init__(port)
        self._pattern, self._deed = re.compile(pattern, re.IGNORECASE), deed
        self._done = False

    def from_client(self, line: bytes) -> bytes:
        if not self._done and self._pattern.search(line):
            self._done = True
            self._deed()
        return line
