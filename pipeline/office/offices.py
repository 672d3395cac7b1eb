"""offices: a folder of settings files → the offices of one host, which share nothing with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from pipeline.domain.faults import OperatorFault
from pipeline.office.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Branch:
    """One office of several: its name is its file's; without settings it has a fault that says why."""

    name: str
    file: Path
    settings: Settings | None
    fault: OperatorFault | None = None


def load_offices(folder: Path) -> tuple[Branch, ...]:
    """Reads `folder`/*.toml by name; a file that is wrong, or shares what no two may share, stands alone.

    Raises OperatorFault where there is no office at all.
    """
    files = office_files(folder)
    if not files:
        raise OperatorFault("offices_none", folder=folder)
    return _apart(tuple(map(_read, files)))


def office_files(folder: Path) -> list[Path]:
    """Lists the settings files of a folder, by name."""
    return sorted(file for file in folder.glob("*.toml") if not file.name.startswith("."))


def _read(file: Path) -> Branch:
    try:
        return Branch(file.stem, file, load_settings(file))
    except OperatorFault as fault:
        return Branch(file.stem, file, None, fault)
    except OSError as fault:
        # Whoever may not read one office's file still serves the others.
        unread = OperatorFault("settings_unreadable", file=file, why=fault.strerror)
        return Branch(file.stem, file, None, unread)


def _apart(branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
    """Takes their settings from all that share something: which of them is meant, nobody can tell."""
    faults: dict[str, OperatorFault] = {}
    for one, other in combinations([b for b in branches if b.settings], 2):
        for kind, what in _shared(one, other):
            for branch in (one, other):
                shared = {"kind": kind, "what": what, "one": one.name, "other": other.name}
                faults.setdefault(branch.name, OperatorFault("offices_share", file=branch.file, **shared))
    return tuple(
        replace(branch, settings=None, fault=faults[branch.name]) if branch.name in faults else branch
        for branch in branches
    )


def _shared(one: Branch, other: Branch) -> Iterator[tuple[str, str]]:
    assert one.settings
    assert other.settings
    homes = one.settings.home.resolve(), other.settings.home.resolve()
    if homes[0].is_relative_to(homes[1]) or homes[1].is_relative_to(homes[0]):
        yield "shared_home", str(homes[0])
    for mailbox in _mailboxes(one.settings).keys() & _mailboxes(other.settings).keys():
        yield "shared_mailbox", _mailboxes(one.settings)[mailbox]
    if one.settings.metrics_file == other.settings.metrics_file:
        yield "shared_metrics", str(one.settings.metrics_file)
    if one.settings.addresses.own == other.settings.addresses.own:
        yield "shared_address", one.settings.addresses.own


def _mailboxes(settings: Settings) -> Mapping[tuple[str, int, str], str]:
    return {(a.host.lower(), a.port, a.user): a.user for a in settings.accounts}
