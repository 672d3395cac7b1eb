"""Deciding what waits: settle · amend."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, cast

import click

from pipeline.acts.acting import Act, version
from pipeline.acts.amending import amend
from pipeline.acts.putting_off import assign, deal_with, wait
from pipeline.acts.settling import Word, meant, settle
from pipeline.acts.standing import Happening, Until
from pipeline.commands.options import InWords, by_an_official, with_settings
from pipeline.domain.claims import Verb
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import fold
from pipeline.ledger.desk import is_set_aside
from pipeline.office.console import DONE, say, words
from pipeline.office.opening import opened
from pipeline.office.settings import load_settings


class _Correction(InWords):
    """A value with the name of its field before it: tutar=1.450,00."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Gives field and value (called by click)."""
        name, _, read = str(value).partition("=")
        return super().convert(name, param, ctx), read


@click.command("settle")
@with_settings
@click.argument("number")
@click.argument("word", type=InWords("verbs"))
@click.option("--text", default="", help="Gönderenin okuyacağı gerekçe ya da yanıt; yoksa gerekçe yazılır.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d", "%d.%m.%Y"]), help="beklet: hangi güne kadar.")
@click.option("--event", type=InWords("happenings"), help="beklet: neye kadar; liste, dekont ya da ileti.")
@click.option(
    "--to", "desk", default="", help="baskasina: kime ya da hangi masaya; herkese açmak için herkes."
)
@by_an_official("Gerekçe; iade edilirse gönderene de yazılır.")
def settle_command(
    settings_file: Path,
    number: str,
    word: str,
    text: str,
    until: datetime | None,
    event: str | None,
    desk: str,
    because: str,
    by: str,
) -> int:
    """Bekleyen bir iletiyi görevli kararıyla kapatır; NUMARA iletinin (G-…) ya da başvurunun (N-…).

    G-… iletide bekleyen her şeyi, G-…/2 yalnız ikinci sıradakini, N-… yalnız o başvuruyu sonuçlandırır;
    gerisi beklemeyi sürdürür. SÖZ: kabul, iade, yanitlandi, beklet ya da baskasina. Ayrılan bir iletiyle
    ilgilendiğinizi de yanitlandi ile yazarsınız.
    """
    verb = Verb(word)
    is_open = False
    with opened(load_settings(settings_file)) as shop:
        if verb is Verb.ANSWER and is_set_aside(shop.ledger, number.upper()):
            deal_with(shop, number.upper(), Act(by, because, version(shop.ledger, number.upper())))
            say("settled_dealt", number=number.upper())
            return DONE
        held, claims = meant(shop, number)
        act = Act(by, because, version(shop.ledger, held.number))
        if verb is Verb.WAIT:
            day = until.date() if until else None
            wait(shop, held.number, claims, Until(day, cast("Happening", event or "")), act)
        elif verb is Verb.ASSIGN:
            assign(shop, held.number, claims, _whose(desk), act)
        else:
            done = settle(shop, held.number, [Word(claim, verb, text) for claim in claims or (0,)], act)
            is_open = done.is_open
            if done.proposed:
                say("settled_proposed", number=number.upper())
                return DONE
    say(f"settled_{verb}", number=number.upper())
    if is_open:
        say("settled_rest", number=held.number)
    return DONE


def _whose(desk: str) -> str:
    """Reads to whom something goes, "" for everybody; raises OperatorFault where nobody is named."""
    if not desk.strip():
        raise OperatorFault("assign_to_nobody", everybody=words()["says"]["everybody"])
    return "" if fold(desk) == fold(words()["says"]["everybody"]) else desk


@click.command("amend")
@with_settings
@click.argument("number")
@click.argument("values", nargs=-1, required=True, type=_Correction("readings"))
@by_an_official("Neye bakıldığı (örnek: sayfanın aslı); kayıtlara yazılır.")
def amend_command(
    settings_file: Path, number: str, values: tuple[tuple[str, str], ...], because: str, by: str
) -> int:
    """Okunamayan ya da yanlış okunan değeri görevlinin sayfada gördüğüyle tamamlar; NUMARA G-…/2 gibi.

    Değerler tutar=1.450,00 gun=13.05.2026 gibi yazılır; aynı kurallar yeniden bakar, karar ayrıca verilir.
    """
    with opened(load_settings(settings_file)) as shop:
        held, claims = meant(shop, number)
        if len(claims) != 1:
            raise OperatorFault("amend_which", number=number.upper())
        act = Act(by, because, version(shop.ledger, held.number))
        judgement = amend(shop, held.number, claims[0], dict(values), act)
    say("amended", number=number.upper())
    for finding in judgement.claim.findings:
        say("amended_finding", say=finding.say)
    if not judgement.claim.findings:
        say("amended_clear")
    return DONE
