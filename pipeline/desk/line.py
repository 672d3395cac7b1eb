"""line: acts that wait for the home, in the order they came; those that wait together go in together.

To take the lock and open the ledger costs as much as the act itself. Each act is its own transaction still,
and is answered when it is on the disk.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from pipeline.desk.answers import Answer
from pipeline.desk.counter import Counter
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import complain, ours
from pipeline.office.shop import Shop

# So long acts go in one behind the other while somebody outside waits for the home as well.
_LONGEST_SECONDS = 1.0


class _ToldAlready(Exception):
    """Says that an act broke, and that whoever did it hears of it: the ledger is opened anew after it."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One act, and where its answer goes."""

    work: Callable[[Shop], Answer]
    answer: Future[Answer] = field(default_factory=Future)

    def do(self, next_shop: Callable[[], Shop]) -> None:
        """Does the act; raises _ToldAlready after what is no operator's fault."""
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            answer = self.work(next_shop())
        except Exception as fault:
            self.answer.set_exception(fault)
            if not isinstance(fault, OperatorFault):
                raise _ToldAlready from fault
            return
        self.answer.set_result(answer)

    def end_with(self, fault: Exception) -> None:
        """Has the act not done, for a reason."""
        if self.answer.set_running_or_notify_cancel():
            self.answer.set_exception(fault)


class Line:
    """The acts of one desk that wait; one thread does them."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._waiting: deque[_Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, "acting")
        self._carrying: Future[None] | None = None

    async def act(self, work: Callable[[Shop], Answer]) -> Answer:
        """Does an act when its turn comes, and gives what it answers; raises what it raises.

        Raises TryLater where the home is held too long, whoever stood in the line then.
        """
        mine = _Waiting(work)
        self._waiting.append(mine)
        self._thread.submit(self._work_off)
        return await asyncio.wrap_future(mine.answer)

    def carry_looks(self) -> None:
        """Has what was looked at carried into the audit log."""
        # One carries what all have looked at meanwhile.
        if self._carrying is None or self._carrying.done():
            self._carrying = self._thread.submit(self._counter.carry_looks)

    def close(self) -> None:
        """Does what waits, and takes no more."""
        self._thread.shutdown()

    def _work_off(self) -> None:
        waited = list(self._waiting)
        # Whoever came before may have taken this one along.
        if not waited:
            return
        is_open = False
        try:
            with self._counter.acting() as shop:
                is_open = True
                self._let_in(shop)
        except _ToldAlready:
            pass
        except Exception as fault:
            if is_open:
                # Each has had an answer: what went wrong is the closing.
                complain(ours(fault))
                return
            for _ in waited:
                self._waiting.popleft().end_with(fault)

    def _let_in(self, first: Shop) -> None:
        until = time.monotonic() + _LONGEST_SECONDS
        while self._waiting:
            self._waiting.popleft().do(lambda: self._counter.acting_next(first.ledger))
            if time.monotonic() > until and self._counter.home.is_awaited():
                return
