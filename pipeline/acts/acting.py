"""acting: how every act begins: who, why, on what they saw; written down first, then done, all or nothing.

A copy of each goes to our own mailbox, sealed with the home's key, beside the copies of the letters: what
people decided is brought back with them after the ledger is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipeline.acts.faults import Overtaken
from pipeline.domain.acts import Done
from pipeline.ledger.acts import acts_about, last_act, note_act, sealed_act, version_of
from pipeline.letters.act_copy import act_copy
from pipeline.mail.rendering import message_id
from pipeline.office.planning import plan

if TYPE_CHECKING:
    from pipeline.office.shop import Shop


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, why, and the version of what they saw when they decided to (`version`).

    With None for `seen` it is done again as it was: that is for `rebuild` and `replay` alone, and `copy` is
    the Message-ID of the copy that tells of it.
    """

    by: str
    because: str
    seen: str | None
    copy: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done: its kind, the number it is about, the digest of the mail ("" for none), and the rest.

    `number` is a mail's, a case's or a list's, or "" for the whole office.
    """

    kind: str
    number: str
    sha: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


version = version_of


@contextmanager
def acting(shop: Shop, deed: Deed, act: Act) -> Iterator[None]:
    """Writes an act down before all that it does, in one transaction; raises Overtaken if too late."""
    with shop.ledger.transaction():
        _begin(shop, deed, act)
        yield


def acting_next(shop: Shop, deed: Deed, act: Act) -> None:
    """Has an act written down first of all in the next transaction; raises Overtaken if too late."""
    demand_version(shop, deed.number, act)
    shop.ledger.write_first(lambda: _begin(shop, deed, act))


def _begin(shop: Shop, deed: Deed, act: Act) -> None:
    demand_version(shop, deed.number, act)
    ledger = shop.ledger
    done = Done(shop.clock(), deed.kind, deed.sha, deed.number, act.by, act.because, deed.body, act.copy)
    evidence = shop.settings.sent_copies
    if not act.copy and evidence:
        letter = act_copy(done, sealed_act(ledger, done, last_act(ledger)), evidence.address, shop.policy)
        # The act first, for it is what the transaction begins with: `replay` knows it by that.
        note_act(ledger, replace(done, copy=message_id(letter)))
        plan(ledger, letter, done.at)
    else:
        note_act(ledger, done)


def demand_version(shop: Shop, number: str, act: Act) -> None:
    """Raises Overtaken, with who was faster, where an act was decided on an older version than there is."""
    if act.seen is None or act.seen == version_of(shop.ledger, number):
        return
    last = next(iter(acts_about(shop.ledger, number)[::-1]), None)
    if last is None:
        raise Overtaken(number, "", "", None)
    raise Overtaken(number, last.by, last.kind, last.at.astimezone(shop.settings.zone))
