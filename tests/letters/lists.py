"""Single mails with a NES list: as it should be, as it may be, and with each kind of fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.letters import ANDROID, IPHONE, WEBMAIL, Letters, as_xls, list_of, writes
from tests.mails import (
    PDF,
    XLS,
    XLSX,
    Envelope,
    Sender,
    alternative,
    at,
    attached,
    attached_2047,
    attached_2231,
    attached_raw,
    enclosed,
    html,
    inline,
    mail,
    mixed,
    plain,
    related,
)
from tests.people import FILLERS, WRONG_ELEVENTH, WRONG_TENTH, person
from tests.pictures import grid_pdf, logo_png
from tests.receipt_material import Print, print_pdf
from tests.workbooks import BARE, OFFICIAL, entry, filled, official, xlsx

PERSONNEL = Sender("Hastane1 Personel Birimi", "personel@hastane1.saglik.example.org")


# --- accepted ------------------------------------------------------------------------------------


def ordinary_single_list() -> bytes:
    """A radiology technician lost her card and sends the official .xls filled in for herself."""
    who = person("Ayşe Karaağaçlı")
    words = f"""Merhaba,

E-imza kartımı kaybettim. Kamu SM'yi arayarak iptal ettirdim.
Başvuru listesini doldurdum, ekte gönderiyorum. Gereğini rica ederim.

Saygılarımla,
{who.name}
Çınarlı Devlet Hastanesi - Radyoloji
Dahili: 2114
"""
    form = attached(list_of(who), XLS, "FORM-001-003_NITELIKLI_ELEKTRONIK_SERTIFIKA_BASVURU_LISTESI.xls")
    return mail(
        Envelope(writes(who), "Kayıp e-imza başvurusu", at("2024-05-13", "09:12")),
        mixed(plain(words), form),
    )


def list_of_five() -> bytes:
    """The personnel office of a hospital sends one .xls for five colleagues of the house."""
    names = ("Hülya Şimşekoğlu", "Barış Tunahanlı", "Pınar İlkbaharlı", "Recep Büyükırmak", "Ilgın Karasulu")
    words = """Sayın İlgili,

Hastanemizde görevli 5 personelin e-imzası kayıp/çalıntı olduğundan yeniden başvuru yapılacaktır.
Liste ektedir, iptal işlemleri personel tarafından yapılmıştır.

Bilgilerinize arz ederim.

Çınarlı Devlet Hastanesi
Personel Birimi
"""
    form = attached(list_of(*map(person, names)), XLS, "kayip_calinti_mayis.xls")
    return mail(
        Envelope(PERSONNEL, "Kayıp/Çalıntı e-imza listesi (5 kişi)", at("2024-05-14", "14:05")),
        mixed(plain(words), form),
    )


def list_xlsx() -> bytes:
    """The form saved as .xlsx by a newer Excel."""
    who = person("Mehmet Şükrü İnanöz")
    words = f"""İyi günler,
çantam çalındı içindeki e imza da gitti. 444 5 576 yı aradım iptal oldu.
formu doldurdum ekte.
teşekkürler
{who.name}
"""
    form = attached(xlsx(official(entry(who))), XLSX, "FORM-001-003.xlsx")
    return mail(
        Envelope(writes(who), "e-imza calinti basvuru", at("2024-05-14", "16:40")),
        mixed(plain(words), form),
    )


def turkish_charset() -> bytes:
    """Words, sender and subject in windows-1254 with RFC 2047 names, file name as bare 8-bit bytes."""
    who = person("Işıl Ağırbaşlı")
    words = f"""Değerli arkadaşlar,

