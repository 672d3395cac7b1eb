"""What it costs to start: processor time and memory of whole commands, beside their bare libraries.

    python -m benchmarks.start [--times 5]

Starts a real Dovecot with an empty mailbox. Each command is a process of its own and the least of several
runs counts: what others do on the machine only adds. The ratios are what to compare, not the seconds. The
program is compiled first, as an installation is.
"""

from __future__ import annotations

import argparse
import compileall
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.house import COMMAND, FIXTURES, House
from tests.servers import Certificates, Dovecot, RecordingSmtp

BARE = [sys.executable, "-c", "import click, sqlite3, ssl, imaplib"]


# A child's memory counts from before it became the command: the parent has to be a small one.
METER = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def cost(command: list[str], times: int) -> tuple[float, float]:
    """Gives the least processor seconds of a command with its children, and the most MB one of them took."""
    runs = []
    for _ in range(times):
        metered = [sys.executable, "-c", METER, *command]
        done = subprocess.run(metered, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    return min(seconds for seconds, _ in runs), max(megabytes for _, megabytes in runs)


def main() -> None:
    """Prints a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    # As pip and `make setup` do it, for a user who may write nothing there.
    compileall.compile_dir(FIXTURES.parent / "pipeline", quiet=1)
    bare, _ = cost(BARE, times)
    print(f"{'bare libraries':<28} {bare:6.3f} s")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        certificates = Certificates(folder)
        # Whole commands have readers of their own.
        readers = ThreadPoolExecutor(1)
        with Dovecot(certificates) as server, RecordingSmtp(certificates) as smtp:
            house = House(folder, server.account(), smtp, readers, tls=True)
            poll = [str(COMMAND), "poll", "--settings", str(house.file)]
            cost(poll, 1)
            mail = str(FIXTURES / "accepted/ordinary-single-list.eml")
            for name, command, most in (
                ("--help", [str(COMMAND), "--help"], "2.5 x"),
                ("poll, idle", poll, "4 x, 60 MB"),
                ("explain, one list", [str(COMMAND), "explain", mail], "1.0 s"),
                ("check", [str(COMMAND), "check"], ""),
            ):
                seconds, megabytes = cost(command, times)
                told = f"{seconds:6.3f} s  {seconds / bare:5.1f} x  {megabytes:5.0f} MB"
                print(f"{name:<28} {told}  {most and f'(at most {most})'}")


if __name__ == "__main__":
    main()
