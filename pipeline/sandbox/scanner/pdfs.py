"""pdfs: bytes of a PDF → pages of words with boxes, from the text layer where it can be trusted."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pdfplumber
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from pdfplumber.page import Page as PlumbedPage
from PIL import Image

from pipeline.domain import Doubt, FileKind, Page, Region, Source, Transcript, Word
from pipeline.papers.clues import Clues
from pipeline.papers.strength import Terms, lines_of, strength
from pipeline.sandbox.scanner import ocr
from pipeline.sandbox.scanner.additions import (
    differing_pages,
    earlier_revisions,
    noted_pages,
    with_notes_printed,
    written_notes,
)
from pipeline.sandbox.scanner.codes import without_codes
from pipeline.sandbox.scanner.eyes import Sight, sight_of
from pipeline.sandbox.scanner.likeness import likeness
from pipeline.sandbox.scanner.limits import MAX_PREFACE, Allowance
from pipeline.sandbox.scanner.ocr import MAX_OCR_PIXELS, FileReading, read_pages
from pipeline.sandbox.scanner.stamps import stamps_across
from pipeline.sandbox.scanner.tesseract import OcrUnavailable
from pipeline.sandbox.scanner.text_layer import TextLayer, ink_of, paper_of, text_layer
from pipeline.sandbox.scanner.wholeness import told_of

MAX_PAGES = 30
# A0 is 8 million square points; what is larger is no receipt but an attack or a plan.
MAX_PAGE_AREA = 9_000_000
MAX_WORDS = 20_000
DPI = 200
LOOKS_DPI = 40
# Processor seconds for looking at what the text layers of a file say.
CHECK_SECONDS = 12.0

_INCORRECT_PASSWORD = 4
_NO_PAGES = re.compile(rb"/Kids\s*\[\s*\]")
_INVISIBLE = 3
_UNMAPPED = re.compile(r"\(cid:\d+\)|[\ufffd\ue000-\uf8ff]")


def read_pdf(data: bytes, digest: str, clues: Clues) -> Transcript:
    """Reads a PDF into pages of words with the origin at the top left, each by its text layer or by OCR.

    Words of a text layer are in points, words of OCR in pixels. Never raises for bad content. Problems:
    "password_protected", "damaged_file", "no_pages", "too_large", "illegible", "took_too_long",
    "ocr_unavailable", "reader_failed". Notes: "two_readings", "text_unchecked". What nobody sees, what no
    look confirms and what was added later goes into the pages' doubts. `clues` strengthen a reading.
    """
    data = without_preface(data)
    try:
        reading = _read(data, clues)
    # It opened, and something in it cannot be read: whether that is the file's fault, another must say.
    except (MemoryError, pdfium.PdfiumError) as fault:
        reading = FileReading(problem=told_of(fault, data, "pdf"))
    # Anything else is our own fault, and never the sender's.
    except Exception:
        reading = FileReading(problem="reader_failed")
    return Transcript(
        digest, FileKind.PDF, "pdf", pages=reading.pages, problem=reading.problem, notes=reading.notes
    )


def without_preface(data: bytes) -> bytes:
    """Drops what stands in front of a PDF's first line."""
    return data[max(0, data.find(b"%PDF-", 0, MAX_PREFACE)) :]


def _read(data: bytes, clues: Clues) -> FileReading:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        return FileReading(problem=_why_closed(data, error))
    with document:
        if problem := _refusal(document):
            return FileReading(problem=problem)
        document.init_forms()
        layers = _with_doubts(_text_layers(data, document), data, document)
        if sum(len(layer.page.words) for layer in layers) > MAX_WORDS:
            return FileReading(problem="too_large")
        return _seen(document, layers, clues)


def page_picture(data: bytes, number: int) -> Image.Image | None:
    """Renders one page as it is read; None where there is no such page, or none that may be rendered."""
    try:
        with pdfium.PdfDocument(without_preface(data)) as document:
            if _refusal(document) or not 1 <= number <= len(document):
                return None
            document.init_forms()
            return _rendered(document, number)
    except pdfium.PdfiumError:
        return None


