"""How often an acceptance is wrong is measured by people who read blind; the first wrong stops its kind."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.acts.sampling import Read, answer, differing, go_on, picture_of, questions
from pipeline.commands.cli import run
from pipeline.domain import Decision, Event, Outcome, ReceiptKind
from pipeline.domain.faults import OperatorFault
from pipeline.domain.quality import drawn, kind_of, most_wrong
from pipeline.ledger.custody import broken_links
from pipeline.ledger.samples import sample_of, stopped_kinds, tallies
from pipeline.ledger.undoing import undo_decision
from pipeline.office.console import sentence
from pipeline.office.shop import Shop
from tests.house import NIGHT, House, body
from tests.in_order import AYSE, SUKRU, facts_of, judged, open_case, rules_found, slip

BILL = ReceiptKind("vakifbank-kurum-odemesi", "text")
CASE = "accepted/list-then-receipt"


# --- how sure a count makes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "of", "most"),
    # The bounds that tables of Clopper and Pearson give, one-sided, 95 %.
    [
        (0, 1, 0.95),
        (0, 10, 0.2589),
        (0, 59, 0.0495),
        (0, 312, 0.0096),
        (0, 10_000, 0.0003),
        (1, 10, 0.3942),
        (5, 100, 0.1023),
        (50, 100, 0.5864),
        (10, 10, 1.0),
        (0, 0, 1.0),
    ],
)
def test_the_bound_is_exact(wrong: int, of: int, most: float) -> None:
    assert most_wrong(wrong, of) == pytest.approx(most, abs=6e-5)


def test_more_readings_never_make_less_sure() -> None:
    bounds = [most_wrong(2, of) for of in range(2, 400)]
    assert bounds == sorted(bounds, reverse=True)


# --- which are drawn -----------------------------------------------------------------------------------

ITEMS = [*((BILL, f"bill {n}") for n in range(50)), (ReceiptKind("kamusm-sanal-pos", "text"), "card")]
ITEMS += [(ReceiptKind("vakifbank-kurum-odemesi", "picture"), f"photo {n}") for n in range(2)]


def test_the_many_of_one_kind_do_not_hide_another() -> None:
    for seed in map(str, range(20)):
        chosen = drawn(ITEMS, 5, seed)
        assert len(set(chosen)) == 5
        assert Counter(item.split()[0] for item in chosen)["bill"] == 2
        assert "card" in chosen


def test_what_is_drawn_follows_from_the_seed_alone_and_is_no_habit() -> None:
    assert drawn(ITEMS, 5, "a") == drawn(list(ITEMS), 5, "a")
    assert len({tuple(drawn(ITEMS, 2, str(seed))) for seed in range(40)}) > 20


def test_no_more_are_drawn_than_there_are() -> None:
    assert sorted(drawn(ITEMS[:3], 9, "a")) == ["bill 0", "bill 1", "bill 2"]
    assert list(drawn([], 5, "a")) == []
    assert list(drawn(ITEMS, 0, "a")) == []


# --- what a stop does ----------------------------------------------------------------------------------


def paid(stopped: ReceiptKind | None, **changes: object) -> Decision:
    facts = facts_of(open_case())
    facts = replace(facts, stopped=frozenset({stopped} if stopped else ()))
    return judged(slip(AYSE, **changes), facts=facts)


def test_a_stop_holds_its_kind_and_no_other() -> None:
    assert paid(None).outcome is Outcome.ACCEPTED
    held = paid(BILL)
    assert held.outcome is Outcome.HELD
    assert rules_found(held) == ["receipt/quality"]
    # A person may still accept it.
    assert [entry.event for entry in held.withheld] == [Event.PAID]
    assert paid(ReceiptKind(BILL.bank, "picture")).outcome is Outcome.ACCEPTED
    assert paid(ReceiptKind("kamusm-sanal-pos", "text")).outcome is Outcome.ACCEPTED
    assert paid(ReceiptKind(BILL.bank, "picture"), read_by="ocr psm=6").outcome is Outcome.HELD


def test_the_forms_of_a_bank_are_one_kind() -> None:
    assert kind_of(slip(layout="garanti/fast-ref")) == kind_of(slip(layout="garanti"))


# --- from the night to the report ----------------------------------------------------------------------


@pytest.fixture
def lived(house: House) -> House:
    """A house whose day brought a list and, in a mail of its own, the receipt that pays for it."""
    house.deliver(f"{CASE}/1-list", f"{CASE}/2-receipt")
    house.poll()
    house.nightly()
    return house


def right(shop: Shop) -> Read:
    (sample,) = questions(shop)
    found = shop.ledger.judged(sample.sha)
    assert found
    receipt = found.decision.evidence.receipts[sample.place]
    assert receipt.identity_number
    assert receipt.paid_on
    day = f"{receipt.paid_on:%d.%m.%Y} 12:14"
    return Read(receipt.identity_number.digits, "780 TL", day, f" {receipt.reference} ")


def test_a_night_asks_and_its_answers_stand_in_the_next_report(lived: House) -> None:
    with lived.opened(NIGHT) as shop:
        (question,) = questions(shop)
        assert question.kind == BILL
        assert question.verdict == ""
        assert picture_of(shop, question.id).startswith(b"\x89PNG")
        assert answer(shop, question.id, right(shop), "A. Görevli") == ("right", ())
        assert questions(shop) == []
        with pytest.raises(OperatorFault, match="sample_answered"):
            answer(shop, question.id, None, "B. Görevli")
        (done,) = shop.ledger.query("SELECT kind, \"by\", body FROM act WHERE kind='sample'")
        assert done["by"] == "A. Görevli"
        told = json.loads(done["body"])
        assert (told["verdict"], told["wrong"]) == ("right", [])
        # Which question it was, and no value of the receipt.
        assert told["asked"] == {"place": 0, "bank": BILL.bank, "reading": "text", "drawn_on": "2024-06-14"}
        assert broken_links(shop.ledger, shop.home) == []
    lived.nightly(NIGHT + timedelta(days=1))
    told = " ".join(body(lived.letters()[-1]).split())
    assert "1 dekontun 0 tanesinde başka bir şey okudu; yanlış oranı en çok % 95,0" in told


SLIP = slip(AYSE)
READ = Read(AYSE.identity_number, "780,00 TL", "13.05.2024 10:42", "2024 0513 0001 2345")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, ()),
        ({"amount": "780", "paid_on": "13/05/2024", "reference": "2024-0513-00012345"}, ()),
        ({"identity_number": SUKRU.identity_number}, ("identity_number",)),
        ({"amount": "780,01"}, ("amount",)),
        ({"paid_on": "31.05.2024"}, ("paid_on",)),
        ({"reference": "2024051300012346"}, ("reference",)),
        ({"reference": "-"}, ("reference",)),
        ({"amount": "7.800", "paid_on": "14.05.2024"}, ("amount", "paid_on")),
    ],
)
def test_what_is_read_otherwise_is_named(changes: dict[str, str], wrong: tuple[str, ...]) -> None:
    assert tuple(differing(SLIP, replace(READ, **changes))) == wrong


def test_a_number_that_is_not_printed_is_read_as_none() -> None:
    assert tuple(differing(replace(SLIP, reference=None), replace(READ, reference="-"))) == ()


@pytest.mark.parametrize(
    "changes",
    [
        *({"identity_number": "12345678901"}, {"amount": "?"}, {"paid_on": "31.02.2024"}, {"reference": " "}),
        # Not even where one of the two is what the program has read.
        {"paid_on": "13.05.2024 ya da 14.05.2024"},
    ],
)
def test_what_can_be_no_value_is_asked_again(changes: dict[str, str]) -> None:
    with pytest.raises(OperatorFault) as refused:
        tuple(differing(SLIP, replace(READ, **changes)))
    assert refused.value.name == f"sample_value_{next(iter(changes))}"
    assert sentence(refused.value)


def test_a_stop_holds_the_next_mail_and_stands_in_the_report(lived: House) -> None:
    with lived.opened(NIGHT) as shop:
        (question,) = questions(shop)
        answer(shop, question.id, replace(right(shop), amount="80,00"), "A. Görevli")
    lived.deliver(
        "accepted/receipt-and-form-in-one-file/1-list", "accepted/receipt-and-form-in-one-file/2-both"
    )
    lived.poll(NIGHT + timedelta(hours=1))
    assert lived.ask("SELECT outcome FROM decision ORDER BY rowid DESC LIMIT 1") == [("held",)]
    lived.nightly(NIGHT + timedelta(days=1))
    told = " ".join(body(lived.letters()[-1]).split())
    assert f"nes-intake sample resume {question.id} error" in told
    assert f"({question.id}. soru)" in told
    with lived.opened(NIGHT + timedelta(days=1)) as shop:
        go_on(shop, question.id, "error", "Düzeltildi", "A. Görevli")
        assert [(t.wrong, t.of) for t in tallies(shop.ledger)] == [(1, 1)]
        assert stopped_kinds(shop.ledger) == frozenset()


def test_what_nobody_can_read_and_slips_count_for_nothing(lived: House) -> None:
    with lived.opened(NIGHT) as shop:
        (question,) = questions(shop)
        with pytest.raises(OperatorFault):
            answer(shop, question.id, Read("1", "1", "1", "1"), "A. Görevli")
        assert answer(shop, question.id, replace(right(shop), reference="-"), "A. Görevli")[0] == "wrong"
        assert stopped_kinds(shop.ledger) == {BILL}
        go_on(shop, question.id, "slip", "Yanlış yazdım", "A. Görevli")
        assert stopped_kinds(shop.ledger) == frozenset()
        assert [(t.of, t.waiting) for t in tallies(shop.ledger)] == [(0, 0)]
        with pytest.raises(OperatorFault, match="sample_not_stopping"):
            go_on(shop, question.id, "error", "x", "A. Görevli")


def test_no_setting_no_question(house: House) -> None:
    house.more = "[budget]\nquality_sample = 0\n"
    house.write()
    house.deliver(f"{CASE}/1-list", f"{CASE}/2-receipt")
    house.poll()
    house.nightly()
    with house.opened(NIGHT) as shop:
        assert questions(shop) == []


def test_the_command_shows_no_value_before_the_answer(
    lived: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lived.opened(NIGHT) as shop:
        (question,) = questions(shop)
        read = right(shop)
    settings, number, png = str(lived.file), str(question.id), tmp_path / "dekont.png"
    command = ["sample", "--settings", settings]
    assert run([*command, "list"]) == 0
    assert run([*command, "show", number, str(png)]) == 0
    said = capsys.readouterr().out
    assert png.read_bytes().startswith(b"\x89PNG")
    for value in (read.identity_number, "780", read.reference.strip(), "vakif"):
        assert value not in said
    typed = ["--number", read.identity_number, "--amount", "780,00", "--day", "21.05.2024"]
    by = ["--by", "A. Görevli"]
    assert run([*command, "answer", number, *typed, *by]) == 78
    assert run([*command, "answer", number, "--unreadable", *typed, *by]) == 78
    assert run([*command, "answer", number, *typed, "--reference", read.reference, *by]) == 1
    assert "ödeme günü" in capsys.readouterr().out
    assert run([*command, "resume", number, "error", "--because", "Düzeltildi", *by]) == 0
    assert run([*command, "answer", "99", "--unreadable", *by]) == 78


def test_a_decision_that_is_taken_back_takes_its_question_with_it(lived: House) -> None:
    with lived.opened(NIGHT) as shop:
        (question,) = questions(shop)
        with shop.ledger.transaction():
            undo_decision(shop.ledger, question.sha)
        assert sample_of(shop.ledger, question.id) is None
