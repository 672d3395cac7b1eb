"""A wrong yes: what passes for something else, two names of one person, a file that was cut to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.acts.amending import amend
from pipeline.acts.faults import SecondName
from pipeline.acts.putting_off import wait
from pipeline.acts.settling import Word, settle
from pipeline.acts.standing import Until
from pipeline.domain.claims import Verb
from pipeline.domain.faults import OperatorFault
from pipeline.office import opening
from pipeline.office.console import sentence
from pipeline.office.settings import load_settings
from pipeline.office.shop import Shop
from pipeline.papers.layouts import read_receipt
from pipeline.policy.places import Places
from pipeline.review.rejudging import accept_again, accept_read_today, judged_again, read_today
from tests.house import House
from tests.in_order import POLICY
from tests.letters import list_mail
from tests.letters.acts import two_held_rows
from tests.letters.receipts import receipt_before_list
from tests.mails import at
from tests.office_days import an_office
from tests.people import person
from tests.test_acts import hear, looking, receipt_of


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Shop]:
    with an_office(tmp_path) as shop:
        yield shop


def without_a_price_list(shop: Shop) -> Shop:
    """The same office, where no rule asks what a receipt of that day had to say."""
    rules = tuple(r for r in shop.policy.rules if not r.path.startswith("receipt/"))
    return replace(shop, policy=replace(shop.policy, rules=rules))


def test_what_was_held_is_not_let_in_for_what_is_read_today(office: Shop) -> None:
    held = receipt_of(office)
    lax = without_a_price_list(office)
    (again,) = judged_again(office, lax.policy)
    assert (again.would_pass, again.hindrance) == (True, "")
    # A person has read another payment on it since: that is not what passes.
    amend(office, held.number, 1, {"reference": "2024061200010061"}, looking(office, held.number))
    (again,) = judged_again(office, lax.policy)
    assert (again.is_fit, again.would_pass, again.hindrance) == (True, False, "otherwise")
    assert list(accept_again(office, (again,), "yeni kural", "A. Bir")) == [(again, "otherwise")]
    assert [hold.sha for hold in office.ledger.open_holds()] == [held.sha]


def test_what_is_read_otherwise_by_todays_rules_waits_for_a_person(office: Shop) -> None:
    receipt_of(office)
    lax = without_a_price_list(office).policy
    layouts = {
        name: known.model_copy(update={"labels": {**known.labels, "reference": ()}})
        for name, known in lax.layouts.items()
    }
    (again,) = judged_again(office, replace(lax, layouts=layouts))
    assert (again.is_fit, again.would_pass, again.hindrance) == (True, False, "otherwise")


def test_what_a_person_has_put_off_is_theirs(office: Shop) -> None:
    held = receipt_of(office)
    (tomorrow, act) = office.today() + timedelta(days=1), looking(office, held.number)
    wait(office, held.number, (1,), Until(day=tomorrow), act)
    (again,) = judged_again(office, without_a_price_list(office).policy)
    assert (again.is_fit, again.would_pass, again.hindrance) == (True, False, "in_hand")


def test_what_is_heard_only_today_is_not_accepted_beside_what_is_read(office: Shop) -> None:
    held, lax = receipt_of(office), without_a_price_list(office)
    assert read_today(lax, held).hindrance == ""
    remarks = lax.policy.remarks
    asks = remarks.questions.model_copy(update={"signs": (*remarks.questions.signs, "dekontum ektedir")})
    heard = replace(lax.policy, remarks=remarks.model_copy(update={"questions": asks}))
    found = read_today(replace(lax, policy=heard), held)
    assert (found.hindrance, len(found.entries)) == ("words", 1)
    with pytest.raises(OperatorFault, match="reread_not"):
        accept_read_today(replace(lax, policy=heard), held, found.code, looking(office, held.number))


def test_a_receipt_that_waits_in_another_mail_is_not_spent_by_a_list_that_is_read_again(office: Shop) -> None:
    who = person("Övünç Sarıçamlı")
    early = hear(office, receipt_before_list())
    held = hear(office, list_mail(who, at("2024-06-14", "08:00"), term_years=5))
    rules = tuple(rule for rule in office.policy.rules if rule.path != "holder/term")
    lax = replace(office, policy=replace(office.policy, rules=rules))
    found = read_today(lax, held)
    assert [entry.event for entry in found.today.decision.entries] == ["listed", "paid"]
    accept_read_today(lax, held, found.code, looking(office, held.number))
    assert office.ledger.hold(held.sha)["state"] == "accepted"  # type: ignore[index]
    # It is its own sender's, who is told by its own mail.
    assert [hold.sha for hold in office.ledger.open_holds()] == [early.sha]
    (case,) = [entry.case for entry in found.entries]
    assert [entry.event for entry in office.ledger.entries_of(case)] == ["listed"]


SPELLINGS = (
    "Ayşe Yılmaz",
    "AYSE  YILMAZ",
    "A. Yılmaz",
    "ayse.yilmaz",
    "ayilmaz",
    "Yılmaz Ayşe",
    "Ayşe Yilmas",
    "",
)


def test_one_person_gives_one_name_however_spelled(office: Shop) -> None:
    held = receipt_of(office)
    read = {"paid_on": "12.06.2024", "amount": "780,00", "reference": "2024061200010061"}
    amend(office, held.number, 1, read, looking(office, held.number))
    yes = [Word(1, Verb.ACCEPT)]
    assert settle(office, held.number, yes, looking(office, held.number, "Ayşe Yılmaz")).proposed == (1,)
    for again in SPELLINGS:
        with pytest.raises(SecondName):
            settle(office, held.number, yes, looking(office, held.number, again))
    assert settle(office, held.number, yes, looking(office, held.number, "Ali Yılmaz")).proposed == ()


def test_a_rule_is_not_lost_to_a_file_that_was_cut_to_nothing(tmp_path: Path) -> None:
    places, rule = Places(own_rules=tmp_path), "rules/receipt/unspent.toml"
    (tmp_path / "receipt").mkdir()
    for cut in (b"", b"\r\n", b"\xef\xbb\xbf"):
        (tmp_path / "receipt/unspent.toml").write_bytes(cut)
        with pytest.raises(OperatorFault) as fault:
            places.files()
        assert str(Path(rule).relative_to("rules")) in sentence(fault.value)
        assert "# removed" in sentence(fault.value)
    (tmp_path / "receipt/unspent.toml").write_bytes(b"\xef\xbb\xbf# removed\r\n")
    assert places.below().keys() - places.files().keys() == {rule}


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("kamusm-sanal-pos", "Ödeme Türü:    Havale"),
        ("is-bankasi/bilgi-dekontu", "İşlem Türü : Fatura Ödemesi"),
        ("kuveyt-turk/mobil", "İşlem Türü Kurum Ödemesi"),
    ],
)
def test_a_forms_own_way_of_payment_is_not_believed_against_what_is_printed(form: str, printed: str) -> None:
    policy = POLICY
    layout = policy.layouts[form]
    lines = layout.samples[0].text.strip().splitlines()
    assert read_receipt(lines, form, layout, policy.rails).rail == layout.rail
    receipt = read_receipt([*lines[:3], printed, *lines[3:]], form, layout, policy.rails)
    assert (receipt.rail, receipt.unclear["rail"]) == (None, "two_readings")


def test_another_person_in_a_row_takes_two(office: Shop) -> None:
    held = hear(office, two_held_rows())
    (case,) = [entry.case for entry in held.decision.withheld[:1]]
    stranger = person("Recep Büyükırmak").identity_number
    amend(office, held.number, 1, {"given_name": "AYŞE"}, looking(office, held.number))
    amend(office, held.number, 2, {"identity_number": stranger}, looking(office, held.number))
    yes = [Word(1, Verb.ACCEPT), Word(2, Verb.ACCEPT)]
    assert settle(office, held.number, yes, looking(office, held.number)).proposed == (2,)
    assert office.ledger.entries_of(case) == []
    settle(office, held.number, yes, looking(office, held.number, "H. Hanım"))
    assert len(office.ledger.entries_of(case)) == 1


def test_a_mark_that_cannot_be_read_has_proved_nothing(house: House) -> None:
    settings = load_settings(house.file)
    settings.home.mkdir(exist_ok=True)
    for damaged in (b"\xff\xfe\x00", b""):
        (settings.home / "proved").write_bytes(damaged)
        opening._LOADED.clear()
        assert opening.policy_of(settings).rules
