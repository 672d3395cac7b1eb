"""Whatever goes wrong inside a reader, the sender of a whole file is never told that it is broken."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable

import msoffcrypto
import olefile
import pdfplumber
import pypdfium2 as pdfium
import pytest
import tnefparse
import xlrd
from PIL import Image

from mailbox_fixtures.expect import demo_policy
from pipeline.sandbox.scanner import pdfs, pictures, text_layer
from pipeline.sandbox.scanner.scan import transcribe
from tests import odd_workbooks as odd
from tests.people import PEOPLE
from tests.receipt_damage import picture_bytes, rasterised
from tests.receipt_material import ReceiptFacts, receipt_pdf
from tests.workbooks import entry, official, packed, tnef, xls

CLUES = demo_policy().clues
LIST = official(entry(PEOPLE[0]))
BILL = receipt_pdf("vakifbank-kurum-odemesi", ReceiptFacts())
PHOTO = picture_bytes(rasterised(BILL, 100), "JPEG")
FAULTS: tuple[type[Exception], ...] = (
    *(AttributeError, KeyError, IndexError, TypeError, ValueError, AssertionError, RuntimeError),
    *(OSError, EOFError, UnicodeDecodeError, ZeroDivisionError, RecursionError, NotImplementedError),
    *(struct.error, SyntaxError, StopIteration, TimeoutError, pdfium.PdfiumError),
)
# Where a reader calls a library, or itself, and a whole file that it reads there.
PLACES: tuple[tuple[object, str, bytes], ...] = (
    (pdfium.PdfDocument, "__init__", BILL),
    (pdfium.PdfDocument, "init_forms", BILL),
    (pdfium.PdfPage, "get_objects", BILL),
    (pdfium.PdfPage, "render", BILL),
    (pdfplumber, "open", BILL),
    (text_layer, "_parted", BILL),
    (pdfs, "strength", BILL),
    (pdfs, "earlier_revisions", BILL),
    (pdfs, "noted_pages", BILL),
    (pdfs, "sight_of", BILL),
    (Image, "open", PHOTO),
    (Image.Image, "load", PHOTO),
    (pictures, "plain", PHOTO),
    (pictures, "read_pages", PHOTO),
    (xlrd, "open_workbook", xls(LIST)),
    (xlrd.book.Book, "sheet_by_index", xls(LIST)),
    (olefile, "OleFileIO", xls(LIST)),
    (olefile.OleFileIO, "listdir", xls(LIST)),
    (msoffcrypto, "OfficeFile", odd.xls_with_password(xls(LIST), "VelvetSweatshop")),
    (tnefparse, "TNEF", tnef("FORM-001-003.xls", xls(LIST))),
    (zipfile.ZipFile, "infolist", packed({"FORM-001-003.xls": xls(LIST)})),
)


def thrown(fault: type[Exception]) -> Callable[..., object]:
    def throw(*_arguments: object, **_named: object) -> object:
        if fault is UnicodeDecodeError:
            raise UnicodeDecodeError("utf-8", b"", 0, 1, "a mistake of ours")
        raise fault("a mistake of ours")

    return throw


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[1])
def test_a_mistake_of_ours_is_never_called_the_senders(
    place: tuple[object, str, bytes], fault: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    where, name, data = place
    monkeypatch.setattr(where, name, thrown(fault))
    monkeypatch.setattr("pipeline.sandbox.scanner.tesseract._LIBRARY", "libforgotten.so.5")
    found = transcribe(data, CLUES)
    # A text layer that is not followed is looked at; what is not looked at waits.
    assert found.problem in ("reader_failed", "ocr_unavailable", "")
    assert found.problem or not found.pages or "text_unchecked" in found.notes
