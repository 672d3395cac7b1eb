"""What is read in runs is read as expat and xlrd would read it, whatever stands between; and packed cells."""

from __future__ import annotations

import json
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.domain import Cell, CellKind, Cells, FileKind, Page, Sheet, Source, Transcript, Word
from pipeline.domain.files import Coded, Doubt, Look
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner import plain_cells, xls
from pipeline.sandbox.scanner.cells import SheetInProgress
from pipeline.sandbox.scanner.scan import plain, transcribe
from pipeline.sandbox.scanner.transcribed import TRANSCRIPTS
from tests.people import PEOPLE
from tests.seen_workbooks import Dress, dressed_xls, dressed_xlsx
from tests.workbooks import OFFICIAL, entry, filled, repacked
from tests.workbooks import xls as old_workbook
from tests.workbooks import xlsx as new_workbook

LIST = filled(OFFICIAL, [entry(person) for person in PEOPLE[:6]])
DRESS = Dress(
    struck=frozenset({(6, 2)}),
    struck_in_part=frozenset({(7, 2)}),
    white=frozenset({(5, 1)}),
    formats={(6, 4): "mm/dd/yyyy"},
    flat_rows=(8,),
)
PART = "xl/worksheets/sheet1.xml"
WORKBOOKS = {
    "old": old_workbook(LIST),
    "old, dressed": dressed_xls(LIST, DRESS),
    "new": new_workbook(LIST),
    "new, dressed": dressed_xlsx(LIST, DRESS),
}


@pytest.fixture
def all_by_libraries(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Transcript]:
    """Reads without any run."""

    def read(data: bytes) -> Transcript:
        with monkeypatch.context() as patch:
            patch.setattr(plain_cells, "_HEAD", re.compile(b"(?!)"))
            patch.setattr(xls, "_without_plain_cells", lambda book, index, _: book.sheet_by_index(index))
            return transcribe(data, Clues())

    return read


@pytest.mark.parametrize("data", WORKBOOKS.values(), ids=WORKBOOKS)
def test_what_is_read_in_runs_is_the_same(
    data: bytes, all_by_libraries: Callable[[bytes], Transcript]
) -> None:
    assert transcribe(data, Clues()) == all_by_libraries(data)
    assert all_by_libraries(data).sheets[0].cells


@pytest.mark.parametrize("name", ["old, dressed", "new, dressed"])
def test_what_is_seen_of_cells_is_told_of_those_read_in_runs_too(name: str) -> None:
    (sheet,) = transcribe(WORKBOOKS[name], Clues()).sheets
    assert [(look.row, look.column, look.name) for look in sheet.looks] == [
        (5, 1, "unseen"),
        (6, 2, "struck"),
        (6, 4, "month_first"),
        (7, 2, "struck"),
    ]
    assert sheet.hidden_rows == (8,)


@pytest.mark.parametrize("name", ["old", "new"])
def test_of_a_plain_list_most_cells_come_in_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    singly: list[object] = []
    put = SheetInProgress.put

    def noted(self: SheetInProgress, row: int, column: int, kind: CellKind, text: str) -> None:
        singly.append((row, column))
        put(self, row, column, kind, text)

    monkeypatch.setattr(SheetInProgress, "put", noted)
    cells = transcribe(WORKBOOKS[name], Clues()).sheets[0].cells
    assert len(singly) < len(cells) / 3


