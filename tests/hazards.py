"""Tasks that misbehave, one way each, and healthy ones beside them; run inside a worker."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


def length(data: bytes) -> int:
    """The healthy one."""
    return len(data)


def echo(data: bytes, *values: object) -> list[object]:
    return [data.decode("utf-8", "surrogateescape"), *values]


def nap(_data: bytes, seconds: float) -> str:
    time.sleep(seconds)
    return "rested"


def loaded(_data: bytes, *names: str) -> list[str]:
    return [name for name in names if name in sys.modules]


def loaded_by_reading(data: bytes, clues: str) -> list[str]:
    """What a process imports while it reads a file, beside what it was forked with."""
    before = set(sys.modules)
    from pipeline.sandbox.scanner.scan import scan

    assert scan(data, clues)["sheets"]
    return sorted(set(sys.modules) - before)


# --- ends of a process -------------------------------------------------------------------------


def segfault(_data: bytes) -> None:
    ctypes.string_at(1)


def abort(_data: bytes) -> None:
    os.abort()


def leave(_data: bytes, code: int) -> None:
    os._exit(code)


def kill_itself(_data: bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stop_itself(_data: bytes) -> None:
    while True:
        os.kill(os.getpid(), signal.SIGSTOP)


# --- too much ----------------------------------------------------------------------------------


def spin(_data: bytes) -> None:
    while True:
        pass


def hog(_data: bytes) -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 << 20))


def hog_in_c(_data: bytes) -> int:
    return len(mmap.mmap(-1, 8 << 30))


def shout(_data: bytes, size: int) -> str:
    return "x" * size


def fill_a_file(_data: bytes, size: int) -> None:
    with open("big", "wb") as file:
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))


def breed(_data: bytes) -> None:
    """Forks without end, each child as well."""
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def leave_offspring_behind(_data: bytes) -> int:
    """Answers at once, and leaves a child and a grandchild that sleep and hold every descriptor."""
    if os.fork() == 0:
        os.fork()
        time.sleep(600)
        os._exit(0)
    return os.getpid()


def leave_offspring_elsewhere(_data: bytes) -> int:
    """The same, out of the process group; works only where no filter forbids it."""
    tell, told = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.write(told, str(os.getpid()).encode())
        time.sleep(600)
        os._exit(0)
    return int(os.read(tell, 20))


def wait_for_program(_data: bytes, program: str) -> None:
    subprocess.run([program, "600"], check=True)


# --- odd words ---------------------------------------------------------------------------------


class OddError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def raise_odd(_data: bytes) -> None:
    raise OddError


def raise_with_content(data: bytes) -> None:
    """Puts the file's content into the message and into the name of the exception's class."""
    raise type(data.decode(), (KeyError,), {})(data.decode())


def panic(_data: bytes) -> None:
    class PanicException(BaseException):
        pass

    raise PanicException


def leave_politely(_data: bytes) -> None:
    sys.exit("bye")


def not_jsonable(_data: bytes) -> object:
    return object()


def print_much(_data: bytes) -> str:
    for stream in (sys.stdout, sys.stderr):
        stream.write("noise " * 100_000)
        stream.flush()
    for descriptor in (1, 2):
        os.write(descriptor, b"more noise\n")
    return "printed"


def forge(_data: bytes, answer: str, announced: int | None = None) -> None:
    """Writes its own answer onto the connection, as a reader taken over by a file would."""
    words = answer.encode()
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, (announced or len(words)).to_bytes(8, "big") + words)
        except OSError:
            continue
    time.sleep(600)


# --- what it can see and reach -----------------------------------------------------------------


def surroundings(_data: bytes) -> dict[str, object]:
    return {
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "files": os.listdir("."),
        "descriptors": _descriptors(),
        "server": os.getppid(),
        "uid": os.getuid(),
        "limits": {
            name: resource.getrlimit(getattr(resource, name))[0]
            for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NOFILE")
        },
    }


def _descriptors() -> list[tuple[int, int, int]]:
    """Number, file type and device of everything that is open."""
    found = []
    for descriptor in range(256):
        try:
            status = os.fstat(descriptor)
        except OSError:
            continue
        found.append((descriptor, status.st_mode & 0o170000, status.st_rdev))
    return found


def hog_without_a_process(_data: bytes) -> int:
    """Fills memory that belongs to a descriptor alone."""
    held = os.memfd_create("nobody's")
    return os.write(held, bytes(1 << 20))


def hog_together(_data: bytes, processes: int, size: int) -> str:
    """Fills memory in many processes, each of which stays within its own limit."""
    for _ in range(processes):
        if os.fork() == 0:
            held = bytearray(size)
            held[::4096] = b"x" * len(held[::4096])
            time.sleep(600)
    time.sleep(600)
    return "unharmed"


def write_and_delete(_data: bytes, files: int, size: int) -> str:
    """Fills the disk with files that no directory lists any more."""
    held = []
    for number in range(files):
        file = open(f"gone{number}", "wb", buffering=0)  # noqa: SIM115
        os.unlink(file.name)
        if file.write(bytes(size)) < size:
            raise OSError
        held.append(file)
    return "unharmed"


def write_many(_data: bytes, files: int) -> str:
    """Makes more files than a disk has places for."""
    for number in range(files):
        with open(f"small{number}", "wb"):
            pass
    time.sleep(600)
    return "unharmed"


def set_priority(_data: bytes, pid: int) -> None:
    os.setpriority(os.PRIO_PROCESS, pid, 19)


def read_file(_data: bytes, path: str) -> str:
    return Path(path).read_text()


def write_file(_data: bytes, path: str) -> None:
    Path(path).write_text("written by a worker")


def connect(_data: bytes, port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), 2):
        return "connected"


def signal_process(_data: bytes, pid: int) -> None:
    os.kill(pid, 0)


def leave_group(_data: bytes) -> None:
    os.setsid()


def call_kernel(_data: bytes, name: str) -> int:
    """Asks for one of the refused system calls with arguments that do nothing; the errno, or 0."""
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = {"ptrace": 101, "bpf": 321, "mount": 165, "io_uring_setup": 425, "unshare": 272, "x32": 1 << 30}
    result = libc.syscall(numbers[name], 0, 0, 0, 0, 0)
    return ctypes.get_errno() if result < 0 else 0


def leave_litter(_data: bytes) -> str:
    """Leaves files behind, deep and locked away."""
    scratch = os.environ["TMPDIR"]
    directory = tempfile.mkdtemp()
    os.chdir(directory)
    Path("a.png").write_bytes(b"picture")
    os.symlink("/etc/passwd", "link")
    os.mkdir("locked")
    Path("locked/b").write_bytes(b"b")
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    Path("secret").write_text("17291716060")
    for path in (f"{directory}/locked", directory, scratch):
        os.chmod(path, 0)
    return scratch


def run_program(data: bytes, *command: str) -> str:
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=240).stdout.decode()


def kill_slow_program(_data: bytes) -> str:
    try:
        subprocess.run(["sleep", "600"], check=True, timeout=0.2)
    except subprocess.TimeoutExpired:
        return "killed"
    return "ended"


def in_a_thread(data: bytes) -> int:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(len(data)))
    thread.start()
    thread.join()
    return found[0]
