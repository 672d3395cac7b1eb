"""What else lands in the mailbox: the other three procedures, neighbouring requests, doubtful senders."""

from __future__ import annotations

from decimal import Decimal

from tests.letters import ANDROID, IPHONE, Letters, list_mail, list_of, writes
from tests.letters.receipts import BILL, paid
from tests.mails import PDF, XLS, Envelope, Part, Sender, at, attached, mail, mixed, multipart, plain
from tests.people import Person, person
from tests.receipt_material import ReceiptFacts, iban, receipt_pdf

HALKBANK = "halkbank"
ZIRAAT = "ziraat"
FIRST = "Mini Kart Okuyucu ve 3 Yıllık NES bedeli"
RENEWAL = "3 Yıllık NES bedeli"


def _physician_pays(who: Person, sent: tuple[str, str], layout: str, facts: ReceiptFacts) -> bytes:
    words = f"""Merhaba,

Aile hekimiyim, e-imza ücretini Halkbank hesabına yatırdım. Dekont ektedir.

Dr. {who.name}
Kavaklı 5 No'lu ASM
"""
    pdf = attached(receipt_pdf(layout, facts), PDF, "dekont.pdf")
    return mail(Envelope(writes(who), "Aile hekimi e-imza dekontu", at(*sent)), mixed(plain(words), pdf))


def _halkbank_payment(who: Person, moment: str, number: int, **changes: object) -> ReceiptFacts:
    """A transfer between two accounts of Halkbank, into the directorate's."""
    account = {"rail": "havale", "sender_iban": iban("00012", 9457000000000 + number)}
    return paid(who, moment, number, **(account | changes))


def _asks(name: str, sent: tuple[str, str], subject: str, words: str, program: str = IPHONE) -> bytes:
    who = person(name)
    return mail(Envelope(writes(who, program), subject, at(*sent)), plain(f"{words}\n\n{who.name}\n"))


# --- family physicians ---------------------------------------------------------------------------


def physician_first() -> bytes:
    """A family physician's first application: 780 + 300 TL to the directorate's Halkbank account."""
    who = person("Çağrı Öztürkmen")
    facts = _halkbank_payment(who, "2024-05-13T10:00:00", 41, amount=Decimal("1080.00"), description=FIRST)
    return _physician_pays(who, ("2024-05-13", "11:00"), HALKBANK, facts)


def physician_renewal() -> bytes:
    """A family physician's renewal by FAST from Ziraat: 780 TL, and here a transfer is the right way."""
    who = person("Şeyma Kılıçarslantürk")
    sender = iban("00010", 1745000041)
    facts = paid(who, "2024-05-14T10:00:00", 42, rail="fast", sender_iban=sender, description=RENEWAL)
    return _physician_pays(who, ("2024-05-14", "11:00"), ZIRAAT, facts)


def physician_wrong_account() -> bytes:
    """The transfer went to another account at another bank."""
    who = person("Gizem Kırlangıçlı")
    facts = paid(
        who,
        "2024-05-15T10:00:00",
        43,
        rail="fast",
        payee_iban=iban("00010", 1745000099),
        payee_bank="T.C. ZİRAAT BANKASI A.Ş.",
        description=RENEWAL,
    )
    return _physician_pays(who, ("2024-05-15", "11:00"), "vakifbank-transfer", facts)


def physician_without_number() -> bytes:
    """The receipt has a name and no identity number, the fault that is most frequent of all."""
    who = person("Oğuzhan Bıyıklı")
    facts = _halkbank_payment(who, "2024-05-16T10:00:00", 44, identity_number="", description=RENEWAL)
    return _physician_pays(who, ("2024-05-16", "11:00"), HALKBANK, facts)


def physician_without_scope() -> bytes:
    """The receipt says nothing about first application or renewal."""
    who = person("Sibel Ardıçlıoğlu")
    facts = _halkbank_payment(who, "2024-05-17T10:00:00", 45, description="e-imza")
    return _physician_pays(who, ("2024-05-17", "11:00"), HALKBANK, facts)


