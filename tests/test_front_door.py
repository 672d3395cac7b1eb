"""The whole way through the front door: mails in a real Dovecot, the runs, letters at a real SMTP server."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from pipeline.domain import Matter
from pipeline.intake import deciding, opening, runs
from pipeline.ledger.casework import stored_batch
from pipeline.letters.list_letter import batch_digest
from pipeline.mail.imap import Unreachable
from pipeline.night.consolidate import consolidate
from pipeline.sandbox.workers import WorkerPool
from tests.house import FOLDERS, IT_UNIT, KAMU_SM, MORNING, NIGHT, OWN, House, body, fixture, parsed
from tests.mails import XLSX
from tests.people import PEOPLE
from tests.saboteurs import Meddle, PoisonUid, Saboteur, Without
from tests.servers import Certificates, Dovecot, RecordingSmtp, free_ports

LIST = "accepted/ordinary-single-list"
# What is delivered, and which folder it has to end in; the repeat lies beside its original.
DAY: Mapping[str, str] = {
    LIST: "accepted",
    "accepted/list-then-receipt/1-list": "accepted",
    # By the real clock of the command this payment was made long ago.
    "accepted/list-then-receipt/2-receipt": "held",
    "accepted/list-of-five": "accepted",
    "returned/one-good-one-bad-row": "returned",
    "returned/bad-identity-number": "returned",
    "held/colleague": "held",
    "held/receipt-before-list": "held",
    "guided/resent-list/1-list": "accepted",
    "guided/resent-list/2-list-again": "guided",
    "ignored/out-of-office": "ignored",
    "ignored/duplicate-mail/1-list": "accepted",
    "ignored/duplicate-mail/2-same-bytes": "accepted",
    "shunted/garbage": "shunted",
}
ANSWERED = [
    name for name, folder in DAY.items() if folder not in ("ignored", "shunted") and "same-bytes" not in name
]
FILED = Counter(DAY.values())


def is_settled(house: House) -> bool:
    """Nothing is on its way any more."""
    on_its_way = "SELECT count(*) FROM letter WHERE state NOT IN ('done', 'failed')"
    to_file = "SELECT count(*) FROM sighting WHERE state IN ('waiting', 'kept')"
    return house.ask(on_its_way) == house.ask(to_file) == [(0,)]


# --- a day and a night, over TLS and with log-ins, by the real command --------------------------


@pytest.fixture(scope="module")
def day(
    tmp_path_factory: pytest.TempPathFactory,
    dovecot: Dovecot,
    certificates: Certificates,
    readers: WorkerPool,
) -> Iterator[House]:
    """An office after a day and a night: polled by the real command, closed in this process, all twice."""
    folder: Path = tmp_path_factory.mktemp("day")
    with RecordingSmtp(certificates, "starttls", user="nes", password="gizli söz") as smtp:
        house = House(folder, dovecot.account(), smtp, readers, tls=True)
        house.deliver(*DAY)
        polled = house.command("poll")
        assert (polled.returncode, polled.stderr) == (1, ""), polled
        assert polled.stdout == "Alınan ileti: 14, karar verilen: 13, ayrılan: 1, gönderilen yazı: 17\n"
        assert house.nightly(moment=house_night(house)) is not None
        yield house


def house_night(house: House) -> datetime:
    """The moment of the night after the command's own, real day."""
    ((started,),) = house.ask("SELECT max(ended_at) FROM run")
    return datetime.fromisoformat(str(started)) + timedelta(minutes=5)


def letters(house: House, kind: str) -> list[EmailMessage]:
    return [letter for letter in house.letters() if letter["X-NES-Intake"] == kind]


def test_mails_lie_in_the_folder_of_their_outcome(day: House) -> None:
    assert day.filed() == dict(FILED)
    for name, folder in DAY.items():
        lying = [raw.replace(b"\r\n", b"\n") for raw in day.box.mails(FOLDERS[folder])]
        # Garbage has bytes that no server can show as they are.
        assert folder == "shunted" or fixture(name).replace(b"\r\n", b"\n") in lying, name
    assert {"NES/Kabul", "NES/İade", "NES/Yönlendirilen", "NES/Yanıtsız"} < day.box.folders()


def test_nobodys_flags_are_touched(day: House) -> None:
    for outcome in FILED:
        assert set(map(frozenset, day.box.flags(FOLDERS[outcome]).values())) == {frozenset()}, outcome


