"""Where the drill is played: real servers, the program in processes of its own, and the counting."""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from openpyxl import load_workbook

from drill.company import MAILS as MAILS_BESIDE
from drill.company import Cluster, Neighbour, is_of_neighbour
from pipeline.domain import Outcome
from pipeline.ledger.book import Ledger
from pipeline.ledger.custody import broken_links
from pipeline.ledger.home import Home
from tests.house import COPIES, EVIDENCE, FIXTURES, FOLDERS, MORNING, NIGHT, House, parsed
from tests.power import Here, Powered, Step
from tests.servers import Certificates, Dovecot, RecordingSmtp

MAILS = (
    "accepted/list-then-receipt/1-list",
    "accepted/list-then-receipt/2-receipt",
    "ignored/out-of-office",
    "returned/one-good-one-bad-row",
    # The very same bytes once more, in another mail.
    "accepted/list-then-receipt/1-list",
)
# Those of a day with officials in it.
MAILS_FOR_OFFICIALS = (
    "held/foreigner-sends-twice/1-list",
    "held/foreigner-sends-twice/2-same-list-again",
    "held/two-held-rows",
    "accepted/list-then-receipt/1-list",
    "accepted/list-then-receipt/2-receipt",
)
DAY: tuple[Step, ...] = (("poll", MORNING), ("nightly", NIGHT))
# What every schedule ends with: nothing more goes wrong, a second night passes, and time heals.
CALM: tuple[Step, ...] = (
    ("nightly", NIGHT + timedelta(minutes=5)),
    ("poll", MORNING + timedelta(days=1)),
    ("nightly", NIGHT + timedelta(days=1)),
    ("poll", MORNING + timedelta(days=2)),
    ("poll", MORNING + timedelta(days=2, hours=9)),
)
# Whoever stands on another's list is told so by a letter that answers no mail.
TOLD = "told"
_IDENTITY_NUMBER = re.compile(r"\b[1-9]\d{10}\b")
# A killed process loses nothing that it has handed to the system, so that no disk need be waited for.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True)
class Count:
    """What the servers, the mailbox and the home hold when all is over.

    `answers` counts letters by the mail they answer, `rows` the places of a person in the lists that went
    out, `reports` the reports of the nights by Message-ID, all as the SMTP server received them; `places`
    says where in the mailbox each mail lies. `crashed` are the mails that were set aside because runs died
    over them, by the Message-ID an answer would name. `wrong` are contradictions, in words.
    """

    answers: Mapping[str, int]
    rows: Mapping[str, int]
    reports: Mapping[str, int]
    places: Mapping[str, Sequence[str]]
    crashed: frozenset[str]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What one day with faults lost, did twice, set aside or contradicts itself in."""

    lost: int = 0
    doubled: int = 0
    set_aside: int = 0
    wrong: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


def judge(count: Count, expected: Count, kills: int) -> Verdict:
    """Compares what there is with an undisturbed day; only a mail that two kills hit may be set aside."""
    wrong = list(count.wrong)
    lost = doubled = 0
    for name in ("answers", "rows", "reports"):
        here, there = getattr(count, name), getattr(expected, name)
        # An answer's name begins with the mail's, and an official's word about it goes on from there.
        out = {*count.crashed, TOLD} if count.crashed else set()
        excused = {one for one in there if name == "answers" and one.split()[0] in out}
        missing = there.keys() - here.keys() - excused
        # Whose list was set aside has no row yet: a person has it on the table.
        missing = frozenset() if name == "rows" and count.crashed else missing
        more = sum(here.values()) - len(here)
        lost, doubled = lost + len(missing), doubled + more
        if missing or more or here.keys() - there.keys():
            wrong.append(
                f"{name}: {len(missing)} missing, {more} twice, {len(here.keys() - there.keys())} new"
            )
    if count.crashed and kills < 2:
        wrong.append(f"{len(count.crashed)} mails set aside after {kills} kills")
    if not count.crashed and count.places != expected.places:
        wrong.append("mails lie elsewhere in the mailbox")
    there = Counter(mail for mails in expected.places.values() for mail in mails)
    here = Counter(mail for mails in count.places.values() for mail in mails)
    if here != there:
        wrong.append("mailbox: mails are missing or there twice")
        lost, doubled = lost + (there - here).total(), doubled + (here - there).total()
    return Verdict(lost, doubled, len(count.crashed), tuple(wrong))


@dataclass
class Theatre:
    """The servers and the process that has children."""

    dovecot: Dovecot
    smtp: RecordingSmtp
    powered: Powered
    _expected: dict[Sequence[Step], Count] = field(default_factory=dict, repr=False)
    _cluster: Cluster | None = field(default=None, repr=False)

    @contextmanager
    def house(self, mails: Sequence[str] = MAILS) -> Iterator[House]:
        """A new home and a new mailbox, with mails in it."""
        with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
            self.smtp.received.clear()
            self.smtp.faults.clear()
            house = House(Path(folder), self.dovecot.account(), self.smtp, Here(), more=EVIDENCE, seconds=1)
            house.deliver_copies()
            house.deliver(*mails)
            yield house

    @contextmanager
    def neighbour(self) -> Iterator[Neighbour]:
        """A new home and a new mailbox of another office, empty."""
        with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
            yield Neighbour(House(Path(folder), self.dovecot.account(), self.smtp, Here(), seconds=1))

    @property
    def cluster(self) -> Cluster:
        """Readers on other machines, there from the first look on."""
        self._cluster = self._cluster or Cluster()
        return self._cluster

    def leave(self) -> None:
        """Ends what the stage has grown."""
        if self._cluster:
            self._cluster.end()

    @property
    def expected(self) -> Count:
        """What an undisturbed day leaves behind."""
        return self.undisturbed(MAILS, (*DAY, *CALM))

    def undisturbed(self, mails: Sequence[str], steps: Sequence[Step]) -> Count:
        """What these steps leave behind of these mails when nothing goes wrong, played once."""
        if steps not in self._expected:
            with self.house(mails) as house:
                played = self.powered.play(house.file, steps)
                assert played.codes == [0], played
                expected = count(house, mails)
            assert not expected.wrong, expected.wrong
            assert expected.rows
            assert len(expected.reports) == 2
            self._expected[steps] = expected
        return self._expected[steps]

    def end(self, house: House, kills: int, crashes: Sequence[int] = ()) -> Verdict:
        """Lets the calm days pass and counts; `crashes` are exit codes that nobody foresaw."""
        self.smtp.faults.clear()
        house.write()
        codes = self.powered.play(house.file, CALM).codes
        verdict = judge(count(house), self.expected, kills)
        odd = [f"exit code {code}" for code in (*crashes, *codes) if code]
        return Verdict(verdict.lost, verdict.doubled, verdict.set_aside, (*verdict.wrong, *odd))


@contextmanager
def stage() -> Iterator[Theatre]:
    """Raises the servers, and takes them down again."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificates = Certificates(folder)
        dovecot = stack.enter_context(Dovecot(certificates))
        with on_stage(certificates, dovecot) as set_up:
            yield set_up


