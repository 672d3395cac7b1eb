"""Power fails before every effect of a day and a night; after the next start nobody can tell.

What SQLite has not committed it takes back, so that all cuts inside one transaction are one and the same:
each transaction is cut in its middle and before its COMMIT. What only asks, or waits for the disk, leaves
the world as it was, so that a cut before it is a cut behind it; everything else is cut before every single
effect. Of cuts with the same neighbourhood (the effects around them, their values left out, and the kind of
the letter that is on its way) one is played here, and each by `pytest --whole`, which `make drill` calls.
Against the real Dovecot and the recording SMTP server. Both runs have the same hour on the clock, so that
even the letters' bytes have to be the same.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.house import FIXTURES, FOLDERS, House, parsed
from tests.mails import ISTANBUL
from tests.power import Here, Powered
from tests.products import WHOLE
from tests.servers import Certificates, Dovecot, RecordingSmtp

MAILS = (
    "accepted/list-then-receipt/1-list",
    "accepted/list-then-receipt/2-receipt",
    "ignored/out-of-office",
    "returned/one-good-one-bad-row",
    # The very same bytes once more, in another mail.
    "accepted/list-then-receipt/1-list",
)
# The day after the receipt's payment, which belongs to a list of these days.
MORNING = datetime(2024, 5, 21, 9, 0, tzinfo=ISTANBUL)
NIGHT = datetime(2024, 5, 21, 23, 45, tzinfo=ISTANBUL)
LETTERS = ("accepted", "accepted", "returned", "on-a-list", "batch", "nightly")
# A killed process loses nothing that it has handed to the system, so that no disk need be waited for.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
# A closed list: what is not on it may have changed something. A server forgets a letter without its dot.
CHANGES_NOTHING = {"fsync"} | {
    *(f"imap {verb}" for verb in "CAPABILITY LOGIN NAMESPACE LIST STATUS EXAMINE NOOP LOGOUT".split()),
    *(f"imap UID {verb}" for verb in ("SEARCH", "FETCH")),
    *(f"smtp {step}" for step in ("ehlo", "MAIL", "RCPT", "DATA", "the letter", "the letter, sent")),
}
# What differs between effects of one kind; statements are known by their first words alone.
_VALUE = re.compile(r"[0-9a-f]{64}|(?<=mail/)[0-9a-f]{2}|[\d.]+|( VALUES| WHERE)\b.*")
# The cuts are shared out to so many tests, for two processes to work on.
SHARES = 12
# How the run went (which run kept what, how often it was begun) may differ; what came of it may not.
KEPT = {
    "arrival": "sha, received_at, size",
    "sighting": "account, folder, uidvalidity>0, uid, sha, state",
    "mailbox": "account, folder, uidvalidity>0, uidnext",
    "transcript": "*",
    "decision": "*",
    "entry": "*",
    "spent": "*",
    "hold": "*",
    "letter": "message_id, kind, about, recipient, subject, body, response",
    "batch": "*",
    "batch_row": "*",
    "night": "*",
}


@dataclass(frozen=True)
class End:
    """What there is when all is over: in the ledger, in the home, in the mailbox, at the SMTP server."""

    ledger: dict[str, list[tuple[Any, ...]]]
    states: dict[str, str]
    kept: dict[str, str]
    mailbox: dict[str, list[str]]
    received: Counter[bytes]


class Day:
    """The house of one day, with the same mails in a mailbox of its own."""

    def __init__(self, powered: Powered, dovecot: Dovecot, smtp: RecordingSmtp) -> None:
        self._powered, self._dovecot, self._smtp = powered, dovecot, smtp

    def fresh(self, folder: Path) -> House:
        """A new home and a new mailbox, with the mails of the day."""
        house = House(folder, self._dovecot.account(), self._smtp, Here(), morning=MORNING)
        house.deliver(*MAILS)
        self._smtp.received.clear()
        return house

    def uninterrupted(self) -> tuple[list[str], End]:
        """The day as it should be, with its effects."""
        with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
            house = self.fresh(Path(folder))
            effects = self._powered.count(house.file)
            return effects, self._end(house)

    def cut(self, before: int) -> tuple[str, End]:
        """The day with a cut before one effect and a second start; names the effect."""
        with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
            house = self.fresh(Path(folder))
            effect = self._powered.cut(house.file, before)
            self._powered.run(house.file)
            return effect, self._end(house)

    def _end(self, house: House) -> End:
        connection = sqlite3.connect(house.home / "ledger.db")
        try:
            ledger = {
                table: connection.execute(f"SELECT {columns} FROM {table}").fetchall()
                for table, columns in KEPT.items()
            }
            states = dict(connection.execute("SELECT message_id, state FROM letter"))
            in_order = connection.execute("PRAGMA integrity_check").fetchone()
        finally:
            connection.close()
        assert in_order == ("ok",)
        # Which answer the server gave is its own affair.
        ledger["letter"] = [(*row[:-2], _past_the_code(row[-2])) for row in ledger["letter"]]
        return End(ledger, states, _files(house.home / "mail"), _maildir(house), self._received())

    def _received(self) -> Counter[bytes]:
        return Counter(_past_the_code(r.raw) for r in self._smtp.received)


_CODE = re.compile(r"\d+-[0-9A-F]{8}-[0-9A-F]{8}")


def _past_the_code(raw: bytes) -> bytes:
    """Gives a letter without the report's audit code, which counts what a cut has added to the log."""
    message = parsed(raw)
    if message["X-NES-Intake"] != "nightly":
        return raw
    parts = [part for part in message.walk() if not part.is_multipart()]
    told = [
        _CODE.sub("#", part.get_content()).encode()
        if part.get_content_maintype() == "text"
        else part.get_payload(decode=True)
        for part in parts
    ]
    return b"\r\n\r\n".join([raw.partition(b"\r\n\r\n")[0], *told])


