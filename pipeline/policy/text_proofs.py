"""text_proofs: every text is filled once with everything and once with nothing, before a mail needs it.

A word that nobody fills, or a text that includes one that is not there, would otherwise be noticed by the
first mail that it should answer, and stop that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import BaseLoader, TemplateError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.domain import Office, Procedure
from pipeline.domain.faults import OperatorFault
from pipeline.domain.official_files import refuse
from pipeline.policy.texts import NO_LETTERS, Texts, set_plain

_DAY = date(2024, 5, 13)
_EVERYWHERE = frozenset({"words", "office"})
_FINDING = {
    "is_later": True,
    "say": "…",
    "remedy": "…",
    "suggestion": "…",
    "cell": "…",
    "place": "…",
    "rule": "…",
}
_CLAIMS = [
    {"row": 1, "name": "…", "file": "…", "title": "…", "findings": [_FINDING]},
    {"row": None, "name": "", "file": "", "title": "…", "findings": [_FINDING]},
]
_CASE, _UNPAID = "N-0000000H", "N-0000001G"
_DECIDED = [
    {"case": _CASE, "row": 1, "name": "…", "file": "", "because": "…"},
    {"case": _CASE, "row": None, "name": "", "file": "…", "because": ""},
]


def _listed(case: str) -> Mapping[str, Any]:
    shown = {"name": "…", "row": 1, "born_on": _DAY, "work_email": "a@example.org", "understood": ("…",)}
    return {**shown, "case": case}


_FEES = {"nes": Decimal("780.00"), "reader": Decimal("300.00")}
# Words by the texts that are filled with them, by the beginning of their names; the first that fits counts.
_FILLED: Mapping[str, Mapping[str, Any]] = {
    "replies/topics/": {
        "addressee": "Ad Soyad",
        "number": "G-00000000",
        "told": [
            {
                "case": _CASE,
                "procedure": "…",
                "number": "…",
                "opened_on": _DAY,
                "state": "…",
                "next": "…",
            }
        ],
        "address": "Lale Caddesi Numara 4",
        "forms": ["form.xlsx"],
        "fees": _FEES,
    },
    "replies/reminders/": {
        "addressee": "Ad Soyad",
        "number": _CASE,
        "procedure": Procedure.LOST_OR_STOLEN,
        "covers": ["kapak.pdf"],
        "sent_on": _DAY,
        "paid_on": _DAY,
        "fees": _FEES,
    },
    "replies/release": {
        "addressee": "Ad Soyad",
        "number": "G-00000000",
        "batch": "…/1",
        "pending": ("G-0000000H",),
        "state": "done",
        "count": 1,
        "leaving": (_CASE,),
        "by": "…",
        "at": "13.05.2024 09:30",
        "digest": "…",
        "why": "…",
        "line": "…",
        "fees": _FEES,
    },
    "replies/": {
        "addressee": "Ad Soyad",
        "number": "G-00000000",
        "listed": [_listed(_CASE), _listed(_UNPAID)],
        "withdrawn": [_CASE],
        "paid": [
            {
                "file": "…",
                "amount": Decimal("780.00"),
                "paid_on": _DAY,
                "rail": "…",
                "case": _CASE,
                "procedure": Procedure.LOST_OR_STOLEN,
            }
        ],
        "scanned": [_CASE],
        "returned": _CLAIMS,
        "held": _CLAIMS,
        "guided": _CLAIMS,
        "asks": True,
        "returned_count": 1,
        "procedure": Procedure.LOST_OR_STOLEN,
        "notes": ["…"],
        "list_day": {"day": _DAY, "is_latest": True, "for_release": True},
        "progress": {"now_right": ["…"], "left": ["…"], "new": ["…"], "missing": ["…"]},
        "copies": ["liste.xlsx"],
        "forms": ["form.xlsx"],
        "covers": ["kapak.pdf"],
        "whose": "others",
        "paid_before": [_CASE],
        "receipt_waits": True,
        "is_to_pay": True,
        "reminds": True,
        "list_was_sent": True,
        "identity_number": "…",
        "because": "…",
        "going_on": [_CASE],
        "is_alone": True,
        "refused": _DECIDED,
        "answers": [["…", "…"]],
        "waiting": _DECIDED,
        "reason": "…",
        "fees": _FEES,
    },
    "batch": {"day": _DAY, "name": "…/1", "count": 1, "digest": "…", "for_release": True},
    "act": {"what": "…", "about": _CASE, "by": "…", "because": "…"},
    "": {"what": "…", "about": "…", "reason": "…", "advice": "…", "since": "…", "now": "…"},
}
_EMPTY: Mapping[type, Any] = {str: "", list: [], tuple: (), bool: False, dict: None, int: 0}
EVERYTHING = "all"
# What differs by a word rather than by being there.
_STATES = ("done", "again", "not_for_release", "erased", "disputed", "unknown", "not_released")


def prove_texts(texts: Texts, office: Office) -> None:
    """Fills every letter's text in every way; raises OperatorFault for all that cannot be written."""
    known = sorted(texts.plain.list_templates(extensions=["txt", "html"]))
    refuse(fault for name in known for fault in _lost_includes(texts, name, known))
    letters = [n for n in known if n.endswith(".txt") and "/_" not in n and n not in NO_LETTERS]
    refuse(fault for name in letters for fault in _disproved(texts, office, name))


