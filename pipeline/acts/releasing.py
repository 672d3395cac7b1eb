"""releasing: a list that waited for the IT unit's word goes to Kamu SM, the very same bytes, once."""

from __future__ import annotations

import email
import email.policy
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pipeline.acts.acting import Act, Deed, acting
from pipeline.domain import (
    Batch,
    Consequence,
    Decision,
    Entry,
    Event,
    Finding,
    Letter,
    LetterState,
    Office,
    OfficeLetter,
    Subject,
    Submission,
)
from pipeline.domain.cases import disputed
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import heading, quotable
from pipeline.ledger.book import Ledger, StoredLetter
from pipeline.ledger.casework import note_release, stored_batch
from pipeline.ledger.unopened import unopened_of
from pipeline.letters.list_letter import batch_digest, list_letter
from pipeline.mail.unpack import plain_text
from pipeline.office.planning import plan
from pipeline.office.sitting import Sitting
from pipeline.policy.policy import Policy
from pipeline.policy.quoted_letter import OurLetter
from pipeline.policy.release_words import Hindrance, batch_named, may_release, why_no_release

if TYPE_CHECKING:
    from pipeline.office.shop import Shop

State = Literal["done", "again", "unknown", "not_for_release", "erased", "disputed"]


@dataclass(frozen=True, slots=True)
class Released:
    """What comes of the wish to release a list: the `batch`, its entries and letter, or why there are none.

    `leaving` are its cases that were withdrawn or closed since: Kamu SM has to be told of them. `pending` are
    the mails that would change or withdraw a case of the list, and have to be settled before it goes.
    """

    name: str
    state: State
    batch: Batch | None = None
    entries: tuple[Entry, ...] = ()
    letter: Letter | None = None
    count: int = 0
    leaving: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    by: str = ""
    at: datetime | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A releaser's mail about one list: a release, or what makes it none."""

    batch: str
    hindrance: Hindrance | None


def wish_of(ledger: Ledger, submission: Submission, policy: Policy) -> Wish | None:
    """Reads a releaser's mail about one list, known by its thread or its subject; None for every other mail.

    What is no release is one only as long as the list waits: afterwards it is a mail like others.
    """
    if not may_release(submission, policy.office):
        return None
    letters = _ours(ledger, submission)
    threads = {letter.about if letter.is_batch else batch_named(letter.subject) for letter in letters}
    named = {*threads, batch_named(submission.subject)} - {""}
    if len(named) != 1:
        return None
    name = named.pop()
    answered = _answered(letters, submission)
    if submission.references and not answered:
        # A word to a colleague who asked something about the list is an answer to that.
        hindrance: Hindrance | None = Hindrance("thread")
    else:
        if answered:
            letter = _as_quoted(answered, submission, policy.office)
        else:
            letter = OurLetter(subject=_subject_of(ledger, name))
        hindrance = why_no_release(submission, policy.release_words, policy.office, letter)
    if hindrance is None:
        return Wish(name, None)
    stored = stored_batch(ledger, name)
    is_waiting = stored is not None and stored.is_for_release and not stored.released_at
    return Wish(name, hindrance) if is_waiting else None


_RULE = "release"


def not_released(wish: Wish, policy: Policy) -> tuple[Finding, dict[str, str]]:
    """Puts into words why a list was not released: for the people who read the mail, and for its writer."""
    assert wish.hindrance is not None
    words = policy.texts.words["not_released"]
    told = {
        "batch": wish.batch,
        "state": "not_released",
        "why": words[wish.hindrance.why],
        "line": quotable(wish.hindrance.line)[:200],
    }
    finding = Finding(
        rule=_RULE,
        consequence=Consequence.HOLD,
        subject=Subject.SUBMISSION,
        index=0,
        about="",
        field="release",
        value=told["line"],
        say=words["say_line" if told["line"] else "say"].format(**told),
        remedy=words["remedy"],
        because=policy.release_words.because,
    )
    return finding, told


def _ours(ledger: Ledger, submission: Submission) -> list[StoredLetter]:
    """Finds the letters about lists in a mail's thread: those they came with, and our answers about them."""
    named = map(ledger.letter_named, dict.fromkeys(submission.references))
    kinds = (OfficeLetter.BATCH, OfficeLetter.RELEASE)
    return [letter for letter in named if letter and letter.kind in kinds]


def _subject_of(ledger: Ledger, name: str) -> str:
    """Gives the subject of the letter that brought a list, "" where there is no such list."""
    return next((letter.subject for letter in ledger.letters_about(name) if letter.is_batch), "")


