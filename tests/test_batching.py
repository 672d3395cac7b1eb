"""On which nights a list goes out, with whom, and what its people are promised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Batching
from pipeline.policy.list_days import ListDays, Waiting, is_list_day, promised_day, select
from pipeline.sandbox.workers import WorkerPool
from tests.house import KAMU_SM, House, body, night_of
from tests.in_order import POLICY, open_case
from tests.mails import ISTANBUL, at
from tests.people import PEOPLE
from tests.servers import Certificates, Dovecot, RecordingSmtp

DAYS = POLICY.working_days
FRIDAY = date(2024, 6, 14)
NINE_DAYS_OFF = date(2024, 6, 19)


def waiting(*moments: datetime) -> list[Waiting]:
    return [
        Waiting(open_case(PEOPLE[n], number=f"N-{n}"), moment) for n, moment in enumerate(moments, start=1)
    ]


# --- the choice ------------------------------------------------------------------------------------


def test_every_night_is_a_list_night_unless_the_office_says_otherwise() -> None:
    saturday = FRIDAY + timedelta(days=1)
    assert is_list_day(saturday, Batching(), DAYS)
    assert not is_list_day(saturday, Batching(only_working_days=True), DAYS)


def test_weekly_is_the_last_working_day() -> None:
    weekly = Batching(is_weekly=True)
    days = [FRIDAY + timedelta(days=n) for n in range(-4, 17)]
    # The week of the feast has no working day, and no list.
    assert [d for d in days if is_list_day(d, weekly, DAYS)] == [FRIDAY, date(2024, 6, 28)]


def test_a_list_that_was_owed_is_made_up() -> None:
    weekly = Batching(is_weekly=True)
    cases = waiting(at("2024-06-12"))
    missed = select(date(2024, 6, 15), date(2024, 6, 13), cases, (), ListDays(weekly, DAYS))
    assert [c.number for c in missed.cases] == ["N-1"]
    was_there = select(date(2024, 6, 15), FRIDAY, cases, (), ListDays(weekly, DAYS))
    assert (was_there.why_none, was_there.next_day) == ("not_today", date(2024, 6, 28))


def test_who_comes_after_the_cut_off_goes_next_time() -> None:
    plan = Batching(cutoff=time(17, 0))
    chosen = select(
        FRIDAY, None, waiting(at("2024-06-14", "16:59"), at("2024-06-14", "17:00")), (), ListDays(plan, DAYS)
    )
    assert ([c.number for c in chosen.cases], [c.number for c in chosen.late]) == (["N-1"], ["N-2"])
    next_night = select(
        FRIDAY + timedelta(days=1), FRIDAY, waiting(at("2024-06-14", "17:00")), (), ListDays(plan, DAYS)
    )
    assert len(next_night.cases) == 1


def test_few_wait_but_nobody_for_ever() -> None:
    plan = Batching(least=3, longest_wait=2)
    two = waiting(at("2024-06-10"), at("2024-06-11"))
    gone = [
        day
        for day in (date(2024, 6, n) for n in range(10, 15))
        if select(day, None, two, (), ListDays(plan, DAYS)).cases
    ]
    # Two working days after Monday the 10th are over on the 12th.
    assert gone == [date(2024, 6, 12), date(2024, 6, 13), date(2024, 6, 14)]
    assert select(date(2024, 6, 11), None, two, (), ListDays(plan, DAYS)).why_none == "too_few"
    three = waiting(at("2024-06-10"), at("2024-06-11"), at("2024-06-11"))
    assert len(select(date(2024, 6, 11), None, three, (), ListDays(plan, DAYS)).cases) == 3


def test_the_disputed_stay_behind_and_count_for_nobody() -> None:
    chosen = select(
        FRIDAY, None, waiting(at("2024-06-14"), at("2024-06-14")), {"N-1"}, ListDays(Batching(least=2), DAYS)
    )
    assert ([c.number for c in chosen.disputed], chosen.why_none) == (["N-1"], "too_few")


# --- the promise -----------------------------------------------------------------------------------

plans = st.builds(
    Batching,
    is_weekly=st.booleans(),
    only_working_days=st.booleans(),
    cutoff=st.sampled_from([None, time(9), time(17)]),
    least=st.sampled_from([1, 4]),
    longest_wait=st.integers(1, 7),
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=ISTANBUL)
)


@given(moments, plans)
@settings(deadline=None, max_examples=120)
def test_what_is_promised_is_kept(accepted_at: datetime, plan: Batching) -> None:
    promised = promised_day(accepted_at, plan, DAYS) or accepted_at.date() + timedelta(days=1)
    day = accepted_at.date() - timedelta(days=accepted_at.time() < plan.night_at)
    alone = waiting(accepted_at)
    while True:
        day += timedelta(days=1)
        if select(day, day - timedelta(days=1), alone, (), ListDays(plan, DAYS)).cases:
            break
    assert day <= promised
    if promised_day(accepted_at, plan, DAYS):
        assert day == promised, "alone one waits as long as it can take, and no shorter"


def test_the_plain_case_promises_the_first_list() -> None:
    assert promised_day(at("2024-06-14"), Batching(), DAYS) is None


def test_who_writes_after_the_weeks_list_is_told_the_next() -> None:
    weekly = Batching(is_weekly=True)
    assert promised_day(at("2024-06-14", "23:29"), weekly, DAYS) == FRIDAY
    assert promised_day(at("2024-06-14", "23:31"), weekly, DAYS) == date(2024, 6, 28)


# --- through the front door ------------------------------------------------------------------------


@pytest.fixture
def office(
    tmp_path: Path, dovecot: Dovecot, certificates: Certificates, readers: WorkerPool
) -> Iterator[Callable[[str], House]]:
    """Makes an office with a [batch] section of its own, and five people's list in its mailbox."""
    with RecordingSmtp(certificates, "none") as smtp:

        def make(batch: str) -> House:
            house = House(tmp_path, dovecot.account(), smtp, readers, more=f"[batch]\n{batch}")
            house.deliver("accepted/list-of-five")
            house.poll(at("2024-06-12", "10:00"))
            return house

        yield make


