"""A process that runs a day and a night in children of its own, and cuts their power before any effect.

An effect is whatever can be seen from outside the process: an SQL statement that writes, a file made,
written, synced or renamed, an IMAP command, a step of an SMTP transaction. They are counted as they happen,
and nobody lists them by hand. Before the n-th one the child ends by SIGKILL: nothing is rolled back, closed
or said good-bye to.

Started as `python -m tests.power`; reads requests and writes answers as lines of JSON.
"""

from __future__ import annotations

import gc
import imaplib
import json
import os
import resource
import secrets
import signal
import smtplib
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from zoneinfo import ZoneInfo

from PIL import Image

from pipeline.acts.acting import Act, version
from pipeline.acts.putting_off import assign
from pipeline.domain import cases
from pipeline.domain.breaker import Cause
from pipeline.domain.faults import OperatorFault
from pipeline.intake.runs import poll
from pipeline.ledger import stops
from pipeline.night.closing import nightly
from pipeline.office.settings import load_settings
from pipeline.office.shop import Shop
from pipeline.office.world import is_the_worlds
from pipeline.policy.places import REPORTS, RULES
from pipeline.review.explain import explain
from pipeline.sandbox.cluster.far import FarReaders
from tests.equal_numbers import crowded
from tests.house import OFFICE, ROOT, policy_of, shop_at
from tests.words_said import say

# A command ("poll", "nightly", an official's "accept", "desk" or "again") and the moment it is given at;
# "crowded" has the process make numbers that are nearly all equal.
Step = tuple[str, datetime]
TRY_LATER = 75
# Readers on other machines that say nothing for so long are given up; their start is within it.
_STALL_SECONDS = 25.0
DOT = b"\r\n.\r\n"
# Commands after which it makes a difference whether the answer was heard.
CHANGING = (
    "UID MOVE",
    "UID COPY",
    "UID STORE",
    "UID EXPUNGE",
    "CREATE",
    "SUBSCRIBE",
    "the letter",
    "the dot",
)


class Here(Executor):
    """Reads files in this very process: they are fixtures, and a pool's processes would outlive a cut.

    What was read before the children came is not read again by each of them.
    """

    def __init__(self) -> None:
        self._read: dict[bytes, Any] = {}

    def submit(self, work: Any, /, data: Any, *args: Any, **named: Any) -> Future[Any]:
        if data not in self._read:
            self._read[data] = work(data, *args, **named)
        future: Future[Any] = Future()
        future.set_result(self._read[data])
        return future


HERE = Here()


# --- in the child ------------------------------------------------------------------------------


class Plug:
    """Counts effects, and pulls itself before the one it is told."""

    def __init__(self, cut_at: int | None, report: int) -> None:
        self._cut_at, self._report = cut_at, report
        self.effects: list[str] = []

    def before(self, effect: str) -> None:
        """Lets an effect happen, or nothing ever again."""
        self.effects.append(effect)
        if len(self.effects) - 1 == self._cut_at:
            self.tell()
            os.kill(os.getpid(), signal.SIGKILL)

    def tell(self) -> None:
        """Reports the effects so far, the last one perhaps not happened."""
        os.write(self._report, json.dumps(self.effects).encode())


def _wire(plug: Plug, home: Path) -> None:
    """Leads every effect of this process past the plug."""
    _wire_sql(plug)
    _wire_files(plug, home)
    _wire_imap(plug)
    _wire_smtp(plug)


def _wire_sql(plug: Plug) -> None:
    connect = sqlite3.connect
    before = ""

    def watch(statement: str) -> None:
        nonlocal before
        # What only reads leaves the world as it was, and so does what ends with the connection. A statement
        # that fires triggers is told once for each, in a row.
        is_read = statement.startswith(("SELECT", "PRAGMA")) and "user_version=" not in statement
        # A comment stands for what SQLite asks itself, within a statement that has been counted.
        passes = statement.startswith(("CREATE TEMP", "-- "))
        is_told, before = statement == before, statement
        if not (is_read or passes or is_told):
            plug.before("sql " + " ".join(statement.split())[:40])

    def watched(*args: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **named)
        connection.set_trace_callback(watch)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]


