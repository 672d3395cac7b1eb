"""The operator's kind of wrong: named here, put into words by reports/terminal.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def first_wrong_key(fault: ValidationError) -> tuple[str, str, str]:
    """Picks the first complaint of a validation: its dotted key, pydantic's type of error and words."""
    first = fault.errors(include_url=False, include_input=False)[0]
    return ".".join(str(part) for part in first["loc"]), first["type"], first["msg"]
