"""What the kernel takes away from a process before it may look at a stranger's bytes.

Linux only, by ctypes, without privileges. Each layer is put on where the kernel lets us and left out
where it does not; what is really in force is found by trying (`isolation.sandbox_report`), because a
return code of zero proves little.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
import resource
import signal
import stat
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

_libc = ctypes.CDLL(None, use_errno=True)

# <linux/prctl.h>
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS = 1, 4, 8
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
# <linux/capability.h>
_CAPABILITY_VERSION, _CAP_DAC_READ_SEARCH = 0x20080522, 1 << 2
# Names that neither Debian nor systemd gives to anybody: 600 of them, so that two workers rarely share one.
_FIRST_SPARE_UID, _SPARE_UIDS = 60578, 600


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use: wall and processor seconds, bytes and processes.

    `cpu_seconds`, `memory_bytes` (address space) and `file_bytes` hold for each of its processes, the others
    for the task as a whole: what its processes hold together may be twice `memory_bytes`, what they write
    `scratch_bytes` in `scratch_files`, and their answer `answer_values` lists, objects and texts.
    """

    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    processes: int
    answer_bytes: int
    scratch_bytes: int = 128 << 20
    scratch_files: int = 4_096
    answer_values: int = 8_000_000


def adopt_orphans() -> None:
    """Makes this process the parent of every descendant that loses its own, and unreadable to its peers."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Where memory runs out, the kernel shall choose a task and not the program that answers people. To be
    # written first: what is not dumpable may not write into its own /proc.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("500")
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Cell:
    """What all tasks of one worker are locked into; made by `prepare`, entered by `confine`."""

    limits: Limits
    # Landlock's list of files, where the kernel has it.
    files: int | None
    # A user without a name, where we are root.
    uid: int | None
    # Whether the kernel counts the tasks' processes apart from everybody else's.
    counted: bool
    # The filter of system calls, as the kernel takes it; empty where there is none for this machine.
    filter: bytes


def prepare(
    limits: Limits, readable: Iterable[str], listable: Iterable[str], scratch: str, main_process: int
) -> Cell:
    """Prepares all that can be prepared once for many tasks, and gives their user the directory `scratch`.

    Tasks may read and execute what is installed, read what lies under `readable`, list what lies under
    `listable`, and signal neither the main process nor this one.
    """
    root = os.geteuid() == 0
    counted_apart = not root and _count_apart()
    _bound(scratch, limits)
    uid = _spare_uid(scratch) if root else None
    files = _only_files(readable, listable, scratch)
    counted = uid is not None if root else counted_apart
    return Cell(limits, files, uid, counted, _filter((main_process, os.getpid())))


def _spare_uid(scratch: str) -> int | None:
    uid = _FIRST_SPARE_UID + os.getpid() % _SPARE_UIDS
    try:
        os.chown(scratch, uid, uid)
    except OSError:
        return None
    return uid


def _count_apart() -> bool:
    # A limit on the number of processes is one on all processes of a user, wherever they are: those of a
    # desktop, or of another container, would leave none for us. Inside a user namespace, kernels from 5.14
    # on count anew.
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    return release >= (5, 14) and _system_call("unshare", _NEW_USER_NAMESPACE) == 0


def _bound(scratch: str, limits: Limits) -> None:
    """Lays a small disk of its own over the directory, seen by this worker alone, where the kernel lets us.

    Without it what a task leaves there is only counted from time to time, and what it has deleted not at all.
    """
    options = f"size={limits.scratch_bytes},nr_inodes={limits.scratch_files},mode=0700".encode()
    if _system_call("unshare", _NEW_MOUNT_NAMESPACE) != 0:
        return
    # Nothing that is mounted here shows elsewhere, nor the other way round.
    if _libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) == 0:
        _libc.mount(b"tmpfs", scratch.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, options)
    # Where it stood, the directory below was meant.
    os.chdir(scratch)


def unbind(scratch: str) -> None:
    """Takes the small disk away again, if there is one."""
    os.chdir("/")
    _libc.umount2(scratch.encode(), _MNT_DETACH)


def confine(cell: Cell) -> None:
    """Confines the calling process and all it will start, for good.

    The order matters: each step takes away what an earlier one needed.
    """
    if cell.uid is not None:
        _become(cell.uid)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    landlocked = cell.files is not None and _system_call("landlock_restrict_self", cell.files, 0) == 0
    # Modules may lie where only root may enter. With the ruleset in force, the power to read everything means
    # everything in the ruleset.
    modules_readable = all(os.access(path, os.R_OK) for path in (__file__, os.__file__, sys.prefix))
    _keep_capabilities(0 if modules_readable and not landlocked else _CAP_DAC_READ_SEARCH)
    _set_limits(cell.limits, cell.counted and cell.uid in (None, os.getuid()))
    # After the change of user, which clears it.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _filter_system_calls(cell.filter)


def _become(uid: int) -> None:
    with suppress(OSError):
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        _libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setresuid(uid, uid, uid)


def _keep_capabilities(kept: int) -> None:
    # What is not held cannot be kept: then none.
    for wanted in (kept, 0):
        header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION, 0))
        sets = ctypes.create_string_buffer(struct.pack("6I", wanted, wanted, 0, 0, 0, 0))
        if _system_call("capset", header, sets) == 0:
            return


def _set_limits(limits: Limits, counted: bool) -> None:
    wanted = {
        resource.RLIMIT_AS: (limits.memory_bytes, limits.memory_bytes),
        # A second between the signal that tells why and the one that cannot be ignored.
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
        resource.RLIMIT_FSIZE: (limits.file_bytes, limits.file_bytes),
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_CORE: (0, 0),
    }
    if counted:
        # One more, because in a namespace the server is counted as well.
        wanted[resource.RLIMIT_NPROC] = (limits.processes + 1, limits.processes + 1)
    for name, (soft, hard) in wanted.items():
        allowed = resource.getrlimit(name)[1]
        if allowed != resource.RLIM_INFINITY:
            soft, hard = min(soft, allowed), min(hard, allowed)
        resource.setrlimit(name, (soft, hard))


# --- files: <linux/landlock.h> -----------------------------------------------------------------

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READ = _READ_FILE | _READ_DIR
_SCRATCH = (
    _READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER
)
_NO_TCP, _NO_ABSTRACT_SOCKETS_NOR_SIGNALS = 0b11, 0b11

# Not all of /usr, and not /opt: settings may lie in /usr/local/etc, the program's home in /opt.
_PROGRAMS = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store"),
    *(f"/usr/{name}" for name in ("bin", "lib", "lib32", "lib64", "libexec", "share")),
    *(f"/usr/local/{name}" for name in ("bin", "lib", "lib64", "share")),
)
_HARMLESS = (
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/ssl/openssl.cnf"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)


def see_only(readable: Iterable[str], listable: Iterable[str]) -> bool:
    """Lets this process read what is installed and what lies under `readable`, and speak to the network.

    For good, and for all that it starts: it writes nothing, signals nobody and looks into no other process.
    To be called before there is a second thread. Tells whether the kernel does so.
    """
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    files = _files(_installed(readable, listable), talks=True)
    return files is not None and _system_call("landlock_restrict_self", files, 0) == 0


def _only_files(readable: Iterable[str], listable: Iterable[str], scratch: str) -> int | None:
    # Nothing that lies in the scratch directory can be executed.
    return _files([*_installed(readable, listable), ((scratch,), _SCRATCH)], talks=False)


_Rights = tuple[Iterable[str], int]


def _installed(readable: Iterable[str], listable: Iterable[str]) -> list[_Rights]:
    return [
        ((*_PROGRAMS, sys.prefix, sys.base_prefix), _READ | _EXECUTE),
        ((*_HARMLESS, *readable), _READ),
        (listable, _READ_DIR),
        (("/dev/null",), _READ_FILE | _WRITE_FILE | _TRUNCATE),
    ]


def _files(allowed: Iterable[_Rights], talks: bool) -> int | None:
    version = _system_call("landlock_create_ruleset", 0, 0, 1)
    if version < 1:
        return None
    handled = (1 << 13) - 1
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        handled |= right if version >= since else 0
    words = (
        handled,
        _NO_TCP if version >= 4 and not talks else 0,
        _NO_ABSTRACT_SOCKETS_NOR_SIGNALS if version >= 6 else 0,
    )
    attributes = ctypes.create_string_buffer(struct.pack("3Q", *words), 24)
    # An older kernel takes a longer record as long as what it does not know is zero.
    ruleset = _system_call("landlock_create_ruleset", attributes, 24, 0)
    if ruleset < 0:
        return None
    for paths, rights in allowed:
        for path in paths:
            _allow(ruleset, path, rights & handled)
    return ruleset


def _allow(ruleset: int, path: str, rights: int) -> None:
    with suppress(OSError):
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(beneath).st_mode):
                rights &= _OF_A_FILE
            rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, beneath))
            _system_call("landlock_add_rule", ruleset, 1, rule, 0)
        finally:
            os.close(beneath)


# --- system calls: <linux/seccomp.h>, <linux/filter.h> -----------------------------------------

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_MACHINES = ("x86_64", "aarch64")
_MACHINE_NAMES = (0xC000003E, 0xC00000B7)
_NEW_USER_NAMESPACE, _NEW_MOUNT_NAMESPACE = 0x10000000, 0x00020000
# <linux/mount.h>
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE, _MNT_DETACH = 2, 4, 8, 1 << 14, 1 << 18, 2
# Namespaces of its own, and children that are not its own.
_FORBIDDEN_IN_CLONE = 0x7E020000 | 0x8000

# name → number on x86_64 and on aarch64
_NUMBERS: dict[str, tuple[int, int]] = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "seccomp": (317, 277),
    "capset": (126, 91),
    "unshare": (272, 97),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}
_REFUSED: dict[str, tuple[int, int]] = {
    # The network, and every other way to talk to a stranger.
    "socket": (41, 198),
    "socketpair": (53, 199),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "connect": (42, 203),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # Other processes.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    # Memory that is no process's own, which no limit counts.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # Leaving the process group, which is how all that a task started is found and killed.
    "setsid": (112, 157),
    "setpgid": (109, 154),
    # Another view of the file system.
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # Corners of the kernel that a reader of documents has no business in.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "syslog": (103, 116),
    "personality": (135, 92),
}

_Instruction = tuple[int, int, int, int]


def _filter(out_of_reach: Sequence[int]) -> bytes:
    column = _column()
    if column is None:
        return b""
    return b"".join(struct.pack("HBBI", *step) for step in _program(column, out_of_reach))


def _filter_system_calls(code: bytes) -> None:
    if not code:
        return
    instructions = ctypes.create_string_buffer(code, len(code))
    record = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions)), 16
    )
    # The first flag spares us a slow-down meant for programs that run a stranger's machine code; kernels
    # before 4.17 do not know it.
    for flags in (4, 0):
        if _system_call("seccomp", 1, flags, record) == 0:
            return


def _program(column: int, out_of_reach: Sequence[int]) -> list[_Instruction]:
    refuse = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    unknown = (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)
    groups_and_ours = [(_AT_LEAST, 1 << 31), *((_EQUAL, pid) for pid in out_of_reach)]
    by_first_argument: dict[str, list[tuple[int, int]]] = {
        "clone": [(_ANY_BIT, _FORBIDDEN_IN_CLONE)],
        "kill": groups_and_ours,
        "tgkill": groups_and_ours,
        "prlimit64": [(_AT_LEAST, 1)],
        "sched_setaffinity": [(_AT_LEAST, 1)],
    }
    program = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 1, 0, _MACHINE_NAMES[column]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if column == 0:
        # The same calls under the numbers of the x32 dialect.
        program += [(_AT_LEAST, 0, 1, 1 << 30), unknown]
    # Its flags lie where a filter cannot see them; without it, libraries fall back to clone.
    program += [(_EQUAL, 0, 1, _NUMBERS["clone3"][column]), unknown]
    for name, refusals in by_first_argument.items():
        body: list[_Instruction] = [(_LOAD, 0, 0, _FIRST_ARGUMENT_AT)]
        for test, value in refusals:
            body += [(test, 0, 1, value), refuse]
        body.append((_RETURN, 0, 0, _ALLOW))
        program += [(_EQUAL, 0, len(body), _NUMBERS[name][column]), *body]
    for numbers in (_NUMBERS["unshare"], *_REFUSED.values()):
        program += [(_EQUAL, 0, 1, numbers[column]), refuse]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _column() -> int | None:
    machine = platform.machine()
    return _MACHINES.index(machine) if machine in _MACHINES and sys.maxsize > 1 << 32 else None


def _system_call(name: str, *arguments: int | ctypes.Array[ctypes.c_char]) -> int:
    numbers, column = _NUMBERS[name], _column()
    if column is None and numbers[0] != numbers[1]:
        return -1
    passed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return int(_libc.syscall(ctypes.c_long(numbers[column or 0]), *passed))
