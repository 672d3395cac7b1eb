"""What is kept can be shown to be whole, handed out, backed up, and is gone when its time is over."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.adapters.custody import Retention, backup, broken_links, erase, export
from pipeline.adapters.home import Home
from pipeline.adapters.ledger import Ledger
from pipeline.faults import OperatorFault
from tests.house import MORNING, NIGHT, House

HALF_A_YEAR = Retention(mail_days=180, case_days=730)
LIST_AND_RECEIPT = ("accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt")


@pytest.fixture
def settled(house: House) -> House:
    """A house after a day with a list, its receipt, a returned and a held mail, and its night."""
    first, second = (sorted((p.parent).glob("*.eml")) for p in [Path("x")] * 2) if False else ((), ())
    assert not first
    assert not second
    folder = house_fixture("accepted/list-then-receipt")
    house.deliver(folder[0])
    house.poll()
    house.deliver(folder[1], "returned/bad-identity-number", "held/foreigner-99")
    house.poll(MORNING + timedelta(hours=1))
    house.nightly()
    return house
