"""A no that came before the list: whoever has written that they do not apply is on no list unread."""

from __future__ import annotations

import pytest

from tests.house import House, body
from tests.letters import list_mail, writes
from tests.mails import Sender, at
from tests.people import person
from tests.test_conversation import NEXT_NIGHT, decide, hear, listed, says
from tests.test_second_lists import HULYA, OFFICE, SULEYMAN, TUGBA, list_of, numbers

AYSE = person("Ayşe Karaağaçlı")


@pytest.mark.parametrize(
    "words",
    [
        "Kartım bende, benim adıma başvuru yapılmasın.",
        "E-imza kartımı buldum.",
        "E-imza kartımı buldum, başvurumu iptal edin.",
        "Benim kartım kaybolmadı, sekreterlik yanlış yazmış, adıma liste gelirse işleme almayın.",
        "Kartı eşim getirdi.",
    ],
)
def test_who_said_no_before_the_list_waits(house: House, words: str) -> None:
    hear(house, says(writes(SULEYMAN), words), list_of(HULYA, SULEYMAN, TUGBA))
    assert listed(house) == numbers(HULYA, TUGBA)
    (answer,) = [" ".join(body(m).split()) for m in house.letters() if m["To"] == OFFICE.address]
    assert "ayrıca inceleniyor" in answer
    assert "bulunduğunu" not in answer


def test_a_no_that_an_official_has_read_is_none(house: House) -> None:
    hear(house, says(writes(SULEYMAN), "Kartı eşim getirdi."))
    decide(house, "answer")
    hear(house, list_of(HULYA, SULEYMAN))
    assert listed(house) == numbers(HULYA, SULEYMAN)


def test_the_row_goes_on_by_an_officials_word(house: House) -> None:
    hear(house, says(writes(SULEYMAN), "E-imza kartımı buldum."), list_of(HULYA, SULEYMAN))
    assert listed(house) == numbers(HULYA)
    decide(house, "accept", NEXT_NIGHT)
    assert listed(house, NEXT_NIGHT) == numbers(SULEYMAN)


def test_who_takes_back_a_no_by_a_list_of_their_own_is_asked(house: House) -> None:
    hear(house, says(writes(AYSE), "E-imza kartımı buldum."), list_mail(AYSE, at("2024-06-10", "18:00")))
    assert listed(house) == set()
    assert "yazmış olabilir" in " ".join(body(house.letters()[1]).split())


@pytest.mark.parametrize(
    ("sender", "words"),
    [
        (writes(SULEYMAN), "E-imzamı kaybettim, ne yapmalıyım?"),
        (writes(SULEYMAN), "Teşekkürler, iyi çalışmalar."),
        (writes(SULEYMAN), "Kamu SM'yi arayıp iptal ettirdim."),
        (writes(HULYA), "Kaybettiğim kartım için hangi formu dolduracağım acaba, yardımcı olur musunuz"),
        (Sender("x", "suleyman@posta.invalid"), "Kartımı buldum."),
    ],
)
def test_other_words_before_a_list_keep_nobody_off(house: House, sender: Sender, words: str) -> None:
    hear(house, says(sender, words))
    own = HULYA if sender == writes(HULYA) else SULEYMAN
    hear(house, list_mail(own, at("2024-06-10", "18:00")))
    assert listed(house) == numbers(own)
