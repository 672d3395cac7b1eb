"""questions: what the words of a mail ask, beside its files or without any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.domain import (
    Case,
    Consequence,
    Facts,
    Finding,
    Holder,
    Matter,
    Procedure,
    Subject,
    Submission,
)
from pipeline.domain.cases import may_still_wait
from pipeline.domain.turkish import heading, quotable
from pipeline.judging.bench import MAIL, MOST_QUOTED, held_as_a_whole
from pipeline.judging.discretion import is_known, visible
from pipeline.judging.hearing import Heard, hear, hear_alone
from pipeline.judging.sentences import sentences
from pipeline.judging.set_aside import hear_aside, unknown_in_pictures
from pipeline.judging.unknown_words import (
    hear_of_payment,
    say_what_it_is,
    unknown_alone,
    unknown_beside_receipt,
)
from pipeline.mail.addresses import answer_to
from pipeline.policy.mail_words import own_subject, own_words, passed_on
from pipeline.policy.naming import names, words_of
from pipeline.policy.phrases import has
from pipeline.policy.policy import Policy
from pipeline.policy.robots import MAY_BE_AUTOMATIC
from pipeline.policy.topics import Topic, topics_of


@dataclass(frozen=True, slots=True)
class Said:
    """What a mail says in its own words, and `beside` its files; of how many `claims` its files consist."""

    words: str
    # What it is about, whatever came with it; a list speaks for itself.
    about: tuple[Topic, ...]
    beside: Heard
    claims: int

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Lists what a mail asks about that has no files to speak for it."""
        return self.about if not self.claims else ()

    @property
    def leaving(self) -> Topic | None:
        """Gives the topic by which somebody may have withdrawn, whatever else the mail says or brings."""
        return next((topic for topic in self.about if topic.withdraws), None)


def said_by(matter: Matter, policy: Policy) -> Said:
    """Hears what a mail says of itself and of its files."""
    evidence = matter.evidence
    words = own_words(matter.submission, policy.mail_words)
    claims = len(evidence.holders) + len(evidence.receipts) + len(evidence.unread) + len(evidence.pasted)
    about = topics_of(words, policy.topics) if not evidence.holders else ()
    beside = _heard_beside(matter, policy) if claims else Heard({})
    return Said(words, tuple(about), beside, claims)


# What of a mail was not understood, if anything: words of it, or a file.
Unclear = Literal["", "words", "file"]


@dataclass(frozen=True, slots=True)
class Meant:
    """The cases that a mail may withdraw; `said` is by which words, where no topic and no file tells.

    `unclear` tells, of a mail that nobody has understood, what of it.
    """

    cases: tuple[Case, ...] = ()
    said: str = ""
    unclear: Unclear = ""


def meant_by(said: Said, matter: Matter, facts: Facts, policy: Policy) -> Meant:
    """Picks the cases that a mail may withdraw: they stay off the list until an official says who was."""
    if holders := matter.evidence.holders:
        return Meant(_meant_beside(said.beside, holders, facts))
    if said.leaving or said.beside.withdrawal:
        return Meant(_meant(said.words, facts))
    heard = _heard_alone(said, matter.submission, facts, policy)
    return heard if heard.said else _not_understood(said, matter, facts, policy)


def _heard_alone(said: Said, submission: Submission, facts: Facts, policy: Policy) -> Meant:
    """Hears what a mail without a list says against its sender's own: as beside the list that it follows."""
    own = _own(facts)
    # An answer's subject is that of our letter, which tells of withdrawals as well.
    subject, words = own_subject(submission, policy.mail_words), _spoken(submission, policy)[1]
    told = hear_alone(subject, words, [case.holder for case in own if case.holder], policy.remarks)
    if not told:
        return Meant()
    # Where everybody may be meant, the sender's own are before those that the sender has listed.
    cases = [own[at] for at in told] if len(told) < len(own) else _meant(said.words, facts)
    return Meant(tuple(case for case in cases if _goes_on_a_list(case)), next(iter(told.values())))


