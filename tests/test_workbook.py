"""The night's list: the form's own layout, every cell a text, the same bytes for the same people."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Holder
from pipeline.lists.sheets import read_list
from pipeline.lists.workbook import guarded, write_list
from pipeline.night.consolidate import consolidate
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner.scan import transcribe
from tests.in_order import AYSE, FIELDS, POLICY, SUKRU, TODAY, open_case, row
from tests.people import PEOPLE

FORM = POLICY.form
ROWS = [row(who, 6 + at) for at, who in enumerate(PEOPLE[:30])]


def written(*holders: Holder, title: str = "Deneme") -> bytes:
    return write_list(holders, FORM, title)


def cells(workbook: bytes) -> list[list[str]]:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    return [
        [str(cell.value) if cell.value is not None else "" for cell in line] for line in sheet.iter_rows()
    ]


def read_again(workbook: bytes) -> tuple[Holder, ...]:
    """Reads our own list as if a stranger had sent it."""
    transcript = transcribe(workbook, Clues())
    assert transcript.problem == ""
    return read_list("liste.xlsx", transcript.sheets, FORM, date(1899, 12, 30)).holders


def test_the_list_is_laid_out_as_the_form() -> None:
    lines = cells(written(row(), title="FORM-001-003 – 2024-05-13/1"))
    assert lines[0][0] == FORM.title
    assert lines[1][0] == "FORM-001-003 – 2024-05-13/1"
    assert lines[2] == [column.heading for column in FORM.written_columns]
    assert len(lines) == 4


def test_every_cell_is_a_text() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(*ROWS))).worksheets[0]
    filled = [cell for line in sheet.iter_rows(min_row=4) for cell in line if cell.value is not None]
    assert {(type(cell.value), cell.data_type, cell.number_format) for cell in filled} == {(str, "s", "@")}
    at = [column.field for column in FORM.written_columns].index
    first = [cell.value for cell in next(sheet.iter_rows(min_row=4, max_row=4))]
    # The number in full, never the mask; the day as the form asks for it.
    assert first[at("identity_number")] == AYSE.identity_number
    assert first[at("born_on")] == "25.07.1980"


def test_the_list_is_read_again_to_the_same_people() -> None:
    again = read_again(written(*ROWS))
    assert [[getattr(h, f) for f in FIELDS] for h in again] == [[getattr(h, f) for f in FIELDS] for h in ROWS]
    assert not any(h.unclear or h.understood for h in again)


@pytest.mark.parametrize("odd", ["\x01", "\x00", "\x0b", "\ud800", "\ufffe", "\x1b[2J", "\u202e", "\u2028"])
def test_no_character_stops_the_night(odd: str) -> None:
    # What a spreadsheet cannot hold would otherwise keep everybody's list from going out.
    (again,) = read_again(written(row(workplace=f"ACİL{odd}SERVİS", note=odd)))
    assert again.workplace is not None
    assert again.workplace.startswith("ACİL")
    assert again.workplace.isprintable()


FORMULAS = [
    "=1+1",
    "+905551112233",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\r=x",
    '=HYPERLINK("http://kotu.invalid")',
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_in_the_list_is_ever_run(text: str) -> None:
    workbook = written(row(workplace=text, note=text, given_name=text))
    with zipfile.ZipFile(io.BytesIO(workbook)) as package:
        assert not [name for name in package.namelist() if b"<f>" in package.read(name)]
    values = [value for line in cells(workbook)[3:] for value in line]
    assert not [value for value in values if value[:1] in "=+-@\t\r" and value]


@given(st.text(max_size=30))
def test_a_guarded_text_begins_harmlessly_and_is_whole(text: str) -> None:
    shown = guarded(text)
    assert shown in (text, "'" + text)
    assert shown[:1] not in ("=", "+", "-", "@", "\t", "\r")


def test_the_same_people_give_the_same_bytes() -> None:
    assert written(*ROWS) == written(*ROWS)
    assert written(*ROWS) != written(*ROWS[::-1])
    assert written(row()) != written(row(), title="Başka")


def test_another_process_on_another_day_writes_the_same_bytes() -> None:
    program = (
        "import sys, hashlib, datetime\n"
        "from tests.in_order import POLICY, row\n"
        "from tests.people import PEOPLE\n"
        "from pipeline.lists.workbook import write_list\n"
        "rows = [row(who, 6 + at) for at, who in enumerate(PEOPLE[:30])]\n"
        "sys.stdout.write(hashlib.sha256(write_list(rows, POLICY.form, 'Deneme')).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).resolve().parent.parent,
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for zone, seed in (("Europe/Istanbul", "1"), ("Pacific/Auckland", "2"))
    }
    assert len(digests) == 1
    assert len(digests.pop()) == 64


def test_no_moment_is_left_in_the_package() -> None:
    with zipfile.ZipFile(io.BytesIO(written(row()))) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
    assert str(date.today().year) not in core


@settings(max_examples=15)
@given(
    st.lists(
        st.builds(
            lambda who, workplace: row(who, workplace=workplace),
            st.sampled_from(PEOPLE),
            st.text("ABCÇĞİÖŞÜ abcçğıöşü-'&<>\"0123456789", min_size=1, max_size=40).map(
                lambda t: "X" + " ".join(t.split())
            ),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_workplace_comes_back_as_it_went(holders: list[Holder]) -> None:
    assert [h.workplace for h in read_again(written(*holders))] == [h.workplace for h in holders]


# --- the batch -------------------------------------------------------------------------------------


def test_a_batch_holds_every_case_that_has_a_holder() -> None:
    cases = [open_case(), open_case(SUKRU, number="N-0000001F", holder=row(SUKRU))]
    (batch,) = consolidate(TODAY, [*cases, open_case(PEOPLE[3], number="N-0000002D", holder=None)], FORM)
    assert batch.name == "2024-05-13/1"
    assert batch.cases == tuple(cases)
    assert [h.identity_number for h in read_again(batch.workbook)] == [c.identity_number for c in cases]
    assert "13 Mayıs 2024" in cells(batch.workbook)[1][0]


def test_without_cases_there_is_no_batch() -> None:
    assert consolidate(TODAY, [], FORM) == ()
    assert consolidate(TODAY, [open_case(holder=None)], FORM) == ()


def test_a_batch_is_the_same_bytes_again() -> None:
    cases = [open_case(), open_case(SUKRU, holder=row(SUKRU))]
    (first,), (second,) = consolidate(TODAY, cases, FORM), consolidate(TODAY, cases, FORM)
    assert first == second
    (other,) = consolidate(TODAY, [replace(cases[0], holder=row(kind="3")), cases[1]], FORM)
    assert other.workbook != first.workbook
