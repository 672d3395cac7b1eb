"""Robots without a robot's headers: hundreds of mails, 0 answers; and people, none in silence."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.mime.base import MIMEBase
from hashlib import sha256
from itertools import product

import pytest

from pipeline.domain import Arrival, Outcome, Place, Submission
from pipeline.domain.faults import OperatorFault
from pipeline.intake.deciding import judge_again
from pipeline.judging.correspondence import why_silent
from pipeline.ledger.book import Ledger
from pipeline.mail.unpack import unpack
from pipeline.office.sitting import Sitting
from pipeline.policy.mail_words import load_mail_words
from pipeline.policy.robots import LOOKS_AUTOMATIC, MAY_BE_AUTOMATIC
from pipeline.review.invented_office import OFFICE
from pipeline.sandbox.workers import WorkerPool
from tests.in_order import POLICY
from tests.letters import list_of, writes
from tests.letters.robots import OUR_LETTER
from tests.mails import XLS, Envelope, Part, Sender, at, attached, mail, mixed, multipart, plain
from tests.people import person

WHO = person("Ayşe Karaağaçlı")
DAY = datetime(2024, 5, 20, 9, 0, tzinfo=UTC)
OURS = "E-imza başvurunuz alındı"
PERSON = writes(WHO, "")
HELPDESK = Sender("Yardım Masası", "destek@hastane1.saglik.example.org", "")
SYSTEM = Sender("Mail Delivery System", "mta@mail.hastane2.saglik.example.org", "")

# By kind: who sends them, and their subjects and words in programs' own ways.
ROBOTS: dict[str, tuple[list[Sender], list[str], list[str]]] = {
    "bounce": (
        [SYSTEM, Sender("", "mailsrv@hastane1.saglik.example.org", "")],
        [
            "Undeliverable: " + OURS,
            "failure notice",
            "Mail delivery failed: returning message to sender",
            "Delivery Status Notification (Failure)",
            "İleti teslim edilemedi: " + OURS,
            "Returned mail: transcript",
        ],
        [
            "This is the mail system at host mx.example.org.\n<a@example.org>: Recipient address rejected",
            "Hi. This is the qmail-send program.\nI'm afraid I wasn't able to deliver your message to these.",
            "A message that you sent could not be delivered to one or more of its recipients.",
            "İletiniz şu alıcılara teslim edilemedi:\na@example.org\n550 5.1.1",
        ],
    ),
    "leave": (
        [PERSON],
        [
            "Ynt: " + OURS,
            "RE: Otomatik yanıt: Başvurunuz [G-0000000H]",
            "Yıllık izindeyim",
            "Out of Office",
            "Bilgi",
        ],
        [
            "20-31 Mayıs tarihleri arasında yıllık izindeyim. Acil durumlarda İnsan Kaynakları bakar.",
            "I am out of the office until 3 June with limited access to my email.",
            "03.06.2024 tarihine kadar izinliyim, dönüşümde yanıtlayacağım.",
            "Bu otomatik bir yanıttır. Personelimiz artık bu kurumda çalışmamaktadır.",
        ],
    ),
    "ticket": (
        [HELPDESK, Sender("OTRS", "otrs@adsm.saglik.example.org", ""), PERSON],
        [
            "[Ticket#2024052010000017] " + OURS,
            "Talebiniz alındı",
            "RE: " + OURS,
            "Your request has been received",
        ],
        [
            "Talebiniz kaydedilmiştir. Çağrı numaranız: 48213",
            "Your request has been received and is being reviewed by our support staff.",
            "##- Please type your reply above this line -##\nTicket ID: 3381",
            "E-postanız tarafımıza ulaşmıştır. Bu e-posta otomatik olarak gönderilmiştir.",
        ],
    ),
    "challenge": (
        [PERSON, Sender("Boxguard", "guard@bulten.example.com", "")],
        ["Re: " + OURS, "Please confirm your message", "Gönderen doğrulama"],
        [
            "Your message is being held. Click the link below to confirm that you are human.",
            "Mesajınızın iletilmesi için aşağıdaki bağlantıya tıklayınız.",
            "This account is protected by a spam blocker. You are not on its approved senders list.",
        ],
    ),
    "read receipt": (
        [PERSON],
        ["Read: " + OURS, "Okundu: " + OURS, "Return Receipt (displayed) - " + OURS, "Ynt: " + OURS],
        [
            "This is a Return Receipt for the mail that you sent to ayse@example.org.",
            "İletiniz okundu: 21 Mayıs 2024 Salı 10:02",
            "Your message was read on 21.05.2024 10:02.",
        ],
    ),
}
QUOTES = ["", "\n\n> " + OURS, f"\n\n-----Original Message-----\nMessage-ID: {OUR_LETTER}\n"]


def robots() -> Iterator[tuple[str, bytes]]:
    """Every sender, subject and wording of each kind, quoting us or not; some in our thread, some dressed."""
    draw = random.Random(11)
    for kind, told_by in ROBOTS.items():
        for number, (sender, subject, words, quote) in enumerate(product(*told_by, QUOTES)):
            more = (("In-Reply-To", OUR_LETTER),) if draw.random() < 0.5 else ()
            envelope = Envelope(sender, subject, at("2024-05-20", "09:00"), more=more)
            content: Part = plain(words + quote + "\n")
            if draw.random() < 0.3:
                content = mixed(content, attached(b"BEGIN:VCARD\r\nEND:VCARD\r\n", "text/vcard", "kart.vcf"))
            yield f"{kind} {number}", mail(envelope, content)


def told(raw: bytes) -> str:
    submission = unpack(Arrival("0" * 64, raw, DAY))
    return why_silent(submission, OFFICE, POLICY.mail_words)


def test_no_robot_gets_an_answer() -> None:
    mails = list(robots())
    assert len(mails) > 400
    assert [name for name, raw in mails if not told(raw)] == []


RECIPIENT = "Final-Recipient: rfc822; a@example.org\n"
REPORTS = {
    "message/feedback-report": "Feedback-Type: abuse\nVersion: 1\n",
    "message/delivery-status": f"Reporting-MTA: dns; mx.example.org\n\n{RECIPIENT}Action: failed\n",
    "message/disposition-notification": f"{RECIPIENT}Disposition: automatic-action\n",
}


def _report_part(media_type: str) -> Part:
    part = MIMEBase(*media_type.split("/"))
    fields = [message_from_string(block) for block in REPORTS[media_type].split("\n\n")]
    part.set_payload(fields if media_type == "message/delivery-status" else REPORTS[media_type])
    return part


@pytest.mark.parametrize("kind", ["mixed", "alternative", "related"])
@pytest.mark.parametrize("media_type", REPORTS)
def test_a_report_is_known_by_its_parts_whatever_holds_them(media_type: str, kind: str) -> None:
    report = multipart(kind, plain("A report about your mail.\n"), _report_part(media_type))
    raw = mail(Envelope(PERSON, "FW: " + OURS, at("2024-05-20", "09:00")), report)
    silence = told(raw)
    assert silence == ("complaint_report" if media_type == "message/feedback-report" else MAY_BE_AUTOMATIC)
    raw = mail(Envelope(PERSON, "report", at("2024-05-20", "09:00")), report)
    assert told(raw) in ("complaint_report", "delivery_report")


PEOPLE = {
    "a question": ("E-imza", "Kartımı kaybettim, ne yapmalıyım?"),
    "a card that was not delivered": ("Kart", "Kartım kurye tarafından teslim edilmedi."),
    "somebody who was away": ("Kart", "İzinden döndüm, kartımı bulamıyorum."),
    "somebody who asks about a request": ("Talep", "Talebimi geçen hafta iletmiştim, yanıt alamadım."),
    "an answer to our letter": ("Ynt: Otomatik yanıt: Başvurunuz [G-0000000H]", "Teşekkür ederim."),
    "a link that does not open": ("Bağlantı", "Kamu SM'nin gönderdiği bağlantı açılmıyor."),
}


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("sender", [PERSON, HELPDESK], ids=["person", "help desk"])
def test_people_are_answered(name: str, sender: Sender) -> None:
    subject, words = PEOPLE[name]
    assert told(mail(Envelope(sender, subject, at("2024-05-20", "09:00")), plain(words + "\n"))) == ""


def test_a_person_who_passes_a_report_on_is_read_by_a_person() -> None:
    status = _report_part("message/delivery-status")
    content = mixed(plain("Bu ileti bana geldi, ne yapmalıyım?\n"), status)
    passed_on = mail(Envelope(PERSON, "İlt: Undeliverable", at("2024-05-20", "09:00")), content)
    assert told(passed_on) in (MAY_BE_AUTOMATIC, LOOKS_AUTOMATIC)
    enclosed = MIMEBase("message", "rfc822")
    enclosed.set_payload([message_from_bytes(passed_on)])
    raw = mail(Envelope(PERSON, "Soru", at("2024-05-20", "09:00")), mixed(plain("Ekteki nedir?\n"), enclosed))
    assert told(raw) == ""


def outcome_of(raw: bytes, readers: WorkerPool) -> tuple[Outcome, str, int]:
    ledger = Ledger.in_memory()
    run = ledger.begin_run("test", DAY)
    arrival = Arrival(sha256(raw).hexdigest(), raw, DAY)
    ledger.keep(Place("test", "INBOX", 1, 1), arrival, "", run)
    judge_again(Sitting(ledger, POLICY, readers, DAY, DAY.date()), arrival)
    judged = ledger.judged(arrival.sha)
    assert judged is not None
    letters = len(ledger.letters_about(arrival.sha))
    ledger.close()
    return judged.decision.outcome, judged.decision.silence, letters


def test_with_one_sign_a_person_reads_and_nobody_is_answered(readers: WorkerPool) -> None:
    words = "10-14 Haziran tarihleri arasında yıllık izindeyim.\n"
    raw = mail(Envelope(PERSON, "Bilgi", at("2024-05-20", "09:00")), plain(words))
    assert outcome_of(raw, readers) == (Outcome.HELD, MAY_BE_AUTOMATIC, 0)


def test_with_two_signs_nobody_is_bothered(readers: WorkerPool) -> None:
    raw = mail(
        Envelope(HELPDESK, "[Ticket#48213] Bilgi", at("2024-05-20", "09:00")),
        plain("Talebiniz alınmıştır.\n"),
    )
    assert outcome_of(raw, readers) == (Outcome.IGNORED, LOOKS_AUTOMATIC, 0)


def test_a_list_says_more_than_any_word_beside_it(readers: WorkerPool) -> None:
    words = plain("Yıllık izindeyim ama formu doldurdum, acil durumlarda arayabilirsiniz.\n")
    raw = mail(
        Envelope(PERSON, "Kayıp e-imza", at("2024-05-20", "09:00")),
        mixed(words, attached(list_of(WHO), XLS, "f.xls")),
    )
    assert outcome_of(raw, readers) == (Outcome.ACCEPTED, "", 1)


def test_an_empty_answer_to_our_letter_waits_for_a_person() -> None:
    quoting = f"-----Original Message-----\nMessage-ID: {OUR_LETTER}\n"
    raw = mail(
        Envelope(PERSON, "Ynt: " + OURS, at("2024-05-20", "09:00"), more=(("In-Reply-To", OUR_LETTER),)),
        plain(quoting),
    )
    assert told(raw) == MAY_BE_AUTOMATIC


def test_the_words_of_a_kind_prove_themselves() -> None:
    raw = POLICY.mail_words.model_dump()
    kind = {
        "subjects": (),
        "words": ("yıllık izindeyim",),
        "samples": ("Yıllık izindeyim.",),
        "others": ("Merhaba.",),
    }
    load_mail_words({**raw, "robots": {**raw["robots"], "kinds": [kind]}})
    for spoilt in ({"samples": ("Merhaba.",)}, {"others": ("Yıllık izindeyim.",)}):
        with pytest.raises(OperatorFault, match="paper_sample"):
            load_mail_words({**raw, "robots": {**raw["robots"], "kinds": [{**kind, **spoilt}]}})


def test_a_submission_without_parts_has_no_reports() -> None:
    raw = mail(Envelope(PERSON, "Soru", at("2024-05-20", "09:00")), plain("Merhaba.\n"))
    submission: Submission = unpack(Arrival("0" * 64, raw, DAY))
    assert submission.reports == ()
