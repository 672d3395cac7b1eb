"""Receipts of today's bank forms, and of forms that nobody has described."""

from __future__ import annotations

from dataclasses import replace

from pipeline.domain.turkish import upper
from tests.letters import Letters, list_mail
from tests.letters.receipts import receipt_mail
from tests.mails import at
from tests.people import Person, person
from tests.receipt_material import Print, grouped, iban, print_pdf

_PAYEE = "TÜBİTAK BİLGEM"
_ACCOUNT = iban("00010", 1745000006)
_OURS = "TR930001200945700044000004"


def _unknown(who: Person, account: str = _ACCOUNT) -> Print:
    """A transfer as a bank prints it whose forms nobody has described."""
    return Print(
        "ANADOLU ÖRNEK KATILIM BANKASI A.Ş.",
        "HESAPTAN FAST",
        (
            ("İŞLEM TARİHİ", "23.05.2024 14:51:20"),
            ("GÖNDEREN", upper(who.name)),
            ("GÖNDEREN IBAN", grouped(iban("00203", 1745000041))),
            ("ALICI", _PAYEE),
            ("ALICI IBAN", grouped(account)),
            ("TUTAR", "780,00 TL"),
            ("MASRAF", "6,39 TL"),
            ("AÇIKLAMA", f"{upper(who.name)} {who.identity_number} KAYIP E-İMZA"),
        ),
        ("Havale, EFT ve FAST işlemleriniz için şubemize bekleriz.",),
        colon=" :",
    )


def _paid(who: Person, printed: Print) -> dict[str, bytes]:
    return {
        "1-list": list_mail(who, at("2024-05-16", "14:14")),
        "2-receipt": receipt_mail(who, at("2024-05-23", "15:00"), print_pdf(printed)),
    }


def is_bankasi_e_dekont() -> dict[str, bytes]:
    """After the list, an e-Dekont of İş Bankası: a havale, three amounts, the name without a label."""
    who = person("Muhittin Çelikbilekli")
    printed = Print(
        "e-Dekont",
        upper(who.name),
        (
            ("Müşteri No", "100000001"),
            ("İşlem Yeri", "MOBİL BANKACILIK"),
            ("İşlem Zam./Valör", "23.05.2024 14:51:20 / 23.05.2024"),
            ("e-Dekont Belge No", "A022024000000789"),
            ("Dekont Tarihi", "23.05.2024 14:52:09"),
            ("Senaryo/Dekont Tipi", "DEKONT/HVL"),
            ("Gönderici Hesap", upper(who.name)),
            ("Alıcı IBAN", grouped(_ACCOUNT)),
            ("Aktarılan Tutar", "780,00 TRY"),
            ("Havale Ücreti+Vergi", "39,99 TRY"),
            ("Toplam Tutar", "819,99 TRY"),
            ("Açıklama", f"{upper(who.name)} {who.identity_number} NES"),
        ),
        colon=" :",
    )
    return _paid(who, printed)


def unknown_form() -> dict[str, bytes]:
    """After the list, a FAST by a bank whose form nobody has described: a transfer is a transfer."""
    who = person("Nuray Işıklıtepe")
    return _paid(who, _unknown(who))


def unknown_form_to_our_account() -> dict[str, bytes]:
    """The same, but into the directorate's own account, where family physicians pay."""
    who = person("Nuray Işıklıtepe")
    return _paid(who, _unknown(who, _OURS))


def unknown_form_of_a_company() -> dict[str, bytes]:
    """The same bank's form, on which a company's name stands too: it may be a kurum ödemesi."""
    who = person("Nuray Işıklıtepe")
    printed = _unknown(who)
    return _paid(who, replace(printed, rows=(*printed.rows, ("KURUM ADI", _PAYEE))))


LETTERS: Letters = {
    "returned/form-of-is-bankasi": is_bankasi_e_dekont,
    "returned/unknown-form-transfer": unknown_form,
    "held/unknown-form-to-our-account": unknown_form_to_our_account,
    "held/unknown-form-of-a-company": unknown_form_of_a_company,
}
