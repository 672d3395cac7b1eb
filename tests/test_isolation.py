"""Whatever happens in a worker, the pool answers, goes on and leaves nothing behind."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.sandbox import confinement
from pipeline.sandbox.workers import Limits, WorkerFailed, WorkerPool, sandbox_report
from tests import hazards

ROOT = Path(__file__).parents[1]
LIMITS = Limits(
    wall_seconds=60.0,
    cpu_seconds=30,
    memory_bytes=512 << 20,
    file_bytes=4 << 20,
    processes=8,
    answer_bytes=1 << 20,
    scratch_bytes=8 << 20,
    answer_values=1_000_000,
)


HASTY = replace(LIMITS, wall_seconds=4.0)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place where workers get their scratch directories."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2, LIMITS) as pool:
        yield pool


@pytest.fixture(scope="module")
def hasty_pool() -> Iterator[WorkerPool]:
    """For what would never end by itself."""
    with WorkerPool(2, HASTY) as pool:
        yield pool


def failure(pool: Executor, task: Callable[..., object], *arguments: Any) -> WorkerFailed:
    with pytest.raises(WorkerFailed) as caught:
        pool.submit(task, *arguments).result(timeout=240)
    return caught.value


def processes() -> dict[int, tuple[int, int, str]]:
    """Number → parent, process group, state of everything on this machine."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, parent, group = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        found[int(name)] = int(parent), int(group), state
    return found


def children() -> set[int]:
    return {pid for pid, (parent, _, _) in processes().items() if parent == os.getpid()}


def descendants(ancestor: int) -> set[int]:
    found, table = {ancestor}, processes()
    while more := {pid for pid, (parent, _, _) in table.items() if parent in found} - found:
        found |= more
    return found - {ancestor}


def sleepers() -> set[int]:
    found = set()
    for pid in processes():
        with suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x00600\x00":
                found.add(pid)
    return found


def alive(pid: int) -> bool:
    return processes().get(pid, (0, 0, "Z"))[2] not in "ZX"


