"""What a receipt prints beside its values that contradicts them: persons, days, years, addresses, numbers."""

# ruff: noqa: E501 (lists of what may be printed)
from __future__ import annotations

import pytest

from pipeline.domain import Outcome
from pipeline.domain.turkish import upper
from tests.in_order import AYSE, SUKRU
from tests.test_beside_values import BOTH, parts
from tests.test_receipt_words import BILL_LINES, CARD_LINES, outcome

NUMBER, OTHER = AYSE.identity_number, SUKRU.identity_number
NAME, SOMEBODY = upper(AYSE.name), upper(SUKRU.name)
RECEIPTS = pytest.mark.parametrize("lines", [BILL_LINES, CARD_LINES], ids=["bill", "card"])


def both(lines: list[str], line: str, seen: bool) -> set[Outcome]:
    within = [*lines[:6], line, *lines[6:]]
    return {outcome([*lines, line], seen=seen), outcome(within, seen=seen)}


@pytest.mark.parametrize(
    "line",
    parts(f"""
T.C. KİMLİK NO    172*****060|TCKN    17*******60|172*****060|TCKN 172*****060|TAHAKKUK NO    {OTHER}|REFERANS NO    {OTHER}
SORGULANAN    172*****060
"""),
)
@BOTH
def test_another_number_masked_or_under_any_label_is_held(line: str, seen: bool) -> None:
    assert both(BILL_LINES, line, seen) == {Outcome.HELD}


@pytest.mark.parametrize(
    "line",
    parts(f"""
T.C. KİMLİK NO    100*****146|TCKN    10*******46|Kart No: 454360******1234
KART NO    4543 60** **** 1234|Cep Telefonu    0532*****00|TAHAKKUK NO    00012345|TAHAKKUK NO    {NUMBER}
"""),
)
@RECEIPTS
@BOTH
def test_our_number_and_the_payers_pass(line: str, lines: list[str], seen: bool) -> None:
    assert both(lines, line, seen) == {Outcome.ACCEPTED}


@pytest.mark.parametrize(
    "label",
    parts("""
LEHİNE    |FAYDALANAN    |BAŞVURAN    |PERSONEL    |İLGİLİ KİŞİ    |ÇALIŞAN    |KİŞİ    |DOKTOR    |2. borçlu: |Hak sahibi: |Alıcı: |İlgili:
"""),
)
@BOTH
def test_another_person_under_any_label_is_held(label: str, seen: bool) -> None:
    for lines in (BILL_LINES, CARD_LINES):
        assert both(lines, f"{label.strip()}    {SOMEBODY}", seen) == {Outcome.HELD}


@BOTH
def test_our_own_name_passes_and_so_does_the_payers_number(seen: bool) -> None:
    for line in (f"İLGİLİ KİŞİ    {NAME}", "ÖDEYEN TCKN    172*****060", f"ÖDEYEN TCKN    {OTHER}"):
        assert outcome([*BILL_LINES, line], seen=seen) is Outcome.ACCEPTED


@BOTH
def test_another_person_in_two_lines_is_held(seen: bool) -> None:
    for first, last in (("Ad: MEHMET", "Soyad: İNANÖZ"), ("ADI    MEHMET", "SOYADI    İNANÖZ")):
        assert outcome([*BILL_LINES, first, last], seen=seen) is Outcome.HELD
    assert outcome([*BILL_LINES, "Ad: AYŞE", "Soyad: KARAAĞAÇLI"], seen=seen) is Outcome.ACCEPTED


@BOTH
def test_an_account_of_another_bank_on_a_bill_is_held(seen: bool) -> None:
    for line in ("IBAN: TR26 0020 5000 0017 4500 0000 41", "Alıcı hesap TR26 0020 5000 0017 4500 0000 41"):
        assert outcome([*BILL_LINES, line], seen=seen) is Outcome.HELD
    own = "HESAP NO / IBAN    TR85 0001 5001 5800 7300 1234 56"
    assert outcome([*BILL_LINES, own], seen=seen) is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "line",
    parts("""
BASIM TARİHİ    10.05.2024 09:00|DÜZENLEME TARİHİ    01.05.2024|DÜZENLEME TARİHİ    12.05.2024|DEKONT TARİHİ    01.01.2020|DEKONT TARİHİ    01.01.2030|BELGE TARİHİ    13.05.2023
VALÖR    20.05.2025|VALÖR TARİHİ    20.06.2024|Valör: 12.05.2024|10.05.2024 10:45    Kamu SM Sanal POS|YIL    2019|DÖNEM    2019|Dönem: 2023|2023 dönemi borcu ödenmiştir
2023 YILI SERTİFİKA BEDELİ|BÜTÇE YILI    2019|2022 TAHAKKUKU
"""),
)
@RECEIPTS
@BOTH
def test_a_day_that_contradicts_the_payments_is_held(line: str, lines: list[str], seen: bool) -> None:
    assert both(lines, line, seen) == {Outcome.HELD}


