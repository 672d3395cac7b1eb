"""A transfer is a transfer, whatever the bank; and what may be something else waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.domain import (
    Attachment,
    Coded,
    Decision,
    Doubt,
    FileKind,
    Matter,
    Outcome,
    Page,
    Receipt,
    Source,
    Transcript,
)
from pipeline.judging.judge import judge
from pipeline.judging.read import read
from pipeline.papers.rails import load_rails
from pipeline.papers.strength import text_words
from tests.in_order import AYSE, POLICY, SHA, facts_of, mail_from, open_case
from tests.receipt_material import iban

DIRECTORATE = "TR930001200945700044000004"
THEIRS = iban("00205", 1745000041)
PAID = f"""DENEME BANKASI A.Ş.
HESAPTAN FAST
İŞLEM TARİHİ : 13.05.2024 10:42
GÖNDEREN : {AYSE.name}
GÖNDEREN IBAN : {iban("00064", 1745000041)}
ALICI : MEHMET ŞÜKRÜ İNANÖZ
ALICI IBAN : {THEIRS}
TUTAR : 780,00 TL
MASRAF : 6,39 TL
Havale, EFT ve FAST işlemleriniz için şubemize bekleriz."""


def page_of(text: str, number: int = 1) -> Page:
    return Page(number, 600, 800, text_words(text), "text")


def read_page(*pages: Page, notes: tuple[str, ...] = ()) -> Receipt | str:
    """Reads the pages of one file; gives the receipt, or why there is none."""
    transcript = Transcript("d" * 64, FileKind.PDF, "pdf", pages=pages, notes=notes)
    evidence = read(
        [(Attachment("dekont.pdf", "application/pdf", b"", "d" * 64), transcript)], POLICY.patterns
    )
    return evidence.receipts[0] if evidence.receipts else evidence.unread[0].why


def judge_page(*pages: Page, words: str = "Dekontum ektedir.") -> Decision:
    transcript = Transcript("d" * 64, FileKind.PDF, "pdf", pages=pages)
    file = Attachment("dekont.pdf", "application/pdf", b"", "d" * 64)
    evidence = read([(file, transcript)], POLICY.patterns)
    return judge(Matter(SHA, mail_from(text=words), evidence), facts_of(open_case()), POLICY)


# --- what goes back at once --------------------------------------------------------------------------

KINDS = {
    "title": PAID,
    "title with dekont": PAID.replace("HESAPTAN FAST", "FAST DEKONTU"),
    "title glued": PAID.replace("HESAPTAN FAST", "e-DekontFAST GÖNDERİMİ"),
    "EFT": PAID.replace("HESAPTAN FAST", "GİDEN EFT DEKONTU"),
    "havale": PAID.replace("HESAPTAN FAST", "Hesaptan Hesaba Havale"),
    "type line": PAID.replace("HESAPTAN FAST", "İşlem Dekontu\nİŞLEM TÜRÜ : FAST"),
    "type line with gap": PAID.replace("HESAPTAN FAST", "İşlem Dekontu\nİşlem Tipi    Giden Havale"),
    "type line under a vague title": PAID.replace("HESAPTAN FAST", "EFT / Havale Dekontu\nİşlem Türü : EFT"),
    "code of an e-Dekont": PAID.replace("HESAPTAN FAST", "e-Dekont\nSenaryo/Dekont Tipi : DEKONT/HVL"),
    "sections": PAID.replace("ALICI : ", "ALICI\nAd Soyad : ").replace("ALICI IBAN", "IBAN"),
    "no colons": PAID.replace(" : ", "    "),
    "TÜBİTAK's own account": PAID.replace("MEHMET ŞÜKRÜ İNANÖZ", "TÜBİTAK BİLGEM"),
}


@pytest.mark.parametrize("what", KINDS)
def test_a_transfer_on_an_unknown_form_goes_back_with_the_two_ways(what: str) -> None:
    decision = judge_page(page_of(KINDS[what]))
    assert decision.outcome is Outcome.RETURNED
    assert [finding.rule for finding in decision.findings] == ["receipt/rail"]
    assert "sanalpos.kamusm.gov.tr" in decision.findings[0].remedy
    assert decision.entries == decision.withheld == ()


def test_nothing_but_the_transfer_is_known() -> None:
    receipt = read_page(page_of(PAID))
    assert isinstance(receipt, Receipt)
    assert (receipt.rail, receipt.iban, str(receipt.amount)) == ("FAST", THEIRS, "780.00")
    assert (receipt.identity_number, receipt.reference, receipt.payer) == (None, None, None)


# --- what a person looks at --------------------------------------------------------------------------

TITLE, ACCOUNT = "HESAPTAN FAST", f"ALICI IBAN : {THEIRS}"
DOUBTS: dict[str, Callable[[str], str]] = {
    "masked account": lambda t: t.replace(THEIRS, "TR26 0020 **** **** **** **00 41"),
    "mistyped account": lambda t: t.replace(THEIRS, THEIRS[:-1] + "9"),
    "account without label": lambda t: t.replace("ALICI IBAN : ", ""),
    "account with a label nobody knows": lambda t: t.replace("ALICI IBAN", "KARŞI TARAF"),
    "payer's account alone": lambda t: t.replace(ACCOUNT, "ALICI BANKA : KUVEYT TÜRK"),
    "two accounts": lambda t: f"{t}\nALICI IBAN : {iban('00012', 1745000042)}",
    "two payments": lambda t: f"{t}\n{t}",
    "two amounts": lambda t: f"{t}\nİŞLEM TUTARI : 300,00 TL",
    "no amount": lambda t: t.replace("TUTAR :", "BAKİYE :"),
    "no day": lambda t: t.replace("İŞLEM TARİHİ", "BASIM TARİHİ"),
    "no kind": lambda t: t.replace(TITLE, "İŞLEM DEKONTU"),
    "two kinds": lambda t: t.replace(TITLE, "EFT / HAVALE DEKONTU"),
    "title and menu": lambda t: t.replace(TITLE, "Havale\nEFT\nFAST"),
    "an advertisement": lambda t: t.replace(TITLE, "İŞLEM DEKONTU\nFAST ile 7/24 para gönderin!"),
    "a fee": lambda t: t.replace(TITLE, "İŞLEM DEKONTU") + "\nHAVALE/EFT ÜCRETİ : 0,00 TL",
    "in the body alone": lambda t: t.replace(TITLE, "İŞLEM DEKONTU") + "\nFAST",
    "a kind nobody knows": lambda t: t.replace(TITLE, "İŞLEM DEKONTU\nİŞLEM TÜRÜ : FAST ile ödeme"),
    "how it shall be paid": lambda t: t.replace(TITLE, "İŞLEM DEKONTU\nÖDEME TÜRÜ : HAVALE"),
    "a bill": lambda t: t.replace(TITLE, "İŞLEM DEKONTU\nİŞLEM TÜRÜ : Kurum Ödemesi"),
    "kurum ödemesi elsewhere": lambda t: f"{t}\nKURUM ÖDEMESİ",
    "a company": lambda t: f"{t}\nKURUM ADI : TÜBİTAK BİLGEM",
    "a subscriber": lambda t: f"{t}\nABONE NO : 12345",
    "a card": lambda t: f"{t}\nONAY KODU : A1B2C3",
    "an order": lambda t: f"{t}\nSİPARİŞ NO : 4711",
    "a due date": lambda t: f"{t}\nSON ÖDEME TARİHİ : 20.05.2024",
    "taken back": lambda t: f"{t}\nİADE EDİLMİŞTİR",
    "waiting": lambda t: f"{t}\nDURUM : Onay bekliyor",
    "a state nobody knows": lambda t: f"{t}\nDURUM : Alındı",
    "received": lambda t: t.replace(TITLE, "GELEN FAST"),
    "a sample": lambda t: f"ÖRNEKTİR\n{t}",
}


@pytest.mark.parametrize("what", DOUBTS)
def test_whatever_may_be_something_else_is_left_to_a_person(what: str) -> None:
    changed = DOUBTS[what](PAID)
    assert changed != PAID
    decision = judge_page(page_of(changed))
    assert decision.outcome is Outcome.HELD, decision.findings
    assert decision.entries == ()


@pytest.mark.parametrize(
    "page",
    [
        replace(page_of(PAID), read_by="ocr psm=6"),
        replace(page_of(PAID), across=("İPTAL",)),
        replace(page_of(PAID), doubts=(Doubt(Source.ADDED, 0, 0, 1, 1),)),
        replace(page_of(PAID), doubts=(Doubt(Source.HIDDEN, 0, 20, 100, 30),)),
        replace(page_of(PAID), doubts=(Doubt(Source.UNSEEN, 0, 0, 600, 800),)),
    ],
    ids=["picture", "stamped", "typed on", "hidden", "not looked at"],
)
def test_what_is_not_the_bank_s_plain_print_is_left_to_a_person(page: Page) -> None:
    assert judge_page(page).outcome is Outcome.HELD


def test_a_text_that_nobody_could_compare_with_its_picture_is_left_to_a_person() -> None:
    assert read_page(page_of(PAID), notes=("text_unchecked",)) == "unknown_document"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (Coded(scenario="DEKONT", day="2024-05-13", amount="780.00"), Outcome.RETURNED),
        (Coded(scenario="DEKONTIPTAL", day="2024-05-13", amount="780.00"), Outcome.HELD),
        (Coded(scenario="DEKONT", day="2024-05-13", amount="300.00"), Outcome.HELD),
        (Coded(scenario="DEKONT", kind="FTM"), Outcome.HELD),
    ],
)
def test_a_code_that_says_something_else_leaves_it_to_a_person(code: Coded, outcome: Outcome) -> None:
    eft = PAID.replace("HESAPTAN FAST", "GİDEN EFT DEKONTU")
    assert judge_page(replace(page_of(eft), codes=(code,))).outcome is outcome


def test_a_second_page_with_a_payment_is_left_to_a_person() -> None:
    assert judge_page(page_of(PAID), page_of(PAID, 2)).outcome is Outcome.HELD


# --- whose way it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (DIRECTORATE, "Dekontum ektedir."),
        (DIRECTORATE, "Kayıp e-imzam için dekontum ektedir."),
        (THEIRS, "Aile hekimiyim, yenileme ücretini yatırdım."),
        (THEIRS, "Hemşireyim, yenileme için ödedim."),
    ],
)
def test_who_pays_by_transfer_or_paid_to_us_is_not_refused(account: str, words: str) -> None:
    decision = judge_page(page_of(PAID.replace(THEIRS, account)), words=words)
    assert decision.outcome is Outcome.HELD


def test_what_the_receipt_itself_says_of_a_family_physician_counts() -> None:
    decision = judge_page(page_of(f"{PAID}\nAÇIKLAMA : Dr. Ayşe, aile hekimi NES"))
    assert decision.outcome is Outcome.HELD


def test_our_account_beside_another_is_not_refused() -> None:
    beside = PAID.replace("MASRAF : 6,39 TL", f"NOT : {DIRECTORATE}")
    assert judge_page(page_of(beside)).outcome is Outcome.HELD


# --- the words -----------------------------------------------------------------------------------------


def test_rules_of_before_know_no_unknown_form() -> None:
    raw = POLICY.rails.model_dump(exclude={"unknown_form"})
    rails = load_rails(raw)
    transcript = Transcript("d" * 64, FileKind.PDF, "pdf", pages=(page_of(PAID),))
    file = Attachment("dekont.pdf", "application/pdf", b"", "d" * 64)
    evidence = read([(file, transcript)], replace(POLICY.patterns, rails=rails))
    assert [unread.why for unread in evidence.unread] == ["unknown_document"]
