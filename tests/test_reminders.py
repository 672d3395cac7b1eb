"""Who forgets a step hears of it once, at the own address, on a working day, the most pressing alone."""

from __future__ import annotations

import shutil
import sqlite3
import tomllib
from collections.abc import Mapping
from contextlib import closing
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from pipeline.acts.acting import Act
from pipeline.acts.persons import person_of
from pipeline.acts.taking_in import take_in
from pipeline.commands.cli import run
from pipeline.domain import Event
from pipeline.domain.cases import fold_case
from pipeline.domain.faults import OperatorFault
from pipeline.ledger.book import Planned
from pipeline.ledger.custody import export
from pipeline.office.console import BAD_CONFIGURATION, DONE, sentence
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import load_policy
from pipeline.policy.reminders import load_reminders, most_pressing
from pipeline.review.invented_office import OFFICE
from pipeline.review.proving import prove
from tests.house import IT_UNIT, MORNING, NIGHT, House, body, night_of
from tests.in_order import POLICY, row, slip
from tests.mails import at
from tests.people import person
from tests.servers import Dovecot
from tests.test_cases import entry

DAYS, COMPLETION = POLICY.working_days, POLICY.completion
RAW = {p.stem: tomllib.loads(p.read_text("utf-8")) for p in (RULES / "reminders").glob("*.toml")}
LISTED = entry(Event.LISTED, holder=row())
SENT = entry(Event.BATCHED, proof="2024-05-13/1")
EVERY_DAY = [date(2024, 5, 13) + timedelta(days=n) for n in range(220)]


def heard_of(*entries: Any) -> dict[str, date]:
    """Plays the nights of seven months; gives the day on which a case hears of what."""
    told: dict[str, date] = {}
    for day in EVERY_DAY:
        reminded = tuple(entry(Event.REMINDED, proof=name) for name in told)
        case = fold_case([LISTED, *entries, *reminded])
        due = most_pressing(case, day, POLICY.reminders, COMPLETION, DAYS)
        if due:
            assert due.name not in told
            told[due.name] = day
    return told


# --- which, and when -------------------------------------------------------------------------------


def test_who_does_nothing_hears_of_it_three_times_in_half_a_year() -> None:
    told = heard_of(SENT)
    assert list(told) == ["link-unused", "receipt-missing", "link-expires"]
    assert told["link-unused"] == DAYS.add(date(2024, 5, 13), 10)
    assert told["link-expires"] == date(2024, 5, 13) + timedelta(days=150)


def test_who_has_paid_is_asked_for_the_paper_alone() -> None:
    paid = entry(Event.PAID, 4, receipt=slip())
    assert list(heard_of(SENT, paid)) == ["original-missing"]
    assert heard_of(SENT, paid, entry(Event.FORM_RECEIVED, 5)) == {}


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [SENT, entry(Event.WITHDRAWN, 2)],
        [SENT, entry(Event.CLOSED, 2)],
        [SENT, entry(Event.RETURNED_BY_KAMU_SM, 2)],
        [entry(Event.PAID, receipt=slip())],
    ],
)
def test_nobody_is_pressed_for_what_cannot_be_done(entries: list[Any]) -> None:
    assert heard_of(*entries) == {}


def test_of_several_the_most_pressing_goes_and_the_lesser_never_follow() -> None:
    case = fold_case([LISTED, SENT])
    late = most_pressing(case, date(2024, 10, 15), POLICY.reminders, COMPLETION, DAYS)
    assert late
    assert late.name == "link-expires"
    reminded = fold_case([LISTED, SENT, entry(Event.REMINDED, proof="link-expires")])
    assert most_pressing(reminded, date(2024, 10, 16), POLICY.reminders, COMPLETION, DAYS) is None


# --- files that do not prove themselves ------------------------------------------------------------


