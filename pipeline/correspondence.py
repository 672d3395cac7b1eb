"""correspondence: who may be answered (RFC 3834 and the field's scars), and where to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.checks import within
from pipeline.domain import Office, Submission

# The header that every letter of ours carries, so that we know it when it comes back.
LOOP_HEADER = "X-NES-Intake"
_MACHINE_NAMES = re.compile(
    r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|noreply\+.*|bounces?(\+.*|-.*)?|.*-bounces?)@"
)
_VACATION = ("x-autoreply", "x-autorespond", "x-auto-reply-from", "x-mail-autoreply", "x-vacation")


def why_silent(submission: Submission, office: Office) -> str:
    """Names why a mail gets no answer, or "" where one is due.

    X-Auto-Response-Suppress is not among the reasons: Outlook sets it on ordinary mail as well.
    """
    headers: Mapping[str, str] = dict(reversed(submission.headers))
    content_type = headers.get("content-type", "").lower()
    automatic = headers.get("auto-submitted", "no").split(";")[0].strip().lower()
    signs = {
        "loop": LOOP_HEADER.lower() in headers,
        "own_mail": submission.sender in office.own_addresses,
        "null_return_path": headers.get("return-path", "").replace(" ", "") == "<>",
        "delivery_report": "multipart/report" in content_type or "x-failed-recipients" in headers,
        "kamu_sm_notice": any(
            within(submission.sender.rpartition("@")[2], d) for d in office.kamu_sm_domains
        ),
        "automatic": automatic not in ("no", ""),
        "vacation": any(sign in headers for sign in _VACATION),
        "mailing_list": any(key.startswith("list-") for key in headers),
        "bulk": headers.get("precedence", "").lower() in ("bulk", "list", "junk"),
        "machine_sender": bool(_MACHINE_NAMES.match(submission.sender)),
    }
    return next((reason for reason, holds in signs.items() if holds), "")
