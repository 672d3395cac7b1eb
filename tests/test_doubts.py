"""A letter in doubt is found by whatever it goes by for people: mail, case, a step of a case, list, night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pipeline.acts.deliveries import end, open_deliveries
from pipeline.domain import Arrival, Decision, Evidence, Outcome, Place
from pipeline.domain.cases import case_number, mail_number
from pipeline.ledger.book import Decided, Ledger, Planned

NOW = datetime(2024, 6, 14, 9, tzinfo=UTC)
SHA, OTHER = "ab" * 32, "cd" * 32
CASE = case_number(SHA, "claim")
ABOUT = {
    "accepted": SHA,
    "settled-accepted/" + CASE: SHA,
    "complete": f"{CASE}/2024-06-14",
    "returned-by-kamu-sm": f"{CASE}/0123456789ab",
    "reminders/link-unused": CASE,
    "batch": "2024-06-14/1",
    "nightly": "2024-06-14",
    "alarm": "imap/basvuru 2024-06-14T09:00:00+00:00",
}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A ledger after a rebuild without copies: every letter is in doubt, another mail has the number."""
    ledger = Ledger.in_memory()
    run = ledger.begin_run("poll", NOW)
    for n, sha in enumerate((OTHER, SHA)):
        ledger.keep(Place("a", "INBOX", 1, n), Arrival(sha, b"", NOW), "", run)
    decision = Decision(Outcome.GUIDED, None, Evidence())
    with ledger.transaction():
        ledger.enter(Decided(OTHER, "", "", NOW, "x", decision))
        # By chance the other mail bears this one's number.
        ledger.execute("UPDATE decision SET number=?", mail_number(SHA))
        ledger.enter(Decided(SHA, "", "", NOW, "x", decision))
        for kind, about in ABOUT.items():
            ledger.plan_letter(Planned(f"<{kind}>", kind, about, "a@saglik.example.org", "", b"x"), NOW)
        ledger.execute("UPDATE letter SET state='in_doubt'")
    yield ledger
    ledger.close()


@pytest.mark.parametrize(
    ("number", "kinds"),
    [
        (mail_number(SHA, 1), {"accepted", "settled-accepted/" + CASE}),
        (mail_number(SHA), set()),
        (CASE, {"complete", "returned-by-kamu-sm", "reminders/link-unused"}),
        (f"{CASE}/2024-06-14", {"complete"}),
        (f"{CASE}/link-unused", {"reminders/link-unused"}),
        (f"{CASE}/0123456789ab", {"returned-by-kamu-sm"}),
        ("2024-06-14/1", {"batch"}),
        ("2024-06-14", {"nightly"}),
        (ABOUT["alarm"], {"alarm"}),
        ("2024-06-14/2", set()),
    ],
)
def test_it_is_found_by_its_name_in_either_case(number: str, kinds: set[str], ledger: Ledger) -> None:
    for typed in (number, number.upper(), number.lower()):
        found = open_deliveries(ledger, typed)
        assert {letter.kind for letter in found} == kinds
    end(ledger, open_deliveries(ledger, number), "arrived", "soruldu", NOW)
    assert open_deliveries(ledger, number) == []
    assert len(ledger.letters_in_state("in_doubt")) == len(ABOUT) - len(kinds)
