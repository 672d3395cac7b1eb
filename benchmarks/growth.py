"""What a ledger's age costs: a home with so many cases from a seed, and the same day's work in each.

Run it as `python -m benchmarks.growth --cases 1000 10000` from the project's root. It fills the ledger by way
of its own chapters, then times a poll with five mails, a night with fifty, and what people ask. It prints the
seconds on the processor, as a multiple of an empty ledger's too, and by the clock; it judges nothing.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from benchmarks.mailroom import list_mail, shop_for
from pipeline.desk.answers import Visit
from pipeline.desk.lists_page import lists_page
from pipeline.desk.people import Person, Role
from pipeline.desk.sessions import Session
from pipeline.desk.today import today_page
from pipeline.desk.waiting_page import waiting_page
from pipeline.domain import (
    Arrival,
    Batch,
    Consequence,
    Decision,
    Entry,
    Event,
    Evidence,
    Finding,
    Holder,
    LetterState,
    Outcome,
    Place,
    Procedure,
    Receipt,
    Subject,
)
from pipeline.domain.cases import case_number, claim_of, free_number
from pipeline.domain.turkish import IdentityNumber
from pipeline.intake.runs import poll
from pipeline.ledger.book import Ledger, Night
from pipeline.ledger.custody import backup, broken_links
from pipeline.ledger.decisions import Decided
from pipeline.ledger.figures import figures_of
from pipeline.ledger.letters import Planned
from pipeline.night.closing import nightly
from pipeline.office.shop import Shop, at_work
from pipeline.review.history import tell
from pipeline.review.replay import replay
from tests.servers import Box, Certificates, Dovecot, RecordingSmtp

# Cases of a day, and mails and letters of a case: a list, a receipt; two answers and a reminder.
_A_DAY = 30
_DESK = {"/bekleyenler": waiting_page, "/listeler": lists_page, "/bugun": today_page}
_LETTER = b"Subject: x\r\n\r\n" + b"Bu bir iletidir. " * 60


def number_of(index: int) -> IdentityNumber:
    """Makes an identity number whose last two digits are wrong on purpose: nobody bears it."""
    return IdentityNumber(f"{10_000_000_0 + index:09d}00")


@dataclass(frozen=True, slots=True)
class Seconds:
    """What something took: of the processor in this process, and by the clock on the wall."""

    worked: float
    passed: float


class Years:
    """Fills a ledger with the past of an office, a day a transaction.

    Cases are over after so many days; `held` says how many more mails wait for a person.
    """

    def __init__(self, shop: Shop, seed: int, today: datetime, over_after: int = 20) -> None:
        ledger, self._mails, self._over_after = shop.ledger, shop.home.folder / "mail", over_after
        self._ledger, self._dice, self._today = ledger, random.Random(seed), today
        self._run = ledger.begin_run("poll", today - timedelta(days=4000))
        self._uid = 0

    def fill(self, cases: int) -> None:
        """Writes so many cases, the oldest first."""
        days = (cases + _A_DAY - 1) // _A_DAY
        for ago in range(days, 0, -1):
            now = self._today - timedelta(days=ago)
            first = (days - ago) * _A_DAY
            with self._one_transaction():
                self._day(range(first, min(first + _A_DAY, cases)), now, is_over=ago > self._over_after)

    @contextmanager
    def _one_transaction(self) -> Iterator[None]:
        """Has what opens a transaction of its own take part in one for the whole day: it is faster."""
        ledger = self._ledger
        with ledger.transaction():
            ledger.transaction = _nothing  # type: ignore[method-assign]
            try:
                yield
            finally:
                del ledger.transaction

    def _day(self, numbers: range, now: datetime, is_over: bool) -> None:
        ledger, day = self._ledger, now.date()
        self._run = ledger.begin_run("poll", now)
        listed = []
        for index in numbers:
            sender = f"memur{index % 5000}@saglik.example.org"
            holder = Holder(
                file="liste.xls",
                sheet="Liste",
                row=2,
                identity_number=number_of(index),
                given_name="AYŞE",
                family_name=f"KURGU{index}",
                work_email=sender,
            )
            _, case = self._mail(index, "list", sender, now, holder)
            listed.append(case)
            paid, _ = self._mail(index, "receipt", sender, now, holder)
            entry = self._entry(case, index, Event.PAID, day, paid)
            ledger.add_entries([replace(entry, receipt=self._receipt(index, day))], sender)
            self._letter(f"reminders/form/{case}", case, sender, now)
            if is_over:
                ledger.add_entries([self._entry(case, index, Event.CLOSED, day, f"complete/{day}")], "")
        ledger.end_run(self._run, now, "done")
        folded = [found for case in listed if (found := ledger.case(case))]
        last = ledger.last_night()
        number = last.number + 1 if last else 1
        ledger.close_night(Night(day, number, last.until if last else now - timedelta(days=1), now))
        ledger.close_batch(
            Batch(day, 1, tuple(folded), b"x" * 8000), sha256(str(day).encode()).hexdigest(), False, now
        )
        self._letter("batch", f"{day}/1", "liste@kamusm.example.org", now)

    def hold(self, mails: range) -> None:
        """Writes mails with a receipt that waits for a person's word, one for each number."""
        with self._one_transaction():
            for index in mails:
                now = self._today - timedelta(minutes=20 * (mails.stop - index))
                sha, place = self._kept("held", index, f"memur{index % 5000}@saglik.example.org", now)
                receipt = self._receipt(index, now.date())
                finding = Finding(
                    rule="receipt/price-known",
                    consequence=Consequence.HOLD,
                    subject=Subject.RECEIPT,
                    index=0,
                    about="dekont.pdf",
                    field="amount",
                    value="780,00 TL",
                    say="Bu günün fiyatı bilinmiyor.",
                    remedy="Fiyat tarifesine bakılır.",
                    because="tarife",
                )
                case = self._number(sha, index)
                entry = replace(self._entry(case, index, Event.PAID, now.date(), sha), receipt=receipt)
                decision = Decision(
                    Outcome.HELD,
                    Procedure.LOST_OR_STOLEN,
                    Evidence(receipts=(receipt,)),
                    findings=(finding,),
                    withheld=(entry,),
                )
                sender = f"memur{index % 5000}@saglik.example.org"
                self._ledger.enter(Decided(sha, sender, f"Dekont {index}", now, "0" * 12, decision))
                self._ledger.filed([place])

    def _number(self, sha: str, index: int) -> str:
        claim = claim_of(number_of(index), Procedure.LOST_OR_STOLEN)
        return free_number(
            lambda again: case_number(sha, claim, again),
            lambda number: self._ledger.bears_another(number, sha),
        )

    def _kept(self, kind: str, index: int, sender: str, now: datetime) -> tuple[str, Place]:
        raw = f"{kind}/{index}".encode()
        sha = sha256(raw).hexdigest()
        # Not by `Home.keep`, which waits for the disk each time.
        kept = self._mails / sha[:2] / f"{sha}.eml"
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(raw)
        self._uid += 1
        place = Place("olcum", "INBOX", 1, self._uid)
        self._ledger.keep(place, Arrival(sha, raw, now), sender, self._run)
        self._ledger.begin([sha], now)
        return sha, place

    def _mail(self, index: int, kind: str, sender: str, now: datetime, holder: Holder) -> tuple[str, str]:
        ledger = self._ledger
        sha, place = self._kept(kind, index, sender, now)
        case = self._number(sha, index)
        entries: tuple[Entry, ...] = ()
        if kind == "list":
            entries = (replace(self._entry(case, index, Event.LISTED, now.date(), sha), holder=holder),)
        evidence = Evidence(holders=(holder,)) if kind == "list" else Evidence()
        decision = Decision(Outcome.ACCEPTED, Procedure.LOST_OR_STOLEN, evidence, entries=entries)
        ledger.enter(Decided(sha, sender, f"Kayıp e-imza {index}", now, "0" * 12, decision))
        # A few were held once, and settled.
        if self._dice.random() < 0.05:
            ledger.execute("INSERT INTO hold (sha) VALUES (?)", sha)
            ledger.execute(
                "UPDATE hold SET state='accepted', because='x', settled_by='M.', settled_at=? WHERE sha=?",
                *(now.isoformat(), sha),
            )
        self._letter("replies/accepted", sha, sender, now)
        ledger.filed([place])
        return sha, case

    def _letter(self, kind: str, about: str, recipient: str, now: datetime) -> None:
        message_id = f"<{sha256(f'{kind}/{about}'.encode()).hexdigest()[:32]}@saglik.example.org>"
        self._ledger.plan_letter(Planned(message_id, kind, about, recipient, "Yanıt", _LETTER), now)
        letter = self._ledger.letter_named(message_id)
        assert letter is not None
        self._ledger.set_letter_state(letter.id, LetterState.DONE, now, "250 ok", None)

    def _entry(self, case: str, index: int, event: Event, day: date, proof: str) -> Entry:
        return Entry(case, Procedure.LOST_OR_STOLEN, number_of(index), event, day, proof)

    def _receipt(self, index: int, day: date) -> Receipt:
        return Receipt(
            file="dekont.pdf",
            layout="vakifbank-kurumsal",
            digest=sha256(f"slip/{index}".encode()).hexdigest(),
            identity_number=number_of(index),
            amount=Decimal("780.00"),
            paid_on=day,
            reference=f"{index:012d}",
        )


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def a_day(shop: Shop, box: Box, sent: Iterator[int], folder: Path) -> Mapping[str, Seconds]:
    """Times a day's work and what people ask, in seconds; `sent` numbers the mails."""
    spent: dict[str, Seconds] = {}

    def deliver(count: int) -> None:
        for _ in range(count):
            box.deliver(list_mail(next(sent)))

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        begun, worked = time.perf_counter(), time.process_time()
        yield
        spent[name] = Seconds(time.process_time() - worked, time.perf_counter() - begun)

    ledger, home = shop.ledger, shop.home
    ledger.close()
    with timed("open"):
        shop = replace(shop, ledger=Ledger.open(home.ledger_file, home.key))
    ledger = shop.ledger
    at_work(shop)
    poll(shop)
    deliver(5)
    with timed("poll, 5 mails"):
        poll(shop)
    deliver(50)
    poll(shop)
    with timed("night, 50 mails"):
        nightly(shop, shop.today())
    with timed("status"):
        figures_of(ledger, None)
        ledger.counts()
        ledger.open_holds()
    number = next((case.number for case in ledger.open_cases()), "")
    with timed("explain"):
        tell(number, ledger, shop.policy)
    for path, page in _DESK.items():
        visit = Visit(Person("olcum", Role.RELEASER), Session("olcum", shop.clock(), shop.clock()), path)
        with timed(f"desk, {path}"):
            page(shop, visit)
    with timed("replay"):
        replay(shop, shop.today())
    with timed("verify"):
        broken_links(ledger, home)
    for name in ("backup, the first", "backup, the next"):
        with timed(name):
            backup(ledger, home, folder / "backup", shop.clock())
    ledger.close()
    return spent


