"""What a receipt prints beside its labels: sentences, amounts, days and numbers that nobody has described."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.domain import Attachment, Decision, Matter, Outcome, Procedure
from pipeline.domain.turkish import upper
from pipeline.judging.judge import judge
from pipeline.judging.read import read
from pipeline.papers.layouts import matching_picture
from pipeline.sandbox.scanner.scan import transcribe
from tests.in_order import AYSE, POLICY, SHA, SUKRU, facts_of, mail_from, open_case
from tests.receipt_damage import picture_bytes, rasterised
from tests.receipt_material import A4, LAYOUTS, PLAIN, Print, ReceiptFacts, _draw, font_file, print_pages
from tests.test_receipt_words import (
    BILL,
    BILL_LINES,
    CARD_LINES,
    PHYSICIAN_LINES,
    changed,
    judge_lines,
    outcome,
)

ALL = (BILL_LINES, CARD_LINES, PHYSICIAN_LINES)
FACTS = ReceiptFacts(identity_number=AYSE.identity_number, name=upper(AYSE.name))


def lines_of(text: str) -> list[str]:
    return text.strip().splitlines()


UNFINISHED = lines_of("""
Bu belge ödeme yapıldığını göstermez.
Ödemeniz kuruma ulaşmadı, lütfen yeniden deneyiniz.
Ödeme kurum kayıtlarına henüz yansımadı lütfen kontrol ediniz
İşleminiz kurum tarafından kabul görmedi, bilginize sunulur.
İşlem gün sonunda kesinleşir, bilginize sunarız.
Bu belge bir ödeme kanıtı sayılmamalıdır, bilginize.
Makbuz hükmünde olmayıp bilgilendirmek üzere düzenlenmiştir
İşleminiz kurum onayını bekler, sonucu ayrıca bildirilir.
Hesabınızdan tahsil edilmek üzere kayda alınmıştır teşekkürler
Bu işlem yalnızca simüle edilmiştir, gerçek para hareketi yoktur.
Ödeme sonlandırıldı, tutar hesabınıza döndü bilginize sunulur.
Fatura borcu hâlâ açıktır, ödeme yansıyınca kapanır bilginize
Yanlış kuruma yapılan bu ödeme çekilmiştir, bilginize sunulur.
Onay verdiğinizde işlem tamamlanır, bilginize sunulur efendim.
Bu dekont 16.05.2024 tarihli düzeltme ile ortadan kalkmıştır.
İşleminiz başarıyla gerçekleştirilmiştir denemez.
Ödeme ulaşmadı.
Ödemeniz kuruma ulaşmadı: 13.05.2024
Tutar alıcıya ulaşmamıştır: 780,00 TL
""")
FOREIGN = lines_of("""
This payment was recalled by the bank.
Your payment has not yet been processed.
The amount was credited back to your account.
Post-dated payment to be executed later
Second signature needed for this payment
Receipt no longer valid, please request another
Zahlung noch nicht ausgeführt
Approval of second officer missing
Transaction under investigation
""")
TELLING_LABELS = lines_of("""
Belge Türü: Bilgi Fişi
Kayıt Türü: Planlı
Hareket Yönü: Gelen
Ödeme Şekli: Çek
Ödeme Sıklığı: Aylık
Ödeme Zamanı: Sonra
Onay Sayısı: 1/2
1. Onay: AYŞE, 2. Onay: -
Onaylayan: -
Aşama: 1/2
Yararlanıcı: MEHMET ŞÜKRÜ İNANÖZ
Sertifika Süresi: 1 yıl
Ödeme planı taksit 1/3
Ödeme Günü: Ayın 20'si
""")
STAMPS = lines_of("""
Muallakta
Olumsuz
Çekildi
Emanete alındı
Ulaşmayan ödeme
Müsvedde
Bakiye blokede kaldı
Rücu edilmiştir
""")
HARMLESS = lines_of("""
İşlem Şubesi: 123 Kızılay
Kart Tipi: Kredi Kartı
Müşteri No: 123456
Müşteri Adı Soyadı: AYŞE KARAAĞAÇLI
Şube Kodu/Adı: 0123 / KIZILAY ŞUBESİ
Hesap No: 158007300123456
Fatura Dönemi: 2024/05
Bu dekont elektronik ortamda üretilmiştir, ıslak imza gerektirmez.
Bu belge elektronik olarak oluşturulmuş olup imza ve kaşe aranmaz.
Şifrenizi hiç kimseyle paylaşmayınız, bankamız sizden şifre istemez.
Bu belge 5070 sayılı Kanuna göre güvenli elektronik imza ile imzalanmıştır.
Büyük Mükellefler Vergi Dairesi V.D. 9220034970 Mersis No: 0922003497000017
İşleminiz gerçekleştirilmiştir. Bizi tercih ettiğiniz için teşekkür ederiz.
Bu dekontun doğruluğunu ebelge.example.org adresinden sorgulayabilirsiniz.
Dekont elektronik imzalıdır.
Bu belge 5070 sayılı Elektronik İmza Kanununa göre elektronik olarak imzalanmıştır.
Bu işlem için masraf alınmamıştır.
Ödeme Kanalı: Mobil
İŞLEM SAATİ    10:42:07
""")


@pytest.mark.parametrize("sentence", UNFINISHED)
def test_a_sentence_about_the_payment_that_nobody_knows_is_held(sentence: str) -> None:
    for lines in ALL:
        for seen in (False, True):
            assert outcome([*lines, sentence], seen=seen) is Outcome.HELD
    words = sentence.split()
    wrapped = [" ".join(words[:5]), " ".join(words[5:])]
    assert outcome([*BILL_LINES, *filter(None, wrapped)]) is Outcome.HELD


@pytest.mark.parametrize("sentence", HARMLESS)
def test_what_receipts_say_of_themselves_passes(sentence: str) -> None:
    for lines in ALL:
        for seen in (False, True):
            assert outcome([*lines, sentence], seen=seen) is Outcome.ACCEPTED


@pytest.mark.parametrize("sentence", FOREIGN)
def test_a_sentence_in_another_language_is_held(sentence: str) -> None:
    for lines in ALL:
        for seen in (False, True):
            assert outcome([*lines, sentence], seen=seen) is Outcome.HELD


@pytest.mark.parametrize("line", ["Платёж отменён", "تم إلغاء الدفع", "ІРТАL edilmiş bir dekont no 5"])
def test_letters_in_which_nothing_is_known_are_held(line: str) -> None:
    for lines in ALL:
        assert outcome([*lines, line]) is Outcome.HELD
        assert outcome([*lines[:7], line, *lines[7:]]) is Outcome.HELD


@pytest.mark.parametrize("line", TELLING_LABELS)
def test_a_label_that_tells_something_of_the_payment_is_known_or_held(line: str) -> None:
    for lines in ALL:
        for seen in (False, True):
            assert outcome([*lines[:7], line, *lines[7:]], seen=seen) is Outcome.HELD


@pytest.mark.parametrize("stamp", STAMPS)
def test_what_is_stamped_alone_on_a_picture_is_heard(stamp: str) -> None:
    for lines in ALL:
        assert outcome([*lines, stamp], seen=True) is Outcome.HELD


def test_a_sign_that_goes_on_in_the_next_line_is_one_word() -> None:
    for seen in (False, True):
        assert outcome([*BILL_LINES, "Vakıf Bank 12 ip-", "tal 5"], seen=seen) is Outcome.HELD


def test_whoever_is_told_to_approve_has_not_paid() -> None:
    for words in ("Bilgilerinizi kontrol edip onaylayınız.", "Lütfen tutarı gönderiniz."):
        assert outcome([*BILL_LINES, words]) is Outcome.HELD
    assert outcome([*BILL_LINES, "İşleminiz için teşekkür ederiz."]) is Outcome.ACCEPTED


def test_a_known_sentence_that_a_picture_cut_off_passes_and_its_contrary_does_not() -> None:
    assert outcome([*CARD_LINES, "Bu sayfayı yazdırabilir veya kaydedel"], seen=True) is Outcome.ACCEPTED
    assert outcome([*CARD_LINES, "Hesabınızdan tahsil edilmemiştir"], seen=True) is Outcome.HELD


def test_the_clerk_and_the_sender_read_which_sentence_it_was() -> None:
    decision = judge_lines([*BILL_LINES, "Ödemeniz kuruma ulaşmadı."])
    assert decision is not None
    (finding,) = decision.findings
    assert (finding.rule, finding.value) == ("receipt/known-words", "Ödemeniz kuruma ulaşmadı")


@pytest.mark.parametrize("name", ["AYŞE YILMAZ", "AYŞE SÖNMEZ", "AYŞE GÜL KORKMAZ", "AYŞE BULUNMAZ"])
def test_a_surname_is_no_sign_against_a_payment(name: str) -> None:
    lines = changed(BILL_LINES, "BORÇLU ADI", f"BORÇLU ADI SOYADI    {name}")
    for seen in (False, True):
        assert outcome([*lines, f"ÖDEYEN    {name}", f"Sayın {name}"], seen=seen) is Outcome.ACCEPTED
        assert outcome([*lines, "Tahsilat yapılmaz"], seen=seen) is Outcome.HELD
        assert outcome([*BILL_LINES, name], seen=seen) is not Outcome.ACCEPTED or seen


@pytest.mark.parametrize(
    "line",
    lines_of("""
