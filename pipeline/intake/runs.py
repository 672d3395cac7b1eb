"""runs: where the core meets the world, in the order of the office manual: write down, then act."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from pipeline.domain import (
    Arrival,
    Attachment,
    LetterState,
    Outcome,
    Place,
    Transcript,
)
from pipeline.domain.faults import OperatorFault
from pipeline.domain.troubles import Sign
from pipeline.intake.deciding import decide
from pipeline.intake.opening import Opened, left_closed, open_briefly, open_mail
from pipeline.ledger import folder_counts, quotas, stops
from pipeline.ledger.book import Undecided
from pipeline.ledger.folders import has_work
from pipeline.ledger.home import Home
from pipeline.ledger.quotas import Quota
from pipeline.mail.imap import Fetched, Mailbox
from pipeline.mail.unpack import sender_of
from pipeline.office.continuity import assure_newest
from pipeline.office.outbox import resolve_open_deliveries
from pipeline.office.shop import Run, Shop, a_run, measured, post_letters
from pipeline.office.watch import Watch, mailbox_trouble, watched
from pipeline.office.world import is_the_worlds

if TYPE_CHECKING:
    from pipeline.office.settings import Account

Files = Sequence[tuple[Attachment, Transcript]]

# After so many failed fetches a mail is set aside, and the mailbox goes on.
_MOST_TRIES = 5
# A mail that a run died over twice is not touched a third time.
_MOST_BEGINNINGS = 2
# So long a poll posts while somebody waits for the home, such as an official with an act; then it ends, and
# begins again behind them. It judges in one go: the breaker looks at all of that before a letter leaves.
_MOMENT_SECONDS = 2.0
# So much is on the table at a time, for the readers to work side by side within bounded memory.
_WINDOW_MAILS = 16
_WINDOW_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run did, in numbers for the terminal; `goes_on` where somebody goes before its other letters."""

    heard: int = 0
    decided: int = 0
    shunted: int = 0
    posted: int = 0
    goes_on: bool = False


Progress = Callable[[str, int, int], None]


def quiet(_step: str, _done: int, _total: int) -> None:
    """Tells nobody how far a run has come."""


# --- the day -----------------------------------------------------------------------------------


def poll(shop: Shop, progress: Progress = quiet) -> Tally:
    """Hears every mailbox, judges what came, files it and answers; finishes what a run before left."""
    heard = 0
    with measured(shop), a_run(shop, "poll") as run, watched(shop) as watch:
        # A poll that finds nothing to do writes but the times of two files: the disk has a life to live.
        shop.home.beat()
        look_for_copies(shop, watch)
        hearing = _for_a_while(shop)
        for account in shop.settings.accounts:
            with watch.trouble_waits(mailbox_trouble(account)):
                heard += hear(hearing, account, run, watch)
        if has_work(shop.ledger, shop.clock()):
            assure_newest(shop, watch, run)
        decided, shunted = decide_all(hearing, progress)
        for account in shop.settings.accounts:
            file_away(shop, account, watch)
        posted = hand_in(shop, watch, _enough_of(shop.home))
        goes_on = posted > 0 and shop.home.is_awaited() and bool(shop.ledger.due_letters(shop.clock()))
    return Tally(heard, decided, shunted, posted, goes_on)


def _enough_of(home: Home) -> Callable[[], bool]:
    """Gives what tells whether somebody waits for the home, and has waited for a moment by then."""
    until = time.monotonic() + _MOMENT_SECONDS
    return lambda: time.monotonic() >= until and home.is_awaited()


def _for_a_while(shop: Shop) -> Shop:
    """Gives the shop with an end to hearing and judging; what is judged by then is filed and answered."""
    until = shop.clock() + timedelta(minutes=shop.settings.budget.minutes_per_run)
    return replace(shop, is_over=lambda: shop.is_over() or shop.clock() >= until)


