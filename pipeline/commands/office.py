"""The office: settle · explain · rehearse · replay · check."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from pipeline import demo as demonstration
from pipeline.adapters.doubts import Fate, end, in_doubt
from pipeline.adapters.isolation import WorkerPool
from pipeline.adapters.scanner.scan import PRELOAD
from pipeline.adapters.stops import GoOn, go_on, open_stop
from pipeline.cases import is_number
from pipeline.console import (
    BAD_CONFIGURATION,
    DONE,
    SET_ASIDE,
    SETTINGS_FILE,
    by_an_official,
    opened,
    opened_ledger,
    policy_of,
    say,
    with_settings,
    words,
)
from pipeline.explain import as_json, as_text, explain
from pipeline.faults import OperatorFault
from pipeline.history import tell
from pipeline.policy import REPORTS, RULES, load_policy
from pipeline.proving import prove
from pipeline.rehearsal import rehearse
from pipeline.replay import replay
from pipeline.runs import Word, settle
from pipeline.settings import load_settings
from pipeline.turkish import quotable


@click.command("settle")
@with_settings
@click.argument("number")
@click.argument("word", type=click.Choice(["accept", "return"]))
@by_an_official("Gerekçe; iade edilirse gönderene de yazılır.")
def settle_command(settings_file: Path, number: str, word: Word, because: str, by: str) -> int:
    """Bekleyen bir iletiyi görevli kararıyla kapatır; NUMBER iletinin (G-…) ya da başvurunun (N-…)."""
    number = number.upper()
    if not is_number(number):
        raise OperatorFault("bad_number", number=number)
    with opened(load_settings(settings_file)) as shop:
        holds = [
            j
            for j in shop.ledger.open_holds()
            if number == j.number or number in {e.case for e in j.decision.withheld}
        ]
        if not holds:
            raise OperatorFault("no_such_number", number=number)
        if len(holds) > 1:
            raise OperatorFault("several_holds", number=number, mails=", ".join(j.number for j in holds))
        if word == "accept" and not holds[0].decision.withheld:
            raise OperatorFault("nothing_withheld", number=number)
        settle(shop, holds[0], word, because, by)
    say("settled", number=holds[0].number, verdict=word)
    return DONE


@click.command("resume")
@with_settings
@click.argument("word", type=click.Choice(["send", "again"]))
@by_an_official("Gerekçe; denetim kaydına yazılır.")
def resume_command(settings_file: Path, word: GoOn, because: str, by: str) -> int:
    """Durdurulan yanıtları sürdürür: send olduğu gibi gönderir, again iletileri yeniden değerlendirtir."""
    with opened(load_settings(settings_file)) as shop:
        stop = open_stop(shop.ledger)
        if stop is None:
            raise OperatorFault("nothing_stopped")
        count = go_on(shop.ledger, stop, word, because, by, shop.clock())
    say(f"resumed_{word}", count=count)
    return DONE


@click.command("doubt")
@with_settings
@click.argument("number")
@click.argument("fate", type=click.Choice(["arrived", "again"]))
@by_an_official("Nasıl anlaşıldığı; kayıtlara yazılır.")
def doubt_command(settings_file: Path, number: str, fate: Fate, because: str, by: str) -> int:
    """Gidip gitmediği bilinmeyen yazıyı sonuca bağlar: arrived ulaşmıştır, again aynısını yeniden gönderir.

    NUMBER listenin adı (2026-11-25/1), iletinin (G-…) ya da başvurunun (N-…) numarasıdır.
    """
    number = number.upper()
    with opened(load_settings(settings_file)) as shop:
        letters = in_doubt(shop.ledger, number)
        if not letters:
            raise OperatorFault("nothing_in_doubt", number=number)
        end(shop.ledger, letters, fate, f"{by}: {because}", shop.clock())
    say(f"doubt_{fate}", number=number, count=len(letters))
    return DONE


@click.command("rehearse")
@with_settings
@click.argument("rules", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="Kaç günün iletisi.")
def rehearse_command(settings_file: Path, rules: Path, days: int) -> int:
    """RULES klasöründeki değişik kuralları saklanan iletilerde dener; hiçbir şey yazmaz ve göndermez."""
    settings = load_settings(settings_file)
    changed = load_policy(rules, settings.reports, settings.office)
    with opened(settings) as shop:
        count, differing = rehearse(shop, changed, days)
    outcomes = changed.texts.words["outcomes"]
    for mail in differing:
        say(
            "rehearsed_mail",
            number=mail.number,
            sender=quotable(mail.sender),
            before=outcomes[mail.before.decision.outcome],
            after=outcomes[mail.after.decision.outcome],
        )
        for name, findings in (("rehearsed_gone", mail.gone), ("rehearsed_new", mail.new)):
            for finding in findings:
                say(name, rule=finding.rule, say=finding.say)
    say("rehearsed", days=days, count=count, differing=len(differing))
    return DONE


@click.command("replay")
@with_settings
@click.option("--night", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Gecenin günü.")
def replay_command(settings_file: Path, night: datetime) -> int:
    """Kapanmış bir geceyi saklanan iletilerden, o günün kurallarıyla yeniden yapıp karşılaştırır."""
    with opened(load_settings(settings_file)) as shop:
        again = replay(shop, night.date())
    told = words()["replay"]
    for difference in again.differences:
        table = told["tables"].get(difference.table, difference.table)
        what = ", ".join(told["parts"].get(part, part) for part in difference.what)
        say("replay_differs", table=table, row=difference.name, what=what)
    for name, numbers in (("replay_erased", again.erased), ("replay_read_anew", again.read_anew)):
        if numbers:
            say(name, numbers=", ".join(numbers))
    if again.taken:
        say("replay_taken", count=again.taken)
    if again.programs:
        say("replay_programs", versions=", ".join(sorted(again.programs)))
    say(
        "replayed",
        day=night.date(),
        verdicts=again.verdicts,
        settlements=again.settlements,
        letters=again.letters,
        differing=len(again.differences),
    )
    return DONE if again.is_equal else SET_ASIDE


@click.command("check")
@with_settings
def check_command(settings_file: Path) -> int:
    """Ayarları, kuralları, dekont düzenlerini ve metinleri sunucuya bağlanmadan denetler."""
    if settings_file.exists():
        settings = load_settings(settings_file)
        office, rules, reports = settings.office, settings.rules, settings.reports
        say("checked_settings", file=settings_file)
    else:
        office, rules, reports = demonstration.OFFICE, RULES, REPORTS
        say("checked_without_settings", file=settings_file)
    policy = load_policy(rules, reports, office)
    doubts = prove(policy, rules, reports)
    for doubt in doubts:
        say(f"doubt_{doubt.kind}", where=doubt.where, other=doubt.other)
    if doubts:
        say("doubts", count=len(doubts))
        return BAD_CONFIGURATION
    say("checked", rules=len(policy.rules), topics=len(policy.topics), layouts=len(policy.layouts))
    return DONE


@click.command("explain")
@click.argument("mails", nargs=-1, required=True, metavar="FILES|NUMBER", type=click.Path(path_type=Path))
@click.option("--json", "as_machine", is_flag=True, help="Programlar için JSON dizisi.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Bu gün gelmiş gibi değerlendir.")
@click.option("--rules", type=click.Path(path_type=Path, file_okay=False), help="Kural klasörü.")
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="Ayar dosyası.")
def explain_command(
    mails: tuple[Path, ...],
    as_machine: bool,
    today: datetime | None,
    rules: Path | None,
    settings_file: Path | None,
) -> int:
    """İletileri sırayla, hiçbir şey göndermeden değerlendirir; görüleni ve kararı yazar.

    Dosya yerine bir iletinin (G-…) ya da başvurunun (N-…) numarası yazılırsa kayıtlardan anlatır;
    bunun için --settings gerekir.
    """
    if is_number(str(mails[0]).upper()):
        return _explain_number(mails, settings_file or SETTINGS_FILE)
    if settings_file:
        settings = load_settings(settings_file)
        office, zone, reports = settings.office, settings.zone, settings.reports
        rules = rules or settings.rules
    else:
        office, zone, reports = demonstration.OFFICE, ZoneInfo("Europe/Istanbul"), REPORTS
    policy = load_policy(rules or RULES, reports, office)
    with WorkerPool(2, preload=PRELOAD) as readers:
        told = explain(mails, policy, readers, zone, _day(today))
    if as_machine:
        click.echo(json.dumps([as_json(mail) for mail in told], ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(as_text(mail, policy) for mail in told), nl=False)
    return DONE


def _explain_number(numbers: tuple[Path, ...], settings_file: Path) -> int:
    if len(numbers) > 1:
        raise OperatorFault("number_and_files", number=numbers[0])
    number = str(numbers[0]).upper()
    settings = load_settings(settings_file)
    with opened_ledger(settings) as ledger:
        told = tell(number, ledger, policy_of(settings))
    if not told:
        raise OperatorFault("nothing_known", number=number)
    click.echo(told, nl=False)
    return DONE


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
