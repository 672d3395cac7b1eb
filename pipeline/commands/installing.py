"""Moving in: init."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import click

from pipeline.commands.running import show_line, sum_up
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import DONE, say
from pipeline.review import installing
from pipeline.review.doctor import examine_settings
from pipeline.review.installing import Found, Site


@click.command("init")
@click.option("--user", "for_me", is_flag=True, help="Yalnız bu kullanıcı için, onun klasörlerine kurar.")
@click.option("--dry-run", is_flag=True, help="Ne yapılacağını gösterir, hiçbir şey yapmaz.")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default=Path("/"),
    help="Makine yerine KLASÖR altındaki ağaca kurar (imaj hazırlamak için).",
    metavar="KLASÖR",
)
def init_command(for_me: bool, dry_run: bool, root: Path) -> int:
    """Ayar, parola ve servis dosyalarını, klasörleri ve servis kullanıcısını kurar; var olana dokunmaz."""
    program = Path(sys.executable).parent / "nes-intake"
    if program.is_relative_to(root):
        program = "/" / program.relative_to(root)
    if for_me:
        site = installing.for_a_user(program, os.environ, root)
    else:
        site = installing.for_the_host(program, root)
    installing.prove(site)
    if site.service and os.geteuid() != 0 and not dry_run:
        raise OperatorFault("init_not_root", program=site.program)
    if not site.service and os.geteuid() == 0:
        say("init_as_root")
    found = installing.look(site, installing.pieces(site, date.today(), installing.roles_of(site)))
    if site.service:
        say("init_user", user=site.service)
    for one in found if dry_run else installing.install(site, found):
        _tell(site, one, dry_run)
    if dry_run:
        say("init_dry")
        return DONE
    _tell_what_is_next(site)
    return DONE


def _tell_difference(site: Site, found: Found) -> None:
    path = site.on_disk(found.piece.path)
    say("init_differs", path=path)
    for line in found.differs:
        say("init_difference", line=line)
    reload = "systemctl daemon-reload" if site.service else "systemctl --user daemon-reload"
    root = "" if site.root == Path("/") else f" --root {site.root}"
    own = "" if site.service else " --user"
    say("init_take", path=path, command=f"{site.program} init{own}{root}", reload=reload)


def _tell(site: Site, found: Found, is_dry: bool) -> None:
    piece = found.piece
    owner, group = {
        "root": ("root", "root"),
        "shared": ("root", site.service or ""),
        "service": (site.service or "", site.service or ""),
    }[piece.whose]
    rights = f"{piece.mode:o} {owner}:{group}" if site.service else f"{piece.mode:o}"
    path = site.on_disk(piece.path)
    if found.is_open:
        say("init_open", path=path, mode=f"{found.mode:o}", wanted=f"{piece.mode:o}")
    elif found.is_there and not found.differs:
        say("init_there", path=path)
    elif not found.is_there:
        say("init_would" if is_dry else "init_made", path=path, rights=rights)
    if found.differs:
        _tell_difference(site, found)


def _tell_what_is_next(site: Site) -> None:
    settings = site.on_disk(site.settings / "settings.toml")
    say("init_doctor")
    sum_up([show_line(line) for line in examine_settings(settings)])
    imap, smtp = (site.settings / name for name in installing.PASSWORDS)
    say("init_passwords", imap=imap, smtp=smtp)
    say("init_fill", settings=site.settings / "settings.toml")
    by_whom = f"sudo -u {site.service} " if site.service else ""
    option = "" if site.service else f" --settings {site.settings / 'settings.toml'}"
    say("init_prove", command=f"{by_whom}{site.program} doctor{option}")
    systemctl = "systemctl" if site.service else "systemctl --user"
    say("init_start", command=f"{systemctl} enable --now nes-intake-serve nes-intake-desk")
    if not site.service:
        say("init_linger")
    say("init_cron", file=installing.DEPLOY / "cron/nes-intake")
