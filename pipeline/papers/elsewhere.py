"""elsewhere: what a receipt's pages print outside the places it is read from.

None of it is ever taken for a value. But a refusal needs proof: "not there" is said only of what stands
nowhere, and "wrong" only where the right thing is not printed beside it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from pipeline.domain import Elsewhere
from pipeline.domain.turkish import IdentityNumber, amount_readings, iban_holds, moments_in, squeeze
from pipeline.papers.strength import repaired_numbers

_IBAN = re.compile(r"TR(?:\s?\d){24}(?!\d)")
_AMOUNT = re.compile(r"(?<![\d.,])\d[\d.,]*[.,]\d{2}(?![\d.,])|(?<![\d.,])\d[\d.,]*(?=\s?(?:TL|TRY|₺))")
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}-\d{2}-\d{2})(?!\d)")
_TIME = re.compile(r"(?<!\d)\d{2}[:.]\d{2}(?:[:.]\d{2})?(?!\d)")
_NUMBER = 11
# A number of so many digits more or fewer is one that somebody mistyped.
_MISTYPED = range(9, 14)
# Into how many groups a number may be broken.
_MOST_GROUPS = 6
# Groups with no letter and no more than so many signs between them were written as one number.
_APART = 4
# How much of the text without a label is kept.
_MOST_WORDS = 2000


def elsewhere(lines: Sequence[str], free: Sequence[str], loose: Sequence[str]) -> Elsewhere:
    """Gathers what may be meant: `free` are texts where a number may stand, `loose` those without label."""
    text = squeeze(" ".join(lines))
    ibans = {re.sub(r"\s", "", found) for found in _IBAN.findall(text)}
    return Elsewhere(
        is_number_possible=bool(_whole_numbers(text)) or _is_number_possible(free),
        amounts=tuple(sorted(_amounts(text))),
        ibans=tuple(sorted(iban for iban in ibans if iban_holds(iban))),
        words=squeeze(" ".join(loose))[:_MOST_WORDS],
    )


def _amounts(text: str) -> set[Decimal]:
    return {abs(amount) for run in _AMOUNT.findall(text) for amount in amount_readings(run)}


def _whole_numbers(text: str) -> set[str]:
    return {run for run in re.findall(r"(?<!\d)[1-9]\d{10}(?!\d)", text) if IdentityNumber(run).is_valid}


def _is_number_possible(free: Sequence[str]) -> bool:
    """Tells whether an identity number may stand in texts, broken, glued, grouped, misread or mistyped."""
    if any(repaired_numbers(text) for text in free):
        return True
    raw = text = " ".join(free)
    # Only what is surely something else is left out of account ...
    for pattern, holds in ((_IBAN, iban_holds), (_DATE, moments_in), (_AMOUNT, amount_readings)):
        text = pattern.sub(lambda run, holds=holds: " \n " if holds(run[0]) else run[0], text)  # type: ignore[misc]
    text = _TIME.sub(" \n ", text)
    groups = list(re.finditer(r"\d+", text))
    if any(len(group[0]) in _MISTYPED or any(_windows(group[0])) for group in groups):
        return True
    if any(_is_valid(chain) or _is_close(text, chain) for chain in _chains(groups)):
        return True
    # ... and not even that where the check digits hold: "17-2-2091 716 060" is no day.
    chains = _chains(list(re.finditer(r"\d+", raw)))
    return any(_is_valid(chain) and _is_close(raw, chain) for chain in chains)


def _windows(run: str) -> Iterator[bool]:
    return (IdentityNumber(run[at : at + _NUMBER]).is_valid for at in range(len(run) - _NUMBER + 1))


def _chains(groups: Sequence[re.Match[str]]) -> Iterator[Sequence[re.Match[str]]]:
    """Gives runs of neighbouring groups that have eleven digits together."""
    for first in range(len(groups)):
        for last in range(first + 2, min(first + _MOST_GROUPS, len(groups)) + 1):
            if sum(len(group[0]) for group in groups[first:last]) == _NUMBER:
                yield groups[first:last]


def _is_valid(chain: Sequence[re.Match[str]]) -> bool:
    return IdentityNumber("".join(group[0] for group in chain)).is_valid


def _is_close(text: str, chain: Sequence[re.Match[str]]) -> bool:
    """Tells whether groups were written as one number, be its check digits right or not."""
    between = (text[a.end() : b.start()] for a, b in itertools.pairwise(chain))
    return not chain[0][0].startswith("0") and not any(map(_parts, between))


def _parts(between: str) -> bool:
    return len(between) > _APART or any(ch.isalpha() for ch in between)
