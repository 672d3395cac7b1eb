"""The desk in a browser: desk · desk user."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from pipeline.commands.options import with_settings, with_settings_here_too
from pipeline.desk.counter import Counter
from pipeline.desk.people import People, Person, Role, is_name
from pipeline.desk.proofs import LEAST_LETTERS, address_of, hashed, new_secret
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Ledger
from pipeline.ledger.home import Home
from pipeline.ledger.trail import note_act
from pipeline.office.console import DONE, say, words
from pipeline.office.opening import policy_to_look_by
from pipeline.office.settings import Settings, load_settings
from pipeline.office.shop import Clock
from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.workers import WorkerPool

# A run that is on ends before the desk opens.
_PATIENCE_SECONDS = 60.0


@click.group("desk", invoke_without_command=True)
@with_settings
@click.pass_context
def desk_command(context: click.Context, settings_file: Path) -> int:
    """Görevlilerin masasını tarayıcıda açar: bekleyenler, kişiler, evrak, listeler.

    Kullanıcılar: desk user add AD ROL, desk user list, desk user remove AD, desk user take-back AD…
    """
    context.obj = settings_file
    if context.invoked_subcommand is None:
        _sit(load_settings(settings_file), lambda: datetime.now(UTC))
    return DONE


def sit_in_the_demo(settings: Settings, at: datetime) -> None:
    """Opens the desk of the demo's home, for whoever logs in by the name that is told, as if it were then."""
    with _changing(settings) as (people, _):
        people.put(Person("demo", Role.ADMINISTRATOR, hashed("demo")))
    say("desk_demo", who="demo", password="demo")
    began = time.monotonic()
    _sit(settings, lambda: at + timedelta(seconds=time.monotonic() - began))


def _sit(settings: Settings, clock: Clock) -> None:
    try:
        from pipeline.desk.door import sit
    except ModuleNotFoundError as fault:
        if (fault.name or "").startswith("pipeline"):
            raise
        raise OperatorFault("desk_missing") from fault
    home = Home(settings.home)
    with home.lock(_PATIENCE_SECONDS):
        # What only looks later may begin no ledger.
        Ledger.open(home.ledger_file, home.key).close()
    # The workers first: they may not enter the home.
    with WorkerPool(settings.budget.workers, preload=PRELOAD) as readers:
        counter = Counter(settings, lambda: policy_to_look_by(settings), readers, clock)
        if not People(counter.home).all():
            say("desk_nobody")
        sit(counter, lambda address: say("desk_ready", url=address))


@desk_command.group("user")
def user_command() -> None:
    """Masada oturabilecekleri ekler, gösterir, çıkarır."""


@user_command.command("add")
@with_settings_here_too
@click.argument("name")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.pass_obj
def add_command(settings_file: Path, name: str, role: str) -> int:
    """Bir görevli ekler ya da rolünü, parolasını değiştirir.

    reader yalnız bakar, clerk karar verir, releaser listeyi onaylar, administrator kuralları değiştirir.
    Kimliği kurumun vekil sunucusu söylüyorsa (desk.user_header) parola sorulmaz.
    """
    if not is_name(name):
        raise OperatorFault("desk_name", who=name)
    settings = load_settings(settings_file)
    person = Person(name, Role(role))
    if not settings.desk.user_header:
        person = Person(name, Role(role), hashed(_password()), new_secret())
    with _changing(settings) as (people, ledger):
        people.put(person)
        note_act(ledger, datetime.now(UTC), f"desk user added as {role}", name)
    say("desk_added", who=name)
    if person.second:
        say("desk_second", url=address_of(person.second, name, "nes-intake"), secret=person.second)
    return DONE


def _password() -> str:
    asked = words()["says"]
    password: str = click.prompt(asked["desk_password"], hide_input=True)
    again: str = click.prompt(asked["desk_password_again"], hide_input=True)
    if password != again:
        raise OperatorFault("desk_passwords_differ")
    if len(password) < LEAST_LETTERS:
        raise OperatorFault("desk_password_short", least=LEAST_LETTERS)
    return password


@user_command.command("list")
@with_settings_here_too
@click.pass_obj
def list_command(settings_file: Path) -> int:
    """Masada oturabilecekleri gösterir."""
    people = People(Home(load_settings(settings_file).home)).all()
    for name, person in sorted(people.items()):
        say("desk_person", who=name, role=person.role, how="parola" if person.password else "vekil")
    return DONE


@user_command.command("remove")
@with_settings_here_too
@click.argument("name")
@click.pass_obj
def remove_command(settings_file: Path, name: str) -> int:
    """Bir görevliyi çıkarır; açık oturumu da o anda kapanır."""
    with _changing(load_settings(settings_file)) as (people, ledger):
        if people.named(name) is None:
            raise OperatorFault("desk_nobody_so_called", who=name)
        people.remove(name)
        note_act(ledger, datetime.now(UTC), "desk user removed", name)
    say("desk_removed", who=name)
    return DONE


@user_command.command("take-back")
@with_settings_here_too
@click.argument("names", nargs=-1)
@click.pass_obj
def take_back_command(settings_file: Path, names: tuple[str, ...]) -> int:
    """Yedekten dönen görevlileri adlarıyla geri alır; ad verilmezse kimlerin beklediğini gösterir.

    Parolaları ve doğrulama kodları yedeğin alındığı günkü gibidir. O günden sonra ayrılanları almayınız.
    """
    with _changing(load_settings(settings_file)) as (people, ledger):
        kept = people.kept
        for name in names:
            if name not in kept:
                raise OperatorFault("desk_nobody_kept", who=name)
        if names:
            people.take_back(names)
        for name in names:
            note_act(ledger, datetime.now(UTC), f"desk user taken back as {kept[name].role}", name)
    for name in names:
        say("desk_added", who=name)
    for name, person in sorted(kept.items()):
        if name not in names:
            say("desk_kept", who=name, role=person.role)
    return DONE


@contextmanager
def _changing(settings: Settings) -> Iterator[tuple[People, Ledger]]:
    home = Home(settings.home)
    with home.lock(_PATIENCE_SECONDS):
        ledger = Ledger.open(home.ledger_file, home.key)
        try:
            yield People(home), ledger
        finally:
            ledger.close()
