"""A program of its own for the peers' environment: reads one list, or one scanned page, as a peer does.

`python reading.py READER FILE [SMALLER]` prints seconds of the processor, those of its children included,
megabytes at the peak of its own process, and how many cells or letters there were. It imports none of ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def _by_pandas(engine: str) -> Callable[[str], int]:
    import pandas  # type: ignore[import-not-found]

    return lambda file: int(pandas.read_excel(file, engine=engine, header=None, dtype=object).count().sum())


def _by_openpyxl(file: str) -> int:
    import openpyxl

    sheet = openpyxl.load_workbook(file, data_only=True, read_only=True).worksheets[0]
    return sum(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


def _by_xlrd(file: str) -> int:
    import xlrd

    sheet = xlrd.open_workbook(file).sheet_by_index(0)
    return sum(value != "" for r in range(sheet.nrows) for value in sheet.row_values(r))


def _by_calamine(file: str) -> int:
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    return sum(value != "" for row in rows for value in row)


def _by_tesseract(file: str) -> int:
    call = ["tesseract", file, "-", "-l", "tur"]
    return len(subprocess.run(call, check=True, capture_output=True).stdout.decode())


def _by_ocrmypdf(file: str) -> int:
    with tempfile.TemporaryDirectory() as place:
        text = Path(place, "text")
        program = Path(sys.executable).with_name("ocrmypdf")
        options = [
            "-l",
            "tur",
            "--image-dpi",
            "200",
            "--output-type",
            "pdf",
            "--jobs",
            "1",
            "--optimize",
            "0",
        ]
        call = [str(program), "-q", *options, "--sidecar", str(text), file, f"{place}/out.pdf"]
        subprocess.run(call, check=True, capture_output=True)
        return len(text.read_text())


def main() -> None:
    """Reads by the reader that is named, so that the smaller file has loaded all that it needs."""
    name, file, *first = sys.argv[1:]
    readers = {
        "openpyxl": lambda: _by_openpyxl,
        "xlrd": lambda: _by_xlrd,
        "calamine": lambda: _by_calamine,
        "tesseract": lambda: _by_tesseract,
        "ocrmypdf": lambda: _by_ocrmypdf,
    }
    read_and_tell(
        readers[name]() if name in readers else _by_pandas(name.removeprefix("pandas-")), file, *first
    )


def read_and_tell(read: Callable[[str], int], file: str, *first: str) -> None:
    """Reads the smaller files, then the one that is measured; prints seconds, megabytes, what was found."""
    for one in first:
        read(one)
    before = sum(os.times()[:4])
    found = read(file)
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(f"{sum(os.times()[:4]) - before:.3f} {peak / 1024:.0f} {found}")


if __name__ == "__main__":
    main()
