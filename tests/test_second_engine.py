"""The other engine on the lines of doubtful pages: it backs what it reads too, and says what it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from mailbox_fixtures.expect import demo_policy
from pipeline.papers.strength import Terms, repaired_ibans, strength, text_words
from pipeline.sandbox.scanner import ocr, second_engine
from pipeline.sandbox.scanner.ocr import Reading
from pipeline.sandbox.scanner.pictures import plain
from pipeline.sandbox.scanner.preparation import Hypothesis, Measures
from pipeline.sandbox.scanner.second_engine import DIGEST, MODEL, engine_fault, is_installed, texts_of
from pipeline.sandbox.scanner.second_opinion import Opinion, second_opinion
from pipeline.sandbox.scanner.tesseract import ocr_fault
from pipeline.sandbox.workers import WorkerPool
from tests.receipt_damage import damaged, picture_bytes, rasterised
from tests.receipt_material import (
    DIRECTORATE_IBAN,
    ReceiptFacts,
    font_file,
    invented_facts,
    receipt_pdf,
    varied_style,
)
from tests.second_look import texts_in

CLUES = demo_policy().clues
LINE = "TUTAR 1.080,00 TL ayse.yilmaz@example.org"
FACTS = ReceiptFacts()
BILL = "vakifbank-kurum-odemesi"

needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


def drawn(text: str) -> Image.Image:
    picture = Image.new("L", (900, 60), "white")
    font = ImageFont.truetype(str(font_file("arial")), 32)
    ImageDraw.Draw(picture).text((20, 8), text, fill=0, font=font)
    return picture


# --- the engine ------------------------------------------------------------------------------------


def test_the_engine_is_whole_and_reads_lines() -> None:
    assert engine_fault() is None
    assert texts_of([drawn(LINE), drawn("19.05.2024 04:09")]) == (LINE, "19.05.2024 04:09")


def test_a_sealed_worker_has_the_engine() -> None:
    with WorkerPool(1) as pool:
        assert pool.submit(texts_in, picture_bytes(drawn(LINE))).result() == [LINE]


def test_another_file_in_the_models_place_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / MODEL.name
    other.write_bytes(MODEL.read_bytes().replace(b"PaddlePaddle", b"PaddlePuddle")[:-1] + b"?")
    monkeypatch.setattr(second_engine, "MODEL", other)
    assert (engine_fault(), texts_of([drawn(LINE)])) == ("altered", None)


def test_without_the_engine_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_engine, "is_installed", lambda: False)
    assert (engine_fault(), texts_of([drawn(LINE)])) == ("missing", None)
    assert is_installed()


def test_the_notice_names_the_model() -> None:
    assert DIGEST in (MODEL.parent / "README.md").read_text(encoding="utf-8")


# --- what it backs ---------------------------------------------------------------------------------

PAYMENT = "Kurum Ödemesi\nT.C. Kimlik No 10000000146\nTutar 780,00 TL\nİşlem Tarihi 13.05.2024\nDekont banka"
GREYS = Measures(False, False, False, False, False, 4_000_000)
FAX = replace(GREYS, bilevel=True)


def reading(text: str, number: int = 0) -> Reading:
    words = text_words(text)
    return Reading(Hypothesis(soft=number / 10), words, strength(words, CLUES.terms), 30, 30, 20.0)


SEEN = reading(PAYMENT)
OTHER = reading(PAYMENT.replace("780,00", "300,00"), 1)
AGAIN = reading(PAYMENT, 2)
ALL = frozenset(SEEN.strength.proofs)
NUMBERLESS = frozenset(SEEN.strength.unprotected)


@pytest.mark.parametrize(
    ("measures", "looks", "said", "is_backed"),
    [
        (GREYS, (SEEN,), NUMBERLESS, True),
        (GREYS, (SEEN,), frozenset(), False),
        (GREYS, (SEEN,), frozenset(SEEN.strength.unprotected[:1]), False),
        # Looks that differ are a matter for all that the page proves; no minority is backed.
        (GREYS, (SEEN, OTHER), NUMBERLESS, False),
        (GREYS, (SEEN, OTHER), ALL, True),
        (GREYS, (SEEN, OTHER, OTHER), ALL, False),
        (GREYS, (SEEN, OTHER, AGAIN), NUMBERLESS, True),
        (FAX, (SEEN, OTHER), ALL, False),
        (FAX, (SEEN, OTHER, AGAIN), NUMBERLESS, False),
        (FAX, (SEEN, OTHER, AGAIN), ALL, True),
    ],
)
def test_two_engines_that_agree_suffice(
    measures: Measures, looks: tuple[Reading, ...], said: frozenset[Any], is_backed: bool
) -> None:
    assert ocr.is_backed(measures, SEEN, looks, Opinion(said, ())) is is_backed
    assert not ocr.is_backed(measures, SEEN, looks, None)


@pytest.mark.parametrize(("looks", "is_worth_it"), [((SEEN,), False), ((SEEN, AGAIN), True)])
def test_without_greys_the_other_engine_is_one_look_more(
    looks: tuple[Reading, ...], is_worth_it: bool
) -> None:
    assert ocr.is_worth_an_opinion(FAX, SEEN, looks) is is_worth_it
    assert ocr.is_worth_an_opinion(GREYS, SEEN, looks)


STRANGE = [reading(PAYMENT.replace("780,00", "730,00"), number) for number in range(3)]


@pytest.mark.parametrize(
    ("measures", "looks", "is_backed"),
    [
        (FAX, STRANGE, True),
        (FAX, STRANGE[:2], False),
        (FAX, [*STRANGE, OTHER], False),
        (FAX, [*STRANGE, reading(PAYMENT.replace("780,00", "%&,OO"), 4)], False),
    ],
)
def test_an_amount_that_nobody_charges_needs_every_look_at_a_fax(
    measures: Measures, looks: list[Reading], is_backed: bool
) -> None:
    best = looks[0]
    said = frozenset(best.strength.proofs)
    assert ocr.is_backed(measures, best, looks, Opinion(said, ())) is is_backed
    assert not ocr.is_backed(measures, best, looks, Opinion(said - set(best.strength.unprotected), ()))
    is_over = ocr.next_hypothesis(measures, best, looks, ()) is None
    assert is_over is (len(looks) >= 3)


# --- a page ----------------------------------------------------------------------------------------


@needs_tesseract
@pytest.mark.parametrize(
    ("seen", "misread", "both"),
    [
        ("780,00", "300,00", "300,00 TL / 780,00 TL"),
        ("13.05.2024", "18.05.2024", "18.05.2024 10:42:07 / 13.05.2024 10:42:07"),
        # Slashes read as ones are more digits, and yet no day that the other engine could not contradict.
        ("13.05.2024", "1810512024", "1810512024 10:42:07 / 13.05.2024 10:42:07"),
    ],
)
def test_what_every_look_of_one_engine_misreads_the_other_one_does_not_let_pass(
    seen: str, misread: str, both: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ocr.look

    def look(picture: Image.Image, hypothesis: Hypothesis, *how: Any) -> Reading | None:
        found = honest(picture, hypothesis, *how)
        assert found is not None
        words = tuple(replace(w, text=w.text.replace(seen, misread)) for w in found.words)
        return replace(found, words=words, strength=strength(words, CLUES.terms))

    monkeypatch.setattr(ocr, "look", look)
    fax = rasterised(receipt_pdf(BILL, FACTS), 200).convert("1").convert("L")
    found = ocr.read_page(fax, 1, CLUES, 20)
    assert found.contested
    assert [text.replace("  ", " ") for text in found.page.otherwise] == [both]


@needs_tesseract
def test_a_fax_is_looked_at_twice_where_the_other_engine_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    honest, looks = ocr.look, list[str]()

    def look(picture: Image.Image, hypothesis: Hypothesis, *how: Any) -> Reading | None:
        looks.append(hypothesis.name)
        return honest(picture, hypothesis, *how)

    monkeypatch.setattr(ocr, "look", look)
    fax = rasterised(receipt_pdf(BILL, FACTS), 200).convert("1").convert("L")
    found = ocr.read_page(fax, 1, CLUES, 20)
    assert (found.contested, found.page.otherwise, len(looks)) == (False, (), 2)


@pytest.mark.parametrize("blank", [lambda: Image.new("L", (900, 60), "white"), lambda: drawn("TUTAR")])
def test_what_the_other_engine_cannot_read_it_does_not_contradict(blank: Callable[[], Image.Image]) -> None:
    words = tuple(replace(w, x1=w.x1 * 2, bottom=w.top + 40) for w in text_words("TUTAR 780,00 TL"))
    opinion = second_opinion(blank(), words, asked := strength(words, CLUES.terms).proofs, asked)
    assert opinion == Opinion(frozenset(), ())


@pytest.mark.parametrize(("printed", "is_against"), [("27.06.2024", False), ("2110612024", True)])
def test_a_day_that_was_put_together_needs_the_other_engine(printed: str, is_against: bool) -> None:
    words = tuple(replace(w, x1=w.x1 * 2, bottom=w.top + 40) for w in text_words(f"TARİH {printed}"))
    asked = strength(words, CLUES.terms).proofs
    opinion = second_opinion(Image.new("L", (900, 60), "white"), words, asked, asked)
    assert opinion
    assert bool(opinion.otherwise) is is_against


def looking(
    monkeypatch: pytest.MonkeyPatch, seen: str, misread: str, glance: Callable[..., bool] = lambda *_: False
) -> None:
    """Lets every look of tesseract's misread something; what a `glance` says of it is given."""
    honest = ocr.look

    def look(picture: Image.Image, hypothesis: Hypothesis, *how: Any) -> Reading | None:
        found = honest(picture, hypothesis, *how)
        assert found is not None
        words = tuple(replace(w, text=w.text.replace(seen, misread)) for w in found.words)
        return replace(found, words=words, strength=strength(words, CLUES.terms))

    monkeypatch.setattr(ocr, "look", look)
    monkeypatch.setattr(ocr, "glance", glance)


