"""Clerks decide side by side while polls run: no act is lost, no letter goes twice."""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.crowd import CLAIMS_PER_MAIL, Count, Day, count, deal, decide_all, held_list, running
from pipeline.domain.faults import TryLater
from pipeline.office.settings import DeskSettings
from tests.house import EVIDENCE, House
from tests.test_web_desk import desk_of, known_at, seat

_CLERKS, _MAILS = 4, 3


def test_no_act_is_lost_and_no_letter_goes_twice(house: House) -> None:
    house.more = EVIDENCE
    house.write()
    house.deliver_copies()
    names = [f"memur{number}" for number in range(_CLERKS)]
    known_at(house, **dict.fromkeys(names, "clerk"))
    now = datetime.now(UTC)
    for number in range(_MAILS):
        house.box.deliver(held_list(number, now), now)
    house.poll(datetime.now(UTC))
    numbers = [str(n) for (n,) in house.ask("SELECT number FROM decision JOIN hold USING (sha)")]
    assert len(numbers) == _MAILS

    def poll() -> str:
        try:
            house.poll(datetime.now(UTC))
        except TryLater:
            return "put off"
        return "ran"

    day, claims = Day(), _MAILS * CLAIMS_PER_MAIL
    with desk_of(house, DeskSettings(port=0)) as door:
        clerks = [seat(door, name) for name in names]
        with running([poll], day.runs):
            decide_all(clerks, deal(numbers), day)
    house.poll(datetime.now(UTC))
    assert day.endings["decided"] == claims, "each claim once, whoever was faster"
    assert count(house, claims) == Count(
        acts=claims, settled=claims, posted=claims, lost=0, doubles=0, copies_of_acts=claims
    )
    assert house.ask("SELECT count(*) FROM letter WHERE state<>'done'") == [(0,)]
