"""Servers whose numbers go back or stand still, or that say yes and do nothing: all is heard once."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.mail.faults import MailboxFault
from pipeline.mail.imap import Refused
from pipeline.sandbox.workers import WorkerPool
from tests.house import FOLDERS, MORNING, House, fixture
from tests.saboteurs import Answer, DropAtLine, Interject, Rewrite, Saboteur, Without
from tests.servers import Certificates, Dovecot, RecordingSmtp

TWO = ("accepted/ordinary-single-list", "returned/bad-identity-number")
FURTHER = ("accepted/list-of-five", "accepted/list-xlsx")


@pytest.fixture
def house(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: WorkerPool
) -> Iterator[House]:
    with RecordingSmtp(certificates, "none") as smtp:
        yield House(tmp_path, dovecot.account(), smtp, readers)


def polls(house: House, *minutes: int) -> None:
    for minute in minutes:
        house.poll(MORNING + timedelta(minutes=minute))


def answers(house: House) -> list[tuple[object, ...]]:
    """The letters to senders; those who are named on a list hear of it besides."""
    others = "('alarm', 'all_clear', 'on-a-list')"
    return house.ask(f"SELECT kind FROM letter WHERE kind NOT IN {others} ORDER BY id")


def count_anew(house: House, messages: int = 0) -> None:
    """Has the server number its mails from 1 again under the same UIDVALIDITY, as after a restored index."""
    ((validity,),) = house.ask("SELECT DISTINCT uidvalidity FROM sighting")
    for path in house.box.maildir.glob("dovecot*"):
        path.unlink()
    names = house.box.maildir / "dovecot-uidlist"
    names.write_text(f"3 V{validity} N{messages + 1} G{secrets.token_hex(16)}\n")
    house.box.own(names)


# --- numbers that go back ----------------------------------------------------------------------


@pytest.mark.parametrize("further", [1, 2, 3])
def test_mails_under_numbers_that_were_read_before_are_heard(house: House, further: int) -> None:
    house.deliver(*TWO)
    polls(house, 0)
    count_anew(house)
    house.deliver(*(*FURTHER, "guided/resent-list/1-list")[:further])
    polls(house, 5, 10)
    assert len(answers(house)) == 2 + further
    assert "inbox" not in house.filed()
    assert sum(house.filed().values()) == 2 + further


def test_numbers_that_went_back_are_told(house: House) -> None:
    house.deliver(*TWO)
    polls(house, 0)
    count_anew(house)
    house.deliver(FURTHER[0])
    polls(house, 5)
    assert house.ask("SELECT name, reason, alarmed_at IS NOT NULL FROM trouble") == [
        ("imap/basvuru", "uids_rewound", 1)
    ]
    polls(house, 10, 30)
    kinds = [str(m["X-NES-Intake"]) for m in house.letters()]
    assert kinds.count("alarm") == kinds.count("all_clear") == 1


def test_what_lies_under_a_number_is_not_moved_for_what_lay_there(house: House) -> None:
    house.deliver(TWO[0])
    refusing = Answer(house.box.server.port, rb"UID (MOVE|COPY)", b"TAG NO not now\r\n")
    with refusing, pytest.raises(Refused):
        house.through(refusing.port).poll()
    house.write()
    # Judged, and still to be filed under number 1, where another mail lies now.
    for mail in house.box.maildir.glob("*/*:2,*"):
        mail.unlink()
    for mail in [*house.box.maildir.glob("new/*"), *house.box.maildir.glob("cur/*")]:
        mail.unlink()
    count_anew(house)
    house.deliver(TWO[1])
    polls(house, 5, 10, 15)
    assert house.filed() == {"returned": 1}
    assert answers(house) == [("accepted",), ("returned",)]


def test_the_same_mails_under_new_numbers_are_done_once(house: House) -> None:
    house.deliver(*TWO)
    polls(house, 0)
    count_anew(house)
    for name in TWO:
        house.deliver_raw(fixture(name))
    polls(house, 5, 10)
    assert len(answers(house)) == 2
    assert "inbox" not in house.filed()


# --- numbers that are not told, or stand still -----------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (rb"UIDNEXT (\d+)", b"UIDNEXT 2"),
        (rb"^(\* STATUS \S+) \(.*\)", rb"\1 ()"),
        (rb" ?UIDNEXT \d+", b""),
        (rb"^\* OK \[UIDNEXT \d+\]", b"* OK [X]"),
        (rb"MESSAGES \d+", b"MESSAGES 0"),
    ],
)
def test_a_server_that_does_not_count_is_read_all_the_same(house: House, pattern: bytes, text: bytes) -> None:
    with Rewrite(house.box.server.port, pattern, text) as saboteur:
        through = house.through(saboteur.port)
        for minute, name in enumerate((*TWO, *FURTHER)):
            house.deliver(name)
            through.poll(MORNING + timedelta(minutes=minute))
        through.poll(MORNING + timedelta(minutes=9))
    assert len(answers(house)) == 4
    assert "inbox" not in house.filed()
    assert house.ask("SELECT count(*) FROM trouble WHERE alarmed_at IS NOT NULL") == [(0,)]


def test_an_idle_poll_after_a_busy_one_looks_no_further(house: House) -> None:
    house.deliver(*TWO)
    with Saboteur(house.box.server.port) as heard:
        through = house.through(heard.port)
        through.poll()
        heard.heard.clear()
        through.poll(MORNING + timedelta(minutes=5))
        assert not [line for line in heard.heard if re.search(rb"SELECT|EXAMINE|SEARCH", line)]


# --- yes, and nothing done -------------------------------------------------------------------------


def test_a_move_that_moves_nothing_is_done_another_way(house: House) -> None:
    house.deliver(*TWO)
    with Answer(house.box.server.port, rb"UID MOVE", b"TAG OK Move completed.\r\n") as saboteur:
        through = house.through(saboteur.port)
        for minute in (0, 5, 10):
            through.poll(MORNING + timedelta(minutes=minute))
    assert house.filed() == {"accepted": 1, "returned": 1}
    assert len(answers(house)) == 2


@pytest.mark.parametrize("missing", [(), (b"MOVE",)])
def test_a_mail_that_comes_twice_lies_in_its_folder_twice(house: House, missing: tuple[bytes, ...]) -> None:
    house.deliver(TWO[0], TWO[0])
    with Without(house.box.server.port, *missing) as saboteur:
        through = house.through(saboteur.port)
        through.poll()
        house.deliver(TWO[0])
        through.poll(MORNING + timedelta(minutes=5))
    assert house.filed() == {"accepted": 3}
    assert answers(house) == [("accepted",)]


def test_a_copy_from_before_a_cut_is_not_taken_for_the_next_mail_with_the_same_bytes(house: House) -> None:
    house.deliver(TWO[0])
    for minute, line in enumerate((rb"UID MOVE", rb"UID STORE")):
        with DropAtLine(house.box.server.port, "client", 1, line) as saboteur:
            with pytest.raises(MailboxFault):
                house.through(saboteur.port).poll(MORNING + timedelta(minutes=minute))
            assert saboteur.happened
    assert house.filed() == {"accepted": 1, "inbox": 1}
    house.deliver(TWO[0])
    house.write()
    polls(house, 70)
    assert house.filed() == {"accepted": 2}


def test_a_mail_that_a_person_moved_back_is_not_doubled_by_a_cut(house: House) -> None:
    house.deliver(TWO[0])
    polls(house, 0)
    house.box.move([1], FOLDERS["accepted"], "INBOX")
    for minute, line in enumerate((rb"UID MOVE", rb"UID (STORE|MOVE)"), start=5):
        with DropAtLine(house.box.server.port, "client", 1, line) as saboteur:
            with pytest.raises(MailboxFault):
                house.through(saboteur.port).poll(MORNING + timedelta(minutes=minute))
            assert saboteur.happened
    house.write()
    polls(house, 70)
    assert house.filed() == {"accepted": 1}


def test_where_nothing_moves_at_all_it_is_told_and_nothing_is_doubled(house: House) -> None:
    house.deliver(*TWO)
    with Answer(house.box.server.port, rb"UID (MOVE|STORE|EXPUNGE)", b"TAG OK Completed.\r\n") as saboteur:
        through = house.through(saboteur.port)
        for minute in range(0, 40, 5):
            with pytest.raises(MailboxFault):
                through.poll(MORNING + timedelta(minutes=minute))
        assert house.ask("SELECT name, reason, alarmed_at IS NOT NULL FROM trouble") == [
            ("imap/basvuru", "refused", 1)
        ]
    # One copy each, however often it was tried.
    assert house.filed() == {"inbox": 2, "accepted": 1}
    assert len(answers(house)) == 2
    house.write()
    polls(house, 60, 65)
    assert house.filed() == {"accepted": 1, "returned": 1}
    assert len(answers(house)) == 2


@pytest.mark.parametrize(
    "text",
    [
        b"* [COPYUID 52 86 1146]\r\n",
        b"[COPYUID 52 86 1146] Move completed\r\n",
        b"* OK [COPYUID 52 86 1146]\r\n",
        b"* OK [COPYUID 52 1:2 ]\r\n",
        b"* NO [COPYUID\r\n",
    ],
)
def test_odd_words_about_a_move_lose_and_double_nothing(house: House, text: bytes) -> None:
    house.deliver(*TWO)
    with Interject(house.box.server.port, rb"^\w+ OK (\[.*\] )?Move completed", text) as saboteur:
        through = house.through(saboteur.port)
        for minute in (0, 5, 10, 15):
            try:
                through.poll(MORNING + timedelta(minutes=minute))
            except MailboxFault as fault:
                assert fault.name in ("garbled", "dropped")  # noqa: PT017
    house.write()
    polls(house, 30, 35)
    assert house.filed() == {"accepted": 1, "returned": 1}
    assert len(answers(house)) == 2


# --- long lines ------------------------------------------------------------------------------------


def test_no_line_of_ours_is_longer_than_servers_take(house: House) -> None:
    raw = fixture("accepted/ordinary-single-list")
    ids = b"\n ".join(b"<%d.%s@example.org>" % (i, b"y" * 200) for i in range(120))
    for subject in (b"x" * 3000, "ş".encode() * 1500, b"<" + b"z" * 1200 + b"@x.example>"):
        mail = re.sub(rb"(?m)^Subject: .*\n", b"Subject: " + subject + b"\n", raw, count=1)
        name = b"Message-ID: <%s@example.org>" % secrets.token_hex(100).encode()
        mail = re.sub(rb"(?mi)^Message-ID: .*\n", name + b"\nReferences: " + ids + b"\n", mail, count=1)
        house.deliver_raw(mail)
    polls(house, 0)
    house.nightly()
    lines = [line for received in house.smtp.received for line in received.raw.split(b"\r\n")]
    assert len(house.smtp.received) >= 4
    assert max(map(len, lines)) <= 998
