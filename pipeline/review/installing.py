"""installing: where the program is to live → what has to lie there, whose it is, and what of it is missing.

Nothing that is there is ever changed: what lies at a place is left, and said to lie there; of a unit that is
otherwise than this version's, what differs is told besides.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
import subprocess
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from difflib import unified_diff
from pathlib import Path
from typing import Literal

from pipeline.domain.faults import OperatorFault
from pipeline.policy.places import RULES

_BESIDE = RULES.parent
DEPLOY = _BESIDE / "deploy"
EXAMPLE = DEPLOY / "settings.example.toml"
USER = "nes-intake"
# Where the files of deploy/ think that things are.
_PROGRAM, _ETC, _HOME = "/opt/nes-intake/.venv/bin/nes-intake", "/etc/nes-intake", "/var/lib/nes-intake"
_GUIDE = "/opt/nes-intake/docs/administrator.md"
PASSWORDS = ("imap-parola", "smtp-parola")
_UNITS = (
    "nes-intake-serve.service",
    "nes-intake-poll.service",
    "nes-intake-poll.timer",
    "nes-intake-nightly.service",
    "nes-intake-nightly.timer",
    "nes-intake-desk.service",
)
# What a host is asked to run by what lies there: its certificate in the cluster, or a folder of offices.
_UNITS_BY_ROLE = {
    "scheduler": "nes-intake-scheduler.service",
    "worker": "nes-intake-reader.service",
    "offices": "nes-intake-offices.service",
}
# What a unit of a user's own manager can have: all else wants rights that such a manager has not.
_A_USERS = set(
    "Description OnCalendar AccuracySec Persistent Type ExecStart Restart RestartSec "
    "RestartPreventExitStatus SuccessExitStatus WatchdogSec TimeoutStartSec TimeoutStopSec UMask "
    "NoNewPrivileges LockPersonality RestrictRealtime RestrictSUIDSGID RestrictNamespaces "
    "RestrictAddressFamilies MemoryDenyWriteExecute "
    "SystemCallArchitectures SystemCallFilter SystemCallErrorNumber MemoryMax TasksMax WantedBy".split()
)
# Such a path means the same in a unit, in a settings file and in a shell.
_PLAIN_PATH = r"/[\w/.+@:=,-]*"
# Units that are closed to these cannot start a program that lies there.
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")

# Whose a thing is: root's alone, root's and readable by the service, or the service's own.
Whose = Literal["root", "shared", "service"]


@dataclass(frozen=True, slots=True)
class Site:
    """Where the program lives: its folders, and `service`, the user it runs as, None for whoever installs."""

    settings: Path
    home: Path
    units: Path
    program: Path
    service: str | None
    root: Path = Path("/")

    def on_disk(self, path: Path) -> Path:
        """Tells where a path of the site lies while it is being installed."""
        return self.root / path.relative_to("/")


@dataclass(frozen=True, slots=True)
class Piece:
    """One folder (no text) or file that has to lie at `path`."""

    path: Path
    mode: int
    whose: Whose
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A piece and what lies at its place: nothing, or something with other rights than it should have.

    `differs` are the lines of a unit, as `diff -u` writes them, in which what lies there is not the piece.
    """

    piece: Piece
    is_there: bool
    mode: int = 0
    differs: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Tells whether more people may do more with it than should."""
        return self.is_there and bool(self.mode & ~self.piece.mode & 0o777)


def for_the_host(program: Path, root: Path) -> Site:
    """Gives the site of a service for all: the usual places, and a user of its own."""
    return Site(Path(_ETC), Path(_HOME), Path("/etc/systemd/system"), program, USER, root)


def for_a_user(program: Path, environment: Mapping[str, str], root: Path) -> Site:
    """Gives the site of somebody's own service: their folders, as XDG has them."""
    at_home = Path(environment.get("HOME") or Path.home())
    config = Path(environment.get("XDG_CONFIG_HOME") or at_home / ".config")
    data = Path(environment.get("XDG_DATA_HOME") or at_home / ".local/share")
    return Site(config / "nes-intake", data / "nes-intake", config / "systemd/user", program, None, root)


