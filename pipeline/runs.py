"""runs: where the core meets the world, in the order of the office manual: write down, then act."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Literal

from pipeline.adapters import quotas, stops
from pipeline.adapters.copy_room import mark_copies
from pipeline.adapters.ledger import Judged, Ledger, Undecided
from pipeline.adapters.likenesses import alike_receipts, note_likenesses
from pipeline.adapters.mailbox import Fetched, Mailbox
from pipeline.adapters.outbox import resolve_doubts
from pipeline.adapters.quotas import Quota
from pipeline.adapters.reading_room import FilesRead, Reading, begin_reading, finish_reading
from pipeline.conversation import Comparison, compare, list_before
from pipeline.correspondence import READ_ALL_THE_SAME, answer_to, why_silent, why_unanswered
from pipeline.domain import (
    Arrival,
    Attachment,
    Decision,
    Enclosure,
    Evidence,
    Outcome,
    Place,
    Submission,
    Transcript,
)
from pipeline.faults import OperatorFault, origin
from pipeline.policy import Policy
from pipeline.releasing import list_meant, release
from pipeline.settings import Account
from pipeline.shop import Run, Shop, a_run, measured, plan, post_letters
from pipeline.stages.answer import answer, answer_release, answer_settled
from pipeline.stages.judge import judge
from pipeline.stages.mark import mark
from pipeline.stages.read import opened_files, read
from pipeline.stages.unpack import Malformed, body_table, sender_of, unpack
from pipeline.watch import Watch, mailbox_trouble, watched

Files = Sequence[tuple[Attachment, Transcript]]
Word = Literal["accept", "return"]
_SETTLED: Mapping[Word, str] = {"accept": "accepted", "return": "returned"}

# After so many failed fetches a mail is set aside, and the mailbox goes on.
_MOST_TRIES = 5
# A mail that a run died over twice is not touched a third time.
_MOST_BEGINNINGS = 2
# So much is on the table at a time, for the readers to work side by side within bounded memory.
_WINDOW_MAILS = 16
_WINDOW_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run did, in numbers for the terminal."""

    heard: int = 0
    decided: int = 0
    shunted: int = 0
    posted: int = 0


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
        settle_doubts(shop, watch)
        hearing = _for_a_while(shop)
        for account in shop.settings.accounts:
            with watch.trouble_waits(mailbox_trouble(account)):
                heard += hear(hearing, account, run, watch)
        decided, shunted = decide_all(hearing, progress)
        for account in shop.settings.accounts:
            file_away(shop, account, watch)
        posted = hand_in(shop, watch)
    return Tally(heard, decided, shunted, posted)


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
        news = ledger.cursor(account.name, account.folder) != (state.uidvalidity, state.uidnext)
        if not news and not ledger.waiting(account.name, account.folder, 1):
            return 0
        state = mailbox.select()
        uids = mailbox.uids(account.since)
        ledger.note_snapshot(account.name, account.folder, state.uidvalidity, state.uidnext, uids)
        if len(ledger.waiting(account.name, account.folder, budget.mails_per_run + 1)) > budget.mails_per_run:
            unnamed = quotas.unnamed(ledger, account.name, account.folder)
            senders = [(uid, sender_of(head)) for uid, head in mailbox.who_wrote(unnamed)]
            quotas.name(ledger, account.name, account.folder, senders)
        waiting = ledger.waiting(account.name, account.folder, budget.mails_per_run)
        for mail in takewhile(shop.goes_on, mailbox.fetch(waiting, budget.largest_mail_bytes)):
            place = Place(account.name, account.folder, state.uidvalidity, mail.uid)
            if isinstance(mail, Fetched):
                sha = shop.home.keep(mail.raw)
                arrival = Arrival(sha, mail.raw, mail.received_at)
                ledger.keep(place, arrival, sender_of(mail.raw), run.note())
                heard += 1
            else:
                ledger.could_not_fetch(place, mail.why, _MOST_TRIES)
    return heard


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
    budget = shop.settings.budget
    quota = Quota(budget.mails_per_day, budget.bytes_per_day, budget.reading_seconds_per_day)
    judged: list[str] = []
    done = shunted = 0
    for window in takewhile(shop.goes_on, _windows(undecided)):
        progress("judge", done, len(undecided))
        arrivals = [Arrival(m.sha, shop.home.raw(m.sha), m.received_at) for m in window]
        if window[0].begun >= _MOST_BEGINNINGS:
            crashed = Opened(arrivals[0], None, "", ())
            outcomes = [enter_shunted(shop.ledger, crashed, "crashed", shop.policy, shop.clock())]
        else:
            shop.ledger.begin([m.sha for m in window], shop.clock())
            opened: list[Opened] = []
            for arrival in arrivals:
                readings = [mail.reading for mail in opened if mail.reading]
                if too_much := quotas.exceeded(shop.ledger, arrival.sha, quota):
                    opened.append(open_briefly(arrival, shop.policy, too_much))
                else:
                    opened.append(open_mail(shop.ledger, arrival, shop.policy, shop.readers, readings))
            outcomes = [
                decide(shop.ledger, mail, shop.policy, shop.readers, shop.clock(), shop.today())
                for mail in takewhile(shop.goes_on, opened)
            ]
        done += len(outcomes)
        shunted += outcomes.count(Outcome.SHUNTED)
        judged += [m.sha for m in window[: len(outcomes)]]
        may_be_ours = Outcome.SHUNTED in outcomes or Outcome.RETURNED in outcomes
        if may_be_ours and (why := stops.look(shop.ledger, shop.policy.office.corporate_domains)):
            stops.stop(shop.ledger, why, judged, shop.clock())
            break
    return done, shunted


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


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail on the table: taken apart, with the files worth reading being read; or why it is set aside.

    `automatic` names the sign of a robot that wrote it, "" where a person may have.
    """

    arrival: Arrival
    submission: Submission | None
    automatic: str
    files: tuple[Attachment, ...]
    reading: Reading | None = None
    why_shunted: str = ""


def open_mail(
    ledger: Ledger, arrival: Arrival, policy: Policy, readers: Executor, on_the_table: Sequence[Reading]
) -> Opened:
    """Takes a mail apart and has its files read; a robot's files are left closed, but for those that
    a machine may have passed on. What is being read for a mail `on_the_table` is not read again."""
    mail = _taken_apart(arrival, policy)
    try:
        reading = begin_reading(ledger, mail.files, policy.clues, readers, on_the_table)
    except Exception as fault:
        return replace(mail, why_shunted=_ours(fault))
    return replace(mail, reading=reading)


def open_briefly(arrival: Arrival, policy: Policy, too_much: str) -> Opened:
    """Takes a mail apart whose sender is over budget: it is set aside, unless there is nothing to read."""
    mail = _taken_apart(arrival, policy)
    is_cheap = mail.automatic and not mail.files
    return mail if is_cheap or mail.why_shunted else replace(mail, why_shunted=too_much)


def _taken_apart(arrival: Arrival, policy: Policy) -> Opened:
    try:
        submission = unpack(arrival)
        automatic = why_silent(submission, policy.office, policy.mail_words)
        table = body_table(submission)
        files = (*submission.attachments, table) if table else submission.attachments
        is_read = not automatic or automatic in READ_ALL_THE_SAME
        return Opened(arrival, submission, automatic, files if is_read else ())
    except Malformed as fault:
        return Opened(arrival, None, "", (), why_shunted=str(fault))
    except Exception as fault:
        return Opened(arrival, None, "", (), why_shunted=_ours(fault))


def decide(
    ledger: Ledger, mail: Opened, policy: Policy, readers: Executor, now: datetime, today: date
) -> Outcome:
    """Takes one opened mail to its decision and its stored letter, all or nothing.

    What is wrong with us and not with the mail ends here: the mail is shunted with its bytes kept,
    and the run goes on. Trouble with disk or ledger is not ours to swallow.
    """
    sha, submission = mail.arrival.sha, mail.submission
    if submission is None or mail.why_shunted:
        return enter_shunted(ledger, mail, mail.why_shunted, policy, now)
    try:
        done = finish_reading(ledger, mail.reading, now) if mail.reading else FilesRead([], 0.0)
        files = done.files
        evidence = read(files, policy.patterns)
        with ledger.transaction():
            if not mail.automatic and (batch := list_meant(ledger, submission, policy)):
                return _decide_release(ledger, mail, submission, batch, policy, now, today)
            decision = _decision(ledger, mail, submission, evidence, policy, now, today)
            copies = _copies(files, decision, policy, readers)
            comparison = _compared(ledger, submission, decision)
            letter = answer(sha, submission, decision, comparison, copies, policy, now)
            ledger.enter(sha, submission.sender, submission.subject, now, policy.fingerprint, "", decision)
            note_likenesses(ledger, sha, decision.evidence.receipts)
            if letter:
                plan(ledger, letter, now)
            if done.seconds:
                quotas.charge(ledger, sha, done.seconds)
            if submission.bounce:
                ledger.note_bounce(sha, submission.bounce)
    except Exception as fault:
        return enter_shunted(ledger, mail, _ours(fault), policy, now)
    return decision.outcome


def _decide_release(
    ledger: Ledger,
    mail: Opened,
    submission: Submission,
    batch: str,
    policy: Policy,
    now: datetime,
    today: date,
) -> Outcome:
    """Sends a list that somebody who may has released, and tells them; call inside a transaction."""
    sha = mail.arrival.sha
    released = release(ledger, batch, submission.sender, sha, policy, now, today)
    outcome = Outcome.ACCEPTED if released.entries else Outcome.GUIDED
    silence = _why_unanswered(ledger, submission, policy, now)
    decision = Decision(outcome, None, Evidence(), entries=released.entries, silence=silence)
    ledger.enter(sha, submission.sender, submission.subject, now, policy.fingerprint, "", decision)
    if released.letter:
        plan(ledger, released.letter, now)
    if not silence:
        at = released.at and f"{released.at.astimezone(policy.office.batching.zone):%d.%m.%Y %H:%M}"
        keys = ("state", "count", "leaving", "by")
        told = {"batch": batch, "at": at, **{key: getattr(released, key) for key in keys}}
        plan(ledger, answer_release(sha, submission, told, policy, now), now)
    return outcome


def _decision(
    ledger: Ledger,
    mail: Opened,
    submission: Submission,
    evidence: Evidence,
    policy: Policy,
    now: datetime,
    today: date,
) -> Decision:
    if mail.automatic and not (evidence.holders or evidence.receipts):
        return Decision(Outcome.IGNORED, None, Evidence(), silence=mail.automatic)
    facts = ledger.facts(today, evidence, submission)
    facts = replace(facts, alike=alike_receipts(ledger, evidence.receipts))
    decision = judge(mail.arrival.sha, submission, evidence, facts, policy, mail.automatic)
    return replace(decision, silence=mail.automatic or _why_unanswered(ledger, submission, policy, now))


def _why_unanswered(ledger: Ledger, submission: Submission, policy: Policy, now: datetime) -> str:
    if silence := why_unanswered(submission, policy.office):
        return silence
    answers = ledger.answers_since(answer_to(submission), now - timedelta(days=1))
    return "over_budget" if answers >= policy.office.answers_per_day else ""


def _compared(ledger: Ledger, submission: Submission, decision: Decision) -> Comparison | None:
    """Compares a list with the one that it puts right, known by its thread, its sender or its people."""
    people = [h.identity_number for h in decision.evidence.holders if h.identity_number]
    earlier = ledger.earlier_decisions(submission.sender, submission.references, people)
    before = list_before(earlier, decision.evidence)
    return compare(before, decision) if before else None


def enter_shunted(ledger: Ledger, mail: Opened, why: str, policy: Policy, now: datetime) -> Outcome:
    """Sets a mail aside for the unit, unanswered, with where and why it failed."""
    decision = Decision(Outcome.SHUNTED, None, Evidence(), silence="shunted")
    sender, subject = (mail.submission.sender, mail.submission.subject) if mail.submission else ("", "")
    with ledger.transaction():
        ledger.enter(mail.arrival.sha, sender, subject, now, policy.fingerprint, why, decision)
    return Outcome.SHUNTED


def _copies(files: Files, decision: Decision, policy: Policy, readers: Executor) -> tuple[Enclosure, ...]:
    """Has the lists that go back marked; nothing is marked for somebody who gets no answer."""
    plans = () if decision.silence else mark(decision, policy)
    nameless = policy.texts.words["marks"]["nameless_sheet"]
    return mark_copies(plans, opened_files(files), nameless, readers) if plans else ()


def _ours(fault: Exception) -> str:
    """Names a fault of ours to shunt a mail with; raises the world's and the operator's again."""
    if isinstance(fault, OperatorFault | OSError | MemoryError | sqlite3.Error):
        raise fault
    return f"internal: {origin(fault)}"


def file_away(shop: Shop, account: Account, watch: Watch) -> None:
    """Moves judged mails into the folder of their outcome."""
    judged = shop.ledger.to_file(account.name, account.folder)
    if not judged:
        return
    with watch.trouble_waits(mailbox_trouble(account)), Mailbox(watch.imap(account)) as mailbox:
        validity = mailbox.select().uidvalidity
        for outcome in Outcome:
            places = [p for p, o in judged if o is outcome]
            here = [p.uid for p in places if p.uidvalidity == validity]
            if here and outcome:
                mailbox.file(here, getattr(account.file_into, outcome))
            # Under another UIDVALIDITY the mail has been seen again and will be filed as that.
            shop.ledger.filed(places)


def settle_doubts(shop: Shop, watch: Watch) -> None:
    """Finds out about letters that a run before this one died over."""
    evidence = shop.settings.evidence
    if evidence is None or not shop.ledger.letters_in_state("started"):
        resolve_doubts(shop.ledger, shop.clock(), None)
        return
    account = next(a for a in shop.settings.accounts if a.name == evidence.account)
    with watch.trouble_waits(mailbox_trouble(account)), Mailbox(watch.imap(account)) as mailbox:
        resolve_doubts(
            shop.ledger,
            shop.clock(),
            # A server west of here may date the copy a day earlier.
            lambda letter: mailbox.holds(
                evidence.folder, letter.message_id, letter.planned_at.date() - timedelta(days=1)
            ),
        )


def hand_in(shop: Shop, watch: Watch) -> int:
    """Posts every letter that is due; gives how many went out."""
    posted = 0
    with watch.trouble_waits("smtp"):
        watch.spare_smtp()
        posted = post_letters(shop)
    if posted:
        watch.well("smtp")
    return posted


# --- the office --------------------------------------------------------------------------------


def settle(shop: Shop, held: Judged, word: Word, because: str, by: str) -> None:
    """Closes a held mail by an official's word: its withheld entries are made or not, and it is answered."""
    now = shop.clock()
    submission = unpack(Arrival(held.sha, shop.home.raw(held.sha), held.decided_at))
    entries = (
        tuple(replace(e, day=shop.today(), proof=f"settle/{held.number}") for e in held.decision.withheld)
        if word == "accept"
        else ()
    )
    refused = held.decision.withheld if word == "return" else ()
    with shop.ledger.transaction():
        shop.ledger.settle(held.sha, _SETTLED[word], because, by, now)
        shop.ledger.add_entries(entries, submission.sender)
        if _is_answered(held, word):
            letter = answer_settled(held.sha, submission, entries, refused, because, shop.policy, now)
            plan(shop.ledger, letter, now)


def _is_answered(held: Judged, word: Word) -> bool:
    """Tells whether the sender hears of an official's word: accepted means believed, robots never hear."""
    silence = held.decision.silence
    return not silence or (word == "accept" and silence in ("not_authentic", "over_budget"))
