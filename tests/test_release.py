"""A list that waits for the unit's word: released by command or by mail, by those who may, once."""

from __future__ import annotations

import hashlib
import sqlite3
import tomllib
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import pytest

from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.changes import TABLE as CHANGES
from pipeline.ledger.custody import broken_links
from pipeline.ledger.migrations import MIGRATIONS, to_release
from pipeline.office.console import BAD_CONFIGURATION, DONE
from pipeline.policy.places import RULES
from pipeline.policy.release_words import batch_named, load_release_words, may_release
from pipeline.review.replay import replay
from tests.house import IT_UNIT, KAMU_SM, MORNING, NIGHT, House, Kept, body, night_of
from tests.in_order import POLICY, mail_from
from tests.test_growth import listening
from tests.test_unopened import beyond_reading
from tests.words_said import say

HEAD = "mudur@saglik.example.org"
BATCH = "2024-06-14/1"
# The server of the fixtures writes what it has found below its own Received.
SETTINGS = f'''[batch]
to = "it_unit"
releasers = ["{HEAD}"]
[authentication]
below_received = true
'''
PROVED = "mx.saglik.example.org; dmarc=pass header.from=saglik.example.org"


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    house = lasting_house
    house.more = SETTINGS
    house.write()
    text = house.file.read_text(encoding="utf-8")
    trusted = 'trusted_servers = ["mx.saglik.example.org"]\n\n[[accounts]]'
    house.file.write_text(text.replace("[[accounts]]", trusted), encoding="utf-8")
    house.deliver("accepted/list-of-five")
    house.poll(MORNING)
    house.nightly(NIGHT)
    return Kept(house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def house(kept: Kept) -> House:
    """An office that releases its lists itself, after the night of its first list."""
    return kept.again()


def list_letter(house: House) -> str:
    """The Message-ID of the letter that the list came to the unit with."""
    (letter,) = [m for m in house.letters() if m["To"] == IT_UNIT and m["X-NES-Intake"] == "batch"]
    return str(letter["Message-ID"])


def a_mail(
    words: str, *, sender: str = HEAD, subject: str = "Ynt: liste", proof: str = PROVED, answers: str = ""
) -> bytes:
    name = hashlib.sha256((words + sender + subject + proof + answers).encode()).hexdigest()[:16]
    headers = [
        f"Authentication-Results: {proof}",
        f"From: Müdür <{sender}>",
        "To: nes@saglik.example.org",
        f"Subject: {subject}",
        "Date: Sat, 15 Jun 2024 09:00:00 +0300",
        f"Message-ID: <{name}@saglik.example.org>",
        *([f"In-Reply-To: {answers}", f"References: {answers}"] if answers else []),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return ("\r\n".join(headers) + "\r\n\r\n" + words.replace("\n", "\r\n")).encode()


def hear(house: House, mail: bytes, hours: int = 0) -> None:
    house.deliver_raw(mail)
    house.poll(NIGHT + timedelta(hours=10 + hours))


def to_kamu_sm(house: House) -> list[bytes]:
    """The files that Kamu SM was sent."""
    found = []
    for letter in house.letters():
        if letter["To"] == KAMU_SM:
            (part,) = letter.iter_attachments()
            found.append(part.get_content())
    return found


def last_answer(house: House) -> str:
    return " ".join(body([m for m in house.letters() if m["To"] == HEAD][-1]).split())


def events(house: House) -> list[object]:
    return [e for (e,) in house.ask("SELECT DISTINCT event FROM entry ORDER BY event")]


# --- by command ------------------------------------------------------------------------------------


def test_until_it_is_released_the_list_is_the_units_alone(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert to_kamu_sm(house) == []
    (letter,) = [m for m in house.letters() if m["X-NES-Intake"] == "batch"]
    assert letter["To"] == IT_UNIT
    assert f"nes-intake release {BATCH} --by" in body(letter)
    assert HEAD in body(letter)
    ((case,),) = house.ask("SELECT case_number FROM entry WHERE event='listed' LIMIT 1")
    assert run(["explain", str(case), "--settings", str(house.file)]) == DONE
    assert "birimimizin onayını bekliyor" in capsys.readouterr().out


def test_the_very_same_bytes_go_to_kamu_sm_and_only_once(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    (letter,) = [m for m in house.letters() if m["X-NES-Intake"] == "batch"]
    (part,) = letter.iter_attachments()
    command = ["release", "--settings", str(house.file), BATCH, "--by", "Müdür"]
    assert run(command) == DONE
    assert "5 kişiyle" in capsys.readouterr().out
    assert run(command) == BAD_CONFIGURATION
    assert "ikinci kez gönderilmez" in capsys.readouterr().err
    # The command lives in the real year; the letters go out with the next run after it.
    for _ in range(2):
        house.poll(NIGHT + timedelta(days=9000))
    assert to_kamu_sm(house) == [part.get_content()]
    assert "released" in events(house)
    ((case,),) = house.ask("SELECT case_number FROM entry WHERE event='listed' LIMIT 1")
    assert run(["explain", str(case), "--settings", str(house.file)]) == DONE
    assert "onayını bekliyor" not in capsys.readouterr().out


def test_lists_that_were_released_are_looked_through_by_nobody(house: House) -> None:
    with house.opened() as shop:
        ledger = shop.ledger
        with listening(shop) as said:
            assert [f"{row['day']}/{row['number']}" for row in ledger.unreleased()] == [BATCH]
        (asked,) = [statement for statement in said if statement.startswith("SELECT")]
        plan = " ".join(str(row["detail"]) for row in ledger.query(f"EXPLAIN QUERY PLAN {asked}"))
        assert "SCAN t " in f"{plan} "
        assert "SEARCH b " in plan
        assert "SCAN b" not in plan
        # What is noted wrongly is found, and a ledger of before has the same noted.
        assert broken_links(ledger, shop.home) == []
        with ledger.transaction():
            ledger.execute("DELETE FROM to_release")
        assert broken_links(ledger, shop.home) == [f"to_release {BATCH}"]
    with closing(sqlite3.connect(house.home / "ledger.db")) as connection:
        connection.execute("DROP TABLE to_release")
        connection.execute("DELETE FROM sealed WHERE name='to_release'")
        connection.commit()
        connection.execute("CREATE INDEX batch_for_release ON batch (day) WHERE for_release=1")
        connection.execute(f"PRAGMA user_version={MIGRATIONS.index(to_release)}")
    with house.opened() as shop:
        assert len(shop.ledger.unreleased()) == 1
        assert broken_links(shop.ledger, shop.home) == []
    assert run(["release", "--settings", str(house.file), BATCH, "--by", "Müdür"]) == DONE
    with house.opened() as shop:
        assert shop.ledger.unreleased() == []
        assert shop.ledger.query("SELECT * FROM to_release") == []
        assert broken_links(shop.ledger, shop.home) == []


@pytest.mark.parametrize("is_released", [False, True])
def test_a_night_of_before_waiting_lists_were_noted_is_made_again(house: House, is_released: bool) -> None:
    if is_released:
        assert run(["release", "--settings", str(house.file), BATCH, "--by", "Müdür"]) == DONE
    with house.opened() as shop:
        before, connection = shop.ledger.copy()
        # When it was noted for all at once, nothing was written down that could be undone.
        assert connection.execute(f"""DELETE FROM {CHANGES} WHERE "table"='to_release'""").rowcount
        connection.commit()
        again = replay(replace(shop, ledger=before), NIGHT.date())
        before.close()
    assert again.is_equal, again.differences


@pytest.mark.parametrize("name", ["2024-06-14/2", "2024-06-14", "liste", "2024-06-14/x"])
def test_a_list_that_there_is_not_is_named(
    house: House, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["release", "--settings", str(house.file), name, "--by", "Müdür"]) == BAD_CONFIGURATION
    assert f"{name}: bu adla bir liste yok" in capsys.readouterr().err


# --- by mail ---------------------------------------------------------------------------------------


def test_an_answer_with_the_word_releases_the_list(house: House) -> None:
    answer = "Onay\n\nMüdür\n\n14.06.2024 23:45 tarihinde nes@saglik.example.org yazdı:\n> değil\n"
    hear(house, a_mail(answer, answers=list_letter(house)))
    assert len(to_kamu_sm(house)) == 1
    assert "liste 5 kişiyle" in last_answer(house)
    assert "released" in events(house)
    # Twice is once, by whichever way.
    hear(house, a_mail("Onaylıyorum", subject=f"Liste {BATCH}"), 1)
    assert "zaten gönderilmişti" in last_answer(house)
    assert len(to_kamu_sm(house)) == 1


def test_the_lists_name_in_the_subject_will_do_and_an_unknown_one_is_answered(house: House) -> None:
    hear(house, a_mail("Onay", subject="Onay: 2024-06-13/1"))
    assert "2024-06-13/1 adıyla bir liste yok" in last_answer(house)
    assert to_kamu_sm(house) == []
    hear(house, a_mail("ONAY", subject=f"Onay: {BATCH}"), 1)
    assert len(to_kamu_sm(house)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"words": "Onaylamıyorum"},
        {"words": "Onay, ama son satır hariç"},
        {"words": "Onay", "sender": "memur@saglik.example.org"},
        {"words": "Onay", "proof": "mx.saglik.example.org; dmarc=fail header.from=saglik.example.org"},
        {"words": "Onay", "proof": "mx.saldirgan.example; dmarc=pass header.from=saglik.example.org"},
        {"words": "Onay", "proof": "mx.saglik.example.org; dmarc=none"},
        {"words": "Onay", "thread": False},
    ],
)
def test_everything_else_is_a_mail_like_others(house: House, changes: dict[str, str]) -> None:
    given = dict(changes)
    answers = list_letter(house) if given.pop("thread", True) else ""
    words = given.pop("words")
    hear(house, a_mail(words, answers=answers, **given))
    assert to_kamu_sm(house) == []
    assert "released" not in events(house)
    ((outcome,),) = house.ask("SELECT outcome FROM decision ORDER BY rowid DESC LIMIT 1")
    assert outcome in ("held", "returned")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            "Onay veremiyorum. Ayşe Hanım listeye alınmasın.",
            "bir onay sözüyle başlamıyor: “Onay veremiyorum.",
        ),
        ("Onay.\n3. satırı siliniz, öyle gitsin", "onaydan başka sözler de var: “3. satırı siliniz"),
        ("Onay\n\n> 3. satır çıksın mı?", "bizim yazımızda olmayan sözler var: “3. satır çıksın mı?”"),
        ("Müdür", "bir onay sözüyle başlamıyor"),
        ("", "bir onay sözüyle başlamıyor."),
    ],
)
def test_what_is_no_release_is_held_and_its_writer_hears_how_it_was_read(
    house: House, words: str, why: str
) -> None:
    hear(house, a_mail(words, answers=list_letter(house)))
    assert to_kamu_sm(house) == []
    assert house.ask("SELECT outcome FROM decision ORDER BY rowid DESC LIMIT 1") == [("held",)]
    (answer,) = [m for m in house.letters() if m["To"] == HEAD]
    assert f"{BATCH} numaralı listeyi bırakmadık, çünkü" in last_answer(house)
    assert why in last_answer(house)
    # The way out that the letter names is one: our own answer may be answered.
    hear(
        house,
        a_mail("Onaylıyorum", answers=str(answer["Message-ID"]), subject=f"Ynt: {answer['Subject']}"),
        1,
    )
    assert len(to_kamu_sm(house)) == 1
    assert f"Gönderilen liste: {BATCH}" in last_answer(house)


