"""Canaries: known numbers, names and accounts go in by every path, and are looked for elsewhere afterwards.

Kept mail, the ledger, the list for Kamu SM and the senders' own workbooks are where they belong.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest

from pipeline.sandbox.workers import WorkerPool
from tests.house import COMMAND, ROOT, House
from tests.people import PEOPLE
from tests.saboteurs import Answer
from tests.servers import Certificates, Dovecot, RecordingSmtp, free_ports
from tests.test_isolation import descendants
from tests.workbooks import entry, official, xls

WHO, OTHER = PEOPLE[0], PEOPLE[1]
# Of whom nothing is said that nobody understands: this row goes on the night's list.
THIRD = PEOPLE[2]
NUMBER, OTHER_NUMBER = WHO.identity_number, OTHER.identity_number
CARD, IBAN = "4546711234567894", "TR330006100519786457841326"
CANARY = f"{WHO.name} {NUMBER} {IBAN} {CARD}"
SECRETS = ("gizli soz", "smtp gizlisi")

# As they are written, and with the blanks, dots and dashes that people and OCR put between digits.
_DIGITS = {
    value: re.compile(r"[\s.\-]?".join(value)) for value in (NUMBER, OTHER_NUMBER, CARD, IBAN[4:], IBAN)
}
_NAMES = {name for who in (WHO, OTHER) for name in (who.name, who.family_name, who.work_email)}


def numbers_in(text: str) -> set[str]:
    """Finds unmasked numbers and passwords."""
    return {value for value, written in _DIGITS.items() if written.search(text)} | {
        secret for secret in SECRETS if secret in text
    }


def anything_in(text: str) -> set[str]:
    """Finds names and addresses as well: where nothing about anybody may stand."""
    folded = text.casefold()
    return numbers_in(text) | {name for name in _NAMES if name.casefold() in folded}


# --- the mails ---------------------------------------------------------------------------------


def canary_mail(subject: str, text: str, *files: tuple[str, bytes], sender: str = "", **more: str) -> bytes:
    message = EmailMessage()
    message["From"] = sender or f'"{WHO.name} {NUMBER}" <{WHO.work_email}>'
    message["To"], message["Subject"] = "nes@saglik.example.org", subject
    message["Message-ID"] = f"<{abs(hash((subject, text))):x}.{NUMBER}@saglik.example.org>"
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def mails() -> dict[str, bytes]:
    """A mail for every path, each with canaries in subject, sender, text, file name and file."""
    good, bad = entry(WHO), entry(OTHER, identity_number="17291716061", note=CANARY)
    liste = f"liste {NUMBER} {IBAN}.xls"
    return {
        "accepted": canary_mail(f"Kayıp {NUMBER}", CANARY, (liste, xls(official(good)))),
        "another": canary_mail(
            "Kayıp", "Liste ektedir.", ("liste.xls", xls(official(entry(THIRD)))),
            sender=f"{THIRD.name} <{THIRD.work_email}>",
        ),
        "returned": canary_mail(f"{IBAN} {CARD}", CANARY, (liste, xls(official(good, bad)))),
        "unknown file": canary_mail(CANARY, CANARY, (f"{CANARY}.bin", b"\x01\x02" * 32)),
        # A colleague of another unit, for the first time.
        "held": canary_mail(f"{CARD} {NUMBER}", CANARY, (liste, xls(official(entry(OTHER))))),
        "guided": canary_mail("kartım kayboldu, ne yapmalıyım?", f"Kartım kayboldu, ne yapmalıyım? {CANARY}"),
        "ignored": canary_mail(CANARY, CANARY, (liste, b"x"), Precedence="bulk"),
        "shunted": canary_mail(CANARY, CANARY).replace(
            b"To:", b"X-Long: " + CANARY.encode() * 9000 + b"\nTo:", 1
        ),
        "garbage": b"\x00" + CANARY.encode(),
        "bounce": canary_mail(
            CANARY, CANARY, sender=f"mailer-daemon@{WHO.work_email.partition('@')[2]}",
            X_Failed_Recipients=f"{WHO.work_email}",
        ),
        "spoofed": canary_mail(CANARY, CANARY, sender=f"{WHO.name} <a@b.example>, {NUMBER} <c@d.example>"),
        "broken file": canary_mail("bozuk", CANARY, (liste, xls(official(good))[:900] + CANARY.encode())),
        "pdf": canary_mail("dekont", CANARY, (f"{NUMBER}.pdf", b"%PDF-1.4\n(" + CANARY.encode() + b")")),
    }  # fmt: skip


# --- looking over the program's shoulder ---------------------------------------------------------


@dataclass
class Watch:
    """What processes show to others while they run: arguments, environments, temporary files."""

    arguments: set[str] = field(default_factory=set)
    environments: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    open_to_others: set[str] = field(default_factory=set)


@contextmanager
def watched(temporary: Path) -> Iterator[Watch]:
    watch, over = Watch(), threading.Event()

    def look() -> None:
        while not over.is_set():
            # Ours alone: tests beside this one have passwords of their own.
            for process in [Path(f"/proc/{pid}") for pid in descendants(os.getpid())]:
                if process.exists():
                    with suppress(OSError):
                        watch.arguments.add((process / "cmdline").read_bytes().decode(errors="replace"))
                    with suppress(OSError):
                        environment = (process / "environ").read_bytes().decode(errors="replace")
                        if str(temporary) in environment:
                            watch.environments.add(environment)
            for path in temporary.rglob("*"):
                with suppress(OSError):
                    if path.is_file():
                        watch.files[str(path)] = path.read_bytes()
                    if path.parent == temporary and path.stat().st_mode & 0o077:
                        watch.open_to_others.add(str(path))
            over.wait(0.01)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


STAGES = ("deciding.judge", "opening.unpack", "deciding.answer", "Ledger.filed", "Ledger.undecided")
# The real commands one after the other, some with a fault of ours planted in them that speaks of the mail.
PLAYED = """
import json, os, sys
from pathlib import Path
from pipeline.commands import cli
from pipeline.intake import deciding, opening, runs
from pipeline.ledger.book import Ledger
os.umask(0o077)
for step in json.loads(Path(sys.argv[1]).read_text()):
    def broken(*args, **more):
        raise getattr(__builtins__, step["fault"])(f"{args!r} {step['canary']}")
    if step["settings"]:
        Path(step["file"]).write_text(step["settings"])
    if step["where"]:
        owner, name = step["where"].split(".")
        good = getattr(globals()[owner], name)
        setattr(globals()[owner], name, broken)
    print("===", step["name"], flush=True)
    print("===", step["name"], flush=True, file=sys.stderr)
    code = cli.run([step["words"][0], "--settings", step["file"], *step["words"][1:]])
    print("--- code", code, flush=True)
    if step["where"]:
        setattr(globals()[owner], name, good)
