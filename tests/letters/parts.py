"""Lists and receipts in signatures, packages and codes, and beside what programs add; robots in disguise."""

from __future__ import annotations

from email.mime.base import MIMEBase

from tests.letters import IPHONE, Letters, list_mail, list_of, writes
from tests.letters.files import sends
from tests.letters.receipts import BILL, paid
from tests.letters.robots import OUR_LETTER
from tests.mails import (
    PDF,
    UNKNOWN,
    XLS,
    Envelope,
    Part,
    Sender,
    at,
    attached,
    bare_file,
    mail,
    mixed,
    multipart,
    plain,
    written,
)
from tests.people import Person, person
from tests.receipt_material import receipt_pdf
from tests.wrappings import (
    PGP_KEY,
    SAVED_PAGE,
    VCARD,
    official_package,
    resource_fork,
    sealed,
    signed,
    signed_in_pieces,
    uuencoded,
)

SIGNATURE = "application/pkcs7-signature"
SIGNED_MAIL = "application/pkcs7-mime"


def _form(who: Person, name: str = "FORM-001-003.xls") -> Part:
    return attached(list_of(who), XLS, name)


# --- accepted ------------------------------------------------------------------------------------


def signed_list() -> bytes:
    """The form signed with an e-signature program: a .p7s with the file inside, called a mere signature."""
    who = person("Nazlı Gül Erğin")
    form = attached(signed_in_pieces(list_of(who)), SIGNATURE, "FORM-001-003.xls.p7s")
    return sends(who, ("2024-06-03", "09:05"), "E-imzalı form ektedir.", form)


def mail_signed_as_a_whole() -> bytes:
    """Words and form together in one signature (smime.p7m), as some programs sign a mail."""
    who = person("Tuğba Demirağaç")
    inside = mixed(plain(f"Merhaba, form ektedir.\n\n{who.name}\n"), _form(who))
    inside.set_boundary("----=_Part_signed")
    whole = attached(signed(written(inside)), SIGNED_MAIL, "smime.p7m")
    return mail(Envelope(writes(who), "Kayıp e-imza", at("2024-06-03", "09:20")), whole)


def forwarded_in_base64() -> bytes:
    """A holder passes an own mail on as it is, and the program writes it in base64."""
    who = person("Yiğit Uçarsu")
    enclosed = bare_file(list_mail(who, at("2024-06-02", "10:00")), "message/rfc822")
    words = plain("Ekteki ileti bana gelmişti, iletiyorum.\n")
    return mail(Envelope(writes(who), "İlt: Kayıp e-imza", at("2024-06-03", "09:40")), mixed(words, enclosed))


def uuencoded_list() -> bytes:
    """An old program sets the form into the words of the mail, line by line."""
    who = person("Fatma Nur Gökırmak")
    words = f"Merhaba,\n\nForm ektedir.\n\n{uuencoded('FORM-001-003.xls', list_of(who))}\n{who.name}\n"
    return sends(who, ("2024-06-03", "10:00"), words)


def official_package_with_list() -> bytes:
    """The form as an enclosure of an e-Yazışma package, whose own parts say nothing to us."""
    who = person("Özgür Hatipkaya")
    package = official_package({"FORM-001-003.xls": list_of(who)})
    file = attached(package, UNKNOWN, "E-12345678-903.07-99.eyp")
    return sends(who, ("2024-06-03", "10:20"), "Üst yazımız ve liste ektedir.", file)


def list_beside_its_shadow() -> bytes:
    """A Macintosh sends the form twice: as it is, and its resource fork under the same name."""
    who = person("Ilgın Karasulu")
    shadow = attached(resource_fork(), "application/applefile", "FORM-001-003.xls")
    return sends(who, ("2024-06-03", "10:40"), "Form ektedir.", multipart("appledouble", shadow, _form(who)))


def receipt_among_programs_parts() -> dict[str, bytes]:
    """The list, then the receipt between what programs add: words cut off, an empty part, a key, a card."""
    who = person("Sıdıka Öncüoğlu")
    receipt = receipt_pdf(BILL, paid(who, "2024-06-03T09:00:00", 61))
    parts = (
        attached(receipt, PDF, "dekont.pdf"),
        attached(b"\r\n\r\niPhone'umdan g\xc3\xb6nderildi\r\n", "text/plain", "ATT00001.txt"),
        attached(b"", "text/plain", "ATT00002.txt"),
        attached(PGP_KEY, "application/pgp-keys", "OpenPGP_0x12345678.asc"),
        attached(VCARD, UNKNOWN, "kart.vcf"),
        attached(signed(None), SIGNATURE, "smime.p7s"),
    )
    envelope = Envelope(writes(who, IPHONE), "Dekont", at("2024-06-03", "11:20"))
    return {
        "1-list": list_mail(who, at("2024-05-27", "09:00")),
        "2-receipt": mail(envelope, mixed(plain("Dekont ektedir.\n"), *parts)),
    }


# --- returned ------------------------------------------------------------------------------------


