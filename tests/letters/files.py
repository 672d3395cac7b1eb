"""Lists and other things in files that are not simply the form: other kinds, damaged, wrapped up."""

from __future__ import annotations

from datetime import date

from tests.letters import IPHONE, Letters, list_of, writes
from tests.mails import (
    PDF,
    UNKNOWN,
    XLS,
    XLSX,
    Envelope,
    Part,
    alternative,
    at,
    attached,
    html,
    mail,
    mixed,
    plain,
)
from tests.odd_workbooks import (
    csv_file,
    docx,
    html_file,
    html_table,
    lying_xlsx,
    ods,
    strict_xlsx,
    xls_of_excel_95,
    xls_with_password,
    xlsb,
    xlsm,
)
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


def excel_95() -> bytes:
    """An .xls saved by Excel 95: BIFF5, code page 1254."""
    who = person("İbrahim Halil Küçükdere")
    return sends(
        who,
        ("2024-05-28", "08:50"),
        "Form ektedir, birimdeki eski bilgisayarda doldurdum.",
        attached(xls_of_excel_95(official(entry(who))), XLS, "FORM.XLS"),
    )


def xls_with_excels_own_password() -> bytes:
    """An .xls under the password that Excel sets by itself when a sheet is protected."""
    who = person("Irmak Sığırtmaç")
    locked = xls_with_password(list_of(who), "VelvetSweatshop")
    return sends(
        who, ("2024-05-28", "09:15"), "Kayıp e-imza formum ekte.", attached(locked, XLS, "FORM-001-003.xls")
    )


def xlsx_with_excels_own_password() -> bytes:
    """The same for an .xlsx: its sender never typed a password and knows of none."""
    who = person("Oğuzhan Bıyıklı")
    locked = encrypted(xlsx(official(entry(who))), "VelvetSweatshop")
    return sends(
        who, ("2024-05-28", "09:40"), "Kayıp e-imza formum ekte.", attached(locked, XLSX, "FORM-001-003.xlsx")
    )


def list_with_macros() -> bytes:
    """An .xlsm: the form with somebody's macros, which are never run."""
    who = person("Ebru Taşdelenler")
    book = xlsm(official(entry(who)))
    media_type = "application/vnd.ms-excel.sheet.macroEnabled.12"
    return sends(
        who, ("2024-05-28", "10:05"), "Form ektedir.", attached(book, media_type, "basvuru_formu_v3.xlsm")
    )


def binary_workbook() -> bytes:
    """An .xlsb, which somebody chose because it is smaller."""
    who = person("Taner Müezzinzade")
    return sends(
        who,
        ("2024-05-28", "10:30"),
        "Form ektedir.",
        attached(xlsb(official(entry(who))), UNKNOWN, "form.xlsb"),
    )


def libreoffice_list() -> bytes:
    """An .ods from LibreOffice."""
    who = person("Zeliha Yağızer")
    media_type = "application/vnd.oasis.opendocument.spreadsheet"
    return sends(
        who,
        ("2024-05-28", "10:55"),
        "Bilgisayarımda Excel yok, LibreOffice ile doldurdum.",
        attached(ods(official(entry(who))), media_type, "FORM-001-003.ods"),
    )


def web_page_as_xls() -> bytes:
    """A web page in windows-1254 under the name .xls, as the personnel program exports it."""
    who = person("Yiğit Uçarsu")
    page = html_file(official(entry(who)), "windows-1254")
    return sends(
        who,
        ("2024-05-28", "11:20"),
        "Personel programından aldığım liste ektedir.",
        attached(page, XLS, "liste.xls"),
    )


def csv_as_xls() -> bytes:
    """Lines with semicolons in windows-1254 under the name .xls."""
    who = person("Kâzım Alıçlı")
    lines = csv_file(filled(BARE, [entry(who)]), "windows-1254")
    return sends(who, ("2024-05-28", "11:45"), "Form ektedir.", attached(lines, XLS, "form.xls"))


def strict_workbook() -> bytes:
    """An .xlsx saved as "Strict Open XML", in which some readers see no sheet at all."""
    who = person("Nihat Özdoğruer")
    book = strict_xlsx(official(entry(who)))
    return sends(who, ("2024-05-28", "13:30"), "Form ektedir.", attached(book, XLSX, "form.xlsx"))


def lying_dimension() -> bytes:
    """An .xlsx that says it ends at B2 and does not."""
    who = person("Ülkü Gümüşdişli")
    book = lying_xlsx(official(entry(who)))
    return sends(who, ("2024-05-28", "13:55"), "Form ektedir.", attached(book, XLSX, "form.xlsx"))