def test_a_word_to_a_colleague_about_the_list_is_no_word_to_us(house: House) -> None:
    ours = list_letter(house)
    mail = a_mail("Onay", answers="<soru@saglik.example.org>", subject=f"Ynt: {BATCH}")
    mail = mail.replace(b"References: ", f"References: {ours} ".encode())
    hear(house, mail)
    assert to_kamu_sm(house) == []
    assert "başka bir e-postaya yanıt" in last_answer(house)


def test_nobody_else_is_told_of_a_list(house: House) -> None:
    for number, changes in enumerate(
        ({"sender": "memur@saglik.example.org"}, {"proof": "mx.saglik.example.org; dmarc=none"})
    ):
        hear(house, a_mail("Onay veremiyorum", answers=list_letter(house), **changes), number)
    assert not [m for m in house.letters() if BATCH in str(m["Subject"]) and m["X-NES-Intake"] == "release"]


# --- the words -------------------------------------------------------------------------------------


def test_words_that_do_not_prove_themselves_are_refused() -> None:
    raw = tomllib.loads((RULES / "release.toml").read_text(encoding="utf-8"))
    raw["words"].append("onay değil")
    with pytest.raises(OperatorFault) as refused:
        load_release_words(raw)
    assert refused.value.name == "release_example"


@pytest.mark.parametrize("subject", ["RED: Ynt: liste", "Onaylamıyorum", f"{BATCH} - 3. satır hariç"])
def test_a_no_in_the_subject_is_heard_though_the_words_say_yes(house: House, subject: str) -> None:
    hear(house, a_mail("Onay", answers=list_letter(house), subject=subject))
    assert to_kamu_sm(house) == []
    assert "e-postanızın konusunda bizim yazımızın konusundan" in last_answer(house)
    (ours,) = [m for m in house.letters() if m["X-NES-Intake"] == "batch"]
    hear(house, a_mail("Onay", answers=list_letter(house), subject=f"YNT: {ours['Subject']}"), 1)
    assert len(to_kamu_sm(house)) == 1


