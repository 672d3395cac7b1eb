"""Readers on other machines: they read as ours do, strangers get nothing, and losing them loses nothing."""

from __future__ import annotations

import contextlib
import email
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed", reason="the extra nes-intake[cluster] is not installed")

import pipeline.sandbox.cluster.far as far_module
from pipeline.commands.cli import run
from pipeline.policy.places import Places
from pipeline.policy.policy import policy_from
from pipeline.sandbox.cluster.certificates import certify, revoke
from pipeline.sandbox.cluster.far import FarReaders, look_at_cluster
from pipeline.sandbox.cluster.membership import (
    AUTHORITY,
    CERTIFICATE,
    KEY,
    REVOKED,
    SCHEDULER_NAME,
    Membership,
    Part,
)
from pipeline.sandbox.cluster.wire import ANSWER, TASK
from pipeline.sandbox.scanner.scan import timed_scan
from pipeline.sandbox.scanner.tesseract import DATA_FILE, ocr_identity
from pipeline.sandbox.workers import DEFAULT_LIMITS, WorkerFailed, WorkerPool
from tests.house import COMMAND, FIXTURES, MORNING, OFFICE, House, body
from tests.servers import HOST
from tests.serving import until

LISTS = sorted((FIXTURES / "accepted").glob("list-*.eml"))[:6]


