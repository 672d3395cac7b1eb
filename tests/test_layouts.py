"""Receipts are read right in every print, through all layouts, and never taken for a better one."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipeline.domain import Page, Receipt, Word
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import IdentityNumber
from pipeline.office.console import sentence
from pipeline.papers.clues import Clues
from pipeline.papers.layouts import (
    load_layouts,
    matching,
    matching_picture,
    read_picture,
    read_receipt,
)
from pipeline.papers.printed import lines_of
from pipeline.papers.rails import load_rails
from pipeline.policy.places import RULES
from pipeline.sandbox.scanner import pdfs
from tests.products import crossed
from tests.receipt_material import (
    GLUED,
    LAYOUTS,
    PLAIN,
    Print,
    ReceiptFacts,
    Style,
    invented_facts,
    print_pdf,
    receipt_pdf,
    varied_style,
)


@pytest.fixture(autouse=True)
def text_layer_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the look at the picture behind a text layer, which has tests of its own."""
    monkeypatch.setattr(pdfs, "_looked_at", lambda _document, pages, _clues: (list(pages), False))


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((RULES / name).read_text(encoding="utf-8"))


RAILS = load_rails(_toml("rails.toml"))
RAW = {file.stem: _toml(f"layouts/{file.name}") for file in sorted((RULES / "layouts").glob("*.toml"))}
KNOWN = load_layouts(RAW, RAILS)
SAMPLES = [(name, i) for name, layout in KNOWN.items() for i in range(len(layout.samples))]
# Rails that pay for a lost card; everything else is sent back or held.
GOOD_RAILS = {"KURUM ÖDEMESİ", "SANAL POS"}
RAIL_NAMES = {
    "kurum": "KURUM ÖDEMESİ",
    "sanal pos": "SANAL POS",
    "fast": "FAST",
    "eft": "EFT",
    "havale": "HAVALE",
    "nakit": "NAKİT",
}
STYLES = {"plain": PLAIN, "glued": GLUED} | {f"varied {n}": varied_style(n) for n in range(8)}


def read_lines(lines: Sequence[str]) -> Receipt | None:
    """Reads a text as the read stage does: by the one layout that fits, or not at all."""
    names = matching(lines, KNOWN)
    if len(names) != 1:
        return None
    return read_receipt(lines, names[0], KNOWN[names[0]], RAILS)


def read_print(pdf: bytes) -> Receipt | None:
    """Reads a PDF by its text layer, with the reader that the workers use."""
    transcript = pdfs.read_pdf(pdf, "digest", Clues())
    assert transcript.problem == ""
    return read_lines([line for page in transcript.pages for line in lines_of(page)])


def sample_lines(name: str, number: int = 0) -> list[str]:
    return KNOWN[name].samples[number].text.strip("\n").splitlines()


# --- real prints -----------------------------------------------------------------------------------


