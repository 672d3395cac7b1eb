"""official_files: bytes of rules/ and reports/ → validated values, or what is wrong with all of them at once.

Every file that an official may edit comes in here: it has no key that nobody knows, and none of another
kind than is meant; where it brings examples it is held to them; and what is wrong is said with the file's
path and the key, for every file in one go.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.domain.faults import OperatorFault

Value = TypeVar("Value")
Raw = TypeVar("Raw")
File = TypeVar("File", bound="OfficialFile")


class OfficialPart(BaseModel):
    """A section of a file that an official may edit: closed, and never changed by the program."""

    # What is only a part of a file is built with it, and never by itself.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class OfficialFile(OfficialPart):
    """A file that an official may edit, and what its keys and its own examples say against it."""

    def misfits(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each key that does not go with the others; asked whenever a file is read."""
        del path
        return iter(())

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each example that turns out otherwise than the file says."""
        del path
        return iter(())


class Proved(dict[str, Any]):
    """A parsed file of which every example was judged before: the same bytes, by this very program."""


class WrongFiles(OperatorFault):
    """Several faults in the files of an official, to be told one a line; it goes by the name of the first."""

    def __init__(self, faults: Iterable[OperatorFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults[0].name, **self.faults[0].details)

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


def refuse(faults: Iterable[OperatorFault]) -> None:
    """Raises what is wrong, one fault as itself; passes where nothing is."""
    found = [each for fault in faults for each in told_apart(fault)]
    if found:
        raise found[0] if len(found) == 1 else WrongFiles(found)


def told_apart(fault: OperatorFault) -> tuple[OperatorFault, ...]:
    """Gives the faults of which one may consist."""
    return fault.faults if isinstance(fault, WrongFiles) else (fault,)


def parsed(path: str, data: bytes) -> Mapping[str, Any]:
    """Reads TOML; raises OperatorFault with the line that is broken, or is not UTF-8."""
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        line = data[: fault.start].count(b"\n") + 1
        raise OperatorFault("rule_toml", file=path, line=line, kind="not_utf8") from fault
    except tomllib.TOMLDecodeError as fault:
        told = re.search(r"at line (\d+)", str(fault))
        line = int(told[1]) if told else data.rstrip().count(b"\n") + 1
        kind = "written_twice" if re.search("overwrite|declare|mutate", str(fault)) else "no_toml"
        raise OperatorFault("rule_toml", file=path, line=line, kind=kind) from fault


def validated(path: str, raw: Mapping[str, Any], model: type[File]) -> File:
    """Validates a parsed file and holds it to its examples; raises OperatorFault for every wrong key.

    One that is `Proved` has its keys looked at alone; what was taken out of such a file is proved again.
    """
    try:
        file = model.model_validate(raw)
    except ValidationError as fault:
        raise WrongFiles(_wrong_keys(path, fault)) from fault
    refuse(file.misfits(path))
    if not isinstance(raw, Proved):
        refuse(file.disproved(path))
    return file


def _wrong_keys(path: str, fault: ValidationError) -> Iterator[OperatorFault]:
    found = fault.errors(include_url=False, include_input=False)
    for error in found:
        # A list of which an item is wrong is told to be too short besides.
        if any(len(o["loc"]) > len(error["loc"]) == _shared(o["loc"], error["loc"]) for o in found):
            continue
        context = error.get("ctx", {})
        least = next((context[key] for key in ("ge", "min_length") if key in context), "")
        yield OperatorFault(
            "rule_key",
            file=path,
            key=".".join(map(str, error["loc"])),
            kind=error["type"],
            expected=str(context.get("expected", "")).replace(" or ", ", "),
            least=least,
        )


def _shared(one: Iterable[int | str], other: Iterable[int | str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


class Faults:
    """What is wrong with files that are looked at one after the other, to be told all at once."""

    def __init__(self) -> None:
        self._found: list[OperatorFault] = []

    def attempt(self, load: Callable[[], Value]) -> Callable[[], Value]:
        """Loads a value and notes why it cannot be; what is loaded from it later notes nothing more.

        The answer gives the value, and is asked by other loads or after `refuse`.
        """
        try:
            value = load()
        except _Lacking:
            return _lacking
        except OperatorFault as fault:
            self.note(fault)
            return _lacking
        return lambda: value

    def each(self, raw: Mapping[str, Raw], load: Callable[[str, Raw], Value]) -> Mapping[str, Value]:
        """Loads every value by its name, and gives those that can be."""
        loaded: dict[str, Value] = {}
        for name, told in raw.items():
            try:
                loaded[name] = load(name, told)
            except OperatorFault as fault:
                self.note(fault)
        return loaded

    def note(self, *faults: OperatorFault) -> None:
        """Notes what somebody else has found."""
        self._found += faults

    def refuse(self) -> None:
        """Raises all that was noted; passes where nothing was."""
        refuse(self._found)


def each(raw: Mapping[str, Raw], load: Callable[[str, Raw], Value]) -> Mapping[str, Value]:
    """Loads every value by its name; raises what is wrong with all of them."""
    faults = Faults()
    loaded = faults.each(raw, load)
    faults.refuse()
    return loaded


class _Lacking(Exception):
    """A value is asked for that could not be loaded, as has been noted."""


def _lacking() -> NoReturn:
    raise _Lacking