def receipt_as_saved_page() -> bytes:
    """The bank's page saved from the browser in the place of a receipt."""
    who = person("Barış Tunahanlı")
    page = attached(SAVED_PAGE, UNKNOWN, "dekont.html")
    return sends(who, ("2024-06-03", "11:40"), "Dekont ektedir.", page)


def encrypted_mail() -> bytes:
    """A mail that its program has encrypted for somebody else than us."""
    who = person("Dilâra Şenyuvalı")
    whole = attached(sealed(b"unreadable" * 40), SIGNED_MAIL, "smime.p7m")
    return mail(Envelope(writes(who), "Kayıp e-imza", at("2024-06-03", "12:00")), whole)


# --- robots --------------------------------------------------------------------------------------


def complaint_among_parts() -> bytes:
    """A provider passes on that somebody called our letter spam, without the headers that say so (ARF)."""
    words = plain("This is an email abuse report for an email message received from 192.0.2.25.\n")
    feedback = MIMEBase("message", "feedback-report")
    feedback.set_payload("Feedback-Type: abuse\nUser-Agent: Example/1.0\nVersion: 1\n")
    original = MIMEBase("text", "rfc822-headers")
    original.set_payload(f"From: nes@saglik.example.org\nMessage-ID: {OUR_LETTER}\n")
    envelope = Envelope(
        Sender("Feedback", "feedback@bulten.example.com", ""), "complaint", at("2024-06-04", "08:00")
    )
    return mail(envelope, mixed(words, feedback, original))


def ticket_opened() -> bytes:
    """A help desk's program answers that a ticket was opened; subject and words tell, no header does."""
    words = plain("Talebiniz kaydedilmiştir. Çağrı numaranız: 48213\n")
    envelope = Envelope(
        Sender("Yardım Masası", "yardimmasasi@hastane1.saglik.example.org", ""),
        "[Ticket#48213] E-imza başvurunuz alındı",
        at("2024-06-04", "08:10"),
    )
    return mail(envelope, words)


def on_leave_or_asking() -> bytes:
    """One sentence of a leave notice, and nothing else that says whether a person or a program wrote."""
    who = person("Kâzım Alıçlı")
    words = "Merhaba,\n\n10-14 Haziran tarihleri arasında yıllık izindeyim. Kartım ne zaman gelir?\n"
    return mail(Envelope(writes(who), "E-imza", at("2024-06-04", "08:20")), plain(f"{words}\n{who.name}\n"))


def taken_back_below_the_quote() -> bytes:
    """A list, and between the lines of our quoted letter the sender's own words: the card was found."""
    who = person("Şeyma Kılıçarslantürk")
    words = (
        "Merhaba, liste ektedir.\n\n"
        "14.06.2024 09:12 tarihinde NES Başvuru <nes@saglik.example.org> yazdı:\n"
        "> Başvurunuz için FORM-001-003 doldurulmalıdır.\n"
        "Bu arada kartımı buldum, başvurumu iptal edin lütfen.\n"
        "> Formun boş hâli ektedir.\n"
    )
    return sends(who, ("2024-06-14", "10:05"), words, _form(who))


def taken_back_in_a_text_file() -> bytes:
    """Beside the form lies a text file in which its sender takes the application back."""
    who = person("Oğuzhan Bıyıklı")
    note = attached(
        "Kartım çekmeceden çıktı, vazgeçtim. İşleme almayınız.\r\n".encode(), "text/plain", "not.txt"
    )
    return sends(who, ("2024-06-14", "10:10"), "Liste ektedir.", mixed(_form(who), note))


def list_through_a_group() -> bytes:
    """The form came through a group of addresses whose server marks all mail as a mailing list's."""
    who = person("Çağrı Öztürkmen")
    marks = (("List-Id", "Personel <personel.ilce1.saglik.example.org>"), ("Precedence", "bulk"))
    envelope = Envelope(writes(who), "Kayıp e-imza", at("2024-06-14", "10:15"), more=marks)
    return mail(envelope, mixed(plain("E-imzamı kaybettim, form ektedir.\n"), _form(who)))


LETTERS: Letters = {
    "accepted/signed-list": signed_list,
    "accepted/mail-signed-as-a-whole": mail_signed_as_a_whole,
    "accepted/forwarded-in-base64": forwarded_in_base64,
    "accepted/uuencoded-list": uuencoded_list,
    "accepted/official-package": official_package_with_list,
    "accepted/list-beside-its-shadow": list_beside_its_shadow,
    "accepted/receipt-among-programs-parts": receipt_among_programs_parts,
    "returned/receipt-as-saved-page": receipt_as_saved_page,
    "returned/encrypted-mail": encrypted_mail,
    "ignored/complaint-among-parts": complaint_among_parts,
    "ignored/ticket-opened": ticket_opened,
    "held/on-leave-or-asking": on_leave_or_asking,
    "held/taken-back-below-the-quote": taken_back_below_the_quote,
    "held/taken-back-in-a-text-file": taken_back_in_a_text_file,
    "held/list-through-a-group": list_through_a_group,
}
