"""limits: what one attachment may cost, and the one way a reader says that it cannot go on."""

from __future__ import annotations

from dataclasses import dataclass

# A list of 50,000 rows with eleven filled columns is 550,000 cells; no unit has as many people.
MAX_CELLS = 600_000
MAX_LETTERS = 8_000_000
# So much of the words of a letter or a text file is heard.
MAX_HEARD = 200_000
MAX_SHEETS = 50
MAX_UNPACKED = 200_000_000
# A file in an archive; mail servers stop at half of it.
MAX_FILE = 50_000_000
# Web pages are read at 1 MB a second, and a list of 1,000 people takes one.
MAX_MARKUP = 8_000_000
# Elements of XML, records, fields: what readers are busy with even where nothing is filled.
MAX_ELEMENTS = 8_000_000
MAX_FILES = 50
# What may stand in front of a PDF's first line.
MAX_PREFACE = 65_536
# Inside an archive inside an archive there may be a file, and that is the end of it.
MAX_DEPTH = 2
MAX_ZIP_ENTRIES = 5_000
# Deflate cannot exceed 1032; the most repetitive honest workbooks reach about 100.
MAX_ZIP_RATIO = 400
# Small files may be as repetitive as they like.
RATIO_COUNTS_FROM = 20_000_000


class Unreadable(Exception):
    """A file, or a part of it, that cannot be read; `problem` is the name of the reason."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(slots=True)
class Allowance:
    """What is left for one attachment with everything inside it; overspending is "too_large"."""

    cells: int = MAX_CELLS
    letters: int = MAX_LETTERS
    unpacked: int = MAX_UNPACKED
    files: int = MAX_FILES
    elements: int = MAX_ELEMENTS

    def take_cell(self, letters: int) -> None:
        """Pays for a cell of so many letters."""
        self.take_cells(1, letters)

    def take_cells(self, count: int, letters: int) -> None:
        """Pays for cells that have so many letters together."""
        self.cells -= count
        self.letters -= letters
        if self.cells < 0 or self.letters < 0:
            raise Unreadable("too_large")

    def take_unpacked(self, size: int) -> None:
        """Pays for bytes taken out of a container."""
        self.unpacked -= size
        if self.unpacked < 0:
            raise Unreadable("too_large")

    def take_elements(self, count: int) -> None:
        """Pays for elements, records or fields that were walked over."""
        self.elements -= count
        if self.elements < 0:
            raise Unreadable("too_large")

    def take_file(self) -> None:
        """Pays for one inner file."""
        self.files -= 1
        if self.files < 0:
            raise Unreadable("too_large")
