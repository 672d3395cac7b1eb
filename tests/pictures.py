"""Pictures that come with mails: logos, and pages as a telephone takes them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdfium2
from PIL import Image, ImageDraw
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from tests.workbooks import Grid

_FONT_FILE = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def logo_png() -> bytes:
    """A small logo as signatures carry it: a crescent in a ring."""
    logo = Image.new("RGB", (96, 96), "white")
    pen = ImageDraw.Draw(logo)
    pen.ellipse((8, 8, 88, 88), outline="#c00000", width=5)
    pen.ellipse((26, 26, 70, 70), fill="#c00000")
    pen.ellipse((38, 26, 78, 66), fill="white")
    return _saved(logo, "PNG")


def photo(pdf: bytes, turned_by: float = 1.5) -> bytes:
    """The first page of a PDF as a JPEG taken by hand: on a table, a little turned."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].render(scale=1.6).to_pil().convert("RGB")
    on_table = Image.new("RGB", (page.width + 120, page.height + 120), "#8a6f4d")
    on_table.paste(page, (60, 60))
    turned = on_table.rotate(turned_by, resample=Image.Resampling.BICUBIC, fillcolor="#8a6f4d")
    return _saved(turned, "JPEG")


def _saved(picture: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


def grid_pdf(grid: Grid) -> bytes:
    """A sheet printed to PDF, as people do who want to sign it."""
    pdfmetrics.registerFont(TTFont("sheet", _FONT_FILE))
    width, height = landscape(A4)
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(width, height), invariant=1)
    canvas.setStrokeColor(colors.grey)
    y = height - 40
    for row in grid.rows:
        step = (width - 40) / max(len(row), 9)
        for c, value in enumerate(row):
            _cell(canvas, 20 + c * step, y, step, "" if value is None else str(value).replace("\n", " "))
        y -= 22
    canvas.save()
    return stream.getvalue()


def _cell(canvas: Canvas, x: float, y: float, width: float, text: str) -> None:
    canvas.setFont("sheet", 5)
    canvas.rect(x, y - 6, width, 20)
    for number, line in enumerate(_pieces(text, int(width / 3))[:2]):
        canvas.drawString(x + 2, y + 6 - 7 * number, line)


def _pieces(text: str, length: int) -> Sequence[str]:
    return [text[i : i + length] for i in range(0, len(text), length)]
