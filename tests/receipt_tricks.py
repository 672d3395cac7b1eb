"""Ways to make a receipt's text say what its bank did not print, for each value that decides."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pypdfium2 as pdfium
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from tests.e_dekont import code_text, print_code, xml
from tests.pdf_editing import appended, in_a_portfolio, noted
from tests.receipt_damage import corrected_with_white, picture_bytes, rasterised
from tests.receipt_material import (
    LAYOUTS,
    PLAIN,
    Print,
    ReceiptFacts,
    _draw,
    font_file,
    print_pages,
    receipt_pdf,
    varied_style,
)

BILL = "vakifbank-kurum-odemesi"
PAPER = (595.0, 842.0)
FLYER = Print("Kampanya", "Konut kredisinde yeni dönem", (("Başvuru", "şubelerimizde"),))
OTHER_NUMBER = "19784521306"

# Writes a text at a height from the bottom of the page, so that somebody or something does not see it.
Trick = Callable[[Canvas, float, str], None]


def values_of(facts: ReceiptFacts) -> Mapping[str, tuple[str, str]]:
    """What decides, as the trickster wants it read; each is a row of the bill."""
    return {
        "rail": ("İŞLEM TÜRÜ", "Kurum Ödemesi"),
        "payee": ("KURUM ADI", "TUBITAK BILGEM"),
        "number": ("T.C. KİMLİK NO", facts.identity_number),
        "amount": ("İŞLEM TUTARI", "780,00 TL"),
        "day": ("İŞLEM TARİHİ", f"{facts.paid_at:%d.%m.%Y %H:%M:%S}"),
        "reference": ("İŞLEM NO", facts.reference),
    }


# --- a bill without one value, and that value told in some other way ---------------------------------


def bare_print(facts: ReceiptFacts, value: str, shown: str = "") -> tuple[Print, float]:
    """The bill without one value, or with another, and at which height from the bottom it would stand."""
    label, _ = values_of(facts)[value]
    printed = LAYOUTS[BILL](facts)
    # Without a type the title names the rail; so the bill shows the one that the trickster has used.
    shown = shown or ("Giden EFT" if value == "rail" else "")
    rows = tuple((name, shown if name == label else told) for name, told in printed.rows)
    at = [name for name, _ in printed.rows].index(label)
    size, leading = 9.0, 1.9
    top = PAPER[1] - 60 - size * 1.5 * leading - size * 1.2 * leading - size
    return Print(printed.bank, printed.title, rows, printed.footer), top - at * size * leading


def drawn(facts: ReceiptFacts, value: str, trick: Trick, before: int = 0) -> bytes:
    """Prints a bill without one value, and lets a trick tell it; some pages of advertisement before."""
    printed, y = bare_print(facts, value)
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=PAPER, invariant=1)
    for _ in range(before):
        _draw(canvas, FLYER, varied_style(3))
        canvas.showPage()
    _draw(canvas, printed, PLAIN)
    canvas.setFont("sans", 9)
    trick(canvas, y, values_of(facts)[value][1])
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def white(canvas: Canvas, y: float, text: str) -> None:
    canvas.setFillGray(1.0)
    canvas.drawString(240, y, text)


def pale(canvas: Canvas, y: float, text: str) -> None:
    canvas.setFillGray(0.97)
    canvas.drawString(240, y, text)


def tiny(canvas: Canvas, y: float, text: str) -> None:
    canvas.setFont("sans", 1)
    canvas.drawString(240, y, text)


def invisible(canvas: Canvas, y: float, text: str) -> None:
    line = canvas.beginText(240, y)
    line.setTextRenderMode(3)
    line.textLine(text)
    canvas.drawText(line)


def covered(canvas: Canvas, y: float, text: str) -> None:
    canvas.drawString(240, y, text)
    canvas.drawImage(ImageReader(Image.new("RGB", (300, 20), "white")), 238, y - 3, 340, 13)


def under_a_box(canvas: Canvas, y: float, text: str) -> None:
    canvas.drawString(240, y, text)
    canvas.setFillGray(1.0)
    canvas.rect(238, y - 3, 340, 13, stroke=0, fill=1)


def under_other_print(canvas: Canvas, y: float, text: str) -> None:
    canvas.setFillGray(1.0)
    canvas.drawString(240, y, text)
    canvas.setFillGray(0.0)
    other = "".join(str((int(ch) + 3) % 10) if ch.isdigit() else "x" if ch.isalpha() else ch for ch in text)
    canvas.drawString(240, y, other)


def clipped(canvas: Canvas, y: float, text: str) -> None:
    path = canvas.beginPath()
    path.rect(0, 0, 5, 5)
    canvas.clipPath(path, stroke=0, fill=0)
    canvas.drawString(240, y, text)


def transparent(canvas: Canvas, y: float, text: str) -> None:
    canvas.setFillAlpha(0.0)
    canvas.drawString(240, y, text)


def off_the_page(canvas: Canvas, y: float, text: str) -> None:
    canvas.drawString(900, y, text)


def crossed_out(canvas: Canvas, y: float, text: str) -> None:
    canvas.drawString(240, y, text)
    canvas.setLineWidth(0.6)
    canvas.line(239, y + 3, 241 + canvas.stringWidth(text, "sans", 9), y + 3)


def crossed_out_in_grey(canvas: Canvas, y: float, text: str) -> None:
    canvas.drawString(240, y, text)
    canvas.setFillGray(0.5)
    canvas.rect(239, y + 2.2, canvas.stringWidth(text, "sans", 9) + 2, 0.5, stroke=0, fill=1)


def form_field(canvas: Canvas, y: float, text: str) -> None:
    canvas.acroForm.textfield(value=text, x=238, y=y - 3, width=300, height=13, borderWidth=0, fontSize=9)


DRAWN: tuple[Trick, ...] = (
    *(white, pale, tiny, invisible, covered, under_a_box, under_other_print),
    *(clipped, transparent, off_the_page, form_field),
)


def like_its_ground(canvas: Canvas, y: float, text: str) -> None:
    canvas.setFillGray(0.6)
    canvas.rect(238, y - 3, 340, 13, stroke=0, fill=1)
    canvas.drawString(240, y, text)


def hardly_there(canvas: Canvas, y: float, text: str) -> None:
    canvas.setFillAlpha(0.03)
    canvas.drawString(240, y, text)


def flat(canvas: Canvas, y: float, text: str) -> None:
    canvas.saveState()
    canvas.translate(240, y)
    canvas.scale(1, 0.01)
    canvas.drawString(0, 0, text)
    canvas.restoreState()


def outside_the_crop(canvas: Canvas, y: float, text: str) -> None:
    canvas.setCropBox((0, 0, 235, PAPER[1]))
    canvas.drawString(240, y, text)


def other_glyphs(canvas: Canvas, y: float, text: str) -> None:
    canvas.setFont(_false_font(), 9)
    canvas.drawString(240, y, text)


@cache
def _false_font() -> str:
    """A font whose letters look otherwise than they are called: for each the third after it is drawn."""
    font = TTFont("false", str(font_file("arial")))
    # Of two fonts of one face reportlab takes the first for both: honest pages would be drawn by this one.
    font.face.name = b"False"
    shapes = dict(font.face.charToGlyph)
    for first, count in ((ord("0"), 10), (ord("A"), 26), (ord("a"), 26)):
        for at in range(count):
            font.face.charToGlyph[first + at] = shapes[first + (at + 3) % count]
    pdfmetrics.registerFont(font)
    return "false"


def as_a_picture(canvas: Canvas, y: float, text: str) -> None:
    font = ImageFont.truetype(str(font_file("sans")), 40)
    width = int(font.getlength(text)) + 10
    label = Image.new("RGB", (width, 52), "white")
    ImageDraw.Draw(label).text((2, 2), text, "black", font)
    canvas.drawImage(ImageReader(label), 240, y - 3, width * 9 / 40, 52 * 9 / 40)


def under_a_picture_of_the_page(canvas: Canvas, y: float, text: str) -> None:
    canvas.drawString(240, y, text)
    blank = Image.new("RGB", (600, 850), "white")
    canvas.drawImage(ImageReader(blank), 0, 0, *PAPER)


# More of the same kinds, for the hostile set of the benchmark.
MORE: tuple[Trick, ...] = (
    *(like_its_ground, hardly_there, flat, outside_the_crop, other_glyphs, as_a_picture),
    *(under_a_picture_of_the_page, crossed_out, crossed_out_in_grey),
)


def covering(pdf: bytes, page: int, text: str, instead: str) -> bytes:
    """Paints over a word of some page as `corrected_with_white` does on the first."""
    if page == 0:
        return corrected_with_white(pdf, text, instead)
    with pdfium.PdfDocument(pdf) as document, pdfium.PdfDocument.new() as alone:
        alone.import_pages(document, [page])
        stream = io.BytesIO()
        alone.save(stream)
    with (
        pdfium.PdfDocument(corrected_with_white(stream.getvalue(), text, instead)) as edited,
        pdfium.PdfDocument(pdf) as document,
        pdfium.PdfDocument.new() as together,
    ):
        together.import_pages(document, list(range(page)))
        together.import_pages(edited)
        whole = io.BytesIO()
        together.save(whole)
        return whole.getvalue()


def with_note(facts: ReceiptFacts, value: str) -> bytes:
    """Prints a bill without a value, which stands in a note that every PDF viewer lets its reader type."""
    pdf = drawn(facts, value, lambda *_: None)
    return noted(pdf, values_of(facts)[value][1], 240, bare_print(facts, value)[1])


# --- whole receipts that were altered ----------------------------------------------------------------


def altered(facts: ReceiptFacts) -> Iterator[tuple[str, bytes]]:
    """Gives receipts that are none of this payment, each with the name of its trick; always as many."""
    values = values_of(facts)
    for at, trick in enumerate((*DRAWN, *MORE)):
        for value in values:
            yield f"{trick.__name__} {value}", drawn(facts, value, trick, before=2 * (at % 3 == 0))
    for value in ("number", "amount", "day", "reference"):
        yield f"note {value}", with_note(facts, value)
    for value, (_, told) in values.items():
        for page in (0, 2):
            pdf = print_pages((*[FLYER] * page, LAYOUTS[BILL](facts)))
            shown = {"number": OTHER_NUMBER, "amount": "500,00", "day": "01.02.2023"}.get(value, "FAST 2024")
            if value != "payee":
                yield f"painted over {value}, page {page + 1}", covering(pdf, page, told.split()[0], shown)
    yield from _revised(facts)
    yield from _scans_with_other_text(facts)
    yield from _told_by_machines(facts)
    yield from _taken_back(facts)


def _others(facts: ReceiptFacts) -> Mapping[str, ReceiptFacts]:
    return {
        "amount": replace(facts, amount=Decimal("500.00")),
        "number": replace(facts, identity_number=OTHER_NUMBER),
        "day": replace(facts, paid_at=facts.paid_at.replace(year=2021)),
    }


def _revised(facts: ReceiptFacts) -> Iterator[tuple[str, bytes]]:
    for value, other in _others(facts).items():
        yield f"later revision {value}", appended(receipt_pdf(BILL, other), receipt_pdf(BILL, facts))


def _scans_with_other_text(facts: ReceiptFacts) -> Iterator[tuple[str, bytes]]:
    """Scans of one payment, under which the unseen text tells of another, and the reverse."""
    for value, other in _others(facts).items():
        for told, shown in ((facts, other), (other, facts)):
            stream = io.BytesIO()
            canvas = Canvas(stream, pagesize=PAPER, invariant=1)
            _draw(canvas, LAYOUTS[BILL](told), PLAIN)
            seen = Image.open(io.BytesIO(picture_bytes(rasterised(receipt_pdf(BILL, shown), 150))))
            canvas.drawImage(ImageReader(seen), 0, 0, *PAPER)
            canvas.showPage()
            canvas.save()
            way = "text" if told is facts else "picture"
            yield f"scan over other text, {value} in the {way}", stream.getvalue()


def _on_a_page(facts: ReceiptFacts, more: Callable[[Canvas], None], printed: Print | None = None) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=PAPER, invariant=1)
    _draw(canvas, printed or LAYOUTS[BILL](facts), PLAIN)
    more(canvas)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _told_by_machines(facts: ReceiptFacts) -> Iterator[tuple[str, bytes]]:
    """Codes and data that tell what is not printed, or otherwise than it is printed."""
    for value in ("number", "amount", "day"):
        bare = bare_print(facts, value)[0]
        coded = _on_a_page(facts, lambda canvas: print_code(canvas, code_text(facts)), bare)
        yield f"code alone {value}", coded
        silent = _on_a_page(facts, lambda _: None, bare)
        yield f"data alone {value}", in_a_portfolio(silent, "e.xml", xml(facts))
    said = {"customer": OTHER_NUMBER, "amount": "500.00", "day": "2021-05-13", "scenario": "DEKONTIPTAL"}
    for key, told in said.items():
        text = code_text(facts, **{key: told})
        yield f"code says other {key}", _on_a_page(facts, lambda canvas, text=text: print_code(canvas, text))


def _taken_back(facts: ReceiptFacts) -> Iterator[tuple[str, bytes]]:
    stamps = (("İPTAL", 0), ("İPTAL", 35), ("İADE EDİLDİ", 20), ("ÖRNEKTİR", 60), ("İ P T A L", -30))
    for word, turn in stamps:

        def across(canvas: Canvas, word: str = word, turn: int = turn) -> None:
            canvas.translate(150, 480)
            canvas.rotate(turn)
            canvas.setFillGray(0.75)
            canvas.setFont("sans-bold", 40)
            canvas.drawString(0, 0, word)

        yield f"{word} at {turn}°", _on_a_page(facts, across)
