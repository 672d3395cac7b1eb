"""guard: what is asked of every request before anything of ours sees it, and what goes with every answer.

Only our own address is answered, and a form is taken only from a page of ours. The header that names a
person is believed where nobody but the office's proxy can write it: on the unix socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from pipeline.desk.rendering import desk_words

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_METHODS = ("GET", "HEAD", "POST")
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # With none at all, browsers leave out the Origin of our own forms, too.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Stands before an application that is reached under some addresses, the first of them its own."""

    def __init__(self, app: App, addresses: Iterable[str], most_bytes: int) -> None:
        self._app, self._most_bytes = app, most_bytes
        self._origins = {address.rstrip("/") for address in addresses}
        self._hosts = {urlsplit(address).netloc for address in self._origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        if scope["method"] not in _METHODS:
            await _refuse(send, 405)
        elif headers.get("host", "") not in self._hosts:
            # Another name for this machine is how a stranger's page would read ours.
            await _refuse(send, 421)
        elif scope["method"] == "POST" and not self._is_from_ours(headers):
            await _refuse(send, 403)
        elif _length(headers) > self._most_bytes:
            await _refuse(send, 413)
        else:

            async def covered(message: Message) -> None:
                await send(_with_headers(message))

            await self._app(scope, receive, covered)

    def _is_from_ours(self, headers: MutableMapping[str, str]) -> bool:
        site = headers.get("sec-fetch-site", "same-origin")
        return headers.get("origin") in self._origins and site == "same-origin"


def _headers(scope: Scope) -> dict[str, str]:
    """Gives the headers by name; of one that is written twice nothing is believed."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        found[key] = "" if key in found else value.decode("latin-1")
    return found


def header(scope: Scope, name: str) -> str:
    """Gives a header's value, "" where it is not there or is written more than once."""
    return _headers(scope).get(name.lower(), "")


def _with_headers(message: Message) -> Message:
    if message["type"] != "http.response.start":
        return message
    own = {name for name, _ in message.get("headers", ())}
    more = [(n.encode(), v.encode()) for n, v in _HEADERS.items() if n.encode() not in own]
    return {**message, "headers": [*message.get("headers", ()), *more]}


def _length(headers: MutableMapping[str, str]) -> int:
    told = headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() else 0


async def _refuse(send: Send, status: int) -> None:
    # A person may stand before it: a clerk with too large a file, an administrator whose proxy changes Host.
    told = (desk_words()["refused"][str(status)] + "\n").encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(told)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send(_with_headers({"type": "http.response.start", "status": status, "headers": headers}))
    await send({"type": "http.response.body", "body": told})
