"""What people see on a sheet and no cell holds is heard: boxes, drawn lines, margins, words around tables."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from pipeline.policy.remarks import hear
from tests.in_order import POLICY
from tests.odd_workbooks import (
    html_file,
    ods_with_box,
    ods_with_margin,
    with_margin,
    with_shape,
    xls_with_box,
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
