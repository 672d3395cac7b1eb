"""recording: all that follows from one mail, written in one go, on the very ledger that it was thought of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain import Batch, Bounce, Transcript
from pipeline.ledger import quotas
from pipeline.ledger.book import Decided, Ledger, Planned
from pipeline.ledger.casework import note_release
from pipeline.ledger.likenesses import note_likenesses


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mail as it was decided, with all else that is to be written of it.

    `released` is the list that its sender has released, `seconds` what reading its files has cost, and
    `fresh` what was read from them for the first time, by the version of the readers named in `read_by`.
    """

    decided: Decided
    letters: tuple[Planned, ...] = ()
    released: Batch | None = None
    seconds: float = 0.0
    bounce: Bounce | None = None
    fresh: Sequence[Transcript] = ()
    read_by: str = ""


def record(ledger: Ledger, verdict: Verdict, as_of: tuple[int, int] | None) -> bool:
    """Writes a verdict, all or nothing, where the ledger stands as it did at the moment when it was asked.

    False, and nothing written, where somebody wrote in between: what follows from the mail may be another
    thing by now. A verdict for which nothing was asked is `as_of` no moment.
    """
    with ledger.transaction():
        if as_of is not None and ledger.moment() != as_of:
            return False
        _write(ledger, verdict)
    return True


def _write(ledger: Ledger, verdict: Verdict) -> None:
    decided = verdict.decided
    ledger.keep_transcripts(verdict.fresh, verdict.read_by, decided.decided_at)
    if verdict.released:
        note_release(ledger, verdict.released, decided.sender, decided.decided_at)
    ledger.enter(decided)
    note_likenesses(ledger, decided.sha, decided.decision.evidence.receipts)
    for letter in verdict.letters:
        ledger.plan_letter(letter, decided.decided_at)
    if verdict.seconds:
        quotas.charge(ledger, decided.sha, verdict.seconds)
    if verdict.bounce:
        ledger.note_bounce(decided.sha, verdict.bounce, decided.decided_at)
