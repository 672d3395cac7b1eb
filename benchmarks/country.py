"""A day of the whole country, scaled down: offices, a real Dovecot, SMTP, and readers that die.

Run it as `python -m benchmarks.country` from the project's root. Everything talks TLS over loopback (in a
network namespace of its own, where that is allowed), and all of it is listened to: identity numbers and
family names must not pass in clear. From a seed: who writes to which office, and what. What it is scaled by:
`--mails` in place of 40,000, all of them waiting when the service starts, so that each office has one turn
for them instead of some ninety a day. Costs are seconds of processors, which other work on the machine
changes little; nothing is judged but losses.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from pipeline.office import opening
from pipeline.office.settings import load_settings
from pipeline.policy.places import Places
from pipeline.policy.policy import policy_from
from pipeline.review.invented_office import OFFICE
from pipeline.sandbox.cluster.certificates import certify
from pipeline.sandbox.cluster.far import FarReaders
from pipeline.sandbox.cluster.membership import Membership
from pipeline.sandbox.scanner.scan import PRELOAD, timed_scan
from pipeline.sandbox.workers import WorkerPool
from tests.house import COMMAND, House, parsed
from tests.mails import Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import PEOPLE
from tests.pictures import photo
from tests.receipt_material import ReceiptFacts, receipt_pdf
from tests.servers import HOST, Certificates, Dovecot, RecordingSmtp
from tests.workbooks import entry, official, xls

_MORE = """
[budget]
mails_per_run = 2000
mails_per_day = 2000
answers_per_day = 2000
reading_seconds_per_day = 36000
workers = {workers}
"""
# Of ten mails so many carry a photographed receipt beside no list: the dear kind.
_PHOTOS_OF_TEN = 2
_SECONDS = 1500.0
_APART = "NES_INTAKE_COUNTRY_APART"


# --- what comes --------------------------------------------------------------------------------


def list_mail(number: int) -> bytes:
    """Makes a list mail of one row like no other."""
    who = PEOPLE[number % len(PEOPLE)]
    book = xls(official(entry(who, workplace=f"{number}. AİLE SAĞLIĞI MERKEZİ")))
    envelope = Envelope(Sender(who.name, who.work_email), f"Kayıp e-imza {number}", at("2024-05-13"))
    return mail(
        envelope, mixed(plain("Liste ektedir."), attached(book, "application/vnd.ms-excel", "liste.xls"))
    )


def receipt_mail(number: int) -> bytes:
    """Makes a mail with a photographed receipt like no other."""
    who = PEOPLE[number % len(PEOPLE)]
    envelope = Envelope(Sender(who.name, who.work_email), f"Dekont {number}", at("2024-05-13"))
    return mail(
        envelope, mixed(plain("Dekont ektedir."), attached(picture(number), "image/jpeg", "dekont.jpg"))
    )


@cache
def picture(number: int) -> bytes:
    """Photographs a receipt; each number another one."""
    who = PEOPLE[number % len(PEOPLE)]
    facts = ReceiptFacts(who.identity_number, who.name.upper(), reference=f"2024051300{number:06}")
    return photo(receipt_pdf("vakifbank-kurum-odemesi", facts), 0.5 + number % 3)


def a_mail(number: int, chance: random.Random) -> bytes:
    """Draws one mail of the day."""
    return receipt_mail(number) if chance.randrange(10) < _PHOTOS_OF_TEN else list_mail(number)


# --- where it comes ----------------------------------------------------------------------------


@dataclass
class Country:
    """The offices of a day, their servers, and how many mails each has been sent."""

    folder: Path
    smtp: RecordingSmtp
    houses: list[House]
    sent: Counter[str] = field(default_factory=Counter)

    def send(self, house: House, raw: bytes) -> None:
        # A day of which the tariff is publicly known.
        house.box.deliver(raw, at("2024-05-14") + timedelta(seconds=self.sent.total()))
        self.sent[house.folder.name] += 1


@contextmanager
def country(offices: int, workers: int, top: str = "", slow: bool = False) -> Iterator[Country]:
    """Founds offices that have proved their rules before; `top` goes into the settings of each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nes-")))
        certificates = Certificates(folder)
        dovecot = stack.enter_context(Dovecot(certificates))
        smtp = stack.enter_context(RecordingSmtp(certificates, "tls"))
        houses = []
        (folder / "offices").mkdir()
        for number in range(offices):
            place = folder / f"il{number + 1:02}"
            place.mkdir()
            house = House(place, dovecot.account(), smtp, None, tls=True, seconds=60)  # type: ignore[arg-type]
            if slow and number == 0:
                house = house.through(stack.enter_context(SlowRelay(dovecot.tls_port)).port)
            house.more = _MORE.format(workers=workers)
            house.write()
            settle(house, folder / "offices", top)
            houses.append(house)
        yield Country(folder, smtp, houses)


