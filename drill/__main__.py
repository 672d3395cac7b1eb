"""Plays the drill and prints a certificate: `python -m drill [--seed N] [--schedules 1000] [--quick]`.

Ends with 1 where anything was lost, doubled or in contradiction; each such point is printed with what it was.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from drill.desk_acts import lost_among_acts
from drill.points import Family, Point, clock_ahead, drops, full_disks, kills, lost_files
from drill.schedules import draw, play
from drill.stage import Theatre, Verdict, stage
from drill.words import officials

# So many days of officials among whose acts the disk is lost, from the drill's seed on.
ACT_SEEDS = 60
QUICK_STRIDE, QUICK_SCHEDULES, QUICK_SEED = 89, 8, 6


@dataclass
class Line:
    """One line of the certificate."""

    name: str
    tried: int = 0
    lost: int = 0
    doubled: int = 0
    set_aside: int = 0
    contradictions: int = 0
    seconds: float = 0.0

    def add(self, verdict: Verdict, seconds: float) -> None:
        """Counts one point."""
        self.tried += 1
        self.lost += verdict.lost
        self.doubled += verdict.doubled
        self.set_aside += verdict.set_aside
        self.contradictions += bool(verdict.wrong)
        self.seconds += seconds

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.contradictions)

    def __str__(self) -> str:
        counts = (self.tried, self.lost, self.doubled, self.set_aside, self.contradictions)
        return f"{self.name:28}" + "".join(f"{n:>11}" for n in counts) + f"{self.seconds:>9.0f}"


HEAD = f"{'':28}" + "".join(
    f"{word:>11}" for word in ("tried", "lost", "doubled", "set aside", "contradict")
) + f"{'seconds':>9}"  # fmt: skip


def families(theatre: Theatre, seed: int, schedules: int, stride: int) -> Iterator[Family]:
    """Every kind of point; of the discovered ones each `stride`-th."""
    for family in (kills(theatre), *drops(theatre), full_disks(theatre)):
        yield Family(family.name, family.points[::stride])
    words = officials(theatre)
    # The longest of the days: of its sample every fourth will do.
    yield Family(words.name, words.points[:: stride if stride == 1 else 4 * stride])
    if stride == 1:
        # Long days; in the short form two of them are tests of their own.
        yield lost_among_acts(range(seed, seed + ACT_SEEDS))
    for family in (lost_files(theatre), clock_ahead(theatre)):
        yield Family(family.name, family.points[:: min(stride, 4)])
    yield Family("random schedules", [_schedule(seed, number) for number in range(schedules)])


def _schedule(seed: int, number: int) -> Point:
    faults = draw(seed, number)
    name = f"schedule {number} of seed {seed}: " + "; ".join(map(str, faults))
    return name, lambda theatre: play(theatre, faults)


def certify(theatre: Theatre, seed: int, schedules: int, stride: int) -> list[Line]:
    """Plays everything and gives the certificate; what went wrong is printed as it happens."""
    lines = []
    print(HEAD, flush=True)
    for family in families(theatre, seed, schedules, stride):
        line = Line(family.name)
        for name, point in family.points:
            begun = time.monotonic()
            verdict = point(theatre)
            line.add(verdict, time.monotonic() - begun)
            if not verdict.is_clean:
                print(f"  ! {family.name}: {name}: {'; '.join(verdict.wrong)}", flush=True)
        print(line, flush=True)
        lines.append(line)
    return lines


def main() -> int:
    """Reads the arguments, plays, and judges."""
    parser = argparse.ArgumentParser(prog="python -m drill", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="a sample of points under a fixed seed")
    asked = parser.parse_args()
    seed, schedules, stride = asked.seed, asked.schedules, 1
    if asked.quick:
        seed, schedules, stride = QUICK_SEED, QUICK_SCHEDULES, QUICK_STRIDE
    print(f"seed {seed}, {schedules} schedules", flush=True)
    with stage() as theatre:
        lines = certify(theatre, seed, schedules, stride)
    return 0 if all(line.is_clean for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