# In a worksheet's XML, what stands there and what is written in its place.
ALTERED = {
    "another type": (b'"><v>', b'" t="s"><v>'),
    "a comment behind a cell": (b"</c>", b"</c><!-- x -->"),
    "a cell in a comment": (b"</c>", b'</c><!--<c r="B2"><v>5</v></c>-->'),
    "a cell in a comment, behind a tag": (b"</c>", b'</c><!--<b><c r="B95"><v>5</v></c></b>-->'),
    "a cell as data": (b"<v>", b'<![CDATA[<c r="B2"><v>5</v></c>]]><v>'),
    "an instruction": (b"</c>", b'</c><?x <c r="B2"><v>5</v></c>?>'),
    "a cell in a value of a tag": (b"<row ", b'<row q="><c r="B2"><v>5</v></c>" '),
    "a cell in a cell": (b"</c>", b'<c r="B90"><v>5</v></c></c>'),
    "a row in a cell": (b"</c>", b'<row r="91"><c r="B91"><v>5</v></c></row></c>'),
    "a cell outside of rows": (b"</row>", b'</row><c r="B92"><v>5</v></c>'),
    "a cell without a place": (b"</c>", b"</c><c><v>7</v></c>"),
    "a row without a place": (b"</row>", b"</row><row><c><v>7</v></c></row>"),
    "twice the same place": (b"<row ", b'<row r="1"><c r="A1"><v>1</v></c></row><row '),
    "a hidden row": (b"<row ", b'<row hidden="1" '),
    "a flat row": (b"<row ", b'<row ht="0.5" '),
    "twice the same attribute": (b"<row ", b'<row spans="1:2" spans="1:2" '),
    "blanks between": (b"</c><c", b"</c>\n  <c"),
    "blanks in a tag": (b"<c ", b"<c  "),
    "a formula": (b"<v>", b"<f>1+1</f><v>"),
    "an entity": (b"<v>", b"<v>&#49;"),
    "two values": (b"</v>", b"</v><v>3</v>"),
    "no number": (b"<v>", b"<v>x"),
    "no UTF-8": (b"<v>", b"<v>\xff"),
    "no character": (b't="n"><v>', b't="str"><v>\xef\xbf\xbe'),
    "a text": (b't="n"><v>', b't="str"><v>\xc3\x87'),
    "an end of data": (b"<v>", b"<v>]]>"),
    "no end": (b"</c>", b""),
    "a place far away": (b'<c r="', b'<c r="Z'),
    "a place of no letters": (b'<c r="', b'<c r="\xc3\x84'),
    "a style that is none": (b'" s="', b'" s="0'),
    "another name for the row": (b"<row ", b"<x:row "),
    "a document type": (b"<worksheet", b"<!DOCTYPE x><worksheet"),
}


@pytest.mark.parametrize("which", ["first", "last", "each"])
@pytest.mark.parametrize("altered", ALTERED.values(), ids=ALTERED)
def test_whatever_stands_between_plain_cells_of_a_worksheet(
    altered: tuple[bytes, bytes], which: str, all_by_libraries: Callable[[bytes], Transcript]
) -> None:
    before, after = altered
    with zipfile.ZipFile(BytesIO(WORKBOOKS["new"])) as package:
        xml = package.read(PART)
    at = xml.find(before) if which == "first" else xml.rfind(before)
    once = xml[:at] + after + xml[at + len(before) :]
    changed = xml.replace(before, after) if which == "each" else once
    assert changed != xml
    data = repacked(WORKBOOKS["new"], {PART: changed})
    assert transcribe(data, Clues()) == all_by_libraries(data)


def test_a_worksheet_may_be_cut_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = transcribe(WORKBOOKS["new, dressed"], Clues())
    for size in (1, 7, 64, 500):
        monkeypatch.setattr(plain_cells, "_PIECE", size)
        assert transcribe(WORKBOOKS["new, dressed"], Clues()) == whole


RECORDS = {"text": b"\xfd\0\x0a\0", "short": b"\x7e\2\x0a\0", "number": b"\3\2\x0e\0", "row": b"\x08\2\x10\0"}


@pytest.mark.parametrize("name", RECORDS)
def test_records_that_are_damaged_doubled_or_of_another_kind(
    name: str, all_by_libraries: Callable[[bytes], Transcript]
) -> None:
    dice = random.Random(name)
    for book in (WORKBOOKS["old"], WORKBOOKS["old, dressed"]):
        head = RECORDS[name]
        size = 4 + head[2]
        places = [found.start() for found in re.finditer(re.escape(head), book)]
        for turn in range(12 if places else 0):
            data, here = bytearray(book), dice.choice(places)
            if turn % 4 == 0:
                there = dice.choice(places)
                data[there : there + size] = data[here : here + size]
            elif turn % 4 == 1:
                # A blank cell, a truth, a formula, the start and the end of a chart.
                kinds = (b"\1\2", b"\5\2", b"\6\0", b"\x09\x08", b"\x0a\0", b"\x07\2")
                data[here : here + 2] = dice.choice(kinds)
            else:
                data[here + dice.randrange(size)] = dice.randrange(256)
            assert transcribe(bytes(data), Clues()) == all_by_libraries(bytes(data))


def altered_records(book: bytes, kind: bytes, *changes: tuple[int, int, bytes]) -> bytes:
    """Writes bytes into records of one kind: which of them, where in it, and what."""
    data = bytearray(book)
    places = [found.start() for found in re.finditer(re.escape(kind), book)]
    for which, at, written in changes:
        data[places[which] + at : places[which] + at + len(written)] = written
    return bytes(data)


