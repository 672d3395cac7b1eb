"""opening: settings → the opened shop, under the home's lock; or the ledger alone, to look into."""

from __future__ import annotations

import gc
import hashlib
import json
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.faults import OperatorFault
from pipeline.domain.troubles import Trouble
from pipeline.ledger.book import Ledger
from pipeline.ledger.home import LEDGER, Home, write_whole
from pipeline.ledger.in_force import in_force, policy_files
from pipeline.office.emergency import call_for_help, give_all_clear
from pipeline.office.glance import state_of_program
from pipeline.office.shop import Shop, at_work
from pipeline.policy.own_files import Memory, remembered
from pipeline.policy.places import Places
from pipeline.policy.policy import Policy, policy_from, policy_of_files
from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.workers import WorkerPool

if TYPE_CHECKING:
    from pipeline.office.settings import Settings

# Holds which rules and texts were proved last.
_PROVED = "proved"
# ... and which of the package's files the office's own took the place of.
_REPLACED = "replaced"
# What this process has loaded, by the bytes of every file and by the office. A service has one, or the one
# before a change and the one behind it.
_LOADED: dict[tuple[str, str], Policy] = {}
_MOST_LOADED = 4


def policy_of(settings: Settings) -> Policy:
    """Loads the rules and texts that the settings name; changes nothing.

    What a run of this very program has proved for this office, by the bytes of every file, is not proved
    again; what this process has loaded, not loaded again. `check` proves everything, every time.
    """
    office = repr(settings.office)
    policy = policy_from(
        settings.places,
        settings.office,
        is_proved=lambda fingerprint: _proved(settings.home) == _seal(settings, fingerprint),
        known=lambda fingerprint: _LOADED.get((fingerprint, office)),
    )
    if (policy.fingerprint, office) not in _LOADED:
        if len(_LOADED) >= _MOST_LOADED:
            _LOADED.clear()
        _LOADED[policy.fingerprint, office] = policy
    return policy


def _proved(home: Path) -> str:
    # What is not there, or cannot be read, has proved nothing.
    try:
        return (home / _PROVED).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _seal(settings: Settings, fingerprint: str) -> str:
    told = f"{fingerprint} {state_of_program()} {settings.office!r}"
    return hashlib.sha256(told.encode()).hexdigest()


def _note_proof(settings: Settings, home: Home, policy: Policy) -> None:
    seal = _seal(settings, policy.fingerprint)
    if _proved(settings.home) != seal:
        # Where it cannot be written, everything is proved again the next time.
        with suppress(OSError):
            write_whole(home.folder / _PROVED, seal, 0o600)


@contextmanager
def opened_ledger(settings: Settings) -> Iterator[Ledger]:
    """Opens the ledger alone, to look into it beside a run."""
    home = Home(settings.home)
    ledger = Ledger.open(home.ledger_file, home.key)
    try:
        yield ledger
    finally:
        ledger.close()


def policy_in_force(settings: Settings, ledger: Ledger) -> tuple[Policy, OperatorFault | None]:
    """Gives the policy that the settings name; or the last good one, and why that is not in force.

    What an official has changed wrongly must not stop the service. Raises OperatorFault where nothing was in
    force before, or this program cannot prove it any more.
    """
    try:
        return policy_of(settings), None
    except OperatorFault as fault:
        return _last_good(settings, ledger, fault), fault


def policy_to_look_by(settings: Settings) -> Policy:
    """Gives the policy in force to who only looks, and holds no ledger open."""
    try:
        return policy_of(settings)
    except OperatorFault:
        if not (settings.home / LEDGER).exists():
            raise
    with opened_ledger(settings) as ledger:
        return policy_in_force(settings, ledger)[0]


def _last_good(settings: Settings, ledger: Ledger, refused: OperatorFault) -> Policy:
    last = in_force(ledger)
    files = policy_files(ledger, last.policy) if last else None
    if files is None:
        raise refused
    try:
        return policy_of_files(files, settings.office)
    except OperatorFault:
        raise refused from None


def _last_good_or_tell(settings: Settings, ledger: Ledger, refused: OperatorFault) -> Policy:
    """Gives the last good policy; where an upgrade left none, tells the unit in the program's words."""
    try:
        return _last_good(settings, ledger, refused)
    except OperatorFault:
        now = datetime.now(UTC)
        with suppress(OperatorFault):
            ours = policy_from(Places(), settings.office)
            call_for_help(settings, ours, Home(settings.home), Trouble("policy", "stands_still", now, now))
        raise


def readers_of(settings: Settings) -> AbstractContextManager[Executor]:
    """Gives who opens strangers' files: processes of this machine, or others' with these behind them."""
    if settings.cluster is None:
        return WorkerPool(settings.budget.workers, preload=PRELOAD)
    from pipeline.sandbox.cluster.far import far_readers

    return far_readers(settings.cluster, settings.budget.workers)


# An act at the desk holds the home for a moment, and no night is to be lost over it.
_PATIENCE_SECONDS = 3.0


@contextmanager
def opened(settings: Settings) -> Iterator[Shop]:
    """Opens everything a run works with, under the home's lock, and closes it again."""
    try:
        policy, refused = policy_of(settings), None
    except OperatorFault as fault:
        policy, refused = None, fault
        if not (settings.home / LEDGER).exists():
            raise
    home = Home(settings.home)
    # The workers first: they may not enter the home, and have their own place elsewhere.
    with (
        home.lock(_PATIENCE_SECONDS),
        readers_of(settings) as readers,
        home.scratch(),
    ):
        try:
            ledger = Ledger.open(home.ledger_file, home.key)
        except OperatorFault as fault:
            if policy:
                now = datetime.now(UTC)
                call_for_help(settings, policy, home, Trouble("ledger", fault.name, now, now))
            raise
        try:
            if policy is None:
                assert refused
                policy = _last_good_or_tell(settings, ledger, refused)
            else:
                _note_proof(settings, home, policy)
                remember_own_files(home, settings.places)
            shop = Shop(settings, policy, home, ledger, readers, lambda: datetime.now(UTC), refused=refused)
            at_work(shop)
            leave_out_of_collections()
            give_all_clear(shop)
            yield shop
        finally:
            ledger.close()


def leave_out_of_collections() -> None:
    """Keeps the garbage collector from the program, rules and texts: looking through them takes 80 ms a time.

    Once in a process: what is garbage at that moment is never collected.
    """
    if not gc.get_freeze_count():
        gc.freeze()


def remember_own_files(home: Home, places: Places) -> None:
    """Writes down which files of the package the office's own lie over, to know when one moves underneath."""
    before = memory_of(home.folder)
    now = remembered(places.below(), places.own(), before)
    if now != before:
        home.write_down(_REPLACED, json.dumps(now))


def memory_of(home: Path) -> Memory:
    """Reads what the office's own files lay over; nothing where it was never written down."""
    try:
        told = json.loads((home / _REPLACED).read_text(encoding="utf-8"))
        return {path: (own, below) for path, (own, below) in told.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def heeding(shop: Shop) -> Shop:
    """Has SIGTERM end the run after the effect at hand, not in the middle of it."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    return replace(shop, is_over=over.is_set)
