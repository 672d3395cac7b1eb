"""The night's list that Kamu SM's server took and sent back: it has not gone out, and everybody hears so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.house import NIGHT, House, body
from tests.letters import list_mail
from tests.mails import at
from tests.people import person

AYSE = person("Ayşe Karaağaçlı")

FAILED, DOUBT = "numaralı liste gönderilemedi", "Kamu SM listesinin gidip gitmediği bilinmiyor"


def report_of(message_id: str, recipient: str) -> bytes:
    """A delivery report (RFC 3464) about a letter of ours."""
    return (
        "Return-Path: <>\r\nFrom: mailer-daemon@mail.kamusm.example.org\r\n"
        "To: nes@saglik.example.org\r\nSubject: Undelivered Mail\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mail.kamusm.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n"
        f"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n--x--\r\n"
    ).encode()


@pytest.fixture
def sent(house: House) -> tuple[House, str, str]:
    """A house whose list has gone out, its Message-ID, and to whom it went."""
    house.deliver_raw(list_mail(AYSE, at("2024-06-10", "10:00")))
    house.poll()
    house.nightly(NIGHT)
    (batch,) = [m for m in house.letters() if m["X-NES-Intake"] == "batch"]
    return house, str(batch["Message-ID"]), str(batch["To"])


@pytest.mark.parametrize(("own", "state"), [(True, "failed"), (False, "in_doubt")])
def test_a_list_that_came_back_is_told_first_and_every_night(
    sent: tuple[House, str, str], own: bool, state: str
) -> None:
    house, message_id, recipient = sent
    house.deliver_raw(report_of(message_id, recipient if own else "nobetci@kamusm.example.org"))
    house.poll(NIGHT + timedelta(hours=8))
    assert house.ask("SELECT state, response FROM letter WHERE kind='batch'") == [
        (state, "5.1.1 550 5.1.1 user unknown")
    ]
    for days in (1, 2):
        house.nightly(NIGHT + timedelta(days=days))
        (*_, report) = (m for m in house.letters() if m["X-NES-Intake"] == "nightly")
        told = " ".join(body(report).split())
        assert (FAILED if own else DOUBT) in told
    assert any(m["X-NES-Intake"] == "alarm" for m in house.letters())


def test_another_letter_that_came_back_is_told_and_stays_sent(sent: tuple[House, str, str]) -> None:
    house, _, _ = sent
    (accepted,) = [m for m in house.letters() if m["X-NES-Intake"] == "accepted"]
    house.deliver_raw(report_of(str(accepted["Message-ID"]), AYSE.work_email))
    house.poll(NIGHT + timedelta(hours=8))
    assert house.ask("SELECT DISTINCT state FROM letter") == [("done",)]
