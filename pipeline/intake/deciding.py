"""deciding: Opened → Outcome. The ledger is asked once, then it is thought, then it is written once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import get_args

from pipeline.acts.named import letters_to_named
from pipeline.acts.releasing import Released, Wish, not_released, release_today, wish_of
from pipeline.domain import (
    Arrival,
    Attachment,
    Decision,
    Enclosure,
    Event,
    Evidence,
    Letter,
    Matter,
    Outcome,
    Submission,
    Transcript,
)
from pipeline.intake.opening import Opened, left_closed, open_briefly, open_mail, ours
from pipeline.judging.conversation import Comparison, compare, is_as_asked, list_before
from pipeline.judging.correspondence import KAMU_SM_ANSWER, may_be_passed_on, why_unanswered
from pipeline.judging.from_kamu_sm import for_a_person
from pipeline.judging.judge import judge
from pipeline.judging.questions import against_somebody, is_of_the_house
from pipeline.judging.read import opened_files, read, said_in
from pipeline.judging.set_aside import set_aside
from pipeline.ledger.book import Decided
from pipeline.ledger.knowledge import Known, known_about, others_named, others_of_the_house
from pipeline.ledger.quotas import Exceeded
from pipeline.ledger.recording import Verdict, record
from pipeline.letters.answer import Answered, answer, answer_release
from pipeline.letters.mark import mark
from pipeline.office.marked_copies import mark_copies
from pipeline.office.planning import planned
from pipeline.office.sitting import Sitting
from pipeline.office.transcripts import FilesRead, read_to_the_end
from pipeline.office.world import is_the_worlds
from pipeline.policy.policy import Policy
from pipeline.policy.robots import MAY_BE_AUTOMATIC
from pipeline.sandbox.scanner.scan import SCANNER_VERSION


def decide(sitting: Sitting, mail: Opened) -> Outcome:
    """Takes one opened mail to its decision and its stored letter, all or nothing.

    Whatever goes wrong over it, with the mail or with us, costs this mail and no other: it is shunted with
    its bytes kept, and the run goes on. Trouble with the world is not ours to swallow.
    """
    if mail.submission is None or mail.why_shunted:
        return _shunt(sitting, mail, mail.why_shunted)
    try:
        done = read_to_the_end(mail.begun) if mail.begun else FilesRead([], 0.0)
        while True:
            asked = _ask(sitting, mail, mail.submission, done.files)
            # What was read is written with what follows from it: every commit waits for the disk.
            verdict = replace(_think(sitting, asked, done), fresh=done.fresh, read_by=SCANNER_VERSION)
            # Whoever wrote meanwhile may have changed what follows: then it is asked and thought again.
            if record(sitting.ledger, verdict, asked.as_of):
                return verdict.decided.decision.outcome
    except Exception as fault:
        return _shunt(sitting, mail, ours(fault))


def judge_again(sitting: Sitting, arrival: Arrival, aside: str = "") -> Outcome:
    """Takes a kept mail the same way once more, by other rules, on another ledger or at another time.

    `aside` says why its day left it unopened: that a sender had cost too much, or that it was not touched
    at all, was the day's doing.
    """
    if aside in get_args(Exceeded) and aside:
        return decide(sitting, open_briefly(arrival, sitting.policy, aside))
    return decide(sitting, left_closed(arrival, aside) if aside else open_mail(sitting, arrival, ()))


# --- asking ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """A mail and all that the ledger says about it as of one moment; nothing `known` of what is ignored."""

    as_of: tuple[int, int]
    # The mail by itself; its matter has the words of mails that were sent along with it as well.
    submission: Submission
    matter: Matter
    wish: Wish | None
    released: Released | None
    known: Known | None


def _ask(
    sitting: Sitting, mail: Opened, submission: Submission, files: Sequence[tuple[Attachment, Transcript]]
) -> _Asked:
    ledger, policy, sha = sitting.ledger, sitting.policy, mail.arrival.sha
    as_of = ledger.moment()
    submission = replace(submission, number=ledger.number_for(sha))
    evidence = read(files, policy.patterns)
    aside = set_aside(files, evidence)
    matter = Matter(sha, said_in(submission, files), evidence, mail.automatic, aside)
    # A release is asked of the mail's own words alone; what is withdrawn, of all that is said.
    wish = None if mail.automatic else wish_of(ledger, submission, policy)
    is_release = wish is not None and not wish.hindrance
    released = None
    if wish and is_release:
        released = release_today(sitting, wish.batch, submission.sender, sha, is_by_mail=True)
    is_kamu_sms = mail.automatic == KAMU_SM_ANSWER
    if _is_ignored(matter) and not (is_kamu_sms or may_be_passed_on(submission, mail.automatic)):
        return _Asked(as_of, submission, matter, wish, released, None)
    since = sitting.now - timedelta(days=1)
    known = known_about(ledger, matter, sitting.today, since, policy.awaits_list)
    against = against_somebody(matter.submission, policy)
    named = others_named(ledger, against, known.facts, submission.sender)
    if is_of_the_house(matter.submission, policy):
        of_house = others_of_the_house(ledger, known.facts, submission.sender)
        named = tuple({case.number: case for case in (*named, *of_house)}.values())
    known = replace(known, facts=replace(known.facts, named=named))
    return _Asked(as_of, submission, matter, wish, released, known)


def _is_ignored(matter: Matter) -> bool:
    evidence, is_doubtful = matter.evidence, matter.automatic == MAY_BE_AUTOMATIC
    return bool(matter.automatic) and not (is_doubtful or evidence.holders or evidence.receipts)


# --- thinking ----------------------------------------------------------------------------------


def _think(sitting: Sitting, asked: _Asked, done: FilesRead) -> Verdict:
    """Thinks what follows; only the copies that go back are written by workers."""
    if asked.released:
        return _released(sitting, asked, asked.released)
    decision = _decision(asked, sitting.policy)
    if asked.wish and not decision.entries:
        return _not_released(sitting, asked, asked.wish, decision)
    copies = _copies(sitting, decision, done.files)
    comparison = _compared(asked, decision)
    submission, policy, now = asked.submission, sitting.policy, sitting.now
    answered = Answered(asked.matter.sha, submission, now, _paid_before(asked.known))
    letter = answer(answered, decision, comparison, copies, policy)
    # Read at the moment the mail was asked about: what is written meanwhile has it thought again.
    entries = decision.entries if letter else ()
    told = letters_to_named(sitting.ledger, entries, submission, policy, now)
    verdict = _verdict(sitting, asked, decision, letter, *told)
    return replace(verdict, seconds=done.seconds, bounce=submission.bounce)


def _paid_before(known: Known | None) -> frozenset[str]:
    """Names the cases of the mail's people that have paid, of which its sender may hear."""
    if known is None:
        return frozenset()
    paid = {case.number for case in known.facts.cases.values() if case.receipt}
    return known.facts.known & paid


