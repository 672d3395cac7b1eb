"""Each value of a receipt knows where it comes from: made once by the reader, and read by everybody else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from mailbox_fixtures.expect import demo_policy
from pipeline.desk.read_values import values_of_receipt
from pipeline.desk.rendering import desk_words
from pipeline.domain import (
    Attachment,
    Coded,
    Doubt,
    FileKind,
    Page,
    Receipt,
    Source,
    Sources,
    Transcript,
)
from pipeline.judging.read import read
from pipeline.papers.strength import text_words
from pipeline.policy.views import Bearer, Facts, receipt_view

POLICY = demo_policy()
PRINTED = """VAKIFBANK
KURUM TAHSİLAT DEKONTU
İŞLEM TÜRÜ: Kurum Ödemesi
KURUM ADI: TUBITAK BILGEM
T.C. KİMLİK NO: 10000000146
İŞLEM TUTARI: 780,00 TL
İŞLEM TARİHİ: 13.05.2024 10:11:12
İŞLEM NO: 2024051300012345"""
WHOLE = (0.0, 0.0, 1000.0, 1000.0)
SAID = Coded("10000000146", "DEKONT", "FTM", "2024-05-13", "300.00", "TRY")


def page(*doubts: Doubt, read_by: str = "text", codes: tuple[Coded, ...] = ()) -> Page:
    return Page(1, 1000, 1000, text_words(PRINTED), read_by, doubts=doubts, codes=codes)


def receipt_on(one: Page) -> Receipt:
    transcript = Transcript("d", FileKind.PDF, "pdf", pages=(one,))
    (receipt,) = read(
        [(Attachment("a.pdf", "application/pdf", b"", "d"), transcript)], POLICY.patterns
    ).receipts
    return receipt


def at(text: str, why: Source) -> Doubt:
    (word,) = (word for word in text_words(PRINTED) if word.text == text)
    return Doubt(why, word.x0, word.top, word.x1, word.bottom)


def test_a_banks_print_is_text_and_nothing_else() -> None:
    sources = receipt_on(page()).sources
    assert {"amount", "paid_on", "identity_number", "reference"} <= set(sources.by_value)
    assert {sources.is_print(value) for value in sources.by_value} == {True}
    assert {*receipt_on(page(read_by="ocr psm=11")).sources.of("amount")} == {Source.PICTURE}


def test_what_hides_is_told_of_its_value_alone() -> None:
    receipt = receipt_on(page(at("780,00", Source.HIDDEN)))
    assert receipt.sources.of("amount") == (Source.TEXT, Source.HIDDEN)
    assert [v for v in receipt.sources.by_value if not receipt.sources.is_print(v)] == ["amount"]
    assert receipt.suspicions == {Source.HIDDEN}


@pytest.mark.parametrize("why", [Source.ADDED, Source.REVISED])
def test_what_was_added_to_a_page_may_have_meant_any_of_its_values(why: Source) -> None:
    sources = receipt_on(page(Doubt(why, 900, 900, 910, 910))).sources
    assert not any(map(sources.is_print, sources.by_value))


def test_a_code_is_a_source_of_what_it_says_as_well() -> None:
    receipt = receipt_on(page(codes=(SAID,)))
    assert [v for v, told in receipt.sources.by_value.items() if Source.CODE in told] == [
        "identity_number",
        "paid_on",
    ]
    assert receipt.coded_otherwise == {"amount": "300.00"}
    assert not receipt.suspicions


@pytest.mark.parametrize(
    ("why", "rule"),
    [
        (Source.HIDDEN, "text_unlike_picture"),
        (Source.UNSEEN, "text_unchecked"),
        (Source.ADDED, "typed_on"),
        (Source.REVISED, "later_revision"),
    ],
)
def test_rules_ask_the_sources_and_what_was_kept_before_them(why: Source, rule: str) -> None:
    today = Facts(date(2024, 5, 14))
    for receipt in (receipt_on(page(Doubt(why, *WHOLE))), replace(receipt_on(page()), notes=(str(why),))):
        asked = receipt_view(receipt, today, Bearer())
        assert {name for name in RULES_OF_SOURCES if asked[name]} == {rule}


RULES_OF_SOURCES = ("text_unlike_picture", "text_unchecked", "typed_on", "later_revision")


@pytest.mark.parametrize(
    "told",
    [(), (Source.CODE,), (Source.TEXT, Source.PICTURE), (Source.TEXT, Source.ADDED, Source.ADDED)],
)
def test_a_value_of_no_source_or_of_two_is_refused(told: tuple[Source, ...]) -> None:
    with pytest.raises(ValueError, match="amount"):
        Sources({"amount": told})


def test_sources_are_kept_with_their_receipt() -> None:
    kept = TypeAdapter(Receipt)
    receipt = receipt_on(page(at("780,00", Source.HIDDEN)))
    assert kept.validate_json(kept.dump_json(receipt)) == receipt
    told = json.loads(kept.dump_json(receipt))
    told["sources"]["by_value"]["amount"] = ["invented"]
    with pytest.raises(ValidationError):
        kept.validate_python(told)
    del told["sources"]
    assert kept.validate_python(told).sources == Sources()


def test_the_desk_has_words_for_every_source() -> None:
    assert set(desk_words()["value_sources"]) == set(Source)
    (amount,) = (
        value
        for value in values_of_receipt(receipt_on(page(at("780,00", Source.HIDDEN))), ())
        if value.field == "amount"
    )
    assert amount.sources == (Source.TEXT, Source.HIDDEN)
