"""timekeeping: no night is closed by a clock that nobody confirms, and one that was can be taken back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime

from pipeline.domain.faults import OperatorFault, TryLater
from pipeline.ledger.folders import newest_arrival, newest_copy
from pipeline.ledger.nights_back import nights_ahead, take_back
from pipeline.mail.faults import PostmanFault
from pipeline.mail.smtp import Postman
from pipeline.office.clocks import Witnesses, clock_fault, moment_in
from pipeline.office.shop import Shop, smtp_account


def assure_clock(shop: Shop) -> None:
    """Raises TryLater where our clock may be far from the time; the SMTP server is asked only on a doubt."""
    last = shop.ledger.last_night()
    until = last.until if last else None
    _believe(shop, Witnesses(until, newest_arrival(shop.ledger), newest_copy(shop.ledger)))


def take_nights_back(shop: Shop, day: date, because: str, by: str) -> int:
    """Takes back the night of a day, and those after it, that were closed ahead of now; gives how many.

    Raises OperatorFault where it was not closed ahead, and TryLater where the clock is doubtful now: by a
    clock that is behind, every night would lie ahead.
    """
    now = shop.clock()
    ahead = nights_ahead(shop.ledger, now)
    if not ahead or ahead[0].day != day:
        first = ahead[0].day if ahead else None
        raise OperatorFault("night_not_ahead", day=day, first=first or "-", now=local(shop, now))
    last = shop.ledger.last_until(now)
    known = Witnesses(last, newest_arrival(shop.ledger), newest_copy(shop.ledger))
    _believe(shop, known)
    # What lies ahead is dated to the office's day.
    take_back(shop.ledger, ahead, because, by, now.astimezone(shop.settings.zone))
    return len(ahead)


def local(shop: Shop, moment: datetime) -> str:
    """Writes a moment as the office's clocks show it."""
    return f"{moment.astimezone(shop.settings.zone):%d.%m.%Y %H:%M}"


def _believe(shop: Shop, known: Witnesses) -> None:
    now = shop.clock()
    if not clock_fault(now, known):
        return
    asked = replace(known, server=_server_time(shop))
    if why := clock_fault(now, asked):
        moments = (known.last_night, known.arrivals, known.copies)
        shown = asked.server or max((moment for moment in moments if moment), default=now)
        raise TryLater(why, now=local(shop, now), shown=local(shop, shown))


def _server_time(shop: Shop) -> datetime | None:
    """Asks the SMTP server what time it is; None where it does not say, or is away."""
    with suppress(PostmanFault), Postman(smtp_account(shop.settings)) as postman:
        return moment_in(postman.welcome().banner)
    return None
