"""One mail's trouble costs that mail: whatever breaks over it, those beside it are judged and answered."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from pipeline.intake import deciding, opening, runs
from pipeline.ledger.book import Ledger
from pipeline.mail.imap import Unreachable
from pipeline.mail.smtp import Postman
from pipeline.office.world import is_the_worlds
from pipeline.policy.places import REPORTS
from tests.house import NIGHT, House, body

LIST, RETURNED, HELD = "accepted/ordinary-single-list", "returned/bad-identity-number", "held/five-year-term"


def constraint() -> None:
    Ledger.in_memory().execute("INSERT INTO spent VALUES (NULL, NULL, NULL)")


def too_large() -> None:
    connection = sqlite3.connect(":memory:")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10)
    connection.execute("SELECT ?", ("x" * 100,))


def no_text() -> None:
    sqlite3.connect(":memory:").execute("SELECT ?", ("\udcff",))


def no_number() -> None:
    sqlite3.connect(":memory:").execute("SELECT ?", (2**70,))


def locked(tmp_path: Path) -> None:
    one, other = (sqlite3.connect(tmp_path / "x.db", timeout=0) for _ in range(2))
    one.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")


def full(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("PRAGMA max_page_count=1")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (zeroblob(100000))")


def damaged(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no ledger at all" * 500)
    sqlite3.connect(tmp_path / "x.db").execute("SELECT * FROM sqlite_schema")


def out_of_reach(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "no" / "x.db")


def recursion() -> None:
    recursion()


def raises(fault: Exception) -> Callable[[], None]:
    def breaks() -> None:
        raise fault

    return breaks


OF_A_MAIL = {
    "a number given twice": constraint,
    "a value too large for the ledger": too_large,
    "a header that is no text": no_text,
    "a number too large for the ledger": no_number,
    "too deep": recursion,
    "a text that is not there": raises(TemplateNotFound("replies/_selam.txt")),
    "a hole nobody fills": raises(UndefinedError("kurye")),
    "memory": raises(MemoryError()),
    "a file that is not there": raises(FileNotFoundError(errno.ENOENT, "No such file")),
    "an error without a number": raises(OSError("image file is truncated")),
    "any": raises(KeyError("x")),
}
THE_WORLDS: dict[str, Callable[[Path], None]] = {
    "locked": locked,
    "full": full,
    "damaged": damaged,
    "out of reach": out_of_reach,
    "disk full": lambda _: raises(OSError(errno.ENOSPC, "full"))(),
    "read-only": lambda _: raises(OSError(errno.EROFS, "read-only"))(),
    "network": lambda _: raises(ConnectionResetError(errno.ECONNRESET, "reset"))(),
    "server": lambda _: raises(Unreachable("away"))(),
}


# What breaks, and where: the last one in the middle of writing everything down.
STAGES = {
    "unpack": opening,
    "read": deciding,
    "judge": deciding,
    "answer": deciding,
    "plan_letter": Ledger,
}


@pytest.mark.parametrize(("stage", "name"), [*zip(cycle(STAGES), OF_A_MAIL), *product(STAGES, ["any"])])
def test_only_that_mail_is_set_aside(
    stage: str, name: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, calls = getattr(STAGES[stage], stage), 0

    def breaks_over_the_second(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            OF_A_MAIL[name]()
        return good(*args)

    monkeypatch.setattr(STAGES[stage], stage, breaks_over_the_second)
    house.deliver(LIST, RETURNED, HELD)
    tally = house.poll()
    assert (tally.decided, tally.shunted, tally.posted) == (3, 1, 2)
    assert house.filed() == {"accepted": 1, "held": 1, "shunted": 1}
    assert not (house.home / "at-work").exists()


@pytest.mark.parametrize("name", OF_A_MAIL)
def test_what_a_mail_can_bring_about_is_not_the_worlds(name: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of any class
        OF_A_MAIL[name]()
    assert not is_the_worlds(caught.value)


@pytest.mark.parametrize("name", THE_WORLDS)
def test_what_no_mail_can_bring_about_is_the_worlds(name: str, tmp_path: Path) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of any class
        THE_WORLDS[name](tmp_path)
    assert is_the_worlds(caught.value)


def test_a_full_disk_keeps_its_name_when_sqlite_has_rolled_back_by_itself(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db", b"key")
    pages = ledger.query("PRAGMA page_count")[0]["page_count"]
    ledger.query(f"PRAGMA max_page_count={pages}")
    with pytest.raises(sqlite3.Error) as caught, ledger.transaction():
        ledger.execute("INSERT INTO policy VALUES ('x', zeroblob(1000000))")
    assert is_the_worlds(caught.value), caught.value
    # And the next transaction begins as if nothing had been.
    with ledger.transaction():
        assert ledger.query("SELECT * FROM policy") == []
    ledger.close()


def test_a_text_that_includes_what_is_not_there_costs_the_mails_that_need_it(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """jinja2's TemplateNotFound is an OSError, and was taken for a full disk: every run ended at once.

    Only what no proof of the texts comes by gets this far: a name put together, where a certain word stands.
    """
    reports = Path(shutil.copytree(REPORTS, tmp_path / "reports"))
    text = reports / "replies" / "returned.txt"
    broken = (
        '\n{% if addressee not in ("", "Ad Soyad") %}{% include "replies/" ~ "_selam.txt" %}{% endif %}\n'
    )
    text.write_text(text.read_text("utf-8") + broken, encoding="utf-8")
    monkeypatch.setenv("NES_INTAKE_REPORTS", str(reports))
    house.deliver(RETURNED, LIST)
    tally = house.poll()
    assert (tally.decided, tally.shunted) == (2, 1)
    assert house.filed() == {"accepted": 1, "shunted": 1}
    house.nightly(NIGHT)
    (report,) = [letter for letter in house.letters() if letter["X-NES-Intake"] == "nightly"]
    assert "programda beklenmeyen bir durum" in " ".join(body(report).split())


def test_a_kept_mail_that_is_gone_costs_that_mail(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.deliver(LIST, RETURNED)
    monkeypatch.setattr(runs, "decide_all", lambda *_: (0, 0))
    house.poll()
    monkeypatch.undo()
    ((sha,),) = house.ask("SELECT sha FROM arrival ORDER BY rowid LIMIT 1")
    (kept,) = house.home.glob(f"mail/*/{sha}.eml")
    kept.unlink()
    tally = house.poll()
    assert (tally.decided, tally.shunted, tally.posted) == (2, 1, 1)
    assert house.ask("SELECT shunt FROM decision WHERE sha=?", sha) == [("internal: kept_mail_missing",)]


@pytest.mark.parametrize(
    "sender", [b"\xff\xfe@saglik.example.org", b"=?utf-8?b?/////w==?= <x\xff@example.org>"]
)
def test_a_sender_that_is_no_text_is_heard_and_harms_nobody(sender: bytes, house: House) -> None:
    head = b"From: " + sender + b"\r\nTo: nes@saglik.example.org\r\nSubject: =?utf-8?q?=ED=B3=BF?= \xff\r\n"
    house.deliver_raw(head + b"Message-ID: <odd@example.org>\r\n\r\nMerhaba\r\n")
    house.deliver(LIST)
    tally = house.poll()
    assert tally.decided == 2
    assert house.filed().get("accepted") == 1
    assert "inbox" not in house.filed()


def test_what_cannot_be_written_down_of_a_mail_is_left_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = opening.unpack

    def brings_no_text(arrival: Any) -> Any:
        submission = good(arrival)
        object.__setattr__(submission, "subject", "\udcff")
        return submission

    monkeypatch.setattr(opening, "unpack", brings_no_text)
    house.deliver(LIST)
    assert house.poll().shunted == 1
    assert house.ask("SELECT sender, subject, outcome FROM decision") == [("", "", "shunted")]


def test_a_letter_that_breaks_us_costs_that_letter(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    good, calls = Postman.post, 0

    def breaks_over_the_first(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise UnicodeEncodeError("ascii", "ş", 0, 1, "no")
        return good(*args, **named)

    monkeypatch.setattr(Postman, "post", breaks_over_the_first)
    house.deliver(LIST, RETURNED)
    assert house.poll().posted == 1
    states = house.ask("SELECT state FROM letter ORDER BY id")
    assert states == [("failed",), ("done",)]
    assert house.poll().posted == 0, "it is told, and not tried for ever"
