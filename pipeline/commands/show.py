"""The showroom: demo · browse."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from pipeline import demo as demonstration
from pipeline.browse import look
from pipeline.console import DONE, opened, opened_ledger, policy_of, with_settings
from pipeline.settings import load_settings


@click.command("demo")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Mektupların, listenin ve raporun yazılacağı klasör.",
)
def demo_command(output: Path) -> int:
    """Örnek iletilerle bütün bir günü gösterir; sunucu ve ayar gerekmez."""
    console = Console()
    shown = demonstration.run_day(output, opened, lambda text: console.print(text, highlight=False))
    table = Table(title=shown.title, title_justify="left")
    for heading in shown.headings:
        table.add_column(heading)
    for row in shown.rows:
        table.add_row(*row)
    console.print(table)
    for line in shown.closing:
        console.print(line, highlight=False, soft_wrap=True)
    return DONE


@click.command("browse")
@with_settings
def browse_command(settings_file: Path) -> int:
    """Kayıt defterinin maskeli bir görüntüsünü yalnız bu makinede, tarayıcıda gösterir."""
    settings = load_settings(settings_file)
    told = tomllib.loads((settings.reports / "browse.toml").read_text(encoding="utf-8"))
    with opened_ledger(settings) as ledger:
        looking = look(ledger, policy_of(settings), told, datetime.now(UTC).astimezone(settings.zone))
        with looking as shown:
            ledger.close()
            click.echo(told["ready"].format(url=shown.url))
            click.echo(told["until"])
            shown.serve()
    return DONE