# Every layout in every style, with one of two payments.
@pytest.mark.parametrize(
    ("paid", "style"),
    crossed([(name, seed) for name in LAYOUTS for seed in range(2)], [*STYLES], rounds=len(STYLES) // 2),
    ids=str,
)
def test_every_print_of_a_known_layout_is_read_right(paid: tuple[str, int], style: str) -> None:
    layout, seed = paid
    facts = invented_facts(layout, seed)
    receipt = read_print(receipt_pdf(layout, facts, STYLES[style]))

    assert receipt is not None
    assert receipt.layout == layout
    assert receipt.unclear == {}
    assert (receipt.rail, receipt.amount, receipt.paid_on) == (
        RAIL_NAMES[facts.rail],
        facts.amount,
        facts.paid_at.date(),
    )
    assert receipt.identity_number == IdentityNumber(facts.identity_number)
    assert receipt.reference


@pytest.mark.parametrize("rail", ["fast", "eft", "havale", "nakit"])
@pytest.mark.parametrize(
    "layout", [name for name in LAYOUTS if name not in ("vakifbank-kurum-odemesi", "kamusm-sanal-pos")]
)
def test_no_transfer_is_taken_for_a_payment_whatever_its_words(layout: str, rail: str) -> None:
    words = "TÜBİTAK BİLGEM Kamu SM Kurum Ödemesi Sanal POS Onay Kodu sanalpos.kamusm.gov.tr"
    facts = replace(invented_facts(layout, 0), rail=rail, description=words)
    for payee, style in ((facts.payee, GLUED), ("TÜBİTAK BİLGEM KAMU SERTİFİKASYON MERKEZİ", PLAIN)):
        receipt = read_print(receipt_pdf(layout, replace(facts, payee=payee), style))
        assert receipt is None or receipt.rail not in GOOD_RAILS


@pytest.mark.parametrize("style", [PLAIN, GLUED], ids=["plain", "glued"])
def test_a_transfer_from_the_corporate_branch_is_a_transfer(style: Style) -> None:
    facts = replace(invented_facts("vakifbank-transfer", 0), rail="fast")
    printed = LAYOUTS["vakifbank-transfer"](facts)
    for label, rail in (("KANAL", "FAST"), ("İŞLEM YERİ", None)):
        row = (label, "Kurumsal Ödeme Şubesi")
        receipt = read_print(print_pdf(replace(printed, rows=(*printed.rows, row)), style))
        assert receipt is not None
        assert receipt.rail in (rail, "FAST")


@pytest.mark.parametrize("style", [PLAIN, GLUED], ids=["plain", "glued"])
def test_small_print_about_transfers_says_nothing_about_a_payment(style: Style) -> None:
    printed = LAYOUTS["vakifbank-kurum-odemesi"](invented_facts("vakifbank-kurum-odemesi", 1))
    footer = ("FAST ile 7/24 para gönderin.", "EFT saatleri 08.30 - 17.00", "Havale ücretsizdir.")
    receipt = read_print(print_pdf(replace(printed, footer=footer), style))

    assert receipt is not None
    assert receipt.rail == "KURUM ÖDEMESİ"
    assert receipt.unclear == {}


@pytest.mark.parametrize(
    "bank",
    [
        "VAKIF KATILIM",
        "VAKIF KATILIM BANKASI A.Ş.",
        "Vakıf Katılım Bankası",
        "ZİRAAT BANKASI",
        "GARANTİ BBVA",
    ],
)
def test_the_same_words_from_another_bank_prove_nothing(bank: str) -> None:
    printed = LAYOUTS["vakifbank-kurum-odemesi"](invented_facts("vakifbank-kurum-odemesi", 0))
    assert read_print(print_pdf(printed)) is not None
    assert read_print(print_pdf(replace(printed, bank=bank, footer=()))) is None


def test_a_bill_paid_to_somebody_else_is_no_payment_of_ours() -> None:
    printed = LAYOUTS["vakifbank-kurum-odemesi"](invented_facts("vakifbank-kurum-odemesi", 0))
    rows = tuple(
        ("KURUM ADI", "ÖRNEK SU İDARESİ") if label == "KURUM ADI" else (label, value)
        for label, value in printed.rows
    )
    for note in ((), (("AÇIKLAMA", "TÜBİTAK BİLGEM Kamu SM NES bedeli"),)):
        assert read_print(print_pdf(replace(printed, rows=(*rows, *note)))) is None


@pytest.mark.parametrize(
    "words",
    ["Ödeme Talimatı", "İleri Tarihli Kurum Ödemesi", "Kurum Ödemesi - İptal", "Kurum Ödemesi İadesi"],
)
def test_a_payment_that_has_not_happened_is_not_called_final(words: str) -> None:
    printed = LAYOUTS["vakifbank-kurum-odemesi"](invented_facts("vakifbank-kurum-odemesi", 0))
    rows = tuple(
        (label, f"Kurum Ödemesi {words}" if label == "İŞLEM TÜRÜ" else value) for label, value in printed.rows
    )
    receipt = read_print(print_pdf(replace(printed, rows=rows)))

    assert receipt is not None
    assert receipt.unclear["state"] == "not_final"


def test_a_word_that_begins_a_value_is_not_its_label() -> None:
    receipt = read_lines(sample_lines("vakifbank-kurum-odemesi"))
    assert receipt is not None
    # The bank's own words "Kurum Ödemesi" are no institution called "Ödemesi".
    assert receipt.payee is not None
    assert "Ödemesi" not in receipt.payee.split(" / ")


def _with_row(row: tuple[str, str]) -> Receipt:
    facts = ReceiptFacts(rail="kurum", paid_at=datetime(2024, 5, 13, 10, 42))
    printed: Print = LAYOUTS["vakifbank-kurum-odemesi"](facts)
    receipt = read_print(print_pdf(replace(printed, rows=(*printed.rows, row))))
    assert receipt is not None
    return receipt


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (("TUTAR", "300,00 TL"), "amount"),
        (("ÖDEME TARİHİ", "14.05.2024"), "paid_on"),
        (("TCKN", "17291716060"), "identity_number"),
        (("İŞLEM NUMARASI", "2024051300099999"), "reference"),
        (("İŞLEM", "Giden EFT"), "rail"),
    ],
)
def test_two_readings_are_none(row: tuple[str, str], field: str) -> None:
    receipt = _with_row(row)
    assert getattr(receipt, field) is None
    assert receipt.unclear == {field: "two_readings"}


