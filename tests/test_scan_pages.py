"""PDFs and pictures as people send them become words with boxes or a named problem."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.lib import pdfencrypt
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Page, Transcript
from pipeline.domain.turkish import IdentityNumber, fold
from pipeline.papers.clues import Clues
from pipeline.papers.strength import lines_of, strength, text_words
from pipeline.sandbox.scanner import ocr, second_engine, tesseract
from pipeline.sandbox.scanner.ocr import Reading, next_hypothesis
from pipeline.sandbox.scanner.pdfs import read_pdf
from pipeline.sandbox.scanner.pictures import read_picture
from pipeline.sandbox.scanner.preparation import Hypothesis, Measures, measured
from pipeline.sandbox.scanner.tesseract import ocr_fault
from tests.receipt_damage import corrected_with_white, damaged, picture_bytes, rasterised
from tests.receipt_material import (
    GLUED,
    LAYOUTS,
    PLAIN,
    ReceiptFacts,
    invented_facts,
    receipt_pdf,
    varied_style,
)

AMOUNTS = ("780.00", "300.00", "1080.00")
CLUES = Clues(amounts=AMOUNTS, rails=demo_policy().rails)
POLICY_CLUES = demo_policy().clues
SAMPLES = Path(__file__).parent / "samples"
FACTS = ReceiptFacts()
BILL = receipt_pdf("vakifbank-kurum-odemesi", FACTS)

needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


def text_of(transcript: Transcript) -> str:
    return " ".join(word.text for page in transcript.pages for word in page.words)


def doubted_in(pdf: bytes) -> set[tuple[str, str]]:
    """Names the words that are doubted, and why, by the clues that a reader of receipts has."""
    return {
        (doubt.why, word.text)
        for page in read_pdf(pdf, "d", POLICY_CLUES).pages
        for doubt in page.doubts
        if doubt.why != "text_unchecked"
        for word in page.words
        if (doubt.x0, doubt.top) == (word.x0, word.top)
    }


def proofs_of(page: Page) -> dict[str, set[object]]:
    found: dict[str, set[object]] = {}
    for proof in strength(page.words, CLUES.terms).proofs:
        found.setdefault(proof.kind, set()).update(proof.values)
    return found


def shows_the_bill(page: Page) -> bool:
    found = proofs_of(page)
    return (
        found["identity_number"] == {IdentityNumber(FACTS.identity_number)}
        and FACTS.amount in found["amount"]
        and found["date"] == {FACTS.paid_at.date()}
    )


# --- PDF: the text layer -----------------------------------------------------------------------


@pytest.mark.usefixtures("no_ocr")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("style", [PLAIN, GLUED, varied_style(1)], ids=["plain", "glued", "varied"])
def test_text_layer_gives_every_printed_word(layout: str, style: object) -> None:
    facts = invented_facts(layout, 1)
    transcript = read_pdf(receipt_pdf(layout, facts, style), "d", CLUES)
    assert (transcript.problem, transcript.notes) == ("", ("text_unchecked",))
    assert [page.read_by for page in transcript.pages] == ["text"]
    together = fold(text_of(transcript)).replace(" ", "")
    printed = LAYOUTS[layout](facts)
    for label, value in printed.rows:
        assert fold(label).replace(" ", "") in together
        assert fold(value).replace(" ", "") in together


@pytest.mark.usefixtures("no_ocr")
def test_boxes_of_a_text_layer_are_points_from_the_top_left() -> None:
    (page,) = read_pdf(BILL, "d", CLUES).pages
    assert (page.width, page.height) == (595, 842)
    bank = next(word for word in page.words if word.text == "VAKIFBANK")
    number = next(word for word in page.words if word.text == FACTS.identity_number)
    assert bank.x0 == pytest.approx(50, abs=1)
    assert 40 < bank.top < bank.bottom < number.top < number.bottom < 842


@pytest.mark.usefixtures("no_ocr")
def test_print_doubled_for_boldness_is_read_once() -> None:
    def draw(canvas: Canvas) -> None:
        for shift in (0, 0.3):
            canvas.drawString(50 + shift, 700, "DEKONT TUTAR 780,00 banka islem")

    assert text_of(read_pdf(drawn(draw), "d", CLUES)) == "DEKONT TUTAR 780,00 banka islem"


@pytest.mark.usefixtures("no_ocr")
def test_words_beside_the_paper_are_not_read() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(50, 700, "DEKONT TUTAR 780,00 banka islem")
        canvas.drawString(700, 700, "TUTAR 300,00")

    assert "300" not in text_of(read_pdf(drawn(draw), "d", CLUES))


def drawn(draw: Callable[[Canvas], None], **options: object) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(595, 842), **options)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


# --- PDF: what cannot be opened ----------------------------------------------------------------


def locked(user_password: str) -> bytes:
    lock = pdfencrypt.StandardEncryption(user_password, ownerPassword="sahip", strength=128)
    return drawn(lambda canvas: canvas.drawString(50, 700, "DEKONT TUTAR 780,00 banka islem"), encrypt=lock)


def emptied(pdf: bytes) -> bytes:
    """Takes the pages out of a PDF without moving its other parts."""
    start = pdf.index(b"/Kids [")
    end = pdf.index(b"]", start) + 1
    emptied = pdf[:start] + b"/Kids []".ljust(end - start) + pdf[end:]
    return emptied.replace(b"/Count 1", b"/Count 0")


def many_pages(count: int) -> bytes:
    def draw(canvas: Canvas) -> None:
        for _ in range(count - 1):
            canvas.showPage()

    return drawn(draw)


@pytest.mark.usefixtures("no_ocr")
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (locked("gizli"), "password_protected"),
        (BILL[: len(BILL) // 2], "damaged_file"),
        (b"%PDF-1.4 and nothing more", "damaged_file"),
        (b"", "damaged_file"),
        (emptied(BILL), "no_pages"),
        (many_pages(31), "too_large"),
    ],
    ids=["password", "half", "head only", "empty", "no pages", "31 pages"],
)
def test_unreadable_pdfs_are_named(data: bytes, problem: str) -> None:
    transcript = read_pdf(data, "d", CLUES)
    assert (transcript.problem, transcript.pages) == (problem, ())


@pytest.mark.usefixtures("no_ocr")
def test_owners_password_alone_locks_nobody_out() -> None:
    assert "780,00" in text_of(read_pdf(locked(""), "d", CLUES))


@pytest.mark.usefixtures("no_ocr")
def test_huge_page_is_refused_before_it_is_rendered() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(14_000, 14_000))
    canvas.showPage()
    canvas.save()
    started = time.thread_time()
    assert read_pdf(stream.getvalue(), "d", CLUES).problem == "too_large"
    assert time.thread_time() - started < 0.5


# --- PDF: what is seen counts ------------------------------------------------------------------


def scanned_pdf(*pictures: Image.Image) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(595, 842))
    for picture in pictures:
        canvas.drawImage(ImageReader(picture), 0, 0, 595, 842)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


@needs_tesseract
def test_scanned_pdf_is_read_by_ocr_and_blank_pages_do_no_harm() -> None:
    blank = Image.new("RGB", (800, 1100), "white")
    transcript = read_pdf(scanned_pdf(rasterised(BILL, 200), blank), "d", CLUES)
    assert (transcript.problem, [page.number for page in transcript.pages]) == ("", [1, 2])
    assert transcript.pages[0].read_by.startswith("ocr")
    assert shows_the_bill(transcript.pages[0])
    assert not transcript.pages[1].words


@needs_tesseract
def test_garbage_text_layer_gives_way_to_ocr() -> None:
    # Without its table a font gives glyph numbers instead of letters.
    garbage = BILL.replace(b"/ToUnicode", b"/ToUnknown")
    (page,) = read_pdf(garbage, "d", CLUES).pages
    assert page.read_by.startswith("ocr")
    assert shows_the_bill(page)


@needs_tesseract
def test_invisible_text_is_not_believed() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(rasterised(BILL, 200)), 0, 0, 595, 842)
        text = canvas.beginText(50, 300)
        text.setTextRenderMode(3)
        text.textLines(["T.C. KİMLİK NO 17291716060", "İŞLEM TUTARI 300,00 TL"] * 4)
        canvas.drawText(text)

    (page,) = read_pdf(drawn(draw), "d", CLUES).pages
    assert page.read_by.startswith("ocr")
    assert shows_the_bill(page)


@needs_tesseract
def test_text_layer_that_its_own_picture_contradicts_is_noted() -> None:
    edited = corrected_with_white(BILL, "780,00", "300,00")
    assert doubted_in(edited) == {("text_differs_from_picture", "780,00")}
    covered = corrected_with_white(BILL, FACTS.identity_number, "           .")
    assert doubted_in(covered) == {("text_differs_from_picture", FACTS.identity_number)}


@needs_tesseract
@pytest.mark.parametrize("layout", LAYOUTS)
def test_honest_text_layers_pass_the_look_at_their_picture(layout: str) -> None:
    facts = invented_facts(layout, 7)
    assert doubted_in(receipt_pdf(layout, facts, varied_style(len(layout)))) == set()


@pytest.mark.usefixtures("no_ocr")
def test_form_fields_are_read_like_print() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(50, 700, "DEKONT banka islem T.C. Kimlik No")
        canvas.acroForm.textfield(value="17291716060", x=300, y=690, width=120, height=20, borderWidth=0)

    assert "17291716060" in text_of(read_pdf(drawn(draw), "d", CLUES))


# --- pictures: formats, modes, orientation -----------------------------------------------------

SCAN = rasterised(BILL, 150)


@needs_tesseract
@pytest.mark.parametrize("file_format", ["jpeg", "png", "webp", "bmp", "gif", "tiff"])
def test_every_picture_format_is_read(file_format: str) -> None:
    transcript = read_picture(picture_bytes(SCAN, file_format.upper()), "d", file_format, CLUES)
    assert (transcript.problem, transcript.format) == ("", file_format)
    assert shows_the_bill(transcript.pages[0])


@needs_tesseract
def test_photographs_of_phones_are_read() -> None:
    heic = read_picture((SAMPLES / "receipt.heic").read_bytes(), "d", "heic", CLUES)
    avif = read_picture(picture_bytes(SCAN, "AVIF"), "d", "heic", CLUES)
    two_shots = picture_bytes(SCAN, "MPO", save_all=True, append_images=[SCAN.rotate(180)])
    mpo = read_picture(two_shots, "d", "jpeg", CLUES)
    assert [t.problem for t in (heic, avif, mpo)] == ["", "", ""]
    assert (mpo.format, len(mpo.pages)) == ("mpo", 1)
    assert all(shows_the_bill(t.pages[0]) for t in (heic, avif, mpo))


@needs_tesseract
def test_pages_of_a_fax_are_pages() -> None:
    fax = damaged(BILL, "fax", 1)
    upside_down = fax.rotate(180)
    tiff = picture_bytes(fax, "TIFF", save_all=True, append_images=[upside_down], compression="group4")
    transcript = read_picture(tiff, "d", "tiff", CLUES)
    assert [page.number for page in transcript.pages] == [1, 2]
    assert all(shows_the_bill(page) for page in transcript.pages)
    assert "rotate=180" in transcript.pages[1].read_by


@needs_tesseract
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_colour_mode_is_read(mode: str) -> None:
    picture = SCAN.convert("L").point(lambda v: v * 256, "I").convert("I;16") if mode == "I;16" else None
    picture = picture or SCAN.convert(mode)
    file_format = "TIFF" if mode == "CMYK" else "PNG"
    transcript = read_picture(picture_bytes(picture, file_format), "d", file_format.lower(), CLUES)
    assert shows_the_bill(transcript.pages[0])


@needs_tesseract
def test_transparent_paper_is_white() -> None:
    clear = Image.new("RGBA", SCAN.size, (0, 0, 0, 0))
    clear.putalpha(SCAN.convert("L").point(lambda v: 255 - v))
    transcript = read_picture(picture_bytes(clear), "d", "png", CLUES)
    assert shows_the_bill(transcript.pages[0])


@needs_tesseract
@pytest.mark.parametrize(("orientation", "turn"), [(3, 180), (6, 90), (8, 270)])
def test_the_cameras_own_note_of_which_way_is_up_is_followed(orientation: int, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    sideways = SCAN.rotate(turn, expand=True)
    data = picture_bytes(sideways, "JPEG", exif=exif, quality=90)
    (page,) = read_picture(data, "d", "jpeg", CLUES).pages
    assert page.read_by == "ocr psm=11"
    assert shows_the_bill(page)


# --- pictures: what cannot be read -------------------------------------------------------------


def bomb(width: int, height: int) -> bytes:
    """Makes a PNG of a few kilobytes that would fill gigabytes."""
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10_000)))


@pytest.mark.usefixtures("no_ocr")
@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (8_000, 8_000), (2_000_000, 400)])
def test_bombs_are_refused_before_they_are_decoded(width: int, height: int) -> None:
    started = time.thread_time()
    assert read_picture(bomb(width, height), "d", "png", CLUES).problem == "too_large"
    assert time.thread_time() - started < 0.1


@pytest.mark.usefixtures("no_ocr")
@pytest.mark.parametrize(
    ("data", "file_format", "problem"),
    [
        (picture_bytes(SCAN, "JPEG")[:20_000], "jpeg", "damaged_file"),
        (picture_bytes(SCAN, "PNG")[:20_000], "png", "damaged_file"),
        (b"\xff\xd8\xff\xe0 no picture", "jpeg", "damaged_file"),
        (picture_bytes(SCAN, "PNG"), "jpeg", "damaged_file"),
        (picture_bytes(Image.new("RGB", (120, 40), "blue")), "png", "too_small"),
        (b"\0\0\0\x18ftypheic and no picture", "heic", "damaged_file"),
    ],
    ids=["cut jpeg", "cut png", "head only", "another format", "logo", "heic head"],
)
def test_unreadable_pictures_are_named(data: bytes, file_format: str, problem: str) -> None:
    transcript = read_picture(data, "d", file_format, CLUES)
    assert (transcript.problem, transcript.pages) == (problem, ())


@needs_tesseract
def test_picture_without_words_is_illegible() -> None:
    meadow = Image.effect_noise((300, 200), 40).convert("RGB")
    assert read_picture(picture_bytes(meadow, "JPEG"), "d", "jpeg", CLUES).problem == "illegible"


# --- without tesseract, and with one that misbehaves -------------------------------------------


@pytest.fixture
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which tesseract was forgotten."""
    monkeypatch.setattr(tesseract, "_LIBRARY", "libforgotten.so.5")


