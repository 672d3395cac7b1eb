"""The archive: erase · export · verify · backup · rebuild."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipeline.acts.acting import Act, version
from pipeline.acts.erasing import erase_whom
from pipeline.acts.persons import person_of
from pipeline.commands.options import Written, with_settings
from pipeline.desk.people import People
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.custody import (
    Retention,
    backup,
    broken_links,
    erase,
    export,
)
from pipeline.ledger.home import Home
from pipeline.mail.faults import MailboxFault
from pipeline.office.console import DONE, SET_ASIDE, machine_words, say
from pipeline.office.continuity import codes_outside
from pipeline.office.opening import opened
from pipeline.office.settings import load_settings
from pipeline.office.timekeeping import local
from pipeline.review.rebuild import make_way, rebuild


@click.command("erase")
@with_settings
@click.option("--person", help="Süresi beklenmeden verileri silinecek kişi: N-…, T.C. kimlik no ya da -.")
@click.option("--because", type=Written(), help="Kişinin verileri neden siliniyor; imha kaydına yazılır.")
@click.option("--by", type=Written(), envvar="NES_INTAKE_OFFICIAL", help="Silme kararını veren görevli.")
def erase_command(settings_file: Path, person: str | None, because: str | None, by: str | None) -> int:
    """Saklama süresi dolan verileri siler ve imha kaydı tutar; açık başvurulara dokunmaz.

    --person ile, istek üzerine, bir kişinin bütün verilerini siler; açık başvurularını da.
    """
    settings = load_settings(settings_file)
    kept = Retention(settings.retention.mail_days, settings.retention.case_days)
    if person and not (because and by):
        raise OperatorFault("erase_by")
    with opened(settings) as shop:
        if person:
            act = Act(by or "", because or "", version(shop.ledger, ""))
            gone = erase_whom(shop, _named(person), act)
        else:
            gone = erase(shop.ledger, shop.home, kept, shop.clock())
    what = "erased_person" if person else "erased"
    say(what, mails=gone.mails, transcripts=gone.transcripts, letters=gone.letters, cases=gone.cases)
    return DONE


@click.command("export")
@with_settings
@click.argument("number")
def export_command(settings_file: Path, number: str) -> int:
    """Bir kişi hakkında saklanan her şeyi JSON olarak yazar.

    NUMARA bir başvurunun numarası (N-…), T.C. kimlik no ya da - (numara standart girdiden okunur, böylece
    makinedeki başkaları göremez).
    """
    with opened(load_settings(settings_file)) as shop:
        kept = export(shop.ledger, person_of(shop, _named(number)), shop.clock())
    click.echo(machine_words(kept, indent=2))
    return DONE


def _named(person: str) -> str:
    """Reads who is meant from the standard input where that is asked for: arguments are seen by everybody."""
    return sys.stdin.readline() if person == "-" else person


@click.command("verify")
@with_settings
@click.option("--head", "code", help="Gece raporundaki denetim kodu; kayıtlarda durduğu da doğrulanır.")
def verify_command(settings_file: Path, code: str | None) -> int:
    """Her kaydı, denetim zincirini ve saklanan iletileri doğrular; hiçbir şeyi değiştirmez."""
    settings = load_settings(settings_file)
    with opened(settings) as shop:
        wrong = list(broken_links(shop.ledger, shop.home))
        codes = [code] if code else []
        try:
            outside = codes_outside(shop)
        except MailboxFault:
            outside = []
            say("verify_without_copy")
        for told in outside:
            # A lost ledger took its lines with it; then only a code that somebody asks for is missed.
            at = None if shop.ledger.has_code(told) else shop.ledger.rebuilt_without(told)
            if at:
                say("verify_rebuilt", code=told, at=local(shop, at))
            else:
                codes.append(told)
        lost = [told for told in codes if not shop.ledger.has_code(told)]
    for line in (*wrong, *lost):
        say("broken", what=line)
    if not (wrong or lost):
        say("verified")
        for told in codes:
            say("verified_code", code=told)
    return SET_ASIDE if wrong or lost else DONE


@click.command("backup")
@with_settings
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def backup_command(settings_file: Path, folder: Path) -> int:
    """Kayıt defterini, anahtarı ve saklanan iletileri bir klasöre yedekler."""
    with opened(load_settings(settings_file)) as shop:
        count = backup(shop.ledger, shop.home, folder, shop.clock())
    say("backed_up", count=count, folder=folder)
    return DONE


@click.command("rebuild")
@with_settings
def rebuild_command(settings_file: Path) -> int:
    """Kayıt defterini posta klasörlerinden ve yazı kopyalarından yeniden kurar; hiçbir şey göndermez."""
    settings = load_settings(settings_file)
    home = Home(settings.home)
    with home.lock():
        lost = make_way(home)
    if lost:
        say("rebuilt_set_aside", home=settings.home)
    with opened(settings) as shop:
        rebuilt = rebuild(shop)
        outcomes = shop.policy.texts.words["outcomes"]
    for number, then, now in rebuilt.differing:
        say("rebuilt_differs", number=number, then=outcomes[then], now=outcomes[now])
    for name, count in rebuilt.strangers.items():
        say("rebuilt_strangers", batch=name, count=count)
    if rebuilt.not_again:
        say("rebuilt_not_again", numbers=", ".join(dict.fromkeys(rebuilt.not_again)))
    if rebuilt.unproved:
        say("rebuilt_unproved", count=len(rebuilt.unproved))
    if rebuilt.outcome_unknown:
        say("rebuilt_in_doubt", count=rebuilt.outcome_unknown)
    if kept := People(home).kept:
        say("rebuilt_people", people=", ".join(sorted(kept)))
    if not settings.sent_copies:
        say("rebuilt_without_evidence", assumed=rebuilt.assumed)
    say(
        "rebuilt",
        mails=rebuilt.mails,
        known=rebuilt.known,
        letters=rebuilt.letters,
        lists=rebuilt.lists,
        nights=rebuilt.nights,
        settled=rebuilt.settled,
    )
    return DONE if rebuilt.is_whole else SET_ASIDE