def _files(folder: Path) -> dict[str, str]:
    found = (file for file in folder.rglob("*") if file.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in found}


def _maildir(house: House) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for folder in (house.box.maildir, *house.box.maildir.glob(".NES*")):
        files = [f for sub in ("new", "cur") if (folder / sub).is_dir() for f in (folder / sub).iterdir()]
        if files or folder == house.box.maildir:
            name = "" if folder == house.box.maildir else folder.name
            places[name] = sorted(hashlib.sha256(f.read_bytes()).hexdigest() for f in files)
    return places


@dataclass(frozen=True)
class Expected:
    """The uninterrupted day, and where in it a letter is in doubt."""

    effects: list[str]
    end: End

    @cached_property
    def cuts(self) -> list[int]:
        """The effects to cut before: once between two that change something.

        Of a transaction one statement in its middle and the COMMIT.
        """
        cuts, inside = [], list[int]()
        for at, effect in enumerate(self.effects):
            if effect == "sql BEGIN IMMEDIATE" or (inside and effect.startswith("sql ")):
                inside.append(at)
            elif at == 0 or self.effects[at - 1] not in CHANGES_NOTHING:
                cuts.append(at)
            if effect == "sql COMMIT":
                cuts += sorted({inside[len(inside) // 2], at})
                inside = []
        assert not inside
        return sorted(cuts)

    @cached_property
    def distinct_cuts(self) -> list[int]:
        """Of the cuts in each neighbourhood the middle one, with something like it before and after."""
        alike = defaultdict[tuple[object, ...], list[int]](list)
        for cut in self.cuts:
            alike[self._neighbourhood(cut)].append(cut)
        return sorted(cuts[len(cuts) // 2] for cuts in alike.values())

    def _neighbourhood(self, cut: int) -> tuple[object, ...]:
        before, at, after = [None, *self._kinds, None][cut : cut + 3]
        if before == at == after and self.effects[cut] != "sql COMMIT":
            # In the middle of a transaction.
            return (at,)
        return before, at, after, self._on_its_way.get(cut)

    @cached_property
    def _kinds(self) -> list[tuple[str, ...]]:
        """What kind of effect each is: what is written with its file, and a transaction with all of it."""
        plain = [_VALUE.sub("#", effect) for effect in self.effects]
        kinds: list[tuple[str, ...]] = []
        opened, begun = "", None
        for at, effect in enumerate(plain):
            opened = effect if effect.startswith("open ") else opened
            kinds.append((effect, opened) if effect.startswith(("write ", "fsync")) else (effect,))
            if effect == "sql BEGIN IMMEDIATE":
                begun = at
            elif begun is not None and effect in ("sql COMMIT", "sql ROLLBACK"):
                kinds[begun : at + 1] = [tuple(plain[begun : at + 1])] * (at + 1 - begun)
                begun = None
        return kinds

    @cached_property
    def _on_its_way(self) -> dict[int, str]:
        """From a letter's first line to the note that it was posted: effect → the letter's kind."""
        return self._windows("smtp MAIL") | self.started

    @cached_property
    def open_windows(self) -> dict[int, str]:
        """From the final dot to the ledger's note that it was posted: effect → the letter's kind."""
        return self._windows("smtp the dot, sent")

    @cached_property
    def started(self) -> dict[int, str]:
        """From the ledger's note that the dot comes next to the note that it was posted."""
        return self._windows("smtp the dot")

    def _windows(self, opening: str) -> dict[int, str]:
        kinds = iter(LETTERS)
        found: dict[int, str] = {}
        kind = ""
        for at, effect in enumerate(self.effects):
            if effect == opening:
                kind = next(kinds)
            if kind:
                found[at] = kind
            if effect == "sql COMMIT":
                kind = ""
        return found


@pytest.fixture(scope="module")
def powered() -> Iterator[Powered]:
    process = Powered.start(MORNING, NIGHT, (FIXTURES / f"{name}.eml" for name in MAILS))
    yield process
    process.stop()


@pytest.fixture(scope="module")
def day(powered: Powered, dovecot: Dovecot, certificates: Certificates) -> Iterator[Day]:
    with RecordingSmtp(certificates) as smtp:
        yield Day(powered, dovecot, smtp)


@pytest.fixture(scope="module")
def expected(day: Day) -> Expected:
    return Expected(*day.uninterrupted())


def test_the_uninterrupted_day_is_a_whole_one(expected: Expected) -> None:
    effects, end = expected.effects, expected.end

    assert tuple(parsed(raw)["X-NES-Intake"] for raw in end.received) == LETTERS
    assert set(end.received.values()) == {1}
    assert set(end.states.values()) == {"done"}
    assert not end.mailbox[""]
    assert sorted(map(len, end.mailbox.values())) == [0, 1, 1, 3]
    assert len(end.kept) == 4
    assert len(end.ledger["batch_row"]) == 2
    # All kinds of effects are among those that were found.
    for kind in (
        "sql ",
        "open ",
        "os.mkdir ",
        "os.rename ",
        "write ",
        "fsync",
        "imap UID MOVE",
        "smtp the dot",
    ):
        assert any(effect.startswith(kind) for effect in effects), kind
    assert effects.count("smtp the dot") == len(LETTERS)


@pytest.mark.parametrize("share", range(SHARES))
def test_nobody_can_tell_that_the_power_failed(
    share: int, day: Day, expected: Expected, request: pytest.FixtureRequest
) -> None:
    is_whole = request.config.getoption(WHOLE)
    for before in (expected.cuts if is_whole else expected.distinct_cuts)[share::SHARES]:
        effect, end = day.cut(before)
        where = f"cut before effect {before}: {effect}"
        assert effect == expected.effects[before], where
        _check_alarms(end, expected.started.get(before) == "batch", where)
        assert end.ledger == expected.end.ledger, where
        assert end.kept == expected.end.kept, where
        assert end.mailbox == expected.end.mailbox, where
        _check_letters(before, end, expected, where)


def _check_alarms(end: End, is_due: bool, where: str) -> None:
    """A list in doubt is told of, once; nothing else of a cut is anybody's trouble."""
    alarms = [row for row in end.ledger["letter"] if row[1] == "alarm"]
    assert len(alarms) == is_due, where
    end.ledger["letter"] = [row for row in end.ledger["letter"] if row not in alarms]


def _check_letters(before: int, end: End, expected: Expected, where: str) -> None:
    in_doubt = expected.started.get(before)
    for raw in expected.end.received | end.received:
        message = parsed(raw)
        kind, state = message["X-NES-Intake"], end.states[message["Message-ID"]]
        told = f"{where}: {kind}, {state}, received {end.received[raw]} times"
        if kind == "batch" == in_doubt:
            # The list for Kamu SM is never sent again by itself: it stands in doubt for a person to see.
            assert state == "in_doubt", told
            assert end.received[raw] <= 1, told
        elif kind == expected.open_windows.get(before):
            # Plain SMTP leaves these moments open: the same letter with the same Message-ID may come again.
            assert state == "done", told
            assert 1 <= end.received[raw] <= 2, told
        else:
            assert (state, end.received[raw]) == ("done", 1), told


def test_the_window_of_doubt_is_as_narrow_as_it_is_said_to_be(expected: Expected) -> None:
    # From the dot: BEGIN, the note, its line in the audit log, two seals and three totals, COMMIT.
    for windows, size in ((expected.open_windows, 10), (expected.started, 11)):
        assert Counter(windows.values()) == Counter({k: size * n for k, n in Counter(LETTERS).items()})


def test_folders_have_turkish_names_in_this_day(expected: Expected) -> None:
    assert len(expected.end.mailbox) == 4
    assert FOLDERS["returned"] == "NES/İade"
    assert ".NES.&ATA-ade" in expected.end.mailbox