def wait_until(holds: Callable[[], bool], seconds: float = 240.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# --- every hazard, with a healthy task beside and behind it ------------------------------------

HAZARDS = [
    (hazards.segfault, (), "crash", "SIGSEGV"),
    (hazards.abort, (), "crash", "SIGABRT"),
    (hazards.leave, (3,), "crash", "exit 3"),
    (hazards.leave, (0,), "crash", "exit 0"),
    (hazards.kill_itself, (), "crash", "SIGKILL"),
    (hazards.hog, (), "memory", ""),
    (hazards.hog_in_c, (), "raised", "OSError"),
    (hazards.shout, (2 << 20,), "answer_too_large", ""),
    (hazards.fill_a_file, (64 << 20,), "raised", "OSError"),
    (hazards.raise_odd, (), "raised", "OddError"),
    (hazards.raise_with_content, (), "raised", "KeyError"),
    (hazards.panic, (), "raised", "BaseException"),
    (hazards.leave_politely, (), "raised", "SystemExit"),
    (hazards.not_jsonable, (), "raised", "TypeError"),
    (hazards.forge, ("{",), "crash", "malformed answer"),
    (hazards.forge, ('"value"',), "crash", "malformed answer"),
    (hazards.forge, ("[" * 100_000,), "crash", "malformed answer"),
    (hazards.forge, ('{"failed": "timeout", "detail": "x"}',), "crash", "malformed answer"),
    (hazards.forge, ('{"failed": "raised", "detail": "Ayşe 17291716060"}',), "raised", ""),
    (hazards.forge, ("{}", 1 << 40), "answer_too_large", ""),
    # Small to send, dear to take apart.
    (hazards.forge, ('{"value": [' + "[]," * 300_000 + "0]}",), "answer_too_large", ""),
    (hazards.forge, ('{"value": {' + '"":{},' * 150_000 + '"":0}}',), "answer_too_large", ""),
    (hazards.hog_without_a_process, (), "raised", "PermissionError"),
    (hazards.hog_together, (6, 400 << 20), "memory", "of all its processes"),
    (hazards.write_and_delete, (8, 2 << 20), "raised", "OSError"),
]
ENDLESS = [
    (hazards.nap, (600,)),
    (hazards.stop_itself, ()),
    (hazards.wait_for_program, ("sleep",)),
    # Says less than it announced.
    (hazards.forge, ("{}", 1000)),
]


@pytest.mark.parametrize(
    ("task", "arguments", "why", "detail"), HAZARDS, ids=[f"{row[0].__name__}-{row[3]}" for row in HAZARDS]
)
def test_a_hazard_costs_one_clear_answer(
    pool: WorkerPool, task: Callable[..., object], arguments: tuple[Any, ...], why: str, detail: str
) -> None:
    hazard = pool.submit(task, b"content_of_the_file", *arguments)
    beside = [pool.submit(hazards.length, bytes(n)) for n in range(4)]
    assert [future.result(timeout=240) for future in beside] == [0, 1, 2, 3]
    with pytest.raises(WorkerFailed) as caught:
        hazard.result(timeout=240)
    assert (caught.value.why, caught.value.detail) == (why, detail)
    assert "content" not in str(caught.value)
    assert pool.submit(hazards.length, b"behind").result(timeout=240) == 6


@pytest.mark.parametrize(("task", "arguments"), ENDLESS, ids=[row[0].__name__ for row in ENDLESS])
def test_the_endless_is_ended(
    hasty_pool: WorkerPool, task: Callable[..., object], arguments: tuple[Any, ...]
) -> None:
    before = sleepers()
    hazard = hasty_pool.submit(task, b"", *arguments)
    assert hasty_pool.submit(hazards.length, b"beside").result(timeout=240) == 6
    with pytest.raises(WorkerFailed) as caught:
        hazard.result(timeout=HASTY.wall_seconds + 240)
    assert str(caught.value) == "timeout: wall clock"
    assert hasty_pool.submit(hazards.length, b"behind").result(timeout=240) == 6
    assert wait_until(lambda: sleepers() <= before)


def test_processor_time_is_limited() -> None:
    with WorkerPool(1, replace(LIMITS, cpu_seconds=1)) as pool:
        assert str(failure(pool, hazards.spin, b"")) == "timeout: processor time"
        assert pool.submit(hazards.length, b"behind").result(timeout=240) == 6


def test_endless_forks_are_refused_or_ended(hasty_pool: WorkerPool) -> None:
    before = len(processes())
    breeding = hasty_pool.submit(hazards.breed, b"")
    assert hasty_pool.submit(hazards.length, b"beside").result(timeout=240) == 6
    most = before
    while not breeding.done():
        most = max(most, len(processes()))
        time.sleep(0.1)
    with pytest.raises(WorkerFailed) as caught:
        breeding.result()
    assert (caught.value.why, caught.value.detail) in {
        ("timeout", "wall clock"),
        ("crash", "too many processes"),
    }
    assert most - before < 500
    assert wait_until(lambda: len(processes()) < before + 50)


def test_descendants_go_with_their_task(pool: WorkerPool) -> None:
    group = pool.submit(hazards.leave_offspring_behind, b"").result(timeout=240)
    assert wait_until(lambda: all(its_group != group for _, its_group, _ in processes().values()))


def test_output_goes_nowhere(pool: WorkerPool, capfd: pytest.CaptureFixture[str]) -> None:
    assert pool.submit(hazards.print_much, b"").result(timeout=240) == "printed"
    assert capfd.readouterr() == ("", "")


def test_a_killed_worker_is_replaced(temporary: Path) -> None:
    with WorkerPool(1, LIMITS) as pool:
        seen = pool.submit(hazards.surroundings, b"").result(timeout=240)
        os.kill(seen["server"], signal.SIGKILL)
        again = pool.submit(hazards.surroundings, b"").result(timeout=240)
        assert again["server"] != seen["server"]

        busy = pool.submit(hazards.wait_for_program, b"", "sleep")
        assert wait_until(lambda: any(again["server"] == parent for parent, _, _ in processes().values()))
        (task,) = [pid for pid, (parent, _, _) in processes().items() if parent == again["server"]]
        assert wait_until(lambda: any(parent == task for parent, _, _ in processes().values()))
        os.kill(again["server"], signal.SIGKILL)
        with pytest.raises(WorkerFailed) as caught:
            busy.result(timeout=240)
        assert (caught.value.why, caught.value.detail) == ("crash", "worker lost")
        assert wait_until(lambda: all(group != task for _, group, _ in processes().values()))
        assert pool.submit(hazards.length, b"behind").result(timeout=240) == 6
    assert list(temporary.iterdir()) == []


def test_no_worker_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with WorkerPool(1, LIMITS) as pool:
        assert str(failure(pool, hazards.length, b"")) == "crash: no worker"
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with WorkerPool(1, LIMITS) as pool:
        assert str(failure(pool, hazards.length, b"")) == "crash: no worker"


# --- what a task sees --------------------------------------------------------------------------


def test_a_task_sees_no_secret_and_holds_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NES_INTAKE_IMAP_PASSWORD", "planted-secret")
    monkeypatch.setenv("TESSDATA_PREFIX", "/usr/share/tessdata")
    read, write = os.pipe()
    os.set_inheritable(read, True)
    try:
        with WorkerPool(1, LIMITS) as pool:
            seen = pool.submit(hazards.surroundings, b"").result(timeout=240)
    finally:
        os.close(read)
        os.close(write)
    assert "planted-secret" not in json.dumps(seen)
    assert set(seen["environment"]) == {
        *("PATH", "LANG", "HOME", "TMPDIR", "OMP_THREAD_LIMIT", "TESSDATA_PREFIX"),
        "PYDANTIC_DISABLE_PLUGINS",
    }
    assert seen["directory"] == seen["environment"]["TMPDIR"]
    assert seen["files"] == []
    null = [stat.S_IFCHR, os.stat("/dev/null").st_rdev]
    *standard, (_, kind, _) = seen["descriptors"]
    assert standard == [[number, *null] for number in range(3)]
    assert kind == stat.S_IFSOCK
    assert seen["limits"] == {
        "RLIMIT_AS": LIMITS.memory_bytes,
        "RLIMIT_CPU": LIMITS.cpu_seconds,
        "RLIMIT_FSIZE": LIMITS.file_bytes,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
    }
    assert seen["uid"] != 0


def test_a_task_reaches_no_network(pool: WorkerPool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert hazards.connect(b"", port) == "connected"
        assert str(failure(pool, hazards.connect, b"", port)) == "raised: PermissionError"


def test_a_task_reaches_no_file_but_its_own(pool: WorkerPool, tmp_path: Path) -> None:
    if confinement._system_call("landlock_create_ruleset", 0, 0, 1) < 1:
        pytest.skip("this kernel cannot forbid files")
    secret = tmp_path / "settings.toml"
    secret.write_text("planted-secret")
    # Readable and writable for everybody: only the sandbox stands in between.
    secret.chmod(0o666)
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(directory.stat().st_mode | 0o055)
    assert str(failure(pool, hazards.read_file, b"", str(secret))) == "raised: PermissionError"
    assert str(failure(pool, hazards.read_file, b"", "/etc/passwd")) == "raised: PermissionError"
    assert str(failure(pool, hazards.read_file, b"", f"/proc/{os.getpid()}/cmdline")) == (
        "raised: PermissionError"
    )
    for target in (secret, tmp_path / "new", Path(hazards.__file__)):
        assert str(failure(pool, hazards.write_file, b"", str(target))) == "raised: PermissionError"
    assert secret.read_text() == "planted-secret"


def test_a_task_signals_neither_the_main_process_nor_its_worker(pool: WorkerPool) -> None:
    for target in (os.getpid(), -1, -os.getpgrp()):
        assert str(failure(pool, hazards.signal_process, b"", target)) == "raised: PermissionError"
    assert str(failure(pool, hazards.leave_group, b"")) == "raised: PermissionError"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86_64")
def test_the_kernel_refuses_what_no_reader_needs(pool: WorkerPool) -> None:
    refused = {name: pool.submit(hazards.call_kernel, b"", name).result() for name in (
        "ptrace", "bpf", "mount", "io_uring_setup", "unshare", "x32"
    )}  # fmt: skip
    eperm, enosys = 1, 38
    assert refused == dict.fromkeys(refused, eperm) | {"x32": enosys}


def test_a_task_leaves_other_processes_their_turn(pool: WorkerPool) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert str(failure(pool, hazards.set_priority, b"", os.getpid())) == "raised: PermissionError"
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_an_answer_costs_no_more_than_a_large_list_would() -> None:
    text = '{"value": [' + "[]," * 20_000_000 + "0]}"
    tracemalloc.start()
    try:
        with WorkerPool(1, replace(LIMITS, answer_bytes=64 << 20, memory_bytes=1 << 30)) as pool:
            assert failure(pool, hazards.forge, b"", text).why == "answer_too_large"
        # The text goes there and comes back: a few times sixty megabytes, and no twenty million lists.
        assert tracemalloc.get_traced_memory()[1] < 500 << 20
    finally:
        tracemalloc.stop()


def test_a_task_may_start_programs_threads_and_end_what_it_started(pool: WorkerPool) -> None:
    assert pool.submit(hazards.run_program, b"over a pipe", "cat").result(timeout=240) == "over a pipe"
    assert pool.submit(hazards.kill_slow_program, b"").result(timeout=240) == "killed"
    assert pool.submit(hazards.in_a_thread, b"four").result(timeout=240) == 4


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_tesseract_runs_inside(pool: WorkerPool) -> None:
    listed = pool.submit(hazards.run_program, b"", "tesseract", "--list-langs").result(timeout=240)
    assert "eng" in listed
    # One white line of 400 × 100 pixels as a portable greymap.
    page = b"P5 400 100 255\n" + b"\xff" * 40_000
    read = pool.submit(hazards.run_program, page, "tesseract", "--psm", "6", "stdin", "stdout")
    assert read.result(timeout=240).strip() == ""


def test_litter_is_removed_before_the_next_task(temporary: Path) -> None:
    with WorkerPool(1, LIMITS) as pool:
        scratch = pool.submit(hazards.leave_litter, b"").result(timeout=240)
        assert pool.submit(hazards.surroundings, b"").result(timeout=240)["files"] == []
        assert [str(path) for path in temporary.iterdir()] == [scratch]
    assert list(temporary.iterdir()) == []
    assert Path("/etc/passwd").exists()


def test_what_a_dead_machine_left_is_swept_and_what_is_in_use_is_not(temporary: Path) -> None:
    stale, foreign = temporary / "nes-intake-worker-stale", temporary / "somebody-elses"
    for directory in (stale, foreign):
        directory.mkdir()
        (directory / "page.png").write_bytes(b"a picture")
        os.utime(directory, (0, 0))
    with WorkerPool(1, LIMITS) as first:
        kept = Path(first.submit(hazards.surroundings, b"").result(timeout=240)["directory"])
        os.utime(kept, (0, 0))
        with WorkerPool(1, LIMITS) as second:
            second.submit(hazards.length, b"").result(timeout=240)
            assert kept.exists()
        assert not stale.exists()
        assert foreign.exists()


# --- an executor like any other ----------------------------------------------------------------


def test_words_cross_unharmed(pool: WorkerPool) -> None:
    values = ["İĞÜŞÖÇ ığüşöç", "\ud800", "a\0b", 1.5, 10**30, None, {"k": [True]}, "𝄞"]
    assert pool.submit(hazards.echo, "ğ".encode(), *values).result(timeout=240) == ["ğ", *values]


def test_a_large_file_and_a_large_answer_cross() -> None:
    large = Limits(30.0, 20, 1 << 30, 1 << 20, 4, 64 << 20)
    with WorkerPool(1, large) as pool:
        assert pool.submit(hazards.length, bytes(30 << 20)).result(timeout=240) == 30 << 20
        assert len(pool.submit(hazards.shout, b"", 30 << 20).result(timeout=240)) == 30 << 20


def test_the_same_function_runs_on_any_executor(pool: WorkerPool) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ThreadPoolExecutor(1) as threads, ProcessPoolExecutor(1, mp_context=spawn) as forked:
        for executor in (pool, threads, forked):
            assert executor.submit(hazards.echo, b"data", 1, "x").result(timeout=240) == ["data", 1, "x"]
            assert list(executor.map(hazards.length, [b"", b"a", b"ab"])) == [0, 1, 2]


def test_what_cannot_cross_is_refused_at_once(pool: WorkerPool) -> None:
    for arguments in ((), ("text",), (b"", object())):
        with pytest.raises(TypeError):
            pool.submit(hazards.echo, *arguments)  # type: ignore[arg-type]
    for task in (lambda data: data, int.__add__.__get__(1), hazards.echo):
        with pytest.raises(TypeError):
            pool.submit(task, b"", key=1) if task is hazards.echo else pool.submit(task, b"")


def test_several_threads_share_one_pool(pool: WorkerPool) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.extend(pool.submit(hazards.length, bytes(n)).result(timeout=240) for n in range(8))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted([*range(8)] * 6)


def test_nothing_starts_before_the_first_task_and_nothing_stays(temporary: Path) -> None:
    before, descriptors = children(), os.listdir("/proc/self/fd")
    with WorkerPool(3, LIMITS) as pool:
        assert children() == before
        list(pool.map(hazards.nap, [b""] * 3, [0.3] * 3))
        assert 1 <= len(children() - before) <= 3
        failure(pool, hazards.segfault, b"")
    assert children() == before
    assert os.listdir("/proc/self/fd") == descriptors
    assert list(temporary.iterdir()) == []
    with pytest.raises(RuntimeError):
        pool.submit(hazards.length, b"")


def test_shutdown_can_cancel_and_need_not_wait(temporary: Path) -> None:
    before = children()
    pool = WorkerPool(1, LIMITS)
    running = pool.submit(hazards.nap, b"", 3.0)
    waiting = [pool.submit(hazards.length, b"") for _ in range(3)]
    assert wait_until(running.running)
    pool.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in waiting)
    assert running.result(timeout=240) == "rested"
    assert wait_until(lambda: children() == before and list(temporary.iterdir()) == [])


# --- the main process dies, or is told to ------------------------------------------------------

BUSY = """
import os, signal
from pipeline.sandbox.workers import Limits, WorkerPool
from tests import hazards
if __name__ == "__main__":
    # A shell starts what runs in the background with a deaf ear to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pool = WorkerPool(2, Limits(60.0, 30, 1 << 29, 1 << 20, 8, 1 << 20))
    futures = [pool.submit(hazards.wait_for_program, b"", "sleep"), pool.submit(hazards.nap, b"", 3.0)]
    print("started", flush=True)
    try:
        print(futures[1].result(), flush=True)
    except KeyboardInterrupt:
        print("interrupted", futures[1].result(), flush=True)
    os._exit(0)
"""


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A main process in a session of its own, with one task in a program and one asleep."""
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        # Two servers, two tasks, one program.
        assert wait_until(lambda: len(descendants(process.pid)) == 5)
        yield process
        process.kill()


def test_workers_die_with_the_main_process(busy: subprocess.Popen[str], tmp_path: Path) -> None:
    family = descendants(busy.pid)
    busy.kill()
    assert wait_until(lambda: not any(map(alive, family)))
    assert wait_until(lambda: list((tmp_path / "tmp").iterdir()) == [])


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_everybody_reaches_only_the_main_process(
    busy: subprocess.Popen[str], told: signal.Signals
) -> None:
    family = descendants(busy.pid)
    for member in family:
        os.kill(member, told)
    if told == signal.SIGINT:
        os.killpg(busy.pid, told)
    output, errors = busy.communicate(timeout=240)
    assert output == ("interrupted rested\n" if told == signal.SIGINT else "rested\n")
    assert errors == ""
    assert wait_until(lambda: not any(map(alive, family)))


# --- is it true, and do we know where it is not ------------------------------------------------


def test_the_report_tells_what_holds() -> None:
    report = sandbox_report()
    assert set(report) == {
        *("rlimits", "process_limit", "no_new_privs", "seccomp"),
        *("network_denied", "files_denied", "main_process_denied"),
        *("memory_counted", "scratch_limit"),
    }
    # These need nothing that a supported kernel could lack.
    assert report["rlimits"]
    assert report["process_limit"]
    assert report["no_new_privs"]


POOR_KERNEL = """
import json, struct, sys
from pipeline.sandbox import confinement as c
from pipeline.sandbox.workers import Limits, WorkerFailed, WorkerPool, sandbox_report
from tests import hazards

def poor_kernel(column, out_of_reach):
    absent = ("unshare", "seccomp", "landlock_create_ruleset", "landlock_restrict_self")
    program = [(c._LOAD, 0, 0, c._NUMBER_AT)]
    for name in absent:
        program += [(c._EQUAL, 0, 1, c._NUMBERS[name][column]), (c._RETURN, 0, 0, c._REFUSE | 38)]
    return [*program, (c._RETURN, 0, 0, c._ALLOW)]

if __name__ == "__main__":
    c._libc.prctl(38, 1, 0, 0, 0)
    c._program = poor_kernel
    c._filter_system_calls(c._filter(()))
    report = dict(sandbox_report())
    with WorkerPool(1, Limits(60.0, 30, 1 << 29, 1 << 20, 8, 1 << 20)) as pool:
        report["escaped"] = pool.submit(hazards.leave_offspring_elsewhere, b"").result()
        try:
            pool.submit(hazards.write_many, b"", 5_000).result()
        except WorkerFailed as failed:
            report["littered"] = failed.detail
        report["behind"] = pool.submit(hazards.length, b"behind").result()
    print(json.dumps(report))
"""


@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="no filter on this machine")
def test_on_a_poor_kernel_the_report_says_so_and_tasks_still_run(tmp_path: Path) -> None:
    script = tmp_path / "poor.py"
    script.write_text(POOR_KERNEL)
    done = subprocess.run(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        timeout=240,
    )
    report = json.loads(done.stdout)
    assert not report["seccomp"]
    assert not report["network_denied"]
    # What is deleted is counted by nobody there; what is left lying is.
    assert not report["scratch_limit"]
    assert report["littered"] == "too much written"
    assert report["rlimits"]
    assert report["no_new_privs"]
    assert report["behind"] == 6
    assert not alive(report["escaped"])


@pytest.mark.parametrize(
    ("header", "column"),
    [("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", 0), ("/usr/include/asm-generic/unistd.h", 1)],
)
def test_system_calls_have_the_numbers_of_the_kernel_headers(header: str, column: int) -> None:
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not installed")
    defined = dict(re.findall(r"#define\s+__NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text()))
    ours = confinement._NUMBERS | confinement._REFUSED
    assert {name: str(numbers[column]) for name, numbers in ours.items()} == {
        name: defined[name] for name in ours
    }
