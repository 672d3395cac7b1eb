"""The circuit breaker: what suddenly hits most senders stops the letters until a person has looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.domain.breaker import Cause, Seen, cause
from pipeline.intake import deciding
from pipeline.ledger.custody import broken_links
from pipeline.ledger.stops import GoOn, WentOn, go_on, open_stop
from pipeline.ledger.undoing import undo_decision
from tests.house import MORNING, NIGHT, House, body, fixture

LATER = MORNING + timedelta(hours=1)


def seen(sender: int, *refusals: str, fault: str = "") -> Seen:
    return Seen(f"sender{sender}", fault, frozenset(refusals))


def faults(*senders: int) -> list[Seen]:
    return [seen(n, fault="internal: KeyError at x:1") for n in senders]


def refused(senders: Sequence[int], rule: str = "holder/name") -> list[Seen]:
    return [seen(n, rule) for n in senders]


GOOD = [seen(n) for n in range(100, 200)]


@pytest.mark.parametrize(
    ("recent", "earlier", "expected"),
    [
        (faults(1, 2, 3, 4, 5), [], Cause("fault", "internal: KeyError at x:1", 5, 5)),
        (faults(1, 2, 3, 4), [], None),
        # One sender who has found a way to break us stops nobody else.
        (faults(1, 1, 1, 1, 1, 1, 2, 2), [], None),
        # A third of the last mails is enough; the same spread over a long time is not.
        (
            faults(1, 2, 3) + GOOD[:11] + faults(4, 5),
            [],
            Cause("fault", "internal: KeyError at x:1", 5, 16),
        ),
        (faults(1, 2) + GOOD[:16] + faults(3, 4, 5), [], None),
        (refused(range(8)), GOOD, Cause("refusal", "holder/name", 8, 8)),
        (refused(range(7)), GOOD, None),
        (refused(range(8)) + GOOD[:2], GOOD, Cause("refusal", "holder/name", 8, 10)),
        (refused(range(8)) + GOOD[:3], GOOD, None),
        # Nobody knows yet what is usual.
        (refused(range(8)), GOOD[:9], None),
        (refused(range(8)), GOOD[:10], Cause("refusal", "holder/name", 8, 8)),
        # What is usual is no alarm: old forms come every day.
        (refused(range(8)), refused(range(50)) + GOOD[:50], None),
        (refused(range(8)), refused(range(30)) + GOOD[:70], Cause("refusal", "holder/name", 8, 8)),
        # The same list twenty times from one address is one sender's.
        (refused([1] * 20), GOOD, None),
        # Eight people, each refused for a reason of their own.
        ([seen(n, f"holder/{n}") for n in range(8)], GOOD, None),
        ([], [], None),
    ],
)
def test_what_trips_it(recent: list[Seen], earlier: list[Seen], expected: Cause | None) -> None:
    assert cause(recent, earlier) == expected


def deliver(
    house: House, name: str, senders: Sequence[int], address: bytes = b"kisi%d@saglik.example.org"
) -> None:
    """Delivers a fixture as if each of some people had sent it."""
    raw = fixture(name)
    (line,) = [part for part in raw.split(b"\n") if part.lower().startswith(b"from:")]
    for number in senders:
        sender = b"From: " + address % number
        house.deliver_raw(
            raw.replace(line, sender, 1).replace(b"Message-ID: <", b"Message-ID: <%d." % number)
        )


def as_usual(house: House) -> None:
    """Lets enough people ask a question for the office to know what its mail is like."""
    deliver(house, "guided/how-to-apply", range(40, 51))


def resume(house: House, word: GoOn, moment: datetime) -> int:
    with house.opened(moment) as shop:
        stop = open_stop(shop.ledger)
        assert stop
        return go_on(shop.ledger, stop, WentOn(word, "bakıldı", "E. Taşdelenler", shop.clock()))


def answered(house: House) -> Counter[str]:
    return Counter(str(letter["To"]) for letter in house.letters() if letter["In-Reply-To"])


def test_a_refusal_that_hits_everybody_is_sent_to_nobody_until_a_person_says_so(house: House) -> None:
    as_usual(house)
    house.deliver("accepted/ordinary-single-list")
    house.poll()
    before = answered(house)
    deliver(house, "returned/bad-identity-number", range(1, 19))
    tally = house.poll(MORNING + timedelta(minutes=5))
    assert (tally.decided, tally.posted) == (18, 0)

    # Mail goes on being heard and kept, and is not judged; the command and the status say so.
    deliver(house, "returned/bad-identity-number", [19])
    polled = house.command("poll")
    assert polled.returncode == 1, polled
    assert "ALARM: yanıtlar ve liste durduruldu (holder/identity-number: 20 içinde 18)" in polled.stdout
    assert house.command("status").stdout.startswith("ALARM: yanıtlar ve liste durduruldu (holder/ident")
    assert answered(house) == before
    assert [str(x["X-NES-Intake"]) for x in house.letters()].count("alarm") == 1

    # The night has its report, with the alarm, and no list.
    house.nightly(NIGHT + timedelta(days=3650))
    (report,) = [letter for letter in house.letters() if letter["X-NES-Intake"] == "nightly"]
    text = " ".join(body(report).split())
    assert "ALARM: yanıtlar ve liste durduruldu" in text
    assert "son 20 gönderenin 18 tanesinin iletisi aynı nedenle geri çevrildi, holder/identity-number" in text
    assert "(tutuyor)" in text
    assert not [letter for letter in house.letters() if letter["X-NES-Intake"] == "batch"]

    said = house.command("resume", "send", "--by", "E. Taşdelenler", "--because", "hepsi gerçekten yanlış")
    assert said.returncode == 0, said
    # What is usual now stops nothing again.
    later = NIGHT + timedelta(days=3651)
    house.poll(later)
    assert answered(house) == before + Counter(f"kisi{n}@saglik.example.org" for n in range(1, 20))
    house.nightly(later)
    assert [str(x["X-NES-Intake"]) for x in house.letters()].count("batch") == 1
    with house.opened() as shop:
        assert list(broken_links(shop.ledger, shop.home)) == []


def test_strangers_stop_nobodys_letters(house: House) -> None:
    house.deliver("accepted/ordinary-single-list")
    deliver(house, "returned/bad-identity-number", range(11), b"yabanci%d@toplu.example.net")
    assert house.poll().posted == 12


def test_after_a_fault_of_ours_everything_is_judged_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> Any:
        raise KeyError("a column that a new version of a library calls otherwise")

    deliver(house, "held/receipt-before-list", [1])
    house.poll()
    deliver(house, "accepted/ordinary-single-list", range(2, 4))
    monkeypatch.setattr(deciding, "judge", breaks)
    deliver(house, "returned/bad-identity-number", range(4, 10))
    tally = house.poll(LATER)
    assert (tally.shunted, tally.posted) == (8, 0)
    monkeypatch.undo()
    assert house.poll(LATER).decided == 0

    assert resume(house, "again", LATER) == 8
    house.poll(LATER + timedelta(minutes=5))
    assert answered(house) == {f"kisi{n}@saglik.example.org": 1 for n in range(1, 10)}
    assert house.filed().get("shunted", 0) == 8  # filed before a person had looked
    assert house.ask("SELECT count(*) FROM decision WHERE outcome='shunted'") == [(0,)]
    with house.opened() as shop:
        assert list(broken_links(shop.ledger, shop.home)) == []


def test_a_withdrawn_list_leaves_the_receipt_that_waited_for_it_waiting_again(house: House) -> None:
    # An early receipt is held; then its list comes in a run that is stopped.
    as_usual(house)
    house.deliver("accepted/receipt-then-list/1-receipt")
    house.poll()
    house.deliver("accepted/receipt-then-list/2-list")
    deliver(house, "returned/bad-identity-number", range(1, 19))
    house.poll(LATER)
    paid = "SELECT count(*) FROM entry WHERE event='paid'"
    assert house.ask(paid) == [(1,)]
    assert resume(house, "again", LATER) == 19
    assert house.ask(paid) == [(0,)]
    assert house.ask("SELECT state FROM hold") == [("open",)]
    assert house.ask("SELECT count(*) FROM spent") == [(0,)]
    # Judged again it comes to the same, and to the same stop, which a person now lets pass.
    house.poll(LATER + timedelta(minutes=5))
    assert house.ask(paid) == [(1,)]
    resume(house, "send", LATER + timedelta(minutes=6))
    house.poll(LATER + timedelta(minutes=10))
    assert sum(answered(house).values()) == 31
    replies = [str(x["In-Reply-To"]) for x in house.letters() if x["In-Reply-To"]]
    assert len(set(replies)) == len(replies)


def test_a_receipt_in_the_stopped_run_is_taken_back_with_its_mail(house: House) -> None:
    """A likeness is kept for every receipt: it refers to the decision, and kept it from being withdrawn."""
    as_usual(house)
    house.poll()
    house.deliver("accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt")
    deliver(house, "returned/bad-identity-number", range(1, 19))
    house.poll(LATER)
    likenesses = "SELECT count(*) FROM likeness"
    assert house.ask(likenesses) == [(1,)], "the receipt's looks are kept"

    said = house.command("resume", "again", "--by", "E. Taşdelenler", "--because", "kural düzeldi")
    assert said.returncode == 0, said
    for table in ("likeness", "spent", "entry"):
        assert house.ask(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert house.ask("SELECT count(*) FROM decision WHERE outcome<>'guided'") == [(0,)]
    house.poll(LATER + timedelta(minutes=5))
    assert house.ask("SELECT event FROM entry ORDER BY id") == [("listed",), ("paid",)]
    assert house.ask(likenesses) == [(1,)]


def test_whatever_refers_to_a_decision_is_undone_with_it(house: House) -> None:
    """SQLite is asked which tables refer to a decision: none can be forgotten that comes one day."""
    house.deliver("accepted/list-then-receipt/1-list", "accepted/list-then-receipt/2-receipt")
    house.poll()
    with house.opened(LATER) as shop:
        referring = [
            (row["name"], row["mine"])
            for row in shop.ledger.query(
                'SELECT m.name AS name, f."from" AS mine FROM sqlite_schema m, '
                "pragma_foreign_key_list(m.name) f WHERE f.\"table\"='decision'"
            )
        ]
        assert {"likeness", "named", "hold", "bounce"} <= {table for table, _ in referring}
        shas = [row["sha"] for row in shop.ledger.query("SELECT sha FROM decision ORDER BY rowid DESC")]
        with shop.ledger.transaction():
            shop.ledger.execute("INSERT INTO hold (sha) SELECT sha FROM decision")
            shop.ledger.execute("INSERT INTO bounce SELECT sha, NULL, '', '', '' FROM decision")
            # A table of a later version, of which nobody has told the program.
            shop.ledger.execute("CREATE TABLE later (mail TEXT REFERENCES decision (sha))")
            shop.ledger.execute("INSERT INTO later SELECT sha FROM decision")
        with shop.ledger.transaction():
            for sha in shas:
                undo_decision(shop.ledger, sha)
        for table, _ in (*referring, ("later", "")):
            assert shop.ledger.query(f"SELECT * FROM {table}") == [], table
        for table in ("decision", "entry", "spent", "letter", "usage"):
            assert shop.ledger.query(f"SELECT * FROM {table}") == [], table


def test_nothing_to_resume_is_said(house: House) -> None:
    house.poll()
    told = house.command("resume", "send", "--by", "x", "--because", "y")
    assert told.returncode == 78
    assert told.stderr.startswith("Durdurulmuş bir şey yok")
