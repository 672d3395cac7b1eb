"""Receipts that speak to machines as well: by a QR code, or by XML that comes with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from tests.e_dekont import code_text, print_code, xml
from tests.letters import Letters, list_mail, writes
from tests.letters.edited import drawn, facts_of, talk
from tests.letters.receipts import BILL
from tests.mails import PDF, Envelope, at, attached, mail, mixed, plain
from tests.pdf_editing import in_a_portfolio
from tests.people import Person, person
from tests.receipt_material import ReceiptFacts, receipt_pdf


def coded(who: Person, number: int, said: Callable[[ReceiptFacts], str]) -> dict[str, bytes]:
    facts = facts_of(who, number)
    return talk(who, drawn(facts, lambda canvas: print_code(canvas, said(facts))))


def with_data(who: Person, *files: tuple[bytes, str, str]) -> dict[str, bytes]:
    words = plain(f"Merhaba,\n\nE-imza ödeme dekontum ektedir.\n\nİyi günler\n{who.name}\n")
    enclosed = mixed(words, *(attached(*file) for file in files))
    return {
        "1-list": list_mail(who, at("2024-05-13", "11:05")),
        "2-receipt": mail(Envelope(writes(who), "Dekont", at("2024-05-21", "08:15")), enclosed),
    }


def code_that_agrees() -> dict[str, bytes]:
    """The list, then a receipt whose QR code says the same."""
    return coded(person("Ümit Gündoğmuş"), 331, code_text)


def code_of_another_amount() -> dict[str, bytes]:
    """The list, then a receipt whose QR code tells of another amount."""
    return coded(person("Hacer Bağcıvanlı"), 332, lambda facts: code_text(facts, amount="300.00"))


def code_of_a_transfer() -> dict[str, bytes]:
    """The list, then a paid bill whose QR code calls it a transfer."""
    return coded(person("Tuğba Demirağaç"), 333, lambda facts: code_text(facts, kind="HVL"))


def code_of_a_cancellation() -> dict[str, bytes]:
    """The list, then a receipt whose QR code says that the payment was taken back."""
    return coded(person("Nihat Özdoğruer"), 334, lambda facts: code_text(facts, scenario="DEKONTIPTAL"))


def data_inside_of_another_amount() -> dict[str, bytes]:
    """The list, then a PDF that carries the XML of another amount."""
    who = person("Ümit Gündoğmuş")
    facts = facts_of(who, 335)
    other = xml(replace(facts, amount=Decimal("300.00")))
    return talk(who, in_a_portfolio(receipt_pdf(BILL, facts), "dekont.xml", other))


def data_alone() -> dict[str, bytes]:
    """The list, then the XML of an e-Dekont and no receipt that anybody could look at."""
    who = person("Hacer Bağcıvanlı")
    return with_data(who, (xml(facts_of(who, 336)), "application/xml", "dekont.xml"))


def data_beside_the_receipt() -> dict[str, bytes]:
    """The list, then a receipt with the XML of the same payment beside it."""
    who = person("Tuğba Demirağaç")
    facts = facts_of(who, 337)
    return with_data(
        who,
        (receipt_pdf(BILL, facts), PDF, "dekont.pdf"),
        (xml(facts), "application/xml", "dekont.xml"),
    )


LETTERS: Letters = {
    "accepted/code-that-agrees": code_that_agrees,
    "held/code-of-another-amount": code_of_another_amount,
    "held/code-of-a-transfer": code_of_a_transfer,
    "held/code-of-a-cancellation": code_of_a_cancellation,
    "held/data-inside-of-another-amount": data_inside_of_another_amount,
    "held/data-alone": data_alone,
    "accepted/data-beside-the-receipt": data_beside_the_receipt,
}