def enclosed_in(data: bytes, allowance: Allowance) -> Iterator[tuple[str, bytes]]:
    """Gives the files that a PDF carries, as portfolios do, by name; none where it does not open.

    Raises Unreadable("too_large").
    """
    try:
        document = pdfium.PdfDocument(without_preface(data))
    except pdfium.PdfiumError:
        return
    with document:
        for number in range(document.count_attachments()):
            allowance.take_file()
            attachment = document.get_attachment(number)
            try:
                content = bytes(attachment.get_data())
            except pdfium.PdfiumError:
                continue
            allowance.take_unpacked(len(content))
            yield attachment.get_name(), content


def tells_of_a_payment(transcript: Transcript, clues: Clues) -> bool:
    """Tells whether any page looks like a receipt by itself."""
    return any(strength(page.words, clues.terms).is_receipt_like for page in transcript.pages)


def _why_closed(data: bytes, error: pdfium.PdfiumError) -> str:
    # pdfium fails on a file without pages as well, but then gives the reason of the failure before.
    if _NO_PAGES.search(data):
        return "no_pages"
    if getattr(error, "err_code", None) == _INCORRECT_PASSWORD:
        return "password_protected"
    return told_of(error, data, "pdf")


def _refusal(document: pdfium.PdfDocument) -> str:
    if len(document) > MAX_PAGES:
        return "too_large"
    sizes = (document.get_page_size(i) for i in range(len(document)))
    return "too_large" if any(w * h > MAX_PAGE_AREA for w, h in sizes) else ""


def _seen(document: pdfium.PdfDocument, layers: Sequence[_Layer], clues: Clues) -> FileReading:
    """Completes the text layers by OCR where they cannot be trusted, and looks at those that can."""
    pages = {layer.page.number: layer.page for layer in layers}
    unread = [layer.page.number for layer in layers if layer.needs_ocr]
    try:
        scanned = (
            read_pages(((n, _rendered(document, n)) for n in unread), clues) if unread else FileReading()
        )
    except OcrUnavailable:
        scanned = FileReading(problem="ocr_unavailable")
    for page in scanned.pages:
        doubts = (*page.doubts, *(_all_of(page, d.why) for d in pages[page.number].doubts))
        pages[page.number] = replace(page, doubts=doubts)
    told = [layer.page for layer in layers if not layer.needs_ocr and layer.page.words]
    looked_at, unchecked = _looked_at(document, told, clues)
    pages |= {page.number: page for page in looked_at}
    # A blank or illegible page harms nobody when others can be read.
    problem = "" if scanned.problem == "illegible" and len(unread) < len(pages) else scanned.problem
    notes = (*scanned.notes, "text_unchecked") if unchecked else scanned.notes
    return FileReading(tuple(pages[n] for n in sorted(pages)), problem, notes)


# --- text layers -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Layer:
    """The text layer of one page, and whether the page has to be looked at instead."""

    page: Page
    needs_ocr: bool


def _text_layers(data: bytes, document: pdfium.PdfDocument) -> list[_Layer]:
    try:
        with pdfium.PdfDocument(data) as bare, pdfplumber.open(io.BytesIO(data)) as plumbed:
            bare.init_forms()
            layers = [_text_layer(page, document, bare) for page in plumbed.pages[: len(document)]]
    except MemoryError:
        raise
    # What pdfminer cannot follow pdfium can mostly show.
    except Exception:
        layers = []
    if len(layers) == len(document):
        return layers
    sizes = [document.get_page_size(i) for i in range(len(document))]
    return [_Layer(Page(i + 1, w, h, (), "text"), needs_ocr=True) for i, (w, h) in enumerate(sizes)]


