"""Who may be answered and who is believed: a test per row of the table, and two drills."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest

from mailbox_fixtures.expect import demo_policy
from pipeline.domain import Arrival, Outcome
from pipeline.judging.correspondence import why_silent
from pipeline.ledger.book import Judged
from pipeline.mail.addresses import answer_to
from pipeline.mail.authentication import authentication
from pipeline.mail.unpack import unpack
from pipeline.review.invented_office import OFFICE
from pipeline.sandbox.workers import WorkerPool
from tests.desk import MONDAY, Desk
from tests.in_order import mail_from
from tests.letters import list_of, writes
from tests.mails import XLS, Envelope, at, attached, mail, mixed, plain
from tests.people import person

POLICY = demo_policy()
WHO = person("Ayşe Karaağaçlı")
OURS = "Authentication-Results", "mx.saglik.example.org; dmarc=pass header.from=hastane1.saglik.example.org"


@pytest.fixture
def desk(readers: WorkerPool) -> Iterator[Desk]:
    desk = Desk(readers, POLICY)
    yield desk
    desk.ledger.close()


def a_list(*more: tuple[str, str], subject: str = "Kayıp e-imza", **changes: Any) -> bytes:
    """A good list by its own holder, under these headers."""
    envelope = Envelope(writes(WHO), subject, at("2024-05-13", "09:00"), more=more, **changes)
    return mail(envelope, mixed(plain("Form ektedir.\n"), attached(list_of(WHO), XLS, "form.xls")))


def a_question(number: int, words: str = "E-imzamı kaybettim, ne yapmalıyım?") -> bytes:
    return mail(Envelope(writes(WHO), f"soru {number}", at("2024-05-13", "09:00")), plain(words + "\n"))


# --- robots ----------------------------------------------------------------------------------------

SIGNS = {
    "null_return_path": {"headers": (("return-path", "<>"),)},
    "delivery_report": {"headers": (("content-type", "multipart/report; report-type=delivery-status"),)},
    "delivery_report, old": {"headers": (("x-failed-recipients", "a@hastane1.saglik.example.org"),)},
    "automatic": {"headers": (("auto-submitted", "auto-generated (rejected)"),)},
    "automatic, notified": {"headers": (("auto-submitted", "auto-notified; owner-email=a@example.org"),)},
    "vacation": {"headers": (("x-autoreply", "yes"),)},
    "mailing_list": {"headers": (("list-id", "<a.example.org>"),)},
    "mailing_list, leaving": {"headers": (("list-unsubscribe", "<mailto:a@example.org>"),)},
    "bulk": {"headers": (("precedence", "Bulk"),)},
    "bulk, junk": {"headers": (("precedence", "junk"),)},
    "loop": {"headers": (("x-nes-intake", "accepted"),)},
    "loop, in a circle": {"headers": (("received", "from a by b"),) * 26},
    "own_mail": {"sender": OFFICE.sender},
    "kamu_sm_answer": {"sender": "bilgi@kamusm.example.org"},
    "kamu_sm_answer, on leave": {
        "sender": "liste@kamusm.example.org",
        "headers": (("auto-submitted", "auto-replied"),),
        "references": ("<1@saglik.example.org>",),
    },
    "kamu_sm_notice": {"sender": "bilgi@kamusm.example.org", "text": "Lütfen bu e-postayı yanıtlamayın."},
    "kamu_sm_notice, bulk": {"sender": "bilgi@kamusm.example.org", "headers": (("precedence", "bulk"),)},
    "kamu_sm_notice, by a machine": {"sender": "no-reply@kamusm.example.org"},
    "may_be_automatic, recalled": {
        "subject": "Geri çekme: liste",
        "headers": (("auto-submitted", "auto-generated"),),
    },
    "may_be_automatic, recalled abroad": {"subject": "Recall: liste", "headers": (("return-path", "<>"),)},
    "machine_sender": {"sender": "mailer-daemon@saglik.example.org"},
    "machine_sender, bounces": {"sender": "liste-bounces@saglik.example.org"},
    "machine_sender, no-reply": {"sender": "noreply@saglik.example.org"},
    "looks_automatic, ours answered": {
        "subject": "OTOMATİK YANIT: Otomatik yanıt: Listeye alındı [G-0000000H]"
    },
}


@pytest.mark.parametrize("name", SIGNS)
def test_nobody_answers_a(name: str) -> None:
    silence = why_silent(mail_from(**SIGNS[name]), OFFICE, POLICY.mail_words)
    assert silence == name.split(",")[0]
    assert silence in POLICY.texts.words["silences"]


PEOPLE_ALL_THE_SAME = {
    "an ordinary mail": {},
    "a person's own no": {"headers": (("auto-submitted", "no"),)},
    "Outlook's suppression": {"headers": (("x-auto-response-suppress", "DR, OOF, AutoReply"),)},
    "an answer to our letter": {"subject": "Ynt: Otomatik yanıt: Listeye alındı [G-0000000H]"},
    "a return path": {"headers": (("return-path", "<ayse@hastane1.saglik.example.org>"),)},
    "a name with bounce in it": {"sender": "rebounce@hastane1.saglik.example.org"},
    "a domain that ends like Kamu SM's": {"sender": "a@xkamusm.example.org"},
}


@pytest.mark.parametrize("name", PEOPLE_ALL_THE_SAME)
def test_somebody_may_wait_for_an_answer_to(name: str) -> None:
    assert why_silent(mail_from(**PEOPLE_ALL_THE_SAME[name]), OFFICE, POLICY.mail_words) == ""


def test_a_list_that_a_machine_passed_on_waits_for_a_person_unanswered(desk: Desk) -> None:
    judged = desk.take(a_list(("Auto-Submitted", "auto-generated")))
    assert judged.decision.outcome is Outcome.HELD
    assert judged.decision.silence == "automatic"
    assert [f.rule for f in judged.decision.findings] == ["submission/automatic"]
    assert len(judged.decision.withheld) == 1
    assert desk.letters(judged) == []


# --- our own server's word about the sender --------------------------------------------------------

PASS = "dmarc=pass header.from=hastane1.saglik.example.org"
FAIL = "dmarc=fail header.from=hastane1.saglik.example.org"
TRUSTED = "mx.saglik.example.org"
FOUND: dict[str, tuple[tuple[str, ...], str]] = {
    "none": ((), ""),
    "pass": ((f"{TRUSTED}; {PASS}",), "pass"),
    "fail": ((f"{TRUSTED}; {FAIL}",), "fail"),
    "version and comment": ((f"{TRUSTED} 1; dmarc=fail (p=reject; dis=none) header.from=x.org",), "fail"),
    "capitals": (("MX.SAGLIK.example.org; DMARC=Fail header.from=x",), "fail"),
    "of another": ((f"mx.evil.invalid; {FAIL}",), ""),
    "forged under ours": ((f"{TRUSTED}; {FAIL}", f"{TRUSTED}; {PASS}"), "fail"),
    "foreign above ours": ((f"mail.evil.invalid; {PASS}", f"{TRUSTED}; {FAIL}"), "fail"),
    "a longer name": ((f"{TRUSTED}.evil.invalid; {PASS}",), ""),
    "in a comment": ((f"evil.invalid ({TRUSTED}; {PASS})",), ""),
    "pass for another domain": ((f"{TRUSTED}; dmarc=pass header.from=evil.invalid",), "misaligned"),
    "two answers": ((f"{TRUSTED}; {PASS}; {FAIL}",), "unclear"),
    "only spf": ((f"{TRUSTED}; spf=pass smtp.mailfrom=a@hastane1.saglik.example.org",), ""),
    "no policy": ((f"{TRUSTED}; dmarc=none header.from=hastane1.saglik.example.org",), "none"),
}


@pytest.mark.parametrize("name", FOUND)
def test_authentication_is_what_our_server_put_on_top(name: str) -> None:
    values, found = FOUND[name]
    headers = tuple(("authentication-results", value) for value in values)
    assert authentication(mail_from(headers=headers), OFFICE) == found


SPOOFS = {
    "our server says fail": ("fail", ()),
    "a forged pass below": ("fail", (OURS,)),
    "a foreign pass below": ("fail", (("Authentication-Results", f"mail.evil.invalid; {PASS}"),)),
}


@pytest.mark.parametrize("name", SPOOFS)
def test_spoof_drill(name: str, desk: Desk) -> None:
    """Nothing is entered in a victim's name, and the victim hears nothing of it."""
    found, more = SPOOFS[name]
    judged = desk.take(a_list(*more, authenticated=found))
    assert judged.decision.outcome is Outcome.HELD
    assert judged.decision.silence == "not_authentic"
    assert judged.decision.entries == ()
    assert desk.letters(judged) == []
    assert desk.ledger.all_cases() == []