def _not_understood(said: Said, matter: Matter, facts: Facts, policy: Policy) -> Meant:
    """Keeps whoever waits for a list where its sender, or somebody in its thread, is not understood.

    A person has to read it anyway, and by then the list would have gone out.
    """
    waiting = tuple(case for case in _meant(said.words, facts) if _goes_on_a_list(case))
    if not waiting or _is_of_a_program(matter) or not policy.remarks.waiting:
        return Meant()
    if unknown := _unknown_words(said, matter, waiting, policy):
        return Meant(waiting, unknown, "words")
    names = frozenset(heading(" ".join(c.holder.name for c in waiting if c.holder)).split())
    if shown := unknown_in_pictures(matter.aside, _own_words(matter) | names, policy):
        return Meant(waiting, shown, "words")
    # What stands in a file that nobody could read, or that is none of ours, nobody has heard.
    files = (u.name for u in matter.evidence.unread if u.why != "signed_form")
    unread = next((name for name in files if not say_what_it_is(name, said.words, policy.remarks)), "")
    return Meant(waiting, unread, "file") if unread else Meant()


def _unknown_words(said: Said, matter: Matter, cases: Sequence[Case], policy: Policy) -> str:
    """Gives the first sentence of a mail that may say anything about some cases; "" for none."""
    subject, words = _spoken(matter.submission, policy)
    # The subject of an answer is ours.
    subject = subject if said.words.startswith(subject) else ""
    sender = f"{matter.submission.sender_name} {matter.submission.sender}"
    holders = [case.holder for case in cases if case.holder]
    own = frozenset(heading(sender).split())
    unknown = unknown_beside_receipt if matter.evidence.receipts else unknown_alone
    return unknown(subject, words, holders, own, policy.remarks)


def _is_of_a_program(matter: Matter) -> bool:
    """Tells whether a program surely wrote a mail: what it says, nobody means."""
    return matter.automatic not in ("", MAY_BE_AUTOMATIC)


def against_somebody(submission: Submission, policy: Policy) -> str:
    """Gives the words of a mail, its writer's name with them, where they may speak against an application."""
    subject, words = _spoken(submission, policy)
    text = f"{subject}\n{words}"
    remarks, topics = policy.remarks, topics_of(text, policy.topics)
    is_heard = (
        any(topic.withdraws for topic in topics)
        or remarks.may_be_against_somebody(text)
        or bool(not topics and remarks.waiting and remarks.waiting.are_in(text))
    )
    return f"{text}\n{submission.sender_name}" if remarks.alone.say and is_heard else ""


def is_of_the_house(submission: Submission, policy: Policy) -> bool:
    """Tells whether a mail may take back the list of its writer's whole house."""
    subject, words = _spoken(submission, policy)
    text = f"{subject}\n{words}"
    remarks = policy.remarks
    return remarks.withdrawal.are_in(text) and has(heading(text).split(), remarks.alone.houses)


def meant_of_others(said: Said, matter: Matter, facts: Facts, policy: Policy) -> tuple[Case, ...]:
    """Picks the cases of others that a mail speaks against, by name.

    Beside a list only words that take somebody back do. Their people may have asked its writer to tell us.
    Whoever wrote it hears nothing of it, and nothing is changed by it: an official reads it before a list
    goes out.
    """
    named = facts.named
    # Where something is held anyway, or by its topic answered, the letter is the same for any name.
    if not named or (said.claims and not said.beside.withdrawal):
        return ()
    # Beside a list its rows wait by such words, whomever they name.
    if said.leaving or matter.evidence.holders:
        return named
    subject, words = _spoken(matter.submission, policy)
    told = hear_alone(subject, words, [case.holder for case in named if case.holder], policy.remarks)
    # What no topic answers a person reads anyway, whoever is named in it.
    is_open = not (told or said.topics or said.claims or _is_of_a_program(matter))
    if is_open and _unknown_words(said, matter, named, policy):
        return named
    return tuple(named[at] for at in told)


def of_others(cases: Sequence[Case], policy: Policy) -> tuple[Finding, ...]:
    """Tells the desk alone whose cases a mail may speak against."""
    if not cases:
        return ()
    numbers = ", ".join(case.number for case in cases)
    say = policy.remarks.alone.others.format(value=numbers)
    return (replace(remarked(numbers, policy), say=say, remedy="", for_desk=True),)


