"""Several mails about one matter: corrections, repetitions, changes of mind, steps out of order."""

from __future__ import annotations

from decimal import Decimal

from tests.letters import ANDROID, IPHONE, Letters, list_envelope, list_mail, list_of, writes
from tests.letters.receipts import BILL, TRANSFER, paid, receipt_mail
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import WRONG_ELEVENTH, WRONG_TENTH, person
from tests.receipt_material import iban, receipt_pdf
from tests.workbooks import entry, official, xls

# The letter of ours that people answer; its own id is ours to choose and not theirs.
OUR_ANSWER = "<iade.51c0ffee0d@saglik.example.org>"


def _answers(earlier: Envelope) -> tuple[tuple[str, str], ...]:
    """The headers of a mail that answers our letter about an earlier mail."""
    return ("In-Reply-To", OUR_ANSWER), ("References", f"{earlier.message_id}\r\n {OUR_ANSWER}")


# --- accepted ------------------------------------------------------------------------------------


def corrected_list() -> dict[str, bytes]:
    """A list with a mistyped address goes back; the corrected one comes as an answer to our letter."""
    who = person("Canan Şahinbaşlı")
    first = list_envelope(who, at("2024-06-10", "09:00"))
    words = f"Merhaba, e-posta adresini düzelttim, formu tekrar gönderiyorum.\n\n{who.name}\n"
    return {
        "1-list": list_mail(who, first.sent_at, work_email="canan.sahinbasli@ilce1.saglik.example"),
        "2-corrected": mail(
            Envelope(
                writes(who),
                "YNT: E-imza başvurunuzda düzeltilecekler var",
                at("2024-06-10", "13:20"),
                more=_answers(first),
            ),
            mixed(plain(words), attached(list_of(who), XLS, "FORM-001-003_düzeltilmiş.xls")),
        ),
    }


def corrected_without_threading() -> dict[str, bytes]:
    """The same in a new mail of another subject from a telephone: nothing but the person connects them."""
    who = person("Türkan Yorgancılar")
    words = "düzelttim, ekte\n\nSamsung cep telefonumdan gönderildi\n"
    return {
        "1-list": list_mail(who, at("2024-06-10", "09:30"), born_on=None),
        "2-corrected": mail(
            Envelope(writes(who, ANDROID), "form", at("2024-06-11", "18:44")),
            mixed(plain(words), attached(list_of(who), XLS, "form(1).xls")),
        ),
    }


def corrected_in_two_steps() -> dict[str, bytes]:
    """A list of three with two faults is put right one fault at a time; good rows come along each time."""
    one, two, three = map(person, ("Ülkü Gümüşdişli", "Rabia Üçpınarlı", "Aslıhan Zeytinburcu"))
    office = Sender("Yeşiltepe Personel", "personel@hastane3.saglik.example.org")
    first = Envelope(office, "Kayıp e-imza listesi", at("2024-06-11", "09:00"))
    second = Envelope(office, "RE: Kayıp e-imza listesi", at("2024-06-12", "10:10"), more=_answers(first))
    third = Envelope(office, "RE: Kayıp e-imza listesi", at("2024-06-12", "16:02"), more=_answers(second))
    rows = {
        first: (entry(one), entry(two, identity_number=WRONG_TENTH), entry(three, work_email="zeytinburcu")),
        second: (entry(one), entry(two), entry(three, work_email="zeytinburcu@hastane3")),
        third: (entry(one), entry(two), entry(three)),
    }
    words = {
        first: "Sayın ilgili,\n\n3 personelin kayıp listesi ektedir.\n\nYeşiltepe Personel Birimi\n",
        second: "Kimlik numarası düzeltildi, liste ektedir.\n",
        third: "Kusura bakmayın mail adresi eksik kalmış, bu sefer tamam.\n",
    }
    names = ("1-list", "2-one-fault-left", "3-corrected")
    return {
        name: mail(
            envelope,
            mixed(plain(words[envelope]), attached(xls(official(*rows[envelope])), XLS, "liste.xls")),
        )
        for name, envelope in zip(names, rows, strict=True)
    }


def corrected_list_leaves_somebody_out() -> dict[str, bytes]:
    """A list of two is followed by "liste_revize.xls" of one of them and a third: where is the second?"""
    one, two, three = map(person, ("Ülkü Gümüşdişli", "Rabia Üçpınarlı", "Aslıhan Zeytinburcu"))
    office = Sender("Yeşiltepe Personel", "personel@hastane3.saglik.example.org")
    return {
        name: mail(
            Envelope(office, "Kayıp e-imza listesi", at("2024-06-11", hour)),
            mixed(
                plain("Listemiz ektedir.\n\nYeşiltepe Personel Birimi\n"),
                attached(xls(official(*(entry(who) for who in people))), XLS, file),
            ),
        )
        for name, hour, file, people in (
            ("1-list", "09:00", "liste.xls", (one, two)),
            ("2-corrected", "11:30", "liste_revize.xls", (one, three)),
        )
    }