TAKSİT TUTARI    260,00 TL
ÖDENEN    500,00 TL
Ödenen: 0,00 TL
Aktarılan Tutar    500,00 TL
Kuruma aktarılan    0,00 TL
Onaylanan Tutar    500,00 TL
Tahsilat    0,00 TL
KUR    32,15
Sonraki Ödeme Tarihi: 13.06.2024
Bir Sonraki Tahsilat    13.06.2024
PLANLANAN GÜN    20.05.2024
Hesaba Geçiş: 20 Haziran 2024
Execution Day 20 June 2024
Valöre esas gün 20.06.24
Fatura Dönemi: 2019/05
TOPLAM TAHSİLAT    0,00 TL
Genel Toplam    100,00 TL
Toplam Tutar: 7.800,00 TL
"""),
)
def test_an_amount_or_a_day_under_an_unknown_label_is_held(line: str) -> None:
    for lines in (BILL_LINES, CARD_LINES):
        for seen in (False, True):
            assert outcome([*lines[:7], line, *lines[7:]], seen=seen) is Outcome.HELD


@pytest.mark.parametrize(
    "line",
    lines_of("""
BSMV    0,64 TL
KOMİSYON    12,16 TL
GENEL TOPLAM    792,80 TL
Kullanılabilir Bakiye: 12.345,67 TL
Sermaye: 9.915.921.833,85 TL
EFT saatleri 08.30 - 17.00
SON ÖDEME TARİHİ    31.05.2024
Dekont Basım Tarihi: 20.05.2024 11:11:11
20.05.2024 11:11
Tebliğ 01.02.2019
"""),
)
def test_fees_and_days_of_print_pass(line: str) -> None:
    for lines in (BILL_LINES, CARD_LINES):
        for seen in (False, True):
            assert outcome([*lines[:7], line, *lines[7:]], seen=seen) is Outcome.ACCEPTED


def test_a_day_or_an_amount_that_is_left_blank_is_held() -> None:
    for label in ("GERÇEKLEŞME TARİHİ", "TAHSİL EDİLEN TUTAR"):
        assert outcome([*BILL_LINES[:9], label, *BILL_LINES[9:]]) is Outcome.HELD


@pytest.mark.parametrize(
    ("product", "became"),
    [
        ("3 Yıllık NES", Outcome.ACCEPTED),
        ("Nitelikli Elektronik Sertifika", Outcome.ACCEPTED),
        ("1 Yıllık NES", Outcome.HELD),
        ("Zaman Damgası Kontör", Outcome.HELD),
        ("Mobil İmza", Outcome.HELD),
        ("Yenileme - 3 Yıllık NES", Outcome.HELD),
        ("3 Yıllık SSL", Outcome.HELD),
    ],
)
def test_what_was_paid_for_is_known(product: str, became: Outcome) -> None:
    for seen in (False, True):
        assert outcome(changed(CARD_LINES, "Ürün", f"Ürün:    {product}"), seen=seen) is became
        assert outcome([*BILL_LINES[:5], f"TAHAKKUK TÜRÜ    {product}", *BILL_LINES[5:]], seen=seen) is became


def test_another_persons_number_anywhere_on_the_page_is_held() -> None:
    line = f"{SUKRU.identity_number} numaralı abone"
    for seen in (False, True):
        assert outcome([*BILL_LINES, line], seen=seen) is Outcome.HELD
        assert outcome([*BILL_LINES, f"{AYSE.identity_number} numaralı abone"], seen=seen) is Outcome.ACCEPTED


def test_halkbank_in_a_picture_is_no_misread_akbank() -> None:
    told = "Bu dekontun doğruluğunu ebelge.example.org adresinden sorgulayabilirsiniz."
    assert matching_picture([*PHYSICIAN_LINES, told], POLICY.layouts) == ("halkbank",)


@pytest.mark.parametrize("account", ["TR93 0001 **** **** **** **** 04", "TR93 0001 2009 4570 0044 0000 05"])
def test_who_paid_to_the_directorate_is_not_refused_for_an_account_that_cannot_be_read(account: str) -> None:
    lines = changed(PHYSICIAN_LINES, "ALICI IBAN", f"ALICI IBAN:    {account}")
    decision = judge_lines(lines)
    assert decision is not None
    assert (decision.outcome, decision.procedure) == (Outcome.HELD, Procedure.FAMILY_PHYSICIAN)
    # Whoever paid to somebody else is told so, masked account or not.
    other = judge_lines(changed(lines, "ALICI:", "ALICI:    KURGU TİCARET LTD. ŞTİ."))
    assert other is not None
    assert other.outcome is Outcome.RETURNED


def test_another_directorate_than_ours_is_held() -> None:
    lines = changed(PHYSICIAN_LINES, "ALICI:", "ALICI:    ANKARA İLÇE SAĞLIK MÜDÜRLÜĞÜ")
    assert outcome(lines) is Outcome.HELD
    for cut in ("ANKARA İL SAĞLIK MÜD", "ANKARA İL SAGLIK MÜDÜRLÜGÜ", "ANKARAİL SAĞLIK MÜDÜRLÜĞÜ"):
        assert outcome(changed(PHYSICIAN_LINES, "ALICI:", f"ALICI:    {cut}")) is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "line",
    lines_of("""
