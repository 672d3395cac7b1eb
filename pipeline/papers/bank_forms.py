"""bank_forms: one file of rules/layouts → the layouts of a bank's forms, by name.

A bank has several forms, and they change. What a file says at its top is one form; each of its `[[forms]]` is
another, and says only what of it differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import OfficialFile, OfficialPart, refuse, validated

_FORMS, _OWN = "forms", ("samples",)


class _Form(OfficialPart):
    """Another form of a bank, known by what it is called; the rest is checked as the layout that it makes."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")


class _Forms(OfficialFile):
    """The other forms in a file."""

    forms: tuple[_Form, ...]


def path_of(name: str) -> str:
    """Names the file of a layout, and the form in it where it is not the only one.

    >>> path_of("halkbank"), path_of("garanti/fast")
    ('rules/layouts/halkbank.toml', 'rules/layouts/garanti.toml [[forms]] fast')
    """
    stem, _, form = name.partition("/")
    return f"rules/layouts/{stem}.toml" + (f" [[forms]] {form}" if form else "")


def forms_of(stem: str, raw: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Gives what a file says of each of a bank's forms, by the layout's name; raises OperatorFault."""
    main = {key: told for key, told in raw.items() if key != _FORMS}
    if _FORMS not in raw:
        return {stem: main}
    ids = [form.id for form in validated(path_of(stem), {_FORMS: raw[_FORMS]}, _Forms).forms]
    twice = [form for form, times in Counter(ids).items() if times > 1]
    refuse(OperatorFault("layout_form_twice", file=path_of(stem), form=form) for form in twice)
    common = {key: told for key, told in main.items() if key not in _OWN}
    others = {f"{stem}/{form}": _made_of(common, told) for form, told in zip(ids, raw[_FORMS], strict=True)}
    return {stem: main, **others}


def _made_of(common: Mapping[str, Any], form: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {key: told for key, told in form.items() if key != "id"}
    if isinstance(own.get("labels"), Mapping) and isinstance(common.get("labels"), Mapping):
        own["labels"] = {**common["labels"], **own["labels"]}
    return {**common, **own}