def test_a_spoofed_question_tells_nothing(desk: Desk) -> None:
    desk.take(a_list())
    asked = mail(
        Envelope(writes(WHO), "durum", at("2024-05-14", "09:00"), authenticated="fail"),
        plain("Başvurum ne durumda?\n"),
    )
    assert desk.letters(desk.take(asked)) == []


def test_two_people_in_from_are_nobody(desk: Desk) -> None:
    whole = a_list()
    two = whole.replace(
        f"<{WHO.work_email}>\r\nTo:".encode(), f"<{WHO.work_email}>, b@saglik.example.org\r\nTo:".encode()
    )
    assert two != whole
    judged = desk.take(two)
    assert (judged.decision.outcome, judged.decision.silence) == (Outcome.HELD, "several_senders")
    assert desk.letters(judged) == []


def test_a_second_from_header_counts_as_well(desk: Desk) -> None:
    judged = desk.take(a_list().replace(b"\r\nTo:", b"\r\nFrom: b@saglik.example.org\r\nTo:", 1))
    assert judged.decision.silence == "several_senders"


@pytest.mark.parametrize(
    ("reply_to", "answered"),
    [
        ("", WHO.work_email),
        ("sekreter@hastane1.saglik.example.org", "sekreter@hastane1.saglik.example.org"),
        ("ayse@posta.invalid", WHO.work_email),
        ("ayse@xhastane1.saglik.example.org", WHO.work_email),
    ],
)
def test_reply_to_counts_within_the_own_domain(reply_to: str, answered: str) -> None:
    assert answer_to(mail_from(reply_to=reply_to)) == answered