@contextmanager
def on_stage(certificates: Certificates, dovecot: Dovecot) -> Iterator[Theatre]:
    """Sets the stage beside a Dovecot that runs already."""
    mails = dict.fromkeys((*MAILS, *MAILS_FOR_OFFICIALS, *MAILS_BESIDE))
    powered = Powered.start(MORNING, NIGHT, (FIXTURES / f"{name}.eml" for name in mails))
    try:
        with RecordingSmtp(certificates) as smtp:
            theatre = Theatre(dovecot, smtp, powered)
            try:
                yield theatre
            finally:
                theatre.leave()
    finally:
        powered.stop()


# --- counting ----------------------------------------------------------------------------------


def count(house: House, mails: Sequence[str] = MAILS) -> Count:
    """Counts at the servers, and looks for contradictions in the home."""
    answers: Counter[str] = Counter()
    reports: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for received in house.smtp.received:
        if set(received.recipients) == {COPIES} or is_of_neighbour(received.raw):
            continue
        kind, name, answered, people = _letter(received.raw)
        if kind == "nightly":
            reports[name] += 1
        elif kind not in ("batch", "alarm", "all_clear"):
            # A mail that was held has its answer, and one for each word of an official about it.
            name = answered if answered != "None" else f"{TOLD} {name}"
            answers[f"{name} {kind}" if kind.startswith("settled") else name] += 1
        rows.update(people)
    places = _places(house)
    crashed, wrong = _contradictions(house, rows, mails)
    if places.pop("INBOX"):
        wrong += ("mails lie in the inbox still",)
    return Count(answers, rows, reports, places, crashed, wrong)


