"""authentication: what our own servers found about a sender's domain (Authentication-Results, RFC 8601).

Anybody can write such a header. A good word is therefore believed only where nobody else can have written
it: above the `Received` header with which our own mail server took the mail in. A bad word is believed
wherever it stands, for nobody forges one against himself. Of several words the worst counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pipeline.domain import Office, Submission

# Nothing that one of our servers has found, though they look.
ABSENT = "absent"
# A word of theirs that cannot be understood.
UNCLEAR = "unclear"
# A pass, but for another domain than the sender's.
MISALIGNED = "misaligned"

# What is known as good, the best first; a domain without a policy of its own has nothing to pass, and
# Exchange then tells how it would have ended. Every other word is a bad one, those of tomorrow included.
_GOOD = {"pass": "pass", "none": "none", "bestguesspass": "none"}
_HEADER = "authentication-results"
# What mail filters write beside it.
_BESIDE = (_HEADER, "received-spf", "dkim-filter")


@dataclass(frozen=True, slots=True)
class _Results:
    """One header: who signed it, "" where nobody did, and what was found, as (method, result, domain)."""

    signed: str
    found: tuple[tuple[str, str, str], ...]


def authentication(submission: Submission, office: Office) -> str:
    """Tells what our servers found about the sender's domain: "pass", "none", or what is wrong with it.

    "" means that nobody was asked: no server is trusted, or a word is not required and none has been said.
    Where one is required, silence is "absent".
    """
    if not office.trusted_servers:
        return ""
    heard = list(_heard(submission, office))
    words = [_word(one.results, submission.sender.rpartition("@")[2]) for one in heard]
    if bad := next((word for word in words if word and word not in _GOOD.values()), ""):
        return bad
    good = [word for word, one in zip(words, heard, strict=True) if word and one.is_ours]
    found = [result for one in heard if one.results for result in one.results.found]
    spf_failed = any(method == "spf" and result in ("fail", "hardfail") for method, result, _ in found)
    # Where no policy says what to make of it, a server that may not send for the domain is all we know.
    if spf_failed and (not good or "none" in good):
        return UNCLEAR
    if good:
        return "none" if "none" in good else "pass"
    return ABSENT if office.authentication_required else ""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One header, None where it cannot be read, and whether only a server of ours can have written it."""

    results: _Results | None
    is_ours: bool


def _heard(submission: Submission, office: Office) -> Iterator[_Heard]:
    headers = submission.headers
    entry, entered_by = _entry(headers, office)
    for at, (key, value) in enumerate(headers):
        if key != _HEADER:
            continue
        is_ours = at < entry or (office.authentication_below_received and _touches(headers, entry, at))
        results = _read(value)
        # Exchange Online does not sign; where it took the mail in, what stands above is its word.
        signed = (results.signed or (entered_by if is_ours else "")) if results else _first_word(value)
        is_trusted = _is_trusted(signed, office)
        if is_trusted or (results and not results.signed) or (results is None and is_ours):
            yield _Heard(results, is_ours and is_trusted)


def _is_trusted(server: str, office: Office) -> bool:
    return bool(server) and any(fnmatchcase(server, name) for name in office.trusted_servers)


# --- where our own servers end ------------------------------------------------------------------


def _entry(headers: Sequence[tuple[str, str]], office: Office) -> tuple[int, str]:
    """Finds the header with which a mail came in to us: its place, and the server that wrote it.

    Servers write on top, so that the topmost `Received` is ours whatever the sender brought along. Those of
    servers that nobody outside can reach are passed over: a delivery by LMTP, and `inner_servers`.
    Without any, a mail did not come over the network and nothing in it is a stranger's.
    """
    for at, (key, value) in enumerate(headers):
        if key == "received":
            by, protocol = _hop(value)
            if not protocol.startswith("lmtp") and not any(fnmatchcase(by, n) for n in office.inner_servers):
                return at, by
    return len(headers), ""


def _hop(received: str) -> tuple[str, str]:
    """Gives the server that wrote a `Received` header, and the protocol it was spoken to in.

    The stranger's greeting and address stand in it as well, in comments and quotation marks too. Where one
    of them says "by" nobody can say which is the server's: then nothing is known of the hop.
    """
    ours = _OURS.search(" ".join(_divided(received))) if len(_BY.findall(received)) == 1 else None
    return (ours[1].strip(";").lower(), (ours[2] or "").lower()) if ours else ("", "")


