"""Lists and other things in files that are not simply the form: other kinds, damaged, wrapped up."""

from __future__ import annotations

from datetime import date

from tests.letters import IPHONE, Letters, list_of, writes
from tests.mails import PDF, XLS, XLSX, Envelope, Part, at, attached, mail, mixed, plain
from tests.people import Person, person
from tests.pictures import grid_pdf, photo
from tests.workbooks import BARE, Grid, encrypted, entry, filled, official, packed, tnef, xls, xlsx


def sends(who: Person, sent: tuple[str, str], words: str, *enclosures: Part) -> bytes:
    """A holder's mail with a few words and these files."""
    text = f"Merhaba,\n\n{words}\n\n{who.name}\n{who.workplace}\n"
    envelope = Envelope(writes(who), "Kayıp e-imza başvurusu", at(*sent))
    return mail(envelope, mixed(plain(text), *enclosures) if enclosures else plain(text))


# --- accepted ------------------------------------------------------------------------------------


def zip_with_list() -> bytes:
    """The form in a ZIP archive, because the mail program would not send .xls."""
    who = person("Türkan Yorgancılar")
    archive = packed({"FORM-001-003.xls": list_of(who)})
    return sends(
        who,
        ("2024-05-27", "09:05"),
        "Sistem xls göndermeye izin vermedi, zip yaptım.",
        attached(archive, "application/zip", "form.zip"),
    )


def winmail_dat() -> bytes:
    """The form inside a winmail.dat that an Exchange server made of it."""
    who = person("Ferhat Çiftçibaşılı")
    return sends(
        who,
        ("2024-05-27", "09:40"),
        "Form ektedir.",
        attached(tnef("FORM-001-003.xls", list_of(who)), "application/ms-tnef", "winmail.dat"),
    )


# --- returned ------------------------------------------------------------------------------------


def other_workbook() -> bytes:
    """A stock list of printer cartridges, sent by mistake."""
    who = person("Nihat Özdoğruer")
    stock = Grid(
        "Stok",
        (
            ("Malzeme Kodu", "Malzeme Adı", "Birim", "Miktar", "Son Sayım"),
            ("150-03-11", "Toner siyah", "Adet", 14, date(2024, 4, 30)),
            ("150-03-12", "Toner mavi", "Adet", 6, date(2024, 4, 30)),
            ("150-03-40", "A4 kâğıt 80 gr", "Koli", 22, date(2024, 4, 30)),
        ),
    )
    return sends(
        who, ("2024-05-27", "10:10"), "E-imza formum ektedir.", attached(xls(stock), XLS, "liste_son.xls")
    )


def damaged_xls() -> bytes:
    """An .xls of which only the first half arrived."""
    who = person("Gönül Harmancılar")
    whole = list_of(who)
    return sends(
        who,
        ("2024-05-27", "10:45"),
        "Form ekte.",
        attached(whole[: len(whole) // 2], XLS, "FORM-001-003.xls"),
    )


def password_protected() -> bytes:
    """An .xlsx with a password that only the sender knows."""
    who = person("Sevgi Pınarbaşılı")
    locked = encrypted(xlsx(official(entry(who))), "Acil.1923")
    return sends(
        who,
        ("2024-05-27", "11:20"),
        "Kişisel veri olduğu için dosyaya parola koydum, isterseniz telefonla söylerim.",
        attached(locked, XLSX, "FORM-001-003.xlsx"),
    )


# --- held ----------------------------------------------------------------------------------------


def _printed(who: Person) -> bytes:
    form = filled(BARE, [entry(who, born_on=f"{who.born_on:%d.%m.%Y}")])
    return grid_pdf(form)


def list_as_pdf() -> bytes:
    """The filled form printed to PDF instead of the workbook."""
    who = person("Volkan Denizaşan")
    return sends(
        who,
        ("2024-05-27", "13:15"),
        "Formu doldurup pdf yaptım, ektedir.",
        attached(_printed(who), PDF, "FORM-001-003.pdf"),
    )


def list_as_photo() -> bytes:
    """The printed form photographed with a telephone."""
    who = person("Murat Can Ağaçdiken")
    text = "Formun fotoğrafı ektedir\n\niPhone'umdan gönderildi\n"
    return mail(
        Envelope(writes(who, IPHONE), "Form", at("2024-05-27", "13:50")),
        mixed(plain(text), attached(photo(_printed(who), turned_by=-2.0), "image/jpeg", "IMG_4471.jpeg")),
    )


LETTERS: Letters = {
    "accepted/zip-with-list": zip_with_list,
    "accepted/winmail-dat": winmail_dat,
    "returned/other-workbook": other_workbook,
    "returned/damaged-xls": damaged_xls,
    "returned/password-protected": password_protected,
    "held/list-as-pdf": list_as_pdf,
    "held/list-as-photo": list_as_photo,
}
