"""The showroom: demo · browse."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import click
from rich.console import Console
from rich.table import Table

from pipeline.commands.at_the_desk import sit_in_the_demo
from pipeline.commands.options import with_settings
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import DONE
from pipeline.office.opening import opened, opened_ledger, policy_in_force
from pipeline.office.settings import load_settings
from pipeline.policy.report_words import own_words
from pipeline.review.browse import look


@click.command("demo")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Mektupların, listenin ve raporun yazılacağı klasör.",
)
@click.option("--desk", "with_desk", is_flag=True, help="Günün sonunda görevli masasını tarayıcıda açar.")
def demo_command(output: Path, with_desk: bool) -> int:
    """Örnek iletilerle bütün bir günü gösterir; sunucu ve ayar gerekmez."""
    console = Console()
    demonstration = _demonstration()
    shown = demonstration.run_day(output, opened, lambda text: console.print(text, highlight=False))
    table = Table(title=shown.title, title_justify="left")
    for heading in shown.headings:
        table.add_column(heading)
    for row in shown.rows:
        table.add_row(*row)
    console.print(table)
    for line in shown.closing:
        console.print(line, highlight=False, soft_wrap=True)
    if with_desk:
        sit_in_the_demo(load_settings(output / "settings.toml"), demonstration.NEXT_MORNING)
    return DONE


def _demonstration() -> ModuleType:
    """Imports the play; its mailbox and mail server are packages that only it needs."""
    try:
        from pipeline.review import demo
    except ModuleNotFoundError as fault:
        if (fault.name or "").startswith("pipeline"):
            raise
        raise OperatorFault("demo_missing") from fault
    return demo


@click.command("browse")
@with_settings
def browse_command(settings_file: Path) -> int:
    """Kayıt defterinin maskeli bir görüntüsünü yalnız bu makinede, tarayıcıda gösterir."""
    settings = load_settings(settings_file)
    told = own_words("browse", settings.reports)
    with opened_ledger(settings) as ledger:
        looking = look(
            ledger, policy_in_force(settings, ledger)[0], told, datetime.now(UTC).astimezone(settings.zone)
        )
        with looking as shown:
            ledger.close()
            click.echo(told["ready"].format(url=shown.url))
            click.echo(told["until"])
            shown.serve()
    return DONE
