"""emergency: troubles that cannot be written into the ledger: the ledger's, the settings', the rules'."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.troubles import Trouble
from pipeline.ledger.home import Home, write_whole
from pipeline.letters.alarm import alarm
from pipeline.mail.faults import PostmanFault
from pipeline.mail.rendering import render
from pipeline.mail.smtp import Delivered, Postman
from pipeline.office.planning import plan
from pipeline.office.shop import Shop, smtp_account
from pipeline.policy.policy import Policy

if TYPE_CHECKING:
    from pipeline.office.settings import Settings

# What may be told of so; a file of the home holds the moment the unit was told of each, and while it is there
# it is not told again.
_TOLD_OF = ("ledger", "settings", "policy")


def call_for_help(settings: Settings, policy: Policy, home: Home, trouble: Trouble) -> bool:
    """Tells the unit, once, straight to the server, for nothing is kept; tells whether that is done.

    A server that is away is asked again by the next run.
    """
    flag = _flag(home, trouble.name)
    if flag.exists():
        return True
    local = trouble.since.astimezone(settings.zone)
    letter = alarm(trouble, False, policy, local, local)
    sender = settings.addresses.bounces or settings.addresses.own
    with suppress(PostmanFault, OSError), Postman(smtp_account(settings)) as postman:
        fate = postman.post(sender, (letter.recipient,), render(letter), lambda: None)[letter.recipient]
        if isinstance(fate, Delivered):
            write_whole(flag, trouble.since.isoformat(), 0o600)
    return flag.exists()


def give_all_clear(shop: Shop) -> None:
    """Tells the unit that it is over, where it was told that ledger, settings or rules could not be used."""
    # Before a rebuild has ended nothing is well, and what is planned would stand in doubt.
    if shop.home.is_restored:
        return
    for name in _TOLD_OF:
        if _flag(shop.home, name).exists():
            _say_it_is_over(shop, name)


def _say_it_is_over(shop: Shop, name: str) -> None:
    flag = _flag(shop.home, name)
    now, since = shop.clock(), datetime.fromisoformat(flag.read_text(encoding="utf-8"))
    zone = shop.settings.zone
    trouble = Trouble(name, "", since, since)
    letter = alarm(trouble, True, shop.policy, since.astimezone(zone), now.astimezone(zone))
    # A run that ended between the two steps has planned it already.
    if not shop.ledger.letters_about(letter.about):
        with shop.ledger.transaction():
            plan(shop.ledger, letter, now)
    flag.unlink()


def _flag(home: Home, name: str) -> Path:
    return home.folder / f"{name}-alarm"