def physician_old_price() -> bytes:
    """The price of the year before: 147,50 TL."""
    who = person("Emine Büşra Karagülle")
    facts = _halkbank_payment(who, "2024-05-20T10:00:00", 46, amount=Decimal("147.50"), description=RENEWAL)
    return _physician_pays(who, ("2024-05-20", "11:00"), HALKBANK, facts)


# --- other staff, card readers -------------------------------------------------------------------


def other_staff_question() -> bytes:
    """A nurse asks how a first application is made; no list, no payment."""
    return _asks(
        "Esma Kızılçamlı",
        ("2024-05-21", "09:00"),
        "e-imza ilk başvuru",
        "Merhaba, hastanede hemşire olarak yeni başladım. İlk defa e-imza alacağım, nasıl başvurulur?",
    )


def other_staff_receipt() -> bytes:
    """A hospital nurse paid for a first application, for which staff pay nothing."""
    who = person("Meryem İncesulu")
    facts = _halkbank_payment(who, "2024-05-21T12:00:00", 47, description="e-imza ilk başvuru ücreti")
    words = f"""Merhaba,

Acil serviste hemşireyim, ilk e-imza başvurum için ücreti yatırdım, dekont ektedir.

{who.name}
"""
    pdf = attached(receipt_pdf(HALKBANK, facts), PDF, "dekont.pdf")
    return mail(Envelope(writes(who), "dekont", at("2024-05-21", "12:30")), mixed(plain(words), pdf))


def card_reader_question() -> bytes:
    """Somebody needs nothing but a mini card reader."""
    return _asks(
        "Alper Tütüncügil",
        ("2024-05-22", "09:00"),
        "kart okuyucu",
        "Merhabalar, e-imzam duruyor ama usb kart okuyucum bozuldu. Yeni kart okuyucuyu nereden alabilirim?",
    )


def card_reader_address() -> bytes:
    """An address for the card reader, with the abbreviations that the form forbids."""
    return _asks(
        "Serkan İğdeliler",
        ("2024-05-22", "09:25"),
        "mini kart okuyucu adres",
        "Mini kart okuyucu başvurusu için adresim: Çiçekli Mah. Lale Cad. Nergis Sok. No: 4/7 Kavaklı. "
        "Bu şekilde uygun mu?",
    )


# --- neighbouring requests -----------------------------------------------------------------------


def how_to_apply() -> bytes:
    """The card was lost, nothing is enclosed: what to do next?"""
    return _asks(
        "Sevgi Pınarbaşılı",
        ("2024-05-23", "08:30"),
        "E imzamı kaybettim",
        "Merhaba, e-imzamı kaybettim ne yapmam gerekiyor? Hangi formu dolduracağım?",
    )


def lost_in_words() -> bytes:
    """No question and no list: the loss, and all the data in the words of the mail."""
    return _asks(
        "Sevgi Pınarbaşılı",
        ("2024-05-23", "08:35"),
        "e imza",
        "iyi gunler e imzami kaybettim bilgilerim asagidadir geregini arz ederim\n"
        "dogum tarihi 03.04.1985\n0312 000 00 00",
    )


def nothing_enclosed() -> bytes:
    """The enclosure that the words speak of was forgotten."""
    return _asks(
        "Nihat Özdoğruer", ("2024-05-23", "08:40"), "Kayıp e-imza başvurusu", "Form ektedir. İyi çalışmalar"
    )


def form_wanted() -> bytes:
    """The blank form is not found, because the link on the site does not open."""
    return _asks(
        "Doğukan Ortaköylügil",
        ("2024-05-23", "08:45"),
        "form",
        "Merhaba, kayıp e-imza formunu nereden indirebilirim? Sitedeki link açılmıyor.",
    )


