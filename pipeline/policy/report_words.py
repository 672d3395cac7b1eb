"""report_words: reports/*.toml → the words of letters, reports and terminal, with every key asked for.

Which keys the program asks for, of what kind they are and what it fills in stands in `report_words.txt`
beside this module, a key a line; `as_shape` writes it from the files that come with the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from string import Formatter
from typing import Any

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import parsed, refuse
from pipeline.policy.places import REPORTS
from pipeline.policy.word_files import FREE, leaves, may_lack

SHAPE = Path(__file__).with_suffix(".txt")
_KINDS = {str: "text", list: "list", bool: "flag", int: "number"}
# The word for a key of another kind, by the kind that it should be of.
_WRONG = {"text": "string_type", "list": "list_type", "flag": "bool_type", "number": "int_type"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One key that the program asks for: its kind, and the words that are filled into its text."""

    kind: str
    fills: frozenset[str]


def own_words(name: str, reports: Path = REPORTS) -> Mapping[str, Any]:
    """Reads one file of words, such as "terminal"; from the package's own reports where none are named."""
    return load_report_words(f"reports/{name}.toml", (reports / f"{name}.toml").read_bytes())


def load_report_words(path: str, data: bytes) -> Mapping[str, Any]:
    """Reads one file of words, such as "reports/nightly.toml"; raises OperatorFault for every wrong key."""
    raw = parsed(path, data)
    name = path.rpartition("/")[2].removesuffix(".toml")
    refuse(_wrong(path, name, dict(leaves(raw)), _shape(name)))
    return raw


def as_shape(name: str, raw: Mapping[str, Any]) -> Iterator[str]:
    """Writes what is asked of a file of words, one line a key, from a file that has it all."""
    for key, value in sorted(leaves(raw)):
        yield " ".join([name, key, _kind(value), *sorted(_fills(value) or ())])


def _shape(name: str) -> Mapping[str, _Asked]:
    lines = (line.split() for line in SHAPE.read_text(encoding="utf-8").splitlines())
    return {key: _Asked(kind, frozenset(fills)) for of, key, kind, *fills in lines if of == name}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "table")


def _fills(text: object) -> frozenset[str] | None:
    """Names what is filled into a text; None where its braces do not match."""
    if not isinstance(text, str):
        return frozenset()
    try:
        named = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        return None
    return frozenset(name.partition(".")[0].partition("[")[0] for name in named)


def _wrong(
    path: str, name: str, told: Mapping[str, Any], shape: Mapping[str, _Asked]
) -> Iterator[OperatorFault]:
    lacking = (_lacks(key, told) for key in shape if key not in told and not may_lack(name, key))
    for key in dict.fromkeys(lacking):
        if key:
            yield OperatorFault("rule_key", file=path, key=key, kind="missing")
    for key, value in told.items():
        kind = shape[key].kind if key in shape else _free_kind(name, key)
        if kind is None:
            yield _strange(path, key, shape)
        elif kind != _kind(value):
            yield OperatorFault("rule_key", file=path, key=key, kind=_WRONG.get(kind, "other"))
        else:
            yield from _misfilled(path, key, value, shape)


def _lacks(key: str, told: Mapping[str, Any]) -> str:
    """Names the largest section above a key of which nothing is there; "" where it is of another kind."""
    parts = key.split(".")
    above = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    if any(section in told for section in above) or any(other.startswith(f"{key}.") for other in told):
        return ""
    return next(s for s in above if not any(other.startswith(f"{s}.") for other in told))


def _strange(path: str, key: str, shape: Mapping[str, _Asked]) -> OperatorFault:
    """Tells a section where a text should be, or a text in the place of a section, from a mistyped key."""
    if text := next((other for other in shape if key.startswith(f"{other}.")), ""):
        return OperatorFault("rule_key", file=path, key=text, kind=_WRONG[shape[text].kind])
    is_section = any(other.startswith(f"{key}.") for other in shape)
    return OperatorFault(
        "rule_key", file=path, key=key, kind="dict_type" if is_section else "extra_forbidden"
    )


def _misfilled(path: str, key: str, text: object, shape: Mapping[str, _Asked]) -> Iterator[OperatorFault]:
    if key not in shape or not shape[key].fills:
        return
    fills = _fills(text)
    if fills is None:
        yield OperatorFault("report_braces", file=path, key=key)
    elif strange := fills - shape[key].fills and fills - _known_beside(key, shape):
        filled = ", ".join(sorted(shape[key].fills))
        yield OperatorFault("report_word", file=path, key=key, word=min(strange), known=filled)


def _known_beside(key: str, shape: Mapping[str, _Asked]) -> frozenset[str]:
    """Gathers all that is filled into any text of a key's section."""
    section = key.partition(".")[0]
    return frozenset().union(*(shape[k].fills for k in shape if k.partition(".")[0] == section))


def _free_kind(name: str, key: str) -> str | None:
    return next((kind for pattern, kind in FREE.items() if fnmatchcase(f"{name} {key}", pattern)), None)
