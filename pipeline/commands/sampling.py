"""Blind questions about accepted receipts: sample list · show · answer · resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import click

from pipeline.acts.sampling import Read, answer, go_on, picture_of, questions
from pipeline.commands.options import Written, by_an_official, with_settings, with_settings_here_too
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.samples import Cause
from pipeline.office.console import DONE, SET_ASIDE, say
from pipeline.office.opening import opened
from pipeline.office.settings import load_settings
from pipeline.office.shop import Shop

# What is read on the picture, as it is typed.
_FIELDS = {
    "number": "Resimde okuduğunuz T.C. kimlik numarası.",
    "amount": "Resimde okuduğunuz ödenen tutar (780,00).",
    "day": "Resimde okuduğunuz ödeme günü (13.05.2024).",
    "reference": "Resimde okuduğunuz işlem/onay numarası; yazmıyorsa -.",
}


@click.group("sample")
@with_settings
@click.pass_context
def sample_command(context: click.Context, settings_file: Path) -> int:
    """Kabul edilmiş dekontları, okunanı göstermeden görevliye okutur: yanılma payı böyle ölçülür."""
    context.obj = settings_file
    return DONE


@contextmanager
def _shop() -> Iterator[Shop]:
    with opened(load_settings(click.get_current_context().obj)) as shop:
        yield shop


@sample_command.command("list")
@with_settings_here_too
def list_command() -> int:
    """Yanıt bekleyen soruları gösterir."""
    with _shop() as shop:
        asked = questions(shop)
    for sample in asked:
        say("sample_waits", number=sample.id, day=sample.drawn_on)
    say("samples_wait", count=len(asked))
    return DONE


@sample_command.command("show")
@with_settings_here_too
@click.argument("number", type=int)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def show_command(number: int, file: Path) -> int:
    """Bir sorunun dekontunu yeniden çizip DOSYA içine (PNG) yazar; okunan değerler gösterilmez."""
    with _shop() as shop:
        png = picture_of(shop, number)
    try:
        file.write_bytes(png)
    except OSError as fault:
        raise OperatorFault("no_such_file", file=file, why=fault.strerror) from fault
    say("sample_shown", number=number, file=file)
    return DONE


def _read_options(command: Callable[..., int]) -> Callable[..., int]:
    options = [click.option(f"--{name}", help=told) for name, told in _FIELDS.items()]
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


@sample_command.command("answer")
@with_settings_here_too
@click.argument("question", type=int)
@_read_options
@click.option("--unreadable", is_flag=True, help="Resimde bunlar okunamıyor.")
@click.option("--by", required=True, type=Written(), envvar="NES_INTAKE_OFFICIAL", help="Okuyan görevli.")
def answer_command(**told: Any) -> int:
    """Resimde okuduğunuzu yazar; programın okuduğuyla karşılaştırılır.

    İlk yanlış, aynı bankanın aynı türden dekontlarının kendiliğinden kabulünü durdurur.
    """
    question, by, is_unreadable = told["question"], told["by"], told["unreadable"]
    values = [told[name] for name in _FIELDS]
    if is_unreadable == any(value is not None for value in values) or (not is_unreadable and None in values):
        raise OperatorFault("sample_incomplete")
    with _shop() as shop:
        verdict, wrong = answer(shop, question, None if is_unreadable else Read(*values), by)
        fields = ", ".join(shop.policy.words_for(field) for field in wrong)
    say(f"sample_{verdict}", number=question, fields=fields)
    return SET_ASIDE if verdict == "wrong" else DONE


@sample_command.command("resume")
@with_settings_here_too
@click.argument("number", type=int)
@click.argument("cause", type=click.Choice(["error", "slip"]))
@by_an_official("Yanlışın nedeni; kayıtlara yazılır.")
def resume_command(number: int, cause: Cause, because: str, by: str) -> int:
    """Durdurulan kabulleri sürdürür: error program yanlış okumuştu, slip görevli yanlış yazmıştı."""
    with _shop() as shop:
        go_on(shop, number, cause, because, by)
    say(f"sample_resumed_{cause}", number=number)
    return DONE
