"""Time and peak memory of reading lists of 1, 1,000 and 50,000 rows, beside openpyxl, xlrd and calamine.

Run it as `python -m benchmarks.lists` from the project's root. Every figure is taken in a fresh process
that has imported its reader and read a small list before; time is that of its processor, memory its own
peak. The plain readers give values only: no merged ranges, nothing about what is hidden, no limits.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import openpyxl
import xlrd
import xlwt  # type: ignore[import-untyped]
from python_calamine import CalamineWorkbook

from pipeline.sandbox.scanner.scan import scan
from tests.people import PEOPLE
from tests.workbooks import OFFICIAL_COLUMNS, Value, entry

SIZES = (1, 1_000, 50_000)


class Figure(NamedTuple):
    """What reading cost: seconds of the processor, and megabytes at the peak."""

    seconds: float
    megabytes: float


def rows(count: int) -> list[list[Value]]:
    """A heading and so many rows, eleven cells filled in each."""
    heading: list[Value] = [title for _field, title in OFFICIAL_COLUMNS]
    people = [entry(person) for person in PEOPLE]
    fields = [field for field, _title in OFFICIAL_COLUMNS]
    return [
        heading,
        *(
            [n if field == "number" else people[n % len(people)].get(field) for field in fields]
            for n in range(1, count + 1)
        ),
    ]


def new_list(count: int) -> bytes:
    """Writes an .xlsx of so many rows."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Liste")
    for row in rows(count):
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def old_list(count: int) -> bytes:
    """Writes an .xls of so many rows."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Liste")
    day, plain = xlwt.easyxf(num_format_str="DD.MM.YYYY"), xlwt.easyxf()
    for r, row in enumerate(rows(count)):
        for c, value in enumerate(row):
            if value is not None:
                sheet.write(r, c, value, day if hasattr(value, "year") else plain)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def by_scanner(data: bytes) -> int:
    """Reads as a worker does, down to the plain values that leave it."""
    packed = scan(data, "{}")["sheets"][0]["cells"]["packed"]
    # Twelve bytes a cell, in Base64.
    return (len(packed) * 3 // 4 - packed.count("=")) // 12


def by_openpyxl(data: bytes) -> int:
    sheet = openpyxl.load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    return sum(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


def by_openpyxl_read_only(data: bytes) -> int:
    sheet = openpyxl.load_workbook(io.BytesIO(data), data_only=True, read_only=True).worksheets[0]
    return sum(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


def by_xlrd(data: bytes) -> int:
    sheet = xlrd.open_workbook(file_contents=data).sheet_by_index(0)
    return sum(value != "" for r in range(sheet.nrows) for value in sheet.row_values(r))


def by_calamine(data: bytes) -> int:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    return sum(value != "" for row in sheet.to_python() for value in row)


def measured(reader: Callable[[bytes], int], small: bytes, data: bytes, times: int, cells: int) -> Figure:
    """Reads a list several times in this process; the median time counts."""
    reader(small)
    seconds = []
    for _ in range(times):
        started = time.process_time()
        found = reader(data)
        seconds.append(time.process_time() - started)
        assert found == cells, f"{found} cells instead of {cells}"
    return Figure(statistics.median(seconds), _peak_megabytes())


def _peak_megabytes() -> float:
    # Not ru_maxrss: that one remembers the parent's size from before this program was loaded.
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def in_fresh_process(
    reader: Callable[[bytes], int], small: bytes, data: bytes, times: int, cells: int
) -> Figure:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measured, reader, small, data, times, cells).result()


def main() -> None:
    """Prints a table: each reader's time and memory, and the scanner's share of the plain reader's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    sizes = parser.parse_args().sizes
    print(f"{'list':>6} {'rows':>7} {'reader':<20} {'ms':>9} {'x':>6} {'MB':>6} {'x':>6}")
    for kind, write, plain_readers in (
        ("xlsx", new_list, (by_openpyxl, by_openpyxl_read_only, by_calamine)),
        ("xls", old_list, (by_xlrd, by_calamine)),
    ):
        small = write(1)
        for size in sizes:
            data = write(size)
            times = 20 if size < 100 else 5 if size < 10_000 else 1
            cells = sum(value is not None for row in rows(size) for value in row)
            ours = in_fresh_process(by_scanner, small, data, times, cells)
            _print(kind, size, "scanner", ours, ours)
            for reader in plain_readers:
                theirs = in_fresh_process(reader, small, data, times, cells)
                _print(kind, size, reader.__name__.removeprefix("by_"), theirs, ours)


def _print(kind: str, size: int, name: str, figure: Figure, ours: Figure) -> None:
    slower, larger = figure.seconds / ours.seconds, figure.megabytes / ours.megabytes
    print(
        f"{kind:>6} {size:>7} {name:<20} {figure.seconds * 1000:>9.1f} {slower:>6.2f} "
        f"{figure.megabytes:>6.0f} {larger:>6.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