def prove(site: Site) -> None:
    """Refuses a site whose units could not be written or would not start; raises OperatorFault."""
    if not site.root.is_absolute() or not site.root.is_dir():
        raise OperatorFault("init_root", path=site.root)
    for path in (site.program, site.settings, site.home, site.units):
        if not re.fullmatch(_PLAIN_PATH, str(path)) or ".." in path.parts:
            raise OperatorFault("init_odd_path", path=path)
    if site.home == site.settings:
        raise OperatorFault("init_same_place", path=site.home)
    if not site.on_disk(site.program).is_file():
        raise OperatorFault("init_no_program", path=site.program)
    hidden = next((above for above in _HIDDEN if site.program.is_relative_to(above)), None)
    if site.service and hidden:
        raise OperatorFault("init_hidden_program", path=site.program, above=hidden)


def roles_of(site: Site) -> frozenset[str]:
    """Tells what a host is besides one office's own: by its certificate, and whether it serves several."""
    if not site.service:
        return frozenset()
    roles = {"offices"} if site.on_disk(site.settings / "offices").is_dir() else set[str]()
    readers = site.on_disk(site.settings / "readers")
    if readers.is_dir():
        # Only where the extra is there can a host be a part of the cluster.
        with suppress(ImportError, OSError, ValueError):
            from pipeline.sandbox.cluster.certificates import part_of

            roles.add(part_of(readers))
    return frozenset(roles)


def pieces(site: Site, today: date, roles: Set[str]) -> tuple[Piece, ...]:
    """Lists what has to lie where on a host of some roles, folders before what lies in them."""
    folders: tuple[tuple[Path, int, Whose], ...] = (
        (site.settings, 0o750, "shared"),
        (site.settings / "rules", 0o750, "service"),
        (site.settings / "reports", 0o750, "service"),
        (site.home, 0o700, "service"),
    )
    closed = 0o777 if site.service else 0o700
    made = [Piece(path, mode & closed, whose) for path, mode, whose in folders]
    secret = 0o640 if site.service else 0o600
    made.append(Piece(site.settings / "settings.toml", secret, "shared", _settings(site, today)))
    made += [Piece(site.settings / name, secret, "shared", "") for name in PASSWORDS]
    if site.service:
        text = (DEPLOY / "systemd/nes-intake.sysusers").read_text(encoding="utf-8")
        made.append(Piece(_sysusers(site), 0o644, "root", text))
    units = [*_UNITS, *(unit for role, unit in _UNITS_BY_ROLE.items() if role in roles)]
    made += [Piece(site.units / name, 0o644, "root", _unit(site, name)) for name in units]
    return tuple(made)


def _settings(site: Site, today: date) -> str:
    """Fills in of the example what is known: the places, the office's own folders, the day it begins."""
    text = EXAMPLE.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^# (own_rules|own_reports) =", r"\1 =", text)
    text = re.sub(r"(?m)^since = .*", f"since = {today}", text)
    return _placed(site, text)


def _placed(site: Site, text: str) -> str:
    text = text.replace(_PROGRAM, str(site.program))
    return text.replace(_ETC, str(site.settings)).replace(_HOME, str(site.home))


def _unit(site: Site, name: str) -> str:
    """Sets a unit for its site; without a guide on this machine it names none."""
    guide = _BESIDE / "docs/administrator.md"
    lines = (DEPLOY / "systemd" / name).read_text(encoding="utf-8").splitlines()
    if not site.service:
        lines = [line for line in lines if _is_a_users(line)]
        lines = [line.replace("multi-user.target", "default.target") for line in lines]
    if guide.is_file() and re.fullmatch(_PLAIN_PATH, str(guide)):
        lines = [line.replace(_GUIDE, str(guide)) for line in lines]
    else:
        lines = [line for line in lines if _GUIDE not in line]
    return _placed(site, "\n".join(lines) + "\n")


def _is_a_users(line: str) -> bool:
    return line.startswith("[") or not line or line.partition("=")[0] in _A_USERS


def _sysusers(site: Site) -> Path:
    return site.units.parent.parent / "sysusers.d/nes-intake.conf"


# --- on the disk -----------------------------------------------------------------------------------


