"""Hundreds of receipts that say anything but success: none is accepted, and none is refused on a doubt."""

# ruff: noqa: E501 (lists of what may be printed)
from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pytest

from pipeline.domain import Decision, Outcome, Receipt
from pipeline.domain.turkish import upper
from pipeline.papers.layouts import matching, matching_picture, read_picture, read_receipt
from pipeline.papers.rails import signs_on
from tests.in_order import AYSE, POLICY, SUKRU, facts_of, judged, mail_from, open_case
from tests.people import Person

BILL, CARD, PHYSICIAN = "vakifbank-kurum-odemesi", "kamusm-sanal-pos", "halkbank"
TODAY = date(2024, 5, 13)
NUMBER = AYSE.identity_number

BILL_LINES = [
    "VAKIFBANK",
    "KURUM ÖDEMESİ DEKONTU",
    "İŞLEM TÜRÜ    Kurum Ödemesi",
    "KURUM ADI    TÜBİTAK BİLGEM KAMU SERTİFİKASYON MERKEZİ",
    f"T.C. KİMLİK NO    {NUMBER}",
    f"BORÇLU ADI SOYADI    {upper(AYSE.name)}",
    "İŞLEM TUTARI    780,00 TL",
    "MASRAF TUTARI    0,00 TL",
    "İŞLEM TARİHİ    13.05.2024 10:42:07",
    "İŞLEM NO    2024051300012345",
    "KANAL    Mobil Bankacılık",
    "Türkiye Vakıflar Bankası T.A.O. Genel Müdürlük Ümraniye / İSTANBUL",
]
CARD_LINES = [
    "TÜBİTAK BİLGEM Kamu SM",
    "Sanal POS - Ödeme başarılı",
    f"T.C. Kimlik No:    {NUMBER}",
    f"Ad Soyad:    {upper(AYSE.name)}",
    "Ürün:    3 Yıllık NES",
    "Tutar:    780,00 TL",
    "İşlem Tarihi:    13.05.2024 10:42",
    "Sipariş No:    2024051300012345",
    "Onay Kodu:    A1B2C3",
    "sanalpos.kamusm.gov.tr",
]
PHYSICIAN_LINES = [
    "HALKBANK",
    "HAVALE DEKONTU",
    "İŞLEM TARİHİ:    13/05/2024 - 10:00",
    "BELGE NO:    2024000078324679",
    "İŞLEM TÜRÜ:    HAVALE",
    f"GÖNDEREN:    {upper(AYSE.name)}",
    "GÖNDEREN IBAN:    TR85 0001 2000 0945 7000 0000 41",
    "ALICI:    ANKARA İL SAĞLIK MÜDÜRLÜĞÜ",
    "ALICI IBAN:    TR93 0001 2009 4570 0044 0000 04",
    f"AÇIKLAMA:    {upper(AYSE.name)} {NUMBER} 3 Yıllık NES bedeli",
    "İŞLEM TUTARI (TL):    780.00",
    "TOPLAM:    780.00",
]


def judge_lines(lines: Sequence[str], holder: Person = AYSE, seen: bool = False) -> Decision | None:
    """Reads the lines through the real layouts and judges what they give by the real rules."""
    names = (matching_picture if seen else matching)(lines, POLICY.layouts)
    if len(names) != 1:
        return None
    reading = read_picture if seen else read_receipt
    receipt = reading(lines, names[0], POLICY.layouts[names[0]], POLICY.rails)
    is_physician = names[0] == PHYSICIAN
    facts = facts_of(today=TODAY) if is_physician else facts_of(open_case(holder), today=TODAY)
    # Who tells of a loss and paid into our account belongs to two procedures.
    mail = mail_from(subject="NES dekontu") if is_physician else mail_from()
    file = {"file": "dekont.pdf", "digest": "d" * 64, "read_by": "ocr" if seen else "text"}
    return judged(replace(receipt, **file), facts=facts, mail=mail)


def outcome(lines: Sequence[str], holder: Person = AYSE, seen: bool = False) -> Outcome:
    decision = judge_lines(lines, holder, seen)
    return decision.outcome if decision else Outcome.HELD


def changed(lines: Sequence[str], label: str, line: str) -> list[str]:
    assert any(old.startswith(label) for old in lines)
    return [line if old.startswith(label) else old for old in lines]


@pytest.mark.parametrize("lines", [BILL_LINES, CARD_LINES, PHYSICIAN_LINES], ids=[BILL, CARD, PHYSICIAN])
@pytest.mark.parametrize("seen", [False, True], ids=["text", "seen"])
def test_an_honest_receipt_is_accepted(lines: list[str], seen: bool) -> None:
    assert outcome(lines, seen=seen) is Outcome.ACCEPTED


@pytest.mark.parametrize("state", POLICY.rails.done)
@pytest.mark.parametrize("label", ["İŞLEM DURUMU    ", "DURUM: ", "TAHSİLAT DURUMU    ", "Sonuç:    "])
def test_every_known_word_of_success_passes(state: str, label: str) -> None:
    assert outcome([*BILL_LINES, label + state]) is Outcome.ACCEPTED


