"""troubles: what is wrong with the world, and when a person hears of it: once, and once that it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# These last until a person does something: to wait before telling would help nobody.
_AT_ONCE = frozenset(
    {
        "login_refused",
        "in_doubt",
        "stopped",
        "clock_differs",
        "clock_unproved",
        "quota",
        "sender_refused",
        "relay_refused",
        "starttls_wanted",
        "refuses_all",
        "list_failed",
        "uids_rewound",
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, by its name ("imap/<account>", "smtp", "disk" ...), and how far it has come.

    `reason` is a slug of what was last seen of it; `calm_since` is set while it is no longer seen.
    """

    name: str
    reason: str
    since: datetime
    seen_at: datetime
    alarmed_at: datetime | None = None
    calm_since: datetime | None = None
    # What a log-in was refused with, keyed, so that the same is not tried over and over.
    refused_with: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """What one run saw of a trouble."""

    reason: str
    refused_with: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """What follows from a run: troubles to write down, to tell of, to tell the end of, and to forget."""

    kept: tuple[Trouble, ...] = ()
    alarms: tuple[Trouble, ...] = ()
    all_clears: tuple[Trouble, ...] = ()
    forgotten: tuple[Trouble, ...] = ()


def follow(
    standing: Mapping[str, Trouble], seen: Mapping[str, Sign | None], now: datetime, patience: timedelta
) -> Course:
    """Follows every trouble from one run to the next; `seen` holds None where all was found well.

    A trouble that ends before anybody was told is forgotten. One that was told of is over when it has been
    calm for as long as it took to tell: a server that comes and goes costs two letters a day, not forty.
    Nothing changes where nothing new was seen, so that a long trouble writes nothing.
    """
    course = Course()
    for name in sorted({*standing, *seen}):
        before, sign = standing.get(name), seen.get(name)
        if sign:
            trouble = _seen(name, before, sign, now)
            if not trouble.alarmed_at and (now - trouble.since >= patience or sign.reason in _AT_ONCE):
                trouble = replace(trouble, alarmed_at=now)
                course = replace(course, alarms=(*course.alarms, trouble))
            if trouble != before:
                course = replace(course, kept=(*course.kept, trouble))
        elif before and not before.alarmed_at and name in seen:
            course = replace(course, forgotten=(*course.forgotten, before))
        elif before and before.calm_since and now - before.calm_since >= patience:
            course = replace(course, all_clears=(*course.all_clears, before))
        elif before and not before.calm_since and name in seen:
            calm = replace(before, calm_since=now)
            course = replace(course, kept=(*course.kept, calm))
    return course


def _seen(name: str, before: Trouble | None, sign: Sign, now: datetime) -> Trouble:
    if before is None:
        return Trouble(name, sign.reason, now, now, refused_with=sign.refused_with)
    seen_at = now if sign.refused_with else before.seen_at
    return replace(
        before, reason=sign.reason, refused_with=sign.refused_with, seen_at=seen_at, calm_since=None
    )


def is_spared(trouble: Trouble | None, refused_with: str, now: datetime, pause: timedelta) -> bool:
    """Tells whether a log-in is left alone: the same was refused lately, and trying may lock the account."""
    return (
        trouble is not None
        and trouble.refused_with != ""
        and trouble.refused_with == refused_with
        and timedelta() <= now - trouble.seen_at < pause
    )
