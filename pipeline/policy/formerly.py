"""formerly: rules kept by an earlier version of the program → the same rules, with the keys of today's.

A night that was closed before a rule said what it means is made again by what the program knew then.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from pipeline.policy.word_files import as_toml

# What the program had written into itself, until rules/ said it.
_MEANT = {
    "rules/receipt/amount.toml": "tariff",
    "rules/receipt/scope.toml": "scopes",
    "rules/receipt/account.toml": "accounts",
    "rules/receipt/has-case.toml": "awaits_list",
}
_RAILS, _FORM, _REMARKS = "rules/rails.toml", "rules/nes-list.toml", "rules/remarks.toml"
# Mails from Kamu SM were counted, and nobody was told to read them.
_ANSWERS = "rules/kamusm-answer.toml"
_TRANSFERS = ("FAST", "EFT", "HAVALE", "NAKİT", "EFT/FAST")
_PAYS = 'pays = { 1 = ["nes", "reader"], 3 = ["nes"] }\n'
# What was not listened for: by file, the sections that were there already with the keys that they lacked.
_LACKED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    _FORM: {"": ("own_sheets", "own_comments")},
    "rules/mail.toml": {
        "robots": ("recalls",),
        "quotes": ("forwarded", "passes_on", "writers", "titles", "fields"),
    },
    _REMARKS: {"captions": ("others", "ours"), "pointed": ("only",)},
}
# ... and the sections that were not there. Each has to have a word, and an example of it: one of nobody's.
_NOBODYS = "sözüolmayansöz"
_UNHEARD = {
    "columns": (("against",), ("asks", "harmless", "yes", "no", "refusals"), f"{_NOBODYS} → x"),
    "lines": (("pointers",), ("asks",), _NOBODYS),
    "denials": (("words",), ("endings", "harmless"), _NOBODYS),
    "foreign": (("signs",), ("words", "notices"), _NOBODYS),
    "legal_notices": (("conditions", "about"), ("never",), _NOBODYS),
}
# Words that came without files were asked for their topic alone.
_NOT_HEARD_ALONE = {"say": "", "remedy": "", "others": ""}


def with_todays_keys(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Adds to the files of both folders what they did not have to say; files of today stay as they are."""
    told = {path: data for path, data in files.items() if path.startswith("rules/receipt/")}
    added = {}
    if not any(re.search(rb"(?m)^means\s*=", data) for data in told.values()):
        added = {path: f'means = "{_MEANT[path]}"\n'.encode() + told[path] for path in _MEANT if path in told}
    known = {**files, **added, **_rails(files), **_form(files), **_answers(files)}
    return {**known, **{path: _listening(path, known[path]) for path in _LACKED if path in known}}


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


def _answers(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    text = files.get(_ANSWERS, b"").decode()
    if not text or re.search(r"(?m)^say\s*=", text):
        return {}
    return {_ANSWERS: b'say = ""\nremedy = ""\ndoubted = ""\n' + text.encode()}


def _listening(path: str, data: bytes) -> bytes:
    """Has a file say that it does not listen for what is new; one that lacks nothing stays as it is."""
    text = data.decode()
    told = tomllib.loads(text)
    for section, keys in _LACKED[path].items():
        place = told.get(section, {}) if section else told
        for key in keys if place else ():
            place.setdefault(key, [])
    if path == _REMARKS:
        told = {**{section: _unheard(section) for section in _UNHEARD}, "alone": _NOT_HEARD_ALONE, **told}
    return data if told == tomllib.loads(text) else as_toml(told).encode()


def _unheard(section: str) -> dict[str, list[str]]:
    with_a_word, empty, example = _UNHEARD[section]
    proof = {"matches": [example], "differs": ["x"]}
    return {**proof, **{key: [_NOBODYS] for key in with_a_word}, **{key: [] for key in empty}}
