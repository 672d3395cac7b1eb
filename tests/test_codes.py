"""What an e-Dekont says to machines: one look more and never a proof; strangers' codes harm nobody."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image, ImageDraw
from zxingcpp import BarcodeFormat, create_barcode

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Coded, Page, Receipt, Word
from pipeline.domain.turkish import IdentityNumber
from pipeline.papers.codes import coded_in, confirming, contradicted, with_codes
from pipeline.papers.strength import strength, text_words
from pipeline.sandbox.scanner import ocr, tesseract
from pipeline.sandbox.scanner.codes import MOST_CODES, NO_CODES, codes_on, without_codes
from pipeline.sandbox.scanner.eyes import sight_of
from pipeline.sandbox.scanner.forked import answer_of
from pipeline.sandbox.scanner.limits import Allowance
from pipeline.sandbox.scanner.payment_data import payment_data
from pipeline.sandbox.scanner.preparation import Hypothesis, Measures
from pipeline.sandbox.scanner.scan import transcribe
from pipeline.sandbox.scanner.tesseract import ocr_fault
from tests.e_dekont import code, code_text, xml
from tests.pdf_editing import in_a_portfolio
from tests.receipt_damage import rasterised
from tests.receipt_material import ReceiptFacts, receipt_pdf

POLICY = demo_policy()
RAILS = POLICY.clues.rails
FACTS = ReceiptFacts()
BILL = "vakifbank-kurum-odemesi"
SAID = Coded(FACTS.identity_number, "DEKONT", "FTM", "2024-05-13", "780.00", "TRY")
RECEIPT = Receipt(
    "dekont.pdf",
    "d",
    BILL,
    rail="KURUM ÖDEMESİ",
    amount=Decimal("780.00"),
    paid_on=date(2024, 5, 13),
    identity_number=IdentityNumber(FACTS.identity_number),
)

needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


# --- what a code says ------------------------------------------------------------------------------


def test_the_official_template_is_read_though_it_is_no_json() -> None:
    assert coded_in(code_text(FACTS)) == SAID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://www.example.org/odeme?tip=HVL&tutar=780",
        '{"tarih":"2024-05-13","islemtutari":"780.00"}',
        '{"senaryo":"DEKONT"}',
        # Says a thing in two ways.
        code_text(FACTS) + code_text(FACTS, amount="300.00"),
        code_text(FACTS) + " " * 2_000,
        '"senaryo":"' * 180,
    ],
)
def test_what_is_no_e_dekonts_says_nothing(text: str) -> None:
    assert coded_in(text) is None


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ({"day": "13.05.2024"}, "day", "2024-05-13"),
        ({"day": "2024-05-13T10:42:07"}, "day", "2024-05-13"),
        ({"day": "31.02.2024"}, "day", ""),
        ({"amount": "-780"}, "amount", "-780.00"),
        ({"amount": "780,5"}, "amount", "780.50"),
        ({"amount": "7.8e2"}, "amount", ""),
        ({"amount": "NaN"}, "amount", ""),
        ({"customer": "1234"}, "customer", ""),
        ({"kind": "hvl"}, "kind", "HVL"),
        ({"kind": "<b>"}, "kind", ""),
        ({"scenario": "Dekontİptal"}, "scenario", "DEKONTIPTAL"),
    ],
)
def test_values_are_of_their_form_or_unsaid(said: dict[str, str], field: str, value: str) -> None:
    found = coded_in(code_text(FACTS, **said))
    assert found is not None
    assert getattr(found, field) == value


@pytest.mark.parametrize(
    ("coded", "found"),
    [
        (SAID, {}),
        (replace(SAID, customer="", kind="", day="", currency=""), {}),
        (replace(SAID, amount="-780.00"), {}),
        (replace(SAID, kind="DIGER"), {}),
        (replace(SAID, amount="300.00"), {"amount": "300.00"}),
        (replace(SAID, currency="USD"), {"amount": "780.00 USD"}),
        (replace(SAID, day="2024-05-14"), {"paid_on": "2024-05-14"}),
        (replace(SAID, customer="19784521306"), {"identity_number": "197******06"}),
        *((replace(SAID, kind=kind), {"rail": kind}) for kind in ("HVL", "EFT", "NKT", "POSH", "SWT", "XYZ")),
        (replace(SAID, scenario="VTAIPTAL"), {"state": "VTAIPTAL"}),
        (replace(SAID, scenario="TASLAK"), {"state": "TASLAK"}),
    ],
)
def test_a_code_contradicts_what_is_printed_otherwise(coded: Coded, found: dict[str, str]) -> None:
    assert contradicted(RECEIPT, coded, RAILS) == found
    assert confirming((coded,), (RECEIPT,), RAILS) is (not found and bool(coded.day))


def test_a_code_proves_nothing_and_fills_no_gap() -> None:
    blank = replace(RECEIPT, amount=None, paid_on=None, identity_number=None)
    assert with_codes(blank, (SAID,), RAILS) == blank
    assert not confirming((SAID,), (blank,), RAILS)


def test_a_payment_that_was_taken_back_is_not_final() -> None:
    found = with_codes(RECEIPT, (SAID, replace(SAID, scenario="DEKONTIPTAL")), RAILS)
    assert (found.unclear["state"], found.doubtful["state"]) == ("not_final", "DEKONTIPTAL")


# --- where it stands -------------------------------------------------------------------------------


def with_code(page: Image.Image, text: str, turn: int = 0) -> Image.Image:
    """Sticks a code as large as a bank's on a page, its lower right corner."""
    side = page.width // 6
    page = page.copy()
    page.paste(code(text, 8).resize((side, side)), (page.width - 2 * side, page.height - 2 * side))
    return page.rotate(turn, expand=True)


