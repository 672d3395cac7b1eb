"""The mailroom: poll · nightly · serve · status."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import click

from pipeline.adapters.figures import figures_of
from pipeline.adapters.home import Home
from pipeline.adapters.stops import open_stop
from pipeline.console import (
    DONE,
    SET_ASIDE,
    TRY_LATER,
    complain,
    heeding,
    opened,
    opened_ledger,
    policy_of,
    progress_bar,
    say,
    trouble,
    with_settings,
)
from pipeline.domain import Outcome
from pipeline.nights import night_due, night_due_at, nightly
from pipeline.runs import poll
from pipeline.schedule import serve
from pipeline.settings import Settings, load_settings


@click.command("poll")
@with_settings
def poll_command(settings_file: Path) -> int:
    """Posta kutularına bakar, gelenleri değerlendirir, dosyalar ve yanıtlar."""
    with opened(load_settings(settings_file)) as opened_shop, progress_bar() as progress:
        shop = heeding(opened_shop)
        tally = poll(shop, progress)
        stop = open_stop(shop.ledger)
    say("polled", heard=tally.heard, decided=tally.decided, shunted=tally.shunted, posted=tally.posted)
    if stop:
        say("stopped", what=stop.name, hit=stop.hit, of=stop.of)
    if shop.is_over():
        return TRY_LATER
    return SET_ASIDE if tally.shunted or stop else DONE


@click.command("nightly")
@with_settings
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Kapatılacak gün; yazılmazsa zamanı gelmiş son gece.",
)
def nightly_command(settings_file: Path, day: datetime | None) -> int:
    """Geceyi kapatır: Kamu SM listesi ve gece raporu. Aynı gece ikinci kez kapanmaz."""
    with opened(load_settings(settings_file)) as opened_shop:
        shop = heeding(opened_shop)
        due = day.date() if day else night_due(shop)
        night = nightly(shop, due)
    if shop.is_over():
        return TRY_LATER
    if night:
        say("night_closed", day=night.day, number=night.number)
    else:
        say("night_was_closed", day=due)
    return DONE


@click.command("serve")
@with_settings
def serve_command(settings_file: Path) -> int:
    """Sürekli çalışır: düzenli aralıkla posta kutusu, her gece rapor. Kaçan geceyi açılışta tamamlar."""
    settings = load_settings(settings_file)
    policy_of(settings)
    say("serving", minutes=settings.schedule.poll_every_minutes, night=f"{settings.schedule.night_at:%H:%M}")
    serve(settings, opened, lambda fault: complain(trouble(fault)))
    return DONE


@click.command("status")
@with_settings
@click.option("--json", "as_machine", is_flag=True, help="Programlar için JSON.")
def status_command(settings_file: Path, as_machine: bool) -> int:
    """Kayıtların durumunu ve görevli bekleyen iletileri gösterir; hiçbir şeyi değiştirmez."""
    settings = load_settings(settings_file)
    policy = policy_of(settings)
    beat = Home(settings.home).last_beat()
    with opened_ledger(settings) as ledger:
        last, night, counts = ledger.last_run("poll"), ledger.last_night(), ledger.counts()
        stop = open_stop(ledger)
        figures = figures_of(ledger)
        held = [(j.number, j.sender, j.subject) for j in ledger.open_holds()]
    state = {
        "last_beat": beat and beat.isoformat(timespec="seconds"),
        "last_poll": last and {k: last[k] for k in ("started_at", "ended_at", "outcome")},
        "last_night": night and {"day": night.day.isoformat(), "number": night.number},
        **counts,
        "version": version("nes-intake"),
        "policy": policy.fingerprint,
        "night_due": _night_owed(settings, night.day if night else None),
        "outcomes": {str(o): figures.outcomes.get(o, 0) for o in Outcome},
        "letters": dict(figures.letters),
        "letters_in_doubt": figures.letters.get("in_doubt", 0) + figures.letters.get("started", 0),
        "oldest_letter": figures.oldest_letter and figures.oldest_letter.isoformat(timespec="seconds"),
        "oldest_hold": figures.oldest_hold and figures.oldest_hold.isoformat(timespec="seconds"),
        "troubles": {name: since.isoformat(timespec="seconds") for name, since in figures.troubles.items()},
        "stopped": stop and {"at": stop.at.isoformat(), "name": stop.name, "hit": stop.hit, "of": stop.of},
        "held_mails": [number for number, _, _ in held],
    }
    if as_machine:
        click.echo(json.dumps(state, ensure_ascii=False))
    else:
        values = {"state": state, "counts": counts, "held": held, "words": policy.texts.words}
        click.echo(policy.texts.plain.get_template("status.txt").render(**values), nl=False)
    return DONE


def _night_owed(settings: Settings, last: date | None) -> str | None:
    """Names the night that should be closed by now and is not."""
    due = night_due_at(settings, datetime.now(UTC))
    return due.isoformat() if last and last < due else None
