"""Ours, as a program of its own that can be killed.

`python -m benchmarks.peers.ours hear|poll PORT USER PASSWORD SMTP_PORT FOLDER`
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.mailroom import shop_for
from pipeline.intake.runs import hear, poll
from pipeline.office.shop import Run
from pipeline.office.watch import Watch

# Where the copies of our letters go, as the office manual has it.
COPIES = "kopya@saglik.example.org"


def main() -> None:
    """Hears the mailbox, or works through it to the last answer."""
    what, port, user, password, smtp_port, folder = sys.argv[1:]
    box: Any = SimpleNamespace(user=user, password=password, server=SimpleNamespace(port=int(port)))
    smtp: Any = SimpleNamespace(port=int(smtp_port))
    since, evidence = (
        date.today() - timedelta(days=1),
        {"address": COPIES, "account": "olcum", "folder": "Kopya"},
    )
    with shop_for(Path(folder), box, smtp, since, 100_000, evidence=evidence) as shop:
        if what == "hear":
            hear(shop, shop.settings.accounts[0], Run(shop, "poll", shop.clock()), Watch(shop))
        else:
            poll(shop)


if __name__ == "__main__":
    main()
