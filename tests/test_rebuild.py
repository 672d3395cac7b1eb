"""A ledger that was lost is rebuilt from the mailbox, and no mail is sent again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.acts.acting import Act, version
from pipeline.acts.putting_off import assign
from pipeline.acts.sampling import Read, answer, go_on, questions
from pipeline.commands.cli import run
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.custody import backup, broken_links
from pipeline.ledger.home import Home
from pipeline.office.console import BAD_CONFIGURATION, DONE
from pipeline.review.rebuild import Rebuilt, make_way, rebuild
from pipeline.review.replay import replay
from pipeline.sandbox.workers import WorkerPool
from tests.house import COPIES_FOLDER, EVIDENCE, MORNING, NIGHT, House, fixture, parsed
from tests.servers import Box, Certificates, Dovecot, RecordingSmtp
from tests.words_said import say

BATCHED = "SELECT case_number, day, number, position FROM batch_row ORDER BY case_number"
CASES = "SELECT DISTINCT case_number, event FROM entry ORDER BY 1, 2"
LETTERS = "SELECT message_id, kind, about, recipient, subject, state FROM letter ORDER BY message_id"
DECISIONS = "SELECT sha, number, sender, outcome, procedure FROM decision ORDER BY sha"
NIGHTS = "SELECT day, number FROM night ORDER BY day"
SAMPLES = "SELECT id, sha, place, bank, reading, answer, answered_by, cause, settled_by FROM sample"
LOST = (BATCHED, CASES, LETTERS, DECISIONS, NIGHTS)
NEXT = MORNING + timedelta(days=1)


@pytest.fixture(scope="module")
def lived(
    tmp_path_factory: pytest.TempPathFactory,
    dovecot: Dovecot,
    certificates: Certificates,
    readers: WorkerPool,
) -> Iterator[House]:
    """An office that has copies of its letters, after two days of mail and the first one's night."""
    with RecordingSmtp(certificates, "none") as smtp:
        house = House(tmp_path_factory.mktemp("lived"), dovecot.account(), smtp, readers, more=EVIDENCE)
        house.deliver_copies()
        house.deliver(
            "accepted/list-then-receipt/1-list",
            "accepted/list-of-five",
            "returned/bad-identity-number",
            "held/foreigner-99",
            "held/stranger-for-someone-else",
            "guided/pin-blocked",
            "ignored/out-of-office",
        )
        house.poll(MORNING)
        with house.opened(MORNING + timedelta(hours=1)) as shop:
            first = next(held for held in shop.ledger.open_holds() if held.decision.withheld)
            say(shop, first, "accept", "Kimliği görüldü", "M. Memur")
        house.deliver("accepted/list-then-receipt/2-receipt")
        house.poll(MORNING + timedelta(hours=2))
        house.nightly(NIGHT)
        house.box.deliver(fixture("accepted/moved-columns"), NEXT - timedelta(hours=1))
        house.poll(NEXT)
        yield house


@pytest.fixture
def house(lived: House, tmp_path: Path, box: Box, smtp: RecordingSmtp) -> House:
    """The same office with a mailbox, a home and a server of its own."""
    shutil.copytree(lived.box.maildir, box.maildir, dirs_exist_ok=True)
    for path in (box.maildir, *box.maildir.rglob("*")):
        box.own(path)
    (tmp_path / "office").mkdir()
    house = House(tmp_path / "office", box, smtp, lived.readers, more=EVIDENCE)
    shutil.copytree(lived.home, house.home)
    house.deliver_copies()
    return house


def again(house: House, moment: datetime = NEXT) -> Rebuilt:
    with house.opened(moment) as shop:
        return rebuild(shop)


