"""Products of two lists of test cases: of most a sample is played, and the whole with `pytest --whole`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

WHOLE = "whole"


def crossed(first: Sequence[Any], second: Sequence[Any], rounds: int = 1) -> list[ParameterSet]:
    """Gives every pair of two lists, all but some diagonals marked as `--whole` alone plays them.

    Each value of the longer list is in `rounds` pairs that are always played, and each of the shorter one in
    at least as many.
    """
    shorter = min(len(first), len(second))
    assert 0 < rounds <= shorter
    always = {turn * shorter // rounds for turn in range(rounds)}
    marks = pytest.mark.whole
    return [
        pytest.param(a, b, marks=() if (at - beside) % shorter in always else marks)
        for at, a in enumerate(first)
        for beside, b in enumerate(second)
    ]
