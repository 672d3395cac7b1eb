"""What people do at the desk: per claim, on what they saw, told once, and brought back when all is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.acts.acting import Act, version
from pipeline.acts.amending import amend, judged_today
from pipeline.acts.erasing import erase_whom
from pipeline.acts.faults import KnownFault, NotFitting, Overtaken, Refused, SecondName, TellsTooMuch
from pipeline.acts.finding import find, named, story
from pipeline.acts.kamusm_answers import import_answer
from pipeline.acts.off_list import take_off
from pipeline.acts.putting_off import assign, deal_with, wait
from pipeline.acts.releasing import release_list
from pipeline.acts.settling import AsRead, Word, accept_as_read, meant, preview, settle
from pipeline.acts.standing import Until, list_has_come, standings_of
from pipeline.acts.taking_in import take_in
from pipeline.acts.waiting import Pile, Task, Urgency, mail_on_desk, waiting
from pipeline.commands.cli import run
from pipeline.desk.answers import Page, Visit
from pipeline.desk.find_page import find_page
from pipeline.desk.people import Person as Somebody
from pipeline.desk.people import Role
from pipeline.desk.sessions import Session
from pipeline.domain import Arrival, Consequence, Place
from pipeline.domain.claims import Kind, Verb, claims_of
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import fold
from pipeline.intake.runs import decide_all
from pipeline.ledger.acts import acts_about
from pipeline.ledger.book import Judged
from pipeline.ledger.home import Home
from pipeline.mail.unpack import sender_of
from pipeline.office.console import BAD_CONFIGURATION, DONE, SET_ASIDE, WRONG_COMMAND, sentence
from pipeline.office.shop import Shop
from pipeline.review.history import tell
from pipeline.review.rebuild import make_way, rebuild
from tests.house import EVIDENCE, MORNING, NIGHT, House, body, fixture, parsed
from tests.letters import list_mail
from tests.letters.acts import two_held_rows
from tests.letters.receipts import BILL, paid, receipt_mail
from tests.mails import at as at_
from tests.office_days import an_office
from tests.people import Person, person
from tests.receipt_material import receipt_pdf


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Shop]:
    """An office without servers: its mails are given to it, its letters stay in the ledger."""
    with an_office(tmp_path) as shop:
        yield shop


def hear(shop: Shop, raw: bytes, moment: datetime = MORNING) -> Judged:
    """Keeps a mail and judges it."""
    then = at(shop, moment)
    arrival = Arrival(shop.home.keep(raw), raw, moment)
    run = shop.ledger.begin_run("poll", then.clock())
    shop.ledger.keep(Place("basvuru", "INBOX", 1, run), arrival, sender_of(raw), run)
    decide_all(then)
    judged = shop.ledger.judged(arrival.sha)
    assert judged
    return judged


def at(shop: Shop, moment: datetime) -> Shop:
    return replace(shop, clock=lambda: moment.astimezone(UTC))


def looking(shop: Shop, number: str, by: str = "M. Memur", because: str = "bakıldı") -> Act:
    """Whoever has just looked."""
    return Act(by, because, version(shop.ledger, number))


def todo(shop: Shop, pile: Pile = Pile.ALL) -> tuple[Task, ...]:
    """Lists what waits; page by page it is the same."""
    desk = waiting(shop)
    tasks = desk.page(pile, 0, 50)
    assert desk.count(pile) == len(tasks)
    assert tasks == tuple(task for at in range(len(tasks)) for task in desk.page(pile, at, 1))
    return tasks


def letters(shop: Shop, held: Judged) -> list[Any]:
    return [letter for letter in shop.ledger.letters_about(held.sha) if letter.kind.startswith("settled")]


# --- per claim ---------------------------------------------------------------------------------


def test_claims_of_one_mail_are_decided_differently_and_told_in_one_letter(office: Shop) -> None:
    held = hear(office, two_held_rows())
    one, two = claims_of(held.decision)
    assert [claim.kind for claim in (one, two)] == [Kind.HOLDER, Kind.HOLDER]
    words = [Word(1, Verb.ACCEPT), Word(2, Verb.RETURN, "Süre üç yıl olmalı.")]
    shown = preview(office, held.number, words, "bakıldı")
    done = settle(office, held.number, words, looking(office, held.number))
    assert shown
    assert done.letter == shown, "what was shown is what goes"
    assert not done.is_open
    (letter,) = letters(office, held)
    assert letter.kind == "settled-mixed"
    listed, back = shown.text.split("Bu haliyle işleme alınamayanlar")
    assert "Ayşe Karaağaçlı" in listed
    assert "Hülya Şimşekoğlu" in back
    assert "Gerekçe: Süre üç yıl olmalı." in back
    assert [entry.event for entry in office.ledger.entries_of(one.case)] == ["listed"]
    assert office.ledger.entries_of(two.case) == []
    assert office.ledger.hold(held.sha)["state"] == "accepted"  # type: ignore[index]
    (kept,) = acts_about(office.ledger, held.number)
    assert (kept.kind, kept.by, kept.because) == ("settle", "M. Memur", "bakıldı")


def test_the_second_clerk_is_told_who_was_faster_and_nothing_is_overwritten(office: Shop) -> None:
    held = hear(office, two_held_rows())
    mine, others = looking(office, held.number), looking(office, held.number, "H. Hanım")
    settle(office, held.number, [Word(1, Verb.ACCEPT)], mine)
    with pytest.raises(Overtaken) as fault:
        settle(office, held.number, [Word(1, Verb.RETURN)], others)
    assert "siz bakarken M. Memur işlem yaptı (14.06.2024 09:00)" in sentence(fault.value)
    assert len(acts_about(office.ledger, held.number)) == 1
    # Whoever looks again sees what is left, and decides that.
    with pytest.raises(OperatorFault, match="no_such_claim"):
        settle(office, held.number, [Word(1, Verb.RETURN)], looking(office, held.number))
    settle(office, held.number, [Word(2, Verb.RETURN)], looking(office, held.number))
    stale = looking(office, held.number)
    with pytest.raises(Overtaken, match="Memur"):
        settle(office, held.number, [Word(2, Verb.ACCEPT)], stale)


def test_who_only_asks_is_answered_and_never_sent_back(office: Shop) -> None:
    held = hear(office, fixture("held/no-attachment-question"))
    (claim,) = claims_of(held.decision)
    assert claim.fitting("") == (Verb.ANSWER, Verb.WAIT, Verb.ASSIGN)
    with pytest.raises(NotFitting) as fault:
        settle(office, held.number, [Word(1, Verb.RETURN)], looking(office, held.number))
    assert "soru yanıtlanır" in sentence(fault.value)
    answer = Word(1, Verb.ANSWER, "Gelmenize gerek yok.\nBaşvurunuz Kamu SM'de.")
    settle(office, held.number, [answer], looking(office, held.number))
    (letter,) = letters(office, held)
    assert letter.kind == "settled-answered"
    text = preview_of(letter.body)
    assert "Gelmenize gerek yok." in text
    assert "iade" not in text.casefold()
    assert "işleme alınamadı" not in text


def preview_of(raw: bytes) -> str:
    return body(parsed(raw))


def test_a_return_of_all_answers_a_question_in_fitting_words(office: Shop) -> None:
    held = hear(office, fixture("held/no-attachment-question"))
    settle(
        office,
        held.number,
        [Word(0, Verb.RETURN)],
        looking(office, held.number, because="Telefonla anlatıldı"),
    )
    (letter,) = letters(office, held)
    assert (letter.kind, "işleme alınamadı" in preview_of(letter.body)) == ("settled-answered", False)
    assert office.ledger.hold(held.sha)["state"] == "answered"  # type: ignore[index]


def test_a_mail_is_closed_without_a_word(office: Shop) -> None:
    held = hear(office, fixture("held/no-attachment-question"))
    done = settle(office, held.number, [Word(0, Verb.ANSWER)], looking(office, held.number))
    assert (done.letter, done.is_open, letters(office, held)) == (None, False, [])


@pytest.mark.parametrize(
    "text",
    ["Nüfus no 10000000146", "Bakınız https://posta.invalid/x", "N-0000000H ile aynı", "bkz. g-0000000h"],
)
def test_an_officials_own_words_tell_no_more_than_a_letter_may(office: Shop, text: str) -> None:
    held = hear(office, fixture("held/no-attachment-question"))
    with pytest.raises(TellsTooMuch):
        settle(office, held.number, [Word(1, Verb.ANSWER, text)], looking(office, held.number))
    assert acts_about(office.ledger, held.number) == []


def test_nobody_is_answered_in_a_name_that_may_be_stolen(office: Shop) -> None:
    held = hear(office, fixture("held/no-sender"))
    assert held.decision.silence
    places = [claim.number for claim in claims_of(held.decision)]
    with pytest.raises(Refused, match="answer_to_nobody"):
        settle(office, held.number, [Word(places[0], Verb.ANSWER, "Geliniz.")], looking(office, held.number))


# --- put off, handed on ------------------------------------------------------------------------


def test_what_waits_for_its_day_is_out_of_the_way_and_comes_back_by_itself(office: Shop) -> None:
    held = hear(office, two_held_rows())
    day = (MORNING + timedelta(days=5)).date()
    wait(office, held.number, [1], Until(day), looking(office, held.number))
    assert [task.number for task in todo(office)] == [held.number], "the other row is still to be done"
    wait(office, held.number, [2], Until(day), looking(office, held.number))
    assert todo(office) == ()
    assert [t.number for t in todo(office, Pile.PUT_OFF)] == [held.number]
    later = at(office, MORNING + timedelta(days=5))
    assert [t.number for t in todo(later)] == [held.number]
    assert [s.state for s in standings_of(later, held)] == ["open", "open"]
    assert letters(office, held) == [], "nobody is written to about waiting"
    with pytest.raises(Refused, match="wait_for_the_past"):
        wait(later, held.number, [], Until(day), looking(office, held.number))


def test_what_waits_for_its_list_comes_back_with_it(office: Shop) -> None:
    early = hear(office, fixture("held/receipt-before-list"))
    (claim,) = claims_of(early.decision)
    assert claim.is_early(office.policy.awaits_list)
    assert claim.fitting(office.policy.awaits_list)[0] is Verb.WAIT
    wait(office, early.number, [], Until(event="mail"), looking(office, early.number))
    assert todo(office) == ()
    hear(office, fixture("held/receipt-before-list") + b"\r\n", MORNING + timedelta(hours=1))
    assert early.number in [task.number for task in todo(at(office, NIGHT))]


def test_no_receipt_waits_for_a_list_that_has_come(office: Shop) -> None:
    """Nobody would see it for a month."""
    early = hear(office, fixture("held/receipt-before-list"))
    (claim,) = claims_of(early.decision)
    assert not list_has_come(office, early, claim)
    wait(office, early.number, [], Until(event="list"), looking(office, early.number))

    hear(office, fixture("held/receipt-card-reversed/1-list"))
    held = hear(office, fixture("held/receipt-card-reversed/2-receipt"))
    (claim,) = claims_of(held.decision)
    assert list_has_come(office, held, claim)
    with pytest.raises(Refused, match="wait_for_what_came"):
        wait(office, held.number, [1], Until(event="list"), looking(office, held.number))
    wait(office, held.number, [1], Until(event="mail"), looking(office, held.number))


def test_what_waits_for_a_list_sees_one_claim_of_a_mail_decided_while_others_wait(office: Shop) -> None:
    first, again = hear(office, two_held_rows()), hear(office, two_held_rows() + b"\r\n")
    wait(office, first.number, [1], Until(event="list"), looking(office, first.number))
    assert standings_of(office, first)[0].state == "waits"
    later = at(office, MORNING + timedelta(hours=1))
    settle(later, again.number, [Word(1, Verb.ACCEPT)], looking(later, again.number))
    assert office.ledger.hold(again.sha)["state"] == "open"  # type: ignore[index]
    assert standings_of(later, first)[0].state == "open"


def test_what_waits_for_what_never_happens_is_back_after_a_month(office: Shop) -> None:
    held = hear(office, fixture("held/no-attachment-question"))
    wait(office, held.number, [], Until(event="receipt"), looking(office, held.number))
    assert todo(at(office, MORNING + timedelta(days=29))) == ()
    assert [t.number for t in todo(at(office, MORNING + timedelta(days=31)))] == [held.number]


def test_a_claim_is_a_colleagues(office: Shop) -> None:
    held = hear(office, two_held_rows())
    assign(office, held.number, [2], "Hülya  Hanım", looking(office, held.number))
    (task,) = todo(office)
    assert (task.urgency, task.desks) == (Urgency.HELD, ("Hülya Hanım",))
    hers, mine = (waiting(office, name, {"Hülya Hanım", "M. Memur"}) for name in ("Hülya Hanım", "M. Memur"))
    assert [hers.count(pile) for pile in Pile] == [1, 1, 1, 0]
    assert [mine.count(pile) for pile in Pile] == [0, 0, 1, 0]
    assert [len(hers.page(pile, 0, 9)) for pile in Pile] == [1, 1, 1, 0]
    assert [len(mine.page(pile, 0, 9)) for pile in Pile] == [0, 0, 1, 0]
    desk = mail_on_desk(office, held.number)
    assert desk
    assert [s.desk for s in desk.standings] == ["", "Hülya Hanım"]
    assert [done.kind for done in desk.acts] == ["assign"]


def test_a_mail_that_was_set_aside_is_on_the_desk_until_somebody_has_seen_to_it(office: Shop) -> None:
    mail = hear(office, b"\x00" * 50)
    assert mail.shunt
    (task,) = todo(office)
    assert (task.urgency, task.number) == (Urgency.SET_ASIDE, mail.number)
    deal_with(office, mail.number, looking(office, mail.number))
    assert todo(office) == ()


def test_a_number_means_a_mail_a_claim_or_a_case(office: Shop) -> None:
    held = hear(office, two_held_rows())
    one, two = claims_of(held.decision)
    assert meant(office, held.number.lower())[1] == ()
    assert meant(office, f"{held.number}/2")[1] == (2,)
    assert meant(office, one.case)[1] == (1,)
    for wrong in (f"{held.number}/3", f"{held.number}/x", "G-0000000H", "N-0000000X"):
        with pytest.raises(OperatorFault) as fault:
            meant(office, wrong)
        assert sentence(fault.value)
    assert two.number == 2


# --- what a person reads -----------------------------------------------------------------------

WHO = person("Cihan Yüksekyaylalı")


def receipt_of(shop: Shop, who: Person = WHO, about: Person = WHO) -> Judged:
    """After a list a receipt is held, for it is of a day whose price nobody knows."""
    hear(shop, list_mail(about, at_("2024-06-10", "09:00")), MORNING - timedelta(days=4))
    slip = receipt_pdf(BILL, paid(about, "2026-03-02T11:05:05", 61))
    return hear(shop, receipt_mail(who, at_("2024-06-14", "08:00"), slip))


def test_what_a_person_reads_is_judged_by_the_same_rules(office: Shop) -> None:
    held = receipt_of(office)
    (claim,) = claims_of(held.decision)
    assert claim.findings
    read = {"paid_on": "12.06.2024", "amount": "780,00", "reference": "2024061200010061"}
    judgement = amend(office, held.number, 1, read, looking(office, held.number))
    assert (judgement.claim.findings, judgement.faults) == ((), ())
    (standing,) = standings_of(office, held)
    assert (standing.amended["amount"].value, standing.amended["amount"].by) == ("780,00", "M. Memur")
    assert "tutar: 780,00 (M. Memur okudu)" in tell(held.number, office.ledger, office.policy)
    assert office.ledger.entries_of(claim.case)[-1].event == "listed", "nothing is decided by reading"
    # The page says otherwise as text, in which no letter is misread: that takes two.
    yes = [Word(1, Verb.ACCEPT)]
    assert settle(office, held.number, yes, looking(office, held.number)).proposed == (1,)
    settle(office, held.number, yes, looking(office, held.number, "H. Hanım"))
    entry = office.ledger.entries_of(claim.case)[-1]
    assert entry.receipt
    assert (entry.event, entry.receipt.amount, entry.receipt.paid_on) == (
        *("paid", Decimal("780.00")),
        date(2024, 6, 12),
    )
    (letter,) = letters(office, held)
    assert "780,00" in preview_of(letter.body)


PRIVATE = {"work_email": "ayse.karaagacli@posta.invalid"}


def of_two_names(shop: Shop) -> Shop:
    """The same office, where two people may let a private address pass."""
    path = "holder/corporate-email"
    rules = tuple(replace(r, override="two") if r.path == path else r for r in shop.policy.rules)
    return replace(shop, policy=replace(shop.policy, rules=rules))


def test_a_known_fault_stays_one_and_takes_two_where_its_rule_says_so(office: Shop) -> None:
    held = hear(office, two_held_rows())
    judgement = amend(office, held.number, 1, PRIVATE, looking(office, held.number))
    assert [f.rule for f in judgement.faults] == ["holder/corporate-email"]
    yes = [Word(1, Verb.ACCEPT)]
    with pytest.raises(KnownFault) as fault:
        settle(office, held.number, yes, looking(office, held.number))
    assert judgement.faults[0].say in sentence(fault.value)
    two = of_two_names(office)
    assert settle(two, held.number, yes, looking(office, held.number, "A. Bir")).proposed == (1,)
    assert [s.state for s in standings_of(two, held)] == ["proposed", "open"]
    assert letters(office, held) == []
    with pytest.raises(SecondName):
        settle(two, held.number, yes, looking(office, held.number, "a. BİR"))
    settle(two, held.number, yes, looking(office, held.number, "B. İki"))
    assert [(s.state, s.by) for s in standings_of(two, held)] == [("accepted", "B. İki"), ("open", "")]


def test_a_first_name_does_not_stand_for_what_is_read_later(office: Shop) -> None:
    held = hear(office, two_held_rows())
    two, yes = of_two_names(office), [Word(1, Verb.ACCEPT)]
    amend(two, held.number, 1, PRIVATE, looking(office, held.number, "C. Üç"))
    assert settle(two, held.number, yes, looking(office, held.number, "A. Bir")).proposed == (1,)
    amend(two, held.number, 1, {"given_name": "AYŞE"}, looking(office, held.number, "C. Üç"))
    assert settle(two, held.number, yes, looking(office, held.number, "B. İki")).proposed == (1,)


def test_reading_it_otherwise_ends_no_fault_that_was_known(office: Shop) -> None:
    held = receipt_of(office)
    (claim,) = claims_of(held.decision)
    refused = tuple(replace(f, consequence=Consequence.RETURN) for f in claim.findings)
    read = {"paid_on": "12.06.2024", "amount": "780,00", "reference": "2024061200010061"}
    amend(office, held.number, 1, read, looking(office, held.number))
    assert judged_today(office, held, claim).faults == ()
    assert judged_today(office, held, replace(claim, findings=refused)).faults == refused


def test_what_is_no_value_is_not_read(office: Shop) -> None:
    held = receipt_of(office)
    for wrong in (
        {"amount": "yedi yüz"},
        {"paid_on": "12/06"},
        {"identity_number": "123"},
        {"born_on": "1.1.1990"},
    ):
        with pytest.raises(Refused, match="amend_value"):
            amend(office, held.number, 1, wrong, looking(office, held.number))
    assert acts_about(office.ledger, held.number) == []


def test_a_case_that_reading_finds_is_told_to_nobody_who_may_not_hear_of_it(office: Shop) -> None:
    """A stranger's receipt turns out to be somebody else's: it pays, and its sender hears of no case."""
    other = person("Ayşe Karaağaçlı")
    listed = hear(office, list_mail(other, at_("2024-06-10", "09:00")), MORNING - timedelta(days=4))
    (case,) = {entry.case for entry in listed.decision.entries}
    held = receipt_of(office, who=person("Recep Büyükırmak"))
    read = {"paid_on": "12.06.2024", "amount": "780,00", "identity_number": other.identity_number}
    amend(office, held.number, 1, read, looking(office, held.number))
    yes = [Word(1, Verb.ACCEPT)]
    settle(office, held.number, yes, looking(office, held.number))
    done = settle(office, held.number, yes, looking(office, held.number, "H. Hanım"))
    assert office.ledger.entries_of(case)[-1].event == "paid"
    assert done.letter
    assert case not in done.letter.kind + done.letter.text + done.letter.html + done.letter.subject


# --- who is meant ------------------------------------------------------------------------------


def test_a_person_is_found_by_whatever_they_know_of_themselves(office: Shop) -> None:
    held = receipt_of(office)
    hear(office, two_held_rows())
    (receipt,) = held.decision.evidence.receipts
    assert receipt.reference
    (case,) = office.ledger.all_cases()
    asked = (
        *("cihan yüksek", "YÜKSEKYAYLALI", "yuksekyaylali cih", WHO.identity_number),
        *(WHO.work_email, receipt.reference, case.number.lower()),
    )
    for text in asked:
        found = find(office, text, "M. Memur")
        assert [str(one.number) for one in found] == [str(case.identity_number)], text
        (one,) = found
        assert [c.number for c in one.cases] == [case.number]
        assert held.sha in one.mails
    assert find(office, "ayşe yüksekyaylalı", "M. Memur") == (), "one person's words, not two people's"
    assert find(office, "  ", "M. Memur") == ()
    assert len(find(office, "ayse", "M. Memur")) == 1, "what was found is there at once"
    told = story(office, find(office, case.number, "M. Memur")[0], "M. Memur")
    assert [entry.event for entry in told.entries] == ["listed"]
    assert {mail.number for mail in told.mails} >= {held.number}
    assert told.letters
    noted = office.ledger.query("SELECT event, about FROM audit WHERE event LIKE 'looked%'")
    assert noted == [{"event": "looked at by M. Memur", "about": case.number}]
    asked_for = office.ledger.query("SELECT about FROM audit WHERE event LIKE 'searched by M. Memur'")
    assert not [row for row in asked_for if WHO.identity_number in row["about"]]


def test_who_was_erased_is_found_no_more(office: Shop) -> None:
    held = receipt_of(office)
    assert find(office, WHO.identity_number, "M. Memur")
    settle(office, held.number, [Word(1, Verb.ANSWER)], looking(office, held.number))
    with office.ledger.transaction():
        office.ledger.execute("UPDATE letter SET state='done'")
    erase_whom(office, WHO.identity_number, looking(office, "", because="kendisi istedi"))
    assert find(office, WHO.identity_number, "M. Memur") == ()
    assert WHO.identity_number.encode() not in office.home.ledger_file.read_bytes()
    assert fold(WHO.name).split()[-1].encode() not in office.home.ledger_file.read_bytes()
    assert [done.because for done in acts_about(office.ledger, held.number)] == [""]


# --- when all is lost --------------------------------------------------------------------------

BATCH = """
[batch]
to = "it_unit"
"""
# What people did, and what followed from it.
KEPT = (
    'SELECT kind, about, "by", because, body, copy FROM act ORDER BY id',
    "SELECT state, because, settled_by, settled_at FROM hold ORDER BY sha",
    "SELECT claim, case_number, state, because, settled_by, settled_at FROM settled ORDER BY sha, claim",
    "SELECT day, number, released_by FROM release",
    "SELECT name, result, case_number FROM kamu_sm_answer JOIN kamu_sm_answer_row USING (digest) ORDER BY 3",
    "SELECT case_number, event, proof FROM entry ORDER BY case_number, id",
    "SELECT kind, state, recipient FROM letter WHERE kind NOT IN ('nightly') ORDER BY kind, message_id",
)


def test_all_that_people_did_comes_back_after_the_ledger_is_lost(house: House) -> None:
    house.more = EVIDENCE + BATCH
    house.write()
    house.deliver_copies()
    for raw in (two_held_rows(), fixture("held/no-attachment-question"), fixture("held/five-year-term")):
        house.deliver_raw(raw)
    house.deliver("held/foreigner-99")
    house.deliver("accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt")
    house.deliver("accepted/careless-names")
    house.poll()
    then = MORNING + timedelta(hours=1)
    with house.opened(then) as shop:
        rows, question, other, foreigner = shop.ledger.open_holds()
        settle(shop, rows.number, [Word(2, Verb.RETURN, "Üç yıl")], looking(shop, rows.number, "A. Bir"))
        assign(shop, rows.number, [1], "H. Hanım", looking(shop, rows.number, "B. İki"))
        answer = Word(1, Verb.ANSWER, "Gelmenize gerek yok.")
        settle(shop, question.number, [answer], looking(shop, question.number, "A. Bir"))
        amend(shop, other.number, 1, {"workplace": "112 KOMUTA"}, looking(shop, other.number, "E. Beş"))
        wait(shop, other.number, [], Until(NIGHT.date() + timedelta(days=9)), looking(shop, other.number))
        read = AsRead(foreigner.decision.withheld)
        accept_as_read(shop, foreigner.number, read, looking(shop, foreigner.number, "F. Altı"))
        ((paid, _),) = [(c.number, c) for c in shop.ledger.all_cases() if c.receipt]
        take_in(shop, [paid], looking(shop, paid, "C. Üç", ""))
        for kept in (case.number for case in shop.ledger.unbatched_cases() if case.number != paid):
            take_off(shop, kept, looking(shop, kept, "B. İki", "Soruldu"))
    house.poll(then + timedelta(minutes=5))
    house.nightly(NIGHT)
    with house.opened(NIGHT + timedelta(hours=10)) as shop:
        release_list(shop, "2024-06-14/1", looking(shop, "2024-06-14/1", "Müdür", ""))
    house.poll(NIGHT + timedelta(hours=11))
    who = shop_case(house, paid)
    csv = f"T.C. Kimlik No;Sonuç;Açıklama\n{who};İade;Doğum tarihi yanlış\n".encode()
    with house.opened(NIGHT + timedelta(hours=12)) as shop:
        import_answer(shop, "yanit.csv", csv, looking(shop, "", "D. Dört", ""))
    house.poll(NIGHT + timedelta(hours=13))
    was = {sql: house.ask(sql) for sql in KEPT}
    assert [row[0] for row in was[KEPT[0]]] == [
        *("settle", "assign", "settle", "amend", "wait", "reread", "paper"),
        *("off_list", "off_list", "release", "kamu_sm_answer"),
    ]

    (house.home / "ledger.db").unlink()
    assert make_way(Home(house.home)) == "ledger_gone"
    with house.opened(NIGHT + timedelta(hours=14)) as shop:
        rebuilt = rebuild(shop)
    assert rebuilt.is_whole, rebuilt
    assert rebuilt.settled == 11
    assert {sql: house.ask(sql) for sql in KEPT} == was


def shop_case(house: House, number: str) -> str:
    ((digits,),) = house.ask("SELECT DISTINCT identity_number FROM entry WHERE case_number=?", number)
    return str(digits)


# --- the command line --------------------------------------------------------------------------


def test_a_clerk_decides_in_turkish_words(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NES_INTAKE_OFFICIAL", "M. Memur")
    monkeypatch.setenv("NES_INTAKE_SETTINGS", str(house.file))
    house.deliver_raw(two_held_rows())
    house.deliver_raw(fixture("held/no-attachment-question"))
    house.poll()
    with house.opened() as shop:
        rows, question = shop.ledger.open_holds()
        case = rows.decision.withheld[0].case
    why = ("--because", "bakıldı")
    day = f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}"
    for words, code, told in (
        (("settle", f"{rows.number}/2", "beklet", "--until", day, *why), DONE, "bekletiliyor"),
        (("settle", f"{rows.number}/2", "beklet", *why), BAD_CONFIGURATION, "neyin bekleneceği yazılmamış"),
        (("settle", rows.number, "BAŞKASINA", "--to", "H. Hanım", *why), DONE, "başkasına verildi"),
        (("settle", rows.number, "baskasina", *why), BAD_CONFIGURATION, "Kime devredileceği yazılmamış"),
        (("settle", rows.number, "baskasina", "--to", " ", *why), BAD_CONFIGURATION, "--to herkes"),
        (("settle", rows.number, "baskasina", "--to", "Herkes", *why), DONE, "başkasına verildi"),
        (("amend", f"{rows.number}/1", "birim=112 Komuta", *why), DONE, "aynı kurallar yeniden baktı"),
        (("amend", f"{rows.number}/1", "boy=1,80", *why), WRONG_COMMAND, "tutar, gun"),
        (("amend", rows.number, "birim=x", *why), BAD_CONFIGURATION, f"{rows.number}/1"),
        (("settle", case, "kabul", *why), DONE, "kabul edildi"),
        (("settle", question.number, "iade edilsin", *why), WRONG_COMMAND, "kabul, iade, yanitlandi, beklet"),
        (("settle", question.number, "yanıtlandı", "--text", "Gelmeyiniz.", *why), DONE, "yanıtlandı"),
        (("settle", question.number, "kabul"), WRONG_COMMAND, "--because: eksik"),
        (
            ("settle", question.number, "kabul", "--acele", *why),
            WRONG_COMMAND,
            "--acele diye bir seçenek yok",
        ),
        (("find", "karaağaç"), DONE, case),
        (("find", "hiç", "kimse"), SET_ASIDE, "Kimse bulunamadı"),
    ):
        assert run(list(words)) == code, words
        captured = capsys.readouterr()
        said = captured.out + captured.err
        assert told in said, (words, said)
        assert not re.search(r"Error|Missing|Usage|No such", said), said
    assert house.ask("SELECT kind FROM act ORDER BY id") == [
        *(("wait",), ("assign",), ("assign",), ("amend",), ("settle",), ("settle",)),
    ]
    assert {by for (by,) in house.ask('SELECT "by" FROM act')} == {"M. Memur"}


def test_a_mail_after_midnight_is_found_under_the_day_that_people_had(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.deliver_raw(two_held_rows())
    # 21:30 of the day before, by the clock that the ledger keeps.
    house.poll(datetime(2024, 6, 15, 0, 30, tzinfo=MORNING.tzinfo))
    assert run(["find", "karaağaç", "--settings", str(house.file), "--by", "M. Memur"]) == DONE
    told = capsys.readouterr().out
    assert "15.06.2024" in told
    assert "14.06.2024" not in told
    with house.opened(MORNING + timedelta(hours=20)) as shop:
        judged = shop.ledger.judged_number(str(house.ask("SELECT number FROM decision")[0][0]))
        assert judged
        for asked in ("karaağaç", judged.number):
            traces = named(shop, asked)
            assert {one.day_in(shop.settings.zone) for one in traces if one.sha} == {date(2024, 6, 15)}
        visit = Visit(
            Somebody("veli", Role.CLERK), Session("veli", MORNING, MORNING), "/bul", form={"q": "karaağaç"}
        )
        page = find_page(shop, visit)
    assert isinstance(page, Page)
    assert {one.day for one in page.values["found"]} == {date(2024, 6, 15)}
