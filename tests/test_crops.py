"""What is doubtful in a held mail is shown to a person: the right place, upright, small, and no more."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import fields
from hashlib import sha256

import pytest
from PIL import Image

from pipeline.domain import (
    Arrival,
    Attachment,
    Consequence,
    Decision,
    Evidence,
    Finding,
    Outcome,
    Page,
    Receipt,
    Region,
    Subject,
    Transcript,
    Unread,
)
from pipeline.judging.read import read
from pipeline.night.exhibits import Exhibit, exhibits_of
from pipeline.night.spots import MOST_SPOTS, Spot, spots_of
from pipeline.papers.clues import Clues
from pipeline.papers.printed import whole_page
from pipeline.papers.strength import text_words
from pipeline.policy.views import READ_FROM, known_fields
from pipeline.sandbox.cutting import card_boxes, cut_out
from pipeline.sandbox.scanner.cut import MOST_BYTES, MOST_WIDTH
from pipeline.sandbox.scanner.ocr import look
from pipeline.sandbox.scanner.preparation import Hypothesis
from pipeline.sandbox.scanner.scan import transcribe
from pipeline.sandbox.scanner.tesseract import ocr_fault
from pipeline.sandbox.workers import WorkerPool
from tests.house import MORNING, House
from tests.in_order import POLICY
from tests.people import PEOPLE
from tests.pictures import photo
from tests.receipt_damage import picture_bytes, rasterised
from tests.receipt_material import ReceiptFacts, receipt_pdf
from tests.test_scan_pages import bomb, locked, scanned_pdf

FACTS = ReceiptFacts()
BILL = receipt_pdf("vakifbank-kurum-odemesi", FACTS)
PRINT = rasterised(BILL, 200)
TABLE = Image.open(io.BytesIO(photo(BILL)))
SIDEWAYS = Image.Exif()
SIDEWAYS[0x112] = 6

needs_tesseract = pytest.mark.skipif(ocr_fault() is not None, reason="tesseract-ocr-tur is missing")


def read_bytes(data: bytes) -> tuple[Transcript, Receipt]:
    transcript = transcribe(data, Clues(amounts=("780.00",)))
    file = Attachment("dekont", "", data, transcript.digest)
    (receipt,) = read([(file, transcript)], POLICY.patterns).receipts
    return transcript, receipt


def words_on(png: bytes | None) -> str:
    assert png is not None
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.width <= MOST_WIDTH
        assert len(png) <= MOST_BYTES
        grey = picture.convert("L")
    framed = Image.new("L", (grey.width + 80, grey.height + 80), 255)
    framed.paste(grey, (40, 40))
    reading = look(framed, Hypothesis(psm=11, scale=1.5), Clues(), 10)
    assert reading is not None
    return " ".join(word.text for word in reading.words)


# --- where it stands ---------------------------------------------------------------------------


@needs_tesseract
@pytest.mark.parametrize(
    "make",
    [
        lambda: BILL,
        lambda: scanned_pdf(Image.new("RGB", (1654, 2339), "white"), PRINT.rotate(180)),
        lambda: picture_bytes(PRINT.rotate(90, expand=True)),
        lambda: picture_bytes(PRINT.rotate(90, expand=True), "JPEG", exif=SIDEWAYS),
        lambda: picture_bytes(TABLE.rotate(270, expand=True), "JPEG", quality=90),
    ],
    ids=["text", "scan-upside-down", "turned", "sideways-by-exif", "photo"],
)
def test_a_field_is_cut_out_with_its_label_and_nothing_else(
    make: Callable[[], bytes], readers: WorkerPool
) -> None:
    data = make()
    transcript, receipt = read_bytes(data)
    (amount,), (number,) = receipt.stands["amount"], receipt.stands["identity_number"]
    seen = words_on(cut_out(readers, data, transcript.digest, amount))
    assert {"İŞLEM", "TUTARI", "780,00"} <= set(seen.split())
    assert not {FACTS.identity_number, "MASRAF"} & set(seen.split())
    assert FACTS.identity_number in words_on(cut_out(readers, data, transcript.digest, number))


def test_every_printed_value_has_its_place_and_goes_on_over_lines() -> None:
    _, receipt = read_bytes(BILL)
    assert {"rail", "amount", "paid_on", "reference", "identity_number", "debtor"} <= set(receipt.stands)
    (title,), (rail,) = receipt.stands["title"], receipt.stands["rail"]
    assert (title.page, title.width, title.height, title.read_by) == (1, 595, 842, "text")
    assert title.top < rail.top < receipt.stands["amount"][0].top
    assert all(0 <= r.x0 < r.x1 <= 595 for told in receipt.stands.values() for r in told)


# --- cutting -----------------------------------------------------------------------------------


def zipped(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("başka.txt", "bir not")
        package.writestr("dekont.pdf", data)
    return stream.getvalue()


def test_a_file_inside_an_archive_is_cut_out_of_it(readers: WorkerPool) -> None:
    digest, page = sha256(BILL).hexdigest(), Region(1, 595, 842, 0, 0, 595, 842, "text")
    inside, alone = (cut_out(readers, data, digest, page) for data in (zipped(BILL), BILL))
    assert inside is not None
    assert inside == alone
    assert cut_out(readers, zipped(BILL), "0" * 64, page) is None


def test_a_picture_that_does_not_compress_is_small_all_the_same(readers: WorkerPool) -> None:
    noise = Image.frombytes("L", (1500, 2000), random.Random(1).randbytes(3_000_000))
    data = picture_bytes(noise)
    region = whole_page(Page(1, 1500, 2000, (), "ocr psm=11"))
    png = cut_out(readers, data, sha256(data).hexdigest(), region)
    assert png is not None
    assert len(png) <= MOST_BYTES
    assert png == cut_out(readers, data, sha256(data).hexdigest(), region)


@pytest.mark.parametrize(
    "data",
    [BILL[:900], locked("parola"), bomb(20_000, 20_000), b"", b"%PDF-1.4"],
    ids=["cut-off", "locked", "bomb", "empty", "header-only"],
)
def test_what_cannot_be_opened_gives_no_picture(data: bytes, readers: WorkerPool) -> None:
    page = Region(1, 595, 842, 0, 0, 595, 842, "text")
    assert cut_out(readers, data, sha256(data).hexdigest(), page) is None


def test_a_page_that_is_not_there_gives_no_picture(readers: WorkerPool) -> None:
    assert cut_out(readers, BILL, sha256(BILL).hexdigest(), Region(2, 0, 0, 0, 0, 0, 0, "text")) is None


# --- cards -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("Kart No  9792 **** **** 1234", 4),
        ("4543********1234", 1),
        ("5400 6100 0000 1234", 4),
        ("T.C. Kimlik No 100******46", 0),
        ("İşlem No 2024051300012345", 0),
        ("Kart okuyucu 1 adet", 0),
        ("TR93 0001 2009 4570 0044 0000 04", 0),
    ],
)
def test_numbers_of_cards_are_found_and_nothing_else(line: str, hidden: int) -> None:
    assert len(card_boxes(Page(1, 600, 800, text_words(line), "text"))) == hidden


@needs_tesseract
def test_the_number_of_a_card_is_painted_over(readers: WorkerPool) -> None:
    data = receipt_pdf("kamusm-sanal-pos", ReceiptFacts(rail="sanal pos"))
    transcript, _ = read_bytes(data)
    (page,) = transcript.pages
    (card, *_) = [word.text for word in page.words if "*" in word.text and len(word.text) > 3]
    open_to_all = words_on(cut_out(readers, data, transcript.digest, whole_page(page)))
    covered = words_on(cut_out(readers, data, transcript.digest, whole_page(page), card_boxes(page)))
    ending = card[-4:]
    assert ending in open_to_all
    assert ending not in covered
    assert FACTS.identity_number in covered


# --- which places ------------------------------------------------------------------------------


def found(subject: Subject, field: str, consequence: Consequence = Consequence.HOLD) -> Finding:
    return Finding("receipt/x", consequence, subject, 0, "", field, "", "", "", "")


AMOUNT, DAY, NUMBER = (Region(1, 600, 800, 10, top, 90, top + 10, "text") for top in (10, 30, 50))
SLIP = Receipt(
    "dekont.pdf", "d", "x", stands={"amount": (AMOUNT,), "paid_on": (DAY,), "identity_number": (NUMBER,)}
)


def held(*findings: Finding, outcome: Outcome = Outcome.HELD) -> Decision:
    evidence = Evidence(receipts=(SLIP,), unread=(Unread("belge.pdf", "unknown_document"),))
    return Decision(outcome, None, evidence, findings)


def test_a_doubt_points_to_what_is_doubted() -> None:
    assert spots_of(held(found(Subject.RECEIPT, "amount"))) == (Spot("dekont.pdf", "amount", AMOUNT),)
    assert spots_of(held(found(Subject.FILE, "problem"))) == (Spot("belge.pdf", "page", None),)
    # Nothing was read there: all of the page may have it.
    assert spots_of(held(found(Subject.RECEIPT, "rail"))) == (Spot("dekont.pdf", "page", None),)


def test_a_place_is_shown_once_and_three_are_enough() -> None:
    every = held(*(found(Subject.RECEIPT, f) for f in ("amount", "payment", "contested", "rail", "state")))
    assert [d.field for d in spots_of(every)] == ["amount", "paid_on", "identity_number"]
    assert len(spots_of(every)) == MOST_SPOTS


def test_what_is_not_doubted_is_not_shown() -> None:
    assert spots_of(held(found(Subject.RECEIPT, "amount", Consequence.RETURN))) == ()
    assert spots_of(held(found(Subject.SUBMISSION, "sender"))) == ()
    assert spots_of(held(found(Subject.RECEIPT, "amount"), outcome=Outcome.RETURNED)) == ()


def test_whatever_rules_ask_of_a_receipt_has_its_place() -> None:
    printed = {f.name for f in fields(Receipt)} | {"title", "state", "type", "product"}
    asked = {
        name.removesuffix("_problem").removesuffix("_written") for name in known_fields()[Subject.RECEIPT]
    }
    assert asked - set(READ_FROM) <= printed
    assert set(READ_FROM) <= asked
    assert {field for told in READ_FROM.values() for field in told} <= printed
    named = {field for told in READ_FROM.values() for field in told} | {"page"}
    assert {field for field in named if POLICY.words_for(field) == field} == set()


# --- through the front door --------------------------------------------------------------------


def exhibits_of_the_hold(house: House) -> tuple[Exhibit, ...]:
    house.poll()
    with house.opened() as shop:
        (judged,) = shop.ledger.open_holds()
        arrival = Arrival(judged.sha, shop.home.raw(judged.sha), MORNING)
        return exhibits_of(arrival, judged.decision, shop.ledger, shop.readers)


@needs_tesseract
@pytest.mark.parametrize("name", ["held/receipt-before-list", "held/photo-of-receipt"])
def test_a_held_mail_shows_its_doubtful_lines(name: str, house: House) -> None:
    house.deliver(name)
    exhibits = exhibits_of_the_hold(house)
    # It is the number that finds no case, whatever its bearer is called.
    assert [exhibit.field for exhibit in exhibits] == ["identity_number"]
    seen = "".join(filter(str.isdigit, words_on(exhibits[0].png)))
    assert any(one.identity_number in seen for one in PEOPLE)


def test_an_unread_file_is_shown_whole(house: House) -> None:
    house.deliver("held/signed-form")
    (exhibit,) = exhibits_of_the_hold(house)
    assert exhibit.field == "page"


def test_a_mail_that_needs_no_look_shows_nothing(house: House) -> None:
    house.deliver("held/complaint")
    assert exhibits_of_the_hold(house) == ()