def _answered(letters: list[StoredLetter], submission: Submission) -> StoredLetter | None:
    """Picks the letter of ours that a mail answers directly, rather than somebody else's mail about it."""
    headers = dict(reversed(submission.headers))
    ids = re.findall(r"<[^<>\s]+>", headers.get("in-reply-to", "")) or list(submission.references[-1:])
    return next((letter for letter in letters if ids == [letter.message_id]), None)


def _as_quoted(letter: StoredLetter, submission: Submission, office: Office) -> OurLetter:
    message = email.message_from_bytes(letter.body, policy=email.policy.default)
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    texts = [str(part.get_content()) for part in parts if not part.is_attachment()]
    plain = texts[:1] + [plain_text(text) for text in texts[1:]]
    names = f"{office.unit} {office.institution} {submission.sender_name}"
    return OurLetter(
        subject=letter.subject,
        texts=tuple(plain),
        addresses=frozenset(a.lower() for a in (office.sender, submission.sender, letter.recipient)),
        names=frozenset(heading(names).split()),
    )


def release_today(sitting: Sitting, name: str, by: str, proof: str, *, is_by_mail: bool = False) -> Released:
    """Tells what follows from a release, as `release` does, unless a mail that came since may take somebody
    off the list.

    One that comes by mail waits as well while another releaser's word against it has been read by nobody.
    """
    ledger = sitting.ledger
    stored = stored_batch(ledger, name)
    numbers = {case.number for case in stored.batch.cases} if stored and not stored.released_at else set()
    held = ledger.open_holds() if stored and stored.is_for_release else []
    pending = tuple(
        mail.number
        for mail in held
        if disputed([mail.decision]) & numbers
        or (is_by_mail and mail.sender != by and _objects(mail.decision))
    )
    if stored and numbers and stored.is_for_release:
        pending += tuple(
            mail.number or mail.place for mail in unopened_of(ledger, stored.batch.cases).values()
        )
    if pending:
        return Released(name, "disputed", pending=tuple(dict.fromkeys(pending)))
    return release(sitting, name, by, proof)


def _objects(decision: Decision) -> bool:
    """Tells whether a releaser wrote about a waiting list what is no release: another's yes is not theirs."""
    return any(finding.rule == _RULE for finding in decision.findings)


def release(sitting: Sitting, name: str, by: str, proof: str) -> Released:
    """Tells what follows from releasing a list where that has not been done, and writes nothing.

    Release, entries and letter are the caller's to write down, on the very ledger that was asked.
    """
    stored = stored_batch(sitting.ledger, name)
    if stored is None:
        return Released(name, "unknown")
    if not stored.is_for_release:
        return Released(name, "not_for_release")
    if stored.released_at:
        return Released(name, "again", by=stored.released_by, at=stored.released_at)
    batch, office = stored.batch, sitting.policy.office
    if not batch.workbook:
        return Released(name, "erased")
    return Released(
        name,
        "done",
        batch=batch,
        entries=tuple(
            Entry(c.number, c.procedure, c.identity_number, Event.RELEASED, sitting.today, proof)
            for c in batch.cases
        ),
        letter=list_letter(batch, office.kamu_sm, sitting.now, sitting.policy),
        count=len(batch.cases),
        leaving=tuple(case.number for case in batch.cases if case.is_closed),
        by=by,
        at=sitting.now,
        digest=batch_digest(batch),
    )


class _NotDone(Exception):
    """Takes back what was begun."""


def release_list(shop: Shop, name: str, act: Act) -> Released:
    """Sends a list that waited for its release to Kamu SM; raises OperatorFault where none can be sent."""
    sitting = shop.sitting()
    released = Released(name, "unknown")
    # A list that cannot be sent is no act: nothing of it is kept.
    with suppress(_NotDone), acting(shop, Deed("release", name), act):
        released = release_today(sitting, name, act.by, name)
        if not (released.batch and released.letter):
            raise _NotDone
        note_release(shop.ledger, released.batch, act.by, sitting.now)
        shop.ledger.add_entries(released.entries, sender="")
        plan(shop.ledger, released.letter, sitting.now)
    if released.state != "done":
        at = released.at and released.at.astimezone(shop.settings.zone)
        if any(
            letter.is_batch and letter.state is LetterState.FAILED
            for letter in shop.ledger.letters_about(name)
        ):
            raise OperatorFault("release_failed", batch=name, by=released.by)
        mails = ", ".join(released.pending)
        raise OperatorFault(f"release_{released.state}", batch=name, by=released.by, at=at, mails=mails)
    return released
