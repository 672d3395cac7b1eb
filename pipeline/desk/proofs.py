"""proofs: passwords (scrypt) and one-time codes (RFC 6238), by which somebody is who they say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

LEAST_LETTERS = 12
# 32 MB and about a tenth of a second for each try.
_N, _R, _P = 1 << 15, 8, 1
_MOST_MEMORY = 64 << 20
_STEP_SECONDS, _DIGITS = 30, 6
# A clock may be off by this many steps.
_DRIFT = 1


def hashed(password: str) -> str:
    """Makes what is kept of a password: "scrypt$SALT$HASH", in base64."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_plain(salt)}${_plain(_scrypt(password, salt))}"


def is_password(password: str, kept: str) -> bool:
    """Tells whether a password is the one that was kept; takes as long where nothing was."""
    _, _, rest = (kept or _NOBODYS).partition("$")
    salt, _, told = rest.partition("$")
    same = hmac.compare_digest(_scrypt(password, base64.b64decode(salt)), base64.b64decode(told))
    return same and bool(kept)


def _scrypt(password: str, salt: bytes) -> bytes:
    # What is longer than any password is no password: it would only cost time.
    return hashlib.scrypt(
        password[:1000].encode("utf-8", "replace"), salt=salt, n=_N, r=_R, p=_P, maxmem=_MOST_MEMORY
    )


def _plain(data: bytes) -> str:
    return base64.b64encode(data).decode()


_NOBODYS = f"scrypt${_plain(bytes(16))}${_plain(bytes(64))}"


def new_secret() -> str:
    """Makes the secret that a phone's program makes codes of, in base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """Makes the code of one step of thirty seconds.

    >>> code_at(base64.b32encode(b"12345678901234567890").decode(), 1)
    '287082'
    """
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Finds the step that a code was made at, None where it was made at none of these minutes."""
    this = int(now.timestamp()) // _STEP_SECONDS
    told = "".join(ch for ch in code if ch.isascii() and ch.isdigit())
    steps = range(this - _DRIFT, this + _DRIFT + 1)
    return next((s for s in steps if hmac.compare_digest(code_at(secret, s), told)), None)


def address_of(secret: str, name: str, issuer: str) -> str:
    """Makes the address that a phone's program is given, typed or as a picture."""
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?secret={secret}&issuer={quote(issuer)}"
