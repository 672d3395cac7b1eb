"""formerly: rules kept by an earlier version of the program → the same rules, with the keys of today's.

A night that was closed before a rule said what it means is made again by what the program knew then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# What the program had written into itself, until rules/ said it.
_MEANT = {
    "rules/receipt/amount.toml": "tariff",
    "rules/receipt/scope.toml": "scopes",
    "rules/receipt/account.toml": "accounts",
    "rules/receipt/has-case.toml": "awaits_list",
}
_RAILS, _FORM = "rules/rails.toml", "rules/nes-list.toml"
_TRANSFERS = ("FAST", "EFT", "HAVALE", "NAKİT", "EFT/FAST")
_PAYS = 'pays = { 1 = ["nes", "reader"], 3 = ["nes"] }\n'


def with_todays_keys(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Adds to the files of both folders what they did not have to say; files of today stay as they are."""
    told = {path: data for path, data in files.items() if path.startswith("rules/receipt/")}
    added = {}
    if not any(re.search(rb"(?m)^means\s*=", data) for data in told.values()):
        added = {path: f'means = "{_MEANT[path]}"\n'.encode() + told[path] for path in _MEANT if path in told}
    return {**files, **added, **_rails(files), **_form(files)}


def _rails(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    text = files.get(_RAILS, b"").decode()
    if not text or re.search(r"(?m)^is_(transfer|accepted)\s*=", text):
        return {}
    return {_RAILS: re.sub(r'(?m)^name\s*=\s*"(.*)"$', _with_its_kind, text).encode()}


def _with_its_kind(name: re.Match[str]) -> str:
    return f"{name[0]}\n{'is_transfer' if name[1] in _TRANSFERS else 'is_accepted'} = true"


def _form(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    text = files.get(_FORM, b"").decode()
    if not text or "columns.pays" in text or re.search(r"(?m)^pays\s*=", text):
        return {}
    return {_FORM: re.sub(r'(?m)^field\s*=\s*"card_reader"\n', lambda m: m[0] + _PAYS, text).encode()}
