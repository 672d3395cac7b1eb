"""A whole house for the tests: settings on disk, a mailbox, an SMTP server, and runs at a chosen moment."""

from __future__ import annotations

import email
import email.policy
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path

from pipeline.domain import Office, Outcome
from pipeline.intake.runs import Tally, poll
from pipeline.ledger.book import Ledger, Night
from pipeline.ledger.home import Home
from pipeline.night.closing import nightly
from pipeline.office.settings import FilingFolders, Settings, load_settings
from pipeline.office.shop import Shop, at_work
from pipeline.policy.policy import Policy, load_policy
from tests.mails import ISTANBUL
from tests.servers import Box, RecordingSmtp

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "mailbox_fixtures"
COMMAND = Path(sys.executable).with_name("nes-intake")
FOLDERS = FilingFolders().model_dump()
OWN, IT_UNIT, KAMU_SM = (
    "nes@saglik.example.org",
    "bilgi-islem@saglik.example.org",
    "liste@kamusm.example.org",
)
OFFICE = Office(
    unit="İstatistik ve Bilgi İşlem Birimi",
    institution="Örnek İl Sağlık Müdürlüğü",
    sender=OWN,
    own_addresses=(OWN,),
    it_unit=IT_UNIT,
    batch_recipient=KAMU_SM,
    corporate_domains=("saglik.gov.tr", "saglik.example.org"),
    kamu_sm_domains=("kamusm.example.org",),
)
# For what goes by the clock on the wall: the night that is due is yesterday's at any hour of the day.
LATE_NIGHT = "[schedule]\nnight_at = 23:59:59\n"
MORNING = datetime(2024, 6, 14, 9, 0, tzinfo=ISTANBUL)
NIGHT = datetime(2024, 6, 14, 23, 45, tzinfo=ISTANBUL)

# An address of the office's own whose mail lands in a folder of its mailbox.
COPIES, COPIES_FOLDER = "nes-kopya@saglik.example.org", "Kopyalar"
EVIDENCE = f"""
[evidence]
address = "{COPIES}"
account = "basvuru"
folder = "{COPIES_FOLDER}"
"""

# The same office, as a settings file.
SETTINGS = """
home = "{home}"
unit = "İstatistik ve Bilgi İşlem Birimi"
institution = "Örnek İl Sağlık Müdürlüğü"
corporate_domains = ["saglik.gov.tr", "saglik.example.org"]
kamu_sm_domains = ["kamusm.example.org"]

[[accounts]]
name = "basvuru"
host = "127.0.0.1"
port = {imap_port}
security = "{imap_security}"
user = "{user}"
password = {{ file = "{imap_secret}" }}
since = 2020-01-01
timeout_seconds = {seconds}
{trusted}

[smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "{smtp_security}"
timeout_seconds = {seconds}
{smtp_login}

[addresses]
own = "nes@saglik.example.org"
it_unit = "bilgi-islem@saglik.example.org"
kamu_sm = "liste@kamusm.example.org"
{more}
"""


def fixture(name: str) -> bytes:
    """Reads a fixture mail: "accepted/list-xlsx", "accepted/list-then-receipt/1-list"."""
    return (FIXTURES / f"{name}.eml").read_bytes()


def policy_of(rules: Path, reports: Path, office: Office) -> Policy:
    """Loads a policy once for all runs of the tests, whatever the office: only its domains are compiled."""
    return replace(_proven(rules, reports, office.corporate_domains), office=office)


@cache
def _proven(rules: Path, reports: Path, domains: tuple[str, ...]) -> Policy:
    return load_policy(rules, reports, replace(OFFICE, corporate_domains=domains))


@contextmanager
def shop_at(settings: Settings, readers: Executor, moment: datetime) -> Iterator[Shop]:
    """Opens what a run works with, at a moment that does not pass."""
    policy = policy_of(settings.rules, settings.reports, settings.office)
    home = Home(settings.home)
    # The desk of a test may still be at its last act.
    with home.lock(240):
        ledger = Ledger.open(home.ledger_file, home.key)
        try:
            yield at_work(Shop(settings, policy, home, ledger, readers, lambda: moment.astimezone(UTC)))
        finally:
            ledger.close()


