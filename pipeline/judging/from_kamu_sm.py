"""from_kamu_sm: a mail of Kamu SM's that an official has to read; nothing follows from it by itself."""

from __future__ import annotations

from pipeline.domain import Consequence, Decision, Evidence, Finding, Outcome, Subject, Submission
from pipeline.domain.turkish import quotable
from pipeline.judging.bench import MAIL, MOST_QUOTED
from pipeline.judging.correspondence import KAMU_SM_ANSWER, why_unanswered
from pipeline.mail.authentication import authentication
from pipeline.policy.policy import Policy


def for_a_person(submission: Submission, policy: Policy) -> Decision:
    """Holds a mail unanswered, its files left closed: they are lists of ours, and nobody applies by them."""
    words = policy.answer_form
    shown = quotable(submission.subject)[:MOST_QUOTED]
    doubt = why_unanswered(submission, policy.office)
    finding = Finding(
        rule="kamusm-answer",
        consequence=Consequence.HOLD,
        subject=Subject.SUBMISSION,
        index=0,
        about=MAIL.about,
        field="",
        value=shown,
        say=words.say.format(value=shown) + (f" {words.doubted}" if doubt else ""),
        remedy=words.remedy,
        because=words.because,
    )
    return Decision(
        Outcome.HELD,
        None,
        Evidence(),
        findings=(finding,),
        silence=KAMU_SM_ANSWER,
        authentication=authentication(submission, policy.office),
        unbelieved=doubt,
    )
