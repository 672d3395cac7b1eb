"""The short form of the drill: a sample of its points under a fixed seed, and all points in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drill.certificate import QUICK_SCHEDULES, QUICK_SEED, QUICK_STRIDE, Certificate, Plan, certify
from drill.desk_acts import KEPT, not_as_posted, untold
from drill.desk_acts import play as play_officials
from drill.points import kills
from drill.schedules import WEIGHTS, Fault, draw, play
from drill.service import offices, verdict_of
from drill.stage import Theatre, judge, on_stage
from drill.words import officials
from tests.servers import Certificates, Dovecot


@pytest.fixture(scope="module")
def theatre(certificates: Certificates, dovecot: Dovecot) -> Iterator[Theatre]:
    with on_stage(certificates, dovecot) as theatre:
        yield theatre


# Some thirty days, of two seconds of processors each: with twenty other tasks on it, a machine takes minutes.
@pytest.mark.timeout(1200)
def test_a_sample_of_the_drill_loses_nothing_and_does_nothing_twice(
    theatre: Theatre, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = Certificate()
    for played in certify(theatre, Plan(QUICK_SEED, 0, QUICK_SCHEDULES, QUICK_STRIDE)):
        certificate.add(played)

    lines, told = certificate.lines.values(), capsys.readouterr().out
    assert all(line.is_clean for line in lines), told
    assert all(line.tried for line in lines), told
    assert sum(line.tried for line in lines) > 20


def test_with_copies_of_our_own_no_letter_stays_in_doubt(theatre: Theatre) -> None:
    """At the dot, after it and before the note about it: without copies, the list would stay in doubt."""
    points = kills(theatre).points
    dots = [at for at, (name, _) in enumerate(points) if name == "before smtp the dot"]
    assert len(dots) == 6

    # An answer, the list for Kamu SM, the report.
    for dot in (dots[0], dots[4], dots[5]):
        for at in (dot, dot + 1, dot + 10):
            name, play = points[at]
            verdict = play(theatre)
            assert verdict.is_clean, (at, name, verdict)
        assert points[dot + 10][0] == "before sql COMMIT"


def test_officials_between_the_mails_lose_and_double_nothing(theatre: Theatre) -> None:
    """A stopped run judged again, a person held twice, equal numbers; the others belong to the long form."""
    points = officials(theatre).points
    for name, played in points[7 :: len(points) // 3]:
        verdict = played(theatre)
        assert verdict.is_clean, (name, verdict)


def test_the_drill_sees_what_is_lost_twice_or_out_of_place(theatre: Theatre) -> None:
    good = theatre.expected
    answered, *_ = good.answers
    person, *_ = good.rows
    place, mails = next((place, mails) for place, mails in good.places.items() if mails)
    less = {name: n for name, n in good.answers.items() if name != answered}

    assert judge(good, good, kills=0).is_clean
    assert judge(replace(good, answers=less), good, kills=1).lost == 1
    assert judge(replace(good, answers={**good.answers, answered: 2}), good, kills=1).doubled == 1
    assert judge(replace(good, rows={**good.rows, person: 2}), good, kills=1).doubled == 1
    assert judge(replace(good, rows={}), good, kills=1).lost == len(good.rows)
    assert judge(replace(good, places={**good.places, place: mails[1:]}), good, kills=1).lost == 1
    assert not judge(replace(good, wrong=("a contradiction",)), good, kills=1).is_clean
    # Set aside is no answer: once for a mail that was killed twice, never after a single kill.
    aside = replace(good, answers=less, crashed=frozenset({answered}))
    assert judge(aside, good, kills=2).is_clean
    assert not judge(aside, good, kills=1).is_clean


def test_the_drill_sees_an_office_that_was_lost_or_answered_twice(theatre: Theatre, tmp_path: Path) -> None:
    with offices(theatre, tmp_path) as houses:
        for name, house in houses.items():
            verdict = verdict_of(name, house)
            assert (verdict.lost, verdict.doubled, len(verdict.wrong)) == (2, 0, 2), verdict
        house = houses["bursa"]
        house.poll(house.morning)
        assert verdict_of("bursa", house).is_clean
        house.smtp.received += house.smtp.received[-1:]
        assert verdict_of("bursa", house).doubled == 1
        # What it wrote is nobody else's.
        assert verdict_of("corum", houses["corum"]).lost == 2


# With the key kept both times, and with the key lost the second time.
@pytest.mark.parametrize("seed", [6, 36])
def test_what_officials_did_comes_back_after_the_disk_is_lost(theatre: Theatre, seed: int) -> None:
    verdict = play_officials(theatre, seed)
    assert verdict.is_clean, verdict


def test_the_drill_sees_what_officials_did_and_is_not_there_again() -> None:
    nothing: dict[str, list[tuple[object, ...]]] = {name: [] for name in KEPT}
    act = ("<1@x>", "then", "settle", "G-1", "A. Bir", "bakıldı", "{}")
    settled = ("sha", "holder/0", "N-1", "returned", "bakıldı", "A. Bir", "then")
    letter = ("<2@x>", "settled-returned/N-1", "done", "memur@example.org", "sha")
    was = {**nothing, "acts": [act], "settlements": [settled], "letters": [letter]}

    assert list(not_as_posted(was, was, {"<1@x>"})) == []
    assert len(list(not_as_posted(was, nothing, {"<1@x>"}))) == 2
    # What was not posted yet is lost with the disk, and must not be there by half.
    assert list(not_as_posted(was, nothing, set())) == []
    assert len(list(not_as_posted(nothing, was, set()))) == 2
    # Without the key a letter has to do: what it told of may not be decided once more.
    assert list(untold(was, was, {"<2@x>"})) == []
    assert len(list(untold(was, nothing, {"<2@x>"}))) == 1
    assert list(untold(was, nothing, {"<1@x>"})) == []


def test_a_seed_and_a_number_are_the_same_day_again() -> None:
    assert draw(1, 2) == draw(1, 2)
    # Each kind comes up sooner or later.
    assert {f.kind for n in range(200) for f in draw(1, n)} == set(WEIGHTS)
    assert draw(1, 2) != draw(1, 3)
    assert draw(1, 2) != draw(2, 2)


@pytest.mark.parametrize(("step", "at"), [(0, 5), (2, 2), (3, 3)])
def test_a_server_that_takes_nothing_for_a_while_loses_none(theatre: Theatre, step: int, at: int) -> None:
    verdict = play(theatre, [Fault(step, "SMTP mood", at, "server", "dot", "")])
    assert verdict.is_clean, verdict
