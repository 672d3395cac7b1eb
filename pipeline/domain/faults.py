"""The operator's kind of wrong: named here, put into words by reports/terminal.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError


class OperatorFault(Exception):
    """Something only the operator can put right; `name` picks the sentence, `details` fill it."""

    exit_code = 78

    def __init__(self, name: str, **details: object) -> None:
        super().__init__(f"{name}: " + ", ".join(f"{k}={v}" for k, v in details.items()))
        self.name = name
        self.details = details


class TryLater(OperatorFault):
    """Nothing is wrong that the next run may not find right again."""

    exit_code = 75


def origin(fault: BaseException) -> str:
    """Names class and place of a fault, never its words: those may quote a mail."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"
    return f"{type(fault).__name__} at {where}"


def first_wrong_key(fault: ValidationError) -> Mapping[str, str]:
    """Picks the first complaint of a validation, as a sentence is filled with it.

    That is its dotted `key`, pydantic's type of error (`kind`) and words (`why`), and what would be right:
    the `expected` values, or the `least` or `most`; of settings
    that contradict each other, the keys.
    """
    first = fault.errors(include_url=False, include_input=False)[0]
    told = {"key": ".".join(map(str, first["loc"])), "kind": first["type"], "why": first["msg"]}
    return {**told, **_right_would_be(first.get("ctx", {}))}


def _right_would_be(context: Mapping[str, object]) -> Mapping[str, str]:
    bounds = {"least": ("ge", "gt", "min_length"), "most": ("le", "lt", "max_length")}
    expected = str(context.get("expected", "")).replace(" or ", ", ").replace("'", '"')
    named = {name: str(context[name]) for name in ("one", "other", "what") if name in context}
    return {
        **named,
        "expected": expected,
        **{name: next((str(context[k]) for k in keys if k in context), "") for name, keys in bounds.items()},
    }