def xlsx_named_xls() -> bytes:
    """An .xlsx under the name .xls, because "they want .xls"."""
    who = person("İsmail Hakkı Tepecikli")
    book = xlsx(official(entry(who)))
    return sends(
        who, ("2024-05-28", "14:20"), "Form ektedir, xls yaptım.", attached(book, XLS, "FORM-001-003.xls")
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


def cut_off_xlsx() -> bytes:
    """An .xlsx whose base64 ends early, as when a telephone lost its network."""
    who = person("Hacer Bağcıvanlı")
    book = xlsx(official(entry(who)))
    return sends(
        who, ("2024-05-29", "09:00"), "Form ektedir.", attached(book[:9000], XLSX, "FORM-001-003.xlsx")
    )


def empty_file() -> bytes:
    """A file of zero bytes, chosen before it was synchronised."""
    who = person("Begüm Çıtakoğlu")
    return sends(who, ("2024-05-29", "09:25"), "Form ektedir.", attached(b"", XLS, "FORM-001-003.xls"))


def word_list() -> bytes:
    """The list typed into a Word table."""
    who = person("Fatma Nur Gökırmak")
    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    document = docx(filled(BARE, [entry(who)]))
    return sends(
        who, ("2024-05-29", "09:50"), "Liste ektedir.", attached(document, media_type, "başvuru listesi.docx")
    )


def rar_archive() -> bytes:
    """A RAR archive, which we do not open."""
    who = person("Melike Dağıstanlıgil")
    # The mark of RAR 5 and a main header; nothing reads further.
    archive = b"Rar!\x1a\x07\x01\x00" + bytes.fromhex("3392b5e50a01050600050101808000") + b"\0" * 400
    return sends(
        who, ("2024-05-29", "10:15"), "Form ektedir.", attached(archive, "application/vnd.rar", "form.rar")
    )


def list_pasted_into_the_mail() -> bytes:
    """The table pasted into the words of the mail, no file: offered back as a form to confirm."""
    who = person("Muhittin Çelikbilekli")
    table = html_table(filled(BARE, [entry(who)]))
    shown = f"<html><body><p>Merhaba, bilgilerim aşağıdadır:</p>{table}<p>{who.name}</p></body></html>"
    plain_words = f"Merhaba, bilgilerim aşağıdadır:\n{who.identity_number} {who.name}\n"
    envelope = Envelope(writes(who), "Kayıp e-imza bilgilerim", at("2024-05-29", "10:40"))
    return mail(envelope, alternative(plain(plain_words), html(shown)))


def cloud_link() -> bytes:
    """A link to a cloud folder instead of a file."""
    who = person("Tuğba Demirağaç")
    return sends(
        who,
        ("2024-05-29", "11:05"),
        "Formu buradan indirebilirsiniz:\nhttps://drive.example.com/file/d/1aXbQ/view?usp=sharing",
    )


def zip_with_password() -> bytes:
    """A ZIP archive under a password."""
    who = person("Ümit Gündoğmuş")
    archive = bytearray(packed({"FORM-001-003.xls": list_of(who)}))
    # Bit 0 of the flags, in the local and in the central header, says "encrypted".
    archive[6] |= 1
    archive[archive.rindex(b"PK\x01\x02") + 8] |= 1
    return sends(
        who,
        ("2024-05-29", "11:30"),
        "Form zip içinde, parolası dahili numaramdır.",
        attached(bytes(archive), "application/zip", "form.zip"),
    )


# --- lists on paper ------------------------------------------------------------------------------


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
    "accepted/excel-95": excel_95,
    "accepted/xls-with-excels-own-password": xls_with_excels_own_password,
    "accepted/xlsx-with-excels-own-password": xlsx_with_excels_own_password,
    "accepted/list-with-macros": list_with_macros,
    "accepted/binary-workbook": binary_workbook,
    "accepted/libreoffice-list": libreoffice_list,
    "accepted/web-page-as-xls": web_page_as_xls,
    "accepted/csv-as-xls": csv_as_xls,
    "accepted/strict-workbook": strict_workbook,
    "accepted/lying-dimension": lying_dimension,
    "accepted/xlsx-named-xls": xlsx_named_xls,
    "returned/other-workbook": other_workbook,
    "returned/damaged-xls": damaged_xls,
    "returned/password-protected": password_protected,
    "returned/cut-off-xlsx": cut_off_xlsx,
    "returned/empty-file": empty_file,
    "returned/word-list": word_list,
    "returned/rar-archive": rar_archive,
    "returned/zip-with-password": zip_with_password,
    "returned/list-pasted-into-the-mail": list_pasted_into_the_mail,
    "returned/cloud-link": cloud_link,
    "returned/list-as-pdf": list_as_pdf,
    "returned/list-as-photo": list_as_photo,
}
