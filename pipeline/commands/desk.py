"""The desk: form-received · off-list · release · import-answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TextIO

import click

from pipeline.acts.acting import Act, version
from pipeline.acts.kamusm_answers import import_answer
from pipeline.acts.off_list import put_back, take_off
from pipeline.acts.releasing import release_list
from pipeline.acts.taking_in import take_in
from pipeline.commands.options import InWords, Written, by_an_official, by_whom, with_settings
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import DONE, SET_ASIDE, say
from pipeline.office.opening import opened
from pipeline.office.settings import load_settings


@click.command("form-received")
@with_settings
@click.argument("cases", nargs=-1)
@click.option(
    "--from",
    "listing",
    type=click.File("r", encoding="utf-8-sig"),
    help="Numaraların yazılı olduğu dosya; - ise klavye ya da barkod okuyucu (bitirmek için Ctrl+D).",
)
@by_whom
def form_received_command(
    settings_file: Path, cases: tuple[str, ...], listing: TextIO | None, by: str
) -> int:
    """Evrakının aslı ulaşan başvuruları (N-…) işler; ödemesi de tamamsa kapatır.

    Numaralardan biri yanlışsa hiçbiri işlenmez, yanlışların hepsi söylenir.
    """
    read = re.split(r"[\s,;]+", listing.read()) if listing else []
    with opened(load_settings(settings_file)) as shop:
        taken = take_in(shop, [*cases, *filter(None, read)], Act(by, "", None))
    say("forms_received", received=len(taken.received), closed=len(taken.closed))
    for number in taken.closed:
        say("form_closes", number=number)
    for number in taken.known:
        say("form_known", number=number)
    return DONE


@click.command("off-list")
@with_settings
@click.argument("number")
@click.argument("word", type=InWords("list_words"))
@by_an_official("Gerekçe; kayıtlara ve gece raporuna yazılır.")
def off_list_command(settings_file: Path, number: str, word: str, because: str, by: str) -> int:
    """Liste bekleyen bir başvuruyu (N-…) listelerin dışında tutar (cikar) ya da geri alır (geri).

    Çıkarılan, geri alınana kadar hiçbir listeye girmez; başvurusu açık kalır, kendisine bir şey yazılmaz.
    """
    number = number.upper()
    done = {"off_list": take_off, "on_list": put_back}[word]
    with opened(load_settings(settings_file)) as shop:
        done(shop, number, Act(by, because, version(shop.ledger, number)))
    say(word, number=number)
    return DONE


@click.command("release")
@with_settings
@click.argument("batch")
@click.option("--by", required=True, type=Written(), envvar="NES_INTAKE_OFFICIAL", help="Onaylayan görevli.")
def release_command(settings_file: Path, batch: str, by: str) -> int:
    """Onay bekleyen bir listeyi (örnek: 2026-11-25/1) Kamu SM'ye gönderir; bir liste bir kez gönderilir."""
    with opened(load_settings(settings_file)) as shop:
        released = release_list(shop, batch, Act(by, "", version(shop.ledger, batch)))
    say("released", batch=batch, count=released.count)
    for number in released.leaving:
        say("released_leaving", number=number)
    return DONE


@click.command("import-answer")
@with_settings
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@by_whom
def import_answer_command(settings_file: Path, file: Path, by: str) -> int:
    """Kamu SM'nin bir listeye yanıtını (.xls, .xlsx, .csv) okur; geri gönderilenlerin sahiplerine yazar."""
    try:
        data = file.read_bytes()
    except OSError as fault:
        raise OperatorFault("no_such_file", file=file, why=fault.strerror) from fault
    with opened(load_settings(settings_file)) as shop:
        imported = import_answer(shop, file.name, data, Act(by, "", version(shop.ledger, "")))
    if imported.is_repeat:
        say("answer_repeated", file=file.name)
        return DONE
    counts = {name: len(getattr(imported, name)) for name in ("accepted", "returned", "known", "left")}
    say("answer_imported", file=file.name, **counts)
    for number in imported.returned:
        say("answer_returned", number=number)
    for row, why in imported.left:
        say(f"answer_left_{why}", place=row.place, number=row.identity_number or "?")
    return SET_ASIDE if imported.left else DONE