def test_every_mail_is_answered_once_and_to_its_sender(day: House) -> None:
    answers = Counter(str(letter["In-Reply-To"]) for letter in day.letters() if letter["In-Reply-To"])
    for name in ANSWERED:
        message = parsed(fixture(name))
        assert answers.pop(str(message["Message-ID"])) == 1, name
        (letter,) = [x for x in day.letters() if x["In-Reply-To"] == message["Message-ID"]]
        assert letter["To"].addresses[0].addr_spec == message["From"].addresses[0].addr_spec
    assert not answers


def test_letters_carry_what_other_programs_go_by(day: House) -> None:
    named = [letter for letter in day.letters() if letter["X-NES-Intake"] == "on-a-list"]
    assert (len(named), len(day.letters())) == (6, len(ANSWERED) + 6 + 2)
    for received, letter in zip(day.smtp.received, day.letters(), strict=True):
        assert received.sender == OWN
        assert received.recipients == (letter["To"].addresses[0].addr_spec,)
        assert letter["From"].addresses[0].addr_spec == OWN
        assert letter["X-Auto-Response-Suppress"] == "All"
        assert re.fullmatch(r"<[\w.\-]{20,}@saglik\.example\.org>", letter["Message-ID"])
        assert letter.get_content_type() in ("multipart/alternative", "multipart/mixed")
        assert letter.get_body(("html",)) is not None
        # Seven bits and short lines: no server on the way has to touch a byte.
        assert received.raw.isascii()
        assert max(map(len, received.raw.split(b"\r\n"))) < 999
        if letter["In-Reply-To"]:
            assert letter["Auto-Submitted"] == "auto-replied"
            assert str(letter["References"]).split()[-1] == letter["In-Reply-To"]
        else:
            assert letter["Auto-Submitted"] == "auto-generated"
    assert len({letter["Message-ID"] for letter in day.letters()}) == len(day.letters())


def test_the_same_answer_has_the_same_message_id_wherever_it_is_written(day: House, house: House) -> None:
    house.deliver(LIST)
    house.poll()
    (answer,) = house.letters()
    assert answer["Message-ID"] in {letter["Message-ID"] for letter in day.letters()}


def test_an_answer_stands_at_the_end_of_the_whole_thread(house: House) -> None:
    earlier = "<1@saglik.example.org> <2@saglik.example.org>"
    house.deliver_raw(f"References: {earlier}\r\n".encode() + fixture(LIST))
    house.poll()
    (answer,) = house.letters()
    assert str(answer["References"]) == f"{earlier} {answer['In-Reply-To']}"


def test_no_letter_but_the_list_shows_a_whole_identity_number(day: House) -> None:
    for letter in day.letters():
        text = "".join(
            str(part.get_content()) for part in letter.walk() if part.get_content_maintype() == "text"
        )
        assert not [p for p in PEOPLE if p.identity_number in text + str(letter["Subject"])]


def test_letters_are_posted_over_tls_with_one_log_in_for_each_run(day: House) -> None:
    # ... and one at night for a look at the server's clock.
    assert day.smtp.log_ins == [True, True, True]
    assert day.smtp.stages.count("EHLO") == 6


def batch_of(house: House) -> tuple[EmailMessage, bytes]:
    (letter,) = letters(house, "batch")
    (part,) = letter.iter_attachments()
    return letter, part.get_content()


def test_the_list_for_kamu_sm_is_text_in_every_cell(day: House) -> None:
    letter, workbook = batch_of(day)
    assert letter["To"].addresses[0].addr_spec == KAMU_SM
    (part,) = letter.iter_attachments()
    assert part.get_content_type() == XLSX
    ((listed,),) = day.ask("SELECT count(*) FROM entry WHERE event='listed'")
    rows = list(load_workbook(BytesIO(workbook)).active.iter_rows(min_row=4))  # type: ignore[union-attr]
    assert len(rows) == listed == 10
    numbers = set()
    for row in rows:
        assert {cell.data_type for cell in row if cell.value is not None} == {"s"}
        assert {cell.number_format for cell in row} == {"@"}
        numbers |= {cell.value for cell in row if re.fullmatch(r"\d{11}", str(cell.value))}
        assert [cell for cell in row if re.fullmatch(r"\d\d[./]\d\d[./]\d{4}", str(cell.value))]
    # Nobody stands there twice, and nobody whose row went back.
    assert len(numbers) == 10
    assert numbers <= {p.identity_number for p in PEOPLE}


