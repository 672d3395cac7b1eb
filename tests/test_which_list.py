"""Which of several lists counts: sheets of one workbook, and lists that are sent one after the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.domain import Event, Outcome
from pipeline.domain.cases import disputed
from pipeline.ledger.book import Judged
from pipeline.sandbox.workers import WorkerPool
from tests.desk import Desk
from tests.mails import XLS, Envelope, Sender, at, attached, mail, mixed, plain
from tests.people import Person, person
from tests.workbooks import BARE, entry, filled, xls

AYSE, HULYA, HALIL = map(person, ("Ayşe Karaağaçlı", "Hülya Şimşekoğlu", "İbrahim Halil Küçükdere"))
OFFICE = Sender("Çınarlı Personel", "personel@hastane1.saglik.example.org")


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


# --- lists one after the other -------------------------------------------------------------------

SAYS_SO = {
    "name of the file": {"name": "liste_revize.xls"},
    "subject": {"subject": "Revize"},
    "words": {"words": "Düzeltilmiş liste ektedir."},
    "new": {"words": "Yeni listeyi ekte gönderiyorum."},
    "final": {"subject": "Kayıp listesi (son hâli)"},
}


def left(judged: Judged) -> set[str]:
    """Gives the numbers of those who may leave, by an official's word."""
    found = (e for e in judged.decision.withheld if e.event is Event.WITHDRAWN)
    return {entry.identity_number.digits for entry in found}


@pytest.mark.parametrize("says", SAYS_SO)
def test_whoever_a_corrected_list_leaves_out_goes_nowhere_until_an_official_says(
    says: str, readers: WorkerPool
) -> None:
    desk = Desk(readers)
    first = desk.take(sent(sheet_of("Liste", AYSE, HULYA)))
    second = desk.take(sent(sheet_of("Liste", AYSE, HALIL), "10:00", **SAYS_SO[says]))
    assert (second.decision.outcome, listed(second)) == (Outcome.HELD, numbers(HALIL))
    assert left(second) == numbers(HULYA)
    (case,) = {e.case for e in first.decision.entries if e.identity_number.digits == HULYA.identity_number}
    assert disputed(held.decision for held in desk.ledger.open_holds()) == {case}
    told = desk.told(second)
    assert HULYA.name in told
    assert HULYA.identity_number not in told


def test_a_sheet_or_a_title_may_call_the_list_a_corrected_one(readers: WorkerPool) -> None:
    desk = Desk(readers)
    desk.take(sent(sheet_of("Liste", AYSE, HULYA)))
    assert left(desk.take(sent(sheet_of("Düzeltilmiş", AYSE), "10:00"))) == numbers(HULYA)


def test_another_number_for_the_same_name_leaves_the_first_one_in_doubt(readers: WorkerPool) -> None:
    desk = Desk(readers)
    desk.take(sent(sheet_of("Liste", AYSE, HULYA)))
    renumbered = sheet_of("Liste", AYSE, HULYA, identity_number=HALIL.identity_number)
    again = xls(filled(BARE, [row(AYSE), row(HULYA, identity_number=HALIL.identity_number)]))
    assert renumbered != again
    assert left(desk.take(sent(again, "10:00", name="revize.xls"))) == numbers(HULYA)


@pytest.mark.parametrize(
    "how", [{}, {"words": "İki kişinin daha listesi ektedir."}, {"subject": "Kayıp listesi 2"}]
)
def test_a_list_that_does_not_call_itself_corrected_is_an_additional_one(
    how: dict[str, str], readers: WorkerPool
) -> None:
    desk = Desk(readers)
    desk.take(sent(sheet_of("Liste", AYSE, HULYA)))
    second = desk.take(sent(sheet_of("Liste", HALIL), "10:00", **how))
    assert (second.decision.outcome, left(second)) == (Outcome.ACCEPTED, set())


def test_a_corrected_list_in_which_nobody_is_missing_goes_on(readers: WorkerPool) -> None:
    desk = Desk(readers)
    desk.take(sent(sheet_of("Liste", AYSE, HULYA)))
    second = desk.take(sent(sheet_of("Liste", AYSE, HULYA, HALIL), "10:00", name="liste_revize.xls"))
    assert (second.decision.outcome, listed(second)) == (Outcome.ACCEPTED, numbers(HALIL))


def test_rows_that_we_sent_back_come_alone_as_we_asked(readers: WorkerPool) -> None:
    desk = Desk(readers)
    faulty = xls(filled(BARE, [row(AYSE), row(HULYA), row(HALIL, work_email="halil")]))
    first = desk.take(sent(faulty))
    assert (first.decision.outcome, listed(first)) == (Outcome.RETURNED, numbers(AYSE, HULYA))
    second = desk.take(sent(sheet_of("Liste", HALIL), "10:00", words="Düzeltilmiş liste ektedir."))
    assert (second.decision.outcome, listed(second), left(second)) == (
        Outcome.ACCEPTED, numbers(HALIL), set(),
    )  # fmt: skip


def test_rows_that_we_sent_back_among_others_are_a_whole_list(readers: WorkerPool) -> None:
    desk = Desk(readers)
    desk.take(sent(xls(filled(BARE, [row(AYSE), row(HULYA), row(HALIL, work_email="halil")]))))
    second = desk.take(sent(sheet_of("Liste", AYSE, HALIL), "10:00", words="Düzeltilmiş liste ektedir."))
    assert (listed(second), left(second)) == (numbers(HALIL), numbers(HULYA))


def test_nobody_takes_anybody_off_anothers_list(readers: WorkerPool) -> None:
    desk = Desk(readers)
    desk.take(sent(sheet_of("Liste", AYSE, HULYA)))
    other = Sender("Başka Personel", "baska@hastane1.saglik.example.org")
    words = mixed(plain("Düzeltilmiş liste ektedir.\n"), attached(sheet_of("Liste", AYSE), XLS, "liste.xls"))
    second = desk.take(mail(Envelope(other, "Revize liste", at("2024-05-13", "10:00")), words))
    assert left(second) == set()


# --- spellings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "then"), [("Ayse", "Ayşe"), ("AYSE", "Ayşe"), ("Ayşe", "Ayse"), ("Irmak", "İrmak")]
)
def test_a_corrected_spelling_of_a_name_is_for_an_official(
    first: str, then: str, readers: WorkerPool
) -> None:
    desk = Desk(readers)
    desk.take(sent(xls(filled(BARE, [row(AYSE, given_name=first)]))))
    second = desk.take(sent(xls(filled(BARE, [row(AYSE, given_name=then)])), "10:00"))
    assert second.decision.outcome is Outcome.HELD
    (entry_,) = second.decision.withheld
    assert (entry_.event, entry_.holder and entry_.holder.given_name) == (Event.AMENDED, then)
    assert "bilgiler öncekinden farklı" in desk.told(second).replace("\n", " ")


@pytest.mark.parametrize("again", ["Ayşe", "AYŞE", "ayşe", " Ayşe "])
def test_a_name_in_other_capitals_is_the_same_name(again: str, readers: WorkerPool) -> None:
    desk = Desk(readers)
    desk.take(sent(sheet_of("Liste", AYSE)))
    second = desk.take(sent(xls(filled(BARE, [row(AYSE, given_name=again)])), "10:00"))
    assert second.decision.outcome is Outcome.GUIDED