@pytest.mark.parametrize(
    "row",
    [
        ("TUTAR", "780,00 TL"),
        ("ÖDEME TARİHİ", "13/05/2024"),
        ("TCKN", "10000000146"),
        ("İŞLEM", "Fatura Ödeme"),
    ],
)
def test_the_same_reading_twice_is_one(row: tuple[str, str]) -> None:
    assert _with_row(row).unclear == {}


# --- samples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "number"), SAMPLES)
def test_a_sample_fits_its_own_layout_and_no_other(name: str, number: int) -> None:
    assert matching(sample_lines(name, number), KNOWN) == (name,)


@pytest.mark.parametrize(("name", "number"), SAMPLES)
def test_a_lost_line_never_makes_another_value(name: str, number: int) -> None:
    lines = sample_lines(name, number)
    whole = read_lines(lines)
    assert whole is not None
    for at in range(len(lines)):
        part = read_lines([*lines[:at], *lines[at + 1 :]])
        if part is None:
            continue
        assert part.layout == whole.layout
        for field in ("rail", "amount", "bank_charge", "paid_on", "reference", "identity_number", "iban"):
            assert getattr(part, field) in (None, getattr(whole, field)), lines[at]


@pytest.mark.parametrize(("name", "number"), SAMPLES)
@pytest.mark.parametrize(
    "line",
    [
        "Havale, EFT ve FAST işlemleriniz için şubemize bekleriz.",
        "TÜBİTAK BİLGEM Kamu SM Sanal POS ile Kurum Ödemesi yapabilirsiniz.",
        "Kurumsal İnternet Şubesi",
    ],
)
def test_a_line_of_advertising_never_makes_a_better_rail(name: str, number: int, line: str) -> None:
    lines = sample_lines(name, number)
    whole = read_lines(lines)
    assert whole is not None
    for at in range(3, len(lines) + 1):
        more = read_lines([*lines[:at], line, *lines[at:]])
        if more is not None:
            assert more.rail in (None, whole.rail)
            assert more.amount in (None, whole.amount)


def spoilt(name: str, **changes: Any) -> dict[str, Any]:
    return {**RAW, name: {**RAW[name], **changes}}


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (spoilt("kamusm-sanal-pos", samples=[]), "layout_without_samples"),
        (
            spoilt("kamusm-sanal-pos", labels={**RAW["kamusm-sanal-pos"]["labels"], "card": ["Kart No"]}),
            "layout_field",
        ),
        (
            spoilt("kamusm-sanal-pos", samples=RAW["vakifbank-transfer"]["samples"]),
            "layout_sample_layout",
        ),
        (
            spoilt("kamusm-sanal-pos", labels={"amount": ["Tutar"]}),
            "layout_sample",
        ),
        # One that claims another bank's receipts is caught by that bank's samples.
        (
            {
                **RAW,
                "greedy": {
                    **RAW["vakifbank-transfer"],
                    "title": ["Vakıf"],
                    "requires": [["İŞLEM"]],
                },
            },
            "layout_sample_layout",
        ),
    ],
    ids=["no sample", "unknown field", "another's sample", "misread sample", "greedy"],
)
def test_a_layout_that_does_not_prove_itself_does_not_load(raw: dict[str, Any], fault: str) -> None:
    with pytest.raises(OperatorFault) as refused:
        load_layouts(raw, RAILS)
    assert refused.value.name == fault
    assert sentence(refused.value).startswith("rules/layouts/")


