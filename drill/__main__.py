"""Plays the drill and prints a certificate: `python -m drill [--seed N] [--schedules 1000] [--quick]`.

Some processes play side by side, each with servers and homes of its own. `--first 400` plays only schedules,
from that number on; `--minutes 10` begins none after so long, and says where to go on. Ends with 1 where
anything was lost, doubled or in contradiction; each such point is printed with what it was.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time

from drill.certificate import (
    QUICK_SCHEDULES,
    QUICK_SEED,
    QUICK_STRIDE,
    Certificate,
    Plan,
    side_by_side,
)


def main() -> int:
    """Reads the arguments, plays, and judges."""
    parser = argparse.ArgumentParser(prog="python -m drill", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--first", type=int, help="plays schedules alone, from this number on")
    parser.add_argument("--minutes", type=float, help="begins no schedule after so many minutes")
    parser.add_argument("--jobs", type=int, default=(os.cpu_count() or 1) + 1, help="processes side by side")
    parser.add_argument("--quick", action="store_true", help="a sample of points under a fixed seed")
    asked = parser.parse_args()
    until = time.monotonic() + 60 * asked.minutes if asked.minutes else float("inf")
    plan = Plan(asked.seed, asked.first or 0, asked.schedules, 1 if asked.first is None else 0, until)
    if asked.quick:
        plan = Plan(QUICK_SEED, 0, QUICK_SCHEDULES, QUICK_STRIDE)
    print(f"seed {plan.seed}, schedules {plan.first} to {plan.first + plan.schedules - 1}", flush=True)
    certificate, begun = Certificate(), time.monotonic()
    used = side_by_side(plan, asked.jobs, certificate)
    print(certificate)
    print(f"{time.monotonic() - begun:.0f} seconds by the clock, {used:.0f} of processors")
    if left := set(range(plan.first, plan.first + plan.schedules)) - certificate.numbers:
        print(f"{len(left)} schedules are left; go on with --first {min(left)}")
    return 0 if certificate.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
