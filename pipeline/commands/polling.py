"""poll: a glance first, and the mailroom with its libraries only where there may be something to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from pipeline.commands.options import with_settings
from pipeline.office.glance import glance
from pipeline.office.init_system import is_journal

DONE = 0


@click.command("poll")
@with_settings
def poll_command(settings_file: Path) -> int:
    """Posta kutularına bakar, gelenleri değerlendirir, dosyalar ve yanıtlar."""
    told = glance(settings_file, datetime.now(UTC))
    if told:
        click.echo(told["journal" if is_journal(1) else "plain"])
        return DONE
    from pipeline.commands.mailroom import poll_whole

    return poll_whole(settings_file)
