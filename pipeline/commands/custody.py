"""The archive: erase · export · verify · backup · rebuild."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.adapters.custody import Retention, backup, broken_links, erase, export
from pipeline.console import DONE, SET_ASIDE, opened, say, with_settings
from pipeline.rebuild import rebuild
from pipeline.settings import load_settings


@click.command("erase")
@with_settings
def erase_command(settings_file: Path) -> int:
    """Saklama süresi dolan verileri siler ve imha kaydı tutar; açık başvurulara dokunmaz."""
    settings = load_settings(settings_file)
    kept = Retention(settings.retention.mail_days, settings.retention.case_days)
    with opened(settings) as shop:
        gone = erase(shop.ledger, shop.home, kept, shop.clock())
    say("erased", mails=gone.mails, transcripts=gone.transcripts, letters=gone.letters, cases=gone.cases)
    return DONE


@click.command("export")
@with_settings
@click.argument("number")
def export_command(settings_file: Path, number: str) -> int:
    """Bir kişi hakkında saklanan her şeyi JSON olarak yazar; kişi başvuru numarasıyla (N-…) seçilir."""
    with opened(load_settings(settings_file)) as shop:
        kept = export(shop.ledger, number.upper(), shop.clock())
    click.echo(json.dumps(kept, ensure_ascii=False, indent=2))
    return DONE


@click.command("verify")
@with_settings
def verify_command(settings_file: Path) -> int:
    """Denetim zincirini ve saklanan iletileri doğrular; hiçbir şeyi değiştirmez."""
    with opened(load_settings(settings_file)) as shop:
        wrong = broken_links(shop.ledger, shop.home)
    for line in wrong:
        say("broken", what=line)
    if not wrong:
        say("verified")
    return SET_ASIDE if wrong else DONE


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
    with opened(settings) as shop:
        rebuilt = rebuild(shop)
        outcomes = shop.policy.texts.words["outcomes"]
    for number, then, now in rebuilt.differing:
        say("rebuilt_differs", number=number, then=outcomes[then], now=outcomes[now])
    for name, count in rebuilt.strangers.items():
        say("rebuilt_strangers", batch=name, count=count)
    if rebuilt.in_doubt:
        say("rebuilt_in_doubt", count=rebuilt.in_doubt)
    if not settings.evidence:
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