def test_a_stranger_gets_a_short_answer_without_data(desk: Desk) -> None:
    judged = desk.take(a_list(authenticated=None).replace(WHO.work_email.encode(), b"ayse@posta.invalid"))
    assert judged.decision.outcome is Outcome.RETURNED
    (letter,) = desk.ledger.letters_about(judged.sha)
    body = message_from_bytes(letter.body).as_string()
    assert "submission/corporate-sender" in {f.rule for f in judged.decision.findings}
    assert "kurum" in body
    for told in (WHO.identity_number[:3] + "***", "6. sat", WHO.work_email):
        assert told not in body


# --- who writes for whom ---------------------------------------------------------------------------


def for_another(sent: str, name: str = "Özgür Hatipkaya") -> bytes:
    words = "Arkadaşımın formu ektedir.\n"
    form = attached(list_of(person(name)), XLS, "form.xls")
    return mail(Envelope(writes(WHO), "Kayıp e-imza", at(sent, "11:00")), mixed(plain(words), form))


def test_another_unit_waits_the_first_time_and_not_the_second(desk: Desk) -> None:
    first = desk.take(for_another("2024-05-13"))
    assert [f.rule for f in first.decision.findings] == ["holder/sent-by"]
    with desk.ledger.transaction():
        desk.ledger.settle(first.sha, "accepted", "telefonla soruldu", "E. Taşdelenler", MONDAY)

    second = desk.take(for_another("2024-05-14", name="Mehmet Şükrü İnanöz"))
    assert second.decision.outcome is Outcome.ACCEPTED
    # For a third unit nobody has vouched.
    third = desk.take(for_another("2024-05-15", name="İpek Yıldızhan"))
    assert third.decision.outcome is Outcome.HELD


def test_a_refused_first_time_vouches_for_nothing(desk: Desk) -> None:
    first = desk.take(for_another("2024-05-13"))
    with desk.ledger.transaction():
        desk.ledger.settle(first.sha, "returned", "tanınmıyor", "E. Taşdelenler", MONDAY)
    assert desk.take(for_another("2024-05-14", name="Mehmet Şükrü İnanöz")).decision.outcome is Outcome.HELD


def test_a_secretary_writes_for_the_own_unit(desk: Desk) -> None:
    judged = desk.take(for_another("2024-05-13", name="Hülya Şimşekoğlu"))
    assert judged.decision.outcome is Outcome.ACCEPTED


# --- budgets, loops, bounces -----------------------------------------------------------------------


def test_over_the_budget_a_mail_is_judged_and_not_answered(desk: Desk) -> None:
    most = OFFICE.answers_per_day
    judged = [desk.take(a_question(n), MONDAY + timedelta(minutes=n)) for n in range(most + 2)]
    assert [len(desk.letters(j)) for j in judged] == [1] * most + [0, 0]
    assert {j.decision.silence for j in judged[most:]} == {"over_budget"}
    # Nobody is shown the way in silence: what is not answered waits for a person.
    assert [j.decision.outcome for j in judged] == [Outcome.GUIDED] * most + [Outcome.HELD] * 2
    # A day later there is a new budget, and another address has one of its own all the time.
    later = desk.take(a_question(99), MONDAY + timedelta(days=1, minutes=most + 2))
    assert len(desk.letters(later)) == 1


