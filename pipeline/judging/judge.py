"""judge: Evidence → Decision"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.domain import (
    Case,
    Consequence,
    Decision,
    Entry,
    Event,
    Facts,
    Finding,
    Matter,
    Outcome,
    Receipt,
    Subject,
)
from pipeline.domain.cases import cases_among, may_still_wait
from pipeline.domain.turkish import quotable
from pipeline.judging.bench import MAIL, Bench, Claim
from pipeline.judging.correspondence import why_unbelieved
from pipeline.judging.discretion import visible
from pipeline.judging.entries import listing, opened, payment, scanned, siblings, withdrawal
from pipeline.judging.procedures import asked_about, procedures_of
from pipeline.judging.questions import (
    Meant,
    Question,
    Said,
    foretold_by,
    left_out,
    meant_by,
    meant_of_others,
    missed,
    of_others,
    question,
    remarked,
    said_by,
    taken_back,
    wish_to_leave,
)
from pipeline.mail.authentication import authentication
from pipeline.policy.policy import Policy
from pipeline.policy.robots import MAY_BE_AUTOMATIC
from pipeline.policy.views import Hearing, file_view, submission_view, words_view


def judge(matter: Matter, facts: Facts, policy: Policy) -> Decision:
    """Judges all claims of one mail by all rules of its procedure, at once.

    A finding about the mail itself stops all of its claims; one about a claim stops that claim alone.
    Without claims, its one topic is answered.
    """
    table = _laid(matter, facts, policy)
    table = _ask_the_mail(table)
    table = _ask_the_rows(table)
    table = _ask_the_papers(table)
    return _what_follows(table)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One claim that was asked about: the entry that it would make, if any, and what was found."""

    entry: Entry | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """What lies on the table: the claims of one mail, and what the verbs so far have found about each."""

    matter: Matter
    # As the ledger has them; the bench goes on to know what the mail itself would open and spend.
    facts: Facts
    said: Said
    meant: Meant
    bench: Bench
    unbelieved: str
    authentication: str = ""
    mail: tuple[Finding, ...] = ()
    rows: tuple[_Asked, ...] = ()
    files: tuple[tuple[Finding, ...], ...] = ()
    # Signed forms whose case is known, by file.
    scanned: Mapping[str, Entry] = field(default_factory=dict)
    receipts: tuple[_Asked, ...] = ()

    @property
    def claims(self) -> tuple[_Asked, ...]:
        return (*self.rows, *self.receipts)

    def waits(self, asked: _Asked) -> bool:
        """Tells whether a claim goes on by an official's word at least: nothing in it is to be sent back."""
        return all(f.consequence is Consequence.HOLD for f in (*self.mail, *asked.findings))


def _laid(matter: Matter, facts: Facts, policy: Policy) -> _Table:
    """Lays a mail on the table: who is believed, what is said, and by which rules its claims are asked."""
    unbelieved = why_unbelieved(matter.submission, policy.office)
    if unbelieved:
        facts = replace(facts, known=frozenset())
    seen = visible(facts)
    said = said_by(matter, policy)
    procedures = procedures_of(matter.evidence, said.words, seen, policy)
    procedures = procedures or asked_about(said.topics, said.words, policy)
    beside = said.beside
    bench = Bench(policy, procedures, facts, seen, matter.submission, beside.rows, beside.payment)
    return _Table(matter, facts, said, meant_by(said, matter, facts, policy), bench, unbelieved)


# --- ask the mail ------------------------------------------------------------------------------


def _ask_the_mail(table: _Table) -> _Table:
    submission, evidence = table.matter.submission, table.matter.evidence
    said, policy = table.said, table.bench.policy
    proved = authentication(submission, policy.office)
    view = submission_view(submission, _hearing(table, proved)) | words_view(submission, evidence)
    found = _telling(table.bench.ask(view, MAIL))
    if said.beside.withdrawal and not evidence.holders:
        found.append(remarked(said.beside.withdrawal, policy))
    # Where the office takes mail from everywhere, a stranger is a sender like any other.
    unbelieved = table.unbelieved if found or table.unbelieved != "stranger" else ""
    return replace(table, authentication=proved, mail=tuple(found), unbelieved=unbelieved)


def _hearing(table: _Table, proved: str) -> Hearing:
    said, topics, automatic = table.said, table.bench.policy.topics, table.matter.automatic
    about = tuple(topic.name for topic in said.topics)
    has_list = bool(table.matter.evidence.holders)
    return Hearing(
        authentication=proved,
        # Of what it brings is asked; words alone are heard or not.
        automatic=automatic if said.claims or automatic == MAY_BE_AUTOMATIC else "",
        procedures=tuple(sorted(table.bench.procedures)),
        topics=about,
        beside_list=tuple(t.name for t in topics if has_list and t.rivals_list(said.words)),
        # Words that are heard are no mail in which nothing was found.
        matter=str(said.claims) if said.claims else ", ".join(about) or table.meant.said,
    )