def loaded(**changes: Any) -> None:
    load_reminders({**RAW, "link-unused": {**RAW["link-unused"], **changes}}, COMPLETION, DAYS)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"accepts": []}, "rule_without_examples"),
        ({"rejects": []}, "rule_without_examples"),
        ({"working_days": 9}, "reminder_example"),
        ({"days": 9}, "reminder_days"),
        ({"urgency": 2}, "reminder_urgency"),
        ({"after": ["sworn"]}, "rule_key"),
        ({"working_day": 9}, "rule_key"),
    ],
)
def test_a_reminder_that_cannot_be_right_is_refused(changes: Mapping[str, Any], name: str) -> None:
    with pytest.raises(OperatorFault) as refused:
        loaded(**changes)
    assert refused.value.name == name
    assert "rules/reminders/link-unused.toml" in sentence(refused.value)


def test_a_reminder_without_its_letter_is_refused(tmp_path: Path) -> None:
    reports = Path(shutil.copytree(REPORTS, tmp_path / "reports"))
    (reports / "replies" / "reminders" / "link-unused.txt").unlink()
    with pytest.raises(OperatorFault, match="reminder_without_text"):
        load_policy(RULES, reports, OFFICE)


def test_check_finds_examples_that_prove_nothing(tmp_path: Path) -> None:
    rules = Path(shutil.copytree(RULES, tmp_path / "rules"))
    file = rules / "reminders" / "receipt-missing.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("today = 2024-06-28", "today = 2024-06-20").replace(
        "paid = 2024-05-20, today = 2024-07-01", "paid = 2024-05-20, today = 2024-06-01"
    )
    file.write_text(text, encoding="utf-8")
    found = {(d.kind, d.where) for d in prove(load_policy(rules, REPORTS, OFFICE))}
    assert found == {
        ("reminder_unnoticed_days", "receipt-missing"),
        ("reminder_unnoticed_unless", "receipt-missing"),
    }


# --- through the front door ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listed(lasting_house: House) -> House:
    """An office whose list of six people went out on 14 June; one of them has paid."""
    house = lasting_house
    house.deliver(
        "accepted/list-of-five",
        "accepted/list-then-receipt/1-list",
        "accepted/list-then-receipt/2-receipt",
        "accepted/physician-first",
    )
    house.poll(MORNING)
    house.nightly(NIGHT)
    return house


@pytest.fixture
def house(listed: House, tmp_path: Path, dovecot: Dovecot) -> House:
    """The same office for one test alone."""
    listed.smtp.received.clear()
    here = House(tmp_path, dovecot.account(), listed.smtp, listed.readers)
    shutil.copytree(listed.home, here.home)
    return here


def addresses(house: House) -> list[str]:
    """The work addresses of those on the lists."""
    rows = house.ask(
        "SELECT json_extract(holder, '$.work_email') FROM entry WHERE event='listed' ORDER BY id"
    )
    return [str(address) for (address,) in rows]


TENTH = date(2024, 7, 5)


def reminders(house: House) -> list[EmailMessage]:
    return [m for m in house.letters() if str(m["X-NES-Intake"]).startswith("reminders/")]


def kinds(house: House) -> list[str]:
    return sorted(str(m["X-NES-Intake"]).removeprefix("reminders/") for m in reminders(house))


def report(house: House) -> str:
    (letter,) = [m for m in house.letters() if m["X-NES-Intake"] == "nightly" and m["To"] == IT_UNIT]
    return " ".join(body(letter).split())