@pytest.mark.parametrize("turn", [0, 90, 180])
def test_a_code_on_a_picture_is_read_whichever_way_it_lies(turn: int) -> None:
    page = Image.new("RGB", (1200, 1700), "white")
    found = codes_on(with_code(page, code_text(FACTS), turn))
    assert found.said == (SAID,)
    assert codes_on(without_codes(with_code(page, code_text(FACTS), turn), found)) == NO_CODES


@needs_tesseract
def test_a_code_that_agrees_saves_the_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def table_of(picture: Image.Image, *how: Any) -> str | None:
        sizes.append(picture.height)
        return tesseract.table_of(picture, *how)

    monkeypatch.setattr(ocr, "table_of", table_of)
    page = with_code(rasterised(receipt_pdf(BILL, FACTS), 150), code_text(FACTS))
    found = ocr.read_page(page, 1, POLICY.clues, 20)
    assert (found.page.codes, found.page.across, found.contested) == ((SAID,), (), False)
    assert sizes == [page.height]


PAYMENT = "Kurum Ödemesi\nT.C. Kimlik No 10000000146\nTutar 780,00 TL\nİşlem Tarihi 13.05.2024\nDekont banka"
GREYS = Measures(False, False, False, False, False, 4_000_000)


@pytest.mark.parametrize(
    ("coded", "looks", "bilevel", "is_enough"),
    [
        (SAID, 1, False, True),
        (SAID, 1, True, False),
        (SAID, 2, True, True),
        (replace(SAID, amount="300.00"), 1, False, False),
        (replace(SAID, day="2024-05-18"), 2, True, False),
        (replace(SAID, day=""), 1, False, False),
    ],
)
def test_a_code_is_one_look(coded: Coded, looks: int, bilevel: bool, is_enough: bool) -> None:
    words = text_words(PAYMENT)
    seen = ocr.Reading(Hypothesis(), words, strength(words, POLICY.clues.terms), 30, 30, 20.0)
    measures = replace(GREYS, bilevel=bilevel)
    assert ocr.is_seconded(measures, seen, (seen,) * looks, (coded,)) is is_enough


# --- data that comes as a file ---------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["DEKONT", "GVTA", "VTAIPTAL"])
def test_the_xml_of_an_e_dekont_says_what_its_code_would(scenario: str) -> None:
    found = transcribe(xml(FACTS, scenario), POLICY.clues)
    assert (found.problem, found.codes) == ("payment_data", (replace(SAID, scenario=scenario),))


