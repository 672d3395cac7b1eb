"""Receipts for lost-or-stolen cases: after the list, before it, on the wrong rail, used twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from pipeline.domain.turkish import upper
from tests.letters import ANDROID, IPHONE, Letters, list_mail, list_of, writes
from tests.mails import (
    PDF,
    XLS,
    Envelope,
    at,
    attached,
    bare_file,
    mail,
    mixed,
    plain,
)
from tests.people import Person, person
from tests.pictures import photo
from tests.receipt_damage import picture_bytes, rasterised
from tests.receipt_material import LAYOUTS, Print, ReceiptFacts, iban, print_pages, print_pdf, receipt_pdf
from tests.workbook_material import word_with

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BILL = "vakifbank-kurum-odemesi"
TRANSFER = "vakifbank-transfer"
CARD = "kamusm-sanal-pos"


def paid(who: Person, moment: str, number: int, **changes: object) -> ReceiptFacts:
    """What is true of a payment of 780,00 TL; `number` makes the bank's references different."""
    when = datetime.fromisoformat(moment)
    facts: dict[str, object] = {
        "identity_number": who.identity_number,
        "name": upper(who.name),
        "amount": Decimal("780.00"),
        "paid_at": when,
        "reference": f"{when:%Y}{78000000 + number * 7919:012d}",
        "inquiry_no": f"{2100000000 + number * 104729}",
        "sender_iban": iban("00015", 158007300000000 + number * 7919),
    }
    return ReceiptFacts(**(facts | changes))  # type: ignore[arg-type]


def receipt_mail(who: Person, sent_at: datetime, pdf: bytes) -> bytes:
    """A holder sends a receipt in a mail of its own, as most do."""
    words = f"Merhaba,\n\nE-imza ödeme dekontum ektedir.\n\nİyi günler\n{who.name}\n"
    return mail(
        Envelope(writes(who), "Dekont", sent_at), mixed(plain(words), attached(pdf, PDF, "dekont.pdf"))
    )


def form_print(who: Person) -> Print:
    """Kamu SM's application form as people print, sign and scan it."""
    return Print(
        "TÜBİTAK BİLGEM KAMU SERTİFİKASYON MERKEZİ",
        "NİTELİKLİ ELEKTRONİK SERTİFİKA BAŞVURU FORMU",
        (
            ("Başvuru Sahibi", upper(who.name)),
            ("T.C. Kimlik No", who.identity_number),
            ("Doğum Tarihi", f"{who.born_on:%d.%m.%Y}"),
            ("Sertifika Süresi", "3 yıl"),
            ("Kurum Yetkilisi", "-"),
            ("İmza", "imzalandı"),
        ),
        ("Taahhütnameyi okudum, kabul ediyorum.",),
    )


def form_mail(who: Person, sent_at: datetime, pdf: bytes, name: str) -> bytes:
    """A mail with the signed form, in the belief that it spares the paper."""
    words = plain("Merhaba, imzalı formum ektedir.\n")
    return mail(Envelope(writes(who), "imzalı form", sent_at), mixed(words, attached(pdf, PDF, name)))


def signed_form() -> bytes:
    """The signed application form as a PDF, from somebody who has no open case."""
    who = person("Hakan Gözübüyükler")
    return form_mail(who, at("2024-06-12", "10:30"), print_pdf(form_print(who)), "imzali-form.pdf")


def list_then_signed_form() -> dict[str, bytes]:
    """The list, then the signed form as a PDF: it is noted in the case, and the paper stays due."""
    who = person("Hakan Gözübüyükler")
    return {
        "1-list": list_mail(who, at("2024-06-03", "11:02")),
        "2-form": form_mail(who, at("2024-06-12", "10:30"), print_pdf(form_print(who)), "imzali-form.pdf"),
    }


