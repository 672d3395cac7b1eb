"""What stands beside a value in its own cell: only what is known to change nothing passes."""

# ruff: noqa: E501 (lists of what may be printed)
from __future__ import annotations

import pytest

from pipeline.domain import Outcome
from pipeline.domain.turkish import upper
from tests.in_order import AYSE, SUKRU
from tests.test_receipt_words import BILL_LINES, CARD_LINES, PHYSICIAN_LINES, changed, outcome

NUMBER = AYSE.identity_number
NAME = upper(AYSE.name)
BOTH = pytest.mark.parametrize("seen", [False, True], ids=["text", "seen"])


def parts(text: str) -> list[str]:
    return [part.strip() for line in text.strip().splitlines() for part in line.split("|")]


@pytest.mark.parametrize(
    "words",
    parts("""
{} (ilk taksit)|her ayın 13'ü {}|{} 10:42 itibarıyla bekler|{} sonrası|{}'ten sonra|{} öncesi|en geç {}|{} hazırlandı|{} gün sonu
{}?|giriş {}|sonra {}|kayıt: {}|{} (son gün)|{} (planlanan)|{} tarihinde çekilecek
"""),
)
@BOTH
def test_a_day_with_words_beside_it_is_no_day(words: str, seen: bool) -> None:
    for lines, label, day in (
        (BILL_LINES, "İŞLEM TARİHİ", "13.05.2024"),
        (CARD_LINES, "İşlem Tarihi", "13.05.2024"),
        (PHYSICIAN_LINES, "İŞLEM TARİHİ:", "13/05/2024"),
    ):
        line = f"{label}    {words.format(day)}"
        assert outcome(changed(lines, label, line), seen=seen) is Outcome.HELD


@pytest.mark.parametrize(
    "day",
    parts("""
13.05.2024|13.05.2024 10:42:07|13.05.2024 - 10:42|13/05/2024-10:42:07|2024-05-13-10.42.07|2024-05-13 10:42:07.123|13.05.2024 Pazartesi
13.05.2024 10:42 UTC|13.05.2024 10:42 UTC+3|13.05.2024 Saat: 10:42|Pazartesi 13.05.2024 10:42|13/05/2024-10:42:07 - F06195
13.05.2024, 10:42|13.05.2024 / 10:42|13.05.2024 104207|2024-05-13T10:42:07|(13.05.2024)|13.05.2024 10:42 GMT+03:00
"""),
)
@BOTH
def test_a_time_and_a_weekday_beside_a_day_pass(day: str, seen: bool) -> None:
    for lines, label in ((BILL_LINES, "İŞLEM TARİHİ"), (CARD_LINES, "İşlem Tarihi")):
        assert outcome(changed(lines, label, f"{label}    {day}"), seen=seen) is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "words",
    parts("""
{} (ÖDEYEN)|{} (sorgulanan)|{} (kefil)|{} (EŞİ)|{} vekili|{} yerine|{} (eski)|{} ve 1 kişi|{} ve diğerleri|{}-17291|eski {}|{} ?|17291-{}
"""),
)
@BOTH
def test_a_number_with_words_beside_it_is_nobodys(words: str, seen: bool) -> None:
    for lines, label in ((BILL_LINES, "T.C. KİMLİK NO"), (CARD_LINES, "T.C. Kimlik No")):
        line = f"{label}    {words.format(NUMBER)}"
        assert outcome(changed(lines, label, line), seen=seen) is Outcome.HELD


