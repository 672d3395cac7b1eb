"""A returned list comes back as the sender's own: the faulty cells marked, everything else as it was."""

from __future__ import annotations

import email
import email.policy
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbox_fixtures.expect import demo_policy
from mailbox_fixtures.make import HERE
from pipeline.domain import (
    Attachment,
    Consequence,
    Decision,
    Facts,
    FaultRow,
    Mark,
    MarkingPlan,
    Matter,
    Sheet,
    Submission,
    Transcript,
)
from pipeline.judging.judge import judge
from pipeline.judging.read import opened_files, read
from pipeline.ledger.book import Ledger, Planned
from pipeline.letters.mark import cell_of, mark
from pipeline.office.marked_copies import mark_copies
from pipeline.papers.clues import Clues
from pipeline.policy.policy import Policy
from pipeline.review.explain import explain
from pipeline.sandbox.marker.inplace import CannotEdit, edited
from pipeline.sandbox.marker.mirror import FILL, mirrored
from pipeline.sandbox.scanner.scan import transcribe
from pipeline.sandbox.workers import WorkerPool
from tests.odd_workbooks import csv_file, html_file, ods, strict_xlsx, xlsm
from tests.people import FILLERS, PEOPLE, WRONG_ELEVENTH, WRONG_TENTH, Person, person
from tests.workbooks import (
    BARE,
    OFFICIAL,
    OFFICIAL_COLUMNS,
    Grid,
    entry,
    filled,
    official,
    repacked,
    xls,
    xlsx,
)

