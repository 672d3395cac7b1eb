"""settled: what officials decided about a held mail → the one letter that tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipeline.domain import Entry, Event, Letter, Submission
from pipeline.domain.turkish import quotable
from pipeline.letters.answer import Answered, accepted_claims, covers_of, reply
from pipeline.letters.readers import whose
from pipeline.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Refusal:
    """A claim that was refused, by the entry it would have made (None where it is none's), and why."""

    entry: Entry | None
    because: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What is told of a held mail: entries made, claims refused, answers given, and what waits still.

    Entries are as the reader may hear of them. `name` is what the letter's headers may call the claims it is
    about, "" where it is about all of the mail that waited; `paid_before` are cases that had paid before.
    """

    made: Sequence[Entry] = ()
    refused: Sequence[Refusal] = ()
    answers: Sequence[str] = ()
    waiting: Sequence[Entry] = ()
    name: str = ""
    paid_before: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """Names the text that tells them."""
        texts = ["replies/settled-accepted"] * bool(self.made)
        texts += ["replies/settled-answered"] * bool(self.answers)
        # A case that goes on after all is told in other words than what was sent back.
        texts += ["replies/settled-returned"] * len({_goes_on(refusal) for refusal in self.refused})
        return texts[0] if len(texts) == 1 else "replies/settled-mixed"


def answer_settled(
    sha: str, submission: Submission, verdicts: Verdicts, policy: Policy, written_at: datetime
) -> Letter:
    """Writes what officials decided about a held mail.

    Where it was not about the whole mail, the letter names what it is about, and says what waits.
    """
    going_on = [r.entry.case for r in verdicts.refused if r.entry and _goes_on(r)]
    refused = [r for r in verdicts.refused if not _goes_on(r)]
    reasons = list(dict.fromkeys(quotable(r.because) for r in verdicts.refused))
    covers = covers_of(verdicts.made, policy)
    is_named = bool(verdicts.name or len(reasons) > 1 or verdicts.text == "replies/settled-mixed")
    values = {
        **accepted_claims(verdicts.made, policy),
        "whose": whose([entry.holder for entry in verdicts.made if entry.holder], submission),
        "paid_before": sorted(verdicts.paid_before),
        "receipt_waits": any(entry.receipt for entry in verdicts.waiting),
        "because": reasons[0] if len(reasons) == 1 else "",
        "going_on": going_on,
        "covers": [cover.name for cover in covers],
        "is_alone": bool(verdicts.name),
        "refused": [_refused(r, len(reasons) > 1) for r in refused] if is_named else [],
        "answers": [[quotable(line) for line in text.splitlines()] for text in verdicts.answers],
        "waiting": [_claimed(entry) for entry in verdicts.waiting],
    }
    letter = reply(verdicts.text, Answered(sha, submission, written_at), policy, values)
    # Each claim is decided once: its letter has a name of its own beside those of the mail's other claims.
    kind = f"{letter.kind}/{verdicts.name}" if verdicts.name else letter.kind
    return replace(letter, kind=kind, enclosures=tuple(covers))


def _goes_on(refusal: Refusal) -> bool:
    return refusal.entry is not None and refusal.entry.event is Event.WITHDRAWN


def _refused(refusal: Refusal, says_why: bool) -> Mapping[str, Any]:
    return {**_claimed(refusal.entry), "because": quotable(refusal.because) if says_why else ""}


def _claimed(entry: Entry | None) -> Mapping[str, Any]:
    """Names a claim as its sender knows it: by the row of the list, or the file of the receipt."""
    holder, receipt = (entry.holder, entry.receipt) if entry else (None, None)
    return {
        "case": entry.case if entry else "",
        "row": holder.row if holder else None,
        "name": quotable(holder.name) if holder else "",
        "file": quotable(receipt.file) if receipt else "",
    }
