"""pdfs: bytes of a PDF → pages of words with boxes, from the text layer where it can be trusted."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pdfplumber
import pypdfium2 as pdfium
from pdfplumber.page import Page as PlumbedPage

from pipeline.domain import FileKind, Page, Transcript, Word

MAX_PAGES = 30
# A0 is 8 million square points; what is larger is no receipt but an attack or a plan.
MAX_PAGE_AREA = 9_000_000
MAX_WORDS = 20_000

# Share of the letter size that parts two words: a fixed gap in points glues small print together.
_WORD_GAP = 0.2
_INCORRECT_PASSWORD = 4
_UNMAPPED = re.compile(r"\(cid:\d+\)|[\ufffd\ue000-\uf8ff]")


def read_pdf(data: bytes, digest: str, amounts: tuple[str, ...]) -> Transcript:
    """Reads a PDF into pages of words, in points with the origin at the top left.

    Never raises for bad content. Problems: "password_protected", "damaged_file", "no_pages",
    "too_large". `amounts` are tariff amounts such as "780.00" that strengthen an OCR reading.
    """
    try:
        problem = _refusal(data)
        return _transcript(digest, problem=problem) if problem else _read(data, digest)
    except MemoryError:
        return _transcript(digest, problem="too_large")
    # pdfminer and pdfium answer broken files with every type of exception there is.
    except Exception:
        return _transcript(digest, problem="damaged_file")


def _transcript(digest: str, pages: tuple[Page, ...] = (), problem: str = "") -> Transcript:
    return Transcript(digest, FileKind.PDF, "pdf", pages=pages, problem=problem)


def _refusal(data: bytes) -> str:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = getattr(error, "err_code", None) == _INCORRECT_PASSWORD
        return "password_protected" if locked else "damaged_file"
    with document:
        if not len(document):
            return "no_pages"
        if len(document) > MAX_PAGES:
            return "too_large"
        sizes = [document.get_page_size(i) for i in range(len(document))]
    return "too_large" if any(w * h > MAX_PAGE_AREA for w, h in sizes) else ""


def _read(data: bytes, digest: str) -> Transcript:
    with pdfplumber.open(io.BytesIO(data)) as document:
        pages = tuple(_plumbed(page) for page in document.pages)
    if not pages:
        return _transcript(digest, problem="no_pages")
    if sum(len(page.words) for page in pages) > MAX_WORDS:
        return _transcript(digest, problem="too_large")
    problem = "" if all(_readable(page) for page in pages) else "needs_ocr"
    return _transcript(digest, pages, problem)


def _plumbed(page: PlumbedPage) -> Page:
    left, top, right, bottom = page.bbox
    words = tuple(_words(page, left, top, right, bottom))
    page.close()
    return Page(page.page_number, float(right - left), float(bottom - top), words, "text")


def _words(page: PlumbedPage, left: float, top: float, right: float, bottom: float) -> Iterator[Word]:
    # Banks print bold by printing twice; without this every such letter is read twice.
    for word in page.dedupe_chars().extract_words(x_tolerance_ratio=_WORD_GAP):
        middle_x, middle_y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
        # What lies beside the paper is seen by nobody.
        if left <= middle_x <= right and top <= middle_y <= bottom:
            yield Word(
                word["text"],
                float(word["x0"] - left),
                float(word["top"] - top),
                float(word["x1"] - left),
                float(word["bottom"] - top),
            )


def _readable(page: Page) -> bool:
    text = " ".join(word.text for word in page.words)
    letters = sum(ch.isalpha() for ch in text)
    unmapped = len(_UNMAPPED.findall(text))
    return letters >= 20 and unmapped * 20 <= letters
