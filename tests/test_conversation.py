"""Several mails about one person: what is corrected, what is changed, and who stays off the night's list."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import openpyxl
import pytest

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Attachment, Decision, Facts, Matter, Submission
from pipeline.judging.conversation import Comparison, compare, list_before
from pipeline.judging.judge import judge
from pipeline.judging.read import read
from pipeline.papers.clues import Clues
from pipeline.policy.policy import Policy
from pipeline.sandbox.scanner.scan import transcribe
from tests.house import NIGHT, House, Kept, body
from tests.letters import list_mail, writes
from tests.letters.receipts import BILL, paid
from tests.mails import PDF, XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import WRONG_TENTH, person
from tests.receipt_material import receipt_pdf
from tests.words_said import say
from tests.workbooks import Fields, entry, official, xls

AYSE, CANAN, NURAY = person("Ayşe Karaağaçlı"), person("Canan Şahinbaşlı"), person("Nuray Işıklıtepe")
NEXT_NIGHT = NIGHT + timedelta(days=1)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return demo_policy()


# --- what is right now, what is left, what is new ------------------------------------------------


def judged(policy: Policy, *rows: Fields, data: bytes | None = None) -> Decision:
    data = xls(official(*rows)) if data is None else data
    files = [(Attachment("liste.xls", "", data, "digest"), transcribe(data, Clues()))]
    evidence = read(files, policy.patterns)
    submission = Submission(AYSE.work_email, "", (), "", "", (), "", "", (), ())
    return judge(Matter("0" * 64, submission, evidence), Facts(date(2024, 6, 10)), policy)


def told(comparison: Comparison) -> dict[str, list[tuple[str | None, str]]]:
    return {
        name: [(p.holder.family_name if p.holder else None, p.finding.field) for p in points]
        for name in ("now_right", "left", "new", "missing")
        if (points := getattr(comparison, name))
    }


def test_each_fault_is_right_now_left_new_or_no_longer_there(policy: Policy) -> None:
    before = judged(
        policy,
        entry(AYSE, identity_number=WRONG_TENTH, born_on=None),
        entry(CANAN, work_email="yok"),
        entry(NURAY, kind=3),
    )
    now = judged(policy, entry(AYSE, born_on="31/06/1997"), entry(CANAN, workplace=None))

    assert told(compare(before, now)) == {
        "now_right": [("Karaağaçlı", "identity_number"), ("Şahinbaşlı", "work_email")],
        "left": [("Karaağaçlı", "born_on")],
        "new": [("Şahinbaşlı", "workplace")],
        "missing": [("Işıklıtepe", "kind")],
    }


def test_a_person_is_known_by_number_though_the_name_was_wrong(policy: Policy) -> None:
    before = judged(policy, entry(AYSE, given_name="A.", family_name="K."))
    assert told(compare(before, judged(policy, entry(AYSE)))) == {
        "now_right": [("Karaağaçlı", "given_name"), ("Karaağaçlı", "family_name")]
    }


def test_a_list_instead_of_what_could_not_be_read(policy: Policy) -> None:
    before = judged(policy, data=b"")
    now = judged(policy, entry(AYSE))
    assert list_before([before], now.evidence) is before
    assert [p.finding.rule for p in compare(before, now).now_right] == ["file/empty"]


def test_only_the_last_list_with_the_same_people_is_gone_on_from(policy: Policy) -> None:
    wrong = judged(policy, entry(AYSE, born_on=None))
    right = judged(policy, entry(AYSE))
    other = judged(policy, entry(CANAN, born_on=None))
    evidence = right.evidence

    assert list_before([other, wrong], evidence) is wrong
    # What was put right in between is not told a second time.
    assert list_before([right, wrong], evidence) is None
    assert list_before([other], evidence) is None
    assert list_before([wrong], judged(policy, data=b"").evidence) is None


# --- the night's list ----------------------------------------------------------------------------


def listed(house: House, moment: datetime = NIGHT) -> set[str]:
    """Closes a night and gives the identity numbers on its list for Kamu SM."""
    before = len(house.smtp.received)
    house.nightly(moment)
    batches = [m for m in house.letters()[before:] if m["X-NES-Intake"] == "batch"]
    rows: list[Any] = []
    for letter in batches:
        (part,) = letter.iter_attachments()
        rows += openpyxl.load_workbook(io.BytesIO(part.get_content())).active.iter_rows(min_row=4)  # type: ignore[union-attr]
    return {str(row[1].value) for row in rows}


def decide(house: House, word: str, moment: datetime = NIGHT) -> None:
    """Settles the oldest open hold by an official's word."""
    with house.opened(moment) as shop:
        say(shop, shop.ledger.open_holds()[0], word, "görüşüldü", "A. Görevli")