def how_to_pay() -> bytes:
    """An answer to one of our letters asks when to pay; what it quotes is not its own words."""
    who = person("Sevgi Pınarbaşılı")
    words = f"""Peki ödemeyi ne zaman yapacağım?

{who.name}

Kimden: NES
Konu: Otomatik yanıt: Kayıp/çalıntı başvurunuz listeye alındı
Kaybolan NES'iniz iptal edilmediyse 444 5 576 numaralı telefonu arayınız.
"""
    return mail(
        Envelope(
            writes(who, IPHONE), "Ynt: Otomatik yanıt: Kayıp/çalıntı başvurunuz", at("2024-05-24", "09:00")
        ),
        plain(words),
    )


def thanks_alone() -> bytes:
    """Nothing but thanks, with a telephone's signature: nobody has to look at it."""
    return _asks(
        "Nihat Özdoğruer",
        ("2024-05-24", "09:20"),
        "Ynt: Otomatik yanıt: Listeniz",
        "Çok teşekkür ederim, kolay gelsin.\n\niPhone'umdan gönderildi",
    )


def renewal_with_list() -> bytes:
    """A certificate that expires, on the list of lost cards: the card may not be lost at all."""
    who = person("Sevgi Pınarbaşılı")
    words = plain(f"Merhaba,\n\nSertifikamın süresi doluyor, yenileme için liste ektedir.\n\n{who.name}\n")
    form = attached(list_of(who), XLS, "FORM-001-003.xls")
    return mail(Envelope(writes(who), "E-imza yenileme", at("2024-05-23", "10:00")), mixed(words, form))


def pin_blocked() -> bytes:
    """A blocked PIN, which is not a loss."""
    return _asks(
        "Nihat Özdoğruer",
        ("2024-05-23", "08:50"),
        "pin bloke",
        "Merhaba, e-imza şifremi 3 kere yanlış girdim, PIN bloke oldu. Puk kodunu da bulamıyorum.",
    )


def broken_chip() -> bytes:
    """The chip of a young card is not read any more."""
    return _asks(
        "Doğukan Ortaköylügil",
        ("2024-05-23", "09:10"),
        "e-imza arızalı",
        "Merhaba, 8 aylık e-imza kartımın çipi okunmuyor, bilgisayar kartı görmüyor. Garanti kapsamında mı?",
    )


def surname_change() -> bytes:
    """A new family name after a marriage."""
    return _asks(
        "Gülşen Çobanoğulları",
        ("2024-05-23", "09:30"),
        "soyadı değişikliği",
        "Merhaba, evlendim soyadım değişti. E-imzamda eski soyadım yazıyor, değiştirmem gerekir mi?",
    )


def renewal_question() -> bytes:
    """A certificate that will expire next month."""
    return _asks(
        "Filiz Yaylacıklı",
        ("2024-05-23", "09:50"),
        "e-imza süre bitimi",
        "Merhaba, e-imzamın süresi gelecek ay doluyor, yenileme için ne yapmalıyım?",
    )


def found_again() -> bytes:
    """A card that was revoked as lost has turned up; there is no open case."""
    return _asks(
        "Kadir Oyluklu",
        ("2024-05-23", "10:10"),
        "e-imza bulundu",
        "Merhaba, geçen ay kaybettiğim ve iptal ettirdiğim e-imzamı buldum. Tekrar kullanabilir miyim?",
    )


def where_is_it() -> dict[str, bytes]:
    """List, then a week later: where is my application? Answered from the case."""
    who = person("Barış Tunahanlı")
    words = "Merhaba, geçen hafta kayıp e-imza başvurusu yapmıştım. Başvurum ne durumda?"
    return {
        "1-list": list_mail(who, at("2024-05-23", "10:30")),
        "2-question": _asks(who.name, ("2024-05-30", "10:30"), "başvurum ne durumda", words),
    }


