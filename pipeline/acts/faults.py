"""faults: why an act is refused; each is put into words by reports/terminal.toml, and changes nothing."""

from __future__ import annotations

from datetime import datetime

from pipeline.domain.faults import OperatorFault


class Refused(OperatorFault):
    """An act that cannot be done as it was asked for."""


class Overtaken(Refused):
    """Somebody did something since the version that an act was decided on: who, and when."""

    def __init__(self, number: str, by: str, what: str, at: datetime | None) -> None:
        name = "act_overtaken" if at else "act_outdated"
        super().__init__(name, number=number, by=by, act=what, at=at)


class NotFitting(Refused):
    """A verb that makes no sense for what it is said of."""

    def __init__(self, number: str, verb: str, kind: str) -> None:
        super().__init__("act_not_fitting", number=number, verb=verb, claim_kind=kind)


class TellsTooMuch(Refused):
    """An official's own words that tell their reader what may not be told."""

    def __init__(self, number: str, found: str) -> None:
        super().__init__("act_tells_too_much", number=number, found=found)


class KnownFault(Refused):
    """What a rule says no to, and nobody may say yes to."""

    def __init__(self, number: str, says: tuple[str, ...]) -> None:
        super().__init__("act_known_fault", number=number, says=says)


class SecondName(Refused):
    """Two names are asked for, and one person gave both."""

    def __init__(self, number: str, by: str) -> None:
        super().__init__("act_second_name", number=number, by=by)