# A cell's place is in the first four bytes behind its head; the flags of a row are in the twelfth.
FIRST = (4).to_bytes(2, "little") + (1).to_bytes(2, "little")
TOGETHER = {
    "a blank cell over another": (RECORDS["text"], (8, 0, b"\1\2"), (8, 4, FIRST)),
    "a truth over another cell": (RECORDS["text"], (8, 0, b"\5\2"), (8, 4, FIRST)),
    "a hidden row": (RECORDS["row"], (5, 16, b"\x20")),
    "a row told of twice, then not hidden": (
        RECORDS["row"],
        (5, 16, b"\x20"),
        (6, 4, b"\6\0"),
        (7, 16, b"\x20"),
    ),
    "a row told of twice, then hidden": (RECORDS["row"], (6, 4, b"\6\0"), (6, 16, b"\x20")),
    "a chart with cells": (RECORDS["row"], (5, 0, b"\x09\x08"), (8, 0, b"\x0a\0")),
}


@pytest.mark.parametrize("change", TOGETHER.values(), ids=TOGETHER)
def test_records_that_bear_upon_each_other(
    change: tuple[Any, ...], all_by_libraries: Callable[[bytes], Transcript]
) -> None:
    data = altered_records(WORKBOOKS["old"], *change)
    assert transcribe(data, Clues()) == all_by_libraries(data) != transcribe(WORKBOOKS["old"], Clues())


# --- packed cells --------------------------------------------------------------------------------

CELLS = (
    Cell(0, 1, CellKind.TEXT, "Ayşe"),
    Cell(0, 2, CellKind.NUMBER, "2"),
    Cell(7, 0, CellKind.TEXT, "2"),
    Cell(1_048_575, 16_383, CellKind.ERROR, "#N/A"),
)


def kept(cells: Any) -> Any:
    transcript = Transcript("0" * 64, FileKind.WORKBOOK, "xlsx", (Sheet("Liste", cells),))
    return plain(transcript)


def test_what_crosses_is_what_the_library_would_have_said() -> None:
    page = Page(1, 595.0, 842.0, (Word("Tutar\ud800", 1.5, 2.0, 3.0, 4.0),), "text", "ab")
    page = replace(page, doubts=(Doubt(Source.ADDED, 1.0, 2.0, 3.0, 4.0),), codes=(Coded("100"),))
    sheets = (Sheet("Liste", Cells.of(CELLS), merged=((0, 0, 1, 1),), looks=(Look(1, 2, "struck"),)),)
    inner = (("iç.pdf", Transcript("1" * 64, FileKind.PDF, "pdf", pages=(page, page), notes=("macros",))),)
    for told in (sheets, (Sheet("Eski", CELLS),)):
        whole = Transcript("0" * 64, FileKind.WORKBOOK, "xlsx", told, inner=inner, problem="locked")
        assert plain(whole) == TRANSCRIPTS.dump_python(whole, mode="json")
        assert TRANSCRIPTS.validate_python(json.loads(json.dumps(plain(whole)))) == whole
        assert type(plain(whole)["kind"]) is str


def test_packed_cells_come_back_as_they_were() -> None:
    (sheet,) = TRANSCRIPTS.validate_json(json.dumps(kept(Cells.of(CELLS)))).sheets
    assert sheet.cells == CELLS
    assert tuple(sheet.cells) == CELLS
    assert hash(sheet.cells) == hash(Cells.of(CELLS))
    assert (len(sheet.cells), bool(sheet.cells), bool(Cells.of(()))) == (4, True, False)
    assert sheet.cells != Cells.of(CELLS[1:])


def test_cells_that_an_earlier_version_kept_are_still_read() -> None:
    assert TRANSCRIPTS.validate_python(kept(CELLS)).sheets[0].cells == CELLS


@pytest.mark.parametrize(
    "lie",
    [
        {"packed": "AAAA"},
        {"packed": "ÇÇÇÇ"},
        {"words": ["Ayşe", "2", "2"]},
        {"words": ["Ayşe", "2", "2"], "kinds": "tnt"},
        {"kinds": "tnt"},
        {"kinds": "tntx"},
    ],
)
def test_packed_cells_that_make_no_sense_are_refused(lie: dict[str, Any]) -> None:
    told = kept(Cells.of(CELLS))
    told["sheets"][0]["cells"] |= lie
    with pytest.raises(ValidationError):
        TRANSCRIPTS.validate_python(told)