def _text_layer(plumbed: PlumbedPage, document: pdfium.PdfDocument, bare: pdfium.PdfDocument) -> _Layer:
    left, top, right, bottom = map(float, paper_of(plumbed))
    number = plumbed.page_number
    shown = document[number - 1]
    layer = text_layer(plumbed, ink_of(shown, bare[number - 1]) if plumbed.chars else None)
    doubts = tuple(_doubt(Source.HIDDEN, word) for word in layer.words if word in layer.hidden)
    page = Page(number, right - left, bottom - top, layer.words, "text", "", doubts, layer.across)
    area = page.width * page.height
    pictured = max((i["width"] * i["height"] / area for i in plumbed.images), default=0.0) if area else 0.0
    drawn = len(plumbed.curves) + len(plumbed.rects) + len(plumbed.lines)
    plumbed.close()
    if not layer.words and not layer.across and not pictured and drawn < 50:
        return _Layer(page, needs_ocr=False)
    # A scan may bear a line of its maker's, or the unseen text of another's OCR.
    sparse = pictured > 0.3 and len(layer.words) < 25
    # Where the two libraries do not mean the same paper, what one reads is not where the other shows it.
    fits = all(abs(a - b) < 1 for a, b in zip(shown.get_size(), (page.width, page.height), strict=True))
    trusted = fits and not sparse and _readable(layer.words) and not _has_invisible_text(shown)
    return _Layer(page if trusted else replace(page, doubts=()), needs_ocr=not trusted)


def _readable(words: Sequence[Word]) -> bool:
    text = " ".join(word.text for word in words)
    letters = sum(ch.isalpha() for ch in text)
    mapped = letters >= 20 and len(_UNMAPPED.findall(text)) * 20 <= letters
    # A font without its table gives letters enough, but none of our words.
    return mapped and strength(words, Terms()).labels > 0


def _has_invisible_text(page: pdfium.PdfPage) -> bool:
    texts = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT], max_depth=4)
    return any(pdfium_c.FPDFTextObj_GetTextRenderMode(text.raw) == _INVISIBLE for text in texts)


def _doubt(why: Source, word: Word) -> Doubt:
    return Doubt(why, word.x0, word.top, word.x1, word.bottom)


def _all_of(page: Page, why: Source) -> Doubt:
    return Doubt(why, 0.0, 0.0, page.width, page.height)


# --- what was added ----------------------------------------------------------------------------


def _with_doubts(layers: list[_Layer], data: bytes, document: pdfium.PdfDocument) -> list[_Layer]:
    """Reads what was added to the pages as well, and marks what is not the first print."""
    try:
        told = written_notes(document)
        layers = [
            _annotated(layer, told.get(layer.page.number, ()))
            for layer in _with_notes(layers, data, document)
        ]
    except pdfium.PdfiumError:
        layers = [_doubted(layer, Source.UNSEEN) for layer in layers]
    try:
        changed = {n for before in earlier_revisions(data) for n in differing_pages(data, before)}
    except pdfium.PdfiumError:
        changed = {layer.page.number for layer in layers}
    return [_doubted(layer, Source.REVISED) if layer.page.number in changed else layer for layer in layers]


def _with_notes(layers: list[_Layer], data: bytes, document: pdfium.PdfDocument) -> list[_Layer]:
    noted = noted_pages(document)
    printed = with_notes_printed(data) if noted else None
    if printed is None:
        return layers
    with pdfplumber.open(io.BytesIO(printed)) as plumbed:
        together = [text_layer(page, None) for page in plumbed.pages]
    return [
        _noted(layer, told) if layer.page.number in noted else layer
        for layer, told in zip(layers, together, strict=True)
    ]


def _noted(layer: _Layer, told: TextLayer) -> _Layer:
    if layer.needs_ocr:
        # On a picture nobody can tell the note from the print.
        return _doubted(layer, Source.ADDED)
    printed = {_place(word) for word in layer.page.words}
    typed = tuple(word for word in told.words if _place(word) not in printed)
    across = tuple(dict.fromkeys((*layer.page.across, *told.across)))
    doubts = (*layer.page.doubts, *(_doubt(Source.ADDED, word) for word in typed))
    return replace(
        layer, page=replace(layer.page, words=(*layer.page.words, *typed), doubts=doubts, across=across)
    )


def _annotated(layer: _Layer, notes: tuple[str, ...]) -> _Layer:
    """Hears what notes say as well that are printed by no page, but shown by the viewer or when clicked."""
    if not notes:
        return layer
    page = layer.page
    across = tuple(dict.fromkeys((*page.across, *filter(None, notes))))
    layer = replace(layer, page=replace(page, across=across))
    return layer if any(doubt.why == Source.ADDED for doubt in page.doubts) else _doubted(layer, Source.ADDED)