def list_and_signed_form() -> bytes:
    """List and signed form, two pages, in one mail: somebody had the form of another year at hand."""
    who = person("Fatma Nur Gökırmak")
    second = Print(
        "",
        "TAAHHÜTNAME",
        (("1", "Kartımı ve PIN kodumu kimseye vermeyeceğim."), ("Tarih ve imza", "27.05.2024")),
    )
    words = plain("E-imzam çalındı. Liste ve imzalı form ektedir.\n")
    return mail(
        Envelope(writes(who), "çalınan e-imza", at("2024-05-27", "11:41")),
        mixed(
            words,
            attached(list_of(who), XLS, "FORM-001-003.xls"),
            attached(print_pages((form_print(who), second)), PDF, "imzali-form.pdf"),
        ),
    )


def receipt_and_form_in_one_file() -> dict[str, bytes]:
    """The list, then receipt and signed form in one PDF, as copiers scan what lies on them."""
    who = person("Ümit Gündoğmuş")
    receipt = LAYOUTS[BILL](paid(who, "2024-05-20T12:14:09", 70))
    both = print_pages((receipt, form_print(who)))
    return {
        "1-list": list_mail(who, at("2024-05-13", "10:05")),
        "2-both": form_mail(who, at("2024-05-21", "09:12"), both, "Tarama_0007.pdf"),
    }


def two_receipts_in_one_file() -> dict[str, bytes]:
    """A list of two, then the receipts of both, scanned into one PDF by the secretary."""
    two = person("Nihat Özdoğruer"), person("Tuğba Demirağaç")
    slips = [LAYOUTS[BILL](paid(who, f"2024-05-2{n}T12:14:09", 80 + n)) for n, who in enumerate(two)]
    form = attached(list_of(*two), XLS, "FORM-001-003.xls")
    return {
        "1-list": mail(
            Envelope(writes(two[0]), "Kayıp e-imza", at("2024-05-13", "10:05")),
            mixed(plain("Liste ektedir."), form),
        ),
        "2-receipts": receipt_mail(two[0], at("2024-05-22", "13:02"), print_pages(slips)),
    }


def paid_in_two_parts() -> dict[str, bytes]:
    """The list, then two receipts in one mail: a part of the price, and the rest of it."""
    who = person("Hacer Bağcıvanlı")
    parts = [
        receipt_pdf(BILL, paid(who, f"2024-06-1{n}T09:14:09", 60 + n, amount=Decimal(amount)))
        for n, amount in ((1, "500.00"), (2, "280.00"))
    ]
    words = plain("Merhaba, eksik ödemişim, tamamladım. İki dekont ektedir.\n")
    files = [attached(pdf, PDF, f"dekont{n}.pdf") for n, pdf in enumerate(parts, 1)]
    return {
        "1-list": list_mail(who, at("2024-06-10", "10:05")),
        "2-receipts": mail(
            Envelope(writes(who), "Dekontlar", at("2024-06-12", "13:02")), mixed(words, *files)
        ),
    }


# --- accepted ------------------------------------------------------------------------------------


def list_then_receipt() -> dict[str, bytes]:
    """The list on Monday, a week later the VakıfBank kurum ödemesi receipt."""
    who = person("Ümit Gündoğmuş")
    receipt = receipt_pdf(BILL, paid(who, "2024-05-20T12:14:09", 1))
    return {
        "1-list": list_mail(who, at("2024-05-13", "10:05")),
        "2-receipt": receipt_mail(who, at("2024-05-20", "13:02"), receipt),
    }


def list_then_sanal_pos() -> dict[str, bytes]:
    """The list, then a receipt from Kamu SM's sanal POS, saved as PDF by a telephone."""
    who = person("Tuğba Demirağaç")
    receipt = receipt_pdf(CARD, paid(who, "2024-05-21T21:40:33", 2))
    words = "sanal pos tan odedim dekont ekte\n\niPhone'umdan gönderildi\n"
    return {
        "1-list": list_mail(who, at("2024-05-14", "09:41")),
        "2-receipt": mail(
            Envelope(writes(who, IPHONE), "e imza odeme", at("2024-05-22", "07:50")),
            mixed(plain(words), attached(receipt, PDF, "sanalpos.kamusm.gov.tr.pdf")),
        ),
    }