def hear(house: House, *mails: bytes) -> None:
    for raw in mails:
        house.deliver_raw(raw)
    house.poll()


def says(sender: Sender, words: str, *more: tuple[str, str]) -> bytes:
    return mail(Envelope(sender, "e-imza", at("2024-06-10", "17:00"), more=more), plain(words))


FOUND = "Merhaba, e-imzamı buldum, başvurumu iptal edin lütfen."


@pytest.fixture(scope="module")
def kept(lasting_house: House, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    hear(lasting_house, *(list_mail(who, at("2024-06-10", "10:00")) for who in (AYSE, CANAN)))
    return Kept(lasting_house, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def listed_once(kept: Kept) -> House:
    """A house in which Ayşe and Canan are waiting for the night's list."""
    return kept.again()


def test_a_withdrawn_row_stays_off_the_list_until_it_is_settled(listed_once: House) -> None:
    hear(listed_once, says(writes(AYSE), FOUND))
    assert listed(listed_once) == {CANAN.identity_number}
    (report,) = [m for m in listed_once.letters() if m["X-NES-Intake"] == "nightly"]
    assert "bu gece listeye konmayan başvurular" in " ".join(body(report).split())

    decide(listed_once, "return", NEXT_NIGHT)
    assert listed(listed_once, NEXT_NIGHT) == {AYSE.identity_number}


def test_an_accepted_withdrawal_closes_the_case_for_good(listed_once: House) -> None:
    hear(listed_once, says(writes(AYSE), FOUND))
    decide(listed_once, "accept")
    assert listed(listed_once) == {CANAN.identity_number}
    assert listed(listed_once, NEXT_NIGHT) == set()
    with listed_once.opened(NEXT_NIGHT) as shop:
        (case,) = (c for c in shop.ledger.all_cases() if c.identity_number.digits == AYSE.identity_number)
        assert case.is_closed


@pytest.mark.parametrize(
    "words",
    [
        "Başvurumdan vazgeçiyorum.",
        "Merhaba,\n\nLütfen beni listeden çıkarın.\n\nİyi çalışmalar",
        "Başvurumu işleme almayın",
        "Gönderdiğim formu dikkate almayınız.",
        "Yanlış göndermişim, iptal",
        "Kart çantamdan çıktı, gerek kalmadı.",
        "Kaybolmamış, dolaptaymış.",
        "Önceki mailimi yok sayınız.",
        "Please cancel my application",
        "Başvurum ne durumda? Vazgeçmek istiyorum.",
        "Bilginize.\n\n------ Forwarded message ------\nKimden: Ayşe <a@saglik.example.org>\n\nVazgeçtim.",
    ],
)
def test_words_alone_are_heard_of_the_row_that_waits(listed_once: House, words: str) -> None:
    hear(listed_once, says(writes(AYSE), words))
    assert listed(listed_once) == {CANAN.identity_number}
    answer = " ".join(body(listed_once.letters()[2]).split())
    assert "karara bağlanana kadar başvurunuz Kamu SM'ye gönderilecek listeye konmayacak" in answer
    assert "dekont bulamadık" not in answer

    decide(listed_once, "return", NEXT_NIGHT)
    assert listed(listed_once, NEXT_NIGHT) == {AYSE.identity_number}


@pytest.mark.parametrize(
    "words",
    [
        "Kamu SM'yi arayıp iptal ettirdim, teşekkürler.",
        "Merhaba, başvurum alındı mı acaba? Haber alamadım.",
        "Henüz kartımı bulamadım, başvurum devam etsin",
        "Ödemeyi yaptım, dekontu yarın göndereceğim.",
        "Dahili numaram değişti: 3412",
        "Reçete yazamıyorum, lütfen hızlandırın.",
        "Teşekkür ederim, iyi çalışmalar dilerim. 👍\n\niPhone'umdan gönderildi",
        "Vakıfbank'tan ödedim, dekont ektedir. Kartım ne zaman gelir?",
    ],
)
def test_other_words_of_who_waits_keep_no_row_off(listed_once: House, words: str) -> None:
    hear(listed_once, says(writes(AYSE), words))
    assert listed(listed_once) == {AYSE.identity_number, CANAN.identity_number}


@pytest.mark.parametrize(
    "words",
    [
        # By none of these words could anybody have known it.
        "Kartı eşim getirdi.",
        "Fikrimi değiştirdim.",
        "Bu başvuru bana ait değil.",
        "Kart bende hocam",
        "Stop.",
        "Boşverin lütfen.",
        "Doğum tarihim hatalı.",
        "Evlendim, soyadım değişti.",
        "Ödemeyeceğim.",
        "❌",
    ],
)
def test_what_nobody_understands_keeps_the_writers_row_off(listed_once: House, words: str) -> None:
    hear(listed_once, says(writes(AYSE), f"{words}\n\n{AYSE.name}\n{AYSE.workplace}\nTel: 0312 000 00 00"))
    assert listed(listed_once) == {CANAN.identity_number}
    answer = " ".join(body(listed_once.letters()[2]).split())
    assert "kadar başvurunuz Kamu SM'ye gönderilecek listeye konmayacak" in answer

    decide(listed_once, "return", NEXT_NIGHT)
    assert listed(listed_once, NEXT_NIGHT) == {AYSE.identity_number}


@pytest.mark.parametrize(
    ("file", "words", "waits"),
    [
        ("vazgecme dilekcesi.pdf", "", True),
        ("tarama0001.pdf", "Ektedir.", True),
        ("dekont.pdf", "", False),
        ("tarama0001.pdf", "Dekont ektedir.", False),
        ("tarama0001.pdf", "Vazgeçme dilekçem ve dekont ektedir.", True),
    ],
)
def test_a_file_that_nobody_could_read_keeps_the_row_off_unless_it_is_said_what_it_is(
    listed_once: House, file: str, words: str, waits: bool
) -> None:
    sent = Envelope(writes(AYSE), "", at("2024-06-10", "17:00"))
    hear(listed_once, mail(sent, mixed(plain(words), attached(b"%PDF-1.7\nx", PDF, file))))
    assert (AYSE.identity_number not in listed(listed_once)) is waits


@pytest.mark.parametrize(
    ("words", "waits"),
    [
        ("Ekte dekontu bulabilirsiniz. Sürecin başlatılmasını rica ederim.", False),
        ("Mailinize istinaden ödeme yapılmış olup dekont ekte gönderilmiştir.", False),
        ("Merhaba hocam, dekont ektedir, iyi nöbetler. Laborant, Dahiliye Servisi", False),
        ("Dekont ektedir. Kartı eşim getirdi.", True),
        ("Dekont ektedir. Fikrimi değiştirdim.", True),
        ("Dekont ektedir. Evlendim, soyadım değişti.", True),
        ("Dekont ektedir. Emekli oldum.", True),
        ("Dekont ektedir. Kart bende.", True),
        ("Kartım bende yok, dekont ektedir.", False),
    ],
)
def test_who_pays_goes_on_unless_something_else_is_told(listed_once: House, words: str, waits: bool) -> None:
    pdf = receipt_pdf(BILL, paid(AYSE, "2024-06-10T10:14:09", 71))
    sent = Envelope(writes(AYSE), "Dekont", at("2024-06-10", "17:00"))
    hear(listed_once, mail(sent, mixed(plain(words), attached(pdf, PDF, "dekont.pdf"))))
    assert (AYSE.identity_number not in listed(listed_once)) is waits


@pytest.mark.parametrize("words", ["kartı kızına teslim etmiş.", "adına yazılan o liste şaka."])
def test_what_nobody_understands_of_a_colleague_is_read_before_the_row_goes_out(
    listed_once: House, words: str
) -> None:
    hear(listed_once, says(writes(NURAY), f"{AYSE.name} {words}"))
    assert listed(listed_once) == {CANAN.identity_number}


def test_an_answer_to_our_letter_about_a_withdrawal_is_none(listed_once: House) -> None:
    ours = "Ynt: Otomatik yanıt: Başvurunuz geri çekildi [G-0000000H]"
    hear(listed_once, mail(Envelope(writes(AYSE), ours, at("2024-06-10", "17:00")), plain("Bilginize.")))
    assert AYSE.identity_number in listed(listed_once)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (
            "Geri çekme: Kayıp e-imza başvurusu",
            "Ayşe Karaağaçlı, “Kayıp e-imza başvurusu” iletisini geri çekmek istiyor.",
        ),
        ("Recall: Kayıp e-imza başvurusu", "The sender would like to recall the message, “Kayıp e-imza”."),
        ("İleti geri çağırma: liste", "Gönderen bu iletiyi geri çağırmak istiyor."),
    ],
)
@pytest.mark.parametrize("sign", [("Auto-Submitted", "auto-generated"), ("Precedence", "bulk"), ("X-A", "b")])
def test_a_mail_that_is_recalled_waits_for_a_person(
    listed_once: House, subject: str, words: str, sign: tuple[str, str]
) -> None:
    before = len(listed_once.letters())
    envelope = Envelope(writes(AYSE), subject, at("2024-06-10", "17:00"), more=(sign,))
    hear(listed_once, mail(envelope, plain(words)))
    # A program is not answered, and a person who writes like one is.
    assert len(listed_once.letters()) - before == (sign[0] == "X-A")
    assert listed(listed_once) == {CANAN.identity_number}