# What banks print around a payment, and what says nothing of it.
IDLE = """
Bu dekont bilgisayar ortamında düzenlenmiş olup imza gerektirmemektedir.|Bu belge e-Dekont olarak düzenlenmiştir.
e-Dekont izni kapsamında elektronik ortamda iletilmiştir.|Bu işlemden ücret alınmamıştır.|Ödemeniz alınmıştır.
Sorularınız için 0850 000 00 00 numaralı müşteri iletişim merkezimizi arayabilirsiniz.|Dekont 10 yıl süreyle saklanır.
YALNIZ    YEDİYÜZSEKSEN TL|Operatör    SISTEM|Ödeme Kanalı    ATM|Ödeme Açıklaması: Sertifika ücreti|Adet: 1|Taksit: Tek çekim
Taksit Sayısı: 1|Taksit: Peşin|Ödeme Yöntemi: Kredi Kartı|Ödeme Şekli: Hesaptan|ÖDEME ŞEKLİ    HESAPTAN|Döviz Cinsi: TL
Kullanılabilir Bakiye    12.345,67 TL|Güncel Bakiye: 500,00 TL|MÜŞTERİ İMZA|Müşteri Kopyası|İşlem ücreti: 0,00 TL
Tutar yazıyla: YediYüzSeksen|Fiş No: 000123|Saat: 10:42:07|Toplam: 780,00 TL|Kullanıcı Kodu: MB00012
"""
IDLE_LINES = [part.strip() for line in IDLE.strip().splitlines() for part in line.split("|")]


@pytest.mark.parametrize("line", IDLE_LINES)
@pytest.mark.parametrize("lines", [BILL_LINES, CARD_LINES], ids=[BILL, CARD])
def test_what_banks_print_around_a_payment_holds_none(lines: list[str], line: str) -> None:
    for seen in (False, True):
        assert outcome([*lines, line], seen=seen) is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "line",
    [
        "Taksit: 3",
        "Taksit Sayısı: 11",
        "Taksit: Tek çekim iptal",
        "Adet: 2",
        "Adet: 11",
        "Döviz Cinsi: USD",
        "Ödeme Şekli: Talimat",
        "Ödeme Kanalı    Geri alındı",
    ],
)
def test_what_is_nearly_that_is_not(line: str) -> None:
    assert outcome([*BILL_LINES, line]) is Outcome.HELD


@pytest.mark.parametrize(
    "line", ["YALNIZ    {}TL", "Yalnız: {} TL", "Tutar yazıyla: {}", "Yazıyla: {} Türk Lirası", "#{} TL#"]
)
@pytest.mark.parametrize("seen", [False, True], ids=["text", "seen"])
def test_an_amount_in_words_is_the_amount(line: str, seen: bool) -> None:
    for told in ("Üç Yüz", "YediYüzSekiz", "BİN YEDİ YÜZ SEKSEN"):
        assert outcome([*BILL_LINES, line.format(told)], seen=seen) is Outcome.HELD
    assert outcome([*BILL_LINES, line.format("Yedi Yüz Seksen")], seen=seen) is Outcome.ACCEPTED
    odd = "Yalnız: Yedi yüz seksen lira elli kuruş"
    assert outcome([*BILL_LINES, odd], seen=seen) is Outcome.HELD


# --- states, kinds, titles, payees --------------------------------------------------------------------

