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

from pipeline.acts.followup import an_entry
from pipeline.acts.releasing import release
from pipeline.acts.repeating import is_repeatable, repeat
from pipeline.domain import (
    Arrival,
    Attachment,
    Event,
    HoldState,
    LetterState,
    OfficeLetter,
    Outcome,
    Place,
    Procedure,
)
from pipeline.domain.cases import latest_open
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import IdentityNumber
from pipeline.intake.deciding import judge_again
from pipeline.judging.discretion import claims_named
from pipeline.judging.read import read
from pipeline.ledger import folders, rebuilding
from pipeline.ledger.acts import about_of_act, is_known, opened_act
from pipeline.ledger.book import Ledger
from pipeline.ledger.casework import note_release
from pipeline.ledger.home import Home
from pipeline.ledger.rebuilding import Copy, SentList
from pipeline.ledger.settlements import (
    Settlement,
    claims_left,
    made_today,
    not_any_more,
    note_settlement,
)
from pipeline.lists.form import XLSX
from pipeline.mail.imap import Fetched, FolderMissing, Mailbox
from pipeline.mail.unpack import sender_of
from pipeline.night.closing import night_due
from pipeline.office.continuity import codes_outside
from pipeline.office.settings import Account
from pipeline.office.shop import Shop, imap_account
from pipeline.office.transcripts import begin_transcripts, finish_transcripts

