"""The worker's own program: a small server that forks one confined child for each task.

The server never sees a stranger's byte: the child that reads them answers to the main process directly,
over a connection of its own, and its memory dies with it. Started by `isolation`, never by hand.
"""

from __future__ import annotations

import gc
import importlib
import json
import operator
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NoReturn

from pipeline.sandbox.confinement import Cell, Limits, adopt_orphans, confine, prepare, unbind

# The two lengths in front of what is said: of the request, and of the answer.
REQUEST_LENGTH = struct.Struct(">I")
ANSWER_LENGTH = struct.Struct(">Q")

_TICK_MILLISECONDS = 50
_SOFTWARE_FAULT = 70


def main(configuration: str) -> None:
    """Serves tasks until the main process goes away; `configuration` is JSON written by `isolation`."""
    settings = json.loads(configuration)
    # Whoever stops the program stops the main process. If it were to reach a task, a healthy attachment would
    # look like one that kills its reader. Children and the programs they start inherit the deaf ear.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(name, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o077)
    adopt_orphans()
    # What is imported stays: there is nothing to collect before it is frozen.
    gc.disable()
    for module in settings["preload"]:
        # Only a head start: the task that needs the module will say by itself that it is missing.
        with suppress(Exception):
            importlib.import_module(module)
    gc.freeze()
    gc.enable()
    scratch = settings["scratch"]
    cell = prepare(
        Limits(**settings["limits"]), settings["readable"], settings["listable"], scratch, settings["main"]
    )
    try:
        with suppress(OSError), socket.socket(fileno=settings["control"]) as control:
            main_process = os.pidfd_open(settings["main"])
            # Had it died before, another process might have its number by now.
            if os.getppid() == settings["main"]:
                _serve(control, main_process, cell, scratch)
    finally:
        clear_away(scratch)
        unbind(scratch)
        with suppress(OSError):
            os.rmdir(scratch)


def _serve(control: socket.socket, main_process: int, cell: Cell, scratch: str) -> None:
    while _wait(control.fileno(), main_process) == control.fileno():
        _, connections, _, _ = socket.recv_fds(control, 16, 1)
        if not connections:
            return
        child = os.fork()
        if child == 0:
            _work(connections[0], cell)
        # Here as well as there, so that the group exists before anybody wants to kill it.
        with suppress(OSError):
            os.setpgid(child, child)
        os.close(connections[0])
        control.send(b"%d" % child)
        excess = _watch(child, control.fileno(), main_process, cell.limits, scratch)
        status = _end(child)
        clear_away(scratch)
        if _wait(control.fileno(), main_process) != control.fileno() or not control.recv(16):
            return
        control.send(json.dumps({"status": status, "excess": excess}).encode())


def _wait(*descriptors: int, milliseconds: int | None = None) -> int | None:
    """Waits until one of the descriptors can be read or is at its end; the last one named wins."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll(milliseconds)}
    return next((descriptor for descriptor in reversed(descriptors) if descriptor in ready), None)


def _watch(child: int, control: int, main_process: int, limits: Limits, scratch: str) -> str:
    """Waits for the task's end, or for a reason to end it, which it names; "" for none."""
    ended = os.pidfd_open(child)
    before = _threads_on_this_machine()
    try:
        while _wait(ended, control, main_process, milliseconds=_TICK_MILLISECONDS) is None:
            # Looking at every process is dear, and in vain while the machine has hardly any new ones.
            if _threads_on_this_machine() - before > limits.processes and _is_crowded(
                child, limits.processes
            ):
                return "processes"
            if _held_by(os.getpid()) > 2 * limits.memory_bytes:
                return "memory"
            if _is_littered(scratch, limits):
                return "scratch"
    finally:
        os.close(ended)
    return ""


def _held_by(ancestor: int) -> int:
    """Adds up the bytes of memory of all descendants of a process, what they share once for each."""
    held = 0
    waiting = _children_of(ancestor)
    while waiting:
        process = waiting.pop()
        with suppress(OSError, IndexError, ValueError), open(f"/proc/{process}/statm") as figures:
            held += int(figures.read().split()[1]) * resource.getpagesize()
        waiting += _children_of(process)
    return held


def _children_of(process: int | str) -> list[str]:
    # Any of its threads may have started them; a task of one thread is the rule.
    found: list[str] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with suppress(OSError), open(f"/proc/{process}/task/{thread}/children") as children:
                found += children.read().split()
    return found


