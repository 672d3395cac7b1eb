"""The certificate: what is played, in parts side by side, and what was lost or came twice in it."""

from __future__ import annotations

import multiprocessing
import resource
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from queue import Empty
from typing import Any

from drill.desk_acts import lost_among_acts
from drill.points import Family, Point, clock_ahead, drops, full_disks, kills, lost_files
from drill.schedules import draw, play
from drill.service import killed_service
from drill.stage import Theatre, Verdict, stage
from drill.words import officials

# So many days of officials among whose acts the disk is lost, from the drill's seed on.
ACT_SEEDS = 60
QUICK_STRIDE, QUICK_SCHEDULES, QUICK_SEED = 199, 5, 88
SCHEDULES = "random schedules"


@dataclass(frozen=True)
class Plan:
    """What is to be played: schedules of a seed by their numbers, and of the discovered points every so many.

    With a stride of 0 schedules alone. None is begun later than `until`, on the monotonic clock.
    """

    seed: int
    first: int
    schedules: int
    stride: int
    until: float = float("inf")


@dataclass(frozen=True)
class Played:
    """One point, and what became of it; `number` is a schedule's."""

    family: str
    name: str
    verdict: Verdict
    seconds: float
    number: int = -1


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

    def add(self, played: Played) -> None:
        """Counts one point."""
        self.tried += 1
        self.lost += played.verdict.lost
        self.doubled += played.verdict.doubled
        self.set_aside += played.verdict.set_aside
        self.contradictions += bool(played.verdict.wrong)
        self.seconds += played.seconds

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.contradictions)

    def __str__(self) -> str:
        counts = (self.tried, self.lost, self.doubled, self.set_aside, self.contradictions)
        return f"{self.name:28}" + "".join(f"{n:>11}" for n in counts) + f"{self.seconds:>9.0f}"


HEAD = f"{'':28}" + "".join(
    f"{word:>11}" for word in ("tried", "lost", "doubled", "set aside", "contradict")
) + f"{'seconds':>9}"  # fmt: skip


@dataclass
class Certificate:
    """What was played so far, by family."""

    lines: dict[str, Line] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)

    def add(self, played: Played) -> None:
        """Counts a point; what went wrong at it is printed at once."""
        self.lines.setdefault(played.family, Line(played.family)).add(played)
        self.numbers.add(played.number)
        if not played.verdict.is_clean:
            print(f"  ! {played.family}: {played.name}: {'; '.join(played.verdict.wrong)}", flush=True)

    @property
    def is_clean(self) -> bool:
        return all(line.is_clean for line in self.lines.values())

    def __str__(self) -> str:
        return "\n".join([HEAD, *map(str, self.lines.values())])


def families(theatre: Theatre, seed: int, stride: int) -> Iterator[Family]:
    """Every kind of point that is discovered; of each every `stride`-th."""
    for family in (kills(theatre), *drops(theatre), full_disks(theatre)):
        yield Family(family.name, family.points[::stride])
    words = officials(theatre)
    # The longest of the days: of its sample every fourth will do.
    yield Family(words.name, words.points[:: stride if stride == 1 else 4 * stride])
    if stride == 1:
        # Long days; in the short form two of them are tests of their own.
        yield lost_among_acts(range(seed, seed + ACT_SEEDS))
    # By the clock on the wall, and as many processes as there are offices: one will do in the short form.
    service = killed_service()
    yield Family(service.name, service.points[:: min(stride, len(service.points))])
    for family in (lost_files(theatre), clock_ahead(theatre)):
        yield Family(family.name, family.points[:: min(stride, 4)])


def certify(theatre: Theatre, plan: Plan, part: int = 0, parts: int = 1) -> Iterator[Played]:
    """Plays one part of several of a plan."""
    for family in families(theatre, plan.seed, plan.stride) if plan.stride else ():
        for point in family.points[part::parts]:
            yield _played(theatre, family.name, point)
    for number in range(plan.first + part, plan.first + plan.schedules, parts):
        if time.monotonic() >= plan.until:
            return
        yield replace(_played(theatre, SCHEDULES, _schedule(plan.seed, number)), number=number)


def _played(theatre: Theatre, family: str, point: Point) -> Played:
    name, play_it = point
    begun = time.monotonic()
    verdict = play_it(theatre)
    return Played(family, name, verdict, time.monotonic() - begun)


def _schedule(seed: int, number: int) -> Point:
    faults = draw(seed, number)
    name = f"schedule {number} of seed {seed}: " + "; ".join(map(str, faults))
    return name, lambda theatre: play(theatre, faults)


# --- side by side ------------------------------------------------------------------------------


def _part(plan: Plan, part: int, parts: int, told: Any) -> None:
    """Plays a part in a process of its own; tells each point, and at the end the processors' seconds."""
    try:
        with stage() as theatre:
            for played in certify(theatre, plan, part, parts):
                told.put(played)
    except Exception:
        told.put(Played("the drill itself", traceback.format_exc(), Verdict(wrong=("it broke off",)), 0.0))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    told.put(sum(one.ru_utime + one.ru_stime for one in used))


def side_by_side(plan: Plan, jobs: int, certificate: Certificate) -> float:
    """Plays a plan in so many processes and gives the processors' seconds that it took."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    parts = [context.Process(target=_part, args=(plan, part, jobs, told)) for part in range(jobs)]
    for part in parts:
        part.start()
    used = list(_heard(parts, told, certificate))
    for part in parts:
        part.join()
    if len(used) < jobs:
        certificate.add(Played("the drill itself", "a process", Verdict(wrong=("it died",)), 0.0))
    return sum(used)


def _heard(parts: Sequence[BaseProcess], told: Any, certificate: Certificate) -> Iterator[float]:
    """Adds what the parts tell to the certificate; gives what each tells last."""
    left = len(parts)
    while left:
        is_over = not any(part.is_alive() for part in parts)
        try:
            heard = told.get(timeout=1)
        except Empty:
            if is_over:
                return
            continue
        if isinstance(heard, Played):
            certificate.add(heard)
        else:
            left -= 1
            yield heard