def test_two_names_in_a_subject_are_none() -> None:
    assert batch_named("2024-06-14/1 ve 2024-06-15/1") == ""
    assert batch_named("RE: 14.06.2024 günlü liste (2024-06-14/12, 3 kişi)") == "2024-06-14/12"


def test_nobody_may_release_where_nobody_is_named() -> None:
    mail = mail_from(text="Onay")
    assert not may_release(mail, POLICY.office)


def test_a_list_that_nobody_releases_is_in_the_report(house: House) -> None:
    for day, is_late in ((date(2024, 6, 24), False), (date(2024, 6, 25), True)):
        house.smtp.received.clear()
        house.nightly(night_of(day))
        (report,) = [m for m in house.letters() if m["X-NES-Intake"] == "nightly"]
        told = " ".join(body(report).split())
        assert f"nes-intake release {BATCH} --by" in told
        assert (f"{BATCH} numaralı liste 2 iş günüdür onay bekliyor" in told) is is_late


def test_a_year_that_nobody_looked_up_is_in_the_report(house: House) -> None:
    house.smtp.received.clear()
    house.nightly(night_of(date(2025, 1, 3)))
    (report,) = [m for m in house.letters() if m["X-NES-Intake"] == "nightly"]
    assert "2025 yılının idari izinleri" in " ".join(body(report).split())