KANAL    Mobil (ödeme kuruma ulaşmadı)
TAHAKKUK NO    ödeme ulaşmadı
REFERANS NO    onaylanınca verilir
MASRAF TUTARI    ödeme tamamlanınca alınır
AÇIKLAMA    Ödeme kuruma ulaşmadı, yeniden deneyiniz
BİLGİ    Ödeme onaylanınca aktarılır
"""),
)
def test_what_stands_beside_a_label_of_no_interest_is_heard_too(line: str) -> None:
    for seen in (False, True):
        assert outcome([*BILL_LINES[:9], line, *BILL_LINES[9:]], seen=seen) is Outcome.HELD


def test_what_payers_write_themselves_is_no_word_of_the_bank() -> None:
    for words in ("Kaybolan kartım için ödeme yaptım", "3 Yıllık NES bedeli ödendi", "Kart bana lazım"):
        assert outcome([*BILL_LINES, f"AÇIKLAMA    {words}"]) is Outcome.ACCEPTED, words


def test_words_are_no_reference() -> None:
    for label, lines in (("İŞLEM NO", BILL_LINES), ("Onay Kodu", CARD_LINES)):
        for words in ("ONAYSONRASI", "HENÜZYOK", "ALINACAK", ""):
            for seen in (False, True):
                assert outcome(changed(lines, label, f"{label}    {words}"), seen=seen) is Outcome.HELD
    for number in ("2024051300012345/1", "TEST2024051300012345", "\u0662\u0660\u0662\u0664051300012345"):
        assert outcome(changed(BILL_LINES, "İŞLEM NO", f"İŞLEM NO    {number}")) is Outcome.HELD
    # An approval code may have no digit.
    assert outcome(changed(CARD_LINES, "Onay Kodu", "Onay Kodu:    QXWVKB")) is Outcome.ACCEPTED


# --- whole files --------------------------------------------------------------------------------------


def brought(pdf: bytes) -> Decision:
    file = Attachment("dekont.pdf", "application/pdf", pdf, sha256(pdf).hexdigest())
    evidence = read([(file, transcribe(pdf, POLICY.clues))], POLICY.patterns)
    facts = facts_of(open_case(), today=date(2024, 5, 14))
    return judge(Matter(SHA, mail_from(), evidence), facts, POLICY)


def test_two_pages_of_two_payments_under_one_number_are_two_receipts() -> None:
    transfer = replace(FACTS, rail="fast")
    bill, fast = LAYOUTS[BILL](FACTS), LAYOUTS["vakifbank-transfer"](transfer)
    for pages in ((bill, fast), (fast, bill)):
        assert brought(print_pages(pages)).outcome is not Outcome.ACCEPTED
    assert brought(print_pages((bill, bill))).outcome is Outcome.ACCEPTED


def test_a_page_in_front_that_speaks_of_the_payment_is_no_advertisement() -> None:
    note = Print("BİLGİ", "Değerli müşterimiz", (("Not", "Aşağıdaki ödeme kuruma ulaşmadı."),))
    assert brought(print_pages((note, LAYOUTS[BILL](FACTS)))).outcome is Outcome.HELD
    flyer = Print("Kampanya", "Konut kredisinde yeni dönem", (("Başvuru", "şubelerimizde"),))
    assert brought(print_pages((flyer, LAYOUTS[BILL](FACTS)))).outcome is Outcome.ACCEPTED


def test_a_sentence_in_a_born_digital_receipt_is_heard() -> None:
    printed = LAYOUTS[BILL](FACTS)
    for footer, became in (
        (printed.footer, Outcome.ACCEPTED),
        ((*printed.footer, "Para hareketi gün sonunda oluşur, bilginize sunulur."), Outcome.HELD),
    ):
        assert brought(print_pages((replace(printed, footer=footer),))).outcome is became


@pytest.mark.parametrize("word", ["SANDBOX", "Deneme baskısı", "Ödeme durdu", "UYAT 2"])
def test_a_word_alone_on_a_scan_is_heard(word: str) -> None:
    printed = LAYOUTS[BILL](FACTS)
    for footer, became in (
        (printed.footer, Outcome.ACCEPTED),
        ((word, *printed.footer), Outcome.HELD),
        ((*printed.footer, "", word), Outcome.HELD),
    ):
        scan = rasterised(print_pages((replace(printed, footer=footer),)), 200)
        assert brought(picture_bytes(scan)).outcome is became


def with_a_picture_of(text: str) -> bytes:
    """A bank's own PDF on which somebody, or the bank, has laid a line of words as a picture."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    _draw(canvas, LAYOUTS[BILL](FACTS), PLAIN)
    font = ImageFont.truetype(str(font_file("sans")), 40)
    label = Image.new("RGB", (int(font.getlength(text)) + 10, 60), "white")
    ImageDraw.Draw(label).text((5, 5), text, "red", font=font)
    canvas.drawImage(ImageReader(label), 50, 200, label.width / 3, 20)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def test_a_sentence_that_is_a_picture_on_a_born_digital_receipt_is_heard() -> None:
    assert brought(with_a_picture_of("ÖDEMENİZ KURUMA ULAŞMADI")).outcome is Outcome.HELD
    assert brought(with_a_picture_of("Konut kredisinde yeni dönem")).outcome is Outcome.ACCEPTED


def test_who_was_paid_is_known_by_any_of_its_labels() -> None:
    for label in ("Ödenen Kurum", "Alıcı Kurum"):
        for lines in (BILL_LINES, CARD_LINES):
            assert outcome([*lines, f"{label}: TÜBİTAK"]) is Outcome.ACCEPTED
            assert outcome([*lines, f"{label}: TÜBİTAK MAM"]) is Outcome.HELD
