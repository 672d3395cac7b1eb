"""Cases are what their entries add up to; their numbers can be read out on the telephone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import Case, Entry, Event, Procedure
from pipeline.domain.cases import case_number, fold_case, is_number, latest_open, mail_number, receipt_key
from pipeline.domain.turkish import IdentityNumber
from tests.in_order import AYSE, SHA, SUKRU, TODAY, open_case, row, slip

NUMBER = IdentityNumber(AYSE.identity_number)


def entry(event: Event, days: int = 0, **changes: object) -> Entry:
    made = Entry("N-0000000H", Procedure.LOST_OR_STOLEN, NUMBER, event, TODAY + timedelta(days), proof="x")
    return replace(made, **changes)  # type: ignore[arg-type]


LISTED = entry(Event.LISTED, holder=row())
CHANGED = row(work_email="ayse2@hastane1.saglik.example.org")


def test_a_listed_case_knows_its_holder_and_day() -> None:
    case = fold_case([LISTED])
    assert case == Case(
        *("N-0000000H", Procedure.LOST_OR_STOLEN, NUMBER, TODAY),
        holder=row(),
        events=(Event.LISTED,),
        steps={Event.LISTED: TODAY},
    )


def test_each_event_leaves_its_mark() -> None:
    case = fold_case(
        [
            LISTED,
            entry(Event.AMENDED, 1, holder=CHANGED),
            entry(Event.BATCHED, 2, proof="2024-05-15/1"),
            entry(Event.PAID, 9, receipt=slip()),
            entry(Event.FORM_RECEIVED, 12),
        ]
    )
    assert (case.holder, case.batch, case.receipt, case.is_closed) == (CHANGED, "2024-05-15/1", slip(), False)
    assert case.opened_on == TODAY
    assert case.events == (Event.LISTED, Event.AMENDED, Event.BATCHED, Event.PAID, Event.FORM_RECEIVED)


@pytest.mark.parametrize("event", [Event.CLOSED, Event.WITHDRAWN])
def test_a_case_can_end(event: Event) -> None:
    assert fold_case([LISTED, entry(event, 3)]).is_closed


@given(st.lists(st.sampled_from(list(Event)), max_size=8))
def test_nothing_that_happens_later_changes_whose_case_it_is(events: list[Event]) -> None:
    entries = [LISTED, *(entry(e, 1, holder=CHANGED, receipt=slip(), proof="2024-05-14/1") for e in events)]
    case = fold_case(entries)
    assert (case.number, case.identity_number, case.opened_on) == ("N-0000000H", NUMBER, TODAY)
    assert case.events == (Event.LISTED, *events)
    # A list that an official accepts after a withdrawal opens the case again.
    deciding = [e for e in events if e in (Event.CLOSED, Event.WITHDRAWN, Event.LISTED, Event.AMENDED)]
    assert case.is_closed == (deciding[-1:] in ([Event.CLOSED], [Event.WITHDRAWN]))
    # What Kamu SM returns has gone out on no list after all.
    sent = [e for e in events if e in (Event.BATCHED, Event.RETURNED_BY_KAMU_SM)]
    assert bool(case.batch) == (sent[-1:] == [Event.BATCHED])


def test_the_latest_open_case_counts() -> None:
    old, new = open_case(opened_on=date(2024, 1, 1)), open_case(opened_on=date(2024, 5, 1))
    closed = open_case(opened_on=date(2024, 5, 9), is_closed=True)
    assert latest_open([old, closed, new]) is new
    assert latest_open([closed]) is None
    assert latest_open([]) is None


# --- numbers ---------------------------------------------------------------------------------------

shas = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(shas)
def test_numbers_are_numbers(sha: str) -> None:
    for number in (mail_number(sha), case_number(sha, "claim")):
        assert is_number(number)
        assert len(number) == 10
        # The check character may be any letter; what stands before it is never mistaken for a digit.
        assert not set(number[2:-1]) & set("ILOU")


@given(shas, st.integers(2, 9), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_mistyped_character_is_noticed(sha: str, at: int, wrong: str) -> None:
    number = mail_number(sha)
    if number[at] != wrong:
        assert not is_number(number[:at] + wrong + number[at + 1 :])


def test_nearly_every_two_swapped_characters_are_noticed() -> None:
    # ISO 7064's hybrid system catches every wrong character and all but a few swaps.
    numbers = [mail_number(hashlib.sha256(str(n).encode()).hexdigest()) for n in range(400)]
    swapped = {
        number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        for number in numbers
        for at in range(2, 9)
    } - set(numbers)
    assert sum(map(is_number, swapped)) < len(swapped) / 50


@pytest.mark.parametrize(
    "text", ["", "G-", "X-0000000H", "G-0000000h", "g-0000000H", "G-0000000H ", "G-000000H"]
)
def test_other_texts_are_no_numbers(text: str) -> None:
    assert not is_number(text)


def test_a_case_is_named_by_its_mail_and_its_claim() -> None:
    claims = {case_number(sha, claim) for sha in (SHA, "cd" * 32) for claim in ("a", "b")}
    assert len(claims) == 4


# --- what a payment is known by --------------------------------------------------------------------


def test_a_banks_own_number_is_the_payment_whoever_prints_it() -> None:
    edited = slip(SUKRU, digest="e" * 64, file="x.pdf", amount=Decimal("300.00"), layout="other")
    assert receipt_key(edited) == receipt_key(slip())


def test_a_short_approval_code_needs_day_and_amount_beside_it() -> None:
    code = slip(reference="A1B2C3")
    assert receipt_key(code) == receipt_key(replace(code, digest="e" * 64))
    assert receipt_key(code) != receipt_key(replace(code, amount=Decimal("300.00")))
    assert receipt_key(code) != receipt_key(replace(code, paid_on=date(2024, 5, 1)))


def test_without_a_number_the_file_is_the_payment() -> None:
    bare = slip(reference=None)
    assert receipt_key(bare) == receipt_key(replace(bare, file="x.pdf"))
    assert receipt_key(bare) != receipt_key(replace(bare, digest="e" * 64))
    assert receipt_key(bare) != receipt_key(
        replace(bare, identity_number=IdentityNumber(SUKRU.identity_number))
    )
