"""demo: a whole day on an embedded mailbox and mail server, with the fixtures as mail."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic

from pipeline.domain import Outcome
from pipeline.domain.faults import OperatorFault
from pipeline.intake.runs import Tally, poll
from pipeline.ledger.book import Night
from pipeline.night.closing import night_due, nightly
from pipeline.office.settings import Settings, load_settings
from pipeline.office.shop import Shop
from pipeline.policy.places import REPORTS, RULES
from pipeline.policy.policy import load_policy
from pipeline.review import invented_office
from pipeline.review.demo_files import write_index, write_letters, write_settings
from pipeline.review.embedded import EmbeddedMailbox, EmbeddedSmtp

FIXTURES = RULES.parent / "mailbox_fixtures"
# The fixtures' mails are of these weeks, the last ones whose tariff is publicly known.
DEMO_DAY = date(2024, 6, 14)
# The morning after, on which its desk is opened.
NEXT_MORNING = datetime(2024, 6, 15, 6, 0, tzinfo=UTC)
# Who pays has been on a list before: the lists of these payments came in May.
_EARLIER_DAY = date(2024, 5, 17)
_NIGHT = time(23, 45)
_POLLS = (time(9, 0), time(12, 30), time(16, 0), time(19, 30))


@dataclass(frozen=True, slots=True)
class Shown:
    """What the terminal shows at the end."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    closing: Sequence[str]


Opener = Callable[[Settings], AbstractContextManager[Shop]]


def run_day(output: Path, opened: Opener, tell: Callable[[str], None]) -> Shown:
    """Plays the day and writes letters, list and report into `output`."""
    if not FIXTURES.is_dir():
        raise OperatorFault("demo_without_fixtures", folder=FIXTURES)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    policy = load_policy(RULES, REPORTS, invented_office.OFFICE)
    words = policy.texts.words
    say = words["demo"]
    with EmbeddedMailbox() as mailbox, EmbeddedSmtp() as smtp:
        file = write_settings(output, mailbox, smtp)
        settings = load_settings(file)
        with opened(settings) as shop:
            earlier, rounds = _rounds()
            _hear(shop, mailbox, earlier, datetime.combine(_EARLIER_DAY, _POLLS[0], settings.zone))
            # The eve as well, or the day's report would tell of nights that the demo leaves out.
            for day in (_EARLIER_DAY, DEMO_DAY - timedelta(days=1)):
                _close(shop, datetime.combine(day, _NIGHT, settings.zone))
            tell(say["earlier"].format(day=f"{_EARLIER_DAY:%d.%m.%Y}", heard=len(earlier)))
            mailed = len(smtp.received)
            for at, mails in zip(_POLLS, rounds, strict=True):
                tally = _hear(shop, mailbox, mails, datetime.combine(DEMO_DAY, at, settings.zone))
                tell(say["polled"].format(at=f"{at:%H:%M}", heard=tally.heard, posted=tally.posted))
            night = _close(shop, datetime.combine(DEMO_DAY, _NIGHT, settings.zone))
            tell(say["night"])
            outcomes = Counter(
                j.decision.outcome for j in shop.ledger.judged_between(night.since, night.until)
            )
            balance = shop.ledger.balance(night.since, night.until)
            number = shop.ledger.open_holds()[0].number
        letters = write_letters(output, [r.raw for r in smtp.received[mailed:]])
    title = say["title"].format(day=f"{DEMO_DAY:%d.%m.%Y}")
    index = write_index(output, letters, file, title, policy)
    return Shown(
        title=title,
        headings=(say["outcome"], say["count"]),
        rows=[
            *((words["outcomes"][o], str(outcomes[o])) for o in Outcome),
            (say["duplicates"], str(balance["duplicates"])),
            (say["heard"], str(balance["heard"])),
        ],
        closing=[say["index"].format(file=index), *_to_try(say, file, number)],
    )


def _to_try(say: Mapping[str, str], settings: Path, number: str) -> Iterator[str]:
    """Tells what can be tried on the day that was played, by its settings and a mail that waits."""
    yield say["settings"].format(file=settings)
    for command in say["try"].split("\n"):
        yield "  " + command.format(program=_program(), file=settings, number=number)
    yield say["desk"].format(settings=settings)


def _program() -> str:
    """Names this program as a shell finds it from here; a virtual environment need not be active."""
    ours, found = Path(sys.executable).parent / "nes-intake", shutil.which("nes-intake")
    if (found and Path(found).samefile(ours)) or not ours.exists():
        return "nes-intake"
    return str(ours.relative_to(Path.cwd()) if ours.is_relative_to(Path.cwd()) else ours)


def _hear(shop: Shop, mailbox: EmbeddedMailbox, mails: Sequence[Path], moment: datetime) -> Tally:
    for mail in mails:
        mailbox.deliver(mail.read_bytes(), moment)
    return poll(_at(shop, moment))


def _close(shop: Shop, moment: datetime) -> Night:
    late = _at(shop, moment)
    # The clock is the play's own, and weeks lie between its days.
    night = nightly(late, night_due(late), "sure")
    assert night is not None
    shop.home.date_beat(moment)
    return night


def _rounds() -> tuple[list[Path], list[list[Path]]]:
    """Deals out the mails of the earlier day and of the day's polls; a conversation goes on poll by poll."""
    day = tomllib.loads((FIXTURES / "demo-day.toml").read_text(encoding="utf-8"))
    earlier: list[Path] = []
    rounds: list[list[Path]] = [[] for _ in _POLLS]
    for name in (*day["begun_earlier"], *day["mails"]):
        place = FIXTURES / name
        mails = sorted(place.glob("*.eml")) if place.is_dir() else [place]
        if name in day["begun_earlier"]:
            earlier.append(mails.pop(0))
        for number, mail in enumerate(mails):
            rounds[number].append(mail)
    return earlier, rounds


def _at(shop: Shop, moment: datetime) -> Shop:
    began = monotonic()
    return replace(shop, clock=lambda: (moment + timedelta(seconds=monotonic() - began)).astimezone(UTC))
