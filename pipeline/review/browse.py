"""browse: a masked snapshot of the ledger, to be looked into with a web browser of this very machine.

The snapshot lies in a folder of its own that only this user can read and that is removed at the end. It is
served on the loopback address only, under a path that nobody can guess: other users of the machine reach the
port, and nothing behind it.
"""

from __future__ import annotations

import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Ledger
from pipeline.ledger.snapshot import asked, take_snapshot
from pipeline.policy.policy import Policy

_LOOPBACK = "127.0.0.1"
# The file's name is the database's, and stands in every address.
_DATABASE = "defter"
_CHARTS = "cizelgeler"

_Scope = MutableMapping[str, Any]
_App = Callable[[_Scope, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Look:
    """A snapshot ready to be served: its address, and the server that waits on it."""

    url: str
    serve: Callable[[], None]


@contextmanager
def look(ledger: Ledger, policy: Policy, told: Mapping[str, Any], at: datetime) -> Iterator[Look]:
    """Takes a snapshot and makes ready to serve it; gone afterwards, with everything in it.

    `told` is reports/browse.toml: names of tables and columns, questions, charts.
    """
    with TemporaryDirectory(prefix="nes-intake-") as name, socket.create_server((_LOOPBACK, 0)) as door:
        folder = Path(name)
        file = folder / f"{_DATABASE}.db"
        take_snapshot(ledger, file, told["tables"], policy.texts.words, told["unknown"])
        base = f"/{secrets.token_urlsafe(16)}/"
        description = told["description"].format(at=f"{at:%d.%m.%Y %H:%M}")
        pages = folder / _CHARTS
        pages.mkdir()
        (pages / "index.html").write_text(
            policy.texts.page(
                "browse",
                title=told["charts"],
                description=description,
                home=base + _DATABASE,
                charts=_charts(file, told),
            ),
            encoding="utf-8",
        )
        app = _only_under(base, _datasette(file, pages, base, description, told))
        url = f"http://{_LOOPBACK}:{door.getsockname()[1]}{base}{_DATABASE}"
        yield Look(url, lambda: _serve(app, door))


def _charts(file: Path, told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Draws the queries that say what is to be drawn of them."""
    charts: list[Mapping[str, Any]] = []
    for query in told["queries"].values():
        if drawn := query.get("chart"):
            rows = [
                (" – ".join(str(row[part] or "") for part in drawn["label"]), row[drawn["value"]])
                for row in asked(file, query["sql"])
            ]
            most = max((value for _, value in rows), default=1) or 1
            charts.append({"title": query["title"], "rows": rows, "most": most})
    return charts


def _datasette(file: Path, pages: Path, base: str, description: str, told: Mapping[str, Any]) -> _App:
    try:
        from datasette.app import Datasette
    except ImportError as fault:
        raise OperatorFault("browse_missing") from fault
    charts = f'<a href="{base}{_CHARTS}/index.html">{told["charts"]}</a>'
    metadata = {
        "title": told["title"],
        "databases": {
            _DATABASE: {
                "description_html": f"{description} {charts}",
                "tables": {t["name"]: {"description": t["description"]} for t in told["tables"].values()},
                "queries": {
                    name: {key: query[key] for key in ("title", "description", "sql") if key in query}
                    for name, query in told["queries"].items()
                },
            }
        },
    }
    served = Datasette(
        [],
        immutables=[str(file)],
        metadata=metadata,
        static_mounts=[(_CHARTS, str(pages))],
        settings={"base_url": base, "allow_download": False, "default_page_size": 100},
    )
    app: _App = served.app()
    return app


def _only_under(base: str, app: _App) -> _App:
    """Answers nobody who does not know the path."""

    async def guarded(scope: _Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(base):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    return guarded


def _serve(app: _App, door: socket.socket) -> None:
    import uvicorn

    # The server ends at either signal, and then passes it on: by then there is only the folder to remove.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on")).run(sockets=[door])