def spelling_put_right() -> dict[str, bytes]:
    """A list in letters without dots and tails, and an hour later the same person as she is spelled."""
    who = person("Türkan Yorgancılar")
    return {
        "1-list": list_mail(who, at("2024-06-10", "09:30"), given_name="TURKAN", family_name="YORGANCILAR"),
        "2-spelled": list_mail(who, at("2024-06-10", "10:30")),
    }


def four_mails_to_the_end() -> dict[str, bytes]:
    """List with a fault, corrected list, receipt of a FAST transfer, receipt of the right payment."""
    who = person("Sinan Eskiçırak")
    wrong = paid(
        who,
        "2024-06-12T20:15:00",
        21,
        rail="fast",
        payee="TÜBİTAK BİLGEM",
        payee_iban=iban("00010", 1745000006),
        payee_bank="T.C. ZİRAAT BANKASI A.Ş.",
        description="E-İMZA",
    )
    right = paid(who, "2024-06-14T09:01:37", 22)
    return {
        "1-list": list_mail(who, at("2024-06-05", "14:00"), identity_number=WRONG_ELEVENTH),
        "2-corrected": list_mail(who, at("2024-06-06", "08:45")),
        "3-wrong-rail": receipt_mail(who, at("2024-06-13", "08:30"), receipt_pdf(TRANSFER, wrong)),
        "4-receipt": receipt_mail(who, at("2024-06-14", "09:20"), receipt_pdf(BILL, right)),
    }


def receipt_then_list() -> dict[str, bytes]:
    """The receipt comes first and is kept; the list follows the next day."""
    who = person("Övünç Sarıçamlı")
    receipt = receipt_pdf(BILL, paid(who, "2024-06-10T12:30:45", 23))
    return {
        "1-receipt": receipt_mail(who, at("2024-06-10", "14:00"), receipt),
        "2-list": list_mail(who, at("2024-06-11", "08:30")),
    }


def reader_paid_as_well() -> dict[str, bytes]:
    """The list asks for a mini reader too, and 780 + 300 TL were paid."""
    who = person("Uğur Beşikdüzlü")
    receipt = receipt_pdf(
        BILL,
        paid(
            who, "2024-06-12T11:11:11", 24, amount=Decimal("1080.00"), product="3 Yıllık NES + Kart Okuyucu"
        ),
    )
    return {
        "1-list": list_mail(who, at("2024-06-06", "10:00"), card_reader=1),
        "2-receipt": receipt_mail(who, at("2024-06-12", "11:30"), receipt),
    }


# --- guided --------------------------------------------------------------------------------------


def sent_three_times() -> dict[str, bytes]:
    """The same list three times in two days; nothing new comes of it."""
    who = person("Hakan Gözübüyükler")
    again = f"Tekrar gönderiyorum, alındı mı acaba?\n\n{who.name}\n"
    later = (("2-again", at("2024-06-10", "16:55")), ("3-and-again", at("2024-06-11", "08:31")))
    return {
        "1-list": list_mail(who, at("2024-06-10", "11:00")),
        **{
            name: mail(
                Envelope(writes(who), "Kayıp e-imza başvurusu", moment),
                mixed(plain(again), attached(list_of(who), XLS, f"FORM-001-003_{who.file_name}.xls")),
            )
            for name, moment in later
        },
    }


def receipt_sent_again() -> dict[str, bytes]:
    """The holder sends the receipt of the own case a second time."""
    who = person("Cihan Yüksekyaylalı")
    receipt = receipt_pdf(BILL, paid(who, "2024-06-12T15:45:00", 25))
    return {
        "1-list": list_mail(who, at("2024-06-05", "10:40")),
        "2-receipt": receipt_mail(who, at("2024-06-12", "16:00"), receipt),
        "3-receipt-again": receipt_mail(who, at("2024-06-14", "09:00"), receipt),
    }


# --- held ----------------------------------------------------------------------------------------


def change_after_batching() -> dict[str, bytes]:
    """Days after the list went into the batch, the holder asks for another e-mail address and a reader."""
    who = person("Melike Dağıstanlıgil")
    words = (
        "Merhaba, geçen hafta gönderdiğim formda değişiklik yaptım,\n"
        f"kart okuyucu da istiyorum ve mail adresim değişti.\n\n{who.name}\n"
    )
    changed = list_of(who, work_email="melike.dagistanli@adsm.saglik.example.org", card_reader=1)
    return {
        "1-list": list_mail(who, at("2024-06-05", "09:00")),
        "2-changed": mail(
            Envelope(writes(who), "form değişikliği", at("2024-06-12", "09:10")),
            mixed(plain(words), attached(changed, XLS, "FORM-001-003.xls")),
        ),
    }


