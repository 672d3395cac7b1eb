"""Receipts that say something else than success, and honest ones that look as if they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.domain.turkish import upper
from tests.letters import Letters, list_mail, writes
from tests.letters.receipts import BILL, CARD, paid, receipt_mail
from tests.mails import PDF, Envelope, at, attached, mail, mixed, plain
from tests.people import Person, person
from tests.receipt_material import LAYOUTS, Print, Row, iban, print_pdf

_Change = Callable[[Print], Print]


def _list_then(who: Person, number: int, change: _Change, layout: str = BILL) -> dict[str, bytes]:
    """A list, then the receipt of its payment as `change` leaves it."""
    receipt = LAYOUTS[layout](paid(who, "2024-06-10T10:20:30", number))
    return {
        "1-list": list_mail(who, at("2024-06-03", "10:00")),
        "2-receipt": receipt_mail(who, at("2024-06-10", "11:00"), print_pdf(change(receipt))),
    }


def _with_rows(*rows: Row) -> _Change:
    return lambda printed: replace(printed, rows=(*printed.rows, *rows))


def _with_row_instead(label: str, row: Row) -> _Change:
    return lambda printed: replace(
        printed, rows=tuple(row if old[0] == label else old for old in printed.rows)
    )


def state_unknown() -> dict[str, bytes]:
    """The bank prints a state that nobody has called success: it waits, whatever the word."""
    return _list_then(person("Hülya Şimşekoğlu"), 301, _with_rows(("İŞLEM DURUMU", "Yanıt Alındı")))


def cancelled_below() -> dict[str, bytes]:
    """The state says done, and a line far below that it was cancelled and paid back."""
    told = "Bu işlem 11.06.2024 tarihinde iptal edilmiştir. Tutar hesabınıza iade edilmiştir."
    done = _with_rows(("İŞLEM DURUMU", "GERÇEKLEŞTİ"))
    return _list_then(
        person("Irmak Sığırtmaç"), 302, lambda printed: replace(done(printed), footer=(told, *printed.footer))
    )


def cancelled_stamp() -> dict[str, bytes]:
    """A stamp is set over the page in spaced letters."""
    return _list_then(
        person("Gülşen Çobanoğulları"), 303, lambda printed: replace(printed, footer=("İ P T A L",))
    )


def card_reversed() -> dict[str, bytes]:
    """A card page whose kind of transaction is the cancelling of an authorisation."""
    return _list_then(
        person("Nazlı Gül Erğin"), 304, _with_rows(("İşlem Tipi", "Provizyon İptali")), layout=CARD
    )


def in_euro() -> dict[str, bytes]:
    """The right number in another currency."""
    return _list_then(
        person("Tuğba Demirağaç"), 305, _with_row_instead("İŞLEM TUTARI", ("İŞLEM TUTARI", "780,00 €"))
    )


def another_institute() -> dict[str, bytes]:
    """Another house of the same council was paid, for a magazine."""
    row = ("KURUM ADI", "TÜBİTAK POPÜLER BİLİM YAYINLARI ABONELİK")
    return _list_then(person("Yiğit Uçarsu"), 306, _with_row_instead("KURUM ADI", row))


def payers_number() -> dict[str, bytes]:
    """The number is labelled as the payer's, and the debtor's name is somebody else's."""
    who = person("Cüneyt İpekçioğlu")
    number = _with_row_instead("T.C. KİMLİK NO", ("ÖDEYEN T.C. KİMLİK NO", who.identity_number))
    name = _with_row_instead("BORÇLU ADI SOYADI", ("BORÇLU ADI SOYADI", "ZELİHA YAĞIZER"))
    return _list_then(who, 307, lambda printed: name(number(printed)))


def name_of_another() -> dict[str, bytes]:
    """The number is the holder's, and the debtor's name wholly another's."""
    row = ("BORÇLU ADI SOYADI", "ÖZGÜR HATİPKAYA")
    return _list_then(person("Zeliha Yağızer"), 308, _with_row_instead("BORÇLU ADI SOYADI", row))


def reference_of_another_day() -> dict[str, bytes]:
    """The bank's number begins with a day seven months before the payment's."""
    return _list_then(
        person("Ilgın Karasulu"), 309, _with_row_instead("İŞLEM NO", ("İŞLEM NO", "2023110500123456"))
    )


def spent_in_another_spelling() -> dict[str, bytes]:
    """A colleague's payment again, its number written with hyphens and under another name."""
    one, two = person("Muhittin Çelikbilekli"), person("Sıdıka Öncüoğlu")
    first = paid(one, "2024-06-10T09:15:00", 310)
    spelled = "-".join((first.reference[:4], first.reference[4:8], first.reference[8:]))
    other = LAYOUTS[BILL](paid(two, "2024-06-10T09:15:00", 310, reference=spelled))
    return {
        "1-list": list_mail(one, at("2024-06-03", "09:00")),
        "2-list-of-the-other": list_mail(two, at("2024-06-03", "09:20")),
        "3-receipt": receipt_mail(one, at("2024-06-10", "10:00"), print_pdf(LAYOUTS[BILL](first))),
        "4-respelled": receipt_mail(two, at("2024-06-10", "10:30"), print_pdf(other)),
    }


def due_date_as_well() -> dict[str, bytes]:
    """The bank prints when the debt was due, in words that end as those of the payment's day do."""
    return _list_then(person("Barış Tunahanlı"), 311, _with_rows(("SON ÖDEME TARİHİ", "30.06.2024")))


def filled_amount() -> dict[str, bytes]:
    """An amount between signs that keep anybody from adding to it, and a state that says done."""
    amount = _with_row_instead("İŞLEM TUTARI", ("İŞLEM TUTARI", "#780,00#"))
    done = _with_rows(("İŞLEM DURUMU", "GERÇEKLEŞTİ"))
    return _list_then(person("Dilâra Şenyuvalı"), 312, lambda printed: done(amount(printed)))


def physician_number_broken() -> bytes:
    """A family physician's number broken over two lines of the description: nobody says it is missing."""
    who = person("Kâzım Alıçlı")
    account = {"rail": "havale", "sender_iban": iban("00012", 9457000000313)}
    printed = LAYOUTS["halkbank"](paid(who, "2024-06-10T10:00:00", 313, identity_number="", **account))
    number = who.identity_number
    described = f"{upper(who.name)} {number[:6]} {number[6:]} 3 Yıllık NES bedeli"
    pdf = print_pdf(_with_row_instead("AÇIKLAMA", ("AÇIKLAMA", described))(printed))
    words = plain(f"Merhaba,\n\nAile hekimiyim, e-imza ücreti dekontum ektedir.\n\nDr. {who.name}\n")
    return mail(
        Envelope(writes(who), "Aile hekimi e-imza dekontu", at("2024-06-10", "11:00")),
        mixed(words, attached(pdf, PDF, "dekont.pdf")),
    )


LETTERS: Letters = {
    "held/receipt-state-unknown": state_unknown,
    "held/receipt-cancelled-below": cancelled_below,
    "held/receipt-cancelled-stamp": cancelled_stamp,
    "held/receipt-card-reversed": card_reversed,
    "held/receipt-in-euro": in_euro,
    "held/receipt-to-another-institute": another_institute,
    "held/receipt-payers-number": payers_number,
    "held/receipt-name-of-another": name_of_another,
    "held/receipt-number-of-another-day": reference_of_another_day,
    "held/receipt-spent-in-another-spelling": spent_in_another_spelling,
    "held/physician-number-broken": physician_number_broken,
    "accepted/receipt-with-due-date": due_date_as_well,
    "accepted/receipt-with-filled-amount": filled_amount,
}
