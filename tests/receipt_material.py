"""Invented receipts as PDFs and pictures, in every layout of ours, plain or damaged along one axis.

The layouts follow what banks are known to print; every person, number and account is invented.
"""

from __future__ import annotations

import base64
import hashlib
import io
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from pipeline.domain.turkish import mask, upper
from tests.people import PEOPLE

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


def font_file(name: str) -> Path:
    """Finds the file of a font, wherever Debian or Ubuntu keeps it."""
    for folder in _FONT_FOLDERS:
        if (folder / _FONT_FILES[name]).exists():
            return folder / _FONT_FILES[name]
    raise FileNotFoundError(f"{_FONT_FILES[name]}: install fonts-dejavu and fonts-liberation")


@cache
def _font(name: str) -> str:
    """Registers a font and returns the name the canvas knows it by."""
    pdfmetrics.registerFont(TTFont(name, str(font_file(name))))
    return name


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
    return print_pages((printed,), style)


def print_pages(prints: Sequence[Print], style: Style = PLAIN, password: str = "") -> bytes:
    """Sets several prints into one PDF, a page each, under a password where one is given."""
    stream = io.BytesIO()
    lock = StandardEncryption(password, ownerPassword="banka", strength=128) if password else None
    canvas = Canvas(stream, pagesize=prints[0].paper, invariant=1, encrypt=lock)
    for printed in prints:
        canvas.setPageSize(printed.paper)
        _draw(canvas, printed, style)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _draw(canvas: Canvas, printed: Print, style: Style) -> None:
    width, height = printed.paper
    if printed.word_gap is not None:
        style = replace(style, word_gap=printed.word_gap)
    if width < A4[0]:
        style = replace(
            style, left=24.0, value_column=min(style.value_column, 140.0), size=min(style.size, 9)
        )
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


def approval_code(facts: ReceiptFacts) -> str:
    """Makes the six characters that the card network answers, from the reference."""
    return base64.b32encode(hashlib.sha256(facts.reference.encode()).digest())[:6].decode()


def _kamusm_card(facts: ReceiptFacts) -> Print:
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
            ("Onay Kodu", approval_code(facts)),
            ("RRN", f"{int(facts.reference) % 10**12:012d}"),
            ("Kart No", "4543 60** **** 1234"),
        ),
        ("sanalpos.kamusm.gov.tr", "Bu sayfayı yazdırabilir veya kaydedebilirsiniz."),
        colon=":",
        paper=PHONE,
    )


def _envelope_number(facts: ReceiptFacts) -> str:
    """Makes the ETTN that e-documents carry, from the reference."""
    return str(uuid.UUID(bytes=hashlib.sha256(facts.reference.encode()).digest()[:16], version=4))


def _inquiry_row(label: str, facts: ReceiptFacts) -> tuple[Row, ...]:
    return ((label, facts.inquiry_no),) if facts.rail in ("fast", "eft") else ()


def _fees(facts: ReceiptFacts) -> tuple[Decimal, Decimal]:
    """Splits a bank charge into fee and 5 % tax as banks print it."""
    fee = (facts.bank_charge / Decimal("1.05")).quantize(Decimal("0.01"))
    return fee, facts.bank_charge - fee


def _halkbank(facts: ReceiptFacts) -> Print:
    title = {"havale": "HAVALE", "fast": "FAST", "eft": "EFT", "nakit": "HESABA PARA YATIRMA"}[facts.rail]
    fee, tax = _fees(facts)
    return Print(
        "HALKBANK",
        f"{title} DEKONTU",
        (
            *_number_row("TCKN/VKN/YKN", facts),
            ("İŞLEM TARİHİ", _stamp(facts, "%d/%m/%Y - %H:%M")),
            ("BELGE NO", facts.reference),
            ("ETTN", _envelope_number(facts)),
            ("İŞLEM KANALI", "MOBİL ŞUBE"),
            ("İŞLEM TÜRÜ", title),
            ("GÖNDEREN", facts.paid_by),
            ("GÖNDEREN IBAN", grouped(facts.sender_iban)),
            ("ALICI", facts.payee),
            ("ALICI IBAN", grouped(facts.payee_iban)),
            *_inquiry_row("SORGU NO", facts),
            ("AÇIKLAMA", f"{facts.name} {facts.identity_number} {facts.description}"),
            ("İŞLEM TUTARI (TL)", us_amount(facts.amount)),
            ("FAST ÜCRETİ" if facts.rail == "fast" else "İŞLEM ÜCRETİ", us_amount(fee)),
            ("BSMV", us_amount(tax)),
            ("TOPLAM", us_amount(facts.amount + facts.bank_charge)),
        ),
        ("Türkiye Halk Bankası A.Ş. Barbaros Mah. Ataşehir / İSTANBUL",),
        colon=":",
    )


