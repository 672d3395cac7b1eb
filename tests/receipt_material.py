"""Invented receipts as PDFs and pictures, in every layout of ours, plain or damaged along one axis.

The layouts follow what banks are known to print; every person, number and account is invented.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

A4 = (595.0, 842.0)
PHONE = (360.0, 640.0)

_FONT_FILES = {
    "sans": "dejavu/DejaVuSans.ttf",
    "sans-bold": "dejavu/DejaVuSans-Bold.ttf",
    "condensed": "dejavu/DejaVuSansCondensed.ttf",
    "condensed-bold": "dejavu/DejaVuSansCondensed-Bold.ttf",
    "serif": "dejavu/DejaVuSerif.ttf",
    "serif-bold": "dejavu/DejaVuSerif-Bold.ttf",
    "mono": "dejavu/DejaVuSansMono.ttf",
    "mono-bold": "dejavu/DejaVuSansMono-Bold.ttf",
    "arial": "liberation/LiberationSans-Regular.ttf",
    "arial-bold": "liberation/LiberationSans-Bold.ttf",
    "narrow": "liberation/LiberationSansNarrow-Regular.ttf",
    "narrow-bold": "liberation/LiberationSansNarrow-Bold.ttf",
    "times": "liberation/LiberationSerif-Regular.ttf",
    "times-bold": "liberation/LiberationSerif-Bold.ttf",
    "courier": "liberation/LiberationMono-Regular.ttf",
    "courier-bold": "liberation/LiberationMono-Bold.ttf",
}
FAMILIES = tuple(name for name in _FONT_FILES if not name.endswith("-bold"))
_FONT_FOLDERS = (Path("/usr/share/fonts/truetype"), Path("/usr/share/fonts"))


@cache
def _font(name: str) -> str:
    """Registers a font and returns the name the canvas knows it by."""
    for folder in _FONT_FOLDERS:
        if (folder / _FONT_FILES[name]).exists():
            pdfmetrics.registerFont(TTFont(name, str(folder / _FONT_FILES[name])))
            return name
    raise FileNotFoundError(f"{_FONT_FILES[name]}: install fonts-dejavu and fonts-liberation")


# --- what a receipt says -----------------------------------------------------------------------


def iban(bank: str, account: int) -> str:
    """Makes a Turkish IBAN whose check digits hold, without blanks, from a five-digit bank code."""
    body = f"{bank}0{account:016d}"
    return f"TR{98 - int(body + '292700') % 97:02d}{body}"


def grouped(number: str) -> str:
    """Writes an IBAN in groups of four."""
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


KAMU_SM = "TÜBİTAK BİLGEM KAMU SERTİFİKASYON MERKEZİ"
DIRECTORATE_IBAN = "TR930001200945700044000004"


@dataclass(frozen=True)
class ReceiptFacts:
    """What is true about one payment, whatever bank prints it.

    `rail` is "kurum", "sanal pos", "havale", "eft", "fast" or "nakit"; `payer` is empty where the
    debtor paid. An `identity_number` of "" prints no number at all.
    """

    identity_number: str = "10000000146"
    name: str = "AYŞE ÖRNEK"
    payer: str = ""
    amount: Decimal = Decimal("780.00")
    bank_charge: Decimal = Decimal("0.00")
    paid_at: datetime = datetime(2024, 5, 13, 10, 42, 7)
    reference: str = "2024051300012345"
    inquiry_no: str = "1234567890"
    rail: str = "kurum"
    sender_iban: str = iban("00015", 158007300123456)
    payee: str = "ANKARA İL SAĞLIK MÜDÜRLÜĞÜ"
    payee_iban: str = DIRECTORATE_IBAN
    payee_bank: str = "TÜRKİYE HALK BANKASI A.Ş."
    description: str = "3 Yıllık NES bedeli"
    product: str = "3 Yıllık NES"

    @property
    def paid_by(self) -> str:
        return self.payer or self.name


def turkish_amount(amount: Decimal) -> str:
    """Writes 1080 as "1.080,00"."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def us_amount(amount: Decimal) -> str:
    """Writes 1080 as "1,080.00"."""
    return f"{amount:,.2f}"


# --- how it is set on paper ----------------------------------------------------------------------


