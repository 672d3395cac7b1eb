"""The machine room: doctor."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click

from pipeline.console import with_settings
from pipeline.doctor import Line, examine, exit_code, in_words, probe, title
from pipeline.policy import REPORTS
from pipeline.settings import load_settings

# Without these there is nobody to write a mail to.
_NEEDED = ("settings", "imap", "smtp")


@click.command("doctor")
@with_settings
@click.option("--json", "as_machine", is_flag=True, help="Programlar için JSON.")
@click.option("--probe", "with_probe", is_flag=True, help="Kendimize bir ileti yollar, ulaşınca geri alır.")
@click.option(
    "--seconds", type=click.FloatRange(1), default=120, show_default=True, help="Yoklamanın süresi."
)
def doctor_command(settings_file: Path, as_machine: bool, with_probe: bool, seconds: float) -> int:
    """Ayarlardan sunuculara her şeyi yoklar, her satırda ne yapılacağını söyler; hiçbir şeyi değiştirmez."""
    found = examine(settings_file, datetime.now(UTC))
    lines = list(found if as_machine else map(_told, found))
    if with_probe and not any(line.check in _NEEDED and line.grade in ("later", "wrong") for line in lines):
        probed = probe(load_settings(settings_file), seconds)
        lines += probed if as_machine else map(_told, probed)
    if as_machine:
        click.echo(json.dumps([_as_json(line) for line in lines], ensure_ascii=False))
    else:
        _sum_up(lines)
    return exit_code(lines)


def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((REPORTS / "doctor.toml").read_text(encoding="utf-8"))


def _told(line: Line) -> Line:
    grade = _words()["grades"][line.grade]
    click.echo(f"{grade:<6} {title(line.check):<15} {in_words(line)}")
    return line


def _sum_up(lines: list[Line]) -> None:
    totals, grades = _words()["totals"], [line.grade for line in lines]
    counts = {grade: grades.count(grade) for grade in ("wrong", "later", "warning")}
    click.echo(totals["found"].format(**counts) if any(counts.values()) else totals["ok"])


def _as_json(line: Line) -> dict[str, str]:
    return {
        "check": line.check,
        "about": line.about,
        "found": line.says,
        "grade": line.grade,
        "says": in_words(line),
    }