@dataclass
class House:
    """One office: its settings file in `folder`, its mailbox, its SMTP server, and its readers."""

    folder: Path
    box: Box
    smtp: RecordingSmtp
    readers: Executor
    tls: bool = False
    imap_port: int | None = None
    smtp_port: int | None = None
    seconds: int = 60
    more: str = ""
    # What the servers' clocks show, where ours is wrong.
    world: datetime | None = None
    # The day that mails come on, from two hours before.
    morning: datetime = MORNING
    _delivered: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        self.write()

    @property
    def file(self) -> Path:
        return self.folder / "settings.toml"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def write(self) -> None:
        """Writes the settings file and its secrets anew."""
        server = self.box.server
        (self.folder / "imap-secret").write_text(self.box.password + "\n", encoding="utf-8")
        (self.folder / "smtp-secret").write_text(self.smtp.password, encoding="utf-8")
        for secret in ("imap-secret", "smtp-secret"):
            (self.folder / secret).chmod(0o600)
        ca_file = f'ca_file = "{self.smtp.ca_file}"'
        login = f'user = "{self.smtp.user}"\npassword = {{ file = "{self.folder / "smtp-secret"}" }}\n'
        text = SETTINGS.format(
            home=self.home,
            imap_port=self.imap_port or (server.tls_port if self.tls else server.port),
            imap_security="tls" if self.tls else "none",
            user=self.box.user,
            imap_secret=self.folder / "imap-secret",
            trusted=ca_file if self.tls else "",
            smtp_port=self.smtp_port or self.smtp.port,
            seconds=self.seconds,
            smtp_security=self.smtp.security,
            smtp_login=(login if self.smtp.user else "") + (ca_file if self.smtp.security != "none" else ""),
            more=self.more,
        )
        self.file.write_text(text, encoding="utf-8")

    def through(self, port: int) -> House:
        """The same house, with its mailbox reached over another port."""
        return replace(self, imap_port=port)

    def posting_through(self, port: int) -> House:
        """The same house, with its SMTP server reached over another port."""
        return replace(self, smtp_port=port)

    def deliver_copies(self) -> None:
        """Has the SMTP server deliver the copies of letters into the folder that `more` should name."""
        self.smtp.homes = {COPIES: (self.box, COPIES_FOLDER)}

    def deliver(self, *names: str) -> None:
        """Drops fixture mails into the mailbox, one minute apart."""
        for name in names:
            self.deliver_raw(fixture(name))

    def deliver_raw(self, raw: bytes) -> None:
        """Drops a mail's bytes into the mailbox."""
        self._delivered += 1
        self.box.deliver(raw, self.morning - timedelta(hours=2) + timedelta(minutes=self._delivered))

    @contextmanager
    def opened(self, moment: datetime = MORNING) -> Iterator[Shop]:
        """Opens what a run works with, in a world whose clocks show the same moment, or their own."""
        self.smtp.clock = self.world or moment
        try:
            with shop_at(load_settings(self.file), self.readers, moment) as shop:
                yield shop
        finally:
            self.smtp.clock = None

    def own_folders(self) -> None:
        """Gives the office folders for rules and texts of its own, still empty."""
        own = {f"own_{kind}": self.folder / "own" / kind for kind in ("rules", "reports")}
        for folder in own.values():
            folder.mkdir(parents=True)
        places = "".join(f'{key} = "{folder}"\n' for key, folder in own.items())
        self.file.write_text(places + self.file.read_text())

    def poll(self, moment: datetime = MORNING) -> Tally:
        """Polls once, in this process."""
        with self.opened(moment) as shop:
            return poll(shop)

    def nightly(self, moment: datetime = NIGHT) -> Night | None:
        """Closes the night, in this process."""
        with self.opened(moment) as shop:
            return nightly(shop, moment.date())

    def command(self, *words: str, seconds: float = 240) -> subprocess.CompletedProcess[str]:
        """Runs the real console command with these settings, in a process of its own, today."""
        return subprocess.run(
            [str(COMMAND), words[0], "--settings", str(self.file), *words[1:]],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def ask(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Looks into the ledger from behind."""
        connection = sqlite3.connect(self.home / "ledger.db")
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def letters(self) -> list[EmailMessage]:
        """Parses what the SMTP server received, in order."""
        return [parsed(r.raw) for r in self.smtp.received]

    def filed(self) -> dict[str, int]:
        """Counts the mails by where they lie: each outcome's folder, and "inbox"."""
        places = {"inbox": "INBOX", **{str(o): FOLDERS[o] for o in Outcome}}
        counts = {name: len(self.box.mails(folder)) for name, folder in places.items()}
        return {name: count for name, count in counts.items() if count}


class Kept:
    """A house as it stands, for each test of a module to begin with: its folder, its mailbox, its letters."""

    def __init__(self, house: House, aside: Path) -> None:
        self._house = house
        self._places = {house.folder: aside / "folder", house.box.maildir: aside / "maildir"}
        for place, kept in self._places.items():
            subprocess.run(["cp", "-a", place, kept], check=True)
        self._received = tuple(house.smtp.received)

    def again(self) -> House:
        """Puts all back, with whose it is and when it was changed, and gives the house."""
        # One's own, for what a test changes of it. It writes its settings, so that the kept ones come after.
        house = replace(self._house)
        for place, kept in self._places.items():
            shutil.rmtree(place)
            subprocess.run(["cp", "-a", kept, place], check=True)
        house.smtp.afresh(self._received)
        return house


def parsed(raw: bytes) -> EmailMessage:
    """Parses a mail as its reader's program does."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage) -> str:
    """Reads a mail's plain text."""
    part = message.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def night_of(day: date) -> datetime:
    """The moment a night is closed at."""
    return datetime(day.year, day.month, day.day, 23, 45, tzinfo=ISTANBUL)
