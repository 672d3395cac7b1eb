"""What people write, stick and draw upon a receipt's pages: no note is silent, whoever gives it a face."""

from __future__ import annotations

import re

import pypdfium2 as pdfium
import pytest

from pipeline.domain import Page, Word
from pipeline.judging.read import _is_by_the_way
from pipeline.papers.printed import lines_of
from pipeline.sandbox.scanner.additions import written_notes
from pipeline.sandbox.scanner.pdfs import read_pdf
from tests.in_order import POLICY
from tests.receipt_material import LAYOUTS, ReceiptFacts, print_pdf

BILL = print_pdf(LAYOUTS["vakifbank-kurum-odemesi"](ReceiptFacts()))


def annotated(kind: str, more: str = "") -> bytes:
    """Adds a note without a face to the one page of a receipt, in a later revision."""
    page = re.search(
        rb"(\d+) 0 obj\s*<<((?:(?!endobj).)*?/Type\s*/Page\b(?!s)(?:(?!endobj).)*?)>>\s*endobj", BILL, re.S
    )
    assert page
    free = int(re.findall(rb"/Size (\d+)", BILL)[-1])
    note = f"<</Type/Annot/Subtype/{kind}/Rect[200 300 400 320]/F 4{more}>>".encode()
    whole = bytearray(BILL if BILL.endswith(b"\n") else BILL + b"\n")
    places: list[tuple[int, int]] = []
    for number, body in ((int(page[1]), b"<<" + page[2] + b"/Annots[%d 0 R]>>" % free), (free, note)):
        places.append((number, len(whole)))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(whole)
    whole += b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % place for place in sorted(places))
    root = re.findall(rb"/Root (\d+ 0 R)", BILL)[-1]
    before = re.findall(rb"startxref\s+(\d+)", BILL)[-1]
    whole += b"trailer\n<</Size %d/Root %s/Prev %s>>\n" % (free + 1, root, before)
    return bytes(whole + b"startxref\n%d\n%%%%EOF\n" % table)


def notes_in(data: bytes) -> dict[int, tuple[str, ...]]:
    with pdfium.PdfDocument(data) as document:
        return written_notes(document)


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("FreeText", "/DA(/Helv 12 Tf 0 g)/Contents(iptal edildi)", "iptal edildi"),
        ("Text", "/Contents(iptal edildi)", "iptal edildi"),
        ("Highlight", "/QuadPoints[200 320 400 320 200 300 400 300]/Contents(iade)", "iade"),
        ("Stamp", "/Name/Void", ""),
        ("Redact", "/OverlayText(500,00 TL)", ""),
        ("StrikeOut", "/QuadPoints[200 320 400 320 200 300 400 300]", ""),
        ("Square", "/IC[1 1 1]", ""),
        ("Ink", "/InkList[[200 300 400 320]]", ""),
        ("Watermark", "", ""),
        ("Caret", "", ""),
    ],
)
def test_a_note_is_heard_though_it_has_no_face_of_its_own(kind: str, more: str, told: str) -> None:
    assert notes_in(annotated(kind, more)) == {1: (told,)}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("Link", "/Contents(vakifbank)/A<</S/URI/URI(https://example.org)>>"),
        ("Popup", ""),
        ("Highlight", "/QuadPoints[200 320 400 320 200 300 400 300]"),
        ("Underline", "/QuadPoints[200 320 400 320 200 300 400 300]"),
    ],
)
def test_a_link_and_a_marker_without_words_are_no_notes(kind: str, more: str) -> None:
    assert notes_in(annotated(kind, more)) == {}


def test_a_faceless_note_makes_its_page_doubtful() -> None:
    (page,) = read_pdf(annotated("FreeText", "/Contents(iptal edildi)"), "d" * 64, POLICY.clues).pages
    assert "typed_on" in {doubt.why for doubt in page.doubts}
    assert "iptal edildi" in page.across


@pytest.mark.parametrize(
    "sign", ["İPTAL", "İPTAL EDİLDİ", "iade edilmiştir", "TASLAK", "REVERSED", "geri alındı", "lPTAL"]
)
def test_what_a_picture_says_is_heard_by_every_sign_of_the_rules(sign: str) -> None:
    assert POLICY.clues.is_unfinished(sign)


@pytest.mark.parametrize("text", ["Mutlu yarınlar", "VakıfBank", "TOTAL", "Kamu SM", ""])
def test_what_an_advertisement_says_is_no_sign(text: str) -> None:
    assert not POLICY.clues.is_unfinished(text)


@pytest.mark.parametrize(
    ("told", "is_by_the_way"),
    [("Mobil uygulamamızı hemen indirin", True), ("Arka sayfadaki ödeme iptal edilmiştir", False)],
)
def test_a_page_in_front_is_passed_over_only_without_a_sign(told: str, is_by_the_way: bool) -> None:
    words = tuple(Word(word, 60.0 * at, 10, 60.0 * at + 50, 20) for at, word in enumerate(told.split()))
    page = Page(1, 595, 842, words, "text")
    assert lines_of(page) == (told,)
    assert _is_by_the_way(page, POLICY.patterns) is is_by_the_way