@dataclass
class Cluster:
    """An installation's certificates, and the processes that run with them on loopback."""

    folder: Path
    address: str = ""
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        certify(self.folder, [("scheduler", "localhost"), ("worker", "one"), ("office", "adana")])

    def member(self, name: str = "office-adana") -> Membership:
        return Membership(self.address, self.folder / name)

    def start(self, *words: str, member: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(COMMAND), "cluster", *words, "--certificates", str(self.folder / member)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.running.append(process)
        return process

    def schedule(self, member: str = "scheduler-localhost") -> subprocess.Popen[str]:
        process = self.start("scheduler", "--host", HOST, "--port", "0", member=member)
        self.address = said_by(process).rpartition(" ")[2].strip()
        return process

    def work(self, **env: str) -> subprocess.Popen[str]:
        return self.start("worker", self.address, "--readers", "1", member="worker-one", env=env)

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate()


def said_by(process: subprocess.Popen[str]) -> str:
    """Waits for the line with which a member of a cluster says that it is there."""
    assert process.stdout
    line = process.stdout.readline()
    assert "tls://" in line, (line, process.wait())
    return line


@contextmanager
def a_cluster(folder: Path, workers: int) -> Iterator[tuple[Cluster, list[subprocess.Popen[str]]]]:
    cluster = Cluster(folder)
    try:
        scheduler = cluster.schedule()
        started = [cluster.work() for _ in range(workers)]
        for worker in started:
            said_by(worker)
        yield cluster, [scheduler, *started]
    finally:
        cluster.end()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of one worker, for tests that leave it as it is."""
    with a_cluster(tmp_path_factory.mktemp("cluster"), 1) as (cluster, _):
        yield cluster


@cache
def papers() -> tuple[tuple[bytes, Any], ...]:
    """Gives the files of a few list mails, each with the clues that readers are told."""
    policy = policy_from(Places(), OFFICE, is_proved=lambda _fingerprint: True)
    clues = policy.clues.as_json
    mails = [email.message_from_bytes(file.read_bytes()) for file in LISTS]
    parts = [part for mail in mails for part in mail.walk() if part.get_filename()]
    return tuple((data, clues) for part in parts if isinstance(data := part.get_payload(decode=True), bytes))


def read_by(readers: WorkerPool) -> list[Any]:
    return [readers.submit(timed_scan, *paper).result()[1] for paper in papers()]


def transcripts(futures: list[Future[Any]]) -> list[Any]:
    return [future.result(240)[1] for future in futures]


# --- as ours do --------------------------------------------------------------------------------


def test_lists_are_read_far_away_as_they_are_here(
    cluster: Cluster, readers: WorkerPool, house: House
) -> None:
    with FarReaders(cluster.member(), readers) as far:
        assert transcripts([far.submit(timed_scan, *paper) for paper in papers()]) == read_by(readers)
        assert (far.read_far, far.read_here) == (len(papers()), 0)

    house.write()
    explained = [str(COMMAND), "explain", str(LISTS[0]), "--json", "--settings", str(house.file)]
    here = subprocess.run(explained, capture_output=True, check=True).stdout
    house.file.write_text(naming(cluster.member()) + house.file.read_text())
    assert subprocess.run(explained, capture_output=True, check=True).stdout == here


def naming(member: Membership) -> str:
    return f'readers = "{member.address}"\nreaders_certificates = "{member.certificates}"\n'


# --- strangers ---------------------------------------------------------------------------------


def test_nobody_is_told_anything_without_a_certificate_of_this_installation(
    cluster: Cluster, tmp_path: Path
) -> None:
    host, port = cluster.address.removeprefix("tls://").split(":")
    with socket.create_connection((host, int(port)), 240) as plain:
        plain.sendall(b"\0" * 64)
        assert heard(plain) == b""
    context = ssl.create_default_context(cafile=str(cluster.folder / AUTHORITY))
    with (
        socket.create_connection((host, int(port)), 240) as line,
        context.wrap_socket(line, server_hostname=SCHEDULER_NAME) as nameless,
    ):
        assert heard(nameless) == b""

    # One of another installation's authority, which has the same names.
    certify(tmp_path / "other", [("office", "adana")])
    stranger = Membership(cluster.address, tmp_path / "other" / "office-adana")
    shutil.copy(cluster.folder / AUTHORITY, stranger.certificates)
    assert look_at_cluster(stranger) is None
    assert look_at_cluster(cluster.member()) is not None


def heard(line: socket.socket) -> bytes:
    """Gives what the other side said of itself; an end of the connection is none."""
    try:
        return line.recv(64)
    except (ssl.SSLError, ConnectionError):
        return b""


def test_a_workers_certificate_does_not_make_a_scheduler(cluster: Cluster) -> None:
    impostor = Cluster(cluster.folder.parent / "impostor")
    impostor.folder = cluster.folder
    try:
        impostor.schedule("worker-one")
        assert look_at_cluster(impostor.member()) is None
    finally:
        impostor.end()


def test_the_scheduler_opens_no_pickle_but_a_task(cluster: Cluster, tmp_path: Path) -> None:
    # A member with a good certificate, taken over: it has the scheduler and the workers run its own code.
    asked = """
import asyncio, os, sys
from pathlib import Path
from pipeline.sandbox.cluster import quiet_dask
from pipeline.sandbox.cluster.membership import Membership
quiet_dask.set_up()
async def ask():
    async with quiet_dask.client_of(Membership(sys.argv[1], Path(sys.argv[2]))) as c:
        for attempt in (
            lambda: c.run_on_scheduler(os.mkdir, sys.argv[3] + "/scheduler"),
            lambda: c.run(os.mkdir, sys.argv[3] + "/worker"),
            lambda: c.submit(os.mkdir, sys.argv[3] + "/task"),
        ):
            try:
                await asyncio.wait_for(attempt(), 3)
                print("done")
            except BaseException as refused:
                print(type(refused).__name__)
asyncio.run(ask())
"""
    places = cluster.address, str(cluster.member().certificates), str(tmp_path)
    asking = [sys.executable, "-c", asked, *places]
    told = subprocess.run(asking, stdout=subprocess.PIPE, text=True, check=False).stdout
    assert len(told.split()) == 3
    assert "done" not in told.split()
    assert list(tmp_path.iterdir()) == []
    # It goes on for everybody else.
    assert look_at_cluster(cluster.member()) is not None


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "ws://127.0.0.1:8786"])
def test_nothing_is_spoken_but_tls(
    address: str, house: House, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    house.write()
    house.file.write_text(naming(Membership(address, tmp_path)) + house.file.read_text())
    assert run(["poll", "--settings", str(house.file)]) == 78
    assert run(["cluster", "worker", address]) == 78
    told = capsys.readouterr().err.splitlines()
    assert ["tls://" in line for line in told] == [True, True]


def test_a_worker_that_would_write_to_a_disk_does_not_start(cluster: Cluster, tmp_path: Path) -> None:
    from pipeline.sandbox.cluster.hosts import file_system_of

    assert file_system_of(Path("/dev/shm")) == "tmpfs"
    if file_system_of(tmp_path) != "tmpfs":
        worker = cluster.start("worker", cluster.address, "--scratch", str(tmp_path), member="worker-one")
        assert worker.wait(240) == 78


# --- lost --------------------------------------------------------------------------------------


def test_what_a_lost_worker_had_is_read_elsewhere_and_with_the_scheduler_gone_here(
    tmp_path: Path, readers: WorkerPool
) -> None:
    here = read_by(readers)
    with (
        a_cluster(tmp_path, 2) as (cluster, (scheduler, first, second)),
        FarReaders(cluster.member(), readers) as far,
    ):
        # It takes what it is given, and never gets on with it.
        first.send_signal(signal.SIGSTOP)
        futures = [far.submit(timed_scan, *paper) for paper in papers()]
        until(lambda: far.read_far)
        assert not all(future.done() for future in futures)
        first.kill()
        assert transcripts(futures) == here
        assert (far.read_far, far.read_here) == (len(futures), 0)

        second.send_signal(signal.SIGSTOP)
        futures = [far.submit(timed_scan, *paper) for paper in papers()]
        scheduler.kill()
        assert transcripts(futures) == here
        assert far.read_here == len(futures)
        # Nobody waits for it a second time.
        assert far.submit(timed_scan, *papers()[0]).result(240)[1] == here[0]


@pytest.mark.parametrize("chatter", ["answers to nothing", "an answer that never ends"])
def test_a_cluster_that_only_chatters_holds_nobody_up(
    chatter: str, tmp_path: Path, readers: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A courier that was taken over: it always says something, and never what it was asked for.
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(far_module, "_Courier", lambda *_: _Chatting(ours))
    piece = ANSWER.pack(99, 1) + b"x" if chatter == "answers to nothing" else b"x"
    over = threading.Event()

    def chat() -> None:
        with theirs, contextlib.suppress(OSError):
            if len(piece) == 1:
                theirs.sendall(ANSWER.pack(1, 1 << 20))
            while not over.wait(0.02):
                theirs.sendall(piece)

    chatting = threading.Thread(target=chat)
    chatting.start()
    try:
        with FarReaders(Membership(f"tls://{HOST}:1", tmp_path), readers, stall_seconds=0.1) as far:
            assert far.submit(timed_scan, *papers()[0]).result(240)
            assert (far.read_far, far.read_here, far.refuted) == (0, 1, 0)
    finally:
        over.set()
        chatting.join()


class _Chatting:
    """Our end of a pipe to no process of ours."""

    def __init__(self, pipe: socket.socket) -> None:
        pipe.settimeout(1.0)
        self.hears = self.says = pipe

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.hears.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        self.hears.close()


def test_mail_is_answered_where_the_scheduler_never_was(tmp_path: Path, house: House) -> None:
    (office,) = certify(tmp_path / "ca", [("office", "adana")])
    house.file.write_text(naming(Membership(f"tls://{HOST}:1", office)) + house.file.read_text())
    house.deliver("accepted/ordinary-single-list")
    polled = house.command("poll")
    assert polled.returncode == 0, polled
    assert house.filed() == {"accepted": 1}
    assert len(house.letters()) == 1
    assert house.ask("SELECT name, reason FROM trouble WHERE ended_at IS NULL") == [("readers", "away")]
    assert "Okuyucu makinelere ulaşılamıyor" in house.command("status").stdout


def test_the_unit_is_told_once_that_files_are_read_here_and_once_that_it_is_over(
    cluster: Cluster, readers: WorkerPool, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.file.write_text(naming(cluster.member()) + house.file.read_text())
    lists = iter(file.relative_to(FIXTURES).with_suffix("") for file in LISTS)
    moment, step = MORNING, timedelta(minutes=20)
    away_in_words = "Okuyucu makinelere ulaşılamıyor; dosyalar bu makinede okunuyor"

    def polled(runs: int) -> list[str]:
        nonlocal moment
        for _ in range(runs):
            house.deliver(str(next(lists)))
            with FarReaders(cluster.member(), readers) as far:
                house.readers = far
                house.poll(moment)
            moment += step
        return [str(x["Subject"]) for x in house.letters() if x["X-NES-Intake"] in ("alarm", "all_clear")]

    def no_process(*_: object) -> None:
        raise BlockingIOError(11, "no process left")

    with monkeypatch.context() as away:
        away.setattr(far_module, "_Courier", no_process)
        assert polled(1) == []
        (alarm,) = polled(1)
        assert alarm == f"nes-intake uyarısı: {away_in_words}"
        assert polled(1) == [alarm]
        house.nightly()
        (report,) = [x for x in house.letters() if x["X-NES-Intake"] == "nightly"]
        assert "Okuyucu makinelere 14.06.2024 09:00 anından beri ulaşılamıyor" in body(report)
    # A run with nothing to read knows nothing.
    house.poll(moment)
    assert polled(1) == [alarm]
    assert polled(1) == [alarm, f"nes-intake: sorun giderildi: {away_in_words}"]


def broken(value: list[Any]) -> bytes:
    return json.dumps({"value": value}).encode()


REFUSED_ANSWERS = {
    "none": b"",
    "no json": b"<html>",
    "of another file": broken([0.1, {"digest": "0" * 64, "kind": "other", "format": ""}]),
    "a crash": b'{"failed": "memory", "detail": ""}',
}


@pytest.mark.parametrize("what", REFUSED_ANSWERS)
def test_an_answer_of_no_use_is_counted_against_who_gave_it(
    what: str, tmp_path: Path, readers: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Membership(f"tls://{HOST}:1", tmp_path)
    with answering(REFUSED_ANSWERS[what], monkeypatch), FarReaders(nowhere, readers) as far:
        assert far.submit(timed_scan, *papers()[0]).result(240)
        assert (far.read_far, far.read_here, far.refuted, far.is_away) == (0, 1, 1, False)
    # A file that cannot be read here either says nothing of who could not.
    limits = replace(DEFAULT_LIMITS, file_bytes=1, memory_bytes=1 << 20)
    with (
        answering(REFUSED_ANSWERS[what], monkeypatch),
        WorkerPool(1, limits) as weak,
        FarReaders(nowhere, weak) as far,
    ):
        with pytest.raises((WorkerFailed, OSError)):
            far.submit(timed_scan, *papers()[0]).result(240)
        assert (far.read_here, far.refuted, far.is_away) == (1, 0, False)


@contextmanager
def answering(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stands in for a cluster that has this one answer for every file."""
    answered: list[threading.Thread] = []

    def courier(*_: object) -> _Chatting:
        ours, theirs = socket.socketpair()
        answered.append(threading.Thread(target=answer_all, args=(theirs, answer)))
        answered[-1].start()
        return _Chatting(ours)

    with monkeypatch.context() as instead:
        instead.setattr(far_module, "_Courier", courier)
        yield
    for thread in answered:
        thread.join()


def answer_all(pipe: socket.socket, answer: bytes) -> None:
    with pipe, contextlib.suppress(OSError), pipe.makefile("rb") as heard:
        while head := heard.read(TASK.size):
            number, clues, data = TASK.unpack(head)
            heard.read(clues + data)
            pipe.sendall(ANSWER.pack(number, len(answer)) + answer)


def test_the_unit_is_told_that_the_answers_of_readers_are_of_no_use(
    tmp_path: Path, readers: WorkerPool, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Membership(f"tls://{HOST}:1", tmp_path)
    house.file.write_text(naming(nowhere) + house.file.read_text())
    lists = iter(file.relative_to(FIXTURES).with_suffix("") for file in LISTS)
    moment, step = MORNING, timedelta(minutes=20)
    in_words = "Okuyucu makinelerin yanıtları kullanılamıyor; dosyalar bu makinede yeniden okunuyor"

    def polled(answer: bytes) -> list[str]:
        nonlocal moment
        house.deliver(str(next(lists)))
        with answering(answer, monkeypatch), FarReaders(nowhere, readers) as far:
            house.readers = far
            house.poll(moment)
        moment += step
        return [str(x["Subject"]) for x in house.letters() if x["X-NES-Intake"] in ("alarm", "all_clear")]

    assert polled(b"") == []
    (alarm,) = polled(b"")
    assert alarm == f"nes-intake uyarısı: {in_words}"
    assert polled(b"") == [alarm]
    assert in_words in house.command("status").stdout
    house.nightly()
    (report,) = [x for x in house.letters() if x["X-NES-Intake"] == "nightly"]
    said = " ".join(body(report).split())
    assert "14.06.2024 09:00 anından beri kullanılamıyor" in said
    assert "ulaşılamıyor" not in said

    # Read there again, every file.
    monkeypatch.setattr(far_module, "_well_read", lambda _answer, data: timed_scan(data, "{}"))
    assert polled(b"") == [alarm]
    assert polled(b"") == [alarm, f"nes-intake: sorun giderildi: {in_words}"]


def test_doctor_names_a_reader_that_answers_nothing_of_use(tmp_path: Path, house: House) -> None:
    spoilt = "import sys, pipeline.sandbox.cluster.hosts as h; h.work_with = lambda _: None;"
    with a_cluster(tmp_path / "cluster", 1) as (cluster, _):
        place = str(cluster.folder / "worker-one")
        asked = ["cluster", "worker", cluster.address, "--readers", "1", "--certificates", place]
        command = [sys.executable, "-c", f"{spoilt} from pipeline.commands.cli import run; run(sys.argv[1:])"]
        cluster.running.append(subprocess.Popen([*command, *asked], stdout=subprocess.PIPE, text=True))
        said_by(cluster.running[-1])
        house.write()
        house.file.write_text(naming(cluster.member()) + house.file.read_text())
        words = [str(COMMAND), "doctor", "--json", "--settings", str(house.file)]
        lines = json.loads(subprocess.run(words, capture_output=True, text=True, check=False).stdout)
        found = [(line["found"], line["grade"]) for line in lines if line["check"] == "readers"]
        assert sorted(found) == [("ok", "ok"), ("refuted", "warning")]


def test_a_reader_that_reads_otherwise_is_seen_by_doctor_and_given_nothing(
    tmp_path: Path, readers: WorkerPool, house: House
) -> None:
    with a_cluster(tmp_path / "cluster", 0) as (cluster, _):
        # Turkish by other data than ours.
        told = said_by(cluster.work(TESSDATA_PREFIX=str(other_data(tmp_path))))
        assert "tls://" in told
        with FarReaders(cluster.member(), readers) as far:
            assert far.submit(timed_scan, *papers()[0]).result(240)
            assert (far.read_far, far.read_here) == (0, 1)
        house.write()
        house.file.write_text(naming(cluster.member()) + house.file.read_text())
        words = [str(COMMAND), "doctor", "--json", "--settings", str(house.file)]
        lines = json.loads(subprocess.run(words, capture_output=True, text=True, check=False).stdout)
        (line,) = [line for line in lines if line["check"] == "readers"]
        assert (line["found"], line["grade"]) == ("differs", "warning")
        assert str(ocr_identity()) in line["says"]
        assert {line["found"] for line in lines if line["check"] == "readers_tls"} == {"ok"}


def other_data(folder: Path) -> Path:
    place = folder / "tessdata"
    place.mkdir()
    (ours,) = Path("/usr/share/tesseract-ocr").glob(f"*/tessdata/{DATA_FILE}")
    (place / DATA_FILE).write_bytes(ours.read_bytes() + b"\0")
    return place


def test_each_member_has_a_folder_of_its_own_that_nobody_else_reads(tmp_path: Path) -> None:
    init = ["cluster", "init", str(tmp_path / "ca"), "--worker", "okuyucu1", "--office", "adana"]
    assert run(init) == 0
    before = (tmp_path / "ca" / AUTHORITY).read_bytes()
    assert run([*init, "--office", "bursa"]) == 0
    assert (tmp_path / "ca" / AUTHORITY).read_bytes() == before
    for member in ("worker-okuyucu1", "office-adana", "office-bursa"):
        assert {file.name for file in (tmp_path / "ca" / member).iterdir()} == {AUTHORITY, CERTIFICATE, KEY}
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "ca").rglob("*")} == {0}