def spouse_paid() -> dict[str, bytes]:
    """The husband paid the debt from his account; the receipt names her as the debtor."""
    who = person("Nuray Işıklıtepe")
    receipt = receipt_pdf(BILL, paid(who, "2024-05-27T18:20:00", 3, payer="İLKER IŞIKLITEPE"))
    return {
        "1-list": list_mail(who, at("2024-05-20", "12:00")),
        "2-receipt": receipt_mail(who, at("2024-05-28", "08:15"), receipt),
    }


def list_and_receipt_together() -> bytes:
    """List and receipt in one mail: the holder applied on the telephone's advice and paid at once."""
    who = person("Sıdıka Öncüoğlu")
    receipt = receipt_pdf(BILL, paid(who, "2024-05-27T09:30:12", 4))
    words = f"""Sayın yetkili,

Kayıp e-imza için başvuru formum ve ödeme dekontum ektedir.

{who.name}
Destek Hizmetleri
"""
    return mail(
        Envelope(writes(who), "E-imza başvuru + dekont", at("2024-05-27", "11:11")),
        mixed(
            plain(words),
            attached(list_of(who), XLS, "FORM-001-003.xls"),
            attached(receipt, PDF, "Dekont_27052024.pdf"),
        ),
    )


def pdf_mail_without_a_name() -> dict[str, bytes]:
    """The list; then a mail that itself is the receipt's PDF, with neither words nor a file name."""
    who = person("Fatma Nur Gökırmak")
    receipt = receipt_pdf(BILL, paid(who, "2024-05-22T10:01:55", 5))
    return {
        "1-list": list_mail(who, at("2024-05-15", "10:10")),
        "2-receipt": mail(
            Envelope(writes(who, ANDROID), "dekont", at("2024-05-22", "10:09")), bare_file(receipt, PDF)
        ),
    }


# --- guided --------------------------------------------------------------------------------------


def resent_list() -> dict[str, bytes]:
    """The same list again the next day, because no answer was seen yet: already waiting, nothing to do."""
    who = person("Özgür Hatipkaya")
    words = f"Merhaba, dün de göndermiştim ama cevap gelmedi, tekrar iletiyorum.\n\n{who.name}\n"
    return {
        "1-list": list_mail(who, at("2024-05-15", "16:30")),
        "2-list-again": mail(
            Envelope(writes(who), "Ynt: Kayıp e-imza başvurusu", at("2024-05-16", "16:45")),
            mixed(plain(words), attached(list_of(who), XLS, "FORM-001-003.xls")),
        ),
    }


# --- ignored -------------------------------------------------------------------------------------


def duplicate_mail() -> dict[str, bytes]:
    """The very same bytes arrive twice, as when a server delivers again."""
    once = list_mail(person("Zeliha Yağızer"), at("2024-05-16", "08:20"))
    return {"1-list": once, "2-same-bytes": once}


# --- returned ------------------------------------------------------------------------------------


def wrong_rail_fast() -> dict[str, bytes]:
    """After the list, a FAST transfer to an account in TÜBİTAK's name at another bank."""
    who = person("Muhittin Çelikbilekli")
    facts = paid(
        who,
        "2024-05-23T14:51:20",
        6,
        rail="fast",
        payee="TÜBİTAK BİLGEM",
        payee_iban=iban("00010", 1745000006),
        payee_bank="T.C. ZİRAAT BANKASI A.Ş.",
        description="KAYIP E-İMZA ÜCRETİ",
    )
    return {
        "1-list": list_mail(who, at("2024-05-16", "14:14")),
        "2-receipt": receipt_mail(who, at("2024-05-23", "15:00"), receipt_pdf(TRANSFER, facts)),
    }