_SETTLED: Mapping[str, HoldState] = {
    "settled-accepted": HoldState.ACCEPTED,
    "settled-returned": HoldState.RETURNED,
    "settled-answered": HoldState.ANSWERED,
}
_REMINDER = "reminders/"
# What is wrong with ledger or key where there is nothing to go on with.
_BEYOND_USE = (
    "ledger_gone",
    "ledger_empty",
    "ledger_damaged",
    "ledger_damaged_backed_up",
    "key_gone",
    "key_damaged",
    "key_of_another_ledger",
)


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
    outcome_unknown: int = 0
    lists: int = 0
    nights: int = 0
    settled: int = 0
    # What people did that could not be done again is about these numbers.
    not_again: list[str] = field(default_factory=list)
    # Copies of acts that no key of this home has sealed as they are.
    unproved: list[str] = field(default_factory=list)
    # Cases taken as listed, where there are no copies to tell.
    assumed: int = 0
    # Mails that end otherwise than the folder says that they did: number, then, now.
    differing: list[tuple[str, Outcome, Outcome]] = field(default_factory=list)
    # By list, how many of its rows belong to nobody whose mail was found.
    strangers: dict[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Tells whether nothing is left for a person to look at."""
        return not (
            self.outcome_unknown or self.differing or self.strangers or self.not_again or self.unproved
        )


def make_way(home: Home) -> str:
    """Sets aside a ledger that cannot be gone on with, and gives the reason; call under the home's lock.

    Until `rebuild` has ended, nothing else runs. "" where ledger and key are there and belong together.
    """
    try:
        Ledger.open(home.ledger_file, home.key).close()
    except OperatorFault as fault:
        if fault.name not in _BEYOND_USE:
            raise
        home.set_aside_remains()
        return fault.name
    return ""


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
        copies = {copy.message_id: copy for copy in _copies(drafting)}
        mails = list({mail.sha: mail for mail in _filed(drafting)}.values())
        _tell(drafting, mails, copies, rebuilt)
        _letters(drafting, copies, sure, rebuilt)
        # With another key nothing proves an act; what a letter tells of it was taken from that.
        rebuilt.unproved = [c for c in rebuilt.unproved if not _is_told(drafting, copies[c])]
        if not shop.settings.sent_copies:
            _assume_listed(drafting, rebuilt)
        for code in codes_outside(drafting):
            if not ledger.has_code(code) and not ledger.rebuilt_without(code):
                ledger.note_rebuilt_without(code, shop.clock())
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
    kept = shop.settings.sent_copies
    if kept is None:
        return
    account = next(a for a in shop.settings.accounts if a.name == kept.account)
    for _, mail in _mails_in(shop, account, kept.folder):
        if copy := rebuilding.as_copy(mail.raw, shop.policy.office.sender):
            yield copy


def _filed(shop: Shop) -> Iterator[Filed]:
    for account in shop.settings.accounts:
        for outcome in Outcome:
            folder = getattr(account.file_into, outcome)
            for place, mail in _mails_in(shop, account, folder):
                yield Filed(place, shop.home.keep(mail.raw), mail.received_at, outcome)


def _mails_in(shop: Shop, account: Account, folder: str) -> Iterator[tuple[Place, Fetched]]:
    """Fetches what lies in a folder, which is known from then on."""
    with Mailbox(replace(imap_account(account), folder=folder)) as mailbox:
        try:
            state = mailbox.select()
        except FolderMissing:
            return
        newest = None
        largest = shop.settings.budget.largest_mail_bytes
        for mail in mailbox.fetch(mailbox.uids(account.since), largest):
            if isinstance(mail, Fetched):
                newest = max(newest or mail.received_at, mail.received_at)
                yield Place(account.name, folder, state.uidvalidity, mail.uid), mail
    with shop.ledger.transaction():
        until = (state.uidvalidity, state.uidnext)
        folders.note_folder(shop.ledger, account.name, folder, until, newest)


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
        [(m.received_at, 0, m.sha, m.received_at, m) for m in fresh]
        # The list before the report of the same moment.
        + [(c.written_at, 1, c.kind, _moment(shop, c), c) for c in copies.values()],
        key=lambda step: step[:4],
    )
    for *_, what in steps:
        if isinstance(what, Filed):
            _judge_again(shop, what, runs[what.received_at.astimezone(zone).date()], rebuilt)
        else:
            _step(shop, what, rebuilt)


def _moment(shop: Shop, copy: Copy) -> datetime:
    """Tells when a letter was written; of an act to the microsecond, as its sealed file does."""
    is_act = copy.kind == OfficeLetter.ACT
    done = opened_act(shop.ledger, rebuilding.act_file(copy), copy.message_id) if is_act else None
    return done.at if done else copy.written_at


def _judge_again(shop: Shop, mail: Filed, run: int, rebuilt: Rebuilt) -> None:
    ledger = shop.ledger
    arrival = Arrival(mail.sha, shop.home.raw(mail.sha), mail.received_at)
    rebuilding.keep_filed(ledger, mail.place, arrival, sender_of(arrival.raw), run)
    # It may be what a run died over: nobody opens it again without being asked to.
    aside = "rebuilt" if mail.outcome is Outcome.SHUNTED else ""
    now = judge_again(shop.sitting(mail.received_at.astimezone(UTC)), arrival, aside)
    if now is not mail.outcome:
        rebuilt.differing.append((ledger.number_for(mail.sha), mail.outcome, now))
    rebuilt.mails += 1


def _step(shop: Shop, copy: Copy, rebuilt: Rebuilt) -> None:
    """Does what a letter of the office's own tells of."""
    ledger = shop.ledger
    if copy.kind == OfficeLetter.ACT:
        _act_again(shop, copy, rebuilt)
    elif copy.kind == OfficeLetter.NIGHTLY:
        with ledger.transaction():
            day = date.fromisoformat(copy.about)
            rebuilt.nights += rebuilding.put_night(ledger, day, copy.number, copy.written_at)
    elif copy.kind == OfficeLetter.BATCH and not rebuilding.has_batch(ledger, copy.about):
        _list_again(shop, copy, rebuilt)
    elif copy.kind == OfficeLetter.BATCH and copy.recipient != shop.policy.office.it_unit:
        _release_again(shop, copy)
    elif _settled_by(copy):
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
    is_for_release = copy.recipient == shop.policy.office.it_unit
    sent = SentList(copy.about, workbook, digest, len(people), is_for_release, copy.written_at)
    with shop.ledger.transaction():
        rebuilding.put_batch(shop.ledger, sent, cases)
    rebuilt.lists += 1


def _release_again(shop: Shop, copy: Copy) -> None:
    """Notes that a list which waited for its release went to Kamu SM."""
    sitting = shop.sitting(copy.written_at.astimezone(UTC))
    with shop.ledger.transaction():
        released = release(sitting, copy.about, "rebuild", f"copy/{copy.message_id}")
        if released.batch:
            note_release(shop.ledger, released.batch, "rebuild", sitting.now)
        shop.ledger.add_entries(released.entries, sender="")


def _people_in(shop: Shop, file: Attachment, at: datetime) -> list[IdentityNumber | None]:
    policy = shop.policy
    begun = begin_transcripts(shop.ledger, [file], policy.clues, shop.readers, ())
    files = finish_transcripts(shop.ledger, begun, at).files
    evidence = read(files, policy.patterns)
    return [holder.identity_number for holder in evidence.holders]


def _act_again(shop: Shop, copy: Copy, rebuilt: Rebuilt) -> None:
    """Has a person do again what they did, by the sealed file in the copy of it: who, why, and everything."""
    done = opened_act(shop.ledger, rebuilding.act_file(copy), copy.message_id)
    if done is None:
        rebuilt.unproved.append(copy.message_id)
        return
    if not is_repeatable(done) or is_known(shop.ledger, copy.message_id):
        return
    then = replace(shop, clock=lambda: done.at)
    try:
        # In an attempt of its own: what the ledger of that day let through, this one may not.
        repeat(then, done)
    except OperatorFault:
        rebuilt.not_again.append(done.about)
        return
    rebuilt.settled += 1


def _is_told(shop: Shop, copy: Copy) -> bool:
    """Tells whether the mail that an act is about waits no longer."""
    mail = shop.ledger.judged_number(about_of_act(rebuilding.act_file(copy)))
    hold = shop.ledger.hold(mail.sha) if mail else None
    return hold is not None and hold["state"] != "open"


def _settle_again(shop: Shop, copy: Copy, rebuilt: Rebuilt) -> None:
    """Repeats an official's word as far as the letter about it tells: what, when; not who, nor why."""
    ledger, state = shop.ledger, _SETTLED[_settled_by(copy)]
    name = copy.kind.partition("/")[2]
    hold, held = ledger.hold(copy.about), ledger.judged(copy.about)
    if held is None or hold is None or hold["state"] != HoldState.OPEN:
        return
    meant = claims_named(name, claims_left(ledger, held), held.decision)
    day = copy.written_at.astimezone(shop.settings.zone).date()
    withheld = [claim.entry for claim in meant if claim.entry]
    entries = made_today(held, withheld, day) if state is HoldState.ACCEPTED else ()
    # What the ledger of that day let through, this one may not: then the mail waits for an official again.
    if not meant or not_any_more(ledger, held, entries):
        return
    at = copy.written_at.astimezone(UTC)
    with ledger.transaction():
        for claim in meant if name else (None,):
            note_settlement(ledger, held, Settlement(state, "rebuild", "rebuild", at, claim))
        ledger.add_entries(entries, held.sender)
    rebuilt.settled += 1


def _settled_by(copy: Copy) -> str:
    """Names the kind of a letter that tells an official's word about a held mail; "" for another's."""
    kind = copy.kind.partition("/")[0]
    return kind if kind in _SETTLED else ""


def _letters(shop: Shop, copies: Mapping[str, Copy], sure: int, rebuilt: Rebuilt) -> None:
    """Takes all letters after a sure one out of the post: what a copy proves is done, the rest in doubt."""
    ledger = shop.ledger
    told = [copy for copy in copies.values() if copy.kind != OfficeLetter.ACT]
    answered = {copy.about for copy in told if not _settled_by(copy)}
    with ledger.transaction():
        for about in sorted(answered):
            rebuilding.drop_unsent(ledger, about)
        for copy in copies.values():
            rebuilding.put_copy(ledger, copy)
        if shop.settings.sent_copies:
            unknown = LetterState.OUTCOME_UNKNOWN
            rebuilt.outcome_unknown = rebuilding.decide_unsent(ledger, sure, unknown, "no copy found")
        else:
            # A mail that was filed was answered with it, but for those over which the ledger was lost.
            rebuilding.decide_unsent(ledger, sure, LetterState.DONE, "taken as sent")
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
            rebuilding.put_batch(shop.ledger, SentList(f"{due}/1", b"", "", len(cases), False, until), listed)
    rebuilt.assumed = len(cases)
