"""mailbox: one IMAP folder, read without leaving a mark on it, and filed afterwards.

Knows nothing of ledgers or letters. The folder is polled, never watched, and \\Seen is neither read nor
set: that flag belongs to the people who look into the same mailbox.
"""

from __future__ import annotations

import imaplib
import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import ProtocolError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

from pipeline.domain.password import Password
from pipeline.mail.faults import MailboxFault
from pipeline.mail.wire import arriving, certificate_ends_at, deadline, trust

# 80 UIDs of ten digits keep a command below the 1,000 bytes to which RFC 2683 asks clients to keep.
UIDS_PER_COMMAND = 80
# imaplib reads a line of a million bytes at most, and the answer to SEARCH is one line.
MESSAGES_PER_SEARCH = 50_000
BATCH_BYTES = 8 * 1024 * 1024
BATCH_COUNT = 25
# So many mails in a row over which the connection ends are not bad mails but a bad server.
DROPS_IN_A_ROW = 5
# A server that trickles is cut off when it stays below this rate.
BYTES_PER_SECOND = 16 * 1024
_MIB = 1024 * 1024
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# RFC 5530, and the name some providers have for it.
_LATER = re.compile(r"\[(UNAVAILABLE|INUSE|THROTTLED|OVERQUOTA)\b", re.IGNORECASE)

# It warns on the terminal of every answer that is not ASCII, such as a Turkish folder's name.
logging.getLogger("imapclient").setLevel(logging.ERROR)

Why = Literal["too_large", "gone", "refused", "dropped", "garbled", "empty"]


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """Where one folder is and who may read it; `ca_file` replaces the system's authorities.

    "/" in folder names stands for the server's own separator.
    """

    name: str
    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str
    password: Password
    folder: str = "INBOX"
    timeout_seconds: float = 60
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class FolderState:
    """What tells whether a folder has changed; UIDs count only together with the UIDVALIDITY.

    What a server does not tell is 0, which none of the three but the number of messages can be.
    """

    uidvalidity: int
    uidnext: int
    messages: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail's bytes and its INTERNALDATE (aware)."""

    uid: int
    received_at: datetime
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """A mail's headers, its size, and its INTERNALDATE (aware)."""

    uid: int
    received_at: datetime
    size: int
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unfetched:
    """A mail that could not be had this time, and the name of the reason.

    "too_large": over the size asked for. "gone": no longer in the folder. "refused": the server says no.
    "dropped": the server hangs up or falls silent over it. "garbled": the answer makes no sense. "empty":
    the server says yes and sends nothing.
    """

    uid: int
    why: Why


class Unreachable(MailboxFault):
    """No connection comes about."""

    name = "unreachable"


class Untrusted(MailboxFault):
    """The server's certificate does not hold, or there is no TLS where TLS is asked for."""

    name = "untrusted"


class LoginRefused(MailboxFault):
    """The server does not take user name or password; trying again may lock the account."""

    name = "login_refused"


class FolderMissing(MailboxFault):
    """The server does not open the folder."""

    name = "folder_missing"


class FolderReplaced(MailboxFault):
    """The folder has another UIDVALIDITY than at `select`: the UIDs at hand mean nothing any more."""

    name = "folder_replaced"


class Busy(MailboxFault):
    """The server asks to come back later."""

    name = "busy"


class Refused(MailboxFault):
    """The server says no to a command; `said` is its text."""

    name = "refused"

    def __init__(self, sentence: str, said: str, detail: str = "") -> None:
        super().__init__(sentence, detail or said)
        self.said = said


class Dropped(MailboxFault):
    """The connection ended or fell silent."""

    name = "dropped"


class Garbled(MailboxFault):
    """The server's answer makes no sense."""

    name = "garbled"