def wrong_rail_havale() -> dict[str, bytes]:
    """After the list, a havale from VakıfBank to VakıfBank: the right bank, still the wrong way."""
    who = person("Dilâra Şenyuvalı")
    facts = paid(
        who,
        "2024-05-23T11:08:41",
        7,
        rail="havale",
        payee="TÜBİTAK BİLGEM",
        payee_iban=iban("00015", 158007299999999),
        payee_bank="TÜRKİYE VAKIFLAR BANKASI T.A.O.",
        description="e-imza",
    )
    return {
        "1-list": list_mail(who, at("2024-05-17", "09:00")),
        "2-receipt": receipt_mail(who, at("2024-05-23", "11:30"), receipt_pdf(TRANSFER, facts)),
    }


def wrong_amount() -> dict[str, bytes]:
    """After the list, a kurum ödemesi of last year's price, 147,50 TL."""
    who = person("Begüm Çıtakoğlu")
    facts = paid(who, "2024-05-24T10:44:00", 8, amount=Decimal("147.50"))
    return {
        "1-list": list_mail(who, at("2024-05-17", "11:25")),
        "2-receipt": receipt_mail(who, at("2024-05-24", "10:50"), receipt_pdf(BILL, facts)),
    }


# --- held ----------------------------------------------------------------------------------------


def unknown_tariff_period() -> dict[str, bytes]:
    """List and receipt of May 2026, for which no public tariff is known."""
    who = person("Melike Dağıstanlıgil")
    facts = paid(who, "2026-05-18T09:33:10", 9, amount=Decimal("1450.00"))
    return {
        "1-list": list_mail(who, at("2026-05-11", "09:05")),
        "2-receipt": receipt_mail(who, at("2026-05-18", "10:00"), receipt_pdf(BILL, facts)),
    }


def receipt_before_list() -> bytes:
    """A good receipt of somebody from whom no list has come."""
    who = person("Övünç Sarıçamlı")
    return receipt_mail(
        who, at("2024-05-24", "14:00"), receipt_pdf(BILL, paid(who, "2024-05-24T12:30:45", 10))
    )


def receipt_spent_twice() -> dict[str, bytes]:
    """Two colleagues' lists; then each sends a receipt of the same payment, with the own name put in."""
    one, two = person("Abdülkadir Güneşdoğan"), person("Levent Söğütlüdere")
    facts = paid(one, "2024-05-27T15:05:05", 11)
    edited = replace(facts, identity_number=two.identity_number, name=upper(two.name))
    return {
        "1-list": list_mail(one, at("2024-05-20", "09:00")),
        "2-list-of-the-other": list_mail(two, at("2024-05-20", "09:20")),
        "3-receipt": receipt_mail(one, at("2024-05-27", "15:10"), receipt_pdf(BILL, facts)),
        "4-edited-receipt": receipt_mail(two, at("2024-05-28", "08:40"), receipt_pdf(BILL, edited)),
    }


def receipt_of_a_colleague() -> dict[str, bytes]:
    """Two colleagues' lists; then both send the very same receipt, which names the first of them."""
    one, two = person("Asuman Çakıroğulları"), person("Süleyman Işıldak")
    receipt = receipt_pdf(BILL, paid(one, "2024-05-28T10:31:00", 14))
    return {
        "1-list": list_mail(one, at("2024-05-21", "09:00")),
        "2-list-of-the-other": list_mail(two, at("2024-05-21", "09:20")),
        "3-receipt": receipt_mail(one, at("2024-05-28", "11:00"), receipt),
        "4-same-receipt": receipt_mail(two, at("2024-05-28", "11:30"), receipt),
    }


def receipt_of_someone_else() -> dict[str, bytes]:
    """After the list, a receipt whose debtor is somebody who never applied."""
    who, other = person("Hacer Bağcıvanlı"), person("Şule Akıncıtürk")
    receipt = receipt_pdf(BILL, paid(other, "2024-05-28T13:13:13", 12))
    return {
        "1-list": list_mail(who, at("2024-05-21", "10:00")),
        "2-receipt": receipt_mail(who, at("2024-05-28", "13:40"), receipt),
    }


