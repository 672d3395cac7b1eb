"""answers: what a page or an act of the desk comes to, as values, before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.acts.faults import Refused
from pipeline.desk.people import Person
from pipeline.desk.sessions import Session
from pipeline.domain.faults import OperatorFault

# No letter, list, page or question has a longer number, and the ledger could not be asked for one.
LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who has logged in: what is in its address, and what a form sent.

    `files` are the files of a form, by field: the name they came under, and their bytes.
    """

    person: Person
    session: Session
    path: str
    named: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict, repr=False)


def because_of(visit: Visit) -> str:
    """Gives the reason of an act; raises Refused for one of blanks alone, which a browser lets through."""
    because = visit.form.get("because", "").strip()
    if not because:
        raise Refused("act_without_reason")
    return because


def number_in(text: str) -> int | None:
    """Gives the number that a form's field or a page's address holds; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER else None


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the name of its template, and what fills it.

    `looked_at` names whose papers it shows; that somebody looked is written down before it is sent.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    looked_at: str = ""


@dataclass(frozen=True, slots=True)
class Go:
    """The way on after an act: to another page, and what is told there."""

    to: str
    notice: str = ""
    fills: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be kept, never to be shown."""

    name: str
    media_type: str
    data: bytes = field(repr=False)
    looked_at: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that our own workers draw, away from the ledger, where they can."""

    draw: Callable[[], bytes | None] = field(repr=False)
    looked_at: str = ""


Answer = Page | Go | Download | Picture


class NotHere(OperatorFault):
    """There is no such page, mail or picture."""


class NotTheirs(OperatorFault):
    """Somebody asks for what their role does not allow."""