def hear(shop: Shop, account: Account, run: Run, watch: Watch) -> int:
    """Keeps the bytes of new mails, oldest first, and closes the session; gives how many.

    With nothing new this is one connection, LOGIN, STATUS and LOGOUT, however large the mailbox. Where more
    waits than one run takes, the server is asked who wrote each of them, so that a flood from one address
    holds up nobody else's mail.
    """
    ledger, budget = shop.ledger, shop.settings.budget
    heard = 0
    with Mailbox(watch.imap(account)) as mailbox:
        state = mailbox.state()
        watch.well(mailbox_trouble(account))
        is_as_left = folder_counts.is_as_left(ledger, account.name, account.folder, state)
        if is_as_left and not ledger.waiting(account.name, account.folder, 1):
            return 0
        state = mailbox.select()
        uids = mailbox.uids(account.since)
        if folder_counts.see_anew_if_rewound(ledger, account.name, account.folder, state):
            watch.saw(mailbox_trouble(account), Sign("uids_rewound"))
        ledger.note_snapshot(account.name, account.folder, state.uidvalidity, state.uidnext, uids)
        folder_counts.note_count(ledger, account.name, account.folder, state.messages)
        if len(ledger.waiting(account.name, account.folder, budget.mails_per_run + 1)) > budget.mails_per_run:
            unnamed = quotas.unnamed(ledger, account.name, account.folder)
            senders = [(uid, _writer(head)) for uid, head in mailbox.who_wrote(unnamed)]
            quotas.name(ledger, account.name, account.folder, senders)
        waiting = ledger.waiting(account.name, account.folder, budget.mails_per_run)
        for mail in takewhile(shop.goes_on, mailbox.fetch(waiting, budget.largest_mail_bytes)):
            place = Place(account.name, account.folder, state.uidvalidity, mail.uid)
            if isinstance(mail, Fetched):
                sha = shop.home.keep(mail.raw)
                arrival = Arrival(sha, mail.raw, mail.received_at)
                ledger.keep(place, arrival, _writer(mail.raw), run.note())
                heard += 1
            else:
                ledger.could_not_fetch(place, mail.why, _MOST_TRIES)
        # What nobody has fetched may say anything, of somebody who waits.
        if aside := quotas.unnamed_aside(ledger, account.name, account.folder):
            senders = [(uid, _writer(head)) for uid, head in mailbox.who_wrote(aside)]
            quotas.name(ledger, account.name, account.folder, senders)
    return heard


def _writer(head: bytes) -> str:
    """Names who wrote a mail; "" where its head is beyond reading, which is told when it is judged."""
    try:
        return sender_of(head)
    except Exception:
        return ""


def decide_all(shop: Shop, progress: Progress = quiet) -> tuple[int, int]:
    """Judges every kept mail that has no decision, oldest first; gives how many, and how many shunted.

    A sender with many mails takes turns with the others; beyond a day's budget they are set aside unread.
    Where the same thing suddenly hits most mails, nothing more is judged until a person has looked.
    """
    undecided = shop.ledger.undecided()
    if not undecided or stops.open_stop(shop.ledger):
        return 0, 0
    with shop.home.at_work() as died_over_it:
        if not died_over_it and any(mail.begun for mail in undecided):
            # A full disk, or the end of a run's time, is not what a mail has done.
            shop.ledger.forgive()
            undecided = shop.ledger.undecided()
        return _decide(shop, undecided, progress)


def _decide(shop: Shop, undecided: Sequence[Undecided], progress: Progress) -> tuple[int, int]:
    judged: list[str] = []
    done = shunted = 0
    for window, opened in _opened_ahead(shop, undecided):
        progress("judge", done, len(undecided))
        outcomes = [decide(shop.sitting(), mail) for mail in takewhile(shop.goes_on, opened)]
        done += len(outcomes)
        shunted += outcomes.count(Outcome.SHUNTED)
        judged += [m.sha for m in window[: len(outcomes)]]
        may_be_ours = Outcome.SHUNTED in outcomes or Outcome.RETURNED in outcomes
        if may_be_ours and (why := stops.look(shop.ledger, shop.policy.office.corporate_domains)):
            stops.stop(shop.ledger, why, judged, shop.clock())
            break
    return done, shunted


def _opened_ahead(
    shop: Shop, undecided: Sequence[Undecided]
) -> Iterator[tuple[Sequence[Undecided], list[Opened]]]:
    """Opens mails window by window, each while the one before is still to be judged, so that nobody waits.

    Never across a mail that was begun before: if the run died over that one, the others behind it would count
    as begun again, and after another time as what it died over.
    """
    ahead: tuple[Sequence[Undecided], list[Opened]] | None = None
    for window in takewhile(shop.goes_on, _windows(undecided)):
        if ahead and (ahead[0][0].begun or window[0].begun):
            yield ahead
            ahead = None
            if not shop.goes_on(window):
                return
        opened = window, _opened(shop, window, ahead[1] if ahead else [])
        if ahead:
            yield ahead
        ahead = opened
    if ahead:
        yield ahead