@dataclass(frozen=True)
class Style:
    """Typeface and spacing of one print; `gap` is from a label's end to its value, in points.

    With `value_column` at 0 values follow their labels at once, which is what glues a text layer.
    """

    font: str = "sans"
    size: float = 9.0
    leading: float = 1.9
    left: float = 50.0
    gap: float = 6.0
    value_column: float = 190.0
    word_gap: float | None = None


PLAIN = Style()
GLUED = Style(gap=1.2, value_column=0.0)


def varied_style(seed: int) -> Style:
    """Draws fonts, sizes and spacing as different printers would choose them."""
    dice = random.Random(f"style {seed}")
    return Style(
        font=dice.choice(FAMILIES),
        size=dice.choice((8.0, 8.5, 9.0, 9.5, 10.0, 11.0)),
        leading=dice.choice((1.5, 1.7, 1.9, 2.2)),
        left=dice.choice((36.0, 50.0, 64.0)),
        gap=dice.choice((1.2, 4.0, 8.0)),
        value_column=dice.choice((0.0, 150.0, 190.0, 230.0)),
    )


Row = tuple[str, str]


@dataclass(frozen=True)
class Print:
    """The words one bank prints for one payment: heading lines, labelled rows, small print."""

    bank: str
    title: str
    rows: tuple[Row, ...]
    footer: tuple[str, ...] = ()
    colon: str = ""
    paper: tuple[float, float] = A4
    word_gap: float | None = None


def receipt_pdf(layout: str, facts: ReceiptFacts, style: Style = PLAIN) -> bytes:
    """Prints one receipt as a one-page PDF with a text layer."""
    return print_pdf(LAYOUTS[layout](facts), style)


def print_pdf(printed: Print, style: Style = PLAIN) -> bytes:
    """Sets a print on its paper; the same input gives the same bytes."""
    width, height = printed.paper
    if printed.word_gap is not None:
        style = replace(style, word_gap=printed.word_gap)
    if width < A4[0]:
        style = replace(
            style, left=24.0, value_column=min(style.value_column, 140.0), size=min(style.size, 9)
        )
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=printed.paper, invariant=1)
    y = height - 60
    y = _line(canvas, style, y, printed.bank, bold=True, scale=1.5)
    y = _line(canvas, style, y, printed.title, bold=True, scale=1.2)
    canvas.line(style.left, y + style.size, width - style.left, y + style.size)
    y -= style.size
    for label, value in printed.rows:
        y = _row(canvas, style, y, label + printed.colon, value, width)
    y -= style.size * 2
    for text in printed.footer:
        y = _line(canvas, style, y, text, bold=False, scale=0.8)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _line(canvas: Canvas, style: Style, y: float, text: str, *, bold: bool, scale: float) -> float:
    size = style.size * scale
    _text(canvas, style, style.left, y, text, _font(style.font + ("-bold" if bold else "")), size)
    return y - size * style.leading


def _row(canvas: Canvas, style: Style, y: float, label: str, value: str, width: float) -> float:
    end = _text(canvas, style, style.left, y, label, _font(style.font), style.size)
    x = max(end + style.gap, style.left + style.value_column if style.value_column else 0.0)
    for part in _wrapped(value, _font(style.font), style.size, width - x - 20):
        _text(canvas, style, x, y, part, _font(style.font), style.size)
        y -= style.size * style.leading
    return y if value else y - style.size * style.leading


def _text(canvas: Canvas, style: Style, x: float, y: float, text: str, font: str, size: float) -> float:
    canvas.setFont(font, size)
    if style.word_gap is None:
        canvas.drawString(x, y, text)
        return x + pdfmetrics.stringWidth(text, font, size)
    for word in text.split():
        canvas.drawString(x, y, word)
        x += pdfmetrics.stringWidth(word, font, size) + style.word_gap
    return x - style.word_gap