# --- pictures --------------------------------------------------------------------------------------


def read_seen(lines: Sequence[str]) -> Receipt | None:
    """Reads lines as those of a picture."""
    names = matching_picture(lines, KNOWN)
    return read_picture(lines, names[0], KNOWN[names[0]], RAILS) if len(names) == 1 else None


@pytest.mark.parametrize(("name", "number"), SAMPLES)
def test_a_sample_seen_is_read_as_its_text_is(name: str, number: int) -> None:
    lines = sample_lines(name, number)
    seen, told = read_seen(lines), read_lines(lines)
    assert seen is not None
    assert told is not None
    for field in ("layout", "rail", "amount", "paid_on", "reference", "identity_number", "iban"):
        assert getattr(seen, field) == getattr(told, field)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("İŞLEM TUTARI", "İSLEM TUTABI"),
        ("İŞLEM TARİHİ", "IŞLEM TARlHI"),
        ("T.C. KİMLİK NO", "T.C. KIMLlK N0"),
        ("İŞLEM NO", "İŞLFM NO"),
        ("VAKIFBANK", "VAKIFBAMK"),
    ],
)
def test_labels_may_be_misread_in_a_picture_and_nowhere_else(right: str, wrong: str) -> None:
    lines = [line.replace(right, wrong, 1) for line in sample_lines("vakifbank-kurum-odemesi")]
    seen, told = read_seen(lines), read_lines(lines)
    assert seen == read_seen(sample_lines("vakifbank-kurum-odemesi"))
    assert told != read_lines(sample_lines("vakifbank-kurum-odemesi"))


@pytest.mark.parametrize("written", ["1OOOO00O146", "l0000000l46"])
def test_digits_are_repaired_only_in_a_picture_and_only_where_they_hold(written: str) -> None:
    lines = [line.replace("10000000146", written) for line in sample_lines("vakifbank-kurum-odemesi")]
    seen, told = read_seen(lines), read_lines(lines)
    assert seen is not None
    assert told is not None
    assert (seen.identity_number, told.identity_number) == (IdentityNumber("10000000146"), None)
    other = read_seen([line.replace(written, "1OOOO00O145") for line in lines])
    assert other is not None
    assert (other.identity_number, other.unclear["identity_number"]) == (None, "not_readable")


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        ("amount", "780,00 TL", "7B0,OO TL"),
        ("amount", "780,00 TL", "780,0O TL"),
        ("paid_on", "13.05.2024 10:42:07", "l3.O5.2024"),
    ],
)
def test_values_without_check_digits_are_never_repaired(field: str, right: str, wrong: str) -> None:
    lines = [line.replace(right, wrong) for line in sample_lines("vakifbank-kurum-odemesi")]
    receipt = read_seen(lines)
    assert receipt is not None
    assert (getattr(receipt, field), receipt.unclear[field]) == (None, "not_readable")


# --- masked numbers, and a title that is wrong -----------------------------------------------------


@pytest.mark.parametrize(
    ("masked", "number"),
    [("100******46", "10000000146"), ("100****46", "10000000146"), ("172******60", None), ("***", None)],
)
def test_a_masked_number_must_agree_with_the_one_in_the_words(masked: str, number: str | None) -> None:
    lines = [f"TCKN    {masked}" if "TCKN" in line else line for line in sample_lines("denizbank")]
    receipt = read_lines(lines)
    assert receipt is not None
    assert receipt.identity_number == (IdentityNumber(number) if number else None)


