"""numbers: which numbers mails and cases may bear; one that is borne already is never given again.

Numbers are made from digests, so that a ledger that is rebuilt gives the same ones; they are short enough to
be said on the telephone, so that two are equal one day. What was erased keeps its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from pipeline.domain import Evidence, Procedure
from pipeline.domain.cases import case_number, claim_of, free_number
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.book import Ledger


def case_numbers(
    ledger: Ledger, sha: str, evidence: Evidence
) -> Mapping[tuple[IdentityNumber, Procedure], str]:
    """Gives every case that a mail may open a number of its own, in the order of its claims."""
    listed = ((h.identity_number, Procedure.LOST_OR_STOLEN) for h in evidence.holders)
    paid = ((r.identity_number, procedure) for r in evidence.receipts for procedure in Procedure)
    given: dict[tuple[IdentityNumber, Procedure], str] = {}
    for number, procedure in chain(listed, paid):
        if number and (number, procedure) not in given:
            given[number, procedure] = _free(ledger, sha, claim_of(number, procedure), set(given.values()))
    return given


def _free(ledger: Ledger, sha: str, claim: str, given: set[str]) -> str:
    return free_number(
        lambda again: case_number(sha, claim, again),
        lambda number: number in given or ledger.bears_another(number, sha),
    )
