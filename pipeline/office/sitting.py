"""sitting: what decisions are made with, as of one moment."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.ledger.book import Ledger
from pipeline.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Sitting:
    """The ledger, the rules, whoever reads files, and when it is decided: `now` (aware) and the local day."""

    ledger: Ledger
    policy: Policy
    readers: Executor
    now: datetime
    today: date