def _verdict(sitting: Sitting, asked: _Asked, decision: Decision, *letters: Letter | None) -> Verdict:
    sender, subject = asked.submission.sender, asked.submission.subject
    policy = sitting.policy.fingerprint
    return Verdict(
        Decided(asked.matter.sha, sender, subject, sitting.now, policy, decision),
        letters=tuple(planned(letter) for letter in letters if letter),
    )


def _decision(asked: _Asked, policy: Policy) -> Decision:
    matter, known = asked.matter, asked.known
    if matter.automatic == KAMU_SM_ANSWER and policy.answer_form.say:
        return for_a_person(asked.submission, known.facts.named if known else (), policy)
    if known is None:
        return Decision(Outcome.IGNORED, None, Evidence(), silence=matter.automatic)
    facts = replace(known.facts, as_asked=is_as_asked(known.earlier, matter.evidence))
    decision = judge(matter, facts, policy)
    # What a program passes on is heard where it may be against somebody who waits for a list.
    is_heard = decision.stays or any(entry.event is Event.WITHDRAWN for entry in decision.withheld)
    if _is_ignored(matter) and not is_heard:
        return Decision(Outcome.IGNORED, None, Evidence(), silence=matter.automatic)
    return decision.unanswered(matter.automatic or _why_unanswered(asked, policy))


