"""What people see on a sheet and no cell holds is heard: boxes, drawn lines, margins, words around tables."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
import xlwt  # type: ignore[import-untyped]
from PIL import Image

from pipeline.domain import CellKind
from pipeline.judging.hearing import hear
from pipeline.sandbox.scanner.cells import SheetInProgress
from pipeline.sandbox.scanner.limits import Allowance, Unreadable
from tests.in_order import POLICY
from tests.odd_workbooks import (
    html_file,
    ods_with_box,
    ods_with_drawing,
    ods_with_margin,
    with_margin,
    with_picture,
    with_shape,
    xls_with_box,
    xls_with_drawing,
    xlsb,
    xlsb_with_margin,
)
from tests.test_around_lists import AYSE, HULYA, IN_ORDER
from tests.test_rows import PRINTED, person_line, read_file
from tests.workbooks import Grid, repacked, xlsx

TWO = Grid("Liste", tuple(map(tuple, (PRINTED, *map(person_line, (AYSE, HULYA))))))
OVER = (0, 1), (0, 5)


def held(book: bytes) -> set[str]:
    reading = read_file(book)
    heard = hear("Kayıp listesi", IN_ORDER, reading.holders, POLICY.remarks)
    return {str(reading.holders[i].family_name) for i in heard.rows}


def on_page(before: str = "", after: str = "") -> bytes:
    page = html_file(TWO, "utf-8").decode()
    return page.replace("<table", f"{before}<table", 1).replace("</table>", f"</table>{after}").encode()


WRITERS: dict[str, Callable[[str], bytes]] = {
    "box in .xlsx": lambda said: with_shape(xlsx(TWO), said, *OVER),
    "box in .xlsb": lambda said: with_shape(xlsb(TWO), said, *OVER),
    "box in .xls": lambda said: xls_with_box(TWO, said),
    "box in .ods": lambda said: ods_with_box(TWO, said),
    "margin of .xlsx": lambda said: with_margin(xlsx(TWO), said),
    "margin of .xlsb": lambda said: xlsb_with_margin(TWO, said),
    "margin of .ods": lambda said: ods_with_margin(TWO, said),
    "words before a table": lambda said: on_page(before=f"<h1>{said}</h1>"),
    "words behind a table": lambda said: on_page(after=f"<p>{said}</p>"),
}
ALL = {AYSE.family_name, HULYA.family_name}


@pytest.mark.parametrize("writer", WRITERS)
def test_what_stands_in_no_cell_is_a_title_or_names_somebody(writer: str) -> None:
    write = WRITERS[writer]
    assert held(write("TASLAKTIR")) == ALL
    assert held(write("VAZGEÇENLER")) == ALL
    assert AYSE.family_name in held(write(f"{AYSE.name} kartını buldu, listeden çıkarın"))
    assert held(write("FORM-001-003")) == set()
    assert held(write("Doğum tarihini Gün/Ay/Yıl olarak yazınız")) == set()


def test_a_line_drawn_through_a_row_crosses_it_out() -> None:
    doubts = [h.doubts for h in read_file(with_shape(xlsx(TWO), "", (2, 1), (2, 6))).holders]
    assert [bool("struck" in of_row) for of_row in doubts] == [False, True]
    # A line beside the rows, or one between columns, says nothing.
    for first, last in (((9, 1), (9, 6)), ((0, 3), (9, 3))):
        assert not any(h.doubts for h in read_file(with_shape(xlsx(TWO), "", first, last)).holders)


Corner = tuple[int, int]
# What lies over cells, by what draws it: over the second person's row alone, and over both.
PICTURES: dict[str, Callable[[Corner, Corner], bytes]] = {
    "picture in .xlsx": lambda first, last: with_picture(xlsx(TWO), first, last),
    "picture in .xlsb": lambda first, last: with_picture(xlsb(TWO), first, last),
    "box with words in .xlsx": lambda first, last: with_shape(xlsx(TWO), "FORM-001-003", first, last),
    "picture in .xls": lambda first, last: xls_with_drawing(TWO, 0x08, first, last),
    "chart in .xls": lambda first, last: xls_with_drawing(TWO, 0x05, first, last),
    "box in .xls": lambda first, last: xls_with_drawing(TWO, 0x06, first, last),
    "picture in .ods": lambda first, last: ods_with_drawing(
        TWO, f'<draw:frame table:end-cell-address="Liste.F{last[0] + 1}"><draw:image/></draw:frame>', first[0]
    ),
}


def doubted(book: bytes, name: str) -> list[bool]:
    return [name in holder.doubts for holder in read_file(book).holders]


@pytest.mark.parametrize("writer", PICTURES)
def test_a_row_below_a_picture_waits(writer: str) -> None:
    lay = PICTURES[writer]
    assert doubted(lay((2, 0), (2, 6)), "covered") == [False, True]
    assert doubted(lay((1, 0), (2, 6)), "covered") == [True, True]
    # A logo over the headings, and a seal below the rows.
    assert doubted(lay((0, 0), (0, 6)), "covered") == [False, False]
    if writer != "picture in .ods":
        assert doubted(lay((3, 0), (9, 6)), "covered") == [False, False]


PENS: dict[str, Callable[[Corner, Corner], bytes]] = {
    ".xls": lambda first, last: xls_with_drawing(TWO, 0x01, first, last),
    ".ods": lambda first, last: ods_with_drawing(
        TWO,
        f'<draw:line svg:x1="0" svg:x2="{last[1]}" table:end-cell-address="Liste.F{last[0] + 1}"/>',
        first[0],
    ),
}


@pytest.mark.parametrize("kind", PENS)
def test_a_line_through_a_row_crosses_it_out_in_every_kind_of_workbook(kind: str) -> None:
    assert doubted(PENS[kind]((2, 0), (2, 6)), "struck") == [False, True]
    assert not any(h.doubts for h in read_file(PENS[kind]((1, 0), (2, 0))).holders)


@pytest.mark.parametrize("sort", [0x07, 0x0B, 0x14, 0x19])
def test_buttons_ticks_lists_and_notes_of_an_xls_hide_nothing(sort: int) -> None:
    assert not any(h.doubts for h in read_file(xls_with_drawing(TWO, sort, (1, 0), (2, 6))).holders)


def test_a_drawing_whose_place_nobody_knows_may_lie_anywhere() -> None:
    assert doubted(with_picture(xlsx(TWO), (1, 0), None), "covered") == [True, True]
    assert doubted(with_picture(xlsx(TWO), (9, 0), None), "covered") == [False, False]
    assert doubted(xls_with_box(TWO, "FORM-001-003"), "covered") == [True, True]
    assert doubted(ods_with_box(TWO, "FORM-001-003"), "covered") == [True, True]


def test_a_picture_of_an_older_program_in_an_xls_is_seen() -> None:
    book, sheet = xlwt.Workbook(), "Liste"
    page = book.add_sheet(sheet)
    for at, row in enumerate(TWO.rows):
        for column, value in enumerate(row):
            page.write(at, column, f"{value:%d.%m.%Y}" if isinstance(value, date) else value)
    dot = io.BytesIO()
    Image.new("RGB", (300, 20)).save(dot, "BMP")
    page.insert_bitmap_data(dot.getvalue(), 2, 1)
    data = io.BytesIO()
    book.save(data)
    assert doubted(data.getvalue(), "covered")[1]


def test_more_drawings_than_are_told_apart_leave_no_row_unasked() -> None:
    drawn = SheetInProgress("Liste", Allowance())
    for at in (0, 1):
        drawn.put(at, 0, CellKind.TEXT, "x")
    for column in range(2_001):
        drawn.draw_over((5, column, 5, column), "struck")
    assert {look.row for look in drawn.finished().looks} == {0, 1}


def test_more_cells_below_drawings_than_are_looked_at_make_the_file_too_large() -> None:
    drawn = SheetInProgress("Liste", Allowance())
    for at in range(1_000):
        drawn.put(at, 0, CellKind.TEXT, "x")
    for column in range(300):
        drawn.draw_over((0, column, 2_000, column), "covered")
    with pytest.raises(Unreadable, match="too_large"):
        drawn.finished()


def test_a_row_of_a_web_page_that_is_crossed_out_as_a_whole_waits() -> None:
    page = html_file(TWO, "utf-8").decode()
    rows = page.split("<tr>")
    styled = page.replace(f"<tr>{rows[-1]}", f'<tr style="text-decoration:line-through">{rows[-1]}')
    assert [bool("struck" in h.doubts) for h in read_file(styled.encode()).holders] == [False, True]
    deleted = page.replace(f"<tr>{rows[-1]}", f"<del><tr>{rows[-1]}")
    assert [bool("struck" in h.doubts) for h in read_file(deleted.encode()).holders] == [False, True]


def test_what_lies_below_a_merged_cell_is_not_seen() -> None:
    book = xlsx(TWO)
    merge = b'</sheetData><mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(book)) as whole:
        sheet = whole.read(part).replace(b"</sheetData>", merge)
    doubts = [h.doubts for h in read_file(repacked(book, {part: sheet})).holders]
    assert [bool("unseen" in of_row) for of_row in doubts] == [False, True]