def photo_of_receipt() -> bytes:
    """A receipt photographed from the paper, as a JPEG, from somebody without a case."""
    who = person("Uğur Beşikdüzlü")
    picture = photo(receipt_pdf(BILL, paid(who, "2024-05-28T16:00:21", 13)))
    words = "Dekontun fotosu ektedir\n\nSamsung cep telefonumdan gönderildi\n"
    return mail(
        Envelope(writes(who, ANDROID), "dekont foto", at("2024-05-28", "17:05")),
        mixed(plain(words), attached(picture, "image/jpeg", "20240528_170211.jpg")),
    )


def locked_receipt() -> dict[str, bytes]:
    """The list, then a receipt's PDF under the password that some banks set."""
    who = person("Tuğba Demirağaç")
    pdf = print_pages((LAYOUTS[BILL](paid(who, "2024-05-21T10:40:33", 80)),), password="1234")
    return {
        "1-list": list_mail(who, at("2024-05-14", "09:41")),
        "2-receipt": receipt_mail(who, at("2024-05-22", "07:50"), pdf),
    }


def cut_off_receipt() -> dict[str, bytes]:
    """The list, then a receipt's PDF of which only the first half arrived."""
    who = person("Tuğba Demirağaç")
    pdf = receipt_pdf(BILL, paid(who, "2024-05-21T10:40:33", 81))
    return {
        "1-list": list_mail(who, at("2024-05-14", "09:41")),
        "2-receipt": receipt_mail(who, at("2024-05-22", "08:15"), pdf[: len(pdf) // 2]),
    }


def receipt_for_two() -> dict[str, bytes]:
    """Two lists, then one payment for both people: the other number stands in the payer's words."""
    one, other = person("Hacer Bağcıvanlı"), person("Ümit Gündoğmuş")
    printed = LAYOUTS[BILL](paid(one, "2024-05-20T12:14:09", 82, amount=Decimal("1560.00")))
    words = ("İŞLEM AÇIKLAMASI", f"NES {one.identity_number} ve {other.identity_number}")
    pdf = print_pdf(replace(printed, rows=(*printed.rows, words)))
    return {
        "1-list": list_mail(one, at("2024-05-13", "10:05")),
        "2-list": list_mail(other, at("2024-05-13", "10:40")),
        "3-receipt": receipt_mail(one, at("2024-05-20", "13:02"), pdf),
    }


def reader_not_asked_for() -> dict[str, bytes]:
    """The list asks for the certificate alone, and the price of a mini reader was paid as well."""
    who = person("Ümit Gündoğmuş")
    pdf = receipt_pdf(BILL, paid(who, "2024-05-20T12:14:09", 83, amount=Decimal("1080.00")))
    return {
        "1-list": list_mail(who, at("2024-05-13", "10:05")),
        "2-receipt": receipt_mail(who, at("2024-05-20", "13:02"), pdf),
    }


def bill_paid_elsewhere() -> dict[str, bytes]:
    """The list, then a bill of the right amount paid at another bank, to nobody knows whom."""
    who = person("Tuğba Demirağaç")
    printed = LAYOUTS["akbank"](paid(who, "2024-05-21T10:40:33", 84, rail="eft"))
    rows = tuple((a, "Fatura Ödemesi" if a == "İşlem Türü" else b) for a, b in printed.rows)
    return {
        "1-list": list_mail(who, at("2024-05-14", "09:41")),
        "2-receipt": receipt_mail(who, at("2024-05-22", "08:15"), print_pdf(replace(printed, rows=rows))),
    }


def unpaid_debt() -> dict[str, bytes]:
    """The list, then the bank's page that shows the debt, printed before it was paid."""
    who = person("Tuğba Demirağaç")
    printed = LAYOUTS[BILL](paid(who, "2024-05-21T10:40:33", 85))
    rows = tuple((a, "Ödenecek Borç" if a == "İŞLEM TÜRÜ" else b) for a, b in printed.rows)
    pdf = print_pdf(replace(printed, title="KURUM ÖDEMESİ - ÖDENECEK TUTAR", rows=rows))
    return {
        "1-list": list_mail(who, at("2024-05-14", "09:41")),
        "2-debt": receipt_mail(who, at("2024-05-22", "08:15"), pdf),
    }


def account_movements() -> dict[str, bytes]:
    """The list, then a statement of the account in which the payment is one line among others."""
    who = person("Tuğba Demirağaç")
    statement = Print(
        "VAKIFBANK",
        "HESAP HAREKETLERİ",
        (
            ("21.05.2024 Kamu SM kurum ödemesi", "-780,00 TL"),
            ("21.05.2024 Market alışverişi", "-412,35 TL"),
            ("20.05.2024 Maaş ödemesi", "41.250,00 TL"),
        ),
        ("Hesap hareketleriniz bilgi içindir, dekont yerine geçmez.",),
    )
    return {
        "1-list": list_mail(who, at("2024-05-14", "09:41")),
        "2-statement": receipt_mail(who, at("2024-05-22", "08:15"), print_pdf(statement)),
    }


def receipt_in_a_word_file() -> dict[str, bytes]:
    """The list, then a picture of the receipt pasted into a Word document."""
    who = person("Tuğba Demirağaç")
    pdf = receipt_pdf(BILL, paid(who, "2024-05-21T10:40:33", 86))
    document = word_with("<w:p/>", {"word/media/image1.png": picture_bytes(rasterised(pdf, 200))})
    words = plain("Dekontu Word'e yapıştırdım.\n")
    return {
        "1-list": list_mail(who, at("2024-05-14", "09:41")),
        "2-word": mail(
            Envelope(writes(who), "dekont", at("2024-05-22", "08:15")),
            mixed(words, attached(document, DOCX, "dekont.docx")),
        ),
    }


LETTERS: Letters = {
    "returned/locked-receipt": locked_receipt,
    "returned/cut-off-receipt": cut_off_receipt,
    "held/receipt-for-two": receipt_for_two,
    "held/reader-not-asked-for": reader_not_asked_for,
    "held/bill-paid-elsewhere": bill_paid_elsewhere,
    "held/unpaid-debt": unpaid_debt,
    "returned/account-movements": account_movements,
    "accepted/receipt-in-a-word-file": receipt_in_a_word_file,
    "held/signed-form": signed_form,
    "held/paid-in-two-parts": paid_in_two_parts,
    "accepted/list-then-signed-form": list_then_signed_form,
    "accepted/list-and-signed-form": list_and_signed_form,
    "accepted/receipt-and-form-in-one-file": receipt_and_form_in_one_file,
    "accepted/list-then-receipt": list_then_receipt,
    "accepted/two-receipts-in-one-file": two_receipts_in_one_file,
    "accepted/list-then-sanal-pos": list_then_sanal_pos,
    "accepted/spouse-paid": spouse_paid,
    "accepted/list-and-receipt-together": list_and_receipt_together,
    "accepted/pdf-mail-without-a-name": pdf_mail_without_a_name,
    "guided/resent-list": resent_list,
    "ignored/duplicate-mail": duplicate_mail,
    "returned/wrong-rail-fast": wrong_rail_fast,
    "returned/wrong-rail-havale": wrong_rail_havale,
    "returned/wrong-amount": wrong_amount,
    "held/unknown-tariff-period": unknown_tariff_period,
    "held/receipt-before-list": receipt_before_list,
    "held/receipt-spent-twice": receipt_spent_twice,
    "held/receipt-of-a-colleague": receipt_of_a_colleague,
    "held/receipt-of-someone-else": receipt_of_someone_else,
    "held/photo-of-receipt": photo_of_receipt,
}
