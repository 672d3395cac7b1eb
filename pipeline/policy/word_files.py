"""word_files: reports/*.toml, key by key: what may be left out, and what comes from the package's file."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

WORD_FILES = ("browse.toml", "doctor.toml", "nightly.toml", "terminal.toml", "words.toml")
# What an official may add at will, and of what kind it has to be.
FREE = {
    "words fields.*": "text",
    "browse queries.*.title": "text",
    "browse queries.*.description": "text",
    "browse queries.*.sql": "text",
    "browse queries.*.chart.label": "list",
    "browse queries.*.chart.value": "text",
    "nightly sections.*.brief": "list",
    "nightly sections.*.quiet": "flag",
    "nightly sections.*.named": "flag",
    "nightly sections.*.tone": "text",
}
# ... and what may be left out besides.
_OPTIONAL = (
    *(key for key in FREE if key != "words fields.*"),
    "nightly sections.*.columns.*",
    "nightly sections.open_cases.states.*",
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def leaves(raw: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Walks over all keys with their values, a key by its sections: "outcomes.accepted"."""
    for key, value in raw.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{above}{key}.")
        else:
            yield above + key, value


def may_lack(name: str, key: str) -> bool:
    """Tells whether a file of words, such as "nightly", may leave a key out."""
    return any(fnmatchcase(f"{name} {key}", pattern) for pattern in _OPTIONAL)


@lru_cache(maxsize=32)
def completed(path: str, own: bytes, below: bytes) -> bytes:
    """Gives an office's file of words with all that it lacks from the package's; any other file as it is.

    What an office leaves out that may be left out stays out: with that it says something. A file that is
    no TOML is for whoever loads it to refuse.
    """
    if path.removeprefix("reports/") not in WORD_FILES:
        return own
    try:
        ours, theirs = (tomllib.loads(body.decode("utf-8")) for body in (own, below))
    except ValueError:
        return own
    whole = _over(_name(path), ours, theirs)
    return own if whole == ours else as_toml(whole).encode()


def taken_from_below(path: str, own: bytes, below: bytes) -> tuple[str, ...]:
    """Tells which keys of an office's file of words come from the package's, each as a line with its text."""
    ours, whole = (_lines_by_key(body) for body in (own, completed(path, own, below)))
    return tuple(line for key, line in whole.items() if key not in ours)


def said_otherwise(path: str, own: bytes, below: bytes) -> tuple[str, ...] | None:
    """Tells key by key what an office says otherwise, as lines with a - or a +; None for any other file."""
    if path.removeprefix("reports/") not in WORD_FILES:
        return None
    ours, theirs = _lines_by_key(own), _lines_by_key(below)
    both = ((theirs.get(key, ""), line) for key, line in ours.items() if theirs.get(key) != line)
    return tuple(sign + line for pair in both for sign, line in zip("-+", pair, strict=True) if line)


def _name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".toml")


def _over(name: str, own: Mapping[str, Any], below: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    whole = dict(own)
    for key, theirs in below.items():
        if key not in own:
            told = [where for where, _ in leaves({key: theirs}, above)]
            if not all(may_lack(name, where) for where in told):
                whole[key] = theirs
        elif isinstance(own[key], dict) and isinstance(theirs, dict):
            whole[key] = _over(name, own[key], theirs, f"{above}{key}.")
    return whole


def _lines_by_key(body: bytes) -> Mapping[str, str]:
    try:
        raw = tomllib.loads(body.decode("utf-8"))
    except ValueError:
        return {}
    # Only what ends a line of TOML: to others a text may have more ends of lines in it.
    lines = as_toml(raw).split("\n")[:-1]
    return dict(zip((key for key, _ in leaves(raw)), lines, strict=True))


def as_toml(raw: Mapping[str, Any]) -> str:
    """Writes values as TOML, a key with its sections a line."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in _written(raw))


def _written(raw: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        told = above + (key if _BARE_KEY.fullmatch(key) else _text(key))
        if isinstance(value, dict) and value:
            yield from _written(value, f"{told}.")
        else:
            yield told, value


def _value(value: Any) -> str:
    match value:
        case str():
            return _text(value)
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{{', '.join(f'{_text(key)} = {_value(each)}' for key, each in value.items())}}}"
        case date() | time():
            return value.isoformat()
    return repr(value)


def _text(text: str) -> str:
    # TOML knows the escapes of JSON, and wants one more.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
