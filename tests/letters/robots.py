"""Mails that no person waits for an answer to, and bytes that are no mail."""

from __future__ import annotations

import random
from email import message_from_string
from email.mime.base import MIMEBase

from tests.letters import WEBMAIL, Letters, list_of, writes
from tests.mails import (
    INTAKE,
    KAMU_SM,
    XLS,
    Envelope,
    Part,
    Sender,
    at,
    attached,
    html,
    mail,
    mixed,
    multipart,
    plain,
)
from tests.people import person

OUR_LETTER = "<kabul.3f9c2ab1d0@saglik.example.org>"
DAEMON = Sender("Mail Delivery System", "mailer-daemon@mail.hastane2.saglik.example.org", "")


# --- ignored -------------------------------------------------------------------------------------


def out_of_office() -> bytes:
    """An Exchange server says that its user is on leave (Auto-Submitted: auto-replied)."""
    who = person("Kadir Oyluklu")
    words = f"""Merhaba,

20-31 Mayıs tarihleri arasında yıllık izindeyim. Acil durumlarda İnsan Kaynakları ile görüşebilirsiniz.

{who.name}
"""
    return mail(
        Envelope(
            writes(who, ""),
            "Otomatik yanıt: E-imza başvurunuz alındı",
            at("2024-05-20", "08:01"),
            more=(
                ("In-Reply-To", OUR_LETTER),
                ("Auto-Submitted", "auto-replied"),
                ("X-Auto-Response-Suppress", "All"),
            ),
        ),
        plain(words),
    )


def out_of_office_without_headers() -> bytes:
    """An old server's leave notice: nothing but its subject says that no person wrote it."""
    who = person("Onur Kestanelik")
    words = f"Bu hafta kongrede olacağımdan e-postalarınıza hemen dönemeyebilirim.\n\n{who.name}\n"
    return mail(
        Envelope(writes(who, ""), "Ofis dışında: E-imza başvurunuz alındı", at("2024-05-20", "08:03")),
        plain(words),
    )


def delivery_failure() -> bytes:
    """A letter of ours could not be delivered (multipart/report, delivery-status, null return path)."""
    original = (
        f"From: {INTAKE}\nTo: olmayan.kisi@hastane2.saglik.example.org\n"
        f"Subject: =?utf-8?q?E-imza_ba=C5=9Fvurunuz?=\nMessage-ID: {OUR_LETTER}\n"
    )
    words = (
        "This is the mail system at host mail.hastane2.saglik.example.org.\n\n"
        "I'm sorry to have to inform you that your message could not be delivered to one or more\n"
        "recipients.\n\n"
        "<olmayan.kisi@hastane2.saglik.example.org>: user unknown\n"
    )
    status = _text_part("message/delivery-status", "")
    status.set_payload(
        [
            message_from_string("Reporting-MTA: dns; mail.hastane2.saglik.example.org\n"),
            message_from_string(
                "Final-Recipient: rfc822; olmayan.kisi@hastane2.saglik.example.org\n"
                "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n"
            ),
        ]
    )
    report = multipart("report", plain(words), status, _text_part("text/rfc822-headers", original))
    report.set_param("report-type", "delivery-status")
    return mail(
        Envelope(
            DAEMON,
            "Undelivered Mail Returned to Sender",
            at("2024-05-21", "09:14"),
            return_path="",
            more=(("Auto-Submitted", "auto-replied"),),
        ),
        report,
    )


def read_receipt() -> bytes:
    """Outlook says that a letter of ours was read (multipart/report, disposition-notification)."""
    who = person("Meryem İncesulu")
    status = (
        f"Final-Recipient: rfc822; {who.work_email}\nOriginal-Message-ID: {OUR_LETTER}\n"
        "Disposition: manual-action/MDN-sent-automatically; displayed\n"
    )
    words = "İletiniz okundu: 21 Mayıs 2024 Salı 10:02\n"
    report = multipart("report", plain(words), _text_part("message/disposition-notification", status))
    report.set_param("report-type", "disposition-notification")
    return mail(Envelope(writes(who), "Okundu: E-imza başvurunuz alındı", at("2024-05-21", "10:02")), report)


def mailing_list() -> bytes:
    """A discussion list that the intake address was put on (List-Id)."""
    words = "Arkadaşlar,\nHBYS güncellemesi bu gece 02:00'de yapılacaktır, bilginize.\n"
    return mail(
        Envelope(
            Sender("Bilgi İşlem", "bilgiislem@saglik.example.org"),
            "[bilgi-islem] HBYS güncellemesi",
            at("2024-05-21", "15:30"),
            to="bilgi-islem@liste.saglik.example.org",
            return_path="bilgi-islem-bounces@liste.saglik.example.org",
            more=(
                ("List-Id", "<bilgi-islem.liste.saglik.example.org>"),
                ("List-Post", "<mailto:bilgi-islem@liste.saglik.example.org>"),
                ("Precedence", "list"),
            ),
        ),
        plain(words),
    )


