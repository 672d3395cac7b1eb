"""What comes beside a list or a receipt and asks for nothing of its own holds up nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.domain import (
    Attachment,
    Consequence,
    Evidence,
    FileKind,
    Matter,
    Outcome,
    Page,
    Transcript,
    Unread,
)
from pipeline.domain.faults import OperatorFault
from pipeline.judging.judge import judge
from pipeline.judging.read import read
from pipeline.papers.others import load_papers
from pipeline.papers.strength import text_words
from tests.in_order import AYSE, POLICY, SHA, SUKRU, facts_of, judged, mail_from, open_case, row, slip

LETTER = POLICY.papers["official_letter"].samples[0].strip()
RECEIPTS = [sample.text.strip() for sample in POLICY.layouts["vakifbank-kurum-odemesi"].samples]
LIST = "NİTELİKLİ ELEKTRONİK SERTİFİKA BAŞVURU LİSTESİ\nKimlik No    Ad    Soyad\n"


def pdf(name: str, *texts: str) -> tuple[Attachment, Transcript]:
    """A PDF with these texts on its pages."""
    pages = tuple(Page(n + 1, 600, 800, text_words(text), "text") for n, text in enumerate(texts))
    digest = name.encode().hex().ljust(64, "0")[:64]
    return Attachment(name, "application/pdf", b"", digest), Transcript(
        digest, FileKind.PDF, "pdf", pages=pages
    )


LOGO = (
    Attachment("logo.png", "image/png", b"", "e" * 64),
    Transcript("e" * 64, FileKind.PICTURE, "png", problem="too_small"),
)


def reading(*files: tuple[Attachment, Transcript]) -> Evidence:
    """What these files of one mail say."""
    return read(files, POLICY.patterns)


def whys(unread: Sequence[Unread]) -> list[str]:
    """Why files say nothing."""
    return [u.why for u in unread]


def test_a_cover_letter_and_a_logo_beside_a_receipt_are_only_noted() -> None:
    evidence = reading(pdf("yazı.pdf", LETTER), LOGO, pdf("dekont.pdf", RECEIPTS[0]))
    assert whys(evidence.unread) == []
    assert whys(evidence.noted) == ["official_letter", "too_small"]


def test_alone_they_are_told_apart_from_what_cannot_be_read() -> None:
    assert whys(reading(pdf("yazı.pdf", LETTER)).unread) == ["official_letter"]
    assert whys(reading(LOGO).unread) == ["too_small"]


@pytest.mark.parametrize(
    "text",
    [*POLICY.papers["official_letter"].others, LETTER.replace("T.C.", ""), LETTER + "\nkartını bulmuştur"],
)
def test_what_only_resembles_a_cover_letter_waits_for_a_person(text: str) -> None:
    evidence = reading(pdf("yazı.pdf", text), pdf("dekont.pdf", RECEIPTS[0]))
    assert whys(evidence.unread) == ["unknown_document"]


def test_cover_letters_must_prove_themselves() -> None:
    raw = POLICY.papers["official_letter"].model_dump()
    with pytest.raises(OperatorFault, match="paper_sample"):
        load_papers({"official-letter": raw | {"others": raw["samples"]}})


def test_two_receipts_in_one_file_are_two() -> None:
    evidence = reading(pdf("dekontlar.pdf", *RECEIPTS))
    numbers = {r.identity_number.digits for r in evidence.receipts if r.identity_number}
    assert numbers == {AYSE.identity_number, SUKRU.identity_number}


def test_the_same_receipt_on_two_pages_is_one() -> None:
    assert len(reading(pdf("dekont.pdf", RECEIPTS[0], RECEIPTS[0])).receipts) == 1


def test_a_receipt_that_goes_on_overleaf_is_one() -> None:
    begins, ends = RECEIPTS[0].split("İŞLEM TUTARI")
    (receipt,) = reading(pdf("dekont.pdf", begins, "İŞLEM TUTARI" + ends)).receipts
    assert (str(receipt.amount), receipt.identity_number is not None) == ("780.00", True)


# --- beside a list ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ("Sertifikamın süresi doluyor, yenileme için liste ektedir.", True),
        ("E-imza PIN kodum bloke oldu, liste ektedir.", True),
        ("Kaybettiğim e-imza kartımın yenilenmesi için liste ektedir.", False),
        ("Liste ektedir.", False),
    ],
)
def test_a_list_in_a_mail_about_something_else_waits_for_a_person(words: str, held: bool) -> None:
    mail = mail_from(subject="e-imza", text=words)
    decision = judge(Matter(SHA, mail, Evidence(holders=(row(),))), facts_of(), POLICY)
    assert (decision.outcome is Outcome.HELD) is held
    assert ("submission/list-or-other" in {f.rule for f in decision.findings}) is held


def test_what_follows_from_another_fault_is_not_told_as_well() -> None:
    found = judged(slip(identity_number=None), facts=facts_of(open_case())).findings
    assert [f.rule for f in found if f.consequence is Consequence.HOLD] == ["receipt/number-readable"]
    wrong_rail = judged(slip(identity_number=None, rail="EFT"), facts=facts_of(open_case())).findings
    assert [f.rule for f in wrong_rail] == ["receipt/rail"]


@pytest.mark.parametrize(("days", "held"), [(-31, True), (-30, False), (0, False)])
def test_a_payment_long_before_its_list_may_be_of_something_else(days: int, held: bool) -> None:
    paid_on = slip().paid_on
    assert paid_on
    case = replace(open_case(), opened_on=paid_on - timedelta(days=days))
    found = {f.rule for f in judged(slip(), facts=facts_of(case)).findings}
    assert found == ({"receipt/before-list"} if held else set())
