"""sessions: who has logged in, for how long, and how often somebody may try to; kept in memory alone."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)
# So many wrong tries within that time, of one name and of all together; then nobody is heard any more.
_TRIES, _ALL_TRIES, _WITHIN = 5, 60, timedelta(minutes=15)
# Of somebody who opens page after page and sends none, the oldest forms go stale.
_MOST_USED = 10_000


@dataclass(slots=True)
class Session:
    """One log-in: whose, since when, last seen when; `notice` is told on the next page, once."""

    name: str
    began: datetime
    seen: datetime
    # What the log-in was proved by: with another password, or second factor, it is proved by nothing.
    proof: str = field(default="", repr=False)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    notice: tuple[str, dict[str, object]] | None = None
    used: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_USED), repr=False)
    looked_at: set[str] = field(default_factory=set)
    # What lies on the paper desk and is not taken in yet, and a file that is shown before it is read back.
    tray: list[str] = field(default_factory=list)
    file: tuple[str, bytes] | None = field(default=None, repr=False)

    def is_over(self, now: datetime) -> bool:
        """Tells whether it has been left alone for too long, or has lasted for too long."""
        return now - self.seen > IDLE or now - self.began > LONGEST

    def token(self, path: str) -> str:
        """Makes the token of one form that is sent to a path; it is good once."""
        nonce = secrets.token_urlsafe(12)
        return f"{nonce}.{self._digest(nonce, path)}"

    def is_ours(self, token: str, path: str) -> bool:
        """Tells whether a token is of a form that this session was given for a path."""
        nonce, _, digest = token.partition(".")
        return hmac.compare_digest(digest.encode(), self._digest(nonce, path).encode())

    def use(self, token: str) -> bool:
        """Uses a token up; tells whether it was fresh."""
        if token in self.used:
            return False
        self.used.append(token)
        return True

    def _digest(self, nonce: str, path: str) -> str:
        return hmac.new(self.secret, f"{nonce} {path}".encode(), "sha256").hexdigest()


class Sessions:
    """All sessions of one process, by what is kept of their cookie."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def begin(self, name: str, now: datetime, proof: str = "") -> str:
        """Begins a session and gives its cookie, of which only a digest is kept."""
        self._open = {key: kept for key, kept in self._open.items() if not kept.is_over(now)}
        cookie = secrets.token_urlsafe(32)
        self._open[_digest(cookie)] = Session(name, now, now, proof)
        return cookie

    def find(self, cookie: str, now: datetime) -> Session | None:
        """Finds a session that is not over, and notes that it was seen."""
        session = self._open.get(_digest(cookie))
        if session is None or session.is_over(now):
            return None
        session.seen = now
        return session

    def end(self, cookie: str) -> None:
        """Ends a session."""
        self._open.pop(_digest(cookie), None)


class Attempts:
    """Wrong tries to log in: bounded for each name, and for all names together."""

    def __init__(self) -> None:
        self._of: dict[str, deque[datetime]] = {}
        self._all: deque[datetime] = deque(maxlen=_ALL_TRIES)
        self._steps: dict[str, int] = {}

    def is_heard(self, name: str, now: datetime) -> bool:
        """Tells whether a name may be tried still."""
        of = self._of.get(name, deque())
        return not (_is_full(of, now) or _is_full(self._all, now))

    def failed(self, name: str, now: datetime) -> None:
        """Counts a wrong try."""
        self._of = {key: of for key, of in self._of.items() if now - of[-1] <= _WITHIN}
        self._of.setdefault(name, deque(maxlen=_TRIES)).append(now)
        self._all.append(now)

    def is_fresh(self, name: str, step: int) -> bool:
        """Tells whether a one-time code was not used before, and uses it up."""
        if step <= self._steps.get(name, 0):
            return False
        self._steps[name] = step
        return True


def _is_full(tries: deque[datetime], now: datetime) -> bool:
    return len(tries) == tries.maxlen and now - tries[0] <= _WITHIN


def _digest(cookie: str) -> str:
    return sha256(cookie.encode("utf-8", "replace")).hexdigest()
