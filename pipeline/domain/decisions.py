"""decisions: what follows from a mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.domain.case import Case, Entry, Procedure
from pipeline.domain.evidence import Evidence


class HoldState(StrEnum):
    """How a held mail, or one case of it, stands: an official has yet to decide, or how they did."""

    OPEN = "open"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    ANSWERED = "answered"


class Outcome(StrEnum):
    """What became of a mail; the last two are never judged."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    HELD = "held"
    GUIDED = "guided"
    IGNORED = "ignored"
    SHUNTED = "shunted"


class Consequence(StrEnum):
    """What a finding does to the claim it is about: sent back, kept for a person, or done already."""

    RETURN = "return"
    HOLD = "hold"
    GUIDE = "guide"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule has to say about one value, in words for the reader.

    `subject` and `index` name the claim ("holder", 0), `about` its place for a person to find
    ("liste.xls, Sayfa1, B7"); `value` is masked. `suggestion` is a likely right value, or "".
    """

    rule: str
    consequence: Consequence
    subject: str
    index: int
    about: str
    field: str
    value: str
    say: str
    remedy: str
    because: str
    suggestion: str = ""
    # It follows from what the sender may not hear of: it is for officials, and stands in no letter.
    for_desk: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a mail: its outcome, the findings, and entries for claims without one.

    `withheld` are the entries of held claims; they are made when an official accepts the claim.
    `silence` says why no letter may be written, "" where one is due. `topic` names what a mail
    without files asks about, and `told` are the cases whose state its answer tells.
    """

    outcome: Outcome
    procedure: Procedure | None
    evidence: Evidence
    findings: tuple[Finding, ...] = ()
    entries: tuple[Entry, ...] = ()
    withheld: tuple[Entry, ...] = ()
    silence: str = ""
    topic: str = ""
    told: tuple[Case, ...] = ()
    # Numbers of mails with another person's receipt that looks like one of this mail: a flag, no fault.
    alike: tuple[str, ...] = ()
    # What our own servers found about the sender: "pass", "none", "absent", "fail" …; "" where nothing.
    authentication: str = ""
    # Why the mail is not believed, so that it changes nothing but the report: nobody knows who wrote it, or a
    # stranger did ("no_sender", "several_senders", "not_authentic", "stranger"); "" where it is.
    unbelieved: str = ""
    # Cases of `withheld` whose numbers its sender may not hear, whatever an official decides.
    untold: tuple[str, ...] = ()
    # Others' cases that the mail may speak against: they stay off the list until an official has read it.
    stays: tuple[str, ...] = ()
    # What a mail without a list says that may be against a row which comes later: "withdrawal", or "unclear"
    # where nobody has understood it; "" for nothing.
    foretells: str = ""

    @property
    def is_believed(self) -> bool:
        """Tells whether the mail may stay anybody's case, row or reminder."""
        return not self.unbelieved and self.silence not in ("no_sender", "several_senders", "not_authentic")

    def unanswered(self, why: str) -> Decision:
        """Gives the decision as it is without a letter ("" for with one): nobody is sent back, or shown the
        way, in silence, so that a person has to do it."""
        needs_letter = self.outcome in (Outcome.RETURNED, Outcome.GUIDED)
        return replace(self, silence=why, outcome=Outcome.HELD if why and needs_letter else self.outcome)

    def findings_of(self, subject: str, index: int) -> tuple[Finding, ...]:
        """Lists what was found about one claim."""
        return tuple(f for f in self.findings if (f.subject, f.index) == (subject, index))


class Subject(StrEnum):
    """What a rule is asked for each of; the name of its folder."""

    SUBMISSION = "submission"
    FILE = "file"
    HOLDER = "holder"
    RECEIPT = "receipt"
