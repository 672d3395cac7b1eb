"""Writes which keys the program asks of reports/*.toml; to be run after every new sentence there."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from pipeline.policy.report_words import SHAPE, as_shape  # noqa: E402
from pipeline.policy.word_files import WORD_FILES  # noqa: E402


def lines() -> Iterator[str]:
    """Gives the lines of the shape, from the files that come with the program."""
    for file in WORD_FILES:
        raw = tomllib.loads((HERE.parent / "reports" / file).read_text(encoding="utf-8"))
        yield from as_shape(file.removesuffix(".toml"), raw)


if __name__ == "__main__":
    SHAPE.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