@pytest.mark.parametrize(
    "sign",
    [
        ("Auto-Submitted", "auto-generated"),
        ("List-Id", "<personel.saglik.example.org>"),
        ("Precedence", "bulk"),
    ],
)
@pytest.mark.parametrize("words", ["Başvurumdan vazgeçiyorum.", "Kartımı buldum.", "Beni listeden çıkarın."])
def test_what_a_program_passes_on_against_a_row_that_waits_is_heard(
    listed_once: House, sign: tuple[str, str], words: str
) -> None:
    before = len(listed_once.letters())
    hear(listed_once, says(writes(AYSE), words, sign))
    assert len(listed_once.letters()) == before
    assert listed(listed_once) == {CANAN.identity_number}


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        # What nobody wrote, and what says nothing against anybody, is passed over as before.
        (("Auto-Submitted", "auto-replied"), "Bu adrese yazmayın, ofis dışındayım."),
        (("X-Autoreply", "yes"), "Lütfen aramayın."),
        (("List-Id", "<personel.saglik.example.org>"), "Yemek listesi ektedir."),
        (("Precedence", "bulk"), "Başvurum ne durumda?"),
    ],
)
def test_what_a_program_says_otherwise_is_passed_over(
    listed_once: House, sign: tuple[str, str], words: str
) -> None:
    hear(listed_once, says(writes(AYSE), words, sign))
    assert listed_once.filed().get("ignored") == 1
    assert AYSE.identity_number in listed(listed_once)


