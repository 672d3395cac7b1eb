"""rebuild: the mail folders and the copies of our letters → a ledger that goes on where the lost one stood.

Every mail that was filed is judged again, in the order and on the days that they came, between the lists,
reports and officials' words that the copies tell of; numbers are made from digests and come out the same.
Nothing is sent, then or later: what no copy proves stands in doubt, for a person to see in the report. Mail
that still lies in the inbox was never answered, and is left for the next poll.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from pipeline.adapters import rebuilding
from pipeline.adapters.mailbox import Fetched, FolderMissing, Mailbox
from pipeline.adapters.reading_room import begin_reading, finish_reading
from pipeline.adapters.rebuilding import Copy
from pipeline.cases import latest_open, mail_number
from pipeline.domain import Arrival, Attachment, Event, Outcome, Place, Procedure
from pipeline.followup import an_entry
from pipeline.nights import night_due
from pipeline.releasing import release
from pipeline.runs import Opened, decide, enter_shunted, open_mail
from pipeline.settings import Account
from pipeline.shop import Shop, imap_account
from pipeline.stages.read import read
from pipeline.stages.unpack import sender_of
from pipeline.turkish import IdentityNumber
from pipeline.workbook import XLSX

_SETTLED = {"settled-accepted": "accepted", "settled-returned": "returned"}
_REMINDER = "reminders/"


@dataclass(frozen=True, slots=True)
class Filed:
    """A mail in the folder of its outcome."""

    place: Place
    sha: str
    received_at: datetime
    outcome: Outcome


@dataclass(slots=True)
class Rebuilt:
    """What was found and written, and what a person should know of it."""

    mails: int = 0
    known: int = 0
    letters: int = 0
    in_doubt: int = 0
    lists: int = 0
    nights: int = 0
    settled: int = 0
    # Cases taken as listed, where there are no copies to tell.
    assumed: int = 0
    # Mails that end otherwise than the folder says that they did: number, then, now.
    differing: list[tuple[str, Outcome, Outcome]] = field(default_factory=list)
    # By list, how many of its rows belong to nobody whose mail was found.
    strangers: dict[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Tells whether nothing is left for a person to look at."""
        return not (self.in_doubt or self.differing or self.strangers)


def rebuild(shop: Shop) -> Rebuilt:
    """Brings the ledger to what the folders tell; it is replaced as a whole at the end, or not at all.

    The shop's ledger is closed afterwards.
    """
    rebuilt = Rebuilt()
    file = shop.home.ledger_file.with_suffix(".rebuilt")
    # What this very ledger has yet to send, it may send; what an old one had, is long gone or lost.
    sure = 0 if shop.home.is_restored else rebuilding.last_letter(shop.ledger)
    ledger = rebuilding.draft_of(shop.ledger, file, shop.home.key)
    try:
        drafting = replace(shop, ledger=ledger)
        copies = {copy.message_id: copy for copy in _copies(shop)}
        mails = list({mail.sha: mail for mail in _filed(drafting)}.values())
        _tell(drafting, mails, copies, rebuilt)
        _letters(drafting, copies, sure, rebuilt)
        if not shop.settings.evidence:
            _assume_listed(drafting, rebuilt)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    finally:
        ledger.close()
    shop.ledger.close()
    shop.home.take_ledger(file)
    return rebuilt


# --- what there is -----------------------------------------------------------------------------


def _copies(shop: Shop) -> Iterator[Copy]:
    evidence = shop.settings.evidence
    if evidence is None:
        return
    account = next(a for a in shop.settings.accounts if a.name == evidence.account)
    for _, mail in _mails_in(account, evidence.folder, shop.settings.budget.largest_mail_bytes):
        if copy := rebuilding.as_copy(mail.raw, shop.policy.office.sender):
            yield copy


def _filed(shop: Shop) -> Iterator[Filed]:
    for account in shop.settings.accounts:
        for outcome in Outcome:
            folder = getattr(account.file_into, outcome)
            for place, mail in _mails_in(account, folder, shop.settings.budget.largest_mail_bytes):
                yield Filed(place, shop.home.keep(mail.raw), mail.received_at, outcome)


