"""Two offices, two desks: nobody does or sees anything of another office, whatever they bring along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from pipeline.acts.acting import Act
from pipeline.acts.amending import amend
from pipeline.acts.off_list import take_off
from pipeline.acts.putting_off import assign, deal_with, wait
from pipeline.acts.releasing import release_list
from pipeline.acts.settling import Word, settle
from pipeline.acts.standing import Until
from pipeline.acts.taking_in import take_in
from pipeline.desk.people import People, Person, Role
from pipeline.domain.claims import Verb
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.home import Home
from pipeline.office.settings import DeskSettings
from pipeline.office.shop import Shop
from pipeline.sandbox.workers import WorkerPool
from tests.house import NIGHT, House
from tests.servers import Certificates, Dovecot, RecordingSmtp
from tests.test_web_desk import HASHED, Visitor, desk_of, hidden, seat, sent

# The same person is a clerk of both, under the same name and password.
WHO = "ayse"
HELD, LISTED = "held/foreigner-99", "accepted/ordinary-single-list"


@dataclass(frozen=True)
class Branch:
    """One office with its desk, somebody who sits there, and the numbers of its mail and case."""

    house: House
    clerk: Visitor
    mail: str
    case: str


@pytest.fixture(scope="module")
def offices(
    tmp_path_factory: pytest.TempPathFactory,
    dovecot: Dovecot,
    certificates: Certificates,
    readers: WorkerPool,
) -> Iterator[tuple[Branch, Branch]]:
    """An office whose own mail waits, and another with a mail, a case and a list of its own."""
    with ExitStack() as stack:
        smtp = stack.enter_context(RecordingSmtp(certificates))
        found = []
        for name, mails in (("adana", ("held/two-held-rows",)), ("bursa", (HELD, LISTED))):
            house = House(tmp_path_factory.mktemp(name), dovecot.account(), smtp, readers)
            People(Home(house.home)).put(Person(WHO, Role.ADMINISTRATOR, HASHED))
            house.deliver(*mails)
            house.more = '[batch]\nto = "it_unit"\n'
            house.write()
            house.poll()
            house.nightly()
            ((mail,),) = house.ask("SELECT number FROM decision JOIN hold USING (sha)")
            cases = house.ask("SELECT case_number FROM entry WHERE event='listed'")
            door = stack.enter_context(desk_of(house, DeskSettings(port=0)))
            found.append(Branch(house, seat(door, WHO), str(mail), str(cases[0][0]) if cases else ""))
        yield found[0], found[1]


@pytest.fixture
def untouched(offices: tuple[Branch, Branch]) -> Iterator[tuple[Branch, Branch]]:
    """Both offices; afterwards nothing has been done in either."""
    yield offices
    for branch in offices:
        assert branch.house.ask("SELECT * FROM act") == []
        assert branch.house.ask("SELECT * FROM settled") == []
        assert branch.house.ask("SELECT * FROM entry WHERE event='form_received'") == []


def test_anothers_numbers_lead_nowhere(untouched: tuple[Branch, Branch]) -> None:
    ours, theirs = untouched
    for page in (
        f"/ileti/{theirs.mail}",
        f"/ileti/{theirs.mail}/kagit/0/1.png",
        f"/yazisma/{theirs.mail}",
        f"/kisi/{theirs.case}",
        f"/siradaki/{theirs.case}",
        f"/liste/{NIGHT.date()}/1",
        f"/liste/{NIGHT.date()}/1/dosya",
    ):
        assert ours.clerk.get(page).status == 404, page
    for asked in (theirs.mail, theirs.case):
        answer = sent(ours.clerk, "/bul", "/bul", q=asked)
        assert "Haddadi" not in answer.text
        assert f"/kisi/{theirs.case}" not in answer.text
    scanned = sent(ours.clerk, "/kagit", "/kagit/okut", numara=theirs.case)
    assert 'data-sound="bad"' in scanned.text
    # They are there, for whoever sits at the other desk.
    assert theirs.clerk.get(f"/ileti/{theirs.mail}").status == 200
    assert theirs.clerk.get(f"/kisi/{theirs.case}").status == 200
    assert theirs.clerk.get(f"/liste/{NIGHT.date()}/1").status == 200


def test_a_log_in_at_one_desk_is_none_at_the_other(untouched: tuple[Branch, Branch]) -> None:
    """A browser sends a cookie of this machine to every port of it."""
    ours, theirs = untouched
    stranger = Visitor(theirs.clerk.place, theirs.clerk.host, cookie=ours.clerk.cookie)
    answer = stranger.get(f"/ileti/{theirs.mail}")
    assert (answer.status, answer.headers["location"]) == (303, "/giris")


def test_a_form_of_one_desk_is_none_at_the_other(untouched: tuple[Branch, Branch]) -> None:
    ours, theirs = untouched
    action = f"/ileti/{theirs.mail}/karar"
    page = theirs.clerk.get(f"/ileti/{theirs.mail}")
    fields = {
        "claim": "1",
        "verb": "return",
        "text": "Olmadı.",
        "because": "Olmadı.",
        "seen": hidden(page, "seen"),
        "bilet": page.token(action),
    }
    # Of the other desk, sent to ours; and one of ours, sent on to a number of theirs.
    assert ours.clerk.post(action, fields).status == 403
    own = ours.clerk.get(f"/ileti/{ours.mail}").token(f"/ileti/{ours.mail}/karar")
    assert ours.clerk.post(action, {**fields, "bilet": own}).status == 403
    assert theirs.clerk.post(action, {**fields, "bilet": own}).status == 403


def test_no_act_reaches_what_is_anothers(untouched: tuple[Branch, Branch]) -> None:
    """Whatever way a number came, an act looks for it in its own ledger; here no version keeps it back."""
    ours, theirs = untouched
    act = Act("A. Bir", "bakıldı", None)
    until = Until(NIGHT.date() + timedelta(days=300))
    acts: tuple[Callable[[Shop], object], ...] = (
        lambda shop: settle(shop, theirs.mail, [Word(1, Verb.RETURN, "Olmadı.")], act),
        lambda shop: amend(shop, theirs.mail, 1, {"workplace": "112"}, act),
        lambda shop: wait(shop, theirs.mail, [1], until, act),
        lambda shop: assign(shop, theirs.mail, [1], "H. Hanım", act),
        lambda shop: deal_with(shop, theirs.mail, act),
        lambda shop: take_in(shop, [theirs.case], act),
        lambda shop: take_off(shop, theirs.case, act),
        lambda shop: release_list(shop, f"{NIGHT.date()}/1", act),
    )
    with ours.house.opened() as shop:
        for does in acts:
            with pytest.raises(OperatorFault):
                does(shop)
