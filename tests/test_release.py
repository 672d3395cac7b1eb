"""A list that waits for the unit's word: released by command or by mail, by those who may, once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.adapters.isolation import WorkerPool
from pipeline.cli import run
from pipeline.console import BAD_CONFIGURATION, DONE
from pipeline.faults import OperatorFault
from pipeline.policy import RULES
from pipeline.release_words import asks_release, batch_named, load_release_words
from tests.house import IT_UNIT, KAMU_SM, MORNING, NIGHT, House, body, night_of
from tests.in_order import POLICY, mail_from
from tests.servers import Certificates, Dovecot, RecordingSmtp

HEAD = "mudur@saglik.example.org"
BATCH = "2024-06-14/1"
SETTINGS = f'[batch]\nto = "it_unit"\nreleasers = ["{HEAD}"]\n'
PROVED = "mx.saglik.example.org; dmarc=pass header.from=saglik.example.org"


@pytest.fixture
def house(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: WorkerPool
) -> Iterator[House]:
    """An office that releases its lists itself, after the night of its first list."""
    with RecordingSmtp(certificates, "none") as smtp:
        house = House(tmp_path, dovecot.account(), smtp, readers, more=SETTINGS)
        text = house.file.read_text(encoding="utf-8")
        trusted = 'trusted_servers = ["mx.saglik.example.org"]\n\n[[accounts]]'
        house.file.write_text(text.replace("[[accounts]]", trusted), encoding="utf-8")
        house.deliver("accepted/list-of-five")
        house.poll(MORNING)
        house.nightly(NIGHT)
        yield house


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


# --- the words -------------------------------------------------------------------------------------


def test_words_that_do_not_prove_themselves_are_refused() -> None:
    with pytest.raises(OperatorFault) as refused:
        load_release_words({"words": ["onay"], "unless": [], "because": "x", "matches": ["onay"],
                            "differs": ["Onay değil"]})  # fmt: skip
    assert refused.value.name == "release_example"
    assert (RULES / "release.toml").exists()


def test_two_names_in_a_subject_are_none() -> None:
    assert batch_named("2024-06-14/1 ve 2024-06-15/1") == ""
    assert batch_named("RE: 14.06.2024 günlü liste (2024-06-14/12, 3 kişi)") == "2024-06-14/12"


def test_nobody_may_release_where_nobody_is_named() -> None:
    mail = mail_from(text="Onay")
    assert not asks_release(mail, POLICY.release_words, POLICY.mail_words, POLICY.office)


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
