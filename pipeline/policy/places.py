"""places: the folders of rules and texts, the package's and those of an office over them → files by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import refuse
from pipeline.policy.word_files import completed

_HOUSE = Path(__file__).resolve().parent.parent
# In a checkout the two folders stand beside the package, in an installed wheel inside it.
_DATA = _HOUSE.parent if (_HOUSE.parent / "rules").is_dir() else _HOUSE / "_data"
RULES = _DATA / "rules"
REPORTS = _DATA / "reports"
# All that is written in a file of an office's own that takes away the one below.
REMOVED = "# removed"


@dataclass(frozen=True, slots=True)
class Places:
    """Where rules and texts come from; the folders of an office lie over the others, None where it has none.

    A file of an office's folder stands in the place of the file of the same path below, or is one more; one
    of words takes from that what it does not say, and one that says nothing but `REMOVED` takes it away. An
    empty one is an accident: a rule is not lost to a full disk or a copy that broke off.
    """

    rules: Path = RULES
    reports: Path = REPORTS
    own_rules: Path | None = None
    own_reports: Path | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """Names all folders that there are."""
        return (self.rules, self.reports, *(f for f in (self.own_rules, self.own_reports) if f))

    def with_changed(self, rules: Path) -> Places:
        """Gives the places with a folder of changed rules: a whole one in place of all, another laid over."""
        is_whole = all((rules / file.name).exists() for file in self.rules.glob("[!.]*.toml"))
        return replace(self, rules=rules, own_rules=None) if is_whole else replace(self, own_rules=rules)

    def below(self) -> Mapping[str, bytes]:
        """Reads the files that an office's own lie over, by paths such as "rules/rails.toml"."""
        return {**_files("rules", self.rules), **_files("reports", self.reports)}

    def own(self) -> Mapping[str, bytes]:
        """Reads an office's own files; raises OperatorFault for a missing folder and for an empty file."""
        return {**_own("rules", self.own_rules), **_own("reports", self.own_reports)}

    def file_of(self, path: str) -> Path:
        """Tells where a file in force lies on this machine: with the office, or with the program."""
        kind, _, name = path.partition("/")
        folder, own = (self.rules, self.own_rules) if kind == "rules" else (self.reports, self.own_reports)
        return own / name if own and (own / name).exists() else folder / name

    def files(self) -> Mapping[str, bytes]:
        """Reads what is in force."""
        return laid_over(self.below(), self.own())


def laid_over(below: Mapping[str, bytes], own: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Gives the files in force, in the order of their paths: rules first.

    A file of words lies over the other key by key: a version of the program that has more to say than the
    office's file says it in its own words.
    """
    both = {**below, **{path: completed(path, body, below.get(path, b"")) for path, body in own.items()}}
    gone = {path for path, body in own.items() if takes_away(body)}
    order = sorted(both.keys() - gone, key=lambda path: (path.startswith("reports/"), path.split("/")))
    return {path: both[path] for path in order}


def takes_away(body: bytes) -> bool:
    """Tells whether a file of an office's own takes away the one below."""
    return body.decode("utf-8-sig", "replace").strip() == REMOVED


def _own(name: str, folder: Path | None) -> Mapping[str, bytes]:
    if folder is None:
        return {}
    if not folder.is_dir():
        raise OperatorFault("own_folder_missing", folder=folder)
    files = _files(name, folder)
    refuse(
        OperatorFault("own_file_empty", file=folder / path.partition("/")[2], removed=REMOVED)
        for path, body in files.items()
        if not body.decode("utf-8-sig", "replace").strip()
    )
    return files


def _files(name: str, folder: Path) -> dict[str, bytes]:
    """Reads a folder whole; what it is called on this machine says nothing about what is in it."""
    found = sorted(f for f in folder.rglob("*") if f.is_file() and not f.name.startswith("."))
    return {f"{name}/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in found}
