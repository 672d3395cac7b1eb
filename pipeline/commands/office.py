"""The office: resume · doubt · rehearse · replay."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pipeline.acts.acting import Act, version
from pipeline.acts.deliveries import Fate, end_delivery
from pipeline.acts.resuming import resume
from pipeline.commands.options import by_an_official, with_settings
from pipeline.domain.turkish import quotable
from pipeline.ledger.stops import GoOn
from pipeline.office.console import DONE, SET_ASIDE, say, words
from pipeline.office.opening import opened
from pipeline.office.settings import load_settings
from pipeline.policy.policy import policy_from
from pipeline.review.rehearsal import rehearse
from pipeline.review.replay import replay


@click.command("resume")
@with_settings
@click.argument("word", type=click.Choice(["send", "again"]))
@by_an_official("Gerekçe; denetim kaydına yazılır.")
def resume_command(settings_file: Path, word: GoOn, because: str, by: str) -> int:
    """Durdurulan yanıtları sürdürür: send olduğu gibi gönderir, again iletileri yeniden değerlendirtir."""
    with opened(load_settings(settings_file)) as shop:
        count = resume(shop, word, Act(by, because, version(shop.ledger, "")))
    say(f"resumed_{word}", count=count)
    return DONE


@click.command("doubt")
@with_settings
@click.argument("number")
@click.argument("fate", type=click.Choice(["arrived", "again"]))
@by_an_official("Nasıl anlaşıldığı; kayıtlara yazılır.")
def doubt_command(settings_file: Path, number: str, fate: Fate, because: str, by: str) -> int:
    """Gidip gitmediği bilinmeyen yazıyı sonuca bağlar: arrived ulaşmıştır, again aynısını yeniden gönderir.

    NUMARA listenin adı (2026-11-25/1), iletinin (G-…) ya da başvurunun (N-…) numarasıdır.
    """
    number = number.upper()
    with opened(load_settings(settings_file)) as shop:
        count = end_delivery(shop, number, fate, Act(by, because, version(shop.ledger, number)))
    say(f"doubt_{fate}", number=number, count=count)
    return DONE


@click.command("rehearse")
@with_settings
@click.argument("rules", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="Kaç günün iletisi.")
def rehearse_command(settings_file: Path, rules: Path, days: int) -> int:
    """KLASÖR içindeki değişik kuralları saklanan iletilerde dener; hiçbir şey yazmaz ve göndermez."""
    settings = load_settings(settings_file)
    changed = policy_from(settings.places.with_changed(rules), settings.office)
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
