"""Clerks who decide side by side while polls and nights run: how long each waits, and what is lost or twice.

Run it as `python -m benchmarks.crowd --clerks 20 --claims 500` from the project's root. The desk, every poll
and every night are processes of their own, the clerks HTTP sessions; the mails are a day's, each from another
sender. Every fifth claim is dealt to two clerks. It prints figures; it judges nothing.
"""

from __future__ import annotations

import argparse
import re
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipeline.desk.people import People, Person, Role
from pipeline.desk.proofs import hashed
from pipeline.ledger.home import Home
from tests.house import COMMAND, COPIES_FOLDER, EVIDENCE, LATE_NIGHT, House, parsed
from tests.letters import list_of
from tests.mails import XLS, Envelope, Sender, attached, mail, mixed, plain
from tests.people import PEOPLE
from tests.power import Here
from tests.servers import Certificates, Dovecot, RecordingSmtp
from tests.test_web_desk import PASSWORD, Visitor, hidden

CLAIMS_PER_MAIL = 2
# Every so many-th claim is dealt to two clerks, who find each other at it.
_SHARED = 5
_REASON = "Sertifikanın süresi uygun değil."
Claim = tuple[str, int]


def held_list(number: int, now: datetime) -> bytes:
    """Makes a list of two colleagues who ask for more years than there are: both wait for a person."""
    people = [PEOPLE[(number + more) % 21] for more in range(CLAIMS_PER_MAIL)]
    form = attached(list_of(*people, term_years=5), XLS, "FORM-001-003.xls")
    sender = Sender(f"Memur {number}", f"memur{number}@saglik.example.org")
    envelope = Envelope(sender, "Kayıp e-imza başvurusu", now)
    return mail(envelope, mixed(plain(f"Merhaba, {number}. listemiz ektedir."), form))


@dataclass
class Day:
    """What the clerks met: seconds each decision took, how each ended, and how the runs beside them did."""

    waits: list[float] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True)
class Count:
    """What there is when all is over: at the ledger, and at the servers."""

    acts: int
    settled: int
    posted: int
    lost: int
    doubles: int
    copies_of_acts: int


def deal(numbers: Sequence[str]) -> deque[Claim]:
    """Deals claims one by one, some of them twice in a row, to two clerks at once."""
    claims = [(number, claim) for number in numbers for claim in range(1, CLAIMS_PER_MAIL + 1)]
    dealt: deque[Claim] = deque()
    for at, claim in enumerate(claims):
        dealt.extend([claim] * (2 if at % _SHARED == 0 else 1))
    return dealt


def decide_all(clerks: Sequence[Visitor], dealt: deque[Claim], day: Day) -> None:
    """Has every clerk take claim after claim until none is left."""

    def work(clerk: Visitor) -> None:
        while True:
            try:
                number, claim = dealt.popleft()
            except IndexError:
                return
            while not _is_decided(clerk, number, claim, day):
                pass

    begun = time.monotonic()
    with ThreadPoolExecutor(len(clerks)) as threads:
        list(threads.map(work, clerks))
    day.seconds = time.monotonic() - begun


def _is_decided(clerk: Visitor, number: str, claim: int, day: Day) -> bool:
    """Sends one claim back as its page has it; tells whether it is decided now, by whomever."""
    page, action = clerk.get(f"/ileti/{number}"), f"/ileti/{number}/karar"
    if f'name="claim" value="{claim}"' not in page.text:
        day.endings["found decided"] += 1
        return True
    fields = {"claim": str(claim), "verb": "return", "text": _REASON, "because": "Görüldü."}
    fields |= {"bilet": page.token(action), "seen": hidden(page, "seen")}
    begun = time.monotonic()
    answer = clerk.post(action, fields)
    day.waits.append(time.monotonic() - begun)
    names = {303: "decided", 409: "told who was faster", 503: "told to try again"}
    day.endings[names.get(answer.status, f"status {answer.status}")] += 1
    assert answer.status in names, answer.text
    if answer.status == 409:
        assert re.search(r"memur\d+", answer.text), answer.text
    return answer.status == 303


