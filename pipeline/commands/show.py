"""The showroom: demo."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from pipeline import demo as demonstration
from pipeline.console import DONE, opened


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
