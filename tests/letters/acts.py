"""What officials have to decide: the same thing held twice, and several people held in one mail."""

from __future__ import annotations

from tests.letters import Letters, list_mail, list_of, writes
from tests.letters.receipts import BILL, paid, receipt_mail
from tests.mails import XLS, Envelope, at, attached, mail, mixed, plain
from tests.people import person
from tests.receipt_material import receipt_pdf


def two_held_rows() -> bytes:
    """A list of two colleagues of one unit, for both of whom a five-year certificate is asked for."""
    one, two = person("Ayşe Karaağaçlı"), person("Hülya Şimşekoğlu")
    words = f"Merhaba,\n\nİki arkadaşımızın kayıp e-imza listesi ektedir.\n\n{one.name}\n"
    form = attached(list_of(one, two, term_years=5), XLS, "FORM-001-003.xls")
    return mail(
        Envelope(writes(one), "Kayıp e-imza başvurusu", at("2024-06-10", "09:12")), mixed(plain(words), form)
    )


def foreigner_sends_twice() -> dict[str, bytes]:
    """A foreigner's list is held; with no more than that in the answer, it is sent again three days later."""
    who = person("Noura Haddadi")
    return {
        "1-list": list_mail(who, at("2024-06-03", "09:00")),
        "2-same-list-again": list_mail(who, at("2024-06-06", "16:40")),
    }


def held_receipt_sent_twice() -> dict[str, bytes]:
    """After the list a receipt of days whose price nobody knows is held; it is sent again the next week."""
    who = person("Cihan Yüksekyaylalı")
    receipt = receipt_pdf(BILL, paid(who, "2026-03-02T11:05:05", 61))
    return {
        "1-list": list_mail(who, at("2026-02-23", "09:00")),
        "2-receipt": receipt_mail(who, at("2026-03-03", "09:00"), receipt),
        "3-receipt-again": receipt_mail(who, at("2026-03-09", "10:30"), receipt),
    }


LETTERS: Letters = {
    "held/two-held-rows": two_held_rows,
    "held/foreigner-sends-twice": foreigner_sends_twice,
    "held/held-receipt-sent-twice": held_receipt_sent_twice,
}
