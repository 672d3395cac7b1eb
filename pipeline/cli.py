"""cli: the commands gathered, and every kind of wrong turned into its exit code and one sentence.

Exit codes: 0 done · 1 something was set aside · 64 wrong command · 75 try later · 78 bad configuration.
"""

from __future__ import annotations

import os
import sys
from typing import cast

import click

from pipeline.commands import custody, desk, mailroom, office, running, show
from pipeline.console import DONE, TRY_LATER, WRONG_COMMAND, complain, sentence, trouble
from pipeline.faults import OperatorFault


def main() -> None:
    """Runs the command line and turns every kind of wrong into its exit code and one sentence."""
    # Whatever this process makes, temporary files included, is nobody else's to read.
    os.umask(0o077)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command and gives its exit code."""
    try:
        return cast(int, commands.main(arguments, prog_name="nes-intake", standalone_mode=False)) or DONE
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as fault:
        fault.show()
        return WRONG_COMMAND
    except click.Abort:
        return TRY_LATER
    except OperatorFault as fault:
        complain(sentence(fault))
        return fault.exit_code
    except Exception as fault:
        # Python would print a fault's own words, which may quote a mail, into a mail of cron's.
        complain(trouble(fault))
        return TRY_LATER


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Kayıp/çalıntı NES başvurularını posta kutusundan alır, denetler, yanıtlar, listeler."""


for command in (
    mailroom.poll_command,
    mailroom.nightly_command,
    mailroom.serve_command,
    mailroom.status_command,
    office.settle_command,
    office.resume_command,
    office.doubt_command,
    office.rehearse_command,
    office.replay_command,
    office.check_command,
    office.explain_command,
    desk.form_received_command,
    desk.release_command,
    desk.import_answer_command,
    custody.erase_command,
    custody.export_command,
    custody.verify_command,
    custody.backup_command,
    custody.rebuild_command,
    running.doctor_command,
    show.demo_command,
    show.browse_command,
):
    commands.add_command(command)
