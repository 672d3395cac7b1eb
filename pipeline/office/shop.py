"""shop: what every run works with: the open house, the run's own line, letters, connections."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Ledger
from pipeline.ledger.figures import figures_of
from pipeline.ledger.home import Home, write_whole
from pipeline.ledger.in_force import InForce, work_under
from pipeline.ledger.metrics import as_text
from pipeline.mail.imap import ImapAccount
from pipeline.mail.smtp import SmtpAccount
from pipeline.office.outbox import Route, post_due
from pipeline.office.sitting import Sitting
from pipeline.policy.policy import Policy

if TYPE_CHECKING:
    from pipeline.office.settings import Account, Settings

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything a run works with: settings, policy, home, ledger, readers and a clock (aware, UTC)."""

    settings: Settings
    policy: Policy
    home: Home
    ledger: Ledger
    readers: Executor
    clock: Clock
    # Whether somebody wants this process to end: the effect at hand is finished, and the rest left for later.
    is_over: Callable[[], bool] = lambda: False
    # Why the rules and texts that the settings name are not in force, but those before them.
    refused: OperatorFault | None = None

    def goes_on(self, _next: object) -> bool:
        """Tells whether there is time for one thing more."""
        return not self.is_over()

    def today(self) -> date:
        """Gives the local day."""
        return self.clock().astimezone(self.settings.zone).date()

    def sitting(self, at: datetime | None = None) -> Sitting:
        """Gives what is decided with, as of now, or of a moment that comes again."""
        now = at or self.clock()
        day = now.astimezone(self.settings.zone).date()
        return Sitting(self.ledger, self.policy, self.readers, now, day)


def at_work(shop: Shop) -> Shop:
    """Has the ledger keep by which rules, texts and settings it is written from now on."""
    now = InForce(shop.policy.fingerprint, shop.settings.practice, version("nes-intake"))
    work_under(shop.ledger, now, shop.policy.files, shop.clock())
    return shop


# --- the run -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Run:
    """One run of a command, written into the ledger with the first thing it has to write."""

    shop: Shop
    command: str
    begun_at: datetime
    noted: int = 0

    def note(self) -> int:
        """Gives the run's number, noting the run where that has not been done."""
        self.noted = self.noted or self.shop.ledger.begin_run(self.command, self.begun_at)
        return self.noted

    def end(self, outcome: str) -> None:
        """Notes how the run ended, where there is a run to speak of."""
        if self.noted:
            self.shop.ledger.end_run(self.noted, self.shop.clock(), outcome)


@contextmanager
def a_run(shop: Shop, command: str) -> Iterator[Run]:
    """Notes how a run ended, where it had anything to note.

    Raises OperatorFault on a home that mail has passed by: what went out since is not in it.
    """
    if refusal := shop.home.refusal:
        raise refusal
    run = Run(shop, command, shop.clock())
    try:
        yield run
    except Exception as fault:
        run.end(type(fault).__name__)
        raise
    run.end("done")


@contextmanager
def measured(shop: Shop) -> Iterator[None]:
    """Writes the figures for a monitoring system after a run, however it ended.

    Where nothing has changed since they were written, only the file's time is: a collector tells by it that
    the service lives.
    """
    try:
        yield
    finally:
        # Figures that cannot be written are no reason to lose a run; a full disk is told of elsewhere.
        with suppress(OSError, sqlite3.Error):
            file = shop.settings.metrics_file
            if shop.home.is_restored or _is_behind(file, shop.home.ledger_file):
                # A collector is another user; in the home nothing is for others.
                mode = 0o644 if shop.settings.monitoring.metrics_file else 0o600
                figures = figures_of(shop.ledger, shop.home.refused_at)
                told = as_text(figures, version("nes-intake"), shop.settings.office_name)
                write_whole(file, told, mode)
            else:
                file.touch()


def _is_behind(file: Path, ledger: Path) -> bool:
    return not file.exists() or file.stat().st_mtime_ns <= ledger.stat().st_mtime_ns


# --- letters -----------------------------------------------------------------------------------


def post_letters(shop: Shop, is_enough: Callable[[], bool] = lambda: False) -> int:
    """Posts every letter that is due, or until it is enough for now; gives how many went out."""
    addresses = shop.settings.addresses
    kept = shop.settings.sent_copies
    copies = (kept.address,) if kept else ()
    route = Route(smtp_account(shop.settings), addresses.bounces or addresses.own, copies)
    return post_due(shop.ledger, route, shop.clock, shop.goes_on, is_enough)


# --- connections -------------------------------------------------------------------------------


def imap_account(account: Account) -> ImapAccount:
    """Gives what a mailbox is opened with, its password read anew."""
    return ImapAccount(
        name=account.name,
        host=account.host,
        port=account.port,
        security=account.security,
        user=account.user,
        password=account.password.reveal(),
        folder=account.folder,
        timeout_seconds=account.timeout_seconds,
        ca_file=account.ca_file,
    )


def smtp_account(settings: Settings) -> SmtpAccount:
    """Gives what letters are handed in with, the password read anew."""
    smtp = settings.smtp
    return SmtpAccount(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        user=smtp.user,
        password=smtp.password.reveal() if smtp.password else None,
        timeout_seconds=smtp.timeout_seconds,
        ca_file=smtp.ca_file,
    )