STATES = (
    """
Beklemede|Bekliyor|BEKLENİYOR|Onay bekliyor|Onay Bekleniyor|Onayda|Alındı|Talep Alındı|Kısmi|Kısmi Ödeme|İşlemde
İşleniyor|Sırada|Askıda|Hazırlanıyor|Planlandı|Zamanlandı|Kaydedildi|Gönderildi|İletildi|Başlatıldı|Oluşturuldu|Açık
Gerçekleşmedi|Gerçekleştirilemedi|Gerçekleşecek|Başarısız|Başarılı Değil|Başarılı olmadı|Tamamlanmadı|Tamamlanamadı
Onaylanmadı|Ödenmedi|Ödenecek|Reddedildi|Red|RET|Geri alındı|Geri Çevrildi|İptal|İPTAL EDİLDİ|İade|İade Edildi
Kapalı|Yok|Bilinmiyor|Belirsiz|Hata|Hatalı|Zaman aşımı|Yetersiz bakiye|Limit yetersiz|Provizyon alındı|Ön provizyon
Declined|Rejected|Pending|Failed|Cancelled|Refunded|Processing|Unknown|Error|05|51|99|00 değil|-|?|Başarılı (test)
Gerçekleşti - iptal|Başarılı / İade|Tamamlandı mı|GERÇEKLEŞTİ Mİ|Gerçekleşti değil|Yarın gerçekleşecek|Onaylandı, bekliyor
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
STATE_LABELS = (
    *(
        "İŞLEM DURUMU    {}",
        "DURUM    {}",
        "DURUM:{}",
        "SONUÇ    {}",
        "Sonuç : {}",
        "İŞLEM SONUCU    {}",
        "STATÜ    {}",
    ),
    *("TAHSİLAT DURUMU    {}", "Provizyon Durumu: {}", "Status: {}", "İŞLEM DURUMU {}", "ÖDEME SONUCU {}"),
    "KANAL    Mobil    DURUM    {}",
)


@pytest.mark.parametrize("state", STATES)
def test_a_state_that_is_not_known_as_success_is_held(state: str) -> None:
    # Every state meets three of the labels, and all labels meet many states.
    all_lines = (BILL_LINES, CARD_LINES, PHYSICIAN_LINES)
    for label, lines in zip(random.Random(state).sample(STATE_LABELS, 3), all_lines, strict=True):
        assert outcome([*lines, label.format(state)]) is Outcome.HELD, label
        assert outcome([*BILL_LINES[:6], label.format(state), *BILL_LINES[6:]]) is Outcome.HELD, label
        assert outcome([*BILL_LINES, label.format(state)], seen=True) is Outcome.HELD, label


def test_a_state_without_a_word_is_held() -> None:
    assert outcome([*BILL_LINES, "İŞLEM DURUMU"]) is Outcome.HELD
    assert outcome([*BILL_LINES, "İŞLEM DURUMU", "Yanıt yok"]) is Outcome.HELD


@pytest.mark.parametrize(
    "kind",
    """Provizyon İptali|Kurum Ödemesi Talimatı|Kurum Ödemesi Sorgulama|Düzenli Kurum Ödemesi|Kurum Ödemesi (Örnek)
Kurum Ödemesi Girişi|Kurum Ödemesi Onaya Gönderme|Kurum Ödemesi Ön Kayıt|İade|Satış İptali|Fatura Sorgu|Ön Otorizasyon
Kurum Borç Sorgulama|Puan Kullanımı|Kurum Ödemesi İtirazı|Gelen Havale|Borç Bildirimi""".replace(
        "\n", "|"
    ).split("|"),
)
def test_a_kind_that_is_not_known_is_held(kind: str) -> None:
    for label in ("İŞLEM TÜRÜ    ", "İşlem Tipi: ", "ÖDEME TÜRÜ    ", "POS İŞLEM TİPİ    "):
        assert outcome([*BILL_LINES, label + kind]) is Outcome.HELD
        assert outcome([*CARD_LINES, label + kind]) is Outcome.HELD
        assert outcome(changed(BILL_LINES, "İŞLEM TÜRÜ", label + kind)) is Outcome.HELD
        assert outcome(changed(PHYSICIAN_LINES, "İŞLEM TÜRÜ", label + kind)) is not Outcome.ACCEPTED


@pytest.mark.parametrize(
    "title",
    """KURUM ÖDEMESİ TALİMATI|KURUM ÖDEMESİ ÖN İZLEME|KURUM ÖDEMESİ BORÇ BİLGİSİ|KURUM ÖDEMESİ İPTAL DEKONTU|BİLGİ DEKONTU
İADE DEKONTU|SAHTE DEKONT|KURUM ÖDEMESİ PLANI|KURUM ÖDEMESİ HATIRLATMA|TASLAK|KURUM ÖDEMESİ ONAY FORMU
ÖDEME EMRİ|KURUM ÖDEMESİ DEKONTU DEĞİLDİR|PROVİZYON|SİMÜLASYON""".replace("\n", "|").split("|"),
)
def test_a_title_that_is_not_known_is_held(title: str) -> None:
    assert outcome([BILL_LINES[0], title, *BILL_LINES[2:]]) is Outcome.HELD
    assert outcome([*BILL_LINES[:2], title, *BILL_LINES[2:]]) is Outcome.HELD
    assert outcome([CARD_LINES[0], f"Sanal POS {title}", *CARD_LINES[2:]]) is Outcome.HELD
    assert outcome([BILL_LINES[0], title, *BILL_LINES[2:]], seen=True) is Outcome.HELD


@pytest.mark.parametrize(
    "payee",
    """TÜBİTAK POPÜLER BİLİM YAYINLARI ABONELİK|TÜBİTAK UME|TÜBİTAK BİLGEM UEKAE|TÜBİTAK ULAKBİM|TÜBİTAK MAM|TÜBİTAK SAGE
TÜBİTAK BİLGEM KAMU SERTİFİKASYON MERKEZİ DÖNER SERMAYE|KAMU SM BAYİSİ|TÜBİTAK BURS GERİ ÖDEME|Kamu SM değil
TÜBİTAK BİLGEM YEMEKHANE""".replace("\n", "|").split("|"),
)
def test_another_house_than_kamu_sm_is_held(payee: str) -> None:
    assert outcome(changed(BILL_LINES, "KURUM ADI", f"KURUM ADI    {payee}")) is Outcome.HELD
    assert outcome([*CARD_LINES, f"Üye İşyeri:    {payee}"]) is Outcome.HELD
    assert outcome(changed(BILL_LINES, "KURUM ADI", f"KURUM ADI    {payee}"), seen=True) is Outcome.HELD


# --- signs anywhere -----------------------------------------------------------------------------------

SIGNS = (
    """
İade edilmiştir.|PROVİZYON İPTAL|İPTAL|İPTAL EDİLDİ|Talimat alındı|Bu işlem ileri tarihli talimattır.
30.05.2024 tarihinde gerçekleşecektir.|Ödemeniz başarısız|Ödemeniz gerçekleştirilemedi|ÖRNEKTİR / SPECIMEN
SPECIMEN|ÖRNEK|GEÇERSİZ|Bu işlem 14.05.2024 tarihinde iptal edilmiştir. Tutar hesabınıza iade edilmiştir.|VOID
İ P T A L|İ  P  T  A  L|L A T P İ|İP TAL|İ.P.T.A.L|işlemiptaledilmiştir|REFUNDED|Onayınız bekleniyor
Ödeme tutarı hesabınıza geri aktarıldı, geri ödeme|Hesabınıza alacak kaydedilmiştir|Tutar: 780 EUR|Bilgi amaçlıdır.
Henüz gerçekleşmedi|Ödeme alınamadı|gerçekleşmeyecektir|Payment is not final|Nihai değildir|Talebiniz alınmıştır
Ödeme inceleniyor|Onay aşamasındadır|Tutar hesabınıza aktarılmıştır|hesabınıza geri yatırılmıştır|Will be processed
Ertesi iş günü işleme girer|Bilgi içindir|Kayıt silindi|KALAN BORÇ 780,00 TL|Dekont niteliği taşımaz|Ödeme emri verildi
Ö R N E K|Yetersiz bakiye nedeniyle işlem yapılamadı|TASLAK|MÜKERRER ÖDEME|Dekont yerine geçmez|Bloke
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_is_heard_wherever_it_stands(sign: str) -> None:
    for lines in (BILL_LINES, CARD_LINES, PHYSICIAN_LINES):
        at = random.Random(sign + lines[0]).randrange(2, len(lines) + 1)
        assert outcome([*lines[:at], sign, *lines[at:]]) is not Outcome.ACCEPTED, at
        beside = [*lines[:-1], f"{lines[-1]}    {sign}"]
        assert outcome(beside) is not Outcome.ACCEPTED
        assert outcome([*lines, "DURUM    Gerçekleşti", sign]) is Outcome.HELD


@pytest.mark.parametrize("seen", [False, True], ids=["text", "seen"])
@pytest.mark.parametrize(
    "word",
    """Onayla|Öde|Devam|SMS şifrenizi giriniz|2 NÜSHA DEĞİL|ARA SAYFA|Uçtu|SANDBOX|Deneme baskısı|Ödeme durdu|UYAT
HAM VERİ|EĞİTİM AMAÇLI|Prova|S A N D B O X|SANDBOX 01|SANDBOX-2|Sınav sorusu 3|TEST-2|QA ortamı 2|v2 prova|Onay Şubesi
Yalnızca eğitim için basılmış çıktıdır|Yazılım sınama ortamından alınmıştır|Bu sayfa internetten alındı
Tasarım ekibi için hazırlanmış görüntü""".replace("\n", "|").split("|"),
)
def test_a_lone_word_that_nobody_knows_is_held(word: str, seen: bool) -> None:
    for lines in (BILL_LINES, CARD_LINES, PHYSICIAN_LINES):
        for at in (4, len(lines)):
            assert outcome([*lines[:at], word, *lines[at:]], seen=seen) is not Outcome.ACCEPTED, at


def test_a_label_glued_to_a_name_on_a_picture_is_no_stamp() -> None:
    assert outcome([*BILL_LINES, "BORÇLU ADI SOYADIAYŞE KARAAĞAÇLI"], seen=True) is Outcome.ACCEPTED
    assert outcome([*PHYSICIAN_LINES, "GÖNDERENAYŞE KARAAĞAÇLI"], seen=True) is Outcome.ACCEPTED
    assert outcome([*PHYSICIAN_LINES, "GÖNDERİMAYŞE KARAAĞAÇLI"], seen=True) is Outcome.HELD


def test_what_a_picture_is_too_poor_for_a_text_layer_is_not() -> None:
    # A single letter on a picture is dust.
    for lines in (BILL_LINES, CARD_LINES, PHYSICIAN_LINES):
        for at in (4, len(lines)):
            assert outcome([*lines[:at], "P", *lines[at:]]) is not Outcome.ACCEPTED, at
    assert outcome([*BILL_LINES, "P"], seen=True) is Outcome.ACCEPTED


def test_a_bank_may_name_its_own_services() -> None:
    line = "Güvenli alışverişin adresi VakıfBank Mobil"
    for lines in (BILL_LINES, CARD_LINES, PHYSICIAN_LINES):
        assert outcome([*lines, line]) is Outcome.ACCEPTED
    assert outcome([*BILL_LINES, line], seen=True) is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "line",
    [
        "Saygılarımızla",
        "Müşteri Bilgileri",
        "Yazdır",
        "Dekontu Paylaş",
        "Sayın {name}",
        "{name}",
        "Sayfa 1/1",
        "ANKARA",
        "www.example.org",
        "444 0 000",
        "Güvenli alışverişin adresi Mobil Bankacılık",
        "Genel Müdürlük / İSTANBUL",
        *"Kızılay Şubesi|0123 KIZILAY ŞUBESİ|Gişe 4|Vezne 2|Fiş No 123456|Sıra No 45|Şube Müdürü|Memur|Teslim Alan".split(
            "|"
        ),
        *"34768 Ümraniye / İSTANBUL|Tel 0850 000 00 00|BSMV dahildir|Mobil Bankacılık ile yapılmıştır|3 Yıllık NES".split(
            "|"
        ),
        "İşbu dekont 5070 sayılı kanun uyarınca elektronik imza ile imzalanmıştır.",
    ],
)
@pytest.mark.parametrize("seen", [False, True], ids=["text", "seen"])
def test_what_honest_receipts_print_without_a_label_passes(line: str, seen: bool) -> None:
    for lines in (BILL_LINES, CARD_LINES, PHYSICIAN_LINES):
        assert outcome([*lines, line.format(name=upper(AYSE.name))], seen=seen) is Outcome.ACCEPTED


