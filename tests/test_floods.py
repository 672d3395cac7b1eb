"""One sender's flood: the others are answered in the same run, and a day's budget bounds what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from pipeline.intake.runs import poll
from pipeline.mail.imap import UIDS_PER_COMMAND
from pipeline.mail.unpack import sender_of, unpack
from pipeline.sandbox.scanner.scan import timed_scan
from tests.house import FIXTURES, MORNING, NIGHT, House, body, fixture, parsed
from tests.people import PEOPLE
from tests.saboteurs import DropOver, Saboteur

LIST = "accepted/ordinary-single-list"
FLOODER = "robot@toplu.example.net"
FLOOD, HONEST = 1_500, 20


def a_mail(sender: str, number: int, attachment: bytes = b"") -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = sender, "nes@saglik.example.org"
    message["Subject"], message["Message-ID"] = "kartım kayboldu", f"<{number}.{sender}>"
    message.set_content(f"Merhaba, {number}. kez yazıyorum: kartım kayboldu, ne yapmalıyım?")
    if attachment:
        message.add_attachment(attachment, maintype="application", subtype="octet-stream", filename="a.bin")
    return message.as_bytes()


def people() -> list[str]:
    return [f"kisi{n}@saglik.example.org" for n in range(HONEST)]


def shunts(house: House) -> dict[object, object]:
    rows = house.ask("SELECT shunt, count(*) FROM decision WHERE outcome='shunted' GROUP BY shunt")
    return {row[0]: row[1] for row in rows}


@pytest.fixture
def roomy(house: House) -> House:
    return replace(house, more="[budget]\nmails_per_run = 200\nmails_per_day = 40\n")


# --- turns ---------------------------------------------------------------------------------------


def test_behind_a_flood_the_others_are_answered_in_the_same_run(roomy: House) -> None:
    for number in range(FLOOD):
        roomy.deliver_raw(a_mail(FLOODER, number))
    for number, sender in enumerate(people()):
        roomy.deliver_raw(a_mail(sender, number))
    with Saboteur(roomy.box.server.port) as wire:
        house = roomy.through(wire.port)
        tally = house.poll()
        asked = [line for line in wire.heard if b"HEADER.FIELDS" in line]
        assert tally.heard == tally.decided == 200
        # Each mail's sender is asked for once, however many runs the flood takes.
        assert len(asked) == -(-(FLOOD + HONEST) // UIDS_PER_COMMAND) == 19
        house.poll(MORNING + timedelta(minutes=5))
        assert len([line for line in wire.heard if b"HEADER.FIELDS" in line]) == len(asked)
    answered = Counter(str(letter["To"]) for letter in house.letters())
    assert answered == {**dict.fromkeys(people(), 1), FLOODER: 10}
    # Nothing is lost: 40 were judged, the others of both runs are set aside by name, the rest waits.
    assert shunts(house) == {"over_mails": 2 * 200 - HONEST - 40}
    assert house.ask("SELECT count(*) FROM sighting WHERE state='waiting'") == [(FLOOD + HONEST - 400,)]
    house.nightly()
    report = " ".join(
        body(next(letter for letter in house.letters() if letter["X-NES-Intake"] == "nightly")).split()
    )
    assert f"{FLOODER}, gönderenin günlük ileti sınırı aşıldı, okunmadı, 340" in report
    assert "(tutuyor)" in report


def test_the_first_mails_of_everybody_come_in_the_order_of_their_arrival(house: House) -> None:
    house = replace(house, more="[budget]\nmails_per_run = 12\n")
    for number in range(15):
        house.deliver_raw(a_mail("sekreter@saglik.example.org", number))
    house.deliver_raw(a_mail("kisi@saglik.example.org", 0))
    house.poll()
    order = [str(letter["In-Reply-To"]) for letter in house.letters()]
    first_ten = [f"<{n}.sekreter@saglik.example.org>" for n in range(10)]
    assert order == [*first_ten, "<0.kisi@saglik.example.org>"]
    house.poll()
    ((heard,),) = house.ask("SELECT count(*) FROM arrival")
    assert heard == 16


def test_a_server_that_does_not_tell_who_wrote_holds_nothing_up(roomy: House) -> None:
    for number in range(205):
        roomy.deliver_raw(a_mail(FLOODER, number))
    with DropOver(roomy.box.server.port, rb"HEADER\.FIELDS") as proxy:
        assert roomy.through(proxy.port).poll().heard == 200
    roomy.write()
    assert roomy.poll().heard == 5


@pytest.mark.parametrize(
    "name", sorted(str(f.relative_to(FIXTURES))[:-4] for f in FIXTURES.rglob("*.eml"))[::7]
)
def test_the_sender_of_a_head_is_the_sender_of_its_mail(name: str) -> None:
    from pipeline.domain import Arrival

    raw = fixture(name)
    if name.startswith("shunted"):
        return
    whole = unpack(Arrival("0" * 64, raw, MORNING))
    assert sender_of(raw) == sender_of(raw.split(b"\n\n")[0].split(b"\r\n\r\n")[0]) == whole.sender


# --- budgets -------------------------------------------------------------------------------------


def test_beyond_a_days_bytes_mails_are_set_aside_unread(house: House) -> None:
    house = replace(house, more="[budget]\nbytes_per_day = 50000\n")
    for number in range(4):
        house.deliver_raw(a_mail("kisi@saglik.example.org", number, bytes([number]) * 15_000))
    house.deliver_raw(a_mail("baska@saglik.example.org", 1, b"x" * 15_000))
    assert house.poll().shunted == 2
    assert shunts(house) == {"over_bytes": 2}
    assert house.filed()["shunted"] == 2
    assert len(list((house.home / "mail").rglob("*.eml"))) == 5


class Slow(Executor):
    """Readers for whom every file costs so many seconds; notes what they were asked to read."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.read = seconds, list[bytes]()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        result = fn(*args, **kwargs)
        if fn is timed_scan:
            self.read.append(args[0])
            result = [self.seconds, result[1]]
        future.set_result(result)
        return future


