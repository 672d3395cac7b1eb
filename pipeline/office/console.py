"""console: what every command says: sentences from reports/terminal.toml, and the exit codes."""

from __future__ import annotations

import errno
import json
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, cast

import click

from pipeline.domain.faults import OperatorFault, origin
from pipeline.domain.official_files import WrongFiles, told_apart
from pipeline.domain.turkish import masked
from pipeline.office.init_system import is_journal
from pipeline.policy.report_words import own_words

DONE, SET_ASIDE, WRONG_COMMAND, OUR_FAULT, TRY_LATER, BAD_CONFIGURATION = 0, 1, 64, 70, 75, 78


def words() -> Mapping[str, Any]:
    """Reads what the terminal says; from the package's own reports, for settings may be what is wrong."""
    return own_words("terminal")


def sentence(fault: OperatorFault) -> str:
    """Puts an operator's fault into one Turkish sentence that says what to do; several, into one a line."""
    if isinstance(fault, WrongFiles):
        return "\n".join(map(sentence, fault.faults))
    try:
        told = words()
    except OperatorFault as broken:
        # The sentences themselves are broken: where, is all that can be said.
        return "\n".join("{file}: {place}".format(**_place(one)) for one in told_apart(broken))
    details = {**fault.details}
    if "why" in details:
        details["why"] = in_turkish(str(details["why"]))
    kind, key = str(details.get("kind", "")), str(details.get("key", ""))
    if kind == "value_error":
        kind = str(details.get("why", "")).removeprefix("Value error, ")
    filled = {"expected": "", "least": "", "most": "", "why": "", **details}
    details["kind_words"] = told["kinds"].get(kind, told["kinds"]["other"]).format(**filled)
    if kind in told["places"]:
        key = details["key"] = told["places"][kind].format(**filled)
    if wrong := details.get("wrong"):
        pairs = cast("list[tuple[str, str]]", wrong)
        details["lines"] = "\n".join(f"  {number}: {told['wrong_cases'][why]}" for number, why in pairs)
    if says := details.get("says"):
        details["lines"] = "\n".join(f"  {line}" for line in cast("tuple[str, ...]", says))
    if stale := details.get("stale"):
        lines = (told["stale"][s.why].format(case=s.case, other=s.other) for s in cast("list[Any]", stale))
        details["lines"] = "\n".join(f"  {line}" for line in lines)
    plain_key = ".".join(part for part in key.split(".") if not part.isdigit())
    details["hint"] = told["hints"].get(plain_key, told["hints"]["other"]).format()
    return str(told["faults"][fault.name]).format(**details)


# What the system's resolver of names says, for which there is no number of an error.
_OF_NAMES = {
    "EAI_NONAME": "Name or service not known",
    "EAI_AGAIN": "Temporary failure in name resolution",
}


def in_turkish(text: str) -> str:
    """Puts into Turkish what the system says in English within a text; all else stays.

    >>> in_turkish("imap.example.org:993: Connection refused")
    'imap.example.org:993: bağlantı kabul edilmedi'
    """
    for name, turkish in words()["system"].items():
        number = getattr(errno, name, None)
        text = text.replace(_OF_NAMES[name] if number is None else os.strerror(number), turkish)
    return text


def _place(fault: OperatorFault) -> Mapping[str, object]:
    return {
        "file": fault.details.get("file", ""),
        "place": fault.details.get("key", fault.details.get("line")),
    }


def harmless(text: str) -> str:
    """Writes signs that steer a terminal, or turn its text around, as what they are; line ends stay.

    >>> harmless("no\x1b[31m.eml \u202e")
    'no\\x1b[31m.eml \\u202e'
    """
    return "".join(ch.encode("unicode_escape").decode() if _steers(ch) else ch for ch in text)


def machine_words(value: object, indent: int | None = None) -> str:
    """Writes JSON for programs, in which nothing steers the terminal that it may be shown on."""
    told = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(json.dumps(ch)[1:-1] if _steers(ch) else ch for ch in told)


def _steers(ch: str) -> bool:
    return ch != "\n" and unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def say(name: str, **values: object) -> None:
    """Prints one line of reports/terminal.toml; into the journal with what it tells, for programs to find."""
    told = told_of(name, **values)
    click.echo(told["journal" if is_journal(1) else "plain"])


def told_of(name: str, **values: object) -> Mapping[str, str]:
    """Gives one line of reports/terminal.toml as the terminal ("plain") and as the "journal" gets it."""
    told = harmless(str(words()["says"][name]).format(**values))
    details = "".join(f" {key}={value}" for key, value in values.items())
    return {"plain": told, "journal": f"<6>{told} [{name}{harmless(details)}]"}


def complain(told: str) -> None:
    """Prints what is wrong; into the journal as an error."""
    told = harmless(told)
    click.echo("<3>" + told.replace("\n", "\n<3>") if is_journal(2) else told, err=True)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Shows progress on a terminal; under cron nothing moves and nothing is printed."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words()["says"]["progress_judge"], total=None)
        yield lambda _step, done, total: bar.update(task, completed=done, total=total)


def fault_in_words(fault: BaseException) -> str:
    """Puts any fault into a sentence for the terminal."""
    if isinstance(fault, OperatorFault):
        return sentence(fault)
    # It knows the servers' libraries; a command that went well needs none of them for this.
    from pipeline.office.world import is_the_worlds

    return worldly(fault) if is_the_worlds(fault) else ours(fault)


def worldly(fault: BaseException, how: Literal["world", "world_seen"] = "world") -> str:
    """Puts the world's fault into a Turkish sentence, with what the server or the system said behind it.

    Who only looked ("world_seen") tries nothing again by himself.
    """
    told = words()
    turkish = told["connections"].get(getattr(fault, "name", ""), told["connections"]["other"])
    # A server may say back to us what a mail says; only the system's own words are surely about no mail.
    if isinstance(fault, OSError):
        detail = f"{fault.strerror or origin(fault)} {fault.filename or ''}".strip()
    else:
        # Of our own sentence on it the Turkish one is enough.
        detail = masked(getattr(fault, "detail", "") or str(fault))
    return str(told["says"][how]).format(turkish=turkish, detail=in_turkish(detail))


def ours(fault: BaseException) -> str:
    """Puts a fault of ours into a Turkish sentence: where it is and not what it says."""
    return str(words()["says"]["ours"]).format(where=origin(fault))
