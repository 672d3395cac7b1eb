"""Who is believed, what is heard beside a list, and what nobody else is told."""

from __future__ import annotations

from dataclasses import replace

from tests.letters import Letters, list_mail, list_of, writes
from tests.letters.receipts import BILL, paid
from tests.mails import (
    XLS,
    Envelope,
    Sender,
    alternative,
    at,
    attached,
    enclosed,
    html,
    mail,
    mixed,
    plain,
)
from tests.people import Person, person
from tests.receipt_material import receipt_pdf
from tests.workbooks import OFFICIAL, entry, filled, official, packed, xls

_UNIT = Sender("Çınarlı Personel", "personel@hastane1.saglik.example.org")


def _list_of_two(one: Person, two: Person, words: str, note: str | None = None) -> bytes:
    rows = official(entry(one), entry(two, note=note))
    form = attached(xls(rows), XLS, "FORM-001-003.xls")
    return mail(Envelope(_UNIT, "Kayıp e-imza listesi", at("2024-05-28", "10:10")), mixed(plain(words), form))


def note_takes_back() -> bytes:
    """In the note column of the second row stands that the card was found and all is off."""
    people = person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı")
    return _list_of_two(*people, "Merhaba, kayıp listemiz ektedir.\n", note="VAZGEÇTİ, kartını buldu. İPTAL")


def words_take_back() -> bytes:
    """The mail itself says that the second of its list has found the card."""
    one, two = person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı")
    return _list_of_two(one, two, f"Liste ektedir. {two.name} kartını buldu,\nbaşvurusunu iptal ediniz.\n")


def line_between_takes_back() -> bytes:
    """Between the rows stands a line of its own, "VAZGEÇENLER": who comes below it waits."""
    one, two = person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı")
    form = filled(replace(OFFICIAL, numbered_rows=0), [entry(one), entry(two)])
    second = next(at for at, row in enumerate(form.rows) if two.identity_number in row)
    rows = (*form.rows[:second], ("VAZGEÇENLER",), *form.rows[second:])
    file = attached(xls(replace(form, rows=rows)), XLS, "FORM-001-003.xls")
    return mail(
        Envelope(_UNIT, "Kayıp e-imza listesi", at("2024-05-28", "10:20")),
        mixed(plain("Liste ektedir.\n"), file),
    )


