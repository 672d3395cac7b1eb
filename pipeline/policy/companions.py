"""companions: rules/companions.toml → which files of a mail programs have added, and nobody has sent.

What a file says is asked first, and its name only then: a list is read whatever it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import Field

from pipeline.domain import FileKind, OpenedFile
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, each, validated
from pipeline.domain.turkish import fold

# The note under which a companion is recorded; no letter speaks of it.
COMPANION = "companion"
_UNTOLD = 2**62


class Seen(OfficialPart):
    """What is known of a file: its name, what its content says, its size in bytes, pictures beside it."""

    name: str
    says: str
    size: int = 0
    pictures: tuple[str, ...] = ()


class Companion(OfficialFile):
    """How one kind of companion is known, and the examples that prove it."""

    says: tuple[str, ...] = Field(min_length=1)
    names: tuple[str, ...] = ("*",)
    largest: int | None = None
    beside: Literal["", "picture"] = ""
    accepts: tuple[Seen, ...] = Field(min_length=1)
    rejects: tuple[Seen, ...] = Field(min_length=1)

    def fits(self, seen: Seen) -> bool:
        """Tells whether a file is a companion of this kind."""
        name = fold(seen.name)
        return (
            seen.says in self.says
            and any(fnmatchcase(name, fold(pattern)) for pattern in self.names)
            and (self.largest is None or seen.size <= self.largest)
            and (not self.beside or _stem(name) in {_stem(fold(picture)) for picture in seen.pictures})
        )

    def disproved(self, path: str) -> Iterator[OperatorFault]:
        """Gives a fault for each example that is known for something else."""
        for seen, is_this in [*((s, True) for s in self.accepts), *((s, False) for s in self.rejects)]:
            if self.fits(seen) is not is_this:
                yield OperatorFault("companion_example", file=path, example=seen.name)


Companions = Mapping[str, Companion]


def load_companions(raw: Mapping[str, Mapping[str, Any]]) -> Companions:
    """Validates the kinds by their own examples; raises OperatorFault."""
    return each(raw, _load_kind)


def _load_kind(name: str, told: object) -> Companion:
    if not isinstance(told, Mapping):
        raise OperatorFault("rule_key", file="rules/companions.toml", key=name, kind="extra_forbidden")
    return validated(f"rules/companions.toml, [{name}]", told, Companion)


def companions_among(files: Sequence[OpenedFile], unread: Iterable[str], kinds: Companions) -> frozenset[str]:
    """Names the companions among the files of a mail that gave neither list nor receipt.

    Words that are heard with the mail's own have said what they have to say, whatever they look like.
    """
    names = frozenset(unread)
    pictures = tuple(_base(file.name) for file in files if file.transcript.kind is FileKind.PICTURE)
    return frozenset(
        file.name
        for file in files
        if file.name in names
        and (file.attachment.is_heard or any(kind.fits(_seen(file, pictures)) for kind in kinds.values()))
    )


def _seen(file: OpenedFile, pictures: tuple[str, ...]) -> Seen:
    return Seen(
        name=_base(file.name),
        says=file.transcript.problem,
        # How large a file inside another is, is not told.
        size=_UNTOLD if file.is_inner else len(file.attachment.data),
        pictures=pictures,
    )


def _base(name: str) -> str:
    return name.rpartition(" / ")[2].replace("\\", "/").rpartition("/")[2]


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
