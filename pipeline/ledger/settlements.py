"""settlements: what officials decide about held mails, as a whole or by claim, on the facts of the day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from pipeline.domain import Entry, HoldState
from pipeline.domain.cases import latest_open, receipt_key
from pipeline.domain.claims import Claim, left
from pipeline.domain.settling import Stale, Standing, stale
from pipeline.ledger.book import Judged, Ledger


@dataclass(frozen=True, slots=True)
class Settlement:
    """An official's word about a held mail, or about one `claim` of it (None for all that still waits)."""

    state: HoldState
    because: str
    by: str
    at: datetime
    claim: Claim | None = None


def claims_left(ledger: Ledger, held: Judged) -> tuple[Claim, ...]:
    """Lists the claims of a held mail that wait for an official's word still."""
    # As it was judged: of what is held, the claims that are decided may be left out, and places would move.
    judged = ledger.judged(held.sha)
    return left(judged.decision, decided_claims(ledger, held.sha)) if judged else ()


def withheld_by(ledger: Ledger, held: Judged, case: str = "") -> tuple[Entry, ...]:
    """Lists what of a held mail waits for an official's word still, of one case or of all."""
    entries = (claim.entry for claim in claims_left(ledger, held))
    return tuple(entry for entry in entries if entry and case in ("", entry.case))


def decided_claims(ledger: Ledger, sha: str) -> frozenset[str]:
    """Names the claims of a held mail that were decided one by one; in former days, the cases."""
    return frozenset(row["claim"] for row in ledger.query("SELECT claim FROM settled WHERE sha=?", sha))


def made_today(held: Judged, entries: Sequence[Entry], day: date) -> tuple[Entry, ...]:
    """Makes held entries those of the day on which an official accepts them."""
    return tuple(replace(e, day=day, proof=f"settle/{held.number}") for e in entries)


def not_any_more(ledger: Ledger, held: Judged, entries: Sequence[Entry]) -> tuple[Stale, ...]:
    """Judges held entries against the ledger of now; gives those that cannot be made any more."""
    found = {e.case: ledger.case(e.case) for e in entries}
    open_cases = {}
    for number, procedure in {(e.identity_number, e.procedure) for e in entries}:
        case = latest_open(c for c in ledger.cases_of(number) if c.procedure is procedure)
        if case:
            open_cases[number, procedure] = case
    keys = {receipt_key(e.receipt) for e in entries if e.receipt}
    spent = {
        key: str(row["case_number"])
        for key in keys
        for row in ledger.query("SELECT case_number FROM spent WHERE key=?", ledger.keyed(key))
    }
    since = [(e.case, row) for e in entries for row in _since(ledger, held, e.case)]
    standing = Standing(
        cases={number: case for number, case in found.items() if case},
        open_cases=open_cases,
        spent=spent,
        overtaken=frozenset(case for case, event in since if event == "amended"),
        paid=frozenset(case for case, event in since if event == "paid"),
    )
    return stale(entries, standing)


def _since(ledger: Ledger, held: Judged, case: str) -> list[str]:
    """Names what happened to a case since a mail was judged: paid, or corrected by a mail that came later."""
    rows = ledger.query(
        "SELECT e.event FROM entry e JOIN decision m ON m.sha=e.proof OR "
        "(m.number=substr(e.proof, 8) AND e.proof LIKE 'settle/%') "
        "LEFT JOIN hold h ON h.sha=m.sha AND m.sha<>e.proof "
        "LEFT JOIN settled s ON s.sha=h.sha AND s.case_number=e.case_number AND s.state='accepted' "
        "WHERE e.case_number=? AND m.sha<>? AND ((e.event='amended' AND m.rowid>"
        "(SELECT rowid FROM decision WHERE sha=?)) OR (e.event='paid' AND "
        "max(m.decided_at, coalesce(s.settled_at, h.settled_at, ''))>?))",
        *(case, held.sha, held.sha, held.decided_at),
    )
    return [row["event"] for row in rows]


def note_numbers(ledger: Ledger, held: Judged, entries: Iterable[Entry]) -> None:
    """Keeps the numbers of cases that a mail opens otherwise than it was judged; call inside a transaction."""
    for case in dict.fromkeys(entry.case for entry in entries):
        ledger.execute("INSERT INTO numbered VALUES (?, ?) ON CONFLICT DO NOTHING", case, held.sha)


def note_settlement(ledger: Ledger, held: Judged, word: Settlement) -> None:
    """Writes down an official's word; a mail of which nothing waits any more is settled with its last claim.

    Call inside a transaction.
    """
    if not word.claim:
        ledger.settle(held.sha, word.state, word.because, word.by, word.at)
        return
    ledger.execute(
        "INSERT INTO settled (sha, claim, case_number, state, because, settled_by, settled_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(held.sha, word.claim.name, word.claim.case, word.state, word.because, word.by, word.at),
    )
    ledger.note(word.at, f"settled {word.state}", f"{held.sha}/{word.claim.name}")
    if not claims_left(ledger, held):
        ledger.settle(held.sha, _state_of_all(ledger, held.sha), word.because, word.by, word.at)


def _state_of_all(ledger: Ledger, sha: str) -> HoldState:
    """Names the state of a mail all of whose claims are decided: the one that brought the most about."""
    found = {row["state"] for row in ledger.query("SELECT state FROM settled WHERE sha=?", sha)}
    states = (HoldState.ACCEPTED, HoldState.RETURNED, HoldState.ANSWERED)
    return next(state for state in states if state in found)
