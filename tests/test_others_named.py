"""How a colleague, or Kamu SM, names somebody whose row waits; and what a list beside such words changes."""

from __future__ import annotations

import pytest

from tests.house import House, Kept
from tests.letters import writes
from tests.mails import KAMU_SM, XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import person
from tests.test_conversation import hear, listed, says
from tests.test_second_lists import HULYA, SULEYMAN, TUGBA, list_of, numbers
from tests.workbooks import entry, official, xls

MERYEM = person("Meryem İncesulu")
COLLEAGUE = Sender("Başhemşirelik", "bashemsire@hastane1.saglik.example.org")
NUMBER = SULEYMAN.identity_number


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    hear(lasting_house, list_of(HULYA, SULEYMAN, TUGBA))
    return Kept(lasting_house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def three(kept: Kept) -> House:
    """A house in which three people of one list are waiting for the night's."""
    return kept.again()


def case_of(house: House) -> str:
    """Gives Süleyman's own number, as his letter tells it."""
    (letter,) = [m for m in house.letters() if m["To"] == SULEYMAN.work_email]
    return str(letter["Subject"]).partition("[")[2].rstrip("]")


def mail_of(house: House) -> str:
    """Gives the number of the mail that brought the list."""
    (letter,) = [m for m in house.letters() if m["X-NES-Intake"] == "accepted"]
    return str(letter["Subject"]).partition("[")[2].rstrip("]")


@pytest.mark.parametrize(
    "words",
    [
        "{case} numaralı başvuruyu iptal edin, kart bulundu",
        "Süleyman Işıldağın kartı bulundu",
        f"TC {NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:9]} {NUMBER[9:]} olan personelin kartı bulundu, iptal",
        f"{NUMBER[:3]}.{NUMBER[3:6]}.{NUMBER[6:9]}.{NUMBER[9:]} numaralı personel vazgeçti",
    ],
)
def test_a_colleague_names_somebody_in_whatever_way(three: House, words: str) -> None:
    hear(three, says(COLLEAGUE, words.format(case=case_of(three))))
    assert listed(three) == numbers(HULYA, TUGBA)


@pytest.mark.parametrize(
    "words",
    [
        "{mail} numaralı iletideki listeyi iptal edin, kartlar bulundu",
        "Hastanemizin bugünkü listesini iptal ediniz, kartlar bulundu",
    ],
)
def test_a_colleague_takes_back_a_whole_list(three: House, words: str) -> None:
    hear(three, says(COLLEAGUE, words.format(mail=mail_of(three))))
    assert listed(three) == set()


def test_a_house_takes_back_no_other_houses_list(three: House) -> None:
    other = writes(person("Nuray Işıklıtepe"))
    hear(three, says(other, "Hastanemizin bugünkü listesini iptal ediniz, kartlar bulundu"))
    assert listed(three) == numbers(HULYA, SULEYMAN, TUGBA)


@pytest.mark.parametrize(
    "words",
    [
        "Süleyman Işıldak kartını buldu, başvurusunu iptal edin. Benim listem ektedir.",
        "Ekteki liste bana ait. Süleyman Işıldak'ın kartı bulunmuş.",
    ],
)
def test_words_about_somebody_beside_a_list_of_ones_own_are_heard(three: House, words: str) -> None:
    form = attached(xls(official(entry(MERYEM))), XLS, "liste.xls")
    hear(three, mail(Envelope(writes(MERYEM), "liste", at("2024-06-10", "12:00")), mixed(plain(words), form)))
    assert SULEYMAN.identity_number not in listed(three)


def test_whom_kamu_sm_writes_of_waits_until_it_is_read(three: House) -> None:
    hear(three, says(Sender("Kamu SM", KAMU_SM), "Süleyman Işıldak kartını bulmuş, bizi aradı."))
    assert listed(three) == numbers(HULYA, TUGBA)