def _mails_in(account: Account, folder: str, largest: int) -> Iterator[tuple[Place, Fetched]]:
    with Mailbox(replace(imap_account(account), folder=folder)) as mailbox:
        try:
            validity = mailbox.select().uidvalidity
        except FolderMissing:
            return
        for mail in mailbox.fetch(mailbox.uids(account.since), largest):
            if isinstance(mail, Fetched):
                yield Place(account.name, folder, validity, mail.uid), mail


# --- what happened, in its order ---------------------------------------------------------------


def _tell(shop: Shop, mails: Sequence[Filed], copies: Mapping[str, Copy], rebuilt: Rebuilt) -> None:
    """Has everything happen again: a mail when it came, an office's step when its letter was written."""
    zone = shop.settings.zone
    fresh = sorted(
        (m for m in mails if not shop.ledger.is_decided(m.sha)), key=lambda m: (m.received_at, m.sha)
    )
    rebuilt.known = len(mails) - len(fresh)
    days = [(m.received_at.astimezone(zone).date(), m.received_at) for m in fresh]
    runs = rebuilding.begin_runs(shop.ledger, days)
    steps = sorted(
        [(m.received_at, 0, m.sha, m) for m in fresh]
        # The list before the report of the same moment.
        + [(c.written_at, 1, c.kind, c) for c in copies.values()],
        key=lambda step: step[:3],
    )
    for *_, what in steps:
        if isinstance(what, Filed):
            _judge_again(shop, what, runs[what.received_at.astimezone(zone).date()], rebuilt)
        else:
            _step(shop, what, rebuilt)


def _judge_again(shop: Shop, mail: Filed, run: int, rebuilt: Rebuilt) -> None:
    ledger, policy = shop.ledger, shop.policy
    arrival = Arrival(mail.sha, shop.home.raw(mail.sha), mail.received_at)
    rebuilding.keep_filed(ledger, mail.place, arrival, sender_of(arrival.raw), run)
    at = mail.received_at.astimezone(UTC)
    if mail.outcome is Outcome.SHUNTED:
        # It may be what a run died over: nobody opens it again without being asked to.
        enter_shunted(ledger, Opened(arrival, None, "", ()), "rebuilt", policy, at)
    else:
        opened = open_mail(ledger, arrival, policy, shop.readers, ())
        now = decide(ledger, opened, policy, shop.readers, at, at.astimezone(shop.settings.zone).date())
        if now is not mail.outcome:
            rebuilt.differing.append((mail_number(mail.sha), mail.outcome, now))
    rebuilt.mails += 1


def _step(shop: Shop, copy: Copy, rebuilt: Rebuilt) -> None:
    """Does what a letter of the office's own tells of."""
    ledger = shop.ledger
    if copy.kind == "nightly":
        with ledger.transaction():
            day = date.fromisoformat(copy.about)
            rebuilt.nights += rebuilding.put_night(ledger, day, copy.number, copy.written_at)
    elif copy.kind == "batch" and not rebuilding.has_batch(ledger, copy.about):
        _list_again(shop, copy, rebuilt)
    elif copy.kind == "batch" and copy.recipient != shop.policy.office.it_unit:
        _release_again(shop, copy)
    elif copy.kind in _SETTLED:
        _settle_again(shop, copy, rebuilt)
    elif copy.kind == "complete" or copy.kind.startswith(_REMINDER):
        _step_of_case(shop, copy)


def _step_of_case(shop: Shop, copy: Copy) -> None:
    """Writes down that a case was closed, or its person reminded, as a letter about it tells."""
    number, _, day = copy.about.partition("/")
    case = shop.ledger.case(number)
    is_closing = copy.kind == "complete"
    proof = f"complete/{day}" if is_closing else copy.kind.removeprefix(_REMINDER)
    if case is None or any(entry.proof == proof for entry in shop.ledger.entries_of(number)):
        return
    entry = an_entry(
        case,
        Event.CLOSED if is_closing else Event.REMINDED,
        copy.written_at.astimezone(shop.settings.zone).date(),
        proof,
    )
    with shop.ledger.transaction():
        shop.ledger.add_entries([entry], sender="")


