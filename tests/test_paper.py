"""Paper: the cover sheet that people print, and the desk that takes their forms in."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from datetime import date, timedelta
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from pipeline.acts.acting import Act
from pipeline.acts.taking_in import TakenIn, as_typed, take_in
from pipeline.commands.cli import run
from pipeline.domain import Event
from pipeline.domain.cases import case_number, fold_case, is_number
from pipeline.domain.faults import OperatorFault
from pipeline.letters.cover_sheet import Covered, cover_sheet
from pipeline.office.console import BAD_CONFIGURATION, DONE
from pipeline.policy.completion import load_completion
from pipeline.policy.places import RULES
from pipeline.review.invented_office import OFFICE
from tests.house import COMMAND, MORNING, NIGHT, House, body, night_of
from tests.in_order import POLICY, TODAY, row, slip
from tests.mails import at
from tests.test_cases import entry

# The next working day after the feast.
LATER = at("2024-06-24", "12:00")
WORDS = POLICY.texts.words["cover_sheet"]


def pages(pdf: bytes, dots_per_inch: int = 150) -> list[Any]:
    """Renders a PDF as a printer and then a camera would."""
    with pypdfium2.PdfDocument(BytesIO(pdf)) as document:
        return [page.render(scale=dots_per_inch / 72).to_pil() for page in document]


def bar_codes(page: Any) -> list[tuple[str, str]]:
    return [(str(code.format), code.text) for code in zxingcpp.read_barcodes(page)]


# --- the sheet -------------------------------------------------------------------------------------


def test_every_cases_page_carries_its_number_as_a_bar_code() -> None:
    numbers = [case_number("ab" * 32, str(n)) for n in range(12)]
    sheet = cover_sheet([Covered(n, "Kayıp/Çalıntı") for n in numbers], WORDS, OFFICE)
    read = [bar_codes(page) for page in pages(sheet.data)]
    assert [len(codes) for codes in read] == [1] * 12
    assert [codes[0][1] for codes in read] == numbers
    assert all("128" in codes[0][0] for codes in read)


def test_a_coarse_copy_of_it_can_still_be_read() -> None:
    sheet = cover_sheet([Covered("N-0000000H", "Kayıp/Çalıntı")], WORDS, OFFICE)
    page = pages(sheet.data, 75)[0].rotate(7, fillcolor="white").convert("L")
    assert [text for _, text in bar_codes(page)] == ["N-0000000H"]


def test_the_sheet_says_what_to_enclose_and_where_it_goes_in_whole_turkish() -> None:
    covered = Covered("N-0000000H", "Kayıp/Çalıntı", "Şeyma Kılıçarslantürk")
    sheet = cover_sheet([covered], WORDS, OFFICE)
    assert sheet == cover_sheet([covered], WORDS, OFFICE)
    with pypdfium2.PdfDocument(BytesIO(sheet.data)) as document:
        (page,) = document
        text = " ".join(page.get_textpage().get_text_bounded().split())
        width, height = page.get_size()
    assert (round(width), round(height)) == (595, 842)
    for said in ("N-0000000H", "Şeyma Kılıçarslantürk", WORDS["receipt"], WORDS["form"], OFFICE.unit):
        assert said in text
    assert OFFICE.postal_address in text


# --- when a case is complete -----------------------------------------------------------------------


def test_a_case_is_complete_when_everything_has_come() -> None:
    listed = entry(Event.LISTED, holder=row())
    sent = entry(Event.BATCHED, proof="2024-05-13/1")
    paid, form = entry(Event.PAID, 3, receipt=slip()), entry(Event.FORM_RECEIVED, 5)
    for there, complete in (
        ([listed, sent, paid, form], True),
        ([listed, sent, form, paid], True),
        ([listed, sent, paid], False),
        ([listed, sent, form], False),
        # The list has not gone out, or has come back.
        ([listed, paid, form], False),
        ([listed, sent, paid, form, entry(Event.RETURNED_BY_KAMU_SM)], False),
        ([listed, sent, paid, form, entry(Event.WITHDRAWN)], False),
    ):
        case = fold_case(there)
        assert POLICY.completion.is_complete(case, TODAY + timedelta(days=5), POLICY.working_days) is complete


def test_a_step_that_there_is_not_is_refused() -> None:
    with pytest.raises(OperatorFault, match=r"rules/completion.toml, key=lost_or_stolen.needs"):
        load_completion(
            {
                "because": "x",
                **{p: {"needs": ["sworn"]} for p in ("lost_or_stolen", "family_physician", "card_reader")},
            }
        )
    assert (RULES / "completion.toml").exists()


# --- the desk --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("N-0000000H", "N-0000000H"),
        ("n-0000000h\r", "N-0000000H"),
        ("N*0000000H", "N-0000000H"),
        ("N0000000H", "N-0000000H"),
        ("başvuru", "başvuru"),
    ],
)
def test_a_number_is_read_as_hands_and_readers_type_it(typed: str, read: str) -> None:
    assert as_typed(typed) == read


@pytest.fixture(scope="module")
def evening(lasting_house: House) -> House:
    """An office whose list went out, with one case paid, one not, a physician's and a reader's."""
    house = lasting_house
    house.deliver(
        "accepted/list-then-receipt/1-list",
        "accepted/list-then-receipt/2-receipt",
        "accepted/ordinary-single-list",
        "accepted/physician-first",
        "guided/card-reader-question",
    )
    house.poll(MORNING)
    house.nightly(NIGHT)
    return house


@pytest.fixture
def house(evening: House, tmp_path: Path) -> House:
    """The same office for one test alone."""
    evening.smtp.received.clear()
    here = House(tmp_path, evening.box, evening.smtp, evening.readers)
    shutil.copytree(evening.home, here.home)
    return here


def cases(house: House) -> Mapping[str, str]:
    """Names the cases of the office: "paid", "unpaid", "physician"."""
    rows = house.ask(
        "SELECT DISTINCT case_number, procedure, "
        "case_number IN (SELECT case_number FROM entry WHERE event='paid') FROM entry"
    )
    names = {("lost_or_stolen", 1): "paid", ("lost_or_stolen", 0): "unpaid"}
    names["family_physician", 1] = "physician"
    return {names[str(procedure), int(str(paid))]: str(number) for number, procedure, paid in rows}


def events(house: House, case: str) -> list[object]:
    return [event for (event,) in house.ask("SELECT event FROM entry WHERE case_number=? ORDER BY id", case)]


def letters(house: House, kind: str) -> list[EmailMessage]:
    house.poll(LATER)
    return [m for m in house.letters() if m["X-NES-Intake"] == kind]


def receive(house: House, *words: str) -> int:
    return run(["form-received", "--settings", str(house.file), *words])


def received(house: House, *numbers: str) -> TakenIn:
    """Takes papers in on the Monday after."""
    with house.opened(at("2024-06-24", "09:00")) as shop:
        return take_in(shop, numbers, Act("M. Memur", "", None))


def test_the_letter_about_the_receipt_brings_the_cover_sheet(evening: House) -> None:
    covers = {
        m["To"]: [part for part in m.iter_attachments() if part.get_content_type() == "application/pdf"]
        for m in evening.letters()
        if m["X-NES-Intake"] == "accepted" and "kapak sayfasını" in body(m)
    } or pytest.fail("no letter brings a cover sheet")
    rows = evening.ask("SELECT case_number FROM entry WHERE event='paid'")
    read = [text for parts in covers.values() for part in parts for page in pages(part.get_content())
            for _, text in bar_codes(page)]  # fmt: skip
    assert sorted(read) == sorted(str(number) for (number,) in rows)


def test_a_paid_case_closes_when_its_form_is_here(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    paid = cases(house)["paid"]
    assert received(house, paid.lower()) == TakenIn((paid,), (), (paid,))
    assert events(house, paid)[-2:] == ["form_received", "closed"]
    (letter,) = letters(house, "complete")
    assert letter["To"] == house.ask("SELECT json_extract(holder, '$.work_email') FROM entry WHERE "
                                     "case_number=? AND event='listed'", paid)[0][0]  # fmt: skip
    assert "Evraklarınız tamam" in letter["Subject"]
    # Once is enough.
    assert receive(house, paid) == DONE
    assert "daha önce işlenmişti" in capsys.readouterr().out
    assert events(house, paid).count("form_received") == 1
    assert len(letters(house, "complete")) == 1


def test_a_physicians_case_closes_in_the_same_way(house: House) -> None:
    physician = cases(house)["physician"]
    assert received(house, physician).closed == (physician,)
    assert events(house, physician) == ["paid", "form_received", "closed"]
    assert len(letters(house, "complete")) == 1


def test_an_unpaid_case_stays_open_until_the_night_finds_it_paid(house: House) -> None:
    unpaid = cases(house)["unpaid"]
    assert received(house, unpaid).closed == ()
    assert events(house, unpaid)[-1] == "form_received"
    assert letters(house, "complete") == []
    with house.opened(at("2024-06-24", "09:00")) as shop:
        case = shop.ledger.case(unpaid)
        assert case
        assert case.holder
        paid = entry(Event.PAID, case=unpaid, identity_number=case.identity_number, receipt=slip(), proof="x")
        with shop.ledger.transaction():
            shop.ledger.add_entries([paid], "")
    house.nightly(night_of(date(2024, 6, 24)))
    assert events(house, unpaid)[-1] == "closed"
    assert len([m for m in house.letters() if m["X-NES-Intake"] == "complete"]) == 1


def test_one_wrong_number_and_nothing_is_half_done(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    paid, physician = cases(house)["paid"], cases(house)["physician"]
    mistyped = paid[:-1] + ("0" if paid[-1] != "0" else "1")
    unknown = case_number("cd" * 32, "nobody")
    assert is_number(unknown)
    before = house.ask("SELECT count(*) FROM entry")
    assert receive(house, paid, mistyped, physician, unknown) == BAD_CONFIGURATION
    said = capsys.readouterr().err
    assert f"{mistyped}: numara yanlış yazılmış" in said
    assert f"{unknown}: bu numarayla bir başvuru yok" in said
    assert paid + ":" not in said
    assert house.ask("SELECT count(*) FROM entry") == before


def test_without_a_number_it_says_what_to_write(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert receive(house) == BAD_CONFIGURATION
    assert "--from" in capsys.readouterr().err


def test_a_bar_code_reader_types_at_the_desk(house: House, tmp_path: Path) -> None:
    named = cases(house)
    told = subprocess.run(
        [str(COMMAND), "form-received", "--settings", str(house.file), "--from", "-"],
        input=f"{named['paid']}\r\n\r\n{named['physician'].replace('-', '*')}\n",
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, ""), told
    assert "işlenen başvuru: 2; bununla kapanan: 2" in told.stdout
    listing = tmp_path / "gelenler.txt"
    listing.write_text("\ufeff" + named["unpaid"] + "\n", encoding="utf-8")
    assert receive(house, "--from", str(listing)) == DONE
    assert events(house, named["unpaid"])[-1] == "form_received"