"""


@dataclass
class Witness:
    """Runs commands as cron does and keeps all that they print."""

    house: House
    temporary: Path
    said: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    def run(self, *command: str) -> tuple[int, str, str]:
        environment = {**os.environ, "TMPDIR": str(self.temporary), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=240, check=False, env=environment
        )
        return done.returncode, done.stdout, done.stderr

    def poll(self) -> None:
        code, out, err = self.run(str(COMMAND), "poll", "--settings", str(self.house.file))
        self.codes["poll"], self.said["poll"] = code, out + err

    def play(self, steps: list[dict[str, object]]) -> None:
        folder = self.house.folder
        (folder / "steps.json").write_text(json.dumps(steps))
        (folder / "play.py").write_text(PLAYED)
        code, *outputs = self.run(sys.executable, str(folder / "play.py"), str(folder / "steps.json"))
        assert code == 0, outputs
        for output in outputs:
            for part in output.split("=== ")[1:]:
                name, _, said = part.partition("\n")
                self.said[name] = self.said.get(name, "") + said
                for found in re.findall(r"^--- code (\d+)", said, re.MULTILINE):
                    self.codes[name] = int(found)

    def step(
        self, name: str, *words: str, settings: str = "", where: str = "", fault: str = ""
    ) -> dict[str, object]:
        return {
            "name": name, "words": words, "settings": settings, "where": where, "fault": fault,
            "file": str(self.house.file), "canary": CANARY,
        }  # fmt: skip


def written(house: House) -> str:
    house.write()
    return house.file.read_text()


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory,
    dovecot: Dovecot,
    certificates: Certificates,
    readers: WorkerPool,
) -> Iterator[tuple[Witness, Watch]]:
    """Everything that can happen to a mail, once, under watch."""
    folder, temporary = tmp_path_factory.mktemp("canary"), tmp_path_factory.mktemp("tmp")
    box = dovecot.account(SECRETS[0])
    with (
        RecordingSmtp(certificates, "starttls", user="nes", password=SECRETS[1]) as smtp,
        Answer(box.server.port, rb"STATUS", f"TAG NO {NUMBER} {IBAN} {CARD}\r\n".encode()) as liar,
        watched(temporary) as watch,
    ):
        house = House(folder, box, smtp, readers, tls=True)
        witness = Witness(house, temporary)
        for raw in mails().values():
            house.deliver_raw(raw)
        # The server says the letter's words back, once for ever and once for a while.
        smtp.fail("RCPT", f"550 5.1.1 no such user {NUMBER} {IBAN} {CARD}", times=1)
        smtp.fail("dot", f"451 4.7.1 not now, {NUMBER} {IBAN} {CARD}", times=1)
        witness.poll()
        (nobody,) = free_ports(1)
        away = written(house.posting_through(nobody))
        lying = written(replace(house, tls=False, imap_port=liar.port))
        good = written(house)
        steps = []
        for fault in ("ValueError", "OSError"):
            for where in STAGES:
                name = f"{fault} in {where}"
                house.deliver_raw(canary_mail(f"{len(steps)}", f"{name} {CANARY}"))
                steps.append(witness.step(name, "poll", where=where, fault=fault))
        bogus = good.replace("[smtp]", f'[smtp]\nbogus = "{CANARY} {SECRETS[0]}"')
        bare = good.replace("password = { file =", f'password = "{SECRETS[0]}" #', 1)
        witness.play([
            *steps,
            witness.step("imap", "poll", settings=lying),
            witness.step("smtp away", "nightly", settings=away),
            witness.step("bad settings", "poll", settings=bogus),
            witness.step("password in the settings", "poll", settings=bare),
            witness.step("nightly", "nightly", settings=good),
            # The report that could not be posted.
            witness.step("poll after the night", "poll"),
            *(witness.step(name, name) for name in ("verify", "erase", "check")),
            witness.step("backup", "backup", str(folder / "backup")),
            *(witness.step(" ".join(words), *words) for words in (("status",), ("status", "--json"))),
        ])  # fmt: skip
        numbers = [str(number) for (number,) in house.ask("SELECT number FROM decision")]
        witness.play([witness.step(f"explain {number}", "explain", number) for number in numbers])
        yield witness, watch


def test_every_path_was_walked(told: tuple[Witness, Watch]) -> None:
    witness, watch = told
    outcomes = {row[0] for row in witness.house.ask("SELECT DISTINCT outcome FROM decision")}
    assert outcomes == {"accepted", "returned", "held", "guided", "ignored", "shunted"}
    assert witness.house.ask("SELECT count(*) FROM letter WHERE state='failed'") == [(1,)]
    assert witness.codes["bad settings"] == witness.codes["password in the settings"] == 78
    assert witness.codes["imap"] == witness.codes["smtp away"] == 75
    assert witness.codes["nightly"] == witness.codes["verify"] == 0, witness.said
    assert witness.codes["ValueError in Ledger.undecided"] == 70
    kinds = {str(x["X-NES-Intake"]) for x in witness.house.letters()}
    assert kinds >= {"held", "returned", "nightly", "batch"}
    # The watch has seen the program, its workers and what these were told.
    assert any("nes-intake" in arguments for arguments in watch.arguments)
    assert any("-I\0-B\0-c" in arguments for arguments in watch.arguments)
    assert watch.environments


def test_nothing_is_printed(told: tuple[Witness, Watch]) -> None:
    witness, _ = told
    for name, said in witness.said.items():
        # The office asks by number what was seen in a mail, or who waits, and reads names; numbers never.
        about_people = name.startswith(("explain", "status"))
        assert (numbers_in(said) if about_people else anything_in(said)) == set(), (name, said)
    assert not any(
        "Traceback" in said for name, said in witness.said.items() if "KeyboardInterrupt" not in name
    )


def test_nothing_is_in_arguments_environments_and_temporary_files(
    told: tuple[Witness, Watch],
) -> None:
    witness, watch = told
    for arguments in watch.arguments:
        assert anything_in(arguments) == set(), arguments
    for environment in watch.environments:
        assert anything_in(environment) == set(), environment
    for name, data in watch.files.items():
        assert anything_in(name + data.decode("utf-8", "replace")) == set(), name
    assert watch.open_to_others == set()
    assert [path for path in witness.temporary.rglob("*") if path.is_file()] == []


def test_nothing_is_in_the_home_but_where_it_belongs(told: tuple[Witness, Watch]) -> None:
    home = told[0].house.home
    files = {path for path in home.rglob("*") if path.is_file()}
    belongs = {path for path in files if path.name.startswith("ledger.db") or path.suffix == ".eml"}
    assert belongs
    for path in files - belongs:
        assert anything_in(f"{path.name} {path.read_bytes().decode('latin-1')}") == set(), path
    for path in (home, *home.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_letter_and_no_report_shows_a_number(told: tuple[Witness, Watch]) -> None:
    for letter in told[0].house.letters():
        if letter["X-NES-Intake"] == "batch":
            continue
        headers = "\n".join(f"{key}: {value}" for key, value in letter.items() if key not in _QUOTED)
        assert numbers_in(headers) == set(), headers
        for part in letter.walk():
            if part.get_content_maintype() == "text":
                shown = part.get_content()
                assert numbers_in(shown) == set(), (letter["X-NES-Intake"], shown)
        if letter["X-NES-Intake"] == "nightly":
            for part in letter.iter_attachments():
                name = str(part.get_filename())
                data = part.get_payload(decode=True)
                assert isinstance(data, bytes)
                if not name.startswith("nes-listesi-"):
                    assert numbers_in(name + _words(data)) == set(), name


# The thread of the sender's own mail, by the identifiers that their program gave it.
_QUOTED = ("In-Reply-To", "References")


def _words(data: bytes) -> str:
    if not zipfile.is_zipfile(BytesIO(data)):
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(BytesIO(data)) as parts:
        return "\n".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())


def test_the_search_finds_what_is_there() -> None:
    assert numbers_in("no 100 000 001 46, TR33 0006-1005.1978 6457 8413 26") == {NUMBER, IBAN, IBAN[4:]}
    assert WHO.family_name in anything_in("AYŞE KARAAĞAÇLI".replace("I", "ı").lower())
    assert anything_in("100******46 TR***26") == set()