def draft_beside_a_list() -> bytes:
    """The mail says that its list is a draft only: nobody of it goes on yet."""
    words = "Ekteki liste taslaktır, başhekimlik onaylayınca asıl listeyi göndereceğim.\n"
    return _list_of_two(person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı"), words)


def name_over_two_rows() -> bytes:
    """Given and family name are merged over two rows, and only one of two people has a name."""
    one, two = person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı")
    form = filled(OFFICIAL, [entry(one), entry(two, given_name=None, family_name=None)])
    first = next(at for at, row in enumerate(form.rows) if one.identity_number in row)
    merged = (*form.merged, *((first, column, first + 1, column) for column in (2, 3)))
    file = attached(xls(replace(form, merged=merged)), XLS, "FORM-001-003.xls")
    return mail(
        Envelope(_UNIT, "Kayıp e-imza listesi", at("2024-05-28", "10:30")),
        mixed(plain("Liste ektedir.\n"), file),
    )


def question_beside_a_list() -> bytes:
    """A good list, and below it a question that no answer to a list tells."""
    words = "Liste ektedir. Kartlar kuryeyle hastaneye mi gelir, eve mi?\n"
    return _list_of_two(person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı"), words)


def list_denied() -> bytes:
    """The mail denies, in words about nobody, what its list says."""
    words = "Ekteki listeyi incelediniz mi bilmiyorum; bu kişiler kartlarını kaybetmediler.\n"
    return _list_of_two(person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı"), words)


def list_cancelled_in_english() -> bytes:
    """The mail takes its list back in English, which no rule here knows word by word."""
    return _list_of_two(person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı"), "Please cancel this list.\n")


def list_with_a_houses_footer() -> bytes:
    """Below the words stands what the house adds to every mail: whoever is not meant shall delete it."""
    words = (
        "Kayıp e-imza listemiz ektedir.\n\n"
        "Bu e-posta ve ekleri kişiye özel ve gizlidir. Mesajın alıcısı değilseniz dikkate "
        "almayınız, içeriğini\n"
        "kullanmayınız. Lütfen mesajı siliniz ve göndereni bilgilendiriniz.\n\n"
        "This e-mail is confidential. If you are not the intended recipient, please delete it.\n"
    )
    return _list_of_two(person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı"), words)


def note_is_a_cross() -> bytes:
    """In the note column of the second row stands a cross, and no word."""
    people = person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı")
    return _list_of_two(*people, "Merhaba, kayıp listemiz ektedir.\n", note="❌")


def taken_back_in_html_alone() -> bytes:
    """What takes the list back stands in the HTML that people see, and not in the plain text beside it."""
    shown = html("<p>Liste ektedir.</p><p>Vazgeçtik, iptal ediniz.</p>")
    form = attached(list_of(person("Esma Kızılçamlı")), XLS, "FORM-001-003.xls")
    words = alternative(plain("Liste ektedir.\n"), shown)
    return mail(Envelope(_UNIT, "Kayıp e-imza listesi", at("2024-05-28", "10:50")), mixed(words, form))


def passed_on_withdrawal() -> bytes:
    """A secretary passes on within the words what the holder wrote, who has found the card."""
    who = person("Esma Kızılçamlı")
    words = (
        "Bilginize, form ektedir.\n\n-------- İletilmiş İleti --------\n"
        f"Kimden: {who.name} <{who.work_email}>\nTarih: 27.05.2024\nKonu: e-imza\n\n"
        "Kartımı buldum, listeden çıkarın lütfen.\n"
    )
    form = attached(list_of(who), XLS, "FORM-001-003.xls")
    return mail(Envelope(_UNIT, "İlt: e-imza", at("2024-05-28", "11:10")), mixed(plain(words), form))


def mail_inside_is_called_off() -> bytes:
    """The mail that is enclosed with its list is called "İPTAL", and says so nowhere else."""
    who = person("Esma Kızılçamlı")
    inner = mail(
        Envelope(writes(who), "İPTAL", at("2024-05-27", "15:00")),
        mixed(plain("Form ektedir.\n"), attached(list_of(who), XLS, "FORM-001-003.xls")),
    )
    words = plain("Gereğini rica ederim.\n")
    return mail(Envelope(_UNIT, "İlt: e-imza", at("2024-05-28", "11:20")), mixed(words, enclosed(inner)))


def cancelled_by_folder_name() -> bytes:
    """In an archive one list lies in a folder "iptal edilenler", the other beside it."""
    one, two = person("Esma Kızılçamlı"), person("Sevgi Pınarbaşılı")
    archive = packed(
        {"başvuracaklar/liste.xls": list_of(one), "iptal edilenler/liste.xls": list_of(two)},
    )
    file = attached(archive, "application/zip", "listeler.zip")
    return mail(
        Envelope(_UNIT, "Kayıp e-imza listesi", at("2024-05-28", "10:40")),
        mixed(plain("Listeler ektedir.\n"), file),
    )


def _without_from(line: bytes) -> bytes:
    whole = list_mail(person("Nilüfer Sazlıdereli"), at("2024-05-28", "11:00"))
    head, _, rest = whole.partition(b"\r\nFrom:")
    return head + b"\r\n" + line + rest.partition(b"\r\n")[2]


def no_sender() -> bytes:
    """A good list without any From: nobody can be answered, and nobody is put on the list."""
    return _without_from(b"")


def second_sender_by_number() -> bytes:
    """A second From names no domain but a server's number."""
    own = person("Nilüfer Sazlıdereli").work_email.encode()
    return _without_from(b"From: " + own + b"\r\nFrom: baskasi@[192.0.2.1]\r\n")


def row_of_another_unit() -> dict[str, bytes]:
    """Another unit writes a person who is on the list already: it is not told that there is a case."""
    who = person("Meryem İncesulu")
    other = Sender("Göksu Personel", "personel@hastane2.saglik.example.org")
    form = attached(list_of(who, born_on="01.02.1983"), XLS, "liste.xls")
    envelope = Envelope(other, "Kayıp", at("2024-05-29", "09:00"))
    return {
        "1-list": list_mail(who, at("2024-05-28", "09:00")),
        "2-by-another-unit": mail(envelope, mixed(plain("Liste ektedir.\n"), form)),
    }


def receipt_by_somebody_else() -> dict[str, bytes]:
    """A colleague sends the receipt of an open case: it waits, and the letter says nothing of the case."""
    who, colleague = person("Erdem Bozkırlıgil"), person("Esma Kızılçamlı")
    bill = receipt_pdf(BILL, paid(who, "2024-06-12T10:11:12", 61))
    return {
        "1-list": list_mail(who, at("2024-06-05", "09:00")),
        "2-receipt": mail(
            Envelope(writes(colleague), "dekont", at("2024-06-12", "12:00")),
            mixed(plain("Arkadaşımın dekontu ektedir.\n"), attached(bill, "application/pdf", "dekont.pdf")),
        ),
    }


LETTERS: Letters = {
    "held/note-takes-back": note_takes_back,
    "held/words-take-back": words_take_back,
    "held/line-between-takes-back": line_between_takes_back,
    "held/draft-beside-a-list": draft_beside_a_list,
    "held/name-over-two-rows": name_over_two_rows,
    "held/question-beside-a-list": question_beside_a_list,
    "held/list-denied": list_denied,
    "held/list-cancelled-in-english": list_cancelled_in_english,
    "held/note-is-a-cross": note_is_a_cross,
    "held/cancelled-by-folder-name": cancelled_by_folder_name,
    "held/taken-back-in-html-alone": taken_back_in_html_alone,
    "held/passed-on-withdrawal": passed_on_withdrawal,
    "held/mail-inside-is-called-off": mail_inside_is_called_off,
    "accepted/list-with-a-houses-footer": list_with_a_houses_footer,
    "held/no-sender": no_sender,
    "held/second-sender-by-number": second_sender_by_number,
    "held/row-of-another-unit": row_of_another_unit,
    "held/receipt-by-somebody-else": receipt_by_somebody_else,
}