def _telling(mail: list[Finding]) -> list[Finding]:
    """Leaves out that a mail has no enclosure where its sender is told already what to enclose."""
    if any(finding.consequence is Consequence.RETURN for finding in mail):
        return [finding for finding in mail if finding.field != "enclosures"]
    return mail


# --- ask the rows ------------------------------------------------------------------------------


def _ask_the_rows(table: _Table) -> _Table:
    holders = table.matter.evidence.holders
    asked = []
    for i, holder in enumerate(holders):
        found = _Asked(None, tuple(table.bench.ask_holder(i, holders)))
        entry = listing(table.matter.sha, holder, table.facts) if table.waits(found) else None
        asked.append(replace(found, entry=entry))
    return replace(table, rows=tuple(asked))


# --- ask the papers ----------------------------------------------------------------------------


def _ask_the_papers(table: _Table) -> _Table:
    """Asks about files and receipts: they may come in the very mail whose list opens their case."""
    table = _ask_the_files(table)
    # ... or would open it after an official's word.
    cases = {a.entry.identity_number: opened(a.entry) for a in table.rows if a.entry}
    return _ask_the_receipts(replace(table, bench=table.bench.opened(cases)))


def _ask_the_files(table: _Table) -> _Table:
    bench, evidence = table.bench, table.matter.evidence
    # A signed form may come with its list if nobody has to open the case first.
    begun = {a.entry.identity_number: opened(a.entry) for a in table.rows if a.entry and not a.findings}
    seen = bench.opened(begun).seen
    forms = {} if table.mail else scanned(table.matter.sha, evidence, seen)
    files = tuple(
        ()
        if unread.name in forms
        else tuple(bench.ask(file_view(unread), Claim(Subject.FILE, i, quotable(unread.name))))
        for i, unread in enumerate(evidence.unread)
    )
    return replace(table, scanned=forms, files=files)


def _ask_the_receipts(table: _Table) -> _Table:
    bench, receipts = table.bench, table.matter.evidence.receipts
    asked: list[_Asked] = []
    for i, receipt in enumerate(receipts):
        found = tuple(bench.ask_receipt(i, receipt, siblings(receipt, receipts)))
        entry = payment(table.matter.sha, receipt, bench.facts, bench.procedure)
        # One mail pays once for one case; what else it brings waits, and what goes back pays for nothing.
        is_paid = entry and entry.case in {a.entry.case for a in asked if a.entry}
        goes_back = _goes_back(_Asked(None, found))
        asked.append(_Asked(None if is_paid or goes_back else entry, found))
        bench = bench.after(asked[-1].entry)
    return replace(table, bench=bench, receipts=_beside_a_good_one(asked, receipts))


def _beside_a_good_one(asked: Sequence[_Asked], receipts: Sequence[Receipt]) -> tuple[_Asked, ...]:
    """Has a person look at a payment that would go back beside one of the same person's that would not.

    Whoever has paid rightly after all is not asked to pay once more.
    """
    good = {r.identity_number for r, a in zip(receipts, asked, strict=True) if not _goes_back(a)} - {None}
    return tuple(
        replace(a, findings=tuple(replace(f, consequence=Consequence.HOLD) for f in a.findings))
        if _goes_back(a) and r.identity_number in good
        else a
        for r, a in zip(receipts, asked, strict=True)
    )


def _goes_back(asked: _Asked) -> bool:
    return any(finding.consequence is Consequence.RETURN for finding in asked.findings)


# --- what follows ------------------------------------------------------------------------------


