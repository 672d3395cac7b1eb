"""A second list of the same sender: what becomes of the rows of the first that are not in it."""

from __future__ import annotations

import pytest

from tests.house import House, Kept, body
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import Person, person
from tests.test_conversation import NEXT_NIGHT, decide, hear, listed
from tests.workbooks import entry, official, xls

HULYA, SULEYMAN, TUGBA = person("Hülya Şimşekoğlu"), person("Süleyman Işıldak"), person("Tuğba Demirağaç")
FATMA = person("Fatma Nur Gökırmak")
OFFICE = Sender("Personel", "personel@hastane1.saglik.example.org")


def list_of(
    *people: Person, words: str = "Liste ektedir.", file: str = "liste.xls", clock: str = "09:00"
) -> bytes:
    form = attached(xls(official(*map(entry, people))), XLS, file)
    return mail(Envelope(OFFICE, "liste", at("2024-06-10", clock)), mixed(plain(words), form))


def numbers(*people: Person) -> set[str]:
    return {one.identity_number for one in people}


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    hear(lasting_house, list_of(HULYA, SULEYMAN, TUGBA))
    return Kept(lasting_house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def three(kept: Kept) -> House:
    """A house in which three people of one list are waiting for the night's."""
    return kept.again()


@pytest.mark.parametrize(
    "words",
    [
        "Önceki listemiz iptaldir, bu liste ektedir.",
        "Sabah gönderdiğimiz liste iptal.",
        "Bundan önceki listeyi işleme almayın.",
        "İlk gönderdiğim listeyi siliniz.",
        "Daha önceki başvurularımız iptal edilsin, yenisi ektedir.",
        "Bir önceki listemizi unutun.",
        "Sabahki listede fazla kişi vardı.",
        "Dünkü başvurularımız geçersizdir.",
        "İkinci liste ektedir, birincisi hatalıydı.",
        "Lütfen bunu işleme alın, sabahkini değil.",
        "İlk liste yerine bu.",
    ],
)
def test_a_list_that_speaks_of_an_earlier_one_keeps_the_earlier_rows_off(three: House, words: str) -> None:
    hear(three, list_of(FATMA, words=words, clock="12:00"))
    assert not listed(three) & numbers(HULYA, SULEYMAN, TUGBA)
    letter = " ".join(body(three.letters()[4]).split())
    assert all(one.name in letter for one in (HULYA, SULEYMAN, TUGBA))

    decide(three, "return", NEXT_NIGHT)
    assert listed(three, NEXT_NIGHT) >= numbers(HULYA, SULEYMAN, TUGBA)


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("Liste ektedir.", "liste.xls"),
        ("Liste ektedir.", "guncel.xls"),
        ("Kesinleşen liste ektedir.", "liste.xls"),
        ("Bu listeyi esas alınız.", "liste.xls"),
        ("Listede sadece Hülya Hanım ve Süleyman Bey kaldı.", "liste.xls"),
        ("Listeyi tekrar gönderiyorum.", "liste.xls"),
    ],
)
def test_whom_a_repeated_list_leaves_out_waits(three: House, words: str, file: str) -> None:
    hear(three, list_of(HULYA, SULEYMAN, words=words, file=file, clock="12:00"))
    assert TUGBA.identity_number not in listed(three)
    decide(three, "return", NEXT_NIGHT)
    assert TUGBA.identity_number in listed(three, NEXT_NIGHT)


@pytest.mark.parametrize(
    "words",
    ["", "Bu listeyi esas alınız.", "Listede sadece Hülya Hanım kaldı.", "Tek kişi kaldı, liste ektedir."],
)
def test_whom_a_list_repeats_goes_on_while_whom_it_leaves_out_waits(three: House, words: str) -> None:
    hear(three, list_of(HULYA, words=words, clock="12:00"))
    assert listed(three) == numbers(HULYA)
    letter = " ".join(body(three.letters()[4]).split())
    assert f"{SULEYMAN.name}, {TUGBA.name}" in letter


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ((HULYA, SULEYMAN, TUGBA), "Listeyi tekrar gönderiyorum."),
        ((HULYA, SULEYMAN, TUGBA, FATMA), "Liste ektedir."),
        ((FATMA,), "Liste ektedir."),
        ((FATMA,), "Önceki listeye ek olarak gönderiyorum."),
        ((FATMA,), "Geçen hafta gönderdiğimiz listeden ayrı, yeni kayıplar."),
        ((FATMA,), "Daha önce gönderdiğimiz listeye ilave bir kişi daha ektedir."),
    ],
)
def test_a_list_that_repeats_all_or_brings_new_people_takes_nobody_off(
    three: House, people: tuple[Person, ...], words: str
) -> None:
    hear(three, list_of(*people, words=words, clock="12:00"))
    assert listed(three) == numbers(HULYA, SULEYMAN, TUGBA, *people)


def test_another_list_in_between_is_no_list_that_is_left_out(three: House) -> None:
    hear(three, list_of(FATMA, clock="12:00"), list_of(HULYA, SULEYMAN, TUGBA, clock="13:00"))
    assert listed(three) == numbers(HULYA, SULEYMAN, TUGBA, FATMA)