def test_the_list_is_the_same_bytes_when_it_is_made_again(day: House) -> None:
    _, workbook = batch_of(day)
    with day.opened() as shop:
        night = shop.ledger.last_night()
        assert night
        cases = [case for case in shop.ledger.all_cases() if case.batch == f"{night.day}/1"]
        (again,) = consolidate(night.day, cases, shop.policy.form)
        assert again
        stored = stored_batch(shop.ledger, f"{night.day}/1")
        assert stored
        assert again.workbook == workbook == stored.batch.workbook
        assert batch_digest(again) in body(batch_of(day)[0]).replace("\n", "")


def test_the_report_adds_up(day: House) -> None:
    (letter,) = letters(day, "nightly")
    assert letter["To"].addresses[0].addr_spec == IT_UNIT
    text = " ".join(body(letter).split())
    balance = re.search(r"Gelen (\d+) = (.*?) \(tutuyor\)", text)
    assert balance
    parts = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", balance[2])}
    assert int(balance[1]) == sum(parts.values()) == len(DAY)
    # "1 yanıtsız bırakılan"
    names = ("kabul", "iade", "bekletilen", "yönlendirilen", "yanıtsız", "ayrılan", "yinelenen")
    assert tuple(parts.items()) == tuple(zip(names, (5, 2, 3, 1, 1, 1, 1), strict=True))
    assert "UYARI" not in text
    batch, *_ = letter.iter_attachments()
    assert batch.get_content() == batch_of(day)[1]


def test_everything_twice_sends_nothing_twice(day: House) -> None:
    before = len(day.smtp.received)
    again = day.command("poll")
    assert (again.returncode, again.stdout.count(": 0")) == (0, 4), again
    assert day.nightly(house_night(day)) is None
    assert len(day.smtp.received) == before
    assert day.filed() == dict(FILED)


# --- what a poll costs --------------------------------------------------------------------------


def verbs(proxy: Saboteur) -> list[str]:
    return [line.decode().split()[1].upper() for line in proxy.heard]


@pytest.mark.parametrize("crowd", [0, 3, 300])
def test_an_idle_poll_costs_the_same_whatever_the_size_of_the_mailbox(house: House, crowd: int) -> None:
    old = b"Subject: eski\r\n\r\n"
    for _ in range(crowd):
        house.box.deliver(old, MORNING.replace(year=2019))
    house.deliver(LIST)
    house.poll()
    assert len(house.smtp.received) == 1
    with Saboteur(house.box.server.port) as proxy:
        house.through(proxy.port).poll()
    assert proxy.connections == 1
    assert set(verbs(proxy)) <= {"CAPABILITY", "LOGIN", "STATUS", "LOGOUT"}
    assert len(verbs(proxy)) <= 5
    assert house.smtp.connections == 1
    # Old mails are not even looked at.
    assert house.filed().get("inbox", 0) == crowd


def test_an_idle_poll_writes_nothing_into_the_ledger(house: House) -> None:
    house.deliver(LIST)
    house.poll()
    before = (house.home / "ledger.db").read_bytes()
    house.poll()
    assert (house.home / "ledger.db").read_bytes() == before


def test_a_poll_takes_so_many_mails_and_leaves_the_rest_to_the_next_oldest_first(house: House) -> None:
    house = replace(house, more="[budget]\nmails_per_run = 2\n")
    names = [LIST, "returned/bad-identity-number", "held/colleague", "accepted/list-of-five"]
    house.deliver(*names, "ignored/out-of-office")
    assert [house.poll().heard for _ in range(4)] == [2, 2, 1, 0]
    # Those who are named on somebody's list hear of it besides.
    order = [str(m["In-Reply-To"]) for m in house.letters() if m["X-NES-Intake"] != "on-a-list"]
    assert order == [str(parsed(fixture(name))["Message-ID"]) for name in names]
    assert "inbox" not in house.filed()


# --- servers and people with other habits -------------------------------------------------------


@pytest.mark.parametrize("missing", [(b"MOVE",), (b"MOVE", b"UIDPLUS")])
def test_mails_are_filed_without_move(house: House, missing: tuple[bytes, ...]) -> None:
    house.deliver(LIST, "returned/bad-identity-number")
    with Without(house.box.server.port, *missing) as proxy:
        lacking = house.through(proxy.port)
        assert [lacking.poll().posted for _ in range(3)] == [2, 0, 0]
    # Without UIDPLUS the originals stay, marked, until somebody clears the folder.
    originals = {"inbox": 2} if b"UIDPLUS" in missing else {}
    assert house.filed() == {"accepted": 1, "returned": 1, **originals}