def _what_follows(table: _Table) -> Decision:
    evidence, facts = table.matter.evidence, table.facts
    meant = Meant() if table.unbelieved == "stranger" else table.meant
    asked = _question(table, meant)
    others = () if table.unbelieved else meant_of_others(table.said, table.matter, facts, table.bench.policy)
    left = () if table.unbelieved else left_out(table.said, evidence.holders, facts)
    found = (*missed(table.said, left, table.bench.policy), *of_others(others, table.bench.policy))
    findings = (*_findings(table, asked), *found)
    entries = _entries(table)
    leaving = {case.number: case for case in (*meant.cases, *left)}
    withheld = _withheld(table, entries, tuple(leaving.values()))
    secret = set(cases_among(facts)) - facts.known
    outcome = _outcome(findings, entries, _are_all_told(table))
    is_held = outcome is Outcome.HELD
    return Decision(
        outcome=outcome,
        procedure=table.bench.procedure,
        topic=asked.topic,
        told=asked.told,
        evidence=evidence,
        alike=tuple(dict.fromkeys(n for r in evidence.receipts for n in facts.alike.get(r.digest, ()))),
        findings=findings,
        entries=entries,
        authentication=table.authentication,
        unbelieved=table.unbelieved,
        withheld=withheld,
        untold=tuple(sorted({e.case for e in withheld} & secret)),
        stays=tuple(dict.fromkeys(case.number for case in (*others, *_twins(table)))),
        foretells=foretold_by(table.said, table.matter, is_held, table.bench.policy),
    )


def _twins(table: _Table) -> tuple[Case, ...]:
    """Lists the waiting cases that may be those of the mail's rows under other numbers: neither goes on."""
    twins = () if table.unbelieved else table.facts.twins.values()
    return tuple(case for case in twins if may_still_wait(case))


def _question(table: _Table, meant: Meant) -> Question:
    said, facts, cases = table.said, table.facts, meant.cases
    if meant.said:
        return taken_back(meant, facts, table.bench.policy)
    if len(said.topics) == 1 and not table.mail:
        return question(said.topics[0], cases, table.matter.submission, facts)
    return wish_to_leave(said.leaving, cases, facts) if said.leaving and cases else Question()


def _findings(table: _Table, asked: Question) -> tuple[Finding, ...]:
    beside = table.said.beside
    # A question holds up nothing that came with it, but is never left unread.
    is_left = beside.question and beside.question != beside.withdrawal
    left = (remarked(beside.question, table.bench.policy),) if is_left else ()
    claims = (*table.files, *(a.findings for a in table.claims))
    return (*table.mail, *asked.findings, *left, *(f for found in claims for f in found))


def _entries(table: _Table) -> tuple[Entry, ...]:
    """Makes the entries of the claims that leave nothing to ask, and of what had waited for them."""
    # What pays for a case that an official must open first waits with it.
    unopened = {a.entry.case for a in table.rows if a.entry and a.findings and a.entry.event is Event.LISTED}
    is_stopped = bool(table.unbelieved or table.mail)
    made = tuple(
        a.entry
        for a in table.claims
        if a.entry and not (is_stopped or a.findings) and a.entry.case not in unopened
    )
    forms = {entry.case: entry for entry in table.scanned.values()}
    return made + _matched(made, table.bench) + tuple(forms.values())


def _withheld(table: _Table, entries: Sequence[Entry], meant: Sequence[Case]) -> tuple[Entry, ...]:
    """Names the entries that an official's word would make: whoever may leave, and what is held."""
    leaving = tuple(withdrawal(table.matter.sha, case, table.facts) for case in meant)
    # Who may have been taken back is not changed by the same word.
    left_alone = {case.number for case in meant}
    return leaving + tuple(
        a.entry
        for a in table.claims
        if a.entry and a.entry not in entries and table.waits(a) and a.entry.case not in left_alone
    )


def _are_all_told(table: _Table) -> bool:
    """Tells whether something is said about every file that gave nothing."""
    unread = table.matter.evidence.unread
    return all(found or u.name in table.scanned for found, u in zip(table.files, unread, strict=True))


def _outcome(findings: tuple[Finding, ...], entries: tuple[Entry, ...], all_told: bool) -> Outcome:
    consequences = {finding.consequence for finding in findings}
    if Consequence.RETURN in consequences:
        return Outcome.RETURNED
    # Nothing is accepted on a guess: what no rule speaks of waits for a person.
    if Consequence.HOLD in consequences or not all_told or not (findings or entries):
        return Outcome.HELD
    return Outcome.ACCEPTED if entries else Outcome.GUIDED


def _matched(entries: Sequence[Entry], bench: Bench) -> tuple[Entry, ...]:
    """Pays for cases that a list opens with the receipts that came before it and leave nothing to ask."""
    matched: list[Entry] = []
    for begun in (e for e in entries if e.event is Event.LISTED):
        early = [e for e in bench.facts.early if e.receipt.identity_number == begun.identity_number]
        is_paid = any(e.case == begun.case and e.receipt for e in entries)
        if len(early) != 1 or is_paid or bench.ask_receipt(0, early[0].receipt):
            continue
        paid = payment(early[0].mail, early[0].receipt, bench.facts, begun.procedure)
        if paid:
            matched.append(paid)
            bench = bench.after(paid)
    return tuple(matched)