def test_the_tenth_working_day_reminds_everybody_of_their_own_step(house: House) -> None:
    house.nightly(night_of(TENTH - timedelta(days=1)))
    assert kinds(house) == []
    house.smtp.received.clear()
    house.nightly(night_of(TENTH))
    assert kinds(house) == ["link-unused"] * 5 + ["original-missing"] * 2
    expected = {
        a for (a,) in house.ask("SELECT json_extract(holder, '$.work_email') FROM entry WHERE event='listed'")
    }
    assert expected <= {m["To"] for m in reminders(house)}
    assert all(
        "14 Haziran 2024" in " ".join(body(m).split())
        for m in reminders(house)
        if "bağlantısı" in m["Subject"]
    )
    papers = [m for m in reminders(house) if m["X-NES-Intake"] == "reminders/original-missing"]
    assert all([part.get_filename() for part in m.iter_attachments()] == ["evrak-kapağı.pdf"] for m in papers)
    told = report(house)
    assert "Bu gece 7 kişiye" in told
    assert "Kamu SM bağlantısı kullanılmamış görünüyor" in told
    # Once, and again only of something else.
    for night in (TENTH + timedelta(days=3), TENTH + timedelta(days=4)):
        house.nightly(night_of(night))
    assert len(reminders(house)) == 7
    assert house.ask(
        "SELECT count(*), count(DISTINCT case_number || proof) FROM entry WHERE event='reminded'"
    ) == [(7, 7)]


def test_a_reminder_that_may_not_have_arrived_is_settled_by_the_number_of_its_case(house: House) -> None:
    house.nightly(night_of(TENTH))
    ((letter, about),) = house.ask("SELECT id, about FROM letter WHERE kind LIKE 'reminders/orig%' LIMIT 1")
    # As after a ledger was rebuilt whose reminders have no copies.
    with closing(sqlite3.connect(house.home / "ledger.db")) as books, books:
        books.execute("UPDATE letter SET state='in_doubt' WHERE id=?", (letter,))
    number = str(about).partition("/")[0]
    said = house.command("doubt", number, "arrived", "--by", "E. Taşdelenler", "--because", "soruldu")
    assert said.returncode == DONE, said
    assert house.ask("SELECT count(*) FROM letter WHERE state='in_doubt'") == [(0,)]


def test_on_a_day_off_nobody_is_written_to(house: House) -> None:
    saturday = TENTH + timedelta(days=1)
    house.nightly(night_of(saturday))
    assert kinds(house) == []
    house.nightly(night_of(saturday + timedelta(days=2)))
    assert len(kinds(house)) == 7


def question(sender: str, day: str, words: str) -> bytes:
    """A short mail from somebody on the list."""
    lines = (
        f"From: Biri <{sender}>",
        "To: nes@saglik.example.org",
        "Subject: dekont",
        "Message-ID: <q@x.example>",
        f"Date: {day} 09:00:00 +0300",
        "",
        words,
        "",
    )
    return "\r\n".join(lines).encode()


def test_who_waits_for_us_is_not_pressed(house: House) -> None:
    mail = addresses(house)[0]
    house.deliver_raw(question(mail, "Thu, 04 Jul 2024", "Farkli bir sey soracaktim."))
    house.poll(at("2024-07-04", "10:00"))
    assert house.ask("SELECT count(*) FROM hold WHERE state='open'") == [(1,)]
    house.smtp.received.clear()
    house.nightly(night_of(TENTH))
    assert mail not in {str(m["To"]) for m in reminders(house)}
    assert len(reminders(house)) == 6


def test_who_has_just_heard_from_us_is_left_to_it(house: House) -> None:
    mail = addresses(house)[0]
    house.deliver_raw(question(mail, "Fri, 05 Jul 2024", "E-imza ücretini nasıl ödeyeceğim?"))
    house.poll(night_of(TENTH) - timedelta(hours=8))
    assert house.ask("SELECT count(*) FROM hold WHERE state='open'") == [(0,)]
    house.nightly(night_of(TENTH))
    assert mail not in {str(m["To"]) for m in reminders(house)}
    house.nightly(night_of(TENTH + timedelta(days=3)))
    assert [m["To"] for m in reminders(house)].count(mail) == 1