@pytest.mark.parametrize(
    ("seen", "number"),
    [
        ("100*411***46", "10000000146"),
        ("100*0r**46", "10000000146"),
        ("10046", "10000000146"),
        ("10000800146", "10000000146"),
        ("100**046)", "10000000146"),
        ("10gi*****946", "10000000146"),
        ("100 bana! PA", "10000000146"),
        ("172*411***60", None),
        ("100***147", None),
        ("10*4*emS0", None),
        ("1*****46*", None),
        ("1***6", None),
        ("46", None),
    ],
)
def test_a_row_of_stars_may_be_misread_in_a_picture_but_not_the_ends(seen: str, number: str | None) -> None:
    lines = [f"TCKN    {seen}" if "TCKN" in line else line for line in sample_lines("denizbank")]
    receipt, told = read_seen(lines), read_lines(lines)
    assert receipt is not None
    assert told is not None
    assert receipt.identity_number == (IdentityNumber(number) if number else None)
    assert (told.identity_number, told.unclear["identity_number"]) == (None, "not_readable")


@pytest.mark.parametrize(("written", "is_known"), [("10000000146", True), ("10000000145", False)])
def test_a_short_label_is_known_by_the_number_that_holds_behind_it(written: str, is_known: bool) -> None:
    lines = [line for line in sample_lines("kuveyt-turk") if "Açıklama" not in line]
    lines = [f"TEKN:    {written}" if "TCKN" in line else line for line in lines]
    receipt = read_seen(lines)
    assert receipt is not None
    assert receipt.identity_number == (IdentityNumber(written) if is_known else None)


def test_a_picture_may_show_a_bank_by_all_letters_but_one() -> None:
    first, *rest = sample_lines("kuveyt-turk")
    lines = [first.replace("KUVEYT TÜRK", "KUVEYITÜRK"), *rest]
    assert lines[0] != first
    assert matching_picture(lines, KNOWN) == ("kuveyt-turk",)
    assert matching(lines, KNOWN) == ()


def test_a_picture_whose_top_is_lost_names_its_bank_at_the_foot() -> None:
    _bank, *rest = sample_lines("akbank")
    lines = [line for line in rest if "AKBANK" not in line.upper()]
    assert matching_picture(lines, KNOWN) == ()
    foot = [*lines, "Akbank T.A.Ş. Sabancı Center 4. Levent / İSTANBUL"]
    assert matching_picture(foot, KNOWN) == ("akbank",)
    assert matching(foot, KNOWN) == ()


def test_what_must_not_be_there_is_seen_even_where_it_is_misread() -> None:
    lines = [*sample_lines("vakifbank-kurum-odemesi"), "GİDEN TUTAR ALICl BANKA HALKBANK"]
    assert "vakifbank-kurum-odemesi" not in matching_picture(lines, KNOWN)
    receipt = read_seen(lines)
    assert receipt is None or receipt.rail is None


@pytest.mark.parametrize("words", ["Kurum Ödemesi", "Fatura Ödeme", "Sanal POS"])
@pytest.mark.parametrize(
    "name", [n for n, layout in KNOWN.items() if not layout.payee_words and not layout.rail]
)
def test_a_bill_paid_at_any_bank_to_anybody_is_no_payment_to_kamu_sm(name: str, words: str) -> None:
    label = KNOWN[name].labels["type"][0]
    lines = [line for line in sample_lines(name) if not line.startswith(label)]
    for receipt in (read_lines([*lines, f"{label}    {words}"]), read_seen([*lines, f"{label}    {words}"])):
        assert receipt is not None
        assert receipt.rail is None
        assert receipt.unclear["rail"] in ("payee_unknown", "two_readings")


@pytest.mark.parametrize(
    ("written", "day"),
    [("1305.2024 10:42", date(2024, 5, 13)), ("13/052024", date(2024, 5, 13)), ("13052024", None)],
)
def test_a_separator_that_was_overlooked_is_put_back_in_a_picture(written: str, day: date | None) -> None:
    lines = [line.replace("13.05.2024 10:42:07", written) for line in sample_lines("vakifbank-kurum-odemesi")]
    receipt, told = read_seen(lines), read_lines(lines)
    assert receipt is not None
    assert told is not None
    assert (receipt.paid_on, told.paid_on) == (day, None)