@pytest.mark.parametrize("name", ["Sender", "Resent-From"])
def test_whoever_writes_in_a_releasers_name_releases_nothing(house: House, name: str) -> None:
    hand = f"{name}: Sekreter <sekreter@saglik.example.org>\r\nTo: ".encode()
    hear(house, a_mail("Onay", answers=list_letter(house)).replace(b"To: ", hand, 1))
    assert to_kamu_sm(house) == []
    own = f"Sender: Müdür <{HEAD}>\r\nTo: ".encode()
    hear(house, a_mail("Onaylıyorum", answers=list_letter(house)).replace(b"To: ", own, 1), 1)
    assert len(to_kamu_sm(house)) == 1


def test_one_releasers_yes_is_not_anothers(house: House) -> None:
    deputy = "mudur-yrd@saglik.example.org"
    house.file.write_text(house.file.read_text().replace(f'["{HEAD}"]', f'["{HEAD}", "{deputy}"]'))
    hear(house, a_mail("Onaylamıyorum, bekletin.", answers=list_letter(house)))
    hear(house, a_mail("Onay", sender=deputy, answers=list_letter(house)), 1)
    assert to_kamu_sm(house) == []
    (answer,) = [m for m in house.letters() if m["To"] == deputy]
    assert "Başka bir yetkilinin bu listeyi bekleten yazısı" in " ".join(body(answer).split())
    # Who has thought better of it may say so.
    hear(house, a_mail("Onay", answers=list_letter(house)), 2)
    assert len(to_kamu_sm(house)) == 1


