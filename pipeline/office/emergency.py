"""emergency: the one trouble that cannot be written into the ledger, for it is the ledger's own."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.domain.faults import OperatorFault
from pipeline.domain.troubles import Trouble
from pipeline.ledger.home import Home, write_whole
from pipeline.letters.alarm import alarm
from pipeline.mail.rendering import render
from pipeline.mail.smtp import Delivered, Postman, PostmanFault
from pipeline.office.shop import Shop, plan, smtp_account
from pipeline.policy.policy import Policy

if TYPE_CHECKING:
    from pipeline.office.settings import Settings

# Holds the moment the unit was told; while it is there, it is not told again.
_FLAG = "ledger-alarm"


def call_for_help(
    settings: Settings, policy: Policy, home: Home, fault: OperatorFault, now: datetime
) -> None:
    """Tells the unit, once, that the ledger does not open: straight to the server, for nothing is kept."""
    flag = home.folder / _FLAG
    if flag.exists():
        return
    local = now.astimezone(settings.zone)
    letter = alarm(Trouble("ledger", fault.name, now, now), False, policy, local, local)
    sender = settings.addresses.bounces or settings.addresses.own
    # A server that is away is asked again by the next run.
    with suppress(PostmanFault, OSError), Postman(smtp_account(settings)) as postman:
        fate = postman.post(sender, (letter.recipient,), render(letter), lambda: None)[letter.recipient]
        if isinstance(fate, Delivered):
            write_whole(flag, now.isoformat(), 0o600)


def give_all_clear(shop: Shop) -> None:
    """Tells the unit that the ledger opens again, where it was told that it does not."""
    flag = shop.home.folder / _FLAG
    # Before a rebuild has ended nothing is well, and what is planned would stand in doubt.
    if not flag.exists() or shop.home.is_restored:
        return
    now, since = shop.clock(), datetime.fromisoformat(flag.read_text(encoding="utf-8"))
    zone = shop.settings.zone
    trouble = Trouble("ledger", "", since, since)
    letter = alarm(trouble, True, shop.policy, since.astimezone(zone), now.astimezone(zone))
    # A run that ended between the two steps has planned it already.
    if not shop.ledger.letters_about(letter.about):
        with shop.ledger.transaction():
            plan(shop.ledger, letter, now)
    flag.unlink()