def _opened(shop: Shop, window: Sequence[Undecided], before: Sequence[Opened]) -> list[Opened]:
    if window[0].begun >= _MOST_BEGINNINGS:
        return [left_closed(Arrival(window[0].sha, b"", window[0].received_at), "crashed")]
    shop.ledger.begin([m.sha for m in window], shop.clock())
    return _on_the_table(shop, window, before)


def _on_the_table(shop: Shop, window: Sequence[Undecided], before: Sequence[Opened]) -> list[Opened]:
    """Opens mails together; a file that several of them bring, or those `before`, is read once."""
    budget, sitting = shop.settings.budget, shop.sitting()
    quota = Quota(budget.mails_per_day, budget.bytes_per_day, budget.reading_seconds_per_day)
    opened: list[Opened] = []
    for mail in window:
        begun = [other.begun for other in (*before, *opened) if other.begun]
        arrival, gone = _kept(shop, mail)
        if gone:
            opened.append(left_closed(arrival, gone))
        elif too_much := quotas.exceeded(shop.ledger, arrival.sha, quota):
            opened.append(open_briefly(arrival, shop.policy, too_much))
        else:
            opened.append(open_mail(sitting, arrival, begun))
    return opened


def _kept(shop: Shop, mail: Undecided) -> tuple[Arrival, str]:
    """Gives a mail's bytes; or none, and why, where they are gone or are not the same any more."""
    try:
        return Arrival(mail.sha, shop.home.raw(mail.sha), mail.received_at), ""
    except OperatorFault as fault:
        if fault.__cause__ and is_the_worlds(fault.__cause__):
            raise
        return Arrival(mail.sha, b"", mail.received_at), f"internal: {fault.name}"


def _windows(undecided: Sequence[Undecided]) -> Iterator[Sequence[Undecided]]:
    """Takes mails together so that their files are read side by side; one that was begun before, alone."""
    window: list[Undecided] = []
    for mail in undecided:
        size = mail.size + sum(m.size for m in window)
        if window and (mail.begun or len(window) == _WINDOW_MAILS or size > _WINDOW_BYTES):
            yield window
            window = []
        if mail.begun:
            yield [mail]
        else:
            window.append(mail)
    if window:
        yield window


def file_away(shop: Shop, account: Account, watch: Watch) -> None:
    """Moves judged mails into the folder of their outcome."""
    judged = shop.ledger.to_file(account.name, account.folder)
    if not judged:
        return
    # A run that was cut short, or a server that said yes and did half, may have copied mails already.
    was_troubled = mailbox_trouble(account) in watch.standing()
    with watch.trouble_waits(mailbox_trouble(account)), Mailbox(watch.imap(account)) as mailbox:
        validity = mailbox.select().uidvalidity
        for outcome in Outcome:
            places = [p for p, o in judged if o is outcome]
            here = [p for p in places if p.uidvalidity == validity]
            same = folder_counts.still_the_same(shop.ledger, mailbox, here) if here else []
            folder = getattr(account.file_into, outcome)
            # A copy that is found may be another mail's with the same bytes: each is filed before the next.
            for some in folder_counts.one_by_one(shop.ledger, same):
                others = folder_counts.copies_of_others(shop.ledger, some)
                gone = mailbox.file([p.uid for p in some], folder, was_troubled, others)
                folder_counts.note_gone(shop.ledger, account.name, account.folder, gone)
                shop.ledger.filed(some)
            # Under another UIDVALIDITY the mail has been seen again and will be filed as that.
            shop.ledger.filed([p for p in places if p.uidvalidity != validity])


def look_for_copies(shop: Shop, watch: Watch) -> None:
    """Finds out about letters that a run before this one died over."""
    kept = shop.settings.sent_copies
    if kept is None or not shop.ledger.letters_in_state(LetterState.STARTED):
        resolve_open_deliveries(shop.ledger, shop.clock(), None)
        return
    account = next(a for a in shop.settings.accounts if a.name == kept.account)
    with watch.trouble_waits(mailbox_trouble(account)), Mailbox(watch.imap(account)) as mailbox:
        resolve_open_deliveries(
            shop.ledger,
            shop.clock(),
            # A server west of here may date the copy a day earlier.
            lambda letter: mailbox.holds(
                kept.folder, letter.message_id, letter.planned_at.date() - timedelta(days=1)
            ),
        )


def hand_in(shop: Shop, watch: Watch, is_enough: Callable[[], bool] = lambda: False) -> int:
    """Posts every letter that is due, or until it is enough for now; gives how many went out."""
    posted = 0
    with watch.trouble_waits("smtp"):
        watch.spare_smtp()
        posted = post_letters(shop, is_enough)
    if posted:
        watch.well("smtp")
    return posted
