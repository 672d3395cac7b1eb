"""runs: where the core meets the world, in the order of the office manual: write down, then act."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Literal

from pydantic import SecretStr

from pipeline.adapters.copy_room import mark_copies
from pipeline.adapters.home import Home
from pipeline.adapters.ledger import Judged, Ledger, Night
from pipeline.adapters.mailbox import Fetched, ImapAccount, Mailbox
from pipeline.adapters.outbox import post_due, resolve_doubts
from pipeline.adapters.postman import SmtpAccount
from pipeline.adapters.reading_room import read_files
from pipeline.correspondence import why_silent
from pipeline.domain import (
    Arrival,
    Attachment,
    Decision,
    Enclosure,
    Evidence,
    Letter,
    Outcome,
    Place,
    Submission,
    Transcript,
)
from pipeline.faults import OperatorFault
from pipeline.policy import Policy
from pipeline.rendering import message_id, render
from pipeline.settings import Account, Settings
from pipeline.stages.announce import Heard, NightsWork, announce, batch_digest
from pipeline.stages.answer import answer, answer_settled
from pipeline.stages.consolidate import consolidate
from pipeline.stages.judge import judge
from pipeline.stages.mark import mark
from pipeline.stages.read import opened, read
from pipeline.stages.unpack import Malformed, unpack

Files = Sequence[tuple[Attachment, Transcript]]
Clock = Callable[[], datetime]
Word = Literal["accept", "return"]
_SETTLED: Mapping[Word, str] = {"accept": "accepted", "return": "returned"}

# After so many failed fetches a mail is set aside, and the mailbox goes on.
_MOST_TRIES = 5
# A mail that a run died over twice is not touched a third time.
_MOST_BEGINNINGS = 2


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything a run works with: settings, policy, home, ledger, readers and a clock (aware, UTC)."""

    settings: Settings
    policy: Policy
    home: Home
    ledger: Ledger
    readers: Executor
    clock: Clock

    def today(self) -> date:
        """Gives the local day."""
        return self.clock().astimezone(self.settings.zone).date()


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
    with _run(shop, "poll") as run:
        resolve_doubts(shop.ledger, shop.clock())
        heard = sum(hear(shop, account, run) for account in shop.settings.accounts)
        decided, shunted = decide_all(shop, progress)
        for account in shop.settings.accounts:
            file_away(shop, account)
        posted = post_letters(shop)
    return Tally(heard, decided, shunted, posted)


def hear(shop: Shop, account: Account, run: int) -> int:
    """Keeps the bytes of new mails, oldest first, and closes the session; gives how many.

    With nothing new this is one connection, LOGIN, STATUS and LOGOUT, however large the mailbox.
    """
    ledger, budget = shop.ledger, shop.settings.budget
    heard = 0
    with Mailbox(_imap(account)) as mailbox:
        state = mailbox.state()
        news = ledger.cursor(account.name, account.folder) != (state.uidvalidity, state.uidnext)
        if not news and not ledger.waiting(account.name, account.folder, 1):
            return 0
        state = mailbox.select()
        uids = mailbox.uids(account.since)
        ledger.note_snapshot(account.name, account.folder, state.uidvalidity, state.uidnext, uids)
        waiting = ledger.waiting(account.name, account.folder, budget.mails_per_run)
        for mail in mailbox.fetch(waiting, budget.largest_mail_bytes):
            place = Place(account.name, account.folder, state.uidvalidity, mail.uid)
            if isinstance(mail, Fetched):
                sha = shop.home.keep(mail.raw)
                ledger.keep(place, Arrival(sha, mail.raw, mail.received_at), run)
                heard += 1
            else:
                ledger.could_not_fetch(place, mail.why, _MOST_TRIES)
    return heard