def test_a_watermark_across_the_lines_is_heard() -> None:
    for letters in ("İPTAL", "LATPİ", "İADE"):
        lines = [
            f"{line}    {letters[at - 4]}" if 4 <= at < 4 + len(letters) else line
            for at, line in enumerate(BILL_LINES)
        ]
        assert outcome(lines) is Outcome.HELD


@pytest.mark.parametrize(
    "stamp", ["lPTAL EDİLDİ", "İPTAI", "İPTAL FDİLDİ", "TALİMAI", "BAŞARISI2", "GEÇERSlZ"]
)
def test_a_stamp_in_a_picture_is_heard_though_a_letter_is_misread(stamp: str) -> None:
    assert outcome([*BILL_LINES, stamp], seen=True) is Outcome.HELD


@pytest.mark.parametrize(
    ("line", "became"),
    [
        ("Türkiye Vakıflar Bankası TA$ Genel Müdürlük", Outcome.ACCEPTED),
        ("13.05.2024 10:42:0$", Outcome.ACCEPTED),
        ("780,00 $", Outcome.HELD),
        ("780 A $ 780", Outcome.HELD),
    ],
)
def test_a_dollar_is_no_dollar_where_a_picture_shows_a_letter(line: str, became: Outcome) -> None:
    assert outcome([*BILL_LINES, line], seen=True) is became
    assert outcome([*BILL_LINES, line]) is Outcome.HELD