@pytest.mark.usefixtures("no_ocr")
def test_scans_wait_where_tesseract_is_missing_and_text_is_read_all_the_same() -> None:
    assert ocr_fault() == "missing"
    assert read_picture(picture_bytes(SCAN), "d", "png", CLUES).problem == "ocr_unavailable"
    assert read_pdf(scanned_pdf(SCAN), "d", CLUES).problem == "ocr_unavailable"
    assert read_pdf(BILL, "d", CLUES).problem == ""


@needs_tesseract
def test_scans_wait_where_turkish_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert ocr_fault() == "without_turkish"
    assert read_picture(picture_bytes(SCAN), "d", "png", CLUES).problem == "ocr_unavailable"


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


def _toil() -> bytes:
    while True:
        pass


def _wait() -> bytes:
    time.sleep(600)
    return b""


def _die() -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def _stumble() -> bytes:
    raise MemoryError


@needs_tesseract
@pytest.mark.parametrize("mischief", [_toil, _wait, _die, _stumble])
def test_ocr_that_never_ends_is_ended(mischief: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "ATTEMPT_SECONDS", 0.3)
    monkeypatch.setattr(tesseract, "_recognised", lambda *_: mischief())
    before, started = children(), time.perf_counter()
    assert read_picture(picture_bytes(SCAN), "d", "png", CLUES).problem == "took_too_long"
    assert time.perf_counter() - started < 240
    assert children() == before