def test_one_member_is_called_back_and_the_others_go_on(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "ca")
    others: list[tuple[Part, str]] = [("office", "bursa"), ("worker", "two")]
    certify(cluster.folder, others)
    # What was renewed is still good, and on some host: both are called back.
    shutil.copytree(cluster.folder / "office-adana", cluster.folder / "old")
    certify(cluster.folder, [("office", "adana")])
    assert run(["cluster", "revoke", str(cluster.folder), "--office", "adana", "--worker", "one"]) == 0
    try:
        cluster.schedule()
        for called_back in ("old", "office-adana", "worker-one"):
            assert greeted(cluster, called_back) == b"", called_back
        for good in ("office-bursa", "worker-two"):
            assert greeted(cluster, good), good
        assert look_at_cluster(cluster.member("office-bursa"))
        # A new certificate of the same name, with the list beside it, is a good one.
        certify(cluster.folder, [("office", "adana")])
        assert (cluster.folder / "office-adana" / REVOKED).exists()
        assert greeted(cluster, "office-adana")
    finally:
        cluster.end()


def greeted(cluster: Cluster, member: str) -> bytes:
    """Gives what the scheduler says to who comes with a member's certificate."""
    place = cluster.folder / member
    context = ssl.create_default_context(cafile=str(place / AUTHORITY))
    context.load_cert_chain(place / CERTIFICATE, place / KEY)
    host, port = cluster.address.removeprefix("tls://").split(":")
    with (
        socket.create_connection((host, int(port)), 240) as line,
        context.wrap_socket(line, server_hostname=SCHEDULER_NAME) as known,
    ):
        return heard(known)


