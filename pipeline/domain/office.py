"""office: who we are, and when our lists go out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Batching:
    """When a list for Kamu SM goes out: on which nights, with whom, and how long it may be.

    What is accepted after `cutoff` goes on the next list. Fewer than `least` wait, but no person longer
    than `longest_wait` working days; more than `most` go out on several lists of one night.
    """

    is_weekly: bool = False
    only_working_days: bool = False
    cutoff: time | None = None
    night_at: time = time(23, 30)
    least: int = 1
    most: int | None = None
    longest_wait: int = 5
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Istanbul"))


@dataclass(frozen=True, slots=True)
class Office:
    """Who we are to the outside: addresses, domains and how the unit signs.

    `sender` is the address our letters come from; `own_addresses` are never answered;
    `batch_recipient` is Kamu SM, or the IT unit where it releases the lists itself. The findings of
    `trusted_servers` about a sender's domain are believed, by the name they sign them with.
    """

    unit: str
    institution: str
    sender: str
    own_addresses: tuple[str, ...]
    it_unit: str
    batch_recipient: str
    corporate_domains: tuple[str, ...]
    kamu_sm_domains: tuple[str, ...]
    trusted_servers: tuple[str, ...] = ()
    # Whether mail without a word of theirs is held, whose `Received` is passed over, where their words stand.
    authentication_required: bool = True
    inner_servers: tuple[str, ...] = ()
    authentication_below_received: bool = False
    answers_per_day: int = 10
    # So many people on lists that others have sent are told of it in a day.
    listed_told_per_day: int = 300
    kamu_sm: str = ""
    # Whose mail releases a list that waits for it, and after how many working days the report asks for it.
    releasers: tuple[str, ...] = ()
    release_within: int = 2
    # Where paper is handed in or posted to, for the cover sheet.
    postal_address: str = ""
    batching: Batching = Batching()