def _ziraat(facts: ReceiptFacts) -> Print:
    title = {
        "havale": "Hesaptan Hesaba Havale",
        "fast": "HESAPTAN FAST",
        "eft": "HESAPTAN EFT",
        "nakit": "HESABA PARA YATIRMA",
    }[facts.rail]
    fee, tax = _fees(facts)
    return Print(
        "ZİRAAT BANKASI",
        title,
        (
            ("İŞLEM TARİHİ", _stamp(facts, "%d/%m/%Y-%H:%M:%S") + f" - F{facts.reference[-5:]}"),
            ("Müşteri Adı", facts.paid_by),
            *_number_row("T.C. Kimlik No", facts),
            ("IBAN", grouped(facts.sender_iban)),
            ("Alıcı", facts.payee),
            ("Alıcı Hesap", grouped(facts.payee_iban)),
            ("Alan Banka", f"{facts.payee_iban[5:9]} - {facts.payee_bank}"),
            *_inquiry_row("Fast Sorgu No" if facts.rail == "fast" else "Sorgu No", facts),
            ("Tutar", f"{turkish_amount(facts.amount)} TRY"),
            ("Komisyon", f"{turkish_amount(fee)} TRY"),
            ("BSMV", f"{turkish_amount(tax)} TRY"),
            ("Havale Referansı", facts.reference),
            ("Açıklama", f"{facts.name} {facts.identity_number} {facts.description}"),
        ),
        ("T.C. Ziraat Bankası A.Ş. Finanskent Mah. Ümraniye / İSTANBUL",),
        colon=" :",
    )


def _garanti(facts: ReceiptFacts) -> Print:
    title = {"havale": "HAVALE", "fast": "FAST GÖNDERİMİ", "eft": "GİDEN EFT", "nakit": "HESABA YATAN"}[
        facts.rail
    ]
    inquiry = _inquiry_row("FAST REF NO" if facts.rail == "fast" else "EFT SORGU NO", facts)
    return Print(
        "T. GARANTİ BANKASI A.Ş.",
        f"DEKONT - {title}",
        (
            ("SIRA NO", facts.reference),
            ("İŞLEM TARİHİ", _stamp(facts, "%Y-%m-%d-%H.%M.%S")),
            ("BORÇLU ADI", facts.paid_by),
            *_number_row("BORÇLU TCKN", facts),
            ("BORÇLU IBAN", grouped(facts.sender_iban)),
            ("ALACAKLI ADI", facts.payee),
            ("ALACAKLI IBAN", grouped(facts.payee_iban)),
            ("ALACAKLI BANKA", facts.payee_bank),
            *inquiry,
            ("TUTAR", f"{turkish_amount(facts.amount)} TL"),
            ("MASRAF", f"{turkish_amount(facts.bank_charge)} TL"),
            ("AÇIKLAMA", f"{facts.name} {facts.identity_number} {facts.description}"),
        ),
        ("T. Garanti Bankası A.Ş. Nispetiye Mah. Beşiktaş / İSTANBUL",),
        colon=" :",
    )


def _is_bankasi(facts: ReceiptFacts) -> Print:
    kind = {"havale": "Havale", "fast": "FAST", "eft": "Giden EFT", "nakit": "Nakit Yatırma"}[facts.rail]
    return Print(
        "TÜRKİYE İŞ BANKASI A.Ş.",
        "e-Dekont",
        (
            ("ETTN", _envelope_number(facts)),
            ("Dekont No", facts.reference),
            ("İşlem Tarihi", _stamp(facts, "%d/%m/%Y %H:%M:%S")),
            ("İşlem Türü", kind),
            ("Müşteri", facts.paid_by),
            *_number_row("TCKN/VKN", facts),
            ("Gönderen IBAN", grouped(facts.sender_iban)),
            ("Alıcı Ad Soyad/Unvan", facts.payee),
            ("Alıcı IBAN", grouped(facts.payee_iban)),
            ("Alıcı Banka", facts.payee_bank),
            *_inquiry_row("Sorgu No", facts),
            ("İşlem Tutarı", f"{turkish_amount(facts.amount)} TL"),
            ("Masraf", f"{turkish_amount(facts.bank_charge)} TL"),
            ("Açıklama", f"{facts.name} {facts.identity_number} {facts.description}"),
        ),
        ("Türkiye İş Bankası A.Ş. İş Kuleleri Levent / İSTANBUL",),
        colon=":",
    )