@pytest.mark.parametrize("number", [NUMBER, f"TC {NUMBER}", f"{NUMBER}.", f"({NUMBER})", "100 000 001 46"])
def test_a_number_alone_is_the_holders(number: str) -> None:
    lines = changed(BILL_LINES, "T.C. KİMLİK NO", f"T.C. KİMLİK NO    {number}")
    assert outcome(lines) is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "name",
    parts(f"""
{NAME} ADINA MEHMET|MEHMET ADINA {NAME}|{NAME} VE MEHMET İNANÖZ|{NAME} (VEKİL)|{NAME} OĞLU MEHMET|MÜTEVEFFA {NAME}|{NAME} - TEST
{NAME} LTD ŞTİ|{NAME} ANADOLU LİSESİ|{NAME} YERİNE|{NAME}    {upper(SUKRU.name)}|{NAME} KIZI FATMA
"""),
)
@BOTH
def test_a_name_with_another_beside_it_is_nobodys(name: str, seen: bool) -> None:
    for lines, label in ((BILL_LINES, "BORÇLU ADI SOYADI"), (CARD_LINES, "Ad Soyad")):
        assert outcome(changed(lines, label, f"{label}    {name}"), seen=seen) is Outcome.HELD


@pytest.mark.parametrize(
    "name",
    parts("""
AYŞE KARAAĞAÇLI|AYŞE NUR KARAAĞAÇLI|KARAAĞAÇLI AYŞE|AYŞE YILDIZHAN|AYŞE KARAAĞAÇLI YILDIZHAN|AYŞE KARAAĞAÇLI-YILDIZHAN|AY*** KA***
AY** KA**|AYŞE K.|Dr. AYŞE KARAAĞAÇLI|Sn. AYŞE KARAAĞAÇLI|AYŞE KARAAĞAÇ|AYŞEKARAAĞAÇLI
"""),
)
@BOTH
def test_a_further_name_and_a_mask_pass(name: str, seen: bool) -> None:
    for lines, label in ((BILL_LINES, "BORÇLU ADI SOYADI"), (CARD_LINES, "Ad Soyad")):
        assert outcome(changed(lines, label, f"{label}    {name}"), seen=seen) is Outcome.ACCEPTED


@pytest.mark.parametrize("amount", ["780,00 TL (*)", "780,00 TL*", "780,00 TL **", "780,00 (*) TL"])
@BOTH
def test_an_amount_with_a_footnote_is_none(amount: str, seen: bool) -> None:
    for lines, label in ((BILL_LINES, "İŞLEM TUTARI"), (CARD_LINES, "Tutar")):
        assert outcome(changed(lines, label, f"{label}    {amount}"), seen=seen) is Outcome.HELD


@pytest.mark.parametrize(
    "channel",
    parts("Planlı İşlemler|Onay Havuzu|Provizyon|Havale|FAST|Ön Kayıt|Batch|Test|Talimat|Onay Şubesi"),
)
@BOTH
def test_a_channel_is_known_or_held(channel: str, seen: bool) -> None:
    for label in ("KANAL", "İŞLEM KANALI", "ÖDEME KANALI"):
        line = f"{label}    {channel}"
        assert outcome(changed(BILL_LINES, "KANAL", line), seen=seen) is Outcome.HELD


@pytest.mark.parametrize(
    "channel",
    parts("""
Mobil Bankacılık|Kurumsal İnternet Şubesi|Mobil Şube|MOBİL ŞUBE|ATM|İnternet|VakıfBank Mobil|Gişe|Şube|Çağrı Merkezi|Bireysel İnternet Bankacılığı
0123 KIZILAY ŞUBESİ|Web|Mobil Uygulama|Telefon Bankacılığı
"""),
)
@BOTH
def test_the_ways_to_a_bank_pass(channel: str, seen: bool) -> None:
    for label in ("KANAL", "İŞLEM KANALI"):
        line = f"{label}    {channel}"
        assert outcome(changed(BILL_LINES, "KANAL", line), seen=seen) is Outcome.ACCEPTED


@pytest.mark.parametrize("time", ["bekler", "gün sonu", "25:61", "23:59:59 sonrası", "-"])
@BOTH
def test_a_time_of_day_is_a_time_of_day(time: str, seen: bool) -> None:
    for label in ("İŞLEM SAATİ", "SAAT"):
        assert outcome([*BILL_LINES[:9], f"{label}    {time}", *BILL_LINES[9:]], seen=seen) is Outcome.HELD
        line = f"{label}    10:42:07"
        assert outcome([*BILL_LINES[:9], line, *BILL_LINES[9:]], seen=seen) is Outcome.ACCEPTED