def _wire_files(plug: Plug, home: Path) -> None:
    fsync, path_open = os.fsync, Path.open
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event in ("os.mkdir", "os.rename", "os.remove") or (event == "open" and args[2] & writing):
            place = Path(str(args[0]))
            if place.is_relative_to(home):
                plug.before(f"{event} {place.relative_to(home)}")

    def synced(handle: Any) -> None:
        plug.before("fsync")
        fsync(handle)

    def opened(path: Path, *args: Any, **named: Any) -> Any:
        file = path_open(path, *args, **named)
        return _Torn(file, plug) if path.suffix == ".tmp" and path.is_relative_to(home) else file

    os.fsync = synced
    Path.open = opened  # type: ignore[method-assign,assignment]
    sys.addaudithook(watch)


class _Torn:
    """A file that takes what is written in two halves, so that power can fail between them."""

    def __init__(self, file: Any, plug: Plug) -> None:
        self._file, self._plug = file, plug

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: Any) -> int:
        middle = len(data) // 2
        for half in (data[:middle], data[middle:]):
            self._plug.before(f"write {len(half)} bytes")
            self._file.write(half)
        return len(data)


def _wire_imap(plug: Plug) -> None:
    send = imaplib.IMAP4.send

    def watched(imap: imaplib.IMAP4, data: bytes) -> None:
        # Without the tag, which is drawn by chance, and without the password.
        verb = " ".join(data.decode("ascii", "replace").split()[1 : 3 if b" UID " in data else 2])
        plug.before(f"imap {verb}")
        send(imap, data)
        if verb in CHANGING:
            plug.before(f"imap {verb}, sent")

    imaplib.IMAP4.send = watched  # type: ignore[method-assign,assignment]


def _wire_smtp(plug: Plug) -> None:
    send = smtplib.SMTP.send

    def watched(smtp: smtplib.SMTP, data: Any) -> None:
        told = data if isinstance(data, bytes) else data.encode()
        verb = "the dot" if told == DOT else told.split()[0].decode() if len(told) < 100 else "the letter"
        plug.before(f"smtp {verb}")
        send(smtp, data)
        if verb in CHANGING:
            plug.before(f"smtp {verb}, sent")

    smtplib.SMTP.send = watched  # type: ignore[method-assign,assignment]


def _work(settings_file: Path, steps: Iterable[Step], plug: Plug | None) -> None:
    settings = load_settings(settings_file)
    readers = FarReaders(settings.cluster, HERE, _STALL_SECONDS) if settings.cluster else HERE
    # The home's secret is drawn by chance; two days can only be compared under the same one.
    secrets.token_bytes = lambda size: b"k" * (size or 32)  # type: ignore[assignment,misc]
    if plug:
        _wire(plug, settings.home)
    for command, moment in steps:
        if command == "crowded":
            for name, maker in crowded().items():
                setattr(cases, name, maker)
            continue
        with shop_at(settings, readers, moment) as shop:
            _COMMANDS[command](shop)
    readers.shutdown()


def _accept(shop: Shop) -> None:
    """Says yes to all that waits, one case of each mail before the rest of it."""
    for held in shop.ledger.open_holds():
        for case in (*(e.case for e in held.decision.withheld[:1]), ""):
            if any(j.sha == held.sha and j.decision.withheld for j in shop.ledger.open_holds()):
                with suppress(OperatorFault):
                    say(shop, held, "accept", "bakıldı", "M. Memur", case)


def _desk(shop: Shop) -> None:
    """Takes all that waits on somebody's desk, and then says yes to it, to each case by itself."""
    for held in shop.ledger.open_holds():
        act = Act("M. Memur", "", version(shop.ledger, held.number))
        with suppress(OperatorFault):
            assign(shop, held.number, [], "M. Memur", act)
        for case in [entry.case for entry in held.decision.withheld]:
            # A twin may have been faster.
            with suppress(OperatorFault):
                say(shop, held, "accept", "bakıldı", "M. Memur", case)


def _again(shop: Shop) -> None:
    """Stops all that was decided, as the breaker does, and has it judged again."""
    ledger, now = shop.ledger, shop.clock()
    if stops.open_stop(ledger) is None:
        shas = [row["sha"] for row in ledger.query("SELECT sha FROM decision")]
        stops.stop(ledger, Cause("refusal", "holder/name", 8, 8), shas, now)
    stop = stops.open_stop(ledger)
    assert stop
    stops.go_on(ledger, stop, stops.WentOn("again", "bakıldı", "M. Memur", now))