def test_a_known_sentence_of_the_bank_is_no_sign() -> None:
    sentence = "Havale, EFT ve FAST işlemleriniz için şubemize bekleriz."
    assert outcome([*BILL_LINES, sentence]) is Outcome.ACCEPTED
    told = "İptal ve iade talepleriniz için şubemize başvurunuz."
    assert outcome([*BILL_LINES, told]) is Outcome.HELD
    assert signs_on((told,), (), POLICY.rails) == ("iptal", "iade")
    assert signs_on((told,), (told,), POLICY.rails) == ()
    # What is more than the sentence is heard.
    assert signs_on((f"{told} İPTAL",), (told,), POLICY.rails) == ("iptal",)


# --- amounts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount",
    """780,00 €|€ 780,00|780,00 USD|$780,00|780,00 EUR|780,00 GBP|-780,00 TL|−780,00 TL|- 780,00|(780,00)|780,00- TL
780,00 TL -|780,00 TL Alacak|780,00 A|780,00 TL (A)|780,00 TL B|780,00 TL 1.560,00 TL|1.560,00 / 780,00|780,00 x 2
780,00 TL iade|780,00 TL (iptal)|780,00 TL'den kalan 0,00|780,00 puan|780,00 TL taksit 1/3|780,00 CHF|780,00 ₽
780,00 TL (binbeşyüz)|780,00 TL ödenecek|~780,00|en az 780,00|780,00 TL + 12,00|%780,00|780,00-780,00""".replace(
        "\n", "|"
    ).split("|"),
)
def test_whatever_stands_beside_an_amount_makes_it_unreadable(amount: str) -> None:
    assert outcome(changed(BILL_LINES, "İŞLEM TUTARI", f"İŞLEM TUTARI    {amount}")) is Outcome.HELD
    assert outcome(changed(CARD_LINES, "Tutar", f"Tutar:    {amount}")) is Outcome.HELD
    assert outcome([*BILL_LINES, f"TUTAR    {amount}"]) is Outcome.HELD
    assert (
        outcome(changed(BILL_LINES, "İŞLEM TUTARI", f"İŞLEM TUTARI    {amount}"), seen=True) is Outcome.HELD
    )