def test_a_withdrawal_after_the_list_went_out_is_read_by_a_person(listed_once: House) -> None:
    listed(listed_once)
    hear(listed_once, says(writes(AYSE), "Başvurum ne durumda? Vazgeçmek istiyorum."))
    with listed_once.opened(NEXT_NIGHT) as shop:
        (held,) = shop.ledger.open_holds()
    assert (held.decision.topic, held.decision.withheld) == ("", ())
    assert "listeye konmayacak" not in body(listed_once.letters()[-1])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # Of several rows of one sender the named one stands still, and all where nobody is named.
        (f"{AYSE.name} e-imzasını buldu, kartı bulundu. Başvurusunu iptal edin.", {CANAN.identity_number}),
        ("Kart bulundu, başvuruyu iptal edin.", set()),
    ],
)
def test_a_secretary_withdraws_for_somebody_else(house: House, words: str, expected: set[str]) -> None:
    office = Sender("Personel", "personel@hastane1.saglik.example.org")
    form = attached(
        xls(official(entry(AYSE), entry(CANAN, work_email=f"canan@{office.domain}"))), XLS, "l.xls"
    )
    first = Envelope(office, "liste", at("2024-06-10", "09:00"))
    hear(house, mail(first, mixed(plain("Liste ektedir."), form)), says(office, words))

    assert listed(house) == expected


@pytest.mark.parametrize(
    "words",
    [
        f"{AYSE.name} e-imzasını buldu, iptal edin.",
        f"Merhaba, {AYSE.family_name} {AYSE.given_name} adlı personelin kartı bulunmuş.",
        f"{AYSE.name.upper()}'nın başvurusu için gerek kalmadı, göndermeyin.",
        f"{AYSE.identity_number} numaralı personelimiz vefat etmiştir.",
    ],
)
def test_what_a_colleague_says_of_a_row_is_read_before_it_goes_out(listed_once: House, words: str) -> None:
    hear(listed_once, says(writes(NURAY), words))
    assert listed(listed_once) == {CANAN.identity_number}
    (report,) = [m for m in listed_once.letters() if m["X-NES-Intake"] == "nightly"]
    assert "kişiye sorunuz" in " ".join(body(report).split())
    # Nothing is done by it: the case goes on once somebody has read the mail.
    decide(listed_once, "answer", NEXT_NIGHT)
    assert listed(listed_once, NEXT_NIGHT) == {AYSE.identity_number}
    assert [m["X-NES-Intake"] for m in listed_once.letters() if m["To"] == AYSE.work_email] == ["accepted"]


