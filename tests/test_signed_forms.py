"""The signed form is known by its words, alone or beside a receipt, and never taken for one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.domain import Attachment, Evidence, FileKind, Page, ScannedForm, Transcript, Unread
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import IdentityNumber
from pipeline.judging.read import read
from pipeline.papers.signed_forms import load_signed_form
from pipeline.papers.strength import text_words
from tests.in_order import POLICY

OWNER = IdentityNumber("10000000146")
FORM = POLICY.signed_form.samples[0].strip()
RECEIPT = POLICY.layouts["vakifbank-kurum-odemesi"].samples[0].text.strip()


def read_scan(pages: Sequence[str]) -> Evidence:
    """Reads one scanned file with these texts on its pages."""
    seen = tuple(Page(n + 1, 600, 800, text_words(text), "ocr psm=11") for n, text in enumerate(pages))
    transcript = Transcript("d" * 64, FileKind.PDF, "pdf", pages=seen)
    file = Attachment("tarama.pdf", "application/pdf", b"", "d" * 64)
    return read([(file, transcript)], POLICY.patterns)


def test_the_form_alone_is_the_form() -> None:
    assert read_scan([FORM]) == Evidence(
        unread=(Unread("tarama.pdf", "signed_form"),), forms=(ScannedForm("tarama.pdf", OWNER),)
    )


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ("T.C. Kimlik No\n10000000146", OWNER),
        ("TCKN: l0000000l46", OWNER),
        ("T.C. Kimlik No 10000000145", None),
        ("Evrak No 10000000146", None),
        ("T.C. Kimlik No 10000000146\nTCKN 10000000078", None),
    ],
    ids=["below", "misread", "wrong", "no-label", "two"],
)
def test_a_form_is_whose_number_holds_beside_its_label(line: str, owner: IdentityNumber | None) -> None:
    (form,) = read_scan([FORM.replace("T.C. Kimlik No    10000000146", line)]).forms
    assert form.identity_number == owner


def test_a_title_misread_by_a_letter_is_the_title() -> None:
    assert read_scan([FORM.replace("SERTİFİKA BAŞVURU", "SERTIFlKA BASVURU")]).unread[0].why == "signed_form"


@pytest.mark.parametrize("pages", [[FORM, RECEIPT], [RECEIPT, FORM]], ids=["first", "last"])
def test_a_receipt_in_the_same_file_is_read_and_the_form_noted(pages: list[str]) -> None:
    evidence = read_scan(pages)
    assert [receipt.layout for receipt in evidence.receipts] == ["vakifbank-kurum-odemesi"]
    assert evidence.noted == (Unread("tarama.pdf", "signed_form"),)
    assert evidence.unread == ()
    assert evidence.forms == (ScannedForm("tarama.pdf", OWNER),)


@pytest.mark.parametrize("back", ["", "TAAHHÜTNAME\nKartımı kimseye vermeyeceğim.\nTarih ve imza"])
def test_the_back_of_the_form_belongs_to_it(back: str) -> None:
    evidence = read_scan([FORM, back])
    assert [u.why for u in evidence.unread] == ["signed_form"]
    assert evidence.noted == ()


def test_what_may_be_a_receipt_of_an_unknown_bank_is_no_back_of_a_form() -> None:
    slip = "BANKA DEKONTU\nİŞLEM TARİHİ    13.05.2024\nTUTAR    780,00 TL\nAÇIKLAMA    NES"
    evidence = read_scan([FORM, slip])
    assert [u.why for u in evidence.unread] == ["unknown_document"]
    assert [u.why for u in evidence.noted] == ["signed_form"]


@pytest.mark.parametrize(
    "text", [RECEIPT, "", "NES başvuru formunu kime göndereceğim?", *POLICY.signed_form.others]
)
def test_what_only_speaks_of_the_form_is_not_the_form(text: str) -> None:
    evidence = read_scan([text])
    assert "signed_form" not in {u.why for u in (*evidence.unread, *evidence.noted)}


def test_words_that_do_not_prove_themselves_do_not_load() -> None:
    raw = POLICY.signed_form.model_dump()
    with pytest.raises(OperatorFault, match="signed_form_sample"):
        load_signed_form(raw | {"least": 9})
    with pytest.raises(OperatorFault, match="signed_form_sample"):
        load_signed_form(raw | {"others": raw["samples"]})
