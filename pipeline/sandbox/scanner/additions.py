"""additions: what somebody added to a PDF after it was printed: typed notes, form fields, later revisions."""

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Iterator

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

# More revisions than a bank, a signature and a mail program make is somebody's work.
MOST_REVISIONS = 8
_END = re.compile(rb"%%EOF[ \t]*(?:\r\n|\r|\n)?")
# What is shown only if it brings a face of its own.
_FACELESS = frozenset({pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP})
# Links and the windows of notes say nothing themselves, and form fields are printed into their page.
_NO_NOTES = frozenset({pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP, pdfium_c.FPDF_ANNOT_WIDGET})
# With a marker people show where to look; what it hides is found by drawing the page.
_MARKERS = frozenset({pdfium_c.FPDF_ANNOT_HIGHLIGHT, pdfium_c.FPDF_ANNOT_UNDERLINE})


def with_notes_printed(data: bytes) -> bytes | None:
    """Prints form fields and typed notes into their pages, where text layers have them; None without any.

    Raises PdfiumError where a page does not take its notes.
    """
    with pdfium.PdfDocument(data) as copy:
        copy.init_forms()
        changed = False
        for page in copy:
            _drop_signatures(page)
            if pdfium_c.FPDFPage_GetAnnotCount(page.raw):
                # Not the page's own method: it refuses documents that have notes, but no form.
                done = pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY)
                if done == pdfium_c.FLATTEN_FAIL:
                    raise pdfium.PdfiumError("a page does not take its notes")
                changed = changed or done == pdfium_c.FLATTEN_SUCCESS
        if not changed:
            return None
        stream = io.BytesIO()
        copy.save(stream)
        return stream.getvalue()


def noted_pages(document: pdfium.PdfDocument) -> frozenset[int]:
    """Numbers the pages on which somebody has written, drawn or stuck something that is shown."""
    return frozenset(
        number
        for number, page in enumerate(document, 1)
        if any(_is_shown(page, at) for at in range(pdfium_c.FPDFPage_GetAnnotCount(page.raw)))
    )


def _is_shown(page: pdfium.PdfPage, at: int) -> bool:
    annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, at)
    try:
        rectangle = pdfium_c.FS_RECTF()
        pdfium_c.FPDFAnnot_GetRect(annotation, rectangle)
        has_face = pdfium_c.FPDFAnnot_HasKey(annotation, b"AP")
        is_a_place = rectangle.right != rectangle.left and rectangle.top != rectangle.bottom
        return is_a_place and bool(has_face or pdfium_c.FPDFAnnot_GetSubtype(annotation) not in _FACELESS)
    finally:
        pdfium_c.FPDFPage_CloseAnnot(annotation)


def written_notes(document: pdfium.PdfDocument) -> dict[int, tuple[str, ...]]:
    """Gives by page number what people's notes say, "" for one without words: a stamp, a cover, a stroke.

    Whether a note has a face of its own, or every viewer makes one, or it opens when clicked, is all one.
    """
    told = {number: tuple(_notes_on(page)) for number, page in enumerate(document, 1)}
    return {number: notes for number, notes in told.items() if notes}


def _notes_on(page: pdfium.PdfPage) -> Iterator[str]:
    for at in range(pdfium_c.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, at)
        try:
            kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
            contents = "" if kind in _NO_NOTES else " ".join(_contents_of(annotation).split())
            if contents or kind not in _NO_NOTES | _MARKERS:
                yield contents
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)


def _contents_of(annotation: object) -> str:
    size = pdfium_c.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    told = ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR))
    pdfium_c.FPDFAnnot_GetStringValue(annotation, b"Contents", told, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def _drop_signatures(page: pdfium.PdfPage) -> None:
    """Takes the fields of signatures off a page: whose words they bear is not the receipt's matter."""
    for at in reversed(range(pdfium_c.FPDFPage_GetAnnotCount(page.raw))):
        annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, at)
        try:
            field = pdfium_c.FPDFAnnot_GetFormFieldType(page.formenv, annotation) if page.formenv else -1
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
        if field == pdfium_c.FPDF_FORMFIELD_SIGNATURE:
            pdfium_c.FPDFPage_RemoveAnnot(page.raw, at)


def earlier_revisions(data: bytes) -> Iterator[bytes]:
    """Gives the file as it was before each of its updates, the newest of them first, where it opens.

    Raises PdfiumError where there are too many to look at.
    """
    ends = [found.end() for found in _END.finditer(data)]
    earlier = [end for end in ends if data[end:].strip(b"\0 \t\r\n")]
    if len(earlier) > MOST_REVISIONS:
        raise pdfium.PdfiumError("too many revisions")
    for end in reversed(earlier):
        before = data[:end]
        try:
            with pdfium.PdfDocument(before) as document:
                opens = len(document) > 0
        except pdfium.PdfiumError:
            # The first part of a file made for the web is no file by itself.
            continue
        if opens:
            yield before


def differing_pages(data: bytes, before: bytes) -> frozenset[int]:
    """Numbers the pages that show anything else now than in an earlier revision."""
    with pdfium.PdfDocument(data) as now, pdfium.PdfDocument(before) as then:
        count = len(then)
        return frozenset(
            number
            for number in range(1, len(now) + 1)
            if number > count or _face(now[number - 1]) != _face(then[number - 1])
        )


def _face(page: pdfium.PdfPage) -> tuple[str, tuple[float, float], bytes]:
    # In colours: in greys what is blended with its ground may be gone.
    picture = page.render(scale=0.5, draw_annots=False).to_pil()
    return page.get_textpage().get_text_range(), page.get_size(), picture.tobytes()
