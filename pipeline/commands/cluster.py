"""Readers on other machines: cluster init · revoke · scheduler · worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import click

from pipeline.domain.faults import OperatorFault
from pipeline.office.console import DONE, SET_ASIDE, say
from pipeline.office.init_system import notify
from pipeline.sandbox.cluster.membership import Membership, Part, is_address

_CERTIFICATES = Path("/etc/nes-intake/readers")
_PORT = 8786
_LETTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:")
_PARTS: tuple[Part, ...] = ("scheduler", "worker", "office")

certificates_option = click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False),
    default=_CERTIFICATES,
    show_default=True,
    help="init komutunun bu makine için yazdığı klasör.",
)


@click.group("cluster")
def cluster_command() -> None:
    """Başka makinelerdeki okuyucular: sertifikalar (init, revoke), dağıtıcı (scheduler), okuyucu (worker)."""


P = ParamSpec("P")


def of_members(command: Callable[P, int]) -> Callable[P, int]:
    """Gives a command the folder of the authority, and the options that name members."""
    for name, what in (
        ("office", "Okuyucuları kullanacak birimin adı; yinelenebilir."),
        ("worker", "Bir okuyucu makinenin adı; yinelenebilir."),
        ("scheduler", "Dağıtıcının çalışacağı makinenin adı."),
    ):
        command = click.option(f"--{name}", f"{name}s", multiple=True, help=what)(command)
    return click.argument("folder", type=click.Path(path_type=Path, file_okay=False))(command)


def _members(**named: tuple[str, ...]) -> list[tuple[Part, str]]:
    members: list[tuple[Part, str]] = []
    for part in _PARTS:
        for name in named[f"{part}s"]:
            if not name or set(name) - _LETTERS:
                raise OperatorFault("cluster_name", who=name)
            members.append((part, name))
    _needs_the_extra()
    return members


@cluster_command.command("init")
@of_members
def init_command(folder: Path, **named: tuple[str, ...]) -> int:
    """Bu kurulumun sertifika makamını ve adı yazılanların sertifikalarını KLASÖR içine yazar.

    Makam varsa onunla imzalar. authority.key hiçbir makineye kopyalanmaz; güvenli bir yerde saklanır.
    """
    members = _members(**named)
    from pipeline.sandbox.cluster.certificates import certify

    for place in certify(folder, members):
        say("cluster_certified", folder=place)
    say("cluster_authority", folder=folder)
    return DONE


@cluster_command.command("revoke")
@of_members
def revoke_command(folder: Path, **named: tuple[str, ...]) -> int:
    """Adı yazılanların sertifikalarını geçersiz kılar; KLASÖR, init komutunun yazdığı klasördür.

    Yazılan liste bütün makinelere kopyalanmalı, dağıtıcı ve okuyucular yeniden başlatılmalıdır.
    """
    members = _members(**named)
    if not members:
        raise OperatorFault("cluster_nobody")
    from pipeline.sandbox.cluster.certificates import is_recorded_whole, revoke

    say("cluster_revoked", file=revoke(folder, members))
    if is_recorded_whole(folder):
        return DONE
    say("cluster_unrecorded", folder=folder)
    return SET_ASIDE


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
