"""The proofs: check · explain."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from pipeline.commands.options import SETTINGS_FILE, with_settings
from pipeline.domain.cases import is_number
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import BAD_CONFIGURATION, DONE, harmless, machine_words, say
from pipeline.policy.own_files import Memory, own_files
from pipeline.policy.places import Places
from pipeline.policy.policy import policy_from
from pipeline.policy.unread import unread
from pipeline.review.explain import as_json, as_text, explain
from pipeline.review.invented_office import OFFICE
from pipeline.sandbox.scanner.preload import Preload
from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.workers import WorkerPool

if TYPE_CHECKING:
    from pipeline.office.settings import Settings
    from pipeline.review.proving import Defect


@click.command("check")
@with_settings
@click.option(
    "--diff", "with_differences", is_flag=True, help="Birimin kendi dosyalarının farklarını gösterir."
)
def check_command(settings_file: Path, with_differences: bool) -> int:
    """Ayarları, kuralları, dekont düzenlerini ve metinleri sunucuya bağlanmadan denetler."""
    # What an explanation of one mail has no use for is imported where it is used.
    from pipeline.policy.tariff import doubtful, gaps
    from pipeline.review.proving import prove
    from pipeline.review.repricing import price_doubts_in_words

    # A file that somebody has named and that is not there is no reason to look at something else.
    if settings_file.exists() or settings_file != SETTINGS_FILE:
        from pipeline.office.opening import memory_of
        from pipeline.office.settings import load_settings

        settings = load_settings(settings_file)
        office, places, memory = settings.office, settings.places, memory_of(settings.home)
        unusable = _unusable_authorities(settings)
        if not unusable:
            say("checked_settings", file=settings_file)
        if not office.trusted_servers:
            say("checked_senders_unchecked")
        elif not office.authentication_required:
            say("checked_senders_not_required")
    else:
        office, places, memory = OFFICE, Places(), {}
        unusable = []
        say("checked_without_settings", file=settings_file)
    overlooked = _unread_files(places)
    _tell_of_own_files(places, memory, with_differences)
    policy = policy_from(places, office)
    defects = [*unusable, *overlooked, *prove(policy)]
    for defect in defects:
        say(f"doubt_{defect.kind}", where=defect.where, other=defect.other)
    for first, last in gaps(policy.tariff):
        say("checked_gap", first=first, last=last)
    for doubt in price_doubts_in_words(doubtful(policy.tariff)):
        say("checked_price", doubt=doubt)
    if defects:
        say("doubts", count=len(defects))
        return BAD_CONFIGURATION
    say("checked", rules=len(policy.rules), topics=len(policy.topics), layouts=len(policy.layouts))
    return DONE


def _tell_of_own_files(places: Places, memory: Memory, with_differences: bool) -> None:
    """Names the office's own files, and those under which the package's has changed."""
    nobodys = {path for path, _ in unread(places.below(), places.own())}
    for own in own_files(places.below(), places.own(), memory):
        if own.path in nobodys:
            continue
        say(f"own_{own.does}", file=own.path)
        if own.has_moved:
            say("own_moved", file=own.path)
        if with_differences:
            for line in own.lines:
                click.echo(harmless(f"  {line}"))
        if own.taken:
            say("own_taken", file=own.path, count=len(own.taken))
            for line in own.taken if with_differences else ():
                click.echo(harmless(f"   {line}"))


def _unread_files(places: Places) -> list[Defect]:
    """Finds the office's own files that nobody reads, with the path that was likely meant."""
    from pipeline.review.proving import Defect

    return [
        Defect("own_unread_near" if near else "own_unread", str(places.file_of(path)), near)
        for path, near in unread(places.below(), places.own())
    ]


def _unusable_authorities(settings: Settings) -> list[Defect]:
    """Finds the authorities' files in the settings that no connection could be made with."""
    from pipeline.mail.smtp import Untrusted
    from pipeline.mail.wire import trust
    from pipeline.review.proving import Defect

    named = [account.ca_file for account in settings.accounts] + [settings.smtp.ca_file]
    unusable = []
    for file in dict.fromkeys(file for file in named if file):
        try:
            trust("tls", file, Untrusted)
        except Untrusted:
            unusable.append(Defect("ca_file", str(file)))
    return unusable


@click.command("explain")
@click.argument("mails", nargs=-1, required=True, metavar="DOSYA...|NUMARA", type=click.Path(path_type=Path))
@click.option("--json", "as_machine", is_flag=True, help="Programlar için JSON dizisi.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Bu gün gelmiş gibi değerlendir.")
@click.option("--rules", type=click.Path(path_type=Path, file_okay=False), help="Kural klasörü.")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    envvar="NES_INTAKE_SETTINGS",
    help=f"Ayar dosyası; yazılmazsa varsa {SETTINGS_FILE}, yoksa örnek bir birim.",
)
def explain_command(
    mails: tuple[Path, ...],
    as_machine: bool,
    today: datetime | None,
    rules: Path | None,
    settings_file: Path | None,
) -> int:
    """İletileri sırayla, hiçbir şey göndermeden değerlendirir; görüleni ve kararı yazar.

    Dosya yerine bir iletinin (G-…) ya da başvurunun (N-…) numarası yazılırsa kayıtlardan anlatır.
    """
    if is_number(str(mails[0]).upper()):
        return _explain_number(mails, settings_file or SETTINGS_FILE)
    if settings_file is None and SETTINGS_FILE.exists():
        settings_file = SETTINGS_FILE
    if settings_file:
        from pipeline.office.settings import read_settings

        settings = read_settings(settings_file)
        office, zone, places = settings.office, settings.zone, settings.places
    else:
        settings = None
        office, zone, places = OFFICE, ZoneInfo("Europe/Istanbul"), Places()
    if rules:
        places = places.with_changed(rules)
    # What comes with the program was proved before it came, and is by `check`.
    is_as_it_came = places == Places()
    policy = policy_from(places, office, is_proved=lambda _fingerprint: is_as_it_came)
    # One mail is read sooner by a worker that imports what this one needs.
    by_itself = WorkerPool(2, preload=PRELOAD if len(mails) > 1 else Preload())
    with _readers(settings) or by_itself as readers:
        told = explain(mails, policy, readers, zone, _day(today))
    if as_machine:
        click.echo(machine_words([as_json(mail) for mail in told], indent=2))
    else:
        click.echo(harmless("\n".join(as_text(mail, policy) for mail in told)), nl=False)
    return DONE


def _readers(settings: Settings | None) -> AbstractContextManager[Executor] | None:
    """Gives the readers on other machines, where the settings name some."""
    if settings is None or not settings.cluster:
        return None
    from pipeline.office.opening import readers_of

    return readers_of(settings)


def _explain_number(numbers: tuple[Path, ...], settings_file: Path) -> int:
    if len(numbers) > 1:
        raise OperatorFault("number_and_files", number=numbers[0])
    from pipeline.office.opening import opened_ledger, policy_in_force
    from pipeline.office.settings import read_settings
    from pipeline.review.history import tell

    number = str(numbers[0]).upper()
    settings = read_settings(settings_file)
    with opened_ledger(settings) as ledger:
        told = tell(number, ledger, policy_in_force(settings, ledger)[0])
    if not told:
        raise OperatorFault("nothing_known", number=number)
    click.echo(harmless(told), nl=False)
    return DONE


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
