"""Which of several lists counts: sheets of one workbook, and lists that are sent one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.domain import Event, Outcome
from pipeline.ledger.book import Judged
from pipeline.sandbox.scanner.scan import PRELOAD
from pipeline.sandbox.workers import WorkerPool
from tests.desk import Desk
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import Person, person
from tests.workbooks import BARE, entry, filled, xls

AYSE, HULYA, HALIL = map(person, ("Ayşe Karaağaçlı", "Hülya Şimşekoğlu", "İbrahim Halil Küçükdere"))
OFFICE = Sender("Çınarlı Personel", "personel@hastane1.saglik.example.org")


@pytest.fixture(scope="module")
def readers() -> Iterator[WorkerPool]:
    with WorkerPool(1, preload=PRELOAD) as pool:
        yield pool


def sheet_of(name: str, *people: Person, **changes: str) -> bytes:
    return xls(filled(replace(BARE, sheet=name), [row(who, **changes) for who in people]))


def row(who: Person, **changes: str) -> dict[str, object]:
    address = f"{who.identity_number[:6]}@{OFFICE.domain}"
    return entry(who, **({"work_email": address} | changes))


def sent(
    book: bytes, sent_at: str = "09:00", *, name: str = "liste.xls", subject: str = "Kayıp e-imza",
    words: str = "Liste ektedir.",
) -> bytes:  # fmt: skip
    envelope = Envelope(OFFICE, subject, at("2024-05-13", sent_at))
    return mail(envelope, mixed(plain(words + "\n"), attached(book, XLS, name)))


def listed(judged: Judged) -> set[str]:
    return {e.identity_number.digits for e in judged.decision.entries if e.event is Event.LISTED}


def numbers(*people: Person) -> set[str]:
    return {who.identity_number for who in people}


# --- sheets of one workbook ----------------------------------------------------------------------


def book_of(**sheets: Person) -> bytes:
    return xls(*(filled(replace(BARE, sheet=name), [row(who)]) for name, who in sheets.items()))


@pytest.mark.parametrize("name", ["YEDEK", "Yedekler", "ESKİ", "İPTAL", "Vazgeçenler", "Eski liste"])
def test_a_sheet_that_is_called_no_application_waits_alone(name: str, readers: WorkerPool) -> None:
    for other in ("Liste", "ASIL", "Yeni"):
        judged = Desk(readers).take(sent(book_of(**{other: AYSE, name: HULYA})))
        assert (judged.decision.outcome, listed(judged)) == (Outcome.HELD, numbers(AYSE))


@pytest.mark.parametrize("name", ["YENİ", "Son hâli", "Düzeltilmiş", "2. tercih", "Sonra bakılacak", "Ahmet"])
@pytest.mark.parametrize("first", [True, False])
def test_a_sheet_whose_name_may_say_which_one_counts_holds_them_all(
    name: str, first: bool, readers: WorkerPool
) -> None:
    sheets = {name: HULYA, "Liste": AYSE} if first else {"Liste": AYSE, name: HULYA}
    desk = Desk(readers)
    judged = desk.take(sent(book_of(**sheets)))
    assert (judged.decision.outcome, listed(judged)) == (Outcome.HELD, set())
    assert name in desk.told(judged)


@pytest.mark.parametrize(
    "names",
    [
        ("Sayfa1", "Sayfa2"),
        ("NES Listesi", "NES Listesi (2)"),
        ("Mayıs 2024", "Haziran 2024"),
        ("Hekimler", "Hemşireler"),
        ("Ayşe", "Hülya Şimşekoğlu"),
        ("Karaağaçlı", "Şimşekoğlu"),
    ],
)
def test_sheets_that_are_called_by_what_is_on_them_go_on(names: tuple[str, str], readers: WorkerPool) -> None:
    judged = Desk(readers).take(sent(book_of(**dict(zip(names, (AYSE, HULYA), strict=True)))))
    assert (judged.decision.outcome, listed(judged)) == (Outcome.ACCEPTED, numbers(AYSE, HULYA))


@pytest.mark.parametrize("name", ["YENİ", "Ahmet", "Son hâli"])
def test_one_sheet_may_be_called_anything(name: str, readers: WorkerPool) -> None:
    judged = Desk(readers).take(sent(sheet_of(name, AYSE, HULYA)))
    assert (judged.decision.outcome, len(listed(judged))) == (Outcome.ACCEPTED, 2)
