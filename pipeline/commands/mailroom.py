"""The mailroom: a whole poll · nightly · take-back-night · serve · status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from pipeline.acts.waiting import waiting_aside
from pipeline.commands.options import by_an_official, with_settings
from pipeline.commands.overview import status_of_offices
from pipeline.commands.rounds import serve_offices
from pipeline.commands.serve import serve, work_once
from pipeline.domain import OUTCOME_OPEN, Outcome
from pipeline.domain.faults import OperatorFault, TryLater
from pipeline.intake.runs import Tally, poll
from pipeline.ledger.book import Ledger
from pipeline.ledger.figures import figures_of
from pipeline.ledger.home import LEDGER, Home
from pipeline.ledger.stops import open_stop
from pipeline.night.closing import night_due, night_owed, nightly
from pipeline.office.console import (
    DONE,
    SET_ASIDE,
    TRY_LATER,
    complain,
    fault_in_words,
    harmless,
    machine_words,
    progress_bar,
    say,
    sentence,
    told_of,
)
from pipeline.office.idle import leave_note
from pipeline.office.init_system import is_journal
from pipeline.office.opening import heeding, opened, opened_ledger, policy_in_force, policy_of
from pipeline.office.settings import Settings, load_settings
from pipeline.office.timekeeping import local, take_nights_back
from pipeline.policy.policy import Policy

_SAME_MOMENT = timedelta(seconds=1)
# More are a flood, and no list to be read on a terminal.
_MOST_ASIDE = 20


def poll_whole(settings_file: Path) -> int:
    """Hears the mailboxes and does all that is to be done, letting who waits for the home go before."""
    settings, is_aside = load_settings(settings_file), False
    while True:
        code, goes_on = _poll_once(settings, settings_file)
        is_aside |= code == SET_ASIDE
        if not goes_on:
            return SET_ASIDE if is_aside and code == DONE else code


def _poll_once(settings: Settings, settings_file: Path) -> tuple[int, bool]:
    """Polls, and gives the exit code, and whether there is more to do behind who waited."""
    with opened(settings) as opened_shop, progress_bar() as progress:
        shop = heeding(opened_shop)
        tally = poll(shop, progress)
        stop = open_stop(shop.ledger)
        told = told_of(
            "polled",
            heard=tally.heard,
            decided=tally.decided,
            shunted=tally.shunted,
            posted=tally.posted,
        )
        if tally == Tally():
            leave_note(shop, settings_file, told)
    click.echo(told["journal" if is_journal(1) else "plain"])
    if stop:
        say("stopped", what=stop.name, hit=stop.hit, of=stop.of)
    if shop.is_over():
        return TRY_LATER, False
    return SET_ASIDE if tally.shunted or stop else DONE, tally.goes_on


@click.command("nightly")
@with_settings
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Kapatılacak gün; yazılmazsa zamanı gelmiş son gece.",
)
@click.option(
    "--sure", "is_sure", is_flag=True, help="Saatin doğru olduğunu görevli söylüyor; başka saat sorulmaz."
)
def nightly_command(settings_file: Path, day: datetime | None, is_sure: bool) -> int:
    """Geceyi kapatır: Kamu SM listesi ve gece raporu. Aynı gece ikinci kez kapanmaz."""
    with opened(load_settings(settings_file)) as opened_shop:
        shop = heeding(opened_shop)
        due = day.date() if day else night_due(shop)
        # A day that somebody mistyped is told them, and is no trouble of the office.
        if day and due > shop.today():
            raise TryLater("night_to_come", day=due, now=local(shop, shop.clock()))
        night = nightly(shop, due, "sure" if is_sure else "unproved")
    if shop.is_over():
        return TRY_LATER
    if night:
        say("night_closed", day=night.day, number=night.number)
    else:
        say("night_was_closed", day=due)
    return DONE


@click.command("take-back-night")
@with_settings
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@by_an_official("Gerekçe; kayıtlara yazılır.")
def take_back_night_command(settings_file: Path, day: datetime, because: str, by: str) -> int:
    """Yanlış saatle ileri tarihte kapanmış geceyi geri alır; gönderilmiş liste ve yazı yinelenmez."""
    with opened(load_settings(settings_file)) as shop:
        count = take_nights_back(shop, day.date(), because, by)
    say("night_taken_back", count=count)
    return DONE


@click.command("serve")
@with_settings
@click.option(
    "--offices",
    type=click.Path(path_type=Path),
    help="Her biri bir birimin ayar dosyası olan klasör; hepsine birbirini bekletmeden hizmet verir.",
)
@click.option("--once", "is_once", is_flag=True, help="Bir kez bakar, zamanı gelmiş geceyi kapatır ve biter.")
def serve_command(settings_file: Path, offices: Path | None, is_once: bool) -> int:
    """Sürekli çalışır: düzenli aralıkla posta kutusu, her gece rapor. Kaçan geceyi açılışta tamamlar."""
    if offices:
        say("serving_offices", folder=offices)
        serve_offices(offices, _of_an_office)
        return DONE
    settings = load_settings(settings_file)
    if is_once:
        return DONE if work_once(settings, opened, heeding) else TRY_LATER
    try:
        policy_of(settings)
    except OperatorFault:
        # What was in force before goes on; on the first day there is nothing before.
        if not (settings.home / LEDGER).exists():
            raise
    say("serving", minutes=settings.schedule.poll_every_minutes, night=f"{settings.schedule.night_at:%H:%M}")
    serve(settings, opened, lambda fault: complain(fault_in_words(fault)))
    return DONE


def _of_an_office(name: str, line: str, is_complaint: bool) -> None:
    told = f"{name}: {line}"
    if is_complaint:
        complain(told)
    else:
        click.echo("<6>" + harmless(told) if is_journal(1) else harmless(told))


@click.command("status")
@with_settings
@click.option("--json", "as_machine", is_flag=True, help="Programlar için JSON.")
@click.option("--offices", type=click.Path(path_type=Path), help="Birimlerin ayar dosyalarının klasörü.")
@click.option("--page", type=click.Path(path_type=Path), help="Birimleri HTML sayfası olarak buraya yazar.")
def status_command(settings_file: Path, as_machine: bool, offices: Path | None, page: Path | None) -> int:
    """Kayıtların durumunu ve görevli bekleyen iletileri gösterir; hiçbir şeyi değiştirmez."""
    if offices:
        return status_of_offices(offices, as_machine, page)
    settings = load_settings(settings_file)
    home = Home(settings.home)
    beat, refusal = home.last_beat(), home.refusal
    with opened_ledger(settings) as ledger:
        policy, refused = policy_in_force(settings, ledger)
        last, night, counts = _last_poll(ledger, beat), ledger.last_night(), ledger.counts()
        stop = open_stop(ledger)
        figures = figures_of(ledger, home.refused_at)
        owed = night_owed(settings, ledger, datetime.now(UTC))
        held = [(j.number, j.sender, j.subject) for j in ledger.open_holds()]
        aside_count, aside = waiting_aside(ledger, beat or datetime.now(UTC), _MOST_ASIDE)
    state = {
        "last_beat": beat and beat.isoformat(timespec="seconds"),
        "last_poll": last and {k: last[k] for k in ("started_at", "ended_at", "outcome")},
        "last_night": night and {"day": night.day.isoformat(), "number": night.number},
        **counts,
        "version": version("nes-intake"),
        "policy": policy.fingerprint,
        "policy_refused": sentence(refused) if refused else None,
        "refused": sentence(refusal) if refusal else None,
        "night_due": owed and owed.isoformat(),
        "outcomes": {str(o): figures.outcomes.get(o, 0) for o in Outcome},
        "letters": dict(figures.letters),
        "letters_in_doubt": sum(figures.letters.get(state, 0) for state in OUTCOME_OPEN),
        "oldest_letter": figures.oldest_letter and figures.oldest_letter.isoformat(timespec="seconds"),
        "oldest_hold": figures.oldest_hold and figures.oldest_hold.isoformat(timespec="seconds"),
        "troubles": {name: since.isoformat(timespec="seconds") for name, since in figures.troubles.items()},
        "stopped": stop and {"at": stop.at.isoformat(), "name": stop.name, "hit": stop.hit, "of": stop.of},
        "held_mails": [number for number, _, _ in held],
        "set_aside": aside_count,
    }
    if as_machine:
        click.echo(machine_words(state))
    else:
        mails = {"held": held, "aside": [(mail.number, mail.sender, mail.subject) for mail in aside]}
        click.echo(harmless(_for_people(state, mails, policy, settings.zone)), nl=False)
    return refusal.exit_code if refusal else DONE


def _last_poll(ledger: Ledger, beat: datetime | None) -> Mapping[str, Any] | None:
    """Gives the poll that began last; one that was killed, and that another run has followed, is over."""
    last = ledger.last_run("poll")
    if last is None or last["ended_at"] or beat is None:
        return last
    # Its own beat is of the same moment.
    is_followed = beat - datetime.fromisoformat(last["started_at"]) > _SAME_MOMENT
    return ledger.last_ended_run("poll") if is_followed else last


def _for_people(
    state: Mapping[str, Any],
    mails: Mapping[str, Sequence[tuple[str, str, str]]],
    policy: Policy,
    zone: ZoneInfo,
) -> str:
    # People read the office's own clock; programs read UTC, with its offset.
    return policy.texts.plain.get_template("status.txt").render(
        state=state,
        counts=state,
        **mails,
        words=policy.texts.words,
        moment=lambda at: f"{datetime.fromisoformat(at).astimezone(zone):%d.%m.%Y %H:%M}",
        day=lambda day: f"{date.fromisoformat(day):%d.%m.%Y}",
    )