def our_letter(desk: Desk, judged: Judged) -> bytes:
    (letter,) = desk.ledger.letters_about(judged.sha)
    return letter.body


def test_loop_drill(desk: Desk) -> None:
    """Two autoresponders that face each other stop after one letter, whatever the other one sends back."""
    first = desk.take(a_list())
    letter = our_letter(desk, first)
    returned = {
        "redirected": b"Received: from a by b; Mon, 13 May 2024 09:01:00 +0300\r\n" + letter,
        "vacation": vacation(letter, ("Auto-Submitted", "auto-replied")),
        "old vacation": vacation(letter, ("X-Autoreply", "yes")),
        "nothing but words": vacation(letter),
    }
    for name, raw in returned.items():
        judged = desk.take(raw, MONDAY + timedelta(minutes=1))
        assert judged.decision.outcome is Outcome.IGNORED, name
        assert judged.decision.silence, name
        assert desk.letters(judged) == [], name
    assert len(desk.ledger.letters_in_state("planned")) == 1


def vacation(letter: bytes, *more: tuple[str, str]) -> bytes:
    """What a holder's mail server says about a letter of ours while its user is away."""
    ours = message_from_bytes(letter)
    answers = (("In-Reply-To", str(ours["Message-ID"])), *more)
    envelope = Envelope(
        writes(WHO), f"Otomatik yanıt: {ours['Subject']}", at("2024-05-13", "09:02"), more=answers
    )
    return mail(envelope, plain("Yıllık izindeyim.\n"))


def test_a_responder_without_any_sign_stops_at_the_budget(desk: Desk) -> None:
    letters = 0
    for n in range(3 * OFFICE.answers_per_day):
        judged = desk.take(a_question(n, "Yazınız alınmıştır."), MONDAY + timedelta(minutes=n))
        letters += len(desk.letters(judged))
    assert letters == OFFICE.answers_per_day


def bounced(letter: bytes, action: str = "failed") -> bytes:
    ours = message_from_bytes(letter)
    return (
        "Return-Path: <>\r\nFrom: mailer-daemon@mail.hastane1.saglik.example.org\r\n"
        "To: nes@saglik.example.org\r\nSubject: Undelivered Mail\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mail.hastane1.saglik.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {WHO.work_email}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n"
        "--x\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Subject: x\r\nMessage-ID: {ours['Message-ID']}\r\n\r\n--x--\r\n"
    ).encode()


def test_a_bounce_is_matched_to_our_letter_and_its_case(desk: Desk) -> None:
    first = desk.take(a_list())
    judged = desk.take(bounced(our_letter(desk, first)))
    assert judged.decision.outcome is Outcome.IGNORED
    (bounce,) = desk.ledger.bounces_between(MONDAY - timedelta(days=1), MONDAY)
    assert bounce["cases"] == [first.decision.entries[0].case]
    assert bounce["mail"] == first.number
    assert bounce["written_to"] == WHO.work_email
    assert bounce["diagnostic"] == "550 5.1.1 user unknown"


def test_a_letter_enclosed_in_its_bounce_is_found_as_well(desk: Desk) -> None:
    first = desk.take(a_list())
    letter = our_letter(desk, first)
    head, _, tail = bounced(letter).partition(b"--x\r\nContent-Type: text/rfc822-headers")
    assert tail
    raw = head + b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + letter + b"\r\n--x--\r\n"
    desk.take(raw)
    (bounce,) = desk.ledger.bounces_between(MONDAY - timedelta(days=1), MONDAY)
    assert bounce["mail"] == first.number


def test_a_delay_is_no_bounce(desk: Desk) -> None:
    first = desk.take(a_list())
    desk.take(bounced(our_letter(desk, first), action="delayed"))
    assert desk.ledger.bounces_between(MONDAY - timedelta(days=1), MONDAY) == []


def test_a_strangers_bounce_is_noted_without_a_letter() -> None:
    raw = bounced(b"Message-ID: <nobody@posta.invalid>\r\n\r\n")
    bounce = unpack(Arrival("0" * 64, raw, MONDAY)).bounce
    assert bounce is not None
    assert bounce.message_ids == ("<nobody@posta.invalid>",)
