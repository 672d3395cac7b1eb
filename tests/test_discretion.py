"""No word to the wrong eyes: two units, a colleague and a stranger go through every kind of letter."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest

from pipeline.domain import Arrival, Event, Outcome
from pipeline.judging.discretion import without_numbers
from pipeline.ledger.book import Judged, StoredLetter
from pipeline.letters.settled import Refusal, Verdicts, answer_settled
from pipeline.mail.unpack import unpack
from pipeline.sandbox.workers import WorkerPool
from tests.desk import MONDAY, Desk, said
from tests.letters import list_of, writes
from tests.letters.receipts import BILL, paid
from tests.mails import PDF, XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import PEOPLE, WRONG_TENTH, Person, person
from tests.receipt_material import receipt_pdf
from tests.workbooks import entry, official, xls

AYSE, HULYA, HALIL = (person(n) for n in ("Ayşe Karaağaçlı", "Hülya Şimşekoğlu", "İbrahim Halil Küçükdere"))
# Of the same unit, and nowhere in the ledger.
NOBODY = person("Tuğba Demirağaç")
OWN_UNIT = Sender("Çınarlı Personel", "personel@hastane1.saglik.example.org")
OTHERS: Mapping[str, Sender] = {
    "another unit": Sender("Göksu Personel", "personel@hastane2.saglik.example.org"),
    "a colleague": Sender("Bir Arkadaş", "arkadas@hastane1.saglik.example.org"),
    "a stranger": Sender("x", "x@posta.invalid"),
    "the name in another's domain": Sender(AYSE.name, "ayse.karaagacli@hastane2.saglik.example.org"),
}
FACTS = (
    *("açık bir başvuru", "daha önce", "açılmış bir başvuru", "geri göndermişti", "vazgeçildi", "zaten var"),
    *("başvurunuzla eşleşti", "vazgeçiyor olabilirsiniz", "Düzeltilecekti", "bu listede yok"),
)


@dataclass
class Office:
    """A desk on which one unit's matters lie: Ayşe paid and was batched, Hülya is listed, Halil went back."""

    desk: Desk
    first: Judged
    clock: int = 0

    def hear(self, sender: Sender, content: Any, subject: str = "e-imza", answers: str = "") -> Judged:
        """Takes a mail, each some minutes after the one before, in the thread of one of our letters."""
        self.clock += 3
        sent = at("2024-05-13", "09:00") + timedelta(minutes=self.clock)
        more = (("In-Reply-To", answers), ("References", answers)) if answers else ()
        raw = mail(Envelope(sender, subject, sent, more=more), content)
        return self.desk.take(raw, MONDAY + timedelta(minutes=self.clock))

    @property
    def thread(self) -> str:
        return self.desk.ledger.letters_about(self.first.sha)[0].message_id


def rows(*people: Person, **changes: Any) -> Any:
    return mixed(plain("Liste ektedir.\n"), attached(list_of(*people, **changes), XLS, "liste.xls"))


def slip_of(who: Person, number: int = 31) -> Any:
    bill = receipt_pdf(BILL, paid(who, "2024-05-13T09:15:00", number))
    return mixed(plain("Dekont ektedir.\n"), attached(bill, PDF, "dekont.pdf"))


@pytest.fixture
def office(readers: WorkerPool) -> Iterator[Office]:
    desk = Desk(readers)
    office = Office(desk, None)  # type: ignore[arg-type]
    grid = official(entry(AYSE), entry(HULYA), entry(HALIL, identity_number=WRONG_TENTH))
    office.first = office.hear(OWN_UNIT, mixed(plain("Liste ektedir.\n"), attached(xls(grid), XLS, "l.xls")))
    office.hear(writes(AYSE), slip_of(AYSE))
    assert {e.event for e in desk.ledger.entries_of(office.first.decision.entries[0].case)} == {
        Event.LISTED,
        Event.PAID,
    }
    yield office
    desk.ledger.close()