class Mailbox:
    """One session with one account: connected and logged in from `with` to its end.

    Every method raises a MailboxFault when the session as a whole cannot go on.
    """

    def __init__(self, account: ImapAccount) -> None:
        self.account = account
        self._client: _Client | None = None
        self._uidvalidity: int | None = None
        self._opened: tuple[str, bool] | None = None
        self._exists = 0
        self._drops = 0
        self._layout: tuple[str, str] | None = None

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up(politely=error is None)

    # --- looking -------------------------------------------------------------------------------

    def capabilities(self) -> frozenset[str]:
        """Names what the server can do, such as "MOVE" and "UIDPLUS"."""
        with self._talking("CAPABILITY") as client:
            return frozenset(name.decode("ascii", "replace") for name in client.capabilities())

    def certificate_ends_at(self) -> datetime | None:
        """Tells until when the server's certificate holds; None without TLS."""
        return certificate_ends_at(self._client.socket() if self._client else None)

    def folders(self) -> Mapping[str, frozenset[str]]:
        """Lists the folders, in our way of writing them, with the server's flags ("\\Noinferiors")."""
        self._there("x")
        assert self._layout is not None
        prefix, separator = self._layout
        with self._talking("LIST") as client:
            listed = client.list_folders()
        return {
            name.removeprefix(prefix).replace(separator, "/"): frozenset(
                f.decode("ascii", "replace") for f in flags
            )
            for flags, _, name in listed
        }

    def state(self) -> FolderState:
        """Asks for the folder's state with one STATUS, at the same cost whatever its size.

        To be asked before `select`: afterwards a server may tell what it saw then.
        """
        there = self._there(self.account.folder)
        with self._talking("STATUS", self.account.folder) as client:
            found = client.folder_status(there, ["UIDVALIDITY", "UIDNEXT", "MESSAGES"])
            return FolderState(
                *(int(found.get(item, 0)) for item in (b"UIDVALIDITY", b"UIDNEXT", b"MESSAGES"))
            )

    def state_of(self, folder: str) -> FolderState | None:
        """Asks for the state of another folder with one STATUS; None where there is none."""
        there = self._there(folder)
        try:
            with self._talking("STATUS", folder) as client:
                found = client.folder_status(there, ["UIDVALIDITY", "UIDNEXT", "MESSAGES"])
        except FolderMissing:
            with self._talking("LIST") as client:
                # A folder that is there and does not answer may well hold what is looked for.
                if client.folder_exists(there):
                    raise
            return None
        return FolderState(*(int(found.get(item, 0)) for item in (b"UIDVALIDITY", b"UIDNEXT", b"MESSAGES")))

    def heads(self, folder: str, first: int, since: date) -> Iterator[Head]:
        """Yields the headers of a folder's mails from a UID on that arrived on or after a day.

        Nobody's flags change; a mail that gives none is left out.
        """
        if not self._open_if_there(folder):
            return
        # A range that ends with "*" always has the last mail in it.
        uids = [uid for uid in self._search("UID", f"{first}:*", "SINCE", _day(since)) if uid >= first]
        items = ["RFC822.SIZE", "INTERNALDATE", "BODY.PEEK[HEADER]"]
        for some in _chunks(uids, UIDS_PER_COMMAND):
            with self._talking("UID FETCH", expected=len(some) * _MIB) as client:
                answers = client.fetch(list(some), items)
            for uid, answer in answers.items():
                if {b"RFC822.SIZE", b"INTERNALDATE", b"BODY[HEADER]"} <= answer.keys():
                    yield Head(uid, answer[b"INTERNALDATE"], answer[b"RFC822.SIZE"], answer[b"BODY[HEADER]"])

    def select(self) -> FolderState:
        """Opens the folder for reading; the UIDs used afterwards are those of this UIDVALIDITY."""
        state = self._open(self.account.folder, writing=False)
        self._uidvalidity = state.uidvalidity
        return state

    def uids(self, since: date) -> tuple[int, ...]:
        """Lists, in order, the UIDs of all mails that arrived on or after a day.

        The server compares days as its own clock and zone had them: ask from a day earlier than needed.
        Mails that somebody has marked as deleted but not yet removed are among them.
        """
        self._stand_in_folder(writing=False)
        found: set[int] = set()
        # From the end to the beginning: when somebody removes a mail meanwhile, the others move down, where
        # they are met again rather than missed. The last stretch is open, for mails that have just come.
        starts = range(1, self._exists + 1, MESSAGES_PER_SEARCH)
        for start in reversed(starts):
            end = "*" if start == starts[-1] else str(start + MESSAGES_PER_SEARCH - 1)
            found.update(self._search(f"{start}:{end}", "SINCE", _day(since)))
        return tuple(sorted(found))

    def holds(self, folder: str, message_id: str, since: date | None = None) -> bool:
        """Tells whether a folder holds a mail with this Message-ID; a missing folder holds none.

        Takes seconds in a large folder, less when it need not look further back than `since`: for evidence,
        never for every poll.
        """
        if not self._open_if_there(folder):
            return False
        lately = ("SINCE", _day(since)) if since else ()
        return bool(self._search(*lately, "HEADER", "Message-ID", _quoted(message_id)))

    def find(self, folder: str, message_id: str) -> tuple[int, datetime] | None:
        """Finds a mail by its Message-ID: its UID, and when the server says it arrived."""
        if not self._open_if_there(folder):
            return None
        # Seen anew: a server shows a session what has come since only when it is asked.
        with self._talking("NOOP") as client:
            client.noop()
        for uid in self._search("HEADER", "Message-ID", _quoted(message_id)):
            with self._talking("UID FETCH") as client:
                found = client.fetch([uid], ["INTERNALDATE"]).get(uid, {})
            if moment := found.get(b"INTERNALDATE"):
                return uid, moment
        return None

    def remove(self, folder: str, uid: int) -> None:
        """Removes one mail for good; without UIDPLUS it stays, marked as deleted."""
        self._open(folder, writing=True)
        with self._talking("UID STORE") as client:
            client.delete_messages([uid], silent=True)
        if "UIDPLUS" in self.capabilities():
            with self._talking("UID EXPUNGE") as client:
                client.uid_expunge([uid])

    # --- fetching ------------------------------------------------------------------------------

    def fetch(self, uids: Sequence[int], largest: int) -> Iterator[Fetched | Unfetched]:
        """Fetches mails in small batches and yields one answer for each UID.

        Asks for sizes first; a mail over `largest` bytes is not fetched. A batch that fails is asked for one
        by one, on a new connection where the old one ended, so that one bad mail does not stop the others.
        Nobody's flags change.
        """
        for some in _chunks(uids, UIDS_PER_COMMAND):
            sizes: dict[int, int] = {}
            for uid, answer in self._ask(some, ["RFC822.SIZE"], 0):
                if isinstance(answer, Unfetched):
                    yield answer
                elif answer[b"RFC822.SIZE"] > largest:
                    yield Unfetched(uid, "too_large")
                else:
                    sizes[uid] = answer[b"RFC822.SIZE"]
            for batch in _batches(sizes):
                expected = sum(sizes[uid] for uid in batch)
                for uid, answer in self._ask(batch, ["INTERNALDATE", "BODY.PEEK[]"], expected):
                    yield answer if isinstance(answer, Unfetched) else _mail(uid, answer, sizes[uid])

    def who_wrote(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yields the From lines of mails, about a hundred bytes for each; a mail that gives none is left out.

        For putting a long queue in order, so nothing is tried twice over it. Nobody's flags change.
        """
        item = "BODY.PEEK[HEADER.FIELDS (FROM)]"
        for some in _chunks(uids, UIDS_PER_COMMAND):
            answers: dict[int, Mapping[bytes, Any]] = {}
            with suppress(Refused, Dropped, Garbled):
                self._recover()
                answers = self._fetch(some, [item], _MIB)
            for uid, answer in answers.items():
                yield uid, answer[b"BODY[HEADER.FIELDS (FROM)]"]

    def looks(self, uids: Sequence[int]) -> Mapping[int, tuple[int, datetime]]:
        """Gives size and INTERNALDATE of mails, by UID, as far as the server tells both."""
        found: dict[int, tuple[int, datetime]] = {}
        for some in _chunks(uids, UIDS_PER_COMMAND):
            for uid, answer in self._ask(some, ["RFC822.SIZE", "INTERNALDATE"], 0):
                if not isinstance(answer, Unfetched) and answer.get(b"INTERNALDATE"):
                    found[uid] = answer[b"RFC822.SIZE"], answer[b"INTERNALDATE"]
        return found

    def bytes_of(self, uid: int) -> bytes | None:
        """Fetches the bytes of one mail, None where they cannot be had."""
        self._stand_in_folder(writing=False)
        bodies = self._bodies([uid])
        return bodies.pop() if bodies else None

    def _ask(
        self, uids: Sequence[int], items: list[str], expected: int
    ) -> Iterator[tuple[int, Mapping[bytes, Any] | Unfetched]]:
        answers: dict[int, Mapping[bytes, Any]] = {}
        # A single mail that fails is asked for once more: by then the connection is a new one.
        with suppress(Refused, Dropped, Garbled):
            answers = self._fetch(uids, items, expected)
        for uid in uids:
            answer = answers.pop(uid, None)
            yield uid, self._ask_alone(uid, items, expected) if answer is None else answer

    def _ask_alone(self, uid: int, items: list[str], expected: int) -> Mapping[bytes, Any] | Unfetched:
        self._recover()
        why: Why = "empty"
        try:
            if answer := self._fetch([uid], items, expected).get(uid):
                return answer
        except Refused:
            why = "refused"
        except (Dropped, Garbled) as fault:
            why = "dropped" if isinstance(fault, Dropped) else "garbled"
            self._drops += 1
            if self._drops >= DROPS_IN_A_ROW:
                raise
        self._recover()
        return Unfetched(uid, why if self._search("UID", str(uid)) else "gone")

    def _fetch(self, uids: Sequence[int], items: list[str], expected: int) -> dict[int, Mapping[bytes, Any]]:
        self._stand_in_folder(writing=False)
        with self._talking("UID FETCH", expected=expected) as client:
            found: dict[int, dict[bytes, Any]] = client.fetch(list(uids), items)
        complete: dict[int, Mapping[bytes, Any]] = {
            uid: answer for uid, answer in found.items() if _is_complete(answer, items)
        }
        if complete:
            self._drops = 0
        return complete

    def _recover(self) -> None:
        if self._client is None:
            self._connect()
        self._stand_in_folder(writing=False)

    # --- filing --------------------------------------------------------------------------------

    def file(
        self,
        uids: Sequence[int],
        folder: str,
        may_be_there: bool = False,
        copies_of_others: Mapping[int, int] | None = None,
    ) -> int:
        """Moves mails to a folder, which is made where it is missing; gives how many lie here no more.

        UIDs that are gone are passed over. Uses MOVE; without it, or where mails lie here after it all the
        same, COPY of what is not there yet, \\Deleted, and UID EXPUNGE of these UIDs only. Where the server
        has no UID EXPUNGE (UIDPLUS), the originals stay, marked \\Deleted, until a person or the server
        clears the folder: a bare EXPUNGE would remove what others have marked. Filing them again copies
        nothing; with `may_be_there`, after a time of trouble, MOVE is left alone for that. Raises Refused
        where the server says yes and the mails stay.
        """
        can, theirs = self.capabilities(), copies_of_others or {}
        gone = 0
        for some in _chunks(uids, UIDS_PER_COMMAND):
            self._stand_in_folder(writing=True)
            left: Sequence[int] = some
            movable = [uid for uid in some if not may_be_there or theirs.get(uid)]
            if "MOVE" in can and movable:
                self._put(folder, partial(_move, movable))
                left = self._still_here(some)
            if left:
                self._file_by_copy(left, folder, "UIDPLUS" in can, theirs)
                left = self._still_here(left)
            if left and "UIDPLUS" in can:
                raise Refused(
                    f"The IMAP server {self.account.host} says that mails were moved to the folder {folder}, "
                    "and they were not; the next run tries again.",
                    "",
                )
            gone += len(some) - len(left)
        return gone

    def _file_by_copy(
        self, uids: Sequence[int], folder: str, can_expunge: bool, copies_of_others: Mapping[int, int]
    ) -> None:
        if missing := self._not_yet_in(folder, uids, copies_of_others):
            self._put(folder, partial(_copy, missing))
        with self._talking("UID STORE") as client:
            client.delete_messages(list(uids), silent=True)
        if can_expunge:
            with self._talking("UID EXPUNGE") as client:
                client.uid_expunge(list(uids))

    def _still_here(self, uids: Sequence[int]) -> list[int]:
        self._stand_in_folder(writing=True)
        return self._search("UID", ",".join(map(str, uids)))

    def keep(self, folder: str, raw: bytes) -> None:
        """Puts a copy of a letter into a folder, which is made where it is missing, marked as read."""
        self._put(folder, partial(_append, raw), expected=len(raw))

    def _put(self, folder: str, put: Callable[[IMAPClient, str], object], expected: int = 0) -> None:
        there = self._there(folder)
        try:
            with self._talking(f"putting mails into the folder {folder}", expected=expected) as client:
                put(client, there)
        except Refused:
            # A mail that somebody has just moved away: the server tells which, and passes it over then.
            with suppress(Refused), self._talking("NOOP") as client:
                client.noop()
            # "It exists already" is as good as "done": what counts is whether the second try succeeds.
            with suppress(Refused), self._talking("CREATE") as client:
                client.create_folder(there)
            with suppress(Refused), self._talking("SUBSCRIBE") as client:
                # Most mail programs show only folders that are subscribed.
                client.subscribe_folder(there)
            with self._talking(f"putting mails into the folder {folder}", expected=expected) as client:
                put(client, there)

    def _not_yet_in(self, folder: str, uids: Sequence[int], copies_of_others: Mapping[int, int]) -> list[int]:
        """Finds the mails of which a folder holds no copy of their own: same day, same size, same bytes.

        A server that copies and then fails to delete would otherwise get one more copy in each run.
        """
        with self._talking("UID FETCH") as client:
            about: dict[int, dict[bytes, Any]] = client.fetch(list(uids), ["RFC822.SIZE", "INTERNALDATE"])
        alike: dict[int, list[bytes]] = {}
        if self._open_if_there(folder):
            alike = {uid: self._bodies(self._search(*_likeness(answer))) for uid, answer in about.items()}
        self._stand_in_folder(writing=True)
        return [uid for uid in sorted(about) if self._copies(uid, alike) <= copies_of_others.get(uid, 0)]

    def _copies(self, uid: int, alike: Mapping[int, Sequence[bytes]]) -> int:
        there = alike.get(uid)
        return sum(there.count(body) for body in self._bodies([uid])) if there else 0

    def _bodies(self, uids: Sequence[int]) -> list[bytes]:
        bodies = []
        for uid in uids:
            with self._talking("UID FETCH", expected=64 * _MIB) as client:
                bodies.append(client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]"))
        return [body for body in bodies if body is not None]

    # --- folders -------------------------------------------------------------------------------

    def _there(self, folder: str) -> str:
        """Writes a folder's name as the server does: its separator, its prefix for personal folders."""
        if folder.upper() == "INBOX":
            return "INBOX"
        if self._layout is None:
            with self._talking("NAMESPACE or LIST") as client:
                self._layout = _layout(client)
        prefix, separator = self._layout
        name = folder.replace("/", separator)
        return name if name.startswith(prefix) else prefix + name

    def _open(self, folder: str, writing: bool) -> FolderState:
        there = self._there(folder)
        self._opened = None
        with self._talking("SELECT", folder) as client:
            found = client.select_folder(there, readonly=not writing)
            if not {b"UIDNEXT", b"UIDVALIDITY"} <= found.keys():
                found |= client.folder_status(there, ["UIDVALIDITY", "UIDNEXT"])
            state = FolderState(
                int(found[b"UIDVALIDITY"]), int(found.get(b"UIDNEXT", 0)), int(found[b"EXISTS"])
            )
        self._opened, self._exists = (folder, writing), state.messages
        return state

    def _open_if_there(self, folder: str) -> bool:
        try:
            self._open(folder, writing=False)
        except FolderMissing:
            there = self._there(folder)
            with self._talking("LIST") as client:
                # A folder that is there and does not open may well hold what is looked for.
                if client.folder_exists(there):
                    raise
            return False
        return True

    def _stand_in_folder(self, writing: bool) -> None:
        folder = self.account.folder
        if self._uidvalidity is None:
            raise RuntimeError("UIDs have no meaning before select()")
        if self._opened in ((folder, True), (folder, writing)):
            return
        if self._open(folder, writing).uidvalidity != self._uidvalidity:
            raise FolderReplaced(
                f"The folder {folder} was replaced by another of the same name during the run; "
                "the next run reads it from the beginning.",
                f"{self.account.host}, {folder}",
            )

    def _search(self, *criteria: str) -> list[int]:
        with self._talking("UID SEARCH") as client:
            # Not client.search(): it stumbles over an answer in several lines.
            status, lines = client._imap.uid("SEARCH", *criteria)
            client._checkok("search", status, lines)
            words = b" ".join(line.partition(b"(")[0] for line in lines if line).split()
            return [int(word) for word in words]

    # --- the session ---------------------------------------------------------------------------

    @contextmanager
    def _talking(self, doing: str, folder: str = "", expected: int = 0) -> Iterator[_Client]:
        """Gives the client for one exchange and turns whatever goes wrong in it into a fault.

        `expected` bytes of mail are waited for longer and may come in one piece; with `folder`, a "no" is
        about that folder. After anything but a clean "no" the session is over: nobody knows where in the
        conversation it stands.
        """
        client, host = self._client, self.account.host
        if client is None:
            raise Dropped(
                f"The session with the IMAP server {host} is over; the next run opens another.", host
            )
        client.literal_limit = 2 * expected + _MIB
        seconds = 2 * self.account.timeout_seconds + expected / BYTES_PER_SECOND
        try:
            with deadline(client.socket, seconds):
                yield client
        except (imaplib.IMAP4.readonly, ProtocolError, imaplib.IMAP4.abort, OSError, EOFError) as error:
            if isinstance(error, imaplib.IMAP4.readonly):
                raise Refused(
                    f"The folder on {host} may only be read; give the user the right to write.",
                    "",
                    f"{host}: READ-ONLY",
                ) from None
            self._hang_up(politely=False)
            if isinstance(error, ProtocolError):
                raise self._garbled(doing) from None
            raise self._dropped(error, doing) from None
        except imaplib.IMAP4.error as error:
            # The library calls a connection that ends while it logs in a refusal of the password.
            if isinstance(error.__context__, imaplib.IMAP4.abort | OSError):
                self._hang_up(politely=False)
                raise self._dropped(error.__context__, doing) from None
            raise self._a_clean_no(error, doing, folder) from None
        except MailboxFault:
            raise
        except Exception:
            # Parsers stumble in every way over what a server should never send.
            self._hang_up(politely=False)
            raise self._garbled(doing) from None

    def _dropped(self, error: Exception, doing: str) -> Dropped:
        # The library's text may quote mail; only the kind of error goes on.
        host, kind = self.account.host, type(error).__name__
        return Dropped(
            f"The IMAP server {host} ended the connection or fell silent during {doing} "
            f"({kind}); the next run tries again.",
            f"{host}: {kind} ({doing})",
        )

    def _a_clean_no(self, error: imaplib.IMAP4.error, doing: str, folder: str) -> MailboxFault:
        host = self.account.host
        said = str(error).replace(self.account.password.get_secret_value(), "***")
        if _LATER.search(said):
            sentence = f"The IMAP server {host} asks for patience ({said}); the next run tries again."
            return Busy(sentence, f"{host}: {said}")
        if folder:
            return FolderMissing(
                f"The IMAP server {host} does not open the folder {folder} ({said}); "
                "make the folder, or correct its name in the settings.",
                f"{host}, {folder}: {said}",
            )
        return Refused(f"The IMAP server {host} refuses {doing}: {said}", said, f"{host}: {said}")

    def _garbled(self, doing: str) -> Garbled:
        return Garbled(
            f"The IMAP server {self.account.host} answers {doing} with something that makes no sense; "
            "the next run tries again.",
            f"{self.account.host} ({doing})",
        )

    def _connect(self) -> None:
        account, where = self.account, f"{self.account.host}:{self.account.port}"
        context = trust(account.security, account.ca_file, Untrusted)
        with _arriving(where):
            client = _Client(
                account.host,
                account.port,
                ssl=account.security == "tls",
                ssl_context=context,
                timeout=SocketTimeout(account.timeout_seconds, account.timeout_seconds),
            )
        # imapclient formats every mail for a log line that nobody reads: three to four times slower.
        client._imap.debug = 0
        client.normalise_times = False
        # imaplib writes a command in pieces, of which the last would wait for an acknowledgement.
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client, self._opened = client, None
        try:
            if account.security == "starttls":
                _start_tls(client, context, where)
            self._log_in(client)
        except BaseException:
            self._hang_up(politely=False)
            raise

    def _log_in(self, client: IMAPClient) -> None:
        user, password = self.account.user, self.account.password.get_secret_value()
        if client.has_capability("LOGINDISABLED"):
            raise Untrusted(
                f"The IMAP server {self.account.host} takes no password on a connection without TLS; "
                'set security to "tls" or "starttls" in the settings.',
                f"{self.account.host}: LOGINDISABLED",
            )
        try:
            with self._talking("LOGIN"):
                if (user + password).isascii() and (user + password).isprintable():
                    client.login(_quoted(user), password)
                else:
                    # LOGIN has no way to write other letters, nor line ends.
                    client.plain_login(user, password)
        except Refused as fault:
            raise LoginRefused(
                f"The IMAP server {self.account.host} refuses the user {user} ({fault.said}); "
                "correct user name and password in the settings before the next run.",
                f"{self.account.host}, {user}: {fault.said}",
            ) from None

    def _hang_up(self, politely: bool) -> None:
        client, self._client, self._opened = self._client, None, None
        if client is None:
            return
        # Whatever ended the session has been told already; a farewell that fails changes nothing.
        with suppress(Exception), deadline(client.socket, self.account.timeout_seconds):
            if politely:
                client.logout()
        with suppress(Exception):
            client.shutdown()


class _HearsGreeting(imaplib.IMAP4):
    """imaplib that does not ask for what the server has said in its greeting: an exchange less.

    What was said before TLS is asked anew behind it. Where a later library does not call this, it asks.
    """

    _is_greeted = False
    # A greeting that leaves one of these out says too little to go by.
    _needs = frozenset({"IMAP4REV1"})

    def _get_capabilities(self) -> None:
        is_greeted, self._is_greeted = self._is_greeted, True
        said: Any = None if is_greeted else self.untagged_responses.get("CAPABILITY")
        told = said[-1].decode("ascii", "replace").upper().split() if said else ()
        if self._needs.issubset(told):
            del self.untagged_responses["CAPABILITY"]
            self.capabilities = tuple(told)
        else:
            super()._get_capabilities()  # type: ignore[misc]


class _Imap(_HearsGreeting, IMAP4WithTimeout):  # type: ignore[misc]
    """A plain connection, or one that STARTTLS begins on."""

    _needs = frozenset({"IMAP4REV1", "STARTTLS"})


class _TlsImap(_HearsGreeting, IMAP4_TLS):  # type: ignore[misc]
    """A connection with TLS from its first byte."""


class _Client(IMAPClient):  # type: ignore[misc]
    """imapclient that does not allocate whatever length a server names."""

    literal_limit = _MIB

    def _create_IMAP4(self) -> Any:  # noqa: N802
        imap = self._connected()
        read = imap.read

        def bounded(size: int) -> bytes:
            if size > self.literal_limit:
                raise imaplib.IMAP4.abort(f"a literal of {size} bytes")
            data: bytes = read(size)
            return data

        imap.read = bounded
        return imap

    def _connected(self) -> Any:
        host, port, wait = self.host, self.port, self._timeout.connect
        if self.ssl:
            return _TlsImap(host, port, self.ssl_context, wait)  # type: ignore[call-arg]
        return _Imap(host, port, wait)


def _start_tls(client: IMAPClient, context: ssl.SSLContext | None, where: str) -> None:
    # A greeting that logs us in before TLS is the trick of somebody in between.
    if client.welcome.startswith(b"* PREAUTH") or not client.has_capability("STARTTLS"):
        raise Untrusted(
            f"The IMAP server {where} offers no STARTTLS, so nothing was said to it; somebody may be in "
            'between, or security should be "tls" in the settings.',
            f"{where}: no STARTTLS",
        )
    with _arriving(where):
        client.starttls(context)


@contextmanager
def _arriving(where: str) -> Iterator[None]:
    with arriving(f"IMAP server {where}", Untrusted, Unreachable):
        try:
            yield
        except imaplib.IMAP4.error as error:
            # A greeting that is none, or a BYE; the text is the server's, and about no mail yet.
            raise OSError(str(error)) from error


def _layout(client: IMAPClient) -> tuple[str, str]:
    if client.has_capability("NAMESPACE"):
        personal = client.namespace().personal
        if personal:
            prefix, separator = personal[0]
            return prefix, separator or "/"
    listed = client.list_folders("", "")
    separator = listed[0][1] if listed else None
    return "", separator.decode() if separator else "/"


def _move(uids: Sequence[int], client: IMAPClient, there: str) -> None:
    client.move(list(uids), there)


def _copy(uids: Sequence[int], client: IMAPClient, there: str) -> None:
    client.copy(list(uids), there)


def _append(raw: bytes, client: IMAPClient, there: str) -> None:
    client.append(there, raw, flags=[rb"\Seen"])


def _is_complete(answer: Mapping[bytes, Any], items: Iterable[str]) -> bool:
    if "RFC822.SIZE" in items:
        return isinstance(answer.get(b"RFC822.SIZE"), int)
    if "BODY.PEEK[HEADER.FIELDS (FROM)]" in items:
        return isinstance(answer.get(b"BODY[HEADER.FIELDS (FROM)]"), bytes)
    return isinstance(answer.get(b"BODY[]"), bytes)


def _mail(uid: int, answer: Mapping[bytes, Any], size: int) -> Fetched | Unfetched:
    raw: bytes = answer[b"BODY[]"]
    if size and not raw:
        return Unfetched(uid, "empty")
    # A server that cannot tell the date is no reason to leave the mail lying.
    return Fetched(uid, answer.get(b"INTERNALDATE") or datetime.now(UTC), raw)


def _likeness(answer: Mapping[bytes, Any]) -> list[str]:
    size, moment = answer.get(b"RFC822.SIZE", 0), answer.get(b"INTERNALDATE")
    day = ["ON", _day(moment)] if moment else []
    return [*day, "LARGER", str(max(size - 1, 0)), "SMALLER", str(size + 1)]


def _batches(sizes: Mapping[int, int]) -> Iterator[list[int]]:
    batch: list[int] = []
    weight = 0
    for uid, size in sizes.items():
        if batch and (weight + size > BATCH_BYTES or len(batch) == BATCH_COUNT):
            yield batch
            batch, weight = [], 0
        batch.append(uid)
        weight += size
    if batch:
        yield batch


def _chunks(uids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (uids[start : start + size] for start in range(0, len(uids), size))


def _day(day: date) -> str:
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
