"""The ledger: what must not happen cannot be written down, and nothing is half written."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

from pipeline.domain import (
    Arrival,
    Batch,
    Case,
    Decision,
    Entry,
    Event,
    Evidence,
    FileKind,
    Holder,
    HoldState,
    LetterState,
    Outcome,
    Place,
    Procedure,
    Receipt,
    SightingState,
    Transcript,
)
from pipeline.domain.acts import Done
from pipeline.domain.cases import former_receipt_key
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import IdentityNumber
from pipeline.ledger import cases as case_chapter
from pipeline.ledger import file as ledger_module
from pipeline.ledger.acts import acts_between, note_act
from pipeline.ledger.book import Decided, Ledger, Night, Planned
from pipeline.ledger.changes import begin_going_back, cases_gone_back, last_transaction, undo
from pipeline.ledger.folders import knows_mail, newest_arrival
from pipeline.ledger.migrations import level_references, moments_in_utc
from pipeline.ledger.traces import anew
from tests.in_order import mail_from
from tests.people import PEOPLE

NOW = datetime(2024, 6, 14, 9, 0, tzinfo=UTC)
DAY = date(2024, 6, 14)
ISTANBUL = timezone(timedelta(hours=3))
LOST = Procedure.LOST_OR_STOLEN
ONE, OTHER = (IdentityNumber(p.identity_number) for p in PEOPLE[:2])
SHA, OTHER_SHA = "a" * 64, "b" * 64
PLACE = Place("basvuru", "INBOX", 1, 7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    opened = Ledger.open(file, b"key")
    yield opened
    opened.close()


def holder(number: IdentityNumber = ONE) -> Holder:
    return Holder("liste.xls", "Sayfa1", 6, identity_number=number, given_name="AYŞE", family_name="ÖRNEK")


def listed(case: str, number: IdentityNumber = ONE, proof: str = SHA) -> Entry:
    return Entry(case, LOST, number, Event.LISTED, DAY, proof, holder=holder(number))


def paid(case: str, number: IdentityNumber = ONE, reference: str = "2024000078007919") -> Entry:
    receipt = Receipt("dekont.pdf", "d" * 64, "vakifbank", "KURUM ÖDEMESİ", Decimal("780.00"), paid_on=DAY,
                      reference=reference, identity_number=number)  # fmt: skip
    return Entry(case, LOST, number, Event.PAID, DAY, OTHER_SHA, receipt=receipt)


def write(ledger: Ledger, *entries: Entry) -> None:
    write_all(ledger, entries)


def write_all(ledger: Ledger, entries: Iterable[Entry]) -> None:
    with ledger.transaction():
        ledger.add_entries(entries, "ayse@saglik.example.org")


def batch_of(day: date, *cases: Case) -> Batch:
    return Batch(day, 1, cases, b"workbook")


def night(day: date, number: int = 1) -> Night:
    return Night(day, number, NOW - timedelta(hours=1), NOW + timedelta(hours=1))


def close(ledger: Ledger, a_night: Night, batch: Batch | None = None) -> None:
    with ledger.transaction():
        ledger.close_night(a_night)
        if batch:
            ledger.close_batch(batch, "digest", False, NOW)


def arrive(ledger: Ledger, sha: str = SHA, place: Place = PLACE) -> int:
    run = ledger.begin_run("poll", NOW)
    ledger.keep(place, Arrival(sha, b"raw", NOW), "", run)
    return run


def decide(ledger: Ledger, sha: str, outcome: Outcome = Outcome.ACCEPTED, **more: object) -> None:
    decision = Decision(outcome, LOST, Evidence(), **more)  # type: ignore[arg-type]
    with ledger.transaction():
        ledger.enter(Decided(sha, "ayse@saglik.example.org", "Liste", NOW, "policy", decision))


def plan(ledger: Ledger, message_id: str, kind: str = "accepted", about: str = SHA) -> None:
    with ledger.transaction():
        ledger.plan_letter(Planned(message_id, kind, about, "ayse@saglik.example.org", "Konu", b"bytes"), NOW)


def impossible() -> pytest.RaisesExc[sqlite3.IntegrityError]:
    return pytest.raises(sqlite3.IntegrityError)


def behind(file: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA foreign_keys=ON")
    try:
        with connection:
            return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


# --- what cannot be ------------------------------------------------------------------------------


def test_a_day_has_one_night_and_one_batch_of_a_number(ledger: Ledger) -> None:
    write(ledger, listed("N-1"), listed("N-2", OTHER))
    first, second = ledger.unbatched_cases()
    close(ledger, night(DAY), batch_of(DAY, first))
    with impossible():
        close(ledger, night(DAY), batch_of(DAY, second))
    with impossible():
        close(ledger, night(DAY + timedelta(days=1), number=1))
    with impossible(), ledger.transaction():
        ledger.close_batch(batch_of(DAY, second), "digest", False, NOW)
    assert [b["rows"] for b in ledger.batches()] == [1]
    assert ledger.last_night() == night(DAY)
    assert [case.number for case in ledger.unbatched_cases()] == ["N-2"]


def test_a_case_is_in_one_batch_once(ledger: Ledger) -> None:
    write(ledger, listed("N-1"))
    (case,) = ledger.unbatched_cases()
    with impossible():
        close(ledger, night(DAY), batch_of(DAY, case, case))
    assert not ledger.batches()
    close(ledger, night(DAY), batch_of(DAY, case))
    with impossible():
        close(ledger, night(DAY + timedelta(days=1), 2), batch_of(DAY + timedelta(days=1), case))
    assert len(ledger.batches()) == 1
    assert ledger.unbatched_cases() == []
    batched = ledger.case("N-1")
    assert batched
    assert batched.batch == "2024-06-14/1"


def test_what_kamu_sm_returned_goes_out_again_once_it_is_corrected(ledger: Ledger) -> None:
    write(ledger, listed("N-1"))
    close(ledger, night(DAY), batch_of(DAY, *ledger.unbatched_cases()))
    write(ledger, Entry("N-1", LOST, ONE, Event.RETURNED_BY_KAMU_SM, DAY, "kamu_sm/1"))
    assert ledger.unbatched_cases() == []
    write(ledger, Entry("N-1", LOST, ONE, Event.AMENDED, DAY, OTHER_SHA, holder=holder(ONE)))
    later = DAY + timedelta(days=1)
    close(ledger, night(later, 2), batch_of(later, *ledger.unbatched_cases()))
    assert ledger.unbatched_cases() == []
    batched = ledger.case("N-1")
    assert batched
    assert (batched.batch, batched.is_returned) == ("2024-06-15/1", False)
    with impossible():
        close(ledger, night(later + timedelta(days=1), 3), batch_of(later + timedelta(days=1), batched))


def test_an_empty_batch_is_none(ledger: Ledger) -> None:
    with impossible():
        close(ledger, night(DAY), batch_of(DAY))


def test_a_receipt_is_spent_once(ledger: Ledger) -> None:
    write(ledger, listed("N-1"), paid("N-1"), listed("N-2", OTHER))
    with impossible():
        write(ledger, paid("N-2", OTHER))
    case = ledger.case("N-2")
    assert case
    assert case.receipt is None
    # Known as spent, with who sent it.
    entry = paid("N-2", OTHER)
    assert entry.receipt
    for sender, known in (
        ("ayse@saglik.example.org", "ayse@saglik.example.org"),
        ("x@saglik.example.org", ""),
    ):
        facts = ledger.facts(DAY, Evidence(receipts=(entry.receipt,)), mail_from(sender))
        (spent,) = facts.spent.values()
        assert (spent.case, spent.sender) == ("N-1", known)


@pytest.mark.parametrize(
    "spelled", ["2024-0000-7800-7919", "2024 0000 7800 7919", "2O24OOOO78OO79l9", "NO:2024000078007919"]
)
def test_a_receipt_is_spent_in_every_spelling(ledger: Ledger, spelled: str) -> None:
    write(ledger, listed("N-1"), paid("N-1"), listed("N-2", OTHER))
    again = paid("N-2", OTHER, reference=spelled)
    assert again.receipt
    (spent,) = ledger.facts(
        DAY, Evidence(receipts=(again.receipt,)), mail_from("x@saglik.example.org")
    ).spent.values()
    assert spent.case == "N-1"
    with impossible():
        write(ledger, again)


@pytest.mark.parametrize(
    ("table", "states"), [("letter", LetterState), ("hold", HoldState), ("sighting", SightingState)]
)
def test_the_states_of_a_table_are_those_of_its_enum(
    ledger: Ledger, table: str, states: type[StrEnum]
) -> None:
    (row,) = ledger.query("SELECT sql FROM sqlite_schema WHERE name=?", table)
    (allowed,) = re.findall(r"CHECK \(state IN \(([^)]*)\)\)", row["sql"])
    assert set(re.findall(r"'(\w+)'", allowed)) == set(states)


def test_what_was_spent_before_spellings_were_levelled_stays_spent(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = ledger_module.MIGRATIONS
    before_levelling = steps[: steps.index(level_references)]
    with monkeypatch.context() as then:
        then.setattr(ledger_module, "MIGRATIONS", before_levelling)
        for module in (ledger_module, case_chapter):
            then.setattr(module, "receipt_key", former_receipt_key)
        # The table of open cases came later, and is filled then.
        then.setattr(Ledger, "see_whether_open", lambda *_: None)
        ledger = Ledger.open(file, b"key")
        write(ledger, listed("N-1"), paid("N-1", reference="2024-0000-7800-7919"))
        ledger.close()
    ledger = Ledger.open(file, b"key")
    again = paid("N-2", OTHER, reference="2024000078007919").receipt
    assert again
    (spent,) = ledger.facts(
        DAY, Evidence(receipts=(again,)), mail_from("x@saglik.example.org")
    ).spent.values()
    assert spent.case == "N-1"
    ledger.close()


@pytest.mark.parametrize("moment", [time(0, 0, 1), time(0, 17), time(2, 59), time(3), time(23, 59, 59)])
def test_a_day_has_what_was_done_in_it_by_the_offices_clock(ledger: Ledger, moment: time) -> None:
    done = Done(datetime.combine(DAY, moment, ISTANBUL).astimezone(UTC), "paper", "", "N-1", "ayse", "", {})
    with ledger.transaction():
        note_act(ledger, done)
    found = {
        day: len(acts_between(ledger, begin, begin + timedelta(days=1)))
        for day in (DAY - timedelta(days=1), DAY, DAY + timedelta(days=1))
        for begin in [datetime.combine(day, time(), ISTANBUL)]
    }
    assert found == {DAY - timedelta(days=1): 0, DAY: 1, DAY + timedelta(days=1): 0}


def test_a_moment_without_a_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="no zone"):
        ledger.query("SELECT ? AS at", NOW.replace(tzinfo=None))


def test_arrivals_of_an_older_ledger_are_known_by_their_moment_whatever_its_zone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    steps = ledger_module.MIGRATIONS
    with monkeypatch.context() as then:
        then.setattr(ledger_module, "MIGRATIONS", steps[: steps.index(moments_in_utc)])
        ledger = Ledger.open(file, b"key")
        arrive(ledger)
        with ledger.transaction():
            ledger.execute("UPDATE arrival SET received_at=?", there.isoformat())
        ledger.close()
    ledger = Ledger.open(file, b"key")
    (row,) = ledger.query("SELECT size, received_at FROM arrival")
    assert row["received_at"] == NOW.isoformat()
    assert knows_mail(ledger, row["size"], there)
    assert newest_arrival(ledger) == NOW
    ledger.close()


def test_a_case_is_opened_once_and_an_event_has_one_proof_once(ledger: Ledger) -> None:
    write(ledger, listed("N-1"))
    with impossible():
        write(ledger, listed("N-1", proof=OTHER_SHA))
    amended = replace(listed("N-1"), event=Event.AMENDED)
    write(ledger, amended)
    with impossible():
        write(ledger, amended)


@pytest.mark.parametrize(
    "entry",
    [
        replace(listed("N-1"), holder=None),
        replace(paid("N-1"), receipt=None),
        replace(listed("N-1"), receipt=paid("N-1").receipt),
    ],
    ids=["listed without holder", "paid without receipt", "listed with receipt"],
)
def test_an_entry_has_what_its_event_brings(ledger: Ledger, entry: Entry) -> None:
    with impossible():
        write(ledger, entry)


def test_an_entry_is_final(ledger: Ledger, file: Path) -> None:
    write(ledger, listed("N-1"))
    with pytest.raises(sqlite3.IntegrityError, match="append only"):
        behind(file, "UPDATE entry SET day='2020-01-01'")


def test_a_mail_is_decided_once_and_only_when_kept(ledger: Ledger) -> None:
    with impossible():
        decide(ledger, SHA)
    arrive(ledger)
    decide(ledger, SHA)
    with impossible():
        decide(ledger, SHA, Outcome.RETURNED)
    assert ledger.is_decided(SHA)


@pytest.mark.parametrize("outcome", [Outcome.IGNORED, Outcome.SHUNTED])
def test_silence_has_a_reason(ledger: Ledger, outcome: Outcome) -> None:
    arrive(ledger)
    with impossible():
        decide(ledger, SHA, outcome)
    decide(ledger, SHA, outcome, silence="automatic")


def test_a_letter_is_written_once(ledger: Ledger) -> None:
    plan(ledger, "<1@saglik.example.org>")
    with impossible():
        plan(ledger, "<1@saglik.example.org>", kind="returned")
    with impossible():
        plan(ledger, "<2@saglik.example.org>")
    assert len(ledger.due_letters(NOW)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO decision VALUES ('x', 'G', 's', 's', 'perhaps', NULL, '', '', 't', 'p', '{}')",
        "INSERT INTO letter (message_id, kind, about, recipient, subject, body, state, planned_at, next_at) "
        "VALUES ('m', 'k', 'a', 'r', 's', x'00', 'lost', 't', 't')",
        "INSERT INTO letter (message_id, kind, about, recipient, subject, body, state, planned_at, next_at) "
        "VALUES ('m', 'k', 'a', 'r', 's', 'text', 'planned', 't', 't')",
        "INSERT INTO arrival (sha, received_at, size, run) VALUES ('short', 't', 1, 1)",
        "INSERT INTO sighting (account, folder, uidvalidity, uid, state) VALUES ('a', 'f', 1, 1, 'filed')",
        "INSERT INTO sighting (account, folder, uidvalidity, uid, state) VALUES ('a', 'f', 1, 'x', 'gone')",
        "INSERT INTO night VALUES ('2024-06-14', 1, '2024-06-14', '2024-06-13')",
        "INSERT INTO hold (sha) VALUES ('nowhere')",
    ],
)
def test_the_tables_take_no_nonsense(ledger: Ledger, file: Path, sql: str) -> None:
    assert ledger.counts()["waiting"] == 0
    with impossible():
        behind(file, sql)


# --- whole or not there --------------------------------------------------------------------------


class PowerCut(BaseException):
    """Nothing catches it."""


def test_a_transaction_is_whole_or_not_there(ledger: Ledger) -> None:
    def cut_off() -> Iterator[Entry]:
        yield from (listed("N-1"), paid("N-1"))
        raise PowerCut

    with pytest.raises(PowerCut):
        write_all(ledger, cut_off())
    assert ledger.all_cases() == []
    write(ledger, listed("N-1"), paid("N-1"))


def test_a_second_writer_waits_and_does_not_mix(ledger: Ledger, file: Path) -> None:
    with ledger.transaction():
        ledger.add_entries([listed("N-1")], "a@saglik.example.org")
        other = sqlite3.connect(file, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_the_pragmas_are_the_ones_that_lose_nothing(ledger: Ledger) -> None:
    wanted = {"journal_mode": "truncate", "synchronous": 3, "secure_delete": 1, "foreign_keys": 1}
    found = {name: ledger._db.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    assert found == wanted


def test_an_erased_number_is_not_readable_in_the_file(ledger: Ledger, file: Path) -> None:
    write(ledger, listed("N-1"))
    assert ONE.digits.encode() in file.read_bytes()
    behind(file, "PRAGMA secure_delete=ON")
    with ledger.transaction():
        ledger.execute("DELETE FROM entry")
    ledger._db.execute("DELETE FROM change")
    ledger._db.execute("DELETE FROM seal")
    ledger.execute(anew())
    assert ONE.digits.encode() not in file.read_bytes()


# --- the file ------------------------------------------------------------------------------------


def test_what_is_written_is_there_after_a_restart(file: Path) -> None:
    first = Ledger.open(file, b"key")
    arrive(first)
    decide(first, SHA, entries=(listed("N-1"),))
    transcript = Transcript("d" * 64, FileKind.WORKBOOK, "xls-biff8")
    with first.transaction():
        first.keep_transcripts([transcript], "1", NOW)
    before = (first.judged(SHA), first.all_cases(), first.counts())
    first.close()
    second = Ledger.open(file, b"key")
    assert (second.judged(SHA), second.all_cases(), second.counts()) == before
    assert second.transcript("d" * 64, "1") == transcript
    # Other readers may see more in the same file.
    assert second.transcript("d" * 64, "2") is None
    second.close()


def test_a_ledger_that_is_no_database_stops_everything(file: Path) -> None:
    file.write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(OperatorFault, match="ledger_damaged"):
        Ledger.open(file, b"key")


@pytest.mark.parametrize("offset", [4096, 8192, 40_000])
def test_a_damaged_page_stops_everything(file: Path, offset: int) -> None:
    ledger = Ledger.open(file, b"key")
    write(ledger, *(listed(f"N-{n}", IdentityNumber(f"{n:011d}")) for n in range(200)))
    ledger.close()
    damaged = bytearray(file.read_bytes())
    damaged[offset : offset + 2000] = b"\xff" * 2000
    file.write_bytes(damaged)
    with pytest.raises(OperatorFault, match="ledger_damaged"):
        Ledger.open(file, b"key")
    # Nothing was written over it.
    assert file.read_bytes() == damaged


def test_a_cut_off_file_stops_everything(file: Path) -> None:
    ledger = Ledger.open(file, b"key")
    write(ledger, *(listed(f"N-{n}", IdentityNumber(f"{n:011d}")) for n in range(200)))
    ledger.close()
    file.write_bytes(file.read_bytes()[:-5000])
    with pytest.raises(OperatorFault, match="ledger_damaged"):
        Ledger.open(file, b"key")


def test_a_locked_file_is_not_called_damaged(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger.open(file, b"key").close()
    holder = sqlite3.connect(file)
    holder.execute("BEGIN EXCLUSIVE")
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda place: connect(place, timeout=0))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Ledger.open(file, b"key")
    holder.close()


def test_a_newer_schema_is_refused(file: Path) -> None:
    Ledger.open(file, b"key").close()
    behind(file, "PRAGMA user_version=99")
    with pytest.raises(OperatorFault, match="ledger_newer"):
        Ledger.open(file, b"key")


def test_a_migration_is_taken_whole_and_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger.open(file, b"key").close()
    ((was,),) = behind(file, "PRAGMA user_version")
    assert isinstance(was, int)
    taken = []

    def breaks(db: object) -> None:
        db.execute("CREATE TABLE half (x)")  # type: ignore[attr-defined]
        raise PowerCut

    def works(db: object) -> None:
        taken.append(1)
        db.execute("CREATE TABLE whole (x)")  # type: ignore[attr-defined]

    steps = ledger_module.MIGRATIONS
    monkeypatch.setattr(ledger_module, "MIGRATIONS", (*steps, breaks))
    with pytest.raises(PowerCut):
        Ledger.open(file, b"key")
    assert behind(file, "PRAGMA user_version") == [(was,)]
    assert behind(file, "SELECT name FROM sqlite_master WHERE name='half'") == []
    monkeypatch.setattr(ledger_module, "MIGRATIONS", (*steps, works))
    Ledger.open(file, b"key").close()
    Ledger.open(file, b"key").close()
    assert taken == [1]
    assert behind(file, "PRAGMA user_version") == [(was + 1,)]


def test_a_ledger_of_before_keeps_its_entries_and_their_guards(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = ledger_module.MIGRATIONS
    monkeypatch.setattr(ledger_module, "MIGRATIONS", steps[:3])
    with monkeypatch.context() as then:
        then.setattr(ledger_module, "watch", lambda *_: 0)
        then.setattr(Ledger, "see_whether_open", lambda *_: None)
        before = Ledger.open(file, b"key")
        write(before, listed("N-1"), paid("N-1"))
        before.close()
    was = behind(file, "SELECT * FROM entry"), behind(file, "SELECT name FROM sqlite_master ORDER BY name")
    monkeypatch.setattr(ledger_module, "MIGRATIONS", steps)
    after = Ledger.open(file, b"key")
    assert [case.number for case in after.open_cases()] == ["N-1"]
    assert after.wrongly_noted() == after.wrongly_marked() == []
    assert behind(file, "SELECT * FROM entry") == was[0]
    names = behind(file, "SELECT name FROM sqlite_master ORDER BY name")
    assert set(was[1]) <= set(names)
    with impossible():
        write(after, listed("N-1", proof=OTHER_SHA))
    after.close()
    with impossible():
        behind(file, "UPDATE entry SET day='2024-01-01'")


def test_everything_that_can_happen_to_a_case_can_be_written_down(ledger: Ledger) -> None:
    write(ledger, listed("N-1"), paid("N-1"))
    brings = (Event.LISTED, Event.PAID, Event.AMENDED)
    for event in set(Event) - set(brings):
        write(ledger, Entry("N-1", LOST, ONE, event, DAY, SHA))
    (case,) = ledger.all_cases()
    assert set(case.events) == set(Event) - {Event.AMENDED}


# --- mails and letters on their way --------------------------------------------------------------


def test_a_mail_that_cannot_be_fetched_waits_behind_the_others(ledger: Ledger) -> None:
    ledger.note_snapshot("basvuru", "INBOX", 1, 10, (7, 8, 9))
    ledger.could_not_fetch(PLACE, "dropped", 5)
    assert ledger.waiting("basvuru", "INBOX", 10) == [8, 9, 7]
    assert ledger.waiting("basvuru", "INBOX", 2) == [8, 9]
    for _ in range(4):
        ledger.could_not_fetch(PLACE, "dropped", 5)
    assert ledger.waiting("basvuru", "INBOX", 10) == [8, 9]
    assert [row["uid"] for row in ledger.unfetched()] == [7]
    # It stays set aside, however often it is seen.
    ledger.note_snapshot("basvuru", "INBOX", 1, 11, (7, 8, 9, 10))
    assert ledger.waiting("basvuru", "INBOX", 10) == [8, 9, 10]


def test_a_mail_that_is_gone_is_neither_waited_for_nor_reported(ledger: Ledger) -> None:
    ledger.note_snapshot("basvuru", "INBOX", 1, 10, (7,))
    ledger.could_not_fetch(PLACE, "gone", 5)
    assert ledger.waiting("basvuru", "INBOX", 10) == []
    assert ledger.unfetched() == []


def test_another_uidvalidity_begins_anew(ledger: Ledger) -> None:
    ledger.note_snapshot("basvuru", "INBOX", 1, 10, (7, 8))
    arrive(ledger)
    ledger.note_snapshot("basvuru", "INBOX", 2, 3, (1, 2))
    assert ledger.waiting("basvuru", "INBOX", 10) == [1, 2]
    assert ledger.cursor("basvuru", "INBOX") == (2, 3)
    decide(ledger, SHA)
    assert ledger.to_file("basvuru", "INBOX") == []


def test_two_mailboxes_do_not_mix(ledger: Ledger) -> None:
    ledger.note_snapshot("bir", "INBOX", 1, 10, (7, 8))
    ledger.note_snapshot("iki", "INBOX", 1, 5, (1,))
    assert ledger.waiting("bir", "INBOX", 10) == [7, 8]
    assert ledger.waiting("iki", "INBOX", 10) == [1]


def test_the_balance_counts_repeats_of_the_same_bytes(ledger: Ledger) -> None:
    arrive(ledger)
    arrive(ledger, place=replace(PLACE, uid=8))
    arrive(ledger, OTHER_SHA, replace(PLACE, uid=9))
    decide(ledger, SHA)
    balance = ledger.balance(NOW - timedelta(seconds=1), NOW)
    assert (balance["heard"], balance["duplicates"], balance[Outcome.ACCEPTED]) == (3, 1, 1)
    # The undecided mail is missing in the sum: that is what a balance is for.
    assert sum(balance[o] for o in Outcome) + balance["duplicates"] < balance["heard"]


def test_a_letter_is_due_from_its_time_on(ledger: Ledger) -> None:
    plan(ledger, "<1@saglik.example.org>")
    (letter,) = ledger.due_letters(NOW)
    ledger.set_letter_state(letter, "deferred", NOW, "451 later", NOW + timedelta(minutes=5))
    assert ledger.due_letters(NOW + timedelta(minutes=4)) == []
    assert ledger.due_letters(NOW + timedelta(minutes=5)) == [letter]
    assert (ledger.letter(letter).attempts, ledger.letter(letter).response) == (1, "451 later")
    ledger.set_letter_state(letter, "started", NOW, "", None)
    assert ledger.due_letters(NOW + timedelta(days=1)) == []
    assert ledger.letter(letter).attempts == 1


@pytest.mark.parametrize("last", ["closed", "listed"])
def test_a_copy_that_goes_back_knows_which_cases_were_open_then(ledger: Ledger, last: str) -> None:
    closed = Entry("N-1", LOST, ONE, Event.CLOSED, DAY, f"complete/{DAY}")
    write(ledger, listed("N-2", OTHER, OTHER_SHA))
    write(ledger, *([listed("N-1")] if last == "closed" else []))
    write(ledger, closed if last == "closed" else listed("N-1"))
    # What a newer version marked when it first opened the ledger was not noted, and is not undone.
    ledger.execute("DELETE FROM change WHERE \"table\"='open_case'")
    copy, connection = ledger.copy()
    begin_going_back(connection)
    undo(connection, last_transaction(connection)[0].id - 1)
    assert copy.wrongly_noted() == ["N-1"]
    with copy.transaction():
        copy.see_whether_open(cases_gone_back(connection))
    assert copy.wrongly_noted() == []
    assert [case.number for case in copy.open_cases()] == (["N-2", "N-1"] if last == "closed" else ["N-2"])
    copy.close()
