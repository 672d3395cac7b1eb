"""Looking after the machine: doctor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from pipeline.commands.options import with_settings
from pipeline.office.console import harmless, machine_words
from pipeline.office.settings import load_settings
from pipeline.policy.report_words import own_words
from pipeline.review.doctor import Line, examine, exit_code, in_words, probe, title

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
    lines = list(found if as_machine else map(show_line, found))
    if with_probe and not any(line.check in _NEEDED and line.grade in ("later", "wrong") for line in lines):
        probed = probe(load_settings(settings_file), seconds)
        lines += probed if as_machine else map(show_line, probed)
    if as_machine:
        click.echo(machine_words([_as_json(line) for line in lines]))
    else:
        sum_up(lines)
    return exit_code(lines)


def _words() -> Mapping[str, Mapping[str, str]]:
    return own_words("doctor")


def show_line(line: Line) -> Line:
    """Prints a line, and gives it back."""
    grade = _words()["grades"][line.grade]
    click.echo(harmless(f"{grade:<6} {title(line.check):<15} {in_words(line)}"))
    return line


def sum_up(lines: list[Line]) -> None:
    """Prints how many lines there are that are not well."""
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