@needs_tesseract
def test_the_library_reads_what_the_program_reads() -> None:
    grey = SCAN.convert("L")
    program = subprocess.run(
        ["tesseract", "stdin", "stdout", "-l", "tur", "--psm", "11", "tsv"],
        input=picture_bytes(grey, "PPM"),
        capture_output=True,
        check=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    table = tesseract.table_of(grey, psm=11, threshold=0, seconds=20)
    assert table is not None
    assert table.splitlines() == program.stdout.decode().splitlines()[1:]


# --- the ladder --------------------------------------------------------------------------------

PLAIN_PICTURE = Measures(
    blank=False, grainy=False, coloured=False, bilevel=False, shaded=False, pixels=4_000_000
)


def climbed(*readings: Reading, measures: Measures = PLAIN_PICTURE) -> Hypothesis | None:
    best = ocr.strongest(readings, CLUES) if readings else None
    return next_hypothesis(measures, best, readings, ())


def reading(text: str, hypothesis: Hypothesis, good: int = 30, wide: int = 30) -> Reading:
    words = text_words(text)
    return Reading(hypothesis, words, strength(words, CLUES.terms), good, wide, 20.0, hypothesis.name)


STRONG = "Kurum Ödemesi\nT.C. Kimlik No 10000000146\nTutar 780,00 TL\nİşlem Tarihi 13.05.2024\nDekont banka"
SIDEWAYS = reading("", Hypothesis(), good=0, wide=0)
UPSIDE_DOWN = reading("abd\ncxy", Hypothesis(), good=0, wide=40)


SECOND = Hypothesis(soft=0.8, scale=1.5)


def test_ladder_begins_plainly_and_stops_when_two_looks_agree() -> None:
    assert climbed() == Hypothesis()
    assert climbed(reading(STRONG, Hypothesis())) == SECOND
    assert climbed(reading(STRONG, Hypothesis()), reading(STRONG, SECOND)) is None


@needs_tesseract
@pytest.mark.parametrize("is_alone", [False, True])
def test_clean_print_is_looked_at_once_and_its_amount_and_day_twice(
    is_alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    if is_alone:
        monkeypatch.setattr(second_engine, "is_installed", lambda: False)

    def table_of(picture: Image.Image, *how: Any) -> str | None:
        sizes.append(picture.height)
        return tesseract.table_of(picture, *how)

    monkeypatch.setattr(ocr, "table_of", table_of)
    page = ocr.read_page(SCAN, 1, CLUES, 20)
    assert shows_the_bill(page.page)
    # The second time by the other engine; where there is none, by a glance of the same.
    assert (len(sizes), sizes[0], page.contested) == (1 + is_alone, SCAN.height, False)
    assert sizes[-1] < SCAN.height / 5 or not is_alone


@needs_tesseract
@pytest.mark.parametrize(("seen", "misread"), [("13.05.2024", "18.05.2024"), ("780,00", "300,00")])
def test_what_one_look_at_clean_print_got_wrong_is_not_believed(
    seen: str, misread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ocr.look

    def look(picture: Image.Image, hypothesis: Hypothesis, *how: Any) -> Reading | None:
        found = honest(picture, hypothesis, *how)
        if found is None or hypothesis != Hypothesis():
            return found
        words = tuple(replace(w, text=w.text.replace(seen, misread)) for w in found.words)
        assert words != found.words
        return replace(found, words=words, strength=strength(words, CLUES.terms))

    monkeypatch.setattr(ocr, "look", look)
    page = ocr.read_page(SCAN, 1, CLUES, 20)
    assert shows_the_bill(page.page)
    assert not page.contested


def test_ladder_turns_the_page_by_what_the_first_look_showed() -> None:
    assert climbed(SIDEWAYS) == Hypothesis(rotate=90)
    assert climbed(SIDEWAYS, reading("", Hypothesis(rotate=90), 0, 0)) == Hypothesis(rotate=270)
    assert climbed(UPSIDE_DOWN) == Hypothesis(rotate=180)
    upright = reading(STRONG, Hypothesis(rotate=180))
    assert climbed(UPSIDE_DOWN, upright) == replace(SECOND, rotate=180)
    assert climbed(UPSIDE_DOWN, upright, reading(STRONG, replace(SECOND, rotate=180))) is None


def test_ladder_softens_grain_and_bleaches_stamps_first() -> None:
    grainy = Measures(blank=False, grainy=True, coloured=False, bilevel=False, shaded=False, pixels=4_000_000)
    coloured = Measures(
        blank=False, grainy=False, coloured=True, bilevel=False, shaded=False, pixels=4_000_000
    )
    assert climbed(measures=grainy) == Hypothesis(soft=1.1)
    weak = reading(STRONG.replace("780,00", "7?0,OO"), Hypothesis())
    assert climbed(weak, measures=coloured) == Hypothesis(ink="dark")
    assert climbed(weak) == Hypothesis(soft=0.8, scale=1.5)


def test_ladder_asks_for_a_majority_when_two_looks_differ() -> None:
    other = reading(STRONG.replace("780,00", "300,00"), Hypothesis())
    strong = reading(STRONG, SECOND)
    assert climbed(other, strong) is not None
    assert climbed(other, strong, reading(STRONG, Hypothesis(soft=0.8, threshold=2))) is None


FAX = replace(PLAIN_PICTURE, bilevel=True)
LOOKS = (Hypothesis(soft=1.1), Hypothesis(soft=1.1, scale=0.75), Hypothesis(soft=1.6))


def test_only_a_picture_without_any_grey_counts_as_one_without_greys() -> None:
    page = Image.new("L", (800, 800), 255)
    page.paste(0, (10, 10, 90, 20))
    assert measured(page).bilevel
    page.paste(128, (10, 30, 90, 40))
    assert not measured(page).bilevel


def test_ladder_looks_three_times_at_a_payment_without_greys() -> None:
    seen = [reading(STRONG, look) for look in LOOKS]
    assert climbed(*seen[:1], measures=FAX) == LOOKS[1]
    assert climbed(*seen[:2], measures=FAX) == LOOKS[2]
    assert climbed(*seen, measures=FAX) is None


@pytest.mark.parametrize(
    ("text", "is_contested"), [(STRONG, True), (STRONG.replace("Kurum Ödemesi", "Giden EFT"), False)]
)
def test_one_look_that_sees_another_day_is_enough_against_an_acceptance(
    text: str, is_contested: bool
) -> None:
    seen = [reading(text, look) for look in LOOKS[:2]]
    seen.append(reading(text.replace("13.05.2024", "18.05.2024"), LOOKS[2]))
    assert ocr.is_contested(FAX, seen[0], seen) is is_contested
    assert not ocr.is_contested(PLAIN_PICTURE, seen[0], seen)


def test_ladder_looks_at_letters_and_forms_in_rows_and_leaves_them_alone() -> None:
    text = "Sayın yetkili gereğini saygılarımla arz ederim kimlik no 10000000146"
    letter = reading(text, Hypothesis())
    assert climbed(letter) == Hypothesis(psm=6)
    assert climbed(letter, reading(text, Hypothesis(psm=6))) is None


def test_lines_of_another_look_complete_the_best_one() -> None:
    first = reading(STRONG.replace("10000000146", "1000?000146"), Hypothesis())
    second = reading(STRONG.replace("780,00", "7?0,OO"), Hypothesis(ink="dark"))
    best = ocr.strongest([first, second], CLUES)
    assert best.strength.is_complete
    assert best.strength.in_tariff
    assert set(best.read_by.split(" + ")) == {"ocr psm=11", "ocr ink=dark psm=11"}


COMPLETE = frozenset[str]()


def test_ladder_looks_on_for_what_the_bank_prints_and_no_look_has_read() -> None:
    lacking = frozenset({"rail"})
    seen = [replace(reading(STRONG, Hypothesis()), lacks=lacking)]
    assert climbed(*seen) == Hypothesis(soft=0.8, scale=1.5)
    seen.append(replace(reading(STRONG, Hypothesis(soft=0.8, scale=1.5)), lacks=lacking))
    assert climbed(*seen, replace(reading(STRONG, Hypothesis(psm=3)), lacks=COMPLETE)) is None
    # Patience has an end: a receipt may print no rail at all.
    seen += [replace(reading(STRONG, Hypothesis(psm=psm)), lacks=lacking) for psm in (3, 4)]
    assert climbed(*seen) is None


def test_the_look_that_reads_what_the_bank_prints_is_the_best_one() -> None:
    first = replace(reading(STRONG, Hypothesis()), lacks=frozenset({"rail", "amount"}))
    second = replace(reading(STRONG, Hypothesis(ink="dark"), good=29), lacks=frozenset({"rail"}))
    third = replace(reading(STRONG, Hypothesis(ink="flat"), good=30), lacks=frozenset({"layout"}))
    assert ocr.strongest([first, second, third], CLUES).hypothesis == Hypothesis(ink="dark")


@pytest.mark.parametrize("measures", [PLAIN_PICTURE, FAX])
@pytest.mark.parametrize(
    ("others", "is_contested"),
    [((), False), (("788,00",), False), (("788,00", "738,00"), True), (("7B8,O0",), True)],
)
def test_an_amount_that_nobody_charges_is_told_only_where_every_look_sees_it(
    measures: Measures, others: tuple[str, ...], is_contested: bool
) -> None:
    seen = [reading(STRONG.replace("780,00", "788,00"), Hypothesis())]
    seen += [
        reading(STRONG.replace("780,00", other), Hypothesis(psm=3 + n)) for n, other in enumerate(others)
    ]
    assert ocr.is_contested(measures, seen[0], seen) is (is_contested or measures.bilevel)


@pytest.mark.parametrize(
    ("others", "is_in_question"),
    [
        ((), True),
        ((STRONG,), False),
        ((STRONG.replace("13.05.2024", "1?.05.2024"),), True),
        ((STRONG, STRONG.replace("13.05.2024", "1?.05.2024")), False),
        ((STRONG, STRONG.replace("13.05.2024", "18.05.2024")), True),
    ],
)
def test_a_day_that_one_look_alone_saw_is_in_question(others: tuple[str, ...], is_in_question: bool) -> None:
    seen = [reading(STRONG, Hypothesis())]
    seen += [reading(text, Hypothesis(psm=3 + number)) for number, text in enumerate(others)]
    assert ocr.is_in_question(seen[0], seen) is is_in_question
    letter = reading("Sayın yetkili\nTarih 13.05.2024\nGereğini arz ederim", Hypothesis())
    assert not ocr.is_in_question(letter, [letter])


@needs_tesseract
@pytest.mark.parametrize(("turn", "angle"), [(0, 0), (180, 0), (0, 3)])
def test_a_glance_confirms_what_is_printed_and_nothing_else(turn: int, angle: float) -> None:
    picture = SCAN.convert("L").rotate(angle, fillcolor=255)
    picture = picture.transpose(Image.Transpose.ROTATE_180) if turn else picture
    best = ocr.look(picture, Hypothesis(rotate=turn), CLUES, 9)
    assert best is not None
    assert ocr.glance(picture, best, 0.75, 9)
    proofs = best.strength.proofs
    for kind, other in (("amount", Decimal("300.00")), ("date", date(2024, 5, 18))):
        wrong = tuple(replace(p, values=frozenset({other})) if p.kind == kind else p for p in proofs)
        assert not ocr.glance(picture, replace(best, strength=replace(best.strength, proofs=wrong)), 0.75, 9)


@pytest.mark.parametrize(
    ("found", "others", "is_worth_it"),
    [
        (reading(STRONG, Hypothesis()), (), True),
        (replace(reading(STRONG, Hypothesis()), lacks=frozenset({"rail"})), (), False),
        (reading(STRONG.replace("780,00", "7?0,OO"), Hypothesis()), (), False),
        (reading(STRONG, Hypothesis()), (reading(STRONG, Hypothesis(psm=3)),), False),
        (reading(STRONG, Hypothesis(rotate=180)), (UPSIDE_DOWN,), True),
    ],
)
def test_a_glance_is_for_pages_that_were_looked_at_once(
    found: Reading, others: tuple[Reading, ...], is_worth_it: bool
) -> None:
    assert ocr.is_worth_a_glance(PLAIN_PICTURE, found, (found, *others)) is is_worth_it
    assert not ocr.is_worth_a_glance(FAX, found, (found, *others))


# --- the degradations --------------------------------------------------------------------------


@needs_tesseract
@pytest.mark.parametrize(
    "axis", ["clean 100 dpi", "skew", "turned 90", "turned 180", "turned 270", "noise", "stamp", "phone"]
)
def test_damaged_receipts_are_read(axis: str) -> None:
    layout = "vakifbank-transfer"
    facts = ReceiptFacts(rail="fast")
    data = picture_bytes(damaged(receipt_pdf(layout, facts), axis, 2), "PNG")
    transcript = read_picture(data, "d", "png", CLUES)
    (page,) = transcript.pages
    assert (transcript.problem, transcript.notes) == ("", ())
    evidence = strength(page.words, CLUES.terms)
    assert evidence.is_complete
    assert evidence.in_tariff
    assert shows_the_bill(page)


@needs_tesseract
def test_lines_of_a_skewed_page_are_set_level() -> None:
    (page,) = read_picture(picture_bytes(SCAN.rotate(-4, fillcolor="white")), "d", "png", CLUES).pages
    assert "level=" in page.read_by
    lines = [" ".join(word.text for word in line) for line in lines_of(page.words)]
    assert any("KİMLİK NO" in line and FACTS.identity_number in line for line in lines)


# --- hostile bytes -----------------------------------------------------------------------------


def mutated(data: bytes, dice: random.Random) -> bytes:
    body = bytearray(data)
    for _ in range(dice.choice((1, 4, 30, 300))):
        at = dice.randrange(len(body))
        match dice.randrange(4):
            case 0:
                body[at] = dice.randrange(256)
            case 1:
                del body[at : at + dice.randrange(1, 40)]
            case 2:
                body[at:at] = dice.randbytes(dice.randrange(1, 40))
            case _:
                body[at : at + 4] = dice.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        if len(body) < 10:
            break
    return bytes(body)


PROBLEMS = {
    *("", "password_protected", "damaged_file", "no_pages", "too_large", "too_small"),
    *("illegible", "took_too_long", "ocr_unavailable", "reader_failed"),
}


@pytest.mark.usefixtures("no_ocr")
@pytest.mark.parametrize("file_format", ["pdf", "jpeg", "png", "webp", "bmp", "gif", "tiff", "heic"])
def test_mutants_cost_one_answer_each(file_format: str) -> None:
    dice = random.Random(f"mutants {file_format}")
    small = rasterised(receipt_pdf("kamusm-sanal-pos", ReceiptFacts(rail="sanal pos")), 60)
    match file_format:
        case "pdf":
            data = BILL
        case "heic":
            data = (SAMPLES / "receipt.heic").read_bytes()
        case _:
            data = picture_bytes(small, file_format.upper())
    for _ in range(25 if file_format == "pdf" else 50):
        mutant = mutated(data, dice)
        if file_format == "pdf":
            transcript = read_pdf(mutant, "d", CLUES)
        else:
            transcript = read_picture(mutant, "d", file_format, CLUES)
        assert transcript.problem in PROBLEMS