def _lost_includes(texts: Texts, name: str, known: Sequence[str]) -> Iterator[OperatorFault]:
    environment = texts.html if name.endswith(".html") else texts.plain
    for included in _included(environment, name):
        if included not in known:
            near = ", ".join(n for n in known if "/_" in n)
            yield OperatorFault("text_include", file=f"reports/{name}", missing=included, known=near)


def filled_words(name: str) -> Mapping[str, Any]:
    """Gives a value for each word of a text ("replies/held.txt"), besides `words` and `office`."""
    return next(words for begin, words in _FILLED.items() if name.startswith(begin))


def _disproved(texts: Texts, office: Office, name: str) -> Iterator[OperatorFault]:
    filled = filled_words(name)
    parts = _closure(texts.plain, name)
    needed = frozenset[str]().union(*(_words(texts.plain, part) for part in parts))
    # A text that is included is told what to speak of by the one that includes it.
    handed_on = set().union(*(_set_in(texts.plain, part) for part in parts))
    if unknown := needed - filled.keys() - _EVERYWHERE - handed_on:
        known = ", ".join(sorted({*filled, *_EVERYWHERE}))
        for word in sorted(unknown):
            yield OperatorFault("text_word", file=f"reports/{name}", word=word, known=known)
        return
    text = name.removesuffix(".txt")
    for way, values in _ways(filled):
        try:
            # The frame has no words of its own: set once with everything, it can be set with anything.
            fill = texts.write if way == EVERYTHING else texts.read_out
            fill(text, office=office, **values)
        except (TemplateError, TypeError, ValueError, KeyError, AttributeError) as fault:
            yield OperatorFault("text_unfilled", file=f"reports/{name}", why=fault)
            return


@dataclass(frozen=True, slots=True)
class Filled:
    """A letter's text, filled in one of its ways: "all", "none", or the one word that is there."""

    letter: str
    way: str
    subject: str
    text: str


def filled_in_every_way(texts: Texts, office: Office, name: str) -> Iterator[Filled]:
    """Fills every letter that a text ("replies/held", "replies/_closing") is of, in every way."""
    known = texts.plain.list_templates(extensions=["txt"])
    letters = [n for n in known if "/_" not in n and n not in NO_LETTERS]
    for letter in letters:
        if f"{name}.txt" in _closure(texts.plain, letter):
            text = letter.removesuffix(".txt")
            for way, values in _ways(filled_words(letter)):
                subject, blocks = texts.read_out(text, office=office, **values)
                yield Filled(text, way, subject, set_plain(blocks))


def _ways(filled: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Fills everything, nothing, and every single word alone; and every state and procedure there is."""
    nothing = {key: _EMPTY.get(type(value), value) for key, value in filled.items()}
    yield EVERYTHING, dict(filled)
    yield "none", nothing
    for key in filled:
        yield key, {**nothing, key: filled[key]}
    for state in _STATES if "state" in filled else ():
        yield f"state/{state}", {**filled, "state": state}
    for procedure in Procedure if "procedure" in filled else ():
        yield f"procedure/{procedure}", {**filled, "procedure": procedure}


def _closure(environment: ImmutableSandboxedEnvironment, name: str) -> set[str]:
    found, further = set[str](), [name]
    while further:
        part = further.pop()
        if part not in found:
            found.add(part)
            further += _included(environment, part)
    return found


def _included(environment: ImmutableSandboxedEnvironment, name: str) -> list[str]:
    return [n for n in meta.find_referenced_templates(_parsed(environment, name)) if n]


# What stands in nearly every letter is looked through once.
@lru_cache(maxsize=256)
def _words(environment: ImmutableSandboxedEnvironment, name: str) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(_parsed(environment, name)))


def _set_in(environment: ImmutableSandboxedEnvironment, name: str) -> set[str]:
    """Lists the words that a text gives a value itself, by a loop or outright."""
    names = _parsed(environment, name).find_all(nodes.Name)
    return {word.name for word in names if word.ctx != "load"}


# One environment's texts, of which each is asked for several times.
@lru_cache(maxsize=256)
def _parsed(environment: ImmutableSandboxedEnvironment, name: str) -> nodes.Template:
    loader = environment.loader
    assert isinstance(loader, BaseLoader)
    return environment.parse(loader.get_source(environment, name)[0])
