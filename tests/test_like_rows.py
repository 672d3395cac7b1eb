"""Rows of an old list that are laid out alike are taken together, and read as xlrd would read them."""

from __future__ import annotations

import io
import random
import re
import struct
from datetime import date, timedelta
from typing import Any

import pytest
import xlwt  # type: ignore[import-untyped]
from xlrd.sheet import unpack_RK

from pipeline.domain import Transcript
from pipeline.papers.clues import Clues
from pipeline.sandbox.scanner import xls
from pipeline.sandbox.scanner.like_rows import Layout
from pipeline.sandbox.scanner.limits import Allowance
from pipeline.sandbox.scanner.plain_records import PlainRecords, _rk
from pipeline.sandbox.scanner.scan import Scan, transcribe

_RECORD = re.compile(
    rb"(?s)\xfd\x00\x0a\x00.{10}|\x7e\x02\x0a\x00.{10}|\x03\x02\x0e\x00.{14}|\x08\x02\x10\x00.{16}"
)


def old_list(dice: random.Random, odd: float, first: int = 0, rows: int = 150) -> bytes:
    """Writes a list of columns of one sort each, in which some cells are of another sort, or none."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Liste", cell_overwrite_ok=True)
    plain, two, day = (
        xlwt.easyxf(),
        xlwt.easyxf(num_format_str="0.00"),
        xlwt.easyxf(num_format_str="DD.MM.YYYY"),
    )
    struck = xlwt.easyxf("font: struck_out on")
    columns = ["number"] + [
        dice.choice("words number long day fraction blank".split()) for _ in range(dice.randrange(1, 9))
    ]
    row = first
    for _ in range(rows):
        for column, sort in enumerate(columns):
            if dice.random() < odd:
                sort = dice.choice("words number long day fraction blank none struck truth formula".split())
            value: Any = {
                "words": dice.choice(["Ayşe", "Kadın", "ı" * dice.randrange(1, 9), f"Sokak {row}"]),
                "number": row - 20,
                "long": dice.randrange(10**10, 10**11),
                "day": date(1950, 1, 1) + timedelta(dice.randrange(20_000)),
                "fraction": dice.choice([1.5, 0.01, 2.0**29, -5, 99.99, 1e300, -0.0, 1234.56]),
                "struck": "Veli",
                "truth": True,
                "formula": xlwt.Formula("1+1"),
            }.get(sort)
            style = {"day": day, "fraction": two, "struck": struck}.get(sort, plain)
            if sort != "none":
                sheet.write(row, column, value, style)
        if dice.random() < odd:
            sheet.row(row).hidden = True
        row += 1 if dice.random() > odd else dice.randrange(1, 4)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def in_blocks(book: bytes) -> bytes:
    """Tells of up to 32 rows first and then of their cells, as most programs do."""
    records = list(_RECORD.finditer(book))
    runs: list[list[bytes]] = []
    starts, end = [], -1
    for found in records:
        if found.start() != end:
            runs.append([])
            starts.append(found.start())
        runs[-1].append(found[0])
        end = found.end()
    for start, run in zip(starts, runs, strict=True):
        told, cells, again = list[bytes](), list[bytes](), list[bytes]()
        for record in run:
            if record.startswith(b"\x08\2") and len(told) == 32:
                again += told + cells
                told, cells = [], []
            (told if record.startswith(b"\x08\2") else cells).append(record)
        written = b"".join(again + told + cells)
        book = book[:start] + written + book[start + len(written) :]
    return book


@pytest.fixture
def by_xlrd(monkeypatch: pytest.MonkeyPatch) -> Any:
    def read(data: bytes) -> Transcript:
        with monkeypatch.context() as patch:
            patch.setattr(xls, "_without_plain_cells", lambda book, index, _: book.sheet_by_index(index))
            return transcribe(data, Clues())

    return read


def as_ever(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Transcript:
    """Reads record by record."""
    with monkeypatch.context() as patch:
        patch.setattr(PlainRecords, "_take_alike", lambda *_: 0)
        return transcribe(data, Clues())


@pytest.mark.parametrize(("odd", "first"), [(0.0, 0), (0.002, 7), (0.02, 0), (0.2, 7), (0.0, 65_496)])
def test_a_list_of_whatever_layout_reads_the_same(
    odd: float, first: int, by_xlrd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(f"{odd} {first}")
    for _ in range(1 if first > 60_000 else 4):
        # At the end of a sheet as well.
        book = old_list(dice, odd, first, min(150, 65_536 - first))
        for data in (book, in_blocks(book)):
            read = transcribe(data, Clues())
            singly = as_ever(data, monkeypatch)
            assert read == singly == by_xlrd(data)
            # And its words are told in the order in which they come.
            assert repr(read) == repr(singly)
            assert not read.problem


def altered(book: bytes, dice: random.Random) -> bytes:
    """Changes a bit, a byte, a kind or the whole of some of its records."""
    data = bytearray(book)
    records = list(_RECORD.finditer(book))
    for _ in range(dice.choice((1, 1, 2, 9))):
        one, other = dice.choice(records), dice.choice(records)
        match dice.randrange(5):
            case 0:
                data[dice.randrange(one.start(), one.end())] ^= 1 << dice.randrange(8)
            case 1:
                data[dice.randrange(one.start(), one.end())] = dice.randrange(256)
            case 2:
                kinds = (b"\1\2", b"\5\2", b"\6\0", b"\x09\x08", b"\x0a\0", b"\xd7\0", b"\xfd\0", b"\x7e\2")
                data[one.start() : one.start() + 2] = dice.choice(kinds)
            case 3 if len(one[0]) == len(other[0]):
                data[one.start() : one.end()] = other[0]
            case _:
                # Another row, column or style.
                data[one.start() + dice.randrange(4, 10)] = dice.randrange(4)
    return bytes(data)


@pytest.mark.parametrize("seed", range(4))
def test_a_list_with_altered_records_reads_the_same(
    seed: int, by_xlrd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(seed)
    for turn in range(30):
        book = old_list(dice, dice.choice((0.0, 0.01)), rows=100)
        data = altered(in_blocks(book) if turn % 2 else book, dice)
        read = transcribe(data, Clues())
        assert read == by_xlrd(data)
        assert repr(read) == repr(as_ever(data, monkeypatch))


@pytest.mark.parametrize("blocks", [False, True])
def test_most_rows_of_a_plain_list_are_taken_together(blocks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    take = PlainRecords._take_alike

    def noted(self: PlainRecords, mem: bytes, begun: int, at: int, row: int) -> int:
        taken.append(take(self, mem, begun, at, row))
        return taken[-1]

    monkeypatch.setattr(PlainRecords, "_take_alike", noted)
    book = old_list(random.Random("alike"), 0.0, rows=320)
    data = in_blocks(book) if blocks else book
    transcribe(data, Clues())
    # In blocks a row is taken once as told of, and once with its cells.
    assert sum(taken) > (600 if blocks else 300)


def test_a_list_whose_rows_all_differ_is_not_looked_at_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []
    count = Layout.count
    monkeypatch.setattr(Layout, "count", lambda *given: looks.append(1) or count(*given))
    book = xlwt.Workbook()
    sheet = book.add_sheet("Liste")
    for row in range(1000):
        for column in range(5):
            if row % 31 & 1 << column:
                sheet.write(row, column, row)
    stream = io.BytesIO()
    book.save(stream)
    transcribe(stream.getvalue(), Clues())
    assert len(looks) < 100


def test_rows_are_counted_as_far_as_they_are_alike() -> None:
    def row(number: int, style: int = 15) -> bytes:
        told = struct.pack("<8HI", 0x0208, 16, number, 0, 3, 255, 0, 0, 0x100)
        return told + struct.pack("<HHHHHI", 0xFD, 10, number, 2, style, number * 7)

    rows = b"".join(map(row, range(5, 65))) + row(65, style=16) + row(66)
    layout, size = Layout(row(4)), len(row(4))
    for at, most in ((0, 1000), (0, 7), (59, 3), (60, 3), (62, 3)):
        assert layout.count(rows, at * size, 5 + at, most) == max(min(60 - at, most), 0)
    assert layout.count(rows, 0, 6, 9) == 0
    assert layout.count(row(0xFFFF) + row(0), 0, 0xFFFF, 9) == 1
    assert layout.count(rows, 0, 5, 3) == 3
    assert layout.contents(rows[: 3 * size]) == [35, 42, 49]
    assert list(layout.places(5, 2)) == [5 << 14 | 2, 6 << 14 | 2]


def test_numbers_of_four_bytes_are_what_xlrd_makes_of_them() -> None:
    dice = random.Random("rk")
    for content in (
        0,
        1,
        2,
        3,
        0xFFFFFFFF,
        0x80000002,
        0x7FFFFFFF,
        *(dice.getrandbits(32) for _ in range(2000)),
    ):
        assert repr(_rk(content)) == repr(unpack_RK(content.to_bytes(4, "little")))


def test_a_list_that_is_too_long_is_told_as_ever() -> None:
    reading = Scan(Clues())
    reading._room = Allowance(cells=100)
    assert reading.file(old_list(random.Random("long"), 0.0), 0).problem == "too_large"
