"""The same Dovecot, mails, lists and pages: what they cost us and others, and what kills do.

Run it as `python -m benchmarks.peers` from the project's root. The peers are installed into an environment of
their own (`--environment`, made where it is not there) and run as programs: nothing of theirs is imported by
ours or stands in our lock. It prints processor seconds a mail, start-up included, and what was lost or came
twice when the program was killed again and again; then what reading a long list and a clean page costs, as a
multiple of ours too. It judges nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

from benchmarks.lists import new_list, old_list
from benchmarks.mailroom import list_mail
from benchmarks.peers.ours import COPIES
from benchmarks.receipts import cases
from tests.receipt_damage import damaged, picture_bytes
from tests.receipt_material import LAYOUTS
from tests.servers import Box, Certificates, Dovecot, RecordingSmtp

_PEERS = (
    *("imap-tools==1.16.0", "getmail6==6.20.2", "dbos==3.4.0", "parsedmarc==11.1.0"),
    *("ocrmypdf==17.13.0", "pandas==3.1.1", "openpyxl==3.1.5", "xlrd==2.0.2", "python-calamine==0.9.1"),
)
_HERE = Path(__file__).parent
_LONGEST = 900.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Where one program works: a mailbox and a folder of its own, and the server that takes letters."""

    box: Box
    smtp: RecordingSmtp
    folder: Path
    peers: Path

    @property
    def login(self) -> tuple[str, str, str]:
        """Gives port, user and password."""
        return str(self.box.server.port), self.box.user, self.box.password


@dataclass(frozen=True, slots=True)
class Program:
    """One program: how it is called, and what it has done so far, each thing by a name that is its own."""

    name: str
    call: Callable[[Ground], Sequence[str]]
    done: Callable[[Ground], list[str]]