def settle(house: House, offices: Path, top: str) -> None:
    """Writes an office's settings into the folder of all, and notes what its first day would prove."""
    name = house.folder.name
    text = house.file.read_text().replace("nes@saglik", f"nes-{name}@saglik")
    file = offices / f"{name}.toml"
    file.write_text(top + text)
    settings = load_settings(file)
    house.home.mkdir(mode=0o700)
    policy = policy_from(settings.places, settings.office, is_proved=lambda _fingerprint: True)
    (house.home / "proved").write_text(opening._seal(settings, policy.fingerprint))


class SlowRelay:
    """Passes bytes on, a tenth of a second late each time; it cannot read them."""

    def __init__(self, port: int) -> None:
        self._behind = port

    def __enter__(self) -> SlowRelay:
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection((HOST, self._behind))
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(1 << 16):
                time.sleep(0.1)
                other.sendall(piece)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


# --- readers -----------------------------------------------------------------------------------


class Readers:
    """A cluster on loopback, and what its processes have cost."""

    def __init__(self, folder: Path, readers: int) -> None:
        self.folder, self.running = folder, []
        members = [("scheduler", "localhost"), ("worker", "one"), ("office", "all")]
        certify(folder, members)  # type: ignore[arg-type]
        scheduler = self._start("scheduler", "--host", HOST, "--port", "0", member="scheduler-localhost")
        self.address = self._said(scheduler)
        self._gone = 0.0
        self.workers = [self.add() for _ in range(readers)]
        self._before = 0.0
        self._before = self.seconds()

    def add(self) -> subprocess.Popen[str]:
        worker = self._start("worker", self.address, "--readers", "1", member="worker-one")
        self._said(worker)
        return worker

    def _start(self, *words: str, member: str) -> subprocess.Popen[str]:
        command = [str(COMMAND), "cluster", *words, "--certificates", str(self.folder / member)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        return process

    def _said(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout
        return process.stdout.readline().rpartition(" ")[2].strip()

    @property
    def top(self) -> str:
        place = self.folder / "office-all"
        return f'readers = "{self.address}"\nreaders_certificates = "{place}"\n'

    @property
    def membership(self) -> Membership:
        return Membership(self.address, self.folder / "office-all")

    def seconds(self) -> float:
        """Adds up the processor seconds that reading has cost all its processes, sealed ones included."""
        living = (process for process in self.running if process.poll() is None)
        return self._gone + sum(_tree_seconds(process.pid) for process in living) - self._before

    def kill(self) -> None:
        """Ends the oldest worker as if the power had failed."""
        worker = self.workers.pop(0)
        self._gone += _tree_seconds(worker.pid)
        worker.kill()
        worker.wait()

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate()


def _tree_seconds(pid: int) -> float:
    """Gives user and system time of a process, of what it has waited for, and of its living children."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    spent = sum(int(told[place]) for place in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            spent += sum(_tree_seconds(int(child)) for child in (task / "children").read_text().split())
    return spent


# --- what passes on the wire -------------------------------------------------------------------


class Wiretap:
    """Listens to all of loopback and counts what should never be seen there in clear."""

    def __init__(self) -> None:
        plain = [text for p in PEOPLE for text in (p.identity_number, p.family_name, p.family_name.upper())]
        self._secrets = {form for text in plain for form in (text.encode(), text.encode("utf-16-le"))}
        self.seen = self.packets = self.bytes = 0
        self._over = threading.Event()

    def __enter__(self) -> Wiretap:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self._socket.bind(("lo", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 28)  # SO_RCVBUFFORCE
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.dropped = self._dropped()
        self._socket.close()

    def _dropped(self) -> int:
        told = self._socket.getsockopt(263, 6, 8)  # SOL_PACKET, PACKET_STATISTICS
        return int.from_bytes(told[4:8], sys.byteorder)

    def _listen(self) -> None:
        last = b""
        while not self._over.is_set() or select.select([self._socket], [], [], 0)[0]:
            if not select.select([self._socket], [], [], 0.2)[0]:
                continue
            frame = self._socket.recv(1 << 17)
            self.packets += 1
            self.bytes += len(frame)
            # Loopback shows each frame twice, going out and coming in.
            if frame != last:
                self.seen += sum(frame.count(secret) for secret in self._secrets)
            last = frame


def is_not_deaf() -> int:
    """Says one identity number in clear, and gives how often that was heard."""
    with Wiretap() as tap, socket.create_server((HOST, 0)) as listening:
        with socket.create_connection(listening.getsockname()) as line:
            line.sendall(PEOPLE[0].identity_number.encode())
            listening.accept()[0].close()
        time.sleep(0.5)
    return tap.seen


# --- a day -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """What became of a day: costs in seconds, and the mails and letters that are not as they should be."""

    mails: int
    seconds: float
    processors: float
    lost: int
    doubled: int
    outcomes: Counter[str]


def play(of: Country, meanwhile: Callable[[], None] = lambda: None) -> Day:
    """Serves all offices until every mail has been decided, filed and answered; then looks at what became."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    service = subprocess.Popen([str(COMMAND), "serve", "--offices", str(of.folder / "offices")], text=True)
    end = begun + _SECONDS
    while not all(_is_done(of, house) for house in of.houses) and time.monotonic() < end:
        meanwhile()
        time.sleep(0.5)
    took = time.monotonic() - begun
    service.send_signal(signal.SIGTERM)
    service.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    outcomes: Counter[str] = Counter()
    for house in of.houses:
        outcomes.update(dict(house.ask("SELECT outcome, count(*) FROM decision GROUP BY outcome")))
    mails = of.sent.total()
    letters = Counter((parsed(r.raw)["Message-ID"], *r.recipients) for r in of.smtp.received)
    # Decided, and taken out of the INBOX by its outcome.
    lost = mails - outcomes.total() + sum(map(_left, of.houses))
    return Day(mails, took, spent, lost, letters.total() - len(letters), outcomes)


def _is_done(of: Country, house: House) -> bool:
    # Who looks must not be who makes it.
    if not (house.home / "key").exists():
        return False
    try:
        ((decided,),) = house.ask("SELECT count(*) FROM decision")
        ((due,),) = house.ask("SELECT count(*) FROM letter WHERE state IN ('planned', 'started', 'deferred')")
    except sqlite3.Error:
        return False
    return decided == of.sent[house.folder.name] and due == 0 and _left(house) == 0


def _left(house: House) -> int:
    return sum(len(list((house.box.maildir / place).glob("*"))) for place in ("new", "cur"))


# --- the figures -------------------------------------------------------------------------------


def costs(counts: Sequence[int], mails: int, seed: int) -> None:
    """Prints what the same mails cost, spread over ever more offices."""
    for offices in counts:
        chance = random.Random(seed)
        with country(offices, 2) as of:
            for number in range(mails):
                # Each has some; beyond that, large provinces have more.
                share = number if number < offices else int(offices * chance.random() ** 2)
                of.send(of.houses[share % offices], a_mail(number, chance))
            day = play(of)
        _tell(f"{offices} offices", day, f"{day.processors / offices:.2f} s an office")


def _tell(what: str, day: Day, more: str) -> None:
    outcomes = ", ".join(f"{name} {count}" for name, count in sorted(day.outcomes.items()))
    print(
        f"{what}: {day.mails} mails in {day.seconds:.0f} s, {day.processors:.1f} s of processors "
        f"({day.mails / day.processors:.2f} mails a second of one, {day.processors / day.mails:.2f} s "
        f"a mail, {more}); lost {day.lost}, doubled {day.doubled} [{outcomes}]",
        flush=True,
    )


def pages(count: int) -> None:
    """Prints what a photographed page costs here, by one reader elsewhere and by two, and with one killed."""
    clues = policy_from(Places(), OFFICE, is_proved=lambda _fingerprint: True).clues.as_json
    papers = [picture(number) for number in range(count + 1)]
    with WorkerPool(1, preload=PRELOAD) as pool:
        here, seconds, spent = _read(pool, papers, clues, _children)
    print(f"{count} pages here, one worker: {seconds:.1f} s, {spent / count:.2f} s of processors a page")
    with tempfile.TemporaryDirectory(prefix="nes-") as folder:
        for readers in (1, 2):
            cluster = Readers(Path(folder) / str(readers), readers)
            try:
                for kill in (False, True) if readers == 2 else (False,):
                    with WorkerPool(1, preload=PRELOAD) as pool, FarReaders(cluster.membership, pool) as far:
                        answers, seconds, spent = _read(
                            far, papers, clues, cluster.seconds, cluster.kill if kill else None
                        )
                        courier = _tree_seconds(far._courier._process.pid) if far._courier else 0.0
                    cost = f", {spent / count:.2f} s of processors a page"
                    same = "the same answers" if answers == here else "OTHER ANSWERS"
                    print(
                        f"{count} pages by {readers} readers{', one killed' if kill else ''}: "
                        f"{seconds:.1f} s{cost}, courier {courier:.1f} s in all; "
                        f"{far.read_far} read there, {far.read_here} here, {same}",
                        flush=True,
                    )
            finally:
                cluster.end()


def _children() -> float:
    return _tree_seconds(os.getpid()) - time.process_time()


def _read(
    readers: Executor,
    papers: Sequence[bytes],
    clues: object,
    spent: Callable[[], float],
    kill: Callable[[], None] | None = None,
) -> tuple[list[object], float, float]:
    """Reads all papers but the first, which only warms; answers, seconds by the clock, and of processors."""
    readers.submit(timed_scan, papers[0], clues).result()
    before, begun = spent(), time.monotonic()
    futures = [readers.submit(timed_scan, paper, clues) for paper in papers[1:]]
    if kill:
        futures[len(futures) // 4].result()
        kill()
    answers = [future.result()[1] for future in futures]
    return answers, time.monotonic() - begun, spent() - before


def troubles(offices: int, mails: int, seed: int) -> None:
    """Prints a day of killed readers, a slow server and a flooded office, all of it listened to."""
    chance = random.Random(seed)
    print(f"the wire-tap hears what is said in clear: {is_not_deaf()} time")
    with tempfile.TemporaryDirectory(prefix="nes-") as folder:
        cluster = Readers(Path(folder) / "cluster", 2)
        killed = 0
        due = time.monotonic() + 20

        def kill_now_and_then() -> None:
            nonlocal killed, due
            if time.monotonic() > due:
                cluster.kill()
                cluster.workers.append(cluster.add())
                killed, due = killed + 1, time.monotonic() + 20

        try:
            with country(offices, 1, cluster.top, slow=True) as of, Wiretap() as tap:
                for number in range(mails):
                    # Half of all mail goes to the second office.
                    at_flooded = number >= offices and chance.random() < 0.5
                    house = of.houses[1] if at_flooded else of.houses[number % offices]
                    of.send(house, a_mail(number, chance))
                day = play(of, kill_now_and_then)
                far = cluster.seconds()
        finally:
            cluster.end()
    _tell(
        f"{offices} offices, {killed} readers killed, one server slow, one office flooded",
        day,
        f"and {far:.1f} s of the readers",
    )
    print(
        f"on the wire: {tap.packets} packets, {tap.bytes / 1e6:.1f} MB, {tap.dropped} not heard; "
        f"identity numbers and names in clear: {tap.seen}"
    )


def _go_apart() -> None:
    """Begins anew in a network of its own, where nobody else's mail is heard, if that is allowed."""
    if os.environ.get(_APART):
        return
    words = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        print("no network of our own: what others say on loopback is heard as well")
        return
    os.environ[_APART] = "1"
    os.execvp(words[0], [*words, sys.executable, "-m", "benchmarks.country", *sys.argv[1:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offices", type=int, nargs="*", default=[1, 9, 81])
    parser.add_argument("--mails", type=int, default=162)
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--troubled", type=int, default=54, help="mails of the day with troubles")
    parser.add_argument("--seed", type=int, default=81)
    asked = parser.parse_args()
    if asked.troubled:
        _go_apart()
    load = os.getloadavg()[0]
    print(f"seed {asked.seed}, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, load {load:.1f}")
    if asked.offices:
        costs(asked.offices, asked.mails, asked.seed)
    if asked.pages:
        pages(asked.pages)
    if asked.troubled:
        troubles(9, asked.troubled, asked.seed)


if __name__ == "__main__":
    main()
