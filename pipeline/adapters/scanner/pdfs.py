"""pdfs: bytes of a PDF → pages of words with boxes, from the text layer where it can be trusted."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pdfplumber
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from pdfplumber.page import Page as PlumbedPage
from PIL import Image

from pipeline.adapters.scanner.likeness import likeness
from pipeline.adapters.scanner.ocr import MAX_OCR_PIXELS, FileReading, look, read_pages
from pipeline.adapters.scanner.preparation import Hypothesis
from pipeline.adapters.scanner.tesseract import OcrUnavailable
from pipeline.clues import Clues
from pipeline.domain import FileKind, Page, Transcript, Word
from pipeline.evidence_strength import refuted, strength, unseen

MAX_PAGES = 30
# A0 is 8 million square points; what is larger is no receipt but an attack or a plan.
MAX_PAGE_AREA = 9_000_000
MAX_WORDS = 20_000
DPI = 200
LOOKS_DPI = 40
CHECK_SECONDS = 4.0
# Whoever edits a receipt edits a receipt, not a brochure.
MAX_CHECKED_PAGES = 2

# Share of the letter size that parts two words: a fixed gap in points glues small print together.
_WORD_GAP = 0.2
_INCORRECT_PASSWORD = 4
_NO_PAGES = re.compile(rb"/Kids\s*\[\s*\]")
_INVISIBLE = 3
_UNMAPPED = re.compile(r"\(cid:\d+\)|[\ufffd\ue000-\uf8ff]")


def read_pdf(data: bytes, digest: str, clues: Clues) -> Transcript:
    """Reads a PDF into pages of words with the origin at the top left, each by its text layer or by OCR.

    Words of a text layer are in points, words of OCR in pixels. Never raises for bad content. Problems:
    "password_protected", "damaged_file", "no_pages", "too_large", "illegible", "took_too_long",
    "ocr_unavailable". Notes: "two_readings", "text_differs_from_picture". `amounts` are tariff amounts
    such as "780.00" that strengthen an OCR reading.
    """
    try:
        reading = _read(data, clues)
    except MemoryError:
        reading = FileReading(problem="too_large")
    # pdfminer and pdfium answer broken files with every type of exception there is.
    except Exception:
        reading = FileReading(problem="damaged_file")
    return Transcript(
        digest, FileKind.PDF, "pdf", pages=reading.pages, problem=reading.problem, notes=reading.notes
    )


def _read(data: bytes, clues: Clues) -> FileReading:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        return FileReading(problem=_why_closed(data, error))
    with document:
        if problem := _refusal(document):
            return FileReading(problem=problem)
        document.init_forms()
        layers = _text_layers(_flattened(document) or data, document)
        if sum(len(layer.page.words) for layer in layers) > MAX_WORDS:
            return FileReading(problem="too_large")
        return _seen(document, layers, clues)


def page_picture(data: bytes, number: int) -> Image.Image | None:
    """Renders one page as it is read; None where there is no such page, or none that may be rendered."""
    try:
        with pdfium.PdfDocument(data) as document:
            if _refusal(document) or not 1 <= number <= len(document):
                return None
            document.init_forms()
            return _rendered(document, number)
    except pdfium.PdfiumError:
        return None


def _why_closed(data: bytes, error: pdfium.PdfiumError) -> str:
    # pdfium fails on a file without pages as well, but then gives the reason of the failure before.
    if _NO_PAGES.search(data):
        return "no_pages"
    locked = getattr(error, "err_code", None) == _INCORRECT_PASSWORD
    return "password_protected" if locked else "damaged_file"


def _refusal(document: pdfium.PdfDocument) -> str:
    if len(document) > MAX_PAGES:
        return "too_large"
    sizes = (document.get_page_size(i) for i in range(len(document)))
    return "too_large" if any(w * h > MAX_PAGE_AREA for w, h in sizes) else ""


def _seen(document: pdfium.PdfDocument, layers: Sequence[_Layer], clues: Clues) -> FileReading:
    """Completes the text layers by OCR where they cannot be trusted, and checks those that can."""
    pages = {layer.page.number: layer.page for layer in layers}
    unread = [layer.page.number for layer in layers if layer.needs_ocr]
    try:
        scanned = (
            read_pages(((n, _rendered(document, n)) for n in unread), clues) if unread else FileReading()
        )
        honest = len(pages) > MAX_CHECKED_PAGES or all(
            _agrees(document, layer.page, clues) for layer in layers if not layer.needs_ocr
        )
    except OcrUnavailable:
        return FileReading(tuple(pages.values()), "ocr_unavailable" if unread else "")
    for layer in layers[:MAX_CHECKED_PAGES]:
        if not layer.needs_ocr and layer.page.words:
            looks = likeness(_rendered(document, layer.page.number, LOOKS_DPI))
            pages[layer.page.number] = replace(layer.page, likeness=looks)
    pages |= {page.number: page for page in scanned.pages}
    # A blank or illegible page harms nobody when others can be read.
    problem = "" if scanned.problem == "illegible" and len(unread) < len(pages) else scanned.problem
    notes = scanned.notes if honest else (*scanned.notes, "text_differs_from_picture")
    return FileReading(tuple(pages[n] for n in sorted(pages)), problem, notes)


# --- text layers -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Layer:
    """The text layer of one page, and whether the page has to be looked at instead."""

    page: Page
    needs_ocr: bool


def _text_layers(data: bytes, document: pdfium.PdfDocument) -> list[_Layer]:
    try:
        with pdfplumber.open(io.BytesIO(data)) as plumbed:
            layers = [_text_layer(page, document) for page in plumbed.pages]
    except MemoryError:
        raise
    # What pdfminer cannot follow pdfium can mostly show.
    except Exception:
        layers = []
    if len(layers) == len(document):
        return layers
    sizes = [document.get_page_size(i) for i in range(len(document))]
    return [_Layer(Page(i + 1, w, h, (), "text"), needs_ocr=True) for i, (w, h) in enumerate(sizes)]


def _text_layer(plumbed: PlumbedPage, document: pdfium.PdfDocument) -> _Layer:
    left, top, right, bottom = plumbed.bbox
    words = tuple(_words(plumbed, left, top, right, bottom))
    page = Page(plumbed.page_number, float(right - left), float(bottom - top), words, "text")
    area = page.width * page.height
    pictured = max((i["width"] * i["height"] / area for i in plumbed.images), default=0.0) if area else 0.0
    drawn = len(plumbed.curves) + len(plumbed.rects) + len(plumbed.lines)
    plumbed.close()
    if not words and not pictured and drawn < 50:
        return _Layer(page, needs_ocr=False)
    # A scan may bear a line of its maker's, or the unseen text of another's OCR.
    sparse = pictured > 0.3 and len(words) < 25
    trusted = not sparse and _readable(words) and not _has_invisible_text(document[page.number - 1])
    return _Layer(page, needs_ocr=not trusted)


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


def _readable(words: Sequence[Word]) -> bool:
    text = " ".join(word.text for word in words)
    letters = sum(ch.isalpha() for ch in text)
    mapped = letters >= 20 and len(_UNMAPPED.findall(text)) * 20 <= letters
    # A font without its table gives letters enough, but none of our words.
    return mapped and strength(words, ()).labels > 0


def _has_invisible_text(page: pdfium.PdfPage) -> bool:
    texts = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT], max_depth=4)
    return any(pdfium_c.FPDFTextObj_GetTextRenderMode(text.raw) == _INVISIBLE for text in texts)


def _flattened(document: pdfium.PdfDocument) -> bytes | None:
    """Prints form fields and typed notes into their pages, where text layers have them; None without any."""
    changed = False
    for page in document:
        if pdfium_c.FPDFPage_GetAnnotCount(page.raw):
            changed = page.flatten() == pdfium_c.FLATTEN_SUCCESS or changed
    if not changed:
        return None
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


# --- what is seen ------------------------------------------------------------------------------


def _rendered(document: pdfium.PdfDocument, number: int, dpi: int = DPI) -> Image.Image:
    """Renders a page, with fewer dots to the inch where it would have too many pixels."""
    page = document[number - 1]
    width, height = page.get_size()
    scale = min(dpi / 72, math.sqrt(MAX_OCR_PIXELS / max(1.0, width * height)))
    picture: Image.Image = page.render(scale=scale, may_draw_forms=True).to_pil()
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def _agrees(document: pdfium.PdfDocument, page: Page, clues: Clues) -> bool:
    """Tells whether what the text layer proves can be seen on the page as well."""
    told = strength(page.words, clues.amounts)
    if not told.proofs:
        return True
    doubtful = told.proofs
    looks: list[list[Word]] = []
    for hypothesis in (Hypothesis(), Hypothesis(soft=0.8, scale=1.5)):
        picture = _rendered(document, page.number)
        reading = look(picture, hypothesis, clues, CHECK_SECONDS)
        if reading is None:
            return True
        looks.append([_in_points(word, page.width / picture.width) for word in reading.words])
        missing = unseen(told, looks[-1])
        doubtful = tuple(proof for proof in doubtful if proof in missing)
        if not doubtful:
            return True
    return not refuted(doubtful, looks, clues.amounts)


def _in_points(word: Word, unit: float) -> Word:
    return Word(word.text, word.x0 * unit, word.top * unit, word.x1 * unit, word.bottom * unit)