def environment(folder: Path) -> Path:
    """Gives the Python of the peers' environment, made where it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *_PEERS], check=True)
    return python


# --- what each program is and has done ---------------------------------------------------------


def _subjects(files: Iterable[Path]) -> list[str]:
    return [str(message_from_bytes(file.read_bytes())["Subject"]) for file in files]


def _by_library(library: str) -> Program:
    return Program(
        library,
        lambda g: [str(g.peers), str(_HERE / "hearing.py"), library, *g.login, str(g.folder)],
        lambda g: _subjects(g.folder.glob("*.eml")),
    )


def _getmail(ground: Ground) -> Sequence[str]:
    port, user, password = ground.login
    maildir = ground.folder / "maildir"
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True, exist_ok=True)
    # It delivers for nobody who may do everything.
    is_root = os.geteuid() == 0
    for path in (maildir, *maildir.iterdir()) if is_root else ():
        shutil.chown(path, "nobody")
    (ground.folder / "getmailrc").write_text(
        f"[retriever]\ntype = SimpleIMAPRetriever\nserver = 127.0.0.1\nport = {port}\nusername = {user}\n"
        f"password = {password}\n[destination]\ntype = Maildir\npath = {maildir}/\n"
        f"{'user = nobody' if is_root else ''}\n"
        "[options]\ndelete = true\nread_all = false\nverbose = 0\n"
    )
    program = ground.peers.with_name("getmail")
    return [str(program), f"--getmaildir={ground.folder}", f"--rcfile={ground.folder}/getmailrc"]


def _parsedmarc(ground: Ground) -> Sequence[str]:
    port, user, password = ground.login
    (ground.folder / "parsedmarc.ini").write_text(
        f"[general]\noffline = true\noutput = {ground.folder}\nsave_aggregate = true\nn_procs = 1\n"
        f"[imap]\nhost = 127.0.0.1\nport = {port}\nssl = false\nskip_certificate_verification = true\n"
        f"user = {user}\npassword = {password}\n"
        "[mailbox]\nreports_folder = INBOX\narchive_folder = Archive\nwatch = false\nbatch_size = 0\n"
    )
    return [str(ground.peers.with_name("parsedmarc")), "-c", f"{ground.folder}/parsedmarc.ini"]


def _moved(ground: Ground) -> list[str]:
    mails = (raw for folder in ground.box.folders() - {"INBOX"} for raw in ground.box.mails(folder))
    return [str(message_from_bytes(raw)["Subject"]) for raw in mails]


def _ours(what: str) -> Callable[[Ground], Sequence[str]]:
    module = [sys.executable, "-m", "benchmarks.peers.ours", what]
    return lambda g: [*module, *g.login, str(g.smtp.port), str(g.folder)]


HEARING = (
    _by_library("imaplib"),
    _by_library("imap_tools"),
    Program("getmail6", _getmail, lambda g: _subjects((g.folder / "maildir" / "new").glob("*"))),
    # To it no list is a report: it reads each, and moves it to Archive/Invalid.
    Program("parsedmarc", _parsedmarc, _moved),
    Program("nes-intake", _ours("hear"), lambda g: _subjects((g.folder / "home" / "mail").rglob("*.eml"))),
)


def _letters(ground: Ground) -> list[str]:
    raws = [received.raw for received in ground.smtp.received]
    return [str(message_from_bytes(raw)["Message-ID"]) for raw in raws]


ANSWERING = (
    Program(
        "DBOS",
        lambda g: [str(g.peers), str(_HERE / "durable.py"), *g.login, str(g.smtp.port), str(g.folder)],
        _letters,
    ),
    Program("nes-intake", _ours("poll"), _letters),
)


# --- measuring ---------------------------------------------------------------------------------


def _begun(program: Program, ground: Ground) -> subprocess.Popen[bytes]:
    # A group of its own, so that its workers die with it.
    return subprocess.Popen(
        program.call(ground), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def spent(program: Program, ground: Ground) -> float:
    """Runs a program to its end and gives the seconds of the processor, those of its workers included."""
    before = os.times()
    if _begun(program, ground).wait(_LONGEST):
        raise RuntimeError(f"{program.name} failed")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def killed(program: Program, ground: Ground, kills: int, dice: random.Random) -> int:
    """Kills a program after some mails, again and again, and lets it finish; gives how often it was hit."""
    hit = 0
    for _ in range(kills):
        process = _begun(program, ground)
        least = _count(program, ground) + dice.randrange(1, 8)
        while process.poll() is None and _count(program, ground) < least:
            time.sleep(dice.random() * 0.01)
        if process.poll() is None:
            time.sleep(dice.random() * 0.02)
            os.killpg(process.pid, signal.SIGKILL)
            hit += 1
        process.wait(_LONGEST)
    _begun(program, ground).wait(_LONGEST)
    return hit


def _count(program: Program, ground: Ground) -> int:
    if program in ANSWERING:
        return len(ground.smtp.received)
    return sum(1 for _ in ground.folder.rglob("*"))


def _told(program: Program, ground: Ground, mails: int) -> str:
    """Says what is missing, what came twice, and what is there in half."""
    counts = Counter(program.done(ground))
    torn = counts.pop("None", 0)
    twice = sum(count - 1 for count in counts.values())
    return f"lost {mails - len(counts)}, twice {twice}, torn {torn}"


# --- reading -----------------------------------------------------------------------------------

LISTS = {
    ".xlsx": (new_list, ("openpyxl", "calamine", "pandas-calamine")),
    ".xls": (old_list, ("xlrd", "calamine", "pandas-xlrd", "pandas-calamine")),
}
PAGES = ("tesseract", "ocrmypdf")
OURS = "nes-intake"


def _read(reader: str, peers: Path, files: Sequence[Path], times: int) -> tuple[float, int, int]:
    """Has a file read some times, each in a process of its own; gives the least seconds, megabytes, cells."""
    called = (
        [sys.executable, "-m", "benchmarks.peers.our_reader"]
        if reader == OURS
        else [str(peers), str(_HERE / "reading.py"), reader]
    )
    told = []
    for _ in range(times):
        done = subprocess.run(
            [*called, *map(str, files)],
            capture_output=True,
            text=True,
            check=True,
            # With as many threads as it likes tesseract spends four times the seconds.
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
        seconds, megabytes, found = done.stdout.split()
        told.append((float(seconds), int(megabytes), int(found)))
    return min(told)


def reading(place: Path, peers: Path, rows: int, times: int, seed: int) -> None:
    """Prints what a list of so many rows, in both formats, and a clean page cost each reader."""
    for suffix, (write, readers) in LISTS.items():
        files = [place / f"long{suffix}", place / f"short{suffix}"]
        for file, count in zip(files, (rows, 1), strict=True):
            file.write_bytes(write(count))
        _print_readings(f"{suffix} of {rows} rows", (OURS, *readers), peers, files, times)
    page = place / "page.png"
    drawn = next(cases(seed, "clean 200 dpi", 1, list(LAYOUTS)))
    page.write_bytes(picture_bytes(damaged(drawn.pdf, "clean 200 dpi", seed)))
    _print_readings("a page of 200 dpi", (OURS, *PAGES), peers, [page, page], times)


def _print_readings(
    title: str, readers: Sequence[str], peers: Path, files: Sequence[Path], times: int
) -> None:
    print(f"{title}, the best of {times}")
    ours = 0.0
    for reader in readers:
        seconds, megabytes, found = _read(reader, peers, files, times)
        ours = ours or seconds
        print(
            f"  {reader:16} {seconds:6.2f} s ({seconds / ours:4.2f}×) · {megabytes:4} MB · {found}",
            flush=True,
        )


def main() -> None:
    """Prints the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument(
        "--answers", type=int, default=100, help="mails that are answered, and not only heard"
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rows", type=int, default=50_000, help="rows of the lists that are read")
    parser.add_argument("--times", type=int, default=3, help="how often each reads; the best counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "nes-peers")
    chosen = parser.parse_args()
    peers, dice = environment(chosen.environment), random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="nes-") as place:
        Path(place).chmod(0o755)
        certificates = Certificates(Path(place))
        with Dovecot(certificates) as dovecot:
            for title, programs, mails in (
                ("hearing", HEARING, chosen.mails),
                ("answering", ANSWERING, chosen.answers),
            ):
                print(f"{title}, {mails} list mails")
                for program in programs:
                    told = []
                    for kills in (0, chosen.kills):
                        folder = Path(tempfile.mkdtemp(dir=place))
                        folder.chmod(0o755)
                        with RecordingSmtp(certificates) as smtp:
                            ground = Ground(dovecot.account(), smtp, folder, peers)
                            told.append(_tried(program, ground, mails, kills, dice))
                    print(f"  {program.name:12} " + " · ".join(told), flush=True)
        reading(Path(place), peers, chosen.rows, chosen.times, chosen.seed)


def _tried(program: Program, ground: Ground, mails: int, kills: int, dice: random.Random) -> str:
    ground.smtp.homes[COPIES] = (ground.box, "Kopya")
    for number in range(mails):
        ground.box.deliver(list_mail(number))
    if kills:
        return f"{killed(program, ground, kills, dice)} kills: {_told(program, ground, mails)}"
    return f"{spent(program, ground) / mails * 1000:6.2f} ms a mail, {_told(program, ground, mails)}"


if __name__ == "__main__":
    main()
