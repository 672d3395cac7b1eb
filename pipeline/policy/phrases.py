"""phrases: words that rules list, looked for among the words of a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from pipeline.domain.turkish import fold
from pipeline.domain.turkish import heading as in_order

# A word that somebody has set wide: "İ P T A L".
_WIDE = re.compile(r"(?<!\w)(?:[^\W\d_] ){3,}[^\W\d_](?!\w)")


def heading(text: str) -> str:
    """Gives a text in order, in which words that were set wide are words again.

    >>> heading("İ P T A L edildi"), heading("B 4 grubu")
    ('iptal edildi', 'b 4 grubu')
    """
    return _WIDE.sub(lambda word: word[0].replace(" ", ""), in_order(text))


def has_other_letters(text: str) -> bool:
    """Tells whether letters of another script stand in a text: no list of words here could know them.

    >>> has_other_letters("Şükrü, Łódź"), has_other_letters("вернули")
    (False, True)
    """
    return any(
        ch.isalpha() and not unicodedata.name(ch, "").startswith("LATIN")
        for ch in ("" if text.isascii() else fold(text))
        if not ch.isascii()
    )


def has(words: Sequence[str], phrases: tuple[str, ...]) -> bool:
    """Tells whether one of some phrases stands among words in order."""
    known = _taken_apart(phrases)
    return any(_length(words, at, known) for at in range(len(words)))


def without(text: str, phrases: tuple[str, ...]) -> list[str]:
    """Gives the words of a text that belong to none of some phrases."""
    words, known = heading(text).split(), _taken_apart(phrases)
    left: list[str] = []
    at = 0
    while at < len(words):
        length = _length(words, at, known)
        if not length:
            left.append(words[at])
        at += max(length, 1)
    return left


@lru_cache(maxsize=64)
def single_words(*texts: tuple[str, ...]) -> frozenset[str]:
    """Gives the words of some phrases, each for itself."""
    return frozenset(part for words in texts for word in words for part in heading(word).split())


# Words of no more letters are no verbs of their own.
_NO_VERB = 3


def has_new_verb(words: Iterable[str], endings: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """Tells whether one of some words ends as a finite verb does, and is not known."""
    return any(len(w) > _NO_VERB and w.endswith(endings) and not has([w], known) for w in words)


def begun(words: Iterable[str]) -> set[str]:
    """Gives how words begin: most people are not named, which a few letters tell."""
    return {word[:letters] for word in words for letters in range(1, FIRST_LETTERS + 1)}


def _length(words: Sequence[str], at: int, known: _Phrases) -> int:
    """Counts the words of the longest of some phrases that begins at a word; 0 where none does."""
    # Most words begin no phrase: they are held against those alone that begin with the same letters.
    word, longest = words[at], 0
    for letters in range(1, FIRST_LETTERS + 1):
        for wanted in known.by_letters.get(word[:letters], ()) if letters <= len(word) else ():
            longest = max(longest, _taken(words, at, wanted))
    for wanted in known.open:
        longest = max(longest, _taken(words, at, wanted))
    return longest


def _taken(words: Sequence[str], first: int, wanted: _Wanted) -> int:
    """Counts the words that a phrase takes where it begins at a word; 0 where it does not."""
    if len(words) - first < len(wanted):
        return 0
    for at, (mark, want) in enumerate(wanted):
        word = words[first + at]
        is_open = mark == "begins" or (mark == "" and at == len(wanted) - 1)
        held = word.endswith(want) if mark == "ends" else word.startswith(want) if is_open else word == want
        if not held:
            return 0
    return len(wanted)


_Wanted = Sequence[tuple[str, str]]


class _Phrases(NamedTuple):
    """Phrases taken apart into words, by their first letters; `open` begin with any, their end is known."""

    by_letters: Mapping[str, Sequence[_Wanted]]
    open: Sequence[_Wanted]


# Of so many first letters few phrases are alike; a shorter first word has its own.
FIRST_LETTERS = 3


@lru_cache(maxsize=4096)
def _taken_apart(phrases: tuple[str, ...]) -> _Phrases:
    by_letters: dict[str, list[_Wanted]] = {}
    open_ones: list[_Wanted] = []
    for wanted in filter(None, map(_wanted, phrases)):
        mark, first = wanted[0]
        letters = first[:FIRST_LETTERS]
        (open_ones if mark == "ends" else by_letters.setdefault(letters, [])).append(wanted)
    return _Phrases(by_letters, open_ones)


def _wanted(phrase: str) -> _Wanted:
    """Takes a phrase apart into its words, each with how it is compared."""
    return tuple((_mark(part), folded) for part in phrase.split() for folded in heading(part).split())


def _mark(part: str) -> str:
    return "ends" if part[0] == "*" else "begins" if part[-1] == "*" else "whole" if part[0] == "=" else ""