TODAY = date(2024, 5, 20)
AYSE, CANAN = person("Ayşe Karaağaçlı"), person("Canan Şahinbaşlı")
COMMENTS = "xl/commentsNes1.xml"
# What Excel adds and openpyxl would lose or rewrite.
EXTRA = {
    "customXml/item1.xml": b"<birim xmlns='urn:birim'>Personel</birim>",
    "xl/printerSettings/printerSettings1.bin": b"\0\1\2",
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return demo_policy()


def padded_csv(grid: Grid, charset: str = "utf-8") -> bytes:
    """Writes lines as Excel does: every row as long as the longest."""
    width = max(map(len, grid.rows))
    rows = tuple((*row, *[None] * (width - len(row))) for row in grid.rows)
    return csv_file(replace(grid, rows=rows), charset)


def faulty_list() -> Grid:
    """Two rows, with a mistyped birth date, a missing address and a wrong number in them."""
    return official(
        entry(AYSE, born_on="26.11.99", work_email=None), entry(CANAN, identity_number=WRONG_TENTH)
    )


def judged(data: bytes, policy: Policy, name: str = "liste.xlsx") -> tuple[Decision, Transcript]:
    """Reads and judges one file as a mail from the office would bring it."""
    attachment = Attachment(name, "application/octet-stream", data, "digest")
    transcript = transcribe(data, Clues())
    evidence = read([(attachment, transcript)], policy.patterns)
    submission = Submission(AYSE.work_email, AYSE.name, (), "", "", (), "", "", (attachment,), ())
    return judge(Matter("0" * 64, submission, evidence), Facts(TODAY), policy), transcript


def planned(data: bytes, policy: Policy, name: str = "liste.xlsx") -> tuple[MarkingPlan, Transcript]:
    decision, transcript = judged(data, policy, name)
    (plan,) = mark(decision, policy)
    return plan, transcript


def marked_cells(copy: bytes) -> dict[tuple[str, str], str]:
    """Finds the filled cells of a copy with their comments."""
    book = openpyxl.load_workbook(io.BytesIO(copy))
    return {
        (sheet.title, cell.coordinate): cell.comment.text if cell.comment else ""
        for sheet in book.worksheets[1:]
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb.endswith(FILL)
    }


def faults_of(decision: Decision, policy: Policy) -> set[str]:
    holders = decision.evidence.holders
    return {
        cell_of(holders[f.index], f.field, policy.form)
        for f in decision.findings
        if f.consequence is Consequence.RETURN and f.subject == "holder"
    }


def parts(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as file:
        return {name: file.read(name) for name in file.namelist()}


def contents(sheet: Sheet) -> list[tuple[str, str, str]]:
    """What stands in a sheet, without what a mirror may say otherwise: whole numbers and midnights."""
    return [(c.address, re.sub(r"\.0$|T00:00:00$", "", c.text), str(c.kind)) for c in sheet.cells]


# --- in place ------------------------------------------------------------------------------------


def test_a_workbook_keeps_every_part_that_no_mark_touches(policy: Policy) -> None:
    original = repacked(xlsx(faulty_list()), EXTRA)
    plan, _ = planned(original, policy)
    copy = edited(original, plan)

    before, after = parts(original), parts(copy)
    touched = {name for name in before if before[name] != after[name]}
    assert touched == {
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
    }
    assert set(after) - set(before) == {
        COMMENTS,
        "xl/drawings/vmlDrawingNes1.vml",
        "xl/worksheets/_rels/sheet1.xml.rels",
        "xl/worksheets/duzeltilecekler1.xml",
    }


def test_a_touched_sheet_differs_in_nothing_but_the_style_of_the_marked_cells(policy: Policy) -> None:
    original = xlsx(faulty_list())
    plan, _ = planned(original, policy)
    name = "xl/worksheets/sheet1.xml"
    before, after = parts(original)[name].decode(), parts(edited(original, plan))[name].decode()

    after = re.sub(r"<legacyDrawing[^>]*/>", "", after)
    after = after.replace('<c r="F6" s="', '<c new="', 1)
    after = re.sub(r'<c new="\d+"/>', "", after)
    for cell in ("E6", "B7"):
        before = re.sub(rf'<c r="{cell}"( s="\d+")?', f'<c r="{cell}"', before)
        after = re.sub(rf'<c r="{cell}"( t="\w+")? s="\d+"', rf'<c r="{cell}"\1', after)
    assert after == before


def test_a_comment_says_what_is_wrong_what_is_wanted_and_an_example(policy: Policy) -> None:
    original = xlsx(faulty_list())
    plan, _ = planned(original, policy)
    found = marked_cells(edited(original, plan))

    assert set(found) == {("Başvuru Listesi", "E6"), ("Başvuru Listesi", "F6"), ("Başvuru Listesi", "B7")}
    comment = found["Başvuru Listesi", "E6"]
    assert "iki haneli" in comment
    assert "dört haneyle" in comment
    assert "03/04/1985" in comment


def test_a_suggestion_stands_in_the_comment_and_never_in_the_cell(policy: Policy) -> None:
    mistyped = "ayse.karaagacli@hastane1.saglık.example.org"
    original = xlsx(official(entry(AYSE, work_email=mistyped)))
    plan, _ = planned(original, policy)
    copy = edited(original, plan)

    assert "ayse.karaagacli@hastane1.saglik.example.org" in marked_cells(copy)["Başvuru Listesi", "F6"]
    assert openpyxl.load_workbook(io.BytesIO(copy))["Başvuru Listesi"]["F6"].value == mistyped


def test_the_first_sheet_lists_the_faults_with_links_to_their_cells(policy: Policy) -> None:
    plan, transcript = planned(xlsx(faulty_list()), policy)
    for copy in (edited(xlsx(faulty_list()), plan), mirrored(transcript.sheets, plan, "Sayfa1")):
        front = openpyxl.load_workbook(io.BytesIO(copy)).worksheets[0]
        links = [cell.hyperlink.location for row in front.iter_rows() for cell in row if cell.hyperlink]
        assert front.title == "Düzeltilecekler"
        assert links == ["'Başvuru Listesi'!E6", "'Başvuru Listesi'!F6", "'Başvuru Listesi'!B7"]


def test_what_is_spoken_of_by_its_place_still_means_the_same_sheet(policy: Policy) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(xlsx(official(entry(CANAN)), replace(faulty_list(), name="İki")))
    )
    book.active = 1
    book["İki"].print_title_rows = "1:5"
    stream = io.BytesIO()
    book.save(stream)
    plan, _ = planned(stream.getvalue(), policy)
    copy = openpyxl.load_workbook(io.BytesIO(edited(stream.getvalue(), plan)))

    assert copy.sheetnames == ["Düzeltilecekler", "Başvuru Listesi", "İki"]
    assert copy.active is not None
    assert copy.active.title == "İki"
    assert copy["İki"].print_title_rows == "$1:$5"


def test_a_senders_own_comments_stay(policy: Policy) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(faulty_list())))
    book.active["C6"].comment = openpyxl.comments.Comment("nüfusta böyle", "Personel")  # type: ignore[index]
    stream = io.BytesIO()
    book.save(stream)
    plan, _ = planned(stream.getvalue(), policy)
    sheet = openpyxl.load_workbook(io.BytesIO(edited(stream.getvalue(), plan)))["Başvuru Listesi"]

    assert sheet["C6"].comment.text == "nüfusta böyle"
    assert "iki haneli" in sheet["E6"].comment.text


