"""Pictures that come with mails: logos, and pages as a telephone takes them."""

from __future__ import annotations

import io

import pypdfium2
from PIL import Image, ImageDraw, ImageFont
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


def words_png(*lines: str, size: int = 28) -> bytes:
    """Lines of print on white, as a screenshot of a message has them."""
    font = ImageFont.truetype(_FONT_FILE, size)
    picture = Image.new("RGB", (900, 60 + len(lines) * size * 2), "white")
    pen = ImageDraw.Draw(picture)
    for at, line in enumerate(lines):
        pen.text((30, 30 + at * size * 2), line, "black", font=font)
    return _saved(picture, "PNG")


def photo(pdf: bytes, turned_by: float = 1.5) -> bytes:
    """The first page of a PDF as a JPEG taken by hand: on a table, a little turned.

    With the nine million points of an ordinary telephone, so that no letter hangs by a hair's width.
    """
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].render(scale=280 / 72).to_pil().convert("RGB")
    on_table = Image.new("RGB", (page.width + 120, page.height + 120), "#8a6f4d")
    on_table.paste(page, (60, 60))
    turned = on_table.rotate(turned_by, resample=Image.Resampling.BICUBIC, fillcolor="#8a6f4d")
    return _saved(turned, "JPEG")


def _saved(picture: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


def grid_pdf(grid: Grid) -> bytes:
    """A sheet of full rows printed on one page, as people do who want to sign it."""
    pdfmetrics.registerFont(TTFont("sheet", _FONT_FILE))
    width, height = landscape(A4)
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(width, height), invariant=1)
    canvas.setStrokeColor(colors.grey)
    texts = [["" if value is None else str(value).replace("\n", " ") for value in row] for row in grid.rows]
    widths = [max(map(len, column)) + 2 for column in zip(*texts, strict=True)]
    unit = (width - 40) / sum(widths)
    canvas.setFont("sheet", unit * 1.7)
    y = height - 40
    for row in texts:
        x = 20.0
        for text, letters in zip(row, widths, strict=True):
            canvas.rect(x, y - 4, letters * unit, 14)
            canvas.drawString(x + 1, y, text)
            x += letters * unit
        y -= 14
    canvas.save()
    return stream.getvalue()