@pytest.mark.parametrize(
    "amount",
    """780,00 TL|780,00TL|780 TL|780,00|₺780,00|780,00 ₺|TL 780,00|780,00 TRY|#780,00#|***780,00|***780,00***|#780,00 TL#
780.00 TL|780,00 TL (yediyüzseksen)|780,00 TL (YediyüzSeksen TL)|#780,00# YEDİYÜZSEKSENTL|780,00 TL (yalnız yediyüzseksen TL 00 Kr)
=780,00 TL=|780,00 TL.|780,00 Türk Lirası|(TL) 780,00""".replace("\n", "|").split("|"),
)
def test_an_amount_between_signs_that_fill_is_an_amount(amount: str) -> None:
    assert outcome(changed(BILL_LINES, "İŞLEM TUTARI", f"İŞLEM TUTARI    {amount}")) is Outcome.ACCEPTED


@pytest.mark.parametrize("currency", ["EUR", "USD", "Avro", "Altın", "BTC", "TL/EUR", "?"])
def test_another_currency_than_lira_is_held(currency: str) -> None:
    for label in ("PARA BİRİMİ    ", "DÖVİZ CİNSİ: ", "İŞLEM PARA BİRİMİ    "):
        assert outcome([*BILL_LINES, label + currency]) is Outcome.HELD
    assert outcome([*BILL_LINES, "PARA BİRİMİ    TL"]) is Outcome.ACCEPTED


# --- labels inside labels ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    ["SON ÖDEME TARİHİ", "VADE TARİHİ", "İLK ÖDEME TARİHİ", "FATURA SON ÖDEME TARİHİ", "DÜZENLENME TARİHİ"],
)
def test_a_due_date_is_no_payment_date(label: str) -> None:
    assert outcome([*BILL_LINES, f"{label}    30.06.2024"]) is Outcome.ACCEPTED
    assert outcome([*BILL_LINES, f"{label} 30.06.2024"]) is Outcome.ACCEPTED
    alone = changed(BILL_LINES, "İŞLEM TARİHİ", f"{label}    13.05.2024")
    assert outcome(alone) is Outcome.HELD


@pytest.mark.parametrize(
    "label",
    [
        "ÖDEYEN T.C. KİMLİK NO",
        "ÖDEYEN TCKN",
        "T.C. KİMLİK NO (ÖDEYEN)",
        "TCKN ÖDEYEN",
        "YATIRAN T.C. KİMLİK NO",
        "İŞLEMİ YAPAN KİMLİK NO",
    ],
)
def test_the_payers_number_is_not_the_debtors(label: str) -> None:
    for other in (AYSE, SUKRU):
        lines = changed(BILL_LINES, "T.C. KİMLİK NO", f"{label}    {NUMBER}")
        lines = changed(lines, "BORÇLU", f"BORÇLU ADI SOYADI    {upper(other.name)}")
        assert outcome(lines) is Outcome.HELD


def test_the_name_of_a_wholly_different_debtor_is_held() -> None:
    for name, wanted in (
        (upper(SUKRU.name), Outcome.HELD),
        ("MEHMET KARAAĞAÇLI", Outcome.HELD),
        ("AYŞE YILDIZHAN", Outcome.ACCEPTED),
        ("KARAAĞAÇLI AYŞE", Outcome.ACCEPTED),
        ("AY*** KA***", Outcome.ACCEPTED),
    ):
        assert outcome(changed(BILL_LINES, "BORÇLU", f"BORÇLU ADI SOYADI    {name}")) is wanted, name


@pytest.mark.parametrize("label", ["BORÇLU", "ABONE", "ADINA ÖDENEN", "Ad Soyad:", "SERTİFİKA SAHİBİ"])
def test_a_second_debtor_of_another_name_is_held(label: str) -> None:
    assert outcome([*BILL_LINES, f"{label}    {upper(SUKRU.name)}"]) is Outcome.HELD
    assert outcome([*BILL_LINES, f"{label}    {upper(AYSE.name)}"]) is Outcome.ACCEPTED


def test_a_payee_that_the_bank_cut_off_is_the_payee() -> None:
    cut = changed(BILL_LINES, "KURUM ADI", "KURUM ADI    TÜBİTAK BİLGEM KAMU SERTİFİKASY")
    for seen in (False, True):
        assert outcome(cut, seen=seen) is Outcome.ACCEPTED


# --- references -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference", ["2024*051300012345", "2024051300012345 Mobil", "2024_051300012345", "2024…2345"]
)
def test_a_reference_with_an_odd_character_is_held(reference: str) -> None:
    assert outcome(changed(BILL_LINES, "İŞLEM NO", f"İŞLEM NO    {reference}")) is Outcome.HELD


@pytest.mark.parametrize(
    "reference",
    [
        "0000000000000000",
        "20230513",
        "01012023000123456",
        "2023110500123456",
        "2023000000123456",
        "2024041300012345",
    ],
)
def test_a_reference_of_another_day_is_held(reference: str) -> None:
    assert outcome(changed(BILL_LINES, "İŞLEM NO", f"İŞLEM NO    {reference}")) is Outcome.HELD


# --- numbers: a refusal needs proof -------------------------------------------------------------------------