def test_copies_are_the_same_bytes_again(policy: Policy) -> None:
    original = xlsx(faulty_list())
    plan, transcript = planned(original, policy)
    assert edited(original, plan) == edited(original, plan)
    assert mirrored(transcript.sheets, plan, "Sayfa1") == mirrored(transcript.sheets, plan, "Sayfa1")


def _external(link: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(faulty_list())))
    book.active["G6"].hyperlink = link  # type: ignore[index]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _formula(text: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(faulty_list())))
    book.active["R30"] = text  # type: ignore[index]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


DANGEROUS: Mapping[str, Callable[[], bytes]] = {
    "macros": lambda: xlsm(faulty_list()),
    "strict": lambda: strict_xlsx(faulty_list()),
    "web link": lambda: _external("https://posta.invalid/"),
    "formula that fetches": lambda: _formula('=WEBSERVICE("https://posta.invalid/")'),
    "formula that calls": lambda: _formula("=cmd|'/c calc'!A1"),
    "embedded object": lambda: repacked(xlsx(faulty_list()), {"xl/embeddings/oleObject1.bin": b"x"}),
    "link to another workbook": lambda: repacked(
        xlsx(faulty_list()), {"xl/externalLinks/externalLink1.xml": b"<x/>"}
    ),
    "document type": lambda: repacked(
        xlsx(faulty_list()), {"xl/styles.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><styleSheet/>"}
    ),
    "no package": lambda: xls(faulty_list()),
}


@pytest.mark.parametrize("kind", DANGEROUS)
def test_what_could_act_on_its_own_is_never_sent_back(kind: str, policy: Policy) -> None:
    plan, _ = planned(xlsx(faulty_list()), policy)
    with pytest.raises(CannotEdit):
        edited(DANGEROUS[kind](), plan)


def test_an_address_that_excel_made_a_link_does_no_harm(policy: Policy) -> None:
    original = _external("mailto:ayse@hastane1.saglik.example.org")
    plan, _ = planned(original, policy)
    assert marked_cells(edited(original, plan))


def test_a_copy_that_comes_back_is_marked_afresh(policy: Policy, readers: WorkerPool) -> None:
    first, _ = planned(xlsx(faulty_list()), policy)
    book = openpyxl.load_workbook(io.BytesIO(edited(xlsx(faulty_list()), first)))
    book["Başvuru Listesi"]["E6"] = "26.11.1999"
    stream = io.BytesIO()
    book.save(stream)
    plan, transcript = planned(stream.getvalue(), policy)
    attachment = Attachment("liste-düzeltilecek.xlsx", "", stream.getvalue(), "digest")
    files = opened_files([(attachment, transcript)])
    (copy,) = mark_copies([replace(plan, file=attachment.name)], files, "Sayfa1", readers)

    assert {cell for _, cell in marked_cells(copy.data)} == {"F6", "B7"}


# --- the mirror ----------------------------------------------------------------------------------

MIRRORED: Mapping[str, Callable[[Grid], bytes]] = {
    "xls": xls,
    "ods": ods,
    "html": lambda grid: html_file(grid, "windows-1254"),
    "csv": lambda grid: padded_csv(grid, "windows-1254"),
    "macros": xlsm,
    "strict": strict_xlsx,
}