@cache
def _letter(raw: bytes) -> tuple[str, str, str, tuple[str, ...]]:
    """Reads a letter: its kind, its name, the mail it answers, and the people in a list for Kamu SM."""
    message = parsed(raw)
    kind = str(message["X-NES-Intake"])
    people: list[str] = []
    for part in message.iter_attachments() if kind == "batch" else ():
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        for sheet in load_workbook(io.BytesIO(data), read_only=True):
            for row in sheet.iter_rows(values_only=True):
                people += [found for cell in row for found in _IDENTITY_NUMBER.findall(str(cell))]
    return kind, str(message["Message-ID"]), str(message["In-Reply-To"]), tuple(people)


def _places(house: House) -> dict[str, list[str]]:
    places = {}
    for folder in ("INBOX", *FOLDERS.values()):
        place = house.box.make(folder)
        files = [file for sub in ("new", "cur") for file in (place / sub).iterdir()]
        places[folder] = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    return places


def _contradictions(
    house: House, rows: Mapping[str, int], mails: Sequence[str]
) -> tuple[frozenset[str], tuple[str, ...]]:
    home = Home(house.home)
    with home.lock():
        ledger = Ledger.open(home.ledger_file, home.key)
        try:
            wrong = list(broken_links(ledger, home))
            unsent = ledger.letters_in_state("planned", "started", "deferred", "failed", "in_doubt")
            wrong += [f"letter {letter.kind} is {letter.state}" for letter in unsent]
            crashed = [row["sha"] for row in ledger.query("SELECT sha FROM decision WHERE shunt='crashed'")]
            names = frozenset(str(parsed(home.raw(sha))["Message-ID"]) for sha in crashed)
            if len(ledger.query("SELECT 1 FROM batch_row")) != len(rows):
                wrong.append("the ledger's lists are not those that were sent")
            wrong += _unbalanced(ledger, mails)
            kept = {file.stem for file in (house.home / "mail").rglob("*") if file.is_file()}
            known = {row["sha"] for row in ledger.query("SELECT sha FROM arrival")}
            if len(kept) != len(known):
                wrong.append(f"{len(kept)} mails kept, {len(known)} in the ledger")
        finally:
            ledger.close()
    return names, tuple(wrong)


def _unbalanced(ledger: Ledger, mails: Sequence[str]) -> list[str]:
    wrong, fresh = [], 0
    for row in ledger.query("SELECT day FROM night ORDER BY day"):
        night = ledger.night(date.fromisoformat(row["day"]))
        assert night
        balance = ledger.balance(night.since, night.until)
        fresh += balance["heard"] - balance["duplicates"]
        if balance["heard"] != balance["duplicates"] + sum(balance[outcome] for outcome in Outcome):
            wrong.append(f"the report of {night.day} does not balance")
    if fresh != len(set(mails)):
        wrong.append(f"the reports speak of {fresh} mails")
    return wrong