def test_paper_that_came_is_not_asked_for(house: House) -> None:
    paid = [str(n) for (n,) in house.ask("SELECT case_number FROM entry WHERE event='paid'")]
    with house.opened(at("2024-07-01", "10:00")) as shop:
        take_in(shop, paid, Act("M. Memur", "", None))
    house.nightly(night_of(TENTH))
    assert kinds(house) == ["link-unused"] * 5


def test_an_address_that_sends_letters_back_is_left_alone(house: House) -> None:
    """The address of the letter counts, whatever the report says; one that names no letter says nothing."""
    who, other = person("Ümit Gündoğmuş").work_email, person("Pınar İlkbaharlı").work_email
    with house.opened(at("2024-07-01", "10:00")) as shop, shop.ledger.transaction():
        kept = [r["sha"] for r in shop.ledger.query("SELECT sha FROM decision ORDER BY rowid DESC LIMIT 2")]
        shop.ledger.execute(
            "INSERT INTO letter (message_id, kind, about, recipient, subject, body, state, planned_at, "
            "next_at) VALUES ('<1@x>', 'accepted', ?, ?, '', x'', 'done', '2024-05-01', '2024-05-01')",
            *(kept[0], who.upper()),
        )
        letter = shop.ledger.query("SELECT max(id) AS id FROM letter")[0]["id"]
        shop.ledger.execute("INSERT INTO bounce VALUES (?, ?, ?, '5.1.1', '')", kept[0], letter, other)
        shop.ledger.execute("INSERT INTO bounce VALUES (?, NULL, ?, '5.1.1', '')", kept[1], other)
    house.nightly(night_of(TENTH))
    reminded = {str(m["To"]) for m in reminders(house)}
    assert who not in reminded
    assert other in reminded
    assert len(reminders(house)) == 6


def test_who_has_had_a_days_letters_hears_another_night(house: House) -> None:
    house.more = "[budget]\nanswers_per_day = 1\n"
    house.write()
    ((mail,),) = house.ask(
        "SELECT json_extract(holder, '$.work_email') FROM entry WHERE event='listed' LIMIT 1"
    )
    with house.opened(at("2024-07-05", "10:00")) as shop, shop.ledger.transaction():
        shop.ledger.plan_letter(Planned("<1@x>", "guided", "x", str(mail), "Konu", b"x"), shop.clock())
    house.nightly(night_of(TENTH))
    assert mail not in {str(m["To"]) for m in reminders(house)}
    house.nightly(night_of(TENTH + timedelta(days=3)))
    assert [str(m["To"]) for m in reminders(house)].count(str(mail)) == 1


def test_a_readers_case_closes_after_its_time_of_grace(house: House) -> None:
    reader = entry(Event.PAID, procedure="card_reader", receipt=slip(), case="N-READER")
    with house.opened(NIGHT) as shop, shop.ledger.transaction():
        shop.ledger.add_entries([reader], "")
    grace = DAYS.add(reader.day, 20)
    for day, closed in ((grace - timedelta(days=1), 0), (grace, 1)):
        with house.opened(datetime.combine(day, NIGHT.timetz())) as shop:
            (case,) = [c for c in shop.ledger.all_cases() if c.number == "N-READER"]
            assert COMPLETION.is_complete(case, day, DAYS) is bool(closed)


def test_the_command_check_reads_the_reminders(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--settings", str(house.file)]) == DONE
    assert "sorun yok" in capsys.readouterr().out
    assert BAD_CONFIGURATION


def test_what_is_kept_about_a_person_names_the_reminders(house: House) -> None:
    house.nightly(night_of(TENTH))
    ((case,),) = house.ask("SELECT case_number FROM entry WHERE event='reminded' LIMIT 1")
    with house.opened(at("2024-07-08", "10:00")) as shop:
        told = export(shop.ledger, person_of(shop, str(case)), shop.clock())
    assert [letter for letter in told["letters"] if letter["kind"].startswith("reminders/")]
    assert len({letter["recipient"] for letter in told["letters"] if "recipient" in letter}) <= 2
