"""Readers on other machines: cluster init · scheduler · worker."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.domain.faults import OperatorFault
from pipeline.office.console import DONE, say
from pipeline.office.init_system import notify
from pipeline.sandbox.cluster.membership import Membership, is_address

_CERTIFICATES = Path("/etc/nes-intake/readers")
_PORT = 8786

certificates_option = click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False),
    default=_CERTIFICATES,
    show_default=True,
    help="init komutunun bu makine için yazdığı klasör.",
)


@click.group("cluster")
def cluster_command() -> None:
    """Başka makinelerdeki okuyucular: sertifikalar (init), dağıtıcı (scheduler), okuyucu (worker)."""


@cluster_command.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--scheduler", "schedulers", multiple=True, help="Dağıtıcının çalışacağı makinenin adı.")
@click.option("--worker", "workers", multiple=True, help="Bir okuyucu makinenin adı; yinelenebilir.")
@click.option("--office", "offices", multiple=True, help="Okuyucuları kullanacak birimin adı; yinelenebilir.")
def init_command(
    folder: Path, schedulers: tuple[str, ...], workers: tuple[str, ...], offices: tuple[str, ...]
) -> int:
    """Bu kurulumun sertifika makamını ve adı yazılanların sertifikalarını FOLDER içine yazar.

    Makam varsa onunla imzalar. authority.key hiçbir makineye kopyalanmaz; güvenli bir yerde saklanır.
    """
    for name in (*schedulers, *workers, *offices):
        if not name or set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:"):
            raise OperatorFault("cluster_name", who=name)
    _needs_the_extra()
    from pipeline.sandbox.cluster.certificates import Part, certify

    members: list[tuple[Part, str]] = [("scheduler", name) for name in schedulers]
    members += [("worker", name) for name in workers]
    members += [("office", name) for name in offices]
    for place in certify(folder, members):
        say("cluster_certified", folder=place)
    say("cluster_authority", folder=folder)
    return DONE


@cluster_command.command("scheduler")
@certificates_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Dinlenecek adres.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=_PORT, show_default=True, help="Kapı numarası."
)
def scheduler_command(certificates: Path, host: str, port: int) -> int:
    """Sayfaları okuyuculara dağıtan hizmet; sertifikası olmayanla konuşmaz, hiçbir şeyi diske yazmaz."""
    _needs_the_extra()
    from pipeline.sandbox.cluster.hosts import run_scheduler

    run_scheduler(host, port, certificates, lambda address: _ready("cluster_scheduler", address))
    return DONE


@cluster_command.command("worker")
@click.argument("scheduler")
@certificates_option
@click.option("--host", help="Bu makinenin dinleyeceği adres; yazılmazsa dağıtıcıya giden adresi.")
@click.option(
    "--readers", type=click.IntRange(1), default=2, show_default=True, help="Aynı anda okunan dosya."
)
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/dev/shm"),
    show_default=True,
    help="Geçici dosyalar; yalnız bellekte duran bir klasör (tmpfs) olabilir.",
)
def worker_command(scheduler: str, certificates: Path, host: str | None, readers: int, scratch: Path) -> int:
    """Dağıtıcının (tls://makine:8786) verdiği sayfaları yalıtılmış süreçlerde okur; diske bir şey yazmaz."""
    if not is_address(scheduler):
        raise OperatorFault("cluster_plain", address=scheduler)
    _needs_the_extra()
    from pipeline.sandbox.cluster.hosts import Place, run_worker

    place = Place(host, readers, scratch)
    run_worker(Membership(scheduler, certificates), place, lambda address: _ready("cluster_worker", address))
    return DONE


def _ready(what: str, address: str) -> None:
    say(what, address=address)
    notify("READY=1")


def _needs_the_extra() -> None:
    try:
        import cryptography  # noqa: F401
        import distributed  # noqa: F401
    except ModuleNotFoundError as fault:
        raise OperatorFault("cluster_missing") from fault