def changed_the_same_day() -> dict[str, bytes]:
    """Two lists for one person on one day, with different birth dates: which is right?"""
    who = person("Nuray Işıklıtepe")
    return {
        "1-list": list_mail(who, at("2024-06-06", "09:00")),
        "2-other-birth-date": list_mail(who, at("2024-06-06", "15:10"), born_on="16.08.1999"),
    }


def withdrawal() -> dict[str, bytes]:
    """The holder found the card the same day and asks to stop: the row must not go into the batch."""
    who = person("Pınar İlkbaharlı")
    first = list_envelope(who, at("2024-06-10", "10:00"))
    words = "Merhaba e imzamı buldum, iptal edin lütfen kusura bakmayın\n\niPhone'umdan gönderildi\n"
    return {
        "1-list": list_mail(who, first.sent_at),
        "2-found": mail(
            Envelope(
                writes(who, IPHONE),
                "Ynt: Kayıp e-imza başvurusu",
                at("2024-06-10", "17:25"),
                more=_answers(first),
            ),
            plain(words),
        ),
    }


def withdrawal_in_other_words() -> dict[str, bytes]:
    """The holder takes the application back in words that are no question: the row waits for a person."""
    who = person("Tuğba Demirağaç")
    first = list_envelope(who, at("2024-06-10", "11:00"))
    words = "Merhaba, kart çantamdan çıktı, gerek kalmadı. Beni listeden çıkarın lütfen.\n"
    return {
        "1-list": list_mail(who, first.sent_at),
        "2-no-longer": mail(
            Envelope(
                writes(who), "Ynt: Kayıp e-imza başvurusu", at("2024-06-10", "16:05"), more=_answers(first)
            ),
            plain(words),
        ),
    }


def found_says_a_colleague() -> dict[str, bytes]:
    """Somebody who sent no list tells that a card was found: its row waits, and they hear of no case."""
    who, colleague = person("Tuğba Demirağaç"), person("Gülşen Çobanoğulları")
    words = f"Merhaba, {who.name} e-imza kartını buldu, haber vermemi istedi.\n"
    envelope = Envelope(writes(colleague), "e-imza", at("2024-06-10", "16:40"))
    return {"1-list": list_mail(who, at("2024-06-10", "11:00")), "2-found": mail(envelope, plain(words))}


def withdrawal_then_list() -> dict[str, bytes]:
    """List, withdrawal, and a day later the list again: it was the wrong card that was found."""
    who = person("Ilgın Karasulu")
    found = "Kartı buldum başvurumu iptal edin\n"
    again = (
        f"Dün buldum dediğim eski kartmış :( başvurum devam etsin, formu tekrar gönderiyorum.\n\n{who.name}\n"
    )
    return {
        "1-list": list_mail(who, at("2024-06-11", "09:15")),
        "2-found": mail(Envelope(writes(who, IPHONE), "iptal", at("2024-06-11", "11:40")), plain(found)),
        "3-list-again": mail(
            Envelope(writes(who), "Kayıp e-imza başvurusu", at("2024-06-12", "08:20")),
            mixed(plain(again), attached(list_of(who), XLS, "FORM-001-003.xls")),
        ),
    }


def second_payment() -> dict[str, bytes]:
    """A case that is paid already gets another receipt, of another payment."""
    who = person("Hülya Şimşekoğlu")
    one = receipt_pdf(BILL, paid(who, "2024-06-11T10:00:00", 26))
    two = receipt_pdf(BILL, paid(who, "2024-06-13T17:10:00", 27))
    return {
        "1-list": list_mail(who, at("2024-06-05", "11:00")),
        "2-receipt": receipt_mail(who, at("2024-06-11", "10:20"), one),
        "3-other-receipt": receipt_mail(who, at("2024-06-14", "08:00"), two),
    }


LETTERS: Letters = {
    "accepted/corrected-list": corrected_list,
    "held/corrected-list-leaves-somebody-out": corrected_list_leaves_somebody_out,
    "held/spelling-put-right": spelling_put_right,
    "accepted/corrected-without-threading": corrected_without_threading,
    "accepted/corrected-in-two-steps": corrected_in_two_steps,
    "accepted/four-mails-to-the-end": four_mails_to_the_end,
    "accepted/receipt-then-list": receipt_then_list,
    "accepted/reader-paid-as-well": reader_paid_as_well,
    "guided/sent-three-times": sent_three_times,
    "guided/receipt-sent-again": receipt_sent_again,
    "held/change-after-batching": change_after_batching,
    "held/changed-the-same-day": changed_the_same_day,
    "held/withdrawal": withdrawal,
    "held/found-says-a-colleague": found_says_a_colleague,
    "held/withdrawal-in-other-words": withdrawal_in_other_words,
    "held/withdrawal-then-list": withdrawal_then_list,
    "held/second-payment": second_payment,
}
