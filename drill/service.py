"""The service that runs several offices is killed, with or without what it has begun, and started again."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from os import kill
from pathlib import Path

from drill.points import Family
from drill.stage import Theatre, Verdict
from pipeline.domain import Outcome
from pipeline.ledger.custody import broken_links
from tests.house import COMMAND, COPIES, COPIES_FOLDER, EVIDENCE, LATE_NIGHT, OWN, House, fixture, parsed
from tests.mails import ISTANBUL
from tests.power import Here
from tests.serving import PATIENCE, until

OFFICES = ("adana", "bursa", "corum")
MAILS = ("accepted/ordinary-single-list", "accepted/list-xlsx")
# Where no copy of a letter has come by then, it goes out again.
_DOUBT = timedelta(hours=1)


def killed_service() -> Family:
    """SIGKILL for the service once so many letters are out; its turns die as under systemd, or live on."""
    points = [
        (
            f"at letter {letters}, {'and its turns' if with_turns else 'alone'}",
            partial(play, letters, with_turns),
        )
        for with_turns, letters in product((True, False), (1, 0, 2, 4))
    ]
    return Family("offices' service killed", points)


def play(letters: int, with_turns: bool, theatre: Theatre) -> Verdict:
    """Plays one such day of several offices, by the clock on the wall, and counts for each."""
    with tempfile.TemporaryDirectory() as place, offices(theatre, Path(place)) as houses:
        folder = Path(place) / "offices"
        with _serving(folder) as service:
            until(lambda: len(theatre.smtp.received) >= letters and _children(service.pid))
            # It begins no more while we look who is there.
            service.send_signal(signal.SIGSTOP)
            turns = _children(service.pid)
            service.kill()
            for turn in turns if with_turns else ():
                with suppress(ProcessLookupError):
                    kill(turn, signal.SIGKILL)
        with _serving(folder) as service:
            # Until then it does not know how it is told to stop.
            until(lambda: _children(service.pid))
            until(lambda: not any(house.box.mails("INBOX") for house in houses.values()))
            service.terminate()
            code = service.wait(PATIENCE)
        # Whoever lives on has the home until he is done.
        for house in houses.values():
            for hours in (1, 2):
                house.poll(datetime.now(ISTANBUL) + hours * _DOUBT)
        verdicts = [verdict_of(name, house) for name, house in houses.items()]
    wrong = [line for verdict in verdicts for line in verdict.wrong]
    wrong += [f"exit code {code}"] if code else []
    return Verdict(sum(v.lost for v in verdicts), sum(v.doubled for v in verdicts), 0, tuple(wrong))


def _own(name: str) -> str:
    return f"nes-{name}@saglik.example.org"


@contextmanager
def offices(theatre: Theatre, place: Path) -> Iterator[dict[str, House]]:
    """Founds the offices, each with its mails, a mailbox and an address for copies of its own."""
    folder = place / "offices"
    folder.mkdir()
    theatre.smtp.received.clear()
    theatre.smtp.faults.clear()
    homes, houses = theatre.smtp.homes, dict[str, House]()
    theatre.smtp.homes = {}
    for name in OFFICES:
        (place / name).mkdir()
        copies = COPIES.replace("kopya", f"kopya-{name}")
        more = EVIDENCE.replace(COPIES, copies)
        house = House(place / name, theatre.dovecot.account(), theatre.smtp, Here(), more=more)
        # Mails of today, for a service that lives by the clock on the wall.
        house.morning, houses[name] = datetime.now(ISTANBUL), house
        theatre.smtp.homes[copies] = (house.box, COPIES_FOLDER)
        settled = house.file.read_text().replace(OWN, _own(name)) + LATE_NIGHT
        house.file.write_text(settled)
        (folder / f"{name}.toml").symlink_to(house.file)
        house.deliver(*MAILS)
    try:
        yield houses
    finally:
        theatre.smtp.homes = homes


@contextmanager
def _serving(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    service = subprocess.Popen(
        [str(COMMAND), "serve", "--offices", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield service
    finally:
        service.kill()
        service.wait()


def _children(parent: int) -> list[int]:
    """Lists the processes that a process has begun and that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, above = stat.read_text().rpartition(")")[2].split()[:2]
            if int(above) == parent and state != "Z":
                found.append(int(stat.parent.name))
    return found


def verdict_of(name: str, house: House) -> Verdict:
    """Counts what one office has answered, and looks for contradictions in its home."""
    letters = [letter for letter in house.letters() if _own(name) in str(letter["From"])]
    answered = Counter(
        str(letter["In-Reply-To"]) for letter in letters if letter["X-NES-Intake"] in list(Outcome)
    )
    expected = Counter(str(parsed(fixture(mail))["Message-ID"]) for mail in MAILS)
    lost, doubled = (expected - answered).total(), (answered - expected).total()
    wrong = [f"{name}: {lost} lost, {doubled} doubled"] if lost or doubled else []
    with house.opened(datetime.now(ISTANBUL)) as shop:
        wrong += [f"{name}: {line}" for line in broken_links(shop.ledger, shop.home)]
        unsent = shop.ledger.letters_in_state("planned", "started", "deferred", "failed", "in_doubt")
        wrong += [f"{name}: letter {letter.kind} is {letter.state}" for letter in unsent]
    if house.filed().get("accepted") != len(MAILS):
        wrong.append(f"{name}: {house.filed()}")
    return Verdict(lost, doubled, 0, tuple(wrong))
