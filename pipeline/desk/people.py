"""people: who may sit at the desk, by name, and what each may do there.

Kept in one file of the home, whole or not at all; what is changed in it stands in the audit log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from pipeline.domain.faults import OperatorFault
from pipeline.ledger.home import PEOPLE, PEOPLE_KEPT, Home

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


class Role(StrEnum):
    """What somebody is at the desk."""

    READER = "reader"
    CLERK = "clerk"
    RELEASER = "releaser"
    ADMINISTRATOR = "administrator"


class Power(StrEnum):
    """What a page or an act asks of whoever wants it."""

    LOOK = "look"
    DECIDE = "decide"
    RELEASE = "release"
    TRAIL = "trail"
    RULES = "rules"


# Closed: what is not written here nobody may.
_POWERS: Mapping[Role, frozenset[Power]] = MappingProxyType(
    {
        Role.READER: frozenset({Power.LOOK}),
        Role.CLERK: frozenset({Power.LOOK, Power.DECIDE}),
        Role.RELEASER: frozenset({Power.LOOK, Power.DECIDE, Power.RELEASE, Power.TRAIL}),
        Role.ADMINISTRATOR: frozenset(Power),
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sit at the desk.

    `password` and `second` (the secret of the second factor) are "" for those whom the office's proxy
    vouches for: they have no log-in here.
    """

    name: str
    role: Role
    password: str = field(default="", repr=False)
    second: str = field(default="", repr=False)

    @property
    def proof(self) -> str:
        """Names what somebody proves with that they are it; another after every change of it, "" for none."""
        return f"{self.password}\x1f{self.second}" if self.password else ""

    def may(self, power: Power) -> bool:
        """Tells whether a page or an act is theirs."""
        return power in _POWERS[self.role]


_PEOPLE = TypeAdapter(dict[str, Person])


def is_name(text: str) -> bool:
    """Tells whether somebody at the desk could be called so.

    >>> is_name("ayse.kaya"), is_name("Ayşe Kaya"), is_name("../a")
    (True, False, False)
    """
    return _NAME.fullmatch(text) is not None


class People:
    """The people of one home; read anew when their file has changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stamp: tuple[int, int] | None = None
        self._known: Mapping[str, Person] = {}

    @property
    def file(self) -> Path:
        """Gives the place of their file."""
        return self._home.folder / PEOPLE

    def all(self) -> Mapping[str, Person]:
        """Gives everybody by name; raises OperatorFault where the file is not as this program wrote it."""
        if not self.file.exists():
            self._stamp, self._known = None, {}
            return self._known
        state = self.file.stat()
        # The file is replaced and never written into, so that another one has another number.
        stamp = (state.st_ino, state.st_mtime_ns)
        if stamp != self._stamp:
            self._known = _read(self.file)
            self._stamp = stamp
        return self._known

    def named(self, name: str) -> Person | None:
        """Gives somebody, None where there is nobody of that name."""
        return self.all().get(name)

    def put(self, person: Person) -> None:
        """Adds somebody, or puts them in their own former place; call under the home's lock."""
        self._write({**self.all(), person.name: person})

    def remove(self, name: str) -> None:
        """Removes somebody, for a backup too that has become this home; call under the home's lock."""
        file = self._home.folder / PEOPLE_KEPT
        if file.exists():
            left = {key: person for key, person in _read(file).items() if key != name}
            self._home.write_down(PEOPLE_KEPT, _PEOPLE.dump_json(left, indent=1).decode())
        self._write({key: person for key, person in self.all().items() if key != name})

    @property
    def kept(self) -> Mapping[str, Person]:
        """Gives those whom a backup that has become this home knew, and who are not back yet."""
        file = self._home.folder / PEOPLE_KEPT
        return (
            {name: one for name, one in _read(file).items() if name not in self.all()}
            if file.exists()
            else {}
        )

    def take_back(self, names: Iterable[str]) -> None:
        """Lets some of those whom a backup knew sit here again, as they were; call under the home's lock."""
        kept = self.kept
        self._write({**self.all(), **{name: kept[name] for name in names}})
        if not self.kept:
            (self._home.folder / PEOPLE_KEPT).unlink()

    def _write(self, people: Mapping[str, Person]) -> None:
        self._home.write_down(PEOPLE, _PEOPLE.dump_json(dict(people), indent=1).decode())
        self._stamp = None


def _read(file: Path) -> Mapping[str, Person]:
    try:
        return _PEOPLE.validate_json(file.read_bytes())
    except ValidationError as fault:
        raise OperatorFault("desk_people_damaged", file=file) from fault