@pytest.mark.parametrize("kind", MIRRORED)
def test_a_mirror_has_the_same_sheets_rows_and_columns(kind: str, policy: Policy) -> None:
    grid = replace(faulty_list(), merged=())
    plan, transcript = planned(MIRRORED[kind](grid), policy, "liste")
    copy = mirrored(transcript.sheets, plan, "Sayfa1")
    front, *sheets = transcribe(copy, Clues()).sheets

    assert front.name == "Düzeltilecekler"
    assert [s.name for s in sheets] == [s.name or "Sayfa1" for s in transcript.sheets]
    assert [contents(s) for s in sheets] == [contents(s) for s in transcript.sheets]
    assert {cell for _, cell in marked_cells(copy)} >= {"E6", "F6", "B7"}


def test_a_mirror_hides_what_was_hidden(policy: Policy) -> None:
    grid = replace(faulty_list(), hidden_columns=(7, 8), hidden_rows=(0,))
    other = replace(official(), name="Kodlar", visible=False)
    plan, transcript = planned(xls(grid, other), policy)
    _, sheet, codes = transcribe(mirrored(transcript.sheets, plan, "Sayfa1"), Clues()).sheets

    assert sheet.hidden_columns == (7, 8)
    assert sheet.hidden_rows == (0,)
    assert not codes.visible


def test_a_text_that_looks_like_a_formula_stays_a_text(policy: Policy) -> None:
    plan, transcript = planned(
        padded_csv(official(entry(AYSE, given_name="=1+1", born_on="26.11.99"))), policy
    )
    sheet = openpyxl.load_workbook(io.BytesIO(mirrored(transcript.sheets, plan, "Sayfa1"))).worksheets[1]

    assert sheet["C6"].value == "=1+1"
    assert sheet["C6"].data_type == "s"
    assert sheet["C6"].quotePrefix


def test_strange_sheet_names_become_names_a_workbook_may_have() -> None:
    sheets = (Sheet("a/b:c" * 20, ()), Sheet("Düzeltilecekler", ()), Sheet("", ()))
    plan = MarkingPlan(
        "f", "n.xlsx", "Düzeltilecekler", "b", (), ("Hücre",) * 6, (FaultRow("", "A1", ("x",) * 6),), ()
    )
    names = openpyxl.load_workbook(io.BytesIO(mirrored(sheets, plan, "Sayfa1"))).sheetnames

    assert names[0] == "Düzeltilecekler"
    assert names[2:] == ["Düzeltilecekler 2", "Sayfa1"]
    assert len(names[1]) <= 31


def test_a_broken_plan_never_reaches_a_letter(readers: WorkerPool) -> None:
    """A worker that fails over a copy costs the copy and nothing else."""
    plan = MarkingPlan("a", "a.xlsx", "[]", "b", (), (), (), (Mark("yok", "A1", "x"),))
    attachment = Attachment("a", "", b"", "digest")
    files = list(opened_files([(attachment, Transcript("digest", transcribe(b"", Clues()).kind, ""))]))
    assert mark_copies([plan], files, "Sayfa1", readers) == ()


# --- any list ------------------------------------------------------------------------------------

# field → what may be written there, and is wrong whatever the rest of the row says
FAULTS: Mapping[str, tuple[Any, ...]] = {
    "identity_number": (WRONG_TENTH, WRONG_ELEVENTH, FILLERS[0], None, "1234567890", "4.14764E+10", "yok"),
    "given_name": (None, "A.", "Ayşe 2"),
    "family_name": (None, "Ö."),
    "born_on": (None, "26.11.99", "31/06/1997", date(2030, 1, 1)),
    "work_email": (None, "yok", "a.b@posta.invalid", "a b@saglik.example.org"),
    "workplace": (None, "-"),
    "kind": (None, 3, "Yenileme", "9"),
    "card_reader": (None, "Bluetooth", 7),
    "term_years": (None, "on"),
    "payment": ("Kurum", "Banka"),
}
WRITERS: Mapping[str, Callable[[Grid], bytes]] = {
    "xlsx": xlsx,
    "xls": xls,
    "ods": ods,
    "csv": padded_csv,
}


