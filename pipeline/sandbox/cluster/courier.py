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
# A reader that is busy comes to the page when it has read what it had.
_TRIAL_SECONDS = 120.0
_LONGEST_TRIAL = 1 << 14


def main() -> None:
    """Carries tasks, or with `look` tells of the cluster once; arguments: descriptor, membership, what."""
    descriptor, membership, what = int(sys.argv[1]), Membership.from_json(sys.argv[2]), sys.argv[3]
    quiet_dask.set_up()
    parts = how_it_reads()
    take_only(ANSWERS, ends=True)
    with socket.socket(fileno=descriptor) as office:
        asyncio.run(_look(office, membership, parts) if what == "look" else _carry(office, membership, parts))


async def _look(office: socket.socket, membership: Membership, parts: dict[str, str]) -> None:
    hears, says = await asyncio.open_connection(sock=office)
    _, clues, data = TASK.unpack(await hears.readexactly(TASK.size))
    page = await hears.readexactly(clues), await hears.readexactly(data)
    async with quiet_dask.client_of(membership) as client:
        workers = list((await _workers(client)).items())[:_MOST_TOLD]
        mark = mark_of(parts)
        there = await asyncio.gather(*(_tried(client, mark, page, *worker) for worker in workers))
        says.write(json.dumps({"here": parts, "there": there}).encode())
        await says.drain()
        # Leaving the client may take its time.
        says.write_eof()


async def _tried(
    client: Client, mark: str, page: tuple[bytes, bytes], address: str, known: dict[str, Any]
) -> dict[str, Any]:
    """Tells of one worker, and what it answers for the page if it offers to read as we do."""
    is_like_us, answer = mark in known["resources"], None
    if is_like_us:
        with suppress(TimeoutError):
            reading = _read_there(client, mark, page, workers=[address])
            answer = (await asyncio.wait_for(reading, _TRIAL_SECONDS))[:_LONGEST_TRIAL].decode("latin-1")
    return {"told": known.get("nes_intake", {}), "was_asked": is_like_us, "answer": answer}


async def _read_there(client: Client, mark: str, file: tuple[bytes, bytes], **where: Any) -> bytes:
    """Has a file, with its clues before it, read by a worker like us; UNREAD where nothing came of it."""
    with suppress(Exception):
        future = client.submit(read, *file, key=uuid4().hex, resources={mark: 1}, pure=False, **where)
        found = await future
        future.release()
        return found if isinstance(found, bytes) else UNREAD
    return UNREAD


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
        answer = await _read_there(self._client, self._mark, (clues, data))
        self._says.write(ANSWER.pack(number, len(answer)) + answer)
        await self._says.drain()

    async def _watch(self) -> None:
        """Ends it all where nobody is left who reads as we do: the office reads by itself."""
        while any(self._mark in worker["resources"] for worker in (await _workers(self._client)).values()):
            await asyncio.sleep(_LOOK_SECONDS)
        self._says.transport.abort()
