"""discretion: what somebody who writes to us may hear of what we know.

A case is known to its own address and to whoever sent its list; nobody else hears that there is one. So
rules are asked twice: by what the writer may hear, for the letter, and by all that is known, for the desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.domain import Case, Consequence, Decision, Entry, Facts, Finding
from pipeline.domain.claims import Claim


def visible(facts: Facts) -> Facts:
    """Leaves of the facts what the writer of a mail, and the reader of its answer, may hear of."""
    return replace(
        facts,
        cases={number: case for number, case in facts.cases.items() if is_known(case, facts)},
        paid_cases={key: case for key, case in facts.paid_cases.items() if is_known(case, facts)},
        spent={key: spent for key, spent in facts.spent.items() if spent.case in facts.known},
        sender_cases=tuple(case for case in facts.sender_cases if is_known(case, facts)),
        sent_cases=tuple(case for case in facts.sent_cases if is_known(case, facts)),
        twins={number: case for number, case in facts.twins.items() if is_known(case, facts)},
        foretold={number: told for number, told in facts.foretold.items() if told.is_own},
        left_out=tuple(case for case in facts.left_out if is_known(case, facts)),
        withdrawing=facts.withdrawing & facts.known,
        named=(),
        # They are mails of other people.
        alike={},
    )


def is_known(case: Case, facts: Facts) -> bool:
    """Tells whether a case is no secret to the writer of a mail."""
    return case.number in facts.known


def without_numbers(entries: Iterable[Entry], decision: Decision) -> tuple[Entry, ...]:
    """Gives entries as a letter about an official's word may tell them: others' cases without number."""
    return tuple(replace(e, case="") if e.case in decision.untold else e for e in entries)


def name_told(case: str, decision: Decision) -> str:
    """Names a case of a held mail for a letter's headers: by its place in the mail where it is another's.

    >>> name_told("N-0000000H", Decision(Outcome.HELD, None, Evidence()))
    'N-0000000H'
    """
    return str(_places(decision).index(case) + 1) if case in decision.untold else case


def claims_named(name: str, claims: Sequence[Claim], decision: Decision) -> tuple[Claim, ...]:
    """Finds, of claims that wait, those that a letter's header names: a case, its place, or claims' places.

    "" names them all; () where what is named does not wait.
    """
    if name.startswith("claims-"):
        numbers = name.removeprefix("claims-").split("+")
        return tuple(claim for claim in claims if str(claim.number) in numbers)
    places = _places(decision)
    if name.isdecimal():
        name = places[int(name) - 1] if 0 < int(name) <= len(places) else "?"
    return tuple(claim for claim in claims if name in ("", claim.case))


def _places(decision: Decision) -> list[str]:
    return list(dict.fromkeys(entry.case for entry in decision.withheld))


def for_desk(finding: Finding) -> Finding:
    """Keeps a finding from the letter; what it would have sent back waits for a person, who may say why."""
    is_done = finding.consequence is Consequence.GUIDE
    return replace(finding, consequence=finding.consequence if is_done else Consequence.HOLD, for_desk=True)
