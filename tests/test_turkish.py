"""Turkish letters, amounts, days and long numbers: what holds for every text and every value."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.domain.turkish import (
    IdentityNumber,
    amount_readings,
    date_of,
    fold,
    heading,
    iban_holds,
    lira,
    lower,
    mask,
    masked,
    moment_of,
    number_date,
    quotable,
    spoken_date,
    squeeze,
    upper,
    weekday,
)
from tests.people import FILLERS, PEOPLE
from tests.receipt_material import iban, turkish_amount, us_amount

TURKISH = "abcçdefgğhıijklmnoöprsştuüvyzâîûABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZÂÎÛ"
words = st.text(TURKISH + " '-.", max_size=40)
amounts = st.decimals(Decimal("0.00"), Decimal("9999999.99"), places=2)
days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def amount_of(text: str) -> Decimal | None:
    """The one reading of an amount, or nothing where there is none or more than one."""
    found = amount_readings(text)
    return found[0] if len(found) == 1 else None


# --- letters ---------------------------------------------------------------------------------------


@given(words)
def test_capitals_and_small_letters_are_one_another(text: str) -> None:
    small = lower(text)
    assert lower(upper(small)) == small
    assert upper(lower(upper(text))) == upper(text)
    assert len(small) == len(unicodedata.normalize("NFC", text))


@given(words)
def test_folding_sees_no_difference_in_case_or_composition(text: str) -> None:
    assert fold(upper(text)) == fold(lower(text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(st.text(max_size=60))
@example("𝕬ﬁⓘÅ")
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert heading(heading(text)) == heading(text)
    assert squeeze(squeeze(text)) == squeeze(text)


@given(st.text(max_size=60))
def test_folded_texts_have_no_accents_and_no_runs_of_blanks(text: str) -> None:
    folded = fold(text)
    assert not any(unicodedata.combining(ch) for ch in folded)
    assert folded == folded.strip()
    assert "  " not in folded
    assert re.fullmatch(r"[a-z0-9 ]*", heading(text))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("İSTANBUL", "istanbul"),
        ("ISPARTA", "isparta"),
        ("I\u0307stanbul", "istanbul"),
        ("Iğdır", "igdir"),
        ("KÂZIM", "kazim"),
        ("Dilâra", "dilara"),
        ("ŞÜKRÜ", "sukru"),
        ("o’Brien", "o'brien"),
    ],
)
def test_the_letters_that_go_wrong_elsewhere(text: str, folded: str) -> None:
    assert fold(text) == folded


# --- amounts ---------------------------------------------------------------------------------------


@given(amounts)
def test_an_amount_is_read_as_it_was_written(amount: Decimal) -> None:
    for text in (turkish_amount(amount), us_amount(amount), str(amount), f"{amount:.2f}".replace(".", ",")):
        for dressed in (text, f"{text} TL", f"{text}TL", f"₺{text}", f"{text} TRY", f" *{text}* "):
            assert amount_of(dressed) == amount, dressed
    assert amount_of(lira(amount)) == amount
    assert amount_of(f"-{turkish_amount(amount)} TL") == -amount


@given(st.text("0123456789.,- TL", max_size=16))
def test_no_text_has_more_than_two_readings(text: str) -> None:
    readings = amount_readings(text)
    assert len(readings) <= 2
    assert len(set(readings)) == len(readings)
    assert all(reading == reading.quantize(Decimal("0.001")) for reading in readings)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("780", ["780.00"]),
        ("1.080", ["1080.00"]),
        ("1,080", ["1080.00", "1.08"]),
        ("1.080.000", ["1080000.00"]),
        ("1,080,000", ["1080000.00"]),
        ("1.080,5", []),
        ("1.08.0,00", []),
        ("1,080,00", []),
        ("1.080.00", []),
        ("780,0", []),
        ("780.00.00", []),
        ("7 80,00", ["780.00"]),
        ("yediyüz", []),
        ("", []),
        ("780,00 EUR", []),
    ],
)
def test_amounts_that_need_a_second_look(text: str, readings: list[str]) -> None:
    assert [str(reading) for reading in amount_readings(text)] == readings


# --- days ------------------------------------------------------------------------------------------


@given(days)
def test_a_day_is_read_as_it_was_written(day: date) -> None:
    written = (
        number_date(day),
        spoken_date(day),
        upper(spoken_date(day)),
        f"{day:%d/%m/%Y}",
        day.isoformat(),
    )
    assert {date_of(text) for text in written} == {day}


@given(days, st.times())
def test_a_moment_is_read_as_banks_print_it(day: date, at: time) -> None:
    moment = datetime.combine(day, at.replace(microsecond=0))
    for pattern in ("%d.%m.%Y %H:%M:%S", "%d/%m/%Y-%H:%M:%S", "%d/%m/%Y - %H:%M:%S", "%Y-%m-%d-%H.%M.%S"):
        assert moment_of(f"{moment:{pattern}}") == moment, pattern


@pytest.mark.parametrize(
    "text",
    [
        "3/4/85",
        "31.02.2024",
        "13.13.2024",
        "32.01.2024",
        "3 Nisa 1985",
        "1.2.20245",
        "112.1.2024",
        "",
        "2024",
    ],
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert date_of(text) is None


def test_the_days_of_the_week() -> None:
    assert [weekday(date(2024, 5, 13 + i)) for i in range(7)] == [
        *("Pazartesi", "Salı", "Çarşamba", "Perşembe", "Cuma", "Cumartesi", "Pazar")
    ]


# --- identity numbers ------------------------------------------------------------------------------


@given(st.integers(100_000_000, 999_999_999))
def test_of_a_hundred_endings_one_is_valid(head: int) -> None:
    valid = [f"{head}{end:02d}" for end in range(100) if IdentityNumber(f"{head}{end:02d}").is_valid]
    d = [int(ch) for ch in str(head)]
    tenth = (7 * sum(d[0::2]) - sum(d[1::2])) % 10
    assert valid == [f"{head}{tenth}{(sum(d) + tenth) % 10}"]


@given(st.sampled_from(PEOPLE), st.integers(0, 10), st.sampled_from("0123456789"))
def test_one_mistyped_digit_is_noticed(who: object, at: int, wrong: str) -> None:
    digits = who.identity_number  # type: ignore[attr-defined]
    if digits[at] != wrong:
        assert not IdentityNumber(digits[:at] + wrong + digits[at + 1 :]).is_valid


@pytest.mark.parametrize(
    "digits", ["", "1000000014", "100000001460", "00000000000", "1000000014a", "١٠٠٠٠٠٠٠١٤٦"]
)
def test_other_texts_are_no_numbers(digits: str) -> None:
    assert not IdentityNumber(digits).is_valid


def test_fillers_satisfy_the_digits_and_are_told_apart() -> None:
    assert all(IdentityNumber(f).is_valid and IdentityNumber(f).is_filler for f in FILLERS)
    assert not any(IdentityNumber(p.identity_number).is_filler for p in PEOPLE)


@given(st.text("0123456789", min_size=11, max_size=11))
def test_a_number_never_prints_itself(digits: str) -> None:
    number = IdentityNumber(digits)
    for shown in (str(number), repr(number), f"{number}", f"{[number]}", f"{ {'n': number} }"):
        assert digits not in shown
        assert digits[:3] in shown


# --- what may be quoted ----------------------------------------------------------------------------

_TOKENS = (
    "1",
    "12345",
    "123456789",
    "10000000146",
    "TR",
    "abc",
    " ",
    "  ",
    "\n",
    "\u00a0",
    "\u200b",
    "*",
    ".",
    "-",
)
noise = st.lists(st.sampled_from(_TOKENS), max_size=12).map("".join)
# Nine digits, each at most one blank away from the next: what a reader would take for one number.
LONG = re.compile(r"\d(?:[ \u00a0]?\d){8,}")


@given(st.text("0123456789", min_size=1, max_size=30))
def test_a_mask_keeps_the_length_and_hides_the_middle(digits: str) -> None:
    shown = mask(digits)
    assert len(shown) == len(digits)
    assert sum(ch.isdigit() for ch in shown) <= 5


@given(st.text(max_size=20), st.sampled_from(PEOPLE), st.text(max_size=20))
def test_no_identity_number_survives_in_a_quotation(before: str, who: object, after: str) -> None:
    digits = who.identity_number  # type: ignore[attr-defined]
    for text in (digits, " ".join(digits), f"{digits[:3]} {digits[3:6]} {digits[6:9]} {digits[9:]}"):
        assert digits not in re.sub(r"\s", "", masked(before + text + after))


@given(noise)
def test_no_run_of_nine_digits_survives(text: str) -> None:
    assert not LONG.search(masked(text)), masked(text)
    assert not LONG.search(quotable(text)), quotable(text)


@given(st.text(max_size=80))
def test_a_quotation_is_one_line_of_printable_words(text: str) -> None:
    shown = quotable(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert "://" not in re.sub(r"\W://|^://", "", shown) or not re.search(
        r"(?i)\b[a-z][a-z0-9+.\-]*://\S", shown
    )


@pytest.mark.parametrize(
    "link",
    [
        "https://posta.invalid/a",
        "HTTP://POSTA.INVALID",
        "www.posta.invalid",
        "ftp://x.invalid",
        "tıkla:https://posta.invalid",
    ],
)
def test_links_are_cut_out(link: str) -> None:
    assert "invalid" not in quotable(f"bakınız {link} lütfen").lower()


@given(st.integers(0, 10**15))
def test_account_numbers_are_checked_and_masked(account: int) -> None:
    number = iban("00015", account)
    assert iban_holds(number)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not iban_holds(wrong)
    assert number not in masked(number)
