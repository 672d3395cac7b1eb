"""Words that are known each for itself, and what they say together of a card or an application."""

from __future__ import annotations

import pytest

from tests.house import House, Kept
from tests.letters import list_mail, writes
from tests.mails import at
from tests.people import person
from tests.test_conversation import hear, listed, says
from tests.test_second_lists import HULYA, SULEYMAN, TUGBA, list_of, numbers

AYSE = person("Ayşe Karaağaçlı")


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    hear(lasting_house, list_mail(AYSE, at("2024-06-10", "10:00")))
    return Kept(lasting_house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def waiting(kept: Kept) -> House:
    """A house in which Ayşe is waiting for the night's list."""
    return kept.again()


@pytest.mark.parametrize(
    "words",
    [
        "Kartım hastanede, teşekkürler.",
        "Kartım serviste.",
        "E-imzam birim sekreterinde.",
        "Kart müdürlükte, bilginize.",
        "Kart doktorda",
        "Formumu iptal ettirdim.",
        "İşlemi iptal ettirdim",
        "Ödeme yapmam.",
        "Bu başvuru nedir?",
    ],
)
def test_a_card_that_is_somewhere_keeps_its_row_off(waiting: House, words: str) -> None:
    hear(waiting, says(writes(AYSE), f"Merhaba,\n{words}\n\n{AYSE.name}"))
    assert listed(waiting) == set()


@pytest.mark.parametrize(
    "words",
    [
        "Mailinizi aldım, teşekkürler.",
        "PIN kodu ne zaman gelir?",
        "İlginiz için teşekkür ederim.",
        "Kart okuyucum var.",
        "Kartımı hastanede kaybettim.",
        "Kamu SM'yi arayıp iptal ettirdim.",
        "Islak imzalı formu postaya verdim.",
        "Başvurum onaylandı mı?",
    ],
)
def test_honest_words_take_nobody_off(waiting: House, words: str) -> None:
    hear(waiting, says(writes(AYSE), f"Merhaba,\n{words}\n\n{AYSE.name}"))
    assert listed(waiting) == {AYSE.identity_number}


@pytest.mark.parametrize(
    "words",
    [
        "Süleyman Bey rahmetli oldu.",
        "Süleyman Bey'in kartı bozuk.",
        "Süleyman Bey Kamu SM'den kendisi başvurdu.",
        "Süleyman Bey için işlemi iptal ettirdik.",
        "Süleyman Bey'in kartı serviste.",
        "Süleyman Bey'in haberi yok.",
    ],
)
def test_what_is_said_of_somebody_beside_a_list_holds_their_row(house: House, words: str) -> None:
    hear(house, list_of(HULYA, SULEYMAN, TUGBA, words=f"Merhaba, liste ektedir. {words}"))
    assert listed(house) == numbers(HULYA, TUGBA)


def test_a_card_that_was_lost_somewhere_holds_no_row(house: House) -> None:
    hear(house, list_of(HULYA, SULEYMAN, words="Liste ektedir. Süleyman Bey'in kartı serviste kaybolmuş."))
    assert listed(house) == numbers(HULYA, SULEYMAN)