def to(house: House, recipient: str) -> list[str]:
    return [str(m["Subject"]) for m in house.letters() if m["To"] == recipient]


def reports(house: House) -> list[str]:
    return [body(m) for m in house.letters() if m["X-NES-Intake"] == "nightly"]


def test_a_weekly_list_waits_for_friday_and_everybody_is_told(office: Callable[[str], House]) -> None:
    house = office('when = "weekly"')
    for n in (12, 13, 14):
        house.nightly(night_of(date(2024, 6, n)))
    (answer, *_) = house.letters()
    assert "14 Haziran 2024 Cuma günü" in squeezed(body(answer))
    assert "ilk listeye" not in body(answer)
    wednesday, thursday, friday = reports(house)
    assert "Bu gece liste günü değil" in wednesday
    assert "Sıradaki liste günü 14.06.2024 Cuma" in squeezed(wednesday)
    assert len(re.findall(r"\bN-\w{8}\b", thursday)) == 5
    assert "2024-06-14/1 numaralı liste 5 kişiyle" in squeezed(friday)
    assert to(house, KAMU_SM) == ["14.06.2024 günlü kayıp/çalıntı NES başvuru listesi (2024-06-14/1, 5 kişi)"]


def test_a_long_list_becomes_several_of_one_night(office: Callable[[str], House]) -> None:
    house = office("most = 2")
    house.nightly(night_of(date(2024, 6, 12)))
    assert [re.findall(r"\((.+), (\d) kişi\)", subject) for subject in to(house, KAMU_SM)] == [
        [("2024-06-12/1", "2")],
        [("2024-06-12/2", "2")],
        [("2024-06-12/3", "1")],
    ]
    batched = house.ask("SELECT proof, count(*) FROM entry WHERE event='batched' GROUP BY proof ORDER BY 1")
    assert batched == [("2024-06-12/1", 2), ("2024-06-12/2", 2), ("2024-06-12/3", 1)]
    (report,) = [m for m in house.letters() if m["X-NES-Intake"] == "nightly"]
    assert sum("nes-listesi" in str(p.get_filename()) for p in report.iter_attachments()) == 3
    house.nightly(night_of(date(2024, 6, 13)))
    assert len(to(house, KAMU_SM)) == 3


def test_after_the_cut_off_one_goes_on_the_next_list(office: Callable[[str], House]) -> None:
    house = office("cutoff = 09:30:00")
    house.nightly(night_of(date(2024, 6, 12)))
    assert to(house, KAMU_SM) == []
    assert "Kabul saatinden sonra" in reports(house)[0]
    assert "13 Haziran 2024 Perşembe günü" in squeezed(body(house.letters()[0]))
    house.nightly(night_of(date(2024, 6, 13)))
    assert len(to(house, KAMU_SM)) == 1


def test_too_few_wait_until_their_days_are_over(office: Callable[[str], House]) -> None:
    house = office("least = 6\nlongest_wait_days = 2\nonly_working_days = true")
    for n in (12, 13):
        house.nightly(night_of(date(2024, 6, n)))
    assert to(house, KAMU_SM) == []
    assert "en az sayısına ulaşmadı" in squeezed(reports(house)[0])
    assert "en geç 14 Haziran 2024 Cuma günü" in squeezed(body(house.letters()[0]))
    house.nightly(night_of(FRIDAY))
    assert len(to(house, KAMU_SM)) == 1


def test_a_weeks_list_that_a_stop_kept_back_goes_out_after_it(office: Callable[[str], House]) -> None:
    house = office('when = "weekly"')
    house.nightly(night_of(date(2024, 6, 13)))
    stopped = "INSERT INTO stop (at, kind, name, hit, among) VALUES (?, 'fault', 'x', 9, 10)"
    settled = "UPDATE stop SET settled_at=?, settled_by='x', because='x', word='send'"
    for statement, night in ((stopped, FRIDAY), (settled, FRIDAY + timedelta(days=1))):
        moment = datetime.combine(night, time(9), ISTANBUL)
        with house.opened(moment) as shop, shop.ledger.transaction():
            shop.ledger.execute(statement, shop.clock().isoformat())
        house.nightly(night_of(night))
    assert [re.findall(r"\((\S+), ", subject)[0] for subject in to(house, KAMU_SM)] == ["2024-06-15/1"]


def squeezed(text: str) -> str:
    return " ".join(text.split())