Geçen hafta nöbet çıkışı e-imzamı düşürdüm, İŞKUR önünde de aradım bulamadım :(
İptal ettirdim. Başvuru listem ektedir, iyi çalışmalar.

{who.name}
Yenidoğan Yoğun Bakım
"""
    return mail(
        Envelope(
            writes(who, WEBMAIL),
            "Kayıp e-imza için başvuru – Işıl Ağırbaşlı",
            at("2024-05-15", "08:55"),
            charset="windows-1254",
        ),
        mixed(
            plain(words, "windows-1254"),
            attached_raw(list_of(who), XLS, "başvuru listesi ışıl ağırbaşlı.xls", "iso-8859-9"),
        ),
    )


def turkish_file_name() -> bytes:
    """A long Turkish file name, continued and percent-encoded in iso-8859-9 (RFC 2231)."""
    who = person("İpek Yıldızhan")
    words = f"""Merhaba, e-imzam kayboldu, iptal edildi. Form ekte, kolay gelsin.

{who.name}
Işıklar ADSM, Protez
"""
    name = "İpek Yıldızhan - Işıklar Ağız ve Diş Sağlığı Merkezi - kayıp çalıntı e-imza başvuru listesi.xls"
    return mail(
        Envelope(writes(who), "E-imza başvuru listesi", at("2024-05-15", "11:20"), charset="iso-8859-9"),
        mixed(plain(words, "iso-8859-9"), attached_2231(list_of(who), XLS, name, "iso-8859-9")),
    )


def encoded_word_file_name() -> bytes:
    """A file name as an RFC 2047 encoded word inside quotes, as Outlook writes it."""
    who = person("Asuman Çakıroğulları")
    words = f"""Merhabalar, kayıp e-imza başvuru formum ektedir. İptal yapıldı.
Sevgiler

{who.name} - Biyokimya
"""
    return mail(
        Envelope(writes(who), "Kayıp e-imza", at("2024-05-15", "13:48")),
        mixed(plain(words), attached_2047(list_of(who), XLS, "Çakıroğulları başvuru.xls", "utf-8")),
    )


def words_for_codes() -> bytes:
    """Two rows with words where the form asks for codes: Kayıp/Çalıntı, Mini, 3 yıl."""
    lost, stolen = person("Çağrı Öztürkmen"), person("Şeyma Kılıçarslantürk")
    grid = official(
        entry(lost, kind="Kayıp/Çalıntı", card_reader="Mini", term_years="3 yıl", payment="KİŞİ"),
        entry(stolen, kind="2-ÇALINTI", card_reader="İstenmiyor", term_years="3 Yıllık"),
    )
    words = f"""Selamlar,

ASM'den ben ve 112'den {stolen.given_name} hanımın formu ekte. Kodlardan emin olamadım, yazıyla yazdım.

{lost.name}
"""
    return mail(
        Envelope(writes(lost, ANDROID), "E-imza kayıp (2 kişi)", at("2024-05-16", "10:31")),
        mixed(plain(words), as_xls(grid, "form doldurulmus.xls")),
    )


def forwarded_list() -> bytes:
    """A secretary forwards the holder's mail as it is (message/rfc822); the list is inside."""
    who = person("Gülşen Çobanoğulları")
    secretary = Sender("ADSM Sekreterlik", "sekreterlik@adsm.saglik.example.org")
    original = mail(
        Envelope(
            writes(who),
            "e-imzam kayboldu",
            at("2024-05-16", "09:02"),
            to="sekreterlik@adsm.saglik.example.org",
        ),
        mixed(
            plain(f"Günaydın, formu doldurdum, siz iletir misiniz?\n\n{who.name}\n"),
            attached(list_of(who), XLS, "basvuru.xls"),
        ),
    )
    words = "Merhaba,\nPersonelimizin kayıp e-imza başvurusu ilişikte iletilmiştir.\n\nADSM Sekreterlik\n"
    return mail(
        Envelope(secretary, "İlt: e-imzam kayboldu", at("2024-05-16", "11:15")),
        mixed(plain(words), enclosed(original)),
    )


def nested_multiparts() -> bytes:
    """HTML words with a logo in the signature, plain words beside it, and the list at the side."""
    who = person("Süleyman Işıldak")
    words = f"Merhaba,\n\nKayıp e-imza başvuru formum ektedir.\n\n{who.name}\nHasta Hakları Birimi\n"
    shown = (
        "<html><body><p>Merhaba,</p><p>Kayıp e-imza başvuru formum ektedir.</p>"
        f'<p><b>{who.name}</b><br>Hasta Hakları Birimi</p><img src="cid:logo@hastane1"></body></html>'
    )
    return mail(
        Envelope(writes(who), "Kayıp e-imza başvuru formu", at("2024-05-17", "15:22")),
        mixed(
            alternative(plain(words), related(html(shown), inline(logo_png(), "image/png", "logo@hastane1"))),
            attached(list_of(who), XLS, "FORM-001-003.xls"),
        ),
    )


def list_with_company() -> bytes:
    """Beside the list its cover letter, the list as PDF again, and a logo that is called an attachment."""
    who = person("Süleyman Işıldak")
    letter = print_pdf(
        Print(
            "T.C.",
            "ÖRNEK VALİLİĞİ İL SAĞLIK MÜDÜRLÜĞÜ",
            (("Sayı :", "E-00000000-000-000000000"), ("Konu :", "Elektronik imza başvurusu")),
            (
                "İSTATİSTİK VE BİLGİ İŞLEM BİRİMİNE",
                f"Hastanemizde görevli {who.name} elektronik imzasını kaybetmiştir.",
                "Gereğini arz ederim.",
            ),
        )
    )
    shown = '<html><body><p>Üst yazımız ve liste ektedir.</p><img src="cid:logo@hastane1"></body></html>'
    logo = inline(logo_png(), "image/png", "logo@hastane1")
    logo.replace_header("Content-Disposition", 'attachment; filename="logo.png"')
    return mail(
        Envelope(writes(who), "Kayıp e-imza başvurusu Hk.", at("2024-05-17", "15:30")),
        mixed(
            related(html(shown), logo),
            attached(letter, PDF, "ust_yazi.pdf"),
            attached(list_of(who), XLS, "FORM-001-003.xls"),
            attached(
                grid_pdf(filled(BARE, [entry(who, born_on=f"{who.born_on:%d.%m.%Y}")])),
                PDF,
                "FORM-001-003.pdf",
            ),
        ),
    )


# --- returned ------------------------------------------------------------------------------------


def one_good_one_bad_row() -> bytes:
    """Two rows: the first is right and goes on, the second has a wrong identity number and goes back."""
    good, bad = person("Sinan Eskiçırak"), person("Nazlı Gül Erğin")
    grid = official(entry(good), entry(bad, identity_number=WRONG_ELEVENTH))
    words = f"""Merhaba,

Kardiyolojiden {good.name} ile İK'dan {bad.name} için kayıp başvurusu listesi ektedir.

İnsan Kaynakları
Göksu EAH
"""
    office = Sender("Göksu EAH İnsan Kaynakları", "ik@hastane2.saglik.example.org")
    return mail(
        Envelope(office, "2 personel kayıp e-imza", at("2024-05-20", "09:47")),
        mixed(plain(words), as_xls(grid, "liste.xls")),
    )


def bad_identity_number() -> bytes:
    """The tenth digit of the identity number is wrong while the eleventh still holds."""
    who = person("Yiğit Uçarsu")
    return _one_row(who.name, "2024-05-20", "10:30", identity_number=WRONG_TENTH)


def short_identity_number() -> bytes:
    """One digit of the identity number was left out; digits are never padded."""
    who = person("Emine Büşra Karagülle")
    return _one_row(who.name, "2024-05-20", "10:58", identity_number=who.identity_number[:-1])


def filler_identity_number() -> bytes:
    """A filler that satisfies the check digits stands where the identity number should."""
    return _one_row("Gizem Kırlangıçlı", "2024-05-20", "11:05", identity_number=FILLERS[1])


def missing_fields() -> bytes:
    """Birth date, e-mail and workplace were left empty."""
    return _one_row("Cüneyt İpekçioğlu", "2024-05-21", "08:40", born_on=None, work_email=None, workplace=None)


def two_digit_year() -> bytes:
    """The birth date is written 14.02.72: the year has to be asked for."""
    return _one_row("Volkan Denizaşan", "2024-05-21", "09:15", born_on="26.11.99")


def future_birth_date() -> bytes:
    """The year of this mail was typed for the year of birth: a date still to come."""
    return _one_row("Tolga Ballıkayalı", "2024-05-21", "10:02", born_on=date(2024, 12, 5))


def impossible_birth_date() -> bytes:
    """The birth date is a day that no calendar has."""
    return _one_row("Kâzım Alıçlı", "2024-05-21", "10:20", born_on="31/06/1997")


def email_typo() -> bytes:
    """Two rows with mistyped addresses: saglık with a dotless ı, a comma where a dot belongs."""
    one, two = person("Türkan Yorgancılar"), person("Canan Şahinbaşlı")
    grid = official(
        entry(one, work_email="turkan.yorgancilar@ilce1.saglık.example.org"),
        entry(two, work_email="canan.sahinbasli@ilce1.saglik.example,org"),
    )
    words = "Merhaba, iki arkadaşımızın kayıp e-imza listesi ektedir.\n\nKavaklı İSM\n"
    office = Sender("Kavaklı İlçe Sağlık", "bilgiislem@ilce1.saglik.example.org")
    return mail(
        Envelope(office, "kayıp e-imza listesi", at("2024-05-22", "13:33")),
        mixed(plain(words), as_xls(grid, "liste_kavakli.xls")),
    )


def private_email() -> bytes:
    """The holder gives a private address for the application link."""
    return _one_row("Serkan İğdeliler", "2024-05-22", "15:01", work_email="serkan_igdeli@posta.invalid")


def kind_renewal_in_list() -> bytes:
    """Başvuru Türü says 3 (renewal) in a lost-or-stolen list: asked about, never changed."""
    who = person("Filiz Yaylacıklı")
    words = f"""Merhaba,

E-imzamın süresi dolmuş, kayıp listesiyle başvurun dediler. Form ektedir.

{who.name}
"""
    return mail(
        Envelope(writes(who), "e-imza yenileme", at("2024-05-22", "16:20")),
        mixed(plain(words), attached(list_of(who, kind=3), XLS, "FORM-001-003.xls")),
    )


def missing_codes() -> bytes:
    """The three code columns (kind, reader, term) were left empty."""
    return _one_row(
        "Murat Can Ağaçdiken", "2024-05-23", "09:09", kind=None, card_reader=None, term_years=None
    )


def same_person_twice() -> bytes:
    """One person stands in two rows of one list, with two different e-mail addresses."""
    who = person("Alper Tütüncügil")
    grid = official(entry(who), entry(who, work_email="a.tutuncugil@adsm.saglik.example.org"))
    words = f"Merhaba, kayıp e-imza formum ektedir.\n{who.name}\n"
    return mail(
        Envelope(writes(who), "Kayıp e-imza", at("2024-05-23", "09:50")),
        mixed(plain(words), as_xls(grid, "form.xls")),
    )


def empty_list() -> bytes:
    """The official form with numbered rows and nothing in them."""
    who = person("Esma Kızılçamlı")
    words = f"Formu ekte gönderiyorum, kayıp e-imza başvurusu için.\n\n{who.name}\niPhone'umdan gönderildi\n"
    grid = filled(replace(OFFICIAL, numbered_rows=20), [])
    return mail(
        Envelope(writes(who, IPHONE), "E-imza form", at("2024-05-23", "12:44")),
        mixed(plain(words), as_xls(grid, "FORM-001-003.xls")),
    )


def sample_row_only() -> bytes:
    """Only the form's own sample row (ÖRNEK, 11111111110) is there: nobody applied."""
    who = person("Hakan Gözübüyükler")
    grid = official(
        {
            "number": "ÖRNEK",
            "identity_number": FILLERS[0],
            "given_name": "ÖRNEK",
            "family_name": "ÖRNEK",
            "born_on": date(1980, 1, 1),
            "work_email": "ornek.ornek@saglik.example.org",
            "workplace": "KURUM-BİRİM",
            "kind": 2,
            "card_reader": 1,
            "term_years": 3,
        }
    )
    words = f"Merhaba, e-imzamı kaybettim başvuru formu ektedir.\n\n{who.name}\nIşıklar ADSM\n"
    return mail(
        Envelope(writes(who), "e-imza", at("2024-05-24", "08:30")),
        mixed(plain(words), as_xls(grid, "FORM-001-003.xls")),
    )


def private_sender() -> bytes:
    """A good list, but written from a private mailbox."""
    who = person("Doğukan Ortaköylügil")
    sender = Sender(who.name, "dogukan_ok@posta.invalid", IPHONE)
    words = f"Merhaba kurum mailime giremiyorum buradan yolluyorum. Kayıp e-imza formum ekte.\n\n{who.name}\n"
    return mail(
        Envelope(sender, "kayıp e-imza", at("2024-05-24", "20:17")),
        mixed(plain(words), attached(list_of(who), XLS, "form.xls")),
    )


# --- held ----------------------------------------------------------------------------------------


def foreigner_99() -> bytes:
    """A foreign physician, whose number begins with 99: right, but the term is for a person to decide."""
    who = person("Elvin Rzazadeh")
    words = f"""Merhaba,

E-imzam çalındı, karakola da gittim. Yabancı uyruklu hekimim, form ektedir.

Dr. {who.name}
Acil Servis
"""
    return mail(
        Envelope(writes(who), "Çalıntı e-imza / yabancı uyruklu", at("2024-05-24", "10:10")),
        mixed(plain(words), attached(list_of(who), XLS, "FORM-001-003.xls")),
    )


def _one_row(name: str, day: str, clock: str, **changes: str | date | int | None) -> bytes:
    who = person(name)
    words = (
        f"Merhaba,\n\nKayıp e-imza başvuru listem ektedir, iyi çalışmalar.\n\n{who.name}\n{who.workplace}\n"
    )
    return mail(
        Envelope(writes(who), "Kayıp e-imza başvurusu", at(day, clock)),
        mixed(plain(words), attached(list_of(who, **changes), XLS, "FORM-001-003.xls")),
    )


LETTERS: Letters = {
    "accepted/ordinary-single-list": ordinary_single_list,
    "accepted/list-of-five": list_of_five,
    "accepted/list-xlsx": list_xlsx,
    "accepted/turkish-charset": turkish_charset,
    "accepted/turkish-file-name": turkish_file_name,
    "accepted/encoded-word-file-name": encoded_word_file_name,
    "accepted/words-for-codes": words_for_codes,
    "accepted/forwarded-list": forwarded_list,
    "accepted/nested-multiparts": nested_multiparts,
    "accepted/list-with-company": list_with_company,
    "returned/one-good-one-bad-row": one_good_one_bad_row,
    "returned/bad-identity-number": bad_identity_number,
    "returned/short-identity-number": short_identity_number,
    "returned/filler-identity-number": filler_identity_number,
    "returned/missing-fields": missing_fields,
    "returned/two-digit-year": two_digit_year,
    "returned/future-birth-date": future_birth_date,
    "returned/impossible-birth-date": impossible_birth_date,
    "returned/email-typo": email_typo,
    "returned/private-email": private_email,
    "returned/kind-renewal-in-list": kind_renewal_in_list,
    "returned/missing-codes": missing_codes,
    "returned/same-person-twice": same_person_twice,
    "returned/empty-list": empty_list,
    "returned/sample-row-only": sample_row_only,
    "returned/private-sender": private_sender,
    "held/foreigner-99": foreigner_99,
}