@pytest.mark.parametrize(
    "line",
    parts("""
BASIM TARİHİ    13.05.2024 11:00|DÜZENLEME TARİHİ    13.05.2024|DEKONT TARİHİ    20.05.2024|VALÖR    13.05.2024|VALÖR    14.05.2024|VALÖR TARİHİ    20.05.2024
DÖNEM    2024|YIL: 2024|2024 YILI SERTİFİKA BEDELİ|Yazdırma Tarihi: 13.05.2024 10:45|SON ÖDEME TARİHİ    31.05.2024|TAHAKKUK TARİHİ    06.05.2024
"""),
)
@RECEIPTS
@BOTH
def test_a_day_of_print_behind_the_payment_passes(line: str, lines: list[str], seen: bool) -> None:
    assert both(lines, line, seen) == {Outcome.ACCEPTED}


# --- addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    parts("""
file:///C:/Users/ayse/Desktop/dekont.html|http://localhost:8080/odeme    1/1|https://sanalpos-test.kamusm.gov.tr/    1/1|https://testsanalpos.kamusm.gov.tr
https://sanalpos-kamusm-gov-tr.example.org|https://sandbox-api.example.org/x    1/1|https://sanalpos.kamusm.gov.tr.odeme.example.org/sonuc   1/1|http://127.0.0.1/|about:blank    1/1
13.05.2024 10:45    file:///C:/dekont.html|https://10.0.0.1:8080/dekont
"""),
)
@RECEIPTS
@BOTH
def test_a_page_printed_from_another_address_is_held(line: str, lines: list[str], seen: bool) -> None:
    assert outcome([*lines, line], seen=seen) is Outcome.HELD


@pytest.mark.parametrize(
    "line",
    parts("""
https://sanalpos.kamusm.gov.tr/Payment/Result    1/1|https://sanalpos.kamusm.gov.tr/Odeme/Sonuc?id=12345    1/1|https://sanalpos.kamusm.gov.tr/    1/1|https://sanalpos.kamusm.gov.tr    1/1
sanalpos.kamusm.gov.tr/sonuc    1/1|https://sanalpos.kamusm.gov.tr/sonuc.aspx|5/13/24, 10:45 AM    Kamu SM Sanal POS|Bu dekontun doğruluğunu https://ebelge.example.org adresinden sorgulayabilirsiniz.
www.example.org|E-posta: ayse.karaagacli@example.org
"""),
)
@BOTH
def test_an_address_is_neither_label_nor_value(line: str, seen: bool) -> None:
    assert outcome([*CARD_LINES, line], seen=seen) is Outcome.ACCEPTED


# --- quantities, and what is left of a known sentence ----------------------------------------------------


@pytest.mark.parametrize(
    "line",
    parts("""
3 taksit|Kalan: 2 taksit|SERTİFİKA    1 Yıllık|SÜRE    1 Yıl|1 YILLIK NES|5 yıllık e-imza|Tutarın yarısı tahsil edilmiştir|Hediye çeki ile ödendi|1. taksit
Borcun yarısı ödenmiştir|Mobil imza bedeli ödenmiştir|Havale ile tahsil edilmiştir
"""),
)
@RECEIPTS
@BOTH
def test_a_quantity_and_what_is_left_of_a_known_sentence_are_heard(
    line: str, lines: list[str], seen: bool
) -> None:
    assert both(lines, line, seen) == {Outcome.HELD}


@pytest.mark.parametrize(
    "line",
    parts("""
3 Yıllık NES|SÜRE    3 Yıl|Dekont 10 yıl süreyle saklanır.|Hesabınızdan 780,00 TL tahsil edilmiştir.|Yukarıda belirtilen tutar tahsil edilmiştir.|Kredi kartınızdan tahsil edilmiştir.
Ödemeniz başarıyla gerçekleşti.|Yukarıdaki tutar hesabınızdan tahsil edilmiştir.|Faturanız başarıyla ödendi.|Fatura ödemeniz başarıyla gerçekleşti.|1211 sayılı Kanun
"""),
)
@RECEIPTS
@BOTH
def test_the_certificates_years_and_whole_sentences_pass(line: str, lines: list[str], seen: bool) -> None:
    assert both(lines, line, seen) <= {Outcome.ACCEPTED}
