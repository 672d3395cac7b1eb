"""frames: what click writes around the help of every command, in the language of the help itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

_HEADINGS = {"Options": "Seçenekler", "Commands": "Komutlar"}
_SENTENCES = {"Show this message and exit.": "Bu yardımı gösterir."}
_BEHIND = re.compile(r"\[([^\[\]]+)\]$")
_SAID_BEHIND = {"required": "zorunlu", "default: ": "yazılmazsa: "}
# What is written for a word of a command: an option's by its kind, others by their name.
_KINDS = {
    "text": "METİN",
    "path": "DOSYA",
    "file": "DOSYA",
    "directory": "KLASÖR",
    "integer": "SAYI",
    "integer range": "SAYI",
    "datetime": "YYYY-AA-GG",
    "word": "SÖZ",
}
_NAMES = {
    "batch": "LİSTE",
    "cases": "NUMARA",
    "cause": "NEDEN",
    "day": "YYYY-AA-GG",
    "file": "DOSYA",
    "folder": "KLASÖR",
    "name": "AD",
    "names": "AD",
    "number": "NUMARA",
    "question": "SORU",
    "rules": "KLASÖR",
    "scheduler": "DAĞITICI",
    "text": "METİN",
    "values": "ALAN=DEĞER",
    "word": "SÖZ",
}


class _Formatter(click.HelpFormatter):
    """Sets a command's help, with its own headings and remarks."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Begins with how the command is written."""
        super().write_usage(prog, args, prefix or "Kullanım: ")

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Sets what stands below a heading."""
        with super().section(_HEADINGS.get(name, name)):
            yield

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Sets options or commands with what each does."""
        super().write_dl([(term, _said(said)) for term, said in rows], col_max, col_spacing)


class _Context(click.Context):
    formatter_class = _Formatter


def framed(command: click.Command) -> click.Command:
    """Gives a command, and those below it, whose help and usage are in one language."""
    command.context_class = _Context
    command.options_metavar = "[SEÇENEK]..."
    for param in command.params:
        if param.metavar is None and not isinstance(param.type, click.Choice):
            param.metavar = _metavar(param)
    if isinstance(command, click.Group):
        command.subcommand_metavar = "KOMUT [SÖZ]..."
        for below in command.commands.values():
            framed(below)
    return command


def _metavar(param: click.Parameter) -> str | None:
    if isinstance(param, click.Option):
        return None if param.is_flag else _KINDS.get(param.type.name)
    told = _NAMES.get(param.name or "")
    return told and (told if param.required else f"[{told}]") + ("..." if param.nargs != 1 else "")


def _said(said: str) -> str:
    return _BEHIND.sub(_behind, _SENTENCES.get(said, said))


def _behind(found: re.Match[str]) -> str:
    told = found[1]
    for english, turkish in _SAID_BEHIND.items():
        told = re.sub(rf"(?:^|(?<=; )){english}", turkish, told)
    return f"[{told}]"
