"""What banks print and enclose for machines: the QR code of an e-Dekont, and its XML."""

from __future__ import annotations

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from zxingcpp import BarcodeFormat, create_barcode

from tests.receipt_material import ReceiptFacts

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def code_text(facts: ReceiptFacts, **said: str) -> str:
    """Writes a code as the official template does, which forgets a quote before one key."""
    told = {
        "customer": facts.identity_number,
        "scenario": "DEKONT",
        "kind": "FTM",
        "day": f"{facts.paid_at:%Y-%m-%d}",
        "amount": f"{facts.amount:.2f}",
        "currency": "TRY",
    } | said
    return (
        f'{{"vkntckn":"9000000009","avkntckn":"{told["customer"]}","senaryo":"{told["scenario"]}",'
        f'tip":"{told["kind"]}","tarih":"{told["day"]}","no":"VKF{facts.paid_at:%Y}000000417",'
        '"ettn":"3f0b8c1e-5c52-4a0e-9f57-0d5f3a1c9e21",'
        f'"parabirimi":"{told["currency"]}","islemtutari":"{told["amount"]}",'
        f'"vergilerdahiltoplamtutar":"0.00","odenecektutar":"{told["amount"]}"}}'
    )


def code(text: str, scale: int = 4) -> Image.Image:
    """Draws a QR code."""
    return Image.fromarray(create_barcode(text, BarcodeFormat.QRCode).to_image(scale=scale)).convert("RGB")


def print_code(canvas: Canvas, text: str, at: tuple[float, float] = (440, 60), side: float = 100) -> None:
    """Prints a code on a page; place and side in points."""
    canvas.drawImage(ImageReader(code(text)), *at, side, side)


def xml(facts: ReceiptFacts, scenario: str = "DEKONT") -> bytes:
    """Writes an e-Dekont in the manner of UBL-TR."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Receipt xmlns="{_UBL}Receipt-2" xmlns:cac="{_UBL}CommonAggregateComponents-2"
 xmlns:cbc="{_UBL}CommonBasicComponents-2">
 <cbc:ProfileID>{scenario}</cbc:ProfileID>
 <cbc:ID>VKF{facts.paid_at:%Y}000000417</cbc:ID>
 <cbc:IssueDate>{facts.paid_at:%Y-%m-%d}</cbc:IssueDate>
 <cbc:DocumentTypeCode>FTM</cbc:DocumentTypeCode>
 <cbc:DocumentCurrencyCode>TRY</cbc:DocumentCurrencyCode>
 <cac:AccountingCustomerParty><cac:Party>
  <cac:PartyIdentification><cbc:ID schemeID="MUSTERINO">40017</cbc:ID></cac:PartyIdentification>
  <cac:PartyIdentification><cbc:ID schemeID="TCKN">{facts.identity_number}</cbc:ID></cac:PartyIdentification>
 </cac:Party></cac:AccountingCustomerParty>
 <cac:LegalMonetaryTotal>
  <cbc:LineExtensionAmount currencyID="TRY">{facts.amount:.2f}</cbc:LineExtensionAmount>
  <cbc:PayableAmount currencyID="TRY">{facts.amount:.2f}</cbc:PayableAmount>
 </cac:LegalMonetaryTotal>
</Receipt>
""".encode()
