"""wrongs: every kind of wrong → one sentence on the terminal, and the command's exit code."""

from __future__ import annotations

import click

from pipeline.commands.options import InWords, Written
from pipeline.domain.faults import OperatorFault
from pipeline.office.console import (
    OUR_FAULT,
    TRY_LATER,
    WRONG_COMMAND,
    complain,
    fault_in_words,
    sentence,
    words,
)
from pipeline.office.world import is_the_worlds


def tell(fault: Exception) -> int:
    """Says what is wrong, and gives the exit code of its kind."""
    if isinstance(fault, click.UsageError):
        complain(_misused(fault))
        return WRONG_COMMAND
    if isinstance(fault, click.Abort):
        return TRY_LATER
    if isinstance(fault, OperatorFault):
        complain(sentence(fault))
        return fault.exit_code
    # Python would print a fault's own words, which may quote a mail, into a mail of cron's.
    complain(fault_in_words(fault))
    return TRY_LATER if is_the_worlds(fault) else OUR_FAULT


def _misused(fault: click.UsageError) -> str:
    """Says in Turkish what is wrong with a command as it was typed, and how it is written."""
    told = words()["usage"]
    if isinstance(fault, click.MissingParameter):
        name = "missing"
    elif isinstance(fault, click.NoSuchOption):
        name = "no_option"
    elif isinstance(fault, click.BadParameter):
        name = "bad_value"
    else:
        # What a group of commands does not know is the command below it.
        is_group = fault.ctx is None or isinstance(fault.ctx.command, click.Group)
        name = "no_command" if is_group else "other"
    shown = str(told[name]).format(what=_what(fault), known=_known(fault))
    if fault.ctx is None:
        return shown
    command = fault.ctx.command_path
    return f"{shown}\n{told['help'].format(usage=_usage(fault.ctx), command=command)}"


def _what(fault: click.UsageError) -> str:
    """Names what of the command is meant, as it is typed."""
    if isinstance(fault, click.NoSuchOption):
        return fault.option_name
    param = getattr(fault, "param", None)
    if isinstance(param, click.Option):
        return param.opts[0]
    return param.make_metavar(fault.ctx) if param and fault.ctx else ""


def _known(fault: click.UsageError) -> str:
    param = getattr(fault, "param", None)
    kind = getattr(param, "type", None)
    if isinstance(kind, click.Choice):
        return ", ".join(map(str, kind.choices))
    if isinstance(kind, click.Path) and not kind.file_okay:
        return str(words()["usage"]["known_folder" if kind.exists else "folder"])
    if isinstance(kind, click.DateTime):
        return str(words()["usage"]["day"])
    if isinstance(kind, Written):
        return str(words()["usage"]["not_blank"])
    return fault.message if isinstance(kind, InWords) else str(words()["usage"]["fitting"])


def _usage(context: click.Context) -> str:
    return " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