def test_who_is_spoken_of_by_a_title_is_looked_for_in_the_writers_house_alone(listed_once: House) -> None:
    words = f"{AYSE.given_name} Hanım kartını buldu, listeden çıkarın."
    hear(listed_once, says(writes(NURAY), words))
    assert AYSE.identity_number in listed(listed_once)


def test_who_writes_from_another_address_under_their_own_name_is_meant(listed_once: House) -> None:
    other = Sender(AYSE.name, "a.karaagacli@adsm.saglik.example.org")
    hear(listed_once, says(other, "E-imza kartımı buldum, gerek kalmadı."))
    assert listed(listed_once) == {CANAN.identity_number}


@pytest.mark.parametrize(
    ("sender", "words", "more"),
    [
        # A stranger's words, and what may have been written in a stolen name, keep nobody off the list.
        (Sender("x", "x@posta.invalid"), f"{AYSE.name} vazgeçti", {}),
        (Sender("x", "x@posta.invalid"), f"{AYSE.name} kartını buldu", {}),
        # Nobody is named, or nothing is said against them.
        (writes(NURAY), "Kart bulundu.", {}),
        (writes(NURAY), f"{AYSE.name} başvurusu ne durumda?", {}),
        (writes(NURAY), f"{AYSE.given_name} kartını buldu.", {}),
    ],
)
def test_words_that_name_nobody_or_are_no_colleagues_keep_nobody_off(
    listed_once: House, sender: Sender, words: str, more: dict[str, Any]
) -> None:
    hear(listed_once, mail(Envelope(sender, "e-imza", at("2024-06-10", "17:00"), **more), plain(words)))
    assert listed(listed_once) == {AYSE.identity_number, CANAN.identity_number}


@pytest.mark.parametrize(
    "words", ["kartını buldu.", "e-imza kartı bulundu, iptal edin.", "vazgeçti, göndermeyin."]
)
def test_a_colleague_cannot_tell_by_the_answer_whether_somebody_is_listed(
    listed_once: House, words: str
) -> None:
    before = len(listed_once.letters())
    for who in (AYSE, person("Tuğba Demirağaç")):
        hear(listed_once, says(writes(NURAY), f"{who.name} {words}"))
    one, two = (_without_number(m) for m in listed_once.letters()[before:])
    assert one == two


def _without_number(letter: EmailMessage) -> str:
    told = f"{letter['Subject']} {letter['X-NES-Intake']} {body(letter)}"
    return re.sub(r"G-[0-9A-Z]{8}", "G", told)


def test_two_mails_that_differ_on_one_day_wait_for_an_official(listed_once: House) -> None:
    hear(listed_once, list_mail(AYSE, at("2024-06-10", "15:00"), born_on="16.08.1999"))
    assert listed(listed_once) == {CANAN.identity_number}
    decide(listed_once, "accept", NEXT_NIGHT)
    assert listed(listed_once, NEXT_NIGHT) == {AYSE.identity_number}
    with listed_once.opened(NEXT_NIGHT) as shop:
        (case,) = (c for c in shop.ledger.all_cases() if c.identity_number.digits == AYSE.identity_number)
        assert case.holder is not None
        assert case.holder.born_on == date(1999, 8, 16)


def test_a_good_row_that_comes_again_is_batched_once(house: House) -> None:
    house.deliver("accepted/corrected-in-two-steps/1-list")
    house.poll()
    first = listed(house)
    house.deliver(
        "accepted/corrected-in-two-steps/2-one-fault-left", "accepted/corrected-in-two-steps/3-corrected"
    )
    house.poll(NEXT_NIGHT)
    second = listed(house, NEXT_NIGHT)

    assert (len(first), len(second)) == (1, 2)
    assert not first & second


def test_a_withdrawal_in_the_thread_is_known_though_it_comes_from_another_address(house: House) -> None:
    hear(house, list_mail(AYSE, at("2024-06-10", "10:00")))
    (answer,) = house.letters()
    thread = ("In-Reply-To", str(answer["Message-ID"]))
    hear(house, says(Sender("Ayşe", "a.karaagacli@adsm.saglik.example.org"), FOUND, thread))

    assert listed(house) == set()


def test_an_official_answers_a_withdrawal_in_words_that_fit(listed_once: House) -> None:
    hear(listed_once, says(writes(AYSE), FOUND))
    decide(listed_once, "return")
    listed(listed_once)
    (letter,) = [m for m in listed_once.letters() if m["X-NES-Intake"] == "settled-returned"]
    text = " ".join(body(letter).split())
    assert "geri çekilmedi, sürüyor" in text
    assert "Düzeltip" not in text
