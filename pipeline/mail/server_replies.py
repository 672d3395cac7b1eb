"""server_replies: what an SMTP server's "no" is about: this letter, or the server and us.

Only what is known to be about the recipient or the letter decides a letter's fate: a closed list. A server
over quota, one that wants another sender or a log-in, and every "no" that nobody knows, make letters wait.
"""

from __future__ import annotations

import re
from typing import Literal

# Names of troubles; "" is a "no" whose reason nobody knows.
Mood = Literal["", "quota", "sender_refused", "relay_refused", "starttls_wanted"]

# RFC 3463: no such mailbox, domain, syntax; moved; null MX (RFC 7505); disabled; no route to the domain.
_RECIPIENT_CODES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
_LETTER_CODES = frozenset({"5.3.4", "5.2.3"})
_RECIPIENT_WORDS = re.compile(
    r"no such (?:user|recipient|mailbox|person|address)|(?:user|recipient|mailbox|address) (?:is )?unknown|"
    r"unknown (?:user|recipient|mailbox|local)|"
    r"(?:user|recipient|mailbox|account|address) (?:does not|doesn't) exist|"
    r"(?:user|recipient|mailbox|account) (?:is |was )?not found|no mailbox|"
    r"mailbox (?:is )?(?:unavailable|disabled|full)|account (?:is |has been )?(?:disabled|inactive)|"
    r"no valid recipients",
    re.IGNORECASE,
)
_LETTER_WORDS = re.compile(r"message (?:is )?(?:size|too (?:large|big))|too large", re.IGNORECASE)
_OURS: tuple[tuple[Mood, re.Pattern[str]], ...] = (
    ("starttls_wanted", re.compile(r"starttls|encryption (?:is )?(?:required|needed)|must use tls", re.I)),
    (
        "quota",
        re.compile(
            r"\b5\.4\.5\b|\b(?:send|sending|sent|outgoing|outbound|relay|daily|hourly|your|you)\b.*"
            r"\b(?:quota|limits?|rate)\b|\b(?:quota|limits?|rate)\b.*\b(?:send|sending|sent|outgoing|outbound|"
            r"relay|per (?:day|hour))\b|(?:limit|quota) (?:has been |was )?(?:exceeded|reached)|"
            r"too many (?:messages|mails|emails)",
            re.I,
        ),
    ),
    (
        "sender_refused",
        re.compile(
            r"\b5\.1\.[78]\b|\bsender\b|not owned|send ?as|\bfrom address|mail from|envelope from|"
            r"not allowed to send",
            re.I,
        ),
    ),
    (
        "relay_refused",
        re.compile(
            r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not|prohibited)|to relay|not relay|authenticat|"
            r"must log ?in|log ?in required|client host|blocked using|blacklist|blocklist",
            re.I,
        ),
    ),
)


def is_final(reply: str) -> bool:
    """Tells whether a 5xx reply is known to be about the recipient or the letter, and nothing else.

    >>> is_final("550 5.1.1 no such user"), is_final("550 5.4.5 Daily user sending quota exceeded.")
    (True, False)
    >>> is_final("552 5.2.2 mailbox full"), is_final("552 5.2.2 Message would take you over your relay quota")
    (True, False)
    """
    if mood_of(reply):
        return False
    found = re.match(r"\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b", reply)
    code = found[1] if found else ""
    if code in _RECIPIENT_CODES | _LETTER_CODES:
        return True
    # A policy is the server's, whatever words it is put in; other codes are read by their words.
    is_policy = code.startswith("5.7.")
    return not is_policy and bool(_RECIPIENT_WORDS.search(reply) or _LETTER_WORDS.search(reply))


def mood_of(reply: str) -> Mood:
    """Names what a 5xx reply says about the server or about us; "" where it says nothing of that.

    >>> mood_of("553 5.7.1 <a@b.example>: Sender address rejected: not owned by user c")
    'sender_refused'
    >>> mood_of("550 5.1.1 <limit@b.example>: user unknown")
    ''
    """
    words = re.sub(r"<[^<>]*>|\S+@\S+", " ", reply)
    return next((mood for mood, words_of_it in _OURS if words_of_it.search(words)), "")
