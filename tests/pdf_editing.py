"""What people do to a finished PDF: write notes on it, change it by an update, put it into a portfolio."""

from __future__ import annotations

import io
import re

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c


def noted(pdf: bytes, text: str, x: float, y: float) -> bytes:
    """Types a text onto the first page, as a note of the kind that every PDF viewer offers."""
    with pdfium.PdfDocument(pdf) as document:
        page = document[0]
        note = pdfium_c.FPDFPage_CreateAnnot(page.raw, pdfium_c.FPDF_ANNOT_STAMP)
        pdfium_c.FPDFAnnot_SetRect(note, pdfium_c.FS_RECTF(x - 2, y + 12, x + 320, y - 4))
        font = pdfium_c.FPDFText_LoadStandardFont(document.raw, b"Helvetica")
        line = pdfium_c.FPDFPageObj_CreateTextObj(document.raw, font, 9)
        told = text.encode("utf-16-le") + b"\0\0"
        pdfium_c.FPDFText_SetText(line, (pdfium_c.FPDF_WCHAR * (len(told) // 2)).from_buffer_copy(told))
        pdfium_c.FPDFPageObj_Transform(line, 1, 0, 0, 1, x, y)
        pdfium_c.FPDFAnnot_AppendObject(note, line)
        pdfium_c.FPDFPage_CloseAnnot(note)
        return _saved(document)


def in_a_portfolio(cover: bytes, name: str, pdf: bytes) -> bytes:
    """Puts a file into a PDF whose own page only says what it is."""
    with pdfium.PdfDocument(cover) as document:
        document.new_attachment(name).set_data(pdf)
        return re.sub(rb"D:[0-9]{14}[^)]*", lambda found: b"D".ljust(len(found[0])), _saved(document))


def _saved(document: pdfium.PdfDocument) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    # The one thing that would differ every time.
    return re.sub(rb"/ID\s*\[.*?\]", lambda found: b" " * len(found[0]), stream.getvalue(), flags=re.DOTALL)


def appended(first: bytes, second: bytes) -> bytes:
    """Appends the second file's page to the first one as an incremental update of the page's content."""
    streams = re.findall(rb"(\d+) 0 obj\n((?:(?!endobj).)*?stream\n(?:(?!endobj).)*?endobj\n)", second, re.S)
    assert streams
    out = bytearray(first)
    offsets = {}
    for number, body in streams:
        offsets[int(number)] = len(out)
        out += number + b" 0 obj\n" + body
    (before,) = re.findall(rb"startxref\s+(\d+)\s+%%EOF\s*$", first)
    (root,) = re.findall(rb"/Root (\d+ 0 R)", first)
    (size,) = re.findall(rb"/Size (\d+)", first)
    start = len(out)
    out += b"xref\n"
    for number, offset in sorted(offsets.items()):
        out += b"%d 1\n%010d 00000 n \n" % (number, offset)
    out += b"trailer\n<< /Size %s /Root %s /Prev %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        root,
        before,
        start,
    )
    return bytes(out)
