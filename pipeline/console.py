"""console: what every command needs: settings, the opened shop, sentences from reports/terminal.toml."""

from __future__ import annotations

import signal
import sqlite3
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, cast

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipeline.adapters.home import Home
from pipeline.adapters.init_system import is_journal
from pipeline.adapters.isolation import WorkerPool
from pipeline.adapters.ledger import Ledger
from pipeline.adapters.mailbox import MailboxFault
from pipeline.adapters.postman import PostmanFault
from pipeline.adapters.scanner.scan import PRELOAD
from pipeline.emergency import call_for_help, give_all_clear
from pipeline.faults import OperatorFault, origin
from pipeline.policy import REPORTS, Policy, load_policy
from pipeline.settings import Settings
from pipeline.shop import Shop, at_work
from pipeline.turkish import masked

P = ParamSpec("P")

# What a later run may find right again.
WORLDLY = (MailboxFault, PostmanFault, OSError, sqlite3.OperationalError)
DONE, SET_ASIDE, WRONG_COMMAND, TRY_LATER, BAD_CONFIGURATION = 0, 1, 64, 75, 78
SETTINGS_FILE = Path("/etc/nes-intake/settings.toml")


def words() -> Mapping[str, Any]:
    """Reads what the terminal says; from the package's own reports, for settings may be what is wrong."""
    return tomllib.loads((REPORTS / "terminal.toml").read_text(encoding="utf-8"))


def sentence(fault: OperatorFault) -> str:
    """Puts an operator's fault into one Turkish sentence that says what to do."""
    told = words()
    details = {**fault.details}
    kind, key = str(details.get("kind", "")), str(details.get("key", ""))
    if kind == "value_error":
        kind = str(details.get("why", "")).removeprefix("Value error, ")
    details["kind_words"] = told["kinds"].get(kind, told["kinds"]["other"]).format()
    if kind in told["places"]:
        key = details["key"] = told["places"][kind]
    if wrong := details.get("wrong"):
        pairs = cast("list[tuple[str, str]]", wrong)
        details["lines"] = "\n".join(f"  {number}: {told['wrong_cases'][why]}" for number, why in pairs)
    plain_key = ".".join(part for part in key.split(".") if not part.isdigit())
    details["hint"] = told["hints"].get(plain_key, told["hints"]["other"]).format()
    return str(told["faults"][fault.name]).format(**details)


def say(name: str, **values: object) -> None:
    """Prints one line of reports/terminal.toml; into the journal with what it tells, for programs to find."""
    told = str(words()["says"][name]).format(**values)
    if is_journal(1):
        told = f"<6>{told} [{name}{''.join(f' {key}={value}' for key, value in values.items())}]"
    click.echo(told)


def complain(told: str) -> None:
    """Prints what is wrong; into the journal as an error."""
    click.echo(f"<3>{told}" if is_journal(2) else told, err=True)


def with_settings(command: Callable[P, int]) -> Callable[P, int]:
    """Gives a command the --settings option."""
    option = click.option(
        "--settings",
        "settings_file",
        type=click.Path(path_type=Path),
        default=SETTINGS_FILE,
        show_default=True,
        envvar="NES_INTAKE_SETTINGS",
        help="Ayar dosyası.",
    )
    return cast("Callable[P, int]", option(wraps(command)(command)))


def by_an_official(because: str) -> Callable[[Callable[P, int]], Callable[P, int]]:
    """Gives a command the options --because, with what its help says of it, and --by."""
    reason = click.option("--because", required=True, help=because)
    official = click.option("--by", required=True, envvar="NES_INTAKE_OFFICIAL", help="Kararı veren görevli.")
    return lambda command: reason(official(command))


def policy_of(settings: Settings) -> Policy:
    """Loads the rules and texts that the settings name."""
    return load_policy(settings.rules, settings.reports, settings.office)


@contextmanager
def opened_ledger(settings: Settings) -> Iterator[Ledger]:
    """Opens the ledger alone, to look into it beside a run."""
    home = Home(settings.home)
    ledger = Ledger.open(home.ledger_file, home.key)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def opened(settings: Settings) -> Iterator[Shop]:
    """Opens everything a run works with, under the home's lock, and closes it again."""
    policy = policy_of(settings)
    home = Home(settings.home)
    # The workers first: they may not enter the home, and have their own place elsewhere.
    with home.lock(), WorkerPool(settings.budget.workers, preload=PRELOAD) as readers, home.scratch():
        try:
            ledger = Ledger.open(home.ledger_file, home.key)
        except OperatorFault as fault:
            call_for_help(settings, policy, home, fault, datetime.now(UTC))
            raise
        try:
            shop = at_work(Shop(settings, policy, home, ledger, readers, lambda: datetime.now(UTC)))
            give_all_clear(shop)
            yield shop
        finally:
            ledger.close()


def heeding(shop: Shop) -> Shop:
    """Has SIGTERM end the run after the effect at hand, not in the middle of it."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    return replace(shop, is_over=over.is_set)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Shows progress on a terminal; under cron nothing moves and nothing is printed."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words()["says"]["progress_judge"], total=None)
        yield lambda _step, done, total: bar.update(task, completed=done, total=total)


def trouble(fault: BaseException) -> str:
    """Puts any fault into a sentence for the terminal."""
    if isinstance(fault, OperatorFault):
        return sentence(fault)
    return worldly(fault) if isinstance(fault, WORLDLY) else ours(fault)


def worldly(fault: BaseException) -> str:
    """Puts the world's fault into a Turkish sentence, with what the server or the system said behind it."""
    told = words()
    turkish = told["connections"].get(getattr(fault, "name", ""), told["connections"]["other"])
    # A server may say back to us what a mail says; only the system's own words are surely about no mail.
    if isinstance(fault, OSError):
        detail = f"{fault.strerror or origin(fault)} {fault.filename or ''}".strip()
    else:
        detail = masked(str(fault))
    return str(told["says"]["world"]).format(turkish=turkish, detail=detail)


def ours(fault: BaseException) -> str:
    """Puts a fault of ours into a Turkish sentence: where it is and not what it says."""
    return str(words()["says"]["ours"]).format(where=origin(fault))
