"""options: what the commands share of the command line; light, for every command imports it."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, cast

import click

P = ParamSpec("P")

SETTINGS_FILE = Path("/etc/nes-intake/settings.toml")


class InWords(click.ParamType[str]):
    """A word of the program as people say it: in Turkish, as reports/terminal.toml has it, or by its name.

    Dots and hooks may be left out, for not every keyboard has them.
    """

    name = "word"

    def __init__(self, section: str) -> None:
        """Takes the section of the file that has the words."""
        self.section = section

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Gives the word's name in the program (called by click)."""
        # The help of all commands needs none of this.
        from pipeline.domain.turkish import fold
        from pipeline.office.console import words

        known: dict[str, str] = words()[self.section]
        said = fold(str(value))
        found = next((name for name, word in known.items() if said in (name, fold(word))), "")
        if not found:
            self.fail(", ".join(map(fold, known.values())), param, ctx)
        return found


class Written(click.ParamType[str]):
    """What somebody says in their own words, or their name: blanks say nothing."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Gives what is written without blanks around it (called by click)."""
        said = str(value).strip()
        if not said:
            self.fail("", param, ctx)
        return said


def with_settings(command: Callable[P, int]) -> Callable[P, int]:
    """Gives a command the --settings option."""
    option = click.option(
        "--settings",
        "settings_file",
        type=click.Path(path_type=Path),
        default=SETTINGS_FILE,
        show_default=True,
        envvar="NES_INTAKE_SETTINGS",
        help="Ayar dosyası.",
    )
    return cast("Callable[P, int]", option(wraps(command)(command)))


def with_settings_here_too(command: Callable[P, int]) -> Callable[P, int]:
    """Gives a command below a group that has the option --settings that option too: people write it last."""
    return click.option(
        "--settings",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_of_this_file,
        help="Ayar dosyası.",
    )(command)


def _of_this_file(context: click.Context, _: click.Parameter, file: Path | None) -> None:
    if file is not None:
        context.obj = file


def by_an_official(because: str) -> Callable[[Callable[P, int]], Callable[P, int]]:
    """Gives a command the options --because, with what its help says of it, and --by."""
    reason = click.option("--because", required=True, type=Written(), help=because)
    official = click.option(
        "--by",
        required=True,
        type=Written(),
        envvar="NES_INTAKE_OFFICIAL",
        help="Kararı veren görevli.",
    )
    return lambda command: reason(official(command))


def by_whom(command: Callable[P, int]) -> Callable[P, int]:
    """Gives a command the option --by; who types it is whoever this machine knows them as, if nobody says."""
    return click.option(
        "--by",
        default=_own_name,
        type=Written(),
        envvar="NES_INTAKE_OFFICIAL",
        help="İşlemi yapan görevli.",
    )(command)


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"