def _list_again(shop: Shop, copy: Copy, rebuilt: Rebuilt) -> None:
    """Puts the people of a list that went out on it again, so that they go on no other."""
    workbook = next(rebuilding.workbooks(copy), b"")
    digest = hashlib.sha256(workbook).hexdigest()
    people = _people_in(shop, Attachment(f"{digest}.xlsx", XLSX, workbook, digest), copy.written_at)
    cases = []
    for position, number in enumerate(people, start=1):
        found = shop.ledger.cases_of(number) if number else []
        case = latest_open(c for c in found if c.procedure is Procedure.LOST_OR_STOLEN and not c.batch)
        if case:
            cases.append((position, case))
    if len(cases) < len(people):
        rebuilt.strangers[copy.about] = len(people) - len(cases)
    office = shop.policy.office
    with shop.ledger.transaction():
        rebuilding.put_batch(
            shop.ledger,
            copy.about,
            cases,
            workbook,
            digest,
            copy.recipient == office.it_unit,
            len(people),
            copy.written_at,
        )
    rebuilt.lists += 1


def _release_again(shop: Shop, copy: Copy) -> None:
    """Notes that a list which waited for its release went to Kamu SM."""
    day = copy.written_at.astimezone(shop.settings.zone).date()
    with shop.ledger.transaction():
        proof = f"copy/{copy.message_id}"
        released = release(
            shop.ledger, copy.about, "rebuild", proof, shop.policy, copy.written_at.astimezone(UTC), day
        )
        shop.ledger.add_entries(released.entries, sender="")


def _people_in(shop: Shop, file: Attachment, at: datetime) -> list[IdentityNumber | None]:
    policy = shop.policy
    reading = begin_reading(shop.ledger, [file], policy.clues, shop.readers, ())
    files = finish_reading(shop.ledger, reading, at).files
    evidence = read(files, policy.patterns)
    return [holder.identity_number for holder in evidence.holders]


def _settle_again(shop: Shop, copy: Copy, rebuilt: Rebuilt) -> None:
    """Repeats an official's word as far as the letter about it tells: what, when; not who, nor why."""
    ledger, state = shop.ledger, _SETTLED[copy.kind]
    hold, held = ledger.hold(copy.about), ledger.judged(copy.about)
    if held is None or hold is None or hold["state"] != "open":
        return
    day = copy.written_at.astimezone(shop.settings.zone).date()
    entries = held.decision.withheld if state == "accepted" else ()
    with ledger.transaction():
        ledger.settle(held.sha, state, "rebuild", "rebuild", copy.written_at.astimezone(UTC))
        ledger.add_entries((replace(e, day=day, proof=f"settle/{held.number}") for e in entries), held.sender)
    rebuilt.settled += 1


def _letters(shop: Shop, copies: Mapping[str, Copy], sure: int, rebuilt: Rebuilt) -> None:
    """Takes all letters after a sure one out of the post: what a copy proves is done, the rest in doubt."""
    ledger = shop.ledger
    answered = {copy.about for copy in copies.values() if copy.kind not in _SETTLED}
    with ledger.transaction():
        for about in sorted(answered):
            rebuilding.drop_unsent(ledger, about)
        for copy in copies.values():
            rebuilding.put_copy(ledger, copy)
        if shop.settings.evidence:
            rebuilt.in_doubt = rebuilding.decide_unsent(ledger, sure, "in_doubt", "no copy found")
        else:
            # A mail that was filed was answered with it, but for those over which the ledger was lost.
            rebuilding.decide_unsent(ledger, sure, "done", "taken as sent")
    rebuilt.letters = len(copies)


def _assume_listed(shop: Shop, rebuilt: Rebuilt) -> None:
    """Takes everybody who came before the last night as listed, where no copy can tell who was.

    Somebody who is left out can be asked for; a second list of everybody cannot be called back.
    """
    due = night_due(shop)
    until = datetime.combine(due, shop.settings.schedule.night_at, shop.settings.zone)
    last = shop.ledger.last_night()
    if last and last.day >= due:
        return
    cases = [
        case
        for case in shop.ledger.unbatched_cases()
        if datetime.fromisoformat(rebuilding.came_at(shop.ledger, case.number)) <= until
    ]
    with shop.ledger.transaction():
        rebuilding.put_night(shop.ledger, due, last.number + 1 if last else 1, until)
        if cases:
            listed = list(enumerate(cases, start=1))
            rebuilding.put_batch(shop.ledger, f"{due}/1", listed, b"", "", False, len(cases), until)
    rebuilt.assumed = len(cases)
