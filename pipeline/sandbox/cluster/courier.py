"""courier: the process that speaks to the cluster for an office; knows pages and a certificate, no secrets.

What it hears from its office are files to be read, what it says are answers, as bytes. Whoever took over
the cluster, and then it, would have the pages that pass and no password, ledger or key: where the kernel
has Landlock, `gate`, through which `far` starts it, leaves it nothing of them to see.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from contextlib import suppress
from typing import Any
from uuid import uuid4

from distributed import Client

from pipeline.sandbox.cluster import quiet_dask
from pipeline.sandbox.cluster.fitness import how_it_reads, mark_of
from pipeline.sandbox.cluster.membership import Membership
from pipeline.sandbox.cluster.pickles import ANSWERS, take_only
from pipeline.sandbox.cluster.reading import read
from pipeline.sandbox.cluster.wire import ANSWER, TASK, UNREAD

_LOOK_SECONDS = 1.0
_MOST_TOLD = 200


def main() -> None:
    """Carries tasks, or with `look` tells of the cluster once; arguments: descriptor, membership, what."""
    descriptor, membership, what = int(sys.argv[1]), Membership.from_json(sys.argv[2]), sys.argv[3]
    quiet_dask.set_up()
    parts = how_it_reads()
    take_only(ANSWERS, ends=True)
    with socket.socket(fileno=descriptor) as office:
        asyncio.run(_look(office, membership, parts) if what == "look" else _carry(office, membership, parts))


async def _look(office: socket.socket, membership: Membership, parts: dict[str, str]) -> None:
    async with quiet_dask.client_of(membership) as client:
        workers = await _workers(client)
    told = [worker.get("nes_intake", {}) for worker in workers.values()]
    office.sendall(json.dumps({"here": parts, "there": told[:_MOST_TOLD]}).encode())


async def _workers(client: Client) -> dict[str, Any]:
    known = await client.scheduler.identity()
    workers: dict[str, Any] = known["workers"]
    return workers


async def _carry(office: socket.socket, membership: Membership, parts: dict[str, str]) -> None:
    hears, says = await asyncio.open_connection(sock=office)
    async with quiet_dask.client_of(membership) as client:
        await _Round(client, says, mark_of(parts)).carry(hears)


class _Round:
    """The tasks that are on their way."""

    def __init__(self, client: Client, says: asyncio.StreamWriter, mark: str) -> None:
        self._client, self._says, self._mark = client, says, mark
        self._under_way: set[asyncio.Task[None]] = set()

    async def carry(self, hears: asyncio.StreamReader) -> None:
        """Takes task after task, until the office ends or there is no reader like it any more."""
        watch = asyncio.create_task(self._watch())
        with suppress(asyncio.IncompleteReadError):
            while not watch.done():
                number, clues, data = TASK.unpack(await hears.readexactly(TASK.size))
                given = await hears.readexactly(clues), await hears.readexactly(data)
                task = asyncio.create_task(self._one(number, *given))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
        watch.cancel()

    async def _one(self, number: int, clues: bytes, data: bytes) -> None:
        answer = UNREAD
        with suppress(Exception):
            future = self._client.submit(
                read, clues, data, key=uuid4().hex, resources={self._mark: 1}, pure=False
            )
            found = await future
            answer = found if isinstance(found, bytes) else UNREAD
            future.release()
        self._says.write(ANSWER.pack(number, len(answer)) + answer)
        await self._says.drain()

    async def _watch(self) -> None:
        """Ends it all where nobody is left who reads as we do: the office reads by itself."""
        while any(self._mark in worker["resources"] for worker in (await _workers(self._client)).values()):
            await asyncio.sleep(_LOOK_SECONDS)
        self._says.transport.abort()