def _spellings(number: str) -> Iterator[tuple[str, ...]]:
    """Writes a number as people, banks and PDF writers break it: lines of an AÇIKLAMA."""
    dice = random.Random(number)
    for prefix in (
        "TC",
        "TCNO",
        "T.C.",
        "TCKN",
        "TCK:",
        "NO",
        "KN",
        "tc",
        "Kimlik",
        "TC.",
        "TCKNO:",
        "#",
        "x",
    ):
        yield (f"AÇIKLAMA:    AYŞE {prefix}{number} 3 Yıllık NES bedeli",)
        yield (f"AÇIKLAMA:    3 Yıllık NES bedeli {prefix}{number}",)
    for _ in range(12):
        cuts = sorted(dice.sample(range(1, 11), dice.randrange(1, 4)))
        groups = [number[a:b] for a, b in zip([0, *cuts], [*cuts, 11], strict=True)]
        for joint in (" ", "-", ".", " - ", "/", "\u00a0", "  ", "_", ","):
            yield (f"AÇIKLAMA:    AYŞE KARAAĞAÇLI {joint.join(groups)} 3 Yıllık NES bedeli",)
        cut = cuts[0]
        for indent in ("", "    "):
            yield (f"AÇIKLAMA:    AYŞE {number[:cut]}", f"{indent}{number[cut:]} 3 Yıllık NES bedeli")
    yield ("AÇIKLAMA:    AYŞE KARAAĞAÇLI 3 Yıllık NES bedeli", number)
    yield ("AÇIKLAMA:    AYŞE KARAAĞAÇLI 3 Yıllık NES bedeli", f"Not: {number}")
    yield (f"MÜŞTERİ NO:    {number}", "AÇIKLAMA:    AYŞE 3 Yıllık NES bedeli")
    yield (f"AÇIKLAMA:    AYŞE {number}3 Yıllık NES bedeli",)
    yield (f"AÇIKLAMA:    AYŞE {number[:-1]} 3 Yıllık NES bedeli",)
    yield (f"AÇIKLAMA:    AYŞE {number.replace('0', 'O')} 3 Yıllık NES bedeli",)


@pytest.mark.parametrize("who", [AYSE, SUKRU], ids=["ayşe", "şükrü"])
def test_no_number_that_is_printed_is_said_to_be_missing(who: Person) -> None:
    spelled = list(_spellings(who.identity_number))
    assert len(spelled) > 150
    for lines in spelled:
        page = [line for line in PHYSICIAN_LINES if not line.startswith("AÇIKLAMA")]
        decision = judge_lines([*page[:-2], *lines, *page[-2:]])
        assert decision is not None
        assert decision.outcome is not Outcome.RETURNED, lines
        numbers = {entry.identity_number.digits for entry in decision.entries}
        assert numbers <= {who.identity_number}, lines


def test_a_receipt_without_a_number_is_told_so() -> None:
    lines = changed(PHYSICIAN_LINES, "AÇIKLAMA", "AÇIKLAMA:    AYŞE KARAAĞAÇLI 3 Yıllık NES bedeli")
    for more in ([], ["Türkiye Halk Bankası A.Ş. Ataşehir / İSTANBUL", "Tel: 0850 222 0 400"]):
        decision = judge_lines([*lines, *more])
        assert decision is not None
        assert decision.outcome is Outcome.RETURNED
        assert "receipt/number-printed" in {finding.rule for finding in decision.findings}


@pytest.mark.parametrize(
    ("label", "line", "elsewhere"),
    [
        ("İŞLEM TUTARI", "İŞLEM TUTARI (TL):    770.00", "ÖDENEN:    780.00"),
        ("ALICI IBAN", "ALICI IBAN:    TR330006100519786457841326", "HESAP TR93 0001 2009 4570 0044 0000 04"),
        ("AÇIKLAMA", f"AÇIKLAMA:    AYŞE {NUMBER}", "ÖDEME NEDENİ 3 Yıllık NES bedeli"),
        ("AÇIKLAMA", "AÇIKLAMA:", f"MESAJ: {NUMBER} 3 Yıllık NES bedeli"),
    ],
)
def test_nothing_is_refused_whose_right_form_is_printed_elsewhere(
    label: str, line: str, elsewhere: str
) -> None:
    wrong = changed(PHYSICIAN_LINES, label, line)
    if "TUTARI" in label:
        wrong = [row for row in wrong if not row.startswith("TOPLAM")]
    assert outcome([*wrong, elsewhere]) is Outcome.HELD
    if label != "AÇIKLAMA" or line != "AÇIKLAMA:":
        assert outcome(wrong) is Outcome.RETURNED


# --- what OCR makes of harmless print -------------------------------------------------------------------

ISBANK_LINES = [
    "TÜRKİYE İŞ BANKASI A.Ş.",
    "e-Dekont",
    "ETTN:    7fbb38e4-c1c9-41b5-a62c-bc06893b0e9b",
    "Dekont No:    2024051300012345",
    "İşlem Tarihi:    13/05/2024 10:42:07",
    "İşlem Türü:    FAST",
    f"TCKN/VKN:    {NUMBER}",
    "Alıcı IBAN:    TR93 0001 2009 4570 0044 0000 04",
    "İşlem Tutarı:    780,00 TL",
]


