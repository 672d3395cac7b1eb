"""Days of an office drawn by chance from a seed: mails, officials' words, nights and resumes in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from pipeline.acts.acting import Act
from pipeline.acts.releasing import release_list
from pipeline.acts.taking_in import take_in
from pipeline.domain import Arrival, Event, Place
from pipeline.domain.breaker import Cause
from pipeline.domain.cases import receipt_key
from pipeline.domain.faults import OperatorFault
from pipeline.domain.turkish import upper
from pipeline.intake.runs import decide_all
from pipeline.ledger import stops
from pipeline.ledger.book import Ledger
from pipeline.ledger.home import Home
from pipeline.mail.unpack import sender_of
from pipeline.night.closing import close_night
from pipeline.office.settings import load_settings
from pipeline.office.shop import Run, Shop, at_work
from tests.house import MORNING, SETTINGS, policy_of
from tests.letters import list_mail, list_of, writes
from tests.letters.receipts import BILL, paid, receipt_mail
from tests.mails import XLS, Envelope, attached, mail, mixed, plain
from tests.people import Person, person
from tests.power import HERE
from tests.receipt_material import receipt_pdf
from tests.words_said import say

FOREIGNERS = (person("Noura Haddadi"), person("Elvin Rzazadeh"))
STAFF = (person("Ayşe Karaağaçlı"), person("Hülya Şimşekoğlu"), person("Özgür Hatipkaya"))
OUTSIDER = person("Recep Büyükırmak")
PAPERS = Act("M. Memur", "", None)
# What an official may be told instead of a deed; anything else is a fault.
REFUSALS = ("settle_stale", "nothing_withheld")


@contextmanager
def an_office(folder: Path, more: str = "") -> Iterator[Shop]:
    """Opens a home of its own without servers."""
    for secret in ("imap", "smtp"):
        (folder / secret).write_text("x")
        (folder / secret).chmod(0o600)
    text = SETTINGS.format(
        home=folder / "home", imap_port=1, imap_security="none", user="x", imap_secret=folder / "imap",
        trusted="", smtp_port=1, seconds=1, smtp_security="none", smtp_login="", more=more,
    )  # fmt: skip
    (folder / "settings.toml").write_text(text, encoding="utf-8")
    settings = load_settings(folder / "settings.toml")
    home = Home(settings.home)
    policy = policy_of(settings.rules, settings.reports, settings.office)
    ledger = Ledger.open(home.ledger_file, home.key)
    # The disk has no part in this.
    ledger.execute("PRAGMA synchronous=OFF")
    try:
        yield at_work(Shop(settings, policy, home, ledger, HERE, lambda: MORNING.astimezone(UTC)))
    finally:
        ledger.close()


@dataclass
class Days:
    """An office at work: the clock, what was done so far, and what must still be waiting."""

    shop: Shop
    dice: Random
    now: datetime = MORNING
    done: list[str] = field(default_factory=list)
    heard: int = 0

    def at_now(self) -> Shop:
        """Gives the shop with its clock at this moment."""
        return replace(self.shop, clock=lambda: self.now.astimezone(UTC))

    def step(self) -> None:
        """Does one thing by chance."""
        deeds: dict[Callable[[], str], int] = {
            self.a_list: 5,
            self.a_receipt: 4,
            self.a_withdrawal: 1,
            self.two_rows: 2,
            self.a_word: 7,
            self.a_night: 2,
            self.a_stop: 1,
            self.papers: 1,
            self.a_release: 1,
        }
        deed = self.dice.choices(list(deeds), list(deeds.values()))[0]
        self.now += timedelta(minutes=self.dice.randint(1, 90))
        self.done.append(f"{self.now:%d.%m. %H:%M} {deed.__name__}: {deed()}")

    # --- what comes ----------------------------------------------------------------------------

    def hears(self, raw: bytes) -> str:
        """Keeps a mail and judges it."""
        shop = self.at_now()
        self.heard += 1
        place = Place("basvuru", "INBOX", 1, self.heard)
        run = shop.ledger.begin_run("poll", shop.clock())
        arrival = Arrival(shop.home.keep(raw), raw, self.now)
        shop.ledger.keep(place, arrival, sender_of(raw), run)
        decide_all(shop)
        judged = shop.ledger.judged(arrival.sha)
        return f"{judged.number} {judged.decision.outcome}" if judged else "kept"

    def anybody(self) -> Person:
        return self.dice.choice((*FOREIGNERS, *STAFF))

    def a_list(self) -> str:
        who, others = self.anybody(), self.dice.random() < 0.2
        changes = self.dice.choice(({}, {}, {"term_years": 5}, {"workplace": "BAŞKA BİRİM"}))
        if others:
            form = attached(list_of(who, **changes), XLS, "liste.xls")
            envelope = Envelope(writes(OUTSIDER), "Kayıp e-imza", self.now)
            return self.hears(mail(envelope, mixed(plain("Arkadaşımın formu ektedir.\n"), form)))
        return self.hears(list_mail(who, self.now, **changes))

    def two_rows(self) -> str:
        one, two = self.dice.sample(STAFF[:2], 2)
        form = attached(list_of(one, two, term_years=self.dice.choice((3, 5))), XLS, "liste.xls")
        envelope = Envelope(writes(one), "Kayıp e-imza listesi", self.now)
        return self.hears(mail(envelope, mixed(plain("Listemiz ektedir.\n"), form)))

    def a_receipt(self) -> str:
        """A receipt of four payments in all: early, late, of another person, of a time without a price."""
        who, number = self.anybody(), self.dice.randrange(4)
        facts = paid(who, self.dice.choice(("2024-06-13T11:05:05", "2026-03-02T11:05:05")), number)
        if self.dice.random() < 0.2:
            facts = replace(facts, name=upper(OUTSIDER.name))
        return self.hears(receipt_mail(who, self.now, receipt_pdf(BILL, facts)))

    def a_withdrawal(self) -> str:
        who = self.anybody()
        envelope = Envelope(writes(who), "Kartım bulundu", self.now)
        return self.hears(mail(envelope, plain("Merhaba, e-imza kartımı buldum, başvurumu iptal ediniz.\n")))

    def waiting(self) -> set[str]:
        """Names the mails that wait for an official."""
        return {held.number for held in self.shop.ledger.open_holds()}

    # --- what officials do ---------------------------------------------------------------------

    def a_word(self) -> str:
        """Settles one of the open holds, as a whole or one case of it."""
        holds = self.shop.ledger.open_holds()
        if not holds:
            return "nothing waits"
        held, word = self.dice.choice(holds), self.dice.choice(("accept", "accept", "accept", "return"))
        withheld = [e.case for e in held.decision.withheld]
        if word == "accept" and not withheld:
            word = "return"
        case = self.dice.choice(["", *withheld])
        told = f"{held.number} {case} {word}"
        verdict = "accept" if word == "accept" else "return"
        try:
            say(self.at_now(), held, verdict, "bakıldı", "M. Memur", case)
        except OperatorFault as fault:
            if fault.name not in REFUSALS or held.number not in self.waiting():
                raise
            return f"{told}: {fault}"
        left = [j for j in self.shop.ledger.open_holds() if j.number == held.number]
        assert not (left and not case), "the whole mail was decided"
        assert not [e for j in left for e in j.decision.withheld if e.case == case], "that case was decided"
        return told

    def a_night(self) -> str:
        day = self.now.date()
        self.now = max(
            self.now, datetime.combine(day, MORNING.time(), MORNING.tzinfo).replace(hour=23, minute=45)
        )
        shop = self.at_now()
        night = close_night(shop, day, Run(shop, "nightly", shop.clock()))
        self.now += timedelta(hours=9)
        return str(night and night.number)

    def a_stop(self) -> str:
        """The breaker stops the last mails; a person looks, and has them judged again or lets them go."""
        ledger, at = self.shop.ledger, self.now.astimezone(UTC)
        rows = ledger.query("SELECT sha FROM decision ORDER BY rowid DESC LIMIT ?", self.dice.randint(1, 5))
        stops.stop(ledger, Cause("refusal", "holder/name", 8, 8), [row["sha"] for row in rows], at)
        stop = stops.open_stop(ledger)
        assert stop
        word: stops.GoOn = self.dice.choice(("again", "again", "send"))
        count = stops.go_on(ledger, stop, stops.WentOn(word, "bakıldı", "M. Memur", at))
        decide_all(self.at_now())
        return f"{word} {count}"

    def papers(self) -> str:
        cases = [c for c in self.shop.ledger.all_cases() if c.receipt and not c.is_closed]
        return (
            str(take_in(self.at_now(), [self.dice.choice(cases).number], PAPERS).closed) if cases else "none"
        )

    def a_release(self) -> str:
        waiting = self.shop.ledger.unreleased()
        if not waiting:
            return "none waits"
        row = self.dice.choice(waiting)
        try:
            return str(release_list(self.at_now(), f"{row['day']}/{row['number']}", PAPERS).count)
        except OperatorFault as fault:
            # A held mail may take somebody off the list: it waits, and that is said.
            if fault.name != "release_disputed":
                raise
            return str(fault)

    # --- what must hold ------------------------------------------------------------------------

    def wrong(self) -> list[str]:
        """Lists what contradicts what is promised, whatever came and was said."""
        ledger = self.shop.ledger
        cases = ledger.all_cases()
        entries = [e for case in cases for e in ledger.entries_of(case.number)]
        listed = ledger.query(
            "SELECT b.day, e.identity_number, count(*) AS n FROM batch_row b JOIN entry e "
            "ON e.case_number=b.case_number AND e.event='listed' GROUP BY 1, 2 HAVING n>1"
        )
        open_cases = Counter((c.identity_number, c.procedure) for c in cases if not c.is_closed)
        spent = Counter(receipt_key(e.receipt) for e in entries if e.receipt)
        answers = ledger.query(
            "SELECT about, count(*) AS n FROM letter "
            "WHERE kind IN ('accepted', 'returned', 'held', 'guided') GROUP BY about HAVING n>1"
        )
        shunted = ledger.query("SELECT number, shunt FROM decision WHERE shunt<>''")
        unanswered = ledger.query(
            "SELECT number FROM decision d WHERE silence='' AND outcome<>'ignored' "
            "AND NOT EXISTS (SELECT 1 FROM letter WHERE about=d.sha)"
        )
        held = ledger.query(
            "SELECT number FROM decision LEFT JOIN hold USING (sha) WHERE outcome='held' AND hold.sha IS NULL"
        )
        undone = ledger.query(
            "SELECT key FROM spent WHERE case_number NOT IN (SELECT case_number FROM entry)"
        )
        numbers = Counter(row["number"] for row in ledger.query("SELECT number FROM decision"))
        return [
            *(f"{row['identity_number'][:3]} twice on {row['day']}" for row in listed),
            *(f"{n} open cases of {who}" for (who, _), n in open_cases.items() if n > 1),
            *(f"receipt spent {n} times" for n in spent.values() if n > 1),
            *(f"{len(spent)} receipts, {self._spent()} spent" for _ in [0] if len(spent) != self._spent()),
            *(f"{row['n']} answers to {row['about'][:8]}" for row in answers),
            *(f"{row['number']}: {row['shunt']}" for row in shunted),
            *(f"{row['number']} has no answer" for row in unanswered),
            *(f"{row['number']} is held and does not wait" for row in held),
            *(f"{row['key'][:8]} is spent on nothing" for row in undone),
            *(f"{number} twice" for number, n in numbers.items() if n > 1),
            *(f"{c.number} begins with {c.events[0]}" for c in cases if c.events[0] not in _BEGINNINGS),
        ]

    def _spent(self) -> int:
        return int(self.shop.ledger.query("SELECT count(*) AS n FROM spent")[0]["n"])


_BEGINNINGS = (Event.LISTED, Event.PAID)
