"""unopened: what people wrote that was never opened, while they wait for a list.

It may say anything. A mail that was too large, too many or beyond reading keeps its writer's rows off the
lists as one does that was read and speaks against them, until a person has seen to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.domain import Case
from pipeline.ledger.book import Ledger


@dataclass(frozen=True, slots=True)
class Unopened:
    """A mail that nobody has opened: by its number, or, where it was never fetched, by where it lies."""

    number: str = ""
    place: str = ""


def unopened_of(ledger: Ledger, cases: Iterable[Case]) -> Mapping[str, Unopened]:
    """Finds, of cases that wait, one mail each that their people wrote since, and that was never opened.

    Those of a case are who sent a list or receipt of it, and its own address.
    """
    found = {case.number: _first_of(ledger, case) for case in cases}
    return {number: mail for number, mail in found.items() if mail}


# Who may have written: whoever sent a mail of the case, and the address its link goes to.
_WRITERS = (
    "(SELECT w.sender FROM entry e JOIN arrival w ON w.sha=e.proof WHERE e.case_number=?1 UNION SELECT ?2)"
)
_SET_ASIDE = (
    "SELECT d.number FROM decision d JOIN arrival a USING (sha) WHERE d.outcome='shunted' AND d.decided_at>=?3 "
    f"AND a.sender<>'' AND a.sender IN {_WRITERS} "
    "AND NOT EXISTS (SELECT 1 FROM act WHERE about=d.number AND kind='dealt') ORDER BY d.rowid LIMIT 1"
)
# One that lies there since before the case's own mail came is no word about it.
_NOT_FETCHED = (
    "SELECT s.account, s.folder, s.uid FROM sighting s WHERE s.state='set_aside' "
    f"AND s.sender<>'' AND s.sender IN {_WRITERS} "
    "AND s.uid>coalesce((SELECT min(t.uid) FROM entry e JOIN sighting t ON t.sha=e.proof "
    "WHERE e.case_number=?1 AND t.account=s.account AND t.folder=s.folder AND t.uidvalidity=s.uidvalidity), 0) "
    "ORDER BY s.uid LIMIT 1"
)


def _first_of(ledger: Ledger, case: Case) -> Unopened | None:
    address = ledger.keyed(case.holder.address) if case.holder and case.holder.address else ""
    aside = ledger.query(_SET_ASIDE, case.number, address, ledger.waiting_since(case.number))
    if aside:
        return Unopened(number=aside[0]["number"])
    lying = ledger.query(_NOT_FETCHED, case.number, address)
    return Unopened(place="{account}/{folder} UID {uid}".format(**lying[0])) if lying else None