def test_a_mail_that_cannot_be_fetched_does_not_stop_the_others(house: House) -> None:
    house.deliver(LIST, "returned/bad-identity-number", "held/colleague")
    with PoisonUid(house.box.server.port, 2) as proxy:
        poisoned = house.through(proxy.port)
        tallies = [poisoned.poll() for _ in range(7)]
    assert [(t.heard, t.posted) for t in tallies] == [(2, 2)] + [(0, 0)] * 6
    assert house.filed() == {"inbox": 1, "accepted": 1, "held": 1}
    # After five tries it is set aside, and the report shows it.
    assert house.ask("SELECT uid, state, tries FROM sighting WHERE state<>'filed'") == [(2, "set_aside", 5)]
    house.nightly()
    assert "basvuru, INBOX, 2, " in body(letters(house, "nightly")[0])


def test_a_mail_over_the_size_is_left_and_reported(house: House) -> None:
    house = replace(house, more="[budget]\nlargest_mail_bytes = 20000\n")
    house.deliver_raw(b"Subject: b\xc3\xbcy\xc3\xbck\r\n\r\n" + b"x" * 70 * 400)
    house.deliver(LIST)
    assert house.poll().heard == 1
    assert house.filed() == {"inbox": 1, "accepted": 1}
    house.nightly()
    assert "basvuru, INBOX, 1, ileti çok büyük" in body(letters(house, "nightly")[0])


def test_a_mail_moved_back_by_a_person_is_filed_again_and_not_answered_again(house: House) -> None:
    house.deliver(LIST)
    house.poll()
    with house.box.imap() as client:
        client.select_folder(FOLDERS["accepted"])
        client.move(client.search(), "INBOX")
    assert house.filed() == {"inbox": 1}
    assert house.poll().posted == 0
    assert house.filed() == {"accepted": 1}
    assert len(house.smtp.received) == 1
    house.nightly()
    assert "1 yinelenen (tutuyor)" in " ".join(body(letters(house, "nightly")[0]).split())


def test_a_mail_deleted_by_a_person_before_it_is_filed_is_answered_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.deliver(LIST)
    file_away = runs.file_away

    def after_somebody_deleted(*args: Any) -> None:
        with house.box.imap() as client:
            client.select_folder("INBOX")
            client.delete_messages(client.search())
            client.expunge()
        file_away(*args)

    monkeypatch.setattr(runs, "file_away", after_somebody_deleted)
    assert house.poll().posted == 1
    monkeypatch.undo()
    assert house.poll().posted == 0
    assert house.filed() == {}
    assert is_settled(house)


@pytest.mark.parametrize("during", [rb"UID FETCH .*BODY", rb"UID MOVE"])
@pytest.mark.parametrize("deed", ["flags", "moves", "reads"])
def test_what_people_do_to_a_mail_during_a_run_stays_and_it_is_answered_once(
    house: House, during: bytes, deed: str
) -> None:
    house.deliver(LIST, "returned/bad-identity-number")

    def somebody() -> None:
        with house.box.imap() as client:
            client.select_folder("INBOX")
            if deed == "moves":
                if not client.folder_exists("Özel"):
                    client.create_folder("Özel")
                client.move([1], "Özel")
            else:
                client.add_flags([1], [rb"\Flagged" if deed == "flags" else rb"\Seen"])

    with Meddle(house.box.server.port, during, somebody) as person:
        house.through(person.port).poll()
    house.write()
    house.poll()
    answers = Counter(str(letter["In-Reply-To"]) for letter in house.letters())
    # What was moved away before it was fetched was never heard: the person has it.
    gone = deed == "moves" and b"FETCH" in during
    assert sorted(answers.values()) == ([1] if gone else [1, 1])
    if deed == "moves":
        assert len(house.box.mails("Özel")) == 1
        assert house.filed() == {"returned": 1}
    else:
        assert house.filed() == {"accepted": 1, "returned": 1}
        (flags,) = house.box.flags(FOLDERS["accepted"]).values()
        assert (rb"\Flagged" if deed == "flags" else rb"\Seen") in flags
    assert is_settled(house)


def test_another_uidvalidity_answers_nothing_twice(house: House) -> None:
    house.deliver(LIST, "returned/bad-identity-number")
    house.poll()
    # The server was set up anew from a backup: all mails in the inbox again, with other numbers.
    with house.box.imap() as client:
        for outcome in ("accepted", "returned"):
            client.select_folder(FOLDERS[outcome])
            client.move(client.search(), "INBOX")
    uids = house.box.make("INBOX") / "dovecot-uidlist"
    text = uids.read_text(encoding="utf-8")
    uids.write_text(re.sub(r"^3 V\d+ N\d+", "3 V12345 N1", text.splitlines()[0]) + "\n", encoding="utf-8")
    for index in uids.parent.glob("dovecot.index*"):
        index.unlink()
    assert house.poll().posted == 0
    assert house.ask("SELECT count(DISTINCT uidvalidity) FROM sighting") == [(2,)]
    assert house.filed() == {"accepted": 1, "returned": 1}
    assert len(house.smtp.received) == 2
    assert is_settled(house)


