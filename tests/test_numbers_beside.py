"""Every identity number in a workbook is a row's own, or somebody is told: none is passed over in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.domain import CellKind, Outcome
from pipeline.sandbox.scanner.cells import SheetInProgress
from pipeline.sandbox.scanner.limits import Allowance, Unreadable
from pipeline.sandbox.workers import WorkerPool
from tests.desk import Desk
from tests.odd_workbooks import ods_with_note, xls_with_note, xlsb_with_comment
from tests.people import person
from tests.test_beside_cells import TWO, WRITERS
from tests.test_rows import PRINTED, line, person_line, read_file
from tests.test_which_list import AYSE, HULYA, listed, numbers, row, sent, sheet_of
from tests.workbooks import BARE, Grid, Value, filled, xls

HALIL = person("İbrahim Halil Küçükdere")
WITH_NOTE: dict[str, Callable[[str], bytes]] = {
    "comment in .xls": lambda said: xls_with_note(TWO, 2, 3, said),
    "comment in .xlsb": lambda said: xlsb_with_comment(TWO, 2, 3, said),
    "comment in .ods": lambda said: ods_with_note(TWO, 2, 3, said),
}


@pytest.mark.parametrize("writer", WRITERS | WITH_NOTE)
def test_a_number_that_stands_in_no_cell_is_told(writer: str) -> None:
    write = (WRITERS | WITH_NOTE)[writer]
    masked = f"{HALIL.identity_number[:3]}******{HALIL.identity_number[-2:]}"
    for said in (
        f"{HALIL.name} {HALIL.identity_number}",
        f"Ek: T.C. {HALIL.identity_number[:3]} {HALIL.identity_number[3:]}",
        "uzun bir açıklama " * 200 + HALIL.identity_number,
    ):
        assert list(map(str, read_file(write(said)).beside)) == [masked]
    # A row's own number, one of no check digits, a telephone's.
    for said in (f"{AYSE.name} {AYSE.identity_number}", "12345678901", "0532 123 45 67", "FORM-001-003"):
        assert read_file(write(said)).beside == ()


@pytest.mark.parametrize(
    "extra",
    [
        ["Hazırlayan: Ali Kaya", None, None, None, None, HALIL.identity_number],
        [f"Düzenleyen {HALIL.identity_number}"],
        [None, None, None, None, None, None, None, f"{HALIL.name} {HALIL.identity_number}"],
    ],
)
def test_a_number_in_a_row_that_is_nobodys_is_told(extra: list[Value]) -> None:
    reading = read_file(xls(Grid("Liste", tuple(map(tuple, (PRINTED, person_line(AYSE), [], extra))))))
    assert len(reading.holders) == 1
    assert reading.unaccounted or reading.beside


def test_a_second_number_in_somebodys_row_is_told() -> None:
    rows = (PRINTED, person_line(AYSE, note=f"{HALIL.name} {HALIL.identity_number}"), person_line(HULYA))
    assert len(read_file(xls(Grid("Liste", tuple(map(tuple, rows))))).beside) == 1


def test_a_number_of_a_row_that_is_told_otherwise_is_not_told_twice() -> None:
    rows = (PRINTED, person_line(AYSE), [], line(workplace=f"{HALIL.identity_number}"))
    reading = read_file(xls(Grid("Liste", tuple(map(tuple, rows)))))
    assert (len(reading.unaccounted), reading.beside) == (1, ())


def test_whoever_stands_in_a_comment_is_told_of_and_the_rows_go_on(readers: WorkerPool) -> None:
    said = f"Bir de {HALIL.name}, {HALIL.identity_number}"
    desk = Desk(readers)
    grid = filled(BARE, [row(AYSE), row(HULYA)])
    judged = desk.take(sent(xls_with_note(grid, 1, 3, said)))
    assert (judged.decision.outcome, listed(judged)) == (Outcome.HELD, numbers(AYSE, HULYA))
    told = desk.told(judged)
    assert f"{HALIL.identity_number[:3]}******{HALIL.identity_number[-2:]}" in told
    assert HALIL.identity_number not in told
    assert Desk(readers).take(sent(sheet_of("Liste", AYSE, HULYA))).decision.outcome is Outcome.ACCEPTED


def test_more_comments_than_are_heard_make_the_file_too_large() -> None:
    sheet = SheetInProgress("Liste", Allowance())
    sheet.put(0, 0, CellKind.TEXT, "x")
    sheet.comment(0, 0, "kelime " * 500)
    assert "".join(c.text for c in sheet.finished().comments) == "kelime " * 500
    for _ in range(1_996):
        sheet.comment(0, 0, "x")
    with pytest.raises(Unreadable, match="too_large"):
        sheet.comment(0, 0, "x")