@contextmanager
def running(work: Sequence[Callable[[], str]], runs: Counter[str]) -> Iterator[None]:
    """Does each of some works again and again beside what happens meanwhile, and counts how they end."""
    over = threading.Event()

    def again(one: Callable[[], str]) -> None:
        while not over.is_set():
            runs[one()] += 1

    with ThreadPoolExecutor(len(work)) as threads:
        done = [threads.submit(again, one) for one in work]
        try:
            yield
        finally:
            over.set()
        for one in done:
            one.result()


def count(house: House, claims: int) -> Count:
    """Counts what came of it."""
    ((acts,),) = house.ask("SELECT count(*) FROM act WHERE kind='settle'")
    ((settled,),) = house.ask("SELECT count(*) FROM settled")
    letters = [parsed(received.raw) for received in house.smtp.received]
    sent = Counter(str(letter["Message-ID"]) for letter in letters)
    told = [letter for letter in letters if str(letter["X-NES-Intake"]).startswith("settled")]
    copies = [parsed(raw) for raw in house.box.mails(COPIES_FOLDER)]
    of_acts = {str(copy["Message-ID"]) for copy in copies if copy["X-NES-Intake"] == "act"}
    return Count(
        acts=int(str(acts)),
        settled=int(str(settled)),
        posted=len(told),
        lost=max(0, claims - int(str(settled))) + max(0, claims - len(told)),
        doubles=sum(sent.values()) - len(sent),
        copies_of_acts=len(of_acts),
    )


# --- as real processes -----------------------------------------------------------------------------


@contextmanager
def desk_process(house: House) -> Iterator[tuple[int, str]]:
    """Runs the desk's own command; gives its port and its host."""
    command = [str(COMMAND), "desk", "--settings", str(house.file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout as told:
        try:
            address = re.search(r"http://(127\.0\.0\.1:(\d+))", told.readline())
            assert address
            yield int(address[2]), address[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _run(house: House, command: str) -> str:
    begun = time.monotonic()
    ended = house.command(command, seconds=600)
    print(f"  {command}: {ended.returncode} after {time.monotonic() - begun:.1f} s", flush=True)
    assert ended.returncode in (0, 75), ended
    return f"{command}s that {'ran' if ended.returncode == 0 else 'were put off'}"


def play(house: House, clerks: int, claims: int) -> Day:
    """Plays the day: mails, clerks beside polls and nights, and a poll at the end."""
    now, day = datetime.now(UTC), Day()
    proof = hashed(PASSWORD)
    names = [f"memur{number}" for number in range(clerks)]
    for name in names:
        People(Home(house.home)).put(Person(name, Role.CLERK, proof))
    for number in range(claims // CLAIMS_PER_MAIL):
        house.box.deliver(held_list(number, now), now)
    assert _run(house, "poll") == "polls that ran"
    numbers = [str(n) for (n,) in house.ask("SELECT number FROM decision JOIN hold USING (sha)")]
    with desk_process(house) as (port, host):
        seats = [Visitor(port, host) for _ in names]
        assert all(seat.log_in(name).status == 303 for seat, name in zip(seats, names, strict=True))
        works = [lambda: _run(house, "poll"), lambda: _run(house, "nightly")]
        with running(works, day.runs):
            decide_all(seats, deal(numbers), day)
    while house.ask("SELECT 1 FROM letter WHERE state IN ('planned', 'started')"):
        _run(house, "poll")
    return day


def main() -> None:
    """Plays the day and prints its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clerks", type=int, default=20)
    parser.add_argument("--claims", type=int, default=500)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nes-") as place:
        folder = Path(place)
        certificates = Certificates(folder)
        with Dovecot(certificates) as dovecot, RecordingSmtp(certificates) as smtp:
            more = f"{EVIDENCE}\n{LATE_NIGHT}\n[desk]\nport = 0\n"
            house = House(folder, dovecot.account(), smtp, Here(), more=more)
            house.deliver_copies()
            day = play(house, chosen.clerks, chosen.claims)
            found = count(house, chosen.claims)
    decided = day.endings["decided"]
    pace = decided / day.seconds
    print(f"{chosen.clerks} clerks, {chosen.claims} claims: {day.seconds:.0f} s, {pace:.1f} a second")
    print(f"a clerk's wait: median {statistics.median(day.waits):.2f} s, longest {max(day.waits):.2f} s")
    for name, many in (*sorted(day.endings.items()), *sorted(day.runs.items())):
        print(f"  {many:5} {name}")
    print(found)


if __name__ == "__main__":
    main()