def _yapi_kredi(facts: ReceiptFacts) -> Print:
    # This bank's own title says EFT even where the money went by FAST.
    title = {"havale": "GİDEN HAVALE", "fast": "GİDEN EFT", "eft": "GİDEN EFT", "nakit": "PARA YATIRMA"}[
        facts.rail
    ]
    kind = {"havale": "GİDEN HAVALE", "fast": "GİDEN FAST", "eft": "GİDEN EFT", "nakit": "YATAN"}[facts.rail]
    return Print(
        "YAPI VE KREDİ BANKASI A.Ş.",
        f"{title} DEKONTU",
        (
            ("İŞLEM TARİHİ", _stamp(facts, "%d/%m/%Y %H:%M:%S")),
            ("İŞLEM REFERANSI", facts.reference),
            ("GÖNDEREN ADI SOYADI", facts.paid_by),
            *_number_row("GÖNDEREN TCKN", facts),
            ("GÖNDEREN IBAN", grouped(facts.sender_iban)),
            ("ALICI ADI SOYADI", facts.payee),
            ("ALICI IBAN", grouped(facts.payee_iban)),
            ("ALICI BANKA", facts.payee_bank),
            *_inquiry_row("SORGU NUMARASI", facts),
            (f"{kind} TUTARI", f"-{turkish_amount(facts.amount)} TL"),
            ("MASRAF TUTARI", f"-{turkish_amount(facts.bank_charge)} TL"),
            ("AÇIKLAMA", f"{facts.name} {facts.identity_number} {facts.description}"),
        ),
        ("Yapı ve Kredi Bankası A.Ş. Levent / İSTANBUL",),
        colon=" :",
    )


def _akbank(facts: ReceiptFacts) -> Print:
    kind = {"havale": "Havale", "fast": "FAST", "eft": "EFT", "nakit": "Nakit Yatırma"}[facts.rail]
    return Print(
        "AKBANK T.A.Ş.",
        "EFT / HAVALE DEKONTU",
        (
            ("İşlem Türü", kind),
            ("İşlem Tarihi", _stamp(facts)),
            ("Dekont No", facts.reference),
            ("Gönderen", facts.paid_by),
            *_number_row("Gönderen TCKN", facts),
            ("Gönderen IBAN", grouped(facts.sender_iban)),
            ("Alıcı", facts.payee),
            ("Alıcı IBAN", grouped(facts.payee_iban)),
            ("Alıcı Banka", facts.payee_bank),
            *_inquiry_row("Sorgu No", facts),
            ("Tutar", f"{turkish_amount(facts.amount)} TL"),
            ("Masraf", f"{turkish_amount(facts.bank_charge)} TL"),
            ("Açıklama", f"{facts.name} {facts.identity_number} {facts.description}"),
        ),
        ("Akbank T.A.Ş. Sabancı Center 4. Levent / İSTANBUL",),
        colon=":",
    )


def _qnb(facts: ReceiptFacts) -> Print:
    kind = {"havale": "Havale", "fast": "FAST", "eft": "EFT", "nakit": "Para Yatırma"}[facts.rail]
    return Print(
        "QNB BANK A.Ş. ENPARA.COM",
        "İşlem Sonuç Dekontu",
        (
            ("İşlem Tarihi", _stamp(facts, "%d/%m/%Y %H:%M")),
            ("İşlem Adı", f"Giden {kind}"),
            ("Dekont Numarası", facts.reference),
            ("Müşteri Adı", facts.paid_by),
            *_number_row("T.C. Kimlik No", facts),
            ("Hesap IBAN", grouped(facts.sender_iban)),
            ("Alıcı Adı", facts.payee),
            ("Alıcı IBAN", grouped(facts.payee_iban)),
            ("Alıcı Banka", facts.payee_bank),
            *_inquiry_row("Sorgu Numarası", facts),
            ("Tutar", f"{us_amount(facts.amount)} TL"),
            ("Masraf", f"{us_amount(facts.bank_charge)} TL"),
            ("Açıklama", f"{facts.name} {facts.identity_number} {facts.description}"),
        ),
        ("QNB Bank A.Ş. Esentepe Mah. Şişli / İSTANBUL",),
        colon=":",
    )


def _denizbank(facts: ReceiptFacts) -> Print:
    kind = {"havale": "HAVALE", "fast": "FAST", "eft": "EFT", "nakit": "NAKİT YATAN"}[facts.rail]
    return Print(
        "DENİZBANK A.Ş.",
        f"GİDEN {kind} DEKONTU",
        (
            ("İŞLEM TARİHİ", _stamp(facts, "%d.%m.%Y %H:%M")),
            ("DEKONT NO", facts.reference),
            ("GÖNDEREN", facts.paid_by),
            *((("TCKN", mask(facts.identity_number)),) if facts.identity_number else ()),
            ("GÖNDEREN IBAN", grouped(facts.sender_iban)),
            ("ALICI", facts.payee),
            ("ALICI IBAN", grouped(facts.payee_iban)),
            ("ALICI BANKA", facts.payee_bank),
            *_inquiry_row("SORGU NO", facts),
            ("TUTAR", f"{turkish_amount(facts.amount)} TL"),
            ("MASRAF", f"{turkish_amount(facts.bank_charge)} TL"),
            ("AÇIKLAMA", f"{facts.name} {facts.identity_number} {facts.description}"),
        ),
        ("DenizBank A.Ş. Büyükdere Cad. Esentepe / İSTANBUL",),
    )


