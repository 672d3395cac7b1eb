"""cover_sheet: cases → the page to lay on their papers, with the case number as a bar code (PDF)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from pipeline.domain import Enclosure, Office

# The library draws for a fifth of a second before it draws anything; most letters need no sheet.
if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

PDF = "application/pdf"
# Bitstream Vera comes with the library, has every Turkish letter and is embedded: no system font is needed.
_PLAIN, _BOLD = "Vera", "VeraBd"
# A4, in points.
_MM = 72 / 25.4
_WIDTH, _HEIGHT = 210 * _MM, 297 * _MM
_MARGIN = 25 * _MM
# As many sheets as a night may draw are kept for a while, for a night is written twice (`night.closing`).
_KEPT = 256
# Wide enough for the copy of a copy and for a telephone's camera.
_BAR = 0.7 * _MM


@dataclass(frozen=True, slots=True)
class Covered:
    """One case on a cover sheet: its number, its procedure's name, and whose it is where that is known."""

    case: str
    procedure: str
    name: str = ""


def cover_sheet(cases: Sequence[Covered], words: Mapping[str, str], office: Office) -> Enclosure:
    """Draws one page for each case; the same cases give the same bytes."""
    return Enclosure(words["file"], PDF, _drawn(tuple(cases), tuple(words.items()), office))


@lru_cache(_KEPT)
def _drawn(cases: tuple[Covered, ...], said: tuple[tuple[str, str], ...], office: Office) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    _take_up_fonts()
    words = dict(said)
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=(_WIDTH, _HEIGHT), invariant=1)
    canvas.setTitle(words["title"])
    canvas.setAuthor(office.unit)
    for covered in cases:
        _page(canvas, covered, words, office)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


@cache
def _take_up_fonts() -> None:
    """Reads the fonts' files, once in a process."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for font in (_PLAIN, _BOLD):
        pdfmetrics.registerFont(TTFont(font, f"{font}.ttf"))


def _page(canvas: Canvas, covered: Covered, words: Mapping[str, str], office: Office) -> None:
    from reportlab.graphics.barcode.code128 import Code128

    y = _HEIGHT - 30 * _MM
    y = _lines(canvas, y, 11, _PLAIN, office.institution, office.unit)
    y = _lines(canvas, y - 12 * _MM, 22, _BOLD, words["title"])
    y = _lines(canvas, y - 2 * _MM, 11, _PLAIN, words["how"])
    bars = Code128(covered.case, barHeight=28 * _MM, barWidth=_BAR, quiet=False)
    y -= 38 * _MM
    bars.drawOn(canvas, (_WIDTH - bars.width) / 2, y)
    canvas.setFont(_BOLD, 24)
    canvas.drawCentredString(_WIDTH / 2, y - 12 * _MM, covered.case)
    whose = " – ".join(part for part in (covered.name, covered.procedure) if part)
    canvas.setFont(_PLAIN, 12)
    canvas.drawCentredString(_WIDTH / 2, y - 21 * _MM, whose)
    y = _lines(canvas, y - 38 * _MM, 14, _BOLD, words["enclose"]) - 3 * _MM
    for paper in (words["receipt"], words["form"]):
        canvas.rect(_MARGIN, y - 6.6 * _MM, 5 * _MM, 5 * _MM)
        y = _lines(canvas, y, 12, _PLAIN, paper, indent=9 * _MM) - 2 * _MM
    y = _lines(canvas, y - 10 * _MM, 14, _BOLD, words["address"])
    address = (office.postal_address,) if office.postal_address else ()
    _lines(canvas, y, 12, _PLAIN, office.institution, office.unit, *address)
    _lines(canvas, 30 * _MM, 9, _PLAIN, words["note"])


def _lines(canvas: Canvas, y: float, size: int, font: str, *texts: str, indent: float = 0) -> float:
    """Sets lines below a height, broken to the page's width; gives the height below them."""
    from reportlab.lib.utils import simpleSplit

    canvas.setFont(font, size)
    for text in texts:
        for line in simpleSplit(text, font, size, _WIDTH - 2 * _MARGIN - indent):
            y -= size * 1.45
            canvas.drawString(_MARGIN + indent, y, line)
    return y