@pytest.mark.parametrize(
    ("layout", "rail", "name"),
    [("yapi-kredi", "fast", "FAST"), ("akbank", "havale", "HAVALE"), ("akbank", "eft", "EFT")],
)
def test_the_type_line_outweighs_a_title_that_says_another_rail(layout: str, rail: str, name: str) -> None:
    receipt = read_print(receipt_pdf(layout, replace(invented_facts(layout, 0), rail=rail)))
    assert receipt is not None
    assert receipt.rail == name


def test_a_title_with_two_rails_alone_tells_none() -> None:
    receipt = read_lines([line for line in sample_lines("akbank") if "Türü" not in line])
    assert receipt is not None
    assert (receipt.rail, receipt.unclear["rail"]) == (None, "two_readings")


def test_a_fee_inside_the_sum_is_no_part_of_the_amount() -> None:
    facts = replace(invented_facts("halkbank", 0), bank_charge=Decimal("12.80"), rail="fast")
    receipt = read_print(receipt_pdf("halkbank", facts))
    assert receipt is not None
    assert receipt.amount == facts.amount


def test_ligatures_of_a_text_layer_are_letters() -> None:
    plain = [line.replace("AYŞE KARAAĞAÇLI", "Elfidan Tiflis") for line in sample_lines("ziraat")]
    joined = [line.replace("fi", "ﬁ").replace("fl", "ﬂ") for line in plain]
    assert joined != plain
    told, wanted = read_lines(joined), read_lines(plain)
    assert told is not None
    assert wanted is not None
    assert replace(told, payer=None, description=None) == replace(wanted, payer=None, description=None)


# --- lines from words --------------------------------------------------------------------------------


def _page(*words: Word) -> Page:
    return Page(1, 595, 842, words, "text")


def test_words_become_lines_with_their_gaps() -> None:
    page = _page(
        Word("TUTAR", 50, 100, 90, 110),
        Word("780,00", 190, 100, 225, 110),
        Word("TL", 228, 100, 240, 110),
        Word("VAKIFBANK", 50, 50, 120, 62),
        Word("devamı", 190, 115, 230, 125),
    )
    assert lines_of(page) == ("VAKIFBANK", "TUTAR    780,00 TL", "    devamı")


def test_a_page_without_words_has_no_lines() -> None:
    assert lines_of(_page()) == ()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("TUTAR    780,00 TL", Decimal("780.00")),
        ("TUTAR:1.080,00TL", Decimal("1080.00")),
        ("TUTAR    780,00 TL (yediyüzseksen TL 00 Kr)", Decimal("780.00")),
        ("TUTAR    ₺780,00", Decimal("780.00")),
        ("TUTAR    #780,00#", Decimal("780.00")),
        ("TUTAR    ***780,00", Decimal("780.00")),
        ("TUTAR    -780,00 TL", None),
        ("TUTAR    780,00 TL -", None),
        ("TUTAR    780,00 €", None),
        ("TUTAR    780,00 TL Alacak", None),
        ("TUTAR    780,00 TL 1.560,00 TL", None),
        ("TUTAR    780,00 TL (yediyüzelli TL)", None),
        ("TUTAR    1,080 TL", None),
        ("TUTAR    yok", None),
    ],
)
def test_amounts_as_banks_print_them(text: str, amount: Decimal | None) -> None:
    lines = [line for line in sample_lines("vakifbank-kurum-odemesi") if "TUTARI" not in line]
    receipt = read_lines([*lines, text])
    assert receipt is not None
    assert receipt.amount == amount
    assert ("amount" in receipt.unclear) == (amount is None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("TCKN    10000000146", "10000000146"),
        ("TCKN10000000146", "10000000146"),
        ("TCKN    10000000145", None),
        ("TCKN    100000001460", None),
        ("TCKN    100******46", None),
    ],
)
def test_only_a_number_whose_digits_hold_is_anybodys(text: str, number: str | None) -> None:
    lines = [line for line in sample_lines("vakifbank-kurum-odemesi") if "10000000146" not in line]
    receipt = read_lines([*lines, text])
    assert receipt is not None
    assert receipt.identity_number == (IdentityNumber(number) if number else None)
