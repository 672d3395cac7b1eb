"""One person under two identity numbers: neither row goes out before somebody has said which is right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.house import NIGHT, House, body
from tests.letters import list_mail, writes
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import person
from tests.test_conversation import NEXT_NIGHT, decide, hear, listed
from tests.workbooks import entry, official, xls

AYSE, OTHER, NURAY = person("Ayşe Karaağaçlı"), person("Filiz Yaylacıklı"), person("Nuray Işıklıtepe")
OFFICE = Sender("Personel", "personel@hastane1.saglik.example.org")


def row(sender: Sender, clock: str, **fields: Any) -> bytes:
    form = attached(xls(official(entry(AYSE, **fields))), XLS, "liste.xls")
    return mail(Envelope(sender, "liste", at("2024-06-10", clock)), mixed(plain("Liste ektedir."), form))


def answers(house: House) -> list[str]:
    return [" ".join(body(letter).split()) for letter in house.letters() if letter["X-NES-Intake"] == "held"]


WRONG = {"identity_number": OTHER.identity_number}


@pytest.mark.parametrize(
    "second",
    [
        {},
        {"born_on": "26.07.1980"},
        {"given_name": "Ayse"},
        {"work_email": "a.karaagacli@hastane1.saglik.example.org"},
    ],
)
def test_a_second_number_of_the_same_sender_keeps_both_rows_off(house: House, second: dict[str, Any]) -> None:
    hear(house, row(writes(AYSE), "10:00", **WRONG), row(writes(AYSE), "15:00", **second))
    assert listed(house) == set()
    (answer,) = answers(house)
    assert "hangi" in answer or "doğru numaranın" in answer
    assert AYSE.identity_number not in answer
    assert OTHER.identity_number not in answer


@pytest.mark.parametrize("first", [writes(AYSE), OFFICE])
def test_whoever_may_not_hear_of_the_first_row_hears_nothing(house: House, first: Sender) -> None:
    second = OFFICE if first != OFFICE else Sender("Başhemşirelik", "bashemsire@hastane1.saglik.example.org")
    hear(house, row(first, "10:00", **WRONG), row(second, "15:00"))
    assert listed(house) == set()
    (answer,) = answers(house)
    assert "ayrıca inceleniyor" in answer
    assert "başka bir kimlik numarası" not in answer
    (report,) = [m for m in house.letters() if m["X-NES-Intake"] == "nightly"]
    assert "başka bir kimlik numarasıyla bir başvuru daha var" in " ".join(body(report).split())


def test_an_official_who_accepts_the_second_has_to_take_off_the_first(house: House) -> None:
    hear(house, row(writes(AYSE), "10:00", **WRONG), row(writes(AYSE), "15:00"))
    decide(house, "accept")
    assert listed(house) == set()
    report = [m for m in house.letters() if m["X-NES-Intake"] == "nightly"][-1]
    assert "iki ayrı kimlik numarasıyla bekliyor olabilir" in " ".join(body(report).split())


def test_an_official_who_returns_the_second_lets_the_first_go_on(house: House) -> None:
    hear(house, row(writes(AYSE), "10:00", **WRONG), row(writes(AYSE), "15:00"))
    assert listed(house) == set()
    decide(house, "return")
    assert listed(house, NEXT_NIGHT) == {OTHER.identity_number}


def test_a_second_number_after_the_list_went_out_waits(house: House) -> None:
    hear(house, row(writes(AYSE), "10:00", **WRONG))
    assert listed(house) == {OTHER.identity_number}
    hear(house, row(writes(AYSE), "15:00"))
    assert listed(house, NEXT_NIGHT) == set()


@pytest.mark.parametrize(
    "second",
    [
        # A namesake has an address of their own, and another day of birth.
        {"work_email": "ayse.karaagacli2@hastane1.saglik.example.org", "born_on": "01.02.1990"},
        {"given_name": "Filiz", "work_email": "filiz.yaylacikli@hastane1.saglik.example.org"},
    ],
)
def test_namesakes_and_others_go_on(house: House, second: dict[str, Any]) -> None:
    hear(house, row(OFFICE, "10:00"), row(OFFICE, "15:00", **WRONG, **second))
    assert listed(house) == {AYSE.identity_number, OTHER.identity_number}


def test_several_people_of_a_units_address_are_treated_as_before(house: House) -> None:
    unit = "radyoloji@hastane1.saglik.example.org"
    hear(house, row(OFFICE, "10:00", work_email=unit))
    hear(house, row(OFFICE, "15:00", **WRONG, given_name="Filiz", family_name="Yaylacıklı",
                    born_on="04.11.1973", work_email=unit))  # fmt: skip
    assert listed(house) == {AYSE.identity_number, OTHER.identity_number}


def test_other_lists_go_on_beside(house: House) -> None:
    hear(house, row(writes(AYSE), "10:00", **WRONG), row(writes(AYSE), "15:00"))
    hear(house, list_mail(NURAY, at("2024-06-10", "16:00")))
    assert listed(house, NIGHT) == {NURAY.identity_number}