def main() -> None:
    """Prints the curve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, nargs="*", default=[1000, 10_000], help="sizes beside 0")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rows: dict[int, Mapping[str, Seconds]] = {}
    with tempfile.TemporaryDirectory(prefix="nes-") as place:
        certificates = Certificates(Path(place))
        with Dovecot(certificates) as dovecot, RecordingSmtp(certificates) as smtp:
            for size in (0, *chosen.cases):
                box, folder = dovecot.account(), Path(place) / str(size)
                folder.mkdir()
                sent = iter(range(10_000))
                with shop_for(folder, box, smtp, date.today() - timedelta(days=1), 500) as shop:
                    begun = time.perf_counter()
                    Years(shop, chosen.seed, datetime.now(UTC)).fill(size)
                    filled = time.perf_counter() - begun
                    rows[size] = a_day(shop, box, sent, folder)
                weight = (folder / "home" / "ledger.db").stat().st_size / 1e6
                print(f"{size} cases: filled in {filled:.0f} s, {weight:.0f} MB", flush=True)
    print(
        "| seconds of the processor · of the clock | " + " | ".join(f"{size:,} cases" for size in rows) + " |"
    )
    print("|---|" + "--:|" * len(rows))
    for name in rows[0]:
        base = rows[0][name].worked
        cells = [
            f"{row[name].worked:.2f} ({row[name].worked / base:.1f}×) · {row[name].passed:.2f}"
            for row in rows.values()
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
