"""What stands across a page: a piece of its bank's name is no stamp, anything else may be one."""

from __future__ import annotations

import pytest

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Attachment, FileKind, Page, Receipt, Transcript
from pipeline.judging.read import read
from pipeline.papers.aslant import beside_its_name
from pipeline.papers.layouts import Layout
from pipeline.papers.rails import signs_on
from pipeline.papers.strength import text_words
from tests.test_receipt_words import BILL_LINES

POLICY = demo_policy()
RAILS = POLICY.patterns.rails


def layout(name: str) -> Layout:
    return POLICY.layouts[name]


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("yapi-kredi", "KREDİ"),
        ("kuveyt-turk", "KATILIMBANKASIA"),
        ("kuveyt-turk", "Türk Katılım"),
        ("yapi-kredi", "KREDj"),
        ("vakifbank-kurum-odemesi", "VAKIFBANK ÖDEMESİ"),
        ("vakifbank-kurum-odemesi", "Ödemesi Dekontu"),
    ],
)
def test_a_piece_of_the_forms_own_title_is_no_stamp(name: str, piece: str) -> None:
    assert beside_its_name((piece,), layout(name), RAILS) == ()


@pytest.mark.parametrize("told", "İPTAL|ÖRNEKTİR|SAHTE||RED|KREDİ İPTAL|AKBANK|BANK|MAKBUZ".split("|"))
def test_whatever_else_stands_across_is_heard(told: str) -> None:
    for name in POLICY.layouts:
        if not (name == "akbank" and told == "AKBANK"):
            assert beside_its_name((told, "x"), layout(name), RAILS) == (told, "x")


def test_another_kind_of_payment_than_the_forms_is_heard() -> None:
    for told in ("Havale", "VAKIFBANK HAVALE"):
        assert beside_its_name((told,), layout("vakifbank-kurum-odemesi"), RAILS) == (told,)


def test_a_sign_is_heard_though_a_form_of_the_bank_bears_the_word() -> None:
    for sign in (*RAILS.stamps, *RAILS.unfinished):
        word = sign.replace("*", "")
        if signs_on((word,), (), RAILS):
            for name in POLICY.layouts:
                assert beside_its_name((word,), layout(name), RAILS) == (word,)


def receipt(read_by: str, *across: str) -> Receipt:
    page = Page(1, 1000, 1000, text_words("\n".join(BILL_LINES)), read_by, across=across)
    transcript = Transcript("d", FileKind.PDF, "pdf", pages=(page,))
    file = Attachment("a.pdf", "application/pdf", b"", "d")
    (found,) = read([(file, transcript)], POLICY.patterns).receipts
    return found


def test_only_pictures_show_a_title_twice() -> None:
    assert receipt("ocr psm=11", "AKIFBANK", "İPTAL").across == ("İPTAL",)
    # A text layer knows which of its letters lie aslant.
    assert receipt("text", "AKIFBANK").across == ("AKIFBANK",)
