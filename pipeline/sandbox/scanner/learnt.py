"""learnt: what was worked out once, for cells that say again what others have said."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_Content = TypeVar("_Content")
# More are forgotten: in a list whose cells all differ they would be kept for nothing.
_MOST = 16_384


class Learnt(dict[_Content, int]):
    """A number for each content, worked out when it is first asked for."""

    def __init__(self, learn: Callable[[_Content], int]) -> None:
        self._learn = learn

    def __missing__(self, content: _Content) -> int:
        if len(self) >= _MOST:
            self.clear()
        number = self[content] = self._learn(content)
        return number