def test_a_scheduler_that_was_called_back_is_spoken_to_by_nobody(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "ca")
    revoke(cluster.folder, [("scheduler", "localhost")])
    # It does not know it yet.
    (cluster.folder / "scheduler-localhost" / REVOKED).unlink()
    try:
        cluster.schedule()
        assert look_at_cluster(cluster.member()) is None
    finally:
        cluster.end()


def test_what_was_never_given_is_not_called_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certify(tmp_path, [("worker", "one")])
    assert run(["cluster", "revoke", str(tmp_path), "--worker", "iki"]) == 78
    assert run(["cluster", "revoke", str(tmp_path)]) == 78
    assert "worker-iki" in capsys.readouterr().err
    assert not (tmp_path / REVOKED).exists()


def test_an_authority_older_than_its_record_says_that_it_may_lack_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    revoking = ["cluster", "revoke", str(tmp_path), "--worker", "one"]
    certify(tmp_path, [("worker", "one")])
    assert run(revoking) == 0
    # What the version before the record left, and what this one has renewed since.
    (tmp_path / "issued").unlink()
    certify(tmp_path, [("worker", "one")])
    assert run(revoking) == 1
    assert "yeni bir makam" in capsys.readouterr().out


def test_what_speaks_to_the_cluster_sees_no_ledger_and_no_password(tmp_path: Path, cluster: Cluster) -> None:
    (tmp_path / "imap-secret").write_text("gizli")
    host, port = cluster.address.removeprefix("tls://").split(":")
    asked = """
import os, socket, sys
from pipeline.sandbox.confinement import see_only
print(see_only([], []))
for try_ in (
    lambda: open(sys.argv[1]).read(),
    lambda: open(sys.argv[1] + "-new", "w"),
    lambda: os.listdir(os.path.dirname(sys.argv[1])),
    lambda: open(f"/proc/{os.getppid()}/environ").read(),
    lambda: socket.create_connection((sys.argv[2], int(sys.argv[3])), 30),
):
    try:
        try_()
        print("done")
    except OSError as refused:
        print(type(refused).__name__)
"""
    words = [sys.executable, "-c", asked, str(tmp_path / "imap-secret"), host, port]
    held, *told = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    if held == "True":
        assert told == [*["PermissionError"] * 4, "done"]