_BY = re.compile(r"(?i)(?<![\w.-])by\s")
_OURS = re.compile(r"(?i)(?:^|\s)by\s+(\S+)(?:\s+via\s+\S+)?(?:\s+with\s+([a-z0-9]+))?")


def _touches(headers: Sequence[tuple[str, str]], entry: int, at: int) -> bool:
    """Tells whether nothing but such words stands between a header and the `Received` above it."""
    return all(key in _BESIDE for key, _ in headers[entry + 1 : at])


# --- reading one header --------------------------------------------------------------------------


def _word(results: _Results | None, host: str) -> str:
    """Gives what one header says of DMARC; "" where it says nothing, and UNCLEAR where it says two things."""
    if results is None:
        return UNCLEAR
    words = {
        MISALIGNED if domain not in ("", host) and result in _GOOD else _GOOD.get(result, result)
        for method, result, domain in results.found
        if method == "dmarc"
    }
    return words.pop() if len(words) == 1 else UNCLEAR if words else ""


def _read(value: str) -> _Results | None:
    """Takes a header apart by its grammar; None where it does not hold.

    Exchange Online leaves out who speaks, and begins with the first result.
    """
    parts = _divided(value)
    # A stranger's address stands in comments too: where its quotation marks may move their ends, none holds.
    if not parts or parts != _divided(value, quotes_in_comments=True):
        return None
    begin = 0 if _result(parts[0]) else 1
    signed = _first_word(parts[0]) if begin else ""
    # A name, and a version at most: what else stands before the first semicolon may be a result.
    if begin and not _SIGNED.fullmatch(parts[0]):
        return None
    found = []
    for part in parts[begin:]:
        result = _result(part)
        if result:
            found.append(result)
        elif part and part.lower() != "none":
            return None
    return _Results(signed, tuple(found))


_SIGNED = re.compile(r'(?:"[^"]+"|[^\s"/]+)(?:\s*/?\s*\d+)?')


def _first_word(text: str) -> str:
    return re.split(r"[\s/;(,]", text.replace('"', "").strip(), maxsplit=1)[0].lower()


_RESULT = re.compile(r'(?is)([a-z][a-z0-9-]*)\s*(?:/\s*\d+\s*)?=\s*("[^"]*"|[a-z0-9-]+)(?=\s|$)(.*)')
_DOMAIN = re.compile(r'(?i)(?:^|\s)header\.from\s*=\s*("[^"]*"|[^\s"]+)')
# A quoted text, in which the sender's own words may stand, but for the one that is the domain.
_QUOTED = re.compile(r'(?i)(header\.from\s*=\s*)?"[^"]*"')


def _result(part: str) -> tuple[str, str, str] | None:
    read = _RESULT.fullmatch(part)
    if read is None:
        return None
    properties = _QUOTED.sub(lambda found: found[0] if found[1] else '""', read[3])
    domains = {d.strip('"').rpartition("@")[2].strip().lower() for d in _DOMAIN.findall(properties)}
    # Of two domains nobody can say which one passed.
    domain = domains.pop() if len(domains) == 1 else "?" if domains else ""
    return read[1].lower(), read[2].strip('"').strip().lower(), domain


def _divided(value: str, quotes_in_comments: bool = False) -> list[str]:
    """Divides a text at its semicolons, comments taken out; nothing where one, or a quotation, has no end.

    By the grammar a quotation mark in a comment is a sign like others; not every server writes by it.

    >>> _divided('mx (a (b;) c) ; dmarc="(x;)"')
    ['mx', 'dmarc="(x;)"']
    """
    parts, depth, is_quoted, is_escaped = [""], 0, False, False
    for letter in value:
        if is_escaped:
            # What is escaped is text, a quotation mark too; it says nothing that we look for.
            is_escaped = False
        elif letter == "\\" and (is_quoted or depth):
            is_escaped = True
        elif letter in "()" and not is_quoted:
            depth = max(0, depth + (1 if letter == "(" else -1))
            parts[-1] += " "
        elif depth:
            is_quoted ^= quotes_in_comments and letter == '"'
        elif letter == ";" and not is_quoted:
            parts.append("")
        else:
            is_quoted ^= letter == '"'
            parts[-1] += letter
    return [] if depth or is_quoted else [" ".join(part.split()) for part in parts]