def decide_all(shop: Shop, progress: Progress = quiet) -> tuple[int, int]:
    """Judges every kept mail that has no decision, oldest first; gives how many, and how many shunted."""
    undecided = shop.ledger.undecided()
    shunted = 0
    for done, (sha, received_at, begun) in enumerate(undecided):
        progress("judge", done, len(undecided))
        arrival = Arrival(sha, shop.home.raw(sha), received_at)
        if begun >= _MOST_BEGINNINGS:
            outcome = enter_shunted(shop.ledger, arrival, "crashed", shop.policy, shop.clock())
        else:
            shop.ledger.begin(sha)
            outcome = decide(shop.ledger, arrival, shop.policy, shop.readers, shop.clock(), shop.today())
        shunted += outcome is Outcome.SHUNTED
    return len(undecided), shunted


def decide(
    ledger: Ledger, arrival: Arrival, policy: Policy, readers: Executor, now: datetime, today: date
) -> Outcome:
    """Takes one mail from its bytes to its decision and its stored letter, all or nothing.

    What is wrong with us and not with the mail is caught here, once: the mail is shunted with its
    bytes kept, and the run goes on. Trouble with disk or ledger is not ours to swallow.
    """
    try:
        submission = unpack(arrival)
        silence = why_silent(submission, policy.office)
        files = [] if silence else _files(ledger, submission, policy, readers)
        evidence = read(files, policy.form, policy.layouts, policy.rails)
        with ledger.transaction():
            facts = ledger.facts(
                today,
                [h.identity_number for h in evidence.holders if h.identity_number]
                + [r.identity_number for r in evidence.receipts if r.identity_number],
                evidence.receipts,
            )
            decision = (
                Decision(Outcome.IGNORED, None, evidence, silence=silence)
                if silence
                else judge(arrival.sha, submission, evidence, facts, policy)
            )
            if not submission.sender:
                decision = replace(decision, silence=decision.silence or "no_sender")
            copies = () if decision.silence else _copies(files, decision, policy, readers)
            letter = answer(arrival.sha, submission, decision, copies, policy, now)
            ledger.enter(
                arrival.sha, submission.sender, submission.subject, now, policy.fingerprint, "", decision
            )
            if letter:
                plan(ledger, letter, now)
    except Malformed as fault:
        return enter_shunted(ledger, arrival, str(fault), policy, now)
    except (OperatorFault, OSError, MemoryError):
        raise
    except Exception as fault:  # the one place: ours, and never the applicant's
        if _is_disk_or_ledger(fault):
            raise
        return enter_shunted(ledger, arrival, f"internal: {_origin(fault)}", policy, now)
    return decision.outcome


def enter_shunted(ledger: Ledger, arrival: Arrival, why: str, policy: Policy, now: datetime) -> Outcome:
    """Sets a mail aside for the unit, unanswered, with where and why it failed."""
    decision = Decision(Outcome.SHUNTED, None, Evidence(), silence="shunted")
    with ledger.transaction():
        ledger.enter(arrival.sha, "", "", now, policy.fingerprint, why, decision)
    return Outcome.SHUNTED


def _files(ledger: Ledger, submission: Submission, policy: Policy, readers: Executor) -> Files:
    return read_files(ledger, submission.attachments, policy.tariff_amounts, readers)


def _copies(files: Files, decision: Decision, policy: Policy, readers: Executor) -> tuple[Enclosure, ...]:
    plans = mark(decision, policy)
    return mark_copies(plans, opened(files), policy.texts.words["marks"]["nameless_sheet"], readers)


def _is_disk_or_ledger(fault: Exception) -> bool:
    return type(fault).__module__.startswith("sqlite3")


def _origin(fault: Exception) -> str:
    """Names class and place of a fault, never its words: those may quote the mail."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"
    return f"{type(fault).__name__} at {where}"


def plan(ledger: Ledger, letter: Letter, now: datetime) -> None:
    """Stores a letter's rendered bytes; call inside a transaction."""
    ledger.plan_letter(
        message_id(letter), letter.kind, letter.about, letter.recipient, letter.subject, render(letter), now
    )


def file_away(shop: Shop, account: Account) -> None:
    """Moves judged mails into the folder of their outcome."""
    judged = shop.ledger.to_file(account.name, account.folder)
    if not judged:
        return
    with Mailbox(_imap(account)) as mailbox:
        validity = mailbox.select().uidvalidity
        for outcome in Outcome:
            places = [p for p, o in judged if o is outcome]
            here = [p.uid for p in places if p.uidvalidity == validity]
            if here and outcome:
                mailbox.file(here, getattr(account.file_into, outcome))
            # Under another UIDVALIDITY the mail has been seen again and will be filed as that.
            shop.ledger.filed(places)