def _wrapped(value: str, font: str, size: float, room: float) -> list[str]:
    lines: list[str] = []
    for word in value.split():
        if lines and pdfmetrics.stringWidth(f"{lines[-1]} {word}", font, size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


# --- what each bank prints -----------------------------------------------------------------------


def _stamp(facts: ReceiptFacts, pattern: str = "%d.%m.%Y %H:%M:%S") -> str:
    return facts.paid_at.strftime(pattern)


def _number_row(label: str, facts: ReceiptFacts) -> tuple[Row, ...]:
    return ((label, facts.identity_number),) if facts.identity_number else ()


def _vakifbank_bill(facts: ReceiptFacts) -> Print:
    return Print(
        "VAKIFBANK",
        "KURUM ÖDEMESİ DEKONTU",
        (
            ("İŞLEM TÜRÜ", "Kurum Ödemesi"),
            ("KURUM ADI", KAMU_SM),
            *_number_row("T.C. KİMLİK NO", facts),
            ("BORÇLU ADI SOYADI", facts.name),
            ("TAHAKKUK NO", facts.reference[-8:]),
            ("İŞLEM TUTARI", f"{turkish_amount(facts.amount)} TL"),
            ("MASRAF TUTARI", f"{turkish_amount(facts.bank_charge)} TL"),
            ("İŞLEM TARİHİ", _stamp(facts)),
            ("İŞLEM NO", facts.reference),
            ("KANAL", "Kurumsal İnternet Şubesi" if facts.payer else "Mobil Bankacılık"),
            ("ÖDEYEN", facts.paid_by),
        ),
        (
            "Türkiye Vakıflar Bankası T.A.O. Genel Müdürlük Ümraniye / İSTANBUL",
            "Havale, EFT ve FAST işlemleriniz için VakıfBank Mobil'i kullanabilirsiniz.",
        ),
    )


_VAKIFBANK_RAILS = {
    "havale": "Hesaptan Havale",
    "fast": "FAST Giden Anlık Ödeme",
    "eft": "Giden EFT",
    "nakit": "Hesaba Nakit Yatan",
}


def _vakifbank_transfer(facts: ReceiptFacts) -> Print:
    inquiry = (("SORGU NO", facts.inquiry_no),) if facts.rail in ("fast", "eft") else ()
    return Print(
        "VAKIFBANK",
        "İŞLEM BİLGİLERİ",
        (
            ("İŞLEM", _VAKIFBANK_RAILS[facts.rail]),
            ("İŞLEM TARİHİ", _stamp(facts)),
            *inquiry,
            ("İŞLEM TUTARI", f"{turkish_amount(facts.amount)} TL"),
            ("MASRAF TUTARI", f"{turkish_amount(facts.bank_charge)} TL"),
            ("ALICI HESAP NO / ALICI IBAN", grouped(facts.payee_iban)),
            ("ALICI AD SOYAD/UNVAN", facts.payee),
            ("ALICI BANKA", facts.payee_bank),
            ("GONDEREN IBAN", grouped(facts.sender_iban)),
            ("GONDEREN AD SOYAD/UNVAN", facts.paid_by),
            *_number_row("GONDEREN T.C. KİMLİK NO", facts),
            ("İŞLEM AÇIKLAMASI", f"{facts.name} {facts.identity_number} {facts.description}"),
            ("İŞLEM NO", facts.reference),
            ("FİŞ NO", facts.reference[-6:]),
        ),
        ("Türkiye Vakıflar Bankası T.A.O. Genel Müdürlük Ümraniye / İSTANBUL",),
    )


def _kamusm_card(facts: ReceiptFacts) -> Print:
    approval = f"{int(facts.reference) % 1_000_000:06d}"
    return Print(
        "TÜBİTAK BİLGEM Kamu SM",
        "Sanal POS - Ödeme başarılı",
        (
            *_number_row("T.C. Kimlik No", facts),
            ("Ad Soyad", facts.name),
            ("Ürün", facts.product),
            ("Tutar", f"{turkish_amount(facts.amount)} TL"),
            ("İşlem Tarihi", _stamp(facts, "%d.%m.%Y %H:%M")),
            ("Sipariş No", facts.reference),
            ("Onay Kodu", approval),
            ("RRN", f"{int(facts.reference) % 10**12:012d}"),
            ("Kart No", "4543 60** **** 1234"),
        ),
        ("sanalpos.kamusm.gov.tr", "Bu sayfayı yazdırabilir veya kaydedebilirsiniz."),
        colon=":",
        paper=PHONE,
    )


LAYOUTS: dict[str, Callable[[ReceiptFacts], Print]] = {
    "vakifbank-kurum-odemesi": _vakifbank_bill,
    "vakifbank-transfer": _vakifbank_transfer,
    "kamusm-sanal-pos": _kamusm_card,
}