def complaint() -> bytes:
    """An angry mail with several matters in it, for a person to answer."""
    return _asks(
        "Nazlı Gül Erğin",
        ("2024-05-24", "16:40"),
        "ŞİKAYET",
        "İki aydır e-imza bekliyorum, kimse telefona bakmıyor. Hem reçete yazamıyorum hem nöbet çizelgesini "
        "onaylayamıyorum. Bu işin sorumlusu kimse bana dönsün, yoksa CİMER'e yazacağım.",
        ANDROID,
    )


def colleague() -> bytes:
    """A colleague from the unit writes about the meeting on Friday."""
    return _asks(
        "Ebru Taşdelenler",
        ("2024-05-24", "09:00"),
        "cuma toplantısı",
        "Arkadaşlar cuma 14:00 toplantısına e-imza sayılarını da getirir misiniz?",
    )


# --- who may be answered, who is believed --------------------------------------------------------


def _list_under(envelope: Envelope, who: Person) -> bytes:
    words = f"Merhaba, kayıp e-imza başvuru formum ektedir.\n\n{who.name}\n"
    return mail(envelope, mixed(plain(words), attached(list_of(who), XLS, "FORM-001-003.xls")))


def dmarc_failed() -> bytes:
    """Our own server found that the mail does not come from the domain it names."""
    who = person("Levent Söğütlüdere")
    return _list_under(
        Envelope(writes(who), "Kayıp e-imza", at("2024-05-24", "10:00"), authenticated="fail"), who
    )


def forged_authentication() -> bytes:
    """The sender brought an Authentication-Results header of its own; our server's says fail."""
    who = person("Abdülkadir Güneşdoğan")
    forged = "mail.hastane2.saglik.example.org; dmarc=pass header.from=hastane2.saglik.example.org"
    more = (("Authentication-Results", forged),)
    return _list_under(
        Envelope(writes(who), "Kayıp e-imza", at("2024-05-24", "10:20"), authenticated="fail", more=more), who
    )


def reply_to_elsewhere() -> bytes:
    """A good list whose Reply-To points to a private mailbox; the answer goes to the sender only."""
    who = person("Kâzım Alıçlı")
    more = (("Reply-To", "kazim_alicli@posta.invalid"),)
    return _list_under(Envelope(writes(who), "Kayıp e-imza", at("2024-05-24", "10:40"), more=more), who)


def suppressing_header() -> bytes:
    """Outlook's X-Auto-Response-Suppress on an ordinary mail: the list is still answered."""
    who = person("Cüneyt İpekçioğlu")
    more = (("X-Auto-Response-Suppress", "DR, OOF, AutoReply"),)
    return _list_under(Envelope(writes(who), "Kayıp e-imza", at("2024-05-24", "11:00"), more=more), who)


def stranger_for_someone_else() -> bytes:
    """Somebody of one hospital asks for a certificate in the name of a person of another."""
    victim = person("Özgür Hatipkaya")
    envelope = Envelope(writes(person("Recep Büyükırmak")), "Kayıp e-imza", at("2024-05-24", "11:20"))
    words = "Arkadaşımın formu ektedir, acele olursa sevinirim.\n"
    return mail(envelope, mixed(plain(words), attached(list_of(victim), XLS, "FORM-001-003.xls")))


def two_senders() -> bytes:
    """A From header with two people in it: whom to believe and to answer?"""
    who = person("Irmak Sığırtmaç")
    whole = _list_under(Envelope(writes(who), "Kayıp e-imza", at("2024-05-24", "11:40")), who)
    other = person("Rabia Üçpınarlı").work_email.encode()
    return whole.replace(
        f"<{who.work_email}>\r\nTo:".encode(), f"<{who.work_email}>, {other.decode()}\r\nTo:".encode()
    )


# --- robots --------------------------------------------------------------------------------------


