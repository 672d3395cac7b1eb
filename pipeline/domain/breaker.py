"""breaker: tells when it is us who are wrong: one fault, or one refusal, that suddenly hits most mails.

A parser or a rule that breaks would send a letter of refusal to everybody. So letters wait for a person
where the same thing hits many senders at once; what one sender does alone never stops the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

# A fault of ours: in so many of the last mails, of so many senders.
_FAULTS, _FAULTS_OF, _FAULT_SENDERS = 5, 16, 3
# A refusal: of so many of the last senders, and so large a part of them; and so much rarer before.
_REFUSALS, _REFUSALS_OF, _MOST, _USUAL = 8, 20, 0.8, 0.4
# So many mails show what is usual, and fewer than the second show nothing: an office's first mails may all
# be the same mistake.
EARLIER, _LEAST_EARLIER = 100, 10
RECENT = max(_FAULTS_OF, _REFUSALS_OF)


@dataclass(frozen=True, slots=True)
class Seen:
    """One decided mail: its sender, keyed, the fault it was set aside for, the rules it went back for."""

    sender: str
    fault: str
    refusals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cause:
    """What hits so many: a fault's place or a rule's name, how many mails or senders, of how many."""

    kind: Literal["fault", "refusal"]
    name: str
    hit: int
    of: int


def cause(recent: Sequence[Seen], earlier: Sequence[Seen]) -> Cause | None:
    """Looks through the last decisions, newest first, beside those before them."""
    return _same_fault(recent[:_FAULTS_OF]) or _same_refusal(recent[:_REFUSALS_OF], earlier)


def _same_fault(recent: Sequence[Seen]) -> Cause | None:
    for fault, hit in Counter(seen.fault for seen in recent if seen.fault).most_common():
        senders = {seen.sender for seen in recent if seen.fault == fault}
        if hit >= _FAULTS and len(senders) >= _FAULT_SENDERS:
            return Cause("fault", fault, hit, len(recent))
    return None


def _same_refusal(recent: Sequence[Seen], earlier: Sequence[Seen]) -> Cause | None:
    # The newest mail of each sender: who sends the same list again and again is one sender.
    last: Mapping[str, Seen] = {seen.sender: seen for seen in reversed(recent)}
    for rule, hit in Counter(rule for seen in last.values() for rule in seen.refusals).most_common():
        before = sum(rule in seen.refusals for seen in earlier)
        is_sudden = len(earlier) >= _LEAST_EARLIER and before < _USUAL * len(earlier)
        if hit >= _REFUSALS and hit >= _MOST * len(last) and is_sudden:
            return Cause("refusal", rule, hit, len(last))
    return None
