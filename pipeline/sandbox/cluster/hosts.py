"""hosts: the two services of a cluster, each until it is told to stop: the scheduler, and a worker."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Status

from pipeline.domain.faults import OperatorFault, TryLater
from pipeline.sandbox.cluster import quiet_dask
from pipeline.sandbox.cluster.fitness import SANDBOX, how_it_reads, mark_of, open_doors
from pipeline.sandbox.cluster.membership import Membership
from pipeline.sandbox.cluster.pickles import GRAPHS, TASKS, take_only
from pipeline.sandbox.cluster.reading import work_with
from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.workers import WorkerPool

_LOOK_SECONDS = 0.5
_IN_MEMORY = {"tmpfs", "ramfs"}


def run_scheduler(host: str, port: int, certificates: Path, ready: Callable[[str], None]) -> None:
    """Runs the scheduler until SIGTERM or SIGINT; `ready` hears the address that it has taken."""
    quiet_dask.set_up()
    take_only(GRAPHS)
    asyncio.run(_scheduler(host, port, certificates, ready))


async def _scheduler(host: str, port: int, certificates: Path, ready: Callable[[str], None]) -> None:
    over = _told_to_stop()
    try:
        async with quiet_dask.scheduler_at(host, port, certificates) as scheduler:
            ready(scheduler.address)
            await over.wait()
    except OSError as fault:
        raise OperatorFault("cluster_address", host=host, port=port, why=fault.strerror) from fault


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker listens (None: where the scheduler can reach it), how much it reads at a time, and
    where its sealed processes write."""

    host: str | None
    readers: int
    scratch: Path


def run_worker(membership: Membership, place: Place, ready: Callable[[str], None]) -> None:
    """Runs a worker until SIGTERM or SIGINT, or until the scheduler is gone (TryLater).

    Raises OperatorFault where what is read could come to lie on a disk. A worker whose sandbox does not hold
    is there for `doctor` to be seen, and is given nothing to read.
    """
    if file_system_of(place.scratch) not in _IN_MEMORY:
        raise OperatorFault("cluster_disk", folder=place.scratch)
    # All temporary files of this process and its sealed ones.
    tempfile.tempdir = str(place.scratch)
    quiet_dask.set_up()
    parts = how_it_reads()
    parts[SANDBOX] = open_doors()
    take_only(TASKS)
    with WorkerPool(place.readers, preload=PRELOAD) as pool:
        work_with(pool)
        told = {**parts, "host": socket.gethostname()}
        offer = {"mark": "" if parts[SANDBOX] else mark_of(parts), "told": told}
        asyncio.run(_worker(membership, place, offer, ready))


async def _worker(
    membership: Membership, place: Place, offer: dict[str, Any], ready: Callable[[str], None]
) -> None:
    over = _told_to_stop()
    try:
        async with quiet_dask.worker_of(membership, place.readers, place.host, offer) as worker:
            ready(worker.address)
            while not over.is_set():
                if worker.status in (Status.closing, Status.closed, Status.failed):
                    raise TryLater("cluster_lost", address=membership.address)
                await asyncio.sleep(_LOOK_SECONDS)
    except (OSError, RuntimeError) as fault:
        raise TryLater("cluster_lost", address=membership.address) from fault


def _told_to_stop() -> asyncio.Event:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    return over


def file_system_of(folder: Path) -> str:
    """Names the kind of file system that a folder lies on, as the kernel calls it; "" where there is none."""
    try:
        device = folder.resolve(strict=True).stat().st_dev
    except OSError:
        return ""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[2] == wanted:
            return fields[fields.index("-") + 1]
    return ""
