"""Who is beside the office: another office on the same host and servers, and readers on other machines."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.domain import Outcome
from pipeline.sandbox.cluster.membership import Membership
from tests.house import COMMAND, COPIES, COPIES_FOLDER, EVIDENCE, House, fixture, parsed
from tests.servers import HOST

OWN, _OWN_COPIES = "nes-komsu@saglik.example.org", "nes-komsu-kopya@saglik.example.org"
MAILS = tuple(
    f"accepted/{name}"
    for name in ("ordinary-single-list", "list-xlsx", "moved-columns", "csv-as-xls", "text-dates")
)
_SOON_SECONDS = 0.4


class Neighbour:
    """Another office, whose mailbox and letters are at the same servers."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._come: list[str] = []
        house.more = EVIDENCE.replace(COPIES, _OWN_COPIES)
        house.smtp.homes[_OWN_COPIES] = (house.box, COPIES_FOLDER)
        self.write()

    def write(self) -> None:
        """Writes its settings, with the one address of its own."""
        self.house.write()
        own = self.house.file.read_text().replace("nes@saglik.example.org", OWN)
        self.house.file.write_text(own)

    @contextmanager
    def in_trouble(self, number: int) -> Iterator[Path]:
        """Gives its settings for a while in which it is flooded, waits for a deaf server, or is broken."""
        left = [name for name in MAILS if name not in self._come]
        with ExitStack() as stack:
            match number % 3:
                case 0:
                    self._deliver(left)
                case 1:
                    self._deliver(left[:1])
                    deaf = stack.enter_context(socket.create_server((HOST, 0)))
                    self.house.imap_port = deaf.getsockname()[1]
                    self.write()
                case _:
                    self._deliver(left[:1])
                    self.house.file.write_text("home = 1\n")
            try:
                yield self.house.file
            finally:
                self.house.imap_port = None
                self.write()

    def _deliver(self, names: list[str]) -> None:
        self._come += names
        self.house.deliver(*names)

    def wrong(self) -> list[str]:
        """Tells in words which of its mails have no answer, or several, and what it wrote about others'."""
        answered = Counter(
            str(letter["In-Reply-To"])
            for letter in (parsed(r.raw) for r in self.house.smtp.received if is_of_neighbour(r.raw))
            if letter["X-NES-Intake"] in list(Outcome)
        )
        expected = Counter(str(parsed(fixture(name))["Message-ID"]) for name in self._come)
        missing, more = (expected - answered).total(), (answered - expected).total()
        return [f"beside: {missing} answers missing, {more} too many"] if missing or more else []


def is_of_neighbour(raw: bytes) -> bool:
    """Tells whether the other office wrote a letter."""
    return OWN.encode() in raw.partition(b"\r\n\r\n")[0]


class Cluster:
    """A scheduler and one reader on loopback, which can be hung, killed, and brought back."""

    def __init__(self) -> None:
        from pipeline.sandbox.cluster.certificates import certify

        self._folder = tempfile.TemporaryDirectory()
        self._place = Path(self._folder.name)
        certify(self._place, [("scheduler", "localhost"), ("worker", "one"), ("office", "one")])
        self._begin()

    def _begin(self) -> None:
        self._scheduler, self.address = self._member(
            "scheduler-localhost", "scheduler", "--host", HOST, "--port", "0"
        )
        self._work()

    def _work(self) -> None:
        self._reader, _ = self._member("worker-one", "worker", self.address, "--readers", "1")

    def _member(self, folder: str, *words: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [str(COMMAND), "cluster", *words, "--certificates", str(self._place / folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        # The line by which it says that it is there.
        return process, process.stdout.readline().rpartition(" ")[2].strip()

    def naming(self) -> str:
        """Gives the settings' lines by which an office has its files read there."""
        member = Membership(self.address, self._place / "office-one")
        return f'readers = "{member.address}"\nreaders_certificates = "{member.certificates}"\n'

    @contextmanager
    def in_trouble(self, number: int) -> Iterator[None]:
        """Hangs or kills the reader or the scheduler for a while, at once or a moment later; or neither."""
        who = self._reader if number % 2 else self._scheduler
        what = (signal.SIGSTOP, signal.SIGKILL, None)[number // 2 % 3]
        later = threading.Timer(_SOON_SECONDS * (number // 6 % 4), who.send_signal, [what or signal.SIGCONT])
        later.start()
        try:
            yield
        finally:
            later.join()
            if what is signal.SIGSTOP:
                who.send_signal(signal.SIGCONT)
            elif what and who is self._scheduler:
                self.end()
                self._begin()
            elif what:
                _gone(who)
                self._work()

    def end(self) -> None:
        """Ends both."""
        for process in (self._reader, self._scheduler):
            process.kill()
            _gone(process)


def _gone(process: subprocess.Popen[str]) -> None:
    process.communicate()
