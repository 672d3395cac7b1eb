"""status --offices: how each office of a host stands, in numbers alone: text, JSON or a page to hand on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from pipeline.ledger.home import write_whole
from pipeline.office.console import DONE, SET_ASIDE, harmless, machine_words, sentence
from pipeline.office.offices import load_offices
from pipeline.policy.places import Places
from pipeline.policy.texts import load_texts
from pipeline.review.overview import as_figures, look_at

# Offices of one country: all have its hour.
_ZONE = ZoneInfo("Europe/Istanbul")


def status_of_offices(folder: Path, as_machine: bool, page: Path | None) -> int:
    """Tells of all offices of a folder; ends with 1 where one of them is not well."""
    now = datetime.now(UTC)
    seen = [look_at(branch, now) for branch in load_offices(folder)]
    texts = load_texts(Places().below(), is_proved=True)
    if page:
        told = texts.page("overview", offices=seen, at=now, moment=_local)
        write_whole(page, told, 0o644)
    if as_machine:
        click.echo(machine_words([as_figures(office) for office in seen]))
    elif not page:
        sentences = {office.name: sentence(office.fault) for office in seen if office.fault}
        template = texts.plain.get_template("offices.txt")
        values = {"offices": seen, "sentences": sentences, "moment": _local, "words": texts.words}
        click.echo(harmless(template.render(**values)), nl=False)
    return DONE if all(office.is_well for office in seen) else SET_ASIDE


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(_ZONE):%d.%m.%Y %H:%M}"
