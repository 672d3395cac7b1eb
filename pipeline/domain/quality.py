"""quality: how often an acceptance is wrong, as far as people found who read receipts blind."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import TypeVar

from pipeline.domain.evidence import Receipt, ReceiptKind

Item = TypeVar("Item")

# Halving so often finds a rate to the last digit of a float.
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found of one kind: how many were read right and wrong, how many still wait for a reader."""

    kind: ReceiptKind
    right: int = 0
    wrong: int = 0
    waiting: int = 0
    # Whether acceptances of the kind are held, and by which question.
    stopped_by: int = 0

    @property
    def of(self) -> int:
        """Counts what was read."""
        return self.right + self.wrong


def kind_of(receipt: Receipt) -> ReceiptKind:
    """Tells of which kind a receipt is; the forms of one bank's file are of one bank."""
    return ReceiptKind(receipt.layout.partition("/")[0], "text" if receipt.read_by == "text" else "picture")


def most_wrong(wrong: int, of: int, sure: float = 0.95) -> float:
    """Gives the rate that is not exceeded, with that certainty, where so many of so many were wrong.

    The exact one-sided bound of Clopper and Pearson; 1 where nothing was read.

    >>> [round(most_wrong(*found), 4) for found in ((0, 312), (0, 5), (1, 20), (2, 100), (3, 3))]
    [0.0096, 0.4507, 0.2161, 0.0616, 1.0]
    """
    if wrong >= of:
        return 1.0
    low, high = wrong / of, 1.0
    for _ in range(_HALVINGS):
        rate = (low + high) / 2
        if _at_most(wrong, of, rate) > 1 - sure:
            low = rate
        else:
            high = rate
    return high


def _at_most(wrong: int, of: int, rate: float) -> float:
    """Gives the chance that no more than so many of so many are wrong at a rate."""
    return sum(
        exp(lgamma(of + 1) - lgamma(n + 1) - lgamma(of - n + 1) + n * log(rate) + (of - n) * log1p(-rate))
        for n in range(wrong + 1)
    )


def drawn(items: Iterable[tuple[ReceiptKind, Item]], count: int, seed: str) -> Sequence[Item]:
    """Draws so many of some receipts, each kind in turn, so that the many of one kind do not hide another."""
    of_kind: dict[ReceiptKind, list[Item]] = defaultdict(list)
    for kind, item in items:
        of_kind[kind].append(item)
    kinds = _shuffled(sorted(of_kind), f"{seed}/kinds")
    turns = [_shuffled(of_kind[kind], f"{seed}/{kind.bank}/{kind.reading}") for kind in kinds]
    deepest = max(map(len, turns), default=0)
    return [group[turn] for turn in range(deepest) for group in turns if turn < len(group)][:count]


def _shuffled(items: Sequence[Item], seed: str) -> list[Item]:
    """Sets items in an order that follows from the seed alone."""
    digests = [hashlib.sha256(f"{seed}/{place}".encode()).digest() for place in range(len(items))]
    return [item for _, item in sorted(zip(digests, items, strict=True), key=lambda pair: pair[0])]