def _is_littered(scratch: str, limits: Limits) -> bool:
    """Tells whether a directory holds more bytes or files than it may, and looks at no more to know it."""
    held = files = 0
    waiting = [scratch]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                files += 1
                with suppress(OSError):
                    held += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                if held > limits.scratch_bytes or files > limits.scratch_files:
                    return True
    return False


def _end(child: int) -> int:
    """Kills and reaps the child and all its descendants; returns the child's wait status."""
    # Takes all of the group at one blow, so that no fork escapes. The child is not reaped yet, its number
    # cannot be anybody else's; and a child that is dead already keeps the status it died with.
    os.killpg(child, signal.SIGKILL)
    status = 0
    with suppress(ChildProcessError):
        while True:
            pid, how = os.waitpid(-1, os.WNOHANG)
            if pid == child:
                status = how
            elif pid == 0:
                # Orphans come to us. Where no filter kept them in the group, they are killed here.
                for orphan, parent, _ in _processes():
                    if parent == os.getpid():
                        os.kill(orphan, signal.SIGKILL)
                time.sleep(0.001)
    return status


def _threads_on_this_machine() -> int:
    with open("/proc/loadavg") as figures:
        return int(figures.read().split()[3].partition("/")[2])


def _is_crowded(group: int, processes: int) -> bool:
    # Held still while it is counted: it might multiply faster than we count.
    os.killpg(group, signal.SIGSTOP)
    crowded = sum(1 for _, _, its_group in _processes() if its_group == group) > processes
    if not crowded:
        os.killpg(group, signal.SIGCONT)
    return crowded


def _processes() -> Iterator[tuple[int, int, int]]:
    """Walks over all visible processes: number, parent, process group."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                # The name in brackets may hold anything, brackets included.
                fields = stat.read().rpartition(b")")[2].split()
                yield int(name), int(fields[1]), int(fields[2])


def clear_away(directory: str) -> None:
    """Removes what a task left in its directory, however deep and however locked."""
    os.chmod(directory, 0o700)
    left = [entry.path for entry in os.scandir(directory)]
    if left:
        # Not shutil: it gives up on what is nested deeper than Python's own stack, or not to be entered.
        for command in (["chmod", "-R", "u+rwx", "--", directory], ["rm", "-rf", "--", *left]):
            subprocess.run(command, stderr=subprocess.DEVNULL, check=False)


# --- inside the child --------------------------------------------------------------------------


def _work(connection: int, cell: Cell) -> NoReturn:
    try:
        os.setpgid(0, 0)
        _close_all_but(connection, cell.files)
        confine(cell)
        if cell.files is not None:
            os.close(cell.files)
        _answer(connection, cell.limits.answer_bytes)
        os._exit(0)
    finally:
        # Never back into the server's loop, and without a word on what it was.
        os._exit(_SOFTWARE_FAULT)


def _close_all_but(*kept: int | None) -> None:
    low = 3
    for descriptor in sorted(descriptor for descriptor in kept if descriptor is not None):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _answer(connection: int, most_bytes: int) -> None:
    with open(connection, "rb", closefd=False) as stream:
        (length,) = REQUEST_LENGTH.unpack(stream.read(REQUEST_LENGTH.size))
        request = json.loads(stream.read(length))
        data = stream.read()
    answer = _try(request["function"], data, request["arguments"])
    if len(answer) > most_bytes:
        answer = _failed("answer_too_large", "")
    rest = memoryview(ANSWER_LENGTH.pack(len(answer)) + answer)
    while rest:
        rest = rest[os.write(connection, rest) :]


def _try(function: str, data: bytes, arguments: list[Any]) -> bytes:
    try:
        module, _, name = function.partition(":")
        call: Callable[..., object] = operator.attrgetter(name)(importlib.import_module(module))
        value = call(data, *arguments)
        # A file's text may hold half of a surrogate pair; the reader on the other side takes it back.
        return json.dumps({"value": value}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except MemoryError:
        return _failed("memory", "")
    except BaseException as fault:
        # Not only Exception: a panic in a Rust library comes as something else.
        return _failed("raised", _name_of(type(fault)))


def _failed(why: str, detail: str) -> bytes:
    return json.dumps({"failed": why, "detail": detail}).encode()


def _name_of(kind: type[BaseException]) -> str:
    """Names an exception by the nearest class that stands in a module: others are named by the file."""
    for known in kind.__mro__:
        with suppress(Exception):
            if operator.attrgetter(known.__qualname__)(sys.modules[known.__module__]) is known:
                return str(known.__name__)
    return BaseException.__name__
