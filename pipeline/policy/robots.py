"""robots: signs that a program wrote a mail, where no header says so.

Each sign comes from another source – the parts of a mail, its subject, its own words, its thread – and a
person may leave one of them by chance. Two make a robot, which is left alone; with one a person of the unit
decides, and nobody is answered before. What a mail encloses says more than any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from pipeline.domain import Attachment, Office, Submission
from pipeline.domain.turkish import fold, heading
from pipeline.policy.mail_words import MailWords, own_words

LOOKS_AUTOMATIC, MAY_BE_AUTOMATIC = "looks_automatic", "may_be_automatic"
COMPLAINT = "message/feedback-report"
# The number that stands in the subject of every answer of ours.
_OUR_NUMBER = re.compile(r"\[[GN]-[0-9A-Z]{8}\]")


def is_report(submission: Submission, words: MailWords) -> bool:
    """Tells whether a server speaks of another mail in this one; a person may pass such a mail on."""
    reports = submission.reports
    return COMPLAINT in reports or (bool(reports) and not _is_passed_on(submission, words))


def says_it_is_a_programs(submission: Submission, words: MailWords) -> bool:
    """Tells whether a mail's own words, or its subject, are such as programs write."""
    own = own_words(replace(submission, subject=""), words)
    return any(kind.titles(submission.subject) or kind.says(own) for kind in words.robots.kinds)


def why_robot_like(submission: Submission, office: Office, words: MailWords) -> str:
    """Tells by signs alone whether a program wrote a mail: "looks_automatic", "may_be_automatic", or ""."""
    titles = _titles(submission.subject, words)
    signs = {*_signs(submission, office, words), *titles}
    local_part = submission.sender.rpartition("@")[0]
    if signs and any(fnmatchcase(local_part, pattern) for pattern in words.robots.offices):
        signs.add("sender")
    # What programs begin their subjects with stands before files that nobody chose, too.
    if any(map(_is_sent, submission.attachments)):
        return MAY_BE_AUTOMATIC if titles else ""
    if not signs:
        return ""
    return LOOKS_AUTOMATIC if len(signs) > 1 else MAY_BE_AUTOMATIC


def _titles(subject: str, words: MailWords) -> list[str]:
    """Names the signs in what a subject begins with; a person may begin like a program, but not twice."""
    begins = tuple(fold(begin) for begin in words.robots.subjects)
    folded = fold(subject)
    if not folded.startswith(begins):
        return []
    rest = folded.partition(":")[2]
    return ["subject", "answered"] if rest.strip().startswith(begins) else ["subject"]


def _signs(submission: Submission, office: Office, words: MailWords) -> Iterator[str]:
    if submission.reports:
        yield "parts"
    if any(heading(submission.sender_name) == heading(name) for name in words.robots.names):
        yield "sender"
    if any(kind.titles(submission.subject) for kind in words.robots.kinds):
        yield "subject"
    own = own_words(replace(submission, subject=""), words)
    if any(kind.says(own) for kind in words.robots.kinds):
        yield "words"
    # Who was asked to release a list, and says nothing, has to hear that it waits.
    is_asked = submission.sender in office.releasers
    if not own.strip() and answers_us(submission, office) and not is_asked:
        yield "echo"


def answers_us(submission: Submission, office: Office) -> bool:
    """Tells whether a mail goes on from a letter of ours, by its thread or by a number in its subject."""
    host = "@" + office.sender.rpartition("@")[2] + ">"
    quoted = (*submission.references, *re.findall(r"<[^<>\s@]+@[^<>\s]+>", submission.text))
    return bool(_OUR_NUMBER.search(submission.subject)) or any(name.endswith(host) for name in quoted)


def _is_passed_on(submission: Submission, words: MailWords) -> bool:
    subject = fold(submission.subject)
    return subject.startswith(tuple(map(fold, words.quotes.subjects))) and bool(
        own_words(replace(submission, subject=""), words)
    )


def _is_sent(attachment: Attachment) -> bool:
    """Tells whether somebody may have chosen a file: what only dresses a mail is no sign of a person."""
    return not (attachment.inline or attachment.is_heard or attachment.media_type in _DRESS)


_DRESS = frozenset(
    "application/pkcs7-signature application/x-pkcs7-signature application/pgp-signature "
    "application/pgp-keys text/calendar text/vcard text/x-vcard".split()
)
