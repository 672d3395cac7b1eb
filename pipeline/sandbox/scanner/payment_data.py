"""payment data: the XML of an e-Dekont → what it says of a payment, the same as its code would.

Its elements are UBL's, or are named as the keys of the code; all else in it is passed over.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from pipeline.domain import Coded
from pipeline.papers.codes import coded_from
from pipeline.sandbox.scanner.elements import Attributes, walk
from pipeline.sandbox.scanner.limits import Allowance, Unreadable

# With the picture of its sheet inside one has some hundred thousand bytes.
MOST_BYTES = 4_000_000
_LONGEST = 100

# Where UBL says what → by which key the code says it. A star is any name.
_UBL = {
    "*/ProfileID": "senaryo",
    "*/InvoiceTypeCode": "tip",
    "*/CreditNoteTypeCode": "tip",
    "*/DocumentTypeCode": "tip",
    "*/IssueDate": "tarih",
    "*/DocumentCurrencyCode": "parabirimi",
    "*/LegalMonetaryTotal/LineExtensionAmount": "islemtutari",
    "*/AccountingCustomerParty/Party/PartyIdentification/ID": "avkntckn",
}
_NUMBERS = ("TCKN", "VKN")


def payment_data(data: bytes, allowance: Allowance, scenarios: Iterable[str]) -> Coded | None:
    """Reads XML; None where it is damaged, too large, or no e-Dekont by the beginning of its scenario."""
    if len(data) > MOST_BYTES:
        return None
    told = _Told()
    try:
        walk(io.BytesIO(data), told, allowance)
    except Unreadable:
        return None
    coded = coded_from(told.said)
    known = coded is not None and any(coded.scenario.startswith(scenario) for scenario in scenarios)
    return coded if known else None


class _Told:
    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self._path: list[str] = []
        self._text = ""
        self._is_number = False

    def start(self, name: str, attributes: Attributes) -> None:
        self._path.append(name)
        self._text = ""
        self._is_number = attributes.get("schemeID", "").upper() in _NUMBERS

    def end(self, name: str) -> None:
        place = "/".join(("*", *self._path[1:]))
        key = _UBL.get(place, name)
        # A party has numbers of many kinds.
        if self._text and (key != "avkntckn" or self._is_number or key == name):
            self.said.append((key, self._text.strip()))
        self._path.pop()
        self._text = ""

    def text(self, text: str) -> None:
        if len(self._text) <= _LONGEST:
            self._text += text[: _LONGEST + 1]
