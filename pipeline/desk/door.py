"""door: where the desk is reached: a unix socket for the office's proxy, or this very machine alone."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.desk.app import Desk
from pipeline.desk.counter import Counter
from pipeline.desk.doors import DOORS
from pipeline.domain.faults import OperatorFault
from pipeline.office.init_system import notify
from pipeline.office.settings import DeskSettings

_LOOPBACK = "127.0.0.1"


@contextmanager
def listening(settings: DeskSettings) -> Iterator[tuple[socket.socket, tuple[str, ...]]]:
    """Opens the door that the settings name; gives it with the addresses that it is reached under.

    Raises OperatorFault where it cannot be opened, or somebody else sits there.
    """
    try:
        door = _unix(settings.socket) if settings.socket else _loopback(settings.port)
    except OSError as fault:
        where = settings.socket or settings.port
        raise OperatorFault("desk_door", where=where, why=fault.strerror or fault) from fault
    own = (settings.address,) if settings.address else ()
    try:
        if settings.socket:
            yield door, own or ("http://localhost",)
        else:
            port = door.getsockname()[1]
            yield door, (*own, f"http://{_LOOPBACK}:{port}", f"http://localhost:{port}")
    finally:
        door.close()
        if settings.socket:
            settings.socket.unlink(missing_ok=True)


def _loopback(port: int) -> socket.socket:
    return socket.create_server((_LOOPBACK, port))


def _unix(place: Path) -> socket.socket:
    with suppress(FileNotFoundError):
        if _is_dead(place):
            place.unlink()
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # For the group, too: that is the proxy's.
    before = os.umask(0o117)
    try:
        door.bind(str(place))
        door.listen(64)
    except OSError:
        door.close()
        raise
    finally:
        os.umask(before)
    return door


def _is_dead(place: Path) -> bool:
    """Tells whether a socket is what a process that died has left; anything else is not ours to remove."""
    if not stat.S_ISSOCK(place.stat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(str(place))
        except ConnectionRefusedError:
            return True
    return False


def sit(counter: Counter, ready: Callable[[str], None]) -> None:
    """Serves the desk until SIGTERM or SIGINT; `ready` is told its address."""
    try:
        import uvicorn
    except ImportError as fault:
        raise OperatorFault("desk_missing") from fault
    settings = counter.settings.desk
    with listening(settings) as (door, addresses):
        header = settings.user_header if settings.socket else ""
        app: Any = Desk(counter, DOORS, addresses, header or "").app()
        # The server ends at either signal, and then passes it on: by then nothing is left to do.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            lifespan="on",
        )
        server = uvicorn.Server(config)
        ready(addresses[0])
        notify("READY=1")
        server.run(sockets=[door])
        notify("STOPPING=1")