@needs_tesseract
def test_what_check_digits_prove_may_come_from_the_other_engine_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looking(monkeypatch, FACTS.identity_number, FACTS.identity_number.replace("0146", "0746"))
    found = ocr.read_page(rasterised(receipt_pdf(BILL, FACTS), 150), 1, CLUES, 20)
    assert FACTS.identity_number in [word.text for word in found.page.words]
    assert found.page.read_by.endswith("second engine") or "second engine +" in found.page.read_by


@needs_tesseract
def test_an_amount_that_one_engine_alone_reads_is_in_question(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch, "780,00", "78O,O0O")
    found = ocr.read_page(rasterised(receipt_pdf(BILL, FACTS), 150), 1, CLUES, 20)
    assert found.contested


@needs_tesseract
def test_of_an_amount_that_nobody_charges_nobody_is_told_on_one_engines_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The arc of a stamp makes an eight of the last zero, at every size.
    looking(monkeypatch, "780,00", "780,08", glance=lambda *_: True)
    found = ocr.read_page(rasterised(receipt_pdf(BILL, FACTS), 150), 1, CLUES, 20)
    assert found.contested
    assert any("780,08" in both and "780,00" in both for both in found.page.otherwise)


@needs_tesseract
def test_a_day_that_both_looks_of_one_engine_misread_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    day = f"{FACTS.paid_at:%d.%m.%Y}"
    looking(monkeypatch, day, f"2{day[1:]}", glance=lambda *_: True)
    found = ocr.read_page(rasterised(receipt_pdf(BILL, FACTS), 150), 1, CLUES, 20)
    assert found.contested