def seen(lines: Sequence[str]) -> Receipt:
    (name,) = matching_picture(lines, POLICY.layouts)
    return read_picture(lines, name, POLICY.layouts[name], POLICY.rails)


@pytest.mark.parametrize(
    "line",
    [
        "ETTN: 7fbb38e4-c1c9-41b5-a62c-bc06893b0e€b",
        "ETİN: 7fbb38e4-c1c9-41b5-a62c-bc06893b0e€9b",
        "ETIN: £fbb38e4 - c1c9-41b5-a62c -bc06893b0e$b",
        "7fbb38e4-c1c9-41b5-dafa-bc06893b0e9b",
        "ETTN: 7fbb38e4-iade-41b5-a62c-bc06893b0e9b",
    ],
)
def test_the_number_of_an_e_document_says_nothing_of_the_payment(line: str) -> None:
    receipt = seen(changed(ISBANK_LINES, "ETTN", line))
    assert (dict(receipt.unclear), receipt.rail, receipt.reference) == ({}, "FAST", "2024051300012345")


@pytest.mark.parametrize(
    "line",
    [
        "ETTN: 7fbb38e4-c1c9-41b5-a62c-bc06893b0e9b İADE",
        "ETTN: 7fbb38e4-c1c9-41b5-a62c-bc06893b0e9b    780,00 €",
        "780,00 €",
        "ETTN: €",
        "7fbb38e4-c1c9-41b5-a62c-bc06893b0e9b 5 $",
        "7fbb38e4-c1c9-41b5-a62c-bc06893b0e9b iptal",
        "İADE-c1c9-41b5-a62c",
    ],
)
def test_what_stands_beside_it_is_heard(line: str) -> None:
    receipt = seen(changed(ISBANK_LINES, "ETTN", line))
    assert receipt.unclear["state"] == "not_final"


@pytest.mark.parametrize(
    ("title", "is_known"),
    [
        ("QNB BANK A.Ş. ENPARA.COM", True),
        ("ONB BANK A.Ş. ENPARA.COM", True),
        ("ÇNB BANK ENPARA.COM", True),
        ("QNB BANK ENPARA.COM ÖN", True),
        ("QNB BANK ENPARA.COM RED", False),
        ("XNB ENPARA.COM", False),
    ],
)
def test_a_round_letter_of_a_short_name_may_be_another(title: str, is_known: bool) -> None:
    rows = [
        "Dekont Numarası:    2024051300012345",
        "İşlem Tarihi:    13/05/2024 10:42",
        "Tutar:    780.00 TL",
    ]
    account = "Alıcı IBAN:    TR93 0001 2009 4570 0044 0000 04"
    assert ("title" not in seen([title, *rows, account]).unclear) is is_known


# --- what a payer writes beside the scope -----------------------------------------------------------------

WRITTEN = """
1. taksit|yarısı|farkı|depozito|borcu|fatura no 5|2021 yılı|VE MEHMET|kapora|emaneten|yerine
""".strip().split("|")


@pytest.mark.parametrize("words", WRITTEN)
def test_what_a_payer_writes_beside_the_scope_is_known_or_held(words: str) -> None:
    told = f"AÇIKLAMA:    {upper(AYSE.name)} {NUMBER} 3 Yıllık NES bedeli {words}"
    decision = judge_lines(changed(PHYSICIAN_LINES, "AÇIKLAMA", told))
    assert decision is not None
    assert decision.outcome is Outcome.HELD
    assert {finding.rule for finding in decision.findings} <= {"receipt/scope-alone", "receipt/final"}


def test_another_name_beside_the_scope_is_held() -> None:
    told = f"AÇIKLAMA:    {upper(SUKRU.name)} için 3 Yıllık NES bedeli {NUMBER}"
    assert outcome(changed(PHYSICIAN_LINES, "AÇIKLAMA", told)) is Outcome.HELD


@pytest.mark.parametrize("scope", ["1 Yıllık NES bedeli", "13 Yıllık NES bedeli", "5YILLIK NES BEDELİ"])
def test_another_number_of_years_is_another_scope(scope: str) -> None:
    told = f"AÇIKLAMA:    {upper(AYSE.name)} {NUMBER} {scope}"
    for seen in (False, True):
        assert outcome(changed(PHYSICIAN_LINES, "AÇIKLAMA", told), seen=seen) is Outcome.HELD


def test_what_physicians_write_of_themselves_passes() -> None:
    for words in (
        "Dr. {} TC Kimlik No {} 3 Yıllık NES bedeli",
        "{} {} aile hekimi 3 YILLIK NES BEDELI ödemesi",
    ):
        told = "AÇIKLAMA:    " + words.format(upper(AYSE.name), NUMBER)
        assert outcome(changed(PHYSICIAN_LINES, "AÇIKLAMA", told)) is Outcome.ACCEPTED
