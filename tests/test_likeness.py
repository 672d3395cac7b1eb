"""Pictures of receipts that look alike raise a flag, and decide only where a receipt has no number."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from pipeline.domain import Outcome
from pipeline.ledger.likenesses import _ALIKE
from pipeline.sandbox.scanner.likeness import likeness
from tests.house import IT_UNIT, House, body
from tests.in_order import facts_of, judged, open_case, rules_found, slip
from tests.letters.receipts import BILL, list_mail, paid, receipt_mail
from tests.mails import at
from tests.people import person
from tests.receipt_damage import damaged, picture_bytes
from tests.receipt_material import ReceiptFacts, receipt_pdf

HACER, UMIT = person("Hacer Bağcıvanlı"), person("Ümit Gündoğmuş")
PDF = receipt_pdf(BILL, ReceiptFacts())


def apart(one: Image.Image, other: Image.Image) -> int:
    return (int(likeness(one), 16) ^ int(likeness(other), 16)).bit_count()


def saved_again(picture: Image.Image, quality: int, share: float) -> Image.Image:
    size = int(picture.width * share), int(picture.height * share)
    return Image.open(io.BytesIO(picture_bytes(picture.resize(size), "JPEG", quality=quality)))


@pytest.mark.parametrize("axis", ["phone", "stamp", "clean 200 dpi"])
def test_a_picture_saved_again_looks_like_itself(axis: str) -> None:
    picture = damaged(PDF, axis, 1)
    assert len(likeness(picture)) == 64
    for quality, share in ((80, 0.7), (60, 0.5), (30, 1.0)):
        assert apart(picture, saved_again(picture, quality, share)) <= _ALIKE


def test_another_photograph_of_the_same_receipt_does_not() -> None:
    assert apart(damaged(PDF, "phone", 1), damaged(PDF, "phone", 2)) > _ALIKE


def receive(house: House, day: str) -> None:
    """Delivers two people's lists and receipts of one amount, the second one paid on that day."""
    for who in (HACER, UMIT):
        house.deliver_raw(list_mail(who, at("2024-05-13", "10:05")))
    for who, moment, no in ((HACER, "2024-05-20T12:14:09", 1), (UMIT, f"{day}T12:20:41", 2)):
        house.deliver_raw(
            receipt_mail(who, at("2024-05-22", "13:02"), receipt_pdf(BILL, paid(who, moment, no)))
        )
    house.poll()
    house.nightly()


def warnings_of(house: House) -> str:
    (report,) = [letter for letter in house.letters() if letter["To"] == IT_UNIT]
    return " ".join(body(report).split())


def test_another_persons_receipt_of_the_same_day_and_amount_is_flagged_and_goes_on(
    house: House,
) -> None:
    receive(house, "2024-05-20")
    assert house.ask("SELECT outcome, count(*) FROM decision GROUP BY 1") == [("accepted", 4)]
    assert "dekonta çok benziyor" in warnings_of(house)


def test_of_another_day_it_is_nobodys_concern(house: House) -> None:
    receive(house, "2024-05-21")
    assert house.ask("SELECT outcome, count(*) FROM decision GROUP BY 1") == [("accepted", 4)]
    assert house.ask("SELECT count(*) FROM likeness") == [(2,)]
    assert "dekonta çok benziyor" not in warnings_of(house)


@pytest.mark.parametrize("reference", ["2024000078007919", None])
def test_likeness_holds_only_what_has_no_number(reference: str | None) -> None:
    receipt = slip(reference=reference)
    facts = replace(facts_of(open_case()), alike={receipt.digest: ("G-0000000H",)})
    decision = judged(receipt, facts=facts)
    assert decision.alike == ("G-0000000H",)
    if reference:
        assert (decision.outcome, rules_found(decision)) == (Outcome.ACCEPTED, [])
    else:
        # That another's receipt looks alike is for the desk; the letter says only that somebody will look.
        assert decision.outcome is Outcome.HELD
        assert [(f.rule, f.for_desk) for f in decision.findings] == [
            ("receipt/discreet", False),
            ("receipt/reference-readable", False),
            ("receipt/unlike-others", True),
        ]
