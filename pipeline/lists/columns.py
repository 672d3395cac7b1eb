"""columns: Holder… → Holder… with what the rows of one mail say against each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.domain import Holder
from pipeline.domain.turkish import fold, heading

# Shorter words of a name stand in many addresses that are somebody else's.
_TELLING = 3


def compared(holders: Sequence[Holder]) -> tuple[Holder, ...]:
    """Notes whose address stands at another person too, or is made of another person's name.

    Whoever sorts one column and not the others sends everybody's link to somebody else.
    """
    addresses = _first_two((fold(h.work_email), h) for h in holders if h.work_email)
    spellings = _first_two((local, h) for h in holders for local in _spellings(h))
    return tuple(_doubted(holder, _against(holder, addresses, spellings)) for holder in holders)


_Known = Mapping[str, Sequence[Holder]]


def _first_two(pairs: Iterable[tuple[str, Holder]]) -> _Known:
    """Keeps the first rows of two people for each text: one of them is always another's."""
    known: dict[str, list[Holder]] = {}
    for text, holder in pairs:
        kept = known.setdefault(text, [])
        if len(kept) < 2 and not any(_is_same(holder, other) for other in kept):
            kept.append(holder)
    return known


def in_doubt_of_letters(holders: Iterable[Holder], notes: Iterable[str]) -> tuple[Holder, ...]:
    """Notes whose names may be spelled otherwise, where nothing proves by which letters a file is written."""
    if "charset_guessed" not in notes:
        return tuple(holders)
    return tuple(
        _doubted(h, {"letters_in_doubt": name} if not (name := h.name).isascii() else {}) for h in holders
    )


def _doubted(holder: Holder, doubts: Mapping[str, str]) -> Holder:
    return replace(holder, doubts={**holder.doubts, **doubts}) if doubts else holder


def _against(holder: Holder, addresses: _Known, spellings: _Known) -> dict[str, str]:
    if not holder.work_email:
        return {}
    doubts: dict[str, str] = {}
    local = re.sub(r"[^a-z]", "", heading(holder.work_email.partition("@")[0]))
    for name, others in (
        ("shared_email", addresses[fold(holder.work_email)]),
        ("email_of_another", () if _is_named(holder, local) else spellings.get(local, ())),
    ):
        another = next((other for other in others if not _is_same(other, holder)), None)
        if another is not None:
            doubts[name] = str(another.row)
    if "email_of_another" not in doubts and _is_of_nobody_here(holder.work_email, holder, local):
        doubts["email_of_nobody"] = holder.work_email
    if _is_turned(holder, local):
        doubts["names_swapped"] = holder.cells.get("given_name", "")
    return doubts


def _is_of_nobody_here(address: str, holder: Holder, local: str) -> bool:
    """Tells whether an address is of two words or more, none of the person's name, or of a relative's."""
    words = [word for word in re.split(r"[^a-z]+", fold(address.partition("@")[0])) if word]
    if not (holder.given_name and holder.family_name):
        return False
    if _is_named(holder, local):
        return _is_of_a_relative(
            words, heading(holder.given_name).split(), heading(holder.family_name).split()
        )
    return sum(len(word) >= _TELLING for word in words) > 1


# What stands before a family name in addresses, and is no other given name.
_TITLES = frozenset("dr uzm uzmdr op opdr doc docdr prof profdr dt ecz hem ebe vet".split())


def _is_of_a_relative(words: Sequence[str], given: Sequence[str], family: Sequence[str]) -> bool:
    """Tells whether an address has the family name and, in the given name's place, another one.

    Nobody is called Mehmet by an A.: relatives work in one house, and are taken for each other.
    """
    if any(len(name) >= _TELLING and name in word for name in given for word in words):
        return False
    told = [name for name in family if len(name) >= _TELLING and any(name in word for word in words)]
    rest = list(words)
    for name in told:
        rest = [word.replace(name, "") for word in rest]
    firsts = {name[0] for name in (*given, *family)}
    left = [word for word in rest if word and word not in _TITLES and word not in family]
    return bool(told) and any(word[0] not in firsts for word in left)


def is_addressed_by(holder: Holder, address: str, name: str) -> bool:
    """Tells whether an address, or the name that goes with it, has a word of a person's name in it."""
    return _is_named(holder, heading(f"{address.partition('@')[0]} {name}"))


def _is_turned(holder: Holder, local: str) -> bool:
    """Tells whether an address is made of the whole name in the other order: were the columns mixed up?"""
    given, family = ("".join(heading(name or "").split()) for name in (holder.given_name, holder.family_name))
    return bool(given and family) and given != family and local == family + given


def _is_same(one: Holder, other: Holder) -> bool:
    """Tells two rows about one person, which other rules compare."""
    if one is other:
        return True
    return one.identity_number is not None and one.identity_number == other.identity_number


def _is_named(holder: Holder, local: str) -> bool:
    """Tells whether any word of a name stands in an address: people marry, and units abbreviate."""
    return any(len(word) >= _TELLING and word in local for word in heading(holder.name).split())


def _spellings(holder: Holder) -> set[str]:
    """Lists the addresses that a person's names make: given name, or its first letter, and family name."""
    given, family = heading(holder.given_name or "").split(), heading(holder.family_name or "").split()
    if not given or not family or len(family[-1]) < _TELLING:
        return set()
    firsts = ("".join(given), given[0], given[0][0])
    return {first + last for first in firsts for last in ("".join(family), family[-1])}
