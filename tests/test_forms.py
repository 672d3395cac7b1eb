"""The form that goes along to be filled in: it can be, and what was pasted or linked comes back as one."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox_fixtures.expect import demo_policy
from mailbox_fixtures.make import HERE
from pipeline.domain import Arrival, Attachment, Evidence
from pipeline.judging.read import read
from pipeline.lists.sheets import ListReading, read_list
from pipeline.lists.workbook import blank_form
from pipeline.mail.unpack import body_table, unpack
from pipeline.papers.clues import Clues
from pipeline.policy.policy import Policy
from pipeline.sandbox.scanner.scan import transcribe
from tests.letters import writes
from tests.mails import Envelope, alternative, at, html, mail, plain
from tests.odd_workbooks import csv_file, html_file, html_table, ods, xlsb
from tests.people import PEOPLE, person
from tests.workbooks import (
    BARE,
    LEGEND,
    OFFICIAL_COLUMNS,
    SIGNATURE,
    TITLE,
    Grid,
    ListForm,
    Value,
    entry,
    filled,
    xls,
    xlsx,
)

AYSE = person("Ayşe Karaağaçlı")
DAY_ZERO = date(1899, 12, 30)


POLICY = demo_policy()


@pytest.fixture
def policy() -> Policy:
    return POLICY


def reading(workbook: bytes, policy: Policy) -> ListReading:
    return read_list("form.xlsx", transcribe(workbook, Clues()).sheets, policy.form, DAY_ZERO)


def blank(policy: Policy) -> bytes:
    return blank_form(policy.form, policy.texts.words["blank_form"], ())


# --- the blank form ------------------------------------------------------------------------------


def test_a_blank_form_is_the_same_bytes_again_and_names_nobody(policy: Policy) -> None:
    assert blank(policy) == blank(policy)
    found = reading(blank(policy), policy)
    assert (found.holders, found.why_none, found.unaccounted) == ((), "sample_rows_only", ())
    # The sample that we print ourselves is not worth a sentence.
    assert found.samples == ()


def test_a_form_that_was_filled_in_is_read_without_its_sample(policy: Policy) -> None:
    book = openpyxl.load_workbook(io.BytesIO(blank(policy)))
    sheet = book.worksheets[0]
    values = entry(AYSE) | {"born_on": f"{AYSE.born_on:%d/%m/%Y}"}
    for column, field in enumerate((c.field for c in policy.form.written_columns), start=1):
        if values.get(field) is not None:
            sheet.cell(5, column).value = str(values[field])
    stream = io.BytesIO()
    book.save(stream)
    (holder,) = reading(stream.getvalue(), policy).holders

    assert holder.identity_number is not None
    assert holder.identity_number.digits == AYSE.identity_number
    assert (holder.given_name, holder.family_name) == (AYSE.given_name, AYSE.family_name)
    assert (holder.born_on, holder.kind, holder.term_years) == (AYSE.born_on, "2", "3")
    assert holder.unclear == {}


def test_the_codes_can_be_chosen_and_say_what_they_mean(policy: Policy) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(blank(policy))).worksheets[0]
    offered = {c.formula1: c.prompt for c in sheet.data_validations.dataValidation}

    assert set(offered) == {'"1,2,3,4"', '"1,2,3"', '"1,3,5"', '"Kurum,Kişi"'}
    assert offered['"1,2,3,4"'].split("\n")[1] == "2: Kayıp/Çalıntı"


def test_cells_are_set_for_text_so_that_no_number_loses_its_digits(policy: Policy) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(blank(policy))).worksheets[0]
    assert {cell.number_format for row in sheet.iter_rows(min_row=4) for cell in row} == {"@"}


# --- a table in the mail's own text --------------------------------------------------------------


def pasted(body: str, policy: Policy) -> Evidence:
    envelope = Envelope(writes(AYSE), "liste", at("2024-05-29", "10:40"))
    raw = mail(envelope, alternative(plain("Bilgilerim aşağıdadır."), html(body)))
    table = body_table(unpack(Arrival("0" * 64, raw, envelope.sent_at)))
    files = [(table, transcribe(table.data, Clues()))] if table else []
    return read(files, policy.patterns)


def test_a_pasted_table_is_read_but_is_no_list(policy: Policy) -> None:
    evidence = pasted(f"<p>Merhaba</p>{html_table(filled(BARE, [entry(AYSE)]))}", policy)
    assert [h.given_name for h in evidence.pasted] == [AYSE.given_name]
    assert (evidence.holders, evidence.unread) == ((), ())


@pytest.mark.parametrize("quote", ["<blockquote>", '<div class="gmail_quote">', '<div id="divRplyFwdMsg">'])
def test_a_table_in_an_answered_mail_is_nobodys_new_list(quote: str, policy: Policy) -> None:
    evidence = pasted(f"<p>Ne oldu?</p>{quote}{html_table(filled(BARE, [entry(AYSE)]))}", policy)
    assert evidence == Evidence()


def test_another_table_is_nothing(policy: Policy) -> None:
    assert pasted("<table><tr><td>Dr. A. Örnek</td><td>Dahili 2114</td></tr></table>", policy) == Evidence()


def test_a_confirmed_form_reads_as_what_was_pasted(policy: Policy) -> None:
    rows = [entry(AYSE), entry(PEOPLE[7], born_on="26.11.99", kind="Kayıp")]
    found = pasted(html_table(filled(BARE, rows)), policy).pasted
    again = reading(blank_form(policy.form, policy.texts.words["blank_form"], found), policy).holders

    assert [(h.identity_number, h.given_name, h.work_email, h.kind) for h in again] == [
        (h.identity_number, h.given_name, h.work_email, h.kind) for h in found
    ]
    # What could not be read stands there as it was written, to be put right.
    assert again[1].written["born_on"] == "26.11.99"
    assert again[1].unclear == {"born_on": "two_digit_year"}


def test_beside_an_enclosed_list_the_pasted_one_is_left_alone(policy: Policy) -> None:
    body = f"<html><body>{html_table(filled(BARE, [entry(AYSE)]))}</body></html>".encode("utf-8-sig")
    table = Attachment("", "text/html", body, "1", is_body=True)
    book = Attachment("liste.xls", "", xls(filled(BARE, [entry(PEOPLE[7])])), "2")
    files = [(a, transcribe(a.data, Clues())) for a in (book, table)]
    evidence = read(files, policy.patterns)

    assert len(evidence.holders) == 1
    assert evidence.pasted == ()


# --- every rule that brings a form ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "enclosed"),
    [
        ("cloud-link", "FORM-001-003-boş.xlsx"),
        ("empty-list", "FORM-001-003-boş.xlsx"),
        ("list-as-pdf", "FORM-001-003-boş.xlsx"),
        ("list-pasted-into-the-mail", "FORM-001-003-onayınıza.xlsx"),
        ("other-workbook", "FORM-001-003-boş.xlsx"),
        ("sample-row-only", "FORM-001-003-boş.xlsx"),
        ("word-list", "FORM-001-003-boş.xlsx"),
    ],
)
def test_whoever_has_to_fill_in_a_list_again_gets_the_form(name: str, enclosed: str) -> None:
    told = (HERE / f"returned/{name}.expected").read_text(encoding="utf-8")
    assert f"  Ek: {enclosed}\n" in told


# --- random lists, in files of every kind --------------------------------------------------------


def padded_csv(grid: Grid) -> bytes:
    width = max(map(len, grid.rows))
    rows = tuple((*row, *[None] * (width - len(row))) for row in grid.rows)
    return csv_file(replace(grid, rows=rows), "windows-1254")


WRITERS: Mapping[str, Callable[[Grid], bytes]] = {
    "xls": xls,
    "xlsx": xlsx,
    "xlsb": xlsb,
    "ods": ods,
    "html": lambda grid: html_file(grid, "windows-1254"),
    "csv": padded_csv,
}
# field → the ways in which people write what stands in the row
WAYS: Mapping[str, tuple[Callable[[Value], Value], ...]] = {
    "identity_number": (lambda v: v, lambda v: int(str(v)), lambda v: f"TC: {v}", lambda v: f" {v}\u00a0"),
    "born_on": (
        lambda v: v,
        lambda v: f"{v:%d.%m.%Y}",
        lambda v: f"{v:%d/%m/%Y}",
        lambda v: f"{v:%d-%m-%Y}",
    ),
    "kind": (lambda _: 2, lambda _: "2", lambda _: "Kayıp/Çalıntı", lambda _: "2-KAYIP", lambda _: "2.0"),
    "card_reader": (lambda _: 3, lambda _: "3 ", lambda _: "İstenmiyor", lambda _: "Yok"),
    "term_years": (lambda _: 3, lambda _: "3 yıl", lambda _: "3 Yıllık"),
}


def written_list(chance: random.Random, policy: Policy) -> tuple[list[str], Grid]:
    """Some people, in any order of columns, under any usual headings, in any way of writing."""
    people = chance.sample(PEOPLE[:60], chance.randint(1, 4))
    # Columns of one heading are known by what stands to their left: those stay out of a shuffled form.
    left_out = {"kind_note", "spare", "reader_note", "spare_reader"}
    left_out |= set(chance.sample(["number", "vpn", "payment", "note"], chance.randint(0, 4)))
    columns = [c for c in OFFICIAL_COLUMNS if c[0] not in left_out]
    aliases = {c.field: c.aliases for c in policy.form.columns}
    named = [(field, chance.choice(aliases.get(field, (text,)))) for field, text in columns]
    form = ListForm(
        columns=tuple(chance.sample(named, len(named))),
        title=chance.choice(((), TITLE)),
        legend=chance.choice(((), LEGEND)),
        signature=chance.choice(((), SIGNATURE)),
        numbered_rows=chance.randint(0, 5),
    )
    rows = []
    for who in people:
        row = entry(who)
        rows.append(row | {field: chance.choice(ways)(row[field]) for field, ways in WAYS.items()})
    return [who.identity_number for who in people], replace(filled(form, rows), merged=())


@settings(max_examples=120)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(sorted(WRITERS)))
def test_random_people_in_random_layouts_and_files_are_read_back(seed: int, kind: str) -> None:
    numbers, grid = written_list(random.Random(seed), POLICY)
    transcript = transcribe(WRITERS[kind](grid), Clues())
    holders = read_list("liste", transcript.sheets, POLICY.form, DAY_ZERO).holders

    known = {p.identity_number: p for p in PEOPLE}
    assert [h.identity_number.digits if h.identity_number else "" for h in holders] == numbers
    for holder, number in zip(holders, numbers, strict=True):
        who = known[number]
        assert (holder.given_name, holder.family_name) == (who.given_name, who.family_name)
        assert (holder.born_on, holder.work_email, holder.workplace) == (
            who.born_on,
            who.work_email,
            who.workplace,
        )
        assert (holder.kind, holder.card_reader, holder.term_years) == ("2", "3", "3")
        assert holder.unclear == {}