@needs_tesseract
def test_check_digits_prove_nothing_that_one_of_several_looks_alone_has_read() -> None:
    # On this fax one look reads another IBAN than is printed, whose check digits hold all the same.
    layout, seed = "is-bankasi", 9_111_006
    facts = invented_facts(layout, seed)
    fax = damaged(receipt_pdf(layout, facts, varied_style(seed)), "fax", 91_006)
    found = ocr.read_page(plain(fax), 1, CLUES, 20)
    read = repaired_ibans(" ".join(word.text for word in found.page.words))
    assert found.contested or not read - {facts.payer_iban, facts.payee_iban}


def test_what_several_looks_have_read_needs_no_other_engine() -> None:
    told = strength(
        text_words(f"Tutar 780,00 TL\nTarih 27.06.2024\nAlıcı IBAN: {DIRECTORATE_IBAN}"), CLUES.terms
    )
    one = Reading(Hypothesis(), (), told, good=9)
    another = replace(one, hypothesis=Hypothesis(scale=2.0))
    without = replace(another, strength=replace(told, proofs=told.unprotected))
    kinds = [
        {proof.kind for proof in ocr.to_be_seconded(one, looks)} for looks in ([one, another], [one, without])
    ]
    assert kinds == [{"amount", "date"}, {"amount", "date", "iban"}]


def test_a_day_behind_a_misread_label_is_asked_about_too() -> None:
    # A layout knows "İŞLEM TARİMİ" for its label, and would believe a day that nobody has seconded.
    told = strength(text_words("HESAPTAN FAST\nİŞLEM TARİMİ    0407/2024-03:2937"), Terms())
    assert [(proof.kind, proof.values) for proof in told.unprotected] == [("date", {date(2024, 7, 4)})]
    assert not strength(text_words("HESAPTAN FAST\nİŞLEM TARİHİ"), Terms()).unprotected