def _why_unanswered(asked: _Asked, policy: Policy) -> str:
    if silence := why_unanswered(asked.submission, policy.office):
        return silence
    assert asked.known is not None
    return "over_budget" if asked.known.answers >= policy.office.answers_per_day else ""


def _released(sitting: Sitting, asked: _Asked, released: Released) -> Verdict:
    """Sends a list that somebody who may has released, and tells them."""
    policy = sitting.policy
    outcome = Outcome.ACCEPTED if released.entries else Outcome.GUIDED
    silence = _why_unanswered(asked, policy)
    decision = Decision(outcome, None, Evidence(), entries=released.entries, authentication="pass")
    told = None
    if not silence:
        at = released.at and f"{released.at.astimezone(policy.office.batching.zone):%d.%m.%Y %H:%M}"
        keys = ("state", "count", "leaving", "pending", "by", "digest")
        about = {"batch": released.name, "at": at, **{key: getattr(released, key) for key in keys}}
        told = answer_release(asked.matter.sha, asked.submission, about, policy, sitting.now)
    verdict = _verdict(sitting, asked, decision.unanswered(silence), released.letter, told)
    return replace(verdict, released=released.batch)


def _not_released(sitting: Sitting, asked: _Asked, wish: Wish, decision: Decision) -> Verdict:
    """Holds what a releaser wrote about a waiting list that is no release, and tells them how it was read.

    The list goes on waiting.
    """
    policy, sha = sitting.policy, asked.matter.sha
    finding, about = not_released(wish, policy)
    findings = (*decision.findings, finding)
    held = replace(decision, outcome=Outcome.HELD, topic="", told=(), findings=findings)
    told = None if held.silence else answer_release(sha, asked.submission, about, policy, sitting.now)
    return _verdict(sitting, asked, held, told)


def _compared(asked: _Asked, decision: Decision) -> Comparison | None:
    """Compares a list with the one of the same sender that it puts right, known by its people."""
    if not (asked.known and decision.is_believed):
        return None
    before = list_before(asked.known.earlier, decision.evidence)
    return compare(before, decision) if before else None


def _copies(
    sitting: Sitting, decision: Decision, files: Sequence[tuple[Attachment, Transcript]]
) -> tuple[Enclosure, ...]:
    """Has the lists that go back marked; nothing is marked for somebody who gets no answer."""
    policy = sitting.policy
    plans = () if decision.silence else mark(decision, policy)
    nameless = policy.texts.words["marks"]["nameless_sheet"]
    return mark_copies(plans, opened_files(files), nameless, sitting.readers) if plans else ()


# --- setting aside -----------------------------------------------------------------------------


def _shunt(sitting: Sitting, mail: Opened, why: str) -> Outcome:
    """Sets a mail aside for the unit, unanswered, with where and why it failed."""
    submission = mail.submission
    decided = Decided(
        sha=mail.arrival.sha,
        sender=submission.sender if submission else "",
        subject=submission.subject if submission else "",
        decided_at=sitting.now,
        policy=sitting.policy.fingerprint,
        decision=Decision(Outcome.SHUNTED, None, Evidence(), silence="shunted"),
        shunt=why,
    )
    try:
        record(sitting.ledger, Verdict(decided), None)
    except Exception as fault:
        if is_the_worlds(fault):
            raise
        # What cannot even be written down of it is left out: the mail itself is kept.
        record(sitting.ledger, Verdict(replace(decided, sender="", subject="")), None)
    return Outcome.SHUNTED
