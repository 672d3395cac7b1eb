"""A server's mood is not a letter's fate: what is about the server or about us makes letters wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.mail.faults import PostmanFault
from pipeline.mail.server_replies import is_final, mood_of
from pipeline.mail.smtp import LoginRefused, StarttlsWanted
from pipeline.office.outbox import Unwilling
from pipeline.sandbox.workers import WorkerPool
from tests.house import IT_UNIT, KAMU_SM, MORNING, NIGHT, House, body
from tests.servers import Certificates, Dovecot, RecordingSmtp

THREE = ("accepted/ordinary-single-list", "returned/bad-identity-number", "returned/one-good-one-bad-row")
QUOTA = "550 5.4.5 Daily user sending quota exceeded."


@pytest.fixture
def house(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: WorkerPool
) -> Iterator[House]:
    with RecordingSmtp(certificates, "none") as smtp:
        yield House(tmp_path, dovecot.account(), smtp, readers)


def states(house: House) -> list[tuple[object, ...]]:
    """The letters to senders; those who are named on a list hear of it besides."""
    others = "('alarm', 'all_clear', 'on-a-list')"
    return house.ask(f"SELECT kind, state FROM letter WHERE kind NOT IN {others} ORDER BY id")


def told(house: House) -> list[str]:
    return [str(m["X-NES-Intake"]) for m in house.letters() if m["X-NES-Intake"] in ("alarm", "all_clear")]


def last_alarm(house: House) -> str:
    return " ".join(body([m for m in house.letters() if m["X-NES-Intake"] == "alarm"][-1]).split())


def polls(house: House, *hours: float) -> None:
    for hour in hours:
        with suppress(PostmanFault):
            house.poll(MORNING + timedelta(hours=hour))


# --- what a reply is about -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 no such user",
        "550 5.1.1 <limit@x.example>: Recipient address rejected: User unknown in relay recipient table",
        "550 No such user here",
        "550 5.1.10 null MX",
        "553 5.1.2 bad domain",
        "550 user unknown",
        "552 5.2.2 mailbox full",
        "554 5.5.1 no valid recipients",
        "552 5.3.4 message size exceeds the limit of mails",
        "550 5.2.1 mailbox disabled",
        "550 5.1.6 recipient no longer here",
    ],
)
def test_what_is_about_the_recipient_or_the_letter_is_final(reply: str) -> None:
    assert is_final(reply)


@pytest.mark.parametrize(
    ("reply", "mood"),
    [
        (QUOTA, "quota"),
        (
            "554 5.7.0 The limit on the number of allowed outgoing messages was exceeded. Try again later.",
            "quota",
        ),
        ("552 5.2.2 Message would take you over your relay quota", "quota"),
        ("550 5.7.1 Hourly sending limit reached", "quota"),
        ("550 too many messages today", "quota"),
        ("550 5.7.1 greylisted, please try again in 5 minutes", ""),
        (
            "553 5.7.1 <nes@saglik.example.org>: Sender address rejected: not owned by user nes2",
            "sender_refused",
        ),
        ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", "sender_refused"),
        ("550 5.1.8 bad sender", "sender_refused"),
        ("554 5.7.1 <a@b.example>: Relay access denied", "relay_refused"),
        ("550 5.7.1 Client host blocked using a list", "relay_refused"),
        ("530 5.7.0 Must issue a STARTTLS command first", "starttls_wanted"),
        ("550 nope", ""),
        ("554 5.7.1 message looks like spam", ""),
        ("550 5.7.1 user unknown or not allowed", ""),
        ("554 transaction failed", ""),
    ],
)
def test_everything_else_waits(reply: str, mood: str) -> None:
    assert not is_final(reply)
    assert mood_of(reply) == mood


# --- the outbox waits ------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize(
    ("reply", "name", "advice"),
    [
        (QUOTA, "quota", "gönderim sınırını yükseltmesini"),
        ("552 5.2.2 Message would take you over your relay quota", "quota", "sınırın yenilenmesini"),
        ("550 5.7.1 no, and no reason", "refuses_all", "posta yöneticinize gösteriniz"),
        (
            "553 5.7.1 Sender address rejected: not owned by user nes2",
            "sender_refused",
            "own (varsa bounces)",
        ),
    ],
)
def test_nothing_is_given_up_and_the_unit_hears_at_once(
    house: House, stage: str, reply: str, name: str, advice: str
) -> None:
    house.deliver(*THREE)
    house.smtp.fail(stage, reply, times=None)  # type: ignore[arg-type]
    with pytest.raises(Unwilling) as refused:
        house.poll()
    assert refused.value.name == name
    assert {state for _, state in states(house)} <= {"deferred", "planned"}
    assert house.ask("SELECT name, reason, alarmed_at IS NOT NULL FROM trouble") == [("smtp", name, 1)]
    tried = house.smtp.stages.count("MAIL")
    polls(house, 0.02)
    assert house.smtp.stages.count("MAIL") <= tried + 1
    house.smtp.faults.clear()
    polls(house, 1, 2, 8, 14, 20)
    assert {state for _, state in states(house)} == {"done"}
    assert len(states(house)) == 3
    assert told(house) == ["alarm", "all_clear"]
    assert advice in last_alarm(house)


def test_one_letter_over_quota_is_told_as_well(house: House) -> None:
    house.deliver(THREE[0])
    house.smtp.fail("dot", QUOTA, times=None)
    with pytest.raises(Unwilling):
        house.poll()
    assert [state for _, state in states(house)] == ["deferred"]


def test_a_server_that_wants_tls_first_is_no_matter_of_passwords(house: House) -> None:
    house.deliver(THREE[0])
    house.smtp.fail("MAIL", "530 5.7.0 Must issue a STARTTLS command first", times=None)
    with pytest.raises(StarttlsWanted):
        house.poll()
    assert [state for _, state in states(house)] == ["planned"]
    assert house.ask("SELECT reason FROM trouble") == [("starttls_wanted",)]
    house.smtp.faults.clear()
    polls(house, 0.1, 1, 2)
    assert 'security = "starttls"' in last_alarm(house)


def test_a_log_in_that_is_missing_is_still_one(house: House) -> None:
    house.deliver(THREE[0])
    house.smtp.fail("MAIL", "530 5.7.0 Authentication required", times=None)
    with pytest.raises(LoginRefused):
        house.poll()


def test_an_unknown_address_is_that_letters_fate_and_holds_up_no_other(house: House) -> None:
    house.deliver(*THREE)
    house.poll()
    house.smtp.fail("RCPT", "550 5.1.1 no such user", only=KAMU_SM)
    house.nightly()
    assert ("batch", "failed") in states(house)
    assert ("nightly", "done") in states(house)


def test_the_same_for_several_is_the_servers_directory(house: House) -> None:
    house.deliver(*THREE)
    house.smtp.fail("RCPT", "550 5.1.1 User unknown in local recipient table", times=None)
    polls(house, 0)
    assert {state for _, state in states(house)} == {"deferred"}
    house.smtp.faults.clear()
    polls(house, 1, 8)
    assert {state for _, state in states(house)} == {"done"}


def test_two_unknown_addresses_are_given_up_once_the_server_has_taken_another(house: House) -> None:
    house.deliver(*THREE[:2])
    house.smtp.fail("RCPT", "550 5.1.1 no such user", times=None)
    polls(house, 0)
    house.smtp.faults.clear()
    for (recipient,) in house.ask("SELECT recipient FROM letter WHERE state='deferred'"):
        house.smtp.fail("RCPT", "550 5.1.1 no such user", times=None, only=str(recipient))
    house.nightly()
    polls(house, 15, 16, 20, 24, 30)
    assert [state for kind, state in states(house) if kind not in ("batch", "nightly")] == [
        "failed",
        "failed",
    ]


def test_a_few_that_nobody_takes_hold_up_no_others(house: House) -> None:
    house.deliver(*THREE[:2])
    house.smtp.fail("dot", "554 5.7.1 looks like spam", times=4)
    polls(house, 0, 0.2)
    house.deliver("accepted/list-of-five")
    polls(house, 1)
    assert ("accepted", "done") in states(house)[2:]


def test_after_five_days_it_is_given_up_and_told(house: House) -> None:
    house.deliver(THREE[1])
    house.smtp.fail("dot", "554 5.7.1 looks like spam", times=None, only=None)
    polls(house, *range(0, 24 * 6, 5))
    assert [state for _, state in states(house)] == ["failed"]
    house.smtp.faults.clear()
    house.nightly(NIGHT + timedelta(days=7))
    (report,) = [m for m in house.letters() if m["X-NES-Intake"] == "nightly"]
    assert "looks like spam" in body(report)


# --- a list that failed ----------------------------------------------------------------------------


def test_a_list_that_failed_is_an_alarm_the_reports_first_line_and_goes_again(house: House) -> None:
    house.deliver(THREE[0])
    house.poll()
    house.smtp.fail("RCPT", "550 5.1.1 no such user", only=KAMU_SM)
    house.nightly()
    assert told(house) == ["alarm"]
    assert "nes-intake doubt LİSTE again" in last_alarm(house)
    house.nightly(NIGHT + timedelta(days=1))
    report = [m for m in house.letters() if m["X-NES-Intake"] == "nightly"][-1]
    lines = [line for line in body(report).splitlines() if line.strip()]
    first = next(i for i, line in enumerate(lines) if line.startswith("ALARM"))
    assert first < next(i for i, line in enumerate(lines) if "görevlinin bakması" in line)
    assert "nes-intake doubt 2024-06-14/1 again" in " ".join(lines[first : first + 4])
    ((raw,),) = house.ask("SELECT body FROM letter WHERE kind='batch'")
    said = house.command("doubt", "2024-06-14/1", "again", "--by", "E. T.", "--because", "adres düzeldi")
    assert said.returncode == 0, said.stderr
    polls(house, 40)
    (sent,) = [r for r in house.smtp.received if KAMU_SM in r.recipients]
    assert sent.raw.rstrip() == bytes(raw).rstrip()  # type: ignore[arg-type]
    assert house.command("doubt", "2024-06-14/1", "again", "--by", "E", "--because", "x").returncode == 78
    polls(house, 41, 42)
    assert told(house) == ["alarm", "all_clear"]
    assert IT_UNIT in {str(m["To"]) for m in house.letters()}