def kinds_of_mail(office: Office) -> Mapping[str, tuple[Any, dict[str, Any]]]:
    """Every kind of mail by which somebody could try to hear of others: its content, and how it is sent."""
    thread = {"answers": office.thread}
    return {
        "the same row": (rows(AYSE), {}),
        "the same row in the thread": (rows(AYSE), thread),
        "a row with other data": (rows(AYSE, born_on="01.01.1990"), {}),
        "a row with the number of one": (rows(AYSE, given_name="Deneme", family_name="Kişi"), {}),
        "a row with the name of one": (rows(replace(HALIL, identity_number=NOBODY.identity_number)), thread),
        "a row of the one that went back": (rows(HALIL), {}),
        "somebody else's row in the thread": (rows(person("Özgür Hatipkaya")), thread),
        "the receipt again": (slip_of(AYSE), {}),
        "another receipt": (slip_of(AYSE, 32), {}),
        "a receipt of the listed one": (slip_of(HULYA, 33), {}),
        "a receipt in the thread": (slip_of(HULYA, 34), thread),
        "where is it": (plain(f"{AYSE.name} adlı kişinin başvurusu ne durumda?\n"), {}),
        "where is it in the thread": (plain("Başvurum ne durumda?\n"), thread),
        "found again": (plain("Kartımı buldum, iptal edin.\n"), thread),
        "found again by name": (plain(f"{HULYA.name} kartını buldu, başvurusunu iptal edin.\n"), thread),
        "no file": (plain("Liste ektedir.\n"), thread),
        "unreadable": (mixed(plain("Liste.\n"), attached(b"x", XLS, "liste.xls")), thread),
    }  # fmt: skip


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def secrets(office: Office, sent: str) -> Sequence[str]:
    """Everything of the unit's people that a reader who sent this may not find in a letter."""
    cases = [case.number for case in office.desk.ledger.all_cases()]
    names = [part for who in (AYSE, HULYA, HALIL) for part in (who.family_name, who.work_email)]
    own = [word for word in names if word.lower() in sent.lower()]
    return [*(c for c in cases), *(n for n in names if n not in own), *FACTS]


def spoken_of(judged: Judged) -> str:
    """All that the reader wrote or enclosed."""
    evidence = judged.decision.evidence
    holders = " ".join(" ".join(h.written.values()) for h in evidence.holders)
    receipts = " ".join(f"{r.payer} {r.debtor} {r.description}" for r in evidence.receipts)
    return f"{holders} {receipts} {judged.sender} {judged.subject}"


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_hears_of_others_by_any_mail_nor_by_an_officials_word_about_it(
    who: str, office: Office
) -> None:
    opened: set[str] = set()
    for name, (content, how) in kinds_of_mail(office).items():
        judged = office.hear(OTHERS[who], content, **how)
        letters = folded(office.desk.told(judged))
        own = spoken_of(judged) + OTHERS[who].name + (HULYA.name if name == "found again by name" else "")
        found = [secret for secret in secrets(office, own) if secret in letters]
        # What somebody's mails have opened is theirs.
        opened |= {e.case for e in judged.decision.entries if e.event is Event.LISTED}
        assert [secret for secret in found if secret not in opened] == [], (who, name)
        assert judged.decision.outcome in (Outcome.HELD, Outcome.GUIDED, Outcome.RETURNED, Outcome.ACCEPTED)
        if office.desk.ledger.hold(judged.sha) and not judged.decision.silence:
            check_settled(office, OTHERS[who], judged, content)


def check_settled(office: Office, who: Sender, judged: Judged, content: Any) -> None:
    """Looks through the letters in which an official would accept, or return, what was held."""
    raw = mail(Envelope(who, "e-imza", at("2024-05-13", "09:00")), content)
    submission = unpack(Arrival(judged.sha, raw, MONDAY))
    told = without_numbers(judged.decision.withheld, judged.decision)
    existing = {c.number for c in office.desk.ledger.all_cases()}
    for made, refused in ((told, ()), ((), told)):
        verdicts = Verdicts(made, [Refusal(entry, "görüşüldü") for entry in refused])
        letter = answer_settled(judged.sha, submission, verdicts, office.desk.policy, MONDAY)
        assert not [n for n in existing if n in letter.text + letter.html], (who, judged.subject)
        assert not letter.enclosures or made


@pytest.mark.parametrize("who", ["another unit", "a colleague"])
def test_a_receipt_of_another_is_answered_alike_whether_there_is_a_case_or_not(
    who: str, office: Office
) -> None:
    """Whoever asks with a receipt who has lost a card learns nothing."""

    def told(about: Person, number: int) -> str:
        judged = office.hear(OTHERS[who], slip_of(about, number))
        assert judged.decision.outcome is Outcome.HELD
        letter = folded(office.desk.told(judged))
        for word in (judged.number, about.name, about.identity_number):
            letter = letter.replace(word, "*")
        return letter

    assert told(AYSE, 41) == told(NOBODY, 42) == told(HULYA, 43)


