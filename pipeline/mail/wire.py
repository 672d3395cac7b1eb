"""wire: what the IMAP and the SMTP side have in common: whom to trust, and how long to wait."""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path


def trust(
    security: str, ca_file: Path | None, untrusted: Callable[[str, str], Exception]
) -> ssl.SSLContext | None:
    """Makes the TLS context that checks the server's certificate and name; None for security "none".

    Trusts the system's authorities, or only those of `ca_file`; raises `untrusted` when it is unreadable.
    """
    if security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise untrusted(
            f"The authority's file {ca_file} cannot be used ({error}); "
            "name a readable PEM file in the settings.",
            f"{ca_file}: {error.strerror or error}",
        ) from error


@contextmanager
def arriving(
    server: str, untrusted: Callable[[str, str], Exception], unreachable: Callable[[str, str], Exception]
) -> Iterator[None]:
    """Turns what goes wrong while connecting to `server` into a fault with advice."""
    where = server.rpartition(" ")[2]
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise untrusted(
            f"The certificate of the {server} does not hold ({error.verify_message}); "
            "set the right host name, or name the authority's file in the settings.",
            f"{where}: {error.verify_message}",
        ) from error
    except (OSError, UnicodeError) as error:
        if isinstance(error, ssl.SSLError) and not isinstance(
            error, ssl.SSLEOFError | ssl.SSLZeroReturnError
        ):
            raise untrusted(
                f"No TLS with the {server} ({error.reason}); check port and security in the settings.",
                f"{where}: {error.reason}",
            ) from error
        raise unreachable(
            f"The {server} cannot be reached ({error}); check host, port and network, "
            "or wait for the server.",
            f"{where}: {getattr(error, 'strerror', None) or error}",
        ) from error


def certificate_ends_at(sock: socket.socket | None) -> datetime | None:
    """Tells until when the certificate holds that the server has shown; None on a plain connection."""
    shown = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    if not shown:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


@contextmanager
def deadline(current: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
    """Cuts the connection that `current` names if the block still runs after so many seconds.

    The thread that reads from it sees the end of the connection, or an OSError. A socket's own timeout starts
    anew with every byte, so that a server that trickles would never be given up.
    """
    key = _WATCH.begin(current, time.monotonic() + seconds)
    try:
        yield
    finally:
        _WATCH.end(key)


class _Watch:
    """One thread for all deadlines: a thread for each would cost more than the command it watches."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._deadlines: dict[object, tuple[float, Callable[[], socket.socket | None]]] = {}
        self._wakes_at = 0.0
        self._thread: threading.Thread | None = None

    def begin(self, current: Callable[[], socket.socket | None], at: float) -> object:
        key = object()
        with self._news:
            self._deadlines[key] = (at, current)
            # A process that was forked has inherited the object, but not the thread.
            if self._thread is None or not self._thread.is_alive():
                self._wakes_at = at
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif at < self._wakes_at:
                self._wakes_at = at
                self._news.notify()
        return key

    def end(self, key: object) -> None:
        with self._news:
            self._deadlines.pop(key, None)

    def _run(self) -> None:
        with self._news:
            while True:
                now = time.monotonic()
                for key, (at, current) in list(self._deadlines.items()):
                    if at <= now:
                        del self._deadlines[key]
                        _cut(current())
                self._wakes_at = min((at for at, _ in self._deadlines.values()), default=math.inf)
                self._news.wait(None if math.isinf(self._wakes_at) else self._wakes_at - now)


def _cut(sock: socket.socket | None) -> None:
    with suppress(OSError):
        if sock is not None:
            # Not sock.shutdown(): a TLS socket would also take its TLS state from under the reading thread.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


_WATCH = _Watch()
