"""correspondence: who may be answered (RFC 3834 and the field's scars), who is believed, and where to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from pipeline.checks import within
from pipeline.domain import Office, Submission
from pipeline.mailwords import MailWords
from pipeline.turkish import fold

# The header that every letter of ours carries, so that we know it when it comes back.
LOOP_HEADER = "X-NES-Intake"
# What the letter is about, and its running number: by these a copy of it can take the ledger's place.
ABOUT_HEADER = "X-NES-Intake-About"
NUMBER_HEADER = "X-NES-Intake-Number"
_VACATION = ("x-autoreply", "x-autorespond", "x-auto-reply-from", "x-mail-autoreply", "x-vacation")
# A mail that passed through so many servers goes round in a circle.
_MOST_HOPS = 25

# A document system or a forwarding rule may send an application under these signs. It gets no answer,
# but its files are read: an application is never lost.
READ_ALL_THE_SAME = frozenset({"automatic", "null_return_path", "machine_sender", "leave_notice"})


def why_silent(submission: Submission, office: Office, words: MailWords) -> str:
    """Names why no person waits for an answer to a mail, or "" where one may.

    X-Auto-Response-Suppress is not among the reasons: Outlook sets it on ordinary mail as well.
    """
    headers: Mapping[str, str] = dict(reversed(submission.headers))
    content_type = headers.get("content-type", "").lower()
    automatic = headers.get("auto-submitted", "no").split(";")[0].strip().lower()
    local_part, _, host = submission.sender.rpartition("@")
    subject = fold(submission.subject)
    signs = {
        "loop": LOOP_HEADER.lower() in headers or _hops(submission) > _MOST_HOPS,
        "own_mail": submission.sender in office.own_addresses,
        "delivery_report": "multipart/report" in content_type or "x-failed-recipients" in headers,
        "kamu_sm_notice": any(within(host, d) for d in office.kamu_sm_domains),
        "vacation": any(sign in headers for sign in _VACATION),
        "mailing_list": any(key.startswith("list-") for key in headers),
        "bulk": headers.get("precedence", "").lower() in ("bulk", "list", "junk", "auto_reply"),
        "null_return_path": headers.get("return-path", "").replace(" ", "") == "<>",
        "automatic": automatic not in ("no", ""),
        "machine_sender": any(fnmatchcase(local_part, pattern) for pattern in words.robots.senders),
        "leave_notice": any(subject.startswith(fold(begin)) for begin in words.robots.subjects),
    }
    return next((reason for reason, holds in signs.items() if holds), "")


def _hops(submission: Submission) -> int:
    return sum(key == "received" for key, _ in submission.headers)


def why_unanswered(submission: Submission, office: Office) -> str:
    """Names why a mail that is judged, and waits for a person, gets no letter; "" where it may.

    An answer to a forged sender would reach the one whose name was used.
    """
    if not submission.sender:
        return "no_sender"
    if submission.also_from:
        return "several_senders"
    return "not_authentic" if authentication(submission, office) not in ("", "pass", "none") else ""


def authentication(submission: Submission, office: Office) -> str:
    """Tells what our own server found about the sender's domain: the DMARC result (RFC 8601), or "".

    Only the topmost header that a trusted server signed counts: a server puts its own on top, and
    what stands below, or under another name, anyone may have written. A pass for another domain than
    the sender's is "misaligned".
    """
    trusted = {server.casefold() for server in office.trusted_servers}
    for key, value in submission.headers:
        if key != "authentication-results":
            continue
        server, *results = _results(value)
        if server.split(" ")[0].casefold() in trusted:
            return _dmarc(results, submission.sender.rpartition("@")[2])
    return ""


def _results(value: str) -> Iterator[str]:
    bare = re.sub(r"\([^()]*\)", " ", value)
    return (" ".join(part.split()) for part in bare.split(";"))


def _dmarc(results: list[str], host: str) -> str:
    found = set()
    for result in results:
        if told := re.match(r"dmarc\s*=\s*([a-z]+)", result.lower()):
            about = re.search(r"header\.from\s*=\s*\"?([a-z0-9.\-@]+)", result.lower())
            is_about_sender = not about or about[1].rpartition("@")[2] == host
            found.add(told[1] if is_about_sender or told[1] != "pass" else "misaligned")
    return found.pop() if len(found) == 1 else "unclear" if found else ""


def answer_to(submission: Submission) -> str:
    """Gives the address that is answered: Reply-To within the sender's own domain, else From."""
    reply_host, host = (a.rpartition("@")[2] for a in (submission.reply_to, submission.sender))
    return submission.reply_to if submission.reply_to and reply_host == host else submission.sender