def _place(word: Word) -> tuple[str, int, int]:
    return word.text, round(word.x0), round(word.top)


def _doubted(layer: _Layer, why: Source) -> _Layer:
    doubts = (*layer.page.doubts, _all_of(layer.page, why))
    return replace(layer, page=replace(layer.page, doubts=doubts))


# --- what is seen ------------------------------------------------------------------------------


def _rendered(document: pdfium.PdfDocument, number: int, dpi: int = DPI) -> Image.Image:
    """Renders a page, with fewer dots to the inch where it would have too many pixels."""
    page = document[number - 1]
    width, height = page.get_size()
    scale = min(dpi / 72, math.sqrt(MAX_OCR_PIXELS / max(1.0, width * height)))
    picture: Image.Image = page.render(scale=scale, may_draw_forms=True).to_pil()
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def _rendered_grey(document: pdfium.PdfDocument, number: int) -> Image.Image:
    """Renders a page for looks that need no colours."""
    # In colours at first: what is blended with its ground comes out otherwise in greys, or is gone.
    return _rendered(document, number).convert("L")


def _looked_at(document: pdfium.PdfDocument, pages: Sequence[Page], clues: Clues) -> tuple[list[Page], bool]:
    """Looks at all pages that a value may come from; tells whether that was left undone."""
    regions = clues.deciding(pages)
    until = ocr.spent() + CHECK_SECONDS
    looked_at: list[Page] = []
    unchecked = False
    for page in pages:
        likely = replace(page, likeness=likeness(_rendered(document, page.number, LOOKS_DPI)))
        deciding = frozenset(
            w for w in page.words if any(_is_in(w, r) for r in regions if r.page == page.number)
        )
        try:
            looked_at.append(_with_sight(document, likely, deciding, clues, lambda: until - ocr.spent()))
        except OcrUnavailable:
            unchecked = True
            looked_at.append(replace(likely, doubts=(*page.doubts, _all_of(page, Source.UNSEEN))))
    return looked_at, unchecked


def _with_sight(
    document: pdfium.PdfDocument,
    page: Page,
    deciding: frozenset[Word],
    clues: Clues,
    left: Callable[[], float],
) -> Page:
    if not deciding:
        return replace(page, doubts=(*page.doubts, _all_of(page, Source.UNSEEN)))
    picture = _rendered_grey(document, page.number)
    sight: Sight = sight_of(picture, page.width / picture.width, page.words, deciding, left)
    doubts = [_doubt(Source.HIDDEN, word) for word in page.words if word in sight.unlike]
    doubts += [_doubt(Source.UNSEEN, word) for word in page.words if word in sight.unchecked]
    lines = (" ".join(word.text for word in line) for line in lines_of(sight.besides))
    besides = tuple(
        text
        for text in dict.fromkeys([*(word.text for word in sight.besides), *lines])
        if clues.is_unfinished(text)
    )
    # A picture may be laid across the page as well; what the text layer says stands there it says better.
    is_told = page.across or sight.is_explained
    across = page.across if is_told else _stamped(picture, page, sight, clues, left)
    across = (*across, *besides)
    return replace(page, doubts=(*page.doubts, *doubts), across=across, codes=sight.codes.said)


def _stamped(
    picture: Image.Image, page: Page, sight: Sight, clues: Clues, left: Callable[[], float]
) -> tuple[str, ...]:
    unit = picture.width / page.width
    words = [word.scaled(unit) for word in (*page.words, *sight.besides)]
    cleared = without_codes(picture, sight.codes).convert("L")
    return stamps_across(cleared, words, clues, left)


def _is_in(word: Word, region: Region) -> bool:
    # The least overlap: a value that touches a word at which nobody looked is no value anybody believes.
    return min(word.x1, region.x1) > max(word.x0, region.x0) and min(word.bottom, region.bottom) > max(
        word.top, region.top
    )