def _kuveyt_turk(facts: ReceiptFacts) -> Print:
    kind = {"havale": "Havale", "fast": "FAST", "eft": "EFT", "nakit": "Nakit Yatırma"}[facts.rail]
    return Print(
        "KUVEYT TÜRK KATILIM BANKASI A.Ş.",
        f"Para Transferi {kind}",
        (
            ("İşlem Tarihi", _stamp(facts, "%d.%m.%Y - %H:%M")),
            ("İşlem Türü", kind),
            ("Referans No", facts.reference),
            ("Gönderen Kişi", facts.paid_by),
            *_number_row("TCKN", facts),
            ("Gönderen IBAN", facts.sender_iban),
            ("Alıcı Kişi", facts.payee),
            ("Alıcı IBAN", facts.payee_iban),
            ("Alıcı Banka", facts.payee_bank),
            *_inquiry_row("Sorgu Numarası", facts),
            ("Tutar", f"{turkish_amount(facts.amount)} TL"),
            ("Masraf", f"{turkish_amount(facts.bank_charge)} TL"),
            ("Açıklama", f"{facts.name} {facts.identity_number} {facts.description}"),
        ),
        ("Kuveyt Türk Katılım Bankası A.Ş. Esentepe / İSTANBUL",),
        colon=":",
        word_gap=1.2,
    )


LAYOUTS: dict[str, Callable[[ReceiptFacts], Print]] = {
    "vakifbank-kurum-odemesi": _vakifbank_bill,
    "vakifbank-transfer": _vakifbank_transfer,
    "kamusm-sanal-pos": _kamusm_card,
    "halkbank": _halkbank,
    "ziraat": _ziraat,
    "garanti": _garanti,
    "is-bankasi": _is_bankasi,
    "yapi-kredi": _yapi_kredi,
    "akbank": _akbank,
    "qnb": _qnb,
    "denizbank": _denizbank,
    "kuveyt-turk": _kuveyt_turk,
}

BANK_CODES = {
    "vakifbank-kurum-odemesi": "00015",
    "vakifbank-transfer": "00015",
    "kamusm-sanal-pos": "00015",
    "halkbank": "00012",
    "ziraat": "00010",
    "garanti": "00062",
    "is-bankasi": "00064",
    "yapi-kredi": "00067",
    "akbank": "00046",
    "qnb": "00111",
    "denizbank": "00134",
    "kuveyt-turk": "00205",
}

_OTHER_PAYEE = ("KURGU TİCARET LTD. ŞTİ.", "ÖRNEK DERNEĞİ")


def invented_facts(layout: str, seed: int) -> ReceiptFacts:
    """Draws a payment that this layout can print: rail, accounts and bank agree with each other."""
    dice = random.Random(f"facts {layout} {seed}")
    person = dice.choice(PEOPLE)
    paid_at = datetime(2024, 4, 1, 8, 0, 0) + timedelta(seconds=dice.randrange(240 * 86_400))
    sender = iban(BANK_CODES[layout], dice.randrange(10**11, 10**15))
    facts = ReceiptFacts(
        identity_number=person.identity_number,
        name=upper(person.name),
        amount=dice.choice((Decimal("780.00"), Decimal("300.00"), Decimal("1080.00"))),
        bank_charge=dice.choice((Decimal("0.00"), Decimal("6.39"), Decimal("12.80"))),
        paid_at=paid_at,
        reference=f"{paid_at:%Y}{dice.randrange(10**12):012d}",
        inquiry_no=f"{dice.randrange(10**9, 10**10)}",
        rail={"vakifbank-kurum-odemesi": "kurum", "kamusm-sanal-pos": "sanal pos"}.get(layout, ""),
        sender_iban=sender,
    )
    if facts.rail:
        return facts
    facts = replace(facts, rail=dice.choice(("fast", "eft", "havale")))
    if facts.rail == "havale" and layout != "halkbank":
        account = iban(BANK_CODES[layout], dice.randrange(10**11, 10**15))
        bank = LAYOUTS[layout](facts).bank
        return replace(facts, payee=dice.choice(_OTHER_PAYEE), payee_iban=account, payee_bank=bank)
    if facts.rail != "havale" and layout == "halkbank":
        account = iban("00015", dice.randrange(10**11, 10**15))
        return replace(facts, payee=dice.choice(_OTHER_PAYEE), payee_iban=account, payee_bank="VAKIFBANK")
    return facts