@st.composite
def broken_lists(draw: st.DrawFn) -> tuple[str, Grid]:
    """Lists of some people in any order of columns, here and there with a fault."""
    people: list[Person] = draw(st.lists(st.sampled_from(PEOPLE[:40]), min_size=1, max_size=4, unique=True))
    rows = []
    for who in people:
        faults = draw(st.lists(st.sampled_from(sorted(FAULTS)), max_size=3, unique=True))
        rows.append(entry(who, **{field: draw(st.sampled_from(FAULTS[field])) for field in faults}))
    # Columns of one heading are known by what stands to their left: those stay where they are.
    twins = {"kind_note", "spare", "reader_note", "spare_reader"}
    columns = [column for column in OFFICIAL_COLUMNS if column[0] not in twins]
    random.Random(draw(st.integers(0, 1000))).shuffle(columns)
    form = replace(draw(st.sampled_from((OFFICIAL, BARE))), columns=tuple(columns), numbered_rows=1)
    return draw(st.sampled_from(sorted(WRITERS))), replace(filled(form, rows), merged=())


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(case=broken_lists())
def test_the_marked_cells_are_the_cells_of_the_findings(case: tuple[str, Grid], policy: Policy) -> None:
    kind, grid = case
    data = WRITERS[kind](grid)
    decision, transcript = judged(data, policy)
    faults = faults_of(decision, policy)
    plans = mark(decision, policy)
    assert bool(plans) == bool(faults)
    for plan in plans:
        copy = edited(data, plan) if kind == "xlsx" else mirrored(transcript.sheets, plan, "Sayfa1")
        found = marked_cells(copy)
        assert {cell for _, cell in found} == faults
        assert all(found.values())
        assert {row.cell for row in plan.rows} == faults
        # Nothing else has changed: it reads as it read before.
        sheets = transcribe(copy, Clues()).sheets[1:]
        assert [contents(s) for s in sheets] == [contents(s) for s in transcript.sheets]


# --- the whole way -------------------------------------------------------------------------------


def letters(name: str, policy: Policy, readers: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Gives the letters to a fixture mail as their reader would open them."""
    kept: list[bytes] = []
    plain = Ledger.plan_letter

    def plan_letter(self: Ledger, letter: Planned, at: datetime) -> None:
        kept.append(letter.body)
        plain(self, letter, at)

    monkeypatch.setattr(Ledger, "plan_letter", plan_letter)
    explain([HERE / name], policy, readers, ZoneInfo("Europe/Istanbul"), None)
    for raw in kept:
        yield email.message_from_bytes(raw, policy=email.policy.default)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("returned/one-good-one-bad-row.eml", {"B7"}),
        ("returned/email-typo.eml", {"F6", "F7"}),
        ("returned/missing-fields.eml", {"E6", "F6", "G6"}),
        ("returned/missing-codes.eml", {"H6", "K6", "O6"}),
    ],
)
def test_a_letter_brings_the_marked_copy_and_says_so(
    name: str, cells: set[str], policy: Policy, readers: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Behind the answer, those whom the list has named are written to.
    letter = next(letters(name, policy, readers, monkeypatch))
    (part,) = letter.iter_attachments()

    assert {cell for _, cell in marked_cells(part.get_content())} == cells
    assert part.get_filename() in letter.get_body(("plain",)).get_content()


def test_several_lists_come_back_each_with_its_own_marks(policy: Policy, readers: WorkerPool) -> None:
    """Two files of one name are told apart."""
    one, two = xlsx(official(entry(AYSE, born_on="26.11.99"))), xlsx(official(entry(CANAN, kind=3)))
    files = [
        (Attachment("liste.xlsx", "", data, str(number)), transcribe(data, Clues()))
        for number, data in enumerate((one, two))
    ]
    evidence = read(files, policy.patterns)
    submission = Submission(AYSE.work_email, "", (), "", "", (), "", "", (), ())
    decision = judge(Matter("0" * 64, submission, evidence), Facts(TODAY), policy)
    first, second = mark_copies(mark(decision, policy), opened_files(files), "Sayfa1", readers)

    assert first.name != second.name
    assert {cell for _, cell in marked_cells(first.data)} == {"E6"}
    assert {cell for _, cell in marked_cells(second.data)} == {"H6"}
