"""second names: two names that were given → whether they could be one person's, however spelled.

Two pairs of eyes are wanted, and a name at a terminal is what somebody types. Whoever is in doubt is asked
for a fuller name, or for a colleague.
"""

from __future__ import annotations

import re

from rapidfuzz.distance import OSA

from pipeline.domain.turkish import fold

# From so many letters on a name with one of them wrong is the same name.
_LONG = 5


def could_be_one(one: str, other: str) -> bool:
    """Tells whether two names could be the same person's; no name at all is everybody's.

    >>> could_be_one("Ayşe Yılmaz", "YILMAZ, ayse"), could_be_one("A. Yılmaz", "ayse.yilmaz")
    (True, True)
    >>> could_be_one("Ayşe Yılmaz", "ayilmaz"), could_be_one("Ayşe", "Ayşe Yılmaz"), could_be_one("Ayşe", " ")
    (True, True, True)
    >>> could_be_one("Ayşe Yılmaz", "Ali Yılmaz"), could_be_one("memur1", "memur2")
    (False, False)
    """
    fewer, more = sorted((_words(one), _words(other)), key=len)
    if "".join(fewer) == "".join(more) or _is_short_for(fewer, more):
        return True
    for word in fewer:
        found = min((w for w in more if _is_alike(word, w)), key=lambda w: w != word, default=None)
        if found is None:
            return False
        more.remove(found)
    return True


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", fold(name))


def _is_short_for(fewer: list[str], more: list[str]) -> bool:
    """Tells whether one word is how log-in names are made of several: "ayilmaz", "aysey"."""
    if len(fewer) != 1 or len(more) < 2:
        return False
    first, last = more[0], more[-1]
    return fewer[0] in {first[0] + last, first + last[0], first + last}


def _is_alike(one: str, other: str) -> bool:
    if 1 in (len(one), len(other)):
        return one[0] == other[0]
    # What differs by its number is told apart by it.
    is_long = min(len(one), len(other)) >= _LONG and (one + other).isalpha()
    return one == other or (is_long and OSA.distance(one, other, score_cutoff=1) <= 1)