def test_the_unit_itself_and_the_person_hear_all_that_is_theirs(office: Office) -> None:
    case = office.first.decision.entries[0].case
    # A list of the unit's that repeats one of its people and leaves the other out waits for a person.
    for sender, outcome in ((OWN_UNIT, Outcome.HELD), (writes(AYSE), Outcome.GUIDED)):
        again = office.hear(sender, rows(AYSE))
        assert again.decision.outcome is outcome
        assert case in office.desk.told(again)
    corrected = office.hear(OWN_UNIT, rows(HALIL))
    assert "Düzelenler: İbrahim Halil Küçükdere" in folded(office.desk.told(corrected))
    asked = office.hear(writes(AYSE), plain("Başvurum ne durumda?\n"))
    assert case in office.desk.told(asked)


def test_what_the_letter_keeps_is_told_at_the_desk(office: Office) -> None:
    judged = office.hear(OTHERS["another unit"], rows(AYSE, born_on="01.01.1990"))
    kept = {f.rule for f in judged.decision.findings if f.for_desk}
    assert kept == {"holder/unchanged"}
    assert {"holder/discreet"} <= {f.rule for f in judged.decision.findings if not f.for_desk}
    assert judged.decision.untold


def test_an_answer_that_goes_elsewhere_tells_nothing_either(office: Office) -> None:
    """The own address asks, but a colleague would read the answer."""
    office.clock += 3
    raw = mail(
        Envelope(
            writes(AYSE),
            "e-imza",
            at("2024-05-13", "12:00"),
            more=(("Reply-To", OTHERS["a colleague"].address),),
        ),
        rows(AYSE),
    )
    judged = office.desk.take(raw, MONDAY + timedelta(hours=3))
    (letter,) = office.desk.ledger.letters_about(judged.sha)
    assert letter.recipient == OTHERS["a colleague"].address
    assert office.first.decision.entries[0].case not in said(letter.body)


def sent_by(desk: Desk) -> list[StoredLetter]:
    """Every letter that was written so far."""
    day = timedelta(days=1)
    judged = desk.ledger.judged_between(MONDAY - day, MONDAY + day)
    return [letter for one in judged for letter in desk.ledger.letters_about(one.sha)]


@pytest.mark.parametrize("seed", range(6))
def test_mixtures_of_two_units_name_each_only_what_it_wrote(seed: int, readers: WorkerPool) -> None:
    """Two secretaries and their people write in any order; each reads names of own rows alone."""
    dice = random.Random(seed)
    desk = Desk(readers)
    units = {
        domain: [who for who in PEOPLE if who.work_email.endswith("@" + domain)][:4]
        for domain in ("hastane1.saglik.example.org", "hastane3.saglik.example.org")
    }
    written: dict[str, str] = {}
    for n in range(14):
        domain, people = dice.choice(list(units.items()))
        sender = dice.choice([Sender("Personel", f"personel@{domain}"), writes(dice.choice(people))])
        crowd = [*people, *(units[dice.choice(list(units))] if dice.random() < 0.3 else ())]
        chosen = dice.sample(crowd, dice.randint(1, 3))
        broken = dice.choice([{}, {}, {"born_on": None}, {"work_email": "yok"}])
        letters = sent_by(desk)
        thread = dice.choice(letters).message_id if letters and dice.random() < 0.4 else ""
        more = (("In-Reply-To", thread), ("References", thread)) if thread else ()
        sent = at("2024-05-13", "09:00") + timedelta(minutes=n)
        raw = mail(Envelope(sender, f"liste {n}", sent, more=more), rows(*dict.fromkeys(chosen), **broken))
        judged = desk.take(raw, MONDAY + timedelta(minutes=n))
        written[sender.address] = written.get(sender.address, "") + spoken_of(judged)
        for letter in desk.ledger.letters_about(judged.sha):
            assert message_from_bytes(letter.body)["To"] == sender.address
            text = folded(said(letter.body))
            own = written[sender.address].lower()
            strange = [
                w.family_name for w in PEOPLE if w.family_name in text and w.family_name.lower() not in own
            ]
            assert [name for name in strange if name not in sender.name] == [], (n, sender.address)
    desk.ledger.close()
