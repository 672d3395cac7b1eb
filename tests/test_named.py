"""Who stands on a list that somebody else has sent hears of it once, at the own address, and of no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.acts.named import letters_to_named
from pipeline.domain import Entry, Event, Procedure
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger.book import Ledger
from pipeline.ledger.listed_people import ON_A_LIST
from pipeline.ledger.undoing import undo_decision
from pipeline.office.planning import plan
from pipeline.sandbox.workers import WorkerPool
from tests.desk import MONDAY, Desk, said
from tests.house import fixture
from tests.in_order import AYSE, POLICY, SUKRU, TODAY, mail_from, row, slip
from tests.letters import list_of
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import PEOPLE, Person, person

NOW = datetime(2024, 5, 13, 9, 30, tzinfo=UTC)
FIVE = ("Hülya Şimşekoğlu", "Barış Tunahanlı", "Pınar İlkbaharlı", "Recep Büyükırmak", "Ilgın Karasulu")
SECRETARY = "personel@hastane1.saglik.example.org"


def listed(who: Person = AYSE, case: str = "N-0000000H", **changes: Any) -> Entry:
    number = IdentityNumber(who.identity_number)
    made = (case, Procedure.LOST_OR_STOLEN, number, Event.LISTED, TODAY, "x")
    return Entry(*made, holder=row(who, **changes))


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    ledger = Ledger.in_memory()
    yield ledger
    ledger.close()


def told(
    ledger: Ledger, *entries: Entry, sender: str = SECRETARY, now: datetime = NOW, most: int = 300
) -> list[str]:
    """Opens cases by a list of a sender; gives the addresses that are written to for it, over all."""
    office = replace(POLICY.office, listed_told_per_day=most, own_addresses=("nes@saglik.example.org",))
    with ledger.transaction():
        ledger.add_entries([entry for entry in entries if not ledger.case(entry.case)], sender)
        policy = replace(POLICY, office=office)
        for letter in letters_to_named(ledger, entries, mail_from(sender=sender), policy, now):
            plan(ledger, letter, now)
    letters = ledger.letters_in_state("planned")
    assert {letter.kind for letter in letters} <= {ON_A_LIST}
    return [letter.recipient for letter in letters]


@pytest.mark.parametrize(
    ("address", "is_told"),
    [
        (AYSE.work_email, True),
        (AYSE.work_email.upper(), True),
        # Outside the office's domains, or none at all.
        ("ayse@posta.invalid", False),
        ("ayse@hastane1.saglik.example.org.posta.invalid", False),
        ("", False),
        (None, False),
        # Ours, Kamu SM's, a program's.
        ("nes@saglik.example.org", False),
        (POLICY.office.it_unit, False),
        (f"bilgi@{POLICY.office.kamu_sm_domains[0]}", False),
        ("noreply@hastane1.saglik.example.org", False),
        ("mailer-daemon@hastane1.saglik.example.org", False),
        # Who sent the list has an answer.
        (SECRETARY, False),
    ],
)
def test_only_a_persons_address_of_the_office_is_written_to(
    ledger: Ledger, address: str | None, is_told: bool
) -> None:
    assert told(ledger, listed(work_email=address)) == ([(address or "").lower()] if is_told else [])


def test_whose_receipt_came_with_the_list_is_not_asked_to_pay(ledger: Ledger) -> None:
    paid = replace(listed(), event=Event.PAID, holder=None, receipt=slip())
    for entries, asks in (([listed()], True), ([listed(), paid], False)):
        (letter,) = letters_to_named(ledger, entries, mail_from(sender=SECRETARY), POLICY, NOW)
        assert ("Dekontun bir örneğini" in letter.text) is asks
        assert ("Yeniden ödeme yapmayınız" in letter.text) is not asks


def test_everybody_hears_once_for_each_case(ledger: Ledger) -> None:
    assert told(ledger, listed()) == [AYSE.work_email]
    # Corrected, sent again, by somebody else.
    assert told(ledger, replace(listed(), event=Event.AMENDED)) == [AYSE.work_email]
    assert told(ledger, listed(), sender="baska@hastane1.saglik.example.org") == [AYSE.work_email]
    # A card is lost again, years later.
    with ledger.transaction():
        ledger.add_entries([replace(listed(), event=Event.CLOSED, holder=None)], "")
    assert told(ledger, listed(case="N-1111111P")) == [AYSE.work_email] * 2


def test_nobody_hears_of_another_who_shares_the_address(ledger: Ledger) -> None:
    shared = "eczane@hastane1.saglik.example.org"
    assert told(ledger, listed(work_email=shared)) == [shared]
    assert told(ledger, listed(SUKRU, "N-1111111P", work_email=shared)) == [shared]


def test_nobody_hears_of_another_on_the_same_list_who_shares_the_address(ledger: Ledger) -> None:
    shared = "eczane@hastane1.saglik.example.org"
    both = [listed(work_email=shared), listed(SUKRU, "N-1111111P", work_email=shared.upper())]
    assert not letters_to_named(ledger, both, mail_from(sender=SECRETARY), POLICY, NOW)
    assert letters_to_named(ledger, both[:1], mail_from(sender=SECRETARY), POLICY, NOW)


def test_a_flood_of_lists_is_no_flood_of_letters(ledger: Ledger) -> None:
    flood = [listed(who, f"N-000000{n:02d}") for n, who in enumerate(PEOPLE[:9])]
    assert len(told(ledger, *flood[:5], most=3)) == 3
    assert len(told(ledger, *flood[5:7], most=3, now=NOW + timedelta(hours=23))) == 3
    assert len(told(ledger, *flood[7:], most=3, now=NOW + timedelta(hours=25))) == 5


def test_an_office_may_leave_it(ledger: Ledger) -> None:
    assert told(ledger, listed(), most=0) == []


# --- through the front door ------------------------------------------------------------------------


@pytest.fixture
def desk(readers: WorkerPool) -> Iterator[Desk]:
    desk = Desk(readers)
    yield desk
    desk.ledger.close()


def to_people(desk: Desk) -> dict[str, str]:
    """Reads the letters to people on lists of others, by their recipients."""
    letters = [letter for letter in desk.ledger.letters_in_state("planned") if letter.kind == ON_A_LIST]
    found = {letter.recipient: said(letter.body) for letter in letters}
    assert len(found) == len(letters)
    return found


def test_five_people_on_a_secretarys_list_hear_each_of_their_own_matter(desk: Desk) -> None:
    desk.take(fixture("accepted/list-of-five"))
    people = [person(name) for name in FIVE]
    letters = to_people(desk)

    assert set(letters) == {who.work_email for who in people}
    for who in people:
        text = letters[who.work_email]
        assert who.name in text
        assert not [other.name for other in people if other is not who and other.name in text]
        assert SECRETARY not in text
        assert who.identity_number not in text
    # Sent again, nobody hears of it twice.
    desk.take(fixture("accepted/list-of-five") + b"\r\n")
    assert to_people(desk) == letters


def test_who_knows_nothing_of_the_list_is_off_it_by_the_words_that_the_letter_asks_for(desk: Desk) -> None:
    first = desk.take(fixture("accepted/list-of-five"))
    who = person(FIVE[0])
    (number,) = (e.case for e in first.decision.entries if e.holder and e.holder.work_email == who.work_email)
    (letter,) = desk.ledger.letters_about(number)
    asked = re.search(r"“([^”]+)”", " ".join(to_people(desk)[who.work_email].split()))
    assert asked
    thread = (("In-Reply-To", letter.message_id), ("References", letter.message_id))
    envelope = Envelope(Sender(who.name, who.work_email), "Yanıt", at("2024-05-14", "17:00"), more=thread)
    answer = desk.take(mail(envelope, plain(asked[1] + "\n")), MONDAY + timedelta(days=1))

    assert [(e.case, e.event) for e in answer.decision.withheld] == [(number, Event.WITHDRAWN)]


def test_what_is_not_accepted_tells_nobody(desk: Desk) -> None:
    # A unit writes for another's people, and a stranger for people of ours: forged lists open no case.
    form = attached(list_of(*map(person, FIVE)), XLS, "liste.xls")
    for sender in ("personel@hastane2.saglik.example.org", "x@posta.invalid"):
        envelope = Envelope(Sender("x", sender), "liste", at("2024-05-13", "10:00"))
        desk.take(mail(envelope, mixed(plain("Liste ektedir.\n"), form)))
    assert to_people(desk) == {}


def test_a_decision_that_is_withdrawn_takes_its_letters_with_it(desk: Desk) -> None:
    first = desk.take(fixture("accepted/list-of-five"))
    letters = to_people(desk)
    with desk.ledger.transaction():
        undo_decision(desk.ledger, first.sha)
    assert to_people(desk) == {}
    desk.take(fixture("accepted/list-of-five"))
    assert to_people(desk) == letters


def test_who_writes_and_has_the_answer_sent_elsewhere_hears_of_it_too(ledger: Ledger) -> None:
    # The address in From proves nobody, and only a colleague would hear that its owner stands on a list.
    entry = listed()
    with ledger.transaction():
        ledger.add_entries([entry], AYSE.work_email)
        mail_of = replace(mail_from(sender=AYSE.work_email), reply_to=SECRETARY)
        (letter,) = letters_to_named(ledger, [entry], mail_of, POLICY, NOW)
        assert letter.recipient == AYSE.work_email
        own = replace(mail_of, reply_to=AYSE.work_email)
        assert letters_to_named(ledger, [entry], own, POLICY, NOW) == ()
