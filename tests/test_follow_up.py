"""A night that has too many reminders, and one that breaks over a letter: the others go, and it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from jinja2 import TemplateNotFound

from pipeline.acts import followup
from pipeline.domain import Case
from tests.house import NIGHT, House, body, night_of
from tests.in_order import POLICY
from tests.letters import list_mail
from tests.mails import at
from tests.people import person

DAYS = POLICY.working_days


def three_who_forgot(house: House) -> datetime:
    """Has three people listed who do nothing, and gives the night on which the first reminder is due."""
    for name in ("Cüneyt İpekçioğlu", "Ümit Gündoğmuş", "Çağrı Öztürkmen"):
        house.deliver_raw(list_mail(person(name), at("2024-06-14", "08:00")))
    house.poll()
    house.nightly(NIGHT)
    return night_of(DAYS.add(NIGHT.date(), 10))


def reminded_in(house: House) -> list[str]:
    return [str(m["To"]) for m in house.letters() if str(m["X-NES-Intake"]).startswith("reminders/")]


def test_what_is_too_much_for_one_night_goes_in_the_next_and_is_told(house: House) -> None:
    house.more = "[budget]\nreminders_per_night = 2\n"
    house.write()
    due = three_who_forgot(house)
    house.nightly(due)
    assert len(reminded_in(house)) == 2
    report = " ".join(body([m for m in house.letters() if m["X-NES-Intake"] == "nightly"][-1]).split())
    assert "1 kişinin hatırlatması sonraki geceye kaldı" in report
    house.nightly(night_of(DAYS.add(due.date(), 1)))
    assert len(set(reminded_in(house))) == len(reminded_in(house)) == 3
    report = " ".join(body([m for m in house.letters() if m["X-NES-Intake"] == "nightly"][-1]).split())
    assert "sonraki geceye kaldı" not in report


@pytest.mark.parametrize("fault", [TemplateNotFound("replies/_selam.txt"), RecursionError(), KeyError("x")])
def test_a_reminder_that_cannot_be_written_costs_itself_alone(
    fault: Exception, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = three_who_forgot(house)
    good = followup.inform

    def breaks(occasion: str, case: Case, *args: Any, **values: Any) -> Any:
        if case.holder and case.holder.family_name == "Gündoğmuş":
            raise fault
        return good(occasion, case, *args, **values)

    monkeypatch.setattr(followup, "inform", breaks)
    house.nightly(due)
    assert len(reminded_in(house)) == 2
    assert house.ask("SELECT count(*) FROM entry WHERE event='reminded'") == [(2,)]
    report = " ".join(body([m for m in house.letters() if m["X-NES-Intake"] == "nightly"][-1]).split())
    assert f"yazı hazırlanamadı (programda beklenmeyen bir durum, {type(fault).__name__} at" in report
    monkeypatch.undo()
    house.nightly(night_of(DAYS.add(due.date(), 1)))
    assert len(reminded_in(house)) == 3


def test_a_full_disk_is_no_reminders_fault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    due = three_who_forgot(house)

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(followup, "inform", full)
    with pytest.raises(OSError, match="No space"):
        house.nightly(due)
    assert house.ask("SELECT count(*) FROM night") == [(1,)]