def newsletter() -> bytes:
    """A newsletter with an unsubscribe link."""
    shown = "<html><body><h1>Sağlıkta Dijital Dönüşüm Bülteni</h1><p>Mayıs sayımız yayında!</p></body></html>"
    return mail(
        Envelope(
            Sender("Dijital Sağlık Bülteni", "bulten@bulten.example.com", ""),
            "Mayıs bülteni: 7 yenilik",
            at("2024-05-22", "06:00"),
            return_path="b-1182@bulten.example.com",
            more=(
                ("List-Unsubscribe", "<https://bulten.example.com/cik?u=1182>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("Precedence", "bulk"),
            ),
        ),
        html(shown),
    )


def own_mail_loop() -> bytes:
    """A letter of ours comes back to us: a rule in somebody's mailbox redirects it."""
    words = "Sayın ilgili,\n\nE-imza başvurunuz alınmıştır.\n\nBu ileti bilgilendirme amaçlıdır.\n"
    return mail(
        Envelope(
            Sender("E-imza Başvuru", INTAKE, ""),
            "E-imza başvurunuz alındı",
            at("2024-05-22", "09:00"),
            more=(("Resent-From", "birisi@hastane1.saglik.example.org"),),
        ),
        plain(words),
    )


def kamusm_notice() -> bytes:
    """Kamu SM tells the unit that application links were sent."""
    words = """Sayın İlgili,

Kurumunuz tarafından iletilen listede yer alan kişilere e-imza başvuru bağlantıları gönderilmiştir.
Bağlantılar 6 ay süreyle geçerlidir.

Kamu Sertifikasyon Merkezi
Bu e-posta otomatik olarak gönderilmiştir, lütfen yanıtlamayınız.
"""
    return mail(
        Envelope(
            Sender("Kamu SM", KAMU_SM, ""), "E-imza başvuru bağlantıları hk.", at("2024-05-22", "17:45")
        ),
        plain(words),
    )


def null_return_path() -> bytes:
    """Nothing but the empty return path says that no answer is wanted."""
    words = "Bilgilendirme: 23.05.2024 tarihli talebiniz sisteme kaydedilmiştir.\n"
    return mail(
        Envelope(
            Sender("EBYS", "ebys@saglik.example.org", ""),
            "Talebiniz kaydedildi",
            at("2024-05-23", "08:00"),
            return_path="",
        ),
        plain(words),
    )


def no_reply_sender() -> bytes:
    """A system that writes under a no-reply address."""
    words = "Parolanızın süresi 5 gün içinde dolacaktır.\n"
    return mail(
        Envelope(
            Sender("Parola Servisi", "no-reply@saglik.example.org", ""),
            "Parolanızın süresi doluyor",
            at("2024-05-23", "08:05"),
        ),
        plain(words),
    )


# --- held ----------------------------------------------------------------------------------------


def no_attachment_question() -> bytes:
    """A question without any file, which only a person can answer."""
    who = person("Erdem Bozkırlıgil")
    words = f"""Merhabalar,

Hocam benim e-imza işi vardı hani geçen konuşmuştuk, ne oldu, gelmem gerekir mi?

{who.name}
Hasta Hakları
"""
    return mail(Envelope(writes(who), "bilgi", at("2024-05-23", "10:40")), plain(words))


def headers_only() -> bytes:
    """A person's mail of headers alone: no words, no file."""
    envelope = Envelope(writes(person("Sibel Ardıçlıoğlu")), "e-imza", at("2024-05-23", "11:01"))
    whole = mail(envelope, plain(""))
    return whole.partition(b"Content-Type:")[0].removesuffix(b"MIME-Version: 1.0\r\n") + b"\r\n"


# --- shunted -------------------------------------------------------------------------------------


def garbage() -> bytes:
    """Four thousand random bytes where a mail should be."""
    return random.Random(2024).randbytes(4096)


def deep_nesting() -> bytes:
    """A list under two hundred multiparts, one inside the other."""
    who = person("Taner Müezzinzade")
    content: Part = mixed(plain("Form ektedir.\n"), attached(list_of(who), XLS, "form.xls"))
    for _ in range(200):
        content = mixed(content)
    return mail(Envelope(writes(who, WEBMAIL), "e-imza", at("2024-05-24", "13:00")), content)


def _text_part(media_type: str, text: str) -> Part:
    part = MIMEBase(*media_type.split("/"))
    part.set_payload(text)
    return part


LETTERS: Letters = {
    "ignored/out-of-office": out_of_office,
    "ignored/out-of-office-without-headers": out_of_office_without_headers,
    "ignored/delivery-failure": delivery_failure,
    "ignored/read-receipt": read_receipt,
    "ignored/mailing-list": mailing_list,
    "ignored/newsletter": newsletter,
    "ignored/own-mail-loop": own_mail_loop,
    "ignored/kamusm-notice": kamusm_notice,
    "ignored/null-return-path": null_return_path,
    "ignored/no-reply-sender": no_reply_sender,
    "held/no-attachment-question": no_attachment_question,
    "held/headers-only": headers_only,
    "shunted/garbage": garbage,
    "shunted/deep-nesting": deep_nesting,
}
