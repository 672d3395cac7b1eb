"""What was never opened may say anything: whoever wrote it stays off the list until somebody has looked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.house import MORNING, NIGHT, House, Kept, body
from tests.letters import list_mail, writes
from tests.mails import at
from tests.people import Person, person
from tests.test_conversation import hear, listed, says
from tests.test_front_door import letters

AYSE, CANAN = person("Ayşe Karaağaçlı"), person("Canan Şahinbaşlı")
NEXT_NIGHT = NIGHT + timedelta(days=1)
LATER = MORNING + timedelta(hours=2)
SMALL = "[budget]\nlargest_mail_bytes = 20000\n"


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    hear(lasting_house, *(list_mail(who, at("2024-06-10", "10:00")) for who in (AYSE, CANAN)))
    return Kept(lasting_house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def waiting(kept: Kept) -> House:
    """A house in which Ayşe and Canan are waiting for the night's list."""
    return kept.again()


def large_mail(who: Person) -> bytes:
    return says(writes(who), "Vazgeçtim, listeyi göndermeyin.\n" + "x" * 70 * 400)


def beyond_reading(sender: str) -> bytes:
    """A mail whose parts lie deeper in each other than anybody opens."""
    head = f"From: {sender}\r\nSubject: e-imza\r\nMIME-Version: 1.0\r\n"
    parts = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(300))
    return (head + parts + "Content-Type: text/plain\r\n\r\nVazgeçtim.\r\n").encode()


def report_of(house: House) -> str:
    return " ".join(body(letters(house, "nightly")[-1]).split())


def test_a_mail_too_large_to_be_fetched_keeps_its_writers_row_off(waiting: House) -> None:
    house = replace(waiting, more=SMALL)
    hear(house, large_mail(AYSE))
    assert house.ask("SELECT state, why FROM sighting WHERE uid=3") == [("set_aside", "too_large")]
    assert listed(house) == {CANAN.identity_number}
    assert "posta kutusundan alınamadı (basvuru/INBOX UID 3)" in report_of(house)
    # Somebody looks at it, and puts it away.
    with house.box.imap() as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search())
        client.expunge()
    house.poll(NEXT_NIGHT - timedelta(hours=2))
    assert listed(house, NEXT_NIGHT) == {AYSE.identity_number}


def test_a_mail_too_large_that_came_before_the_list_says_nothing_of_it(house: House) -> None:
    house = replace(house, more=SMALL)
    hear(house, large_mail(AYSE))
    hear(house, list_mail(AYSE, at("2024-06-10", "10:00")))
    assert listed(house) == {AYSE.identity_number}


def test_a_mail_beyond_reading_keeps_its_writers_row_off_until_somebody_saw_to_it(waiting: House) -> None:
    waiting.deliver_raw(beyond_reading(AYSE.work_email))
    waiting.poll(LATER)
    ((number,),) = waiting.ask("SELECT number FROM decision WHERE outcome='shunted'")
    assert listed(waiting) == {CANAN.identity_number}
    assert f"sonradan {number} iletisini gönderdi, ileti açılamadı" in report_of(waiting)
    told = waiting.command("settle", str(number), "yanıtlandı", "--by", "M. Memur", "--because", "okudum")
    assert told.stdout.strip() == f"{number}: ilgilenildi; bekleyenler arasından çıktı."
    assert listed(waiting, NEXT_NIGHT) == {AYSE.identity_number}


def test_a_mail_over_the_days_budget_keeps_its_writers_row_off(waiting: House) -> None:
    house = replace(waiting, more="[budget]\nmails_per_day = 1\n")
    house.deliver_raw(says(writes(AYSE), "Kartımı buldum."))
    house.poll(LATER)
    assert house.ask("SELECT shunt FROM decision WHERE outcome='shunted'") == [("over_mails",)]
    assert listed(house) == {CANAN.identity_number}


def test_what_a_stranger_wrote_that_nobody_opened_takes_nobody_off(waiting: House) -> None:
    waiting.deliver_raw(beyond_reading(person("Hülya Şimşekoğlu").work_email))
    waiting.poll(LATER)
    assert waiting.ask("SELECT outcome FROM decision WHERE outcome='shunted'") == [("shunted",)]
    assert listed(waiting) == {AYSE.identity_number, CANAN.identity_number}
