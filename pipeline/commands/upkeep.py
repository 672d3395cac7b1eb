"""The year's upkeep: tariff · rejudge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from pipeline.acts.acting import Act, version
from pipeline.commands.options import Written, by_whom, with_settings
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import quotable
from pipeline.ledger.home import LEDGER
from pipeline.office.console import DONE, SET_ASIDE, say, words
from pipeline.office.opening import opened, policy_of
from pipeline.office.settings import load_settings
from pipeline.policy.new_price import Period, day_of
from pipeline.policy.policy import Policy
from pipeline.review.changing import put_in_force, write
from pipeline.review.rejudging import Again, accept_again, judged_again
from pipeline.review.repricing import new_prices, price_doubts_in_words


@click.group("tariff")
def tariff_command() -> None:
    """Tarifeye yeni dönem ekler."""


@click.command("add")
@with_settings
@click.argument("first", metavar="GÜN")
@click.option("--nes", required=True, help="3 yıllık NES'in fiyatı, KDV dahil (örnek: 1450,00).")
@click.option("--reader", required=True, help="Mini kart okuyucunun fiyatı, KDV dahil.")
@click.option("--until", "last", help="Son gün; yazılmazsa ilk günün yılının son günü.")
@click.option("--grace-days", default=7, show_default=True, help="Önceki fiyatın da geçtiği gün sayısı.")
@click.option("--sure", "is_sure", is_flag=True, help="Şaşırtıcı bir fiyat gerçekten böyleyse.")
@by_whom
def tariff_add_command(settings_file: Path, first: str, last: str | None, by: str, **typed: Any) -> int:
    """Başlangıcı GÜN olan fiyatları ekler, önceki dönemi kapatır, neyin değişeceğini söyler."""
    settings = load_settings(settings_file)
    begins = day_of("GÜN", first)
    ends = day_of("--until", last) if last else date(begins.year, 12, 31)
    period = Period(begins, ends, typed["nes"], typed["reader"], typed["grace_days"])
    prices = new_prices(settings, policy_of(settings), period)
    if prices.doubts and not typed["is_sure"]:
        raise OperatorFault("tariff_doubtful", says=price_doubts_in_words(prices.doubts))
    found: Sequence[Again] = ()
    if (settings.home / LEDGER).exists():
        with opened(settings) as shop:
            found = judged_again(shop, prices.policy)
            path = prices.change.path
            target = put_in_force(shop, prices.change, Act(by, "", version(shop.ledger, path)))
    else:
        target = write(settings, prices.change)
    if prices.closed:
        say("tariff_closed", until=prices.closed)
    say("tariff_added", first=begins, last=ends, file=target)
    _tell(found, prices.policy)
    if passing := sum(again.would_pass for again in found):
        say("tariff_foreseen", count=passing)
    else:
        say("tariff_nothing_waits")
    return DONE


tariff_command.add_command(tariff_add_command)


@click.command("rejudge")
@with_settings
@click.option("--because", type=Written(), help="Gerekçe; kayıtlara yazılır.")
@click.option("--by", type=Written(), envvar="NES_INTAKE_OFFICIAL", help="Kararı veren görevli.")
def rejudge_command(settings_file: Path, because: str | None, by: str | None) -> int:
    """Bekleyenleri bugünkü kurallarla yeniden değerlendirir; --because ile uygunları kabul eder.

    --because yazılmazsa yalnız farkı gösterir. Bütünüyle uygun çıkanlar kabul edilir; gerisi bekler.
    """
    if because and not by:
        raise OperatorFault("rejudge_by")
    with opened(load_settings(settings_file)) as shop:
        found = judged_again(shop, shop.policy)
        _tell(found, shop.policy)
        if not because or not by:
            say("rejudge_foreseen", count=sum(again.would_pass for again in found))
            return DONE
        done = list(accept_again(shop, found, because, by))
    for again, hindrance in done:
        if hindrance:
            say("rejudge_waits", number=again.held.number, why=_why(hindrance))
    left = sum(1 for _, hindrance in done if hindrance)
    say("rejudged", count=len(done) - left, left=left)
    return SET_ASIDE if left else DONE


def _tell(found: Sequence[Again], policy: Policy) -> None:
    """Shows what of the waiting mails would end otherwise."""
    outcomes: Mapping[str, str] = policy.texts.words["outcomes"]
    for again in found:
        before, after = (judged.decision.outcome for judged in (again.held, again.today))
        say(
            "rehearsed_mail",
            number=again.held.number,
            sender=quotable(again.held.sender),
            before=outcomes[before],
            after=outcomes[after],
        )
        for name, findings in (("rehearsed_gone", again.gone), ("rehearsed_new", again.new)):
            for finding in findings:
                say(name, rule=finding.rule, say=finding.say)


def _why(name: str) -> str:
    told = words()["rejudge"]
    return str(told.get(name, told["other"]))