_COMMANDS: dict[str, Callable[[Shop], object]] = {
    "poll": poll,
    "nightly": lambda shop: nightly(shop, shop.today()),
    "accept": _accept,
    "desk": _desk,
    "again": _again,
}


# --- the process that has children -------------------------------------------------------------


def _child(request: dict[str, Any], report: int) -> None:
    if request["most_bytes"] is not None:
        # To a process, a file that may not grow is a disk that is full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["most_bytes"], resource.RLIM_INFINITY))
    plug = Plug(request["cut_at"], report) if request["is_counted"] else None
    steps = [(command, datetime.fromisoformat(moment)) for command, moment in request["steps"]]
    _work(Path(request["settings"]), steps, plug)
    if plug:
        plug.tell()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    uncut = request | {"is_counted": False, "cut_at": None, "most_bytes": None}
    others = [_begin(uncut | {"settings": settings}) for settings in request["beside"]]
    child, ours = _begin(request)
    codes = []
    told = b""
    for process, answers in (*others, (child, ours)):
        with open(answers, "rb") as pipe:
            told = pipe.read()
        codes.append(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    return {"codes": codes, "effects": json.loads(told) if told else []}


def _begin(request: dict[str, Any]) -> tuple[int, int]:
    """Starts a child; gives its number and where it will report."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        code = 1
        try:
            _child(request, theirs)
            code = 0
        except OperatorFault as fault:
            code = fault.exit_code
        except BaseException as fault:
            if is_the_worlds(fault):
                code = TRY_LATER
            else:
                traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(theirs)
    return child, ours


def main() -> None:
    """Answers requests until there are no more."""
    # Children inherit what has been loaded and read.
    policy = policy_of(RULES, REPORTS, OFFICE)
    explain([Path(mail) for mail in sys.argv[1:]], policy, HERE, ZoneInfo("Europe/Istanbul"), None)
    # What is imported where it is used would be by each of hundreds of children.
    import_module("pipeline.ledger.openmetrics")
    Image.init()
    # Nor need each look through all of this for what nobody uses any more.
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(_answer(request)), flush=True)


# --- for the tests -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Played:
    """How the children ended, and the effects of the one that counted."""

    codes: list[int]
    effects: list[str]


@dataclass
class Powered:
    """The other process, as the tests speak to it."""

    process: subprocess.Popen[str]
    morning: datetime
    night: datetime

    @classmethod
    def start(cls, morning: datetime, night: datetime, mails: Iterable[Path]) -> Powered:
        """Starts it, and lets it read the mails that there will be."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.power", *map(str, mails)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        return cls(process, morning, night)

    def count(self, settings: Path) -> list[str]:
        """Runs a day and a night to the end, and names every effect."""
        return self._run(settings, None, True, 0)

    def cut(self, settings: Path, before: int) -> str:
        """Runs until just before an effect, which is named."""
        return self._run(settings, before, True, -signal.SIGKILL)[-1]

    def run(self, settings: Path) -> None:
        """Runs a day and a night to the end, as if nothing had ever happened."""
        self._run(settings, None, False, 0)

    def _run(self, settings: Path, cut_at: int | None, is_counted: bool, code: int) -> list[str]:
        steps = (("poll", self.morning), ("nightly", self.night))
        played = self.play(settings, steps, cut_at, is_counted)
        assert played.codes == [code], played
        return played.effects

    def play(
        self,
        settings: Path,
        steps: Iterable[Step],
        cut_at: int | None = None,
        is_counted: bool = False,
        beside: Sequence[Path] = (),
        most_bytes: int | None = None,
    ) -> Played:
        """Runs commands one after the other in one child; at the same time in one for each of `beside`.

        Those are settings files, of other offices or the same; their codes come first. No file of the child's
        grows over `most_bytes`.
        """
        request = {
            "settings": str(settings),
            "cut_at": cut_at,
            "is_counted": is_counted or cut_at is not None,
            "beside": list(map(str, beside)),
            "most_bytes": most_bytes,
            "steps": [(command, moment.isoformat()) for command, moment in steps],
        }
        stdin, stdout = self._pipes()
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        return Played(**json.loads(stdout.readline()))

    def stop(self) -> None:
        """Ends it."""
        stdin, stdout = self._pipes()
        stdin.close()
        self.process.wait(240)
        stdout.close()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self.process.stdin
        assert self.process.stdout
        return self.process.stdin, self.process.stdout


if __name__ == "__main__":
    main()