def look(site: Site, wanted: tuple[Piece, ...]) -> tuple[Found, ...]:
    """Looks what lies at each place, before anything is made; raises OperatorFault where it must not lie."""
    return tuple(_look(site, piece) for piece in wanted)


def _look(site: Site, piece: Piece) -> Found:
    place = site.on_disk(piece.path)
    # Of the machine itself the folders above are its own; those of a tree that is being made may lead out.
    above = [p for p in place.parents if p != site.root and p.is_relative_to(site.root)]
    try:
        for path in (*(above if site.root != Path("/") else ()), place):
            if path.is_symlink():
                raise OperatorFault("init_link", path=path)
        state = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Found(piece, is_there=False)
    except PermissionError as fault:
        raise OperatorFault("init_not_root", program=site.program) from fault
    if stat.S_ISDIR(state.st_mode) != (piece.text is None) or not (
        stat.S_ISDIR(state.st_mode) or stat.S_ISREG(state.st_mode)
    ):
        raise OperatorFault("init_other_kind", path=place)
    return Found(piece, is_there=True, mode=stat.S_IMODE(state.st_mode), differs=_differs(piece, place))


def _differs(piece: Piece, place: Path) -> tuple[str, ...]:
    """Compares what is the program's alone; settings and passwords are the office's."""
    if piece.text is None or piece.whose != "root":
        return ()
    there = place.read_text(encoding="utf-8", errors="replace").splitlines()
    lines = unified_diff(there, piece.text.splitlines(), n=0, lineterm="")
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))


def install(site: Site, found: tuple[Found, ...]) -> Iterator[Found]:
    """Makes what is missing and gives each piece when it lies there; raises OperatorFault."""
    _make_user(site)
    for one in found:
        if not one.is_there:
            _make(site, one.piece)
        yield one


def _make_user(site: Site) -> None:
    """Makes the service's user as its sysusers file has it, where there is none."""
    if not site.service or _ids(site):
        return
    command = ["systemd-sysusers", f"--root={site.root}", str(DEPLOY / "systemd/nes-intake.sysusers")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        why = done.stderr.strip()
    except OSError as fault:
        why = f"{command[0]}: {fault.strerror}"
    if not _ids(site):
        raise OperatorFault("init_no_user", user=site.service, why=why, home=site.home)


def _ids(site: Site) -> tuple[int, int] | None:
    """Tells the service's user and group on the machine that is installed on; None where there is none."""
    if site.service is None:
        return None
    if site.root == Path("/"):
        try:
            known = pwd.getpwnam(site.service)
        except KeyError:
            return None
        return known.pw_uid, known.pw_gid
    passwords = site.on_disk(Path("/etc/passwd"))
    if not passwords.is_file():
        return None
    for line in passwords.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(":")
        if fields[0] == site.service and len(fields) == 7:
            return int(fields[2]), int(fields[3])
    return None


def _make(site: Site, piece: Piece) -> None:
    place = site.on_disk(piece.path)
    _make_above(place.parent, 0o755 if site.service else 0o700)
    if piece.text is None:
        place.mkdir(mode=0o700)
        _give(site, piece, place)
        return
    draft = place.with_name(f".{place.name}.tmp")
    draft.unlink(missing_ok=True)
    with draft.open("x", encoding="utf-8") as file:
        file.write(piece.text)
    _give(site, piece, draft)
    try:
        # A link is refused where something has come to lie meanwhile; a move would cover it.
        os.link(draft, place)
    except FileExistsError as fault:
        raise OperatorFault("init_other_kind", path=place) from fault
    finally:
        draft.unlink()


def _make_above(folder: Path, mode: int) -> None:
    if not folder.is_dir():
        _make_above(folder.parent, mode)
        folder.mkdir()
        folder.chmod(mode)


def _give(site: Site, piece: Piece, place: Path) -> None:
    """Gives a thing its owner before its rights, so that nobody else ever has them."""
    if ids := _ids(site):
        user, group = ids
        owner = {"root": (0, 0), "shared": (0, group), "service": (user, group)}[piece.whose]
        os.chown(place, *owner, follow_symlinks=False)
    place.chmod(piece.mode)
