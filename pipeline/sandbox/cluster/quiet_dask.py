"""quiet dask: dask.distributed as we let it be: TLS 1.3 both ways, no pages, no code of others."""

from __future__ import annotations

import logging
import ssl
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Scheduler, Security, Worker
from distributed.stealing import WorkStealing
from distributed.worker import DEFAULT_STARTUP_INFORMATION

from pipeline.domain.faults import OperatorFault
from pipeline.sandbox.cluster.membership import (
    AUTHORITY,
    CERTIFICATE,
    KEY,
    REVOKED,
    SCHEDULER_NAME,
    Membership,
)

# A scheduler that does not answer by then is gone; the office reads by itself.
_CALL_SECONDS = 5
_SETTINGS = {
    # A task that was there when two workers died is read by the office that wants it.
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-ttl": "60s",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.preload": [],
    "distributed.worker.preload": [],
    # Content stays in memory, whatever that comes to.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.enabled": False,
    "distributed.comm.require-encryption": True,
    "distributed.comm.compression": False,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.comm.timeouts.tcp": "20s",
    # It looks at its own pulse fifty times a second, and at its machine twice, for pages that are not there.
    "distributed.admin.tick.interval": "2s",
    "distributed.admin.tick.limit": "60s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.diagnostics.nvml": False,
    "distributed.diagnostics.cudf": False,
}
# All that is done for members: let in, told who is there, given tasks to, asked for what came of them. No
# running of code, no look into memory, no writing of files.
_SCHEDULER_DOES = {
    *("connection_stream", "gather", "heartbeat_worker", "identity", "register-client", "register-worker"),
    *("unregister", "versions"),
}
_SCHEDULER_HEARS = {
    *("cancel-keys", "client-desires-keys", "client-releases-keys", "close-client", "heartbeat-client"),
    *("keep-alive", "log-event", "long-running", "release-worker-data", "request-refresh-who-has"),
    *("reschedule", "steal-response", "task-erred", "task-finished", "update-graph", "worker-status-change"),
    *("add-keys", "subscribe-topic", "unsubscribe-topic"),
}
_WORKER_DOES = {"connection_stream", "get_data", "identity", "ping"}


def set_up() -> None:
    """Takes our settings and nobody's else: not of the environment, nor of files for other users of dask."""
    dask.config.refresh(paths=[], env={})
    dask.config.set(_SETTINGS)
    # It would write down what a task was called with.
    logging.disable(logging.WARNING)


class _Pinned(Security):  # type: ignore[misc]
    """What a member proves itself by; who calls the scheduler is not content with a worker's certificate."""

    def get_connection_args(self, role: str) -> dict[str, Any]:
        arguments: dict[str, Any] = super().get_connection_args(role)
        if role != "scheduler":
            context: ssl.SSLContext = arguments["ssl_context"]
            context.check_hostname = True
            arguments["server_hostname"] = SCHEDULER_NAME
        return self._without_revoked(arguments)

    def get_listen_args(self, role: str) -> dict[str, Any]:
        return self._without_revoked(super().get_listen_args(role))

    def _without_revoked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Has nobody spoken to, on either side, whose certificate the authority has called back."""
        revoked = Path(self.tls_ca_file).with_name(REVOKED)
        if revoked.exists():
            context: ssl.SSLContext = arguments["ssl_context"]
            context.load_verify_locations(str(revoked))
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return arguments


def security(certificates: Path) -> Security:
    """Gives what a member proves itself by; raises OperatorFault where that is not to be had."""
    part, key = str(certificates / CERTIFICATE), str(certificates / KEY)
    given = _Pinned(
        require_encryption=True,
        tls_min_version=ssl.TLSVersion.TLSv1_3,
        tls_ca_file=str(certificates / AUTHORITY),
        **{f"tls_{role}_cert": part for role in ("client", "scheduler", "worker")},
        **{f"tls_{role}_key": key for role in ("client", "scheduler", "worker")},
    )
    try:
        given.get_connection_args("client")
    except (OSError, ValueError) as fault:
        raise OperatorFault("cluster_certificates", folder=certificates, why=fault) from fault
    return given


def client_of(membership: Membership) -> Client:
    """Gives the office's side, to be entered; it calls the scheduler and nobody else."""
    return Client(
        membership.address,
        security=security(membership.certificates),
        asynchronous=True,
        set_as_default=False,
        direct_to_workers=False,
        serializers=["msgpack"],
        timeout=_CALL_SECONDS,
    )


class _WithoutPages:
    """A server that speaks to members alone: no HTTP of any kind."""

    def start_http_server(self, *_: object, **__: object) -> None:
        """Starts none."""


class QuietScheduler(_WithoutPages, Scheduler):  # type: ignore[misc]
    """A scheduler that hands out tasks and does nothing else for anybody."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        _keep(self.handlers, _SCHEDULER_DOES)
        _keep(self.stream_handlers, _SCHEDULER_HEARS)


class QuietWorker(_WithoutPages, Worker):  # type: ignore[misc]
    """A worker that does tasks and nothing else for anybody."""

    def __init__(self, scheduler: str, **how: Any) -> None:
        super().__init__(scheduler, **how)
        _keep(self.handlers, _WORKER_DOES)


def _keep(handlers: dict[str, Any], names: Collection[str]) -> None:
    for name in handlers.keys() - names:
        del handlers[name]


def scheduler_at(host: str, port: int, certificates: Path) -> QuietScheduler:
    """Gives the scheduler, to be entered."""
    return QuietScheduler(
        host=host,
        port=port,
        protocol="tls",
        dashboard=False,
        security=security(certificates),
        extensions={"stealing": WorkStealing},
    )


def worker_of(membership: Membership, threads: int, host: str | None, offer: dict[str, Any]) -> QuietWorker:
    """Gives a worker, to be entered; `offer` holds its `mark` ("" for none) and what `doctor` is told."""
    return QuietWorker(
        membership.address,
        nthreads=threads,
        host=host,
        protocol="tls",
        security=security(membership.certificates),
        local_directory=tempfile.gettempdir(),
        extensions={},
        memory_limit=0,
        data={},
        resources={offer["mark"]: threads} if offer["mark"] else {},
        startup_information={**DEFAULT_STARTUP_INFORMATION, "nes_intake": lambda _worker: offer["told"]},
    )
