"""Sheets that people print and sign stand across A4, one page wide, their headings on every page."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import openpyxl
import pytest

from pipeline.domain import Cell, CellKind, Sheet
from pipeline.letters.mark import mark
from pipeline.lists.workbook import blank_form, write_list
from pipeline.sandbox.marker.mirror import mirrored
from tests.in_order import POLICY, SUKRU, judged, row


def marked_copy() -> bytes:
    rows = [row(sheet="Liste"), row(SUKRU, 7, sheet="Liste", kind="9", cells={"kind": "L7"})]
    (plan,) = mark(judged(*rows), POLICY)
    cells = tuple(Cell(r, c, "x", CellKind.TEXT) for r in range(4, 60) for c in range(16))
    return mirrored([Sheet("Liste", cells)], plan, "Sayfa1")


SHEETS = {
    "the list for Kamu SM": (lambda: write_list([row()] * 80, POLICY.form, "Liste"), "$3:$3"),
    "the form": (lambda: blank_form(POLICY.form, POLICY.texts.words["blank_form"], ()), "$3:$3"),
    # The row above the first person.
    "a marked copy": (marked_copy, "$5:$5"),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_is_printed_across_and_one_page_wide(name: str) -> None:
    make, headings = SHEETS[name]
    sheet: Any = openpyxl.load_workbook(BytesIO(make())).worksheets[-1]

    assert sheet.print_title_rows == headings
    setup = sheet.page_setup
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (setup.orientation, str(setup.paperSize), setup.fitToHeight) == ("landscape", "9", 0)
    assert setup.fitToWidth in (None, 1)