def lose(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Removes ledger, key and kept mail, and gives what was in it."""
    was = {sql: house.ask(sql) for sql in LOST}
    shutil.rmtree(house.home)
    return was


def kinds(house: House, since: int) -> list[str]:
    return [str(parsed(received.raw)["X-NES-Intake"]) for received in house.smtp.received[since:]]


def test_everything_that_mail_can_tell_comes_back_and_nothing_goes_out(house: House) -> None:
    sent = len(house.smtp.received)
    was = lose(house)
    rebuilt = again(house)
    assert rebuilt.is_whole, rebuilt
    with house.opened() as shop, pytest.raises(OperatorFault, match="replay_rebuilt"):
        replay(shop, NIGHT.date())
    assert (rebuilt.mails, rebuilt.lists, rebuilt.nights, rebuilt.settled) == (9, 1, 1, 1)
    assert {sql: house.ask(sql) for sql in LOST} == was
    assert len(house.smtp.received) == sent
    with house.opened() as shop:
        assert list(broken_links(shop.ledger, shop.home)) == []


def test_what_was_found_wrong_of_a_receipt_comes_back(house: House) -> None:
    with house.opened(NEXT) as shop:
        (question,) = questions(shop)
        answer(shop, question.id, Read("10000000146", "1,00", "01.01.2024", "-"), "A. Görevli")
        go_on(shop, question.id, "error", "Düzeltildi", "B. Görevli")
    house.poll(NEXT + timedelta(hours=1))
    house.deliver_copies()
    was = house.ask(SAMPLES)
    assert [row[5:] for row in was] == [("wrong", "A. Görevli", "error", "B. Görevli")]
    # With the key, by which an act's copy is believed.
    (house.home / "ledger.db").unlink()
    assert make_way(Home(house.home)) == "ledger_gone"
    rebuilt = again(house, NEXT + timedelta(hours=2))
    assert rebuilt.is_whole, rebuilt
    assert house.ask(SAMPLES) == was
    with house.opened() as shop:
        assert list(broken_links(shop.ledger, shop.home)) == []


def test_after_it_the_office_goes_on_with_what_is_new_only(house: House) -> None:
    ((new,),) = house.ask(
        "SELECT case_number FROM entry WHERE event='listed' "
        "AND case_number NOT IN (SELECT case_number FROM batch_row) "
        "AND proof=(SELECT sha FROM decision ORDER BY decided_at DESC LIMIT 1)"
    )
    lose(house)
    again(house)
    sent = len(house.smtp.received)
    house.poll(NEXT + timedelta(hours=1))
    assert kinds(house, sent) == []
    night = house.nightly(NIGHT + timedelta(days=1))
    assert night is not None
    assert night.number == 2
    assert kinds(house, sent) == ["batch", "nightly"]
    assert house.ask("SELECT case_number FROM batch_row WHERE day='2024-06-15'") == [(new,)]
    report = parsed(house.smtp.received[-1].raw)
    assert "Gece raporu 2" in str(report["Subject"])


def test_a_letter_without_a_copy_stands_in_doubt_and_is_not_sent(house: House) -> None:
    copies = house.box.mails(COPIES_FOLDER)
    kept = [raw for raw in copies if parsed(raw)["X-NES-Intake"] != "returned"]
    with house.box.imap() as client:
        client.select_folder(COPIES_FOLDER)
        found = client.search(["HEADER", "X-NES-Intake", "returned"])
        client.delete_messages(found)
        client.expunge(found)
    assert len(kept) == len(copies) - 1
    lose(house)
    sent = len(house.smtp.received)
    rebuilt = again(house)
    assert (rebuilt.outcome_unknown, rebuilt.is_whole) == (1, False)
    house.poll(NEXT + timedelta(hours=1))
    assert kinds(house, sent) == []
    assert house.ask("SELECT kind FROM letter WHERE state='in_doubt'") == [("returned",)]

    # Its reader was asked and has it.
    ((number,),) = house.ask("SELECT number FROM decision WHERE outcome='returned'")
    said = house.command("doubt", str(number), "arrived", "--by", "E. Taşdelenler", "--because", "telefonla")
    assert said.returncode == 0, said
    assert house.ask("SELECT count(*) FROM letter WHERE state='in_doubt'") == [(0,)]
    house.poll(NEXT + timedelta(hours=2))
    assert kinds(house, sent) == []


def test_a_mail_in_the_inbox_was_not_answered_yet_and_is(house: House) -> None:
    house.deliver("guided/card-reader-address")
    lose(house)
    sent = len(house.smtp.received)
    again(house)
    house.poll(NEXT + timedelta(hours=1))
    assert len(kinds(house, sent)) == 1


def test_an_old_backup_catches_up_before_it_may_send(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with house.opened() as shop:
        backup(shop.ledger, shop.home, tmp_path / "backup", NEXT)
    house.deliver("accepted/zip-with-list", "returned/kind-renewal-in-list")
    house.poll(NEXT + timedelta(hours=1))
    house.nightly(NIGHT + timedelta(days=1))
    sent = len(house.smtp.received)
    was = lose(house)
    (tmp_path / "backup").rename(house.home)
    assert run(["poll", "--settings", str(house.file)]) == BAD_CONFIGURATION
    assert "nes-intake rebuild" in capsys.readouterr().err
    rebuilt = again(house, NEXT + timedelta(days=1))
    assert (rebuilt.mails, rebuilt.known, rebuilt.nights, rebuilt.is_whole) == (2, 9, 1, True)
    assert {sql: house.ask(sql) for sql in LOST} == was
    # What only the old ledger knew is still there.
    assert house.ask("SELECT settled_by FROM hold WHERE state='accepted'") == [("M. Memur",)]
    house.poll(NEXT + timedelta(days=1))
    house.nightly(NIGHT + timedelta(days=2))
    assert kinds(house, sent) == ["nightly"]


def test_nobody_is_reminded_twice(house: House) -> None:
    reminders = "SELECT case_number, day, proof FROM entry WHERE event='reminded' ORDER BY 1, 3"
    late = NIGHT + timedelta(days=90)
    house.nightly(late)
    reminded = house.ask(reminders)
    assert len(reminded) > 3
    lose(house)
    sent = len(house.smtp.received)
    again(house, late + timedelta(hours=1))
    assert (
        house.ask("SELECT case_number, day, proof FROM entry WHERE event='reminded' ORDER BY 1, 3")
        == reminded
    )
    house.nightly(late + timedelta(days=1))
    assert kinds(house, sent) == ["nightly"]


def test_without_copies_nobody_is_answered_or_listed_twice(house: House) -> None:
    house.more = ""
    house.write()
    lose(house)
    sent = len(house.smtp.received)
    rebuilt = again(house)
    assert rebuilt.assumed > 5
    house.poll(NEXT + timedelta(hours=1))
    house.nightly(NIGHT + timedelta(days=1))
    assert kinds(house, sent) == ["batch", "nightly"]
    assert len(house.ask("SELECT * FROM batch_row WHERE day='2024-06-15'")) == 1


def test_a_forged_copy_is_no_evidence(house: House) -> None:
    ((sha,),) = house.ask("SELECT sha FROM decision WHERE outcome='returned'")
    forged = (
        f"From: nes@saglik.example.org\r\nTo: x@example.org\r\nDate: Fri, 14 Jun 2024 10:00:00 +0300\r\n"
        f"Message-ID: <1@x>\r\nX-NES-Intake: nightly\r\nX-NES-Intake-About: 2024-06-20\r\n"
        f"X-NES-Intake-Number: 9\r\n\r\n{sha}\r\n"
    )
    house.box.deliver(forged.encode(), NEXT, COPIES_FOLDER)
    house.box.deliver(b"", NEXT, COPIES_FOLDER)
    lose(house)
    assert again(house).nights == 1


def test_the_command_tells_what_came_back(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    lose(house)
    assert run(["rebuild", "--settings", str(house.file)]) == DONE
    told = capsys.readouterr().out
    assert "9 ileti yeniden değerlendirildi" in told
    assert "1 gece ve 1 görevli kararı" in told
    # Once more changes nothing.
    was = {sql: house.ask(sql) for sql in LOST}
    assert run(["rebuild", "--settings", str(house.file)]) == DONE
    assert {sql: house.ask(sql) for sql in LOST} == was


def test_what_ends_half_way_leaves_the_old_ledger_as_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = {sql: house.ask(sql) for sql in LOST}

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("pipeline.review.rebuild._letters", dies)
        with pytest.raises(KeyboardInterrupt):
            again(house)
    assert {sql: house.ask(sql) for sql in LOST} == was
    assert not (house.home / "ledger.rebuilt").exists()
    # What the office has yet to send it still may: this ledger knows that it did not.
    house.smtp.fail("MAIL", "451 4.3.0 later", times=None)
    house.deliver("guided/card-reader-address")
    house.poll(NEXT + timedelta(hours=1))
    assert again(house, NEXT + timedelta(hours=1)).known == 10
    assert house.ask("SELECT state FROM letter ORDER BY id DESC LIMIT 1") == [("deferred",)]


def test_two_acts_of_one_second_come_back_in_their_order(house: House) -> None:
    """A mail's date knows no parts of a second, and copies lie in the folder in any order."""
    kept = 'SELECT at, kind, "by", body FROM act ORDER BY id'
    for after, to in ((100, "H. Hanım"), (200, "K. Bey"), (300, "")):
        with house.opened(NEXT + timedelta(milliseconds=after)) as shop:
            number = shop.ledger.open_holds()[0].number
            assign(shop, number, [], to, Act("A. Bir", "bakıldı", version(shop.ledger, number)))
    house.poll(NEXT + timedelta(hours=1))
    was = house.ask(kept)
    assert [row[1] for row in was[-3:]] == ["assign"] * 3
    copies = house.box.mails(COPIES_FOLDER)
    with house.box.imap() as client:
        client.select_folder(COPIES_FOLDER)
        client.delete_messages(client.search())
        client.expunge()
    for raw in reversed(copies):
        house.box.deliver(raw, NEXT, COPIES_FOLDER)
    (house.home / "ledger.db").unlink()
    make_way(Home(house.home))
    again(house, NEXT + timedelta(hours=2))
    assert house.ask(kept) == was
