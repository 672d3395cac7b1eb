"""shapes: values of the domain ↔ the JSON that the ledger keeps of them."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

_Value = TypeVar("_Value")

_KNOWN: dict[type[Any], TypeAdapter[Any]] = {}


def shape(kind: type[_Value]) -> TypeAdapter[_Value]:
    """Gives what writes and reads values of a kind; it is dear to make, so it is made once, and by need."""
    if kind not in _KNOWN:
        _KNOWN[kind] = TypeAdapter(kind)
    return _KNOWN[kind]
