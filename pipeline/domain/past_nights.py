"""past nights: what is told of a night that is closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class PastNight:
    """One night in numbers: mails by outcome, how long they waited for their decision, how long runs took."""

    day: date
    number: int
    counts: Mapping[str, int]
    waits: Sequence[timedelta] = ()
    working: timedelta = timedelta(0)