def test_a_uidvalidity_that_changes_between_keeping_and_filing_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.deliver(LIST)

    def power_fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "file_away", power_fails)
    with pytest.raises(KeyboardInterrupt):
        house.poll()
    monkeypatch.undo()
    uids = house.box.make("INBOX") / "dovecot-uidlist"
    uids.write_text("3 V12345 N7\n", encoding="utf-8")
    for index in uids.parent.glob("dovecot.index*"):
        index.unlink()
    assert house.poll().posted == 1
    assert house.poll().posted == 0
    assert house.filed() == {"accepted": 1}
    assert is_settled(house)


SECOND = """
[[accounts]]
name = "ikinci"
host = "127.0.0.1"
port = {port}
security = "none"
user = "{user}"
password = {{ file = "{secret}" }}
since = 2020-01-01
timeout_seconds = 60
"""


def test_a_mailbox_that_is_away_holds_up_neither_the_others_nor_the_post(
    house: House, dovecot: Dovecot
) -> None:
    second = dovecot.account()
    secret = house.folder / "imap-secret"
    more = SECOND.format(port=dovecot.port, user=second.user, secret=secret)
    house = replace(house, more=more)
    (dead,) = free_ports(1)
    # An answer is waiting since the SMTP server was away.
    house.deliver(LIST)
    house.smtp.fail("MAIL", "451 4.3.0 later")
    assert house.poll().posted == 0
    second.deliver(fixture("held/five-year-term"), MORNING)
    with pytest.raises(Unreachable):
        house.through(dead).poll(MORNING + timedelta(hours=1))
    # What was refused before waits until the others have gone out.
    assert [str(x["X-NES-Intake"]) for x in house.letters()] == ["held", "accepted"]
    assert len(second.mails(FOLDERS["held"])) == 1
    with pytest.raises(Unreachable):
        house.through(dead).poll(MORNING + timedelta(hours=2))
    house.write()
    assert house.poll(MORNING + timedelta(hours=3)).posted == 0
    house.nightly()
    assert "2 ileti" in str(letters(house, "nightly")[0]["Subject"])


# --- our own faults -----------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["unpack", "read", "judge", "answer"])
def test_a_mail_that_breaks_a_stage_is_set_aside_and_the_run_goes_on(
    house: House, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = opening if stage == "unpack" else deciding
    good: Callable[..., Any] = getattr(room, stage)
    calls = 0

    def breaks_over_the_second(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ValueError("the very words of a mail")
        return good(*args)

    monkeypatch.setattr(room, stage, breaks_over_the_second)
    house.deliver(LIST, "returned/bad-identity-number", "held/five-year-term")
    tally = house.poll()
    assert (tally.decided, tally.shunted, tally.posted) == (3, 1, 2)
    assert house.filed() == {"accepted": 1, "held": 1, "shunted": 1}
    ((shunt,),) = house.ask("SELECT shunt FROM decision WHERE outcome='shunted'")
    assert str(shunt).startswith("internal: ValueError at tests.test_front_door:")
    house.nightly(NIGHT)
    text = " ".join(body(letters(house, "nightly")[0]).split())
    assert "1 ayrılan" in text
    assert "(tutuyor)" in text
    assert "very words" not in text


def test_a_mail_that_kills_the_process_is_set_aside_at_the_third_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = deciding.judge

    class PowerCut(BaseException):
        pass

    def dies_over_one(matter: Matter, *args: Any) -> Any:
        submission = matter.submission
        if "bad-identity" in submission.subject or submission.sender.startswith("yigit"):
            raise PowerCut
        return good(matter, *args)

    monkeypatch.setattr(deciding, "judge", dies_over_one)
    house.deliver(LIST, "returned/bad-identity-number", "accepted/list-of-five")
    for _ in range(2):
        with pytest.raises(PowerCut):
            house.poll()
    house.poll()
    assert house.filed() == {"accepted": 2, "shunted": 1}
    assert house.ask("SELECT shunt FROM decision WHERE outcome='shunted'") == [("crashed",)]


def test_a_mail_is_not_blamed_for_a_full_disk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.deliver(LIST, "returned/bad-identity-number")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(deciding, "judge", full)
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            house.poll()
    monkeypatch.undo()
    house.poll()
    assert house.filed() == {"accepted": 1, "returned": 1}
