"""Kamu SM's answer to a list, read back: who was returned hears why, and goes out again once corrected."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from pipeline.acts.acting import Act, version
from pipeline.acts.kamusm_answers import Imported, import_answer
from pipeline.commands.cli import run
from pipeline.domain import Cell, CellKind, Sheet
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.casework import stored_batch
from pipeline.lists.kamusm_answers import load_answer_form, read_answer
from pipeline.office.console import BAD_CONFIGURATION, DONE, SET_ASIDE
from pipeline.policy.places import RULES
from tests.house import KAMU_SM, MORNING, NIGHT, House, body, night_of
from tests.in_order import POLICY
from tests.letters import Person, list_mail, list_of
from tests.mails import XLSX, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import PEOPLE
from tests.servers import Dovecot

RAW = tomllib.loads((RULES / "kamusm-answer.toml").read_text(encoding="utf-8"))
REASON = "Doğum tarihi nüfus kaydıyla uyuşmuyor"


@pytest.fixture(scope="module")
def listed(lasting_house: House) -> House:
    """An office whose list of three people went out on 14 June."""
    house = lasting_house
    for who in PEOPLE[:3]:
        house.deliver_raw(list_mail(who, at("2024-06-14", "08:00")))
    house.poll(MORNING)
    house.nightly(NIGHT)
    return house


@pytest.fixture
def house(listed: House, tmp_path: Path, dovecot: Dovecot) -> House:
    """The same office for one test alone."""
    here = House(tmp_path, dovecot.account(), listed.smtp, listed.readers)
    shutil.copytree(listed.home, here.home)
    return here


def answered(house: House, results: Sequence[tuple[str, str]]) -> bytes:
    """The list as Kamu SM might send it back: its own columns, and a result and a reason for each row."""
    with house.opened() as shop:
        stored = stored_batch(shop.ledger, f"{NIGHT.date()}/1")
    assert stored
    book = load_workbook(BytesIO(stored.batch.workbook))
    sheet = book.active
    assert sheet is not None
    last = sheet.max_column
    heads = next(row[0].row for row in sheet.iter_rows() if row[0].value == "Sıra No")
    sheet.cell(heads, last + 1, "Sonuç")
    sheet.cell(heads, last + 2, "Açıklama")
    for row, (result, reason) in enumerate(results, start=heads + 1):
        sheet.cell(row, last + 1, result)
        sheet.cell(row, last + 2, reason)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def imported(house: House, data: bytes, name: str = "yanit.xlsx", day: str = "2024-06-24") -> Imported:
    with house.opened(at(day, "10:00")) as shop:
        return import_answer(shop, name, data, Act("M. Memur", "", version(shop.ledger, "")))


def case_of(house: House, who: Person) -> str:
    ((number,),) = house.ask(
        "SELECT DISTINCT case_number FROM entry WHERE identity_number=?", who.identity_number
    )
    return str(number)


def events(house: House, who: Person) -> list[object]:
    rows = house.ask("SELECT event FROM entry WHERE identity_number=? ORDER BY id", who.identity_number)
    return [event for (event,) in rows]


def sent(house: House) -> list[str]:
    """The subjects of what Kamu SM was sent."""
    return [str(m["Subject"]) for m in house.letters() if m["To"] == KAMU_SM]


RESULTS = [("KABUL", ""), ("Reddedildi", REASON), ("Kabul edildi.", "")]


def test_what_is_returned_is_reopened_and_its_holder_hears_why(house: House) -> None:
    told = imported(house, answered(house, RESULTS))
    one, back, other = PEOPLE[:3]
    assert set(told.accepted) == {case_of(house, one), case_of(house, other)}
    assert told.returned == (case_of(house, back),)
    assert told.left == told.known == ()
    assert events(house, back) == ["listed", "batched", "returned_by_kamu_sm"]
    house.smtp.received.clear()
    house.poll(at("2024-06-24", "10:05"))
    # Those on the list have heard that they are; of Kamu SM's answer only who was sent back hears.
    letters = [m for m in house.letters() if m["X-NES-Intake"] != "on-a-list"]
    assert len(letters) == 1, [(m["X-NES-Intake"], m["Subject"]) for m in letters]
    (letter,) = letters
    assert letter["To"] == back.work_email
    assert REASON in body(letter)
    assert back.identity_number not in body(letter)
    kept = house.ask("SELECT result, batch FROM kamu_sm_answer_row ORDER BY position")
    assert kept == [("accepted", "2024-06-14/1"), ("returned", "2024-06-14/1"), ("accepted", "2024-06-14/1")]
    # Not on a list again by itself, and in the report for as long.
    house.smtp.received.clear()
    house.nightly(night_of(date(2024, 6, 24)))
    assert sent(house) == []
    (report,) = [m for m in house.letters() if m["X-NES-Intake"] == "nightly"]
    assert "Kamu SM'nin geri gönderdikleri" in " ".join(body(report).split())


def test_the_same_file_twice_changes_nothing_and_another_tells_nothing_new(house: House) -> None:
    data = answered(house, RESULTS)
    imported(house, data)
    before = house.ask("SELECT count(*) FROM entry"), house.ask("SELECT count(*) FROM letter")
    assert imported(house, data, "baska-ad.xlsx").is_repeat
    again = imported(house, answered(house, [("KABUL", ""), ("İade", "aynı"), ("KABUL", "")]))
    assert (again.returned, again.known) == ((), (case_of(house, PEOPLE[1]),))
    after = house.ask("SELECT count(*) FROM entry"), house.ask("SELECT count(*) FROM letter")
    assert after == before


def test_the_same_list_again_waits_for_a_person(house: House) -> None:
    imported(house, answered(house, RESULTS))
    house.deliver_raw(list_mail(PEOPLE[1], at("2024-06-25", "08:00")))
    house.poll(at("2024-06-25", "09:00"))
    ((outcome, body_),) = house.ask("SELECT outcome, body FROM decision ORDER BY rowid DESC LIMIT 1")
    assert outcome == "held"
    assert "holder/corrected" in str(body_)
    house.smtp.received.clear()
    house.nightly(night_of(date(2024, 6, 25)))
    assert sent(house) == []


def test_a_corrected_list_goes_out_again(house: House) -> None:
    back = PEOPLE[1]
    imported(house, answered(house, RESULTS))
    house.smtp.received.clear()
    house.deliver_raw(list_mail(back, at("2024-06-25", "10:00"), born_on=date(1974, 6, 3)))
    house.poll(at("2024-06-25", "11:00"))
    assert events(house, back)[-1] == "amended"
    house.nightly(night_of(date(2024, 6, 25)))
    assert len(sent(house)) == 1
    assert "(2024-06-25/1, 1 kişi)" in sent(house)[0]
    assert events(house, back)[-1] == "batched"
    # An answer to the list of before says nothing about the new one.
    third = imported(house, answered(house, [("KABUL", ""), ("Ret", ""), ("KABUL", "")]), day="2024-06-25")
    assert third.returned == (case_of(house, back),)


def test_an_answer_between_the_correction_and_the_next_list_is_put_before_a_person(house: House) -> None:
    back = PEOPLE[1]
    imported(house, answered(house, RESULTS))
    house.deliver_raw(list_mail(back, at("2024-06-25", "10:00"), born_on=date(1974, 6, 3)))
    house.poll(at("2024-06-25", "11:00"))
    late = imported(house, answered(house, [("KABUL", ""), ("Ret", "yine"), ("KABUL", "")]), day="2024-06-25")
    assert [why for _, why in late.left] == ["corrected"]
    assert events(house, back)[-1] == "amended"


def test_a_new_address_is_looked_at_even_then(house: House) -> None:
    back = PEOPLE[1]
    imported(house, answered(house, RESULTS))
    other = f"baskasi@{back.work_email.rpartition('@')[2]}"
    house.deliver_raw(list_mail(back, at("2024-06-25", "08:00"), work_email=other))
    house.poll(at("2024-06-25", "09:00"))
    ((outcome,),) = house.ask("SELECT outcome FROM decision ORDER BY rowid DESC LIMIT 1")
    assert outcome == "held"
    assert events(house, back)[-1] == "returned_by_kamu_sm"


def test_a_csv_says_what_cannot_be_read_or_is_not_ours(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, back, unclear, stranger = PEOPLE[:4]
    file = tmp_path / "yanit.csv"
    lines = [
        "T.C. Kimlik No;Durum;Ret Nedeni",
        f"{one.identity_number};Uygun;",
        f"{back.identity_number};Uygun değil - {REASON};",
        f"{unclear.identity_number};Uygun bulunmamıştır;",
        f"{stranger.identity_number};Red;",
        "123;Red;",
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert run(["import-answer", "--settings", str(house.file), str(file)]) == SET_ASIDE
    said = capsys.readouterr().out
    assert "kabul 1, geri gönderilen 1, daha önce geri gönderilmiş 0, bakılacak satır 3" in said
    assert "hiçbir listede yok" in said
    assert "sonucu anlaşılamadı" in said
    assert "kimlik numarası okunamadı" in said
    assert stranger.identity_number not in said
    (letter,) = house.ask("SELECT CAST(body AS TEXT) FROM letter WHERE kind='returned-by-kamu-sm'")
    assert "nüfus" in str(letter) or "n=C3=BCfus" in str(letter)
    assert run(["import-answer", "--settings", str(house.file), str(file)]) == DONE
    assert "hiçbir şey değişmedi" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "merhaba\n", "T.C. Kimlik No;Ad\n10000000146;Ayşe\n"])
def test_a_file_without_results_is_refused(
    house: House, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "yanit.csv"
    file.write_text(text, encoding="utf-8")
    assert run(["import-answer", "--settings", str(house.file), str(file)]) == BAD_CONFIGURATION
    assert "yanit.csv" in capsys.readouterr().err
    assert (
        run(["import-answer", "--settings", str(house.file), str(tmp_path / "yok.csv")]) == BAD_CONFIGURATION
    )
    assert house.ask("SELECT count(*) FROM kamu_sm_answer") == [(0,)]


# --- the layout ------------------------------------------------------------------------------------


def test_two_results_for_one_person_are_none(house: House) -> None:
    number = PEOPLE[0].identity_number
    data = f"T.C. Kimlik No;Ad;Sonuç\n{number};Ayşe;Kabul\n{number};Ayşe;Red\n".encode()
    told = imported(house, data, "yanit.csv")
    assert [why for _, why in told.left] == ["unclear", "unclear"]
    assert events(house, PEOPLE[0]) == ["listed", "batched"]


def test_hidden_sheets_and_other_columns_are_passed_over() -> None:
    def cells(*rows: Sequence[str]) -> tuple[Cell, ...]:
        return tuple(
            Cell(r, c, CellKind.TEXT, text)
            for r, row in enumerate(rows)
            for c, text in enumerate(row)
            if text
        )

    number = PEOPLE[0].identity_number
    table = cells(
        ("Açıklama", "TC", "Sonuç", "Açıklama"), ("not", number, "Ret", REASON), ("", "", "", "son")
    )
    seen = Sheet("Sayfa1", table)
    hidden = Sheet("Eski", table, visible=False)
    (row,) = read_answer([hidden, seen], POLICY.answer_form, POLICY.form)
    assert (row.result, row.reason, row.place) == ("returned", REASON, "Sayfa1, 2")


def test_words_that_mean_something_else_are_refused() -> None:
    with pytest.raises(OperatorFault, match="answer_example"):
        load_answer_form({**RAW, "accepted": [*RAW["accepted"], "İnceleniyor"]})


# --- what Kamu SM writes in a mail -----------------------------------------------------------------

REPLY = "Ynt: Kayıp/çalıntı NES başvuru listesi"
PERSON = PEOPLE[0]
ON_LEAVE = (("Auto-Submitted", "auto-replied"),)
ANSWERS = {
    "in words": ("liste@kamusm.example.org", REPLY, "Listeniz okunamadı, yeniden gönderiniz.", ()),
    "of one": ("liste@kamusm.example.org", REPLY, f"{PERSON.name} başvurusu reddedilmiştir.", ()),
    "of some": ("liste@kamusm.example.org", REPLY, "2 kişi kabul edilmiş, 1 kişi kabul edilmemiştir.", ()),
    "by somebody else of theirs": ("ali@birim.kamusm.example.org", "Listeniz hk.", "Hatalı kayıt var.", ()),
    "by a machine": ("liste@kamusm.example.org", REPLY, "Bu adres artık kullanılmamaktadır.", ON_LEAVE),
}


@pytest.mark.parametrize("how", ANSWERS)
def test_what_kamu_sm_writes_is_read_by_a_person_and_answered_by_nobody(house: House, how: str) -> None:
    address, subject, words, more = ANSWERS[how]
    (thread,) = house.ask("SELECT message_id FROM letter WHERE kind='batch'")
    if subject == REPLY:
        more = (("In-Reply-To", str(thread[0])), *more)
    file = attached(list_of(*PEOPLE[:3]), XLSX, "sonuc.xlsx")
    envelope = Envelope(Sender("Kamu SM", address), subject, at("2024-06-15", "10:00"), more=more)
    before, cases = len(house.letters()), house.ask("SELECT count(*) FROM entry")
    house.deliver_raw(mail(envelope, mixed(plain(words), file)))
    house.poll(NIGHT + timedelta(hours=11))
    # Its file is the list again, and no application.
    assert house.ask("SELECT count(*) FROM entry") == cases
    assert house.filed()["held"] == 1
    assert len(house.letters()) == before

    house.nightly(night_of(date(2024, 6, 15)))
    report = " ".join(body(house.letters()[-1]).split())
    assert f"Kamu SM'nin adresinden bir ileti geldi: “{subject}”" in report
    # The report offers nothing that would be refused: there is nobody to write a text to.
    ((number,),) = house.ask("SELECT number FROM decision WHERE outcome='held'")
    assert f'settle {number} yanitlandi --by ADINIZ --because "…"' in report
    assert f"settle {number} yanitlandi --text" not in report
    closed = ["settle", str(number), "yanitlandi", "--by", "Görevli", "--because", "Kamu SM arandı."]
    assert run([*closed, "--settings", str(house.file)]) == DONE
    assert not house.ask("SELECT 1 FROM hold WHERE state='open'")


def test_whoever_writes_in_kamu_sms_name_is_doubted_aloud(
    tmp_path: Path, dovecot: Dovecot, listed: House
) -> None:
    here = House(tmp_path, dovecot.account(), listed.smtp, listed.readers)
    text = here.file.read_text(encoding="utf-8")
    trusted = 'trusted_servers = ["mx.saglik.example.org"]\n\n[[accounts]]'
    text = text.replace("[[accounts]]", trusted) + "\n[authentication]\nbelow_received = true\n"
    here.file.write_text(text, encoding="utf-8")
    sender, moment = Sender("Kamu SM", "liste@kamusm.example.org"), at("2024-06-14", "08:00")
    for words, found in (("Listeniz reddedildi.", "fail"), ("Listeniz kabul edildi.", "pass")):
        envelope = Envelope(sender, words, moment, authenticated=found)
        here.deliver_raw(mail(envelope, plain(words)))
    here.poll()
    says = [finding for (finding,) in here.ask("SELECT body FROM decision ORDER BY rowid")]
    assert ["bildiğiniz telefondan arayıp" in str(one) for one in says] == [True, False]


def test_notices_of_kamu_sms_programs_are_counted_alone(house: House) -> None:
    sender = Sender("Kamu SM", "bilgi@kamusm.example.org")
    notice = "Bağlantılar gönderilmiştir. Bu e-posta otomatik olarak gönderilmiştir."
    house.deliver_raw(mail(Envelope(sender, "Duyuru", at("2024-06-15", "10:00")), plain(notice)))
    house.poll(NIGHT + timedelta(hours=11))
    assert house.filed()["ignored"] == 1