def foretold_by(said: Said, matter: Matter, is_held: bool, policy: Policy) -> str:
    """Names what a mail without a list may say against a row that comes later; "" for nothing.

    Words that take somebody back do, however the mail was answered; what nobody understood, while it waits.
    """
    if matter.evidence.holders or _is_of_a_program(matter):
        return ""
    subject, words = own_subject(matter.submission, policy.mail_words), _spoken(matter.submission, policy)[1]
    spoken = sentences(subject, words, (), policy.remarks.legal_notices)
    if said.leaving or any(policy.remarks.withdrawal.are_in(sentence) for sentence in spoken):
        return "withdrawal"
    return "unclear" if is_held and _unknown_words(said, matter, (), policy) else ""


def _goes_on_a_list(case: Case) -> bool:
    return not case.batch or case.awaits_release


@dataclass(frozen=True, slots=True)
class Question:
    """What follows from the one topic of a mail without files, and the text that answers it."""

    findings: tuple[Finding, ...] = ()
    topic: str = ""
    told: tuple[Case, ...] = ()


def wish_to_leave(topic: Topic, meant: Sequence[Case], facts: Facts) -> Question:
    """Holds a mail that may take back the cases that are meant, whatever else it asks or brings."""
    return Question((_asked(topic, topic.with_case, meant, facts),))


def question(topic: Topic, meant: Sequence[Case], submission: Submission, facts: Facts) -> Question:
    """Answers a question; the state of a case only where the answer goes to the case's own address."""
    consequence = topic.with_case if facts.sender_cases or meant else topic.consequence
    finding = _asked(topic, consequence, meant, facts)
    if consequence is not topic.consequence:
        return Question((finding,))
    is_own = topic.tells_state and answer_to(submission) == submission.sender
    return Question((finding,), topic.name, visible(facts).sender_cases if is_own else ())


def _asked(topic: Topic, consequence: Consequence, meant: Sequence[Case], facts: Facts) -> Finding:
    return Finding(
        rule=topic.path,
        consequence=consequence,
        subject=Subject.SUBMISSION,
        index=0,
        about=MAIL.about,
        field="",
        value="",
        say=topic.say,
        # That there is a case to stay off the list is told to those alone who know of it.
        remedy=topic.withdraws if _are_known(meant, facts) else "",
        because=topic.because,
    )


def _meant(words: str, facts: Facts) -> tuple[Case, ...]:
    """Picks the cases that a mail may withdraw: those it names by name, the sender's own, or all it brought.

    Whoever is meant stays off the list until an official says who was; nobody is taken off by a guess.
    """
    text = f" {heading(words)} "
    cases = _own(facts)
    named = tuple(c for c in cases if c.holder and f" {heading(_full_name(c.holder))} " in text)
    return named or tuple(c for c in cases if c in facts.sender_cases) or tuple(cases)


def _own(facts: Facts) -> tuple[Case, ...]:
    own = {case.number: case for case in (*facts.sender_cases, *facts.sent_cases)}
    return tuple(c for c in own.values() if c.procedure is Procedure.LOST_OR_STOLEN and c.holder)


def _heard_beside(matter: Matter, policy: Policy) -> Heard:
    """Hears what is said beside files: nobody reads it but us."""
    receipts = matter.evidence.receipts
    subject, words = _spoken(matter.submission, policy)
    heard = hear(subject, words, matter.evidence.holders, policy.remarks)
    if not receipts:
        return heard
    payment = hear_of_payment(subject, words, policy.remarks)
    return replace(heard, payment=payment or hear_aside(matter.aside, receipts, _own_words(matter), policy))


def _own_words(matter: Matter) -> frozenset[str]:
    """Gives the words by which a mail's writer, and those whom its files name, are called."""
    submission, evidence = matter.submission, matter.evidence
    people = (name for receipt in evidence.receipts for name in (receipt.debtor, receipt.payer) if name)
    senders = f"{submission.sender_name} {re.sub(r'[@._-]', ' ', submission.sender)}"
    return frozenset({*heading(" ".join([senders, *people])).split(), *words_of(evidence.holders)})