def test_beyond_a_days_reading_time_files_stay_closed(house: House) -> None:
    readers = Slow(250)
    house = replace(house, readers=readers, more="[budget]\nreading_seconds_per_day = 600\n")
    for number in range(3):
        house.deliver_raw(a_mail("kisi@saglik.example.org", number, b"file %d" % number))
        house.poll()
    assert len(readers.read) == 3
    for number in range(3, 6):
        house.deliver_raw(a_mail("kisi@saglik.example.org", number, b"file %d" % number))
    assert house.poll().shunted == 3
    assert len(readers.read) == 3
    assert shunts(house) == {"over_reading": 3}
    # A day later there is a new budget.
    house.deliver_raw(a_mail("kisi@saglik.example.org", 6, b"file 6"))
    assert house.poll(MORNING + timedelta(days=1, minutes=1)).shunted == 0


def test_reading_is_charged_what_it_costs(house: House) -> None:
    house.deliver("returned/list-as-photo")
    house.poll()
    ((seconds,),) = house.ask("SELECT seconds FROM usage")
    assert isinstance(seconds, float)
    assert 0.1 < seconds < 60


def test_the_same_file_is_read_once(house: House) -> None:
    readers = Slow(0.1)
    house = replace(house, readers=readers)
    for number in range(12):
        house.deliver_raw(a_mail(f"kisi{number}@saglik.example.org", number, b"the same file"))
    house.poll()
    house.deliver_raw(a_mail("son@saglik.example.org", 1, b"the same file"))
    house.poll()
    assert readers.read == [b"the same file"]
    assert house.ask("SELECT count(*) FROM usage WHERE seconds>0") == [(1,)]


def test_a_robots_mail_is_known_for_what_it_is_over_the_budget_as_well(house: House) -> None:
    house = replace(house, more="[budget]\nmails_per_day = 1\n")
    notice = fixture("ignored/out-of-office")
    for number in range(3):
        house.deliver_raw(notice.replace(b"Subject:", b"X-Number: %d\r\nSubject:" % number, 1))
    house.poll()
    assert shunts(house) == {}
    assert house.filed() == {"ignored": 3}


def test_a_run_that_dies_over_a_mail_charges_it_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.intake import deciding

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    house = replace(house, more="[budget]\nmails_per_day = 2\n")
    house.deliver_raw(a_mail("kisi@saglik.example.org", 1))
    monkeypatch.setattr(deciding, "judge", dies)
    with pytest.raises(KeyboardInterrupt):
        house.poll()
    monkeypatch.undo()
    house.poll()
    house.deliver_raw(a_mail("kisi@saglik.example.org", 2))
    house.deliver_raw(a_mail("kisi@saglik.example.org", 3))
    house.poll()
    assert shunts(house) == {"over_mails": 1}


def test_no_address_stands_in_what_is_counted(house: House) -> None:
    who = PEOPLE[0].work_email
    house.deliver_raw(a_mail(who, 1))
    house.poll()
    rows = house.ask("SELECT sender FROM usage") + house.ask("SELECT sender FROM arrival")
    assert all(len(str(mark)) == 64 and who not in str(mark) for (mark,) in rows)


# --- time ----------------------------------------------------------------------------------------


def test_a_run_answers_what_it_could_judge_in_its_time(house: House) -> None:
    house = replace(house, more="[budget]\nminutes_per_run = 1\n")
    for number in range(40):
        house.deliver_raw(a_mail(f"kisi{number}@saglik.example.org", number))

    # The time that passes from one look at the clock to the next; a mail is decided as of one look.
    def ticking() -> Iterator[datetime]:
        moment = MORNING
        while True:
            yield moment
            moment += timedelta(seconds=0.7)

    clock = ticking()
    with house.opened() as shop:
        tally = poll(replace(shop, clock=lambda: next(clock)))
    assert 0 < tally.decided < tally.heard == 40
    assert tally.posted == tally.decided
    left = house.poll(NIGHT)
    assert (left.heard, left.decided + tally.decided, left.posted + tally.posted) == (0, 40, 40)
    assert {str(parsed(r.raw)["To"]) for r in house.smtp.received} == {
        f"kisi{n}@saglik.example.org" for n in range(40)
    }
