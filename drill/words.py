"""A day with officials in it: a stopped run judged again, words about what is held twice, equal numbers.

The power fails before every effect of it; afterwards the officials say the same once more, as one does who
has not seen an answer.
"""

from __future__ import annotations

from datetime import timedelta

from drill.points import Family, unforeseen
from drill.stage import CALM, Count, Theatre, Verdict, count, judge
from drill.stage import MAILS_FOR_OFFICIALS as MAILS
from tests.house import MORNING, NIGHT, House
from tests.power import Step

# Every process of the day makes numbers that are nearly all equal.
CROWDED: Step = ("crowded", MORNING)
STOPPED: tuple[Step, ...] = (CROWDED, ("poll", MORNING))
DAY: tuple[Step, ...] = (
    CROWDED,
    ("again", MORNING + timedelta(hours=1)),
    ("poll", MORNING + timedelta(hours=2)),
    ("accept", MORNING + timedelta(hours=3)),
    ("poll", MORNING + timedelta(hours=4)),
    ("nightly", NIGHT),
)
REST: tuple[Step, ...] = (
    CROWDED,
    ("again", NIGHT + timedelta(minutes=1)),
    ("poll", NIGHT + timedelta(minutes=2)),
    ("accept", NIGHT + timedelta(minutes=3)),
    *CALM,
)


def officials(theatre: Theatre) -> Family:
    """SIGKILL before every effect of an office's own steps."""
    expected, effects = _undisturbed(theatre)
    points = [
        (f"before {effect}", lambda theatre, at=at: _kill(theatre, at, expected))
        for at, effect in enumerate(effects)
    ]
    return Family("SIGKILL among words", points)


def _undisturbed(theatre: Theatre) -> tuple[Count, list[str]]:
    with theatre.house(MAILS) as house:
        _stopped(theatre, house)
        effects = theatre.powered.play(house.file, DAY, is_counted=True).effects
        assert theatre.powered.play(house.file, REST).codes == [0]
        expected = count(house, MAILS)
    assert not expected.wrong, expected.wrong
    # The foreigner, both of the two held rows, and the ordinary list: each once, whatever was held twice.
    assert sorted(expected.rows.values()) == [1] * 4, expected.rows
    return expected, effects


def _stopped(theatre: Theatre, house: House) -> None:
    """Has everything judged and no letter handed in, as when the breaker stops a run."""
    theatre.smtp.fail("connect", "421 4.3.2 not now")
    theatre.powered.play(house.file, STOPPED)
    theatre.smtp.faults.clear()


def _kill(theatre: Theatre, at: int, expected: Count) -> Verdict:
    with theatre.house(MAILS) as house:
        _stopped(theatre, house)
        codes = theatre.powered.play(house.file, DAY, at).codes
        codes += theatre.powered.play(house.file, REST).codes
        verdict = judge(count(house, MAILS), expected, kills=1)
        odd = [f"exit code {code}" for code in unforeseen(codes)]
        return Verdict(verdict.lost, verdict.doubled, verdict.set_aside, (*verdict.wrong, *odd))
