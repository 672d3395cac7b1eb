"""naming: whom a text means, by number, by names, or by one name and a title."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.domain import Holder
from pipeline.domain.cases import is_number
from pipeline.domain.turkish import upper
from pipeline.policy.phrases import FIRST_LETTERS, begun, heading

_TITLES = ("hanim", "bey", "hoca", "hocam", "hemsire", "dr", "doktor", "uzm")
# Shorter names ("Su", "Can") begin many other words.
_FEWEST_LETTERS = 4


def names(text: str, holder: Holder) -> bool:
    """Tells whether a text names somebody in full; Turkish endings may follow."""
    words = heading(text).split()
    own = heading(holder.name).split()
    return len(own) >= 2 and all(any(word.startswith(_stems(part)) for word in words) for part in own)


# How a name's last letter is written before a vowel: "Işıldak" becomes "Işıldağın".
_SOFTENED = {"k": "g", "p": "b", "t": "d"}


def _stems(name: str) -> tuple[str, ...]:
    soft = _SOFTENED.get(name[-1:]) if len(name) >= _FEWEST_LETTERS else None
    return (name, name[:-1] + soft) if soft else (name,)


# Eleven digits, however they are set apart; and our own numbers.
_SPACED = re.compile(r"(?<!\d)\d(?:[\s.-]?\d){10}(?!\d)")
_OURS = re.compile(r"(?<!\w)[NG]-[0-9A-Z]{8}(?!\w)")


@dataclass(frozen=True, slots=True)
class Naming:
    """A text in which people are looked for by their names, taken apart once for all of them."""

    words: str
    numbers: frozenset[str]
    titled: frozenset[str]
    # Numbers of ours, of cases and of mails.
    ours: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str) -> Naming:
        """Takes a text apart."""
        words = heading(text)
        whole = {re.sub(r"\D", "", number) for number in _SPACED.findall(text)}
        numbers = whole | set(re.findall(r"\d+", text))
        ours = frozenset(filter(is_number, _OURS.findall(upper(text))))
        return cls(f" {words}", frozenset(numbers), frozenset(_titled(words.split())), ours)

    def gives_in_full(self, holder: Holder) -> bool:
        """Tells whether it gives somebody's number, or one given name and the family name side by side.

        Of all that wait for a list, some have names that begin with the words of any sentence.
        """
        family = heading(holder.family_name or "")
        given = heading(holder.given_name or "")
        number = holder.identity_number
        if number is not None and number.digits in self.numbers:
            return True
        pairs = [pair for one in {given, *given.split()} for pair in ((one, family), (family, one))]
        return bool(given and family) and any(
            f" {first} {second}" in self.words for first, last in pairs for second in _stems(last)
        )

    def gives_by_title(self, holder: Holder) -> bool:
        """Tells whether it speaks of somebody by one name and a title ("Ayşe Hanım")."""
        return not self.titled.isdisjoint(heading(holder.name).split())


def named(sentence: str, holders: Sequence[Holder]) -> Sequence[int]:
    """Lists the rows of those whom a sentence names in full, or by one name and a title."""
    words = heading(sentence).split()
    titled, first = _titled(words), begun(words)

    def is_named(holder: Holder) -> bool:
        own = heading(holder.name).split()
        may_be = len(own) >= 2 and all(part[:FIRST_LETTERS] in first for part in own)
        return (may_be and names(sentence, holder)) or not titled.isdisjoint(own)

    return [i for i, holder in enumerate(holders) if is_named(holder)]


def is_meant(text: str, holder: Holder) -> bool:
    """Tells whether a text names somebody in full, or by number."""
    number = holder.identity_number
    return names(text, holder) or (number is not None and number.digits in re.sub(r"\D+", " ", text).split())


def telling(holder: Holder) -> Sequence[str]:
    """Gives the words of a name that no other words begin with."""
    words = heading(holder.name).split()
    return [word for word in words if len(word) >= _FEWEST_LETTERS]


def words_of(holders: Iterable[Holder]) -> Collection[str]:
    """Gives the words of some people's names and workplaces."""
    return {word for h in holders for word in heading(f"{h.name} {h.workplace or ''}").split()}


def _titled(words: Sequence[str]) -> set[str]:
    return {word for word, title in pairwise(words) if title.startswith(_TITLES)}