def _spoken(submission: Submission, policy: Policy) -> tuple[str, str]:
    """Gives the subject of a mail, and its own words with those of a mail that is passed on in it."""
    words = own_words(replace(submission, subject=""), policy.mail_words)
    if more := passed_on(submission, policy.mail_words, policy.office.own_addresses):
        words = f"{words}\n\n{more}"
    return submission.subject, words


def _meant_beside(heard: Heard, holders: Sequence[Holder], facts: Facts) -> tuple[Case, ...]:
    """Picks the cases that words beside a list may withdraw: those of its rows, and the sender's it names."""
    rows = (facts.cases.get(number) for i in heard.rows if (number := holders[i].identity_number))
    own = (c for c in (*facts.sender_cases, *facts.sent_cases) if c.procedure is Procedure.LOST_OR_STOLEN)
    named = (case for case in own if case.holder and names(heard.withdrawal, case.holder))
    found = [*(case for case in rows if case and is_known(case, facts)), *named]
    # Who has been taken back already, and comes again, is a matter of `holder/not-withdrawn`.
    return tuple({case.number: case for case in found if case.number not in facts.withdrawing}.values())


def left_out(said: Said, holders: Sequence[Holder], facts: Facts) -> tuple[Case, ...]:
    """Picks the cases of the sender's earlier lists that are missing in one that may take their place.

    It calls itself a later state, speaks of an earlier list, or repeats rows of one and leaves others out.
    Has somebody been taken off, or is the list an additional one? Until an official says, they go nowhere.
    Rows that we sent back come alone, as we asked.
    """
    beside = said.beside
    if not holders or (facts.as_asked and not beside.withdrawal):
        return ()
    here = {holder.identity_number for holder in holders}
    sent = facts.sent_cases if beside.revision or beside.earlier else ()
    found = {
        case.number: case
        for case in (*sent, *facts.left_out)
        if case.procedure is Procedure.LOST_OR_STOLEN
        and case.identity_number not in here
        and is_known(case, facts)
        and may_still_wait(case)
    }
    return tuple(found.values())


def missed(said: Said, left: Sequence[Case], policy: Policy) -> tuple[Finding, ...]:
    """Holds a list in which somebody of an earlier one is missing; the rows in it go on."""
    words, beside = policy.remarks.revisions, said.beside
    if not (words and left):
        return ()
    say = words.say if beside.revision else words.of_earlier if beside.earlier else words.repeats
    shown = quotable(beside.revision or beside.earlier)[:MOST_QUOTED]
    names = ", ".join(quotable(case.holder.name) for case in left if case.holder)
    return (_beside(shown, (say or words.say).format(value=shown, names=names), words.remedy, policy),)


def taken_back(meant: Meant, facts: Facts, policy: Policy) -> Question:
    """Holds words that came alone and may take back the cases that are meant."""
    alone, waiting = policy.remarks.alone, policy.remarks.waiting
    say, remedy = alone.say, alone.remedy
    if meant.unclear and waiting:
        say, remedy = (waiting.say if meant.unclear == "words" else waiting.file), waiting.remedy
    found = remarked(meant.said, policy)
    told = remedy if _are_known(meant.cases, facts) else ""
    return Question((replace(found, say=say.format(value=found.value), remedy=told),))


def _are_known(cases: Sequence[Case], facts: Facts) -> bool:
    return bool(cases) and all(is_known(case, facts) for case in cases)


def remarked(said: str, policy: Policy) -> Finding:
    """Holds what is said beside files and asks for more than they do: it is never left unread."""
    words = policy.remarks.questions
    shown = quotable(said)[:MOST_QUOTED]
    return _beside(shown, words.say.format(value=shown), words.remedy, policy)


def _beside(shown: str, say: str, remedy: str, policy: Policy) -> Finding:
    return held_as_a_whole("remarks", shown, say, remedy, policy.remarks.because)


def _full_name(holder: Holder) -> str:
    return holder.name