def test_elements_named_like_the_keys_are_read_as_well() -> None:
    plain = "<dekont><avkntckn>{}</avkntckn><senaryo>DEKONT</senaryo><tarih>2024-05-13</tarih></dekont>"
    found = transcribe(('<?xml version="1.0"?>' + plain.format(FACTS.identity_number)).encode(), POLICY.clues)
    assert found.codes == (Coded(FACTS.identity_number, "DEKONT", day="2024-05-13"),)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (xml(FACTS, "TEMELFATURA"), "invoice"),
        (xml(FACTS)[:-20], "invoice"),
        (xml(FACTS).replace(b"?>", b"?><!DOCTYPE a [<!ENTITY b 'c'>]>", 1), "invoice"),
        (xml(FACTS).replace(b"</Receipt>", b"<a>" * 2_000_000), "invoice"),
    ],
    ids=["invoice", "cut off", "entities", "large"],
)
def test_other_xml_stays_what_it_was(data: bytes, problem: str) -> None:
    found = transcribe(data, POLICY.clues)
    assert (found.problem, found.codes) == (problem, ())


@needs_tesseract
def test_data_inside_a_pdf_is_no_enclosure_of_its_own() -> None:
    found = transcribe(in_a_portfolio(receipt_pdf(BILL, FACTS), "dekont.xml", xml(FACTS)), POLICY.clues)
    assert (found.problem, found.inner, found.codes) == ("", (), (SAID,))


# --- codes of strangers ----------------------------------------------------------------------------


def tiled(texts: list[str], columns: int) -> Image.Image:
    drawn = [code(text, 3) for text in texts]
    side = max(picture.width for picture in drawn)
    page = Image.new("L", (columns * side, -(-len(drawn) // columns) * side), "white")
    for at, picture in enumerate(drawn):
        page.paste(picture, (at % columns * side, at // columns * side))
    return page


def of_bytes() -> Image.Image:
    data = random.Random(1).randbytes(600)
    return Image.fromarray(create_barcode(data, BarcodeFormat.QRCode).to_image(scale=4))


def finders() -> Image.Image:
    """Paper full of the three squares by which a code is found, and of no code."""
    page = Image.new("L", (2000, 2600), "white")
    pen = ImageDraw.Draw(page)
    for x in range(10, 1980, 32):
        for y in range(10, 2580, 32):
            pen.rectangle((x, y, x + 27, y + 27), fill=0)
            pen.rectangle((x + 4, y + 4, x + 23, y + 23), fill=255)
            pen.rectangle((x + 8, y + 8, x + 19, y + 19), fill=0)
    return page


@pytest.mark.parametrize(
    "page",
    [
        lambda: tiled([f"https://www.example.org/{n}" for n in range(60)], 8),
        lambda: tiled(["x" * 2_500], 1),
        of_bytes,
        finders,
        lambda: Image.effect_noise((2000, 2600), 200),
    ],
    ids=["many", "long", "bytes", "finders", "noise"],
)
def test_strangers_codes_say_nothing(page: Callable[[], Image.Image]) -> None:
    picture = page()
    found = codes_on(picture)
    assert not found.said
    assert len(found.boxes) <= MOST_CODES


def test_nothing_can_be_hidden_behind_a_code_as_large_as_the_page() -> None:
    page = code(code_text(FACTS), 10)
    found = codes_on(page)
    assert (found.said, found.boxes) == ((SAID,), ())
    word = Word("x", 0, 0, 5, 5)
    assert not sight_of(page, 1.0, [word], frozenset({word}), lambda: 60.0).is_explained


@pytest.mark.parametrize(
    "mischief",
    [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: [None for _ in iter(int, 1)], lambda: 1 // 0],
    ids=["crashes", "never ends", "raises"],
)
def test_what_a_library_does_in_its_fork_harms_nobody(mischief: Callable[[], bytes]) -> None:
    assert answer_of(mischief, 0.5) is None
    assert answer_of(lambda: b"well", 5) == b"well"


def test_pages_of_before_have_no_codes() -> None:
    assert Page(1, 10, 10, (), "text").codes == ()
    assert payment_data(b"", Allowance(), ("DEKONT",)) is None