# --- on the day's facts ----------------------------------------------------------------------------


def test_a_list_waits_while_a_colleague_has_written_of_somebody_on_it(house: House) -> None:
    names = "json_extract(holder, '$.given_name'), json_extract(holder, '$.family_name')"
    ((given, family),) = house.ask(f"SELECT {names} FROM entry LIMIT 1")
    proof = "mx.saglik.example.org; dmarc=pass header.from=hastane9.saglik.example.org"
    words, colleague = f"{given} {family} kartını buldu.", "biri@hastane9.saglik.example.org"
    hear(house, a_mail(words, sender=colleague, subject="kart", proof=proof))
    hear(house, a_mail("Onay", answers=list_letter(house)), 1)
    assert "değiştirecek ya da geri çekecek ileti bekliyor" in last_answer(house)
    assert to_kamu_sm(house) == []


def test_a_list_waits_while_somebody_on_it_may_have_withdrawn(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """A card that was found between the list and its release is no card that Kamu SM is asked for."""
    ((address,),) = house.ask("SELECT json_extract(holder, '$.work_email') FROM entry LIMIT 1")
    proof = f"mx.saglik.example.org; dmarc=pass header.from={str(address).partition('@')[2]}"
    words = "Merhaba, kartımı buldum, başvurumu iptal ediniz."
    hear(house, a_mail(words, sender=str(address), subject="iptal", proof=proof))
    ((number, sha),) = house.ask("SELECT number, sha FROM hold JOIN decision USING (sha)")
    assert run(["release", "--settings", str(house.file), BATCH, "--by", "Müdür"]) == BAD_CONFIGURATION
    assert f"bekliyor: {number}" in capsys.readouterr().err
    hear(house, a_mail("Onay", answers=list_letter(house)), 1)
    assert (
        f"gönderilmedi: listedeki bir başvuruyu değiştirecek ya da geri çekecek ileti bekliyor ({number})"
        in (last_answer(house))
    )
    assert to_kamu_sm(house) == []

    with house.opened(NIGHT + timedelta(hours=12)) as shop:
        (held,) = shop.ledger.open_holds()
        assert held.sha == sha
        say(shop, held, "return", "sahibiyle görüşüldü", "M. Memur")
    hear(house, a_mail("Onaylıyorum", answers=list_letter(house)), 3)
    assert len(to_kamu_sm(house)) == 1


def test_a_list_waits_while_somebody_on_it_wrote_what_nobody_has_opened(house: House) -> None:
    ((address,),) = house.ask("SELECT json_extract(holder, '$.work_email') FROM entry LIMIT 1")
    house.deliver_raw(beyond_reading(str(address)))
    house.poll(NIGHT + timedelta(hours=2))
    ((number,),) = house.ask("SELECT number FROM decision WHERE outcome='shunted'")
    hear(house, a_mail("Onay", answers=list_letter(house)), 3)
    assert f"ileti bekliyor ({number})" in last_answer(house)
    assert to_kamu_sm(house) == []
    seen_to = [str(number), "yanıtlandı", "--by", "M. Memur", "--because", "okudum"]
    assert run(["settle", "--settings", str(house.file), *seen_to]) == DONE
    hear(house, a_mail("Onaylıyorum", answers=list_letter(house)), 4)
    assert len(to_kamu_sm(house)) == 1