def bulk_mail() -> bytes:
    """Precedence: bulk, and nothing else."""
    envelope = Envelope(
        Sender("Duyuru", "duyuru@saglik.example.org", ""),
        "Yemekhane listesi",
        at("2024-05-27", "08:00"),
        more=(("Precedence", "bulk"),),
    )
    return mail(envelope, plain("Haziran ayı yemek listesi intranette yayımlanmıştır.\n"))


def complaint_feedback() -> bytes:
    """A feedback report (ARF): somebody marked a letter of ours as junk."""
    status: Part = plain("")
    status.set_type("message/feedback-report")
    del status["Content-Transfer-Encoding"]
    status.set_payload("Feedback-Type: abuse\nUser-Agent: ExampleFBL/1.0\nVersion: 1\n")
    report = multipart("report", plain("This is an email abuse report.\n"), status)
    report.set_param("report-type", "feedback-report")
    envelope = Envelope(
        Sender("Feedback Loop", "fbl@posta.invalid", ""), "Abuse report", at("2024-05-27", "08:10")
    )
    return mail(envelope, report)


def bounce_in_plain_words() -> bytes:
    """An old server's bounce: plain words, known by X-Failed-Recipients."""
    envelope = Envelope(
        Sender("Mail System", "system@hastane3.saglik.example.org", ""),
        "Mail delivery failed: returning message to sender",
        at("2024-05-27", "08:20"),
        more=(("X-Failed-Recipients", "eski.kisi@hastane3.saglik.example.org"),),
    )
    return mail(envelope, plain("A message that you sent could not be delivered.\n"))


def kamusm_link_notice() -> bytes:
    """Kamu SM writes about one application, with a PDF that is not for us to judge: a person reads it."""
    who = person("Ayşe Karaağaçlı")
    envelope = Envelope(
        Sender("Kamu SM Başvuru", "basvuru@kamusm.example.org", ""),
        "Borç bildirimi",
        at("2024-05-27", "09:00"),
    )
    pdf = attached(receipt_pdf(BILL, paid(who, "2024-05-24T10:00:00", 48)), PDF, "bildirim.pdf")
    return mail(envelope, mixed(plain("Başvuruya ait borç bilgisi ektedir.\n"), pdf))


LETTERS: Letters = {
    "accepted/physician-first": physician_first,
    "accepted/physician-renewal": physician_renewal,
    "accepted/reply-to-elsewhere": reply_to_elsewhere,
    "accepted/suppressing-header": suppressing_header,
    "returned/physician-wrong-account": physician_wrong_account,
    "returned/physician-without-number": physician_without_number,
    "returned/physician-without-scope": physician_without_scope,
    "returned/physician-old-price": physician_old_price,
    "held/other-staff-receipt": other_staff_receipt,
    "held/renewal-with-list": renewal_with_list,
    "held/kamusm-link-notice": kamusm_link_notice,
    "held/complaint": complaint,
    "held/colleague": colleague,
    "held/dmarc-failed": dmarc_failed,
    "held/forged-authentication": forged_authentication,
    "held/stranger-for-someone-else": stranger_for_someone_else,
    "held/two-senders": two_senders,
    "guided/other-staff-question": other_staff_question,
    "guided/card-reader-question": card_reader_question,
    "guided/card-reader-address": card_reader_address,
    "guided/how-to-apply": how_to_apply,
    "guided/lost-in-words": lost_in_words,
    "guided/nothing-enclosed": nothing_enclosed,
    "guided/form-wanted": form_wanted,
    "guided/how-to-pay": how_to_pay,
    "guided/thanks-alone": thanks_alone,
    "guided/pin-blocked": pin_blocked,
    "guided/broken-chip": broken_chip,
    "guided/surname-change": surname_change,
    "guided/renewal-question": renewal_question,
    "guided/found-again": found_again,
    "guided/where-is-it": where_is_it,
    "ignored/bulk-mail": bulk_mail,
    "ignored/complaint-feedback": complaint_feedback,
    "ignored/bounce-in-plain-words": bounce_in_plain_words,
}
