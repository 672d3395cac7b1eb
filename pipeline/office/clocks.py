"""clocks: is it really that late? Our clock beside the others that are at hand.

A clock that is wrong for one night names that night wrongly, and every night until then is lost. So a night
is closed only where another clock agrees, or where little time has passed since one did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

# Nights follow each other by a day; a weekend off passes, a week off needs somebody to confirm it.
_LONGEST_SILENCE = timedelta(days=3)
# Servers keep time; an hour's zone set wrongly is no reason to keep a night open.
_FARTHEST = timedelta(hours=12)

ClockFault = Literal["", "clock_differs", "clock_unproved"]


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Moments that other clocks have shown, each aware, or None: what was so long ago is told by it.

    `last_night` is our own; `arrivals` and `copies` are when the newest mails came, by the mail server's
    clock; `server` is what a server says that it is now.
    """

    last_night: datetime | None = None
    arrivals: datetime | None = None
    copies: datetime | None = None
    server: datetime | None = None

    @property
    def is_telling(self) -> bool:
        """Tells whether anybody but ourselves has shown a clock."""
        return any((self.arrivals, self.copies, self.server))


def clock_fault(now: datetime, witnesses: Witnesses) -> ClockFault:
    """Names why our clock is not to be believed, "" where nothing is against it.

    >>> from datetime import UTC
    >>> noon = datetime(2024, 6, 14, 12, tzinfo=UTC)
    >>> clock_fault(noon, Witnesses(last_night=noon - timedelta(days=1)))
    ''
    >>> clock_fault(noon + timedelta(days=365), Witnesses(last_night=noon))
    'clock_unproved'
    >>> clock_fault(noon + timedelta(days=365), Witnesses(noon, server=noon + timedelta(days=365)))
    ''
    >>> clock_fault(noon, Witnesses(arrivals=noon + timedelta(days=1)))
    'clock_differs'
    """
    if witnesses.server:
        return "clock_differs" if abs(now - witnesses.server) > _FARTHEST else ""
    if witnesses.arrivals and witnesses.arrivals - now > _FARTHEST:
        return "clock_differs"
    moments = (witnesses.last_night, witnesses.arrivals, witnesses.copies)
    # What lies ahead shows nothing about how far we are.
    shown = [moment for moment in moments if moment and moment - now <= _FARTHEST]
    return "clock_unproved" if shown and now - max(shown) > _LONGEST_SILENCE else ""


def moment_in(greeting: str) -> datetime | None:
    """Finds the moment that a server's greeting tells, as many do.

    >>> moment_in("220 mx.example.org ESMTP; Fri, 14 Jun 2024 23:45:00 +0300").isoformat()
    '2024-06-14T23:45:00+03:00'
    """
    told = re.search(r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", greeting)
    return parsedate_to_datetime(told[0]) if told else None