def post_letters(shop: Shop) -> int:
    """Posts every letter that is due; gives how many went out."""
    addresses = shop.settings.addresses
    return post_due(shop.ledger, _smtp(shop.settings), addresses.bounces or addresses.own, shop.clock)


# --- the night ---------------------------------------------------------------------------------


def night_due(shop: Shop) -> date:
    """Names the night that should be closed by now: today's from its hour on, else yesterday's."""
    local = shop.clock().astimezone(shop.settings.zone)
    if local.time() >= shop.settings.schedule.night_at:
        return local.date()
    return local.date() - timedelta(days=1)


def nightly(shop: Shop, day: date) -> Night | None:
    """Closes the night of a day: the list for Kamu SM and the report; None where it was closed before."""
    with _run(shop, "nightly"):
        resolve_doubts(shop.ledger, shop.clock())
        night = close_night(shop, day)
        post_letters(shop)
    return night


def close_night(shop: Shop, day: date) -> Night | None:
    """Writes night, batch and letters in one transaction; the day is the name, so there is never a second."""
    ledger = shop.ledger
    now = shop.clock()
    with ledger.transaction():
        last = ledger.last_night()
        if last and last.day >= day:
            return None
        begun = ledger.first_kept_at() or now
        since = last.until if last else begun - timedelta(seconds=1)
        night = Night(day, last.number + 1 if last else 1, since, now)
        batch = consolidate(day, ledger.unbatched_cases(), shop.policy.form)
        work = NightsWork(
            day=day,
            number=night.number,
            since=since.astimezone(shop.settings.zone),
            until=now.astimezone(shop.settings.zone),
            balance=ledger.balance(since, now),
            heard=[_heard(j) for j in ledger.judged_between(since, now)],
            open_holds=[_heard(j) for j in ledger.open_holds()],
            batch=batch,
            open_cases=[c for c in ledger.all_cases() if not c.is_closed],
            failed_letters=[
                {"recipient": x.recipient, "subject": x.subject, "response": x.response}
                for x in ledger.letters_in_state("failed", "in_doubt")
            ],
            unfetched=ledger.unfetched(),
        )
        ledger.close_night(night, batch, batch_digest(batch) if batch else "")
        for letter in announce(work, shop.policy):
            plan(ledger, letter, now)
    return night


def _heard(judged: Judged) -> Heard:
    return Heard(judged.sha, judged.sender, judged.subject, judged.shunt, judged.decision)


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
    with shop.ledger.transaction():
        shop.ledger.settle(held.sha, _SETTLED[word], because, by, now)
        shop.ledger.add_entries(entries, submission.sender)
        if submission.sender and not held.decision.silence:
            letter = answer_settled(held.sha, submission, entries, because, shop.policy, now)
            plan(shop.ledger, letter, now)


# --- connections -------------------------------------------------------------------------------


@contextmanager
def _run(shop: Shop, command: str) -> Iterator[int]:
    run = shop.ledger.begin_run(command, shop.clock())
    end = partial(shop.ledger.end_run, run)
    try:
        yield run
    except BaseException as fault:
        end(shop.clock(), type(fault).__name__)
        raise
    end(shop.clock(), "done")


def _imap(account: Account) -> ImapAccount:
    return ImapAccount(
        name=account.name,
        host=account.host,
        port=account.port,
        security=account.security,
        user=account.user,
        password=account.password.reveal(),
        folder=account.folder,
        timeout_seconds=account.timeout_seconds,
        ca_file=account.ca_file,
    )


def _smtp(settings: Settings) -> SmtpAccount:
    smtp = settings.smtp
    password: SecretStr | None = smtp.password.reveal() if smtp.password else None
    return SmtpAccount(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        user=smtp.user,
        password=password,
        timeout_seconds=smtp.timeout_seconds,
        ca_file=smtp.ca_file,
    )
