"""from_kamu_sm: a mail of Kamu SM's that an official has to read; nothing follows from it by itself."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.domain import Case, Decision, Evidence, Outcome, Submission
from pipeline.domain.turkish import quotable
from pipeline.judging.bench import MOST_QUOTED, held_as_a_whole
from pipeline.judging.correspondence import KAMU_SM_ANSWER, why_unanswered
from pipeline.judging.questions import of_others
from pipeline.mail.authentication import authentication
from pipeline.policy.policy import Policy


def for_a_person(submission: Submission, named: Sequence[Case], policy: Policy) -> Decision:
    """Holds a mail unanswered, its files left closed: they are lists of ours, and nobody applies by them.

    Who is `named` in words that may be against them, and waits, waits until it is read.
    """
    words = policy.answer_form
    shown = quotable(submission.subject)[:MOST_QUOTED]
    doubt = why_unanswered(submission, policy.office)
    say = words.say.format(value=shown) + (f" {words.doubted}" if doubt else "")
    finding = held_as_a_whole("kamusm-answer", shown, say, words.remedy, words.because)
    return Decision(
        Outcome.HELD,
        None,
        Evidence(),
        findings=(finding, *of_others(named, policy)),
        stays=tuple(case.number for case in named),
        silence=KAMU_SM_ANSWER,
        authentication=authentication(submission, policy.office),
        unbelieved=doubt,
    )
